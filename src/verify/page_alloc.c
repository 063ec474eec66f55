/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging allocations: the decisions on the way from a request to its page.
 *
 * Theory. The allocator is asked for what the kernel was asked for, with the callbacks of
 * page_follow.h in place. Following, each answers what the recording says of this very call: which
 * zone served, whether the list was refilled and with which blocks, which page left it. What ours
 * would have done is noted where it first departs; from there on the call is the kernel's. So a
 * wrong choice of zone is one difference and not also a wrong page, a wrong refill and so on.
 *
 * A page that stands in front of the one that the kernel took, and of which nothing shows how it
 * left the list, was given out silently before (alloc_pages_bulk): it is taken out first.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/mm/page_follow_reclaim.h"
#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page_start.h"

enum {
	MOST_PASSED = 3, /* times that the head of a list may be passed over */
};

static bool serves(void *ctx, unsigned int zone, unsigned int alloc_flags, bool ours);
static bool pop(void *ctx, const struct page_list *list);
static bool more(void *ctx, unsigned int got, unsigned int want);
static uint64_t take(void *ctx, const struct page_take *take);
static void taken(void *ctx, uint64_t ours, enum page_place place);
static void extfrag(void *ctx, const struct page_extfrag *extfrag);
static void wake(void *ctx, unsigned int node);

const struct page_follow page_judge_follow = {
	.serves = serves,
	.pop = pop,
	.more = more,
	.take = take,
	.taken = taken,
	.extfrag = extfrag,
	.drain = page_judge_trims,
	.drained = page_judge_drained,
	.wake = wake,
};

static void take_hidden(struct page_judge *j, const struct page_take *take, uint64_t truth);
static bool fits_refill(const struct page_judge *j, const struct page_take *take);
static void ours_chose(struct page_judge *j, unsigned int zone, uint64_t pfn, const char *path);
static void pass_over(struct page_judge *j, uint64_t head);
static void ready_for_refill(struct page_judge *j, const struct page_list *list);
static bool ready_for_pop(struct page_judge *j, const struct page_list *list);
static void judge_extfrag(struct page_judge *j, const struct page_taken *truth);
static struct mm_outcome ask(struct page_judge *j, const struct page_op *op);
static void tell_failure(const struct page_judge *j, const struct page_op *op);
static void follow_alloc(struct page_judge *j, const struct page_op *op);
static void judge_alloc(struct page_judge *j, const struct page_op *op, uint64_t ours, bool failed);
static void judge_refill(struct page_judge *j, const struct page_op *op);
static void learn_low(struct page_judge *j, const struct page_op *op, uint64_t ours);
static void free_alloc(struct page_judge *j, const struct page_op *op);

void page_judge_alloc(struct page_judge *j, struct page_op *op)
{
	struct page_where where;

	/* What it seemed to take may have gone to the silent request before it. */
	if (op->takes.nr && op->takes.items[0].number < j->bulk_end)
		vec_reset(&op->takes);

	if (op->ev.page.order > KERNEL_MAX_ORDER) {
		if (j->follow && op->ev.page.pfn == EVENT_PFN_FAILED)
			tell_failure(j, op);
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
			     "requests of an order that the allocator does not have", 1);
		return;
	}
	page_judge_begin(j, op);
	j->course.alloc = true;
	j->course.failed = op->ev.page.pfn == EVENT_PFN_FAILED || (op->ev.flags & EVENT_F_FAILED);
	if (!j->course.failed) {
		page_follow_find(j->pa, op->ev.page.pfn, &where);
		if (where.place == PAGE_PLACE_OUTSIDE) {
			verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
				     "allocations of pages outside the machine's memory", 1);
			return;
		}
		j->course.zone = where.zone;
	}
	j->course.node = page_judge_node(j, op);
	if (op->wakes)
		page_pressure_before(j, op);
	if (j->follow)
		follow_alloc(j, op);
	else
		free_alloc(j, op);
	if (op->wakes)
		page_pressure_after(j, op);
}

void page_judge_begin(struct page_judge *j, const struct page_op *op)
{
	j->course = (struct page_course){
		.op = op, .node = -1, .ours_pfn = PAGE_FOLLOW_NONE, .path = "buddy"
	};
}

void page_judge_silent(struct page_judge *j, const struct page_list *list, uint64_t pfn)
{
	vec_push(&j->silent, (struct page_silent){ .list = *list, .pfn = pfn });
}

