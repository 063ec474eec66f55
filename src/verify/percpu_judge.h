/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the percpu judge share. */
#ifndef KMREPLAY_VERIFY_PERCPU_JUDGE_H
#define KMREPLAY_VERIFY_PERCPU_JUDGE_H

#include "areas_look.h"
#include "places.h"

/** A chunk that was created, for a request that is still to come. */
struct percpu_coming {
	struct event ev;
	uint64_t number;
	bool pending;
};

/** Pages that a task took for an area whose event is still to come. */
struct percpu_task_pages {
	int32_t pid;
	uint64_t nr;
	uint64_t maybe; /**< with NOWARN, so that they look like vmalloc's */
	uint64_t used;	/**< when last; 0: never */
};

enum { PERCPU_TASKS = 32 };

struct percpu_judge {
	struct verify_log *log;
	const struct verify_setup *setup;
	const struct areas_look *look; /**< may be NULL */
	bool given_start;
	bool hashed; /**< bases are hashes */
	struct percpu *p;
	uint64_t number; /**< of the event at hand */
	uint64_t unit_size;

	struct places chunks; /**< by base; none of ours stands for two */
	uint64_t next_ours;	     /**< base for the next chunk of ours */
	uint64_t old_end;	     /**< chunks of ours below were there at the start */
	uint64_t first, reserved;    /**< bases of boot's chunks in ours */
	bool first_met;		     /**< the first chunk of boot has its pair */
	struct percpu_coming coming; /**< following */
	uint64_t wanted; /**< following: recorded base of what the balance work creates */
	bool created;	 /**< it did */

	unsigned int nr_cpus; /**< of the recorded machine: ours has one */
	struct {
		struct percpu_task_pages tasks[PERCPU_TASKS];
		uint64_t clock;
		uint64_t by_work;	     /**< recorded ones of the balance work */
		uint64_t ours, ours_by_work; /**< of one CPU, by requests and by the work */
		bool recorded;		     /**< there are events of pages */
	} pages; /**< following */

	/* Free-running: chunks by number, of which the n-th stand for each other. */
	struct vec(uint64_t) recorded_made, ours_made; /**< bases; bit 0 of neither is set */
	struct vec(uint64_t) made_at, gone_at;	       /**< events of the recorded ones */
	size_t nr_paired;
	struct places objects; /**< by pointer */
};

/** The base of ours for the chunk recorded at "base"; 0: there is none. */
uint64_t percpu_judge_ours(const struct percpu_judge *j, uint64_t base);
/** "ours" stands for the chunk recorded at "recorded" from now on. */
void percpu_judge_pair(struct percpu_judge *j, uint64_t recorded, uint64_t ours);
/** A base for one more chunk, that no other has or had. */
uint64_t percpu_judge_new_base(struct percpu_judge *j);

/* percpu_start.c */

/** The chunks of boot, and what is in use at the first event. */
void percpu_judge_start(struct percpu_judge *j);

/* percpu_pages.c */

/** A page was taken, maybe for percpu. */
void percpu_judge_page(struct percpu_judge *j, const struct event *ev, const struct repair_op *op);
/** A request has been followed: its pages are judged. */
void percpu_judge_populated(struct percpu_judge *j, const struct event *ev);
/** The work behind requests runs. */
void percpu_judge_balance(struct percpu_judge *j, unsigned int cpu);
void percpu_judge_pages_finish(struct percpu_judge *j);

/* percpu_tell.c */

void percpu_tell_alloc(const struct percpu_judge *j, struct verify_story *story,
		       const struct event *ev, const struct percpu_choice *choice);
void percpu_tell_chunk(const struct percpu_judge *j, struct verify_story *story, uint64_t base,
		       bool predicted);

#endif
