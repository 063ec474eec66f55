/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking ahead for the judge of the page layer (see page_look.h).
 *
 * Theory. A page enters a per-CPU list by a free or a refill and leaves it by an allocation or a
 * drain, each with an event. So what the next event of a page is tells what happened in between:
 *
 *	free, then free again          it was given out silently (alloc_pages_bulk)
 *	free, then zone_locked         it had gone to the buddy lists: nobody held the list's lock
 *	free, then nothing any more    given out silently, or still in its list: open
 *
 * From 6.10 on a block that another type gives whole, or one page of, has an mm_page_alloc_extfrag
 * in the place of its mm_page_alloc_zone_locked.
 *
 * The excess of alloc_pages_exact() shows as single pages freed by the task that has just got a
 * block, in ascending order up to that block's end: they go to the tails of buddy lists.
 */
#include <config.h>

#include "page_look.h"

#include "page_boot_look.h"
#include "page_calls.h"
#include "page_contig.h"
#include "page_idle.h"
#include "page_kswapd.h"
#include "page_lock.h"
#include "page_vmstat.h"

#include <string.h>

enum {
	FATES_A_WORD = 16,
	MOST_WRITTEN = 16, /* bytes of a number with its end */
	LATE_ORDER = 9, /* the smallest block of late memory, but for edges */
};

/* The tail of a block that a task may be about to give back. */
struct excess {
	uint64_t next, end; /* pfns; 0, 0: none */
	uint64_t first;     /* number of the event that began it; numbers need not be neighbours */
	uint32_t nr;
};

/* A probed request of the bulk allocator. */
struct bulk {
	uint32_t number, nr;
	uint16_t cpu;
};

struct page_look {
	const struct event_names *names;
	const struct survey *survey;
	const struct machine_config *config; /* NULL: not known */
	bool boot;
	uint64_t nr_events;
	struct u64map listed;        /* pfn to number of the event that put it into a list, + 1 */
	struct u64map taken;         /* pfn to number of the last event that took it, + 1 */
	struct u64map hidden;        /* pfn to number of the mm_page_alloc that nothing led to */
	bool keep_bulks;             /* "given", "bulks" and "filled" are kept */
	/* By number of the event that put a page into a list: of the one that got it, or 0. */
	struct vec(uint32_t) given;
	struct vec(struct bulk) bulks;
	struct vec(struct page_look_filled) filled;
	uint64_t filling; /* context of the last of them, while it may go on; 0: it is over */
	struct vec(uint64_t) fates;
	struct u64map contexts;      /* to "tails" */
	struct vec(struct excess) tails;
	struct vec(uint64_t) numbers; /* of the excess that is being freed, if it is one */
	uint64_t numbers_context;
	struct vec(uint64_t) late_numbers; /* frees in a row by "late_context" */
	uint64_t late_context, late_next;
	bool late;                   /* they are of memory that is handed over late */
	struct page_moments moments;
	struct page_boot_look boot_look;
	struct page_lock lock;
	struct contig_look contig;
	struct idle_look idle;
	struct page_kswapd kswapd;
	struct page_vmstat_look vmstat;
	bool kmalloc_seen;
};

static void note_kswapd(struct page_look *look, const struct event *ev, uint64_t number);
static void note_sysctl(struct page_look *look, const struct event *ev, uint64_t number);
static void page_event(struct page_look *look, const struct event *ev, uint64_t number);
static void note_extfrag(struct page_look *look, const struct event *ev, uint64_t number);
static void leaves_list(struct page_look *look, const struct event *ev);
static void leaves_buddy(struct page_look *look, uint64_t pfn, unsigned int order,
			 uint64_t number, bool refill);
static void note_given(struct page_look *look, uint64_t pfn);
static void note_filled(struct page_look *look, const struct event *ev, uint64_t number);
static void set_fate(struct page_look *look, uint64_t number, enum page_fate fate);
static void enters(struct page_look *look, uint64_t pfn, uint64_t number);
static bool leaves(struct page_look *look, uint64_t pfn, enum page_fate fate);
static struct excess *excess_of(struct page_look *look, const struct event *ev);
static void note_excess(struct page_look *look, const struct event *ev, uint64_t number);
static void note_late(struct page_look *look, const struct event *ev, uint64_t number);
static void note_contig(struct page_look *look, const struct event *ev, uint64_t number);

