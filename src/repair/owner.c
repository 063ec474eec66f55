/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose is a page? Four kinds of evidence, the later overruling the earlier:
 *
 *  1. The mask. SLUB asks with a mask of its own (mm/slub.c:allocate_slab(): the caller's reclaim
 *     bits, plus NOWARN and NORETRY, minus all that belongs to the caller's memory, so that ZERO,
 *     ACCOUNT, MOVABLE, HIGHMEM cannot be set); user memory, page cache, page tables and vmalloc
 *     have theirs.
 *  2. What the task did before: an address range just taken (vmalloc wants its pages next), a slab
 *     request that just failed (the second try has the caller's plain mask).
 *  3. What the task does next: an object inside the block makes it a slab, a large kmalloc at its
 *     address a large kmalloc, a percpu allocation tells what a run of single pages was for. Nearly
 *     always that is the very next object event of the task at the same interrupt level, since the
 *     tracepoint of the object fires when the page is in place. Where several slabs are bought
 *     for one sheaf, that is an object of the last one.
 *  4. Objects in it later on.
 *
 * Saying that an object lies in a page needs the direct map: object address = base + pfn * 4096.
 * With KASLR the base is random, but a multiple of 1 GiB; each slab page followed by its first
 * object votes for one. Hashed pointers have no base: then masks and order of events must do.
 */
#include <config.h>

#include "repair_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/bits.h"

/* Equal votes that make a base certain: by chance one in 2^18 (64 bits) is a multiple of 1 GiB. */
enum { BASE_VOTES = 3 };

static bool take_from_area(struct cpu_context *cpu, const struct event *ev, struct repair_op *op);
static bool may_become_slab(const struct cpu_context *cpu, const struct event *ev);
static bool may_become_large(uint32_t gfp, unsigned int order);
static void wait_for_object(struct cpu_context *cpu, const struct event *ev, uint64_t number,
			    bool slab);
static bool settle(struct repair *r, const struct pending_page *page, const struct event *ev,
		   const struct repair_op *op);
static void settle_refill(struct repair *r, struct cpu_context *cpu,
			  const struct pending_page *last, uint32_t cache);
static void vote(struct repair *r, const struct pending_page *page, uint64_t ptr);
static void wait_for_percpu(struct repair *r, const struct event *ev, uint64_t number);
static void note_slab(struct repair_cache *cache, const struct event *ev);
static void change(struct repair *r, uint64_t number, uint64_t pfn, enum page_owner owner,
		   uint32_t cache);

struct cpu_context *owner_context(struct repair *r, const struct event *ev)
{
	vec_extend_zeroed(&r->cpus, (size_t)ev->cpu + 1);
	return &r->cpus.items[ev->cpu];
}

void owner_page_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		      uint64_t number)
{
	struct cpu_context *cpu = owner_context(r, ev);
	uint32_t gfp = ev->page.gfp;
	unsigned int order = ev->page.order;

	if (take_from_area(cpu, ev, op)) {
		op->fate = FATE_EXPLAINED;
		return;
	}
	op->owner = (uint8_t)owner_by_flags(gfp, order);
	switch ((enum page_owner)op->owner) {
	case OWNER_SLAB:
		op->fate = FATE_EXPLAINED;
		wait_for_object(cpu, ev, number, true);
		for (uint64_t i = 0; i < 1ULL << order; i++)
			r->unbound[(ev->page.pfn + i) % REPAIR_NR_UNBOUND] =
				(uint32_t)(ev->page.pfn + i);
		break;
	case OWNER_PERCPU:
		/* pcpu_balance_workfn() populates without a request; its simulation does, too. */
		if (r->percpu_events && gfp & GFP_BIT_NORETRY)
			op->fate = FATE_EXPLAINED;
		else
			wait_for_percpu(r, ev, number);
		break;
	case OWNER_KERNEL:
	case OWNER_PAGE_TABLE:
	case OWNER_PAGE_CACHE:
		if (may_become_slab(cpu, ev) || may_become_large(gfp, order))
			wait_for_object(cpu, ev, number, false);
		break;
	case OWNER_UNKNOWN:
	case OWNER_KMALLOC_LARGE:
	case OWNER_VMALLOC:
	case OWNER_STACK:
	case OWNER_USER:
	case OWNER_NR:
		break;
	}
	cpu->slab_try_failed = false;
}

void owner_page_failed(struct repair *r, const struct event *ev)
{
	struct cpu_context *cpu = owner_context(r, ev);

	cpu->slab_try_failed = owner_is_slab_mask(ev->page.gfp, ev->page.order);
	cpu->failed_pid = ev->pid;
}

