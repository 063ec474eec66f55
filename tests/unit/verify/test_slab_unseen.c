/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's slab allocator did without an event, on streams made up: slabs bought while
 * events were off, caches that are shrunk, pages that are smaller than wished, caches of two names.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/replay/slab_survey.h"

#include "../../../src/verify/slab_judge.h"

#include "unit/unit.h"

#define BASE 0xffff888100000000ULL

struct stream {
	struct event_names names;
	struct machine_config config;
	struct survey survey;
	struct slab_survey slabs;
	struct verify_setup setup;
	struct verify_log log;
	struct event_batch batch;
	struct repair *learned;
	uint32_t caches[4096]; /* by event, as repair has them at last */
	size_t nr_seen;
	void *look, *judge;
	uint16_t cpu; /* of the next event */
	uint32_t site;
};

enum pass { PASS_LEARN, PASS_LOOK, PASS_JUDGE };

static struct event *add(struct stream *s, enum event_type type)
{
	struct event *ev = &s->batch.events[s->batch.nr++];

	ck_assert_uint_lt(s->batch.nr, s->batch.cap);
	*ev = (struct event){ .type = (uint8_t)type, .pid = 7, .cpu = s->cpu, .site = s->site };
	return ev;
}

static void page(struct stream *s, enum event_type type, uint64_t pfn, uint8_t order)
{
	struct event *ev = add(s, type);

	ev->page.pfn = pfn;
	ev->page.order = order;
	ev->page.gfp = GFP_BITS_KERNEL | GFP_BIT_NOWARN | GFP_BIT_NORETRY | GFP_BIT_COMP;
}

static void object(struct stream *s, enum event_type type, uint64_t pfn, uint32_t slot,
		   uint32_t size)
{
	struct event *ev = add(s, type);

	ev->slab.ptr = BASE + pfn * 4096 + (uint64_t)slot * size;
	ev->slab.bytes_req = ev->slab.bytes_alloc = size;
	ev->slab.gfp = GFP_BITS_KERNEL;
	ev->slab.node = -1;
}

static void named_free(struct stream *s, const char *name, uint64_t pfn, uint32_t slot,
		       uint32_t size)
{
	object(s, EVENT_CACHE_FREE, pfn, slot, size);
	s->batch.events[s->batch.nr - 1].slab.name = intern_add_text(&s->names.texts, name);
}

static void objects(struct stream *s, uint64_t pfn, uint32_t from, uint32_t to, uint32_t size)
{
	for (uint32_t slot = from; slot < to; slot++)
		object(s, EVENT_KMALLOC, pfn, slot, size);
}

/* Slabs of kmalloc-8k, filled: afterwards the direct map is known. */
static void stream_init(struct stream *s)
{
	*s = (struct stream){ 0 };
	event_names_init(&s->names);
	survey_init(&s->survey);
	event_batch_init(&s->batch, 4096);
	for (uint64_t i = 0; i < 8; i++) {
		page(s, EVENT_PAGE_ALLOC, 0x800 + 8 * i, 3);
		objects(s, 0x800 + 8 * i, 0, 4, 8192);
	}
}

static void use(struct stream *s, enum pass pass, const struct repair *repair,
		const struct repair_batch *batch)
{
	struct error err;

	for (size_t i = 0; i < batch->batch->nr; i++)
		s->caches[s->nr_seen++] = batch->ops[i].cache;
	if (pass == PASS_LEARN)
		slab_survey_feed(&s->slabs, repair, batch);
	if (pass == PASS_LOOK)
		verify_slab_ops.look_feed(s->look, repair, batch);
	if (pass != PASS_JUDGE)
		return;
	if (!s->judge)
		s->judge = verify_slab_ops.create(&s->setup, s->look, repair, &s->log, &err);
	ck_assert_ptr_nonnull(s->judge);
	ck_assert(verify_slab_ops.feed(s->judge, batch, &err));
}

static struct repair *read_once(struct stream *s, enum pass pass)
{
	struct repair *repair =
		repair_create(&(struct repair_options){ .learned = s->learned }, &s->names);
	struct event_batch copy;
	struct repair_batch out;

