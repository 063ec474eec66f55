/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/slabinfo, version 2.1: a row a cache. mm/slab_common.c: cache_show(). What SLAB kernels
 * with statistics append to a row is passed over.
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

#define TITLE "slabinfo - version: 2.1"
#define COLUMNS                                                                               \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"    \
	" : tunables <limit> <batchcount> <sharedfactor>"                                     \
	" : slabdata <active_slabs> <num_slabs> <sharedavail>"

/** The numbers behind a cache's name. */
enum { NR_SIZES = 5 };

static bool parse_row(struct proc_snapshot *snap, struct scan *s, struct proc_slab *row);
static const char *name_end(const char *start, const char *colon);
static bool scan_numbers(struct scan *s, uint64_t *const fields[], size_t nr);

const struct proc_slab *proc_slab_find(const struct proc_slabinfo *info, const char *name)
{
	vec_foreach(&info->rows, row)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

static bool parse_slabinfo(struct proc_snapshot *snap, struct scan *s)
{
	scan_line(s);
	if (!scan_text(s, TITLE))
		return scan_expected(s, "'" TITLE "'");
	if (!scan_line(s) || !scan_text(s, "# name "))
		return scan_expected(s, "the names of the columns, '# name ...'");
	while (scan_line(s)) {
		struct proc_slab row = { NULL };

		if (!parse_row(snap, s, &row))
			return false;
		vec_push(&snap->slabinfo.rows, row);
	}
	return true;
}

static void print_slabinfo(const struct proc_snapshot *snap, struct str *out)
{
	str_add(out, TITLE "\n" COLUMNS "\n");
	vec_foreach(&snap->slabinfo.rows, row) {
		str_addf(out, "%-17s %6llu %6llu %6llu %4llu %4llu", row->name,
			 (unsigned long long)row->active_objs, (unsigned long long)row->num_objs,
			 (unsigned long long)row->objsize, (unsigned long long)row->objperslab,
			 (unsigned long long)row->pagesperslab);
		str_addf(out, " : tunables %4llu %4llu %4llu", (unsigned long long)row->limit,
			 (unsigned long long)row->batchcount,
			 (unsigned long long)row->sharedfactor);
		str_addf(out, " : slabdata %6llu %6llu %6llu\n",
			 (unsigned long long)row->active_slabs,
			 (unsigned long long)row->num_slabs,
			 (unsigned long long)row->sharedavail);
	}
}

static void clear_slabinfo(struct proc_snapshot *snap)
{
	vec_deinit(&snap->slabinfo.rows);
}

const struct proc_file_ops proc_slabinfo_ops = { parse_slabinfo, print_slabinfo,
						 clear_slabinfo };

static bool parse_row(struct proc_snapshot *snap, struct scan *s, struct proc_slab *row)
{
	uint64_t *const sizes[] = { &row->active_objs, &row->num_objs, &row->objsize,
				    &row->objperslab, &row->pagesperslab };
	uint64_t *const tunables[] = { &row->limit, &row->batchcount, &row->sharedfactor };
	uint64_t *const slabdata[] = { &row->active_slabs, &row->num_slabs, &row->sharedavail };
	const char *colon = memmem(s->at, (size_t)(s->end - s->at), " : tunables ", 12);
	const char *end = colon ? name_end(s->at, colon) : NULL;

	static_assert(ARRAY_SIZE(sizes) == NR_SIZES, "one number a column");
	if (!end)
		return scan_expected(s, "a cache's name, five numbers and ' : tunables '");
	row->name = arena_strndup(&snap->arena, s->at, (size_t)(end - s->at));
	s->at = end;
	if (!scan_numbers(s, sizes, ARRAY_SIZE(sizes)) || !scan_text(s, ": tunables ") ||
	    !scan_numbers(s, tunables, ARRAY_SIZE(tunables)) || !scan_text(s, ": slabdata ") ||
	    !scan_numbers(s, slabdata, ARRAY_SIZE(slabdata)))
		return scan_expected(s, "numbers, ' : tunables ' with 3 and ' : slabdata ' with 3");
	return scan_at_end(s) || scan_text(s, ": ") || scan_expected(s, "the end of the line");
}

/*
 * Where the name ends that begins the line: in front of the five words before "colon", for a name
 * may have blanks in it. NULL when there are no five words and a name.
 */
static const char *name_end(const char *start, const char *colon)
{
	const char *at = colon;

	for (unsigned int i = 0; i < NR_SIZES; i++) {
		while (at > start && at[-1] == ' ')
			at--;
		while (at > start && at[-1] != ' ')
			at--;
	}
	while (at > start && at[-1] == ' ')
		at--;
	return at > start ? at : NULL;
}

static bool scan_numbers(struct scan *s, uint64_t *const fields[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!scan_count(s, fields[i]))
			return false;
	return true;
}
