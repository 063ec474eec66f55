/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Areas found by their bookkeeping, in the judge's address space; see vmalloc_guess.h. */
#include <config.h>

#include "vmalloc_guess.h"

#include "vmalloc_judge.h"

#include <stdlib.h>

enum {
	PURGES_UNSEEN = 2, /* in a row: what is lazy passes through the pools in two of them */
};

/* How well a row fits what was found, the best last. */
enum likeness {
	LIKE_NOT,
	LIKE_PLACE_ONLY, /* ours would choose the place, but kind and records speak against it */
	LIKE_ELSEWHERE,	 /* only the kind is right: ours would choose another place */
	LIKE_CUT,	 /* place and records are right, the kind seems another one */
	LIKE_PLACE,	 /* kind and place are right, records seem to tell another cut */
	LIKE_ALL,
};

static void note_next(struct vmalloc_guesses *g);
static void begin(struct vmalloc_judge *j, uint32_t index);
static void reason_of_pools(struct vmalloc_judge *j, const struct area_guess *guess,
			    const struct vmap_call *call);
static bool adopt_passed_over(struct vmalloc_judge *j, uint64_t start, uint64_t size);
static void end(struct vmalloc_judge *j, uint32_t index);
static bool is_used(const struct vmalloc_judge *j, const struct area_guess *guess);
static struct vmap_call call_for(const struct vmalloc_judge *j, const struct area_guess *guess,
				 uint64_t nr_pages, bool modules);
static struct vmalloc_row *find_row(struct vmalloc_judge *j, const struct area_guess *guess,
				    struct vmap_call *call);
static struct vmalloc_row *row_by_size(struct vmalloc_judge *j, const struct area_guess *guess,
				       struct vmap_call *call);
static struct vmalloc_row *row_by_trial(struct vmalloc_judge *j, const struct area_guess *guess,
					struct vmap_call *call);
static enum likeness likeness(const struct vmalloc_judge *j, const struct area_guess *guess,
			      const struct vmalloc_row *row, const struct vmap_call *call);
static struct vmap_call call_of_row(const struct vmalloc_judge *j, const struct area_guess *guess,
				    const struct vmalloc_row *row);
static bool is_ioremap(const struct vmalloc_row *row);
static bool is_like(const struct vmalloc_judge *j, const struct area_guess *guess,
		    const struct vmalloc_row *row);
static bool is_code(const struct vmalloc_judge *j, const struct area_guess *guess);
static bool in_modules(const struct vmalloc_judge *j, uint64_t addr);
static struct vmalloc_row *row_at(struct vmalloc_guesses *g, uint64_t start);
static void tell(struct vmalloc_judge *j, const struct area_guess *guess, bool by_row);
static void judge_place(struct vmalloc_judge *j, const struct area_guess *guess,
			const struct vmap_call *call, struct mm_outcome choice, uint64_t recorded);
static void judge_cut(struct vmalloc_judge *j, const struct area_guess *guess,
		      const struct vmap_call *call, struct mm_outcome choice);
static enum area_cut cut_of(const struct vmalloc_judge *j, const struct vmap_call *call,
			    struct mm_outcome choice);
static struct verify_what what_of(const struct area_guess *guess, const char *path);
static void add_rows(struct vmalloc_judge *j);
static int by_start(const void *a, const void *b);

void vmalloc_guesses_init(struct vmalloc_judge *j)
{
	const struct area_known *known = &j->setup->areas;
	struct vmalloc_guesses *g = &j->guesses;

	g->alone = !verify_is_given(j->setup, GIVEN_AREAS);
	g->next_at = UINT64_MAX;
	u64map_init(&g->early);
	add_rows(j);
	if (!known->guesses || !known->guesses->all.nr)
		return;
	g->all = known->guesses;
	g->unplaced = g->all->nr_told && !g->rows.nr && !g->alone;
	vec_extend_zeroed(&g->found, g->all->all.nr);
	note_next(g);
}

void vmalloc_guesses_deinit(struct vmalloc_judge *j)
{
	vec_deinit(&j->guesses.found);
	vec_deinit(&j->guesses.rows);
	u64map_deinit(&j->guesses.early);
}

/*
 * Areas of the file that no event touches and no guess can be, from the last guess and the highest
 * address down, since addresses climb. A recording from boot on begins with none.
 */
