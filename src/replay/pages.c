/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page blocks that the recording asks for directly, and the stock of reclaimable ones among them.
 */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/zone.h"

static bool layer_explains(const struct replay *r, const struct repair_op *op);
static void leave_stock(struct replay *r, uint32_t slot);
static bool is_split(const struct replay_slot *s);
static enum replay_verdict free_part(struct replay *r, const struct replay_step *step);
static uint32_t new_split(struct replay *r);
static struct mm_outcome free_pages_of(struct replay *r, const struct replay_slot *s,
				       unsigned int cpu, uint64_t first, uint64_t nr);
static void hold_block(struct replay *r, const struct replay_step *step, uint64_t pfn);
static void keep_block(struct replay *r, const struct replay_step *step, uint64_t pfn);
static uint8_t list_of(unsigned int owner, uint32_t gfp);
static void reclaim_slot(struct replay *r, uint32_t slot);

enum replay_verdict replay_page_alloc(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const struct repair_op *op = step->op;
	enum replay_verdict verdict;
	struct mm_outcome outcome;

	if (layer_explains(r, op)) {
		replay_hold(r, op->slot, SLOT_EXPLAINED, 0);
		return VERDICT_EXPLAINED;
	}
	if (replay_passes_over(r, step, LAYER_PAGE, &verdict))
		return verdict;
	outcome = page_alloc(machine_pages(r->machine), step->cpu, ev->page.gfp, ev->page.order, -1,
			     step->context);
	verdict = replay_settle(r, step, outcome, ev->page.order);
	if (!mm_ok(outcome))
		replay_hold(r, op->slot, SLOT_FAILED, 0);
	else if (op->slot != REPAIR_NO_SLOT)
		hold_block(r, step, outcome.addr);
	else if (r->options.recovered == RECOVERED_DROP)
		(void)page_free(machine_pages(r->machine), step->cpu, outcome.addr, ev->page.order);
	else
		keep_block(r, step, outcome.addr);
	return verdict;
}

enum replay_verdict replay_page_free(struct replay *r, const struct replay_step *step)
{
	const struct repair_op *op = step->op;

	if (op->kind == REPAIR_UNSEEN_ALLOC)
		return replay_start_slab_gone(r, step) ? VERDICT_EXPLAINED :
							 replay_start_free(r, step);
	if (op->fate == FATE_SKIPPED)
		return VERDICT_SKIPPED;
	if (op->slot == REPAIR_NO_SLOT)
		return VERDICT_UNSEEN;
	if (op->kind == REPAIR_MISMATCH && op->implied_free != op->slot)
		return free_part(r, step);
	return replay_slot_free(r, op->slot, step->cpu, CALL_PAGE_FREE);
}

struct mm_outcome replay_block_free(struct replay *r, uint32_t slot, unsigned int cpu)
{
	struct replay_slot *s = &r->slots.items[slot];
	struct mm_outcome outcome;

	if (!is_split(s)) {
		leave_stock(r, slot);
		replay_tally_pages(&r->tally, s->owner, s->order, true);
		return page_free(machine_pages(r->machine), cpu, s->addr, s->order);
	}
	outcome = free_pages_of(r, s, cpu, 0, 1U << s->order);
	vec_push(&r->free_splits, s->split - 1);
	return outcome;
}

uint64_t replay_pages_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp)
{
	struct replay *r = ctx;
	uint64_t before = r->tally.nr_reclaimed;
	/* scan_control.reclaim_idx: pages of higher zones would not help the request. */
	enum zone_type highest = gfp_policy_zone(r->arch, gfp);

	/* Clean page cache goes without I/O or file system; user memory has to be written out. */
	while (r->tally.nr_reclaimed - before < nr_pages) {
		uint32_t slot = stock_oldest(&r->stock, STOCK_PAGE_CACHE, highest);

		if (slot == STOCK_NONE && gfp & GFP_BIT_IO)
			slot = stock_oldest(&r->stock, STOCK_USER, highest);
		if (slot == STOCK_NONE)
			break;
		reclaim_slot(r, slot);
	}
	return r->tally.nr_reclaimed - before;
}

