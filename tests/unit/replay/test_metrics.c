/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics at many moments of a random load, against what walks over all memory find. */
#include <config.h>

#include "load.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/metrics.h"
#include "kmreplay/stats/frag.h"

struct look {
	struct load *load;
	struct page_allocator *pa;
	struct replay_metrics *metrics;
	uint64_t nr;
	uint64_t free_least[16];
	uint64_t below[16], last_time;
	int64_t least_run; /* contiguity_of_memory_32M of zone 2 */
	int64_t most_hybrid; /* of any zone at any look */
};

/* What a walk over a zone finds. */
struct walk {
	uint64_t hybrid, nr, levels[10], free_runs, fixed_runs, runs;
	uint64_t fixed[KERNEL_NR_ORDERS], blocks[KERNEL_NR_ORDERS];
};

static int64_t of_zone(const struct look *look, enum replay_metric metric, unsigned int member,
		       unsigned int zone)
{
	return replay_metrics_get(look->metrics, metric, member,
				  (struct metric_place){ SCOPE_ZONE, zone, 0 });
}

static int64_t of_order(const struct look *look, enum replay_metric metric, unsigned int member,
			unsigned int zone, unsigned int order)
{
	return replay_metrics_get(look->metrics, metric, member,
				  (struct metric_place){ SCOPE_ZONE_ORDER, zone, order });
}

static int64_t of_machine(const struct look *look, enum replay_metric metric, unsigned int member)
{
	return replay_metrics_get(look->metrics, metric, member,
				  (struct metric_place){ .scope = SCOPE_MACHINE });
}

static bool is_fixed(const struct block_map *map, uint64_t from, uint64_t nr)
{
	for (uint64_t page = from - map->base_pfn; page < from - map->base_pfn + nr; page++)
		if (map->fixed[page / 64] >> (page % 64) & 1)
			return true;
	return false;
}

/* Zones here begin and end with pageblocks, but for the very first and last. */
static void walk_block(const struct look *look, uint64_t pfn, struct walk *walk)
{
	const struct block_map *map = page_watch_blocks(look->pa);
	struct zone_block_info info;

	ck_assert(zone_block_info(look->pa, pfn, &info));
	walk->nr++;
	walk->hybrid += info.movable && info.unmovable;
	walk->levels[info.free ? 1 + info.free / 64 : 0]++;
	for (unsigned int order = 0; order <= 9; order++) {
		for (uint64_t at = pfn; at < pfn + 512; at += 1ULL << order) {
			walk->fixed[order] += is_fixed(map, at, 1ULL << order);
			walk->blocks[order]++;
		}
	}
}

/* Runs of 32 MiB that lie in the zone as a whole. */
static void walk_runs(const struct look *look, uint64_t from, uint64_t to, struct walk *walk)
{
	for (uint64_t run = bits_align_up(from, 8192); run + 8192 <= to; run += 8192) {
		bool is_free = true;

		walk->runs++;
		for (uint64_t pfn = run; pfn < run + 8192; pfn += 512) {
			struct zone_block_info info;

			ck_assert(zone_block_info(look->pa, pfn, &info));
			is_free &= info.free == 512;
		}
		walk->free_runs += is_free;
		walk->fixed_runs += is_fixed(page_watch_blocks(look->pa), run, 8192);
	}
}

static void check_blocks(const struct look *look, unsigned int zone, const struct zone_info *info)
{
	const uint64_t from = bits_align_down(info->start_pfn, 512);
	const uint64_t to = bits_align_up(info->end_pfn, 512);
	struct walk walk = { 0 };

	for (uint64_t pfn = from; pfn < to; pfn += 512)
		walk_block(look, pfn, &walk);
	walk_runs(look, from, to, &walk);
	ck_assert_int_eq(of_zone(look, METRIC_PAGEBLOCKS, 0, zone), (int64_t)walk.nr);
	ck_assert_int_eq(of_zone(look, METRIC_HYBRID, 0, zone), (int64_t)walk.hybrid);
	for (unsigned int level = 0; level < 10; level++)
		ck_assert_int_eq(of_zone(look, METRIC_FREE_FRAMES, level, zone),
				 (int64_t)walk.levels[level]);
	for (unsigned int order = 0; order <= 9; order++)
		ck_assert_int_eq(of_order(look, METRIC_UNMOVABLE_SHARE, 0, zone, order),
				 (int64_t)(walk.fixed[order] * 1000 / walk.blocks[order]));
	if (walk.runs)
		ck_assert_int_eq(of_zone(look, METRIC_UNMOVABLE_LARGE, 1, zone),
				 (int64_t)(walk.fixed_runs * 1000 / walk.runs));
	if (info->free)
		ck_assert_int_eq(of_zone(look, METRIC_CONTIGUITY, 1, zone),
				 (int64_t)(walk.free_runs * 8192 * 1000 / info->free));
}

