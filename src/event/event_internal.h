/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the two printers share.
 */
#ifndef KMREPLAY_EVENT_INTERNAL_H
#define KMREPLAY_EVENT_INTERNAL_H

#include "kmreplay/event/desc.h"
#include "kmreplay/event/print.h"

/**
 * Is field number "index" of the event's table to be written? Not when it is optional and has no
 * value, and not when an earlier field of the type holds the same place under its older key.
 */
static inline bool event_field_shown(const struct event *ev, unsigned int index)
{
	const struct event_desc *desc = event_desc(ev->type);
	const struct event_field *field = &desc->fields[index];

	for (unsigned int i = 0; i < index; i++) {
		if (desc->fields[i].offset == field->offset &&
		    field->kind != EVENT_FIELD_FAILED)
			return false;
	}
	/* A node of 0 is a value, "any" is -1, which readers assume when the key is absent. */
	if (field->optional && field->kind != EVENT_FIELD_INT &&
	    !event_field_get(ev, field))
		return false;
	return true;
}

/** Appends "value" in decimal; faster than str_addf(). */
void event_add_uint(struct str *out, uint64_t value);
/** Appends "value" in lower case hex, at least "digits" long. */
void event_add_hex(struct str *out, uint64_t value, unsigned int digits);

#endif
