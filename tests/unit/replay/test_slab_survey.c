/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slabs that existed when the recording began: found, put on lists, and what is left alone. */
#include <config.h>

#include "kmreplay/replay/slab_survey.h"

#include "unit/repair/stream.h"

/* Frames of slabs that exist; those that teach the direct map lie below. */
enum { OLD = 0x100 };

struct look {
	struct stream stream;
	struct survey frames;
	struct slab_survey slabs;
	struct machine_config config;
};

static void look_init(struct look *l, unsigned int major, unsigned int minor)
{
	memset(l, 0, sizeof(*l));
	stream_init(&l->stream);
	survey_init(&l->frames);
	slab_survey_init(&l->slabs, &l->frames);
	machine_config_init(&l->config, (struct kernel_version){ major, minor }, ARCH_X86_64);
	l->config.nr_cpus = 2;
}

static void look_run(struct look *l)
{
	struct stream *s = &l->stream;
	struct event_batch batch;
	struct repair_batch out;

	survey_add(&l->frames, s->events.items, s->events.nr);
	s->r = repair_create(&s->options, &s->names);
	event_batch_init(&batch, MAX(s->events.nr, (size_t)1));
	memcpy(batch.events, s->events.items, s->events.nr * sizeof(*batch.events));
	batch.nr = s->events.nr;
	repair_push(s->r, &batch);
	repair_finish(s->r);
	while (repair_pull(s->r, &out))
		slab_survey_feed(&l->slabs, s->r, &out);
	slab_survey_finish(&l->slabs, s->r, &l->config);
	event_batch_deinit(&batch);
}

static void look_deinit(struct look *l)
{
	slab_survey_deinit(&l->slabs);
	survey_deinit(&l->frames);
	machine_config_deinit(&l->config);
	stream_deinit(&l->stream);
}

/* Object "slot" of an old slab of kmalloc-256, 16 to a page. */
static uint64_t ptr_of(unsigned int slab, unsigned int slot)
{
	return BASE + (OLD + slab) * 4096ULL + slot * 256ULL;
}

static void get(struct look *l, unsigned int cpu, unsigned int slab, unsigned int slot)
{
	l->stream.cpu = (uint16_t)cpu;
	stream_kmalloc(&l->stream, ptr_of(slab, slot), 250, 256);
}

static void expect_slab(const struct look *l, size_t at, unsigned int slab, uint8_t place,
			unsigned int cpu)
{
	const struct slab_survey_slab *found = &l->slabs.slabs.items[at];

	ck_assert_uint_lt(at, l->slabs.slabs.nr);
	ck_assert_uint_eq(found->pfn, OLD + slab);
	ck_assert_uint_eq(found->place, place);
	ck_assert_uint_eq(found->objects, 16);
	ck_assert_uint_eq(found->order, 0);
	if (place == SLAB_START_CPU || place == SLAB_START_CPU_PARTIAL)
		ck_assert_uint_eq(found->cpu, cpu);
}

