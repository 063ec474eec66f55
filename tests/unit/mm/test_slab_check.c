/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab_check() finds each kind of fault: an allocator with a bit of everything in it is sound, then
 * one thing is put wrong, and the check has to say what. Each row is an invariant.
 */
#include <config.h>

#include "../../../src/mm/slab/slab_internal.h"
#include "../../../src/mm/slab/slab_sheaf.h"
#include "slab_fixture.h"

#include <string.h>

enum { NR_OBJECTS = 600 };

/* What was put wrong cannot be freed any more: leaks are meant here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* A cache with slabs in every place, on two CPUs and two nodes, and the allocator around it. */
struct state {
	struct slab_fixture f;
	struct slab_allocator *slab;
	struct slab_cache *cache, *rcu;
	uint64_t objects[NR_OBJECTS]; /* 0: freed */
};

struct fault {
	const char *name;
	void (*inject)(struct state *s);
	const char *says; /* part of the message */
};

/* A slab of the cache in that place. */
static struct slab_page *some(const struct state *s, enum slab_place place)
{
	uintptr_t value;

	for (uint64_t pfn = 0; (value = slab_map_next(&s->slab->map, &pfn)); pfn++) {
		struct slab_page *page = (struct slab_page *)value;

		if (!slab_map_is_large(value) && page->cache == s->cache && page->place == place)
			return page;
	}
	ck_abort_msg("no slab in place %d", (int)place);
}

static struct slab_cpu *some_cpu(const struct state *s)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (s->cache->cpu[i].head != SLAB_NIL)
			return &s->cache->cpu[i];
	}
	ck_abort_msg("no CPU with free objects");
}

static unsigned int live_slot(const struct slab_page *page)
{
	unsigned int slot = 0;

	while (page->links[slot] != SLAB_LIVE)
		slot++;
	ck_assert_uint_lt(slot, page->objects);
	return slot;
}

/* --- objects --- */

static void live_on_a_list(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_NODE_PARTIAL);
	const unsigned int slot = live_slot(page);

	page->links[slot] = page->head;
	page->head = (uint16_t)slot;
}

static void free_on_no_list(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_FULL);

	page->links[live_slot(page)] = SLAB_NIL;
}

static void free_said_live(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_NODE_PARTIAL);

	page->links[page->head] = SLAB_LIVE;
}

static void list_in_circles(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_NODE_PARTIAL);

	page->links[page->head] = page->head;
}

static void link_out_of_slab(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_NODE_PARTIAL);

	page->links[page->head] = page->objects;
}

static void on_both_lists(struct state *s)
{
	struct slab_cpu *c = some_cpu(s);

	c->page->head = (uint16_t)c->head;
}

static void inuse_miscounted(struct state *s)
{
	some(s, SLAB_PLACE_NODE_PARTIAL)->inuse--;
}

static void left_in_bulk(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_FULL);

	page->links[live_slot(page)] = SLAB_LISTED;
}

static void frees_miscounted(struct state *s)
{
	s->cache->counters.frees++;
}

static void out_of_cycle(struct state *s)
{
	s->cache->successor[3] = s->cache->successor[4];
}

static void twice_in_sequence(struct state *s)
{
	s->cache->sequence[3] = s->cache->sequence[4];
}

/* --- slabs --- */

static void one_object_less(struct state *s)
{
	some(s, SLAB_PLACE_FULL)->objects--;
}

static void in_no_place(struct state *s)
{
	some(s, SLAB_PLACE_FULL)->place = SLAB_PLACE_NR;
}

static void full_on_a_list(struct state *s)
{
	slab_node_add(some(s, SLAB_PLACE_FULL), true);
}

static void partial_on_no_list(struct state *s)
{
	slab_node_del(some(s, SLAB_PLACE_NODE_PARTIAL));
}

static void lost_from_its_list(struct state *s)
{
	struct slab_page *page = some(s, SLAB_PLACE_NODE_PARTIAL);

	slab_node_del(page);
	page->place = SLAB_PLACE_NODE_PARTIAL;
}

static void begun_elsewhere(struct state *s)
{
	some(s, SLAB_PLACE_FULL)->base += KERNEL_PAGE_SIZE;
}

static void lacks_a_page(struct state *s)
{
	const struct slab_page *page = some(s, SLAB_PLACE_FULL);

	slab_map_clear(&s->slab->map, slab_page_pfn(s->slab, page) + 1, 1);
}

static void of_no_cache(struct state *s)
{
	s->slab->caches.items[s->cache->id] = NULL;
}

static void other_cache(struct state *s)
{
	some(s, SLAB_PLACE_NODE_PARTIAL)->cache = s->rcu;
}

static void other_node(struct state *s)
{
	some(s, SLAB_PLACE_NODE_PARTIAL)->node ^= 1;
}

static void no_node(struct state *s)
{
	some(s, SLAB_PLACE_FULL)->node = 7;
}

