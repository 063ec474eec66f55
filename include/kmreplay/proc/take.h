/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The kernel's files as a simulated machine would show them at this moment. Each allocator fills in
 * the files that are its own and leaves the others alone, so that one that runs without the others
 * can be looked at, too. Nothing here changes an allocator; numbers that a simulation does not have
 * (what the disk did, who scanned which page) stay as the snapshot has them: 0 in an empty one.
 */
#ifndef KMREPLAY_PROC_TAKE_H
#define KMREPLAY_PROC_TAKE_H

#include <stdint.h>

struct machine;
struct page_allocator;
struct proc_snapshot;
struct slab_allocator;
struct str;
struct vmalloc;

/** Appends what cache "cache" is called by those who use it; or nothing. */
typedef void proc_cache_name_fn(const void *ctx, uint32_t cache, struct str *out);

/**
 * buddyinfo, pagetypeinfo, zoneinfo, extfrag_index and unusable_index, in the form of the
 * snapshot's release; where that is unknown it becomes the allocator's. Migratetypes and counters
 * that the snapshot has already stay; else all are there that kernels of that release have, and
 * CMA if there is such memory.
 */
void proc_take_pages(struct proc_snapshot *snap, const struct page_allocator *pages);
/**
 * slabinfo, newest cache first, sys_slab and sys_slab_static (but for what a simulation does not
 * know: usersize, ctor, remote_node_defrag_ratio), and pages of slabs in zoneinfo if that was taken
 * before. Walks all slabs.
 */
void proc_take_slab(struct proc_snapshot *snap, const struct slab_allocator *slab);
/** The same with other names, where "name" gives one. */
void proc_take_slab_named(struct proc_snapshot *snap, const struct slab_allocator *slab,
			  proc_cache_name_fn *name, const void *ctx);
/**
 * vmallocinfo: areas in use in the order in which that release lists them, then those freed and
 * not purged; who asked for them is not known. And the pages behind them in zoneinfo, if that was
 * taken before and has such a line.
 */
void proc_take_vmalloc(struct proc_snapshot *snap, const struct vmalloc *areas);
/** All of it; "name" and "ctx" as above, may be NULL. */
void proc_take_machine(struct proc_snapshot *snap, struct machine *machine,
		       proc_cache_name_fn *name, const void *ctx);

#endif