struct page_look *page_look_create(const struct event_names *names, const struct survey *survey,
				   const struct machine_config *config)
{
	struct page_look *look = xcalloc(1, sizeof(*look));

	look->names = names;
	look->survey = survey;
	look->config = config;
	look->boot = survey && survey->from_boot;
	page_lock_init(&look->lock);
	page_boot_look_init(&look->boot_look, names, &look->moments);
	u64map_init(&look->listed);
	u64map_init(&look->taken);
	u64map_init(&look->hidden);
	u64map_init(&look->contexts);
	contig_look_init(&look->contig);
	return look;
}

void page_look_destroy(struct page_look *look)
{
	if (!look)
		return;
	u64map_deinit(&look->listed);
	u64map_deinit(&look->taken);
	u64map_deinit(&look->hidden);
	vec_deinit(&look->given);
	vec_deinit(&look->bulks);
	vec_deinit(&look->filled);
	u64map_deinit(&look->contexts);
	vec_deinit(&look->fates);
	vec_deinit(&look->tails);
	vec_deinit(&look->numbers);
	vec_deinit(&look->moments);
	page_boot_look_deinit(&look->boot_look);
	page_lock_deinit(&look->lock);
	contig_look_deinit(&look->contig);
	idle_look_deinit(&look->idle);
	page_kswapd_deinit(&look->kswapd);
	page_vmstat_look_deinit(&look->vmstat);
	vec_deinit(&look->late_numbers);
	free(look);
}

void page_look_event(struct page_look *look, const struct event *ev)
{
	const uint64_t number = look->nr_events++;

	if (unlikely(number >= UINT32_MAX))
		return;
	if (look->boot) {
		if (look->late_context && ev->type != EVENT_PAGE_FREE &&
		    page_calls_context(ev) == look->late_context)
			look->late_context = 0;
		page_boot_look_event(&look->boot_look, ev, number);
	}
	note_kswapd(look, ev, number);
	page_vmstat_look(&look->vmstat, look->names, ev);
	note_contig(look, ev, number);
	if (unlikely(idle_look_event(&look->idle, ev)))
		page_moment_add(&look->moments, number, PAGE_MOMENT_IDLE, ev->cpu);
	switch (ev->type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
		look->kmalloc_seen = true;
		if (ev->slab.bytes_req <= MOST_WRITTEN)
			note_sysctl(look, ev, number);
		break;
	case EVENT_ZONE_LOCKED:
	case EVENT_EXTFRAG:
	case EVENT_PAGE_ALLOC:
	case EVENT_PAGE_FREE:
	case EVENT_PAGE_FREE_DIRECT:
	case EVENT_PCPU_DRAIN:
		page_event(look, ev, number);
		break;
	default:
		break;
	}
	page_lock_event(&look->lock, ev, number);
	if (look->keep_bulks)
		note_filled(look, ev, number);
}

/* What a contiguous request freed is in no list; some of it was never given out. */
static void note_contig(struct page_look *look, const struct event *ev, uint64_t number)
{
	const struct contig_running *run = contig_look_event(&look->contig, ev, number);

	for (size_t i = 0; run && i < run->freed.nr; i++) {
		(void)u64map_remove(&look->listed, run->freed.items[i].pfn & INT64_MAX);
		if (run->freed.items[i].around)
			set_fate(look, run->freed.items[i].number, PAGE_FATE_AROUND);
	}
}

const struct contig_look *page_look_contig(const struct page_look *look)
{
	return look ? &look->contig : NULL;
}

bool page_look_is_cma(const struct machine_config *config, uint64_t pfn)
{
	for (size_t i = 0; config && i < config->cma.nr; i++) {
		if (pfn >= config->cma.items[i].start && pfn < config->cma.items[i].end)
			return true;
	}
	return false;
}

void page_look_finish(struct page_look *look)
{
	page_lock_finish(&look->lock);
	for (size_t i = 0; look->listed.entries && i <= look->listed.mask; i++) {
		if (look->listed.entries[i].key != U64MAP_NO_KEY)
			set_fate(look, look->listed.entries[i].value - 1U, PAGE_FATE_OPEN);
	}
	u64map_deinit(&look->listed);
	u64map_init(&look->listed);
	u64map_deinit(&look->contexts);
	u64map_init(&look->contexts);
	vec_deinit(&look->tails);
	vec_deinit(&look->numbers);
}

