/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One mask explained: what it is, its bits, what it permits, how a request for it goes. */
#include <config.h>

#include "gfp_internal.h"

#include "kmreplay/mm/gfp_derive.h"
#include "kmreplay/mm/zone.h"

#include <string.h>

enum {
	MAX_ZONES = 256,
	SETTINGS = 4, /* lines of them that people see */
	FIRST_TRACED = GFP_RELEASE(2, 6, 31), /* kmem tracepoints */
};

static void add_head(struct report *report, const struct gfp_facts *facts);
static void add_kernel(struct report *report, const struct gfp_facts *facts);
static void add_foreign(struct report *report, const struct gfp_facts *facts);
static void add_bits(struct report *report, const struct gfp_facts *facts);
static void add_bit(struct report_table *table, const struct gfp_facts *facts, uint64_t bit);
static void add_permits(struct report *report, const struct gfp_facts *facts);
static void add_complaints(struct report *report, const struct gfp_facts *facts);
static void add_stages(struct report *report, const struct gfp_facts *facts);
static void add_zones(struct report *report, const struct gfp_facts *facts);
static void add_zone(struct report_table *table, const struct gfp_facts *facts,
		     unsigned int index);
static void note_closed(struct report *report, const struct gfp_facts *facts,
			unsigned int index);
static const struct gfp_stage *last_look(const struct gfp_plan *plan);
static void add_derived(struct report *report, const struct gfp_facts *facts);
static struct kernel_version rules_of(const struct gfp_facts *facts);
static enum gfp_era era_of(uint32_t release);

void gfp_report(struct report *report, const struct gfp_facts *facts)
{
	add_head(report, facts);
	add_foreign(report, facts);
	add_bits(report, facts);
	add_permits(report, facts);
	add_complaints(report, facts);
	add_stages(report, facts);
	add_zones(report, facts);
	gfp_say_end(report, facts);
	add_derived(report, facts);
	gfp_report_kernels(report, facts);
	gfp_report_number(report, facts);
}

static void add_head(struct report *report, const struct gfp_facts *facts)
{
	struct str text;

	str_init(&text);
	report_text(report, "mask", "mask", facts->text);
	add_kernel(report, facts);
	str_addf(&text, "0x%llx", (unsigned long long)facts->raw);
	report_text(report, "number", "number", str_text(&text));
	str_reset(&text);
	gfp_history_print(facts->release, facts->raw, &text);
	report_text(report, "written", "in source", str_text(&text));
	str_reset(&text);
	gfp_print(era_of(facts->release), facts->gfp, &text);
	report_text(report, "printed", "in traces",
		    facts->release < FIRST_TRACED ? NULL : str_text(&text));
	report_text(report, "class", "class", gfp_class_name(gfp_class(facts->gfp)));
	report_remark(report, "%s", gfp_class_meaning(gfp_class(facts->gfp)));
	report_figure(report, "order", "order", REPORT_NUMBER, report_u64(facts->order));
	report_text(report, "profile", "rules of kernel", facts->profile->name);
	if (facts->profile->unverified)
		report_remark(report, "unverified: no recording of it was at hand");
	cli_config_report(report, facts->setting->config, SETTINGS);
	str_deinit(&text);
}

static void add_kernel(struct report *report, const struct gfp_facts *facts)
{
	const struct gfp_generation *generation =
		gfp_generation_at(gfp_generation_of(facts->release));
	struct str text;

	str_init(&text);
	gfp_release_print(facts->release, &text);
	report_text(report, "kernel", "kernel", str_text(&text));
	if (facts->whose == GFP_WHOSE_ASKED)
		report_remark(report, "numbers as in %s", generation->name);
	else if (facts->whose == GFP_WHOSE_PRINTED)
		report_remark(report, "number and names agree in %s", generation->name);
	else
		report_remark(report, "the newest one; --kernel names another");
	str_deinit(&text);
}

