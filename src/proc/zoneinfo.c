/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/zoneinfo: a block of lines a zone. mm/vmstat.c: zoneinfo_show_print().
 *
 * Releases added lines and widened columns, and old ones have some lines elsewhere; so a line is
 * read by what it begins with, wherever it stands in its zone, and which of the newer lines there
 * were is remembered. Lines are written in the order of 5.14 and later. A line "word: number" that
 * nobody here knows is passed over; a line "word number" is a counter.
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

/** X(text, field, since, needed): lines "text number" of a zone; in the order of the file. */
#define ZONE_FIELDS(X)                                                                        \
	X("pages free", free, 0, true)                                                        \
	X("boost", boost, PROC_ZONE_BOOST, false)                                             \
	X("min", min, 0, true)                                                                \
	X("low", low, 0, true)                                                                \
	X("high", high, 0, true)                                                              \
	X("promo", promo, PROC_ZONE_PROMO, false)                                             \
	X("spanned", spanned, 0, true)                                                        \
	X("present", present, 0, true)                                                        \
	X("managed", managed, PROC_ZONE_MANAGED, false)                                       \
	X("cma", cma, PROC_ZONE_CMA, false)                                                   \
	X("node_unreclaimable:", node_unreclaimable, 0, false)                                \
	X("all_unreclaimable:", node_unreclaimable, 0, false)                                 \
	X("start_pfn:", start_pfn, 0, false)                                                  \
	X("reserved_highatomic:", reserved_highatomic, PROC_ZONE_HIGHATOMIC, false)           \
	X("free_highatomic:", free_highatomic, PROC_ZONE_HIGHATOMIC, false)

/** X(text, field, since): the same of a CPU's lists. */
#define PAGESET_FIELDS(X)                                                                     \
	X("count:", count, 0)                                                                 \
	X("high:", high, 0)                                                                   \
	X("batch:", batch, 0)                                                                 \
	X("high_min:", high_min, PROC_ZONE_PCP_LIMITS)                                        \
	X("high_max:", high_max, PROC_ZONE_PCP_LIMITS)                                        \
	X("vm stats threshold:", stat_threshold, PROC_ZONE_THRESHOLD)

struct field {
	const char *text;
	size_t offset;
	unsigned int line; /**< enum proc_zone_lines: not in every release */
	bool needed;
};

static const struct field zone_fields[] = {
#define X(text, field, since, needed) { text, offsetof(struct proc_zone, field), since, needed },
	ZONE_FIELDS(X)
#undef X
};

static const struct field pageset_fields[] = {
#define X(text, field, since) { text, offsetof(struct proc_pageset, field), since, false },
	PAGESET_FIELDS(X)
#undef X
};

/** Where in its block the reader is. */
struct zone_block {
	struct proc_zone *zone; /**< NULL before the first */
	unsigned int seen;      /**< bit by index of zone_fields */
	bool in_node;           /**< counters are the node's */
};

static bool open_block(struct proc_snapshot *snap, struct scan *s, struct zone_block *block);
static bool close_block(struct scan *s, const struct zone_block *block);
static bool parse_block_line(struct proc_snapshot *snap, struct scan *s,
			     struct zone_block *block);
static const struct field *find_field(struct scan *s, const struct field *fields, size_t nr);
static bool has_colon(const struct field *field);
static bool parse_zone_field(struct proc_snapshot *snap, struct scan *s,
			     struct zone_block *block, const struct field *field);
static bool parse_pageset_field(struct proc_snapshot *snap, struct scan *s,
				struct zone_block *block, const struct field *field);
static bool parse_cpu(struct scan *s, struct zone_block *block);
static bool parse_protection(struct scan *s, struct proc_zone *zone);
static bool parse_counter(struct proc_snapshot *snap, struct scan *s, struct zone_block *block);
static void print_zone(const struct proc_zone *zone, unsigned int lines, struct str *out);
static void print_pagesets(const struct proc_zone *zone, unsigned int lines, struct str *out);
static void print_counters(const struct proc_counter *counters, size_t nr, struct str *out);

