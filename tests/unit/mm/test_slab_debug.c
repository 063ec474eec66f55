/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slab_debug=: which cache gets which flags, what that makes of layouts, and what stays merged. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/mm/slab_debug.h"

#include <stdio.h>
#include <string.h>

enum {
	NR_COPIES = 16, /* RANDOM_KMALLOC_CACHES_NR + 1 */
	F = SLAB_CONSISTENCY_CHECKS,
	Z = SLAB_RED_ZONE,
	P = SLAB_POISON,
	U = SLAB_STORE_USER,
};

START_TEST(flags_go_to_the_named)
{
	static const struct row {
		const char *text, *name;
		uint32_t flags, want;
	} rows[] = {
		{ "FZPU", "dentry", 0, F | Z | P | U },
		{ "fz", "dentry", 0, F | Z },
		{ "FZ,dentry", "dentry", 0, F | Z },
		{ "FZ,dentry", "inode_cache", 0, 0 },
		{ "FZ,dentry", "dentry2", 0, 0 },
		{ "FZ,den", "dentry", 0, 0 },
		{ "FZ,den*", "dentry", 0, F | Z },
		{ "FZ,kmalloc-*,dentry", "kmalloc-rcl-64", 0, F | Z },
		{ "FZ,kmalloc-*,dentry", "dma-kmalloc-64", 0, 0 },
		/* Blocks: the first that names it, else the last for all. */
		{ "P,dentry;FZ", "dentry", 0, P },
		{ "P,dentry;FZ", "other", 0, F | Z },
		{ "F;Z", "other", 0, Z },
		{ ";;F,a;;Z,b;;", "b", 0, Z },
		/* No flags are the usual ones. */
		{ ",dentry", "dentry", 0, F | Z | P | U },
		{ "FZ-P", "x", 0, P },
		{ "-", "x", 0, 0 },
		{ "A", "x", 0, SLAB_FAILSLAB },
		{ "U", "kmemleak_object", SLAB_NOLEAKTRACE, SLAB_NOLEAKTRACE },
		{ "U,kmem*", "kmemleak_object", SLAB_NOLEAKTRACE, SLAB_NOLEAKTRACE | U },
		{ "F", "kfence", SLAB_NO_USER_FLAGS, SLAB_NO_USER_FLAGS },
		{ "", "dentry", SLAB_ACCOUNT, SLAB_ACCOUNT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err;

		ck_assert_msg(slab_debug_check(rows[i].text, &err), "%s", err.message);
		ck_assert_msg(slab_debug_flags(rows[i].text, rows[i].name, rows[i].flags) ==
				      rows[i].want,
			      "'%s' for '%s'", rows[i].text, rows[i].name);
	}
}
END_TEST

START_TEST(other_texts_are_refused)
{
	static const char *const bad[] = { "x", "FX", "F,dentry;x", " F", "1" };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!slab_debug_check(bad[i], &err), "'%s' was taken", bad[i]);
}
END_TEST

static struct slab_geometry class_geometry(unsigned int minor, const char *debug, uint64_t size)
{
	struct slab_fixture f;
	struct slab_geometry ret;

	fixture_init(&f, 6, minor, 2);
	snprintf(f.config.slab_debug, sizeof(f.config.slab_debug), "%s", debug);
	fixture_start(&f);
	ret = *slab_cache_geometry(f.slab, slab_kmalloc_class(f.slab, size, GFP_BITS_KERNEL));
	fixture_deinit(&f);
	return ret;
}

/*
 * calculate_sizes() of a class of 64 bytes, worked out by hand: red zone 8, link 8, two tracks of
 * 32, the size asked for 4 (8 since 6.12), red zone 8, and 64 before it, so that it stays aligned.
 */
START_TEST(classes_grow_by_their_metadata)
{
	ck_assert_uint_eq(class_geometry(1, "FZPU", 64).size, 256);
	ck_assert_uint_eq(class_geometry(12, "FZPU", 64).size, 256);
	ck_assert_uint_eq(class_geometry(1, "Z", 64).size, 192);
	ck_assert_uint_eq(class_geometry(1, "P", 64).size, 128);
	/* 8 + 8 + 8 + 64 + 4 (8) + 8 + 8 */
	ck_assert_uint_eq(class_geometry(1, "FZPU", 8).size, 112);
	ck_assert_uint_eq(class_geometry(12, "FZPU", 8).size, 112);
	ck_assert_uint_eq(class_geometry(12, "ZU", 8).size, 112);
	ck_assert_uint_eq(class_geometry(1, "ZU", 8).size, 104);
	ck_assert_uint_eq(class_geometry(1, "F", 64).size, 64);
	ck_assert_uint_eq(class_geometry(1, "F", 64).cpu_partial, 0);
	ck_assert_uint_eq(class_geometry(1, "F,dentry", 64).cpu_partial, 120);
	/* O: a class of a page would need two. */
	ck_assert_uint_eq(class_geometry(1, "FZPUO", 4096).size, 4096);
	ck_assert_uint_eq(class_geometry(1, "FZPUO", 4096).cpu_partial, 0);
	ck_assert_uint_eq(class_geometry(1, "FZPUO", 64).size, 256);
}
END_TEST

