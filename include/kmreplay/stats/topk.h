/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Sorting table rows by columns: stable, and rows that agree in all keys keep the order they came
 * in, so that the same table always prints the same way.
 */
#ifndef KMREPLAY_STATS_TOPK_H
#define KMREPLAY_STATS_TOPK_H

#include "kmreplay/core/base.h"

/** One sort key; the first of several decides, the next ones break its ties. */
struct topk_key {
	unsigned int column; /**< meaning is the caller's */
	bool ascending;
};

/** The number in "column" of row "row" of the caller's table. */
typedef uint64_t topk_value_fn(const void *table, uint32_t row, unsigned int column);

/** A table of "nr" rows as topk_sort() sees it. */
struct topk_table {
	const void *rows;
	topk_value_fn *value;
	uint32_t nr;
};

/**
 * Writes row numbers into "order" (room for table->nr of them), sorted by the "nr_keys" keys;
 * without keys they stay in their order. The first k are the top k.
 */
void topk_sort(const struct topk_table *table, const struct topk_key *keys, size_t nr_keys,
	       uint32_t *order);

#endif
