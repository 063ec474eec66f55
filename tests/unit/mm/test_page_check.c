/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_check() finds each kind of fault: a machine with a bit of everything in it is sound, then
 * one thing is put wrong, and the check has to say what. Each row is an invariant.
 */
#include <config.h>

#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page_parts.h"
#include "unit/unit.h"

#include <string.h>

enum { LIVE = 600 };

struct machine {
	struct page_allocator *pa;
	uint64_t used[LIVE]; /* pfns in use, of order i % 5 */
};

struct fault {
	const char *name;
	void (*inject)(struct machine *m);
	const char *says; /* part of the message */
	bool quick;       /* page_check_quick() sees it, too */
};

static void machine_init(struct machine *m, struct kernel_version version);
static struct zone *last_zone(const struct machine *m);
static uint32_t some_free(const struct machine *m, unsigned int order);
static uint32_t some_pcp(const struct machine *m);

/* --- a page is in one place --- */

static void free_and_used(struct machine *m)
{
	const uint32_t index = (uint32_t)(m->used[0] - m->pa->base_pfn);

	m->pa->pages[index].state = PAGE_BUDDY;
}

static void inside_another(struct machine *m)
{
	const uint32_t index = some_free(m, 3);

	m->pa->pages[index + 5].state = PAGE_USED;
	m->pa->pages[index + 5].zone = m->pa->pages[index].zone;
}

static void on_no_list(struct machine *m)
{
	const uint32_t index = some_free(m, 1);

	area_del(m->pa, area_zone(m->pa, index, 1), index, 1);
}

static void used_by_nobody(struct machine *m)
{
	m->pa->pages[m->used[3] - m->pa->base_pfn].state = PAGE_NONE;
}

static void freed_twice(struct machine *m)
{
	const uint32_t index = some_free(m, 0);
	struct zone *zone = area_zone(m->pa, index, 0);

	area_add(m->pa, zone, index, 0, area_type(m->pa, index, 0), false);
}

static void askew(struct machine *m)
{
	m->pa->pages[some_free(m, 2)].order = 7;
}

static void in_a_hole(struct machine *m)
{
	struct zone *zone = last_zone(m);

	/* Frame 0x2500 is no memory of this machine. */
	area_add(m->pa, zone, 0x2500 - (uint32_t)m->pa->base_pfn, 0, MIGRATE_UNMOVABLE, true);
	zone->free++;
	zone->free_stat++;
	zone->managed++;
	m->pa->total++;
}

static void in_another_zone(struct machine *m)
{
	m->pa->pages[some_pcp(m)].zone ^= 1;
}

/* --- lists --- */

static void link_cut(struct machine *m)
{
	const uint32_t index = some_free(m, 0);

	m->pa->pages[index].link.prev = index;
}

static void other_type(struct machine *m)
{
	m->pa->pages[some_free(m, 1)].type ^= 1;
}

static void not_of_the_pageblock(struct machine *m)
{
	const uint32_t index = some_free(m, 2);

	m->pa->block_types[index >> m->pa->block_order] = MIGRATE_RECLAIMABLE;
}

static void not_merged(struct machine *m)
{
	const uint32_t index = some_free(m, 4);
	struct zone *zone = area_zone(m->pa, index, 4);
	const enum migratetype type = area_del(m->pa, zone, index, 4);

	area_add(m->pa, zone, index, 3, type, false);
	area_add(m->pa, zone, index + 8, 3, type, false);
}

static void list_miscounted(struct machine *m)
{
	last_zone(m)->area[KERNEL_MAX_ORDER].lists[MIGRATE_MOVABLE].nr++;
}

static void area_miscounted(struct machine *m)
{
	last_zone(m)->area[2].nr_free++;
}

static void other_cpu(struct machine *m)
{
	m->pa->pages[some_pcp(m)].cpu ^= 1;
}

static void other_pcp_list(struct machine *m)
{
	m->pa->pages[some_pcp(m)].pcp_list++;
}

/* --- sums --- */

static void free_miscounted(struct machine *m)
{
	last_zone(m)->free--;
}

static void stat_lost(struct machine *m)
{
	last_zone(m)->free_stat -= 3;
}

static void used_miscounted(struct machine *m)
{
	last_zone(m)->used++;
}

static void pcp_miscounted(struct machine *m)
{
	last_zone(m)->pcps[1].count++;
	last_zone(m)->used--;
}

static void pcp_negative(struct machine *m)
{
	last_zone(m)->pcps[0].count = -1;
}

static void movable_miscounted(struct machine *m)
{
	last_zone(m)->movable++;
}

static void managed_miscounted(struct machine *m)
{
	m->pa->total++;
}

static void highatomic_miscounted(struct machine *m)
{
	last_zone(m)->free_highatomic++;
}

static void reserve_miscounted(struct machine *m)
{
	last_zone(m)->reserved_highatomic += 512;
}

static void unknown_beyond_used(struct machine *m)
{
	last_zone(m)->unknown = last_zone(m)->used + 1;
}

