/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of slab caches: what always holds under a random load, and sorting and adding up. */
#include <config.h>

#include "load.h"

#include "kmreplay/mm/slab.h"
#include "kmreplay/replay/slab_usage.h"

#include <string.h>

struct look {
	struct load *load;
	uint64_t nr, most_free;
};

static uint64_t value(const struct slab_cache_stats *stats, enum slab_column column)
{
	return (uint64_t)slab_column_value(stats, column);
}

/* What holds for a cache and for all together. */
static void check_sums(const struct slab_cache_stats *stats)
{
	ck_assert_uint_eq(value(stats, SLAB_COL_LOSS),
			  value(stats, SLAB_COL_LOSS_ALIGN) + value(stats, SLAB_COL_LOSS_PADDING) +
				  value(stats, SLAB_COL_LOSS_FREE));
	ck_assert_uint_le(value(stats, SLAB_COL_OBJECTS), value(stats, SLAB_COL_ACTIVE));
	ck_assert_uint_le(value(stats, SLAB_COL_ACTIVE), value(stats, SLAB_COL_SLOTS));
	ck_assert_uint_le(value(stats, SLAB_COL_PARTIAL) + value(stats, SLAB_COL_CPU_SLABS) +
				  value(stats, SLAB_COL_CPU_PARTIAL),
			  value(stats, SLAB_COL_SLABS));
	ck_assert_uint_eq(value(stats, SLAB_COL_ALLOCS),
			  value(stats, SLAB_COL_FREES) + value(stats, SLAB_COL_OBJECTS));
	ck_assert_uint_eq(value(stats, SLAB_COL_FREES),
			  value(stats, SLAB_COL_FREE_FAST) + value(stats, SLAB_COL_FREE_SLOW));
	ck_assert_uint_eq(value(stats, SLAB_COL_NEW),
			  value(stats, SLAB_COL_SLABS) + value(stats, SLAB_COL_GIVEN_BACK));
	ck_assert_uint_le(value(stats, SLAB_COL_REMOTE), value(stats, SLAB_COL_FREE_SLOW));
	ck_assert_uint_eq(value(stats, SLAB_COL_ALLOCS),
			  value(stats, SLAB_COL_FAST) + value(stats, SLAB_COL_REFILL) +
				  value(stats, SLAB_COL_FROM_CPU) +
				  value(stats, SLAB_COL_FROM_NODE) + value(stats, SLAB_COL_NEW));
}

static void look(void *ctx, const struct replay_moment *moment UNUSED)
{
	struct look *look = ctx;
	const struct slab_allocator *slab = machine_slab(replay_machine(look->load->replay));
	struct slab_cache_stats total;
	struct slab_totals totals;
	struct slab_usage usage;
	uint64_t used = 0;

	slab_usage_init(&usage, look->load->replay, slab);
	vec_foreach(&usage.rows, row) {
		check_sums(&row->stats);
		ck_assert_uint_eq(value(&row->stats, SLAB_COL_BYTES),
				  row->stats.live_objs * row->stats.geometry.object_size +
					  slab_usage_loss(row));
		used += value(&row->stats, SLAB_COL_USED);
	}
	slab_usage_total(&usage, &total);
	check_sums(&total);
	ck_assert_uint_eq(total.bytes, used + value(&total, SLAB_COL_LOSS));
	slab_totals(slab, &totals);
	ck_assert_uint_eq(total.bytes, totals.bytes);
	ck_assert_uint_eq(total.live_objs, totals.live_objs);
	ck_assert_uint_eq(total.partial_slabs, totals.partial_slabs);
	ck_assert_uint_eq(total.loss_free, totals.loss_free);
	look->most_free = MAX(look->most_free, total.loss_free);
	look->nr++;
	slab_usage_deinit(&usage);
}

static void run_load(struct kernel_version kernel, uint64_t seed)
{
	struct look at = { .nr = 0 };
	struct error err;
	struct load l;

	load_init(&l, seed);
	l.config.kernel = kernel;
	replay_destroy(l.replay);
	l.replay = replay_create(&l.options, &l.config, NULL, l.repair, &l.names, &err);
	ck_assert_ptr_nonnull(l.replay);
	at.load = &l;
	replay_attach(l.replay,
		      &(struct replay_probe){ .every_events = 50, .look = look, .ctx = &at });
	load_run(&l, 30000);
	load_finish(&l);
	ck_assert_uint_ge(at.nr, 600);
	ck_assert_uint_gt(at.most_free, 0);
	load_deinit(&l);
}

