/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log-linear histograms.
 *
 * Bins are numbered so that bin = (shift << b) + (value >> shift), with b = sub_bits and shift the
 * number of low bits that do not fit into b + 1 bits:
 *
 *	b = 2:  value   0 1 2 3 | 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 20-23 ...
 *	        bin     0 1 2 3 | 4 5 6 7 |  8    9    10    11   |  12    13
 *
 * Counts are kept for a window of whole powers of two; it grows towards a value outside of it.
 */
#include <config.h>

#include "kmreplay/stats/hist.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bin_low(const struct hist *h, uint32_t index);
static uint64_t bin_high(const struct hist *h, uint32_t index);
static uint64_t rank_of(const struct hist *h, double percent);

void hist_init(struct hist *h, enum hist_precision precision)
{
	memset(h, 0, sizeof(*h));
	h->sub_bits = (uint32_t)precision;
	h->min = UINT64_MAX;
}

void hist_deinit(struct hist *h)
{
	free(h->counts);
	hist_init(h, (enum hist_precision)h->sub_bits);
}

void hist_reset(struct hist *h)
{
	hist_deinit(h);
}

void hist_copy(struct hist *h, const struct hist *from)
{
	uint64_t *counts = h->counts;

	/* Copies of one and the same histogram are taken again and again. */
	if (h->nr != from->nr) {
		free(counts);
		counts = from->nr ? xcalloc(from->nr, sizeof(*counts)) : NULL;
	}
	*h = *from;
	h->counts = counts;
	if (from->nr)
		memcpy(counts, from->counts, from->nr * sizeof(*counts));
}

void hist_since(struct hist *h, const struct hist *now, const struct hist *before)
{
	uint32_t first = UINT32_MAX, last = 0;

	hist_copy(h, now);
	h->count -= before->count;
	h->sum -= before->sum;
	for (uint32_t i = 0; i < before->nr; i++)
		h->counts[before->first + i - h->first] -= before->counts[i];
	for (uint32_t i = 0; i < h->nr; i++) {
		if (!h->counts[i])
			continue;
		first = MIN(first, i);
		last = i;
	}
	h->min = h->count ? MAX(now->min, bin_low(h, h->first + first)) : UINT64_MAX;
	h->max = h->count ? MIN(now->max, bin_high(h, h->first + last)) : 0;
}

void hist_merge(struct hist *h, const struct hist *from)
{
	BUG_ON(h->sub_bits != from->sub_bits);
	if (!from->count)
		return;
	/* Both ends first, so that the window holds every bin of "from". */
	if (from->first - h->first >= h->nr)
		hist_grow(h, from->first);
	if (from->first + from->nr - 1 - h->first >= h->nr)
		hist_grow(h, from->first + from->nr - 1);
	for (uint32_t i = 0; i < from->nr; i++)
		h->counts[from->first + i - h->first] += from->counts[i];
	h->count += from->count;
	h->sum += from->sum;
	h->min = MIN(h->min, from->min);
	h->max = MAX(h->max, from->max);
}

uint64_t hist_percentile(const struct hist *h, double percent)
{
	uint64_t rank = rank_of(h, percent);
	uint64_t seen = 0;

	if (!h->count)
		return 0;
	if (rank == 0)
		return h->min;
	if (rank >= h->count)
		return h->max;
	for (uint32_t i = 0; i < h->nr; i++) {
		seen += h->counts[i];
		if (seen >= rank) {
			uint64_t low = bin_low(h, h->first + i);
			uint64_t middle = low + (bin_high(h, h->first + i) - low) / 2;

			return MAX(h->min, MIN(h->max, middle));
		}
	}
	return h->max;
}

uint64_t hist_mean(const struct hist *h)
{
	return h->count ? (uint64_t)(h->sum / h->count) : 0;
}

uint64_t hist_min(const struct hist *h)
{
	return h->count ? h->min : 0;
}

bool hist_next(const struct hist *h, uint32_t *at, struct hist_bin *bin)
{
	for (; *at < h->nr; ++*at) {
		if (!h->counts[*at])
			continue;
		bin->low = bin_low(h, h->first + *at);
		bin->high = bin_high(h, h->first + *at);
		bin->count = h->counts[*at];
		++*at;
		return true;
	}
	return false;
}

void hist_grow(struct hist *h, uint32_t index)
{
	uint32_t per_octave = 1U << h->sub_bits;
	uint32_t low = index & ~(per_octave - 1);
	uint32_t high = low + per_octave;
	uint64_t *counts;

	if (h->nr) {
		low = MIN(low, h->first);
		high = MAX(high, h->first + h->nr);
	}
	counts = xcalloc(high - low, sizeof(*counts));
	if (h->nr)
		memcpy(counts + (h->first - low), h->counts, h->nr * sizeof(*counts));
	free(h->counts);
	h->counts = counts;
	h->first = low;
	h->nr = high - low;
}

/* The inverse of hist_index(): the smallest value of a bin. */
static uint64_t bin_low(const struct hist *h, uint32_t index)
{
	uint32_t shift = index >> h->sub_bits;

	/* The first two groups of 2^b bins are exact: there the number is the value. */
	if (shift <= 1)
		return index;
	shift--;
	return (uint64_t)(index - (shift << h->sub_bits)) << shift;
}

static uint64_t bin_high(const struct hist *h, uint32_t index)
{
	uint32_t shift = index >> h->sub_bits;

	return bin_low(h, index) + (shift <= 1 ? 0 : (1ULL << (shift - 1)) - 1);
}

/* How many of the smallest values make up "percent" of all, rounded up; in integers, so that
 * 99.9 % of 1000 is 999 and not 1000. */
static uint64_t rank_of(const struct hist *h, double percent)
{
	const uint64_t whole = 1000000;
	uint64_t share;

	if (!(percent > 0))
		return 0;
	if (percent >= 100)
		return h->count;
	share = (uint64_t)(percent * 10000 + 0.5);
	return (uint64_t)(((__extension__(unsigned __int128) h->count) * share + whole - 1) /
			  whole);
}
