/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The per-CPU allocator: which chunk serves a request (mm/percpu.c, v6.1 .. v7.2; x86-64's
 * embedded first chunk).
 *
 * Chunks stand in lists ("slots") by the size of their largest free run, so that a request begins
 * with the fullest chunk that may hold it. Three lists stand above those: sidelined (depopulated
 * chunks, still used when nothing else fits), free (nothing allocated), and to_depopulate (isolated
 * chunks that the balance work takes pages from; requests do not look there). The map of a chunk is
 * kept in chunk.c, its pages and the background work in balance.c.
 *
 * What is left out: the charge to memory cgroups, which has no limit here.
 */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/mm/tap.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define MAP_GFP (GFP_BITS_KERNEL | GFP_BIT_NORETRY | GFP_BIT_NOWARN)

static struct mm_outcome alloc_untold(struct percpu *p, unsigned int cpu,
				      const struct percpu_request *request);
static void init_slots(struct percpu *p);
static struct pcpu_chunk *make_first(struct percpu *p, uint64_t offset, uint64_t size);
static bool find_place(struct percpu *p, const struct percpu_request *request, bool atomic,
		       struct pcpu_place *place, struct mm_outcome *outcome);
static bool find_place_creating(struct percpu *p, unsigned int cpu,
				const struct percpu_request *request, struct pcpu_place *place,
				struct mm_outcome *outcome);
static bool back_with_pages(struct percpu *p, unsigned int cpu,
			    const struct percpu_request *request, const struct pcpu_place *place,
			    struct mm_outcome *outcome);
static bool should_reclaim(const struct percpu *p, const struct pcpu_chunk *chunk);
static unsigned int plain_slot(uint64_t size);
static size_t chunk_index(const struct percpu *p, uint64_t addr);

struct percpu *percpu_create(const struct machine_config *config,
			     const struct percpu_layout *layout, const struct percpu_ops *ops,
			     void *ctx)
{
	struct percpu *p = xcalloc(1, sizeof(*p));

	p->ops = *ops;
	p->ctx = ctx;
	p->costs = config->costs;
	p->layout = *layout;
	p->nr_cpus = MAX(config->nr_cpus, 1U);
	p->nr_numa_nodes = MAX(config->nr_nodes, 1U);
	p->nr_nodes = MIN(p->nr_numa_nodes, p->nr_cpus);
	p->auto_balance = true;
	p->strict_atomic = kernel_version_cmp(config->kernel, (struct kernel_version){ 6, 1 }) < 0;
	pcpu_layout_apply(p, config);
	pcpu_books_init(p, config);
	init_slots(p);
	if (layout->reserved_size)
		p->reserved = make_first(p, layout->static_size, layout->reserved_size);
	p->first = make_first(p, layout->static_size + layout->reserved_size, layout->dyn_size);
	p->nr_empty = p->first->nr_empty;
	p->nr_populated = pcpu_boot_bytes(layout) / KERNEL_PAGE_SIZE;
	pcpu_chunk_relocate(p, p->first, -1);
	return p;
}

void percpu_destroy(struct percpu *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->chunks.nr; i++)
		pcpu_chunk_destroy(p->chunks.items[i]);
	vec_deinit(&p->chunks);
	if (p->reserved)
		pcpu_chunk_destroy(p->reserved);
	free(p->slots);
	free(p->group_offsets);
	free(p->group_sizes);
	free(p);
}

void percpu_set_auto_balance(struct percpu *p, bool on)
{
	p->auto_balance = on;
}

/* pcpu_alloc() */
void percpu_set_tap(struct percpu *p, const struct mm_tap *tap)
{
	p->tap = tap;
}

struct mm_outcome percpu_alloc(struct percpu *p, unsigned int cpu,
			       const struct percpu_request *request)
{
	const struct mm_outcome out = alloc_untold(p, cpu, request);

	if (unlikely(p->tap) && mm_ok(out))
		mm_tap(p->tap, &(struct mm_tapped){
			.kind = MM_TAP_PERCPU_ALLOC,
			.cpu = cpu,
			.reserved = request->reserved,
			.gfp = request->gfp,
			.addr = out.addr,
			.size = request->size,
			.align = MAX(request->align, (uint64_t)PCPU_BIT_SIZE),
			.start = pcpu_chunk_of(p, out.addr)->base,
		});
	return out;
}

