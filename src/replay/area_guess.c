/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas by their bookkeeping (see area_guess.h). The order in one task, at task level, since
 * neither vmalloc() nor vfree() works in an interrupt (mm/vmalloc.c, 6.1 to 7.2):
 *
 *	kmalloc struct vm_struct	__get_vm_area_node()
 *	kmem_cache_alloc vmap_area	alloc_vmap_area(); none when a pool has one (6.9 and later)
 *	kmem_cache_alloc vmap_area	the same: one is put by for a cut out of the middle
 *	kmem_cache_free vmap_area	the same: the free range went as a whole
 *	kmalloc array of pages		__vmalloc_area_node(); above a page: all of this once more
 *	mm_page_alloc ...		what the bulk allocator does not serve silently; page tables
 *
 * and back: the area is lazy; mm_page_free of each page, kfree of the array, kfree of the struct
 * vm_struct. Where no array follows, the pages are somebody else's.
 *
 * The pages of an array that is an area are known to a pageful of pointers only. When the area is
 * freed, its pages are, one after the other, and tell.
 */
#include <config.h>

#include "kmreplay/replay/area_guess.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/kernel.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIGNS_LAST = 3, /* object events of the task for which a sign is remembered */
	STACK_PAGES = 4,
	HUGE_ORDER = 9,
	HUGE_SIZE = 2 << 20,
	BLOCK_SIZE = 1 << 20, /* of vm_map_ram() on x86-64: VMAP_BLOCK_SIZE */
};

/* What a call site does for an area, or says of the one to come or just made. */
enum role {
	ROLE_UNKNOWN, /* not looked at yet */
	ROLE_OTHER,
	ROLE_VM,      /* struct vm_struct */
	ROLE_RECORD,  /* vmap_area */
	ROLE_ARRAY,
	ROLE_TASK,    /* a task's record, before its stack */
	ROLE_MEMTYPE, /* before ioremap() */
	ROLE_CODE,    /* before an area in the range of modules */
	ROLE_CODE_AFTER, /* behind such areas */
	ROLE_BARE,    /* an address without a symbol: what is done there must tell */
	ROLE_CHUNK,   /* pcpu_get_vm_areas(): told by the event of the chunk */
};

/* Until 6.5 and since then, of 64 and of 32 bits: struct vm_struct, struct vmap_area. */
static const uint16_t vm_struct_sizes[2][2] = { { 64, 72 }, { 36, 40 } };
static const uint16_t vmap_area_sizes[2][2] = { { 64, 72 }, { 32, 36 } };

enum area_guess_signs { SIGN_CODE = 1 << 0, SIGN_MEMTYPE = 1 << 1 };

static struct area_guess_task *task_of(struct area_guesses *g, const struct event *ev);
static enum role role_of(struct area_guesses *g, uint32_t site);
static enum role role_by_name(const struct event_names *names, uint32_t site);
static void feed_one(struct area_guesses *g, const struct event *ev);
static void on_alloc(struct area_guesses *g, struct area_guess_task *task, const struct event *ev,
		     enum role role);
static void on_free(struct area_guesses *g, struct area_guess_task *task, const struct event *ev,
		    enum role role);
static enum role role_by_sequence(struct area_guesses *g, struct area_guess_task *task,
				  const struct event *ev);
static bool has_size(const struct area_guesses *g, const struct event *ev,
		     const uint16_t sizes[2][2]);
static void on_page_alloc(struct area_guesses *g, struct area_guess_task *task,
			  const struct event *ev);
static void on_page_free(struct area_guesses *g, struct area_guess_task *task,
			 const struct event *ev);
static void on_told(struct area_guesses *g, struct area_guess_task *task, const struct event *ev);
static void open_guess(struct area_guesses *g, struct area_guess_task *task,
		       const struct event *ev, enum area_guess_kind kind);
static void add_record(struct area_guesses *g, struct area_guess_task *task,
		       const struct event *ev);
