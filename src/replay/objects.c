/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slab objects and large kmallocs: repair's caches become caches of the machine on first use. */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/replay/cache_make.h"

/* What an event, or what is known of a cache, says of its objects. */
struct cache_wish {
	uint64_t bytes_req, bytes_alloc;
};

static uint32_t class_by_size(struct replay *r, const struct replay_step *step);
static struct mm_outcome take_sorted(struct replay *r, const struct replay_step *step,
				     uint32_t cache);
static struct mm_outcome take_large(struct replay *r, const struct replay_step *step);
static void count_bytes(struct replay *r, const struct replay_step *step, uint32_t cache,
			uint64_t addr);
static void hold_object(struct replay *r, const struct replay_step *step, enum slot_state state,
			uint64_t addr);
static uint32_t machine_cache(struct replay *r, const struct replay_step *step);
static uint32_t random_copy(struct replay *r, const struct replay_step *step, uint32_t cache);
static bool was_merged(const struct replay *r, const struct replay_step *step);
static uint32_t cache_apart(struct replay *r, const struct replay_step *step);
static uint32_t find_cache(struct replay *r, uint32_t id, const struct cache_wish *wish);

enum replay_verdict replay_object_alloc(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const struct repair_op *op = step->op;
	struct slab_allocator *slab = machine_slab(r->machine);
	bool large = op->call == CALL_KMALLOC_LARGE;
	const bool sorted = r->own_classes && op->call == CALL_KMALLOC; /* by the size asked for */
	uint32_t cache = SLAB_CACHE_NONE;
	enum replay_verdict verdict;
	struct mm_outcome outcome;

	if (replay_passes_over(r, step, LAYER_SLAB, &verdict))
		return verdict;
	if (!large)
		cache = sorted ? class_by_size(r, step) : machine_cache(r, step);
	large |= sorted && cache == SLAB_CACHE_NONE;
	if (large)
		outcome = take_large(r, step);
	else if (sorted)
		outcome = take_sorted(r, step, cache);
	else
		outcome = slab_alloc(slab, cache, step->cpu, ev->slab.node, ev->slab.gfp,
				     step->context);
	verdict = replay_settle(r, step, outcome, large ? bits_get_order(ev->slab.bytes_req) : 0);
	if (mm_ok(outcome))
		count_bytes(r, step, cache, outcome.addr);
	if (!mm_ok(outcome))
		replay_hold(r, op->slot, SLOT_FAILED, 0);
	else if (op->slot != REPAIR_NO_SLOT)
		hold_object(r, step, large ? SLOT_LARGE : SLOT_OBJECT, outcome.addr);
	else if (r->options.recovered == RECOVERED_DROP)
		(void)slab_free(slab, step->cpu, outcome.addr);
	return verdict;
}

uint32_t replay_known_cache(struct replay *r, uint32_t id, uint32_t size)
{
	const struct repair_cache *cache = repair_cache(r->repair, id);

	return find_cache(r, id, &(struct cache_wish){
		.bytes_req = cache->size ? MIN(cache->object_size, size) : size,
		.bytes_alloc = size,
	});
}

void replay_cache_name(const struct replay *r, uint32_t cache, struct str *out)
{
	struct slab_cache_stats stats;
	const struct repair_cache *known = NULL;

	/* A size class may serve several caches of the recording, and is called as in a kernel. */
	if (slab_cache_get_stats(machine_slab(r->machine), cache, &stats) &&
	    stats.flags & SLAB_KMALLOC) {
		str_add(out, stats.name);
		return;
	}
	if (cache < r->origins.nr && r->origins.items[cache])
		known = repair_cache(r->repair, r->origins.items[cache]);
	if (known && known->canon != r->origins.items[cache])
		known = repair_cache(r->repair, known->canon);
	if (known && known->name) {
		str_add(out, intern_text(&r->names->texts, known->name));
	} else if (known) {
		str_add_char(out, '(');
		event_site_print(r->names, known->site, false, out);
		str_add_char(out, ')');
	} else if (slab_cache_get_stats(machine_slab(r->machine), cache, &stats)) {
		str_add(out, stats.name);
	}
}

/* Where the machine has classes of its own. */
static uint32_t class_by_size(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	uint32_t class = slab_kmalloc_class(machine_slab(r->machine),
					    MAX(ev->slab.bytes_req, (uint64_t)1), ev->slab.gfp);

	return r->random_kmalloc ? random_copy(r, step, class) : class;
}

/* From the class that was found; SLOB has one for all sizes, and wants to know which it is. */
static struct mm_outcome take_sorted(struct replay *r, const struct replay_step *step,
				     uint32_t cache)
{
	struct slab_allocator *slab = machine_slab(r->machine);
	const struct event *ev = step->ev;

	if (r->slab_design == SLAB_DESIGN_SLOB)
		return slab_kmalloc(slab, step->cpu, MAX(ev->slab.bytes_req, (uint64_t)1),
				    ev->slab.gfp, ev->slab.node, step->context);
	return slab_alloc(slab, cache, step->cpu, ev->slab.node, ev->slab.gfp, step->context);
}

