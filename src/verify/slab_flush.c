/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushes, shrinking and ends of caches. No event tells of them: an empty slab goes, and nothing of
 * its cache was just freed, or it is a CPU's own one, which no free gives back.
 *
 * kmem_cache_shrink() has few callers. The one that every boot has is ACPI: when its tables are
 * loaded, all of its caches are shrunk, one after the other (6.1 to 7.2, acpi_os_purge_cache()),
 * and with them the caches that they are merged with. Those that have no empty slab show only
 * later, by their slabs being in other places.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_sheaf.h"

#include <string.h>

static void shrink_acpi(struct slab_judge *j, const struct slab_step *step, uint32_t but);
static uint32_t owner_of_sheaf(struct slab_judge *j, const struct slab_step *step);
static bool is_at(const struct slab_judge *j, const struct slab_step *step, const char *function);
static bool is_flush(struct slab_judge *j, const struct slab_step *step,
		     const struct slab_known *known);
static bool follows_free(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
static void shrink(struct slab_judge *j, const struct slab_step *step, uint32_t cache);
static void settle(struct slab_judge *j, const struct slab_step *step, size_t first);
static bool goes(struct slab_judge *j, const struct slab_step *step,
		 const struct slab_limbo *limbo);

bool slab_flush_at(struct slab_judge *j, const struct slab_step *step,
		   const struct slab_known *known)
{
	const uint64_t pfn = known->pfn;
	const uint32_t cache = known->cache;
	const size_t first = j->limbo.nr;

	if (!is_flush(j, step, known))
		return false;
	shrink(j, step, cache);
	if (slab_cache_known(j, cache)->acpi)
		shrink_acpi(j, step, cache);
	settle(j, step, first);
	slab_pages_settle(j, step);
	return u64map_find(&j->limbo_index, pfn) != NULL;
}

/*
 * 7.0 and later: flush_cpu_sheaves() gives the spare sheaf of a CPU back, barn_shrink() those of
 * the barn. Whose they are is known if the recording showed for whom they were made.
 */
void slab_flush_sheaf(struct slab_judge *j, const struct slab_step *step)
{
	enum { ONE_FLUSH = 256 }; /* events that the same one may last */
	const size_t first = j->limbo.nr;
	uint32_t *cache;

	if (step->ev.type != EVENT_KFREE || !verify_is_given(&j->setup, GIVEN_SILENT) ||
	    !(is_at(j, step, "flush_cpu_sheaves") || is_at(j, step, "barn_shrink")))
		return;
	cache = u64map_find(&j->sheaf_owners, step->ev.slab.ptr);
	if (j->flushed_at && step->number - j->flushed_at < ONE_FLUSH &&
	    (!cache || slab_cache_known(j, *cache)->acpi))
		return;
	j->flushed_at = step->number;
	if (cache)
		shrink(j, step, *cache);
	if (!cache || slab_cache_known(j, *cache)->acpi)
		shrink_acpi(j, step, cache ? *cache : SLAB_CACHE_NONE);
	settle(j, step, first);
	slab_pages_settle(j, step);
}

void slab_flush_note_sheaf(struct slab_judge *j, const struct slab_step *step)
{
	const uint32_t cache = slab_flush_sheaf_for(j, step);
	bool fresh;

	if (cache != SLAB_CACHE_NONE)
		*u64map_insert(&j->sheaf_owners, step->ev.slab.ptr, &fresh) = cache;
}

uint32_t slab_flush_sheaf_for(struct slab_judge *j, const struct slab_step *step)
{
	if (step->op.call != CALL_KMALLOC || (!is_at(j, step, "__pcs_replace_empty_main") &&
					      !is_at(j, step, "__pcs_replace_full_main")))
		return SLAB_CACHE_NONE;
	return owner_of_sheaf(j, step);
}

static void shrink_acpi(struct slab_judge *j, const struct slab_step *step, uint32_t but)
{
	for (uint32_t i = 0; i < j->caches.nr; i++) {
		if (i != but && j->caches.items[i].acpi)
			shrink(j, step, i);
	}
}

/* Whose object the context gets next, or gave last, is the cache that the sheaf is made for. */
static uint32_t owner_of_sheaf(struct slab_judge *j, const struct slab_step *step)
{
	enum { MAX_EVENTS = 64 };
	const uint64_t context = slab_context(&step->ev);
	uint64_t number = step->next;

	if (is_at(j, step, "__pcs_replace_full_main")) {
		for (uint64_t i = 1; i < MAX_EVENTS && i <= step->number; i++) {
			const struct slab_step *before = slab_judge_step(j, step->number - i);

			if (slab_context(&before->ev) == context &&
			    before->op.call == CALL_OBJ_FREE)
				return slab_judge_cache(j, before->op.cache, NULL);
		}
		return SLAB_CACHE_NONE;
	}
	for (unsigned int i = 0; i < MAX_EVENTS && number && number < j->tail; i++) {
		const struct slab_step *next = slab_judge_step(j, number);

		if (next->op.call == CALL_KMALLOC || next->op.call == CALL_CACHE_ALLOC)
			return slab_judge_cache(j, next->op.cache, &next->ev);
		number = next->next;
	}
	return SLAB_CACHE_NONE;
}

static bool is_at(const struct slab_judge *j, const struct slab_step *step, const char *function)
{
	const uint32_t symbol = j->setup.names->sites.items[step->ev.site].symbol;

	return symbol && !strcmp(intern_text(&j->setup.names->texts, symbol), function);
}

/*
 * CPUs' lists are flushed by workers, and what is empty on the nodes' then is given back by who
 * shrinks: so whose page free it is does not matter, as long as nobody wanted an object meanwhile.
 */
static void settle(struct slab_judge *j, const struct slab_step *step, size_t first)
{
	for (size_t i = first; i < j->limbo.nr; i++) {
		struct slab_limbo *limbo = &j->limbo.items[i];

		limbo->flushed = true;
		limbo->settled = limbo->pfn && goes(j, step, limbo);
		if (limbo->settled)
			vec_push(&j->given_back, limbo->number);
	}
}

static bool goes(struct slab_judge *j, const struct slab_step *step,
		 const struct slab_limbo *limbo)
{
	enum { MAX_EVENTS = 256 };

	for (uint64_t i = step->number; i < MIN(step->number + MAX_EVENTS, j->tail); i++) {
		const struct slab_step *next = slab_judge_step(j, i);

		if (next->ev.type == EVENT_PAGE_FREE && next->ev.page.pfn == limbo->pfn)
			return true;
		if (next->ev.type <= EVENT_CACHE_FREE && next->op.cache &&
		    slab_judge_cache(j, next->op.cache, NULL) == limbo->cache)
			return false;
	}
	return false;
}

static bool is_flush(struct slab_judge *j, const struct slab_step *step,
		     const struct slab_known *known)
{
	struct slab_where where;

	if (!verify_is_given(&j->setup, GIVEN_SILENT) ||
	    !slab_locate(j->slab, slab_known_addr(j, known, 0), false, &where) ||
	    where.nr_free < where.objects)
		return false;
	return where.place == SLAB_PLACE_CPU || !follows_free(j, step, known->cache);
}

/* The last object that the context freed, page frees and the like apart, was of "cache". */
static bool follows_free(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	enum { MAX_EVENTS = 256 };
	const uint64_t context = slab_context(&step->ev);

	for (uint64_t i = 1; i < MAX_EVENTS && i <= step->number; i++) {
		const struct slab_step *before = slab_judge_step(j, step->number - i);

		if (slab_context(&before->ev) != context ||
		    before->ev.type == EVENT_PAGE_FREE || before->ev.type == EVENT_PCPU_DRAIN)
			continue;
		if (before->op.call == CALL_BULK_FREE)
			return true;
		/* Vectors of slabs are freed with them, behind the object. */
		if (before->op.call == CALL_OBJ_FREE && before->ev.type == EVENT_KFREE &&
		    slab_judge_cache(j, before->op.cache, NULL) != cache)
			continue;
		return before->op.call == CALL_OBJ_FREE &&
		       slab_judge_cache(j, before->op.cache, NULL) == cache;
	}
	return false;
}

static void shrink(struct slab_judge *j, const struct slab_step *step, uint32_t cache)
{
	slab_shrink(j->slab, cache, step->ev.cpu);
	if (j->free_run)
		slab_shrink(j->free_run->slab, cache, step->ev.cpu);
	slab_aside(j, ASIDE_GROUND, "flushes, shrinking and ends of caches", 1);
}
