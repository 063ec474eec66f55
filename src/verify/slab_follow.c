/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following: what would the allocator do, what did the kernel, and the correction in between.
 *
 * Every request is made of the allocator in the ordinary way. Before, slab_peek() says what would
 * come, which is judged; where the recording shows another object, the state is corrected until it
 * would come. Corrections are as small as can be, and each is counted by its reason.
 */
#include <config.h>

#include "slab_judge.h"

#include <string.h>

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
};

static void clear_lists(struct slab_judge *j, uint32_t cache, unsigned int cpu);
static bool pass_over(struct slab_judge *j, struct slab_known *known, unsigned int source);
static void judge_new(struct slab_judge *j, const struct slab_step *step,
		      const struct slab_known *known, const struct slab_next *next);
static bool prepare_free(struct slab_judge *j, const struct slab_step *step, uint64_t addr,
			 unsigned int cpu);
static bool find_object(struct pick *p);
static struct slab_known *appear(struct slab_judge *j, uint32_t cache, uint64_t addr);
static void judge_slab(struct pick *p);
static void tell(const struct pick *p, struct verify_story *story);
static void judge_address(struct pick *p);
static void make_free(struct pick *p);
static void correct_slab(struct pick *p);
static void correct_slot(struct pick *p);
static void take(struct pick *p);
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot);
static uint64_t expected_of(struct slab_judge *j, const struct slab_next *next);
static void make_live(struct slab_judge *j, struct slab_known *known, uint16_t slot);
static void settle_discards(struct slab_judge *j, const struct slab_step *step);
static bool gives_back(struct slab_judge *j, const struct slab_step *step, uint64_t pfn);
static void restore(struct slab_judge *j, const struct slab_limbo *limbo);
static void leave_limbo(struct slab_judge *j, uint64_t pfn);
static void judge_discard(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			  bool happened, bool predicted);
static void compare_held(struct slab_judge *j);
static const struct slab_step *next_object_of(struct slab_judge *j, const struct slab_step *step);

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
	judge_slab(&p);
	judge_address(&p);
	make_free(&p);
	correct_slab(&p);
	correct_slot(&p);
	take(&p);
	slab_silent_born(j, step, p.addr);
	settle_discards(j, step);
}

void slab_follow_free(struct slab_judge *j, const struct slab_step *step, uint64_t ptr,
		      unsigned int cpu)
{
	const uint64_t addr = slab_ours(j, ptr);

	if (!prepare_free(j, step, addr, cpu))
		return;
	(void)slab_free(j->slab, cpu, addr);
	settle_discards(j, step);
}

void slab_follow_free_bulk(struct slab_judge *j, const struct slab_step *step, size_t nr,
			   uint64_t *addrs)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		if (slab_known_at(j, addrs[i]) && prepare_free(j, step, addrs[i], step->ev.cpu))
			addrs[kept++] = addrs[i];
	}
	(void)slab_free_bulk(j->slab, SLAB_CACHE_NONE, step->ev.cpu, kept, addrs);
	settle_discards(j, step);
}

void slab_follow_page_alloc(struct slab_judge *j, const struct slab_step *step)
{
	const struct event *ev = &step->ev;
	struct slab_known *known;
	struct mm_outcome got;
	struct slab_next next;
	uint32_t cache;

	if (step->op.owner != OWNER_SLAB || step->op.fate == FATE_SKIPPED)
		return;
	cache = slab_judge_cache(j, step->op.cache, NULL);
	if (cache == SLAB_CACHE_NONE)
		return;
	slab_peek(j->slab, cache, ev->cpu, -1, &next);
	if (next.addr)
		clear_lists(j, cache, ev->cpu);
	j->give_pfn = ev->page.pfn;
	j->give_order = ev->page.order;
	j->giving = true;
	got = slab_follow_new(j->slab, cache, ev->cpu, -1, ev->page.gfp);
	j->giving = false;
	if (!mm_ok(got)) {
		slab_aside(j, ASIDE_EXCLUDED, "slabs of another order, or over other slabs", 1);
		return;
	}
	known = slab_known_add(j, ev->page.pfn, ev->page.order, cache, true);
	known->loose = true;
	known->predicted = next.source == SLAB_FROM_NEW;
	known->buyer = slab_context(ev);
	known->buyer_cpu = ev->cpu;
	j->held_recorded += 1ULL << ev->page.order;
	compare_held(j);
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
	uint32_t cache;

	if (index) {
		struct slab_limbo *limbo = &j->limbo.items[*index];

		judge_discard(j, step, limbo->cache, true, true);
		j->held_recorded -= 1ULL << limbo->order;
		leave_limbo(j, ev->page.pfn);
		compare_held(j);
		return;
	}
	known = slab_known_at(j, j->offset + ev->page.pfn * KERNEL_PAGE_SIZE);
	if (!known || known->pfn != ev->page.pfn || known->order != ev->page.order)
		return;
	slab_silent_before_discard(j, step, known);
	if (u64map_find(&j->limbo_index, ev->page.pfn)) {
		slab_follow_page_free(j, step);
		return;
	}
	cache = known->cache;
	judge_discard(j, step, cache, true, false);
	if (slab_follow_discard(j->slab, ev->cpu, slab_known_addr(j, known, 0)))
		slab_aside(j, ASIDE_GROUND, "slabs given back with objects freed unseen", 1);
	/* The allocator's own giving back is no news. */
	leave_limbo(j, ev->page.pfn);
	j->held_recorded -= 1ULL << ev->page.order;
	compare_held(j);
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

struct mm_outcome slab_follow_give_page(void *ctx, unsigned int cpu, uint32_t gfp,
					unsigned int order, int node, unsigned int context)
{
	struct slab_judge *j = ctx;

	(void)cpu, (void)gfp, (void)node, (void)context;
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
		.cache = known->cache,
		.order = (uint8_t)order,
	});
	j->limbo_pages += 1ULL << order;
	slab_known_remove(j, known);
	return (struct mm_outcome){ 0 };
}

