/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of slab caches.
 *
 * Theory
 * ------
 * 1. An object is rounded up to words, then metadata is put around it, then the whole is rounded
 *    up to the alignment: that is the stride. In an ordinary cache there is no metadata, since the
 *    link of a free object lies inside it. Where the object must not be touched while free (RCU
 *    readers may still look at it, a constructor ran once, poison is checked), the link goes
 *    behind it and costs a word:
 *
 *	| red_left_pad | object | [red] | [free link] | [tracks] | [size asked] | [red] | pad |
 *	|<------------------------------------ size ------------------------------------------->|
 *
 * 2. A slab is 2^order pages. Small orders are easy to get, large ones make the node's list lock
 *    rare and waste less at the end; so the smallest order is taken that holds enough objects for
 *    the number of CPUs and wastes at most 1/16 of the slab, or 1/8, 1/4 (1/2) if that cannot be.
 *    The largest order tried that way is 3 (PAGE_ALLOC_COSTLY_ORDER). 6.1 lowers the wish for
 *    objects step by step when nothing fits; since 6.7 it only lowers the demand on waste.
 * 3. How many slabs are kept back on nodes and CPUs follows from the stride alone.
 */
#include <config.h>

#include "kmreplay/mm/slab_geometry.h"

#include "slab_designs.h"

#include "kmreplay/core/bits.h"

#include <string.h>

/* What the layout needs to know of an architecture. */
struct arch_layout {
	uint32_t word;       /* sizeof(void *) */
	uint32_t minalign;   /* arch_slab_minalign() */
	uint32_t cache_line; /* cache_line_size() */
	uint32_t track;      /* sizeof(struct track) with STACKDEPOT */
	uint32_t long_track; /* with STACKTRACE and 16 addresses in it */
};

static const struct arch_layout arch_layouts[ARCH_NR] = {
	[ARCH_X86_64] = { .word = 8, .minalign = 8, .cache_line = 64, .track = 32,
			  .long_track = 152 },
	[ARCH_X86_32] = { .word = 4, .minalign = 8, .cache_line = 64, .track = 20,
			  .long_track = 80 },
	[ARCH_ARM64] = { .word = 8, .minalign = 8, .cache_line = 64, .track = 32,
			.long_track = 152 },
};

/* Objects that a CPU's partial slabs hold, by stride: set_cpu_partial(). */
struct partial_limit {
	uint32_t size, objects;
};

/* Meant as free objects until 5.15, as objects of slabs half full since. */
static const struct partial_limit limits_old[] = {
	{ KERNEL_PAGE_SIZE, 2 }, { 1024, 6 }, { 256, 13 }, { 0, 30 }
};
static const struct partial_limit limits_new[] = {
	{ KERNEL_PAGE_SIZE, 6 }, { 1024, 24 }, { 256, 52 }, { 0, 120 }
};