/* What kmem_cache_create() got is worked out of the stride, and laid out anew. */
START_TEST(recorded_caches_are_laid_out_anew)
{
	static const struct row {
		const char *what;
		uint32_t object_size, size;
		uint32_t hardened;  /* with FZPU */
		uint32_t unaligned; /* without SLAB_HWCACHE_ALIGN */
	} rows[] = {
		{ "plain", 104, 104, 200, 104 },          /* 104+8+8+64+8+8 */
		{ "link behind", 624, 632, 720, 632 },    /* it is behind already */
		{ "cache lines", 2440, 2496, 2624, 2440 }, /* red_left_pad is 64 */
		{ "cache lines and a link", 128, 192, 320, 136 },
		{ "not explained", 100, 3000, 3000, 3000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab_fixture f;
		uint32_t plain, cache;

		fixture_init(&f, 6, 12, 2);
		fixture_start(&f);
		plain = slab_cache_by_geometry(f.slab, "c", rows[i].object_size, rows[i].size, 0);
		ck_assert_uint_eq(slab_cache_geometry(f.slab, plain)->size, rows[i].size);
		fixture_deinit(&f);

		fixture_init(&f, 6, 12, 2);
		strcpy(f.config.slab_debug, "FZPU,c");
		f.config.slab_hwcache_align = false;
		fixture_start(&f);
		cache = slab_cache_by_geometry(f.slab, "other", rows[i].object_size, rows[i].size,
					       SLAB_ACCOUNT);
		ck_assert_msg(slab_cache_geometry(f.slab, cache)->size == rows[i].unaligned,
			      "%s: %u", rows[i].what, slab_cache_geometry(f.slab, cache)->size);
		ck_assert_uint_eq(fixture_stats(&f, cache).flags & SLAB_ACCOUNT, SLAB_ACCOUNT);
		fixture_deinit(&f);

		fixture_init(&f, 6, 12, 2);
		strcpy(f.config.slab_debug, "FZPU,c");
		fixture_start(&f);
		cache = slab_cache_by_geometry(f.slab, "c", rows[i].object_size, rows[i].size, 0);
		ck_assert_msg(slab_cache_geometry(f.slab, cache)->size == rows[i].hardened,
			      "%s: %u", rows[i].what, slab_cache_geometry(f.slab, cache)->size);
		fixture_put(&f, 0, fixture_get(&f, cache, 1));
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

/* F alone leaves layouts, and so merging, as they are until 7.0; red zones do not. */
START_TEST(checked_caches_merge_or_not)
{
	static const struct row {
		unsigned int major, minor;
		const char *debug;
		bool merged;
	} rows[] = {
		{ 6, 12, "", true }, { 6, 12, "F", true }, { 6, 12, "Z", false },
		{ 6, 12, "Z,two", false }, { 6, 12, "Z,three", true }, { 7, 2, "F", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct slab_cache_args one = { .name = "one", .size = 104 };
		const struct slab_cache_args two = { .name = "two", .size = 100 };
		struct slab_fixture f;
		uint32_t first;

		fixture_init(&f, rows[i].major, rows[i].minor, 2);
		strcpy(f.config.slab_debug, rows[i].debug);
		fixture_start(&f);
		first = slab_cache_create(f.slab, &one);
		ck_assert_msg((slab_cache_create(f.slab, &two) == first) == rows[i].merged,
			      "%u.%u, '%s'", rows[i].major, rows[i].minor, rows[i].debug);
		fixture_deinit(&f);
	}
}
END_TEST

/* Each call site has one copy of a class, sites spread over all, other types have none. */
START_TEST(random_copies_are_the_callers)
{
	const uint32_t gfp = GFP_BITS_KERNEL;
	unsigned int nr[NR_COPIES] = { 0 };
	struct slab_fixture f;
	uint32_t class, reclaimable;

	fixture_init(&f, 6, 12, 2);
	f.config.slab_random_kmalloc = true;
	fixture_start(&f);
	class = slab_kmalloc_class(f.slab, 60, gfp);
	reclaimable = slab_kmalloc_class(f.slab, 60, gfp | GFP_BIT_RECLAIMABLE);
	for (uint64_t caller = 0; caller < 1600; caller++) {
		const uint64_t at = 0xffffffff81000000 + 5 * caller;
		uint32_t copy = slab_kmalloc_copy(f.slab, class, at);
		unsigned int number = 0;

		ck_assert_uint_eq(slab_cache_geometry(f.slab, copy)->size, 64);
		ck_assert_uint_eq(copy, slab_kmalloc_copy(f.slab, class, at));
		ck_assert_uint_eq(reclaimable, slab_kmalloc_copy(f.slab, reclaimable, at));
		if (copy != class)
			ck_assert_int_eq(sscanf(fixture_stats(&f, copy).name, "kmalloc-rnd-%u-64",
						&number), 1);
		ck_assert_uint_lt(number, NR_COPIES);
		nr[number]++;
	}
	for (unsigned int i = 0; i < NR_COPIES; i++)
		ck_assert_uint_gt(nr[i], 50);
	fixture_deinit(&f);
}
END_TEST

UNIT_MAIN("slab_debug", flags_go_to_the_named, other_texts_are_refused,
	  classes_grow_by_their_metadata, recorded_caches_are_laid_out_anew,
	  checked_caches_merge_or_not, random_copies_are_the_callers)
