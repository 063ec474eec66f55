/* SPDX-License-Identifier: GPL-2.0-or-later */
/* U64map: against an array, with keys that collide, wrap around and come back. */
#include <config.h>

#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/u64map.h"
#include "unit/unit.h"

START_TEST(an_empty_map_knows_nothing)
{
	struct u64map map;

	u64map_init(&map);
	ck_assert_ptr_null(u64map_find(&map, 0));
	ck_assert(!u64map_remove(&map, 0));
	u64map_deinit(&map);
}
END_TEST

/* Pages that failed have pfn ~0: asking for it is allowed and finds nothing. */
START_TEST(the_reserved_key_is_never_there)
{
	struct u64map map;
	bool fresh;

	u64map_init(&map);
	*u64map_insert(&map, 1, &fresh) = 5;
	ck_assert_ptr_null(u64map_find(&map, U64MAP_NO_KEY));
	ck_assert(!u64map_remove(&map, U64MAP_NO_KEY));
	ck_assert_uint_eq(map.nr, 1);
	u64map_deinit(&map);
}
END_TEST

START_TEST(insertion_says_whether_it_is_fresh)
{
	struct u64map map;
	bool fresh;

	u64map_init(&map);
	ck_assert_uint_eq(*u64map_insert(&map, 42, &fresh), 0);
	ck_assert(fresh);
	*u64map_find(&map, 42) = 7;
	ck_assert_uint_eq(*u64map_insert(&map, 42, &fresh), 7);
	ck_assert(!fresh);
	ck_assert(u64map_remove(&map, 42));
	ck_assert(!u64map_remove(&map, 42));
	ck_assert_uint_eq(*u64map_insert(&map, 42, &fresh), 0);
	ck_assert(fresh);
	u64map_deinit(&map);
}
END_TEST

static void check_against(const struct u64map *map, const uint64_t *keys, const uint32_t *values,
			  const bool *there, size_t nr)
{
	size_t expected = 0;

	for (size_t i = 0; i < nr; i++) {
		const uint32_t *value = u64map_find(map, keys[i]);

		ck_assert_int_eq(value != NULL, there[i]);
		if (value)
			ck_assert_uint_eq(*value, values[i]);
		expected += there[i];
	}
	ck_assert_uint_eq(map->nr, expected);
}

/* "hash_bits" low bits of the hash are equal for all keys: long runs, wrapped around the end. */
static void random_operations(uint64_t seed, unsigned int hash_bits)
{
	enum { NR = 700, ROUNDS = 60000 };
	uint64_t keys[NR];
	uint32_t values[NR] = { 0 };
	bool there[NR] = { false };
	struct u64map map;
	struct rng rng;

	rng_init(&rng, seed);
	u64map_init(&map);
	for (size_t i = 0; i < NR; i++) {
		do
			keys[i] = rng_next(&rng);
		while (~bits_mix64(keys[i]) & ((1ULL << hash_bits) - 1));
	}
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		size_t i = rng_below(&rng, NR);
		bool fresh;

		/* Waves: mostly insertions, then mostly removals. */
		if (rng_below(&rng, 10) < (round / 4000 % 2 ? 3 : 7)) {
			*u64map_insert(&map, keys[i], &fresh) = round;
			ck_assert_int_eq(fresh, !there[i]);
			there[i] = true;
			values[i] = round;
		} else {
			ck_assert_int_eq(u64map_remove(&map, keys[i]), there[i]);
			there[i] = false;
		}
		if (round % 500 == 0)
			check_against(&map, keys, values, there, NR);
	}
	u64map_deinit(&map);
}

START_TEST(random_operations_agree_with_an_array)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		random_operations(seed, 0);
}
END_TEST

START_TEST(colliding_keys_agree_with_an_array)
{
	random_operations(5, 6);
	random_operations(6, 10);
}
END_TEST

START_TEST(neighbouring_addresses_spread)
{
	struct u64map map;
	bool fresh;

	u64map_init(&map);
	for (uint64_t i = 0; i < 200000; i++)
		*u64map_insert(&map, 0xffff888000000000 + i * 64, &fresh) = (uint32_t)i;
	for (uint64_t i = 0; i < 200000; i++)
		ck_assert_uint_eq(*u64map_find(&map, 0xffff888000000000 + i * 64), i);
	for (uint64_t i = 0; i < 200000; i += 2)
		ck_assert(u64map_remove(&map, 0xffff888000000000 + i * 64));
	ck_assert_uint_eq(map.nr, 100000);
	u64map_deinit(&map);
}
END_TEST

START_TEST(copies_are_independent)
{
	struct u64map from, to;
	bool fresh;

	u64map_init(&from);
	u64map_init(&to);
	u64map_copy(&to, &from);
	ck_assert_ptr_null(u64map_find(&to, 7));
	for (uint64_t key = 0; key < 1000; key++)
		*u64map_insert(&from, key * 64, &fresh) = (uint32_t)key;
	u64map_copy(&to, &from);
	ck_assert(u64map_remove(&from, 64));
	for (uint64_t key = 0; key < 1000; key++)
		ck_assert_uint_eq(*u64map_find(&to, key * 64), key);
	ck_assert_uint_eq(to.nr, 1000);
	u64map_deinit(&from);
	u64map_deinit(&to);
}
END_TEST

UNIT_MAIN("u64map", copies_are_independent, an_empty_map_knows_nothing,
	  the_reserved_key_is_never_there,
	  insertion_says_whether_it_is_fresh, random_operations_agree_with_an_array,
	  colliding_keys_agree_with_an_array, neighbouring_addresses_spread)
