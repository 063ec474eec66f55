/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Areas of the vmalloc and module ranges, worked out from what their bookkeeping shows, for
 * recordings (or parts of them) in which no event of vmalloc tells of them.
 *
 * An area is a struct vm_struct, one record (struct vmap_area) or two, an array of pages and the
 * pages: all but most of the pages are objects, and those have events. Call sites tell which object
 * is what; the array tells how many pages there are; the same objects are freed at the end. What
 * nobody sees is the size of an area whose pages are somebody else's (ioremap(), vmap()), and how
 * many pages exactly an array has that is itself an area.
 */
#ifndef KMREPLAY_REPLAY_AREA_GUESS_H
#define KMREPLAY_REPLAY_AREA_GUESS_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/vmalloc_follow.h"

/** What an area is for, as far as its signs tell. */
#define AREA_GUESS_KINDS(X)                                                                     \
	X(PAGES, "vmalloc", "its array of pages tells the size")                                \
	X(ARRAY, "array", "it holds the array of another one, whose size it bounds")            \
	X(STACK, "stack", "four pages behind a new task's record")                              \
	X(MODULE, "module", "its neighbours are those of a module, or of machine code")         \
	X(IOREMAP, "ioremap", "no array; a memory type was reserved before it")                 \
	X(MAPPED, "vmap", "no array: the pages are somebody else's")                            \
	X(BLOCK, "block", "no struct vm_struct: a block of vm_map_ram()")

enum area_guess_kind {
#define X(suffix, name, help) AREA_GUESS_##suffix,
	AREA_GUESS_KINDS(X)
#undef X
	AREA_GUESS_KIND_NR,
};

/** "vmalloc", and what tells it. */
const char *area_guess_kind_name(enum area_guess_kind kind);
const char *area_guess_kind_help(enum area_guess_kind kind);

enum { AREA_GUESS_NONE = UINT32_MAX };

/**
 * How an area was cut from a free range, as records tell. A cut out of the middle takes the one
 * that the CPU had put by, so the CPU's next area puts by another; a range that goes as a whole
 * gives its record back; areas out of a pool need none.
 */
enum area_cut { AREA_CUT_UNKNOWN, AREA_CUT_POOL, AREA_CUT_WHOLE, AREA_CUT_EDGE, AREA_CUT_MIDDLE };

struct area_guess {
	uint64_t number;   /**< of the event behind which addresses were searched */
	uint64_t end;      /**< of the event before which it was freed; UINT64_MAX: it was not */
	uint64_t nr_pages; /**< its own; 0: nothing tells */
	uint64_t told_number; /**< of an event of its own; UINT64_MAX: there is none */
	uint64_t told_addr, told_size, told_align; /**< as it tells; align 0: it does not */
	uint64_t freed_addr; /**< as an event tells of its end; 0: there is none */
	uint64_t array;    /**< event of the array of pages; UINT64_MAX: none */
	uint64_t nr_freed; /**< pages that the task freed, one after the other, before the array */
	uint32_t inner;	   /**< index of the area that holds its array, or AREA_GUESS_NONE */
	uint32_t outer;	   /**< index of the area whose array it holds, or AREA_GUESS_NONE */
	uint32_t before;   /**< the same, of the task's last one, if nothing lay between the two */
	int32_t pid;
	uint32_t gfp;	   /**< of the request, but for ZERO: what the struct vm_struct had */
	uint16_t cpu, end_cpu;
	uint8_t kind;	   /**< enum area_guess_kind */
	uint8_t nr_records; /**< 0: out of a pool; 2: one more was put by for the next cut */
	uint8_t cut;	   /**< enum area_cut */
	bool bounded;	   /**< nr_pages is the most that there can be */
	bool huge;	   /**< blocks of 2 MiB were asked for behind the array */
};

/** A beginning or an end, for who goes through a recording. */
struct area_guess_turn {
	uint64_t number;
	uint32_t index;
};

/** What a task does that may become an area. */
struct area_guess_task {
	struct event vm;	 /**< its last kmalloc, if nothing came since; without a symbol */
	uint64_t vm_number;
	uint32_t open, outer;	 /**< indices of guesses being made, or AREA_GUESS_NONE */
	uint32_t last;		 /**< the last one made, if nothing came since, or the same */
	uint8_t signs;		 /**< of the last few object events: enum area_guess_signs */
	uint8_t fading;		 /**< object events until "signs" are forgotten */
	bool new_task;		 /**< the last one was a task's record */
	uint64_t run_start;	 /**< first of the frees of pages going on; UINT64_MAX: none */
	uint64_t run_pages;
	uint64_t freed_addr;	 /**< of the last area that it was told to free; 0: none */
};

struct area_guesses {
	const struct event_names *names;
	bool long_is_32;
	uint64_t number;	    /**< of the next event */
	uint64_t first_told;	    /**< first event that tells of an area; UINT64_MAX: none */
	uint64_t first_told_free;   /**< the same, of its end */
	uint64_t nr_told, nr_told_alone; /**< areas with an event; of them without other signs */
	uint64_t nr_unseen_frees;   /**< arrays freed of areas from before the recording */
	struct vec(struct area_guess) all; /**< by the first event of each */
	/** By number, once area_guesses_finish() was called. */
	struct vec(struct area_guess_turn) begins, ends;

	struct u64map live;	    /**< object (struct vm_struct, array) to index in "all" */
	struct u64map task_of;	    /**< task to index in "tasks" */
	struct vec(struct area_guess_task) tasks;
	struct vec(uint32_t) last_cut; /**< by CPU: index + 1 of its last area out of a range */
	struct vec(uint8_t) role_of; /**< by call site: enum of area_guess.c */
};

struct proc_vmallocinfo;

/** What is known of areas beside their own events. */
struct area_known {
	const struct area_guesses *guesses; /**< NULL: nothing was looked at */
	const struct proc_vmallocinfo *rows; /**< areas at some moment; NULL: no file tells */
	uint64_t moment;		    /**< event before which they were read */
};

/** "names" are those of the events to come, filled as they come. */
void area_guesses_init(struct area_guesses *g, const struct event_names *names, bool long_is_32);
void area_guesses_deinit(struct area_guesses *g);
/** The events of the recording, in its order, repaired or not. */
void area_guesses_feed(struct area_guesses *g, const struct event *events, size_t nr);
/** All were fed. */
void area_guesses_finish(struct area_guesses *g);

/**
 * The request for the area of "nr_pages" pages (0: as few as its kind can have) that "guess" is, on
 * "v", a machine of "arch": all but the range of addresses.
 */
struct vmap_call area_guess_call(const struct vmalloc *v, const struct area_guess *guess,
				 uint64_t nr_pages, enum machine_arch arch);
/** Nothing else tells of guess "guess": no event of its own, and none would. */
bool area_guess_is_alone(const struct area_guesses *g, const struct area_guess *guess);

#endif
