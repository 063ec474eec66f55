/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the judge of the page layer wants to know ahead: how pages left per-CPU lists when no event
 * says so, which frees went past those lists, and when settings of early boot took effect.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_LOOK_H
#define KMREPLAY_SRC_VERIFY_PAGE_LOOK_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/replay/survey.h"

/** What became of a page that an event put into a per-CPU list. Four bits an event. */
enum page_fate {
	PAGE_FATE_SEEN,   /**< an event shows it leaving, or it was never in a list */
	PAGE_FATE_SILENT, /**< it was gone without an event */
	PAGE_FATE_OPEN,   /**< it is not heard of again */
	PAGE_FATE_DIRECT, /**< the free went straight to the buddy lists: it is taken from there */
	PAGE_FATE_ALONE,  /**< an event shows it leaving, as a single page */
	PAGE_FATE_AROUND, /**< never: a contiguous request gave it back, taken beyond its range */
	PAGE_FATE_TAIL,   /**< the same, to the tail (alloc_pages_exact, memory handed over late) */
};

/** When settings of early boot took effect. */
enum page_moment {
	PAGE_MOMENT_PCP,     /**< per-CPU lists work */
	PAGE_MOMENT_CPU,     /**< a CPU is coming up */
	PAGE_MOMENT_CPU_UP,  /**< counters keep differences */
	PAGE_MOMENT_MARKS,   /**< watermarks */
	PAGE_MOMENT_HUGE,    /**< huge pages have raised them */
	PAGE_MOMENT_RECLAIMED, /**< kswapd has done its work and is about to sleep */
	PAGE_MOMENT_SYSCTL,  /**< a number was written to some file of /proc/sys */
	PAGE_MOMENT_INTERLEAVE, /**< a task's requests go to all nodes in turn */
	PAGE_MOMENT_LOCAL,   /**< that ends */
	PAGE_MOMENT_IDLE,      /**< a CPU has been idle */
	PAGE_MOMENT_NR,
};

struct page_look_moment {
	uint64_t number; /**< of the first event behind it */
	uint8_t what;    /**< enum page_moment */
	/** RECLAIMED: the node; SYSCTL: characters written; INTERLEAVE, LOCAL: pid, 0 or 1. */
	uint16_t cpu;
};

/** The first refills of order 0 in a recording from boot. */
struct page_look_refill {
	uint64_t pfn; /**< of the first page */
	uint32_t nr;  /**< pages */
};
enum { PAGE_LOOK_REFILLS = 512 };

struct contig_look;
struct page_look;

/** "survey" and "config" may be NULL; all must outlive it. */
struct page_look *page_look_create(const struct event_names *names, const struct survey *survey,
				   const struct machine_config *config);
/** "pfn" lies in a CMA area of "config". */
bool page_look_is_cma(const struct machine_config *config, uint64_t pfn);
void page_look_destroy(struct page_look *look);
void page_look_event(struct page_look *look, const struct event *ev);
void page_look_finish(struct page_look *look);
/** What became of the page that event "number" put into a list. */
enum page_fate page_look_fate(const struct page_look *look, uint64_t number);
/**
 * "pfn" is given out behind event "number" without ever having been seen to come into a list: a
 * refill that has no events took it.
 */
bool page_look_hidden(const struct page_look *look, uint64_t pfn, uint64_t number);
/** An event behind event "number" takes the page out of the free lists. */
bool page_look_taken(const struct page_look *look, uint64_t pfn, uint64_t number);
/** Writes to /proc/sys would show (PAGE_MOMENT_SYSCTL): the events of kmalloc() are there. */
bool page_look_shows_writes(const struct page_look *look);
/** When within a second the vmstat worker runs, in ns, as far as its drains tell. */
uint64_t page_look_decay(const struct page_look *look);
/** Contiguous requests. "look" may be NULL. */
const struct contig_look *page_look_contig(const struct page_look *look);
/** The moments, ascending. */
const struct page_look_moment *page_look_moments(const struct page_look *look, size_t *nr);
/**
 * When the page that event "number" put into a list was given out from it; UINT64_MAX: not known,
 * or not kept.
 */
uint64_t page_look_given(const struct page_look *look, uint64_t number);
/**
 * Pages that probed bulk requests on "cpu" got from event "from" on, but before "until": at least
 * so many, if they are fewer than "enough". 0 if they are not kept.
 */
uint64_t page_look_bulks(const struct page_look *look, unsigned int cpu, uint64_t from,
			 uint64_t until, uint64_t enough);
/** A refill of a list of order 0. */
struct page_look_filled {
	uint64_t pfn; /**< of its first page */
	uint32_t end; /**< number of the event behind it, or behind the bulk request it was for */
	uint16_t cpu;
	uint8_t type;
};
/** Those whose "end" is behind event "from", in their order: "*nr" of them, 0: not kept. */
const struct page_look_filled *page_look_filled(const struct page_look *look, uint64_t from,
						size_t *nr);
/** To be said before the first event: the last three are to be kept, four bytes an event. */
void page_look_keep_bulks(struct page_look *look);
/**
 * Free "number" came in an interrupt while lists were locked: a page of their zone; UINT64_MAX: it
 * did not, as far as is known.
 */
uint64_t page_look_locked(const struct page_look *look, uint64_t number);
/** In their order, at most PAGE_LOOK_REFILLS; those of a single page are left out. */
const struct page_look_refill *page_look_refills(const struct page_look *look, size_t *nr);

#endif
