/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the figures share: where a value comes from and how it enters the list.
 */
#ifndef KMREPLAY_REPLAY_FIGURES_INTERNAL_H
#define KMREPLAY_REPLAY_FIGURES_INTERNAL_H

#include "kmreplay/replay/figures.h"
#include "kmreplay/replay/recorded.h"
#include "kmreplay/replay/replay.h"

enum { FIGURE_KEY = 80 };

/** A side. Of "tally" and "recorded" at most one is set; "t" and "rec" are never NULL. */
struct figure_source {
	struct figures *figures;
	struct replay *replay;
	struct machine *machine; /**< NULL: not a replay */
	const struct replay_tally *tally, *t;
	const struct recorded *recorded, *rec;
};

struct figure_kind {
	enum figure_unit unit;
	enum figure_better better;
	bool main;
};

/** A literal of struct figure_kind: FIGURE(BYTES, LESS, true). */
#define FIGURE(unit_, better_, main_)                                                         \
	((struct figure_kind){ FIGURE_##unit_, BETTER_##better_, (main_) })

struct figure_value {
	bool known;
	int64_t nr;
};

/** Adds a figure; its key is "fmt" and what follows. */
void figure_put(struct figure_source *s, struct figure_kind kind, struct figure_value value,
		const char *label, const char *fmt, ...) PRINTF_LIKE(5, 6);
/** A value that only a replay has. */
struct figure_value figure_replayed(const struct figure_source *s, uint64_t value);
/** A value that a recording has, too, if "known". */
struct figure_value figure_either(const struct figure_source *s, uint64_t replayed, bool known,
				  uint64_t recorded);

/** Writes "name" as it stands in a key: "page cache" as "page_cache". */
void figure_word(char *key, size_t size, const char *name);

static inline uint64_t figure_bytes(uint64_t pages)
{
	return pages << KERNEL_PAGE_SHIFT;
}

/** figures_parts.c: fragmentation indices of the machine and of its zones. */
void figures_add_indices(struct figure_source *s);
/** Slabs: what they hold, lose and do. */
void figures_add_slab(struct figure_source *s);
/** What the page allocator did: its counters, reclaim, compaction. */
void figures_add_work(struct figure_source *s);
/** Modelled latency by call. */
void figures_add_latency(struct figure_source *s);

#endif
