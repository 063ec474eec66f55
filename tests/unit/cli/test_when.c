/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points of a recording: the grammar, and what they come to in events of our own. */
#include <config.h>

#include "../../../src/cli/when.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

static bool parses(const char *text, struct when *when)
{
	struct error err = { "" };
	bool ok = when_parse(text, strlen(text), when, &err);

	ck_assert_msg(ok || err.message[0], "'%s': no message", text);
	return ok;
}

START_TEST(what_it_means)
{
	static const struct {
		const char *text;
		enum when_kind kind;
		uint64_t whole, nano, nr;
		const char *marker;
	} cases[] = {
		{ "start", WHEN_IS_START, 0, 0, 0, NULL },
		{ "end", WHEN_IS_END, 0, 0, 0, NULL },
		{ "14.94", WHEN_IS_TIME, 14, 940000000, 0, NULL },
		{ "14.94s", WHEN_IS_TIME, 14, 940000000, 0, NULL },
		{ "0", WHEN_IS_TIME, 0, 0, 0, NULL },
		{ "1.0000000019", WHEN_IS_TIME, 1, 1, 0, NULL },
		{ "event:0", WHEN_IS_EVENT, 0, 0, 0, NULL },
		{ "event:123456", WHEN_IS_EVENT, 0, 0, 123456, NULL },
		{ "50%", WHEN_IS_SHARE, 50, 0, 0, NULL },
		{ "12.5%", WHEN_IS_SHARE, 12, 500000000, 0, NULL },
		{ "100%", WHEN_IS_SHARE, 100, 0, 0, NULL },
		{ "marker:begin", WHEN_IS_MARKER, 0, 0, 1, "begin" },
		{ "marker:begin#2", WHEN_IS_MARKER, 0, 0, 2, "begin" },
		{ "marker:a b, c", WHEN_IS_MARKER, 0, 0, 1, "a b, c" },
		{ "marker:a\\,b\\\\", WHEN_IS_MARKER, 0, 0, 1, "a,b\\" },
		{ "marker:run \\#7", WHEN_IS_MARKER, 0, 0, 1, "run #7" },
		{ "marker:run #7#12", WHEN_IS_MARKER, 0, 0, 12, "run #7" },
		{ "marker:#1 of 3", WHEN_IS_MARKER, 0, 0, 1, "#1 of 3" },
		{ "marker:#", WHEN_IS_MARKER, 0, 0, 1, "#" },
		{ "marker:end\\", WHEN_IS_MARKER, 0, 0, 1, "end\\" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct when when;

		ck_assert_msg(parses(cases[i].text, &when), "'%s'", cases[i].text);
		ck_assert_msg(when.kind == cases[i].kind, "'%s'", cases[i].text);
		ck_assert_msg(when.nr == cases[i].nr, "'%s'", cases[i].text);
		ck_assert_msg(when.value.whole == cases[i].whole, "'%s'", cases[i].text);
		ck_assert_msg(when.value.nano == cases[i].nano, "'%s'", cases[i].text);
		ck_assert_msg(!cases[i].marker == !when.marker, "'%s'", cases[i].text);
		if (when.marker)
			ck_assert_str_eq(when.marker, cases[i].marker);
		ck_assert_str_eq(when.text, cases[i].text);
		when_deinit(&when);
	}
}
END_TEST

START_TEST(what_says_nothing)
{
	static const char *const cases[] = {
		"", "begin", "-1", "1.2.3", "1.5m", "101%", "100.1%", "50%%", "event:", "event:-1",
		"event:1.5", "event:x", "event:18446744073709551615", "event:18446744073709551616",
		"marker:", "marker:#2", "marker:x#0", "startle", "end ", " 5", "5,6",
		"99999999999999999999",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct when when;

		ck_assert_msg(!parses(cases[i], &when), "'%s'", cases[i]);
	}
}
END_TEST

/* 1000 events, a millisecond apart from 1 s on, in batches of 7; each hundredth is a marker. */
enum { EVENTS = 1000, BATCH = 7 };

static void feed_all(struct when_finder *finder)
{
	struct event_batch batch;

	event_batch_init(&batch, BATCH);
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct event *ev = &batch.events[batch.nr++];
		char text[40];

		*ev = (struct event){ .type = EVENT_KFREE, .time = 1000000000 + i * 1000000ULL };
		if (i % 100 == 0) {
			ev->type = EVENT_MARK;
			ev->text.len = (uint32_t)snprintf(text, sizeof(text), "step %u, %s",
							  i / 100, i % 200 ? "odd" : "even");
			ev->text.aux = event_batch_add_aux(&batch, text, ev->text.len);
		}
		if (batch.nr < BATCH && i + 1 < EVENTS)
			continue;
		when_finder_feed(finder, &batch);
		event_batch_reset(&batch);
	}
	event_batch_deinit(&batch);
}

