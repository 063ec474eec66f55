/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Corrections of sheaves (7.0+) by a recording: see slab_follow.c. Which object lies where in the
 * sheaves shows only when it is handed out, so the usual correction moves one object to the top and
 * what was pushed later down.
 */
#include <config.h>

#include "slab_partial.h"
#include "slab_sheaf.h"

static void keep_below(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		       uint32_t nr);
static void drop_top(struct slab_cache *cache, struct slab_sheaf *sheaf);
static uint64_t nr_on_node(const struct slab_node *node);
static void drop_first_partial(struct slab_cache *cache, struct slab_node *node);
static bool from_own_slab(struct slab_sheaf *main, struct slab_page *page, unsigned int slot);
static bool from_other_slab(struct slab_sheaf *main, struct slab_page *page, unsigned int slot);
static void give_back(const struct slab_object *object);
static struct slab_page *sheafed_page(const struct slab_allocator *slab, uint64_t addr);
static bool object_at(const struct slab_sheaf *sheaf, uint32_t *depth);
static uint64_t addr_at(const struct slab_sheaf *sheaf, uint32_t depth);
static void forget_in(struct slab_sheaf *sheaf, const struct slab_page *page,
		      unsigned int slot);
static void to_top(struct slab_sheaf *sheaf, uint32_t at);
static struct slab_object *find_sheafed(const struct slab_allocator *slab,
					struct slab_cache *cache, unsigned int cpu,
					const struct slab_page *page, unsigned int slot);
static struct slab_object *find_in(struct slab_sheaf *sheaf, const struct slab_page *page,
				   unsigned int slot);

uint32_t slab_follow_sheaf_refill(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				  uint32_t gfp, uint32_t nr_new)
{
	struct slab_request rq = {
		.slab = slab,
		.cache = slab_cache_get(slab, id),
		.cpu = cpu,
		.node = -1,
		.gfp = gfp,
	};
	struct slab_cache *cache = rq.cache;
	struct slab_node *node;
	struct slab_sheaf *main;
	uint64_t capacity, there;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || !cache->sheaves)
		return 0;
	capacity = cache->geometry.sheaf_capacity;
	node = &cache->node[slab_cpu_node(slab, cpu)];
	main = slab_sheaf_main(cache, cpu);
	/* What we have on the node's list beyond that, the kernel cannot have had. */
	while (nr_new && !list_is_empty(&node->partial) &&
	       nr_on_node(node) + (uint64_t)(nr_new - 1) * cache->geometry.objects >= capacity)
		drop_first_partial(cache, node);
	there = nr_on_node(node) + (uint64_t)nr_new * cache->geometry.objects;
	keep_below(slab, cache, cpu, (uint32_t)(capacity - MIN(there, capacity)));
	main->nr += (uint32_t)slab_sheaf_take(&rq, gfp, capacity - main->nr,
					      main->objects + main->nr);
	return main->nr;
}

uint32_t slab_follow_sheaf_prefill(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				   uint32_t gfp)
{
	struct slab_request rq = {
		.slab = slab, .cache = slab_cache_get(slab, id), .cpu = cpu, .node = -1, .gfp = gfp,
	};
	struct slab_cpu_sheaves *c;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!rq.cache || !rq.cache->sheaves)
		return 0;
	c = &rq.cache->sheaves[cpu];
	if (!c->spare)
		c->spare = slab_sheaf_create(rq.cache);
	c->spare->nr += (uint32_t)slab_sheaf_take(&rq, gfp,
						  rq.cache->geometry.sheaf_capacity - c->spare->nr,
						  c->spare->objects + c->spare->nr);
	return c->spare->nr;
}

bool slab_follow_sheaf_spare(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	struct slab_page *page = sheafed_page(slab, addr);
	const unsigned int slot = page ? slab_slot(page, addr) : SLAB_NIL;
	struct slab_sheaf *spare;
	struct slab_object *found;

	BUG_ON(cpu >= slab->nr_cpus);
	if (slot == SLAB_NIL || page->links[slot] != SLAB_SHEAFED ||
	    !page->cache->sheaves[cpu].spare)
		return false;
	spare = page->cache->sheaves[cpu].spare;
	found = find_in(spare, page, slot);
	if (!found && spare->nr == page->cache->geometry.sheaf_capacity)
		return false;
	if (!found) {
		slab_sheaf_forget_one(slab, page, slot);
		spare->objects[spare->nr++] = (struct slab_object){ page, slot };
		return true;
	}
	to_top(spare, (uint32_t)(found - spare->objects));
	return true;
}

