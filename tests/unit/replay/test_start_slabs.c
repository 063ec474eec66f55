/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs that existed when the recording began, on machines like the recorded one and others. */
#include <config.h>

#include "unit/replay/run.h"

#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

enum {
	OLD = 0x1000,     /* first frame of old slabs */
	NR_OLD = 8,       /* one page of 16 kmalloc-256 objects each */
	PER_SLAB = 16,
	FREED_PER_SLAB = 10,
	FREE_PER_SLAB = 3,
};

static uint64_t ptr_of(unsigned int slab, unsigned int slot)
{
	return BASE + (OLD + slab) * 4096ULL + slot * 256ULL;
}

/*
 * Slots 0 .. 2 of each slab are free and taken first, 6 .. 15 are in use and freed. The last slab's
 * page goes with three objects in it that nobody was seen to free.
 */
static void load(struct run *run)
{
	struct stream *s = &run->stream;

	run->look_at_slabs = true;
	stream_teach_base(s);
	for (unsigned int slab = 0; slab < NR_OLD; slab++) {
		s->cpu = (uint16_t)(slab % 2);
		for (unsigned int slot = 0; slot < FREE_PER_SLAB; slot++)
			stream_kmalloc(s, ptr_of(slab, slot), 256, 256);
	}
	for (unsigned int slab = 0; slab < NR_OLD; slab++) {
		for (unsigned int slot = PER_SLAB - FREED_PER_SLAB; slot < PER_SLAB; slot++)
			stream_kfree(s, ptr_of(slab, slot));
	}
	for (unsigned int slot = 0; slot < FREE_PER_SLAB; slot++)
		stream_kfree(s, ptr_of(NR_OLD - 1, slot));
	stream_page_free(s, OLD + NR_OLD - 1, 0);
}

/* All objects in use at the beginning are there, and those that are freed are freed. */
static void expect_all(const struct run *run)
{
	const struct replay_tally *tally = replay_tally(run->replay);
	const uint64_t used = NR_OLD * (PER_SLAB - FREE_PER_SLAB);
	const uint64_t freed = NR_OLD * FREED_PER_SLAB;
	/* Those that teach the direct map, those seen allocated, those that stay. */
	const uint64_t left = 8 + NR_OLD * FREE_PER_SLAB - FREE_PER_SLAB + used - freed - 3;
	struct slab_totals totals;

	ck_assert_uint_eq(tally->nr_start_objects, used);
	ck_assert_uint_eq(tally->nr_start_missing, 0);
	ck_assert_uint_eq(tally->nr_start_objects_freed, freed + 3);
	ck_assert_uint_eq(tally->verdicts[CALL_OBJ_FREE][VERDICT_DONE], freed + 3);
	ck_assert_uint_eq(tally->verdicts[CALL_OBJ_FREE][VERDICT_UNSEEN], 0);
	slab_totals(machine_slab(run->replay ? replay_machine(run->replay) : NULL), &totals);
	ck_assert_uint_eq(totals.live_objs, left);
}

START_TEST(slabs_are_where_they_were)
{
	const uint64_t here = 0xffff888000000000ULL - BASE;
	const struct replay_tally *tally;
	struct slab_allocator *slab;
	struct run run;

	run_init(&run);
	load(&run);
	run_replay(&run, 0);
	expect_all(&run);
	tally = replay_tally(run.replay);
	ck_assert_uint_eq(tally->nr_start_slabs, NR_OLD);
	ck_assert_uint_eq(tally->nr_start_rebuilt, 0);
	ck_assert_uint_eq(tally->verdicts[CALL_PAGE_FREE][VERDICT_EXPLAINED], 1);
	slab = machine_slab(replay_machine(run.replay));
	/* Each object was given where the kernel gave it, and what was never freed is there. */
	for (unsigned int i = 0; i < NR_OLD - 1; i++) {
		for (unsigned int slot = 0; slot < PER_SLAB - FREED_PER_SLAB; slot++)
			ck_assert(slab_is_live(slab, ptr_of(i, slot) + here));
		ck_assert(!slab_is_live(slab, ptr_of(i, PER_SLAB - 1) + here));
	}
	for (unsigned int slot = 0; slot < PER_SLAB; slot++)
		ck_assert(!slab_is_live(slab, ptr_of(NR_OLD - 1, slot) + here));
	ck_assert_uint_eq(tally->owners[OWNER_SLAB].pages, slab_pages_held(slab));
	run_deinit(&run);
}
END_TEST

