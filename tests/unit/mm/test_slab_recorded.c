/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as the oracle: caches whose whole life was recorded must end with as many slabs, and
 * as many objects that slabinfo counts as active, as the kernel said. Nothing is corrected on the
 * way.
 */
#include <config.h>

#include "slab_fixture.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OBJECTS = 4096 };

struct replay {
	struct slab_fixture f;
	uint64_t addrs[MAX_OBJECTS];
	unsigned int nr_allocs, nr_compared;
};

static void replay_line(struct replay *r, const char *line)
{
	unsigned int cpu, object, size, major, minor, slabs, active;

	if (sscanf(line, "kernel %u.%u", &major, &minor) == 2) {
		fixture_init(&r->f, major, minor, 2);
		fixture_start(&r->f);
	} else if (sscanf(line, "a %u %u %u", &cpu, &object, &size) == 3) {
		ck_assert_uint_lt(object, MAX_OBJECTS);
		r->addrs[object] = slab_kmalloc(r->f.slab, cpu, size,
						GFP_BITS_KERNEL | GFP_BIT_ACCOUNT, -1, 0).addr;
		r->nr_allocs++;
	} else if (sscanf(line, "f %u %u", &cpu, &object) == 2) {
		ck_assert_uint_lt(object, MAX_OBJECTS);
		fixture_put(&r->f, cpu, r->addrs[object]);
	} else if (sscanf(line, "= %u %u %u", &size, &slabs, &active) == 3) {
		struct slab_cache_stats stats = fixture_stats(
			&r->f, slab_kmalloc_class(r->f.slab, size, GFP_BIT_ACCOUNT));

		ck_assert_msg(stats.nr_slabs == slabs && stats.active_objs == active,
			      "%s: %u slabs, %u active objects, not %u, %u", stats.name,
			      (unsigned int)stats.nr_slabs, (unsigned int)stats.active_objs, slabs,
			      active);
		r->nr_compared++;
	} else {
		ck_assert_msg(line[0] == '#', "'%s'", line);
	}
}

static void replay_file(const char *name)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/tests/unit/mm/%s", top ? top : ".", name), line[256];
	FILE *file = fopen(path, "r");
	struct replay r = { .nr_allocs = 0 };

	ck_assert_msg(file, "cannot open '%s'", path);
	while (fgets(line, sizeof(line), file))
		replay_line(&r, line);
	fclose(file);
	free(path);
	fixture_check(&r.f);
	ck_assert_uint_gt(r.nr_allocs, 300);
	ck_assert_uint_eq(r.nr_compared, 13);
	fixture_deinit(&r.f);
}

START_TEST(ends_like_linux_6_1)
{
	replay_file("slab-cg-61.txt");
}
END_TEST

START_TEST(ends_like_linux_6_12)
{
	replay_file("slab-cg-612.txt");
}
END_TEST

START_TEST(ends_like_linux_7_2)
{
	replay_file("slab-cg-72.txt");
}
END_TEST

UNIT_MAIN("slab_recorded", ends_like_linux_6_1, ends_like_linux_6_12, ends_like_linux_7_2)
