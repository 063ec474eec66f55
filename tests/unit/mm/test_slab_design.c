/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which slab allocator a machine has, and the rules of the small relative of SLUB. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/mm/slab_design.h"

#include <string.h>

struct case_of_kernel {
	unsigned int major, minor;
	int design;
	enum slab_design is;
	struct kernel_version rules;
	bool own;
};

static void start(struct slab_fixture *f, enum slab_design design, unsigned int nr_cpus)
{
	fixture_init(f, 6, 12, nr_cpus);
	f->config.slab_design = (int)design;
	fixture_start(f);
}

START_TEST(nearest_release_that_has_it)
{
	static const struct case_of_kernel cases[] = {
		{ 6, 1, -1, SLAB_DESIGN_SLUB, { 6, 1 }, true },
		{ 7, 2, -1, SLAB_DESIGN_SHEAVES, { 7, 2 }, true },
		{ 0, 0, -1, SLAB_DESIGN_SHEAVES, { 0, 0 }, true },
		{ 6, 12, SLAB_DESIGN_SLUB, SLAB_DESIGN_SLUB, { 6, 12 }, true },
		{ 7, 2, SLAB_DESIGN_SLUB, SLAB_DESIGN_SLUB, { 6, 17 }, false },
		{ 0, 0, SLAB_DESIGN_SLUB, SLAB_DESIGN_SLUB, { 6, 17 }, false },
		{ 6, 1, SLAB_DESIGN_SHEAVES, SLAB_DESIGN_SHEAVES, { 7, 0 }, false },
		{ 7, 2, SLAB_DESIGN_SHEAVES, SLAB_DESIGN_SHEAVES, { 7, 2 }, true },
		{ 6, 12, SLAB_DESIGN_SLAB, SLAB_DESIGN_SLAB, { 6, 7 }, false },
		{ 5, 10, SLAB_DESIGN_SLAB, SLAB_DESIGN_SLAB, { 6, 1 }, false },
		{ 6, 1, SLAB_DESIGN_TINY, SLAB_DESIGN_TINY, { 6, 2 }, false },
		{ 6, 12, SLAB_DESIGN_TINY, SLAB_DESIGN_TINY, { 6, 12 }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct case_of_kernel *c = &cases[i];
		struct machine_config config;

		machine_config_init(&config, (struct kernel_version){ c->major, c->minor },
				    ARCH_X86_64);
		config.slab_design = c->design;
		ck_assert_int_eq(slab_design_of(&config), c->is);
		ck_assert_int_eq(kernel_version_cmp(slab_design_kernel(&config), c->rules), 0);
		ck_assert_int_eq(slab_design_is_own(&config), c->own);
	}
	ck_assert_str_eq(slab_design_name(SLAB_DESIGN_TINY), "tiny");
	ck_assert_ptr_null(slab_design_name(SLAB_DESIGN_NR));
}
END_TEST

START_TEST(any_kernel_may_have_sheaves)
{
	struct slab_fixture f;
	uint32_t cache;

	start(&f, SLAB_DESIGN_SHEAVES, 1);
	cache = slab_kmalloc_class(f.slab, 192, 0);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->sheaf_capacity, 60);
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).sheaf_objs, 59);
	fixture_check(&f);
	fixture_deinit(&f);
	fixture_init(&f, 7, 2, 1);
	f.config.slab_design = SLAB_DESIGN_SLUB;
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 192, 0);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->sheaf_capacity, 0);
	fixture_get(&f, cache, 0);
	ck_assert_uint_eq(fixture_stats(&f, cache).cpu_slabs, 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(tiny_keeps_nothing)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint64_t addrs[4];
	uint32_t cache;

	start(&f, SLAB_DESIGN_TINY, 4);
	cache = slab_kmalloc_class(f.slab, 512, 0);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->order, 1);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->min_partial, 0);
	/* Objects come in the order of their addresses, to all CPUs from one slab. */
	for (unsigned int i = 0; i < 4; i++) {
		addrs[i] = fixture_get(&f, cache, i);
		ck_assert_uint_eq(addrs[i], addrs[0] + 512 * i);
	}
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.nr_slabs, 1);
	ck_assert_uint_eq(stats.cpu_slabs + stats.cpu_partial_slabs, 0);
	ck_assert_uint_eq(stats.partial_slabs, 1);
	fixture_check(&f);
	/* Last in, first out. */
	fixture_put(&f, 0, addrs[1]);
	fixture_put(&f, 3, addrs[2]);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), addrs[2]);
	for (unsigned int i = 0; i < 4; i++)
		if (i != 1)
			fixture_put(&f, 0, addrs[i]);
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

START_TEST(tiny_knows_no_reclaimable_caches)
{
	const struct slab_cache_args inode = {
		.name = "inode", .size = 600, .flags = SLAB_RECLAIM_ACCOUNT, .ctor = true,
	};
	struct slab_fixture f;
	uint32_t cache;

	start(&f, SLAB_DESIGN_TINY, 2);
	ck_assert_uint_eq(slab_kmalloc_class(f.slab, 64, GFP_BIT_RECLAIMABLE),
			  slab_kmalloc_class(f.slab, 64, 0));
	ck_assert_uint_ne(slab_kmalloc_class(f.slab, 64, GFP_BIT_ACCOUNT),
			  slab_kmalloc_class(f.slab, 64, 0));
	cache = slab_cache_create(f.slab, &inode);
	fixture_get(&f, cache, 0);
	ck_assert(!(f.calls.items[0].gfp & GFP_BIT_RECLAIMABLE));
	for (uint32_t i = 0; i < slab_nr_caches(f.slab); i++)
		ck_assert_ptr_null(strstr(fixture_stats(&f, i).name, "rcl"));
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* What the command line says stands above the design's own limits. */
START_TEST(knobs_stay)
{
	struct slab_fixture f;
	uint32_t cache;

	fixture_init(&f, 6, 12, 4);
	f.config.slab_design = SLAB_DESIGN_TINY;
	f.config.slub_max_order = 3;
	f.config.slub_min_partial = 1;
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 2048, 0);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, cache)->order, 3);
	fixture_put(&f, 0, fixture_get(&f, cache, 0));
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 0);
	fixture_deinit(&f);
}
END_TEST

/* A limit that an allocator does not have is refused, not passed over. */
START_TEST(knobs_of_others_are_refused)
{
	struct machine_config config;
	struct error err;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.slab_design = SLAB_DESIGN_SLAB;
	ck_assert(slab_check_config(&config, &err));
	config.slub_min_partial = 5;
	ck_assert(!slab_check_config(&config, &err));
	ck_assert_str_eq(err.message, "slab.min_partial means nothing to slab.design 'slab'");
	config.slab_design = SLAB_DESIGN_TINY;
	ck_assert(slab_check_config(&config, &err));
	config.slab_design = SLAB_DESIGN_NR;
	ck_assert(!slab_check_config(&config, &err));
}
END_TEST

UNIT_MAIN("slab_design", nearest_release_that_has_it, any_kernel_may_have_sheaves,
	  tiny_keeps_nothing, tiny_knows_no_reclaimable_caches, knobs_stay,
	  knobs_of_others_are_refused)
