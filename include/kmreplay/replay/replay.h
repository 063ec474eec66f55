/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The engine: feeds the repaired history of a recording to a machine and keeps account of what the
 * machine made of it.
 *
 * "layers" says which allocators are simulated. A layer that is not simulated is only counted, and
 * the page events that the recording shows for it are replayed as they stand, so that the page
 * allocator sees the same demand either way. Never both: that is the verdict EXPLAINED.
 */
#ifndef KMREPLAY_REPLAY_REPLAY_H
#define KMREPLAY_REPLAY_REPLAY_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/machine.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/survey.h"
#include "kmreplay/replay/tally.h"

struct replay;
struct area_guesses;
struct area_survey;
struct owners;
struct slab_files;
struct slab_survey;

enum replay_layer {
	LAYER_PAGE = 1 << 0,
	LAYER_SLAB = 1 << 1, /**< kmem_cache, kmalloc, large kmalloc */
	LAYER_VMALLOC = 1 << 2,
	LAYER_PERCPU = 1 << 3,
	LAYER_ALL = (1 << 4) - 1,
};

/** What happens to an allocation that failed when recorded and succeeds here. */
enum replay_recovered {
	RECOVERED_KEEP, /**< stays until the end: its free was never recorded */
	RECOVERED_DROP, /**< is given back at once */
};

struct replay_options {
	unsigned int layers; /**< enum replay_layer, or'ed; slab, vmalloc, percpu need page */
	enum replay_recovered recovered;
	bool self_check; /**< verify counts of pages after each event, all invariants every 1024 */
	/** The slabs in use at the beginning; NULL: not known. Outlives the engine. */
	const struct slab_survey *slabs;
	/** What files say of slabs at that moment; NULL: there are none. The same. */
	const struct slab_files *slab_files;
	const struct area_survey *areas; /**< address ranges in use then; NULL: not known */
	const struct area_guesses *guesses; /**< areas that no event tells of; NULL: none */
	bool keep_given;       /**< for replay_given() */
	uint64_t sample_every; /**< events between two looks at fragmentation; 0: 16 .. 1024 */
};

/** Why a probe is called. */
enum replay_when {
	REPLAY_START, /**< before the first event */
	REPLAY_EVERY, /**< as often as it asked for */
	REPLAY_MARKER,
	REPLAY_STOP, /**< as many events have been replayed as it has named */
	REPLAY_END, /**< in replay_finish() */
};

/** A moment at which a probe looks at the machine: after an event has been replayed. */
struct replay_moment {
	enum replay_when when;
	uint64_t time;  /**< recording's clock; of the event */
	uint64_t event; /**< events replayed so far */
	const struct event_batch *batch; /**< MARKER: where its text is; else NULL */
	const struct event *marker;
};

/**
 * Somebody who looks at the machine while it runs, and must not change it. START and END always
 * come; if nothing was replayed, both at time 0.
 */
struct replay_probe {
	uint64_t every_events; /**< 0: never */
	uint64_t every_ns;     /**< of the recording's clock; 0: never */
	bool markers;          /**< at each trace_marker event */
	/** Ascending numbers of events, the caller's: before each of them; 0: after START. */
	const uint64_t *stops;
	size_t nr_stops;
	/** NULL: only failures are of interest. */
	void (*look)(void *ctx, const struct replay_moment *moment);
	/** Optional. What "ev" asked for failed: here, the reason says why, or when recorded. */
	void (*failed)(void *ctx, const struct replay_failure *failure, const struct event *ev);
	void *ctx;
};

/**
 * An engine for "config"'s machine. "survey" (NULL: none) is the first look at the same recording;
 * "repair" and "names" belong to the history that will be fed; all must outlive the engine.
 */
MUST_CHECK struct replay *replay_create(const struct replay_options *options,
					const struct machine_config *config,
					const struct survey *survey, const struct repair *repair,
					const struct event_names *names, struct error *err);
void replay_destroy(struct replay *r);
/** Adds a probe (copied), before the first replay_feed(). Several are called in this order. */
void replay_attach(struct replay *r, const struct replay_probe *probe);
/**
 * Keeps "owners" (the caller's, empty, to outlive the engine) up to date: whose the machine's pages
 * are. Before the first replay_feed().
 */
void replay_keep_owners(struct replay *r, struct owners *owners);
/** Replays one batch; false and "err" when a self-check finds a broken invariant. */
MUST_CHECK bool replay_feed(struct replay *r, const struct repair_batch *batch, struct error *err);
/** Takes the last sample and, with self_check, the last check. */
MUST_CHECK bool replay_finish(struct replay *r, struct error *err);

/**
 * For each event of the batch fed last the bytes that the machine gave to a slab or kmalloc call: 0
 * when it failed here or is none. NULL when slabs are not simulated, or without keep_given.
 */
const uint64_t *replay_given(const struct replay *r);
const struct replay_tally *replay_tally(const struct replay *r);
struct machine *replay_machine(struct replay *r);
/**
 * What the machine's slab cache "cache" is called by now, or by what is known of it: the name that
 * its objects were freed under later, else the call site that uses it. Appended to "out".
 */
void replay_cache_name(const struct replay *r, uint32_t cache, struct str *out);

#endif