bool slab_follow_sheaf_first(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	struct slab_page *page = sheafed_page(slab, addr);
	struct slab_object *found;
	struct slab_sheaf *main;
	unsigned int slot;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page)
		return false;
	slot = slab_slot(page, addr);
	main = slab_sheaf_main(page->cache, cpu);
	if (slot == SLAB_NIL)
		return false;
	if (page->links[slot] != SLAB_SHEAFED)
		return page->links[slot] != SLAB_LIVE && page->links[slot] != SLAB_LISTED &&
		       (from_own_slab(main, page, slot) || from_other_slab(main, page, slot));
	found = find_in(main, page, slot);
	if (found) {
		to_top(main, (uint32_t)(found - main->objects));
		return true;
	}
	found = find_sheafed(slab, page->cache, cpu, page, slot);
	if (!found)
		return false;
	if (!main->nr) {
		slab_sheaf_forget_one(slab, page, slot);
		main->objects[main->nr++] = (struct slab_object){ page, slot };
		return true;
	}
	/* The oldest of ours goes where it was. */
	*found = main->objects[0];
	main->objects[0] = (struct slab_object){ page, slot };
	to_top(main, 0);
	return true;
}

bool slab_follow_sheaf_push(struct slab_allocator *slab, unsigned int cpu, uint64_t addr)
{
	struct slab_page *page = sheafed_page(slab, addr);
	struct slab_sheaf *main;
	unsigned int slot;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!page)
		return false;
	slot = slab_slot(page, addr);
	main = slab_sheaf_main(page->cache, cpu);
	if (slot == SLAB_NIL || page->links[slot] != SLAB_LIVE ||
	    main->nr == page->cache->geometry.sheaf_capacity)
		return false;
	page->links[slot] = SLAB_SHEAFED;
	page->cache->counters.frees++;
	main->objects[main->nr++] = (struct slab_object){ page, slot };
	return true;
}

uint64_t slab_follow_sheaf_at(const struct slab_allocator *slab, uint32_t id, unsigned int cpu,
			      uint32_t depth)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	const struct slab_sheaf *sheaf;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || !cache->sheaves)
		return 0;
	if (object_at(cache->sheaves[cpu].main, &depth))
		return addr_at(cache->sheaves[cpu].main, depth);
	if (object_at(cache->sheaves[cpu].spare, &depth))
		return addr_at(cache->sheaves[cpu].spare, depth);
	for (sheaf = cache->barn[slab_cpu_node(slab, cpu)].full; sheaf; sheaf = sheaf->next) {
		if (object_at(sheaf, &depth))
			return addr_at(sheaf, depth);
	}
	return 0;
}

bool slab_follow_sheaf_take(struct slab_allocator *slab, uint64_t addr)
{
	struct slab_page *page = sheafed_page(slab, addr);
	const unsigned int slot = page ? slab_slot(page, addr) : SLAB_NIL;

	if (slot == SLAB_NIL || page->links[slot] != SLAB_SHEAFED)
		return false;
	slab_sheaf_forget_one(slab, page, slot);
	page->links[slot] = SLAB_LIVE;
	page->cache->counters.allocs++;
	return true;
}

uint32_t slab_follow_sheaf_wants(const struct slab_allocator *slab, uint32_t id, unsigned int cpu)
{
	const struct slab_cache *cache = slab_cache_get(slab, id);
	uint64_t there;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || !cache->sheaves || slab_follow_sheaf_at(slab, id, cpu, 0))
		return 0;
	there = nr_on_node(&cache->node[slab_cpu_node(slab, cpu)]);
	there = MIN(there, cache->geometry.sheaf_capacity);
	return (uint32_t)((cache->geometry.sheaf_capacity - there + cache->geometry.objects - 1) /
			  cache->geometry.objects);
}

void slab_follow_sheaf_last(struct slab_allocator *slab, uint32_t id, unsigned int cpu)
{
	struct slab_cache *cache = slab_cache_get(slab, id);
	struct slab_sheaf *main;
	struct slab_object top;

	BUG_ON(cpu >= slab->nr_cpus);
	if (!cache || !cache->sheaves)
		return;
	main = slab_sheaf_main(cache, cpu);
	if (!main->nr)
		return;
	top = main->objects[main->nr - 1];
	for (uint32_t i = main->nr - 1; i > 0; i--)
		main->objects[i] = main->objects[i - 1];
	main->objects[0] = top;
}

