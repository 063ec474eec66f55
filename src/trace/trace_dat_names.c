/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of a recording to names: addresses to call sites through the copy of /proc/kallsyms in
 * the file, pids to task names, and cache names to text ids.
 *
 * Symbols are looked up as libtraceevent 1.7 does, so that `trace-cmd report` and we name the same
 * site: absolute symbols (per-cpu offsets) and the '$a' marks of arm are no functions; an address
 * belongs to the nearest symbol below it, of several at one address to the first in the file, which
 * is the kernel's choice, too (an exact hit takes the one that bsearch() meets); behind the last
 * symbol lies nothing.
 */
#include <config.h>

#include "trace_dat.h"

#include "kmreplay/core/str.h"

#include <stdlib.h>
#include <string.h>

static size_t parse_symbol(const char *line, size_t len, uint64_t *addr);
static void add_module(const char *name, size_t len, struct str *out);
static size_t name_len(const char *name, size_t len);
static size_t parse_hex(const char *text, size_t len, uint64_t *ret);
static int compare_symbols(const void *a, const void *b);
static const struct dat_symbol *find_symbol(const struct dat_names *n, uint64_t addr);
static bool parse_pid(const char **line, const char *end, int32_t *ret);
static void insert_site(struct dat_names *n, uint64_t addr, uint32_t site);
static uint32_t word_hash(const char *text, size_t len);

void dat_names_init(struct dat_names *n, struct event_names *names)
{
	memset(n, 0, sizeof(*n));
	n->names = names;
	n->site_shift = 64 - 10;
	n->sites = xcalloc(1U << 10, sizeof(*n->sites));
	n->words = xcalloc(DAT_WORD_SLOTS, sizeof(*n->words));
	u64map_init(&n->far_comms);
	vec_push(&n->comms, intern_add_text(&names->texts, "<idle>"));
}

void dat_names_deinit(struct dat_names *n)
{
	vec_deinit(&n->symbols);
	vec_deinit(&n->comms);
	u64map_deinit(&n->far_comms);
	free(n->sites);
	free(n->words);
}

void dat_names_add_kallsyms(struct dat_names *n, const char *text, size_t len)
{
	const char *end = text + len;
	struct dat_symbol symbol;
	uint64_t addr, last = 0;
	bool sorted = true;

	n->kallsyms = text;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		size_t name = parse_symbol(text, (size_t)(stop - text), &addr);

		if (name) {
			name += (size_t)(text - n->kallsyms);
			symbol.addr = addr;
			symbol.name = (uint32_t)name;
			symbol.len = (uint32_t)(stop - (n->kallsyms + name));
			vec_push(&n->symbols, symbol);
			sorted &= addr > last;
			last = addr;
		}
		text = stop + (newline != NULL);
	}
	if (!sorted)
		qsort(n->symbols.items, n->symbols.nr, sizeof(*n->symbols.items), compare_symbols);
}

void dat_names_add_cmdlines(struct dat_names *n, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		size_t comm_len;
		uint32_t comm;
		int32_t pid;

		if (parse_pid(&text, stop, &pid)) {
			comm_len = strnlen(text, (size_t)(stop - text));
			comm = intern_add(&n->names->texts, text, comm_len);
			if (comm_len == 5 && !memcmp(text, "<...>", 5))
				comm = 0;
			if (pid >= DAT_PID_DENSE) {
				bool fresh;

				*u64map_insert(&n->far_comms, (uint64_t)pid, &fresh) = comm;
			} else if (pid > 0) {
				vec_extend_zeroed(&n->comms, (size_t)pid + 1);
				n->comms.items[pid] = comm;
			}
		}
		text = stop + (newline != NULL);
	}
}

const char *dat_names_function(const struct dat_names *n, uint64_t addr, size_t *len)
{
	const struct dat_symbol *symbol = find_symbol(n, addr);

	if (!symbol)
		return NULL;
	*len = name_len(n->kallsyms + symbol->name, symbol->len);
	return n->kallsyms + symbol->name;
}

uint32_t dat_names_new_site(struct dat_names *n, uint64_t addr)
{
	const struct dat_symbol *symbol = find_symbol(n, addr);
	struct str text = { 0 };
	uint32_t site;

	if (symbol) {
		const char *name = n->kallsyms + symbol->name;

		str_add_mem(&text, name, name_len(name, symbol->len));
		str_addf(&text, "+0x%llx", (unsigned long long)(addr - symbol->addr));
		add_module(name, symbol->len, &text);
	} else {
		str_addf(&text, "0x%llx", (unsigned long long)addr);
	}
	site = event_site_add(n->names, text.data, text.len);
	str_deinit(&text);
	if ((n->nr_sites + 1) * 2 > 1ULL << (64 - n->site_shift)) {
		struct dat_site_slot *old = n->sites;
		size_t nr = 1ULL << (64 - n->site_shift);

		n->site_shift--;
		n->sites = xcalloc(nr * 2, sizeof(*n->sites));
		for (size_t i = 0; i < nr; i++)
			if (old[i].site)
				insert_site(n, old[i].addr, old[i].site);
		free(old);
	}
	insert_site(n, addr, site);
	n->nr_sites++;
	return site;
}

