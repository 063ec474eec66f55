/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of vm_map_ram() (mm/vmalloc.c: vb_alloc(), vb_free(), purge_fragmented_blocks()).
 *
 * Theory
 *
 * 1. An area for each small mapping would mean a search each, and soon a purge. So each CPU has
 *    blocks of addresses from which it cuts the next pages off, as powers of two, and nothing that
 *    was cut off is used a second time:
 *
 *	|dirty|mapped|dirty|mapped|......free......|
 *	                          ^ the next mapping
 *
 * 2. A block that is used up leaves its CPU's list, and is freed when its last mapping goes.
 *
 * 3. A block with no mapping left but some room is worth keeping for what it can still give, until
 *    addresses run out. Until 6.5 any purge of aliases freed it; since then only when less than a
 *    quarter is left.
 *
 * What is left out: the tables by which the kernel finds a block (xarrays, whose memory is not
 * asked for), and that the memory of a block's description waits for a grace period.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>

static struct mm_outcome own_area(struct vmalloc *v, unsigned int cpu, uint64_t nr_pages);
static struct mm_outcome from_blocks(struct vmalloc *v, unsigned int cpu, unsigned int nr_pages);
static struct mm_outcome new_block(struct vmalloc *v, unsigned int cpu);
static uint64_t cut(const struct vmalloc *v, struct vmap_block *block, unsigned int nr_pages);
static unsigned int rounded(unsigned int nr_pages);
static struct mm_outcome unmap_in_block(struct vmalloc *v, unsigned int cpu, uint64_t addr,
					unsigned int nr_pages);
static struct vmap_block *block_at(const struct vmalloc *v, uint64_t addr);
static void free_block(struct vmalloc *v, unsigned int cpu, struct vmap_block *block);
static bool check_block(const struct vmalloc *v, const struct vmap_block *block,
			struct error *err);

/* vm_map_ram() */
struct mm_outcome vmap_ram(struct vmalloc *v, unsigned int cpu, uint64_t nr_pages)
{
	struct mm_outcome outcome;
	struct vmap_mapper mapper = { v, cpu, GFP_BITS_KERNEL, &outcome };

	if (!nr_pages || nr_pages > UINT32_MAX)
		return vmap_failed(MM_FAIL_INVALID);
	vmap_run_pending(v);
	if (nr_pages > v->layout->block_most)
		outcome = own_area(v, cpu, nr_pages);
	else
		outcome = from_blocks(v, cpu, (unsigned int)nr_pages);
	if (mm_ok(outcome) && !vmap_map_small(&mapper, outcome.addr, nr_pages)) {
		mm_outcome_add(&outcome, vmap_ram_unmap(v, cpu, outcome.addr, nr_pages));
		outcome.addr = 0;
	}
	return outcome;
}

/* vm_unmap_ram() */
struct mm_outcome vmap_ram_unmap(struct vmalloc *v, unsigned int cpu, uint64_t addr,
				 uint64_t nr_pages)
{
	const struct va *va;

	if (!nr_pages)
		return vmap_failed(MM_FAIL_INVALID);
	vmap_run_pending(v);
	if (nr_pages <= v->layout->block_most)
		return unmap_in_block(v, cpu, addr, (unsigned int)nr_pages);
	va = va_tree_find(&v->busy, addr);
	if (!va || va->use != VMAP_USE_RAM || va->block ||
	    va_size(va) != nr_pages * KERNEL_PAGE_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	return vmap_area_free(v, cpu, addr);
}

/* _vm_unmap_aliases() */
struct vmap_purged vmap_unmap_aliases(struct vmalloc *v)
{
	vmap_purge_blocks(v, false);
	return vmap_purge_lazy(v, false);
}

/* purge_fragmented_block() */
void vmap_purge_blocks(struct vmalloc *v, bool all)
{
	const unsigned int pages = v->layout->block_pages;
	struct list_head *next;

	for (struct list_head *pos = v->blocks.next; pos != &v->blocks; pos = next) {
		struct vmap_block *block = container_of(pos, struct vmap_block, all);

		next = pos->next;
		if (block->free + block->dirty != pages || block->dirty == pages)
			continue;
		if (all || !v->profile->keeps_blocks || block->free < pages / 4)
			free_block(v, 0, block);
	}
}

void vmap_block_forget(struct vmalloc *v, struct va *va)
{
	struct vmap_block *block = va->block;

	(void)v;
	va->block = NULL;
	list_del(&block->all);
	if (block->free)
		list_del(&block->queue);
	free(block);
}

bool vmap_blocks_check(const struct vmalloc *v, struct error *err)
{
	uint64_t nr = 0, in_tree = 0;

	list_foreach(&v->blocks, pos) {
		const struct vmap_block *block = container_of(pos, struct vmap_block, all);

		if (!check_block(v, block, err))
			return false;
		nr++;
	}
	list_foreach(&v->busy.list, pos)
		in_tree += container_of(pos, struct va, link)->block != NULL;
	if (nr != in_tree)
		return error_set(err, "%" PRIu64 " blocks, but %" PRIu64 " areas of them", nr,
				 in_tree);
	return true;
}

/* Too many for a block: VMAP_MAX_ALLOC. There is no guard page, and no struct vm_struct. */
static struct mm_outcome own_area(struct vmalloc *v, unsigned int cpu, uint64_t nr_pages)
{
	struct mm_outcome outcome =
		vmap_area_alloc(v, cpu, nr_pages * KERNEL_PAGE_SIZE, KERNEL_PAGE_SIZE,
				v->range_start, v->range_vend);

	if (mm_ok(outcome))
		va_tree_find(&v->busy, outcome.addr)->use = VMAP_USE_RAM;
	return outcome;
}

/* vb_alloc(): the first block with room, in the order that they were made in. */
static struct mm_outcome from_blocks(struct vmalloc *v, unsigned int cpu, unsigned int nr_pages)
{
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_BLOCK };
	struct vmap_cpu *own = vmap_cpu_of(v, cpu);

	list_foreach(&own->blocks, pos) {
		struct vmap_block *block = container_of(pos, struct vmap_block, queue);

		outcome.steps = (uint16_t)MIN(outcome.steps + 1U, (unsigned int)UINT16_MAX);
		mm_outcome_cost(&outcome, v->costs.vmap_pool);
		if (block->free < rounded(nr_pages))
			continue;
		outcome.addr = cut(v, block, nr_pages);
		return outcome;
	}
	outcome = new_block(v, cpu);
	if (mm_ok(outcome))
		(void)cut(v, block_at(v, outcome.addr), nr_pages);
	return outcome;
}

