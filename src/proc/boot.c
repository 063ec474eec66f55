/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot log. Each line that says something of memory is known by how it begins; all others are
 * passed over. A log of several boots tells of the last one.
 *
 * What is reserved is followed through the log: a dump of memblock ("MEMBLOCK configuration:")
 * replaces what was known, lines of memblock=debug change it, until the slab allocator says hello:
 * by then all that was not reserved has gone to the buddy allocator (mm/memblock.c:
 * memblock_free_all()). "Memory: ..." comes at that moment in old kernels, and much later in 6.12.
 */
#include <config.h>

#include "proc_internal.h"

#include <ctype.h>
#include <string.h>

/** Ranges in a list; memblock has some hundred. */
enum { MAX_RANGES = 4096 };

/** Lists of lines below a title. */
enum boot_list { LIST_NONE, LIST_ZONES, LIST_NODES };

struct boot_scan {
	struct proc_snapshot *snap;
	struct proc_boot *boot;
	struct scan *s;
	enum boot_list list;
	struct proc_ranges blocks;    /**< memblock.memory as far as dumps and lines tell */
	bool dumped;                  /**< there was a dump */
	uint64_t nr_reserved;         /**< ranges that the dump has announced */
	uint64_t nr_seen;             /**< and shown */
	bool handed_over;             /**< memory is the buddy allocator's */
	struct str cmdline;
};

typedef bool boot_fn(struct boot_scan *b);

static void skip_prefix(struct scan *s);
static void skip_journal_prefix(struct scan *s);
static bool parse_message(struct boot_scan *b);
static bool scan_mem(struct scan *s, const char *open, struct proc_range *ret);
static bool add_cma(struct boot_scan *b, uint64_t start, uint64_t mib);
static bool check_number(struct boot_scan *b, const struct proc_ranges *ranges);
static void finish(struct boot_scan *b);
static void reset(struct boot_scan *b);

static bool on_release(struct boot_scan *b)
{
	reset(b);
	b->boot->release = scan_word(b->s, "", &b->snap->arena);
	return true;
}

/* A long command line is cut at blanks into several messages. */
static bool on_cmdline(struct boot_scan *b)
{
	const char *part = scan_rest(b->s, &b->snap->arena);

	if (b->cmdline.len)
		str_add_char(&b->cmdline, ' ');
	str_add(&b->cmdline, part);
	return true;
}

static bool on_ramdisk(struct boot_scan *b)
{
	struct proc_range range;

	if (scan_mem(b->s, "[mem 0x", &range))
		b->boot->ramdisk = range;
	return true;
}

static bool on_move_ramdisk(struct boot_scan *b)
{
	struct proc_range range;

	if (scan_mem(b->s, "[mem 0x", &range) && scan_text(b->s, "to "))
		return on_ramdisk(b);
	return true;
}

static bool on_dump(struct boot_scan *b)
{
	vec_reset(&b->blocks);
	vec_reset(&b->boot->reserved);
	b->dumped = true;
	b->nr_reserved = b->nr_seen = 0;
	return true;
}

static bool on_reserved_count(struct boot_scan *b)
{
	if (!scan_text(b->s, "=") || !scan_text(b->s, "0x") ||
	    !scan_hex(b->s, &b->nr_reserved, NULL))
		return scan_expected(b->s, "'reserved.cnt = 0x..'");
	return true;
}

/* "memory[0x0]\t[0x..-0x..], 0x.. bytes on node 0 flags: 0x0" */
static bool scan_dump_row(struct boot_scan *b, struct proc_range *range, uint64_t *flags)
{
	uint64_t index, size;
	unsigned int node = 0;
	bool has_node;

	if (!scan_hex(b->s, &index, NULL) || !scan_text(b->s, "]") ||
	    !scan_mem(b->s, "[0x", range) || !scan_text(b->s, ", 0x") ||
	    !scan_hex(b->s, &size, NULL) || !scan_text(b->s, "bytes"))
		return scan_expected(b->s, "a range of memblock");
	has_node = scan_text(b->s, "on node ") && scan_uint(b->s, PROC_MAX_NODE, &node);
	range->node = has_node ? (int)node : -1;
	*flags = 0;
	if (scan_text(b->s, "flags: 0x"))
		(void)!scan_hex(b->s, flags, NULL);
	return true;
}

static bool on_dump_memory(struct boot_scan *b)
{
	enum { NOMAP = 4 }; /* MEMBLOCK_NOMAP: there, but nobody's */
	struct proc_range range;
	uint64_t flags;

	if (!scan_dump_row(b, &range, &flags))
		return false;
	proc_ranges_add(&b->blocks, range.start, range.end, range.node);
	if (flags & NOMAP)
		proc_ranges_add(&b->boot->reserved, range.start, range.end, -1);
	return check_number(b, &b->blocks);
}

