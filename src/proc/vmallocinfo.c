/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/vmallocinfo: a row an area. mm/vmalloc.c: vmalloc_info_show(). Addresses may be hashed
 * ("%pK"), so that the two of a row need not lie "size" apart; with kptr_restrict they are 0.
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

/** Words behind the numbers, in the order in which the kernel writes them. */
static const struct {
	const char *word;
	unsigned int flag;
} area_words[] = {
	{ "ioremap", PROC_AREA_IOREMAP },
	{ "sparse", PROC_AREA_SPARSE },
	{ "vmalloc", PROC_AREA_VMALLOC },
	{ "vmap", PROC_AREA_VMAP },
	{ "user", PROC_AREA_USER },
	{ "dma-coherent", PROC_AREA_DMA_COHERENT },
	{ "vpages", PROC_AREA_VPAGES },
	{ "vm_map_ram", PROC_AREA_VM_MAP_RAM },
	{ "unpurged vm_area", PROC_AREA_UNPURGED },
};

static bool parse_row(struct proc_snapshot *snap, struct scan *s, struct proc_area *row);
static bool scan_range(struct proc_snapshot *snap, struct scan *s, struct proc_area *row);
static bool scan_numbers(struct proc_snapshot *snap, struct scan *s, struct proc_area *row);
static const char *scan_caller(struct proc_snapshot *snap, struct scan *s);
static unsigned int scan_flag(struct scan *s);
static bool scan_nodes(struct proc_snapshot *snap, struct scan *s, struct proc_area *row);
static void print_row(const struct proc_vmallocinfo *info, const struct proc_area *row,
		      struct str *out);

static bool parse_vmallocinfo(struct proc_snapshot *snap, struct scan *s)
{
	while (scan_line(s)) {
		struct proc_area row = { .start = 0 };

		if (!parse_row(snap, s, &row))
			return false;
		vec_push(&snap->vmallocinfo.rows, row);
	}
	return true;
}

static void print_vmallocinfo(const struct proc_snapshot *snap, struct str *out)
{
	vec_foreach(&snap->vmallocinfo.rows, row)
		print_row(&snap->vmallocinfo, row, out);
}

static void clear_vmallocinfo(struct proc_snapshot *snap)
{
	vec_deinit(&snap->vmallocinfo.rows);
	snap->vmallocinfo.wide = snap->vmallocinfo.phys_wide = false;
}

const struct proc_file_ops proc_vmallocinfo_ops = { parse_vmallocinfo, print_vmallocinfo,
						    clear_vmallocinfo };

static bool parse_row(struct proc_snapshot *snap, struct scan *s, struct proc_area *row)
{
	unsigned int flag;

	if (!scan_range(snap, s, row))
		return false;
	flag = scan_flag(s);
	if (!flag) {
		row->caller = scan_caller(snap, s);
		if (!scan_numbers(snap, s, row))
			return false;
		flag = scan_flag(s);
	}
	for (; flag; flag = scan_flag(s))
		row->flags |= flag;
	return scan_nodes(snap, s, row);
}

/* "0xffffd37b40000000-0xffffd37b40005000   20480": as many digits as the first row's. */
static bool scan_range(struct proc_snapshot *snap, struct scan *s, struct proc_area *row)
{
	struct proc_vmallocinfo *info = &snap->vmallocinfo;
	unsigned int digits[2];

	if (!scan_text(s, "0x") || !scan_hex(s, &row->start, &digits[0]) ||
	    !scan_text(s, "-0x") || !scan_hex(s, &row->end, &digits[1]))
		return scan_expected(s, "an area's range, '0x..-0x..'");
	if (!info->rows.nr)
		info->wide = digits[0] > 8;
	for (unsigned int i = 0; i < 2; i++)
		if (digits[i] != (info->wide ? 16 : 8))
			return scan_expected(s, "addresses of 8 or of 16 digits in all rows");
	return scan_u64(s, &row->size) || scan_expected(s, "the size in bytes");
}