static const struct slab_profile profiles[] = {
	/* Until 5.19 from memory, not held against a kernel. */
	{
		.since = { 0, 0 },
		.order_by_min_objects = true,
		.partial_objects = true,
		.long_tracks = true,
		.no_orig_size = true,
		.kmalloc_unaligned = true,
		.no_reclaim_type = true,
	},
	{
		.since = { 4, 20 },
		.order_by_min_objects = true,
		.partial_objects = true,
		.long_tracks = true,
		.no_orig_size = true,
		.kmalloc_unaligned = true,
	},
	{
		.since = { 5, 4 },
		.order_by_min_objects = true,
		.partial_objects = true,
		.long_tracks = true,
		.no_orig_size = true,
	},
	{
		/* Limits of CPUs' partial lists are counted in slabs. */
		.since = { 5, 16 },
		.order_by_min_objects = true,
		.long_tracks = true,
		.no_orig_size = true,
	},
	{
		.since = { 5, 19 },
		.order_by_min_objects = true,
		.no_orig_size = true,
	},
	{
		.since = { 6, 1 },
		.order_by_min_objects = true,
	},
	{
		/* A simpler order search; all else still as in 6.1. */
		.since = { 6, 7 },
	},
	{
		/* Cpu partial slabs are no longer frozen; the rest as read in 6.12. */
		.since = { 6, 8 },
		.comp_always = true,
		.node_first_round = true,
		.strict_cpu_partial = true,
		.kmalloc_odd_first = true,
		.kmalloc_pow2_divisor = true,
		.orig_size_word = true,
		.freeptr_offset = true,
	},
	{
		.since = { 7, 0 },
		.comp_always = true,
		.node_first_round = true,
		.strict_cpu_partial = true,
		.kmalloc_odd_first = true,
		.kmalloc_pow2_divisor = true,
		.orig_size_word = true,
		.freeptr_offset = true,
		.freeptr_offset_ctor = true,
		.sheaves = true,
		.krealloc_object_size = true,
		.krealloc_node = true,
		.checked_apart = true,
		.kmalloc_partition = true,
	},
};

/* Objects a sheaf is to hold where a creator says so: lib/maple_tree.c, kernel/fork.c. */
enum { ASKED_SHEAF_CAPACITY = 32 };

/* Who says anything: SLAB_NO_SHEAVES of kmem_cache_init(), or a wish for sheaves. */
static const struct {
	const char *name;
	bool none;
} sheaf_wishes[] = {
	{ "kmem_cache", true },
	{ "kmem_cache_node", true },
	{ "maple_node", false },
	{ "vm_area_struct", false },
};

static bool explains(struct slab_cache_args *wish, enum machine_arch arch, uint32_t size);
static bool sizes_init(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args);
static bool order_init(struct slab_geometry *geometry, const struct machine_config *config);
static unsigned int order_search(const struct machine_config *config, uint64_t size,
				 unsigned int max_order);
static unsigned int order_least_waste(uint64_t size, unsigned int from, unsigned int to,
				      unsigned int last_fraction);
static unsigned int order_fitting(uint64_t size, unsigned int from, unsigned int to,
				  unsigned int fraction);
static uint32_t min_objects_wanted(const struct machine_config *config);
static void limits_init(struct slab_geometry *geometry, const struct machine_config *config,
			uint32_t flags);
static uint32_t cpu_partial_of(const struct partial_limit *limits, uint32_t size);
static uint32_t sheaf_capacity(const struct slab_geometry *geometry, uint32_t flags,
			       uint32_t wanted);
static bool guess_layout(struct slab_geometry *geometry, const struct machine_config *config,
			 uint32_t flags);
static uint64_t order_objects(unsigned int order, uint64_t size);

bool slab_geometry_init(struct slab_geometry *geometry, const struct machine_config *config,
			const struct slab_cache_args *args)
{
	const struct slab_design_ops *other = slab_design_info(config)->ops;

	memset(geometry, 0, sizeof(*geometry));
	if (!args->size || args->size > SLAB_MAX_SIZE || args->align > SLAB_MAX_SIZE ||
	    (args->align && !bits_is_pow2(args->align)))
		return false;
	if (other)
		return other->layout(geometry, config, args, 0);
	if (!sizes_init(geometry, config, args) || !order_init(geometry, config))
		return false;
	limits_init(geometry, config, args->flags);
	if (slab_design_of(config) == SLAB_DESIGN_SHEAVES)
		geometry->sheaf_capacity =
			sheaf_capacity(geometry, args->flags, args->sheaf_capacity);
	return true;
}

