/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is looked ahead for in the events of vmalloc; see areas_look.h. */
#include <config.h>

#include "areas_look.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/proc/slabs.h"

#include <stdlib.h>
#include <string.h>

/* Address randomisation moves the range in steps of this. */
#define RANGE_ALIGN (1ULL << 30)
#define NOT_KNOWN   UINT64_MAX

static void look_alloc(struct areas_look *look, const struct event *ev);
static void look_free(struct areas_look *look, const struct event *ev);
static void look_probe(struct areas_look *look, const struct event *ev);
static void look_request(struct areas_look *look, const struct event *ev);
static uint64_t asked_align(struct areas_look *look, const struct event *ev);
static void note_bounds(struct areas_look *look, const struct event *ev);
static void reason(struct areas_look *look, const struct areas_span *area, uint64_t align,
		   uint64_t vstart);
static void touch(struct areas_look *look, struct areas_span area, bool was_free);
static bool was_lazy(const struct areas_look *look, const struct vmap_range *taken);
static void take(struct areas_look *look, struct areas_span area);
static void note_first(struct areas_look *look, uint64_t addr, uint64_t vstart);
static void look_site(struct areas_look *look, const struct event *ev);
static void end_burst(struct areas_look *look, const struct event *ev);
static bool is_kworker(const struct areas_look *look, const struct event *ev);
static enum areas_site site_by_name(const struct event_names *names, uint32_t site);
static void bounds_of_rows(struct areas_look *look);
static void sort(struct areas_span *spans, size_t nr);
static int by_start(const void *a, const void *b);

void *areas_look_create(const struct verify_setup *setup)
{
	struct areas_look *look = xcalloc(1, sizeof(*look));
	const struct vmalloc_ops none = { 0 };
	struct machine_config config;

	look->setup = setup;
	look->boot_bits = areas_boot_bits(setup->config);
	look->first = SIZE_MAX;
	look->sites.names = setup->names;
	look->last_lazy = NOT_KNOWN;
	u64map_init(&look->chunk_index);
	u64map_init(&look->live);
	u64map_init(&look->asked);
	u64map_init(&look->reasoned);
	/* Rules do not matter here: nothing is given back. */
	machine_config_init(&config, (struct kernel_version){ 6, 1 }, setup->config->arch);
	look->touched = vmalloc_create(&config, &none, NULL);
	look->taken = vmalloc_create(&config, &none, NULL);
	machine_config_deinit(&config);
	return look;
}

void areas_look_feed(void *ctx, const struct repair *repair UNUSED,
		     const struct repair_batch *batch)
{
	struct areas_look *look = ctx;

	for (size_t i = 0; i < batch->batch->nr; i++, look->number++) {
		const struct event *ev = &batch->batch->events[i];

		if (unlikely(look->nr_bursts))
			end_burst(look, ev);
		switch (ev->type) {
		case EVENT_VMAP_ALLOC:
			look_alloc(look, ev);
			break;
		case EVENT_VMAP_FREE:
			look_free(look, ev);
			break;
		case EVENT_VMAP_PURGE:
			look->last_lazy = 0;
			look->nr_purges++;
			break;
		case EVENT_PROBE_VA_ALLOC:
		case EVENT_PROBE_VA_FREE:
			look_probe(look, ev);
			break;
		case EVENT_PROBE_VM_REQ:
			look_request(look, ev);
			break;
		case EVENT_CACHE_FREE:
			look_site(look, ev);
			break;
		case EVENT_PCPU_ALLOC:
		case EVENT_PCPU_FREE:
		case EVENT_PCPU_CHUNK_CREATE:
		case EVENT_PCPU_CHUNK_DESTROY:
			areas_look_percpu(look, ev);
			break;
		default:
			break;
		}
	}
}

void areas_look_finish(void *ctx)
{
	struct areas_look *look = ctx;

	look->from_nothing = look->from_nothing && !look->freed.nr;
	bounds_of_rows(look);
	sort(look->was_free.items, look->was_free.nr);
	sort(look->freed.items, look->freed.nr);
	sort(look->was_lazy.items, look->was_lazy.nr);
	sort(look->in_use.items, look->in_use.nr);
	vmalloc_destroy(look->taken);
	look->taken = NULL;
}

