/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the slab layer: a real slab allocator, given the recorded requests and, when it asks
 * for pages, the recorded pages, so that an object of ours lies where the recorded one lay if the
 * allocator does what the kernel did. Events are held back for a window, since some answers lie
 * behind the question: which object is the first of a new slab, what an interrupted task gets.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_look.h"

#include "kmreplay/mm/slab_design.h"
#include "kmreplay/proc/take.h"
#include "kmreplay/replay/cache_make.h"

#include <string.h>

static void *slab_create_judge(const struct verify_setup *setup, const void *look,
			       const struct repair *repair, struct verify_log *log,
			       struct error *err);
static bool slab_feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool slab_finish(void *judge, struct error *err);
static void slab_destroy_judge(void *judge);
static void push(struct slab_judge *j, const struct repair_batch *batch, size_t index);
static void keep_pointers(struct slab_judge *j, const struct repair_batch *batch, size_t index,
			  struct slab_step *step);
static void link_context(struct slab_judge *j, const struct slab_step *step);
static void advance(struct slab_judge *j, uint64_t until);
static void note_blind(struct slab_judge *j, const struct slab_step *step);
static void slab_show(void *judge, struct proc_snapshot *snapshot);
static bool slab_touched(const void *judge, const char *cache);
static void name_cache(const void *ctx, uint32_t cache, struct str *out);

const struct verify_ops verify_slab_ops = {
	.look_create = slab_look_create,
	.look_feed = slab_look_feed,
	.look_finish = slab_look_finish,
	.look_destroy = slab_look_destroy,
	.create = slab_create_judge,
	.feed = slab_feed,
	.finish = slab_finish,
	.destroy = slab_destroy_judge,
	.show = slab_show,
	.touched = slab_touched,
};

static void *slab_create_judge(const struct verify_setup *setup, const void *look,
			       const struct repair *repair, struct verify_log *log,
			       struct error *err)
{
	return slab_judge_create(setup, look, repair, log, NULL, err);
}

struct slab_judge *slab_judge_create(const struct verify_setup *setup, const struct slab_look *look,
				     const struct repair *repair, struct verify_log *log,
				     const struct slab_join *join, struct error *err)
{
	static const struct slab_page_ops ops = {
		.alloc = slab_follow_give_page,
		.free = slab_follow_take_page,
	};
	struct slab_judge *j;

	if (!slab_design_is_own(setup->config)) {
		error_set(err, "slab.design is '%s': only the kernel's own slab allocator can be "
			       "held against a recording",
			  slab_design_name(slab_design_of(setup->config)));
		return NULL;
	}
	if (!slab_check_config(setup->config, err))
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->setup = *setup;
	j->look = look;
	j->repair = repair;
	j->log = log;
	j->judged = setup->mode == VERIFY_FOLLOW;
	j->slab = slab_create(setup->config, &ops, j);
	if (setup->mode == VERIFY_FREE)
		j->free_run = slab_free_create(setup, join);
	j->join = join;
	/* Calls of the page layer come out later than those of this one. */
	j->window = join ? SLAB_JOINT_WINDOW : SLAB_WINDOW;
	j->offset = slab_page_offset(j->slab);
	j->nr_cpus = MAX(setup->config->nr_cpus, 1U);
	j->ring = xcalloc(SLAB_RING, sizeof(*j->ring));
	u64map_init(&j->contexts);
	u64map_init(&j->pages);
	u64map_init(&j->limbo_index);
	u64map_init(&j->silent_index);
	u64map_init(&j->queue_index);
	u64map_init(&j->sheaf_owners);
	return j;
}

static bool slab_feed(void *judge, const struct repair_batch *batch, struct error *err)
{
	struct slab_judge *j = judge;

	(void)err;
	if (!j->base) {
		j->base = repair_coverage(j->repair)->direct_map_base;
		if (j->base)
			slab_start_place(j);
	}
	for (size_t i = 0; i < batch->batch->nr; i++) {
		push(j, batch, i);
		if (j->tail - j->head > j->window)
			advance(j, j->tail - j->window);
	}
	return true;
}

static bool slab_finish(void *judge, struct error *err)
{
	struct slab_judge *j = judge;

	(void)err;
	advance(j, j->tail);
	slab_order_finish(j);
	if (j->free_run)
		slab_free_finish(j);
	verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_SLAB,
		     "objects whose addresses do not tell their pages (hashed pointers)",
		     j->nr_blind);
	return true;
}

