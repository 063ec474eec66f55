/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following: what would the allocator do, what did the kernel, and the correction in between.
 *
 * Every request is made of the allocator in the ordinary way. Before, slab_peek() says what would
 * come, which is judged; where the recording shows another object, the state is corrected until it
 * would come. Corrections are as small as can be, and each is counted by its reason.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_sheaf.h"
#include "slab_story.h"

/* One allocation on its way. */
struct pick {
	struct slab_judge *j;
	const struct slab_step *step;
	uint32_t cache;
	unsigned int cpu;
	int node;
	uint64_t addr;             /* recorded, as ours */
	struct slab_known *known;  /* its slab */
	uint16_t slot;
	struct slab_next next;     /* what we would take */
	struct slab_known *from;   /* its slab; NULL: a new one */
	bool right;                /* the slab is */
	bool bought;               /* the object is the first of a new slab */
	uint32_t nr_bought;        /* slabs bought for it */
	enum slab_way way;
	bool unseen;               /* that slab was bought without an event */
};

static void follow_sheaf(struct pick *p);
static bool prepare_free(struct slab_judge *j, const struct slab_step *step, uint64_t addr,
			 unsigned int cpu);
static bool find_object(struct pick *p);
static struct slab_known *appear(struct slab_judge *j, uint32_t cache, uint64_t addr);
static void judge_slab(struct pick *p);
static void tell(const struct pick *p, struct verify_story *story);
static void judge_address(struct pick *p);
static bool guess_again(struct pick *p);
static bool make_free(struct pick *p);
static void correct_slab(struct pick *p);
static void correct_slot(struct pick *p);
static void take(struct pick *p);
static void run_free(const struct pick *p);
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot);
static uint64_t expected_of(struct slab_judge *j, const struct slab_next *next);
static void make_live(struct slab_judge *j, struct slab_known *known, uint16_t slot);

void slab_follow_alloc(struct slab_judge *j, const struct slab_step *step, unsigned int cpu)
{
	struct pick p = {
		.j = j,
		.step = step,
		.cache = slab_judge_cache(j, step->op.cache, &step->ev),
		.cpu = cpu,
		.node = step->ev.slab.node,
		.addr = slab_ours(j, step->ev.slab.ptr),
	};

	if (p.cache != SLAB_CACHE_NONE && slab_sheaf_has(j, p.cache)) {
		follow_sheaf(&p);
		return;
	}
	if (p.cache != SLAB_CACHE_NONE && !slab_known_at(j, p.addr))
		p.unseen = slab_silent_slab(j, step, p.cache, p.addr);
	if (!find_object(&p))
		return;
	if (p.known->loose && p.known->buyer != slab_context(&step->ev))
		slab_follow_install(j, p.known);
	if (!p.known->loose) {
		slab_silent_before_alloc(j, step, p.cache, p.addr);
		/* It may have gone with a batch. */
		if (!find_object(&p))
			return;
	}
	slab_peek(j->slab, p.cache, cpu, p.node, &p.next);
	p.from = p.next.addr ? slab_known_at(j, p.next.addr) : NULL;
	p.right = p.known->loose ? p.known->predicted : p.from == p.known;
	p.bought = p.known->loose;
	p.nr_bought = p.bought;
	if (!p.unseen) {
		judge_slab(&p);
		judge_address(&p);
	}
	if (!make_free(&p))
		return;
	correct_slab(&p);
	correct_slot(&p);
	take(&p);
	if (j->free_run)
		run_free(&p);
	slab_silent_after_alloc(j, step, p.cache);
	slab_silent_born(j, step, p.addr);
	slab_pages_settle(j, step);
}

/* The same for a cache with sheaves. */
static void follow_sheaf(struct pick *p)
{
	struct slab_judge *j = p->j;
	bool predicted = false, from_rcu = false;
	enum slab_way way;

	slab_flush_note_sheaf(j, p->step);
	p->way = slab_sheaf_way(j, p->step, p->cache);
	p->nr_bought = slab_sheaf_refill(j, p->step, p->cache, &p->way, &predicted);
	p->bought = p->nr_bought;
	if (!find_object(p))
		return;
	if (slab_is_live(j->slab, p->addr) && !(p->known->slots[p->slot] & SLOT_GUESS) &&
	    verify_is_given(&j->setup, GIVEN_SILENT) && slab_sheaf_freed_unseen(j, p->step))
		from_rcu = slab_sheaf_from_rcu(j, p->step, p->cache, p->addr);
	if (p->way == SLAB_WAY_USUAL)
		slab_sheaf_before_alloc(j, p->step, p->cache, p->addr);
	slab_sheaf_learn(j, p->step, p->cache, p->addr);
	slab_sheaf_peek(j->slab, p->way, p->cache, p->cpu, p->node, &p->next);
	p->from = p->next.addr ? slab_known_at(j, p->next.addr) : NULL;
	p->right = p->bought ? predicted : p->from == p->known;
	if (from_rcu) {
		slab_aside(j, ASIDE_EXCLUDED, "objects freed by kfree_rcu() and the like", 1);
	} else {
		judge_slab(p);
		judge_address(p);
	}
	if (!make_free(p))
		return;
	way = p->way;
	slab_sheaf_correct(j, p->step, p->cache, &p->way, p->addr);
	take(p);
	p->way = way;
	if (j->free_run)
		run_free(p);
	slab_pages_settle(j, p->step);
}

