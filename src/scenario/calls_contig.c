/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios' calls for large buffers: CMA, ranges of memory made free, DMA buffers, and scattered
 * pages as the alternative to them.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_contig.h"
#include "kmreplay/mm/slab.h"

#include <inttypes.h>

enum {
	CMA_ALIGNMENT = 8, /* CONFIG_CMA_ALIGNMENT: largest order that DMA buffers are aligned to */
	BUSY = 16, NO_MEMORY = 12, INVALID = 22,
};

static bool check_area(struct calling *c, uint64_t area);
static bool gave_pages(struct calling *c, struct mm_outcome out, uint64_t nr,
		       enum block_from from, bool page);
static void tell_range(struct scenario_machine *m, bool ok);
static const char *in_the_way(const struct scenario_machine *m,
			      const struct page_contig_report *report);
static struct mm_outcome dma_from_cma(struct scenario_machine *m, uint64_t size, uint32_t gfp);
static struct mm_outcome dma_from_pages(struct scenario_machine *m, unsigned int order,
					uint32_t gfp);
static bool dma_reaches(const struct scenario_machine *m, uint64_t pfn, uint64_t size);
static uint64_t pages_of(uint64_t size);

bool scenario_cma_alloc(struct calling *c)
{
	const uint64_t area = arg_u64(c, 0), nr = arg_u64(c, 1), align = arg_u64(c, 2);
	struct mm_outcome out;

	if (!check_area(c, area))
		return false;
	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return scenario_mistake(c, "cma_alloc() sleeps: not in an interrupt");
	out = cma_alloc(c->m->pages, c->m->cpu, (unsigned int)area, nr,
			(unsigned int)MIN(align, (uint64_t)UINT8_MAX), GFP_BITS_KERNEL);
	tell_range(c->m, mm_ok(out));
	return gave_pages(c, out, nr, BLOCK_FROM_CMA, true);
}

bool scenario_cma_release(struct calling *c)
{
	const uint64_t area = arg_u64(c, 0), nr = arg_u64(c, 2);
	const struct page_block *block = scenario_block(c, 1);
	const uint64_t pfn = block ? block->pfn : 0;

	if (!check_area(c, area))
		return false;
	if (!block || block->from != BLOCK_FROM_CMA)
		return scenario_mistake(c, "no cma_alloc() gave this page");
	if (block->nr != nr)
		return scenario_mistake(c, "it was given %" PRIu64 " pages", block->nr);
	if (!cma_release(c->m->pages, c->m->cpu, (unsigned int)area, pfn, nr))
		return scenario_mistake(c, "it is not of area %" PRIu64, area);
	scenario_forget(c->m, (uint32_t)(block - c->m->blocks.items));
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_PCP_FREE }, pfn);
}

bool scenario_cma_base(struct calling *c)
{
	struct cma_info info;

	if (!check_area(c, arg_u64(c, 0)))
		return false;
	cma_info(c->m->pages, (unsigned int)arg_u64(c, 0), &info);
	return scenario_answer(c, info.first_pfn << KERNEL_PAGE_SHIFT);
}

bool scenario_cma_size(struct calling *c)
{
	struct cma_info info;

	if (!check_area(c, arg_u64(c, 0)))
		return false;
	cma_info(c->m->pages, (unsigned int)arg_u64(c, 0), &info);
	return scenario_answer(c, info.count << KERNEL_PAGE_SHIFT);
}

bool scenario_cma_available(struct calling *c)
{
	struct cma_info info;

	if (!check_area(c, arg_u64(c, 0)))
		return false;
	cma_info(c->m->pages, (unsigned int)arg_u64(c, 0), &info);
	return scenario_answer(c, info.available);
}

bool scenario_contig_pages(struct calling *c)
{
	const uint64_t nr = arg_u64(c, 0);
	struct mm_outcome out;

	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return scenario_mistake(c, "alloc_contig_pages() sleeps: not in an interrupt");
	out = page_alloc_contig_pages(c->m->pages, c->m->cpu, nr, arg_gfp(c, 1),
				      arg_int(c, 2));
	tell_range(c->m, mm_ok(out));
	return gave_pages(c, out, nr, BLOCK_FROM_CONTIG, true);
}

