/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the judge of slabs tells people.
 */
#ifndef KMREPLAY_VERIFY_SLAB_STORY_H
#define KMREPLAY_VERIFY_SLAB_STORY_H

#include "slab_judge.h"

/** An allocation: what we would take, and what the kernel took. */
struct slab_picked {
	uint32_t cache;
	unsigned int cpu;
	uint64_t addr; /**< recorded, as ours */
	struct slab_next next;
};

/** A slab that we, the kernel, or both gave back. */
struct slab_gone {
	uint64_t pfn;
	uint32_t cache;
	bool happened, predicted;
};

void slab_story_alloc(struct slab_judge *j, struct verify_story *story,
		      const struct slab_picked *p);
void slab_story_new(struct slab_judge *j, struct verify_story *story, uint32_t cache,
		    unsigned int cpu, const struct slab_next *next);
/** "story" may be NULL. */
void slab_story_discard(struct slab_judge *j, struct verify_story *story,
			const struct slab_gone *gone, unsigned int cpu);

#endif
