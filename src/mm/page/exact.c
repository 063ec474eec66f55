/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of pages of any number out of one block: alloc_pages_exact(), its counterpart, and the parts
 * of a block whose first page somebody still holds.
 *
 * Mirrors make_alloc_exact(), free_pages_exact() and ___free_pages() of 6.1, 6.12 and 7.2.
 */
#include <config.h>

#include "kmreplay/mm/page_exact.h"

#include "kmreplay/mm/page_follow.h"
#include "kmreplay/mm/page_parts.h"

struct mm_outcome page_alloc_exact(struct page_allocator *pa, unsigned int cpu, uint32_t gfp,
				   uint64_t nr, int node)
{
	const unsigned int order = nr > 1 ? bits_fls(nr - 1) : 0;
	struct mm_outcome outcome;

	if (!nr || order > KERNEL_MAX_ORDER)
		return (struct mm_outcome){ .failure = nr ? MM_FAIL_ORDER : MM_FAIL_INVALID };
	/* Compound pages cannot be split. */
	outcome = page_alloc(pa, cpu, gfp & ~(uint32_t)GFP_BIT_COMP, order, node, 0);
	if (!mm_ok(outcome))
		return outcome;
	page_split(pa, outcome.addr, order);
	for (uint64_t i = nr; i < 1ULL << order; i++)
		page_free_direct(pa, cpu, outcome.addr + i, 0, true);
	return outcome;
}

void page_free_exact(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		(void)page_free(pa, cpu, pfn + i, 0);
}

void page_free_held(struct page_allocator *pa, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	page_split(pa, pfn, order);
	while (order-- > 0) {
		/* The upper half is a block of its own again. */
		(void)page_follow_own(pa, pfn + (1ULL << order), order, MIGRATE_UNMOVABLE);
		(void)page_free(pa, cpu, pfn + (1ULL << order), order);
	}
}
