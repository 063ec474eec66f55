/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure in words: what the mask allowed, zone by zone why not, the zones as the kernel's own
 * report has them, what stood in the way, and what would have helped. Only what the figures say.
 */
#include <config.h>

#include "failures_report.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/stats/frag.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

static void say_refusal(const struct failure_report *what, size_t i, struct str *out);
static void say_sum(const struct page_failure_zone *why, struct str *out);
static void say_lists(const struct failure_report *what, size_t i, struct str *out);
static void say_served(const struct failure_report *what, size_t i, struct str *out);
static void say_zone(const struct failures_facts *facts, const struct failure_report *what,
		     size_t i, struct str *out);
static bool has_type(enum machine_arch arch, unsigned int type);
static void say_free_blocks(const struct failure_report *what, size_t i, struct str *out);
static const struct zone_info *zone_at(const struct failure_report *what, unsigned int zone);
static void add_zone_name(const struct failure_report *what, unsigned int zone, struct str *out);
static void say_smaller(const struct failure_report *what, struct str *out);
static void say_other_mask(const struct failure_report *what, struct str *out);
static void say_marks(const struct failure_report *what, struct str *out);
static void say_boost(const struct failure_report *what, struct str *out);
static void say_reclaim(const struct failure_report *what, struct str *out);
static void say_compaction(const struct failure_report *what, struct str *out);

/* show_migration_types() of the kernel. */
static const char type_letters[MIGRATE_NR + 1] = "UMEHCI";

void failures_zone_name(const struct failure_report *what, const struct zone_info *info,
			struct str *out)
{
	bool several = false;

	vec_foreach(&what->zones, zone)
		several |= zone->info.node != info->node;
	if (several)
		str_addf(out, "Node %d ", info->node);
	str_add(out, zone_type_name(info->type));
}

void failures_add_mode(const struct failures_facts *facts, uint32_t gfp, struct str *out)
{
	str_addf(out, "0x%" PRIx64 "(", gfp_to_raw(facts->info->era, gfp));
	gfp_print(facts->info->era, gfp, out);
	str_add_char(out, ')');
}

void failures_say_rights(const struct failure_report *what, struct str *out)
{
	const struct page_failure *why = &what->why;
	const struct gfp_policy *policy = &why->policy;
	const unsigned int flags = why->slow_flags;

	str_addf(out, "%s pages, zones up to %s; %s%s%s\n", migratetype_name(policy->type),
		 zone_type_name(policy->highest),
		 !policy->may_sleep ? "may not sleep, so neither reclaim nor compact" :
		 !policy->may_io    ? "may sleep and reclaim, but not start I/O" :
		 !policy->may_fs    ? "may reclaim, but not enter the file system" :
				      "may reclaim",
		 policy->may_oom ? ", and have a task killed" : "",
		 policy->wakes_kswapd ? "; wakes kswapd" : "");
	str_addf(out, "last try down to %s%s\n",
		 flags & ALLOC_NO_WATERMARKS ? "the last page: no mark counts" :
		 (flags & (ALLOC_MIN_RESERVE | ALLOC_NON_BLOCK)) ==
				 (ALLOC_MIN_RESERVE | ALLOC_NON_BLOCK) ?
					       "three eighths of the min mark" :
		 flags & (ALLOC_MIN_RESERVE | ALLOC_OOM) ? "half of the min mark" :
							   "the min mark",
		 flags & ALLOC_HIGHATOMIC ? ", HIGHATOMIC blocks included" : "");
}

void failures_say_why(const struct failure_report *what, struct str *out)
{
	for (size_t i = 0; i < what->why.zones.nr; i++) {
		failures_zone_name(what, &what->zones.items[i].info, out);
		str_add(out, ": ");
		say_refusal(what, i, out);
		str_add_char(out, '\n');
	}
}

void failures_say_verdict(const struct failures_facts *facts, const struct failure_report *what,
			  struct str *out)
{
	const struct page_failure_zone *why = NULL;
	int64_t spare;
	char nr[FMT_BUF];

