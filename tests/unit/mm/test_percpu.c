/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Percpu areas: the offsets of recorded kernels, a naive map of bytes, populating and the balance
 * work with pages that run out, layouts of the first chunk, and what hostile requests get.
 */
#include <config.h>

#include "kmreplay/mm/percpu_follow.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* What stands below the allocator here: pages are counted and may run out. */
struct ground {
	uint64_t next_pfn, live_pages, limit; /* limit: pages that may live; 0: any */
	uint64_t next_base, chunks;
	uint32_t last_gfp;
	struct percpu *p;
};

static struct mm_outcome ground_page(void *ctx, unsigned int cpu, uint32_t gfp, int node)
{
	struct ground *g = ctx;

	ck_assert_uint_eq(cpu, 0);
	ck_assert_int_ge(node, 0);
	g->last_gfp = gfp;
	if (g->limit && g->live_pages == g->limit)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY };
	g->live_pages++;
	return (struct mm_outcome){ .addr = g->next_pfn++ };
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t pfn)
{
	struct ground *g = ctx;

	ck_assert_uint_gt(g->live_pages, 0);
	ck_assert_uint_lt(pfn, g->next_pfn);
	ck_assert_uint_ge(pfn, 1000);
	g->live_pages--;
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_areas(void *ctx, unsigned int cpu UNUSED,
				      const struct vmap_groups *groups)
{
	struct ground *g = ctx;

	g->chunks++;
	g->next_base -= groups->sizes[0] + groups->offsets[groups->nr - 1];
	return (struct mm_outcome){ .addr = g->next_base };
}

static void ground_areas_free(void *ctx, unsigned int cpu UNUSED, uint64_t base UNUSED,
			      const struct vmap_groups *groups UNUSED)
{
	struct ground *g = ctx;

	g->chunks--;
}

static struct percpu *make(struct ground *g, unsigned int major, unsigned int minor,
			   unsigned int nr_cpus)
{
	static const struct percpu_ops ops = { .page_alloc = ground_page,
					       .page_free = ground_free,
					       .groups_alloc = ground_areas,
					       .groups_free = ground_areas_free };
	struct kernel_version version = { major, minor };
	struct machine_config config;
	struct percpu_layout layout;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = nr_cpus;
	percpu_layout_init(&layout, &config);
	*g = (struct ground){ .next_pfn = 1000, .next_base = 0xffffe8ffffe00000 };
	g->p = percpu_create(&config, &layout, &ops, g);
	machine_config_deinit(&config);
	return g->p;
}

static void check(const struct percpu *p)
{
	struct error err;

	ck_assert_msg(percpu_check(p, &err), "%s", err.message);
}

struct compared {
	uint64_t areas, equal;
};

/* One event of a chunk that was created while recording, replayed in just that chunk. */
static void compare_alloc(struct percpu *p, uint64_t base, const struct percpu_request *request,
			  uint64_t off, struct compared *c)
{
	struct mm_outcome outcome = percpu_alloc_in(p, 0, base, request);

	c->areas++;
	c->equal += mm_ok(outcome) && outcome.addr == base + off;
	/* Follow the recording, so that one difference does not cause others. */
	if (mm_ok(outcome) && outcome.addr != base + off) {
		percpu_free(p, 0, outcome.addr);
		outcome = percpu_alloc_at(p, 0, base + off, request->size, request->gfp);
	}
}

static struct compared replay_fixture(const char *name, unsigned int major, unsigned int minor,
				      unsigned int nr_cpus)
{
	const char *dir = getenv("top_srcdir");
	struct compared c = { 0 };
	struct ground g;
	struct percpu *p = make(&g, major, minor, nr_cpus);
	char path[4096], line[256];
	gzFile file;

	snprintf(path, sizeof(path), "%s/tests/unit/mm/%s", dir ? dir : ".", name);
	file = gzopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open '%s'", path);
	percpu_set_auto_balance(p, false);
	while (gzgets(file, line, sizeof(line))) {
		struct percpu_request request = { 0 };
		unsigned int atomic;
		uint64_t base, off;

		if (sscanf(line, "a %" SCNx64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u", &base,
			   &off, &request.size, &request.align, &atomic) == 5) {
			request.gfp = atomic ? 0 : GFP_BITS_KERNEL;
			compare_alloc(p, base, &request, off, &c);
		} else if (sscanf(line, "f %" SCNx64 " %" SCNu64, &base, &off) == 2) {
			ck_assert(mm_ok(percpu_free(p, 0, base + off)));
		} else if (sscanf(line, "c %" SCNx64, &base) == 1) {
			ck_assert(percpu_chunk_adopt(p, base));
		} else {
			ck_assert_int_eq(line[0], '#');
		}
	}
	gzclose(file);
	check(p);
	percpu_destroy(p);
	return c;
}

START_TEST(recorded_load)
{
	struct compared c = replay_fixture("percpu-load-612.txt.gz", 6, 12, 2);

	ck_assert_uint_eq(c.areas, 1748);
	ck_assert_uint_eq(c.equal, c.areas);
}
END_TEST

START_TEST(recorded_sizes_of_all_kinds)
{
	struct compared c = replay_fixture("percpu-zoo-61.txt.gz", 6, 1, 1);

	ck_assert_uint_eq(c.areas, 729);
	ck_assert_uint_eq(c.equal, c.areas);
}
END_TEST

static uint64_t number(const char *line, const char *key, int base)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

/* A line of tracefs text; "*chunk" is the base of the created chunk, 0 before that. */
static void replay_line(struct percpu *p, const char *line, uint64_t *chunk, struct compared *c)
{
	const char *event = strstr(line, ": percpu_");
	uint64_t base = number(line, "base_addr=", 16), off = number(line, " off=", 10);

	if (!event)
		return;
	if (!strncmp(event, ": percpu_create_chunk: ", 23)) {
		*chunk = base;
		ck_assert(percpu_chunk_adopt(p, base));
	} else if (!*chunk || base != *chunk) {
		return;
	} else if (!strncmp(event, ": percpu_alloc_percpu: ", 23)) {
		struct percpu_request request = {
			.size = number(event, " size=", 10),
			.align = number(event, " align=", 10),
			.gfp = number(event, " is_atomic=", 10) ? 0 : GFP_BITS_KERNEL,
		};

		compare_alloc(p, base, &request, off, c);
	} else if (!strncmp(event, ": percpu_free_percpu: ", 22)) {
		percpu_free(p, 0, base + off);
	}
}

START_TEST(shared_recordings)
{
	static const struct {
		const char *name;
		unsigned int major, minor, nr_cpus;
	} recordings[] = { { "boot-61", 6, 1, 2 },
			   { "boot-72", 7, 2, 2 },
			   { "zoo-612", 6, 12, 1 } };
	const char *root = getenv("KMREPLAY_TRACES");
	const char *top = getenv("top_srcdir");
	char path[4096], line[1024];

	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		struct compared c = { 0 };
		uint64_t chunk = 0;
		struct ground g;
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
		make(&g, recordings[i].major, recordings[i].minor, recordings[i].nr_cpus);
		percpu_set_auto_balance(g.p, false);
		while (gzgets(file, line, sizeof(line)))
			replay_line(g.p, line, &chunk, &c);
		gzclose(file);
		check(g.p);
		percpu_destroy(g.p);
		printf("# %s: %" PRIu64 " of %" PRIu64 " offsets\n", recordings[i].name, c.equal,
		       c.areas);
		ck_assert_uint_gt(c.areas, 50);
		ck_assert_uint_eq(c.equal, c.areas);
	}
}
END_TEST

