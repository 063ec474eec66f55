/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free-running: a second slab allocator that is given the same requests and never corrected. Which
 * requests those are, silent ones included, and in what order they had their effect, the following
 * one knows (slab_follow.c); its own slabs are the recorded ones.
 *
 * What is compared. Each cache's slabs are numbered in the order in which they are bought, in both:
 * number k of ours stands for number k of the recording, whatever its page frame. So an object is
 * right when it lies in the slab of the same number, a slab bought at the same event is right, and
 * so is one given back at the same event, and if it has the same number.
 */
#include <config.h>

#include "slab_free.h"
#include "slab_sheaf.h"

#include <inttypes.h>

/* Allocations of the cache between two purchases of "the same" slab that still are near. */
enum { NEAR = 8 };
/* Page frames of one node: more than any machine has. */
enum { NODE_SHIFT = 30 };
/* Purchases without a counterpart that are remembered for each cache. */
enum { MAX_UNMATCHED = 1 << 16 };

static struct mm_outcome give_page(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   int node, unsigned int context);
static struct mm_outcome take_page(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order);
static struct mm_outcome own_page(struct slab_free_run *f, unsigned int cpu, unsigned int order,
				  int node);
static bool is_too_large(struct slab_free_run *f, unsigned int order);
static uint64_t slab_key(uint32_t cache, uint64_t number);
static void own_memory(struct machine_config *config, unsigned int nr_nodes);
static struct slab_free_cache *cache_at(struct slab_free_run *f, uint32_t cache);
static uint64_t number_of(const struct slab_free_run *f, uint64_t addr);
static void keep(struct slab_free_run *f, uint64_t key, uint64_t addr);
static bool forget(struct slab_free_run *f, uint64_t key, uint64_t *addr);
static void match(struct slab_judge *j, struct slab_free_cache *cache, bool ours, uint64_t at);
static struct verify_what what_of(const struct slab_step *step);
static void tell(struct verify_story *story, uint64_t ours, uint64_t recorded,
		 const struct slab_free_cache *cache);
static void tell_gone(struct verify_story *story, size_t ours, size_t recorded);
static void tell_near(struct verify_story *story, uint64_t distance);

struct slab_free_run *slab_free_create(const struct verify_setup *setup,
				       const struct slab_join *join)
{
	static const struct slab_page_ops ops = { .alloc = give_page, .free = take_page };
	struct slab_free_run *f = xcalloc(1, sizeof(*f));
	struct machine_config config = *setup->config;

	f->nr_nodes = MAX(config.nr_nodes, 1U);
	f->nr_cpus = MAX(config.nr_cpus, 1U);
	f->join = join;
	if (!join)
		own_memory(&config, f->nr_nodes);
	f->slab = slab_create(&config, &ops, f);
	if (!join)
		vec_deinit(&config.ranges);
	f->next_pfn = xcalloc(f->nr_nodes, sizeof(*f->next_pfn));
	f->buying = SLAB_CACHE_NONE;
	u64map_init(&f->objects);
	u64map_init(&f->slabs);
	u64map_init(&f->smaller);
	return f;
}

void slab_free_destroy(struct slab_free_run *f)
{
	if (!f)
		return;
	slab_destroy(f->slab);
	free(f->next_pfn);
	u64map_deinit(&f->objects);
	u64map_deinit(&f->slabs);
	u64map_deinit(&f->smaller);
	vec_deinit(&f->addrs);
	vec_deinit(&f->addrs_free);
	vec_foreach(&f->caches, cache)
		vec_deinit(&cache->unmatched);
	vec_deinit(&f->caches);
	vec_deinit(&f->gone);
	free(f);
}

void slab_free_start(struct slab_judge *j, const struct slab_start_page *page, uint64_t number)
{
	struct slab_free_run *f = j->free_run;
	struct slab_start_page start = *page;
	struct slab_where where;
	bool fresh;

	if (!f->join)
		start.pfn = own_page(f, page->cpu % f->nr_cpus, page->order, 0).addr;
	if (!slab_place(f->slab, &start))
		return;
	if (f->join)
		f->join->place(f->join->ctx, &start);
	*u64map_insert(&f->slabs, start.pfn, &fresh) = (uint32_t)number;
	cache_at(f, page->cache)->next = number + 1;
	/* Objects in use are known by their recorded addresses. */
	if (!slab_locate(f->slab, j->offset + (start.pfn << KERNEL_PAGE_SHIFT), false, &where))
		return;
	for (uint32_t i = 0; i < where.objects; i++) {
		const uint32_t size = slab_cache_geometry(f->slab, page->cache)->size;
		const uint64_t addr = where.base + (uint64_t)i * size;

		if (slab_is_live(f->slab, addr))
			keep(f, addr - (start.pfn << KERNEL_PAGE_SHIFT) +
					(page->pfn << KERNEL_PAGE_SHIFT), addr);
	}
}

