/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging frees, and pages that go back from per-CPU lists.
 *
 * Theory. A free pushes its page on a list and may trim the CPU's lists; each page that goes back
 * has its event. Whether a free went past the lists, only later events of its page tell (the look).
 * Drains that no free explains (drain_all_pages(), the vmstat worker) are given from the recording
 * in their number; which pages go, the order of the lists says, and that is judged.
 */
#include <config.h>

#include "page_judge.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/page_start.h"

#include <string.h>

static void note_grown(struct page_judge *j, const struct page_op *op);
static void init_cma_block(struct page_judge *j, uint64_t pfn);
static void free_ours(struct page_judge *j, const struct page_op *op);
static void free_run(struct page_judge *j, const struct page_op *op);
static void free_piece(struct page_judge *j, const struct page_op *op, uint32_t first,
		       unsigned int order);
static void silent_behind(struct page_judge *j, const struct page_op *op);
static void silent_between(struct page_judge *j, const struct page_list *list, uint64_t pfn,
			   uint64_t end);
static void free_begin(struct page_judge *j, const struct page_op *op, unsigned int zone);
static bool own_block(struct page_judge *j, const struct page_op *op);
static void unlist(struct page_judge *j, const struct page_where *where, uint64_t pfn,
		   unsigned int order);
static void drain_unforeseen(struct page_judge *j, const struct page_op *op);
static enum page_way way_of(const struct page_judge *j, const struct page_op *op);
static void end_free(struct page_judge *j, const struct page_op *op);
static void follow_rest(struct page_judge *j);
static void judge_drains(struct page_judge *j, const struct page_op *op);
static void learn_reclaim(struct page_judge *j, const struct page_op *op);
static void learn_decay(struct page_judge *j, const struct page_op *op);
static void learn_limit(struct page_judge *j, bool reached);
static void judge_drained(struct page_judge *j, uint64_t ours);
static uint64_t pages_of(const struct page_op *op, size_t from, size_t end);

void page_judge_free(struct page_judge *j, const struct page_op *op)
{
	const unsigned int cpu = page_judge_cpu(j, op), order = op->ev.page.order;
	const uint64_t pfn = op->ev.page.pfn;
	struct page_where where;
	enum page_way way;

	if (verify_is_given(&j->setup, GIVEN_BOOT) &&
	    page_look_fate(j->look, op->number) == PAGE_FATE_TAIL &&
	    page_boot_free(j->pa, pfn, order)) {
		note_grown(j, op);
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "blocks of memory that boot handed over late", 1);
		return;
	}
	if (page_compact_keeps(j->guide ? j->guide : j, op)) {
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "frees of pages that stay with compaction", 1);
		return;
	}
	if (page_look_fate(j->look, op->number) == PAGE_FATE_AROUND) {
		verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
			     "frees around a contiguous request: part of it", 1);
		return;
	}
	if (order == zone_pageblock_order(j->pa) && page_look_is_cma(j->setup.config, pfn))
		init_cma_block(j, pfn);
	if (op->run > 1) {
		free_run(j, op);
		return;
	}
	if (!j->follow) {
		free_ours(j, op);
		return;
	}
	if (order > KERNEL_MAX_ORDER || !own_block(j, op)) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
			     "frees of pages outside the machine's memory", 1);
		return;
	}
	page_follow_find(j->pa, pfn, &where);
	free_begin(j, op, where.zone);
	silent_behind(j, op);
	way = way_of(j, op);
	j->course.direct = way != PAGE_WAY_LISTS;
	if (j->course.direct) {
		page_free_direct(j->pa, cpu, pfn, order, way == PAGE_WAY_TAIL);
		return;
	}
	(void)page_free(j->pa, cpu, pfn, order);
	page_judge_enters(j, pfn, op->number);
	end_free(j, op);
}

/*
 * Late memory that somebody else than the threads for it (pgdatinit0, and kworkers that help them)
 * hands over: a request found its zone below all marks, the high one among them, and made the zone
 * grow (deferred_grow_zone() in get_page_from_freelist()).
 */
