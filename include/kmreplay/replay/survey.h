/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A first look over a recording, before the machine is built: how many CPUs, which page frames, and
 * what each frame was when the recording began. The first event of a frame tells: taken from the
 * free lists means it was free, given back means it was in use. Frames that no event touches stay
 * unknown.
 *
 * The first event that tells a pageblock's type is kept, too, and which blocks waited in per-CPU
 * lists.
 *
 * Memory: two bits a frame, kept in runs of 128 frames for touched runs only.
 */
#ifndef KMREPLAY_REPLAY_SURVEY_H
#define KMREPLAY_REPLAY_SURVEY_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/mm/machine_config.h"

enum survey_state {
	SURVEY_UNTOUCHED,
	SURVEY_FREE, /**< first seen when it was allocated */
	SURVEY_USED, /**< first seen when it was freed */
	SURVEY_PCP,  /**< first seen when it was given, or drained, without the zone's lock */
};

enum { SURVEY_RUN_SHIFT = 7, SURVEY_RUN = 1 << SURVEY_RUN_SHIFT };

/** First frame past 4 GiB: low memory ends at or before it, high memory begins at it. */
enum { SURVEY_FOUR_GIB = (4UL << 30) >> KERNEL_PAGE_SHIFT };
/** Where memory begins as far as a recording tells: real-mode memory is kept reserved. */
enum { SURVEY_FIRST_PFN = (1UL << 20) >> KERNEL_PAGE_SHIFT };

struct survey_run {
	uint64_t state[SURVEY_RUN * 2 / 64];
};

/** A block that was in use when the recording began and is given back in it. */
struct survey_block {
	uint64_t pfn;
	uint8_t order;
};

/** A block that waited in a per-CPU list when the recording began. */
struct survey_pcp {
	uint64_t pfn;
	uint16_t cpu;
	uint8_t order;
	uint8_t type; /**< of the list, as the recording numbers it */
	bool drained; /**< it left at the tail of its list, not at the head */
};

/** log2 of the pages that "block_types" takes for a pageblock. */
enum { SURVEY_BLOCK_SHIFT = 9 };
/** Blocks of "order" pass through per-CPU lists, as recorded kernels have them (from 5.14 on). */
static inline bool survey_order_has_list(unsigned int order)
{
	return order <= 3 || order == SURVEY_BLOCK_SHIFT; /* PAGE_ALLOC_COSTLY_ORDER, huge pages */
}

/** What compaction took out of a pageblock without an event of each page. */
struct survey_isolation {
	uint64_t nr_taken;
	uint64_t nr_freed; /**< pages whose first event gives them back */
};

/** Pages that compaction may have taken from the free lists before any event named them. */
struct survey_isolated {
	struct u64map pages;  /**< pfn to nothing: in a range that was taken from, without event */
	struct u64map blocks; /**< pfn >> SURVEY_BLOCK_SHIFT to "isolations" */
	struct vec(struct survey_isolation) isolations;
	struct vec(struct survey_block) freed; /**< out of "pages", by their first event */
};
/** So many requests tell where the first pages came from. */
enum { SURVEY_FIRST_GIVEN = 64 };

