/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios' calls for per-CPU memory. An area is named by the address of CPU 0's copy. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"
#include "kmreplay/core/fmt.h"
#include "kmreplay/core/str.h"
#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/percpu_follow.h"

#include <inttypes.h>

enum {
	LARGEST = 32 << 10, /* PCPU_MIN_UNIT_SIZE */
	COUNTER_SIZE = 4,   /* of a CPU's part of a struct percpu_counter: s32 */
	DEFAULT_ALIGN = 8,
};

static const uint32_t gfp_kernel = GFP_BITS_KERNEL;

static bool percpu_of(struct calling *c, struct percpu_request request);
static bool refuses(struct calling *c, const struct percpu_request *request);
static bool free_of(struct calling *c, uint64_t addr);
static void tell_place(struct calling *c, const struct percpu_stats *before, uint64_t addr,
		       bool atomic);
static void add_chunk(const struct percpu *p, uint64_t base, struct str *text);
static void tell_failure(struct calling *c, const struct percpu_stats *before, bool reserved,
			 bool atomic);

bool scenario_percpu(struct calling *c)
{
	const uint64_t align = c->call->nr_args > 1 ? arg_u64(c, 1) : DEFAULT_ALIGN;

	return percpu_of(c, (struct percpu_request){
		.size = arg_u64(c, 0), .align = align, .gfp = gfp_kernel,
	});
}

bool scenario_percpu_gfp(struct calling *c)
{
	return percpu_of(c, (struct percpu_request){
		.size = arg_u64(c, 0), .align = arg_u64(c, 1), .gfp = arg_gfp(c, 2),
	});
}

bool scenario_percpu_reserved(struct calling *c)
{
	return percpu_of(c, (struct percpu_request){
		.size = arg_u64(c, 0), .align = arg_u64(c, 1), .gfp = gfp_kernel, .reserved = true,
	});
}

bool scenario_free_percpu(struct calling *c)
{
	return free_of(c, arg_u64(c, 0));
}

/* percpu_counter_init(): lib/percpu_counter.c. The amount is kept elsewhere. */
bool scenario_percpu_counter_init(struct calling *c)
{
	return percpu_of(c, (struct percpu_request){
		.size = COUNTER_SIZE, .align = COUNTER_SIZE, .gfp = arg_gfp(c, 1),
	});
}

bool scenario_percpu_counter_destroy(struct calling *c)
{
	return free_of(c, arg_u64(c, 0));
}

bool scenario_per_cpu_ptr(struct calling *c)
{
	const uint64_t cpu = arg_u64(c, 1);
	uint64_t addr;

	if (cpu >= c->m->nr_cpus)
		return error_set(c->err, "there is no CPU %" PRIu64 ", they are 0 to %u", cpu,
				 c->m->nr_cpus - 1);
	addr = percpu_address(c->m->percpu, arg_u64(c, 0), (unsigned int)cpu);
	if (!addr)
		return error_set(c->err, "this is no per-CPU area");
	*c->ret = (struct scenario_value){ .type = SCENARIO_ADDRESS, .number = (scenario_int)addr };
	return true;
}

static bool percpu_of(struct calling *c, struct percpu_request request)
{
	const unsigned int context = scenario_context(c->m);
	struct percpu_stats before;
	struct mm_outcome out;
	bool atomic;

	if (refuses(c, &request))
		return true;
	request.gfp = gfp_apply_scopes(request.gfp, context);
	percpu_stats(c->m->percpu, &before);
	atomic = percpu_is_atomic(c->m->percpu, request.gfp);
	if (!atomic && context & PAGE_CTX_IRQ)
		return scenario_mistake(c, "it takes a mutex in an interrupt: only masks that may "
					   "not sleep are for there (GFP_ATOMIC, GFP_NOWAIT)");
	out = percpu_alloc(c->m->percpu, c->m->cpu, &request);
	scenario_gave(c, out);
	c->m->last.type = SCENARIO_PERCPU;
	if (mm_ok(out))
		tell_place(c, &before, out.addr, atomic);
	else
		tell_failure(c, &before, request.reserved, atomic);
	return true;
}

/* pcpu_alloc(): "illegal size (%zu) or align (%zu) for percpu allocation" */
static bool refuses(struct calling *c, const struct percpu_request *request)
{
	const char *why = NULL;

	if (!request->size)
		why = "illegal size for percpu allocation: 0";
	else if (request->size > LARGEST)
		why = "illegal size for percpu allocation: more than 32 KiB for each CPU";
	else if (request->align > KERNEL_PAGE_SIZE)
		why = "illegal align for percpu allocation: more than a page";
	else if (request->align && !bits_is_pow2(request->align))
		why = "illegal align for percpu allocation: not a power of two";
	return why && scenario_mistake(c, "%s", why);
}

static bool free_of(struct calling *c, uint64_t addr)
{
	return !addr || scenario_freed(c, percpu_free(c->m->percpu, c->m->cpu, addr), addr);
}

static void tell_place(struct calling *c, const struct percpu_stats *before, uint64_t addr,
		       bool atomic)
{
	const struct percpu *p = c->m->percpu;
	const uint64_t base = percpu_chunk_base(p, addr);
	struct str text = { 0 };
	char books[FMT_BUF];
	struct percpu_stats after;
	uint64_t pages;

	percpu_stats(p, &after);
	pages = after.nr_pages_alloced - before->nr_pages_alloced;
	str_addf(&text, "%soffset %" PRIu64 " of ", atomic ? "may not sleep, " : "", addr - base);
	add_chunk(p, base, &text);
	if (after.nr_created > before->nr_created)
		str_add(&text, ", which is made for it");
	if (after.book_bytes > before->book_bytes)
		str_addf(&text, ", books of %s",
			 fmt_size(books, after.book_bytes - before->book_bytes));
	if (pages)
		str_addf(&text, ", %" PRIu64 " page%s more", pages, pages == 1 ? "" : "s");
	scenario_more(c->m, "%s", str_text(&text));
	str_deinit(&text);
}

static void add_chunk(const struct percpu *p, uint64_t base, struct str *text)
{
	struct percpu_chunk_info info;
	uint64_t at = base;

	if (base == percpu_reserved_base(p))
		str_add(text, "the reserved chunk");
	else if (percpu_chunk_next(p, &at, &info) && info.immutable)
		str_add(text, "the first chunk");
	else
		str_addf(text, "chunk 0x%" PRIx64, base);
}

static void tell_failure(struct calling *c, const struct percpu_stats *before, bool reserved,
			 bool atomic)
{
	if (reserved)
		scenario_more(c->m, "alloc from reserved chunk failed");
	else if (atomic)
		scenario_more(c->m,
			      "may not sleep, and no room in the %" PRIu64 " pages that are there",
			      before->nr_populated);
	else
		scenario_more(c->m, "no memory for a chunk or its pages");
}