void slab_follow_free(struct slab_judge *j, const struct slab_step *step, uint64_t ptr,
		      unsigned int cpu)
{
	const uint64_t addr = slab_ours(j, ptr);

	slab_flush_sheaf(j, step);
	if (!prepare_free(j, step, addr, cpu))
		return;
	(void)slab_free(j->slab, cpu, addr);
	if (j->free_run)
		slab_free_free(j, step, cpu, addr, false);
	slab_pages_settle(j, step);
}

void slab_follow_free_bulk(struct slab_judge *j, const struct slab_step *step, size_t nr,
			   uint64_t *addrs)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		if (slab_known_at(j, addrs[i]) && prepare_free(j, step, addrs[i], step->ev.cpu))
			addrs[kept++] = addrs[i];
	}
	if (j->free_run)
		slab_free_free_bulk(j, step->ev.cpu, kept, addrs);
	(void)slab_free_bulk(j->slab, SLAB_CACHE_NONE, step->ev.cpu, kept, addrs);
	slab_pages_settle(j, step);
}

uint64_t slab_follow_expected(struct slab_judge *j, uint32_t cache, unsigned int cpu, int node)
{
	struct slab_next next;

	slab_peek(j->slab, cache, cpu, node, &next);
	return expected_of(j, &next);
}

void slab_follow_install(struct slab_judge *j, struct slab_known *known)
{
	const uint64_t addr = slab_known_addr(j, known, 0);

	known->loose = false;
	if (!slab_follow_own(j->slab, known->buyer_cpu, addr))
		(void)slab_follow_to_node(j->slab, addr, false);
}

/* The object at "addr" is live, and known to be freed by "step". False: it is none. */
static bool prepare_free(struct slab_judge *j, const struct slab_step *step, uint64_t addr,
			 unsigned int cpu)
{
	struct slab_known *known = slab_known_at(j, addr);
	uint16_t slot;

	if (!known) {
		uint32_t cache = slab_judge_cache(j, step->op.cache, NULL);

		known = cache == SLAB_CACHE_NONE ? NULL : appear(j, cache, addr);
		if (!known)
			return false;
	}
	slot = slab_known_slot(j, known, addr);
	if (slot == SLAB_NO_SLOT)
		return false;
	if (known->loose)
		slab_follow_install(j, known);
	if (!slab_is_live(j->slab, addr))
		make_live(j, known, slot);
	slab_silent_gone(j, addr);
	known->slots[slot] = 0;
	known->freed_by = (int16_t)cpu;
	known->freed_at = step->number;
	known->passed = 0;
	return true;
}

/* The slab of the recorded object, also when it was not known so far. */
static bool find_object(struct pick *p)
{
	struct slab_judge *j = p->j;

	if (p->cache == SLAB_CACHE_NONE) {
		slab_aside(j, ASIDE_EXCLUDED, "objects of a cache of unknown layout", 1);
		return false;
	}
	p->known = slab_known_at(j, p->addr);
	if (!p->known) {
		slab_aside(j, ASIDE_EXCLUDED, "objects of slabs never seen before", 1);
		p->known = appear(j, p->cache, p->addr);
		return false;
	}
	p->slot = slab_known_slot(j, p->known, p->addr);
	if (p->known->cache != p->cache && p->slot != SLAB_NO_SLOT)
		p->cache = slab_judge_unite(j, p->step->op.cache, p->known->cache);
	if (p->known->cache != p->cache || p->slot == SLAB_NO_SLOT) {
		slab_aside(j, ASIDE_EXCLUDED, "objects in a slab of another cache", 1);
		return false;
	}
	return true;
}

/* A slab that was there before the recording: all of it in use, for all we know. */
static struct slab_known *appear(struct slab_judge *j, uint32_t cache, uint64_t addr)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, cache);
	const uint64_t pfn = slab_pfn(j, addr) & ~((1ULL << geometry->order) - 1);
	const struct slab_start_page start = {
		.cache = cache,
		.pfn = pfn,
		.order = (uint8_t)geometry->order,
		.place = SLAB_START_FULL,
	};
	const uint32_t *limbo = u64map_find(&j->limbo_index, pfn);

	if (addr < j->offset)
		return NULL;
	if (limbo) {
		slab_pages_restore(j, &j->limbo.items[*limbo]);
		return slab_known_at(j, addr);
	}
	if (!slab_place(j->slab, &start))
		return NULL;
	j->held_recorded += 1ULL << geometry->order;
	return slab_known_add(j, pfn, geometry->order, cache, false);
}

