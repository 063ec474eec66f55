/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Vectors of owners, beside slabs whose objects are charged to memory cgroups. */
#ifndef KMREPLAY_MM_SLAB_MEMCG_H
#define KMREPLAY_MM_SLAB_MEMCG_H

#include "slab_internal.h"

/** account_slab(): "page" was bought with "gfp". Costs go to the request. */
void slab_memcg_new_page(struct slab_request *rq, struct slab_page *page, uint32_t gfp);
/** __memcg_slab_post_alloc_hook() of the object in "out"; returns it with the costs added. */
struct mm_outcome slab_memcg_charge(struct slab_allocator *slab, unsigned int cpu, uint32_t gfp,
				    struct mm_outcome out);
/** unaccount_slab(): what was kmalloc()ed for "page" goes. */
struct mm_outcome slab_memcg_free(struct slab_allocator *slab, struct slab_page *page,
				  unsigned int cpu);
/** The slab's vector is what it says. */
bool slab_memcg_check(const struct slab_allocator *slab, const struct slab_page *page);

#endif
