/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts of caches, against a table of known ones and every cache of the recorded systems. */
#include <config.h>

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/slab_geometry.h"

#include "unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const struct kernel_version v6_1 = { 6, 1 }, v6_12 = { 6, 12 };

static struct slab_geometry lay_out(struct kernel_version version, unsigned int nr_cpus,
				    const struct slab_cache_args *args)
{
	struct machine_config config;
	struct slab_geometry geometry;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = nr_cpus;
	ck_assert(slab_geometry_init(&geometry, &config, args));
	machine_config_deinit(&config);
	return geometry;
}

/* kmalloc classes by number of CPUs: order, objects, cpu partial slabs. Alike in 6.1 and 6.12. */
START_TEST(kmalloc_classes_follow_cpus)
{
	static const struct row {
		uint32_t size, nr_cpus, order, objects, cpu_partial_slabs, min_partial;
	} rows[] = {
		{ 8, 1, 0, 512, 1, 5 },     { 8, 16, 0, 512, 1, 5 },    { 16, 2, 0, 256, 1, 5 },
		{ 32, 2, 0, 128, 2, 5 },    { 64, 2, 0, 64, 4, 5 },     { 96, 1, 0, 42, 6, 5 },
		{ 128, 31, 0, 32, 8, 5 },   { 192, 8, 0, 21, 12, 5 },   { 192, 16, 1, 42, 6, 5 },
		{ 256, 7, 0, 16, 7, 5 },    { 256, 8, 1, 32, 4, 5 },    { 512, 1, 0, 8, 13, 5 },
		{ 512, 2, 1, 16, 7, 5 },    { 512, 8, 2, 32, 4, 5 },    { 1024, 1, 1, 8, 6, 5 },
		{ 1024, 4, 2, 16, 3, 5 },   { 1024, 16, 3, 32, 2, 5 },  { 2048, 1, 2, 8, 6, 5 },
		{ 2048, 2, 3, 16, 3, 5 },   { 2048, 16, 3, 16, 3, 5 },  { 4096, 1, 3, 8, 2, 6 },
		{ 8192, 16, 3, 4, 3, 6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab_cache_args args = { .name = "k", .size = rows[i].size };

		for (int v = 0; v < 2; v++) {
			struct slab_geometry g = lay_out(v ? v6_12 : v6_1, rows[i].nr_cpus, &args);

			ck_assert_msg(g.size == rows[i].size && g.order == rows[i].order &&
				      g.objects == rows[i].objects &&
				      g.cpu_partial_slabs == rows[i].cpu_partial_slabs &&
				      g.min_partial == rows[i].min_partial,
				      "size %u, %u CPUs: order %u, %u objects, %u on a CPU",
				      g.size, rows[i].nr_cpus, g.order, g.objects,
				      g.cpu_partial_slabs);
		}
	}
}
END_TEST

/* The one range of sizes where the order search of 6.1 and of 6.7 end differently. */
START_TEST(order_search_changed_for_three_pages)
{
	for (uint32_t size = 8; size <= 3 * 4096; size += 8) {
		struct slab_cache_args args = { .name = "x", .size = size };
		struct slab_geometry old = lay_out(v6_1, 2, &args), new = lay_out(v6_12, 2, &args);
		bool differs = size >= 10928 && size <= 12280;

		ck_assert_msg((old.order != new.order) == differs, "size %u: orders %u, %u",
			      size, old.order, new.order);
		if (differs) {
			ck_assert_uint_eq(old.order, 2);
			ck_assert_uint_eq(new.objects, 2);
		}
	}
}
END_TEST

START_TEST(alignment_follows_flags)
{
	static const struct row {
		uint32_t size, align, flags, want;
	} rows[] = {
		{ 5, 0, 0, 8 },     { 5, 32, 0, 32 },  { 8, 0, SLAB_HWCACHE_ALIGN, 8 },
		{ 9, 0, SLAB_HWCACHE_ALIGN, 16 },      { 32, 0, SLAB_HWCACHE_ALIGN, 32 },
		{ 33, 0, SLAB_HWCACHE_ALIGN, 64 },     { 700, 16, SLAB_HWCACHE_ALIGN, 64 },
		{ 700, 128, SLAB_HWCACHE_ALIGN, 128 }, { 700, 4, 0, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_uint_eq(slab_geometry_align(ARCH_X86_64, rows[i].flags, rows[i].align,
						      rows[i].size), rows[i].want);
}
END_TEST

/* Metadata around the object: what each flag adds to one of 64 bytes. */
START_TEST(debug_flags_add_metadata)
{
	struct slab_cache_args args = { .name = "d", .size = 64 };
	struct slab_geometry g;

	args.ctor = true;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 72);
	args.ctor = false;
	args.flags = SLAB_TYPESAFE_BY_RCU;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 72);
	args.has_freeptr_offset = true;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 64);
	ck_assert_uint_eq(lay_out(v6_1, 2, &args).size, 72); /* it did not exist */
	args.has_freeptr_offset = false;

	/* An odd size has room for a red zone behind it, an even one gets a word more. */
	args.flags = SLAB_RED_ZONE;
	g = lay_out(v6_12, 2, &args);
	ck_assert_uint_eq(g.size, 64 + 8 + 8 + 8);
	ck_assert_uint_eq(g.red_left_pad, 8);
	ck_assert_uint_eq(g.cpu_partial_slabs, 0);
	args.size = 60;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 64 + 8 + 8);
	args.size = 64;
	args.flags = SLAB_STORE_USER;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 64 + 2 * 32);
	args.flags |= SLAB_KMALLOC;
	ck_assert_uint_eq(lay_out(v6_12, 2, &args).size, 64 + 2 * 32 + 8);
	ck_assert_uint_eq(lay_out(v6_1, 2, &args).size, 64 + 2 * 32 + 8); /* 4, rounded */
}
END_TEST

