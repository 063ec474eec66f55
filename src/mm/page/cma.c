/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CMA areas.
 *
 * Theory. A bit of the bitmap stands for 2^order_per_bit pages and is set while a contiguous
 * request holds them; movable pages that live in the area meanwhile are nobody's business here.
 * The first clear run that is long enough and aligned is tried; when it cannot be emptied, its bits
 * are cleared again and the search goes on one alignment step behind its begin.
 *
 * Mirrors cma_alloc(), cma_range_alloc(), cma_release(), bitmap_find_next_zero_area_off() and
 * init_cma_reserved_pageblock() of 6.1, 6.12 and 7.2. Memblock finds the place of an area of which
 * only the size is known.
 */
#include <config.h>

#include "kmreplay/mm/cma.h"

#include "kmreplay/mm/memblock.h"
#include "kmreplay/mm/page_contig.h"
#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"

#include <stdlib.h>

/* What is asked for. */
struct cma_request {
	uint64_t nr;         /* pages */
	uint64_t nr_bits;
	uint64_t mask;       /* of the alignment, in bits */
	unsigned int align;  /* log2, in pages */
	uint32_t gfp;
};

static bool add_range(struct page_allocator *pa, const struct machine_cma *given,
		      struct error *err);
static bool lies_well(const struct page_allocator *pa, const struct machine_cma *given);
static bool place_area(const struct page_allocator *pa, const struct machine_config *config,
		       struct machine_cma *ret);
static void range_alloc(struct page_allocator *pa, unsigned int cpu, struct cma_area *area,
			struct cma_range *range, const struct cma_request *req,
			struct mm_outcome *outcome);
static uint64_t find_clear(const struct cma_area *area, const struct cma_range *range,
			   uint64_t start, const struct cma_request *req, uint64_t base_pfn);
static struct cma_range *range_of(const struct page_allocator *pa, const struct cma_area *area,
				  uint64_t pfn, uint64_t nr);
static bool set_held(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr,
		     bool held);
static uint64_t nr_bits_of(const struct cma_area *area, uint64_t pages);
static bool is_set(const uint64_t *bits, uint64_t bit);

bool cma_create(struct page_allocator *pa, const struct machine_config *config, struct error *err)
{
	struct machine_cma placed;

	for (size_t i = 0; i < config->cma.nr; i++) {
		if (!add_range(pa, &config->cma.items[i], err))
			return false;
	}
	if (!config->cma_pages)
		return true;
	if (!place_area(pa, config, &placed))
		return error_set(err, "no room for a CMA area of %llu pages",
				 (unsigned long long)config->cma_pages);
	return add_range(pa, &placed, err);
}

void cma_destroy(struct page_allocator *pa)
{
	vec_foreach(&pa->cma, area) {
		for (unsigned int i = 0; i < area->nr_ranges; i++)
			free(area->ranges[i].bits);
	}
	vec_deinit(&pa->cma);
}

void cma_set_types(struct page_allocator *pa)
{
	vec_foreach(&pa->cma, area) {
		for (unsigned int i = 0; i < area->nr_ranges; i++) {
			const struct cma_range *range = &area->ranges[i];

			for (uint32_t at = range->first; at < range->first + range->nr;
			     at += block_pages(pa))
				block_set_type(pa, at, 0, MIGRATE_CMA);
		}
	}
}

bool cma_lies_above_4g(struct kernel_version kernel)
{
	const struct kernel_version since = { 5, 11 };

	return !kernel.major || kernel_version_cmp(kernel, since) >= 0;
}

unsigned int cma_nr_areas(const struct page_allocator *pa)
{
	return (unsigned int)pa->cma.nr;
}

