/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all event types: keys as include/trace/events/{kmem,vmalloc,percpu,cma,compaction,
 * vmscan,oom}.h of 2.6.32 to 7.2 print them, members as their format files call them. Keys that no
 * consumer wants (uid, pgtables, cold, ...) are absent: readers pass over keys they do not know.
 */
#include <config.h>

#include "kmreplay/event/desc.h"

#include <string.h>

#define F(place, key_, kind_, ...)                                                            \
	{ .key = (key_), .kind = EVENT_FIELD_##kind_, .offset = offsetof(struct event, place), \
	  .width = sizeof(((struct event *)0)->place), __VA_ARGS__ }
#define FIELDS(suffix, ...) static const struct event_field fields_##suffix[] = { __VA_ARGS__ }
#define OPT .optional = true

#define CALL_SITE F(site, "call_site", SITE)
#define SLAB_PTR F(slab.ptr, "ptr", PTR)
#define SLAB_NAME F(slab.name, "name", WORD, OPT)
#define SLAB_SIZES                                                                            \
	F(slab.bytes_req, "bytes_req", UINT), F(slab.bytes_alloc, "bytes_alloc", UINT),       \
		F(slab.gfp, "gfp_flags", GFP), F(slab.node, "node", INT, OPT),                \
		F(slab.accounted, "accounted", BOOL, OPT)

FIELDS(KMALLOC, CALL_SITE, SLAB_PTR, SLAB_SIZES);
FIELDS(KMALLOC_NODE, CALL_SITE, SLAB_PTR, SLAB_SIZES);
FIELDS(KFREE, CALL_SITE, SLAB_PTR);
FIELDS(CACHE_ALLOC, CALL_SITE, SLAB_PTR, SLAB_NAME, SLAB_SIZES);
FIELDS(CACHE_ALLOC_NODE, CALL_SITE, SLAB_PTR, SLAB_NAME, SLAB_SIZES);
FIELDS(CACHE_FREE, CALL_SITE, SLAB_PTR, SLAB_NAME);

#define PAGE_PFN F(page.page, "page", PTR, OPT), F(page.pfn, "pfn", HEX)
#define PAGE_ORDER F(page.order, "order", UINT)
#define PAGE_TYPE F(page.migratetype, "migratetype", UINT)

FIELDS(PAGE_ALLOC, PAGE_PFN, PAGE_ORDER, PAGE_TYPE, F(page.gfp, "gfp_flags", GFP));
FIELDS(PAGE_FREE, PAGE_PFN, PAGE_ORDER);
FIELDS(PAGE_FREE_DIRECT, PAGE_PFN, PAGE_ORDER);
FIELDS(PAGE_FREE_BATCHED, PAGE_PFN, F(page.order, "order", UINT, OPT));
FIELDS(PAGEVEC_FREE, PAGE_PFN, F(page.order, "order", UINT, OPT));
FIELDS(ZONE_LOCKED, PAGE_PFN, PAGE_ORDER, PAGE_TYPE,
       F(page.percpu_refill, "percpu_refill", FLAG, OPT));
FIELDS(PCPU_DRAIN, PAGE_PFN, PAGE_ORDER, PAGE_TYPE);
FIELDS(EXTFRAG, F(extfrag.page, "page", PTR, OPT), F(extfrag.pfn, "pfn", HEX),
       F(extfrag.alloc_order, "alloc_order", UINT),
       F(extfrag.fallback_order, "fallback_order", UINT),
       F(extfrag.pageblock_order, "pageblock_order", UINT, OPT),
       F(extfrag.alloc_migratetype, "alloc_migratetype", UINT),
       F(extfrag.fallback_migratetype, "fallback_migratetype", UINT),
       F(extfrag.fragmenting, "fragmenting", FLAG, OPT),
       F(extfrag.change_ownership, "change_ownership", FLAG, OPT));
FIELDS(ZONE_WMARKS, F(wmark.node, "node_id", INT),
       F(wmark.zone, "name", WORD, .prefix = " zone "),
       F(wmark.min, "min", UINT, .member = "watermark_min", .prefix = " watermark "),
       F(wmark.low, "low", UINT, .member = "watermark_low"),
       F(wmark.high, "high", UINT, .member = "watermark_high"),
       F(wmark.promo, "promo", UINT, .member = "watermark_promo", OPT));
FIELDS(LOWMEM_RESERVE, F(reserve.node, "node_id", INT),
       F(reserve.zone, "name", WORD, .prefix = " zone "),
       F(reserve.upper, "name", WORD, .member = "upper_name", .prefix = " upper_zone "),
       F(reserve.pages, "lowmem_reserve_pages", INT, .member = "lowmem_reserve"));