/* Names that this kernel does not have, and a number that is not what the names say. */
static void add_foreign(struct report *report, const struct gfp_facts *facts)
{
	const struct gfp_reading *reading = &facts->reading;
	struct str text;

	str_init(&text);
	for (unsigned int i = 0; i < reading->nr_foreigners; i++) {
		const struct gfp_foreign *foreign = &reading->foreigners[i];

		str_reset(&text);
		gfp_release_print(foreign->end ? foreign->end : foreign->release, &text);
		if (foreign->end && facts->release >= foreign->end)
			report_note(report, "%s is gone since %s (%s): now %s", foreign->word.name,
				    str_text(&text), foreign->word.meaning,
				    foreign->word.today ? foreign->word.today : "it has no place");
		else
			report_note(report, "%s is not in this kernel; it is read as in %s: %s",
				    foreign->word.name, str_text(&text), foreign->word.meaning);
	}
	if (reading->numbered && !reading->agree)
		report_warn(report, "the number 0x%llx is not what the names come to in this "
				    "kernel, 0x%llx; the names are explained",
			    (unsigned long long)reading->number, (unsigned long long)facts->raw);
	str_deinit(&text);
}

static void add_bits(struct report *report, const struct gfp_facts *facts)
{
	static const struct report_column columns[] = {
		{ "flag", "flag", REPORT_TEXT, 0 },
		{ "value", "value", REPORT_TEXT, 0 },
		{ "decides", "has a say in", REPORT_TEXT, 0 },
		{ "meaning", "meaning", REPORT_TEXT, 0 },
	};
	struct report_table *table;

	if (!facts->raw)
		return;
	table = report_table(report, "flags", "Flags", columns, ARRAY_SIZE(columns));
	for (uint64_t left = facts->raw; left; left &= left - 1)
		add_bit(table, facts, left & -left);
}

static void add_bit(struct report_table *table, const struct gfp_facts *facts, uint64_t bit)
{
	struct gfp_word word, found = { .name = "-", .meaning = "no flag of this kernel's",
					.topic = GFP_TOPIC_NOTHING };
	unsigned int at = 0;
	char value[24];

	while (gfp_word_next(facts->release, &at, &word) && !word.members)
		if (word.raw == bit)
			found = word;
	snprintf(value, sizeof(value), "0x%llx", (unsigned long long)bit);
	report_row(table, (struct report_value[]){
				  report_str(found.name), report_str(value),
				  report_str(gfp_topic_name(found.topic)),
				  report_str(found.meaning) });
}

static void add_permits(struct report *report, const struct gfp_facts *facts)
{
	const struct gfp_plan *plan = &facts->plan;
	const struct gfp_policy *policy = &plan->policy;
	struct str text;

	report_begin(report, "permits", "What it permits");
	str_init(&text);
	gfp_facts_zones(facts, &text);
	report_text(report, "zones", "zones, in this order", str_text(&text));
	if (plan->gfp & GFP_BIT_THISNODE)
		report_remark(report, "of one node");
	report_text(report, "migratetype", "migratetype", migratetype_name(policy->type));
	report_bool(report, "sleeps", "may sleep", policy->may_sleep);
	report_bool(report, "kswapd", "wakes kswapd", policy->wakes_kswapd);
	report_bool(report, "reclaims", "may reclaim", policy->reclaims);
	report_bool(report, "compacts", "may compact", policy->reclaims && policy->may_compact);
	if (policy->reclaims && policy->may_io && !facts->order)
		report_remark(report, "a single page needs none");
	report_bool(report, "io", "may start I/O", policy->reclaims && policy->may_io);
	report_bool(report, "fs", "may enter file systems", policy->reclaims && policy->may_fs);
	report_bool(report, "oom", "may have tasks killed", policy->reclaims && policy->may_oom);
	str_reset(&text);
	gfp_mark_words(plan, last_look(plan), &text);
	report_text(report, "depth", "goes down to", str_text(&text));
	report_text(report, "retries", "keeps trying", gfp_patience_name(policy->patience));
	report_bool(report, "fails", "may fail", gfp_plan_may_fail(plan));
	report_bool(report, "warns", "is reported when it fails", !(plan->gfp & GFP_BIT_NOWARN));
	report_end(report);
	str_deinit(&text);
}

