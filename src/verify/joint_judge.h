/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The judge of slabs and pages together, as its files share it: joint.c (its ends, and the page
 * layer's calls in order), joint_pages.c (pages on their way between the two).
 */
#ifndef KMREPLAY_SRC_VERIFY_JOINT_JUDGE_H
#define KMREPLAY_SRC_VERIFY_JOINT_JUDGE_H

#include "joint_owner.h"
#include "page_judge.h"
#include "slab_free.h"

/** A page that the kernel's slabs asked for and ours have not, so far. */
struct joint_want {
	uint64_t number;  /**< of its mm_page_alloc */
	uint64_t object;  /**< event of the object that it was asked for */
	uint64_t pfn;
	uint64_t context;
	uint32_t cache;   /**< of the allocator */
	uint8_t order;
};

/** A page that ours asked for when the kernel did: the object's own event is still to come. */
struct joint_page {
	uint64_t pfn;     /**< ours */
	uint64_t context;
	uint32_t cache;
	uint8_t order;
};

/** A slab that ours gave back; its page goes when the kernel's does. */
struct joint_gone {
	uint64_t pfn;     /**< ours */
	uint64_t number;  /**< of the slab in its cache */
	uint64_t by;      /**< event that did it */
	uint32_t cache;
	uint16_t cpu;
	uint8_t order;
	bool settled;     /**< the kernel's side of that event is known */
	bool excess;      /**< the kernel gave back none for it */
};

/** A recorded mm_page_free of a slab, and what of ours it stands for. */
struct joint_back {
	uint64_t pfn;     /**< ours; PAGE_FOLLOW_NONE: ours keeps its slab */
	uint8_t order;
};

/** A recorded mm_page_free of a slab that is still in use: what comes of it, its event shows. */
struct joint_open {
	bool open;
	uint64_t event;
	struct joint_gone like; /**< the kernel's slab */
	uint64_t pfn;           /**< its page */
	uint64_t judged, right; /**< discards, by the slab layer's judge, before it */
	uint8_t order;
};

struct joint_judge {
	struct verify_setup setup;
	struct verify_log *log;
	bool follow;
	struct page_judge *pages;
	struct slab_judge *slabs;
	struct verify_log page_log, slab_log; /**< of the two: told elsewhere */
	struct joint_owner_judge owners;
	struct page_join page_join;
	struct slab_join slab_join;
	struct page_op none;      /**< stands for requests that are in no recording */
	struct vec(struct joint_want) wants;
	struct vec(struct joint_page) ahead;
	struct vec(struct joint_gone) gone;
	struct u64map held;       /**< ours: first page of a slab to its cache and order */
	struct u64map backs;      /**< event of a page's free to index in "back" */
	struct vec(struct joint_back) back;
	struct vec(uint32_t) spare_backs;
	struct joint_open open;
};

/* joint_pages.c */

void joint_pages_init(struct joint_judge *j);
void joint_pages_deinit(struct joint_judge *j);
/** The page layer comes to a recorded request for a slab of "cache". */
void joint_pages_asked(struct joint_judge *j, struct page_op *op, uint32_t cache);
/** Event "number" is next: what should have been asked for before it was not. */
void joint_pages_missed(struct joint_judge *j, uint64_t number);
/**
 * The next event is a mm_page_free: if it is of a slab, which page of ours is that? False: that is
 * known behind the event only, when joint_pages_close() is to be called.
 */
bool joint_pages_resolve(struct joint_judge *j, const struct slab_step *step);
void joint_pages_close(struct joint_judge *j);
/** What was found of the mm_page_free of event "number"; false: it is not of a slab. */
bool joint_pages_back(struct joint_judge *j, uint64_t number, struct joint_back *ret);
/** struct slab_join */
struct mm_outcome joint_pages_alloc(void *ctx, uint32_t cache, unsigned int cpu, uint32_t gfp,
				    unsigned int order, int node);
void joint_pages_place(void *ctx, const struct slab_start_page *page);
void joint_pages_free(void *ctx, uint64_t number, unsigned int cpu, uint64_t pfn);
void joint_pages_settle(void *ctx, const uint64_t *numbers, size_t nr);

#endif