void areas_look_destroy(void *ctx)
{
	struct areas_look *look = ctx;

	if (!look)
		return;
	vmalloc_destroy(look->touched);
	vmalloc_destroy(look->taken);
	areas_chunks_deinit(look);
	u64map_deinit(&look->chunk_index);
	u64map_deinit(&look->live);
	u64map_deinit(&look->asked);
	u64map_deinit(&look->reasoned);
	vec_deinit(&look->was_free);
	vec_deinit(&look->freed);
	vec_deinit(&look->in_use);
	vec_deinit(&look->was_lazy);
	vec_deinit(&look->drains);
	vec_deinit(&look->sites.by_site);
	free(look);
}

enum areas_site areas_site_of(struct areas_sites *sites, uint32_t site)
{
	if (unlikely(site >= sites->by_site.nr))
		vec_extend_zeroed(&sites->by_site, MAX((size_t)site + 1, sites->names->sites.nr));
	if (unlikely(sites->by_site.items[site] == AREAS_SITE_UNKNOWN))
		sites->by_site.items[site] = (uint8_t)site_by_name(sites->names, site);
	return (enum areas_site)sites->by_site.items[site];
}

static void look_alloc(struct areas_look *look, const struct event *ev)
{
	const struct areas_span area = { ev->vmap.addr, ev->vmap.addr + ev->vmap.size };

	if (ev->flags & EVENT_F_FAILED || area.end < area.start)
		return;
	note_bounds(look, ev);
	note_first(look, area.start, ev->vmap.vstart);
	reason(look, &area, ev->vmap.align, ev->vmap.vstart);
	touch(look, area, true);
}

/* A free tells no size, but how many pages are lazy afterwards. */
static void look_free(struct areas_look *look, const struct event *ev)
{
	const uint64_t start = ev->range.start;
	uint64_t pages = 2; /* the smallest area: a page and its guard */

	if (look->last_lazy != NOT_KNOWN && ev->range.a > look->last_lazy)
		pages = ev->range.a - look->last_lazy;
	look->last_lazy = ev->range.a;
	look->lazy_max = ev->range.b;
	if (vmap_range_at(look->touched, start).state == VMAP_FREE &&
	    pages < (UINT64_MAX - start) / KERNEL_PAGE_SIZE)
		touch(look, (struct areas_span){ start, start + pages * KERNEL_PAGE_SIZE }, false);
}

static void look_probe(struct areas_look *look, const struct event *ev)
{
	const struct areas_span area = { ev->probe.addr, ev->probe.size };
	const bool modules = area.start >= AREAS_MODULES_START;
	struct areas_bounds *bounds = modules ? &look->modules : &look->vmalloc;

	if (ev->flags & EVENT_F_FAILED || !area.start || area.end <= area.start)
		return;
	if (!bounds->vend || area.start < bounds->vstart) {
		bounds->vstart = modules ? area.start : bits_align_down(area.start, RANGE_ALIGN);
		bounds->vend =
			modules ? AREAS_MODULES_LAST
				: bounds->vstart + vmalloc_range_size(look->setup->config) - 1;
	}
	if (ev->type == EVENT_PROBE_VA_ALLOC) {
		note_first(look, area.start, bounds->vstart);
		reason(look, &area, asked_align(look, ev), bounds->vstart);
		touch(look, area, true);
	} else if (vmap_range_at(look->touched, area.start).state == VMAP_FREE) {
		touch(look, area, false);
	}
}

static void look_request(struct areas_look *look, const struct event *ev)
{
	bool fresh;

	look->nr_requests++;
	*u64map_insert(&look->asked, (uint32_t)ev->pid, &fresh) =
		bits_is_pow2(ev->probe.align) ? bits_ctz(ev->probe.align) + 1 : 0;
}

/* What is not known may be as good as it came out. */
static uint64_t asked_align(struct areas_look *look, const struct event *ev)
{
	uint32_t *asked = u64map_find(&look->asked, (uint32_t)ev->pid);
	const uint64_t align =
		asked && *asked ? 1ULL << (*asked - 1) : 1ULL << bits_ctz(ev->probe.addr);

	if (asked)
		*asked = 0;
	return align;
}

