/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls for memory pools that a module made in real kernels, made here again in the same order:
 * pools on a cache, on kmalloc() and on pages; allocated from with and without sleeping, freed to,
 * resized, destroyed. Compared: whether each call gives something; that it is nothing that the pool
 * has given out or in reserve (there was memory, so that the reserve stays as it is); that a freed
 * element goes back to its allocator; which pools' own memory is that of the pool before; how pages
 * are aligned. Addresses themselves are another machine's.
 */
#include <config.h>

#include "kmreplay/mm/mempool.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

enum { MAX_LINE = 256 };

struct known {
	uint64_t theirs, ours;
};

struct zoo {
	struct machine *m;
	struct mempool_rules rules;
	enum gfp_era era;
	struct mempool *pool;
	uint32_t cache;
	unsigned int order; /* of the elements: pages; or */
	uint64_t size;      /* their size, if not 0 */
	struct vec(struct known) used;
	uint64_t their_pool, our_pool; /* the last one's own memory */
	unsigned int compared;
};

static struct mm_outcome element_alloc(void *ctx, unsigned int cpu, uint32_t gfp,
				       unsigned int context)
{
	const struct zoo *zoo = ctx;

	if (zoo->cache != SLAB_CACHE_NONE)
		return slab_alloc(machine_slab(zoo->m), zoo->cache, cpu, -1, gfp, context);
	if (zoo->size)
		return slab_kmalloc(machine_slab(zoo->m), cpu, zoo->size, gfp, -1, context);
	return page_alloc(machine_pages(zoo->m), cpu, gfp, zoo->order, -1, context);
}

static struct mm_outcome element_free(void *ctx, unsigned int cpu, uint64_t element)
{
	const struct zoo *zoo = ctx;

	if (zoo->cache != SLAB_CACHE_NONE || zoo->size)
		return slab_free(machine_slab(zoo->m), cpu, element);
	return page_free(machine_pages(zoo->m), cpu, element, zoo->order);
}

static struct mm_outcome own_alloc(void *ctx, unsigned int cpu, uint64_t size, uint32_t gfp)
{
	const struct zoo *zoo = ctx;

	return slab_kmalloc(machine_slab(zoo->m), cpu, size, gfp, -1, 0);
}

static struct mm_outcome own_free(void *ctx, unsigned int cpu, uint64_t addr)
{
	const struct zoo *zoo = ctx;

	return slab_free(machine_slab(zoo->m), cpu, addr);
}

/* What stands behind the "nr"th comma. */
static const char *argument(const char *call, unsigned int nr)
{
	const char *at = strchr(call, '(') + 1;

	while (nr--)
		at = strchr(at, ',') + 2;
	return at;
}

static void create(struct zoo *zoo, const char *call, const char *ret)
{
	static const struct mempool_ops ops = { element_alloc, element_free, own_alloc, own_free,
						NULL };
	const uint64_t theirs = strtoull(ret, NULL, 16);
	const unsigned int min_nr = (unsigned int)strtoul(argument(call, 0), NULL, 10);
	const unsigned long what = strtoul(argument(call, 1), NULL, 10);
	struct mm_outcome out;

	zoo->size = strstr(call, "kmalloc") ? what : 0;
	zoo->order = (unsigned int)what;
	zoo->pool = mempool_create(&zoo->rules, min_nr, &ops, zoo, 0, &out);
	ck_assert_int_eq(mm_ok(out), theirs != 0);
	/* The pool before is gone, and who frees last is served first. */
	if (zoo->our_pool)
		ck_assert_int_eq(out.addr == zoo->our_pool, theirs == zoo->their_pool);
	zoo->our_pool = out.addr;
	zoo->their_pool = theirs;
	zoo->compared++;
}

static void alloc(struct zoo *zoo, const char *call, const char *ret)
{
	const char *flags = argument(call, 1);
	const uint32_t gfp = gfp_parse(zoo->era, flags, strcspn(flags, ")"), NULL, NULL);
	const struct mm_outcome out = mempool_alloc(zoo->pool, 0, gfp, 0);
	const struct known new = { strtoull(ret, NULL, 16), out.addr };
	struct mempool_stats stats;

	ck_assert_int_eq(mm_ok(out), new.theirs != 0);
	vec_foreach(&zoo->used, old) {
		ck_assert_uint_ne(old->ours, new.ours);
		ck_assert_uint_ne(old->theirs, new.theirs);
	}
	mempool_get_stats(zoo->pool, &stats);
	ck_assert_uint_eq(stats.curr_nr, stats.min_nr);
	for (unsigned int i = 0; i < stats.curr_nr; i++)
		ck_assert_uint_ne(mempool_reserve_at(zoo->pool, i), new.ours);
	/* A struct page has 64 bytes, those of all pages are in one array. */
	if (zoo->cache == SLAB_CACHE_NONE && !zoo->size) {
		ck_assert_uint_eq(new.theirs % (64ULL << zoo->order), 0);
		ck_assert_uint_eq(new.ours % (1ULL << zoo->order), 0);
	}
	vec_push(&zoo->used, new);
	zoo->compared++;
}