void slab_free_start_sheaf(struct slab_judge *j, const struct slab_start_sheaf *sheaf)
{
	struct slab_free_run *f = j->free_run;
	struct slab_start_sheaf ours = *sheaf;
	struct vec(uint64_t) addrs = { 0 };
	uint64_t addr;

	for (uint32_t i = 0; i < sheaf->nr; i++) {
		if (forget(f, sheaf->addrs[i], &addr))
			vec_push(&addrs, addr);
	}
	ours.nr = (uint32_t)addrs.nr;
	ours.addrs = addrs.items;
	if (!slab_place_sheaf(f->slab, &ours))
		slab_aside(j, ASIDE_EXCLUDED, "sheaves that could not be filled at the start", 1);
	vec_deinit(&addrs);
}

void slab_free_alloc(struct slab_judge *j, const struct slab_free_request *rq, uint64_t number,
		     uint32_t nr_bought)
{
	struct slab_free_run *f = j->free_run;
	struct slab_free_cache *cache = cache_at(f, rq->cache);
	const struct verify_what what = what_of(rq->step);
	struct mm_outcome got;
	const uint64_t before = cache->next;
	uint32_t nr_ours;

	cache->nr_allocs++;
	f->buying = rq->cache;
	f->step = rq->step;
	if (rq->way == SLAB_WAY_USUAL)
		got = slab_alloc(f->slab, rq->cache, rq->cpu, rq->node, rq->gfp, 0);
	else
		got = slab_sheaf_call(f->slab, (enum slab_way)rq->way, rq->step, rq->cache,
				      rq->cpu);
	f->buying = SLAB_CACHE_NONE;
	nr_ours = (uint32_t)(cache->next - before);
	for (uint32_t i = 0; i < nr_ours; i++)
		match(j, cache, true, cache->nr_allocs);
	if (!mm_ok(got))
		return;
	slab_free_free(j, rq->step, rq->cpu, rq->addr, true);
	keep(f, rq->addr, got.addr);
	if (rq->unseen)
		return;
	if (number != SLAB_NO_NUMBER)
		tell(verify_judge(j->log, VERIFY_SLAB_SLAB, number_of(f, got.addr) == number,
				  &what), number_of(f, got.addr), number, cache);
	if (rq->unseen_slab)
		nr_ours = MIN(nr_ours, nr_bought);
	for (uint32_t i = 0; i < MAX(nr_bought, nr_ours); i++)
		tell(verify_detect(j->log, VERIFY_SLAB_NEW, i < nr_bought, i < nr_ours, &what),
		     number_of(f, got.addr), number, cache);
}

void slab_free_bought(struct slab_judge *j, uint32_t cache, uint64_t number, unsigned int order)
{
	struct slab_free_cache *c = cache_at(j->free_run, cache);
	bool fresh;

	if (number != SLAB_NO_NUMBER && order < slab_cache_geometry(j->slab, cache)->order)
		*u64map_insert(&j->free_run->smaller, slab_key(cache, number), &fresh) = order;
	match(j, c, false, c->nr_allocs);
}

void slab_free_free(struct slab_judge *j, const struct slab_step *step, unsigned int cpu,
		    uint64_t addr, bool stale)
{
	struct slab_free_run *f = j->free_run;
	uint64_t ours;

	if (!forget(f, addr, &ours))
		return;
	(void)slab_free(f->slab, cpu, ours);
	if (stale)
		slab_free_settle(j, step, NULL, 0);
}

