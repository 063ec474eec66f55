/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Reproducible chance: the same seed gives the same numbers on every machine (xoshiro256**,
 * Blackman and Vigna 2018, seeded by splitmix64).
 */
#ifndef KMREPLAY_CORE_RNG_H
#define KMREPLAY_CORE_RNG_H

#include "kmreplay/core/base.h"

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/** A number in [0, "bound"), without bias; 0 when "bound" is 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

#endif
