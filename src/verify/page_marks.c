/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watermarks that somebody writes while it is recorded: vm.min_free_kbytes. Up to 6.17 no event
 * tells, but three things do.
 *
 * 1. That something was written, and with how many characters: the copy that
 *    proc_sys_call_handler() makes. Which file it was is open.
 * 2. Requests that should have woken kswapd and did not, or should have failed: the marks are lower
 *    than thought. One that did wake it far above its mark: they are higher.
 * 3. should_reclaim_retry() says what it takes for a zone's min mark.
 *
 * What marks are held against, NR_FREE_PAGES, lacks what CPUs have not booked yet, and when they do
 * that is not recorded. So a zone near its mark is first taken to be counted as the decision says.
 *
 * From a write on marks are doubted. Contradictions of one kind then move them as little as makes
 * them agree, but into the range of numbers with as many digits as were written; without any such
 * write nothing moves them, but where a recording could not show one it takes a lot. A single
 * contradiction may be a race between two CPUs.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/page_follow_reclaim.h"

#include "kmreplay/abi/gfp.h"

enum {
	FEWEST_DIGITS = 2,   /* of a min_free_kbytes */
	ENOUGH = 3,          /* contradictions after a write */
	ENOUGH_BLIND = 256,  /* the same, in a recording that shows no writes */
	FAR = 128,           /* pages from a mark that no race explains */
};

static bool comes_before(const struct page_judge *j, unsigned int zone, unsigned int other);
static bool counted(struct page_judge *j, const struct page_op *op, unsigned int zone, bool low,
		    bool passes);
static int64_t lacking(struct page_judge *j, const struct page_op *op, unsigned int zone, bool low);
static bool refused_later(struct page_judge *j, const struct page_op *op);
static bool lower(struct page_judge *j, const struct page_op *op, bool low);
static void raise(struct page_judge *j, const struct page_op *op);
static void believe(struct page_judge *j, uint64_t kbytes);
static bool passes(struct page_judge *j, const struct page_op *op, bool low);
static bool some_passes(struct page_judge *j, const struct page_op *op);
static uint64_t power_of_10(unsigned int exponent);

void page_marks_written(struct page_judge *j, unsigned int nr_chars)
{
	struct page_marks *marks = &j->marks;

	/* With or without an end of line. */
	if (nr_chars < FEWEST_DIGITS + 1)
		return;
	*marks = (struct page_marks){
		.doubted = true,
		.least = power_of_10(nr_chars - 2),
		.most = power_of_10(nr_chars - 1) - 1,
	};
}

void page_marks_learn(struct page_judge *j, const struct page_op *op, bool failed)
{
	const struct page_course *course = &j->course;
	const bool quiet = !op->wakes && course->wakes;
	const bool earlier = course->chosen && comes_before(j, course->ours_zone, course->zone);

	if (!j->follow || !verify_is_given(&j->setup, GIVEN_MARKS) ||
	    (op->ev.page.gfp & GFP_BIT_MEMALLOC))
		return;
	if (course->failed) {
		if (course->chosen)
			(void)counted(j, op, course->ours_zone, false, false);
	} else if (failed || quiet) {
		if (!op->slow && !counted(j, op, course->zone, quiet, true) &&
		    !lower(j, op, quiet) && quiet)
			page_pressure_still_up(j, course->zone);
	} else if (earlier && course->ours_zone != course->zone) {
		(void)counted(j, op, course->ours_zone, course->chosen_low, false);
	} else if (course->chosen && course->ours_zone != course->zone) {
		if (!refused_later(j, op) &&
		    !counted(j, op, course->zone, course->chosen_low, true))
			lower(j, op, course->chosen_low);
	} else if (op->wakes && !course->wakes && !counted(j, op, course->zone, true, false)) {
		raise(j, op);
	}
}

void page_marks_told(struct page_judge *j, const struct event *ev)
{
	const uint64_t told = ev->retry.min_wmark;
	struct zone_info info;
	uint64_t low = 0, high;
	unsigned int zone;

	if (!j->follow || !verify_is_given(&j->setup, GIVEN_MARKS) || ev->retry.node < 0)
		return;
	for (zone = 0; zone < j->nr_zones; zone++) {
		zone_info(j->pa, zone, &info);
		if (info.managed &&
		    page_judge_is_zone(j, zone, ev->retry.node, ev->retry.zone_or_priority))
			break;
	}
	/* Or the mark is boosted, and ours not. */
	if (zone == j->nr_zones || info.boost || told == info.mark[ZONE_MARK_MIN] ||
	    (!j->marks.doubted && told > info.mark[ZONE_MARK_MIN]))
		return;
	/* The smallest number that makes this mark. */
	high = 4ULL << 30;
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;

		page_follow_set_min_free(j->pa, middle);
		zone_info(j->pa, zone, &info);
		if (info.mark[ZONE_MARK_MIN] < told)
			low = middle + 1;
		else
			high = middle;
	}
	believe(j, low);
}

