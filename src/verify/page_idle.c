/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Idle CPUs. A tick that finds nothing to do is the last one for a while; so a CPU without events
 * for longer than some ticks, which then does something for another task, has most likely been
 * idle. A task that goes on where it was may just have computed.
 */
#include <config.h>

#include "page_idle.h"

enum { TICKS = 10000000 }; /* ns: two and a half ticks at 250 Hz, one at 100 */

void idle_look_deinit(struct idle_look *look)
{
	vec_deinit(&look->cpus);
}

bool idle_look_event(struct idle_look *look, const struct event *ev)
{
	struct idle_cpu *cpu;
	bool idle;

	vec_extend_zeroed(&look->cpus, ev->cpu + 1U);
	cpu = &look->cpus.items[ev->cpu];
	idle = cpu->time && ev->time > cpu->time && ev->time - cpu->time > TICKS &&
	       ev->pid != cpu->pid;
	cpu->time = ev->time;
	cpu->pid = ev->pid;
	return idle;
}