static void never_so_few(struct machine *m)
{
	last_zone(m)->free_least = last_zone(m)->free + 1;
}

static void block_map_stale(struct machine *m)
{
	m->pa->block_map->blocks[(m->used[1] - m->pa->base_pfn) >> m->pa->block_order].taken++;
}

/* --- limits --- */

static void low_below_min(struct machine *m)
{
	last_zone(m)->mark[ZONE_MARK_MIN] = last_zone(m)->mark[ZONE_MARK_LOW] + 1;
}

static void high_off_step(struct machine *m)
{
	last_zone(m)->mark[ZONE_MARK_HIGH]++;
}

static void promo_off_step(struct machine *m)
{
	last_zone(m)->mark[ZONE_MARK_PROMO]--;
}

static void boosted_too_far(struct machine *m)
{
	last_zone(m)->boost = 2 * last_zone(m)->mark[ZONE_MARK_HIGH] + 512;
}

static void keeps_from_its_own(struct machine *m)
{
	last_zone(m)->reserve[ZONE_DMA] = 1;
}

static void keeps_less_from_higher(struct machine *m)
{
	m->pa->zones[0].reserve[ZONE_MOVABLE] = 0;
	m->pa->zones[0].reserve[ZONE_NORMAL] = 5;
}

static void no_batch(struct machine *m)
{
	last_zone(m)->pcps[1].batch = 0;
}

static void bounds_crossed(struct machine *m)
{
	last_zone(m)->pcps[1].high_min = last_zone(m)->pcps[1].high_max + 1;
}

static void high_beyond_most(struct machine *m)
{
	last_zone(m)->pcps[0].high = last_zone(m)->pcps[0].high_max + 1;
}

static void factor_beyond_most(struct machine *m)
{
	last_zone(m)->pcps[0].alloc_factor = PCP_BATCH_SCALE_MAX + 1;
}

static void diff_beyond_threshold(struct machine *m)
{
	struct zone *zone = last_zone(m);
	const int more = 126 - zone->pcps[0].stat_diff;

	zone->pcps[0].stat_diff = (int8_t)(zone->pcps[0].stat_diff + more);
	zone->free_stat -= more;
}

/* --- nodes --- */

static void kswapd_forgotten(struct machine *m)
{
	m->pa->nodes[1].kswapd_awake = true;
	m->pa->kswapd_pending = false;
}

static void kswapd_dreams(struct machine *m)
{
	m->pa->kswapd_pending = true;
}

static void kswapd_order(struct machine *m)
{
	m->pa->nodes[0].kswapd_order = KERNEL_MAX_ORDER + 1;
}

static void zone_twice(struct machine *m)
{
	m->pa->nodes[0].zonelist[1] = m->pa->nodes[0].zonelist[0];
}

static void others_first(struct machine *m)
{
	uint16_t *list = m->pa->nodes[1].zonelist;
	const uint16_t first = list[0];

	list[0] = list[m->pa->nr_zones - 1];
	list[m->pa->nr_zones - 1] = first;
}

static const struct fault faults[] = {
	{ "free and in use", free_and_used, "", false },
	{ "a block inside another", inside_another, "heads its own", false },
	{ "free on no list", on_no_list, "lists hold", true },
	{ "counted as used, in no block", used_by_nobody, "memory holds", false },
	{ "freed twice", freed_twice, "", true },
	{ "a block askew", askew, "", false },
	{ "a block in a hole", in_a_hole, "is not memory of", false },
	{ "a page of another zone", in_another_zone, "broken at page", false },
	{ "a link that leads nowhere", link_cut, "list broken at page", false },
	{ "a block on another type's list", other_type, "list broken at page", false },
	{ "a list unlike its pageblock", not_of_the_pageblock, "block is on", false },
	{ "free buddies", not_merged, "are not merged", false },
	{ "blocks of a list", list_miscounted, "ends after", false },
	{ "blocks of an order", area_miscounted, "lists hold", true },
	{ "a page of another CPU", other_cpu, "broken at page", false },
	{ "a page of another per-CPU list", other_pcp_list, "broken at page", false },
	{ "free pages", free_miscounted, "pages free", true },
	{ "NR_FREE_PAGES", stat_lost, "statistics say", true },
	{ "pages in use", used_miscounted, "are not", true },
	{ "per-CPU pages", pcp_miscounted, "lists hold", false },
	{ "fewer than no per-CPU pages", pcp_negative, "negative", true },
	{ "movable pages", movable_miscounted, "movable", false },
	{ "managed pages", managed_miscounted, "zones manage", false },
	{ "free HIGHATOMIC pages", highatomic_miscounted, "HIGHATOMIC", false },
	{ "HIGHATOMIC blocks", reserve_miscounted, "HIGHATOMIC", false },
	{ "unknown pages", unknown_beyond_used, "unknown", false },
	{ "the fewest free pages", never_so_few, "never fewer", false },
	{ "the map of pageblocks", block_map_stale, "", false },
	{ "min + d = low", low_below_min, "one step apart", false },
	{ "low + d = high", high_off_step, "one step apart", false },
	{ "high + d = promo", promo_off_step, "promo", false },
	{ "boost", boosted_too_far, "boosted by", false },
	{ "reserve from the zone's own", keeps_from_its_own, "keeps", false },
	{ "reserve from higher zones", keeps_less_from_higher, "keeps", false },
	{ "batch", no_batch, "batch 0", false },
	{ "high_min <= high_max", bounds_crossed, "high from", false },
	{ "high <= high_max", high_beyond_most, "high is", false },
	{ "factors", factor_beyond_most, "factors", false },
	{ "a CPU's difference", diff_beyond_threshold, "not booked", false },
	{ "kswapd awake, not pending", kswapd_forgotten, "kswapd is awake", false },
	{ "kswapd pending, asleep", kswapd_dreams, "kswapd is asleep", false },
	{ "kswapd's order", kswapd_order, "works for order", false },
	{ "a zone twice in a zonelist", zone_twice, "out of place", false },
	{ "another node's zone first", others_first, "out of place", false },
};