/*
 * The kernel buys a slab, so it found nothing where we would take from. Where that stands since long,
 * or was passed over before, it is our picture that is wrong: those objects were allocated unseen.
 * What another CPU has just put there it may have found too late.
 */
static void clear_lists(struct slab_judge *j, uint32_t cache, unsigned int cpu)
{
	struct slab_next next;

	for (slab_peek(j->slab, cache, cpu, -1, &next); next.addr;
	     slab_peek(j->slab, cache, cpu, -1, &next)) {
		struct slab_known *known = slab_known_at(j, next.addr);

		if (!known || !pass_over(j, known, next.source))
			return;
	}
}

/* False: it may be only a moment's. */
static bool pass_over(struct slab_judge *j, struct slab_known *known, unsigned int source)
{
	if (++known->passed < 2 && source != SLAB_FROM_CPU)
		return false;
	slab_aside(j, ASIDE_GROUND, "slabs whose objects must have been allocated unseen", 1);
	for (uint16_t i = 0; i < known->objects; i++)
		(void)slab_follow_take(j->slab, slab_known_addr(j, known, i));
	memset(known->slots, 0, known->objects);
	return true;
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
		restore(j, &j->limbo.items[*limbo]);
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
	if (!p->known->loose && p->next.source == SLAB_FROM_NEW)
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

	if (!p->j->judged || p->known->loose || !expected)
		return;
	tell(p, verify_judge(p->j->log, VERIFY_SLAB_ADDRESS, expected == p->addr,
			     &(struct verify_what){ .ev = &p->step->ev,
						    .number = p->step->number,
						    .cache = p->step->op.cache,
						    .order = VERIFY_NO_ORDER,
						    .type = MIGRATE_NR,
						    .path = slab_source_name(p->next.source) }));
}

