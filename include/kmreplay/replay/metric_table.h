/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The metrics, one a row. check-style: data table
 *
 * X(suffix, key, scopes, members, unit, kind, history, help): see metrics.h. "history" says whether
 * struct replay_history keeps it.
 */
#ifndef KMREPLAY_REPLAY_METRIC_TABLE_H
#define KMREPLAY_REPLAY_METRIC_TABLE_H

/** Short for scopes in the table. */
#define METRIC_M (1 << SCOPE_MACHINE)
#define METRIC_O (1 << SCOPE_ORDER)
#define METRIC_N (1 << SCOPE_NODE)
#define METRIC_Z (1 << SCOPE_ZONE)
#define METRIC_ZO (1 << SCOPE_ZONE_ORDER)

#define REPLAY_METRICS(X)                                                                     \
	X(MANAGED, "managed_pages", METRIC_N | METRIC_Z, NONE, PAGES, NOW, false,             \
	  "pages that the allocator manages")                                                 \
	X(FREE, "free_pages", METRIC_M | METRIC_N | METRIC_Z, NONE, PAGES, NOW, true,         \
	  "free pages, those in per-CPU lists not included")                                  \
	X(PCP, "pcp_pages", METRIC_M | METRIC_N | METRIC_Z, NONE, PAGES, NOW, true,           \
	  "free pages in per-CPU lists")                                                      \
	X(FREE_LEAST, "free_pages_least", METRIC_Z, NONE, PAGES, SO_FAR, false,               \
	  "fewest free pages at any time, between rows, too")                                 \
	X(MOVABLE, "movable_pages", METRIC_Z, NONE, PAGES, NOW, false,                        \
	  "pages in use that can be moved")                                                   \
	X(FREE_BLOCKS, "free_blocks", METRIC_O | METRIC_ZO, NONE, COUNT, NOW, true,           \
	  "free blocks of the order")                                                         \
	X(FREE_BLOCKS_OF, "free_blocks", METRIC_ZO, MIGRATETYPE, COUNT, NOW, false,           \
	  "free blocks of the order by the migratetype of their list")                        \
	X(UNUSABLE, "unusable_free_index", METRIC_ZO, NONE, RATIO, NOW, true,                 \
	  "share of free memory in blocks too small for the order; 1 when nothing is free")   \
	X(EXTFRAG, "extfrag_index", METRIC_ZO, NONE, RATIO, NOW, true,                        \
	  "would a request of the order fail for lack of memory (0) or for fragmentation (1); " \
	  "-1: it would not fail")                                                            \
	X(PROACTIVE, "proactive_score", METRIC_N | METRIC_Z, NONE, PERCENT, NOW, false,       \
	  "free memory outside huge pages, as proactive compaction weighs it")                \
	X(HUGE, "huge_availability", METRIC_Z, NONE, RATIO, NOW, true,                        \
	  "free huge pages among those that the free memory could make")                      \
	X(CONTIGUITY, "contiguity", METRIC_Z, RUN, RATIO, NOW, true,                          \
	  "share of free memory in aligned free runs of at least the size")                   \
	X(CONTIGUITY_ALL, "contiguity_of_memory", METRIC_Z, RUN, RATIO, NOW, false,           \
	  "the same runs as a share of the zone")                                             \
	X(UNMOVABLE_SHARE, "unmovable_block_share", METRIC_ZO, NONE, RATIO, NOW, true,        \
	  "share of the blocks of the order with a page that can not be moved in them")       \
	X(UNMOVABLE_LARGE, "unmovable_block_share", METRIC_Z, RUN_LARGE, RATIO, NOW, false,   \
	  "the same for blocks of the size")                                                  \
	X(PAGEBLOCKS, "pageblocks", METRIC_Z, NONE, COUNT, NOW, false, "pageblocks of the zone") \
	X(HYBRID, "hybrid_pageblocks", METRIC_Z, NONE, COUNT, NOW, true,                      \
	  "pageblocks with both movable and other pages in use")                              \
	X(FREE_FRAMES, "free_frames_per_block", METRIC_Z, LEVEL, COUNT, NOW, false,           \
	  "pageblocks by the number k of free pages in them: 0, then 1 + 8k/size, 9 being all") \
	X(HEADROOM, "watermark_headroom", METRIC_Z, MARK, PAGES, NOW, true,                   \
	  "free pages above the mark and the lowmem_reserve towards the highest zone")        \
	X(HEADROOM_LEAST, "watermark_headroom_least", METRIC_Z, MARK, PAGES, SO_FAR, false,   \
	  "the same for free_pages_least")                                                    \
	X(BELOW, "watermark_below", METRIC_Z, MARK, NS, SO_FAR, false,                        \
	  "time with no such headroom left, exact to the event")                              \
	X(BOOST, "watermark_boost_pages", METRIC_Z, NONE, PAGES, NOW, false,                  \
	  "pages on top of each mark")                                                        \
	X(HIGHATOMIC, "highatomic_pages", METRIC_Z, NONE, PAGES, NOW, false,                  \
	  "pages of pageblocks set aside for atomic requests")                                \
	X(IN_USE, "used_pages", METRIC_M, NONE, PAGES, NOW, true, "pages of all owners")      \
	X(OWNER, "owner_pages", METRIC_M, OWNER, PAGES, NOW, true, "pages by owner")          \
	X(PAGE_REQUESTS, "page_requests", METRIC_M | METRIC_O, NONE, COUNT, SO_FAR, true,     \
	  "requests to the page allocator, those of the simulated layers included")           \
	X(PAGE_FAILURES, "page_failures", METRIC_M | METRIC_O, NONE, COUNT, SO_FAR, true,     \
	  "those that failed")                                                                \
	X(SUCCESS, "allocation_success", METRIC_M | METRIC_O, NONE, RATIO, SO_FAR, false,     \
	  "share of page requests that were met")                                             \
	X(FAILURES, "failures", METRIC_M, NONE, COUNT, SO_FAR, true,                          \
	  "recorded calls that failed here")                                                  \
	X(FAILURES_OF, "failures", METRIC_M, REASON, COUNT, SO_FAR, true, "the same by reason") \
	X(RECOVERED, "recovered", METRIC_M, NONE, COUNT, SO_FAR, true,                        \
	  "calls that failed when recorded and not here")                                     \
	X(EXTFRAG_EVENTS, "extfrag_events", METRIC_M, NONE, COUNT, SO_FAR, true,              \
	  "blocks smaller than a pageblock taken from another migratetype")                   \
	X(EXTFRAG_SEVERE, "extfrag_events_severe", METRIC_M, NONE, COUNT, SO_FAR, true,       \
	  "those of order 3 or less")                                                         \
	X(CLAIMS, "pageblock_claims", METRIC_M, NONE, COUNT, SO_FAR, false,                   \
	  "pageblocks that changed their type in a fallback")                                 \
	X(SLOWPATHS, "slowpaths", METRIC_M, NONE, COUNT, SO_FAR, true,                        \
	  "page requests that entered the slow path")                                         \
	X(RECLAIMED, "reclaimed_pages", METRIC_M, NONE, PAGES, SO_FAR, true,                  \
	  "pages that reclaim took")                                                          \
	X(KSWAPD_WAKES, "kswapd_wakes", METRIC_M, NONE, COUNT, SO_FAR, true,                  \
	  "wake-ups of a sleeping kswapd")                                                    \
	X(KSWAPD_PAGES, "kswapd_pages", METRIC_M, NONE, PAGES, SO_FAR, true,                  \
	  "pages that kswapd reclaimed")                                                      \
	X(DIRECT_RECLAIMS, "direct_reclaims", METRIC_M, NONE, COUNT, SO_FAR, true,            \
	  "direct reclaims")                                                                  \
	X(DIRECT_PAGES, "direct_pages", METRIC_M, NONE, PAGES, SO_FAR, true,                  \
	  "pages that direct reclaim freed")                                                  \
	X(COMPACTIONS, "compactions", METRIC_M, NONE, COUNT, SO_FAR, true,                    \
	  "compaction runs over a zone")                                                      \
	X(COMPACT_SUCCESS, "compact_success", METRIC_M, NONE, COUNT, SO_FAR, true,            \
	  "those that made the block asked for")                                              \
	X(MOVED, "moved_pages", METRIC_M, NONE, PAGES, SO_FAR, true,                          \
	  "pages that compaction moved")                                                      \
	X(OOM, "oom", METRIC_M, NONE, COUNT, SO_FAR, true,                                    \
	  "requests that came to the OOM killer")                                             \
	X(SLAB_BYTES, "slab_bytes", METRIC_M, NONE, BYTES, NOW, true, "bytes of all slabs")   \
	X(SLAB_LOSS, "slab_loss", METRIC_M, NONE, BYTES, NOW, true,                           \
	  "bytes of slabs beyond live objects: the sum of the next three")                    \
	X(SLAB_LOSS_ALIGN, "slab_loss_align", METRIC_M, NONE, BYTES, NOW, true,               \
	  "behind live objects, up to their stride")                                          \
	X(SLAB_LOSS_PADDING, "slab_loss_padding", METRIC_M, NONE, BYTES, NOW, true,           \
	  "at the ends of slabs")                                                             \
	X(SLAB_LOSS_FREE, "slab_loss_free", METRIC_M, NONE, BYTES, NOW, true, "in free objects") \
	X(SLAB_OBJECTS, "slab_objects", METRIC_M, NONE, COUNT, NOW, false, "live objects")    \
	X(SLAB_UTIL, "slab_util", METRIC_M, NONE, RATIO, NOW, true,                           \
	  "live objects among all that the slabs have room for")                              \
	X(SLAB_PARTIAL, "slab_partial_share", METRIC_M, NONE, RATIO, NOW, false,              \
	  "slabs on a node's partial list among all")                                         \
	X(FRAG_TRAFFIC, "internal_frag_traffic", METRIC_M, NONE, RATIO, SO_FAR, true,         \
	  "share of the bytes given to slab and kmalloc calls that was not asked for")        \
	X(FRAG_LIVE, "internal_frag_live", METRIC_M, NONE, RATIO, NOW, true,                  \
	  "the same of live objects")                                                         \
	X(VMALLOC_BYTES, "vmalloc_bytes", METRIC_M, NONE, BYTES, NOW, false,                  \
	  "address space of areas in use")                                                    \
	X(VMALLOC_LAZY, "vmalloc_lazy_pages", METRIC_M, NONE, PAGES, NOW, false,              \
	  "address space freed and not yet purged")                                           \
	X(VMALLOC_SUMSQ, "vmalloc_frag_sumsq", METRIC_M, NONE, RATIO, NOW, false,             \
	  "1 - sum of squares of free runs / square of their sum, vmalloc range")             \
	X(VMALLOC_LARGEST, "vmalloc_largest_free_ratio", METRIC_M, NONE, RATIO, NOW, false,   \
	  "1 - largest free run / all free, vmalloc range")                                   \
	X(PERCPU_BYTES, "percpu_bytes", METRIC_M, NONE, BYTES, NOW, false,                    \
	  "percpu areas in use, one CPU")                                                     \
	X(PERCPU_CHUNKS, "percpu_chunks", METRIC_M, NONE, COUNT, NOW, false, "percpu chunks") \
	X(PERCPU_SUMSQ, "percpu_frag_sumsq", METRIC_M, NONE, RATIO, NOW, false,               \
	  "as of vmalloc, over the free runs of all percpu chunks")                           \
	X(PERCPU_LARGEST, "percpu_largest_free_ratio", METRIC_M, NONE, RATIO, NOW, false,     \
	  "as of vmalloc, over the free runs of all percpu chunks")                           \
	X(PATH, "path_mix", METRIC_M, PATH, COUNT, SO_FAR, false,                             \
	  "calls, in vain or not, by the slowest path that they took")                            \
	X(SLAB_REMOTE, "path_mix_free_remote", METRIC_M, NONE, COUNT, SO_FAR, false,          \
	  "frees to another CPU's slab")                                                      \
	X(SLAB_MISMATCH, "path_mix_node_mismatch", METRIC_M, NONE, COUNT, SO_FAR, false,      \
	  "CPU slabs put off because they were on another node")                              \
	X(SLAB_ADD_PARTIAL, "path_mix_add_partial", METRIC_M, NONE, COUNT, SO_FAR, false,     \
	  "slabs put on a node's partial list")                                     \
	X(SLAB_REMOVE_PARTIAL, "path_mix_remove_partial", METRIC_M, NONE, COUNT, SO_FAR, false, \
	  "slabs taken off it")                                        \
	X(CALLS, "calls", METRIC_M, CALL, COUNT, SO_FAR, false, "calls, in vain or not")          \
	X(P50, "latency_p50", METRIC_M, CALL, NS, SINCE, false, "median of modelled latency") \
	X(P99, "latency_p99", METRIC_M, CALL, NS, SINCE, false,                               \
	  "99th percentile of modelled latency")

#endif
