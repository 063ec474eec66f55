/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points of a recording: from how users write them to the numbers of events. */
#include <config.h>

#include "when.h"

#include "kmreplay/core/fmt.h"
#include "kmreplay/core/parse.h"
#include "kmreplay/core/suggest.h"
#include "kmreplay/report/report.h"

#include <ctype.h>
#include <string.h>

enum {
	KEPT_MARKERS = 64, /* for messages; a mistyped one is probably among them */
	LISTED_MARKERS = 4,
	LISTED_LEN = 40, /* of each */
	BILLION = 1000000000,
};

static bool parse_word(struct when *when);
static bool parse_event(const char *text, struct when *when);
static bool parse_marker(const char *text, struct when *when);
static bool parse_number(const char *text, struct when *when);
static const char *parse_decimal(const char *text, struct when_number *ret);
static void look_for_time(struct when_finder *finder, struct when_search *search,
			  const struct event_batch *batch);
static void look_for_markers(struct when_finder *finder, const struct event_batch *batch);
static void meet_marker(struct when_finder *finder, const char *text, uint64_t number);
static void keep_marker(struct when_finder *finder, const char *text);
static uint64_t number_of_share(const struct when_number *share, uint64_t nr_events);
static bool no_time(const struct when_finder *finder, const struct when *when, struct error *err);
static bool no_marker(const struct when_finder *finder, const struct when_search *search,
		      struct error *err);
static const char *marker_name(const void *ctx, size_t i);
static void add_marker(struct str *out, const char *text);

bool when_parse(const char *text, size_t len, struct when *ret, struct error *err)
{
	*ret = (struct when){ .text = xstrndup(text, len) };
	if (parse_word(ret) || parse_number(ret->text, ret))
		return true;
	when_deinit(ret);
	return error_set(err, "expected a point of the recording (14.94, event:1234, 50%%, "
			      "marker:TEXT, start or end), not '%.*s'",
			 (int)MIN(len, (size_t)60), text);
}

void when_deinit(struct when *when)
{
	free(when->text);
	free(when->marker);
	when->text = when->marker = NULL;
}

bool when_needs_reading(const struct when *when)
{
	return when->kind == WHEN_IS_TIME || when->kind == WHEN_IS_SHARE ||
	       when->kind == WHEN_IS_MARKER;
}

uint64_t when_number_at_once(const struct when *when)
{
	return when->kind == WHEN_IS_START ? 0 :
	       when->kind == WHEN_IS_EVENT ? when->nr :
					     UINT64_MAX;
}

uint64_t when_time(const struct when *when, enum trace_clock_unit unit, bool round_up)
{
	const struct when_number *at = &when->value;
	uint64_t value;

	if (unit == TRACE_CLOCK_TICKS)
		return at->whole + (round_up && at->nano && at->whole != UINT64_MAX);
	if (__builtin_mul_overflow(at->whole, (uint64_t)BILLION, &value) ||
	    __builtin_add_overflow(value, at->nano, &value))
		return UINT64_MAX;
	return value;
}

void when_finder_init(struct when_finder *finder, enum trace_clock_unit unit)
{
	*finder = (struct when_finder){ .unit = unit };
}

void when_finder_deinit(struct when_finder *finder)
{
	vec_foreach(&finder->markers, marker)
		free(*marker);
	vec_deinit(&finder->markers);
	vec_deinit(&finder->searches);
}

void when_finder_add(struct when_finder *finder, const struct when *when)
{
	BUG_ON(finder->nr_events);
	vec_push(&finder->searches, ((struct when_search){
					    .when = when,
					    .time = when_time(when, finder->unit, true),
					    .number = when_number_at_once(when),
				    }));
	finder->for_markers |= when->kind == WHEN_IS_MARKER;
}

