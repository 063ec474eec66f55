/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xoshiro256** (Blackman, Vigna: Scrambled linear pseudorandom number generators, 2018). */
#include <config.h>

#include "kmreplay/core/rng.h"

static uint64_t rotl(uint64_t x, int k);

void rng_init(struct rng *rng, uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_SIZE(rng->s); i++) {
		uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		rng->s[i] = z ^ (z >> 31);
	}
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	uint64_t limit, x;

	if (!bound)
		return 0;
	limit = UINT64_MAX - UINT64_MAX % bound;
	do
		x = rng_next(rng);
	while (x >= limit);
	return x % bound;
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}