/* The range of vmalloc is the largest one that is asked for; any other is that of modules. */
static void note_bounds(struct areas_look *look, const struct event *ev)
{
	const struct areas_bounds bounds = { ev->vmap.vstart, ev->vmap.vend };
	struct areas_bounds *vmalloc = &look->vmalloc;

	if (bounds.vend < bounds.vstart)
		return;
	if (!vmalloc->vend || bounds.vend - bounds.vstart > vmalloc->vend - vmalloc->vstart) {
		look->modules = *vmalloc;
		*vmalloc = bounds;
	} else if (!look->modules.vend && bounds.vstart != vmalloc->vstart) {
		look->modules = bounds;
	}
}

/*
 * Addresses are handed out from the lowest up. Space below "area" that no event has touched and
 * that would have held it at any alignment was in use, then, unless the area came from a pool, as
 * one that was touched before may.
 */
static void reason(struct areas_look *look, const struct areas_span *area, uint64_t align,
		   uint64_t vstart)
{
	struct vmap_call call = { .align = 1, .vstart = vstart, .vend = UINT64_MAX };
	bool fresh;

	if (align < KERNEL_PAGE_SIZE)
		align = KERNEL_PAGE_SIZE;
	call.size = area->end - area->start + align - KERNEL_PAGE_SIZE;
	if (vmap_range_at(look->touched, area->start).state != VMAP_FREE || call.size < align)
		return;
	for (;;) {
		const struct mm_outcome hole = vmap_area_choose(look->taken, &call);
		struct areas_span span = { .start = hole.addr };

		if (!mm_ok(hole) || hole.addr >= area->start)
			return;
		span.end = MIN(vmap_range_at(look->taken, hole.addr).end, area->start);
		if (span.end - span.start < call.size ||
		    !mm_ok(vmap_area_adopt(look->taken, span.start, span.end - span.start)))
			return;
		vec_push(&look->in_use, span);
		*u64map_insert(&look->reasoned, span.start, &fresh) = look->nr_purges;
	}
}

/* What of "area" has not been touched yet tells what it was when the recording began. */
static void touch(struct areas_look *look, struct areas_span area, bool was_free)
{
	uint64_t start = area.start;

	while (start < area.end) {
		const struct vmap_range seen = vmap_range_at(look->touched, start);
		const struct vmap_range taken = vmap_range_at(look->taken, start);
		struct areas_span part = { start, MIN(MIN(seen.end, taken.end), area.end) };

		if (part.end <= start)
			return;
		start = part.end;
		if (seen.state != VMAP_FREE)
			continue;
		if (!mm_ok(vmap_area_adopt(look->touched, part.start, part.end - part.start)))
			return;
		if (!was_free)
			vec_push(&look->freed, part);
		else if (was_lazy(look, &taken))
			vec_push(&look->was_lazy, part);
		else
			vec_push(&look->was_free, part);
	}
	take(look, area);
}

/* It was in use, by reasoning, and a purge has come since. */
static bool was_lazy(const struct areas_look *look, const struct vmap_range *taken)
{
	const uint32_t *then =
		taken->state == VMAP_BUSY ? u64map_find(&look->reasoned, taken->start) : NULL;

	return then && *then != look->nr_purges;
}

/* Nothing below is reasoned about "area" any more. */
static void take(struct areas_look *look, struct areas_span area)
{
	while (area.start < area.end) {
		const struct vmap_range range = vmap_range_at(look->taken, area.start);
		const uint64_t end = MIN(range.end, area.end);

		if (end <= area.start)
			return;
		if (range.state == VMAP_FREE &&
		    !mm_ok(vmap_area_adopt(look->taken, area.start, end - area.start)))
			return;
		area.start = end;
	}
}

static void note_first(struct areas_look *look, uint64_t addr, uint64_t vstart)
{
	if (look->any_area)
		return;
	look->any_area = true;
	look->from_nothing = addr == vstart;
}

