/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page that `failures` prints: groups of failures, then some of them in full. */
#include <config.h>

#include "failures_report.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/page.h"

#include <stdlib.h>
#include <string.h>

static void add_summary(struct report *report, const struct failures_facts *facts);
static void add_groups(struct report *report, const struct failures_facts *facts);
static int most_first(const void *a, const void *b);
static void group_row(struct report_table *table, const struct failures_facts *facts,
		      const struct failure_group *group);
static void add_what(const struct failures_facts *facts, const struct failure_case *what,
		     struct str *out);
static void add_reason(const struct failure_group *group, struct str *out);
static enum page_refusal most_refusal(const struct failure_group *group);
static void add_full(struct report *report, const struct failures_facts *facts,
		     const struct failure_report *what);
static void add_asker(struct report *report, const struct failures_facts *facts,
		      const struct failure_report *what);
static void add_verdict(struct report *report, const struct failures_facts *facts,
			const struct failure_report *what);
static void add_lines(struct report *report, const char *key, const char *label, struct str *text);

const char *failures_task(const struct failures_facts *facts, const struct owners_asker *asker)
{
	return asker->comm ? intern_text(&facts->names->texts, asker->comm) : "<...>";
}

void failures_report(struct report *report, const struct failures_facts *facts)
{
	const struct failures *failures = facts->failures;

	cli_input_describe(facts->in, facts->nr_events, report);
	report_text(report, "profile", "rules of kernel", facts->rules);
	if (facts->info->release[0])
		report_remark(report, "recorded: %s", facts->info->release);
	report_bool(report, "simulated", NULL, facts->simulated);
	cli_config_report(report, facts->settings, facts->options->lines);
	report_begin(report, "summary", "Summary");
	add_summary(report, facts);
	report_end(report);
	if (!failures->nr)
		return;
	add_groups(report, facts);
	vec_foreach(&failures->reports, what)
		add_full(report, facts, what);
	failures_report_tables(report, facts);
}

static void add_summary(struct report *report, const struct failures_facts *facts)
{
	const struct failures *failures = facts->failures;
	char nr[FMT_BUF], served[FMT_BUF], kinds[FMT_BUF];
	const char *many, *of;

	report_figure(report, "failures", NULL, REPORT_COUNT, report_u64(failures->nr));
	report_figure(report, "failures_served_here", NULL, REPORT_COUNT,
		      report_u64(failures->nr_served));
	fmt_count(nr, failures->nr);
	fmt_count(kinds, failures->groups.nr);
	many = failures->nr == 1 ? "request" : "requests";
	of = failures->groups.nr == 1 ? "kind" : "kinds";
	if (!failures->nr && facts->simulated)
		report_say(report, "No request failed on this machine.");
	else if (!failures->nr)
		report_say(report, "No request of pages failed when this was recorded. "
				   "--simulated looks for failures of a replay.");
	else if (facts->simulated)
		report_say(report, "%s %s of %s %s failed on this machine.", nr, many, kinds, of);
	else if (!failures->nr_served)
		report_say(report, "%s %s of %s %s failed when this was recorded. The machine "
				   "that follows the recording fails each of them, too.", nr, many,
			   kinds, of);
	else
		report_say(report, "%s %s of %s %s failed when this was recorded. The machine "
				   "that follows the recording would have served %s of them at that "
				   "moment: there its figures are not the kernel's, and are no "
				   "explanation.", nr, many, kinds, of,
			   fmt_count(served, failures->nr_served));
	if (failures->nr_served && facts->unknown_pages)
		report_note(report, "%s pages that no event touches count as free: --boot and "
				    "--start tell more of them", fmt_count(nr, facts->unknown_pages));
	if (failures->nr_ungrouped)
		report_warn(report, "%llu failures of further kinds are counted, but not listed",
			    (unsigned long long)failures->nr_ungrouped);
}

