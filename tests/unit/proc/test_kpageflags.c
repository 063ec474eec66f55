/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kpageflags: words in pieces of any size, chunks that are alike, bits that are kept. */
#include <config.h>

#include "../../../src/proc/proc_internal.h"
#include "kmreplay/core/rng.h"
#include "unit/unit.h"

#include <string.h>

static void feed_words(struct proc_kpageflags_feed *feed, const uint64_t *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint8_t bytes[8];

		for (unsigned int k = 0; k < 8; k++)
			bytes[k] = (uint8_t)(words[i] >> 8 * k);
		proc_kpageflags_feed(feed, bytes, sizeof(bytes));
	}
}

START_TEST(each_bit_has_its_meaning)
{
	static const struct {
		uint64_t word;
		unsigned int flags;
	} cases[] = {
		{ 0, 0 },
		{ 1ULL << 10, PROC_PAGE_BUDDY },
		{ 1ULL << 7 | 1ULL << 15, PROC_PAGE_SLAB | PROC_PAGE_HEAD },
		{ 1ULL << 16, PROC_PAGE_TAIL },
		{ 1ULL << 20, PROC_PAGE_NOPAGE },
		{ 1ULL << 32, PROC_PAGE_RESERVED },
		/* referenced, up to date, LRU, active, mapped, anonymous, backed by swap */
		{ 0x586c, PROC_PAGE_LRU | PROC_PAGE_MMAP | PROC_PAGE_ANON | PROC_PAGE_OTHER },
		{ 1ULL << 63, PROC_PAGE_OTHER },
	};
	struct proc_snapshot snap;
	struct proc_kpageflags_feed feed = { .to = &snap.kpageflags };
	struct error err;

	proc_snapshot_init(&snap);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		feed_words(&feed, &cases[i].word, 1);
	ck_assert(proc_kpageflags_end(&feed, "file", &err));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_uint_eq(proc_page_flags(&snap.kpageflags, i), cases[i].flags);
	ck_assert_uint_eq(proc_page_flags(&snap.kpageflags, ARRAY_SIZE(cases)), PROC_PAGE_NOPAGE);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(pages_that_are_alike_take_no_memory)
{
	static const uint64_t hole = 1ULL << 20, buddy = 1ULL << 10;
	struct proc_snapshot snap;
	struct proc_kpageflags_feed feed = { .to = &snap.kpageflags };
	const struct proc_kpageflags *k = &snap.kpageflags;

	proc_snapshot_init(&snap);
	for (size_t i = 0; i < 2 * PROC_PAGE_CHUNK; i++)
		feed_words(&feed, &hole, 1);
	for (size_t i = 0; i < 10; i++)
		feed_words(&feed, &buddy, 1);
	feed_words(&feed, &hole, 1);
	ck_assert_uint_eq(k->chunks.nr, 3);
	ck_assert_ptr_null(k->chunks.items[0].flags);
	ck_assert_ptr_null(k->chunks.items[1].flags);
	ck_assert_ptr_nonnull(k->chunks.items[2].flags);
	ck_assert_uint_eq(proc_page_flags(k, 2 * PROC_PAGE_CHUNK - 1), PROC_PAGE_NOPAGE);
	ck_assert_uint_eq(proc_page_flags(k, 2 * PROC_PAGE_CHUNK), PROC_PAGE_BUDDY);
	ck_assert_uint_eq(proc_page_flags(k, 2 * PROC_PAGE_CHUNK + 9), PROC_PAGE_BUDDY);
	ck_assert_uint_eq(proc_page_flags(k, 2 * PROC_PAGE_CHUNK + 10), PROC_PAGE_NOPAGE);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(pieces_of_any_size_are_the_same)
{
	struct proc_snapshot whole, pieces;
	struct proc_kpageflags_feed feed[2] = { { .to = &whole.kpageflags },
						{ .to = &pieces.kpageflags } };
	uint8_t data[4096];
	struct error err;
	struct rng rng;

	rng_init(&rng, 3);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_next(&rng);
	proc_snapshot_init(&whole);
	proc_snapshot_init(&pieces);
	proc_kpageflags_feed(&feed[0], data, sizeof(data));
	for (size_t at = 0, len; at < sizeof(data); at += len) {
		len = MIN((size_t)rng_below(&rng, 20), sizeof(data) - at);
		proc_kpageflags_feed(&feed[1], data + at, len);
	}
	ck_assert(proc_kpageflags_end(&feed[0], "a", &err));
	ck_assert(proc_kpageflags_end(&feed[1], "b", &err));
	ck_assert_uint_eq(whole.kpageflags.nr_pages, sizeof(data) / 8);
	ck_assert_uint_eq(pieces.kpageflags.nr_pages, sizeof(data) / 8);
	for (uint64_t pfn = 0; pfn < sizeof(data) / 8; pfn++)
		ck_assert_uint_eq(proc_page_flags(&whole.kpageflags, pfn),
				  proc_page_flags(&pieces.kpageflags, pfn));
	proc_kpageflags_feed(&feed[0], data, 5);
	ck_assert(!proc_kpageflags_end(&feed[0], "file", &err));
	ck_assert_str_eq(err.message, "file: ends inside of a word, behind page frame 512");
	proc_snapshot_deinit(&whole);
	proc_snapshot_deinit(&pieces);
}
END_TEST

UNIT_MAIN("kpageflags", each_bit_has_its_meaning, pages_that_are_alike_take_no_memory,
	  pieces_of_any_size_are_the_same)