FIELDS(TOTALRESERVE, F(counts.nr[0], "totalreserve_pages", UINT));
FIELDS(CONTIG_MIGRATE, F(contig.start, "start", HEX), F(contig.end, "end", HEX),
       F(contig.migratetype, "migratetype", UINT), F(contig.nr_migrated, "nr_migrated", UINT),
       F(contig.nr_reclaimed, "nr_reclaimed", UINT), F(contig.nr_mapped, "nr_mapped", UINT));
FIELDS(RSS_STAT, );

FIELDS(VMAP_ALLOC, F(vmap.addr, "va_start", ADDR, .member = "addr", .sep = ": "),
       F(vmap.size, "size", UINT), F(vmap.align, "align", UINT), F(vmap.vstart, "vstart", HEX),
       F(vmap.vend, "vend", HEX), F(flags, "failed", FAILED));
FIELDS(VMAP_PURGE, F(range.start, "start", HEX), F(range.end, "end", HEX),
       F(range.a, "num_purged", UINT, .member = "npurged"));
FIELDS(VMAP_FREE, F(range.start, "va_start", HEX), F(range.a, "nr_lazy", UINT),
       F(range.b, "nr_lazy_max", UINT));

#define PERCPU_WHAT                                                                           \
	F(percpu.reserved, "reserved", FLAG), F(percpu.is_atomic, "is_atomic", FLAG),         \
		F(percpu.size, "size", UINT), F(percpu.align, "align", UINT)
#define PERCPU_BASE F(percpu.base, "base_addr", PTR)
#define PERCPU_WHERE PERCPU_BASE, F(percpu.off, "off", UINT), F(percpu.ptr, "ptr", PTR)

FIELDS(PCPU_ALLOC, F(site, "call_site", SITE, OPT), PERCPU_WHAT, PERCPU_WHERE,
       F(percpu.bytes_alloc, "bytes_alloc", UINT, OPT), F(percpu.gfp, "gfp_flags", GFP, OPT));
FIELDS(PCPU_ALLOC_FAIL, PERCPU_WHAT);
FIELDS(PCPU_FREE, PERCPU_WHERE);
FIELDS(PCPU_CHUNK_CREATE, PERCPU_BASE);
FIELDS(PCPU_CHUNK_DESTROY, PERCPU_BASE);

#define CMA_WHICH F(cma.name, "name", WORD, OPT)
#define CMA_ALIGN F(cma.align, "align", UINT, OPT)
#define CMA_WHAT                                                                              \
	CMA_WHICH, F(cma.pfn, "pfn", HEX), F(cma.page, "page", PTR, OPT),                     \
		F(cma.count, "count", UINT)

FIELDS(CMA_START, CMA_WHICH, F(cma.count, "count", UINT, OPT),
       F(cma.count, "request_count", UINT, OPT),
       F(cma.available, "available_count", UINT, OPT), F(cma.total, "total_count", UINT, OPT),
       CMA_ALIGN);
FIELDS(CMA_FINISH, CMA_WHAT, CMA_ALIGN, F(cma.errorno, "errorno", INT, OPT));
FIELDS(CMA_BUSY, CMA_WHAT, CMA_ALIGN);
FIELDS(CMA_ALLOC, CMA_WHAT, CMA_ALIGN);
FIELDS(CMA_RELEASE, CMA_WHAT);

#define COMPACT_WHERE                                                                         \
	F(compact.zone_start, "zone_start", HEX), F(compact.migrate_pfn, "migrate_pfn", HEX), \
		F(compact.free_pfn, "free_pfn", HEX), F(compact.zone_end, "zone_end", HEX),   \
		F(compact.mode, "mode", WORD, .member = "sync", .prefix = ", ")
#define RANGE_TAKEN                                                                           \
	F(range.start, "range", HEX, .member = "start_pfn", .sep = "=("),                     \
		F(range.end, "", HEX, .member = "end_pfn", .prefix = " ~ ", .sep = ""),       \
		F(range.a, "nr_scanned", UINT, .prefix = ") "),                               \
		F(range.b, "nr_taken", UINT)