void page_judge_enters(struct page_judge *j, uint64_t pfn, uint64_t number)
{
	bool fresh;

	*u64map_insert(&j->listed, pfn, &fresh) = (uint32_t)number;
}

bool page_judge_is_silent(const struct page_judge *j, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&j->listed, pfn);
	enum page_fate fate;

	if (!at || !verify_is_given(&j->setup, GIVEN_SILENT))
		return false;
	if (*at == PAGE_UNSEEN)
		return !page_look_hidden(j->look, pfn, j->course.op->start);
	fate = page_look_fate(j->look, *at);
	return fate == PAGE_FATE_SILENT || fate == PAGE_FATE_OPEN;
}

unsigned int page_judge_cpu(const struct page_judge *j, const struct page_op *op)
{
	return op->cpu % j->nr_cpus;
}

/*
 * What all marks forbade in ours the kernel did at the lowest: behind the first try, which keeps
 * to the low mark and breaks up no pageblock.
 */
static bool serves(void *ctx, unsigned int zone, unsigned int alloc_flags, bool ours)
{
	struct page_judge *j = ctx;

	if (!j->course.forced) {
		j->course.low = (alloc_flags & ALLOC_WMARK_MASK) == ALLOC_WMARK_LOW;
		return ours;
	}
	return zone == j->course.zone && (alloc_flags & ALLOC_WMARK_MASK) != ALLOC_WMARK_LOW;
}

/* Notes where ours departs: the first time counts. */
static void ours_chose(struct page_judge *j, unsigned int zone, uint64_t pfn, const char *path)
{
	if (j->course.chosen || j->course.forced)
		return;
	j->course.chosen = true;
	j->course.chosen_low = j->course.low;
	j->course.ours_zone = zone;
	j->course.ours_pfn = pfn;
	j->course.path = path;
}

static bool pop(void *ctx, const struct page_list *list)
{
	struct page_judge *j = ctx;
	const uint64_t head = page_follow_head(j->pa, list);

	if (j->course.unseen)
		return true;
	if (!j->follow) {
		j->course.looked = true;
		j->course.empty = head == PAGE_FOLLOW_NONE;
		j->course.path = j->course.empty ? "refill" : "pcp pop";
		return true;
	}
	if (!j->course.alloc) { /* a silent request: refills as far as they were seen */
		if (!j->course.op->probed)
			(void)page_judge_silent_until(j, list, PAGE_FOLLOW_NONE);
		return true;
	}
	if (j->course.failed || list->zone != j->course.zone) {
		if (head == PAGE_FOLLOW_NONE ||
		    page_judge_silent_until(j, list, PAGE_FOLLOW_NONE))
			return true;
		ours_chose(j, list->zone, page_follow_head(j->pa, list), "pcp pop");
		pass_over(j, page_follow_head(j->pa, list));
		return false;
	}
	j->course.looked = true;
	if (j->course.op->takes.nr) {
		ready_for_refill(j, list);
		return !j->course.direct;
	}
	return ready_for_pop(j, list);
}

/* What the kernel passes over again and again is not in its list. */
static void pass_over(struct page_judge *j, uint64_t head)
{
	bool fresh;
	uint32_t *nr = u64map_insert(&j->stuck, head, &fresh);

	if (j->course.forced || ++*nr < MOST_PASSED)
		return;
	(void)u64map_remove(&j->stuck, head);
	page_follow_pop(j->pa, head);
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
		     "pages in a list that the kernel passed over again and again", 1);
}

/* The kernel's list was empty here. */
static void ready_for_refill(struct page_judge *j, const struct page_list *list)
{
	const struct page_op *op = j->course.op;
	uint64_t head;

	j->course.path = "refill";
	(void)page_judge_silent_until(j, list, PAGE_FOLLOW_NONE);
	head = page_follow_head(j->pa, list);
	j->course.empty = head == PAGE_FOLLOW_NONE;
	if (j->course.empty)
		return;
	if (op->takes.nr == 1 && verify_is_given(&j->setup, GIVEN_CONTEXT)) {
		/* One block from the free lists: the list's lock was taken. */
		j->course.direct = true;
		j->course.looked = false;
		j->course.path = "buddy";
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "allocations past a filled per-CPU list", 1);
		return;
	}
	ours_chose(j, list->zone, head, "pcp pop");
	while ((head = page_follow_head(j->pa, list)) != PAGE_FOLLOW_NONE) {
		page_follow_pop(j->pa, head);
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
			     "pages in a list that the kernel found empty", 1);
	}
}

