/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with a row a zone and a column an order: /proc/buddyinfo, and extfrag_index and
 * unusable_index of debugfs. mm/vmstat.c: frag_show_print(), extfrag_show_print(),
 * unusable_show_print().
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

static bool parse_index(struct proc_snapshot *snap, struct scan *s, struct proc_index *index);
static bool scan_milli(struct scan *s, int32_t *ret);
static void print_index(const struct proc_index *index, int width, struct str *out);

bool proc_scan_zone(struct proc_snapshot *snap, struct scan *s, struct proc_zone_id *ret)
{
	unsigned int node;

	if (!scan_text(s, "Node ") || !scan_uint(s, PROC_MAX_NODE, &node) ||
	    !scan_text(s, ", zone "))
		return scan_expected(s, "'Node N, zone NAME'");
	ret->node = (int)node;
	ret->name = scan_word(s, ",", &snap->arena);
	return ret->name || scan_expected(s, "a zone's name");
}

void proc_print_zone(const struct proc_zone_id *zone, struct str *out)
{
	str_addf(out, "Node %d, zone %8s", zone->node, zone->name);
}

bool proc_zone_same(const struct proc_zone_id *zone, int node, const char *name)
{
	return zone->node == node && !strcmp(zone->name, name);
}

bool proc_scan_row(struct scan *s, uint64_t *values, unsigned int max, unsigned int *nr)
{
	*nr = 0;
	while (!scan_at_end(s)) {
		if (*nr == max)
			return scan_error(s, "more than %u columns", max);
		if (!scan_count(s, &values[*nr]))
			return scan_expected(s, "a number");
		++*nr;
	}
	return *nr || scan_expected(s, "a number");
}

bool proc_same_columns(struct scan *s, unsigned int found, unsigned int *nr)
{
	if (*nr && *nr != found)
		return scan_error(s, "%u columns, and %u in the row before", found, *nr);
	*nr = found;
	return true;
}

bool proc_check_order(struct scan *s, uint64_t nr_free, unsigned int order)
{
	return nr_free <= SCAN_MAX_COUNT >> order ||
	       scan_error(s, "more blocks of order %u than a machine has", order);
}

static bool parse_buddyinfo(struct proc_snapshot *snap, struct scan *s)
{
	struct proc_buddyinfo *info = &snap->buddyinfo;
	unsigned int nr;

	while (scan_line(s)) {
		struct proc_buddy_row row = { .nr_free = { 0 } };

		if (info->rows.nr == PROC_MAX_ZONES)
			return scan_error(s, "more than %u zones", PROC_MAX_ZONES);
		if (!proc_scan_zone(snap, s, &row.zone) ||
		    !proc_scan_row(s, row.nr_free, PROC_MAX_ORDERS, &nr) ||
		    !proc_same_columns(s, nr, &info->nr_orders))
			return false;
		for (unsigned int order = 0; order < nr; order++)
			if (!proc_check_order(s, row.nr_free[order], order))
				return false;
		vec_push(&info->rows, row);
	}
	return true;
}

static void print_buddyinfo(const struct proc_snapshot *snap, struct str *out)
{
	const struct proc_buddyinfo *info = &snap->buddyinfo;

	vec_foreach(&info->rows, row) {
		proc_print_zone(&row->zone, out);
		str_add_char(out, ' ');
		for (unsigned int order = 0; order < info->nr_orders; order++)
			str_addf(out, "%6llu ", (unsigned long long)row->nr_free[order]);
		str_add_char(out, '\n');
	}
}

static void clear_buddyinfo(struct proc_snapshot *snap)
{
	vec_deinit(&snap->buddyinfo.rows);
	snap->buddyinfo.nr_orders = 0;
}

static bool parse_extfrag(struct proc_snapshot *snap, struct scan *s)
{
	return parse_index(snap, s, &snap->extfrag);
}

/* extfrag_index leaves room for the sign, unusable_index does not. */
static void print_extfrag(const struct proc_snapshot *snap, struct str *out)
{
	print_index(&snap->extfrag, 2, out);
}

static void clear_extfrag(struct proc_snapshot *snap)
{
	vec_deinit(&snap->extfrag.rows);
	snap->extfrag.nr_orders = 0;
}

static bool parse_unusable(struct proc_snapshot *snap, struct scan *s)
{
	return parse_index(snap, s, &snap->unusable);
}

static void print_unusable(const struct proc_snapshot *snap, struct str *out)
{
	print_index(&snap->unusable, 1, out);
}

static void clear_unusable(struct proc_snapshot *snap)
{
	vec_deinit(&snap->unusable.rows);
	snap->unusable.nr_orders = 0;
}

const struct proc_file_ops proc_buddyinfo_ops = { parse_buddyinfo, print_buddyinfo,
						  clear_buddyinfo };
const struct proc_file_ops proc_extfrag_ops = { parse_extfrag, print_extfrag, clear_extfrag };
const struct proc_file_ops proc_unusable_ops = { parse_unusable, print_unusable, clear_unusable };

static bool parse_index(struct proc_snapshot *snap, struct scan *s, struct proc_index *index)
{
	unsigned int nr;

	while (scan_line(s)) {
		struct proc_index_row row = { .milli = { 0 } };

		if (index->rows.nr == PROC_MAX_ZONES)
			return scan_error(s, "more than %u zones", PROC_MAX_ZONES);
		if (!proc_scan_zone(snap, s, &row.zone))
			return false;
		for (nr = 0; !scan_at_end(s); nr++) {
			if (nr == PROC_MAX_ORDERS)
				return scan_error(s, "more than %u columns", PROC_MAX_ORDERS);
			if (!scan_milli(s, &row.milli[nr]))
				return scan_expected(s, "an index with three decimals");
		}
		if (!nr)
			return scan_expected(s, "an index with three decimals");
		if (!proc_same_columns(s, nr, &index->nr_orders))
			return false;
		vec_push(&index->rows, row);
	}
	return true;
}

/*
 * The kernel prints "index / 1000" and "index % 1000" with their own signs: -1000 is "-1.000",
 * -500 "0.-500".
 */
static bool scan_milli(struct scan *s, int32_t *ret)
{
	bool minus = scan_text(s, "-");
	unsigned int whole, part;

	if (!scan_uint(s, 999999, &whole) || !scan_text(s, "."))
		return false;
	minus |= scan_text(s, "-");
	if (!scan_uint(s, 999, &part))
		return false;
	*ret = (int32_t)(whole * 1000 + part);
	if (minus)
		*ret = -*ret;
	return true;
}

static void print_index(const struct proc_index *index, int width, struct str *out)
{
	vec_foreach(&index->rows, row) {
		proc_print_zone(&row->zone, out);
		str_add_char(out, ' ');
		for (unsigned int order = 0; order < index->nr_orders; order++) {
			int milli = row->milli[order];

			str_addf(out, "%*d.%03d ", width, milli / 1000, milli % 1000);
		}
		str_add_char(out, '\n');
	}
}
