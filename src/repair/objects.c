/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab objects and large kmallocs: allocation and free by address.
 */
#include <config.h>

#include "repair_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"

#include <string.h>

/* include/linux/slab.h: what kmalloc(0) returns; kfree() ignores it as it does NULL. */
#define ZERO_SIZE_PTR 16
/* include/linux/err.h: addresses above are errors, freed by mistake at worst. */
#define MAX_ERRNO 4095

static enum repair_call alloc_call(const struct event *ev);
static bool is_large_kmalloc(const struct event *ev);
static bool is_second_event(struct repair *r, const struct event *ev);
static bool is_live_large(const struct repair *r, uint64_t ptr);
static void remember_large(struct repair *r, const struct event *ev, uint64_t number);
static bool is_no_object(const struct repair *r, uint64_t ptr);
static uint32_t cache_of_alloc(struct repair *r, const struct event *ev);
static uint32_t cache_of_bucket(struct repair *r, const struct event *ev, uint32_t plain);
static uint32_t cache_of_slab(struct repair *r, uint64_t ptr, uint32_t cache);
static void learn_from_name(struct repair *r, const struct event *ev, struct repair_op *op);
static void note_late_free(struct repair *r, const struct event *ev);
static void list_open(struct held_batch *held, struct repair_op *op);
static void list_end(struct repair *r, struct held_batch *held, const struct repair_op *op,
		     struct addrmap_entry *entry);
static bool list_close(struct held_batch *held, struct repair_op *op);

void object_alloc(struct repair *r, struct held_batch *held, size_t index, uint64_t hash)
{
	struct event *ev = &held->batch.events[index];
	struct repair_op *op = &held->ops.items[index];
	struct addrmap_entry *entry;
	uint64_t pfn;
	bool fresh;

	op->call = (uint8_t)alloc_call(ev);
	if (unlikely(is_no_object(r, ev->slab.ptr) || ev->flags & EVENT_F_FAILED)) {
		if (op->call != CALL_KMALLOC_LARGE)
			op->cache = cache_of_alloc(r, ev);
		repair_skip(op, REPAIR_FAILED);
		return;
	}
	if (unlikely(op->call == CALL_KMALLOC_LARGE)) {
		if (is_second_event(r, ev)) {
			op->slot = addrmap_find(&r->objects, ev->slab.ptr, hash)->slot;
			repair_skip(op, REPAIR_DUPLICATE);
			return;
		}
		remember_large(r, ev, held->first + index);
	} else {
		op->cache = cache_of_alloc(r, ev);
	}
	entry = addrmap_insert(&r->objects, ev->slab.ptr, hash, &fresh);
	if (unlikely(!fresh)) {
		op->fate = FATE_REPAIRED;
		op->kind = REPAIR_UNSEEN_FREE;
		op->implied_free = entry->slot;
		repair_give_slot(r, entry->slot);
	}
	op->slot = entry->slot = repair_take_slot(r);
	entry->info = op->cache;
	if (ev->cpu < r->cpus.nr && r->cpus.items[ev->cpu].armed)
		owner_object_alloc(r, ev, op);
	if (op->cache && owner_pfn_of(r, ev->slab.ptr, &pfn) && owner_is_unbound(r, pfn))
		owner_bind_slab(r, pfn, op->cache);
}

void object_free(struct repair *r, const struct event *ev, struct repair_op *op, uint64_t hash)
{
	struct addrmap_entry *entry;

	op->call = CALL_OBJ_FREE;
	if (is_no_object(r, ev->slab.ptr)) {
		repair_skip(op, REPAIR_NULL_FREE);
		return;
	}
	entry = addrmap_find(&r->objects, ev->slab.ptr, hash);
	if (unlikely(!entry)) {
		repair_skip(op, REPAIR_UNSEEN_ALLOC);
		note_late_free(r, ev);
		if (ev->slab.name) {
			op->cache = caches_of_name(&r->caches, ev->slab.name);
			(void)cache_of_slab(r, ev->slab.ptr, op->cache);
		}
		return;
	}
	op->slot = entry->slot;
	op->cache = entry->info;
	if (!op->cache)
		op->call = CALL_LARGE_FREE;
	addrmap_remove(&r->objects, entry);
	repair_give_slot(r, op->slot);
	if (ev->slab.name)
		learn_from_name(r, ev, op);
}

void object_bulk_free(struct repair *r, struct held_batch *held, size_t index)
{
	const struct event *ev = &held->batch.events[index];
	struct repair_op *op = &held->ops.items[index];
	/* A probe reads as many words as it was told to; only the first "nr" are objects. */
	size_t nr = MIN(ev->bulk.nr, ev->bulk.nr_aux);

	op->call = CALL_BULK_FREE;
	list_open(held, op);
	/* The reader's side buffer: check what it says nevertheless, it costs nothing. */
	BUG_ON(nr && (ev->bulk.aux > held->batch.aux_len ||
		      nr > (held->batch.aux_len - ev->bulk.aux) / sizeof(uint64_t)));
	for (size_t i = 0; i < nr; i++) {
		struct addrmap_entry *entry;
		uint64_t ptr;

		memcpy(&ptr, held->batch.aux + ev->bulk.aux + i * sizeof(ptr), sizeof(ptr));
		if (is_no_object(r, ptr))
			continue;
		entry = addrmap_find(&r->objects, ptr, addrmap_hash(&r->objects, ptr));
		if (!entry)
			continue;
		if (!op->cache)
			op->cache = entry->info;
		list_end(r, held, op, entry);
	}
	if (!list_close(held, op))
		repair_skip(op, REPAIR_UNSEEN_ALLOC);
}