/* A request comes to "zone" before it comes to "other": on one node, from the highest down. */
static bool comes_before(const struct page_judge *j, unsigned int zone, unsigned int other)
{
	struct zone_info a, b;

	zone_info(j->pa, zone, &a);
	zone_info(j->pa, other, &b);
	return a.node == b.node && zone > other;
}

static bool counted(struct page_judge *j, const struct page_op *op, unsigned int zone, bool low,
		    bool passes)
{
	const int64_t lacks = lacking(j, op, zone, low);

	if (lacks == INT64_MAX)
		return true; /* not for want of free pages */
	if (passes == (lacks <= 0))
		return true;
	return page_follow_counted(j->pa, zone, passes ? lacks : lacks - 1);
}

static int64_t lacking(struct page_judge *j, const struct page_op *op, unsigned int zone, bool low)
{
	return page_follow_lacks(j->pa, page_judge_cpu(j, op), op->ev.page.gfp,
				 op->ev.page.order, zone, low);
}

/*
 * Ours was served at the low mark by a zone behind the one that served the kernel. Either that one
 * passed at its low mark, or neither did and it was the first one in the slow path, which shows
 * when kswapd was to be woken. What takes the smaller difference is believed.
 */
static bool refused_later(struct page_judge *j, const struct page_op *op)
{
	const struct page_course *course = &j->course;
	int64_t passes, refuses;

	if (!course->chosen_low || (!op->wakes && !j->kswapd_up))
		return false;
	passes = lacking(j, op, course->zone, true);
	refuses = 1 - lacking(j, op, course->ours_zone, true);
	if (lacking(j, op, course->zone, false) > 0 || (!op->wakes && passes < refuses))
		return false;
	return page_follow_counted(j->pa, course->ours_zone, -refuses);
}

/*
 * The request was let through by its zone, at the low mark or ("low" not set) below it. False:
 * marks are not in doubt.
 */
static bool lower(struct page_judge *j, const struct page_op *op, bool low)
{
	struct page_marks *marks = &j->marks;
	const uint64_t now = page_follow_min_free(j->pa);
	uint64_t fits = 0, fails = now;

	if (op->ev.page.order || (!marks->doubted && page_look_shows_writes(j->look)))
		return false;
	if (++marks->nr_too_high < (marks->doubted ? ENOUGH : ENOUGH_BLIND))
		return marks->doubted;
	while (fails - fits > 1) {
		const uint64_t middle = fits + (fails - fits) / 2;

		page_follow_set_min_free(j->pa, middle);
		if (passes(j, op, low))
			fits = middle;
		else
			fails = middle;
	}
	if (marks->doubted && fits > marks->most)
		fits = marks->most;
	/* It is going to be below where the next request finds the zone, too. */
	else if (!marks->raised)
		fits = MAX(fits / 2, MIN(marks->least, fits));
	marks->nr_too_high = 0;
	believe(j, fits);
	return true;
}

/* The request found all its zones below their low marks, none of which ours is near. */
static void raise(struct page_judge *j, const struct page_op *op)
{
	struct page_marks *marks = &j->marks;
	const uint64_t now = page_follow_min_free(j->pa);
	uint64_t passing = now, woken = MAX(marks->most, now) + 1;
	struct zone_info info;

	zone_info(j->pa, j->course.zone, &info);
	if (!marks->doubted || op->ev.page.order ||
	    info.free_stat < info.mark[ZONE_MARK_LOW] + info.boost + FAR)
		return;
	page_follow_set_min_free(j->pa, woken);
	if (some_passes(j, op)) {
		page_follow_set_min_free(j->pa, now);
		return;
	}
	while (woken - passing > 1) {
		const uint64_t middle = passing + (woken - passing) / 2;

		page_follow_set_min_free(j->pa, middle);
		if (some_passes(j, op))
			passing = middle;
		else
			woken = middle;
	}
	marks->raised = true;
	believe(j, MAX(woken, marks->least));
}

/* min_free_kbytes was written; whoever runs freely beside is given it (take_effect()). */
static void believe(struct page_judge *j, uint64_t kbytes)
{
	page_follow_set_min_free(j->pa, kbytes);
	j->marks.changed = true;
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
		     "changes of watermarks, worked out from decisions", 1);
}

static bool passes(struct page_judge *j, const struct page_op *op, bool low)
{
	return page_follow_passes(j->pa, page_judge_cpu(j, op), op->ev.page.gfp, j->course.zone,
				  low);
}

static bool some_passes(struct page_judge *j, const struct page_op *op)
{
	for (unsigned int zone = 0; zone < j->nr_zones; zone++) {
		if (page_follow_passes(j->pa, page_judge_cpu(j, op), op->ev.page.gfp, zone, true))
			return true;
	}
	return false;
}

static uint64_t power_of_10(unsigned int exponent)
{
	uint64_t power = 1;

	while (exponent--)
		power *= 10;
	return power;
}
