/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A host for scenarios: the kernel's calls for memory by their names, on a simulated machine.
 *
 * A call that the kernel would warn of or crash at (freeing what is not allocated, a cache that
 * was destroyed) is a mistake: it is reported, changes nothing, and the scenario goes on.
 */
#ifndef KMREPLAY_SCENARIO_MACHINE_H
#define KMREPLAY_SCENARIO_MACHINE_H

#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/outcome.h"
#include "kmreplay/scenario/scenario.h"

struct scenario_machine;

/** What happened, for who shows it. */
enum scenario_event {
	SCENARIO_CALLED,   /**< "kmalloc(100, GFP_KERNEL) = 0x..." */
	SCENARIO_INTERRUPTED, /**< what was to run later ("after", at "place") begins now */
	SCENARIO_SECTION,
	SCENARIO_PRINTED,
	SCENARIO_MET,      /**< an expectation */
	SCENARIO_MISSED,
	SCENARIO_MISTAKE,  /**< of the code that the scenario shows, and nobody expected it */
};

/** A call's result. */
struct scenario_called {
	const char *text;         /**< the call, with its arguments' values */
	struct mm_outcome out;
	const char *detail;       /**< "kmalloc-128, pfn 0x1234, DMA32"; "" */
	const char *failure;      /**< in words; NULL: it did not fail */
};

struct scenario_sink {
	/** "called" with SCENARIO_CALLED only, else "text" but with INTERRUPTED; no place: NULL. */
	void (*tell)(void *ctx, enum scenario_event event, const struct scenario_place *place,
		     const char *text, const struct scenario_called *called);
	/** Asked between statements: true ends the run. May be NULL. */
	bool (*stop)(void *ctx);
};

/**
 * A host without a machine yet: its functions and constants can be read. "explain": calls are told
 * with their details, which costs time. "sink" and "ctx" must outlive it.
 */
MUST_CHECK struct scenario_machine *scenario_machine_create(const struct scenario_sink *sink,
							    void *ctx, bool explain);
/** NULL is fine. */
void scenario_machine_destroy(struct scenario_machine *m);
const struct scenario_host *scenario_machine_host(void);
/** Builds the machine; false and "err" when "config" describes none. */
MUST_CHECK bool scenario_machine_start(struct scenario_machine *m,
				       const struct machine_config *config, struct error *err);
/** Every invariant of the machine holds; false and "err": a bug in kmreplay. */
MUST_CHECK bool scenario_machine_check(const struct scenario_machine *m, struct error *err);
/** A mistake of the last call that no expectation has asked for is told now. */
void scenario_machine_finish(struct scenario_machine *m);

struct scenario_totals {
	uint64_t nr_calls, nr_failed; /**< calls that allocate or free; of them failed */
	uint64_t nr_met, nr_missed;   /**< expectations */
	uint64_t nr_mistakes;
	uint64_t cost_ns;             /**< of all calls */
};
const struct scenario_totals *scenario_machine_totals(const struct scenario_machine *m);
/** A call that the machine heard of (mm/tap.h), and from where it came. */
struct scenario_tapped {
	const struct mm_tapped *call;
	uint64_t now_ns;
	struct scenario_place place; /**< of the scenario's call that led to it; line 0: none did */
	bool softirq, hardirq;
	const char *task; /**< its name; NULL: the scenario gives none */
	int32_t pid;
};
typedef void scenario_tap_fn(void *ctx, const struct scenario_tapped *tapped);
/** Who hears of all calls of the machine, which has started. */
void scenario_machine_tap(struct scenario_machine *m, scenario_tap_fn *tell, void *ctx);

/** Simulated time since the machine was made: the calls' and that of sleeping, in ns. */
uint64_t scenario_machine_now(const struct scenario_machine *m);

/** Calls of one allocator. */
struct scenario_group {
	const char *first; /**< its first function; those behind it belong to it, too */
	const char *title;
	const char *models, *lacks; /**< what is modelled (NULL: a sentence follows) and what not */
};

/** A function, for manuals. */
struct scenario_entry {
	const struct scenario_function *function;
	const struct scenario_group *group;
	const char *note; /**< in a few words what differs from the group; "": nothing */
};
/** Function "i"; false after the last. */
bool scenario_machine_entry(unsigned int i, struct scenario_entry *ret);
/** Appends "6.12 on", "up to 6.13", "5.13 to 6.13" or "all": the kernels that have function "i". */
void scenario_machine_kernels(unsigned int i, struct str *out);

/** A call of kernels that is not modelled, and why. */
struct scenario_absence {
	const char *name; /**< one or several, with commas between */
	const char *why;
};
/** Number "i" of them; NULL after the last. */
const struct scenario_absence *scenario_machine_absence(unsigned int i);

#endif
