/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What replaying areas takes: of vmalloc and per-CPU memory, at the start and later. */
#ifndef KMREPLAY_REPLAY_AREAS_INTERNAL_H
#define KMREPLAY_REPLAY_AREAS_INTERNAL_H

#include "replay_internal.h"

/** Where modules live on x86-64 (MODULES_VADDR). */
#define REPLAY_MODULES_START 0xffffffffc0000000ULL
/** MODULES_END on x86-64, for what does not say it. */
#define REPLAY_MODULES_LAST 0xffffffffff000000ULL
/** areas.c: "addr" is none of the machine's architecture. */
bool replay_area_is_foreign(const struct replay *r, uint64_t addr);
/** percpu_survey.c: an event of percpu; "unseen": it frees what was not seen allocated. */
void percpu_survey_note(struct area_survey *survey, const struct event *ev, bool unseen);
/** start_percpu.c: fills boot's chunk as it was at the beginning, "boot": of time. */
void replay_start_percpu(struct replay *r, bool boot);
/** start_percpu.c: a free of an area that was never seen allocated. */
enum replay_verdict replay_start_percpu_free(struct replay *r, const struct replay_step *step);
/** start_areas.c: makes the areas that existed at the beginning. */
void replay_start_areas(struct replay *r);
/** start_areas.c: a free of an area that was never seen allocated. */
enum replay_verdict replay_start_area_free(struct replay *r, const struct replay_step *step);
/** found_areas.c: areas of options.guesses that nothing else tells of. */
void replay_found_init(struct replay *r);
/** found_areas.c: those that come and go before event "number". */
void replay_found_until(struct replay *r, uint64_t number);
/** areas.c: a purge of lazily freed ranges was recorded. */
void replay_area_purge(struct replay *r);
/** areas.c: gives back what "s" held when it was in "state", AREA or PERCPU. */
struct mm_outcome replay_area_free(struct replay *r, const struct replay_slot *s,
				   enum slot_state state, unsigned int cpu);

#endif