static void add_array(struct area_guesses *g, struct area_guess_task *task,
		      const struct event *ev);
static void add_to_outer(struct area_guesses *g, uint32_t index, uint32_t inner,
			 uint64_t pointers);
static void close_guesses(struct area_guess_task *task);
static void look_behind(struct area_guesses *g, struct area_guess_task *task, enum role role);
static void end_guess(struct area_guesses *g, struct area_guess_task *task, uint32_t index,
		      const struct event *ev);
static void end_outer(struct area_guesses *g, struct area_guess *guess, const struct event *ev,
		      uint64_t start);
static void end_at(struct area_guess *guess, const struct event *ev, uint64_t number);
static void hold(struct area_guesses *g, uint64_t ptr, uint32_t index);
static void note_cut(struct area_guesses *g, uint32_t index);
static int by_number(const void *a, const void *b);

static const struct {
	const char *name, *help;
} kinds[] = {
#define X(suffix, name_, help_) [AREA_GUESS_##suffix] = { name_, help_ },
	AREA_GUESS_KINDS(X)
#undef X
};

const char *area_guess_kind_name(enum area_guess_kind kind)
{
	return kinds[kind].name;
}

const char *area_guess_kind_help(enum area_guess_kind kind)
{
	return kinds[kind].help;
}

void area_guesses_init(struct area_guesses *g, const struct event_names *names, bool long_is_32)
{
	memset(g, 0, sizeof(*g));
	g->names = names;
	g->long_is_32 = long_is_32;
	g->first_told = g->first_told_free = UINT64_MAX;
	u64map_init(&g->live);
	u64map_init(&g->task_of);
}

void area_guesses_deinit(struct area_guesses *g)
{
	vec_deinit(&g->all);
	vec_deinit(&g->begins);
	vec_deinit(&g->ends);
	u64map_deinit(&g->live);
	u64map_deinit(&g->task_of);
	vec_deinit(&g->tasks);
	vec_deinit(&g->last_cut);
	vec_deinit(&g->role_of);
}

void area_guesses_feed(struct area_guesses *g, const struct event *events, size_t nr)
{
	for (size_t i = 0; i < nr; i++, g->number++)
		feed_one(g, &events[i]);
}

/* Areas of two tasks were begun in one order and may have got their addresses in another. */
void area_guesses_finish(struct area_guesses *g)
{
	for (uint32_t i = 0; i < g->all.nr; i++) {
		const struct area_guess *guess = &g->all.items[i];

		vec_push(&g->begins, ((struct area_guess_turn){ guess->number, i }));
		if (guess->end != UINT64_MAX)
			vec_push(&g->ends, ((struct area_guess_turn){ guess->end, i }));
	}
	if (g->begins.nr)
		qsort(g->begins.items, g->begins.nr, sizeof(*g->begins.items), by_number);
	if (g->ends.nr)
		qsort(g->ends.items, g->ends.nr, sizeof(*g->ends.items), by_number);
	vec_foreach(&g->begins, turn)
		note_cut(g, turn->index);
}

bool area_guess_is_alone(const struct area_guesses *g, const struct area_guess *guess)
{
	return !guess->told_addr && guess->number < g->first_told;
}

/* Mappings are aligned to their size, without the guard page: __get_vm_area_node(). */
struct vmap_call area_guess_call(const struct vmalloc *v, const struct area_guess *guess,
				 uint64_t nr_pages, enum machine_arch arch)
{
	const struct vmalloc_request ioremap = { .size = MAX(nr_pages, 1ULL) * KERNEL_PAGE_SIZE,
						 .flags = VMALLOC_IOREMAP };
	struct vmap_call call = { .cpu = guess->cpu,
				  .size = (MAX(nr_pages, 1ULL) + 1) * KERNEL_PAGE_SIZE,
				  .align = 1 };
	struct vmap_call io;

	if (guess->huge)
		call.align = HUGE_SIZE;
	if (guess->kind == AREA_GUESS_STACK && arch != ARCH_X86_32)
		call.align = STACK_PAGES * KERNEL_PAGE_SIZE;
	if (guess->kind == AREA_GUESS_BLOCK)
		call.size = call.align = BLOCK_SIZE;
	if (guess->kind == AREA_GUESS_IOREMAP && vmalloc_area_call(v, 0, &ioremap, &io))
		call.align = io.align;
	return call;
}