void vmalloc_guesses_start(struct vmalloc_judge *j)
{
	struct vmalloc_guesses *g = &j->guesses;

	if (j->from_nothing)
		return;
	for (size_t i = g->all ? g->all->all.nr : 0; i-- > 0 && g->moment;) {
		const struct area_guess *guess = &g->all->all.items[i];

		if (!is_used(j, guess) || guess->number >= g->moment || guess->end < g->moment)
			continue;
		for (size_t at = g->rows.nr; at-- > 0;) {
			if (is_like(j, guess, &g->rows.items[at])) {
				g->rows.items[at].taken = true;
				break;
			}
		}
	}
	vec_foreach (&g->rows, row) {
		const struct proc_area *area = row->area;
		const bool was_there =
			!row->taken &&
			(g->alone ||
			 vmap_range_at(j->look->touched, area->start).state == VMAP_FREE);

		row->taken = was_there;
		if (was_there && mm_ok(vmap_area_adopt(j->v, area->start, area->size)))
			verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
				     "areas in use at the start, as a file tells", 1);
	}
}

void vmalloc_guesses_until(struct vmalloc_judge *j, uint64_t number)
{
	struct vmalloc_guesses *g = &j->guesses;

	while (g->next_at <= number) {
		const bool has_begin = g->begin < g->all->begins.nr;
		const bool has_end = g->end < g->all->ends.nr;
		const struct area_guess_turn *first = &g->all->begins.items[g->begin];
		const struct area_guess_turn *last = &g->all->ends.items[g->end];

		if (has_begin && (!has_end || first->number < last->number)) {
			g->begin++;
			begin(j, first->index);
		} else {
			g->end++;
			end(j, last->index);
		}
		note_next(g);
	}
}

uint64_t vmalloc_found_at(const struct vmalloc_judge *j, uint32_t index)
{
	const struct area_guess *guess = &j->guesses.all->all.items[index];
	const uint64_t *ours;

	if (j->guesses.alone || is_used(j, guess))
		return j->guesses.found.items[index].ours;
	ours = j->setup->mode == VERIFY_FREE ? places_find(&j->areas, guess->told_addr) : NULL;
	return ours ? *ours : guess->told_addr;
}

void vmalloc_guesses_finish(struct vmalloc_judge *j)
{
	static const char *const reasons[] = {
#define X(suffix, name, help)                                                                   \
	[AREA_GUESS_##suffix] = "areas found by their bookkeeping, " name ": " help,
		AREA_GUESS_KINDS(X)
#undef X
	};
	const struct vmalloc_guesses *g = &j->guesses;

	for (unsigned int i = 0; i < AREA_GUESS_KIND_NR; i++)
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC, reasons[i], g->by_kind[i]);
	if (!g->all)
		return;
	vec_foreach (&g->all->all, guess) {
		const struct vmap_call call = call_for(j, guess, guess->nr_pages, false);
		const struct verify_what what = what_of(guess, area_guess_kind_name(guess->kind));
		const bool right = guess->told_addr && (call.size == guess->told_size);

		if (!g->all->nr_told || (!guess->told_addr && guess->number < g->all->first_told))
			continue;
		if (right) {
			(void)verify_detect(j->log, VERIFY_VMALLOC_FOUND, true, true, &what);
			continue;
		}
		(void)verify_detect(j->log, VERIFY_VMALLOC_FOUND, false, true, &what);
		if (guess->told_addr)
			(void)verify_detect(j->log, VERIFY_VMALLOC_FOUND, true, false, &what);
	}
	for (uint64_t i = 0; i < g->all->nr_told_alone; i++)
		(void)verify_detect(j->log, VERIFY_VMALLOC_FOUND, true, false,
				    &(struct verify_what){ .order = VERIFY_NO_ORDER,
							   .number = j->number,
							   .type = MIGRATE_NR });
}

/* An area is there behind the event that it has the number of, and goes before the other one. */
static void note_next(struct vmalloc_guesses *g)
{
	g->next_at = UINT64_MAX;
	if (g->begin < g->all->begins.nr)
		g->next_at = g->all->begins.items[g->begin].number + 1;
	if (g->end < g->all->ends.nr)
		g->next_at = MIN(g->next_at, g->all->ends.items[g->end].number);
}

