/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * For tests of the readers: a file's content out of memory, and all its events in one batch.
 */
#ifndef KMREPLAY_TESTS_UNIT_TRACE_DECODE_H
#define KMREPLAY_TESTS_UNIT_TRACE_DECODE_H

#include "unit/unit.h"

#include "kmreplay/core/str.h"
#include "kmreplay/event/desc.h"
#include "kmreplay/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct decoded {
	struct event_names *names; /**< the caller's, or "own" */
	struct event_names own;
	struct event_batch all;   /**< every event */
	struct trace *trace;      /**< ended; NULL when it could not be opened */
	const struct trace_info *info;
	enum trace_status status; /**< how it ended */
	struct error err;         /**< when TRACE_ERROR or not opened */
};

/** A file of that content under a name of its own; the caller unlinks and frees it. */
static inline char *decode_file(const void *data, size_t len)
{
	const char *dir = getenv("TMPDIR");
	char *path = xasprintf("%s/kmreplay-test-XXXXXX", dir && dir[0] ? dir : "/tmp");
	int fd = mkstemp(path);

	ck_assert(fd >= 0);
	ck_assert(len == 0 || write(fd, data, len) == (ssize_t)len);
	close(fd);
	return path;
}

/** Reads "path" to its end. "names" NULL: names of its own. */
static inline void decode_path(struct decoded *d, const char *path, struct event_names *names,
			       const struct trace_options *options)
{
	struct event_batch batch;

	memset(d, 0, sizeof(*d));
	if (!names) {
		event_names_init(&d->own);
		names = &d->own;
	}
	d->names = names;
	d->status = TRACE_ERROR;
	event_batch_init(&d->all, 64);
	event_batch_init(&batch, TRACE_BATCH);
	d->trace = trace_open(path, options, d->names, &d->err);
	while (d->trace && (d->status = trace_next(d->trace, &batch, &d->err)) == TRACE_MORE) {
		ck_assert(batch.nr > 0);
		for (size_t i = 0; i < batch.nr; i++) {
			struct event ev = batch.events[i];
			unsigned int payload = event_desc(ev.type)->payload;

			if (payload == EVENT_PAYLOAD_TEXT)
				ev.text.aux = event_batch_add_aux(&d->all, batch.aux + ev.text.aux,
								  ev.text.len);
			if (payload == EVENT_PAYLOAD_BULK)
				ev.bulk.aux = event_batch_add_aux(
					&d->all, batch.aux + ev.bulk.aux,
					ev.bulk.nr_aux * sizeof(uint64_t));
			if (d->all.nr == d->all.cap) {
				d->all.cap *= 2;
				d->all.events = xreallocarray(d->all.events, d->all.cap,
							      sizeof(*d->all.events));
			}
			d->all.events[d->all.nr++] = ev;
		}
	}
	event_batch_deinit(&batch);
	if (d->trace)
		d->info = trace_info(d->trace);
}

/** The same for content in memory. */
static inline void decode_mem(struct decoded *d, const void *data, size_t len,
			      struct event_names *names, const struct trace_options *options)
{
	char *path = decode_file(data, len);

	decode_path(d, path, names, options);
	unlink(path);
	free(path);
}

/** The same for text that must open, with names of its own. */
static inline void decode_text(struct decoded *d, const char *text)
{
	decode_mem(d, text, strlen(text), NULL, NULL);
	ck_assert_msg(d->trace != NULL, "%s", d->err.message);
}

static inline void decoded_deinit(struct decoded *d)
{
	trace_close(d->trace);
	event_batch_deinit(&d->all);
	if (d->names == &d->own)
		event_names_deinit(&d->own);
}

/** The marker's or bulk free's text or pointers. */
static inline const char *decoded_text(const struct decoded *d, const struct event *ev)
{
	return (const char *)d->all.aux + ev->text.aux;
}

static inline const char *decoded_word(const struct decoded *d, uint32_t id)
{
	return intern_text(&d->names->texts, id);
}

static inline const char *decoded_site(const struct decoded *d, uint32_t id)
{
	return intern_text(&d->names->site_texts, id);
}

/**
 * The path of a shared recording's file, or NULL (after saying so on stderr) when the recordings
 * are not there. The caller frees it.
 */
static inline char *decode_recording(const char *name)
{
	const char *dir = getenv("KMREPLAY_TRACES");
	const char *top = getenv("top_srcdir");
	char *path;
	struct stat st;

	if (dir)
		path = xasprintf("%s/%s", dir, name);
	else
		path = xasprintf("%s/../shared/traces/%s", top ? top : ".", name);
	if (stat(path, &st) == 0)
		return path;
	fprintf(stderr, "# skipped: no recording %s\n", path);
	free(path);
	return NULL;
}

#endif