static void note_grown(struct page_judge *j, const struct page_op *op)
{
	static const char *const threads[] = { "pgdatinit", "kworker/" };
	const char *comm = intern_text(&j->setup.names->texts, op->ev.comm);

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		if (!strncmp(comm, threads[i], strlen(threads[i])))
			return;
	}
	page_boot_ran_low(j->pa, op->ev.page.pfn, true);
}

/* init_cma_reserved_pageblock() */
static void init_cma_block(struct page_judge *j, uint64_t pfn)
{
	if (!cma_init_block(j->pa, pfn))
		return;
	if (!j->follow)
		page_live_keep(j, pfn, zone_pageblock_order(j->pa), pfn);
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE, "pageblocks that became CMA areas", 1);
}

/* Free-running: the block is wherever ours has it. */
static void free_ours(struct page_judge *j, const struct page_op *op)
{
	const uint64_t pfn = page_live_find(j, op->ev.page.pfn);
	struct page_where where;
	enum page_way way;

	if (pfn == PAGE_FOLLOW_NONE || op->ev.page.order > KERNEL_MAX_ORDER) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
			     "frees of pages that ours does not have", 1);
		return;
	}
	page_follow_find(j->pa, pfn, &where);
	free_begin(j, op, where.zone);
	way = way_of(j, op);
	j->course.direct = way != PAGE_WAY_LISTS;
	if (page_live_free(j, op, op->ev.page.pfn, op->ev.page.order, way) && !j->course.direct)
		end_free(j, op);
}

/*
 * free_pages_bulk(): neighbours go back in the largest blocks that alignment allows. Where ours has
 * the pages, other ones may be neighbours.
 */
static void free_run(struct page_judge *j, const struct page_op *op)
{
	const unsigned int most = KERNEL_MAX_ORDER;
	struct page_where where;
	uint32_t end = 0;

	vec_reset(&j->run);
	for (uint32_t i = 0; i < op->run; i++)
		vec_push(&j->run, j->follow ? op->takes.items[i].pfn :
					      page_live_take(j, op->takes.items[i].pfn));
	page_follow_find(j->pa, j->run.items[0], &where);
	free_begin(j, op, where.zone);
	j->course.path = "drain after a run";
	for (uint32_t i = 0; i < op->run;) {
		const uint64_t pfn = j->run.items[i];
		unsigned int order = MIN(bits_ctz(pfn | 1ULL << most), most);

		for (end = MAX(end, i + 1); end < op->run && j->run.items[end] == pfn + (end - i);)
			end++;
		while (1U << order > end - i)
			order--;
		if (pfn != PAGE_FOLLOW_NONE)
			free_piece(j, op, i, order);
		i += pfn == PAGE_FOLLOW_NONE ? 1 : 1U << order;
	}
	end_free(j, op);
}

/* 2^order pages of the run, from number "first" on. */
static void free_piece(struct page_judge *j, const struct page_op *op, uint32_t first,
		       unsigned int order)
{
	const uint64_t pfn = j->run.items[first];
	struct page_where where;

	if (j->follow) {
		page_follow_find(j->pa, pfn, &where);
		unlist(j, &where, pfn, 0);
	}
	if (page_follow_own(j->pa, pfn, order, MIGRATE_UNMOVABLE) == PAGE_PLACE_OUTSIDE) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_PAGE,
			     "frees of pages outside the machine's memory", 1ULL << order);
		return;
	}
	if (verify_is_given(&j->setup, GIVEN_CONTEXT) &&
	    page_look_fate(j->look, op->takes.items[first].number) == PAGE_FATE_DIRECT) {
		page_free_direct(j->pa, page_judge_cpu(j, op), pfn, order, false);
		return;
	}
	(void)page_free(j->pa, page_judge_cpu(j, op), pfn, order);
	if (j->follow)
		page_judge_enters(j, pfn, op->takes.items[first].number);
}