/* new_vmap_block() */
static struct mm_outcome new_block(struct vmalloc *v, unsigned int cpu)
{
	const uint64_t size = v->layout->block_pages * (uint64_t)KERNEL_PAGE_SIZE;
	struct mm_outcome object = { 0 };
	struct mm_outcome outcome;
	struct vmap_block *block;

	if (v->ops.kmalloc) {
		object = v->ops.kmalloc(v->ctx, cpu,
					vmap_object_size(v, v->profile->vmap_block_size),
					GFP_BITS_KERNEL);
		if (!mm_ok(object))
			return object;
	}
	outcome = vmap_area_alloc(v, cpu, size, size, v->range_start, v->range_vend);
	mm_outcome_add(&outcome, object);
	if (!mm_ok(outcome)) {
		if (object.addr)
			mm_outcome_add(&outcome, v->ops.kfree(v->ctx, cpu, object.addr));
		return outcome;
	}
	block = xcalloc(1, sizeof(*block) + v->layout->block_pages);
	block->va = va_tree_find(&v->busy, outcome.addr);
	block->va->use = VMAP_USE_RAM;
	block->va->block = block;
	block->object = object.addr;
	block->free = v->layout->block_pages;
	list_add_tail(&v->blocks, &block->all);
	list_add_tail(&vmap_cpu_of(v, cpu)->blocks, &block->queue);
	return outcome;
}

/* The next pages of "block", which has them: their address. */
static uint64_t cut(const struct vmalloc *v, struct vmap_block *block, unsigned int nr_pages)
{
	const unsigned int at = v->layout->block_pages - block->free;

	block->mapped[at] = (uint8_t)nr_pages;
	block->free -= rounded(nr_pages);
	if (!block->free)
		list_del(&block->queue);
	return block->va->start + at * (uint64_t)KERNEL_PAGE_SIZE;
}

/* So many pages of a block are used up by a mapping. */
static unsigned int rounded(unsigned int nr_pages)
{
	return (unsigned int)bits_roundup_pow2(nr_pages);
}

/* vb_free() */
static struct mm_outcome unmap_in_block(struct vmalloc *v, unsigned int cpu, uint64_t addr,
					unsigned int nr_pages)
{
	struct vmap_block *block = block_at(v, addr);
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_LAZY, .steps = 1 };
	uint64_t at;

	if (!block || addr % KERNEL_PAGE_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	at = (addr - block->va->start) / KERNEL_PAGE_SIZE;
	if (block->mapped[at] != nr_pages)
		return vmap_failed(MM_FAIL_INVALID);
	block->mapped[at] = 0;
	block->dirty += rounded(nr_pages);
	mm_outcome_cost(&outcome, (uint64_t)v->costs.vmap_map_page * nr_pages);
	if (block->dirty == v->layout->block_pages)
		free_block(v, cpu, block);
	return outcome;
}

/* addr_to_vb_idx(): blocks lie at multiples of their size. NULL: none. */
static struct vmap_block *block_at(const struct vmalloc *v, uint64_t addr)
{
	const uint64_t size = v->layout->block_pages * (uint64_t)KERNEL_PAGE_SIZE;
	const struct va *va = va_tree_find(&v->busy, bits_align_down(addr, size));

	return va ? va->block : NULL;
}

/* free_vmap_block() */
static void free_block(struct vmalloc *v, unsigned int cpu, struct vmap_block *block)
{
	const uint64_t object = block->object;
	struct va *va = block->va;

	vmap_block_forget(v, va);
	(void)vmap_make_lazy(v, va);
	if (object)
		(void)v->ops.kfree(v->ctx, cpu, object);
}

static bool check_block(const struct vmalloc *v, const struct vmap_block *block, struct error *err)
{
	const unsigned int pages = v->layout->block_pages;
	unsigned int mapped = 0;

	for (unsigned int i = 0; i < pages; i++)
		mapped += block->mapped[i] ? rounded(block->mapped[i]) : 0;
	if (va_tree_find(&v->busy, block->va->start) != block->va || block->va->block != block)
		return error_set(err, "block 0x%" PRIx64 " is no area in use", block->va->start);
	if (block->free + block->dirty + mapped != pages || block->dirty == pages)
		return error_set(err, "block 0x%" PRIx64 " of %u pages has %u free, %u dirty and "
				 "%u mapped", block->va->start, pages, block->free, block->dirty,
				 mapped);
	return true;
}
