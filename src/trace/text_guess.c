/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel printed this text? Nothing in it says so (but for latency format), yet the masks'
 * words mean different bits in different releases. The spelling of events and masks changed often
 * enough to tell the generations apart: each piece of evidence in the first megabytes raises or
 * lowers the range, and the typical release of the range that is left is taken. --kernel overrides.
 */
#include <config.h>

#include "text.h"
#include "text_scan.h"

#include <string.h>

/* One line per generation, newest first; the first whose mark is found wins. */
struct mark {
	const char *event;  /* a line of this event, or NULL: any */
	const char *sign;   /* that has this in it */
	struct kernel_version kernel;
};

static bool has_sign(const char *head, size_t len, const struct mark *mark);

void text_guess(struct trace *trace, const char *head, size_t len)
{
	static const struct mark marks[] = {
		/* kmem_cache_alloc names its cache; mm_setup_per_zone_wmarks exists */
		{ "kmem_cache_alloc: ", " name=", { 7, 2 } },
		{ "mm_setup_per_zone_wmarks: ", "", { 7, 2 } },
		/* memory allocation profiling renamed the allocators in 6.10 */
		{ NULL, "_noprof+0x", { 6, 12 } },
		{ NULL, "_noprof) ", { 6, 12 } },
		/* the option "fields" shows raw fields since 6.4 */
		{ NULL, " bytes_req=0x", { 6, 12 } },
		{ "mm_page_alloc: ", " order=0x", { 6, 12 } },
		/* NOWAIT did not have NOWARN in it, ATOMIC was a bit: until 6.2 */
		{ "kmalloc: ", " node=", { 6, 1 } },
		{ "kmem_cache_alloc: ", " node=", { 6, 1 } },
		{ NULL, " accounted=", { 6, 0 } },
		{ "mm_page_alloc: ", " pfn=0x", { 5, 15 } },
		{ "kmem_cache_free: ", " name=", { 5, 12 } },
		/* symbols instead of addresses */
		{ "kmalloc: ", "+0x", { 5, 4 } },
		{ "kmem_cache_alloc: ", "+0x", { 5, 4 } },
		{ NULL, "__GFP_RETRY_MAYFAIL", { 4, 19 } },
		{ NULL, "__GFP_", { 4, 9 } },
		{ "kmalloc: ", "|GFP_", { 3, 16 } },
		{ "kmem_cache_alloc: ", "|GFP_", { 3, 16 } },
		{ "mm_page_alloc: ", "|GFP_", { 3, 16 } },
		{ "mm_page_free: ", "", { 4, 9 } },
		{ "mm_pagevec_free: ", "", { 2, 6 } },
		{ "mm_page_free_direct: ", "", { 2, 6 } },
	};
	struct trace_info *info = &trace->info;

	if (info->kernel.major)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!has_sign(head, len, &marks[i]))
			continue;
		info->kernel = marks[i].kernel;
		info->kernel_guessed = true;
		info->era = gfp_era_of_release(info->kernel.major, info->kernel.minor);
		return;
	}
}

/* In the first line of the event that has it, of the first few hundred. */
static bool has_sign(const char *head, size_t len, const struct mark *mark)
{
	const char *end = head + len;
	const char *at = head;

	if (!mark->event)
		return memmem(head, len, mark->sign, strlen(mark->sign)) != NULL;
	for (unsigned int tries = 0; tries < 256; tries++) {
		const char *line_end;

		at = memmem(at, (size_t)(end - at), mark->event, strlen(mark->event));
		if (!at)
			return false;
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			return false;
		if (memmem(at, (size_t)(line_end - at), mark->sign, strlen(mark->sign)))
			return true;
		at = line_end;
	}
	return false;
}
