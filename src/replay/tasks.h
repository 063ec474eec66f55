/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which task asked for which pages of user memory and page tables: what the OOM killer weighs
 * tasks by, and what a killed one gives back. Knows slots and counts only; freeing is its user's
 * business.
 */
#ifndef KMREPLAY_REPLAY_TASKS_H
#define KMREPLAY_REPLAY_TASKS_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"

#define TASK_NONE UINT32_MAX

struct task_link {
	uint32_t prev, next; /**< slots; TASK_NONE at the ends */
};

struct task {
	int32_t pid;
	uint32_t head, tail; /**< slots, oldest first; TASK_NONE: it holds nothing */
	uint64_t pages;
};

struct tasks {
	struct u64map by_pid;             /**< to index in "all"; tasks with pages only */
	struct vec(struct task) all;
	struct vec(uint32_t) unused;      /**< indices of "all" to use again */
	struct vec(struct task_link) links; /**< by slot */
	uint32_t last; /**< the task that asked last: nearly always the next one, too */
};

void tasks_init(struct tasks *tasks);
void tasks_deinit(struct tasks *tasks);
/**
 * "slot", of "nr_pages" pages, is "pid"'s. Returns the task, which is to be given back; TASK_NONE
 * for those that nobody may kill (the idle task and init): then nothing is noted.
 */
uint32_t tasks_add(struct tasks *tasks, int32_t pid, uint32_t slot, uint64_t nr_pages);
/** "slot" is "task"'s no more; "task" may be TASK_NONE. */
void tasks_remove(struct tasks *tasks, uint32_t task, uint32_t slot, uint64_t nr_pages);
/** The task with most pages; TASK_NONE: no task has any. */
uint32_t tasks_largest(const struct tasks *tasks);
/** Its oldest slot; TASK_NONE: none is left. */
uint32_t tasks_oldest_slot(const struct tasks *tasks, uint32_t task);

#endif
