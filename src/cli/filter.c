/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which events were asked for by --cpu, --pid, --event and --time. */
#include <config.h>

#include "cli_internal.h"

#include "kmreplay/event/desc.h"

#include <fnmatch.h>
#include <string.h>

enum { NAME_UNKNOWN, NAME_NO, NAME_YES };

static bool words_match(const struct option_words *words, const char *system, const char *name);
static bool accepts_other(struct filter *f, uint32_t name);
static uint64_t instant_value(const struct option_instant *at, enum trace_clock_unit unit,
			      bool round_up);

void filter_init(struct filter *f, const struct cli_options *options,
		 const struct event_names *names)
{
	memset(f, 0, sizeof(*f));
	f->options = options;
	f->names = names;
	f->any = options->cpus.ranges.nr || options->pids.ranges.nr || options->events.words.nr ||
		 options->time.given;
	for (unsigned int type = 0; type < EVENT_NR; type++) {
		const struct event_desc *desc = event_desc(type);

		f->by_type[type] = words_match(&options->events, desc->system, desc->name) ||
				   words_match(&options->events, desc->system,
					       cli_event_name(type));
	}
	filter_set_unit(f, TRACE_CLOCK_NS);
}

void filter_deinit(struct filter *f)
{
	vec_deinit(&f->by_name);
	vec_deinit(&f->lost);
}

void filter_set_unit(struct filter *f, enum trace_clock_unit unit)
{
	const struct option_span *span = &f->options->time;

	f->from = 0;
	f->to = UINT64_MAX;
	if (span->given && !span->open_start)
		f->from = instant_value(&span->from, unit, true);
	if (span->given && !span->open_end)
		f->to = instant_value(&span->to, unit, false);
}

bool filter_accepts(struct filter *f, const struct event *ev)
{
	if (!f->any)
		return true;
	if (ev->time < f->from || ev->time > f->to)
		return false;
	if (ev->type == EVENT_OTHER ? !accepts_other(f, ev->other.name) : !f->by_type[ev->type])
		return false;
	return option_ranges_has(&f->options->cpus, ev->cpu) &&
	       option_ranges_has(&f->options->pids, (uint64_t)(uint32_t)ev->pid);
}

void filter_batch(struct filter *f, struct event_batch *batch)
{
	size_t kept = 0;

	if (!f->any)
		return;
	for (size_t i = 0; i < batch->nr; i++) {
		struct event *ev = &batch->events[i];
		bool *lost;

		vec_extend_zeroed(&f->lost, (size_t)ev->cpu + 1);
		lost = &f->lost.items[ev->cpu];
		*lost |= (ev->flags & EVENT_F_LOST) != 0;
		if (!filter_accepts(f, ev))
			continue;
		if (*lost)
			ev->flags |= EVENT_F_LOST;
		*lost = false;
		batch->events[kept++] = *ev;
	}
	batch->nr = kept;
}

const char *cli_event_name(unsigned int type)
{
	return type == EVENT_MARK ? "tracing_mark_write" : event_desc(type)->name;
}

static bool words_match(const struct option_words *words, const char *system, const char *name)
{
	vec_foreach(&words->words, word) {
		const char *colon = strchr(*word, ':');

		if (!fnmatch(*word, name, 0) || !fnmatch(*word, system, 0))
			return true;
		if (colon) {
			char both[256];

			snprintf(both, sizeof(both), "%s:%s", system, name);
			if (!fnmatch(*word, both, 0))
				return true;
		}
	}
	return !words->words.nr;
}

/** Unknown events are named "name" or "system:name" by the recording; remembered by name. */
static bool accepts_other(struct filter *f, uint32_t name)
{
	uint8_t *known;

	vec_extend_zeroed(&f->by_name, (size_t)name + 1);
	known = &f->by_name.items[name];
	if (*known == NAME_UNKNOWN) {
		const char *text = intern_text(&f->names->texts, name);
		const char *colon = strchr(text, ':');
		char system[64] = "";

		if (colon && (size_t)(colon - text) < sizeof(system))
			memcpy(system, text, (size_t)(colon - text));
		*known = words_match(&f->options->events, system, colon ? colon + 1 : text) ?
				 NAME_YES :
				 NAME_NO;
	}
	return *known == NAME_YES;
}

/** Nanoseconds, or ticks of a clock without a unit; the greatest number when it is beyond. */
static uint64_t instant_value(const struct option_instant *at, enum trace_clock_unit unit,
			      bool round_up)
{
	uint64_t value;

	if (unit == TRACE_CLOCK_TICKS)
		return at->whole + (round_up && at->nano);
	if (__builtin_mul_overflow(at->whole, 1000000000ULL, &value) ||
	    __builtin_add_overflow(value, at->nano, &value))
		return UINT64_MAX;
	return value;
}
