/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accounting against a naive one that keeps every object as it was asked for and adds up again
 * from the start, peaks by hand, folding, sorting and the keys that do not fit the packed slots.
 */
#include <config.h>

#include "kmreplay/stats/account.h"

#include "kmreplay/core/rng.h"

#include "unit/unit.h"

#include <string.h>

enum { NR_SLOTS = 300 };

/* The model: one entry for each allocation ever made, found again by key. */
struct model_object {
	struct account_call alloc;
	bool live, failed, unseen, pingpong;
	uint64_t life;
};

struct model {
	struct vec(struct model_object) all;
	size_t by_slot[NR_SLOTS]; /* index + 1 */
};

static uint64_t key_of(const struct account_call *c, enum account_by by)
{
	switch (by) {
	case ACCOUNT_BY_SITE:
		return c->site;
	case ACCOUNT_BY_CACHE:
		return c->cache;
	case ACCOUNT_BY_SIZE:
		return c->bytes_alloc;
	case ACCOUNT_BY_ORDER:
		return c->order;
	case ACCOUNT_BY_OWNER:
		return c->owner;
	case ACCOUNT_BY_GFP:
		return c->gfp;
	case ACCOUNT_BY_PID:
		return (uint32_t)c->pid;
	case ACCOUNT_BY_NR:
		break;
	}
	return 0;
}

static void check_row(const struct model *m, enum account_space space, enum account_by by,
		      uint64_t key, const struct account_row *row)
{
	uint64_t allocs = 0, req = 0, bytes = 0, live = 0, live_req = 0, live_bytes = 0, failed = 0;
	uint64_t life_sum = 0, life_max = 0, timed = 0, pingpong = 0;

	for (size_t i = 0; i < m->all.nr; i++) {
		const struct model_object *o = &m->all.items[i];

		if (o->alloc.space != space ||
		    (by != ACCOUNT_BY_NR && key_of(&o->alloc, by) != key))
			continue;
		if (o->failed) {
			failed++;
			continue;
		}
		allocs++;
		req += o->alloc.bytes_req;
		bytes += o->alloc.bytes_alloc;
		if (o->live) {
			live++;
			live_req += o->alloc.bytes_req;
			live_bytes += o->alloc.bytes_alloc;
		} else if (!o->unseen) {
			timed++;
			life_sum += o->life;
			life_max = MAX(life_max, o->life);
			pingpong += o->pingpong;
		}
	}
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_ALLOCS), allocs);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_REQ), req);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_BYTES), bytes);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_LIVE), live);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_FREES), allocs - live);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_LIVE_REQ), live_req);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_LIVE_BYTES), live_bytes);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_FAILED), failed);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_PINGPONG), pingpong);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_LIFE_MAX), life_max);
	ck_assert_uint_eq(account_value(row, ACCOUNT_COL_LIFE_MEAN), timed ? life_sum / timed : 0);
	ck_assert_uint_ge(account_value(row, ACCOUNT_COL_PEAK), live_bytes);
	if (row->life)
		ck_assert_uint_eq(row->life->count, timed);
}

static struct account_call random_alloc(struct rng *rng, uint64_t time)
{
	struct account_call c = {
		.time = time,
		.slot = (uint32_t)rng_below(rng, NR_SLOTS),
		.site = (uint32_t)rng_below(rng, 30),
		.cache = (uint32_t)rng_below(rng, 7),
		.gfp = (uint32_t)rng_below(rng, 5) << 20,
		.pid = (int32_t)rng_below(rng, 9) - 1,
		.cpu = (uint16_t)rng_below(rng, 3),
		.kind = rng_below(rng, 20) ? ACCOUNT_ALLOC : ACCOUNT_FAILED,
		.space = (uint8_t)rng_below(rng, ACCOUNT_SPACE_NR),
		.order = (uint8_t)rng_below(rng, 11),
		.owner = (uint8_t)rng_below(rng, 4),
	};

	c.bytes_alloc = rng_below(rng, 50) ? 8ULL << rng_below(rng, 10) : 5ULL << 32;
	c.bytes_req = c.bytes_alloc - rng_below(rng, 8);
	return c;
}

static void model_end(struct model *m, uint32_t slot, const struct account_call *by, bool seen)
{
	struct model_object *o = &m->all.items[m->by_slot[slot] - 1];

	o->live = false;
	o->unseen = !seen;
	o->pingpong = by->cpu != o->alloc.cpu;
	o->life = by->time > o->alloc.time ? by->time - o->alloc.time : 0;
	m->by_slot[slot] = 0;
}

/* Does to the model what "c" does to the accounting. */
static void model_call(struct model *m, const struct account_call *c)
{
	struct model_object o = { .alloc = *c, .live = true };
	bool live = m->by_slot[c->slot] != 0;

	if (c->kind == ACCOUNT_FAILED) {
		o.live = false;
		o.failed = true;
		vec_push(&m->all, o);
		return;
	}
	if (live && c->kind != ACCOUNT_FREE_ALIEN)
		model_end(m, c->slot, c, c->kind == ACCOUNT_FREE);
	if (c->kind == ACCOUNT_ALLOC) {
		vec_push(&m->all, o);
		m->by_slot[c->slot] = m->all.nr;
	}
}

