/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a range of memory the caller's.
 *
 * Theory. Free memory that is asked for by its place has to be kept from everybody else while it is
 * collected. So the pageblocks of the range are isolated first: they get a type of their own, no
 * request looks at its lists, and freed pages pass the per-CPU lists by. Whatever is in use in the
 * range is then moved away, until the range consists of free blocks only. These are taken off the
 * lists; the first and the last may reach beyond the range, and these parts go back. At last the
 * pageblocks get their types again, with what is free in them.
 *
 *	pageblocks   |........|..mm....|        isolate     |ISOLATE |ISOLATE |
 *	range             [---------]           move m      free blocks: [    ]
 *	                                        take, give back what reaches beyond, undo
 *
 * A free block larger than a pageblock is cut when one half changes its type.
 *
 * Mirrors alloc_contig_range(), start_isolate_page_range(), set_migratetype_isolate(),
 * unset_migratetype_isolate(), move_freepages_block_isolate(), __alloc_contig_migrate_range(),
 * isolate_freepages_range() and free_contig_range() of 6.1, 6.12 and 7.2. Left out: clean pages of
 * files are not dropped but moved, since nobody knows here which they are; huge pages of the pool.
 */
#include <config.h>

#include "kmreplay/mm/page_contig.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/page_parts.h"
#include "kmreplay/mm/page_start.h"

enum {
	CLUSTER = SWAP_CLUSTER_MAX, /* COMPACT_CLUSTER_MAX: pages that move together */
	MOVE_TRIES = 5,
};

/* Blocks in use that move together. */
struct move_batch {
	uint32_t from[CLUSTER], to[CLUSTER];
	unsigned int nr, nr_pages;
};

static bool is_one_zone(const struct page_allocator *pa, uint64_t pfn, uint64_t nr);
static enum page_contig_obstacle block_obstacle(struct page_allocator *pa, uint32_t start,
						uint32_t end, struct page_contig *contig);
static enum page_contig_obstacle find_unmovable(const struct page_allocator *pa, uint32_t start,
						uint32_t end, struct page_contig *contig);
static bool isolate_block(struct page_allocator *pa, uint32_t block);
static void unisolate_block(struct page_allocator *pa, uint32_t block, enum migratetype type);
static bool rejoins(const struct page_allocator *pa, const struct zone *zone, uint32_t block);
static void retype_block(struct page_allocator *pa, struct zone *zone, uint32_t block,
			 enum migratetype type);
static uint32_t collect(const struct page_allocator *pa, uint32_t at, uint32_t end,
			struct move_batch *batch, struct page_contig *contig);
static enum page_contig_result move_batch(struct page_allocator *pa, unsigned int cpu,
					  uint32_t gfp, struct move_batch *batch);
static void move_one(struct page_allocator *pa, uint32_t from, uint32_t to);
static bool is_free(const struct page_allocator *pa, uint32_t start, uint32_t end);
static void take_free(struct page_allocator *pa, uint32_t start, uint32_t end, bool compound);
static void give_back(struct page_allocator *pa, struct zone *zone, uint32_t start,
		      uint32_t end);
static unsigned int piece_order(uint32_t at, uint32_t end);
static void report_part(struct page_allocator *pa, const struct page_contig *contig, bool got);
static struct mm_outcome outcome_of(const struct page_allocator *pa, uint64_t pfn,
				    enum page_contig_result result);

enum page_contig_result page_contig_begin(struct page_allocator *pa, unsigned int cpu,
					  uint64_t pfn, uint64_t nr, bool cma,
					  struct page_contig *contig)
{
	const uint32_t block = block_pages(pa);
	uint32_t start, end, first, last;

