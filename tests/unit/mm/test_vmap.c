/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas of virtual addresses: the addresses of recorded kernels, a naive model with sorted ranges,
 * pools and their decay, percpu groups, and what hostile requests get.
 */
#include <config.h>

#include "kmreplay/mm/vmalloc_follow.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define PAGE  ((uint64_t)KERNEL_PAGE_SIZE)
#define START 0xffffc90000000000ULL
#define END   (START + (1ULL << 45) - 1)

static struct vmalloc *make(unsigned int major, unsigned int minor, unsigned int nr_cpus)
{
	struct kernel_version version = { major, minor };
	struct vmalloc_ops ops = { 0 };
	struct machine_config config;
	struct vmalloc *v;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = nr_cpus;
	v = vmalloc_create(&config, &ops, NULL);
	machine_config_deinit(&config);
	return v;
}

static void check(const struct vmalloc *v)
{
	struct error err;

	ck_assert_msg(vmalloc_check(v, &err), "%s", err.message);
}

/* Counts of a comparison with a recording. */
struct compared {
	uint64_t areas, equal, purges, purges_equal;
};

static void compare_alloc(struct vmalloc *v, unsigned int cpu, const uint64_t *x,
			  struct compared *c)
{
	struct mm_outcome outcome = vmap_area_alloc(v, cpu, x[1], x[2], x[3], x[4]);

	c->areas++;
	c->equal += mm_ok(outcome) && outcome.addr == x[0];
	/* Follow the recording, so that one difference does not cause others. */
	if (mm_ok(outcome) && outcome.addr != x[0]) {
		vmap_area_free(v, cpu, outcome.addr);
		outcome = vmap_area_adopt(v, x[0], x[1]);
	}
}

static void compare_purge(struct vmalloc *v, uint64_t nr, struct compared *c)
{
	c->purges++;
	c->purges_equal += vmap_purge(v).nr == nr;
}

static void compare_chunk(struct vmalloc *v, uint64_t base, struct compared *c)
{
	const uint64_t offset = 0, size = 2 << 20;
	struct vmap_groups groups = { &offset, &size, 1, 2 << 20 };

	c->areas++;
	c->equal += vmap_groups_alloc(v, 0, &groups).addr == base;
}

/* A fixture: see the head of vmap-boot-612.txt. */
static struct compared replay_fixture(const char *name)
{
	const char *dir = getenv("top_srcdir");
	struct compared c = { 0 };
	struct vmalloc *v = make(6, 12, 2);
	char path[4096], line[256];
	gzFile file;

	snprintf(path, sizeof(path), "%s/tests/unit/mm/%s", dir ? dir : ".", name);
	file = gzopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open '%s'", path);
	vmalloc_set_auto_purge(v, false);
	while (gzgets(file, line, sizeof(line))) {
		uint64_t x[5];
		unsigned int cpu;

		if (sscanf(line, "a %u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
			   &cpu, &x[0], &x[1], &x[2], &x[3], &x[4]) == 6)
			compare_alloc(v, cpu, x, &c);
		else if (sscanf(line, "f %u %" SCNx64, &cpu, &x[0]) == 2)
			ck_assert(mm_ok(vmap_area_free(v, cpu, x[0])));
		else if (sscanf(line, "p %" SCNu64, &x[0]) == 1)
			compare_purge(v, x[0], &c);
		else if (sscanf(line, "c %" SCNx64, &x[0]) == 1)
			compare_chunk(v, x[0], &c);
		else
			ck_assert_int_eq(line[0], '#');
	}
	gzclose(file);
	check(v);
	vmalloc_destroy(v);
	return c;
}

START_TEST(recorded_boot)
{
	struct compared c = replay_fixture("vmap-boot-612.txt");

	ck_assert_uint_eq(c.areas, 229 + 1);
	ck_assert_uint_eq(c.equal, c.areas);
	ck_assert_uint_eq(c.purges, 87);
	ck_assert_uint_eq(c.purges_equal, c.purges);
}
END_TEST

