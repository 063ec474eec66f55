/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Of the trace.dat reader: addresses to call sites, pids to task names, cache names to text ids.
 */
#ifndef KMREPLAY_TRACE_DAT_NAMES_H
#define KMREPLAY_TRACE_DAT_NAMES_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/names.h"

struct dat_symbol {
	uint64_t addr;
	uint32_t name; /**< offset of "name[\tmodule]" in the text */
	uint32_t len;  /**< up to the end of the line */
};

struct dat_site_slot {
	uint64_t addr;
	uint32_t site; /**< 0: free */
};

enum { DAT_WORD_BYTES = 40, DAT_WORD_SLOTS = 512, DAT_PID_DENSE = 1 << 16 };

struct dat_word_slot {
	char text[DAT_WORD_BYTES];
	uint32_t len; /**< 0: free */
	uint32_t id;
};

struct dat_names {
	struct event_names *names;
	const char *kallsyms;                  /**< the text, in the file or an unpacked section */
	struct vec(struct dat_symbol) symbols; /**< by address, equal ones in the file's order */
	struct dat_site_slot *sites;           /**< open addressing */
	unsigned int site_shift;               /**< 64 - log2 of their number */
	size_t nr_sites;
	struct vec(uint32_t) comms; /**< by pid below DAT_PID_DENSE */
	struct u64map far_comms;    /**< the other pids */
	struct dat_word_slot *words;
};

void dat_names_init(struct dat_names *n, struct event_names *names);
void dat_names_deinit(struct dat_names *n);
/** Reads /proc/kallsyms' text; it must live as long as "n". */
void dat_names_add_kallsyms(struct dat_names *n, const char *text, size_t len);
/** Reads lines of "pid comm". */
void dat_names_add_cmdlines(struct dat_names *n, const char *text, size_t len);
/** The name of the function at "addr", not terminated; NULL when there is none. */
const char *dat_names_function(const struct dat_names *n, uint64_t addr, size_t *len);
/** The site of an address that was not seen before. */
uint32_t dat_names_new_site(struct dat_names *n, uint64_t addr);
uint32_t dat_names_far_comm(const struct dat_names *n, int32_t pid);
/** Text id of "len" bytes at "text", which may end earlier with a NUL. */
uint32_t dat_names_word(struct dat_names *n, const char *text, size_t len);

static inline uint32_t dat_names_site(struct dat_names *n, uint64_t addr)
{
	size_t mask = (1ULL << (64 - n->site_shift)) - 1;
	size_t i = (size_t)(addr * 0x9e3779b97f4a7c15ULL >> n->site_shift);

	for (;; i = (i + 1) & mask) {
		const struct dat_site_slot *slot = &n->sites[i];

		if (likely(slot->addr == addr && slot->site))
			return slot->site;
		if (!slot->site)
			return dat_names_new_site(n, addr);
	}
}

static inline uint32_t dat_names_comm(const struct dat_names *n, int32_t pid)
{
	if (likely((uint32_t)pid < n->comms.nr))
		return n->comms.items[pid];
	return dat_names_far_comm(n, pid);
}

#endif