void cma_info(const struct page_allocator *pa, unsigned int area, struct cma_info *ret)
{
	const struct cma_area *a = &pa->cma.items[area];

	BUG_ON(area >= pa->cma.nr);
	*ret = (struct cma_info){
		.first_pfn = pa->base_pfn + a->ranges[0].first,
		.available = a->available,
		.order_per_bit = a->order_per_bit,
		.nr_ranges = a->nr_ranges,
	};
	for (unsigned int i = 0; i < a->nr_ranges; i++)
		ret->count += a->ranges[i].nr;
}

int cma_area_of(const struct page_allocator *pa, uint64_t pfn)
{
	for (size_t i = 0; i < pa->cma.nr; i++) {
		if (range_of(pa, &pa->cma.items[i], pfn, 1))
			return (int)i;
	}
	return -1;
}

bool cma_is_held(const struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr)
{
	const struct cma_area *a = &pa->cma.items[area];
	const struct cma_range *range = range_of(pa, a, pfn, nr);
	const uint64_t first = range ? pfn - pa->base_pfn - range->first : 0;

	for (uint64_t at = 0; range && at < nr; at++) {
		if (is_set(range->bits, (first + at) >> a->order_per_bit))
			return true;
	}
	return false;
}

struct mm_outcome cma_alloc(struct page_allocator *pa, unsigned int cpu, unsigned int area,
			    uint64_t nr, unsigned int align, uint32_t gfp)
{
	struct cma_area *a = &pa->cma.items[area];
	struct mm_outcome outcome = { .failure = MM_FAIL_FULL, .path = MM_PATH_CONTIG };
	struct cma_request req = { .nr = nr, .align = align, .gfp = gfp };
	struct cma_info info;

	BUG_ON(area >= pa->cma.nr);
	cma_info(pa, area, &info);
	pa->contig = (struct page_contig_report){ .obstacle = PAGE_CONTIG_OBSTACLE_BITMAP };
	if (!nr || nr > info.count || align > KERNEL_MAX_ORDER + 20U) {
		pa->contig.obstacle = PAGE_CONTIG_OBSTACLE_NONE;
		outcome.failure = MM_FAIL_INVALID;
		return outcome;
	}
	/* From 6.15 on; before, the bitmap is searched in vain. */
	if (pa->profile->cma_counts_available && nr > a->available)
		return outcome;
	req.nr_bits = nr_bits_of(a, nr);
	if (align > a->order_per_bit)
		req.mask = (1ULL << (align - a->order_per_bit)) - 1;
	for (unsigned int i = 0; i < a->nr_ranges && !outcome.addr; i++)
		range_alloc(pa, cpu, a, &a->ranges[i], &req, &outcome);
	return outcome;
}

uint64_t cma_next_place(const struct page_allocator *pa, unsigned int area, uint64_t nr,
			unsigned int align, uint64_t from)
{
	const struct cma_area *a = &pa->cma.items[area];
	struct cma_request req = { .nr = nr, .nr_bits = nr_bits_of(a, nr), .align = align };

	BUG_ON(area >= pa->cma.nr);
	if (align > a->order_per_bit)
		req.mask = (1ULL << (align - a->order_per_bit)) - 1;
	for (unsigned int i = 0; i < a->nr_ranges; i++) {
		const struct cma_range *range = &a->ranges[i];
		const uint64_t base = pa->base_pfn + range->first;
		const uint64_t start = nr_bits_of(a, from > base ? from - base : 0);
		const uint64_t bit = find_clear(a, range, start, &req, base);

		if (bit < nr_bits_of(a, range->nr))
			return base + (bit << a->order_per_bit);
	}
	return 0;
}

bool cma_release(struct page_allocator *pa, unsigned int cpu, unsigned int area, uint64_t pfn,
		 uint64_t nr)
{
	const struct cma_area *a = &pa->cma.items[area];
	const struct cma_range *range;

	BUG_ON(area >= pa->cma.nr);
	range = range_of(pa, a, pfn, nr);
	if (!range || !nr)
		return false;
	for (uint64_t at = pfn; at < pfn + nr; at++) {
		if (!cma_is_held(pa, area, at, 1))
			return false;
	}
	page_free_contig_range(pa, cpu, pfn, nr);
	return cma_unhold(pa, area, pfn, nr);
}

