/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as the oracle of caches: recorded machines, their caches from the oldest to the newest
 * and the kmem_cache_create() calls that kprobes saw. Made here in that order, each cache must have
 * the kernel's layout, and each call must end in the cache that the kernel chose: one of its own,
 * or an older one that it was merged with. A line of a file is one of:
 *
 *	machine RELEASE ARCH CPUS
 *	cache NAME object_size size align order objects min_partial cpu_partial usersize aliases
 *	      FLAGS
 *	create NAME size align flags usersize ctor CACHE
 *	destroy CACHE
 *
 * "cache" is what /sys/kernel/slab shows at the end, in the order of slabinfo; FLAGS are H
 * (hwcache_align), a (reclaim_account), A (account, where the name tells), d (cache_dma), D
 * (DMA32), R (destroy_by_rcu), c (a constructor), m (may be merged) or -. CACHE is the first name
 * of the cache that the call returned; caches without "create" were made before kprobes worked.
 */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/abi/slab_flags.h"

#include <stdio.h>
#include <string.h>

/* A line "cache". */
struct known_cache {
	char name[64];
	unsigned int object_size, size, align, order, objects, min_partial, cpu_partial;
	unsigned int usersize, flags;
	int aliases;
	bool ctor, mergeable, created;
	uint32_t id; /* in the allocator; SLAB_CACHE_NONE: not made yet */
};

struct machine_lines {
	struct slab_fixture f;
	enum machine_arch arch;
	struct vec(struct known_cache) caches;
	unsigned int nr_merged, nr_own, nr_destroyed;
};

static const struct {
	char letter;
	uint32_t flag;
} letters[] = {
	{ 'H', SLAB_HWCACHE_ALIGN }, { 'a', SLAB_RECLAIM_ACCOUNT }, { 'A', SLAB_ACCOUNT },
	{ 'd', SLAB_CACHE_DMA },     { 'D', SLAB_CACHE_DMA32 },     { 'R', SLAB_TYPESAFE_BY_RCU },
};

static struct known_cache *find_cache(struct machine_lines *m, const char *name)
{
	vec_foreach(&m->caches, cache)
		if (!strcmp(cache->name, name))
			return cache;
	return NULL;
}

static void read_machine(struct machine_lines *m, const char *line)
{
	unsigned int major, minor, nr_cpus;
	char arch[16];

	ck_assert_int_eq(sscanf(line, "machine %u.%u %15s %u", &major, &minor, arch, &nr_cpus), 4);
	fixture_init(&m->f, major, minor, nr_cpus);
	if (!strcmp(arch, "x86_32")) {
		machine_config_deinit(&m->f.config);
		machine_config_init(&m->f.config, (struct kernel_version){ major, minor },
				    ARCH_X86_32);
		m->f.config.nr_cpus = nr_cpus;
	}
	fixture_start(&m->f);
}

static void read_cache(struct machine_lines *m, const char *line)
{
	struct known_cache cache = { .id = SLAB_CACHE_NONE };
	char flags[16];

	ck_assert_int_eq(sscanf(line, "cache %63s %u %u %u %u %u %u %u %u %d %15s", cache.name,
				&cache.object_size, &cache.size, &cache.align, &cache.order,
				&cache.objects, &cache.min_partial, &cache.cpu_partial,
				&cache.usersize, &cache.aliases, flags), 11);
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		cache.flags |= strchr(flags, letters[i].letter) ? letters[i].flag : 0U;
	cache.ctor = strchr(flags, 'c');
	cache.mergeable = strchr(flags, 'm');
	vec_push(&m->caches, cache);
}

static bool laid_out_alike(const struct known_cache *cache, const struct slab_geometry *g)
{
	const uint32_t slabs = (2 * cache->cpu_partial + cache->objects - 1) / cache->objects;

	return g->object_size == cache->object_size && g->size == cache->size &&
	       g->align == cache->align && g->order == cache->order &&
	       g->objects == cache->objects && g->min_partial == cache->min_partial &&
	       g->cpu_partial == cache->cpu_partial && g->cpu_partial_slabs == slabs;
}

/*
 * Creates "args", whose free pointer may have been placed inside the object by its creator: that is
 * not recorded. The stride of what becomes of it, "size", tells.
 */
static uint32_t create(struct machine_lines *m, struct slab_cache_args *args, uint32_t size)
{
	struct slab_geometry g;

	ck_assert(slab_geometry_init(&g, &m->f.config, args));
	args->has_freeptr_offset = size && g.size != size &&
				   (args->ctor || args->flags & SLAB_TYPESAFE_BY_RCU);
	return slab_cache_create(m->f.slab, args);
}

/* A cache from before the first recorded call; size classes are there from the start. */
static void make_early(struct machine_lines *m, struct known_cache *cache)
{
	const uint32_t before = slab_nr_caches(m->f.slab);
	struct slab_cache_args args = {
		.name = cache->name,
		.size = cache->object_size,
		.align = cache->align,
		.flags = cache->flags,
		.usersize = cache->usersize,
		.ctor = cache->ctor,
	};

	/* What keeps these apart is not shown: they are never merged (refcount -1). */
	if (!cache->mergeable)
		args.flags |= SLAB_NO_MERGE;
	cache->id = create(m, &args, cache->size);
	ck_assert_msg(cache->id == before, "'%s' was merged", cache->name);
}

