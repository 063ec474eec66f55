/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands on areas besides vmalloc(): mappings, blocks of short-lived ones against a naive
 * model, thread stacks, BPF programs, what is freed later, and that all of it comes back when
 * addresses run out.
 */
#include <config.h>

#include "kmreplay/mm/vmap.h"
#include "kmreplay/mm/vmalloc_follow.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"

#include "unit/unit.h"

#define PAGE ((uint64_t)KERNEL_PAGE_SIZE)
#define MIB  (1ULL << 20)

/* Pages and objects below: numbers that go up, and how many of them are out. */
struct ground {
	uint64_t next, pages, objects;
};

static struct mm_outcome ground_page(void *ctx, unsigned int cpu UNUSED, uint32_t gfp UNUSED,
				     unsigned int order, int node UNUSED)
{
	struct ground *g = ctx;

	g->next = (g->next + (1ULL << order)) >> order << order;
	g->pages += 1ULL << order;
	g->next += 1ULL << order;
	return (struct mm_outcome){ .addr = g->next - (1ULL << order) };
}

static unsigned int ground_bulk(void *ctx, unsigned int cpu, uint32_t gfp, int node,
				unsigned int nr, uint64_t *pfns)
{
	for (unsigned int i = 0; i < nr; i++)
		pfns[i] = ground_page(ctx, cpu, gfp, 0, node).addr;
	return nr;
}

static void ground_split(void *ctx UNUSED, uint64_t pfn UNUSED, unsigned int order UNUSED)
{
}

static struct mm_outcome ground_free(void *ctx, unsigned int cpu UNUSED, uint64_t pfn UNUSED)
{
	struct ground *g = ctx;

	ck_assert_uint_gt(g->pages--, 0);
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_block_free(void *ctx, unsigned int cpu UNUSED,
					   uint64_t pfn UNUSED, unsigned int order)
{
	struct ground *g = ctx;

	ck_assert_uint_ge(g->pages, 1ULL << order);
	g->pages -= 1ULL << order;
	return (struct mm_outcome){ 0 };
}

static struct mm_outcome ground_kmalloc(void *ctx, unsigned int cpu UNUSED, uint64_t size UNUSED,
					uint32_t gfp UNUSED)
{
	struct ground *g = ctx;

	g->objects++;
	return (struct mm_outcome){ .addr = 0xffff888000000000 + 64 * ++g->next };
}

static struct mm_outcome ground_kfree(void *ctx, unsigned int cpu UNUSED, uint64_t addr UNUSED)
{
	struct ground *g = ctx;

	ck_assert_uint_gt(g->objects--, 0);
	return (struct mm_outcome){ 0 };
}

static struct vmalloc *make(struct ground *g, enum machine_arch arch, unsigned int major,
			    unsigned int minor)
{
	static const struct vmalloc_ops ops = {
		.page_alloc = ground_page,
		.page_alloc_bulk = ground_bulk,
		.page_split = ground_split,
		.page_free = ground_free,
		.kmalloc = ground_kmalloc,
		.kfree = ground_kfree,
		.block_free = ground_block_free,
	};
	struct machine_config config;
	struct vmalloc *v;

	machine_config_init(&config, (struct kernel_version){ major, minor }, arch);
	machine_config_add_range(&config, 256, 1 << 18, 0);
	config.nr_cpus = 2;
	*g = (struct ground){ .next = 1 };
	v = vmalloc_create(&config, &ops, g);
	machine_config_deinit(&config);
	return v;
}

static void check(const struct vmalloc *v)
{
	struct error err;

	ck_assert_msg(vmalloc_check(v, &err), "%s", err.message);
}

/* Nothing is out but page tables. */
static void finish(struct ground *g, struct vmalloc *v)
{
	struct vmalloc_stats stats;

	check(v);
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_busy, 0);
	ck_assert_uint_eq(stats.nr_pages, 0);
	ck_assert_uint_eq(g->pages, stats.nr_pte_pages + stats.nr_pmd_pages);
	ck_assert_uint_eq(g->objects, 0);
	vmalloc_destroy(v);
}

static bool refused(struct mm_outcome outcome)
{
	return outcome.failure == MM_FAIL_INVALID;
}