static void check_zone(struct look *look, unsigned int zone)
{
	struct zone_info info;
	struct frag_free free;
	uint64_t pages = 0;

	zone_info(look->pa, zone, &info);
	memcpy(free.nr, info.nr_free, sizeof(free.nr));
	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		int64_t by_type = 0, nr = of_order(look, METRIC_FREE_BLOCKS, 0, zone, order);

		for (unsigned int type = 0; type < MIGRATE_NR; type++)
			by_type += of_order(look, METRIC_FREE_BLOCKS_OF, type, zone, order);
		ck_assert_int_eq(nr, by_type);
		pages += (uint64_t)nr << order;
		ck_assert_int_eq(of_order(look, METRIC_UNUSABLE, 0, zone, order),
				 frag_unusable_free_index(&free, order));
		ck_assert_int_eq(of_order(look, METRIC_EXTFRAG, 0, zone, order),
				 frag_extfrag_index(&free, order));
	}
	ck_assert_uint_eq(pages, info.free);
	ck_assert_int_eq(of_zone(look, METRIC_FREE, 0, zone), (int64_t)info.free);
	ck_assert_int_eq(of_zone(look, METRIC_PCP, 0, zone), (int64_t)info.pcp);
	look->free_least[zone] = look->nr ? MIN(look->free_least[zone], info.free) : info.free;
	ck_assert_int_le(of_zone(look, METRIC_FREE_LEAST, 0, zone),
			 (int64_t)look->free_least[zone]);
	for (unsigned int mark = 0; mark < 3; mark++)
		ck_assert_int_eq(of_zone(look, METRIC_HEADROOM, mark, zone),
				 (int64_t)info.free - (int64_t)info.mark[mark] -
					 (int64_t)info.lowmem_reserve[ZONE_DMA32]);
	check_blocks(look, zone, &info);
}

static void check_slab(const struct look *look)
{
	struct slab_allocator *slab = machine_slab(replay_machine(look->load->replay));
	uint64_t bytes = 0, loss = 0;

	for (uint32_t cache = 0; cache < slab_nr_caches(slab); cache++) {
		struct slab_cache_stats stats;

		ck_assert(slab_cache_get_stats(slab, cache, &stats));
		bytes += stats.bytes;
		loss += stats.loss_align + stats.loss_padding + stats.loss_free;
	}
	ck_assert_int_eq(of_machine(look, METRIC_SLAB_BYTES, 0), (int64_t)bytes);
	ck_assert_int_eq(of_machine(look, METRIC_SLAB_LOSS, 0), (int64_t)loss);
}

static void check_machine(const struct look *look)
{
	const struct replay_tally *tally = replay_tally(look->load->replay);
	int64_t sum = 0, nr_free = 0;
	unsigned int first, end = replay_metric_members(METRIC_OWNER, &first);

	for (unsigned int owner = first; owner < end; owner++)
		sum += of_machine(look, METRIC_OWNER, owner);
	ck_assert_int_eq(of_machine(look, METRIC_IN_USE, 0), sum);
	ck_assert_uint_eq((uint64_t)sum, page_total(look->pa) - page_free_total(look->pa));
	for (unsigned int zone = 0; zone < zone_count(look->pa); zone++)
		nr_free += of_zone(look, METRIC_FREE, 0, zone);
	ck_assert_int_eq(of_machine(look, METRIC_FREE, 0), nr_free);
	sum = 0;
	end = replay_metric_members(METRIC_FAILURES_OF, &first);
	for (unsigned int reason = first; reason < end; reason++)
		sum += of_machine(look, METRIC_FAILURES_OF, reason);
	ck_assert_int_eq(of_machine(look, METRIC_FAILURES, 0), sum);
	ck_assert_uint_eq((uint64_t)sum, tally->nr_failed);
	sum = 0;
	end = replay_metric_members(METRIC_PATH, &first);
	for (unsigned int path = first; path < end; path++)
		sum += of_machine(look, METRIC_PATH, path);
	end = replay_metric_members(METRIC_CALLS, &first);
	for (unsigned int call = first; call < end; call++)
		sum -= of_machine(look, METRIC_CALLS, call);
	ck_assert_int_eq(sum, 0);
	check_slab(look);
}

static void check_all(void *ctx, const struct replay_moment *moment UNUSED)
{
	struct look *look = ctx;

	replay_metrics_take(look->metrics, false);
	for (unsigned int zone = 0; zone < zone_count(look->pa); zone++)
		check_zone(look, zone);
	for (unsigned int zone = 0; zone < zone_count(look->pa); zone++)
		look->most_hybrid =
			MAX(look->most_hybrid, of_zone(look, METRIC_HYBRID, 0, zone));
	check_machine(look);
	look->nr++;
}

