/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How long the free pages of each zone were below its marks, exact to the event: the page allocator
 * says when they leave the band between two marks.
 */
#ifndef KMREPLAY_REPLAY_MARKS_H
#define KMREPLAY_REPLAY_MARKS_H

#include "kmreplay/core/base.h"

struct page_allocator;
struct marks;

enum { MARKS_NR = 3 }; /**< min, low, high */

/** Starts to watch "pa"; "now", in ns, is read whenever the state changes. */
struct marks *marks_create(struct page_allocator *pa, const uint64_t *now);
/** "m" may be NULL; the allocator need not be there any more. */
void marks_destroy(struct marks *m);
/** Free pages of "zone" beyond the mark and the reserve towards the highest zone; may be < 0. */
int64_t marks_headroom(const struct marks *m, unsigned int zone, unsigned int mark, uint64_t free);
/** Time without headroom so far, in ns. */
uint64_t marks_below_ns(const struct marks *m, unsigned int zone, unsigned int mark);
/** The clock begins to run; what was before does not count. */
void marks_start(struct marks *m);

#endif
