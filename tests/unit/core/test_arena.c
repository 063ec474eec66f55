/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arena: alignment, no overlap, growth, emptiness. */
#include <config.h>

#include "kmreplay/core/arena.h"
#include "kmreplay/core/rng.h"
#include "unit/unit.h"

#include <string.h>

START_TEST(nothing_is_taken_before_the_first_allocation)
{
	struct arena arena;

	arena_init(&arena);
	ck_assert_uint_eq(arena.bytes, 0);
	arena_deinit(&arena);
}
END_TEST

START_TEST(size_zero_is_a_pointer)
{
	struct arena arena;
	void *first, *second;

	arena_init(&arena);
	first = arena_alloc(&arena, 0);
	second = arena_alloc(&arena, 0);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_ne(first, second);
	arena_deinit(&arena);
}
END_TEST

START_TEST(blocks_are_aligned_and_do_not_overlap)
{
	enum { NR = 3000 };
	struct arena arena;
	struct rng rng;
	unsigned char *blocks[NR];
	size_t sizes[NR];

	arena_init(&arena);
	rng_init(&rng, 1);
	for (size_t i = 0; i < NR; i++) {
		sizes[i] = rng_below(&rng, i % 100 ? 200 : 100000);
		blocks[i] = arena_alloc(&arena, sizes[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % 8, 0);
		memset(blocks[i], (int)(i % 251), sizes[i]);
	}
	for (size_t i = 0; i < NR; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			ck_assert_uint_eq(blocks[i][at], i % 251);
	arena_deinit(&arena);
	ck_assert_uint_eq(arena.bytes, 0);
}
END_TEST

START_TEST(a_block_may_be_larger_than_any_chunk)
{
	struct arena arena;
	char *small, *large;

	arena_init(&arena);
	small = arena_alloc(&arena, 16);
	memset(small, 'a', 16);
	large = arena_alloc(&arena, 5 << 20);
	memset(large, 'b', 5 << 20);
	ck_assert_int_eq(small[15], 'a');
	ck_assert_uint_ge(arena.bytes, 5 << 20);
	arena_deinit(&arena);
}
END_TEST

START_TEST(waste_is_bounded)
{
	struct arena arena;

	arena_init(&arena);
	for (int i = 0; i < 100000; i++)
		ck_assert_ptr_nonnull(arena_alloc(&arena, 40));
	ck_assert_uint_le(arena.bytes, 2 * 40 * 100000);
	arena_deinit(&arena);
}
END_TEST

START_TEST(copies_are_terminated)
{
	struct arena arena;
	const char *text, *empty;

	arena_init(&arena);
	text = arena_strndup(&arena, "kmalloc-64", 7);
	empty = arena_strndup(&arena, "x", 0);
	ck_assert_str_eq(text, "kmalloc");
	ck_assert_str_eq(empty, "");
	arena_deinit(&arena);
}
END_TEST

UNIT_MAIN("arena", nothing_is_taken_before_the_first_allocation, size_zero_is_a_pointer,
	  blocks_are_aligned_and_do_not_overlap, a_block_may_be_larger_than_any_chunk,
	  waste_is_bounded, copies_are_terminated)
