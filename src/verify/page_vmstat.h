/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * When the vmstat worker runs on each CPU, which has no event. vmstat_update() queues itself for
 * the next full second of jiffies, moved by three jiffies a CPU (round_jiffies_relative()). Its
 * work is deferrable: on a CPU that idles it waits for the next thing that happens there. Where the
 * second begins, the pages tell that the worker drains from lists that have grown too long.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_VMSTAT_H
#define KMREPLAY_SRC_VERIFY_PAGE_VMSTAT_H

#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

/** Looking ahead: where the second begins. Zeroed: nothing seen. */
struct page_vmstat_look {
	bool seen;
	uint64_t phase;        /**< ns into a second of the recording's clock, for CPU 0 */
	/** By CPU: context of the last free; what drains pages there is that, or the worker. */
	struct vec(uint64_t) frees;
};

void page_vmstat_look_deinit(struct page_vmstat_look *look);
void page_vmstat_look(struct page_vmstat_look *look, const struct event_names *names,
		      const struct event *ev);

/** A run of the worker, before event "number" has its effect. */
struct page_vmstat_run {
	uint64_t number;
	uint16_t cpu;
};

/** Set "phase", the rest is zero at first. */
struct page_vmstat {
	uint64_t phase;
	struct vec(uint64_t) next; /**< by CPU: when it is due, ns; 0: not known */
	struct vec(struct page_vmstat_run) runs; /**< ascending, those before "done" are over */
	size_t done;
};

void page_vmstat_deinit(struct page_vmstat *vmstat);
/** The next event of the recording. */
void page_vmstat_event(struct page_vmstat *vmstat, const struct event *ev, uint64_t number);
/** The next run before event "number" has its effect: its CPU in "*cpu"; false: there is none. */
bool page_vmstat_next(struct page_vmstat *vmstat, uint64_t number, unsigned int *cpu);

#endif
