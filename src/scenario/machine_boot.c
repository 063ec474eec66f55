/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario's machine while it boots: no page allocator yet, but memory that can be reserved. When
 * boot ends, the machine is made anew with what is left.
 *
 * Boot is what stands in "context boot" before anything else. The kernel's own image, its memory
 * map and the firmware's tables reserve nothing here: the machine has what its options say.
 */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/mm/bootmem.h"
#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/zone.h"

struct scenario_boot {
	struct machine_config config;
	struct memblock memblock;
	struct bootmem bootmem;
	bool bitmap; /* bootmem is in use, and what memblock reserves is what was before it */
	bool open, over;
};

static void reserve_cma(struct scenario_boot *boot);
static void count_managed(const struct scenario_machine *m, struct page_start *start);
static uint64_t pages_within(const struct page_start *start, uint64_t from, uint64_t to);

struct scenario_boot *scenario_boot_create(const struct machine_config *config)
{
	struct scenario_boot *boot = xcalloc(1, sizeof(*boot));

	machine_config_copy(&boot->config, config);
	memblock_init_machine(&boot->memblock, config);
	return boot;
}

void scenario_boot_destroy(struct scenario_boot *boot)
{
	if (!boot)
		return;
	bootmem_deinit(&boot->bootmem);
	memblock_deinit(&boot->memblock);
	machine_config_deinit(&boot->config);
	free(boot);
}

bool scenario_is_booting(const struct scenario_machine *m)
{
	return m->boot->open;
}

bool scenario_boot_begin(struct scenario_machine *m, struct error *err)
{
	const struct kernel_version nobootmem = { 3, 0 };
	struct scenario_boot *boot = m->boot;

	if (boot->open)
		return true;
	if (boot->over || m->totals.nr_calls)
		return error_set(err, "boot is over: 'context boot' stands before the first call");
	boot->open = true;
	reserve_cma(boot);
	/* x86 had it until 2.6.34, arm64 never. */
	boot->bitmap = m->arch != ARCH_ARM64 && m->kernel.major &&
		       kernel_version_cmp(m->kernel, nobootmem) < 0;
	if (boot->bitmap)
		bootmem_init(&boot->bootmem, &boot->memblock);
	return true;
}

bool scenario_boot_end(struct scenario_machine *m, struct error *err)
{
	struct scenario_boot *boot = m->boot;
	struct memblock_region gap = { .end = 0 };
	struct page_start start;
	bool ok;

	if (!boot->open)
		return true;
	boot->open = false;
	boot->over = true;
	/* Areas are handed over like all the rest, but as pageblocks of their own type. */
	for (size_t i = 0; i < boot->config.cma.nr; i++)
		memblock_free(&boot->memblock, boot->config.cma.items[i].start << KERNEL_PAGE_SHIFT,
			      boot->config.cma.items[i].end << KERNEL_PAGE_SHIFT);
	page_start_init(&start);
	if (boot->bitmap) {
		bootmem_free_all(&boot->bootmem, &start);
		gap.end = boot->memblock.limit; /* HighMem never was bootmem's */
		while (memblock_next_free(&boot->memblock, gap.end, &gap))
			page_start_add_free(&start, gap.start >> KERNEL_PAGE_SHIFT,
					    gap.end >> KERNEL_PAGE_SHIFT);
	} else {
		memblock_free_all(&boot->memblock, &start);
	}
	count_managed(m, &start);
	boot->config.start = &start;
	ok = scenario_machine_build(m, &boot->config, err);
	boot->config.start = NULL;
	page_start_deinit(&start);
	return ok;
}

struct memblock *scenario_memblock(struct scenario_machine *m)
{
	return &m->boot->memblock;
}

struct bootmem *scenario_bootmem(struct scenario_machine *m)
{
	return m->boot->bitmap ? &m->boot->bootmem : NULL;
}

uint64_t scenario_boot_cost(const struct scenario_machine *m, uint64_t size)
{
	const uint64_t pages = size / KERNEL_PAGE_SIZE + (size % KERNEL_PAGE_SIZE != 0);

	return pages * m->boot->config.costs.zero_page;
}

uint64_t scenario_dma_limit(const struct scenario_machine *m)
{
	const uint64_t end = m->boot->config.dma_end;

	return (end ? end : zone_default_end(m->arch, ZONE_DMA)) << KERNEL_PAGE_SHIFT;
}

/* dma_contiguous_reserve(): before drivers' code gets a chance. */
static void reserve_cma(struct scenario_boot *boot)
{
	const uint64_t block = 1ULL << (KERNEL_PAGE_SHIFT + boot->config.pageblock_order);
	const uint64_t size = bits_align_up(boot->config.cma_pages << KERNEL_PAGE_SHIFT, block);
	uint64_t at;

	for (size_t i = 0; i < boot->config.cma.nr; i++)
		(void)memblock_reserve(&boot->memblock,
				       boot->config.cma.items[i].start << KERNEL_PAGE_SHIFT,
				       boot->config.cma.items[i].end << KERNEL_PAGE_SHIFT, -1, 0);
	if (!size)
		return;
	at = memblock_alloc_cma(&boot->memblock, size, block,
				cma_lies_above_4g(boot->config.kernel));
	if (!at) /* the machine has been made with it, so there is room */
		return;
	boot->config.cma_pages = 0;
	vec_push(&boot->config.cma, (struct machine_cma){
					    .start = at >> KERNEL_PAGE_SHIFT,
					    .end = (at + size) >> KERNEL_PAGE_SHIFT,
					    .area = UINT32_MAX });
}

/* What is reserved never was the page allocator's. */
static void count_managed(const struct scenario_machine *m, struct page_start *start)
{
	for (unsigned int i = 0; i < zone_count(m->pages); i++) {
		struct zone_info zone;

		zone_info(m->pages, i, &zone);
		vec_push(&start->zones,
			 (struct page_start_zone){
				 .node = zone.node,
				 .type = zone.type,
				 .managed = pages_within(start, zone.start_pfn, zone.end_pfn) });
	}
}

static uint64_t pages_within(const struct page_start *start, uint64_t from, uint64_t to)
{
	uint64_t nr = 0;

	vec_foreach(&start->free, run) {
		if (run->start < to && run->end > from)
			nr += MIN(run->end, to) - MAX(run->start, from);
	}
	return nr;
}
