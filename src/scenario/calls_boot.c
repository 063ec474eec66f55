/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for memory at boot: memblock, and bootmem of old. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/bootmem.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/mm/slab.h"

#include <inttypes.h>

enum { LOW_GOAL = 16 << 20 }; /* __pa(MAX_DMA_ADDRESS) */

static bool alloc(struct calling *c, const struct memblock_request *req, bool zero, bool address);
static bool alloc_bootmem(struct calling *c, struct memblock_request req);
static bool got(struct calling *c, uint64_t at, const struct memblock_request *req, bool zero,
		bool address);
static bool request_of(struct calling *c, unsigned int first, struct memblock_request *ret);
static bool check_align(struct calling *c, uint64_t align);
static bool free_range(struct calling *c, uint64_t start, uint64_t size);
static bool free_late(struct calling *c, uint64_t start, uint64_t size);
static bool has_memblock(struct calling *c);

bool scenario_memblock_alloc(struct calling *c)
{
	struct memblock_request req;

	return request_of(c, 0, &req) && alloc(c, &req, true, true);
}

bool scenario_memblock_alloc_raw(struct calling *c)
{
	struct memblock_request req;

	return request_of(c, 0, &req) && alloc(c, &req, false, true);
}

bool scenario_memblock_alloc_from(struct calling *c)
{
	struct memblock_request req;

	if (!request_of(c, 0, &req))
		return false;
	req.start = arg_u64(c, 2);
	return alloc(c, &req, true, true);
}

bool scenario_memblock_alloc_low(struct calling *c)
{
	struct memblock_request req;

	if (!request_of(c, 0, &req))
		return false;
	req.end = UINT32_MAX; /* ARCH_LOW_ADDRESS_LIMIT */
	return alloc(c, &req, true, true);
}

bool scenario_memblock_alloc_node(struct calling *c)
{
	struct memblock_request req;

	if (!request_of(c, 0, &req))
		return false;
	req.node = arg_int(c, 2);
	return alloc(c, &req, true, true);
}

bool scenario_memblock_alloc_try_nid(struct calling *c)
{
	struct memblock_request req;

	if (!request_of(c, 0, &req))
		return false;
	req.start = arg_u64(c, 2);
	req.end = arg_u64(c, 3);
	req.node = arg_int(c, 4);
	return alloc(c, &req, true, true);
}

bool scenario_memblock_phys_alloc(struct calling *c)
{
	struct memblock_request req;

	return request_of(c, 0, &req) && alloc(c, &req, false, false);
}

bool scenario_memblock_phys_alloc_range(struct calling *c)
{
	struct memblock_request req;

	if (!request_of(c, 0, &req))
		return false;
	req.start = arg_u64(c, 2);
	req.end = arg_u64(c, 3);
	return alloc(c, &req, false, false);
}

bool scenario_memblock_reserve(struct calling *c)
{
	const uint64_t start = arg_u64(c, 0), size = arg_u64(c, 1);

	if (start + size < start)
		return scenario_mistake(c, "the range ends behind the last address");
	if (!has_memblock(c))
		return true;
	c->m->last.type = SCENARIO_NOTHING;
	c->m->last.out.path = MM_PATH_MEMBLOCK;
	if (!memblock_reserve(scenario_memblock(c->m), start, start + size, -1, 0))
		c->m->last.out.failure = MM_FAIL_NO_MEMORY;
	return true;
}

bool scenario_memblock_phys_free(struct calling *c)
{
	return free_range(c, arg_u64(c, 0), arg_u64(c, 1));
}

/* Since 5.16 it takes an address; NULL is fine. */
bool scenario_memblock_free(struct calling *c)
{
	const uint64_t addr = arg_u64(c, 0);

	return !addr || free_range(c, addr - slab_page_offset(c->m->slab), arg_u64(c, 1));
}

bool scenario_memblock_free_late(struct calling *c)
{
	return free_late(c, arg_u64(c, 0), arg_u64(c, 1));
}

bool scenario_memblock_bottom_up(struct calling *c)
{
	if (has_memblock(c))
		scenario_memblock(c->m)->bottom_up = arg_u64(c, 0);
	c->m->last.type = SCENARIO_NOTHING;
	return true;
}

bool scenario_memblock_is_reserved(struct calling *c)
{
	const uint64_t at = arg_u64(c, 0);

	return scenario_answer(c, memblock_is(scenario_memblock(c->m), at, at + 1, true));
}

bool scenario_memblock_memory(struct calling *c)
{
	return scenario_answer(c, memblock_total(&scenario_memblock(c->m)->memory));
}

bool scenario_memblock_reserved(struct calling *c)
{
	return scenario_answer(c, memblock_total(&scenario_memblock(c->m)->reserved));
}

bool scenario_bootmem_alloc(struct calling *c)
{
	return alloc_bootmem(c, (struct memblock_request){
		.size = arg_u64(c, 0), .start = LOW_GOAL, .node = -1,
	});
}

bool scenario_bootmem_low(struct calling *c)
{
	return alloc_bootmem(c, (struct memblock_request){
		.size = arg_u64(c, 0), .end = UINT32_MAX, .node = -1,
	});
}