START_TEST(what_if_knobs_change_limits)
{
	struct slab_cache_args args = { .name = "k", .size = 256 };
	struct machine_config config;
	struct slab_geometry g;

	machine_config_init(&config, v6_12, ARCH_X86_64);
	config.nr_cpus = 2;
	config.slub_min_partial = 0;
	config.slub_cpu_partial = 10;
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_eq(g.min_partial, 0);
	ck_assert_uint_eq(g.cpu_partial_slabs, 2); /* 2 * 10 objects in slabs of 16 */
	config.slub_cpu_partial = 0;
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_eq(g.cpu_partial_slabs, 0);
	config.slub_min_order = 2;
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_eq(g.order, 2);
	ck_assert_uint_eq(g.min_order, 0);
	config.slub_min_order = 5; /* beyond max_order, which moves along */
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_eq(g.order, 5);
	config.slub_min_order = 0;
	config.slub_min_objects = 100;
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_eq(g.order, 3);
	config.slub_min_objects = 1000000;
	config.slub_max_order = KERNEL_MAX_ORDER;
	args.size = 8;
	ck_assert(slab_geometry_init(&g, &config, &args));
	ck_assert_uint_le(g.objects, SLAB_MAX_OBJECTS);
	machine_config_deinit(&config);
}
END_TEST

