/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Caches by name: kmalloc classes and types, large objects, merging, making and removing. */
#include <config.h>

#include "slab_fixture.h"

#include <string.h>

static const char *class_name(const struct slab_fixture *f, uint64_t size, uint32_t gfp)
{
	uint32_t cache = slab_kmalloc_class(f->slab, size, gfp);

	return cache == SLAB_CACHE_NONE ? "-" : fixture_stats(f, cache).name;
}

START_TEST(classes_and_types)
{
	static const struct row {
		uint64_t size;
		uint32_t gfp;
		const char *name;
	} rows[] = {
		{ 0, 0, "-" },
		{ 1, 0, "kmalloc-8" },
		{ 8, 0, "kmalloc-8" },
		{ 9, 0, "kmalloc-16" },
		{ 33, 0, "kmalloc-64" },
		{ 65, 0, "kmalloc-96" },
		{ 96, GFP_BIT_ACCOUNT, "kmalloc-cg-96" },
		{ 97, 0, "kmalloc-128" },
		{ 129, 0, "kmalloc-192" },
		{ 193, 0, "kmalloc-256" },
		{ 1000, GFP_BIT_RECLAIMABLE, "kmalloc-rcl-1k" },
		{ 1025, GFP_BIT_DMA, "dma-kmalloc-2k" },
		{ 8192, 0, "kmalloc-8k" },
		{ 8193, 0, "-" },
		{ UINT64_MAX, 0, "-" },
		{ 5, GFP_BIT_DMA | GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT, "dma-kmalloc-8" },
		{ 5, GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT, "kmalloc-rcl-8" },
	};
	struct slab_fixture f;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(class_name(&f, rows[i].size, rows[i].gfp), rows[i].name);
	ck_assert_uint_eq(slab_nr_caches(f.slab), 4 * 13);
	fixture_deinit(&f);
}
END_TEST

/* Each size lands in the smallest class that holds it. */
START_TEST(every_size_fits)
{
	struct slab_fixture f;
	uint32_t wrong = 0;

	fixture_init(&f, 6, 1, 2);
	fixture_start(&f);
	for (uint64_t size = 1; size <= SLAB_KMALLOC_MAX_CACHE_SIZE; size++) {
		uint32_t cache = slab_kmalloc_class(f.slab, size, 0), best = UINT32_MAX;

		for (uint32_t i = 0; i < 13; i++) { /* NORMAL comes first */
			uint32_t have = slab_cache_geometry(f.slab, i)->size;

			if (have >= size && have < best)
				best = have;
		}
		wrong += slab_cache_geometry(f.slab, cache)->size != best;
	}
	ck_assert_uint_eq(wrong, 0);
	fixture_deinit(&f);
}
END_TEST

/* The order in which the classes are made decides later merges and listings. */
START_TEST(creation_order_follows_version)
{
	struct slab_fixture f;

	fixture_init(&f, 6, 1, 2);
	fixture_start(&f);
	ck_assert_str_eq(fixture_stats(&f, 0).name, "kmalloc-8");
	ck_assert_str_eq(fixture_stats(&f, 4).name, "kmalloc-96");
	ck_assert_str_eq(fixture_stats(&f, 13).name, "kmalloc-cg-8");
	ck_assert_uint_eq(slab_cache_geometry(f.slab, 4)->align, 8);
	fixture_deinit(&f);

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	ck_assert_str_eq(fixture_stats(&f, 0).name, "kmalloc-96");
	ck_assert_str_eq(fixture_stats(&f, 1).name, "kmalloc-192");
	ck_assert_str_eq(fixture_stats(&f, 2).name, "kmalloc-8");
	ck_assert_str_eq(fixture_stats(&f, 13).name, "kmalloc-rcl-96");
	ck_assert_uint_eq(slab_cache_geometry(f.slab, 0)->align, 32);
	fixture_deinit(&f);

	/* Before 5.14 accounted objects shared the ordinary classes. */
	fixture_init(&f, 5, 10, 2);
	fixture_start(&f);
	ck_assert_uint_eq(slab_nr_caches(f.slab), 3 * 13);
	ck_assert_str_eq(class_name(&f, 64, GFP_BIT_ACCOUNT), "kmalloc-64");
	fixture_deinit(&f);
}
END_TEST

START_TEST(arm64_keeps_cache_lines_apart)
{
	struct slab_fixture f;

	fixture_init(&f, 6, 1, 2);
	f.config.arch = ARCH_ARM64;
	fixture_start(&f);
	ck_assert_uint_eq(slab_nr_caches(f.slab), 4 * 7);
	ck_assert_str_eq(class_name(&f, 1, 0), "kmalloc-128");
	ck_assert_str_eq(class_name(&f, 96, 0), "kmalloc-128");
	ck_assert_str_eq(class_name(&f, 130, 0), "kmalloc-256");
	fixture_deinit(&f);
}
END_TEST