static struct mm_outcome alloc_untold(struct percpu *p, unsigned int cpu,
				      const struct percpu_request *request)
{
	struct percpu_request rounded = *request;
	struct mm_outcome outcome = { .path = MM_PATH_PERCPU };
	bool atomic = percpu_is_atomic(p, request->gfp);
	struct pcpu_place place;
	bool found;

	pcpu_run_pending(p, cpu);
	p->stats.nr_allocs++;
	p->stats.nr_atomic += atomic;
	if (!pcpu_round_request(&rounded)) {
		p->stats.nr_failed++;
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	}
	if (request->reserved && p->reserved) {
		outcome.cost_ns = p->costs.percpu_search;
		outcome.steps = 1;
		found = pcpu_take(p, p->reserved, &rounded, atomic, &place);
	} else if (atomic) {
		found = find_place(p, &rounded, true, &place, &outcome);
	} else {
		found = find_place_creating(p, cpu, &rounded, &place, &outcome);
	}
	if (!found)
		return pcpu_fail_alloc(p, atomic, outcome,
				       mm_ok(outcome) ? MM_FAIL_NO_SPACE
						      : (enum mm_failure)outcome.failure);
	return pcpu_finish_alloc(p, cpu, &rounded, &place, outcome);
}

/*
 * gfpflags_allow_blocking(). Before "mm, percpu: do not consider sleepable allocations atomic",
 * which stable 6.1 has, a mask without I/O or file systems was atomic, too.
 */
bool percpu_is_atomic(const struct percpu *p, uint32_t gfp)
{
	if (p->strict_atomic)
		return (gfp & GFP_BITS_KERNEL) != GFP_BITS_KERNEL;
	return !(gfp & GFP_BIT_DIRECT_RECLAIM);
}

uint64_t percpu_address(const struct percpu *p, uint64_t addr, unsigned int cpu)
{
	const struct pcpu_chunk *chunk = pcpu_chunk_of(p, addr);
	unsigned int node = 0, first = 0;

	if (!chunk || cpu >= p->nr_cpus)
		return 0;
	/* Units lie side by side in the group of their node, or all in one. */
	for (unsigned int nr; p->groups.nr > 1; first += nr, node++) {
		nr = pcpu_cpus_of(p->nr_cpus, p->nr_nodes, node);
		if (cpu < first + nr)
			break;
	}
	return addr + p->groups.offsets[node] + (cpu - first) * p->layout.unit_size;
}

/* pcpu_obj_full_size() */
uint64_t percpu_full_size(const struct percpu *p, uint64_t size)
{
	return size * p->nr_cpus + size / PCPU_BIT_SIZE * (p->is_32bit ? 4 : 8);
}

/* free_percpu() */
struct mm_outcome percpu_free(struct percpu *p, unsigned int cpu, uint64_t addr)
{
	struct pcpu_chunk *chunk, *other;
	uint32_t bit;
	bool balance = false;

	pcpu_run_pending(p, cpu);
	chunk = pcpu_chunk_of(p, addr);
	if (!chunk || (addr - chunk->base) % PCPU_BIT_SIZE)
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	bit = (uint32_t)((addr - chunk->base) / PCPU_BIT_SIZE);
	if (!pcpu_is_area(chunk, bit) || pcpu_is_hidden(p, chunk, bit))
		return (struct mm_outcome){ .failure = MM_FAIL_INVALID };
	mm_tap(p->tap, &(struct mm_tapped){ .kind = MM_TAP_PERCPU_FREE, .cpu = cpu, .addr = addr,
					    .start = chunk->base });
	pcpu_release(p, chunk, bit);
	p->stats.nr_frees++;
	if (!chunk->isolated && chunk->free_bytes == p->layout.unit_size) {
		/* One free chunk is kept. */
		list_foreach(&p->slots[p->free_slot], pos) {
			other = container_of(pos, struct pcpu_chunk, link);
			balance |= other != chunk;
		}
	} else if (should_reclaim(p, chunk)) {
		if (!chunk->isolated) {
			chunk->isolated = true;
			p->nr_empty -= chunk->nr_empty;
		}
		pcpu_chunk_move(p, chunk, p->depopulate_slot, true);
		balance = true;
	}
	p->balance_pending |= balance;
	return (struct mm_outcome){
		.addr = addr, .cost_ns = p->costs.percpu_search, .steps = 1, .path = MM_PATH_PERCPU
	};
}

