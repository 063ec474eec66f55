/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages on their way between our slabs and our page allocator, and the recorded events that they
 * are held against (see joint.c).
 */
#include <config.h>

#include "joint_judge.h"

#include "kmreplay/mm/page_start.h"

#include <inttypes.h>

/* Events of a context behind a request for a page, in which the object comes that it is for. */
enum { MAX_EVENTS = 64 };
/* What "held" says of a slab: its cache and order. */
enum { ORDER_BITS = 4 };

static void settle_back(struct joint_judge *j, const struct joint_open *at, bool predicted);
static void follow_request(struct joint_judge *j, struct page_op *op, uint32_t cache);
static bool would_ask(struct joint_judge *j, const struct page_op *op, uint32_t cache);
static bool has_room(const struct joint_judge *j, const struct slab_geometry *geometry,
		     uint64_t context, uint32_t cache);
static void return_unused(struct joint_judge *j, uint64_t context, uint32_t cache);
static void ask_ahead(struct joint_judge *j, struct page_op *op, uint32_t cache);
static void want_later(struct joint_judge *j, const struct page_op *op, uint32_t cache);
static uint64_t object_of(struct joint_judge *j, const struct slab_step *step, uint32_t cache);
static void judge_page(struct joint_judge *j, const struct joint_want *want, bool asked,
		       uint64_t ours);
static void tell_page(struct verify_story *story, const struct joint_want *want, bool asked,
		      uint64_t ours);
static bool take_ahead(struct joint_judge *j, uint32_t cache, unsigned int order, uint64_t *pfn);
static void answer_want(struct joint_judge *j, uint32_t cache, const struct slab_step *step,
			uint64_t pfn);
static bool bought_unseen(struct joint_judge *j, const struct slab_step *step);
static void hold(struct joint_judge *j, uint32_t cache, unsigned int order, uint64_t pfn);
static struct joint_gone *find_gone(struct joint_judge *j, const struct joint_gone *like);
static void remove_gone(struct joint_judge *j, struct joint_gone *gone);
static void release_excess(struct joint_judge *j, uint64_t before);
static void begin_unrecorded(struct joint_judge *j, unsigned int cpu);
static void give_back(struct joint_judge *j, unsigned int cpu, uint64_t pfn, unsigned int order);
static void judge_back(struct joint_judge *j, const struct event *ev, uint64_t number,
		       bool happened, bool predicted);

void joint_pages_init(struct joint_judge *j)
{
	u64map_init(&j->held);
	u64map_init(&j->backs);
	j->none.kind = PAGE_OP_BULK;
}

void joint_pages_deinit(struct joint_judge *j)
{
	u64map_deinit(&j->held);
	u64map_deinit(&j->backs);
	vec_deinit(&j->wants);
	vec_deinit(&j->ahead);
	vec_deinit(&j->gone);
	vec_deinit(&j->back);
	vec_deinit(&j->spare_backs);
}

void joint_pages_asked(struct joint_judge *j, struct page_op *op, uint32_t cache)
{
	if (j->follow)
		follow_request(j, op, cache);
	else if (would_ask(j, op, cache))
		ask_ahead(j, op, cache);
	else
		want_later(j, op, cache);
}

void joint_pages_missed(struct joint_judge *j, uint64_t number)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->wants.nr; i++) {
		const struct joint_want want = j->wants.items[i];

		if (want.object < number)
			judge_page(j, &want, false, PAGE_FOLLOW_NONE);
		else
			j->wants.items[kept++] = want;
	}
	j->wants.nr = kept;
}

bool joint_pages_resolve(struct joint_judge *j, const struct slab_step *step)
{
	const uint64_t pfn = step->ev.page.pfn;
	const uint32_t *index = u64map_find(&j->slabs->limbo_index, pfn);
	const struct verify_count *judged = &j->slab_log.counts[VERIFY_SLAB_DISCARD];
	const struct slab_known *known;
	struct joint_open open = { .event = step->number, .pfn = pfn,
				   .order = step->ev.page.order };

	if (index) {
		const struct slab_limbo *limbo = &j->slabs->limbo.items[*index];

		open.like = (struct joint_gone){
			.number = limbo->number, .by = limbo->by, .cache = limbo->cache
		};
		settle_back(j, &open, true);
		return true;
	}
	known = slab_known_at(j->slabs, j->slabs->offset + pfn * KERNEL_PAGE_SIZE);
	if (!known || known->pfn != pfn || known->order != open.order)
		return true;
	open.like = (struct joint_gone){
		.number = known->number, .by = step->number, .cache = known->cache
	};
	open.judged = judged->all;
	open.right = judged->right;
	open.open = true;
	j->open = open;
	return false;
}

