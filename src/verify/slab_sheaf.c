/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following caches with sheaves (7.0+). Slabs are bought for a whole sheaf at once, and the objects
 * of a sheaf come out in reverse; the first slabs of a refill may not be seen in an object event
 * for a long time. So pages wait until the allocation that the refill was made for.
 *
 * kfree_rcu() fills sheaves without any event. They come back whole, to the barn, and are handed
 * out from their top: where a run of objects begins that nobody was seen to free, it is such a
 * sheaf.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_look.h"
#include "slab_sheaf.h"
#include "slab_story.h"

#include "kmreplay/abi/gfp.h"

/* GFP_NOWAIT */
#define PREFILLED_GFP (GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN)

/* What a call site showed so often is believed against what it shows now. */
enum { SURE = 4 };

/* Pages that wait for their refills at once: those of more CPUs than a sane recording has. */
enum { MAX_BOUGHT = 1024 };

static bool will_refill(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
static bool was_taken(const struct slab_judge *j, uint64_t addr, bool enough);
static bool is_alike(struct slab_judge *j, const struct slab_known *virgin, uint64_t other);
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot);
static void take_unseen(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t addr);
static void add_slab(struct slab_judge *j, const struct slab_bought *bought);
static void drop_bought(struct slab_judge *j, uint64_t context, uint32_t cache, bool *predicted);

bool slab_sheaf_has(const struct slab_judge *j, uint32_t cache)
{
	return slab_cache_geometry(j->slab, cache)->sheaf_capacity != 0;
}

void slab_sheaf_bought(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	struct slab_bought bought = {
		.context = slab_context(&step->ev),
		.pfn = step->ev.page.pfn,
		.cache = cache,
		.order = step->ev.page.order,
	};
	struct slab_next next;
	uint32_t nr = 0;

	vec_foreach(&j->bought, other)
		nr += other->context == bought.context && other->cache == cache;
	slab_peek(j->slab, cache, step->ev.cpu, -1, &next);
	bought.predicted = nr < slab_follow_sheaf_wants(j->slab, cache, step->ev.cpu);
	if (j->judged) {
		const struct verify_what what = {
			.ev = &step->ev,
			.number = step->number,
			.cache = step->op.cache,
			.order = (int8_t)bought.order,
			.type = MIGRATE_NR,
			.path = slab_source_name((enum slab_source)next.source),
		};
		struct verify_story *story = verify_detect(j->log, VERIFY_SLAB_NEW, true,
							   bought.predicted, &what);

		if (unlikely(story))
			slab_story_new(j, story, cache, step->ev.cpu, &next);
	}
	if (j->bought.nr < MAX_BOUGHT && (will_refill(j, step, cache) ||
					  slab_silent_bulk_of(j, bought.context)))
		vec_push(&j->bought, bought);
	else
		add_slab(j, &bought);
}

enum slab_way slab_sheaf_way(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	const uint32_t site = step->ev.site;
	struct slab_next next;
	uint32_t owner;

	/* mas_pop_node() asks so, whoever prefilled. */
	if (slab_cache_known(j, cache)->prefills && step->ev.slab.gfp == PREFILLED_GFP &&
	    site < j->prefills.nr && j->prefills.items[site] > 0) {
		slab_peek_prefilled(j->slab, cache, step->ev.cpu, &next);
		return next.source == SLAB_FROM_SPARE ? SLAB_WAY_PREFILLED : SLAB_WAY_USUAL;
	}
	if (!slab_cache_known(j, cache)->kmalloc)
		return SLAB_WAY_USUAL;
	owner = slab_flush_sheaf_for(j, step);
	return owner != SLAB_CACHE_NONE && slab_cache_known(j, owner)->kmalloc ?
		       SLAB_WAY_FOR_SHEAF :
		       SLAB_WAY_USUAL;
}

void slab_sheaf_peek(const struct slab_allocator *slab, enum slab_way way, uint32_t cache,
		     unsigned int cpu, int node, struct slab_next *next)
{
	switch (way) {
	case SLAB_WAY_USUAL:
		slab_peek(slab, cache, cpu, node, next);
		break;
	case SLAB_WAY_PREFILLED:
		slab_peek_prefilled(slab, cache, cpu, next);
		break;
	case SLAB_WAY_FOR_SHEAF:
		slab_peek_for_sheaf(slab, cache, cpu, next);
		break;
	}
}

