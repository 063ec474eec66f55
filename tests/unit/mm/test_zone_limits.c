/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zone limits that a configuration moves, zone Movable, nodes, and what cannot be. */
#include <config.h>

#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

#include <string.h>

/* A zone as expected: pfns. */
struct expected {
	int node;
	enum zone_type type;
	uint64_t start, end;
};

static const struct kernel_version v6_12 = { 6, 12 };

static void config_init(struct machine_config *config, enum machine_arch arch)
{
	machine_config_init(config, v6_12, arch);
}

static void add(struct machine_config *config, uint64_t start, uint64_t end, int node)
{
	machine_config_add_range(config, start, end, node);
}

/* Makes the machine, compares its zones and takes memory of all kinds from it; frees "config". */
static void expect_zones(struct machine_config *config, const struct expected *zones, size_t nr)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL, GFP_BITS_KERNEL | GFP_BIT_DMA, GFP_BITS_KERNEL | GFP_BIT_DMA32,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE
	};
	struct page_allocator *pa;
	struct error err = { "" };

	pa = page_allocator_create(config, NULL, NULL, &err);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_uint_eq(zone_count(pa), nr);
	for (unsigned int i = 0; i < nr; i++) {
		struct zone_info info;

		zone_info(pa, i, &info);
		ck_assert_int_eq(info.node, zones[i].node);
		ck_assert_int_eq(info.type, zones[i].type);
		ck_assert_uint_eq(info.start_pfn, zones[i].start);
		ck_assert_uint_eq(info.end_pfn, zones[i].end);
	}
	for (unsigned int i = 0; i < 2000; i++)
		(void)page_alloc(pa, 0, masks[i % ARRAY_SIZE(masks)], i % 5, -1, 0);
	ck_assert_msg(page_check(pa, &err), "%s", err.message);
	page_allocator_destroy(pa);
	machine_config_deinit(config);
}