/* What changed before 6.1, by memory of those kernels: limits, tracks, alignment of classes. */
START_TEST(older_kernels_differ)
{
	static const struct row {
		struct kernel_version version;
		uint32_t size, cpu_partial, tracked;
	} rows[] = {
		{ { 4, 19 }, 64, 30, 64 + 304 },     { { 5, 10 }, 64, 30, 64 + 304 },
		{ { 5, 15 }, 256, 13, 256 + 304 },   { { 5, 15 }, 1024, 6, 1024 + 304 },
		{ { 5, 15 }, 4096, 2, 4096 + 304 },  { { 5, 16 }, 4096, 6, 4096 + 304 },
		{ { 5, 18 }, 1024, 24, 1024 + 304 }, { { 5, 19 }, 256, 52, 256 + 64 },
		{ { 6, 0 }, 64, 120, 64 + 64 },      { { 6, 1 }, 64, 120, 64 + 64 + 8 },
		{ { 7, 2 }, 64, 0, 64 + 64 + 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slab_cache_args args = { .name = "k", .size = rows[i].size };

		ck_assert_uint_eq(lay_out(rows[i].version, 2, &args).cpu_partial,
				  rows[i].cpu_partial);
		args.flags = SLAB_STORE_USER | SLAB_KMALLOC;
		ck_assert_msg(lay_out(rows[i].version, 2, &args).size == rows[i].tracked, "%u.%u",
			      rows[i].version.major, rows[i].version.minor);
	}
}
END_TEST

/* Profiles ascend, and each release has the nearest one below. */
START_TEST(profiles_are_found)
{
	static const struct kernel_version versions[] = {
		{ 4, 19 }, { 5, 10 }, { 5, 15 }, { 6, 1 }, { 6, 7 }, { 6, 8 }, { 6, 12 },
		{ 6, 18 }, { 7, 2 },
	};
	const struct slab_profile *last = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		const struct slab_profile *profile = slab_profile_of(versions[i]);

		ck_assert_int_le(kernel_version_cmp(profile->since, versions[i]), 0);
		ck_assert(!last || kernel_version_cmp(profile->since, last->since) >= 0);
		last = profile;
	}
	ck_assert(slab_profile_of((struct kernel_version){ 4, 19 })->no_reclaim_type);
	ck_assert(slab_profile_of((struct kernel_version){ 5, 15 })->partial_objects);
	ck_assert(!slab_profile_of((struct kernel_version){ 5, 16 })->partial_objects);
	ck_assert_ptr_eq(last, slab_profile_of((struct kernel_version){ 0, 0 }));
}
END_TEST

START_TEST(impossible_caches_are_refused)
{
	static const struct slab_cache_args bad[] = {
		{ .name = "b", .size = 0 },
		{ .name = "b", .size = SLAB_MAX_SIZE + 1 },
		{ .name = "b", .size = UINT32_MAX },
		{ .name = "b", .size = 64, .align = 24 },
		{ .name = "b", .size = 64, .align = 1U << 31 },
		{ .name = "b", .size = SLAB_MAX_SIZE, .ctor = true },
	};
	const struct slab_cache_args largest = { .name = "l", .size = SLAB_MAX_SIZE };
	struct machine_config config;
	struct slab_geometry g;

	machine_config_init(&config, v6_12, ARCH_X86_64);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert(!slab_geometry_init(&g, &config, &bad[i]));
	ck_assert(!slab_geometry_init_recorded(&g, &config, 0, 0, 0));
	ck_assert(!slab_geometry_init_recorded(&g, &config, 65, 64, 0));
	ck_assert(!slab_geometry_init_recorded(&g, &config, 60, 61, 0));
	ck_assert(slab_geometry_init_recorded(&g, &config, 60, 64, 0));
	ck_assert_uint_eq(g.objects, 64);
	ck_assert(slab_geometry_init(&g, &config, &largest));
	ck_assert_uint_eq(g.order, KERNEL_MAX_ORDER);
	machine_config_deinit(&config);
}
END_TEST

/* A line of sys_slab_static.tsv: the values of its columns by name. */
struct slab_row {
	char name[64], object_size[16], slab_size[16], objs_per_slab[16], order[16];
	char min_partial[16], cpu_partial[16], align[16], hwcache_align[16], destroy_by_rcu[16];
	char ctor[64];
};

#define ROW_FIELD(field)                                                                      \
	{                                                                                     \
		#field, offsetof(struct slab_row, field),                                     \
			sizeof(((struct slab_row *)0)->field)                                 \
	}
static const struct row_field {
	const char *name;
	size_t offset, size;
} row_fields[] = {
	ROW_FIELD(name), ROW_FIELD(object_size), ROW_FIELD(slab_size), ROW_FIELD(objs_per_slab),
	ROW_FIELD(order), ROW_FIELD(min_partial), ROW_FIELD(cpu_partial), ROW_FIELD(align),
	ROW_FIELD(hwcache_align), ROW_FIELD(destroy_by_rcu), ROW_FIELD(ctor),
};

static void read_row(const char *head, char *line, struct slab_row *row)
{
	memset(row, 0, sizeof(*row));
	while (*head && *head != '\n') {
		size_t head_len = strcspn(head, "\t\n"), len = strcspn(line, "\t\n");

		for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++) {
			const struct row_field *field = &row_fields[i];

			if (strlen(field->name) != head_len ||
			    strncmp(field->name, head, head_len))
				continue;
			snprintf((char *)row + field->offset, field->size, "%.*s", (int)len, line);
		}
		head += head_len + (head[head_len] == '\t');
		line += len + (line[len] == '\t');
	}
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

