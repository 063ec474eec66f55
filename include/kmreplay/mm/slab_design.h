/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which slab allocator a machine has: SLUB with cpu slabs, SLUB with sheaves (since 7.0), SLAB
 * (until 6.7), SLOB (until 6.3), or the small SLUB that is built with CONFIG_SLUB_TINY (since 6.2).
 * Here each can be asked for on any recording; its rules are then those of the nearest release that
 * has it.
 */
#ifndef KMREPLAY_MM_SLAB_DESIGN_H
#define KMREPLAY_MM_SLAB_DESIGN_H

#include "kmreplay/mm/machine_config.h"

struct slab_allocator;

enum slab_design {
	SLAB_DESIGN_SLUB,    /**< mm/slub.c with cpu slabs */
	SLAB_DESIGN_SHEAVES, /**< mm/slub.c with sheaves */
	SLAB_DESIGN_SLAB,    /**< mm/slab.c: arrays of free objects in front of slabs */
	SLAB_DESIGN_SLOB,    /**< mm/slob.c: a heap, first fit; caches own nothing */
	SLAB_DESIGN_TINY,    /**< mm/slub.c with CONFIG_SLUB_TINY: nothing per CPU, nothing kept */
	SLAB_DESIGN_NR,
};

/** "slub"; NULL from SLAB_DESIGN_NR on. */
const char *slab_design_name(unsigned int design);
/** That of "config", or, when that leaves it open, that of its kernel. */
enum slab_design slab_design_of(const struct machine_config *config);
/** It is the one that the kernel of "config" has by default. */
bool slab_design_is_own(const struct machine_config *config);
/** The release whose slab allocator "config" has: its kernel, or the nearest with that design. */
struct kernel_version slab_design_kernel(const struct machine_config *config);

/* What only some designs are asked. */

/**
 * A clock, which only goes on, shows "now_ns": what is to be done in the background by then is done
 * (SLAB gives back what lies idle). Returns when it wants to be told again; UINT64_MAX: never.
 */
uint64_t slab_tick(struct slab_allocator *slab, uint64_t now_ns);
/** Bytes that the live object at "addr" takes, a size in front of it included; 0: none is. */
uint64_t slab_stride(const struct slab_allocator *slab, uint64_t addr);

#endif