void owner_object_alloc(struct repair *r, const struct event *ev, const struct repair_op *op)
{
	struct cpu_context *cpu = &r->cpus.items[ev->cpu];
	unsigned int level = owner_level(ev);

	for (unsigned int n = 0; n < REPAIR_NR_PENDING && cpu->armed; n++) {
		/* Newest first. */
		unsigned int i = (cpu->next + REPAIR_NR_PENDING - 1U - n) % REPAIR_NR_PENDING;
		struct pending_page *page = &cpu->pending[i];

		if (!(cpu->armed & 1U << i) || page->pid != ev->pid || page->level != level)
			continue;
		if (settle(r, page, ev, op)) {
			cpu->armed &= (uint8_t)~(1U << i);
			if (r->options.sheaves && op->call != CALL_KMALLOC_LARGE)
				settle_refill(r, cpu, page, op->cache);
			return;
		}
		if (++page->misses >= REPAIR_PENDING_EVENTS)
			cpu->armed &= (uint8_t)~(1U << i);
	}
}

void owner_bind_slab(struct repair *r, uint64_t pfn, uint32_t cache)
{
	uint64_t head;
	const struct page_block *block = pages_find_containing(&r->pages, pfn, &head);

	r->unbound[pfn % REPAIR_NR_UNBOUND] = 0;
	if (block && block->owner == OWNER_SLAB && !block->cache)
		change(r, block->event, head, OWNER_SLAB, cache);
}

void owner_vmap_alloc(struct repair *r, const struct event *ev, uint64_t size, uint64_t align)
{
	struct cpu_context *cpu = owner_context(r, ev);
	/* One page of each area is its guard, which no page stands behind. */
	uint64_t pages = size / KERNEL_PAGE_SIZE;
	uint64_t usable = pages ? pages - 1 : 0;

	/* kernel/fork.c:alloc_thread_stack_node(): the only areas aligned to their own size. */
	cpu->vm = (struct vm_context){
		.pid = ev->pid,
		.pages = usable,
		.owner = usable >= 2 && usable <= 16 && align == usable * KERNEL_PAGE_SIZE ?
				 OWNER_STACK :
				 OWNER_VMALLOC,
	};
}

void owner_percpu_alloc(struct repair *r, const struct event *ev)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->percpu_pages.nr; i++) {
		struct percpu_page page = r->percpu_pages.items[i];

		if (page.pid == ev->pid)
			change(r, page.event, page.pfn, OWNER_PERCPU, 0);
		else if (page.event >= r->nr_released)
			r->percpu_pages.items[kept++] = page;
	}
	r->percpu_pages.nr = kept;
}

void owner_forget_cpu(struct repair *r, const struct event *ev)
{
	if (ev->cpu < r->cpus.nr)
		r->cpus.items[ev->cpu] = (struct cpu_context){ 0 };
}

unsigned int owner_level(const struct event *ev)
{
	if (ev->flags & EVENT_F_NMI)
		return 3;
	if (ev->flags & EVENT_F_HARDIRQ)
		return 2;
	return ev->flags & EVENT_F_SOFTIRQ ? 1 : 0;
}

/* The task has just taken an address range, and this page fits into what it still lacks. */
static bool take_from_area(struct cpu_context *cpu, const struct event *ev, struct repair_op *op)
{
	uint64_t nr = 1ULL << ev->page.order;
	struct vm_context *vm = &cpu->vm;

	if (vm->pages < nr || vm->pid != ev->pid || owner_level(ev))
		return false;
	if (owner_by_flags(ev->page.gfp, ev->page.order) != OWNER_VMALLOC)
		return false;
	vm->pages -= nr;
	op->owner = vm->owner;
	return true;
}

/* Only an object inside can make a slab of it: the mask alone says too little. */
static bool may_become_slab(const struct cpu_context *cpu, const struct event *ev)
{
	const uint32_t needed = GFP_BIT_NOWARN | GFP_BIT_NORETRY;
	const uint32_t never = GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE | GFP_BIT_ZERO | GFP_BIT_ACCOUNT |
			       GFP_BIT_WRITE;
	uint32_t gfp = ev->page.gfp;

	if (ev->page.order > OWNER_SLAB_MAX_ORDER || gfp & never)
		return false;
	if ((gfp & needed) == needed)
		return true;
	return cpu->slab_try_failed && cpu->failed_pid == ev->pid;
}

/* mm/slab_common.c: large kmallocs always set COMP, and begin above two pages. */
static bool may_become_large(uint32_t gfp, unsigned int order)
{
	return gfp & GFP_BIT_COMP && order >= 2 && !(gfp & (GFP_BIT_HIGHMEM | GFP_BIT_MOVABLE));
}

static void wait_for_object(struct cpu_context *cpu, const struct event *ev, uint64_t number,
			    bool slab)
{
	cpu->pending[cpu->next] = (struct pending_page){
		.event = number,
		.pfn = ev->page.pfn,
		.pid = ev->pid,
		.order = ev->page.order,
		.level = (uint8_t)owner_level(ev),
		.slab = slab,
	};
	cpu->armed |= (uint8_t)(1U << cpu->next);
	cpu->next = (uint8_t)((cpu->next + 1) % REPAIR_NR_PENDING);
}

