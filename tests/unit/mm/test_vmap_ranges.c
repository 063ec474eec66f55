/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where kernels put their areas: the ranges of each architecture, depth of page tables and release.
 * Known answers are the kernel's own constants; those of i386 are of tests/snapshots' 6.1.
 */
#include <config.h>

#include "kmreplay/mm/vmalloc.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#define MIB (1ULL << 20)

static void config_init(struct machine_config *config, enum machine_arch arch, unsigned int major,
			unsigned int minor)
{
	machine_config_init(config, (struct kernel_version){ major, minor }, arch);
	machine_config_add_range(config, 256, (4096 * MIB) >> KERNEL_PAGE_SHIFT, 0);
}

static struct vmalloc *make(const struct machine_config *config)
{
	const struct vmalloc_ops ops = { .page_alloc = NULL };
	struct error err = { "" };

	ck_assert_msg(vmalloc_check_config(config, &err), "%s", err.message);
	return vmalloc_create(config, &ops, NULL);
}

static struct mm_outcome take_module(struct vmalloc *v)
{
	return vmalloc_alloc(v, 0, &(struct vmalloc_request){
		.size = KERNEL_PAGE_SIZE,
		.gfp = GFP_BITS_KERNEL,
		.node = -1,
		.flags = VMALLOC_IOREMAP | VMALLOC_MODULES,
	});
}

static const struct {
	enum machine_arch arch;
	unsigned int levels, major, minor;
	uint64_t start, last, modules;
} ranges[] = {
	{ ARCH_X86_64, 0, 6, 1, 0xffffc90000000000, 0xffffe8ffffffffff, 0xffffffffc0000000 },
	{ ARCH_X86_64, 4, 7, 2, 0xffffc90000000000, 0xffffe8ffffffffff, 0xffffffffc0000000 },
	{ ARCH_X86_64, 5, 6, 12, 0xffa0000000000000, 0xffd1ffffffffffff, 0xffffffffc0000000 },
	{ ARCH_X86_32, 0, 6, 1, 0xf77fe000, 0xfeffdfff, 0xf77ff000 },
	{ ARCH_ARM64, 4, 6, 1, 0xffff800008000000, 0xfffffbffefffffff, 0xffff800000000000 },
	{ ARCH_ARM64, 4, 6, 6, 0xffff800080000000, 0xfffffbffefffffff, 0xffff800000000000 },
	{ ARCH_ARM64, 0, 6, 12, 0xffff800080000000, 0xfffffdffbf7fffff, 0xffff800000000000 },
	{ ARCH_ARM64, 3, 6, 1, 0xffffffc008000000, 0xfffffffdefffffff, 0xffffffc000000000 },
	{ ARCH_ARM64, 3, 6, 12, 0xffffffc080000000, 0xfffffffebf7fffff, 0xffffffc000000000 },
};

START_TEST(ranges_are_the_kernels)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct machine_config config;
		struct vmalloc_stats stats;
		struct vmalloc *v;

		config_init(&config, ranges[i].arch, ranges[i].major, ranges[i].minor);
		config.page_table_levels = ranges[i].levels;
		v = make(&config);
		vmalloc_stats(v, &stats);
		ck_assert_uint_eq(stats.range_start, ranges[i].start);
		ck_assert_uint_eq(stats.range_end, ranges[i].last);
		/* One page without a guard, so that on 32 bits modules come right behind it. */
		ck_assert_uint_eq(vmap_area_alloc(v, 0, KERNEL_PAGE_SIZE, 1, stats.range_start,
						  stats.range_end).addr, ranges[i].start);
		ck_assert_uint_eq(take_module(v).addr, ranges[i].modules);
		vmalloc_destroy(v);
		machine_config_deinit(&config);
	}
}
END_TEST

/* VMALLOC_END is the last byte on x86-64, so that its page is never used; elsewhere it is. */
START_TEST(the_last_page_can_be_used_where_the_end_is_outside)
{
	static const struct {
		enum machine_arch arch;
		uint64_t unused;
	} ends[] = { { ARCH_X86_64, 1 }, { ARCH_X86_32, 0 }, { ARCH_ARM64, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct vmalloc_stats stats;
		struct machine_config config;
		uint64_t nr = 0;
		struct vmalloc *v;

		config_init(&config, ends[i].arch, 6, 1);
		config.vmalloc_size = 64 * KERNEL_PAGE_SIZE;
		v = make(&config);
		while (mm_ok(vmalloc_alloc(v, 0, &(struct vmalloc_request){
			       .size = 1, .gfp = GFP_BITS_KERNEL, .node = -1,
			       .flags = VMALLOC_IOREMAP | VMALLOC_NO_GUARD })))
			nr++;
		ck_assert_uint_eq(nr, 64 - ends[i].unused);
		vmalloc_stats(v, &stats);
		ck_assert_uint_eq(stats.free_bytes, ends[i].unused * KERNEL_PAGE_SIZE);
		vmalloc_destroy(v);
		machine_config_deinit(&config);
	}
}
END_TEST

START_TEST(the_command_line_takes_from_lowmem)
{
	static const struct {
		uint64_t memory, vmalloc, lowmem_end; /* what is set: bytes, bytes, pfn */
		uint64_t start, last, lowmem;         /* lowmem: pfn */
	} cases[] = {
		{ 1024 * MIB, 0, 0, 0xf77fe000, 0xfeffdfff, 0x36ffe },
		/* vmalloc=256M */
		{ 1024 * MIB, 256 * MIB, 0, 0xeeffe000, 0xfeffdfff, 0x2e7fe },
		{ 1024 * MIB, 64 * MIB, 0, 0xfaffe000, 0xfeffdfff, 0x3a7fe },
		/* Less memory than lowmem could be: the range begins right behind it. */
		{ 512 * MIB, 0, 0, 0xe0800000, 0xfeffdfff, 0x36ffe },
		{ 1024 * MIB, 0, 0x38000, 0xf8800000, 0xfeffdfff, 0x38000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmalloc_stats stats;
		struct machine_config config;
		struct vmalloc *v;

		machine_config_init(&config, (struct kernel_version){ 6, 1 }, ARCH_X86_32);
		machine_config_add_range(&config, 256, cases[i].memory >> KERNEL_PAGE_SHIFT, 0);
		config.vmalloc_size = cases[i].vmalloc;
		config.lowmem_end = cases[i].lowmem_end;
		ck_assert_uint_eq(machine_lowmem_end(&config), cases[i].lowmem);
		v = make(&config);
		vmalloc_stats(v, &stats);
		ck_assert_uint_eq(stats.range_start, cases[i].start);
		ck_assert_uint_eq(stats.range_end, cases[i].last);
		vmalloc_destroy(v);
		machine_config_deinit(&config);
	}
}
END_TEST

START_TEST(impossible_depths_are_refused)
{
	static const struct {
		enum machine_arch arch;
		unsigned int levels;
	} bad[] = { { ARCH_X86_64, 3 }, { ARCH_ARM64, 5 } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct machine_config config;
		struct error err;

		config_init(&config, bad[i].arch, 6, 12);
		config.page_table_levels = bad[i].levels;
		ck_assert(!vmalloc_check_config(&config, &err));
		machine_config_deinit(&config);
	}
}
END_TEST

UNIT_MAIN("vmap_ranges", ranges_are_the_kernels,
	  the_last_page_can_be_used_where_the_end_is_outside, the_command_line_takes_from_lowmem,
	  impossible_depths_are_refused)
