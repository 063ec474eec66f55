/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abi/slab_flags: numbers that kernels were recorded with, and what their creators asked for. */
#include <config.h>

#include "kmreplay/abi/slab_flags.h"

#include "unit/unit.h"

START_TEST(recorded_flags_are_what_the_source_says)
{
	static const struct row {
		struct kernel_version version;
		uint32_t raw, want;
		const char *cache;
	} rows[] = {
		{ { 6, 1 }, 0x4042000, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN, "eventpoll_epi" },
		{ { 6, 12 }, 0x2110, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN, "eventpoll_epi" },
		{ { 7, 2 }, 0x2110, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN, "eventpoll_epi" },
		{ { 6, 1 }, 0x4120000, SLAB_ACCOUNT | SLAB_RECLAIM_ACCOUNT, "ext4_inode_cache" },
		{ { 6, 12 }, 0x12000, SLAB_ACCOUNT | SLAB_RECLAIM_ACCOUNT, "ext4_inode_cache" },
		{ { 6, 1 }, 0x4082000, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU | SLAB_HWCACHE_ALIGN,
		  "TCP" },
		{ { 6, 12 }, 0x2210, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU | SLAB_HWCACHE_ALIGN,
		  "TCP" },
		{ { 6, 1 }, 0x4000, SLAB_CACHE_DMA, "in zone DMA" },
		{ { 6, 12 }, 0x20, SLAB_CACHE_DMA, "in zone DMA" },
		{ { 6, 12 }, 0x1000, SLAB_NO_MERGE, "alone" },
		{ { 6, 5 }, 0x1000000, SLAB_NO_MERGE, "alone" },
		{ { 6, 8 }, 0x40000, 0, "SLAB_PANIC says nothing" },
		{ { 0, 0 }, 0x10, SLAB_HWCACHE_ALIGN, "an unknown release is a new one" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(slab_flags_decode(rows[i].version, rows[i].raw) == rows[i].want,
			      "%u.%u, 0x%x: %s", rows[i].version.major, rows[i].version.minor,
			      rows[i].raw, rows[i].cache);
}
END_TEST

UNIT_MAIN("slab_flags", recorded_flags_are_what_the_source_says)