/* Ranges leave the pools: in a purge, which its event will tell, or by the shrinker. */
static void look_site(struct areas_look *look, const struct event *ev)
{
	const enum areas_site site = areas_site_of(&look->sites, ev->site);

	if (likely(site == AREAS_SITE_OTHER))
		return;
	look->nr_purges++;
	if (site != AREAS_SITE_POOL || is_kworker(look, ev))
		return;
	for (unsigned int i = 0; i < look->nr_bursts; i++) {
		if (look->bursts[i].pid == ev->pid)
			return;
	}
	if (look->nr_bursts == AREAS_BURSTS)
		return;
	look->bursts[look->nr_bursts].pid = ev->pid;
	look->bursts[look->nr_bursts++].number = look->number;
}

/*
 * A purge ends with its event, from the same task. Work of a purge that kworkers do for it
 * (purge_vmap_node()) has no such event; but the shrinker runs in kswapd, or in the task that wants
 * memory. An interrupt in between tells nothing of the task, and records that are freed may give a
 * page back.
 */
static void end_burst(struct areas_look *look, const struct event *ev)
{
	if (ev->flags & (EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ) || ev->type == EVENT_PAGE_FREE ||
	    ev->type == EVENT_PCPU_DRAIN)
		return;
	for (unsigned int i = 0; i < look->nr_bursts; i++) {
		if (look->bursts[i].pid != ev->pid)
			continue;
		if (ev->type == EVENT_CACHE_FREE &&
		    areas_site_of(&look->sites, ev->site) == AREAS_SITE_POOL)
			return;
		if (ev->type != EVENT_VMAP_PURGE)
			vec_push(&look->drains, look->bursts[i].number);
		look->bursts[i] = look->bursts[--look->nr_bursts];
		return;
	}
}

static bool is_kworker(const struct areas_look *look, const struct event *ev)
{
	return !strncmp(intern_text(&look->sites.names->texts, ev->comm), "kworker/", 8);
}

static enum areas_site site_by_name(const struct event_names *names, uint32_t site)
{
	static const struct {
		const char *symbol;
		enum areas_site is;
	} symbols[] = {
		{ "__purge_vmap_area_lazy", AREAS_SITE_PURGE },
		{ "reclaim_list_global", AREAS_SITE_POOL },
		{ "decay_va_pool_node", AREAS_SITE_POOL },
	};
	const char *symbol = site < names->sites.nr
				     ? intern_text(&names->texts, names->sites.items[site].symbol)
				     : "";
	const size_t len = strcspn(symbol, ".");

	/* Compilers cut functions in parts: "reclaim_list_global.part.0". */
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (!strncmp(symbol, symbols[i].symbol, len) && !symbols[i].symbol[len])
			return symbols[i].is;
	}
	return AREAS_SITE_OTHER;
}

/*
 * Where no event tells the bounds, a file of areas does: the first area of a boot, which mostly
 * stays, is at the start, and where that is not random, percpu chunks are at the end.
 */
static void bounds_of_rows(struct areas_look *look)
{
	const struct proc_vmallocinfo *rows = look->setup->areas.rows;
	const bool wide = look->setup->config->arch == ARCH_X86_64;
	struct areas_bounds *vmalloc = &look->vmalloc, *modules = &look->modules;
	uint64_t lowest = UINT64_MAX, highest = 0, lowest_code = UINT64_MAX;

	for (size_t i = 0; rows && i < rows->rows.nr; i++) {
		const struct proc_area *area = &rows->rows.items[i];

		if (wide && area->start >= AREAS_MODULES_START) {
			lowest_code = MIN(lowest_code, area->start);
			continue;
		}
		lowest = MIN(lowest, area->start);
		highest = MAX(highest, area->end);
	}
	/* Probes tell no bounds either. */
	if (lowest_code != UINT64_MAX && (!modules->vend || modules->vstart > lowest_code))
		*modules = (struct areas_bounds){ lowest_code, AREAS_MODULES_LAST };
	if (vmalloc->vend || highest <= lowest)
		return;
	vmalloc->vstart = wide ? bits_align_down(lowest, RANGE_ALIGN) : lowest;
	vmalloc->vend = wide ? vmalloc->vstart + vmalloc_range_size(look->setup->config) - 1 :
			       highest;
}

static void sort(struct areas_span *spans, size_t nr)
{
	if (nr)
		qsort(spans, nr, sizeof(*spans), by_start);
}

static int by_start(const void *a, const void *b)
{
	const struct areas_span *one = a, *other = b;

	return (one->start > other->start) - (one->start < other->start);
}
