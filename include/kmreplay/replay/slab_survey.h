/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A look ahead at slabs: which of them existed when the recording began, and in what state. It is
 * fed with the repaired events of one whole reading, the learning one or a later one.
 *
 * A frame that was in use at the beginning (survey.h: given back before it was taken, or neither)
 * and in which an object is allocated or freed is a page of such a slab, until it is given back.
 * The first event of each of its objects tells what the object was: allocated, it was free, and the
 * order of these first allocations is the order of the free list; freed, or never seen, it was in
 * use. Slabs that no object event touches stay unknown.
 *
 * Memory: by touched frames and by objects seen in slabs that existed, not by the recording.
 */
#ifndef KMREPLAY_REPLAY_SLAB_SURVEY_H
#define KMREPLAY_REPLAY_SLAB_SURVEY_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/slab_start.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/survey.h"

/** One slab that existed. */
struct slab_survey_slab {
	uint64_t pfn;          /**< first page */
	uint64_t first_alloc;  /**< event of the first allocation from it; UINT64_MAX: none */
	uint64_t first_rank;   /**< which of its cache is used up first; UINT64_MAX: none free */
	uint64_t gone;         /**< event that gave its pages back; UINT64_MAX: it stayed */
	uint32_t cache;        /**< id of repair_cache(), the canonical one */
	uint32_t size;         /**< of an object, in bytes: the stride */
	uint32_t cpu;          /**< CPU and CPU_PARTIAL */
	uint32_t free, freed;  /**< first of its "slots": the free ones; those in use and freed */
	uint16_t nr_free;      /**< slots, the next to be taken first */
	uint16_t nr_freed;     /**< slots that were in use and are freed later, in that order */
	uint16_t objects;      /**< slots in all */
	uint16_t nr_sheaf;     /**< slots that were in sheaves: neither free nor in use */
	uint8_t order;
	uint8_t place;         /**< enum slab_start_place */
	bool tail;             /**< as in struct slab_start_page */
	bool small;            /**< made for want of memory: not of its cache's usual order */
};

/** A sheaf that existed: see slab_place_sheaf(). */
struct slab_survey_sheaf {
	uint32_t cache; /**< id of repair_cache(), the canonical one */
	uint32_t size;  /**< of an object, in bytes: the stride */
	uint32_t cpu;
	uint32_t first; /**< of "sheaf_addrs" */
	uint32_t nr;
	uint8_t place;  /**< enum slab_start_sheaf_place */
};

/** What was seen but makes no slab, and why. In objects unless it says otherwise. */
struct slab_survey_losses {
	uint64_t nameless;  /**< freed, of a cache that nothing tells */
	uint64_t unsized;   /**< of a cache of which a few frees were seen: no size */
	uint64_t misplaced; /**< where no object of their cache can begin */
	uint64_t mixed;     /**< in a block of two caches, of another size, partly not in use */
};

struct event_names;
struct slab_files;
struct slab_survey_state;

struct slab_survey {
	bool known;    /**< false: it cannot be told (hashed pointers, no direct map found) */
	uint64_t base; /**< of the recorded direct map: address = base + pfn * page size */
	/**
	 * In the order in which they are to be placed: all slabs of a cache together, a list of
	 * slabs from the end at which slab_place() does not add.
	 */
	struct vec(struct slab_survey_slab) slabs;
	struct vec(uint16_t) slots;
	struct vec(struct slab_survey_sheaf) sheaves;
	struct vec(uint64_t) sheaf_addrs; /**< recorded ones, the next to be taken first */
	/** Recorded addresses of objects that were in use and freed without an event, sorted. */
	struct vec(uint64_t) unseen_frees;
	struct slab_survey_losses losses;
	struct slab_survey_state *state;  /**< while it is being fed */
};

/** "survey" may still be growing, ahead of what will be fed here, and must outlive the feeding. */
void slab_survey_init(struct slab_survey *survey, const struct survey *frames);
void slab_survey_deinit(struct slab_survey *survey);
/** Looks at one batch, in the recording's order. */
void slab_survey_feed(struct slab_survey *survey, const struct repair *repair,
		      const struct repair_batch *batch);
/**
 * All has been fed: makes "slabs" and what belongs to them, for the geometry that caches have on
 * "recorded", the machine of the recording; anew when more became known of caches since.
 */
void slab_survey_make(struct slab_survey *survey, const struct repair *repair,
		      const struct machine_config *recorded);
/** The same for the last time: nothing can be fed any more. */
void slab_survey_finish(struct slab_survey *survey, const struct repair *repair,
			const struct machine_config *recorded);

/**
 * Corrects it by what files of the running machine say of that moment: how many objects were free
 * in slabs of nodes' lists. Where all slabs of a cache were seen and too few objects are free,
 * some that no event touches were, too; where too many are, some were in CPUs' lists or sheaves.
 */
void slab_survey_correct(struct slab_survey *survey, const struct slab_files *files,
			 const struct repair *repair, const struct event_names *names);
/** What slab_place() wants for "slab", as "cache" of a machine. Points into the survey. */
struct slab_start_page slab_survey_page(const struct slab_survey *survey,
					const struct slab_survey_slab *slab, uint32_t cache);
/** The recorded address of an object. */
static inline uint64_t slab_survey_ptr(const struct slab_survey *survey,
				       const struct slab_survey_slab *slab, unsigned int slot)
{
	return survey->base + slab->pfn * KERNEL_PAGE_SIZE + (uint64_t)slot * slab->size;
}
/** Slots in use at the beginning. */
static inline unsigned int slab_survey_nr_used(const struct slab_survey_slab *slab)
{
	return (unsigned int)slab->objects - slab->nr_free - slab->nr_sheaf;
}

#endif
