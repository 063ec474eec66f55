/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of BPF programs (kernel/bpf/core.c, since 5.18): programs of a few hundred bytes share
 * packs of 2 MiB a NUMA node, from the module range, in chunks of 64 bytes: the first pack with
 * room, the first place in it. What is larger than a pack has an area of its own. Making one
 * executable, and freeing one, flushes all lazy areas. Flushes of branch predictors, which make
 * some packs less liked than others on some CPUs, are left out.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	CHUNK_SIZE = 64,
	NODE_BYTES = 2 << 20,
	PACK_HEAD = 32, /* bytes of struct bpf_prog_pack before the bitmap */
	WORD_BITS = 64,
};

static uint64_t pack_size(const struct vmalloc *v);
static struct mm_outcome executable(struct vmalloc *v, unsigned int cpu, uint64_t size);
static struct mm_outcome new_pack(struct vmalloc *v, unsigned int cpu);
static uint64_t find_room(const struct vmalloc *v, const struct vmap_pack *pack, uint64_t nr);
static void mark(struct vmap_pack *pack, uint64_t at, uint64_t nr, bool used);
static bool is_used(const struct vmap_pack *pack, uint64_t chunk);
static struct vmap_pack *pack_at(const struct vmalloc *v, uint64_t addr);
static void drop_pack(struct vmalloc *v, unsigned int cpu, struct vmap_pack *pack);

struct mm_outcome vmap_pack_alloc(struct vmalloc *v, unsigned int cpu, uint64_t size)
{
	const uint64_t nr = (size + CHUNK_SIZE - 1) / CHUNK_SIZE;
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_POOL };
	struct vmap_pack *pack;
	uint64_t at;

	if (!size || size > UINT32_MAX)
		return vmap_failed(MM_FAIL_INVALID);
	if (size > pack_size(v))
		return executable(v, cpu, size);
	list_foreach(&v->packs, pos) {
		pack = container_of(pos, struct vmap_pack, link);
		at = find_room(v, pack, nr);
		outcome.steps = (uint16_t)MIN(outcome.steps + 1U, (unsigned int)UINT16_MAX);
		mm_outcome_cost(&outcome, v->costs.vmap_pool);
		if (at == UINT64_MAX)
			continue;
		mark(pack, at, nr, true);
		outcome.addr = pack->addr + at * CHUNK_SIZE;
		return outcome;
	}
	outcome = new_pack(v, cpu);
	if (mm_ok(outcome))
		mark(pack_at(v, outcome.addr), 0, nr, true);
	return outcome;
}

struct mm_outcome vmap_pack_free(struct vmalloc *v, unsigned int cpu, uint64_t addr, uint64_t size)
{
	const uint64_t nr = (size + CHUNK_SIZE - 1) / CHUNK_SIZE;
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_POOL, .steps = 1,
				      .cost_ns = v->costs.vmap_pool };
	struct vmap_pack *pack;
	uint64_t at;

	if (!size)
		return vmap_failed(MM_FAIL_INVALID);
	if (size > pack_size(v))
		return vmalloc_free(v, cpu, addr);
	pack = pack_at(v, addr);
	if (!pack || (addr - pack->addr) % CHUNK_SIZE)
		return vmap_failed(MM_FAIL_INVALID);
	at = (addr - pack->addr) / CHUNK_SIZE;
	for (uint64_t i = 0; i < nr; i++)
		if (at + nr > pack_size(v) / CHUNK_SIZE || !is_used(pack, at + i))
			return vmap_failed(MM_FAIL_INVALID);
	mark(pack, at, nr, false);
	if (!pack->nr_used)
		drop_pack(v, cpu, pack);
	return outcome;
}

void vmap_packs_destroy(struct vmalloc *v)
{
	while (!list_is_empty(&v->packs)) {
		struct vmap_pack *pack = container_of(v->packs.next, struct vmap_pack, link);

		list_del(&pack->link);
		free(pack);
	}
}

bool vmap_packs_check(const struct vmalloc *v, struct error *err)
{
	list_foreach(&v->packs, pos) {
		const struct vmap_pack *pack = container_of(pos, struct vmap_pack, link);
		uint64_t nr = 0;

		for (uint64_t i = 0; i < pack_size(v) / CHUNK_SIZE; i++)
			nr += is_used(pack, i);
		if (!nr || nr != pack->nr_used)
			return error_set(err, "pack 0x%" PRIx64 " counts %" PRIu64 " chunks and "
					 "has %" PRIu64, pack->addr, pack->nr_used, nr);
	}
	return true;
}