START_TEST(bytes_are_kept_in_6_1)
{
	run_load((struct kernel_version){ 6, 1 }, 21);
}
END_TEST

START_TEST(bytes_are_kept_in_6_12)
{
	run_load((struct kernel_version){ 6, 12 }, 22);
}
END_TEST

/* Three caches: bytes 400, 100 and 400; one object in the first, three in the last. */
static void make_rows(struct slab_usage *usage)
{
	static const char *const names[] = { "mno", "abc", "xyz" };

	*usage = (struct slab_usage){ 0 };
	for (uint32_t i = 0; i < 3; i++) {
		struct slab_usage_row row = { .name = xstrdup(names[i]), .id = i };

		row.rank = (i + 1) % 3 == 2 ? 0 : i ? 2 : 1;
		row.stats.nr_slabs = 1;
		row.stats.bytes = i == 1 ? 100 : 400;
		row.stats.live_objs = i == 1 ? 0 : i + 1;
		row.stats.num_objs = 4;
		row.stats.geometry.size = 10 * (i + 1);
		vec_push(&usage->rows, row);
	}
}

static void check_order(const struct slab_usage *usage, const char *order)
{
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(usage->rows.items[i].name[0], order[i]);
}

START_TEST(rows_are_sorted)
{
	const struct topk_key by_bytes[] = { { SLAB_COL_BYTES, false },
					     { SLAB_COL_OBJECTS, false } };
	const struct topk_key least[] = { { SLAB_COL_BYTES, true } };
	const struct topk_key by_name[] = { { SLAB_COL_NR, false } };
	struct slab_usage usage;

	make_rows(&usage);
	slab_usage_sort(&usage, by_bytes, 1);
	check_order(&usage, "mxa");
	slab_usage_sort(&usage, by_bytes, 2);
	check_order(&usage, "xma");
	slab_usage_sort(&usage, least, 1);
	check_order(&usage, "axm");
	slab_usage_sort(&usage, by_name, 1);
	check_order(&usage, "amx");
	slab_usage_deinit(&usage);
}
END_TEST

static bool is_not(const void *ctx, const char *name)
{
	return strcmp(ctx, name) != 0;
}

START_TEST(rows_are_spread)
{
	struct slab_spread spread;
	struct slab_usage usage;

	make_rows(&usage);
	slab_usage_spread(&usage, SLAB_COL_BYTES, &spread);
	ck_assert_uint_eq(spread.average, 300);
	ck_assert_uint_eq(spread.least, 100);
	ck_assert_uint_eq(spread.most, 400);
	ck_assert_uint_eq(spread.total, 900);
	slab_usage_object_spread(&usage, SLAB_COL_SIZE, &spread);
	ck_assert_uint_eq(spread.total, 10 + 3 * 30);
	ck_assert_uint_eq(spread.average, 25);
	ck_assert_uint_eq(spread.least, 10);
	slab_usage_filter(&usage, is_not, "mno");
	ck_assert_uint_eq(usage.rows.nr, 2);
	slab_usage_spread(&usage, SLAB_COL_BYTES, &spread);
	ck_assert_uint_eq(spread.average, 250);
	usage.rows.items[0].stats.nr_slabs = 0;
	slab_usage_spread(&usage, SLAB_COL_BYTES, &spread);
	ck_assert_uint_eq(spread.least, 400);
	slab_usage_filter(&usage, is_not, "abc");
	slab_usage_filter(&usage, is_not, "xyz");
	slab_usage_spread(&usage, SLAB_COL_BYTES, &spread);
	ck_assert_uint_eq(spread.average + spread.least + spread.most + spread.total, 0);
	slab_usage_deinit(&usage);
}
END_TEST

START_TEST(columns_have_names_of_their_own)
{
	for (unsigned int i = 0; i < SLAB_COL_NR; i++) {
		const struct slab_column_info *info = slab_column_info((enum slab_column)i);

		ck_assert_str_ne(info->name, "name");
		for (unsigned int k = 0; k < i; k++) {
			const struct slab_column_info *other =
				slab_column_info((enum slab_column)k);

			ck_assert_str_ne(info->name, other->name);
			ck_assert_str_ne(info->key, other->key);
		}
	}
}
END_TEST

UNIT_MAIN("slab_usage", bytes_are_kept_in_6_1, bytes_are_kept_in_6_12, rows_are_sorted,
	  rows_are_spread, columns_have_names_of_their_own)