void joint_pages_close(struct joint_judge *j)
{
	const struct verify_count *judged = &j->slab_log.counts[VERIFY_SLAB_DISCARD];

	if (!j->open.open)
		return;
	j->open.open = false;
	/* Followed, a flush is taken from the recording, and so not judged. */
	if (!j->follow)
		settle_back(j, &j->open, true);
	else if (judged->all != j->open.judged)
		settle_back(j, &j->open, judged->right != j->open.right);
}

bool joint_pages_back(struct joint_judge *j, uint64_t number, struct joint_back *ret)
{
	const uint32_t *index = u64map_find(&j->backs, number);

	if (!index)
		return false;
	*ret = j->back.items[*index];
	vec_push(&j->spare_backs, *index);
	(void)u64map_remove(&j->backs, number);
	return true;
}

struct mm_outcome joint_pages_alloc(void *ctx, uint32_t cache, unsigned int cpu, uint32_t gfp,
				    unsigned int order, int node)
{
	struct joint_judge *j = ctx;
	const struct slab_step *step = j->slabs->free_run->step;
	struct mm_outcome got = { 0 };

	if (take_ahead(j, cache, order, &got.addr)) {
		hold(j, cache, order, got.addr);
		return got;
	}
	begin_unrecorded(j, cpu);
	got = page_alloc(j->pages->pa, cpu, gfp, order, node,
			 slab_level(&step->ev) ? PAGE_CTX_IRQ : 0);
	if (!mm_ok(got))
		return got;
	hold(j, cache, order, got.addr);
	answer_want(j, cache, step, got.addr);
	return got;
}

void joint_pages_place(void *ctx, const struct slab_start_page *page)
{
	struct joint_judge *j = ctx;
	struct page_where where;

	hold(j, page->cache, page->order, page->pfn);
	page_follow_find(j->pages->pa, page->pfn, &where);
	if (where.place == PAGE_PLACE_LISTS || where.place == PAGE_PLACE_OTHER_LIST)
		(void)page_follow_own(j->pages->pa, page->pfn, page->order, MIGRATE_UNMOVABLE);
}

void joint_pages_free(void *ctx, uint64_t number, unsigned int cpu, uint64_t pfn)
{
	struct joint_judge *j = ctx;
	const uint32_t *held = u64map_find(&j->held, pfn);

	if (!held)
		return;
	vec_push(&j->gone, (struct joint_gone){
		.pfn = pfn,
		.number = number,
		.by = j->slabs->now,
		.cache = *held >> ORDER_BITS,
		.cpu = (uint16_t)cpu,
		.order = *held & ((1U << ORDER_BITS) - 1),
	});
	(void)u64map_remove(&j->held, pfn);
}

/* Which of ours the kernel gives back with this event, too; the others go at once. */
void joint_pages_settle(void *ctx, const uint64_t *numbers, size_t nr)
{
	struct joint_judge *j = ctx;
	const struct slab_step *step = slab_judge_step(j->slabs, j->slabs->now);
	size_t first = j->gone.nr, left = nr;

	while (first && !j->gone.items[first - 1].settled)
		first--;
	for (size_t i = first; i < j->gone.nr; i++) {
		struct joint_gone *gone = &j->gone.items[i];

		gone->settled = gone->excess = true;
		for (size_t k = 0; k < nr && gone->excess; k++)
			gone->excess = numbers[k] != gone->number;
		left -= left && !gone->excess;
	}
	for (size_t i = first; i < j->gone.nr && left; i++) {
		left -= j->gone.items[i].excess;
		j->gone.items[i].excess = false;
	}
	for (size_t i = j->gone.nr; i-- > first;) {
		struct joint_gone *gone = &j->gone.items[i];
		const bool rcu = slab_cache_known(j->slabs, gone->cache)->rcu;

		if (gone->excess)
			judge_back(j, &step->ev, step->number, false, true);
		if (gone->excess && !rcu) {
			give_back(j, gone->cpu, gone->pfn, gone->order);
			remove_gone(j, gone);
		}
	}
}

