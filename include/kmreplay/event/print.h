/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One event as text that people and programs read: a line as tracefs prints it, or a JSON object.
 *
 * Both forms are lossless: the readers of ftrace text and of JSON lines make an equal record of
 * them (same flags, same GFP mask, same call site text, nanoseconds). What tracefs text cannot
 * carry is carried so:
 * - a first comment line, "# kmreplay text 1 ...", tells the release, the GFP era and the clock,
 *   and that texts are escaped: a byte that would break a line or a field stands as \xNN;
 * - times have nine digits behind the point;
 * - the function that a kprobe event sits on is not in the record: it prints as "?";
 * - an NMI inside a soft interrupt, which the flags column cannot say, prints as 'y' ('Y' when in
 *   a hard one as well).
 */
#ifndef KMREPLAY_EVENT_PRINT_H
#define KMREPLAY_EVENT_PRINT_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/str.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"

struct event_printer {
	const struct event_names *names; /**< what the events' numbers mean */
	enum gfp_era era;                /**< how masks are spelt */
	bool ticks;                      /**< times are a raw counter, not ns */
	const char *release;             /**< kernel release, "6.12.1-..." or ""; headers */
	const char *clock;               /**< trace clock's name or ""; headers */
	bool hashed_ptrs;                /**< pointers are hashes; headers */
	bool long_is_32;                 /**< recorded on a 32-bit kernel; headers */
	unsigned int nr_cpus;            /**< headers; 0: unknown */
};

/** Appends the comment lines that stand before the first event of normalised text. */
void event_print_text_header(const struct event_printer *p, struct str *out);
/** Appends the notice that "nr" (0: unknown) events of "cpu" were lost before the next line. */
void event_print_text_lost(unsigned int cpu, uint64_t nr, struct str *out);
/** Appends one event with its newline. EVENT_F_LOST is not in it: print the notice before. */
void event_print_text(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out);
/**
 * Appends only what stands behind "name: ", for listings that have columns of their own; nothing
 * for an event without fields.
 */
void event_print_fields(const struct event_printer *p, const struct event *ev,
			const struct event_batch *batch, struct str *out);

/**
 * JSON lines. The first object is {"kmreplay":"events","version":1,"release":...,"gfp_era":NUMBER
 * (enum gfp_era),"clock":...,"unit":"ns"|"ticks","hashed_ptrs":BOOL,"nr_cpus":N}. Each event is one
 * object on one line:
 *	"type": event name ("kmalloc"; a marker is "print"; what is not known has its own name and
 *	"other":true), "time": number, "cpu": number, "pid": number, "comm": text or absent,
 *	"context": absent (not known) or an array of "irqs_off" "bh_off" "softirq" "hardirq" "nmi",
 *	"failed":true and "lost":true or absent; then the fields under their keys of event/desc.h
 *	(member names where the key is empty or, as "name" in lowmem_reserve, comes twice):
 *	UINT, INT and KIB are numbers, HEX, PTR and ADDR texts "0x...", BOOL and FLAG true or false,
 *	GFP the names joined by '|', WORD, QUOTED and SITE texts (a site as recorded), PTRS an
 *	array of "0x..." texts. A kretprobe's caller is "caller", a marker's text "text"; the task
 *	that an oom event tells of is "task_pid" and "task_comm".
 * Optional fields without a value are absent. A byte that is no UTF-8 stands as the lone surrogate
 * U+DC80 .. U+DCFF (as Python's surrogateescape does).
 */
void event_print_json_header(const struct event_printer *p, struct str *out);
/** As event_print_text_lost(): {"lost_events":nr or null,"cpu":N}; readers may pass over it. */
void event_print_json_lost(unsigned int cpu, uint64_t nr, struct str *out);
/** Appends one event with its newline. */
void event_print_json(const struct event_printer *p, const struct event *ev,
		      const struct event_batch *batch, struct str *out);

/** The key of "field" (an index of the type's table) in JSON. */
const char *event_json_key(unsigned int type, unsigned int field);

#endif