/* Refused with these words; frees "config". */
static void expect_refusal(struct machine_config *config, const char *message)
{
	struct error err = { "" };

	ck_assert_ptr_null(page_allocator_create(config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, message);
	machine_config_deinit(config);
}

START_TEST(limits_of_dma_zones_move)
{
	const struct expected x86[] = {
		{ 0, ZONE_DMA, 0x100, 0x8000 },
		{ 0, ZONE_DMA32, 0x8000, 0x20000 },
		{ 0, ZONE_NORMAL, 0x20000, 0x40000 },
	};
	const struct expected no_dma[] = { { 0, ZONE_NORMAL, 0x100, 0x40000 } };
	const struct expected arm[] = {
		{ 0, ZONE_DMA, 0x100, 0x10000 },
		{ 0, ZONE_DMA32, 0x10000, 0x100000 },
		{ 0, ZONE_NORMAL, 0x100000, 0x110000 },
	};
	struct machine_config config;

	config_init(&config, ARCH_X86_64);
	config.dma_end = 0x8000;
	config.dma32_end = 0x20000;
	add(&config, 0x100, 0x40000, 0);
	expect_zones(&config, x86, ARRAY_SIZE(x86));
	/* Below the first page both are empty, as in a kernel built without them. */
	config_init(&config, ARCH_X86_64);
	config.dma32_end = 0x10;
	add(&config, 0x100, 0x40000, 0);
	expect_zones(&config, no_dma, ARRAY_SIZE(no_dma));
	/* A board whose first devices reach one GiB only. */
	config_init(&config, ARCH_ARM64);
	config.dma_end = 0x10000;
	add(&config, 0x100, 0x110000, 0);
	expect_zones(&config, arm, ARRAY_SIZE(arm));
}
END_TEST

START_TEST(low_memory_of_32_bits_ends_where_it_is_told)
{
	const struct expected zones[] = {
		{ 0, ZONE_DMA, 0x100, 0x1000 },
		{ 0, ZONE_NORMAL, 0x1000, 0x10000 },
		{ 0, ZONE_HIGHMEM, 0x10000, 0x20000 },
	};
	struct machine_config config;

	config_init(&config, ARCH_X86_32);
	config.lowmem_end = 0x10000;
	add(&config, 0x100, 0x20000, 0);
	expect_zones(&config, zones, ARRAY_SIZE(zones));
}
END_TEST

START_TEST(movable_is_cut_out_of_the_highest_zone)
{
	const struct expected one[] = {
		{ 0, ZONE_DMA, 0x100, 0x1000 },
		{ 0, ZONE_DMA32, 0x1000, 0x60000 },
		{ 0, ZONE_MOVABLE, 0x60000, 0x80000 },
	};
	/* Equal shares of what the kernel keeps; the edges are rounded up to 4 MiB. */
	const struct expected two[] = {
		{ 0, ZONE_DMA, 0x100, 0x1000 },
		{ 0, ZONE_DMA32, 0x1000, 0x30400 },
		{ 0, ZONE_MOVABLE, 0x30400, 0x40000 },
		{ 1, ZONE_DMA32, 0x40000, 0x70000 },
		{ 1, ZONE_MOVABLE, 0x70000, 0x80000 },
	};
	/* More than zone Normal has: all of Normal, and no more. */
	const struct expected all[] = {
		{ 0, ZONE_DMA, 0x100, 0x1000 },
		{ 0, ZONE_DMA32, 0x1000, 0x100000 },
		{ 0, ZONE_MOVABLE, 0x100000, 0x108000 },
	};
	struct machine_config config;

	config_init(&config, ARCH_X86_64);
	config.movable_pages = 0x20000;
	add(&config, 0x100, 0x80000, 0);
	expect_zones(&config, one, ARRAY_SIZE(one));

	config_init(&config, ARCH_X86_64);
	config.movable_pages = 0x20000;
	config.nr_nodes = 2;
	add(&config, 0x100, 0x40000, 0);
	add(&config, 0x40000, 0x80000, 1);
	expect_zones(&config, two, ARRAY_SIZE(two));

	config_init(&config, ARCH_X86_64);
	config.movable_pages = 0x20000;
	add(&config, 0x100, 0x80000, 0);
	add(&config, 0x100000, 0x108000, 0);
	expect_zones(&config, all, ARRAY_SIZE(all));
}
END_TEST

START_TEST(what_a_small_node_cannot_give_the_others_give)
{
	const struct expected zones[] = {
		{ 0, ZONE_NORMAL, 0x100000, 0x101000 }, /* smaller than its share */
		{ 1, ZONE_NORMAL, 0x101000, 0x108000 },
		{ 1, ZONE_MOVABLE, 0x108000, 0x110000 },
	};
	struct machine_config config;

	config_init(&config, ARCH_X86_64);
	config.movable_pages = 0x8000;
	config.nr_nodes = 2;
	add(&config, 0x100000, 0x101000, 0);
	add(&config, 0x101000, 0x110000, 1);
	expect_zones(&config, zones, ARRAY_SIZE(zones));
}
END_TEST

START_TEST(only_movable_memory_of_users_goes_to_movable)
{
	const uint32_t user = GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE;
	struct machine_config config;
	struct page_allocator *pa;
	struct zone_info info;
	struct error err;

	config_init(&config, ARCH_X86_32);
	config.movable_pages = 0x8000;
	add(&config, 0x100, 0x50000, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_uint_ge(page_alloc(pa, 0, user, 0, -1, 0).addr, 0x48000);
	ck_assert_uint_lt(page_alloc(pa, 0, GFP_BITS_KERNEL | GFP_BIT_MOVABLE, 0, -1, 0).addr,
			  0x48000);
	ck_assert_uint_lt(page_alloc(pa, 0, GFP_BITS_KERNEL | GFP_BIT_HIGHMEM, 0, -1, 0).addr,
			  0x48000);
	/* Cut out of HighMem: it has no share of min_free_kbytes. */
	zone_info(pa, 3, &info);
	ck_assert_int_eq(info.type, ZONE_MOVABLE);
	ck_assert_uint_eq(info.mark[ZONE_MARK_MIN], 32);
	page_allocator_destroy(pa);
	machine_config_deinit(&config);
}
END_TEST

START_TEST(contradictions_are_named)
{
	struct machine_config config;

	config_init(&config, ARCH_X86_64);
	config.movable_pages = 3 << 18;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "zone Movable of 3.00 GiB does not fit into 1.00 GiB of memory");
	config_init(&config, ARCH_X86_64);
	config.movable_pages = UINT64_MAX;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "zone Movable of 16.0 EiB does not fit into 1.00 GiB of memory");
	config_init(&config, ARCH_X86_64);
	config.dma_end = 0x2000;
	config.dma32_end = 0x1000;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "zone DMA ends at 0x2000000, behind the end of zone DMA32 at "
				"0x1000000");
	config_init(&config, ARCH_X86_64);
	config.lowmem_end = 0x2000;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "an end of low memory is given, but only x86_32 has zone HighMem "
				"behind it");
	config_init(&config, ARCH_X86_32);
	config.dma32_end = 0x2000;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "an end of zone DMA32 is given, but x86_32 has no such zone");
	config_init(&config, ARCH_X86_32);
	config.dma_end = 0x8000;
	config.lowmem_end = 0x4000;
	add(&config, 0x100, 0x40000, 0);
	expect_refusal(&config, "zone DMA ends at 0x8000000, behind the end of low memory at "
				"0x4000000");
	config_init(&config, ARCH_X86_64);
	config.nr_nodes = 64;
	add(&config, 0x100, 0x400, 0);
	add(&config, 0x400, 0x800, 1);
	expect_refusal(&config, "node 2 of 64 has no memory: there are 7.00 MiB in all");
	config_init(&config, ARCH_X86_64);
	config.extfrag_threshold = 1001;
	add(&config, 0x100, 0x400, 0);
	expect_refusal(&config, "extfrag threshold '1001' is not between 0 and 1000");
}
END_TEST

START_TEST(many_nodes_are_made_in_no_time)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err = { "" };

	config_init(&config, ARCH_X86_64);
	config.nr_nodes = 1024;
	config.nr_cpus = 1024;
	config.movable_pages = 0x100000;
	for (unsigned int node = 0; node < 1024; node++)
		add(&config, 0x100000 + node * 0x1000ULL, 0x101000 + node * 0x1000ULL, (int)node);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	ck_assert_msg(pa != NULL, "%s", err.message);
	ck_assert_uint_eq(zone_count(pa), 2048);
	page_allocator_destroy(pa);
	config.nr_cpus = 8192;
	ck_assert_ptr_null(page_allocator_create(&config, NULL, NULL, &err));
	ck_assert_str_eq(err.message, "2048 zones times 8192 CPUs are too many per-CPU lists");
	machine_config_deinit(&config);
}
END_TEST

UNIT_MAIN("zone limits", limits_of_dma_zones_move, low_memory_of_32_bits_ends_where_it_is_told,
	  movable_is_cut_out_of_the_highest_zone, what_a_small_node_cannot_give_the_others_give,
	  only_movable_memory_of_users_goes_to_movable, contradictions_are_named,
	  many_nodes_are_made_in_no_time)