	page_begin(pa, cpu);
	*contig = (struct page_contig){ .pfn = pfn, .nr = nr, .cma = cma };
	if (!is_one_zone(pa, pfn, nr)) {
		contig->obstacle = PAGE_CONTIG_OBSTACLE_EDGE;
		return PAGE_CONTIG_INVALID;
	}
	start = (uint32_t)(pfn - pa->base_pfn);
	end = start + (uint32_t)nr;
	first = (uint32_t)bits_align_down(start, block);
	last = (uint32_t)bits_align_up(end, block);
	for (uint32_t at = first; at < last; at += block) {
		const enum migratetype type = block_type(pa, at);

		contig->obstacle = block_obstacle(pa, MAX(at, start), MIN(at + block, end), contig);
		if (contig->obstacle != PAGE_CONTIG_OBSTACLE_NONE || !isolate_block(pa, at)) {
			contig->first = pa->base_pfn + first;
			contig->end = pa->base_pfn + at;
			page_contig_end(pa, cpu, contig);
			return PAGE_CONTIG_BUSY;
		}
		vec_push(&contig->types, (uint8_t)type);
		work_cost(pa, pa->costs.block_claim);
	}
	contig->first = pa->base_pfn + first;
	contig->end = pa->base_pfn + last;
	return PAGE_CONTIG_OK;
}

enum page_contig_result page_contig_migrate(struct page_allocator *pa, unsigned int cpu,
					    uint32_t gfp, struct page_contig *contig)
{
	const uint32_t end = (uint32_t)(contig->pfn + contig->nr - pa->base_pfn);
	uint32_t at = (uint32_t)(contig->pfn - pa->base_pfn);
	unsigned int order;
	uint32_t head;

	/* A block that begins before the range moves as a whole. */
	for (order = 0; order <= KERNEL_MAX_ORDER; order++) {
		head = (uint32_t)bits_align_down(at, 1U << order);
		if (pa->pages[head].state == PAGE_USED && pa->pages[head].order >= order) {
			at = head;
			break;
		}
	}
	while (at < end) {
		struct move_batch batch = { .nr = 0 };
		enum page_contig_result result;

		at = collect(pa, at, end, &batch, contig);
		if (at == PAGE_NIL) {
			work_cost(pa, (uint64_t)MOVE_TRIES * pa->costs.compact_page);
			return PAGE_CONTIG_BUSY;
		}
		result = move_batch(pa, cpu, gfp, &batch);
		if (result != PAGE_CONTIG_OK) {
			contig->obstacle = PAGE_CONTIG_OBSTACLE_NOWHERE;
			contig->stuck = pa->base_pfn + batch.from[0];
			return result;
		}
		contig->nr_moved += batch.nr_pages;
	}
	return PAGE_CONTIG_OK;
}

enum page_contig_result page_contig_take(struct page_allocator *pa, unsigned int cpu,
					 bool compound, struct page_contig *contig)
{
	const uint32_t start = (uint32_t)(contig->pfn - pa->base_pfn);
	const uint32_t end = start + (uint32_t)contig->nr;

	pa->cpu = cpu;
	if (!is_free(pa, start, end))
		return PAGE_CONTIG_BUSY;
	take_free(pa, start, end, compound);
	return PAGE_CONTIG_OK;
}

uint64_t page_contig_seize(struct page_allocator *pa, unsigned int cpu,
			   struct page_contig *contig)
{
	const uint32_t start = (uint32_t)(contig->pfn - pa->base_pfn);
	const uint32_t end = start + (uint32_t)contig->nr;
	uint64_t nr_used = 0;

	pa->cpu = cpu;
	for (uint32_t at = start; at < end; at++) {
		unsigned int order;
		uint32_t head;

		if (area_find(pa, at, &head, &order))
			continue;
		nr_used++;
		/* As if it had been freed in time: into an isolated pageblock. */
		if (page_follow_own(pa, pa->base_pfn + at, 0, MIGRATE_UNMOVABLE) !=
		    PAGE_PLACE_OUTSIDE)
			page_free_direct(pa, cpu, pa->base_pfn + at, 0, false);
	}
	take_free(pa, start, end, false);
	return nr_used;
}

void page_contig_end(struct page_allocator *pa, unsigned int cpu, struct page_contig *contig)
{
	const uint32_t first = (uint32_t)(contig->first - pa->base_pfn);

	pa->cpu = cpu;
	for (size_t i = 0; i < contig->types.nr; i++)
		unisolate_block(pa, first + (uint32_t)i * block_pages(pa),
				(enum migratetype)contig->types.items[i]);
	vec_deinit(&contig->types);
}

