/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options: from text to the field that the table's row names, and defaults. */
#include <config.h>

#include "option.h"

#include "cli_internal.h"

#include "kmreplay/core/parse.h"
#include "kmreplay/core/str.h"
#include "kmreplay/core/xalloc.h"

#include <string.h>

static bool set_number(void *field, const struct cli_option *o, const char *value,
		       struct error *err);
static bool set_size(void *field, const struct cli_option *o, const char *value,
		     struct error *err);
static bool set_choice(void *field, const struct cli_option *o, const char *value,
		       struct error *err);
static bool set_text(void *field, const struct cli_option *o, const char *value,
		     struct error *err);
static bool set_span(void *field, const char *value, struct error *err);
static bool add_when(struct whens *whens, const char *value, struct error *err);
static bool set_kernel(void *field, const char *value, struct error *err);
static bool add_config(struct option_configs *configs, const struct cli_option *o,
		       const char *value, struct error *err);
static bool set_list(void *field, const struct cli_option *o, const char *value,
		     struct error *err);
static bool add_item(void *field, const struct cli_option *o, const char *item,
		     struct error *err);
static bool take_out(uint64_t *set, const struct cli_option *o, const char *item,
		     struct error *err);
static bool add_range(struct option_ranges *ranges, const char *item, struct error *err);
static bool find_choice(const struct cli_option *o, const char *value, unsigned int *ret,
			struct error *err);
static bool is_list(const struct cli_option *o);
static bool list_is_empty_yet(const struct cli_options *options, const struct cli_option *o);
static void set_default(struct cli_options *options, const struct cli_option *o);
static void clear_list(struct cli_options *options, const struct cli_option *o);

void options_init(struct cli_options *options)
{
	const struct cli_option *o;

	memset(options, 0, sizeof(*options));
	for (unsigned int i = 0; (o = option_get(i)); i++)
		if (o->def && !is_list(o))
			set_default(options, o);
}

void options_complete(struct cli_options *options)
{
	const struct cli_option *o;

	for (unsigned int i = 0; (o = option_get(i)); i++)
		if (o->def && is_list(o) && list_is_empty_yet(options, o))
			set_default(options, o);
}

void options_deinit(struct cli_options *options)
{
	const struct cli_option *o;

	for (unsigned int i = 0; (o = option_get(i)); i++)
		clear_list(options, o);
}

bool option_set(struct cli_options *options, const struct cli_option *o, const char *value,
		struct error *err)
{
	void *field = (char *)options + o->offset;

	switch ((enum option_arg)o->arg) {
	case ARG_NONE:
		*(bool *)field = true;
		return true;
	case ARG_TEXT:
	case ARG_FILE:
		return set_text(field, o, value, err);
	case ARG_NUMBER:
		return set_number(field, o, value, err);
	case ARG_SIZE:
		return set_size(field, o, value, err);
	case ARG_CHOICE:
		return set_choice(field, o, value, err);
	case ARG_SET:
	case ARG_SORT:
	case ARG_WORDS:
	case ARG_RANGES:
		return set_list(field, o, value, err);
	case ARG_SPAN:
		return set_span(field, value, err);
	case ARG_WHEN:
		return add_when(field, value, err);
	case ARG_EVERY:
		return option_every_parse(value, field, err);
	case ARG_KERNEL:
		return set_kernel(field, value, err);
	case ARG_CONFIG:
		return add_config(field, o, value, err);
	}
	BUG_ON(true);
}

bool option_ranges_has(const struct option_ranges *ranges, uint64_t nr)
{
	vec_foreach(&ranges->ranges, range)
		if (nr >= range->first && nr <= range->last)
			return true;
	return !ranges->ranges.nr;
}

static bool set_number(void *field, const struct cli_option *o, const char *value,
		       struct error *err)
{
	uint64_t nr;
	const char *end = parse_u64(value, &nr);

