/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mask as people have it before them: in C source, in a trace, in a report of the kernel's, or
 * as a bare number.
 *
 *	mask   := [label] (printed | terms) [","]
 *	label  := letters and '_', then ':' or '='         mode:, gfp_mask=
 *	printed := number "(" terms ")"                    0xcc0(GFP_KERNEL)
 *	terms  := term { "|" term | "&~" term }            blanks may stand anywhere between
 *	term   := name | number | "none" | "(" terms ")"
 */
#include <config.h>

#include "kmreplay/abi/gfp_history.h"

#include "kmreplay/core/parse.h"
#include "kmreplay/core/suggest.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 16,
	SPLIT = GFP_RELEASE(4, 4, 0),       /* before, all but __GFP_NO_KSWAPD woke kswapd */
	UNDERSCORES = GFP_RELEASE(4, 6, 0), /* before, traces left them out */
};

struct reader {
	const char *at;
	uint32_t release;
	struct gfp_reading *ret;
	struct error *err;
	unsigned int depth;
};

static void skip_label(struct reader *r);
static bool read_terms(struct reader *r, uint64_t *raw);
static bool read_term(struct reader *r, uint64_t *raw);
static bool read_nested(struct reader *r, uint64_t *raw);
static bool read_number(struct reader *r, uint64_t *raw);
static bool read_name(struct reader *r, uint64_t *raw);
static bool find_own(uint32_t release, const char *name, size_t len, struct gfp_word *ret);
static bool note_foreign(struct reader *r, const char *name, size_t len);
static uint32_t word_mask(uint32_t release, uint32_t raw);
static bool unknown_name(struct reader *r, const char *name, size_t len);
static void skip_blanks(struct reader *r);
static bool begins_name(char c);
static bool in_name(char c);

bool gfp_read(uint32_t release, const char *text, struct gfp_reading *ret, struct error *err)
{
	struct reader r = { .at = text, .release = release, .ret = ret, .err = err };

	*ret = (struct gfp_reading){ 0 };
	skip_label(&r);
	skip_blanks(&r);
	if (!*r.at)
		return error_set(err, "expected a GFP mask like GFP_KERNEL|__GFP_ZERO or 0xcc0, "
				      "not ''");
	if (!read_terms(&r, &ret->raw))
		return false;
	if (*r.at == '(' && !ret->named) {
		ret->numbered = true;
		ret->number = ret->raw;
		if (!read_nested(&r, &ret->raw))
			return false;
		ret->agree = ret->raw == ret->number && !ret->nr_foreigners;
	}
	skip_blanks(&r);
	if (*r.at == ',' && !r.at[1])
		r.at++;
	if (*r.at)
		return error_set(err, "expected '|' or the end of the mask at '%.40s'", r.at);
	return true;
}

uint32_t gfp_read_release(const char *text)
{
	const struct gfp_generation *generation;
	struct gfp_reading reading;
	struct error err;
	uint32_t newest = 0;

	for (unsigned int i = 0; (generation = gfp_generation_at(i)); i++)
		if (gfp_read(generation->first, text, &reading, &err) && reading.agree)
			newest = generation->first;
	return newest;
}

static void skip_label(struct reader *r)
{
	const char *end = r->at + strspn(r->at, " \t");

	while ((*end >= 'a' && *end <= 'z') || *end == '_')
		end++;
	if (end > r->at && (*end == ':' || *end == '='))
		r->at = end + 1;
}

static bool read_terms(struct reader *r, uint64_t *raw)
{
	bool without = false;

	*raw = 0;
	for (;;) {
		const uint32_t before = r->ret->foreign;
		uint64_t term;

		if (!read_term(r, &term))
			return false;
		if (without) {
			const uint32_t taken = r->ret->foreign & ~before;

			r->ret->foreign = before;
			term |= gfp_history_raw(r->release, taken, NULL);
		}
		*raw = without ? *raw & ~term : *raw | term;
		skip_blanks(r);
		without = *r->at == '&';
		if (without) {
			r->at++;
			skip_blanks(r);
			if (*r->at != '~')
				return error_set(r->err, "expected '~' behind '&': what is taken "
							 "away from a mask");
		} else if (*r->at != '|') {
			return true;
		}
		r->at++;
	}
}