	if (what->why.fails) {
		str_add(out, "the machine that follows fails here, too");
		return;
	}
	vec_foreach(&what->why.zones, zone)
		if (zone->zone == what->why.main_zone)
			why = zone;
	spare = watermark_usable(&why->sum) - why->sum.min - why->sum.reserve;
	str_add(out, "not explained: in the machine that follows ");
	add_zone_name(what, why->zone, out);
	str_addf(out, " would have served it, with %s pages to spare. The kernel had fewer free "
		 "pages or a higher mark", fmt_scount(nr, spare));
	if (spare <= (int64_t)facts->pageblock_pages && !zone_at(what, why->zone)->boost)
		str_addf(out, " (boosted by a pageblock of %llu pages it would refuse)",
			 (unsigned long long)facts->pageblock_pages);
	if (facts->unknown_pages)
		str_addf(out, "; %s pages that no event touches count as free here",
			 fmt_count(nr, facts->unknown_pages));
}

void failures_say_zones(const struct failures_facts *facts, const struct failure_report *what,
			struct str *out)
{
	/* In the kernel's report zones ascend, whatever the order in which they were tried. */
	for (unsigned int zone = 0, told = 0; told < what->zones.nr && zone <= UINT16_MAX; zone++) {
		for (size_t i = 0; i < what->zones.nr; i++) {
			if (what->why.zones.items[i].zone != zone)
				continue;
			say_zone(facts, what, i, out);
			told++;
		}
	}
	for (unsigned int zone = 0, told = 0; told < what->zones.nr && zone <= UINT16_MAX; zone++) {
		for (size_t i = 0; i < what->zones.nr; i++) {
			if (what->why.zones.items[i].zone != zone)
				continue;
			say_free_blocks(what, i, out);
			told++;
		}
	}
}

void failures_say_indices(const struct failure_report *what, struct str *out)
{
	const unsigned int order = what->why.request.order;

	for (size_t i = 0; order && i < what->zones.nr; i++) {
		const enum page_refusal refusal = what->why.zones.items[i].refusal;
		struct frag_free free;
		int extfrag;

		if (refusal == PAGE_REFUSAL_NOT_ALLOWED || refusal == PAGE_REFUSAL_OTHER_NODE)
			continue;
		memcpy(free.nr, what->zones.items[i].info.nr_free, sizeof(free.nr));
		extfrag = frag_extfrag_index(&free, order);
		failures_zone_name(what, &what->zones.items[i].info, out);
		str_addf(out, ": unusable_free_index %.3f, extfrag_index %.3f%s\n",
			 frag_unusable_free_index(&free, order) / 1000.0, extfrag / 1000.0,
			 extfrag == FRAG_NOT_NEEDED ? " (a block is free)" :
			 extfrag > 500		    ? " (fragmentation)" :
						      " (lack of memory)");
	}
}

void failures_say_help(const struct failure_report *what, struct str *out)
{
	if (!what->why.fails)
		return;
	say_smaller(what, out);
	say_other_mask(what, out);
	say_marks(what, out);
	say_boost(what, out);
	say_reclaim(what, out);
	say_compaction(what, out);
}

static void say_refusal(const struct failure_report *what, size_t i, struct str *out)
{
	const struct page_failure_zone *why = &what->why.zones.items[i];

	switch (why->refusal) {
	case PAGE_REFUSAL_SERVES:
		say_served(what, i, out);
		break;
	case PAGE_REFUSAL_NOT_ALLOWED:
		str_addf(out, "not allowed, the mask goes up to zone %s",
			 zone_type_name(what->why.policy.highest));
		break;
	case PAGE_REFUSAL_OTHER_NODE:
		str_add(out, "not allowed, __GFP_THISNODE keeps to one node");
		break;
	case PAGE_REFUSAL_MARK:
	case PAGE_REFUSAL_HIGHATOMIC:
	case PAGE_REFUSAL_CMA:
	case PAGE_REFUSAL_RESERVE:
		str_addf(out, "%s: ", page_refusal_words(why->refusal));
		say_sum(why, out);
		break;
	case PAGE_REFUSAL_NO_BLOCK:
	case PAGE_REFUSAL_TYPE:
	case PAGE_REFUSAL_NR:
	default:
		say_lists(what, i, out);
		break;
	}
}

