/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How each era spells and numbers GFP masks; data for gfp.c alone.
 */
#ifndef KMREPLAY_ABI_GFP_TABLES_H
#define KMREPLAY_ABI_GFP_TABLES_H

#include "kmreplay/abi/gfp.h"

/** How many low bits of a raw mask any era uses. */
enum { GFP_RAW_BITS = 28 };

struct gfp_name {
	const char *name;
	uint32_t bits; /**< in the era's own sense, see gfp_table.inverted */
};

struct gfp_table {
	const char *era;  /**< releases, for people */
	const char *zero; /**< how an empty mask prints */
	/**
	 * Bits whose presence in abi numbering is absence in this era: before 4.4 kswapd was woken
	 * unless __GFP_NO_KSWAPD was given, so there "bits" with KSWAPD_RECLAIM mean NO_KSWAPD.
	 */
	uint32_t inverted;
	const struct gfp_name *names; /**< in print order; ends with a NULL name */
	uint32_t raw[GFP_RAW_BITS];   /**< abi bit of each raw bit, 0: unused */
};

/** The table of "era", < GFP_ERA_NR. */
const struct gfp_table *gfp_table(enum gfp_era era);

#endif
