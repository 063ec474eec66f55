/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cache identities: kmalloc classes, names told by events, names found out. */
#include <config.h>

#include "stream_check.h"

static const struct repair_cache *canon_of(const struct stream *s, size_t index)
{
	uint32_t id = s->ops.items[index].cache;

	ck_assert_uint_ne(id, 0);
	while (repair_cache(s->r, id)->canon != id)
		id = repair_cache(s->r, id)->canon;
	return repair_cache(s->r, id);
}

static const char *name_at(const struct stream *s, size_t index)
{
	return intern_text(&s->names.texts, canon_of(s, index)->name);
}

START_TEST(kmalloc_classes)
{
	static const struct {
		uint32_t req, alloc, gfp;
		const char *name;
	} cases[] = {
		{ 1, 8, 0, "kmalloc-8" },
		{ 60, 64, GFP_BITS_KERNEL, "kmalloc-64" },
		{ 96, 96, 0, "kmalloc-96" },
		{ 180, 192, GFP_BIT_ACCOUNT, "kmalloc-cg-192" },
		{ 1024, 1024, GFP_BIT_RECLAIMABLE, "kmalloc-rcl-1k" },
		{ 5000, 8192, GFP_BIT_DMA | GFP_BIT_ACCOUNT, "dma-kmalloc-8k" },
		{ 64, 64, GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT, "kmalloc-rcl-64" },
		/* With red zones and tracking the objects are larger than their class. */
		{ 60, 192 + 64, 0, "kmalloc-256" },
		{ 60, 328, 0, "kmalloc-64" },
		{ 8000, 12288 + 8, 0, "kmalloc-8k" },
	};
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		stream_kmalloc(&s, BASE + i * 8192, cases[i].req, cases[i].alloc)->slab.gfp =
			cases[i].gfp;
	stream_run(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_str_eq(name_at(&s, i), cases[i].name);
		ck_assert_uint_eq(canon_of(&s, i)->kmalloc, 1);
		ck_assert_uint_eq(canon_of(&s, i)->size, cases[i].alloc);
	}
	stream_done(&s);
}
END_TEST

/* 7.2: the event itself says it. */
START_TEST(named_allocations)
{
	struct stream s;
	uint32_t dentry;

	stream_init(&s);
	dentry = intern_add_text(&s.names.texts, "dentry");
	stream_cache_alloc(&s, BASE, 192, "d_alloc+0x10")->slab.name = dentry;
	stream_cache_alloc(&s, BASE + 192, 192, "other+0x10")->slab.name = dentry;
	stream_cache_free(&s, BASE, "dentry");
	stream_cache_free(&s, BASE + 192, "filp");
	stream_run(&s);
	ck_assert_str_eq(name_at(&s, 0), "dentry");
	ck_assert_uint_eq(s.ops.items[0].cache, s.ops.items[1].cache);
	stream_expect(&s.ops.items[2], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[3], CALL_OBJ_FREE, FATE_REPAIRED, REPAIR_MISMATCH);
	stream_done(&s);
}
END_TEST

/* A free's name counts for all that came from the same function, before and after. */
START_TEST(name_comes_with_the_free)
{
	struct stream s;

	stream_init(&s);
	stream_cache_alloc(&s, BASE, 192, "d_alloc+0x10");
	stream_cache_alloc(&s, BASE + 192, 192, "d_alloc+0x99");
	stream_cache_alloc(&s, BASE + 0x1000, 256, "d_alloc+0x10");
	stream_cache_alloc(&s, BASE + 0x2000, 192, "other+0x10");
	stream_cache_free(&s, BASE, "dentry");
	stream_cache_alloc(&s, BASE + 384, 192, "d_alloc+0x10");
	stream_run(&s);
	ck_assert_str_eq(name_at(&s, 0), "dentry");
	ck_assert_str_eq(name_at(&s, 1), "dentry");
	ck_assert_uint_eq(canon_of(&s, 2)->name, 0);
	ck_assert_uint_eq(canon_of(&s, 3)->name, 0);
	ck_assert_str_eq(name_at(&s, 5), "dentry");
	ck_assert_uint_eq(canon_of(&s, 0)->size, 192);
	stream_done(&s);
}
END_TEST

