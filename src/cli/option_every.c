/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often: "100ms", "0.5s", "5000-events", "marker". */
#include <config.h>

#include "option.h"

#include <ctype.h>
#include <string.h>

enum { NS_DIGITS = 9 };

static const char *parse_number(const char *text, uint64_t *whole, uint64_t *billionths);
static bool scale(uint64_t whole, uint64_t billionths, uint64_t unit_ns, uint64_t *ns);

bool option_every_parse(const char *value, struct option_every *every, struct error *err)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	uint64_t whole, billionths;
	const char *unit;

	*every = (struct option_every){ .markers = !strcmp(value, "marker") };
	if (every->markers)
		return true;
	unit = parse_number(value, &whole, &billionths);
	if (unit && !billionths && (!strcmp(unit, "-events") || !strcmp(unit, "-event")))
		every->events = whole;
	for (size_t i = 0; unit && i < ARRAY_SIZE(units); i++) {
		if (!strcmp(unit, units[i].name) &&
		    !scale(whole, billionths, units[i].ns, &every->ns))
			return error_set(err, "'%.60s' is too long", value);
	}
	if (every->events || every->ns)
		return true;
	return error_set(err, "expected a time (100ms, 2s), a number of events (5000-events) or "
			      "marker, not '%.60s'", value);
}

/* Returns what stands behind the number; NULL if there is none. */
static const char *parse_number(const char *text, uint64_t *whole, uint64_t *billionths)
{
	uint64_t digit = 1000000000;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (*whole = 0; isdigit((unsigned char)*text); text++) {
		if (__builtin_mul_overflow(*whole, 10U, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*text - '0'), whole))
			return NULL;
	}
	*billionths = 0;
	if (*text != '.')
		return text;
	for (text++; isdigit((unsigned char)*text); text++) {
		digit /= 10;
		*billionths += digit * (uint64_t)(*text - '0');
	}
	return text;
}

/* False when it does not fit. Parts of a nanosecond are dropped. */
static bool scale(uint64_t whole, uint64_t billionths, uint64_t unit_ns, uint64_t *ns)
{
	const uint64_t part = billionths * unit_ns / 1000000000;

	return !__builtin_mul_overflow(whole, unit_ns, ns) &&
	       !__builtin_add_overflow(*ns, part, ns);
}
