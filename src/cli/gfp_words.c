/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences about a mask: how deep, how it ends, and what it is in other kernels. */
#include <config.h>

#include "gfp_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* What a mask is in generations [first, last] of kernels. */
struct elsewhere {
	unsigned int first, last;
	char *number, *written, *differs;
};

struct elsewheres {
	struct vec(struct elsewhere) rows;
	unsigned int own; /* generation of the mask itself, which has no row */
};

static void say_why_it_fails(struct str *out, const struct gfp_facts *facts);
static void add_elsewhere(struct elsewheres *all, unsigned int i, struct str *number,
			  struct str *written, struct str *differs);
static void translate(const struct gfp_facts *facts, const char *names, unsigned int i,
		      struct str *number, struct str *written, struct str *differs);
static void add_difference(uint32_t own, uint32_t other, struct str *out);
static bool same(const char *a, const char *b);
static void print_elsewheres(struct report *report, struct elsewheres *all, const char *key,
			     const char *title, bool with_number);
static void print_span(unsigned int first, unsigned int last, struct str *out);

void gfp_mark_words(const struct gfp_plan *plan, const struct gfp_stage *stage, struct str *out)
{
	static const char *const marks[] = { "min", "low", "high" };
	unsigned int depth;

	if (!stage) {
		str_add(out, "-");
		return;
	}
	depth = gfp_stage_depth(plan, stage);
	if (!depth)
		str_add(out, "nothing: no watermark holds");
	else if (depth == 1000)
		str_add(out, marks[stage->flags & ALLOC_WMARK_MASK]);
	else
		str_addf(out, "0.%03u of %s", depth, marks[stage->flags & ALLOC_WMARK_MASK]);
}

void gfp_say_end(struct report *report, const struct gfp_facts *facts)
{
	const struct gfp_plan *plan = &facts->plan;
	struct str text;

	str_init(&text);
	if (gfp_plan_stage(plan, GFP_STAGE_TOO_LARGE))
		str_add(&text, "No kernel has blocks that large: it always fails.");
	else if (gfp_plan_stage(plan, GFP_STAGE_HALF))
		str_add(&text, "It never fails: with nothing left it keeps its caller waiting, for "
			       "ever if nobody frees memory.");
	else if (gfp_plan_stage(plan, GFP_STAGE_OOM))
		str_add(&text, "In practice it does not fail: when reclaim finds nothing more, the "
			       "OOM killer frees memory for it. Only a task that is being killed "
			       "itself may come back without.");
	else if (gfp_plan_stage(plan, GFP_STAGE_LOOP))
		str_add(&text, "It does not fail: without __GFP_FS nobody is killed for it, and it "
			       "waits until others have freed memory.");
	else
		say_why_it_fails(&text, facts);
	if (gfp_plan_stage(plan, GFP_STAGE_FAIL))
		str_add(&text, plan->gfp & GFP_BIT_NOWARN ?
				       " Nothing is printed then." :
				       " The kernel then prints \"page allocation failure\".");
	report_say(report, "%s", str_text(&text));
	str_deinit(&text);
}

static void say_why_it_fails(struct str *out, const struct gfp_facts *facts)
{
	const struct gfp_plan *plan = &facts->plan;
	const struct gfp_policy *policy = &plan->policy;
	const char *block = plan->order ? " and has a block that large" : "";

	if (gfp_plan_stage(plan, GFP_STAGE_RESERVES) && !policy->reclaims)
		str_addf(out, "It fails when none of its zones has anything free%s: no watermark "
			      "stops it, and it cannot reclaim.", block);
	else if (!policy->may_sleep)
		str_addf(out, "It fails at once when none of its zones is above the last mark%s: "
			      "it waits for nobody%s.", block,
			 policy->wakes_kswapd ? ", and kswapd, which it has woken, comes too late" :
						", and wakes nobody");
	else if (!gfp_plan_stage(plan, GFP_STAGE_RECLAIM) && !gfp_plan_stage(plan, GFP_STAGE_WAIT))
		str_add(out, "It fails after one compaction that waits for nobody: it does not "
			     "reclaim.");
	else if (plan->gfp & GFP_BIT_NORETRY)
		str_addf(out, "It fails after one round of reclaim%s.",
			 policy->may_compact ? " and compaction" : "");
	else if (policy->costly && !(plan->gfp & GFP_BIT_RETRY_MAYFAIL))
		str_addf(out, "Blocks of more than 8 pages are costly: it fails after one round of "
			      "reclaim%s, however much memory could still be freed.",
			 policy->may_compact ? " and compaction" :
					       " (without __GFP_IO it may not compact)");
	else if (plan->gfp & GFP_BIT_RETRY_MAYFAIL)
		str_add(out, "It fails when reclaim and compaction make no more progress, where "
			     "another request would have a task killed.");
	else if (plan->gfp & GFP_BIT_THISNODE)
		str_add(out, "It fails when this node gives nothing more: nobody is killed for a "
			     "single node.");
	else
		str_add(out, "It fails when reclaim makes no more progress: nobody is killed for "
			     "the low zones alone.");
}

