/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of address ranges. Each event of vmalloc is one decision: where an area lies, how many
 * pages are lazy, what a purge comes to. Kernels before 6.2 have no such events; there the probes
 * of alloc_vmap_area() and free_vmap_area_noflush() are judged, where somebody recorded them.
 *
 * A purge is asked for by too many lazy pages, which is for us to foresee, or by others: a change
 * of page attributes (vm_unmap_aliases()) purges, whatever is lazy. The latter is a request as any
 * other, so it is carried out when it was recorded, in both modes, and not judged but for what it
 * comes to.
 */
#include <config.h>

#include "vmalloc_judge.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/proc/take.h"

#include <stdlib.h>

/** What is done with an event; NULL: nothing. */
struct handler {
	void (*run)(struct vmalloc_judge *j, const struct event *ev);
	bool tells; /* it tells of areas themselves: GIVEN_AREAS */
};

static void *judge_create(const struct verify_setup *setup, const void *look,
			  const struct repair *repair, struct verify_log *log, struct error *err);
static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool judge_finish(void *judge, struct error *err);
static void judge_destroy(void *judge);
static void judge_show(void *judge, struct proc_snapshot *snapshot);
static struct percpu *make_layout(const struct vmalloc_judge *j,
				  const struct machine_config *config);
static void default_bounds(struct vmalloc_judge *j);
static bool begins_empty(const struct vmalloc_judge *j);
static bool is_settled(struct vmalloc_judge *j, const struct event *ev);
static void on_alloc(struct vmalloc_judge *j, const struct event *ev);
static void on_free(struct vmalloc_judge *j, const struct event *ev);
static void on_probe_alloc(struct vmalloc_judge *j, const struct event *ev);
static void on_probe_free(struct vmalloc_judge *j, const struct event *ev);
static void on_chunk(struct vmalloc_judge *j, const struct event *ev);
static bool in_modules(const struct vmalloc_judge *j, uint64_t addr);
static void place(struct vmalloc_judge *j, const struct event *ev, const struct vmap_call *call,
		  uint64_t recorded);
static void give_up(struct vmalloc_judge *j, const struct vmap_call *call, uint64_t addr);
static bool adopt_unseen(struct vmalloc_judge *j, uint64_t addr, uint64_t size);
static uint64_t let_go(struct vmalloc_judge *j, uint64_t recorded);

static const struct handler handlers[EVENT_NR] = {
	[EVENT_VMAP_ALLOC] = { on_alloc, .tells = true },
	[EVENT_VMAP_FREE] = { on_free, .tells = true },
	[EVENT_VMAP_PURGE] = { vmalloc_on_purge, .tells = true },
	[EVENT_PROBE_VA_ALLOC] = { on_probe_alloc, .tells = true },
	[EVENT_PROBE_VA_FREE] = { on_probe_free, .tells = true },
	[EVENT_PROBE_VM_REQ] = { vmalloc_on_request, .tells = true },
	[EVENT_PROBE_VM_RET] = { vmalloc_on_return, .tells = true },
	[EVENT_PROBE_VMAP] = { vmalloc_on_vmap, .tells = true },
	[EVENT_PROBE_VMAP_RET] = { vmalloc_on_return, .tells = true },
	[EVENT_CACHE_FREE] = { vmalloc_on_record_free },
	[EVENT_PCPU_CHUNK_CREATE] = { on_chunk },
};

const struct verify_ops verify_vmalloc_ops = {
	.look_create = areas_look_create,
	.look_feed = areas_look_feed,
	.look_finish = areas_look_finish,
	.look_destroy = areas_look_destroy,
	.create = judge_create,
	.feed = judge_feed,
	.finish = judge_finish,
	.destroy = judge_destroy,
	.show = judge_show,
};

static void *judge_create(const struct verify_setup *setup, const void *look,
			  const struct repair *repair UNUSED, struct verify_log *log,
			  struct error *err UNUSED)
{
	struct vmalloc_judge *j = xcalloc(1, sizeof(*j));
	const struct machine_config config = areas_config(look, setup->config);

