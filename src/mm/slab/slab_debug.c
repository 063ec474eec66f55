/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab_debug=: parse_slub_debug_flags(), setup_slub_debug() and kmem_cache_flags() of mm/slub.c,
 * 6.1 and 6.12. CONFIG_SLUB_DEBUG_ON is left out: it is the text "FZPU".
 */
#include <config.h>

#include "kmreplay/mm/slab_debug.h"

#include "kmreplay/core/bits.h"

#include <ctype.h>
#include <string.h>

enum {
	DEFAULT_FLAGS = SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER,
	METADATA_FLAGS = SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER,
};

/* One block of the text. */
struct block {
	uint32_t flags;
	bool keep_order;   /* O: no metadata where slabs would have to grow */
	const char *names; /* the caches it is for; NULL: all */
	const char *end;   /* behind it */
};

static const struct {
	char letter;
	uint32_t flag;
} letters[] = {
	{ 'f', SLAB_CONSISTENCY_CHECKS }, { 'z', SLAB_RED_ZONE }, { 'p', SLAB_POISON },
	{ 'u', SLAB_STORE_USER },         { 't', SLAB_TRACE },    { 'a', SLAB_FAILSLAB },
};

static bool next_block(const char **text, struct block *ret);
static bool read_flag(char c, struct block *block);
static bool is_named(const struct block *block, const char *name);
static bool keeps_order(const char *text);

bool slab_debug_check(const char *text, struct error *err)
{
	struct block block = { 0 };

	for (const char *c = text; *c; c++) {
		if (*c == ',') {
			c += strcspn(c, ";");
			if (!*c)
				break;
		}
		if (*c != ';' && !read_flag(*c, &block))
			return error_set(err, "'%c' is no flag of slab debugging: they are F, Z, "
					      "P, U, T, A, O and -", *c);
	}
	return true;
}

uint32_t slab_debug_flags(const char *text, const char *name, uint32_t flags)
{
	uint32_t global = 0;
	struct block block;

	if (flags & SLAB_NO_USER_FLAGS)
		return flags;
	while (next_block(&text, &block)) {
		if (!block.names)
			global = block.flags;
		else if (is_named(&block, name))
			return flags | block.flags;
	}
	/* What traces leaks is not traced itself, unless it is named. */
	if (flags & SLAB_NOLEAKTRACE)
		global &= ~(uint32_t)SLAB_STORE_USER;
	return flags | global;
}

struct slab_cache_args slab_debug_args(const struct machine_config *config,
				       const struct slab_cache_args *args)
{
	struct slab_cache_args ret = *args;
	struct slab_geometry geometry;

	if (!config->slab_hwcache_align)
		ret.flags &= ~(uint32_t)SLAB_HWCACHE_ALIGN;
	if (!*config->slab_debug)
		return ret;
	ret.flags = slab_debug_flags(config->slab_debug, args->name, ret.flags);
	/* kmem_cache_open(): disable_higher_order_debug */
	if (keeps_order(config->slab_debug) && slab_geometry_init(&geometry, config, &ret) &&
	    bits_get_order(geometry.size) > bits_get_order(geometry.object_size))
		ret.flags &= ~(uint32_t)METADATA_FLAGS;
	return ret;
}

static bool next_block(const char **text, struct block *ret)
{
	const char *at = *text + strspn(*text, ";");

	*ret = (struct block){ .flags = *at == ',' ? DEFAULT_FLAGS : 0 };
	if (!*at)
		return false;
	for (; *at && *at != ',' && *at != ';'; at++)
		(void)read_flag(*at, ret);
	if (*at == ',')
		ret->names = at + 1;
	ret->end = at + strcspn(at, ";");
	*text = ret->end;
	return true;
}

static bool read_flag(char c, struct block *block)
{
	const char letter = (char)tolower((unsigned char)c);

	if (letter == '-' || letter == 'o') {
		block->flags = letter == '-' ? 0 : block->flags;
		block->keep_order |= letter == 'o';
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (letters[i].letter != letter)
			continue;
		block->flags |= letters[i].flag;
		return true;
	}
	return false;
}

/* A name, or its beginning and an asterisk. */
static bool is_named(const struct block *block, const char *name)
{
	for (const char *at = block->names; at < block->end; at++) {
		size_t len = MIN(strcspn(at, ",;"), (size_t)(block->end - at));
		const char *glob = memchr(at, '*', len);

		if (glob ? !strncmp(name, at, (size_t)(glob - at)) :
			   strlen(name) == len && !strncmp(name, at, len))
			return true;
		at += len;
	}
	return false;
}

static bool keeps_order(const char *text)
{
	struct block block;

	while (next_block(&text, &block))
		if (block.keep_order)
			return true;
	return false;
}
