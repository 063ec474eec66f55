/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the slab layer's judge share.
 *
 *	slab.c         the judge's ends: made, fed, finished; the window of events
 *	slab_start.c   the slabs that existed before the first event
 *	slab_order.c   when an event's effect took place, which is not always when it was recorded
 *	slab_follow.c  a slab allocator that follows the recording, each step judged
 *	slab_silent.c  what the kernel did without any event
 *	slab_pages.c   slabs that come and go
 *	slab_flush.c   caches that are flushed, shrunk or destroyed
 *	slab_sheaf.c   the same for caches with sheaves (7.0+)
 *	slab_known.c   slabs of the recording: which objects are virgin, in what order those come
 *	slab_free.c    a second allocator that nobody corrects
 *	slab_look.c    what is known from reading ahead
 *	slab_story.c   texts
 */
#ifndef KMREPLAY_VERIFY_SLAB_JUDGE_H
#define KMREPLAY_VERIFY_SLAB_JUDGE_H

#include "kmreplay/core/list.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/slab_follow.h"
#include "kmreplay/mm/slab_start.h"
#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/verify/verify.h"
#include "slab_known.h"
#include "slab_pages.h"
#include "slab_silent.h"

/** Events that stand behind the one that takes effect: as far ahead as the judge looks. */
enum { SLAB_WINDOW = 4096 };
/** Room for them and for a batch; a power of two. */
enum { SLAB_RING = 4 * SLAB_WINDOW };
/** Pointers of a bulk free that a recording can hold. */
enum { SLAB_BULK_PTRS = 16 };

/** One event on its way through the window. */
struct slab_step {
	struct event ev;
	struct repair_op op;
	uint64_t number;
	uint64_t next;     /**< number of the next event of the same context; 0: not seen yet */
	uint32_t nr_ptrs;  /**< bulk frees: index of its pointers in "ptrs", and how many */
	uint32_t ptrs;
	bool done;         /**< its effect came before its turn */
};

/** A slab that our allocator gave back and the kernel was not yet seen to. */
struct slab_limbo {
	uint64_t pfn;
	uint64_t by;      /**< event that did it */
	uint64_t number;  /**< of the slab in its cache */
	uint32_t cache;
	uint8_t order;
	bool flushed;     /**< no free did that, but a flush of its cache */
	bool settled;     /**< it is believed that the kernel does, too */
};

/** A page bought to refill a sheaf: its slab comes into being with the refill. */
struct slab_bought {
	uint64_t context;
	uint64_t pfn;
	uint32_t cache;
	uint8_t order;
	bool predicted;   /**< we would have bought one */
	bool used;        /**< the running refill got it */
};

/** A CPU's interrupted contexts, as far as they may have an effect without an event yet. */
enum { SLAB_NR_WAITING = 8 };
struct slab_cpu_order {
	uint64_t context;     /**< of the last event; 0: none */
	uint64_t last;        /**< number of that event */
	uint64_t waiting[SLAB_NR_WAITING]; /**< next events of interrupted contexts; 0: none */
	unsigned int at;      /**< where the next goes */
	uint64_t deferred;    /**< a free whose effect is still to come, + 1; 0: none */
};

struct slab_free_run;
struct slab_join;
struct slab_look;

struct slab_judge {
	struct verify_setup setup;
	const struct slab_look *look; /**< NULL: nothing known ahead */
	const struct repair *repair;
	struct verify_log *log;
	bool judged;                 /**< this run's steps are counted (not in free mode) */
	struct slab_allocator *slab;
	unsigned int nr_cpus;
	struct slab_free_run *free_run; /**< NULL when following */
	const struct slab_join *join; /**< NULL: judged alone */
	uint64_t base, offset;       /**< direct map: recorded, and ours */

	/* The window. */
	struct slab_step *ring;      /**< SLAB_RING, by number */
	uint64_t head, tail;         /**< next to take effect; next to come in */
	uint64_t window;             /**< events between the two */
	struct u64map contexts;      /**< to the low bits of the last event's number */
	struct vec(uint64_t) bulk_ptrs;
	struct vec(struct slab_cpu_order) cpus;