static void feed_one(struct area_guesses *g, const struct event *ev)
{
	struct area_guess_task *task;

	switch (ev->type) {
	case EVENT_KMALLOC:
	case EVENT_KMALLOC_NODE:
	case EVENT_CACHE_ALLOC:
	case EVENT_CACHE_ALLOC_NODE:
	case EVENT_KFREE:
	case EVENT_CACHE_FREE:
	case EVENT_PAGE_ALLOC:
	case EVENT_PAGE_FREE:
	case EVENT_VMAP_ALLOC:
	case EVENT_PROBE_VA_ALLOC:
	case EVENT_PCPU_ALLOC:
		break;
	case EVENT_VMAP_FREE:
	case EVENT_PROBE_VA_FREE:
		g->first_told_free = MIN(g->first_told_free, g->number);
		if (!(ev->flags & (EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ | EVENT_F_NMI)))
			task_of(g, ev)->freed_addr = ev->type == EVENT_VMAP_FREE ?
							     ev->range.start :
							     ev->probe.addr;
		return;
	default:
		return;
	}
	if (ev->flags & (EVENT_F_SOFTIRQ | EVENT_F_HARDIRQ | EVENT_F_NMI))
		return;
	task = task_of(g, ev);
	switch (ev->type) {
	case EVENT_KFREE:
	case EVENT_CACHE_FREE:
		on_free(g, task, ev, role_of(g, ev->site));
		break;
	case EVENT_PAGE_ALLOC:
		on_page_alloc(g, task, ev);
		break;
	case EVENT_PAGE_FREE:
		on_page_free(g, task, ev);
		break;
	case EVENT_VMAP_ALLOC:
	case EVENT_PROBE_VA_ALLOC:
		on_told(g, task, ev);
		break;
	case EVENT_PCPU_ALLOC:
		if (ev->percpu.reserved)
			look_behind(g, task, ROLE_CODE_AFTER);
		break;
	default:
		on_alloc(g, task, ev, role_of(g, ev->site));
		break;
	}
}

/* The idle tasks are one a CPU. */
static struct area_guess_task *task_of(struct area_guesses *g, const struct event *ev)
{
	const uint64_t key = ev->pid ? (uint32_t)ev->pid : 1ULL << 32 | ev->cpu;
	bool fresh;
	uint32_t *index = u64map_insert(&g->task_of, key, &fresh);

	if (fresh) {
		*index = (uint32_t)g->tasks.nr;
		vec_push(&g->tasks, ((struct area_guess_task){ .open = AREA_GUESS_NONE,
							       .outer = AREA_GUESS_NONE,
							       .last = AREA_GUESS_NONE,
							       .run_start = UINT64_MAX }));
	}
	return &g->tasks.items[*index];
}

static enum role role_of(struct area_guesses *g, uint32_t site)
{
	if (unlikely(site >= g->role_of.nr))
		vec_extend_zeroed(&g->role_of, MAX((size_t)site + 1, g->names->sites.nr));
	if (unlikely(g->role_of.items[site] == ROLE_UNKNOWN))
		g->role_of.items[site] = (uint8_t)role_by_name(g->names, site);
	return (enum role)g->role_of.items[site];
}