void page_judge_drain(struct page_judge *j, const struct page_op *op)
{
	struct page_where where;
	size_t at = 0;

	if (!verify_is_given(&j->setup, GIVEN_DECAY)) {
		drain_unforeseen(j, op);
		return;
	}
	silent_behind(j, op);
	verify_aside(j->log, ASIDE_GROUND, VERIFY_PAGE,
		     "pages drained without a free: their number is the recording's",
		     op->drains.nr);
	while (at < op->drains.nr) {
		size_t end = at;

		page_follow_find(j->pa, op->drains.items[at].pfn, &where);
		free_begin(j, op, where.zone);
		j->course.drain_only = true;
		j->course.path = "drain all";
		j->course.drain_cpu = where.place == PAGE_PLACE_OTHER_LIST ?
					      where.cpu : page_judge_cpu(j, op);
		while (end < op->drains.nr) {
			struct page_where other;

			page_follow_find(j->pa, op->drains.items[end].pfn, &other);
			if (other.place != PAGE_PLACE_OTHER_LIST || other.zone != where.zone ||
			    other.cpu != where.cpu)
				break;
			end++;
		}
		end = MAX(end, at + 1);
		j->course.drain = at;
		j->course.drain_end = end;
		page_drain_some(j->pa, where.zone, j->course.drain_cpu,
				(unsigned int)MIN(pages_of(op, at, end), (uint64_t)INT32_MAX));
		follow_rest(j);
		page_follow_decayed(j->pa, where.zone, j->course.drain_cpu);
		at = end;
	}
}

/* Ours knows of no reason, and drains nothing. */
static void drain_unforeseen(struct page_judge *j, const struct page_op *op)
{
	struct page_where where;

	page_follow_find(j->pa, op->drains.items[0].pfn, &where);
	free_begin(j, op, where.zone);
	j->course.path = "drain all";
	for (; !j->follow && j->course.drain < j->course.drain_end; j->course.drain++)
		judge_drained(j, PAGE_FOLLOW_NONE);
	follow_rest(j);
}

void page_judge_trims(void *ctx, unsigned int zone UNUSED, unsigned int cpu UNUSED,
		      unsigned int nr_pages)
{
	struct page_judge *j = ctx;

	j->course.trims = true;
	j->course.trim += nr_pages;
}

uint64_t page_judge_drained(void *ctx, uint64_t ours)
{
	struct page_judge *j = ctx;
	const struct page_op *op = j->course.op;
	const bool given = j->course.drain < j->course.drain_end;
	struct page_where where;
	uint64_t truth;

	page_follow_find(j->pa, ours, &where);
	j->course.drained += 1ULL << where.order;
	if (given)
		judge_drained(j, ours);
	if (!j->follow) {
		j->course.drain += given;
		return PAGE_FOLLOW_OURS;
	}
	if (!given)
		return PAGE_FOLLOW_NONE;
	truth = op->drains.items[j->course.drain].pfn;
	j->course.drain++;
	if (truth == ours)
		return PAGE_FOLLOW_OURS;
	page_follow_find(j->pa, truth, &where);
	if (where.place == PAGE_PLACE_OTHER_LIST && where.head == truth &&
	    where.order == op->drains.items[j->course.drain - 1].order &&
	    where.zone == j->course.zone)
		return truth;
	verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, page_place_name(where.place), 1);
	(void)page_follow_drain(j->pa, page_judge_cpu(j, op), truth,
				op->drains.items[j->course.drain - 1].order);
	return PAGE_FOLLOW_NONE;
}

/*
 * Lists are drained from their ends: what stands behind a page that is drained next was given out
 * silently, if nothing shows how it left.
 */
