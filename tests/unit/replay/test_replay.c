/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: each event's verdict, and what the machine holds afterwards. */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

#include "unit/replay/run.h"

static uint64_t verdicts(const struct run *run, enum repair_call call, enum replay_verdict verdict)
{
	return replay_tally(run->replay)->verdicts[call][verdict];
}

static uint64_t pages_in_use(const struct run *run)
{
	const struct page_allocator *pa = machine_pages(replay_machine(run->replay));

	return page_total(pa) - page_free_total(pa);
}

/* A slab's page event must not take memory a second time beside the slab layer's own request. */
START_TEST(page_of_a_slab_is_taken_once)
{
	struct run run;

	run_init(&run);
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_SLAB);
	for (unsigned int i = 0; i < 32; i++)
		stream_kmalloc(&run.stream, BASE + (0x5000ULL << 12) + i * 128, 100, 128);
	run_replay(&run, 0);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_EXPLAINED), 1);
	ck_assert_uint_eq(verdicts(&run, CALL_KMALLOC, VERDICT_DONE), 32);
	ck_assert_uint_eq(pages_in_use(&run), 1);
	ck_assert_uint_eq(replay_tally(run.replay)->owners[OWNER_SLAB].pages, 1);
	run_deinit(&run);
}
END_TEST

START_TEST(without_the_slab_layer_its_page_events_are_replayed)
{
	struct run run;

	run_init(&run);
	run.options.layers = LAYER_PAGE;
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_SLAB);
	for (unsigned int i = 0; i < 32; i++)
		stream_kmalloc(&run.stream, BASE + (0x5000ULL << 12) + i * 128, 100, 128);
	run_replay(&run, 0);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_DONE), 1);
	ck_assert_uint_eq(verdicts(&run, CALL_KMALLOC, VERDICT_COUNTED), 32);
	ck_assert_uint_eq(pages_in_use(&run), 1);
	run_deinit(&run);
}
END_TEST

START_TEST(free_of_what_failed_here_is_passed_over)
{
	struct run run;

	run_init(&run);
	/* 16 blocks of 4 MiB do not fit into 32 MiB. */
	for (unsigned int i = 0; i < 16; i++)
		stream_page_alloc(&run.stream, 0x4000 + i * 1024, 10, GFP_BIT_NOWARN);
	for (unsigned int i = 0; i < 16; i++)
		stream_page_free(&run.stream, 0x4000 + i * 1024, 10);
	run_replay(&run, 32 << 20);
	ck_assert_uint_gt(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_FAILED), 8);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_FAILED),
			  verdicts(&run, CALL_PAGE_FREE, VERDICT_NOT_HERE));
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_DONE),
			  verdicts(&run, CALL_PAGE_FREE, VERDICT_DONE));
	ck_assert_uint_eq(pages_in_use(&run), 0);
	ck_assert_uint_eq(replay_tally(run.replay)->failures.nr, 1);
	ck_assert_uint_eq(replay_tally(run.replay)->failures.items[0].order, 10);
	run_deinit(&run);
}
END_TEST

/* What was asked for decides, not what the recorded kernel's class gave. */
START_TEST(own_size_classes_are_chosen_by_the_size_asked_for)
{
	struct slab_cache_stats stats;
	struct slab_allocator *slab;
	uint64_t nr, pages;
	struct run run;

	run_init(&run);
	vec_push(&run.config.kmalloc_classes, (uint32_t)72);
	vec_push(&run.config.kmalloc_classes, (uint32_t)128);
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_BITS_KERNEL);
	for (unsigned int i = 0; i < 20; i++) /* all of kmalloc-96 when recorded */
		stream_kmalloc(&run.stream, BASE + 0x5001000 + i * 96, i < 15 ? 72 : 80, 96);
	stream_kmalloc(&run.stream, BASE + 0x5002000, 130, 192);
	run_replay(&run, 0);
	slab = machine_slab(replay_machine(run.replay));
	ck_assert(slab_cache_get_stats(slab, slab_kmalloc_class(slab, 72, 0), &stats));
	ck_assert_uint_eq(stats.live_objs, 15);
	ck_assert(slab_cache_get_stats(slab, slab_kmalloc_class(slab, 128, 0), &stats));
	ck_assert_uint_eq(stats.live_objs, 5);
	slab_large_stats(slab, &nr, &pages);
	ck_assert_uint_eq(nr, 1);
	ck_assert_uint_eq(replay_tally(run.replay)->owners[OWNER_KMALLOC_LARGE].pages, 1);
	ck_assert_uint_eq(verdicts(&run, CALL_KMALLOC, VERDICT_DONE), 21);
	run_deinit(&run);
}
END_TEST