bool cma_hold(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr)
{
	return set_held(pa, area, pfn, nr, true);
}

bool cma_unhold(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr)
{
	return set_held(pa, area, pfn, nr, false);
}

bool cma_init_block(struct page_allocator *pa, uint64_t pfn)
{
	const uint64_t block = block_pages(pa);
	const uint32_t index = (uint32_t)(pfn - pa->base_pfn);
	struct zone *zone;

	if (!page_is_unknown(pa, pfn, pa->block_order))
		return false;
	zone = page_find_zone(pa, index);
	if (block_type(pa, index) != MIGRATE_CMA) {
		block_set_type(pa, index, 0, MIGRATE_CMA);
		zone->apart.cma_pages += block;
	}
	if (zone->present - zone->managed >= block || zone->unknown < block)
		page_manage(pa, pfn, block);
	return page_adopt(pa, pfn, pa->block_order, MIGRATE_UNMOVABLE);
}

/* Ranges of one area follow each other. */
static bool add_range(struct page_allocator *pa, const struct machine_cma *given,
		      struct error *err)
{
	struct cma_area *area = pa->cma.nr ? &pa->cma.items[pa->cma.nr - 1] : NULL;
	struct cma_range *range;
	uint64_t bits;

	if (!lies_well(pa, given))
		return error_set(err, "CMA area [%#llx, %#llx) is not in pageblocks of one zone",
				 (unsigned long long)given->start,
				 (unsigned long long)given->end);
	if (!area || given->area != area->id) {
		vec_push(&pa->cma, (struct cma_area){ .id = given->area,
						      .order_per_bit = given->order_per_bit });
		area = &pa->cma.items[pa->cma.nr - 1];
	}
	if (area->nr_ranges == CMA_MAX_RANGES)
		return error_set(err, "CMA area has more than %d ranges", CMA_MAX_RANGES);
	range = &area->ranges[area->nr_ranges++];
	range->first = (uint32_t)(given->start - pa->base_pfn);
	range->nr = (uint32_t)(given->end - given->start);
	bits = nr_bits_of(area, range->nr);
	range->bits = xcalloc((bits + 63) / 64, sizeof(*range->bits));
	area->available += range->nr;
	return true;
}

static bool lies_well(const struct page_allocator *pa, const struct machine_cma *given)
{
	const uint64_t align = MAX(block_pages(pa), 1U << given->order_per_bit);
	const struct zone *zone;
	uint64_t first, last;

	if (given->start >= given->end || given->start < pa->base_pfn ||
	    given->end - pa->base_pfn > pa->nr_pages || (given->start | given->end) & (align - 1))
		return false;
	first = given->start - pa->base_pfn;
	last = given->end - pa->base_pfn;
	zone = page_find_zone(pa, (uint32_t)first);
	return zone && zone == page_find_zone(pa, (uint32_t)last - 1) &&
	       page_memory_in(pa, (uint32_t)first, (uint32_t)last) == last - first;
}

/* As at boot, when nothing else is reserved yet. */
static bool place_area(const struct page_allocator *pa, const struct machine_config *config,
		       struct machine_cma *ret)
{
	const uint64_t block = (uint64_t)block_pages(pa) << KERNEL_PAGE_SHIFT;
	const uint64_t size = bits_align_up(config->cma_pages << KERNEL_PAGE_SHIFT, block);
	struct memblock mb;
	uint64_t at;

	memblock_init_machine(&mb, config);
	at = memblock_alloc_cma(&mb, size, block, cma_lies_above_4g(config->kernel));
	memblock_deinit(&mb);
	*ret = (struct machine_cma){ .area = UINT32_MAX,
				     .start = at >> KERNEL_PAGE_SHIFT,
				     .end = (at + size) >> KERNEL_PAGE_SHIFT };
	return at;
}

