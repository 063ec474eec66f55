/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios' calls for scattered buffers: a table of entries, each for a piece of memory of its own
 * (lib/scatterlist.c). A struct scatterlist * is the address of the first entry.
 *
 * Tables of many entries are chained from whole pages, whose last entry leads to the next one, so
 * that a table of any size needs no block larger than a page. sgl_alloc() gets its table in one
 * piece.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

#include <inttypes.h>

enum {
	ENTRY = 32, /* sizeof(struct scatterlist) on 64 bits */
	ENTRY_32 = 20,
};

static uint64_t entry_size(const struct scenario_machine *m);
static bool add_chunk(struct calling *c, struct scenario_sg *sg, uint64_t nr, uint32_t gfp,
		      struct mm_outcome *sum);
static bool add_pages(struct calling *c, struct scenario_sg *sg, uint64_t nr, uint32_t gfp,
		      struct mm_outcome *sum);
static bool finish(struct calling *c, struct scenario_sg *sg, bool ok, struct mm_outcome sum);
static bool alloc_list(struct calling *c, uint64_t size, unsigned int order, uint32_t gfp);
static bool free_list(struct calling *c, bool list);
static void give_back(struct scenario_machine *m, struct scenario_sg *sg,
		      struct mm_outcome *sum);

bool scenario_sg_alloc_table(struct calling *c)
{
	const uint64_t chunk = KERNEL_PAGE_SIZE / entry_size(c->m);
	uint64_t left = arg_u64(c, 0);
	struct mm_outcome sum = { .path = MM_PATH_NONE };
	struct scenario_sg sg = { .order = 0 };
	bool ok = true;

	if (!left || left > UINT32_MAX)
		return scenario_mistake(c, "no table has that many entries");
	while (ok && left) {
		/* The last entry of a page that is not the last one leads on. */
		const uint64_t nr = MIN(left, chunk);

		ok = add_chunk(c, &sg, nr, arg_gfp(c, 1), &sum);
		left -= left > chunk ? chunk - 1 : left;
	}
	return finish(c, &sg, ok, sum);
}

bool scenario_sg_free_table(struct calling *c)
{
	return free_list(c, false);
}

bool scenario_sgl_alloc(struct calling *c)
{
	return alloc_list(c, arg_u64(c, 0), 0, arg_gfp(c, 1));
}

bool scenario_sgl_alloc_order(struct calling *c)
{
	if (arg_u64(c, 1) > KERNEL_MAX_ORDER)
		return error_set(c->err, "there is no order %" PRIu64, arg_u64(c, 1));
	return alloc_list(c, arg_u64(c, 0), (unsigned int)arg_u64(c, 1), arg_gfp(c, 2));
}

bool scenario_sgl_free(struct calling *c)
{
	return free_list(c, true);
}

void scenario_sg_deinit(struct scenario_machine *m)
{
	vec_foreach(&m->sgs, sg) {
		vec_deinit(&sg->chunks);
		vec_deinit(&sg->pages);
	}
	vec_deinit(&m->sgs);
}

static uint64_t entry_size(const struct scenario_machine *m)
{
	return m->arch == ARCH_X86_32 ? ENTRY_32 : ENTRY;
}

/* sg_kmalloc(): a whole page where it is one. */
static bool add_chunk(struct calling *c, struct scenario_sg *sg, uint64_t nr, uint32_t gfp,
		      struct mm_outcome *sum)
{
	struct scenario_machine *m = c->m;
	const bool whole = nr == KERNEL_PAGE_SIZE / entry_size(m);
	struct mm_outcome out;
	uint64_t addr;

	if (whole)
		out = page_alloc(m->pages, m->cpu, gfp & ~(uint32_t)GFP_BIT_HIGHMEM, 0, -1,
				 scenario_context(m));
	else
		out = slab_kmalloc(m->slab, m->cpu, nr * entry_size(m), gfp, -1,
				   scenario_context(m));
	mm_outcome_add(sum, out);
	sum->path = (uint8_t)MAX(sum->path, out.path);
	sum->failure = out.failure;
	if (!mm_ok(out))
		return false;
	addr = whole ? slab_page_offset(m->slab) + (out.addr << KERNEL_PAGE_SHIFT) : out.addr;
	vec_push(&sg->chunks, (struct scenario_sg_chunk){ .addr = addr, .page = whole });
	return true;
}

