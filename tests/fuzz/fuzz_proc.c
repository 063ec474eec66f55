/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the kernel's files. Every reader gets every input. What is refused is refused in one
 * line with its place; what is taken and can be written is printed, read and printed again as the
 * same; there are flags of as many pages as there are words.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/proc/snapshot.h"

#include <string.h>

static void check_refused(const struct proc_snapshot *snap, enum proc_file file,
			  const struct error *err);
static void check_taken(const struct proc_snapshot *snap, enum proc_file file);
static void check_ranges(const struct proc_ranges *ranges);
static void check_pages(const struct proc_kpageflags *k, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_snapshot snap;
	struct error err = { "" };
	struct str text;

	str_init(&text);
	str_add_mem(&text, data, size);
	proc_snapshot_init(&snap);
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		if (!proc_snapshot_parse(&snap, file, &text, "fuzz", &err))
			check_refused(&snap, file, &err);
		else if (proc_file_writable(file))
			check_taken(&snap, file);
	}
	if (proc_has(&snap, PROC_DMESG)) {
		check_ranges(&snap.boot.memory);
		check_ranges(&snap.boot.reserved);
	}
	if (proc_has(&snap, PROC_KPAGEFLAGS))
		check_pages(&snap.kpageflags, size);
	proc_snapshot_deinit(&snap);
	str_deinit(&text);
	return 0;
}

static void check_refused(const struct proc_snapshot *snap, enum proc_file file,
			  const struct error *err)
{
	BUG_ON(proc_has(snap, file));
	BUG_ON(strncmp(err->message, "fuzz:", 5) != 0);
	BUG_ON(strlen(err->message) >= sizeof(err->message) - 1);
	for (const char *c = err->message; *c; c++)
		BUG_ON((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f);
}

static void check_taken(const struct proc_snapshot *snap, enum proc_file file)
{
	struct proc_snapshot again;
	struct str printed[2];
	struct error err;

	str_init(&printed[0]);
	str_init(&printed[1]);
	proc_file_print(snap, file, &printed[0]);
	proc_snapshot_init(&again);
	BUG_ON(!proc_snapshot_parse(&again, file, &printed[0], "printed", &err));
	proc_file_print(&again, file, &printed[1]);
	BUG_ON(strcmp(str_text(&printed[0]), str_text(&printed[1])) != 0);
	proc_snapshot_deinit(&again);
	str_deinit(&printed[0]);
	str_deinit(&printed[1]);
}

static void check_ranges(const struct proc_ranges *ranges)
{
	for (size_t i = 0; i < ranges->nr; i++) {
		BUG_ON(ranges->items[i].start >= ranges->items[i].end);
		BUG_ON(i && ranges->items[i - 1].end > ranges->items[i].start);
	}
}

static void check_pages(const struct proc_kpageflags *k, size_t size)
{
	BUG_ON(k->nr_pages != size / 8 || size % 8);
	/* Touches each, for a sanitizer to see. */
	for (uint64_t pfn = 0; pfn <= k->nr_pages; pfn++)
		BUG_ON(proc_page_flags(k, pfn) > UINT16_MAX);
	BUG_ON(proc_page_flags(k, k->nr_pages) != PROC_PAGE_NOPAGE);
}