struct mm_outcome slab_sheaf_call(struct slab_allocator *slab, enum slab_way way,
				  const struct slab_step *step, uint32_t cache, unsigned int cpu)
{
	const uint32_t gfp = step->ev.slab.gfp;

	switch (way) {
	case SLAB_WAY_PREFILLED:
		return slab_alloc_prefilled(slab, cache, cpu, gfp);
	case SLAB_WAY_FOR_SHEAF:
		return slab_alloc_for_sheaf(slab, cache, cpu, gfp);
	case SLAB_WAY_USUAL:
		break;
	}
	return slab_alloc(slab, cache, cpu, step->ev.slab.node, gfp, 0);
}

void slab_sheaf_learn(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
		      uint64_t addr)
{
	struct slab_next usual, prefilled;
	int8_t *at;

	if (!slab_cache_known(j, cache)->prefills || step->ev.slab.gfp != PREFILLED_GFP)
		return;
	slab_peek(j->slab, cache, step->ev.cpu, -1, &usual);
	slab_peek_prefilled(j->slab, cache, step->ev.cpu, &prefilled);
	if ((usual.addr == addr) == (prefilled.addr == addr))
		return;
	vec_extend_zeroed(&j->prefills, (size_t)step->ev.site + 1);
	at = &j->prefills.items[step->ev.site];
	*at = (int8_t)(prefilled.addr == addr ? MIN(*at + 1, SURE) : MAX(*at - 1, -SURE));
}

uint32_t slab_sheaf_refill(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			   enum slab_way *way, bool *predicted)
{
	const uint64_t context = slab_context(&step->ev);
	const unsigned int cpu = step->ev.cpu;
	uint32_t nr = 0, wanted;

	vec_foreach(&j->bought, bought)
		nr += bought->context == context && bought->cache == cache;
	if (!nr)
		return 0;
	wanted = slab_follow_sheaf_wants(j->slab, cache, cpu);
	/* What has objects in its main sheaf buys for another one. */
	if (!wanted && slab_cache_known(j, cache)->prefills && step->ev.slab.gfp == PREFILLED_GFP) {
		vec_extend_zeroed(&j->prefills, (size_t)step->ev.site + 1);
		j->prefills.items[step->ev.site] = SURE;
		*way = SLAB_WAY_PREFILLED;
	}
	for (uint32_t i = nr; j->judged && *way == SLAB_WAY_USUAL && i < wanted; i++)
		(void)verify_detect(j->log, VERIFY_SLAB_NEW, false, true,
				    &(struct verify_what){ .ev = &step->ev,
							   .number = step->number,
							   .cache = step->op.cache,
							   .order = VERIFY_NO_ORDER,
							   .type = MIGRATE_NR,
							   .path = "too many" });
	j->refilling = context + 1;
	j->refill_cache = cache;
	if (*way == SLAB_WAY_PREFILLED)
		slab_follow_sheaf_prefill(j->slab, cache, cpu, step->ev.slab.gfp);
	else if (*way == SLAB_WAY_USUAL || slab_follow_sheaf_at(j->slab, cache, cpu, 0))
		slab_follow_sheaf_refill(j->slab, cache, cpu, step->ev.slab.gfp, nr);
	j->refilling = 0;
	drop_bought(j, context, cache, predicted);
	return nr;
}

bool slab_sheaf_next_page(struct slab_judge *j, unsigned int order, uint64_t *pfn)
{
	vec_foreach(&j->bought, bought) {
		if (bought->context + 1 != j->refilling || bought->cache != j->refill_cache ||
		    bought->order != order || bought->used)
			continue;
		if (!slab_known_fits(j, bought->pfn, order))
			continue;
		bought->used = true;
		*pfn = bought->pfn;
		slab_known_number(j, slab_known_add(j, *pfn, order, bought->cache, true));
		return true;
	}
	return false;
}

