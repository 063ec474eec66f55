/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/pagetypeinfo: for each node with memory a head and three tables of the same zones, free
 * blocks by migratetype and order, pageblocks by migratetype, and with page_owner pageblocks that
 * hold pages of other types. mm/vmstat.c: pagetypeinfo_show(), once a node.
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

#define HEAD "Page block order:"
#define FREE_TITLE "Free pages count per migrate type at order"
#define BLOCKS_TITLE "Number of blocks type"
#define MIXED_TITLE "Number of mixed blocks"

static bool parse_node(struct proc_snapshot *snap, struct scan *s);
static bool parse_head(struct proc_snapshot *snap, struct scan *s);
static bool parse_free(struct proc_snapshot *snap, struct scan *s, size_t first);
static bool parse_free_row(struct proc_snapshot *snap, struct scan *s, size_t first,
			   unsigned int *type);
static struct proc_pagetype_zone *open_zone(struct proc_snapshot *snap, struct scan *s,
					    const struct proc_zone_id *id, size_t first,
					    unsigned int *type);
static bool parse_blocks(struct proc_snapshot *snap, struct scan *s, size_t first, bool mixed);
static bool parse_type_names(struct proc_snapshot *snap, struct scan *s);
static void print_node(const struct proc_pagetypeinfo *info, size_t first, size_t end,
		       struct str *out);
static void print_free_rows(const struct proc_pagetypeinfo *info,
			    const struct proc_pagetype_zone *zone, struct str *out);
static void print_blocks(const struct proc_pagetypeinfo *info, size_t first, size_t end,
			 bool mixed, struct str *out);

static bool parse_pagetypeinfo(struct proc_snapshot *snap, struct scan *s)
{
	do {
		if (!parse_node(snap, s))
			return false;
	} while (scan_peek(s, HEAD));
	return !scan_line(s) || scan_expected(s, "the end of the file");
}

static void print_pagetypeinfo(const struct proc_snapshot *snap, struct str *out)
{
	const struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	size_t first = 0;

	do {
		size_t end = first;

		while (end < info->zones.nr &&
		       info->zones.items[end].zone.node == info->zones.items[first].zone.node)
			end++;
		print_node(info, first, end, out);
		first = end;
	} while (first < info->zones.nr);
}

static void clear_pagetypeinfo(struct proc_snapshot *snap)
{
	vec_deinit(&snap->pagetypeinfo.zones);
	memset(&snap->pagetypeinfo, 0, sizeof(snap->pagetypeinfo));
}

const struct proc_file_ops proc_pagetypeinfo_ops = { parse_pagetypeinfo, print_pagetypeinfo,
						     clear_pagetypeinfo };

static bool parse_node(struct proc_snapshot *snap, struct scan *s)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	const size_t first = info->zones.nr;
	bool mixed;

	if (!parse_head(snap, s) || !parse_free(snap, s, first) ||
	    !parse_blocks(snap, s, first, false))
		return false;
	mixed = !scan_peek(s, HEAD) && scan_line(s);
	if (first && info->has_mixed != mixed)
		return scan_expected(s, "the same tables for each node");
	info->has_mixed = mixed;
	if (mixed && (!scan_at_end(s) || !parse_blocks(snap, s, first, true)))
		return scan_expected(s, "'" MIXED_TITLE "' behind an empty line, or no more");
	return true;
}

static bool parse_head(struct proc_snapshot *snap, struct scan *s)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	unsigned int order;

	scan_line(s);
	if (!scan_text(s, HEAD) || !scan_uint(s, 63, &info->block_order))
		return scan_expected(s, "'" HEAD " N'");
	scan_line(s);
	if (!scan_text(s, "Pages per block:") || !scan_count(s, &info->block_pages))
		return scan_expected(s, "'Pages per block: N'");
	if (!scan_line(s) || !scan_at_end(s))
		return scan_expected(s, "an empty line");
	scan_line(s);
	if (!scan_text(s, FREE_TITLE))
		return scan_expected(s, "'" FREE_TITLE "'");
	for (info->nr_orders = 0; !scan_at_end(s); info->nr_orders++) {
		if (info->nr_orders == PROC_MAX_ORDERS)
			return scan_error(s, "more than %u orders", PROC_MAX_ORDERS);
		if (!scan_uint(s, PROC_MAX_ORDERS, &order) || order != info->nr_orders)
			return scan_expected(s, "the orders 0, 1, 2, ...");
	}
	return true;
}

/* The table ends with an empty line. */
static bool parse_free(struct proc_snapshot *snap, struct scan *s, size_t first)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	unsigned int type = 0;

	while (scan_line(s)) {
		if (scan_at_end(s)) {
			if (info->zones.nr > first && type != info->nr_types)
				return scan_expected(s, "rows of the other types of this zone");
			return true;
		}
		if (!parse_free_row(snap, s, first, &type))
			return false;
	}
	return scan_expected(s, "an empty line and '" BLOCKS_TITLE "'");
}