static void add_groups(struct report *report, const struct failures_facts *facts)
{
	static const struct report_column columns[] = {
		{ "count", "count", REPORT_COUNT, 0 },
		{ "order", "order", REPORT_NUMBER, 0 },
		{ "served_here", "served here", REPORT_COUNT, 0 },
		{ "first_event", "first event", REPORT_NUMBER, 0 },
		{ "first_time", "first at", REPORT_TIME, 0 },
		{ "last_time", "last at", REPORT_TIME, 0 },
		{ "task", "task", REPORT_TEXT, 0 },
		{ "what", "for", REPORT_TEXT, 0 },
		{ "gfp", "mask", REPORT_TEXT, 0 },
		{ "site", "call site", REPORT_TEXT, 0 },
		{ "reason", "reason", REPORT_TEXT, 0 },
	};
	struct report_table *table =
		report_table(report, "groups", "Failures", columns, ARRAY_SIZE(columns));
	struct vec(struct failure_group) groups = { 0 };

	vec_foreach(&facts->failures->groups, group)
		vec_push(&groups, *group);
	qsort(groups.items, groups.nr, sizeof(*groups.items), most_first);
	report_limit(table, facts->options->lines);
	vec_foreach(&groups, group)
		group_row(table, facts, group);
	vec_deinit(&groups);
}

static int most_first(const void *a, const void *b)
{
	const struct failure_group *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr > y->nr ? -1 : 1;
	return x->first.asker.number < y->first.asker.number ? -1 : 1;
}

static void group_row(struct report_table *table, const struct failures_facts *facts,
		      const struct failure_group *group)
{
	const struct failure_case *first = &group->first;
	struct str gfp, site, reason, what;

	str_init(&gfp);
	str_init(&site);
	str_init(&reason);
	str_init(&what);
	gfp_print(facts->info->era, first->request.gfp, &gfp);
	if (first->asker.site)
		event_site_print(facts->names, first->asker.site, false, &site);
	add_reason(group, &reason);
	add_what(facts, first, &what);
	report_row(table,
		   (struct report_value[]){
			   report_u64(group->nr),
			   report_u64(first->request.order),
			   first->has_request && !facts->simulated ?
				   report_u64(group->nr_by_refusal[PAGE_REFUSAL_SERVES]) :
				   report_none(),
			   report_u64(first->asker.number),
			   report_u64(first->asker.time),
			   report_u64(group->last_time),
			   report_str(failures_task(facts, &first->asker)),
			   report_str(str_text(&what)),
			   report_str(str_text(&gfp)),
			   site.len ? report_str(str_text(&site)) : report_none(),
			   report_str(str_text(&reason)),
		   });
	str_deinit(&gfp);
	str_deinit(&site);
	str_deinit(&reason);
	str_deinit(&what);
}

/* What the pages, or whatever it was, were asked for. */
static void add_what(const struct failures_facts *facts, const struct failure_case *what,
		     struct str *out)
{
	if (!facts->simulated || what->call == CALL_PAGE_ALLOC)
		str_add(out, what->owner == OWNER_UNKNOWN ?
				     "pages" :
				     page_owner_name((enum page_owner)what->owner));
	else
		str_add(out, repair_call_name((enum repair_call)what->call));
}

/* "Normal, DMA32: watermark; DMA: lowmem_reserve" */
static void add_reason(const struct failure_group *group, struct str *out)
{
	const enum page_refusal most = most_refusal(group);

	if (!group->first.has_request) {
		str_add(out, mm_failure_name((enum mm_failure)group->first.reason));
		return;
	}
	if (most == PAGE_REFUSAL_SERVES) {
		str_add(out, "the machine that follows would have served it");
		return;
	}
	for (unsigned int i = PAGE_REFUSAL_MARK; i < PAGE_REFUSAL_NR; i++) {
		const char *between = out->len ? "; " : "";

		for (unsigned int type = ZONE_NR; type-- > 0;) {
			if (!(group->zones_by_refusal[i] & 1U << type))
				continue;
			str_addf(out, "%s%s", between, zone_type_name(type));
			between = ", ";
		}
		if (group->zones_by_refusal[i])
			str_addf(out, ": %s", page_refusal_key((enum page_refusal)i));
	}
	if (!out->len)
		str_add(out, page_refusal_words(most));
}

