/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs as slabinfo, /sys/kernel/slab and kpageflags have them: see slab_files.h. */
#include <config.h>

#include "kmreplay/replay/slab_files.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/slab_geometry.h"
#include "kmreplay/proc/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_cache(const struct proc_snapshot *snapshot, const struct proc_slab *row,
		       struct slab_files_cache *cache);
static void read_sysfs(const struct proc_snapshot *snapshot, struct slab_files_cache *cache);
static void read_lists(const struct proc_table *table, size_t row, struct slab_files_cache *cache);
static uint32_t flags_by_name(const char *name, const char *real);
static void read_frames(struct slab_files *files, const struct proc_kpageflags *flags);

void slab_files_init(struct slab_files *files, const struct proc_snapshot *snapshot)
{
	memset(files, 0, sizeof(*files));
	if (!snapshot || !proc_has(snapshot, PROC_SLABINFO))
		return;
	for (size_t i = snapshot->slabinfo.rows.nr; i-- > 0;) {
		struct slab_files_cache cache;

		if (read_cache(snapshot, &snapshot->slabinfo.rows.items[i], &cache))
			vec_push(&files->caches, cache);
	}
	if (proc_has(snapshot, PROC_KPAGEFLAGS))
		read_frames(files, &snapshot->kpageflags);
}

void slab_files_deinit(struct slab_files *files)
{
	vec_deinit(&files->caches);
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++)
		vec_deinit(&files->frames[order]);
}

uint64_t slab_files_listed(const struct slab_files_cache *cache, unsigned int cpu)
{
	char key[16];
	const char *at;

	snprintf(key, sizeof(key), " C%u=", cpu);
	at = cache->listed ? strstr(cache->listed, key) : NULL;
	at = at ? strchr(at, '(') : NULL;
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static bool read_cache(const struct proc_snapshot *snapshot, const struct proc_slab *row,
		       struct slab_files_cache *cache)
{
	if (!row->objsize || row->objsize > SLAB_MAX_SIZE || !row->objperslab ||
	    row->objperslab > SLAB_MAX_OBJECTS || !bits_is_pow2(row->pagesperslab) ||
	    row->pagesperslab > 1ULL << KERNEL_MAX_ORDER || row->active_objs > row->num_objs ||
	    row->num_slabs > SLAB_PFN_LIMIT || row->num_objs / row->objperslab > SLAB_PFN_LIMIT)
		return false;
	*cache = (struct slab_files_cache){
		.name = row->name,
		.object_size = (uint32_t)row->objsize,
		.size = (uint32_t)row->objsize,
		.objects = (uint32_t)row->objperslab,
		.order = (uint8_t)bits_ilog2(row->pagesperslab),
		.nr_slabs = row->num_slabs,
		.num_objs = row->num_objs,
		.nr_free = row->num_objs - row->active_objs,
	};
	read_sysfs(snapshot, cache);
	return true;
}

static void read_sysfs(const struct proc_snapshot *snapshot, struct slab_files_cache *cache)
{
	const char *real = cache->name;
	uint64_t value;
	size_t row;

	if (proc_has(snapshot, PROC_SYS_SLAB_ALIASES))
		real = proc_alias_target(&snapshot->aliases, cache->name);
	cache->flags = flags_by_name(cache->name, real);
	cache->merged = real[0] == ':';
	if (proc_has(snapshot, PROC_SYS_SLAB_STATIC)) {
		const struct proc_table *table = &snapshot->sys_slab_static;

		row = proc_table_find(table, real);
		if (row != SIZE_MAX && proc_table_number(table, row, "object_size", &value) &&
		    value && value <= cache->size) {
			cache->object_size = (uint32_t)value;
			cache->has_object_size = true;
		}
		if (row != SIZE_MAX && proc_table_number(table, row, "reclaim_account", &value) &&
		    value)
			cache->flags |= SLAB_RECLAIM_ACCOUNT;
		if (row != SIZE_MAX && proc_table_number(table, row, "cache_dma", &value) && value)
			cache->flags |= SLAB_CACHE_DMA;
	}
	if (proc_has(snapshot, PROC_SYS_SLAB)) {
		row = proc_table_find(&snapshot->sys_slab, real);
		if (row != SIZE_MAX)
			read_lists(&snapshot->sys_slab, row, cache);
	}
}

/*
 * slabs_cpu_partial is "objects(slabs)"; cpu_slabs counts the slabs of CPUs and, of CPUs that have
 * one, those on their lists, too.
 */
static void read_lists(const struct proc_table *table, size_t row, struct slab_files_cache *cache)
{
	const char *listed = proc_table_text(table, row, "slabs_cpu_partial");
	uint64_t cpu_slabs;

	if (!proc_table_number(table, row, "partial", &cache->nr_partial) ||
	    !proc_table_number(table, row, "cpu_slabs", &cpu_slabs))
		return;
	cache->has_lists = true;
	cache->listed = listed;
	listed = listed ? strchr(listed, '(') : NULL;
	if (listed)
		cache->nr_cpu_partial = strtoull(listed + 1, NULL, 10);
	cache->nr_cpu = cpu_slabs - MIN(cpu_slabs, cache->nr_cpu_partial);
}

/* Of caches that may be merged, the real name begins with what must be equal: ":a-0000104". */
static uint32_t flags_by_name(const char *name, const char *real)
{
	const char *dash = real[0] == ':' ? strchr(real, '-') : NULL;
	uint32_t flags = 0;

	for (const char *at = real + 1; dash && at < dash; at++) {
		flags |= *at == 'a' ? SLAB_RECLAIM_ACCOUNT : 0;
		flags |= *at == 'A' ? SLAB_ACCOUNT : 0;
		flags |= *at == 'd' ? SLAB_CACHE_DMA : 0;
	}
	if (!strncmp(name, "kmalloc-rcl-", strlen("kmalloc-rcl-")))
		flags |= SLAB_RECLAIM_ACCOUNT;
	if (!strncmp(name, "kmalloc-cg-", strlen("kmalloc-cg-")))
		flags |= SLAB_ACCOUNT;
	if (!strncmp(name, "dma-kmalloc-", strlen("dma-kmalloc-")))
		flags |= SLAB_CACHE_DMA;
	return flags;
}

/* A slab is a page that no other one leads, and the pages that it leads. */
static void read_frames(struct slab_files *files, const struct proc_kpageflags *flags)
{
	for (uint64_t pfn = 0; pfn < flags->nr_pages; pfn++) {
		const struct proc_page_chunk *chunk = &flags->chunks.items[pfn / PROC_PAGE_CHUNK];
		const unsigned int what = proc_page_flags(flags, pfn);
		uint64_t nr = 1;

		if (!chunk->flags && !(chunk->same & PROC_PAGE_SLAB)) {
			pfn = (pfn / PROC_PAGE_CHUNK + 1) * PROC_PAGE_CHUNK - 1;
			continue;
		}
		if (!(what & PROC_PAGE_SLAB) || what & PROC_PAGE_TAIL)
			continue;
		while (nr < 1ULL << KERNEL_MAX_ORDER && what & PROC_PAGE_HEAD &&
		       proc_page_flags(flags, pfn + nr) & PROC_PAGE_TAIL)
			nr++;
		if (bits_is_pow2(nr) && !(pfn & (nr - 1)))
			vec_push(&files->frames[bits_ilog2(nr)], pfn);
		pfn += nr - 1;
	}
}
