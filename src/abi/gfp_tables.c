/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pure data: for each era the words of its show_gfp_flags() table in the order the kernel walks it
 * (include/trace/events/gfpflags.h until 4.5, include/trace/events/mmflags.h since), and the bit
 * numbers of its include/linux/gfp.h or gfp_types.h in a usual configuration.
 *
 * One word may stand for other bits in another era (GFP_NOWAIT, GFP_ATOMIC, GFP_TRANSHUGE), which
 * is why each era has a whole table of its own.
 */
#include <config.h>

#include "gfp_tables.h"

/* Composites that kept their members since the reclaim bits were split in 4.4. */
#define KERNEL GFP_BITS_KERNEL
#define NOFS (GFP_BITS_RECLAIM | GFP_BIT_IO)
#define NOIO GFP_BITS_RECLAIM
#define USER (KERNEL | GFP_BIT_HARDWALL)
#define HIGHUSER (USER | GFP_BIT_HIGHMEM)
#define HIGHUSER_MOVABLE (HIGHUSER | GFP_BIT_MOVABLE)
#define THP_LIGHT                                                                             \
	((HIGHUSER_MOVABLE | GFP_BIT_COMP | GFP_BIT_NOMEMALLOC | GFP_BIT_NOWARN) &            \
	 ~GFP_BITS_RECLAIM)

/* Before 4.4 one bit let a caller sleep; kswapd was woken by all (see gfp_table.inverted). */
#define OLD_WAIT GFP_BIT_DIRECT_RECLAIM
#define OLD_NO_KSWAPD GFP_BIT_KSWAPD_RECLAIM
#define OLD_KERNEL (OLD_WAIT | GFP_BIT_IO | GFP_BIT_FS)
#define OLD_USER (OLD_KERNEL | GFP_BIT_HARDWALL)
#define OLD_HIGHUSER (OLD_USER | GFP_BIT_HIGHMEM)
#define OLD_HIGHUSER_MOVABLE (OLD_HIGHUSER | GFP_BIT_MOVABLE)
#define OLD_TRANSHUGE                                                                         \
	(OLD_HIGHUSER_MOVABLE | GFP_BIT_COMP | GFP_BIT_NOMEMALLOC | GFP_BIT_NORETRY |         \
	 GFP_BIT_NOWARN | OLD_NO_KSWAPD)

static const struct gfp_name names_2_6[] = {
	{ "GFP_TRANSHUGE", OLD_TRANSHUGE },
	{ "GFP_HIGHUSER_MOVABLE", OLD_HIGHUSER_MOVABLE },
	{ "GFP_HIGHUSER", OLD_HIGHUSER },
	{ "GFP_USER", OLD_USER },
	{ "GFP_TEMPORARY", OLD_KERNEL | GFP_BIT_RECLAIMABLE },
	{ "GFP_KERNEL", OLD_KERNEL },
	{ "GFP_NOFS", OLD_WAIT | GFP_BIT_IO },
	{ "GFP_ATOMIC", GFP_BIT_HIGH },
	{ "GFP_NOIO", OLD_WAIT },
	{ "GFP_HIGH", GFP_BIT_HIGH },
	{ "GFP_WAIT", OLD_WAIT },
	{ "GFP_IO", GFP_BIT_IO },
	{ "GFP_COLD", GFP_BIT_COLD },
	{ "GFP_NOWARN", GFP_BIT_NOWARN },
	{ "GFP_REPEAT", GFP_BIT_RETRY_MAYFAIL },
	{ "GFP_NOFAIL", GFP_BIT_NOFAIL },
	{ "GFP_NORETRY", GFP_BIT_NORETRY },
	{ "GFP_COMP", GFP_BIT_COMP },
	{ "GFP_ZERO", GFP_BIT_ZERO },
	{ "GFP_NOMEMALLOC", GFP_BIT_NOMEMALLOC },
	{ "GFP_MEMALLOC", GFP_BIT_MEMALLOC },
	{ "GFP_HARDWALL", GFP_BIT_HARDWALL },
	{ "GFP_THISNODE", GFP_BIT_THISNODE },
	{ "GFP_RECLAIMABLE", GFP_BIT_RECLAIMABLE },
	{ "GFP_KMEMCG", GFP_BIT_ACCOUNT },
	{ "GFP_MOVABLE", GFP_BIT_MOVABLE },
	{ "GFP_NOTRACK", GFP_BIT_NOTRACK },
	{ "GFP_NO_KSWAPD", OLD_NO_KSWAPD },
	{ "GFP_OTHER_NODE", GFP_BIT_OTHER_NODE },
	{ NULL, 0 },
};

