/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened in the percpu layer at one event, for people. */
#include <config.h>

#include "percpu_judge.h"

#include <inttypes.h>

enum { HOLES_TOLD = 4 };

static void tell_chunks(const struct percpu_judge *j, struct str *out);
static void tell_holes(const struct percpu_judge *j, struct str *out, uint64_t base, uint64_t off);
static uint64_t recorded_base(const struct percpu_judge *j, uint64_t ours);

void percpu_tell_alloc(const struct percpu_judge *j, struct verify_story *story,
		       const struct event *ev, const struct percpu_choice *choice)
{
	const uint64_t ours = percpu_judge_ours(j, ev->percpu.base);

	if (choice->addr)
		str_addf(&story->ours,
			 "offset %" PRIu64 " of chunk %#" PRIx64 " for %u bytes aligned "
			 "to %u%s",
			 choice->addr - choice->base, recorded_base(j, choice->base),
			 ev->percpu.size, ev->percpu.align,
			 ev->percpu.is_atomic ? ", populated" : "");
	else
		str_addf(&story->ours, "no place for %u bytes aligned to %u%s", ev->percpu.size,
			 ev->percpu.align, choice->creates ? ": a chunk would be created" : "");
	str_addf(&story->kernel, "offset %u of chunk %#" PRIx64, ev->percpu.off, ev->percpu.base);
	tell_chunks(j, &story->state);
	if (choice->addr)
		tell_holes(j, &story->state, choice->base, choice->addr - choice->base);
	if (ours)
		tell_holes(j, &story->state, ours, ev->percpu.off);
}

void percpu_tell_chunk(const struct percpu_judge *j, struct verify_story *story, uint64_t base,
		       bool predicted)
{
	struct percpu_stats stats;

	percpu_stats(j->p, &stats);
	str_addf(&story->ours, "%s; %" PRIu64 " empty pages are ready",
		 predicted ? "due" : "not due", stats.nr_empty);
	str_addf(&story->kernel, "chunk %#" PRIx64, base);
	tell_chunks(j, &story->state);
}

static void tell_chunks(const struct percpu_judge *j, struct str *out)
{
	struct percpu_chunk_info info;
	uint64_t at = 0;

	while (percpu_chunk_next(j->p, &at, &info))
		str_addf(out,
			 "%schunk %#" PRIx64 ": list %u, %" PRIu64
			 " bytes free, largest known run %" PRIu64 ", %" PRIu64
			 " pages populated, %" PRIu64 " of them empty%s",
			 out->len ? "\n" : "", recorded_base(j, info.base), info.slot,
			 info.free_bytes, info.largest_free, info.nr_populated, info.nr_empty,
			 info.isolated ? ", isolated" : "");
}

/* Free runs of the chunk at "base" from the last one that begins at or below "off". */
static void tell_holes(const struct percpu_judge *j, struct str *out, uint64_t base, uint64_t off)
{
	uint64_t at = 0, size, before = 0, before_size = 0;
	unsigned int told = 0;

	str_addf(out, "\nfree in chunk %#" PRIx64 " around %" PRIu64 ":", recorded_base(j, base),
		 off);
	while (told < HOLES_TOLD && percpu_free_next(j->p, base, &at, &size)) {
		if (at <= off) {
			before = at - size;
			before_size = size;
			continue;
		}
		if (!told && before_size)
			str_addf(out, " %" PRIu64 "+%" PRIu64, before, before_size);
		str_addf(out, " %" PRIu64 "+%" PRIu64, at - size, size);
		told++;
	}
}

static uint64_t recorded_base(const struct percpu_judge *j, uint64_t ours)
{
	vec_foreach(&j->chunks.list, chunk) {
		if (chunk->ours == ours && places_find(&j->chunks, chunk->recorded))
			return chunk->recorded;
	}
	return ours;
}
