/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs and pages judged together: the recorded object requests drive a slab allocator, whose
 * pages come from a page allocator that also gets every recorded page request which is not a
 * slab's. The recorded requests for slab pages are the answers to compare with.
 *
 * Theory. The judges of the two layers do the work, as they do alone; here they are wired together
 * and kept in step: before a slab event takes effect, so have all page calls that begin up to it.
 * The kernel's request for a slab's page stands before the event of the object that it is for, and
 * other requests may lie between the two; so when the page layer comes to it, the slab allocator is
 * asked whether it would want a page now, and if so the request is made there. A page goes back
 * likewise where the kernel's does. What our slabs do otherwise, they do when they come to it.
 *
 * Followed, both judges are corrected, and a page is right when both layers were.
 */
#include <config.h>

#include "joint_judge.h"
#include "slab_look.h"

#include <stdlib.h>

struct joint_look {
	void *pages, *slabs;
	struct joint_owner_look owners;
	const struct repair *repair; /* of this reading */
};

static void *look_create(const struct verify_setup *setup);
static void look_feed(void *look, const struct repair *repair, const struct repair_batch *batch);
static void look_finish(void *look);
static void look_destroy(void *look);
static void *create(const struct verify_setup *setup, const void *look,
		    const struct repair *repair, struct verify_log *log, struct error *err);
static bool feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool finish(void *judge, struct error *err);
static void destroy(void *judge);
static void reached(void *ctx, uint64_t number);
static void page_call(void *ctx, struct page_op *op);
static void page_alloc_call(struct joint_judge *j, struct page_op *op);
static void page_free_call(struct joint_judge *j, struct page_op *op);
static void other_request(struct joint_judge *j, struct page_op *op);
static void take_back(struct joint_judge *j, const struct page_op *op, uint64_t pfn,
		      const struct joint_back *back);

const struct verify_ops verify_joint_ops = {
	.look_create = look_create,
	.look_feed = look_feed,
	.look_finish = look_finish,
	.look_destroy = look_destroy,
	.create = create,
	.feed = feed,
	.finish = finish,
	.destroy = destroy,
};

static void *look_create(const struct verify_setup *setup)
{
	struct joint_look *look = xcalloc(1, sizeof(*look));

	look->pages = verify_page_ops.look_create(setup);
	look->slabs = verify_slab_ops.look_create(setup);
	joint_owner_look_init(&look->owners);
	return look;
}

static void look_feed(void *data, const struct repair *repair, const struct repair_batch *batch)
{
	struct joint_look *look = data;

	verify_page_ops.look_feed(look->pages, repair, batch);
	verify_slab_ops.look_feed(look->slabs, repair, batch);
	look->repair = repair;
	joint_owner_look_feed(&look->owners, repair, batch);
}

static void look_finish(void *data)
{
	struct joint_look *look = data;

	verify_page_ops.look_finish(look->pages);
	verify_slab_ops.look_finish(look->slabs);
	joint_owner_look_finish(&look->owners, look->repair);
}

static void look_destroy(void *data)
{
	struct joint_look *look = data;

	if (!look)
		return;
	verify_page_ops.look_destroy(look->pages);
	verify_slab_ops.look_destroy(look->slabs);
	joint_owner_look_deinit(&look->owners);
	free(look);
}

static void *create(const struct verify_setup *setup, const void *data,
		    const struct repair *repair, struct verify_log *log, struct error *err)
{
	const struct verify_log_options silent = { .explain = UINT64_MAX };
	const struct joint_look *look = data;
	struct joint_judge *j = xcalloc(1, sizeof(*j));

	j->setup = *setup;
	j->setup.failed = NULL;
	j->log = log;
	j->follow = setup->mode == VERIFY_FOLLOW;
	verify_log_init(&j->page_log, &silent);
	verify_log_init(&j->slab_log, &silent);
	joint_pages_init(j);
	j->owners = (struct joint_owner_judge){
		.look = look ? &look->owners : NULL, .repair = repair, .log = log
	};
	j->page_join = (struct page_join){ .ctx = j, .op = page_call };
	j->slab_join = (struct slab_join){
		.ctx = j,
		.reached = reached,
		.alloc = joint_pages_alloc,
		.place = joint_pages_place,
		.free = joint_pages_free,
		.settle = joint_pages_settle,
	};
	j->pages = verify_page_ops.create(&j->setup, look ? look->pages : NULL, repair,
					  &j->page_log, err);
	if (j->pages)
		j->slabs = slab_judge_create(&j->setup, look ? look->slabs : NULL, repair,
					     &j->slab_log, &j->slab_join, err);
	if (!j->slabs) {
		destroy(j);
		return NULL;
	}
	j->pages->join = &j->page_join;
	page_calls_until(&j->pages->calls, 0);
	return j;
}

