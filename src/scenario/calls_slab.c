/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for small objects: the kmalloc() family and caches. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/kmalloc.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/slab_look.h"

#include <inttypes.h>

static bool create(struct calling *c, uint64_t usersize, bool ctor);
static bool cache_of(struct calling *c, uint32_t *ret);
static bool alloc(struct calling *c, uint32_t gfp, int node);
static bool kmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node);
static bool array_of(struct calling *c, uint32_t gfp);
static bool refuse_dead(struct calling *c, uint64_t addr);
static bool free_addr(struct calling *c, uint64_t addr);
static bool refuse_destroy(struct calling *c, uint32_t cache);

bool scenario_kmalloc(struct calling *c)
{
	return kmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), -1);
}

bool scenario_kzalloc(struct calling *c)
{
	return kmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1) | GFP_BIT_ZERO, -1);
}

bool scenario_kmalloc_node(struct calling *c)
{
	return kmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1), arg_int(c, 2));
}

bool scenario_kzalloc_node(struct calling *c)
{
	return kmalloc_of(c, arg_u64(c, 0), arg_gfp(c, 1) | GFP_BIT_ZERO, arg_int(c, 2));
}

bool scenario_kmalloc_array(struct calling *c)
{
	return array_of(c, arg_gfp(c, 2));
}

bool scenario_kcalloc(struct calling *c)
{
	return array_of(c, arg_gfp(c, 2) | GFP_BIT_ZERO);
}

bool scenario_krealloc(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return refuse_dead(c, addr) ||
	       scenario_gave(c, slab_krealloc(c->m->slab, c->m->cpu, addr, arg_u64(c, 1),
					      arg_gfp(c, 2), -1));
}

bool scenario_krealloc_array(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return refuse_dead(c, addr) ||
	       scenario_gave(c, slab_krealloc_array(c->m->slab, c->m->cpu, addr, arg_u64(c, 1),
						    arg_u64(c, 2), arg_gfp(c, 3)));
}

bool scenario_kfree(struct calling *c)
{
	return free_addr(c, arg_u64(c, 0));
}

bool scenario_ksize(struct calling *c)
{
	return scenario_answer(c, slab_ksize(c->m->slab, arg_u64(c, 0)));
}

bool scenario_roundup(struct calling *c)
{
	return scenario_answer(c, slab_kmalloc_roundup(c->m->slab, arg_u64(c, 0)));
}

bool scenario_cache_create(struct calling *c)
{
	return create(c, 0, arg_u64(c, 4) != 0);
}

/* A region that does not lie inside of the object is none: kernels warn, and close it. */
bool scenario_cache_create_usercopy(struct calling *c)
{
	const uint64_t size = arg_u64(c, 1), offset = arg_u64(c, 4), usersize = arg_u64(c, 5);
	const bool inside = usersize <= size && size - usersize >= offset;

	return create(c, inside ? usersize : 0, arg_u64(c, 6) != 0);
}

bool scenario_cache_alloc(struct calling *c)
{
	return alloc(c, arg_gfp(c, 1), -1);
}

bool scenario_cache_zalloc(struct calling *c)
{
	return alloc(c, arg_gfp(c, 1) | GFP_BIT_ZERO, -1);
}

bool scenario_cache_alloc_node(struct calling *c)
{
	return alloc(c, arg_gfp(c, 1), arg_int(c, 2));
}

bool scenario_cache_free(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 1);
	uint32_t cache;

	if (!cache_of(c, &cache))
		return true;
	/* Hardened kernels look the cache up from the page, and warn. */
	if (slab_is_live(c->m->slab, addr) && slab_cache_of(c->m->slab, addr) != cache)
		return scenario_mistake(c, "0x%" PRIx64 " is of another cache", addr);
	return free_addr(c, addr);
}

