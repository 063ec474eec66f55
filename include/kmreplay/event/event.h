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

/**
 * X(enum suffix, system, name, payload): every event kmreplay understands. The order is that of
 * enum event_type and must not matter to anyone.
 */
#define EVENT_TYPES(X)                                                                        \
	X(KMALLOC, "kmem", "kmalloc", SLAB)                                                   \
	X(KMALLOC_NODE, "kmem", "kmalloc_node", SLAB)                                         \
	X(KFREE, "kmem", "kfree", SLAB)                                                       \
	X(CACHE_ALLOC, "kmem", "kmem_cache_alloc", SLAB)                                      \
	X(CACHE_ALLOC_NODE, "kmem", "kmem_cache_alloc_node", SLAB)                            \
	X(CACHE_FREE, "kmem", "kmem_cache_free", SLAB)                                        \
	X(PAGE_ALLOC, "kmem", "mm_page_alloc", PAGE)                                          \
	X(PAGE_FREE, "kmem", "mm_page_free", PAGE)                                            \
	X(PAGE_FREE_DIRECT, "kmem", "mm_page_free_direct", PAGE)                              \
	X(PAGE_FREE_BATCHED, "kmem", "mm_page_free_batched", PAGE)                            \
	X(PAGEVEC_FREE, "kmem", "mm_pagevec_free", PAGE)                                      \
	X(ZONE_LOCKED, "kmem", "mm_page_alloc_zone_locked", PAGE)                             \
	X(PCPU_DRAIN, "kmem", "mm_page_pcpu_drain", PAGE)                                     \
	X(EXTFRAG, "kmem", "mm_page_alloc_extfrag", EXTFRAG)                                  \
	X(ZONE_WMARKS, "kmem", "mm_setup_per_zone_wmarks", WMARK)                             \
	X(LOWMEM_RESERVE, "kmem", "mm_setup_per_zone_lowmem_reserve", RESERVE)                \
	X(TOTALRESERVE, "kmem", "mm_calculate_totalreserve_pages", COUNTS)                    \
	X(CONTIG_MIGRATE, "kmem", "mm_alloc_contig_migrate_range_info", CONTIG)               \
	X(RSS_STAT, "kmem", "rss_stat", NONE)                                                 \
	X(VMAP_ALLOC, "vmalloc", "alloc_vmap_area", VMAP)                                     \
	X(VMAP_PURGE, "vmalloc", "purge_vmap_area_lazy", RANGE)                               \
	X(VMAP_FREE, "vmalloc", "free_vmap_area_noflush", RANGE)                              \
	X(PCPU_ALLOC, "percpu", "percpu_alloc_percpu", PERCPU)                                \
	X(PCPU_ALLOC_FAIL, "percpu", "percpu_alloc_percpu_fail", PERCPU)                      \
	X(PCPU_FREE, "percpu", "percpu_free_percpu", PERCPU)                                  \
	X(PCPU_CHUNK_CREATE, "percpu", "percpu_create_chunk", PERCPU)                         \
	X(PCPU_CHUNK_DESTROY, "percpu", "percpu_destroy_chunk", PERCPU)                       \
	X(CMA_START, "cma", "cma_alloc_start", CMA)                                           \
	X(CMA_FINISH, "cma", "cma_alloc_finish", CMA)                                         \
	X(CMA_BUSY, "cma", "cma_alloc_busy_retry", CMA)                                       \
	X(CMA_ALLOC, "cma", "cma_alloc", CMA)                                                 \
	X(CMA_RELEASE, "cma", "cma_release", CMA)                                             \
	X(COMPACT_BEGIN, "compaction", "mm_compaction_begin", COMPACT)                        \
	X(COMPACT_END, "compaction", "mm_compaction_end", COMPACT)                            \
	X(COMPACT_ISO_MIGRATE, "compaction", "mm_compaction_isolate_migratepages", RANGE)     \
	X(COMPACT_ISO_FREE, "compaction", "mm_compaction_isolate_freepages", RANGE)           \
	X(COMPACT_ISO_FAST, "compaction", "mm_compaction_fast_isolate_freepages", RANGE)      \
	X(COMPACT_MIGRATE, "compaction", "mm_compaction_migratepages", COUNTS)                \
	X(COMPACT_TRY, "compaction", "mm_compaction_try_to_compact_pages", ORDERED)           \
	X(COMPACT_FINISHED, "compaction", "mm_compaction_finished", ORDERED)                  \
	X(COMPACT_SUITABLE, "compaction", "mm_compaction_suitable", ORDERED)                  \
	X(COMPACT_DEFERRED, "compaction", "mm_compaction_deferred", ORDERED)                  \
	X(COMPACT_DEFER, "compaction", "mm_compaction_defer_compaction", ORDERED)             \
	X(COMPACT_DEFER_RESET, "compaction", "mm_compaction_defer_reset", ORDERED)            \
	X(KCOMPACTD_SLEEP, "compaction", "mm_compaction_kcompactd_sleep", ORDERED)            \
	X(KCOMPACTD_WAKEUP, "compaction", "mm_compaction_wakeup_kcompactd", ORDERED)          \
	X(KCOMPACTD_WAKE, "compaction", "mm_compaction_kcompactd_wake", ORDERED)              \
	X(RECLAIM_BEGIN, "vmscan", "mm_vmscan_direct_reclaim_begin", ORDERED)                 \
	X(RECLAIM_END, "vmscan", "mm_vmscan_direct_reclaim_end", COUNTS)                      \
	X(KSWAPD_SLEEP, "vmscan", "mm_vmscan_kswapd_sleep", ORDERED)                          \
	X(KSWAPD_WAKE, "vmscan", "mm_vmscan_kswapd_wake", ORDERED)                            \
	X(KSWAPD_WAKEUP, "vmscan", "mm_vmscan_wakeup_kswapd", ORDERED)                        \
	X(OOM_VICTIM, "oom", "mark_victim", OOM)                                              \
	X(OOM_SCORE_ADJ, "oom", "oom_score_adj_update", OOM)                                  \
	X(OOM_WAKE_REAPER, "oom", "wake_reaper", OOM)                                         \
	X(OOM_REAP_START, "oom", "start_task_reaping", OOM)                                   \
	X(OOM_REAP_FINISH, "oom", "finish_task_reaping", OOM)                                 \
	X(OOM_REAP_SKIP, "oom", "skip_task_reaping", OOM)                                     \
	X(RECLAIM_RETRY, "oom", "reclaim_retry_zone", RETRY)                                  \
	X(COMPACT_RETRY, "oom", "compact_retry", RETRY)                                       \
	X(PROBE_VM_REQ, "lab", "vm_req", PROBE)                                               \
	X(PROBE_VM_RET, "lab", "vm_ret", PROBE)                                               \
	X(PROBE_VFREE, "lab", "vfree", PROBE)                                                 \
	X(PROBE_VFREE_ATOMIC, "lab", "vfree_atomic", PROBE)                                   \
	X(PROBE_VMAP, "lab", "vmap", PROBE)                                                   \
	X(PROBE_VMAP_RET, "lab", "vmap_ret", PROBE)                                           \
	X(PROBE_VUNMAP, "lab", "vunmap", PROBE)                                               \
	X(PROBE_RM_AREA, "lab", "rm_area", PROBE)                                             \
	X(PROBE_VA_ALLOC, "lab", "va_alloc", PROBE)                                           \
	X(PROBE_VA_FREE, "lab", "va_free", PROBE)                                             \
	X(PROBE_BULK_ALLOC, "lab", "cbulk_alloc", PROBE)                                      \
	X(PROBE_BULK_RET, "lab", "cbulk_ret", PROBE)                                          \
	X(PROBE_BULK_FREE, "lab", "cbulk_free", BULK)                                         \
	X(PROBE_PAGES_BULK, "lab", "pbulk", PROBE)                                            \
	X(PROBE_PAGES_BULK_RET, "lab", "pbulk_ret", PROBE)                                    \
	X(PROBE_SPLIT, "lab", "split", PROBE)                                                 \
	X(PROBE_CACHE_CREATE, "lab", "kcc", PROBE)                                            \
	X(PROBE_CACHE_CREATE_RET, "lab", "kcc_ret", PROBE)                                    \
	X(PROBE_CACHE_DESTROY, "lab", "kcd", PROBE)                                           \
	X(PROBE_CACHE_SHRINK, "lab", "kcs", PROBE)                                            \
	X(MARK, "ftrace", "print", TEXT)                                                      \
	X(OTHER, "", "", OTHER)