/* Compilers cut functions in parts, and kernels since 6.10 give them another ending. */
static enum role role_by_name(const struct event_names *names, uint32_t site)
{
	static const struct {
		const char *symbol;
		enum role role;
	} symbols[] = {
		{ "__get_vm_area_node", ROLE_VM },
		{ "alloc_vmap_area", ROLE_RECORD },
		{ "__vmalloc_node_range", ROLE_ARRAY },
		{ "__vmalloc_node_range_noprof", ROLE_ARRAY },
		{ "__vmalloc_area_node", ROLE_ARRAY },
		{ "pcpu_get_vm_areas", ROLE_CHUNK },
		{ "copy_process", ROLE_TASK },
		{ "dup_task_struct", ROLE_TASK },
		{ "alloc_task_struct_node", ROLE_TASK },
		{ "memtype_reserve", ROLE_MEMTYPE },
		/* kernel/module: a signature was checked, what was loaded is laid out */
		{ "mod_verify_sig", ROLE_CODE },
		{ "is_hash_blacklisted", ROLE_CODE },
		{ "setup_load_info", ROLE_CODE },
		{ "early_mod_check", ROLE_CODE },
		/* kernel/bpf/core.c, kernel/kprobes.c, arch/x86/kernel/ftrace.c */
		{ "bpf_prog_pack_alloc", ROLE_CODE },
		{ "alloc_new_pack", ROLE_CODE },
		{ "__get_insn_slot", ROLE_CODE },
		{ "setup_modinfo_version", ROLE_CODE_AFTER },
		{ "setup_modinfo_srcversion", ROLE_CODE_AFTER },
		{ "resolve_symbol", ROLE_CODE_AFTER },
		{ "percpu_modalloc", ROLE_CODE_AFTER },
		{ "ftrace_process_locs", ROLE_CODE_AFTER },
		{ "strndup_user", ROLE_CODE_AFTER },
	};
	const char *symbol = site < names->sites.nr
				     ? intern_text(&names->texts, names->sites.items[site].symbol)
				     : "";
	const size_t len = strcspn(symbol, ".");

	if (!len)
		return site ? ROLE_BARE : ROLE_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (!strncmp(symbol, symbols[i].symbol, len) && !symbols[i].symbol[len])
			return symbols[i].role;
	}
	return ROLE_OTHER;
}

static void on_alloc(struct area_guesses *g, struct area_guess_task *task, const struct event *ev,
		     enum role role)
{
	task->run_start = UINT64_MAX;
	if (role == ROLE_BARE)
		role = role_by_sequence(g, task, ev);
	if (role == ROLE_VM) {
		open_guess(g, task, ev, AREA_GUESS_MAPPED);
		hold(g, ev->slab.ptr, task->open);
		return;
	}
	if (role == ROLE_RECORD) {
		add_record(g, task, ev);
		return;
	}
	if (role == ROLE_ARRAY) {
		add_array(g, task, ev);
		return;
	}
	close_guesses(task);
	look_behind(g, task, role);
	task->new_task = role == ROLE_TASK;
	if (task->fading && !--task->fading)
		task->signs &= (uint8_t)~SIGN_CODE;
	if (role == ROLE_CODE) {
		task->signs |= SIGN_CODE;
		task->fading = SIGNS_LAST;
	}
	if (role == ROLE_MEMTYPE)
		task->signs |= SIGN_MEMTYPE;
	else
		task->signs &= (uint8_t)~SIGN_MEMTYPE;
}

static void on_free(struct area_guesses *g, struct area_guess_task *task, const struct event *ev,
		    enum role role)
{
	const uint32_t *at = NULL;

	if (ev->type == EVENT_CACHE_FREE) {
		if (role == ROLE_RECORD && task->open != AREA_GUESS_NONE)
			g->all.items[task->open].cut = AREA_CUT_WHOLE;
		return;
	}
	if (ev->slab.ptr != U64MAP_NO_KEY)
		at = u64map_find(&g->live, ev->slab.ptr);
	if (at) {
		const uint32_t index = *at;

		end_guess(g, task, index, ev);
		(void)u64map_remove(&g->live, ev->slab.ptr);
		if (task->open == index)
			close_guesses(task);
	}
	task->run_start = UINT64_MAX;
	if (role == ROLE_CODE) {
		task->signs |= SIGN_CODE;
		task->fading = SIGNS_LAST;
	}
}