static bool on_dump_reserved(struct boot_scan *b)
{
	struct proc_range range;
	uint64_t flags;

	if (!scan_dump_row(b, &range, &flags))
		return false;
	b->nr_seen++;
	proc_ranges_add(&b->boot->reserved, range.start, range.end, -1);
	return check_number(b, &b->boot->reserved);
}

static bool scan_debug_range(struct boot_scan *b, struct proc_range *range)
{
	return scan_mem(b->s, "[0x", range) || scan_expected(b->s, "a range, '[0x..-0x..]'");
}

static bool on_reserve(struct boot_scan *b)
{
	struct proc_range range;

	if (!scan_debug_range(b, &range))
		return false;
	if (!b->handed_over)
		proc_ranges_add(&b->boot->reserved, range.start, range.end, -1);
	return check_number(b, &b->boot->reserved);
}

static bool on_free(struct boot_scan *b)
{
	struct proc_range range;

	if (!scan_debug_range(b, &range))
		return false;
	if (!b->handed_over)
		proc_ranges_remove(&b->boot->reserved, range.start, range.end);
	else
		proc_ranges_add(&b->boot->late, range.start, range.end, -1);
	return check_number(b, &b->boot->reserved) && check_number(b, &b->boot->late);
}

/* "64 MiB at 0x0000000107400000", perhaps " on node 0" */
static bool on_cma(struct boot_scan *b)
{
	struct proc_range range = { .node = -1 };
	uint64_t mib;

	if (!scan_u64(b->s, &mib) || !scan_text(b->s, "MiB at 0x") ||
	    !scan_hex(b->s, &range.start, NULL))
		return true;
	return add_cma(b, range.start, mib);
}

/* "0x000000003ac00000, size 64 MiB" */
static bool on_cma_pool(struct boot_scan *b)
{
	uint64_t start, mib;

	if (!scan_hex(b->s, &start, NULL) || !scan_text(b->s, ", size ") ||
	    !scan_u64(b->s, &mib))
		return true;
	return add_cma(b, start, mib);
}

static bool add_cma(struct boot_scan *b, uint64_t start, uint64_t mib)
{
	const uint64_t most = (UINT64_MAX - start) >> 20;

	if (mib && mib <= most)
		proc_ranges_add(&b->boot->cma, start, start + (mib << 20), -1);
	return check_number(b, &b->boot->cma);
}

static bool on_add(struct boot_scan *b)
{
	struct proc_range range;

	if (!scan_debug_range(b, &range))
		return false;
	proc_ranges_add(&b->blocks, range.start, range.end, -1);
	return check_number(b, &b->blocks);
}

static bool on_remove(struct boot_scan *b)
{
	struct proc_range range;

	if (!scan_debug_range(b, &range))
		return false;
	proc_ranges_remove(&b->blocks, range.start, range.end);
	return check_number(b, &b->blocks);
}

static bool on_zones(struct boot_scan *b)
{
	b->list = LIST_ZONES;
	return true;
}

static bool on_mapped(struct boot_scan *b)
{
	(void)!scan_hex(b->s, &b->boot->mapped_end, NULL);
	return true;
}

static bool on_nodes(struct boot_scan *b)
{
	b->list = LIST_NODES;
	return true;
}

static bool on_zonelists(struct boot_scan *b)
{
	b->boot->mobility_off = memmem(b->s->at, (size_t)(b->s->end - b->s->at),
				       "mobility grouping off", 21) != NULL;
	return true;
}

static bool on_slub(struct boot_scan *b)
{
	b->handed_over = true;
	return true;
}

/* "881436K/1047476K available" */
static bool on_memory(struct boot_scan *b)
{
	uint64_t available, total;

	if (!scan_u64(b->s, &available) || !scan_text(b->s, "K/") || !scan_u64(b->s, &total) ||
	    !scan_text(b->s, "K available") || available > UINT64_MAX >> 10 ||
	    total > UINT64_MAX >> 10)
		return true;
	b->boot->available = available << 10;
	b->boot->total = total << 10;
	b->handed_over = true;
	return true;
}

/* "Freeing initrd memory: 1660K" */
static bool on_freeing(struct boot_scan *b)
{
	static const char middle[] = " memory: ";
	struct scan *s = b->s;
	struct proc_freed freed;
	const char *start, *end;

	(void)scan_at_end(s);
	start = s->at;
	end = memmem(start, (size_t)(s->end - start), middle, strlen(middle));
	if (!end)
		return true;
	s->at = end + strlen(middle);
	if (!scan_u64(s, &freed.size) || !scan_text(s, "K") || freed.size > UINT64_MAX >> 10)
		return true;
	freed.what = arena_strndup(&b->snap->arena, start, (size_t)(end - start));
	freed.size <<= 10;
	vec_push(&b->boot->freed, freed);
	return true;
}