/* An object that kmem_cache_alloc() got out of what is called kmalloc-256 when it is freed. */
static uint64_t live_in_kmalloc_256(bool merge)
{
	struct slab_cache_stats stats;
	struct slab_allocator *slab;
	struct run run;

	run_init(&run);
	run.config.slab_merge = merge;
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_BITS_KERNEL);
	stream_kmalloc(&run.stream, BASE + 0x5001000, 250, 256);
	stream_cache_alloc(&run.stream, BASE + 0x5001100, 256, "merged_one+0x10");
	stream_cache_alloc(&run.stream, BASE + 0x5001200, 256, "merged_one+0x10");
	stream_cache_free(&run.stream, BASE + 0x5001200, "kmalloc-256");
	run_replay(&run, 0);
	slab = machine_slab(replay_machine(run.replay));
	ck_assert(slab_cache_get_stats(slab, slab_kmalloc_class(slab, 256, 0), &stats));
	ck_assert_uint_eq(verdicts(&run, CALL_CACHE_ALLOC, VERDICT_DONE), 2);
	run_deinit(&run);
	return stats.live_objs;
}

START_TEST(without_merging_kmalloc_has_its_caches_for_itself)
{
	ck_assert_uint_eq(live_in_kmalloc_256(true), 2);
	ck_assert_uint_eq(live_in_kmalloc_256(false), 1);
}
END_TEST

/* Requests over the recorded vmalloc range go to the machine's; those for modules stay. */
START_TEST(own_vmalloc_range_takes_the_recorded_one_s_place)
{
	const uint64_t start = 0xffffd00000000000ULL, modules = 0xffffffffc0000000ULL;
	struct vmalloc_stats stats;
	struct event *ev;
	struct run run;

	run_init(&run);
	run.config.vmalloc_start = start;
	run.config.vmalloc_size = 16 << 12;
	for (unsigned int i = 0; i < 10; i++) {
		bool module = i % 5 == 4;

		ev = stream_add(&run.stream, EVENT_VMAP_ALLOC);
		ev->vmap.size = 4 << 12;
		ev->vmap.align = 1 << 12;
		ev->vmap.vstart = module ? modules : 0xffffa00000000000ULL;
		ev->vmap.vend = module ? 0xffffffffff000000ULL : 0xffffbfffffffffffULL;
		ev->vmap.addr = ev->vmap.vstart + (i << 14);
	}
	run_replay(&run, 0);
	vmalloc_stats(machine_vmalloc(replay_machine(run.replay)), &stats);
	/* The fourth would end at the very end, where the kernel gives nothing. */
	ck_assert_uint_eq(verdicts(&run, CALL_VMAP_ALLOC, VERDICT_DONE), 3 + 2);
	ck_assert_uint_eq(verdicts(&run, CALL_VMAP_ALLOC, VERDICT_FAILED), 5);
	ck_assert_uint_eq(stats.range_start, start);
	run_deinit(&run);
}
END_TEST

static void recorded_failure(enum replay_recovered what, uint64_t pages)
{
	struct event *ev;
	struct run run;

	run_init(&run);
	run.options.recovered = what;
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_BITS_KERNEL);
	ev = stream_page_alloc(&run.stream, EVENT_PFN_FAILED, 3, GFP_BIT_NOWARN);
	ev->flags |= EVENT_F_FAILED;
	run_replay(&run, 0);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_RECOVERED), 1);
	ck_assert_uint_eq(pages_in_use(&run), pages);
	run_deinit(&run);
}

START_TEST(recorded_failure_that_succeeds_here_is_kept_or_dropped)
{
	recorded_failure(RECOVERED_KEEP, 1 + 8);
	recorded_failure(RECOVERED_DROP, 1);
}
END_TEST

START_TEST(block_in_use_at_the_beginning_goes_back_with_its_free)
{
	struct run run;

	run_init(&run);
	stream_page_alloc(&run.stream, 0x7000, 0, GFP_BITS_KERNEL);
	stream_page_free(&run.stream, 0x6000, 4);
	run_replay(&run, 0);
	ck_assert_uint_eq(replay_tally(run.replay)->nr_start_freed, 16);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_FREE, VERDICT_DONE), 1);
	ck_assert_uint_eq(pages_in_use(&run), 1);
	run_deinit(&run);
}
END_TEST

/* The idle task without reclaim bits: early boot; a page from below 4 GiB: none left above. */
static void boot_with(uint64_t memory, uint64_t used)
{
	const uint64_t four_gib = 0x100000;
	struct run run;

	run_init(&run);
	run.stream.pid = 0;
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_BIT_COMP);
	run.stream.pid = 100;
	stream_page_alloc(&run.stream, four_gib + 0x100, 0, GFP_BITS_KERNEL);
	run_replay(&run, memory);
	ck_assert_uint_eq(replay_tally(run.replay)->nr_start_untouched, used);
	ck_assert_uint_eq(pages_in_use(&run), used + 2);
	run_deinit(&run);
}