/*
 * Without symbols the sequence tells: an object of a struct vm_struct's size, cleared; at once one
 * of a cache, of a record's size, with the same mask but for that; at once an array of pointers,
 * cleared, with the same mask again. Areas out of pools have no record, and are not found so.
 */
static enum role role_by_sequence(struct area_guesses *g, struct area_guess_task *task,
				  const struct event *ev)
{
	const bool is_kmalloc = ev->type == EVENT_KMALLOC || ev->type == EVENT_KMALLOC_NODE;
	const uint32_t how = ev->slab.gfp & ~(uint32_t)GFP_BIT_ZERO;
	const bool cleared = ev->slab.gfp & GFP_BIT_ZERO;
	const struct event *vm = &task->vm;

	if (!is_kmalloc && !cleared && vm->slab.ptr && has_size(g, ev, vmap_area_sizes) &&
	    (vm->slab.gfp & ~(uint32_t)GFP_BIT_ZERO) == how && vm->slab.node == ev->slab.node) {
		close_guesses(task);
		open_guess(g, task, vm, AREA_GUESS_MAPPED);
		g->all.items[task->open].number = task->vm_number;
		hold(g, vm->slab.ptr, task->open);
		task->vm.slab.ptr = 0;
		return ROLE_RECORD;
	}
	task->vm.slab.ptr = 0;
	if (task->open != AREA_GUESS_NONE && g->all.items[task->open].gfp == how) {
		if (!is_kmalloc && !cleared && has_size(g, ev, vmap_area_sizes))
			return ROLE_RECORD;
		if (is_kmalloc && cleared)
			return ROLE_ARRAY;
	}
	if (is_kmalloc && cleared && has_size(g, ev, vm_struct_sizes)) {
		task->vm = *ev;
		task->vm_number = g->number;
	}
	return ROLE_OTHER;
}

static bool has_size(const struct area_guesses *g, const struct event *ev,
		     const uint16_t sizes[2][2])
{
	return ev->slab.bytes_req == sizes[g->long_is_32][0] ||
	       ev->slab.bytes_req == sizes[g->long_is_32][1];
}

/* Blocks of 2 MiB behind an array: a huge mapping, unless they are only tried for (7.x). */
static void on_page_alloc(struct area_guesses *g, struct area_guess_task *task,
			  const struct event *ev)
{
	struct area_guess *last;

	task->run_start = UINT64_MAX;
	if (ev->page.order != HUGE_ORDER || task->last == AREA_GUESS_NONE ||
	    ev->page.pfn == EVENT_PFN_FAILED)
		return;
	last = &g->all.items[task->last];
	if (ev->page.gfp & GFP_BIT_HIGHMEM && last->nr_pages % (1U << HUGE_ORDER) == 0 &&
	    !(last->gfp & ~ev->page.gfp & GFP_BIT_DIRECT_RECLAIM))
		last->huge = true;
}

static void on_page_free(struct area_guesses *g, struct area_guess_task *task,
			 const struct event *ev)
{
	if (task->run_start == UINT64_MAX) {
		task->run_start = g->number;
		task->run_pages = 0;
	}
	task->run_pages += 1ULL << (ev->page.order & 31);
}

static void on_told(struct area_guesses *g, struct area_guess_task *task, const struct event *ev)
{
	const bool probe = ev->type == EVENT_PROBE_VA_ALLOC;
	struct area_guess *guess;

	if (ev->flags & EVENT_F_FAILED)
		return;
	g->first_told = MIN(g->first_told, g->number);
	g->nr_told++;
	if (task->open == AREA_GUESS_NONE || g->all.items[task->open].told_addr) {
		g->nr_told_alone++;
		return;
	}
	guess = &g->all.items[task->open];
	guess->told_number = g->number;
	guess->told_align = probe ? 0 : ev->vmap.align;
	guess->told_addr = probe ? ev->probe.addr : ev->vmap.addr;
	guess->told_size = probe ? ev->probe.size - ev->probe.addr : ev->vmap.size;
}