static void slab_destroy_judge(void *judge)
{
	struct slab_judge *j = judge;

	if (!j)
		return;
	vec_foreach(&j->slabs, known)
		free(known->slots);
	vec_foreach(&j->caches, cache)
		free(cache->next);
	slab_destroy(j->slab);
	slab_free_destroy(j->free_run);
	free(j->ring);
	u64map_deinit(&j->contexts);
	u64map_deinit(&j->pages);
	u64map_deinit(&j->limbo_index);
	u64map_deinit(&j->silent_index);
	u64map_deinit(&j->queue_index);
	u64map_deinit(&j->sheaf_owners);
	vec_deinit(&j->silent);
	vec_deinit(&j->silent_free);
	vec_deinit(&j->queues);
	vec_deinit(&j->bulk_ptrs);
	vec_deinit(&j->cpus);
	vec_deinit(&j->slabs);
	vec_deinit(&j->slabs_free);
	vec_deinit(&j->caches);
	vec_deinit(&j->cache_of);
	vec_deinit(&j->limbo);
	vec_deinit(&j->bulks);
	vec_deinit(&j->bought);
	vec_deinit(&j->prefills);
	vec_deinit(&j->given_back);
	free(j);
}

uint32_t slab_judge_canon(const struct repair *repair, uint32_t id)
{
	uint32_t next;

	while ((next = repair_cache(repair, id)->canon) != id)
		id = next;
	return id;
}

uint32_t slab_judge_cache(struct slab_judge *j, uint32_t id, const struct event *ev)
{
	const struct repair_cache *cache;
	struct replay_cache_args args;
	uint32_t made;

	if (!id)
		return SLAB_CACHE_NONE;
	id = slab_judge_canon(j->repair, id);
	vec_extend_zeroed(&j->cache_of, (size_t)id + 1);
	if (likely(j->cache_of.items[id]))
		return j->cache_of.items[id] - 1;
	cache = repair_cache(j->repair, id);
	args = (struct replay_cache_args){
		.cache = cache,
		.object_size = cache->object_size,
		.size = cache->size,
		.nr_cpus = j->setup.config->nr_cpus,
		.buckets = true,
	};
	if (!args.size && ev) {
		args.object_size = (uint32_t)ev->slab.bytes_req;
		args.size = (uint32_t)ev->slab.bytes_alloc;
	}
	if (!args.size)
		return SLAB_CACHE_NONE;
	made = replay_cache_make(j->slab, j->setup.names, &args);
	/* Made in the same order, it has the same id there. */
	if (j->free_run)
		BUG_ON(replay_cache_make(j->free_run->slab, j->setup.names, &args) != made);
	j->cache_of.items[id] = made + 1;
	if (made != SLAB_CACHE_NONE) {
		slab_cache_known(j, made)->origin = id;
		/* Where caches are not known ahead, the look has other ids. */
		slab_cache_known(j, made)->rcu = verify_is_given(&j->setup, GIVEN_CACHES) &&
						 slab_look_is_rcu(j->look, id);
		slab_cache_known(j, made)->kmalloc = cache->kmalloc;
		slab_cache_known(j, made)->prefills =
			!strcmp(repair_cache_name(j->repair, id), "maple_node");
		slab_cache_known(j, made)->acpi = slab_look_is_acpi(j->look, id);
	}
	return made;
}

uint32_t slab_judge_unite(struct slab_judge *j, uint32_t id, uint32_t cache)
{
	uint32_t *at = &j->cache_of.items[slab_judge_canon(j->repair, id)];
	const struct slab_geometry *now = slab_cache_geometry(j->slab, *at - 1);
	const struct slab_geometry *other = slab_cache_geometry(j->slab, cache);

	if (repair_cache(j->repair, id)->kmalloc || now->size != other->size ||
	    repair_cache(j->repair, slab_cache_known(j, cache)->origin)->kmalloc)
		return *at - 1;
	*at = cache + 1;
	return cache;
}

struct slab_step *slab_judge_step(struct slab_judge *j, uint64_t number)
{
	return &j->ring[number % SLAB_RING];
}

uint64_t slab_context(const struct event *ev)
{
	uint64_t task = ev->pid ? (uint32_t)ev->pid : 1ULL << 32 | ev->cpu;

	return task << 2 | slab_level(ev);
}

unsigned int slab_level(const struct event *ev)
{
	if (ev->flags & EVENT_F_NMI)
		return 3;
	if (ev->flags & EVENT_F_HARDIRQ)
		return 2;
	return ev->flags & EVENT_F_SOFTIRQ ? 1 : 0;
}

