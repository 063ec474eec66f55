/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Which events were asked for by --cpu, --pid, --event and --time.
 */
#ifndef KMREPLAY_CLI_FILTER_H
#define KMREPLAY_CLI_FILTER_H

#include "option.h"

#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/trace/trace.h"

struct filter {
	bool any; /**< something was asked for */
	const struct cli_options *options;
	const struct event_names *names;
	bool by_type[EVENT_NR];      /**< --event lets this type through */
	struct vec(uint8_t) by_name; /**< EVENT_OTHER by name: 0 unknown, 1 no, 2 yes */
	struct vec(bool) lost;       /**< by CPU: a gap lies before an event that was taken out */
	struct vec(bool) begun;      /**< by CPU: filter_cut() has kept an event */
	uint64_t from, to;           /**< in the recording's unit */
	uint64_t first, end;         /**< numbers of events, of the first one behind */
	bool heard;                  /**< by filter_hear(): they hold for all readings to come */
	uint64_t number;             /**< of the next event to come */
};

void filter_init(struct filter *f, const struct cli_options *options,
		 const struct event_names *names);
void filter_deinit(struct filter *f);
/** Before the first event of each reading: in which unit times are. */
void filter_begin(struct filter *f, enum trace_clock_unit unit);
/** Adds to "finder" what of --time shows only by a reading; false: nothing. */
bool filter_ask(const struct filter *f, struct when_finder *finder);
/** After that reading: takes the answers. False and "err": there is no such part. */
MUST_CHECK bool filter_hear(struct filter *f, const struct when_finder *finder, struct error *err);
/** Whether event "number" of the recording, at "time", lies in --time. */
bool filter_spans(const struct filter *f, uint64_t time, uint64_t number);
/** Whether "ev", event "number" of the recording, is asked for. */
bool filter_accepts(struct filter *f, const struct event *ev, uint64_t number);
/**
 * Takes out of "batch", the next of the recording, what does not lie in --time, as if tracing had
 * begun and ended there; the other filters are not asked. False: nothing more will lie there.
 */
MUST_CHECK bool filter_cut(struct filter *f, struct event_batch *batch);
/** Takes out of "batch" what is not asked for; gaps before it move to the CPU's next event. */
void filter_batch(struct filter *f, struct event_batch *batch);

#endif
