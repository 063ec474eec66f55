/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and numbers of GFP masks by release, out of the tables of gfp_spans.c. Nothing here is in
 * the way of events: recordings are read by gfp.c.
 */
#include <config.h>

#include "kmreplay/abi/gfp_history.h"

#include <string.h>

#include "gfp_spans.h"

enum {
	SPLIT = GFP_RELEASE(4, 4, 0), /* before, all but __GFP_NO_KSWAPD woke kswapd */
	THREE = GFP_RELEASE(3, 0, 0), /* before, two numbers do not tell a release */
	MAX_MEMBERS = 8,              /* composites in composites, at most so deep */
};

static bool holds(uint32_t release, uint32_t first, uint32_t end);
static uint32_t common(uint32_t first, uint32_t end, uint32_t other, uint32_t other_end);
static const struct gfp_meaning *meaning_of(const char *name);
static void fill_flag(const struct gfp_flag_span *span, struct gfp_word *ret);
static void fill_composite(uint32_t release, const struct gfp_composite_span *span,
			   struct gfp_word *ret);
static uint32_t add_members(uint32_t release, const char *members, unsigned int depth);
static uint32_t value_of(uint32_t release, const char *name, size_t len, unsigned int depth);
static bool is_name(const char *name, const char *text, size_t len);
static const struct gfp_composite_span *largest_in(uint32_t release, uint64_t raw, uint32_t *bits);
static unsigned int nr_bits(uint32_t mask);
static void add_word(struct str *out, const char **sep, const char *word);

bool gfp_release_parse(const char *text, uint32_t *release)
{
	unsigned int part[3] = { 0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(part); i++) {
		const char *start = text;

		while (*text >= '0' && *text <= '9' && text - start < 5)
			part[i] = part[i] * 10 + (unsigned int)(*text++ - '0');
		if ((text == start || text - start > 4) && i < 2)
			return false;
		if (i == 1 && *text != '.')
			break;
		if (i < 2 && *text++ != '.')
			return false;
	}
	if (!part[0] || part[0] > 255 || part[1] > 255)
		return false;
	*release = GFP_RELEASE(part[0], part[1], MIN(part[2], 255U));
	return true;
}

void gfp_release_print(uint32_t release, struct str *out)
{
	str_addf(out, "%u.%u", release >> 16, release >> 8 & 255);
	if (release < THREE)
		str_addf(out, ".%u", release & 255);
}

const char *gfp_topic_name(enum gfp_topic topic)
{
	static const char *const names[] = {
#define X(suffix, name) name,
		GFP_TOPICS(X)
#undef X
	};

	return topic < GFP_TOPIC_NR ? names[topic] : "?";
}

bool gfp_word_next(uint32_t release, unsigned int *at, struct gfp_word *ret)
{
	while (*at < gfp_nr_flag_spans) {
		const struct gfp_flag_span *span = &gfp_flag_spans[(*at)++];

		if (holds(release, span->first, span->end)) {
			fill_flag(span, ret);
			return true;
		}
	}
	while (*at < gfp_nr_flag_spans + gfp_nr_composite_spans) {
		const struct gfp_composite_span *span =
			&gfp_composite_spans[(*at)++ - gfp_nr_flag_spans];

		if (holds(release, span->first, span->end)) {
			fill_composite(release, span, ret);
			return true;
		}
	}
	return false;
}

bool gfp_word_find(uint32_t release, const char *name, size_t len, struct gfp_word *ret)
{
	unsigned int at = 0;

	while (gfp_word_next(release, &at, ret))
		if (is_name(ret->name, name, len))
			return true;
	return false;
}

uint32_t gfp_word_release(const char *name, size_t len, uint32_t *end)
{
	uint32_t first = 0;

	*end = 0;
	for (size_t i = 0; i < gfp_nr_flag_spans; i++) {
		const struct gfp_flag_span *span = &gfp_flag_spans[i];

		if (is_name(span->name, name, len) && span->first >= first) {
			first = span->first;
			*end = span->end;
		}
	}
	for (size_t i = 0; i < gfp_nr_composite_spans; i++) {
		const struct gfp_composite_span *span = &gfp_composite_spans[i];

		if (is_name(span->name, name, len) && span->first >= first) {
			first = span->first;
			*end = span->end;
		}
	}
	return first && !*end ? GFP_RELEASE_NEWEST : first;
}

