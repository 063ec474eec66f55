/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check-style: data table
 *
 * The table of options, in the order of files and manuals: the options of a section stand
 * together, below the section's row in its own table.
 *
 * To add an option: a field in struct machine_config and a row here.
 */
#include <config.h>

#include "config_internal.h"

#include "kmreplay/core/suggest.h"
#include "kmreplay/mm/slab_debug.h"
#include "kmreplay/mm/slab_design.h"

#include <string.h>

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

enum {
	MAX_CPUS = 8192,
	MAX_NODES = 1024,
	MAX_CLASS = 8192, /* SLAB_KMALLOC_MAX_CACHE_SIZE */
	MAX_COST = 1000000000, /* a second */
};

#define FIELD(field_)                                                                              \
	.has_field = true, .offset = offsetof(struct machine_config, field_),                      \
	.width = sizeof(((struct machine_config *)NULL)->field_)

/* BOOL(path, field, help); for the others the lowest and highest value and what auto means. */
#define BOOL(path_, field_, help_) { .path = (path_), .type = CONFIG_BOOL, FIELD(field_), .max = 1, .help = (help_) }
#define NUMBER(path_, field_, low, high, auto_, unit_, help_)                                      \
	{ .path = (path_), .type = CONFIG_NUMBER, FIELD(field_), .min = (low), .max = (high),      \
	  .automatic = (auto_), .unit = (unit_), .help = (help_) }
#define PAGES(path_, field_, low, high, auto_, help_)                                              \
	{ .path = (path_), .type = CONFIG_SIZE, FIELD(field_), .min = (low), .max = (high),        \
	  .multiple = KERNEL_PAGE_SIZE, .shift = KERNEL_PAGE_SHIFT, .automatic = (auto_),          \
	  .help = (help_) }
#define BYTES(path_, field_, low, high, auto_, help_)                                              \
	{ .path = (path_), .type = CONFIG_SIZE, FIELD(field_), .min = (low), .max = (high),        \
	  .multiple = KERNEL_PAGE_SIZE, .automatic = (auto_), .help = (help_) }
#define RATIO(zone, type_, help_) NUMBER("watermarks.lowmem_reserve_ratio." zone, lowmem_reserve_ratio[type_], 0, INT32_MAX, AUTO_NONE, NULL, help_)

static const char *arch_name(unsigned int i);

static const struct config_section sections[] = {
	{ "machine", "what the machine is made of" },
	{ "zones", "where zones of memory end, and how large they are" },
	{ "gfp", "what a request's GFP mask may bring about: in the kernel, all of it" },
	{ "watermarks", "how much memory is kept back" },
	{ "watermarks.lowmem_reserve_ratio", "what a zone keeps from requests that may use a higher one: 1/ratio of the memory above; 0: nothing" },
	{ "pcp", "per-CPU lists of pages" },
	{ "pages", "the buddy allocator" },
	{ "slab", "slab caches" },
	{ "vmalloc", "the range of vmalloc addresses" },
	{ "percpu", "per-CPU memory" },
	{ "costs", "what each step costs in modelled time" },
};

