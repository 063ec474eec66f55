/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that were read while a recording went on: what they say of slabs, turned back to its
 * beginning, and the names that they give to caches.
 */
#include <config.h>

#include "kmreplay/proc/snapshot.h"
#include "kmreplay/replay/slab_census.h"
#include "kmreplay/replay/slab_files.h"
#include "kmreplay/replay/slab_survey.h"
#include "kmreplay/replay/snap_moments.h"

#include "unit/repair/stream.h"

/* Frames of slabs that exist, and of those that are made. */
enum { OLD = 0x100, NEW = 0x200, NAMELESS = 0x300 };

#define HEAD                                                                                  \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "   \
	": tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "           \
	"<num_slabs> <sharedavail>\n"
#define ROW(name, counts, slabs)                                                              \
	name " " counts " : tunables 0 0 0 : slabdata " slabs " 0\n"

struct past {
	struct stream stream;
	struct survey frames;
	struct slab_survey slabs;
	struct slab_census census;
	struct machine_config config;
	struct proc_snapshot snap;
	struct slab_files files;
};

static void past_parse(struct past *p, enum proc_file file, const char *text)
{
	struct error err;
	struct str data;

	str_init(&data);
	str_add(&data, text);
	ck_assert_msg(proc_snapshot_parse(&p->snap, file, &data, "x", &err), "%s", err.message);
	str_deinit(&data);
}

