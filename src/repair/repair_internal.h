/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of this room share: the window of held batches, the tables, the look-ahead state.
 */
#ifndef KMREPLAY_REPAIR_INTERNAL_H
#define KMREPLAY_REPAIR_INTERNAL_H

#include "addrmap.h"
#include "caches.h"
#include "pages.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/list.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/repair/repair.h"

/** No cache has smaller objects than kmalloc-8. */
enum { SMALLEST_OBJECT = 8 };

/** A batch comes out when this many events stand behind it. */
enum { REPAIR_WINDOW = 4096 };

/** Page allocations of one CPU that wait for an object event to say whose they are. */
enum { REPAIR_NR_PENDING = 8 };
/** A pending page allocation has this many object events of its task to find its owner. */
enum { REPAIR_PENDING_EVENTS = 8 };
/** Large kmallocs remembered for the second event that 6.12 fires for them. */
enum { REPAIR_NR_LARGE = 8 };

struct held_batch {
	struct list_head node;
	struct event_batch batch;
	struct vec(struct repair_op) ops;
	struct vec(uint32_t) lists;
	uint64_t first; /**< number of its first event */
};

struct slots {
	struct vec(uint32_t) free;
	uint32_t nr; /**< ever used */
	uint64_t live, peak;
};

struct pending_page {
	uint64_t event;
	uint64_t pfn;
	int32_t pid;
	uint8_t order;
	uint8_t level;
	uint8_t misses; /**< object events of the task that lay elsewhere */
	bool slab;      /**< flags say slab: only the others can still turn into something else */
};

/** An area being filled with pages: the task that just took an address range. */
struct vm_context {
	int32_t pid;
	uint8_t owner;
	uint64_t pages; /**< still to come; 0: no context */
};

/** The pages of a contiguous area while they are freed. */
struct cma_run {
	int32_t pid;
	uint64_t next, end; /**< pfns */
};

struct cpu_context {
	struct pending_page pending[REPAIR_NR_PENDING];
	uint8_t armed;       /**< bit i: pending[i] waits */
	uint8_t next;        /**< the oldest */
	bool slab_try_failed; /**< last page event: a slab's first try that got nothing */
	int32_t failed_pid;
	struct vm_context vm;
	struct cma_run cma;
};

struct recent_large {
	uint64_t event, ptr, req, alloc;
	int32_t pid;
	uint32_t gfp;
};

/** Pages that unbound slabs are remembered by: pfn modulo this; a power of two. */
enum { REPAIR_NR_UNBOUND = 4096 };

/** A page that looks like one for percpu memory, until the percpu event behind it says so. */
struct percpu_page {
	uint64_t event, pfn;
	int32_t pid;
};

/** A guess of where the direct map begins, and how often it was right. */
struct base_vote {
	uint64_t base;
	unsigned int votes;
};

struct direct_map {
	struct base_vote votes[4];
	uint64_t base;
	bool known;
};

/** Where objects lay that would be of a set of caches of their own, if the kernel has it. */
struct bucket_evidence {
	uint64_t apart; /**< in slabs of their own */
	uint64_t among; /**< among ordinary objects */
	bool dropped;   /**< there is no such set */
};

/** The last slab that went with objects in it. */
struct ended_slab {
	uint64_t start, end;
	int32_t pid;
};

struct repair {
	struct repair_options options;
	struct event_names *names;
	struct repair_coverage coverage;

	struct list_head window; /**< held_batch, oldest first */
	struct list_head pool;   /**< held_batch without content */
	struct held_batch *out;  /**< given by the last pull */
	uint64_t nr_pushed;      /**< number of the next event */
	uint64_t nr_released;    /**< events that can no longer be changed */
	bool finished;

	struct slots slots;
	struct addrmap objects; /**< ptr to slot; info: cache, 0 for large kmalloc */
	struct addrmap vmaps;   /**< va_start to slot */
	struct addrmap percpu;  /**< ptr to slot */
	struct addrmap cma;     /**< pfn + 1 to slot; info: pages */
	struct pages pages;
	struct caches caches;

	struct direct_map map;
	/**
	 * Slab pages in which no object was seen yet, low bits of their pfns. Sheaves (6.18 and
	 * later) and bulk calls fill slabs long before an event shows an object of them. Younger
	 * ones push older ones out; then only the cache of their slab stays unknown.
	 */
	uint32_t unbound[REPAIR_NR_UNBOUND];
	struct vec(struct cpu_context) cpus;
	struct recent_large large[REPAIR_NR_LARGE];
	unsigned int next_large;
	struct vec(struct percpu_page) percpu_pages;
	bool vmap_events; /**< vmalloc tracepoints are recorded: the probes repeat them */
	bool percpu_events;
	struct bucket_evidence buckets[BUCKET_NR];
	struct ended_slab ended_slab;
	bool late_frees; /**< kmem_cache_free fires after mm_page_free of the slab */
};

