/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From raw events to a consistent history: which object an event is about, what it is for the
 * machine, and which page events only exist because a higher allocator asked for pages.
 *
 * Batches go in by repair_push() and come out, each event with a struct repair_op beside it, by
 * repair_pull(). Some answers lie ahead in the recording (the owner of a page is told by the next
 * object event of the same task), so batches are held back until the window behind them is full;
 * memory is bounded by the window and the live objects, not by the recording.
 *
 *	while (trace_next(...) == TRACE_MORE) {
 *		repair_push(r, &batch);
 *		while (repair_pull(r, &out))
 *			use(&out);
 *	}
 *	repair_finish(r);
 *	while (repair_pull(r, &out))
 *		use(&out);
 */
#ifndef KMREPLAY_REPAIR_REPAIR_H
#define KMREPLAY_REPAIR_REPAIR_H

#include "kmreplay/core/base.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

struct repair;

/** What an event asks of a machine. */
enum repair_call {
	CALL_NONE,        /**< nothing: a report, a marker, a step inside an allocator */
	CALL_KMALLOC,     /**< object of a kmalloc class */
	CALL_KMALLOC_LARGE, /**< above the largest class: pages */
	CALL_CACHE_ALLOC, /**< object of a named or anonymous kmem_cache */
	CALL_OBJ_FREE,    /**< kfree or kmem_cache_free of a slab object */
	CALL_LARGE_FREE,  /**< kfree of a large kmalloc */
	CALL_PAGE_ALLOC,
	CALL_PAGE_FREE,
	CALL_VMAP_ALLOC,  /**< an address range */
	CALL_VMAP_FREE,
	CALL_PCPU_ALLOC,
	CALL_PCPU_FREE,
	CALL_CMA_ALLOC,
	CALL_CMA_FREE,
	CALL_BULK_FREE, /**< several slab objects in one call: see repair_batch.lists */
	CALL_NR,
};

/**
 * What becomes of an event; each event has exactly one fate (the conservation law).
 *
 * Events that ask for nothing (CALL_NONE) are EXPLAINED when they are steps inside an allocator,
 * which a simulated one takes by itself (zone_locked, pcpu_drain, extfrag, compaction, reclaim,
 * purges, percpu chunks, the start of a contiguous allocation), and SKIPPED as a NOTICE when they
 * report something (watermarks, markers, OOM, probes that repeat a tracepoint, other systems).
 *
 * A page event is EXPLAINED when events of the layer that asked for it are in the recording, too:
 * slab pages, the pages of a large kmalloc, of an address range that the task had just taken, of a
 * percpu allocation, of a contiguous area. Where only the mask says whose a page is, it is DIRECT.
 */
enum repair_fate {
	FATE_DIRECT,    /**< a request in its own right */
	FATE_EXPLAINED, /**< a page event (or step) that a higher layer's requests bring about */
	FATE_REPAIRED,  /**< a request that needed a repair first: see enum repair_kind */
	FATE_SKIPPED,   /**< nothing to replay: free of NULL, of something never seen, a notice */
	FATE_NR,
};

/** The reason of a repair or a skip. */
enum repair_kind {
	REPAIR_NONE,
	REPAIR_UNSEEN_FREE,  /**< allocated over a live object: "implied_free" was freed unseen */
	REPAIR_UNSEEN_ALLOC, /**< free of what was never seen allocated */
	REPAIR_NULL_FREE,    /**< kfree(NULL), ZERO_SIZE_PTR, error pointers */
	REPAIR_FAILED,       /**< the recorded request failed: no object */
	REPAIR_DUPLICATE,    /**< second event of one request: large kmalloc, batched frees */
	REPAIR_MISMATCH,     /**< freed by another call or order than allocated with */
	REPAIR_NOTICE,       /**< not a request */
	REPAIR_KIND_NR,
};

/** Who asked for a page. */
enum page_owner {
	OWNER_UNKNOWN,
	OWNER_SLAB,
	OWNER_KMALLOC_LARGE,
	OWNER_VMALLOC,
	OWNER_STACK,     /**< kernel stacks: vmalloc pages of 4 */
	OWNER_PERCPU,
	OWNER_PAGE_TABLE,
	OWNER_USER,      /**< anonymous memory, huge pages */
	OWNER_PAGE_CACHE,
	OWNER_KERNEL,    /**< other unmovable pages of the kernel: buffers, rings, networking */
	OWNER_NR,
};

#define REPAIR_NO_SLOT UINT32_MAX

/**
 * What repair says of one event.
 *
 * A slot lives from the event that gives it to the event that ends it. It ends in one of these
 * ways, and in no other:
 *  - a free with fate DIRECT, EXPLAINED or REPAIRED names it in "slot", except a partial page free
 *    (and a free of pages that a contiguous area consisted of: EXPLAINED, without a slot);
 *  - an allocation of kind UNSEEN_FREE names it in "implied_free": it ended just before, and "slot"
 *    (which may be the same number) begins;
 *  - a list names it: "implied_free" of a CALL_BULK_FREE, or a CALL_PAGE_FREE of kind UNSEEN_FREE
 *    (the objects that nobody was seen to free when their slab went), is an index into
 *    repair_batch.lists, where stands how many slots end, and then the slots;
 *  - the last of several partial frees of a page block: CALL_PAGE_FREE of kind MISMATCH frees
 *    2^order pages of the block "slot", "cache" pages behind its first (split_page(),
 *    alloc_pages_exact(), the tail pages that a dropped reference leaves behind). The slot lives
 *    on until all its pages are gone: then "implied_free" equals "slot". So it does at once when
 *    the free is larger than the block.
 * Ops of fate SKIPPED neither give nor end a slot; a DUPLICATE may name one for information.
 *
 * Page events: what was said of the allocation (fate, owner) is said of its free, too.
 */