static void past_init(struct past *p, const char *slabinfo)
{
	memset(p, 0, sizeof(*p));
	stream_init(&p->stream);
	survey_init(&p->frames);
	slab_survey_init(&p->slabs, &p->frames);
	slab_census_init(&p->census);
	machine_config_init(&p->config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	p->config.nr_cpus = 2;
	proc_snapshot_init(&p->snap);
	past_parse(p, PROC_SLABINFO, slabinfo);
	stream_teach_base(&p->stream);
}

/* The files are of the moment before event "moment". */
static void past_run(struct past *p, uint64_t moment)
{
	struct slab_sources from = {
		.moment = moment,
		.survey = &p->slabs,
		.census = &p->census,
		.names = &p->stream.names,
	};
	struct stream *s = &p->stream;
	struct event_batch batch;
	struct repair_batch out;

	slab_files_init(&p->files, &p->snap);
	survey_add(&p->frames, s->events.items, s->events.nr);
	s->r = repair_create(&s->options, &s->names);
	event_batch_init(&batch, s->events.nr);
	memcpy(batch.events, s->events.items, s->events.nr * sizeof(*batch.events));
	batch.nr = s->events.nr;
	repair_push(s->r, &batch);
	repair_finish(s->r);
	while (repair_pull(s->r, &out)) {
		slab_survey_feed(&p->slabs, s->r, &out);
		slab_census_feed(&p->census, s->r, &out, moment);
	}
	slab_survey_make(&p->slabs, s->r, &p->config);
	from.repair = s->r;
	slab_files_name(&p->files, &from);
	slab_survey_finish(&p->slabs, s->r, &p->config);
	slab_files_turn_back(&p->files, &from);
	event_batch_deinit(&batch);
}

static void past_deinit(struct past *p)
{
	slab_files_deinit(&p->files);
	proc_snapshot_deinit(&p->snap);
	slab_census_deinit(&p->census);
	slab_survey_deinit(&p->slabs);
	survey_deinit(&p->frames);
	machine_config_deinit(&p->config);
	stream_deinit(&p->stream);
}

static const struct slab_files_cache *known(const struct past *p, const char *name)
{
	vec_foreach(&p->files.caches, cache)
		if (!strcmp(cache->name, name))
			return cache;
	ck_abort_msg("no cache %s", name);
}

static const char *function_at(const struct past *p, uint32_t site)
{
	return intern_text(&p->stream.names.texts, p->stream.names.sites.items[site].symbol);
}

static const char *name_of_site(const struct past *p, const char *function)
{
	const struct repair *r = p->stream.r;

	for (uint32_t id = 1; id <= repair_nr_caches(r); id++) {
		const struct repair_cache *cache = repair_cache(r, id);
		uint32_t canon = id;

		if (!cache->site || strcmp(function_at(p, cache->site), function) != 0)
			continue;
		while (repair_cache(r, canon)->canon != canon)
			canon = repair_cache(r, canon)->canon;
		return intern_text(&p->stream.names.texts, repair_cache(r, canon)->name);
	}
	ck_abort_msg("nothing of %s", function);
}

static void make_slab(struct past *p, uint64_t pfn)
{
	stream_page_alloc(&p->stream, pfn, 0, GFP_SLAB);
	stream_kmalloc(&p->stream, BASE + pfn * 4096, 256, 256);
}

/* 20 slabs then: 2 of the beginning that events touch, 3 made, so 15 that nothing touches. */
START_TEST(what_no_event_explains_was_there_before)
{
	const struct slab_files_cache *cache;
	struct past p;
	uint64_t moment;

	past_init(&p, HEAD ROW("kmalloc-256", "310 320 256 16 1", "20 20")
			   ROW("quiet", "30 64 64 64 1", "1 1"));
	for (unsigned int i = 0; i < 2; i++)
		stream_kmalloc(&p.stream, BASE + (OLD + i) * 4096ULL, 256, 256);
	for (unsigned int i = 0; i < 3; i++)
		make_slab(&p, NEW + i);
	moment = p.stream.events.nr;
	for (unsigned int i = 3; i < 9; i++)
		make_slab(&p, NEW + i);
	past_run(&p, moment);
	cache = known(&p, "kmalloc-256");
	ck_assert(cache->touched);
	ck_assert(cache->counts_only);
	ck_assert_uint_eq(cache->nr_untouched, 15);
	ck_assert_uint_eq(cache->nr_slabs, 17);
	ck_assert_uint_eq(cache->num_objs, 17 * 16);
	ck_assert_uint_eq(cache->nr_free, 0);
	/* What no event touches was as it is then. */
	cache = known(&p, "quiet");
	ck_assert(!cache->touched && !cache->counts_only);
	ck_assert_uint_eq(cache->nr_slabs, 1);
	ck_assert_uint_eq(cache->nr_free, 34);
	past_deinit(&p);
}
END_TEST

/* Pages that went before the moment do not count, neither made ones nor old ones. */
START_TEST(what_went_before_is_not_counted)
{
	const struct slab_files_cache *cache;
	struct past p;

	past_init(&p, HEAD ROW("kmalloc-256", "80 80 256 16 1", "5 5"));
	stream_kfree(&p.stream, BASE + OLD * 4096ULL);
	stream_kmalloc(&p.stream, BASE + OLD * 4096ULL + 256, 256, 256);
	stream_kfree(&p.stream, BASE + OLD * 4096ULL + 256);
	stream_page_free(&p.stream, OLD, 0);
	make_slab(&p, NEW);
	make_slab(&p, NEW + 1);
	stream_kfree(&p.stream, BASE + NEW * 4096ULL);
	stream_page_free(&p.stream, NEW, 0);
	past_run(&p, p.stream.events.nr - 1);
	cache = known(&p, "kmalloc-256");
	/* Before the last event NEW is still there, and one more: 3 were untouched. */
	ck_assert_uint_eq(cache->nr_untouched, 3);
	ck_assert_uint_eq(cache->nr_slabs, 4);
	past_deinit(&p);
}
END_TEST

/* Objects taken in bulk have no events: what is freed later tells whose the slab was. */
START_TEST(slabs_without_an_object_find_their_cache_late)
{
	const struct slab_files_cache *cache;
	struct past p;
	uint64_t moment;

	past_init(&p, HEAD ROW("kmalloc-256", "48 48 256 16 1", "3 3"));
	make_slab(&p, NEW);
	p.stream.pid++;
	stream_page_alloc(&p.stream, NEW + 1, 0, GFP_SLAB);
	p.stream.pid++;
	moment = p.stream.events.nr;
	/* More than repair looks ahead. */
	for (unsigned int i = 0; i < 20000; i++)
		stream_page_alloc(&p.stream, NEW + 0x1000 + i, 0, GFP_USER_PAGE);
	stream_cache_free(&p.stream, BASE + (NEW + 1) * 4096ULL, "kmalloc-256");
	past_run(&p, moment);
	ck_assert_uint_eq(p.census.nameless.nr, 1);
	cache = known(&p, "kmalloc-256");
	ck_assert_uint_eq(cache->nr_untouched, 1);
	past_deinit(&p);
}
END_TEST

/* Lists are as they were at the beginning if nothing happened to the cache until then. */
START_TEST(lists_stand_until_the_first_event)
{
	const struct slab_files_cache *cache;
	struct past p;

	past_init(&p, HEAD ROW("kmalloc-256", "70 80 256 16 1", "5 5")
			   ROW("kmalloc-512", "30 40 512 8 1", "5 5"));
	stream_kmalloc(&p.stream, BASE + OLD * 4096ULL, 256, 256);
	stream_kmalloc(&p.stream, BASE + (OLD + 1) * 4096ULL, 512, 512);
	past_run(&p, p.stream.events.nr - 1);
	cache = known(&p, "kmalloc-256");
	ck_assert(cache->touched && cache->counts_only);
	ck_assert_uint_eq(cache->nr_free, 0);
	cache = known(&p, "kmalloc-512");
	ck_assert(cache->touched && !cache->counts_only);
	ck_assert_uint_eq(cache->nr_free, 10);
	ck_assert_uint_eq(cache->nr_slabs, 5);
	past_deinit(&p);
}
END_TEST

/* Slab "slab" of the beginning, next used by "cpu". */
static void use(struct past *p, unsigned int cpu, unsigned int slab)
{
	p->stream.cpu = (uint16_t)cpu;
	stream_kmalloc(&p->stream, BASE + (OLD + slab) * 4096ULL, 256, 256);
}

static void expect_place(const struct past *p, unsigned int slab, uint8_t place)
{
	vec_foreach(&p->slabs.slabs, found) {
		if (found->pfn != OLD + slab)
			continue;
		ck_assert_msg(found->place == place, "slab %u: %u", slab, found->place);
		return;
	}
	ck_abort_msg("no slab %u", slab);
}

/* The look deals slabs out by their first use, as far as lists may be long; sysfs says how long. */
START_TEST(lists_are_as_long_as_sysfs_says)
{
	struct past p;

	past_init(&p, HEAD ROW("kmalloc-256", "122 128 256 16 1", "8 8"));
	past_parse(&p, PROC_SYS_SLAB,
		   "name\tobjects\tpartial\tcpu_slabs\tslabs_cpu_partial\n"
		   "kmalloc-256\t122\t3\t5\t48(3) C0=16(1) C1=32(2)\n");
	for (unsigned int i = 0; i < 4; i++)
		use(&p, 0, i);
	for (unsigned int i = 4; i < 8; i++)
		use(&p, 1, i);
	past_run(&p, 0);
	expect_place(&p, 3, SLAB_START_CPU_PARTIAL);
	slab_survey_correct(&p.slabs, &p.files, p.stream.r, &p.stream.names);
	expect_place(&p, 0, SLAB_START_CPU);
	expect_place(&p, 1, SLAB_START_CPU_PARTIAL);
	expect_place(&p, 2, SLAB_START_NODE_PARTIAL);
	expect_place(&p, 3, SLAB_START_NODE_PARTIAL);
	expect_place(&p, 5, SLAB_START_CPU_PARTIAL);
	expect_place(&p, 6, SLAB_START_CPU_PARTIAL);
	expect_place(&p, 7, SLAB_START_NODE_PARTIAL);
	/* Of another moment they may have been of any length. */
	slab_files_forget_lists(&p.files);
	ck_assert(known(&p, "kmalloc-256")->counts_only);
	ck_assert_uint_eq(known(&p, "kmalloc-256")->nr_slabs, 8);
	ck_assert_uint_eq(known(&p, "kmalloc-256")->nr_partial, 0);
	past_deinit(&p);
}
END_TEST

/* Files of the beginning itself stay as they are. */
START_TEST(the_beginning_is_not_turned)
{
	const struct slab_files_cache *cache;
	struct past p;

	past_init(&p, HEAD ROW("kmalloc-256", "310 320 256 16 1", "20 20"));
	stream_kmalloc(&p.stream, BASE + OLD * 4096ULL, 256, 256);
	make_slab(&p, NEW);
	past_run(&p, 0);
	cache = known(&p, "kmalloc-256");
	ck_assert_uint_eq(cache->nr_slabs, 20);
	ck_assert_uint_eq(cache->nr_free, 10);
	ck_assert_uint_eq(cache->nr_untouched, 19);
	ck_assert(!cache->counts_only);
	past_deinit(&p);
}
END_TEST

static void make_nameless(struct past *p, const char *site, uint64_t pfn, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		stream_page_alloc(&p->stream, pfn + i, 0, GFP_SLAB);
		stream_cache_alloc(&p->stream, BASE + (pfn + i) * 4096, 512, site);
	}
}