/* 0 or an error's number, as the kernel's. */
bool scenario_contig_range(struct calling *c)
{
	const uint64_t start = arg_u64(c, 0), end = arg_u64(c, 1);
	struct mm_outcome out;

	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return scenario_mistake(c, "alloc_contig_range() sleeps: not in an interrupt");
	out = page_alloc_contig_range(c->m->pages, c->m->cpu, start, end > start ? end - start : 0,
				      arg_gfp(c, 2), false);
	tell_range(c->m, mm_ok(out));
	gave_pages(c, out, end - start, BLOCK_FROM_CONTIG, true);
	c->ret->number = 0;
	if (!mm_ok(out))
		c->ret->number = out.failure == MM_FAIL_INVALID	  ? -INVALID :
				 out.failure == MM_FAIL_NO_MEMORY ? -NO_MEMORY :
								    -BUSY;
	return true;
}

bool scenario_free_contig(struct calling *c)
{
	const uint64_t pfn = arg_u64(c, 0), nr = arg_u64(c, 1);
	const uint32_t id = scenario_block_at(c->m, pfn);

	if (id == UINT32_MAX || c->m->blocks.items[id].from != BLOCK_FROM_CONTIG)
		return scenario_mistake(c, "no contiguous range begins at page frame 0x%" PRIx64,
					pfn);
	if (c->m->blocks.items[id].nr != nr)
		return scenario_mistake(c, "it was given %" PRIu64 " pages",
					c->m->blocks.items[id].nr);
	scenario_forget(c->m, id);
	page_free_contig_range(c->m->pages, c->m->cpu, pfn, nr);
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_PCP_FREE }, pfn);
}

/* A reference that nobody expects keeps a page from moving. */
bool scenario_pin_page(struct calling *c)
{
	struct page_block *block = scenario_block(c, 0);

	if (!block)
		return scenario_mistake(c, "this page is not in use");
	if (!block->nr_pins++)
		block->moves = page_pin(c->m->pages, block->pfn);
	return true;
}

bool scenario_unpin_page(struct calling *c)
{
	struct page_block *block = scenario_block(c, 0);

	if (!block || !block->nr_pins)
		return scenario_mistake(c, "this page is not pinned");
	if (!--block->nr_pins && block->moves)
		page_unpin(c->m->pages, block->pfn);
	return true;
}

bool scenario_dma_bit_mask(struct calling *c)
{
	const uint64_t bits = arg_u64(c, 0);

	return scenario_answer(c, bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1);
}

bool scenario_dma_set_mask(struct calling *c)
{
	if (arg_u64(c, 0) < scenario_dma_limit(c->m) - 1) {
		c->m->last.type = SCENARIO_NOTHING;
		c->m->last.out.failure = MM_FAIL_NO_ZONE;
		scenario_more(c->m, "no zone ends so low");
		return scenario_answer(c, -5); /* EIO */
	}
	c->m->dma_mask = arg_u64(c, 0);
	return scenario_answer(c, 0);
}

bool scenario_dma_alloc(struct calling *c)
{
	struct mm_outcome out;
	uint32_t id;

	if (arg_gfp(c, 1) & GFP_BIT_COMP)
		return scenario_mistake(c, "__GFP_COMP makes no sense for a DMA buffer");
	if (!arg_u64(c, 0))
		return scenario_mistake(c, "0 bytes are asked for");
	out = scenario_dma_get(c->m, arg_u64(c, 0), arg_gfp(c, 1), &id);
	scenario_gave(c, out);
	c->m->last.type = SCENARIO_PAGE;
	if (mm_ok(out))
		c->ret->number = slab_page_offset(c->m->slab) + (out.addr << KERNEL_PAGE_SHIFT);
	return true;
}