/* The kernel took the recorded page off this list. */
static bool ready_for_pop(struct page_judge *j, const struct page_list *list)
{
	const uint64_t truth = j->course.op->ev.page.pfn;
	uint64_t head = page_follow_head(j->pa, list);
	struct page_where where;
	enum page_place place;

	j->course.path = "pcp pop";
	j->course.empty = false;
	if (head == truth)
		return true;
	page_follow_find(j->pa, truth, &where);
	if (where.place == PAGE_PLACE_OTHER_LIST && where.head == truth &&
	    where.order == list->order && where.zone == list->zone && where.cpu == list->cpu &&
	    page_judge_silent_until(j, list, truth))
		return true;
	head = page_follow_head(j->pa, list);
	j->course.empty = head == PAGE_FOLLOW_NONE;
	if (j->course.empty) {
		j->course.path = "refill";
		j->course.hidden = where.place == PAGE_PLACE_LISTS &&
				   verify_is_given(&j->setup, GIVEN_SILENT);
		if (j->course.hidden)
			return true;
	}
	ours_chose(j, list->zone, head, j->course.path);
	if (head != PAGE_FOLLOW_NONE)
		pass_over(j, head);
	place = page_follow_push(j->pa, list, truth);
	if (place != PAGE_PLACE_OUTSIDE)
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, page_place_name(place), 1);
	return true;
}

static bool more(void *ctx, unsigned int got, unsigned int want)
{
	struct page_judge *j = ctx;
	const size_t left = j->course.op->takes.nr - j->course.take;

	j->course.want = want;
	if (!j->follow)
		j->course.got = got;
	if (!j->follow || j->course.unseen)
		return got < want;
	if (!j->course.alloc) /* a group of several refills is cut as ours would */
		return left && got < want;
	return left || got < want;
}

static uint64_t take(void *ctx, const struct page_take *take)
{
	struct page_judge *j = ctx;
	const struct page_op *op = j->course.op;

	j->course.nr_extfrag = 0;
	if (!j->follow || j->course.unseen)
		return PAGE_FOLLOW_OURS;
	if (j->course.alloc && (j->course.failed || take->zone != j->course.zone)) {
		if (take->possible)
			ours_chose(j, take->zone, take->smallest, "buddy");
		return PAGE_FOLLOW_NONE;
	}
	if (j->course.take < op->takes.nr && fits_refill(j, take)) {
		take_hidden(j, take, op->takes.items[j->course.take].pfn);
		return op->takes.items[j->course.take].pfn;
	}
	if (j->course.hidden) {
		/* A refill that was not recorded, if it begins with the page that was popped. */
		if (j->course.got++ || take->smallest == op->ev.page.pfn)
			return PAGE_FOLLOW_OURS;
		j->course.hidden = false;
		ours_chose(j, take->zone, take->smallest, "refill");
		return PAGE_FOLLOW_NONE;
	}
	j->course.more |= take->possible;
	/* A block without an event under the zone lock: what came of it is known all the same. */
	if (j->course.alloc && !op->takes.nr)
		return op->ev.page.pfn;
	return PAGE_FOLLOW_NONE;
}

/* What a refill without events took is not in the free lists any more. */
static void take_hidden(struct page_judge *j, const struct page_take *take, uint64_t truth)
{
	uint64_t at;

	if (!verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	while ((at = page_follow_smallest(j->pa, take->zone, take->order, take->type)) != truth &&
	       at != PAGE_FOLLOW_NONE && page_look_hidden(j->look, at, j->course.op->number)) {
		if (page_follow_own(j->pa, at, 0, take->type) == PAGE_PLACE_OUTSIDE)
			break;
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "pages taken by refills that have no events", 1);
	}
}

/*
 * Requests that follow each other look like one when they are silent: the next block may be for
 * another list.
 */
static bool fits_refill(const struct page_judge *j, const struct page_take *take)
{
	const struct page_taken *truth = &j->course.op->takes.items[j->course.take];
	struct page_where where;

	page_follow_find(j->pa, truth->pfn, &where);
	return where.zone == take->zone && (j->course.alloc || truth->order == take->order);
}