	j->log = log;
	j->setup = setup;
	j->look = look;
	j->given_start = look && verify_is_given(setup, GIVEN_START);
	j->sites.names = setup->names;
	u64map_init(&j->asked_of);
	places_init(&j->areas);
	j->v = vmalloc_create(&config, &vmalloc_pages_ops, j);
	vmalloc_set_auto_purge(j->v, false);
	j->percpu = make_layout(j, &config);
	if (look) {
		j->vmalloc = j->look->vmalloc;
		j->modules = j->look->modules;
		if (j->look->lazy_max)
			vmap_set_lazy_max(j->v, j->look->lazy_max);
	}
	default_bounds(j);
	vmalloc_guesses_init(j);
	j->from_nothing = begins_empty(j);
	if (j->given_start)
		vmalloc_judge_start(j);
	return j;
}

static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err UNUSED)
{
	struct vmalloc_judge *j = judge;

	for (size_t i = 0; i < batch->batch->nr; i++, j->number++) {
		const struct event *ev = &batch->batch->events[i];
		const struct handler *handler = &handlers[ev->type];

		if (unlikely(j->number >= j->guesses.next_at))
			vmalloc_guesses_until(j, j->number);
		verify_reached(j->log, j->number);
		if (unlikely(j->pages.open.nr) || ev->type == EVENT_PAGE_ALLOC)
			vmalloc_pages_event(j, ev, &batch->ops[i]);
		if (unlikely(j->bursting && j->burst_pid == ev->pid &&
			     ev->type != EVENT_CACHE_FREE))
			j->bursting = false;
		if (unlikely(handler->run) && !(handler->tells && is_settled(j, ev)))
			handler->run(j, ev);
	}
	return true;
}

/* What "ev" tells is not to be heeded, or has been by now. */
static bool is_settled(struct vmalloc_judge *j, const struct event *ev)
{
	if (j->guesses.alone)
		return true;
	return (ev->type == EVENT_VMAP_ALLOC || ev->type == EVENT_PROBE_VA_ALLOC) &&
	       u64map_remove(&j->guesses.early, j->number);
}

/* Purges that ours ran and the recording did not; one may have come too late for it. */
static bool judge_finish(void *judge, struct error *err UNUSED)
{
	struct vmalloc_judge *j = judge;
	const struct verify_what what = { .number = j->number, .order = VERIFY_NO_ORDER };

	vmalloc_guesses_until(j, j->number);
	vmalloc_pages_finish(j);
	vmalloc_guesses_finish(j);
	vmalloc_settle_lazy(j);
	for (; j->nr_own > 1; j->nr_own--)
		verify_detect(j->log, VERIFY_VMALLOC_PURGE, false, true, &what);
	verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
		     "purges that were due when the recording ended", j->nr_own);
	return true;
}

static void judge_destroy(void *judge)
{
	struct vmalloc_judge *j = judge;

	if (!j)
		return;
	vmalloc_destroy(j->v);
	percpu_destroy(j->percpu);
	u64map_deinit(&j->asked_of);
	places_deinit(&j->areas);
	vmalloc_guesses_deinit(j);
	vmalloc_pages_deinit(j);
	vec_deinit(&j->asked);
	vec_deinit(&j->sites.by_site);
	free(j);
}

static void judge_show(void *judge, struct proc_snapshot *snapshot)
{
	const struct vmalloc_judge *j = judge;

	proc_take_vmalloc(snapshot, j->v);
}

/* Where nothing tells, the ranges are where they are without randomisation. */
static void default_bounds(struct vmalloc_judge *j)
{
	struct vmalloc_stats stats;

	vmalloc_stats(j->v, &stats);
	if (!j->vmalloc.vend)
		j->vmalloc = (struct areas_bounds){ stats.range_start, stats.range_end };
	if (!j->modules.vend && j->setup->config->arch == ARCH_X86_64)
		j->modules = (struct areas_bounds){ AREAS_MODULES_START, AREAS_MODULES_LAST };
}

