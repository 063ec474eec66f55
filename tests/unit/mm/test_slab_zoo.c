/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every call of the kmalloc() family and of kmem_cache that a module made in a real kernel, made
 * here again in the same order, on a machine where nobody else calls. The module logged each call
 * and its result into its trace ("ZOO 0042 call kmalloc(100, GFP_KERNEL)", "ZOO 0042 ret ...").
 *
 * Compared: whether it gave an object; ksize(); that the kernel's address is a slot of the slab
 * that we would have cut there, so aligned as ours; and for caches that were the module's alone
 * which object each call gets: one that was used before exactly where the kernel gives the same one
 * again, and a new slab exactly where the kernel takes one. Addresses themselves are another
 * machine's: objects are mapped to each other as they appear.
 *
 * Excerpts of the logs are beside this file; the whole ones are read where KMREPLAY_TRACES says.
 */
#include <config.h>

#include "slab_fixture.h"

#include "kmreplay/mm/kmalloc.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { MAX_LINE = 256, MAX_BULK = 16 };

/* An object as the kernel calls it, and as we do. */
struct known {
	uint64_t theirs, ours;
	uint32_t cache; /* SLAB_CACHE_NONE: of the kmalloc() family, whose slabs others use, too */
	bool live;
};

/* The module's present cache. */
struct zoo_cache {
	char name[40];
	uint32_t id;
	bool alone; /* it was not merged, as its kind or an empty shrink shows */
	unsigned int compared, differ;
	uint64_t bulk[MAX_BULK]; /* of the last bulk allocation: ours */
	size_t nr_bulk;
};

struct zoo {
	struct slab_fixture f;
	enum gfp_era era;
	struct vec(struct known) known;
	struct zoo_cache cache;
	char call[MAX_LINE]; /* what waits for its result */
	unsigned int calls, sizes, slots, objects, caches; /* compared */
	unsigned int differ;
};

struct handler {
	const char *name;
	/* "args" is what stands in parentheses, "ret" what was returned, or "done". */
	void (*call)(struct zoo *zoo, const char *args, const char *ret);
};

/* --- reading --- */

/* The "nr"th argument, from 0. */
static const char *argument(const char *args, unsigned int nr)
{
	while (nr-- && args)
		args = strchr(args, ',') ? strchr(args, ',') + 1 : NULL;
	while (args && *args == ' ')
		args++;
	return args ? args : "";
}

static uint64_t number(const char *args, unsigned int nr)
{
	const char *text = argument(args, nr);

	if (!strncmp(text, "const ", 6))
		text += 6;
	if (!strncmp(text, "SIZE_MAX / 2", 12))
		return UINT64_MAX / 2;
	return strtoull(text, NULL, 10);
}

static uint64_t address(const char *args)
{
	return strtoull(args, NULL, 16);
}

/* A mask in the kernel's names, with blanks around its bars. */
static uint32_t mask(const struct zoo *zoo, const char *args, unsigned int nr)
{
	char text[MAX_LINE];
	size_t len = 0;

	for (const char *at = argument(args, nr); *at && !strchr(",)", *at); at++) {
		if (*at != ' ')
			text[len++] = *at;
	}
	return gfp_parse(zoo->era, text, len, NULL, NULL);
}

static void disagree(struct zoo *zoo, const char *what)
{
	if (zoo->differ++ < 20)
		fprintf(stderr, "# %s: %s\n", zoo->call, what);
}

/* --- objects --- */

static struct known *find(struct zoo *zoo, uint64_t theirs)
{
	for (size_t i = zoo->known.nr; i-- > 0;) {
		if (zoo->known.items[i].theirs == theirs)
			return &zoo->known.items[i];
	}
	return NULL;
}

/* Whoever was called so is somebody else now. */
static void forget(struct zoo *zoo, uint64_t theirs, uint64_t ours)
{
	for (size_t i = zoo->known.nr; i-- > 0;) {
		const struct known *old = &zoo->known.items[i];

		if (old->theirs == theirs || old->ours == ours)
			zoo->known.items[i] = zoo->known.items[--zoo->known.nr];
	}
}

static void keep(struct zoo *zoo, uint64_t theirs, uint64_t ours, uint32_t cache)
{
	const struct known known = { theirs, ours, cache, true };

	forget(zoo, theirs, ours);
	vec_push(&zoo->known, known);
}

