/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas that no event of their own tells of, found by their bookkeeping (area_guess.h), asked for
 * and given back between the events. Their objects and pages have events, and are replayed as such;
 * what is added here is the address space.
 */
#include <config.h>

#include "areas_internal.h"

#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/replay/area_guess.h"

static void note_next(struct replay *r);
static void begin(struct replay *r, uint32_t index);
static void end(struct replay *r, uint32_t index);

void replay_found_init(struct replay *r)
{
	const struct area_guesses *guesses = r->options.guesses;

	r->found.next_at = UINT64_MAX;
	if (!guesses || !guesses->all.nr || !(r->options.layers & LAYER_VMALLOC))
		return;
	vec_extend_zeroed(&r->found.addrs, guesses->all.nr);
	note_next(r);
}

void replay_found_until(struct replay *r, uint64_t number)
{
	const struct area_guesses *guesses = r->options.guesses;

	while (r->found.next_at <= number) {
		const bool has_begin = r->found.begin < guesses->begins.nr;
		const bool has_end = r->found.end < guesses->ends.nr;
		const struct area_guess_turn *first = guesses->begins.items + r->found.begin;
		const struct area_guess_turn *last = guesses->ends.items + r->found.end;

		if (has_begin && (!has_end || first->number < last->number)) {
			r->found.begin++;
			begin(r, first->index);
		} else {
			r->found.end++;
			end(r, last->index);
		}
		note_next(r);
	}
}

static void note_next(struct replay *r)
{
	const struct area_guesses *guesses = r->options.guesses;

	r->found.next_at = UINT64_MAX;
	if (r->found.begin < guesses->begins.nr)
		r->found.next_at = guesses->begins.items[r->found.begin].number + 1;
	if (r->found.end < guesses->ends.nr)
		r->found.next_at =
			MIN(r->found.next_at, guesses->ends.items[r->found.end].number);
}

static void begin(struct replay *r, uint32_t index)
{
	const struct area_guesses *guesses = r->options.guesses;
	const struct area_guess *guess = &guesses->all.items[index];
	struct vmalloc *v = machine_vmalloc(r->machine);
	struct vmap_call call = area_guess_call(v, guess, guess->nr_pages, r->arch);
	struct mm_outcome outcome;

	if (!area_guess_is_alone(guesses, guess))
		return;
	call.vstart = r->own_vstart;
	call.vend = r->own_vend;
	if (guess->kind == AREA_GUESS_MODULE && r->arch == ARCH_X86_64) {
		call.vstart = REPLAY_MODULES_START;
		call.vend = REPLAY_MODULES_LAST;
	}
	outcome = vmap_area_alloc(v, guess->cpu % r->nr_cpus, call.size, call.align, call.vstart,
				  call.vend);
	r->tally.nr_found_areas++;
	r->tally.nr_found_sized += guess->nr_pages && !guess->bounded;
	r->tally.nr_found_failed += !mm_ok(outcome);
	r->found.addrs.items[index] = mm_ok(outcome) ? outcome.addr : 0;
}

static void end(struct replay *r, uint32_t index)
{
	const struct area_guess *guess = &r->options.guesses->all.items[index];
	uint64_t *addr = &r->found.addrs.items[index];

	if (!*addr)
		return;
	(void)vmap_area_free(machine_vmalloc(r->machine), guess->end_cpu % r->nr_cpus, *addr);
	r->tally.nr_found_freed++;
	*addr = 0;
	/* VM_FLUSH_RESET_PERMS: vm_reset_perms() purges at once. */
	if (guess->kind == AREA_GUESS_MODULE)
		replay_area_purge(r);
}