/* The first slab of each CPU is its own, then come its list and the node's; all else is full. */
START_TEST(first_uses_tell_the_lists)
{
	static const uint16_t order_of_use[] = { 5, 3, 9 };
	struct look l;
	const struct slab_survey_slab *slab;

	look_init(&l, 6, 12);
	stream_teach_base(&l.stream);
	/* kmalloc-256 keeps 7 slabs on a CPU's list: two CPUs, a page of 16. */
	for (size_t i = 0; i < ARRAY_SIZE(order_of_use); i++)
		get(&l, 0, 0, order_of_use[i]);
	stream_kfree(&l.stream, ptr_of(0, 5));
	get(&l, 0, 0, 5);
	get(&l, 1, 1, 0);
	for (unsigned int i = 2; i < 11; i++)
		get(&l, 0, i, i);
	stream_kfree(&l.stream, ptr_of(10, 1));
	stream_kfree(&l.stream, ptr_of(20, 15));
	stream_cache_free(&l.stream, ptr_of(20, 2), "kmalloc-256");
	look_run(&l);
	ck_assert(l.slabs.known);
	ck_assert_uint_eq(l.slabs.base, BASE);
	ck_assert_uint_eq(l.slabs.slabs.nr, 12);
	expect_slab(&l, 0, 0, SLAB_START_CPU, 0);
	expect_slab(&l, 1, 1, SLAB_START_CPU, 1);
	for (unsigned int i = 0; i < 7; i++)
		expect_slab(&l, 2 + i, 8 - i, SLAB_START_CPU_PARTIAL, 0);
	expect_slab(&l, 9, 9, SLAB_START_NODE_PARTIAL, 0);
	expect_slab(&l, 10, 10, SLAB_START_NODE_PARTIAL, 0);
	expect_slab(&l, 11, 20, SLAB_START_FULL, 0);
	slab = &l.slabs.slabs.items[0];
	ck_assert_uint_eq(slab->nr_free, 3);
	ck_assert_mem_eq(l.slabs.slots.items + slab->free, order_of_use, sizeof(order_of_use));
	ck_assert_uint_eq(slab->nr_freed, 0);
	ck_assert_uint_eq(slab_survey_nr_used(slab), 13);
	slab = &l.slabs.slabs.items[11];
	ck_assert_uint_eq(slab->nr_freed, 2);
	ck_assert_uint_eq(l.slabs.slots.items[slab->freed], 15);
	ck_assert_uint_eq(l.slabs.slots.items[slab->freed + 1], 2);
	look_deinit(&l);
}
END_TEST

/* What the recording shows being made is no start slab, nor is what comes after a page's free. */
START_TEST(only_until_the_pages_go)
{
	struct look l;

	look_init(&l, 6, 12);
	stream_teach_base(&l.stream);
	stream_kmalloc(&l.stream, BASE + 0x200 * 8192ULL, 8000, 8192);
	stream_kfree(&l.stream, BASE + 0x200 * 8192ULL);
	stream_kfree(&l.stream, BASE + 0x200 * 8192ULL + 3 * 8192);
	stream_page_free(&l.stream, 0x400, 3);
	stream_page_alloc(&l.stream, 0x400, 3, GFP_SLAB);
	stream_kmalloc(&l.stream, BASE + 0x200 * 8192ULL, 8000, 8192);
	stream_kfree(&l.stream, BASE + 0x200 * 8192ULL + 2 * 8192);
	/* A page that was free at the beginning, and objects in it: new. */
	stream_page_alloc(&l.stream, 0x300, 0, GFP_SLAB);
	stream_kmalloc(&l.stream, BASE + 0x300 * 4096ULL, 256, 256);
	look_run(&l);
	ck_assert_uint_eq(l.slabs.slabs.nr, 1);
	ck_assert_uint_eq(l.slabs.slabs.items[0].pfn, 0x400);
	ck_assert_uint_eq(l.slabs.slabs.items[0].order, 3);
	ck_assert_uint_eq(l.slabs.slabs.items[0].objects, 4);
	ck_assert_uint_eq(l.slabs.slabs.items[0].nr_free, 1);
	ck_assert_uint_eq(l.slabs.slabs.items[0].nr_freed, 1);
	ck_assert_uint_eq(l.slabs.slabs.items[0].gone, 16 + 3);
	look_deinit(&l);
}
END_TEST

/* What comes before the direct map is known counts as well. */
START_TEST(early_events_are_kept)
{
	struct look l;

	look_init(&l, 6, 12);
	get(&l, 0, 0, 3);
	stream_kfree(&l.stream, ptr_of(1, 4));
	stream_page_free(&l.stream, OLD + 1, 0);
	l.stream.cpu = 0;
	stream_teach_base(&l.stream);
	stream_cache_free(&l.stream, ptr_of(1, 4), "kmalloc-256");
	look_run(&l);
	ck_assert(l.slabs.known);
	ck_assert_uint_eq(l.slabs.slabs.nr, 1);
	expect_slab(&l, 0, 0, SLAB_START_CPU, 0);
	ck_assert_uint_eq(l.slabs.losses.nameless, 1);
	look_deinit(&l);
}
END_TEST