const char *gfp_word_name(unsigned int i)
{
	return i < gfp_nr_meanings ? gfp_meanings[i].name : NULL;
}

const struct gfp_generation *gfp_generation_at(unsigned int i)
{
	return i < gfp_nr_generations ? &gfp_generations[i] : NULL;
}

unsigned int gfp_generation_of(uint32_t release)
{
	unsigned int i = (unsigned int)gfp_nr_generations - 1;

	while (i && release < gfp_generations[i].first)
		i--;
	return i;
}

uint32_t gfp_generation_last(unsigned int i)
{
	BUG_ON(i >= gfp_nr_generations);
	return i + 1 < gfp_nr_generations ? gfp_generations[i + 1].first - 1 : GFP_RELEASE_NEWEST;
}

bool gfp_word_find_in(unsigned int i, const char *name, size_t len, struct gfp_word *ret)
{
	const uint32_t first = gfp_generations[i].first;
	const uint32_t end = i + 1 < gfp_nr_generations ? gfp_generations[i + 1].first : 0;
	uint32_t release = 0;

	for (size_t at = 0; at < gfp_nr_flag_spans; at++) {
		const struct gfp_flag_span *span = &gfp_flag_spans[at];

		if (is_name(span->name, name, len))
			release = MAX(release, common(first, end, span->first, span->end));
	}
	for (size_t at = 0; at < gfp_nr_composite_spans; at++) {
		const struct gfp_composite_span *span = &gfp_composite_spans[at];

		if (is_name(span->name, name, len))
			release = MAX(release, common(first, end, span->first, span->end));
	}
	return release && gfp_word_find(release, name, len, ret);
}

uint32_t gfp_history_mask(uint32_t release, uint64_t raw)
{
	uint32_t own = 0;

	for (size_t i = 0; i < gfp_nr_flag_spans; i++) {
		const struct gfp_flag_span *span = &gfp_flag_spans[i];

		if (holds(release, span->first, span->end) && raw & span->raw)
			own |= span->bits;
	}
	if (gfp_history_unknown(release, raw))
		own |= GFP_BIT_UNKNOWN;
	return release < SPLIT ? own ^ GFP_BIT_KSWAPD_RECLAIM : own;
}

uint64_t gfp_history_raw(uint32_t release, uint32_t gfp, uint32_t *left)
{
	const uint32_t own = release < SPLIT ? gfp ^ GFP_BIT_KSWAPD_RECLAIM : gfp;
	uint32_t said = 0;
	uint64_t raw = 0;

	for (size_t i = 0; i < gfp_nr_flag_spans; i++) {
		const struct gfp_flag_span *span = &gfp_flag_spans[i];

		if (!holds(release, span->first, span->end) || !span->raw || !span->bits ||
		    (own & span->bits) != span->bits)
			continue;
		raw |= span->raw;
		said |= span->bits;
	}
	if (left)
		*left = own & ~said;
	return raw;
}

uint64_t gfp_history_unknown(uint32_t release, uint64_t raw)
{
	for (size_t i = 0; i < gfp_nr_flag_spans; i++)
		if (holds(release, gfp_flag_spans[i].first, gfp_flag_spans[i].end))
			raw &= ~(uint64_t)gfp_flag_spans[i].raw;
	return raw;
}

void gfp_history_print(uint32_t release, uint64_t raw, struct str *out)
{
	const struct gfp_composite_span *span;
	const char *sep = "";
	uint32_t bits;

	if (!raw)
		str_add(out, "0");
	while ((span = largest_in(release, raw, &bits))) {
		add_word(out, &sep, span->name);
		raw &= ~(uint64_t)bits;
	}
	for (unsigned int bit = 0; bit < 64 && raw; bit++) {
		for (size_t i = 0; i < gfp_nr_flag_spans && raw >> bit & 1; i++) {
			const struct gfp_flag_span *flag = &gfp_flag_spans[i];

			if (flag->raw != 1ULL << bit || !holds(release, flag->first, flag->end))
				continue;
			add_word(out, &sep, flag->name);
			raw &= ~(1ULL << bit);
		}
	}
	if (raw)
		str_addf(out, "%s0x%llx", sep, (unsigned long long)raw);
}