/* Both windows move on event by event. */
static bool feed(void *judge, const struct repair_batch *batch, struct error *err)
{
	struct joint_judge *j = judge;
	struct event_batch one = *batch->batch;
	struct repair_batch part = { .batch = &one, .lists = batch->lists };

	joint_owner_judge(&j->owners, batch);
	one.nr = 1;
	for (size_t i = 0; i < batch->batch->nr; i++) {
		one.events = batch->batch->events + i;
		part.ops = batch->ops + i;
		if (!verify_page_ops.feed(j->pages, &part, err) ||
		    !verify_slab_ops.feed(j->slabs, &part, err))
			return false;
	}
	return true;
}

static bool finish(void *judge, struct error *err)
{
	struct joint_judge *j = judge;

	page_calls_finish(&j->pages->calls);
	if (!verify_slab_ops.finish(j->slabs, err))
		return false;
	joint_pages_close(j);
	joint_pages_missed(j, UINT64_MAX);
	joint_owner_judge_finish(&j->owners);
	page_calls_until(&j->pages->calls, UINT64_MAX);
	/* All of memory is walked where pages are judged alone. */
	return page_check_quick(j->pages->pa, err);
}

static void destroy(void *judge)
{
	struct joint_judge *j = judge;

	if (!j)
		return;
	verify_slab_ops.destroy(j->slabs);
	verify_page_ops.destroy(j->pages);
	joint_pages_deinit(j);
	joint_owner_judge_deinit(&j->owners);
	verify_log_deinit(&j->page_log);
	verify_log_deinit(&j->slab_log);
	free(j);
}

/* Event "number" is the next to take effect in the slab layer. */
static void reached(void *ctx, uint64_t number)
{
	struct joint_judge *j = ctx;
	const struct slab_step *step = slab_judge_step(j->slabs, number);
	uint64_t until = number;

	verify_reached(j->log, number);
	joint_pages_close(j);
	joint_pages_missed(j, number);
	if ((step->ev.type == EVENT_PAGE_FREE || step->ev.type == EVENT_PAGE_FREE_DIRECT) &&
	    !joint_pages_resolve(j, step))
		until -= until > 0;
	page_calls_until(&j->pages->calls, until);
}

static void page_call(void *ctx, struct page_op *op)
{
	struct joint_judge *j = ctx;

	switch (op->kind) {
	case PAGE_OP_ALLOC:
		page_alloc_call(j, op);
		break;
	case PAGE_OP_FREE:
		page_free_call(j, op);
		break;
	default:
		page_judge_op(j->pages, op);
		break;
	}
}

static void page_alloc_call(struct joint_judge *j, struct page_op *op)
{
	const struct slab_step *step = slab_judge_step(j->slabs, op->number);
	uint32_t cache = SLAB_CACHE_NONE;

	if (step->number == op->number && step->op.owner == OWNER_SLAB) {
		/* Ours tries again by itself. */
		if (step->op.kind == REPAIR_FAILED && !j->follow)
			return;
		if (step->op.fate != FATE_SKIPPED)
			cache = slab_judge_cache(j->slabs, step->op.cache, NULL);
	}
	if (cache == SLAB_CACHE_NONE)
		other_request(j, op);
	else
		joint_pages_asked(j, op, cache);
}

/* What the page layer's judge says of it is what counts here. */
static void other_request(struct joint_judge *j, struct page_op *op)
{
	const struct verify_count *count = &j->page_log.counts[VERIFY_PAGE_PFN];
	const uint64_t right = count->right, all = count->all;

	page_judge_op(j->pages, op);
	if (count->all != all)
		(void)verify_judge(j->log, VERIFY_JOINT_OTHER, count->right != right,
				   &(struct verify_what){ .ev = &op->ev,
							  .number = op->number,
							  .order = (int8_t)op->ev.page.order,
							  .type = MIGRATE_NR });
}

static void page_free_call(struct joint_judge *j, struct page_op *op)
{
	struct joint_back back;

	for (uint32_t i = 0; op->run > 1 && i < op->run; i++) {
		if (joint_pages_back(j, op->takes.items[i].number, &back) &&
		    back.pfn != PAGE_FOLLOW_NONE && !j->follow)
			take_back(j, op, op->takes.items[i].pfn, &back);
	}
	if (op->run == 1 && joint_pages_back(j, op->number, &back) && !j->follow) {
		if (back.pfn == PAGE_FOLLOW_NONE)
			return;
		take_back(j, op, op->ev.page.pfn, &back);
	}
	page_judge_op(j->pages, op);
}

/* The recorded page at "pfn" is where ours has the slab that goes. */
static void take_back(struct joint_judge *j, const struct page_op *op, uint64_t pfn,
		      const struct joint_back *back)
{
	page_judge_begin(j->pages, op);
	if (page_is_unknown(j->pages->pa, back->pfn, back->order))
		(void)page_follow_own(j->pages->pa, back->pfn, back->order, MIGRATE_UNMOVABLE);
	page_live_keep(j->pages, pfn, back->order, back->pfn);
}
