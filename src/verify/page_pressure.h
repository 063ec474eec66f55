/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Memory pressure as it was recorded, for the judge of the page layer: kswapd, compaction, marks
 * that somebody wrote, and what is learned where decisions do not fit.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_PRESSURE_H
#define KMREPLAY_SRC_VERIFY_PAGE_PRESSURE_H

#include "page_calls.h"

struct page_judge;

/** kswapd was woken, by a call that is not judged yet. */
struct page_wakeup {
	uint64_t context;
	unsigned int node;
};

/** What is known of vm.min_free_kbytes beside its value. */
struct page_marks {
	bool doubted;         /**< it may have been written */
	uint64_t least, most; /**< then: numbers with as many digits */
	bool raised;          /**< a request that woke kswapd has told since */
	bool changed;         /**< by the last call */
	uint32_t nr_too_high; /**< contradictions since it changed */
};

/** A block that compaction took from the free lists. */
struct page_isolated {
	uint64_t pfn;
	uint8_t order;
};

/** A run of compaction. */
struct page_compacting {
	uint64_t context;
	bool migrates; /**< it is moving pages, some of which may be put back */
	struct vec(struct page_isolated) blocks; /**< that it has taken so far */
};

/** page_learn.c: following, "truth" of "order" was taken, where ours would have taken "ours". */
void page_learn_taken(struct page_judge *j, uint64_t ours, uint64_t truth, unsigned int order);

/** page_marks.c: so many characters were written to a file of /proc/sys. */
void page_marks_written(struct page_judge *j, unsigned int nr_chars);
/** "op" was asked for, and ("failed") would have got nothing: do marks contradict? */
void page_marks_learn(struct page_judge *j, const struct page_op *op, bool failed);
/** reclaim_retry_zone told a zone's min mark. */
void page_marks_told(struct page_judge *j, const struct event *ev);

/** page_pressure.c: reclaim as it was recorded. kswapd of "node" begins its work, or ends it. */
void page_pressure_kswapd(struct page_judge *j, unsigned int node, bool awake);
/** An event that tells of it. */
void page_pressure_note(struct page_judge *j, const struct page_op *op);
/** Who would have woken the kswapd of "zone" did not: it is not waiting yet. */
void page_pressure_still_up(struct page_judge *j, unsigned int zone);
/** Ours would wake kswapd of "node". */
void page_pressure_wake(struct page_judge *j, unsigned int node);
/** Before and after "op" is asked for: who woke kswapd in it found it waiting. */
void page_pressure_before(struct page_judge *j, const struct page_op *op);
void page_pressure_after(struct page_judge *j, const struct page_op *op);

#endif