void gfp_report_kernels(struct report *report, const struct gfp_facts *facts)
{
	struct elsewheres all = { .own = gfp_generation_of(facts->release) };
	struct str names, number, written, differs;

	str_init(&names);
	str_init(&number);
	str_init(&written);
	str_init(&differs);
	gfp_history_print(facts->release, facts->raw, &names);
	for (unsigned int i = 0; gfp_generation_at(i); i++) {
		if (i == all.own)
			continue;
		translate(facts, str_text(&names), i, &number, &written, &differs);
		if (strtoull(str_text(&number), NULL, 16) != facts->raw || differs.len)
			add_elsewhere(&all, i, &number, &written, &differs);
	}
	print_elsewheres(report, &all, "kernels", "The same in other kernels", true);
	str_deinit(&names);
	str_deinit(&number);
	str_deinit(&written);
	str_deinit(&differs);
}

void gfp_report_number(struct report *report, const struct gfp_facts *facts)
{
	struct elsewheres all = { .own = gfp_generation_of(facts->release) };
	struct str own, number, written, differs;

	if (facts->reading.named || !facts->raw)
		return;
	str_init(&own);
	str_init(&number);
	str_init(&written);
	str_init(&differs);
	gfp_history_print(facts->release, facts->raw, &own);
	for (unsigned int i = 0; gfp_generation_at(i); i++) {
		str_reset(&written);
		str_reset(&differs);
		gfp_history_print(gfp_generation_last(i), facts->raw, &written);
		if (i != all.own && strcmp(str_text(&written), str_text(&own)) != 0)
			add_elsewhere(&all, i, &number, &written, &differs);
	}
	print_elsewheres(report, &all, "number_elsewhere", "This number in other kernels", false);
	str_deinit(&own);
	str_deinit(&number);
	str_deinit(&written);
	str_deinit(&differs);
}

/* By its names as far as that kernel has them, the others by what they mean. */
static void translate(const struct gfp_facts *facts, const char *names, unsigned int i,
		      struct str *number, struct str *written, struct str *differs)
{
	const uint32_t release = gfp_generation_last(i);
	struct gfp_reading reading;
	struct error err;
	uint64_t raw = 0;

	str_reset(number);
	str_reset(written);
	str_reset(differs);
	if (gfp_read(release, names, &reading, &err))
		raw = reading.raw |
		      gfp_history_raw(release,
				      reading.foreign | gfp_history_mask(release, 0), NULL);
	add_difference(facts->gfp, gfp_history_mask(release, raw), differs);
	str_addf(number, "0x%llx", (unsigned long long)raw);
	gfp_history_print(release, raw, written);
}

/* "+__GFP_NOWARN -__GFP_ATOMIC" */
static void add_difference(uint32_t own, uint32_t other, struct str *out)
{
	if (other & ~own) {
		str_add(out, "with ");
		gfp_print(GFP_ERA_7_2, other & ~own, out);
	}
	if (own & ~other) {
		str_add(out, out->len ? ", without " : "without ");
		gfp_print(GFP_ERA_7_2, own & ~other, out);
	}
}

/* Neighbours that say the same are one row. */
static void add_elsewhere(struct elsewheres *all, unsigned int i, struct str *number,
			  struct str *written, struct str *differs)
{
	struct elsewhere *last =
		all->rows.nr ? &all->rows.items[all->rows.nr - 1] : NULL;

	if (last && last->last + 1 == i && same(last->number, str_text(number)) &&
	    same(last->written, str_text(written)) && same(last->differs, str_text(differs))) {
		last->last = i;
		return;
	}
	vec_push(&all->rows, (struct elsewhere){ .first = i,
						 .last = i,
						 .number = xstrdup(str_text(number)),
						 .written = xstrdup(str_text(written)),
						 .differs = xstrdup(str_text(differs)) });
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static void print_elsewheres(struct report *report, struct elsewheres *all, const char *key,
			     const char *title, bool with_number)
{
	static const struct report_column columns[] = {
		{ "kernels", "kernels", REPORT_TEXT, 0 },
		{ "number", "number", REPORT_TEXT, 0 },
		{ "written", "in source", REPORT_TEXT, 0 },
		{ "differs", "differs", REPORT_TEXT, 0 },
	}, plain[] = {
		{ "kernels", "kernels", REPORT_TEXT, 0 },
		{ "written", "in source", REPORT_TEXT, 0 },
	};
	struct report_table *table = NULL;
	struct str span;

	str_init(&span);
	if (all->rows.nr)
		table = report_table(report, key, title, with_number ? columns : plain,
				     with_number ? ARRAY_SIZE(columns) : ARRAY_SIZE(plain));
	for (size_t i = all->rows.nr; i-- > 0;) {
		struct elsewhere *row = &all->rows.items[i];

		str_reset(&span);
		print_span(row->first, row->last, &span);
		if (with_number)
			report_row(table,
				   (struct report_value[]){
					   report_str(str_text(&span)), report_str(row->number),
					   report_str(row->written),
					   report_str(*row->differs ? row->differs : NULL) });
		else
			report_row(table, (struct report_value[]){ report_str(str_text(&span)),
								   report_str(row->written) });
		free(row->number);
		free(row->written);
		free(row->differs);
	}
	vec_deinit(&all->rows);
	str_deinit(&span);
}

/* "4.10 .. 4.20" out of "4.10 .. 4.14" and "4.15 .. 4.20". */
static void print_span(unsigned int first, unsigned int last, struct str *out)
{
	const char *end = strstr(gfp_generation_at(last)->name, " .. ");

	if (first == last) {
		str_add(out, gfp_generation_at(first)->name);
		return;
	}
	gfp_release_print(gfp_generation_at(first)->first, out);
	if (!gfp_generation_at(last + 1))
		str_add(out, " and later");
	else
		str_addf(out, " .. %s", end ? end + 4 : gfp_generation_at(last)->name);
}
