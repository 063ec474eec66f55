/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How many pages vmalloc is about to ask for. __vmalloc_area_node() keeps its pages in an array,
 * which it gets by kmalloc right before it asks for the pages, mostly by alloc_pages_bulk(), which
 * has no event of its own: the size of the array tells how many. Arrays of more than a page come
 * from vmalloc itself, and do not show.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_ASKED_H
#define KMREPLAY_SRC_VERIFY_PAGE_ASKED_H

#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

/** Set the first two, the rest is zero at first. */
struct page_asked {
	const struct event_names *names;
	unsigned int pointer_size; /**< bytes */
	struct vec(uint8_t) sites; /**< by site: 0: not looked at; else whether it is vmalloc's */
};

void page_asked_deinit(struct page_asked *asked);
/** The pages; 0: this is no such array. */
uint32_t page_asked_pages(struct page_asked *asked, const struct event *ev);

#endif
