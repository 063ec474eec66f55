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

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

/* VM_ flags of a request, as the probe of __vmalloc_node_range() gives them. */
enum {
	VM_NO_GUARD = 0x40,
	VM_ALLOW_HUGE_VMAP = 0x400,
};

/* Areas of x86-64 that are aligned to their size, or to that of a huge page. */
enum {
	STACK_SIZE = 16 << 10,
	MAP_BLOCK_SIZE = 1 << 20, /* of vm_map_ram() */
	HUGE_SIZE = 2 << 20,
};

typedef void handler_fn(struct vmalloc_judge *j, const struct event *ev);

static void *judge_create(const struct verify_setup *setup, const void *look,
			  const struct repair *repair, struct verify_log *log, struct error *err);
static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err);
static bool judge_finish(void *judge, struct error *err);
static void judge_destroy(void *judge);
static void judge_show(void *judge, struct proc_snapshot *snapshot);
static struct percpu *make_layout(const struct vmalloc_judge *j,
				  const struct machine_config *config);
static void on_alloc(struct vmalloc_judge *j, const struct event *ev);
static void on_free(struct vmalloc_judge *j, const struct event *ev);
static void on_purge(struct vmalloc_judge *j, const struct event *ev);
static void on_probe_alloc(struct vmalloc_judge *j, const struct event *ev);
static void on_probe_free(struct vmalloc_judge *j, const struct event *ev);
static void on_request(struct vmalloc_judge *j, const struct event *ev);
static void on_vmap(struct vmalloc_judge *j, const struct event *ev);
static void on_return(struct vmalloc_judge *j, const struct event *ev);
static void on_record_free(struct vmalloc_judge *j, const struct event *ev);
static void on_chunk(struct vmalloc_judge *j, const struct event *ev);
static uint64_t align_of(struct vmalloc_judge *j, const struct event *ev, uint64_t size);
static uint64_t guess_align(uint64_t addr, uint64_t size);
static bool in_modules(const struct vmalloc_judge *j, uint64_t addr);
static void place(struct vmalloc_judge *j, const struct event *ev, const struct vmap_call *call,
		  uint64_t recorded);
static void follow(struct vmalloc_judge *j, const struct vmap_call *call, struct mm_outcome choice,
		   uint64_t recorded);
static void give_up(struct vmalloc_judge *j, const struct vmap_call *call, uint64_t addr);
static void judge_size(struct vmalloc_judge *j, const struct event *ev,
		       const struct vmap_call *call);
static bool adopt_unseen(struct vmalloc_judge *j, uint64_t addr, uint64_t size);
static void judge_lazy(struct vmalloc_judge *j, const struct event *ev);
static struct vmap_purged purge(struct vmalloc_judge *j, const struct event *ev);
static void judge_purge(struct vmalloc_judge *j, const struct event *ev, bool happened);
static void run_own_purge(struct vmalloc_judge *j);
static uint64_t lazy_now(const struct vmalloc_judge *j);
static struct vmalloc_asked *asked_by(const struct vmalloc_judge *j, int32_t pid);
static struct vmalloc_asked *asks(struct vmalloc_judge *j, int32_t pid);
static void hold(struct vmalloc_judge *j, uint64_t recorded, uint64_t ours);
static uint64_t let_go(struct vmalloc_judge *j, uint64_t recorded);
static struct verify_what what_of(const struct vmalloc_judge *j, const struct event *ev,
				  const char *path);

static handler_fn *const handlers[EVENT_NR] = {
	[EVENT_VMAP_ALLOC] = on_alloc,
	[EVENT_VMAP_FREE] = on_free,
	[EVENT_VMAP_PURGE] = on_purge,
	[EVENT_PROBE_VA_ALLOC] = on_probe_alloc,
	[EVENT_PROBE_VA_FREE] = on_probe_free,
	[EVENT_PROBE_VM_REQ] = on_request,
	[EVENT_PROBE_VM_RET] = on_return,
	[EVENT_PROBE_VMAP] = on_vmap,
	[EVENT_PROBE_VMAP_RET] = on_return,
	[EVENT_CACHE_FREE] = on_record_free,
	[EVENT_PCPU_CHUNK_CREATE] = on_chunk,
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
	const struct vmalloc_ops none = { 0 };

	j->log = log;
	j->setup = setup;
	j->look = look;
	j->given_start = look && setup->given & 1U << GIVEN_START;
	j->sites.names = setup->names;
	u64map_init(&j->asked_of);
	u64map_init(&j->ours_of);
	j->v = vmalloc_create(&config, &none, NULL);
	vmalloc_set_auto_purge(j->v, false);
	j->percpu = make_layout(j, &config);
	if (look) {
		j->vmalloc = j->look->vmalloc;
		j->modules = j->look->modules;
		if (j->look->lazy_max)
			vmap_set_lazy_max(j->v, j->look->lazy_max);
	}
	if (j->given_start)
		vmalloc_judge_start(j);
	return j;
}

