/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts to numbers: what happens when a cache does not know a text. */
#include <config.h>

#include "text_cache.h"

#include "kmreplay/event/desc.h"

#include <string.h>

static bool unescape(struct text *text, const char **s, size_t *len);
static const char *keep(struct text *text, const char *s, size_t len);
static void remember(struct text_cache *cache, const char *s, const char *kept, size_t len,
		     uint32_t value);
static bool is_event_name(const struct text *text, const char *s, size_t len);
static enum event_type known_type(const char *s, size_t len);

bool text_cache_miss_site(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	const char *plain = s;
	size_t plain_len = len;
	const char *kept;

	if (!unescape(text, &plain, &plain_len))
		return false;
	*ret = event_site_add(text->names, plain, plain_len);
	kept = plain == s ? intern_text(&text->names->site_texts, *ret) : keep(text, s, len);
	remember(&text->sites, s, kept, len, *ret);
	return true;
}

bool text_cache_miss_word(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	const char *plain = s;
	size_t plain_len = len;
	const char *kept;

	if (!unescape(text, &plain, &plain_len))
		return false;
	*ret = intern_add(&text->names->texts, plain, plain_len);
	kept = plain == s ? intern_text(&text->names->texts, *ret) : keep(text, s, len);
	remember(&text->words, s, kept, len, *ret);
	return true;
}

bool text_cache_miss_mask(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	const char *unknown = NULL;
	size_t unknown_len = 0;

	*ret = gfp_parse(text->trace->info.era, s, len, &unknown, &unknown_len);
	if (*ret & GFP_BIT_UNKNOWN) {
		if (unknown)
			trace_note_gfp(text->trace, unknown, unknown_len);
		return true;
	}
	/* Masks are few; bytes that are no mask come here with the unknown bit. */
	remember(&text->masks, s, keep(text, s, len), len, *ret);
	return true;
}

uint32_t text_cache_miss_comm(struct text *text, const char *s, size_t len)
{
	uint32_t comm;

	while (len && *s == ' ') {
		s++;
		len--;
	}
	if (len == SCAN_LEN("<...>") && SCAN_IS(s, "<...>"))
		return 0;
	/* A NUL cannot be in a task's name: such bytes are no name. */
	return text_word(text, s, len, &comm) ? comm : 0;
}

bool text_type(struct text *text, const char *s, size_t len, uint32_t *ret)
{
	enum event_type type;
	uint32_t name;

	if (likely(text_cache_find(&text->types, s, len, ret)))
		return true;
	if (!is_event_name(text, s, len) || !text_word(text, s, len, &name))
		return false;
	type = known_type(s, len);
	*ret = type == EVENT_OTHER ? TEXT_TYPE_OTHER | name : (uint32_t)type;
	remember(&text->types, s, keep(text, s, len), len, *ret);
	return true;
}

/* Undoes "\xNN" of our own text, in the scratch string; false for a NUL. */
static bool unescape(struct text *text, const char **s, size_t *len)
{
	const char *from = *s;
	const char *end = from + *len;

	if (memchr(from, '\0', *len))
		return false;
	if (!text->escaped || !memchr(from, '\\', *len))
		return true;
	str_reset(&text->scratch);
	while (from < end) {
		uint64_t byte;

		if (end - from >= 4 && from[0] == '\\' && from[1] == 'x' &&
		    scan_digit(from[2]) < 16 && scan_digit(from[3]) < 16) {
			byte = scan_digit(from[2]) << 4 | scan_digit(from[3]);
			if (!byte)
				return false;
			str_add_char(&text->scratch, (char)byte);
			from += 4;
		} else {
			str_add_char(&text->scratch, *from++);
		}
	}
	*s = text->scratch.data;
	*len = text->scratch.len;
	return true;
}

/* A copy that lives as long as the trace. */
static const char *keep(struct text *text, const char *s, size_t len)
{
	return intern_text(&text->kept, intern_add(&text->kept, s, len));
}

static void remember(struct text_cache *cache, const char *s, const char *kept, size_t len,
		     uint32_t value)
{
	uint64_t head, tail;
	struct text_slot *slot;

	if (!len)
		return;
	text_cache_key(s, len, &head, &tail);
	slot = text_cache_slot(cache, head, tail, len);
	*slot = (struct text_slot){ .head = head, .tail = tail, .text = kept,
				    .len = (uint32_t)len, .value = value };
}

/* Tracepoint and symbol names, "system:name", "symbol [module]". */
static bool is_event_name(const struct text *text, const char *s, size_t len)
{
	if (!len || len > 256)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '_' || c == '.' || c == ':' || c == '-')
			continue;
		if (c == '\\' && text->escaped)
			continue;
		if (i && i + 1 < len && c == ' ' && s[i + 1] == '[' && s[len - 1] == ']')
			return true;
		return false;
	}
	return true;
}

/* A system in front must be the right one; kprobe groups are named as their maker likes. */
static enum event_type known_type(const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	enum event_type type;
	const struct event_desc *desc;

	/* Without symbols the function that writes markers prints as 0. */
	if (len == 1 && s[0] == '0')
		return EVENT_MARK;
	if (!colon)
		return event_type_by_name(s, len);
	type = event_type_by_name(colon + 1, len - (size_t)(colon + 1 - s));
	desc = event_desc(type);
	if (desc->payload == EVENT_PAYLOAD_PROBE || desc->payload == EVENT_PAYLOAD_BULK)
		return type;
	if (strlen(desc->system) != (size_t)(colon - s) ||
	    memcmp(desc->system, s, (size_t)(colon - s)) != 0)
		return EVENT_OTHER;
	return type;
}