/* pcpu_chunk_slot() */
unsigned int pcpu_chunk_slot(const struct percpu *p, const struct pcpu_chunk *chunk)
{
	if (chunk->free_bytes < PCPU_BIT_SIZE || !chunk->md.contig_hint)
		return 0;
	return pcpu_size_to_slot(p, (uint64_t)chunk->md.contig_hint * PCPU_BIT_SIZE);
}

/* pcpu_chunk_relocate(): to the front when it gained space, to the end when it lost some. */
void pcpu_chunk_relocate(struct percpu *p, struct pcpu_chunk *chunk, int old_slot)
{
	int slot = (int)pcpu_chunk_slot(p, chunk);

	if (!chunk->isolated && slot != old_slot)
		pcpu_chunk_move(p, chunk, (unsigned int)slot, old_slot < slot);
}

bool pcpu_is_hidden(const struct percpu *p, const struct pcpu_chunk *chunk, uint32_t bit)
{
	const uint64_t addr = chunk->base + (uint64_t)bit * PCPU_BIT_SIZE;
	const uint64_t dyn = p->layout.base + p->layout.static_size + p->layout.reserved_size;

	if (chunk == p->first)
		return addr < dyn || addr >= dyn + p->layout.dyn_size;
	if (chunk == p->reserved)
		return addr < p->layout.base + p->layout.static_size || addr >= dyn;
	return false;
}

void pcpu_chunk_move(struct percpu *p, struct pcpu_chunk *chunk, unsigned int slot, bool front)
{
	if (chunk == p->reserved)
		return;
	list_del(&chunk->link);
	chunk->slot = slot;
	if (front)
		list_add(&p->slots[slot], &chunk->link);
	else
		list_add_tail(&p->slots[slot], &chunk->link);
}

void pcpu_chunk_reintegrate(struct percpu *p, struct pcpu_chunk *chunk)
{
	if (!chunk->isolated)
		return;
	chunk->isolated = false;
	p->nr_empty += chunk->nr_empty;
	pcpu_chunk_relocate(p, chunk, -1);
}

void pcpu_count_empty(struct percpu *p, const struct pcpu_chunk *chunk, int32_t before)
{
	if (chunk != p->reserved && !chunk->isolated)
		p->nr_empty += chunk->nr_empty - before;
}

/* pcpu_create_chunk() of percpu-vm.c */
struct pcpu_chunk *pcpu_make_chunk(struct percpu *p, unsigned int cpu, uint32_t gfp,
				   struct mm_outcome *outcome)
{
	uint64_t books[PCPU_BOOK_NR];
	struct mm_outcome areas;
	struct pcpu_chunk *chunk;

	mm_outcome_add(outcome, (struct mm_outcome){ .cost_ns = p->costs.percpu_create });
	outcome->path = MM_PATH_PERCPU_CREATE;
	if (!pcpu_books_get(p, cpu, books, gfp, outcome))
		return NULL;
	areas = p->ops.groups_alloc(p->ctx, cpu, &p->groups);
	mm_outcome_add(outcome, areas);
	outcome->path = MM_PATH_PERCPU_CREATE;
	if (!mm_ok(areas)) {
		outcome->failure = areas.failure;
		pcpu_books_put(p, cpu, books);
		return NULL;
	}
	chunk = pcpu_chunk_create(areas.addr, (uint32_t)(p->layout.unit_size / KERNEL_PAGE_SIZE));
	memcpy(chunk->books, books, sizeof(books));
	BUG_ON(!pcpu_insert_chunk(p, chunk));
	p->stats.nr_created++;
	mm_tap(p->tap, &(struct mm_tapped){ .kind = MM_TAP_CHUNK_CREATE, .cpu = cpu,
					    .start = chunk->base });
	return chunk;
}