/* The kernel's slab goes; "predicted": followed, ours would have gone as well. */
static void settle_back(struct joint_judge *j, const struct joint_open *at, bool predicted)
{
	const struct slab_step *step = slab_judge_step(j->slabs, at->event);
	struct joint_gone *gone = j->follow ? NULL : find_gone(j, &at->like);
	struct joint_back back = { .pfn = PAGE_FOLLOW_NONE, .order = at->order };
	uint32_t *index;
	bool fresh;

	judge_back(j, &step->ev, at->event, true, j->follow ? predicted : gone != NULL);
	if (j->follow)
		return;
	if (gone) {
		back = (struct joint_back){ .pfn = gone->pfn, .order = gone->order };
		(void)verify_judge(j->log, VERIFY_JOINT_BACK_PFN, gone->pfn == at->pfn,
				   &(struct verify_what){ .ev = &step->ev,
							  .number = at->event,
							  .order = VERIFY_NO_ORDER,
							  .type = MIGRATE_NR });
		remove_gone(j, gone);
	}
	if (slab_cache_known(j->slabs, at->like.cache)->rcu)
		release_excess(j, at->like.by);
	index = u64map_insert(&j->backs, at->event, &fresh);
	if (j->spare_backs.nr) {
		*index = j->spare_backs.items[--j->spare_backs.nr];
		j->back.items[*index] = back;
	} else {
		*index = (uint32_t)j->back.nr;
		vec_push(&j->back, back);
	}
}

/* Both layers are as the recording has them: would they have done it by themselves? */
static void follow_request(struct joint_judge *j, struct page_op *op, uint32_t cache)
{
	const struct verify_count *count = &j->page_log.counts[VERIFY_PAGE_PFN];
	const uint64_t right = count->right;
	const bool asks = would_ask(j, op, cache);

	page_judge_op(j->pages, op);
	judge_page(j, &(struct joint_want){ .number = op->number, .pfn = op->ev.page.pfn,
					    .order = op->ev.page.order }, asks,
		   count->right != right ? op->ev.page.pfn : PAGE_FOLLOW_NONE);
}

/* Our slab allocator, asked at this moment, would ask for a page of that order. */
static bool would_ask(struct joint_judge *j, const struct page_op *op, uint32_t cache)
{
	const struct slab_allocator *slab =
		j->follow ? j->slabs->slab : j->slabs->free_run->slab;
	const struct slab_geometry *geometry = slab_cache_geometry(slab, cache);
	const uint64_t context = slab_context(&op->ev);
	struct slab_next next;

	/* After some objects that it has, which are taken with the rest. */
	if (slab_silent_bulk_of(j->slabs, context))
		return j->follow;
	slab_peek(slab, cache, op->cpu % j->slabs->nr_cpus, -1, &next);
	return next.source == SLAB_FROM_NEW && geometry->order == op->ev.page.order &&
	       has_room(j, geometry, context, cache);
}

/* Several slabs may be asked for at once to fill a sheaf. */
static bool has_room(const struct joint_judge *j, const struct slab_geometry *geometry,
		     uint64_t context, uint32_t cache)
{
	uint64_t nr = 0;

	if (!geometry->sheaf_capacity)
		return true;
	vec_foreach(&j->ahead, page)
		nr += page->context == context && page->cache == cache;
	if (j->follow)
		vec_foreach(&j->slabs->bought, bought)
			nr += bought->context == context && bought->cache == cache;
	return nr * geometry->objects < geometry->sheaf_capacity;
}

/* The request is made where the kernel made it, and the object will find its page. */
static void ask_ahead(struct joint_judge *j, struct page_op *op, uint32_t cache)
{
	const uint64_t context = slab_context(&op->ev);
	uint64_t ours;

	if (!slab_cache_geometry(j->slabs->slab, cache)->sheaf_capacity)
		return_unused(j, context, cache);
	page_judge_op(j->pages, op);
	ours = j->pages->course.ours_pfn;
	page_live_forget(j->pages, op->ev.page.pfn);
	judge_page(j, &(struct joint_want){ .number = op->number, .pfn = op->ev.page.pfn,
					    .order = op->ev.page.order }, true, ours);
	if (ours != PAGE_FOLLOW_NONE)
		vec_push(&j->ahead, (struct joint_page){ .pfn = ours,
							 .context = context,
							 .cache = cache,
							 .order = op->ev.page.order });
}