static bool add_pages(struct calling *c, struct scenario_sg *sg, uint64_t nr, uint32_t gfp,
		      struct mm_outcome *sum)
{
	struct scenario_machine *m = c->m;

	while (nr--) {
		const struct mm_outcome out = page_alloc(m->pages, m->cpu, gfp, sg->order, -1,
							 scenario_context(m));

		mm_outcome_add(sum, out);
		sum->path = (uint8_t)MAX(sum->path, out.path);
		sum->failure = out.failure;
		if (!mm_ok(out))
			return false;
		vec_push(&sg->pages, scenario_block_add(m, out.addr, 1ULL << sg->order, sg->order,
							BLOCK_FROM_SG));
	}
	return true;
}

/* What was got before the failure goes back. */
static bool finish(struct calling *c, struct scenario_sg *sg, bool ok, struct mm_outcome sum)
{
	struct scenario_machine *m = c->m;

	scenario_more(m, "%zu piece%s of table", sg->chunks.nr, sg->chunks.nr == 1 ? "" : "s");
	if (sg->pages.nr)
		scenario_more(m, "%zu of memory", sg->pages.nr);
	if (!ok) {
		give_back(m, sg, &sum);
		vec_deinit(&sg->chunks);
		vec_deinit(&sg->pages);
		return scenario_gave(c, sum);
	}
	sum.addr = sg->chunks.items[0].addr;
	sg->live = true;
	vec_push(&m->sgs, *sg);
	return scenario_gave(c, sum);
}

/* sgl_alloc_order(): the table in one piece, then memory. */
static bool alloc_list(struct calling *c, uint64_t size, unsigned int order, uint32_t gfp)
{
	const uint64_t piece = (uint64_t)KERNEL_PAGE_SIZE << order;
	const uint64_t nr = size / piece + (size % piece != 0);
	struct scenario_machine *m = c->m;
	struct scenario_sg sg = { .order = (uint8_t)order, .list = true };
	struct mm_outcome sum;
	bool ok;

	if (!nr || nr > UINT32_MAX)
		return scenario_mistake(c, "no list has that size");
	sum = slab_kmalloc(m->slab, m->cpu, slab_size_mul(m->slab, nr, entry_size(m)),
			   gfp & ~(uint32_t)(GFP_BIT_DMA | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE), -1,
			   scenario_context(m));
	ok = mm_ok(sum);
	if (ok)
		vec_push(&sg.chunks, (struct scenario_sg_chunk){ .addr = sum.addr });
	return finish(c, &sg, ok && add_pages(c, &sg, nr, gfp, &sum), sum);
}

static bool free_list(struct calling *c, bool list)
{
	const uint64_t addr = arg_u64(c, 0);
	struct mm_outcome sum = { .path = MM_PATH_NONE };

	if (!addr)
		return true;
	vec_foreach(&c->m->sgs, sg) {
		if (!sg->live || sg->chunks.items[0].addr != addr || sg->list != list)
			continue;
		give_back(c->m, sg, &sum);
		sg->live = false;
		vec_deinit(&sg->chunks);
		vec_deinit(&sg->pages);
		return scenario_freed(c, sum, addr);
	}
	return scenario_mistake(c, "0x%" PRIx64 " is no %s", addr,
				list ? "list of sgl_alloc()" : "table of sg_alloc_table()");
}

static void give_back(struct scenario_machine *m, struct scenario_sg *sg, struct mm_outcome *sum)
{
	vec_foreach(&sg->pages, id) {
		const struct page_block block = m->blocks.items[*id];

		scenario_forget(m, *id);
		mm_outcome_add(sum, page_free(m->pages, m->cpu, block.pfn, block.order));
	}
	vec_foreach(&sg->chunks, chunk) {
		const uint64_t pfn = (chunk->addr - slab_page_offset(m->slab)) >> KERNEL_PAGE_SHIFT;

		mm_outcome_add(sum, chunk->page ? page_free(m->pages, m->cpu, pfn, 0) :
						  slab_free(m->slab, m->cpu, chunk->addr));
	}
}
