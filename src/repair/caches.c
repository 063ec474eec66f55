/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache identities: kmalloc classes, names, and anonymous caches that find their name later.
 *
 * Anonymous caches are told apart by the function that allocates and the two sizes: in recordings
 * where frees tell the name, no such key is ever used by two caches. That makes too many caches at
 * first (two functions that use one cache give two), and uniting them later is a union of sets:
 * "canon" points from an anonymous cache towards the one it is part of, paths are halved.
 */
#include <config.h>

#include "caches.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint32_t class_sizes[KMALLOC_NR_CLASSES] = { 8,   16,  32,  64,   96,   128, 192,
							  256, 512, 1024, 2048, 4096, 8192 };
static const char *const type_prefix[KMALLOC_NR] = {
	[KMALLOC_NORMAL] = "kmalloc-",
	[KMALLOC_DMA] = "dma-kmalloc-",
	[KMALLOC_RCL] = "kmalloc-rcl-",
	[KMALLOC_CG] = "kmalloc-cg-",
};

static const char *const bucket_prefix[BUCKET_NR] = {
	[BUCKET_MEMDUP] = "memdup_user-",
	[BUCKET_MSG] = "msg_msg-",
};

static enum kmalloc_type type_of_gfp(uint32_t gfp);
static const char *function_of(const struct caches *caches, uint32_t site);
static unsigned int class_for(uint64_t size);
static uint32_t kmalloc_odd_size(struct caches *caches, const struct event *ev,
				 enum kmalloc_type type);
static void make_kmalloc(struct repair_cache *cache, enum kmalloc_type type, uint32_t size);
static uint32_t alloc_unnamed(struct caches *caches, const struct event *ev);
static uint32_t find_key(struct caches *caches, uint64_t key, const struct repair_cache *like);
static uint32_t add(struct caches *caches, const struct repair_cache *like);
static void note_nameless(struct caches *caches, uint32_t id);
static uint32_t nameless_words(uint64_t size);
static uint32_t class_name(struct caches *caches, const char *prefix, unsigned int class);
static uint32_t clamp_size(uint64_t size);
static void note_flags(struct repair_cache *cache, const struct event *ev);

void caches_init(struct caches *caches, struct event_names *names)
{
	*caches = (struct caches){ .names = names };
	u64map_init(&caches->by_key);
	u64map_init(&caches->told);
	vec_push(&caches->all, (struct repair_cache){ .order = 0xff });
	/* All texts are made here: later the table may be a reader's, in a thread of its own. */
	for (unsigned int type = 0; type < KMALLOC_NR; type++) {
		for (unsigned int class = 0; class < KMALLOC_NR_CLASSES; class++)
			caches->kmalloc_names[type][class] =
				class_name(caches, type_prefix[type], class);
	}
	for (unsigned int bucket = 0; bucket < BUCKET_NR; bucket++) {
		for (unsigned int class = 0; class < KMALLOC_NR_CLASSES; class++)
			caches->bucket_names[bucket][class] =
				class_name(caches, bucket_prefix[bucket], class);
	}
	caches->other_name = intern_add_text(&names->texts, "(other)");
}

void caches_deinit(struct caches *caches)
{
	vec_deinit(&caches->all);
	vec_deinit(&caches->by_name);
	vec_deinit(&caches->by_site);
	u64map_deinit(&caches->by_key);
	u64map_deinit(&caches->told);
}

void caches_learn(struct caches *caches, const struct caches *from)
{
	vec_reset(&caches->all);
	vec_foreach(&from->all, cache)
		vec_push(&caches->all, *cache);
	for (uint32_t id = 1; id < caches->all.nr; id++)
		caches->all.items[id].canon = caches_canon(caches, id);
	memset(caches->nameless, 0, sizeof(caches->nameless));
	for (uint32_t id = 1; id < caches->all.nr; id++)
		note_nameless(caches, id);
	vec_reset(&caches->by_name);
	vec_foreach(&from->by_name, id)
		vec_push(&caches->by_name, *id);
	u64map_copy(&caches->by_key, &from->by_key);
	u64map_copy(&caches->told, &from->told);
	memcpy(caches->kmalloc, from->kmalloc, sizeof(caches->kmalloc));
	memcpy(caches->bucket, from->bucket, sizeof(caches->bucket));
	caches->other = from->other;
}