/* Objects of one slab are of one cache, whoever asks for them. */
START_TEST(slab_unites)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 1, GFP_SLAB);
	stream_cache_alloc(&s, BASE + 0x100000, 192, "one+0x10");
	stream_cache_alloc(&s, BASE + 0x101000, 192, "two+0x10");
	stream_cache_alloc(&s, BASE + 0x101200, 256, "three+0x10");
	stream_cache_free(&s, BASE + 0x101000, "dentry");
	stream_run(&s);
	ck_assert_str_eq(name_at(&s, at + 1), "dentry");
	ck_assert_str_eq(name_at(&s, at + 2), "dentry");
	ck_assert_uint_eq(canon_of(&s, at + 3)->name, 0);
	ck_assert_uint_eq(canon_of(&s, at)->size, 192);
	stream_done(&s);
}
END_TEST

START_TEST(kfree_of_a_cache_object)
{
	struct stream s;

	stream_init(&s);
	stream_cache_alloc(&s, BASE, 192, "f+0x1");
	stream_kfree(&s, BASE);
	stream_kmalloc(&s, BASE, 64, 64);
	stream_cache_free(&s, BASE, "dentry");
	stream_run(&s);
	stream_expect(&s.ops.items[1], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[3], CALL_OBJ_FREE, FATE_REPAIRED, REPAIR_MISMATCH);
	stream_done(&s);
}
END_TEST

/* A damaged recording may show any number of caches: the rest is one cache, and counted. */
START_TEST(number_of_caches_is_bounded)
{
	struct stream s;

	stream_init(&s);
	for (uint32_t i = 1; i <= 100000; i++)
		stream_cache_alloc(&s, BASE + i * 8, i, "f+0x1");
	stream_run(&s);
	ck_assert_uint_le(repair_nr_caches(s.r), 65537);
	ck_assert_uint_eq(s.coverage.nr_other_caches, 100000 - (repair_nr_caches(s.r) - 1));
	ck_assert_str_eq(name_at(&s, s.ops.nr - 1), "(other)");
	stream_done(&s);
}
END_TEST

#define GFP_USER_NOWARN (GFP_BITS_KERNEL | GFP_BIT_HARDWALL | GFP_BIT_NOWARN)

