/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking ahead and correcting: what a recording is followed with (kmreplay/mm/slab_follow.h).
 *
 * slab_peek() goes through the steps of ___slab_alloc() (slab.c, slab_sheaf.c) without taking any;
 * it must be changed with them. A correction takes a slab out of its place by detach(), which is
 * the one function that knows all places, or a slot out of the list it is on by find_slot(), which
 * is the one that knows both lists.
 */
#include <config.h>

#include "slab_partial.h"
#include "slab_sheaf.h"

/* Where a free slot is linked: "*at" is its number. */
struct slot_link {
	uint16_t *at16; /* within the slab */
	uint32_t *at32; /* the head of a CPU's list */
	bool own;       /* on a CPU's list, so "inuse" for the slab */
};

static struct slab_page *page_at(const struct slab_allocator *slab, uint64_t at);
static struct slab_page *page_of_object(const struct slab_allocator *slab, uint64_t addr,
					unsigned int *slot);
static void peek_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			 unsigned int cpu, struct slab_next *next);
static void peek_refill(const struct slab_allocator *slab, const struct slab_cache *cache,
			unsigned int cpu, struct slab_next *next);
static const struct slab_page *peek_cpu_partial(const struct slab_cpu *c, int node);
static const struct slab_page *peek_nodes(const struct slab_allocator *slab,
					  const struct slab_cache *cache, unsigned int cpu,
					  int node);
static struct slab_next next_of(enum slab_source source, const struct slab_page *page,
				unsigned int slot);
static int holder_of(const struct slab_allocator *slab, const struct slab_page *page,
		     uint32_t *rank);
static void detach(struct slab_allocator *slab, struct slab_page *page);
static void leave_cpu_partial(struct slab_allocator *slab, struct slab_page *page);
static bool find_slot(const struct slab_allocator *slab, struct slab_page *page, unsigned int slot,
		      struct slot_link *link);
static bool find_in_list(struct slab_page *page, uint16_t *head, unsigned int slot,
			 struct slot_link *link);
static void set_link(const struct slot_link *link, unsigned int slot);
static void left_without_free(struct slab_allocator *slab, struct slab_page *page);

const char *slab_place_name(enum slab_place place)
{
	static const char *const names[SLAB_PLACE_NR] = {
		[SLAB_PLACE_CPU] = "cpu slab",
		[SLAB_PLACE_CPU_PARTIAL] = "cpu partial",
		[SLAB_PLACE_NODE_PARTIAL] = "node partial",
		[SLAB_PLACE_FULL] = "full",
		[SLAB_PLACE_LOOSE] = "new",
	};

	BUG_ON((unsigned int)place >= SLAB_PLACE_NR);
	return names[place];
}

const char *slab_source_name(enum slab_source source)
{
	static const char *const names[SLAB_FROM_NR] = {
		[SLAB_FROM_CPU] = "cpu list",
		[SLAB_FROM_REMOTE] = "remote frees",
		[SLAB_FROM_CPU_PARTIAL] = "cpu partial",
		[SLAB_FROM_NODE] = "node partial",
		[SLAB_FROM_SPARE] = "spare sheaf",
		[SLAB_FROM_BARN] = "barn",
		[SLAB_FROM_NEW] = "new slab",
	};

	BUG_ON((unsigned int)source >= SLAB_FROM_NR);
	return names[source];
}

void slab_peek(const struct slab_allocator *slab, uint32_t id, unsigned int cpu, int node,
	       struct slab_next *next)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	const struct slab_page *page;
	const struct slab_cpu *c;

	BUG_ON(cpu >= slab->nr_cpus);
	*next = (struct slab_next){ .source = SLAB_FROM_NEW };
	if (!cache)
		return;
	if (node >= (int)slab->nr_nodes)
		node = -1;
	c = &cache->cpu[cpu];
	if (cache->sheaves && (node < 0 || node == slab_cpu_node(slab, cpu))) {
		peek_sheaves(slab, cache, cpu, next);
		return;
	}
	if (c->page && (node < 0 || node == c->page->node)) {
		if (c->head != SLAB_NIL)
			*next = next_of(SLAB_FROM_CPU, c->page, c->head);
		else if (c->page->head != SLAB_NIL)
			*next = next_of(SLAB_FROM_REMOTE, c->page, c->page->head);
		if (next->addr)
			return;
	}
	page = peek_cpu_partial(c, node);
	if (page) {
		*next = next_of(SLAB_FROM_CPU_PARTIAL, page, page->head);
		return;
	}
	page = peek_nodes(slab, cache, cpu, node);
	if (page)
		*next = next_of(SLAB_FROM_NODE, page, page->head);
}