static void give(struct zoo *zoo, const char *call)
{
	const uint64_t theirs = strtoull(argument(call, 0), NULL, 16);
	struct mempool_stats stats;
	struct mm_outcome out;
	size_t i = 0;

	while (i < zoo->used.nr && zoo->used.items[i].theirs != theirs)
		i++;
	ck_assert_uint_lt(i, zoo->used.nr);
	out = mempool_free(zoo->pool, 0, zoo->used.items[i].ours);
	zoo->used.items[i] = zoo->used.items[--zoo->used.nr];
	ck_assert(mm_ok(out));
	ck_assert_uint_ne(out.path, MM_PATH_POOL_KEEP);
	mempool_get_stats(zoo->pool, &stats);
	ck_assert_uint_eq(stats.nr_kept, 0);
	ck_assert_uint_eq(stats.nr_used, zoo->used.nr);
	zoo->compared++;
}

static void resize(struct zoo *zoo, const char *call, const char *ret)
{
	const unsigned int nr = (unsigned int)strtoul(argument(call, 1), NULL, 10);
	struct mempool_stats stats;

	ck_assert_int_eq(mm_ok(mempool_resize(zoo->pool, 0, nr)), !strtol(ret, NULL, 10));
	mempool_get_stats(zoo->pool, &stats);
	ck_assert_uint_eq(stats.curr_nr, nr);
	zoo->compared++;
}

static void destroy(struct zoo *zoo)
{
	ck_assert_uint_eq(zoo->used.nr, 0);
	(void)mempool_destroy(zoo->pool, 0);
	zoo->pool = NULL;
	zoo->compared++;
}

static void finish(struct zoo *zoo, const char *call, const char *ret)
{
	struct slab_allocator *slab = machine_slab(zoo->m);

	if (!strncmp(call, "kmem_cache_create", 17))
		zoo->cache = slab_cache_create(slab, &(struct slab_cache_args){
			.name = "zoo_pool",
			.size = (uint32_t)strtoul(argument(call, 1), NULL, 10),
		});
	else if (!strncmp(call, "mempool_create", 14))
		create(zoo, call, ret);
	else if (!strncmp(call, "mempool_alloc", 13))
		alloc(zoo, call, ret);
	else if (!strncmp(call, "mempool_free", 12))
		give(zoo, call);
	else if (!strncmp(call, "mempool_resize", 14))
		resize(zoo, call, ret);
	else if (!strncmp(call, "mempool_destroy", 15))
		destroy(zoo);
	else if (!strncmp(call, "kmem_cache_destroy", 18)) {
		ck_assert(slab_cache_destroy(slab, zoo->cache, 0));
		zoo->cache = SLAB_CACHE_NONE;
	} else
		ck_abort_msg("unknown call: %s", call);
}

START_TEST(pools_do_as_they_did)
{
	static const struct {
		const char *file;
		struct kernel_version version;
	} logs[] = { { "pool-zoo-61.txt", { 6, 1 } }, { "pool-zoo-612.txt", { 6, 12 } } };
	char line[MAX_LINE], call[MAX_LINE] = "", path[1024];
	struct machine_ops ops = { 0 };
	struct machine_config config;
	struct zoo zoo = { .cache = SLAB_CACHE_NONE };
	struct error err;
	FILE *fp;

	machine_config_init(&config, logs[_i].version, ARCH_X86_64);
	machine_config_add_range(&config, 0x1000, 0x11000, 0);
	config.nr_cpus = 1;
	zoo.m = machine_create(&config, &ops, NULL, &err);
	ck_assert_ptr_nonnull(zoo.m);
	mempool_rules_init(&zoo.rules, &config);
	zoo.era = gfp_era_of_release(logs[_i].version.major, logs[_i].version.minor);
	snprintf(path, sizeof(path), "%s/tests/unit/mm/%s", getenv("top_srcdir"), logs[_i].file);
	fp = fopen(path, "r");
	ck_assert_ptr_nonnull(fp);
	while (fgets(line, sizeof(line), fp)) {
		const char *text = line + 9; /* behind "ZOO 0042 " */

		if (!strncmp(text, "call ", 5))
			snprintf(call, sizeof(call), "%s", text + 5);
		else if (!strncmp(text, "ret ", 4) || !strncmp(text, "done", 4))
			finish(&zoo, call, text + 4);
	}
	fclose(fp);
	ck_assert_uint_eq(zoo.compared, 3 * (1 + 12 + 12 + 1 + 1));
	ck_assert_msg(machine_check(zoo.m, &err), "%s", err.message);
	machine_destroy(zoo.m);
	machine_config_deinit(&config);
	vec_deinit(&zoo.used);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool_zoo");
	TCase *tcase = tcase_create("pool_zoo");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, pools_do_as_they_did, 0, 2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
