/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/kpageflags: one 64-bit word a page frame, in the byte order of the machine, which is taken
 * to be little-endian. Kept are two bytes a page, and none for 128 MiB that are alike, so that the
 * holes of a large machine cost nothing.
 */
#include <config.h>

#include "proc_internal.h"

#include <stdlib.h>
#include <string.h>

/** Bits of the kernel's word (include/uapi/linux/kernel-page-flags.h) and what is kept of them. */
static const struct {
	uint8_t bit;
	uint16_t flag; /**< 0: says what the page holds, not what it is used for */
} page_bits[] = {
	{ 0, 0 },                     /* locked */
	{ 1, 0 },                     /* error */
	{ 2, 0 },                     /* referenced */
	{ 3, 0 },                     /* up to date */
	{ 4, 0 },                     /* dirty */
	{ 5, PROC_PAGE_LRU },
	{ 6, 0 },                     /* active */
	{ 7, PROC_PAGE_SLAB },
	{ 8, 0 },                     /* under writeback */
	{ 9, 0 },                     /* to be reclaimed */
	{ 10, PROC_PAGE_BUDDY },
	{ 11, PROC_PAGE_MMAP },
	{ 12, PROC_PAGE_ANON },
	{ 15, PROC_PAGE_HEAD },
	{ 16, PROC_PAGE_TAIL },
	{ 17, PROC_PAGE_HUGE },
	{ 18, PROC_PAGE_UNEVICTABLE },
	{ 19, PROC_PAGE_HWPOISON },
	{ 20, PROC_PAGE_NOPAGE },
	{ 22, PROC_PAGE_THP },
	{ 23, PROC_PAGE_OFFLINE },
	{ 25, 0 },                    /* idle */
	{ 26, PROC_PAGE_PGTABLE },
	{ 32, PROC_PAGE_RESERVED },
};

static void add_word(struct proc_kpageflags *k, uint64_t word);
static uint16_t kept_flags(uint64_t word);
static uint64_t load_word(const uint8_t *bytes);

static void clear_kpageflags(struct proc_snapshot *snap)
{
	vec_foreach(&snap->kpageflags.chunks, chunk)
		free(chunk->flags);
	vec_deinit(&snap->kpageflags.chunks);
	snap->kpageflags.nr_pages = 0;
}

const struct proc_file_ops proc_kpageflags_ops = { NULL, NULL, clear_kpageflags };

void proc_kpageflags_feed(struct proc_kpageflags_feed *feed, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (feed->nr_rest && at < len) {
		feed->rest[feed->nr_rest++] = data[at++];
		if (feed->nr_rest == sizeof(feed->rest)) {
			add_word(feed->to, load_word(feed->rest));
			feed->nr_rest = 0;
		}
	}
	for (; len - at >= sizeof(feed->rest); at += sizeof(feed->rest))
		add_word(feed->to, load_word(data + at));
	while (at < len)
		feed->rest[feed->nr_rest++] = data[at++];
}

bool proc_kpageflags_end(struct proc_kpageflags_feed *feed, const char *name, struct error *err)
{
	if (feed->nr_rest)
		return error_set(err, "%s: ends inside of a word, behind page frame %llu", name,
				 (unsigned long long)feed->to->nr_pages);
	return feed->to->nr_pages || error_set(err, "%s: empty", name);
}

static void add_word(struct proc_kpageflags *k, uint64_t word)
{
	size_t at = k->nr_pages++ % PROC_PAGE_CHUNK;
	uint16_t flags = kept_flags(word);
	struct proc_page_chunk *chunk;

	if (!at)
		vec_push(&k->chunks, (struct proc_page_chunk){ NULL, flags });
	chunk = &k->chunks.items[k->chunks.nr - 1];
	if (!chunk->flags && flags != chunk->same) {
		chunk->flags = xmalloc(PROC_PAGE_CHUNK * sizeof(*chunk->flags));
		for (size_t i = 0; i < PROC_PAGE_CHUNK; i++)
			chunk->flags[i] = i < at ? chunk->same : PROC_PAGE_NOPAGE;
	}
	if (chunk->flags)
		chunk->flags[at] = flags;
}

static uint16_t kept_flags(uint64_t word)
{
	uint16_t flags = 0;

	/* Most words are one of few; an array for each would not be faster. */
	for (size_t i = 0; word && i < ARRAY_SIZE(page_bits); i++) {
		if (word >> page_bits[i].bit & 1)
			flags |= page_bits[i].flag;
		word &= ~(1ULL << page_bits[i].bit);
	}
	return word ? flags | PROC_PAGE_OTHER : flags;
}

static uint64_t load_word(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < 8; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}
