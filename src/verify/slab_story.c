/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the judge of slabs tells people of one judgement: only made when somebody reads it. */
#include <config.h>

#include "slab_judge.h"
#include "slab_story.h"

#include <inttypes.h>

static void tell_lists(struct slab_judge *j, uint32_t cache, unsigned int cpu, struct str *out);
static void tell_slab(struct slab_judge *j, uint64_t addr, struct str *out);
static void tell_history(struct slab_judge *j, uint64_t addr, struct str *out);

void slab_story_alloc(struct slab_judge *j, struct verify_story *story,
		      const struct slab_picked *p)
{
	const enum slab_source source = (enum slab_source)p->next.source;

	str_addf(&story->ours, "%s", slab_source_name(source));
	if (p->next.addr) {
		str_addf(&story->ours, ": object 0x%" PRIx64 " of slab ",
			 slab_recorded(j, p->next.addr));
		tell_slab(j, p->next.addr, &story->ours);
	}
	str_addf(&story->kernel, "object 0x%" PRIx64 " of slab ", slab_recorded(j, p->addr));
	tell_slab(j, p->addr, &story->kernel);
	tell_lists(j, p->cache, p->cpu, &story->state);
	tell_history(j, p->addr, &story->state);
	if (p->next.addr)
		tell_history(j, p->next.addr, &story->state);
}

void slab_story_new(struct slab_judge *j, struct verify_story *story, uint32_t cache,
		    unsigned int cpu, const struct slab_next *next)
{
	str_addf(&story->ours, "%s", slab_source_name((enum slab_source)next->source));
	if (next->addr) {
		str_addf(&story->ours, ": slab ");
		tell_slab(j, next->addr, &story->ours);
	}
	str_add(&story->kernel, "new slab");
	tell_lists(j, cache, cpu, &story->state);
	if (next->addr)
		tell_history(j, next->addr, &story->state);
}

void slab_story_discard(struct slab_judge *j, struct verify_story *story,
			const struct slab_gone *gone, unsigned int cpu)
{
	const uint64_t addr = j->offset + gone->pfn * KERNEL_PAGE_SIZE;

	if (likely(!story))
		return;
	if (gone->predicted) {
		str_addf(&story->ours, "gave slab 0x%" PRIx64 " back", gone->pfn);
	} else {
		str_add(&story->ours, "kept slab ");
		tell_slab(j, addr, &story->ours);
	}
	str_add(&story->kernel, gone->happened ? "gave it back" : "kept it");
	tell_lists(j, gone->cache, cpu, &story->state);
	tell_history(j, addr, &story->state);
}

static void tell_lists(struct slab_judge *j, uint32_t cache, unsigned int cpu, struct str *out)
{
	const struct slab_geometry *geometry = slab_cache_geometry(j->slab, cache);
	uint32_t nr_own, nr_cpu_partial;
	uint64_t nr_node_partial;

	slab_count_lists(j->slab, cache, cpu, &nr_own, &nr_cpu_partial, &nr_node_partial);
	str_addf(out, "CPU %u: %u objects on its own list, %u slabs on its partial list (limit "
		 "%u); %" PRIu64 " slabs on the node's (keeps %u)",
		 cpu, nr_own, nr_cpu_partial, geometry->cpu_partial_slabs, nr_node_partial,
		 geometry->min_partial);
}

static void tell_slab(struct slab_judge *j, uint64_t addr, struct str *out)
{
	struct slab_where where;

	if (!slab_locate(j->slab, addr, true, &where)) {
		str_add(out, "(none of ours)");
		return;
	}
	str_addf(out, "0x%" PRIx64 " (%s", where.pfn,
		 slab_place_name((enum slab_place)where.place));
	if (where.cpu >= 0)
		str_addf(out, " of CPU %d", where.cpu);
	if (where.place == SLAB_PLACE_CPU_PARTIAL || where.place == SLAB_PLACE_NODE_PARTIAL)
		str_addf(out, ", behind %u others", where.rank);
	str_addf(out, "; %u of %u free)", where.nr_free, where.objects);
}

static void tell_history(struct slab_judge *j, uint64_t addr, struct str *out)
{
	const struct slab_known *known = slab_known_at(j, addr);

	if (!known)
		return;
	str_addf(out, "\nslab 0x%" PRIx64 ": ", known->pfn);
	if (known->born == UINT64_MAX)
		str_add(out, "there from the start");
	else
		str_addf(out, "new at event %" PRIu64, known->born);
	if (known->freed_by >= 0)
		str_addf(out, "; last free by CPU %d at event %" PRIu64, known->freed_by,
			 known->freed_at);
}