static void judge_slab(struct pick *p)
{
	struct slab_judge *j = p->j;
	const struct verify_what what = {
		.ev = &p->step->ev,
		.number = p->step->number,
		.cache = p->step->op.cache,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
		.path = slab_source_name(p->next.source),
	};

	if (!j->judged)
		return;
	if (!p->bought && p->next.source == SLAB_FROM_NEW)
		tell(p, verify_detect(j->log, VERIFY_SLAB_NEW, false, true, &what));
	tell(p, verify_judge(j->log, VERIFY_SLAB_SLAB, p->right, &what));
}

static void tell(const struct pick *p, struct verify_story *story)
{
	if (unlikely(story))
		slab_story_alloc(p->j, story, &(struct slab_picked){
						      .cache = p->cache,
						      .cpu = p->cpu,
						      .addr = p->addr,
						      .next = p->next,
					      });
}

/* Where it can be known which object comes: not the first of a new slab, not an unknown link. */
static void judge_address(struct pick *p)
{
	uint64_t expected = expected_of(p->j, &p->next);

	if (!p->j->judged || p->bought || !expected)
		return;
	tell(p, verify_judge(p->j->log, VERIFY_SLAB_ADDRESS, expected == p->addr,
			     &(struct verify_what){ .ev = &p->step->ev,
						    .number = p->step->number,
						    .cache = p->step->op.cache,
						    .order = VERIFY_NO_ORDER,
						    .type = MIGRATE_NR,
						    .path = slab_source_name(p->next.source) }));
}

/* It was taken unseen for all we know, but it could as well have been another virgin one. */
static bool guess_again(struct pick *p)
{
	struct slab_judge *j = p->j;
	struct slab_known *known = p->known;

	for (uint16_t i = 0; i < known->objects; i++) {
		const uint64_t other = slab_known_addr(j, known, i);

		if (!(known->slots[i] & SLOT_VIRGIN) || known->slots[i] & SLOT_GUESS ||
		    !slab_follow_swap(j->slab, p->addr, other))
			continue;
		if (j->free_run)
			slab_free_rename(j, p->addr, other);
		known->slots[i] |= SLOT_GUESS;
		known->slots[p->slot] &= (uint8_t)~SLOT_GUESS;
		return true;
	}
	return false;
}

/* The recorded object must be free. False: its slab is lost. */
static bool make_free(struct pick *p)
{
	struct slab_judge *j = p->j;
	struct slab_known *known = p->known;

	if (!slab_is_live(j->slab, p->addr))
		return true;
	if (known->slots[p->slot] & SLOT_GUESS && guess_again(p))
		return true;
	slab_aside(j, ASIDE_GROUND, "objects freed unseen before they are allocated again", 1);
	known->slots[p->slot] = 0;
	slab_silent_gone(j, p->addr);
	(void)slab_free(j->slab, p->cpu, p->addr);
	if (j->free_run)
		slab_free_free(j, p->step, p->cpu, p->addr, false);
	/* Its own free may have given the slab back. */
	p->known = slab_known_at(j, p->addr);
	if (!p->known)
		p->known = appear(j, p->cache, p->addr);
	return p->known != NULL;
}

/* The recorded object's slab becomes the one that is taken from. */
static void correct_slab(struct pick *p)
{
	struct slab_judge *j = p->j;
	static const char *const reasons[SLAB_PLACE_NR] = {
		[SLAB_PLACE_CPU] = "slabs taken that are another CPU's, or not this list's",
		[SLAB_PLACE_CPU_PARTIAL] = "slabs taken off a cpu partial list out of turn",
		[SLAB_PLACE_NODE_PARTIAL] = "slabs taken off a node's list out of turn",
		[SLAB_PLACE_FULL] = "full slabs taken",
		[SLAB_PLACE_LOOSE] = "new slabs taken, though there were others",
	};
	struct slab_where where;
	uint64_t left;

	slab_peek(j->slab, p->cache, p->cpu, p->node, &p->next);
	p->from = p->next.addr ? slab_known_at(j, p->next.addr) : NULL;
	if (p->from == p->known)
		return;
	if (!slab_locate(j->slab, p->addr, false, &where))
		return;
	if (!p->right)
		slab_aside(j, ASIDE_FORCED, reasons[where.place], 1);
	p->known->loose = false;
	p->node = -1;
	left = p->next.source == SLAB_FROM_CPU && !j->bulk_told ? p->next.addr : 0;
	/* A cache without cpu slabs takes from the head of its node's list. */
	if (!slab_follow_own(j->slab, p->cpu, p->addr))
		(void)slab_follow_to_node(j->slab, p->addr, false);
	/*
	 * No CPU leaves its slab before it is empty: it was, by a bulk request that nothing tells
	 * of, and what that did not need came back to a full slab.
	 */
	else if (left)
		(void)slab_follow_to_cpu(j->slab, p->cpu, left);
	slab_peek(j->slab, p->cache, p->cpu, -1, &p->next);
}