bool scenario_bootmem_pages(struct calling *c)
{
	return alloc_bootmem(c, (struct memblock_request){
		.size = arg_u64(c, 0), .align = KERNEL_PAGE_SIZE, .start = LOW_GOAL, .node = -1,
	});
}

bool scenario_bootmem_goal(struct calling *c)
{
	return check_align(c, arg_u64(c, 1)) &&
	       alloc_bootmem(c, (struct memblock_request){
			.size = arg_u64(c, 0), .align = arg_u64(c, 1), .start = arg_u64(c, 2),
			.node = -1,
	       });
}

bool scenario_bootmem_free(struct calling *c)
{
	const uint64_t start = arg_u64(c, 0), size = arg_u64(c, 1);
	struct bootmem *bm = scenario_bootmem(c->m);

	if (!bm)
		return free_range(c, start, size);
	if (start + size < start || !bootmem_free(bm, start, start + size))
		return scenario_mistake(c, "some of it is free already, or no memory");
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_MEMBLOCK }, start);
}

static bool alloc(struct calling *c, const struct memblock_request *req, bool zero, bool address)
{
	struct memblock *mb = scenario_memblock(c->m);

	if (!has_memblock(c))
		return true;
	if (!req->size)
		return scenario_mistake(c, "0 bytes are asked for");
	return got(c, address ? memblock_alloc(mb, req) : memblock_alloc_range(mb, req), req, zero,
		   address);
}

/* Where there is no bitmap any more, it is a name for memblock. */
static bool alloc_bootmem(struct calling *c, struct memblock_request req)
{
	struct bootmem *bm = scenario_bootmem(c->m);

	if (!req.size)
		return scenario_mistake(c, "0 bytes are asked for");
	return got(c, bm ? bootmem_alloc(bm, &req) : memblock_alloc(scenario_memblock(c->m), &req),
		   &req, true, true);
}

static bool got(struct calling *c, uint64_t at, const struct memblock_request *req, bool zero,
		bool address)
{
	struct scenario_machine *m = c->m;
	struct mm_outcome out = { .addr = at >> KERNEL_PAGE_SHIFT, .path = MM_PATH_MEMBLOCK };

	if (zero && at)
		mm_outcome_cost(&out, scenario_boot_cost(m, req->size));
	if (!at) {
		out.failure = MM_FAIL_NO_MEMORY;
		scenario_more(m, "no free range is that large");
	}
	scenario_gave(c, out);
	m->last.type = SCENARIO_PAGE;
	c->ret->number = at && address ? slab_page_offset(m->slab) + at : at;
	return true;
}

/* Size and alignment, the arguments from "first" on. */
static bool request_of(struct calling *c, unsigned int first, struct memblock_request *ret)
{
	*ret = (struct memblock_request){
		.size = arg_u64(c, first), .align = arg_u64(c, first + 1), .node = -1,
	};
	return check_align(c, ret->align);
}

static bool check_align(struct calling *c, uint64_t align)
{
	return !(align & (align - 1)) ||
	       error_set(c->err, "alignment %" PRIu64 " is not a power of two", align);
}

/* From 7.0 on also behind boot. */
static bool free_range(struct calling *c, uint64_t start, uint64_t size)
{
	const struct kernel_version late = { 7, 0 };
	struct memblock *mb = scenario_memblock(c->m);

	if (!has_memblock(c))
		return true;
	if (start + size < start || !memblock_is(mb, start, start + size, true))
		return scenario_mistake(c, "not all of it is reserved memory");
	if (!scenario_is_booting(c->m)) {
		if (c->m->kernel.major && kernel_version_cmp(c->m->kernel, late) < 0)
			return scenario_mistake(c, "boot is over: memblock_free_late()");
		return free_late(c, start, size);
	}
	memblock_free(mb, start, start + size);
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_MEMBLOCK }, start);
}

/* Frame by frame, those that lie in it as a whole. */
static bool free_late(struct calling *c, uint64_t start, uint64_t size)
{
	const uint64_t first = start / KERNEL_PAGE_SIZE + (start % KERNEL_PAGE_SIZE != 0);
	struct memblock *mb = scenario_memblock(c->m);
	uint64_t nr = 0;

	if (start + size < start || (!scenario_bootmem(c->m) &&
				     !memblock_is(mb, start, start + size, true)))
		return scenario_mistake(c, "not all of it is memory that was reserved at boot");
	for (uint64_t pfn = first; pfn < (start + size) / KERNEL_PAGE_SIZE; pfn++) {
		if (!page_is_unknown(c->m->pages, pfn, 0))
			return scenario_mistake(c, "page frame 0x%" PRIx64 " is not of boot", pfn);
	}
	for (uint64_t pfn = first; pfn < (start + size) / KERNEL_PAGE_SIZE; pfn++)
		nr += page_boot_free(c->m->pages, pfn, 0);
	memblock_free(mb, start, start + size);
	scenario_more(c->m, "%" PRIu64 " pages for the page allocator", nr);
	return scenario_freed(c, (struct mm_outcome){ .path = MM_PATH_BUDDY_FREE }, start);
}

static bool has_memblock(struct calling *c)
{
	if (!scenario_bootmem(c->m))
		return true;
	(void)scenario_mistake(c, "this kernel has no memblock yet: alloc_bootmem()");
	return false;
}