/* The first area of a boot was seen, or its bookkeeping. */
static bool begins_empty(const struct vmalloc_judge *j)
{
	const struct area_guesses *all = j->guesses.all;

	if (j->look && j->look->from_nothing)
		return true;
	return j->setup->survey->from_boot && all && !j->guesses.unplaced &&
	       all->begins.items[0].number < all->first_told;
}

/* A percpu allocator that nobody asks for anything: it knows what areas a chunk has. */
static struct percpu *make_layout(const struct vmalloc_judge *j,
				  const struct machine_config *config)
{
	const struct percpu_ops none = { 0 };
	struct percpu_layout layout;

	areas_percpu_layout(j->look, config, &layout);
	return percpu_create(config, &layout, &none, NULL);
}

static void on_alloc(struct vmalloc_judge *j, const struct event *ev)
{
	const struct vmap_call call = { ev->cpu, ev->vmap.size, ev->vmap.align, ev->vmap.vstart,
					ev->vmap.vend };

	vmalloc_judge_size(j, ev, &call);
	place(j, ev, &call, ev->flags & EVENT_F_FAILED ? 0 : ev->vmap.addr);
}

/* alloc_vmap_area() as the probe of its return gives it: no bounds, no alignment. */
static void on_probe_alloc(struct vmalloc_judge *j, const struct event *ev)
{
	const bool modules = in_modules(j, ev->probe.addr);
	const struct areas_bounds *bounds = modules ? &j->modules : &j->vmalloc;
	struct vmap_call call = { .cpu = ev->cpu,
				  .size = ev->probe.size - ev->probe.addr,
				  .vstart = bounds->vstart,
				  .vend = bounds->vend };

	if (ev->flags & EVENT_F_FAILED || ev->probe.size <= ev->probe.addr || !bounds->vend) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "probes that do not tell the area", 1);
		return;
	}
	call.align = vmalloc_align_of(j, ev, call.size);
	vmalloc_judge_size(j, ev, &call);
	place(j, ev, &call, ev->probe.addr);
}

/* Decided behind the last record, and told behind that: see alloc_vmap_area(). */
bool vmalloc_place_early(struct vmalloc_judge *j, const struct area_guess *guess)
{
	const bool modules = in_modules(j, guess->told_addr);
	const struct areas_bounds *bounds = modules ? &j->modules : &j->vmalloc;
	const struct event ev = { .pid = guess->pid,
				  .cpu = guess->cpu,
				  .probe = { .addr = guess->told_addr } };
	struct vmap_call call = { .cpu = guess->cpu,
				  .size = guess->told_size,
				  .align = guess->told_align,
				  .vstart = bounds->vstart,
				  .vend = bounds->vend };
	struct mm_outcome choice;

	if (!bounds->vend)
		return false;
	if (!call.align)
		call.align = vmalloc_align_of(j, &ev, call.size);
	choice = vmap_area_choose(j->v, &call);
	if (!mm_ok(choice) || choice.addr != guess->told_addr)
		return false;
	vmalloc_judge_size(j, &ev, &call);
	place(j, &ev, &call, guess->told_addr);
	return true;
}

static bool in_modules(const struct vmalloc_judge *j, uint64_t addr)
{
	return j->modules.vend && addr >= j->modules.vstart && addr <= j->modules.vend;
}

