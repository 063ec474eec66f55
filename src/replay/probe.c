/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at the machine while it runs: the tally's own samples, and the probes of whoever attached
 * one. The loop compares two numbers an event; what is due is found out here.
 */
#include <config.h>

#include "replay_internal.h"

static void start(struct replay *r, uint64_t time);
static void call(const struct replay *r, const struct probe *probe, enum replay_when when,
		 const struct event_batch *batch);
static bool is_due(const struct replay *r, struct probe *probe);
static void call_stop(const struct replay *r, struct probe *probe);
static uint64_t stop_at(const struct probe *probe);
static uint64_t next_time(const struct replay *r, const struct probe *probe);

void replay_attach(struct replay *r, const struct replay_probe *probe)
{
	BUG_ON(r->tally.nr_events);
	vec_push(&r->probes, (struct probe){ .probe = *probe });
	r->watch_markers |= probe->markers;
}

void replay_watch_pages(struct replay *r)
{
	if (r->blocks || !(r->options.layers & LAYER_PAGE))
		return;
	r->blocks = blocks_create(machine_pages(r->machine));
	r->marks = marks_create(machine_pages(r->machine), &r->tally.last_time);
}

void replay_look_first(struct replay *r, uint64_t time)
{
	if (!r->started)
		start(r, time);
}

void replay_look(struct replay *r, const struct event_batch *batch)
{
	if (r->tally.nr_events >= r->next_sample) {
		replay_sample(r, r->tally.last_time);
		r->next_sample += r->options.sample_every;
	}
	r->next_look = r->next_sample;
	r->next_look_time = UINT64_MAX;
	vec_foreach(&r->probes, probe) {
		bool due = is_due(r, probe);

		if (r->marker && probe->probe.markers)
			call(r, probe, REPLAY_MARKER, batch);
		else if (due)
			call(r, probe, REPLAY_EVERY, NULL);
		call_stop(r, probe);
		r->next_look = MIN(r->next_look, MIN(probe->next_event, stop_at(probe)));
		r->next_look_time = MIN(r->next_look_time, probe->next_time);
	}
	r->marker = NULL;
}

void replay_note_marker(struct replay *r, const struct event *ev)
{
	r->marker = ev;
	r->next_look = 0;
}

void replay_look_last(struct replay *r)
{
	if (!r->started)
		start(r, 0);
	vec_foreach(&r->probes, probe)
		call(r, probe, REPLAY_END, NULL);
}

void replay_tell_failure(const struct replay *r, const struct replay_failure *failure,
			 const struct event *ev)
{
	vec_foreach(&r->probes, probe) {
		if (probe->probe.failed)
			probe->probe.failed(probe->probe.ctx, failure, ev);
	}
}

static void start(struct replay *r, uint64_t time)
{
	r->started = true;
	r->start_time = r->tally.last_time = time;
	if (r->marks)
		marks_start(r->marks);
	vec_foreach(&r->probes, probe) {
		const struct replay_probe *p = &probe->probe;

		probe->next_event = p->every_events ? p->every_events : UINT64_MAX;
		probe->next_time = next_time(r, probe);
		call(r, probe, REPLAY_START, NULL);
		call_stop(r, probe);
		r->next_look = MIN(r->next_look, MIN(probe->next_event, stop_at(probe)));
		r->next_look_time = MIN(r->next_look_time, probe->next_time);
	}
}

static void call(const struct replay *r, const struct probe *probe, enum replay_when when,
		 const struct event_batch *batch)
{
	const struct replay_moment moment = {
		.when = when,
		.time = r->tally.last_time,
		.event = r->tally.nr_events,
		.batch = batch,
		.marker = when == REPLAY_MARKER ? r->marker : NULL,
	};

	if (probe->probe.look)
		probe->probe.look(probe->probe.ctx, &moment);
}

/* Whether the probe's time has come; then it says when it comes next. */
static bool is_due(const struct replay *r, struct probe *probe)
{
	bool due = false;

	if (r->tally.nr_events >= probe->next_event) {
		probe->next_event = r->tally.nr_events + probe->probe.every_events;
		due = true;
	}
	if (r->tally.last_time >= probe->next_time && probe->next_time != UINT64_MAX) {
		probe->next_time = next_time(r, probe);
		due = true;
	}
	return due;
}

/* Once for all stops at this number. */
static void call_stop(const struct replay *r, struct probe *probe)
{
	const size_t first = probe->next_stop;

	while (stop_at(probe) <= r->tally.nr_events)
		probe->next_stop++;
	if (probe->next_stop != first)
		call(r, probe, REPLAY_STOP, NULL);
}

/* The next stop's number of events; UINT64_MAX: there is none. */
static uint64_t stop_at(const struct probe *probe)
{
	const struct replay_probe *p = &probe->probe;

	return probe->next_stop < p->nr_stops ? p->stops[probe->next_stop] : UINT64_MAX;
}

/* The first multiple of the span after the present; a stretch without events is looked at once. */
static uint64_t next_time(const struct replay *r, const struct probe *probe)
{
	const uint64_t every = probe->probe.every_ns;
	const uint64_t since = r->tally.last_time - r->start_time;
	uint64_t next;

	if (!every || __builtin_add_overflow(since - since % every, every, &next) ||
	    __builtin_add_overflow(next, r->start_time, &next))
		return UINT64_MAX;
	return next;
}
