/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Lists of slabs, and how slabs come to stand on them: slab_partial.c. */
#ifndef KMREPLAY_MM_SLAB_PARTIAL_H
#define KMREPLAY_MM_SLAB_PARTIAL_H

#include "slab_internal.h"

/** Makes "page" the CPU's slab and its free objects the CPU's. */
void slab_install(struct slab_request *rq, struct slab_page *page);
/** deactivate_slab() of the CPU's slab, which must be there. */
void slab_deactivate(struct slab_cache *cache, struct slab_allocator *slab, unsigned int cpu,
		     struct mm_outcome *out);
/** The first half of it: the slab is nobody's, in no list, all its free objects on its own list. */
void slab_release(struct slab_cache *cache, unsigned int cpu);
/** put_cpu_partial(): may drain the list to the nodes when "drain". */
void slab_put_cpu_partial(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
			  bool drain, struct mm_outcome *out);
/** A partial slab that left its CPU: to its node's tail, or given back when empty and too many. */
void slab_put_node_partial(struct slab_allocator *slab, struct slab_page *page, unsigned int cpu,
			   struct mm_outcome *out);
void slab_node_add(struct slab_page *page, bool tail);
void slab_node_del(struct slab_page *page);
/** get_partial(): the next cpu slab, taken off its list, or NULL. */
struct slab_page *slab_get_partial(struct slab_request *rq, uint32_t gfp);
/** get_partial() of debug caches: the slab to take one object from; it stays on its list. */
struct slab_page *slab_peek_partial(struct slab_request *rq, uint32_t gfp);
/** flush_all(), sheaves and barns included. */
void slab_flush_all(struct slab_allocator *slab, struct slab_cache *cache);
/**
 * __kmem_cache_shutdown(), after the flush: gives back the empty slabs on node partial lists, node
 * by node; false, leaving later nodes alone, where one keeps slabs.
 */
bool slab_free_empty(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu);

#endif
