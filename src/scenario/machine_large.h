/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What the scenarios' machine has for large buffers: scattered memory, and boot. */
#ifndef KMREPLAY_SCENARIO_MACHINE_LARGE_H
#define KMREPLAY_SCENARIO_MACHINE_LARGE_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/outcome.h"

struct bootmem;
struct machine_config;
struct memblock;
struct scenario_boot;
struct scenario_machine;

/** X(suffix, name): who gave a block, and takes it back. */
#define BLOCK_SOURCES(X)                                                                      \
	X(PAGES, "alloc_pages()")                                                             \
	X(EXACT, "alloc_pages_exact()") /* single pages */                                    \
	X(POOL, "mempool_alloc()")                                                            \
	X(CMA, "cma_alloc()")                                                                 \
	X(CONTIG, "alloc_contig_range()")                                                     \
	X(DMA, "dma_alloc_coherent()")                                                        \
	X(DMA_CMA, "dma_alloc_coherent()") /* which had it from CMA */                        \
	X(SG, "sgl_alloc()")

enum block_from {
#define X(suffix, name) BLOCK_FROM_##suffix,
	BLOCK_SOURCES(X)
#undef X
};

/** A piece of a table of scattered memory. */
struct scenario_sg_chunk {
	uint64_t addr;
	bool page; /**< a page of its own; else kmalloc() memory */
};

/** A table of scattered memory, or a list with its memory. */
struct scenario_sg {
	struct vec(struct scenario_sg_chunk) chunks;
	struct vec(uint32_t) pages; /**< blocks */
	uint8_t order;
	bool list; /**< of sgl_alloc() */
	bool live;
};

/* machine_boot.c */

struct scenario_boot *scenario_boot_create(const struct machine_config *config);
void scenario_boot_destroy(struct scenario_boot *boot);
bool scenario_is_booting(const struct scenario_machine *m);
/** False and "err": it has booted already. */
bool scenario_boot_begin(struct scenario_machine *m, struct error *err);
/** Nothing, unless it is booting; else what was not reserved makes the machine. */
bool scenario_boot_end(struct scenario_machine *m, struct error *err);
struct memblock *scenario_memblock(struct scenario_machine *m);
/** NULL: this kernel's is a name for memblock. */
struct bootmem *scenario_bootmem(struct scenario_machine *m);
/** Zeroing "size" bytes, in ns. */
uint64_t scenario_boot_cost(const struct scenario_machine *m, uint64_t size);
/** First address behind zone DMA. */
uint64_t scenario_dma_limit(const struct scenario_machine *m);

/* calls_contig.c */

/** dma_alloc_coherent(): addr is the first pfn, "*id" the block. */
struct mm_outcome scenario_dma_get(struct scenario_machine *m, uint64_t size, uint32_t gfp,
				   uint32_t *id);
/** dma_free_coherent() of block "id", live. */
struct mm_outcome scenario_dma_put(struct scenario_machine *m, uint32_t id);

/* calls_sg.c */

void scenario_sg_deinit(struct scenario_machine *m);

#define SCENARIO_FUNCTIONS_LARGE_(X)                                                          \
	X(cma_alloc) X(cma_release) X(cma_base) X(cma_size) X(cma_available)                  \
	X(contig_pages) X(contig_range) X(free_contig) X(pin_page) X(unpin_page)              \
	X(dma_bit_mask) X(dma_set_mask) X(dma_alloc) X(dma_free)                              \
	X(sg_alloc_table) X(sg_free_table) X(sgl_alloc) X(sgl_alloc_order) X(sgl_free)        \
	X(memblock_alloc) X(memblock_alloc_raw) X(memblock_alloc_from) X(memblock_alloc_low)  \
	X(memblock_alloc_node) X(memblock_alloc_try_nid) X(memblock_phys_alloc)               \
	X(memblock_phys_alloc_range) X(memblock_reserve) X(memblock_phys_free)                \
	X(memblock_free) X(memblock_free_late) X(memblock_bottom_up)                          \
	X(memblock_is_reserved) X(memblock_memory) X(memblock_reserved)                       \
	X(bootmem_alloc) X(bootmem_low) X(bootmem_pages) X(bootmem_goal) X(bootmem_free)

#endif