void slab_peek_prefilled(const struct slab_allocator *slab, uint32_t id, unsigned int cpu,
			 struct slab_next *next)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	const struct slab_sheaf *sheaf;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || !cache->sheaves) {
		slab_peek(slab, id, cpu, -1, next);
		return;
	}
	sheaf = cache->sheaves[cpu].spare;
	if (!sheaf)
		sheaf = cache->barn[slab_cpu_node(slab, cpu)].full;
	*next = (struct slab_next){ .source = SLAB_FROM_NEW };
	if (sheaf && sheaf->nr)
		*next = next_of(SLAB_FROM_SPARE, sheaf->objects[sheaf->nr - 1].page,
				sheaf->objects[sheaf->nr - 1].slot);
	else
		peek_refill(slab, cache, cpu, next);
}

void slab_peek_for_sheaf(const struct slab_allocator *slab, uint32_t id, unsigned int cpu,
			 struct slab_next *next)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	const struct slab_page *page;

	slab_peek(slab, id, cpu, -1, next);
	if (!cache || !cache->sheaves || slab_follow_sheaf_at(slab, id, cpu, 0) ||
	    cache->sheaves[cpu].spare || cache->barn[slab_cpu_node(slab, cpu)].empty)
		return;
	page = peek_nodes(slab, cache, cpu, -1);
	*next = (struct slab_next){ .source = SLAB_FROM_NEW };
	if (page)
		*next = next_of(SLAB_FROM_NODE, page, page->head);
}

bool slab_locate(const struct slab_allocator *slab, uint64_t at, bool want_rank,
		 struct slab_where *where)
{
	const struct slab_page *page = page_at(slab, at);
	uint32_t nr_free = 0;

	if (!page)
		return false;
	for (unsigned int i = 0; i < page->objects; i++)
		nr_free += page->links[i] < SLAB_SHEAFED || page->links[i] == SLAB_NIL;
	*where = (struct slab_where){
		.base = page->base,
		.pfn = slab_page_pfn(slab, page),
		.cache = page->cache->id,
		.objects = page->objects,
		.nr_free = nr_free,
		.order = page->order,
		.place = page->place,
		.cpu = -1,
		.node = page->node,
	};
	if (want_rank)
		where->cpu = holder_of(slab, page, &where->rank);
	return true;
}

void slab_count_lists(const struct slab_allocator *slab, uint32_t id, unsigned int cpu,
		      uint32_t *nr_own, uint32_t *nr_cpu_partial, uint64_t *nr_node_partial)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	const struct slab_cpu *c;

	BUG_ON(cpu >= slab->nr_cpus);
	*nr_own = *nr_cpu_partial = 0;
	*nr_node_partial = 0;
	if (!cache)
		return;
	c = &cache->cpu[cpu];
	if (cache->sheaves && cache->sheaves[cpu].main)
		*nr_own = cache->sheaves[cpu].main->nr;
	else if (c->page)
		*nr_own = slab_page_nr_free(c->page, c->head);
	if (c->partial)
		*nr_cpu_partial = c->partial->depth;
	*nr_node_partial = cache->node[slab_cpu_node(slab, cpu)].nr_partial;
}

