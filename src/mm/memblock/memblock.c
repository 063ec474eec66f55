/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory at boot.
 *
 * Theory. Free memory is what the list of memory has and that of reservations has not. It is walked
 * from the top, gap by gap, and the first gap that is large enough gives its upper end, rounded
 * down to the alignment; a gap ends where a region of memory ends, so that what is given lies in
 * one region, and thus on one node. The lists are arrays; one that is full doubles, and the new
 * array is itself such an allocation, kept clear of the range that is being reserved.
 *
 *	memory     [=====================]   [==================]
 *	reserved      [##]     [#]                  [####]
 *	free       [--]   [---]  [-------]   [-----]      [----<] taken from here
 *
 * Mirrors memblock_add_range(), memblock_remove_range(), memblock_double_array(),
 * __next_mem_range_rev(), __memblock_find_range_top_down() and _bottom_up(),
 * memblock_alloc_range_nid(), memblock_alloc_internal() and __free_memory_core() of 6.1, 6.12 and
 * 7.2. Left out: the arrays' memory is not given back after boot (memblock_discard()); memory that
 * has to be accepted first.
 */
#include <config.h>

#include "kmreplay/mm/memblock.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/error.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page_start.h"

#include <inttypes.h>
#include <string.h>

static void insert(struct memblock_list *list, size_t at, struct memblock_region region);
static void add_range(struct memblock_list *list, struct memblock_region new);
static size_t nr_parts(const struct memblock_list *list, uint64_t start, uint64_t end);
static void merge(struct memblock_list *list);
static void remove_range(struct memblock_list *list, uint64_t start, uint64_t end);
static bool make_room(struct memblock *mb, struct memblock_list *list,
		      const struct memblock_region *new);
static void take_out(struct memblock *mb, struct memblock_list *list, uint64_t start,
		     uint64_t end);
static bool double_array(struct memblock *mb, struct memblock_list *list,
			 const struct memblock_region *new);
static bool is_skipped(const struct memblock *mb, const struct memblock_region *region, int node,
		       unsigned int flags);
static bool gap_above(const struct memblock *mb, uint64_t from, size_t *at,
		      struct memblock_region *ret);
static uint64_t find_top_down(const struct memblock *mb, const struct memblock_request *req,
			      unsigned int flags);
static uint64_t find_bottom_up(const struct memblock *mb, const struct memblock_request *req,
			       unsigned int flags);
static size_t first_behind(const struct memblock_list *list, uint64_t addr);
static uint64_t reserve_found(struct memblock *mb, const struct memblock_request *req, int node,
			      unsigned int flags);
static bool check_list(const struct memblock_list *list, const char *name, struct error *err);

void memblock_init(struct memblock *mb)
{
	*mb = (struct memblock){
		.memory.max = MEMBLOCK_INIT_REGIONS,
		.reserved.max = MEMBLOCK_INIT_REGIONS,
		.limit = UINT64_MAX,
		.region_size = 24,
	};
}

void memblock_init_machine(struct memblock *mb, const struct machine_config *config)
{
	uint64_t end = 0;

	memblock_init(mb);
	for (size_t i = 0; i < config->ranges.nr; i++) {
		const struct machine_range *range = &config->ranges.items[i];

		memblock_add(mb, range->start << KERNEL_PAGE_SHIFT, range->end << KERNEL_PAGE_SHIFT,
			     range->node, 0);
		end = range->end;
	}
	if (config->arch == ARCH_X86_32) /* HighMem is not mapped */
		end = MIN(end, config->lowmem_end ? config->lowmem_end : MACHINE_LOWMEM_END_32);
	mb->limit = end << KERNEL_PAGE_SHIFT;
}

void memblock_deinit(struct memblock *mb)
{
	vec_deinit(&mb->memory.regions);
	vec_deinit(&mb->reserved.regions);
}

void memblock_add(struct memblock *mb, uint64_t start, uint64_t end, int node, unsigned int flags)
{
	const struct memblock_region new = { start, end, node, flags };

	if (start < end && make_room(mb, &mb->memory, &new))
		add_range(&mb->memory, new);
}

void memblock_remove(struct memblock *mb, uint64_t start, uint64_t end)
{
	take_out(mb, &mb->memory, start, end);
}

bool memblock_reserve(struct memblock *mb, uint64_t start, uint64_t end, int node,
		      unsigned int flags)
{
	const struct memblock_region new = { start, end, node, flags };

	if (start >= end)
		return true;
	if (!make_room(mb, &mb->reserved, &new))
		return false;
	add_range(&mb->reserved, new);
	return true;
}

void memblock_free(struct memblock *mb, uint64_t start, uint64_t end)
{
	take_out(mb, &mb->reserved, start, end);
}

uint64_t memblock_find(const struct memblock *mb, const struct memblock_request *req,
		       unsigned int flags)
{
	struct memblock_request bounded = *req;

	/* The first page is never given out. */
	bounded.start = MAX(req->start, (uint64_t)KERNEL_PAGE_SIZE);
	bounded.end = req->end > MEMBLOCK_NOLEAKTRACE ? req->end : mb->limit;
	bounded.end = MAX(bounded.end, bounded.start);
	return mb->bottom_up ? find_bottom_up(mb, &bounded, flags) :
			       find_top_down(mb, &bounded, flags);
}

uint64_t memblock_alloc_range(struct memblock *mb, const struct memblock_request *req)
{
	struct memblock_request own = *req;
	unsigned int flags = 0;
	uint64_t found = 0;

	if (!own.align)
		own.align = MEMBLOCK_ALIGN;
	vec_foreach(&mb->memory.regions, region)
		flags |= region->flags & MEMBLOCK_MIRROR;
	for (;; flags = 0) {
		found = reserve_found(mb, &own, own.node, flags);
		if (!found && own.node >= 0 && !own.exact_node)
			found = reserve_found(mb, &own, -1, flags);
		if (found || !flags)
			return found;
	}
}

uint64_t memblock_alloc(struct memblock *mb, const struct memblock_request *req)
{
	struct memblock_request own = *req;
	uint64_t found;

	own.end = MIN(own.end, mb->limit);
	found = memblock_alloc_range(mb, &own);
	if (found || !own.start)
		return found;
	own.start = 0;
	return memblock_alloc_range(mb, &own);
}

uint64_t memblock_alloc_cma(struct memblock *mb, uint64_t size, uint64_t align, bool above_4g)
{
	const uint64_t four_gib = 1ULL << 32;
	const size_t nr = mb->memory.regions.nr;
	const uint64_t end = nr ? mb->memory.regions.items[nr - 1].end : 0;
	struct memblock_request req = {
		.size = size, .align = align, .start = four_gib, .node = -1,
	};
	uint64_t found = 0;

	/* cma_alloc_mem(): memory reaches beyond 4 GiB by more than the area. */
	if (above_4g && !mb->bottom_up && end >= four_gib + size) {
		mb->bottom_up = true;
		found = memblock_alloc_range(mb, &req);
		mb->bottom_up = false;
	}
	req.start = 0;
	return found ? found : memblock_alloc_range(mb, &req);
}

bool memblock_next_free(const struct memblock *mb, uint64_t from, struct memblock_region *ret)
{
	size_t at = 0;

	while (gap_above(mb, from, &at, ret)) {
		if (!is_skipped(mb, ret, -1, 0))
			return true;
		from = ret->end;
	}
	return false;
}

bool memblock_is(const struct memblock *mb, uint64_t start, uint64_t end, bool reserved)
{
	const size_t mem = first_behind(&mb->memory, start);
	const size_t res = first_behind(&mb->reserved, start);
	uint64_t at = start;

	for (size_t i = mem; at < end; i++) {
		if (i == mb->memory.regions.nr || mb->memory.regions.items[i].start > at)
			return false;
		at = mb->memory.regions.items[i].end;
	}
	if (!reserved)
		return res == mb->reserved.regions.nr ||
		       mb->reserved.regions.items[res].start >= end;
	at = start;
	for (size_t i = res; at < end; i++) {
		if (i == mb->reserved.regions.nr || mb->reserved.regions.items[i].start > at)
			return false;
		at = mb->reserved.regions.items[i].end;
	}
	return true;
}

uint64_t memblock_total(const struct memblock_list *list)
{
	uint64_t sum = 0;

	vec_foreach(&list->regions, region)
		sum += region->end - region->start;
	return sum;
}

void memblock_free_all(const struct memblock *mb, struct page_start *start)
{
	struct memblock_region gap = { .end = 0 };

	while (memblock_next_free(mb, gap.end, &gap))
		page_start_add_free(start,
				    bits_align_up(gap.start, KERNEL_PAGE_SIZE) >> KERNEL_PAGE_SHIFT,
				    gap.end >> KERNEL_PAGE_SHIFT);
}

bool memblock_check(const struct memblock *mb, struct error *err)
{
	return check_list(&mb->memory, "memory", err) && check_list(&mb->reserved, "reserved", err);
}

static void insert(struct memblock_list *list, size_t at, struct memblock_region region)
{
	vec_push(&list->regions, region);
	memmove(&list->regions.items[at + 1], &list->regions.items[at],
		(list->regions.nr - 1 - at) * sizeof(region));
	list->regions.items[at] = region;
}

/* memblock_add_range(): the parts of "new" that the list does not have yet. */
static void add_range(struct memblock_list *list, struct memblock_region new)
{
	const uint64_t end = new.end;

	for (size_t i = first_behind(list, new.start);
	     i < list->regions.nr && list->regions.items[i].start < end; i++) {
		const struct memblock_region old = list->regions.items[i];

		if (old.start > new.start) {
			new.end = old.start;
			insert(list, i++, new);
		}
		new.start = MIN(old.end, end);
	}
	new.end = end;
	if (new.start < end)
		insert(list, first_behind(list, new.start), new);
	merge(list);
}

/* How many regions add_range() would insert, before merging. */
static size_t nr_parts(const struct memblock_list *list, uint64_t start, uint64_t end)
{
	size_t nr = 0;

	for (size_t i = first_behind(list, start);
	     i < list->regions.nr && list->regions.items[i].start < end; i++) {
		nr += list->regions.items[i].start > start;
		start = list->regions.items[i].end;
	}
	return nr + (start < end);
}

static void merge(struct memblock_list *list)
{
	struct memblock_region *items = list->regions.items;
	size_t nr = 1;

	for (size_t i = 1; i < list->regions.nr; i++) {
		struct memblock_region *last = &items[nr - 1];

		if (last->end == items[i].start && last->node == items[i].node &&
		    last->flags == items[i].flags)
			last->end = items[i].end;
		else
			items[nr++] = items[i];
	}
	list->regions.nr = MIN(nr, list->regions.nr);
}

/* A region that reaches beyond the range on both sides becomes two. */
static void remove_range(struct memblock_list *list, uint64_t start, uint64_t end)
{
	size_t at = first_behind(list, start), last = at;

	if (start >= end || at == list->regions.nr)
		return;
	if (list->regions.items[at].start < start && list->regions.items[at].end > end) {
		struct memblock_region upper = list->regions.items[at];

		upper.start = end;
		list->regions.items[at].end = start;
		insert(list, at + 1, upper);
		return;
	}
	if (list->regions.items[at].start < start)
		list->regions.items[at++].end = start;
	for (last = at; last < list->regions.nr && list->regions.items[last].end <= end;)
		last++;
	memmove(&list->regions.items[at], &list->regions.items[last],
		(list->regions.nr - last) * sizeof(list->regions.items[0]));
	list->regions.nr -= last - at;
	if (at < list->regions.nr && list->regions.items[at].start < end)
		list->regions.items[at].start = end;
}

static bool make_room(struct memblock *mb, struct memblock_list *list,
		      const struct memblock_region *new)
{
	while (list->regions.nr + nr_parts(list, new->start, new->end) > list->max) {
		if (!double_array(mb, list, new))
			return false;
	}
	return true;
}

/* memblock_isolate_range(): both edges may cut a region. */
static void take_out(struct memblock *mb, struct memblock_list *list, uint64_t start,
		     uint64_t end)
{
	const struct memblock_region cut = { .start = start, .end = end };

	while (start < end && list->regions.nr + 2 > list->max) {
		if (!double_array(mb, list, &cut))
			return;
	}
	remove_range(list, start, end);
}

/* memblock_double_array(): above what is being reserved if possible, else below. */
static bool double_array(struct memblock *mb, struct memblock_list *list,
			 const struct memblock_region *new)
{
	const uint64_t size = bits_align_up(2 * list->max * mb->region_size, KERNEL_PAGE_SIZE);
	const bool avoid = list == &mb->reserved;
	const uint64_t old = list->array, old_size = list->array_size;
	struct memblock_request req = {
		.size = size, .align = KERNEL_PAGE_SIZE, .start = avoid ? new->end : 0,
		.node = -1,
	};
	uint64_t found = memblock_find(mb, &req, 0);

	if (!found && avoid) {
		req.start = 0;
		req.end = MIN(new->start, mb->limit);
		found = memblock_find(mb, &req, 0);
	}
	if (!found)
		return false;
	list->max *= 2;
	list->array = found;
	list->array_size = size;
	if (old)
		memblock_free(mb, old, old + old_size);
	return memblock_reserve(mb, found, found + size, -1, 0);
}

/* should_skip_region() */
static bool is_skipped(const struct memblock *mb, const struct memblock_region *region, int node,
		       unsigned int flags)
{
	return (node >= 0 && region->node != node) ||
	       (mb->movable_node && (region->flags & MEMBLOCK_HOTPLUG)) ||
	       ((flags & MEMBLOCK_MIRROR) && !(region->flags & MEMBLOCK_MIRROR)) ||
	       (region->flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED));
}

