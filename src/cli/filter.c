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
static bool is_asked(bool open, const struct when *when);

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
	f->to = f->end = UINT64_MAX;
}

void filter_deinit(struct filter *f)
{
	vec_deinit(&f->by_name);
	vec_deinit(&f->lost);
	vec_deinit(&f->begun);
}

void filter_begin(struct filter *f, enum trace_clock_unit unit)
{
	const struct option_span *span = &f->options->time;

	f->number = 0;
	vec_reset(&f->lost);
	vec_reset(&f->begun);
	if (!span->given || f->heard)
		return;
	if (!span->open_start && span->from.kind == WHEN_IS_TIME)
		f->from = when_time(&span->from, unit, true);
	else if (!span->open_start)
		f->first = when_number_at_once(&span->from);
	if (!span->open_end && span->to.kind == WHEN_IS_TIME)
		f->to = when_time(&span->to, unit, false);
	else if (!span->open_end)
		f->end = when_number_at_once(&span->to);
}

bool filter_ask(const struct filter *f, struct when_finder *finder)
{
	const struct option_span *span = &f->options->time;

	if (!span->given)
		return false;
	if (is_asked(span->open_start, &span->from))
		when_finder_add(finder, &span->from);
	if (is_asked(span->open_end, &span->to))
		when_finder_add(finder, &span->to);
	return finder->searches.nr > 0;
}

bool filter_hear(struct filter *f, const struct when_finder *finder, struct error *err)
{
	const struct option_span *span = &f->options->time;
	size_t i = 0;

	if (is_asked(span->open_start, &span->from) &&
	    !when_finder_get(finder, i++, &f->first, err))
		return false;
	if (is_asked(span->open_end, &span->to) && !when_finder_get(finder, i, &f->end, err))
		return false;
	f->heard = true;
	if (f->first <= f->end)
		return true;
	return error_set(err, "it ends before it begins: '%.60s' lies behind '%.60s'",
			 span->from.text, span->to.text);
}

bool filter_spans(const struct filter *f, uint64_t time, uint64_t number)
{
	return time >= f->from && time <= f->to && number >= f->first && number < f->end;
}

bool filter_accepts(struct filter *f, const struct event *ev, uint64_t number)
{
	if (!f->any)
		return true;
	if (!filter_spans(f, ev->time, number))
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
		if (!filter_accepts(f, ev, f->number + i))
			continue;
		if (*lost)
			ev->flags |= EVENT_F_LOST;
		*lost = false;
		batch->events[kept++] = *ev;
	}
	f->number += batch->nr;
	batch->nr = kept;
}

bool filter_cut(struct filter *f, struct event_batch *batch)
{
	size_t kept = 0;

	if (!f->options->time.given)
		return true;
	for (size_t i = 0; i < batch->nr; i++) {
		struct event *ev = &batch->events[i];
		const uint64_t number = f->number + i;

		if (!filter_spans(f, ev->time, number))
			continue;
		vec_extend_zeroed(&f->begun, (size_t)ev->cpu + 1);
		if (!f->begun.items[ev->cpu])
			ev->flags &= (uint8_t)~EVENT_F_LOST;
		f->begun.items[ev->cpu] = true;
		batch->events[kept++] = *ev;
	}
	f->number += batch->nr;
	batch->nr = kept;
	return kept || f->number < f->end;
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

/* Whether it takes a reading to know the number that "when" stands for. */
static bool is_asked(bool open, const struct when *when)
{
	return !open && (when->kind == WHEN_IS_SHARE || when->kind == WHEN_IS_MARKER);
}