/*
 * The victim is the task that asked for most of the user memory and page tables still there (what
 * oom_badness() weighs, swapped-out memory excepted); it gives all of that back. A task stands for
 * its process: a recording does not tell which tasks share memory. What it does later in the
 * recording is replayed all the same.
 */
uint64_t replay_pages_oom(void *ctx, uint32_t gfp UNUSED)
{
	struct replay *r = ctx;
	uint32_t victim = tasks_largest(&r->tasks), slot;
	uint64_t nr_pages = 0;

	if (victim == TASK_NONE)
		return 0;
	while ((slot = tasks_oldest_slot(&r->tasks, victim)) != TASK_NONE) {
		nr_pages += 1ULL << r->slots.items[slot].order;
		(void)replay_block_free(r, slot, r->cpu);
		r->slots.items[slot].state = SLOT_RECLAIMED;
	}
	r->tally.nr_oom_kills++;
	r->tally.nr_oom_pages += nr_pages;
	return nr_pages;
}

void replay_pages_moved(void *ctx, uint64_t from, uint64_t to, unsigned int order)
{
	struct replay *r = ctx;
	uint32_t slot = stock_move(&r->stock, from, to);

	BUG_ON(slot == STOCK_NONE);
	r->slots.items[slot].addr = to;
	if (unlikely(r->owners))
		owners_move_block(r->owners, from, to);
	r->tally.nr_moved += 1ULL << order;
}

void replay_pages_owned(void *ctx, enum machine_layer layer, uint64_t pfn, unsigned int order,
			bool gone)
{
	static const enum page_owner owner_of[MACHINE_LAYER_NR] = {
		[MACHINE_VMALLOC] = OWNER_VMALLOC,
		[MACHINE_PERCPU] = OWNER_PERCPU,
	};
	struct replay *r = ctx;
	enum page_owner owner = layer == MACHINE_SLAB ? r->slab_owner : owner_of[layer];

	replay_tally_pages(&r->tally, owner, order, gone);
	if (unlikely(r->owners) && !gone)
		replay_note_layer(r, owner, pfn, order);
}

/* The layers that ask for their pages themselves. The vmalloc layer simulates address ranges only:
 * the pages behind them are replayed from their recorded events. */
static bool layer_explains(const struct replay *r, const struct repair_op *op)
{
	switch ((enum page_owner)op->owner) {
	case OWNER_SLAB:
	case OWNER_KMALLOC_LARGE:
		return r->options.layers & LAYER_SLAB;
	case OWNER_PERCPU:
		return r->options.layers & LAYER_PERCPU && op->fate == FATE_EXPLAINED;
	case OWNER_UNKNOWN:
	case OWNER_VMALLOC:
	case OWNER_STACK:
	case OWNER_PAGE_TABLE:
	case OWNER_USER:
	case OWNER_PAGE_CACHE:
	case OWNER_KERNEL:
	case OWNER_NR:
		break;
	}
	return false;
}

static void hold_block(struct replay *r, const struct replay_step *step, uint64_t pfn)
{
	const struct event *ev = step->ev;
	struct replay_slot *s = &r->slots.items[step->op->slot];

	*s = (struct replay_slot){
		.addr = pfn,
		.state = SLOT_PAGES,
		.order = ev->page.order,
		.owner = step->op->owner,
		.list = list_of(step->op->owner, ev->page.gfp),
	};
	if (s->list < STOCK_LISTS)
		stock_add(&r->stock, s->list, step->op->slot, pfn,
			  zone_type_of(machine_pages(r->machine), pfn));
	if (s->list == STOCK_USER || s->list == SLOT_PAGE_TABLE)
		s->task = tasks_add(&r->tasks, ev->pid, step->op->slot, 1ULL << s->order);
	replay_tally_pages(&r->tally, s->owner, s->order, false);
}