/* "1,234 free - 7 of the block itself = 1,227, not above min 1,634 + lowmem_reserve 0" */
static void say_sum(const struct page_failure_zone *why, struct str *out)
{
	const struct watermark_sum *sum = &why->sum;
	const int64_t usable = watermark_usable(sum), needed = sum->min + sum->reserve;
	char nr[FMT_BUF];

	str_addf(out, "%s free", fmt_scount(nr, sum->free));
	if (sum->order)
		str_addf(out, " - %s of the block itself", fmt_scount(nr, sum->order));
	if (sum->highatomic)
		str_addf(out, " - %s HIGHATOMIC", fmt_scount(nr, sum->highatomic));
	if (sum->cma)
		str_addf(out, " - %s of CMA areas", fmt_scount(nr, sum->cma));
	if (usable != sum->free)
		str_addf(out, " = %s", fmt_scount(nr, usable));
	str_addf(out, ", %s min %s", usable > needed ? "above" : "not above",
		 fmt_scount(nr, sum->mark));
	if (sum->min != sum->mark)
		str_addf(out, " (%s for this request)", fmt_scount(nr, sum->min));
	if (sum->reserve)
		str_addf(out, " + lowmem_reserve %s", fmt_scount(nr, sum->reserve));
	if (usable > needed)
		str_addf(out, " by %s", fmt_scount(nr, usable - needed));
	else
		str_addf(out, ": short by %s", fmt_scount(nr, needed - usable + 1));
}

/* The mark is passed, but no block is there, or only of types that are not for this request. */
static void say_lists(const struct failure_report *what, size_t i, struct str *out)
{
	const struct page_failure_zone *why = &what->why.zones.items[i];
	const unsigned int order = what->why.request.order;
	int largest = -1;
	char nr[FMT_BUF];

	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		if (what->zones.items[i].info.nr_free[o])
			largest = (int)o;
	str_addf(out, "%s: ", page_refusal_words(why->refusal));
	if (why->refusal == PAGE_REFUSAL_TYPE) {
		const char *between = "";

		for (unsigned int type = 0; type < MIGRATE_NR; type++) {
			if (!why->blocks[type])
				continue;
			str_addf(out, "%s%s of type %s", between, fmt_count(nr, why->blocks[type]),
				 migratetype_name(type));
			between = ", ";
		}
		if (why->blocks[MIGRATE_HIGHATOMIC])
			str_add(out, ", set aside for atomic requests of high order");
	} else if (largest >= 0) {
		str_addf(out, "the largest is of order %d, order %u is needed", largest, order);
	} else {
		str_add(out, "nothing is free");
	}
	if (!why->marks_ignored) {
		str_add(out, "; the mark would let it pass: ");
		say_sum(why, out);
	}
}

static void say_served(const struct failure_report *what, size_t i, struct str *out)
{
	const struct page_failure_zone *why = &what->why.zones.items[i];
	char nr[FMT_BUF];
	uint64_t blocks = 0;

	for (unsigned int type = 0; type < MIGRATE_NR; type++)
		blocks += why->blocks[type];
	str_add(out, "would serve it: ");
	if (why->pcp_blocks)
		str_addf(out, "%s such blocks wait in the CPU's list; ",
			 fmt_count(nr, why->pcp_blocks));
	str_addf(out, "%s free blocks are large enough", fmt_count(nr, blocks));
	if (!why->marks_ignored) {
		str_add(out, "; ");
		say_sum(why, out);
	}
}

/* As show_free_areas() prints it, as far as this machine has the figures. */
static void say_zone(const struct failures_facts *facts, const struct failure_report *what,
		     size_t i, struct str *out)
{
	const struct failure_zone *zone = &what->zones.items[i];
	const struct zone_info *info = &zone->info;

	str_addf(out, "Node %d %s free:%" PRIu64 "kB boost:%" PRIu64 "kB min:%" PRIu64
		 "kB low:%" PRIu64 "kB high:%" PRIu64 "kB reserved_highatomic:%" PRIu64 "KB "
		 "present:%" PRIu64 "kB managed:%" PRIu64 "kB free_pcp:%" PRIu64
		 "kB local_pcp:%" PRIu64 "kB\n",
		 info->node, zone_type_name(info->type), info->free_stat * 4, info->boost * 4,
		 (info->mark[ZONE_MARK_MIN] + info->boost) * 4,
		 (info->mark[ZONE_MARK_LOW] + info->boost) * 4,
		 (info->mark[ZONE_MARK_HIGH] + info->boost) * 4, info->reserved_highatomic * 4,
		 info->present * 4, info->managed * 4, info->pcp * 4, zone->pcp_local * 4);
	str_add(out, "lowmem_reserve[]:");
	for (unsigned int type = 0; type < ZONE_NR; type++)
		if (has_type(facts->arch, type))
			str_addf(out, " %" PRIu64, info->lowmem_reserve[type]);
	str_add_char(out, '\n');
}