	s->nr_seen = 0;
	event_batch_init(&copy, s->batch.cap);
	memcpy(copy.events, s->batch.events, s->batch.nr * sizeof(copy.events[0]));
	copy.nr = s->batch.nr;
	if (pass == PASS_LEARN)
		survey_add(&s->survey, copy.events, copy.nr);
	if (pass == PASS_LEARN)
		slab_survey_init(&s->slabs, &s->survey);
	repair_push(repair, &copy);
	repair_finish(repair);
	while (repair_pull(repair, &out))
		use(s, pass, repair, &out);
	event_batch_deinit(&copy);
	return repair;
}

static void stream_run(struct stream *s, struct kernel_version kernel, enum verify_mode mode)
{
	const struct verify_log_options options = { .explain = UINT64_MAX };
	struct repair *repair;
	struct error err;

	s->learned = read_once(s, PASS_LEARN);
	machine_config_init(&s->config, kernel, ARCH_X86_64);
	s->config.nr_cpus = 2;
	s->config.nr_nodes = 1;
	machine_config_add_range(&s->config, 1, 0x10000, 0);
	slab_survey_finish(&s->slabs, s->learned, &s->config);
	s->setup = (struct verify_setup){
		.mode = mode, .given = ~0U, .config = &s->config, .survey = &s->survey,
		.names = &s->names, .slabs = &s->slabs,
	};
	verify_log_init(&s->log, &options);
	s->look = verify_slab_ops.look_create(&s->setup);
	repair = read_once(s, PASS_LOOK);
	verify_slab_ops.look_finish(s->look);
	repair_destroy(repair);
	repair = read_once(s, PASS_JUDGE);
	ck_assert(verify_slab_ops.finish(s->judge, &err));
	ck_assert_msg(slab_check(((struct slab_judge *)s->judge)->slab, &err), "%s", err.message);
	verify_slab_ops.destroy(s->judge);
	verify_slab_ops.look_destroy(s->look);
	repair_destroy(repair);
}

static void stream_deinit(struct stream *s)
{
	verify_log_deinit(&s->log);
	repair_destroy(s->learned);
	slab_survey_deinit(&s->slabs);
	survey_deinit(&s->survey);
	machine_config_deinit(&s->config);
	event_batch_deinit(&s->batch);
	event_names_deinit(&s->names);
}

static void all_right(const struct stream *s, enum verify_metric metric, uint64_t least)
{
	const struct verify_count *count = &s->log.counts[metric];

	ck_assert_uint_ge(count->all, least);
	ck_assert_uint_eq(count->right, count->all);
	ck_assert_uint_eq(count->alarms, 0);
}

/*
 * event_trace_enable_again(): four objects of a slab, another slab and its first object go unseen.
 */
static void gap(struct stream *s)
{
	/* A refill of a per-CPU list takes it off the free lists. */
	page(s, EVENT_ZONE_LOCKED, 0x101, 0);
	page(s, EVENT_PAGE_ALLOC, 0x100, 0);
	objects(s, 0x100, 0, 60, 64);
	objects(s, 0x101, 1, 64, 64);
	page(s, EVENT_PAGE_ALLOC, 0x102, 0);
	objects(s, 0x102, 0, 64, 64);
	page(s, EVENT_PAGE_ALLOC, 0x103, 0);
	objects(s, 0x103, 0, 9, 64);
}

START_TEST(a_slab_bought_unseen_is_followed)
{
	struct stream s;

	stream_init(&s);
	gap(&s);
	stream_run(&s, (struct kernel_version){ 6, 1 }, VERIFY_FOLLOW);
	/* That the first object is gone, too, shows when the next slab is bought in spite of it. */
	ck_assert_uint_gt(s.log.counts[VERIFY_SLAB_SLAB].all, 32 + 60 + 62 + 64);
	ck_assert_uint_eq(s.log.counts[VERIFY_SLAB_SLAB].right + 1,
			  s.log.counts[VERIFY_SLAB_SLAB].all);
	stream_deinit(&s);
}
END_TEST

START_TEST(who_runs_freely_hears_of_what_went_unseen)
{
	struct stream s;

	stream_init(&s);
	gap(&s);
	stream_run(&s, (struct kernel_version){ 6, 1 }, VERIFY_FREE);
	all_right(&s, VERIFY_SLAB_SLAB, 32 + 60 + 63 + 64);
	all_right(&s, VERIFY_SLAB_NEW, 11);
	stream_deinit(&s);
}
END_TEST