START_TEST(memory_before_a_boot_was_taken_from_the_top)
{
	/*
	 * All of Normal's 64 MiB but the page seen and the rest of the pageblock that it was split
	 * off from, and DMA32 below the page taken there.
	 */
	const uint64_t used = (64 << 8) - 1 - 0xff + 0x5000 - 0x1000;

	boot_with(0, used);
	/* A larger machine has more that is free, not more that is in use. */
	boot_with(1ULL << 30, used);
}
END_TEST

/* Where the simulated machine has other zones and nodes, what was in use is the same. */
static void boot_on_another_machine(unsigned int nodes, uint64_t dma32_end, uint64_t movable)
{
	struct run run;

	run_init(&run);
	run.config.nr_nodes = nodes;
	run.config.dma32_end = dma32_end;
	run.config.movable_pages = movable;
	run.stream.pid = 0;
	stream_page_alloc(&run.stream, 0x5000, 0, GFP_BIT_COMP);
	run.stream.pid = 100;
	stream_page_alloc(&run.stream, 0x100000 + 0x100, 0, GFP_BITS_KERNEL);
	stream_page_free(&run.stream, 0x6000, 10);
	stream_page_free(&run.stream, 0x3c00, 10);
	run_replay(&run, 0);
	ck_assert_uint_eq(replay_tally(run.replay)->nr_start_untouched,
			  (64 << 8) - 1 - 0xff + 0x5000 - 0x1000 - 0x400);
	ck_assert_uint_eq(replay_tally(run.replay)->nr_start_freed, 2 << 10);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_FREE, VERDICT_DONE), 2);
	run_deinit(&run);
}

START_TEST(start_does_not_depend_on_zones_and_nodes)
{
	boot_on_another_machine(1, 0, 0);
	boot_on_another_machine(2, 0, 0);
	boot_on_another_machine(5, 0, 0);
	boot_on_another_machine(1, 0x6123, 0); /* in the middle of a block that is in use */
	boot_on_another_machine(2, 0x4000, 0);
	boot_on_another_machine(1, 0, 0x1000);
	boot_on_another_machine(3, 0x100000, 0x4000);
}
END_TEST

START_TEST(block_freed_in_parts_is_gone_when_all_parts_are)
{
	struct run run;

	run_init(&run);
	stream_page_alloc(&run.stream, 0x5000, 3, GFP_BITS_KERNEL);
	stream_page_free(&run.stream, 0x5004, 2);
	stream_page_free(&run.stream, 0x5000, 0);
	stream_page_free(&run.stream, 0x5002, 1);
	stream_page_alloc(&run.stream, 0x6000, 0, GFP_BITS_KERNEL);
	run_replay(&run, 0);
	ck_assert_uint_eq(pages_in_use(&run), 1 + 1);
	run_deinit(&run);
}
END_TEST

/* More user memory than there is: the oldest goes, and its later free is passed over. */
START_TEST(oldest_user_memory_is_reclaimed_under_pressure)
{
	enum { NR = 12000 };
	const struct replay_tally *tally;
	struct run run;

	run_init(&run);
	run.options.self_check = false;
	for (unsigned int i = 0; i < NR; i++)
		stream_page_alloc(&run.stream, 0x4000 + i, 0, GFP_USER_PAGE | GFP_BIT_ZERO);
	for (unsigned int i = 0; i < NR; i++)
		stream_page_free(&run.stream, 0x4000 + i, 0);
	run_replay(&run, 32 << 20);
	tally = replay_tally(run.replay);
	ck_assert_uint_gt(tally->nr_reclaimed, NR - (32 << 20) / 4096);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_DONE), NR);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_FREE, VERDICT_RECLAIMED), tally->nr_reclaimed);
	ck_assert_uint_eq(pages_in_use(&run), 0);
	run_deinit(&run);
}
END_TEST

/* Movable blocks whose pages are freed one by one, until only every other page is in use. */
START_TEST(block_freed_in_parts_is_not_moved)
{
	enum { NR = 1000 };
	struct run run;

	run_init(&run);
	run.options.self_check = false;
	for (unsigned int i = 0; i < NR; i++)
		stream_page_alloc(&run.stream, 0x4000 + i * 8, 3, GFP_USER_PAGE);
	for (unsigned int i = 0; i < NR * 8; i += 2)
		stream_page_free(&run.stream, 0x4000 + i, 0);
	/* Nor are those of a layer, whatever mask it was given. */
	stream_kmalloc(&run.stream, BASE + 0xf0000000, 32768, 32768)->slab.gfp |= GFP_BIT_MOVABLE;
	for (unsigned int i = 0; i < 20; i++)
		stream_page_alloc(&run.stream, 0x8000 + i * 16, 4, GFP_BITS_KERNEL);
	run_replay(&run, 40 << 20);
	ck_assert_uint_eq(replay_tally(run.replay)->nr_moved, 0);
	run_deinit(&run);
}
END_TEST

