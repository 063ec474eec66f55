/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Truth: files of /proc and sysfs that the recorded kernel showed at known moments of the
 * recording, and how the simulated machine's own compare with them, field by field.
 *
 * The moment of a file is the mark that was written to trace_marker before it was read, "... snap
 * LABEL begin FILE"; or one moment given for all of them.
 */
#ifndef KMREPLAY_VERIFY_TRUTH_H
#define KMREPLAY_VERIFY_TRUTH_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/names.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/verify/log.h"

struct proc_snapshot;
struct verify_truth;

/** Files that are compared; X(suffix as in enum proc_file, name, layer that fills it in). */
#define VERIFY_FILES(X)                                                                       \
	X(BUDDYINFO, buddyinfo, PAGE)                                                         \
	X(PAGETYPEINFO, pagetypeinfo, PAGE)                                                   \
	X(ZONEINFO, zoneinfo, PAGE)                                                           \
	X(UNUSABLE_INDEX, unusable, PAGE)                                                     \
	X(EXTFRAG_INDEX, extfrag, PAGE)                                                       \
	X(SLABINFO, slabinfo, SLAB)                                                           \
	X(SYS_SLAB, sys_slab, SLAB)                                                           \
	X(VMALLOCINFO, vmallocinfo, VMALLOC)

enum verify_file {
#define X(suffix, ...) VERIFY_FILE_##suffix,
	VERIFY_FILES(X)
#undef X
	VERIFY_FILE_NR,
};

const char *verify_file_name(enum verify_file file);
enum verify_layer verify_file_layer(enum verify_file file);

/** One kind of field of one file. */
struct verify_truth_row {
	uint8_t file;      /**< enum verify_file */
	const char *key;   /**< static: "num_slabs" */
	const char *what;  /**< static: "slabs of each cache" */
	uint64_t equal, nr; /**< fields */
	bool has_sums;     /**< the fields are amounts: */
	int64_t ours, kernel; /**< their sums */
	bool given;        /**< some fields were not compared: they had been taken as given */
	struct str first;  /**< the first that differs, in words; empty: none */
};

/** What files tell of a slab cache; X(suffix, key: its name there, label, of what). */
#define VERIFY_CACHE_FIELDS(X)                                                                \
	X(SLABS, "num_slabs", "slabs", "slabs")                                               \
	X(OBJECTS, "num_objs", "objects", "objects in slabs")                                 \
	X(ACTIVE, "active_objs", "active", "active objects")                                  \
	X(USED, "objects", "in use", "objects in use, as sysfs counts")                        \
	X(PARTIAL, "partial", "partial", "slabs on nodes' lists")                             \
	X(CPU, "cpu_slabs", "cpu slabs", "slabs of CPUs and on their lists")                  \
	X(CPU_PARTIAL, "slabs_cpu_partial", "cpu lists", "slabs on CPUs' lists")

enum verify_cache_field {
#define X(suffix, ...) VERIFY_CACHE_##suffix,
	VERIFY_CACHE_FIELDS(X)
#undef X
	VERIFY_CACHE_NR,
};

/** "num_slabs", as the files call it; "slabs", for headings. */
const char *verify_cache_field_key(enum verify_cache_field field);
const char *verify_cache_field_label(enum verify_cache_field field);

/** A slab cache that the kernel has, at one truth. */
struct verify_truth_cache {
	char *name;       /**< the kernel's, in slabinfo */
	bool touched;     /**< events tell of its slabs */
	uint32_t pages;   /**< of a slab */
	unsigned int has; /**< bits of enum verify_cache_field: what was compared */
	uint64_t ours[VERIFY_CACHE_NR], kernel[VERIFY_CACHE_NR];
};

struct verify_truth_result {
	struct vec(struct verify_truth_row) rows;
	struct vec(struct verify_truth_cache) caches;
};

/** What a simulation shows. */
struct verify_shown {
	const struct proc_snapshot *files;
	/** An event touched a slab of this cache so far. NULL: all caches count as touched. */
	bool (*touched)(const void *ctx, const char *cache);
	const void *ctx;
};

/** Reads the files in "dir"; its last component is the label. NULL and "err" if there are none. */
MUST_CHECK struct verify_truth *verify_truth_read(const char *dir, struct error *err);
/** "truth" may be NULL. */
void verify_truth_destroy(struct verify_truth *truth);
const char *verify_truth_label(const struct verify_truth *truth);
/** All files are of the moment before event "number", whatever the marks say. */
void verify_truth_set_moment(struct verify_truth *truth, uint64_t number);
/**
 * Looks in "batch", whose first event has the number "first", for marks, and for the moment behind
 * each at which its file was written.
 */
void verify_truth_look(struct verify_truth *truth, const struct event_batch *batch,
		       const struct event_names *names, uint64_t first);
/** The event before which "file" was read; UINT64_MAX: unknown, or there is no such file. */
uint64_t verify_truth_moment(const struct verify_truth *truth, enum verify_file file);
/** Some file has a moment. */
bool verify_truth_has_moment(const struct verify_truth *truth);
/**
 * What "file" says was taken as given, so it is not judged by itself: all, or of caches that events
 * touch only how many slabs they had.
 */
void verify_truth_set_given(struct verify_truth *truth, enum verify_file file, bool all);
/** Adds the comparison of "file" as it is "shown" with the truth to "result". */
void verify_truth_compare(const struct verify_truth *truth, enum verify_file file,
			  const struct verify_shown *shown, struct verify_truth_result *result);
void verify_truth_result_deinit(struct verify_truth_result *result);

#endif