static void begin(struct vmalloc_judge *j, uint32_t index)
{
	struct vmalloc_guesses *g = &j->guesses;
	const struct area_guess *guess = &g->all->all.items[index];
	struct vmalloc_found *found = &g->found.items[index];
	struct mm_outcome choice;
	struct vmalloc_row *row;
	struct vmap_call call;
	bool fresh;

	vmalloc_pages_begin(j, index);
	if (!is_used(j, guess)) {
		if (guess->told_addr && vmalloc_place_early(j, guess))
			u64map_insert(&g->early, guess->told_number, &fresh);
		return;
	}
	/* One wrong size moves all that follow; what events pass over tells more. */
	if (g->unplaced) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "areas found by their bookkeeping before others have events", 1);
		return;
	}
	if (j->setup->mode == VERIFY_FREE)
		vmalloc_run_own_purge(j);
	row = find_row(j, guess, &call);
	tell(j, guess, row);
	if (row) {
		row->taken = true;
		found->recorded = row->area->start;
	}
	vmalloc_guesses_reason(j, &call, found->recorded);
	reason_of_pools(j, guess, &call);
	choice = vmap_area_choose(j->v, &call);
	judge_cut(j, guess, &call, choice);
	/* What was told is for judging only. */
	judge_place(j, guess, &call, choice, guess->told_addr ? guess->told_addr : found->recorded);
	if (row && j->setup->mode == VERIFY_FOLLOW) {
		vmalloc_follow(j, &call, choice, found->recorded);
		found->ours = found->recorded;
	} else if (mm_ok(choice = vmap_area_try(j->v, &call))) {
		found->ours = choice.addr;
		vmalloc_hold(j, found->recorded, choice.addr);
	}
}

/*
 * The kernel had an area further up than ours would have it, so the place of ours was not free: a
 * row that lies there and that no event ever touches was in use by then, unseen (recordings of a
 * boot have a gap at early_initcall). And an area over lazy addresses tells of a purge: where those
 * have no event, one that merges no ranges shows by nothing else.
 */
void vmalloc_guesses_reason(struct vmalloc_judge *j, const struct vmap_call *call,
			    uint64_t recorded)
{
	struct mm_outcome choice;

	if (!recorded || !j->look)
		return;
	if (!j->recorded_max && vmap_range_at(j->v, recorded).state == VMAP_LAZY) {
		(void)vmap_purge(j->v);
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "purges that only the use of their addresses tells", 1);
	}
	do {
		choice = vmap_area_choose(j->v, call);
	} while (mm_ok(choice) && choice.addr < recorded &&
		 adopt_passed_over(j, choice.addr, call->size));
}

/*
 * A purge takes what is lazy to the pools and what was in the pools back to the free ranges. Where
 * no event tells of one, it shows by an area out of a pool that would be empty, or by one that a
 * pool would have had.
 */
static void reason_of_pools(struct vmalloc_judge *j, const struct area_guess *guess,
			    const struct vmap_call *call)
{
	for (unsigned int i = 0; i < PURGES_UNSEEN; i++) {
		const struct mm_outcome choice = vmap_area_choose(j->v, call);

		if ((choice.path == MM_PATH_VMAP_POOL) == (guess->cut == AREA_CUT_POOL))
			return;
		/* Nothing lazy could fill it. */
		if (guess->cut == AREA_CUT_POOL && !vmap_lazy_pages(j->v))
			return;
		(void)vmap_purge(j->v);
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "purges that only areas in pools, or not in them, tell", 1);
	}
}

/* False: there is none. */
static bool adopt_passed_over(struct vmalloc_judge *j, uint64_t start, uint64_t size)
{
	vec_foreach (&j->guesses.rows, row) {
		const struct proc_area *area = row->area;

		if (row->taken || area->start >= start + size || area->end <= start ||
		    (!j->guesses.alone &&
		     vmap_range_at(j->look->touched, area->start).state != VMAP_FREE) ||
		    !mm_ok(vmap_area_adopt(j->v, area->start, area->size)))
			continue;
		row->taken = true;
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "areas in use unseen, as others passed them over", 1);
		return true;
	}
	return false;
}

/* Events that tell of frees tell of these, too. */
static void end(struct vmalloc_judge *j, uint32_t index)
{
	struct vmalloc_guesses *g = &j->guesses;
	const struct area_guess *guess = &g->all->all.items[index];
	struct vmalloc_found *found = &g->found.items[index];
	const uint64_t addr = vmalloc_found_at(j, index);

	vmalloc_pages_end(j, guess);
	if (!g->alone && guess->end >= g->all->first_told_free)
		return;
	if (!addr)
		return;
	if (j->setup->mode == VERIFY_FREE)
		vmalloc_run_own_purge(j);
	(void)vmap_area_free(j->v, guess->end_cpu, addr);
	found->ours = 0;
	/* VM_FLUSH_RESET_PERMS: vm_reset_perms() purges at once. */
	if (guess->kind == AREA_GUESS_MODULE)
		(void)vmap_purge(j->v);
}

static bool is_used(const struct vmalloc_judge *j, const struct area_guess *guess)
{
	return j->guesses.alone || area_guess_is_alone(j->guesses.all, guess);
}