enum event_type {
#define X(suffix, system, name, payload) EVENT_##suffix,
	EVENT_TYPES(X)
#undef X
	EVENT_NR,
};

enum event_payload {
	EVENT_PAYLOAD_NONE,
	EVENT_PAYLOAD_SLAB,
	EVENT_PAYLOAD_PAGE,
	EVENT_PAYLOAD_EXTFRAG,
	EVENT_PAYLOAD_WMARK,
	EVENT_PAYLOAD_RESERVE,
	EVENT_PAYLOAD_COUNTS,
	EVENT_PAYLOAD_CONTIG,
	EVENT_PAYLOAD_VMAP,
	EVENT_PAYLOAD_RANGE,
	EVENT_PAYLOAD_PERCPU,
	EVENT_PAYLOAD_CMA,
	EVENT_PAYLOAD_COMPACT,
	EVENT_PAYLOAD_ORDERED,
	EVENT_PAYLOAD_OOM,
	EVENT_PAYLOAD_RETRY,
	EVENT_PAYLOAD_PROBE,
	EVENT_PAYLOAD_BULK,
	EVENT_PAYLOAD_TEXT,
	EVENT_PAYLOAD_OTHER,
};

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
			uint64_t a, b; /**< nr_scanned, nr_taken; num_purged; nr_lazy, nr_lazy_max */
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
