/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a request will do, stage by stage, told beforehand: which zones it tries in which order,
 * how many free pages each has to have, what happens when none has. Made of the very functions that
 * the allocator goes by (gfp_policy.h), and a test holds it against what the allocator does.
 */
#ifndef KMREPLAY_MM_GFP_PLAN_H
#define KMREPLAY_MM_GFP_PLAN_H

#include "kmreplay/mm/gfp_policy.h"

struct page_allocator;

/** X(suffix, key, words): the stages in their order; a request goes through some of them. */
#define GFP_STAGES(X)                                                                         \
	X(TOO_LARGE, "too large", "is larger than any block: fails at once")                  \
	X(FAST, "fast path", "looks for a zone above its low mark")                           \
	X(KSWAPD, "kswapd", "wakes kswapd on the nodes that it may use")                      \
	X(MIN, "slow path", "looks down to the min mark, as far as its reserves go")          \
	X(COMPACT_FIRST, "compaction first", "compacts without waiting, and looks again")     \
	X(COSTLY, "costly and no retry",                                                      \
	  "fails here if compaction had nothing to work with, or was put off")                 \
	X(RESERVES, "reserves", "looks again with its caller's own right to the reserves")    \
	X(RECLAIM, "direct reclaim",                                                          \
	  "reclaims and looks again, then once more with all per-CPU lists and a HIGHATOMIC " \
	  "block given back")                                                                 \
	X(WAIT, "kswapd's work", "waits for kswapd, and looks again")                         \
	X(COMPACT, "compaction", "compacts and looks again")                                  \
	X(RETRY, "retries", "starts over while reclaim frees pages, or could: up to 16 rounds " \
			    "without progress")                                               \
	X(LAST, "last look", "looks for a zone above its high mark, since others may have freed") \
	X(OOM, "OOM killer", "has a task killed and starts over")                             \
	X(LOOP, "no kill", "nobody is killed for it, and still it starts over: others may free") \
	X(HALF, "half of min", "looks down to half of the min mark, then starts over")        \
	X(FAIL, "failure", "fails")

enum gfp_stage_kind {
#define X(suffix, key, words) GFP_STAGE_##suffix,
	GFP_STAGES(X)
#undef X
	GFP_STAGE_NR,
};

/** "fast path"; "looks for a zone above its low mark" */
const char *gfp_stage_name(enum gfp_stage_kind kind);
const char *gfp_stage_words(enum gfp_stage_kind kind);

struct gfp_stage {
	enum gfp_stage_kind kind;
	bool looks;         /**< zones are tried, with */
	unsigned int flags; /**< these (enum alloc_flags) */
};

struct gfp_plan {
	const struct page_profile *profile;
	uint32_t gfp;        /**< what scopes and the machine's switches leave of the mask */
	unsigned int order;
	struct gfp_policy policy;
	uint32_t complaints; /**< a bit for each enum gfp_complaint */
	struct gfp_stage stages[GFP_STAGE_NR];
	unsigned int nr_stages;
};

/**
 * The plan for a request of "order" in "context" (enum page_context) by the rules of "profile" and
 * the architecture and switches of "config".
 */
void gfp_plan_init(struct gfp_plan *plan, const struct machine_config *config,
		   const struct page_profile *profile, uint32_t gfp, unsigned int order,
		   unsigned int context);
/** Its stage of that kind; NULL: it has none. */
const struct gfp_stage *gfp_plan_stage(const struct gfp_plan *plan, enum gfp_stage_kind kind);
/** It may come back without memory: the last stage is a failure. */
bool gfp_plan_may_fail(const struct gfp_plan *plan);
/** Thousandths of the mark that a stage goes down to; 0: it looks at none. */
unsigned int gfp_stage_depth(const struct gfp_plan *plan, const struct gfp_stage *stage);

/**
 * The zones that it tries on node "node" (-1: of CPU 0), in their order: numbers for zone_info().
 * Returns how many there are; at most "max" are written to "zones".
 */
unsigned int gfp_plan_zones(const struct page_allocator *pa, const struct gfp_plan *plan,
			    int node, unsigned int *zones, unsigned int max);
/**
 * How many free pages zone "index" has to have for "stage" to take a block there, if there is one
 * of the order; among them those of HIGHATOMIC blocks and CMA areas that it may not have.
 */
uint64_t gfp_plan_needs(const struct page_allocator *pa, const struct gfp_plan *plan,
			const struct gfp_stage *stage, unsigned int index);

#endif