/* Of caches of one size the number of slabs tells which is whose, or nothing does. */
START_TEST(numbers_name_caches)
{
	struct past p;

	past_init(&p, HEAD ROW("three", "24 24 512 8 1", "3 3") ROW("two", "16 16 512 8 1", "2 2")
			   ROW("empty", "0 0 512 8 1", "0 0"));
	make_nameless(&p, "a+0x1/0x2", NAMELESS, 2);
	make_nameless(&p, "b+0x1/0x2", NAMELESS + 8, 3);
	stream_kmalloc(&p.stream, BASE + NEW * 4096ULL, 8, 8);
	past_run(&p, p.stream.events.nr - 1);
	ck_assert_str_eq(name_of_site(&p, "a"), "two");
	ck_assert_str_eq(name_of_site(&p, "b"), "three");
	ck_assert_uint_eq(known(&p, "two")->nr_untouched, 0);
	past_deinit(&p);

	past_init(&p, HEAD ROW("this", "16 16 512 8 1", "2 2")
			   ROW("that", "16 16 512 8 1", "2 2"));
	make_nameless(&p, "a+0x1/0x2", NAMELESS, 2);
	stream_kmalloc(&p.stream, BASE + NEW * 4096ULL, 8, 8);
	past_run(&p, p.stream.events.nr - 1);
	ck_assert_str_eq(name_of_site(&p, "a"), "");
	past_deinit(&p);
}
END_TEST