enum page_fate page_look_fate(const struct page_look *look, uint64_t number)
{
	if (!look || number / FATES_A_WORD >= look->fates.nr)
		return PAGE_FATE_SEEN;
	return (enum page_fate)(look->fates.items[number / FATES_A_WORD] >>
					(number % FATES_A_WORD * 4) & 15);
}

bool page_look_hidden(const struct page_look *look, uint64_t pfn, uint64_t number)
{
	const uint32_t *at = look ? u64map_find(&look->hidden, pfn & INT64_MAX) : NULL;

	return at && *at > number;
}

uint64_t page_look_locked(const struct page_look *look, uint64_t number)
{
	return look ? page_lock_held(&look->lock, number) : UINT64_MAX;
}

bool page_look_taken(const struct page_look *look, uint64_t pfn, uint64_t number)
{
	const uint32_t *at = look ? u64map_find(&look->taken, pfn & INT64_MAX) : NULL;

	return at && *at > number;
}

bool page_look_shows_writes(const struct page_look *look)
{
	return look && look->kmalloc_seen;
}

uint64_t page_look_decay(const struct page_look *look)
{
	return look && look->vmstat.seen ? look->vmstat.phase : 500000000;
}

const struct page_look_filled *page_look_filled(const struct page_look *look, uint64_t from,
						size_t *nr)
{
	size_t low = 0, high = look ? look->filled.nr : 0;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (look->filled.items[mid].end <= from)
			low = mid + 1;
		else
			high = mid;
	}
	*nr = look ? look->filled.nr - low : 0;
	return *nr ? &look->filled.items[low] : NULL;
}

/* Blocks in a row, up to the request that they were for, and what bulk requests got in all. */
static void note_filled(struct page_look *look, const struct event *ev, uint64_t number)
{
	const uint64_t context = page_calls_context(ev);

	if (ev->type == EVENT_ZONE_LOCKED && !ev->page.order && look->filling != context) {
		look->filling = context;
		vec_push(&look->filled, (struct page_look_filled){ .pfn = ev->page.pfn,
								   .end = (uint32_t)number + 1,
								   .cpu = ev->cpu,
								   .type = ev->page.migratetype });
	} else if (ev->type == EVENT_PAGE_ALLOC && look->filling == context) {
		look->filling = 0;
	} else if (ev->type == EVENT_PROBE_PAGES_BULK_RET) {
		vec_push(&look->bulks, (struct bulk){ .number = (uint32_t)number,
						      .nr = ev->probe.nr, .cpu = ev->cpu });
		if (look->filling == context)
			look->filled.items[look->filled.nr - 1].end = (uint32_t)number + 1;
		look->filling = 0;
	}
}

void page_look_keep_bulks(struct page_look *look)
{
	look->keep_bulks = true;
}

uint64_t page_look_given(const struct page_look *look, uint64_t number)
{
	return look && number < look->given.nr && look->given.items[number] ?
		       look->given.items[number] : UINT64_MAX;
}

uint64_t page_look_bulks(const struct page_look *look, unsigned int cpu, uint64_t from,
			 uint64_t until, uint64_t enough)
{
	size_t low = 0, high = look ? look->bulks.nr : 0;
	uint64_t sum = 0;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (look->bulks.items[mid].number < from)
			low = mid + 1;
		else
			high = mid;
	}
	for (; look && low < look->bulks.nr && look->bulks.items[low].number < until &&
	       sum < enough; low++)
		sum += look->bulks.items[low].cpu == cpu ? look->bulks.items[low].nr : 0;
	return sum;
}

const struct page_look_moment *page_look_moments(const struct page_look *look, size_t *nr)
{
	*nr = look ? look->moments.nr : 0;
	return look ? look->moments.items : NULL;
}

static void note_kswapd(struct page_look *look, const struct event *ev, uint64_t number)
{
	unsigned int node;
	uint64_t last;

	if (page_kswapd_event(&look->kswapd, ev, number, &node, &last))
		page_moment_add(&look->moments, last + 1, PAGE_MOMENT_RECLAIMED, node);
}