void slab_sheaf_drop_barn(struct slab_cache *cache, unsigned int node, struct slab_sheaf *main,
			  uint32_t nr)
{
	struct slab_barn *barn = &cache->barn[node];

	while (barn->full) {
		struct slab_sheaf *sheaf = slab_barn_pop(&barn->full, &barn->nr_full);

		while (sheaf->nr) {
			const struct slab_object *top = &sheaf->objects[--sheaf->nr];

			if (main->nr < nr) {
				main->objects[main->nr++] = *top;
			} else {
				top->page->links[top->slot] = SLAB_LIVE;
				cache->counters.allocs++;
			}
		}
		slab_barn_push(&barn->empty, &barn->nr_empty, sheaf);
	}
}

void slab_sheaf_forget(struct slab_allocator *slab, struct slab_page *page)
{
	slab_sheaf_forget_one(slab, page, SLAB_NIL);
}

void slab_sheaf_forget_one(struct slab_allocator *slab, struct slab_page *page, unsigned int slot)
{
	struct slab_cache *cache = page->cache;

	for (unsigned int i = 0; i < slab->nr_cpus; i++) {
		forget_in(cache->sheaves[i].main, page, slot);
		forget_in(cache->sheaves[i].spare, page, slot);
	}
	for (unsigned int i = 0; i < slab->nr_nodes; i++) {
		struct slab_barn *barn = &cache->barn[i];

		for (struct slab_sheaf **at = &barn->full; *at;) {
			forget_in(*at, page, slot);
			if ((*at)->nr)
				at = &(*at)->next;
			else
				slab_barn_push(&barn->empty, &barn->nr_empty,
					       slab_barn_pop(at, &barn->nr_full));
		}
	}
}

/*
 * The new slabs and the node's list do not fill the sheaf, but the kernel's was full: "nr" of what
 * we have in sheaves is what it found on the list instead. The rest was allocated unseen.
 */
static void keep_below(struct slab_allocator *slab, struct slab_cache *cache, unsigned int cpu,
		       uint32_t nr)
{
	struct slab_sheaf *main = slab_sheaf_main(cache, cpu);
	struct slab_sheaf *spare = cache->sheaves[cpu].spare;

	while (main->nr > nr)
		drop_top(cache, main);
	while (spare && spare->nr && main->nr < nr)
		main->objects[main->nr++] = spare->objects[--spare->nr];
	while (spare && spare->nr)
		drop_top(cache, spare);
	slab_sheaf_drop_barn(cache, (unsigned int)slab_cpu_node(slab, cpu), main, nr);
}

static void drop_top(struct slab_cache *cache, struct slab_sheaf *sheaf)
{
	const struct slab_object *top = &sheaf->objects[--sheaf->nr];

	top->page->links[top->slot] = SLAB_LIVE;
	cache->counters.allocs++;
}

static uint64_t nr_on_node(const struct slab_node *node)
{
	uint64_t nr = 0;

	list_foreach(&node->partial, pos) {
		const struct slab_page *page = container_of(pos, struct slab_page, link);

		nr += (uint64_t)page->objects - page->inuse;
	}
	return nr;
}

static void drop_first_partial(struct slab_cache *cache, struct slab_node *node)
{
	struct slab_page *page = container_of(node->partial.next, struct slab_page, link);

	slab_node_del(page);
	while (page->head != SLAB_NIL) {
		const unsigned int slot = page->head;

		page->head = page->links[slot];
		page->links[slot] = SLAB_LIVE;
		page->inuse++;
		cache->counters.allocs++;
	}
}

/*
 * The slot is on its slab's own list, and the sheaf has others of that slab: a new slab was cut,
 * and which part of it is in the sheaf is chance. The two change places.
 */
static bool from_own_slab(struct slab_sheaf *main, struct slab_page *page, unsigned int slot)
{
	for (uint32_t i = main->nr; i-- > 0;) {
		struct slab_object *object = &main->objects[i];
		uint16_t *at = &page->head;

		if (object->page != page)
			continue;
		while (*at != slot)
			at = &page->links[*at];
		page->links[object->slot] = page->links[slot];
		*at = (uint16_t)object->slot;
		page->links[slot] = SLAB_SHEAFED;
		object->slot = slot;
		to_top(main, i);
		return true;
	}
	return false;
}

/*
 * The sheaf has it, then, and has none of that slab for all we know: so the refill took that slab,
 * and not the one whose objects lie at the bottom. All that is free of the slab goes into the
 * sheaf, as many of the others back to where they came from.
 */