void pcpu_drop_chunk(struct percpu *p, unsigned int cpu, struct pcpu_chunk *chunk)
{
	size_t at = chunk_index(p, chunk->base);

	BUG_ON(at >= p->chunks.nr || p->chunks.items[at] != chunk);
	memmove(&p->chunks.items[at], &p->chunks.items[at + 1],
		(p->chunks.nr - at - 1) * sizeof(struct pcpu_chunk *));
	p->chunks.nr--;
	mm_tap(p->tap, &(struct mm_tapped){ .kind = MM_TAP_CHUNK_DESTROY, .cpu = cpu,
					    .start = chunk->base });
	if (!chunk->adopted)
		p->ops.groups_free(p->ctx, cpu, chunk->base, &p->groups);
	pcpu_books_put(p, cpu, chunk->books);
	p->stats.nr_destroyed++;
	pcpu_chunk_destroy(chunk);
}

static void init_slots(struct percpu *p)
{
	p->sidelined_slot = plain_slot(p->layout.unit_size) + 1;
	p->free_slot = p->sidelined_slot + 1;
	p->depopulate_slot = p->free_slot + 1;
	p->nr_slots = p->depopulate_slot + 1;
	p->slots = xcalloc(p->nr_slots, sizeof(*p->slots));
	for (unsigned int i = 0; i < p->nr_slots; i++)
		list_init(&p->slots[i]);
}

/* pcpu_alloc_first_chunk(): "size" bytes at "offset" of the units that boot made; the chunk covers
 * whole pages, and what is not its own at both ends is hidden. */
static struct pcpu_chunk *make_first(struct percpu *p, uint64_t offset, uint64_t size)
{
	uint64_t start = offset % KERNEL_PAGE_SIZE;
	uint64_t bytes = bits_align_up(start + size, KERNEL_PAGE_SIZE);
	struct pcpu_chunk *chunk = pcpu_chunk_create(p->layout.base + offset - start,
						     (uint32_t)(bytes / KERNEL_PAGE_SIZE));

	chunk->immutable = true;
	pcpu_fill_bits(chunk->populated, 0, chunk->nr_pages, true);
	chunk->nr_populated = chunk->nr_pages;
	chunk->nr_empty = (int32_t)chunk->nr_pages;
	pcpu_chunk_hide(chunk, 0, (uint32_t)(start / PCPU_BIT_SIZE));
	pcpu_chunk_hide(chunk, (uint32_t)((start + size) / PCPU_BIT_SIZE),
			(uint32_t)((bytes - start - size) / PCPU_BIT_SIZE));
	/* The reserved one shares a page with the first one at most, and is found by its range. */
	if (offset != p->layout.static_size || !p->layout.reserved_size)
		BUG_ON(!pcpu_insert_chunk(p, chunk));
	return chunk;
}

/* Rounds size and align as the kernel does; false for what it refuses. */
bool pcpu_round_request(struct percpu_request *request)
{
	request->align = MAX(request->align, (uint64_t)PCPU_BIT_SIZE);
	if (!request->size || request->size > PCPU_MIN_UNIT_SIZE ||
	    request->align > KERNEL_PAGE_SIZE || !bits_is_pow2(request->align))
		return false;
	request->size = bits_align_up(request->size, PCPU_BIT_SIZE);
	return true;
}