#define ORDERED_NODE F(ordered.node, "node", INT, .member = "nid")
#define ORDERED_NID F(ordered.node, "nid", INT)
#define ORDERED_ZONE F(ordered.zone, "zone", WORD, .member = "idx")
#define ORDERED_ORDER F(ordered.order, "order", INT)
#define ORDERED_RESULT ORDERED_NODE, ORDERED_ZONE, ORDERED_ORDER, F(ordered.word, "ret", WORD)
#define ORDERED_DEFER                                                                         \
	ORDERED_NODE, ORDERED_ZONE, ORDERED_ORDER,                                            \
		F(ordered.order_failed, "order_failed", INT),                                 \
		F(ordered.considered, "consider", UINT, .member = "considered"),              \
		F(ordered.limit, "limit", UINT, .member = "defer_shift")
#define ORDERED_KCOMPACTD                                                                     \
	ORDERED_NID, ORDERED_ORDER,                                                           \
		F(ordered.zone, "classzone_idx", WORD, OPT, .member = "highest_zoneidx")

FIELDS(COMPACT_BEGIN, COMPACT_WHERE);
FIELDS(COMPACT_END, COMPACT_WHERE, F(compact.status, "status", WORD));
FIELDS(COMPACT_ISO_MIGRATE, RANGE_TAKEN);
FIELDS(COMPACT_ISO_FREE, RANGE_TAKEN);
FIELDS(COMPACT_ISO_FAST, RANGE_TAKEN);
FIELDS(COMPACT_MIGRATE, F(counts.nr[0], "nr_migrated", UINT), F(counts.nr[1], "nr_failed", UINT));
FIELDS(COMPACT_TRY, ORDERED_ORDER, F(ordered.gfp, "gfp_mask", GFP),
       F(ordered.priority, "priority", INT, OPT, .member = "prio"));
FIELDS(COMPACT_FINISHED, ORDERED_RESULT);
FIELDS(COMPACT_SUITABLE, ORDERED_RESULT);
FIELDS(COMPACT_DEFERRED, ORDERED_DEFER);
FIELDS(COMPACT_DEFER, ORDERED_DEFER);
FIELDS(COMPACT_DEFER_RESET, ORDERED_DEFER);
FIELDS(KCOMPACTD_SLEEP, ORDERED_NID);
FIELDS(KCOMPACTD_WAKEUP, ORDERED_KCOMPACTD);
FIELDS(KCOMPACTD_WAKE, ORDERED_KCOMPACTD);

FIELDS(RECLAIM_BEGIN, ORDERED_ORDER, F(ordered.gfp, "gfp_flags", GFP));
FIELDS(RECLAIM_END, F(counts.nr[0], "nr_reclaimed", UINT));
FIELDS(KSWAPD_SLEEP, ORDERED_NID);
FIELDS(KSWAPD_WAKE, ORDERED_NID, ORDERED_ORDER);
FIELDS(KSWAPD_WAKEUP, ORDERED_NID, ORDERED_ORDER, F(ordered.gfp, "gfp_flags", GFP, OPT));

#define OOM_PID F(oom.pid, "pid", INT)
#define OOM_COMM(...) F(oom.comm, "comm", WORD, __VA_ARGS__)
#define OOM_ADJ(...) F(oom.oom_score_adj, "oom_score_adj", INT, __VA_ARGS__)

FIELDS(OOM_VICTIM, OOM_PID, OOM_COMM(OPT),
       F(oom.total_vm, "total-vm", KIB, OPT, .member = "total_vm"),
       F(oom.anon_rss, "anon-rss", KIB, OPT, .member = "anon_rss"),
       F(oom.file_rss, "file-rss", KIB, OPT, .member = "file_rss", .sep = ":"), OOM_ADJ(OPT));
FIELDS(OOM_SCORE_ADJ, OOM_PID, OOM_COMM(), OOM_ADJ());
FIELDS(OOM_WAKE_REAPER, OOM_PID);
FIELDS(OOM_REAP_START, OOM_PID);
FIELDS(OOM_REAP_FINISH, OOM_PID);
FIELDS(OOM_REAP_SKIP, OOM_PID);

#define RETRY_ORDER F(retry.order, "order", INT)

FIELDS(RECLAIM_RETRY, F(retry.node, "node", INT),
       F(retry.zone_or_priority, "zone", WORD, .member = "zone_idx"), RETRY_ORDER,
       F(retry.reclaimable, "reclaimable", UINT), F(retry.available, "available", UINT),
       F(retry.min_wmark, "min_wmark", UINT), F(retry.loops, "no_progress_loops", UINT),
       F(retry.result, "wmark_check", FLAG));
FIELDS(COMPACT_RETRY, RETRY_ORDER, F(retry.zone_or_priority, "priority", WORD),
       F(retry.compaction_result, "compaction_result", WORD, .member = "result"),
       F(retry.loops, "retries", UINT), F(retry.max_retries, "max_retries", UINT),
       F(retry.result, "should_retry", FLAG, .member = "ret"));

