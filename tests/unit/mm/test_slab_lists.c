/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which slab comes next: exact sequences of the list rules. The caches used here have slabs of two
 * objects (11000 bytes each, order 3), named by when they came: A, B, C ... Pictures show lists
 * from head to tail, with the number of free objects.
 */
#include <config.h>

#include "slab_fixture.h"

enum { OBJECT_SIZE = 11000, SLAB_ORDER = 3, NR_SLABS = 16 };

struct lists {
	struct slab_fixture f;
	uint32_t cache;
	uint64_t objects[NR_SLABS][2]; /* of slab A, B, C ...; as they came */
};

/* A CPU's partial list is limited to "cpu_partial" objects, as many slabs since 5.16. */
static void lists_init_of(struct lists *l, unsigned int major, unsigned int minor, int cpu_partial,
			  int min_partial)
{
	*l = (struct lists){ 0 };
	fixture_init(&l->f, major, minor, 2);
	l->f.config.slub_cpu_partial = cpu_partial;
	l->f.config.slub_min_partial = min_partial;
	l->f.config.slub_min_order = SLAB_ORDER; /* 6.1 would take order 2 */
	fixture_start(&l->f);
	l->cache = slab_cache_create(l->f.slab, &(struct slab_cache_args){
		.name = "pairs",
		.size = OBJECT_SIZE,
	});
	ck_assert_uint_eq(slab_cache_geometry(l->f.slab, l->cache)->objects, 2);
}

/* Limits: "cpu_slabs" on a cpu partial list, "min_partial" empty ones on a node. */
static void lists_init(struct lists *l, unsigned int minor, int cpu_slabs, int min_partial)
{
	lists_init_of(l, 6, minor, cpu_slabs, min_partial);
	ck_assert_uint_eq(slab_cache_geometry(l->f.slab, l->cache)->cpu_partial_slabs,
			  (unsigned int)cpu_slabs);
}

static void lists_deinit(struct lists *l)
{
	fixture_check(&l->f);
	fixture_deinit(&l->f);
}

/* The slab of an object: 'A' for the first block the fixture gave out. */
static char slab_of(const struct lists *l, uint64_t addr)
{
	uint64_t pfn = (addr - slab_page_offset(l->f.slab)) >> KERNEL_PAGE_SHIFT;

	return (char)('A' + (pfn - 16) / (1U << SLAB_ORDER));
}

/* Fills "nr" new slabs on "cpu": all full, the last one still its cpu slab. */
static void fill(struct lists *l, unsigned int cpu, unsigned int nr)
{
	unsigned int first = (unsigned int)fixture_stats(&l->f, l->cache).nr_slabs;

	for (unsigned int i = first; i < first + nr; i++) {
		for (unsigned int j = 0; j < 2; j++) {
			l->objects[i][j] = fixture_get(&l->f, l->cache, cpu);
			ck_assert_int_eq(slab_of(l, l->objects[i][j]), (int)('A' + i));
		}
	}
}

/* Frees object "which" of slab "name" on "cpu". */
static struct mm_outcome put(struct lists *l, unsigned int cpu, char name, unsigned int which)
{
	return fixture_put(&l->f, cpu, l->objects[name - 'A'][which]);
}

/* The slabs that the next allocations on "cpu" come from. */
#define expect_slabs(l, cpu, names)                                                           \
	do {                                                                                  \
		for (const char *name_ = (names); *name_; name_++) {                          \
			uint64_t addr_ = fixture_get(&(l)->f, (l)->cache, cpu);               \
			ck_assert_msg(slab_of(l, addr_) == *name_, "slab %c, not %c of '%s'", \
				      slab_of(l, addr_), *name_, names);                      \
		}                                                                             \
	} while (0)

/* The slabs that went back to the page allocator, in order, since the last look. */
static void expect_given_back(struct lists *l, const char *names)
{
	for (size_t i = 0; i < l->f.calls.nr; i++) {
		const struct page_call *call = &l->f.calls.items[i];

		if (call->alloc)
			continue;
		ck_assert_int_eq((int)('A' + (call->pfn - 16) / (1U << SLAB_ORDER)), *names);
		names++;
	}
	ck_assert_str_eq(names, "");
	vec_reset(&l->f.calls);
}

/*
 * A, B, C, D full, D the cpu slab. Frees of A, B, C, in that order, push each on the CPU's stack:
 *	cpu partial: C1 B1 A1
 * The allocations take the cpu slab first, then the stack from its top.
 */