START_TEST(mappings_leave_pages_alone_unless_told)
{
	const uint64_t pfns[] = { 7, 3, 9 };
	const struct vmap_mapping mine = { .nr = 3 };
	const struct vmap_mapping given = { .pfns = pfns, .nr = 3, .put_pages = true };
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	uint64_t addr = vmap_map(v, 0, &mine).addr;
	const uint64_t before = g.pages;
	struct vmalloc_stats stats;

	ck_assert_uint_eq(vmap_area_size(v, addr), 4 * PAGE);
	ck_assert(mm_ok(vmap_unmap(v, 0, addr)));
	ck_assert(refused(vmap_unmap(v, 0, addr)));
	ck_assert_uint_eq(g.pages, before);
	g.pages += 3;
	addr = vmap_map(v, 0, &given).addr;
	vmalloc_stats(v, &stats);
	ck_assert_uint_eq(stats.nr_pages, 0); /* they do not count as vmalloc()'s */
	check(v);
	ck_assert(refused(vmap_unmap(v, 0, addr)));
	ck_assert(mm_ok(vmalloc_free(v, 0, addr)));
	ck_assert_uint_eq(g.pages, before);
	ck_assert(refused(vmap_map(v, 0, &(struct vmap_mapping){ .nr = 0 })));
	ck_assert_int_eq(vmap_map(v, 0, &(struct vmap_mapping){ .nr = 1 << 20 }).failure,
			 MM_FAIL_NO_MEMORY);
	finish(&g, v);
}
END_TEST

/* arch/x86/mm/ioremap.c: alignment by size, entries as large as both sides allow. */
START_TEST(devices_are_mapped_by_large_entries)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	struct mm_outcome outcome = vmap_io(v, 0, 0xfe001010, 100);
	uint64_t addr = outcome.addr, tables;

	ck_assert_uint_eq(addr % PAGE, 0x10);
	ck_assert_uint_eq(vmalloc_nr_tables(v), 2);
	ck_assert(mm_ok(vmap_io_unmap(v, 0, addr)));
	ck_assert(refused(vmap_io_unmap(v, 0, addr)));
	tables = vmalloc_nr_tables(v);
	addr = vmap_io(v, 0, 0x80000000, 16 * MIB).addr; /* 8 entries of 2 MiB */
	ck_assert_uint_eq(addr % (16 * MIB), 0);
	ck_assert_uint_eq(vmalloc_nr_tables(v), tables);
	ck_assert(mm_ok(vmap_io_unmap(v, 0, addr)));
	addr = vmap_io(v, 0, 0x80001000, 4 * MIB).addr; /* odd on one side: all of it by pages */
	ck_assert_uint_gt(vmalloc_nr_tables(v), tables);
	ck_assert(mm_ok(vmap_io_unmap(v, 0, addr)));
	ck_assert(refused(vmap_io(v, 0, 0x1000, 0)));
	ck_assert(refused(vmap_io(v, 0, UINT64_MAX - 10, 100)));
	ck_assert(refused(vmap_io(v, 0, 0, UINT64_MAX)));
	finish(&g, v);
}
END_TEST

/* A naive block: what was handed out of it, in one array. */
struct naive_block {
	uint64_t start;
	unsigned int cpu, used, mapped;
	bool gone;
};

struct naive {
	struct vec(struct naive_block) blocks; /* oldest first */
	unsigned int pages;		       /* of a block */
	bool keeps;			       /* vm_unmap_aliases() spares those with room */
};

static unsigned int rounded(unsigned int nr)
{
	unsigned int size = 1;

	while (size < nr)
		size *= 2;
	return size;
}

static struct naive_block *naive_at(struct naive *n, uint64_t addr)
{
	vec_foreach(&n->blocks, block)
		if (!block->gone && addr >= block->start &&
		    addr - block->start < n->pages * PAGE)
			return block;
	return NULL;
}

/* "addr" is what the real one gave: it decides only where a new block is. */
static uint64_t naive_map(struct naive *n, unsigned int cpu, unsigned int nr, uint64_t addr)
{
	struct naive_block *block = NULL;

	vec_foreach(&n->blocks, b)
		if (!block && !b->gone && b->cpu == cpu && n->pages - b->used >= rounded(nr))
			block = b;
	if (!block) {
		ck_assert_uint_eq(addr % (n->pages * PAGE), 0);
		ck_assert_ptr_null(naive_at(n, addr));
		vec_push(&n->blocks, ((struct naive_block){ .start = addr, .cpu = cpu }));
		block = &n->blocks.items[n->blocks.nr - 1];
	}
	block->used += rounded(nr);
	block->mapped += rounded(nr);
	return block->start + (block->used - rounded(nr)) * PAGE;
}

static void naive_unmap(struct naive *n, uint64_t addr, unsigned int nr)
{
	struct naive_block *block = naive_at(n, addr);

	block->mapped -= rounded(nr);
	block->gone = !block->mapped && block->used == n->pages;
}

