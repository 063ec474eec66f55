/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a caller's mask to those of the page requests behind it: allocate_slab(),
 * ___kmalloc_large_node(), __kvmalloc_node(), __vmalloc_area_node(), mempool_alloc() and
 * __page_frag_cache_refill() of 6.1, 6.12 and 7.2.
 */
#include <config.h>

#include "kmreplay/mm/gfp_derive.h"

/* What both GFP_TRANSHUGE masks have and hardly any other. */
#define HUGE_PAGE                                                                             \
	((uint32_t)(GFP_BIT_MOVABLE | GFP_BIT_COMP | GFP_BIT_NOMEMALLOC | GFP_BIT_NOWARN |     \
		    GFP_BIT_HARDWALL))

static const struct kernel_version seven = { 7, 0 }, six_ten = { 6, 10 }, six_nine = { 6, 9 };

static void add(struct gfp_derivation *ret, unsigned int *nr, const char *who, const char *when,
		uint32_t gfp);

unsigned int gfp_derive(struct kernel_version version, uint32_t gfp,
			struct gfp_derivation ret[static GFP_MAX_DERIVATIONS])
{
	const uint32_t own = kernel_version_cmp(version, six_ten) < 0 ? 0 : GFP_BIT_COMP;
	const uint32_t slab = gfp_of_slab(gfp, own);
	const uint32_t pool = gfp_of_mempool(gfp);
	unsigned int nr = 0;

	add(ret, &nr, "a slab cache's new slab", "first try, at an order above its least",
	    gfp_of_slab_first(slab | GFP_BIT_COMP, true));
	add(ret, &nr, "a slab cache's new slab", "first try, at its least order",
	    gfp_of_slab_first(slab, false));
	add(ret, &nr, "a slab cache's new slab", "second try", slab);
	add(ret, &nr, "kmalloc() above 8 KiB", "always", gfp_of_large_kmalloc(gfp));
	add(ret, &nr, "kvmalloc() above 4 KiB", "first, as kmalloc()",
	    gfp_of_kvmalloc(version, gfp));
	add(ret, &nr, "kvmalloc(), vmalloc()", "each page of the area", gfp_of_vmalloc(gfp));
	add(ret, &nr, "a mempool", "first try", gfp_of_mempool_first(pool));
	if (gfp & GFP_BIT_DIRECT_RECLAIM)
		add(ret, &nr, "a mempool", "when the pool is empty, too", pool);
	add(ret, &nr, "a page fragment's page", "first try, 32 KiB",
	    gfp_of_page_frag(version, gfp));
	if ((gfp & HUGE_PAGE) == HUGE_PAGE) {
		add(ret, &nr, "a huge page's fault", "first, on its own node",
		    gfp | GFP_BIT_THISNODE | GFP_BIT_NORETRY);
		if (gfp & GFP_BIT_DIRECT_RECLAIM)
			add(ret, &nr, "a huge page's fault", "then, on any", gfp);
	}
	return nr;
}

uint32_t gfp_of_kvmalloc(struct kernel_version version, uint32_t gfp)
{
	gfp = (gfp | GFP_BIT_NOWARN) & ~(uint32_t)GFP_BIT_NOFAIL;
	if (gfp & GFP_BIT_RETRY_MAYFAIL)
		return gfp;
	if (kernel_version_cmp(version, seven) < 0)
		return gfp | GFP_BIT_NORETRY;
	return gfp & ~(uint32_t)GFP_BIT_DIRECT_RECLAIM;
}

uint32_t gfp_of_page_frag(struct kernel_version version, uint32_t gfp)
{
	if (kernel_version_cmp(version, six_nine) >= 0)
		gfp &= ~(uint32_t)GFP_BIT_DIRECT_RECLAIM;
	return gfp | GFP_BIT_COMP | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_NOMEMALLOC;
}

static void add(struct gfp_derivation *ret, unsigned int *nr, const char *who, const char *when,
		uint32_t gfp)
{
	BUG_ON(*nr == GFP_MAX_DERIVATIONS);
	ret[(*nr)++] = (struct gfp_derivation){ .who = who, .when = when, .gfp = gfp };
}