/* Objects of slabs that our last call gave back have no name any more. */
static void forget_pages(struct zoo *zoo)
{
	const uint64_t start = slab_page_offset(zoo->f.slab);

	vec_foreach(&zoo->f.calls, call) {
		for (size_t i = zoo->known.nr; !call->alloc && i-- > 0;) {
			const uint64_t pfn =
				(zoo->known.items[i].ours - start) >> KERNEL_PAGE_SHIFT;

			if (pfn >> call->order == call->pfn >> call->order)
				zoo->known.items[i] = zoo->known.items[--zoo->known.nr];
		}
	}
	vec_reset(&zoo->f.calls);
}

/* The kernel's object lies on a slot of the slab that we would have there. */
static void compare_slot(struct zoo *zoo, uint64_t theirs, uint64_t ours)
{
	const struct slab_geometry *g =
		slab_cache_geometry(zoo->f.slab, slab_cache_of(zoo->f.slab, ours));
	uint64_t offset;

	if (!g)
		return;
	offset = theirs & (((uint64_t)KERNEL_PAGE_SIZE << g->order) - 1);
	zoo->slots++;
	if (offset % g->size != g->red_left_pad || offset / g->size >= g->objects ||
	    theirs % g->align)
		disagree(zoo, "not a slot of ours");
}

/* Both are the same object as before, or both are new, in the same slab or in a new one. */
static void compare_object(struct zoo *zoo, uint64_t theirs, uint64_t ours)
{
	const struct slab_geometry *g = slab_cache_geometry(zoo->f.slab, zoo->cache.id);
	const uint64_t slab = ~(((uint64_t)KERNEL_PAGE_SIZE << g->order) - 1);
	bool same = true;

	vec_foreach(&zoo->known, known) {
		if (known->cache != zoo->cache.id)
			continue;
		same &= (known->theirs == theirs) == (known->ours == ours);
		same &= (known->theirs & slab) != (theirs & slab) ||
			(known->ours & slab) == (ours & slab);
		same &= (known->ours & slab) != (ours & slab) ||
			(known->theirs & slab) == (theirs & slab);
	}
	zoo->cache.compared++;
	zoo->cache.differ += !same;
	keep(zoo, theirs, ours, zoo->cache.id);
}

/* --- the kmalloc() family --- */

/* "ret" is "ffff... ksize=128 pfn=0x...". */
static void compare(struct zoo *zoo, struct mm_outcome got, const char *ret)
{
	const uint64_t theirs = address(ret);
	const char *ksize = strstr(ret, "ksize=");

	zoo->calls++;
	if (theirs <= SLAB_ZERO_SIZE_PTR || got.addr <= SLAB_ZERO_SIZE_PTR) {
		if (got.addr != theirs)
			disagree(zoo, "the other one failed");
		return;
	}
	if (ksize) {
		zoo->sizes++;
		if (strtoull(ksize + 6, NULL, 10) != slab_ksize(zoo->f.slab, got.addr))
			disagree(zoo, "another ksize()");
	}
	compare_slot(zoo, theirs, got.addr);
	keep(zoo, theirs, got.addr, SLAB_CACHE_NONE);
}

static void do_kmalloc(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kmalloc(zoo->f.slab, 0, number(args, 0), mask(zoo, args, 1), -1, 0), ret);
}

static void do_kzalloc(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kzalloc(zoo->f.slab, 0, number(args, 0), mask(zoo, args, 1), -1, 0), ret);
}

static void do_kmalloc_node(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kmalloc(zoo->f.slab, 0, number(args, 0), mask(zoo, args, 1),
				  (int)number(args, 2), 0), ret);
}

static void do_kzalloc_node(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kzalloc(zoo->f.slab, 0, number(args, 0), mask(zoo, args, 1),
				  (int)number(args, 2), 0), ret);
}

static void do_kmalloc_array(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kmalloc_array(zoo->f.slab, 0, number(args, 0), number(args, 1),
					mask(zoo, args, 2), -1), ret);
}

static void do_kcalloc(struct zoo *zoo, const char *args, const char *ret)
{
	compare(zoo, slab_kcalloc(zoo->f.slab, 0, number(args, 0), number(args, 1),
				  mask(zoo, args, 2), -1), ret);
}