unsigned int caches_class(uint64_t size)
{
	unsigned int class = class_for(size);

	return class < KMALLOC_NR_CLASSES && class_sizes[class] == size ? class :
									  KMALLOC_NR_CLASSES;
}

uint32_t caches_of_kmalloc(struct caches *caches, const struct event *ev)
{
	enum kmalloc_type type = type_of_gfp(ev->slab.gfp);
	unsigned int class = caches_class(ev->slab.bytes_alloc);
	struct repair_cache *cache;
	uint32_t id;

	if (unlikely(class == KMALLOC_NR_CLASSES))
		return kmalloc_odd_size(caches, ev, type);
	id = caches->kmalloc[type][class];
	if (unlikely(!id)) {
		id = caches_of_name(caches, caches->kmalloc_names[type][class]);
		make_kmalloc(&caches->all.items[id], type, class_sizes[class]);
		caches->kmalloc[type][class] = id;
	}
	cache = &caches->all.items[id];
	if (ev->slab.bytes_req > cache->object_size)
		cache->object_size = clamp_size(ev->slab.bytes_req);
	return id;
}

enum cache_bucket caches_bucket_of(const struct caches *caches, const struct event *ev)
{
	const uint32_t user = GFP_BITS_KERNEL | GFP_BIT_HARDWALL;
	const char *function;

	/* mm/util.c:memdup_user(), strndup_user() record their caller, so the mask must do. */
	if (ev->slab.gfp == (user | GFP_BIT_NOWARN))
		return BUCKET_MEMDUP;
	function = function_of(caches, ev->site);
	if (ev->slab.gfp == user && !strcmp(function, "vmemdup_user"))
		return BUCKET_MEMDUP;
	/* ipc/msgutil.c: messages of System V and POSIX queues, accounted. */
	if (ev->slab.gfp & GFP_BIT_ACCOUNT &&
	    (!strcmp(function, "alloc_msg") || !strcmp(function, "load_msg")))
		return BUCKET_MSG;
	return BUCKET_NONE;
}

uint32_t caches_of_bucket(struct caches *caches, enum cache_bucket bucket, uint32_t plain)
{
	struct repair_cache like = caches->all.items[plain];
	unsigned int class = caches_class(like.size);
	uint32_t id;

	if (class == KMALLOC_NR_CLASSES)
		return plain;
	id = caches->bucket[bucket][class];
	if (!id) {
		id = caches_of_name(caches, caches->bucket_names[bucket][class]);
		make_kmalloc(&caches->all.items[id], KMALLOC_NORMAL, like.size);
		caches->all.items[id].account = like.account;
		caches->bucket[bucket][class] = id;
	}
	caches->all.items[id].object_size = like.object_size;
	return id;
}

void caches_drop_bucket(struct caches *caches, enum cache_bucket bucket)
{
	enum kmalloc_type type = bucket == BUCKET_MSG ? KMALLOC_CG : KMALLOC_NORMAL;

	for (unsigned int class = 0; class < KMALLOC_NR_CLASSES; class++) {
		uint32_t id = caches->bucket[bucket][class];

		if (id && caches->kmalloc[type][class])
			caches->all.items[id].canon = caches->kmalloc[type][class];
	}
}

uint32_t caches_of_name(struct caches *caches, uint32_t name)
{
	if (name >= caches->by_name.nr) {
		/* An id that the table lacks would be a reader's bug: don't grow to meet it. */
		BUG_ON(name >= caches->names->texts.nr);
		vec_extend_zeroed(&caches->by_name, caches->names->texts.nr);
	}
	if (unlikely(!caches->by_name.items[name])) {
		struct repair_cache fresh = { .name = name };

		caches->by_name.items[name] = add(caches, &fresh);
	}
	return caches->by_name.items[name];
}