/* dma_direct_alloc(): CMA for what may sleep and is larger than a page, else pages. */
struct mm_outcome scenario_dma_get(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				   uint32_t *id)
{
	struct mm_outcome out = { .failure = MM_FAIL_ORDER }, cma = { .cost_ns = 0 };
	enum block_from from = BLOCK_FROM_DMA_CMA;
	uint64_t nr = pages_of(size);

	gfp &= ~(uint32_t)(GFP_BIT_DMA | GFP_BIT_DMA32 | GFP_BIT_HIGHMEM);
	if (m->dma_mask < scenario_dma_limit(m))
		gfp |= GFP_BIT_DMA;
	else if (m->dma_mask <= UINT32_MAX)
		gfp |= GFP_BIT_DMA32;
	if (gfp & GFP_BIT_DIRECT_RECLAIM && nr > 1 && cma_nr_areas(m->pages))
		out = cma = dma_from_cma(m, nr << KERNEL_PAGE_SHIFT, gfp);
	if (!mm_ok(out)) {
		from = BLOCK_FROM_DMA;
		out = dma_from_pages(m, bits_get_order(size), gfp);
		mm_outcome_add(&out, cma);
		nr = 1ULL << bits_get_order(size);
	}
	if (!mm_ok(out))
		return out;
	/* Always zeroed. */
	mm_outcome_cost(&out, scenario_boot_cost(m, size));
	*id = scenario_block_add(m, out.addr, nr, from == BLOCK_FROM_DMA ? bits_ctz(nr) : 0, from);
	return out;
}

struct mm_outcome scenario_dma_put(struct scenario_machine *m, uint32_t id)
{
	const struct page_block block = m->blocks.items[id];

	scenario_forget(m, id);
	if (block.from == BLOCK_FROM_DMA)
		return page_free(m->pages, m->cpu, block.pfn, block.order);
	BUG_ON(!cma_release(m->pages, m->cpu, 0, block.pfn, block.nr));
	return (struct mm_outcome){ .path = MM_PATH_PCP_FREE };
}

bool scenario_dma_free(struct calling *c)
{
	const uint64_t size = arg_u64(c, 0), addr = arg_u64(c, 1);
	const uint64_t pfn = (addr - slab_page_offset(c->m->slab)) >> KERNEL_PAGE_SHIFT;
	const uint32_t id = scenario_block_at(c->m, pfn);
	struct page_block block;
	uint64_t nr;

	if (!addr)
		return true;
	if (scenario_context(c->m) & PAGE_CTX_IRQ)
		return scenario_mistake(c, "dma_free_coherent() with interrupts off");
	if (id == UINT32_MAX || (c->m->blocks.items[id].from != BLOCK_FROM_DMA &&
				 c->m->blocks.items[id].from != BLOCK_FROM_DMA_CMA))
		return scenario_mistake(c, "no dma_alloc_coherent() gave 0x%" PRIx64, addr);
	block = c->m->blocks.items[id];
	nr = block.from == BLOCK_FROM_DMA ? 1ULL << bits_get_order(size) : pages_of(size);
	if (block.nr != nr)
		return scenario_mistake(c, "it was given %" PRIu64 " pages", block.nr);
	return scenario_freed(c, scenario_dma_put(c->m, id), pfn);
}

static bool check_area(struct calling *c, uint64_t area)
{
	const unsigned int nr = cma_nr_areas(c->m->pages);

	if (area < nr)
		return true;
	if (!nr)
		return error_set(c->err, "the machine has no CMA area ('set zones.cma_size 64M')");
	return error_set(c->err, "there is no CMA area %" PRIu64 ": the machine has %u", area, nr);
}

static bool gave_pages(struct calling *c, struct mm_outcome out, uint64_t nr,
		       enum block_from from, bool page)
{
	scenario_got_pages(c, out, 0, page);
	if (mm_ok(out)) {
		struct page_block *block = &c->m->blocks.items[c->m->blocks.nr - 1];

		block->nr = nr;
		block->order = from == BLOCK_FROM_DMA ? (uint8_t)bits_ctz(nr) : 0;
		block->from = (uint8_t)from;
	}
	return true;
}

