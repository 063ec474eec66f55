/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * GFP masks in one numbering for all kernels.
 *
 * Bit numbers moved between releases and one word means different bits in different releases, so
 * a mask is brought into this form where it enters the program (from names by the spelling of its
 * kernel, from raw numbers by the release or by the recording's own format file) and every room
 * behind the readers knows only this one. The low 24 bits are those of Linux 6.1 and 6.12
 * (include/linux/gfp_types.h); above them stand bits whose number depends on the configuration and
 * bits of older kernels that no longer exist.
 */
#ifndef KMREPLAY_ABI_GFP_H
#define KMREPLAY_ABI_GFP_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/str.h"

enum gfp_bits {
	GFP_BIT_DMA = 1U << 0,
	GFP_BIT_HIGHMEM = 1U << 1,
	GFP_BIT_DMA32 = 1U << 2,
	GFP_BIT_MOVABLE = 1U << 3,
	GFP_BIT_RECLAIMABLE = 1U << 4,
	GFP_BIT_HIGH = 1U << 5,
	GFP_BIT_IO = 1U << 6,
	GFP_BIT_FS = 1U << 7,
	GFP_BIT_ZERO = 1U << 8,
	GFP_BIT_ATOMIC = 1U << 9, /**< until 6.2 */
	GFP_BIT_DIRECT_RECLAIM = 1U << 10,
	GFP_BIT_KSWAPD_RECLAIM = 1U << 11,
	GFP_BIT_WRITE = 1U << 12,
	GFP_BIT_NOWARN = 1U << 13,
	GFP_BIT_RETRY_MAYFAIL = 1U << 14, /**< __GFP_REPEAT before 4.13 */
	GFP_BIT_NOFAIL = 1U << 15,
	GFP_BIT_NORETRY = 1U << 16,
	GFP_BIT_MEMALLOC = 1U << 17,
	GFP_BIT_COMP = 1U << 18,
	GFP_BIT_NOMEMALLOC = 1U << 19,
	GFP_BIT_HARDWALL = 1U << 20,
	GFP_BIT_THISNODE = 1U << 21,
	GFP_BIT_ACCOUNT = 1U << 22, /**< also __GFP_KMEMCG of 3.x */
	GFP_BIT_ZEROTAGS = 1U << 23,
	GFP_BIT_NO_OBJ_EXT = 1U << 24,
	GFP_BIT_NOLOCKDEP = 1U << 25,
	GFP_BIT_SKIP_ZERO = 1U << 26,
	GFP_BIT_SKIP_KASAN = 1U << 27,
	GFP_BIT_COLD = 1U << 28,       /**< until 4.14 */
	GFP_BIT_NOTRACK = 1U << 29,    /**< until 4.14 */
	GFP_BIT_OTHER_NODE = 1U << 30, /**< until 4.13 */
	GFP_BIT_UNKNOWN = 1U << 31,    /**< a name or bit that has no meaning here */
};

#define GFP_BITS_RECLAIM (GFP_BIT_DIRECT_RECLAIM | GFP_BIT_KSWAPD_RECLAIM)
#define GFP_BITS_KERNEL (GFP_BITS_RECLAIM | GFP_BIT_IO | GFP_BIT_FS)

/**
 * X(suffix, name, meaning): classes of masks, by what the caller lets the allocator do. Reports
 * group by them, since a handful says more than a hundred masks.
 */
#define GFP_CLASSES(X)                                                                        \
	X(ATOMIC, "atomic", "may not sleep, may use reserves")                                \
	X(NOWAIT, "nowait", "may not sleep, wakes kswapd")                                    \
	X(NONE, "none", "may not sleep, wakes nobody")                                        \
	X(NOIO, "noio", "may sleep, may not start I/O")                                       \
	X(NOFS, "nofs", "may sleep and start I/O, may not enter the file system")             \
	X(KERNEL, "kernel", "may do all that, for the kernel")                                \
	X(USER, "user", "the same for user space, movable or not")

enum gfp_class {
#define X(suffix, name, meaning) GFP_CLASS_##suffix,
	GFP_CLASSES(X)
#undef X
	GFP_CLASS_NR,
};

/**
 * Kernels that spell or number their masks alike. Converted recordings hold these numbers, so new
 * ones come last whatever their age.
 */
enum gfp_era {
	GFP_ERA_2_6,  /**< 2.6.3x .. 4.3: GFP_WAIT, names without __ */
	GFP_ERA_4_4,  /**< 4.4 .. 4.5: split reclaim bits, old names */
	GFP_ERA_4_6,  /**< 4.6 .. 4.9 */
	GFP_ERA_4_14, /**< 4.15 .. 4.20 */
	GFP_ERA_5_10, /**< 5.0 .. 6.2: bits renumbered, __GFP_ATOMIC still there */
	GFP_ERA_6_3,  /**< 6.3 .. 6.10: no __GFP_ATOMIC, GFP_NOWAIT without NOWARN */
	GFP_ERA_6_11, /**< 6.11 .. 7.1: GFP_NOWAIT has NOWARN */
	GFP_ERA_7_2,  /**< 7.2: other print order, all bits named */
	GFP_ERA_4_10, /**< 4.10 .. 4.12: no OTHER_NODE, which moved two bits */
	GFP_ERA_4_13, /**< 4.13 .. 4.14: RETRY_MAYFAIL in place of REPEAT */
	GFP_ERA_NR,
};

/** The era of release "major"."minor"; the newest one for releases to come. */
enum gfp_era gfp_era_of_release(unsigned int major, unsigned int minor);
/** A release typical of "era": what a recording is taken for when only the era is known. */
struct kernel_version gfp_era_kernel(enum gfp_era era);
/** "6.11 .. 7.1" */
const char *gfp_era_name(enum gfp_era era);

/**
 * The mask written as "text" ("len" bytes): names of "era" and hexadecimal numbers joined by '|',
 * or "none". A name that "era" lacks is looked up in the other eras, newest first. When nothing is
 * known under it, GFP_BIT_UNKNOWN is set and "*unknown" (unless NULL) receives where it begins in
 * "text" and "*unknown_len" its length.
 */
uint32_t gfp_parse(enum gfp_era era, const char *text, size_t len, const char **unknown,
		   size_t *unknown_len);
/** The mask of a raw number as a kernel of "era" keeps it (default configuration of that era). */
uint32_t gfp_from_raw(enum gfp_era era, uint64_t raw);
/** The other way round; bits that "era" lacks are dropped. */
uint64_t gfp_to_raw(enum gfp_era era, uint32_t gfp);
/**
 * What a mask written as this one name means ("__GFP_ZERO", "GFP_KERNEL"); 0 when "era" has no such
 * name. Before 4.4 any mask but __GFP_NO_KSWAPD wakes kswapd, so the bit is in there.
 */
uint32_t gfp_bits_of_name(enum gfp_era era, const char *name, size_t len);
/**
 * Appends the mask as a kernel of "era" prints it in a trace, "none" for 0 ("GFP_NOWAIT" before
 * 4.6). Bits that "era" lacks are written by the name they have elsewhere, GFP_BIT_UNKNOWN as
 * "__GFP_UNKNOWN", so that gfp_parse() gives the same mask back.
 */
void gfp_print(enum gfp_era era, uint32_t gfp, struct str *out);

/** The class of a mask. */
enum gfp_class gfp_class(uint32_t gfp);
/** "atomic"; "may not sleep, may use reserves"; "?" when out of range. */
const char *gfp_class_name(enum gfp_class class);
const char *gfp_class_meaning(enum gfp_class class);

#endif