/* What the allocator decides for "call"; "recorded" is 0 when the kernel found nothing. */
static void place(struct vmalloc_judge *j, const struct event *ev, const struct vmap_call *call,
		  uint64_t recorded)
{
	const bool following = j->setup->mode == VERIFY_FOLLOW;
	struct mm_outcome choice;
	struct verify_what what;
	struct verify_story *story;

	if (!following)
		vmalloc_run_own_purge(j);
	vmalloc_guesses_reason(j, call, recorded);
	choice = vmap_area_choose(j->v, call);
	if (choice.failure == MM_FAIL_INVALID) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "requests that no kernel makes: damage", 1);
		return;
	}
	what = vmalloc_what(j, ev, choice.path == MM_PATH_VMAP_POOL ? "pool" : "tree");
	if (!recorded) {
		j->failed = true;
		j->full_pid = ev->pid;
	}
	if (!recorded || !mm_ok(choice)) {
		story = verify_detect(j->log, VERIFY_VMALLOC_FAILURE, !recorded, !mm_ok(choice),
				      &what);
		if (unlikely(story))
			vmalloc_tell_alloc(j, story, call, choice, recorded);
	}
	if (recorded) {
		story = verify_judge(j->log, VERIFY_VMALLOC_ADDRESS,
				     mm_ok(choice) && choice.addr == recorded, &what);
		if (unlikely(story))
			vmalloc_tell_alloc(j, story, call, choice, recorded);
	}
	if (following)
		vmalloc_follow(j, call, choice, recorded);
	else if (mm_ok(choice = vmap_area_try(j->v, call)))
		vmalloc_hold(j, recorded, choice.addr);
}

void vmalloc_follow(struct vmalloc_judge *j, const struct vmap_call *call,
		    struct mm_outcome choice, uint64_t recorded)
{
	static const char *const reasons[] = {
		[VMAP_FREE] = "areas placed elsewhere among the free addresses",
		[VMAP_POOLED] = "areas taken out of a pool",
		[VMAP_LAZY] = "areas that were lazy in ours: a purge that was not seen",
		[VMAP_BUSY] = "areas over one that was in use in ours",
		[VMAP_OUTSIDE] = "areas outside of all addresses: left out",
	};
	enum vmap_state was;

	if (!recorded)
		return;
	if (mm_ok(choice) && choice.addr == recorded) {
		(void)vmap_area_try(j->v, call);
		return;
	}
	if (vmap_range_at(j->v, recorded).state == VMAP_LAZY) {
		(void)vmap_purge(j->v);
		j->purged_early = j->recorded_max != 0;
		j->lazy_bias = 0;
	}
	(void)vmap_area_force(j->v, call, recorded, &was);
	verify_aside(j->log, ASIDE_FORCED, VERIFY_VMALLOC, reasons[was], 1);
	if (mm_ok(choice) && choice.addr < recorded)
		give_up(j, call, choice.addr);
}

/*
 * "addr" would have been taken before the recorded one, were it free. What no event ever touches
 * must have been in use at the start, then, and is no longer in the way of others.
 */
static void give_up(struct vmalloc_judge *j, const struct vmap_call *call, uint64_t addr)
{
	const uint64_t end = addr + call->size;

	if (!j->given_start || j->from_nothing)
		return;
	while (addr < end) {
		const struct vmap_range range = vmap_range_at(j->look->touched, addr);
		const uint64_t stop = MIN(range.end, end);

		if (stop <= addr)
			return;
		if (range.state == VMAP_FREE && mm_ok(vmap_area_adopt(j->v, addr, stop - addr)))
			verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
				     "ranges in use at the start, as a difference tells", 1);
		addr = stop;
	}
}

static void on_free(struct vmalloc_judge *j, const struct event *ev)
{
	uint64_t addr = ev->range.start, before;
	bool known;

	j->recorded_lazy = ev->range.a;
	j->recorded_max = ev->range.b;
	if (j->setup->mode == VERIFY_FREE)
		vmalloc_run_own_purge(j);
	before = vmalloc_lazy_now(j);
	if (j->setup->mode == VERIFY_FREE) {
		addr = let_go(j, addr);
		known = addr && mm_ok(vmap_area_free(j->v, ev->cpu, addr));
	} else {
		known = vmap_area_size(j->v, addr) ||
			(ev->range.a > before &&
			 ev->range.a - before < (UINT64_MAX - addr) / KERNEL_PAGE_SIZE &&
			 adopt_unseen(j, addr, (ev->range.a - before) * KERNEL_PAGE_SIZE));
		if (known)
			(void)vmap_area_free(j->v, ev->cpu, addr);
	}
	if (!known)
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "frees of areas that were there before: nothing known of them", 1);
	vmalloc_judge_lazy(j, ev, before);
}