/* A kernel of "arch" has such zones, be they empty. */
static bool has_type(enum machine_arch arch, unsigned int type)
{
	return type != (arch == ARCH_X86_32 ? ZONE_DMA32 : ZONE_HIGHMEM);
}

/* "Node 0 DMA32: 12*4kB (UM) 0*8kB ... = 48kB" */
static void say_free_blocks(const struct failure_report *what, size_t i, struct str *out)
{
	const struct zone_info *info = &what->zones.items[i].info;

	str_addf(out, "Node %d %s:", info->node, zone_type_name(info->type));
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++) {
		bool some = false;

		str_addf(out, " %" PRIu64 "*%ukB", info->nr_free[o], 4U << o);
		for (unsigned int type = 0; type < MIGRATE_NR; type++) {
			if (!info->nr_free_type[o][type])
				continue;
			str_add(out, some ? "" : " (");
			str_add_char(out, type_letters[type]);
			some = true;
		}
		str_add(out, some ? ")" : "");
	}
	str_addf(out, " = %" PRIu64 "kB\n", info->free * 4);
}

static const struct zone_info *zone_at(const struct failure_report *what, unsigned int zone)
{
	for (size_t i = 0; i < what->zones.nr; i++)
		if (what->why.zones.items[i].zone == zone)
			return &what->zones.items[i].info;
	return NULL;
}

static void add_zone_name(const struct failure_report *what, unsigned int zone, struct str *out)
{
	const struct zone_info *info = zone_at(what, zone);

	BUG_ON(!info);
	str_add(out, "zone ");
	failures_zone_name(what, info, out);
}

static void say_smaller(const struct failure_report *what, struct str *out)
{
	const struct failure_instead *instead = &what->instead;

	if (!what->why.request.order)
		return;
	if (instead->order < 0) {
		str_add(out, "No smaller order would have been served either.\n");
		return;
	}
	str_addf(out, "Order %d would have been served, by ", instead->order);
	add_zone_name(what, instead->order_zone, out);
	str_add(out, ".\n");
}

static void say_other_mask(const struct failure_report *what, struct str *out)
{
	const struct failure_instead *instead = &what->instead;

	if (instead->high_zone != UINT_MAX) {
		str_add(out, "With __GFP_HIGH ");
		add_zone_name(what, instead->high_zone, out);
		str_add(out, " would have served it.\n");
	} else if (!(what->why.request.gfp & GFP_BIT_HIGH)) {
		str_add(out, "The reserves of __GFP_HIGH would not have sufficed.\n");
	}
	if (instead->movable_zone != UINT_MAX) {
		str_add(out, "As movable memory (GFP_HIGHUSER_MOVABLE's zones) ");
		add_zone_name(what, instead->movable_zone, out);
		str_add(out, " would have served it.\n");
	}
	if (instead->lower_zone != UINT_MAX) {
		str_addf(out, "With %s ",
			 instead->lower_gfp == GFP_BIT_DMA ? "__GFP_DMA" : "__GFP_DMA32");
		add_zone_name(what, instead->lower_zone, out);
		str_add(out, " would have served it: what lowmem_reserve keeps is for such "
			     "requests.\n");
	}
}