START_TEST(each_fault_is_found)
{
	const struct fault *fault = &faults[_i];
	struct machine m;
	struct error err;

	machine_init(&m, (struct kernel_version){ 6, 12 });
	ck_assert_msg(page_check(m.pa, &err), "%s", err.message);
	fault->inject(&m);
	err.message[0] = '\0';
	ck_assert_msg(!page_check(m.pa, &err), "not found: %s", fault->name);
	ck_assert_msg(strstr(err.message, fault->says) != NULL, "%s: %s", fault->name, err.message);
	ck_assert_msg(page_check_quick(m.pa, &err) != fault->quick, "%s", fault->name);
	page_allocator_destroy(m.pa);
}
END_TEST

/* Where types mix by rule, lists need not follow pageblocks, nor reserves their blocks. */
START_TEST(rules_that_a_release_lacks_are_not_asked_for)
{
	struct machine m;
	struct error err;

	machine_init(&m, (struct kernel_version){ 4, 19 });
	not_of_the_pageblock(&m);
	reserve_miscounted(&m);
	ck_assert_msg(page_check(m.pa, &err), "%s", err.message);
	page_allocator_destroy(m.pa);
}
END_TEST

/* Two nodes with holes, three types of pages in use, and pages in lists of both CPUs. */
static void machine_init(struct machine *m, struct kernel_version version)
{
	static const uint32_t masks[] = {
		GFP_BITS_KERNEL, GFP_BITS_KERNEL | GFP_BIT_RECLAIMABLE,
		GFP_BITS_KERNEL | GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE,
	};
	struct machine_config config;
	struct error err;

	machine_config_init(&config, version, ARCH_X86_64);
	config.nr_cpus = config.nr_nodes = 2;
	config.pcp_batch = 7;
	machine_config_add_range(&config, 0x800, 0x1800, 0);
	machine_config_add_range(&config, 0x1800, 0x2400, 1);
	machine_config_add_range(&config, 0x2600, 0x3800, 1);
	m->pa = page_allocator_create(&config, NULL, NULL, &err);
	machine_config_deinit(&config);
	ck_assert_msg(m->pa != NULL, "%s", err.message);
	page_watch_blocks(m->pa);
	for (unsigned int i = 0; i < LIVE; i++)
		m->used[i] = page_alloc(m->pa, i % 2, masks[i % ARRAY_SIZE(masks)], i % 5,
					(int)(i / 2 % 2), 0).addr;
	for (unsigned int i = 7; i < LIVE; i += 3)
		page_free(m->pa, i % 2, m->used[i], i % 5);
}

static struct zone *last_zone(const struct machine *m)
{
	return &m->pa->zones[m->pa->nr_zones - 1];
}

static uint32_t some_free(const struct machine *m, unsigned int order)
{
	for (unsigned int i = m->pa->nr_zones; i-- > 0;) {
		const struct free_list *lists = m->pa->zones[i].area[order].lists;

		for (unsigned int type = 0; type < PCP_TYPES; type++) {
			if (lists[type].nr)
				return lists[type].first;
		}
	}
	ck_abort_msg("no free block of order %u", order);
}

static uint32_t some_pcp(const struct machine *m)
{
	const struct pcp *pcp = &last_zone(m)->pcps[1];

	for (unsigned int i = 0; i < PCP_LISTS; i++) {
		if (pcp->lists[i].first != PAGE_NIL)
			return pcp->lists[i].first;
	}
	ck_abort_msg("no page in per-CPU lists");
}

int main(void)
{
	Suite *suite = suite_create("page check");
	TCase *tcase = tcase_create("page check");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, each_fault_is_found, 0, (int)ARRAY_SIZE(faults));
	tcase_add_test(tcase, rules_that_a_release_lacks_are_not_asked_for);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