static void silent_behind(struct page_judge *j, const struct page_op *op)
{
	uint64_t last = PAGE_FOLLOW_NONE;
	struct page_where where;
	struct page_list list = { .zone = UINT32_MAX };

	if (!j->follow || !verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	vec_foreach(&op->drains, drain) {
		page_follow_find(j->pa, drain->pfn, &where);
		if (where.place != PAGE_PLACE_OTHER_LIST || where.head != drain->pfn)
			continue;
		if (where.zone != list.zone || where.cpu != list.cpu ||
		    where.order != list.order || where.type != list.type)
			last = PAGE_FOLLOW_NONE;
		list = (struct page_list){ .zone = where.zone, .cpu = where.cpu,
					   .order = where.order, .type = where.type };
		silent_between(j, &list, drain->pfn, last);
		last = drain->pfn;
	}
}

/* From behind "pfn" up to "end" (NONE: the end of the list). */
static void silent_between(struct page_judge *j, const struct page_list *list, uint64_t pfn,
			   uint64_t end)
{
	uint64_t at = page_follow_next(j->pa, pfn), nr = 0;

	while (at != end && at != PAGE_FOLLOW_NONE && page_judge_is_silent(j, at))
		at = page_follow_next(j->pa, at);
	if (at != end)
		return;
	while ((at = page_follow_next(j->pa, pfn)) != end) {
		page_follow_pop(j->pa, at);
		page_judge_silent(j, list, at);
		nr++;
	}
	page_judge_tell_silent(j, nr);
}

static void free_begin(struct page_judge *j, const struct page_op *op, unsigned int zone)
{
	j->course = (struct page_course){ .op = op,
					  .zone = zone,
					  .ours_pfn = PAGE_FOLLOW_NONE,
					  .drain_end = op->drains.nr,
					  .path = "drain" };
}

/* The block that the kernel frees is one in use in ours, too. */
static bool own_block(struct page_judge *j, const struct page_op *op)
{
	const uint64_t pfn = op->ev.page.pfn;
	enum page_place place;
	struct page_where where;

	page_follow_find(j->pa, pfn, &where);
	unlist(j, &where, pfn, op->ev.page.order);
	place = page_follow_own(j->pa, pfn, op->ev.page.order, MIGRATE_UNMOVABLE);
	if (place == PAGE_PLACE_LISTS || place == PAGE_PLACE_OTHER_LIST)
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, "freed, but free in ours", 1);
	return place != PAGE_PLACE_OUTSIDE;
}

/*
 * A block to be freed that is in a list was given out silently, and so were those before it that
 * nothing shows leaving.
 */
