/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address ranges of vmalloc, percpu memory, contiguous areas: each a table by its own kind of
 * address, all with the same rules.
 */
#include <config.h>

#include "repair_internal.h"

static void begin(struct repair *r, struct addrmap *map, struct repair_op *op, uint64_t key,
		  uint32_t info);
static bool end(struct repair *r, struct addrmap *map, struct repair_op *op, uint64_t key,
		uint32_t *info);
static bool is_error(const struct repair *r, uint64_t addr);

void area_vmap_alloc(struct repair *r, const struct event *ev, struct repair_op *op,
		     uint64_t addr, uint64_t size)
{
	op->call = CALL_VMAP_ALLOC;
	if (ev->flags & EVENT_F_FAILED || is_error(r, addr)) {
		repair_skip(op, REPAIR_FAILED);
		return;
	}
	begin(r, &r->vmaps, op, addr, 0);
	owner_vmap_alloc(r, ev, size, ev->type == EVENT_VMAP_ALLOC ? ev->vmap.align : 0);
}

void area_vmap_free(struct repair *r, struct repair_op *op, uint64_t addr)
{
	op->call = CALL_VMAP_FREE;
	(void)end(r, &r->vmaps, op, addr, NULL);
}

void area_percpu_alloc(struct repair *r, const struct event *ev, struct repair_op *op)
{
	r->percpu_events = true;
	op->call = CALL_PCPU_ALLOC;
	if (ev->type == EVENT_PCPU_ALLOC_FAIL || ev->flags & EVENT_F_FAILED || !ev->percpu.ptr) {
		repair_skip(op, REPAIR_FAILED);
		return;
	}
	begin(r, &r->percpu, op, ev->percpu.ptr, 0);
	owner_percpu_alloc(r, ev);
}

void area_percpu_free(struct repair *r, const struct event *ev, struct repair_op *op)
{
	op->call = CALL_PCPU_FREE;
	(void)end(r, &r->percpu, op, ev->percpu.ptr, NULL);
}

void area_cma_alloc(struct repair *r, const struct event *ev, struct repair_op *op)
{
	op->call = CALL_CMA_ALLOC;
	if (ev->flags & EVENT_F_FAILED || ev->cma.errorno || !ev->cma.pfn ||
	    ev->cma.pfn >= PAGES_MAX_PFN) {
		repair_skip(op, REPAIR_FAILED);
		return;
	}
	begin(r, &r->cma, op, ev->cma.pfn, (uint32_t)ev->cma.count);
}

void area_cma_free(struct repair *r, const struct event *ev, struct repair_op *op)
{
	uint32_t count;

	op->call = CALL_CMA_FREE;
	if (!end(r, &r->cma, op, ev->cma.pfn, &count) || count == (uint32_t)ev->cma.count)
		return;
	op->fate = FATE_REPAIRED;
	op->kind = REPAIR_MISMATCH;
}

/*
 * mm/cma.c:cma_release() frees the pages one by one, from the first on, and fires its own event
 * when they are gone. A contiguous allocation fires no mm_page_alloc, so nobody else knows them.
 */
bool area_cma_page_free(struct repair *r, const struct event *ev)
{
	const struct addrmap_entry *entry;
	struct cma_run *run;

	if (likely(!r->cma.nr))
		return false;
	run = &owner_context(r, ev)->cma;
	entry = addrmap_find(&r->cma, ev->page.pfn, addrmap_hash(&r->cma, ev->page.pfn));
	if (entry && ev->page.pfn)
		*run = (struct cma_run){
			.pid = ev->pid, .next = ev->page.pfn, .end = ev->page.pfn + entry->info
		};
	if (run->pid != ev->pid || run->next != ev->page.pfn || run->next >= run->end)
		return false;
	/* The order is one byte of the recording. */
	run->next += 1ULL << (ev->page.order & 31);
	return true;
}

/* An object under "key" begins, over whatever was live there. */
static void begin(struct repair *r, struct addrmap *map, struct repair_op *op, uint64_t key,
		  uint32_t info)
{
	struct addrmap_entry *entry;
	bool fresh;

	entry = addrmap_insert(map, key, addrmap_hash(map, key), &fresh);
	if (!fresh) {
		op->fate = FATE_REPAIRED;
		op->kind = REPAIR_UNSEEN_FREE;
		op->implied_free = entry->slot;
		repair_give_slot(r, entry->slot);
	}
	op->slot = entry->slot = repair_take_slot(r);
	entry->info = info;
}

/* The object under "key" ends; false: there is none, and "op" says so. */
static bool end(struct repair *r, struct addrmap *map, struct repair_op *op, uint64_t key,
		uint32_t *info)
{
	struct addrmap_entry *entry = key ? addrmap_find(map, key, addrmap_hash(map, key)) : NULL;

	if (!entry) {
		repair_skip(op, key ? REPAIR_UNSEEN_ALLOC : REPAIR_NULL_FREE);
		return false;
	}
	op->slot = entry->slot;
	if (info)
		*info = entry->info;
	addrmap_remove(map, entry);
	repair_give_slot(r, op->slot);
	return true;
}

/* No area begins in the last page of the address space, where error numbers lie, or at 0. */
static bool is_error(const struct repair *r, uint64_t addr)
{
	uint64_t top = r->options.long_is_32 ? UINT32_MAX : UINT64_MAX;

	return !addr || addr > top - 4095;
}
