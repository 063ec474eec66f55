/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The judge of the page layer, as its files share it: page.c (creation, one call after another),
 * page_alloc.c and page_free.c (calls and the decisions in them), page_story.c (texts).
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_JUDGE_H
#define KMREPLAY_SRC_VERIFY_PAGE_JUDGE_H

#include "page_asked.h"
#include "page_look.h"
#include "page_vmstat.h"
#include "page_pressure.h"
#include "page_calls.h"
#include "page_contig.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/verify/verify.h"

/** What ours did, or would have done, in the call that is being judged. */
struct page_course {
	const struct page_op *op;
	bool alloc;         /**< a request with a known outcome; else a silent one, or a free */
	bool failed;        /**< the kernel's request failed */
	bool hidden;        /**< a refill without events, if ours finds the very page */
	bool unseen;        /**< a refill, and what went of it, while events were off: as ours */
	bool forced;        /**< a second try: the recorded zone serves, whatever its marks */
	bool direct;        /**< past the per-CPU lists */
	unsigned int zone;  /**< the kernel's */
	int node;           /**< that the request is for; -1: its CPU's */
	size_t take, drain; /**< next of op->takes, op->drains */

	bool chosen;        /**< ours decided otherwise first in "ours_zone" for "ours_pfn" */
	bool low, chosen_low;   /**< the try is the first, at the low mark; that one was */
	unsigned int ours_zone;
	uint64_t ours_pfn;  /**< PAGE_FOLLOW_NONE: not known */
	const char *path;   /**< the rule at work */

	bool looked;        /**< at the per-CPU list */
	bool empty;         /**< ours was, so ours refills */
	unsigned int want;  /**< blocks that ours would refill with */
	unsigned int got;   /**< blocks that ours did refill with (free-running) */
	bool more;          /**< ours would have gone on where the kernel stopped */
	unsigned int nr_extfrag; /**< since the last take */
	struct page_extfrag extfrag;
	unsigned int wakes;

	bool trims;         /**< ours drains after this free */
	bool predicted;     /**< it did so by itself */
	unsigned int trim;  /**< pages that it would drain */
	bool differs;       /**< an earlier page of this drain was another one */
	uint64_t drained;   /**< pages that ours did drain (free-running) */
	bool drain_only;    /**< PAGE_OP_DRAIN */
	unsigned int drain_zone, drain_cpu;
	size_t drain_end;   /**< of op->drains, that belong to this zone and CPU */
};

/** Free-running: a recorded block, and where ours is. */
struct page_live {
	uint64_t ours;
	uint32_t left; /**< pages not yet freed */
	uint8_t order;
};

/** A task's memory policy, as far as boot has one. */
struct page_policy {
	bool interleaves; /**< else its requests are for their CPU's node */
	int prev;         /**< node of its last request; -1: none yet */
};

/** A page that was given out without an event of its own. */
struct page_silent {
	struct page_list list;
	uint64_t pfn;
};

/** The limit of a CPU's lists, as a drain or the lack of one tells it. */
struct page_learned_limit {
	bool known;
	unsigned int zone, cpu;
	int high;
};

/** Somebody judges this layer together with another one (joint.c). */
struct page_join {
	void *ctx;
	/** A call takes effect: it is handed on to page_judge_op(), or not. */
	void (*op)(void *ctx, struct page_op *op);
};