struct survey {
	/**
	 * mm_page_alloc_extfrag names the head of a block that is still free (until 6.9), not the
	 * page that was taken. To be set before the first survey_add().
	 */
	bool extfrag_names_block;
	struct u64map index; /**< pfn >> SURVEY_RUN_SHIFT to number in "runs" */
	struct vec(struct survey_run) runs;
	struct vec(uint64_t) keys;   /**< of "runs": pfn >> SURVEY_RUN_SHIFT */
	struct u64map block_types;   /**< pfn >> SURVEY_BLOCK_SHIFT to the type at the beginning */
	struct u64map listed;    /**< pages freed into a list of a type that is not known yet */
	bool has_cma;            /**< pages were taken from pageblocks of CMA areas */
	uint64_t new_type_pfn;   /**< of the last take, if it told its pageblock's type */
	struct vec(struct survey_pcp) pcp; /**< in the order of the events; none from boot */
	struct u64map tops;          /**< from boot: pfn >> KERNEL_MAX_ORDER of blocks seen */
	/**
	 * From boot, in the order of the events: numbers (pfn >> KERNEL_MAX_ORDER) of blocks of the
	 * largest order whose first event takes their first page from the free lists.
	 */
	struct vec(uint32_t) fresh;
	/** The same of blocks that were initialised late, when requests came to need them. */
	struct vec(uint32_t) late;
	uint64_t nr_zone_locked;     /**< events that tell what left the free lists */
	struct vec(struct survey_block) used; /**< in the order of their frees */
	struct survey_isolated isolated;
	unsigned int nr_cpus;        /**< highest CPU seen + 1 */
	uint64_t nr_events;
	uint64_t nr_page_events;
	uint64_t nr_page_allocs;
	uint64_t nr_bulks;  /**< requests of the bulk allocator that probes recorded */
	uint64_t nr_purges; /**< of lazily freed vmalloc ranges */
	/**
	 * The recording begins in early boot: the first page request is the idle task's and lacks
	 * the bits that gfp_allowed_mask takes away until kernel_init_freeable().
	 */
	bool from_boot;
	bool in_early_boot; /**< still so, at the event looked at last */
	/**
	 * Single pages below 16 MiB, and from there to 4 GiB, given in early boot to requests that
	 * would rather have had a page of a higher zone. There are no watermarks yet, so that one
	 * had no free pageblock left.
	 */
	uint64_t nr_fallback_dma, nr_fallback_dma32;
	uint64_t nr_late_dma, nr_late_dma32; /**< the same, later */
	/**
	 * Of the first single pages given to requests that would rather have had one from above
	 * 4 GiB: those that did not get it; SURVEY_FIRST_GIVEN: none of them did.
	 */
	uint32_t nr_given, nr_given_low;
	uint64_t exact_low_end, exact_high_end; /**< ends of zones that events name; 0: none */
	uint64_t max_low_pfn;        /**< highest frame seen below 4 GiB; 0: none */
	uint64_t max_high_pfn;       /**< highest frame seen from 4 GiB on; 0: none */
	uint64_t nr_beyond;          /**< page events with frames no machine has (SURVEY_MAX_PFN) */
	uint64_t nr_free, nr_used;   /**< frames by first event */
	uint64_t last_key; /**< run looked up last */
	uint32_t last_run;
};

/** Frames from here on (64 TiB) are taken for damage, not for memory. */
#define SURVEY_MAX_PFN (1ULL << 34)

void survey_init(struct survey *survey);
void survey_deinit(struct survey *survey);
/** Looks at "nr" events, in the recording's order. */
void survey_add(struct survey *survey, const struct event *events, size_t nr);
/** Frames that other events than those of pages show to have been in use, and to the end. */
void survey_note_in_use(struct survey *survey, uint64_t pfn, uint64_t nr);
/** What "pfn" was at the beginning. */
enum survey_state survey_state_of(const struct survey *survey, uint64_t pfn);
/** Puts the runs of frames in ascending order, as survey_next() wants them. */
void survey_sort(struct survey *survey);
/**
 * The frames from "pfn" on that are alike, at most up to "limit": returns the end, "*state" is what
 * they were. "*at" is 0 at first and kept by the caller while "pfn" ascends.
 */
uint64_t survey_next(const struct survey *survey, size_t *at, uint64_t pfn, uint64_t limit,
		     enum survey_state *state);

/**
 * Where memory ends below 4 GiB, and from there on (0: none): as compaction says, else behind the
 * highest frame seen, in steps of 64 MiB.
 */
uint64_t survey_low_end(const struct survey *survey);
uint64_t survey_high_end(const struct survey *survey);

/**
 * Memory ranges for a machine like the recorded one: from the first MiB to the highest frame seen,
 * in steps of 64 MiB, with the hole below 4 GiB where nothing was seen. "memory" bytes instead of
 * that when it is not 0: less cuts off at the top, more adds there (below 3 GiB first, then above
 * 4 GiB); on other architectures than x86-64 all of it is dealt out so. "config"'s nodes, whose
 * number must be set, get equal shares from the bottom up, with edges at multiples of 4 MiB.
 */
void survey_fill_ranges(const struct survey *survey, uint64_t memory,
			struct machine_config *config);

#endif
