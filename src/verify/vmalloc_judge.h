/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the vmalloc judge share. */
#ifndef KMREPLAY_VERIFY_VMALLOC_JUDGE_H
#define KMREPLAY_VERIFY_VMALLOC_JUDGE_H

#include "areas_look.h"

/** What a task has asked vmalloc() for and not got an area for yet. */
struct vmalloc_asked {
	struct vmap_call call; /**< the area as our rules ask for it: size and alignment */
	bool pending;
};

struct vmalloc_judge {
	struct verify_log *log;
	const struct verify_setup *setup;
	const struct areas_look *look; /**< may be NULL */
	bool given_start;
	struct vmalloc *v;
	struct percpu *percpu; /**< only for the areas that chunks consist of */
	uint64_t number;       /**< of the event at hand */

	struct areas_bounds vmalloc, modules; /**< for probes, which tell no bounds */
	struct u64map asked_of; /**< task to index in "asked" */
	struct vec(struct vmalloc_asked) asked;

	/* Free-running: where ours are. */
	struct u64map ours_of; /**< recorded address to index in "ours" */
	struct vec(uint64_t) ours;
	struct vec(uint32_t) spare; /**< indices of "ours" that are not in use */

	/* Purges */
	uint64_t recorded_lazy, recorded_max; /**< pages, of the last free; 0, 0: no event told */
	uint64_t lazy_bias;  /**< following: recorded lazy pages that ours does not have */
	int32_t full_pid;    /**< the task whose request failed: its purge empties the pools */
	bool failed;         /**< there is such a task */
	uint64_t nr_own;     /**< free-running: purges of ours that the recording has not had yet */
	bool purged_early;   /**< following: done when its effect was seen, its event is to come */
	bool bursting;       /**< "burst_pid" is freeing records in a purge that has no event */
	int32_t burst_pid;
	size_t next_drain;
	struct areas_sites sites;
};

/* vmalloc_start.c */

/** What is in use at the first event. */
void vmalloc_judge_start(struct vmalloc_judge *j);

/* vmalloc_tell.c: the texts of stories. "call" was judged; nothing has changed since. */

void vmalloc_tell_alloc(const struct vmalloc_judge *j, struct verify_story *story,
			const struct vmap_call *call, struct mm_outcome choice, uint64_t recorded);
void vmalloc_tell_chunk(const struct vmalloc_judge *j, struct verify_story *story,
			struct mm_outcome choice, uint64_t recorded);
void vmalloc_tell_size(struct verify_story *story, const struct vmap_call *asked, uint64_t size,
		       uint64_t align);
void vmalloc_tell_lazy(const struct vmalloc_judge *j, struct verify_story *story,
		       const struct event *ev, uint64_t lazy);
void vmalloc_tell_purge(const struct vmalloc_judge *j, struct verify_story *story,
			const struct event *ev, bool predicted);
void vmalloc_tell_purged(struct verify_story *story, const struct event *ev,
			 const struct vmap_purged *purged);

#endif