static bool holds(uint32_t release, uint32_t first, uint32_t end)
{
	return release >= first && (!end || release < end);
}

/* The first release of both; 0: there is none. */
static uint32_t common(uint32_t first, uint32_t end, uint32_t other, uint32_t other_end)
{
	const uint32_t release = MAX(first, other);

	return holds(release, first, end) && holds(release, other, other_end) ? release : 0;
}

static const struct gfp_meaning *meaning_of(const char *name)
{
	for (size_t i = 0; i < gfp_nr_meanings; i++)
		if (!strcmp(gfp_meanings[i].name, name))
			return &gfp_meanings[i];
	BUG_ON(true);
}

static void fill_flag(const struct gfp_flag_span *span, struct gfp_word *ret)
{
	const struct gfp_meaning *meaning = meaning_of(span->name);

	*ret = (struct gfp_word){
		.name = span->name,
		.meaning = meaning->meaning,
		.today = meaning->today,
		.topic = meaning->topic,
		.raw = span->raw,
		.depends = span->depends,
	};
}

static void fill_composite(uint32_t release, const struct gfp_composite_span *span,
			   struct gfp_word *ret)
{
	const struct gfp_meaning *meaning = meaning_of(span->name);

	*ret = (struct gfp_word){
		.name = span->name,
		.members = span->members,
		.meaning = meaning->meaning,
		.today = meaning->today,
		.topic = meaning->topic,
		.raw = add_members(release, span->members, 0),
		.alias = span->alias,
	};
}

static uint32_t add_members(uint32_t release, const char *members, unsigned int depth)
{
	uint32_t raw = 0;
	bool without = false;

	while (*members) {
		const size_t len = strcspn(members, "|&");
		const uint32_t value = value_of(release, members, len, depth);

		raw = without ? raw & ~value : raw | value;
		members += len;
		without = *members == '&';
		members += without ? 2 : *members == '|';
	}
	return raw;
}

static uint32_t value_of(uint32_t release, const char *name, size_t len, unsigned int depth)
{
	BUG_ON(depth > MAX_MEMBERS);
	for (size_t i = 0; i < gfp_nr_flag_spans; i++)
		if (holds(release, gfp_flag_spans[i].first, gfp_flag_spans[i].end) &&
		    is_name(gfp_flag_spans[i].name, name, len))
			return gfp_flag_spans[i].raw;
	for (size_t i = 0; i < gfp_nr_composite_spans; i++) {
		const struct gfp_composite_span *span = &gfp_composite_spans[i];

		if (holds(release, span->first, span->end) && is_name(span->name, name, len))
			return add_members(release, span->members, depth + 1);
	}
	return 0; /* a test holds the table to having all of them */
}

static bool is_name(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !memcmp(name, text, len);
}

/* The composite with most bits that are all in "raw"; NULL: none with more than one is. */
static const struct gfp_composite_span *largest_in(uint32_t release, uint64_t raw, uint32_t *bits)
{
	const struct gfp_composite_span *best = NULL;
	unsigned int most = 0;

	for (size_t i = 0; i < gfp_nr_composite_spans; i++) {
		const struct gfp_composite_span *span = &gfp_composite_spans[i];
		uint32_t value;

		if (span->alias || !holds(release, span->first, span->end))
			continue;
		value = add_members(release, span->members, 0);
		if ((raw & value) != value || nr_bits(value) <= most)
			continue;
		best = span;
		most = nr_bits(value);
		*bits = value;
	}
	return best;
}

static unsigned int nr_bits(uint32_t mask)
{
	return (unsigned int)__builtin_popcount(mask);
}

static void add_word(struct str *out, const char **sep, const char *word)
{
	str_add(out, *sep);
	str_add(out, word);
	*sep = "|";
}