START_TEST(recorded_load)
{
	struct compared c = replay_fixture("vmap-load-612.txt.gz");

	ck_assert_uint_eq(c.areas, 1553 + 1);
	ck_assert_uint_eq(c.equal, c.areas);
	ck_assert_uint_eq(c.purges, 648);
	ck_assert_uint_eq(c.purges_equal, c.purges);
}
END_TEST

static uint64_t number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 0) : 0;
}

static void replay_line(struct vmalloc *v, const char *line, struct compared *c)
{
	const char *bracket = strstr(line, " [");
	unsigned int cpu = bracket ? (unsigned int)atoi(bracket + 2) : 0;
	const char *event;

	if ((event = strstr(line, ": alloc_vmap_area: "))) {
		uint64_t x[5] = { number(event, "va_start: "), number(event, "size="),
				  number(event, "align="), number(event, "vstart="),
				  number(event, "vend=") };

		compare_alloc(v, cpu, x, c);
	} else if ((event = strstr(line, ": free_vmap_area_noflush: "))) {
		vmap_area_free(v, cpu, number(event, "va_start="));
	} else if ((event = strstr(line, ": purge_vmap_area_lazy: "))) {
		compare_purge(v, number(event, "num_purged="), c);
	} else if ((event = strstr(line, ": percpu_create_chunk: "))) {
		compare_chunk(v, strtoull(strstr(event, "base_addr=") + 10, NULL, 16), c);
	}
}

START_TEST(shared_recordings)
{
	static const struct {
		const char *name;
		unsigned int major, minor, nr_cpus;
	} recordings[] = { { "boot-612", 6, 12, 2 },
			   { "boot-72", 7, 2, 2 },
			   { "zoo-612", 6, 12, 1 } };
	const char *root = getenv("KMREPLAY_TRACES");
	const char *top = getenv("top_srcdir");
	char path[4096], line[1024];

	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		struct compared c = { 0 };
		struct vmalloc *v;
		gzFile file;

		snprintf(path, sizeof(path), "%s%s/%s/trace.txt.gz",
			 root  ? root
			 : top ? top
			       : ".",
			 root ? "" : "/../shared/traces", recordings[i].name);
		file = gzopen(path, "r");
		if (!file) {
			printf("# skipped: no recording '%s'\n", recordings[i].name);
			continue;
		}
		v = make(recordings[i].major, recordings[i].minor, recordings[i].nr_cpus);
		vmalloc_set_auto_purge(v, false);
		while (gzgets(file, line, sizeof(line)))
			replay_line(v, line, &c);
		gzclose(file);
		check(v);
		vmalloc_destroy(v);
		printf("# %s: %" PRIu64 " of %" PRIu64 " addresses, %" PRIu64 " of %" PRIu64
		       " purges\n",
		       recordings[i].name, c.equal, c.areas, c.purges_equal, c.purges);
		ck_assert_uint_gt(c.areas, 100);
		ck_assert_uint_eq(c.equal, c.areas);
		ck_assert_uint_eq(c.purges_equal, c.purges);
	}
}
END_TEST

/* The model: taken ranges, unsorted; the lowest place is looked for behind each of them. */
enum { MODEL_MAX = 400 };

struct model {
	struct model_area {
		uint64_t start, end;
		bool lazy;
	} areas[MODEL_MAX];
	size_t nr;
};

static bool model_is_free(const struct model *m, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < m->nr; i++) {
		if (start < m->areas[i].end && end > m->areas[i].start)
			return false;
	}
	return true;
}

static uint64_t model_lowest(const struct model *m, uint64_t size, uint64_t vstart)
{
	uint64_t best = vstart;

	if (model_is_free(m, vstart, vstart + size))
		return vstart;
	best = UINT64_MAX;
	for (size_t i = 0; i < m->nr; i++) {
		uint64_t at = m->areas[i].end;

		if (at >= vstart && at < best && model_is_free(m, at, at + size))
			best = at;
	}
	return best;
}

