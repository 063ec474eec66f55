/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of a random load: bounded, and nothing lost in it. */
#include <config.h>

#include "load.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/history.h"

#include <malloc.h>

/* Beside the history: what it must have seen. */
struct beside {
	struct load *load;
	struct replay_metrics *metrics;
	int64_t min, max, last;
	uint64_t nr;
	int64_t worst;
	size_t heap; /* after the first looks */
};

static const struct metric_place machine = { .scope = SCOPE_MACHINE };

static void note(void *ctx, const struct replay_moment *moment)
{
	struct beside *b = ctx;
	int64_t value, unusable;

	replay_metrics_take(b->metrics, true);
	value = replay_metrics_get(b->metrics, METRIC_FREE, 0, machine);
	unusable = replay_metrics_get(b->metrics, METRIC_UNUSABLE, 0,
				      (struct metric_place){ SCOPE_ZONE_ORDER, 2, 9 });
	b->min = b->nr ? MIN(b->min, value) : value;
	b->max = b->nr ? MAX(b->max, value) : value;
	b->worst = b->nr ? MAX(b->worst, unusable) : unusable;
	b->last = value;
	b->nr++;
	(void)moment;
}

static void check_series(const struct replay_history *h, const struct beside *b)
{
	const struct grid_cell *cells = replay_history_series(h, METRIC_FREE, 0, machine);
	const uint32_t nr = replay_history_nr_buckets(h);
	int64_t min = INT64_MAX, max = INT64_MIN;
	uint64_t looks = 0;

	ck_assert_ptr_ne(cells, NULL);
	for (uint32_t i = 0; i < nr; i++) {
		const struct grid_bucket *bucket = replay_history_bucket(h, i);

		if (i)
			ck_assert_uint_gt(bucket->start, bucket[-1].start);
		looks += bucket->nr;
		if (!bucket->nr)
			continue;
		ck_assert_uint_le(bucket->start, bucket->first);
		ck_assert_uint_le(bucket->first, bucket->last);
		min = MIN(min, cells[i].min);
		max = MAX(max, cells[i].max);
	}
	ck_assert_uint_eq(looks, b->nr);
	ck_assert_int_eq(min, b->min);
	ck_assert_int_eq(max, b->max);
	ck_assert_int_eq(cells[nr - 1].last, b->last);
}

static void check_failures(const struct replay_history *h, const struct replay_tally *tally)
{
	uint64_t here[MM_FAIL_NR] = { 0 };

	for (size_t i = 0; i < replay_history_nr_failures(h); i++) {
		const struct replay_history_failure *f = replay_history_failure(h, i);

		ck_assert_uint_le(f->start, f->end);
		ck_assert_uint_lt(f->end - f->start, replay_history_failure_width(h));
		here[f->reason] += f->nr;
	}
	for (unsigned int reason = MM_FAIL_NONE + 1; reason < MM_FAIL_NR; reason++)
		ck_assert_uint_eq(here[reason], tally->failures_by_reason[reason]);
	ck_assert_uint_eq(here[MM_FAIL_NONE], tally->nr_recovered);
}

static uint64_t cell_pages(const struct replay_history_cell *c)
{
	return (uint64_t)c->free + c->reserved + c->pcp + c->movable + c->reclaimable +
	       c->unmovable + c->outside;
}

/* The last column against a walk over the row's pageblocks. */
static void check_cell(const struct page_allocator *pa, const struct replay_history_row *row,
		       const struct replay_history_cell *cell)
{
	struct replay_history_cell want = { 0 };

	for (uint64_t pfn = row->start_pfn; pfn < row->end_pfn; pfn += 512) {
		struct zone_block_info info;

		ck_assert(zone_block_info(pa, pfn, &info));
		*(info.type > MIGRATE_RECLAIMABLE ? &want.reserved : &want.free) += info.free;
		want.pcp += info.pcp;
		want.movable += info.movable;
		want.reclaimable += info.reclaimable;
		want.unmovable += info.unmovable - info.reclaimable;
		want.outside += info.outside;
	}
	ck_assert_mem_eq(cell, &want, sizeof(want));
}

static void check_map(const struct replay_history *h, const struct load *l)
{
	const unsigned int nr = replay_history_nr_columns(h), rows = replay_history_nr_rows(h);
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < nr; i++) {
		const struct replay_history_column *column = replay_history_column(h, i);

		if (i)
			ck_assert_uint_gt(column->event, replay_history_column(h, i - 1)->event);
		kinds |= column->kind;
		for (unsigned int row = 0; row < rows; row++)
			ck_assert_uint_eq(cell_pages(&column->cells[row]),
					  replay_history_row(h, row)->end_pfn -
						  replay_history_row(h, row)->start_pfn);
	}
	ck_assert_uint_eq(kinds, COLUMN_START | COLUMN_TIME | COLUMN_WORST | COLUMN_END);
	ck_assert(replay_history_column(h, 0)->kind & COLUMN_START);
	ck_assert(replay_history_column(h, nr - 1)->kind & COLUMN_END);
	for (unsigned int row = 0; row < rows; row++)
		check_cell(machine_pages(replay_machine(l->replay)), replay_history_row(h, row),
			   &replay_history_column(h, nr - 1)->cells[row]);
}

