/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs that come and go. The kernel's come with an mm_page_alloc, and at that moment it is decided
 * that a new one is needed; whose it is shows with its first object. They go with an mm_page_free
 * right behind the free that causes it, or after a grace period. What our allocator gives back is
 * kept in limbo until the kernel's page free is seen, or is known not to come.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_sheaf.h"
#include "slab_story.h"

static void end_overlapped(struct slab_judge *j, const struct slab_step *step);
static bool pass_over(struct slab_judge *j, struct slab_known *known, unsigned int source,
		      unsigned int cpu);
static bool is_used_soon(struct slab_judge *j, const struct slab_known *known);
static void judge_new(struct slab_judge *j, const struct slab_step *step,
		      const struct slab_known *known, const struct slab_next *next);
static void give_back_forced(struct slab_judge *j, const struct slab_step *step,
			     struct slab_known *known);
static bool gives_back(struct slab_judge *j, const struct slab_step *step, uint64_t pfn);
static bool leave_limbo(struct slab_judge *j, uint64_t pfn);
static unsigned int limbo_order(const struct slab_judge *j, uint64_t pfn);
static void compact_limbo(struct slab_judge *j);
static void judge_discard(struct slab_judge *j, const struct slab_step *step,
			  const struct slab_gone *gone);
static void compare_held(struct slab_judge *j);
static void end_all(struct slab_judge *j, const struct slab_step *step,
		    const struct slab_known *known);
static const struct slab_step *next_object_of(struct slab_judge *j, const struct slab_step *step);

void slab_follow_page_alloc(struct slab_judge *j, const struct slab_step *step)
{
	const struct event *ev = &step->ev;
	struct slab_known *known;
	struct slab_next next;
	uint32_t cache;

	if (step->op.fate == FATE_SKIPPED)
		return;
	end_overlapped(j, step);
	if (step->op.owner != OWNER_SLAB)
		return;
	cache = slab_judge_cache(j, step->op.cache, NULL);
	if (cache == SLAB_CACHE_NONE)
		return;
	if (slab_sheaf_has(j, cache)) {
		j->held_recorded += 1ULL << ev->page.order;
		if (j->free_run)
			slab_free_bought(j, cache, SLAB_NO_NUMBER, ev->page.order);
		slab_sheaf_bought(j, step, cache);
		return;
	}
	slab_peek(j->slab, cache, ev->cpu, -1, &next);
	if (next.addr)
		slab_pages_clear(j, cache, ev->cpu);
	known = slab_pages_buy(j, ev, cache, ev->page.pfn, ev->page.order);
	if (!known)
		return;
	known->predicted = next.source == SLAB_FROM_NEW;
	if (slab_silent_bulk_of(j, known->buyer))
		return;
	if (j->judged)
		judge_new(j, step, known, &next);
	if (!next_object_of(j, step)) {
		slab_aside(j, ASIDE_GROUND, "slabs whose first object is not seen", 1);
		slab_follow_install(j, known);
	}
}

void slab_follow_page_free(struct slab_judge *j, const struct slab_step *step)
{
	const struct event *ev = &step->ev;
	const uint32_t *index = u64map_find(&j->limbo_index, ev->page.pfn);
	struct slab_known *known;

	if (index) {
		struct slab_limbo *limbo = &j->limbo.items[*index];

		if (!limbo->flushed)
			judge_discard(j, step, &(struct slab_gone){ limbo->pfn, limbo->cache,
								    true, true });
		j->held_recorded -= 1ULL << limbo->order;
		(void)leave_limbo(j, ev->page.pfn);
		compare_held(j);
		return;
	}
	known = slab_known_at(j, j->offset + ev->page.pfn * KERNEL_PAGE_SIZE);
	if (!known || known->pfn != ev->page.pfn || known->order != ev->page.order)
		return;
	slab_silent_before_discard(j, step, known);
	if (u64map_find(&j->limbo_index, ev->page.pfn) || slab_flush_at(j, step, known)) {
		slab_follow_page_free(j, step);
		return;
	}
	give_back_forced(j, step, known);
}

