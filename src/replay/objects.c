/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slab objects and large kmallocs: repair's caches become caches of the machine on first use. */
#include <config.h>

#include "replay_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/slab.h"

/* Caches times CPUs: each pair costs some 40 bytes. */
enum { MAX_CPU_CACHES = 1 << 22 };

static uint32_t machine_cache(struct replay *r, const struct replay_step *step);
static uint32_t make_cache(struct replay *r, const struct event *ev,
			   const struct repair_cache *cache);

enum replay_verdict replay_object_alloc(struct replay *r, const struct replay_step *step)
{
	const struct event *ev = step->ev;
	const struct repair_op *op = step->op;
	struct slab_allocator *slab = machine_slab(r->machine);
	bool large = op->call == CALL_KMALLOC_LARGE;
	enum replay_verdict verdict;
	struct mm_outcome outcome;

	if (replay_passes_over(r, step, LAYER_SLAB, &verdict))
		return verdict;
	if (large) {
		r->slab_owner = OWNER_KMALLOC_LARGE;
		outcome = slab_kmalloc(slab, step->cpu, ev->slab.bytes_req, ev->slab.gfp,
				       ev->slab.node, step->context);
		r->slab_owner = OWNER_SLAB;
	} else {
		uint32_t cache = machine_cache(r, step);

		outcome = slab_alloc(slab, cache, step->cpu, ev->slab.node, ev->slab.gfp,
				     step->context);
		if (mm_ok(outcome))
			r->requested.items[cache] += ev->slab.bytes_req;
	}
	verdict = replay_settle(r, step, outcome, large ? bits_get_order(ev->slab.bytes_req) : 0);
	if (!mm_ok(outcome))
		replay_hold(r, op->slot, SLOT_FAILED, 0);
	else if (op->slot != REPAIR_NO_SLOT)
		replay_hold(r, op->slot, large ? SLOT_LARGE : SLOT_OBJECT, outcome.addr);
	else if (r->options.recovered == RECOVERED_DROP)
		(void)slab_free(slab, step->cpu, outcome.addr);
	return verdict;
}

uint64_t replay_cache_requested(const struct replay *r, uint32_t cache)
{
	return cache < r->requested.nr ? r->requested.items[cache] : 0;
}

void replay_cache_name(const struct replay *r, uint32_t cache, struct str *out)
{
	struct slab_cache_stats stats;
	const struct repair_cache *known = NULL;

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

/*
 * A cache of the recording and one of the machine are joined when the first object is asked for.
 * What is learned of it later (its name) changes the name only, never the geometry.
 */
static uint32_t machine_cache(struct replay *r, const struct replay_step *step)
{
	uint32_t id = step->op->cache;
	const struct repair_cache *cache;

	if (likely(id < r->caches.nr && r->caches.items[id]))
		return r->caches.items[id] - 1;
	cache = repair_cache(r->repair, id);
	vec_extend_zeroed(&r->caches, (size_t)MAX(id, cache->canon) + 1);
	if (!r->caches.items[cache->canon]) {
		uint32_t made = make_cache(r, step->ev, cache);

		r->caches.items[cache->canon] = made + 1;
		if (made != SLAB_CACHE_NONE) {
			vec_extend_zeroed(&r->origins, (size_t)made + 1);
			r->origins.items[made] = cache->canon;
		}
	}
	r->caches.items[id] = r->caches.items[cache->canon];
	vec_extend_zeroed(&r->requested, slab_nr_caches(machine_slab(r->machine)));
	return r->caches.items[id] - 1;
}

static uint32_t make_cache(struct replay *r, const struct event *ev,
			   const struct repair_cache *cache)
{
	struct slab_allocator *slab = machine_slab(r->machine);
	uint32_t class = slab_kmalloc_class(slab, ev->slab.bytes_alloc, ev->slab.gfp);
	const char *name = intern_text(&r->names->texts, cache->name);
	uint32_t flags = 0;

	if (class != SLAB_CACHE_NONE) {
		/* A kernel with other size classes has classes this machine lacks. */
		if (cache->kmalloc &&
		    slab_cache_geometry(slab, class)->size == ev->slab.bytes_alloc)
			return class;
		/* No kernel has that many: a damaged recording shall not fill the memory. */
		if ((uint64_t)slab_nr_caches(slab) * r->nr_cpus > MAX_CPU_CACHES)
			return class;
	}
	if (cache->reclaimable)
		flags |= SLAB_RECLAIM_ACCOUNT;
	if (cache->account)
		flags |= SLAB_ACCOUNT;
	if (cache->dma)
		flags |= SLAB_CACHE_DMA;
	return slab_cache_by_geometry(slab, name,
				      (uint32_t)ev->slab.bytes_req, (uint32_t)ev->slab.bytes_alloc,
				      flags);
}
