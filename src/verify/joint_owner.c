/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose is a page, held against what the whole recording shows (see joint_owner.h).
 *
 * Theory. A slab shows by its objects: the first event of an object in the block, whatever it is,
 * names its cache as far as that is ever known. A large kmalloc has the block's address. Where
 * neither is seen before the block goes, it is somebody else's, but for slabs of which no object is
 * ever seen, because all were taken and given back in bulk: nothing in the recording can tell.
 */
#include <config.h>

#include "joint_owner.h"

#include "kmreplay/abi/kernel.h"

#include <inttypes.h>
#include <string.h>

/* What "truth" says of a block; from FIRST_CACHE on: a slab of repair's cache, by its id. */
enum { TRUTH_OTHER, TRUTH_LARGE, TRUTH_SLAB, FIRST_CACHE };
/* Slabs are no larger than that. */
enum { SLAB_MAX_ORDER = 3 };

static void look_object(struct joint_owner_look *look, uint64_t base, const struct event *ev,
			const struct repair_op *op);
static void look_bulk(struct joint_owner_look *look, uint64_t base,
		      const struct repair_batch *batch, size_t i);
static void note(struct joint_owner_look *look, uint64_t pfn, uint32_t truth);
static void begin_block(struct joint_owner_look *look, const struct event *ev);
static void end_block(struct joint_owner_look *look, uint64_t pfn);
static uint32_t canon_of(const struct repair *repair, uint32_t id);
static void judge_page(struct joint_owner_judge *judge, const struct event *ev,
		       const struct repair_op *op, uint32_t truth);
static bool is_cache(const struct joint_owner_judge *judge, uint32_t id, uint32_t truth);
static uint32_t kind_of(const struct repair_op *op);
static void tell(struct verify_story *story, const struct joint_owner_judge *judge,
		 const struct repair_op *op, uint32_t truth);

void joint_owner_look_init(struct joint_owner_look *look)
{
	memset(look, 0, sizeof(*look));
	u64map_init(&look->pages);
}

void joint_owner_look_deinit(struct joint_owner_look *look)
{
	vec_deinit(&look->truth);
	u64map_deinit(&look->pages);
	vec_deinit(&look->blocks);
	vec_deinit(&look->spare);
	vec_deinit(&look->caches);
}

void joint_owner_look_feed(struct joint_owner_look *look, const struct repair *repair,
			   const struct repair_batch *batch)
{
	const uint64_t base = repair_coverage(repair)->direct_map_base;

	for (size_t i = 0; i < batch->batch->nr; i++) {
		const struct event *ev = &batch->batch->events[i];

		switch (batch->ops[i].call) {
		case CALL_KMALLOC:
		case CALL_KMALLOC_LARGE:
		case CALL_CACHE_ALLOC:
		case CALL_OBJ_FREE:
			if (base)
				look_object(look, base, ev, &batch->ops[i]);
			break;
		case CALL_BULK_FREE:
			if (base)
				look_bulk(look, base, batch, i);
			break;
		case CALL_PAGE_ALLOC:
			begin_block(look, ev);
			break;
		case CALL_PAGE_FREE:
			end_block(look, ev->page.pfn);
			break;
		default:
			break;
		}
	}
}

void joint_owner_look_finish(struct joint_owner_look *look, const struct repair *repair)
{
	for (size_t i = 0; repair && i < look->truth.nr; i++) {
		uint32_t *truth = &look->truth.items[i];

		if (*truth >= FIRST_CACHE)
			*truth = canon_of(repair, *truth - FIRST_CACHE) + FIRST_CACHE;
	}
	vec_push(&look->caches, (struct repair_cache){ 0 });
	for (uint32_t id = 1; repair && id <= repair_nr_caches(repair); id++)
		vec_push(&look->caches, *repair_cache(repair, id));
	u64map_deinit(&look->pages);
	u64map_init(&look->pages);
	vec_deinit(&look->blocks);
	vec_deinit(&look->spare);
}

void joint_owner_judge(struct joint_owner_judge *judge, const struct repair_batch *batch)
{
	for (size_t i = 0; i < batch->batch->nr; i++, judge->number++) {
		const struct repair_op *op = &batch->ops[i];
		uint32_t nth;

		if (op->call != CALL_PAGE_ALLOC)
			continue;
		nth = judge->nth++;
		if (op->fate != FATE_SKIPPED && judge->look && nth < judge->look->truth.nr)
			judge_page(judge, &batch->batch->events[i], op,
				   judge->look->truth.items[nth]);
	}
}

void joint_owner_judge_finish(struct joint_owner_judge *judge)
{
	vec_foreach(&judge->late, late) {
		const struct verify_what what = {
			.number = late->number,
			.cache = late->cache,
			.order = VERIFY_NO_ORDER,
			.type = MIGRATE_NR,
		};
		const struct repair_op op = { .owner = OWNER_SLAB, .cache = late->cache };

		tell(verify_judge(judge->log, VERIFY_JOINT_CACHE,
				  is_cache(judge, late->cache, late->truth), &what),
		     judge, &op, late->truth);
	}
}

void joint_owner_judge_deinit(struct joint_owner_judge *judge)
{
	vec_deinit(&judge->late);
}

static void look_object(struct joint_owner_look *look, uint64_t base, const struct event *ev,
			const struct repair_op *op)
{
	if (ev->slab.ptr < base || op->kind == REPAIR_FAILED || op->kind == REPAIR_NULL_FREE)
		return;
	note(look, (ev->slab.ptr - base) / KERNEL_PAGE_SIZE,
	     op->call == CALL_KMALLOC_LARGE ? TRUTH_LARGE :
	     op->cache			    ? op->cache + FIRST_CACHE :
					      TRUTH_SLAB);
}

