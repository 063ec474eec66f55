/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose pages are: blocks and objects, by hand and from a stream of events. */
#include <config.h>

#include "kmreplay/replay/owners.h"

#include "unit/repair/stream.h"

static struct owners_block block(uint64_t pfn, unsigned int order, uint64_t number)
{
	return (struct owners_block){
		.pfn = pfn,
		.order = (uint8_t)order,
		.owner = OWNER_KERNEL,
		.asker = { .number = number, .time = number * 10 },
	};
}

START_TEST(the_youngest_block_that_reaches_a_page)
{
	struct owners_block big = block(0x400, 3, 1), small = block(0x404, 0, 2);
	struct owners owners;

	/* |0 . . . . . . 7|, and later |4| alone */
	owners_init(&owners);
	ck_assert_ptr_null(owners_find(&owners, 0x400));
	owners_add_block(&owners, &big);
	ck_assert_uint_eq(owners_find(&owners, 0x400)->asker.number, 1);
	ck_assert_uint_eq(owners_find(&owners, 0x407)->asker.number, 1);
	ck_assert_ptr_null(owners_find(&owners, 0x408));
	ck_assert_ptr_null(owners_find(&owners, 0x3ff));
	owners_add_block(&owners, &small);
	ck_assert_uint_eq(owners_find(&owners, 0x404)->asker.number, 2);
	ck_assert_uint_eq(owners_find(&owners, 0x405)->asker.number, 1);
	/* The whole is freed: all of its pages are gone, and a new one is there again. */
	owners_free_block(&owners, 0x400, 3, 3);
	ck_assert(owners_find(&owners, 0x404)->gone);
	ck_assert(owners_find(&owners, 0x400)->gone);
	small.asker.number = 4;
	owners_add_block(&owners, &small);
	ck_assert(!owners_find(&owners, 0x404)->gone);
	ck_assert(owners_find(&owners, 0x405)->gone);
	owners_deinit(&owners);
}
END_TEST

START_TEST(a_moved_block_keeps_its_owner)
{
	struct owners_block moved = block(0x10, 0, 7);
	struct owners owners;

	owners_init(&owners);
	moved.asker.site = 5;
	owners_add_block(&owners, &moved);
	owners_move_block(&owners, 0x10, 0x99);
	ck_assert_uint_eq(owners_find(&owners, 0x99)->asker.site, 5);
	owners_move_block(&owners, 0x12345, 0x100); /* of nobody that is known */
	ck_assert_ptr_null(owners_find(&owners, 0x100));
	owners_deinit(&owners);
}
END_TEST

START_TEST(objects_by_call_site)
{
	const struct owners_asker a = { .site = 1, .time = 50 }, b = { .site = 2, .time = 20 };
	struct owners_block slab = block(8, 1, 1);
	struct owners_sites sites = { 0 };
	struct owners owners;

	owners_init(&owners);
	owners.direct_map = BASE;
	slab.owner = OWNER_SLAB;
	owners_add_block(&owners, &slab);
	owners_set_object(&owners, 0, BASE + 8 * 4096, &a);
	owners_set_object(&owners, 1, BASE + 9 * 4096 + 100, &b);
	owners_set_object(&owners, 2, BASE + 10 * 4096 - 1, &b);
	owners_set_object(&owners, 3, BASE + 10 * 4096, &b); /* the next page */
	ck_assert_uint_eq(owners_find(&owners, 9)->asker.site, 1); /* the first object's */
	owners_objects_in(&owners, &slab, &sites);
	ck_assert_uint_eq(sites.nr, 3);
	ck_assert_uint_eq(sites.list.nr, 2);
	ck_assert_uint_eq(sites.list.items[0].site, 2);
	ck_assert_uint_eq(sites.list.items[0].nr, 2);
	ck_assert_uint_eq(sites.list.items[0].oldest, 20);
	owners_set_object(&owners, 1, 0, NULL);
	owners_set_object(&owners, 1000, 0, NULL);
	owners_objects_in(&owners, &slab, &sites);
	ck_assert_uint_eq(sites.nr, 2);
	owners_sites_deinit(&sites);
	owners_deinit(&owners);
}
END_TEST

/* Feeds the whole stream; its events have their effect as owners_until() says. */
static void feed(struct owners *owners, struct stream *s)
{
	struct event_batch batch;
	struct repair_batch out;

	s->r = repair_create(&s->options, &s->names);
	event_batch_init(&batch, s->events.nr);
	memcpy(batch.events, s->events.items, s->events.nr * sizeof(*batch.events));
	batch.nr = s->events.nr;
	repair_push(s->r, &batch);
	repair_finish(s->r);
	while (repair_pull(s->r, &out))
		owners_feed(owners, s->r, &out);
	event_batch_deinit(&batch);
}

START_TEST(a_stream_has_its_effect_event_by_event)
{
	struct owners_sites sites = { 0 };
	const struct owners_block *found;
	struct owners owners;
	struct stream s;
	uint64_t first;

	stream_init(&s);
	owners_init(&owners);
	stream_teach_base(&s);
	first = s.events.nr;
	stream_page_alloc(&s, 0x100, 0, GFP_SLAB);                        /* + 0 */
	stream_cache_alloc(&s, BASE + 0x100000, 128, "make_it+0x10");     /* + 1 */
	stream_cache_alloc(&s, BASE + 0x100080, 128, "make_more+0x20");   /* + 2 */
	stream_page_alloc(&s, 0x200, 2, GFP_BITS_KERNEL);                 /* + 3 */
	stream_page_free(&s, 0x200, 2);                                   /* + 4 */
	stream_cache_free(&s, BASE + 0x100000, "dentry");                 /* + 5 */
	feed(&owners, &s);
	ck_assert_ptr_null(owners_find(&owners, 0x100));
	owners_until(&owners, first + 1);
	found = owners_find(&owners, 0x100);
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found->owner, OWNER_SLAB);
	ck_assert_uint_eq(found->asker.number, first);
	ck_assert_uint_eq(found->asker.site, 0);
	owners_until(&owners, first + 3);
	ck_assert_uint_eq(owners_find(&owners, 0x100)->asker.site, stream_site(&s, "make_it+0x10"));
	owners_objects_in(&owners, owners_find(&owners, 0x100), &sites);
	ck_assert_uint_eq(sites.nr, 2);
	ck_assert_ptr_null(owners_find(&owners, 0x203));
	owners_until(&owners, first + 4);
	ck_assert(!owners_find(&owners, 0x203)->gone);
	owners_until(&owners, first + 5);
	ck_assert(owners_find(&owners, 0x203)->gone);
	owners_until(&owners, UINT64_MAX);
	owners_objects_in(&owners, owners_find(&owners, 0x100), &sites);
	ck_assert_uint_eq(sites.nr, 1);
	ck_assert_uint_eq(sites.list.items[0].site, stream_site(&s, "make_more+0x20"));
	owners_sites_deinit(&sites);
	owners_deinit(&owners);
	stream_deinit(&s);
}
END_TEST

UNIT_MAIN("owners", the_youngest_block_that_reaches_a_page, a_moved_block_keeps_its_owner,
	  objects_by_call_site, a_stream_has_its_effect_event_by_event)
