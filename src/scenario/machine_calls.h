/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the functions of scenarios read of their calls, and how they say what became of them. */
#ifndef KMREPLAY_SCENARIO_MACHINE_CALLS_H
#define KMREPLAY_SCENARIO_MACHINE_CALLS_H

#include "machine_internal.h"

/** The call gave "out": its address, if any, becomes the value. True. */
bool scenario_gave(struct calling *c, struct mm_outcome out);
/** The call freed what was "at"; "out" says how. True. */
bool scenario_freed(struct calling *c, struct mm_outcome out, uint64_t at);
/** The call was a mistake: "why" in words. True. */
bool scenario_mistake(struct calling *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** The call got 2^order pages at out.addr: a struct page * or, if not "page", an address. */
bool scenario_got_pages(struct calling *c, struct mm_outcome out, unsigned int order, bool page);
/** A block of "nr" pages at "pfn" is in use; its number. */
uint32_t scenario_block_add(struct scenario_machine *m, uint64_t pfn, uint64_t nr,
			    unsigned int order, enum block_from from);
/** Who gave it: "cma_alloc()". */
const char *scenario_block_source(const struct page_block *block);
/** Block "id", live, is no more. */
void scenario_forget(struct scenario_machine *m, uint32_t id);
/** The block that argument "i", a struct page *, stands for; NULL: freed, or none. */
struct page_block *scenario_block(const struct calling *c, unsigned int i);
/** The live block that begins at "pfn"; UINT32_MAX: none. */
uint32_t scenario_block_at(const struct scenario_machine *m, uint64_t pfn);
/** A number is the answer. True. */
bool scenario_answer(struct calling *c, scenario_int number);
/** Makes the machine, in place of the one there is. */
bool scenario_machine_build(struct scenario_machine *m, const struct machine_config *config,
			    struct error *err);

static inline uint64_t arg_u64(const struct calling *c, unsigned int i)
{
	return i < c->call->nr_args ? (uint64_t)c->call->args[i].number : 0;
}

static inline uint32_t arg_gfp(const struct calling *c, unsigned int i)
{
	return (uint32_t)c->call->args[i].number;
}

static inline int arg_int(const struct calling *c, unsigned int i)
{
	return (int)c->call->args[i].number;
}

/* calls_area.c */

/** scenario_gave() of an area: what it is made of, or the holes it does not fit in, are told. */
bool scenario_gave_area(struct calling *c, struct mm_outcome out);
/** vfree() from where the call comes. */
struct mm_outcome scenario_vfree_of(struct calling *c, uint64_t addr);
/** False, after a mistake of function "what": in an interrupt it is a bug. */
bool scenario_no_interrupt(struct calling *c, const char *what);

#endif
