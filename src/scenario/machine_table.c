/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of scenarios: the kernel's names and arguments. check-style: data table */
#include <config.h>

#include "machine_internal.h"

/*
 * Behind the note may stand what else there is to say: .since and .last, the first and the last
 * release that has the call (neither: all have), and .instead, what others have.
 */
#define ROW(name_, args_, params_, result_, fn_, note_, ...)                                       \
	{ .function = { .name = (name_), .args = (args_), .params = (params_),                     \
			.result = SCENARIO_##result_ }, .call = scenario_##fn_, .note = (note_),   \
	  __VA_ARGS__ }
#define ASK(name_, args_, params_, result_, fn_, note_, ...)                                       \
	{ .function = { .name = (name_), .args = (args_), .params = (params_),                     \
			.result = SCENARIO_##result_ }, .call = scenario_##fn_, .query = true,     \
	  .note = (note_), __VA_ARGS__ }

#define AT_BOOT(name_, args_, params_, result_, fn_, when_, note_, ...)                            \
	{ .function = { .name = (name_), .args = (args_), .params = (params_),                     \
			.result = SCENARIO_##result_ }, .call = scenario_##fn_,                    \
	  .when = SCENARIO_##when_, .note = (note_), __VA_ARGS__ }

const struct scenario_row scenario_rows[] = {
	/* Small objects. */
	ROW("kmalloc", "sg", "size, flags", ADDRESS, kmalloc, NULL),
	ROW("kzalloc", "sg", "size, flags", ADDRESS, kzalloc, NULL),
	ROW("kmalloc_node", "sgi", "size, flags, node", ADDRESS, kmalloc_node, NULL),
	ROW("kzalloc_node", "sgi", "size, flags, node", ADDRESS, kzalloc_node, NULL),
	ROW("kmalloc_array", "ssg", "n, size, flags", ADDRESS, kmalloc_array, NULL, .since = { 3, 4 }, .instead = "kcalloc()"),
	ROW("kcalloc", "ssg", "n, size, flags", ADDRESS, kcalloc, NULL),
	ROW("krealloc", "asg", "p, new_size, flags", ADDRESS, krealloc, "in process context"),
	ROW("krealloc_array", "assg", "p, new_n, new_size, flags", ADDRESS, krealloc_array, "in process context", .since = { 5, 11 }, .instead = "krealloc(p, array_size(new_n, new_size), flags)"),
	ROW("kfree", "a", "p", NOTHING, kfree, NULL),
	ROW("kfree_sensitive", "a", "p", NOTHING, kfree, "nothing is wiped", .since = { 5, 9 }, .instead = "kzfree()"),
	ROW("kfree_bulk", "sr", "nr, p[]", NOTHING, kfree_bulk, NULL, .since = { 4, 6 }, .instead = "kfree() in a loop"),
	ROW("kmemdup", "asg", "p, size, flags", ADDRESS, memdup, "kmalloc(); nothing is copied"),
	ROW("kstrdup", "tg", "text, flags", ADDRESS, strdup, "the same"),
	ROW("kstrndup", "tsg", "text, max, flags", ADDRESS, strndup, "the same"),
	ROW("kasprintf", "gt", "flags, text", ADDRESS, asprintf, "takes the text as it is to be"),
	ASK("ksize", "a", "p", INT, ksize, NULL),
	ASK("kmalloc_size_roundup", "s", "size", INT, roundup, NULL, .since = { 6, 1 }, .instead = "ksize() of an object"),
	ROW("kmem_cache_create", "tsss?s", "name, size, align, flags, ctor", CACHE, cache_create, "the cache's own memory is not asked for; ctor: true, or left out"),
	ROW("kmem_cache_create_usercopy", "tsssss?s", "name, size, align, flags, useroffset, usersize, ctor", CACHE, cache_create_usercopy, "likewise; a region that is not inside of the object is none", .since = { 4, 16 }, .instead = "kmem_cache_create()"),
	ROW("kmem_cache_alloc", "cg", "cache, flags", ADDRESS, cache_alloc, NULL),
	ROW("kmem_cache_zalloc", "cg", "cache, flags", ADDRESS, cache_zalloc, NULL),
	ROW("kmem_cache_alloc_node", "cgi", "cache, flags, node", ADDRESS, cache_alloc_node, NULL),
	ROW("kmem_cache_free", "ca", "cache, p", NOTHING, cache_free, NULL),
	ROW("kmem_cache_alloc_bulk", "cgsr", "cache, flags, nr, p[]", INT, cache_alloc_bulk, NULL, .since = { 4, 3 }, .instead = "kmem_cache_alloc() in a loop"),
	ROW("kmem_cache_free_bulk", "csr", "cache, nr, p[]", NOTHING, cache_free_bulk, NULL, .since = { 4, 3 }, .instead = "kmem_cache_free() in a loop"),
	ROW("kmem_cache_shrink", "c", "cache", INT, cache_shrink, NULL),
	ROW("kmem_cache_destroy", "c", "cache", NOTHING, cache_destroy, "refuses while objects are allocated, and names them"),
	ASK("kmem_cache_size", "c", "cache", INT, cache_size, NULL),
	ASK("objs_per_slab", "a", "p", INT, slab_objects, "of the slab that the object lies in; by its fullest order"),
	ASK("slab_size", "a", "p", INT, slab_size, "of the slab that the object lies in; by its fullest order"),
	ASK("array_size", "ss", "n, size", INT, size_mul, NULL, .since = { 4, 18 }),
	ASK("size_mul", "ss", "a, b", INT, size_mul, NULL, .since = { 5, 18 }, .instead = "array_size()"),
	ASK("size_add", "ss", "a, b", INT, size_add, NULL, .since = { 5, 18 }),
	ASK("struct_size", "sss", "head, element, n", INT, struct_size, "takes sizes, not a type", .since = { 4, 18 }),
	/* Pages. */
	ROW("alloc_pages", "gs", "flags, order", PAGE, alloc_pages, NULL),
	ROW("alloc_page", "g", "flags", PAGE, alloc_page, NULL),
	ROW("alloc_pages_node", "igs", "node, flags, order", PAGE, alloc_pages_node, NULL),
	ROW("__get_free_pages", "gs", "flags, order", ADDRESS, get_free_pages, NULL),
	ROW("__get_free_page", "g", "flags", ADDRESS, get_free_page, NULL),
	ROW("get_zeroed_page", "g", "flags", ADDRESS, get_zeroed_page, NULL),
	ROW("__free_pages", "ps", "page, order", NOTHING, free_pages_page, NULL),
	ROW("__free_page", "p", "page", NOTHING, free_page_page, NULL),
	ROW("put_page", "p", "page", NOTHING, free_page_page, "of the last reference to a single page"),
	ROW("free_pages", "as", "p, order", NOTHING, free_pages, NULL),
	ROW("free_page", "a", "p", NOTHING, free_page, NULL),
	ROW("split_page", "pr", "page, pages[]", NOTHING, split_page, "the pages come into an array"),
	ROW("alloc_pages_exact", "sg", "size, flags", ADDRESS, alloc_exact, NULL),
	ROW("alloc_pages_exact_nid", "isg", "node, size, flags", ADDRESS, exact_nid, NULL),
	ROW("__get_dma_pages", "gs", "flags, order", ADDRESS, dma_pages, NULL),
	ROW("folio_alloc", "gs", "flags, order", PAGE, folio_alloc, NULL, .since = { 5, 16 }, .instead = "alloc_pages(flags | __GFP_COMP, order)"),
	ROW("folio_put", "p", "folio", NOTHING, folio_put, "of the last reference", .since = { 5, 16 }, .instead = "__free_pages()"),
	ROW("free_pages_exact", "as", "p, size", NOTHING, free_exact, NULL),
	ROW("alloc_pages_bulk", "gsr", "flags, nr, pages[]", INT, alloc_bulk, NULL, .since = { 6, 14 }, .instead = "alloc_pages_bulk_array()"),
	ROW("alloc_pages_bulk_array", "gsr", "flags, nr, pages[]", INT, alloc_bulk, NULL, .since = { 5, 13 }, .last = { 6, 13 }, .instead = "alloc_pages_bulk() from 6.14 on"),
	ASK("page_to_pfn", "p", "page", INT, page_to_pfn, NULL),
	ASK("page_address", "p", "page", ADDRESS, page_address, NULL),
	ASK("virt_to_page", "a", "p", PAGE, virt_to_page, "of the first page of a block"),
	ASK("virt_to_pfn", "a", "p", INT, pfn_of, "of the direct map"),
	ASK("page_zonenum", "s", "pfn", TEXT, zone_of, "gives the zone's name"),
	ASK("pfn_to_nid", "s", "pfn", INT, node_of_pfn, NULL),
	/* What a mask permits. */
	ASK("gfp_zone", "g", "flags", TEXT, gfp_zone, "gives the zone's name"),
	ASK("gfp_migratetype", "g", "flags", TEXT, gfp_migratetype, "gives the type's name"),
	ASK("gfpflags_allow_blocking", "g", "flags", INT, allow_blocking, NULL, .since = { 4, 4 }),
	ASK("current_gfp_context", "g", "flags", INT, gfp_context, "what the open scopes leave of them", .since = { 4, 12 }),
	ASK("gfp_patience", "gs", "flags, order", TEXT, gfp_patience, "how long such a request keeps trying, in words"),
	ASK("gfp_depth", "gs", "flags, order", INT, gfp_depth, "thousandths of the min mark that it may go down to"),
	/* How much is free; of all nodes, of one zone when its name is given. */
	ASK("nr_free_pages", "?t", "zone", INT, nr_free, "in the free lists, but not on per-CPU lists"),
	ASK("nr_free_blocks", "s?t", "order, zone", INT, nr_blocks, "as /proc/buddyinfo"),
	ASK("extfrag_for_order", "s?t", "order, zone", INT, extfrag, "percent of free memory in smaller blocks"),
	ASK("totalram_pages", "", "", INT, totalram, NULL),
	ASK("min_wmark_pages", "t", "zone", INT, min_wmark, "with the boost of the moment"),
	ASK("low_wmark_pages", "t", "zone", INT, low_wmark, "the same"),
	ASK("high_wmark_pages", "t", "zone", INT, high_wmark, "the same"),
	ASK("get_pageblock_migratetype", "p", "page", TEXT, block_type, "gives the type's name"),
	ASK("nr_slabs", "c", "cache", INT, nr_slabs, "as /proc/slabinfo"),
	ASK("page_stat", "t", "name", INT, page_stat, "a counter of the page allocator, as 'kmreplay replay' has them"),
	ASK("last_cost", "", "", INT, last_cost, "ns that the last call took, as expect cost"),
	/* What becomes of pages when memory is short. */
	ROW("add_to_page_cache", "p", "page", NOTHING, cache_add, "clean page cache, which reclaim frees, oldest first; ought to be movable"),
	ROW("add_to_task", "p", "page", NOTHING, anon_add, "a task's memory: the OOM killer frees it"),
	ROW("drop_caches", "", "", INT, drop_caches, "all page cache goes; how many pages"),
	ROW("drain_all_pages", "", "", NOTHING, drain_pages, NULL),
	/* Large buffers. */
	ROW("cma_alloc", "sss", "area, count, align", PAGE, cma_alloc, "areas are numbers; align is log2 of pages", .since = { 3, 17 }, .instead = "dma_alloc_coherent()"),
	ROW("cma_release", "sps", "area, pages, count", NOTHING, cma_release, "all of what cma_alloc() gave", .since = { 3, 17 }, .instead = "dma_free_coherent()"),
	ASK("cma_get_base", "s", "area", INT, cma_base, NULL, .since = { 3, 17 }),
	ASK("cma_get_size", "s", "area", INT, cma_size, NULL, .since = { 3, 17 }),
	ASK("cma_available", "s", "area", INT, cma_available, "pages that no cma_alloc() holds"),
	ROW("alloc_contig_pages", "sgi", "nr_pages, flags, nid", PAGE, contig_pages, "page cache moves, too; the kernel drops it", .since = { 5, 5 }, .instead = "alloc_contig_range()"),
	ROW("alloc_contig_range", "ssg", "start, end, flags", INT, contig_range, "page frames; 0 or an error's number; page cache moves, too", .since = { 3, 5 }),
	ROW("free_contig_range", "ss", "pfn, nr_pages", NOTHING, free_contig, "all of what was given", .since = { 3, 5 }),
	ROW("pin_user_page", "p", "page", NOTHING, pin_page, "pins it for a while, so that it cannot move", .since = { 5, 6 }),
	ROW("unpin_user_page", "p", "page", NOTHING, unpin_page, NULL, .since = { 5, 6 }),
	ASK("DMA_BIT_MASK", "s", "bits", INT, dma_bit_mask, NULL),
	ROW("dma_set_mask", "s", "mask", INT, dma_set_mask, "there is one device, of 32 bits unless told; 0 or -EIO"),
	ROW("dma_alloc_coherent", "sg", "size, flags", ADDRESS, dma_alloc, "dma-direct, coherent: first CMA (area 0), then pages, then lower zones; no IOMMU, swiotlb, pools"),
	ROW("dma_free_coherent", "sa", "size, p", NOTHING, dma_free, NULL),
	ROW("sg_alloc_table", "sg", "nents, flags", ADDRESS, sg_alloc_table, "the table's memory alone"),
	ROW("sg_free_table", "a", "table", NOTHING, sg_free_table, NULL),
	ROW("sgl_alloc", "sg", "length, flags", ADDRESS, sgl_alloc, "a list, and its single pages", .since = { 4, 16 }, .instead = "sg_alloc_table()"),
	ROW("sgl_alloc_order", "ssg", "length, order, flags", ADDRESS, sgl_alloc_order, "the same in larger pieces", .since = { 4, 16 }, .instead = "sg_alloc_table()"),
	ROW("sgl_free", "a", "sgl", NOTHING, sgl_free, "of either", .since = { 4, 16 }),
	/* Boot. */
	AT_BOOT("memblock_alloc", "ss", "size, align", ADDRESS, memblock_alloc, BOOTING, NULL, .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_alloc_raw", "ss", "size, align", ADDRESS, memblock_alloc_raw, BOOTING, "not zeroed", .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_alloc_from", "sss", "size, align, min_addr", ADDRESS, memblock_alloc_from, BOOTING, NULL, .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_alloc_low", "ss", "size, align", ADDRESS, memblock_alloc_low, BOOTING, NULL, .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_alloc_node", "ssi", "size, align, nid", ADDRESS, memblock_alloc_node, BOOTING, NULL, .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_alloc_try_nid", "ssssi", "size, align, min_addr, max_addr, nid", ADDRESS, memblock_alloc_try_nid, BOOTING, NULL, .since = { 4, 20 }, .instead = "alloc_bootmem()"),
	AT_BOOT("memblock_phys_alloc", "ss", "size, align", INT, memblock_phys_alloc, BOOTING, "gives a physical address", .since = { 4, 20 }),
	AT_BOOT("memblock_phys_alloc_range", "ssss", "size, align, start, end", INT, memblock_phys_alloc_range, BOOTING, "gives a physical address", .since = { 5, 2 }),
	AT_BOOT("memblock_reserve", "ss", "base, size", NOTHING, memblock_reserve, BOOTING, NULL, .since = { 3, 0 }),
	AT_BOOT("memblock_phys_free", "ss", "base, size", NOTHING, memblock_phys_free, ALWAYS, NULL, .since = { 5, 16 }, .instead = "memblock_free(base, size)"),
	AT_BOOT("memblock_free", "as", "p, size", NOTHING, memblock_free, ALWAYS, "after boot since 7.0", .since = { 5, 16 }),
	AT_BOOT("memblock_free", "ss", "base, size", NOTHING, memblock_phys_free, BOOTING, NULL, .since = { 3, 0 }, .last = { 5, 15 }),
	AT_BOOT("memblock_free_late", "ss", "base, size", NOTHING, memblock_free_late, BOOTED, NULL, .since = { 4, 20 }),
	AT_BOOT("memblock_set_bottom_up", "s", "enable", NOTHING, memblock_bottom_up, BOOTING, NULL, .since = { 3, 13 }),
	ASK("memblock_is_reserved", "s", "addr", INT, memblock_is_reserved, NULL, .since = { 3, 0 }),
	ASK("memblock_phys_mem_size", "", "", INT, memblock_memory, NULL, .since = { 3, 0 }),
	ASK("memblock_reserved_size", "", "", INT, memblock_reserved, NULL, .since = { 3, 13 }),
	AT_BOOT("alloc_bootmem", "s", "size", ADDRESS, bootmem_alloc, BOOTING, "a bitmap before 3.0 (x86), then memblock", .last = { 4, 19 }, .instead = "memblock_alloc()"),
	AT_BOOT("alloc_bootmem_low", "s", "size", ADDRESS, bootmem_low, BOOTING, "below 4 GiB; as alloc_bootmem()", .last = { 4, 19 }, .instead = "memblock_alloc()"),
	AT_BOOT("alloc_bootmem_pages", "s", "size", ADDRESS, bootmem_pages, BOOTING, "as alloc_bootmem()", .last = { 4, 19 }, .instead = "memblock_alloc()"),
	AT_BOOT("__alloc_bootmem", "sss", "size, align, goal", ADDRESS, bootmem_goal, BOOTING, "as alloc_bootmem()", .last = { 4, 19 }, .instead = "memblock_alloc()"),
	AT_BOOT("free_bootmem", "ss", "physaddr, size", NOTHING, bootmem_free, BOOTING, "whole pages", .last = { 4, 19 }, .instead = "memblock_free()"),
	/* Areas. */
	ROW("vmalloc", "s", "size", ADDRESS, vmalloc, NULL),
	ROW("vzalloc", "s", "size", ADDRESS, vzalloc, NULL),
	ROW("vmalloc_node", "si", "size, node", ADDRESS, vmalloc_node, NULL),
	ROW("vmalloc_32", "s", "size", ADDRESS, vmalloc_32, NULL),
	ROW("vmalloc_user", "s", "size", ADDRESS, vmalloc_user, NULL),
	ROW("vmalloc_huge", "sg", "size, flags", ADDRESS, vmalloc_huge, NULL, .since = { 5, 18 }, .instead = "__vmalloc()"),
	ROW("__vmalloc", "sg", "size, flags", ADDRESS, vmalloc_gfp, NULL),
	ROW("vfree", "a", "p", NOTHING, vfree, "in an interrupt a worker does it, as soon as time passes"),
	ROW("vfree_atomic", "a", "p", NOTHING, vfree_atomic, "a worker does it, as soon as time passes", .since = { 4, 10 }, .instead = "vfree()"),
	ROW("vrealloc", "asg", "p, size, flags", ADDRESS, vrealloc, "nothing grows in place (6.12)", .since = { 6, 12 }, .instead = "vmalloc(), then vfree() of the old area"),
	ROW("vmap", "rs?ss", "pages[], count, flags, prot", ADDRESS, vmap, "the memory of the array is not the area's"),
	ROW("vunmap", "a", "p", NOTHING, vunmap, "refuses to leak pages"),
	ROW("vm_map_ram", "rsi", "pages[], count, node", ADDRESS, vm_map_ram, NULL),
	ROW("vm_unmap_ram", "as", "p, count", NOTHING, vm_unmap_ram, NULL),
	ROW("vm_unmap_aliases", "", "", NOTHING, unmap_aliases, NULL),
	ROW("set_memory_ro", "as", "p, numpages", NOTHING, set_memory, "flushes aliases (x86); nothing is protected"),
	ROW("set_memory_rw", "as", "p, numpages", NOTHING, set_memory, "as set_memory_ro()"),
	ROW("set_memory_x", "as", "p, numpages", NOTHING, set_memory, "as set_memory_ro()"),
	ROW("set_memory_nx", "as", "p, numpages", NOTHING, set_memory, "as set_memory_ro()"),
	ROW("set_memory_rox", "as", "p, numpages", NOTHING, set_memory, "as set_memory_ro()", .since = { 6, 2 }, .instead = "set_memory_ro(), set_memory_x()"),
	ROW("ioremap", "ss", "phys, size", ADDRESS, ioremap, "no check of what is at that address"),
	ROW("iounmap", "a", "p", NOTHING, iounmap, NULL),
	ROW("module_alloc", "s", "size", ADDRESS, module_alloc, "no random offset", .last = { 6, 9 }, .instead = "execmem_alloc()"),
	ROW("module_memfree", "a", "p", NOTHING, execmem_free, NULL, .last = { 6, 9 }, .instead = "execmem_free()"),
	ROW("execmem_alloc", "ss", "type, size", ADDRESS, execmem_alloc, "one range for all types, without the cache of large pages", .since = { 6, 10 }, .instead = "module_alloc()"),
	ROW("execmem_free", "a", "p", NOTHING, execmem_free, NULL, .since = { 6, 10 }, .instead = "module_memfree()"),
	ROW("bpf_prog_pack_alloc", "s", "size", ADDRESS, bpf_alloc, "no flushes of branch predictors", .since = { 5, 18 }, .instead = "module_alloc()"),
	ROW("bpf_prog_pack_free", "as", "p, size", NOTHING, bpf_free, NULL, .since = { 5, 18 }, .instead = "module_memfree()"),
	ROW("alloc_thread_stack_node", "i", "node", ADDRESS, stack_alloc, "no charge to a memory cgroup; a grace period takes 20 ms"),
	ROW("free_thread_stack", "a", "p", NOTHING, stack_free, "two a CPU are kept, others wait for a grace period (5.18) and a worker"),
	ROW("free_vm_stack_cache", "s", "cpu", NOTHING, offline_stacks, "what a CPU that goes offline does", .since = { 4, 14 }),
	ROW("kvmalloc", "sg", "size, flags", ADDRESS, kvmalloc, NULL, .since = { 4, 12 }, .instead = "kmalloc(), then vmalloc()"),
	ROW("kvzalloc", "sg", "size, flags", ADDRESS, kvzalloc, NULL, .since = { 4, 12 }, .instead = "kzalloc(), then vzalloc()"),
	ROW("kvmalloc_node", "sgi", "size, flags, node", ADDRESS, kvmalloc_node, NULL, .since = { 4, 12 }, .instead = "kmalloc_node(), then vmalloc_node()"),
	ROW("kvzalloc_node", "sgi", "size, flags, node", ADDRESS, kvzalloc_node, NULL, .since = { 4, 12 }, .instead = "kmalloc_node(), then vmalloc_node()"),
	ROW("kvmalloc_array", "ssg", "n, size, flags", ADDRESS, kvmalloc_array, NULL, .since = { 4, 12 }, .instead = "kmalloc_array(), then vmalloc()"),
	ROW("kvcalloc", "ssg", "n, size, flags", ADDRESS, kvcalloc, NULL, .since = { 4, 18 }, .instead = "kvzalloc(array_size(n, size), flags)"),
	ROW("kvrealloc", "asx?g", "p, size, flags", ADDRESS, kvrealloc, "before 6.12 (p, oldsize, newsize, flags)", .since = { 5, 15 }, .instead = "kvmalloc(), then kvfree() of the old memory"),
	ROW("kvfree", "a", "p", NOTHING, kvfree, NULL, .since = { 3, 15 }),
	ASK("is_vmalloc_addr", "a", "p", INT, is_vmalloc, NULL),
	ROW("__alloc_percpu", "ss", "size, align", PERCPU, percpu, NULL),
	ROW("alloc_percpu", "s?s", "size, align", PERCPU, percpu, "takes a size, not a type"),
	ROW("__alloc_percpu_gfp", "ssg", "size, align, flags", PERCPU, percpu_gfp, NULL, .since = { 3, 18 }, .instead = "__alloc_percpu(), which is GFP_KERNEL"),
	ROW("__alloc_reserved_percpu", "ss", "size, align", PERCPU, percpu_reserved, NULL),
	ROW("free_percpu", "u", "p", NOTHING, free_percpu, NULL),
	ASK("per_cpu_ptr", "us", "p, cpu", ADDRESS, per_cpu_ptr, NULL),
	ROW("percpu_counter_init", "sg", "amount, flags", PERCPU, percpu_counter_init, "gives the counter's area; the amount is not kept", .since = { 3, 18 }, .instead = "__alloc_percpu(4, 4)"),
	ROW("percpu_counter_destroy", "u", "counter", NOTHING, percpu_counter_destroy, NULL),
	/* Memory pools. */
	ROW("mempool_create_slab_pool", "sc", "min_nr, cache", POOL, mempool_create_slab, NULL),
	ROW("mempool_create_kmalloc_pool", "ss", "min_nr, size", POOL, mempool_create_kmalloc, NULL),
	ROW("mempool_create_kvmalloc_pool", "ss", "min_nr, size", POOL, mempool_create_kvmalloc, NULL, .since = { 6, 9 }, .last = { 6, 18 }, .instead = "mempool_create_kmalloc_pool()"),
	ROW("mempool_create_page_pool", "ss", "min_nr, order", POOL, mempool_create_page, "elements are pages"),
	ROW("mempool_alloc", "mg", "pool, flags", ADDRESS, mempool_alloc, "waits as long as something is left to happen; \"waits for ever\" if nothing frees an element"),
	ROW("mempool_alloc_preallocated", "m", "pool", ADDRESS, mempool_alloc_preallocated, NULL, .since = { 6, 8 }, .instead = "mempool_alloc(), which tries the allocator first"),
	ROW("mempool_alloc_bulk", "mrs?s", "pool, elements[], nr, allocated", INT, mempool_alloc_bulk, "elements that are not 0 stay; 0 when all are there", .since = { 6, 19 }, .instead = "mempool_alloc() in a loop"),
	ROW("mempool_free", "em", "element, pool", NOTHING, mempool_free, NULL),
	ROW("mempool_free_bulk", "mrs", "pool, elements[], nr", INT, mempool_free_bulk, "how many went to the reserve", .since = { 6, 19 }, .instead = "mempool_free() in a loop"),
	ROW("mempool_resize", "ms", "pool, min_nr", INT, mempool_resize, NULL),
	ROW("mempool_destroy", "m", "pool", NOTHING, mempool_destroy, "refuses while elements are in use, which the kernel does not look at"),
	ASK("mempool_curr_nr", "m", "pool", INT, mempool_curr_nr, "pool->curr_nr: elements in reserve"),
	ASK("mempool_min_nr", "m", "pool", INT, mempool_min_nr, "pool->min_nr"),
	ASK("mempool_nr_used", "m", "pool", INT, mempool_nr_used, "elements in use, which the kernel does not count"),
	ASK("mempool_is_saturated", "m", "pool", INT, mempool_is_saturated, NULL, .since = { 6, 8 }, .instead = "mempool_curr_nr(pool) >= mempool_min_nr(pool)"),
	/* Pieces of pages. */
	ROW("page_frag_cache_init", "", "", POOL, frag_init, "gives the cache; up to 6.12 the kernel has no call, but a zeroed struct"),
	ROW("page_frag_alloc", "msg", "cache, size, flags", ADDRESS, frag_alloc, NULL),
	ROW("page_frag_alloc_align", "msgs", "cache, size, flags, align", ADDRESS, frag_alloc_align, NULL, .since = { 5, 12 }, .instead = "page_frag_alloc()"),
	ROW("page_frag_free", "a", "p", NOTHING, frag_free, NULL),
	ROW("page_frag_cache_drain", "m", "cache", NOTHING, frag_drain, "before 6.9 of a page, under another name"),
	ASK("page_frag_pages", "", "", INT, frag_pages, "pages that fragments keep, which the kernel does not count"),
	ROW("dma_pool_create", "tsss", "name, size, align, boundary", POOL, dma_pool_create, "of the one device there is"),
	ROW("dma_pool_alloc", "mg", "pool, flags", ADDRESS, dma_pool_alloc, NULL),
	ROW("dma_pool_zalloc", "mg", "pool, flags", ADDRESS, dma_pool_alloc, NULL, .since = { 4, 3 }, .instead = "dma_pool_alloc(pool, flags | __GFP_ZERO)"),
	ROW("dma_pool_free", "ma", "pool, p", NOTHING, dma_pool_free, NULL),
	ROW("dma_pool_destroy", "m", "pool", NOTHING, dma_pool_destroy, "refuses while blocks are in use; the kernel leaks their pages"),
	ASK("dma_pool_pages", "m", "pool", INT, dma_pool_pages, "pieces of coherent memory that it holds, as in /sys"),
};

const struct scenario_group scenario_groups[] = {
	{ "kmalloc", "Small objects",
	  "size classes and caches of the release's slab allocator, cpu slabs or sheaves, slabs on "
	  "lists, merging, alignment, krealloc() in place, arrays that overflow, GFP masks, page "
	  "requests with their fallback to smaller slabs",
	  "contents (nothing is written, copied or wiped); devm_ and other wrappers that only "
	  "remember" },
	{ "alloc_pages", "Pages",
	  "zones, watermarks, fallback between zones and migrate types, per-CPU lists, reclaim, "
	  "compaction and OOM as far as a scenario has pages to give up",
	  "contents, mapping into processes, reference counts" },
	{ "gfp_zone", "What a mask permits, and how much is free", NULL,
	  "These only ask; what the kernel has as a file or a counter has a name of our own" },
	{ "add_to_page_cache", "What becomes of pages when memory is short",
	  NULL, "These stand for file systems and processes, and are no calls of the kernel" },
	{ "cma_alloc", "Large buffers",
	  "CMA areas with their bitmaps, isolation, migration out of a range with what it costs and "
	  "why it fails, DMA masks, tables of scattered memory",
	  "IOMMUs, bounce buffers (swiotlb), caches that are not coherent, devices; page cache is "
	  "moved, not dropped" },
	{ "memblock_alloc", "Memory at boot ('context boot')",
	  "the lists of memory and of what is reserved, searches from either end, nodes, limits, "
	  "alignment, what is handed to the page allocator when boot ends; the bitmap of old",
	  "what the kernel reserves for itself, deferred initialisation, hot-plugged memory" },
	{ "vmalloc", "vmalloc and kvmalloc",
	  "ranges, address search, guard pages, lazy purges, pools of nodes, page requests one by one "
	  "or in bulk, large pages, kmalloc() first and its masks", "page tables' own pages" },
	{ "__alloc_percpu", "Per-CPU memory",
	  "chunks, block hints, population page by page, atomic requests and the work behind them, "
	  "the reserved chunk, what a chunk's own books cost",
	  "contents, limits of memory cgroups, page tables' own pages" },
	{ "mempool_create_slab_pool", "Memory pools",
	  "the allocator is tried first with an altered mask, then the reserve, then the call waits; "
	  "frees refill; debugging of pools",
	  "pools of one's own functions (mempool_create()); a reserve that is poisoned" },
	{ "page_frag_cache_init", "Pieces of pages",
	  "where in a page fragments and DMA blocks lie, when a page is used again and when it goes "
	  "back, the masks of the requests",
	  "sk_page_frag_refill() and the caches of network drivers, which are each a cache like this" },
};

unsigned int scenario_nr_rows(void)
{
	return ARRAY_SIZE(scenario_rows);
}

unsigned int scenario_nr_groups(void)
{
	return ARRAY_SIZE(scenario_groups);
}
