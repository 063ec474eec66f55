/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watermarks, reserves and per-CPU limits against what real kernels showed in /proc/zoneinfo.
 *
 * A snapshot shows the managed pages of its time, but the marks were set earlier: before the initrd
 * and the kernel's own init memory were freed. dmesg says how much that was; it is deducted from
 * the zone it lay in (the initrd's, the kernel code's).
 */
#include <config.h>

#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum {
	MAX_ZONES = 8,
	LAG = 7, /* one more than the threshold of a CPU's difference, 2 * 1 * (1 + 2) */
};

/* A populated zone of a snapshot. */
struct shown {
	char name[16];
	uint64_t start, spanned, managed; /* managed when the marks were set */
	uint64_t min, low, high;
	uint64_t protection[5]; /* by zone of the kernel's configuration */
	unsigned int nr_protection;
	unsigned int batch, pcp_high;
};

struct snapshot {
	char path[640];
	struct shown zones[MAX_ZONES];
	unsigned int nr_zones, nr_cpus;
	bool i386;
};

static bool traces_dir(char *path, size_t size);
static bool snapshot_read(struct snapshot *snap, const char *dir, const char *name);
static void read_zoneinfo(struct snapshot *snap, FILE *file);
static void deduct_late_frees(struct snapshot *snap, const char *dir, const char *name);
static struct shown *zone_of(struct snapshot *snap, uint64_t pfn, const char *fallback);
static struct page_allocator *machine_of(const struct snapshot *snap,
					 struct kernel_version version);

static const struct {
	const char *name;
	struct kernel_version version;
} recordings[] = {
	{ "boot-61", { 6, 1 } },       { "boot-612", { 6, 12 } },
	{ "boot-72", { 7, 2 } },       { "cma-72", { 7, 2 } },
	{ "files-61-i386", { 6, 1 } }, { "files-612", { 6, 12 } },
	{ "files-72", { 7, 2 } },      { "forks-61", { 6, 1 } },
	{ "net-612", { 6, 12 } },      { "perf-612", { 6, 12 } },
	{ "pressure-612", { 6, 12 } }, { "vmalloc-612", { 6, 12 } },
	{ "zoo-61", { 6, 1 } },	       { "zoo-612", { 6, 12 } },
};

START_TEST(marks_are_those_of_a_real_kernel)
{
	char dir[512];
	struct snapshot snap;
	struct page_allocator *pa;

	if (!traces_dir(dir, sizeof(dir)) ||
	    !snapshot_read(&snap, dir, recordings[_i].name)) {
		fprintf(stderr, "# skipped: no recording '%s'\n", recordings[_i].name);
		return;
	}
	pa = machine_of(&snap, recordings[_i].version);
	ck_assert_uint_eq(zone_count(pa), snap.nr_zones);
	for (unsigned int i = 0; i < snap.nr_zones; i++) {
		const struct shown *shown = &snap.zones[i];
		struct zone_pcp_info pcp;
		struct zone_info zone;

		zone_info(pa, i, &zone);
		zone_pcp_info(pa, i, 0, &pcp);
		ck_assert_str_eq(zone_type_name(zone.type), shown->name);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], shown->min);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_LOW], shown->low);
		ck_assert_uint_eq(zone.mark[ZONE_MARK_HIGH], shown->high);
		ck_assert_uint_eq(pcp.batch, shown->batch);
		/* Fixed on 6.1; later it moves, and 7.2 shows its bounds elsewhere. */
		if (recordings[_i].version.minor == 1)
			ck_assert_uint_eq(pcp.high, shown->pcp_high);
		/*
		 * Set with the marks on 6.1 and 6.12; always current on 7.2. The i386 recording has
		 * no DMA32: its columns are DMA, Normal, HighMem, Movable.
		 */
		for (unsigned int j = 0; recordings[_i].version.major == 6 &&
					 j < shown->nr_protection && j < 4; j++) {
			const enum zone_type columns[2][4] = {
				{ ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE },
				{ ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE },
			};

			ck_assert_uint_eq(zone.lowmem_reserve[columns[snap.i386][j]],
					  shown->protection[j]);
		}
	}
	page_allocator_destroy(pa);
}
END_TEST

