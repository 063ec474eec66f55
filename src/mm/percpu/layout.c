/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The units and groups that boot lays out, which every later chunk repeats. */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"

#define UNIT_SIZE_MAX (1ULL << 30)

static uint64_t atom_size(const struct machine_config *config);
static uint64_t auto_unit_size(const struct percpu *p, uint64_t atom);
static void init_groups(struct percpu *p, const struct machine_config *config);

void percpu_layout_init(struct percpu_layout *layout, const struct machine_config *config)
{
	*layout = (struct percpu_layout){
		.base = machine_direct_map_of(config) + (64ULL << 20),
		.static_size = 217088,
		.reserved_size = 8192,
		.dyn_size = 28672,
		.unit_size = config->percpu_unit_size,
	};
	if (config->arch == ARCH_X86_32) {
		layout->static_size = 104276;
		layout->reserved_size = 0;
		layout->dyn_size = 30892;
	} else if (kernel_version_cmp(config->kernel, (struct kernel_version){ 7, 0 }) >= 0) {
		layout->static_size = 221184;
	} else if (kernel_version_cmp(config->kernel, (struct kernel_version){ 6, 2 }) >= 0) {
		layout->static_size = 233472;
	}
}

bool percpu_check_config(const struct machine_config *config, struct error *err)
{
	char wanted[FMT_BUF], needed[FMT_BUF];
	struct percpu_layout layout;

	percpu_layout_init(&layout, config);
	if (!layout.unit_size)
		return true;
	fmt_size(wanted, layout.unit_size);
	if (layout.unit_size < pcpu_boot_bytes(&layout))
		return error_set(err, "percpu unit of %s is smaller than the %s that boot takes",
				 wanted, fmt_size(needed, pcpu_boot_bytes(&layout)));
	if (layout.unit_size > UNIT_SIZE_MAX || layout.unit_size % KERNEL_PAGE_SIZE)
		return error_set(err, "percpu unit of %s is not whole pages up to %s", wanted,
				 fmt_size(needed, UNIT_SIZE_MAX));
	return true;
}

void pcpu_layout_apply(struct percpu *p, const struct machine_config *config)
{
	struct percpu_layout *layout = &p->layout;

	BUG_ON(layout->static_size > UNIT_SIZE_MAX / 4 ||
	       layout->reserved_size > UNIT_SIZE_MAX / 4 || layout->dyn_size > UNIT_SIZE_MAX / 4);
	BUG_ON(layout->static_size % PCPU_BIT_SIZE || layout->reserved_size % PCPU_BIT_SIZE ||
	       layout->dyn_size % PCPU_BIT_SIZE);
	layout->base = bits_align_down(layout->base, KERNEL_PAGE_SIZE);
	if (layout->unit_size < pcpu_boot_bytes(layout) || layout->unit_size > UNIT_SIZE_MAX ||
	    layout->unit_size % KERNEL_PAGE_SIZE)
		layout->unit_size = auto_unit_size(p, atom_size(config));
	init_groups(p, config);
}

uint64_t pcpu_boot_bytes(const struct percpu_layout *layout)
{
	return bits_align_up(layout->static_size + layout->reserved_size + layout->dyn_size,
			     KERNEL_PAGE_SIZE);
}

unsigned int pcpu_cpus_of(unsigned int nr_cpus, unsigned int nr_nodes, unsigned int node)
{
	const uint64_t begin = ((uint64_t)node * nr_cpus + nr_nodes - 1) / nr_nodes;
	const uint64_t end = ((node + 1ULL) * nr_cpus + nr_nodes - 1) / nr_nodes;

	return (unsigned int)(end - begin);
}

/* Chunks are made of pieces of this size: PMD_SIZE on x86-64, where huge pages map them. */
static uint64_t atom_size(const struct machine_config *config)
{
	return config->arch == ARCH_X86_64 ? 2ULL << 20 : (uint64_t)KERNEL_PAGE_SIZE;
}

/*
 * pcpu_build_alloc_info(): how many units one piece of "atom" multiples holds, with little waste
 * and no more pieces than needed.
 */
static uint64_t auto_unit_size(const struct percpu *p, uint64_t atom)
{
	uint64_t min_unit = MAX(pcpu_boot_bytes(&p->layout), (uint64_t)PCPU_MIN_UNIT_SIZE);
	uint64_t piece = (min_unit + atom - 1) / atom * atom;
	uint64_t last_pieces = UINT64_MAX, best = 1;

	for (uint64_t units = piece / min_unit; units; units--) {
		uint64_t pieces = 0, wasted = 0;

		if (piece % units || piece / units % KERNEL_PAGE_SIZE)
			continue;
		for (unsigned int node = 0; node < p->nr_nodes; node++) {
			uint64_t cpus = pcpu_cpus_of(p->nr_cpus, p->nr_nodes, node);
			uint64_t need = (cpus + units - 1) / units;

			pieces += need;
			wasted += need * units - cpus;
		}
		if (wasted > p->nr_cpus / 3)
			continue;
		if (pieces > last_pieces)
			break;
		last_pieces = pieces;
		best = units;
	}
	return piece / best;
}

/*
 * One group a node, unless nodes are too far apart for the vmalloc range: pcpu_embed_first_chunk()
 * then gives up, and a single group holds all units. A group's distance is that of the nodes'
 * memory: boot memory of each group comes from its own node, and chunks keep the distances of the
 * first one.
 */
static void init_groups(struct percpu *p, const struct machine_config *config)
{
	const uint64_t atom = atom_size(config);
	uint64_t unit = p->layout.unit_size;
	uint64_t piece = (unit + atom - 1) / atom * atom;
	uint64_t end = 0;

	p->group_offsets = xcalloc(p->nr_nodes, sizeof(*p->group_offsets));
	p->group_sizes = xcalloc(p->nr_nodes, sizeof(*p->group_sizes));
	for (unsigned int node = 0; node < p->nr_nodes; node++) {
		const uint64_t nr_cpus = pcpu_cpus_of(p->nr_cpus, p->nr_nodes, node);
		/* More nodes than CPUs: the groups are those of the nodes that have one. */
		const uint64_t numa = (uint64_t)node * p->nr_numa_nodes / p->nr_nodes;
		uint64_t size = nr_cpus * unit, start = 0;

		size = (size + piece - 1) / piece * piece;
		for (size_t i = 0; i < config->ranges.nr && node; i++) {
			const struct machine_range *range = &config->ranges.items[i];

			if (range->node == (int)numa) {
				start = bits_align_up(range->start * KERNEL_PAGE_SIZE, atom);
				break;
			}
		}
		p->group_offsets[node] = MAX(start, end);
		p->group_sizes[node] = size;
		end = p->group_offsets[node] + size;
	}
	if (p->nr_nodes > 1 && end > vmalloc_range_size(config) / 4 * 3) {
		p->group_sizes[0] = (p->nr_cpus * unit + piece - 1) / piece * piece;
		p->groups = (struct vmap_groups){ p->group_offsets, p->group_sizes, 1, atom };
		return;
	}
	p->groups =
		(struct vmap_groups){ p->group_offsets, p->group_sizes, p->nr_nodes, atom };
}
