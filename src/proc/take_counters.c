/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which counters /proc/zoneinfo has, in their order, as kernels are built by distributions. What is
 * known of releases between those that were looked at (6.1, 6.12, 7.2) is that of the older one.
 */
#include <config.h>

#include "take_internal.h"

#include "proc_internal.h"

#include <string.h>

struct counter {
	const char *name;
	bool node; /* of the node, else of the zone */
	bool numa; /* of kernels for several nodes: those of 32 bits are built for one */
	struct kernel_version since, until; /* 0.0: always; the first release without it */
};

static const struct counter known[] = {
	{ .name = "nr_inactive_anon", .node = true },
	{ .name = "nr_active_anon", .node = true },
	{ .name = "nr_inactive_file", .node = true },
	{ .name = "nr_active_file", .node = true },
	{ .name = "nr_unevictable", .node = true },
	{ .name = "nr_slab_reclaimable", .node = true },
	{ .name = "nr_slab_unreclaimable", .node = true },
	{ .name = "nr_isolated_anon", .node = true },
	{ .name = "nr_isolated_file", .node = true },
	{ .name = "workingset_nodes", .node = true },
	{ .name = "workingset_refault_anon", .node = true },
	{ .name = "workingset_refault_file", .node = true },
	{ .name = "workingset_activate_anon", .node = true },
	{ .name = "workingset_activate_file", .node = true },
	{ .name = "workingset_restore_anon", .node = true },
	{ .name = "workingset_restore_file", .node = true },
	{ .name = "workingset_nodereclaim", .node = true },
	{ .name = "nr_anon_pages", .node = true },
	{ .name = "nr_mapped", .node = true },
	{ .name = "nr_file_pages", .node = true },
	{ .name = "nr_dirty", .node = true },
	{ .name = "nr_writeback", .node = true },
	{ .name = "nr_writeback_temp", .node = true, .until = { 7, 2 } },
	{ .name = "nr_shmem", .node = true },
	{ .name = "nr_shmem_hugepages", .node = true },
	{ .name = "nr_shmem_pmdmapped", .node = true },
	{ .name = "nr_file_hugepages", .node = true },
	{ .name = "nr_file_pmdmapped", .node = true },
	{ .name = "nr_anon_transparent_hugepages", .node = true },
	{ .name = "nr_vmscan_write", .node = true },
	{ .name = "nr_vmscan_immediate_reclaim", .node = true },
	{ .name = "nr_dirtied", .node = true },
	{ .name = "nr_written", .node = true },
	{ .name = "nr_throttled_written", .node = true },
	{ .name = "nr_kernel_misc_reclaimable", .node = true },
	{ .name = "nr_foll_pin_acquired", .node = true },
	{ .name = "nr_foll_pin_released", .node = true },
	{ .name = "nr_vmalloc", .node = true, .since = { 7, 2 } },
	{ .name = "nr_kernel_stack", .node = true },
	{ .name = "nr_page_table_pages", .node = true },
	{ .name = "nr_sec_page_table_pages", .node = true },
	{ .name = "nr_iommu_pages", .node = true, .since = { 6, 12 } },
	{ .name = "nr_swapcached", .node = true },
	{ .name = "pgpromote_success", .node = true, .numa = true },
	{ .name = "pgpromote_candidate", .node = true, .numa = true },
	{ .name = "pgpromote_candidate_nrl", .node = true, .numa = true, .since = { 7, 2 } },
	{ .name = "pgdemote_kswapd", .node = true, .since = { 6, 12 } },
	{ .name = "pgdemote_direct", .node = true, .since = { 6, 12 } },
	{ .name = "pgdemote_khugepaged", .node = true, .since = { 6, 12 } },
	{ .name = "pgdemote_proactive", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_kswapd", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_direct", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_khugepaged", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_proactive", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_anon", .node = true, .since = { 7, 2 } },
	{ .name = "pgsteal_file", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_kswapd", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_direct", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_khugepaged", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_proactive", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_anon", .node = true, .since = { 7, 2 } },
	{ .name = "pgscan_file", .node = true, .since = { 7, 2 } },
	{ .name = "pgrefill", .node = true, .since = { 7, 2 } },
	{ .name = "nr_hugetlb", .node = true, .since = { 7, 2 } },
	{ .name = "nr_balloon_pages", .node = true, .since = { 7, 2 } },
	{ .name = "nr_kernel_file_pages", .node = true, .since = { 7, 2 } },
	{ .name = "nr_gpu_active", .node = true, .since = { 7, 2 } },
	{ .name = "nr_gpu_reclaim", .node = true, .since = { 7, 2 } },
	{ .name = "nr_free_pages" },
	{ .name = "nr_free_pages_blocks", .since = { 7, 2 } },
	{ .name = "nr_zone_inactive_anon" },
	{ .name = "nr_zone_active_anon" },
	{ .name = "nr_zone_inactive_file" },
	{ .name = "nr_zone_active_file" },
	{ .name = "nr_zone_unevictable" },
	{ .name = "nr_zone_write_pending" },
	{ .name = "nr_mlock" },
	{ .name = "nr_bounce", .until = { 7, 2 } },
	{ .name = "nr_zspages" },
	{ .name = "nr_free_cma" },
	{ .name = "nr_unaccepted", .since = { 6, 12 } },
	{ .name = "numa_hit", .numa = true },
	{ .name = "numa_miss", .numa = true },
	{ .name = "numa_foreign", .numa = true },
	{ .name = "numa_interleave", .numa = true },
	{ .name = "numa_local", .numa = true },
	{ .name = "numa_other", .numa = true },
};

static bool is_counted(const struct proc_snapshot *snap, const struct counter *counter,
		       enum machine_arch arch);
static bool is_first_of_node(const struct proc_snapshot *snap, const struct proc_zone *zone);
static void set(struct proc_counter *counters, size_t nr, const char *name, uint64_t value);

struct proc_zone *take_zone_row(struct proc_snapshot *snap, struct proc_zone_id id)
{
	struct proc_zoneinfo *info = &snap->zoneinfo;

	if (proc_has(snap, PROC_ZONEINFO)) {
		vec_foreach(&info->zones, zone)
			if (proc_zone_same(&zone->id, id.node, id.name))
				return zone;
	}
	vec_push(&info->zones, (struct proc_zone){ .id = id });
	return &info->zones.items[info->zones.nr - 1];
}

void take_counters(struct proc_snapshot *snap, struct proc_zone *zone, enum machine_arch arch)
{
	const bool own = !zone->counters.nr;
	const bool nodes = !zone->node_stats.nr && is_first_of_node(snap, zone);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct counter *counter = &known[i];

		if (!is_counted(snap, counter, arch))
			continue;
		if (counter->node && nodes)
			vec_push(&zone->node_stats, (struct proc_counter){ counter->name, 0 });
		if (!counter->node && own)
			vec_push(&zone->counters, (struct proc_counter){ counter->name, 0 });
	}
}

void take_set_counter(struct proc_zone *zone, const char *name, uint64_t value)
{
	set(zone->counters.items, zone->counters.nr, name, value);
}

void take_set_node_counter(struct proc_snapshot *snap, int node, const char *name,
			   uint64_t value)
{
	vec_foreach(&snap->zoneinfo.zones, zone)
		if (zone->id.node == node)
			set(zone->node_stats.items, zone->node_stats.nr, name, value);
}

static bool is_counted(const struct proc_snapshot *snap, const struct counter *counter,
		       enum machine_arch arch)
{
	const bool gone = counter->until.major &&
			  kernel_version_cmp(snap->kernel, counter->until) >= 0;

	return !gone && kernel_version_cmp(snap->kernel, counter->since) >= 0 &&
	       !(counter->numa && arch == ARCH_X86_32);
}

/* Rows behind it are not there yet, or of the same node's higher zones. */
static bool is_first_of_node(const struct proc_snapshot *snap, const struct proc_zone *zone)
{
	for (const struct proc_zone *at = snap->zoneinfo.zones.items; at < zone; at++)
		if (at->id.node == zone->id.node && at->populated)
			return false;
	return true;
}

static void set(struct proc_counter *counters, size_t nr, const char *name, uint64_t value)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(counters[i].name, name))
			counters[i].value = value;
}