void slab_pages_settle(struct slab_judge *j, const struct slab_step *step)
{
	for (size_t i = j->limbo.nr; i-- > 0 && j->limbo.items[i].by == j->now;) {
		struct slab_limbo limbo = j->limbo.items[i];

		if (!limbo.pfn || limbo.settled)
			continue;
		if (slab_cache_known(j, limbo.cache)->rcu || gives_back(j, step, limbo.pfn)) {
			j->limbo.items[i].settled = true;
			vec_push(&j->given_back, limbo.number);
			continue;
		}
		if (!limbo.flushed)
			judge_discard(j, step, &(struct slab_gone){ limbo.pfn, limbo.cache,
								    false, true });
		slab_pages_restore(j, &limbo);
	}
	compact_limbo(j);
	if (j->free_run)
		slab_free_settle(j, step, j->given_back.items, j->given_back.nr);
	vec_reset(&j->given_back);
}

void slab_pages_restore(struct slab_judge *j, const struct slab_limbo *limbo)
{
	const struct slab_limbo gone = *limbo;
	struct mm_outcome got;

	j->give_pfn = gone.pfn;
	j->give_order = gone.order;
	j->giving = true;
	got = slab_follow_new(j->slab, gone.cache, 0, -1, 0);
	j->giving = false;
	(void)leave_limbo(j, gone.pfn);
	if (!mm_ok(got))
		return;
	slab_known_add(j, gone.pfn, gone.order, gone.cache, false)->number = gone.number;
	(void)slab_follow_to_node(j->slab, got.addr, true);
}

void slab_pages_clear(struct slab_judge *j, uint32_t cache, unsigned int cpu)
{
	struct slab_next next;

	for (slab_peek(j->slab, cache, cpu, -1, &next); next.addr;
	     slab_peek(j->slab, cache, cpu, -1, &next)) {
		struct slab_known *known = slab_known_at(j, next.addr);

		if (!known || !pass_over(j, known, next.source, cpu))
			return;
	}
}

struct slab_known *slab_pages_buy(struct slab_judge *j, const struct event *ev, uint32_t cache,
				  uint64_t pfn, unsigned int order)
{
	const bool has_gfp = ev->type == EVENT_PAGE_ALLOC;
	struct slab_known *known;
	struct mm_outcome got;

	j->give_pfn = pfn;
	j->give_order = (uint8_t)order;
	j->giving = true;
	got = slab_follow_new(j->slab, cache, ev->cpu, -1, has_gfp ? ev->page.gfp : 0);
	j->giving = false;
	if (!mm_ok(got)) {
		slab_aside(j, ASIDE_EXCLUDED, "slabs of another order, or over other slabs", 1);
		return NULL;
	}
	known = slab_known_add(j, pfn, order, cache, true);
	slab_known_number(j, known);
	if (j->free_run)
		slab_free_bought(j, cache, known->number, order);
	known->loose = true;
	known->buyer = slab_context(ev);
	known->buyer_cpu = ev->cpu;
	j->held_recorded += 1ULL << order;
	compare_held(j);
	return known;
}

struct mm_outcome slab_follow_give_page(void *ctx, unsigned int cpu, uint32_t gfp,
					unsigned int order, int node, unsigned int context)
{
	struct slab_judge *j = ctx;

	(void)cpu, (void)gfp, (void)node, (void)context;
	if (j->refilling) {
		struct mm_outcome got = { 0 };

		if (!slab_sheaf_next_page(j, order, &got.addr))
			got.failure = MM_FAIL_NO_MEMORY;
		return got;
	}
	if (!j->giving || order != j->give_order)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY };
	return (struct mm_outcome){ .addr = j->give_pfn };
}

struct mm_outcome slab_follow_take_page(void *ctx, unsigned int cpu, uint64_t pfn,
					unsigned int order)
{
	struct slab_judge *j = ctx;
	struct slab_known *known = slab_known_at(j, j->offset + pfn * KERNEL_PAGE_SIZE);
	bool fresh;

	(void)cpu;
	if (!known)
		return (struct mm_outcome){ 0 };
	*u64map_insert(&j->limbo_index, pfn, &fresh) = (uint32_t)j->limbo.nr;
	vec_push(&j->limbo, (struct slab_limbo){
		.pfn = pfn,
		.by = j->now,
		.number = known->number,
		.cache = known->cache,
		.order = (uint8_t)order,
	});
	j->limbo_pages += 1ULL << order;
	slab_known_remove(j, known);
	return (struct mm_outcome){ 0 };
}

