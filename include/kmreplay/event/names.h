/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The texts behind the numbers in events: task, cache, zone and event names, and call sites.
 * One table serves a whole run; numbers are given in order of appearance.
 */
#ifndef KMREPLAY_EVENT_NAMES_H
#define KMREPLAY_EVENT_NAMES_H

#include "kmreplay/core/intern.h"
#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"

/**
 * One call site. Formats tell unequal amounts: tracefs symbol, offset, size and module; trace-cmd
 * report and perf symbol and offset; old kernels an address only. Two sites that agree in symbol
 * and offset are the same site to a table that people read: "canon" is the first of them.
 */
struct event_site {
	uint32_t symbol; /**< intern id in "texts"; 0: address only */
	uint32_t module; /**< intern id; 0: the kernel itself, or unknown */
	uint64_t offset; /**< from the symbol; the address itself when symbol is 0 */
	uint32_t size;   /**< of the function; 0: unknown */
	uint32_t canon;  /**< the first site with the same symbol and offset */
};

struct event_names {
	struct intern texts;
	struct vec(struct event_site) sites; /**< [0]: none */
	struct intern site_texts;            /**< written form to site id (same numbering) */
	struct u64map canon;                 /**< (symbol, offset) to first site */
};

void event_names_init(struct event_names *names);
void event_names_deinit(struct event_names *names);

/**
 * The site written as "text": "func+0x1a/0x60 [mod]", "func+0x1a", "func", "0xffff..." or bare hex
 * digits. Equal texts give equal ids.
 */
uint32_t event_site_add(struct event_names *names, const char *text, size_t len);
/** Appends "func+0x1a" (with "full": size and module too, as far as known) or "0x...". */
struct str;
void event_site_print(const struct event_names *names, uint32_t site, bool full, struct str *out);

#endif