/* "nr" events; gives back what the heap grew by in the second half. */
static void run(const struct replay_history_options *options, size_t nr, size_t *grown)
{
	struct beside b = { .nr = 0 };
	struct replay_history *h = replay_history_create(options);
	struct load l;
	size_t heap;

	load_init(&l, 21);
	b.load = &l;
	replay_history_attach(h, l.replay);
	b.metrics = replay_metrics_create(l.replay);
	/* As often as the history without a survey. */
	replay_attach(l.replay, &(struct replay_probe){ .every_events = 1024,
							.look = note,
							.ctx = &b });
	load_run(&l, nr / 2);
	heap = mallinfo2().uordblks;
	load_run(&l, nr / 2);
	*grown = mallinfo2().uordblks - MIN(heap, mallinfo2().uordblks);
	load_finish(&l);
	check_series(h, &b);
	check_failures(h, replay_tally(l.replay));
	check_map(h, &l);
	ck_assert_int_eq(replay_history_worst(h).unusable, (int32_t)b.worst);
	ck_assert_uint_eq(replay_history_worst(h).zone, 2);
	ck_assert_uint_le(replay_history_nr_buckets(h), options->buckets);
	ck_assert_uint_le(replay_history_nr_columns(h), options->columns + 3);
	ck_assert_uint_le(replay_history_nr_failures(h), options->failures);
	replay_metrics_destroy(b.metrics);
	load_deinit(&l);
	/* It outlives the engine. */
	check_series(h, &b);
	replay_history_destroy(h);
}

START_TEST(nothing_is_lost_in_little_room)
{
	static const struct replay_history_options options[] = {
		{ .buckets = 16, .columns = 4, .failures = 300 },
		{ .buckets = 100, .columns = 33, .failures = 1000 },
		{ .buckets = 512, .columns = 96, .failures = 2048 },
	};
	size_t grown;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		run(&options[i], 40000, &grown);
}
END_TEST

START_TEST(a_long_replay_takes_no_more_room)
{
	const struct replay_history_options options = {
		.buckets = 64, .columns = 16, .failures = 500
	};
	size_t grown;

	run(&options, 600000, &grown);
	/* Columns come and go, and the machine's own lists grow a little. */
	ck_assert_uint_lt(grown, 128 << 10);
}
END_TEST

START_TEST(what_is_not_kept_is_not_there)
{
	struct replay_history *h = replay_history_create(NULL);
	struct load l;

	load_init(&l, 23);
	replay_history_attach(h, l.replay);
	ck_assert_ptr_eq(replay_history_series(h, METRIC_P99, CALL_KMALLOC, machine), NULL);
	ck_assert_ptr_eq(replay_history_series(h, METRIC_UNUSABLE, 0, machine), NULL);
	ck_assert_ptr_eq(replay_history_series(h, METRIC_OWNER, OWNER_NR, machine), NULL);
	ck_assert_ptr_eq(replay_history_series(h, METRIC_UNUSABLE, 0,
					       (struct metric_place){ SCOPE_ZONE_ORDER, 3, 0 }),
			 NULL);
	ck_assert_ptr_eq(replay_history_series(h, METRIC_UNUSABLE, 0,
					       (struct metric_place){ SCOPE_ZONE_ORDER, 0, 11 }),
			 NULL);
	ck_assert_ptr_ne(replay_history_series(h, METRIC_UNUSABLE, 0,
					       (struct metric_place){ SCOPE_ZONE_ORDER, 2, 10 }),
			 NULL);
	/* Nothing was replayed: the start and the end are one moment. */
	load_finish(&l);
	ck_assert_uint_eq(replay_history_nr_buckets(h), 1);
	ck_assert_uint_eq(replay_history_nr_columns(h), 1);
	ck_assert_uint_eq(replay_history_column(h, 0)->kind,
			  COLUMN_START | COLUMN_TIME | COLUMN_WORST | COLUMN_END);
	load_deinit(&l);
	replay_history_destroy(h);
}
END_TEST

UNIT_MAIN("history", nothing_is_lost_in_little_room, a_long_replay_takes_no_more_room,
	  what_is_not_kept_is_not_there)