static bool judge_feed(void *judge, const struct repair_batch *batch, struct error *err UNUSED)
{
	struct vmalloc_judge *j = judge;

	for (size_t i = 0; i < batch->batch->nr; i++, j->number++) {
		const struct event *ev = &batch->batch->events[i];
		handler_fn *handler = handlers[ev->type];

		verify_reached(j->log, j->number);
		if (unlikely(j->bursting && j->burst_pid == ev->pid && handler != on_record_free))
			j->bursting = false;
		if (handler)
			handler(j, ev);
	}
	return true;
}

/* Purges that ours ran and the recording did not; one may have come too late for it. */
static bool judge_finish(void *judge, struct error *err UNUSED)
{
	struct vmalloc_judge *j = judge;
	const struct verify_what what = { .number = j->number, .order = VERIFY_NO_ORDER };

	for (; j->nr_own > 1; j->nr_own--)
		verify_detect(j->log, VERIFY_VMALLOC_PURGE, false, true, &what);
	verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
		     "purges that were due when the recording ended", j->nr_own);
	verify_run_stops(j->log, UINT64_MAX - 1);
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
	u64map_deinit(&j->ours_of);
	vec_deinit(&j->asked);
	vec_deinit(&j->ours);
	vec_deinit(&j->spare);
	vec_deinit(&j->sites.by_site);
	free(j);
}

static void judge_show(void *judge UNUSED, struct proc_snapshot *snapshot UNUSED)
{
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

	judge_size(j, ev, &call);
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
	call.align = align_of(j, ev, call.size);
	judge_size(j, ev, &call);
	place(j, ev, &call, ev->probe.addr);
}

/*
 * Where requests are recorded, they tell the alignment, and who comes neither from vmalloc() nor
 * from vmap() comes from ioremap(). Where they are not, only stacks are known to be aligned.
 */
static uint64_t align_of(struct vmalloc_judge *j, const struct event *ev, uint64_t size)
{
	const struct vmalloc_asked *asked = asked_by(j, ev->pid);
	const struct vmalloc_request ioremap = { .size = size - KERNEL_PAGE_SIZE,
						 .flags = VMALLOC_IOREMAP };
	struct vmap_call call;

	if (asked)
		return MAX(asked->call.align, 1ULL);
	if (j->look && j->look->nr_requests)
		return vmalloc_area_call(j->v, ev->cpu, &ioremap, &call) ? call.align : 1;
	verify_aside(j->log, ASIDE_GROUND, VERIFY_VMALLOC,
		     "areas whose alignment is a guess: what was asked for is not recorded", 1);
	return guess_align(ev->probe.addr, size);
}

/* Stacks, blocks of vm_map_ram() and huge mappings tell by their size, if they came out so. */
static uint64_t guess_align(uint64_t addr, uint64_t size)
{
	uint64_t align = 1;

	if (size == STACK_SIZE + KERNEL_PAGE_SIZE)
		align = STACK_SIZE;
	else if (size == MAP_BLOCK_SIZE)
		align = MAP_BLOCK_SIZE;
	else if ((size - KERNEL_PAGE_SIZE) % HUGE_SIZE == 0)
		align = HUGE_SIZE;
	return addr % align ? 1 : align;
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
		run_own_purge(j);
	choice = vmap_area_choose(j->v, call);
	if (choice.failure == MM_FAIL_INVALID) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "requests that no kernel makes: damage", 1);
		return;
	}
	what = what_of(j, ev, choice.path == MM_PATH_VMAP_POOL ? "pool" : "tree");
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
		follow(j, call, choice, recorded);
	else if (mm_ok(choice = vmap_area_try(j->v, call)))
		hold(j, recorded, choice.addr);
}

/* Takes the recorded area, in the way our allocator does it if that comes to the same. */
static void follow(struct vmalloc_judge *j, const struct vmap_call *call, struct mm_outcome choice,
		   uint64_t recorded)
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

	if (!j->given_start || j->look->from_nothing)
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

/* The size of the area, where a probe tells what was asked for. */
static void judge_size(struct vmalloc_judge *j, const struct event *ev,
		       const struct vmap_call *call)
{
	struct vmalloc_asked *asked = asked_by(j, ev->pid);
	struct verify_story *story;
	struct verify_what what;

	if (!asked)
		return;
	what = what_of(j, ev, "size");
	story = verify_judge(j->log, VERIFY_VMALLOC_SIZE,
			     asked->call.size == call->size && asked->call.align == call->align,
			     &what);
	if (unlikely(story))
		vmalloc_tell_size(story, &asked->call, call->size, call->align);
	asked->pending = false; /* a second attempt asks for another size */
}