static void model_alloc(struct model *m, struct vmalloc *v, struct rng *rng)
{
	uint64_t size = (1 + rng_below(rng, 40)) * PAGE;
	uint64_t align = rng_below(rng, 4) ? 1 : PAGE << rng_below(rng, 6);
	uint64_t vstart = START + rng_below(rng, 3) * 64 * PAGE;
	struct mm_outcome outcome = vmap_area_alloc(v, 0, size, align, vstart, END);

	ck_assert(mm_ok(outcome));
	ck_assert_uint_eq(outcome.addr & (align - 1), 0);
	ck_assert_uint_ge(outcome.addr, vstart);
	ck_assert(model_is_free(m, outcome.addr, outcome.addr + size));
	if (align <= PAGE)
		ck_assert_uint_eq(outcome.addr, model_lowest(m, size, vstart));
	m->areas[m->nr++] = (struct model_area){ outcome.addr, outcome.addr + size, false };
}

static void model_purge(struct model *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr; i++) {
		if (!m->areas[i].lazy)
			m->areas[kept++] = m->areas[i];
	}
	m->nr = kept;
}

START_TEST(lowest_fit_as_the_model)
{
	struct model m = { 0 };
	struct vmalloc *v = make(6, 1, 4);
	struct rng rng;

	rng_init(&rng, 6);
	vmalloc_set_auto_purge(v, false);
	for (int i = 0; i < 20000; i++) {
		size_t at = rng_below(&rng, MODEL_MAX);

		if (rng_below(&rng, 100) == 0) {
			vmap_purge(v);
			model_purge(&m);
		} else if (at >= m.nr) {
			model_alloc(&m, v, &rng);
		} else if (!m.areas[at].lazy) {
			ck_assert(mm_ok(vmap_area_free(v, 0, m.areas[at].start)));
			m.areas[at].lazy = true;
		}
		if (i % 16 == 0)
			check(v);
	}
	vmalloc_destroy(v);
}
END_TEST

START_TEST(random_areas_with_pools)
{
	uint64_t live[MODEL_MAX];
	struct vmalloc *v = make(6, 12, 3);
	struct vmalloc_stats stats;
	struct rng rng;
	size_t nr = 0;

	rng_init(&rng, 7);
	for (int i = 0; i < 30000; i++) {
		unsigned int cpu = (unsigned int)rng_below(&rng, 3);

		if (rng_below(&rng, 500) == 0)
			vmap_purge(v);
		if (rng_below(&rng, 5000) == 0)
			vmap_pools_drain(v);
		if (nr < MODEL_MAX && rng_below(&rng, 2)) {
			uint64_t size = (1 + rng_below(&rng, 300)) * PAGE;
			struct mm_outcome outcome = vmap_area_alloc(
				v, cpu, size, 1ULL << rng_below(&rng, 16), START, END);

			ck_assert(mm_ok(outcome));
			live[nr++] = outcome.addr;
		} else if (nr) {
			size_t at = rng_below(&rng, nr);

			ck_assert(mm_ok(vmap_area_free(v, cpu, live[at])));
			ck_assert_int_eq(vmap_area_free(v, cpu, live[at]).failure, MM_FAIL_INVALID);
			live[at] = live[--nr];
		}
		if (i % 64 == 0)
			check(v);
	}
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_busy, nr);
	ck_assert_uint_gt(stats.nr_pool_hits, 1000);
	ck_assert_uint_le(stats.lazy_pages, stats.lazy_max_pages + 300);
	vmalloc_destroy(v);
}
END_TEST

/* Fills the pool of CPU 0 with "nr" areas of two pages and purges once more. */
static uint64_t pool_after_decay(unsigned int major, unsigned int minor, unsigned int nr)
{
	struct vmalloc *v = make(major, minor, 2);
	uint64_t addr[16], len;

	for (unsigned int i = 0; i < nr; i++)
		addr[i] = vmap_area_alloc(v, 0, 2 * PAGE, 1, START, END).addr;
	for (unsigned int i = 0; i < nr; i++)
		ck_assert(mm_ok(vmap_area_free(v, 1, addr[i])));
	vmap_purge(v);
	ck_assert_uint_eq(vmap_pool_len(v, 0, 2), nr);
	vmap_purge(v);
	len = vmap_pool_len(v, 0, 2);
	check(v);
	vmap_pools_drain(v);
	ck_assert_uint_eq(vmap_pool_len(v, 0, 2), 0);
	check(v);
	vmalloc_destroy(v);
	return len;
}

