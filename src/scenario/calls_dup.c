/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls that are others with a few words more: copies, runs on a node, folios. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_exact.h"
#include "kmreplay/mm/slab.h"

#include <string.h>

static bool copy_of(struct calling *c, uint64_t size, uint32_t gfp);
static bool pages_of(struct calling *c, uint32_t gfp, uint64_t order, bool page);

/* kmemdup() */
bool scenario_memdup(struct calling *c)
{
	return copy_of(c, arg_u64(c, 1), arg_gfp(c, 2));
}

/* A text, its end included; kasprintf() of one that is ready counts the same. */
bool scenario_strdup(struct calling *c)
{
	return copy_of(c, strlen(c->call->args[0].text) + 1, arg_gfp(c, 1));
}

bool scenario_strndup(struct calling *c)
{
	const char *text = c->call->args[0].text;
	const size_t most = (size_t)MIN(arg_u64(c, 1), (uint64_t)SCENARIO_MAX_BYTES);

	return copy_of(c, strnlen(text, most) + 1, arg_gfp(c, 2));
}

bool scenario_asprintf(struct calling *c)
{
	return copy_of(c, strlen(c->call->args[1].text) + 1, arg_gfp(c, 0));
}

/* kfree_bulk() */
bool scenario_kfree_bulk(struct calling *c)
{
	const uint64_t nr = arg_u64(c, 0);
	struct scenario_value value = { 0 };
	uint64_t *addrs;
	size_t skipped;
	bool ok = true;

	if (nr > SCENARIO_MAX_ELEMENTS)
		return error_set(c->err, "at most %d objects at once", SCENARIO_MAX_ELEMENTS);
	addrs = xcalloc(MAX(nr, (uint64_t)1), sizeof(*addrs));
	for (uint64_t i = 0; i < nr && ok; i++) {
		ok = scenario_array_get(c->call, 1, i, &value, c->err);
		addrs[i] = ok ? (uint64_t)value.number : 0;
	}
	skipped = ok ? slab_free_bulk(c->m->slab, SLAB_CACHE_NONE, c->m->cpu, nr, addrs) : 0;
	free(addrs);
	if (skipped)
		return scenario_mistake(c, "%zu of the objects are not allocated", skipped);
	return ok;
}

bool scenario_exact_nid(struct calling *c)
{
	const uint64_t size = arg_u64(c, 1);
	const uint64_t nr = size / KERNEL_PAGE_SIZE + (size % KERNEL_PAGE_SIZE != 0);
	const struct mm_outcome out = page_alloc_exact(
		c->m->pages, c->m->cpu, arg_gfp(c, 2) & ~(uint32_t)GFP_BIT_HIGHMEM, nr,
		arg_int(c, 0));

	scenario_got_pages(c, out, 0, false);
	if (mm_ok(out)) {
		c->m->blocks.items[c->m->blocks.nr - 1].from = BLOCK_FROM_EXACT;
		c->m->blocks.items[c->m->blocks.nr - 1].nr = nr;
	}
	return true;
}

/* __get_dma_pages() */
bool scenario_dma_pages(struct calling *c)
{
	return pages_of(c, (arg_gfp(c, 0) & ~(uint32_t)GFP_BIT_HIGHMEM) | GFP_BIT_DMA,
			arg_u64(c, 1), false);
}

bool scenario_folio_alloc(struct calling *c)
{
	return pages_of(c, arg_gfp(c, 0) | GFP_BIT_COMP, arg_u64(c, 1), true);
}

/* The last reference to a folio, of whatever order. */
bool scenario_folio_put(struct calling *c)
{
	const struct page_block *block = scenario_block(c, 0);
	struct page_block was;

	if (!block || block->from != BLOCK_FROM_PAGES)
		return scenario_mistake(c, "this is no folio in use");
	was = *block;
	scenario_forget(c->m, (uint32_t)arg_u64(c, 0) - 1);
	return scenario_freed(c, page_free(c->m->pages, c->m->cpu, was.pfn, was.order), was.pfn);
}

static bool copy_of(struct calling *c, uint64_t size, uint32_t gfp)
{
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (size <= slab_size_max(c->m->slab))
		out = slab_kmalloc(c->m->slab, c->m->cpu, size, gfp, -1, scenario_context(c->m));
	return scenario_gave(c, out);
}

static bool pages_of(struct calling *c, uint32_t gfp, uint64_t order, bool page)
{
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (order <= KERNEL_MAX_ORDER)
		out = page_alloc(c->m->pages, c->m->cpu, gfp, (unsigned int)order, -1,
				 scenario_context(c->m));
	return scenario_got_pages(c, out, (unsigned int)MIN(order, (uint64_t)KERNEL_MAX_ORDER),
				  page);
}