void slab_free_free_bulk(struct slab_judge *j, unsigned int cpu, size_t nr, const uint64_t *addrs)
{
	struct slab_free_run *f = j->free_run;
	struct vec(uint64_t) ours = { 0 };
	uint64_t addr;

	for (size_t i = 0; i < nr; i++) {
		if (forget(f, addrs[i], &addr))
			vec_push(&ours, addr);
	}
	(void)slab_free_bulk(f->slab, SLAB_CACHE_NONE, cpu, ours.nr, ours.items);
	vec_deinit(&ours);
}

void slab_free_rename(struct slab_judge *j, uint64_t from, uint64_t to)
{
	uint64_t addr;

	if (forget(j->free_run, from, &addr))
		keep(j->free_run, to, addr);
}

void slab_free_settle(struct slab_judge *j, const struct slab_step *step,
		      const uint64_t *numbers, size_t nr)
{
	struct slab_free_run *f = j->free_run;
	const struct verify_what what = what_of(step);
	const size_t both = MIN(nr, f->gone.nr);

	for (size_t i = 0; i < MAX(nr, f->gone.nr); i++)
		tell_gone(verify_detect(j->log, VERIFY_SLAB_DISCARD, i < nr, i < both || i >= nr,
					&what), f->gone.nr, nr);
	for (size_t i = 0; i < nr; i++) {
		bool same = false;

		for (size_t k = 0; k < f->gone.nr && !same; k++)
			same = f->gone.items[k] == numbers[i];
		tell_gone(verify_judge(j->log, VERIFY_SLAB_DISCARD_SAME, same, &what),
			  f->gone.nr, nr);
	}
	vec_reset(&f->gone);
	if (f->join)
		f->join->settle(f->join->ctx, numbers, nr);
}

uint64_t slab_free_pages(const struct slab_judge *j)
{
	return slab_pages_held(j->free_run->slab);
}

void slab_free_finish(struct slab_judge *j)
{
	vec_foreach(&j->free_run->caches, cache) {
		for (size_t i = cache->first; i < cache->unmatched.nr; i++)
			(void)verify_judge(j->log, VERIFY_SLAB_NEW_NEAR, false,
					   &(struct verify_what){ .number = j->now,
								  .order = VERIFY_NO_ORDER,
								  .type = MIGRATE_NR });
	}
}

static struct mm_outcome give_page(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   int node, unsigned int context)
{
	struct slab_free_run *f = ctx;
	struct mm_outcome got;
	bool fresh;

	(void)context;
	if (!f->join && f->buying != SLAB_CACHE_NONE && f->smaller.nr && is_too_large(f, order))
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY };
	if (f->join)
		got = f->join->alloc(f->join->ctx, f->buying, cpu, gfp, order, node);
	else
		got = own_page(f, cpu, order, node);
	if (mm_ok(got) && f->buying != SLAB_CACHE_NONE)
		*u64map_insert(&f->slabs, got.addr, &fresh) =
			(uint32_t)cache_at(f, f->buying)->next++;
	return got;
}

static struct mm_outcome own_page(struct slab_free_run *f, unsigned int cpu, unsigned int order,
				  int node)
{
	const uint64_t size = 1ULL << order;
	uint64_t *next, pfn;

	if (node < 0 || (unsigned int)node >= f->nr_nodes)
		node = (int)((uint64_t)cpu * f->nr_nodes / f->nr_cpus);
	next = &f->next_pfn[node];
	*next = (*next + size - 1) & ~(size - 1);
	if (*next + size > 1ULL << NODE_SHIFT)
		return (struct mm_outcome){ .failure = MM_FAIL_NO_MEMORY };
	pfn = ((uint64_t)(unsigned int)node << NODE_SHIFT) + *next;
	*next += size;
	return (struct mm_outcome){ .addr = pfn };
}

/* The page allocator is not judged here: what it refused the kernel, it refuses us. */
static bool is_too_large(struct slab_free_run *f, unsigned int order)
{
	const uint32_t *smaller = u64map_find(
		&f->smaller, slab_key(f->buying, cache_at(f, f->buying)->next));

	return smaller && order > *smaller;
}

static uint64_t slab_key(uint32_t cache, uint64_t number)
{
	return (uint64_t)cache << 40 | (number & ((1ULL << 40) - 1));
}

static struct mm_outcome take_page(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order)
{
	struct slab_free_run *f = ctx;
	const uint32_t *number = u64map_find(&f->slabs, pfn);

