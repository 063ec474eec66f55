/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of addresses as ascending ranges that do not touch, unless they are of two nodes. */
#include <config.h>

#include "kmreplay/proc/boot.h"

#include <string.h>

static size_t first_behind(const struct proc_ranges *ranges, uint64_t addr);
static void replace(struct proc_ranges *ranges, size_t at, size_t nr_old,
		    const struct proc_range *by, size_t nr_by);

void proc_ranges_add(struct proc_ranges *ranges, uint64_t start, uint64_t end, int node)
{
	struct proc_range new = { start, end, node };
	size_t at, nr = 0;

	if (start >= end)
		return;
	proc_ranges_remove(ranges, start, end);
	at = first_behind(ranges, start);
	if (at < ranges->nr && ranges->items[at].start == end && ranges->items[at].node == node) {
		new.end = ranges->items[at].end;
		nr = 1;
	}
	if (at && ranges->items[at - 1].end == start && ranges->items[at - 1].node == node) {
		new.start = ranges->items[--at].start;
		nr++;
	}
	replace(ranges, at, nr, &new, 1);
}

void proc_ranges_remove(struct proc_ranges *ranges, uint64_t start, uint64_t end)
{
	struct proc_range left[2];
	size_t at = first_behind(ranges, start), last = at, nr_left = 0;

	while (last < ranges->nr && ranges->items[last].start < end)
		last++;
	if (start >= end || last == at)
		return;
	if (ranges->items[at].start < start) {
		left[nr_left] = ranges->items[at];
		left[nr_left++].end = start;
	}
	if (ranges->items[last - 1].end > end) {
		left[nr_left] = ranges->items[last - 1];
		left[nr_left++].start = end;
	}
	replace(ranges, at, last - at, left, nr_left);
}

const struct proc_range *proc_ranges_find(const struct proc_ranges *ranges, uint64_t addr)
{
	size_t at = first_behind(ranges, addr);

	return at < ranges->nr && ranges->items[at].start <= addr ? &ranges->items[at] : NULL;
}

/* The first range that ends behind "addr". */
static size_t first_behind(const struct proc_ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ranges->items[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* "nr_by" ranges take the place of the "nr_old" at index "at". */
static void replace(struct proc_ranges *ranges, size_t at, size_t nr_old,
		    const struct proc_range *by, size_t nr_by)
{
	vec_reserve(ranges, ranges->nr - nr_old + nr_by);
	memmove(ranges->items + at + nr_by, ranges->items + at + nr_old,
		(ranges->nr - at - nr_old) * sizeof(*ranges->items));
	memcpy(ranges->items + at, by, nr_by * sizeof(*by));
	ranges->nr = ranges->nr - nr_old + nr_by;
}
