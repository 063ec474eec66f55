/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of memblock=debug. A request's line comes first, then the reservation that serves it, whose
 * caller is the allocation itself; other reservations are somebody's own. Lines that look different
 * than expected are passed over: boot.c complains of those that matter.
 */
#include <config.h>

#include "proc_internal.h"

#include <string.h>

enum { MAX_STEPS = 1 << 16 };

/* What a line means by how it begins. */
struct line {
	const char *begin;
	enum proc_memblock_kind kind;
	bool phys, exact;
};

static bool read_step(struct scan *s, const struct line *line, struct proc_memblock_step *step);
static bool read_range(struct scan *s, const char *open, struct proc_memblock_step *step);
static bool read_dump_row(struct scan *s, struct proc_memblock_step *step);
static bool read_request(struct scan *s, struct proc_memblock_step *step);
static bool read_node(struct scan *s, struct proc_memblock_step *step);
static bool is_of_allocation(const struct scan *s);

static const struct line lines[] = {
	{ "MEMBLOCK configuration:", PROC_MEMBLOCK_DUMP, false, false },
	{ "memory[0x", PROC_MEMBLOCK_DUMP_MEMORY, false, false },
	{ "reserved[0x", PROC_MEMBLOCK_DUMP_RESERVED, false, false },
	{ "memblock_add: ", PROC_MEMBLOCK_ADD, false, false },
	{ "memblock_add_node: ", PROC_MEMBLOCK_ADD, false, false },
	{ "memblock_remove: ", PROC_MEMBLOCK_REMOVE, false, false },
	{ "memblock_reserve: ", PROC_MEMBLOCK_RESERVE, false, false },
	{ "__memblock_reserve: ", PROC_MEMBLOCK_RESERVE, false, false },
	{ "memblock_free: ", PROC_MEMBLOCK_FREE, false, false },
	{ "memblock_phys_free: ", PROC_MEMBLOCK_FREE, false, false },
	{ "memblock_phys_alloc_range: ", PROC_MEMBLOCK_REQUEST, true, false },
	{ "memblock_alloc_try_nid: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "memblock_alloc_try_nid_nopanic: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "memblock_alloc_try_nid_raw: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "memblock_alloc_exact_nid_raw: ", PROC_MEMBLOCK_REQUEST, false, true },
	{ "memblock_virt_alloc_try_nid: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "memblock_virt_alloc_try_nid_nopanic: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "memblock_virt_alloc_try_nid_raw: ", PROC_MEMBLOCK_REQUEST, false, false },
	{ "NODE_DATA(", PROC_MEMBLOCK_NODE, false, false },
	{ "cma: Reserved ", PROC_MEMBLOCK_CMA, false, false },
};

void proc_memblock_note(struct proc_memblock_log *log, struct scan *s)
{
	const char *at = s->at;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct proc_memblock_step step = { .kind = (uint8_t)lines[i].kind, .node = -1 };

		if (!scan_text(s, lines[i].begin))
			continue;
		if (read_step(s, &lines[i], &step)) {
			if (log->steps.nr < MAX_STEPS)
				vec_push(&log->steps, step);
			else
				log->cut = true;
		}
		break;
	}
	s->at = at;
}

void proc_memblock_clear(struct proc_memblock_log *log)
{
	vec_deinit(&log->steps);
	log->cut = false;
}

static bool read_step(struct scan *s, const struct line *line, struct proc_memblock_step *step)
{
	switch ((int)line->kind) {
	case PROC_MEMBLOCK_DUMP:
		return true;
	case PROC_MEMBLOCK_CMA:
		return true;
	case PROC_MEMBLOCK_NODE:
		return read_node(s, step);
	case PROC_MEMBLOCK_DUMP_MEMORY:
	case PROC_MEMBLOCK_DUMP_RESERVED:
		return read_dump_row(s, step);
	case PROC_MEMBLOCK_REQUEST:
		step->phys = line->phys;
		step->exact = line->exact;
		return read_request(s, step);
	default:
		break;
	}
	if (!read_range(s, "[0x", step))
		return false;
	if (line->kind == PROC_MEMBLOCK_RESERVE && is_of_allocation(s))
		step->kind = PROC_MEMBLOCK_FOUND;
	return true;
}

/* "[0x000000000009f000-0x00000000000fffff]" */
static bool read_range(struct scan *s, const char *open, struct proc_memblock_step *step)
{
	uint64_t last;

	if (!scan_text(s, open) || !scan_hex(s, &step->start, NULL) || !scan_text(s, "-0x") ||
	    !scan_hex(s, &last, NULL) || !scan_text(s, "]") || last == UINT64_MAX)
		return false;
	step->end = last + 1;
	return step->start <= step->end;
}

/* "0]\t[0x..-0x..], 0x.. bytes on node 0 flags: 0x0" */
static bool read_dump_row(struct scan *s, struct proc_memblock_step *step)
{
	uint64_t number, flags;
	unsigned int node;

	if (!scan_hex(s, &number, NULL) || !scan_text(s, "]") || !read_range(s, "[0x", step) ||
	    !scan_text(s, ", 0x") || !scan_hex(s, &number, NULL) || !scan_text(s, "bytes"))
		return false;
	if (scan_text(s, "on node ") && scan_uint(s, PROC_MAX_NODE, &node))
		step->node = (int)node;
	if (scan_text(s, "flags: 0x") && scan_hex(s, &flags, NULL))
		step->flags = (unsigned int)flags;
	return true;
}

/* "4096 bytes align=0x40 nid=0 from=0x0000000000000000 max_addr=0x0000000000000000 caller" */
static bool read_request(struct scan *s, struct proc_memblock_step *step)
{
	unsigned int node;

	if (!scan_u64(s, &step->size) || !scan_text(s, "bytes align=0x") ||
	    !scan_hex(s, &step->align, NULL))
		return false;
	if (scan_text(s, "nid=") && !scan_text(s, "-1") && scan_uint(s, PROC_MAX_NODE, &node))
		step->node = (int)node;
	return scan_text(s, "from=0x") && scan_hex(s, &step->start, NULL) &&
	       scan_text(s, "max_addr=0x") && scan_hex(s, &step->end, NULL) && step->size &&
	       !(step->align & (step->align - 1));
}

/* "0) allocated [mem 0x10f6d5680-0x10f6fffff]" */
static bool read_node(struct scan *s, struct proc_memblock_step *step)
{
	unsigned int node;

	if (!scan_uint(s, PROC_MAX_NODE, &node) || !scan_text(s, ") allocated") ||
	    !read_range(s, "[mem 0x", step))
		return false;
	step->node = (int)node;
	return true;
}

/* The caller, at the end of the line. */
static bool is_of_allocation(const struct scan *s)
{
	static const char *const callers[] = {
		"memblock_alloc_range_nid+", "memblock_alloc_internal+",
		"memblock_virt_alloc_internal+",
	};

	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		if (memmem(s->at, (size_t)(s->end - s->at), callers[i], strlen(callers[i])))
			return true;
	}
	return false;
}
