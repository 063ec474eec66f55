/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory at boot against a model that knows each unit of 64 bytes; known places; the bitmap
 * allocator of old; what goes to the page allocator.
 */
#include <config.h>

#include "kmreplay/core/bits.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/mm/bootmem.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page_start.h"
#include "unit/unit.h"

#include <string.h>

enum {
	UNIT = 64,
	UNITS = 1 << 14, /* 1 MiB */
	MIB = 1 << 20,
};

/* What each unit is: 0: no memory; else its region of memory + 1. */
struct model {
	uint8_t region[UNITS];
	bool reserved[UNITS];
};

static void expect_sound(const struct memblock *mb, const struct model *model);
static uint64_t model_find(const struct model *model, const struct memblock *mb,
			   const struct memblock_request *req);
static bool model_fits(const struct model *model, const struct memblock *mb,
		       const struct memblock_request *req, uint64_t at);
static void model_reserve(struct model *model, uint64_t start, uint64_t end, bool reserved);

START_TEST(places_are_those_of_a_naive_search)
{
	struct model *model = xcalloc(1, sizeof(*model));
	struct memblock mb;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	memblock_init(&mb);
	/* Two nodes that touch, a hole, memory that is nobody's. */
	memblock_add(&mb, 0, 256 * 1024, 0, 0);
	memblock_add(&mb, 256 * 1024, 512 * 1024, 1, 0);
	memblock_add(&mb, 600 * 1024, 700 * 1024, 1, MEMBLOCK_NOMAP);
	memblock_add(&mb, 700 * 1024, MIB, 0, 0);
	memset(&model->region[0], 1, 256 * 1024 / UNIT);
	memset(&model->region[256 * 1024 / UNIT], 2, 256 * 1024 / UNIT);
	memset(&model->region[700 * 1024 / UNIT], 4, 324 * 1024 / UNIT);
	mb.limit = MIB - 8192;
	mb.reserved.max = UNITS; /* growing is a test of its own */
	for (unsigned int i = 0; i < 2000; i++) {
		const uint64_t at = rng_below(&rng, UNITS) * UNIT;
		const uint64_t size = (1 + rng_below(&rng, 64)) * UNIT;
		struct memblock_request req = {
			.size = size,
			.align = UNIT << rng_below(&rng, 8),
			.start = rng_below(&rng, 3) ? 0 : at,
			.end = rng_below(&rng, 3) ? 0 : rng_below(&rng, MIB),
			.node = (int)rng_below(&rng, 3) - 1,
			.exact_node = rng_below(&rng, 2),
		};
		uint64_t found;

		mb.bottom_up = rng_below(&rng, 4) == 0;
		switch (rng_below(&rng, 5)) {
		case 0:
			ck_assert(memblock_reserve(&mb, at, at + size, -1, 0));
			model_reserve(model, at, MIN(at + size, (uint64_t)MIB), true);
			break;
		case 1:
			memblock_free(&mb, at, at + size);
			model_reserve(model, at, MIN(at + size, (uint64_t)MIB), false);
			break;
		default:
			found = model_find(model, &mb, &req);
			ck_assert_uint_eq(memblock_alloc_range(&mb, &req), found);
			if (found)
				model_reserve(model, found, found + size, true);
		}
		expect_sound(&mb, model);
	}
	memblock_deinit(&mb);
	free(model);
}
END_TEST

/* Of a log: 1 GiB with its upper fourth above 4 GiB, and what was reserved when cma= came. */
START_TEST(an_area_lies_above_4_gib_from_below)
{
	struct memblock mb;

	memblock_init(&mb);
	memblock_add(&mb, 0x100000, 0x2ffd2000, 0, 0);
	memblock_add(&mb, 0x100000000, 0x110000000, 0, 0);
	mb.limit = 0x110000000;
	ck_assert(memblock_reserve(&mb, 0x103e00000, 0x107211000, -1, 0));
	ck_assert(memblock_reserve(&mb, 0x10f554f80, 0x110000000, -1, 0));
	ck_assert_uint_eq(memblock_alloc_cma(&mb, 64 * MIB, 2 * MIB, true), 0x107400000);
	/* There is no second one of that size there: so below. */
	ck_assert_uint_eq(memblock_alloc_cma(&mb, 128 * MIB, 2 * MIB, true), 0x27e00000);
	/* Kernels of old know no such preference. */
	ck_assert_uint_eq(memblock_alloc_cma(&mb, 8 * MIB, 2 * MIB, false), 0x10ec00000);
	memblock_deinit(&mb);
}
END_TEST