START_TEST(cpu_partial_is_a_stack)
{
	struct lists l;

	lists_init(&l, 12, 4, 5);
	fill(&l, 0, 4);
	ck_assert_uint_eq(put(&l, 0, 'A', 0).path, MM_PATH_SLAB_FREE_SLOW);
	put(&l, 0, 'B', 1);
	put(&l, 0, 'C', 0);
	ck_assert_uint_eq(put(&l, 0, 'D', 0).path, MM_PATH_SLAB_FREE_FAST);
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).cpu_partial_slabs, 3);
	expect_slabs(&l, 0, "DCBAE");
	lists_deinit(&l);
}
END_TEST

/*
 * The stack holds two slabs. A and B go there, C is one too many: the stack is drained, newest
 * first, to the tail of the node's list, then C begins a new stack:
 *	cpu partial: B1 A1  ->  C1        node partial: -  ->  B1 A1
 */
START_TEST(full_cpu_partial_drains_newest_first)
{
	struct lists l;
	struct slab_cache_stats stats;

	lists_init(&l, 12, 2, 5);
	fill(&l, 0, 4);
	put(&l, 0, 'A', 0);
	put(&l, 0, 'B', 0);
	put(&l, 0, 'C', 0);
	stats = fixture_stats(&l.f, l.cache);
	ck_assert_uint_eq(stats.cpu_partial_slabs, 1);
	ck_assert_uint_eq(stats.partial_slabs, 2);
	ck_assert_uint_eq(stats.counters.cpu_partial_drain, 1);
	expect_slabs(&l, 0, "CBAE");
	lists_deinit(&l);
}
END_TEST

/*
 * Drained slabs that got empty in the meantime go back to the page allocator, oldest first, once
 * the node has min_partial slabs; nr_partial grows while the walk goes on.
 *	cpu partial: D2 C2 B2 A2, min_partial 1  ->  D stays, then C, B, A go, A first
 */
START_TEST(drain_gives_back_empty_slabs_oldest_first)
{
	struct lists l;
	struct mm_outcome out;

	lists_init(&l, 12, 4, 1);
	fill(&l, 0, 6);
	for (char name = 'A'; name <= 'D'; name++) {
		put(&l, 0, name, 0);
		put(&l, 0, name, 1); /* empty on the stack: nothing happens */
	}
	expect_given_back(&l, "");
	out = put(&l, 0, 'E', 0);
	ck_assert_uint_eq(out.path, MM_PATH_SLAB_FREE_DISCARD);
	expect_given_back(&l, "ABC");
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).partial_slabs, 1);
	expect_slabs(&l, 0, "EDD");
	lists_deinit(&l);
}
END_TEST

/*
 * An allocation that takes a slab off the node's list takes more along: up to half of what the
 * stack may hold, and one. Limit 4, seven slabs on the node:
 *	node partial: A1 B1 C1 D1 E1 F1 G1  ->  cpu slab A, cpu partial D1 C1 B1, node E1 F1 G1
 */
START_TEST(get_partial_takes_some_along)
{
	struct lists l;
	struct slab_cache_stats stats;

	lists_init(&l, 12, 4, 10);
	fill(&l, 0, 7);
	/* One by one to the node's tail: the other CPU frees, then is flushed. */
	for (char name = 'A'; name <= 'G'; name++) {
		if (name == 'G')
			slab_flush_cpu(l.f.slab, l.cache, 0);
		put(&l, 1, name, 0);
		slab_flush_cpu(l.f.slab, l.cache, 1);
	}
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).partial_slabs, 7);
	expect_slabs(&l, 0, "A");
	stats = fixture_stats(&l.f, l.cache);
	ck_assert_uint_eq(stats.partial_slabs, 3);
	ck_assert_uint_eq(stats.cpu_partial_slabs, 3);
	ck_assert_uint_eq(stats.counters.cpu_partial_node, 3);
	expect_slabs(&l, 0, "DCBEGFH");
	lists_deinit(&l);
}
END_TEST

/* With no cpu partial slabs allowed 6.12 takes none along; 6.1 still takes one. */
START_TEST(get_partial_without_cpu_partial)
{
	for (unsigned int minor = 1; minor <= 12; minor += 11) {
		struct lists l;

		lists_init(&l, minor, 0, 10);
		fill(&l, 0, 4);
		for (char name = 'A'; name <= 'C'; name++) {
			put(&l, 1, name, 0);
			slab_flush_cpu(l.f.slab, l.cache, 1);
		}
		expect_slabs(&l, 0, "A");
		ck_assert_uint_eq(fixture_stats(&l.f, l.cache).cpu_partial_slabs, minor == 1);
		expect_slabs(&l, 0, "BCE");
		lists_deinit(&l);
	}
}
END_TEST

