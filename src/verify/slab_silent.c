/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests without object events: kmem_cache_alloc_bulk(), kmem_cache_free_bulk(), kfree_bulk(), as
 * far as probes recorded them. A probe tells how many objects are taken, not which: those on the
 * lists are, as the allocator's rules have it, and where the list is virgin and its order not yet
 * known, any. Later events put that right.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_look.h"

/* More open calls than CPUs and tasks can have in a sane recording are forgotten. */
enum { MAX_BULKS = 256 };

struct slab_addrs vec(uint64_t);

static bool page_of(struct slab_judge *j, const struct slab_step *step, uint64_t *pfn,
		    unsigned int *order);
static bool take_unseen(struct slab_judge *j, uint64_t addr);
static bool take_unseen_of(struct slab_judge *j, const struct slab_known *known);
static void free_batch(struct slab_judge *j, const struct slab_step *step, uint64_t addr);
static void add_pointers(struct slab_judge *j, const struct slab_step *step,
			 struct slab_addrs *addrs);
static void complete_batch(struct slab_judge *j, const struct slab_step *step, uint32_t nr,
			   struct slab_addrs *addrs);
static uint32_t note_head(const struct slab_judge *j, uint32_t *heads, uint32_t nr, uint32_t index);
static uint32_t next_ended(const struct slab_judge *j, uint32_t index, bool alone);
static void take_one(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t context);
static struct slab_known *bought_by(struct slab_judge *j, uint32_t cache, uint64_t context);
static uint32_t cache_named(struct slab_judge *j, uint32_t name);

void slab_silent_bulk_alloc(struct slab_judge *j, const struct slab_step *step)
{
	const uint64_t context = slab_context(&step->ev);
	struct slab_bulk *bulk = slab_silent_bulk_of(j, context);
	uint32_t cache = cache_named(j, step->ev.probe.name);

	if (!verify_is_given(&j->setup, GIVEN_BULK))
		return;
	j->bulk_told = true;
	if (!bulk && j->bulks.nr < MAX_BULKS) {
		vec_push(&j->bulks, (struct slab_bulk){ 0 });
		bulk = &j->bulks.items[j->bulks.nr - 1];
	}
	if (!bulk)
		return;
	*bulk = (struct slab_bulk){
		.context = context, .cache = cache, .nr = step->ev.probe.nr, .at = step->number
	};
}

void slab_silent_bulk_ret(struct slab_judge *j, const struct slab_step *step)
{
	const uint64_t context = slab_context(&step->ev);
	struct slab_bulk *found = slab_silent_bulk_of(j, context);
	struct slab_bulk bulk;

	if (!found)
		return;
	bulk = *found;
	*found = j->bulks.items[--j->bulks.nr];
	if (bulk.cache == SLAB_CACHE_NONE)
		return;
	for (uint32_t i = 0; i < MIN(step->ev.probe.nr, bulk.nr); i++)
		take_one(j, bulk.cache, step->ev.cpu, context);
	slab_aside(j, ASIDE_GROUND, "objects allocated in bulk", MIN(step->ev.probe.nr, bulk.nr));
}

void slab_silent_bulk_free(struct slab_judge *j, const struct slab_step *step)
{
	struct slab_addrs addrs = { 0 };
	uint32_t nr = step->ev.bulk.nr;

	if (!verify_is_given(&j->setup, GIVEN_BULK) || !step->nr_ptrs)
		return;
	if (nr > step->nr_ptrs && verify_is_given(&j->setup, GIVEN_SILENT))
		complete_batch(j, step, nr, &addrs);
	else
		add_pointers(j, step, &addrs);
	slab_aside(j, ASIDE_GROUND, "objects freed in bulk", addrs.nr);
	slab_follow_free_bulk(j, step, addrs.nr, addrs.items);
	vec_deinit(&addrs);
}