/*
 * mm/slub.c:discard_slab(): a slab goes when its last object was freed. Objects that seem live then
 * were freed unseen: kfree_rcu(), kmem_cache_free_bulk(), the shrinking of private free lists.
 */
void object_end_slab(struct repair *r, struct held_batch *held, size_t index, uint64_t pfn,
		     const struct page_block *block)
{
	struct repair_op *op = &held->ops.items[index];
	uint64_t start = r->map.base + pfn * KERNEL_PAGE_SIZE;
	uint64_t end = start + ((uint64_t)KERNEL_PAGE_SIZE << block->order);
	uint32_t stride;

	/* A damaged recording may claim any order: the search must not grow with it. */
	if (!r->map.known || !block->cache || r->late_frees ||
	    block->order > OWNER_SLAB_MAX_ORDER)
		return;
	stride = r->caches.all.items[block->cache].size;
	if (stride < SMALLEST_OBJECT)
		return;
	list_open(held, op);
	for (uint64_t ptr = start; ptr < end; ptr += stride) {
		struct addrmap_entry *entry =
			addrmap_find(&r->objects, ptr, addrmap_hash(&r->objects, ptr));

		if (entry)
			list_end(r, held, op, entry);
	}
	if (list_close(held, op)) {
		op->kind = REPAIR_UNSEEN_FREE;
		r->ended_slab = (struct ended_slab){
			.start = start, .end = end, .pid = held->batch.events[index].pid
		};
	}
}

static enum repair_call alloc_call(const struct event *ev)
{
	if (ev->type == EVENT_CACHE_ALLOC || ev->type == EVENT_CACHE_ALLOC_NODE)
		return CALL_CACHE_ALLOC;
	return is_large_kmalloc(ev) ? CALL_KMALLOC_LARGE : CALL_KMALLOC;
}

/*
 * mm/slub.c: above KMALLOC_MAX_CACHE_SIZE whole pages are taken, and bytes_alloc says how many.
 * An object of the largest classes with debugging on is larger than its class, but of an odd size.
 */
static bool is_large_kmalloc(const struct event *ev)
{
	return ev->slab.bytes_alloc > KMALLOC_MAX_CACHE_SIZE &&
	       ev->slab.bytes_alloc % KERNEL_PAGE_SIZE == 0;
}

/*
 * 6.12 and later, mm/slub.c: a large request of a size not known when compiling fires kmalloc in
 * ___kmalloc_large_node() and again in __do_kmalloc_node(). The second knows the true caller, so
 * the first, which counts, takes over its call site while it can still be changed.
 */
static bool is_second_event(struct repair *r, const struct event *ev)
{
	for (unsigned int i = 0; i < REPAIR_NR_LARGE; i++) {
		struct recent_large *large = &r->large[i];
		struct repair_op *op;
		struct event *first;

		if (large->ptr != ev->slab.ptr || large->pid != ev->pid ||
		    large->req != ev->slab.bytes_req || large->alloc != ev->slab.bytes_alloc ||
		    large->gfp != ev->slab.gfp)
			continue;
		/* One caller twice is a new request, whose free before it was not seen. */
		first = repair_held_event(r, large->event, &op);
		large->ptr = 0;
		if (!first || first->site == ev->site || !is_live_large(r, ev->slab.ptr))
			return false;
		first->site = ev->site;
		return true;
	}
	return false;
}

static bool is_live_large(const struct repair *r, uint64_t ptr)
{
	const struct addrmap_entry *entry =
		addrmap_find(&r->objects, ptr, addrmap_hash(&r->objects, ptr));

	return entry && !entry->info;
}

static void remember_large(struct repair *r, const struct event *ev, uint64_t number)
{
	r->large[r->next_large] = (struct recent_large){
		.event = number,
		.ptr = ev->slab.ptr,
		.req = ev->slab.bytes_req,
		.alloc = ev->slab.bytes_alloc,
		.pid = ev->pid,
		.gfp = ev->slab.gfp,
	};
	r->next_large = (r->next_large + 1) % REPAIR_NR_LARGE;
}

static bool is_no_object(const struct repair *r, uint64_t ptr)
{
	uint64_t top = r->options.long_is_32 ? UINT32_MAX : UINT64_MAX;

	return ptr <= ZERO_SIZE_PTR || ptr > top - MAX_ERRNO;
}