/* GFP_ATOMIC, GFP_KERNEL and others each stop at their own depth below an idle kswapd. */
START_TEST(each_class_of_request_stops_at_its_own_depth)
{
	const struct {
		uint32_t gfp;
		unsigned int percent_x10; /* of min that has to stay free */
	} cases[] = {
		{ GFP_BIT_KSWAPD_RECLAIM, 1000 },                 /* GFP_NOWAIT */
		{ GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM, 375 },   /* GFP_ATOMIC */
		{ GFP_BITS_KERNEL, 1000 },
		{ GFP_BITS_KERNEL | GFP_BIT_HIGH, 500 },
		{ GFP_BITS_KERNEL | GFP_BIT_MEMALLOC, 0 },
		{ GFP_BITS_KERNEL | GFP_BIT_MEMALLOC | GFP_BIT_NOMEMALLOC, 1000 },
	};
	struct machine_config config;
	struct page_allocator *pa;
	struct zone_info zone;
	struct mm_outcome out;
	struct error err;
	uint64_t stop;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	machine_config_add_range(&config, 0x100000, 0x110000, 0);
	config.min_free_kbytes = 4096; /* 1024 pages */
	config.pcp = false;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	do
		out = page_alloc(pa, 0, cases[_i].gfp, 0, -1, 0);
	while (mm_ok(out));
	zone_info(pa, 0, &zone);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_MIN], 1024);
	ck_assert_uint_eq(zone.mark[ZONE_MARK_LOW], 1280);
	stop = 1024 * cases[_i].percent_x10 / 1000;
	if (!stop) {
		ck_assert_uint_eq(zone.free, 0);
	} else { /* the counter that is compared moves in steps of up to LAG */
		ck_assert_uint_le(zone.free_stat, stop);
		ck_assert_uint_gt(zone.free_stat + LAG, stop);
	}
	ck_assert_int_eq(out.failure,
			 cases[_i].percent_x10 ? MM_FAIL_WATERMARK : MM_FAIL_NO_MEMORY);
	page_allocator_destroy(pa);
}
END_TEST

START_TEST(a_higher_request_leaves_the_reserve_of_a_lower_zone)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct zone_info dma32, normal;
	struct error err;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	machine_config_add_range(&config, 0x10000, 0x20000, 0);
	machine_config_add_range(&config, 0x100000, 0x110000, 0);
	config.min_free_kbytes = 0;
	config.watermark_scale_factor = 0;
	config.pcp = false;
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	while (mm_ok(page_alloc(pa, 0, GFP_BITS_KERNEL, 0, -1, 0)))
		;
	zone_info(pa, 0, &dma32);
	zone_info(pa, 1, &normal);
	ck_assert_uint_lt(normal.free_stat, LAG);
	ck_assert_uint_eq(dma32.lowmem_reserve[ZONE_NORMAL], 0x10000 / 256);
	ck_assert_uint_le(dma32.free_stat, 0x10000 / 256);
	ck_assert_uint_gt(dma32.free_stat + LAG, 0x10000 / 256);
	/* One that could not go higher may have it. */
	ck_assert(mm_ok(page_alloc(pa, 0, GFP_BITS_KERNEL | GFP_BIT_DMA32, 0, -1, 0)));
	page_allocator_destroy(pa);
}
END_TEST

static bool traces_dir(char *path, size_t size)
{
	const char *dir = getenv("KMREPLAY_TRACES");
	const char *top = getenv("top_srcdir");

	if (dir)
		snprintf(path, size, "%s", dir);
	else if (top)
		snprintf(path, size, "%s/../shared/traces", top);
	return dir || top;
}

static bool snapshot_read(struct snapshot *snap, const char *dir, const char *name)
{
	FILE *file;

	memset(snap, 0, sizeof(*snap));
	snprintf(snap->path, sizeof(snap->path), "%s/%s/start/zoneinfo", dir, name);
	file = fopen(snap->path, "r");
	if (!file)
		return false;
	read_zoneinfo(snap, file);
	fclose(file);
	snap->i386 = strstr(name, "i386");
	deduct_late_frees(snap, dir, name);
	return true;
}

