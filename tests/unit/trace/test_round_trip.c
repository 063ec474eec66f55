/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What event_print_text() writes, the reader of tracefs text makes equal records of; and what
 * event_print_json() writes, the reader of JSON lines.
 */
#include <config.h>

#include "decode.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/event/print.h"

struct form {
	void (*header)(const struct event_printer *p, struct str *out);
	void (*lost)(unsigned int cpu, uint64_t nr, struct str *out);
	void (*event)(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out);
};

static const struct form as_text = { event_print_text_header, event_print_text_lost,
				     event_print_text };
static const struct form as_json = { event_print_json_header, event_print_json_lost,
				     event_print_json };

/* Texts that would break lines and fields, and plain ones. */
static const char *const words[] = {
	"kmalloc-64", "fsnotify mark", " lead", "trail ", "a=b ptr=1", "q\"uote\" n=3 p={0x1}",
	"new\nline", "tab\there", "back\\slash", "\\x41", "\x01\x7f", "\xe6\xbc\xa2\xff",
	"name: with: colons", "x -12 [003] y", "<...>", "<idle>", "-1 [000]", "kworker/0:1-eve",
	"bytes_req=4", "x bytes_req=4", "y order=7 ret=z", "c total-vm=1kB", "]", "(fault)", "#",
	"=> x", "ends with -7 [001] ..... 1.000000: kfree: ",
};

static const char *const sites[] = {
	"func+0x1a/0x60 [mod]", "func+0x1a/0x60", "func+0x1a", "func", "0xffffffff81234567",
	"ffffffff81234567", "getname_flags.part.0+0x26/0x1c0", "odd name+0x1", "a=b+0x3/0x4",
};

static uint64_t random_value(struct rng *rng, const struct event_field *field)
{
	uint64_t value = rng_next(rng) >> (rng_next(rng) % 64);

	if (field->kind == EVENT_FIELD_FLAG || field->kind == EVENT_FIELD_BOOL)
		return value & 1;
	if (field->kind == EVENT_FIELD_INT) {
		value &= (1ULL << (8 * field->width - 1)) - 1;
		return rng_next(rng) & 1 ? -value : value;
	}
	return field->width == 8 ? value : value & ((1ULL << (8 * field->width)) - 1);
}

static uint32_t random_word(struct rng *rng, struct event_names *names)
{
	return intern_add_text(&names->texts, words[rng_next(rng) % ARRAY_SIZE(words)]);
}

static uint32_t random_site(struct rng *rng, struct event_names *names)
{
	const char *site = sites[rng_next(rng) % ARRAY_SIZE(sites)];

	return event_site_add(names, site, strlen(site));
}

static uint32_t random_gfp(struct rng *rng, enum gfp_era era)
{
	/* only what a kernel of this era can have had */
	return gfp_from_raw(era, gfp_to_raw(era, (uint32_t)rng_next(rng) & ~GFP_BIT_UNKNOWN));
}

static void random_fields(struct rng *rng, struct event *ev, struct event_names *names,
			  struct event_batch *batch, enum gfp_era era)
{
	const struct event_desc *desc = event_desc(ev->type);

	for (unsigned int i = 0; i < desc->nr_fields; i++) {
		const struct event_field *field = &desc->fields[i];
		uint64_t ptrs[16];
		uint64_t value = 0;

		if (field->optional && field->kind != EVENT_FIELD_INT && rng_next(rng) % 4 == 0)
			continue;
		if (field->kind == EVENT_FIELD_WORD || field->kind == EVENT_FIELD_QUOTED) {
			value = random_word(rng, names);
		} else if (field->kind == EVENT_FIELD_SITE) {
			value = random_site(rng, names);
		} else if (field->kind == EVENT_FIELD_GFP) {
			value = random_gfp(rng, era);
		} else if (field->kind == EVENT_FIELD_PTRS) {
			for (size_t p = 0; p < ARRAY_SIZE(ptrs); p++)
				ptrs[p] = rng_next(rng);
			ev->bulk.nr_aux = (uint32_t)(rng_next(rng) % (ARRAY_SIZE(ptrs) + 1));
			ev->bulk.aux = event_batch_add_aux(batch, ptrs,
							   ev->bulk.nr_aux * sizeof(ptrs[0]));
			continue;
		} else {
			value = random_value(rng, field);
		}
		ck_assert(event_field_set(ev, field, value));
	}
}

static void random_event(struct rng *rng, struct event *ev, unsigned int type,
			 struct event_names *names, struct event_batch *batch, enum gfp_era era)
{
	event_clear(ev, type);
	ev->time = rng_next(rng) >> 20;
	ev->pid = (int32_t)(rng_next(rng) % 70000) - 2;
	ev->cpu = (uint16_t)(rng_next(rng) % 1200);
	ev->comm = rng_next(rng) % 4 ? random_word(rng, names) : 0;
	if (ev->comm && strcmp(intern_text(&names->texts, ev->comm), "<...>") == 0)
		ev->comm = 0; /* what unknown names print as */
	if (rng_next(rng) % 4)
		ev->flags = EVENT_F_CONTEXT |
			    (uint8_t)(rng_next(rng) &
				      (EVENT_F_IRQS_OFF | EVENT_F_BH_OFF | EVENT_F_SOFTIRQ |
				       EVENT_F_HARDIRQ | EVENT_F_NMI));
	if (type == EVENT_MARK) {
		const char *text = words[rng_next(rng) % ARRAY_SIZE(words)];

		ev->text.len = (uint32_t)strlen(text);
		ev->text.aux = event_batch_add_aux(batch, text, ev->text.len);
	} else if (type == EVENT_OTHER) {
		ev->other.name = intern_add_text(&names->texts, "sched:sched_switch");
	} else {
		random_fields(rng, ev, names, batch, era);
	}
	event_settle(ev);
}