START_TEST(large_objects_are_pages)
{
	struct slab_fixture f;
	struct mm_outcome got;
	uint64_t nr, pages;

	fixture_init(&f, 6, 12, 1);
	fixture_start(&f);
	got = slab_kmalloc(f.slab, 0, 8193, GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_HIGHMEM, -1,
			   0);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(got.path, MM_PATH_BUDDY);
	ck_assert_uint_eq(got.addr % KERNEL_PAGE_SIZE, 0);
	ck_assert_uint_eq(f.calls.items[0].order, 2);
	ck_assert_uint_eq(f.calls.items[0].gfp, GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_COMP);
	ck_assert_uint_eq(slab_ksize(f.slab, got.addr), 16384);
	slab_large_stats(f.slab, &nr, &pages);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(pages, 4);
	ck_assert_uint_eq(slab_free(f.slab, 0, got.addr + 4096).failure, MM_FAIL_INVALID);
	fixture_check(&f);
	fixture_put(&f, 0, got.addr);
	ck_assert_uint_eq(f.pages_held, 0);
	ck_assert_uint_eq(slab_ksize(f.slab, got.addr), 0);

	got = slab_kmalloc(f.slab, 0, (4U << 20) + 1, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(got.failure, MM_FAIL_ORDER);
	got = slab_kmalloc(f.slab, 0, UINT64_MAX, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(got.failure, MM_FAIL_ORDER);
	ck_assert_uint_eq(f.calls.nr, 2);
	got = slab_kmalloc(f.slab, 0, 0, GFP_BITS_KERNEL, -1, 0);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(got.addr, SLAB_ZERO_SIZE_PTR);
	fixture_deinit(&f);
}
END_TEST

/* Equal stride, fitting alignment and equal zone, mobility, accounting: one cache, two names. */
START_TEST(alike_caches_are_merged)
{
	static const struct row {
		struct slab_cache_args args;
		int same_as; /* row, or -1: a cache of its own */
	} rows[] = {
		{ { .name = "first", .size = 130 }, -1 },
		{ { .name = "same size rounded", .size = 136 }, 0 },
		{ { .name = "too large", .size = 137 }, -1 },
		{ { .name = "reclaimable", .size = 136, .flags = SLAB_RECLAIM_ACCOUNT }, -1 },
		{ { .name = "reclaimable too", .size = 135, .flags = SLAB_RECLAIM_ACCOUNT }, 3 },
		{ { .name = "accounted", .size = 136, .flags = SLAB_ACCOUNT }, -1 },
		{ { .name = "constructed", .size = 128, .ctor = true }, -1 },
		{ { .name = "copied to users", .size = 136, .usersize = 8 }, -1 },
		{ { .name = "rcu", .size = 128, .flags = SLAB_TYPESAFE_BY_RCU }, -1 },
		{ { .name = "not to be merged", .size = 136, .flags = SLAB_NO_MERGE }, -1 },
		{ { .name = "aligned", .size = 136, .align = 16 }, 2 }, /* 144 is 9 * 16 */
		{ { .name = "aligned more", .size = 136, .align = 64 }, -1 },
		{ { .name = "kmalloc's size", .size = 64 }, -1 },
		{ { .name = "cache lines", .size = 60, .flags = SLAB_HWCACHE_ALIGN }, 12 },
	};
	uint32_t ids[ARRAY_SIZE(rows)];
	struct slab_fixture f;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t before = slab_nr_caches(f.slab);

		ids[i] = slab_cache_create(f.slab, &rows[i].args);
		if (rows[i].same_as < 0)
			ck_assert_uint_eq(ids[i], before);
		else
			ck_assert_uint_eq(ids[i], ids[rows[i].same_as]);
	}
	/* The merged cache keeps the first name and the largest object. */
	ck_assert_str_eq(fixture_stats(&f, ids[0]).name, "first");
	ck_assert_uint_eq(fixture_stats(&f, ids[0]).aliases, 1);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, ids[0])->object_size, 136);
	ck_assert_uint_eq(slab_cache_geometry(f.slab, ids[2])->size, 144);
	fixture_deinit(&f);
}
END_TEST

