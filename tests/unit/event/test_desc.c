/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of event types: consistent in itself, and with the format files of real kernels. */
#include <config.h>

#include "unit/unit.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/desc.h"

#include <stdio.h>
#include <string.h>

START_TEST(names_lead_to_types)
{
	for (unsigned int type = 0; type < EVENT_OTHER; type++) {
		const struct event_desc *desc = event_desc(type);

		ck_assert_uint_eq(event_type_by_name(desc->name, strlen(desc->name)), type);
		ck_assert_uint_ne(event_type_by_name(desc->name, strlen(desc->name) - 1), type);
	}
	ck_assert_uint_eq(event_type_by_name("tracing_mark_write", 18), EVENT_MARK);
	ck_assert_uint_eq(event_type_by_name("", 0), EVENT_OTHER);
	ck_assert_uint_eq(event_type_by_name("kmalloc_", 8), EVENT_OTHER);
}
END_TEST

/* Places that are shared are said to be so: both optional, same width. */
static void check_apart(const struct event_desc *desc, const struct event_field *a,
			const struct event_field *b)
{
	if (a->offset >= b->offset + b->width || b->offset >= a->offset + a->width)
		return;
	ck_assert_msg(a->offset == b->offset && a->width == b->width && a->optional && b->optional,
		      "%s: %s over %s", desc->name, a->key, b->key);
}

START_TEST(fields_lie_inside_the_record)
{
	for (unsigned int type = 0; type < EVENT_NR; type++) {
		const struct event_desc *desc = event_desc(type);

		for (unsigned int i = 0; i < desc->nr_fields; i++) {
			const struct event_field *f = &desc->fields[i];

			ck_assert_uint_le(f->offset + f->width, sizeof(struct event));
			ck_assert_uint_eq(f->offset % f->width, 0);
			ck_assert(f->key != NULL && (f->key[0] || f->member));
			if (f->kind != EVENT_FIELD_SITE && f->kind != EVENT_FIELD_FAILED)
				ck_assert_uint_ge(f->offset, offsetof(struct event, raw));
			for (unsigned int j = 0; j < i; j++)
				check_apart(desc, f, &desc->fields[j]);
		}
	}
}
END_TEST

START_TEST(values_come_back_and_overflow_is_seen)
{
	struct rng rng;

	rng_init(&rng, 3);
	for (unsigned int type = 0; type < EVENT_NR; type++) {
		const struct event_desc *desc = event_desc(type);

		for (unsigned int i = 0; i < desc->nr_fields; i++) {
			const struct event_field *f = &desc->fields[i];
			bool one_bit = f->kind == EVENT_FIELD_BOOL || f->kind == EVENT_FIELD_FLAG ||
				       f->kind == EVENT_FIELD_FAILED;
			bool is_signed = f->kind == EVENT_FIELD_INT;
			uint64_t max = one_bit ? 1 : is_signed ? (1ULL << (8 * f->width - 1)) - 1 :
				       UINT64_MAX >> (64 - 8 * f->width);
			struct event ev;

			event_clear(&ev, type);
			ck_assert(event_field_set(&ev, f, max));
			ck_assert_uint_eq(event_field_get(&ev, f), max);
			ck_assert(event_field_set(&ev, f, 0));
			ck_assert_uint_eq(event_field_get(&ev, f), 0);
			if (is_signed) {
				ck_assert(event_field_set(&ev, f, ~max));
				ck_assert_uint_eq(event_field_get(&ev, f), ~max);
			}
			if (one_bit) {
				ck_assert(event_field_set(&ev, f, 7));
				ck_assert_uint_eq(event_field_get(&ev, f), 1);
			} else if (f->width < 8) {
				ck_assert(!event_field_set(&ev, f, max + 1));
			}
		}
	}
}
END_TEST

START_TEST(failures_have_one_form)
{
	struct event ev;

	event_clear(&ev, EVENT_KMALLOC);
	ck_assert_int_eq(ev.slab.node, -1);
	event_settle(&ev);
	ck_assert(ev.flags & EVENT_F_FAILED);
	event_clear(&ev, EVENT_KFREE); /* of NULL: nothing failed */
	event_settle(&ev);
	ck_assert_uint_eq(ev.flags, 0);
	event_clear(&ev, EVENT_PAGE_ALLOC);
	event_settle(&ev);
	ck_assert(ev.flags & EVENT_F_FAILED);
	ck_assert_uint_eq(ev.page.pfn, EVENT_PFN_FAILED);
	event_clear(&ev, EVENT_PAGE_ALLOC); /* ~0UL of a 32-bit kernel */
	ev.page.pfn = UINT32_MAX;
	event_settle(&ev);
	ck_assert_uint_eq(ev.page.pfn, EVENT_PFN_FAILED);
	event_clear(&ev, EVENT_CMA_FINISH);
	ev.cma.pfn = 5;
	ev.cma.errorno = -12;
	event_settle(&ev);
	ck_assert(ev.flags & EVENT_F_FAILED);
}
END_TEST

/* Is there "field:... NAME;" or "NAME[...];" in the format text? */
static bool has_member(const char *format, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = format; (at = strstr(at, name)); at += len) {
		if (at > format && (at[-1] == ' ' || at[-1] == '*') &&
		    (at[len] == ';' || at[len] == '['))
			return true;
	}
	return false;
}

static char *read_format(const char *dir, const char *recording, const struct event_desc *desc)
{
	char *path = xasprintf("%s/%s/formats/%s-%s.format", dir, recording, desc->system,
			       desc->name);
	FILE *fp = fopen(path, "r");
	char *text = NULL;

	free(path);
	if (!fp)
		return NULL;
	text = xcalloc(1, 1 << 16);
	ck_assert_uint_gt(fread(text, 1, (1 << 16) - 1, fp), 0);
	fclose(fp);
	return text;
}

/* How many of the event's fields are members of its format file; the others must be optional. */
static unsigned int check_format(const struct event_desc *desc, const char *format)
{
	unsigned int nr_found = 0;

	for (unsigned int i = 0; i < desc->nr_fields; i++) {
		const struct event_field *f = &desc->fields[i];

		if (has_member(format, event_field_member(f)))
			nr_found++;
		else
			ck_assert_msg(f->optional, "%s has no %s", desc->name,
				      event_field_member(f));
	}
	return nr_found;
}

START_TEST(members_are_those_of_real_kernels)
{
	static const char *const recordings[] = { "boot-61", "boot-612", "boot-72", "cma-72",
						  "files-61-i386" };
	const char *dir = getenv("KMREPLAY_TRACES");
	const char *top = getenv("top_srcdir");
	char *shared = dir ? xstrdup(dir) : xasprintf("%s/../shared/traces", top ? top : ".");
	unsigned int nr_checked = 0;

	for (size_t r = 0; r < ARRAY_SIZE(recordings); r++) {
		for (unsigned int type = 0; type < EVENT_OTHER; type++) {
			const struct event_desc *desc = event_desc(type);
			char *format = read_format(shared, recordings[r], desc);

			if (format)
				nr_checked += check_format(desc, format);
			free(format);
		}
	}
	if (!nr_checked)
		fprintf(stderr, "# skipped: no format files in %s\n", shared);
	else
		ck_assert_uint_gt(nr_checked, 500);
	free(shared);
}
END_TEST

UNIT_MAIN("desc", names_lead_to_types, fields_lie_inside_the_record,
	  values_come_back_and_overflow_is_seen, failures_have_one_form,
	  members_are_those_of_real_kernels)