START_TEST(random_calls_match_the_model)
{
	struct account *a = account_create(ACCOUNT_ALL, ACCOUNT_ALL);
	struct model m = { 0 };
	struct account_lines lines = { 0 };
	struct account_call batch[64];
	struct rng rng;
	uint64_t time = 1000;

	rng_init(&rng, 4);
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(batch); i++) {
			time += rng_below(&rng, 100);
			batch[i] = random_alloc(&rng, time - rng_below(&rng, 50));
			if (rng_below(&rng, 2))
				batch[i].kind =
					rng_below(&rng, 8) ? ACCOUNT_FREE : ACCOUNT_FREE_UNSEEN;
			model_call(&m, &batch[i]);
		}
		account_calls(a, batch, ARRAY_SIZE(batch));
	}
	for (unsigned int s = 0; s < ACCOUNT_SPACE_NR; s++) {
		const struct account_row *total = account_total(a, (enum account_space)s);

		check_row(&m, (enum account_space)s, ACCOUNT_BY_NR, 0, total);
		ck_assert_uint_eq(total->life->count, total->frees - total->unseen);
		for (unsigned int by = 0; by < ACCOUNT_BY_NR; by++) {
			uint64_t allocs = 0;

			if (!account_has((enum account_space)s, (enum account_by)by))
				continue;
			vec_reset(&lines);
			account_collect(a, (enum account_space)s, (enum account_by)by, &lines);
			vec_foreach(&lines, line) {
				check_row(&m, (enum account_space)s, (enum account_by)by, line->key,
					  &line->row);
				allocs += line->row.allocs;
			}
			ck_assert_uint_eq(allocs, total->allocs);
		}
	}
	vec_deinit(&lines);
	vec_deinit(&m.all);
	account_destroy(a);
}
END_TEST

START_TEST(peak_is_kept)
{
	struct account *a = account_create(ACCOUNT_ALL, ACCOUNT_ALL);
	struct account_call c = { .bytes_req = 100, .bytes_alloc = 128, .site = 1 };
	const struct account_row *total = account_total(a, ACCOUNT_OBJECTS);

	for (uint32_t i = 0; i < 10; i++) {
		c.slot = i;
		c.time = i;
		account_calls(a, &c, 1);
	}
	c.kind = ACCOUNT_FREE;
	for (uint32_t i = 0; i < 10; i++) {
		c.slot = i;
		c.time = 100 + i;
		account_calls(a, &c, 1);
	}
	c.kind = ACCOUNT_ALLOC;
	account_calls(a, &c, 1);
	ck_assert_uint_eq(total->peak_alloc, 1280);
	ck_assert_uint_eq(total->peak_time, 9);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_PEAK_REQ), 1000);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_PEAK_WASTE), 280);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_FRAG), 218);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_LIVE_FRAG), 218);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_LIVE_BYTES), 128);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_LIVE_WASTE), 28);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_WASTE), 11 * 28);
	ck_assert_uint_eq(account_value(total, ACCOUNT_COL_LIFE_MEAN), 100);
	account_destroy(a);
}
END_TEST

START_TEST(frees_of_nothing_are_counted_apart)
{
	struct account *a = account_create(ACCOUNT_ALL, ACCOUNT_ALL);
	struct account_call c = { .slot = 5, .kind = ACCOUNT_FREE };

	account_calls(a, &c, 1);
	c.slot = UINT32_MAX;
	account_calls(a, &c, 1);
	c.kind = ACCOUNT_FREE_ALIEN;
	account_calls(a, &c, 1);
	ck_assert_uint_eq(account_alien_frees(a, ACCOUNT_OBJECTS), 3);
	ck_assert_uint_eq(account_total(a, ACCOUNT_OBJECTS)->frees, 0);
	account_destroy(a);
}
END_TEST

START_TEST(any_key_has_its_row)
{
	enum { NR = 70000 }; /* more masks than 16 bits number */
	struct account *a = account_create(ACCOUNT_ALL, ACCOUNT_ALL);
	struct account_lines lines = { 0 };

	for (uint32_t i = 0; i < NR; i++) {
		struct account_call c = { .slot = i,
					  .gfp = i * 7,
					  .pid = (int32_t)(i - 1000),
					  .bytes_req = i,
					  .bytes_alloc = UINT64_MAX - i };

		account_calls(a, &c, 1);
	}
	for (uint32_t i = 0; i < NR; i += 2) {
		struct account_call c = { .slot = i, .kind = ACCOUNT_FREE };

		account_calls(a, &c, 1);
	}
	account_collect(a, ACCOUNT_OBJECTS, ACCOUNT_BY_GFP, &lines);
	ck_assert_uint_eq(lines.nr, NR);
	for (uint32_t i = 0; i < NR; i++) {
		ck_assert_uint_eq(lines.items[i].key, i * 7);
		ck_assert_uint_eq(account_value(&lines.items[i].row, ACCOUNT_COL_LIVE), i % 2);
		ck_assert_uint_eq(account_value(&lines.items[i].row, ACCOUNT_COL_LIVE_REQ),
				  i % 2 * i);
	}
	vec_reset(&lines);
	account_collect(a, ACCOUNT_OBJECTS, ACCOUNT_BY_SIZE, &lines);
	ck_assert_uint_eq(lines.nr, NR);
	ck_assert_uint_eq(lines.items[0].key, UINT64_MAX);
	ck_assert_uint_eq(lines.items[1].row.frees, 0);
	vec_deinit(&lines);
	account_destroy(a);
}
END_TEST