static void naive_aliases(struct naive *n)
{
	vec_foreach(&n->blocks, block)
		if (!block->mapped && (!n->keeps || n->pages - block->used < n->pages / 4))
			block->gone = true;
}

static uint64_t naive_count(const struct naive *n)
{
	uint64_t nr = 0;

	vec_foreach(&n->blocks, block)
		nr += !block->gone;
	return nr;
}

struct live {
	uint64_t addr;
	unsigned int nr;
};

static void one_step(struct vmalloc *v, struct naive *n, struct rng *rng, struct live *live,
		     size_t *nr_live)
{
	const unsigned int cpu = (unsigned int)rng_below(rng, 2);
	const unsigned int most = n->pages == 64 ? 32 : 64;
	const size_t at = *nr_live ? rng_below(rng, *nr_live) : 0;
	unsigned int nr;

	if (rng_below(rng, 40) == 0) {
		(void)vmap_unmap_aliases(v);
		naive_aliases(n);
	} else if (*nr_live < 200 && rng_below(rng, 2)) {
		nr = 1 + (unsigned int)rng_below(rng, most);
		live[*nr_live] = (struct live){ vmap_ram(v, cpu, nr).addr, nr };
		ck_assert_uint_eq(live[*nr_live].addr,
				  naive_map(n, cpu, nr, live[*nr_live].addr));
		++*nr_live;
	} else if (*nr_live) {
		ck_assert(refused(vmap_ram_unmap(v, cpu, live[at].addr, live[at].nr % most + 1)));
		ck_assert(refused(vmap_ram_unmap(v, cpu, live[at].addr + 1, live[at].nr)));
		ck_assert(mm_ok(vmap_ram_unmap(v, cpu, live[at].addr, live[at].nr)));
		naive_unmap(n, live[at].addr, live[at].nr);
		live[at] = live[--*nr_live];
	}
}

START_TEST(blocks_are_as_the_model)
{
	static const struct {
		enum machine_arch arch;
		unsigned int major, minor, pages;
		bool keeps;
	} kinds[] = {
		{ ARCH_X86_64, 6, 1, 256, false },
		{ ARCH_X86_64, 6, 12, 256, true },
		{ ARCH_X86_32, 6, 1, 64, false },
		{ ARCH_ARM64, 7, 2, 1024, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct ground g;
		struct vmalloc *v = make(&g, kinds[i].arch, kinds[i].major, kinds[i].minor);
		struct naive n = { .pages = kinds[i].pages, .keeps = kinds[i].keeps };
		struct live live[200];
		struct vmalloc_stats stats;
		size_t nr_live = 0;
		struct rng rng;

		rng_init(&rng, 70 + i);
		for (unsigned int step = 0; step < 4000; step++) {
			one_step(v, &n, &rng, live, &nr_live);
			if (step % 16)
				continue;
			check(v);
			vmalloc_stats(v, &stats);
			ck_assert_uint_eq(stats.nr_busy, naive_count(&n));
		}
		while (nr_live--)
			ck_assert(mm_ok(vmap_ram_unmap(v, 0, live[nr_live].addr,
						       live[nr_live].nr)));
		(void)vmap_purge_full(v);
		finish(&g, v);
		vec_deinit(&n.blocks);
	}
}
END_TEST

START_TEST(large_mappings_have_areas_of_their_own)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	uint64_t addr = vmap_ram(v, 0, 65).addr;

	ck_assert_uint_eq(vmap_area_size(v, addr), 65 * PAGE); /* no guard page */
	ck_assert(refused(vmalloc_free(v, 0, addr)));
	ck_assert(refused(vmap_ram_unmap(v, 0, addr, 64)));
	ck_assert(refused(vmap_ram_unmap(v, 0, addr, 66)));
	ck_assert(mm_ok(vmap_ram_unmap(v, 0, addr, 65)));
	ck_assert(refused(vmap_ram(v, 0, 0)));
	ck_assert(refused(vmap_ram_unmap(v, 0, addr, 0)));
	finish(&g, v);
}
END_TEST