bool scenario_cache_alloc_bulk(struct calling *c)
{
	const uint64_t nr = arg_u64(c, 2);
	struct mm_outcome out;
	uint64_t *addrs;
	uint32_t cache;
	bool ok = true;

	if (!cache_of(c, &cache))
		return scenario_answer(c, 0);
	if (!nr || nr > SCENARIO_MAX_ELEMENTS)
		return error_set(c->err, "from 1 to %d objects at once", SCENARIO_MAX_ELEMENTS);
	addrs = xcalloc(nr, sizeof(*addrs));
	out = slab_alloc_bulk(c->m->slab, cache, c->m->cpu, arg_gfp(c, 1), nr, addrs);
	scenario_gave(c, out);
	for (uint64_t i = 0; i < nr && ok && mm_ok(out); i++) {
		const struct scenario_value value = { .type = SCENARIO_ADDRESS,
						      .number = addrs[i] };

		ok = scenario_array_set(c->call, 3, i, &value, c->err);
	}
	free(addrs);
	c->m->last.type = SCENARIO_ADDRESS;
	return ok && scenario_answer(c, mm_ok(out) ? (scenario_int)nr : 0);
}

bool scenario_cache_free_bulk(struct calling *c)
{
	const uint64_t nr = arg_u64(c, 1);
	struct scenario_value value = { 0 };
	uint64_t *addrs;
	uint32_t cache;
	size_t skipped;
	bool ok = true;

	if (!cache_of(c, &cache))
		return true;
	if (nr > SCENARIO_MAX_ELEMENTS)
		return error_set(c->err, "at most %d objects at once", SCENARIO_MAX_ELEMENTS);
	addrs = xcalloc(MAX(nr, (uint64_t)1), sizeof(*addrs));
	for (uint64_t i = 0; i < nr && ok; i++) {
		ok = scenario_array_get(c->call, 2, i, &value, c->err);
		addrs[i] = ok ? (uint64_t)value.number : 0;
	}
	skipped = ok ? slab_free_bulk(c->m->slab, cache, c->m->cpu, nr, addrs) : 0;
	free(addrs);
	if (skipped)
		return scenario_mistake(c, "%zu of the objects are not allocated", skipped);
	return ok;
}

bool scenario_cache_shrink(struct calling *c)
{
	uint32_t cache;

	if (cache_of(c, &cache))
		c->ret->number = slab_shrink(c->m->slab, cache, c->m->cpu);
	return true;
}

bool scenario_cache_destroy(struct calling *c)
{
	uint32_t cache;

	if (!arg_u64(c, 0) || !cache_of(c, &cache))
		return true;
	return slab_cache_destroy(c->m->slab, cache, c->m->cpu) || refuse_destroy(c, cache);
}

bool scenario_cache_size(struct calling *c)
{
	uint32_t cache;

	if (!cache_of(c, &cache))
		return error_set(c->err, "this cache is not there any more");
	return scenario_answer(c, slab_cache_geometry(c->m->slab, cache)->object_size);
}

/* objs_per_slab(), by an object of the slab, not its struct slab. */
bool scenario_slab_objects(struct calling *c)
{
	const struct slab_geometry *g =
		slab_cache_geometry(c->m->slab, slab_cache_of(c->m->slab, arg_u64(c, 0)));

	if (!g)
		return error_set(c->err, "no slab holds 0x%" PRIx64, arg_u64(c, 0));
	return scenario_answer(c, g->objects);
}

/* slab_size(), likewise. */
bool scenario_slab_size(struct calling *c)
{
	const struct slab_geometry *g =
		slab_cache_geometry(c->m->slab, slab_cache_of(c->m->slab, arg_u64(c, 0)));

	if (!g)
		return error_set(c->err, "no slab holds 0x%" PRIx64, arg_u64(c, 0));
	return scenario_answer(c, (scenario_int)KERNEL_PAGE_SIZE << g->order);
}

bool scenario_size_mul(struct calling *c)
{
	return scenario_answer(c, slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1)));
}

bool scenario_size_add(struct calling *c)
{
	const uint64_t most = slab_size_max(c->m->slab);
	uint64_t sum;

	if (__builtin_add_overflow(arg_u64(c, 0), arg_u64(c, 1), &sum) || sum > most)
		sum = most;
	return scenario_answer(c, sum);
}

