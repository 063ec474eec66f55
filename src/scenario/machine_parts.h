/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the machine's own files offer each other: the table, names, words, page blocks. Part of
 * machine_internal.h, which includes it.
 */
#ifndef KMREPLAY_SCENARIO_MACHINE_PARTS_H
#define KMREPLAY_SCENARIO_MACHINE_PARTS_H

#include "machine_internal.h"

/* machine_table.c */

extern const struct scenario_row scenario_rows[];
unsigned int scenario_nr_rows(void);
extern const struct scenario_group scenario_groups[];
unsigned int scenario_nr_groups(void);

/* machine_has.c */

/** The machine's kernel has function "i"; else "err" says which ones do. */
bool scenario_has(void *ctx, unsigned int i, struct error *err);
const struct scenario_function *scenario_function(unsigned int i);
/** Why the machine has no function "name", which kernels have; NULL: it is none of theirs. */
const char *scenario_absent(void *ctx, const char *name);

/* machine_names.c */

bool scenario_constant(void *ctx, const char *name, struct scenario_value *ret);
const char *scenario_constant_name(const void *ctx, size_t i);

/* machine_tell.c */

/** Tells of the call that was made, and of a mistake in it before that nobody expected. */
void scenario_tell_call(struct scenario_machine *m, const struct scenario_call *call,
			const struct scenario_value *ret);
void scenario_tell_mistake(struct scenario_machine *m);
/** Adds to what there is to say of the call, after a comma; what does not fit is left out. */
void scenario_more(struct scenario_machine *m, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** The page frame behind what the last call gave; 0: none. */
uint64_t scenario_last_pfn(const struct scenario_machine *m);
/** The zone that "pfn" lies in; "?" for none. */
const char *scenario_zone_name(const struct scenario_machine *m, uint64_t pfn);
int scenario_node_of(const struct scenario_machine *m, uint64_t pfn);

/** Appends to what --explain tells of the call on its way; without it, does nothing. */
void scenario_note(struct scenario_machine *m, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* calls_area.c */

/** scenario_gave() of an area: what it is made of, or the holes it does not fit in, are told. */
bool scenario_gave_area(struct calling *c, struct mm_outcome out);
void scenario_note_shortage(struct scenario_machine *m);
void scenario_note_tables(struct scenario_machine *m);
/** vfree() from where the call comes. */
struct mm_outcome scenario_vfree_of(struct calling *c, uint64_t addr);
/** False, after a mistake of function "what": in an interrupt it is a bug. */
bool scenario_no_interrupt(struct calling *c, const char *what);

/* machine_blocks.c */

uint64_t scenario_reclaim(void *ctx, uint64_t nr_pages, uint32_t gfp);
uint64_t scenario_oom(void *ctx, uint32_t gfp);
/** The block at "pfn" is held by a call; its number. */
uint32_t scenario_hold_block(struct scenario_machine *m, uint64_t pfn, unsigned int order);
void scenario_moved(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);

#endif
