/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kmalloc() is dressed up as: kzalloc(), kmalloc_array(), kcalloc(), krealloc(),
 * kfree_sensitive(), kmalloc_size_roundup() of include/linux/slab.h, mm/slab_common.c and (since
 * 6.13) mm/slub.c. Left out: what they do to contents.
 */
#include <config.h>

#include "kmreplay/mm/kmalloc.h"

#include "slab_internal.h"

#include "kmreplay/core/bits.h"

static bool fits(const struct slab_allocator *slab, uint64_t addr, uint64_t size, uint32_t gfp,
		 int node);
static uint64_t room(const struct slab_allocator *slab, uint64_t addr);

uint64_t slab_size_max(const struct slab_allocator *slab)
{
	return UINT64_MAX >> (64 - 8 * slab_geometry_word(slab->config.arch));
}

uint64_t slab_size_mul(const struct slab_allocator *slab, uint64_t nr, uint64_t size)
{
	uint64_t product;

	if (__builtin_mul_overflow(nr, size, &product) || product > slab_size_max(slab))
		return slab_size_max(slab);
	return product;
}

uint64_t slab_kmalloc_roundup(const struct slab_allocator *slab, uint64_t size)
{
	const uint32_t cache = slab_kmalloc_class(slab, size, GFP_BITS_KERNEL);

	if (cache != SLAB_CACHE_NONE)
		return slab_cache_geometry(slab, cache)->object_size;
	if (!size || size > SLAB_KMALLOC_MAX_SIZE)
		return size;
	return (uint64_t)KERNEL_PAGE_SIZE << bits_get_order(size);
}

struct mm_outcome slab_kzalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t size,
			       uint32_t gfp, int node, unsigned int context)
{
	return slab_kmalloc(slab, cpu, size, gfp | GFP_BIT_ZERO, node, context);
}

struct mm_outcome slab_kmalloc_array(struct slab_allocator *slab, unsigned int cpu, uint64_t nr,
				     uint64_t size, uint32_t gfp, int node)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes) || bytes > slab_size_max(slab))
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	return slab_kmalloc(slab, cpu, bytes, gfp, node, 0);
}

struct mm_outcome slab_kcalloc(struct slab_allocator *slab, unsigned int cpu, uint64_t nr,
			       uint64_t size, uint32_t gfp, int node)
{
	return slab_kmalloc_array(slab, cpu, nr, size, gfp | GFP_BIT_ZERO, node);
}

struct mm_outcome slab_krealloc(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				uint64_t size, uint32_t gfp, int node)
{
	const bool nothing = !addr || addr == SLAB_ZERO_SIZE_PTR;
	struct mm_outcome out;

	if (!size) {
		out = slab_free(slab, cpu, addr);
		out.addr = mm_ok(out) ? SLAB_ZERO_SIZE_PTR : 0;
		return out;
	}
	if (!slab->profile->krealloc_node)
		node = -1;
	if (nothing)
		return slab_kmalloc(slab, cpu, size, gfp, node, 0);
	if (!slab_is_live(slab, addr))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	if (fits(slab, addr, size, gfp, node))
		return (struct mm_outcome){ .addr = addr };
	out = slab_kmalloc(slab, cpu, size, gfp, node, 0);
	if (mm_ok(out))
		slab_add_page_cost(&out, slab_free(slab, cpu, addr));
	return out;
}

struct mm_outcome slab_krealloc_array(struct slab_allocator *slab, unsigned int cpu, uint64_t addr,
				      uint64_t nr, uint64_t size, uint32_t gfp)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes) || bytes > slab_size_max(slab))
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	return slab_krealloc(slab, cpu, addr, bytes, gfp, -1);
}

struct mm_outcome slab_kfree_sensitive(struct slab_allocator *slab, unsigned int cpu,
				       uint64_t addr)
{
	return slab_free(slab, cpu, addr);
}

/* __do_krealloc(): may the live object at "addr" stay? */
static bool fits(const struct slab_allocator *slab, uint64_t addr, uint64_t size, uint32_t gfp,
		 int node)
{
	if (node >= 0 && (gfp & GFP_BIT_THISNODE) &&
	    node != slab_pfn_node(slab, slab_addr_pfn(slab, addr)))
		return false;
	return size <= room(slab, addr);
}

/* Until 6.12 all that ksize() tells may be used, since then only what the cache was made for. */
static uint64_t room(const struct slab_allocator *slab, uint64_t addr)
{
	const uint32_t cache = slab_cache_of(slab, addr);

	if (cache == SLAB_CACHE_NONE || !slab->profile->krealloc_object_size)
		return slab_ksize(slab, addr);
	return slab_cache_geometry(slab, cache)->object_size;
}
