/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A log-linear histogram of 64-bit numbers: each power of two is divided into 2^sub_bits equal
 * bins, so that the relative error is the same everywhere (Tene's HdrHistogram; fio's stat.h).
 * With HIST_FINE a value read back is within 1/32 (3.1 %) of the value recorded, with HIST_COARSE
 * within 1/8; values below 2^sub_bits are exact, and so are count, sum, min and max.
 *
 * Bins exist only for the powers of two between the smallest and the largest value seen: 16 counts
 * (128 bytes) for each with HIST_FINE, 4 (32 bytes) with HIST_COARSE. Latencies from 8 ns to
 * 100 ms take 3 KiB, the whole of 64 bits 7.6 KiB, an empty histogram only the struct.
 */
#ifndef KMREPLAY_STATS_HIST_H
#define KMREPLAY_STATS_HIST_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/bits.h"

enum hist_precision {
	HIST_COARSE = 2, /**< 4 bins a power of two: for one of very many tables */
	HIST_FINE = 4,	 /**< 16 bins */
};

struct hist {
	uint64_t *counts; /**< of the bins first .. first + nr - 1; NULL: nothing recorded */
	uint32_t first;
	uint32_t nr;
	uint32_t sub_bits; /**< enum hist_precision */
	uint64_t count;	   /**< values recorded */
	uint64_t min, max; /**< exact; min is ~0 and max 0 when empty */
	__extension__ unsigned __int128 sum;
};

/** One bin that is not empty: values in [low, high], both inclusive. */
struct hist_bin {
	uint64_t low, high;
	uint64_t count;
};

/** An empty histogram in the caller's storage. */
void hist_init(struct hist *h, enum hist_precision precision);
void hist_deinit(struct hist *h);
/** Forgets the values, keeps the precision. */
void hist_reset(struct hist *h);

/** Adds "count" times "value". */
static inline void hist_record_n(struct hist *h, uint64_t value, uint64_t count);
/** Adds "value" once. */
static inline void hist_record(struct hist *h, uint64_t value);
/**
 * Makes "h" what was recorded in "now" after it was "before", an earlier copy of it. The values are
 * as exact as their bins; min and max are the bounds of the outermost bins, kept within "now"'s.
 */
void hist_since(struct hist *h, const struct hist *now, const struct hist *before);
/** Makes "h" a copy of "from". */
void hist_copy(struct hist *h, const struct hist *from);
/** Adds all of "from", which must have the same precision. */
void hist_merge(struct hist *h, const struct hist *from);

/**
 * The value that "percent" of the values do not exceed (nearest rank; percent has a resolution of
 * 1/10000): the middle of its bin, kept within [min, max]; 0 is the minimum and 100 the maximum,
 * exactly. 0 when empty.
 */
uint64_t hist_percentile(const struct hist *h, double percent);
/** Arithmetic mean, rounded down; 0 when empty. */
uint64_t hist_mean(const struct hist *h);
/** min, or 0 when empty. */
uint64_t hist_min(const struct hist *h);
/**
 * Steps through the bins that hold something, ascending: start with "*at" 0; false at the end.
 */
bool hist_next(const struct hist *h, uint32_t *at, struct hist_bin *bin);

/** Makes bins for the power of two that bin "index" is in; for the inline functions only. */
void hist_grow(struct hist *h, uint32_t index);

static inline uint32_t hist_index(uint32_t sub_bits, uint64_t value)
{
	uint32_t octave = bits_ilog2(value | 1);
	uint32_t shift = octave > sub_bits ? octave - sub_bits : 0;

	return (shift << sub_bits) + (uint32_t)(value >> shift);
}

static inline void hist_record_n(struct hist *h, uint64_t value, uint64_t count)
{
	uint32_t index = hist_index(h->sub_bits, value);

	if (unlikely(!count))
		return;
	if (unlikely(index - h->first >= h->nr))
		hist_grow(h, index);
	h->counts[index - h->first] += count;
	h->count += count;
	h->sum += (__extension__(unsigned __int128) value) * count;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
}

static inline void hist_record(struct hist *h, uint64_t value)
{
	hist_record_n(h, value, 1);
}

#endif