static void tell_range(struct scenario_machine *m, bool ok)
{
	const struct page_contig_report *report = page_contig_report(m->pages);

	if (report->nr_moved || ok)
		scenario_more(m, "%" PRIu64 " pages moved", report->nr_moved);
	if (report->nr_busy)
		scenario_more(m, "%" PRIu64 " place%s not to be had", report->nr_busy,
			      report->nr_busy == 1 ? "" : "s");
	if (report->nr_busy && report->pfn)
		scenario_more(m, "%sat pfn 0x%" PRIx64 " %s", report->nr_busy > 1 ? "last: " : "",
			      report->pfn, in_the_way(m, report));
	else if (!ok && report->obstacle != PAGE_CONTIG_OBSTACLE_NONE)
		scenario_more(m, "%s", page_contig_obstacle_words(report->obstacle));
}

/* A page that is pinned is one that cannot move, for those who know. */
static const char *in_the_way(const struct scenario_machine *m,
			      const struct page_contig_report *report)
{
	const uint32_t id = scenario_block_at(m, report->pfn);

	if (report->obstacle == PAGE_CONTIG_OBSTACLE_PAGE && id != UINT32_MAX &&
	    m->blocks.items[id].nr_pins)
		return "a pinned page";
	return page_contig_obstacle_words(report->obstacle);
}

/* What the device cannot reach goes back. */
static struct mm_outcome dma_from_cma(struct scenario_machine *m, uint64_t size, uint32_t gfp)
{
	const uint64_t nr = size >> KERNEL_PAGE_SHIFT;
	struct mm_outcome out = cma_alloc(m->pages, m->cpu, 0, nr,
					  MIN(bits_get_order(size), (unsigned int)CMA_ALIGNMENT),
					  GFP_BITS_KERNEL | (gfp & GFP_BIT_NOWARN));

	scenario_more(m, "CMA");
	tell_range(m, mm_ok(out));
	if (!mm_ok(out) || dma_reaches(m, out.addr, size))
		return out;
	scenario_more(m, "above what the device can address");
	BUG_ON(!cma_release(m->pages, m->cpu, 0, out.addr, nr));
	out.failure = MM_FAIL_NO_ZONE;
	return out;
}

/* Lower zones until the device can reach what they give. */
static struct mm_outcome dma_from_pages(struct scenario_machine *m, unsigned int order,
					uint32_t gfp)
{
	const uint64_t size = (uint64_t)KERNEL_PAGE_SIZE << order;
	struct mm_outcome out, sum = { .cost_ns = 0 };

	if (order > KERNEL_MAX_ORDER)
		return (struct mm_outcome){ .failure = MM_FAIL_ORDER };
	for (;;) {
		out = page_alloc(m->pages, m->cpu, gfp, order, -1, scenario_context(m));
		mm_outcome_add(&sum, out);
		if (!mm_ok(out) || dma_reaches(m, out.addr, size))
			break;
		(void)page_free(m->pages, m->cpu, out.addr, order);
		out.failure = MM_FAIL_NO_ZONE;
		scenario_more(m, "pfn 0x%" PRIx64 " is above what the device can address",
			      out.addr);
		if (gfp & GFP_BIT_DMA)
			break;
		if (!(gfp & GFP_BIT_DMA32) && m->arch != ARCH_X86_32)
			gfp |= GFP_BIT_DMA32;
		else
			gfp = (gfp & ~(uint32_t)GFP_BIT_DMA32) | GFP_BIT_DMA;
	}
	out.cost_ns = sum.cost_ns;
	out.steps = sum.steps;
	return out;
}

/* dma_coherent_ok() */
static bool dma_reaches(const struct scenario_machine *m, uint64_t pfn, uint64_t size)
{
	return (pfn << KERNEL_PAGE_SHIFT) + size - 1 <= m->dma_mask;
}

static uint64_t pages_of(uint64_t size)
{
	return size / KERNEL_PAGE_SIZE + (size % KERNEL_PAGE_SIZE != 0);
}