struct page_judge {
	struct verify_setup setup;
	const struct page_join *join; /**< NULL: judged alone */
	struct page_start start; /**< setup.config->start, as far as it is given; its vectors */
	bool has_start;
	struct verify_log *log;
	const struct page_look *look;
	struct page_allocator *pa;
	struct page_calls calls;
	struct page_asked asked;
	struct page_course course;
	bool follow;          /**< VERIFY_FOLLOW */
	unsigned int nr_cpus, nr_zones;
	bool kswapd_awake;    /**< of some node */
	bool kswapd_up;       /**< or woken: nobody wakes it */
	struct page_marks marks;
	struct vec(struct page_wakeup) wakeups;
	struct vec(struct page_compacting) compacting;
	struct vec(struct page_isolated) isolated; /**< at the event that is looked at */
	unsigned int low_zone; /**< that was found to run low, + 1; 0: none since the last call */
	size_t moment;        /**< next of the look's */
	uint64_t bulk_end;    /**< takes before this event went to a silent request */
	unsigned int nr_online;
	struct u64map passed; /**< free blocks that the kernel passed over, and how often */
	struct page_policy policies[2]; /**< of the first task and of pid 1 */
	struct u64map stuck;  /**< heads of lists that the kernel passed over, and how often */
	struct page_vmstat vmstat;
	struct u64map listed; /**< pfn to number of the event that put it into a list */
	struct vec(struct page_silent) silent; /**< of the call that is being judged */
	/** Free-running: one that follows, and so knows the silent requests; else NULL. */
	struct page_judge *guide;
	struct verify_log guide_log;
	/** Blocks that were found to be in use since the beginning, in the call being judged. */
	struct vec(struct page_where) used;
	/** A limit that was found to be another one in that call. */
	struct page_learned_limit limit;
	struct u64map live;   /**< free-running: recorded pfn to index in "blocks" */
	struct u64map unseen; /**< free-running: recorded pages that ours was asked for already */
	struct vec(struct page_live) blocks;
	struct vec(uint32_t) spare_blocks;
	size_t contig_step;  /**< next of the look's */
	struct vec(struct contig_open) contigs; /**< places under way */
	struct vec(struct contig_held) contig_held;
	struct vec(uint64_t) run; /**< pages freed together, where ours has them */
};

/** page.c: the call is judged; what the guide knows of it has been taken over before. */
void page_judge_op(struct page_judge *j, struct page_op *op);

/** page_live.c: free-running */
void page_live_deinit(struct page_judge *j);
/** The recorded block at "pfn" is "ours" here. */
void page_live_keep(struct page_judge *j, uint64_t pfn, unsigned int order, uint64_t ours);
/** The recorded block at "pfn" is not followed any more; where ours has it stays in use. */
void page_live_forget(struct page_judge *j, uint64_t pfn);
/** A page is asked for whose recorded request has no event; false: "pfn" is in use there. */
bool page_live_unseen(struct page_judge *j, uint64_t pfn);
/** Which way a freed block goes. */
enum page_way {
	PAGE_WAY_LISTS,  /**< to its per-CPU list */
	PAGE_WAY_DIRECT, /**< straight to the buddy lists */
	PAGE_WAY_TAIL,   /**< and there to the tail */
};
/** Frees what the kernel freed at "pfn". False: ours does not have it. */
bool page_live_free(struct page_judge *j, const struct page_op *op, uint64_t pfn,
		    unsigned int order, enum page_way way);
/**
 * The page that was the kernel's at "pfn" is a single page in use, and the caller's from now on;
 * where ours has it. PAGE_FOLLOW_NONE: nowhere.
 */
uint64_t page_live_take(struct page_judge *j, uint64_t pfn);
/** Where ours has the page; PAGE_FOLLOW_NONE: nowhere. */
uint64_t page_live_find(const struct page_judge *j, uint64_t pfn);
/** What the guide found in use since the beginning is in use here, too. */
void page_live_used(struct page_judge *j);
/** The block at "from" is at "to" now; false: it is no block that a recorded request got. */
bool page_live_moved(struct page_judge *j, uint64_t from, uint64_t to, unsigned int order);
/** A limit that the guide found to be another one is so here, too. */
void page_live_limit(struct page_judge *j);
/** Gives out what the guide saw given out silently. */
void page_live_silent(struct page_judge *j, const struct page_op *op);

/** page_node.c: the first task (0) or pid 1 begins to interleave its requests, or ends it. */
void page_judge_policy(struct page_judge *j, unsigned int task, bool interleaves);
/** Which node the request is for, whose zone (or failure) the course has; -1: its CPU's. */
int page_judge_node(struct page_judge *j, const struct page_op *op);
/** Fills list->zone: where a bulk request for "nr" without takes found them; false: nowhere. */
bool page_judge_bulk_zone(struct page_judge *j, const struct page_op *op, uint32_t gfp,
			  unsigned int nr, struct page_list *list);