void slab_sheaf_before_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			     uint64_t addr)
{
	const unsigned int cpu = step->ev.cpu;
	bool all = true; /* so none comes later: what is not heard of again was taken, too */
	uint32_t depth = 0;
	uint64_t other;
	struct slab_known *known = slab_known_at(j, addr);
	const bool virgin = known->slots[slab_known_slot(j, known, addr)] & SLOT_VIRGIN;

	if (!verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	for (; (other = slab_follow_sheaf_at(j->slab, cache, cpu, depth)) != addr; depth++) {
		if (!other)
			return;
		all &= is_alike(j, virgin ? known : NULL, other) || was_taken(j, other, true);
	}
	while (depth-- > 0) {
		other = slab_follow_sheaf_at(j->slab, cache, cpu, depth);
		if (!is_alike(j, virgin ? known : NULL, other) && was_taken(j, other, all))
			take_unseen(j, cache, cpu, other);
	}
}

void slab_sheaf_taken(struct slab_judge *j, struct slab_known *known, uint16_t slot,
		      unsigned int cpu, enum slab_way way)
{
	/* Parts of one slab in sheaves of two CPUs come out side by side. */
	if (known->buyer_cpu != cpu || way == SLAB_WAY_FOR_SHEAF)
		known->last = SLAB_NO_SLOT;
	known->buyer_cpu = (uint16_t)cpu;
	slab_known_taken(j, known, slot, passed_over);
	if (way == SLAB_WAY_FOR_SHEAF)
		known->last = SLAB_NO_SLOT;
}

void slab_sheaf_correct(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			enum slab_way *way, uint64_t addr)
{
	struct slab_cache_known *known = slab_cache_known(j, cache);
	const unsigned int cpu = step->ev.cpu;
	struct slab_next next;

	slab_sheaf_peek(j->slab, *way, cache, cpu, step->ev.slab.node, &next);
	if (next.addr == addr ||
	    (*way == SLAB_WAY_PREFILLED && slab_follow_sheaf_spare(j->slab, cpu, addr)))
		return;
	/* One object, off the slab at the head of the list. */
	if (*way == SLAB_WAY_FOR_SHEAF && next.source != SLAB_FROM_CPU &&
	    slab_follow_first(j->slab, addr)) {
		if (slab_known_at(j, next.addr) != slab_known_at(j, addr))
			(void)slab_follow_to_node(j->slab, addr, false);
		return;
	}
	*way = SLAB_WAY_USUAL;
	slab_peek(j->slab, cache, cpu, step->ev.slab.node, &next);
	if (next.addr == addr)
		return;
	/* What would be the next sheaf becomes the main one: an allocation that is taken back. */
	if (next.source != SLAB_FROM_CPU && next.addr) {
		const struct mm_outcome got =
			slab_alloc(j->slab, cache, cpu, -1, step->ev.slab.gfp, 0);

		if (mm_ok(got))
			(void)slab_follow_sheaf_push(j->slab, cpu, got.addr);
	}
	/* An object that was passed over before is not where we think: it waits for last. */
	slab_peek(j->slab, cache, cpu, -1, &next);
	if (next.addr && slab_known_at(j, next.addr) != slab_known_at(j, addr)) {
		if (next.addr == known->passed_over)
			slab_follow_sheaf_last(j->slab, cache, cpu);
		known->passed_over = next.addr;
	}
	(void)slab_follow_sheaf_first(j->slab, cpu, addr);
}

bool slab_sheaf_freed_unseen(const struct slab_judge *j, const struct slab_step *step)
{
	return step->op.kind == REPAIR_UNSEEN_FREE ||
	       slab_look_freed_unseen(j->look, step->ev.slab.ptr);
}

bool slab_sheaf_from_rcu(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			 uint64_t addr)
{
	const uint32_t capacity = slab_cache_geometry(j->slab, cache)->sheaf_capacity;
	const uint64_t end = MIN(j->tail, step->number + SLAB_WINDOW);
	struct vec(uint64_t) run = { 0 };
	uint32_t depth = 0;

	vec_push(&run, addr);
	for (uint64_t i = step->number + 1; i < end && run.nr < capacity; i++) {
		const struct slab_step *next = slab_judge_step(j, i);
		const uint64_t other = slab_ours(j, next->ev.slab.ptr);

		if (next->ev.cpu != step->ev.cpu || next->op.cache != step->op.cache)
			continue;
		if (next->op.call == CALL_OBJ_FREE) {
			depth++;
		} else if (next->op.call == CALL_CACHE_ALLOC || next->op.call == CALL_KMALLOC) {
			if (depth) {
				depth--;
				continue;
			}
			if (!slab_is_live(j->slab, other) || !slab_sheaf_freed_unseen(j, next))
				break;
			vec_push(&run, other);
		}
	}
	for (size_t i = run.nr; i-- > 0;) {
		const struct slab_known *known = slab_known_at(j, run.items[i]);

		if (!known || known->cache != cache ||
		    !slab_follow_sheaf_push(j->slab, step->ev.cpu, run.items[i]))
			continue;
		slab_silent_gone(j, run.items[i]);
		if (j->free_run)
			slab_free_free(j, step, step->ev.cpu, run.items[i], false);
	}
	vec_deinit(&run);
	return true;
}

/* What is heard of it next is its free; or nothing, if that is "enough". */
static bool was_taken(const struct slab_judge *j, uint64_t addr, bool enough)
{
	const uint64_t ptr = slab_recorded(j, addr);

	return slab_look_taken_unseen(j->look, ptr, j->now) ||
	       (enough && slab_look_is_last(j->look, ptr, j->now));
}

/* Both are new in "virgin", and which of them lies above is not known. */
static bool is_alike(struct slab_judge *j, const struct slab_known *virgin, uint64_t other)
{
	return virgin && slab_known_at(j, other) == virgin &&
	       virgin->slots[slab_known_slot(j, virgin, other)] & SLOT_VIRGIN;
}

/* By the order of the slab it should have come before. */
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot)
{
	const uint64_t addr = slab_known_addr(j, known, slot);

	if (was_taken(j, addr, true) && verify_is_given(&j->setup, GIVEN_SILENT))
		take_unseen(j, known->cache, known->buyer_cpu, addr);
}

