/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own files and their moments. What is in them is compared in truth_zones.c,
 * truth_slabs.c and truth_areas.c.
 */
#include <config.h>

#include "truth_internal.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/replay/snap_moments.h"

#include <stdlib.h>

struct verify_truth {
	struct snap_moments moments;
	struct proc_snapshot snapshot;
	bool fixed; /* marks do not count */
	unsigned int given, all_given; /* bits of enum verify_file */
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

static bool read_aliases(struct verify_truth *truth, const char *dir, struct error *err);

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

	snap_moments_init(&truth->moments, dir);
	proc_snapshot_init(&truth->snapshot);
	if (!proc_snapshot_read(&truth->snapshot, dir, err) || !read_aliases(truth, dir, err)) {
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
	snap_moments_deinit(&truth->moments);
	free(truth);
}

const char *verify_truth_label(const struct verify_truth *truth)
{
	return truth->moments.label;
}

void verify_truth_set_moment(struct verify_truth *truth, uint64_t number)
{
	truth->fixed = true;
	for (size_t i = 0; i < PROC_FILE_NR; i++)
		truth->moments.at[i] = number;
}

void verify_truth_look(struct verify_truth *truth, const struct event_batch *batch,
		       const struct event_names *names, uint64_t first)
{
	if (!truth->fixed)
		snap_moments_look(&truth->moments, batch, names, first);
}

uint64_t verify_truth_moment(const struct verify_truth *truth, enum verify_file file)
{
	const enum proc_file name = files[file].file;

	return proc_has(&truth->snapshot, name) ? truth->moments.at[name] : UINT64_MAX;
}

bool verify_truth_has_moment(const struct verify_truth *truth)
{
	for (unsigned int i = 0; i < VERIFY_FILE_NR; i++)
		if (verify_truth_moment(truth, (enum verify_file)i) != UINT64_MAX)
			return true;
	return false;
}

void verify_truth_set_given(struct verify_truth *truth, enum verify_file file, bool all)
{
	truth->given |= 1U << file;
	truth->all_given |= all ? 1U << file : 0;
}

void verify_truth_compare(const struct verify_truth *truth, enum verify_file file,
			  const struct verify_shown *shown, struct verify_truth_result *result)
{
	struct truth_comparison c = {
		.ours = shown->files,
		.kernel = &truth->snapshot,
		.shown = shown,
		.file = file,
		.given = truth->given & 1U << file,
		.all_given = truth->all_given & 1U << file,
		.result = result,
	};

	if (proc_has(shown->files, files[file].file))
		files[file].compare(&c);
}

void verify_truth_result_deinit(struct verify_truth_result *result)
{
	vec_foreach(&result->rows, row)
		str_deinit(&row->first);
	vec_deinit(&result->rows);
	vec_foreach(&result->caches, cache)
		free(cache->name);
	vec_deinit(&result->caches);
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

void truth_part(struct truth_comparison *c, size_t at, uint64_t part, uint64_t whole)
{
	struct verify_truth_row *row = &c->result->rows.items[at];

	row->equal += part;
	row->nr += whole;
}

void truth_sums(struct truth_comparison *c, size_t at, int64_t ours, int64_t kernel)
{
	struct verify_truth_row *row = &c->result->rows.items[at];

	row->ours += ours;
	row->kernel += kernel;
}

void truth_given(struct truth_comparison *c, size_t at)
{
	c->result->rows.items[at].given = true;
}

/* Which caches are merged does not change: it may stand once, beside several snapshots. */
static bool read_aliases(struct verify_truth *truth, const char *dir, struct error *err)
{
	CLEANUP(cleanup_free) char *above = xasprintf("%s/..", dir);

	return proc_has(&truth->snapshot, PROC_SYS_SLAB_ALIASES) ||
	       proc_snapshot_read_some(&truth->snapshot, above, 1U << PROC_SYS_SLAB_ALIASES, err);
}