START_TEST(hashed_pointers_tell_nothing)
{
	struct look l;

	look_init(&l, 6, 12);
	l.stream.options.hashed_ptrs = true;
	stream_teach_base(&l.stream);
	get(&l, 0, 0, 3);
	look_run(&l);
	ck_assert(!l.slabs.known);
	ck_assert_uint_eq(l.slabs.slabs.nr, 0);
	look_deinit(&l);
}
END_TEST

/* A cache of which only frees are seen: where they lie tells the size, if there are enough. */
START_TEST(distances_tell_a_size)
{
	struct look l;

	look_init(&l, 6, 12);
	stream_teach_base(&l.stream);
	for (uint64_t page = 0; page < 3; page++) {
		for (uint64_t slot = 0; slot < 39; slot += 3)
			stream_cache_free(&l.stream, BASE + (OLD + page) * 4096 + slot * 104,
					  "buffer_head");
	}
	for (uint64_t slot = 0; slot < 12; slot += 4)
		stream_cache_free(&l.stream, BASE + (OLD + 8) * 4096 + slot * 192, "filp");
	stream_cache_free(&l.stream, BASE + OLD * 4096 + 104, "buffer_head");
	look_run(&l);
	ck_assert_uint_eq(l.slabs.slabs.nr, 3);
	ck_assert_uint_eq(l.slabs.slabs.items[0].size, 104);
	ck_assert_uint_eq(l.slabs.slabs.items[0].objects, 39);
	ck_assert_uint_eq(l.slabs.slabs.items[0].nr_freed, 14);
	ck_assert_uint_eq(l.slabs.losses.unsized, 3);
	look_deinit(&l);
}
END_TEST

/* An object where none of its cache can begin, and a slab that was partly free, are no slabs. */
START_TEST(contradictions_are_counted)
{
	struct look l;

	look_init(&l, 6, 12);
	stream_teach_base(&l.stream);
	get(&l, 0, 0, 3);
	stream_kmalloc(&l.stream, ptr_of(0, 4) + 8, 250, 256);
	/* kmalloc-4k has slabs of 8 pages, one of which is taken from the free lists later. */
	stream_kmalloc(&l.stream, BASE + 0x200 * 4096ULL, 4096, 4096);
	stream_page_alloc(&l.stream, 0x205, 0, GFP_USER_PAGE);
	look_run(&l);
	ck_assert_uint_eq(l.slabs.slabs.nr, 1);
	ck_assert_uint_eq(l.slabs.slabs.items[0].nr_free, 1);
	ck_assert_uint_eq(l.slabs.losses.misplaced, 1);
	ck_assert_uint_eq(l.slabs.losses.mixed, 1);
	look_deinit(&l);
}
END_TEST

/* Object "slot" of the old slabs of kmalloc-4k at 0x200 and 0x208, 8 to a slab. */
static uint64_t large_of(unsigned int slot)
{
	return BASE + (0x200 + slot) * 4096ULL;
}

static void get_large(struct look *l, unsigned int slot, uint16_t cpu)
{
	stream_kmalloc(&l->stream, large_of(slot), 4096, 4096)->cpu = cpu;
}

/*
 * 7.2, kmalloc-4k: a main sheaf of 4; a full spare one, which frees have filled, since its objects
 * are not in the order of slabs; then what leaves slabs, turned round.
 */
START_TEST(sheaves_come_first)
{
	static const unsigned int order[] = { 8, 9, 10, 11, 12, 6, 13, 7, 0, 1, 2, 3, 4, 5 };
	static const uint16_t turned[] = { 3, 2, 1, 0 }, rest[] = { 5, 4 };
	const struct slab_survey_slab *slab;
	struct look l;

	look_init(&l, 7, 2);
	stream_teach_base(&l.stream);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		get_large(&l, order[i], 0);
	look_run(&l);
	ck_assert_uint_eq(l.slabs.sheaves.nr, 2);
	ck_assert_uint_eq(l.slabs.sheaves.items[0].place, SLAB_START_MAIN);
	ck_assert_uint_eq(l.slabs.sheaves.items[0].nr, 4);
	ck_assert_uint_eq(l.slabs.sheaves.items[1].place, SLAB_START_SPARE);
	ck_assert_uint_eq(l.slabs.sheaves.items[1].nr, 4);
	for (size_t i = 0; i < 8; i++)
		ck_assert_uint_eq(l.slabs.sheaf_addrs.items[i], large_of(order[i]));
	ck_assert_uint_eq(l.slabs.slabs.nr, 2);
	slab = &l.slabs.slabs.items[0];
	ck_assert_uint_eq(slab->pfn, 0x200);
	ck_assert_uint_eq(slab->place, SLAB_START_NODE_PARTIAL);
	ck_assert_uint_eq(slab->nr_free, 6);
	ck_assert_mem_eq(l.slabs.slots.items + slab->free, turned, sizeof(turned));
	ck_assert_mem_eq(l.slabs.slots.items + slab->free + 4, rest, sizeof(rest));
	slab = &l.slabs.slabs.items[1];
	ck_assert_uint_eq(slab->pfn, 0x208);
	ck_assert_uint_eq(slab->place, SLAB_START_FULL);
	ck_assert_uint_eq(slab->nr_sheaf, 6);
	ck_assert_uint_eq(slab_survey_nr_used(slab), 2);
	look_deinit(&l);
}
END_TEST