/* 32 bits: what blocks hold back is needed, and given, before a request fails. */
START_TEST(blocks_are_drained_when_addresses_run_out)
{
	const struct vmalloc_request small = { .size = 60 * PAGE, .gfp = GFP_BITS_KERNEL,
					       .node = -1, .flags = VMALLOC_IOREMAP };
	struct vmap_room room;
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_32, 6, 12);
	uint64_t block = vmap_ram(v, 0, 1).addr, addr;
	struct vec(uint64_t) areas = { 0 };
	bool drained = false;

	ck_assert(!vmap_shortage(v, &room));
	ck_assert(mm_ok(vmap_ram_unmap(v, 0, block, 1)));
	while ((addr = vmalloc_alloc(v, 0, &small).addr)) {
		vec_push(&areas, addr);
		drained |= addr == block;
		check(v);
	}
	ck_assert(drained);
	ck_assert(vmap_shortage(v, &room));
	ck_assert_uint_eq(room.wanted, 61 * PAGE);
	ck_assert_uint_lt(room.largest, room.wanted);
	ck_assert_uint_ge(room.free_bytes, room.largest);
	/* Every second one goes: enough is free, and no hole is large enough. */
	for (size_t i = 0; i < areas.nr; i += 2)
		ck_assert(mm_ok(vmap_area_free(v, 0, areas.items[i])));
	ck_assert_int_eq(vmalloc_alloc(v, 0, &(struct vmalloc_request){
		.size = 1 * MIB, .gfp = GFP_BITS_KERNEL, .node = -1 }).failure, MM_FAIL_NO_SPACE);
	ck_assert(vmap_shortage(v, &room));
	ck_assert_uint_gt(room.free_bytes, 50 * MIB);
	ck_assert_uint_lt(room.largest, room.wanted);
	ck_assert_uint_gt(room.nr, 100);
	for (size_t i = 1; i < areas.nr; i += 2)
		ck_assert(mm_ok(vmap_area_free(v, 0, areas.items[i])));
	vec_deinit(&areas);
	finish(&g, v);
}
END_TEST

/* kernel/fork.c: NR_CACHED_STACKS is 2, and what is too many asks once more after a while. */
START_TEST(each_cpu_keeps_two_stacks)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	uint64_t stacks[4], pages;

	for (unsigned int i = 0; i < 4; i++) {
		stacks[i] = vmap_stack_alloc(v, 0, -1).addr;
		ck_assert_uint_eq(stacks[i] % (16 << 10), 0);
		ck_assert_uint_eq(vmap_area_size(v, stacks[i]), 5 * PAGE);
	}
	for (unsigned int i = 0; i < 4; i++)
		ck_assert(mm_ok(vmap_stack_free(v, 0, stacks[i])));
	ck_assert(refused(vmap_stack_free(v, 0, stacks[0])));
	ck_assert(refused(vmap_stack_free(v, 0, stacks[3])));
	ck_assert(refused(vmalloc_free(v, 0, stacks[0])));
	check(v);
	pages = g.pages;
	/* The first slot is given out first; the third stack takes its place after a while. */
	ck_assert_uint_eq(vmap_stack_alloc(v, 0, -1).addr, stacks[0]);
	ck_assert_uint_eq(vmalloc_tick(v, 1000), 1000 + 20000000);
	ck_assert_uint_eq(vmalloc_tick(v, 1000 + 19999999), 1000 + 20000000);
	ck_assert_uint_eq(g.pages, pages);
	ck_assert(vmalloc_is_waiting(v));
	ck_assert_uint_eq(vmalloc_tick(v, 1000 + 20000000), UINT64_MAX);
	ck_assert(!vmalloc_is_waiting(v));
	ck_assert_uint_eq(g.pages, pages - 4); /* the fourth is gone */
	ck_assert_uint_eq(vmap_stack_alloc(v, 0, -1).addr, stacks[2]);
	ck_assert_uint_eq(vmap_stack_alloc(v, 0, -1).addr, stacks[1]);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(mm_ok(vmap_stack_free(v, i == 2, stacks[i])));
	vmap_stacks_drop(v, 0);
	vmap_stacks_drop(v, 1);
	finish(&g, v);
}
END_TEST

START_TEST(stacks_of_32_bits_are_blocks)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_32, 6, 1);
	uint64_t addr = vmap_stack_alloc(v, 0, -1).addr;

	ck_assert_uint_eq(g.pages, 2);
	ck_assert(refused(vmap_stack_free(v, 0, addr + PAGE)));
	ck_assert(mm_ok(vmap_stack_free(v, 0, addr)));
	ck_assert(refused(vmap_stack_free(v, 0, addr)));
	finish(&g, v);
}
END_TEST

