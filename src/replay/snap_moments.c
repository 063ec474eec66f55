/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks around files that were read while recording: see snap_moments.h. */
#include <config.h>

#include "kmreplay/replay/snap_moments.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

static char *last_component(const char *path);
static void read_mark(struct snap_moments *moments, const char *text, size_t len, uint64_t number);
static bool is_called(const char *text, size_t len, enum proc_file file);
static bool is_read(const struct snap_moments *moments, const struct event *ev,
		    const struct event_names *names);
static const char *after_word(const char *text, const char *end, const char *word);

void snap_moments_init(struct snap_moments *moments, const char *dir)
{
	*moments = (struct snap_moments){ .label = last_component(dir), .open = PROC_FILE_NR };
	for (size_t i = 0; i < PROC_FILE_NR; i++)
		moments->at[i] = UINT64_MAX;
}

void snap_moments_deinit(struct snap_moments *moments)
{
	free(moments->label);
	moments->label = NULL;
}

void snap_moments_look(struct snap_moments *moments, const struct event_batch *batch,
		       const struct event_names *names, uint64_t first)
{
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		if (unlikely(ev->type == EVENT_MARK)) {
			moments->open = PROC_FILE_NR;
			moments->reader = ev->pid;
			read_mark(moments, (const char *)batch->aux + ev->text.aux, ev->text.len,
				  first + i);
		} else if (unlikely(moments->open < PROC_FILE_NR) && is_read(moments, ev, names)) {
			moments->at[moments->open] = first + i;
			moments->open = PROC_FILE_NR;
		}
	}
}

static char *last_component(const char *path)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/';)
		start--;
	return xasprintf("%.*s", (int)(end - start), path + start);
}

/* "... snap LABEL begin FILE"; the first such mark counts. */
static void read_mark(struct snap_moments *moments, const char *text, size_t len, uint64_t number)
{
	const char *end = text + len;
	const char *at = text;

	while (at < end && (size_t)(end - at) > 5 && strncmp(at, "snap ", 5) != 0)
		at++;
	at = after_word(at, end, "snap");
	at = after_word(at, end, moments->label);
	at = after_word(at, end, "begin");
	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	for (unsigned int i = 0; at && i < PROC_FILE_NR; i++) {
		if (is_called(at, (size_t)(end - at), (enum proc_file)i) &&
		    moments->at[i] == UINT64_MAX) {
			moments->at[i] = number;
			moments->open = i;
		}
	}
}

/* Large files are packed while they are read. */
static bool is_called(const char *text, size_t len, enum proc_file file)
{
	const char *name = proc_file_name(file);
	const size_t name_len = strlen(name);

	return len >= name_len && !strncmp(text, name, name_len) &&
	       (len == name_len || (len == name_len + 3 && !strncmp(text + name_len, ".gz", 3)));
}

/*
 * seq_read_iter() writes the file into a buffer, anew each time that it has to make it larger;
 * what is read was written last. seq_release() frees it.
 */
static bool is_read(const struct snap_moments *moments, const struct event *ev,
		    const struct event_names *names)
{
	return ev->type == EVENT_KFREE && ev->pid == moments->reader && ev->site &&
	       ev->site < names->sites.nr &&
	       !strcmp(intern_text(&names->texts, names->sites.items[ev->site].symbol),
		       "seq_release");
}

/* What stands behind "word" and a blank; NULL when "text" (maybe NULL) does not begin so. */
static const char *after_word(const char *text, const char *end, const char *word)
{
	const size_t len = strlen(word);

	if (!text || (size_t)(end - text) <= len || strncmp(text, word, len) != 0 ||
	    text[len] != ' ')
		return NULL;
	return text + len + 1;
}
