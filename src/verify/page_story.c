/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a judgement of the page layer: the rule at work, and the state it worked on. */
#include <config.h>

#include "page_judge.h"

static void add_state(const struct page_judge *j, struct str *out, unsigned int zone);
static void add_place(const struct page_judge *j, struct str *out, uint64_t pfn);
static void add_pfn(struct str *out, uint64_t pfn);
static const char *zone_name(const struct page_judge *j, unsigned int zone);

struct verify_what page_story_what(const struct page_judge *j)
{
	const struct page_op *op = j->course.op;
	const bool page = op->kind == PAGE_OP_ALLOC || op->kind == PAGE_OP_FREE ||
			  op->kind == PAGE_OP_DRAIN;

	return (struct verify_what){
		.ev = &op->ev,
		.number = op->number,
		.order = page ? (int8_t)op->ev.page.order : VERIFY_NO_ORDER,
		.type = page ? op->ev.page.migratetype : MIGRATE_NR,
		.path = j->course.path,
	};
}

void page_story_pfn(const struct page_judge *j, struct verify_story *story)
{
	const struct page_course *course = &j->course;

	if (course->chosen || course->ours_pfn != PAGE_FOLLOW_NONE) {
		str_addf(&story->ours, "%s, zone %s, ", course->path,
			 zone_name(j, course->chosen ? course->ours_zone : course->zone));
		add_pfn(&story->ours, course->ours_pfn);
	} else {
		str_add(&story->ours, "no page: all zones are below their marks");
	}
	if (course->failed) {
		str_add(&story->kernel, "no page");
	} else {
		str_addf(&story->kernel, "zone %s, ", zone_name(j, course->zone));
		add_pfn(&story->kernel, course->op->ev.page.pfn);
		str_addf(&story->kernel, ", %zu blocks taken for it", course->op->takes.nr);
		add_place(j, &story->state, course->op->ev.page.pfn);
		str_add_char(&story->state, '\n');
	}
	add_state(j, &story->state, course->zone);
	if (course->chosen && course->ours_zone != course->zone) {
		str_add_char(&story->state, '\n');
		add_state(j, &story->state, course->ours_zone);
	}
}

void page_story_take(const struct page_judge *j, struct verify_story *story, uint64_t ours)
{
	const struct page_taken *truth = &j->course.op->takes.items[j->course.take - 1];

	str_addf(&story->ours, "block %zu of %zu: ", j->course.take, j->course.op->takes.nr);
	add_pfn(&story->ours, ours);
	if (j->course.nr_extfrag)
		str_addf(&story->ours, ", from a block of order %u of type %s",
			 j->course.extfrag.fallback_order,
			 migratetype_name(j->course.extfrag.fallback_type));
	add_pfn(&story->kernel, truth->pfn);
	str_addf(&story->kernel, " of order %u for type %s", truth->order,
		 migratetype_name(truth->type));
	if (truth->extfrag)
		str_addf(&story->kernel, ", from a block of order %u of type %s",
			 truth->fallback_order, migratetype_name(truth->fallback_type));
	add_place(j, &story->state, truth->pfn);
	str_add_char(&story->state, '\n');
	add_state(j, &story->state, j->course.zone);
}

void page_story_sizes(const struct page_judge *j, struct verify_story *story, uint64_t ours,
		      uint64_t kernel, const char *unit)
{
	str_addf(&story->ours, "%s: %llu %s", j->course.path, (unsigned long long)ours, unit);
	str_addf(&story->kernel, "%llu %s", (unsigned long long)kernel, unit);
	add_state(j, &story->state, j->course.zone);
}