const struct page_look_refill *page_look_refills(const struct page_look *look, size_t *nr)
{
	*nr = look ? look->boot_look.refills.nr : 0;
	return look ? look->boot_look.refills.items : NULL;
}

/* proc_sys_call_handler() copies what is written, and a zero behind it; reads are for more. */
static void note_sysctl(struct page_look *look, const struct event *ev, uint64_t number)
{
	const struct event_names *names = look->names;

	if (ev->slab.bytes_req && ev->site && ev->site < names->sites.nr &&
	    !strcmp(intern_text(&names->texts, names->sites.items[ev->site].symbol),
		    "proc_sys_call_handler"))
		page_moment_add(&look->moments, number, PAGE_MOMENT_SYSCTL,
				(unsigned int)ev->slab.bytes_req - 1);
}

static void page_event(struct page_look *look, const struct event *ev, uint64_t number)
{
	switch (ev->type) {
	case EVENT_ZONE_LOCKED:
		leaves_buddy(look, ev->page.pfn, ev->page.order, number, ev->page.percpu_refill);
		break;
	case EVENT_EXTFRAG:
		note_extfrag(look, ev, number);
		break;
	case EVENT_PAGE_ALLOC:
		if (ev->page.pfn == EVENT_PFN_FAILED)
			break;
		leaves_list(look, ev);
		if (ev->page.order)
			*excess_of(look, ev) = (struct excess){
				.next = ev->page.pfn + 1,
				.end = ev->page.pfn + (1ULL << MIN(ev->page.order, 30)),
			};
		break;
	case EVENT_PCPU_DRAIN:
		leaves_list(look, ev);
		break;
	default:
		(void)leaves(look, ev->page.pfn, PAGE_FATE_SILENT);
		enters(look, ev->page.pfn, number);
		note_excess(look, ev, number);
		if (look->boot && page_boot_look_is_early(&look->boot_look))
			note_late(look, ev, number);
		break;
	}
}

/*
 * From 6.10 on a page that was stolen, or is of a pageblock that was claimed as a whole, leaves the
 * free lists with this event only; that of another one has just been seen to.
 */
static void note_extfrag(struct page_look *look, const struct event *ev, uint64_t number)
{
	const uint32_t *listed = u64map_find(&look->listed, ev->extfrag.pfn & INT64_MAX);
	const uint32_t *taken = u64map_find(&look->taken, ev->extfrag.pfn & INT64_MAX);
	const unsigned int order = ev->extfrag.alloc_order;

	if (look->survey && !look->survey->extfrag_names_block &&
	    !(listed && taken && *listed == *taken))
		leaves_buddy(look, ev->extfrag.pfn, order, number, survey_order_has_list(order));
}

/* Out of a per-CPU list: as a block, or as the single page that it came in as. */
static void leaves_list(struct page_look *look, const struct event *ev)
{
	bool seen = false, fresh;

	if (!ev->page.order) {
		if (look->keep_bulks && ev->type == EVENT_PAGE_ALLOC)
			note_given(look, ev->page.pfn);
		seen = leaves(look, ev->page.pfn, PAGE_FATE_ALONE);
	} else {
		for (uint64_t i = 0; i < 1ULL << MIN(ev->page.order, 10U); i++)
			seen |= leaves(look, ev->page.pfn + i, PAGE_FATE_SEEN);
	}
	if (!seen && ev->type == EVENT_PAGE_ALLOC && ev->page.order <= 3)
		*u64map_insert(&look->hidden, ev->page.pfn & INT64_MAX, &fresh) =
			(uint32_t)look->nr_events;
}

/* Any page of it that was thought to be in a list since its free was not. */
static void leaves_buddy(struct page_look *look, uint64_t pfn, unsigned int order,
			 uint64_t number, bool refill)
{
	bool fresh;

	for (uint64_t i = 0; i < 1ULL << MIN(order, 10U); i++) {
		(void)leaves(look, pfn + i, PAGE_FATE_DIRECT);
		*u64map_insert(&look->taken, (pfn + i) & INT64_MAX, &fresh) =
			(uint32_t)number + 1;
	}
	if (refill)
		enters(look, pfn, number);
}

