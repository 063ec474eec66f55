/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Slabs of the recording, by page, and what is known of their objects.
 */
#ifndef KMREPLAY_VERIFY_SLAB_KNOWN_H
#define KMREPLAY_VERIFY_SLAB_KNOWN_H

#include "kmreplay/core/base.h"

struct slab_judge;

/** What is known of a slot. */
enum slab_slot_flags {
	SLOT_VIRGIN = 1 << 0, /**< not used since its slab was new */
	SLOT_GUESS = 1 << 1,  /**< allocated unseen, and it may have been another one of its slab */
};

#define SLAB_NO_SLOT UINT16_MAX

/** A slab of the recording. */
struct slab_known {
	uint64_t pfn;
	uint64_t born;        /**< event that brought it; UINT64_MAX: it was there before */
	uint64_t number;      /**< of its cache's slabs, as they were bought; UINT64_MAX: unknown */
	uint32_t cache;       /**< of the allocator */
	uint16_t objects;
	uint16_t last;        /**< virgin slot taken last */
	uint8_t order;
	bool live;            /**< in use: not a free entry of the table */
	uint8_t passed;       /**< times that the kernel passed it over */
	bool loose;           /**< bought, not yet installed */
	bool predicted;       /**< a new slab was what we would have taken */
	int16_t freed_by;     /**< CPU of the last remote free */
	uint16_t buyer_cpu;
	uint64_t buyer;       /**< context that bought it */
	uint64_t freed_at;    /**< event of that free */
	uint8_t *slots;       /**< enum slab_slot_flags */
};

/** What is known of a cache of the allocator. */
struct slab_cache_known {
	uint32_t origin;      /**< repair's id */
	bool rcu;             /**< its pages go back after a grace period */
	bool kmalloc;         /**< a size class */
	bool prefills;        /**< its only user fills sheaves ahead: lib/maple_tree.c */
	bool acpi;            /**< it is, or is merged with, a cache of ACPI's */
	uint16_t *next;       /**< by slot: what follows it in a virgin list, or SLAB_NO_SLOT */
	uint16_t objects;     /**< of "next" */
	uint64_t nr_slabs;
	uint64_t next_number;
	uint64_t passed_over; /**< object on top of a sheaf that was not taken the last time */
};

/** The slab around "addr" (ours), or NULL; valid until the next slab comes. */
struct slab_known *slab_known_at(struct slab_judge *j, uint64_t addr);
struct slab_known *slab_known_add(struct slab_judge *j, uint64_t pfn, unsigned int order,
				  uint32_t cache, bool virgin);
/** There may be a slab there: those frames exist, and no other is in them. */
bool slab_known_fits(const struct slab_judge *j, uint64_t pfn, unsigned int order);
/** Numbers it as the next slab that its cache bought. */
void slab_known_number(struct slab_judge *j, struct slab_known *known);
void slab_known_remove(struct slab_judge *j, struct slab_known *known);
/** Slot of "addr"; SLAB_NO_SLOT: no object begins there. */
uint16_t slab_known_slot(const struct slab_judge *j, const struct slab_known *known, uint64_t addr);
uint64_t slab_known_addr(const struct slab_judge *j, const struct slab_known *known, uint16_t slot);
struct slab_cache_known *slab_cache_known(struct slab_judge *j, uint32_t cache);
/** The virgin slot that comes next in "known"; SLAB_NO_SLOT: not known. */
uint16_t slab_known_next(struct slab_judge *j, const struct slab_known *known);
/** Virgin "slot" was taken; counts those that were passed over, and calls "passed" for each. */
void slab_known_taken(struct slab_judge *j, struct slab_known *known, uint16_t slot,
		      void (*passed)(struct slab_judge *j, struct slab_known *known,
				     uint16_t slot));

#endif