/* memdup_user() has slabs of its own, but for one stranger with the same mask. */
START_TEST(buckets_are_found_by_their_slabs)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
	stream_kmalloc(&s, BASE + 0x100000, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	stream_kmalloc(&s, BASE + 0x100040, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	stream_kmalloc(&s, BASE + 0x1040, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	stream_page_alloc(&s, 0x101, 0, GFP_SLAB);
	stream_kmalloc(&s, BASE + 0x101000, 60, 64)->slab.gfp =
		GFP_BITS_KERNEL | GFP_BIT_ACCOUNT;
	s.events.items[s.events.nr - 1].site = stream_site(&s, "alloc_msg+0x20/0x90");
	stream_run(&s);
	ck_assert_str_eq(name_at(&s, at), "memdup_user-64");
	ck_assert_str_eq(name_at(&s, at + 1), "memdup_user-64");
	ck_assert_str_eq(name_at(&s, at + 2), "memdup_user-64");
	ck_assert_str_eq(name_at(&s, at + 3), "kmalloc-64");
	ck_assert_str_eq(name_at(&s, at + 5), "msg_msg-64");
	stream_done(&s);
}
END_TEST

/* A kernel without such sets: they lie among all others; what was first taken for one is none. */
START_TEST(no_buckets_without_slabs_of_their_own)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);
	stream_kmalloc(&s, BASE + 0x100000, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	for (uint64_t i = 1; i < 20; i++)
		stream_kmalloc(&s, BASE + 0x1000 + i * 64, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	stream_kmalloc(&s, BASE + 0x100040, 60, 64)->slab.gfp = GFP_USER_NOWARN;
	stream_run(&s);
	for (size_t i = 0; i < 22; i++)
		ck_assert_str_eq(name_at(&s, at + i), "kmalloc-64");
	stream_done(&s);
}
END_TEST

/* A sheaf or a bulk call: the first object of a slab shows long after its page. */
START_TEST(slab_bound_late)
{
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	stream_page_alloc(&s, 0x100, 1, GFP_SLAB);
	for (uint64_t i = 0; i < 100; i++)
		stream_kmalloc(&s, BASE + 0x1000 + i * 64, 60, 64);
	s.pid++;
	stream_kmalloc(&s, BASE + 0x101000, 500, 512);
	stream_run(&s);
	ck_assert_str_eq(name_at(&s, at), "kmalloc-512");
	stream_done(&s);
}
END_TEST

/* Told what a first run found out, the second one knows the name before it is told. */
START_TEST(what_was_learned_is_known_from_the_start)
{
	struct stream s;
	struct repair *first;
	uint32_t id;

	stream_init(&s);
	stream_cache_alloc(&s, BASE, 104, "a+0x1");
	stream_cache_alloc(&s, BASE + 0x100000, 104, "b+0x1");
	stream_cache_free(&s, BASE, "buffer_head");
	stream_cache_free(&s, BASE + 0x100000, "buffer_head");
	stream_run(&s);
	first = s.r;
	id = canon_of(&s, 0) == canon_of(&s, 1) ? s.ops.items[2].cache : 0;
	ck_assert_uint_ne(id, 0);
	s.options.learned = first;
	vec_reset(&s.ops);
	vec_reset(&s.events);
	stream_cache_alloc(&s, BASE, 104, "b+0x1");
	stream_run(&s);
	ck_assert_uint_eq(repair_nr_caches(s.r), repair_nr_caches(first));
	ck_assert_str_eq(name_at(&s, 0), "buffer_head");
	ck_assert_uint_eq(repair_cache(s.r, s.ops.items[0].cache)->canon,
			  repair_cache(first, id)->canon);
	repair_destroy(first);
	stream_deinit(&s);
}
END_TEST

/* Slabs of pages 100, 101 ...: a site takes an object of each, which is freed under its name. */
static void add_mixed(struct stream *s, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		stream_page_alloc(s, 100 + i, 0, GFP_SLAB);
		stream_cache_alloc(s, BASE + (100 + i) * 4096, 256, "twsk_alloc+0x1");
		stream_cache_alloc(s, BASE + (100 + i) * 4096 + 256, 256, "twsk_alloc+0x1");
	}
	for (unsigned int i = from; i < to; i++)
		stream_cache_free(s, BASE + (100 + i) * 4096, i % 2 ? "tw_v6" : "tw_v4");
}

/* The names of the objects of slab "i" of "nr", as their allocations came out. */
static void check_mixed(struct stream *s, size_t first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const char *want = i % 2 ? "tw_v6" : "tw_v4";

		ck_assert_str_eq(name_at(s, first + 3 * i), want);
		ck_assert_str_eq(name_at(s, first + 3 * i + 1), want);
		ck_assert_str_eq(name_at(s, first + 3 * i + 2), want);
	}
}

/* One site, two caches of one size: the slab decides, as soon as one of its objects is named. */
START_TEST(slabs_of_a_mixed_site_are_told_apart)
{
	struct repair *first;
	struct stream s;
	size_t at;

	stream_init(&s);
	stream_teach_base(&s);
	at = s.events.nr;
	add_mixed(&s, 0, 6);
	stream_cache_alloc(&s, BASE + 101 * 4096 + 512, 256, "twsk_alloc+0x1");
	stream_cache_alloc(&s, BASE + 102 * 4096 + 512, 256, "twsk_alloc+0x1");
	stream_run(&s);
	check_mixed(&s, at, 6);
	ck_assert_str_eq(name_at(&s, s.ops.nr - 2), "tw_v6");
	ck_assert_str_eq(name_at(&s, s.ops.nr - 1), "tw_v4");
	ck_assert_uint_eq(s.coverage.nr_named, 6);
	ck_assert_uint_eq(s.coverage.nr_named_late, 1);
	ck_assert_uint_eq(s.coverage.nr_named_wrong, 3);

	/* Who has learned it knows it at once, however late the frees come. */
	first = s.r;
	s.r = NULL;
	vec_reset(&s.ops);
	vec_reset(&s.resolved);
	vec_reset(&s.lists);
	s.batch = 8;
	s.options.learned = first;
	stream_run(&s);
	check_mixed(&s, at, 6);
	ck_assert_uint_eq(s.coverage.nr_named_wrong, 0);
	repair_destroy(first);
	stream_deinit(&s);
}
END_TEST

UNIT_MAIN("repair caches", slabs_of_a_mixed_site_are_told_apart, buckets_are_found_by_their_slabs,
	  no_buckets_without_slabs_of_their_own, slab_bound_late, kmalloc_classes,
	  named_allocations, name_comes_with_the_free, slab_unites, kfree_of_a_cache_object,
	  number_of_caches_is_bounded, what_was_learned_is_known_from_the_start)