bool proc_counter_get(const struct proc_counter *counters, size_t nr, const char *name,
		      uint64_t *ret)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(counters[i].name, name)) {
			*ret = counters[i].value;
			return true;
		}
	}
	return false;
}

unsigned int proc_zoneinfo_lines(struct kernel_version kernel)
{
	static const struct {
		struct kernel_version since;
		unsigned int lines;
	} table[] = {
		{ { 3, 8 }, PROC_ZONE_MANAGED },     { { 5, 12 }, PROC_ZONE_CMA },
		{ { 5, 14 }, PROC_ZONE_BOOST },      { { 6, 12 }, PROC_ZONE_PROMO },
		{ { 6, 13 }, PROC_ZONE_PCP_LIMITS }, { { 6, 19 }, PROC_ZONE_HIGHATOMIC },
	};
	unsigned int lines = PROC_ZONE_THRESHOLD;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (kernel_version_cmp(kernel, table[i].since) >= 0)
			lines |= table[i].lines;
	return lines;
}

static bool parse_zoneinfo(struct proc_snapshot *snap, struct scan *s)
{
	struct zone_block block = { NULL };

	while (scan_line(s)) {
		bool ok = *s->at == 'N' ? open_block(snap, s, &block) :
					  parse_block_line(snap, s, &block);

		if (!ok)
			return false;
	}
	return close_block(s, &block);
}

static void print_zoneinfo(const struct proc_snapshot *snap, struct str *out)
{
	vec_foreach(&snap->zoneinfo.zones, zone)
		print_zone(zone, snap->zoneinfo.lines, out);
}

static void clear_zoneinfo(struct proc_snapshot *snap)
{
	vec_foreach(&snap->zoneinfo.zones, zone) {
		vec_deinit(&zone->node_stats);
		vec_deinit(&zone->counters);
		vec_deinit(&zone->pagesets);
	}
	vec_deinit(&snap->zoneinfo.zones);
	snap->zoneinfo.lines = 0;
}

const struct proc_file_ops proc_zoneinfo_ops = { parse_zoneinfo, print_zoneinfo,
						 clear_zoneinfo };

static bool parse_vmstat(struct proc_snapshot *snap, struct scan *s)
{
	while (scan_line(s)) {
		struct proc_counter counter = { scan_word(s, "", &snap->arena), 0 };

		if (!counter.name || !scan_u64(s, &counter.value) || !scan_at_end(s))
			return scan_expected(s, "'NAME NUMBER'");
		vec_push(&snap->vmstat, counter);
	}
	return true;
}

static void print_vmstat(const struct proc_snapshot *snap, struct str *out)
{
	vec_foreach(&snap->vmstat, counter)
		str_addf(out, "%s %llu\n", counter->name, (unsigned long long)counter->value);
}

static void clear_vmstat(struct proc_snapshot *snap)
{
	vec_deinit(&snap->vmstat);
}

const struct proc_file_ops proc_vmstat_ops = { parse_vmstat, print_vmstat, clear_vmstat };

static bool open_block(struct proc_snapshot *snap, struct scan *s, struct zone_block *block)
{
	struct proc_zone zone = { .free = 0 };

	if (!close_block(s, block))
		return false;
	if (snap->zoneinfo.zones.nr == PROC_MAX_ZONES)
		return scan_error(s, "more than %u zones", PROC_MAX_ZONES);
	if (!proc_scan_zone(snap, s, &zone.id))
		return false;
	vec_push(&snap->zoneinfo.zones, zone);
	*block = (struct zone_block){
		.zone = &snap->zoneinfo.zones.items[snap->zoneinfo.zones.nr - 1],
	};
	return scan_at_end(s) || scan_expected(s, "the end of the line");
}

