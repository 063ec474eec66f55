/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a page is, by the mask of its request. Held against /proc/kpageflags of recorded machines;
 * what a mask cannot tell, neighbouring events do (owner.c).
 */
#include <config.h>

#include "repair_internal.h"

#include "kmreplay/abi/gfp.h"

static enum page_owner of_movable(uint32_t gfp);
static enum page_owner of_highmem(uint32_t gfp, unsigned int order);
static bool is_percpu_mask(uint32_t gfp, unsigned int order);
static bool is_page_table_mask(uint32_t gfp, unsigned int order);
static bool is_block_readahead(uint32_t gfp);

enum page_owner owner_by_flags(uint32_t gfp, unsigned int order)
{
	if (gfp & GFP_BIT_WRITE)
		return OWNER_PAGE_CACHE;
	if (gfp & GFP_BIT_MOVABLE)
		return of_movable(gfp);
	if (gfp & GFP_BIT_HIGHMEM)
		return of_highmem(gfp, order);
	if (is_block_readahead(gfp))
		return OWNER_PAGE_CACHE;
	if (owner_is_slab_mask(gfp, order))
		return OWNER_SLAB;
	if (is_page_table_mask(gfp, order))
		return OWNER_PAGE_TABLE;
	/*
	 * A single page with COMP is a folio (folio_alloc()): without MOVABLE that is block device
	 * and directory data that others hold references to.
	 */
	if (!order && gfp & GFP_BIT_COMP &&
	    !(gfp & (GFP_BIT_ZERO | GFP_BIT_NORETRY | GFP_BIT_DMA | GFP_BIT_DMA32)))
		return OWNER_PAGE_CACHE;
	return OWNER_KERNEL;
}

bool owner_is_slab_mask(uint32_t gfp, unsigned int order)
{
	const uint32_t needed = GFP_BIT_NOWARN | GFP_BIT_NORETRY;
	const uint32_t never = GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE | GFP_BIT_ZERO | GFP_BIT_ACCOUNT |
			       GFP_BIT_WRITE;

	if (order > OWNER_SLAB_MAX_ORDER || (gfp & needed) != needed || gfp & never)
		return false;
	/* Slabs of several pages are compound, whatever the release. */
	if (order && !(gfp & GFP_BIT_COMP))
		return false;
	if (is_block_readahead(gfp))
		return false;
	/*
	 * net/core/sock.c:skb_page_frag_refill() and page_frag ask for order 3 alike, but may not
	 * sleep though they may do I/O, a combination no slab caller has without NOMEMALLOC.
	 */
	if (order == 3 && gfp & GFP_BIT_IO && gfp & GFP_BIT_KSWAPD_RECLAIM &&
	    !(gfp & (GFP_BIT_DIRECT_RECLAIM | GFP_BIT_NOMEMALLOC)))
		return false;
	/* Mempools: NOMEMALLOC at order 0 is the caller's, but then slabs of 6.12 have COMP. */
	return order || !(gfp & GFP_BIT_NOMEMALLOC) || gfp & GFP_BIT_COMP;
}

/*
 * Anonymous memory is asked for with ZERO, or without it when a copy follows (mm/memory.c:
 * wp_page_copy()); huge pages of it with NOMEMALLOC (GFP_TRANSHUGE). Page cache has the mask of its
 * mapping, which forbids FS for most file systems or has no HIGHMEM (block devices), and reads
 * ahead with NORETRY. Shared memory looks like a copy, and is user memory, too.
 */
static enum page_owner of_movable(uint32_t gfp)
{
	if (gfp & (GFP_BIT_ZERO | GFP_BIT_NOMEMALLOC))
		return OWNER_USER;
	if (!(gfp & GFP_BIT_HIGHMEM) || !(gfp & GFP_BIT_FS) || gfp & GFP_BIT_NORETRY)
		return OWNER_PAGE_CACHE;
	return OWNER_USER;
}

/*
 * Not movable and yet from high memory: what has a mapping of its own. vmalloc warns by itself and
 * so sets NOWARN; the huge zero page has the mask of huge pages; 32-bit machines put page tables of
 * tasks there (CONFIG_HIGHPTE).
 */
static enum page_owner of_highmem(uint32_t gfp, unsigned int order)
{
	if (gfp & GFP_BIT_NOMEMALLOC)
		return OWNER_USER;
	if (is_percpu_mask(gfp, order))
		return OWNER_PERCPU;
	if (gfp & GFP_BIT_NOWARN)
		return OWNER_VMALLOC;
	return !order && gfp & GFP_BIT_ZERO && gfp & GFP_BIT_ACCOUNT ? OWNER_PAGE_TABLE :
								       OWNER_KERNEL;
}

/*
 * mm/percpu-vm.c:pcpu_alloc_pages(): GFP_KERNEL | HIGHMEM, single pages; NORETRY and NOWARN and,
 * through the scope it runs in, no I/O when the balance worker asks.
 */
static bool is_percpu_mask(uint32_t gfp, unsigned int order)
{
	const uint32_t worker = GFP_BIT_NORETRY | GFP_BIT_NOWARN;
	const uint32_t never = GFP_BIT_MOVABLE | GFP_BIT_HARDWALL | GFP_BIT_ZERO | GFP_BIT_ACCOUNT |
			       GFP_BIT_COMP | GFP_BIT_DMA | GFP_BIT_DMA32;

	if (order || gfp & never || !(gfp & GFP_BIT_HIGHMEM))
		return false;
	if (!(gfp & worker))
		return true;
	return (gfp & worker) == worker && !(gfp & GFP_BIT_IO);
}

/*
 * asm-generic/pgalloc.h: GFP_PGTABLE_KERNEL and GFP_PGTABLE_USER, two pages for a PTI pgd. Where
 * COMP is set (pagetable_alloc() since 6.3) a scope without I/O or early boot, which take bits
 * away, still leave it recognisable; get_zeroed_page() has the same mask without COMP.
 */
static bool is_page_table_mask(uint32_t gfp, unsigned int order)
{
	const uint32_t table = GFP_BITS_KERNEL | GFP_BIT_ZERO;
	const uint32_t maybe = GFP_BIT_ACCOUNT | GFP_BIT_COMP | GFP_BIT_HARDWALL;

	if (order > 1 || !(gfp & GFP_BIT_ZERO) || (gfp | table | maybe) != (table | maybe))
		return false;
	return gfp & GFP_BIT_COMP || (gfp & table) == table;
}

/*
 * mm/readahead.c:page_cache_ra_unbounded() may not enter the file system (memalloc_nofs_save()), so
 * pages of a block device, which are GFP_USER and nothing movable, are asked for as a slab for a
 * GFP_USER object would be in such a scope. There those are few, and have an object soon.
 */
static bool is_block_readahead(uint32_t gfp)
{
	const uint32_t ahead = GFP_BITS_RECLAIM | GFP_BIT_IO | GFP_BIT_HARDWALL | GFP_BIT_COMP |
			       GFP_BIT_NOWARN | GFP_BIT_NORETRY;
	const uint32_t never = GFP_BIT_FS | GFP_BIT_RECLAIMABLE | GFP_BIT_NOMEMALLOC;

	return (gfp & ahead) == ahead && !(gfp & never);
}