START_TEST(a_lower_bound_is_given_up_and_a_limit_is_not)
{
	struct memblock_request req = {
		.size = 4096, .align = 4096, .start = 512 * 1024, .node = -1
	};
	struct memblock mb;

	memblock_init(&mb);
	memblock_add(&mb, 0, MIB, 0, 0);
	mb.limit = 256 * 1024;
	ck_assert_uint_eq(memblock_alloc_range(&mb, &req), 0);
	ck_assert_uint_eq(memblock_alloc(&mb, &req), 252 * 1024);
	req.start = 0;
	req.end = MIB; /* memblock_alloc() stays where memory is mapped */
	ck_assert_uint_eq(memblock_alloc(&mb, &req), 248 * 1024);
	ck_assert_uint_eq(memblock_alloc_range(&mb, &req), MIB - 4096);
	/* The first page is nobody's. */
	req.size = 240 * 1024;
	ck_assert_uint_ne(memblock_alloc(&mb, &req), 0);
	req.size = 8192;
	ck_assert_uint_eq(memblock_alloc(&mb, &req), 0);
	memblock_deinit(&mb);
}
END_TEST

START_TEST(mirrored_memory_comes_first)
{
	struct memblock_request req = { .size = 4096, .align = 4096, .node = -1 };
	struct memblock mb;

	memblock_init(&mb);
	memblock_add(&mb, 0x10000, 0x14000, 0, MEMBLOCK_MIRROR);
	memblock_add(&mb, 0x14000, 0x20000, 0, 0);
	for (uint64_t at = 0x13000; at >= 0x10000; at -= 0x1000)
		ck_assert_uint_eq(memblock_alloc_range(&mb, &req), at);
	ck_assert_uint_eq(memblock_alloc_range(&mb, &req), 0x1f000);
	memblock_deinit(&mb);
}
END_TEST

/* The 129th region needs a larger array, which is taken clear of what is being reserved. */
START_TEST(a_full_list_doubles_and_gives_the_old_array_back)
{
	struct memblock mb;

	memblock_init(&mb);
	memblock_add(&mb, 0, 16 * MIB, 0, 0);
	mb.limit = 16 * MIB;
	for (uint64_t i = 0; i < 128; i++)
		ck_assert(memblock_reserve(&mb, 0x10000 + i * 8192, 0x11000 + i * 8192, -1, 0));
	ck_assert_uint_eq(mb.reserved.max, 128);
	ck_assert_uint_eq(mb.reserved.array, 0);
	ck_assert(memblock_reserve(&mb, 15 * MIB, 16 * MIB - 4096, -1, 0));
	ck_assert_uint_eq(mb.reserved.max, 256);
	ck_assert_uint_eq(mb.reserved.array, 15 * MIB - 8192); /* no two pages above */
	ck_assert_uint_eq(mb.reserved.array_size, 8192);
	ck_assert(memblock_is(&mb, 15 * MIB - 8192, 15 * MIB, true));
	for (uint64_t i = 0; i < 128; i++)
		ck_assert(memblock_reserve(&mb, 0x200000 + i * 8192, 0x201000 + i * 8192, -1, 0));
	ck_assert_uint_eq(mb.reserved.max, 512);
	ck_assert(memblock_is(&mb, 15 * MIB - 8192, 15 * MIB, false));
	ck_assert_uint_eq(mb.reserved.array, 15 * MIB - 8192 - 12288);
	memblock_deinit(&mb);
}
END_TEST

START_TEST(whole_frames_go_to_the_page_allocator)
{
	struct page_start start;
	struct memblock mb;

	page_start_init(&start);
	memblock_init(&mb);
	memblock_add(&mb, 0x1000, 0x9fc00, 0, 0);
	memblock_add(&mb, 0x100000, 0x200000, 0, 0);
	ck_assert(memblock_reserve(&mb, 0x10010, 0x10020, -1, 0));
	ck_assert(memblock_reserve(&mb, 0x1fff00, 0x200000, -1, 0));
	memblock_free_all(&mb, &start);
	ck_assert_uint_eq(start.free.nr, 3);
	ck_assert_uint_eq(start.free.items[0].start, 0x1);
	ck_assert_uint_eq(start.free.items[0].end, 0x10);
	ck_assert_uint_eq(start.free.items[1].start, 0x11);
	ck_assert_uint_eq(start.free.items[1].end, 0x9f);
	ck_assert_uint_eq(start.free.items[2].start, 0x100);
	ck_assert_uint_eq(start.free.items[2].end, 0x1ff);
	page_start_deinit(&start);
	memblock_deinit(&mb);
}
END_TEST