void page_story_extfrag(const struct page_judge *j, struct verify_story *story)
{
	const struct page_taken *truth = &j->course.op->takes.items[j->course.take - 1];
	const struct page_extfrag *ours = &j->course.extfrag;

	if (j->course.nr_extfrag) {
		add_pfn(&story->ours, ours->pfn);
		str_addf(&story->ours, ", order %u of type %s, the pageblock %s",
			 ours->fallback_order, migratetype_name(ours->fallback_type),
			 ours->change_ownership ? "turns over" : "stays");
	} else {
		str_add(&story->ours, "a block of the own type");
	}
	if (truth->extfrag) {
		add_pfn(&story->kernel, truth->extfrag_pfn);
		str_addf(&story->kernel, ", order %u of type %s, the pageblock %s",
			 truth->fallback_order, migratetype_name(truth->fallback_type),
			 truth->change_ownership ? "turns over" : "stays");
	} else {
		str_add(&story->kernel, "a block of the own type");
	}
	add_state(j, &story->state, j->course.zone);
}

void page_story_drained(const struct page_judge *j, struct verify_story *story, uint64_t ours)
{
	const struct page_course *course = &j->course;

	str_addf(&story->ours, "%s, page %zu: ", course->path, course->drain + 1);
	add_pfn(&story->ours, ours);
	add_pfn(&story->kernel, course->op->drains.items[course->drain].pfn);
	add_place(j, &story->state, course->op->drains.items[course->drain].pfn);
	str_add_char(&story->state, '\n');
	add_state(j, &story->state, course->zone);
}

/* Free memory and marks of the zone, and the CPU's lists of it. */
static void add_state(const struct page_judge *j, struct str *out, unsigned int zone)
{
	const struct page_op *op = j->course.op;
	const unsigned int cpu = page_judge_cpu(j, op);
	struct page_limits limits;
	struct zone_info info;

	zone_info(j->pa, zone, &info);
	page_follow_limits(j->pa, zone, cpu, &limits);
	str_addf(out, "zone %s: %llu pages free (%llu as marks see it), min %llu low %llu high "
		 "%llu boost %llu%s%s\n", zone_type_name(info.type),
		 (unsigned long long)info.free, (unsigned long long)info.free_stat,
		 (unsigned long long)info.mark[ZONE_MARK_MIN],
		 (unsigned long long)info.mark[ZONE_MARK_LOW],
		 (unsigned long long)info.mark[ZONE_MARK_HIGH], (unsigned long long)info.boost,
		 limits.below_high ? ", below high" : "",
		 limits.reclaim_active ? ", being reclaimed" : "");
	str_add(out, "free blocks by order:");
	for (unsigned int o = 0; o < KERNEL_NR_ORDERS; o++)
		str_addf(out, " %llu", (unsigned long long)info.nr_free[o]);
	str_addf(out, "\nCPU %u: count %d, high %d (%d to %d), batch %d, free count %d, factors "
		 "%u %u", cpu, limits.count, limits.high, limits.high_min, limits.high_max,
		 limits.batch, limits.free_count, limits.free_factor, limits.alloc_factor);
}

static void add_place(const struct page_judge *j, struct str *out, uint64_t pfn)
{
	struct page_where where;

	page_follow_find(j->pa, pfn, &where);
	str_add(out, "the recorded page is ");
	switch (where.place) {
	case PAGE_PLACE_LISTS:
		str_addf(out, "in a free block of order %u, type %s",
			 where.order, migratetype_name(where.type));
		break;
	case PAGE_PLACE_OTHER_LIST:
		str_addf(out, "in the list of CPU %u for order %u, type %s", where.cpu,
			 where.order, migratetype_name(where.type));
		break;
	case PAGE_PLACE_USED:
		str_addf(out, "in use in a block of order %u", where.order);
		break;
	case PAGE_PLACE_OURS:
	case PAGE_PLACE_PCP:
	case PAGE_PLACE_OTHER_CPU:
	case PAGE_PLACE_UNKNOWN:
	case PAGE_PLACE_OUTSIDE:
	case PAGE_PLACE_NR:
	default:
		str_add(out, page_place_name(where.place));
		break;
	}
}

static void add_pfn(struct str *out, uint64_t pfn)
{
	if (pfn == PAGE_FOLLOW_NONE)
		str_add(out, "none");
	else
		str_addf(out, "pfn 0x%llx", (unsigned long long)pfn);
}

static const char *zone_name(const struct page_judge *j, unsigned int zone)
{
	struct zone_info info;

	zone_info(j->pa, zone, &info);
	return zone_type_name(info.type);
}
