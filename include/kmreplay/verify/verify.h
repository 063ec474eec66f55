/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Our allocators held against the kernel that made the recording. Each layer is judged alone, on
 * requests as recorded, in two modes that are never mixed: following (a difference is corrected
 * from the recording, so that each rule is judged by itself) and free-running (nothing is
 * corrected, so that drift is measured).
 *
 * The recording is read three times: the survey and what repair can learn; the layers' own look
 * ahead, on repaired events; the judgement.
 */
#ifndef KMREPLAY_VERIFY_VERIFY_H
#define KMREPLAY_VERIFY_VERIFY_H

#include "kmreplay/core/error.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/replay/area_guess.h"
#include "kmreplay/replay/survey.h"
#include "kmreplay/verify/log.h"

struct page_allocator;
struct proc_boot;
struct proc_snapshot;
struct slab_files;
struct slab_survey;

/** A request that failed when recorded, on the machine that follows, as it is at that moment. */
struct verify_failure {
	const struct event *ev;
	uint64_t number; /**< of the event */
	const struct page_allocator *pages;
	unsigned int cpu; /**< of that machine */
	bool irq;         /**< it came from an interrupt */
	const struct verify_log *log; /**< what was judged before it */
};
typedef void verify_failed_fn(void *ctx, const struct verify_failure *failure);

/** What every layer is told. All pointers outlive the judgement. */
struct verify_setup {
	enum verify_mode mode;
	unsigned int given; /**< bits of enum verify_given */
	const struct machine_config *config;
	const struct survey *survey;
	const struct event_names *names;
	const struct slab_files *slab_files; /**< all slabs at the start; NULL: nobody tells */
	const struct slab_survey *slabs; /**< those that events touch; NULL: none */
	struct area_known areas; /**< of vmalloc, beside its own events */
	const struct proc_boot *boot; /**< the boot log; NULL: there is none */
	verify_failed_fn *failed; /**< page layer, following: of each request; NULL: nobody asks */
	void *failed_ctx;
};

/** The judge may use this fact of the recording. */
static inline bool verify_is_given(const struct verify_setup *setup, enum verify_given given)
{
	return setup->given & 1U << given;
}

/**
 * One layer's judge. look_*: what it wants to know ahead, gathered once for both modes. create()
 * and feed() return NULL and false with "err" when they cannot go on.
 */
struct verify_ops {
	void *(*look_create)(const struct verify_setup *setup);
	void (*look_feed)(void *look, const struct repair *repair,
			  const struct repair_batch *batch);
	void (*look_finish)(void *look);
	void (*look_destroy)(void *look); /**< "look" may be NULL */
	/** "look" is NULL when nothing was looked at; it is shared and must not be changed. */
	void *(*create)(const struct verify_setup *setup, const void *look,
			const struct repair *repair, struct verify_log *log, struct error *err);
	bool (*feed)(void *judge, const struct repair_batch *batch, struct error *err);
	/** Nothing comes any more: what was held back is judged. The caller runs the last stops. */
	bool (*finish)(void *judge, struct error *err);
	void (*destroy)(void *judge); /**< "judge" may be NULL */
	/** Fills in the files of /proc and sysfs that are this layer's; NULL: it has none. */
	void (*show)(void *judge, struct proc_snapshot *snapshot);
	/** An event touched a slab of this cache so far; NULL: nobody asks this layer. */
	bool (*touched)(const void *judge, const char *cache);
};

/** The judge of a layer. */
const struct verify_ops *verify_layer_ops(enum verify_layer layer);

/** One row a layer, by enum verify_layer: its file defines it. */
extern const struct verify_ops verify_page_ops;
extern const struct verify_ops verify_slab_ops;
extern const struct verify_ops verify_vmalloc_ops;
extern const struct verify_ops verify_percpu_ops;
extern const struct verify_ops verify_joint_ops;

#endif