/* Whether our layout is that of the row. */
static bool row_matches(const struct slab_row *row, const struct machine_config *config,
			const struct slab_cache_args *args)
{
	struct slab_geometry g;

	return slab_geometry_init(&g, config, args) && g.size == number(row->slab_size) &&
	       g.order == number(row->order) && g.objects == number(row->objs_per_slab) &&
	       g.align == number(row->align) && g.min_partial == number(row->min_partial) &&
	       g.cpu_partial == number(row->cpu_partial);
}

static void check_row(const char *recording, const struct slab_row *row,
		      const struct machine_config *config)
{
	struct slab_cache_args args = {
		.name = row->name,
		.size = number(row->object_size),
		/* What the file shows is already worked out; doing it again must not change it. */
		.align = number(row->align),
		.ctor = row->ctor[0] != '\0',
	};

	if (row->hwcache_align[0] == '1')
		args.flags |= SLAB_HWCACHE_ALIGN;
	if (row->destroy_by_rcu[0] == '1')
		args.flags |= SLAB_TYPESAFE_BY_RCU;
	if (row_matches(row, config, &args))
		return;
	/* The file does not tell whether the creator placed the free pointer inside the object. */
	args.has_freeptr_offset = true;
	ck_assert_msg((args.ctor || args.flags & SLAB_TYPESAFE_BY_RCU) &&
		      row_matches(row, config, &args),
		      "%s: cache '%s' of %s bytes", recording, row->name, row->object_size);
}

static unsigned int count_cpus(const char *dir)
{
	char *path = xasprintf("%s/cpuinfo", dir), line[512];
	FILE *file = fopen(path, "r");
	unsigned int nr = 0;

	free(path);
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		nr += !strncmp(line, "processor", 9);
	fclose(file);
	return nr;
}

static void read_version(const char *dir, struct machine_config *config)
{
	char *path = xasprintf("%s/version", dir), line[512] = "";
	FILE *file = fopen(path, "r");
	struct kernel_version version;

	free(path);
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	ck_assert(kernel_version_parse(line + strlen("Linux version "), &version));
	machine_config_init(config, version, strstr(line, "-686") ? ARCH_X86_32 : ARCH_X86_64);
	config->nr_cpus = count_cpus(dir);
}

/* Returns the number of caches looked at. */
static unsigned int check_recording(const char *dir)
{
	char *path = xasprintf("%s/sys_slab_static.tsv", dir);
	FILE *file = fopen(path, "r");
	char head[1024], line[2048];
	struct machine_config config;
	struct slab_row row;
	unsigned int nr = 0;

	free(path);
	if (!file)
		return 0;
	read_version(dir, &config);
	ck_assert_ptr_nonnull(fgets(head, sizeof(head), file));
	while (fgets(line, sizeof(line), file)) {
		read_row(head, line, &row);
		check_row(dir, &row, &config);
		nr++;
	}
	fclose(file);
	machine_config_deinit(&config);
	return nr;
}

START_TEST(recorded_caches_are_laid_out_alike)
{
	const char *traces = getenv("KMREPLAY_TRACES"), *top = getenv("top_srcdir");
	char *root = traces ? xstrdup(traces) : xasprintf("%s/../shared/traces", top ? top : ".");
	DIR *dir = opendir(root);
	unsigned int nr = 0;

	if (!dir) {
		printf("# no recordings in '%s': skipped\n", root);
		free(root);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char *path = xasprintf("%s/%s", root, entry->d_name);

		if (entry->d_name[0] != '.')
			nr += check_recording(path);
		free(path);
	}
	closedir(dir);
	printf("# %u recorded caches compared\n", nr);
	free(root);
}
END_TEST

UNIT_MAIN("slab_geometry", kmalloc_classes_follow_cpus, order_search_changed_for_three_pages,
	  alignment_follows_flags, debug_flags_add_metadata, what_if_knobs_change_limits,
	  older_kernels_differ, profiles_are_found,
	  impossible_caches_are_refused, recorded_caches_are_laid_out_alike)
