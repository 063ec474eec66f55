/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bitmaps of percpu chunks: finding and filling runs of bits, a word at a time. */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/core/bits.h"

uint32_t pcpu_find_bit(const uint64_t *map, uint32_t from, uint32_t end, bool set)
{
	while (from < end) {
		uint64_t word = set ? map[from / 64] : ~map[from / 64];

		word >>= from % 64;
		if (word) {
			from += bits_ctz(word);
			return MIN(from, end);
		}
		from = (from / 64 + 1) * 64;
	}
	return end;
}

uint32_t pcpu_find_last(const uint64_t *map, uint32_t from, uint32_t end)
{
	for (uint32_t at = end; at > from;) {
		uint64_t word = map[(at - 1) / 64] << (63 - (at - 1) % 64);

		if (word) {
			uint32_t bit = at - 1 - (uint32_t)__builtin_clzll(word);

			return bit >= from && bit < at ? bit : end;
		}
		at = (at - 1) / 64 * 64;
	}
	return end;
}

void pcpu_fill_bits(uint64_t *map, uint32_t from, uint32_t nr, bool set)
{
	while (nr) {
		uint32_t in_word = MIN(64 - from % 64, nr);
		uint64_t mask = (in_word == 64 ? ~0ULL : (1ULL << in_word) - 1) << (from % 64);

		if (set)
			map[from / 64] |= mask;
		else
			map[from / 64] &= ~mask;
		from += in_word;
		nr -= in_word;
	}
}
