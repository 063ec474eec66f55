/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * WHEN: a point of a recording, as users write it.
 *
 *	14.94  14.94s   before the first event at or after that time, in seconds as recorded
 *	event:123456    before that event; the first one is 0
 *	50%  12.5%      before the event at this share of all of them
 *	start  end      before the first event, after the last one
 *	marker:TEXT     before the first trace_marker whose text has TEXT in it
 *	marker:TEXT#2   before the second such
 *
 * A backslash takes the character behind it as it stands: "\," where WHENs are listed by comma,
 * "\#" for what would be a number, "\\".
 *
 * What a point is in numbers shows when the recording is read:
 *
 *	when_finder_init(&finder, trace_info(trace)->unit);
 *	when_finder_add(&finder, &when);
 *	... when_finder_feed(&finder, &batch) for all batches ...
 *	if (!when_finder_get(&finder, 0, &number, &err)) ...
 *
 * A point is the state before event "number": all before it have happened, it has not.
 */
#ifndef KMREPLAY_CLI_WHEN_H
#define KMREPLAY_CLI_WHEN_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/trace/trace.h"

enum when_kind {
	WHEN_IS_START,
	WHEN_IS_END,
	WHEN_IS_TIME,
	WHEN_IS_EVENT,
	WHEN_IS_SHARE,
	WHEN_IS_MARKER,
};

/** A number as it was written: whole seconds (ticks, hundredths) and billionths of one. */
struct when_number {
	uint64_t whole;
	uint32_t nano;
};

struct when {
	char *text;   /**< as written; owned */
	uint8_t kind; /**< enum when_kind */
	struct when_number value; /**< TIME: seconds; SHARE: hundredths of all events */
	uint64_t nr;  /**< EVENT: its number; MARKER: which one, from 1 */
	char *marker; /**< MARKER: what its text has in it; owned */
};

/** Several, for options that may be given more than once. */
struct whens {
	struct vec(struct when) list;
};

/** Takes the "len" bytes at "text" apart, for when_deinit(); false: they say no WHEN. */
MUST_CHECK bool when_parse(const char *text, size_t len, struct when *ret, struct error *err);
void when_deinit(struct when *when);
/** Its number shows only when the recording is read: by its times, its markers or its length. */
bool when_needs_reading(const struct when *when);
/** The number of a WHEN that needs no reading; UINT64_MAX: the end, or it needs one. */
uint64_t when_number_at_once(const struct when *when);
/**
 * The time of a TIME in the recording's "unit"; UINT64_MAX when it is beyond. What lies between two
 * ticks is the tick before, or after with "round_up".
 */
uint64_t when_time(const struct when *when, enum trace_clock_unit unit, bool round_up);

/** How one WHEN is getting on. */
struct when_search {
	const struct when *when;
	uint64_t time;   /**< TIME: in the recording's unit */
	uint64_t nr;     /**< MARKER: how many were met */
	uint64_t number; /**< of the event; UINT64_MAX: not met so far */
};

/** Finds out about any number of WHENs in one reading. */
struct when_finder {
	enum trace_clock_unit unit;
	struct vec(struct when_search) searches; /**< in the order in which they were added */
	bool for_markers;              /**< somebody looks for such */
	uint64_t nr_events, last_time; /**< of what was fed */
	uint64_t nr_markers;
	struct vec(char *) markers; /**< the first different ones, for messages */
};

void when_finder_init(struct when_finder *finder, enum trace_clock_unit unit);
void when_finder_deinit(struct when_finder *finder);
/** One more to look for, which outlives the finder. Before the first batch. */
void when_finder_add(struct when_finder *finder, const struct when *when);
/** The next events of the recording. */
void when_finder_feed(struct when_finder *finder, const struct event_batch *batch);
/**
 * After the last batch: what WHEN "i" of those added has come to, 0 .. the number of events. False:
 * there is no such point in the recording; "err" says what there is.
 */
MUST_CHECK bool when_finder_get(const struct when_finder *finder, size_t i,
				uint64_t *number, struct error *err);

#endif
