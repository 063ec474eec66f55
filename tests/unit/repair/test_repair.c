/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fates, kinds and slots of objects and areas; the conservation law; the window; memory. */
#include <config.h>

#include "stream_check.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/event/desc.h"

#include <sys/resource.h>

START_TEST(objects_pair_by_address)
{
	struct stream s;

	stream_init(&s);
	stream_kmalloc(&s, BASE + 0x1000, 60, 64);
	stream_kmalloc(&s, BASE + 0x2000, 60, 64);
	stream_kfree(&s, BASE + 0x1000);
	stream_kmalloc(&s, BASE + 0x3000, 9000, 12288);
	stream_kfree(&s, BASE + 0x3000);
	stream_cache_free(&s, BASE + 0x2000, "kmalloc-64");
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_KMALLOC, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.ops.items[0].slot, 0);
	ck_assert_uint_eq(s.ops.items[1].slot, 1);
	stream_expect(&s.ops.items[2], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.ops.items[2].slot, 0);
	ck_assert_uint_eq(s.ops.items[2].cache, s.ops.items[0].cache);
	stream_expect(&s.ops.items[3], CALL_KMALLOC_LARGE, FATE_DIRECT, REPAIR_NONE);
	/* The slot given back last is taken first: what a machine keeps by slot stays dense. */
	ck_assert_uint_eq(s.ops.items[3].slot, 0);
	stream_expect(&s.ops.items[4], CALL_LARGE_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[5], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(repair_nr_slots(s.r), 2);
	ck_assert_uint_eq(s.coverage.live, 0);
	ck_assert_uint_eq(s.coverage.peak_live, 2);
	stream_done(&s);
}
END_TEST

