/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Release strings, and names of zones and migratetypes. */
#include <config.h>

#include "kmreplay/abi/kernel.h"

#include <string.h>

static bool parse_number(const char **at, unsigned int *ret);

bool kernel_version_parse(const char *text, struct kernel_version *ret)
{
	struct kernel_version version;

	if (!parse_number(&text, &version.major) || *text++ != '.' ||
	    !parse_number(&text, &version.minor))
		return false;
	if (!version.major)
		return false;
	*ret = version;
	return true;
}

int kernel_version_cmp(struct kernel_version a, struct kernel_version b)
{
	if (a.major != b.major)
		return a.major < b.major ? -1 : 1;
	return (a.minor > b.minor) - (a.minor < b.minor);
}

const char *migratetype_name(unsigned int type)
{
	static const char *const names[MIGRATE_NR] = {
		"Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate",
	};

	return type < MIGRATE_NR ? names[type] : "?";
}

const char *zone_type_name(unsigned int type)
{
	static const char *const names[ZONE_NR] = { "DMA", "DMA32", "Normal", "HighMem",
						    "Movable" };

	return type < ZONE_NR ? names[type] : "?";
}

bool zone_type_named(const char *name, enum zone_type *ret)
{
	for (unsigned int type = 0; type < ZONE_NR; type++) {
		if (strcmp(zone_type_name((enum zone_type)type), name) != 0)
			continue;
		*ret = (enum zone_type)type;
		return true;
	}
	return false;
}

/* At most four digits: no release needs more, and a longer run of digits is something else. */
static bool parse_number(const char **at, unsigned int *ret)
{
	const char *text = *at;
	unsigned int value = 0;

	while (*text >= '0' && *text <= '9' && text - *at < 5)
		value = value * 10 + (unsigned int)(*text++ - '0');
	if (text == *at || text - *at > 4)
		return false;
	*at = text;
	*ret = value;
	return true;
}
