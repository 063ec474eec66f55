/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * When CPUs were idle, as far as gaps between their events tell. A CPU that stops its tick books
 * what it has not booked yet of its counters (quiet_vmstat()), and has no event for it.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_IDLE_H
#define KMREPLAY_SRC_VERIFY_PAGE_IDLE_H

#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"

struct idle_look {
	struct vec(struct idle_cpu {
		uint64_t time; /**< of its last event, ns; 0: none yet */
		int32_t pid;
	}) cpus;
};

void idle_look_deinit(struct idle_look *look);
/** The next event; true: its CPU seems to have been idle before it. */
bool idle_look_event(struct idle_look *look, const struct event *ev);

#endif