/* The walk over the lists; a chunk may leave its list while it is looked at. */
static bool find_place(struct percpu *p, const struct percpu_request *request, bool atomic,
		       struct pcpu_place *place, struct mm_outcome *outcome)
{
	for (unsigned int slot = pcpu_size_to_slot(p, request->size); slot <= p->free_slot;
	     slot++) {
		struct list_head *head = &p->slots[slot];
		struct list_head *pos = head->next;

		while (pos != head) {
			struct pcpu_chunk *chunk = container_of(pos, struct pcpu_chunk, link);

			pos = pos->next;
			mm_outcome_add(outcome,
				       (struct mm_outcome){ .cost_ns = p->costs.percpu_search,
							    .steps = 1 });
			if (pcpu_take(p, chunk, request, atomic, place))
				return true;
		}
	}
	return false;
}

/* A chunk is made as long as none is free; one that is free holds any request. */
static bool find_place_creating(struct percpu *p, unsigned int cpu,
				const struct percpu_request *request, struct pcpu_place *place,
				struct mm_outcome *outcome)
{
	struct pcpu_chunk *chunk;

	while (!find_place(p, request, false, place, outcome)) {
		if (!list_is_empty(&p->slots[p->free_slot]))
			return false;
		chunk = pcpu_make_chunk(p, cpu, request->gfp & MAP_GFP, outcome);
		if (!chunk)
			return false;
		pcpu_chunk_relocate(p, chunk, -1);
	}
	return true;
}

/* find_block_fit() and alloc_area() on one chunk, and what a miss does to its place in a list. */
bool pcpu_take(struct percpu *p, struct pcpu_chunk *chunk, const struct percpu_request *request,
	       bool atomic, struct pcpu_place *place)
{
	uint32_t bits = (uint32_t)(request->size / PCPU_BIT_SIZE);
	uint32_t align = (uint32_t)(request->align / PCPU_BIT_SIZE);
	unsigned int slot = pcpu_chunk_slot(p, chunk);
	int32_t before = chunk->nr_empty;
	int64_t bit = pcpu_find_fit(chunk, bits, align, atomic);

	if (bit < 0) {
		if (!chunk->isolated && chunk->slot < PCPU_SLOT_FAIL_THRESHOLD)
			pcpu_chunk_move(p, chunk, 0, true);
		return false;
	}
	bit = pcpu_alloc_area(chunk, bits, align, (uint32_t)bit);
	if (bit < 0)
		return false;
	pcpu_count_empty(p, chunk, before);
	pcpu_chunk_relocate(p, chunk, (int)slot);
	pcpu_chunk_reintegrate(p, chunk);
	*place = (struct pcpu_place){ chunk, (uint32_t)bit };
	return true;
}

struct mm_outcome pcpu_finish_alloc(struct percpu *p, unsigned int cpu,
				    const struct percpu_request *request,
				    const struct pcpu_place *place, struct mm_outcome outcome)
{
	/* An atomic request found populated pages; in follow mode ours may lack. */
	if (!back_with_pages(p, cpu, request, place, &outcome)) {
		pcpu_release(p, place->chunk, place->bit);
		return pcpu_fail_alloc(p, false, outcome, (enum mm_failure)outcome.failure);
	}
	p->balance_pending |= p->nr_empty < PCPU_EMPTY_LOW;
	outcome.addr = place->chunk->base + (uint64_t)place->bit * PCPU_BIT_SIZE;
	outcome.failure = MM_FAIL_NONE;
	return outcome;
}

/* Populates the pages of an area that are not there yet. */
static bool back_with_pages(struct percpu *p, unsigned int cpu,
			    const struct percpu_request *request, const struct pcpu_place *place,
			    struct mm_outcome *outcome)
{
	struct pcpu_chunk *chunk = place->chunk;
	uint32_t bits = (uint32_t)(request->size / PCPU_BIT_SIZE);
	uint32_t end = (place->bit + bits + PCPU_BLOCK_BITS - 1) / PCPU_BLOCK_BITS;
	uint32_t to;

	for (uint32_t from = place->bit / PCPU_BLOCK_BITS;; from = to) {
		from = pcpu_find_bit(chunk->populated, from, end, false);
		if (from >= end)
			return true;
		to = pcpu_find_bit(chunk->populated, from, end, true);
		if (outcome->path < MM_PATH_PERCPU_POPULATE)
			outcome->path = MM_PATH_PERCPU_POPULATE;
		if (!pcpu_populate(p, cpu, chunk, (struct pcpu_pages){ from, to },
				   request->gfp & MAP_GFP, outcome))
			return false;
	}
}