/* Object event "ev" says whose "page" is; false: it says nothing about it. */
static bool settle(struct repair *r, const struct pending_page *page, const struct event *ev,
		   const struct repair_op *op)
{
	uint64_t pfn;
	bool known = owner_pfn_of(r, ev->slab.ptr, &pfn);

	if (op->call == CALL_KMALLOC_LARGE) {
		if (bits_get_order(ev->slab.bytes_alloc) != page->order ||
		    (known && pfn != page->pfn))
			return false;
		change(r, page->event, page->pfn, OWNER_KMALLOC_LARGE, 0);
		return true;
	}
	if (known) {
		if (pfn - page->pfn >= 1ULL << page->order)
			return false;
	} else {
		if (!page->slab || page->misses)
			return false;
		if (!r->options.hashed_ptrs)
			vote(r, page, ev->slab.ptr);
	}
	change(r, page->event, page->pfn, OWNER_SLAB, op->cache);
	return true;
}

/*
 * mm/slub.c:refill_objects(): a sheaf is filled at once, and its last object is the first to be
 * used. The slabs bought right before "last" were for the same sheaf, further down.
 */
static void settle_refill(struct repair *r, struct cpu_context *cpu,
			  const struct pending_page *last, uint32_t cache)
{
	for (unsigned int i = 0; i < REPAIR_NR_PENDING; i++) {
		const struct pending_page *page = &cpu->pending[i];

		if (!(cpu->armed & 1U << i) || !page->slab || page->pid != last->pid ||
		    page->level != last->level || page->order != last->order ||
		    page->misses != last->misses || page->event > last->event)
			continue;
		change(r, page->event, page->pfn, OWNER_SLAB, cache);
		cpu->armed &= (uint8_t)~(1U << i);
	}
}

/* "ptr" seems to be the first object of slab "page": where would the direct map begin? */
static void vote(struct repair *r, const struct pending_page *page, uint64_t ptr)
{
	uint64_t size = (uint64_t)KERNEL_PAGE_SIZE << page->order;
	uint64_t base = bits_align_down(ptr, size) - page->pfn * KERNEL_PAGE_SIZE;
	struct base_vote *free_vote = NULL;

	if (r->options.long_is_32)
		base &= UINT32_MAX;
	/* 32-bit kernels put the map where the split of the address space is. */
	if (base & ((r->options.long_is_32 ? 1ULL << 24 : 1ULL << 30) - 1))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(r->map.votes); i++) {
		struct base_vote *at = &r->map.votes[i];

		if (at->votes && at->base == base) {
			if (++at->votes < BASE_VOTES)
				return;
			r->map.base = r->coverage.direct_map_base = base;
			r->map.known = true;
			return;
		}
		if (!at->votes)
			free_vote = at;
	}
	if (free_vote) {
		*free_vote = (struct base_vote){ .base = base, .votes = 1 };
		return;
	}
	/* Majority vote: each stranger weakens all that were seen so far. */
	for (unsigned int i = 0; i < ARRAY_SIZE(r->map.votes); i++)
		r->map.votes[i].votes--;
}

static void wait_for_percpu(struct repair *r, const struct event *ev, uint64_t number)
{
	struct percpu_page page = { .event = number, .pfn = ev->page.pfn, .pid = ev->pid };

	/* Those that are out can no longer change: a window's worth is kept. */
	if (r->percpu_pages.nr && r->percpu_pages.items[0].event < r->nr_released) {
		size_t kept = 0;

		for (size_t i = 0; i < r->percpu_pages.nr; i++) {
			if (r->percpu_pages.items[i].event >= r->nr_released)
				r->percpu_pages.items[kept++] = r->percpu_pages.items[i];
		}
		r->percpu_pages.nr = kept;
	}
	vec_push(&r->percpu_pages, page);
}

/*
 * The page that event "number" allocated turned out to be a layer's own. Too late when that event
 * is out, or the page has gone: what was said stays said.
 */
static void change(struct repair *r, uint64_t number, uint64_t pfn, enum page_owner owner,
		   uint32_t cache)
{
	struct page_block *block = pages_find(&r->pages, pfn);
	struct repair_op *op;
	const struct event *ev;

	if (!block || block->event != number || block->flags & PAGE_PIECE)
		return;
	if (cache && !block->cache)
		block->cache = cache;
	ev = repair_held_event(r, number, &op);
	if (!ev)
		return;
	repair_count(r, op, -1);
	r->coverage.pages_by_owner[op->owner] -= 1ULL << block->order;
	op->owner = block->owner = (uint8_t)owner;
	op->cache = cache;
	op->fate = FATE_EXPLAINED;
	block->flags |= PAGE_EXPLAINED;
	r->coverage.pages_by_owner[op->owner] += 1ULL << block->order;
	repair_count(r, op, 1);
	if (cache)
		note_slab(&r->caches.all.items[cache], ev);
}

/* Order and mobility of a slab are its cache's, whatever its first object was asked for with. */
static void note_slab(struct repair_cache *cache, const struct event *ev)
{
	if (cache->order == 0xff)
		cache->order = ev->page.order;
	if (ev->page.gfp & GFP_BIT_RECLAIMABLE)
		cache->reclaimable = 1;
}