struct mm_outcome page_alloc_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
					  uint64_t nr, uint32_t gfp, bool cma)
{
	pa->contig = (struct page_contig_report){ 0 };
	return page_contig_range(pa, cpu, pfn, nr, gfp, cma);
}

struct mm_outcome page_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
				    uint64_t nr, uint32_t gfp, bool cma)
{
	const bool compound = gfp & GFP_BIT_COMP;
	enum page_contig_result result;
	struct page_contig contig;

	if (compound && (!nr || (nr & (nr - 1)) || (pfn & (nr - 1)) ||
			 nr > 1ULL << KERNEL_MAX_ORDER))
		return outcome_of(pa, pfn, PAGE_CONTIG_INVALID);
	result = page_contig_begin(pa, cpu, pfn, nr, cma, &contig);
	if (result == PAGE_CONTIG_OK) {
		pcp_drain_all(pa, page_find_zone(pa, (uint32_t)(pfn - pa->base_pfn)));
		result = page_contig_migrate(pa, cpu, gfp, &contig);
		if (result == PAGE_CONTIG_OK)
			result = page_contig_take(pa, cpu, compound, &contig);
		page_contig_end(pa, cpu, &contig);
		pa->stats.contig_allocs += result == PAGE_CONTIG_OK;
		pa->stats.contig_failures += result != PAGE_CONTIG_OK;
	}
	report_part(pa, &contig, result == PAGE_CONTIG_OK);
	return outcome_of(pa, pfn, result);
}

struct mm_outcome page_alloc_contig_pages(struct page_allocator *pa, unsigned int cpu, uint64_t nr,
					  uint32_t gfp, int node)
{
	struct mm_outcome outcome = outcome_of(pa, 0, PAGE_CONTIG_BUSY), sum = { .cost_ns = 0 };
	struct page_request req;

	page_begin(pa, cpu);
	pa->contig = (struct page_contig_report){ 0 };
	if (!nr || nr > pa->nr_pages || !request_init(pa, &req, gfp, 0, node))
		return outcome_of(pa, 0, PAGE_CONTIG_INVALID);
	for (uint32_t i = req.preferred; i < req.nr_zones; i++) {
		const struct zone *zone = request_zone(pa, &req, i);
		const uint64_t align = nr & (nr - 1) ? 1 : nr;
		uint64_t at = (pa->base_pfn + zone->start + align - 1) / align * align;

		if (zone->type > req.highest)
			continue;
		/* ALIGN() of a size that is no power of two does not align. */
		for (; at + nr <= pa->base_pfn + zone->end; at += nr) {
			outcome = page_contig_range(pa, cpu, at, nr, gfp, false);
			mm_outcome_add(&sum, outcome);
			if (!mm_ok(outcome))
				continue;
			outcome.cost_ns = sum.cost_ns;
			outcome.steps = sum.steps;
			return outcome;
		}
	}
	outcome.cost_ns = sum.cost_ns;
	outcome.steps = sum.steps;
	return outcome;
}

const struct page_contig_report *page_contig_report(const struct page_allocator *pa)
{
	return &pa->contig;
}

const char *page_contig_obstacle_words(enum page_contig_obstacle obstacle)
{
	static const char *const words[] = {
#define X(suffix, words_) words_,
		PAGE_CONTIG_OBSTACLES(X)
#undef X
	};

	return words[obstacle];
}

void page_free_contig_range(struct page_allocator *pa, unsigned int cpu, uint64_t pfn,
			    uint64_t nr)
{
	uint32_t at = (uint32_t)(pfn - pa->base_pfn);
	const uint32_t end = at + (uint32_t)nr;

	BUG_ON(pfn < pa->base_pfn || pfn - pa->base_pfn >= pa->nr_pages ||
	       nr > pa->nr_pages - (pfn - pa->base_pfn));
	if (nr && pa->pages[at].order) {
		(void)page_free(pa, cpu, pfn, pa->pages[at].order);
		return;
	}
	while (at < end) {
		const unsigned int order = pa->profile->frees_in_runs ? piece_order(at, end) : 0;

		page_free_run(pa, cpu, pa->base_pfn + at, order);
		at += 1U << order;
	}
}