static void look_bulk(struct joint_owner_look *look, uint64_t base,
		      const struct repair_batch *batch, size_t i)
{
	const struct event *ev = &batch->batch->events[i];
	const uint32_t cache = batch->ops[i].cache;

	for (uint32_t n = 0; n < MIN(ev->bulk.nr, ev->bulk.nr_aux); n++) {
		uint64_t ptr;

		memcpy(&ptr, batch->batch->aux + ev->bulk.aux + n * sizeof(ptr), sizeof(ptr));
		if (ptr >= base)
			note(look, (ptr - base) / KERNEL_PAGE_SIZE,
			     cache ? cache + FIRST_CACHE : TRUTH_SLAB);
	}
}

/* Something lies at page "pfn": the first thing that does says whose the block is. */
static void note(struct joint_owner_look *look, uint64_t pfn, uint32_t truth)
{
	const uint32_t *index = NULL;
	const struct joint_owned *block;
	uint32_t *known;

	for (unsigned int order = 0; order <= SLAB_MAX_ORDER; order++) {
		index = u64map_find(&look->pages, pfn & ~((1ULL << order) - 1));
		if (index && look->blocks.items[*index].order >= order)
			break;
		index = NULL;
	}
	if (!index)
		return;
	block = &look->blocks.items[*index];
	known = &look->truth.items[block->nth];
	if (*known == TRUTH_OTHER || (*known == TRUTH_SLAB && truth >= FIRST_CACHE))
		*known = truth;
}

static void begin_block(struct joint_owner_look *look, const struct event *ev)
{
	const struct joint_owned block = {
		.nth = (uint32_t)look->truth.nr, .order = ev->page.order
	};
	uint32_t *at;
	bool fresh;

	vec_push(&look->truth, TRUTH_OTHER);
	if (ev->page.pfn == EVENT_PFN_FAILED)
		return;
	at = u64map_insert(&look->pages, ev->page.pfn & INT64_MAX, &fresh);
	if (fresh && look->spare.nr) {
		*at = look->spare.items[--look->spare.nr];
	} else if (fresh) {
		*at = (uint32_t)look->blocks.nr;
		vec_push(&look->blocks, block);
	}
	look->blocks.items[*at] = block;
}

static void end_block(struct joint_owner_look *look, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&look->pages, pfn & INT64_MAX);

	if (!at)
		return;
	vec_push(&look->spare, *at);
	(void)u64map_remove(&look->pages, pfn & INT64_MAX);
}

static uint32_t canon_of(const struct repair *repair, uint32_t id)
{
	uint32_t next;

	while ((next = repair_cache(repair, id)->canon) != id)
		id = next;
	return id;
}

static void judge_page(struct joint_owner_judge *judge, const struct event *ev,
		       const struct repair_op *op, uint32_t truth)
{
	const struct verify_what what = {
		.ev = ev,
		.number = judge->number,
		.cache = op->cache,
		.order = (int8_t)ev->page.order,
		.type = MIGRATE_NR,
	};
	const uint32_t kind = kind_of(op);

	if (kind == TRUTH_SLAB && truth == TRUTH_OTHER) {
		verify_aside(judge->log, ASIDE_EXCLUDED, VERIFY_JOINT,
			     "pages asked for as only slabs are, in which no object is ever seen", 1);
		return;
	}
	tell(verify_judge(judge->log, VERIFY_JOINT_OWNER, kind == MIN(truth, (uint32_t)TRUTH_SLAB),
			  &what), judge, op, truth);
	if (truth < FIRST_CACHE)
		return;
	if (kind == TRUTH_SLAB && op->cache && !is_cache(judge, op->cache, truth)) {
		/* Which cache an id stands for may show later: it is judged at the end. */
		vec_push(&judge->late, (struct joint_owner_late){
			.number = judge->number, .cache = op->cache, .truth = truth
		});
		return;
	}
	tell(verify_judge(judge->log, VERIFY_JOINT_CACHE, kind == TRUTH_SLAB && op->cache, &what),
	     judge, op, truth);
}

/* Ids of two readings need not mean the same caches, names do. */
static bool is_cache(const struct joint_owner_judge *judge, uint32_t id, uint32_t truth)
{
	const struct repair_cache *other = &judge->look->caches.items[truth - FIRST_CACHE];
	const struct repair_cache *cache;

	if (!id)
		return false;
	cache = repair_cache(judge->repair, canon_of(judge->repair, id));
	if (cache->name || other->name)
		return cache->name == other->name;
	return cache->site == other->site && cache->size == other->size;
}

static uint32_t kind_of(const struct repair_op *op)
{
	return op->owner == OWNER_SLAB		? TRUTH_SLAB :
	       op->owner == OWNER_KMALLOC_LARGE ? TRUTH_LARGE :
						  TRUTH_OTHER;
}

static void tell(struct verify_story *story, const struct joint_owner_judge *judge,
		 const struct repair_op *op, uint32_t truth)
{
	if (likely(!story))
		return;
	str_addf(&story->ours, "%s, cache %" PRIu32, page_owner_name((enum page_owner)op->owner),
		 op->cache ? canon_of(judge->repair, op->cache) : 0);
	str_addf(&story->kernel, "%s, cache %" PRIu32,
		 truth == TRUTH_OTHER ? "no object" : truth == TRUTH_LARGE ? "large" : "slab",
		 truth >= FIRST_CACHE ? truth - FIRST_CACHE : 0);
}
