/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: chunks, their hints, and the lists they are in. */
#ifndef KMREPLAY_MM_PERCPU_INTERNAL_H
#define KMREPLAY_MM_PERCPU_INTERNAL_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/list.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/percpu_follow.h"

enum {
	PCPU_BIT_SIZE = 4,				    /**< bytes of one bit of the maps */
	PCPU_BLOCK_BITS = KERNEL_PAGE_SIZE / PCPU_BIT_SIZE, /**< a block is a page */
	PCPU_MIN_UNIT_SIZE = 32 << 10,			    /**< also the largest request */
	PCPU_SLOT_BASE_SHIFT = 5,
	PCPU_SLOT_FAIL_THRESHOLD = 3, /**< below: a chunk that fails goes to list 0 */
	PCPU_EMPTY_LOW = 2,
	PCPU_EMPTY_HIGH = 4,
};

/** What is known of the free runs of a block (a page), or of a whole chunk; all in bits. */
struct pcpu_block {
	uint32_t scan_hint, scan_start;	    /**< largest known run before the contig one */
	uint32_t contig_hint, contig_start; /**< largest run */
	uint32_t left_free, right_free;	    /**< runs at both ends; blocks only */
	uint32_t first_free;		    /**< lowest free bit */
	uint32_t nr_bits;
};

/** What the books of a chunk are kept in, in the order in which it is asked for. */
enum pcpu_book {
	PCPU_BOOK_CHUNK,
	PCPU_BOOK_ALLOC_MAP,
	PCPU_BOOK_BOUND_MAP,
	PCPU_BOOK_BLOCKS,
	PCPU_BOOK_OWNERS, /**< a pointer for each bit */
	PCPU_BOOK_NR,
};

struct pcpu_chunk {
	uint64_t base;
	uint64_t books[PCPU_BOOK_NR]; /**< addresses; 0: none */
	uint32_t nr_pages, nr_bits;
	uint64_t *alloc_map, *bound_map;
	uint64_t *populated;	   /**< by page */
	struct pcpu_block *blocks; /**< by page */
	struct pcpu_block md;	   /**< the chunk as one block */
	uint64_t **pfns;	   /**< by page: one pfn for each CPU; NULL: first chunk, or none */
	uint32_t nr_populated;
	/** Populated pages that are entirely free; below 0 while an area waits for its pages. */
	int32_t nr_empty;
	uint64_t free_bytes;
	uint64_t nr_areas;
	bool immutable; /**< made at boot */
	bool isolated;	/**< being depopulated; its empty pages do not count */
	bool adopted;	/**< its address was not asked for */
	struct list_head link;
	unsigned int slot; /**< list it is in */
};

struct percpu {
	struct percpu_ops ops;
	void *ctx;
	const struct mm_tap *tap; /**< NULL: nobody hears of calls */
	struct mm_costs costs;
	struct percpu_layout layout;
	unsigned int nr_cpus;
	unsigned int nr_numa_nodes; /**< of the machine */
	unsigned int nr_nodes;      /**< with CPUs: each has a group of units */
	uint64_t *group_offsets, *group_sizes; /**< by node */
	struct vmap_groups groups;

	struct vec(struct pcpu_chunk *) chunks; /**< by address */
	struct pcpu_chunk *first, *reserved;	/**< reserved may be NULL */
	struct list_head *slots;
	unsigned int nr_slots, sidelined_slot, free_slot, depopulate_slot;
	int64_t nr_empty;      /**< pcpu_nr_empty_pop_pages */
	uint64_t nr_populated; /**< pages of one CPU */
	uint64_t book_sizes[PCPU_BOOK_NR]; /**< bytes; 0: not asked for */
	uint64_t pages_book;		   /**< pcpu_get_pages(): address; 0: not yet asked for */
	bool is_32bit;
	bool strict_atomic; /**< all that is less than GFP_KERNEL counts as atomic */
	bool atomic_failed;
	bool auto_balance, balance_pending;
	struct percpu_stats stats; /**< the counters */
};

/* bitmap.c: 64-bit words, bit 0 lowest. */

