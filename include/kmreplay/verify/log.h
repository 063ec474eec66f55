/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a comparison of our allocators with the recorded kernel comes to: counts by metric, the
 * place of the first difference, what was forced, what was left out and why, and the stories of
 * the differences that somebody wants to read.
 *
 * A layer judges event by event and tells the log. For each judgement that may become a story, it
 * is asked for texts only when somebody reads them:
 *
 *	story = verify_judge(log, VERIFY_PAGE_PFN, pfn == recorded, &what);
 *	if (unlikely(story)) {
 *		str_addf(&story->ours, "pfn 0x%llx, first of ...", ...);
 *		str_addf(&story->kernel, ...);
 *		str_addf(&story->state, ...);
 *	}
 */
#ifndef KMREPLAY_VERIFY_LOG_H
#define KMREPLAY_VERIFY_LOG_H

#include "kmreplay/core/str.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/verify/metric_table.h"

/** Whose decisions are held against the recording. */
enum verify_layer {
	VERIFY_PAGE,
	VERIFY_SLAB,
	VERIFY_VMALLOC,
	VERIFY_PERCPU,
	VERIFY_JOINT, /**< slabs whose pages come from the page allocator beside them */
	VERIFY_LAYER_NR,
};

/** What becomes of a difference. */
enum verify_mode {
	VERIFY_FOLLOW, /**< the recorded outcome is taken as true: each rule is judged by itself */
	VERIFY_FREE,   /**< nothing is corrected: errors add up, the drift is measured */
	VERIFY_MODE_NR,
};

/** How a metric is counted. */
enum verify_kind {
	VERIFY_SHARE,  /**< right of all */
	VERIFY_DETECT, /**< something happens or not: precision and recall */
};

enum verify_metric {
#define X(suffix, ...) VERIFY_##suffix,
	VERIFY_METRICS(X)
#undef X
	VERIFY_METRIC_NR,
};

struct verify_metric_desc {
	const char *key;   /**< "page.pfn" */
	const char *help;
	uint8_t layer;     /**< enum verify_layer */
	uint8_t kind;      /**< enum verify_kind */
};

const struct verify_metric_desc *verify_metric_desc(enum verify_metric metric);
/** "page"; "follow": names of the enums. */
const char *verify_layer_name(unsigned int layer);
const char *verify_mode_name(unsigned int mode);

/** Facts beside the requests themselves that a simulation is given from the recording. */
#define VERIFY_GIVENS(X)                                                                      \
	X(START, "start", "the state at the first event, worked out by looking ahead")        \
	X(SNAPSHOT, "snapshot", "pages, slabs, areas that no event touches, from a later look") \
	X(ORDER, "order", "the order of page calls: by their first event under the zone lock") \
	X(BULK, "bulk", "silent bulk requests that probes recorded, with their size")         \
	X(SILENT, "silent", "silent requests worked out by looking ahead")                    \
	X(CONTEXT, "context", "calls that could not have a per-CPU list, by looking ahead")   \
	X(NODE, "node", "the node of a request, where several could serve it: its page's")    \
	X(BOOT, "boot", "when boot-time settings took effect: watermarks, CPUs, memory")      \
	X(DECAY, "decay", "when per-CPU lists were drained without a free, and how far")      \
	X(RECLAIM, "reclaim", "when kswapd worked, and which zones had run low")              \
	X(MARKS, "marks", "watermarks written meanwhile, as far as later decisions tell")     \
	X(CACHES, "caches", "which cache an object is of, known from the whole recording")    \
	X(AREAS, "areas", "address ranges by events of their own, not only by their bookkeeping")

enum verify_given {
#define X(suffix, name, help) GIVEN_##suffix,
	VERIFY_GIVENS(X)
#undef X
	GIVEN_NR,
};

/** "start", and what it means. */
const char *verify_given_name(unsigned int given);
const char *verify_given_help(unsigned int given);