/* The first free part at or behind "from", of any region; "*at" is a hint for the next call. */
static bool gap_above(const struct memblock *mb, uint64_t from, size_t *at,
		      struct memblock_region *ret)
{
	size_t reserved = first_behind(&mb->reserved, from);

	for (; *at < mb->memory.regions.nr; ++*at) {
		const struct memblock_region *region = &mb->memory.regions.items[*at];

		from = MAX(from, region->start);
		while (from < region->end) {
			const struct memblock_region *next = NULL;

			while (reserved < mb->reserved.regions.nr &&
			       mb->reserved.regions.items[reserved].end <= from)
				reserved++;
			if (reserved < mb->reserved.regions.nr)
				next = &mb->reserved.regions.items[reserved];
			*ret = *region;
			ret->start = from;
			if (next)
				ret->end = MIN(region->end, MAX(next->start, from));
			if (ret->start < ret->end)
				return true;
			from = next->end;
		}
	}
	return false;
}

static uint64_t find_top_down(const struct memblock *mb, const struct memblock_request *req,
			      unsigned int flags)
{
	size_t reserved = mb->reserved.regions.nr;

	for (size_t i = mb->memory.regions.nr; i-- > 0;) {
		const struct memblock_region *region = &mb->memory.regions.items[i];
		uint64_t top = region->end;

		if (is_skipped(mb, region, req->node, flags))
			continue;
		while (top > region->start) {
			const struct memblock_region *below = NULL;
			uint64_t start = region->start, from, to;

			while (reserved && mb->reserved.regions.items[reserved - 1].start >= top)
				reserved--;
			if (reserved)
				below = &mb->reserved.regions.items[reserved - 1];
			if (below)
				start = MAX(start, MIN(below->end, top));
			from = MIN(MAX(start, req->start), req->end);
			to = MIN(MAX(top, req->start), req->end);
			if (start < top && to >= req->size &&
			    bits_align_down(to - req->size, req->align) >= from)
				return bits_align_down(to - req->size, req->align);
			top = below ? below->start : region->start;
		}
	}
	return 0;
}