static void add_complaints(struct report *report, const struct gfp_facts *facts)
{
	static const struct report_column columns[] = {
		{ "wrong", "the mask", REPORT_TEXT, 0 },
		{ "then", "the kernel", REPORT_TEXT, 0 },
	};
	struct report_table *table = NULL;

	for (unsigned int i = 0; i < GFP_COMPLAINT_NR; i++) {
		if (!(facts->plan.complaints >> i & 1) || i == GFP_COMPLAINT_SLAB)
			continue;
		if (!table)
			table = report_table(report, "complaints", "What is wrong with it", columns,
					     ARRAY_SIZE(columns));
		report_row(table, (struct report_value[]){
					  report_str(gfp_complaint_what((enum gfp_complaint)i)),
					  report_str(gfp_complaint_then((enum gfp_complaint)i)) });
	}
}

static void add_stages(struct report *report, const struct gfp_facts *facts)
{
	static const struct report_column columns[] = {
		{ "stage", "stage", REPORT_TEXT, 0 },
		{ "mark", "more free than", REPORT_TEXT, 0 },
		{ "what", "the request", REPORT_TEXT, 0 },
	};
	struct report_table *table = report_table(report, "stages", "When memory is short", columns,
						  ARRAY_SIZE(columns));
	struct str text;

	str_init(&text);
	for (unsigned int i = 0; i < facts->plan.nr_stages; i++) {
		const struct gfp_stage *stage = &facts->plan.stages[i];

		str_reset(&text);
		if (stage->looks)
			gfp_mark_words(&facts->plan, stage, &text);
		report_row(table, (struct report_value[]){
					  report_str(gfp_stage_name(stage->kind)),
					  report_str(stage->looks ? str_text(&text) : NULL),
					  report_str(gfp_stage_words(stage->kind)) });
	}
	str_deinit(&text);
}

static void add_zones(struct report *report, const struct gfp_facts *facts)
{
	static const struct report_column columns[] = {
		{ "node", "node", REPORT_NUMBER, 0 },
		{ "zone", "zone", REPORT_TEXT, 0 },
		{ "managed", "pages", REPORT_COUNT, 0 },
		{ "min", "min", REPORT_COUNT, 0 },
		{ "low", "low", REPORT_COUNT, 0 },
		{ "high", "high", REPORT_COUNT, 0 },
		{ "kept", "kept from it", REPORT_COUNT, 0 },
		{ "fast", "fast path from", REPORT_COUNT, 0 },
		{ "slow", "slow path from", REPORT_COUNT, 0 },
		{ "last", "at the last from", REPORT_COUNT, 0 },
	};
	unsigned int zones[MAX_ZONES];
	struct report_table *table;
	unsigned int nr;

	if (!facts->pages)
		return;
	nr = gfp_plan_zones(facts->pages, &facts->plan, -1, zones, MAX_ZONES);
	table = report_table(report, "needs", "Free pages that a zone has to have", columns,
			     ARRAY_SIZE(columns));
	for (unsigned int i = 0; i < MIN(nr, (unsigned int)MAX_ZONES); i++)
		add_zone(table, facts, zones[i]);
	if (nr > MAX_ZONES)
		report_more(table, nr - MAX_ZONES);
	for (unsigned int i = 0; i < MIN(nr, (unsigned int)MAX_ZONES); i++)
		note_closed(report, facts, zones[i]);
}

/* Small zones keep so much from requests that could go higher that they never serve them. */
static void note_closed(struct report *report, const struct gfp_facts *facts,
			unsigned int index)
{
	struct zone_info info;

	zone_info(facts->pages, index, &info);
	if (gfp_plan_needs(facts->pages, &facts->plan, last_look(&facts->plan), index) >
	    info.managed)
		report_note(report, "zone %s of node %d never serves it: it would have to have more "
				    "free pages than it has pages",
			    zone_type_name(info.type), info.node);
}