/*
 * A cpu slab that is given up goes to the head of the node's list, where it is used again soon;
 * but to its tail when others have freed into it.
 *	CPU 0: A1 flushed -> head   CPU 1: B1, freed into by CPU 0, flushed -> tail
 */
START_TEST(deactivation_to_head_or_tail)
{
	struct lists l;
	struct slab_cache_stats stats;

	lists_init(&l, 12, 2, 10);
	fill(&l, 0, 2);
	put(&l, 0, 'B', 0);
	slab_flush_cpu(l.f.slab, l.cache, 0); /* node: B1 */
	put(&l, 1, 'A', 0);
	slab_flush_cpu(l.f.slab, l.cache, 1); /* a drained stack goes to the tail: B1 A1 */
	expect_slabs(&l, 1, "BA");            /* A is CPU 1's now */
	fill(&l, 0, 1);                       /* C */
	put(&l, 0, 'C', 0);
	slab_flush_cpu(l.f.slab, l.cache, 0); /* node: C1 */
	put(&l, 0, 'A', 1);                   /* a remote free */
	slab_flush_cpu(l.f.slab, l.cache, 1); /* node: C1 A1 */
	stats = fixture_stats(&l.f, l.cache);
	ck_assert_uint_eq(stats.counters.free_remote, 1);
	ck_assert_uint_eq(stats.counters.deactivate_to_tail, 1);
	ck_assert_uint_eq(stats.counters.deactivate_to_head, 2);
	expect_slabs(&l, 0, "CAD");
	lists_deinit(&l);

	/* The same without the remote free: A goes to the head. */
	lists_init(&l, 12, 2, 10);
	fill(&l, 0, 1);
	put(&l, 1, 'A', 0);
	slab_flush_cpu(l.f.slab, l.cache, 0);
	slab_flush_cpu(l.f.slab, l.cache, 1);
	l.objects[1][0] = fixture_get(&l.f, l.cache, 0); /* A's second, A is full */
	fill(&l, 0, 1);                                  /* B, the cpu slab */
	put(&l, 1, 'A', 1);
	slab_flush_cpu(l.f.slab, l.cache, 1);            /* node: A1 */
	fixture_put(&l.f, 0, l.objects[1][1]);
	slab_flush_cpu(l.f.slab, l.cache, 0);            /* node: B1 A1 */
	expect_slabs(&l, 0, "BA");
	lists_deinit(&l);
}
END_TEST

/* Deactivation splices the CPU's free objects in front of those that others freed. */
START_TEST(deactivation_keeps_order_of_objects)
{
	struct slab_fixture f;
	uint32_t cache;
	uint64_t o[8];

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0); /* 8 objects a slab */
	for (size_t i = 0; i < 8; i++)
		o[i] = fixture_get(&f, cache, 0);
	fixture_put(&f, 0, o[1]);
	fixture_put(&f, 0, o[3]);
	fixture_put(&f, 1, o[5]);
	fixture_put(&f, 1, o[0]);
	slab_flush_cpu(f.slab, cache, 0);
	fixture_check(&f);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), o[3]);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), o[1]);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), o[0]);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), o[5]);
	fixture_deinit(&f);
}
END_TEST

/*
 * Frees of another CPU go to the slab's own list; the owner sees them only when its list is used
 * up, and then takes all of them, last freed first.
 */
START_TEST(remote_frees_wait_for_the_owner)
{
	struct slab_fixture f;
	struct mm_outcome got;
	uint32_t cache;
	uint64_t o[8];

	fixture_init(&f, 6, 1, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 4096, 0);
	for (size_t i = 0; i < 6; i++)
		o[i] = fixture_get(&f, cache, 0);
	fixture_put(&f, 1, o[0]);
	fixture_put(&f, 1, o[1]);
	fixture_put(&f, 0, o[2]);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), o[2]);
	fixture_get(&f, cache, 0);
	fixture_get(&f, cache, 0); /* the virgin two */
	got = slab_alloc(f.slab, cache, 0, -1, 0, 0);
	ck_assert_uint_eq(got.addr, o[1]);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_REFILL);
	got = slab_alloc(f.slab, cache, 0, -1, 0, 0);
	ck_assert_uint_eq(got.addr, o[0]);
	ck_assert_uint_eq(got.path, MM_PATH_SLAB_FAST);
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 1);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