START_TEST(values_are_what_a_walk_finds)
{
	struct look look = { .nr = 0 };
	struct load l;

	load_init(&l, 11);
	look.load = &l;
	look.pa = machine_pages(replay_machine(l.replay));
	look.metrics = replay_metrics_create(l.replay);
	ck_assert_uint_eq(zone_count(look.pa), 3);
	replay_attach(l.replay, &(struct replay_probe){ .every_events = 97,
							.look = check_all,
							.ctx = &look });
	load_run(&l, 20000);
	load_finish(&l);
	ck_assert_uint_eq(look.nr, 2 + replay_tally(l.replay)->nr_events / 97);
	ck_assert_int_gt(look.most_hybrid, 0);
	ck_assert_int_gt(of_machine(&look, METRIC_FRAG_LIVE, 0), 0);
	ck_assert_int_gt(of_machine(&look, METRIC_FRAG_TRAFFIC, 0), 0);
	replay_metrics_destroy(look.metrics);
	load_deinit(&l);
}
END_TEST

static void note_least_run(void *ctx, const struct replay_moment *moment)
{
	struct look *look = ctx;

	check_all(look, moment);
	look->least_run = MIN(look->least_run, of_zone(look, METRIC_CONTIGUITY_ALL, 1, 2));
}

/* Large runs of memory are free again when the last of their pages is. */
START_TEST(what_is_given_back_counts_as_free)
{
	struct look look = { .nr = 0 };
	struct load l;
	int64_t before;

	load_init(&l, 13);
	look.load = &l;
	look.pa = machine_pages(replay_machine(l.replay));
	look.metrics = replay_metrics_create(l.replay);
	replay_attach(l.replay, &(struct replay_probe){ .every_events = 16,
							.look = note_least_run,
							.ctx = &look });
	replay_metrics_take(look.metrics, true);
	look.least_run = before = of_zone(&look, METRIC_CONTIGUITY_ALL, 1, 2);
	ck_assert_int_gt(before, 0);
	for (size_t slot = 0; slot < 200; slot++)
		load_block(&l, slot, (unsigned int)(slot % 9));
	for (size_t slot = 0; slot < 200; slot++) {
		while (l.live[slot])
			load_free(&l, slot);
	}
	load_finish(&l);
	ck_assert_int_lt(look.least_run, before);
	page_drain_all(look.pa);
	check_all(&look, NULL);
	ck_assert_int_gt(of_zone(&look, METRIC_CONTIGUITY_ALL, 1, 2), look.least_run);
	replay_metrics_destroy(look.metrics);
	load_deinit(&l);
}
END_TEST

/* Looked at after each event, the time below a mark is the time between looks that began so. */
static void add_below(void *ctx, const struct replay_moment *moment)
{
	struct look *look = ctx;

	for (unsigned int zone = 0; zone < zone_count(look->pa); zone++) {
		if (look->nr && look->below[zone])
			look->free_least[zone] += moment->time - look->last_time;
		replay_metrics_take(look->metrics, true);
		ck_assert_int_eq(of_zone(look, METRIC_BELOW, ZONE_MARK_HIGH, zone),
				 (int64_t)look->free_least[zone]);
		look->below[zone] = of_zone(look, METRIC_HEADROOM, ZONE_MARK_HIGH, zone) <= 0;
	}
	look->last_time = moment->time;
	look->nr++;
}

START_TEST(time_below_a_mark_is_exact)
{
	struct look look = { .nr = 0 };
	struct load l;

	load_init(&l, 12);
	look.load = &l;
	look.pa = machine_pages(replay_machine(l.replay));
	look.metrics = replay_metrics_create(l.replay);
	replay_attach(l.replay, &(struct replay_probe){ .every_events = 1,
							.look = add_below,
							.ctx = &look });
	load_run(&l, 20000);
	load_finish(&l);
	ck_assert_int_gt(of_zone(&look, METRIC_BELOW, ZONE_MARK_HIGH, 1), 0);
	ck_assert_int_lt(of_zone(&look, METRIC_BELOW, ZONE_MARK_HIGH, 1), (int64_t)l.time);
	replay_metrics_destroy(look.metrics);
	load_deinit(&l);
}
END_TEST

START_TEST(columns_have_names_of_their_own)
{
	struct vec(char *) names = { 0 };

	for (unsigned int metric = 0; metric < METRIC_NR; metric++) {
		unsigned int first, end = replay_metric_members((enum replay_metric)metric, &first);

		ck_assert_uint_gt(end, first);
		for (unsigned int member = first; member < end; member++) {
			struct str name;

			str_init(&name);
			replay_metric_column((enum replay_metric)metric, member, &name);
			/* What stands for several scopes is one row of the table. */
			vec_foreach(&names, other)
				ck_assert_str_ne(*other, str_text(&name));
			for (const char *s = str_text(&name); *s; s++)
				ck_assert_msg(strchr("_abcdefghijklmnopqrstuvwxyzMG0123456789", *s),
					      "'%s'", str_text(&name));
			vec_push(&names, name.data);
		}
	}
	vec_foreach(&names, name)
		free(*name);
	vec_deinit(&names);
}
END_TEST

UNIT_MAIN("metrics", values_are_what_a_walk_finds, what_is_given_back_counts_as_free,
	  time_below_a_mark_is_exact, columns_have_names_of_their_own)
