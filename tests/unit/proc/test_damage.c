/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damaged files: each is refused in one line that says where and what was expected. */
#include <config.h>

#include "snapshot_fixture.h"

#include <stdio.h>
#include <string.h>

#define BUDDY "Node 0, zone      DMA      0      1 \n"
#define TYPE_HEAD "Page block order: 9\nPages per block:  512\n\n"
#define TYPE_TITLE "Free pages count per migrate type at order       0      1 \n"
#define TYPE_ROW "Node    0, zone      DMA, type    Unmovable      1     >5 \n"
#define BLOCKS_TITLE "Number of blocks type     Unmovable \n"
#define BLOCKS_ROW "Node 0, zone      DMA            1 \n"
#define SLAB_HEAD "slabinfo - version: 2.1\n# name            <active_objs>\n"
#define ZONE                                                                                  \
	"Node 0, zone      DMA\n  pages free     1\n        min      1\n"                 \
	"        low      1\n        high     1\n        spanned  1\n        present  1\n"

static const struct {
	enum proc_file file;
	const char *text;
	const char *message; /* NULL: it is taken */
} damages[] = {
	{ PROC_BUDDYINFO, BUDDY BUDDY, NULL },
	{ PROC_BUDDYINFO, "", "file: empty" },
	{ PROC_BUDDYINFO, "Node 0, zone      DMA      0",
	  "file: cut off: its last line has no end" },
	{ PROC_BUDDYINFO, BUDDY "Node 0, zone DMA32\n", "file:2: expected a number" },
	{ PROC_BUDDYINFO, BUDDY "Node 0, zone DMA32 1\n",
	  "file:2: 1 columns, and 2 in the row before" },
	{ PROC_BUDDYINFO, BUDDY "\n", "file:2: expected 'Node N, zone NAME'" },
	{ PROC_BUDDYINFO, "Node 0, zone DMA 1 -1\n", "file:1: expected a number" },
	{ PROC_BUDDYINFO, "Node 70000, zone DMA 1\n", "file:1: expected 'Node N, zone NAME'" },
	{ PROC_BUDDYINFO, "Node 0, zone DMA 18446744073709551616\n", "file:1: expected a number" },
	{ PROC_BUDDYINFO, "Node 0, zone DMA 1 2251799813685248\n", NULL },
	{ PROC_BUDDYINFO, "Node 0, zone DMA 1 2251799813685249\n",
	  "file:1: more blocks of order 1 than a machine has" },
	{ PROC_BUDDYINFO, "Node 0, zone DMA 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
	  "file:1: more than 20 columns" },
	{ PROC_PAGETYPEINFO,
	  TYPE_HEAD TYPE_TITLE TYPE_ROW "\n" BLOCKS_TITLE BLOCKS_ROW, NULL },
	{ PROC_PAGETYPEINFO, "Page block order: 9\n", "file:1: expected 'Pages per block: N'" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD "Node\n",
	  "file:4: expected 'Free pages count per migrate type at order'" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD "Free pages count per migrate type at order 1\n",
	  "file:4: expected the orders 0, 1, 2, ..." },
	{ PROC_PAGETYPEINFO, TYPE_HEAD TYPE_TITLE TYPE_ROW,
	  "file:5: expected an empty line and 'Number of blocks type'" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD TYPE_TITLE "Node 0, zone DMA, type Movable 1\n\n",
	  "file:5: expected a number for each order" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD TYPE_TITLE "Node 0, zone DMA, type Movable 1 2 3\n\n",
	  "file:5: expected no more numbers than orders" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD TYPE_TITLE TYPE_ROW "\n" BLOCKS_TITLE,
	  "file:7: expected 'Node N, zone NAME'" },
	{ PROC_PAGETYPEINFO,
	  TYPE_HEAD TYPE_TITLE TYPE_ROW "\nNumber of blocks type       Movable \n" BLOCKS_ROW,
	  "file:7: expected the types of the table before, in its order" },
	{ PROC_PAGETYPEINFO,
	  TYPE_HEAD TYPE_TITLE TYPE_ROW "\n" BLOCKS_TITLE "Node 1, zone      DMA 1\n",
	  "file:8: expected the zones of the table before, in its order" },
	{ PROC_PAGETYPEINFO, TYPE_HEAD TYPE_TITLE TYPE_ROW "\n" BLOCKS_TITLE BLOCKS_ROW "x\n",
	  "file:9: expected 'Number of mixed blocks' behind an empty line, or no more" },
	{ PROC_ZONEINFO, ZONE, NULL },
	{ PROC_ZONEINFO, "  pages free 1\n", "file:1: expected 'Node N, zone NAME'" },
	{ PROC_ZONEINFO, "Node 0, zone DMA\n  pages free 1\n",
	  "file:2: no line 'min' of the zone above" },
	{ PROC_ZONEINFO, ZONE "        min      2\n", "file:8: a second 'min' of this zone" },
	{ PROC_ZONEINFO, ZONE "        managed      \n", "file:8: expected a number" },
	{ PROC_ZONEINFO, ZONE "        protection: (1, 2\n", "file:8: expected ')'" },
	{ PROC_ZONEINFO, ZONE "    cpu: 0\n", "file:8: expected 'pagesets' before the first CPU" },
	{ PROC_ZONEINFO, ZONE "  pagesets\n    count: 0\n",
	  "file:9: expected 'cpu: N' before its lists" },
	{ PROC_ZONEINFO, ZONE "  pagesets\n", "file:8: no line 'start_pfn:' of the zone above" },
	{ PROC_ZONEINFO, ZONE "      nr_mlock\n", "file:8: expected a name and a number" },
	{ PROC_SLABINFO, SLAB_HEAD "a b 1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0\n", NULL },
	{ PROC_SLABINFO, "slabinfo - version: 1.1\n",
	  "file:1: expected 'slabinfo - version: 2.1'" },
	{ PROC_SLABINFO, "slabinfo - version: 2.1\n",
	  "file:1: expected the names of the columns, '# name ...'" },
	{ PROC_SLABINFO, SLAB_HEAD "1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0\n",
	  "file:3: expected a cache's name, five numbers and ' : tunables '" },
	{ PROC_SLABINFO, SLAB_HEAD "a 1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1\n",
	  "file:3: expected numbers, ' : tunables ' with 3 and ' : slabdata ' with 3" },
	{ PROC_VMALLOCINFO, "", NULL }, /* no areas */
	{ PROC_VMALLOCINFO, "0x00001000-0x00003000    8192 f+0x1/0x2 [m] pages=1 vmalloc N0=1\n",
	  NULL },
	{ PROC_VMALLOCINFO, "0x1000-0x3000    8192 f\n",
	  "file:1: expected addresses of 8 or of 16 digits in all rows" },
	{ PROC_VMALLOCINFO, "0x00001000 8192\n", "file:1: expected an area's range, '0x..-0x..'" },
	{ PROC_VMALLOCINFO, "0x00001000-0x00003000 x\n", "file:1: expected the size in bytes" },
	{ PROC_VMALLOCINFO, "0x00001000-0x00003000 8192 f pages=x\n",
	  "file:1: expected a number of pages" },
	{ PROC_VMALLOCINFO, "0x00001000-0x00003000 8192 f vmalloc N1=1 N0=1\n",
	  "file:1: expected words like 'vmalloc', then 'N0=PAGES'" },
	{ PROC_EXTFRAG_INDEX, "Node 0, zone      DMA -1.000 0.-500 0.125 \n", NULL },
	{ PROC_EXTFRAG_INDEX, "Node 0, zone      DMA 1\n",
	  "file:1: expected an index with three decimals" },
	{ PROC_VMSTAT, "nr_free_pages 1 2\n", "file:1: expected 'NAME NUMBER'" },
	{ PROC_SYS_SLAB, "objects\tname\n",
	  "file:1: expected a row of column names, 'name' first" },
	{ PROC_SYS_SLAB, "name\tobjects\na\t1\t2\n", "file:2: 3 columns, and 2 names of columns" },
	{ PROC_SYS_SLAB_ALIASES, "a\n",
	  "file:1: expected a name and a cache, with a tab between" },
	{ PROC_IOMEM, "0-fff : Reserved\n", NULL },
	{ PROC_IOMEM, "fff-0 : Reserved\n", "file:1: the end lies before the start" },
	{ PROC_IOMEM, "0-fff Reserved\n", "file:1: expected 'START-END : NAME'" },
	{ PROC_VERSION, "6.1.0-56-amd64\n", NULL },
	{ PROC_VERSION, "FreeBSD\n", "file:1: expected 'Linux version N.N...'" },
	{ PROC_CPUINFO, "model name : x\n", "file:1: expected lines 'processor : N'" },
	{ PROC_SYSCTL_VM, "min_free_kbytes\n", "file:1: expected 'NAME = VALUE'" },
	{ PROC_KPAGEFLAGS, "12345678", NULL },
	{ PROC_KPAGEFLAGS, "123456789", "file: ends inside of a word, behind page frame 1" },
	{ PROC_KPAGEFLAGS, "", "file: empty" },
	{ PROC_DMESG, "[    0.000000] memblock_reserve: [0x1-x\n",
	  "file:1: expected a range, '[0x..-0x..]'" },
	{ PROC_DMESG, "no kernel said this\n", NULL },
};