START_TEST(where_it_is)
{
	static const struct {
		const char *text;
		uint64_t number;    /* UINT64_MAX: nowhere */
		const char *message; /* then: what is said of it */
	} cases[] = {
		{ "start", 0, NULL },
		{ "end", EVENTS, NULL },
		{ "0%", 0, NULL },
		{ "0.1%", 1, NULL },
		{ "0.19%", 1, NULL },
		{ "33.35%", 333, NULL },
		{ "100%", EVENTS, NULL },
		{ "event:0", 0, NULL },
		{ "event:999", 999, NULL },
		{ "event:1000", EVENTS, NULL },
		{ "event:1001", UINT64_MAX, "1000 events" },
		{ "0.5", 0, NULL },
		{ "1", 0, NULL },
		{ "1.5", 500, NULL },
		{ "1.500000001", 501, NULL },
		{ "1.999", 999, NULL },
		{ "1.9990001", UINT64_MAX, "1.999000000" },
		{ "99999999999999", UINT64_MAX, "last event" },
		{ "marker:step", 0, NULL },
		{ "marker:step#10", 900, NULL },
		{ "marker:step#11", UINT64_MAX, "only 10 of its 10" },
		{ "marker:odd", 100, NULL },
		{ "marker:, even#2", 200, NULL },
		{ "marker:step 7", 700, NULL },
		{ "marker:stop 7, odd", UINT64_MAX, "did you mean 'step 7, odd'" },
		{ "marker:nothing like it", UINT64_MAX, "'step 0, even', 'step 1, odd'" },
	};
	struct when whens[ARRAY_SIZE(cases)];
	struct when_finder finder;

	when_finder_init(&finder, TRACE_CLOCK_NS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_msg(parses(cases[i].text, &whens[i]), "'%s'", cases[i].text);
		when_finder_add(&finder, &whens[i]);
	}
	feed_all(&finder);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { "" };
		uint64_t number;
		bool ok = when_finder_get(&finder, i, &number, &err);

		ck_assert_msg(ok == !cases[i].message, "'%s': %s", cases[i].text, err.message);
		if (ok)
			ck_assert_msg(number == cases[i].number, "'%s'", cases[i].text);
		else
			ck_assert_msg(strstr(err.message, cases[i].message), "%s", err.message);
		when_deinit(&whens[i]);
	}
	when_finder_deinit(&finder);
}
END_TEST

START_TEST(of_nothing)
{
	static const char *const texts[] = { "start", "end", "50%", "event:0", "1", "marker:x" };
	struct when_finder finder;
	struct when whens[ARRAY_SIZE(texts)];

	when_finder_init(&finder, TRACE_CLOCK_TICKS);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert(parses(texts[i], &whens[i]));
		when_finder_add(&finder, &whens[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err;
		uint64_t number = 1;

		ck_assert(when_finder_get(&finder, i, &number, &err) == (i < 4));
		if (i < 4)
			ck_assert(!number);
		when_deinit(&whens[i]);
	}
	when_finder_deinit(&finder);
}
END_TEST

START_TEST(ticks_have_no_parts)
{
	struct when when;

	ck_assert(parses("10.5", &when));
	ck_assert(when_time(&when, TRACE_CLOCK_TICKS, true) == 11);
	ck_assert(when_time(&when, TRACE_CLOCK_TICKS, false) == 10);
	ck_assert(when_time(&when, TRACE_CLOCK_NS, true) == 10500000000);
	when_deinit(&when);
}
END_TEST

UNIT_MAIN("when", what_it_means, what_says_nothing, where_it_is, of_nothing, ticks_have_no_parts)