/* Slabs that lie where pages are allocated now went unseen. */
static void end_overlapped(struct slab_judge *j, const struct slab_step *step)
{
	const uint64_t first = step->ev.page.pfn;

	for (uint64_t i = 0; i < 1ULL << MIN(step->ev.page.order, (uint8_t)KERNEL_MAX_ORDER); i++) {
		struct slab_known *known =
			slab_known_at(j, j->offset + (first + i) * KERNEL_PAGE_SIZE);
		const uint64_t pfn = known ? known->pfn : first + i;
		const unsigned int order = known ? known->order : limbo_order(j, pfn);

		if (known) {
			slab_aside(j, ASIDE_GROUND, "slabs whose pages went unseen", 1);
			if (j->free_run)
				end_all(j, step, known);
			(void)slab_follow_discard(j->slab, step->ev.cpu,
						  slab_known_addr(j, known, 0));
		}
		if (leave_limbo(j, pfn) || known)
			j->held_recorded -= MIN(j->held_recorded, 1ULL << order);
	}
}

/*
 * False: it may be only a moment's, or the slab was wanted on another CPU, where the task was when
 * it found nothing (new_slab() lets it be moved).
 */
static bool pass_over(struct slab_judge *j, struct slab_known *known, unsigned int source,
		      unsigned int cpu)
{
	const struct slab_known slab = *known;

	if (++known->passed < 2 && source != SLAB_FROM_CPU)
		return false;
	/* Where nothing tells of bulk requests, they may have been taken and come back. */
	if (j->bulk_told && is_used_soon(j, &slab))
		return false;
	slab_aside(j, ASIDE_GROUND, "slabs whose objects must have been allocated unseen", 1);
	memset(known->slots, 0, known->objects);
	for (uint16_t i = 0; i < slab.objects; i++) {
		const uint64_t addr = slab_known_addr(j, &slab, i);

		if (slab_follow_take(j->slab, addr) && j->free_run)
			slab_silent_run(j, slab.cache, cpu, addr);
	}
	return true;
}

/* A free object of the slab is given out soon: so it is free. */
static bool is_used_soon(struct slab_judge *j, const struct slab_known *known)
{
	const uint64_t first = slab_recorded(j, slab_known_addr(j, known, 0));
	const uint64_t size = (uint64_t)KERNEL_PAGE_SIZE << known->order;

	for (uint64_t i = j->now + 1; i < j->tail; i++) {
		const struct slab_step *next = slab_judge_step(j, i);

		if (next->ev.type > EVENT_CACHE_FREE || next->ev.slab.ptr - first >= size ||
		    slab_is_live(j->slab, slab_ours(j, next->ev.slab.ptr)))
			continue;
		return next->op.call == CALL_KMALLOC || next->op.call == CALL_CACHE_ALLOC;
	}
	return false;
}

static void judge_new(struct slab_judge *j, const struct slab_step *step,
		      const struct slab_known *known, const struct slab_next *next)
{
	const struct verify_what what = {
		.ev = &step->ev,
		.number = step->number,
		.cache = step->op.cache,
		.order = (int8_t)known->order,
		.type = MIGRATE_NR,
		.path = slab_source_name((enum slab_source)next->source),
	};
	struct verify_story *story =
		verify_detect(j->log, VERIFY_SLAB_NEW, true, known->predicted, &what);

	if (unlikely(story))
		slab_story_new(j, story, known->cache, step->ev.cpu, next);
}

/* The kernel gives a slab back that we would keep. */
static void give_back_forced(struct slab_judge *j, const struct slab_step *step,
			     struct slab_known *known)
{
	const uint64_t number = known->number;
	const uint64_t pfn = known->pfn;

	judge_discard(j, step, &(struct slab_gone){ pfn, known->cache, true, false });
	if (j->free_run)
		end_all(j, step, known);
	if (slab_follow_discard(j->slab, step->ev.cpu, slab_known_addr(j, known, 0)))
		slab_aside(j, ASIDE_GROUND, "slabs given back with objects freed unseen", 1);
	/* The allocator's own giving back is no news. */
	(void)leave_limbo(j, pfn);
	j->held_recorded -= MIN(j->held_recorded, 1ULL << step->ev.page.order);
	if (j->free_run)
		slab_free_settle(j, step, &number, 1);
	compare_held(j);
}

