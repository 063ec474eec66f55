/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: scenarios. What is refused is refused in one line with its place; what is taken runs
 * on a small machine to its end, to an error with a place, or as many steps as it may, twice with
 * the same result, and leaves the machine in order.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/scenario/machine.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 2000, PAGES = 4096 };

/* What a run told, as one number. */
struct told {
	uint64_t hash;
	uint64_t nr;
};

static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called);
static struct told run_once(const struct str *text);
static void check_refused(const struct error *err, const struct str *text,
			  const struct scenario_place *place);
static void add(struct told *told, const char *text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { 0 };
	struct told first, second;

	str_add_mem(&text, data, size);
	first = run_once(&text);
	second = run_once(&text);
	BUG_ON(first.hash != second.hash || first.nr != second.nr);
	str_deinit(&text);
	return 0;
}

static struct told run_once(const struct str *text)
{
	static const struct scenario_sink sink = { .tell = tell };
	struct told told = { 0 };
	struct scenario_machine *m = scenario_machine_create(&sink, &told, true);
	struct machine_config config;
	struct scenario_place place;
	struct scenario *scenario;
	struct error err;

	machine_config_init(&config, (struct kernel_version){ .major = 6, .minor = 12 },
			    ARCH_X86_64);
	machine_config_add_range(&config, PAGES, 2 * PAGES, 0);
	config.nr_cpus = 2;
	BUG_ON(!scenario_machine_start(m, &config, &err));
	scenario = scenario_parse("fuzz", text, scenario_machine_host(), m, &err, &place);
	if (!scenario || !scenario_resolve(scenario, &err, &place) ||
	    !scenario_run(scenario, 1, MAX_STEPS, &err, &place))
		check_refused(&err, text, &place);
	scenario_machine_finish(m);
	BUG_ON(!scenario_machine_check(m, &err));
	scenario_destroy(scenario);
	scenario_machine_destroy(m);
	machine_config_deinit(&config);
	return told;
}

static void check_refused(const struct error *err, const struct str *text,
			  const struct scenario_place *place)
{
	struct str shown = { 0 };

	BUG_ON(strncmp(err->message, "fuzz:", 5) != 0 || !place->line || !place->column);
	scenario_show_text(text, place, &shown);
	BUG_ON(!strchr(str_text(&shown), '^'));
	str_deinit(&shown);
}

static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called)
{
	struct told *told = ctx;

	(void)place;
	told->nr++;
	told->hash = told->hash * 31 + (uint64_t)event;
	add(told, text ? text : called ? called->text : "");
	if (called)
		add(told, called->detail);
}

static void add(struct told *told, const char *text)
{
	for (; *text; text++)
		told->hash = told->hash * 31 + (unsigned char)*text;
}
