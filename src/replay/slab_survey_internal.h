/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the parts of the look at slabs share: slab_survey.c notes first events of objects by frame,
 * slab_survey_join.c makes slabs of frames, slab_survey_place.c puts slabs on lists,
 * slab_survey_sheaf.c objects into sheaves.
 */
#ifndef KMREPLAY_REPLAY_SLAB_SURVEY_INTERNAL_H
#define KMREPLAY_REPLAY_SLAB_SURVEY_INTERNAL_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/replay/slab_survey.h"

enum { SIGHT_NONE = UINT32_MAX };

/** The first event of an object. */
struct slab_sight {
	uint64_t event;
	uint32_t next;   /**< of the same frame, later; SIGHT_NONE: the last */
	uint16_t offset; /**< in its frame, in bytes */
	uint16_t cpu;
	uint16_t slot;   /**< in its slab, once that is known */
	bool freed;      /**< it was a free, else an allocation */
};

/** A frame that was in use at the beginning and in which objects lie. */
struct slab_frame {
	uint64_t pfn;
	uint64_t seen[KERNEL_PAGE_SIZE / 8 / 64]; /**< offsets, in words */
	uint64_t gone;     /**< event that gave it back, UINT64_MAX: none */
	uint64_t gone_pfn; /**< first page of the block that was given back */
	uint32_t first, last; /**< of its sights */
	uint32_t cache;    /**< repair's id; 0: not known */
	uint32_t bought;   /**< purchase that it came with, + 1; 0: none, it was there */
	uint8_t gone_order;
};

enum { FRAME_CHUNK_SHIFT = 9, FRAME_CHUNK = 1 << FRAME_CHUNK_SHIFT };

/** What is known of the frames of 2 MiB. */
struct slab_frame_chunk {
	uint32_t of[FRAME_CHUNK]; /**< FRAME_UNKNOWN, FRAME_NOT, or FRAME_FIRST + its number */
};

enum {
	FRAME_UNKNOWN,
	FRAME_NOT, /**< was free at the beginning, or has gone since */
	FRAME_FIRST,
};

/** Slabs of a cache that were made in the recording, by order. */
struct slab_orders {
	uint32_t nr[KERNEL_NR_ORDERS];
};

/** An event that cannot be understood before the direct map is known. */
struct slab_early {
	uint64_t event;
	uint64_t at;    /**< address of an object, pfn of a block that is given back */
	uint32_t cache;
	uint16_t cpu;
	uint8_t kind;   /**< enum slab_sight_kind */
	uint8_t order;
};

/** A slab that a CPU bought for a cache in the recording. */
struct slab_purchase {
	uint64_t event;
	uint64_t last_virgin; /**< last first use of one of its objects by the CPU; 0: none */
	uint32_t cache; /**< repair's id */
	uint32_t cpu;
	bool over;      /**< the CPU has bought again since it used it first */
};

/** A CPU's purchases for one cache. */
struct slab_buyer {
	uint32_t nr;
	uint32_t first; /**< of those whose objects lie in the CPU's sheaf now */
};

enum slab_sight_kind { SIGHT_ALLOC, SIGHT_FREE, SIGHT_GONE, SIGHT_BOUGHT };

struct slab_survey_state {
	const struct survey *frames_seen;
	uint64_t nr_events;
	struct u64map chunk_index; /**< pfn >> FRAME_CHUNK_SHIFT to number in "chunks" */
	struct vec(struct slab_frame_chunk *) chunks;
	struct vec(struct slab_frame) frames;
	struct vec(struct slab_sight) sights;
	struct vec(struct slab_orders) orders; /**< by repair's id */
	struct vec(struct slab_early) early;
	struct vec(struct slab_purchase) purchases; /**< by event, later by cache and event */
	struct vec(struct slab_buyer) buyers;
	struct u64map buyer_index;  /**< cache and CPU to index in "buyers" */
	bool overflow; /**< more events than are kept came before the direct map was known */
};

/** An object that was free, while its cache's slabs are put in order. */
struct slab_free_object {
	uint64_t event; /**< of its allocation */
	uint64_t rank;  /**< when it leaves its slab */
	uint32_t slab;  /**< which of the cache's */
	uint32_t cpu;
	uint16_t slot;
	bool in_sheaf;  /**< it has left its slab already */
	bool unseen;    /**< it was in use, and was freed without an event */
};

/** All slabs of one cache: those from "first" on, in no order, their free slots in "objects". */
struct slab_survey_cache {
	struct slab_geometry geometry;
	bool single; /**< no cpu slabs in this kernel */
	size_t first;
	struct slab_free_object *objects; /**< by slab, then by event */
	size_t nr_objects;
	const struct slab_purchase *purchases; /**< by event */
	size_t nr_purchases;
};

/** Frame "pfn" may have been in use at the beginning. */
static inline bool slab_survey_may_be(const struct slab_survey_state *state, uint64_t pfn)
{
	const enum survey_state seen = survey_state_of(state->frames_seen, pfn);

	return seen == SURVEY_USED || seen == SURVEY_UNTOUCHED;
}

/** slab_survey_join.c: makes "slabs" and all that belongs to them. */
void slab_survey_join(struct slab_survey *survey, const struct repair *repair,
		      const struct machine_config *recorded);
/** slab_survey_place.c: places and sorts the slabs of one cache, and fills its sheaves. */
void slab_survey_place(struct slab_survey *survey, const struct slab_survey_cache *cache);
/** slab_survey_sheaf.c: a slab was bought; "cpu" had nothing left. False: that is not wanted. */
bool slab_survey_note_purchase(struct slab_survey_state *state, const struct slab_early *what);
/** slab_survey_sheaf.c: an object of a bought slab is used for the first time. */
void slab_survey_note_virgin(struct slab_survey_state *state, uint32_t purchase,
			     const struct slab_early *what);
/** slab_survey_sheaf.c: fills the sheaves of one cache, and ranks what stays in slabs. */
void slab_survey_fill_sheaves(struct slab_survey *survey, const struct slab_survey_cache *cache);
/** slab_survey_place.c: slabs "first" to "end" - 1, all of one cache, as they are to be placed. */
void slab_survey_sort(struct slab_survey *survey, size_t first, size_t end);

#endif