static inline bool pcpu_bit(const uint64_t *map, uint32_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

/** First bit equal to "set" in [from, end); "end" when there is none. */
uint32_t pcpu_find_bit(const uint64_t *map, uint32_t from, uint32_t end, bool set);
/** Last set bit in [from, end); "end" when there is none. */
uint32_t pcpu_find_last(const uint64_t *map, uint32_t from, uint32_t end);
void pcpu_fill_bits(uint64_t *map, uint32_t from, uint32_t nr, bool set);

/* chunk.c: one chunk's map and hints */

/** A chunk that covers "nr_pages" of each unit, all free, not populated, in no list. */
MUST_CHECK struct pcpu_chunk *pcpu_chunk_create(uint64_t base, uint32_t nr_pages);
void pcpu_chunk_destroy(struct pcpu_chunk *chunk);
/** Hides [bit, bit + nr) from the allocator for good: the edges of the first chunk. */
void pcpu_chunk_hide(struct pcpu_chunk *chunk, uint32_t bit, uint32_t nr);
/** find_block_fit(): where the search for "bits" may begin; -1: does not fit. */
int64_t pcpu_find_fit(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		      bool populated_only);
/** Where pcpu_alloc_area() would place it, or -1. */
int64_t pcpu_find_area(const struct pcpu_chunk *chunk, uint32_t bits, uint32_t align,
		       uint32_t start);
/** alloc_area(): the first place from "start" on, or -1; all hints and counters kept up. */
int64_t pcpu_alloc_area(struct pcpu_chunk *chunk, uint32_t bits, uint32_t align, uint32_t start);
/** free_area(): the area that begins at "bit"; returns its bits. */
uint32_t pcpu_free_area(struct pcpu_chunk *chunk, uint32_t bit);
/** The chunk knows of no run longer than "bits", whatever its blocks know. */
void pcpu_chunk_forget(struct pcpu_chunk *chunk, uint32_t bits);
/** The chunk knows what its blocks know. */
void pcpu_chunk_learn(struct pcpu_chunk *chunk);
/** An area begins at "bit". */
bool pcpu_is_area(const struct pcpu_chunk *chunk, uint32_t bit);

/* layout.c: units and groups */

/** CPUs of group "node" of "nr_nodes": as zone.c deals them out. */
unsigned int pcpu_cpus_of(unsigned int nr_cpus, unsigned int nr_nodes, unsigned int node);
/** Completes p->layout and fills the groups; CPUs and nodes are set. */
void pcpu_layout_apply(struct percpu *p, const struct machine_config *config);
/** Bytes of each unit that boot uses, whole pages. */
uint64_t pcpu_boot_bytes(const struct percpu_layout *layout);

/* percpu.c: the lists */

/** chunk_slot(): the list that its free space puts a chunk in. */
unsigned int pcpu_chunk_slot(const struct percpu *p, const struct pcpu_chunk *chunk);
/** chunk_relocate(): "old_slot" -1 puts it in front. */
void pcpu_chunk_relocate(struct percpu *p, struct pcpu_chunk *chunk, int old_slot);
void pcpu_chunk_move(struct percpu *p, struct pcpu_chunk *chunk, unsigned int slot, bool front);
void pcpu_chunk_reintegrate(struct percpu *p, struct pcpu_chunk *chunk);
/** Adds the change of the chunk's empty pages to the global count. */
void pcpu_count_empty(struct percpu *p, const struct pcpu_chunk *chunk, int32_t before);
/** Where an area was found. */
struct pcpu_place {
	struct pcpu_chunk *chunk;
	uint32_t bit;
};

/** Rounds size and align as the kernel does; false for what it refuses. */
bool pcpu_round_request(struct percpu_request *request);
/** pcpu_size_to_slot(): the first list that may hold "size" bytes. */
unsigned int pcpu_size_to_slot(const struct percpu *p, uint64_t size);
/** find_block_fit() and alloc_area() on one chunk, and what a miss does to its place in a list. */
bool pcpu_take(struct percpu *p, struct pcpu_chunk *chunk, const struct percpu_request *request,
	       bool atomic, struct pcpu_place *place);
/** The pages behind an area that was taken. */
struct mm_outcome pcpu_finish_alloc(struct percpu *p, unsigned int cpu,
				    const struct percpu_request *request,
				    const struct pcpu_place *place, struct mm_outcome outcome);
/** What boot hid at the edges of its chunks is no area, though it is marked as one. */
bool pcpu_is_hidden(const struct percpu *p, const struct pcpu_chunk *chunk, uint32_t bit);
/** The area that begins at "bit" is free again. */
void pcpu_release(struct percpu *p, struct pcpu_chunk *chunk, uint32_t bit);
/** Counts a failure; "outcome" with it. */
struct mm_outcome pcpu_fail_alloc(struct percpu *p, bool atomic, struct mm_outcome outcome,
				  enum mm_failure failure);
/** The kworker's turn, unless the balance work waits to be asked for. */
void pcpu_run_pending(struct percpu *p, unsigned int cpu);
/** The chunk whose first unit holds "addr", or NULL. The reserved one comes first. */
struct pcpu_chunk *pcpu_chunk_of(const struct percpu *p, uint64_t addr);
/** False when its first unit overlaps another chunk's. */
MUST_CHECK bool pcpu_insert_chunk(struct percpu *p, struct pcpu_chunk *chunk);
/** create_chunk(): area and books; NULL and the failure in "outcome". */
struct pcpu_chunk *pcpu_make_chunk(struct percpu *p, unsigned int cpu, uint32_t gfp,
				   struct mm_outcome *outcome);
/** destroy_chunk(): it is depopulated and in no list any more. */
void pcpu_drop_chunk(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk);

/* books.c: the memory of chunks themselves */

/** How large the books are in kernels of "config"'s release. */
void pcpu_books_init(struct percpu *p, const struct machine_config *config);
/** pcpu_alloc_chunk(): the books of one chunk; all or none, the failure in "outcome". */
MUST_CHECK bool pcpu_books_get(struct percpu *p, unsigned int cpu, uint64_t books[PCPU_BOOK_NR],
			       uint32_t gfp, struct mm_outcome *outcome);
void pcpu_books_put(struct percpu *p, unsigned int cpu, const uint64_t books[PCPU_BOOK_NR]);
/** pcpu_get_pages(): the one array of pages, when first used; false: no memory for it. */
MUST_CHECK bool pcpu_books_pages(struct percpu *p, unsigned int cpu, struct mm_outcome *outcome);

/* balance.c: pages */

/** Pages [from, to) of a chunk. */
struct pcpu_pages {
	uint32_t from, to;
};

/** populate_chunk() and chunk_populated(): the pages for all CPUs, or none. */
MUST_CHECK bool pcpu_populate(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk,
			      struct pcpu_pages pages, uint32_t gfp, struct mm_outcome *outcome);

#endif