static void unlist(struct page_judge *j, const struct page_where *where, uint64_t pfn,
		   unsigned int order)
{
	const struct page_list list = {
		.zone = where->zone, .cpu = where->cpu, .order = where->order, .type = where->type
	};
	uint64_t nr;

	if (where->place != PAGE_PLACE_OTHER_LIST || where->head != pfn || where->order != order ||
	    !verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	nr = page_judge_silent_head(j, &list, where->head);
	page_follow_pop(j->pa, where->head);
	page_judge_silent(j, &list, where->head);
	page_judge_tell_silent(j, nr + 1);
}

/*
 * A free in an interrupt finds the lists' lock taken when the interrupted task works on them. That
 * shows by the task's events before and behind it, or by the last one alone, unless the page is
 * seen to leave a list; or by the next event of the page, when that takes it out of the buddy
 * lists.
 */
static enum page_way way_of(const struct page_judge *j, const struct page_op *op)
{
	const enum page_fate fate = page_look_fate(j->look, op->number);
	uint64_t locked = op->interrupted;
	struct page_where where;

	if (op->drains.nr || !verify_is_given(&j->setup, GIVEN_CONTEXT))
		return PAGE_WAY_LISTS;
	if (fate == PAGE_FATE_TAIL)
		return PAGE_WAY_TAIL;
	if (fate == PAGE_FATE_DIRECT || op->missed_batch)
		return PAGE_WAY_DIRECT;
	if (locked == UINT64_MAX)
		locked = page_look_locked(j->look, op->number);
	if (fate != PAGE_FATE_OPEN || locked == UINT64_MAX)
		return PAGE_WAY_LISTS;
	page_follow_find(j->pa, locked, &where);
	return where.place != PAGE_PLACE_OUTSIDE && where.zone == j->course.zone ?
		       PAGE_WAY_DIRECT : PAGE_WAY_LISTS;
}

static void end_free(struct page_judge *j, const struct page_op *op)
{
	struct page_list list = { .zone = j->course.zone, .cpu = page_judge_cpu(j, op) };
	struct page_where where;

	j->course.predicted = j->course.trims;
	if (j->follow && op->drains.nr && !j->course.trims) {
		page_follow_find(j->pa, op->drains.items[0].pfn, &where);
		list.order = op->drains.items[0].order;
		list.type = page_judge_list_type(where.type);
		if (where.place == PAGE_PLACE_OTHER_LIST && where.zone == list.zone &&
		    where.cpu == list.cpu && where.order == list.order) {
			learn_limit(j, true);
			page_follow_trim(j->pa, &list,
					 (unsigned int)MIN(pages_of(op, 0, op->drains.nr),
							   (uint64_t)INT32_MAX));
		}
	}
	follow_rest(j);
	judge_drains(j, op);
}

/* What the kernel drained and ours did not. */
static void follow_rest(struct page_judge *j)
{
	const struct page_op *op = j->course.op;

	if (!j->follow)
		return;
	for (; j->course.drain < j->course.drain_end; j->course.drain++) {
		const struct page_drained *truth = &op->drains.items[j->course.drain];

		judge_drained(j, PAGE_FOLLOW_NONE);
		(void)page_follow_drain(j->pa, page_judge_cpu(j, op), truth->pfn, truth->order);
		verify_aside(j->log, ASIDE_FORCED, VERIFY_PAGE, "drained, but not by ours", 1);
	}
}

static void judge_drains(struct page_judge *j, const struct page_op *op)
{
	const struct verify_what what = page_story_what(j);
	const uint64_t pages = pages_of(op, 0, op->drains.nr);
	struct verify_story *story;

	if (!op->drains.nr && !j->course.predicted)
		return;
	learn_reclaim(j, op);
	learn_decay(j, op);
	story = verify_detect(j->log, VERIFY_PAGE_DRAIN, op->drains.nr > 0, j->course.predicted,
			      &what);
	if (unlikely(story))
		page_story_sizes(j, story, j->course.trim, pages, "pages drained");
	if (!op->drains.nr || !j->course.predicted)
		return;
	/* Each step's last block may go beyond what is to be drained. */
	story = verify_judge(j->log, VERIFY_PAGE_DRAIN_SIZE, j->course.drained == pages, &what);
	if (unlikely(story))
		page_story_sizes(j, story, j->course.drained, pages, "pages drained");
}

/*
 * While kswapd works on a zone its lists are kept short. When it stops, before it sleeps or goes on
 * for another request, has no event; the next free that tells is one difference, not all of them.
 */
static void learn_reclaim(struct page_judge *j, const struct page_op *op)
{
	struct page_limits limits;

	if (!j->follow || !verify_is_given(&j->setup, GIVEN_RECLAIM) ||
	    (op->drains.nr > 0) == j->course.predicted)
		return;
	page_follow_limits(j->pa, j->course.zone, page_judge_cpu(j, op), &limits);
	if (op->drains.nr ? j->kswapd_awake && !limits.reclaim_active : limits.reclaim_active)
		page_follow_reclaiming(j->pa, j->course.zone, op->drains.nr > 0);
}

/*
 * The vmstat worker lowers limits once a second at most: a CPU that idles is left alone, and
 * nothing shows it. A list that grows beyond the limit tells.
 */
static void learn_decay(struct page_judge *j, const struct page_op *op)
{
	if (!j->follow || op->drains.nr || !verify_is_given(&j->setup, GIVEN_DECAY))
		return;
	page_follow_undecayed(j->pa, j->course.zone, page_judge_cpu(j, op));
	learn_limit(j, false);
}

/* The limit is what the lists hold, or what it has just been made. */
static void learn_limit(struct page_judge *j, bool reached)
{
	const unsigned int cpu = page_judge_cpu(j, j->course.op);
	struct page_limits limits;

	if (!verify_is_given(&j->setup, GIVEN_DECAY))
		return;
	page_follow_limits(j->pa, j->course.zone, cpu, &limits);
	j->limit = (struct page_learned_limit){ .known = true,
						.zone = j->course.zone,
						.cpu = cpu,
						.high = reached ? limits.count : limits.high };
}

/* Pages behind the first difference of a flush are not held against ours. */
static void judge_drained(struct page_judge *j, uint64_t ours)
{
	const struct page_drained *truth = &j->course.op->drains.items[j->course.drain];
	struct verify_what what = page_story_what(j);
	struct verify_story *story;

	what.order = (int8_t)truth->order;
	what.type = truth->type;
	story = verify_judge(j->log, VERIFY_PAGE_DRAINED, ours == truth->pfn, &what);
	if (unlikely(story))
		page_story_drained(j, story, ours);
}

static uint64_t pages_of(const struct page_op *op, size_t from, size_t end)
{
	uint64_t nr = 0;

	for (size_t i = from; i < end; i++)
		nr += 1ULL << MIN(op->drains.items[i].order, (uint8_t)KERNEL_MAX_ORDER);
	return nr;
}