/* What the context asked for ahead, and its object did not need after all. */
static void return_unused(struct joint_judge *j, uint64_t context, uint32_t cache)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->ahead.nr; i++) {
		const struct joint_page page = j->ahead.items[i];

		if (page.context == context && page.cache == cache)
			give_back(j, 0, page.pfn, page.order);
		else
			j->ahead.items[kept++] = page;
	}
	j->ahead.nr = kept;
}

static void want_later(struct joint_judge *j, const struct page_op *op, uint32_t cache)
{
	const struct joint_want want = {
		.number = op->number,
		.object = object_of(j, slab_judge_step(j->slabs, op->number), cache),
		.pfn = op->ev.page.pfn,
		.context = slab_context(&op->ev),
		.cache = cache,
		.order = op->ev.page.order,
	};

	if (want.object)
		vec_push(&j->wants, want);
	else
		judge_page(j, &want, false, PAGE_FOLLOW_NONE);
}

/* The object of "cache" that the context asked for a page for, or the bulk request; 0: none. */
static uint64_t object_of(struct joint_judge *j, const struct slab_step *step, uint32_t cache)
{
	uint64_t number = step->next;

	for (unsigned int i = 0; i < MAX_EVENTS && number && number < j->slabs->tail; i++) {
		const struct slab_step *next = slab_judge_step(j->slabs, number);

		if (next->ev.type == EVENT_PROBE_BULK_RET)
			return number;
		if ((next->op.call == CALL_KMALLOC || next->op.call == CALL_CACHE_ALLOC) &&
		    next->op.fate != FATE_SKIPPED &&
		    slab_judge_cache(j->slabs, next->op.cache, &next->ev) == cache)
			return number;
		number = next->next;
	}
	return 0;
}

/* The kernel asked for the page of "want"; ours asked, or not, and got "ours". */
static void judge_page(struct joint_judge *j, const struct joint_want *want, bool asked,
		       uint64_t ours)
{
	const struct slab_step *step = slab_judge_step(j->slabs, want->number);
	const struct verify_what what = {
		.ev = &step->ev,
		.number = want->number,
		.cache = step->op.cache,
		.order = (int8_t)want->order,
		.type = MIGRATE_NR,
	};

	tell_page(verify_detect(j->log, VERIFY_JOINT_NEW, true, asked, &what), want, asked, ours);
	tell_page(verify_judge(j->log, VERIFY_JOINT_PFN, asked && ours == want->pfn, &what), want,
		  asked, ours);
}

static void tell_page(struct verify_story *story, const struct joint_want *want, bool asked,
		      uint64_t ours)
{
	if (likely(!story))
		return;
	if (!asked)
		str_add(&story->ours, "needed no new slab");
	else if (ours == PAGE_FOLLOW_NONE)
		str_add(&story->ours, "got another page");
	else
		str_addf(&story->ours, "pfn %#" PRIx64, ours);
	str_addf(&story->kernel, "pfn %#" PRIx64, want->pfn);
}

static bool take_ahead(struct joint_judge *j, uint32_t cache, unsigned int order, uint64_t *pfn)
{
	const uint64_t context = slab_context(&j->slabs->free_run->step->ev);
	size_t found = j->ahead.nr;

	for (size_t i = 0; i < j->ahead.nr; i++) {
		const struct joint_page *page = &j->ahead.items[i];

		if (page->cache != cache || page->order != order)
			continue;
		if (page->context == context || found == j->ahead.nr)
			found = i;
		if (page->context == context)
			break;
	}
	if (found == j->ahead.nr)
		return false;
	*pfn = j->ahead.items[found].pfn;
	j->ahead.nr--;
	for (size_t i = found; i < j->ahead.nr; i++)
		j->ahead.items[i] = j->ahead.items[i + 1];
	return true;
}