/* The area of "nr_pages" pages, 0: as few as there can be, or as the kind of area has. */
static struct vmap_call call_for(const struct vmalloc_judge *j, const struct area_guess *guess,
				 uint64_t nr_pages, bool modules)
{
	const struct areas_bounds *bounds = modules ? &j->modules : &j->vmalloc;
	struct vmap_call call = area_guess_call(j->v, guess, nr_pages, j->setup->config->arch);

	call.vstart = bounds->vstart;
	call.vend = bounds->vend;
	return call;
}

/*
 * The row of the file that is "guess", if it was there then, and the call that makes it; without a
 * row, the call that the guess makes by itself.
 */
static struct vmalloc_row *find_row(struct vmalloc_judge *j, const struct area_guess *guess,
				    struct vmap_call *call)
{
	const struct vmalloc_guesses *g = &j->guesses;
	struct vmalloc_row *row;

	if (g->rows.nr && guess->number < g->moment && guess->end >= g->moment) {
		row = row_by_size(j, guess, call);
		if (!row)
			row = row_by_trial(j, guess, call);
		if (row)
			return row;
	}
	*call = call_for(j, guess, guess->nr_pages, is_code(j, guess));
	return NULL;
}

/* The size is known; which range it was asked in may be not. */
static struct vmalloc_row *row_by_size(struct vmalloc_judge *j, const struct area_guess *guess,
				       struct vmap_call *call)
{
	if (!guess->nr_pages || guess->bounded)
		return NULL;
	for (unsigned int i = 0; i < 2; i++) {
		const bool modules = i ^ is_code(j, guess);
		struct mm_outcome choice;
		struct vmalloc_row *row;

		if (modules && !j->modules.vend)
			continue;
		*call = call_for(j, guess, guess->nr_pages, modules);
		choice = vmap_area_choose(j->v, call);
		row = mm_ok(choice) ? row_at(&j->guesses, choice.addr) : NULL;
		if (row && is_like(j, guess, row))
			return row;
	}
	return NULL;
}

/* The best of all rows that it may be, the lowest of equals. */
static struct vmalloc_row *row_by_trial(struct vmalloc_judge *j, const struct area_guess *guess,
					struct vmap_call *call)
{
	struct vmalloc_row *found = NULL;
	enum likeness best = LIKE_NOT;

	vec_foreach (&j->guesses.rows, row) {
		const struct vmap_call trial = call_of_row(j, guess, row);
		const enum likeness like = likeness(j, guess, row, &trial);

		if (like <= best)
			continue;
		best = like;
		found = row;
		*call = trial;
	}
	return found;
}

static enum likeness likeness(const struct vmalloc_judge *j, const struct area_guess *guess,
			      const struct vmalloc_row *row, const struct vmap_call *call)
{
	const bool same_kind =
		guess->kind != AREA_GUESS_MAPPED ?
			in_modules(j, row->area->start) == is_code(j, guess) :
			!is_ioremap(row);
	struct mm_outcome choice;
	enum area_cut cut;

	if (!is_like(j, guess, row))
		return LIKE_NOT;
	choice = vmap_area_choose(j->v, call);
	if (!mm_ok(choice) || choice.addr != row->area->start)
		return same_kind ? LIKE_ELSEWHERE : LIKE_NOT;
	cut = cut_of(j, call, choice);
	if (guess->cut != AREA_CUT_UNKNOWN && cut != guess->cut)
		return same_kind ? LIKE_PLACE : LIKE_PLACE_ONLY;
	return same_kind ? LIKE_ALL : LIKE_CUT;
}

static struct vmap_call call_of_row(const struct vmalloc_judge *j, const struct area_guess *guess,
				    const struct vmalloc_row *row)
{
	struct area_guess like = *guess;

	if (is_ioremap(row))
		like.kind = AREA_GUESS_IOREMAP;
	return call_for(j, &like, row->area->size / KERNEL_PAGE_SIZE - 1,
			in_modules(j, row->area->start));
}

static bool is_ioremap(const struct vmalloc_row *row)
{
	return row->area->flags & PROC_AREA_IOREMAP;
}