/* BPF_PROG_PACK_SIZE */
static uint64_t pack_size(const struct vmalloc *v)
{
	return (uint64_t)NODE_BYTES * v->nr_numa_nodes;
}

/* module_alloc(), and set_memory_rox(), which flushes aliases. */
static struct mm_outcome executable(struct vmalloc *v, unsigned int cpu, uint64_t size)
{
	struct mm_outcome outcome = vmalloc_alloc(v, cpu, &(struct vmalloc_request){
		.size = size,
		.gfp = GFP_BITS_KERNEL,
		.node = -1,
		.flags = VMALLOC_MODULES | VMALLOC_FLUSH_RESET,
	});
	struct vmap_purged purged;

	if (!mm_ok(outcome))
		return outcome;
	purged = vmap_unmap_aliases(v);
	mm_outcome_cost(&outcome, vmap_purge_cost(v, &purged));
	return outcome;
}

/* alloc_new_pack() */
static struct mm_outcome new_pack(struct vmalloc *v, unsigned int cpu)
{
	const uint64_t bitmap = pack_size(v) / CHUNK_SIZE / 8;
	struct mm_outcome object = { 0 };
	struct mm_outcome outcome;
	struct vmap_pack *pack;

	if (v->ops.kmalloc) {
		object = v->ops.kmalloc(v->ctx, cpu, PACK_HEAD + bitmap,
					GFP_BITS_KERNEL | GFP_BIT_ZERO);
		if (!mm_ok(object))
			return object;
	}
	outcome = executable(v, cpu, pack_size(v));
	mm_outcome_add(&outcome, object);
	if (!mm_ok(outcome)) {
		if (object.addr)
			mm_outcome_add(&outcome, v->ops.kfree(v->ctx, cpu, object.addr));
		return outcome;
	}
	pack = xcalloc(1, sizeof(*pack) + bitmap);
	pack->addr = outcome.addr;
	pack->object = object.addr;
	list_add_tail(&v->packs, &pack->link);
	return outcome;
}

/* The first run of "nr" chunks (bitmap_find_next_zero_area()); UINT64_MAX: there is none. */
static uint64_t find_room(const struct vmalloc *v, const struct vmap_pack *pack, uint64_t nr)
{
	const uint64_t chunks = pack_size(v) / CHUNK_SIZE;
	uint64_t run = 0;

	if (nr > chunks - pack->nr_used)
		return UINT64_MAX;
	for (uint64_t i = 0; i < chunks; i++) {
		run = is_used(pack, i) ? 0 : run + 1;
		if (run == nr)
			return i + 1 - nr;
	}
	return UINT64_MAX;
}

static void mark(struct vmap_pack *pack, uint64_t at, uint64_t nr, bool used)
{
	for (uint64_t i = at; i < at + nr; i++) {
		const uint64_t bit = 1ULL << i % WORD_BITS;

		if (used)
			pack->bitmap[i / WORD_BITS] |= bit;
		else
			pack->bitmap[i / WORD_BITS] &= ~bit;
	}
	if (used)
		pack->nr_used += nr;
	else
		pack->nr_used -= nr;
}

static bool is_used(const struct vmap_pack *pack, uint64_t chunk)
{
	return pack->bitmap[chunk / WORD_BITS] >> chunk % WORD_BITS & 1;
}

static struct vmap_pack *pack_at(const struct vmalloc *v, uint64_t addr)
{
	list_foreach(&v->packs, pos) {
		struct vmap_pack *pack = container_of(pos, struct vmap_pack, link);

		if (addr >= pack->addr && addr - pack->addr < pack_size(v))
			return pack;
	}
	return NULL;
}

static void drop_pack(struct vmalloc *v, unsigned int cpu, struct vmap_pack *pack)
{
	(void)vmalloc_free(v, cpu, pack->addr);
	if (pack->object)
		(void)v->ops.kfree(v->ctx, cpu, pack->object);
	list_del(&pack->link);
	free(pack);
}