static void taken(void *ctx, uint64_t ours, enum page_place place)
{
	struct page_judge *j = ctx;
	const struct page_op *op = j->course.op;
	const struct page_taken *truth;
	struct verify_what what = page_story_what(j);
	struct verify_story *story;

	if (j->course.take >= op->takes.nr || (!j->follow && ours == PAGE_FOLLOW_NONE))
		return;
	truth = &op->takes.items[j->course.take++];
	what.order = (int8_t)truth->order;
	what.type = truth->type;
	what.path = j->course.nr_extfrag || truth->extfrag ? "fallback" : what.path;
	story = verify_judge(j->log, VERIFY_PAGE_TAKE, ours == truth->pfn, &what);
	if (unlikely(story))
		page_story_take(j, story, ours);
	judge_extfrag(j, truth);
	if (!j->follow)
		return;
	if (place != PAGE_PLACE_OURS)
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, page_place_name(place), 1);
	if (truth->extfrag && !j->course.nr_extfrag &&
	    truth->fallback_order < zone_pageblock_order(j->pa))
		page_follow_boost(j->pa, j->course.zone,
				  op->ev.page.gfp & GFP_BIT_KSWAPD_RECLAIM);
	if (j->course.take == 1 && ours != truth->pfn && j->course.alloc)
		ours_chose(j, j->course.zone, ours, j->course.path);
	page_learn_taken(j, ours, truth->pfn, truth->order);
	page_judge_enters(j, truth->pfn, truth->number);
}

static void extfrag(void *ctx, const struct page_extfrag *extfrag)
{
	struct page_judge *j = ctx;

	j->course.nr_extfrag++;
	j->course.extfrag = *extfrag;
}

static void judge_extfrag(struct page_judge *j, const struct page_taken *truth)
{
	const struct page_extfrag *ours = &j->course.extfrag;
	struct verify_what what = page_story_what(j);
	struct verify_story *story;
	bool same;

	if (!truth->extfrag && !j->course.nr_extfrag)
		return;
	what.path = "fallback";
	story = verify_detect(j->log, VERIFY_PAGE_EXTFRAG, truth->extfrag,
			      j->course.nr_extfrag > 0, &what);
	if (unlikely(story))
		page_story_extfrag(j, story);
	if (!truth->extfrag || !j->course.nr_extfrag)
		return;
	same = ours->fallback_order == truth->fallback_order &&
	       (unsigned int)ours->fallback_type == truth->fallback_type &&
	       ours->change_ownership == truth->change_ownership &&
	       ours->pfn == truth->extfrag_pfn;
	story = verify_judge(j->log, VERIFY_PAGE_EXTFRAG_SAME, same, &what);
	if (unlikely(story))
		page_story_extfrag(j, story);
}

static void wake(void *ctx, unsigned int node)
{
	struct page_judge *j = ctx;

	j->course.wakes += !j->course.forced;
	page_pressure_wake(j, node);
}

static struct mm_outcome ask(struct page_judge *j, const struct page_op *op)
{
	const unsigned int context = page_calls_level(&op->ev) ? PAGE_CTX_IRQ : 0;

	return page_alloc(j->pa, page_judge_cpu(j, op), op->ev.page.gfp, op->ev.page.order,
			  j->course.node, context);
}

static void tell_failure(const struct page_judge *j, const struct page_op *op)
{
	const struct verify_failure failure = {
		.ev = &op->ev,
		.number = op->number,
		.pages = j->pa,
		.cpu = page_judge_cpu(j, op),
		.irq = page_calls_level(&op->ev),
		.log = j->log,
	};

	if (j->setup.failed)
		j->setup.failed(j->setup.failed_ctx, &failure);
}

static void follow_alloc(struct page_judge *j, const struct page_op *op)
{
	const uint64_t pfn = op->ev.page.pfn;
	struct mm_outcome outcome;
	enum page_place place;
	bool ours_failed;

	page_judge_unseen(j, op);
	if (j->course.failed)
		tell_failure(j, op);
	outcome = ask(j, op);
	ours_failed = !mm_ok(outcome) && !j->course.chosen;
	page_marks_learn(j, op, ours_failed);
	if (!mm_ok(outcome) && !j->course.failed) {
		j->course.forced = true;
		outcome = ask(j, op);
	}
	if (!j->course.failed && (!mm_ok(outcome) || outcome.addr != pfn)) {
		place = page_follow_alloc(j->pa, page_judge_cpu(j, op), pfn, op->ev.page.order,
					  gfp_policy_migratetype(op->ev.page.gfp));
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, page_place_name(place), 1);
	}
	if (!j->course.failed && !ours_failed && !j->course.chosen)
		j->course.ours_pfn = pfn;
	judge_alloc(j, op, j->course.ours_pfn, ours_failed);
	if (j->course.looked || op->takes.nr > 1)
		judge_refill(j, op);
}

