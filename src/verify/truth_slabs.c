/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that tell of slab caches and areas: what only one side has is zero on the other. */
#include <config.h>

#include "truth_internal.h"

#include <stdlib.h>
#include <string.h>

/* By address; the file need not be in that order. */
struct areas {
	struct vec(const struct proc_area *) list;
};

static void field_of(struct truth_comparison *c, size_t row, const char *name, uint64_t ours,
		     uint64_t kernel);
static void compare_column(struct truth_comparison *c, const char *column);
static void sort_areas(const struct proc_vmallocinfo *info, struct areas *ret);
static int by_start(const void *a, const void *b);
static const struct proc_area *find_area(const struct areas *areas, uint64_t start);

void truth_compare_slabinfo(struct truth_comparison *c)
{
	static const struct proc_slab none;
	const size_t names = truth_row_add(c, "caches", "caches that both have", false);
	const size_t slabs = truth_row_add(c, "num_slabs", "slabs of each cache", true);
	const size_t objects = truth_row_add(c, "num_objs", "objects in slabs of each cache", true);
	const size_t active = truth_row_add(c, "active_objs", "active objects of each cache", true);
	const size_t shape =
		truth_row_add(c, "geometry", "size, objects and pages of a slab", false);

	vec_foreach(&c->kernel->slabinfo.rows, kernel) {
		const struct proc_slab *found = proc_slab_find(&c->ours->slabinfo, kernel->name);
		const struct proc_slab *ours = found ? found : &none;

		field_of(c, names, kernel->name, found != NULL, true);
		field_of(c, slabs, kernel->name, ours->num_slabs, kernel->num_slabs);
		field_of(c, objects, kernel->name, ours->num_objs, kernel->num_objs);
		field_of(c, active, kernel->name, ours->active_objs, kernel->active_objs);
		if (!found)
			continue;
		field_of(c, shape, kernel->name, ours->objsize, kernel->objsize);
		field_of(c, shape, kernel->name, ours->objperslab, kernel->objperslab);
		field_of(c, shape, kernel->name, ours->pagesperslab, kernel->pagesperslab);
	}
	vec_foreach(&c->ours->slabinfo.rows, ours)
		if (!proc_slab_find(&c->kernel->slabinfo, ours->name))
			field_of(c, names, ours->name, true, false);
}

void truth_compare_sys_slab(struct truth_comparison *c)
{
	const struct proc_table *table = &c->kernel->sys_slab;

	for (size_t i = 1; i < table->columns.nr; i++)
		compare_column(c, table->columns.items[i]);
}

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

static void field_of(struct truth_comparison *c, size_t row, const char *name, uint64_t ours,
		     uint64_t kernel)
{
	if (truth_field(c, row, (int64_t)ours, (int64_t)kernel))
		str_addf(truth_first(c, row), "%s: %llu, kernel %llu", name,
			 (unsigned long long)ours, (unsigned long long)kernel);
}

/* An attribute of all caches; those that are no numbers are not compared. */
static void compare_column(struct truth_comparison *c, const char *column)
{
	const struct proc_table *table = &c->kernel->sys_slab;
	const size_t row = truth_row_add(c, column, "this attribute of each cache", true);

	for (size_t i = 0; i < proc_table_rows(table); i++) {
		const char *name = proc_table_text(table, i, "name");
		const size_t at = proc_table_find(&c->ours->sys_slab, name);
		uint64_t kernel, ours = 0;

		if (!proc_table_number(table, i, column, &kernel))
			continue;
		if (at != SIZE_MAX && !proc_table_number(&c->ours->sys_slab, at, column, &ours))
			continue;
		field_of(c, row, name, ours, kernel);
	}
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