void slab_aside(struct slab_judge *j, enum verify_aside aside, const char *text, uint64_t nr)
{
	if (j->judged)
		verify_aside(j->log, aside, VERIFY_SLAB, text, nr);
}

static void push(struct slab_judge *j, const struct repair_batch *batch, size_t index)
{
	struct slab_step *step = slab_judge_step(j, j->tail);

	*step = (struct slab_step){
		.ev = batch->batch->events[index],
		.op = batch->ops[index],
		.number = j->tail,
	};
	step->ev.cpu = (uint16_t)(step->ev.cpu % j->nr_cpus);
	if (step->op.cache && step->op.call != CALL_PAGE_FREE)
		step->op.cache = slab_judge_canon(j->repair, step->op.cache);
	if (unlikely(step->ev.type == EVENT_PROBE_BULK_FREE))
		keep_pointers(j, batch, index, step);
	link_context(j, step);
	j->tail++;
}

/* The side buffer goes with its batch. */
static void keep_pointers(struct slab_judge *j, const struct repair_batch *batch, size_t index,
			  struct slab_step *step)
{
	const struct event *ev = &batch->batch->events[index];
	const size_t slot = (j->tail % SLAB_RING) * SLAB_BULK_PTRS;

	vec_extend_zeroed(&j->bulk_ptrs, (size_t)SLAB_RING * SLAB_BULK_PTRS);
	step->nr_ptrs = MIN(ev->bulk.nr_aux, (uint32_t)SLAB_BULK_PTRS);
	step->ptrs = (uint32_t)slot;
	memcpy(&j->bulk_ptrs.items[slot], batch->batch->aux + ev->bulk.aux,
	       step->nr_ptrs * sizeof(uint64_t));
}

/* The last event of the same context learns that this one is the next. */
static void link_context(struct slab_judge *j, const struct slab_step *step)
{
	/* Tasks come and go: what is lost by forgetting all is a link or two. */
	enum { MAX_CONTEXTS = 1 << 16 };
	uint32_t *last;
	bool fresh;

	if (j->contexts.nr >= MAX_CONTEXTS) {
		u64map_deinit(&j->contexts);
		u64map_init(&j->contexts);
	}
	last = u64map_insert(&j->contexts, slab_context(&step->ev), &fresh);
	if (!fresh) {
		const uint32_t back = (uint32_t)step->number - *last;

		if (back < SLAB_RING)
			slab_judge_step(j, step->number - back)->next = step->number;
	}
	*last = (uint32_t)step->number;
}

static void advance(struct slab_judge *j, uint64_t until)
{
	while (j->head < until) {
		verify_reached(j->log, j->head);
		if (j->join)
			j->join->reached(j->join->ctx, j->head);
		if (likely(j->base))
			slab_order_step(j, j->head);
		else
			note_blind(j, slab_judge_step(j, j->head));
		j->head++;
	}
}

static void note_blind(struct slab_judge *j, const struct slab_step *step)
{
	j->nr_blind += (step->op.call == CALL_KMALLOC || step->op.call == CALL_CACHE_ALLOC) &&
		       step->op.fate != FATE_SKIPPED;
}

static void slab_show(void *judge, struct proc_snapshot *snapshot)
{
	const struct slab_judge *j = judge;

	proc_take_slab_named(snapshot, j->free_run ? j->free_run->slab : j->slab, name_cache, j);
}

/* Caches of repair's are those that an event was about. */
static bool slab_touched(const void *judge, const char *cache)
{
	const struct slab_judge *j = judge;
	struct str name;
	bool touched = false;

	str_init(&name);
	for (uint32_t id = 0; id < j->caches.nr && !touched; id++) {
		str_reset(&name);
		name_cache(j, id, &name);
		touched = name.len && !strcmp(str_text(&name), cache);
	}
	str_deinit(&name);
	return touched;
}

/* What was learned of a cache after its first object. */
static void name_cache(const void *ctx, uint32_t cache, struct str *out)
{
	const struct slab_judge *j = ctx;
	const struct repair_cache *known;

	if (cache >= j->caches.nr || !j->caches.items[cache].origin)
		return;
	known = repair_cache(j->repair,
			     slab_judge_canon(j->repair, j->caches.items[cache].origin));
	if (known->name)
		str_add(out, intern_text(&j->setup.names->texts, known->name));
}