/* The newest goes first, all at once, and none twice. */
START_TEST(what_is_deferred_is_freed_when_time_passes)
{
	const struct vmalloc_request request = { .size = 3 * PAGE, .gfp = GFP_BITS_KERNEL,
						 .node = -1 };
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 1);
	uint64_t first = vmalloc_alloc(v, 0, &request).addr;
	uint64_t second = vmalloc_alloc(v, 0, &request).addr;
	const uint64_t pages = g.pages;

	ck_assert_int_eq(vmalloc_free_later(v, 0, first).path, MM_PATH_VMAP_DEFERRED);
	ck_assert(mm_ok(vmalloc_free_later(v, 1, second)));
	ck_assert(refused(vmalloc_free_later(v, 0, first)));
	ck_assert(refused(vmalloc_free(v, 0, first)));
	ck_assert(refused(vmalloc_free_later(v, 0, first + PAGE)));
	ck_assert_uint_eq(g.pages, pages);
	ck_assert(vmalloc_is_waiting(v));
	ck_assert_uint_eq(vmalloc_tick(v, 1), UINT64_MAX);
	ck_assert(!vmalloc_is_waiting(v));
	ck_assert_uint_eq(g.pages, pages - 6);
	finish(&g, v);
}
END_TEST

/* kernel/bpf/core.c: 64 bytes a chunk, the first room in the oldest pack. */
START_TEST(bpf_programs_share_packs)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	uint64_t a = vmap_pack_alloc(v, 0, 65).addr;
	uint64_t b = vmap_pack_alloc(v, 0, 640).addr;
	uint64_t c = vmap_pack_alloc(v, 0, 64).addr;
	uint64_t large;

	ck_assert_uint_eq(b, a + 128);
	ck_assert_uint_eq(c, b + 640);
	ck_assert(mm_ok(vmap_pack_free(v, 0, b, 640)));
	ck_assert(refused(vmap_pack_free(v, 0, b, 640)));
	check(v);
	ck_assert_uint_eq(vmap_pack_alloc(v, 0, 100).addr, b);
	ck_assert_uint_eq(vmap_pack_alloc(v, 0, 1 * MIB).addr, c + 64);
	large = vmap_pack_alloc(v, 0, 1 * MIB).addr; /* no room: a second pack */
	ck_assert(large < a || large >= a + 2 * MIB);
	check(v);
	ck_assert(mm_ok(vmap_pack_free(v, 0, large, 1 * MIB)));
	ck_assert_uint_eq(vmap_area_size(v, large), 0);
	large = vmap_pack_alloc(v, 0, 2 * MIB + 1).addr;
	ck_assert_uint_eq(vmap_area_size(v, large), 2 * MIB + 2 * PAGE);
	ck_assert(mm_ok(vmap_pack_free(v, 0, large, 2 * MIB + 1)));
	ck_assert(refused(vmap_pack_alloc(v, 0, 0)));
	ck_assert(mm_ok(vmap_pack_free(v, 0, c + 64, 1 * MIB)));
	ck_assert(mm_ok(vmap_pack_free(v, 0, a, 65)));
	ck_assert(mm_ok(vmap_pack_free(v, 0, b, 100)));
	ck_assert(mm_ok(vmap_pack_free(v, 0, c, 64)));
	finish(&g, v);
}
END_TEST

/* A follower puts an area where a block and a kept stack are: nothing points there any more. */
START_TEST(forced_areas_take_all_with_them)
{
	struct ground g;
	struct vmalloc *v = make(&g, ARCH_X86_64, 6, 12);
	const uint64_t block = vmap_ram(v, 0, 1).addr, stack = vmap_stack_alloc(v, 0, -1).addr;
	struct vmap_call call = { .size = PAGE, .align = 1, .vstart = 0xffffc90000000000,
				  .vend = 0xffffe8ffffffffff };
	enum vmap_state was;

	ck_assert(mm_ok(vmap_area_force(v, &call, block + PAGE, &was)));
	ck_assert_int_eq(was, VMAP_BUSY);
	check(v);
	ck_assert(refused(vmap_ram_unmap(v, 0, block, 1)));
	ck_assert(mm_ok(vmap_stack_free(v, 0, stack)));
	ck_assert(mm_ok(vmap_area_force(v, &call, stack, &was)));
	ck_assert_uint_ne(vmap_stack_alloc(v, 0, -1).addr, stack);
	check(v);
	vmalloc_destroy(v);
}
END_TEST

UNIT_MAIN("vmap_users", mappings_leave_pages_alone_unless_told,
	  devices_are_mapped_by_large_entries, blocks_are_as_the_model,
	  large_mappings_have_areas_of_their_own, blocks_are_drained_when_addresses_run_out,
	  each_cpu_keeps_two_stacks, stacks_of_32_bits_are_blocks,
	  what_is_deferred_is_freed_when_time_passes, bpf_programs_share_packs,
	  forced_areas_take_all_with_them)