static void one_page_slabs(struct machine_config *config)
{
	config->slub_min_order = 2;
}

static void one_cpu(struct machine_config *config)
{
	config->nr_cpus = 1;
}

static void sheaves(struct machine_config *config)
{
	config->kernel = (struct kernel_version){ 7, 2 };
}

static void old_kernel(struct machine_config *config)
{
	config->kernel = (struct kernel_version){ 6, 1 };
}

static void own_classes(struct machine_config *config)
{
	vec_push(&config->kmalloc_classes, 320U);
	vec_push(&config->kmalloc_classes, 4096U);
}

static void other_architecture(struct machine_config *config)
{
	config->arch = ARCH_X86_32;
}

static void no_node_lists(struct machine_config *config)
{
	config->slub_cpu_partial = 0;
}

/* To have them is no work of the recording's, and nothing of them is waste that was asked for. */
static void expect_counts(const struct run *run)
{
	const struct replay_tally *tally = replay_tally(run->replay);
	struct slab_allocator *slab = machine_slab(replay_machine(run->replay));
	uint64_t nr_large, large_pages, given, calls = 0;
	struct slab_totals totals;

	slab_totals(slab, &totals);
	slab_large_stats(slab, &nr_large, &large_pages);
	for (unsigned int verdict = 0; verdict <= VERDICT_FAILED_BOTH; verdict++)
		calls += tally->verdicts[CALL_CACHE_ALLOC][verdict] +
			 tally->verdicts[CALL_KMALLOC][verdict];
	ck_assert_uint_le(totals.counters.allocs, calls);
	ck_assert_uint_le(totals.counters.alloc_slab, calls);
	given = totals.live_bytes - totals.loss_align + (large_pages << KERNEL_PAGE_SHIFT);
	/* Of other size classes more is given than what was asked for in the recording. */
	if (run->config.kmalloc_classes.nr)
		ck_assert_uint_le(tally->asked_live_bytes, given);
	else
		ck_assert_uint_eq(tally->asked_live_bytes, given);
}

/* Whatever the machine, the objects are there; whether in their slabs, is its affair. */
START_TEST(other_machines_have_the_objects)
{
	static const struct row {
		void (*change)(struct machine_config *config);
		uint64_t memory;
		bool placed;
	} rows[] = {
		{ NULL, 0, true },           { one_page_slabs, 0, false },
		{ one_cpu, 0, true },        { sheaves, 0, true },
		{ old_kernel, 0, true },     { own_classes, 0, false },
		{ no_node_lists, 0, true },  { other_architecture, 64 << 20, false },
		{ NULL, 12 << 20, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run);
		load(&run);
		if (rows[i].change)
			rows[i].change(&run.config);
		run_replay(&run, rows[i].memory);
		ck_assert_msg((replay_tally(run.replay)->nr_start_slabs == NR_OLD) ==
				      rows[i].placed, "row %zu", i);
		ck_assert_msg((replay_tally(run.replay)->nr_start_rebuilt == NR_OLD) !=
				      rows[i].placed, "row %zu", i);
		expect_all(&run);
		expect_counts(&run);
		run_deinit(&run);
	}
}
END_TEST

/* Without the slab layer the pages are pages in use; without a look nothing is known. */
START_TEST(without_slabs_there_are_pages)
{
	struct run with, without;
	uint64_t free_with;

	run_init(&with);
	load(&with);
	with.options.layers = LAYER_PAGE;
	run_replay(&with, 0);
	free_with = page_free_total(machine_pages(replay_machine(with.replay)));
	ck_assert_uint_eq(replay_tally(with.replay)->nr_start_slabs, 0);
	ck_assert_uint_eq(replay_tally(with.replay)->owners[OWNER_SLAB].pages, NR_OLD - 1 + 8);
	run_deinit(&with);

	run_init(&without);
	load(&without);
	without.look_at_slabs = false;
	without.options.layers = LAYER_PAGE;
	run_replay(&without, 0);
	ck_assert_uint_eq(page_free_total(machine_pages(replay_machine(without.replay))),
			  free_with + NR_OLD - 1);
	run_deinit(&without);
}
END_TEST

UNIT_MAIN("start_slabs", slabs_are_where_they_were, other_machines_have_the_objects,
	  without_slabs_there_are_pages)