START_TEST(damage_is_refused_with_its_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct proc_snapshot snap;
		struct error err;
		bool ok;

		proc_snapshot_init(&snap);
		ok = fixture_parse(&snap, damages[i].file, damages[i].text, &err);
		ck_assert_msg(ok == !damages[i].message, "case %zu, %s: %s", i,
			      proc_file_name(damages[i].file), err.message);
		ck_assert_str_eq(err.message, damages[i].message ? damages[i].message : "");
		ck_assert(ok == proc_has(&snap, damages[i].file));
		proc_snapshot_deinit(&snap);
	}
}
END_TEST

START_TEST(a_byte_of_value_0_is_no_text)
{
	struct proc_snapshot snap;
	struct error err;
	struct str data;

	proc_snapshot_init(&snap);
	str_init(&data);
	str_add_mem(&data, "nr_free_pages\0 1\n", 17);
	ck_assert(!proc_snapshot_parse(&snap, PROC_VMSTAT, &data, "file", &err));
	ck_assert_str_eq(err.message, "file: a byte of value 0 in it, which no text has");
	str_deinit(&data);
	proc_snapshot_deinit(&snap);
}
END_TEST

/* "file" of "snap", cut at 50 places: refused, or a whole number of lines. */
static void check_cuts(const struct proc_snapshot *snap, enum proc_file file)
{
	struct proc_snapshot cut;
	struct str text, part;
	struct error err;

	proc_snapshot_init(&cut);
	str_init(&text);
	str_init(&part);
	proc_file_print(snap, file, &text);
	for (size_t i = 1; i < 50; i++) {
		size_t len = text.len * i / 50;

		str_reset(&part);
		str_add_mem(&part, text.data, len);
		ck_assert(!proc_snapshot_parse(&cut, file, &part, "file", &err) ||
			  text.data[len - 1] == '\n');
	}
	str_deinit(&text);
	str_deinit(&part);
	proc_snapshot_deinit(&cut);
}

START_TEST(a_file_cut_anywhere_does_no_harm)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixture_names); i++) {
		struct proc_snapshot snap;

		fixture_read(&snap, fixture_names[i]);
		for (enum proc_file file = 0; file < PROC_FILE_NR; file++)
			if (proc_file_writable(file))
				check_cuts(&snap, file);
		proc_snapshot_deinit(&snap);
	}
}
END_TEST

UNIT_MAIN("damage", damage_is_refused_with_its_place, a_byte_of_value_0_is_no_text,
	  a_file_cut_anywhere_does_no_harm)
