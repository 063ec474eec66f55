/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs and areas that files of the running machine tell of: a machine starts with as many. */
#include <config.h>

#include "unit/replay/run.h"

#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/area_survey.h"
#include "kmreplay/replay/slab_files.h"

#define HEAD                                                                                  \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "   \
	": tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "           \
	"<num_slabs> <sharedavail>\n"
#define SLABINFO                                                                              \
	HEAD                                                                                  \
	ROW("memdup_user-64", "60 64 64 64 1", "1 1")                                         \
	ROW("dentry", "400 630 192 21 1", "30 30")                                            \
	ROW("mm_struct", "46 50 1408 23 8", "4 4")                                            \
	ROW("kmalloc-256", "100 128 256 16 1", "8 8")                                         \
	ROW("kmalloc-64", "640 640 64 64 1", "10 10")                                         \
	ROW("pde_opener", "0 0 40 102 1", "0 0")
#define ROW(name, counts, slabs)                                                              \
	name " " counts " : tunables 0 0 0 : slabdata " slabs " 0\n"

struct row {
	const char *name;
	uint64_t slabs, objs, active;
};

static const struct row rows[] = {
	{ "memdup_user-64", 1, 64, 60 }, { "dentry", 30, 630, 400 }, { "mm_struct", 4, 50, 46 },
	{ "kmalloc-256", 8, 128, 100 },  { "kmalloc-64", 10, 640, 640 }, { "pde_opener", 0, 0, 0 },
};

struct files {
	struct run run;
	struct proc_snapshot snap;
	struct slab_files slabs;
	struct area_survey areas;
};

static void parse(struct files *f, enum proc_file file, const char *text)
{
	struct error err;
	struct str data;

	str_init(&data);
	str_add(&data, text);
	ck_assert_msg(proc_snapshot_parse(&f->snap, file, &data, "x", &err), "%s", err.message);
	str_deinit(&data);
}

static void files_init(struct files *f)
{
	memset(f, 0, sizeof(*f));
	run_init(&f->run);
	f->run.look_at_slabs = true;
	proc_snapshot_init(&f->snap);
	parse(f, PROC_SLABINFO, SLABINFO);
}

static void files_run(struct files *f, uint64_t memory)
{
	slab_files_init(&f->slabs, &f->snap);
	area_survey_init(&f->areas);
	area_survey_add_files(&f->areas, &f->snap);
	f->run.options.slab_files = &f->slabs;
	f->run.options.areas = &f->areas;
	run_replay(&f->run, memory);
}

static void files_deinit(struct files *f)
{
	run_deinit(&f->run);
	slab_files_deinit(&f->slabs);
	area_survey_deinit(&f->areas);
	proc_snapshot_deinit(&f->snap);
}

static struct slab_cache_stats stats_of(struct files *f, const char *name)
{
	const struct slab_allocator *slab = machine_slab(replay_machine(f->run.replay));
	struct slab_cache_stats stats;

	for (uint32_t cache = 0; cache < slab_nr_caches(slab); cache++) {
		if (slab_cache_get_stats(slab, cache, &stats) && !strcmp(stats.name, name))
			return stats;
	}
	ck_abort_msg("no cache %s", name);
}

static void expect_rows(struct files *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct slab_cache_stats stats = stats_of(f, rows[i].name);

		ck_assert_msg(stats.nr_slabs == rows[i].slabs && stats.num_objs == rows[i].objs &&
				      stats.active_objs == rows[i].active,
			      "%s: %llu slabs, %llu objects, %llu active", rows[i].name,
			      (unsigned long long)stats.nr_slabs,
			      (unsigned long long)stats.num_objs,
			      (unsigned long long)stats.active_objs);
	}
}

/* Counts alone: slabs wherever there is memory. mm_struct has two small ones. */
START_TEST(counts_are_met)
{
	struct files f;

	files_init(&f);
	files_run(&f, 64 << 20);
	expect_rows(&f);
	ck_assert_uint_eq(replay_tally(f.run.replay)->nr_start_filled, 1 + 30 + 4 + 8 + 10);
	ck_assert_uint_eq(replay_tally(f.run.replay)->nr_start_by_chance, 53);
	files_deinit(&f);
}
END_TEST

/* sys_slab.tsv adds how the slabs are dealt out to lists. */
START_TEST(lists_are_as_long_as_they_were)
{
	struct slab_cache_stats stats;
	struct files f;

	files_init(&f);
	parse(&f, PROC_SYS_SLAB,
	      "name\tobjects\tpartial\tcpu_slabs\tslabs_cpu_partial\n"
	      "dentry\t400\t17\t5 N0=5\t31(3) C0=10(1) C1=21(2)\n");
	files_run(&f, 64 << 20);
	expect_rows(&f);
	stats = stats_of(&f, "dentry");
	ck_assert_uint_eq(stats.partial_slabs, 17);
	ck_assert_uint_eq(stats.cpu_slabs, 2);
	ck_assert_uint_eq(stats.cpu_partial_slabs, 3);
	files_deinit(&f);
}
END_TEST