/* "ours": the page that ours got; "failed": it got none. */
static void judge_alloc(struct page_judge *j, const struct page_op *op, uint64_t ours, bool failed)
{
	const uint64_t pfn = op->ev.page.pfn;
	const struct verify_what what = page_story_what(j);
	const unsigned int order = zone_pageblock_order(j->pa);
	struct verify_story *story = NULL;

	if (failed || j->course.failed)
		story = verify_detect(j->log, VERIFY_PAGE_FAILURE, j->course.failed, failed, &what);
	if (unlikely(story))
		page_story_pfn(j, story);
	if (op->wakes || j->course.wakes) {
		story = verify_detect(j->log, VERIFY_PAGE_WAKE, op->wakes > 0,
				      j->course.wakes > 0, &what);
		if (unlikely(story))
			page_story_sizes(j, story, j->course.wakes, op->wakes, "wake-ups");
	}
	if (j->course.failed || failed)
		return;
	story = verify_judge(j->log, VERIFY_PAGE_PFN, ours == pfn, &what);
	if (unlikely(story))
		page_story_pfn(j, story);
	story = verify_judge(j->log, VERIFY_PAGE_BLOCK,
			     ours != PAGE_FOLLOW_NONE && ours >> order == pfn >> order, &what);
	if (unlikely(story))
		page_story_pfn(j, story);
	story = verify_judge(j->log, VERIFY_PAGE_ZONE,
			     !j->course.chosen || j->course.ours_zone == j->course.zone, &what);
	if (unlikely(story))
		page_story_pfn(j, story);
}

/* Several blocks for one request are a refill, whether ours has such lists or not. */
static void judge_refill(struct page_judge *j, const struct page_op *op)
{
	const struct verify_what what = page_story_what(j);
	const bool happened = op->takes.nr > 0;
	struct verify_story *story;
	uint64_t ours;

	if (!happened && !j->course.empty)
		return;
	if (j->course.hidden) {
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "refills that have no events", 1);
		return;
	}
	story = verify_detect(j->log, VERIFY_PAGE_REFILL, happened, j->course.empty, &what);
	if (unlikely(story))
		page_story_sizes(j, story, j->course.empty ? j->course.want : 0, op->takes.nr,
				 "blocks refilled");
	if (!happened || !j->course.empty)
		return;
	ours = j->follow ? (j->course.want < op->takes.nr || j->course.more ? j->course.want :
									       op->takes.nr) :
			   j->course.got;
	story = verify_judge(j->log, VERIFY_PAGE_REFILL_SIZE, ours == op->takes.nr, &what);
	learn_low(j, op, ours);
	if (unlikely(story))
		page_story_sizes(j, story, ours, op->takes.nr, "blocks refilled");
}

/*
 * A list that is refilled by single batches where it should have grown: the zone runs low, and did
 * so before the recording began.
 */
static void learn_low(struct page_judge *j, const struct page_op *op, uint64_t ours)
{
	struct page_limits limits;

	page_follow_limits(j->pa, j->course.zone, page_judge_cpu(j, op), &limits);
	if (!j->follow || !verify_is_given(&j->setup, GIVEN_RECLAIM) || limits.below_high ||
	    op->ev.page.order || ours <= op->takes.nr || op->takes.nr != (size_t)limits.batch)
		return;
	page_follow_below_high(j->pa, j->course.zone);
	j->low_zone = j->course.zone + 1;
}

/* Free-running. */
static void free_alloc(struct page_judge *j, const struct page_op *op)
{
	const struct mm_outcome outcome = ask(j, op);
	struct page_where where;

	if (mm_ok(outcome)) {
		page_follow_find(j->pa, outcome.addr, &where);
		j->course.chosen = true;
		j->course.ours_zone = where.zone;
		j->course.ours_pfn = outcome.addr;
	}
	judge_alloc(j, op, j->course.ours_pfn, !mm_ok(outcome));
	if (j->course.looked || op->takes.nr > 1)
		judge_refill(j, op);
	if (mm_ok(outcome) && !j->course.failed)
		page_live_keep(j, op->ev.page.pfn, op->ev.page.order, outcome.addr);
	else if (mm_ok(outcome))
		(void)page_free(j->pa, page_judge_cpu(j, op), outcome.addr, op->ev.page.order);
}
