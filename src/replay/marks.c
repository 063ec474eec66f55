/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time below the watermarks, without boost: that comes and goes, and is told beside it. */
#include <config.h>

#include "marks.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/mm/page_watch.h"
#include "kmreplay/mm/zone.h"

#include <stdlib.h>

struct zone_marks {
	uint64_t limit[MARKS_NR];    /* with so many free pages there is no headroom left */
	uint64_t below_ns[MARKS_NR]; /* up to "since" */
	uint64_t since;
	unsigned int nr_above;       /* marks that free pages are above */
};

struct marks {
	struct page_allocator *pa;
	const uint64_t *now;
	unsigned int nr;
	struct zone_marks *zones;
};

static void left_band(void *ctx, unsigned int zone);
static void set_band(const struct marks *m, unsigned int zone);
static uint64_t elapsed(const struct marks *m, const struct zone_marks *zone);

struct marks *marks_create(struct page_allocator *pa, const uint64_t *now)
{
	struct marks *m = xcalloc(1, sizeof(*m));
	enum zone_type highest = ZONE_DMA;
	struct zone_info info;

	m->pa = pa;
	m->now = now;
	m->nr = zone_count(pa);
	m->zones = xcalloc(m->nr, sizeof(*m->zones));
	for (unsigned int i = 0; i < m->nr; i++) {
		zone_info(pa, i, &info);
		highest = MAX(highest, info.type);
	}
	for (unsigned int i = 0; i < m->nr; i++) {
		zone_info(pa, i, &info);
		for (unsigned int mark = 0; mark < MARKS_NR; mark++)
			m->zones[i].limit[mark] = info.mark[mark] + info.lowmem_reserve[highest];
		set_band(m, i);
	}
	page_watch_bands(pa, left_band, m);
	return m;
}

void marks_destroy(struct marks *m)
{
	if (!m)
		return;
	free(m->zones);
	free(m);
}

int64_t marks_headroom(const struct marks *m, unsigned int zone, unsigned int mark, uint64_t free)
{
	return (int64_t)free - (int64_t)m->zones[zone].limit[mark];
}

uint64_t marks_below_ns(const struct marks *m, unsigned int zone, unsigned int mark)
{
	const struct zone_marks *z = &m->zones[zone];

	return z->below_ns[mark] + (mark >= z->nr_above ? elapsed(m, z) : 0);
}

void marks_start(struct marks *m)
{
	for (unsigned int i = 0; i < m->nr; i++)
		m->zones[i].since = *m->now;
}

/* Marks ascend, so those that free pages are above are the first ones. */
static void left_band(void *ctx, unsigned int zone)
{
	const struct marks *m = ctx;
	struct zone_marks *z = &m->zones[zone];

	for (unsigned int mark = z->nr_above; mark < MARKS_NR; mark++)
		z->below_ns[mark] += elapsed(m, z);
	z->since = MAX(z->since, *m->now);
	set_band(m, zone);
}

static void set_band(const struct marks *m, unsigned int zone)
{
	struct zone_marks *z = &m->zones[zone];
	uint64_t free = page_zone_free(m->pa, zone);
	unsigned int above = 0;

	while (above < MARKS_NR && free > z->limit[above])
		above++;
	z->nr_above = above;
	page_set_band(m->pa, zone, above ? z->limit[above - 1] + 1 : 0,
		      above < MARKS_NR ? z->limit[above] + 1 : UINT64_MAX);
}

/* A recording may step back in time: that counts as none. */
static uint64_t elapsed(const struct marks *m, const struct zone_marks *zone)
{
	return *m->now > zone->since ? *m->now - zone->since : 0;
}
