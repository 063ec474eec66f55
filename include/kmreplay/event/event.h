/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The event record: one recorded event, whatever format it came from, in 64 bytes.
 *
 * A reader fills it, everything behind the readers sees only it. The head is the same for all
 * events; behind it stands one of a few payloads. Which payload an event type has, and what its
 * fields are called in text and in binary recordings, is said by the table behind event_desc()
 * (event/desc.h), which drives the cold parsers and all writers.
 *
 * Texts (symbols, cache names, task names) are numbers of the tables in struct event_names. What
 * does not fit (a marker's text, the pointers of a bulk free) lies in the batch's side buffer.
 */
#ifndef KMREPLAY_EVENT_EVENT_H
#define KMREPLAY_EVENT_EVENT_H

#include "kmreplay/core/base.h"
#include "kmreplay/event/types.h"

/** What the flags column (or common_flags) said, and what the event itself said. */
enum event_flags {
	EVENT_F_CONTEXT = 1 << 0, /**< the recording says the context: the next five are known */
	EVENT_F_IRQS_OFF = 1 << 1,
	EVENT_F_BH_OFF = 1 << 2,
	EVENT_F_SOFTIRQ = 1 << 3,
	EVENT_F_HARDIRQ = 1 << 4,
	EVENT_F_NMI = 1 << 5,
	EVENT_F_FAILED = 1 << 6, /**< the request failed: ptr 0, pfn ~0, failed=1 */
	EVENT_F_LOST = 1 << 7,   /**< events of this CPU were lost just before this one */
};

/** pfn of an mm_page_alloc that failed, in every format. */
#define EVENT_PFN_FAILED UINT64_MAX

struct event {
	uint64_t time; /**< ns; or the raw counter when the clock is not in ns (trace_info) */
	int32_t pid;   /**< 0 is the idle task of its CPU */
	uint32_t comm; /**< names.texts; 0: unknown ("<...>") */
	uint32_t site; /**< names.sites: call_site, or the caller of a probe; 0: none */
	uint16_t cpu;
	uint8_t type;  /**< enum event_type */
	uint8_t flags; /**< enum event_flags */
	union {
		struct {
			uint64_t ptr; /**< 0: failed, or free of NULL; maybe hashed (trace_info) */
			uint64_t bytes_req;
			uint64_t bytes_alloc;
			uint32_t gfp;     /**< abi/gfp.h numbering */
			uint32_t name;    /**< cache, names.texts; 0: the event does not say */
			int16_t node;     /**< as requested; -1: any */
			uint8_t accounted;
		} slab;
		struct {
			uint64_t pfn; /**< EVENT_PFN_FAILED: no page */
			uint64_t page; /**< struct page address or its hash; 0 when not given */
			uint32_t gfp;
			uint8_t order;
			uint8_t migratetype;   /**< as the recording numbers it */
			uint8_t percpu_refill; /**< zone_locked only */
		} page;
		struct {
			uint64_t pfn;
			uint64_t page;
			uint8_t alloc_order;
			uint8_t fallback_order;
			uint8_t alloc_migratetype;
			uint8_t fallback_migratetype;
			uint8_t change_ownership;
			uint8_t fragmenting;
			uint8_t pageblock_order;
		} extfrag;
		struct {
			int32_t node;
			uint32_t zone; /**< names.texts */
			uint64_t min, low, high, promo;
		} wmark;
		struct {
			int32_t node;
			uint32_t zone, upper;
			int64_t pages;
		} reserve;
		struct {
			uint64_t nr[5]; /**< meaning by type, see the table */
		} counts;
		struct {
			uint64_t start, end, nr_migrated, nr_reclaimed;
			uint32_t nr_mapped;
			uint8_t migratetype;
		} contig;
		struct {
			uint64_t addr, size, align, vstart, vend; /**< size with guard page */
		} vmap;
		struct {
			uint64_t start, end;
			uint64_t a, b; /**< nr_scanned, nr_taken; num_purged; nr_lazy, its max */
		} range;
		struct {
			uint64_t base; /**< chunk's base_addr */
			uint64_t ptr;
			uint32_t off, size, align, bytes_alloc;
			uint32_t gfp;
			uint8_t reserved, is_atomic;
		} percpu;
		struct {
			uint64_t pfn;
			union {
				uint64_t page;
				uint64_t available; /**< start: pages free in the area */
			};
			uint64_t count, total;
			uint32_t name;
			uint16_t align;
			int16_t errorno;
		} cma;
		struct {
			uint64_t zone_start, migrate_pfn, free_pfn, zone_end;
			uint32_t mode, status; /**< words, names.texts */
		} compact;
		struct {
			int32_t node;
			int32_t order;
			uint32_t gfp;
			uint32_t zone, word; /**< names.texts */
			int32_t priority;
			int32_t order_failed;
			uint32_t considered;
			uint64_t limit;
		} ordered;
		struct {
			int32_t pid;
			uint32_t comm;
			uint64_t total_vm, anon_rss, file_rss; /**< KiB */
			int32_t oom_score_adj;
		} oom;
		struct {
			union {
				uint64_t reclaimable;
				uint32_t compaction_result; /**< word, compact_retry */
			};
			uint64_t available, min_wmark;
			int32_t node, order;
			uint32_t zone_or_priority; /**< word */
			uint16_t loops;            /**< no_progress_loops or retries */
			uint8_t max_retries;
			uint8_t result; /**< wmark_check or should_retry */
		} retry;
		struct {
			uint64_t addr; /**< addr, ret, s (cache pointer or start), page */
			uint64_t size; /**< size, e (end), count */
			uint32_t align, gfp, flags;
			uint32_t name; /**< cache, names.texts */
			int32_t node;
			uint32_t nr; /**< n, order */
		} probe;
		struct {
			uint64_t addr; /**< cache pointer; 0: kfree_bulk */
			uint32_t name;
			uint32_t nr;   /**< objects freed */
			uint32_t aux;  /**< side buffer: offset of the pointers, uint64_t each */
			uint32_t nr_aux; /**< how many of them the recording holds */
		} bulk;
		struct {
			uint32_t aux; /**< side buffer: offset of the text */
			uint32_t len;
		} text;
		struct {
			uint32_t name; /**< "name" or "system:name", names.texts */
		} other;
		uint64_t raw[5];
	};
};

static_assert(sizeof(struct event) == 64, "an event is one cache line");

/**
 * Events on their way from a reader to its consumers; filled by trace_next(), valid until the next
 * call of it with the same batch.
 */
struct event_batch {
	struct event *events;
	size_t nr;
	size_t cap;
	unsigned char *aux; /**< side buffer */
	size_t aux_len;
	size_t aux_cap;
};

/** An empty batch that holds up to "cap" events. */
void event_batch_init(struct event_batch *batch, size_t cap);
void event_batch_deinit(struct event_batch *batch);
/** Forgets the events and the side buffer's content; keeps the memory. */
void event_batch_reset(struct event_batch *batch);
/** Puts "len" bytes into the side buffer, 8-byte aligned, a NUL behind; returns their offset. */
uint32_t event_batch_add_aux(struct event_batch *batch, const void *data, size_t len);

/** "a" and "b" say the same: all fields, side buffer content included. For tests and convert. */
bool event_equal(const struct event *a, const struct event_batch *batch_a, const struct event *b,
		 const struct event_batch *batch_b);

#endif