struct repair_op {
	uint32_t slot;         /**< the object: dense, reused after its free, or REPAIR_NO_SLOT */
	uint32_t implied_free; /**< a slot or an index, see above; else REPAIR_NO_SLOT */
	uint32_t cache;        /**< slab objects and pages: id of repair_cache(); 0: none */
	uint8_t call;          /**< enum repair_call */
	uint8_t fate;          /**< enum repair_fate */
	uint8_t kind;          /**< enum repair_kind */
	uint8_t owner;         /**< page events: enum page_owner */
};

struct repair_batch {
	const struct event_batch *batch;
	const struct repair_op *ops; /**< batch->nr of them */
	const uint32_t *lists;       /**< slots that end together: their number, then they */
};

/**
 * A cache as far as the recording tells it. Ids from 1; an id never changes its meaning, but what
 * was taken for a cache of its own may turn out to be another one: follow "canon" (more than once)
 * when the recording has ended. kmalloc classes are called as the kernel calls them; objects of
 * memdup_user() and of messages have caches of their own where their slabs show it.
 */
struct repair_cache {
	uint32_t name;        /**< names.texts: "kmalloc-64", "dentry"; 0: never named so far */
	uint32_t object_size; /**< largest bytes_req seen (kmem_cache: the object size) */
	uint32_t size;        /**< bytes_alloc: the stride */
	uint32_t site;        /**< of an unnamed cache: a call site that uses it */
	uint32_t canon;       /**< id of the cache it turned out to be, else its own id */
	uint8_t order;        /**< of its slabs when page events told; 0xff: unknown */
	uint8_t kmalloc;      /**< 1: a kmalloc class */
	uint8_t mixed;        /**< 1: told by its call site, but that uses several: see the slab */
	uint8_t reclaimable, account, dma; /**< flags seen */
};

/** Counts of the conservation law: [call][fate], and why. They add up to the events pushed. */
struct repair_coverage {
	uint64_t nr_events;
	uint64_t by_fate[CALL_NR][FATE_NR];
	uint64_t by_kind[CALL_NR][REPAIR_KIND_NR];
	uint64_t pages_by_owner[OWNER_NR]; /**< pages allocated, in pages */
	uint64_t live, peak_live;          /**< slots */
	uint64_t direct_map_base;          /**< page_offset_base; 0: not found (hashed pointers) */
	uint64_t nr_loss_marks;            /**< events that follow a gap in the recording */
	uint64_t nr_other_caches;          /**< times that "(other)" stood for a new cache */
	/**
	 * Objects whose free named their cache; of them those of which no name was known by then,
	 * and those that were taken for another cache's.
	 */
	uint64_t nr_named, nr_named_late, nr_named_wrong;
	bool hashed;                       /**< pointers are hashes: ownership by neighbours only */
};

struct repair_options {
	bool hashed_ptrs; /**< from trace_info: addresses mean nothing */
	bool long_is_32;
	bool sheaves; /**< the kernel buys slabs several at a time (6.18+) */
	/**
	 * Has seen the same recording to its end with the same names: what it learned about caches
	 * and the direct map is known from the first event on. Copied; NULL: nothing is known.
	 */
	const struct repair *learned;
};

MUST_CHECK struct repair *repair_create(const struct repair_options *options,
					struct event_names *names);
void repair_destroy(struct repair *r);
/** Takes the events of "batch" in exchange for an empty batch of equal capacity. */
void repair_push(struct repair *r, struct event_batch *batch);
/** No more will be pushed: what is held back can come out. */
void repair_finish(struct repair *r);
/** The next batch with its ops, valid until the next call on "r"; false: nothing is ready. */
bool repair_pull(struct repair *r, struct repair_batch *out);

const struct repair_coverage *repair_coverage(const struct repair *r);
/** Cache "id", 1 .. repair_nr_caches(). */
const struct repair_cache *repair_cache(const struct repair *r, uint32_t id);
uint32_t repair_nr_caches(const struct repair *r);
/**
 * Somebody knows that cache "id" is called "name". False, with nothing changed, when it cannot be:
 * it has a name, or what is called so has objects of another size.
 */
bool repair_name_cache(struct repair *r, uint32_t id, const char *name);
/** Its name; "" when none was seen. */
const char *repair_cache_name(const struct repair *r, uint32_t id);
/** How often something new about caches was found out: a cache, or that two are one. */
uint64_t repair_nr_findings(const struct repair *r);
/** One more than the largest slot ever used: what an array by slot has to hold. */
uint32_t repair_nr_slots(const struct repair *r);

/** "kmalloc", "large kmalloc", ... for tables and JSON keys. */
const char *repair_call_name(enum repair_call call);
const char *repair_fate_name(enum repair_fate fate);
const char *repair_kind_name(enum repair_kind kind);
const char *page_owner_name(enum page_owner owner);

#endif
