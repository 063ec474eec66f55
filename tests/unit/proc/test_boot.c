/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot log: which memory was reserved when the buddy allocator began, against what the same
 * kernels said of it by other means; and single messages in all their spellings.
 */
#include <config.h>

#include "snapshot_fixture.h"

#include <string.h>

#define DUMP                                                                                  \
	"[    0.01] MEMBLOCK configuration:\n"                                              \
	"[    0.01]  memory size = 0x2000 reserved size = 0x1000\n"                         \
	"[    0.01]  memory.cnt  = 0x1\n"                                                   \
	"[    0.01]  memory[0x0]\t[0x0000000000001000-0x000000000000ffff], 0xf000 bytes"    \
	" on node 0 flags: 0x0\n"                                                             \
	"[    0.01]  reserved.cnt  = 0x1\n"                                                 \
	"[    0.01]  reserved[0x0]\t[0x0000000000002000-0x0000000000002fff], 0x1000 bytes"  \
	" flags: 0x0\n"
#define SLUB "[    0.02] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1\n"

/* Does the page at "page" hold a byte that was reserved? */
static bool is_reserved(const struct proc_boot *boot, uint64_t page)
{
	for (size_t i = 0; i < boot->reserved.nr; i++)
		if (boot->reserved.items[i].start < page + KERNEL_PAGE_SIZE &&
		    boot->reserved.items[i].end > page)
			return true;
	return false;
}

/* Pages of memory that touch nothing reserved. */
static uint64_t nr_free(const struct proc_boot *boot)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < boot->memory.nr; i++) {
		const struct proc_range *range = &boot->memory.items[i];

		for (uint64_t at = range->start; at < range->end; at += KERNEL_PAGE_SIZE)
			nr += !is_reserved(boot, at);
	}
	return nr;
}

/*
 * i386 defers nothing and says right away how much went to the buddy allocator: to the page what is
 * left of memory.
 */
START_TEST(what_is_not_reserved_is_what_the_kernel_had)
{
	struct proc_snapshot snap;

	fixture_read(&snap, "linux-6.1-i386");
	ck_assert(snap.boot.reserved_known);
	ck_assert_uint_eq(snap.boot.available, 1724404ULL << 10);
	ck_assert_uint_eq(nr_free(&snap.boot) * KERNEL_PAGE_SIZE, snap.boot.available);
	proc_snapshot_deinit(&snap);
}
END_TEST

/* Pages of "range" that the kernel calls reserved; each was so from the beginning. */
static uint64_t check_reserved(const struct proc_snapshot *snap, const struct proc_range *range)
{
	uint64_t nr = 0;

	for (uint64_t page = range->start; page < range->end; page += KERNEL_PAGE_SIZE) {
		uint64_t pfn = page >> KERNEL_PAGE_SHIFT;

		if (!(proc_page_flags(&snap->kpageflags, pfn) & PROC_PAGE_RESERVED))
			continue;
		ck_assert(is_reserved(&snap->boot, page));
		nr++;
	}
	return nr;
}

START_TEST(reserved_pages_were_reserved_at_boot)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixture_names); i++) {
		struct proc_snapshot snap;
		uint64_t nr = 0;

		fixture_read(&snap, fixture_names[i]);
		ck_assert(snap.boot.reserved_known);
		for (size_t k = 0; k < snap.boot.memory.nr; k++)
			nr += check_reserved(&snap, &snap.boot.memory.items[k]);
		ck_assert_uint_gt(nr, 5000);
		proc_snapshot_deinit(&snap);
	}
}
END_TEST