START_TEST(folding_adds_up)
{
	struct account *a = account_create(ACCOUNT_ALL, ACCOUNT_ALL);
	struct account_lines lines = { 0 };

	for (uint32_t i = 0; i < 12; i++) {
		struct account_call c = {
			.slot = i, .cache = 1 + i % 3, .bytes_req = 10, .bytes_alloc = 16, .time = i
		};

		account_calls(a, &c, 1);
		if (i % 2) {
			c.kind = ACCOUNT_FREE;
			c.time += 5;
			account_calls(a, &c, 1);
		}
	}
	account_fold(a, ACCOUNT_OBJECTS, ACCOUNT_BY_CACHE, 1, 3);
	account_fold(a, ACCOUNT_OBJECTS, ACCOUNT_BY_CACHE, 2, 2);
	account_fold(a, ACCOUNT_OBJECTS, ACCOUNT_BY_CACHE, 77, 3);
	account_collect(a, ACCOUNT_OBJECTS, ACCOUNT_BY_CACHE, &lines);
	ck_assert_uint_eq(lines.nr, 2);
	ck_assert_uint_eq(lines.items[0].key, 2);
	ck_assert_uint_eq(lines.items[1].key, 3);
	ck_assert_uint_eq(lines.items[1].row.allocs, 8);
	ck_assert_uint_eq(lines.items[1].row.life->count, 4);
	ck_assert_uint_eq(account_value(&lines.items[1].row, ACCOUNT_COL_LIVE_BYTES), 64);
	vec_deinit(&lines);
	account_destroy(a);
}
END_TEST

START_TEST(sorting_is_stable)
{
	struct account_lines lines = { 0 };
	struct account_sort_keys keys = { 0 };
	struct error err;

	for (uint64_t i = 0; i < 100; i++) {
		struct account_row row = { .allocs = i % 5, .failed = i % 2 };

		vec_push(&lines, ((struct account_line){ i, row }));
	}
	ck_assert(account_sort_parse("-allocs,+failed", &keys, &err));
	ck_assert_uint_eq(keys.nr, 2);
	account_sort(&lines, keys.items, keys.nr);
	for (size_t i = 1; i < lines.nr; i++) {
		const struct account_line *x = &lines.items[i - 1], *y = &lines.items[i];

		ck_assert_uint_ge(x->row.allocs, y->row.allocs);
		if (x->row.allocs != y->row.allocs)
			continue;
		ck_assert_uint_le(x->row.failed, y->row.failed);
		if (x->row.failed == y->row.failed)
			ck_assert_uint_lt(x->key, y->key);
	}
	vec_reset(&keys);
	account_sort(&lines, NULL, 0);
	ck_assert_uint_eq(lines.items[0].row.allocs, 4);
	vec_deinit(&lines);
	vec_deinit(&keys);
}
END_TEST

START_TEST(sort_keys_are_checked)
{
	struct account_sort_keys keys = { 0 };
	struct error err;

	ck_assert(account_sort_parse("+life_mean", &keys, &err));
	ck_assert(keys.items[0].ascending);
	ck_assert(account_sort_parse("peak_bytes", &keys, &err));
	ck_assert(!keys.items[1].ascending);
	ck_assert(!account_sort_parse("bites", &keys, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "unknown sort key 'bites'"));
	ck_assert_ptr_nonnull(strstr(err.message, "live_waste"));
	ck_assert(!account_sort_parse("", &keys, &err));
	ck_assert(!account_sort_parse("bytes,", &keys, &err));
	ck_assert(!account_sort_parse("bytes,,req", &keys, &err));
	vec_deinit(&keys);
	ck_assert_str_eq(account_space_name(ACCOUNT_PERCPU), "percpu");
	ck_assert_str_eq(account_by_name(ACCOUNT_BY_GFP), "gfp");
	ck_assert_str_eq(account_column_name(ACCOUNT_COL_NR), "?");
}
END_TEST

UNIT_MAIN("account", random_calls_match_the_model, peak_is_kept, frees_of_nothing_are_counted_apart,
	  any_key_has_its_row, folding_adds_up, sorting_is_stable, sort_keys_are_checked)