/* How far the marks would have to come down in the largest zone, if that alone would help. */
static void say_marks(const struct failure_report *what, struct str *out)
{
	vec_foreach(&what->why.zones, zone) {
		const struct watermark_sum *sum = &zone->sum;
		const int64_t room = watermark_usable(sum) - sum->reserve;
		uint64_t blocks = 0;
		char nr[FMT_BUF];

		if (zone->zone != what->why.main_zone || zone->refusal != PAGE_REFUSAL_MARK)
			continue;
		for (unsigned int type = 0; type < MIGRATE_HIGHATOMIC; type++)
			blocks += zone->blocks[type];
		if (!blocks) {
			str_add(out, "Lower marks alone would not have helped: ");
			add_zone_name(what, zone->zone, out);
			str_add(out, " has no block of that order either.\n");
		} else if (room > 0 && sum->min > 0) {
			str_add(out, "The blocks are there: ");
			add_zone_name(what, zone->zone, out);
			str_addf(out, " would have served it with a min mark that is %s pages lower",
				 fmt_scount(nr, (sum->min - room + 1) * sum->mark / sum->min));
			str_addf(out, " (of %s).\n", fmt_scount(nr, sum->mark));
		}
	}
}

/* Zones that a boost alone closes to the request. */
static void say_boost(const struct failure_report *what, struct str *out)
{
	char nr[FMT_BUF];

	for (size_t i = 0; i < what->zones.nr; i++) {
		const struct page_failure_zone *why = &what->why.zones.items[i];
		const int64_t boost = (int64_t)what->zones.items[i].info.boost;
		const struct watermark_sum *sum = &why->sum;
		uint64_t blocks = 0;

		for (unsigned int type = 0; type < MIGRATE_HIGHATOMIC; type++)
			blocks += why->blocks[type];
		if (!boost || !blocks ||
		    (why->refusal != PAGE_REFUSAL_MARK && why->refusal != PAGE_REFUSAL_RESERVE) ||
		    watermark_usable(sum) <= sum->min - sum->min * boost / sum->mark + sum->reserve)
			continue;
		str_addf(out, "Without its watermark boost of %s pages ", fmt_scount(nr, boost));
		add_zone_name(what, why->zone, out);
		str_add(out, " would have served it: types were mixed there not long ago, and "
			     "kswapd has not worked that off.\n");
	}
}

static void say_reclaim(const struct failure_report *what, struct str *out)
{
	const struct gfp_policy *policy = &what->why.policy;
	uint64_t movable = 0;
	char size[FMT_BUF];

	for (size_t i = 0; i < what->zones.nr; i++) {
		const enum page_refusal refusal = what->why.zones.items[i].refusal;

		if (refusal != PAGE_REFUSAL_NOT_ALLOWED && refusal != PAGE_REFUSAL_OTHER_NODE)
			movable += what->zones.items[i].info.movable;
	}
	fmt_size(size, movable << KERNEL_PAGE_SHIFT);
	if (!policy->may_sleep)
		str_addf(out, "Reclaim was not its to do; %s in its zones were user memory and page "
			 "cache that others could reclaim or move.\n", size);
	else
		str_addf(out, "It could reclaim; %s in its zones were still user memory and page "
			 "cache when it gave up%s.\n", size,
			 what->why.request.gfp & GFP_BIT_NORETRY ?
				 ", after one round (__GFP_NORETRY)" : "");
}

static void say_compaction(const struct failure_report *what, struct str *out)
{
	static const char *const verdicts[] = {
		[PAGE_COMPACT_COULD] = "could work",
		[PAGE_COMPACT_NO_ROOM] = "has too few free pages to move others to",
		[PAGE_COMPACT_NO_USE] = "is not tried, since memory is lacking, not contiguity,",
	};
	const char *between = " ";

	if (!what->why.request.order)
		return;
	str_addf(out, "Compaction, which it may%s do itself,",
		 what->why.policy.may_compact ? "" : " not");
	for (unsigned int i = 0; i < ARRAY_SIZE(verdicts); i++) {
		bool some = false;

		vec_foreach(&what->why.zones, zone) {
			if (zone->refusal == PAGE_REFUSAL_NOT_ALLOWED ||
			    zone->refusal == PAGE_REFUSAL_OTHER_NODE || zone->compact != i)
				continue;
			if (some)
				str_add(out, ", ");
			else
				str_addf(out, "%s%s in ", between, verdicts[i]);
			add_zone_name(what, zone->zone, out);
			between = "; ";
			some = true;
		}
	}
	str_add(out, ".\n");
}
