/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the engine share: its state, and a slot's life.
 *
 * A slot's record is written by its allocation and read by its free. What it holds says which part
 * of the machine has the thing:
 *
 *	nothing ──alloc──> OBJECT, LARGE, PAGES, AREA, PERCPU ──free──> nothing
 *	        └─failed─> FAILED ──free──> nothing (verdict NOT_HERE)
 *	PAGES ──reclaim, OOM kill──> RECLAIMED ──free──> nothing (verdict RECLAIMED)
 *	        └─layer off─> COUNTED
 */
#ifndef KMREPLAY_REPLAY_INTERNAL_H
#define KMREPLAY_REPLAY_INTERNAL_H

#include "kmreplay/mm/slab_design.h"
#include "kmreplay/replay/owners.h"
#include "kmreplay/replay/replay.h"

#include "blocks.h"
#include "marks.h"
#include "stock.h"
#include "tasks.h"

enum slot_state {
	SLOT_NOTHING,
	SLOT_OBJECT,
	SLOT_LARGE,
	SLOT_PAGES,
	SLOT_AREA,
	SLOT_PERCPU,
	SLOT_CMA,
	SLOT_COUNTED,   /**< its layer is not simulated */
	SLOT_EXPLAINED, /**< a page block that a simulated layer's own request stands for */
	SLOT_FAILED,    /**< the machine could not give it */
	SLOT_RECLAIMED,
};

/** Where in the stock a slot's pages are; user memory and page tables are of a task, besides. */
enum { SLOT_NOT_IN_STOCK = STOCK_LISTS, SLOT_PAGE_TABLE };

struct replay_slot {
	uint64_t addr; /**< object, area, percpu address; first pfn of pages */
	uint8_t state; /**< enum slot_state */
	uint8_t order; /**< pages */
	uint8_t owner; /**< pages: enum page_owner */
	uint8_t list;  /**< pages: enum stock_list, SLOT_NOT_IN_STOCK, SLOT_PAGE_TABLE */
	union {
		uint32_t split; /**< not in stock: number of its split record + 1; 0: whole */
		uint32_t task;  /**< user memory in stock, page table: of struct tasks */
		uint32_t asked; /**< objects: bytes; contiguous requests: pages */
	};
};

/** A block that is freed in parts: which of its pages are gone. */
struct replay_split {
	uint64_t gone[(1U << KERNEL_MAX_ORDER) / 64];
};

/** A probe and when it is due. */
struct probe {
	struct replay_probe probe;
	uint64_t next_event, next_time; /**< UINT64_MAX: never */
	size_t next_stop;               /**< index of it */
};