/* The model: live areas, looked through one by one. */
enum { MODEL_MAX = 600 };

struct model {
	struct model_area {
		uint64_t addr, size;
	} areas[MODEL_MAX];
	size_t nr;
	uint64_t bytes;
};

static void model_add(struct model *m, uint64_t addr, uint64_t size)
{
	for (size_t i = 0; i < m->nr; i++)
		ck_assert(addr >= m->areas[i].addr + m->areas[i].size ||
			  addr + size <= m->areas[i].addr);
	m->areas[m->nr++] = (struct model_area){ addr, size };
	m->bytes += size;
}

static uint64_t free_bytes(const struct percpu *p)
{
	struct percpu_chunk_info info;
	uint64_t at = 0, sum = 0;

	while (percpu_chunk_next(p, &at, &info)) {
		uint64_t pos = 0, size, in_chunk = 0;

		while (percpu_free_next(p, info.base, &pos, &size))
			in_chunk += size;
		ck_assert_uint_eq(in_chunk, info.free_bytes);
		sum += in_chunk;
	}
	return sum;
}

/* Pages below are those of all populated pages but the first chunk's. */
static void check_ground(const struct ground *g, unsigned int nr_cpus, uint64_t boot_pages)
{
	struct percpu_stats stats;

	percpu_stats(g->p, &stats);
	ck_assert_uint_eq(g->live_pages, (stats.nr_populated - boot_pages) * nr_cpus);
	ck_assert_uint_eq(stats.nr_pages_alloced - stats.nr_pages_freed, g->live_pages);
	ck_assert_uint_eq(g->chunks, stats.nr_created - stats.nr_destroyed);
}