/* A zone that is cut short is no zone. */
static bool close_block(struct scan *s, const struct zone_block *block)
{
	if (!block->zone)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(zone_fields); i++) {
		const struct field *field = &zone_fields[i];
		bool needed = field->needed || (block->zone->populated &&
						field->offset == offsetof(struct proc_zone,
									  start_pfn));

		if (needed && !(block->seen >> i & 1))
			return scan_error(s, "no line '%s' of the zone above", field->text);
	}
	return true;
}

static bool parse_block_line(struct proc_snapshot *snap, struct scan *s, struct zone_block *block)
{
	const struct field *field;

	if (!block->zone)
		return scan_expected(s, "'Node N, zone NAME'");
	field = find_field(s, zone_fields, ARRAY_SIZE(zone_fields));
	if (field)
		return parse_zone_field(snap, s, block, field);
	field = find_field(s, pageset_fields, ARRAY_SIZE(pageset_fields));
	if (field)
		return parse_pageset_field(snap, s, block, field);
	if (scan_text(s, "per-node stats")) {
		block->in_node = true;
		return scan_at_end(s) || scan_expected(s, "the end of the line");
	}
	if (scan_text(s, "pagesets")) {
		block->zone->populated = true;
		return scan_at_end(s) || scan_expected(s, "the end of the line");
	}
	if (scan_text(s, "cpu:"))
		return parse_cpu(s, block);
	if (scan_text(s, "protection:"))
		return parse_protection(s, block->zone);
	return parse_counter(snap, s, block);
}

/*
 * The field that the line begins with, stepped over; NULL when it is none of them. A name ends with
 * its colon or with a blank: "high_min:" is not "high", nor is "highest".
 */
static const struct field *find_field(struct scan *s, const struct field *fields, size_t nr)
{
	const char *start = s->at;

	for (size_t i = 0; i < nr; i++) {
		if (scan_text(s, fields[i].text) &&
		    (has_colon(&fields[i]) || strchr(" \t\n", *s->at)))
			return &fields[i];
		s->at = start;
	}
	return NULL;
}

static bool has_colon(const struct field *field)
{
	return field->text[strlen(field->text) - 1] == ':';
}

static bool scan_value(struct scan *s, uint64_t *ret)
{
	return (scan_count(s, ret) && scan_at_end(s)) || scan_expected(s, "a number");
}

static bool parse_zone_field(struct proc_snapshot *snap, struct scan *s,
			     struct zone_block *block, const struct field *field)
{
	unsigned int bit = 1U << (field - zone_fields);

	if (block->seen & bit)
		return scan_error(s, "a second '%s' of this zone", field->text);
	block->seen |= bit;
	block->in_node = false;
	snap->zoneinfo.lines |= field->line;
	return scan_value(s, (uint64_t *)((char *)block->zone + field->offset));
}

static bool parse_pageset_field(struct proc_snapshot *snap, struct scan *s,
				struct zone_block *block, const struct field *field)
{
	struct proc_pageset *set;

	if (!block->zone->pagesets.nr)
		return scan_expected(s, "'cpu: N' before its lists");
	set = &block->zone->pagesets.items[block->zone->pagesets.nr - 1];
	snap->zoneinfo.lines |= field->line;
	return scan_value(s, (uint64_t *)((char *)set + field->offset));
}

static bool parse_cpu(struct scan *s, struct zone_block *block)
{
	struct proc_pageset set = { .cpu = 0 };

	if (!block->zone->populated)
		return scan_expected(s, "'pagesets' before the first CPU");
	if (!scan_uint(s, 65535, &set.cpu) || !scan_at_end(s))
		return scan_expected(s, "the number of a CPU");
	vec_push(&block->zone->pagesets, set);
	return true;
}

