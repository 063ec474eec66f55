/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What each event type's fields are called and where they lie in struct event: one table for the
 * cold text parser, the trace.dat decoder and every writer. Hot text parsers may have their own
 * code; they must agree with the table (a test holds them against it).
 */
#ifndef KMREPLAY_EVENT_DESC_H
#define KMREPLAY_EVENT_DESC_H

#include "kmreplay/event/event.h"

enum event_field_kind {
	EVENT_FIELD_UINT,   /**< unsigned, printed in decimal */
	EVENT_FIELD_INT,    /**< signed, printed in decimal */
	EVENT_FIELD_HEX,    /**< printed as 0x%lx */
	EVENT_FIELD_PTR,    /**< pointer: 16 hex digits without 0x in tracefs text */
	EVENT_FIELD_BOOL,   /**< "true" or "false" */
	EVENT_FIELD_FLAG,   /**< 0 or 1 */
	EVENT_FIELD_GFP,    /**< mask, abi/gfp.h numbering inside */
	EVENT_FIELD_WORD,   /**< text without blanks, names.texts (cache, zone, status word) */
	EVENT_FIELD_QUOTED, /**< text in double quotes (kprobe string argument), names.texts */
	EVENT_FIELD_SITE,   /**< struct event.site: symbol+offset */
	EVENT_FIELD_KIB,    /**< decimal followed by "kB" */
	EVENT_FIELD_PTRS,   /**< {0x..,0x..}: payload BULK's pointers */
	EVENT_FIELD_ADDR,   /**< an address that the kernel prints in decimal */
	EVENT_FIELD_FAILED, /**< 0 or 1, kept as EVENT_F_FAILED in struct event.flags */
};

/**
 * One field. Two fields of a type may share a place in the record (a key that newer kernels call
 * otherwise): readers take either, writers print the first and skip the ones behind it.
 *
 * Words (zones, status words) are numbers in binary recordings; their texts stand in the event's
 * print format there. "limit" is 1 << defer_shift.
 */
struct event_field {
	const char *key;    /**< in text: "bytes_req"; "" when it has none */
	const char *member; /**< in a binary format file, when it is called otherwise; else NULL */
	uint8_t kind;       /**< enum event_field_kind */
	uint8_t offset;     /**< in struct event */
	uint8_t width;      /**< bytes: 1, 2, 4, 8 */
	bool optional;      /**< some kernels lack it */
	const char *prefix; /**< what text has between the field before and this key; NULL: " " */
	const char *sep;    /**< between key and value; NULL: "=" */
};

struct event_desc {
	const char *system;
	const char *name;
	uint8_t payload; /**< enum event_payload */
	uint8_t nr_fields;
	const struct event_field *fields; /**< in print order */
};

/** How a field is called in a binary format file. */
static inline const char *event_field_member(const struct event_field *field)
{
	return field->member ? field->member : field->key;
}

/** The description of "type", < EVENT_NR. */
const struct event_desc *event_desc(unsigned int type);
/**
 * The type called "name" ("len" bytes, without system), or EVENT_OTHER. Text has no system in
 * front of the name, so names of kprobe events count in whatever group they were made; a marker is
 * "print" in binary recordings and "tracing_mark_write" in text.
 */
enum event_type event_type_by_name(const char *name, size_t len);

/** The mask of a request for memory; 0: the event has none. */
uint32_t event_gfp(const struct event *ev);

/** The value of "field" in "ev", sign-extended for INT. Not for PTRS. */
uint64_t event_field_get(const struct event *ev, const struct event_field *field);
/** Stores "value"; false when it does not fit the field's width (hostile input). */
MUST_CHECK bool event_field_set(struct event *ev, const struct event_field *field, uint64_t value);

/**
 * The record that a reader begins with: all zero but the type and what absent fields mean (node
 * -1). Every byte counts in event_equal(), so a reader must not leave any uninitialised.
 */
void event_clear(struct event *ev, unsigned int type);
/**
 * What every reader does when all fields are in: brings the ways to say "failed" into one form
 * (EVENT_F_FAILED; pfn EVENT_PFN_FAILED, which text writes as 0).
 */
void event_settle(struct event *ev);

#endif
