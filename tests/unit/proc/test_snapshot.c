/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshot: a directory of files read, gathered, written, and what stands in them found again. */
#include <config.h>

#include "snapshot_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of its own for each case. */
static void place_init(char dir[64])
{
	strcpy(dir, "snapshot.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void place_deinit(const char *dir)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	ck_assert_int_eq(system(command), 0);
	free(command);
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *fp = fopen(path, "w");

	ck_assert_ptr_nonnull(fp);
	fputs(text, fp);
	fclose(fp);
	free(path);
}

static void make_dir(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	ck_assert_int_eq(mkdir(path, 0777), 0);
	free(path);
}

START_TEST(what_is_missing_is_said)
{
	struct proc_snapshot snap;
	struct error err;
	char dir[64];
	struct str missing;

	place_init(dir);
	put(dir, "buddyinfo", "Node 0, zone DMA 1 2\n");
	put(dir, "unrelated", "x");
	proc_snapshot_init(&snap);
	ck_assert_msg(proc_snapshot_read(&snap, dir, &err), "%s", err.message);
	ck_assert(proc_has(&snap, PROC_BUDDYINFO) && !proc_has(&snap, PROC_ZONEINFO));
	str_init(&missing);
	proc_add_missing(&snap,
			 1U << PROC_BUDDYINFO | 1U << PROC_ZONEINFO | 1U << PROC_KPAGEFLAGS,
			 &missing);
	ck_assert_str_eq(str_text(&missing), "zoneinfo, kpageflags.bin");
	str_deinit(&missing);
	proc_snapshot_deinit(&snap);
	place_deinit(dir);
}
END_TEST

START_TEST(files_are_gathered_from_several_directories)
{
	struct proc_snapshot snap;
	struct error err;
	char dir[64];

	place_init(dir);
	put(dir, "buddyinfo", "Node 3, zone DMA 1 2\n");
	fixture_read(&snap, "linux-6.12");
	ck_assert_ptr_nonnull(proc_buddy_find(&snap, 0, "Normal"));
	ck_assert_msg(proc_snapshot_read(&snap, dir, &err), "%s", err.message);
	ck_assert_ptr_null(proc_buddy_find(&snap, 0, "Normal"));
	ck_assert_uint_eq(proc_buddy_find(&snap, 3, "DMA")->nr_free[1], 2);
	ck_assert_ptr_nonnull(proc_zone_find(&snap, 0, "Normal"));
	proc_snapshot_deinit(&snap);
	place_deinit(dir);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	struct proc_snapshot snap;
	struct error err;
	char dir[64];
	char *path;

	place_init(dir);
	path = xasprintf("%s/slabinfo.gz", dir);
	proc_snapshot_init(&snap);
	ck_assert(!proc_snapshot_read(&snap, "no/such/place", &err));
	ck_assert_str_eq(err.message, "cannot read 'no/such/place': No such file or directory");
	/* Gzip's first bytes, and no more. */
	put(dir, "slabinfo.gz", "\x1f\x8b\x08");
	ck_assert(!proc_snapshot_read(&snap, dir, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "slabinfo.gz"));
	ck_assert(!proc_snapshot_read(&snap, path, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "it is no directory"));
	proc_snapshot_deinit(&snap);
	free(path);
	place_deinit(dir);
}
END_TEST

START_TEST(a_packed_file_that_is_cut_off_is_refused)
{
	char *fixture = fixture_path("linux-6.12"), *packed = xasprintf("%s/slabinfo.gz", fixture);
	struct proc_snapshot snap;
	char dir[64], bytes[2000];
	struct error err;
	char *path;
	FILE *fp;

	place_init(dir);
	path = xasprintf("%s/slabinfo.gz", dir);
	fp = fopen(packed, "rb");
	ck_assert_ptr_nonnull(fp);
	ck_assert_uint_eq(fread(bytes, 1, sizeof(bytes), fp), sizeof(bytes));
	fclose(fp);
	fp = fopen(path, "wb");
	ck_assert_ptr_nonnull(fp);
	fwrite(bytes, 1, sizeof(bytes), fp);
	fclose(fp);
	proc_snapshot_init(&snap);
	ck_assert(!proc_snapshot_read(&snap, dir, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "it is cut off"));
	proc_snapshot_deinit(&snap);
	free(path);
	free(packed);
	free(fixture);
	place_deinit(dir);
}
END_TEST

/* What is written reads back as the same, and replaces what was there. */
START_TEST(a_snapshot_written_reads_back)
{
	char dir[64], *out;
	struct proc_snapshot snap, again;
	struct error err;

	place_init(dir);
	out = xasprintf("%s/made", dir);
	fixture_read(&snap, "linux-6.1-i386");
	for (int round = 0; round < 2; round++)
		ck_assert_msg(proc_snapshot_write(&snap, out, &err), "%s", err.message);
	proc_snapshot_init(&again);
	ck_assert_msg(proc_snapshot_read(&again, out, &err), "%s", err.message);
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		struct str a, b;

		ck_assert(proc_has(&again, file) ==
			  (proc_has(&snap, file) && proc_file_writable(file)));
		if (!proc_has(&again, file))
			continue;
		str_init(&a);
		str_init(&b);
		proc_file_print(&snap, file, &a);
		proc_file_print(&again, file, &b);
		ck_assert_str_eq(str_text(&a), str_text(&b));
		str_deinit(&a);
		str_deinit(&b);
	}
	proc_snapshot_deinit(&snap);
	proc_snapshot_deinit(&again);
	free(out);
	place_deinit(dir);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_an_error)
{
	struct proc_snapshot snap;
	struct error err;

	fixture_read(&snap, "linux-6.1");
	ck_assert(!proc_snapshot_write(&snap, "no/such/place", &err));
	ck_assert_str_eq(err.message, "cannot make 'no/such/place': No such file or directory");
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(values_of_real_kernels_are_found)
{
	const struct proc_table *table;
	const struct proc_slab *slab;
	struct proc_snapshot snap;
	uint64_t nr;

	fixture_read(&snap, "linux-6.12");
	slab = proc_slab_find(&snap.slabinfo, "kmalloc-64");
	ck_assert_uint_eq(slab->objsize, 64);
	ck_assert_uint_eq(slab->objperslab, 64);
	ck_assert_uint_eq(slab->pagesperslab, 1);
	ck_assert_uint_eq(slab->num_objs, slab->num_slabs * 64);
	ck_assert_ptr_null(proc_slab_find(&snap.slabinfo, "kmalloc-63"));
	ck_assert_uint_eq(proc_pagetype_find(&snap, 0, "DMA")->blocks[MIGRATE_MOVABLE], 7);
	ck_assert_uint_eq(snap.pagetypeinfo.block_pages, 512);
	ck_assert_uint_eq(snap.nr_cpus, 2);
	ck_assert_str_eq(snap.release, "6.12.117+deb12-amd64");
	table = &snap.sys_slab_static;
	ck_assert(proc_table_number(table, proc_table_find(table, "kmalloc-64"), "slab_size", &nr));
	ck_assert_uint_eq(nr, 64);
	ck_assert(!proc_table_number(table, 0, "no_such_column", &nr));
	ck_assert_uint_eq(proc_table_find(table, "no such cache"), SIZE_MAX);
	ck_assert_str_eq(proc_alias_target(&snap.aliases, "task_delay_info"), ":A-0000144");
	ck_assert_str_eq(proc_alias_target(&snap.aliases, "kmalloc-64"), "kmalloc-64");
	ck_assert_str_eq(snap.iomem.rows.items[1].name, "System RAM");
	ck_assert_uint_eq(snap.iomem.rows.items[1].end, 0x9fc00);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(areas_keep_all_of_their_line)
{
	static const char text[] =
		"0xffffc90000000000-0xffffc90000005000   20480 f+0x1/0x2 [mod] pages=4 vmalloc"
		" vpages N0=3 N2=1\n"
		"0xffffc90000008000-0xffffc9000000a000    8192 g+0x1/0x2 phys=0x00000000fed00000"
		" ioremap\n"
		"0xffffc90000400000-0xffffc90000500000 1048576 vm_map_ram\n"
		"0xffffc90000600000-0xffffc90000605000   20480 unpurged vm_area\n"
		"0xffffc90000700000-0xffffc90000702000    8192 vmap_pfn+0x1/0x2 vmap user\n"
		"0x0000000000000000-0x0000000000000000    8192 vmalloc\n";
	const struct proc_area *area;
	struct proc_snapshot snap;
	struct error err;
	struct str got;

	proc_snapshot_init(&snap);
	ck_assert_msg(fixture_parse(&snap, PROC_VMALLOCINFO, text, &err), "%s", err.message);
	area = snap.vmallocinfo.rows.items;
	ck_assert_str_eq(area[0].caller, "f+0x1/0x2 [mod]");
	ck_assert_uint_eq(area[0].flags, PROC_AREA_VMALLOC | PROC_AREA_VPAGES);
	ck_assert_uint_eq(area[0].nr_nodes, 2);
	ck_assert_uint_eq(area[0].nodes[1].node, 2);
	ck_assert_uint_eq(area[1].phys, 0xfed00000);
	ck_assert_uint_eq(area[2].flags, PROC_AREA_VM_MAP_RAM);
	ck_assert_ptr_null(area[2].caller);
	ck_assert_uint_eq(area[3].flags, PROC_AREA_UNPURGED);
	ck_assert_str_eq(area[4].caller, "vmap_pfn+0x1/0x2");
	ck_assert_uint_eq(area[4].flags, PROC_AREA_VMAP | PROC_AREA_USER);
	ck_assert_ptr_null(area[5].caller);
	str_init(&got);
	proc_file_print(&snap, PROC_VMALLOCINFO, &got);
	ck_assert_str_eq(str_text(&got), text);
	str_deinit(&got);
	proc_snapshot_deinit(&snap);
}
END_TEST

START_TEST(a_copy_of_the_sysfs_folder_is_read)
{
	struct proc_snapshot snap;
	struct error err;
	char dir[64], *link;

	place_init(dir);
	make_dir(dir, "slab");
	make_dir(dir, "slab/:A-0000144");
	make_dir(dir, "slab/dentry");
	put(dir, "slab/dentry/objects", "13 N0=13\n");
	put(dir, "slab/dentry/slab_size", "192\n");
	put(dir, "slab/dentry/ctor", "");
	link = xasprintf("%s/slab/task_delay_info", dir);
	ck_assert_int_eq(symlink(":A-0000144", link), 0);
	proc_snapshot_init(&snap);
	ck_assert_msg(proc_snapshot_read(&snap, dir, &err), "%s", err.message);
	ck_assert_uint_eq(proc_table_rows(&snap.sys_slab), 2);
	ck_assert_uint_eq(proc_table_find(&snap.sys_slab, "dentry"), 1);
	ck_assert_str_eq(proc_table_text(&snap.sys_slab, 1, "objects"), "13 N0=13");
	ck_assert_str_eq(proc_table_text(&snap.sys_slab, 1, "partial"), "-");
	ck_assert_str_eq(proc_table_text(&snap.sys_slab_static, 1, "slab_size"), "192");
	ck_assert_str_eq(proc_table_text(&snap.sys_slab_static, 1, "ctor"), "");
	ck_assert_str_eq(proc_alias_target(&snap.aliases, "task_delay_info"), ":A-0000144");
	proc_snapshot_deinit(&snap);
	free(link);
	place_deinit(dir);
}
END_TEST

UNIT_MAIN("snapshot", what_is_missing_is_said, files_are_gathered_from_several_directories,
	  what_cannot_be_read_is_an_error, a_packed_file_that_is_cut_off_is_refused,
	  a_snapshot_written_reads_back, a_directory_that_cannot_be_made_is_an_error,
	  values_of_real_kernels_are_found, areas_keep_all_of_their_line,
	  a_copy_of_the_sysfs_folder_is_read)