/* All of it is memory of one zone. */
static bool is_one_zone(const struct page_allocator *pa, uint64_t pfn, uint64_t nr)
{
	const uint64_t index = pfn - pa->base_pfn;
	const struct zone *zone;
	uint64_t first, last;

	if (!nr || pfn < pa->base_pfn || index >= pa->nr_pages || nr > pa->nr_pages - index)
		return false;
	zone = page_find_zone(pa, (uint32_t)index);
	first = bits_align_down(index, block_pages(pa));
	last = bits_align_up(index + nr, block_pages(pa));
	return zone && zone == page_find_zone(pa, (uint32_t)(index + nr - 1)) &&
	       first >= zone->start && last <= zone->end &&
	       page_memory_in(pa, (uint32_t)index, (uint32_t)(index + nr)) == nr;
}

/* What of a pageblock, [start, end), stands in the way of isolating it. */
static enum page_contig_obstacle block_obstacle(struct page_allocator *pa, uint32_t start,
						uint32_t end, struct page_contig *contig)
{
	contig->stuck = pa->base_pfn + start;
	switch ((int)block_type(pa, start)) {
	case MIGRATE_ISOLATE:
		return PAGE_CONTIG_OBSTACLE_ISOLATED;
	case MIGRATE_CMA:
		return contig->cma ? PAGE_CONTIG_OBSTACLE_NONE : PAGE_CONTIG_OBSTACLE_CMA;
	default:
		return find_unmovable(pa, start, end, contig);
	}
}

/* has_unmovable_pages(): the first that is neither free nor can be moved, or is not known. */
static enum page_contig_obstacle find_unmovable(const struct page_allocator *pa, uint32_t start,
						uint32_t end, struct page_contig *contig)
{
	for (uint32_t at = start; at < end;) {
		struct page_where where;
		const struct page *page;

		page_follow_find(pa, pa->base_pfn + at, &where);
		contig->stuck = pa->base_pfn + at;
		if (where.place == PAGE_PLACE_UNKNOWN || where.place == PAGE_PLACE_OUTSIDE)
			return PAGE_CONTIG_OBSTACLE_UNKNOWN;
		page = &pa->pages[where.head - pa->base_pfn];
		if (where.place == PAGE_PLACE_USED && page->type != MIGRATE_MOVABLE)
			return PAGE_CONTIG_OBSTACLE_PAGE;
		at = (uint32_t)(where.head - pa->base_pfn) + (1U << where.order);
	}
	return PAGE_CONTIG_OBSTACLE_NONE;
}

/* set_migratetype_isolate(); false: the pageblock crosses the zone's edge. */
static bool isolate_block(struct page_allocator *pa, uint32_t block)
{
	struct zone *zone = page_find_zone(pa, block);

	if (!zone || block < zone->start || block + block_pages(pa) > zone->end)
		return false;
	zone->apart.nr_isolated++;
	retype_block(pa, zone, block, MIGRATE_ISOLATE);
	return true;
}

/* unset_migratetype_isolate() */
static void unisolate_block(struct page_allocator *pa, uint32_t block, enum migratetype type)
{
	struct zone *zone = page_find_zone(pa, block);
	unsigned int order = pa->block_order;

	if (rejoins(pa, zone, block)) {
		/* Freed anew, it merges with its neighbour. */
		(void)area_del(pa, zone, block, order);
		block_set_type(pa, block, 0, type);
		buddy_free_one(pa, zone, block, order, type, true);
	} else {
		retype_block(pa, zone, block, type);
	}
	zone->apart.nr_isolated--;
}

/* The pageblock is one free block, and its buddy another one that is not isolated. */
static bool rejoins(const struct page_allocator *pa, const struct zone *zone, uint32_t block)
{
	const uint32_t buddy = block ^ block_pages(pa);

	return pa->block_order < KERNEL_MAX_ORDER && area_has(pa, block, pa->block_order) &&
	       area_has(pa, buddy, pa->block_order) && pa->pages[buddy].zone == zone->index &&
	       block_type(pa, buddy) != MIGRATE_ISOLATE;
}

