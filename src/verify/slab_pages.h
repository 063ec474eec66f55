/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Slabs that come and go, and caches that are flushed (slab_pages.c, slab_flush.c).
 */
#ifndef KMREPLAY_VERIFY_SLAB_PAGES_H
#define KMREPLAY_VERIFY_SLAB_PAGES_H

#include "kmreplay/core/base.h"

struct event;
struct slab_judge;
struct slab_known;
struct slab_limbo;
struct slab_step;

/** Which of the slabs that we gave back at this step does the kernel give back, too? */
void slab_pages_settle(struct slab_judge *j, const struct slab_step *step);
/** We gave a slab back that the kernel kept: it stands, empty, at the end of its node's list. */
void slab_pages_restore(struct slab_judge *j, const struct slab_limbo *limbo);
/**
 * A new slab of "cache" comes with, or shows at, "ev": loose. NULL: it cannot be of this cache, or
 * lies over another. Valid until the next slab comes.
 */
struct slab_known *slab_pages_buy(struct slab_judge *j, const struct event *ev, uint32_t cache,
				  uint64_t pfn, unsigned int order);
/**
 * The kernel buys a slab on "cpu", so it found nothing where we would take from. Where that is the
 * CPU's own slab, or was passed over before, it is our picture that is wrong: those objects were
 * allocated unseen. What another CPU has just put there it may have found too late.
 */
void slab_pages_clear(struct slab_judge *j, uint32_t cache, unsigned int cpu);
/** The kernel gives "known" back: if that is a flush of its cache, that is done now. */
bool slab_flush_at(struct slab_judge *j, const struct slab_step *step,
		   const struct slab_known *known);

#endif
