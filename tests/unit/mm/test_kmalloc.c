/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kmalloc() family: arrays, krealloc(), rounding up, limits, alignment; who is in use. */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/slab_look.h"

static const struct kernel_version versions[] = { { 5, 10 }, { 6, 1 }, { 6, 12 }, { 7, 2 } };

static void start(struct slab_fixture *f, size_t version)
{
	fixture_init(f, versions[version].major, versions[version].minor, 2);
	fixture_start(f);
}

/* What kmalloc_size_roundup() says is what kmalloc() gives, up to and beyond the largest size. */
START_TEST(roundup_is_what_is_given)
{
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct slab_fixture f;

		start(&f, v);
		for (uint64_t size = 1; size <= SLAB_KMALLOC_MAX_SIZE; size += 1 + size / 7) {
			struct mm_outcome got = slab_kmalloc(f.slab, 0, size, GFP_BITS_KERNEL, -1,
							     0);

			ck_assert(mm_ok(got));
			ck_assert_uint_eq(slab_ksize(f.slab, got.addr),
					  slab_kmalloc_roundup(f.slab, size));
			ck_assert_uint_ge(slab_ksize(f.slab, got.addr), size);
			fixture_put(&f, 0, got.addr);
		}
		ck_assert_uint_eq(slab_kmalloc_roundup(f.slab, 0), 0);
		ck_assert_uint_eq(slab_kmalloc_roundup(f.slab, 8193), 16384);
		ck_assert_uint_eq(slab_kmalloc_roundup(f.slab, SLAB_KMALLOC_MAX_SIZE),
				  SLAB_KMALLOC_MAX_SIZE);
		ck_assert_uint_eq(slab_kmalloc_roundup(f.slab, SLAB_KMALLOC_MAX_SIZE + 1),
				  SLAB_KMALLOC_MAX_SIZE + 1);
		ck_assert_uint_eq(slab_kmalloc_roundup(f.slab, UINT64_MAX), UINT64_MAX);
		fixture_deinit(&f);
	}
}
END_TEST

