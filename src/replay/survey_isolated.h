/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Pages that compaction took from the free lists without an event of their own. Private to the
 * survey.
 */
#ifndef KMREPLAY_SRC_REPLAY_SURVEY_ISOLATED_H
#define KMREPLAY_SRC_REPLAY_SURVEY_ISOLATED_H

#include "kmreplay/replay/survey.h"

void survey_isolated_init(struct survey_isolated *isolated);
void survey_isolated_deinit(struct survey_isolated *isolated);
/** "ev" is mm_compaction_isolate_freepages: what no event has named so far may be taken. */
void survey_isolated_range(struct survey *survey, const struct event *ev);
/**
 * A block is given back for the first time. True: it may be what compaction took, and not have been
 * in use from the beginning; survey_isolated_was_free() tells at the end.
 */
bool survey_isolated_free(struct survey *survey, uint64_t pfn, unsigned int order);
/** At the end: "block", of "freed", was free until compaction took it. */
bool survey_isolated_was_free(const struct survey_isolated *isolated,
			      const struct survey_block *block);

#endif
