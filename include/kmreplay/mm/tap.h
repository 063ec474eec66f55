/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Hearing of an allocator's calls as a recording kernel would: each call and each request of one
 * layer to another, at the moment at which the kernel's tracepoint fires. Off, and next to free,
 * until somebody listens. Who listens may ask the machine, and not call it.
 */
#ifndef KMREPLAY_MM_TAP_H
#define KMREPLAY_MM_TAP_H

#include "kmreplay/core/base.h"

enum mm_tap_kind {
	MM_TAP_KMALLOC,      /**< addr, size, given, gfp, node */
	MM_TAP_KFREE,        /**< addr */
	MM_TAP_CACHE_ALLOC,  /**< addr, size, given, gfp, node, cache */
	MM_TAP_CACHE_FREE,   /**< addr, cache */
	MM_TAP_PAGE_ALLOC,   /**< addr: pfn; order, gfp, type */
	MM_TAP_PAGE_FREE,    /**< addr: pfn; order */
	MM_TAP_VMAP_ALLOC,   /**< addr, size, align, start, end */
	MM_TAP_VMAP_FREE,    /**< addr; size: lazy pages, given: more than these start a purge */
	MM_TAP_VMAP_PURGE,   /**< start, end, size: areas */
	MM_TAP_PERCPU_ALLOC, /**< addr, start: the chunk; size, align, gfp, reserved */
	MM_TAP_PERCPU_FREE,  /**< addr, start: the chunk */
	MM_TAP_CHUNK_CREATE, /**< start */
	MM_TAP_CHUNK_DESTROY, /**< start */
};

struct mm_tapped {
	enum mm_tap_kind kind;
	unsigned int cpu;
	bool failed;      /**< "addr" means nothing */
	bool reserved;
	int16_t node;     /**< asked for; -1: any */
	uint8_t order;
	uint8_t type;     /**< enum migratetype asked for */
	uint32_t gfp;
	const char *cache; /**< its name; until the call returns */
	uint64_t addr;
	uint64_t size, given; /**< bytes asked for; that the object takes */
	uint64_t align, start, end;
};

struct mm_tap {
	void (*tell)(void *ctx, const struct mm_tapped *call);
	void *ctx;
};

/** "tap" may be NULL: nobody listens. */
static inline void mm_tap(const struct mm_tap *tap, const struct mm_tapped *call)
{
	if (unlikely(tap))
		tap->tell(tap->ctx, call);
}

#endif