START_TEST(pools_decay_by_a_quarter)
{
	ck_assert_uint_eq(pool_after_decay(6, 12, 8), 6);
	ck_assert_uint_eq(pool_after_decay(6, 12, 11), 9);
	ck_assert_uint_eq(pool_after_decay(6, 12, 3), 0); /* the quirk */
	ck_assert_uint_eq(pool_after_decay(7, 2, 8), 6);
	ck_assert_uint_eq(pool_after_decay(7, 2, 3), 3);
}
END_TEST

START_TEST(a_pool_serves_its_own_cpu_only)
{
	struct vmalloc *v = make(6, 12, 2);
	uint64_t first = vmap_area_alloc(v, 0, 5 * PAGE, 1, START, END).addr;
	struct mm_outcome outcome;

	ck_assert_uint_eq(first, START);
	vmap_area_free(v, 1, first);
	outcome = vmap_area_alloc(v, 0, 5 * PAGE, 1, START, END);
	ck_assert_uint_eq(outcome.addr, START + 5 * PAGE); /* lazy: not yet reusable */
	vmap_purge(v);
	outcome = vmap_area_alloc(v, 1, 5 * PAGE, 1, START, END);
	ck_assert_uint_eq(outcome.addr, START + 10 * PAGE);
	ck_assert_int_eq(outcome.path, MM_PATH_VMAP_TREE);
	outcome = vmap_area_alloc(v, 0, 5 * PAGE, 1, START, END);
	ck_assert_uint_eq(outcome.addr, first);
	ck_assert_int_eq(outcome.path, MM_PATH_VMAP_POOL);
	vmalloc_destroy(v);
}
END_TEST

START_TEST(purges_come_by_themselves)
{
	struct vmalloc *v = make(6, 1, 1); /* 8192 lazy pages at most */
	struct vmalloc_stats stats;

	for (int i = 0; i < 9; i++) {
		uint64_t addr = vmap_area_alloc(v, 0, 1024 * PAGE, 1, START, END).addr;

		ck_assert_uint_eq(addr, START + (uint64_t)i * 1024 * PAGE);
		vmap_area_free(v, 0, addr);
	}
	ck_assert_uint_eq(vmap_area_alloc(v, 0, PAGE, 1, START, END).addr, START);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_purges, 1);
	ck_assert_uint_eq(stats.nr_purged, 1); /* neighbours had merged */
	ck_assert_uint_eq(stats.largest_free, (1ULL << 45) - PAGE);
	check(v);
	vmalloc_destroy(v);
}
END_TEST

START_TEST(full_range_is_purged_then_fails)
{
	struct vmalloc *v = make(6, 12, 2);
	struct mm_outcome outcome;
	uint64_t end = START + 64 * PAGE;

	for (int i = 0; i < 63; i++)
		ck_assert(mm_ok(vmap_area_alloc(v, 0, PAGE, 1, START, end)));
	ck_assert(mm_ok(vmap_area_alloc(v, 0, PAGE, 1, START, end)));
	outcome = vmap_area_alloc(v, 0, PAGE, 1, START, end);
	ck_assert_int_eq(outcome.failure, MM_FAIL_NO_SPACE);
	ck_assert_uint_eq(outcome.addr, 0);
	vmap_area_free(v, 0, START + 7 * PAGE);
	outcome = vmap_area_alloc(v, 0, PAGE, 1, START, end);
	ck_assert_uint_eq(outcome.addr, START + 7 * PAGE);
	ck_assert_int_eq(outcome.path, MM_PATH_VMAP_PURGE);
	check(v);
	vmalloc_destroy(v);
}
END_TEST