	if (!end || *end || nr < o->min || nr > o->max)
		return error_set(err, "expected a number from %llu to %llu, not '%.60s'",
				 (unsigned long long)o->min, (unsigned long long)o->max, value);
	*(uint64_t *)field = nr;
	return true;
}

/** 4096, 4K, 512M, 2GiB: binary prefixes, as all sizes of a kernel. */
static bool set_size(void *field, const struct cli_option *o, const char *value, struct error *err)
{
	bool too_large;
	uint64_t nr;
	const char *end = parse_size(value, &nr, &too_large);

	if (too_large)
		return error_set(err, "'%.60s' is too large", value);
	if (!end || *end)
		return error_set(err, "expected a size (4096, 512M, 2G), not '%.60s'", value);
	if (nr < o->min || (o->max && nr > o->max))
		return error_set(err, "'%.60s' is out of range: %llu to %llu bytes", value,
				 (unsigned long long)o->min, (unsigned long long)o->max);
	*(uint64_t *)field = nr;
	return true;
}

static bool set_choice(void *field, const struct cli_option *o, const char *value,
		       struct error *err)
{
	return find_choice(o, value, field, err);
}

static bool set_text(void *field, const struct cli_option *o, const char *value,
		     struct error *err)
{
	unsigned int choice;

	if (!*value)
		return error_set(err, "expected %s, not an empty text", o->metavar);
	if (o->choice && !find_choice(o, value, &choice, err))
		return false;
	*(const char **)field = value;
	return true;
}

/** The last one given holds. */
static bool set_span(void *field, const char *value, struct error *err)
{
	struct option_span span;

	if (!option_span_parse(value, &span, err))
		return false;
	option_span_clear(field);
	*(struct option_span *)field = span;
	return true;
}

static bool add_when(struct whens *whens, const char *value, struct error *err)
{
	struct when when;

	if (!when_parse(value, strlen(value), &when, err))
		return false;
	vec_push(&whens->list, when);
	return true;
}

static bool set_kernel(void *field, const char *value, struct error *err)
{
	if (kernel_version_parse(value, field))
		return true;
	return error_set(err, "expected a kernel version like 6.12, not '%.60s'", value);
}

/** Kept for cli_config(); what is wrong with the value itself is told here, as for any option. */
static bool add_config(struct option_configs *configs, const struct cli_option *o,
		       const char *value, struct error *err)
{
	const struct option_config config = { o, value };
	bool ok = true;

	if (!*value)
		return error_set(err, "expected %s, not an empty text", o->metavar);
	if (o->config != CONFIG_FILE && o->config != CONFIG_SIDE) {
		struct config *scratch = config_create();
		bool unread;

		ok = cli_config_add(scratch, &config, err, &unread);
		config_destroy(scratch);
	}
	if (ok)
		vec_push(&configs->list, config);
	return ok;
}

static bool set_list(void *field, const struct cli_option *o, const char *value,
		     struct error *err)
{
	do {
		size_t len = strcspn(value, ",");
		char *item CLEANUP(cleanup_free) = xstrndup(value, len);

		if (!len)
			return error_set(err, "expected %s: an item of the list is empty",
					 o->metavar);
		if (!add_item(field, o, item, err))
			return false;
		value += len;
	} while (*value++ == ',');
	return true;
}

static bool add_item(void *field, const struct cli_option *o, const char *item,
		     struct error *err)
{
	struct option_sort_key key = { 0, *item == '+' };
	struct option_words *words = field;
	struct option_sort *sort = field;

	if (o->arg == ARG_WORDS) {
		vec_push(&words->words, xstrdup(item));
		return true;
	}
	if (o->arg == ARG_RANGES)
		return add_range(field, item, err);
	if (o->arg == ARG_SET && *item == '-')
		return take_out(field, o, item + 1, err);
	if (o->arg == ARG_SORT && (*item == '+' || *item == '-'))
		item++;
	if (!find_choice(o, item, &key.choice, err))
		return false;
	if (o->arg == ARG_SORT)
		vec_push(&sort->keys, key);
	else
		*(uint64_t *)field |= 1ULL << key.choice;
	return true;
}