static void read_zoneinfo(struct snapshot *snap, FILE *file)
{
	struct shown zone = { .name = "" };
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		const struct {
			const char *key;
			uint64_t *value;
		} fields[] = {
			{ "spanned", &zone.spanned }, { "managed", &zone.managed },
			{ "min", &zone.min },	      { "low", &zone.low },
			{ "high", &zone.high },	      { "start_pfn:", &zone.start },
		};
		const char *list = strstr(line, "protection: (");
		char key[64];
		uint64_t value;
		int used;

		if (sscanf(line, "Node %*d, zone %15s", key) == 1) {
			zone = (struct shown){ .name = "" };
			snprintf(zone.name, sizeof(zone.name), "%.15s", key);
		}
		for (list = list ? strchr(list, '(') + 1 : NULL;
		     list && zone.nr_protection < 5 &&
		     sscanf(list, "%" SCNu64 "%n", &value, &used) == 1;
		     list += used + 2)
			zone.protection[zone.nr_protection++] = value;
		if (sscanf(line, " %63s %" SCNu64, key, &value) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			if (!strcmp(key, fields[i].key))
				*fields[i].value = value;
		}
		if (!strcmp(key, "cpu:") && value + 1 > snap->nr_cpus)
			snap->nr_cpus = (unsigned int)value + 1;
		if (!strcmp(key, "batch:"))
			zone.batch = (unsigned int)value;
		if (!strcmp(key, "high:"))
			zone.pcp_high = (unsigned int)value;
		if (!strcmp(key, "start_pfn:") && zone.managed) {
			ck_assert_uint_lt(snap->nr_zones, MAX_ZONES);
			snap->zones[snap->nr_zones++] = zone;
		}
	}
}

static void deduct_late_frees(struct snapshot *snap, const char *dir, const char *name)
{
	uint64_t ramdisk = 0, code = 0, start, kib;
	char path[600], line[512];
	FILE *iomem;
	gzFile dmesg;

	snprintf(path, sizeof(path), "%s/%s/iomem", dir, name);
	iomem = fopen(path, "r");
	while (iomem && fgets(line, sizeof(line), iomem)) {
		if (strstr(line, "Kernel code") && sscanf(line, " %" SCNx64, &start) == 1)
			code = start >> 12;
	}
	if (iomem)
		fclose(iomem);
	snprintf(path, sizeof(path), "%s/%s/dmesg.gz", dir, name);
	dmesg = gzopen(path, "r");
	ck_assert_ptr_nonnull(dmesg);
	while (gzgets(dmesg, line, sizeof(line))) {
		const char *disk = strstr(line, "RAMDISK: [mem ");
		const char *freed = strstr(line, "Freeing ");
		const char *memory = freed ? strstr(freed, " memory: ") : NULL;

		if (disk && sscanf(disk, "RAMDISK: [mem %" SCNx64, &start) == 1)
			ramdisk = start >> 12;
		/* Before the marks are set; all others come later. */
		if (!memory || strstr(line, "SMP alternatives") ||
		    sscanf(memory, " memory: %" SCNu64 "K", &kib) != 1)
			continue;
		/* A 32-bit kernel moves an initrd above lowmem into it. */
		zone_of(snap, strstr(freed, "initrd") ? ramdisk : code,
			snap->i386 ? "Normal" : NULL)->managed -= kib / 4;
	}
	gzclose(dmesg);
}

/* The zone of "pfn", or the one named "lowest" when it lies above that. */
static struct shown *zone_of(struct snapshot *snap, uint64_t pfn, const char *lowest)
{
	for (unsigned int i = 0; i < snap->nr_zones; i++) {
		struct shown *zone = &snap->zones[i];

		if ((pfn >= zone->start && pfn < zone->start + zone->spanned) ||
		    (lowest && !strcmp(zone->name, lowest) && pfn >= zone->start))
			return zone;
	}
	ck_abort_msg("'%s': no zone holds pfn %#lx", snap->path, (unsigned long)pfn);
}

/* One range a zone, as many pages as it managed; the marks depend on nothing else. */
static struct page_allocator *machine_of(const struct snapshot *snap,
					 struct kernel_version version)
{
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;

	machine_config_init(&config, version, snap->i386 ? ARCH_X86_32 : ARCH_X86_64);
	config.nr_cpus = snap->nr_cpus;
	for (unsigned int i = 0; i < snap->nr_zones; i++)
		machine_config_add_range(&config, snap->zones[i].start,
					 snap->zones[i].start + snap->zones[i].managed, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	return pa;
}

int main(void)
{
	Suite *suite = suite_create("watermark");
	TCase *tcase = tcase_create("watermark");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, marks_are_those_of_a_real_kernel, 0,
			    (int)ARRAY_SIZE(recordings));
	tcase_add_loop_test(tcase, each_class_of_request_stops_at_its_own_depth, 0, 6);
	tcase_add_test(tcase, a_higher_request_leaves_the_reserve_of_a_lower_zone);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