/* Ours asked when it came to the object: does that answer a request of the kernel's? */
static void answer_want(struct joint_judge *j, uint32_t cache, const struct slab_step *step,
			uint64_t pfn)
{
	struct verify_story *story;
	size_t i = 0;

	while (i < j->wants.nr && (j->wants.items[i].cache != cache ||
				   j->wants.items[i].object != step->number))
		i++;
	if (i == j->wants.nr && bought_unseen(j, step)) {
		verify_aside(j->log, ASIDE_GROUND, VERIFY_JOINT,
			     "slabs whose pages were asked for without an event", 1);
		return;
	}
	if (i == j->wants.nr) {
		story = verify_detect(j->log, VERIFY_JOINT_NEW, false, true,
				      &(struct verify_what){ .ev = &step->ev,
							     .number = step->number,
							     .cache = step->op.cache,
							     .order = VERIFY_NO_ORDER,
							     .type = MIGRATE_NR });
		if (unlikely(story)) {
			str_addf(&story->ours, "needed a new slab, and got pfn %#" PRIx64, pfn);
			str_add(&story->kernel, "needed none");
		}
		return;
	}
	judge_page(j, &j->wants.items[i], true, pfn);
	j->wants.nr--;
	for (; i < j->wants.nr; i++)
		j->wants.items[i] = j->wants.items[i + 1];
}

/* The kernel's slab got its page while events were off. */
static bool bought_unseen(struct joint_judge *j, const struct slab_step *step)
{
	return (step->op.call == CALL_KMALLOC || step->op.call == CALL_CACHE_ALLOC) &&
	       step->ev.slab.ptr >= j->slabs->base &&
	       page_live_unseen(j->pages, (step->ev.slab.ptr - j->slabs->base) / KERNEL_PAGE_SIZE);
}

static void hold(struct joint_judge *j, uint32_t cache, unsigned int order, uint64_t pfn)
{
	bool fresh;

	*u64map_insert(&j->held, pfn, &fresh) = cache << ORDER_BITS | order;
}

/* Ours of the same number; or another one of the cache that went with the same event. */
static struct joint_gone *find_gone(struct joint_judge *j, const struct joint_gone *like)
{
	struct joint_gone *other = NULL;

	vec_foreach(&j->gone, gone) {
		if (gone->cache != like->cache || gone->excess)
			continue;
		if (gone->number == like->number)
			return gone;
		if (gone->by == like->by && !other)
			other = gone;
	}
	return other;
}

static void remove_gone(struct joint_judge *j, struct joint_gone *gone)
{
	j->gone.nr--;
	for (; gone < j->gone.items + j->gone.nr; gone++)
		*gone = gone[1];
}

/* A grace period has ended for slabs that went at event "before": for older ones it has, too. */
static void release_excess(struct joint_judge *j, uint64_t before)
{
	for (size_t i = j->gone.nr; i-- > 0;) {
		struct joint_gone *gone = &j->gone.items[i];

		if (!gone->excess || gone->by >= before)
			continue;
		give_back(j, gone->cpu, gone->pfn, gone->order);
		remove_gone(j, gone);
	}
}

/* A request that the recording does not have, for "cpu", at the event that takes effect. */
static void begin_unrecorded(struct joint_judge *j, unsigned int cpu)
{
	j->none.ev = slab_judge_step(j->slabs, j->slabs->now)->ev;
	j->none.cpu = (uint16_t)cpu;
	page_judge_begin(j->pages, &j->none);
}

static void give_back(struct joint_judge *j, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	struct page_allocator *pa = j->pages->pa;
	unsigned int held;

	begin_unrecorded(j, cpu);
	if (page_is_unknown(pa, pfn, order))
		(void)page_follow_own(pa, pfn, order, MIGRATE_UNMOVABLE);
	if (page_is_allocated(pa, pfn, &held) && held == order)
		(void)page_free(pa, cpu, pfn, order);
}

static void judge_back(struct joint_judge *j, const struct event *ev, uint64_t number,
		       bool happened, bool predicted)
{
	(void)verify_detect(j->log, VERIFY_JOINT_BACK, happened, predicted,
			    &(struct verify_what){ .ev = ev,
						   .number = number,
						   .order = VERIFY_NO_ORDER,
						   .type = MIGRATE_NR });
}
