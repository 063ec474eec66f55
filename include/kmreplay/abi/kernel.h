/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a release string tells, and the kernel's names for zones, migratetypes and orders.
 */
#ifndef KMREPLAY_ABI_KERNEL_H
#define KMREPLAY_ABI_KERNEL_H

#include "kmreplay/core/base.h"

enum {
	KERNEL_PAGE_SHIFT = 12,
	KERNEL_PAGE_SIZE = 1 << KERNEL_PAGE_SHIFT,
	KERNEL_MAX_ORDER = 10, /**< largest order of the buddy allocator, inclusive */
	KERNEL_NR_ORDERS = KERNEL_MAX_ORDER + 1,
};

/** As numbered since 4.4, with CONFIG_CMA; without it ISOLATE prints as 4. */
enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_HIGHATOMIC,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_NR,
};

enum zone_type {
	ZONE_DMA,
	ZONE_DMA32,
	ZONE_NORMAL,
	ZONE_HIGHMEM,
	ZONE_MOVABLE,
	ZONE_NR,
};

struct kernel_version {
	unsigned int major; /**< 0: unknown */
	unsigned int minor;
};

/** "6.12.117+deb12-amd64" to 6.12; false when it does not begin with two numbers. */
bool kernel_version_parse(const char *text, struct kernel_version *ret);
/** <0, 0, >0 as "a" is older than, equal to, newer than "b". */
int kernel_version_cmp(struct kernel_version a, struct kernel_version b);

/** "Unmovable", "Movable", ... as /proc/pagetypeinfo writes them; "?" when out of range. */
const char *migratetype_name(unsigned int type);
/** "DMA", "DMA32", "Normal", "HighMem", "Movable"; "?" when out of range. */
const char *zone_type_name(unsigned int type);
/** The other way round; false: there is no such zone. */
MUST_CHECK bool zone_type_named(const char *name, enum zone_type *ret);

#endif
