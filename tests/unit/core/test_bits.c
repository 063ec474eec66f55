/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits: against loops, over powers of two and their neighbours. */
#include <config.h>

#include "kmreplay/core/bits.h"
#include "unit/unit.h"

static unsigned int naive_fls(uint64_t x)
{
	unsigned int n = 0;

	for (; x; x >>= 1)
		n++;
	return n;
}

static unsigned int naive_weight(uint64_t x)
{
	unsigned int n = 0;

	for (; x; x >>= 1)
		n += x & 1;
	return n;
}

START_TEST(logarithms_around_each_power)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (uint64_t off = 0; off <= 2; off++) {
			uint64_t x = (1ULL << bit) - 1 + off;

			ck_assert_uint_eq(bits_fls(x), naive_fls(x));
			if (x)
				ck_assert_uint_eq(bits_ilog2(x), naive_fls(x) - 1);
			ck_assert_int_eq(bits_is_pow2(x), naive_weight(x) == 1);
		}
		ck_assert_uint_eq(bits_ctz(1ULL << bit), bit);
	}
	ck_assert_uint_eq(bits_ctz(0), 64);
	ck_assert(!bits_is_pow2(0));
}
END_TEST

START_TEST(rounding_to_powers)
{
	ck_assert_uint_eq(bits_roundup_pow2(0), 1);
	for (uint64_t x = 1; x < 5000; x++) {
		uint64_t up = 1;

		while (up < x)
			up *= 2;
		ck_assert_uint_eq(bits_roundup_pow2(x), up);
		ck_assert_uint_eq(bits_rounddown_pow2(x), up == x ? x : up / 2);
	}
	ck_assert_uint_eq(bits_roundup_pow2((1ULL << 62) + 1), 1ULL << 63);
	ck_assert_uint_eq(bits_roundup_pow2(1ULL << 63), 1ULL << 63);
	ck_assert_uint_eq(bits_rounddown_pow2(UINT64_MAX), 1ULL << 63);
}
END_TEST

START_TEST(alignment)
{
	for (uint64_t align = 1; align <= 4096; align *= 2) {
		for (uint64_t x = 0; x < 9000; x += 7) {
			ck_assert_uint_eq(bits_align_up(x, align), (x + align - 1) / align * align);
			ck_assert_uint_eq(bits_align_down(x, align), x / align * align);
		}
	}
	ck_assert_uint_eq(bits_align_down(UINT64_MAX, 4096), UINT64_MAX - 4095);
}
END_TEST

START_TEST(orders_as_the_kernel_counts_them)
{
	static const struct {
		uint64_t size;
		unsigned int order;
	} rows[] = {
		{ 0, 0 }, { 1, 0 }, { 4096, 0 }, { 4097, 1 }, { 8192, 1 }, { 8193, 2 },
		{ 16384, 2 }, { 4 << 20, 10 }, { (4 << 20) + 1, 11 }, { 1ULL << 40, 28 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_uint_eq(bits_get_order(rows[i].size), rows[i].order);
}
END_TEST

/* A bijection: no two inputs meet; and one flipped bit of input flips about half of the output. */
START_TEST(mixing_flips_half_of_the_bits)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t flips = 0;

		for (uint64_t x = 1; x <= 256; x++)
			flips += (unsigned int)__builtin_popcountll(
				bits_mix64(x) ^ bits_mix64(x ^ 1ULL << bit));
		ck_assert_uint_ge(flips, 256 * 29);
		ck_assert_uint_le(flips, 256 * 35);
	}
}
END_TEST

UNIT_MAIN("bits", logarithms_around_each_power, rounding_to_powers, alignment,
	  orders_as_the_kernel_counts_them, mixing_flips_half_of_the_bits)
