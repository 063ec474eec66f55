/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files that take snapshots of allocators share: rows of zoneinfo and their counters.
 */
#ifndef KMREPLAY_PROC_TAKE_INTERNAL_H
#define KMREPLAY_PROC_TAKE_INTERNAL_H

#include "kmreplay/mm/machine_config.h"
#include "kmreplay/proc/snapshot.h"

/** The row of that zone, as it is or new at the end; valid until the next is added. */
struct proc_zone *take_zone_row(struct proc_snapshot *snap, struct proc_zone_id id);
/**
 * Gives a populated zone the counters that a kernel of the snapshot's release has, and those of its
 * node if it is the node's first, each with what is known of it already, or 0.
 */
void take_counters(struct proc_snapshot *snap, struct proc_zone *zone, enum machine_arch arch);

/** Sets the counter "name" of the zone's own; the kernel of that release may not have it. */
void take_set_counter(struct proc_zone *zone, const char *name, uint64_t value);
/** The same of a node's counters, if the snapshot has its zones. */
void take_set_node_counter(struct proc_snapshot *snap, int node, const char *name,
			   uint64_t value);

#endif