/* "row" may be "guess", as far as sizes and kinds go. */
static bool is_like(const struct vmalloc_judge *j, const struct area_guess *guess,
		    const struct vmalloc_row *row)
{
	const struct proc_area *area = row->area;
	const uint64_t nr_pages = area->size / KERNEL_PAGE_SIZE - 1;

	if (row->taken)
		return false;
	if (guess->kind == AREA_GUESS_BLOCK)
		return area->flags & PROC_AREA_VM_MAP_RAM;
	if (!guess->nr_pages)
		return !area->nr_pages &&
		       (is_ioremap(row) || (guess->kind == AREA_GUESS_MAPPED &&
					    area->flags & PROC_AREA_VMAP));
	if (!area->nr_pages || !area->caller)
		return false;
	if (guess->bounded)
		return area->flags & PROC_AREA_VPAGES && nr_pages <= guess->nr_pages &&
		       guess->nr_pages - nr_pages < KERNEL_PAGE_SIZE / 4;
	return nr_pages == guess->nr_pages &&
	       (guess->kind != AREA_GUESS_STACK || !in_modules(j, area->start));
}

/* 32-bit machines have their modules among all other areas. */
static bool is_code(const struct vmalloc_judge *j, const struct area_guess *guess)
{
	return guess->kind == AREA_GUESS_MODULE && j->modules.vend;
}

static bool in_modules(const struct vmalloc_judge *j, uint64_t addr)
{
	return j->modules.vend && addr >= j->modules.vstart && addr <= j->modules.vend;
}

static struct vmalloc_row *row_at(struct vmalloc_guesses *g, uint64_t start)
{
	size_t low = 0, high = g->rows.nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (g->rows.items[middle].area->start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->rows.nr && g->rows.items[low].area->start == start ? &g->rows.items[low] :
									     NULL;
}

/* How sure that is. */
static void tell(struct vmalloc_judge *j, const struct area_guess *guess, bool by_row)
{
	j->guesses.by_kind[guess->kind]++;
	if (by_row)
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "areas found by their bookkeeping, their place by a later file", 1);
	else if (!guess->nr_pages && guess->kind != AREA_GUESS_BLOCK)
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "areas whose size nothing tells: taken for one page", 1);
	else if (guess->bounded)
		verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
			     "areas whose array is an area: taken for as large as it can hold", 1);
}

static void judge_place(struct vmalloc_judge *j, const struct area_guess *guess,
			const struct vmap_call *call, struct mm_outcome choice, uint64_t recorded)
{
	const struct verify_what what = what_of(guess, "found");
	struct verify_story *story;

	if (!recorded) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "areas found by their bookkeeping, whose address nothing tells", 1);
		return;
	}
	story = verify_judge(j->log, VERIFY_VMALLOC_ADDRESS,
			     mm_ok(choice) && choice.addr == recorded, &what);
	if (unlikely(story))
		vmalloc_tell_alloc(j, story, call, choice, recorded);
}

static void judge_cut(struct vmalloc_judge *j, const struct area_guess *guess,
		      const struct vmap_call *call, struct mm_outcome choice)
{
	const struct verify_what what = what_of(guess, "cut");

	if (mm_ok(choice) && guess->cut != AREA_CUT_UNKNOWN)
		(void)verify_judge(j->log, VERIFY_VMALLOC_CUT,
				   cut_of(j, call, choice) == guess->cut, &what);
}

static enum area_cut cut_of(const struct vmalloc_judge *j, const struct vmap_call *call,
			    struct mm_outcome choice)
{
	struct vmap_range range;

	if (choice.path == MM_PATH_VMAP_POOL)
		return AREA_CUT_POOL;
	range = vmap_range_at(j->v, choice.addr);
	if (range.start == choice.addr && range.end == choice.addr + call->size)
		return AREA_CUT_WHOLE;
	return range.start == choice.addr || range.end == choice.addr + call->size ?
		       AREA_CUT_EDGE :
		       AREA_CUT_MIDDLE;
}

static struct verify_what what_of(const struct area_guess *guess, const char *path)
{
	return (struct verify_what){
		.number = guess->number,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
		.path = path,
	};
}

/* Areas of percpu chunks are told by the events of those. */
static void add_rows(struct vmalloc_judge *j)
{
	const struct area_known *known = &j->setup->areas;
	struct vmalloc_guesses *g = &j->guesses;

	g->moment = known->moment;
	if (!known->rows)
		return;
	vec_foreach (&known->rows->rows, area) {
		if (area->end > area->start && area->size == area->end - area->start &&
		    area->size >= KERNEL_PAGE_SIZE && !(area->flags & PROC_AREA_UNPURGED))
			vec_push(&g->rows, ((struct vmalloc_row){ .area = area }));
	}
	if (g->rows.nr)
		qsort(g->rows.items, g->rows.nr, sizeof(*g->rows.items), by_start);
}

static int by_start(const void *a, const void *b)
{
	const struct vmalloc_row *x = a, *y = b;

	return (x->area->start > y->area->start) - (x->area->start < y->area->start);
}