uint32_t caches_of_alloc(struct caches *caches, const struct event *ev)
{
	struct repair_cache *cache;
	uint32_t id;

	if (!ev->slab.name)
		return alloc_unnamed(caches, ev);
	id = caches_of_name(caches, ev->slab.name);
	cache = &caches->all.items[id];
	if (unlikely(!cache->size)) {
		cache->size = clamp_size(ev->slab.bytes_alloc);
		cache->object_size = clamp_size(ev->slab.bytes_req);
		cache->site = ev->site;
	}
	note_flags(cache, ev);
	return id;
}

uint32_t caches_canon(struct caches *caches, uint32_t id)
{
	struct repair_cache *all = caches->all.items;

	while (all[id].canon != id) {
		all[id].canon = all[all[id].canon].canon;
		id = all[id].canon;
	}
	return id;
}

bool caches_may_be_nameless(const struct caches *caches, uint64_t size)
{
	const uint32_t words = nameless_words(size);

	return caches->nameless[words / 64] >> words % 64 & 1;
}

uint32_t caches_unite(struct caches *caches, uint32_t a, uint32_t b)
{
	struct repair_cache *root, *part;

	a = caches_canon(caches, a);
	b = caches_canon(caches, b);
	if (a == b)
		return a;
	/* The named one stays; of two without a name the older one. */
	if (!caches->all.items[a].name && (caches->all.items[b].name || b < a)) {
		uint32_t swap = a;

		a = b;
		b = swap;
	}
	root = &caches->all.items[a];
	part = &caches->all.items[b];
	if (part->name || (root->size && part->size && root->size != part->size))
		return 0;
	part->canon = a;
	caches->nr_findings++;
	root->object_size = MAX(root->object_size, part->object_size);
	root->size = MAX(root->size, part->size);
	if (!root->site)
		root->site = part->site;
	if (root->order == 0xff)
		root->order = part->order;
	root->reclaimable |= part->reclaimable;
	root->account |= part->account;
	root->dma |= part->dma;
	return a;
}

static enum kmalloc_type type_of_gfp(uint32_t gfp)
{
	if (likely(!(gfp & (GFP_BIT_DMA | GFP_BIT_RECLAIMABLE | GFP_BIT_ACCOUNT))))
		return KMALLOC_NORMAL;
	if (gfp & GFP_BIT_DMA)
		return KMALLOC_DMA;
	return gfp & GFP_BIT_RECLAIMABLE ? KMALLOC_RCL : KMALLOC_CG;
}

/* The function that "site" lies in, "" when unknown. */
static const char *function_of(const struct caches *caches, uint32_t site)
{
	if (site >= caches->names->sites.nr)
		return "";
	return intern_text(&caches->names->texts, caches->names->sites.items[site].symbol);
}

/* The smallest class that holds "size" bytes, mm/slab_common.c:kmalloc_size_roundup(). */
static unsigned int class_for(uint64_t size)
{
	/* log2 rounded up, 3 .. 13, to class; 96 and 192 stand between. */
	static const unsigned char by_log2[] = { 0, 0, 0, 0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12 };

	if (size > KMALLOC_MAX_CACHE_SIZE)
		return KMALLOC_NR_CLASSES;
	if (size > 64 && size <= 96)
		return 4;
	if (size > 128 && size <= 192)
		return 6;
	return by_log2[size ? bits_fls(size - 1) : 0];
}

/*
 * A kmalloc event whose size is no class: debugging made the objects larger (slub_debug on kmalloc
 * caches), or a kernel with other classes. The request tells the class.
 */
static uint32_t kmalloc_odd_size(struct caches *caches, const struct event *ev,
				 enum kmalloc_type type)
{
	unsigned int class = class_for(ev->slab.bytes_req);
	struct repair_cache like = { .object_size = clamp_size(ev->slab.bytes_req) };
	uint64_t key;

	make_kmalloc(&like, type, clamp_size(ev->slab.bytes_alloc));
	if (class < KMALLOC_NR_CLASSES)
		like.name = caches->kmalloc_names[type][class];
	key = bits_mix64((uint64_t)like.size << 16 | (uint64_t)type << 8 | class);
	return find_key(caches, key, &like);
}