/* "load_module+0xae0/0x1d20 [name]": the first word that is none of those known, and its module. */
static const char *scan_caller(struct proc_snapshot *snap, struct scan *s)
{
	const char *word, *start, *end;

	if (scan_at_end(s) || !strncmp(s->at, "pages=", 6) || !strncmp(s->at, "phys=", 5))
		return NULL;
	if (s->at[0] == 'N' && s->at[1] >= '0' && s->at[1] <= '9')
		return NULL;
	start = s->at;
	word = scan_word(s, "", &snap->arena);
	if (!scan_text(s, "["))
		return word;
	end = memchr(s->at, ']', (size_t)(s->end - s->at));
	s->at = end ? end + 1 : s->end;
	return arena_strndup(&snap->arena, start, (size_t)(s->at - start));
}

static bool scan_numbers(struct proc_snapshot *snap, struct scan *s, struct proc_area *row)
{
	struct proc_vmallocinfo *info = &snap->vmallocinfo;
	unsigned int digits;

	if (scan_text(s, "pages=") && !scan_count(s, &row->nr_pages))
		return scan_expected(s, "a number of pages");
	if (!scan_text(s, "phys="))
		return true;
	if (!scan_text(s, "0x") || !scan_hex(s, &row->phys, &digits))
		return scan_expected(s, "a physical address, '0x..'");
	info->phys_wide |= digits > 8;
	return true;
}

/* A whole word of the table, stepped over; 0 when there is none. */
static unsigned int scan_flag(struct scan *s)
{
	const char *start = s->at;

	for (size_t i = 0; i < ARRAY_SIZE(area_words); i++) {
		if (scan_text(s, area_words[i].word) && (s->at == s->end || *s->at == ' '))
			return area_words[i].flag;
		s->at = start;
	}
	return 0;
}

/* "N0=4 N1=2", nodes ascending: so their number is bounded by that of nodes. */
static bool scan_nodes(struct proc_snapshot *snap, struct scan *s, struct proc_area *row)
{
	struct vec(struct proc_node_pages) found = { NULL };
	struct proc_node_pages *nodes;
	bool ok = true;

	while (ok && !scan_at_end(s)) {
		struct proc_node_pages n;

		ok = scan_text(s, "N") && scan_uint(s, PROC_MAX_NODE, &n.node) &&
		     scan_text(s, "=") && scan_count(s, &n.nr) &&
		     (!found.nr || found.items[found.nr - 1].node < n.node);
		if (ok)
			vec_push(&found, n);
		else
			scan_expected(s, "words like 'vmalloc', then 'N0=PAGES'");
	}
	if (found.nr) {
		nodes = arena_alloc(&snap->arena, found.nr * sizeof(*nodes));
		memcpy(nodes, found.items, found.nr * sizeof(*nodes));
		row->nodes = nodes;
		row->nr_nodes = (unsigned int)found.nr;
	}
	vec_deinit(&found);
	return ok;
}

static void print_row(const struct proc_vmallocinfo *info, const struct proc_area *row,
		      struct str *out)
{
	int digits = info->wide ? 16 : 8, phys_digits = info->phys_wide ? 16 : 8;

	str_addf(out, "0x%0*llx-0x%0*llx %7llu", digits, (unsigned long long)row->start, digits,
		 (unsigned long long)row->end, (unsigned long long)row->size);
	if (row->caller)
		str_addf(out, " %s", row->caller);
	if (row->nr_pages)
		str_addf(out, " pages=%llu", (unsigned long long)row->nr_pages);
	if (row->phys)
		str_addf(out, " phys=0x%0*llx", phys_digits, (unsigned long long)row->phys);
	for (size_t i = 0; i < ARRAY_SIZE(area_words); i++)
		if (row->flags & area_words[i].flag)
			str_addf(out, " %s", area_words[i].word);
	for (unsigned int i = 0; i < row->nr_nodes; i++)
		str_addf(out, " N%u=%llu", row->nodes[i].node,
			 (unsigned long long)row->nodes[i].nr);
	str_add_char(out, '\n');
}