static void model_alloc(struct model *m, struct ground *g, struct rng *rng)
{
	struct percpu_request request = {
		.size = 1 + rng_below(rng, 1ULL << rng_below(rng, 16)),
		.align = 1ULL << rng_below(rng, 13),
		.gfp = rng_below(rng, 5) ? GFP_BITS_KERNEL : 0,
		.reserved = rng_below(rng, 20) == 0,
	};
	struct mm_outcome outcome = percpu_alloc(g->p, 0, &request);

	if (request.size > 32768) {
		ck_assert_int_eq(outcome.failure, MM_FAIL_INVALID);
		return;
	}
	if (!mm_ok(outcome)) {
		ck_assert(!request.gfp || request.reserved || g->limit);
		return;
	}
	ck_assert_uint_eq(outcome.addr % MAX(request.align, (uint64_t)4), 0);
	model_add(m, outcome.addr, (request.size + 3) & ~3ULL);
}

static void random_ops(struct ground *g, unsigned int nr_cpus, uint64_t seed)
{
	struct model m = { 0 };
	struct percpu_stats stats;
	struct rng rng;
	uint64_t boot_pages;

	percpu_stats(g->p, &stats);
	boot_pages = stats.nr_populated;
	rng_init(&rng, seed);
	for (int i = 0; i < 12000; i++) {
		/* Grow for a while, shrink for a while. */
		bool grow = rng_below(&rng, 100) < (i / 1500 % 2 ? 35 : 65);

		if (grow && m.nr < MODEL_MAX) {
			model_alloc(&m, g, &rng);
		} else if (m.nr) {
			size_t at = rng_below(&rng, m.nr);
			struct model_area area = m.areas[at];

			ck_assert(mm_ok(percpu_free(g->p, 0, area.addr)));
			ck_assert(!mm_ok(percpu_free(g->p, 0, area.addr)));
			m.bytes -= area.size;
			m.areas[at] = m.areas[--m.nr];
		}
		if (i % 97 == 0)
			percpu_balance(g->p, 0);
		if (i % 32 == 0) {
			check(g->p);
			check_ground(g, nr_cpus, boot_pages);
		}
	}
	percpu_stats(g->p, &stats);
	ck_assert_uint_eq(stats.nr_areas, m.nr);
	ck_assert_uint_eq(stats.bytes, m.bytes);
	ck_assert_uint_eq(stats.free_bytes, free_bytes(g->p));
	while (m.nr)
		ck_assert(mm_ok(percpu_free(g->p, 0, m.areas[--m.nr].addr)));
	percpu_balance(g->p, 0);
	check(g->p);
	check_ground(g, nr_cpus, boot_pages);
	percpu_stats(g->p, &stats);
	ck_assert_uint_eq(stats.bytes, 0);
	ck_assert_uint_le(stats.nr_chunks, 3);
}