static bool from_other_slab(struct slab_sheaf *main, struct slab_page *page, unsigned int slot)
{
	const uint32_t most = main->nr ? main->nr : page->cache->geometry.sheaf_capacity;
	const uint32_t nr = MIN((uint32_t)page->objects - page->inuse, most);
	uint16_t *at = &page->head;

	for (uint32_t i = 0; main->nr && i < nr; i++)
		give_back(&main->objects[i]);
	if (main->nr)
		main->nr -= nr;
	for (uint32_t i = 0; i < main->nr; i++)
		main->objects[i] = main->objects[i + nr];
	/* It is the last that was taken, so the first to come. */
	while (*at != slot)
		at = &page->links[*at];
	*at = page->links[slot];
	for (uint32_t i = 0; i + 1 < nr; i++) {
		main->objects[main->nr] = (struct slab_object){ page, page->head };
		page->head = page->links[page->head];
		page->links[main->objects[main->nr++].slot] = SLAB_SHEAFED;
	}
	main->objects[main->nr++] = (struct slab_object){ page, slot };
	page->links[slot] = SLAB_SHEAFED;
	page->inuse = (uint16_t)(page->inuse + nr);
	if (page->head == SLAB_NIL && page->place == SLAB_PLACE_NODE_PARTIAL)
		slab_node_del(page);
	return true;
}

/* Not as a free would: the slab does not go, even if it is empty. */
static void give_back(const struct slab_object *object)
{
	struct slab_page *page = object->page;

	page->links[object->slot] = page->head;
	page->head = (uint16_t)object->slot;
	page->inuse--;
	if (page->links[object->slot] == SLAB_NIL)
		slab_node_add(page, true);
}

/* The slab at "addr", of a cache with sheaves; NULL: there is none. */
static struct slab_page *sheafed_page(const struct slab_allocator *slab, uint64_t addr)
{
	const uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
	struct slab_page *page = (struct slab_page *)value;

	return value && !slab_map_is_large(value) && page->cache->sheaves ? page : NULL;
}

/* "*depth" is one of the sheaf's; else it goes down by what the sheaf has. */
static bool object_at(const struct slab_sheaf *sheaf, uint32_t *depth)
{
	const uint32_t nr = sheaf ? sheaf->nr : 0;

	if (*depth < nr)
		return true;
	*depth -= nr;
	return false;
}

static uint64_t addr_at(const struct slab_sheaf *sheaf, uint32_t depth)
{
	const struct slab_object *object = &sheaf->objects[sheaf->nr - 1 - depth];

	return object->page->base + (uint64_t)object->slot * object->page->cache->size;
}

static void forget_in(struct slab_sheaf *sheaf, const struct slab_page *page, unsigned int slot)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; sheaf && i < sheaf->nr; i++) {
		if (sheaf->objects[i].page != page ||
		    (slot != SLAB_NIL && sheaf->objects[i].slot != slot))
			sheaf->objects[kept++] = sheaf->objects[i];
	}
	if (sheaf)
		sheaf->nr = kept;
}

static void to_top(struct slab_sheaf *sheaf, uint32_t at)
{
	const struct slab_object object = sheaf->objects[at];

	for (; at + 1 < sheaf->nr; at++)
		sheaf->objects[at] = sheaf->objects[at + 1];
	sheaf->objects[at] = object;
}

/* In any sheaf but this CPU's main one. */
static struct slab_object *find_sheafed(const struct slab_allocator *slab,
					struct slab_cache *cache, unsigned int cpu,
					const struct slab_page *page, unsigned int slot)
{
	struct slab_object *found = find_in(cache->sheaves[cpu].spare, page, slot);

	for (unsigned int i = 0; !found && i < slab->nr_nodes; i++) {
		for (struct slab_sheaf *it = cache->barn[i].full; it && !found; it = it->next)
			found = find_in(it, page, slot);
	}
	for (unsigned int i = 0; !found && i < slab->nr_cpus; i++) {
		found = i == cpu ? NULL : find_in(cache->sheaves[i].main, page, slot);
		if (!found && i != cpu)
			found = find_in(cache->sheaves[i].spare, page, slot);
	}
	return found;
}

static struct slab_object *find_in(struct slab_sheaf *sheaf, const struct slab_page *page,
				   unsigned int slot)
{
	for (uint32_t i = sheaf ? sheaf->nr : 0; i-- > 0;) {
		if (sheaf->objects[i].page == page && sheaf->objects[i].slot == slot)
			return &sheaf->objects[i];
	}
	return NULL;
}