/* Of two that are open the first one is waiting for an array that needs an area itself. */
static void open_guess(struct area_guesses *g, struct area_guess_task *task,
		       const struct event *ev, enum area_guess_kind kind)
{
	const bool code = task->signs & SIGN_CODE;

	task->outer = task->open;
	task->open = (uint32_t)g->all.nr;
	if (task->signs & SIGN_MEMTYPE && kind == AREA_GUESS_MAPPED)
		kind = AREA_GUESS_IOREMAP;
	if (task->new_task)
		kind = AREA_GUESS_STACK;
	if (code)
		kind = AREA_GUESS_MODULE;
	vec_push(&g->all, ((struct area_guess){ .number = g->number,
						.end = UINT64_MAX,
						.array = UINT64_MAX,
						.told_number = UINT64_MAX,
						.inner = AREA_GUESS_NONE,
						.outer = AREA_GUESS_NONE,
						.before = task->outer == AREA_GUESS_NONE ?
								  task->last :
								  AREA_GUESS_NONE,
						.pid = ev->pid,
						.gfp = ev->slab.gfp & ~(uint32_t)GFP_BIT_ZERO,
						.cpu = ev->cpu,
						.kind = (uint8_t)kind }));
	task->new_task = false;
	task->signs &= (uint8_t)~SIGN_MEMTYPE;
}

static void add_record(struct area_guesses *g, struct area_guess_task *task,
		       const struct event *ev)
{
	struct area_guess *guess;

	if (task->open == AREA_GUESS_NONE) {
		task->last = AREA_GUESS_NONE;
		open_guess(g, task, ev, AREA_GUESS_BLOCK);
	}
	guess = &g->all.items[task->open];
	guess->number = g->number;
	guess->cpu = ev->cpu;
	guess->nr_records++;
}

static void add_array(struct area_guesses *g, struct area_guess_task *task,
		      const struct event *ev)
{
	const unsigned int pointer = g->long_is_32 ? 4 : 8;
	const uint64_t nr = ev->slab.bytes_req / pointer;
	struct area_guess *guess;

	/* A larger one is an area itself. */
	if (task->open == AREA_GUESS_NONE || ev->slab.bytes_req % pointer || !nr ||
	    ev->slab.bytes_req > KERNEL_PAGE_SIZE)
		return;
	guess = &g->all.items[task->open];
	guess->nr_pages = nr;
	guess->array = g->number;
	if (guess->kind == AREA_GUESS_STACK ? nr != STACK_PAGES : guess->kind > AREA_GUESS_MODULE)
		guess->kind = AREA_GUESS_PAGES;
	if (guess->before != AREA_GUESS_NONE && guess->kind == AREA_GUESS_PAGES &&
	    g->all.items[guess->before].kind == AREA_GUESS_MODULE)
		guess->kind = AREA_GUESS_MODULE;
	hold(g, ev->slab.ptr, task->open);
	if (task->outer != AREA_GUESS_NONE)
		add_to_outer(g, task->outer, task->open, KERNEL_PAGE_SIZE / pointer);
	task->last = guess->outer == AREA_GUESS_NONE ? task->open : guess->outer;
	close_guesses(task);
}

/* An array of one page is not an area; what ioremap() made has none. */
static void add_to_outer(struct area_guesses *g, uint32_t index, uint32_t inner,
			 uint64_t pointers)
{
	struct area_guess *outer = &g->all.items[index], *guess = &g->all.items[inner];

	if (guess->nr_pages < 2 || outer->kind == AREA_GUESS_IOREMAP)
		return;
	if (outer->kind != AREA_GUESS_MODULE)
		outer->kind = AREA_GUESS_PAGES;
	outer->nr_pages = guess->nr_pages * pointers;
	outer->bounded = true;
	outer->array = guess->array;
	outer->inner = inner;
	guess->outer = index;
	guess->kind = AREA_GUESS_ARRAY;
}

