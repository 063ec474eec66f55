/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of memory at boot: each request of the boot log asked of our memblock, which has what
 * the log says of everything else.
 *
 * It begins with the first dump of the lists; what memblock=debug did not show before is in there.
 * A difference is corrected. Two requests have no line of their own, but are known by what the
 * kernel says next: a node's own data, and an area of CMA. Allocations that nothing is said of are
 * taken as they are.
 */
#include <config.h>

#include "page_memblock.h"

#include "kmreplay/mm/cma.h"
#include "kmreplay/mm/memblock.h"

#include <inttypes.h>

struct boot_judge {
	const struct proc_boot *boot;
	const struct machine_config *config;
	struct verify_log *log;
	struct memblock mb;
	uint64_t limit;
};

static void begin_anew(struct boot_judge *j);
static size_t judge_request(struct boot_judge *j, size_t at);
static size_t judge_found(struct boot_judge *j, size_t at);
static void judge(struct boot_judge *j, uint64_t ours, uint64_t size,
		  const struct proc_memblock_step *found);
static void apply(struct boot_judge *j, const struct proc_memblock_step *step);
static const struct proc_memblock_step *step_at(const struct boot_judge *j, size_t at,
						enum proc_memblock_kind kind);

void page_memblock_judge(const struct proc_boot *boot, const struct machine_config *config,
			 struct verify_log *log)
{
	struct boot_judge j = { .boot = boot, .config = config, .log = log };
	bool known = false;

	if (boot->memblock.cut)
		return;
	vec_foreach(&boot->memory, range)
		j.limit = MAX(j.limit, range->end);
	if (boot->mapped_end)
		j.limit = MIN(j.limit, boot->mapped_end);
	memblock_init(&j.mb);
	for (size_t i = 0; i < boot->memblock.steps.nr; i++) {
		const struct proc_memblock_step *step = &boot->memblock.steps.items[i];

		if (step->kind == PROC_MEMBLOCK_DUMP) {
			begin_anew(&j);
			known = true;
		} else if (known && step->kind == PROC_MEMBLOCK_REQUEST) {
			i = judge_request(&j, i);
		} else if (known && step->kind == PROC_MEMBLOCK_FOUND) {
			i = judge_found(&j, i);
		} else if (known) {
			apply(&j, step);
		}
	}
	memblock_deinit(&j.mb);
}

static void begin_anew(struct boot_judge *j)
{
	memblock_deinit(&j->mb);
	memblock_init(&j->mb);
	j->mb.limit = j->limit;
	if (j->config->arch == ARCH_X86_32)
		j->mb.region_size = 20;
}

/* Returns the number of the last step that belongs to it. */
static size_t judge_request(struct boot_judge *j, size_t at)
{
	const struct proc_memblock_step *step = &j->boot->memblock.steps.items[at];
	const struct proc_memblock_step *found = step_at(j, at + 1, PROC_MEMBLOCK_FOUND);
	const struct memblock_request req = {
		.size = step->size, .align = step->align, .start = step->start, .end = step->end,
		.node = step->node, .exact_node = step->exact,
	};

	judge(j, step->phys ? memblock_alloc_range(&j->mb, &req) : memblock_alloc(&j->mb, &req),
	      step->size, found);
	return found ? at + 1 : at;
}

static size_t judge_found(struct boot_judge *j, size_t at)
{
	const struct proc_memblock_step *found = &j->boot->memblock.steps.items[at];
	const struct proc_memblock_step *node = step_at(j, at + 1, PROC_MEMBLOCK_NODE);
	const uint64_t size = found->end - found->start;
	const uint64_t block = 1ULL << (KERNEL_PAGE_SHIFT + j->config->pageblock_order);

	if (node && node->start == found->start) {
		const struct memblock_request req = { .size = size, .node = node->node };

		judge(j, memblock_alloc_range(&j->mb, &req), size, found);
	} else if (step_at(j, at + 1, PROC_MEMBLOCK_CMA) && !(size & (block - 1))) {
		judge(j, memblock_alloc_cma(&j->mb, size, block,
					    cma_lies_above_4g(j->config->kernel)), size, found);
	} else {
		apply(j, found);
	}
	return at;
}

/* "found" is NULL: the recorded kernel found nothing. */
static void judge(struct boot_judge *j, uint64_t ours, uint64_t size,
		  const struct proc_memblock_step *found)
{
	const uint64_t kernel = found ? found->start : 0;
	const struct verify_what what = { .order = VERIFY_NO_ORDER, .type = MIGRATE_NR };
	struct verify_story *story = verify_judge(j->log, VERIFY_PAGE_MEMBLOCK, ours == kernel,
						  &what);

	if (unlikely(story)) {
		str_addf(&story->ours, "%" PRIu64 " bytes at 0x%" PRIx64, size, ours);
		str_addf(&story->kernel, "at 0x%" PRIx64, kernel);
		str_addf(&story->state, "%zu regions reserved", j->mb.reserved.regions.nr);
	}
	if (ours == kernel)
		return;
	if (ours)
		memblock_free(&j->mb, ours, ours + size);
	if (found)
		apply(j, found);
}

static void apply(struct boot_judge *j, const struct proc_memblock_step *step)
{
	switch ((int)step->kind) {
	case PROC_MEMBLOCK_DUMP_MEMORY:
	case PROC_MEMBLOCK_ADD:
		memblock_add(&j->mb, step->start, step->end, step->node, step->flags);
		break;
	case PROC_MEMBLOCK_REMOVE:
		memblock_remove(&j->mb, step->start, step->end);
		break;
	case PROC_MEMBLOCK_DUMP_RESERVED:
	case PROC_MEMBLOCK_RESERVE:
	case PROC_MEMBLOCK_FOUND:
		(void)memblock_reserve(&j->mb, step->start, step->end, -1, 0);
		break;
	case PROC_MEMBLOCK_FREE:
		memblock_free(&j->mb, step->start, step->end);
		break;
	default:
		break;
	}
}

static const struct proc_memblock_step *step_at(const struct boot_judge *j, size_t at,
						enum proc_memblock_kind kind)
{
	if (at >= j->boot->memblock.steps.nr || j->boot->memblock.steps.items[at].kind != kind)
		return NULL;
	return &j->boot->memblock.steps.items[at];
}