struct mm_outcome pcpu_fail_alloc(struct percpu *p, bool atomic, struct mm_outcome outcome,
				  enum mm_failure failure)
{
	p->stats.nr_failed++;
	if (atomic) {
		p->atomic_failed = true;
		p->balance_pending = true;
	}
	outcome.addr = 0;
	outcome.failure = (uint8_t)failure;
	return outcome;
}

void pcpu_release(struct percpu *p, struct pcpu_chunk *chunk, uint32_t bit)
{
	unsigned int slot = pcpu_chunk_slot(p, chunk);
	int32_t before = chunk->nr_empty;

	pcpu_free_area(chunk, bit);
	pcpu_count_empty(p, chunk, before);
	pcpu_chunk_relocate(p, chunk, (int)slot);
}

/* pcpu_should_reclaim_chunk() */
static bool should_reclaim(const struct percpu *p, const struct pcpu_chunk *chunk)
{
	if (chunk == p->first || chunk == p->reserved)
		return false;
	if (chunk->isolated && chunk->nr_empty)
		return true;
	return p->nr_empty > PCPU_EMPTY_HIGH + chunk->nr_empty &&
	       chunk->nr_empty >= (int32_t)(chunk->nr_pages / 4);
}

/* pcpu_size_to_slot() */
unsigned int pcpu_size_to_slot(const struct percpu *p, uint64_t size)
{
	return size == p->layout.unit_size ? p->free_slot : plain_slot(size);
}

static unsigned int plain_slot(uint64_t size)
{
	int slot = (int)bits_fls(size) - PCPU_SLOT_BASE_SHIFT + 2;

	return (unsigned int)MAX(slot, 1);
}

void pcpu_run_pending(struct percpu *p, unsigned int cpu)
{
	if (p->balance_pending && p->auto_balance)
		percpu_balance(p, cpu);
}

/* How many chunks begin below "addr". */
static size_t chunk_index(const struct percpu *p, uint64_t addr)
{
	size_t low = 0, high = p->chunks.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->chunks.items[middle]->base < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The chunk whose first unit holds "addr". The reserved one comes first, as in the kernel. */
struct pcpu_chunk *pcpu_chunk_of(const struct percpu *p, uint64_t addr)
{
	size_t at = chunk_index(p, addr);
	struct pcpu_chunk *chunk = NULL;

	if (p->reserved && addr >= p->layout.base + p->layout.static_size &&
	    addr < p->layout.base + p->layout.static_size + p->layout.reserved_size)
		return p->reserved;
	if (at < p->chunks.nr && p->chunks.items[at]->base == addr)
		chunk = p->chunks.items[at];
	else if (at)
		chunk = p->chunks.items[at - 1];
	if (!chunk || addr - chunk->base >= (uint64_t)chunk->nr_pages * KERNEL_PAGE_SIZE)
		return NULL;
	return chunk;
}

/* False when its first unit overlaps another chunk's. */
bool pcpu_insert_chunk(struct percpu *p, struct pcpu_chunk *chunk)
{
	size_t at = chunk_index(p, chunk->base);
	uint64_t size = (uint64_t)chunk->nr_pages * KERNEL_PAGE_SIZE;

	if (at < p->chunks.nr && p->chunks.items[at]->base - chunk->base < size)
		return false;
	if (at) {
		const struct pcpu_chunk *below = p->chunks.items[at - 1];

		if (chunk->base - below->base < (uint64_t)below->nr_pages * KERNEL_PAGE_SIZE)
			return false;
	}
	vec_push(&p->chunks, chunk);
	memmove(&p->chunks.items[at + 1], &p->chunks.items[at],
		(p->chunks.nr - at - 1) * sizeof(struct pcpu_chunk *));
	p->chunks.items[at] = chunk;
	return true;
}