/* acpi_os_purge_cache(): one cache gives a page back, the other's slab goes to the node's list. */
static void acpi(struct stream *s)
{
	static const char free_site[] = "acpi_os_release_object+0x10";
	static const char alloc_site[] = "acpi_ut_create_generic_state+0x10";
	uint32_t from, to;

	from = event_site_add(&s->names, alloc_site, strlen(alloc_site));
	to = event_site_add(&s->names, free_site, strlen(free_site));
	s->site = from;
	page(s, EVENT_PAGE_ALLOC, 0x200, 0);
	object(s, EVENT_CACHE_ALLOC, 0x200, 0, 80);
	s->site = to;
	named_free(s, "Acpi-State", 0x200, 0, 80);
	s->site = from;
	page(s, EVENT_PAGE_ALLOC, 0x201, 0);
	object(s, EVENT_CACHE_ALLOC, 0x201, 0, 72);
	object(s, EVENT_CACHE_ALLOC, 0x201, 1, 72);
	s->site = to;
	named_free(s, "Acpi-Operand", 0x201, 1, 72);
	s->site = 0;
	object(s, EVENT_KFREE, 0x800, 0, 8192);
	page(s, EVENT_PAGE_FREE, 0x200, 0);
	s->site = from;
	s->cpu = 1;
	object(s, EVENT_CACHE_ALLOC, 0x201, 1, 72);
}

START_TEST(acpi_shrinks_all_its_caches)
{
	for (unsigned int mode = 0; mode < VERIFY_MODE_NR; mode++) {
		struct stream s;

		stream_init(&s);
		acpi(&s);
		stream_run(&s, (struct kernel_version){ 6, 12 }, (enum verify_mode)mode);
		all_right(&s, VERIFY_SLAB_SLAB, 32 + 4);
		all_right(&s, VERIFY_SLAB_NEW, 10);
		ck_assert_uint_eq(s.log.counts[VERIFY_SLAB_DISCARD].right,
				  s.log.counts[VERIFY_SLAB_DISCARD].all);
		stream_deinit(&s);
	}
}
END_TEST

START_TEST(a_free_run_gets_no_larger_pages)
{
	struct stream s;

	stream_init(&s);
	page(&s, EVENT_PAGE_ALLOC, 0x402, 1);
	objects(&s, 0x402, 0, 1, 8192);
	page(&s, EVENT_PAGE_ALLOC, 0x404, 1);
	objects(&s, 0x404, 0, 1, 8192);
	page(&s, EVENT_PAGE_ALLOC, 0x408, 3);
	objects(&s, 0x408, 0, 4, 8192);
	stream_run(&s, (struct kernel_version){ 6, 12 }, VERIFY_FREE);
	all_right(&s, VERIFY_SLAB_SLAB, 32 + 6);
	all_right(&s, VERIFY_SLAB_NEW, 11);
	stream_deinit(&s);
}
END_TEST

/* Who fills a reserve never frees: what else lies in the slab names its cache. */
START_TEST(a_nameless_cache_finds_its_name_by_its_slab)
{
	struct stream s;
	uint32_t reserve, load;
	size_t first, last;

	stream_init(&s);
	reserve = event_site_add(&s.names, "mempool_init_node+0x95", 22);
	load = event_site_add(&s.names, "mempool_alloc_noprof+0x86", 25);
	s.site = load;
	page(&s, EVENT_PAGE_ALLOC, 0x500, 0);
	object(&s, EVENT_CACHE_ALLOC, 0x500, 0, 256);
	named_free(&s, "bio-192", 0x500, 0, 256);
	s.site = reserve;
	page(&s, EVENT_PAGE_ALLOC, 0x501, 0);
	first = s.batch.nr;
	object(&s, EVENT_CACHE_ALLOC, 0x501, 0, 256);
	s.site = load;
	last = s.batch.nr;
	object(&s, EVENT_CACHE_ALLOC, 0x501, 1, 256);
	s.learned = read_once(&s, PASS_LEARN);
	ck_assert_uint_ne(s.caches[first], 0);
	ck_assert_uint_eq(slab_judge_canon(s.learned, s.caches[first]),
			  slab_judge_canon(s.learned, s.caches[last]));
	stream_deinit(&s);
}
END_TEST

UNIT_MAIN("verify_slab_unseen", a_slab_bought_unseen_is_followed,
	  who_runs_freely_hears_of_what_went_unseen, acpi_shrinks_all_its_caches,
	  a_free_run_gets_no_larger_pages, a_nameless_cache_finds_its_name_by_its_slab)
