/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Row numbers sorted by columns; the first key's values are fetched once, the others on a tie. */
#include <config.h>

#include "kmreplay/stats/topk.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

struct entry {
	uint64_t first; /* value of the first key, complemented when it sorts descending */
	uint32_t row;
};

struct context {
	const struct topk_table *table;
	const struct topk_key *keys;
	size_t nr_keys;
};

static uint64_t sort_value(const struct context *ctx, size_t key, uint32_t row);
static int compare(const void *a, const void *b, void *arg);

void topk_sort(const struct topk_table *table, const struct topk_key *keys, size_t nr_keys,
	       uint32_t *order)
{
	struct context ctx = { .table = table, .keys = keys, .nr_keys = nr_keys };
	struct entry *entries = xcalloc(table->nr, sizeof(*entries));

	for (uint32_t i = 0; i < table->nr; i++) {
		entries[i].first = nr_keys ? sort_value(&ctx, 0, i) : 0;
		entries[i].row = i;
	}
	qsort_r(entries, table->nr, sizeof(*entries), compare, &ctx);
	for (uint32_t i = 0; i < table->nr; i++)
		order[i] = entries[i].row;
	free(entries);
}

/* Such that smaller always comes first. */
static uint64_t sort_value(const struct context *ctx, size_t key, uint32_t row)
{
	uint64_t value = ctx->table->value(ctx->table->rows, row, ctx->keys[key].column);

	return ctx->keys[key].ascending ? value : ~value;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct context *ctx = arg;
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	for (size_t i = 1; i < ctx->nr_keys; i++) {
		uint64_t p = sort_value(ctx, i, x->row);
		uint64_t q = sort_value(ctx, i, y->row);

		if (p != q)
			return p < q ? -1 : 1;
	}
	return x->row < y->row ? -1 : x->row > y->row;
}
