/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging requests that have no event: the bulk allocator's.
 *
 * Theory. alloc_pages_bulk() takes pages off a per-CPU list; only its refills are seen, and where a
 * probe was set its size. Without one, pages that are not heard of again, or are freed without
 * having been given, tell what it took.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/gfp_policy.h"

static void own_takes(struct page_judge *j, const struct page_op *op);
static uint64_t bulk_asked(struct page_judge *j, const struct page_op *op, uint64_t nr);
static bool bulk_page(struct page_judge *j, const struct page_list *list);
static void bulk_rest(struct page_judge *j, const struct page_op *op);
static bool bulk_list(struct page_judge *j, const struct page_op *op, unsigned int nr,
		      struct page_list *list);
static void look_at_lists(const struct page_judge *j, struct page_list *list);

void page_judge_bulk(struct page_judge *j, const struct page_op *op)
{
	/* Areas of who interleaves are filled from all nodes: their size tells of no one call. */
	const bool known = op->probed && !(op->chunk && page_judge_interleaves(j, op));
	const uint64_t nr = known ? MIN(op->asked, 1U << 16) : 0;
	struct page_list list;
	uint64_t got;
	size_t want;

	page_judge_begin(j, op);
	j->course.path = "bulk";
	if (!known && !verify_is_given(&j->setup, GIVEN_SILENT)) {
		own_takes(j, op);
		return;
	}
	got = bulk_asked(j, op, nr);
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
		     "pages of silent requests that ours did not find", nr - got);
	/* What was taken and is not in a list by now was taken for it. */
	for (got = 0;; got++) {
		want = j->course.take > op->certain ? op->takes.nr : op->certain;
		if (j->course.take >= want || !bulk_list(j, op, 1, &list) || !bulk_page(j, &list))
			break;
	}
	if (!known && j->course.take)
		bulk_rest(j, op);
	verify_aside(j->log, known ? ASIDE_FORCED : ASIDE_GROUND, VERIFY_PAGE,
		     known ? "pages of silent requests beyond those asked for" :
				  "pages of silent requests of unknown size",
		     got);
	page_judge_bulk_end(j, op);
	if (j->course.take)
		j->bulk_end = op->takes.items[j->course.take - 1].number + 1;
}

bool page_judge_silent_until(struct page_judge *j, const struct page_list *list, uint64_t pfn)
{
	uint64_t at = page_follow_head(j->pa, list);

	while (pfn != PAGE_FOLLOW_NONE && at != pfn) {
		if (at == PAGE_FOLLOW_NONE || !page_judge_is_silent(j, at))
			return false;
		at = page_follow_next(j->pa, at);
	}
	page_judge_tell_silent(j, page_judge_silent_head(j, list, pfn));
	return page_follow_head(j->pa, list) == pfn;
}

uint64_t page_judge_silent_head(struct page_judge *j, const struct page_list *list, uint64_t pfn)
{
	uint64_t at, nr = 0;

	while ((at = page_follow_head(j->pa, list)) != pfn && at != PAGE_FOLLOW_NONE &&
	       page_judge_is_silent(j, at)) {
		page_follow_pop(j->pa, at);
		page_judge_silent(j, list, at);
		nr++;
	}
	return nr;
}

void page_judge_tell_silent(struct page_judge *j, uint64_t nr)
{
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
		     "pages taken out of per-CPU lists silently, by looking ahead", nr);
}

/* Blocks that the kernel took for a request that ours does not know of. */
static void own_takes(struct page_judge *j, const struct page_op *op)
{
	struct verify_what what = page_story_what(j);
	struct verify_story *story;

	for (size_t i = 0; i < op->certain; i++) {
		const struct page_taken *truth = &op->takes.items[i];
		struct page_where where;

		page_follow_find(j->pa, truth->pfn, &where);
		if (where.place == PAGE_PLACE_OUTSIDE)
			continue;
		j->course.zone = where.zone;
		j->course.take = i + 1;
		what.order = (int8_t)truth->order;
		what.type = truth->type;
		story = verify_judge(j->log, VERIFY_PAGE_TAKE, false, &what);
		if (unlikely(story))
			page_story_take(j, story, PAGE_FOLLOW_NONE);
		if (truth->order <= KERNEL_MAX_ORDER)
			(void)page_follow_own(j->pa, truth->pfn, truth->order, MIGRATE_UNMOVABLE);
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE,
			     "blocks of silent requests that ours does not know of", 1);
	}
}

