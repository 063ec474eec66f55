/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All files of a machine at once. */
#include <config.h>

#include "kmreplay/proc/take.h"

#include "kmreplay/mm/machine.h"

void proc_take_machine(struct proc_snapshot *snap, struct machine *machine,
		       proc_cache_name_fn *name, const void *ctx)
{
	/* First, since the others add to its zones. */
	proc_take_pages(snap, machine_pages(machine));
	proc_take_slab_named(snap, machine_slab(machine), name, ctx);
	proc_take_vmalloc(snap, machine_vmalloc(machine));
}