static void add_zone(struct report_table *table, const struct gfp_facts *facts,
		     unsigned int index)
{
	const struct gfp_plan *plan = &facts->plan;
	const struct gfp_stage *fast = gfp_plan_stage(plan, GFP_STAGE_FAST);
	const struct gfp_stage *slow = gfp_plan_stage(plan, GFP_STAGE_MIN);
	struct zone_info info;

	zone_info(facts->pages, index, &info);
	report_row(table,
		   (struct report_value[]){
			   report_u64((uint64_t)info.node),
			   report_str(zone_type_name(info.type)),
			   report_u64(info.managed),
			   report_u64(info.mark[ZONE_MARK_MIN]),
			   report_u64(info.mark[ZONE_MARK_LOW]),
			   report_u64(info.mark[ZONE_MARK_HIGH]),
			   report_u64(info.lowmem_reserve[plan->policy.highest]),
			   report_u64(gfp_plan_needs(facts->pages, plan, fast, index)),
			   report_u64(gfp_plan_needs(facts->pages, plan, slow, index)),
			   report_u64(gfp_plan_needs(facts->pages, plan, last_look(plan), index)),
		   });
}

/* The stage that goes down furthest; of equals the first. */
static const struct gfp_stage *last_look(const struct gfp_plan *plan)
{
	const struct gfp_stage *deepest = NULL;

	for (unsigned int i = 0; i < plan->nr_stages; i++) {
		const struct gfp_stage *stage = &plan->stages[i];

		if (!stage->looks || (stage->flags & ALLOC_WMARK_MASK) > ALLOC_WMARK_LOW)
			continue;
		if (!deepest || deepest->flags & ALLOC_WMARK_LOW ||
		    gfp_stage_depth(plan, stage) < gfp_stage_depth(plan, deepest))
			deepest = stage;
	}
	return deepest;
}

static void add_derived(struct report *report, const struct gfp_facts *facts)
{
	static const struct report_column columns[] = {
		{ "who", "allocator", REPORT_TEXT, 0 },
		{ "when", "when", REPORT_TEXT, 0 },
		{ "mask", "asks for pages with", REPORT_TEXT, 0 },
	};
	struct gfp_derivation derived[GFP_MAX_DERIVATIONS];
	const struct kernel_version rules = rules_of(facts);
	const unsigned int nr = gfp_derive(rules, facts->gfp, derived);
	struct report_table *table = report_table(report, "allocators",
						  "What allocators make of it", columns,
						  ARRAY_SIZE(columns));
	struct str text;

	if (facts->plan.complaints & 1U << GFP_COMPLAINT_SLAB)
		report_note(report, "for slab caches and kmalloc() it %s, and the kernel %s",
			    gfp_complaint_what(GFP_COMPLAINT_SLAB),
			    gfp_complaint_then(GFP_COMPLAINT_SLAB));
	str_init(&text);
	for (unsigned int i = 0; i < nr; i++) {
		str_reset(&text);
		gfp_print(gfp_era_of_release(rules.major, rules.minor), derived[i].gfp, &text);
		report_row(table, (struct report_value[]){ report_str(derived[i].who),
							   report_str(derived[i].when),
							   report_str(str_text(&text)) });
	}
	str_deinit(&text);
}

/* The release that the rules in force were read in. */
static struct kernel_version rules_of(const struct gfp_facts *facts)
{
	struct kernel_version version;

	BUG_ON(!kernel_version_parse(facts->profile->name, &version));
	return kernel_version_cmp(facts->rules, version) > 0 ? facts->rules : version;
}

static enum gfp_era era_of(uint32_t release)
{
	return gfp_era_of_release(release >> 16, release >> 8 & 255);
}