/* "nr" pages, by as many calls as that takes; each keeps to one zone. Returns how many came. */
static uint64_t bulk_asked(struct page_judge *j, const struct page_op *op, uint64_t nr)
{
	uint64_t got = 0;

	while (got < nr) {
		const uint64_t end = MIN(got + MAX(op->chunk, 1U), nr);
		struct page_list list;

		if (!bulk_list(j, op, (unsigned int)(end - got), &list))
			break;
		while (got < end && bulk_page(j, &list))
			got++;
		if (got < end)
			break;
	}
	return got;
}

/* The next page of a silent request; false: there is none. */
static bool bulk_page(struct page_judge *j, const struct page_list *list)
{
	uint64_t pfn;

	j->course.zone = list->zone;
	pfn = page_follow_bulk(j->pa, list);
	if (pfn == PAGE_FOLLOW_NONE)
		return false;
	page_judge_silent(j, list, pfn);
	return true;
}

/*
 * How far the last refill was used up, its pages tell: those in front of the first one that an
 * event shows leaving the list went to this request, as far as anybody can know; but for what
 * requests of known size will get before that one goes.
 */
static void bulk_rest(struct page_judge *j, const struct page_op *op)
{
	const struct page_taken *last = &op->takes.items[j->course.take - 1];
	uint64_t pfn, nr = 0, until;
	struct page_where where;
	struct page_list list;
	const uint32_t *number;

	page_follow_find(j->pa, last->pfn, &where);
	if (where.place != PAGE_PLACE_OTHER_LIST)
		return;
	list = (struct page_list){ .zone = where.zone, .cpu = where.cpu, .order = where.order,
				   .type = page_judge_list_type(last->type) };
	pfn = page_follow_head(j->pa, &list);
	for (; pfn != PAGE_FOLLOW_NONE && page_judge_is_silent(j, pfn); nr++)
		pfn = page_follow_next(j->pa, pfn);
	if (pfn == PAGE_FOLLOW_NONE)
		return;
	number = u64map_find(&j->listed, pfn);
	until = number ? page_look_given(j->look, *number) : UINT64_MAX;
	if (until != UINT64_MAX && verify_is_given(&j->setup, GIVEN_BULK))
		nr -= MIN(nr, page_look_bulks(j->look, list.cpu, op->number + 1, until, nr));
	for (pfn = page_follow_head(j->pa, &list); nr; nr--)
		pfn = page_follow_next(j->pa, pfn);
	(void)page_judge_silent_until(j, &list, pfn);
}

/* The list that "nr" pages came from: of the blocks taken for them, or where ours would begin. */
static bool bulk_list(struct page_judge *j, const struct page_op *op, unsigned int nr,
		      struct page_list *list)
{
	const uint32_t gfp = op->gfp ? op->gfp : GFP_BITS_KERNEL;
	struct page_where where;

	*list = (struct page_list){ .cpu = page_judge_cpu(j, op) };
	if (j->course.take < op->takes.nr) {
		const struct page_taken *first = &op->takes.items[j->course.take];

		page_follow_find(j->pa, first->pfn, &where);
		list->zone = where.zone;
		list->order = first->order;
		list->type = page_judge_list_type(first->type);
		return where.place != PAGE_PLACE_OUTSIDE && survey_order_has_list(list->order);
	}
	list->type = gfp_policy_migratetype(gfp);
	if (!page_judge_bulk_zone(j, op, gfp, nr, list))
		return false;
	look_at_lists(j, list);
	return true;
}

/*
 * Marks that are not known well may let another zone serve. A page that an event shows leaving the
 * list has not gone silently; where the head of another zone's list has, that zone served.
 */
static void look_at_lists(const struct page_judge *j, struct page_list *list)
{
	struct page_list other = *list;
	uint64_t head = page_follow_head(j->pa, list);

	if (head == PAGE_FOLLOW_NONE || page_judge_is_silent(j, head))
		return;
	for (other.zone = 0; other.zone < j->nr_zones; other.zone++) {
		head = page_follow_head(j->pa, &other);
		if (head != PAGE_FOLLOW_NONE && page_judge_is_silent(j, head)) {
			*list = other;
			return;
		}
	}
}