bool slab_geometry_init_recorded(struct slab_geometry *geometry,
				 const struct machine_config *config, uint32_t object_size,
				 uint32_t size, uint32_t flags)
{
	memset(geometry, 0, sizeof(*geometry));
	if (!size || size > SLAB_MAX_SIZE || size % slab_geometry_word(config->arch) ||
	    object_size > size)
		return false;
	geometry->object_size = object_size;
	geometry->size = size;
	geometry->inuse = size;
	geometry->align = arch_layouts[config->arch].minalign;
	if (slab_design_info(config)->ops)
		return guess_layout(geometry, config, flags);
	if (!order_init(geometry, config))
		return false;
	limits_init(geometry, config, flags);
	if (slab_design_of(config) == SLAB_DESIGN_SHEAVES)
		geometry->sheaf_capacity = sheaf_capacity(geometry, flags, 0);
	return true;
}

/* Another design has the cache as its creator may have wished for it; else with the same stride. */
static bool guess_layout(struct slab_geometry *geometry, const struct machine_config *config,
			 uint32_t flags)
{
	const struct slab_design_ops *other = slab_design_info(config)->ops;
	const uint32_t size = geometry->size;
	struct slab_cache_args wish;
	const bool known = slab_geometry_guess(&wish, config->arch, geometry);

	wish.flags |= flags;
	memset(geometry, 0, sizeof(*geometry));
	return other->layout(geometry, config, &wish, known ? 0 : size);
}

/*
 * The usual before the rare: no alignment, cache lines, then any power of two; with each of them no
 * link behind the object before one, as constructors and RCU bring it about. A creator who wished
 * for just as much as a cache line is not told from one who wished for cache lines.
 */
bool slab_geometry_guess(struct slab_cache_args *wish, enum machine_arch arch,
			 const struct slab_geometry *geometry)
{
	const uint32_t least = arch_layouts[arch].minalign;
	const uint32_t line = slab_geometry_align(arch, SLAB_HWCACHE_ALIGN, 0,
						  MAX(geometry->object_size, 1U));

	*wish = (struct slab_cache_args){ .size = geometry->object_size, .align = least };
	if (!wish->size)
		return false;
	if (explains(wish, arch, geometry->size))
		return true;
	wish->align = line;
	if (explains(wish, arch, geometry->size)) {
		wish->align = 0;
		wish->flags = SLAB_HWCACHE_ALIGN;
		return true;
	}
	for (wish->align = 2 * least; wish->align <= KERNEL_PAGE_SIZE; wish->align *= 2)
		if (explains(wish, arch, geometry->size))
			return true;
	return false;
}

void slab_geometry_name(struct slab_geometry *geometry, const struct machine_config *config,
			const char *name)
{
	if (!slab_profile_of(config->kernel)->sheaves)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sheaf_wishes); i++) {
		if (strcmp(name, sheaf_wishes[i].name) != 0)
			continue;
		geometry->sheaf_capacity =
			sheaf_wishes[i].none ? 0 : MAX(geometry->sheaf_capacity,
						       (uint32_t)ASKED_SHEAF_CAPACITY);
	}
}

/* calculate_alignment() of mm/slab_common.c, 6.1 to 7.2. */
uint32_t slab_geometry_align(enum machine_arch arch, uint32_t flags, uint32_t align, uint32_t size)
{
	const struct arch_layout *layout = &arch_layouts[arch];

	if (flags & SLAB_HWCACHE_ALIGN) {
		uint32_t line = layout->cache_line;

		while (size <= line / 2)
			line /= 2;
		align = MAX(align, line);
	}
	align = MAX(align, layout->minalign);
	return (uint32_t)bits_align_up(align, layout->word);
}

uint32_t slab_geometry_word(enum machine_arch arch)
{
	return arch_layouts[arch].word;
}

const struct slab_profile *slab_profile_of(struct kernel_version version)
{
	size_t i = ARRAY_SIZE(profiles) - 1;

	if (!version.major)
		return &profiles[i];
	while (i && kernel_version_cmp(version, profiles[i].since) < 0)
		i--;
	return &profiles[i];
}