/* move_freepages_block_isolate(): the pageblock, and what is free in it, changes its type. */
static void retype_block(struct page_allocator *pa, struct zone *zone, uint32_t block,
			 enum migratetype type)
{
	const enum migratetype old = block_type(pa, block);
	const uint64_t before = zone->apart.isolated;
	unsigned int order;
	uint32_t head;

	if (area_find(pa, block, &head, &order) && order > pa->block_order) {
		const enum migratetype list = area_del(pa, zone, head, order);

		zone_count_free(pa, zone, order, list, true);
		zone_account(pa, zone, -(1LL << order), list);
		block_set_type(pa, block, 0, type);
		for (uint32_t at = head; at - head < 1U << order; at += block_pages(pa))
			buddy_free_one(pa, zone, at, pa->block_order, block_type(pa, at), false);
		return;
	}
	(void)block_move_free(pa, zone, block, type, NULL);
	block_set_type(pa, block, 0, type);
	if (pa->profile->lists_follow_pageblocks)
		return;
	/* 6.1 books all of it at once. */
	if (type == MIGRATE_ISOLATE)
		zone_account(pa, zone, -(int64_t)(zone->apart.isolated - before), old);
	else
		zone_account(pa, zone, (int64_t)(before - zone->apart.isolated), type);
}

/*
 * isolate_migratepages_range(): the next blocks in use, up to a cluster; where to go on. PAGE_NIL:
 * one of them cannot be moved.
 */
static uint32_t collect(const struct page_allocator *pa, uint32_t at, uint32_t end,
			struct move_batch *batch, struct page_contig *contig)
{
	while (at < end && batch->nr_pages < CLUSTER) {
		const struct page *page = &pa->pages[at];
		unsigned int order;
		uint32_t head;

		if (area_find(pa, at, &head, &order)) {
			at = head + (1U << order);
			continue;
		}
		if (page->state != PAGE_USED || page->type != MIGRATE_MOVABLE) {
			contig->obstacle = page->state == PAGE_USED ? PAGE_CONTIG_OBSTACLE_PAGE :
								      PAGE_CONTIG_OBSTACLE_UNKNOWN;
			contig->stuck = pa->base_pfn + at;
			return PAGE_NIL;
		}
		batch->from[batch->nr++] = at;
		batch->nr_pages += 1U << page->order;
		at += 1U << page->order;
	}
	return at;
}

/*
 * migrate_pages(): the last one found goes first. From 6.3 on targets for all of them are asked for
 * before the first one moves.
 */
static enum page_contig_result move_batch(struct page_allocator *pa, unsigned int cpu,
					  uint32_t gfp, struct move_batch *batch)
{
	const struct page_work work = pa->work;
	const uint32_t mask = (gfp & (GFP_BITS_KERNEL | GFP_BIT_NOWARN)) | GFP_BIT_MOVABLE |
			      GFP_BIT_RETRY_MAYFAIL;
	struct mm_outcome outcome, sum = { .cost_ns = work.cost_ns };
	unsigned int nr = 0;

	if (!pa->ops.moved && batch->nr)
		return PAGE_CONTIG_BUSY;
	for (; nr < batch->nr; nr++) {
		const uint32_t from = batch->from[batch->nr - 1 - nr];

		outcome = page_alloc(pa, cpu, mask, pa->pages[from].order,
				     pa->zones[pa->pages[from].zone].node, 0);
		mm_outcome_add(&sum, outcome);
		if (!mm_ok(outcome))
			break;
		batch->to[nr] = (uint32_t)(outcome.addr - pa->base_pfn);
		if (!pa->profile->compact_moves_folios)
			move_one(pa, from, batch->to[nr]);
	}
	for (unsigned int i = 0; pa->profile->compact_moves_folios && i < nr; i++)
		move_one(pa, batch->from[batch->nr - 1 - i], batch->to[i]);
	pa->work = work;
	pa->work.cost_ns = sum.cost_ns;
	work_cost(pa, (uint64_t)batch->nr_pages * pa->costs.compact_page);
	return nr == batch->nr ? PAGE_CONTIG_OK : PAGE_CONTIG_NOMEM;
}