struct replay {
	struct replay_options options;
	struct machine *machine;
	const struct survey *survey;
	const struct repair *repair;
	const struct event_names *names;
	unsigned int nr_cpus;
	enum machine_arch arch;
	enum slab_design slab_design; /**< which the machine has */
	uint64_t next_slab_tick; /**< when the slab allocator works in the background again */
	unsigned int cpu; /**< of the event being replayed, for reclaim in its name */
	struct vec(struct replay_slot) slots;
	struct vec(uint64_t) given; /**< replay_given() */
	struct vec(uint32_t) caches;  /**< repair's cache id to the machine's + 1; 0: not made */
	struct vec(uint32_t) origins; /**< the machine's cache id to repair's; 0: unknown */
	struct vec(uint32_t) apart;   /**< as "caches": of objects merged with a kmalloc cache */
	bool own_classes; /**< size classes are the configuration's, not the recorded kernel's */
	bool unmerge;     /**< caches share no slabs */
	bool buckets;     /**< sets of kmalloc caches of their own stay that */
	bool random_kmalloc; /**< call sites of kmalloc have one of many copies of a class */
	bool own_vmalloc; /**< the vmalloc range is the configuration's, too */
	uint64_t own_vstart, own_vend; /**< the machine's vmalloc range */
	uint64_t recorded_vstart, recorded_vend; /**< its bounds when recorded; 0, 0: not seen */
	struct vec(struct replay_split) splits;
	struct vec(uint32_t) free_splits; /**< numbers of "splits" to use again */
	struct stock stock;
	struct tasks tasks;
	struct {
		struct u64map by_ptr; /**< recorded address to number in "addrs" + 1; 0: placed */
		/** Slabs that go: recorded pfn to 2 * number in the survey + "has its frames". */
		struct u64map by_pfn;
		struct vec(uint64_t) addrs; /**< of objects that could not be placed */
		struct vec(uint32_t) unplaced; /**< numbers of slabs */
		struct vec(uint32_t) caches;   /**< the machine's, of the files' */
	} start_objects; /**< in use at the beginning, freed later */
	struct {
		struct u64map by_addr; /**< recorded one to number in "addrs" + 1; 0: the same */
		struct vec(uint64_t) addrs;
	} start_areas; /**< in use at the beginning, not freed yet */
	struct {
		struct vec(uint64_t) addrs; /**< by guess; 0: it is not there */
		size_t begin, end;	    /**< the next of each */
		uint64_t next_at;	    /**< event before which something is to be done */
	} found; /**< areas by their bookkeeping */
	struct {
		struct u64map by_addr; /**< recorded base + offset to number in "addrs" */
		struct vec(uint64_t) addrs;
	} start_percpu; /**< the same, per-CPU areas */
	struct replay_tally tally;
	uint8_t slab_owner;           /**< whose the pages are that the slab layer asks for now */
	uint64_t next_sample;

	struct vec(struct probe) probes;
	uint64_t next_look;      /**< count of events at which anybody wants to look; 0: now */
	uint64_t next_look_time; /**< the same as a time */
	uint64_t start_time;     /**< of the first event */
	const struct event *marker; /**< the event just replayed, if probes are to be told */
	struct blocks *blocks;   /**< NULL: nobody wants them */
	struct marks *marks;     /**< the same */
	struct owners *owners;   /**< the same */
	const struct replay_step *step; /**< with owners: the event being replayed; NULL: none */
	bool started;            /**< there was a first look */
	bool watch_markers;      /**< somebody wants to look at each */
};

/** One event on its way: what it says, what repair says of it. */
struct replay_step {
	const struct event_batch *batch;
	const struct event *ev;
	const struct repair_op *op;
	unsigned int cpu;     /**< of the machine */
	unsigned int context; /**< enum page_context */
};

/** Carry out a call; each returns the event's verdict. */
enum replay_verdict replay_object_alloc(struct replay *r, const struct replay_step *step);
enum replay_verdict replay_page_alloc(struct replay *r, const struct replay_step *step);
enum replay_verdict replay_page_free(struct replay *r, const struct replay_step *step);
enum replay_verdict replay_area_alloc(struct replay *r, const struct replay_step *step);
enum replay_verdict replay_percpu_alloc(struct replay *r, const struct replay_step *step);
enum replay_verdict replay_cma_alloc(struct replay *r, const struct replay_step *step);
/** contig.c: gives back what "s", of a contiguous request, holds. */
struct mm_outcome replay_cma_free(struct replay *r, const struct replay_slot *s,
				  unsigned int cpu);
/** contig.c: "ev" frees a pageblock that is a CMA area's from now on; it is in use then. */
bool replay_cma_init_block(struct replay *r, const struct event *ev);
/** Gives back what "slot" holds, whatever it is. */
enum replay_verdict replay_slot_free(struct replay *r, uint32_t slot, unsigned int cpu,
				     enum repair_call call);

/**
 * Whether an allocation is not asked of the machine, because repair gives it up (but not because
 * the kernel failed it) or because its "layer" is not simulated; "*verdict" is then set.
 */
bool replay_passes_over(struct replay *r, const struct replay_step *step, enum replay_layer layer,
			enum replay_verdict *verdict);