/* The page's free follows "step" in its context, perhaps behind others. */
static bool gives_back(struct slab_judge *j, const struct slab_step *step, uint64_t pfn)
{
	enum { MAX_EVENTS = SLAB_WINDOW / 2 };
	uint64_t number = step->next;

	for (unsigned int i = 0; i < MAX_EVENTS && number && number < j->tail; i++) {
		const struct slab_step *next = slab_judge_step(j, number);

		switch (next->ev.type) {
		case EVENT_PAGE_FREE:
			if (next->ev.page.pfn == pfn)
				return true;
			break;
		case EVENT_KFREE:
		case EVENT_PCPU_DRAIN:
		case EVENT_MARK:
			break;
		default:
			return false;
		}
		number = next->next;
	}
	return false;
}

static bool leave_limbo(struct slab_judge *j, uint64_t pfn)
{
	const uint32_t *index = u64map_find(&j->limbo_index, pfn);

	if (!index)
		return false;
	j->limbo_pages -= 1ULL << j->limbo.items[*index].order;
	j->limbo.items[*index] = (struct slab_limbo){ 0 };
	u64map_remove(&j->limbo_index, pfn);
	return true;
}

static unsigned int limbo_order(const struct slab_judge *j, uint64_t pfn)
{
	const uint32_t *index = u64map_find(&j->limbo_index, pfn);

	return index ? j->limbo.items[*index].order : 0;
}

/* Slabs of RCU caches may wait long: the dead between them must not pile up. */
static void compact_limbo(struct slab_judge *j)
{
	size_t kept = 0;

	while (j->limbo.nr && !j->limbo.items[j->limbo.nr - 1].pfn)
		j->limbo.nr--;
	if (j->limbo.nr < 64 || j->limbo.nr < 2 * j->limbo_index.nr)
		return;
	vec_foreach(&j->limbo, limbo) {
		if (!limbo->pfn)
			continue;
		*u64map_find(&j->limbo_index, limbo->pfn) = (uint32_t)kept;
		j->limbo.items[kept++] = *limbo;
	}
	j->limbo.nr = kept;
}

static void judge_discard(struct slab_judge *j, const struct slab_step *step,
			  const struct slab_gone *gone)
{
	const struct verify_what what = {
		.ev = &step->ev,
		.number = step->number,
		.cache = slab_cache_known(j, gone->cache)->origin,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
	};

	if (!j->judged)
		return;
	slab_story_discard(j, verify_detect(j->log, VERIFY_SLAB_DISCARD, gone->happened,
					    gone->predicted, &what), gone, step->ev.cpu);
	if (gone->happened)
		slab_story_discard(j, verify_judge(j->log, VERIFY_SLAB_DISCARD_SAME,
						   gone->predicted, &what), gone, step->ev.cpu);
}

/* Pages that wait for a grace period are held by both, or, free-running, by none. */
static void compare_held(struct slab_judge *j)
{
	struct verify_count *count = &j->log->counts[VERIFY_SLAB_HELD];
	const uint64_t waiting = j->free_run ? j->limbo_pages : 0;
	const uint64_t recorded = j->held_recorded - MIN(waiting, j->held_recorded);
	const uint64_t ours = j->free_run ? slab_free_pages(j) :
					    slab_pages_held(j->slab) + j->limbo_pages;
	const uint64_t off = ours > recorded ? ours - recorded : recorded - ours;

	count->all += recorded;
	count->right += recorded - MIN(off, recorded);
}

/* Whatever is live in the slab ends with it. */
static void end_all(struct slab_judge *j, const struct slab_step *step,
		    const struct slab_known *known)
{
	for (uint16_t i = 0; i < known->objects; i++)
		slab_free_free(j, step, step->ev.cpu, slab_known_addr(j, known, i), false);
}

/* The event that shows the first object of the slab that "step" brings, in its own context. */
static const struct slab_step *next_object_of(struct slab_judge *j, const struct slab_step *step)
{
	enum { MAX_EVENTS = 16 };
	const uint64_t first = step->ev.page.pfn * KERNEL_PAGE_SIZE + j->base;
	const uint64_t size = (uint64_t)KERNEL_PAGE_SIZE << step->ev.page.order;
	uint64_t number = step->next;

	for (unsigned int i = 0; i < MAX_EVENTS && number && number < j->tail; i++) {
		const struct slab_step *next = slab_judge_step(j, number);

		if (next->ev.type <= EVENT_CACHE_ALLOC_NODE && next->ev.type != EVENT_KFREE &&
		    next->ev.slab.ptr - first < size)
			return next;
		number = next->next;
	}
	return NULL;
}