static uint64_t find_bottom_up(const struct memblock *mb, const struct memblock_request *req,
			       unsigned int flags)
{
	struct memblock_region gap = { .end = 0 };
	size_t at = 0;

	while (gap_above(mb, gap.end, &at, &gap)) {
		const uint64_t from = MIN(MAX(gap.start, req->start), req->end);
		const uint64_t to = MIN(MAX(gap.end, req->start), req->end);
		const uint64_t place = bits_align_up(from, req->align);

		if (!is_skipped(mb, &gap, req->node, flags) && place < to &&
		    to - place >= req->size)
			return place;
	}
	return 0;
}

/* The first region that ends behind "addr". */
static size_t first_behind(const struct memblock_list *list, uint64_t addr)
{
	size_t low = 0, high = list->regions.nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (list->regions.items[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t reserve_found(struct memblock *mb, const struct memblock_request *req, int node,
			      unsigned int flags)
{
	struct memblock_request own = *req;
	uint64_t found;

	own.node = node;
	found = memblock_find(mb, &own, flags);
	return found && memblock_reserve(mb, found, found + req->size, -1, 0) ? found : 0;
}

static bool check_list(const struct memblock_list *list, const char *name, struct error *err)
{
	for (size_t i = 0; i < list->regions.nr; i++) {
		const struct memblock_region *region = &list->regions.items[i];
		const struct memblock_region *last = i ? region - 1 : NULL;

		if (region->start >= region->end)
			return error_set(err, "memblock: %s %zu is empty", name, i);
		if (last && last->end > region->start)
			return error_set(err, "memblock: %s %zu overlaps the one before", name, i);
		if (last && last->end == region->start && last->node == region->node &&
		    last->flags == region->flags)
			return error_set(err, "memblock: %s %zu ought to be merged", name, i);
	}
	if (list->regions.nr > list->max)
		return error_set(err, "memblock: %s has %zu regions and room for %" PRIu64, name,
				 list->regions.nr, list->max);
	return true;
}