/* In text the caller of a kretprobe stands in brackets before the arguments, without a key. */
#define PROBE_CALLER F(site, "", SITE, OPT, .member = "__probe_ret_ip")
#define PROBE_ADDR(key) F(probe.addr, key, HEX)
#define PROBE_NAME F(probe.name, "name", QUOTED)
#define PROBE_GFP F(probe.gfp, "gfp", GFP)
#define PROBE_AREA PROBE_ADDR("s"), F(probe.size, "e", HEX)

FIELDS(PROBE_VM_REQ, F(probe.size, "size", HEX), F(probe.align, "align", HEX), PROBE_GFP,
       F(probe.flags, "vmflags", HEX), F(probe.node, "node", INT), F(site, "caller", SITE));
FIELDS(PROBE_VM_RET, PROBE_CALLER, PROBE_ADDR("ret"));
FIELDS(PROBE_VFREE, PROBE_ADDR("addr"));
FIELDS(PROBE_VFREE_ATOMIC, PROBE_ADDR("addr"));
FIELDS(PROBE_VMAP, F(probe.size, "count", UINT));
FIELDS(PROBE_VMAP_RET, PROBE_CALLER, PROBE_ADDR("ret"));
FIELDS(PROBE_VUNMAP, PROBE_ADDR("addr"));
FIELDS(PROBE_RM_AREA, PROBE_ADDR("addr"));
FIELDS(PROBE_VA_ALLOC, PROBE_CALLER, PROBE_AREA);
FIELDS(PROBE_VA_FREE, PROBE_AREA);
FIELDS(PROBE_BULK_ALLOC, PROBE_ADDR("s"), PROBE_NAME, PROBE_GFP, F(probe.nr, "n", UINT));
FIELDS(PROBE_BULK_RET, PROBE_CALLER, F(probe.nr, "n", UINT));
FIELDS(PROBE_BULK_FREE, F(bulk.addr, "s", HEX), F(bulk.name, "name", QUOTED),
       F(bulk.nr, "n", UINT), F(bulk.aux, "p", PTRS));
FIELDS(PROBE_PAGES_BULK, PROBE_GFP, F(probe.nr, "n", UINT));
FIELDS(PROBE_PAGES_BULK_RET, PROBE_CALLER, F(probe.nr, "n", UINT));
FIELDS(PROBE_SPLIT, PROBE_ADDR("page"), F(probe.nr, "order", UINT));
FIELDS(PROBE_CACHE_CREATE, PROBE_NAME, F(probe.size, "size", UINT),
       F(probe.align, "align", UINT), F(probe.flags, "flags", HEX));
FIELDS(PROBE_CACHE_CREATE_RET, PROBE_CALLER, PROBE_ADDR("s"));
FIELDS(PROBE_CACHE_DESTROY, PROBE_ADDR("s"));
FIELDS(PROBE_CACHE_SHRINK, PROBE_ADDR("s"));

/* Payloads without a table: the marker's text, the name of an event that is not known. */
FIELDS(MARK, );
FIELDS(OTHER, );