uint32_t dat_names_far_comm(const struct dat_names *n, int32_t pid)
{
	const uint32_t *comm = pid > 0 ? u64map_find(&n->far_comms, (uint64_t)pid) : NULL;

	return comm ? *comm : 0;
}

uint32_t dat_names_word(struct dat_names *n, const char *text, size_t len)
{
	struct dat_word_slot *slot;

	if (len > DAT_WORD_BYTES || !len)
		return intern_add(&n->names->texts, text, strnlen(text, len));
	slot = &n->words[word_hash(text, len) % DAT_WORD_SLOTS];
	if (likely(slot->len == len && !memcmp(slot->text, text, len)))
		return slot->id;
	slot->id = intern_add(&n->names->texts, text, strnlen(text, len));
	slot->len = (uint32_t)len;
	memcpy(slot->text, text, len);
	return slot->id;
}

/*
 * "ffffffff81000000 T _stext" or "ffffffffc0000000 t func\t[module]". Where the name begins; 0
 * when there is none to keep.
 */
static size_t parse_symbol(const char *line, size_t len, uint64_t *addr)
{
	size_t at = parse_hex(line, len, addr);

	if (!at || len - at < 4 || line[at] != ' ' || line[at + 2] != ' ')
		return 0;
	if ((line[at + 1] | 0x20) == 'a' || line[at + 3] == '$')
		return 0;
	return at + 3;
}

/* " [module]" when there is one. */
static void add_module(const char *name, size_t len, struct str *out)
{
	size_t at = name_len(name, len) + 1;
	const char *close;

	if (at >= len || name[at] != '[')
		return;
	close = memchr(name + at, ']', len - at);
	if (!close || memchr(name + at, '\0', (size_t)(close - name) - at))
		return;
	str_add_char(out, ' ');
	str_add_mem(out, name + at, (size_t)(close + 1 - (name + at)));
}

static size_t name_len(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len && name[i] != '\t' && name[i]; i++)
		;
	return i;
}

static size_t parse_hex(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len && i < 16; i++) {
		unsigned int c = (unsigned char)text[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else
			break;
	}
	*ret = value;
	return i;
}

/*
 * Of equal addresses the first in the file comes last, since that is the one find_symbol() meets
 * for what lies behind it: the kernel prints the first alias, and so does trace-cmd.
 */
static int compare_symbols(const void *a, const void *b)
{
	const struct dat_symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->name > y->name ? -1 : x->name < y->name;
}

static const struct dat_symbol *find_symbol(const struct dat_names *n, uint64_t addr)
{
	size_t low = 0, high = n->symbols.nr;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct dat_symbol *symbol = &n->symbols.items[mid];
		uint64_t end = mid + 1 < n->symbols.nr ? symbol[1].addr : 0; /* last: nothing */

		if (symbol->addr == addr || (symbol->addr < addr && addr < end))
			return symbol;
		if (symbol->addr > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Moves "*line" behind the pid and its blank. */
static bool parse_pid(const char **line, const char *end, int32_t *ret)
{
	const char *at = *line;
	int32_t pid = 0;

	while (at < end && *at == ' ')
		at++;
	if (at == end || *at < '0' || *at > '9')
		return false;
	while (at < end && *at >= '0' && *at <= '9' && pid <= (INT32_MAX - 9) / 10)
		pid = pid * 10 + (*at++ - '0');
	if (at == end || *at != ' ')
		return false;
	*line = at + 1;
	*ret = pid;
	return true;
}

static void insert_site(struct dat_names *n, uint64_t addr, uint32_t site)
{
	size_t mask = (1ULL << (64 - n->site_shift)) - 1;
	size_t i = (size_t)(addr * 0x9e3779b97f4a7c15ULL >> n->site_shift);

	while (n->sites[i].site)
		i = (i + 1) & mask;
	n->sites[i].addr = addr;
	n->sites[i].site = site;
}

/* Cache names differ in their first or last bytes: "kmalloc-rnd-05-1k", "ext4_inode_cache". */
static uint32_t word_hash(const char *text, size_t len)
{
	uint64_t first = 0, last = 0;

	if (len >= 8) {
		memcpy(&first, text, 8);
		memcpy(&last, text + len - 8, 8);
	} else {
		memcpy(&first, text, len);
	}
	first = (first ^ (last * 0x9e3779b97f4a7c15ULL) ^ len) * 0xff51afd7ed558ccdULL;
	return (uint32_t)(first >> 40);
}