static const struct config_option options[] = {
	{ .path = "kernel", .type = CONFIG_KERNEL, .automatic = AUTO_RECORDED,
	  .help = "release whose rules the allocators follow; known: 4.19, 5.10, 5.15 (unverified), 6.1, 6.12, 6.18, 7.2; others take the nearest" },
	{ .path = "arch", .type = CONFIG_CHOICE, .automatic = AUTO_RECORDED, .choice = arch_name, .max = ARCH_NR - 1,
	  .help = "architecture: its zones, address ranges and alignments" },
	NUMBER("seed", seed, 0, UINT64_MAX, AUTO_NONE, NULL, "of everything that chance decides: order of objects in a slab"),

	{ .path = "machine.memory", .type = CONFIG_SIZE, .automatic = AUTO_RECORDED, .min = 8 * MIB, .max = 16 * TIB,
	  .help = "size of memory" },
	NUMBER("machine.cpus", nr_cpus, 1, MAX_CPUS, AUTO_RECORDED, NULL, "number of CPUs"),
	NUMBER("machine.page_table_levels", page_table_levels, 3, 5, AUTO_ZERO, NULL, "depth of the kernel's page tables, which decides where its addresses are: x86_64 has 4 or 5, arm64 4 (48 bits) or 3 (39 bits); auto: 4"),
	NUMBER("machine.nodes", nr_nodes, 1, MAX_NODES, AUTO_NONE, NULL, "NUMA nodes; memory and CPUs are dealt out to them in equal runs"),

	PAGES("zones.dma_end", dma_end, MIB, TIB, AUTO_ZERO, "physical address where zone DMA ends"),
	PAGES("zones.dma32_end", dma32_end, MIB, TIB, AUTO_ZERO, "physical address where zone DMA32 ends"),
	PAGES("zones.lowmem_end", lowmem_end, 16 * MIB, 4 * GIB, AUTO_ZERO, "physical address where zone Normal ends and HighMem begins, on x86_32"),
	PAGES("zones.movable_size", movable_pages, 0, 16 * TIB, AUTO_NONE, "size of zone Movable over all nodes (movablecore=); 0: there is none"),

	PAGES("zones.cma_size", cma_pages, 0, 16 * TIB, AUTO_NONE, "size of a CMA area, in whole pageblocks, above 4 GiB if memory reaches so far (cma=); 0: there is none but those recorded"),

	BOOL("gfp.kswapd", kswapd, "background reclaim: kswapd works when it is woken"),
	BOOL("gfp.direct_reclaim", direct_reclaim, "requests that may sleep reclaim memory themselves"),
	BOOL("gfp.direct_compaction", direct_compaction, "requests that may sleep compact memory themselves"),
	BOOL("gfp.atomic_reserves", atomic_reserves, "requests with __GFP_HIGH and requests that must not sleep go below the min watermark"),
	BOOL("gfp.highatomic", highatomic, "pageblocks are set aside for atomic requests of higher orders"),
	BOOL("gfp.oom_kill", oom_kill, "a request that cannot be refused gets memory by killing"),
	BOOL("gfp.nofragment", nofragment, "other zones are tried before migratetypes are mixed"),
	NUMBER("gfp.extfrag_threshold", extfrag_threshold, 0, 1000, AUTO_NONE, NULL, "limit of extfrag_index, in thousandths, up to which reclaim is preferred to compaction (vm.extfrag_threshold)"),

	NUMBER("watermarks.min_free_kbytes", min_free_kbytes, 0, TIB >> 10, AUTO_MINUS_ONE, "KiB", "memory below which only some requests are served (vm.min_free_kbytes)"),
	NUMBER("watermarks.scale_factor", watermark_scale_factor, 1, 3000, AUTO_NONE, "1/10000 of a zone", "distance between the watermarks (vm.watermark_scale_factor)"),
	NUMBER("watermarks.boost_factor", watermark_boost_factor, 0, INT32_MAX, AUTO_NONE, "1/10000 of the high watermark", "how far mixing migratetypes raises the watermarks for a while (vm.watermark_boost_factor); 0: not at all"),
	BOOL("watermarks.thp", thp, "huge pages raise min_free_kbytes when that is auto, as khugepaged does"),
	RATIO("dma", ZONE_DMA, "of zone DMA"),
	RATIO("dma32", ZONE_DMA32, "of zone DMA32"),
	RATIO("normal", ZONE_NORMAL, "of zone Normal"),
	RATIO("highmem", ZONE_HIGHMEM, "of zone HighMem"),

	BOOL("pcp.enabled", pcp, "CPUs keep lists of free pages of their own"),
	NUMBER("pcp.batch", pcp_batch, 1, 65536, AUTO_MINUS_ONE, "pages", "how many are moved between a list and the buddy allocator at once"),
	NUMBER("pcp.high", pcp_high, 0, 1 << 24, AUTO_MINUS_ONE, "pages", "how many a CPU's lists of a zone hold"),

	NUMBER("pages.pageblock_order", pageblock_order, 1, KERNEL_MAX_ORDER, AUTO_NONE, NULL, "size of a pageblock, the unit of mobility grouping, as log2 of its pages"),
	BOOL("pages.mobility_grouping", mobility_grouping, "migratetypes are kept in pageblocks of their own"),

	{ .path = "slab.design", .type = CONFIG_CHOICE, .automatic = AUTO_MINUS_ONE, .choice = slab_design_name, FIELD(slab_design),
	  .max = SLAB_DESIGN_NR - 1, .help = "which allocator: SLUB with cpu slabs or with sheaves, SLAB, SLOB, SLUB_TINY; where the release lacks it, that of the nearest one that has it" },
	NUMBER("slab.min_order", slub_min_order, 0, KERNEL_MAX_ORDER, AUTO_NONE, NULL, "smallest order of a slab (slab_min_order=)"),
	NUMBER("slab.max_order", slub_max_order, 0, KERNEL_MAX_ORDER, AUTO_MINUS_ONE, NULL, "largest order of a slab, unless one object needs more (slab_max_order=); auto: the design's, in SLUB 3, in SLAB 1"),
	NUMBER("slab.min_objects", slub_min_objects, 1, 32767, AUTO_ZERO, "objects", "how many a slab should hold at least (slab_min_objects=)"),
	NUMBER("slab.cpu_partial", slub_cpu_partial, 0, 1 << 20, AUTO_MINUS_ONE, "objects", "free ones that a CPU's partial slabs of a cache hold; 0: CPUs keep none"),
	NUMBER("slab.min_partial", slub_min_partial, 0, 1 << 20, AUTO_MINUS_ONE, "slabs", "partial ones that a node keeps before it gives empty ones back"),
	BOOL("slab.merge", slab_merge, "caches that are alike share slabs (slab_nomerge turns it off)"),
	BOOL("slab.memcg", slab_memcg, "accounted objects belong to a memory cgroup, so that slabs have vectors of owners; for recordings that show none"),
	BOOL("slab.hwcache_align", slab_hwcache_align, "caches that ask for it (SLAB_HWCACHE_ALIGN) have their objects aligned to cache lines"),
	{ .path = "slab.debug", .type = CONFIG_TEXT, .automatic = AUTO_ZERO, .has_field = true,
	  .offset = offsetof(struct machine_config, slab_debug),
	  .max = MACHINE_SLAB_DEBUG_SIZE - 1, .check = slab_debug_check,
	  .help = "which caches are checked, and how, as slab_debug= has it: F consistency checks, Z red zones, P poison, U who allocated and freed; FZ,dentry,kmalloc-* for some caches, blocks separated by semicolons; auto: none" },
	BOOL("slab.random_kmalloc", slab_random_kmalloc, "kmalloc classes have 16 copies, of which each call site uses one (RANDOM_KMALLOC_CACHES); the seed decides which"),
	BOOL("slab.buckets", slab_buckets, "what a recording shows in kmalloc caches of its own, memdup_user-* and msg_msg-*, has them here, too (SLAB_BUCKETS)"),
	{ .path = "slab.kmalloc_classes", .type = CONFIG_SIZES, .automatic = AUTO_ZERO,
	  .has_field = true, .offset = offsetof(struct machine_config, kmalloc_classes),
	  .min = 8, .max = MAX_CLASS, .multiple = 8,
	  .help = "sizes of the kmalloc caches; what is larger than the last comes from the page allocator" },

	{ .path = "vmalloc.start", .type = CONFIG_ADDRESS, .automatic = AUTO_ZERO, FIELD(vmalloc_start),
	  .min = KERNEL_PAGE_SIZE, .max = UINT64_MAX - KERNEL_PAGE_SIZE + 1, .multiple = KERNEL_PAGE_SIZE,
	  .help = "where the range begins" },
	BYTES("vmalloc.size", vmalloc_size, MIB, 128 * TIB, AUTO_ZERO, "how large it is; on x86_32 (vmalloc=) low memory ends 8 MiB below it"),

	BYTES("percpu.unit_size", percpu_unit_size, 32 << 10, GIB, AUTO_ZERO, "one CPU's part of a chunk"),

#define X(field, ns, what) NUMBER("costs." #field, costs.field, 0, MAX_COST, AUTO_NONE, "ns", what),
	MM_COSTS(X)
#undef X
};

