/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Thresholds on figures, as --fail-if takes them:
 *
 *	failures.order3 > +0                       more than the baseline
 *	slab.bytes > +5% and slab.bytes > 64M      a twentieth more, and more than that at all
 *	latency.page_alloc.p99_ns >= 20us or huge.free_end < -10
 *
 *	expression = conjunction { ("or" | "||") conjunction }
 *	conjunction = term { ("and" | "&&") term }
 *	term = "(" expression ")" | figure operator limit
 *	operator = ">" | ">=" | "<" | "<=" | "==" | "!="
 *	limit = ["+" | "-"] number ["%" | "K" | "M" | "G" | "T" | "ns" | "us" | "ms" | "s"]
 *
 * A limit with a sign is an amount above or below the baseline's value, with "%" a share of it;
 * without a sign it is a value, and "%" says hundredths of one, for ratios.
 */
#ifndef KMREPLAY_CLI_THRESHOLD_H
#define KMREPLAY_CLI_THRESHOLD_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"
#include "kmreplay/replay/figures.h"

struct threshold;

enum threshold_verdict {
	THRESHOLD_KEPT,    /**< the expression is false */
	THRESHOLD_CROSSED, /**< it is true: a failure */
	THRESHOLD_UNKNOWN, /**< a figure that decides is not known on a side */
};

/**
 * Reads an expression. "known" has the keys that there always are, to tell a mistyped key at once;
 * keys of single zones ("frag.node0.Normal...") are looked up later. NULL and "err" otherwise.
 */
MUST_CHECK struct threshold *threshold_parse(const char *text, const struct figures *known,
					     struct error *err);
/** "t" may be NULL. */
void threshold_destroy(struct threshold *t);
/** The text it was read from. */
const char *threshold_text(const struct threshold *t);
/** Whether any limit is relative to a baseline. */
bool threshold_is_relative(const struct threshold *t);
/**
 * Holds "figures" against the expression; "baseline" may be the same. "why" receives the
 * comparisons that decided, in words.
 */
enum threshold_verdict threshold_test(const struct threshold *t, const struct figures *figures,
				      const struct figures *baseline, struct str *why);

#endif
