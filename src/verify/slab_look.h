/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the judge of slabs knows from reading ahead.
 */
#ifndef KMREPLAY_VERIFY_SLAB_LOOK_H
#define KMREPLAY_VERIFY_SLAB_LOOK_H

#include "slab_judge.h"

/** How a cache's slabs went. */
struct slab_look_gone {
	uint64_t nr;
	uint64_t direct; /**< right behind a free of the cache, in the same context */
};

/** How an object ends. */
enum slab_end {
	SLAB_END_SEEN,    /**< by an event, or nothing at its call site ever ends otherwise */
	SLAB_END_SILENT,  /**< without one: its address, or its slab's page, is used again */
	SLAB_END_UNKNOWN, /**< at a call site whose objects end silently, and nothing shows how */
};

struct slab_look_born {
	uint64_t event; /**< of the allocation, + 1 */
	uint32_t site;
};

/** An object freed that was never seen allocated. */
struct slab_look_unseen {
	uint64_t ptr;
	uint64_t since; /**< event that freed it before, low bits; 0: none */
	uint64_t freed;
};

struct slab_look {
	const struct repair *repair;
	const struct event_names *names;
	const struct slab_survey *slabs; /**< those of the beginning; NULL: none */
	uint64_t nr_events;
	bool sheaves; /**< this kernel has them */
	struct vec(struct slab_look_gone) gone; /**< by repair's id */
	struct vec(uint8_t) acpi;     /**< by repair's id */
	struct vec(uint64_t) silent;  /**< allocations that no event ends; sorted at last */
	struct vec(uint64_t) ended;   /**< a bit an event: what it allocated, an event ends */
	struct vec(uint8_t) sites;    /**< call sites with objects that end silently */
	struct vec(struct slab_look_born) born; /**< by slot */
	struct vec(struct slab_look_unseen) unseen; /**< sorted at last */
	struct u64map last_seen;      /**< with sheaves: address to its last event, low bits */
	struct u64map last_free;      /**< address to the event that freed it last */
	struct u64map last_of;        /**< context to the cache of which it freed an object last */
};

void *slab_look_create(const struct verify_setup *setup);
void slab_look_feed(void *look, const struct repair *repair, const struct repair_batch *batch);
void slab_look_finish(void *look);
void slab_look_destroy(void *look);
/** Pages of slabs of repair's "cache" go back after a grace period. NULL: nothing is known. */
bool slab_look_is_rcu(const struct slab_look *look, uint32_t cache);
/** Objects of repair's "cache" were freed by ACPI's acpi_os_release_object(). */
bool slab_look_is_acpi(const struct slab_look *look, uint32_t cache);
/** How the object ends that event "number" allocates at "site". */
enum slab_end slab_look_end(const struct slab_look *look, uint64_t number, uint32_t site);
/** The object at "ptr" was in use at the beginning and was freed before its first allocation. */
bool slab_look_freed_unseen(const struct slab_look *look, uint64_t ptr);
/** No event after "now" is about "ptr". */
bool slab_look_is_last(const struct slab_look *look, uint64_t ptr, uint64_t now);
/** The next thing that happens to "ptr" after event "now" is a free: so it is allocated unseen. */
bool slab_look_taken_unseen(const struct slab_look *look, uint64_t ptr, uint64_t now);

#endif