void when_finder_feed(struct when_finder *finder, const struct event_batch *batch)
{
	if (!batch->nr)
		return;
	vec_foreach(&finder->searches, search)
		if (search->when->kind == WHEN_IS_TIME)
			look_for_time(finder, search, batch);
	if (finder->for_markers)
		look_for_markers(finder, batch);
	finder->nr_events += batch->nr;
	finder->last_time = batch->events[batch->nr - 1].time;
}

bool when_finder_get(const struct when_finder *finder, size_t i, uint64_t *number,
		     struct error *err)
{
	const struct when_search *search = &finder->searches.items[i];
	const struct when *when = search->when;

	*number = search->number;
	switch ((enum when_kind)when->kind) {
	case WHEN_IS_START:
		return true;
	case WHEN_IS_END:
		*number = finder->nr_events;
		return true;
	case WHEN_IS_SHARE:
		*number = number_of_share(&when->value, finder->nr_events);
		return true;
	case WHEN_IS_EVENT:
		if (*number <= finder->nr_events)
			return true;
		return error_set(err, "no '%.60s' in the recording: it has %llu events, from 0 on",
				 when->text, (unsigned long long)finder->nr_events);
	case WHEN_IS_TIME:
		return *number != UINT64_MAX || no_time(finder, when, err);
	case WHEN_IS_MARKER:
		return *number != UINT64_MAX || no_marker(finder, search, err);
	}
	BUG_ON(true);
}

static bool parse_word(struct when *when)
{
	static const struct {
		const char *word;
		uint8_t kind;
		bool (*parse)(const char *text, struct when *when); /* what stands behind it */
	} words[] = {
		{ "start", WHEN_IS_START, NULL },
		{ "end", WHEN_IS_END, NULL },
		{ "event:", WHEN_IS_EVENT, parse_event },
		{ "marker:", WHEN_IS_MARKER, parse_marker },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *rest = when->text + strlen(words[i].word);

		if (strncmp(when->text, words[i].word, strlen(words[i].word)) != 0)
			continue;
		when->kind = words[i].kind;
		return words[i].parse ? words[i].parse(rest, when) : !*rest;
	}
	return false;
}

static bool parse_event(const char *text, struct when *when)
{
	const char *end = parse_u64(text, &when->nr);

	return end && !*end && when->nr != UINT64_MAX;
}

/* "TEXT" or "TEXT#2"; a backslash takes what follows it as it stands. */
static bool parse_marker(const char *text, struct when *when)
{
	const char *hash = NULL, *end;
	struct str marker;

	for (const char *at = text; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '#' && isdigit((unsigned char)at[1]))
			hash = at;
	}
	when->nr = 1;
	end = hash ? parse_u64(hash + 1, &when->nr) : NULL;
	if (hash && (!end || *end)) {
		hash = NULL; /* "#1 of 3" is a text */
		when->nr = 1;
	}
	str_init(&marker);
	for (; *text && text != hash; text++) {
		if (*text == '\\' && text[1])
			text++;
		str_add_char(&marker, *text);
	}
	when->marker = marker.data;
	return when->marker && when->nr;
}

/* Seconds or, with a per cent sign, a share. */
static bool parse_number(const char *text, struct when *when)
{
	const struct when_number all = { .whole = 100 };
	const char *unit = parse_decimal(text, &when->value);

	if (!unit)
		return false;
	when->kind = strcmp(unit, "%") ? WHEN_IS_TIME : WHEN_IS_SHARE;
	if (when->kind == WHEN_IS_TIME)
		return !*unit || !strcmp(unit, "s");
	return when->value.whole < all.whole ||
	       (when->value.whole == all.whole && !when->value.nano);
}

/* Returns what stands behind the number; NULL if there is none. */
static const char *parse_decimal(const char *text, struct when_number *ret)
{
	const char *at = isdigit((unsigned char)*text) ? parse_u64(text, &ret->whole) : NULL;
	uint32_t unit = BILLION;

	ret->nano = 0;
	if (!at || *at != '.')
		return at;
	for (at++; isdigit((unsigned char)*at); at++) {
		unit /= 10;
		ret->nano += unit * (uint32_t)(*at - '0');
	}
	return at;
}