static void nodes_mixed_up(struct state *s)
{
	s->cache->node[0].nr_slabs++;
	s->cache->node[1].nr_slabs--;
}

/* --- lists --- */

static void link_cut(struct state *s)
{
	some(s, SLAB_PLACE_NODE_PARTIAL)->link.prev = &some(s, SLAB_PLACE_NODE_PARTIAL)->link;
}

static void node_list_miscounted(struct state *s)
{
	s->cache->node[1].nr_partial++;
}

static void depth_wrong(struct state *s)
{
	some(s, SLAB_PLACE_CPU_PARTIAL)->depth++;
}

static void cpu_list_cut(struct state *s)
{
	struct slab_cpu *c = &s->cache->cpu[s->cache->cpu[0].partial ? 0 : 1];

	ck_assert_ptr_nonnull(c->partial);
	c->partial->next = NULL;
	c->partial->depth = 2;
}

static void cpu_list_lost(struct state *s)
{
	s->cache->cpu[0].partial = s->cache->cpu[1].partial = NULL;
}

static void objects_of_no_slab(struct state *s)
{
	some_cpu(s)->page = NULL;
}

static void not_its_own(struct state *s)
{
	some_cpu(s)->page->place = SLAB_PLACE_FULL;
}

static void shared_by_cpus(struct state *s)
{
	s->cache->cpu[1] = s->cache->cpu[0];
}

static void cpu_slab_lost(struct state *s)
{
	struct slab_cpu *c = some_cpu(s);

	slab_release(s->cache, (unsigned int)(c - s->cache->cpu));
}

/* --- sums --- */

static void slabs_miscounted(struct state *s)
{
	s->cache->nr_slabs++;
}

static void slots_miscounted(struct state *s)
{
	s->cache->num_objs--;
}

static void cache_pages_miscounted(struct state *s)
{
	s->cache->nr_pages++;
}

static void pages_miscounted(struct state *s)
{
	s->slab->slab_pages++;
}

static void large_miscounted(struct state *s)
{
	s->slab->large_nr--;
}

static void large_pages_miscounted(struct state *s)
{
	s->slab->large_pages++;
}

static void waiting_miscounted(struct state *s)
{
	s->rcu->rcu_slabs++;
}

static void waiting_pages_miscounted(struct state *s)
{
	s->slab->rcu_pages--;
}

static void waits_in_use(struct state *s)
{
	s->slab->rcu->inuse = 1;
}

static void class_too_small(struct state *s)
{
	s->slab->class_of[1000 / SLAB_CLASS_STEP] = s->slab->class_of[0];
}

/* --- sheaves (7.2) --- */

static struct slab_sheaf *some_sheaf(struct state *s)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct slab_sheaf *sheaf = s->cache->sheaves[i].main;

		if (sheaf && sheaf->nr > 1)
			return sheaf;
	}
	ck_abort_msg("no sheaf with objects");
}

static void sheaf_too_full(struct state *s)
{
	some_sheaf(s)->nr = s->cache->geometry.sheaf_capacity + 1;
}

static void live_in_a_sheaf(struct state *s)
{
	const struct slab_object *object = &some_sheaf(s)->objects[0];

	object->page->links[object->slot] = SLAB_LIVE;
}

static void twice_in_a_sheaf(struct state *s)
{
	struct slab_sheaf *sheaf = some_sheaf(s);

	sheaf->objects[0] = sheaf->objects[1];
	sheaf->nr--;
}

static void dropped_from_a_sheaf(struct state *s)
{
	some_sheaf(s)->nr--;
}

static void barn_miscounted(struct state *s)
{
	s->cache->barn[1].nr_full++;
}

static void barn_empties_miscounted(struct state *s)
{
	s->cache->barn[0].nr_empty++;
}

