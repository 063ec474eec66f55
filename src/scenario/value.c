/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values, places and errors of scenarios for people. */
#include <config.h>

#include "scenario_internal.h"

#include <inttypes.h>
#include <string.h>

/* Longest part of a line that is shown; the place is kept in view. */
enum { SHOWN = 100 };

static const char *const type_names[SCENARIO_TYPE_NR] = {
	[SCENARIO_INT] = "a number",
	[SCENARIO_TEXT] = "a text",
	[SCENARIO_ADDRESS] = "an address",
	[SCENARIO_PAGE] = "a page",
	[SCENARIO_PERCPU] = "a per-CPU area",
	[SCENARIO_CACHE] = "a cache",
	[SCENARIO_POOL] = "a pool",
	[SCENARIO_ARRAY] = "an array",
	[SCENARIO_NOTHING] = "nothing",
};

static const char *const handle_names[SCENARIO_TYPE_NR] = {
	[SCENARIO_PAGE] = "page",
	[SCENARIO_CACHE] = "cache",
	[SCENARIO_POOL] = "pool",
};

static const char *line_at(const char *text, uint32_t line);

const char *scenario_type_name(enum scenario_type type)
{
	return (unsigned int)type < SCENARIO_TYPE_NR ? type_names[type] : "?";
}

void scenario_value_print(const struct scenario_value *value, struct str *out)
{
	switch ((int)value->type) {
	case SCENARIO_TEXT:
		str_add(out, value->text);
		break;
	case SCENARIO_INT:
		scenario_int_print(value->number, out);
		break;
	case SCENARIO_PAGE:
	case SCENARIO_CACHE:
	case SCENARIO_POOL:
		if (value->number)
			str_addf(out, "%s %" PRIu64, handle_names[value->type],
				 (uint64_t)value->number);
		else
			str_add(out, "NULL");
		break;
	case SCENARIO_NOTHING:
	case SCENARIO_ARRAY:
		str_add(out, scenario_type_name(value->type));
		break;
	default:
		if (value->number)
			str_addf(out, "0x%" PRIx64, (uint64_t)value->number);
		else
			str_add(out, "NULL");
		break;
	}
}

void scenario_int_print(scenario_int number, struct str *out)
{
	__extension__ typedef unsigned __int128 u128;
	u128 rest = number < 0 ? -(u128)number : (u128)number;
	char digits[48];
	char *at = digits + sizeof(digits);

	*--at = 0;
	do
		*--at = (char)('0' + (int)(rest % 10));
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	str_add(out, at);
}

bool scenario_error(const struct scenario *scenario, const struct scenario_place *place,
		    struct error *err, struct scenario_place *where, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	error_set(err, "%s", str_text(&text));
	str_deinit(&text);
	return scenario_error_at(scenario, place, err, where);
}

bool scenario_error_at(const struct scenario *scenario, const struct scenario_place *place,
		       struct error *err, struct scenario_place *where)
{
	*where = *place;
	return error_prefix(err, "%s:%" PRIu32 ":%" PRIu32, scenario->name, place->line,
			    place->column);
}

void scenario_show_text(const struct str *text, const struct scenario_place *place,
			struct str *out)
{
	const char *line = line_at(str_text(text), place->line);
	const uint32_t len = (uint32_t)strcspn(line, "\n");
	const uint32_t column = MIN(place->column - 1, len);
	const uint32_t skip = column > SHOWN / 2 ? column - SHOWN / 2 : 0;
	const uint32_t end = MIN(len, skip + SHOWN);

	str_add_mem(out, line + skip, end - skip);
	str_add_char(out, '\n');
	/* Tabs stay tabs, so that the caret stands below its letter wherever they stop. */
	for (uint32_t i = skip; i < column; i++)
		str_add_char(out, line[i] == '\t' ? '\t' : ' ');
	str_add_char(out, '^');
	for (uint32_t i = column + 1; i < MIN(column + place->len, end); i++)
		str_add_char(out, '~');
	str_add_char(out, '\n');
}

static const char *line_at(const char *text, uint32_t line)
{
	for (; line > 1; line--) {
		const char *end = strchr(text, '\n');

		if (!end)
			break;
		text = end + 1;
	}
	return text;
}