/* "setup_percpu: NR_CPUS:8192 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:1" */
static bool on_setup_percpu(struct boot_scan *b)
{
	const char *word;

	while ((word = scan_word(b->s, ":", &b->snap->arena)) && scan_text(b->s, ":")) {
		unsigned int nr;

		if (!scan_uint(b->s, 65536, &nr))
			break;
		if (!strcmp(word, "nr_cpu_ids"))
			b->boot->nr_cpus = nr;
		else if (!strcmp(word, "nr_node_ids"))
			b->boot->nr_nodes = nr;
	}
	return true;
}

/* "Brought up 1 node, 2 CPUs" */
static bool on_brought_up(struct boot_scan *b)
{
	unsigned int nodes, cpus;

	if (scan_uint(b->s, 65536, &nodes) &&
	    (scan_text(b->s, "nodes, ") || scan_text(b->s, "node, ")) &&
	    scan_uint(b->s, 65536, &cpus))
		b->boot->nr_cpus_online = cpus;
	return true;
}

/* "Embedded 63 pages/cpu s221184 r8192 d28672 u1048576"; old kernels have "@addr" before "s". */
static bool on_percpu(struct boot_scan *b)
{
	struct proc_percpu_line line = { .known = true };

	if (!scan_u64(b->s, &line.pages) || !scan_text(b->s, "pages/cpu"))
		return true;
	if (scan_text(b->s, "@"))
		(void)!scan_word(b->s, "", &b->snap->arena);
	if (scan_text(b->s, "s") && scan_u64(b->s, &line.size_static) && scan_text(b->s, "r") &&
	    scan_u64(b->s, &line.size_reserved) && scan_text(b->s, "d") &&
	    scan_u64(b->s, &line.size_dynamic) && scan_text(b->s, "u") &&
	    scan_u64(b->s, &line.unit_size))
		b->boot->percpu = line;
	return true;
}

/* "node 0 deferred pages initialised in 8ms"; in a list of nodes: "node   0: [mem 0x..-0x..]" */
static bool on_node(struct boot_scan *b)
{
	struct proc_range range;
	unsigned int node;

	if (!scan_uint(b->s, PROC_MAX_NODE, &node))
		return true;
	if (scan_text(b->s, "deferred pages initialised"))
		b->boot->deferred = true;
	if (b->list != LIST_NODES || !scan_text(b->s, ":") ||
	    !scan_mem(b->s, "[mem 0x", &range))
		return true;
	proc_ranges_add(&b->boot->memory, range.start, range.end, (int)node);
	return check_number(b, &b->boot->memory);
}

/** Messages by how they begin. */
static const struct {
	const char *begin;
	boot_fn *fn;
} messages[] = {
	{ "Linux version ", on_release },
	{ "Kernel command line: ", on_cmdline },
	{ "RAMDISK: ", on_ramdisk },
	{ "Allocated new RAMDISK: ", on_ramdisk },
	{ "Move RAMDISK from ", on_move_ramdisk },
	{ "MEMBLOCK configuration:", on_dump },
	{ "reserved.cnt ", on_reserved_count },
	{ "memory[0x", on_dump_memory },
	{ "reserved[0x", on_dump_reserved },
	{ "memblock_reserve: ", on_reserve },
	{ "__memblock_reserve: ", on_reserve },
	{ "memblock_free: ", on_free },
	{ "memblock_phys_free: ", on_free },
	{ "memblock_free_late: ", on_free },
	{ "memblock_add: ", on_add },
	{ "memblock_add_node: ", on_add },
	{ "memblock_remove: ", on_remove },
	{ "cma: Reserved ", on_cma },
	{ "Reserved memory: created CMA memory pool at 0x", on_cma_pool },
	{ "mapped low ram: 0 - ", on_mapped },
	{ "Zone ranges:", on_zones },
	{ "Early memory node ranges", on_nodes },
	{ "Built ", on_zonelists },
	{ "SLUB: ", on_slub },
	{ "Memory: ", on_memory },
	{ "Freeing ", on_freeing },
	{ "setup_percpu: ", on_setup_percpu },
	{ "smp: Brought up ", on_brought_up },
	{ "Brought up ", on_brought_up },
	{ "percpu: Embedded ", on_percpu },
	{ "PERCPU: Embedded ", on_percpu },
	{ "node ", on_node },
};

static bool parse_dmesg(struct proc_snapshot *snap, struct scan *s)
{
	struct boot_scan b = { .snap = snap, .boot = &snap->boot, .s = s };
	bool ok = true;

	while (ok && scan_line(s)) {
		skip_prefix(s);
		ok = parse_message(&b);
	}
	if (ok)
		finish(&b);
	vec_deinit(&b.blocks);
	str_deinit(&b.cmdline);
	return ok;
}