START_TEST(random_areas_as_the_model)
{
	static const unsigned int nr_cpus[] = { 1, 2, 5 };

	for (size_t i = 0; i < ARRAY_SIZE(nr_cpus); i++) {
		struct ground g;

		make(&g, 6, 12, nr_cpus[i]);
		random_ops(&g, nr_cpus[i], 8 + i);
		percpu_destroy(g.p);
	}
}
END_TEST

START_TEST(random_areas_when_pages_run_out)
{
	struct ground g;
	struct percpu_stats stats;

	make(&g, 6, 1, 3);
	g.limit = 500;
	random_ops(&g, 3, 11);
	percpu_stats(g.p, &stats);
	ck_assert_uint_gt(stats.nr_failed, 100);
	percpu_destroy(g.p);
}
END_TEST

START_TEST(atomic_requests_live_on_populated_pages)
{
	struct percpu_request request = { .size = 4096, .align = 4096 };
	struct mm_outcome outcome;
	struct percpu_stats stats;
	struct ground g;
	int ok = 0;

	make(&g, 6, 12, 2);
	percpu_set_auto_balance(g.p, false);
	while (mm_ok(percpu_alloc(g.p, 0, &request)))
		ok++;
	ck_assert_int_eq(ok, 7); /* 28 KiB of the first chunk */
	ck_assert_uint_eq(g.live_pages, 0);
	percpu_balance(g.p, 0); /* it failed: four pages of a new chunk */
	ck_assert_uint_eq(g.live_pages, 8);
	ck_assert_uint_eq(g.last_gfp,
			  GFP_BITS_RECLAIM | GFP_BIT_NORETRY | GFP_BIT_NOWARN | GFP_BIT_HIGHMEM);
	percpu_stats(g.p, &stats);
	ck_assert_uint_eq(stats.nr_empty, 4);
	for (ok = 0; mm_ok(percpu_alloc(g.p, 0, &request)); ok++)
		continue;
	ck_assert_int_eq(ok, 4);
	request.gfp = GFP_BITS_KERNEL;
	outcome = percpu_alloc(g.p, 0, &request);
	ck_assert(mm_ok(outcome));
	ck_assert_int_eq(outcome.path, MM_PATH_PERCPU_POPULATE);
	ck_assert_uint_eq(g.last_gfp, GFP_BITS_KERNEL | GFP_BIT_HIGHMEM);
	check(g.p);
	percpu_destroy(g.p);
}
END_TEST

START_TEST(idle_chunks_are_given_back)
{
	enum { NR = 400 }; /* of 16 KiB: about 6.5 chunks of 1 MiB */
	struct percpu_request request = { .size = 16384, .align = 64, .gfp = GFP_BITS_KERNEL };
	uint64_t addr[NR];
	struct percpu_stats stats;
	struct ground g;

	make(&g, 6, 12, 2);
	for (int i = 0; i < NR; i++)
		addr[i] = percpu_alloc(g.p, 0, &request).addr;
	percpu_stats(g.p, &stats);
	ck_assert_uint_eq(stats.nr_created, 7);
	for (int i = 0; i < NR; i++)
		ck_assert(mm_ok(percpu_free(g.p, 0, addr[i])));
	percpu_balance(g.p, 0);
	check(g.p);
	percpu_stats(g.p, &stats);
	ck_assert_uint_eq(stats.nr_created - stats.nr_destroyed, 1);
	/* The one that is spared keeps its pages: 63 areas and 7 + 4 pages at most. */
	ck_assert_uint_le(stats.nr_empty, 63 * 4 + 7 + 4);
	percpu_destroy(g.p);
}
END_TEST

START_TEST(units_fit_their_cpus)
{
	static const struct {
		unsigned int nr_cpus;
		uint64_t unit;
	} expected[] = { { 1, 2 << 20 }, { 2, 1 << 20 }, { 4, 512 << 10 }, { 8, 256 << 10 } };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct percpu_stats stats;
		struct ground g;

		make(&g, 6, 1, expected[i].nr_cpus);
		percpu_stats(g.p, &stats);
		ck_assert_uint_eq(stats.unit_size, expected[i].unit);
		ck_assert_uint_eq(stats.nr_populated, 62);
		check(g.p);
		percpu_destroy(g.p);
	}
}
END_TEST