/* Large files are packed while they are read; the folder's last part is the label. */
START_TEST(marks_of_packed_files_count)
{
	static const char text[] = "kmreplay snap later begin kpageflags.bin.gz";
	struct snap_moments moments;
	struct event_names names;
	struct event_batch batch;

	event_names_init(&names);
	event_batch_init(&batch, 1);
	batch.events[batch.nr++] = (struct event){
		.type = EVENT_MARK,
		.text.len = sizeof(text) - 1,
		.text.aux = event_batch_add_aux(&batch, text, sizeof(text) - 1),
	};
	snap_moments_init(&moments, "/some/where/later/");
	snap_moments_look(&moments, &batch, &names, 7);
	ck_assert_uint_eq(moments.at[PROC_KPAGEFLAGS], 7);
	ck_assert_uint_eq(moments.at[PROC_SLABINFO], UINT64_MAX);
	snap_moments_deinit(&moments);
	snap_moments_init(&moments, "/some/where/else");
	snap_moments_look(&moments, &batch, &names, 7);
	ck_assert_uint_eq(moments.at[PROC_KPAGEFLAGS], UINT64_MAX);
	snap_moments_deinit(&moments);
	event_batch_deinit(&batch);
	event_names_deinit(&names);
}
END_TEST

UNIT_MAIN("slab_turn_back", what_no_event_explains_was_there_before,
	  what_went_before_is_not_counted, slabs_without_an_object_find_their_cache_late,
	  lists_stand_until_the_first_event, lists_are_as_long_as_sysfs_says,
	  the_beginning_is_not_turned, numbers_name_caches, marks_of_packed_files_count)