	(void)order;
	if (number)
		vec_push(&f->gone, *number);
	if (f->join)
		f->join->free(f->join->ctx, number ? *number : SLAB_NO_NUMBER, cpu, pfn);
	u64map_remove(&f->slabs, pfn);
	return (struct mm_outcome){ 0 };
}

/* Frames are numbers only: each node has a range of its own, and more than enough. */
static void own_memory(struct machine_config *config, unsigned int nr_nodes)
{
	memset(&config->ranges, 0, sizeof(config->ranges));
	for (unsigned int i = 0; i < nr_nodes; i++)
		vec_push(&config->ranges, (struct machine_range){
			.start = (uint64_t)i << NODE_SHIFT,
			.end = (uint64_t)(i + 1) << NODE_SHIFT,
			.node = (int)i,
		});
}

static struct slab_free_cache *cache_at(struct slab_free_run *f, uint32_t cache)
{
	vec_extend_zeroed(&f->caches, (size_t)cache + 1);
	return &f->caches.items[cache];
}

static uint64_t number_of(const struct slab_free_run *f, uint64_t addr)
{
	struct slab_where where;
	const uint32_t *number;

	if (!slab_locate(f->slab, addr, false, &where))
		return SLAB_NO_NUMBER;
	number = u64map_find(&f->slabs, where.pfn);
	return number ? *number : SLAB_NO_NUMBER;
}

/* The object that the recording has at "key" is at "addr" here. */
static void keep(struct slab_free_run *f, uint64_t key, uint64_t addr)
{
	uint32_t index;
	bool fresh;

	if (f->addrs_free.nr) {
		index = f->addrs_free.items[--f->addrs_free.nr];
	} else {
		index = (uint32_t)f->addrs.nr;
		vec_push(&f->addrs, 0);
	}
	f->addrs.items[index] = addr;
	*u64map_insert(&f->objects, key, &fresh) = index;
}

static bool forget(struct slab_free_run *f, uint64_t key, uint64_t *addr)
{
	const uint32_t *index = u64map_find(&f->objects, key);

	if (!index)
		return false;
	*addr = f->addrs.items[*index];
	vec_push(&f->addrs_free, *index);
	u64map_remove(&f->objects, key);
	return true;
}

/* One side bought its next slab, at allocation "at" of the cache: how far is the other's? */
static void match(struct slab_judge *j, struct slab_free_cache *cache, bool ours, uint64_t at)
{
	uint64_t other;

	if (cache->first == cache->unmatched.nr || cache->ours == ours) {
		cache->ours = ours;
		if (cache->unmatched.nr - cache->first < MAX_UNMATCHED)
			vec_push(&cache->unmatched, at);
		return;
	}
	other = cache->unmatched.items[cache->first++];
	if (cache->first == cache->unmatched.nr)
		cache->first = cache->unmatched.nr = 0;
	tell_near(verify_judge(j->log, VERIFY_SLAB_NEW_NEAR, at - other <= NEAR,
			       &(struct verify_what){ .number = j->now,
						      .order = VERIFY_NO_ORDER,
						      .type = MIGRATE_NR }), at - other);
}

static struct verify_what what_of(const struct slab_step *step)
{
	return (struct verify_what){
		.ev = &step->ev,
		.number = step->number,
		.cache = step->op.cache,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
	};
}

static void tell(struct verify_story *story, uint64_t ours, uint64_t recorded,
		 const struct slab_free_cache *cache)
{
	if (likely(!story))
		return;
	str_addf(&story->ours, "object in slab number %" PRIu64 " of its cache", ours);
	str_addf(&story->kernel, "object in slab number %" PRIu64, recorded);
	str_addf(&story->state, "%" PRIu64 " allocations and %" PRIu64 " slabs so far",
		 cache->nr_allocs, cache->next);
}

static void tell_gone(struct verify_story *story, size_t ours, size_t recorded)
{
	if (likely(!story))
		return;
	str_addf(&story->ours, "gave %zu slabs back", ours);
	str_addf(&story->kernel, "gave %zu slabs back", recorded);
}

static void tell_near(struct verify_story *story, uint64_t distance)
{
	if (likely(!story))
		return;
	str_addf(&story->ours, "bought the slab of that number %" PRIu64 " allocations apart",
		 distance);
	str_add(&story->kernel, "bought its slab");
}