struct mm_outcome slab_follow_new(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				  int node, uint32_t gfp)
{
	struct slab_request rq = {
		.slab = slab,
		.cache = slab_cache_get(slab, id),
		.cpu = cpu,
		.node = node,
		.gfp = gfp,
	};
	struct slab_page *page;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!rq.cache) {
		rq.out.failure = MM_FAIL_INVALID;
		return rq.out;
	}
	page = slab_page_new(&rq, gfp, node);
	if (page) {
		page->place = SLAB_PLACE_LOOSE;
		rq.out.addr = page->base;
	}
	return rq.out;
}

bool slab_follow_own(struct slab_allocator *slab, unsigned int cpu, uint64_t at)
{
	struct slab_page *page = page_at(slab, at);
	struct mm_outcome out = { 0 };
	struct slab_request rq;
	struct slab_cpu *c;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page || page->cache->single)
		return false;
	rq = (struct slab_request){ .slab = slab, .cache = page->cache, .cpu = cpu };
	c = &page->cache->cpu[cpu];
	if (c->page == page) {
		if (c->head == SLAB_NIL && page->head != SLAB_NIL)
			slab_install(&rq, page);
		return c->head != SLAB_NIL;
	}
	if (page->place != SLAB_PLACE_CPU && page->head == SLAB_NIL)
		return false;
	detach(slab, page);
	if (page->head == SLAB_NIL)
		return false;
	if (c->page)
		slab_deactivate(page->cache, slab, cpu, &out);
	slab_install(&rq, page);
	return true;
}

bool slab_follow_to_node(struct slab_allocator *slab, uint64_t at, bool tail)
{
	struct slab_page *page = page_at(slab, at);

	if (!page)
		return false;
	detach(slab, page);
	if (page->head == SLAB_NIL)
		return false;
	slab_node_add(page, tail);
	return true;
}

bool slab_follow_to_cpu(struct slab_allocator *slab, unsigned int cpu, uint64_t at)
{
	struct slab_page *page = page_at(slab, at);
	struct mm_outcome out = { 0 };

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page || page->cache->single || page->cache->sheaves)
		return false;
	detach(slab, page);
	if (page->head == SLAB_NIL)
		return false;
	slab_put_cpu_partial(slab, page, cpu, true, &out);
	return true;
}

bool slab_follow_first(struct slab_allocator *slab, uint64_t addr)
{
	unsigned int slot;
	struct slab_page *page = page_of_object(slab, addr, &slot);
	struct slot_link link;

	if (!page || !find_slot(slab, page, slot, &link))
		return false;
	set_link(&link, page->links[slot]);
	if (link.own) {
		uint32_t rank;
		struct slab_cpu *c = &page->cache->cpu[holder_of(slab, page, &rank)];

		page->links[slot] = (uint16_t)c->head;
		c->head = slot;
	} else {
		page->links[slot] = page->head;
		page->head = (uint16_t)slot;
	}
	return true;
}

bool slab_follow_take(struct slab_allocator *slab, uint64_t addr)
{
	unsigned int slot;
	struct slab_page *page = page_of_object(slab, addr, &slot);
	struct slot_link link;

	if (!page || !find_slot(slab, page, slot, &link))
		return false;
	set_link(&link, page->links[slot]);
	page->links[slot] = SLAB_LIVE;
	page->cache->counters.allocs++;
	if (!link.own) {
		page->inuse++;
		left_without_free(slab, page);
	}
	return true;
}

bool slab_follow_swap(struct slab_allocator *slab, uint64_t live, uint64_t free)
{
	unsigned int from, to;
	struct slab_page *page = page_of_object(slab, live, &to);
	struct slot_link link;

	if (!page || page_of_object(slab, free, &from) != page || page->links[to] != SLAB_LIVE ||
	    !find_slot(slab, page, from, &link))
		return false;
	page->links[to] = page->links[from];
	page->links[from] = SLAB_LIVE;
	set_link(&link, to);
	return true;
}

bool slab_follow_refill(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	unsigned int slot;
	struct slab_page *page = page_of_object(slab, addr, &slot);
	struct slot_link link;
	struct slab_cpu *c;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page)
		return false;
	c = &page->cache->cpu[cpu];
	if (c->page != page || c->head != SLAB_NIL || !find_slot(slab, page, slot, &link))
		return false;
	*link.at16 = SLAB_NIL;
	c->head = slot;
	page->inuse = (uint16_t)(page->objects - slab_page_nr_free(page, page->head));
	return true;
}