/** The request's task interleaves, and there are several nodes. */
bool page_judge_interleaves(struct page_judge *j, const struct page_op *op);
/** The bulk request is over: its pages were of the course's zone. */
void page_judge_bulk_end(struct page_judge *j, const struct page_op *op);

/** page_bulk.c */
void page_judge_bulk(struct page_judge *j, const struct page_op *op);
/**
 * Takes silent pages off the head of the list up to "pfn" (NONE: all that are silent). False: some
 * page before it is heard of later, so that nothing was taken.
 */
bool page_judge_silent_until(struct page_judge *j, const struct page_list *list, uint64_t pfn);
/** The same as far as it goes; returns how many those were, which is for the caller to tell. */
uint64_t page_judge_silent_head(struct page_judge *j, const struct page_list *list, uint64_t pfn);
/** Tells of "nr" pages that were found to have left lists silently. */
void page_judge_tell_silent(struct page_judge *j, uint64_t nr);

/** page_alloc.c */
extern const struct page_follow page_judge_follow;
void page_judge_alloc(struct page_judge *j, struct page_op *op);
/** The number of an event that there is not. */
#define PAGE_UNSEEN UINT32_MAX
/** The block entered a per-CPU list by event "number", or PAGE_UNSEEN. */
void page_judge_enters(struct page_judge *j, uint64_t pfn, uint64_t number);
/** Nothing shows how the block at "pfn" leaves the list that it is in, and that is given. */
bool page_judge_is_silent(const struct page_judge *j, uint64_t pfn);
/** A call begins to be judged. */
void page_judge_begin(struct page_judge *j, const struct page_op *op);
/** The page left the head of "list" silently. */
void page_judge_silent(struct page_judge *j, const struct page_list *list, uint64_t pfn);
/** The zone is that of "node" and has this name (a text of the recording). */
bool page_judge_is_zone(const struct page_judge *j, unsigned int zone, int node, uint32_t name);
/** The list that pages of a recorded migratetype are in. */
static inline enum migratetype page_judge_list_type(unsigned int type)
{
	return type < MIGRATE_HIGHATOMIC ? (enum migratetype)type : MIGRATE_MOVABLE;
}
/** The CPU of "op" in ours. */
unsigned int page_judge_cpu(const struct page_judge *j, const struct page_op *op);

/** page_hidden.c: makes up for requests while events were off, of which "op" is the next. */
void page_judge_unseen(struct page_judge *j, const struct page_op *op);

/** page_free.c */
void page_judge_free(struct page_judge *j, const struct page_op *op);
void page_judge_drain(struct page_judge *j, const struct page_op *op);
/** Callbacks. */
void page_judge_trims(void *ctx, unsigned int zone, unsigned int cpu, unsigned int nr_pages);
uint64_t page_judge_drained(void *ctx, uint64_t ours);

/** page_compact.c: compaction as it was recorded. */
void page_compact_deinit(struct page_judge *j);
/** An event that tells of it. */
void page_compact_note(struct page_judge *j, const struct page_op *op);
/** What looks like a free is none: the page stays with the compaction that took it. */
bool page_compact_keeps(struct page_judge *j, const struct page_op *op);

/** page_story.c: what a judgement is about, and the texts of one that is to be told. */
struct verify_what page_story_what(const struct page_judge *j);
void page_story_pfn(const struct page_judge *j, struct verify_story *story);
void page_story_take(const struct page_judge *j, struct verify_story *story, uint64_t ours);
void page_story_sizes(const struct page_judge *j, struct verify_story *story, uint64_t ours,
		      uint64_t kernel, const char *unit);
void page_story_extfrag(const struct page_judge *j, struct verify_story *story);
void page_story_drained(const struct page_judge *j, struct verify_story *story, uint64_t ours);

#endif