static enum page_refusal most_refusal(const struct failure_group *group)
{
	unsigned int most = 0;

	for (unsigned int i = 1; i < PAGE_REFUSAL_NR; i++)
		if (group->nr_by_refusal[i] > group->nr_by_refusal[most])
			most = i;
	return (enum page_refusal)most;
}

static void add_full(struct report *report, const struct failures_facts *facts,
		     const struct failure_report *what)
{
	const struct page_failure_request *request = &what->what.request;
	char *key = xasprintf("event%llu", (unsigned long long)what->what.asker.number);
	struct str text;

	str_init(&text);
	str_addf(&text, "%s: page allocation failure: order:%u, mode:",
		 failures_task(facts, &what->what.asker), request->order);
	failures_add_mode(facts, request->gfp, &text);
	report_begin(report, key, str_text(&text));
	free(key);
	str_reset(&text);
	add_asker(report, facts, what);
	if (!what->what.has_request) {
		report_text(report, "reason", "reason",
			    mm_failure_name((enum mm_failure)what->what.reason));
		report_end(report);
		str_deinit(&text);
		return;
	}
	failures_say_rights(what, &text);
	add_lines(report, "mask", "mask", &text);
	failures_say_why(what, &text);
	add_lines(report, "why", "why not", &text);
	add_verdict(report, facts, what);
	failures_say_zones(facts, what, &text);
	add_lines(report, "mem_info", "Mem-Info", &text);
	failures_say_indices(what, &text);
	add_lines(report, "indices", "indices", &text);
	failures_say_near(facts, what, &text);
	add_lines(report, "nearest", "nearest", &text);
	failures_say_help(what, &text);
	add_lines(report, "help", "instead", &text);
	report_end(report);
	str_deinit(&text);
}

static void add_asker(struct report *report, const struct failures_facts *facts,
		      const struct failure_report *what)
{
	const struct owners_asker *asker = &what->what.asker;
	struct str text;

	report_figure(report, "event", "event", REPORT_NUMBER, report_u64(asker->number));
	report_figure(report, "time", "at", REPORT_TIME, report_u64(asker->time));
	str_init(&text);
	str_addf(&text, "%s[%d] on CPU %u", failures_task(facts, asker),
		 asker->pid, asker->cpu);
	if (what->what.request.context & PAGE_CTX_IRQ)
		str_add(&text, ", in an interrupt");
	str_add(&text, ", for ");
	add_what(facts, &what->what, &text);
	if (asker->site) {
		str_add(&text, ", from call site ");
		event_site_print(facts->names, asker->site, false, &text);
	} else if (what->what.near_site) {
		str_add(&text, "; its last object before that at ");
		event_site_print(facts->names, what->what.near_site, false, &text);
	}
	report_text(report, "asked_by", "asked by", str_text(&text));
	str_deinit(&text);
}

static void add_verdict(struct report *report, const struct failures_facts *facts,
			const struct failure_report *what)
{
	struct str text;

	if (facts->simulated)
		return;
	str_init(&text);
	failures_say_verdict(facts, what, &text);
	report_bool(report, "fails_here", NULL, what->why.fails);
	report_text(report, "verdict", "verdict", str_text(&text));
	report_share(report, "followed", "followed", REPORT_COUNT, what->what.followed,
		     what->what.allocs);
	report_remark(report, "of the allocations until then got the very page frame here");
	str_deinit(&text);
}

/* Each line is a figure of its own: "why", "why2", ...; "text" is empty after that. */
static void add_lines(struct report *report, const char *key, const char *label, struct str *text)
{
	const char *at = str_text(text);

	for (unsigned int nr = 1; *at; nr++) {
		const size_t len = strcspn(at, "\n");
		char *line = xasprintf("%.*s", (int)len, at);
		char *name = nr == 1 ? xstrdup(key) : xasprintf("%s%u", key, nr);

		report_text(report, name, nr == 1 ? label : "", line);
		free(name);
		free(line);
		at += len + (at[len] == '\n');
	}
	str_reset(text);
}