static void clear_dmesg(struct proc_snapshot *snap)
{
	struct proc_boot *boot = &snap->boot;

	vec_deinit(&boot->zones);
	vec_deinit(&boot->memory);
	vec_deinit(&boot->reserved);
	vec_deinit(&boot->cma);
	vec_deinit(&boot->late);
	vec_deinit(&boot->freed);
	proc_memblock_clear(&boot->memblock);
	memset(boot, 0, sizeof(*boot));
}

const struct proc_file_ops proc_dmesg_ops = { parse_dmesg, NULL, clear_dmesg };

/* What dmesg, a console or a journal put in front of a message: "<6>[    0.000000][    T0] ". */
static void skip_prefix(struct scan *s)
{
	uint64_t nr;

	skip_journal_prefix(s);
	if (scan_text(s, "<") && scan_u64(s, &nr))
		(void)scan_text(s, ">");
	while (s->at < s->end && *s->at == '[') {
		const char *at = s->at + 1;

		while (at < s->end && (isdigit((unsigned char)*at) || strchr(" .TC", *at)))
			at++;
		if (at == s->end || *at != ']')
			return;
		s->at = at + 1;
		if (s->at < s->end && *s->at == ' ')
			s->at++;
	}
}

/* "Nov 21 16:13:09 host kernel: " */
static void skip_journal_prefix(struct scan *s)
{
	static const char mark[] = " kernel: ";
	size_t len = MIN((size_t)(s->end - s->at), (size_t)120);
	const char *found = memmem(s->at, len, mark, strlen(mark));

	if (found && isalnum((unsigned char)*s->at) && memchr(s->at, ':', (size_t)(found - s->at)))
		s->at = found + strlen(mark);
}

/* "  DMA32    [mem 0x0000000001000000-0x00000000ffffffff]" or "  Device   empty" */
static bool parse_zone_limit(struct boot_scan *b)
{
	struct proc_zone_limit limit = { .name = scan_word(b->s, "", &b->snap->arena) };
	struct proc_range range = { 0, 0, -1 };

	if (!limit.name || (!scan_text(b->s, "empty") && !scan_mem(b->s, "[mem 0x", &range)))
		return false;
	limit.start = range.start;
	limit.end = range.end;
	vec_push(&b->boot->zones, limit);
	return true;
}

static bool parse_message(struct boot_scan *b)
{
	const char *start = b->s->at;

	if (b->list == LIST_ZONES && *start == ' ' && parse_zone_limit(b))
		return true;
	b->s->at = start;
	if (b->list == LIST_ZONES)
		b->list = LIST_NONE;
	if (!b->handed_over)
		proc_memblock_note(&b->boot->memblock, b->s);
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (scan_text(b->s, messages[i].begin))
			return messages[i].fn(b);
	b->list = LIST_NONE;
	return true;
}

/* "0x1000-0x9efff]" behind "open"; an empty one ends before it starts. */
static bool scan_mem(struct scan *s, const char *open, struct proc_range *ret)
{
	uint64_t last;

	if (!scan_text(s, open) || !scan_hex(s, &ret->start, NULL) || !scan_text(s, "-0x") ||
	    !scan_hex(s, &last, NULL) || !scan_text(s, "]"))
		return false;
	ret->end = last == UINT64_MAX ? last : last + 1;
	ret->node = -1;
	return ret->end >= ret->start;
}

static bool check_number(struct boot_scan *b, const struct proc_ranges *ranges)
{
	return ranges->nr <= MAX_RANGES ||
	       scan_error(b->s, "more than %u ranges of memory", MAX_RANGES);
}

static void finish(struct boot_scan *b)
{
	struct proc_boot *boot = b->boot;

	boot->reserved_known = b->dumped && b->handed_over && b->nr_seen == b->nr_reserved;
	if (!boot->memory.nr) {
		vec_deinit(&boot->memory);
		boot->memory = b->blocks;
		b->blocks = (struct proc_ranges){ NULL, 0, 0 };
	}
	if (b->cmdline.len)
		boot->cmdline = proc_text(b->snap, str_text(&b->cmdline));
	if (boot->release && !proc_has(b->snap, PROC_VERSION))
		proc_set_kernel(b->snap, boot->release);
}

/* A new boot: nothing of the one before is true any longer. */
static void reset(struct boot_scan *b)
{
	clear_dmesg(b->snap);
	vec_reset(&b->blocks);
	str_reset(&b->cmdline);
	b->list = LIST_NONE;
	b->dumped = b->handed_over = false;
	b->nr_reserved = b->nr_seen = 0;
}