/* User memory that reclaim may not touch, full up: the larger of two tasks is killed. */
START_TEST(largest_task_is_killed_when_nothing_else_helps)
{
	enum { NR = 8000, SMALL = 1000 };
	const struct replay_tally *tally;
	struct run run;

	run_init(&run);
	run.options.self_check = false;
	run.config.kswapd = false;
	run.config.direct_reclaim = false;
	for (unsigned int i = 0; i < NR; i++) {
		run.stream.pid = i < SMALL ? 100 : i < NR / 2 ? 200 : 1;
		stream_page_alloc(&run.stream, 0x4000 + i, 0, GFP_USER_PAGE);
	}
	run.stream.pid = 300;
	stream_page_alloc(&run.stream, 0x10000, 0, GFP_USER_PAGE);
	for (unsigned int i = 0; i < NR; i++)
		stream_page_free(&run.stream, 0x4000 + i, 0);
	run_replay(&run, 32 << 20);
	tally = replay_tally(run.replay);
	ck_assert_uint_eq(tally->nr_oom_kills, 1);
	ck_assert_uint_eq(tally->nr_oom_pages, NR / 2 - SMALL);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_ALLOC, VERDICT_DONE), NR + 1);
	ck_assert_uint_eq(verdicts(&run, CALL_PAGE_FREE, VERDICT_RECLAIMED), NR / 2 - SMALL);
	ck_assert_uint_eq(pages_in_use(&run), 1);
	run_deinit(&run);
}
END_TEST

static void add_random_events(struct stream *s, struct rng *rng, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t frame = 0x4000 + rng_below(rng, 512);
		uint64_t ptr = BASE + (frame << 12) + rng_below(rng, 16) * 256;
		unsigned int order = (unsigned int)rng_below(rng, 4);

		s->cpu = (uint16_t)rng_below(rng, 5);
		s->pid = (int32_t)rng_below(rng, 4);
		switch (rng_below(rng, 6)) {
		case 0:
			stream_kmalloc(s, ptr, 200, 256);
			break;
		case 1:
			stream_kfree(s, ptr);
			break;
		case 2:
			stream_kmalloc(s, BASE + (frame << 12), 20000, 32768);
			break;
		case 3:
			stream_cache_alloc(s, ptr, 256, "site+0x10");
			break;
		case 4:
			stream_page_alloc(s, frame & ~((1ULL << order) - 1), order,
					  rng_below(rng, 2) ? GFP_SLAB : GFP_USER_PAGE);
			break;
		default:
			stream_page_free(s, frame & ~((1ULL << order) - 1), order);
		}
	}
}

/* Whatever comes: one verdict an event, and a machine whose invariants hold. */
START_TEST(each_event_has_one_verdict)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t sum = 0;
		struct rng rng;
		struct run run;

		rng_init(&rng, seed);
		run_init(&run);
		add_random_events(&run.stream, &rng, 3000);
		run_replay(&run, seed % 2 ? 0 : 16 << 20);
		for (unsigned int call = 0; call < CALL_NR; call++)
			for (unsigned int v = 0; v < VERDICT_NR; v++)
				sum += verdicts(&run, call, v);
		ck_assert_uint_eq(sum, 3000);
		run_deinit(&run);
	}
}
END_TEST

UNIT_MAIN("replay", page_of_a_slab_is_taken_once,
	  without_the_slab_layer_its_page_events_are_replayed,
	  free_of_what_failed_here_is_passed_over,
	  own_vmalloc_range_takes_the_recorded_one_s_place,
	  own_size_classes_are_chosen_by_the_size_asked_for,
	  without_merging_kmalloc_has_its_caches_for_itself,
	  recorded_failure_that_succeeds_here_is_kept_or_dropped,
	  block_in_use_at_the_beginning_goes_back_with_its_free,
	  memory_before_a_boot_was_taken_from_the_top,
	  start_does_not_depend_on_zones_and_nodes,
	  block_freed_in_parts_is_gone_when_all_parts_are,
	  block_freed_in_parts_is_not_moved, largest_task_is_killed_when_nothing_else_helps,
	  oldest_user_memory_is_reclaimed_under_pressure, each_event_has_one_verdict)