/** What is judged. */
struct verify_what {
	const struct event *ev; /**< NULL: no single event (snapshots) */
	uint64_t number;        /**< of the event, from 0 */
	/** For classes of differences; any may be left 0 / NULL. */
	uint32_t cache;         /**< repair's id */
	int8_t order;           /**< VERIFY_NO_ORDER: it has none */
	uint8_t type;           /**< enum migratetype; MIGRATE_NR: none */
	const char *path;       /**< static: which rule was at work, "refill", "claim" */
};

enum { VERIFY_NO_ORDER = -1 };

/** What happened at one judgement, for people: one or more lines each, no newline at the end. */
struct verify_story {
	struct verify_what what;
	struct event ev; /**< a copy, if there was one */
	bool has_event;
	uint8_t metric;  /**< enum verify_metric */
	bool right;
	struct str ours;   /**< what we did, and why: list, zone, counts */
	struct str kernel; /**< what the kernel did */
	struct str state;  /**< of both sides */
};

/** Differences that are alike. */
struct verify_class {
	uint8_t metric;
	int8_t order;
	uint8_t type;
	uint32_t cache, site;
	const char *path;
	uint64_t nr;
	uint64_t first; /**< number of the first event */
};

struct verify_count {
	uint64_t right;  /**< SHARE: right; DETECT: it happened and was predicted */
	uint64_t all;    /**< SHARE: judged; DETECT: it happened */
	uint64_t alarms; /**< DETECT: predicted, but did not happen */
	uint64_t first_wrong; /**< number of the event; UINT64_MAX: none */
};

/** Why some events are not as others. */
enum verify_aside {
	ASIDE_EXCLUDED, /**< not judged */
	ASIDE_FORCED,   /**< the recorded outcome was not possible in ours; how it was made so */
	ASIDE_GROUND,   /**< judged, but standing on what cannot be known */
	ASIDE_NR,
};

struct verify_reason {
	uint8_t aside; /**< enum verify_aside */
	uint8_t layer; /**< enum verify_layer */
	const char *text; /**< static */
	uint64_t nr;
};

struct verify_log_options {
	uint64_t nr_stories;  /**< keep the first so many differences */
	uint64_t explain;     /**< and all of this event, right ones too; UINT64_MAX: none */
	bool classes;         /**< keep classes */
	const uint64_t *stops; /**< ascending: event numbers at which "stop" is called */
	size_t nr_stops;
	/** All events before stops[i] have had their effect; "checker" is who judges. */
	void (*stop)(void *ctx, size_t i);
	void *ctx;
};

struct verify_log {
	struct verify_log_options options;
	struct verify_count counts[VERIFY_METRIC_NR];
	struct vec(struct verify_reason) reasons;
	struct vec(struct verify_class) classes;
	struct u64map class_index; /**< hash to index in "classes" + chain */
	struct vec(struct verify_story) stories;
	uint64_t nr_differences;
	size_t next_stop;
	uint64_t next_stop_at; /**< UINT64_MAX: none is left */
};

void verify_log_init(struct verify_log *log, const struct verify_log_options *options);
void verify_log_deinit(struct verify_log *log);
/** One judgement of a SHARE. A story to be told, or NULL; valid until the next call. */
struct verify_story *verify_judge(struct verify_log *log, enum verify_metric metric, bool right,
				  const struct verify_what *what);
/** One judgement of a DETECT: it "happened", we "predicted" it; one of them at least is true. */
struct verify_story *verify_detect(struct verify_log *log, enum verify_metric metric,
				   bool happened, bool predicted, const struct verify_what *what);
/** "nr" more events are set aside for "text", a static string. */
void verify_aside(struct verify_log *log, enum verify_aside aside, enum verify_layer layer,
		  const char *text, uint64_t nr);
/** Runs the stops up to event "number", which has not had any effect yet. */
void verify_run_stops(struct verify_log *log, uint64_t number);

static inline void verify_reached(struct verify_log *log, uint64_t number)
{
	if (unlikely(number >= log->next_stop_at))
		verify_run_stops(log, number);
}

#endif