/* "*type": how many rows the current zone has had. */
static bool parse_free_row(struct proc_snapshot *snap, struct scan *s, size_t first,
			   unsigned int *type)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	struct proc_pagetype_zone *zone;
	struct proc_zone_id id;
	const char *name;

	if (!proc_scan_zone(snap, s, &id))
		return false;
	if (!scan_text(s, ", type ") || !(name = scan_word(s, "", &snap->arena)))
		return scan_expected(s, "', type NAME'");
	zone = open_zone(snap, s, &id, first, type);
	if (!zone)
		return false;
	if (info->zones.nr == 1) {
		if (*type == PROC_MAX_TYPES)
			return scan_error(s, "more than %u types", PROC_MAX_TYPES);
		info->types[*type] = name;
		info->nr_types = *type + 1;
	} else if (*type >= info->nr_types || strcmp(info->types[*type], name) != 0) {
		return scan_expected(s, "the same types in each zone");
	}
	for (unsigned int order = 0; order < info->nr_orders; order++) {
		if (scan_text(s, ">"))
			zone->capped[*type] |= 1U << order;
		if (!scan_count(s, &zone->nr_free[*type][order]))
			return scan_expected(s, "a number for each order");
		if (!proc_check_order(s, zone->nr_free[*type][order], order))
			return false;
	}
	++*type;
	return scan_at_end(s) || scan_expected(s, "no more numbers than orders");
}

static struct proc_pagetype_zone *open_zone(struct proc_snapshot *snap, struct scan *s,
					    const struct proc_zone_id *id, size_t first,
					    unsigned int *type)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	struct proc_pagetype_zone *last;

	last = info->zones.nr > first ? &info->zones.items[info->zones.nr - 1] : NULL;
	if (last && proc_zone_same(&last->zone, id->node, id->name))
		return last;
	if (last && *type != info->nr_types) {
		scan_expected(s, "rows of the other types of the zone before");
		return NULL;
	}
	if (info->zones.nr == PROC_MAX_ZONES) {
		scan_error(s, "more than %u zones", PROC_MAX_ZONES);
		return NULL;
	}
	*type = 0;
	vec_push(&info->zones, (struct proc_pagetype_zone){ .zone = *id });
	return &info->zones.items[info->zones.nr - 1];
}

/* A table of pageblocks: the zones of the node's first table, in its order. */
static bool parse_blocks(struct proc_snapshot *snap, struct scan *s, size_t first, bool mixed)
{
	struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	struct proc_zone_id id;
	unsigned int nr;

	scan_line(s);
	if (!scan_text(s, mixed ? MIXED_TITLE : BLOCKS_TITLE))
		return scan_expected(s, mixed ? "'" MIXED_TITLE "'" : "'" BLOCKS_TITLE "'");
	if (!parse_type_names(snap, s))
		return false;
	for (size_t i = first; i < info->zones.nr; i++) {
		struct proc_pagetype_zone *zone = &info->zones.items[i];
		uint64_t *values = mixed ? zone->mixed : zone->blocks;

		scan_line(s);
		if (!proc_scan_zone(snap, s, &id) ||
		    !proc_scan_row(s, values, info->nr_types, &nr))
			return false;
		if (!proc_zone_same(&zone->zone, id.node, id.name))
			return scan_expected(s, "the zones of the table before, in its order");
		if (nr != info->nr_types)
			return scan_expected(s, "a number for each type");
	}
	return true;
}

static bool parse_type_names(struct proc_snapshot *snap, struct scan *s)
{
	const struct proc_pagetypeinfo *info = &snap->pagetypeinfo;
	const char *name;

	/* A machine without populated zones has types all the same; nobody needs them. */
	for (unsigned int type = 0; type < info->nr_types; type++) {
		name = scan_word(s, "", &snap->arena);
		if (!name || strcmp(name, info->types[type]) != 0)
			return scan_expected(s, "the types of the table before, in its order");
	}
	return !info->nr_types || scan_at_end(s) || scan_expected(s, "no more types");
}

static void print_node(const struct proc_pagetypeinfo *info, size_t first, size_t end,
		       struct str *out)
{
	str_addf(out, HEAD " %u\n", info->block_order);
	str_addf(out, "Pages per block:  %llu\n\n", (unsigned long long)info->block_pages);
	str_addf(out, "%-43s ", FREE_TITLE);
	for (unsigned int order = 0; order < info->nr_orders; order++)
		str_addf(out, "%6u ", order);
	str_add_char(out, '\n');
	for (size_t i = first; i < end; i++)
		print_free_rows(info, &info->zones.items[i], out);
	print_blocks(info, first, end, false, out);
	if (info->has_mixed)
		print_blocks(info, first, end, true, out);
}

static void print_free_rows(const struct proc_pagetypeinfo *info,
			    const struct proc_pagetype_zone *zone, struct str *out)
{
	for (unsigned int type = 0; type < info->nr_types; type++) {
		str_addf(out, "Node %4d, zone %8s, type %12s ", zone->zone.node, zone->zone.name,
			 info->types[type]);
		for (unsigned int order = 0; order < info->nr_orders; order++)
			str_addf(out, "%s%6llu ", zone->capped[type] >> order & 1 ? ">" : "",
				 (unsigned long long)zone->nr_free[type][order]);
		str_add_char(out, '\n');
	}
}

static void print_blocks(const struct proc_pagetypeinfo *info, size_t first, size_t end,
			 bool mixed, struct str *out)
{
	str_addf(out, "\n%-23s", mixed ? MIXED_TITLE " " : BLOCKS_TITLE " ");
	for (unsigned int type = 0; type < info->nr_types; type++)
		str_addf(out, "%12s ", info->types[type]);
	str_add_char(out, '\n');
	for (size_t i = first; i < end; i++) {
		const struct proc_pagetype_zone *zone = &info->zones.items[i];
		const uint64_t *values = mixed ? zone->mixed : zone->blocks;

		proc_print_zone(&zone->zone, out);
		str_add_char(out, ' ');
		for (unsigned int type = 0; type < info->nr_types; type++)
			str_addf(out, "%12llu ", (unsigned long long)values[type]);
		str_add_char(out, '\n');
	}
}