static void look_for_time(struct when_finder *finder, struct when_search *search,
			  const struct event_batch *batch)
{
	for (size_t i = 0; search->number == UINT64_MAX && i < batch->nr; i++)
		if (batch->events[i].time >= search->time)
			search->number = finder->nr_events + i;
}

static void look_for_markers(struct when_finder *finder, const struct event_batch *batch)
{
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		if (unlikely(ev->type == EVENT_MARK && ev->text.len))
			meet_marker(finder, (const char *)batch->aux + ev->text.aux,
				    finder->nr_events + i);
	}
}

static void meet_marker(struct when_finder *finder, const char *text, uint64_t number)
{
	finder->nr_markers++;
	keep_marker(finder, text);
	vec_foreach(&finder->searches, search) {
		if (search->when->kind != WHEN_IS_MARKER || !strstr(text, search->when->marker))
			continue;
		if (++search->nr == search->when->nr)
			search->number = number;
	}
}

static void keep_marker(struct when_finder *finder, const char *text)
{
	if (finder->markers.nr == KEPT_MARKERS)
		return;
	vec_foreach(&finder->markers, marker)
		if (!strcmp(*marker, text))
			return;
	vec_push(&finder->markers, xstrdup(text));
}

static uint64_t number_of_share(const struct when_number *share, uint64_t nr_events)
{
	const unsigned __int128 hundredths =
		(unsigned __int128)share->whole * BILLION + share->nano;

	return (uint64_t)(nr_events * hundredths / (100 * (unsigned __int128)BILLION));
}

static bool no_time(const struct when_finder *finder, const struct when *when, struct error *err)
{
	if (!finder->nr_events)
		return error_set(err, "no '%.60s' in the recording: it has no events", when->text);
	if (finder->unit == TRACE_CLOCK_TICKS)
		return error_set(err, "no '%.60s' in the recording: its last event is at %llu",
				 when->text, (unsigned long long)finder->last_time);
	return error_set(err, "no '%.60s' in the recording: its last event is at %llu.%09llu",
			 when->text, (unsigned long long)(finder->last_time / BILLION),
			 (unsigned long long)(finder->last_time % BILLION));
}

static bool no_marker(const struct when_finder *finder, const struct when_search *search,
		      struct error *err)
{
	const struct when *when = search->when;
	const char *near = suggest_nearest_in(when->marker, marker_name, finder);
	char all[FMT_BUF], count[FMT_BUF];
	struct str text;

	str_init(&text);
	fmt_count(all, finder->nr_markers);
	if (!finder->nr_markers) {
		str_add(&text, "it has no markers");
	} else if (search->nr) {
		str_addf(&text, "only %s of its %s markers have that text",
			 fmt_count(count, search->nr), all);
	} else if (near) {
		str_add(&text, "did you mean ");
		add_marker(&text, near);
		str_add(&text, "?");
	} else {
		str_addf(&text, "of its %s markers the first are ", all);
		for (size_t i = 0; i < MIN(finder->markers.nr, (size_t)LISTED_MARKERS); i++) {
			str_add(&text, i ? ", " : "");
			add_marker(&text, finder->markers.items[i]);
		}
	}
	error_set(err, "no '%.60s' in the recording: %s", when->text, str_text(&text));
	str_deinit(&text);
	return false;
}

static const char *marker_name(const void *ctx, size_t i)
{
	const struct when_finder *finder = ctx;

	return i < finder->markers.nr ? finder->markers.items[i] : NULL;
}

/* Its beginning, in quotes, without what would move a terminal's cursor. */
static void add_marker(struct str *out, const char *text)
{
	char *beginning CLEANUP(cleanup_free) = xstrndup(text, strnlen(text, LISTED_LEN));

	str_add_char(out, '\'');
	report_add_printable(out, beginning);
	str_add(out, strlen(text) > LISTED_LEN ? "...'" : "'");
}