/* The recorded object becomes the first of its slab. */
static void correct_slot(struct pick *p)
{
	struct slab_judge *j = p->j;

	if (p->next.addr == p->addr)
		return;
	if (p->next.source == SLAB_FROM_REMOTE && !(p->known->slots[p->slot] & SLOT_VIRGIN) &&
	    slab_follow_refill(j->slab, p->cpu, p->addr)) {
		slab_aside(j, ASIDE_FORCED, "refills before the last remote frees", 1);
		return;
	}
	(void)slab_follow_first(j->slab, p->addr);
}

static void take(struct pick *p)
{
	struct slab_judge *j = p->j;
	struct slab_known *known = p->known;
	struct mm_outcome got = { .failure = MM_FAIL_INVALID };

	slab_sheaf_peek(j->slab, p->way, p->cache, p->cpu, p->node, &p->next);
	if (p->next.addr == p->addr && p->way != SLAB_WAY_USUAL)
		got = slab_sheaf_call(j->slab, p->way, p->step, p->cache, p->cpu);
	else if (p->next.addr == p->addr)
		got = slab_alloc(j->slab, p->cache, p->cpu, p->node, p->step->ev.slab.gfp, 0);
	/* Whether another node's list is looked at is chance: it may not be what was expected. */
	if (mm_ok(got) && got.addr != p->addr)
		(void)slab_free(j->slab, p->cpu, got.addr);
	if (got.addr != p->addr) {
		if (slab_follow_take(j->slab, p->addr))
			slab_aside(j, ASIDE_FORCED, "objects taken where they lay", 1);
		else
			slab_aside(j, ASIDE_EXCLUDED, "objects that could not be followed", 1);
	}
	if (known->slots[p->slot] & SLOT_VIRGIN) {
		known->slots[p->slot] = 0;
		if (slab_sheaf_has(j, p->cache))
			slab_sheaf_taken(j, known, p->slot, p->cpu, p->way);
		else
			slab_known_taken(j, known, p->slot, passed_over);
	}
	known->slots[p->slot] = 0;
}

/* The same request in the allocator that is not corrected. */
static void run_free(const struct pick *p)
{
	const struct slab_free_request rq = {
		.step = p->step,
		.cache = p->cache,
		.cpu = p->cpu,
		.node = p->step->ev.slab.node,
		.gfp = p->step->ev.slab.gfp,
		.addr = p->addr,
		.way = (uint8_t)p->way,
		.unseen_slab = p->unseen,
	};

	slab_free_alloc(p->j, &rq, p->known->number, p->nr_bought);
}

/* The kernel's virgin list had passed this slot: it was allocated without an event. */
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot)
{
	const uint64_t addr = slab_known_addr(j, known, slot);

	if (slab_follow_take(j->slab, addr)) {
		if (j->free_run)
			slab_silent_run(j, known->cache, slab_judge_step(j, j->now)->ev.cpu, addr);
		slab_aside(j, ASIDE_GROUND, "objects allocated unseen, by the gap they leave", 1);
	}
	known->slots[slot] = 0;
}

static uint64_t expected_of(struct slab_judge *j, const struct slab_next *next)
{
	const struct slab_known *known = next->addr ? slab_known_at(j, next->addr) : NULL;
	uint16_t slot;

	if (!known)
		return 0;
	slot = slab_known_slot(j, known, next->addr);
	if (!(known->slots[slot] & SLOT_VIRGIN))
		return next->addr;
	slot = slab_known_next(j, known);
	return slot == SLAB_NO_SLOT ? 0 : slab_known_addr(j, known, slot);
}

/* An object is freed that was never seen allocated: then it was, in place of one we guessed. */
static void make_live(struct slab_judge *j, struct slab_known *known, uint16_t slot)
{
	const uint64_t addr = slab_known_addr(j, known, slot);

	slab_aside(j, ASIDE_GROUND, "objects freed that were allocated unseen", 1);
	for (uint16_t i = 0; i < known->objects; i++) {
		if (known->slots[i] & SLOT_GUESS &&
		    slab_follow_swap(j->slab, slab_known_addr(j, known, i), addr)) {
			known->slots[i] = SLOT_VIRGIN;
			if (j->free_run)
				slab_free_rename(j, slab_known_addr(j, known, i), addr);
			return;
		}
	}
	(void)slab_follow_take(j->slab, addr);
}