static void on_request(struct vmalloc_judge *j, const struct event *ev)
{
	const struct vmalloc_request request = {
		.size = ev->probe.size,
		.align = ev->probe.align,
		.gfp = ev->probe.gfp,
		.node = ev->probe.node,
		.flags = (ev->probe.flags & VM_NO_GUARD ? VMALLOC_NO_GUARD : 0U) |
			 (ev->probe.flags & VM_ALLOW_HUGE_VMAP ? VMALLOC_HUGE : 0U),
	};
	struct vmalloc_asked *asked = asks(j, ev->pid);

	asked->pending = vmalloc_area_call(j->v, ev->cpu, &request, &asked->call);
}

static void on_vmap(struct vmalloc_judge *j, const struct event *ev)
{
	struct vmalloc_asked *asked = asks(j, ev->pid);

	asked->pending = true;
	asked->call = (struct vmap_call){ .size = (ev->probe.size + 1) * KERNEL_PAGE_SIZE,
					  .align = 1 };
}

static void on_return(struct vmalloc_judge *j, const struct event *ev)
{
	asks(j, ev->pid)->pending = false;
}

static void on_free(struct vmalloc_judge *j, const struct event *ev)
{
	const uint64_t before = lazy_now(j);
	uint64_t addr = ev->range.start;
	bool known;

	j->recorded_lazy = ev->range.a;
	j->recorded_max = ev->range.b;
	if (j->setup->mode == VERIFY_FREE) {
		run_own_purge(j);
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
	judge_lazy(j, ev);
}

static void on_probe_free(struct vmalloc_judge *j, const struct event *ev)
{
	uint64_t addr = ev->probe.addr;
	bool known;

	if (j->setup->mode == VERIFY_FREE) {
		run_own_purge(j);
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

static void judge_lazy(struct vmalloc_judge *j, const struct event *ev)
{
	const uint64_t lazy = lazy_now(j);
	const struct verify_what what = what_of(j, ev, "lazy");
	struct verify_story *story;

	story = verify_judge(j->log, VERIFY_VMALLOC_LAZY, lazy == ev->range.a, &what);
	if (unlikely(story))
		vmalloc_tell_lazy(j, story, ev, lazy);
	if (j->setup->mode == VERIFY_FOLLOW)
		j->lazy_bias += ev->range.a - lazy;
}

static void on_purge(struct vmalloc_judge *j, const struct event *ev)
{
	const bool happened = j->recorded_max && j->recorded_lazy > j->recorded_max;
	struct verify_what what = what_of(j, ev, "purge");
	struct verify_story *story;
	struct vmap_purged purged;
	bool early = j->purged_early;

	judge_purge(j, ev, happened);
	j->recorded_lazy = 0;
	/* One by too many lazy pages runs in ours when it is due there, not later than now. */
	if (j->setup->mode == VERIFY_FREE && happened) {
		if (lazy_now(j) > vmap_lazy_max(j->v))
			(void)vmap_purge(j->v);
		return;
	}
	j->purged_early = false;
	if (early)
		return;
	purged = purge(j, ev);
	/* The span is what the caller wants flushed as well, anywhere in the address space. */
	story = verify_judge(j->log, VERIFY_VMALLOC_PURGED, purged.nr == ev->range.a, &what);
	if (unlikely(story))
		vmalloc_tell_purged(story, ev, &purged);
}

/* "happened": the kernel had too many lazy pages. */
static void judge_purge(struct vmalloc_judge *j, const struct event *ev, bool happened)
{
	const bool predicted = j->nr_own || lazy_now(j) > vmap_lazy_max(j->v);
	const struct verify_what what = what_of(j, ev, "purge");
	struct verify_story *story;

	if (!happened && (j->setup->mode == VERIFY_FREE || !predicted)) {
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "purges that others ask for: changed page attributes, full ranges", 1);
		return;
	}
	story = verify_detect(j->log, VERIFY_VMALLOC_PURGE, happened, predicted, &what);
	if (unlikely(story))
		vmalloc_tell_purge(j, story, ev, predicted);
	if (happened && j->nr_own)
		j->nr_own--;
}

static struct vmap_purged purge(struct vmalloc_judge *j, const struct event *ev)
{
	const bool full = j->failed && j->full_pid == ev->pid;

	j->lazy_bias = 0;
	if (!full)
		return vmap_purge(j->v);
	j->failed = false;
	return vmap_purge_full(j->v);
}

/* Free-running: the drain work has its turn before the next call. */
static void run_own_purge(struct vmalloc_judge *j)
{
	if (vmap_lazy_pages(j->v) <= vmap_lazy_max(j->v))
		return;
	(void)vmap_purge(j->v);
	j->nr_own++;
}

/*
 * A record of an area is freed. Without a purge event the first such free of a purge tells that it
 * is under way; the others follow from the same task. The shrinker of the pools was found ahead.
 */
static void on_record_free(struct vmalloc_judge *j, const struct event *ev)
{
	const enum areas_site site = areas_site_of(&j->sites, ev->site);

	if (likely(site == AREAS_SITE_OTHER)) {
		if (unlikely(j->bursting && j->burst_pid == ev->pid))
			j->bursting = false;
		return;
	}
	if (site == AREAS_SITE_POOL) {
		if (!j->look || j->next_drain == j->look->drains.nr ||
		    j->look->drains.items[j->next_drain] != j->number)
			return;
		j->next_drain++;
		vmap_pools_drain(j->v);
		verify_aside(j->log, ASIDE_EXCLUDED, VERIFY_VMALLOC,
			     "pools emptied by the shrinker", 1);
		return;
	}
	if (j->bursting && j->burst_pid == ev->pid)
		return;
	j->bursting = true;
	j->burst_pid = ev->pid;
	judge_purge(j, ev, lazy_now(j) > vmap_lazy_max(j->v));
	(void)vmap_purge(j->v);
}

/* A percpu chunk takes its areas by itself, without an event: pcpu_get_vm_areas(). */
static void on_chunk(struct vmalloc_judge *j, const struct event *ev)
{
	const struct vmap_groups *groups = percpu_chunk_groups(j->percpu);
	const struct verify_what what = what_of(j, ev, "groups");
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
			hold(j, base + groups->offsets[i], choice.addr + groups->offsets[i]);
		return;
	}
	for (unsigned int i = 0; i < groups->nr; i++) {
		const struct vmap_call call = { .cpu = ev->cpu,
						.size = groups->sizes[i],
						.align = groups->align,
						.vend = UINT64_MAX };

		follow(j, &call, (struct mm_outcome){ .failure = MM_FAIL_NO_SPACE },
		       base + groups->offsets[i]);
	}
}

/* Lazy pages as far as the recording is followed. */
static uint64_t lazy_now(const struct vmalloc_judge *j)
{
	return vmap_lazy_pages(j->v) + j->lazy_bias;
}

/* What the task has asked for and not got yet, or NULL. */
static struct vmalloc_asked *asked_by(const struct vmalloc_judge *j, int32_t pid)
{
	const uint32_t *index = u64map_find(&j->asked_of, (uint32_t)pid);

	return index && j->asked.items[*index].pending ? &j->asked.items[*index] : NULL;
}

static struct vmalloc_asked *asks(struct vmalloc_judge *j, int32_t pid)
{
	bool fresh;
	uint32_t *index = u64map_insert(&j->asked_of, (uint32_t)pid, &fresh);

	if (fresh) {
		*index = (uint32_t)j->asked.nr;
		vec_push(&j->asked, (struct vmalloc_asked){ 0 });
	}
	return &j->asked.items[*index];
}

/* Free-running: the area recorded at "recorded" (0: none) is at "ours". */
static void hold(struct vmalloc_judge *j, uint64_t recorded, uint64_t ours)
{
	uint32_t *index;
	bool fresh;

	if (j->setup->mode == VERIFY_FOLLOW)
		return;
	if (!recorded || recorded == U64MAP_NO_KEY) {
		(void)vmap_area_free(j->v, 0, ours);
		return;
	}
	index = u64map_insert(&j->ours_of, recorded, &fresh);
	if (!fresh) {
		(void)vmap_area_free(j->v, 0, j->ours.items[*index]);
	} else if (j->spare.nr) {
		*index = j->spare.items[--j->spare.nr];
	} else {
		*index = (uint32_t)j->ours.nr;
		vec_push(&j->ours, 0);
	}
	j->ours.items[*index] = ours;
}

/* Free-running: where the area recorded at "recorded" is in ours, which is forgotten; or 0. */
static uint64_t let_go(struct vmalloc_judge *j, uint64_t recorded)
{
	uint32_t *index = recorded == U64MAP_NO_KEY ? NULL : u64map_find(&j->ours_of, recorded);
	uint64_t ours;

	/* What was there at the start is where it was recorded. */
	if (!index)
		return recorded;
	ours = j->ours.items[*index];
	vec_push(&j->spare, *index);
	(void)u64map_remove(&j->ours_of, recorded);
	return ours;
}

static struct verify_what what_of(const struct vmalloc_judge *j, const struct event *ev,
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
