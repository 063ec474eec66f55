/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap of page calls by their first event under the zone lock. */
#include <config.h>

#include "page_calls.h"

void page_due_push(struct page_calls *calls, struct page_op_due due)
{
	size_t at = calls->due.nr;

	vec_push(&calls->due, due);
	while (at) {
		const size_t up = (at - 1) / 2;

		if (calls->due.items[up].start <= due.start)
			break;
		calls->due.items[at] = calls->due.items[up];
		at = up;
	}
	calls->due.items[at] = due;
}

void page_due_pop(struct page_calls *calls)
{
	const struct page_op_due last = calls->due.items[--calls->due.nr];
	size_t at = 0;

	for (;;) {
		size_t down = 2 * at + 1;

		if (down >= calls->due.nr)
			break;
		if (down + 1 < calls->due.nr &&
		    calls->due.items[down + 1].start < calls->due.items[down].start)
			down++;
		if (calls->due.items[down].start >= last.start)
			break;
		calls->due.items[at] = calls->due.items[down];
		at = down;
	}
	if (calls->due.nr)
		calls->due.items[at] = last;
}