const struct config_option *config_option_get(unsigned int i)
{
	return i < ARRAY_SIZE(options) ? &options[i] : NULL;
}

const struct config_section *config_section_get(unsigned int i)
{
	return i < ARRAY_SIZE(sections) ? &sections[i] : NULL;
}

unsigned int config_nr_options(void)
{
	return ARRAY_SIZE(options);
}

unsigned int config_nr_sections(void)
{
	return ARRAY_SIZE(sections);
}

const char *config_option_path(unsigned int i)
{
	return i < ARRAY_SIZE(options) ? options[i].path : NULL;
}

int config_option_find(const char *path)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].path, path))
			return (int)i;
	return -1;
}

int config_section_find(const char *path)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strcmp(sections[i].path, path))
			return (int)i;
	return -1;
}

/* The last part of a path: people forget the section, or take the wrong one. */
static const char *last_part(unsigned int i)
{
	const char *path = config_option_path(i);

	return path ? config_path_last(path) : NULL;
}

unsigned int config_path_depth(const char *path)
{
	unsigned int depth = 0;

	for (; *path; path++)
		depth += *path == '.';
	return depth;
}

const char *config_path_last(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

size_t config_path_shared(const char *path, const char *other)
{
	size_t shared = 0;

	for (size_t i = 0; path[i] && path[i] == other[i]; i++)
		if (path[i] == '.')
			shared = i + 1;
	return shared;
}

const struct config_section *config_section_after(const char *last, const char *path, size_t *at)
{
	size_t start = MAX(*at, config_path_shared(path, last));
	const char *dot = strchr(path + start, '.');

	if (!dot)
		return NULL;
	*at = (size_t)(dot - path) + 1;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strncmp(sections[i].path, path, *at - 1) && !sections[i].path[*at - 1])
			return &sections[i];
	BUG_ON(true);
}

const char *config_option_nearest(const char *path)
{
	const char *near = suggest_nearest(path, config_option_path);

	if (!near)
		near = suggest_nearest(config_path_last(path), last_part);
	for (unsigned int i = 0; near && i < ARRAY_SIZE(options); i++)
		if (near == options[i].path || near == last_part(i))
			return options[i].path;
	return NULL;
}

static const char *arch_name(unsigned int i)
{
	static const char *const names[] = { [ARCH_X86_64] = "x86_64", [ARCH_X86_32] = "x86_32", [ARCH_ARM64] = "arm64" };

	static_assert(ARRAY_SIZE(names) == ARCH_NR, "a name for each architecture");
	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}