static bool read_term(struct reader *r, uint64_t *raw)
{
	skip_blanks(r);
	if (*r->at == '(')
		return read_nested(r, raw);
	if (*r->at >= '0' && *r->at <= '9')
		return read_number(r, raw);
	if (begins_name(*r->at))
		return read_name(r, raw);
	if (!*r->at)
		return error_set(r->err, "expected a flag at the end of the mask");
	return error_set(r->err, "expected a flag at '%.40s'", r->at);
}

static bool read_nested(struct reader *r, uint64_t *raw)
{
	if (++r->depth > MAX_DEPTH)
		return error_set(r->err, "too many brackets in a mask");
	r->at++;
	if (!read_terms(r, raw))
		return false;
	if (*r->at != ')')
		return error_set(r->err, "expected ')' in a mask, not '%.40s'", r->at);
	r->at++;
	r->depth--;
	return true;
}

static bool read_number(struct reader *r, uint64_t *raw)
{
	const char *end = parse_u64(r->at, raw);

	if (!end || in_name(*end))
		return error_set(r->err, "'%.40s' is no number of 64 bits", r->at);
	r->at = end;
	return true;
}

static bool read_name(struct reader *r, uint64_t *raw)
{
	const char *name = r->at;
	struct gfp_word word;
	size_t len = 0;

	while (in_name(name[len]))
		len++;
	r->at += len;
	r->ret->named = true;
	*raw = 0;
	if (len == 4 && !memcmp(name, "none", 4))
		return true;
	if (find_own(r->release, name, len, &word)) {
		*raw = word.raw;
		return true;
	}
	return note_foreign(r, name, len);
}

/* Before 4.6 traces wrote GFP_WAIT and GFP_ZERO for what the headers call __GFP_WAIT, ... */
static bool find_own(uint32_t release, const char *name, size_t len, struct gfp_word *ret)
{
	char full[64];

	if (gfp_word_find(release, name, len, ret))
		return true;
	if (release >= UNDERSCORES || len + 3 > sizeof(full) || strncmp(name, "GFP_", 4) != 0)
		return false;
	memcpy(full, "__", 2);
	memcpy(full + 2, name, len);
	return gfp_word_find(release, full, len + 2, ret);
}

static bool note_foreign(struct reader *r, const char *name, size_t len)
{
	struct gfp_reading *ret = r->ret;
	struct gfp_foreign *foreign;
	uint32_t end;
	const uint32_t release = gfp_word_release(name, len, &end);

	if (!release)
		return unknown_name(r, name, len);
	if (ret->nr_foreigners == GFP_READING_FOREIGN)
		return error_set(r->err, "more than %d names of other kernels in a mask",
				 GFP_READING_FOREIGN);
	foreign = &ret->foreigners[ret->nr_foreigners++];
	foreign->release = release;
	foreign->end = end;
	BUG_ON(!gfp_word_find(release, name, len, &foreign->word));
	ret->foreign |= word_mask(release, foreign->word.raw);
	return true;
}

/* Before 4.4 any mask woke kswapd; that is a part of a word only if it lets its caller sleep. */
static uint32_t word_mask(uint32_t release, uint32_t raw)
{
	const uint32_t mask = gfp_history_mask(release, raw);

	if (release >= SPLIT || mask & GFP_BIT_DIRECT_RECLAIM)
		return mask;
	return mask & ~(uint32_t)GFP_BIT_KSWAPD_RECLAIM;
}

static bool unknown_name(struct reader *r, const char *name, size_t len)
{
	char *text = xstrndup(name, MIN(len, (size_t)60));
	const char *near = suggest_nearest(text, gfp_word_name);

	if (near)
		error_set(r->err, "no kernel has a GFP flag '%s': did you mean '%s'?", text, near);
	else
		error_set(r->err, "no kernel has a GFP flag '%s'; 'kmreplay gfp --list' has all",
			  text);
	free(text);
	return false;
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\n");
}

static bool begins_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool in_name(char c)
{
	return begins_name(c) || (c >= '0' && c <= '9');
}
