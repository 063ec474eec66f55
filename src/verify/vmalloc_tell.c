/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened in the vmalloc layer at one event, for people. */
#include <config.h>

#include "vmalloc_judge.h"

#include <inttypes.h>

enum {
	HOLES_TOLD = 3, /* free ranges around the chosen one */
};

static void tell_range(const struct vmalloc_judge *j, struct str *out, const char *whose,
		       uint64_t addr);
static void tell_holes(const struct vmalloc_judge *j, struct str *out, uint64_t addr);
static uint64_t pages(uint64_t bytes);

void vmalloc_tell_alloc(const struct vmalloc_judge *j, struct verify_story *story,
			const struct vmap_call *call, struct mm_outcome choice, uint64_t recorded)
{
	const struct vmap_range range = vmap_range_at(j->v, choice.addr);

	if (!mm_ok(choice))
		str_addf(&story->ours,
			 "no free range for %" PRIu64 " pages aligned to %" PRIu64
			 " within [%#" PRIx64 ", %#" PRIx64 "]",
			 pages(call->size), call->align, call->vstart, call->vend);
	else if (choice.path == MM_PATH_VMAP_POOL)
		str_addf(&story->ours,
			 "%#" PRIx64 ": the first in the pool of node %u for %" PRIu64
			 " pages, %" PRIu64 " there",
			 choice.addr, range.node, pages(call->size),
			 vmap_pool_len(j->v, range.node, (unsigned int)pages(call->size)));
	else
		str_addf(&story->ours,
			 "%#" PRIx64 ": the lowest match for %" PRIu64 " pages aligned to %" PRIu64
			 ", in the free range [%#" PRIx64 ", %#" PRIx64 ")",
			 choice.addr, pages(call->size), call->align, range.start, range.end);
	if (recorded)
		str_addf(&story->kernel, "%#" PRIx64 ", on CPU %u", recorded, call->cpu);
	else
		str_add(&story->kernel, "found no address");
	if (recorded)
		tell_range(j, &story->state, "the kernel's address", recorded);
	if (mm_ok(choice))
		tell_holes(j, &story->state, choice.addr);
	if (recorded && (!mm_ok(choice) || recorded < choice.addr))
		tell_holes(j, &story->state, recorded);
}

void vmalloc_tell_chunk(const struct vmalloc_judge *j, struct verify_story *story,
			struct mm_outcome choice, uint64_t recorded)
{
	const struct vmap_groups *groups = percpu_chunk_groups(j->percpu);

	if (mm_ok(choice))
		str_addf(&story->ours,
			 "%#" PRIx64 ": the highest base for %u group(s), the first of "
			 "%" PRIu64 " pages",
			 choice.addr, groups->nr, pages(groups->sizes[0]));
	else
		str_add(&story->ours, "no base at which all groups fit");
	str_addf(&story->kernel, "percpu chunk at %#" PRIx64, recorded);
	tell_range(j, &story->state, "the kernel's base", recorded);
}

void vmalloc_tell_size(struct verify_story *story, const struct vmap_call *asked, uint64_t size,
		       uint64_t align)
{
	str_addf(&story->ours, "%" PRIu64 " pages aligned to %" PRIu64, pages(asked->size),
		 asked->align);
	str_addf(&story->kernel, "%" PRIu64 " pages aligned to %" PRIu64, pages(size), align);
}

void vmalloc_tell_lazy(const struct vmalloc_judge *j, struct verify_story *story,
		       const struct event *ev, uint64_t lazy)
{
	str_addf(&story->ours, "%" PRIu64 " pages are lazy, more than %" PRIu64 " start a purge",
		 lazy, vmap_lazy_max(j->v));
	str_addf(&story->kernel, "%" PRIu64 " pages are lazy, of at most %" PRIu64, ev->range.a,
		 ev->range.b);
}

void vmalloc_tell_purge(const struct vmalloc_judge *j, struct verify_story *story,
			const struct event *ev, bool predicted)
{
	str_addf(&story->ours,
		 "%s: %" PRIu64 " pages are lazy, more than %" PRIu64 " start a purge",
		 predicted ? "a purge is due" : "no purge is due",
		 vmap_lazy_pages(j->v) + j->lazy_bias, vmap_lazy_max(j->v));
	str_addf(&story->kernel, "purged %" PRIu64 " areas with %" PRIu64 " pages lazy",
		 ev->range.a, j->recorded_lazy);
}

void vmalloc_tell_purged(struct verify_story *story, const struct event *ev,
			 const struct vmap_purged *purged)
{
	str_addf(&story->ours, "%" PRIu64 " areas in [%#" PRIx64 ", %#" PRIx64 ")", purged->nr,
		 purged->start, purged->end);
	str_addf(&story->kernel, "%" PRIu64 " areas in [%#" PRIx64 ", %#" PRIx64 ")", ev->range.a,
		 ev->range.start, ev->range.end);
}

static void tell_range(const struct vmalloc_judge *j, struct str *out, const char *whose,
		       uint64_t addr)
{
	const struct vmap_range range = vmap_range_at(j->v, addr);

	str_addf(out, "%s%s lies in [%#" PRIx64 ", %#" PRIx64 "), %" PRIu64 " pages, in ours %s",
		 out->len ? "\n" : "", whose, range.start, range.end,
		 pages(range.end - range.start), vmap_state_name(range.state));
	if (range.state == VMAP_POOLED || range.state == VMAP_LAZY)
		str_addf(out, " at node %u", range.node);
}

/* The free range at "addr" and those above it. */
static void tell_holes(const struct vmalloc_judge *j, struct str *out, uint64_t addr)
{
	uint64_t start, end, at = vmap_range_at(j->v, addr).start;

	str_addf(out, "%sfree from %#" PRIx64 " on:", out->len ? "\n" : "", at);
	for (unsigned int i = 0; i < HOLES_TOLD && vmap_free_next(j->v, &at, &start, &end); i++)
		str_addf(out, " [%#" PRIx64 ", %#" PRIx64 ") %" PRIu64 " pages;", start, end,
			 pages(end - start));
}

static uint64_t pages(uint64_t bytes)
{
	return bytes / KERNEL_PAGE_SIZE;
}
