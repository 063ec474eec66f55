/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Events of vmalloc and percpu and what the judges of areas make of them. */
#ifndef KMREPLAY_TESTS_UNIT_VERIFY_AREAS_H
#define KMREPLAY_TESTS_UNIT_VERIFY_AREAS_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/trace/trace.h"
#include "kmreplay/verify/verify.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct areas {
	struct event_names names;
	struct vec(struct event) events;
	struct survey survey;
	struct machine_config config;
	unsigned int given;    /**< bits of enum verify_given */
	struct area_known known; /**< beside the events */
	struct verify_log log; /**< after areas_judge() */
	bool judged;
};

static inline void areas_init(struct areas *a, unsigned int major, unsigned int minor,
			      unsigned int nr_cpus)
{
	memset(a, 0, sizeof(*a));
	event_names_init(&a->names);
	survey_init(&a->survey);
	machine_config_init(&a->config, (struct kernel_version){ major, minor }, ARCH_X86_64);
	a->config.nr_cpus = nr_cpus;
	a->given = ~0U;
}

static inline void areas_deinit(struct areas *a)
{
	if (a->judged)
		verify_log_deinit(&a->log);
	machine_config_deinit(&a->config);
	survey_deinit(&a->survey);
	vec_deinit(&a->events);
	event_names_deinit(&a->names);
}

static inline struct event *areas_add(struct areas *a, enum event_type type)
{
	struct event ev = { .type = (uint8_t)type, .pid = 100, .time = a->events.nr };

	vec_push(&a->events, ev);
	return &a->events.items[a->events.nr - 1];
}

/** Adds a bundled recording, traces/"name", and takes its machine. */
static inline void areas_read(struct areas *a, const char *name)
{
	const char *top = getenv("top_srcdir");
	const struct trace_options options = { 0 };
	struct event_batch batch;
	struct error err;
	struct trace *trace;
	char path[4096];

	snprintf(path, sizeof(path), "%s/traces/%s", top ? top : ".", name);
	trace = trace_open(path, &options, &a->names, &err);
	ck_assert_msg(trace != NULL, "%s", err.message);
	event_batch_init(&batch, TRACE_BATCH);
	while (trace_next(trace, &batch, &err) == TRACE_MORE) {
		survey_add(&a->survey, batch.events, batch.nr);
		for (size_t i = 0; i < batch.nr; i++)
			vec_push(&a->events, batch.events[i]);
	}
	machine_config_deinit(&a->config);
	machine_config_init(&a->config, trace_info(trace)->kernel,
			    trace_info(trace)->long_is_32 ? ARCH_X86_32 : ARCH_X86_64);
	a->config.nr_cpus = a->survey.nr_cpus;
	event_batch_deinit(&batch);
	trace_close(trace);
}

/** All of it through the judge "ops": a->log is the outcome. */
static inline void areas_judge(struct areas *a, const struct verify_ops *ops, enum verify_mode mode,
			       const struct verify_log_options *options)
{
	const struct verify_log_options none = { .explain = UINT64_MAX };
	const struct verify_setup setup = {
		.mode = mode,
		.given = a->given,
		.config = &a->config,
		.survey = &a->survey,
		.names = &a->names,
		.areas = a->known,
	};
	struct repair_op *ops_of = xcalloc(a->events.nr + 1, sizeof(*ops_of));
	struct event_batch batch = { .events = a->events.items, .nr = a->events.nr };
	const struct repair_batch out = { .batch = &batch, .ops = ops_of };
	struct error err;
	void *look, *judge;

	/* As far as these judges ask repair. */
	for (size_t i = 0; i < a->events.nr; i++) {
		if (a->events.items[i].type == EVENT_PAGE_ALLOC &&
		    a->events.items[i].page.gfp & GFP_BIT_HIGHMEM)
			ops_of[i].owner = OWNER_VMALLOC;
	}
	if (a->judged)
		verify_log_deinit(&a->log);
	a->judged = true;
	verify_log_init(&a->log, options ? options : &none);
	look = ops->look_create(&setup);
	ops->look_feed(look, NULL, &out);
	ops->look_finish(look);
	judge = ops->create(&setup, look, NULL, &a->log, &err);
	ck_assert_ptr_nonnull(judge);
	ck_assert(ops->feed(judge, &out, &err));
	ck_assert(ops->finish(judge, &err));
	ops->destroy(judge);
	ops->look_destroy(look);
	free(ops_of);
}

#endif
