/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the vmalloc judge share. */
#ifndef KMREPLAY_VERIFY_VMALLOC_JUDGE_H
#define KMREPLAY_VERIFY_VMALLOC_JUDGE_H

#include "areas_look.h"
#include "places.h"
#include "vmalloc_guess.h"
#include "vmalloc_pages.h"

/** What a task has asked vmalloc() for and not got an area for yet. */
struct vmalloc_asked {
	struct vmap_call call; /**< the area as our rules ask for it: size and alignment */
	bool pending;
};

/** A free whose number of lazy pages is not ours, which the next free may explain. */
struct vmalloc_crossed {
	struct event ev;
	uint64_t number;       /**< of the event */
	uint64_t before, lazy; /**< pages that are lazy in ours, before and behind it */
	bool pending;
};

struct vmalloc_judge {
	struct verify_log *log;
	const struct verify_setup *setup;
	const struct areas_look *look; /**< may be NULL */
	bool given_start;
	bool from_nothing; /**< nothing was in use at the first event */
	struct vmalloc *v;
	struct percpu *percpu; /**< only for the areas that chunks consist of */
	uint64_t number;       /**< of the event at hand */

	struct areas_bounds vmalloc, modules; /**< for probes, which tell no bounds */
	struct u64map asked_of;		      /**< task to index in "asked" */
	struct vec(struct vmalloc_asked) asked;

	struct places areas; /**< free-running */
	struct vmalloc_guesses guesses;
	struct vmalloc_pages pages;

	/* Purges */
	uint64_t recorded_lazy, recorded_max; /**< pages, of the last free; 0, 0: no event told */
	struct vmalloc_crossed crossed;
	uint64_t lazy_bias; /**< following: recorded lazy pages that ours does not have */
	int32_t full_pid;   /**< the task whose request failed: its purge empties the pools */
	bool failed;	    /**< there is such a task */
	uint64_t nr_own;    /**< free-running: purges of ours that the recording has not had yet */
	bool purged_early;  /**< following: done when its effect was seen, its event is to come */
	bool bursting;	    /**< "burst_pid" is freeing records in a purge that has no event */
	int32_t burst_pid;
	size_t next_drain;
	struct areas_sites sites;
};

/** Following: takes the recorded area, in the way our allocator does if that comes to the same. */
void vmalloc_follow(struct vmalloc_judge *j, const struct vmap_call *call,
		    struct mm_outcome choice, uint64_t recorded);
/**
 * What an event will tell of "guess" has been decided by now; its events may be crossed with those
 * of another CPU. Places it if ours comes out as the kernel's; else false: the event shall tell.
 */
bool vmalloc_place_early(struct vmalloc_judge *j, const struct area_guess *guess);
/** Free-running: the area recorded at "recorded" (0: none) is at "ours". */
void vmalloc_hold(struct vmalloc_judge *j, uint64_t recorded, uint64_t ours);
struct verify_what vmalloc_what(const struct vmalloc_judge *j, const struct event *ev,
				const char *path);

/* vmalloc_asked.c */

void vmalloc_on_request(struct vmalloc_judge *j, const struct event *ev);
void vmalloc_on_vmap(struct vmalloc_judge *j, const struct event *ev);
void vmalloc_on_return(struct vmalloc_judge *j, const struct event *ev);
/** The alignment of the area of "size" bytes that a probe shows. */
uint64_t vmalloc_align_of(struct vmalloc_judge *j, const struct event *ev, uint64_t size);
/** Judges the size of the area of "call", where a probe told what was asked for. */
void vmalloc_judge_size(struct vmalloc_judge *j, const struct event *ev,
			const struct vmap_call *call);

/* vmalloc_purge.c */

void vmalloc_on_purge(struct vmalloc_judge *j, const struct event *ev);
/** kmem_cache_free of what may be the record of an area. */
void vmalloc_on_record_free(struct vmalloc_judge *j, const struct event *ev);
/** Lazy pages, as far as the recording is followed. */
uint64_t vmalloc_lazy_now(const struct vmalloc_judge *j);
/** Judges the number of lazy pages that the free "ev" leaves behind; there were "before". */
void vmalloc_judge_lazy(struct vmalloc_judge *j, const struct event *ev, uint64_t before);
/** Nothing comes any more that could explain a difference. */
void vmalloc_settle_lazy(struct vmalloc_judge *j);
/** Free-running: the drain work has its turn before the next call. */
void vmalloc_run_own_purge(struct vmalloc_judge *j);

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