static bool is_alike(struct slab_judge *j, const struct slab_known *virgin, uint64_t other);
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot);
static void take_unseen(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t addr)
{
	struct slab_known *known = slab_known_at(j, addr);

	if (!slab_follow_sheaf_take(j->slab, addr))
		return;
	known->slots[slab_known_slot(j, known, addr)] = 0;
	if (j->free_run)
		slab_silent_run(j, cache, cpu, addr);
	slab_aside(j, ASIDE_GROUND, "objects allocated unseen, from above what came next", 1);
}

/* The next object event of the context is an allocation from the same cache. */
static bool will_refill(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	enum { MAX_EVENTS = SLAB_WINDOW / 2 };
	uint64_t number = step->next;

	for (unsigned int i = 0; i < MAX_EVENTS && number && number < j->tail; i++) {
		const struct slab_step *next = slab_judge_step(j, number);

		if (next->op.call == CALL_KMALLOC || next->op.call == CALL_CACHE_ALLOC)
			return next->op.fate != FATE_SKIPPED &&
			       slab_judge_cache(j, next->op.cache, &next->ev) == cache;
		if (next->op.call == CALL_OBJ_FREE)
			return false;
		number = next->next;
	}
	return false;
}

/* Bought for nothing that is seen: it stands on its node's list. */
static void add_slab(struct slab_judge *j, const struct slab_bought *bought)
{
	struct mm_outcome got;

	j->give_pfn = bought->pfn;
	j->give_order = bought->order;
	j->giving = true;
	got = slab_follow_new(j->slab, bought->cache, 0, -1, 0);
	j->giving = false;
	if (!mm_ok(got))
		return;
	slab_known_number(j, slab_known_add(j, bought->pfn, bought->order, bought->cache, true));
	(void)slab_follow_to_node(j->slab, got.addr, false);
}

/* Takes what "context" bought for "cache" off the list; what the refill left makes slabs, too. */
static void drop_bought(struct slab_judge *j, uint64_t context, uint32_t cache, bool *predicted)
{
	size_t kept = 0;

	*predicted = true;
	for (size_t i = 0; i < j->bought.nr; i++) {
		const struct slab_bought bought = j->bought.items[i];

		if (bought.context != context || bought.cache != cache) {
			j->bought.items[kept++] = bought;
			continue;
		}
		*predicted &= bought.predicted;
		if (!bought.used)
			add_slab(j, &bought);
	}
	j->bought.nr = kept;
}