START_TEST(bootmem_goes_upwards_and_shares_frames)
{
	struct memblock_request req = { .size = 100, .align = 64, .start = 16 * MIB, .node = -1 };
	struct page_start start;
	struct bootmem bm;
	struct memblock mb;

	memblock_init(&mb);
	memblock_add(&mb, 0x1000, 32 * MIB, 0, 0);
	mb.limit = 32 * MIB;
	ck_assert(memblock_reserve(&mb, 0x1000, MIB, -1, 0));
	bootmem_init(&bm, &mb);
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 16 * MIB);
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 16 * MIB + 128);
	req.size = 8000; /* begins in the shared frame, too */
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 16 * MIB + 256);
	req.size = 4096;
	req.align = 4096;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 16 * MIB + 3 * 4096);
	req.align = 1 << 20;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 17 * MIB);
	/* What is free again below the hint comes first. */
	ck_assert(bootmem_free(&bm, 16 * MIB, 16 * MIB + 4096));
	ck_assert(!bootmem_free(&bm, 16 * MIB, 16 * MIB + 4096));
	req.align = 64;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 16 * MIB);
	/* A goal is given up; a limit is not. */
	req.size = 20 * MIB;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 0);
	req.size = 15 * MIB;
	req.start = 20 * MIB;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), MIB);
	req.size = 4096;
	req.end = 8 * MIB;
	ck_assert_uint_eq(bootmem_alloc(&bm, &req), 0);
	page_start_init(&start);
	bootmem_free_all(&bm, &start);
	ck_assert_uint_eq(start.free.items[0].start, 16 * MIB / 4096 + 4);
	ck_assert_uint_eq(start.free.items[0].end, 17 * MIB / 4096);
	page_start_deinit(&start);
	bootmem_deinit(&bm);
	memblock_deinit(&mb);
}
END_TEST

START_TEST(a_machine_has_what_is_mapped)
{
	struct machine_config config;
	struct memblock mb;

	machine_config_init(&config, (struct kernel_version){ 6, 1 }, ARCH_X86_32);
	machine_config_add_range(&config, 0x1, 0x9f, 0);
	machine_config_add_range(&config, 0x100, 0x6bfda, 0);
	memblock_init_machine(&mb, &config);
	ck_assert_uint_eq(mb.limit, 0x36ffe000);
	ck_assert_uint_eq(memblock_total(&mb.memory), (0x9eULL + 0x6beda) << 12);
	memblock_deinit(&mb);
	machine_config_deinit(&config);
}
END_TEST

static void expect_sound(const struct memblock *mb, const struct model *model)
{
	uint64_t nr = 0, total = 0;
	struct error err;

	ck_assert_msg(memblock_check(mb, &err), "%s", err.message);
	for (unsigned int i = 0; i < UNITS; i++)
		nr += model->reserved[i];
	vec_foreach(&mb->reserved.regions, region)
		total += MIN(region->end, (uint64_t)MIB) - MIN(region->start, (uint64_t)MIB);
	ck_assert_uint_eq(total, nr * UNIT);
}

/* Every place, from the top or the bottom. */
static uint64_t model_find(const struct model *model, const struct memblock *mb,
			   const struct memblock_request *req)
{
	struct memblock_request own = *req;

	for (;;) {
		for (uint64_t i = 0; i < UNITS; i++) {
			const uint64_t at = (mb->bottom_up ? i : UNITS - 1 - i) * UNIT;

			if (model_fits(model, mb, &own, at))
				return at;
		}
		if (own.node < 0 || own.exact_node)
			return 0;
		own.node = -1;
	}
}

static bool model_fits(const struct model *model, const struct memblock *mb,
		       const struct memblock_request *req, uint64_t at)
{
	static const int nodes[] = { -2, 0, 1, -2, 0 };
	const uint64_t limit = req->end ? req->end : mb->limit;

	if (at % req->align || at < MAX(req->start, (uint64_t)4096) || at + req->size > limit ||
	    at + req->size > MIB)
		return false;
	for (uint64_t i = at / UNIT; i < (at + req->size) / UNIT; i++) {
		const int node = nodes[model->region[i]];

		if (model->reserved[i] || model->region[i] != model->region[at / UNIT] ||
		    node == -2 || (req->node >= 0 && req->node != node))
			return false;
	}
	return true;
}

static void model_reserve(struct model *model, uint64_t start, uint64_t end, bool reserved)
{
	for (uint64_t i = start / UNIT; i < end / UNIT; i++)
		model->reserved[i] = reserved;
}

int main(void)
{
	Suite *suite = suite_create("memblock");
	TCase *tcase = tcase_create("memblock");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, places_are_those_of_a_naive_search, 0, 8);
	tcase_add_test(tcase, an_area_lies_above_4_gib_from_below);
	tcase_add_test(tcase, a_lower_bound_is_given_up_and_a_limit_is_not);
	tcase_add_test(tcase, mirrored_memory_comes_first);
	tcase_add_test(tcase, a_full_list_doubles_and_gives_the_old_array_back);
	tcase_add_test(tcase, whole_frames_go_to_the_page_allocator);
	tcase_add_test(tcase, bootmem_goes_upwards_and_shares_frames);
	tcase_add_test(tcase, a_machine_has_what_is_mapped);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