static void check_equal(const struct event_printer *printer, const struct event *a,
			const struct event_batch *batch_a, const struct event *b,
			const struct event_batch *batch_b)
{
	struct str text;

	if (event_equal(a, batch_a, b, batch_b))
		return;
	str_init(&text);
	event_print_text(printer, a, batch_a, &text);
	event_print_text(printer, b, batch_b, &text);
	ck_abort_msg("events differ:\n%s", text.data);
}

static void check_random_events(const struct form *form, enum gfp_era era, bool ticks,
				uint64_t seed)
{
	struct event_names names;
	struct event_batch batch;
	struct str text;
	struct rng rng;
	struct decoded d;
	struct event_printer printer = { .names = &names, .era = era, .ticks = ticks,
					 .release = "", .clock = "" };

	event_names_init(&names);
	event_batch_init(&batch, 64 * EVENT_NR);
	str_init(&text);
	rng_init(&rng, seed);
	form->header(&printer, &text);
	for (size_t i = 0; i < batch.cap; i++) {
		struct event *ev = &batch.events[batch.nr];

		random_event(&rng, ev, (unsigned int)(i % EVENT_NR), &names, &batch, era);
		batch.nr++;
		form->event(&printer, ev, &batch, &text);
	}
	decode_mem(&d, text.data, text.len, &names, NULL);
	ck_assert_msg(d.status == TRACE_END, "%s", d.err.message);
	ck_assert_uint_eq(d.info->nr_unparsed, 0);
	ck_assert_uint_eq(d.info->nr_malformed, 0);
	ck_assert_uint_eq(d.info->era, era);
	ck_assert_uint_eq(d.all.nr, batch.nr);
	for (size_t i = 0; i < batch.nr; i++)
		check_equal(&printer, &batch.events[i], &batch, &d.all.events[i], &d.all);
	decoded_deinit(&d);
	str_deinit(&text);
	event_batch_deinit(&batch);
	event_names_deinit(&names);
}

START_TEST(random_events_come_back_equal)
{
	for (uint64_t seed = 1; seed <= 6; seed++)
		check_random_events(&as_text, GFP_ERA_6_11, false, seed);
}
END_TEST

START_TEST(each_era_comes_back_equal)
{
	for (unsigned int era = 0; era < GFP_ERA_NR; era++)
		check_random_events(&as_text, (enum gfp_era)era, era & 1, 100 + era);
}
END_TEST

/* A recording, printed and read again. */
static void check_recording(const struct form *form, const char *name)
{
	char *path = decode_recording(name);
	struct event_names names;
	struct decoded first, second;
	struct event_printer printer = { .names = &names, .release = "", .clock = "" };
	struct str text;

	if (!path)
		return;
	event_names_init(&names);
	str_init(&text);
	decode_path(&first, path, &names, NULL);
	ck_assert_msg(first.status == TRACE_END, "%s", first.err.message);
	ck_assert_uint_gt(first.all.nr, 1000);
	printer.era = first.info->era;
	printer.ticks = first.info->unit == TRACE_CLOCK_TICKS;
	form->header(&printer, &text);
	for (size_t i = 0, loss = 0; i < first.all.nr; i++) {
		if (first.all.events[i].flags & EVENT_F_LOST) {
			const struct trace_loss *lost = &first.info->losses.items[loss++];

			ck_assert_uint_eq(lost->event, i);
			form->lost(lost->cpu, lost->nr, &text);
		}
		form->event(&printer, &first.all.events[i], &first.all, &text);
	}
	decode_mem(&second, text.data, text.len, &names, NULL);
	ck_assert_uint_eq(second.all.nr, first.all.nr);
	ck_assert_uint_eq(second.info->nr_losses, first.info->nr_losses);
	for (size_t i = 0; i < first.all.nr; i++)
		check_equal(&printer, &first.all.events[i], &first.all, &second.all.events[i],
			    &second.all);
	decoded_deinit(&first);
	decoded_deinit(&second);
	str_deinit(&text);
	event_names_deinit(&names);
	free(path);
}

START_TEST(recordings_come_back_equal)
{
	check_recording(&as_text, "zoo-61/trace.txt.gz");
	check_recording(&as_text, "boot-72/trace.txt.gz");
	check_recording(&as_text, "perf-612/trace-pipe.txt.gz");
	check_recording(&as_text, "perf-612/trace-fields.txt.gz");
	check_recording(&as_text, "perf-612/perf-script.txt.gz");
	check_recording(&as_text, "perf-612/tc7-report-R.txt.gz");
}
END_TEST

START_TEST(random_json_comes_back_equal)
{
	for (unsigned int era = 0; era < GFP_ERA_NR; era++)
		check_random_events(&as_json, (enum gfp_era)era, era & 1, 200 + era);
}
END_TEST

START_TEST(recordings_as_json_come_back_equal)
{
	check_recording(&as_json, "zoo-612/trace.dat");
	check_recording(&as_json, "boot-61/trace.dat");
	check_recording(&as_json, "perf-612/trace-pipe.txt.gz");
	check_recording(&as_json, "perf-612/trace-fields.txt.gz");
}
END_TEST

UNIT_MAIN("round_trip", random_events_come_back_equal, each_era_comes_back_equal,
	  recordings_come_back_equal, random_json_comes_back_equal,
	  recordings_as_json_come_back_equal)