/* A block that no later event names: it stays where it is to the end. */
static void keep_block(struct replay *r, const struct replay_step *step, uint64_t pfn)
{
	page_pin(machine_pages(r->machine), pfn);
	replay_tally_pages(&r->tally, step->op->owner, step->ev->page.order, false);
	if (unlikely(r->owners))
		replay_note_layer(r, (enum page_owner)step->op->owner, pfn, step->ev->page.order);
}

/* Only pages that the kernel itself could migrate: unmovable ones have no place in the stock. */
static uint8_t list_of(unsigned int owner, uint32_t gfp)
{
	if (!(gfp & GFP_BIT_MOVABLE))
		return owner == OWNER_PAGE_TABLE ? SLOT_PAGE_TABLE : SLOT_NOT_IN_STOCK;
	return owner == OWNER_PAGE_CACHE ? STOCK_PAGE_CACHE : STOCK_USER;
}

static void leave_stock(struct replay *r, uint32_t slot)
{
	struct replay_slot *s = &r->slots.items[slot];

	if (s->list < STOCK_LISTS)
		stock_remove(&r->stock, s->list, slot, s->addr);
	if (s->list == STOCK_USER || s->list == SLOT_PAGE_TABLE)
		tasks_remove(&r->tasks, s->task, slot, 1ULL << s->order);
	s->list = SLOT_NOT_IN_STOCK;
	s->split = 0;
}

static bool is_split(const struct replay_slot *s)
{
	return s->list == SLOT_NOT_IN_STOCK && s->split;
}

/* Some pages of a live block: split_page(), alloc_pages_exact(), a dropped reference's tail. */
static enum replay_verdict free_part(struct replay *r, const struct replay_step *step)
{
	struct replay_slot *s = &r->slots.items[step->op->slot];
	struct mm_outcome outcome;

	if (s->state != SLOT_PAGES) {
		enum replay_verdict verdict;
		struct replay_slot kept = *s;

		/* What is said of the whole holds for the part; the slot lives on. */
		verdict = replay_slot_free(r, step->op->slot, step->cpu, CALL_PAGE_FREE);
		*s = kept;
		return verdict;
	}
	if (!is_split(s)) {
		leave_stock(r, step->op->slot);
		page_pin(machine_pages(r->machine), s->addr); /* parts have no slots to follow */
		page_split(machine_pages(r->machine), s->addr, s->order);
		s->split = new_split(r) + 1;
	}
	outcome = free_pages_of(r, s, step->cpu, step->op->cache, 1ULL << step->ev->page.order);
	replay_tally_cost(&r->tally, CALL_PAGE_FREE, outcome);
	return VERDICT_DONE;
}

static uint32_t new_split(struct replay *r)
{
	if (r->free_splits.nr) {
		uint32_t nr = r->free_splits.items[--r->free_splits.nr];

		r->splits.items[nr] = (struct replay_split){ 0 };
		return nr;
	}
	vec_push(&r->splits, (struct replay_split){ 0 });
	return (uint32_t)r->splits.nr - 1;
}

/* Frees those of the block's pages "first" .. "first + nr - 1" that are still there. */
static struct mm_outcome free_pages_of(struct replay *r, const struct replay_slot *s,
				       unsigned int cpu, uint64_t first, uint64_t nr)
{
	uint64_t *gone = r->splits.items[s->split - 1].gone;
	struct mm_outcome sum = { .addr = s->addr + first };

	for (uint64_t i = first; i < first + nr && i < 1ULL << s->order; i++) {
		struct mm_outcome one;

		if (gone[i / 64] >> (i % 64) & 1)
			continue;
		gone[i / 64] |= 1ULL << (i % 64);
		one = page_free(machine_pages(r->machine), cpu, s->addr + i, 0);
		mm_outcome_add(&sum, one);
		if (one.path > sum.path)
			sum.path = one.path;
		replay_tally_pages(&r->tally, s->owner, 0, true);
	}
	return sum;
}

static void reclaim_slot(struct replay *r, uint32_t slot)
{
	r->tally.nr_reclaimed += 1ULL << r->slots.items[slot].order;
	(void)replay_block_free(r, slot, r->cpu);
	r->slots.items[slot].state = SLOT_RECLAIMED;
}