/* Of a text in quotes: its letters and the end. */
static void do_kstrdup(struct zoo *zoo, const char *args, const char *ret)
{
	const char *end = strrchr(args, '"');

	ck_assert(args[0] == '"' && end > args);
	compare(zoo, slab_kmalloc(zoo->f.slab, 0, (uint64_t)(end - args), mask(zoo, end, 1), -1,
				  0), ret);
}

static void do_kfree(struct zoo *zoo, const char *args, const char *ret)
{
	const uint64_t theirs = address(args);
	struct known *known = find(zoo, theirs);
	uint64_t ours = theirs;

	(void)ret;
	zoo->calls++;
	if (theirs > SLAB_ZERO_SIZE_PTR) {
		if (!known || !known->live)
			return; /* of a call that is none of ours, or of a pool */
		ours = known->ours;
		known->live = false;
	}
	if (!mm_ok(slab_free(zoo->f.slab, 0, ours)))
		disagree(zoo, "cannot be freed");
	forget_pages(zoo);
}

static void do_krealloc(struct zoo *zoo, const char *args, const char *ret)
{
	const uint64_t theirs = address(args), now = address(ret);
	const struct known *known = find(zoo, theirs);
	const uint64_t ours = known ? known->ours : theirs;
	const struct mm_outcome got = slab_krealloc(zoo->f.slab, 0, ours, number(args, 1),
						    mask(zoo, args, 2), -1);

	if ((now == theirs) != (got.addr == ours))
		disagree(zoo, "only one of us moved it");
	compare(zoo, got, ret);
}

/* kfree_sensitive(kmalloc(77)): the object is seen, then it is gone. */
static void do_kfree_sensitive(struct zoo *zoo, const char *args, const char *ret)
{
	const struct mm_outcome got =
		slab_kmalloc(zoo->f.slab, 0, number(strchr(args, '(') + 1, 0), GFP_BITS_KERNEL,
			     -1, 0);

	compare(zoo, got, ret);
	if (!mm_ok(slab_kfree_sensitive(zoo->f.slab, 0, got.addr)))
		disagree(zoo, "cannot be freed");
}

/* --- kmem_cache --- */

static uint32_t cache_flags(const char *text)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} flags[] = {
		{ "SLAB_HWCACHE_ALIGN", SLAB_HWCACHE_ALIGN },
		{ "SLAB_RECLAIM_ACCOUNT", SLAB_RECLAIM_ACCOUNT },
		{ "SLAB_TYPESAFE_BY_RCU", SLAB_TYPESAFE_BY_RCU },
		{ "SLAB_ACCOUNT", SLAB_ACCOUNT },
		{ "SLAB_CACHE_DMA32", SLAB_CACHE_DMA32 },
		{ "SLAB_CACHE_DMA,", SLAB_CACHE_DMA },
	};
	const size_t len = strcspn(text, ",");
	uint32_t ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *at = strstr(text, flags[i].name);

		if (at && at < text + len)
			ret |= flags[i].flag;
	}
	return ret;
}

/* The module is done with a cache. */
static void judge_cache(struct zoo *zoo)
{
	struct zoo_cache *cache = &zoo->cache;

	if (cache->alone) {
		zoo->caches++;
		zoo->objects += cache->compared;
		zoo->differ += cache->differ;
		if (cache->differ)
			fprintf(stderr, "# %s: %u of %u objects differ\n", cache->name,
				cache->differ, cache->compared);
	}
	memset(cache, 0, sizeof(*cache));
	cache->id = SLAB_CACHE_NONE;
}

/*
 * name, size, align, flags, [useroffset, usersize,] [ctor=0]; returns "cache=ffff...
 * object_size=40" or the address alone.
 */