/* What the recording shows is part of it, and events go on from there. */
START_TEST(what_is_seen_counts)
{
	struct stream *s;
	struct files f;

	files_init(&f);
	s = &f.run.stream;
	stream_teach_base(s);
	for (unsigned int i = 0; i < 3; i++)
		stream_kmalloc(s, BASE + 0x1000 * 4096ULL + i * 256, 256, 256);
	stream_kfree(s, BASE + 0x1001 * 4096ULL + 512);
	stream_cache_free(s, BASE + 0x1001 * 4096ULL + 1024, "kmalloc-256");
	files_run(&f, 0);
	ck_assert_uint_eq(replay_tally(f.run.replay)->nr_start_slabs, 2);
	ck_assert_uint_eq(replay_tally(f.run.replay)->nr_start_objects_freed, 2);
	ck_assert_uint_eq(stats_of(&f, "kmalloc-256").nr_slabs, 8);
	ck_assert_uint_eq(stats_of(&f, "dentry").active_objs, 400);
	files_deinit(&f);
}
END_TEST

/* A machine with other slabs has the objects that were in use; one too small has what fits. */
START_TEST(other_machines_have_the_objects)
{
	struct files f;

	files_init(&f);
	f.run.config.slub_min_order = 1;
	files_run(&f, 64 << 20);
	ck_assert_uint_ge(stats_of(&f, "dentry").live_objs, 400);
	ck_assert_uint_ge(stats_of(&f, "kmalloc-64").live_objs, 640);
	files_deinit(&f);

	files_init(&f);
	parse(&f, PROC_SLABINFO, HEAD ROW("huge", "16000 16000 4096 8 8", "2000 2000"));
	files_run(&f, 8 << 20);
	ck_assert_uint_gt(stats_of(&f, "huge").nr_slabs, 0);
	ck_assert_uint_lt(stats_of(&f, "huge").nr_slabs, 2000);
	files_deinit(&f);
}
END_TEST

START_TEST(areas_are_where_they_were)
{
	static const uint64_t start = 0xffffc90000000000ULL;
	struct vmap_area_info info;
	const struct vmalloc *v;
	struct files f;
	uint64_t at = 0;

	files_init(&f);
	parse(&f, PROC_VMALLOCINFO,
	      "0xffffc90000000000-0xffffc90000005000   20480 irq_init_percpu_irqstack+0x1c/0x2d "
	      "vmap\n"
	      "0xffffc90000009000-0xffffc9000000b000    8192 gen_pool_add_owner+0x43/0xd0 "
	      "pages=1 vmalloc N0=1\n"
	      "0xffffc9000000b000-0xffffc9000000d000    8192 unpurged vm_area\n");
	stream_add(&f.run.stream, EVENT_VMAP_FREE)->range.start = start + 0x9000;
	stream_add(&f.run.stream, EVENT_VMAP_FREE)->range.start = start + 0x20000;
	files_run(&f, 64 << 20);
	v = machine_vmalloc(replay_machine(f.run.replay));
	ck_assert_uint_eq(replay_tally(f.run.replay)->nr_start_areas, 3);
	ck_assert_uint_eq(
		replay_tally(f.run.replay)->verdicts[CALL_VMAP_FREE][VERDICT_DONE], 1);
	ck_assert_uint_eq(
		replay_tally(f.run.replay)->verdicts[CALL_VMAP_FREE][VERDICT_UNSEEN], 1);
	ck_assert(vmap_area_next(v, &at, &info));
	ck_assert_uint_eq(info.addr, start);
	ck_assert_uint_eq(info.size, 0x5000);
	ck_assert(!vmap_area_next(v, &at, &info));
	files_deinit(&f);
}
END_TEST

/* Without files: how many pages are lazy before and after tells the size. */
START_TEST(lazy_pages_tell_sizes)
{
	static const struct free_row {
		uint64_t start, lazy, size; /* size 0: cannot be told */
	} frees[] = {
		{ 0xffffc90000010000, 40, 0 },
		{ 0xffffc90000020000, 45, 5 },
		{ 0xffffc90000030000, 0, 0 }, /* a purge */
		{ 0xffffc90000040000, 17, 17 },
		{ 0xffffc90000060000, 12, 0 },
	};
	struct area_survey areas;
	struct repair_batch out;
	struct event_batch batch;
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(frees); i++) {
		struct event *ev = stream_add(&s, frees[i].lazy ? EVENT_VMAP_FREE :
								  EVENT_VMAP_PURGE);

		ev->range.start = frees[i].start;
		ev->range.a = frees[i].lazy;
	}
	area_survey_init(&areas);
	s.r = repair_create(&s.options, &s.names);
	event_batch_init(&batch, s.events.nr);
	memcpy(batch.events, s.events.items, s.events.nr * sizeof(*batch.events));
	batch.nr = s.events.nr;
	repair_push(s.r, &batch);
	repair_finish(s.r);
	while (repair_pull(s.r, &out))
		area_survey_feed(&areas, &out);
	ck_assert_uint_eq(areas.areas.nr, 2);
	ck_assert_uint_eq(areas.nr_unsized, 2);
	ck_assert_uint_eq(areas.areas.items[0].addr, frees[1].start);
	ck_assert_uint_eq(areas.areas.items[0].size, frees[1].size * 4096);
	ck_assert_uint_eq(areas.areas.items[1].size, frees[3].size * 4096);
	area_survey_deinit(&areas);
	event_batch_deinit(&batch);
	stream_deinit(&s);
}
END_TEST

UNIT_MAIN("slab_files", counts_are_met, lists_are_as_long_as_they_were, what_is_seen_counts,
	  other_machines_have_the_objects, areas_are_where_they_were, lazy_pages_tell_sizes)