/* cma_range_alloc(): sets the outcome's address when it succeeds, and adds what it cost. */
static void range_alloc(struct page_allocator *pa, unsigned int cpu, struct cma_area *area,
			struct cma_range *range, const struct cma_request *req,
			struct mm_outcome *outcome)
{
	const uint64_t base = pa->base_pfn + range->first;
	const uint64_t size = nr_bits_of(area, range->nr);
	uint64_t start = 0;

	for (;;) {
		const uint64_t bit = find_clear(area, range, start, req, base);
		const uint64_t pfn = base + (bit << area->order_per_bit);
		struct mm_outcome part;

		if (bit >= size)
			return;
		part = page_contig_range(pa, cpu, pfn, req->nr, req->gfp, true);
		mm_outcome_add(outcome, part);
		outcome->failure = part.failure;
		if (mm_ok(part)) {
			(void)cma_hold(pa, (unsigned int)(area - pa->cma.items), pfn, req->nr);
			outcome->addr = pfn;
			return;
		}
		if (part.failure != MM_FAIL_NO_BLOCK)
			return;
		pa->stats.cma_busy++;
		start = bit + req->mask + 1;
	}
}

/* bitmap_find_next_zero_area_off(): the place in bits; at least the range's size: none. */
static uint64_t find_clear(const struct cma_area *area, const struct cma_range *range,
			   uint64_t start, const struct cma_request *req, uint64_t base_pfn)
{
	const uint64_t size = nr_bits_of(area, range->nr);
	const uint64_t offset = (base_pfn & ((1ULL << req->align) - 1)) >> area->order_per_bit;
	uint64_t at = start;

	while (at < size) {
		uint64_t clear = 0;

		while (at < size && is_set(range->bits, at))
			at++;
		at = ((at + offset + req->mask) & ~req->mask) - offset;
		if (at + req->nr_bits > size)
			return size;
		while (clear < req->nr_bits && !is_set(range->bits, at + clear))
			clear++;
		if (clear == req->nr_bits)
			return at;
		at += clear + 1;
	}
	return size;
}

/* The range that all of [pfn, pfn + nr) lies in; NULL: none. */
static struct cma_range *range_of(const struct page_allocator *pa, const struct cma_area *area,
				  uint64_t pfn, uint64_t nr)
{
	const uint64_t index = pfn - pa->base_pfn;

	for (unsigned int i = 0; pfn >= pa->base_pfn && i < area->nr_ranges; i++) {
		const struct cma_range *range = &area->ranges[i];

		if (index >= range->first && index - range->first < range->nr &&
		    nr <= range->nr - (index - range->first))
			return (struct cma_range *)range;
	}
	return NULL;
}

static bool set_held(struct page_allocator *pa, unsigned int area, uint64_t pfn, uint64_t nr,
		     bool held)
{
	struct cma_area *a = &pa->cma.items[area];
	struct cma_range *range;
	uint64_t first;

	BUG_ON(area >= pa->cma.nr);
	range = range_of(pa, a, pfn, nr);
	if (!range)
		return false;
	first = (pfn - pa->base_pfn - range->first) >> a->order_per_bit;
	for (uint64_t bit = first; bit < first + nr_bits_of(a, nr); bit++) {
		if (is_set(range->bits, bit) == held)
			continue;
		range->bits[bit / 64] ^= 1ULL << (bit % 64);
		a->available += held ? -(1ULL << a->order_per_bit) : 1ULL << a->order_per_bit;
	}
	return true;
}

static uint64_t nr_bits_of(const struct cma_area *area, uint64_t pages)
{
	return (pages + (1ULL << area->order_per_bit) - 1) >> area->order_per_bit;
}

static bool is_set(const uint64_t *bits, uint64_t bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}
