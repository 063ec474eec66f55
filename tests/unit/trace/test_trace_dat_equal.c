/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same recording read from trace.dat and from tracefs text gives the same events, one by one.
 *
 * What text cannot say or says otherwise is brought into one form first:
 * - text rounds times to microseconds;
 * - text has struct page addresses, a binary recording the page frame only;
 * - a call site of text tells the function's size;
 * - text names an address in a module by what lies there when it is read, while kallsyms still has
 *   the initialisation functions that were in the same memory before;
 * - events whose format the recorder no longer found exist in text alone.
 */
#include <config.h>

#include "kmreplay/event/desc.h"
#include "kmreplay/trace/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

struct side {
	struct trace *trace;
	struct event_batch batch;
	size_t at;
};

struct pair {
	struct event_names names;
	struct side dat, text;
	uint64_t nr, nr_unknown, nr_reused;
};

static char *recording(const char *folder, const char *file)
{
	const char *top = getenv("top_srcdir");
	const char *root = getenv("KMREPLAY_TRACES");
	char *path = root ? xasprintf("%s/%s/%s", root, folder, file) :
			    xasprintf("%s/../shared/traces/%s/%s", top ? top : ".", folder, file);

	if (access(path, R_OK) == 0)
		return path;
	printf("# skipped: no %s\n", path);
	free(path);
	return NULL;
}

static bool open_side(struct pair *p, struct side *side, const char *folder, const char *file)
{
	char *path = recording(folder, file);
	struct error err;

	if (!path)
		return false;
	side->trace = trace_open(path, NULL, &p->names, &err);
	ck_assert_msg(side->trace, "%s", err.message);
	event_batch_init(&side->batch, TRACE_BATCH);
	free(path);
	return true;
}

static void close_side(struct side *side)
{
	trace_close(side->trace);
	event_batch_deinit(&side->batch);
}

static struct event *next(struct side *side)
{
	struct error err = { "" };

	if (side->at == side->batch.nr) {
		enum trace_status status = trace_next(side->trace, &side->batch, &err);

		ck_assert_msg(status != TRACE_ERROR, "%s", err.message);
		side->at = 0;
		if (status == TRACE_END)
			return NULL;
	}
	return &side->batch.events[side->at++];
}

static bool same_site(struct pair *p, uint32_t a, uint32_t b)
{
	const struct event_site *x = &p->names.sites.items[a], *y = &p->names.sites.items[b];

	if (x->canon == y->canon)
		return true;
	/* Of two modules' names for reused memory, or behind the last symbol there is. */
	p->nr_reused++;
	return y->module && (x->module || !x->symbol);
}

static void clear_page(struct event *ev)
{
	switch (event_desc(ev->type)->payload) {
	case EVENT_PAYLOAD_PAGE:
		ev->page.page = 0;
		break;
	case EVENT_PAYLOAD_EXTFRAG:
		ev->extfrag.page = 0;
		break;
	case EVENT_PAYLOAD_CMA:
		if (ev->type != EVENT_CMA_START)
			ev->cma.page = 0;
		break;
	default:
		break;
	}
}

/* A kprobe event that the zoos had removed before trace-cmd looked for its format. */
static bool text_only(const struct event *ev)
{
	const char *name = event_desc(ev->type)->name;

	return !strcmp(name, "vm_req") || !strcmp(name, "vm_ret") || !strcmp(name, "vfree");
}

static bool is_unknown(const struct pair *p, const struct event *ev)
{
	return ev->type == EVENT_OTHER &&
	       !strcmp(intern_text(&p->names.texts, ev->other.name), "unknown_event");
}

static void compare(struct pair *p, struct event *d, struct event *t)
{
	char where[160];

	snprintf(where, sizeof(where),
		 "event %" PRIu64 " at %" PRIu64 " (%s, text %s at %" PRIu64 ")",
		 p->nr, d->time, event_desc(d->type)->name, event_desc(t->type)->name, t->time);
	ck_assert_msg((d->time + 500) / 1000 * 1000 == t->time, "%s: times", where);
	ck_assert_msg(d->type == t->type, "%s: types", where);
	ck_assert_msg(same_site(p, d->site, t->site), "%s: sites %s, %s", where,
		      intern_text(&p->names.site_texts, d->site),
		      intern_text(&p->names.site_texts, t->site));
	d->time = t->time;
	d->site = t->site;
	clear_page(d);
	clear_page(t);
	ck_assert_msg(d->comm == t->comm, "%s: tasks '%s', '%s'", where,
		      intern_text(&p->names.texts, d->comm), intern_text(&p->names.texts, t->comm));
	ck_assert_msg(d->flags == t->flags, "%s: flags %#x, %#x", where, d->flags, t->flags);
	for (size_t i = 0; i < ARRAY_SIZE(d->raw); i++)
		if (event_desc(d->type)->payload != EVENT_PAYLOAD_BULK &&
		    event_desc(d->type)->payload != EVENT_PAYLOAD_TEXT)
			ck_assert_msg(d->raw[i] == t->raw[i],
				      "%s: word %zu %#" PRIx64 ", %#" PRIx64, where, i, d->raw[i],
				      t->raw[i]);
	ck_assert_msg(event_equal(d, &p->dat.batch, t, &p->text.batch), "%s: contents", where);
}

static void expect_equal(const char *folder)
{
	struct pair p = { 0 };
	struct event *d, *t;

	event_names_init(&p.names);
	if (open_side(&p, &p.dat, folder, "trace.dat") &&
	    open_side(&p, &p.text, folder, "trace.txt.gz")) {
		d = next(&p.dat);
		for (t = next(&p.text); t; t = next(&p.text)) {
			bool here = d && (d->time + 500) / 1000 * 1000 == t->time &&
				    d->type == t->type;

			if (!here && text_only(t)) {
				p.nr_unknown++;
				ck_assert(d && is_unknown(&p, d));
				d = next(&p.dat);
				continue;
			}
			ck_assert_msg(d, "text goes on after %" PRIu64 " events", p.nr);
			compare(&p, d, t);
			p.nr++;
			d = next(&p.dat);
		}
		ck_assert_msg(!d, "trace.dat goes on after %" PRIu64 " events", p.nr);
		ck_assert_uint_gt(p.nr, 100000);
		ck_assert_uint_eq(trace_info(p.dat.trace)->nr_unparsed, 0);
		printf("# %s: %" PRIu64 " events equal, %" PRIu64 " named in text alone, %" PRIu64
		       " sites in reused memory\n", folder, p.nr, p.nr_unknown, p.nr_reused);
		ck_assert_uint_lt(p.nr_reused, 200);
	}
	close_side(&p.dat);
	close_side(&p.text);
	event_names_deinit(&p.names);
}

START_TEST(boot_612)
{
	expect_equal("boot-612");
}
END_TEST

START_TEST(boot_61)
{
	expect_equal("boot-61");
}
END_TEST

START_TEST(boot_72)
{
	expect_equal("boot-72");
}
END_TEST

START_TEST(zoo_612)
{
	expect_equal("zoo-612");
}
END_TEST

START_TEST(zoo_61)
{
	expect_equal("zoo-61");
}
END_TEST

UNIT_MAIN("trace_dat_equal", boot_612, boot_61, boot_72, zoo_612, zoo_61)
