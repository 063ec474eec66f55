/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Powers of two, alignment and integer mixing.
 */
#ifndef KMREPLAY_CORE_BITS_H
#define KMREPLAY_CORE_BITS_H

#include "kmreplay/core/base.h"

/** Position of the highest set bit, 0 for the lowest; "x" must not be 0. */
static inline unsigned int bits_ilog2(uint64_t x)
{
	return 63U - (unsigned int)__builtin_clzll(x);
}

/** The kernel's fls(): 1 + position of the highest set bit, 0 for 0. */
static inline unsigned int bits_fls(uint64_t x)
{
	return x ? bits_ilog2(x) + 1 : 0;
}

/** Position of the lowest set bit; 64 for 0. */
static inline unsigned int bits_ctz(uint64_t x)
{
	return x ? (unsigned int)__builtin_ctzll(x) : 64;
}

static inline bool bits_is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

/** The smallest power of two that is >= "x"; 1 for 0. "x" is at most 2^63. */
static inline uint64_t bits_roundup_pow2(uint64_t x)
{
	return x <= 1 ? 1 : 1ULL << bits_fls(x - 1);
}

/** The largest power of two that is <= "x"; "x" must not be 0. */
static inline uint64_t bits_rounddown_pow2(uint64_t x)
{
	return 1ULL << bits_ilog2(x);
}

/** "x" rounded up to a multiple of "align", a power of two. */
static inline uint64_t bits_align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline uint64_t bits_align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

/** The kernel's get_order() for pages of 4 KiB: log2 of the pages that hold "size" bytes. */
static inline unsigned int bits_get_order(uint64_t size)
{
	return size <= 4096 ? 0 : bits_fls((size - 1) >> 12);
}

/** A cheap, well-mixed 64-bit hash (splitmix64's finaliser). */
static inline uint64_t bits_mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

#endif
