/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What is compared, one row a metric. check-style: data table
 *
 * X(suffix, key, layer, kind, help): see verify/log.h.
 */
#ifndef KMREPLAY_VERIFY_METRIC_TABLE_H
#define KMREPLAY_VERIFY_METRIC_TABLE_H

#define VERIFY_METRICS(X)                                                                     \
	X(PAGE_PFN, "page.pfn", PAGE, SHARE, "allocations that got the very page frame")      \
	X(PAGE_BLOCK, "page.pageblock", PAGE, SHARE, "allocations in the same pageblock")     \
	X(PAGE_ZONE, "page.zone", PAGE, SHARE, "allocations from the same zone")              \
	X(PAGE_TAKE, "page.take", PAGE, SHARE,                                                \
	  "blocks taken from the buddy lists, the very block each time")                      \
	X(PAGE_REFILL, "page.refill", PAGE, DETECT,                                           \
	  "allocations that find the per-CPU list empty and refill it")                       \
	X(PAGE_REFILL_SIZE, "page.refill_size", PAGE, SHARE, "refills of the same size")      \
	X(PAGE_EXTFRAG, "page.extfrag", PAGE, DETECT, "blocks taken from another migratetype") \
	X(PAGE_EXTFRAG_SAME, "page.extfrag_fields", PAGE, SHARE,                              \
	  "of those predicted: same orders, types and change of ownership")                   \
	X(PAGE_DRAIN, "page.drain", PAGE, DETECT,                                             \
	  "frees after which pages go back from the per-CPU lists")                           \
	X(PAGE_DRAIN_SIZE, "page.drain_size", PAGE, SHARE, "of those: the same number of pages") \
	X(PAGE_DRAINED, "page.drained", PAGE, SHARE, "pages that go back, the very page each time") \
	X(PAGE_FAILURE, "page.failure", PAGE, DETECT, "requests that fail")                   \
	X(PAGE_WAKE, "page.kswapd_wake", PAGE, DETECT, "requests that wake kswapd")           \
	X(PAGE_MEMBLOCK, "page.memblock", PAGE, SHARE,                                        \
	  "allocations at boot (memblock, from the boot log) at the same address")            \
	X(SLAB_SLAB, "slab.slab", SLAB, SHARE, "objects in the same slab (or in a new one as well)") \
	X(SLAB_ADDRESS, "slab.address", SLAB, SHARE, "objects at the same address, where knowable") \
	X(SLAB_NEW, "slab.new", SLAB, DETECT, "allocations that take a new slab, at the very event") \
	X(SLAB_NEW_NEAR, "slab.new_near", SLAB, SHARE,                                        \
	  "new slabs within 8 allocations of the cache's from where the kernel took one")     \
	X(SLAB_DISCARD, "slab.discard", SLAB, DETECT, "frees that give a slab back, at the very event") \
	X(SLAB_DISCARD_SAME, "slab.discard_same", SLAB, SHARE, "slabs given back, the very slab") \
	X(SLAB_HELD, "slab.held", SLAB, SHARE,                                                \
	  "pages held by slabs, compared after each change: 1 - |difference| / recorded")     \
	X(VMALLOC_ADDRESS, "vmalloc.address", VMALLOC, SHARE, "areas at the same address")    \
	X(VMALLOC_SIZE, "vmalloc.size", VMALLOC, SHARE, "areas of the same size")             \
	X(VMALLOC_FAILURE, "vmalloc.failure", VMALLOC, DETECT, "requests that find no address") \
	X(VMALLOC_LAZY, "vmalloc.lazy", VMALLOC, SHARE,                                       \
	  "frees after which the same number of pages waits for a purge")                     \
	X(VMALLOC_PURGE, "vmalloc.purge", VMALLOC, DETECT,                                    \
	  "purges because too many pages are lazy")                                           \
	X(VMALLOC_PURGED, "vmalloc.purged", VMALLOC, SHARE,                                   \
	  "purges, by whoever, of the same number of areas")                                  \
	X(VMALLOC_FOUND, "vmalloc.found", VMALLOC, DETECT,                                    \
	  "areas found by their bookkeeping, with their size, where events tell of them")     \
	X(VMALLOC_CUT, "vmalloc.cut", VMALLOC, SHARE,                                         \
	  "areas found so that are cut from a free range in the way that records show")       \
	X(VMALLOC_PAGES, "vmalloc.pages", VMALLOC, DETECT,                                    \
	  "pages that vmalloc asked for or gave back, with an event, as the layer by itself does") \
	X(PERCPU_OFFSET, "percpu.offset", PERCPU, SHARE, "allocations in the same chunk at the same offset") \
	X(PERCPU_NEW, "percpu.new_offset", PERCPU, SHARE,                                     \
	  "of those in chunks made while recording: the same offset")                        \
	X(PERCPU_CHUNK, "percpu.chunk", PERCPU, SHARE, "allocations in the same chunk")       \
	X(PERCPU_CREATE, "percpu.create", PERCPU, DETECT,                                     \
	  "chunks created, for a request or by the work that keeps pages ready")              \
	X(PERCPU_DESTROY, "percpu.destroy", PERCPU, DETECT, "chunks destroyed")               \
	X(PERCPU_PAGES, "percpu.pages", PERCPU, DETECT,                                       \
	  "followed from boot on: pages taken for areas, and by the work that keeps some ready") \
	X(PERCPU_FAILURE, "percpu.failure", PERCPU, DETECT, "atomic requests that fail")      \
	X(JOINT_PFN, "joint.pfn", JOINT, SHARE,                                               \
	  "pages of new slabs, asked for at the very event and the very page frame")          \
	X(JOINT_NEW, "joint.new", JOINT, DETECT, "slabs asked for at the very event")         \
	X(JOINT_BACK, "joint.back", JOINT, DETECT,                                            \
	  "slab pages given back at the very event, or with it after a grace period")         \
	X(JOINT_BACK_PFN, "joint.back_pfn", JOINT, SHARE, "of those predicted: the very page frame") \
	X(JOINT_OTHER, "joint.other", JOINT, SHARE,                                           \
	  "allocations for anything else that got the very page frame")                      \
	X(JOINT_OWNER, "joint.owner", JOINT, SHARE,                                             \
	  "page requests known for what they are: for a slab, a large kmalloc, something else") \
	X(JOINT_CACHE, "joint.cache", JOINT, SHARE, "pages of slabs, the right cache known")

#endif
