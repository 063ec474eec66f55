/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * slab_debug= of the kernel's command line (slub_debug= until 6.8): which caches are checked, and
 * with what. A text of blocks separated by semicolons, each of flags and, after a comma, the caches
 * it is for: "FZ", "P,dentry", "U,kmalloc-*,dentry;FZ". Flags are letters: F consistency checks, Z
 * red zones, P poison, U who allocated and freed, T trace, A failslab, O no metadata for caches
 * whose slabs would have to grow by it, - none. No flags are F, Z, P and U.
 */
#ifndef KMREPLAY_MM_SLAB_DEBUG_H
#define KMREPLAY_MM_SLAB_DEBUG_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/slab_geometry.h"

/** "text" can be read; else false and "err". The kernel skips what it does not know. */
MUST_CHECK bool slab_debug_check(const char *text, struct error *err);
/** kmem_cache_flags(): "flags" of a cache called "name", and what "text" adds. */
uint32_t slab_debug_flags(const char *text, const char *name, uint32_t flags);
/**
 * What machine "config" makes of the wish "args": its debugging, and its will to align objects to
 * cache lines.
 */
struct slab_cache_args slab_debug_args(const struct machine_config *config,
				       const struct slab_cache_args *args);

#endif
