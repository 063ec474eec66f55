/* SPDX-License-Identifier: GPL-2.0-or-later */
/** The objects that areas of vmalloc consist of, as events of one task. */
#ifndef KMREPLAY_TESTS_UNIT_REPLAY_BOOKKEEPING_H
#define KMREPLAY_TESTS_UNIT_REPLAY_BOOKKEEPING_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

#include <string.h>

struct books {
	struct event_names names;
	struct vec(struct event) events;
	int32_t pid;   /**< of the events to come */
	uint16_t cpu;  /**< the same */
	uint64_t next; /**< address of the next object */
};

static inline void books_init(struct books *b)
{
	memset(b, 0, sizeof(*b));
	event_names_init(&b->names);
	b->pid = 100;
	b->next = 0xffff888000001000;
}

static inline void books_deinit(struct books *b)
{
	vec_deinit(&b->events);
	event_names_deinit(&b->names);
}

/** An object of "size" bytes that function "site" asks for; its address. */
static inline uint64_t books_object(struct books *b, enum event_type type, const char *site,
				    uint64_t size)
{
	struct event ev = { .type = (uint8_t)type, .pid = b->pid, .cpu = b->cpu };

	ev.time = b->events.nr;
	ev.site = event_site_add(&b->names, site, strlen(site));
	ev.slab.ptr = b->next;
	ev.slab.bytes_req = ev.slab.bytes_alloc = size;
	ev.slab.gfp = GFP_BITS_KERNEL;
	b->next += 64;
	vec_push(&b->events, ev);
	return ev.slab.ptr;
}

static inline void books_free(struct books *b, enum event_type type, uint64_t ptr)
{
	struct event ev = { .type = (uint8_t)type, .pid = b->pid, .cpu = b->cpu };

	ev.time = b->events.nr;
	ev.slab.ptr = ptr;
	vec_push(&b->events, ev);
}

static inline void books_page(struct books *b, enum event_type type, uint32_t gfp,
			      unsigned int order)
{
	struct event ev = { .type = (uint8_t)type, .pid = b->pid, .cpu = b->cpu };

	ev.time = b->events.nr;
	ev.page.pfn = 0x1000 + b->events.nr;
	ev.page.gfp = gfp;
	ev.page.order = (uint8_t)order;
	vec_push(&b->events, ev);
}

/** What an area begins with: its struct vm_struct and "nr_records" records. */
static inline uint64_t books_area(struct books *b, unsigned int nr_records)
{
	const uint64_t vm = books_object(b, EVENT_KMALLOC, "__get_vm_area_node+0x7b/0x150", 64);

	for (unsigned int i = 0; i < nr_records; i++)
		books_object(b, EVENT_CACHE_ALLOC, "alloc_vmap_area+0x9d/0x880", 64);
	return vm;
}

/** The array of "nr" pages; its address. */
static inline uint64_t books_array(struct books *b, uint64_t nr)
{
	return books_object(b, EVENT_KMALLOC, "__vmalloc_node_range+0x1ce/0x880", nr * 8);
}

/** vfree(): pages, array, struct vm_struct. */
static inline void books_vfree(struct books *b, uint64_t vm, uint64_t array, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		books_page(b, EVENT_PAGE_FREE, 0, 0);
	books_free(b, EVENT_KFREE, array);
	books_free(b, EVENT_KFREE, vm);
}

/** The task does something else. */
static inline void books_other(struct books *b)
{
	books_object(b, EVENT_KMALLOC, "somebody_else+0x10/0x20", 32);
}

#endif