static void close_guesses(struct area_guess_task *task)
{
	task->open = task->outer = AREA_GUESS_NONE;
}

/* Several areas in a row, and then what only the loader of modules does: they were its. */
static void look_behind(struct area_guesses *g, struct area_guess_task *task, enum role role)
{
	uint32_t at = task->last;

	task->last = AREA_GUESS_NONE;
	if (role != ROLE_CODE_AFTER || at == AREA_GUESS_NONE ||
	    g->all.items[at].before == AREA_GUESS_NONE)
		return;
	for (; at != AREA_GUESS_NONE; at = g->all.items[at].before) {
		if (g->all.items[at].kind == AREA_GUESS_PAGES)
			g->all.items[at].kind = AREA_GUESS_MODULE;
	}
}

/* The array goes first, if there is one, and the pages before it. */
static void end_guess(struct area_guesses *g, struct area_guess_task *task, uint32_t index,
		      const struct event *ev)
{
	struct area_guess *guess = &g->all.items[index];
	const uint64_t start = task->run_start == UINT64_MAX ? g->number : task->run_start;

	if (guess->end != UINT64_MAX)
		return;
	end_at(guess, ev, start);
	guess->freed_addr = task->freed_addr;
	task->freed_addr = 0;
	guess->nr_freed = task->run_start == UINT64_MAX ? 0 : task->run_pages;
	if (guess->outer != AREA_GUESS_NONE && guess->nr_freed > guess->nr_pages)
		end_outer(g, guess, ev, start);
}

/* Just before the array's pages went those of the area whose array it was. */
static void end_outer(struct area_guesses *g, struct area_guess *guess, const struct event *ev,
		      uint64_t start)
{
	struct area_guess *outer = &g->all.items[guess->outer];

	if (outer->end != UINT64_MAX)
		return;
	guess->end = g->number;
	outer->nr_freed = guess->nr_freed - guess->nr_pages;
	guess->nr_freed = guess->nr_pages;
	end_at(outer, ev, start);
	/* The last page of the array is not full, the others are. */
	if (outer->nr_freed > outer->nr_pages ||
	    outer->nr_pages - outer->nr_freed >= outer->nr_pages / guess->nr_pages)
		return;
	outer->nr_pages = outer->nr_freed;
	outer->bounded = false;
}

static void end_at(struct area_guess *guess, const struct event *ev, uint64_t number)
{
	guess->end = number;
	guess->end_cpu = ev->cpu;
}

/* What lies at an address now is not what lay there before. */
static void hold(struct area_guesses *g, uint64_t ptr, uint32_t index)
{
	bool fresh;

	if (ptr && ptr != U64MAP_NO_KEY)
		*u64map_insert(&g->live, ptr, &fresh) = index;
}

/* An area that puts no record by finds one there: the CPU's last cut was not out of the middle. */
static void note_cut(struct area_guesses *g, uint32_t index)
{
	struct area_guess *guess = &g->all.items[index], *last;
	uint32_t *last_cut;

	if (!guess->nr_records) {
		guess->cut = AREA_CUT_POOL;
		return;
	}
	vec_extend_zeroed(&g->last_cut, (size_t)guess->cpu + 1);
	last_cut = &g->last_cut.items[guess->cpu];
	last = *last_cut ? &g->all.items[*last_cut - 1] : NULL;
	if (last && last->cut == AREA_CUT_UNKNOWN)
		last->cut = guess->nr_records > 1 ? AREA_CUT_MIDDLE : AREA_CUT_EDGE;
	*last_cut = index + 1;
}

static int by_number(const void *a, const void *b)
{
	const struct area_guess_turn *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}
