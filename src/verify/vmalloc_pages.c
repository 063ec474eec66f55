/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page events of vmalloc's own, and whether our layer brings them about; see vmalloc_pages.h. */
#include <config.h>

#include "vmalloc_pages.h"

#include "vmalloc_judge.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/mm/gfp_derive.h"

#include <inttypes.h>

static struct mm_outcome page_alloc(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				    int node);
static unsigned int page_alloc_bulk(void *ctx, unsigned int cpu, uint32_t gfp, int node,
				    unsigned int nr, uint64_t *pfns);
static void page_split(void *ctx, uint64_t pfn, unsigned int order);
static struct mm_outcome page_free(void *ctx, unsigned int cpu, uint64_t pfn);
static bool is_mask(uint32_t recorded, uint32_t asked);
static bool is_table(const struct event *ev);
static void note_page(struct vmalloc_judge *j, const struct event *ev, const struct repair_op *op);
static struct vmalloc_filling *filling_of(struct vmalloc_judge *j, int32_t pid);
static bool is_over(const struct vmalloc_judge *j, const struct vmalloc_filling *filling,
		    const struct event *ev);
static void close_filling(struct vmalloc_judge *j, size_t at);
static void fill(struct vmalloc_judge *j, struct vmalloc_filling *filling);
static uint64_t visible(const struct vmalloc_filling *filling);
static uint32_t gfp_of(const struct vmalloc_filling *filling, const struct area_guess *guess);
static void detect(struct vmalloc_judge *j, bool happened, bool predicted,
		   const struct verify_what *what, uint32_t gfp);
static struct verify_what what_of(uint64_t number, uint8_t order, const char *path);

const struct vmalloc_ops vmalloc_pages_ops = {
	.page_alloc = page_alloc,
	.page_alloc_bulk = page_alloc_bulk,
	.page_split = page_split,
	.page_free = page_free,
};

void vmalloc_pages_deinit(struct vmalloc_judge *j)
{
	vec_foreach (&j->pages.open, filling)
		vec_deinit(&filling->pages);
	vec_deinit(&j->pages.open);
}

void vmalloc_pages_begin(struct vmalloc_judge *j, uint32_t index)
{
	const struct area_guess *guess = &j->guesses.all->all.items[index];
	struct vmalloc_filling *filling;

	if (!j->setup->survey->nr_page_allocs)
		return;
	filling = filling_of(j, guess->pid);
	/* Of two areas in one request the outer one is filled last, and with it the inner one. */
	if (filling && guess->outer == filling->guess)
		return;
	if (filling)
		close_filling(j, (size_t)(filling - j->pages.open.items));
	vec_push(&j->pages.open, ((struct vmalloc_filling){ .guess = index,
							    .pid = guess->pid,
							    .cpu = guess->cpu }));
}

void vmalloc_pages_event(struct vmalloc_judge *j, const struct event *ev,
			 const struct repair_op *op)
{
	if (ev->flags & (EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ | EVENT_F_NMI))
		return;
	if (ev->type == EVENT_PAGE_ALLOC) {
		note_page(j, ev, op);
		return;
	}
	for (size_t i = 0; i < j->pages.open.nr; i++) {
		if (is_over(j, &j->pages.open.items[i], ev)) {
			close_filling(j, i);
			return;
		}
	}
}

/* One by one, in the order of the array; the task frees nothing else in between. */
void vmalloc_pages_end(struct vmalloc_judge *j, const struct area_guess *guess)
{
	const struct verify_what what = what_of(guess->end, 0, "free");

	if (!guess->nr_pages || guess->bounded || !guess->nr_freed ||
	    !j->setup->survey->nr_page_allocs)
		return;
	for (uint64_t i = 0; i < guess->nr_pages; i++)
		(void)verify_detect(j->log, VERIFY_VMALLOC_PAGES, i < guess->nr_freed, true, &what);
	verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
		     "pages freed right before those of an area, somebody else's",
		     guess->nr_freed > guess->nr_pages ? guess->nr_freed - guess->nr_pages : 0);
}

void vmalloc_pages_finish(struct vmalloc_judge *j)
{
	while (j->pages.open.nr)
		close_filling(j, 0);
}