static void do_create(struct zoo *zoo, const char *args, const char *ret)
{
	const char *usercopy = strstr(zoo->call, "_usercopy"), *told = strstr(ret, "object_size=");
	struct slab_cache_args new = {
		.name = zoo->cache.name,
		.size = (uint32_t)number(args, 1),
		.align = (uint32_t)number(args, 2),
		.flags = cache_flags(argument(args, 3)),
		.usersize = usercopy ? (uint32_t)number(args, 5) : 0,
		.ctor = strstr(args, "ctor=1"),
	};

	judge_cache(zoo);
	snprintf(zoo->cache.name, sizeof(zoo->cache.name), "%.*s", (int)strcspn(args, ","), args);
	zoo->cache.id = slab_cache_create(zoo->f.slab, &new);
	zoo->cache.alone = new.ctor || new.usersize || (new.flags & SLAB_TYPESAFE_BY_RCU);
	zoo->calls++;
	if ((zoo->cache.id == SLAB_CACHE_NONE) == (address(ret + strcspn(ret, "f")) != 0))
		disagree(zoo, "the other one failed");
	else if (zoo->cache.alone && told && strtoull(told + 12, NULL, 10) != new.size)
		disagree(zoo, "another object size");
}

static bool is_present(const struct zoo *zoo, const char *args)
{
	const size_t len = strcspn(args, ",)");

	return strlen(zoo->cache.name) == len && !memcmp(zoo->cache.name, args, len);
}

static void do_cache_alloc(struct zoo *zoo, const char *args, const char *ret)
{
	struct mm_outcome got;

	if (!is_present(zoo, args))
		return;
	got = slab_alloc(zoo->f.slab, zoo->cache.id, 0, -1, mask(zoo, args, 1), 0);
	zoo->calls++;
	compare_slot(zoo, address(ret), got.addr);
	compare_object(zoo, address(ret), got.addr);
}

static void do_cache_free(struct zoo *zoo, const char *args, const char *ret)
{
	if (is_present(zoo, args))
		do_kfree(zoo, argument(args, 1), ret);
}

static void do_alloc_bulk(struct zoo *zoo, const char *args, const char *ret)
{
	const size_t nr = (size_t)number(args, 2);

	ck_assert(is_present(zoo, args) && nr <= MAX_BULK);
	zoo->calls++;
	zoo->cache.nr_bulk = nr;
	if (mm_ok(slab_alloc_bulk(zoo->f.slab, zoo->cache.id, 0, mask(zoo, args, 1), nr,
				  zoo->cache.bulk)) != (number(ret, 0) == nr))
		disagree(zoo, "the other one failed");
}

/* One of the objects that a bulk allocation gave; they are listed behind it. */
static void see_bulk(struct zoo *zoo, unsigned int nr, uint64_t theirs)
{
	ck_assert_uint_lt(nr, zoo->cache.nr_bulk);
	compare_slot(zoo, theirs, zoo->cache.bulk[nr]);
	compare_object(zoo, theirs, zoo->cache.bulk[nr]);
}

static void do_free_bulk(struct zoo *zoo, const char *args, const char *ret)
{
	(void)ret;
	ck_assert(is_present(zoo, args) && number(args, 1) == zoo->cache.nr_bulk);
	zoo->calls++;
	if (slab_free_bulk(zoo->f.slab, zoo->cache.id, 0, zoo->cache.nr_bulk, zoo->cache.bulk))
		disagree(zoo, "cannot be freed");
	forget_pages(zoo);
}

/* Returns whether slabs are left. */
static void do_shrink(struct zoo *zoo, const char *args, const char *ret)
{
	const bool theirs = number(ret, 0);

	ck_assert(is_present(zoo, args));
	zoo->calls++;
	zoo->cache.alone |= !theirs;
	if (slab_shrink(zoo->f.slab, zoo->cache.id, 0) != theirs && zoo->cache.alone)
		disagree(zoo, "slabs are left only to one of us");
	forget_pages(zoo);
}

static void do_destroy(struct zoo *zoo, const char *args, const char *ret)
{
	(void)ret;
	if (!is_present(zoo, args))
		return;
	zoo->calls++;
	if (!slab_cache_destroy(zoo->f.slab, zoo->cache.id, 0))
		disagree(zoo, "objects are left");
	forget_pages(zoo);
	judge_cache(zoo);
}

/* --- lines --- */

