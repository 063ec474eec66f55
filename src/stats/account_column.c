/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers that a row of the accounting shows, sorting by them, and all names. */
#include <config.h>

#include "kmreplay/stats/account.h"

#include <stdlib.h>
#include <string.h>

static const char *const space_names[] = {
#define X(suffix, name) name,
	ACCOUNT_SPACES(X)
#undef X
};

static const char *const by_names[] = {
#define X(suffix, name) name,
	ACCOUNT_TABLES(X)
#undef X
};

static const struct {
	const char *name, *help;
} columns[] = {
#define X(suffix, name, help) { name, help },
	ACCOUNT_COLUMNS(X)
#undef X
};

static uint64_t line_value(const void *table, uint32_t row, unsigned int column);
static uint64_t excess(uint64_t given, uint64_t asked);
static uint64_t share(uint64_t part, uint64_t whole);
static bool unknown_key(const char *name, size_t len, struct error *err);

uint64_t account_value(const struct account_row *row, enum account_column column)
{
	uint64_t live_req = row->bytes_req - row->freed_req;
	uint64_t live_alloc = row->bytes_alloc - row->freed_alloc;
	uint64_t timed = row->frees - row->unseen;

	switch (column) {
	case ACCOUNT_COL_ALLOCS:
		return row->allocs;
	case ACCOUNT_COL_FREES:
		return row->frees;
	case ACCOUNT_COL_LIVE:
		return row->allocs - row->frees;
	case ACCOUNT_COL_REQ:
		return row->bytes_req;
	case ACCOUNT_COL_BYTES:
		return row->bytes_alloc;
	case ACCOUNT_COL_WASTE:
		return excess(row->bytes_alloc, row->bytes_req);
	case ACCOUNT_COL_LIVE_REQ:
		return live_req;
	case ACCOUNT_COL_LIVE_BYTES:
		return live_alloc;
	case ACCOUNT_COL_LIVE_WASTE:
		return excess(live_alloc, live_req);
	case ACCOUNT_COL_PEAK:
		return row->peak_alloc;
	case ACCOUNT_COL_PEAK_REQ:
		return row->peak_req;
	case ACCOUNT_COL_PEAK_WASTE:
		return excess(row->peak_alloc, row->peak_req);
	case ACCOUNT_COL_FRAG:
		return share(excess(row->bytes_alloc, row->bytes_req), row->bytes_alloc);
	case ACCOUNT_COL_LIVE_FRAG:
		return share(excess(live_alloc, live_req), live_alloc);
	case ACCOUNT_COL_FAILED:
		return row->failed;
	case ACCOUNT_COL_PINGPONG:
		return row->pingpong;
	case ACCOUNT_COL_LIFE_MEAN:
		return timed ? row->life_sum / timed : 0;
	case ACCOUNT_COL_LIFE_MAX:
		return row->life_max;
	case ACCOUNT_COL_NR:
		break;
	}
	return 0;
}

void account_sort(struct account_lines *lines, const struct topk_key *keys, size_t nr_keys)
{
	struct topk_table table = {
		.rows = lines->items,
		.value = line_value,
		.nr = (uint32_t)lines->nr,
	};
	struct account_lines sorted = { 0 };
	uint32_t *order;

	if (!lines->nr)
		return;
	order = xcalloc(lines->nr, sizeof(*order));
	topk_sort(&table, keys, nr_keys, order);
	vec_reserve(&sorted, lines->nr);
	for (size_t i = 0; i < lines->nr; i++)
		vec_push(&sorted, lines->items[order[i]]);
	free(order);
	vec_deinit(lines);
	*lines = sorted;
}

bool account_sort_parse(const char *text, struct account_sort_keys *keys, struct error *err)
{
	for (const char *at = text;; at++) {
		struct topk_key key = { .column = ACCOUNT_COL_NR, .ascending = *at == '+' };
		size_t len;

		at += *at == '+' || *at == '-';
		len = strcspn(at, ",");
		for (unsigned int i = 0; i < ACCOUNT_COL_NR; i++) {
			if (strlen(columns[i].name) == len && !memcmp(columns[i].name, at, len))
				key.column = i;
		}
		if (key.column == ACCOUNT_COL_NR)
			return unknown_key(at, len, err);
		vec_push(keys, key);
		at += len;
		if (!*at)
			return true;
	}
}

const char *account_space_name(enum account_space space)
{
	return space < ACCOUNT_SPACE_NR ? space_names[space] : "?";
}

const char *account_by_name(enum account_by by)
{
	return by < ACCOUNT_BY_NR ? by_names[by] : "?";
}

const char *account_column_name(enum account_column column)
{
	return column < ACCOUNT_COL_NR ? columns[column].name : "?";
}

const char *account_column_help(enum account_column column)
{
	return column < ACCOUNT_COL_NR ? columns[column].help : "?";
}

static uint64_t line_value(const void *table, uint32_t row, unsigned int column)
{
	const struct account_line *lines = table;

	return account_value(&lines[row].row, (enum account_column)column);
}

/* A recording may claim that less was given than asked for: that is no waste. */
static uint64_t excess(uint64_t given, uint64_t asked)
{
	return given > asked ? given - asked : 0;
}

/* Thousandths; of nothing nothing. */
static uint64_t share(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((__extension__(unsigned __int128) part) * 1000 / whole) : 0;
}

static bool unknown_key(const char *name, size_t len, struct error *err)
{
	char known[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < ACCOUNT_COL_NR; i++) {
		size_t n = strlen(columns[i].name);

		BUG_ON(used + n + 3 > sizeof(known));
		memcpy(known + used, i ? ", " : "", i ? 2 : 0);
		used += i ? 2 : 0;
		memcpy(known + used, columns[i].name, n + 1);
		used += n;
	}
	return error_set(err, "unknown sort key '%.*s': expected one of %s",
			 (int)MIN(len, (size_t)64), name, known);
}