static uint32_t cache_of_alloc(struct repair *r, const struct event *ev)
{
	uint32_t cache;

	if (ev->type == EVENT_KMALLOC || ev->type == EVENT_KMALLOC_NODE) {
		cache = caches_of_kmalloc(&r->caches, ev);
		if (likely(!(ev->slab.gfp & (GFP_BIT_HARDWALL | GFP_BIT_ACCOUNT))))
			return cache;
		return cache_of_bucket(r, ev, cache);
	}
	cache = caches_of_alloc(&r->caches, ev);
	if (unlikely(r->caches.all.items[cache].mixed))
		return mixed_cache(r, ev->slab.ptr, cache);
	/*
	 * Named by the event, or united with a named one before: certain. But what lies in the same
	 * slab may have no name yet.
	 */
	if (likely(r->caches.all.items[r->caches.all.items[cache].canon].name &&
		   !caches_may_be_nameless(&r->caches, ev->slab.bytes_alloc)))
		return cache;
	return cache_of_slab(r, ev->slab.ptr, cache);
}

/*
 * Is this object of kmalloc class "plain", or of a set of caches of its own? Where it lies tells:
 * such sets have slabs of their own, so an object among ordinary ones speaks against the set. A few
 * callers that only look like it must not decide, many say that the kernel has no such set.
 */
static uint32_t cache_of_bucket(struct repair *r, const struct event *ev, uint32_t plain)
{
	enum cache_bucket bucket = caches_bucket_of(&r->caches, ev);
	struct bucket_evidence *evidence = &r->buckets[bucket % BUCKET_NR];
	struct page_block *block;
	uint64_t pfn, head;
	uint32_t own;

	if (bucket == BUCKET_NONE || evidence->dropped || !owner_pfn_of(r, ev->slab.ptr, &pfn))
		return plain;
	own = caches_of_bucket(&r->caches, bucket, plain);
	block = pages_find_containing(&r->pages, pfn, &head);
	if (!block)
		return evidence->apart ? own : plain;
	if (!block->cache)
		block->cache = own;
	if (block->cache == own) {
		evidence->apart++;
		return own;
	}
	if (++evidence->among > 4 * evidence->apart + 8) {
		evidence->dropped = true;
		caches_drop_bucket(&r->caches, bucket);
	}
	return plain;
}

/* An object of "cache" lies at "ptr": whatever else lies in the same slab is of that cache. */
static uint32_t cache_of_slab(struct repair *r, uint64_t ptr, uint32_t cache)
{
	struct page_block *block;
	uint64_t pfn, head;
	uint32_t one;

	if (!owner_pfn_of(r, ptr, &pfn))
		return cache;
	block = pages_find_containing(&r->pages, pfn, &head);
	if (!block || block->owner != OWNER_SLAB)
		return cache;
	if (!block->cache) {
		block->cache = cache;
		return cache;
	}
	one = caches_unite(&r->caches, block->cache, cache);
	return one ? one : cache;
}

/* kmem_cache_free says which cache the object is of. */
static void learn_from_name(struct repair *r, const struct event *ev, struct repair_op *op)
{
	uint32_t named = caches_of_name(&r->caches, ev->slab.name);
	uint32_t before = caches_canon(&r->caches, op->cache);
	uint32_t one;

	r->coverage.nr_named++;
	if (likely(before == named))
		return;
	if (!op->cache) {
		/* A large kmalloc given to kmem_cache_free(). */
		op->fate = FATE_REPAIRED;
		op->kind = REPAIR_MISMATCH;
		return;
	}
	one = caches_unite(&r->caches, before, named);
	r->coverage.nr_named_late += one != 0;
	r->coverage.nr_named_wrong += !one;
	if (one) {
		(void)cache_of_slab(r, ev->slab.ptr, one);
		return;
	}
	/* A cache that was only inferred is our mistake, not the caller's. */
	if (!r->caches.all.items[op->cache].name) {
		mixed_found(r, ev->slab.ptr, op->cache, named);
		op->cache = named;
		return;
	}
	op->fate = FATE_REPAIRED;
	op->kind = REPAIR_MISMATCH;
}

/*
 * Before 5.16 kmem_cache_free fired when the object was gone already, and so after the mm_page_free
 * of its slab. Such a free shows that slabs don't tell which objects were freed unseen.
 */
static void note_late_free(struct repair *r, const struct event *ev)
{
	const struct ended_slab *slab = &r->ended_slab;

	if (ev->type == EVENT_CACHE_FREE && ev->pid == slab->pid &&
	    ev->slab.ptr - slab->start < slab->end - slab->start)
		r->late_frees = true;
}

/* Begins a list of slots that end with "op". */
static void list_open(struct held_batch *held, struct repair_op *op)
{
	op->implied_free = (uint32_t)held->lists.nr;
	vec_push(&held->lists, 0);
}

static void list_end(struct repair *r, struct held_batch *held, const struct repair_op *op,
		     struct addrmap_entry *entry)
{
	vec_push(&held->lists, entry->slot);
	held->lists.items[op->implied_free]++;
	repair_give_slot(r, entry->slot);
	addrmap_remove(&r->objects, entry);
}

/* Drops the list again if it stayed empty: false. */
static bool list_close(struct held_batch *held, struct repair_op *op)
{
	if (held->lists.items[op->implied_free])
		return true;
	held->lists.nr = op->implied_free;
	op->implied_free = REPAIR_NO_SLOT;
	return false;
}