START_TEST(destroy_needs_an_empty_cache)
{
	const struct slab_cache_args args = { .name = "mine", .size = 5000 };
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint32_t cache, again;
	uint64_t object;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_cache_create(f.slab, &args);
	again = slab_cache_create(f.slab, &args);
	ck_assert_uint_eq(cache, again);
	object = fixture_get(&f, cache, 1);
	ck_assert(slab_cache_destroy(f.slab, again, 0)); /* one name less */
	ck_assert(!slab_cache_destroy(f.slab, cache, 0));
	fixture_check(&f);
	fixture_put(&f, 0, object);
	ck_assert(slab_cache_destroy(f.slab, cache, 0));
	ck_assert_uint_eq(f.pages_held, 0);
	ck_assert(!slab_cache_get_stats(f.slab, cache, &stats));
	ck_assert(!slab_cache_destroy(f.slab, cache, 0));
	ck_assert(!slab_cache_destroy(f.slab, slab_kmalloc_class(f.slab, 8, 0), 0));
	again = slab_cache_create(f.slab, &args);
	ck_assert_uint_eq(again, cache + 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

static void own_classes(struct slab_fixture *f, unsigned int minor, const uint32_t *sizes,
			size_t nr)
{
	struct error err;

	fixture_init(f, 6, minor, 2);
	for (size_t i = 0; i < nr; i++)
		vec_push(&f->config.kmalloc_classes, sizes[i]);
	ck_assert_msg(slab_check_config(&f->config, &err), "%s", err.message);
	fixture_start(f);
	/* Its own copy: the configuration may go first. */
	vec_reset(&f->config.kmalloc_classes);
}

START_TEST(own_classes_replace_the_kernel_s)
{
	static const uint32_t sizes[] = { 24, 40, 128, 1024, 1536 };
	static const unsigned int minors[] = { 1, 12 };
	static const struct row {
		uint64_t size;
		uint32_t gfp;
		const char *name;
	} rows[] = {
		{ 1, 0, "kmalloc-24" },
		{ 24, GFP_BIT_ACCOUNT, "kmalloc-cg-24" },
		{ 25, 0, "kmalloc-40" },
		{ 96, GFP_BIT_RECLAIMABLE, "kmalloc-rcl-128" },
		{ 129, 0, "kmalloc-1k" },
		{ 1025, GFP_BIT_DMA, "dma-kmalloc-1536" },
		{ 1536, 0, "kmalloc-1536" },
		{ 1537, 0, "-" },
		{ 8192, 0, "-" },
	};

	for (size_t v = 0; v < ARRAY_SIZE(minors); v++) {
		struct slab_fixture f;
		struct mm_outcome got;
		uint64_t nr, pages;

		own_classes(&f, minors[v], sizes, ARRAY_SIZE(sizes));
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			ck_assert_str_eq(class_name(&f, rows[i].size, rows[i].gfp), rows[i].name);
		ck_assert_uint_eq(slab_nr_caches(f.slab), 4 * ARRAY_SIZE(sizes));
		/* Above the largest class the page allocator serves. */
		got = slab_kmalloc(f.slab, 0, 1537, GFP_BITS_KERNEL, -1, 0);
		ck_assert(mm_ok(got));
		slab_large_stats(f.slab, &nr, &pages);
		ck_assert_uint_eq(nr, 1);
		ck_assert_uint_eq(pages, 1);
		for (uint64_t size = 1; size <= 1536; size++) {
			got = slab_kmalloc(f.slab, 0, size, GFP_BITS_KERNEL, -1, 0);
			ck_assert(mm_ok(got));
			ck_assert_uint_ge(slab_ksize(f.slab, got.addr), size);
		}
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

START_TEST(classes_that_cannot_be_are_refused)
{
	static const struct row {
		uint32_t sizes[2];
		const char *message;
	} rows[] = {
		{ { 8, 12 }, "kmalloc class of 12 bytes is not a multiple of 8 from 8 to 8192" },
		{ { 0, 8 }, "kmalloc class of 0 bytes is not a multiple of 8 from 8 to 8192" },
		{ { 8, 8200 }, "kmalloc class of 8200 bytes is not a multiple of 8 from 8 to 8192" },
		{ { 16, 16 }, "kmalloc class of 16 bytes follows one of 16: they must ascend" },
	};
	struct machine_config config;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
		vec_push(&config.kmalloc_classes, rows[i].sizes[0]);
		vec_push(&config.kmalloc_classes, rows[i].sizes[1]);
		ck_assert(!slab_check_config(&config, &err));
		ck_assert_str_eq(err.message, rows[i].message);
		machine_config_deinit(&config);
	}
	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	for (uint32_t size = 8; size <= 8192; size += 8)
		vec_push(&config.kmalloc_classes, size);
	ck_assert(slab_check_config(&config, &err));
	config.nr_cpus = 8192;
	ck_assert(!slab_check_config(&config, &err));
	ck_assert_str_eq(err.message,
			 "1024 kmalloc classes times 8192 CPUs are too many per-CPU slabs");
	machine_config_deinit(&config);
}
END_TEST

START_TEST(without_merging_each_cache_is_its_own)
{
	const struct slab_cache_args args = { .name = "one", .size = 136 };
	const struct slab_cache_args same = { .name = "two", .size = 136 };

	for (int on = 0; on < 2; on++) {
		struct slab_fixture f;

		fixture_init(&f, 6, 12, 2);
		f.config.slab_merge = on;
		fixture_start(&f);
		ck_assert_int_eq(slab_cache_create(f.slab, &args) ==
				 slab_cache_create(f.slab, &same), on);
		fixture_deinit(&f);
	}
}
END_TEST

UNIT_MAIN("slab_kmalloc", classes_and_types, every_size_fits, creation_order_follows_version,
	  arm64_keeps_cache_lines_apart, large_objects_are_pages, alike_caches_are_merged,
	  destroy_needs_an_empty_cache, own_classes_replace_the_kernel_s,
	  classes_that_cannot_be_are_refused, without_merging_each_cache_is_its_own)