/*
 * Six objects, then a slab is bought: so two were left in the main sheaf, and four came off slabs.
 * An old object above a new one was in use, and freed unseen; one below was found by the refill.
 */
START_TEST(a_purchase_tells_what_was_left)
{
	static const uint16_t free[] = { 5, 4, 3, 2, 7 };
	const struct slab_survey_slab *slab;
	struct look l;

	look_init(&l, 7, 2);
	stream_teach_base(&l.stream);
	for (unsigned int slot = 0; slot < 6; slot++)
		get_large(&l, slot, 0);
	stream_page_alloc(&l.stream, 0x210, 3, GFP_SLAB);
	get_large(&l, 0x17, 0);
	get_large(&l, 6, 0);
	get_large(&l, 0x16, 0);
	get_large(&l, 7, 0);
	look_run(&l);
	ck_assert_uint_eq(l.slabs.sheaves.nr, 1);
	ck_assert_uint_eq(l.slabs.sheaves.items[0].nr, 2);
	ck_assert_uint_eq(l.slabs.sheaf_addrs.items[0], large_of(0));
	ck_assert_uint_eq(l.slabs.slabs.nr, 1);
	slab = &l.slabs.slabs.items[0];
	ck_assert_uint_eq(slab->nr_free, ARRAY_SIZE(free));
	ck_assert_mem_eq(l.slabs.slots.items + slab->free, free, sizeof(free));
	ck_assert_uint_eq(slab_survey_nr_used(slab), 1);
	ck_assert_uint_eq(l.slabs.unseen_frees.nr, 1);
	ck_assert_uint_eq(l.slabs.unseen_frees.items[0], large_of(6));
	look_deinit(&l);
}
END_TEST

/* What another CPU takes whole sheaves of when the node's list is empty lay in sheaves. */
START_TEST(sheaves_of_others_are_no_slabs)
{
	struct look l;

	look_init(&l, 7, 2);
	stream_teach_base(&l.stream);
	stream_page_alloc(&l.stream, 0x210, 3, GFP_SLAB);
	get_large(&l, 0x17, 0);
	for (unsigned int slot = 0; slot < 12; slot++)
		get_large(&l, slot, 1);
	look_run(&l);
	ck_assert_uint_eq(l.slabs.sheaves.nr, 3);
	ck_assert_uint_eq(l.slabs.sheaves.items[0].place, SLAB_START_MAIN);
	ck_assert_uint_eq(l.slabs.sheaves.items[1].place, SLAB_START_SPARE);
	ck_assert_uint_eq(l.slabs.sheaves.items[2].place, SLAB_START_BARN);
	for (size_t i = 0; i < 12; i++)
		ck_assert_uint_eq(l.slabs.sheaf_addrs.items[i], large_of((unsigned int)i));
	look_deinit(&l);
}
END_TEST

UNIT_MAIN("slab_survey", first_uses_tell_the_lists, only_until_the_pages_go, early_events_are_kept,
	  hashed_pointers_tell_nothing, distances_tell_a_size, contradictions_are_counted,
	  sheaves_come_first, a_purchase_tells_what_was_left,
	  sheaves_of_others_are_no_slabs)