static void make_kmalloc(struct repair_cache *cache, enum kmalloc_type type, uint32_t size)
{
	cache->size = size;
	cache->kmalloc = 1;
	cache->reclaimable = type == KMALLOC_RCL;
	cache->account = type == KMALLOC_CG;
	cache->dma = type == KMALLOC_DMA;
}

static uint32_t alloc_unnamed(struct caches *caches, const struct event *ev)
{
	const struct event_names *names = caches->names;
	uint32_t req = clamp_size(ev->slab.bytes_req);
	uint32_t size = clamp_size(ev->slab.bytes_alloc);
	uint32_t site = ev->site < names->sites.nr ? ev->site : 0;
	struct cache_site *memo;

	if (unlikely(site >= caches->by_site.nr))
		vec_extend_zeroed(&caches->by_site, MAX(names->sites.nr, (size_t)1));
	memo = &caches->by_site.items[site];
	if (unlikely(!memo->cache || memo->req != req || memo->size != size)) {
		const struct event_site *at = site ? &names->sites.items[site] : NULL;
		uint64_t function = at && at->symbol ? (uint64_t)at->symbol << 1 | 1 :
				    at		     ? at->offset << 1 :
						       0;
		uint64_t key = bits_mix64(bits_mix64(function) ^ ((uint64_t)req << 32 | size));
		struct repair_cache like = { .object_size = req, .size = size, .site = site };

		*memo = (struct cache_site){
			.req = req, .size = size, .cache = find_key(caches, key, &like)
		};
	}
	note_flags(&caches->all.items[memo->cache], ev);
	return memo->cache;
}

/* The cache under "key"; a new one made "like" that when there is none. */
static uint32_t find_key(struct caches *caches, uint64_t key, const struct repair_cache *like)
{
	uint32_t *value;
	bool fresh;

	key -= key == U64MAP_NO_KEY;
	if (caches->all.nr >= CACHES_MAX) {
		value = u64map_find(&caches->by_key, key);
		return value ? *value : add(caches, like);
	}
	value = u64map_insert(&caches->by_key, key, &fresh);
	if (fresh)
		*value = add(caches, like);
	return *value;
}

static uint32_t add(struct caches *caches, const struct repair_cache *like)
{
	struct repair_cache cache = *like;
	uint32_t id = (uint32_t)caches->all.nr;

	if (id >= CACHES_MAX) {
		caches->nr_other++;
		if (caches->other)
			return caches->other;
		caches->other = id;
		cache = (struct repair_cache){ .name = caches->other_name };
	}
	cache.canon = id;
	cache.order = 0xff;
	caches->nr_findings++;
	vec_push(&caches->all, cache);
	note_nameless(caches, id);
	return id;
}

static void note_nameless(struct caches *caches, uint32_t id)
{
	const struct repair_cache *cache = &caches->all.items[id];
	const uint32_t words = nameless_words(cache->size);

	if (!cache->name && cache->canon == id)
		caches->nameless[words / 64] |= 1ULL << words % 64;
}

static uint32_t nameless_words(uint64_t size)
{
	return (uint32_t)MIN(size / 8, (uint64_t)CACHES_NAMELESS - 1);
}

static uint32_t class_name(struct caches *caches, const char *prefix, unsigned int class)
{
	char text[48];
	uint32_t size = class_sizes[class];
	bool kilo = size >= 1024;

	snprintf(text, sizeof(text), "%s%" PRIu32 "%s", prefix,
		 kilo ? size / 1024 : size, kilo ? "k" : "");
	return intern_add_text(&caches->names->texts, text);
}

static uint32_t clamp_size(uint64_t size)
{
	return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

static void note_flags(struct repair_cache *cache, const struct event *ev)
{
	/* The request's own __GFP_ACCOUNT makes no accounted cache: only without it it tells. */
	if (ev->slab.accounted && !(ev->slab.gfp & GFP_BIT_ACCOUNT))
		cache->account = 1;
}