START_TEST(frees_of_nothing_are_skipped)
{
	static const uint64_t none[] = { 0, 16, UINT64_MAX, UINT64_MAX - 11, UINT64_MAX - 4094 };
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		stream_kfree(&s, none[i]);
	stream_kfree(&s, UINT64_MAX - 4095);
	stream_kfree(&s, BASE);
	stream_run(&s);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		stream_expect(&s.ops.items[i], CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_NULL_FREE);
	stream_expect(stream_op(&s, 1), CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_expect(stream_op(&s, 0), CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	ck_assert_uint_eq(stream_op(&s, 0)->slot, REPAIR_NO_SLOT);
	stream_done(&s);
}
END_TEST

START_TEST(error_pointers_of_32_bits)
{
	struct stream s;

	stream_init(&s);
	s.options.long_is_32 = true;
	stream_kfree(&s, 0xfffffff4);
	stream_kfree(&s, 0xffffefff);
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_NULL_FREE);
	stream_expect(&s.ops.items[1], CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_done(&s);
}
END_TEST

START_TEST(failed_requests_give_no_object)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	stream_kmalloc(&s, 0, 64, 64);
	stream_kmalloc(&s, 0, 9000, 12288);
	stream_cache_alloc(&s, 0, 192, "f+0x1");
	stream_page_alloc(&s, EVENT_PFN_FAILED, 3, GFP_SLAB);
	ev = stream_add(&s, EVENT_PCPU_ALLOC_FAIL);
	ev->percpu.size = 8;
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = 1ULL << 46;
	ev->flags |= EVENT_F_FAILED;
	ev = stream_add(&s, EVENT_VMAP_ALLOC);
	ev->vmap.addr = (uint64_t)-2;
	ev = stream_add(&s, EVENT_CMA_FINISH);
	ev->cma.errorno = -12;
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_KMALLOC, FATE_SKIPPED, REPAIR_FAILED);
	ck_assert_uint_ne(s.ops.items[0].cache, 0);
	stream_expect(&s.ops.items[1], CALL_KMALLOC_LARGE, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[2], CALL_CACHE_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[3], CALL_PAGE_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[4], CALL_PCPU_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[5], CALL_VMAP_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[6], CALL_VMAP_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	stream_expect(&s.ops.items[7], CALL_CMA_ALLOC, FATE_SKIPPED, REPAIR_FAILED);
	ck_assert_uint_eq(repair_nr_slots(s.r), 0);
	stream_done(&s);
}
END_TEST

START_TEST(allocation_over_a_live_object_frees_it)
{
	struct stream s;

	stream_init(&s);
	stream_kmalloc(&s, BASE + 64, 64, 64);
	stream_kmalloc(&s, BASE + 128, 64, 64);
	stream_kmalloc(&s, BASE + 64, 50, 64);
	stream_kfree(&s, BASE + 64);
	stream_kfree(&s, BASE + 64);
	stream_run(&s);
	stream_expect(&s.ops.items[2], CALL_KMALLOC, FATE_REPAIRED, REPAIR_UNSEEN_FREE);
	ck_assert_uint_eq(s.ops.items[2].implied_free, 0);
	stream_expect(&s.ops.items[3], CALL_OBJ_FREE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.ops.items[3].slot, s.ops.items[2].slot);
	stream_expect(&s.ops.items[4], CALL_OBJ_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_done(&s);
}
END_TEST

START_TEST(second_event_of_a_large_kmalloc)
{
	struct stream s;
	uint32_t inner, caller;

	stream_init(&s);
	inner = stream_site(&s, "__kmalloc_noprof+0x10/0x20");
	caller = stream_site(&s, "driver_probe+0x99/0x200");
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = inner;
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = caller;
	stream_kfree(&s, BASE + 0x10000);
	/* Freed in between: two requests. */
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = inner;
	stream_kfree(&s, BASE + 0x10000);
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = caller;
	/* The same caller again: a free was not seen. */
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = caller;
	/* Another task: not the same request. */
	s.pid++;
	stream_kmalloc(&s, BASE + 0x10000, 10000, 12288)->site = inner;
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_KMALLOC_LARGE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.resolved.items[0].site, caller);
	stream_expect(&s.ops.items[1], CALL_KMALLOC_LARGE, FATE_SKIPPED, REPAIR_DUPLICATE);
	ck_assert_uint_eq(s.ops.items[1].slot, s.ops.items[0].slot);
	stream_expect(&s.ops.items[2], CALL_LARGE_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[3], CALL_KMALLOC_LARGE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.resolved.items[3].site, inner);
	stream_expect(&s.ops.items[5], CALL_KMALLOC_LARGE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[6], CALL_KMALLOC_LARGE, FATE_REPAIRED, REPAIR_UNSEEN_FREE);
	stream_expect(&s.ops.items[7], CALL_KMALLOC_LARGE, FATE_REPAIRED, REPAIR_UNSEEN_FREE);
	stream_done(&s);
}
END_TEST

START_TEST(bulk_free_ends_what_was_seen)
{
	const uint64_t ptrs[] = { BASE + 64, BASE + 128, 0, BASE + 999, BASE + 64 };
	struct stream s;

	stream_init(&s);
	stream_kmalloc(&s, BASE + 64, 64, 64);
	stream_kmalloc(&s, BASE + 128, 64, 64);
	stream_kmalloc(&s, BASE + 192, 64, 64);
	stream_add(&s, EVENT_PROBE_BULK_FREE)->bulk.nr = 100;
	stream_add(&s, EVENT_PROBE_BULK_FREE)->bulk.nr = 5;
	stream_kmalloc(&s, BASE + 64, 64, 64);
	stream_run_ptrs(&s, ptrs, ARRAY_SIZE(ptrs));
	stream_expect(&s.ops.items[3], CALL_BULK_FREE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.lists.items[s.ops.items[3].implied_free], 2);
	stream_expect(&s.ops.items[4], CALL_BULK_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	ck_assert_uint_eq(s.ops.items[4].implied_free, REPAIR_NO_SLOT);
	stream_expect(&s.ops.items[5], CALL_KMALLOC, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.coverage.live, 2);
	stream_done(&s);
}
END_TEST

/* The probe reads as many words as it was told to; behind the last object they are anything. */
START_TEST(bulk_free_ends_no_more_than_it_says)
{
	const uint64_t ptrs[] = { BASE + 64, BASE + 128, BASE + 192 };
	struct stream s;

	stream_init(&s);
	stream_kmalloc(&s, BASE + 64, 64, 64);
	stream_kmalloc(&s, BASE + 128, 64, 64);
	stream_kmalloc(&s, BASE + 192, 64, 64);
	stream_add(&s, EVENT_PROBE_BULK_FREE)->bulk.nr = 1;
	stream_run_ptrs(&s, ptrs, ARRAY_SIZE(ptrs));
	stream_expect(&s.ops.items[3], CALL_BULK_FREE, FATE_DIRECT, REPAIR_NONE);
	ck_assert_uint_eq(s.lists.items[s.ops.items[3].implied_free], 1);
	ck_assert_uint_eq(s.coverage.live, 2);
	stream_done(&s);
}
END_TEST

START_TEST(areas_percpu_and_cma_pair_too)
{
	struct stream s;

	stream_init(&s);
	stream_add(&s, EVENT_VMAP_ALLOC)->vmap.addr = 0xffffc90000000000;
	stream_add(&s, EVENT_PCPU_ALLOC)->percpu.ptr = 0x60fd84e03000;
	stream_add(&s, EVENT_CMA_FINISH)->cma.pfn = 0x1000;
	s.events.items[2].cma.count = 8;
	stream_add(&s, EVENT_VMAP_FREE)->range.start = 0xffffc90000000000;
	stream_add(&s, EVENT_PCPU_FREE)->percpu.ptr = 0x60fd84e03000;
	stream_add(&s, EVENT_CMA_RELEASE)->cma.pfn = 0x1000;
	s.events.items[5].cma.count = 4;
	stream_add(&s, EVENT_PCPU_FREE)->percpu.ptr = 0x60fd84e03000;
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_VMAP_ALLOC, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[1], CALL_PCPU_ALLOC, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[2], CALL_CMA_ALLOC, FATE_DIRECT, REPAIR_NONE);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(s.ops.items[i].slot, s.ops.items[i + 3].slot);
	stream_expect(&s.ops.items[3], CALL_VMAP_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[4], CALL_PCPU_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[5], CALL_CMA_FREE, FATE_REPAIRED, REPAIR_MISMATCH);
	stream_expect(&s.ops.items[6], CALL_PCPU_FREE, FATE_SKIPPED, REPAIR_UNSEEN_ALLOC);
	stream_done(&s);
}
END_TEST

START_TEST(probes_stand_in_for_missing_tracepoints)
{
	struct stream s;
	struct event *ev;

	stream_init(&s);
	ev = stream_add(&s, EVENT_PROBE_VA_ALLOC);
	ev->probe.addr = 0xffffc90000000000;
	ev->probe.size = 0xffffc90000003000;
	stream_add(&s, EVENT_PROBE_VA_FREE)->probe.addr = 0xffffc90000000000;
	stream_add(&s, EVENT_VMAP_ALLOC)->vmap.addr = 0xffffc90000004000;
	stream_add(&s, EVENT_PROBE_VA_ALLOC)->probe.addr = 0xffffc90000004000;
	stream_run(&s);
	stream_expect(&s.ops.items[0], CALL_VMAP_ALLOC, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[1], CALL_VMAP_FREE, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[2], CALL_VMAP_ALLOC, FATE_DIRECT, REPAIR_NONE);
	stream_expect(&s.ops.items[3], CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE);
	stream_done(&s);
}
END_TEST

START_TEST(passive_events)
{
	static const struct {
		enum event_type type;
		enum repair_call call;
		enum repair_fate fate;
		enum repair_kind kind;
	} cases[] = {
		{ EVENT_ZONE_LOCKED, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_PCPU_DRAIN, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_EXTFRAG, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_COMPACT_BEGIN, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_COMPACT_ISO_FAST, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_RECLAIM_BEGIN, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_PCPU_CHUNK_CREATE, CALL_NONE, FATE_EXPLAINED, REPAIR_NONE },
		{ EVENT_PAGE_FREE_BATCHED, CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_DUPLICATE },
		{ EVENT_PAGEVEC_FREE, CALL_PAGE_FREE, FATE_SKIPPED, REPAIR_DUPLICATE },
		{ EVENT_ZONE_WMARKS, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
		{ EVENT_RSS_STAT, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
		{ EVENT_OOM_VICTIM, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
		{ EVENT_MARK, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
		{ EVENT_OTHER, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
		{ EVENT_PROBE_VM_REQ, CALL_NONE, FATE_SKIPPED, REPAIR_NOTICE },
	};
	struct stream s;

	stream_init(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		stream_add(&s, cases[i].type);
	stream_run(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		stream_expect(&s.ops.items[i], cases[i].call, cases[i].fate, cases[i].kind);
	stream_done(&s);
}
END_TEST

START_TEST(losses_are_counted)
{
	struct stream s;

	stream_init(&s);
	stream_kmalloc(&s, BASE, 64, 64);
	stream_kfree(&s, BASE)->flags |= EVENT_F_LOST;
	stream_kfree(&s, BASE);
	stream_run(&s);
	ck_assert_uint_eq(s.coverage.nr_loss_marks, 1);
	stream_done(&s);
}
END_TEST

/* The window: nothing comes out before enough events stand behind it, all of it at the end. */
START_TEST(window_holds_back)
{
	struct stream s;
	struct event_batch batch;
	struct repair_batch out;
	struct repair *r;
	size_t pushed = 0, pulled = 0;

	stream_init(&s);
	r = repair_create(&s.options, &s.names);
	event_batch_init(&batch, 1000);
	ck_assert(!repair_pull(r, &out));
	for (unsigned int n = 0; n < 20; n++) {
		for (batch.nr = 0; batch.nr < 1000; batch.nr++)
			batch.events[batch.nr] = (struct event){ .type = EVENT_OTHER };
		repair_push(r, &batch);
		ck_assert_uint_eq(batch.nr, 0);
		ck_assert_uint_eq(batch.cap, 1000);
		pushed += 1000;
		while (repair_pull(r, &out)) {
			pulled += out.batch->nr;
			ck_assert_uint_ge(pushed - pulled, 4096);
		}
	}
	ck_assert_uint_eq(pulled, 15000);
	repair_finish(r);
	while (repair_pull(r, &out))
		pulled += out.batch->nr;
	ck_assert_uint_eq(pulled, pushed);
	ck_assert(!repair_pull(r, &out));
	event_batch_deinit(&batch);
	repair_destroy(r);
	stream_deinit(&s);
}
END_TEST

START_TEST(destroyed_with_batches_inside)
{
	struct stream s;
	struct event_batch batch;
	struct repair_batch out;
	struct repair *r;

	stream_init(&s);
	r = repair_create(&s.options, &s.names);
	event_batch_init(&batch, 4096);
	for (unsigned int n = 0; n < 3; n++) {
		for (batch.nr = 0; batch.nr < 4096; batch.nr++)
			batch.events[batch.nr] = (struct event){ .type = EVENT_OTHER };
		repair_push(r, &batch);
	}
	ck_assert(repair_pull(r, &out));
	event_batch_deinit(&batch);
	repair_destroy(r);
	repair_destroy(NULL);
	stream_deinit(&s);
}
END_TEST

/* Any bytes as events, few addresses and pfns so that they meet, and then all of them wild. */
static void fill_random(struct stream *s, struct rng *rng, bool wild)
{
	struct event *ev = stream_add(s, (enum event_type)rng_below(rng, EVENT_NR));
	uint64_t pfn = rng_below(rng, 64);
	unsigned int order = (unsigned int)rng_below(rng, 6);

	ev->flags = (uint8_t)rng_next(rng);
	if (rng_below(rng, 4))
		ev->flags &= (uint8_t)~(EVENT_F_FAILED | EVENT_F_LOST);
	ev->pid = (int32_t)rng_below(rng, 3);
	ev->cpu = (uint16_t)rng_below(rng, wild ? 65536 : 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(ev->raw); i++)
		ev->raw[i] = rng_next(rng) >> rng_below(rng, 64);
	switch (event_desc(ev->type)->payload) {
	case EVENT_PAYLOAD_SLAB:
		ev->slab.name = rng_below(rng, 4) ? 0 : (uint32_t)rng_below(rng, 8);
		ev->site = (uint32_t)rng_below(rng, 4);
		if (wild)
			break;
		ev->slab.ptr = rng_below(rng, 50) ? BASE + pfn * 4096 + rng_below(rng, 8) * 64 : 0;
		ev->slab.bytes_alloc = 8ULL << rng_below(rng, 14);
		ev->slab.bytes_req = rng_below(rng, ev->slab.bytes_alloc + 1);
		break;
	case EVENT_PAYLOAD_PAGE:
		if (wild)
			break;
		ev->page.order = (uint8_t)(rng_below(rng, 20) ? order : rng_next(rng));
		ev->page.pfn = rng_below(rng, 8) ? pfn >> order << order : pfn;
		if (rng_below(rng, 2))
			ev->page.gfp = GFP_SLAB;
		break;
	case EVENT_PAYLOAD_VMAP:
		ev->vmap.addr = pfn << 12;
		break;
	case EVENT_PAYLOAD_RANGE:
		ev->range.start = pfn << 12;
		break;
	case EVENT_PAYLOAD_PERCPU:
		ev->percpu.ptr = pfn << 4;
		break;
	case EVENT_PAYLOAD_CMA:
		ev->cma.pfn = pfn;
		ev->cma.errorno = 0;
		break;
	default:
		break;
	}
}

static void run_random(unsigned int seed)
{
	static const size_t batches[] = { 1, 7, 1000, 4096 };
	struct rng rng;
	struct stream s;
	uint64_t ptrs[6];

	rng_init(&rng, seed);
	stream_init(&s);
	s.batch = batches[seed % 4];
	s.options.hashed_ptrs = seed % 8 == 7;
	for (unsigned int i = 0; i < 7; i++) {
		char text[] = "func_0+0x10/0x20";

		text[5] = (char)('0' + i);
		(void)stream_site(&s, text);
		(void)intern_add(&s.names.texts, text, 6);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ptrs); i++)
		ptrs[i] = BASE + 4096 * i;
	if (seed % 2)
		stream_teach_base(&s);
	for (unsigned int i = 0; i < 20000; i++)
		fill_random(&s, &rng, seed % 4 == 3);
	stream_run_ptrs(&s, ptrs, ARRAY_SIZE(ptrs));
	stream_done(&s);
}

START_TEST(law_holds_on_random_streams)
{
	for (unsigned int seed = 0; seed < 16; seed++)
		run_random(seed);
}
END_TEST

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Ten million events of allocation and free over a live set of a thousand: flat. */
START_TEST(memory_follows_the_live_set)
{
	enum { LIVE = 1000, ROUNDS = 10000 };
	struct event_batch batch;
	struct repair_batch out;
	struct stream s;
	struct repair *r;
	long before = 0;

	stream_init(&s);
	r = repair_create(&s.options, &s.names);
	event_batch_init(&batch, LIVE);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool alloc = round % 2 == 0;

		for (batch.nr = 0; batch.nr < LIVE; batch.nr++) {
			struct event *ev = &batch.events[batch.nr];
			uint64_t n = (uint64_t)(round / 2) * LIVE + batch.nr;

			*ev = (struct event){ .type = alloc ? EVENT_KMALLOC : EVENT_KFREE };
			if (batch.nr % 4) {
				ev->slab.ptr = BASE + n * 64;
				ev->slab.bytes_req = ev->slab.bytes_alloc = 64;
			} else {
				ev->type = alloc ? EVENT_PAGE_ALLOC : EVENT_PAGE_FREE;
				ev->page.pfn = n + 1;
				ev->page.gfp = GFP_SLAB;
			}
		}
		repair_push(r, &batch);
		while (repair_pull(r, &out))
			continue;
		if (round == ROUNDS / 10)
			before = peak_kib();
	}
	ck_assert_uint_eq(repair_coverage(r)->live, 0);
	ck_assert_uint_le(repair_nr_slots(r), LIVE);
	ck_assert_int_le(peak_kib() - before, 1024);
	event_batch_deinit(&batch);
	repair_destroy(r);
	stream_deinit(&s);
}
END_TEST

UNIT_MAIN("repair", objects_pair_by_address, frees_of_nothing_are_skipped,
	  error_pointers_of_32_bits, failed_requests_give_no_object,
	  allocation_over_a_live_object_frees_it, second_event_of_a_large_kmalloc,
	  bulk_free_ends_what_was_seen, bulk_free_ends_no_more_than_it_says,
	  areas_percpu_and_cma_pair_too, probes_stand_in_for_missing_tracepoints, passive_events,
	  losses_are_counted, window_holds_back, destroyed_with_batches_inside,
	  law_holds_on_random_streams, memory_follows_the_live_set)