/* repair.c */

/** A free slot, the one given back last. */
uint32_t repair_take_slot(struct repair *r);
void repair_give_slot(struct repair *r, uint32_t slot);
/** Event "number" as held in the window, with its op; NULL: it is out already. */
struct event *repair_held_event(struct repair *r, uint64_t number, struct repair_op **op);
/** Counts an op ("sign" 1) or takes it back (-1). */
void repair_count(struct repair *r, const struct repair_op *op, int sign);

/** "ev"'s op has no object: fate SKIPPED for reason "kind". */
static inline void repair_skip(struct repair_op *op, enum repair_kind kind)
{
	op->fate = FATE_SKIPPED;
	op->kind = (uint8_t)kind;
}

/* objects.c: what one event of a kind means. "op" comes with no slot, fate DIRECT, kind NONE. */

void object_alloc(struct repair *r, struct held_batch *held, size_t index, uint64_t hash);
void object_free(struct repair *r, const struct event *ev, struct repair_op *op, uint64_t hash);
void object_bulk_free(struct repair *r, struct held_batch *held, size_t index);
/** The objects of slab "block" at "pfn", which event "index" frees, end with it. */
void object_end_slab(struct repair *r, struct held_batch *held, size_t index, uint64_t pfn,
		     const struct page_block *block);

/* mixed.c: call sites that use several caches of one size */

/** The cache of an object at "ptr", as far as its slab tells; else "cache", which is mixed. */
uint32_t mixed_cache(struct repair *r, uint64_t ptr, uint32_t cache);
/** An object of "cache", told by its call site, was freed as one of "named". */
void mixed_found(struct repair *r, uint64_t ptr, uint32_t cache, uint32_t named);

/* page_events.c */

void page_event_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		      uint64_t number);
void page_event_free(struct repair *r, struct held_batch *held, size_t index);

/* areas.c */

void area_vmap_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		     uint64_t addr, uint64_t size);
void area_vmap_free(struct repair *r, struct repair_op *op, uint64_t addr);
void area_percpu_alloc(struct repair *r, const struct event *ev, struct repair_op *op);
void area_percpu_free(struct repair *r, const struct event *ev, struct repair_op *op);
void area_cma_alloc(struct repair *r, const struct event *ev, struct repair_op *op);
void area_cma_free(struct repair *r, const struct event *ev, struct repair_op *op);
/** A page nobody saw allocated is freed: is that a part of freeing a contiguous area? */
bool area_cma_page_free(struct repair *r, const struct event *ev);

/* owner_mask.c: who asked for a page, by mask and order alone. */

/** Slabs beyond this need slab_max_order= or huge objects. */
enum { OWNER_SLAB_MAX_ORDER = 3 };

enum page_owner owner_by_flags(uint32_t gfp, unsigned int order);
/** The mask is one that only slab pages have, as far as masks go. */
bool owner_is_slab_mask(uint32_t gfp, unsigned int order);

/* owner.c: who asked for a page, by mask and by the events around. */

/** What is remembered of "ev"'s CPU; valid until an event of another CPU comes. */
struct cpu_context *owner_context(struct repair *r, const struct event *ev);
/** A page was allocated (event "number"): sets op's owner and fate; waits for more if need be. */
void owner_page_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		      uint64_t number);
/** A page request failed: the next one of the task may be the second try for a slab. */
void owner_page_failed(struct repair *r, const struct event *ev);
/** An object was allocated while pages are pending on its CPU. */
void owner_object_alloc(struct repair *r, const struct event *ev, const struct repair_op *op);
/** An object of "cache" lies in page "pfn", of a slab in which none was seen before. */
void owner_bind_slab(struct repair *r, uint64_t pfn, uint32_t cache);
/** "pfn" may be of a slab in which no object was seen yet. */
static inline bool owner_is_unbound(const struct repair *r, uint64_t pfn)
{
	return r->unbound[pfn % REPAIR_NR_UNBOUND] == (uint32_t)pfn;
}
/** The task took an address range of "size" bytes (with guard page) aligned to "align". */
void owner_vmap_alloc(struct repair *r, const struct event *ev, uint64_t size, uint64_t align);
/** A percpu allocation: pages just taken by the task were for it. */
void owner_percpu_alloc(struct repair *r, const struct event *ev);
/** Events of "ev"'s CPU were lost: nothing before it says anything about what follows. */
void owner_forget_cpu(struct repair *r, const struct event *ev);
/** Interrupt level of an event: 0 task .. 3 NMI. */
unsigned int owner_level(const struct event *ev);
/** The pfn behind the object address "ptr"; false: not known or not in the direct map. */
static inline bool owner_pfn_of(const struct repair *r, uint64_t ptr, uint64_t *pfn)
{
	*pfn = (ptr - r->map.base) / KERNEL_PAGE_SIZE;
	return r->map.known && ptr >= r->map.base;
}

#endif
