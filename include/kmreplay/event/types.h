/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The table of events that kmreplay understands, and the payloads they have.
 */
#ifndef KMREPLAY_EVENT_TYPES_H
#define KMREPLAY_EVENT_TYPES_H

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

#endif