/* "(0, 634, 862, 862, 862)" */
static bool parse_protection(struct scan *s, struct proc_zone *zone)
{
	if (!scan_text(s, "(") || zone->nr_protection)
		return scan_expected(s, "one list of numbers in brackets");
	do {
		if (zone->nr_protection == PROC_MAX_ZONE_TYPES)
			return scan_error(s, "more than %u numbers", PROC_MAX_ZONE_TYPES);
		if (!scan_count(s, &zone->protection[zone->nr_protection++]))
			return scan_expected(s, "a number");
	} while (scan_text(s, ","));
	return (scan_text(s, ")") && scan_at_end(s)) || scan_expected(s, "')'");
}

static bool parse_counter(struct proc_snapshot *snap, struct scan *s, struct zone_block *block)
{
	struct proc_counter counter = { scan_word(s, ":", &snap->arena), 0 };
	bool unknown = scan_text(s, ":");

	if (!counter.name || !scan_u64(s, &counter.value) || !scan_at_end(s))
		return scan_expected(s, "a name and a number");
	if (unknown)
		return true;
	if (block->in_node)
		vec_push(&block->zone->node_stats, counter);
	else
		vec_push(&block->zone->counters, counter);
	return true;
}

static void print_zone(const struct proc_zone *zone, unsigned int lines, struct str *out)
{
	proc_print_zone(&zone->id, out);
	if (zone->node_stats.nr)
		str_add(out, "\n  per-node stats");
	print_counters(zone->node_stats.items, zone->node_stats.nr, out);
	str_addf(out, "\n  pages free     %llu", (unsigned long long)zone->free);
	for (size_t i = 1; i < ARRAY_SIZE(zone_fields); i++) {
		const struct field *field = &zone_fields[i];
		const uint64_t *value = (const void *)((const char *)zone + field->offset);

		if (has_colon(field))
			break;
		if ((field->line & lines) == field->line)
			str_addf(out, "\n        %-8s %llu", field->text,
				 (unsigned long long)*value);
	}
	for (unsigned int i = 0; i < zone->nr_protection; i++)
		str_addf(out, "%s%llu%s", i ? ", " : "\n        protection: (",
			 (unsigned long long)zone->protection[i],
			 i + 1 == zone->nr_protection ? ")" : "");
	if (zone->populated) {
		print_counters(zone->counters.items, zone->counters.nr, out);
		print_pagesets(zone, lines, out);
		str_addf(out, "\n  node_unreclaimable:  %llu\n  start_pfn:           %llu",
			 (unsigned long long)zone->node_unreclaimable,
			 (unsigned long long)zone->start_pfn);
	}
	if (zone->populated && lines & PROC_ZONE_HIGHATOMIC)
		str_addf(out, "\n  reserved_highatomic: %llu\n  free_highatomic:     %llu",
			 (unsigned long long)zone->reserved_highatomic,
			 (unsigned long long)zone->free_highatomic);
	str_add_char(out, '\n');
}

static void print_pagesets(const struct proc_zone *zone, unsigned int lines, struct str *out)
{
	/* With the limits came a wider column. */
	int width = lines & PROC_ZONE_PCP_LIMITS ? 9 : 6;

	str_add(out, "\n  pagesets");
	vec_foreach(&zone->pagesets, set) {
		str_addf(out, "\n    cpu: %u", set->cpu);
		for (size_t i = 0; i < ARRAY_SIZE(pageset_fields); i++) {
			const struct field *field = &pageset_fields[i];
			const uint64_t *value = (const void *)((const char *)set + field->offset);

			if ((field->line & lines) != field->line)
				continue;
			str_addf(out, field->line == PROC_ZONE_THRESHOLD ?
					      "\n  %-*s %llu" : "\n              %-*s %llu",
				 width, field->text, (unsigned long long)*value);
		}
	}
}

static void print_counters(const struct proc_counter *counters, size_t nr, struct str *out)
{
	for (size_t i = 0; i < nr; i++)
		str_addf(out, "\n      %-12s %llu", counters[i].name,
			 (unsigned long long)counters[i].value);
}