static const struct event_desc descs[EVENT_NR] = {
#define X(suffix, system_, name_, payload_)                                                   \
	[EVENT_##suffix] = { .system = (system_), .name = (name_),                            \
			     .payload = EVENT_PAYLOAD_##payload_,                             \
			     .nr_fields = ARRAY_SIZE(fields_##suffix),                        \
			     .fields = fields_##suffix },
	EVENT_TYPES(X)
#undef X
};

static const uint8_t name_lens[EVENT_NR] = {
#define X(suffix, system_, name_, payload_) [EVENT_##suffix] = sizeof(name_) - 1,
	EVENT_TYPES(X)
#undef X
};

static bool has_object(unsigned int type);

const struct event_desc *event_desc(unsigned int type)
{
	BUG_ON(type >= EVENT_NR);
	return &descs[type];
}

enum event_type event_type_by_name(const char *name, size_t len)
{
	static const char mark[] = "tracing_mark_write";

	for (unsigned int type = 0; type < EVENT_OTHER; type++) {
		if (name_lens[type] == len && memcmp(descs[type].name, name, len) == 0)
			return type;
	}
	if (len == sizeof(mark) - 1 && memcmp(name, mark, len) == 0)
		return EVENT_MARK;
	return EVENT_OTHER;
}

uint32_t event_gfp(const struct event *ev)
{
	switch (descs[ev->type].payload) {
	case EVENT_PAYLOAD_SLAB:
		return ev->slab.gfp;
	case EVENT_PAYLOAD_PAGE:
		return ev->page.gfp;
	case EVENT_PAYLOAD_PERCPU:
		return ev->percpu.gfp;
	default:
		return 0;
	}
}

uint64_t event_field_get(const struct event *ev, const struct event_field *field)
{
	const unsigned char *at = (const unsigned char *)ev + field->offset;
	bool is_signed = field->kind == EVENT_FIELD_INT;
	uint64_t wide;
	uint32_t word;
	uint16_t half;

	if (field->kind == EVENT_FIELD_FAILED)
		return !!(ev->flags & EVENT_F_FAILED);
	switch (field->width) {
	case 1:
		return is_signed ? (uint64_t)(int64_t)(int8_t)*at : *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return is_signed ? (uint64_t)(int64_t)(int16_t)half : half;
	case 4:
		memcpy(&word, at, sizeof(word));
		return is_signed ? (uint64_t)(int64_t)(int32_t)word : word;
	case 8:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	default:
		BUG_ON(true);
	}
}

bool event_field_set(struct event *ev, const struct event_field *field, uint64_t value)
{
	unsigned char *at = (unsigned char *)ev + field->offset;
	unsigned int unused_bits = 64 - 8U * field->width;
	uint64_t stored = value << unused_bits;

	if (field->kind == EVENT_FIELD_FAILED) {
		ev->flags = (uint8_t)(value ? ev->flags | EVENT_F_FAILED :
					      ev->flags & ~EVENT_F_FAILED);
		return true;
	}
	if (field->kind == EVENT_FIELD_FLAG || field->kind == EVENT_FIELD_BOOL)
		stored = (value = !!value) << unused_bits;
	if (field->kind == EVENT_FIELD_INT ? (uint64_t)((int64_t)stored >> unused_bits) != value :
					     stored >> unused_bits != value)
		return false;
	memcpy(at, &value, field->width); /* little endian */
	return true;
}

void event_clear(struct event *ev, unsigned int type)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = (uint8_t)type;
	if (descs[type].payload == EVENT_PAYLOAD_SLAB)
		ev->slab.node = -1;
}

void event_settle(struct event *ev)
{
	bool failed = false;

	switch (descs[ev->type].payload) {
	case EVENT_PAYLOAD_SLAB:
		failed = has_object(ev->type) && !ev->slab.ptr;
		break;
	case EVENT_PAYLOAD_PAGE:
		/* Page frame 0 is never given out: text writes the absent page's ~0 as 0. */
		if (ev->page.pfn == 0 || ev->page.pfn == UINT32_MAX)
			ev->page.pfn = EVENT_PFN_FAILED;
		failed = ev->type == EVENT_PAGE_ALLOC && ev->page.pfn == EVENT_PFN_FAILED;
		break;
	case EVENT_PAYLOAD_EXTFRAG:
		/* libtraceevent prints nonsense for this expression; it has but one meaning. */
		if (ev->extfrag.pageblock_order)
			ev->extfrag.fragmenting =
				ev->extfrag.fallback_order < ev->extfrag.pageblock_order;
		break;
	case EVENT_PAYLOAD_CMA:
		failed = ev->type == EVENT_CMA_FINISH && (ev->cma.errorno || !ev->cma.pfn);
		break;
	case EVENT_PAYLOAD_PERCPU:
		failed = ev->type == EVENT_PCPU_ALLOC_FAIL;
		break;
	case EVENT_PAYLOAD_PROBE:
		failed = has_object(ev->type) &&
			 !(ev->type == EVENT_PROBE_BULK_RET ? ev->probe.nr : ev->probe.addr);
		break;
	default:
		break;
	}
	if (failed)
		ev->flags |= EVENT_F_FAILED;
}

/* Does this event tell the result of a request, so that none means failure? */
static bool has_object(unsigned int type)
{
	static const bool has[EVENT_NR] = {
		[EVENT_KMALLOC] = true,	     [EVENT_KMALLOC_NODE] = true,
		[EVENT_CACHE_ALLOC] = true,  [EVENT_CACHE_ALLOC_NODE] = true,
		[EVENT_PROBE_VM_RET] = true, [EVENT_PROBE_VMAP_RET] = true,
		[EVENT_PROBE_VA_ALLOC] = true, [EVENT_PROBE_BULK_RET] = true,
		[EVENT_PROBE_CACHE_CREATE_RET] = true,
	};

	return has[type];
}
