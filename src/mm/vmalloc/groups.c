/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas of percpu chunks (pcpu_get_vm_areas()): several at fixed distances, from the top of the
 * vmalloc range downwards.
 */
#include <config.h>

#include "vmalloc_internal.h"

#include "kmreplay/core/bits.h"

static struct mm_outcome groups_find(const struct vmalloc *v, const struct vmap_groups *groups);
static uint64_t group_base_below(const struct vmalloc *v, struct va **va, uint64_t align);

/* pcpu_get_vm_areas() */
struct mm_outcome vmap_groups_alloc(struct vmalloc *v, unsigned int cpu UNUSED,
				    const struct vmap_groups *groups)
{
	struct mm_outcome outcome;

	vmap_run_pending(v);
	v->stats.nr_allocs++;
	BUG_ON(!groups->nr || !bits_is_pow2(groups->align));
	outcome = groups_find(v, groups);
	if (!mm_ok(outcome)) {
		vmap_purge_lazy(v, true);
		outcome = groups_find(v, groups);
		outcome.path = MM_PATH_VMAP_PURGE;
		mm_outcome_cost(&outcome, v->costs.tlb_flush);
	}
	if (!mm_ok(outcome)) {
		v->stats.nr_failed++;
		return outcome;
	}
	for (unsigned int i = 0; i < groups->nr; i++) {
		uint64_t start = outcome.addr + groups->offsets[i];

		vmap_clip_free(v, va_tree_enclosing(&v->free, start), start, groups->sizes[i]);
		vmap_make_busy(v, start, groups->sizes[i]);
	}
	return outcome;
}

struct mm_outcome vmap_groups_choose(const struct vmalloc *v, const struct vmap_groups *groups)
{
	BUG_ON(!groups->nr || !bits_is_pow2(groups->align));
	return groups_find(v, groups);
}

void vmap_groups_free(struct vmalloc *v, unsigned int cpu, uint64_t base,
		      const struct vmap_groups *groups)
{
	for (unsigned int i = 0; i < groups->nr; i++)
		(void)vmap_area_free(v, cpu, base + groups->offsets[i]);
}

/*
 * The highest base at which every group falls into a free range. Groups are tried from the last to
 * the first, round and round; one that does not fit lowers the base to the end of a lower free
 * range, and all others have to be tried again until one full round passes ("last" is where the
 * round began).
 */
static struct mm_outcome groups_find(const struct vmalloc *v, const struct vmap_groups *groups)
{
	struct mm_outcome outcome = { .path = MM_PATH_VMAP_TREE };
	unsigned int group, last = 0;
	uint64_t base, end, top;
	struct va *va;

	for (unsigned int i = 1; i < groups->nr; i++) {
		if (groups->offsets[i] > groups->offsets[last])
			last = i;
	}
	top = groups->offsets[last] + groups->sizes[last];
	group = last;
	va = va_tree_enclosing(&v->free, bits_align_down(v->range_vend, groups->align));
	end = group_base_below(v, &va, groups->align);
	for (;;) {
		uint64_t group_end = groups->offsets[group] + groups->sizes[group];

		outcome.steps++;
		mm_outcome_cost(&outcome, v->costs.vmap_search);
		base = end - group_end;
		if (!va || end < group_end || base < v->range_start ||
		    outcome.steps == UINT16_MAX || base + top < base) {
			outcome.failure = MM_FAIL_NO_SPACE;
			return outcome;
		}
		if (end > va->end || base + groups->offsets[group] < va->start) {
			if (end <= va->end)
				va = va_tree_prev(&v->free, va);
			end = group_base_below(v, &va, groups->align);
			last = group;
			continue;
		}
		group = (group + groups->nr - 1) % groups->nr;
		if (group == last)
			break;
		end = base + groups->offsets[group] + groups->sizes[group];
		va = va_tree_enclosing(&v->free, end);
	}
	outcome.addr = base;
	return outcome;
}

/* pvm_determine_end_from_reverse(): the aligned end of "*va" or of the next lower range that has
 * room below such an end. */
static uint64_t group_base_below(const struct vmalloc *v, struct va **va, uint64_t align)
{
	uint64_t limit = bits_align_down(v->range_vend, align);

	for (; *va; *va = va_tree_prev(&v->free, *va)) {
		uint64_t end = MIN(bits_align_down((*va)->end, align), limit);

		if ((*va)->start < end)
			return end;
	}
	return 0;
}