/* "-name": without that one; of the default when nothing was named before. */
static bool take_out(uint64_t *set, const struct cli_option *o, const char *item,
		     struct error *err)
{
	unsigned int choice;

	if (!find_choice(o, item, &choice, err))
		return false;
	if (!*set && !set_list(set, o, o->def, err))
		return false;
	*set &= ~(1ULL << choice);
	return *set || error_set(err, "nothing is left without '%s'", item);
}

static bool add_range(struct option_ranges *ranges, const char *item, struct error *err)
{
	struct option_range range;
	const char *end = parse_u64(item, &range.first);

	range.last = range.first;
	if (end && *end == '-')
		end = parse_u64(end + 1, &range.last);
	if (!end || *end || range.last < range.first)
		return error_set(err, "expected numbers and ranges (0,2-5), not '%.60s'", item);
	vec_push(&ranges->ranges, range);
	return true;
}

static bool find_choice(const struct cli_option *o, const char *value, unsigned int *ret,
			struct error *err)
{
	const char *near = suggest_nearest(value, o->choice);
	const char *name;
	struct str all;

	for (unsigned int i = 0; (name = o->choice(i)); i++) {
		if (!strcmp(name, value)) {
			*ret = i;
			return true;
		}
	}
	str_init(&all);
	for (unsigned int i = 0; (name = o->choice(i)); i++)
		str_addf(&all, "%s%s", i ? ", " : "", name);
	if (near)
		error_set(err, "unknown value '%.60s': did you mean '%s'?", value, near);
	else
		error_set(err, "unknown value '%.60s', expected one of: %s", value,
			  str_text(&all));
	str_deinit(&all);
	return false;
}

/** Lists add up, so that their default must wait until it is known that nothing was said. */
static bool is_list(const struct cli_option *o)
{
	return o->arg == ARG_SET || o->arg == ARG_SORT || o->arg == ARG_WORDS ||
	       o->arg == ARG_RANGES;
}

static bool list_is_empty_yet(const struct cli_options *options, const struct cli_option *o)
{
	const void *field = (const char *)options + o->offset;
	const struct option_words *words = field;
	const struct option_ranges *ranges = field;
	const struct option_sort *sort = field;

	if (o->arg == ARG_WORDS)
		return !words->words.nr;
	if (o->arg == ARG_RANGES)
		return !ranges->ranges.nr;
	if (o->arg == ARG_SORT)
		return !sort->keys.nr;
	return !*(const uint64_t *)field;
}

static void set_default(struct cli_options *options, const struct cli_option *o)
{
	struct error err;

	BUG_ON(!option_set(options, o, o->def, &err));
}

static void clear_list(struct cli_options *options, const struct cli_option *o)
{
	void *field = (char *)options + o->offset;
	struct option_words *words = field;
	struct option_ranges *ranges = field;
	struct option_configs *configs = field;
	struct option_sort *sort = field;
	struct whens *whens = field;

	if (o->arg == ARG_WORDS) {
		vec_foreach(&words->words, word)
			free(*word);
		vec_deinit(&words->words);
	} else if (o->arg == ARG_RANGES) {
		vec_deinit(&ranges->ranges);
	} else if (o->arg == ARG_SORT) {
		vec_deinit(&sort->keys);
	} else if (o->arg == ARG_CONFIG) {
		vec_deinit(&configs->list);
	} else if (o->arg == ARG_WHEN) {
		vec_foreach(&whens->list, when)
			when_deinit(when);
		vec_deinit(&whens->list);
	} else if (o->arg == ARG_SPAN) {
		option_span_clear(field);
	} else if (o->arg == ARG_SET) {
		*(uint64_t *)field = 0;
	}
}