START_TEST(groups_come_from_the_top)
{
	const uint64_t mib = 1 << 20;
	const uint64_t offsets[] = { 0, 6 * mib }, sizes[] = { 2 * mib, 2 * mib };
	struct vmap_groups groups = { offsets, sizes, 2, 2 * mib };
	struct vmalloc *v = make(6, 12, 2);
	uint64_t top = bits_align_down(END, 2 * mib);
	uint64_t base = vmap_groups_alloc(v, 0, &groups).addr;
	uint64_t at = 0;
	struct vmap_area_info info;

	ck_assert_uint_eq(base, top - 8 * mib);
	/* The second pair goes into the hole between the first ones' groups and below. */
	ck_assert_uint_eq(vmap_groups_alloc(v, 0, &groups).addr, base - 2 * mib);
	ck_assert_uint_eq(vmap_groups_alloc(v, 0, &groups).addr, base - 4 * mib);
	ck_assert_uint_eq(vmap_groups_alloc(v, 0, &groups).addr, base - 12 * mib);
	vmap_groups_free(v, 0, base - 2 * mib, &groups);
	vmap_purge(v);
	ck_assert_uint_eq(vmap_groups_alloc(v, 0, &groups).addr, base - 2 * mib);
	for (int i = 0; i < 8; i++)
		ck_assert(vmap_area_next(v, &at, &info));
	ck_assert(!vmap_area_next(v, &at, &info));
	check(v);
	vmalloc_destroy(v);
}
END_TEST

START_TEST(hostile_requests_fail)
{
	static const uint64_t requests[][4] = {
		/* size, align, vstart, vend */
		{ 0, 1, START, END },	 { 100, 1, START, END },
		{ PAGE, 3, START, END }, { PAGE, 0, START, END },
		{ PAGE, 1, END, START }, { UINT64_MAX - PAGE + 1, 1ULL << 63, 0, UINT64_MAX },
	};
	struct vmalloc *v = make(6, 12, 2);
	uint64_t at = 0, start, end;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		ck_assert_int_eq(vmap_area_alloc(v, 0, requests[i][0], requests[i][1],
						 requests[i][2], requests[i][3])
					 .failure,
				 MM_FAIL_INVALID);
	ck_assert_int_eq(vmap_area_alloc(v, 0, UINT64_MAX - PAGE + 1, 1, PAGE, UINT64_MAX).failure,
			 MM_FAIL_NO_SPACE);
	ck_assert_int_eq(vmap_area_alloc(v, 0, PAGE, 1ULL << 63, START, END).failure,
			 MM_FAIL_NO_SPACE);
	ck_assert_int_eq(vmap_area_alloc(v, 65535, PAGE, 1, 0, 0).failure, MM_FAIL_NO_SPACE);
	ck_assert_int_eq(vmap_area_adopt(v, UINT64_MAX - 5, 100).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(vmap_area_adopt(v, 0, PAGE).failure, MM_FAIL_NO_SPACE);
	ck_assert(mm_ok(vmap_area_adopt(v, START, PAGE)));
	ck_assert_int_eq(vmap_area_adopt(v, START, PAGE).failure, MM_FAIL_NO_SPACE);
	ck_assert(mm_ok(vmap_area_free(v, 77, START)));
	ck_assert_int_eq(vmap_area_free(v, 0, 0).failure, MM_FAIL_INVALID);
	ck_assert(vmap_free_next(v, &at, &start, &end));
	ck_assert_uint_eq(start, 1);
	check(v);
	vmalloc_destroy(v);
	vmalloc_destroy(NULL);
}
END_TEST

START_TEST(the_range_is_learned)
{
	struct vmalloc *v = make(6, 12, 2);
	const uint64_t start = 0xffffd093c0000000, module = 0xffffffffc0000000;
	struct vmalloc_stats stats;

	vmap_area_alloc(v, 0, PAGE, PAGE, module, 0xffffffffff000000);
	vmap_area_alloc(v, 0, PAGE, 1, start, start + (1ULL << 45) - 1);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.range_start, start);
	ck_assert_uint_eq(stats.free_bytes, (1ULL << 45) - PAGE);
	vmap_area_alloc(v, 0, PAGE, 1, START, END);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.range_start, start);
	vmalloc_destroy(v);
}
END_TEST