/** "slot" (maybe REPAIR_NO_SLOT) now holds "addr". */
void replay_hold(struct replay *r, uint32_t slot, enum slot_state state, uint64_t addr);
/** pages.c: gives back the block of "slot", which is in state PAGES. */
struct mm_outcome replay_block_free(struct replay *r, uint32_t slot, unsigned int cpu);

/** Counts the outcome of an allocation of "order" and says which verdict that is. */
enum replay_verdict replay_settle(struct replay *r, const struct replay_step *step,
				  struct mm_outcome outcome, unsigned int order);

/** objects.c: the machine's cache for repair's cache "id", whose objects lie "size" bytes apart. */
uint32_t replay_known_cache(struct replay *r, uint32_t id, uint32_t size);

/**
 * start_slabs.c: places the slabs that existed at the beginning, before anything is asked of the
 * machine; and asks it for the objects of those that it cannot have.
 */
void replay_start_slabs(struct replay *r);
void replay_start_objects(struct replay *r);
/** start_slabs.c: the kernel would have a slab at "pfn". */
bool replay_may_have_slabs(const struct replay *r, uint64_t pfn);
/** start_fill.c: makes the caches that files tell of, before any slab is placed. */
void replay_start_caches(struct replay *r);
/** start_fill.c: makes up for slabs that files tell of and the recording does not show. */
void replay_start_fill(struct replay *r, uint64_t seed);
/** start_slabs.c: a free of an object that was never seen allocated. */
enum replay_verdict replay_start_object_free(struct replay *r, uint64_t ptr, unsigned int cpu);
/** start_slabs.c: the same of all objects of a bulk free that were in use at the beginning. */
enum replay_verdict replay_start_bulk_free(struct replay *r, const struct replay_step *step);
/** start_slabs.c: the block that is freed was a slab at the beginning. */
bool replay_start_slab_gone(struct replay *r, const struct replay_step *step);

/** start.c: counts what is in use at the beginning. */
void replay_start(struct replay *r);
/** start.c: a free of a block that was never seen allocated. */
enum replay_verdict replay_start_free(struct replay *r, const struct replay_step *step);
/** pages.c: what the page allocator calls: takes pages of the stock or of a task, moves one. */
uint64_t replay_pages_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp);
uint64_t replay_pages_oom(void *ctx, uint32_t gfp);
void replay_pages_moved(void *ctx, uint64_t from, uint64_t to, unsigned int order);
/** pages.c: a layer of the machine got or gave back a block. */
void replay_pages_owned(void *ctx, enum machine_layer layer, uint64_t pfn, unsigned int order,
			bool gone);

/** keep_owners.c: whose what the slot of "step" holds now is; if somebody wants to know. */
void replay_note_owner(struct replay *r, const struct replay_step *step);
/** keep_owners.c: the same of a block that no slot holds: a layer's, or one that is kept. */
void replay_note_layer(struct replay *r, enum page_owner owner, uint64_t pfn, unsigned int order);

/** probe.c: somebody wants to know what lies where, and how long zones were short of memory. */
void replay_watch_pages(struct replay *r);
/** probe.c: the first look, at the "time" of the first event; does nothing from then on. */
void replay_look_first(struct replay *r, uint64_t time);
/** probe.c: an event has been replayed and a look is due: next_look, next_look_time. */
void replay_look(struct replay *r, const struct event_batch *batch);
/** probe.c: the event being replayed is a marker, at which probes want to look. */
void replay_note_marker(struct replay *r, const struct event *ev);
/** probe.c: nothing comes any more. */
void replay_look_last(struct replay *r);
/** probe.c: tells probes of an allocation that failed. */
void replay_tell_failure(const struct replay *r, const struct replay_failure *failure,
			 const struct event *ev);

/** sample.c: looks at the zones; the last look sets the end values. */
void replay_sample(struct replay *r, uint64_t time);

#endif
