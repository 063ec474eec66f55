/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The rest of the kmalloc() family (include/linux/slab.h of the kernel): arrays, zeroed memory,
 * changing the size of what was allocated. slab.h has kmalloc() itself, kfree() and ksize().
 *
 * A size_t has the width of the machine's architecture: what does not fit is an overflow there, and
 * fails. Calls without "context" are made in process context. Contents do not exist here, so what
 * only matters for them costs nothing: zeroing, copying.
 */
#ifndef KMREPLAY_MM_KMALLOC_H
#define KMREPLAY_MM_KMALLOC_H

#include "kmreplay/mm/slab.h"

/** SIZE_MAX of the machine. */
uint64_t slab_size_max(const struct slab_allocator *slab);
/** size_mul(): "nr" times "size" bytes; slab_size_max() when that is too much. */
uint64_t slab_size_mul(const struct slab_allocator *slab, uint64_t nr, uint64_t size);
/**
 * kmalloc_size_roundup(): the bytes that kmalloc() of "size" bytes would give; 0 for 0, and "size"
 * itself where it would give nothing.
 */
uint64_t slab_kmalloc_roundup(const struct slab_allocator *slab, uint64_t size);

/** kzalloc_node(): slab_kmalloc() with __GFP_ZERO, which decides about pages of large objects. */
struct mm_outcome slab_kzalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t size,
			       uint32_t gfp, int node, unsigned int context);
/** kmalloc_array_node(): ORDER, as of any size that is too large, when the product overflows. */
struct mm_outcome slab_kmalloc_array(struct slab_allocator *slab, unsigned int cpu, uint64_t nr,
				     uint64_t size, uint32_t gfp, int node);
/** kcalloc_node(): the same, zeroed. */
struct mm_outcome slab_kcalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t nr,
			       uint64_t size, uint32_t gfp, int node);
/**
 * krealloc_node(): "addr" itself while it is large enough, also when much less is wanted; else a
 * new object, after which the old one is gone. NULL and SLAB_ZERO_SIZE_PTR: a new one. Size 0:
 * frees, and gives SLAB_ZERO_SIZE_PTR. "node" counts since 7.0 only, where __GFP_THISNODE moves
 * what lies elsewhere. On failure the old object stays; INVALID: there is none at "addr".
 */
struct mm_outcome slab_krealloc(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				uint64_t size, uint32_t gfp, int node);
/** krealloc_array(): ORDER, with the old object left alone, when the product overflows. */
struct mm_outcome slab_krealloc_array(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				      uint64_t nr, uint64_t size, uint32_t gfp);
/** kfree_sensitive(): slab_free(), after wiping. */
struct mm_outcome slab_kfree_sensitive(struct slab_allocator *slab, unsigned int cpu,
				       uint64_t addr);

#endif