	/* What is known. */
	struct u64map pages;         /**< pfn to index in slabs, for each page */
	struct vec(struct slab_known) slabs;
	struct vec(uint32_t) slabs_free;
	struct vec(struct slab_cache_known) caches; /**< by the allocator's id */
	struct vec(uint32_t) cache_of;  /**< repair's id to the allocator's + 1 */
	struct u64map limbo_index;
	struct vec(struct slab_limbo) limbo;
	struct vec(struct slab_bought) bought;
	struct u64map sheaf_owners;  /**< address of a sheaf to the cache it was made for */
	struct vec(int8_t) prefills;        /**< by call site: above 0, from prefilled sheaves */
	uint64_t flushed_at;         /**< event that showed the last flush of sheaves; 0: none */
	uint64_t refilling;          /**< context whose refill asks for pages, + 1; 0: none */
	uint32_t refill_cache;
	struct vec(struct slab_bulk) bulks;
	bool bulk_told;              /**< probes have begun to tell of bulk allocations */
	struct vec(struct slab_silent) silent;
	struct vec(uint32_t) silent_free;
	struct u64map silent_index;  /**< address (ours) to index in silent */
	struct vec(struct slab_silent_queue) queues;
	struct u64map queue_index;   /**< site, cache and CPU */
	struct vec(uint64_t) given_back; /**< numbers of slabs that the kernel gave back just now */

	/* The page that is handed to the allocator next. */
	uint64_t give_pfn;
	uint8_t give_order;
	bool giving;
	uint64_t nr_blind;           /**< allocations of objects whose address says nothing */
	uint64_t now;                /**< number of the event that takes effect */
	uint64_t held_recorded;      /**< pages */
	uint64_t limbo_pages;        /**< of those, in limbo */
};

/* slab.c */

/** The cache that "id" turned out to be, as far as is known. */
uint32_t slab_judge_canon(const struct repair *repair, uint32_t id);
/** The allocator's cache for repair's "id"; SLAB_CACHE_NONE: it cannot have one. */
uint32_t slab_judge_cache(struct slab_judge *j, uint32_t id, const struct event *ev);
/**
 * An object of repair's cache "id" lies in a slab of "cache": if it can, that is its cache from now
 * on (caches that nobody named, merged ones). Returns the cache that "id" is then.
 */
uint32_t slab_judge_unite(struct slab_judge *j, uint32_t id, uint32_t cache);
struct slab_step *slab_judge_step(struct slab_judge *j, uint64_t number);
/** pid, or CPU of the idle task, and interrupt level. */
uint64_t slab_context(const struct event *ev);
unsigned int slab_level(const struct event *ev);
/** Counts what cannot be judged, or stands on repaired ground; not in free mode. */
void slab_aside(struct slab_judge *j, enum verify_aside aside, const char *text, uint64_t nr);
static inline uint64_t slab_ours(const struct slab_judge *j, uint64_t ptr)
{
	return ptr - j->base + j->offset;
}
static inline uint64_t slab_recorded(const struct slab_judge *j, uint64_t addr)
{
	return addr - j->offset + j->base;
}
static inline uint64_t slab_pfn(const struct slab_judge *j, uint64_t addr)
{
	return (addr - j->offset) / KERNEL_PAGE_SIZE;
}

/* slab_start.c */

/** Places the slabs that existed before the first event, once the direct map is known. */
void slab_start_place(struct slab_judge *j);

/* slab_order.c */

/** Takes the effect of event "number", and of those whose time has come with it. */
void slab_order_step(struct slab_judge *j, uint64_t number);
/** Nothing more comes: what is still held back takes effect. */
void slab_order_finish(struct slab_judge *j);

/* slab_follow.c */

void slab_follow_alloc(struct slab_judge *j, const struct slab_step *step, unsigned int cpu);
void slab_follow_free(struct slab_judge *j, const struct slab_step *step, uint64_t ptr,
		      unsigned int cpu);
/** kfree_bulk(), kmem_cache_free_bulk() of addresses (ours), as far as they are in slabs. */
void slab_follow_free_bulk(struct slab_judge *j, const struct slab_step *step, size_t nr,
			   uint64_t *addrs);
void slab_follow_page_alloc(struct slab_judge *j, const struct slab_step *step);
void slab_follow_page_free(struct slab_judge *j, const struct slab_step *step);
/** The object that an allocation from "cache" on "cpu" would get, ours; 0: not knowable. */
uint64_t slab_follow_expected(struct slab_judge *j, uint32_t cache, unsigned int cpu, int node);
/** Puts a bought slab into use on the CPU that bought it. */
void slab_follow_install(struct slab_judge *j, struct slab_known *known);
/** struct slab_page_ops */
struct mm_outcome slab_follow_give_page(void *ctx, unsigned int cpu, uint32_t gfp,
					unsigned int order, int node, unsigned int context);
struct mm_outcome slab_follow_take_page(void *ctx, unsigned int cpu, uint64_t pfn,
					unsigned int order);

#endif
