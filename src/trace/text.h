/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the three text formats (tracefs, trace-cmd report, perf script) share.
 *
 *	text.c         lines out of the input, notices of losses, markers, event names
 *	text_fast.c    the hot events in the key order that kernels print, whole lines at once
 *	text_fields.c  any event by its keys, from the table of event/desc.h
 *	text_cache.c   texts to numbers, through small direct-mapped caches
 *	text_guess.c   which kernel printed this
 *	text_context.c the columns before the event
 *
 * A line goes through text_fast first; whatever that does not take as it stands goes through the
 * general code, which alone decides what is malformed.
 */
#ifndef KMREPLAY_TRACE_TEXT_H
#define KMREPLAY_TRACE_TEXT_H

#include "trace_internal.h"

#include "kmreplay/core/str.h"

struct text;

/** How one of the formats differs from the others. */
struct text_dialect {
	/** Takes a line that is no event (a header, a loss, ...); false: not such a line. */
	bool (*notice)(struct text *text, const char *s, const char *e);
	/**
	 * The columns before the event: fills the head of "ev" and says where the event's name
	 * begins; false when they cannot be read.
	 */
	bool (*context)(struct text *text, const char *s, const char *e, struct event *ev,
			const char **event);
	/** Is this line part of a call chain, given that a chain or a frame came before? */
	bool (*in_stack)(const char *s, const char *e);
	bool marks_go_on;    /**< a marker's newlines are printed as they are */
	bool fast;           /**< text_fast.c knows the columns */
	bool page_nonsense;  /**< page= is not the page's address */
	bool probe_func_first; /**< kretprobes print "(function <- caller)" */
};

/** A text seen lately and what became of it. */
struct text_slot {
	uint64_t head, tail; /**< first and last eight bytes, zero padded when shorter */
	const char *text;    /**< all bytes; lives as long as the trace */
	uint32_t len;        /**< 0: free */
	uint32_t value;
};

enum { TEXT_CACHE_BITS = 11, TEXT_COMM_BITS = 9, TEXT_COMM_WIDTH = 16 };

struct text_cache {
	struct text_slot slots[1 << TEXT_CACHE_BITS];
};

/** The comm column as it stands, blanks included. */
struct text_comm_slot {
	uint64_t head, tail;
	uint32_t comm;
	bool used;
};

/** Events of a CPU were lost and its next event has not come yet. */
struct text_loss {
	bool pending;
	uint64_t nr;
};

struct text {
	const struct text_dialect *dialect;
	struct trace *trace;
	struct event_names *names;

	struct text_cache sites;  /**< to names.sites */
	struct text_cache words;  /**< to names.texts */
	struct text_cache masks;  /**< to GFP masks */
	struct text_cache types;  /**< event names to types, or TEXT_TYPE_OTHER | names.texts */
	struct text_comm_slot comms[1 << TEXT_COMM_BITS];
	struct intern kept;       /**< texts that stand in no table as they were written */
	struct str scratch;       /**< a text with its escapes undone */

	const char *at;    /**< next line of the stretch */
	const char *limit; /**< behind the last newline of the stretch */
	const char *base;  /**< where the stretch begins */
	bool eof;
	bool cut;          /**< the content ends inside a line */
	bool skipping;     /**< inside a line that is too long */
	bool in_stack;     /**< the line before was an event or a frame */
	bool mark_open;    /**< the last event of the batch is a marker that may go on */
	bool escaped;      /**< our own normalised text */
	bool clock_known;  /**< info.unit was decided */

	struct event last; /**< the last event; only its head is used */
	struct vec(struct text_loss) losses; /**< by CPU */
	unsigned int nr_pending;             /**< of them */

	uint64_t nr_wide;   /**< object pointers of 16 digits without 0x, NULL not counted */
	uint64_t wide_bits; /**< all of them ORed */
	bool pointers_told; /**< our own header says what pointers are: no need to judge */
	uint64_t nr_narrow; /**< of 8 digits */
};

#define TEXT_TYPE_OTHER 0x80000000U

/* text.c */

/** The format's open, next and close with "dialect". */
bool text_open(struct trace *trace, const struct text_dialect *dialect);
enum trace_status text_next(struct trace *trace, struct event_batch *batch);
void text_close(struct trace *trace);
/** Events of "cpu" were lost before its next event. */
void text_note_lost(struct text *text, uint64_t cpu, uint64_t nr);
/** What every event goes through at last: puts a pending loss before it. */
void text_deliver_loss(struct text *text, const struct event_batch *batch, struct event *ev);
/** Takes the line that says "CPU:n [LOST ...]" or "[... EVENTS DROPPED]". */
bool text_lost_notice(struct text *text, const char *s, const char *e);

/* text_fast.c */

/**
 * Decodes lines of text->at .. text->limit into "batch" until it is full or a line comes that needs
 * the general code; text->at is then that line.
 */
void text_fast_run(struct text *text, struct event_batch *batch);

/**
 * One event from its name on, behind columns that were read otherwise. "ev" has its head filled
 * and the rest zero; it is spoiled when the result is false.
 */
bool text_fast_event(struct text *text, const char *s, const char *e, struct event *ev);

/* text_fields.c */

/** The fields of "ev" (its type is set) from the payload "s" .. "e"; false: malformed. */
bool text_fields(struct text *text, struct event *ev, struct event_batch *batch, const char *s,
		 const char *e);

/* text_context.c */

/** "comm-pid [tgid] [cpu] flags time: " of tracefs and trace-cmd report, latency format too. */
bool text_context(struct text *text, const char *s, const char *e, struct event *ev,
		  const char **event);
/** The same for perf script. */
bool text_context_perf(struct text *text, const char *s, const char *e, struct event *ev,
		       const char **event);
/** EVENT_F_ bits of a flags column. */
uint8_t text_context_flags(const char *flags, size_t len);

/* text_cache.c */

/** Numbers of texts; false when the text cannot be one (it holds a NUL). */
bool text_cache_miss_site(struct text *text, const char *s, size_t len, uint32_t *ret);
bool text_cache_miss_word(struct text *text, const char *s, size_t len, uint32_t *ret);
bool text_cache_miss_mask(struct text *text, const char *s, size_t len, uint32_t *ret);
uint32_t text_cache_miss_comm(struct text *text, const char *s, size_t len);
/** The type called "s", or TEXT_TYPE_OTHER | its name's number; false: no event name. */
bool text_type(struct text *text, const char *s, size_t len, uint32_t *ret);

/* text_guess.c */

/** Sets the kernel and the era by what "head" looks like, unless they are known. */
void text_guess(struct trace *trace, const char *head, size_t len);

#endif