uint32_t slab_follow_discard(struct slab_allocator *slab, unsigned int cpu, uint64_t at)
{
	struct slab_page *page = page_at(slab, at);
	struct mm_outcome out = { 0 };
	uint32_t nr_live = 0;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page)
		return 0;
	detach(slab, page);
	if (page->cache->sheaves)
		slab_sheaf_forget(slab, page);
	for (unsigned int i = 0; i < page->objects; i++)
		nr_live += page->links[i] == SLAB_LIVE;
	page->cache->counters.frees += nr_live;
	page->inuse = 0;
	slab_page_discard(slab, page, cpu, &out);
	return nr_live;
}

static struct slab_page *page_at(const struct slab_allocator *slab, uint64_t at)
{
	uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, at));

	return value && !slab_map_is_large(value) ? (struct slab_page *)value : NULL;
}

static struct slab_page *page_of_object(const struct slab_allocator *slab, uint64_t addr,
					unsigned int *slot)
{
	struct slab_page *page = page_at(slab, addr);

	if (!page)
		return NULL;
	*slot = slab_slot(page, addr);
	return *slot == SLAB_NIL ? NULL : page;
}

/* alloc_from_pcs() */
static void peek_sheaves(const struct slab_allocator *slab, const struct slab_cache *cache,
			 unsigned int cpu, struct slab_next *next)
{
	const struct slab_cpu_sheaves *c = &cache->sheaves[cpu];
	const struct slab_sheaf *sheaf = c->main;
	enum slab_source source = SLAB_FROM_CPU;

	if (!sheaf || !sheaf->nr) {
		sheaf = c->spare;
		source = SLAB_FROM_SPARE;
	}
	if (!sheaf || !sheaf->nr) {
		sheaf = cache->barn[slab_cpu_node(slab, cpu)].full;
		source = SLAB_FROM_BARN;
	}
	if (sheaf && sheaf->nr) {
		const struct slab_object *top = &sheaf->objects[sheaf->nr - 1];

		*next = next_of(source, top->page, top->slot);
		return;
	}
	peek_refill(slab, cache, cpu, next);
}

/* refill_objects(): the last object that fills the sheaf is the first to be used. */
static void peek_refill(const struct slab_allocator *slab, const struct slab_cache *cache,
			unsigned int cpu, struct slab_next *next)
{
	const struct slab_node *node = &cache->node[slab_cpu_node(slab, cpu)];
	uint32_t missing = cache->geometry.sheaf_capacity;

	list_foreach(&node->partial, pos) {
		const struct slab_page *page = container_of(pos, struct slab_page, link);
		uint32_t there = (uint32_t)page->objects - page->inuse;
		unsigned int slot = page->head;

		if (there < missing) {
			missing -= there;
			continue;
		}
		while (--missing)
			slot = page->links[slot];
		*next = next_of(SLAB_FROM_NODE, page, slot);
		return;
	}
}

static const struct slab_page *peek_cpu_partial(const struct slab_cpu *c, int node)
{
	const struct slab_page *page = c->partial;

	while (page && node >= 0 && node != page->node)
		page = page->next;
	return page;
}

/* get_partial() */
static const struct slab_page *peek_nodes(const struct slab_allocator *slab,
					  const struct slab_cache *cache, unsigned int cpu,
					  int node)
{
	unsigned int first = (unsigned int)(node < 0 ? slab_cpu_node(slab, cpu) : node);
	/* Another node's list only for who has no wish: a wish is first met by a new slab. */
	unsigned int nr = node < 0 ? slab->nr_nodes : 1;

	for (unsigned int i = 0; i < nr; i++) {
		const struct slab_node *at = &cache->node[(first + i) % slab->nr_nodes];

		if (at->nr_partial > (i ? cache->geometry.min_partial : 0))
			return container_of(at->partial.next, struct slab_page, link);
	}
	return NULL;
}