void slab_silent_before_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			      uint64_t addr)
{
	enum { MAX_UNSEEN = 64 };
	struct slab_next next;

	if (!verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	if (slab_is_live(j->slab, addr))
		free_batch(j, step, addr);
	/* Where probes tell how many were taken, they were taken then. */
	for (unsigned int i = 0; i < MAX_UNSEEN && !j->bulk_told; i++) {
		const uint64_t expected = slab_follow_expected(j, cache, step->ev.cpu,
							       step->ev.slab.node);
		const struct slab_known *known;

		slab_peek(j->slab, cache, step->ev.cpu, step->ev.slab.node, &next);
		known = next.addr ? slab_known_at(j, next.addr) : NULL;
		if (!known || expected == addr)
			return;
		if (expected ? !take_unseen(j, expected) :
			       known == slab_known_at(j, addr) || !take_unseen_of(j, known))
			return;
	}
}

void slab_silent_after_alloc(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	struct slab_next next;

	if (j->bulk_told || !verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	do {
		slab_peek(j->slab, cache, step->ev.cpu, -1, &next);
	} while (next.addr && next.source == SLAB_FROM_CPU && take_unseen(j, next.addr));
}

bool slab_silent_slab(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
		      uint64_t addr)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, cache);
	struct slab_known *known;
	unsigned int order;
	uint64_t pfn;

	if (addr < j->offset || !j->setup.slabs || !j->setup.slabs->known ||
	    !verify_is_given(&j->setup, GIVEN_START) || !verify_is_given(&j->setup, GIVEN_SILENT))
		return false;
	pfn = slab_pfn(j, addr);
	if (!page_of(j, step, &pfn, &order)) {
		order = geometry->order;
		pfn &= ~((1ULL << order) - 1);
	}
	if (u64map_find(&j->limbo_index, pfn) || !slab_known_fits(j, pfn, order))
		return false;
	slab_pages_clear(j, cache, step->ev.cpu);
	known = slab_pages_buy(j, &step->ev, cache, pfn, order);
	if (!known)
		return false;
	slab_follow_install(j, known);
	slab_aside(j, ASIDE_GROUND, "slabs bought without an event", 1);
	return true;
}

void slab_silent_before_discard(struct slab_judge *j, const struct slab_step *step,
				const struct slab_known *known)
{
	uint32_t last = 0;

	if (!verify_is_given(&j->setup, GIVEN_SILENT))
		return;
	for (uint16_t i = 0; i < known->objects; i++) {
		const uint32_t *found =
			u64map_find(&j->silent_index, slab_known_addr(j, known, i));

		if (found && (!last || j->silent.items[*found].event > j->silent.items[last].event))
			last = *found;
	}
	if (last)
		free_batch(j, step, j->silent.items[last].addr);
}

void slab_silent_run(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t addr)
{
	const struct slab_free_request rq = {
		.step = slab_judge_step(j, j->now),
		.cache = cache,
		.cpu = cpu,
		.node = -1,
		.addr = addr,
		.unseen = true,
	};

	slab_free_alloc(j, &rq, SLAB_NO_NUMBER, 0);
}

void slab_silent_born(struct slab_judge *j, const struct slab_step *step, uint64_t addr)
{
	const uint64_t key = (uint64_t)step->ev.site << 32 |
			     (uint64_t)step->op.cache % (1U << 20) << 12 |
			     step->ev.cpu % (1U << 12);
	const enum slab_end end = slab_look_end(j->look, step->number, step->ev.site);
	struct slab_silent *object;
	uint32_t index, *queue;
	bool fresh;

	if (likely(end == SLAB_END_SEEN))
		return;
	slab_silent_gone(j, addr);
	queue = u64map_insert(&j->queue_index, key, &fresh);
	if (fresh) {
		*queue = (uint32_t)j->queues.nr;
		vec_push(&j->queues, (struct slab_silent_queue){ 0 });
	}
	if (j->silent_free.nr) {
		index = j->silent_free.items[--j->silent_free.nr];
	} else {
		/* 0 ends lists. */
		vec_extend_zeroed(&j->silent, 1);
		index = (uint32_t)j->silent.nr;
		vec_push(&j->silent, (struct slab_silent){ 0 });
	}
	object = &j->silent.items[index];
	*object = (struct slab_silent){
		.addr = addr,
		.event = step->number,
		.queue = *queue,
		.proved = end == SLAB_END_SILENT,
		.prev = j->queues.items[*queue].last,
	};
	if (object->prev)
		j->silent.items[object->prev].next = index;
	else
		j->queues.items[*queue].first = index;
	j->queues.items[*queue].last = index;
	*u64map_insert(&j->silent_index, addr, &fresh) = index;
}

