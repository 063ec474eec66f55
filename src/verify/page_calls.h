/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From events to the page allocator's calls. One call shows in several events: the blocks that a
 * refill took come before the mm_page_alloc that got the first of them; pages that a free drained
 * come behind its mm_page_free; other CPUs' events stand in between. Here they are put together,
 * and come out in the order of their first event under the zone lock: that is when the free lists
 * changed hands.
 *
 * Events are held back for a bounded window. What is not complete by then comes out as far as it
 * is known.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_CALLS_H
#define KMREPLAY_SRC_VERIFY_PAGE_CALLS_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"

/** Events that an unfinished call is waited for. */
enum { PAGE_CALLS_WINDOW = 8192 };

enum page_op_kind {
	PAGE_OP_ALLOC, /**< mm_page_alloc, with the blocks taken for it */
	PAGE_OP_BULK,  /**< blocks were taken and pages given out without mm_page_alloc */
	PAGE_OP_FREE,  /**< mm_page_free, with the pages drained for it */
	PAGE_OP_DRAIN, /**< pages drained without a free */
	PAGE_OP_NOTE,  /**< any other event that the judge asked for */
};

/** A block that left the free lists. */
struct page_taken {
	uint64_t pfn;
	uint64_t number; /**< of its event */
	uint8_t order, type;
	bool locked;     /**< mm_page_alloc_zone_locked said so; else only extfrag did */
	bool extfrag;    /**< the next fields are known */
	uint8_t fallback_order, fallback_type;
	bool change_ownership;
	uint64_t extfrag_pfn;
};

struct page_drained {
	uint64_t pfn;
	uint8_t order, type;
};

struct page_op {
	struct event ev;   /**< BULK: the return, or the first block; DRAIN: the first page */
	uint64_t number;   /**< of "ev" */
	uint64_t start;    /**< when it takes effect */
	uint16_t cpu;      /**< that it ran on */
	uint8_t kind;      /**< enum page_op_kind */
	bool batched;      /**< FREE: mm_page_free_batched followed */
	bool missed_batch; /**< FREE: of a list whose other pages were batched */
	bool single;       /**< FREE: of a page that was asked for alone */
	bool probed;       /**< BULK: "asked" is known */
	/**
	 * A page of the zone whose lists the interrupted task was just working on, with their lock
	 * held perhaps; UINT64_MAX: none.
	 */
	uint64_t interrupted;
	uint16_t wakes;    /**< ALLOC: kswapd was woken in the call */
	bool slow;         /**< ALLOC: reclaim, compaction or an OOM kill were seen in the call */
	uint32_t asked;    /**< BULK: pages given out */
	uint32_t chunk;    /**< BULK: at most so many of them by one call */
	/**
	 * BULK: so many of "takes" are surely its own. A mm_page_alloc got the next one, by a pop
	 * or by a refill of its own: it has the rest of the takes, too.
	 */
	uint32_t certain;
	uint32_t gfp;      /**< BULK */
	/**
	 * FREE: of so many neighbouring pages, the last of which is "ev"'s; they go back in the
	 * blocks that they make. 1: the page of "ev". Then "takes" has them one by one.
	 */
	uint32_t run;
	struct vec(struct page_taken) takes;
	struct vec(struct page_drained) drains;

	/* The assembler's own. */
	uint64_t context;
	bool used, open;
};

typedef void page_op_fn(void *ctx, struct page_op *op);

struct page_op_due {
	uint64_t start;
	uint32_t op;
};

/** A CPU's last event outside of interrupts. */
struct page_plain {
	uint64_t pfn; /**< of a block taken or a page drained; UINT64_MAX: of anything else */
	int32_t pid;
};

struct page_calls {
	bool extfrag_first; /**< mm_page_alloc_extfrag comes before the take (up to 6.9) */
	bool by_end;        /**< calls come out in the order of their last events instead */
	bool no_probes;     /**< events of probes are passed over */
	bool runs;          /**< neighbouring pages are freed together, by those who got them so */
	struct u64map singles; /**< with "runs": pages that were asked for one by one */
	/** A page freed by event "number" is seen to leave its list alone; NULL: not known. */
	bool (*alone)(void *ctx, uint64_t number);
	/** Pages that the task is about to ask for silently; 0: none. NULL: not known. */
	uint32_t (*asks)(void *ctx, const struct event *ev);
	page_op_fn *fn;
	void *ctx;
	uint64_t nr_events;
	uint64_t until;                     /**< calls that begin later are kept */
	bool finished;                      /**< nothing more comes */
	struct vec(struct page_op) pool;
	struct vec(uint32_t) spare;         /**< of "pool" */
	struct vec(struct page_op_due) due; /**< a heap, the earliest start first */
	struct u64map contexts;             /**< to "running" */
	struct vec(struct page_running) running;
	struct u64map frees;                /**< pfn to FREE ops that are held back */
	struct vec(struct page_plain) plain; /**< by CPU */
	bool notes[EVENT_NR];               /**< types that make a NOTE */
};

/** A FREE that was announced. */
struct page_listed {
	uint32_t op;     /**< as in struct page_running */
	uint64_t number; /**< of its event: the op may have come out, and be another one by now */
};

/** What a context (a task, a CPU's interrupts) is in the middle of. Ops by index + 1; 0: none. */
struct page_running {
	uint32_t taking; /**< op with blocks whose mm_page_alloc is to come */
	uint32_t last;   /**< FREE or DRAIN that more drained pages belong to */
	/** FREEs in a row: a list, if mm_page_free_batched follows. */
	struct vec(struct page_listed) list;
	size_t list_at;  /**< those before it are settled */
	bool batching;   /**< it did */
	uint16_t wakes;
	bool slow;
	bool bulk;       /**< inside a probed alloc_pages_bulk() */
	uint32_t bulk_gfp;
	uint32_t bulk_singles; /**< pages that came with events of their own */
	uint32_t asking; /**< BULK whose pages were asked for by vmalloc */
};

void page_calls_init(struct page_calls *calls, page_op_fn *fn, void *ctx);
void page_calls_deinit(struct page_calls *calls);
/** The next event of the recording. Calls fn() for calls that are complete. */
void page_calls_event(struct page_calls *calls, const struct event *ev);
/** From now on calls that begin later than "number" are kept; gives the others out. */
void page_calls_until(struct page_calls *calls, uint64_t number);
/** No more events come. */
void page_calls_finish(struct page_calls *calls);
/** A CPU's interrupts of one level, or a task: whose events belong together. */
uint64_t page_calls_context(const struct event *ev);
/** page_due.c: another op to come out, and the earliest one gone. */
void page_due_push(struct page_calls *calls, struct page_op_due due);
void page_due_pop(struct page_calls *calls);

/** 0: a task; softirq, hardirq, NMI. */
static inline unsigned int page_calls_level(const struct event *ev)
{
	return ev->flags & EVENT_F_NMI	   ? 3 :
	       ev->flags & EVENT_F_HARDIRQ ? 2 :
	       ev->flags & EVENT_F_SOFTIRQ ? 1 :
					     0;
}

#endif