/* Two pages come from a cache, one byte more from the page allocator; above 4 MiB nothing does. */
START_TEST(limits)
{
	struct slab_fixture f;
	struct mm_outcome got;

	start(&f, 2);
	got = slab_kmalloc(f.slab, 0, 8192, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_ne(slab_cache_of(f.slab, got.addr), SLAB_CACHE_NONE);
	got = slab_kmalloc(f.slab, 0, 8193, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(slab_cache_of(f.slab, got.addr), SLAB_CACHE_NONE);
	ck_assert_uint_eq(f.calls.items[f.calls.nr - 1].order, 2);
	got = slab_kmalloc(f.slab, 0, SLAB_KMALLOC_MAX_SIZE, GFP_BITS_KERNEL, -1, 0);
	ck_assert(mm_ok(got));
	ck_assert_uint_eq(f.calls.items[f.calls.nr - 1].order, KERNEL_MAX_ORDER);
	vec_reset(&f.calls);
	got = slab_kmalloc(f.slab, 0, SLAB_KMALLOC_MAX_SIZE + 1, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(got.failure, MM_FAIL_ORDER);
	ck_assert_uint_eq(got.addr, 0);
	ck_assert_uint_eq(f.calls.nr, 0);
	got = slab_kmalloc(f.slab, 0, UINT64_MAX, GFP_BITS_KERNEL, -1, 0);
	ck_assert_uint_eq(got.failure, MM_FAIL_ORDER);
	fixture_deinit(&f);
}
END_TEST

/* A power of two is aligned to itself, whatever the kernel; all else to a word. */
START_TEST(powers_of_two_are_aligned)
{
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		static const uint32_t masks[] = {
			0, GFP_BIT_DMA, GFP_BIT_RECLAIMABLE, GFP_BIT_ACCOUNT,
		};
		struct slab_fixture f;
		unsigned int wrong = 0;

		start(&f, v);
		for (uint64_t i = 0; i < (uint64_t)13 * 4 * 100; i++) {
			const uint64_t size = 8ULL << i % 13;
			const uint32_t gfp = GFP_BITS_KERNEL | masks[i / 13 % 4];
			const struct mm_outcome got = slab_kmalloc(f.slab, 0, size, gfp, -1, 0);

			wrong += got.addr % MIN(size, (uint64_t)KERNEL_PAGE_SIZE) != 0;
			if (size > KERNEL_PAGE_SIZE)
				wrong += got.addr % size != 0;
			wrong += slab_kmalloc(f.slab, 0, 1 + i % 8192, gfp, -1, 0).addr % 8 != 0;
		}
		ck_assert_uint_eq(wrong, 0);
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

START_TEST(arrays_overflow)
{
	static const struct row {
		enum machine_arch arch;
		uint64_t nr, size, bytes; /* bytes 0: overflow */
	} rows[] = {
		{ ARCH_X86_64, 10, 24, 240 },
		{ ARCH_X86_64, UINT64_MAX / 2, 24, 0 },
		{ ARCH_X86_64, 1ULL << 32, 1ULL << 32, 0 },
		{ ARCH_X86_32, 33, 31, 1023 },
		{ ARCH_X86_32, 1 << 16, 1 << 16, 0 },
		{ ARCH_X86_32, 1ULL << 32, 1, 0 },
		{ ARCH_X86_32, UINT64_MAX, UINT64_MAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct slab_fixture f;
		struct mm_outcome got;

		fixture_init(&f, 6, 12, 1);
		f.config.arch = row->arch;
		fixture_start(&f);
		got = slab_kmalloc_array(f.slab, 0, row->nr, row->size, GFP_BITS_KERNEL, -1);
		ck_assert_uint_eq(slab_size_mul(f.slab, row->nr, row->size),
				  row->bytes ? row->bytes : slab_size_max(f.slab));
		ck_assert_uint_eq(got.failure, row->bytes ? MM_FAIL_NONE : MM_FAIL_ORDER);
		ck_assert(!row->bytes == !got.addr);
		got = slab_kcalloc(f.slab, 0, row->nr, row->size, GFP_BITS_KERNEL, -1);
		ck_assert_uint_eq(got.failure, row->bytes ? MM_FAIL_NONE : MM_FAIL_ORDER);
		/* An object that should grow so much stays what it is. */
		got = slab_kmalloc(f.slab, 0, 1, GFP_BITS_KERNEL, -1, 0);
		ck_assert_uint_eq(slab_krealloc_array(f.slab, 0, got.addr, row->nr, row->size,
						      GFP_BITS_KERNEL).failure,
				  row->bytes ? MM_FAIL_NONE : MM_FAIL_ORDER);
		ck_assert_uint_eq(slab_is_live(f.slab, got.addr), !row->bytes);
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

/* Nothing, elements of nothing, and no elements are all the same pointer that is none. */
START_TEST(zero_sizes)
{
	struct slab_fixture f;

	start(&f, 1);
	ck_assert_uint_eq(slab_kzalloc(f.slab, 0, 0, GFP_BITS_KERNEL, -1, 0).addr,
			  SLAB_ZERO_SIZE_PTR);
	ck_assert_uint_eq(slab_kcalloc(f.slab, 0, 0, 10, GFP_BITS_KERNEL, -1).addr,
			  SLAB_ZERO_SIZE_PTR);
	ck_assert_uint_eq(slab_kmalloc_array(f.slab, 0, 10, 0, GFP_BITS_KERNEL, -1).addr,
			  SLAB_ZERO_SIZE_PTR);
	ck_assert_uint_eq(slab_krealloc(f.slab, 0, 0, 0, GFP_BITS_KERNEL, -1).addr,
			  SLAB_ZERO_SIZE_PTR);
	ck_assert_uint_eq(slab_ksize(f.slab, SLAB_ZERO_SIZE_PTR), 0);
	ck_assert_uint_eq(slab_ksize(f.slab, 0), 0);
	ck_assert(mm_ok(slab_kfree_sensitive(f.slab, 0, SLAB_ZERO_SIZE_PTR)));
	ck_assert(mm_ok(slab_kfree_sensitive(f.slab, 0, 0)));
	ck_assert_uint_eq(f.calls.nr, 0);
	fixture_deinit(&f);
}
END_TEST

/* Zeroing is the page allocator's affair for large objects, and never a slab's. */
START_TEST(zeroed_pages)
{
	struct slab_fixture f;

	start(&f, 2);
	slab_kzalloc(f.slab, 0, 70000, GFP_BITS_KERNEL, 0, 0);
	ck_assert_uint_ne(f.calls.items[0].gfp & GFP_BIT_ZERO, 0);
	slab_kzalloc(f.slab, 0, 7000, GFP_BITS_KERNEL, 0, 0);
	ck_assert_uint_eq(f.calls.items[1].gfp & GFP_BIT_ZERO, 0);
	fixture_deinit(&f);
}
END_TEST

/* An object is left only for a larger one, and shrinks only to nothing. */
START_TEST(krealloc_keeps_what_fits)
{
	static const struct row {
		uint64_t size;
		bool moves;
	} rows[] = {
		{ 100, true }, { 120, false }, { 128, false }, { 129, true }, { 192, false },
		{ 60, false }, { 5000, true }, { 4000, false }, { 20000, true }, { 32768, false },
		{ 100000, true }, { 10, false }, { 1, false },
	};
	struct slab_fixture f;
	uint64_t p = 0;

	start(&f, 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mm_outcome got =
			slab_krealloc(f.slab, 0, p, rows[i].size, GFP_BITS_KERNEL, -1);

		ck_assert(mm_ok(got));
		ck_assert_uint_eq(got.addr != p, rows[i].moves);
		ck_assert(slab_is_live(f.slab, got.addr));
		ck_assert(!rows[i].moves || !slab_is_live(f.slab, p));
		p = got.addr;
	}
	ck_assert_uint_eq(slab_ksize(f.slab, p), 131072);
	/* The pages are gone: the large one stays. */
	f.max_pages = 0;
	ck_assert(!mm_ok(slab_krealloc(f.slab, 0, p, 200000, GFP_BITS_KERNEL, -1)));
	ck_assert(slab_is_live(f.slab, p));
	ck_assert_uint_eq(slab_krealloc(f.slab, 0, p, 0, GFP_BITS_KERNEL, -1).addr,
			  SLAB_ZERO_SIZE_PTR);
	ck_assert(!slab_is_live(f.slab, p));
	ck_assert_uint_eq(slab_krealloc(f.slab, 0, p, 0, GFP_BITS_KERNEL, -1).failure,
			  MM_FAIL_INVALID);
	ck_assert_uint_eq(slab_krealloc(f.slab, 0, p, 9, GFP_BITS_KERNEL, -1).failure,
			  MM_FAIL_INVALID);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* Until 6.12 the slot counts, later the object: here of 90 bytes in slots of 96. */
START_TEST(krealloc_room_follows_version)
{
	for (size_t v = 1; v < ARRAY_SIZE(versions); v++) {
		struct slab_fixture f;
		struct mm_outcome got;
		uint64_t p;

		start(&f, v);
		p = fixture_get(&f, slab_cache_by_geometry(f.slab, "seen", 90, 96, 0), 0);
		ck_assert_uint_eq(slab_krealloc(f.slab, 0, p, 90, GFP_BITS_KERNEL, -1).addr, p);
		got = slab_krealloc(f.slab, 0, p, 91, GFP_BITS_KERNEL, -1);
		ck_assert(mm_ok(got));
		ck_assert_uint_eq(got.addr != p, versions[v].major >= 7);
		fixture_check(&f);
		fixture_deinit(&f);
	}
}
END_TEST

/* krealloc_node() moves what lies elsewhere when told to; before 7.0 it had no node. */
START_TEST(krealloc_node_moves)
{
	for (size_t v = 2; v < ARRAY_SIZE(versions); v++) {
		struct slab_fixture f;
		struct mm_outcome got;
		uint64_t p;

		fixture_init(&f, versions[v].major, versions[v].minor, 2);
		f.config.nr_nodes = 2;
		machine_config_add_range(&f.config, 0, 32, 0);
		machine_config_add_range(&f.config, 32, 1000, 1);
		fixture_start(&f);
		p = slab_kmalloc(f.slab, 0, 8000, GFP_BITS_KERNEL, 0, 0).addr;
		slab_kmalloc(f.slab, 0, 40000, GFP_BITS_KERNEL, 0, 0);
		got = slab_krealloc(f.slab, 0, p, 8000, GFP_BITS_KERNEL, 1);
		ck_assert_uint_eq(got.addr, p);
		got = slab_krealloc(f.slab, 0, p, 8000, GFP_BITS_KERNEL | GFP_BIT_THISNODE, 1);
		ck_assert(mm_ok(got));
		ck_assert_uint_eq(got.addr != p, versions[v].major >= 7);
		ck_assert_uint_eq(slab_is_live(f.slab, p), versions[v].major < 7);
		fixture_deinit(&f);
	}
}
END_TEST

/* A cache with live objects stays, and they can be named, by address. */
START_TEST(who_keeps_a_cache)
{
	for (size_t v = 1; v < ARRAY_SIZE(versions); v++) {
		struct slab_fixture f;
		uint64_t o[100], found, at = 0;
		uint32_t cache;
		size_t nr = 0;

		start(&f, v);
		cache = slab_cache_create(f.slab, &(struct slab_cache_args){
			.name = "x",
			.size = 700,
			.usersize = 64,
		});
		for (size_t i = 0; i < ARRAY_SIZE(o); i++)
			o[i] = fixture_get(&f, cache, i & 1);
		for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
			if (i % 10)
				fixture_put(&f, 0, o[i]);
		}
		ck_assert(!slab_cache_destroy(f.slab, cache, 0));
		for (found = 0; slab_next_live(f.slab, cache, &found); found++, nr++) {
			ck_assert_uint_ge(found, at);
			ck_assert(slab_is_live(f.slab, found));
			ck_assert_uint_eq(slab_cache_of(f.slab, found), cache);
			at = found;
		}
		ck_assert_uint_eq(nr, 10);
		for (size_t i = 0; i < ARRAY_SIZE(o); i += 10)
			fixture_put(&f, 0, o[i]);
		found = 0;
		ck_assert(!slab_next_live(f.slab, cache, &found));
		ck_assert(slab_cache_destroy(f.slab, cache, 0));
		ck_assert(!slab_next_live(f.slab, cache, &found));
		fixture_check(&f);

		at = slab_kmalloc(f.slab, 0, 20000, GFP_BITS_KERNEL, -1, 0).addr;
		found = 0;
		ck_assert(slab_next_live(f.slab, SLAB_CACHE_NONE, &found));
		ck_assert_uint_eq(found, at);
		found++;
		ck_assert(!slab_next_live(f.slab, SLAB_CACHE_NONE, &found));
		fixture_deinit(&f);
	}
}
END_TEST

/* A node that keeps slabs ends the shutdown: those behind it keep their empty ones. */
START_TEST(shutdown_ends_at_the_first_node)
{
	struct slab_fixture f;
	uint64_t o[4];
	uint32_t cache;

	fixture_init(&f, 6, 12, 1);
	f.config.nr_nodes = 2;
	machine_config_add_range(&f.config, 0, 32, 0);
	machine_config_add_range(&f.config, 32, 1000, 1);
	fixture_start(&f);
	cache = slab_cache_create(f.slab, &(struct slab_cache_args){
		.name = "x",
		.size = 30000,
		.usersize = 64,
	});
	for (size_t i = 0; i < 4; i++) /* two slabs on each node */
		o[i] = fixture_get(&f, cache, 0);
	fixture_put(&f, 0, o[0]);
	fixture_put(&f, 0, o[2]);
	fixture_put(&f, 0, o[3]);
	ck_assert(!slab_cache_destroy(f.slab, cache, 0));
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 3);
	fixture_put(&f, 0, o[1]);
	ck_assert(slab_cache_destroy(f.slab, cache, 0));
	ck_assert_uint_eq(f.pages_held, 0);
	fixture_deinit(&f);
}
END_TEST

/* What a CPU held of all caches stands on node lists after it is gone; barns are the nodes'. */
START_TEST(dead_cpu_holds_nothing)
{
	for (size_t v = 1; v < ARRAY_SIZE(versions); v++) {
		struct slab_fixture f;
		uint64_t o[400];

		start(&f, v);
		for (size_t i = 0; i < ARRAY_SIZE(o); i++)
			o[i] = slab_kmalloc(f.slab, 1, 8ULL << i % 8, GFP_BITS_KERNEL, -1,
					    0).addr;
		for (size_t i = 0; i < ARRAY_SIZE(o); i += 3)
			fixture_put(&f, 1, o[i]);
		slab_cpu_dead(f.slab, 1);
		fixture_check(&f);
		for (uint32_t i = 0; i < slab_nr_caches(f.slab); i++) {
			const struct slab_cache_stats stats = fixture_stats(&f, i);

			ck_assert_uint_eq(stats.cpu_slabs + stats.cpu_partial_slabs, 0);
			ck_assert_uint_eq(stats.active_objs, stats.live_objs + stats.sheaf_objs);
		}
		fixture_deinit(&f);
	}
}
END_TEST

UNIT_MAIN("kmalloc", roundup_is_what_is_given, limits, powers_of_two_are_aligned, arrays_overflow,
	  zero_sizes, zeroed_pages, krealloc_keeps_what_fits, krealloc_room_follows_version,
	  krealloc_node_moves, who_keeps_a_cache, shutdown_ends_at_the_first_node,
	  dead_cpu_holds_nothing)