static void note_given(struct page_look *look, uint64_t pfn)
{
	const uint32_t *at = u64map_find(&look->listed, pfn & INT64_MAX);

	if (!at)
		return;
	vec_extend_zeroed(&look->given, *at);
	look->given.items[*at - 1U] = (uint32_t)look->nr_events - 1U;
}

static void set_fate(struct page_look *look, uint64_t number, enum page_fate fate)
{
	const unsigned int shift = number % FATES_A_WORD * 4;
	uint64_t *word;

	vec_extend_zeroed(&look->fates, number / FATES_A_WORD + 1);
	word = &look->fates.items[number / FATES_A_WORD];
	*word = (*word & ~(15ULL << shift)) | (uint64_t)fate << shift;
}

static void enters(struct page_look *look, uint64_t pfn, uint64_t number)
{
	bool fresh;

	*u64map_insert(&look->listed, pfn & INT64_MAX, &fresh) = (uint32_t)number + 1;
}

/* The page is in no list any more; false: it was in none. */
static bool leaves(struct page_look *look, uint64_t pfn, enum page_fate fate)
{
	const uint32_t *at = u64map_find(&look->listed, pfn & INT64_MAX);

	if (!at)
		return false;
	if (fate != PAGE_FATE_SEEN && page_look_fate(look, *at - 1U) == PAGE_FATE_SEEN)
		set_fate(look, *at - 1U, fate);
	return u64map_remove(&look->listed, pfn & INT64_MAX);
}

static struct excess *excess_of(struct page_look *look, const struct event *ev)
{
	bool fresh;
	uint32_t *at = u64map_insert(&look->contexts, page_calls_context(ev), &fresh);

	if (fresh) {
		*at = (uint32_t)look->tails.nr;
		vec_push(&look->tails, (struct excess){ 0 });
	}
	return &look->tails.items[*at];
}

/* One context's excess at a time: the task does nothing else meanwhile. */
static void note_excess(struct page_look *look, const struct event *ev, uint64_t number)
{
	const uint64_t context = page_calls_context(ev);
	struct excess *tail = excess_of(look, ev);
	const uint64_t pfn = ev->page.pfn;

	if (ev->page.order || !tail->end || pfn < tail->next || pfn >= tail->end ||
	    (tail->nr && pfn != tail->next)) {
		*tail = (struct excess){ 0 };
		return;
	}
	if (!tail->nr++ || look->numbers_context != context)
		vec_reset(&look->numbers);
	look->numbers_context = context;
	vec_push(&look->numbers, number);
	tail->next = pfn + 1;
	if (tail->next < tail->end)
		return;
	if (tail->nr == look->numbers.nr) {
		vec_foreach(&look->numbers, n)
			set_fate(look, *n, PAGE_FATE_TAIL);
		for (uint64_t i = 1; i <= tail->nr; i++)
			(void)u64map_remove(&look->listed, (tail->end - i) & INT64_MAX);
	}
	*tail = (struct excess){ 0 };
}

/*
 * Memory whose struct pages are initialised late is freed in ascending order, in blocks of order 9
 * or 10 and, where those do not fit, page by page; all of it for the first time, and without
 * anything in between.
 */
static void note_late(struct page_look *look, const struct event *ev, uint64_t number)
{
	const uint64_t context = page_calls_context(ev), pfn = ev->page.pfn;
	const unsigned int order = ev->page.order;

	if (context != look->late_context || pfn < look->late_next) {
		vec_reset(&look->late_numbers);
		look->late = false;
	}
	if ((order && order < LATE_ORDER) || order > KERNEL_MAX_ORDER ||
	    page_look_is_cma(look->config, pfn) ||
	    survey_state_of(look->survey, pfn) != SURVEY_USED) {
		look->late_context = 0;
		return;
	}
	look->late_context = context;
	look->late_next = pfn + (1ULL << order);
	look->late |= order > 0;
	vec_push(&look->late_numbers, number);
	if (!look->late)
		return;
	vec_foreach(&look->late_numbers, n)
		set_fate(look, *n, PAGE_FATE_TAIL);
	for (uint64_t at = pfn; at < look->late_next; at++)
		(void)u64map_remove(&look->listed, at);
	vec_reset(&look->late_numbers);
}
