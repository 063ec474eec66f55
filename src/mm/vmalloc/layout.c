/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernels put their areas: ranges of addresses by architecture, depth of page tables and
 * release, and what follows from how wide they are; and the rules that releases differ in. Where a
 * constant depends on the kernel's own configuration (NR_CPUS, VMAP_STACK), it is Debian's.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/fmt.h"

/* arch/arm64/include/asm/memory.h and pgtable.h: all of it hangs on how wide addresses are. */
#define ARM64(levels_, major, minor, modules, start_, end_)                                    \
	{ .arch = ARCH_ARM64, .levels = (levels_), .since = { (major), (minor) },              \
	  .start = (start_), .vend = (end_), .space_end = UINT64_MAX,                          \
	  .modules_start = (modules), .modules_end = (start_), .block_pages = 1024,            \
	  .block_most = 64, .ioremap_shift = VMAP_PUD_SHIFT, .stack_size = 16 << 10,           \
	  .stack_align = 32 << 10, .pointer = 8 }
/* arch/x86/include/asm/pgtable_64_types.h: VMALLOC_END is the last byte. */
#define X86_64(levels_, start_, size)                                                          \
	{ .arch = ARCH_X86_64, .levels = (levels_), .start = (start_),                         \
	  .vend = (start_) + (size) - 1, .space_end = UINT64_MAX,                              \
	  .modules_start = 0xffffffffc0000000, .modules_end = 0xffffffffff000000,              \
	  .block_pages = 256, .block_most = 64, .ioremap_shift = VMAP_PUD_SHIFT,               \
	  .stack_size = 16 << 10, .stack_align = 16 << 10, .pointer = 8 }

/* Those of one architecture and depth by release. */
static const struct vmap_layout layouts[] = {
	X86_64(4, 0xffffc90000000000, 32ULL << 40),
	X86_64(5, 0xffa0000000000000, VMALLOC_SIZE_LA57),
	/* pgtable_32_areas.h with PAE, all of lowmem in use. Modules are in the vmalloc range,
	 * stacks in the direct map. */
	{ .arch = ARCH_X86_32, .start = 0xf77fe000, .vend = MACHINE_VMALLOC_END_32,
	  .space_end = UINT32_MAX, .block_pages = 64, .block_most = 32,
	  .ioremap_shift = VMAP_PMD_SHIFT, .stack_size = 8 << 10, .pointer = 4 },
	ARM64(4, 0, 0, 0xffff800000000000, 0xffff800008000000, 0xfffffbfff0000000),
	ARM64(4, 6, 5, 0xffff800000000000, 0xffff800080000000, 0xfffffbfff0000000),
	ARM64(4, 6, 9, 0xffff800000000000, 0xffff800080000000, 0xfffffdffbf800000),
	ARM64(3, 0, 0, 0xffffffc000000000, 0xffffffc008000000, 0xfffffffdf0000000),
	ARM64(3, 6, 5, 0xffffffc000000000, 0xffffffc080000000, 0xfffffffdf0000000),
	ARM64(3, 6, 9, 0xffffffc000000000, 0xffffffc080000000, 0xfffffffebf800000),
};

/* Each row takes over what the one before says, unless it says otherwise. */
#define OLDEST .vm_struct_size = 64, .vmap_block_size = 96
#define SINCE_6_3 .vm_struct_size = 64, .vmap_block_size = 128, .rcu_stacks = true
#define SINCE_6_6 .rcu_stacks = true, .keeps_blocks = true, .pgtable_comp = true
#define SINCE_6_9 SINCE_6_6, .nodes = true, .bulk_nofail = true, .vmap_block_size = 136
#define SINCE_6_18 SINCE_6_9, .decay_exact = true

static const struct vmalloc_profile profiles[] = {
	{ .since = { 0, 0 }, OLDEST },
	{ .since = { 5, 18 }, OLDEST, .rcu_stacks = true },
	{ .since = { 6, 3 }, SINCE_6_3 },
	{ .since = { 6, 5 }, SINCE_6_3, .keeps_blocks = true },
	{ .since = { 6, 6 }, SINCE_6_6, .vm_struct_size = 64, .vmap_block_size = 128 },
	{ .since = { 6, 9 }, SINCE_6_9, .vm_struct_size = 72 },
	{ .since = { 6, 18 }, SINCE_6_18, .vm_struct_size = 72 },
	{ .since = { 7, 0 }, SINCE_6_18, .vm_struct_size = 80, .large_orders_first = true },
};