START_TEST(a_real_log_tells_of_its_machine)
{
	struct proc_snapshot snap;
	const struct proc_boot *boot = &snap.boot;

	fixture_read(&snap, "linux-7.2");
	ck_assert_str_eq(boot->release, "7.2.12+deb13-amd64");
	ck_assert_uint_eq(snap.kernel.major, 7);
	ck_assert_str_eq(boot->cmdline, snap.cmdline);
	ck_assert_uint_eq(boot->nr_cpus, 2);
	ck_assert_uint_eq(boot->nr_cpus_online, 2);
	ck_assert_uint_eq(boot->nr_nodes, 1);
	ck_assert_uint_eq(boot->zones.nr, 4);
	ck_assert_str_eq(boot->zones.items[1].name, "DMA32");
	ck_assert_uint_eq(boot->zones.items[1].start, 1 << 24);
	ck_assert_uint_eq(boot->zones.items[1].end, 1ULL << 32);
	ck_assert_uint_eq(boot->zones.items[3].start, boot->zones.items[3].end);
	ck_assert_uint_eq(boot->memory.nr, 3);
	ck_assert_int_eq(boot->memory.items[0].node, 0);
	ck_assert_uint_eq(boot->memory.items[0].start, 4096);
	ck_assert_uint_eq(boot->memory.items[0].end, 0x9f000);
	ck_assert_uint_eq(boot->ramdisk.end, 0x2ffd0000);
	ck_assert(boot->percpu.known);
	ck_assert_uint_eq(boot->percpu.unit_size, 1 << 20);
	ck_assert_uint_eq(boot->freed.nr, 6);
	ck_assert_str_eq(boot->freed.items[1].what, "initrd");
	ck_assert_uint_eq(boot->freed.items[1].size, 1832 << 10);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(dumps_and_lines_are_replayed_in_their_order)
{
	static const struct {
		const char *text;
		const char *reserved; /* "start-end ..." in pages */
		bool known;
	} cases[] = {
		{ DUMP SLUB, "2-3", true },
		/* What came before the dump is in it, or was freed. */
		{ "memblock_reserve: [0x4000-0x4fff] f\n" DUMP SLUB, "2-3", true },
		{ DUMP "memblock_reserve: [0x4000-0x4fff] f+0x1/0x2\n" SLUB, "2-3 4-5", true },
		{ DUMP "__memblock_reserve: [0x3000-0x4fff] nid=-1 flags=20 f\n" SLUB, "2-5",
		  true },
		{ DUMP "memblock_reserve: [0x3000-0x5fff] f\n"
		       "memblock_phys_free: [0x2000-0x4fff] f\n" SLUB, "5-6", true },
		{ DUMP "   memblock_free: [0x2000-0x2fff] f\n" SLUB, "", true },
		/* An empty one. */
		{ DUMP "memblock_reserve: [0x8000-0x7fff] f\n" SLUB, "2-3", true },
		/* Later ones change nothing of it. */
		{ DUMP SLUB "memblock_reserve: [0x4000-0x4fff] f\n", "2-3", true },
		{ DUMP SLUB "memblock_free_late: [0x2000-0x2fff] f\n", "2-3", true },
		/* Without a dump, without its rows, or without an end: not exact. */
		{ "memblock_reserve: [0x4000-0x4fff] f\n" SLUB, "4-5", false },
		{ "MEMBLOCK configuration:\n reserved.cnt = 0x2\n" SLUB, "", false },
		{ DUMP, "2-3", false },
		/* Mapped by nobody: never the buddy allocator's. */
		{ "MEMBLOCK configuration:\n"
		  " memory[0x0]\t[0x1000-0x1fff], 0x1000 bytes flags: 0x4\n" SLUB, "1-2", true },
		/* The last boot counts. */
		{ DUMP "memblock_reserve: [0x0-0xfff] f\n" SLUB "Linux version 6.1\n" DUMP
		       "memblock_reserve: [0x7000-0x7fff] f\n" SLUB, "2-3 7-8", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct proc_snapshot snap;
		struct error err;
		struct str got;

		proc_snapshot_init(&snap);
		ck_assert_msg(fixture_parse(&snap, PROC_DMESG, cases[i].text, &err), "%s",
			      err.message);
		str_init(&got);
		for (size_t k = 0; k < snap.boot.reserved.nr; k++)
			str_addf(&got, "%s%llu-%llu", k ? " " : "",
				 (unsigned long long)snap.boot.reserved.items[k].start >> 12,
				 (unsigned long long)snap.boot.reserved.items[k].end >> 12);
		ck_assert_str_eq(str_text(&got), cases[i].reserved);
		ck_assert_msg(snap.boot.reserved_known == cases[i].known, "case %zu", i);
		str_deinit(&got);
		proc_snapshot_deinit(&snap);
	}
}
END_TEST

START_TEST(memory_freed_late_is_kept_apart)
{
	struct proc_snapshot snap;
	struct error err;

	proc_snapshot_init(&snap);
	ck_assert(fixture_parse(&snap, PROC_DMESG,
				DUMP SLUB "memblock_free_late: [0x2000-0x2fff] f\n", &err));
	ck_assert_uint_eq(snap.boot.late.nr, 1);
	ck_assert_uint_eq(snap.boot.late.items[0].end, 0x3000);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(prefixes_of_messages_do_not_matter)
{
	static const char *const prefixes[] = {
		"", "[    0.000000] ", "[    0.000000][    T0] ", "<6>[    0.000000] ", "<5>",
		"Nov 21 16:13:09 host kernel: ", "Nov 21 16:13:09 host kernel: [    0.000000] ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *p = prefixes[i];
		char *text = xasprintf("%sLinux version 6.12.1 (gcc)\n"
				       "%sKernel command line: a=1 b\n%sKernel command line: c\n"
				       "%sBuilt 2 zonelists, mobility grouping off.  Total\n"
				       "%sZone ranges:\n%s  DMA      [mem 0x1000-0xffffff]\n"
				       "%s  Device   empty\n%sMovable zone start for each node\n"
				       "%snode 1 deferred pages initialised in 8ms\n"
				       "%ssmp: Brought up 2 nodes, 8 CPUs\n",
				       p, p, p, p, p, p, p, p, p, p);
		struct proc_snapshot snap;
		struct error err;

		proc_snapshot_init(&snap);
		ck_assert(fixture_parse(&snap, PROC_DMESG, text, &err));
		ck_assert_str_eq(snap.boot.release, "6.12.1");
		ck_assert_uint_eq(snap.kernel.minor, 12);
		ck_assert_str_eq(snap.boot.cmdline, "a=1 b c");
		ck_assert(snap.boot.mobility_off && snap.boot.deferred);
		ck_assert_uint_eq(snap.boot.zones.nr, 2);
		ck_assert_uint_eq(snap.boot.zones.items[0].end, 1 << 24);
		ck_assert_uint_eq(snap.boot.nr_cpus_online, 8);
		proc_snapshot_deinit(&snap);
		free(text);
	}
}
END_TEST

START_TEST(ranges_are_bounded)
{
	struct proc_snapshot snap;
	struct error err;
	struct str text;

	proc_snapshot_init(&snap);
	str_init(&text);
	for (unsigned int i = 0; i < 5000; i++)
		str_addf(&text, "memblock_reserve: [0x%x-0x%x] f\n", i * 2 * 4096,
			 i * 2 * 4096 + 4095);
	ck_assert(!proc_snapshot_parse(&snap, PROC_DMESG, &text, "file", &err));
	ck_assert_str_eq(err.message, "file:4097: more than 4096 ranges of memory");
	str_deinit(&text);
	proc_snapshot_deinit(&snap);
}
END_TEST

UNIT_MAIN("boot", what_is_not_reserved_is_what_the_kernel_had, reserved_pages_were_reserved_at_boot,
	  a_real_log_tells_of_its_machine, dumps_and_lines_are_replayed_in_their_order,
	  memory_freed_late_is_kept_apart, prefixes_of_messages_do_not_matter, ranges_are_bounded)
