/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of SLAB_* flags: constants until 6.8, an enumeration of what is configured since. */
#include <config.h>

#include "kmreplay/abi/slab_flags.h"

struct flag_bit {
	uint8_t bit;
	uint32_t flag; /* enum slab_flags */
};

/* include/linux/slab.h of 4.19 to 6.8; SLAB_NO_MERGE since 6.5, SLAB_NO_USER_FLAGS since 6.0 */
static const struct flag_bit constants[] = {
	{ 8, SLAB_CONSISTENCY_CHECKS },
	{ 10, SLAB_RED_ZONE },
	{ 11, SLAB_POISON },
	{ 12, SLAB_KMALLOC },
	{ 13, SLAB_HWCACHE_ALIGN },
	{ 14, SLAB_CACHE_DMA },
	{ 15, SLAB_CACHE_DMA32 },
	{ 16, SLAB_STORE_USER },
	{ 17, SLAB_RECLAIM_ACCOUNT },
	{ 19, SLAB_TYPESAFE_BY_RCU },
	{ 21, SLAB_TRACE },
	{ 23, SLAB_NOLEAKTRACE },
	{ 24, SLAB_NO_MERGE },
	{ 25, SLAB_FAILSLAB },
	{ 26, SLAB_ACCOUNT },
	{ 28, SLAB_NO_USER_FLAGS },
};

/* enum _slab_flag_bits of 6.9 to 7.2 */
static const struct flag_bit numbered[] = {
	{ 0, SLAB_CONSISTENCY_CHECKS },
	{ 1, SLAB_RED_ZONE },
	{ 2, SLAB_POISON },
	{ 3, SLAB_KMALLOC },
	{ 4, SLAB_HWCACHE_ALIGN },
	{ 5, SLAB_CACHE_DMA },
	{ 6, SLAB_CACHE_DMA32 },
	{ 7, SLAB_STORE_USER },
	{ 9, SLAB_TYPESAFE_BY_RCU },
	{ 10, SLAB_TRACE },
	{ 11, SLAB_NOLEAKTRACE },
	{ 12, SLAB_NO_MERGE },
	{ 13, SLAB_ACCOUNT },
	{ 14, SLAB_NO_USER_FLAGS },
	{ 16, SLAB_RECLAIM_ACCOUNT },
};

uint32_t slab_flags_decode(struct kernel_version version, uint32_t raw)
{
	const struct kernel_version since = { 6, 9 };
	const bool old = version.major && kernel_version_cmp(version, since) < 0;
	const struct flag_bit *bits = old ? constants : numbered;
	const size_t nr = old ? ARRAY_SIZE(constants) : ARRAY_SIZE(numbered);
	uint32_t flags = 0;

	for (size_t i = 0; i < nr; i++)
		if (raw & 1U << bits[i].bit)
			flags |= bits[i].flag;
	return flags;
}