static struct slab_next next_of(enum slab_source source, const struct slab_page *page,
				unsigned int slot)
{
	return (struct slab_next){
		.source = (uint8_t)source,
		.addr = page->base + (uint64_t)slot * page->cache->size,
	};
}

/* The CPU that holds the slab, or -1; "*rank": slabs before it on its list. */
static int holder_of(const struct slab_allocator *slab, const struct slab_page *page,
		     uint32_t *rank)
{
	const struct slab_cache *cache = page->cache;

	*rank = 0;
	if (page->place == SLAB_PLACE_NODE_PARTIAL) {
		list_foreach(&cache->node[page->node].partial, pos) {
			if (pos == &page->link)
				break;
			++*rank;
		}
		return -1;
	}
	for (unsigned int i = 0; page->place < SLAB_PLACE_NODE_PARTIAL && i < slab->nr_cpus; i++) {
		const struct slab_cpu *c = &cache->cpu[i];

		if (c->page == page)
			return (int)i;
		for (const struct slab_page *it = c->partial; it; it = it->next) {
			if (it == page) {
				*rank = c->partial->depth - page->depth;
				return (int)i;
			}
		}
	}
	return -1;
}

/* Takes the slab out of its place; all its free objects are on its own list then. */
static void detach(struct slab_allocator *slab, struct slab_page *page)
{
	uint32_t rank;

	switch ((enum slab_place)page->place) {
	case SLAB_PLACE_CPU:
		slab_release(page->cache, (unsigned int)holder_of(slab, page, &rank));
		break;
	case SLAB_PLACE_CPU_PARTIAL:
		leave_cpu_partial(slab, page);
		break;
	case SLAB_PLACE_NODE_PARTIAL:
		slab_node_del(page);
		break;
	case SLAB_PLACE_FULL:
	case SLAB_PLACE_LOOSE:
		break;
	case SLAB_PLACE_NR:
		BUG_ON(true);
	}
	page->place = SLAB_PLACE_FULL;
}

static void leave_cpu_partial(struct slab_allocator *slab, struct slab_page *page)
{
	uint32_t rank;
	struct slab_cpu *c = &page->cache->cpu[holder_of(slab, page, &rank)];
	struct slab_page **at = &c->partial;
	const uint32_t free = page->stacked - (page->next ? page->next->stacked : 0U);

	for (; *at != page; at = &(*at)->next) {
		(*at)->depth--;
		(*at)->stacked -= free;
	}
	*at = page->next;
}

/* Finds the link that names free slot "slot"; false when none does. */
static bool find_slot(const struct slab_allocator *slab, struct slab_page *page, unsigned int slot,
		      struct slot_link *link)
{
	struct slab_cpu *c;
	uint32_t rank;

	if (page->links[slot] >= SLAB_SHEAFED && page->links[slot] != SLAB_NIL)
		return false;
	*link = (struct slot_link){ 0 };
	if (find_in_list(page, &page->head, slot, link))
		return true;
	if (page->place != SLAB_PLACE_CPU)
		return false;
	c = &page->cache->cpu[holder_of(slab, page, &rank)];
	link->own = true;
	if (c->head == slot) {
		link->at32 = &c->head;
		return true;
	}
	return c->head != SLAB_NIL && find_in_list(page, &page->links[c->head], slot, link);
}

static bool find_in_list(struct slab_page *page, uint16_t *head, unsigned int slot,
			 struct slot_link *link)
{
	for (uint16_t *at = head; *at != SLAB_NIL; at = &page->links[*at]) {
		if (*at == slot) {
			link->at16 = at;
			return true;
		}
	}
	return false;
}

static void set_link(const struct slot_link *link, unsigned int slot)
{
	if (link->at32)
		*link->at32 = slot;
	else
		*link->at16 = (uint16_t)slot;
}

/* A slab without free objects stands on no list. */
static void left_without_free(struct slab_allocator *slab, struct slab_page *page)
{
	if (page->head == SLAB_NIL && page->place != SLAB_PLACE_CPU)
		detach(slab, page);
}
