/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A large machine costs what is touched of it, not what it has: resident memory after creation and
 * after the same requests on machines of 1 GiB and of 1 TiB, and the work that these requests make.
 * Time is not measured here, tests/bench/bench_page_mix -s does that.
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page.h"
#include "unit/unit.h"

#include <stdio.h>

enum { LIVE = 4096, CALLS = 200000 };

/* What a run came to. */
struct cost {
	long created_kib, used_kib; /* resident memory it added */
	uint64_t steps, modelled_ns;
};

static void run(uint64_t pages, struct cost *cost);
static long resident_kib(void);

START_TEST(a_large_machine_costs_what_is_touched)
{
	struct cost small, large;

	run(1ULL << 18, &small);
	run(1ULL << 28, &large);
	ck_assert_int_lt(large.created_kib, 16 * 1024);
	ck_assert_int_lt(large.used_kib, small.used_kib + 8 * 1024);
	/* The same requests make the same work; batches of larger zones are larger. */
	ck_assert_uint_lt(large.steps, small.steps + small.steps / 10);
	ck_assert_uint_lt(large.modelled_ns, small.modelled_ns + small.modelled_ns / 10);
}
END_TEST

static void run(uint64_t pages, struct cost *cost)
{
	const long before = resident_kib();
	struct machine_config config;
	struct page_allocator *pa;
	struct error err;
	uint64_t live[LIVE] = { 0 };
	struct rng rng;

	machine_config_init(&config, (struct kernel_version){ 6, 12 }, ARCH_X86_64);
	config.nr_cpus = 2;
	machine_config_add_range(&config, 0x100, pages, 0);
	pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(pa != NULL, "%s", err.message);
	*cost = (struct cost){ .created_kib = resident_kib() - before };
	rng_init(&rng, 1);
	for (int i = 0; i < CALLS; i++) {
		const unsigned int at = (unsigned int)rng_below(&rng, LIVE);
		const struct mm_outcome out =
			live[at] ? page_free(pa, at % 2, live[at], at % 4) :
				   page_alloc(pa, at % 2, GFP_BITS_KERNEL, at % 4, -1, 0);

		ck_assert(mm_ok(out));
		live[at] = live[at] ? 0 : out.addr;
		cost->steps += out.steps;
		cost->modelled_ns += out.cost_ns;
	}
	cost->used_kib = resident_kib() - before;
	page_allocator_destroy(pa);
}

static long resident_kib(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long pages = 0;

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%*s %ld", &pages), 1);
	fclose(statm);
	return pages * 4;
}

UNIT_MAIN("page scale", a_large_machine_costs_what_is_touched)
