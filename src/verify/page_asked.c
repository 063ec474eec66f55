/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many pages vmalloc is about to ask for (see page_asked.h). */
#include <config.h>

#include "page_asked.h"

#include "kmreplay/abi/kernel.h"

#include <string.h>

enum site {
	SITE_UNKNOWN,
	SITE_OTHER,
	SITE_VMALLOC,
};

static enum site site_of(const struct page_asked *asked, uint32_t site);

void page_asked_deinit(struct page_asked *asked)
{
	vec_deinit(&asked->sites);
}

uint32_t page_asked_pages(struct page_asked *asked, const struct event *ev)
{
	if ((ev->type != EVENT_KMALLOC && ev->type != EVENT_KMALLOC_NODE) || !ev->site ||
	    ev->site >= asked->names->sites.nr || ev->slab.bytes_req > 1U << KERNEL_PAGE_SHIFT)
		return 0;
	vec_extend_zeroed(&asked->sites, ev->site + 1U);
	if (asked->sites.items[ev->site] == SITE_UNKNOWN)
		asked->sites.items[ev->site] = (uint8_t)site_of(asked, ev->site);
	return asked->sites.items[ev->site] == SITE_VMALLOC ?
		       (uint32_t)(ev->slab.bytes_req / asked->pointer_size) : 0;
}

/* The compiler may have made one function of it and its caller. */
static enum site site_of(const struct page_asked *asked, uint32_t site)
{
	static const char *const names[] = { "__vmalloc_area_node", "__vmalloc_node_range" };
	const char *symbol =
		intern_text(&asked->names->texts, asked->names->sites.items[site].symbol);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strncmp(symbol, names[i], strlen(names[i])))
			return SITE_VMALLOC;
	}
	return SITE_OTHER;
}