/* Objects so aligned, without or with a link behind them ("wish" has a ctor), are "size" apart. */
static bool explains(struct slab_cache_args *wish, enum machine_arch arch, uint32_t size)
{
	const uint32_t word = arch_layouts[arch].word;
	const uint64_t inside = bits_align_up(wish->size, word);

	wish->ctor = bits_align_up(inside, wish->align) != size;
	return !wish->ctor || bits_align_up(inside + word, wish->align) == size;
}

/* calculate_sizes() up to the order. */
static bool sizes_init(struct slab_geometry *geometry, const struct machine_config *config,
		       const struct slab_cache_args *args)
{
	const struct slab_profile *profile = slab_profile_of(config->kernel);
	const struct arch_layout *layout = &arch_layouts[config->arch];
	uint32_t flags = args->flags;
	bool placed = args->has_freeptr_offset && profile->freeptr_offset;
	bool orig_size = (flags & SLAB_STORE_USER) && (flags & SLAB_KMALLOC) &&
			 !profile->no_orig_size;
	bool outside;
	uint64_t size;

	geometry->object_size = args->size;
	geometry->align = slab_geometry_align(config->arch, flags, args->align, args->size);
	size = bits_align_up(args->size, layout->word);
	if ((flags & SLAB_RED_ZONE) && size == args->size)
		size += layout->word;
	geometry->inuse = (uint32_t)size;

	outside = (flags & SLAB_POISON) ||
		  (args->ctor && !(placed && profile->freeptr_offset_ctor)) ||
		  ((flags & SLAB_TYPESAFE_BY_RCU) && !placed) ||
		  ((flags & SLAB_RED_ZONE) && (args->size < layout->word ||
					       (profile->freeptr_offset && orig_size)));
	if (outside)
		size += layout->word;
	if (flags & SLAB_STORE_USER)
		size += 2 * (profile->long_tracks ? layout->long_track : layout->track);
	if (orig_size)
		size += profile->orig_size_word ? layout->word : sizeof(uint32_t);
	if (flags & SLAB_RED_ZONE) {
		geometry->red_left_pad = (uint32_t)bits_align_up(layout->word, geometry->align);
		size += layout->word + geometry->red_left_pad;
	}
	size = bits_align_up(size, geometry->align);
	if (size > SLAB_MAX_SIZE)
		return false;
	geometry->size = (uint32_t)size;
	return true;
}

/* calculate_order(), and oo and min of kmem_cache. */
static bool order_init(struct slab_geometry *geometry, const struct machine_config *config)
{
	unsigned int highest = config->slub_max_order == SLAB_ORDER_AUTO ?
				       slab_design_info(config)->max_order :
				       config->slub_max_order;
	unsigned int max_order = MIN(MAX(highest, config->slub_min_order),
				     (unsigned int)KERNEL_MAX_ORDER);
	unsigned int order = order_search(config, geometry->size, max_order);

	if (order > KERNEL_MAX_ORDER)
		return false;
	/* The kernel guards its smallest order only; a wish for a huge min_objects passes it. */
	while (order_objects(order, geometry->size) > SLAB_MAX_OBJECTS)
		order--;
	geometry->order = order;
	geometry->objects = (uint32_t)order_objects(order, geometry->size);
	geometry->min_order = MIN(bits_get_order(geometry->size), order);
	geometry->min_objects = (uint32_t)order_objects(geometry->min_order, geometry->size);
	return true;
}

/* The order for objects of "size"; above KERNEL_MAX_ORDER when there is none. */
static unsigned int order_search(const struct machine_config *config, uint64_t size,
				 unsigned int max_order)
{
	bool lower = slab_profile_of(config->kernel)->order_by_min_objects;
	unsigned int min_order = MIN(config->slub_min_order, max_order);
	uint64_t objects = min_objects_wanted(config);
	unsigned int order;

	objects = MAX(MIN(objects, order_objects(max_order, size)), (uint64_t)1);
	for (; lower && objects > 1; objects--) {
		order = MAX(min_order, bits_get_order(objects * size));
		order = order_least_waste(size, order, max_order, 4);
		if (order <= max_order)
			return order;
	}
	if (lower)
		return MAX(min_order, bits_get_order(size));
	order = MAX(min_order, bits_get_order(objects * size));
	order = order_least_waste(size, order, max_order, 2);
	return order <= max_order ? order : bits_get_order(size);
}