static struct mm_outcome take_large(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	struct mm_outcome outcome;

	r->slab_owner = OWNER_KMALLOC_LARGE;
	outcome = slab_kmalloc(machine_slab(r->machine), step->cpu, ev->slab.bytes_req,
			       ev->slab.gfp, ev->slab.node, step->context);
	r->slab_owner = OWNER_SLAB;
	return outcome;
}

/* An object of "cache", or pages. */
static void count_bytes(struct replay *r, const struct replay_step *step, uint32_t cache,
			uint64_t addr)
{
	const uint64_t asked = step->ev->slab.bytes_req;
	uint64_t given;

	r->tally.asked_bytes += asked;
	if (cache == SLAB_CACHE_NONE) {
		given = (uint64_t)KERNEL_PAGE_SIZE << bits_get_order(asked);
		r->tally.large_bytes += given;
	} else if (r->slab_design == SLAB_DESIGN_SLOB) {
		given = slab_stride(machine_slab(r->machine), addr);
	} else {
		given = slab_cache_geometry(machine_slab(r->machine), cache)->size;
	}
	if (r->options.keep_given)
		r->given.items[step->ev - step->batch->events] = given;
}

static void hold_object(struct replay *r, const struct replay_step *step, enum slot_state state,
			uint64_t addr)
{
	/* What no slab and no block of pages could hold was not given. */
	uint32_t asked = (uint32_t)MIN(step->ev->slab.bytes_req, (uint64_t)UINT32_MAX);

	replay_hold(r, step->op->slot, state, addr);
	r->slots.items[step->op->slot].asked = asked;
	r->tally.asked_live_bytes += asked;
}

static uint32_t machine_cache(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	uint32_t cache;

	if (unlikely(r->unmerge) && was_merged(r, step))
		return cache_apart(r, step);
	cache = find_cache(r, step->op->cache, &(struct cache_wish){
		.bytes_req = ev->slab.bytes_req,
		.bytes_alloc = ev->slab.bytes_alloc,
	});
	return unlikely(r->random_kmalloc) ? random_copy(r, step, cache) : cache;
}

/* The kernel takes the caller's address; ours is made of what the recording says of it. */
static uint32_t random_copy(struct replay *r, const struct replay_step *step, uint32_t cache)
{
	const struct event_site *site;

	if (step->op->call != CALL_KMALLOC || step->ev->site >= r->names->sites.nr)
		return cache;
	site = &r->names->sites.items[step->ev->site];
	return slab_kmalloc_copy(machine_slab(r->machine), cache,
				 bits_mix64(((uint64_t)site->symbol << 32) + site->offset));
}

/*
 * A cache of the recording and one of the machine are joined when the first object is asked for.
 * What is learned of it later (its name) changes the name only, never the geometry.
 */
static uint32_t find_cache(struct replay *r, uint32_t id, const struct cache_wish *wish)
{
	const struct repair_cache *cache;

	if (likely(id < r->caches.nr && r->caches.items[id]))
		return r->caches.items[id] - 1;
	cache = repair_cache(r->repair, id);
	vec_extend_zeroed(&r->caches, (size_t)MAX(id, cache->canon) + 1);
	if (!r->caches.items[cache->canon]) {
		const struct replay_cache_args args = {
			.cache = repair_cache(r->repair, cache->canon),
			.object_size = (uint32_t)wish->bytes_req,
			.size = (uint32_t)wish->bytes_alloc,
			.nr_cpus = r->nr_cpus,
			.buckets = r->buckets,
		};
		uint32_t made = replay_cache_make(machine_slab(r->machine), r->names, &args);

		r->caches.items[cache->canon] = made + 1;
		if (made != SLAB_CACHE_NONE) {
			vec_extend_zeroed(&r->origins, (size_t)made + 1);
			r->origins.items[made] = cache->canon;
		}
	}
	r->caches.items[id] = r->caches.items[cache->canon];
	return r->caches.items[id] - 1;
}

/* An object of a kmem_cache_create()d cache, out of a cache that kmalloc() uses, too. */
static bool was_merged(const struct replay *r, const struct replay_step *step)
{
	const struct repair_cache *cache = repair_cache(r->repair, step->op->cache);

	return step->op->call == CALL_CACHE_ALLOC && repair_cache(r->repair, cache->canon)->kmalloc;
}

/* One cache for all that was merged with a kmalloc cache: which they were, nothing tells. */
static uint32_t cache_apart(struct replay *r, const struct replay_step *step)
{
	struct slab_allocator *slab = machine_slab(r->machine);
	uint32_t id = repair_cache(r->repair, step->op->cache)->canon;
	const struct repair_cache *cache = repair_cache(r->repair, id);
	const struct event *ev = step->ev;

	vec_extend_zeroed(&r->apart, (size_t)id + 1);
	if (!r->apart.items[id]) {
		struct str name;

		if (replay_too_many_caches(slab, r->nr_cpus))
			return slab_kmalloc_class(slab, ev->slab.bytes_alloc, ev->slab.gfp);
		str_init(&name);
		str_addf(&name, "%s (unmerged)", intern_text(&r->names->texts, cache->name));
		r->apart.items[id] = slab_cache_by_geometry(slab, str_text(&name),
							    (uint32_t)ev->slab.bytes_req,
							    (uint32_t)ev->slab.bytes_alloc,
							    replay_cache_flags(cache)) + 1;
		str_deinit(&name);
	}
	return r->apart.items[id] - 1;
}
