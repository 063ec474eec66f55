/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a replay comes to, as a flat list of named numbers: what configurations are compared by and
 * thresholds are put on. Keys are stable between releases; families ("failures.order3") have the
 * same members whatever happened, zone by zone figures depend on the machine.
 */
#ifndef KMREPLAY_REPLAY_FIGURES_H
#define KMREPLAY_REPLAY_FIGURES_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/vec.h"

struct replay;
struct recorded;

/** What the number counts. */
enum figure_unit {
	FIGURE_COUNT,
	FIGURE_BYTES,
	FIGURE_RATIO, /**< thousandths */
	FIGURE_NS,    /**< modelled */
};

/** Which of two values a user would rather have. */
enum figure_better {
	BETTER_NEITHER, /**< it describes; more is not worse */
	BETTER_LESS,
	BETTER_MORE,
};

struct figure {
	const char *key;   /**< "failures.order3" */
	const char *label; /**< "failed requests of order 3" */
	uint8_t unit;      /**< enum figure_unit */
	uint8_t better;    /**< enum figure_better */
	bool main;         /**< most readers want to see it */
	bool known;        /**< false: this side cannot tell */
	int64_t value;
};

struct figures {
	struct vec(struct figure) list; /**< in the order in which people read them */
	struct arena arena;             /**< keys and labels */
};

/** The keys that every side has, all unknown. */
void figures_init(struct figures *figures);
/** What "r" came to; after replay_finish(). */
void figures_init_replay(struct figures *figures, struct replay *r);
/** What the recording itself tells; the rest is unknown. */
void figures_init_recorded(struct figures *figures, const struct recorded *recorded);
void figures_deinit(struct figures *figures);
/** The figure called "key"; NULL when there is none. */
const struct figure *figures_find(const struct figures *figures, const char *key);
/** The key that was probably meant by "key"; NULL when none is near. */
const struct figure *figures_nearest(const struct figures *figures, const char *key);
/** Adds the keys of "from" that "figures" lacks, as unknown. */
void figures_add_keys(struct figures *figures, const struct figures *from);
/** Makes "figures" have the keys of "like" in its order; what it lacked is unknown. */
void figures_align(struct figures *figures, const struct figures *like);
/** "bytes"; "less": names of the enums. */
const char *figure_unit_name(enum figure_unit unit);
const char *figure_better_name(enum figure_better better);

#endif
