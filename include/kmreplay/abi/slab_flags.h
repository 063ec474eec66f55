/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a creator says of a slab cache: SLAB_* of include/linux/slab.h. Their bits differ between
 * releases, so they have numbers of our own here; what a recording holds is translated.
 */
#ifndef KMREPLAY_ABI_SLAB_FLAGS_H
#define KMREPLAY_ABI_SLAB_FLAGS_H

#include "kmreplay/abi/kernel.h"

enum slab_flags {
	SLAB_HWCACHE_ALIGN = 1 << 0,
	SLAB_RECLAIM_ACCOUNT = 1 << 1,    /**< reclaimable pages */
	SLAB_ACCOUNT = 1 << 2,            /**< each object is charged to a memory cgroup */
	SLAB_CACHE_DMA = 1 << 3,
	SLAB_CACHE_DMA32 = 1 << 4,
	SLAB_TYPESAFE_BY_RCU = 1 << 5,    /**< pages go back after a grace period */
	SLAB_NO_MERGE = 1 << 6,
	SLAB_NOLEAKTRACE = 1 << 7,        /**< never merged; no sheaves */
	SLAB_FAILSLAB = 1 << 8,           /**< never merged */
	SLAB_KMALLOC = 1 << 9,            /**< a size class of kmalloc() */
	SLAB_NO_SHEAVES = 1 << 10,        /**< straight to the slabs */
	SLAB_CONSISTENCY_CHECKS = 1 << 11,
	SLAB_RED_ZONE = 1 << 12,
	SLAB_POISON = 1 << 13,
	SLAB_STORE_USER = 1 << 14,
	SLAB_TRACE = 1 << 15,
	SLAB_NO_USER_FLAGS = 1 << 16,     /**< slab_debug= does not touch it */
	/** Any of these: no fast path, no cpu slab, no cpu partial list. */
	SLAB_DEBUG_FLAGS = SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON |
			   SLAB_STORE_USER | SLAB_TRACE,
};

/**
 * The flags "raw" that kernel "version" was given, as kmem_cache_create() has them. What says
 * nothing about a layout (SLAB_PANIC ...) is left out. Since 6.9 the numbers depend on the
 * configuration; read as those of a kernel with CONFIG_MEMCG and CONFIG_KFENCE, and without
 * CONFIG_DEBUG_OBJECTS, CONFIG_FAILSLAB and CONFIG_KASAN_GENERIC, as distributions build them.
 */
uint32_t slab_flags_decode(struct kernel_version version, uint32_t raw);

#endif