void slab_silent_gone(struct slab_judge *j, uint64_t addr)
{
	const uint32_t *found = j->silent_index.nr ? u64map_find(&j->silent_index, addr) : NULL;
	struct slab_silent_queue *queue;
	struct slab_silent *object;

	if (likely(!found))
		return;
	object = &j->silent.items[*found];
	queue = &j->queues.items[object->queue];
	if (object->prev)
		j->silent.items[object->prev].next = object->next;
	else
		queue->first = object->next;
	if (object->next)
		j->silent.items[object->next].prev = object->prev;
	else
		queue->last = object->prev;
	vec_push(&j->silent_free, *found);
	u64map_remove(&j->silent_index, addr);
}

struct slab_bulk *slab_silent_bulk_of(struct slab_judge *j, uint64_t context)
{
	vec_foreach(&j->bulks, bulk) {
		if (bulk->context == context)
			return bulk;
	}
	return NULL;
}

/* There was an event not long ago, which could as well have been about something else. */
static bool page_of(struct slab_judge *j, const struct slab_step *step, uint64_t *pfn,
		    unsigned int *order)
{
	for (uint64_t i = 1; i < SLAB_WINDOW && i <= step->number; i++) {
		const struct slab_step *before = slab_judge_step(j, step->number - i);
		const struct event *ev = &before->ev;

		if ((ev->type != EVENT_PAGE_ALLOC && ev->type != EVENT_PAGE_FREE) ||
		    ev->page.order > KERNEL_MAX_ORDER ||
		    *pfn - ev->page.pfn >= 1ULL << ev->page.order)
			continue;
		if (ev->type == EVENT_PAGE_FREE)
			return false;
		*pfn = ev->page.pfn;
		*order = ev->page.order;
		return true;
	}
	return false;
}

/* The free object at "addr" is freed next: so it is not free. */
static bool take_unseen(struct slab_judge *j, uint64_t addr)
{
	struct slab_known *known = slab_known_at(j, addr);

	if (!slab_look_taken_unseen(j->look, slab_recorded(j, addr), j->now) ||
	    !slab_follow_take(j->slab, addr))
		return false;
	known->slots[slab_known_slot(j, known, addr)] = 0;
	if (j->free_run)
		slab_silent_run(j, known->cache, slab_judge_step(j, j->now)->ev.cpu, addr);
	slab_aside(j, ASIDE_GROUND, "objects allocated unseen, by their free ahead", 1);
	return true;
}

/* The same for all objects of a slab; true: there was one. */
static bool take_unseen_of(struct slab_judge *j, const struct slab_known *known)
{
	bool any = false;

	for (uint16_t i = 0; i < known->objects; i++) {
		const uint64_t addr = slab_known_addr(j, known, i);

		if (!slab_is_live(j->slab, addr))
			any |= take_unseen(j, addr);
	}
	return any;
}

/*
 * The object at "addr", live for all we know, was freed without an event, and a batch of
 * kfree_rcu() is not freed one by one: what was allocated at the same place before it went with it.
 */
static void free_batch(struct slab_judge *j, const struct slab_step *step, uint64_t addr)
{
	const uint32_t *found = u64map_find(&j->silent_index, addr);
	struct slab_addrs addrs = { 0 };
	uint32_t at;

	if (!found)
		return;
	for (at = j->queues.items[j->silent.items[*found].queue].first; at != *found;
	     at = j->silent.items[at].next) {
		if (j->silent.items[at].proved)
			vec_push(&addrs, j->silent.items[at].addr);
	}
	vec_push(&addrs, addr);
	slab_aside(j, ASIDE_GROUND, "objects freed unseen, found by their call site", addrs.nr);
	slab_follow_free_bulk(j, step, addrs.nr, addrs.items);
	vec_deinit(&addrs);
}

static void add_pointers(struct slab_judge *j, const struct slab_step *step,
			 struct slab_addrs *addrs)
{
	for (uint32_t i = 0; i < step->nr_ptrs; i++)
		vec_push(addrs, slab_ours(j, j->bulk_ptrs.items[step->ptrs + i]));
}

/*
 * A batch of kfree_rcu() is kept by a CPU in the order of the calls, and who calls it so often does
 * so at one place for objects that were allocated at one place, one after the other. So the rest of
 * a batch is what that place allocated next and no event frees.
 */