static const struct fault faults[] = {
	{ "live, on a free list", live_on_a_list, "inuse is" },
	{ "free, on no list", free_on_no_list, "slots free" },
	{ "on a list, said to be live", free_said_live, "on a free list" },
	{ "list in circles", list_in_circles, "no end" },
	{ "link out of the slab", link_out_of_slab, "on a free list" },
	{ "on two lists", on_both_lists, "slots free" },
	{ "inuse", inuse_miscounted, "inuse is" },
	{ "left in a bulk free", left_in_bulk, "bulk free" },
	{ "live objects", frees_miscounted, "live objects" },
	{ "cycle of slots", out_of_cycle, "cycle" },
	{ "sequence of slots", twice_in_sequence, "cycle" },
	{ "objects of a slab", one_object_less, "objects" },
	{ "no place", in_no_place, "in no place" },
	{ "full, on a list", full_on_a_list, "in place" },
	{ "not full, on no list", partial_on_no_list, "in place" },
	{ "lost from its list", lost_from_its_list, "node partial slabs" },
	{ "begun elsewhere", begun_elsewhere, "elsewhere" },
	{ "page not registered", lacks_a_page, "lacks a page" },
	{ "of a cache that is gone", of_no_cache, "of no cache" },
	{ "of another cache", other_cache, "foreign slab" },
	{ "of another node", other_node, "foreign slab" },
	{ "of a node that is not there", no_node, "in no place" },
	{ "slabs by node", nodes_mixed_up, "slabs of a node" },
	{ "node list cut", link_cut, "is broken" },
	{ "node list's length", node_list_miscounted, "slabs on a node's list" },
	{ "cpu partial list's depth", depth_wrong, "partial list of CPU" },
	{ "cpu partial list cut", cpu_list_cut, "lacks 1 slabs" },
	{ "cpu partial list lost", cpu_list_lost, "cpu partial slabs" },
	{ "objects of no slab", objects_of_no_slab, "slots free" },
	{ "cpu slab in another place", not_its_own, "slots free" },
	{ "cpu slab of two CPUs", shared_by_cpus, "no end" },
	{ "cpu slab of no CPU", cpu_slab_lost, "cpu slabs" },
	{ "slabs of a cache", slabs_miscounted, "slabs found" },
	{ "slots of a cache", slots_miscounted, "slots found" },
	{ "pages of a cache", cache_pages_miscounted, "pages found" },
	{ "pages of slabs", pages_miscounted, "pages held" },
	{ "large objects", large_miscounted, "pages held" },
	{ "pages of large objects", large_pages_miscounted, "pages held" },
	{ "slabs that wait", waiting_miscounted, "slabs waiting" },
	{ "pages that wait", waiting_pages_miscounted, "pages waiting" },
	{ "in use, and waits", waits_in_use, "waits that should not" },
	{ "class too small", class_too_small, "in no class" },
};

static const struct fault sheaf_faults[] = {
	{ "sheaf too full", sheaf_too_full, "sheaf with" },
	{ "live, in a sheaf", live_in_a_sheaf, "not free" },
	{ "twice in a sheaf", twice_in_a_sheaf, "objects in sheaves" },
	{ "dropped from a sheaf", dropped_from_a_sheaf, "objects in sheaves" },
	{ "full sheaves of a barn", barn_miscounted, "barn" },
	{ "empty sheaves of a barn", barn_empties_miscounted, "barn" },
};

static void state_init(struct state *s, unsigned int major, unsigned int minor)
{
	memset(s, 0, sizeof(*s));
	fixture_init(&s->f, major, minor, 2);
	s->f.config.nr_nodes = 2;
	for (unsigned int i = 0; i < 200; i++)
		machine_config_add_range(&s->f.config, i * 32, i * 32 + 32, (int)(i % 2));
	fixture_start(&s->f);
	s->slab = s->f.slab;
	slab_rcu_defer(s->slab, true);
	s->cache = slab_cache_get(s->slab, slab_cache_create(s->slab, &(struct slab_cache_args){
		.name = "x", .size = 1000, .usersize = 1,
	}));
	s->rcu = slab_cache_get(s->slab, slab_cache_create(s->slab, &(struct slab_cache_args){
		.name = "rcu", .size = 1000, .flags = SLAB_TYPESAFE_BY_RCU,
	}));
	slab_kmalloc(s->slab, 0, 20000, GFP_BITS_KERNEL, -1, 0);
	fixture_put(&s->f, 0, fixture_get(&s->f, s->rcu->id, 0));
	slab_shrink(s->slab, s->rcu->id, 0);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		s->objects[i] = fixture_get(&s->f, s->cache->id, i % 2);
	for (unsigned int i = 0; i < NR_OBJECTS; i++) {
		/* Every third slab or so keeps its objects. */
		if ((s->objects[i] >> 16) % 3 && i % 5)
			fixture_put(&s->f, i / 3 % 2, s->objects[i]);
	}
	fixture_check(&s->f);
}

static void try_fault(const struct fault *fault, unsigned int major, unsigned int minor)
{
	struct error err = { 0 };
	struct state s;

	state_init(&s, major, minor);
	fault->inject(&s);
	ck_assert_msg(!slab_check(s.slab, &err), "not found: %s", fault->name);
	ck_assert_msg(strstr(err.message, fault->says) != NULL, "%s: %s", fault->name, err.message);
	/* What is broken cannot be taken apart: the process ends here. */
}

START_TEST(each_fault_is_found)
{
	try_fault(&faults[_i], 6, 12);
}
END_TEST

START_TEST(each_fault_of_sheaves_is_found)
{
	try_fault(&sheaf_faults[_i], 7, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slab check");
	TCase *tcase = tcase_create("slab check");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, each_fault_is_found, 0, (int)ARRAY_SIZE(faults));
	tcase_add_loop_test(tcase, each_fault_of_sheaves_is_found, 0,
			    (int)ARRAY_SIZE(sheaf_faults));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