START_TEST(a_choice_is_what_is_taken)
{
	struct vmalloc *v = make(6, 12, 2);
	uint64_t live[MODEL_MAX];
	struct rng rng;
	size_t nr = 0;

	rng_init(&rng, 31);
	vmalloc_set_auto_purge(v, false);
	for (int i = 0; i < 20000; i++) {
		const struct vmap_call call = { (unsigned int)rng_below(&rng, 2),
						(1 + rng_below(&rng, 30)) * PAGE,
						1ULL << rng_below(&rng, 15), START, END };

		if (rng_below(&rng, 200) == 0)
			vmap_purge(v);
		if (nr < MODEL_MAX && rng_below(&rng, 2)) {
			const struct mm_outcome choice = vmap_area_choose(v, &call);
			const struct mm_outcome outcome = vmap_area_try(v, &call);

			ck_assert(mm_ok(outcome));
			ck_assert(i == 0 || choice.addr == outcome.addr);
			ck_assert(i == 0 || choice.path == outcome.path);
			live[nr++] = outcome.addr;
		} else if (nr) {
			const size_t at = rng_below(&rng, nr);

			ck_assert(mm_ok(vmap_area_free(v, call.cpu, live[at])));
			live[at] = live[--nr];
		}
	}
	check(v);
	vmalloc_destroy(v);
}
END_TEST

/* Any range can be made an area, whatever it was, and the books are kept. */
START_TEST(any_range_can_be_forced)
{
	uint64_t seen[VMAP_OUTSIDE + 1] = { 0 };
	struct vmalloc *v = make(6, 12, 2);
	enum vmap_state was;
	struct rng rng;

	rng_init(&rng, 32);
	vmalloc_set_auto_purge(v, false);
	for (int i = 0; i < 5000; i++) {
		const struct vmap_call call = { (unsigned int)rng_below(&rng, 2),
						(1 + rng_below(&rng, 20)) * PAGE, 1, START, END };
		const uint64_t addr = START + rng_below(&rng, 500) * PAGE;
		struct vmap_range range;

		if (rng_below(&rng, 50) == 0)
			vmap_purge(v);
		range = vmap_range_at(v, addr);
		ck_assert_uint_le(range.start, addr);
		ck_assert_uint_gt(range.end, addr);
		if (rng_below(&rng, 2)) {
			ck_assert(mm_ok(vmap_area_force(v, &call, addr, &was)));
			ck_assert(was >= range.state);
			ck_assert_uint_eq(vmap_area_size(v, addr), call.size);
			seen[was]++;
		} else if (range.state == VMAP_BUSY) {
			ck_assert(mm_ok(vmap_area_free(v, call.cpu, range.start)));
		}
		if (i % 16 == 0)
			check(v);
	}
	for (unsigned int i = 0; i < VMAP_OUTSIDE; i++)
		ck_assert_uint_gt(seen[i], 0);
	ck_assert_int_eq(vmap_area_force(v, &(struct vmap_call){ 0, PAGE, 1, 0, END },
					 UINT64_MAX - 4095, &was).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(was, VMAP_OUTSIDE);
	check(v);
	vmalloc_destroy(v);
}
END_TEST

UNIT_MAIN("vmap", recorded_boot, recorded_load, shared_recordings, lowest_fit_as_the_model,
	  random_areas_with_pools, pools_decay_by_a_quarter, a_pool_serves_its_own_cpu_only,
	  purges_come_by_themselves, full_range_is_purged_then_fails, groups_come_from_the_top,
	  hostile_requests_fail, the_range_is_learned,
	  a_choice_is_what_is_taken, any_range_can_be_forced)