static void make_early_caches(struct machine_lines *m)
{
	struct slab_cache_stats stats;
	uint32_t next = 0;

	vec_foreach(&m->caches, cache) {
		if (cache->created)
			continue;
		if (next < slab_nr_caches(m->f.slab) &&
		    slab_cache_get_stats(m->f.slab, next, &stats) &&
		    !strcmp(stats.name, cache->name)) {
			cache->id = next++;
			continue;
		}
		/* Size classes come in the kernel's order, each before all caches named later. */
		ck_assert_msg(strncmp(cache->name, "kmalloc-", 8) &&
			      strncmp(cache->name, "dma-kmalloc-", 12),
			      "'%s' is not where the kernel has it", cache->name);
		make_early(m, cache);
		next += next == cache->id;
	}
}

static void do_create(struct machine_lines *m, const char *line)
{
	char name[64], truth[64];
	unsigned int flags, ctor;
	struct known_cache *cache;
	struct slab_cache_args args = { .name = name };
	uint32_t id, before = slab_nr_caches(m->f.slab);

	ck_assert_int_eq(sscanf(line, "create %63s %u %u %x %u %u %63s", name, &args.size,
				&args.align, &flags, &args.usersize, &ctor, truth), 7);
	args.flags = slab_flags_decode(m->f.config.kernel, flags);
	args.ctor = ctor;
	cache = find_cache(m, truth);
	id = create(m, &args, cache ? cache->size : 0);
	if (!strcmp(name, truth)) {
		ck_assert_msg(id == before, "'%s' was merged", name);
		m->nr_own++;
		if (!cache) {
			vec_push(&m->caches, (struct known_cache){ .aliases = -1 });
			cache = &m->caches.items[m->caches.nr - 1];
			snprintf(cache->name, sizeof(cache->name), "%s", name);
		}
		cache->id = id;
		return;
	}
	ck_assert_ptr_nonnull(cache);
	ck_assert_msg(id == cache->id, "'%s' was not merged with '%s'", name, truth);
	m->nr_merged++;
}

static void do_line(struct machine_lines *m, const char *line)
{
	char name[64];

	if (!strncmp(line, "create ", 7)) {
		do_create(m, line);
	} else if (sscanf(line, "destroy %63s", name) == 1) {
		struct known_cache *cache = find_cache(m, name);

		ck_assert_ptr_nonnull(cache);
		ck_assert(slab_cache_destroy(m->f.slab, cache->id, 0));
		m->nr_destroyed++;
	}
}

/* All that the kernel showed at the end. Returns the number of caches compared. */
static unsigned int check_end(struct machine_lines *m)
{
	unsigned int nr = 0;

	vec_foreach(&m->caches, cache) {
		struct slab_cache_stats stats;

		if (cache->aliases < 0)
			continue;
		ck_assert(slab_cache_get_stats(m->f.slab, cache->id, &stats));
		ck_assert_str_eq(stats.name, cache->name);
		ck_assert_msg(laid_out_alike(cache, &stats.geometry), "'%s' of %u bytes",
			      cache->name, cache->object_size);
		/* Early names are not known; those of a cache with none must be none. */
		ck_assert_uint_le(stats.aliases, (unsigned int)cache->aliases);
		nr++;
	}
	return nr;
}

static FILE *open_lines(const char *name)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/tests/unit/mm/%s", top ? top : ".", name);
	FILE *file = fopen(path, "r");

	ck_assert_msg(file, "cannot open '%s'", path);
	free(path);
	return file;
}

static void read_caches(struct machine_lines *m, FILE *file)
{
	char line[512], name[64];

	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "machine ", 8)) {
			read_machine(m, line);
		} else if (!strncmp(line, "cache ", 6)) {
			read_cache(m, line);
		} else if (sscanf(line, "create %63s", name) == 1) {
			struct known_cache *cache = find_cache(m, name);

			if (cache)
				cache->created = true;
		}
	}
	rewind(file);
}

struct expected {
	const char *file;
	unsigned int caches, own, merged, destroyed;
};

static void check_file(const struct expected *want)
{
	struct machine_lines m = { 0 };
	FILE *file = open_lines(want->file);
	char line[512];

	read_caches(&m, file);
	make_early_caches(&m);
	while (fgets(line, sizeof(line), file))
		do_line(&m, line);
	fclose(file);
	ck_assert_uint_eq(check_end(&m), want->caches);
	ck_assert_uint_eq(m.nr_own, want->own);
	ck_assert_uint_eq(m.nr_merged, want->merged);
	ck_assert_uint_eq(m.nr_destroyed, want->destroyed);
	fixture_check(&m.f);
	fixture_deinit(&m.f);
	vec_deinit(&m.caches);
}

START_TEST(caches_of_linux_6_1)
{
	check_file(&(struct expected){ "slab-caches-61.txt", 157, 44, 37, 0 });
}
END_TEST

START_TEST(caches_of_linux_6_1_with_one_cpu)
{
	check_file(&(struct expected){ "slab-caches-61-1cpu.txt", 161, 63, 42, 20 });
}
END_TEST

START_TEST(caches_of_linux_6_1_with_32_bits)
{
	check_file(&(struct expected){ "slab-caches-61-i386.txt", 142, 0, 0, 0 });
}
END_TEST

START_TEST(caches_of_linux_6_12)
{
	check_file(&(struct expected){ "slab-caches-612.txt", 191, 50, 35, 0 });
}
END_TEST

START_TEST(caches_of_linux_6_12_with_one_cpu)
{
	check_file(&(struct expected){ "slab-caches-612-1cpu.txt", 195, 71, 40, 22 });
}
END_TEST

START_TEST(caches_of_linux_7_2)
{
	check_file(&(struct expected){ "slab-caches-72.txt", 207, 58, 32, 0 });
}
END_TEST

UNIT_MAIN("slab_merge", caches_of_linux_6_1, caches_of_linux_6_1_with_one_cpu,
	  caches_of_linux_6_1_with_32_bits, caches_of_linux_6_12, caches_of_linux_6_12_with_one_cpu,
	  caches_of_linux_7_2)