/* A request of our layer's: the recorded one is taken from the list. */
static struct mm_outcome page_alloc(void *ctx, unsigned int cpu UNUSED, uint32_t gfp,
				    unsigned int order, int node UNUSED)
{
	const struct mm_outcome given = { .addr = 1 };
	struct vmalloc_judge *j = ctx;
	struct verify_what what;

	if (!j->pages.now)
		return given;
	j->pages.left -= MIN(j->pages.left, 1ULL << order);
	what = what_of(j->guesses.all->all.items[j->pages.now->guess].number, (uint8_t)order,
		       "alloc");
	vec_foreach (&j->pages.now->pages, page) {
		if (page->taken || page->order != order || !is_mask(page->gfp, gfp))
			continue;
		page->taken = true;
		what.number = page->number;
		detect(j, true, true, &what, gfp);
		return page->failed ? (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY } : given;
	}
	if (gfp & GFP_BIT_HIGHMEM || j->setup->survey->from_boot)
		detect(j, false, true, &what, gfp);
	else
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "page tables that were there at the start, as nobody asked for them",
			     1);
	return given;
}

/* Early in boot gfp_allowed_mask takes away what would sleep. */
static bool is_mask(uint32_t recorded, uint32_t asked)
{
	const uint32_t boot = GFP_BITS_KERNEL;

	return recorded == asked || (!(recorded & boot) && recorded == (asked & ~boot));
}

/*
 * alloc_pages_bulk() serves silently what it has at hand; the last page, or one of an area that is
 * charged to a memory cgroup, it asks for as anybody does, and then it is done.
 */
static unsigned int page_alloc_bulk(void *ctx, unsigned int cpu, uint32_t gfp, int node,
				    unsigned int nr, uint64_t *pfns)
{
	struct vmalloc_judge *j = ctx;
	const uint64_t seen = j->pages.now ? visible(j->pages.now) : 0;
	const uint64_t silent = j->pages.left > seen ? j->pages.left - seen : 0;
	unsigned int given = nr > 1 ? (unsigned int)MIN(silent, (uint64_t)nr) : 0;

	if (!given) {
		given = mm_ok(page_alloc(ctx, cpu, gfp, 0, node));
		pfns[0] = 1;
		return given;
	}
	for (unsigned int i = 0; i < given; i++)
		pfns[i] = 1;
	j->pages.left -= given;
	return given;
}

static void page_split(void *ctx UNUSED, uint64_t pfn UNUSED, unsigned int order UNUSED)
{
}

static struct mm_outcome page_free(void *ctx UNUSED, unsigned int cpu UNUSED, uint64_t pfn UNUSED)
{
	return (struct mm_outcome){ 0 };
}

/* GFP_PGTABLE_KERNEL, and what scopes and early boot leave of it. */
static bool is_table(const struct event *ev)
{
	return !ev->page.order && ev->page.gfp & GFP_BIT_ZERO &&
	       !(ev->page.gfp & ~(uint32_t)(GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_COMP));
}

static void note_page(struct vmalloc_judge *j, const struct event *ev, const struct repair_op *op)
{
	const bool own = op->owner == OWNER_VMALLOC || op->owner == OWNER_STACK;
	const bool failed = op->kind == REPAIR_FAILED;
	struct vmalloc_filling *filling;

	if (!own && !failed && !is_table(ev))
		return;
	filling = filling_of(j, ev->pid);
	if (filling) {
		vec_push(&filling->pages,
			 ((struct vmalloc_asking_page){ .number = j->number,
							.gfp = ev->page.gfp,
							.order = ev->page.order,
							.failed = failed,
							.table = !own }));
	} else if (own) {
		const struct verify_what what = what_of(j->number, ev->page.order, "alloc");

		detect(j, true, false, &what, ev->page.gfp);
	}
}

static struct vmalloc_filling *filling_of(struct vmalloc_judge *j, int32_t pid)
{
	vec_foreach (&j->pages.open, filling) {
		if (filling->pid == pid)
			return filling;
	}
	return NULL;
}

/* The task goes on to something else: an object that is none of the area's, or its end. */
static bool is_over(const struct vmalloc_judge *j, const struct vmalloc_filling *filling,
		    const struct event *ev)
{
	const struct area_guess *guess = &j->guesses.all->all.items[filling->guess];

	if (ev->pid != filling->pid)
		return false;
	switch (ev->type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
		return j->number > (guess->array == UINT64_MAX ? guess->number : guess->array);
	case EVENT_CACHE_ALLOC:
	case EVENT_CACHE_ALLOC_NODE:
		return guess->array != UINT64_MAX ? j->number > guess->array :
						    j->number > guess->number;
	case EVENT_PROBE_VM_RET:
		return guess->array == UINT64_MAX || j->number > guess->array;
	default:
		return false;
	}
}

