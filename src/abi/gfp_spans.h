/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The tables behind gfp_history.h; data for gfp_history.c alone.
 */
#ifndef KMREPLAY_ABI_GFP_SPANS_H
#define KMREPLAY_ABI_GFP_SPANS_H

#include "kmreplay/abi/gfp_history.h"

/** What a name is, whatever its number. */
struct gfp_meaning {
	const char *name;
	enum gfp_topic topic;
	const char *meaning;
	const char *today; /**< NULL: the same name */
};

/** A flag while its number stayed: releases [first, end); end 0: still. */
struct gfp_flag_span {
	const char *name;
	uint32_t bits; /**< of gfp.h; before 4.4 KSWAPD_RECLAIM stands for its absence; 0: lost */
	uint32_t raw;
	uint32_t first, end;
	bool depends; /**< its number depends on the configuration; usual ones have this */
};

/** A composite while its members stayed; later rows win no tie when masks are printed. */
struct gfp_composite_span {
	const char *name;
	const char *members; /**< names by '|', after "&~" those that are taken away again */
	uint32_t first, end;
	bool alias;
};

extern const struct gfp_meaning gfp_meanings[];
extern const size_t gfp_nr_meanings;
extern const struct gfp_flag_span gfp_flag_spans[];
extern const size_t gfp_nr_flag_spans;
extern const struct gfp_composite_span gfp_composite_spans[];
extern const size_t gfp_nr_composite_spans;
extern const struct gfp_generation gfp_generations[];
extern const size_t gfp_nr_generations;

#endif
