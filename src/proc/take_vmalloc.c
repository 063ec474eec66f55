/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the vmalloc allocator shows: /proc/vmallocinfo, in the order of its release: by address, or
 * since 6.9 by vmap node and then by address (vmalloc_info_show()).
 */
#include <config.h>

#include "kmreplay/proc/take.h"

#include "take_internal.h"

#include "kmreplay/mm/vmalloc.h"

#include <string.h>

struct areas vec(struct vmap_area_info);

static void collect(const struct vmalloc *v, struct areas *areas);
static int by_node(const void *a, const void *b);
static unsigned int area_flags(const struct vmap_area_info *info);
static void take_area(struct proc_snapshot *snap, const struct vmalloc *v,
		      const struct vmap_area_info *info);
static void take_lazy(struct proc_snapshot *snap, const struct vmalloc *v);

void proc_take_vmalloc(struct proc_snapshot *snap, const struct vmalloc *v)
{
	struct proc_vmallocinfo *info = &snap->vmallocinfo;
	struct vmalloc_stats stats;
	struct areas areas = { 0 };

	vmalloc_stats(v, &stats);
	vec_reset(&info->rows);
	info->wide = info->phys_wide = stats.range_end > UINT32_MAX;
	collect(v, &areas);
	vec_foreach(&areas, area)
		take_area(snap, v, area);
	vec_deinit(&areas);
	take_lazy(snap, v);
	/* Which node pages of more than one are on shows in no sum; a machine has one mostly. */
	if (vmalloc_nr_numa_nodes(v) == 1)
		take_set_node_counter(snap, 0, "nr_vmalloc", stats.nr_pages);
	proc_set_has(snap, PROC_VMALLOCINFO);
}

/* In the order of the file. */
static void collect(const struct vmalloc *v, struct areas *areas)
{
	struct vmap_area_info info;
	uint64_t at = 0;

	while (vmap_area_next(v, &at, &info))
		vec_push(areas, info);
	if (areas->nr)
		qsort(areas->items, areas->nr, sizeof(*areas->items), by_node);
}

static int by_node(const void *a, const void *b)
{
	const struct vmap_area_info *left = a, *right = b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	return left->addr < right->addr ? -1 : left->addr > right->addr;
}

/* Of an area that a recording shows only its pages tell what it is for. */
static unsigned int area_flags(const struct vmap_area_info *info)
{
	static const unsigned int flags[] = {
		[VMAP_USE_VMALLOC] = PROC_AREA_VMALLOC,	 [VMAP_USE_VMAP] = PROC_AREA_VMAP,
		[VMAP_USE_IOREMAP] = PROC_AREA_IOREMAP,	 [VMAP_USE_STACK] = PROC_AREA_VMALLOC,
		[VMAP_USE_RAM] = PROC_AREA_VM_MAP_RAM,	 [VMAP_USE_KEPT] = PROC_AREA_VMALLOC,
		[VMAP_USE_DYING] = PROC_AREA_VMALLOC,
	};

	if (info->use == VMAP_USE_OTHER)
		return info->nr_pages ? PROC_AREA_VMALLOC : 0;
	return flags[info->use];
}

static void take_area(struct proc_snapshot *snap, const struct vmalloc *v,
		      const struct vmap_area_info *info)
{
	struct proc_area row = {
		.start = info->addr,
		.end = info->addr + info->size,
		.size = info->size,
		.nr_pages = info->nr_pages,
		.flags = area_flags(info),
	};

	if (info->nr_pages && vmalloc_nr_numa_nodes(v) == 1) {
		struct proc_node_pages *nodes = arena_alloc(&snap->arena, sizeof(*nodes));

		*nodes = (struct proc_node_pages){ 0, info->nr_pages };
		row.nodes = nodes;
		row.nr_nodes = 1;
	}
	vec_push(&snap->vmallocinfo.rows, row);
}

/* Freed, and waiting for a purge. */
static void take_lazy(struct proc_snapshot *snap, const struct vmalloc *v)
{
	for (unsigned int node = 0; node < vmap_nr_nodes(v); node++) {
		uint64_t at = 0, start, end;

		while (vmap_lazy_next(v, node, &at, &start, &end))
			vec_push(&snap->vmallocinfo.rows, ((struct proc_area){
								  .start = start,
								  .end = end,
								  .size = end - start,
								  .flags = PROC_AREA_UNPURGED,
							  }));
	}
}