static void close_filling(struct vmalloc_judge *j, size_t at)
{
	struct vmalloc_filling filling = j->pages.open.items[at];

	j->pages.open.items[at] = j->pages.open.items[--j->pages.open.nr];
	fill(j, &filling);
	vec_foreach (&filling.pages, page) {
		const struct verify_what what = what_of(page->number, page->order, "alloc");

		if (page->taken || page->failed)
			continue;
		if (page->table)
			verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
				     "pages behind areas that look like page tables, not asked for", 1);
		else
			detect(j, true, false, &what, page->gfp);
	}
	vec_deinit(&filling.pages);
}

/* Of an area with one more for its array, that one is filled first. */
static void fill(struct vmalloc_judge *j, struct vmalloc_filling *filling)
{
	const struct area_guesses *all = j->guesses.all;
	const struct area_guess *guess = &all->all.items[filling->guess];
	struct vmalloc_request request = { .node = -1 };
	const uint64_t addr = vmalloc_found_at(j, filling->guess);

	j->pages.now = filling;
	if (guess->inner != AREA_GUESS_NONE) {
		const struct area_guess *inner = &all->all.items[guess->inner];

		request.size = inner->nr_pages * KERNEL_PAGE_SIZE;
		request.gfp = (guess->gfp & GFP_BITS_HOW) | GFP_BIT_ZERO;
		j->pages.left = inner->nr_pages;
		(void)vmap_area_fill(j->v, filling->cpu, vmalloc_found_at(j, guess->inner),
				     &request);
	}
	request.gfp = gfp_of(filling, guess);
	request.flags = guess->huge ? VMALLOC_HUGE : 0;
	if (addr && guess->nr_pages) {
		const uint64_t size = vmap_area_size(j->v, addr) - KERNEL_PAGE_SIZE;

		request.size = guess->bounded ? size : guess->nr_pages * KERNEL_PAGE_SIZE;
		j->pages.left = request.size / KERNEL_PAGE_SIZE;
		(void)vmap_area_fill(j->v, filling->cpu, addr, &request);
	} else if (addr && vmap_area_size(j->v, addr) > KERNEL_PAGE_SIZE) {
		(void)vmap_area_map(j->v, filling->cpu, addr,
				    vmap_area_size(j->v, addr) / KERNEL_PAGE_SIZE - 1);
	}
	j->pages.now = NULL;
}

/* Pages that ours could ask for and that an event shows. */
static uint64_t visible(const struct vmalloc_filling *filling)
{
	uint64_t nr = 0;

	vec_foreach (&filling->pages, page)
		nr += !page->taken && !page->table && !page->failed ? 1ULL << page->order : 0;
	return nr;
}

/*
 * A struct vm_struct is asked for with a part of the mask. The rest shows by the pages; those in
 * large blocks (7.x) lack DIRECT_RECLAIM.
 */
static uint32_t gfp_of(const struct vmalloc_filling *filling, const struct area_guess *guess)
{
	vec_foreach (&filling->pages, page) {
		if (!page->taken && !page->table)
			return page->gfp | (guess->gfp & GFP_BIT_DIRECT_RECLAIM);
	}
	return guess->gfp;
}

static void detect(struct vmalloc_judge *j, bool happened, bool predicted,
		   const struct verify_what *what, uint32_t gfp)
{
	struct verify_story *story =
		verify_detect(j->log, VERIFY_VMALLOC_PAGES, happened, predicted, what);

	if (likely(!story))
		return;
	str_addf(predicted ? &story->ours : &story->kernel,
		 "asks for order %d with mask %#" PRIx32, what->order, gfp);
	str_add(predicted ? &story->kernel : &story->ours,
		happened && predicted ? "the same" : "no such request");
}

static struct verify_what what_of(uint64_t number, uint8_t order, const char *path)
{
	return (struct verify_what){
		.number = number, .order = (int8_t)order, .type = MIGRATE_NR, .path = path
	};
}
