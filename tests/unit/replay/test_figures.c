/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures: the same keys for every side, values that agree with what they are taken from. */
#include <config.h>

#include "kmreplay/mm/page.h"
#include "kmreplay/replay/figures.h"

#include "unit/replay/run.h"

static const struct figure *find(const struct figures *figures, const char *key)
{
	const struct figure *figure = figures_find(figures, key);

	ck_assert_msg(figure != NULL, "no figure '%s'", key);
	return figure;
}

static void is(const struct figures *figures, const char *key, int64_t value)
{
	const struct figure *figure = find(figures, key);

	ck_assert_msg(figure->known, "'%s' is unknown", key);
	ck_assert_msg(figure->value == value, "'%s' is %lld, not %lld", key,
		      (long long)figure->value, (long long)value);
}

static void is_unknown(const struct figures *figures, const char *key)
{
	ck_assert_msg(!find(figures, key)->known, "'%s' is known", key);
}

static uint64_t verdicts(const struct run *run, enum repair_call call, enum replay_verdict verdict)
{
	return replay_tally(run->replay)->verdicts[call][verdict];
}

/* Two blocks that fail here, one that failed when recorded, and slabs. */
static void some_events(struct stream *s)
{
	struct event *ev;

	for (unsigned int i = 0; i < 16; i++)
		stream_page_alloc(s, 0x4000 + i * 1024, 10, GFP_BIT_NOWARN);
	ev = stream_page_alloc(s, EVENT_PFN_FAILED, 3, GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM);
	ev->flags |= EVENT_F_FAILED;
	stream_page_alloc(s, 0x1000, 0, GFP_SLAB);
	for (unsigned int i = 0; i < 32; i++)
		stream_kmalloc(s, BASE + (0x1000ULL << 12) + i * 128, 96, 128);
	stream_page_free(s, 0x4000, 10);
}

START_TEST(keys_are_unique_and_the_same_for_all)
{
	struct figures none, replayed, recorded;
	struct run run;

	run_init(&run);
	some_events(&run.stream);
	run_replay(&run, 32 << 20);
	figures_init(&none);
	figures_init_replay(&replayed, run.replay);
	figures_init_recorded(&recorded, &run.recorded);
	ck_assert_uint_eq(none.list.nr, recorded.list.nr);
	ck_assert_uint_gt(replayed.list.nr, none.list.nr);
	for (size_t i = 0; i < none.list.nr; i++) {
		const char *key = none.list.items[i].key;

		ck_assert(!none.list.items[i].known);
		ck_assert_str_eq(recorded.list.items[i].key, key);
		ck_assert_ptr_eq(figures_find(&none, key), &none.list.items[i]);
		find(&replayed, key);
	}
	figures_deinit(&none);
	figures_deinit(&replayed);
	figures_deinit(&recorded);
	run_deinit(&run);
}
END_TEST

START_TEST(a_replay_fills_them)
{
	const struct replay_tally *tally;
	struct figures figures;
	struct run run;

	run_init(&run);
	some_events(&run.stream);
	run_replay(&run, 32 << 20);
	tally = replay_tally(run.replay);
	figures_init_replay(&figures, run.replay);
	is(&figures, "memory.peak_bytes", (int64_t)(tally->peak_pages << 12));
	is(&figures, "memory.slab.end_bytes", 4096);
	is(&figures, "slab.bytes", 4096);
	is(&figures, "slab.util", 1000);
	is(&figures, "slab.loss_bytes", 0);
	/* 96 of 128 bytes were asked for. */
	is(&figures, "slab.internal_frag_traffic", 250);
	is(&figures, "failures.total", (int64_t)verdicts(&run, CALL_PAGE_ALLOC, VERDICT_FAILED));
	is(&figures, "failures.order10", find(&figures, "failures.total")->value);
	is(&figures, "failures.gfp.none", find(&figures, "failures.total")->value);
	is(&figures, "failures.recovered", 1);
	is(&figures, "failures.order3", 0);
	is(&figures, "frag.unusable_free_index.order9.end", tally->all.unusable[9].end);
	ck_assert_int_gt(find(&figures, "latency.kmalloc.p50_ns")->value, 0);
	is_unknown(&figures, "latency.vmap_alloc.p50_ns");
	figures_deinit(&figures);
	run_deinit(&run);
}
END_TEST

START_TEST(a_recording_fills_what_it_shows)
{
	struct figures figures;
	struct run run;

	run_init(&run);
	some_events(&run.stream);
	run_replay(&run, 32 << 20);
	figures_init_recorded(&figures, &run.recorded);
	is(&figures, "failures.total", 1);
	is(&figures, "failures.order3", 1);
	is(&figures, "failures.gfp.atomic", 1);
	is(&figures, "memory.kernel.peak_bytes", 16 << 22);
	is(&figures, "memory.kernel.end_bytes", 15 << 22);
	is(&figures, "memory.slab.end_bytes", 4096);
	is(&figures, "slab.new_slabs", 1);
	is_unknown(&figures, "memory.peak_bytes");
	is_unknown(&figures, "work.extfrag");
	is_unknown(&figures, "slab.util");
	figures_deinit(&figures);
	run_deinit(&run);
}
END_TEST

START_TEST(alignment_keeps_values_and_order)
{
	struct figures all, replayed, other;
	struct run run;

	run_init(&run);
	some_events(&run.stream);
	run_replay(&run, 32 << 20);
	figures_init(&all);
	figures_init_replay(&replayed, run.replay);
	figures_init_recorded(&other, &run.recorded);
	figures_add_keys(&all, &replayed);
	ck_assert_uint_eq(all.list.nr, replayed.list.nr);
	figures_align(&replayed, &all);
	figures_align(&other, &all);
	for (size_t i = 0; i < all.list.nr; i++) {
		ck_assert_str_eq(replayed.list.items[i].key, all.list.items[i].key);
		ck_assert_str_eq(other.list.items[i].key, all.list.items[i].key);
	}
	is(&replayed, "failures.recovered", 1);
	is(&other, "failures.total", 1);
	is_unknown(&other, "frag.node0.DMA32.unusable_free_index.order9.end");
	figures_deinit(&all);
	figures_deinit(&replayed);
	figures_deinit(&other);
	run_deinit(&run);
}
END_TEST

START_TEST(a_mistyped_key_has_a_neighbour)
{
	struct figures figures;

	figures_init(&figures);
	ck_assert_str_eq(figures_nearest(&figures, "failures.ordre3")->key, "failures.order3");
	ck_assert_ptr_null(figures_nearest(&figures, "xyzzy"));
	figures_deinit(&figures);
}
END_TEST

UNIT_MAIN("figures", keys_are_unique_and_the_same_for_all, a_replay_fills_them,
	  a_recording_fills_what_it_shows, alignment_keeps_values_and_order,
	  a_mistyped_key_has_a_neighbour)