static void move_one(struct page_allocator *pa, uint32_t from, uint32_t to)
{
	struct zone *zone = &pa->zones[pa->pages[from].zone];
	const unsigned int order = pa->pages[from].order;

	page_set_unused(pa, zone, from);
	pa->stats.compact_moved += 1ULL << order;
	pa->ops.moved(pa->ctx, pa->base_pfn + from, pa->base_pfn + to, order);
	page_put(pa, zone, from, order);
}

/* test_pages_isolated() */
static bool is_free(const struct page_allocator *pa, uint32_t start, uint32_t end)
{
	for (uint32_t at = start; at < end;) {
		unsigned int order;
		uint32_t head;

		if (!area_find(pa, at, &head, &order) ||
		    area_type(pa, head, order) != MIGRATE_ISOLATE)
			return false;
		at = head + (1U << order);
	}
	return true;
}

/* Takes all free blocks with pages of [start, end) and gives back the parts outside. */
static void take_free(struct page_allocator *pa, uint32_t start, uint32_t end, bool compound)
{
	struct zone *zone = page_find_zone(pa, start);
	uint32_t first = start, last = end;

	for (uint32_t at = start; at < end;) {
		unsigned int order;
		uint32_t head;

		if (!area_find(pa, at, &head, &order)) {
			at++;
			continue;
		}
		(void)area_del(pa, zone, head, order);
		first = MIN(first, head);
		at = head + (1U << order);
		last = MAX(last, at);
	}
	if (compound)
		page_set_used(pa, zone, start, bits_ctz(end - start), MIGRATE_UNMOVABLE);
	for (uint32_t at = start; !compound && at < end; at++)
		page_set_used(pa, zone, at, 0, MIGRATE_UNMOVABLE);
	give_back(pa, zone, first, start);
	give_back(pa, zone, end, last);
	pa->stats.contig_pages += end - start;
}

/*
 * Page by page up to 6.18, then in the largest aligned blocks: which makes the same blocks of them,
 * on lists whose order nobody will see.
 */
static void give_back(struct page_allocator *pa, struct zone *zone, uint32_t start, uint32_t end)
{
	while (start < end) {
		const unsigned int order = piece_order(start, end);

		buddy_free(pa, zone, start, order, false);
		start += 1U << order;
	}
}

/* The largest aligned block at "at" that ends by "end". */
static unsigned int piece_order(uint32_t at, uint32_t end)
{
	unsigned int order = MIN(bits_ctz(at | 1U << KERNEL_MAX_ORDER),
				 (unsigned int)KERNEL_MAX_ORDER);

	while ((uint64_t)at + (1ULL << order) > end)
		order--;
	return order;
}

static void report_part(struct page_allocator *pa, const struct page_contig *contig, bool got)
{
	pa->contig.nr_moved += contig->nr_moved;
	if (got)
		return;
	pa->contig.nr_busy++;
	pa->contig.obstacle = contig->obstacle;
	pa->contig.pfn = contig->stuck;
}

static struct mm_outcome outcome_of(const struct page_allocator *pa, uint64_t pfn,
				    enum page_contig_result result)
{
	static const uint8_t failures[] = {
		[PAGE_CONTIG_OK] = MM_FAIL_NONE,
		[PAGE_CONTIG_BUSY] = MM_FAIL_NO_BLOCK,
		[PAGE_CONTIG_NOMEM] = MM_FAIL_NO_MEMORY,
		[PAGE_CONTIG_INVALID] = MM_FAIL_INVALID,
	};

	return (struct mm_outcome){
		.addr = result == PAGE_CONTIG_OK ? pfn : 0,
		.cost_ns = pa->work.cost_ns,
		.steps = (uint16_t)MIN(pa->work.steps, (uint32_t)UINT16_MAX),
		.path = MM_PATH_CONTIG,
		.failure = failures[result],
	};
}