static void on_probe_free(struct vmalloc_judge *j, const struct event *ev)
{
	uint64_t addr = ev->probe.addr;
	bool known;

	if (j->setup->mode == VERIFY_FREE) {
		vmalloc_run_own_purge(j);
		addr = let_go(j, addr);
		known = addr && mm_ok(vmap_area_free(j->v, ev->cpu, addr));
	} else {
		known = vmap_area_size(j->v, addr) ||
			(ev->probe.size > addr && adopt_unseen(j, addr, ev->probe.size - addr));
		if (known)
			(void)vmap_area_free(j->v, ev->cpu, addr);
	}
	if (!known)
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "frees of areas that were there before: nothing known of them", 1);
	/* Areas of modules have VM_FLUSH_RESET_PERMS; their purge may free no record. */
	if (in_modules(j, ev->probe.addr))
		(void)vmap_purge(j->v);
}

/* An area that was there before the first event is made so that it can be freed. */
static bool adopt_unseen(struct vmalloc_judge *j, uint64_t addr, uint64_t size)
{
	if (!mm_ok(vmap_area_adopt(j->v, addr, size)))
		return false;
	verify_aside(j->log, ASIDE_FORCED, VERIFY_VMALLOC,
		     "areas that were there before, known only by their frees", 1);
	return true;
}

/* A percpu chunk takes its areas by itself, without an event: pcpu_get_vm_areas(). */
static void on_chunk(struct vmalloc_judge *j, const struct event *ev)
{
	const struct vmap_groups *groups = percpu_chunk_groups(j->percpu);
	const struct verify_what what = vmalloc_what(j, ev, "groups");
	const uint64_t base = ev->percpu.base;
	struct verify_story *story;
	struct mm_outcome choice;
	bool right;

	if (base < j->vmalloc.vstart || base > j->vmalloc.vend) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "percpu chunks whose address is not known to be one of vmalloc", 1);
		return;
	}
	choice = vmap_groups_choose(j->v, groups);
	right = mm_ok(choice) && choice.addr == base;
	story = verify_judge(j->log, VERIFY_VMALLOC_ADDRESS, right, &what);
	if (unlikely(story))
		vmalloc_tell_chunk(j, story, choice, base);
	if (right || j->setup->mode == VERIFY_FREE) {
		choice = vmap_groups_alloc(j->v, ev->cpu, groups);
		for (unsigned int i = 0; mm_ok(choice) && i < groups->nr; i++)
			vmalloc_hold(j, base + groups->offsets[i],
				     choice.addr + groups->offsets[i]);
		return;
	}
	for (unsigned int i = 0; i < groups->nr; i++) {
		const struct vmap_call call = { .cpu = ev->cpu,
						.size = groups->sizes[i],
						.align = groups->align,
						.vend = UINT64_MAX };

		vmalloc_follow(j, &call, (struct mm_outcome){ .failure = MM_FAIL_NO_SPACE },
		       base + groups->offsets[i]);
	}
}

void vmalloc_hold(struct vmalloc_judge *j, uint64_t recorded, uint64_t ours)
{
	uint64_t ended = ours;

	if (j->setup->mode == VERIFY_FOLLOW)
		return;
	if (!recorded || recorded == U64MAP_NO_KEY ||
	    places_put(&j->areas, recorded, ours, &ended))
		(void)vmap_area_free(j->v, 0, ended);
}

/* Free-running: where the area recorded at "recorded" is in ours, which is forgotten; or 0. */
static uint64_t let_go(struct vmalloc_judge *j, uint64_t recorded)
{
	uint64_t ours;

	/* What was there at the start is where it was recorded. */
	return places_take(&j->areas, recorded, &ours) ? ours : recorded;
}

struct verify_what vmalloc_what(const struct vmalloc_judge *j, const struct event *ev,
				const char *path)
{
	return (struct verify_what){
		.ev = ev,
		.number = j->number,
		.order = VERIFY_NO_ORDER,
		.type = MIGRATE_NR,
		.path = path,
	};
}