/* The first order that wastes at most 1/16 of the slab, else 1/8 ... as order_fitting(). */
static unsigned int order_least_waste(uint64_t size, unsigned int from, unsigned int to,
				      unsigned int last_fraction)
{
	for (unsigned int fraction = 16; fraction >= last_fraction; fraction /= 2) {
		unsigned int order = order_fitting(size, from, to, fraction);

		if (order <= to)
			return order;
	}
	return to + 1;
}

/* The first order in [from, to] that wastes at most 1/fraction of the slab; to + 1: none. */
static unsigned int order_fitting(uint64_t size, unsigned int from, unsigned int to,
				  unsigned int fraction)
{
	unsigned int order;

	for (order = from; order <= to; order++) {
		uint64_t slab = (uint64_t)KERNEL_PAGE_SIZE << order;

		if (slab % size <= slab / fraction)
			return order;
	}
	return to + 1;
}

static uint32_t min_objects_wanted(const struct machine_config *config)
{
	if (config->slub_min_objects)
		return config->slub_min_objects;
	return 4 * (bits_fls(config->nr_cpus) + 1);
}

/* set_min_partial(), set_cpu_partial(), slub_set_cpu_partial(). */
static void limits_init(struct slab_geometry *geometry, const struct machine_config *config,
			uint32_t flags)
{
	const struct partial_limit *limits = slab_profile_of(config->kernel)->partial_objects ?
						     limits_old : limits_new;
	const struct slab_design_info *design = slab_design_info(config);
	uint32_t size = geometry->size;
	uint64_t objects;

	if (!design->keeps_none)
		geometry->min_partial = MIN(MAX(bits_ilog2(size) / 2, 5U), 10U);
	if (config->slub_min_partial >= 0)
		geometry->min_partial = (uint32_t)config->slub_min_partial;
	if ((flags & SLAB_DEBUG_FLAGS) || design->single)
		geometry->cpu_partial = 0;
	else if (config->slub_cpu_partial >= 0)
		geometry->cpu_partial = (uint32_t)config->slub_cpu_partial;
	else
		geometry->cpu_partial = cpu_partial_of(limits, size);
	objects = 2 * (uint64_t)geometry->cpu_partial + geometry->objects - 1;
	geometry->cpu_partial_slabs = (uint32_t)(objects / geometry->objects);
}

static uint32_t cpu_partial_of(const struct partial_limit *limits, uint32_t size)
{
	while (size < limits->size)
		limits++;
	return limits->objects;
}

/*
 * calculate_sheaf_capacity(), 7.2: a base by size, raised until the sheaf (a header of four words
 * and one pointer an object) fills the kmalloc class it falls into.
 */
static uint32_t sheaf_capacity(const struct slab_geometry *geometry, uint32_t flags,
			       uint32_t wanted)
{
	uint32_t size = geometry->size;
	uint32_t base = 60;

	if (flags & (SLAB_DEBUG_FLAGS | SLAB_NOLEAKTRACE | SLAB_NO_SHEAVES))
		return 0;
	if (size >= KERNEL_PAGE_SIZE)
		base = 4;
	else if (size >= 1024)
		base = 12;
	else if (size >= 256)
		base = 26;
	base = (uint32_t)(bits_roundup_pow2(32 + 8 * base) - 32) / 8;
	return MAX(base, wanted);
}

static uint64_t order_objects(unsigned int order, uint64_t size)
{
	return ((uint64_t)KERNEL_PAGE_SIZE << order) / size;
}
