/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page blocks that a scenario's calls hold. A struct page * is the number of its block, not its
 * page frame: movable blocks move, and a block that was freed stays known as such, so that a second
 * free is told from the free of whoever got the frame afterwards.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

static uint64_t give_back(struct scenario_machine *m, uint32_t id);

bool scenario_got_pages(struct calling *c, struct mm_outcome out, unsigned int order, bool page)
{
	struct scenario_machine *m = c->m;
	uint32_t id;

	scenario_gave(c, out);
	m->last.type = SCENARIO_PAGE;
	if (!mm_ok(out))
		return true;
	id = scenario_block_add(m, out.addr, 1ULL << order, order, BLOCK_FROM_PAGES);
	if (page)
		c->ret->number = (scenario_int)id + 1;
	else
		c->ret->number = slab_page_offset(m->slab) + (out.addr << KERNEL_PAGE_SHIFT);
	return true;
}

uint32_t scenario_block_add(struct scenario_machine *m, uint64_t pfn, uint64_t nr,
			    unsigned int order, enum block_from from)
{
	const uint32_t id = (uint32_t)m->blocks.nr;
	bool fresh;

	BUG_ON(m->blocks.nr >= UINT32_MAX - 1);
	*u64map_insert(&m->block_at, pfn, &fresh) = id;
	vec_push(&m->blocks, (struct page_block){ .pfn = pfn, .nr = nr, .order = (uint8_t)order,
						  .from = (uint8_t)from, .live = true });
	return id;
}

const char *scenario_block_source(const struct page_block *block)
{
	static const char *const names[] = {
#define X(suffix, name) name,
		BLOCK_SOURCES(X)
#undef X
	};

	return names[block->from];
}

void scenario_forget(struct scenario_machine *m, uint32_t id)
{
	struct page_block *block = &m->blocks.items[id];

	BUG_ON(!block->live || !u64map_remove(&m->block_at, block->pfn));
	block->live = false;
}

struct page_block *scenario_block(const struct calling *c, unsigned int i)
{
	const uint64_t id = arg_u64(c, i);
	struct page_block *block;

	if (!id || id > c->m->blocks.nr)
		return NULL;
	block = &c->m->blocks.items[id - 1];
	return block->live ? block : NULL;
}

uint32_t scenario_block_at(const struct scenario_machine *m, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&m->block_at, pfn);

	return at ? *at : UINT32_MAX;
}

void scenario_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order)
{
	struct scenario_machine *m = ctx;
	const uint32_t id = scenario_block_at(m, old_pfn);
	bool fresh;

	(void)order;
	if (id == UINT32_MAX)
		return;
	BUG_ON(!u64map_remove(&m->block_at, old_pfn));
	*u64map_insert(&m->block_at, new_pfn, &fresh) = id;
	m->blocks.items[id].pfn = new_pfn;
}

/* Block "id" is no more; how many pages it had. */
static uint64_t give_back(struct scenario_machine *m, uint32_t id)
{
	const struct page_block block = m->blocks.items[id];

	scenario_forget(m, id);
	(void)page_free(m->pages, m->cpu, block.pfn, block.order);
	return block.nr;
}

/* Clean page cache is all that can be reclaimed here, by whoever may sleep; the oldest first. */
uint64_t scenario_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct scenario_machine *m = ctx;
	uint64_t freed = 0;

	(void)gfp;
	while (freed < nr_pages && m->cache_first < m->cache.nr) {
		const uint32_t id = m->cache.items[m->cache_first++];
		const struct page_block block = m->blocks.items[id];

		if (!block.live || block.use != BLOCK_CACHE)
			continue;
		freed += give_back(m, id);
	}
	return freed;
}

/* The one task that there is to kill owns all anonymous memory. */
uint64_t scenario_oom(void *ctx, uint32_t gfp)
{
	struct scenario_machine *m = ctx;
	uint64_t freed = 0;

	(void)gfp;
	for (uint32_t id = 0; id < m->blocks.nr; id++) {
		const struct page_block block = m->blocks.items[id];

		if (!block.live || block.use != BLOCK_ANON)
			continue;
		freed += give_back(m, id);
	}
	return freed;
}
