/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/iomem: resources, those inside of others with two more blanks in front. */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

static bool parse_iomem(struct proc_snapshot *snap, struct scan *s)
{
	while (scan_line(s)) {
		struct proc_resource row = { .start = 0 };
		size_t blanks = strspn(s->at, " ");
		uint64_t last;

		row.depth = (unsigned int)(blanks / 2);
		if (!scan_hex(s, &row.start, NULL) || !scan_text(s, "-") ||
		    !scan_hex(s, &last, NULL) || !scan_text(s, " : "))
			return scan_expected(s, "'START-END : NAME'");
		if (last < row.start)
			return scan_error(s, "the end lies before the start");
		row.end = last == UINT64_MAX ? last : last + 1;
		row.name = scan_rest(s, &snap->arena);
		vec_push(&snap->iomem.rows, row);
	}
	return true;
}

static void clear_iomem(struct proc_snapshot *snap)
{
	vec_deinit(&snap->iomem.rows);
}

const struct proc_file_ops proc_iomem_ops = { parse_iomem, NULL, clear_iomem };
