/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own files and their moments. What is in them is compared in truth_zones.c and
 * truth_slabs.c.
 */
#include <config.h>

#include "truth_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct verify_truth {
	char *label;
	struct proc_snapshot snapshot;
	uint64_t moments[VERIFY_FILE_NR]; /* UINT64_MAX: unknown */
	bool fixed; /* marks do not count */
	unsigned int open; /* VERIFY_FILE_NR: no file is being read */
	int32_t reader;    /* the task that reads it */
};

static const struct {
	enum proc_file file;
	enum verify_layer layer;
	truth_compare_fn *compare;
} files[] = {
#define X(suffix, name, layer_)                                                               \
	[VERIFY_FILE_##suffix] = { .file = PROC_##suffix,                                     \
				   .layer = VERIFY_##layer_,                                  \
				   .compare = truth_compare_##name },
	VERIFY_FILES(X)
#undef X
};

static char *last_component(const char *path);
static void read_mark(struct verify_truth *truth, const char *text, size_t len, uint64_t number);
static bool is_read(const struct verify_truth *truth, const struct event *ev,
		    const struct event_names *names);
static const char *after_word(const char *text, const char *end, const char *word);

const char *verify_file_name(enum verify_file file)
{
	return proc_file_name(files[file].file);
}

enum verify_layer verify_file_layer(enum verify_file file)
{
	return files[file].layer;
}

struct verify_truth *verify_truth_read(const char *dir, struct error *err)
{
	struct verify_truth *truth = xcalloc(1, sizeof(*truth));
	bool any = false;

	truth->label = last_component(dir);
	truth->open = VERIFY_FILE_NR;
	for (size_t i = 0; i < VERIFY_FILE_NR; i++)
		truth->moments[i] = UINT64_MAX;
	proc_snapshot_init(&truth->snapshot);
	if (!proc_snapshot_read(&truth->snapshot, dir, err)) {
		verify_truth_destroy(truth);
		return NULL;
	}
	for (size_t i = 0; i < VERIFY_FILE_NR; i++)
		any = any || proc_has(&truth->snapshot, files[i].file);
	if (any)
		return truth;
	error_set(err, "'%s' holds none of the files that can be compared: buddyinfo, slabinfo, "
		  "zoneinfo, pagetypeinfo, vmallocinfo, ...", dir);
	verify_truth_destroy(truth);
	return NULL;
}

void verify_truth_destroy(struct verify_truth *truth)
{
	if (!truth)
		return;
	proc_snapshot_deinit(&truth->snapshot);
	free(truth->label);
	free(truth);
}

const char *verify_truth_label(const struct verify_truth *truth)
{
	return truth->label;
}

void verify_truth_set_moment(struct verify_truth *truth, uint64_t number)
{
	truth->fixed = true;
	for (size_t i = 0; i < VERIFY_FILE_NR; i++)
		truth->moments[i] = number;
}

void verify_truth_look(struct verify_truth *truth, const struct event_batch *batch,
		       const struct event_names *names, uint64_t first)
{
	if (truth->fixed)
		return;
	for (size_t i = 0; i < batch->nr; i++) {
		const struct event *ev = &batch->events[i];

		if (unlikely(ev->type == EVENT_MARK)) {
			truth->open = VERIFY_FILE_NR;
			truth->reader = ev->pid;
			read_mark(truth, (const char *)batch->aux + ev->text.aux, ev->text.len,
				  first + i);
		} else if (unlikely(truth->open < VERIFY_FILE_NR) && is_read(truth, ev, names)) {
			truth->moments[truth->open] = first + i;
			truth->open = VERIFY_FILE_NR;
		}
	}
}

uint64_t verify_truth_moment(const struct verify_truth *truth, enum verify_file file)
{
	return proc_has(&truth->snapshot, files[file].file) ? truth->moments[file] : UINT64_MAX;
}

bool verify_truth_has_moment(const struct verify_truth *truth)
{
	for (unsigned int i = 0; i < VERIFY_FILE_NR; i++)
		if (verify_truth_moment(truth, (enum verify_file)i) != UINT64_MAX)
			return true;
	return false;
}

void verify_truth_compare(const struct verify_truth *truth, enum verify_file file,
			  const struct proc_snapshot *ours, struct verify_truth_result *result)
{
	struct truth_comparison c = {
		.ours = ours, .kernel = &truth->snapshot, .file = file, .result = result
	};

	if (proc_has(ours, files[file].file))
		files[file].compare(&c);
}

void verify_truth_result_deinit(struct verify_truth_result *result)
{
	vec_foreach(&result->rows, row)
		str_deinit(&row->first);
	vec_deinit(&result->rows);
}

size_t truth_row_add(struct truth_comparison *c, const char *key, const char *what, bool has_sums)
{
	struct verify_truth_row row = {
		.file = (uint8_t)c->file, .key = key, .what = what, .has_sums = has_sums
	};

	str_init(&row.first);
	vec_push(&c->result->rows, row);
	return c->result->rows.nr - 1;
}

bool truth_field(struct truth_comparison *c, size_t at, int64_t ours, int64_t kernel)
{
	struct verify_truth_row *row = &c->result->rows.items[at];
	const bool equal = ours == kernel;

	row->nr++;
	row->equal += equal;
	row->ours += ours;
	row->kernel += kernel;
	return !equal && !row->first.len;
}

struct str *truth_first(struct truth_comparison *c, size_t at)
{
	return &c->result->rows.items[at].first;
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
static void read_mark(struct verify_truth *truth, const char *text, size_t len, uint64_t number)
{
	const char *end = text + len;
	const char *at = text;

	while (at < end && (size_t)(end - at) > 5 && strncmp(at, "snap ", 5) != 0)
		at++;
	at = after_word(at, end, "snap");
	at = after_word(at, end, truth->label);
	at = after_word(at, end, "begin");
	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	for (unsigned int i = 0; at && i < VERIFY_FILE_NR; i++) {
		const char *name = verify_file_name((enum verify_file)i);

		if ((size_t)(end - at) == strlen(name) && !strncmp(at, name, strlen(name)) &&
		    truth->moments[i] == UINT64_MAX) {
			truth->moments[i] = number;
			truth->open = i;
		}
	}
}

/*
 * seq_read_iter() writes the file into a buffer, anew each time that it has to make it larger;
 * what is read was written last. seq_release() frees it.
 */
static bool is_read(const struct verify_truth *truth, const struct event *ev,
		    const struct event_names *names)
{
	return ev->type == EVENT_KFREE && ev->pid == truth->reader && ev->site &&
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