/* The recorded object must be free. */
static void make_free(struct pick *p)
{
	struct slab_judge *j = p->j;
	struct slab_known *known = p->known;

	if (!slab_is_live(j->slab, p->addr))
		return;
	if (known->slots[p->slot] & SLOT_GUESS) {
		for (uint16_t i = 0; i < known->objects; i++) {
			if (!(known->slots[i] & SLOT_VIRGIN) || known->slots[i] & SLOT_GUESS)
				continue;
			if (slab_follow_swap(j->slab, p->addr, slab_known_addr(j, known, i))) {
				known->slots[i] |= SLOT_GUESS;
				known->slots[p->slot] &= (uint8_t)~SLOT_GUESS;
				return;
			}
		}
	}
	slab_aside(j, ASIDE_GROUND, "objects freed unseen before they are allocated again", 1);
	known->slots[p->slot] = 0;
	slab_silent_gone(j, p->addr);
	(void)slab_free(j->slab, p->cpu, p->addr);
	/* Its own free may have given the slab back. */
	p->known = slab_known_at(j, p->addr);
	if (!p->known)
		p->known = appear(j, p->cache, p->addr);
	BUG_ON(!p->known);
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

	slab_peek(j->slab, p->cache, p->cpu, p->node, &p->next);
	p->from = p->next.addr ? slab_known_at(j, p->next.addr) : NULL;
	if (p->from == p->known)
		return;
	BUG_ON(!slab_locate(j->slab, p->addr, false, &where));
	if (!p->right)
		slab_aside(j, ASIDE_FORCED, reasons[where.place], 1);
	p->known->loose = false;
	p->node = -1;
	(void)slab_follow_own(j->slab, p->cpu, p->addr);
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
	struct mm_outcome got;

	slab_peek(j->slab, p->cache, p->cpu, p->node, &p->next);
	if (p->next.addr == p->addr) {
		got = slab_alloc(j->slab, p->cache, p->cpu, p->node, p->step->ev.slab.gfp, 0);
		BUG_ON(!mm_ok(got) || got.addr != p->addr);
	} else if (slab_follow_take(j->slab, p->addr)) {
		slab_aside(j, ASIDE_FORCED, "objects taken where they lay", 1);
	} else {
		slab_aside(j, ASIDE_EXCLUDED, "objects that could not be followed", 1);
	}
	if (known->slots[p->slot] & SLOT_VIRGIN) {
		known->slots[p->slot] = 0;
		slab_known_taken(j, known, p->slot, passed_over);
	}
	known->slots[p->slot] = 0;
}

/* The kernel's virgin list had passed this slot: it was allocated without an event. */
static void passed_over(struct slab_judge *j, struct slab_known *known, uint16_t slot)
{
	if (slab_follow_take(j->slab, slab_known_addr(j, known, slot)))
		slab_aside(j, ASIDE_GROUND, "objects allocated unseen, by the gap they leave", 1);
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
			return;
		}
	}
	(void)slab_follow_take(j->slab, addr);
}

/* Which of the slabs that we just gave back does the kernel give back, too? */
static void settle_discards(struct slab_judge *j, const struct slab_step *step)
{
	for (size_t i = j->limbo.nr; i-- > 0 && j->limbo.items[i].by == j->now;) {
		struct slab_limbo limbo = j->limbo.items[i];

		if (!limbo.pfn || slab_cache_known(j, limbo.cache)->rcu ||
		    gives_back(j, step, limbo.pfn))
			continue;
		judge_discard(j, step, limbo.cache, false, true);
		restore(j, &limbo);
	}
	while (j->limbo.nr && !j->limbo.items[j->limbo.nr - 1].pfn)
		j->limbo.nr--;
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

/* We gave a slab back that the kernel kept: it stands, empty, at the end of its node's list. */
static void restore(struct slab_judge *j, const struct slab_limbo *limbo)
{
	const struct slab_limbo gone = *limbo;
	struct mm_outcome got;

	j->give_pfn = gone.pfn;
	j->give_order = gone.order;
	j->giving = true;
	got = slab_follow_new(j->slab, gone.cache, 0, -1, 0);
	j->giving = false;
	leave_limbo(j, gone.pfn);
	if (!mm_ok(got))
		return;
	slab_known_add(j, gone.pfn, gone.order, gone.cache, false);
	(void)slab_follow_to_node(j->slab, got.addr, true);
}

static void leave_limbo(struct slab_judge *j, uint64_t pfn)
{
	const uint32_t *index = u64map_find(&j->limbo_index, pfn);

	if (!index)
		return;
	j->limbo_pages -= 1ULL << j->limbo.items[*index].order;
	j->limbo.items[*index] = (struct slab_limbo){ 0 };
	u64map_remove(&j->limbo_index, pfn);
}

static void judge_discard(struct slab_judge *j, const struct slab_step *step, uint32_t cache,
			  bool happened, bool predicted)
{
	const struct verify_what what = {
		.ev = &step->ev,
		.number = step->number,
		.cache = slab_cache_known(j, cache)->origin,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
	};

	if (!j->judged)
		return;
	(void)verify_detect(j->log, VERIFY_SLAB_DISCARD, happened, predicted, &what);
	if (happened)
		(void)verify_judge(j->log, VERIFY_SLAB_DISCARD_SAME, predicted, &what);
}

static void compare_held(struct slab_judge *j)
{
	struct verify_count *count = &j->log->counts[VERIFY_SLAB_HELD];
	uint64_t ours = slab_pages_held(j->slab) + j->limbo_pages;
	uint64_t off = ours > j->held_recorded ? ours - j->held_recorded :
						 j->held_recorded - ours;

	if (!j->judged)
		return;
	count->all += j->held_recorded;
	count->right += j->held_recorded - MIN(off, j->held_recorded);
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