static const struct handler handlers[] = {
	{ "kmalloc", do_kmalloc },
	{ "kzalloc", do_kzalloc },
	{ "kmalloc_node", do_kmalloc_node },
	{ "kzalloc_node", do_kzalloc_node },
	{ "kmalloc_array", do_kmalloc_array },
	{ "kcalloc", do_kcalloc },
	{ "kmemdup", do_kmalloc },
	{ "kstrdup", do_kstrdup },
	{ "kfree", do_kfree },
	{ "krealloc", do_krealloc },
	{ "kfree_sensitive", do_kfree_sensitive },
	{ "kmem_cache_create", do_create },
	{ "kmem_cache_create_usercopy", do_create },
	{ "kmem_cache_alloc", do_cache_alloc },
	{ "kmem_cache_zalloc", do_cache_alloc },
	{ "kmem_cache_free", do_cache_free },
	{ "kmem_cache_alloc_bulk", do_alloc_bulk },
	{ "kmem_cache_free_bulk", do_free_bulk },
	{ "kmem_cache_shrink", do_shrink },
	{ "kmem_cache_destroy", do_destroy },
};

static void finish_call(struct zoo *zoo, const char *ret)
{
	const size_t len = strcspn(zoo->call, "(");

	for (size_t i = 0; zoo->call[len] && i < ARRAY_SIZE(handlers); i++) {
		if (strlen(handlers[i].name) == len && !memcmp(handlers[i].name, zoo->call, len))
			handlers[i].call(zoo, zoo->call + len + 1, ret);
	}
	zoo->call[0] = '\0';
}

/* Behind "ZOO 0042 ". */
static void read_line(struct zoo *zoo, const char *text)
{
	unsigned long long theirs;
	unsigned int nr;

	if (!strncmp(text, "call ", 5)) {
		finish_call(zoo, "");
		snprintf(zoo->call, sizeof(zoo->call), "%.*s", (int)strcspn(text + 5, "\n"),
			 text + 5);
	} else if (sscanf(text, "bulk %u %llx", &nr, &theirs) == 2) {
		see_bulk(zoo, nr, theirs);
	} else if (!strncmp(text, "ret ", 4) || !strncmp(text, "done", 4)) {
		finish_call(zoo, text + 4);
	}
}

static void zoo_init(struct zoo *zoo, unsigned int major, unsigned int minor)
{
	memset(zoo, 0, sizeof(*zoo));
	zoo->cache.id = SLAB_CACHE_NONE;
	zoo->era = gfp_era_of_release(major, minor);
	fixture_init(&zoo->f, major, minor, 1);
	fixture_start(&zoo->f);
}

/* False: there is no such file. */
static bool read_log(const char *path, unsigned int major, unsigned int minor)
{
	gzFile file = gzopen(path, "rb");
	char line[1024];
	struct zoo zoo;

	if (!file)
		return false;
	zoo_init(&zoo, major, minor);
	while (gzgets(file, line, sizeof(line))) {
		const char *at = strstr(line, "ZOO ");

		if (at && strlen(at) > 9)
			read_line(&zoo, at + 9);
	}
	gzclose(file);
	judge_cache(&zoo);
	fixture_check(&zoo.f);
	printf("# %s: %u calls, %u sizes, %u slots; %u objects of %u caches; %u differ\n", path,
	       zoo.calls, zoo.sizes, zoo.slots, zoo.objects, zoo.caches, zoo.differ);
	ck_assert_uint_eq(zoo.differ, 0);
	ck_assert_uint_gt(zoo.sizes, 300);
	ck_assert_uint_gt(zoo.objects, 300);
	vec_deinit(&zoo.known);
	fixture_deinit(&zoo.f);
	return true;
}

static void read_excerpt(const char *name, unsigned int major, unsigned int minor)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/tests/unit/mm/%s", top ? top : ".", name);

	ck_assert_msg(read_log(path, major, minor), "cannot open '%s'", path);
	free(path);
}

static void read_recording(const char *name, unsigned int major, unsigned int minor)
{
	const char *dir = getenv("KMREPLAY_TRACES");
	char *path = xasprintf("%s/%s/trace.txt.gz", dir ? dir : "", name);

	if (!dir || !read_log(path, major, minor))
		printf("# %s: skipped, KMREPLAY_TRACES has no %s\n", name, name);
	free(path);
}

START_TEST(excerpts)
{
	read_excerpt("slab-zoo-61.txt.gz", 6, 1);
	read_excerpt("slab-zoo-612.txt.gz", 6, 12);
}
END_TEST

START_TEST(whole_logs)
{
	read_recording("zoo-61", 6, 1);
	read_recording("zoo-612", 6, 12);
}
END_TEST

UNIT_MAIN("slab_zoo", excerpts, whole_logs)