/* An empty slab on the node's list goes when there are min_partial of them, itself included. */
START_TEST(node_keeps_min_partial_slabs)
{
	struct lists l;

	lists_init(&l, 12, 2, 2);
	fill(&l, 0, 4);
	for (char name = 'A'; name <= 'C'; name++) {
		put(&l, 1, name, 0);
		slab_flush_cpu(l.f.slab, l.cache, 1);
	}
	vec_reset(&l.f.calls);
	ck_assert_uint_eq(put(&l, 0, 'B', 1).path, MM_PATH_SLAB_FREE_DISCARD); /* three: goes */
	ck_assert_uint_eq(put(&l, 0, 'A', 1).path, MM_PATH_SLAB_FREE_DISCARD); /* two: goes */
	ck_assert_uint_eq(put(&l, 0, 'C', 1).path, MM_PATH_SLAB_FREE_SLOW);    /* one: stays */
	expect_given_back(&l, "BA");
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).partial_slabs, 1);
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).counters.free_remove_partial, 2);
	lists_deinit(&l);
}
END_TEST

/*
 * Shrinking sorts a node's list, the fullest first, each rank newest position first, and gives
 * back all empty slabs whatever min_partial says.
 *	node partial: A1 B2 C1 D2  ->  C1 A1, given back: D B
 */
START_TEST(shrink_sorts_and_gives_back)
{
	struct lists l;

	lists_init(&l, 12, 2, 10);
	fill(&l, 0, 5);
	for (char name = 'A'; name <= 'D'; name++) {
		put(&l, 1, name, 0);
		slab_flush_cpu(l.f.slab, l.cache, 1);
	}
	put(&l, 1, 'B', 1);
	put(&l, 1, 'D', 1);
	vec_reset(&l.f.calls);
	slab_shrink(l.f.slab, l.cache, 0);
	expect_given_back(&l, "DB");
	expect_slabs(&l, 0, "CA");
	lists_deinit(&l);
}
END_TEST

/* Debug caches: no cpu slab; new slabs at the head, refound full ones at the tail. */
START_TEST(debug_caches_use_node_lists_only)
{
	struct slab_fixture f;
	struct slab_cache_stats stats;
	uint32_t cache;
	uint64_t o[8], first;

	fixture_init(&f, 6, 12, 2);
	f.config.slub_min_partial = 1;
	fixture_start(&f);
	cache = slab_cache_create(f.slab, &(struct slab_cache_args){
		.name = "debug",
		.size = 1400,
		.flags = SLAB_STORE_USER,
	});
	ck_assert_uint_ge(slab_cache_geometry(f.slab, cache)->objects, 2);
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		o[i] = fixture_get(&f, cache, i & 1);
	stats = fixture_stats(&f, cache);
	ck_assert_uint_eq(stats.cpu_slabs, 0);
	ck_assert_uint_eq(stats.counters.alloc_slowpath, ARRAY_SIZE(o));
	ck_assert_uint_eq(stats.active_objs, stats.live_objs);
	first = o[0];
	fixture_put(&f, 0, first);
	ck_assert_uint_eq(fixture_get(&f, cache, 1), first);
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		fixture_put(&f, 0, o[i]);
	fixture_check(&f);
	ck_assert_uint_eq(fixture_stats(&f, cache).nr_slabs, 0);
	fixture_deinit(&f);
}
END_TEST

/*
 * Until 5.15 the free objects are counted as they were when a slab came (pobjects): with a limit of
 * three, the fifth slab of one free object finds four and drains them. And who takes slabs from a
 * node takes until it has more than half the limit, its own counted in.
 */
START_TEST(limits_were_objects)
{
	struct lists l;

	lists_init_of(&l, 5, 15, 3, 5);
	fill(&l, 0, 8);
	for (char name = 'A'; name <= 'D'; name++)
		put(&l, 1, name, 0);
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).cpu_partial_slabs, 4);
	put(&l, 1, 'E', 0);
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).cpu_partial_slabs, 1);
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).partial_slabs, 4);
	/* Node: D C B A. CPU 0 has none: D for itself, one object, and C with it: two are more. */
	expect_slabs(&l, 0, "DC");
	ck_assert_uint_eq(fixture_stats(&l.f, l.cache).counters.cpu_partial_node, 1);
	expect_slabs(&l, 0, "B");
	lists_deinit(&l);
}
END_TEST

UNIT_MAIN("slab_lists", limits_were_objects, cpu_partial_is_a_stack,
	  full_cpu_partial_drains_newest_first,
	  drain_gives_back_empty_slabs_oldest_first, get_partial_takes_some_along,
	  get_partial_without_cpu_partial, deactivation_to_head_or_tail,
	  deactivation_keeps_order_of_objects, remote_frees_wait_for_the_owner,
	  node_keeps_min_partial_slabs, shrink_sorts_and_gives_back,
	  debug_caches_use_node_lists_only)