START_TEST(hostile_requests_fail)
{
	static const struct percpu_request bad[] = {
		{ .size = 0, .gfp = GFP_BITS_KERNEL },
		{ .size = 32769, .gfp = GFP_BITS_KERNEL },
		{ .size = UINT64_MAX, .gfp = GFP_BITS_KERNEL },
		{ .size = 8, .align = 8192, .gfp = GFP_BITS_KERNEL },
		{ .size = 8, .align = 24, .gfp = GFP_BITS_KERNEL },
		{ .size = 8, .align = UINT64_MAX, .gfp = GFP_BITS_KERNEL },
	};
	struct percpu_request good = { .size = 6, .gfp = GFP_BITS_KERNEL };
	struct mm_outcome outcome;
	struct ground g;

	make(&g, 6, 12, 2);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(percpu_alloc(g.p, 0, &bad[i]).failure, MM_FAIL_INVALID);
	outcome = percpu_alloc(g.p, 0, &good);
	ck_assert_int_eq(percpu_free(g.p, 0, outcome.addr + 4).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(percpu_free(g.p, 0, outcome.addr + 1).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(percpu_free(g.p, 0, 0).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(percpu_free(g.p, 0, UINT64_MAX).failure, MM_FAIL_INVALID);
	ck_assert(mm_ok(percpu_free(g.p, 0, outcome.addr)));
	ck_assert_int_eq(percpu_alloc_in(g.p, 0, 4096, &good).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(percpu_alloc_at(g.p, 0, outcome.addr + 2, 8, 0).failure, MM_FAIL_INVALID);
	ck_assert_int_eq(percpu_alloc_at(g.p, 0, outcome.addr, 32768, 0).failure, MM_FAIL_NO_SPACE);
	ck_assert(mm_ok(percpu_alloc_at(g.p, 0, outcome.addr, 8, 0)));
	ck_assert_int_eq(percpu_alloc_at(g.p, 0, outcome.addr + 4, 8, 0).failure, MM_FAIL_NO_SPACE);
	ck_assert(!percpu_chunk_adopt(g.p, 4095));
	ck_assert(!percpu_chunk_adopt(g.p, UINT64_MAX - 4095));
	ck_assert(percpu_chunk_adopt(g.p, 0));
	ck_assert(!percpu_chunk_adopt(g.p, 4096));
	check(g.p);
	percpu_destroy(g.p);
	percpu_destroy(NULL);
}
END_TEST

/*
 * Behind its first block a chunk does not hear of the runs that frees make, so it passes them over:
 * here two areas of the first chunk's last block are freed, and the next request creates a chunk.
 */
START_TEST(a_chunk_does_not_hear_of_all_that_is_freed)
{
	struct percpu_request all = { .size = 4096, .align = 4, .gfp = GFP_BITS_KERNEL };
	struct percpu_request small = { .size = 16, .align = 8, .gfp = GFP_BITS_KERNEL };
	uint64_t first = 0, last = 0;
	struct percpu_choice choice;
	struct ground g;

	make(&g, 6, 12, 2);
	percpu_set_auto_balance(g.p, false);
	for (int i = 0; i < 6; i++)
		ck_assert(mm_ok(percpu_alloc(g.p, 0, &all)));
	for (int i = 0; i < 256; i++) {
		last = percpu_alloc(g.p, 0, &small).addr;
		first = first ? first : last;
	}
	ck_assert_uint_eq(last - first, 255 * 16);
	ck_assert(mm_ok(percpu_free(g.p, 0, first + 32 * 16)));
	ck_assert(mm_ok(percpu_free(g.p, 0, first + 64 * 16)));
	ck_assert(!percpu_choose(g.p, &small, &choice));
	ck_assert(choice.creates);
	/* In the first block it is found at once. */
	ck_assert(mm_ok(percpu_free(g.p, 0, first - 6 * 4096)));
	ck_assert(percpu_choose(g.p, &small, &choice));
	ck_assert_uint_eq(choice.addr, first - 6 * 4096);
	check(g.p);
	percpu_destroy(g.p);
}
END_TEST

START_TEST(a_choice_is_what_is_taken)
{
	struct percpu_choice choice;
	uint64_t live[200];
	struct ground g;
	struct rng rng;
	size_t nr = 0;

	make(&g, 6, 12, 2);
	percpu_set_auto_balance(g.p, false);
	rng_init(&rng, 21);
	for (int i = 0; i < 4000; i++) {
		struct percpu_request request = {
			.size = 1 + rng_below(&rng, 600),
			.align = 1ULL << rng_below(&rng, 8),
			.gfp = rng_below(&rng, 4) ? GFP_BITS_KERNEL : 0,
		};

		if (nr < ARRAY_SIZE(live) && rng_below(&rng, 5) > 1) {
			const bool fits = percpu_choose(g.p, &request, &choice);
			const struct mm_outcome outcome = percpu_alloc(g.p, 0, &request);

			ck_assert(!fits || outcome.addr == choice.addr);
			ck_assert(fits || mm_ok(outcome) == choice.creates);
			if (mm_ok(outcome))
				live[nr++] = outcome.addr;
		} else if (nr) {
			const size_t at = rng_below(&rng, nr);

			percpu_free(g.p, 0, live[at]);
			live[at] = live[--nr];
		}
		if (i % 100 == 0)
			percpu_balance(g.p, 0);
		check(g.p);
	}
	percpu_destroy(g.p);
}
END_TEST

START_TEST(places_are_made_as_recorded)
{
	struct percpu_request request = { .size = 64, .gfp = GFP_BITS_KERNEL };
	struct percpu_stats stats;
	struct percpu_choice choice;
	struct ground g;
	uint64_t first;

	make(&g, 6, 12, 2);
	first = percpu_alloc(g.p, 0, &request).addr;
	percpu_alloc(g.p, 0, &request);
	ck_assert_uint_eq(percpu_chunk_base(g.p, first + 4), first);
	/* One in the middle of both: they give way. */
	ck_assert_uint_eq(percpu_clear(g.p, first + 32, 64, true), 2);
	ck_assert_uint_eq(percpu_clear(g.p, first + 32, 64, true), 0);
	ck_assert(mm_ok(percpu_alloc_at(g.p, 0, first + 32, 64, GFP_BITS_KERNEL)));
	check(g.p);
	/* Bytes in its midst: what is left stays in use. */
	ck_assert_uint_eq(percpu_clear(g.p, first + 48, 8, false), 1);
	ck_assert(!mm_ok(percpu_alloc_at(g.p, 0, first + 44, 8, GFP_BITS_KERNEL)));
	ck_assert(!mm_ok(percpu_alloc_at(g.p, 0, first + 52, 8, GFP_BITS_KERNEL)));
	ck_assert(mm_ok(percpu_free(g.p, 0, first + 32)));
	ck_assert(mm_ok(percpu_free(g.p, 0, first + 56)));
	/* A chunk that is said not to know of its free space is passed over, until it knows. */
	percpu_set_known(g.p, first, 4);
	check(g.p);
	ck_assert(!percpu_choose(g.p, &request, &choice));
	percpu_set_known(g.p, first, 0);
	check(g.p);
	ck_assert(percpu_choose(g.p, &request, &choice));
	ck_assert(mm_ok(percpu_alloc_at(g.p, 0, first + 32, 64, GFP_BITS_KERNEL)));
	ck_assert(percpu_chunk_adopt(g.p, 1ULL << 32));
	ck_assert(percpu_chunk_exists(g.p, 1ULL << 32));
	ck_assert(mm_ok(percpu_alloc_at(g.p, 0, (1ULL << 32) + 4096, 8, GFP_BITS_KERNEL)));
	percpu_chunk_drop(g.p, 0, 1ULL << 32);
	ck_assert(!percpu_chunk_exists(g.p, 1ULL << 32));
	percpu_chunk_drop(g.p, 0, first);
	ck_assert(percpu_chunk_exists(g.p, first));
	percpu_stats(g.p, &stats);
	ck_assert_uint_eq(stats.nr_areas, 1);
	check(g.p);
	percpu_destroy(g.p);
}
END_TEST

/* Debian's 686-pae kernel logs "percpu: Embedded 33 pages/cpu s104276 r0 d30892 u135168". */
START_TEST(other_machines_have_chunks_of_pages)
{
	static const struct percpu_ops none = { 0 };
	struct machine_config config;
	struct percpu_layout layout;
	struct percpu_stats stats;
	struct percpu *p;

	machine_config_init(&config, (struct kernel_version){ 6, 1 }, ARCH_X86_32);
	config.nr_cpus = 2;
	percpu_layout_init(&layout, &config);
	p = percpu_create(&config, &layout, &none, NULL);
	percpu_stats(p, &stats);
	ck_assert_uint_eq(stats.unit_size, 135168);
	ck_assert_uint_eq(percpu_chunk_groups(p)->align, 4096);
	ck_assert_uint_eq(percpu_chunk_groups(p)->sizes[0], 2 * 135168);
	/* What lies before its own bytes in the first chunk's first page is no area. */
	ck_assert_int_eq(percpu_free(p, 0, layout.base + 102400).failure, MM_FAIL_INVALID);
	ck_assert_uint_eq(percpu_clear(p, layout.base + 102400, 4096, true), 0);
	check(p);
	percpu_destroy(p);
	machine_config_deinit(&config);
}
END_TEST

/* Books by size, as a kernel asks for them: 6.12 and 6.1 with a unit of 1 MiB, and of 2 MiB. */
struct shelf {
	struct ground g;
	uint64_t sizes[8];
	unsigned int nr, nr_live, fails_at;
};

static struct mm_outcome shelf_alloc(void *ctx, unsigned int cpu UNUSED, uint64_t size,
				     uint32_t gfp)
{
	struct shelf *shelf = ctx;

	ck_assert(gfp & GFP_BIT_ZERO);
	if (++shelf->nr == shelf->fails_at)
		return (struct mm_outcome){ .failure = MM_FAIL_WATERMARK };
	shelf->sizes[(shelf->nr - 1) % ARRAY_SIZE(shelf->sizes)] = size;
	shelf->nr_live++;
	return (struct mm_outcome){ .addr = shelf->nr };
}

static void shelf_free(void *ctx, unsigned int cpu UNUSED, uint64_t addr, uint64_t size)
{
	struct shelf *shelf = ctx;

	ck_assert_uint_eq(shelf->sizes[(addr - 1) % ARRAY_SIZE(shelf->sizes)], size);
	shelf->nr_live--;
}

static struct percpu *make_shelf(struct shelf *shelf, unsigned int minor, unsigned int nr_cpus)
{
	const struct percpu_ops ops = { .page_alloc = ground_page,
					.page_free = ground_free,
					.groups_alloc = ground_areas,
					.groups_free = ground_areas_free,
					.book_alloc = shelf_alloc,
					.book_free = shelf_free };
	struct machine_config config;
	struct percpu_layout layout;
	struct percpu *p;

	percpu_destroy(make(&shelf->g, 6, minor, nr_cpus));
	machine_config_init(&config, (struct kernel_version){ 6, minor }, ARCH_X86_64);
	config.nr_cpus = nr_cpus;
	percpu_layout_init(&layout, &config);
	p = percpu_create(&config, &layout, &ops, shelf);
	machine_config_deinit(&config);
	return p;
}

START_TEST(chunks_ask_for_their_books)
{
	static const struct {
		unsigned int minor, nr_cpus;
		uint64_t sizes[6]; /* as recorded; the last is the array of pages */
	} kernels[] = {
		{ 1, 2, { 168, 0x8000, 0x8008, 0x2000, 0x200000, 4096 } },
		{ 12, 2, { 224, 0x8000, 0x8008, 0x2000, 0x200000, 4096 } },
		{ 1, 1, { 200, 0x10000, 0x10008, 0x4000, 0x400000, 4096 } },
		{ 12, 1, { 256, 0x10000, 0x10008, 0x4000, 0x400000, 4096 } },
	};
	const struct percpu_request large = { .size = 32768, .gfp = GFP_BITS_KERNEL };

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct shelf shelf = { 0 };
		struct percpu *p = make_shelf(&shelf, kernels[i].minor, kernels[i].nr_cpus);
		struct percpu_stats stats;

		ck_assert(mm_ok(percpu_alloc(p, 0, &large)));
		ck_assert_uint_eq(shelf.nr, 6);
		for (unsigned int at = 0; at < 6; at++)
			ck_assert_uint_eq(shelf.sizes[at], kernels[i].sizes[at]);
		percpu_stats(p, &stats);
		ck_assert_uint_gt(stats.book_bytes, 2 << 20);
		ck_assert_uint_eq(percpu_full_size(p, 64), 64 * kernels[i].nr_cpus + 128);
		percpu_destroy(p);
	}
}
END_TEST

START_TEST(a_chunk_without_books_is_none)
{
	const struct percpu_request large = { .size = 32768, .gfp = GFP_BITS_KERNEL };

	for (unsigned int fails = 1; fails <= 6; fails++) {
		struct shelf shelf = { .fails_at = fails };
		struct percpu *p = make_shelf(&shelf, 12, 2);
		struct percpu_stats stats;

		ck_assert_int_eq(percpu_alloc(p, 0, &large).failure, MM_FAIL_WATERMARK);
		/* Only the array of pages comes when the chunk is there already. */
		percpu_stats(p, &stats);
		ck_assert_uint_eq(shelf.nr_live, fails == 6 ? 5 : 0);
		ck_assert_uint_eq(stats.nr_created, fails == 6);
		check(p);
		percpu_destroy(p);
	}
}
END_TEST

/* Before 6.1 a mask without I/O is atomic; later only one that may not reclaim is. */
START_TEST(who_may_not_sleep_by_release)
{
	const uint32_t noio = GFP_BITS_RECLAIM;
	struct ground g;

	make(&g, 5, 10, 2);
	ck_assert(percpu_is_atomic(g.p, noio));
	ck_assert(!percpu_is_atomic(g.p, GFP_BITS_KERNEL));
	percpu_destroy(g.p);
	make(&g, 6, 1, 2);
	ck_assert(!percpu_is_atomic(g.p, noio));
	ck_assert(percpu_is_atomic(g.p, 0));
	percpu_destroy(g.p);
}
END_TEST

START_TEST(copies_lie_a_unit_apart)
{
	const struct percpu_request request = { .size = 64, .gfp = GFP_BITS_KERNEL };
	struct percpu_stats stats;
	struct ground g;
	uint64_t addr;

	make(&g, 6, 12, 4);
	addr = percpu_alloc(g.p, 0, &request).addr;
	percpu_stats(g.p, &stats);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		ck_assert_uint_eq(percpu_address(g.p, addr, cpu), addr + cpu * stats.unit_size);
	ck_assert_uint_eq(percpu_address(g.p, addr, 4), 0);
	ck_assert_uint_eq(percpu_address(g.p, 8, 0), 0);
	percpu_destroy(g.p);
}
END_TEST

UNIT_MAIN("percpu", chunks_ask_for_their_books, a_chunk_without_books_is_none,
	  who_may_not_sleep_by_release, copies_lie_a_unit_apart, recorded_load,
	  recorded_sizes_of_all_kinds, shared_recordings,
	  random_areas_as_the_model, random_areas_when_pages_run_out,
	  atomic_requests_live_on_populated_pages, idle_chunks_are_given_back, units_fit_their_cpus,
	  hostile_requests_fail, a_chunk_does_not_hear_of_all_that_is_freed,
	  a_choice_is_what_is_taken, places_are_made_as_recorded,
	  other_machines_have_chunks_of_pages)