static const struct gfp_name names_4_4[] = {
	{ "GFP_TRANSHUGE", (THP_LIGHT | GFP_BIT_DIRECT_RECLAIM | GFP_BIT_NORETRY) },
	{ "GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE },
	{ "GFP_HIGHUSER", HIGHUSER },
	{ "GFP_USER", USER },
	{ "GFP_TEMPORARY", KERNEL | GFP_BIT_RECLAIMABLE },
	{ "GFP_KERNEL", KERNEL },
	{ "GFP_NOFS", NOFS },
	{ "GFP_ATOMIC", GFP_BIT_HIGH | GFP_BIT_ATOMIC | GFP_BIT_KSWAPD_RECLAIM },
	{ "GFP_NOIO", NOIO },
	{ "GFP_HIGH", GFP_BIT_HIGH },
	{ "GFP_IO", GFP_BIT_IO },
	{ "GFP_COLD", GFP_BIT_COLD },
	{ "GFP_NOWARN", GFP_BIT_NOWARN },
	{ "GFP_REPEAT", GFP_BIT_RETRY_MAYFAIL },
	{ "GFP_NOFAIL", GFP_BIT_NOFAIL },
	{ "GFP_NORETRY", GFP_BIT_NORETRY },
	{ "GFP_COMP", GFP_BIT_COMP },
	{ "GFP_ZERO", GFP_BIT_ZERO },
	{ "GFP_NOMEMALLOC", GFP_BIT_NOMEMALLOC },
	{ "GFP_MEMALLOC", GFP_BIT_MEMALLOC },
	{ "GFP_HARDWALL", GFP_BIT_HARDWALL },
	{ "GFP_THISNODE", GFP_BIT_THISNODE },
	{ "GFP_RECLAIMABLE", GFP_BIT_RECLAIMABLE },
	{ "GFP_MOVABLE", GFP_BIT_MOVABLE },
	{ "GFP_NOTRACK", GFP_BIT_NOTRACK },
	{ "GFP_DIRECT_RECLAIM", GFP_BIT_DIRECT_RECLAIM },
	{ "GFP_KSWAPD_RECLAIM", GFP_BIT_KSWAPD_RECLAIM },
	{ "GFP_OTHER_NODE", GFP_BIT_OTHER_NODE },
	{ NULL, 0 },
};

/* What the tables of 4.6 to 6.x have in common, in their order. */
#define COMPOSITES_TO_USER                                                                    \
	{ "GFP_TRANSHUGE", THP_LIGHT | GFP_BIT_DIRECT_RECLAIM },                              \
	{ "GFP_TRANSHUGE_LIGHT", THP_LIGHT },                                                 \
	{ "GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE }, { "GFP_HIGHUSER", HIGHUSER },           \
	{ "GFP_USER", USER }
#define COMPOSITES_TO_NOIO(atomic)                                                            \
	{ "GFP_KERNEL_ACCOUNT", KERNEL | GFP_BIT_ACCOUNT }, { "GFP_KERNEL", KERNEL },         \
	{ "GFP_NOFS", NOFS },                                                                 \
	{ "GFP_ATOMIC", GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM | (atomic) },                   \
	{ "GFP_NOIO", NOIO }
#define ZONE_BITS_TO_HIGH                                                                     \
	{ "GFP_DMA", GFP_BIT_DMA }, { "__GFP_HIGHMEM", GFP_BIT_HIGHMEM },                     \
	{ "GFP_DMA32", GFP_BIT_DMA32 }, { "__GFP_HIGH", GFP_BIT_HIGH }
#define BITS_FROM_NOFAIL                                                                      \
	{ "__GFP_NOFAIL", GFP_BIT_NOFAIL }, { "__GFP_NORETRY", GFP_BIT_NORETRY },             \
	{ "__GFP_COMP", GFP_BIT_COMP }, { "__GFP_ZERO", GFP_BIT_ZERO },                       \
	{ "__GFP_NOMEMALLOC", GFP_BIT_NOMEMALLOC }, { "__GFP_MEMALLOC", GFP_BIT_MEMALLOC },   \
	{ "__GFP_HARDWALL", GFP_BIT_HARDWALL }, { "__GFP_THISNODE", GFP_BIT_THISNODE },       \
	{ "__GFP_RECLAIMABLE", GFP_BIT_RECLAIMABLE }, { "__GFP_MOVABLE", GFP_BIT_MOVABLE },   \
	{ "__GFP_ACCOUNT", GFP_BIT_ACCOUNT }
#define BITS_FROM_WRITE                                                                       \
	{ "__GFP_WRITE", GFP_BIT_WRITE }, { "__GFP_RECLAIM", GFP_BITS_RECLAIM },              \
	{ "__GFP_DIRECT_RECLAIM", GFP_BIT_DIRECT_RECLAIM },                                   \
	{ "__GFP_KSWAPD_RECLAIM", GFP_BIT_KSWAPD_RECLAIM }

/* 4.6 to 4.14: what REPEAT is called, and what came last, changed. */
#define NAMES_4_6(repeat)                                                                     \
	COMPOSITES_TO_USER, { "GFP_TEMPORARY", KERNEL | GFP_BIT_RECLAIMABLE },                \
	COMPOSITES_TO_NOIO(GFP_BIT_ATOMIC), { "GFP_NOWAIT", GFP_BIT_KSWAPD_RECLAIM },         \
	ZONE_BITS_TO_HIGH, { "__GFP_ATOMIC", GFP_BIT_ATOMIC }, { "__GFP_IO", GFP_BIT_IO },    \
	{ "__GFP_FS", GFP_BIT_FS }, { "__GFP_COLD", GFP_BIT_COLD },                           \
	{ "__GFP_NOWARN", GFP_BIT_NOWARN }, { repeat, GFP_BIT_RETRY_MAYFAIL },                \
	BITS_FROM_NOFAIL, { "__GFP_NOTRACK", GFP_BIT_NOTRACK }, BITS_FROM_WRITE

static const struct gfp_name names_4_6[] = {
	NAMES_4_6("__GFP_REPEAT"), { "__GFP_OTHER_NODE", GFP_BIT_OTHER_NODE }, { NULL, 0 }
};

static const struct gfp_name names_4_10[] = { NAMES_4_6("__GFP_REPEAT"), { NULL, 0 } };

static const struct gfp_name names_4_13[] = { NAMES_4_6("__GFP_RETRY_MAYFAIL"), { NULL, 0 } };

static const struct gfp_name names_4_14[] = {
	COMPOSITES_TO_USER,
	COMPOSITES_TO_NOIO(GFP_BIT_ATOMIC),
	{ "GFP_NOWAIT", GFP_BIT_KSWAPD_RECLAIM },
	ZONE_BITS_TO_HIGH,
	{ "__GFP_ATOMIC", GFP_BIT_ATOMIC },
	{ "__GFP_IO", GFP_BIT_IO },
	{ "__GFP_FS", GFP_BIT_FS },
	{ "__GFP_NOWARN", GFP_BIT_NOWARN },
	{ "__GFP_RETRY_MAYFAIL", GFP_BIT_RETRY_MAYFAIL },
	BITS_FROM_NOFAIL,
	BITS_FROM_WRITE,
	{ "__GFP_ZEROTAGS", GFP_BIT_ZEROTAGS },
	{ "__GFP_SKIP_ZERO", GFP_BIT_SKIP_ZERO },
	{ "__GFP_SKIP_KASAN_POISON", GFP_BIT_SKIP_KASAN },
	{ "__GFP_SKIP_KASAN_UNPOISON", GFP_BIT_SKIP_KASAN },
	{ NULL, 0 },
};

#define NAMES_6_3(nowait)                                                                     \
	COMPOSITES_TO_USER, COMPOSITES_TO_NOIO(0), { "GFP_NOWAIT", (nowait) },                \
	ZONE_BITS_TO_HIGH, { "__GFP_IO", GFP_BIT_IO }, { "__GFP_FS", GFP_BIT_FS },            \
	{ "__GFP_NOWARN", GFP_BIT_NOWARN },                                                   \
	{ "__GFP_RETRY_MAYFAIL", GFP_BIT_RETRY_MAYFAIL }, BITS_FROM_NOFAIL,                   \
	BITS_FROM_WRITE, { "__GFP_ZEROTAGS", GFP_BIT_ZEROTAGS },                              \
	{ "__GFP_SKIP_ZERO", GFP_BIT_SKIP_ZERO },                                             \
	{ "__GFP_SKIP_KASAN", GFP_BIT_SKIP_KASAN }, { NULL, 0 }

static const struct gfp_name names_6_3[] = { NAMES_6_3(GFP_BIT_KSWAPD_RECLAIM) };

static const struct gfp_name names_6_11[] = {
	NAMES_6_3(GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN)
};

static const struct gfp_name names_7_2[] = {
	COMPOSITES_TO_USER,
	COMPOSITES_TO_NOIO(0),
	{ "GFP_NOWAIT", GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN },
	{ "GFP_DMA", GFP_BIT_DMA },
	{ "GFP_DMA32", GFP_BIT_DMA32 },
	{ "__GFP_RECLAIM", GFP_BITS_RECLAIM },
	{ "__GFP_DMA", GFP_BIT_DMA },
	{ "__GFP_HIGHMEM", GFP_BIT_HIGHMEM },
	{ "__GFP_DMA32", GFP_BIT_DMA32 },
	{ "__GFP_MOVABLE", GFP_BIT_MOVABLE },
	{ "__GFP_RECLAIMABLE", GFP_BIT_RECLAIMABLE },
	{ "__GFP_HIGH", GFP_BIT_HIGH },
	{ "__GFP_IO", GFP_BIT_IO },
	{ "__GFP_FS", GFP_BIT_FS },
	{ "__GFP_ZERO", GFP_BIT_ZERO },
	{ "__GFP_DIRECT_RECLAIM", GFP_BIT_DIRECT_RECLAIM },
	{ "__GFP_KSWAPD_RECLAIM", GFP_BIT_KSWAPD_RECLAIM },
	{ "__GFP_WRITE", GFP_BIT_WRITE },
	{ "__GFP_NOWARN", GFP_BIT_NOWARN },
	{ "__GFP_RETRY_MAYFAIL", GFP_BIT_RETRY_MAYFAIL },
	{ "__GFP_NOFAIL", GFP_BIT_NOFAIL },
	{ "__GFP_NORETRY", GFP_BIT_NORETRY },
	{ "__GFP_MEMALLOC", GFP_BIT_MEMALLOC },
	{ "__GFP_COMP", GFP_BIT_COMP },
	{ "__GFP_NOMEMALLOC", GFP_BIT_NOMEMALLOC },
	{ "__GFP_HARDWALL", GFP_BIT_HARDWALL },
	{ "__GFP_THISNODE", GFP_BIT_THISNODE },
	{ "__GFP_ACCOUNT", GFP_BIT_ACCOUNT },
	{ "__GFP_ZEROTAGS", GFP_BIT_ZEROTAGS },
	{ "__GFP_SKIP_ZERO", GFP_BIT_SKIP_ZERO },
	{ "__GFP_SKIP_KASAN", GFP_BIT_SKIP_KASAN },
	{ "__GFP_NOLOCKDEP", GFP_BIT_NOLOCKDEP },
	{ "__GFP_NO_OBJ_EXT", GFP_BIT_NO_OBJ_EXT },
	{ NULL, 0 },
};

/* Raw numbers: the low eight bits are alike since 4.4, eight to 23 since 5.0. */
#define RAW_0_7                                                                               \
	GFP_BIT_DMA, GFP_BIT_HIGHMEM, GFP_BIT_DMA32, GFP_BIT_MOVABLE, GFP_BIT_RECLAIMABLE,    \
		GFP_BIT_HIGH, GFP_BIT_IO, GFP_BIT_FS
#define RAW_9_18                                                                              \
	GFP_BIT_NOWARN, GFP_BIT_RETRY_MAYFAIL, GFP_BIT_NOFAIL, GFP_BIT_NORETRY,               \
		GFP_BIT_MEMALLOC, GFP_BIT_COMP, GFP_BIT_ZERO, GFP_BIT_NOMEMALLOC,             \
		GFP_BIT_HARDWALL, GFP_BIT_THISNODE
#define RAW_4_10                                                                              \
	RAW_0_7, GFP_BIT_COLD, RAW_9_18, GFP_BIT_ATOMIC, GFP_BIT_ACCOUNT, GFP_BIT_NOTRACK,    \
		GFP_BIT_DIRECT_RECLAIM, GFP_BIT_WRITE, GFP_BIT_KSWAPD_RECLAIM,                \
		GFP_BIT_NOLOCKDEP
#define RAW_10_23                                                                             \
	GFP_BIT_DIRECT_RECLAIM, GFP_BIT_KSWAPD_RECLAIM, GFP_BIT_WRITE, GFP_BIT_NOWARN,        \
		GFP_BIT_RETRY_MAYFAIL, GFP_BIT_NOFAIL, GFP_BIT_NORETRY, GFP_BIT_MEMALLOC,     \
		GFP_BIT_COMP, GFP_BIT_NOMEMALLOC, GFP_BIT_HARDWALL, GFP_BIT_THISNODE,         \
		GFP_BIT_ACCOUNT, GFP_BIT_ZEROTAGS

static const struct gfp_table tables[GFP_ERA_NR] = {
	[GFP_ERA_2_6] = {
		.era = "2.6.3x .. 4.3",
		.zero = "GFP_NOWAIT",
		.inverted = GFP_BIT_KSWAPD_RECLAIM,
		.names = names_2_6,
		/* As in 3.13; KMEMCG, NO_KSWAPD, OTHER_NODE, WRITE came in the course of 3.x. */
		.raw = { GFP_BIT_DMA, GFP_BIT_HIGHMEM, GFP_BIT_DMA32, GFP_BIT_MOVABLE, OLD_WAIT,
			 GFP_BIT_HIGH, GFP_BIT_IO, GFP_BIT_FS, GFP_BIT_COLD, RAW_9_18,
			 GFP_BIT_RECLAIMABLE, GFP_BIT_ACCOUNT, GFP_BIT_NOTRACK, OLD_NO_KSWAPD,
			 GFP_BIT_OTHER_NODE, GFP_BIT_WRITE },
	},
	[GFP_ERA_4_4] = {
		.era = "4.4 .. 4.5",
		.zero = "GFP_NOWAIT",
		.names = names_4_4,
		.raw = { RAW_0_7, GFP_BIT_COLD, RAW_9_18, GFP_BIT_ATOMIC, GFP_BIT_ACCOUNT,
			 GFP_BIT_NOTRACK, GFP_BIT_DIRECT_RECLAIM, GFP_BIT_OTHER_NODE,
			 GFP_BIT_WRITE, GFP_BIT_KSWAPD_RECLAIM },
	},
	[GFP_ERA_4_6] = {
		.era = "4.6 .. 4.9",
		.zero = "none",
		.names = names_4_6,
		.raw = { RAW_0_7, GFP_BIT_COLD, RAW_9_18, GFP_BIT_ATOMIC, GFP_BIT_ACCOUNT,
			 GFP_BIT_NOTRACK, GFP_BIT_DIRECT_RECLAIM, GFP_BIT_OTHER_NODE,
			 GFP_BIT_WRITE, GFP_BIT_KSWAPD_RECLAIM },
	},
	[GFP_ERA_4_10] = {
		.era = "4.10 .. 4.12",
		.zero = "none",
		.names = names_4_10,
		.raw = { RAW_4_10 },
	},
	[GFP_ERA_4_13] = {
		.era = "4.13 .. 4.14",
		.zero = "none",
		.names = names_4_13,
		.raw = { RAW_4_10 },
	},
	[GFP_ERA_4_14] = {
		.era = "4.15 .. 4.20",
		.zero = "none",
		.names = names_4_14,
		.raw = { RAW_0_7, GFP_BIT_WRITE, RAW_9_18, GFP_BIT_ATOMIC, GFP_BIT_ACCOUNT,
			 GFP_BIT_DIRECT_RECLAIM, GFP_BIT_KSWAPD_RECLAIM, GFP_BIT_NOLOCKDEP },
	},
	[GFP_ERA_5_10] = {
		.era = "5.0 .. 6.2",
		.zero = "none",
		.names = names_4_14,
		.raw = { RAW_0_7, GFP_BIT_ZERO, GFP_BIT_ATOMIC, RAW_10_23, GFP_BIT_SKIP_ZERO,
			 GFP_BIT_SKIP_KASAN, GFP_BIT_SKIP_KASAN, GFP_BIT_NOLOCKDEP },
	},
	[GFP_ERA_6_3] = {
		.era = "6.3 .. 6.10",
		.zero = "none",
		.names = names_6_3,
		.raw = { RAW_0_7, GFP_BIT_ZERO, 0, RAW_10_23, GFP_BIT_NO_OBJ_EXT },
	},
	[GFP_ERA_6_11] = {
		.era = "6.11 .. 7.1",
		.zero = "none",
		.names = names_6_11,
		.raw = { RAW_0_7, GFP_BIT_ZERO, 0, RAW_10_23, GFP_BIT_NO_OBJ_EXT },
	},
	[GFP_ERA_7_2] = {
		.era = "7.2 and later",
		.zero = "none",
		.names = names_7_2,
		.raw = { RAW_0_7, GFP_BIT_ZERO, 0, RAW_10_23, GFP_BIT_NO_OBJ_EXT },
	},
};

const struct gfp_table *gfp_table(enum gfp_era era)
{
	BUG_ON(era >= GFP_ERA_NR);
	return &tables[era];
}
