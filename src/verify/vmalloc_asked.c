/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tasks ask vmalloc() for, where probes tell: the size that an area then has to have, and the
 * alignment, which the probe of alloc_vmap_area() does not tell.
 */
#include <config.h>

#include "vmalloc_judge.h"

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

static uint64_t guess_align(uint64_t addr, uint64_t size);
static struct vmalloc_asked *asked_by(const struct vmalloc_judge *j, int32_t pid);
static struct vmalloc_asked *asks(struct vmalloc_judge *j, int32_t pid);

/*
 * Where requests are recorded, they tell the alignment, and who comes neither from vmalloc() nor
 * from vmap() comes from ioremap(). Where they are not, only stacks are known to be aligned.
 */
uint64_t vmalloc_align_of(struct vmalloc_judge *j, const struct event *ev, uint64_t size)
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
	else if (size > HUGE_SIZE && (size - KERNEL_PAGE_SIZE) % HUGE_SIZE == 0)
		align = HUGE_SIZE;
	return addr % align ? 1 : align;
}

/* The size of the area, where a probe tells what was asked for. */
void vmalloc_judge_size(struct vmalloc_judge *j, const struct event *ev,
			const struct vmap_call *call)
{
	struct vmalloc_asked *asked = asked_by(j, ev->pid);
	struct verify_story *story;
	struct verify_what what;

	if (!asked)
		return;
	what = vmalloc_what(j, ev, "size");
	story = verify_judge(j->log, VERIFY_VMALLOC_SIZE,
			     asked->call.size == call->size && asked->call.align == call->align,
			     &what);
	if (unlikely(story))
		vmalloc_tell_size(story, &asked->call, call->size, call->align);
	asked->pending = false; /* a second attempt asks for another size */
}

void vmalloc_on_request(struct vmalloc_judge *j, const struct event *ev)
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

void vmalloc_on_vmap(struct vmalloc_judge *j, const struct event *ev)
{
	struct vmalloc_asked *asked = asks(j, ev->pid);

	asked->pending = true;
	asked->call =
		(struct vmap_call){ .size = (ev->probe.size + 1) * KERNEL_PAGE_SIZE, .align = 1 };
}

void vmalloc_on_return(struct vmalloc_judge *j, const struct event *ev)
{
	asks(j, ev->pid)->pending = false;
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
