/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue of slots a task, linked by slot; a task is forgotten when it holds nothing. */
#include <config.h>

#include "tasks.h"

#include <string.h>

enum { INIT_PID = 1 };

static uint32_t task_of(struct tasks *tasks, int32_t pid);

void tasks_init(struct tasks *tasks)
{
	memset(tasks, 0, sizeof(*tasks));
	u64map_init(&tasks->by_pid);
	tasks->last = TASK_NONE;
}

void tasks_deinit(struct tasks *tasks)
{
	u64map_deinit(&tasks->by_pid);
	vec_deinit(&tasks->all);
	vec_deinit(&tasks->unused);
	vec_deinit(&tasks->links);
}

uint32_t tasks_add(struct tasks *tasks, int32_t pid, uint32_t slot, uint64_t nr_pages)
{
	struct task *task;
	uint32_t index;

	if (pid <= INIT_PID)
		return TASK_NONE;
	index = task_of(tasks, pid);
	task = &tasks->all.items[index];
	vec_extend_zeroed(&tasks->links, (size_t)slot + 1);
	tasks->links.items[slot] = (struct task_link){ .prev = task->tail, .next = TASK_NONE };
	if (task->tail == TASK_NONE)
		task->head = slot;
	else
		tasks->links.items[task->tail].next = slot;
	task->tail = slot;
	task->pages += nr_pages;
	return index;
}

void tasks_remove(struct tasks *tasks, uint32_t index, uint32_t slot, uint64_t nr_pages)
{
	struct task_link link;
	struct task *task;

	if (index == TASK_NONE)
		return;
	link = tasks->links.items[slot];
	task = &tasks->all.items[index];
	if (link.prev == TASK_NONE)
		task->head = link.next;
	else
		tasks->links.items[link.prev].next = link.next;
	if (link.next == TASK_NONE)
		task->tail = link.prev;
	else
		tasks->links.items[link.next].prev = link.prev;
	task->pages -= nr_pages;
	if (task->head != TASK_NONE)
		return;
	u64map_remove(&tasks->by_pid, (uint64_t)task->pid);
	vec_push(&tasks->unused, index);
	if (tasks->last == index)
		tasks->last = TASK_NONE;
}

uint32_t tasks_largest(const struct tasks *tasks)
{
	uint32_t largest = TASK_NONE;

	for (uint32_t i = 0; i < tasks->all.nr; i++) {
		uint64_t pages = tasks->all.items[i].pages;

		if (pages && (largest == TASK_NONE || pages > tasks->all.items[largest].pages))
			largest = i;
	}
	return largest;
}

uint32_t tasks_oldest_slot(const struct tasks *tasks, uint32_t task)
{
	return tasks->all.items[task].head;
}

static uint32_t task_of(struct tasks *tasks, int32_t pid)
{
	const struct task fresh_task = { .pid = pid, .head = TASK_NONE, .tail = TASK_NONE };
	uint32_t *at;
	bool fresh;

	if (tasks->last != TASK_NONE && tasks->all.items[tasks->last].pid == pid)
		return tasks->last;
	at = u64map_insert(&tasks->by_pid, (uint64_t)pid, &fresh);
	if (fresh && tasks->unused.nr) {
		*at = tasks->unused.items[--tasks->unused.nr];
		tasks->all.items[*at] = fresh_task;
	} else if (fresh) {
		*at = (uint32_t)tasks->all.nr;
		vec_push(&tasks->all, fresh_task);
	}
	tasks->last = *at;
	return *at;
}