static void complete_batch(struct slab_judge *j, const struct slab_step *step, uint32_t nr,
			   struct slab_addrs *addrs)
{
	uint32_t heads[SLAB_BULK_PTRS];
	uint32_t nr_heads = 0;

	add_pointers(j, step, addrs);
	for (uint32_t i = 0; i < step->nr_ptrs; i++) {
		const uint32_t *found = u64map_find(&j->silent_index, addrs->items[i]);

		if (found)
			nr_heads = note_head(j, heads, nr_heads, *found);
	}
	for (uint32_t i = 0; i < nr_heads; i++)
		heads[i] = next_ended(j, heads[i], nr_heads == 1);
	while (addrs->nr < nr) {
		uint32_t best = 0;

		for (uint32_t i = 1; i < nr_heads; i++) {
			if (heads[i] && (!heads[best] || j->silent.items[heads[i]].event <
								j->silent.items[heads[best]].event))
				best = i;
		}
		if (!nr_heads || !heads[best])
			break;
		vec_push(addrs, j->silent.items[heads[best]].addr);
		heads[best] = next_ended(j, heads[best], nr_heads == 1);
	}
	slab_aside(j, ASIDE_GROUND, "objects freed in bulk, found by their call site",
		   addrs->nr - step->nr_ptrs);
	slab_aside(j, ASIDE_EXCLUDED, "objects freed in bulk, not found", nr - addrs->nr);
}

/* "index" is the youngest known object of its queue, or its queue is new: one more. */
static uint32_t note_head(const struct slab_judge *j, uint32_t *heads, uint32_t nr, uint32_t index)
{
	const struct slab_silent *object = &j->silent.items[index];

	for (uint32_t i = 0; i < nr; i++) {
		const struct slab_silent *head = &j->silent.items[heads[i]];

		if (head->queue != object->queue)
			continue;
		if (head->event < object->event)
			heads[i] = index;
		return nr;
	}
	heads[nr] = index;
	return nr + 1;
}

/*
 * The next of the same queue. Where several queues mix in a batch ("alone" is false) only objects
 * that are proved to have ended can belong to it.
 */
static uint32_t next_ended(const struct slab_judge *j, uint32_t index, bool alone)
{
	do {
		index = j->silent.items[index].next;
	} while (index && !alone && !j->silent.items[index].proved);
	return index;
}

/* One object without a name: the next of the list, or the first of a slab bought for it. */
static void take_one(struct slab_judge *j, uint32_t cache, unsigned int cpu, uint64_t context)
{
	struct slab_known *known;
	struct mm_outcome got;
	struct slab_next next;
	uint64_t expected;
	uint16_t slot;

	slab_peek(j->slab, cache, cpu, -1, &next);
	if (!next.addr) {
		known = bought_by(j, cache, context);
		if (!known)
			return;
		slab_follow_install(j, known);

	}
	expected = slab_follow_expected(j, cache, cpu, -1);
	if (expected)
		(void)slab_follow_first(j->slab, expected);
	got = slab_alloc(j->slab, cache, cpu, -1, 0, 0);
	if (!mm_ok(got))
		return;
	if (j->free_run)
		slab_silent_run(j, cache, cpu, got.addr);
	known = slab_known_at(j, got.addr);
	slot = slab_known_slot(j, known, got.addr);
	if (known->slots[slot] & SLOT_VIRGIN) {
		known->slots[slot] = expected == got.addr ? 0 : SLOT_GUESS;
		known->last = expected == got.addr ? slot : SLAB_NO_SLOT;
	}
}

/* The first of them. */
static struct slab_known *bought_by(struct slab_judge *j, uint32_t cache, uint64_t context)
{
	struct slab_known *found = NULL;

	vec_foreach(&j->slabs, known) {
		if (known->loose && known->cache == cache && known->buyer == context &&
		    (!found || known->born < found->born))
			found = known;
	}
	return found;
}

static uint32_t cache_named(struct slab_judge *j, uint32_t name)
{
	for (uint32_t id = 1; name && id <= repair_nr_caches(j->repair); id++) {
		if (repair_cache(j->repair, id)->name == name)
			return slab_judge_cache(j, id, NULL);
	}
	return SLAB_CACHE_NONE;
}