/* struct_size(): a head and "nr" elements. */
bool scenario_struct_size(struct calling *c)
{
	const uint64_t most = slab_size_max(c->m->slab);
	uint64_t sum = slab_size_mul(c->m->slab, arg_u64(c, 2), arg_u64(c, 1));

	if (__builtin_add_overflow(arg_u64(c, 0), sum, &sum) || sum > most)
		sum = most;
	return scenario_answer(c, sum);
}

/* The arguments that kmem_cache_create() and its variants begin with: name, size, align, flags. */
static bool create(struct calling *c, uint64_t usersize, bool ctor)
{
	const struct slab_cache_args args = {
		.name = c->call->args[0].text,
		.size = (uint32_t)MIN(arg_u64(c, 1), (uint64_t)UINT32_MAX),
		.align = (uint32_t)MIN(arg_u64(c, 2), (uint64_t)UINT32_MAX),
		.flags = (uint32_t)arg_u64(c, 3),
		.usersize = (uint32_t)MIN(usersize, (uint64_t)UINT32_MAX),
		.ctor = ctor,
	};
	const uint32_t cache = slab_cache_create(c->m->slab, &args);

	if (cache == SLAB_CACHE_NONE) {
		c->m->last.out.failure = MM_FAIL_INVALID;
		return true;
	}
	c->m->last.type = SCENARIO_CACHE;
	c->ret->number = (scenario_int)cache + 1;
	return true;
}

/* The cache that the first argument is; false: it is none any more, and that was told. */
static bool cache_of(struct calling *c, uint32_t *ret)
{
	*ret = (uint32_t)arg_u64(c, 0) - 1;
	if (arg_u64(c, 0) && slab_cache_geometry(c->m->slab, *ret))
		return true;
	scenario_mistake(c, arg_u64(c, 0) ? "this cache was destroyed" : "the cache is NULL");
	return false;
}

static bool alloc(struct calling *c, uint32_t gfp, int node)
{
	uint32_t cache;

	if (!cache_of(c, &cache))
		return true;
	return scenario_gave(c, slab_alloc(c->m->slab, cache, c->m->cpu, node, gfp,
					   scenario_context(c->m)));
}

static bool kmalloc_of(struct calling *c, uint64_t size, uint32_t gfp, int node)
{
	struct mm_outcome out = { .failure = MM_FAIL_ORDER };

	if (size <= slab_size_max(c->m->slab))
		out = slab_kmalloc(c->m->slab, c->m->cpu, size, gfp, node, scenario_context(c->m));
	return scenario_gave(c, out);
}

/* The product first, as slab_kmalloc_array() does, so that the context counts. */
static bool array_of(struct calling *c, uint32_t gfp)
{
	const uint64_t size = slab_size_mul(c->m->slab, arg_u64(c, 0), arg_u64(c, 1));

	if (size == slab_size_max(c->m->slab))
		return scenario_gave(c, (struct mm_outcome){ .failure = MM_FAIL_ORDER });
	return kmalloc_of(c, size, gfp, -1);
}

/* Nothing lives at "addr", which is to be resized; that was told. */
static bool refuse_dead(struct calling *c, uint64_t addr)
{
	if (addr <= SLAB_ZERO_SIZE_PTR || slab_is_live(c->m->slab, addr))
		return false;
	return scenario_mistake(c, "0x%" PRIx64 " is not allocated", addr);
}

static bool free_addr(struct calling *c, uint64_t addr)
{
	return scenario_freed(c, slab_free(c->m->slab, c->m->cpu, addr), addr);
}

static bool refuse_destroy(struct calling *c, uint32_t cache)
{
	struct str text = { 0 };
	uint64_t addr = 0, nr = 0;

	for (; slab_next_live(c->m->slab, cache, &addr); addr++)
		if (nr++ < 4)
			str_addf(&text, "%s0x%" PRIx64, nr > 1 ? ", " : "", addr);
	scenario_mistake(c, "%" PRIu64 " object%s still allocated: %s%s", nr,
			 nr == 1 ? " is" : "s are", str_text(&text), nr > 4 ? ", ..." : "");
	str_deinit(&text);
	return true;
}
