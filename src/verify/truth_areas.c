/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Areas of vmallocinfo: what only one side has is not there on the other. */
#include <config.h>

#include "truth_internal.h"

#include <stdlib.h>

/* By address; the file need not be in that order. */
struct areas {
	struct vec(const struct proc_area *) list;
};

static void sort_areas(const struct proc_vmallocinfo *info, struct areas *ret);
static int by_start(const void *a, const void *b);
static const struct proc_area *find_area(const struct areas *areas, uint64_t start);

void truth_compare_vmallocinfo(struct truth_comparison *c)
{
	const size_t places = truth_row_add(c, "areas", "areas at the same place", false);
	const size_t sizes = truth_row_add(c, "bytes", "bytes of address space", true);
	struct areas our_areas, kernel_areas;
	uint64_t ours = 0, kernel = 0;

	sort_areas(&c->ours->vmallocinfo, &our_areas);
	sort_areas(&c->kernel->vmallocinfo, &kernel_areas);
	vec_foreach(&c->kernel->vmallocinfo.rows, area) {
		const struct proc_area *found = find_area(&our_areas, area->start);

		kernel += area->size;
		if (truth_field(c, places, found && found->size == area->size, true))
			str_addf(truth_first(c, places), "0x%llx, %llu bytes for %s: %s",
				 (unsigned long long)area->start, (unsigned long long)area->size,
				 area->caller ? area->caller : "?",
				 found ? "of another size" : "not there");
	}
	vec_foreach(&c->ours->vmallocinfo.rows, area) {
		ours += area->size;
		if (!find_area(&kernel_areas, area->start) &&
		    truth_field(c, places, true, false))
			str_addf(truth_first(c, places), "0x%llx, %llu bytes: the kernel has none",
				 (unsigned long long)area->start,
				 (unsigned long long)area->size);
	}
	truth_field(c, sizes, (int64_t)ours, (int64_t)kernel);
	vec_deinit(&our_areas.list);
	vec_deinit(&kernel_areas.list);
}

static void sort_areas(const struct proc_vmallocinfo *info, struct areas *ret)
{
	*ret = (struct areas){ 0 };
	vec_foreach(&info->rows, area)
		vec_push(&ret->list, area);
	if (ret->list.nr)
		qsort(ret->list.items, ret->list.nr, sizeof(*ret->list.items), by_start);
}

static int by_start(const void *a, const void *b)
{
	const struct proc_area *const *x = a, *const *y = b;

	return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

static const struct proc_area *find_area(const struct areas *areas, uint64_t start)
{
	size_t low = 0, high = areas->list.nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (areas->list.items[middle]->start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < areas->list.nr && areas->list.items[low]->start == start ?
		       areas->list.items[low] : NULL;
}