static const struct vmap_layout *layout_of(const struct machine_config *config);
static uint64_t range_start(const struct machine_config *config);

bool vmalloc_check_config(const struct machine_config *config, struct error *err)
{
	const struct vmap_layout *layout = layout_of(config);
	const uint64_t start = range_start(config);
	const uint64_t lowest = machine_direct_map_end(config);
	char size[FMT_BUF];

	if (!layout)
		return error_set(err, "page tables of %u levels are none of this architecture",
				 config->page_table_levels);
	if (!config->vmalloc_start && !config->vmalloc_size)
		return true;
	if (start % KERNEL_PAGE_SIZE || config->vmalloc_size % KERNEL_PAGE_SIZE)
		return error_set(err, "vmalloc range at %#llx of %llu bytes is not whole pages",
				 (unsigned long long)start,
				 (unsigned long long)config->vmalloc_size);
	if (start < lowest)
		return error_set(err, "vmalloc range at %#llx begins below the end of the direct "
				 "map at %#llx", (unsigned long long)start,
				 (unsigned long long)lowest);
	if (start >= layout->space_end || config->vmalloc_size > layout->space_end - start)
		return error_set(err, "vmalloc range of %s does not fit above %#llx",
				 fmt_size(size, config->vmalloc_size), (unsigned long long)start);
	return true;
}

uint64_t vmalloc_range_size(const struct machine_config *config)
{
	const struct vmap_layout *layout = layout_of(config);
	const uint64_t start = range_start(config);
	const uint64_t end = layout->vend + (layout->vend & 1);

	if (config->vmalloc_size)
		return MIN(config->vmalloc_size, layout->space_end - start);
	if (config->arch == ARCH_X86_32)
		return end - start;
	return MIN(end - layout->start, layout->space_end - start);
}

const struct vmalloc_profile *vmap_profile_for(struct kernel_version version)
{
	const struct vmalloc_profile *profile = &profiles[0];

	for (size_t i = 1; i < ARRAY_SIZE(profiles); i++) {
		if (version.major == 0 || kernel_version_cmp(version, profiles[i].since) >= 0)
			profile = &profiles[i];
	}
	return profile;
}

/* All but a physical address in them is as wide as a pointer. */
uint64_t vmap_object_size(const struct vmalloc *v, uint64_t size)
{
	return v->layout->pointer == 8 ? size : size / 2 + 4;
}

void vmap_init_layout(struct vmalloc *v, const struct machine_config *config)
{
	const struct vmap_layout *layout = layout_of(config);

	v->layout = layout;
	v->space_end = layout->space_end;
	v->range_start = range_start(config);
	v->range_end = v->range_start + vmalloc_range_size(config) - 1;
	v->range_vend = v->range_end + !(layout->vend & 1);
	v->range_fixed = config->vmalloc_start || config->vmalloc_size;
	v->modules_start = layout->modules_start ? layout->modules_start : v->range_start;
	v->modules_end = layout->modules_end ? layout->modules_end : v->range_vend;
}

/* NULL: there is none of that depth. */
static const struct vmap_layout *layout_of(const struct machine_config *config)
{
	const struct vmap_layout *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct vmap_layout *layout = &layouts[i];
		unsigned int levels = config->page_table_levels ? config->page_table_levels : 4;

		if (layout->arch != config->arch || (layout->levels && layout->levels != levels))
			continue;
		if (!found || config->kernel.major == 0 ||
		    kernel_version_cmp(config->kernel, layout->since) >= 0)
			found = layout;
	}
	return found;
}

/*
 * On 32 bits the range ends below the fixed mappings and begins behind lowmem, with 8 MiB between:
 * "vmalloc=" of the command line makes room at lowmem's cost. Elsewhere it begins where it does.
 */
static uint64_t range_start(const struct machine_config *config)
{
	const struct vmap_layout *layout = layout_of(config);

	if (!layout || config->vmalloc_start)
		return config->vmalloc_start;
	if (config->arch != ARCH_X86_32)
		return layout->start;
	if (config->vmalloc_size && !config->lowmem_end &&
	    config->vmalloc_size < layout->vend - machine_direct_map(config->arch))
		return layout->vend - config->vmalloc_size;
	return machine_direct_map_end(config) + MACHINE_VMALLOC_OFFSET_32;
}
