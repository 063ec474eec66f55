/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many objects at once: kmem_cache_alloc_bulk(), kmem_cache_free_bulk(), kfree_bulk() of mm/slub.c.
 *
 * A bulk free collects runs of objects of one slab and gives each run back in one step, so a full
 * slab passes through its places once per run, not once per object. build_detached_freelist() finds
 * a run by looking at the array from its end and gives up at the third object of another slab; what
 * it passed over is swapped to the front for later rounds. slab_free_freelist_hook() turns the run
 * round, so that in the end the array's last object is the first to be handed out again.
 */
#include <config.h>

#include "slab_internal.h"

static size_t list_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			   uint64_t *addrs);
static void free_listed(struct slab_allocator *slab, unsigned int cpu, size_t nr, uint64_t *addrs,
			bool reverse);
static size_t build_chain(const struct slab_allocator *slab, size_t nr, uint64_t *addrs,
			  bool reverse, struct slab_chain *chain);
static void chain_add(struct slab_chain *chain, unsigned int slot, bool reverse);
static struct slab_page *page_of(const struct slab_allocator *slab, uint64_t addr);

struct mm_outcome slab_alloc_bulk(struct slab_allocator *slab, uint32_t id, unsigned int cpu,
				  uint32_t gfp, size_t nr, uint64_t *addrs)
{
	struct mm_outcome sum = { 0 };

	for (size_t i = 0; i < nr; i++) {
		struct mm_outcome one = slab_alloc(slab, id, cpu, -1, gfp, 0);

		slab_add_page_cost(&sum, one);
		if (sum.path < one.path)
			sum.path = one.path;
		if (!mm_ok(one)) {
			sum.addr = 0;
			sum.failure = one.failure;
			/* __kmem_cache_free_bulk(): unturned since 6.8. */
			list_objects(slab, cpu, i, addrs);
			free_listed(slab, cpu, i, addrs, !slab->profile->strict_cpu_partial);
			return sum;
		}
		addrs[i] = one.addr;
	}
	if (nr)
		sum.addr = addrs[0];
	return sum;
}

size_t slab_free_bulk(struct slab_allocator *slab, unsigned int cpu, size_t nr, uint64_t *addrs)
{
	size_t listed;

	BUG_ON(cpu >= slab->nr_cpus);
	listed = list_objects(slab, cpu, nr, addrs);
	free_listed(slab, cpu, listed, addrs, true);
	return nr - listed;
}

/*
 * Marks the live objects of "addrs" as listed, so that one that is named twice is found out, and
 * moves them together; returns their number. Large objects are given back at once and count, too:
 * their entries become 0.
 */
static size_t list_objects(struct slab_allocator *slab, unsigned int cpu, size_t nr,
			   uint64_t *addrs)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		uintptr_t value = slab_map_find(&slab->map, slab_addr_pfn(slab, addrs[i]));
		struct slab_page *page = (struct slab_page *)value;
		unsigned int slot;

		if (!value || slab_map_is_large(value)) {
			if (mm_ok(slab_free(slab, cpu, addrs[i])))
				addrs[kept++] = 0;
			continue;
		}
		slot = slab_slot(page, addrs[i]);
		if (slot == SLAB_NIL || page->links[slot] != SLAB_LIVE)
			continue;
		page->links[slot] = SLAB_LISTED;
		addrs[kept++] = addrs[i];
	}
	return kept;
}

static void free_listed(struct slab_allocator *slab, unsigned int cpu, size_t nr, uint64_t *addrs,
			bool reverse)
{
	while (nr) {
		struct slab_chain chain;

		if (!addrs[nr - 1]) {
			nr--;
			continue;
		}
		nr = build_chain(slab, nr, addrs, reverse, &chain);
		slab_free_chain(slab, cpu, &chain);
	}
}

/* build_detached_freelist(): returns how many of "addrs" are left for the next round. */
static size_t build_chain(const struct slab_allocator *slab, size_t nr, uint64_t *addrs,
			  bool reverse, struct slab_chain *chain)
{
	unsigned int foreign = 0;
	size_t left = nr - 1;
	uint64_t last = addrs[left];

	*chain = (struct slab_chain){ .page = page_of(slab, last) };
	chain_add(chain, slab_slot(chain->page, last), reverse);
	for (size_t i = left; i-- > 0;) {
		uint64_t addr = addrs[i];

		if (addr && page_of(slab, addr) == chain->page) {
			chain_add(chain, slab_slot(chain->page, addr), reverse);
			left--;
			addrs[i] = addrs[left];
			addrs[left] = addr;
		} else if (++foreign == 3) {
			break;
		}
	}
	return left;
}

/*
 * The kernel builds the list with each new object in front and then turns it round; so the object
 * seen first, the array's last, ends up first and each new one last.
 */
static void chain_add(struct slab_chain *chain, unsigned int slot, bool reverse)
{
	uint16_t *links = chain->page->links;

	if (!chain->nr) {
		links[slot] = SLAB_NIL;
		chain->head = chain->tail = (uint16_t)slot;
	} else if (reverse) {
		links[slot] = SLAB_NIL;
		links[chain->tail] = (uint16_t)slot;
		chain->tail = (uint16_t)slot;
	} else {
		links[slot] = chain->head;
		chain->head = (uint16_t)slot;
	}
	chain->nr++;
}

static struct slab_page *page_of(const struct slab_allocator *slab, uint64_t addr)
{
	return (struct slab_page *)slab_map_find(&slab->map, slab_addr_pfn(slab, addr));
}
