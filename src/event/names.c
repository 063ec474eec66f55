/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call sites: their written forms to numbers, and what each form says. */
#include <config.h>

#include "kmreplay/event/names.h"

#include "kmreplay/core/str.h"

#include <string.h>

static void parse_site(struct event_names *names, const char *text, size_t len,
		       struct event_site *site);
static bool parse_address(const char *text, size_t len, uint64_t *ret);
static size_t parse_hex(const char *text, size_t len, uint64_t *ret);
static size_t find_offset(const char *text, size_t len);
static bool canon_key(const struct event_site *site, uint64_t *ret);

void event_names_init(struct event_names *names)
{
	memset(names, 0, sizeof(*names));
	intern_init(&names->texts);
	intern_init(&names->site_texts);
	u64map_init(&names->canon);
	vec_push(&names->sites, ((struct event_site){ 0 }));
}

void event_names_deinit(struct event_names *names)
{
	intern_deinit(&names->texts);
	intern_deinit(&names->site_texts);
	u64map_deinit(&names->canon);
	vec_deinit(&names->sites);
}

uint32_t event_site_add(struct event_names *names, const char *text, size_t len)
{
	uint32_t id = intern_add(&names->site_texts, text, len);
	struct event_site site = { 0 };
	uint64_t key;

	if (id < names->sites.nr)
		return id;
	BUG_ON(id != names->sites.nr);
	parse_site(names, text, len, &site);
	site.canon = id;
	if (canon_key(&site, &key)) {
		bool fresh;
		uint32_t *first = u64map_insert(&names->canon, key, &fresh);

		if (fresh)
			*first = id;
		site.canon = *first;
	}
	vec_push(&names->sites, site);
	return id;
}

void event_site_print(const struct event_names *names, uint32_t site, bool full, struct str *out)
{
	const struct event_site *s = &names->sites.items[site];

	if (!site)
		return;
	if (full)
		str_add_mem(out, intern_text(&names->site_texts, site),
			    intern_len(&names->site_texts, site));
	else if (!s->symbol)
		str_addf(out, "0x%llx", (unsigned long long)s->offset);
	else
		str_addf(out, "%s+0x%llx", intern_text(&names->texts, s->symbol),
			 (unsigned long long)s->offset);
}

/* "func+0x1a/0x60 [mod]" and all shorter forms of it; anything else is a symbol as it stands. */
static void parse_site(struct event_names *names, const char *text, size_t len,
		       struct event_site *site)
{
	const char *module = len && text[len - 1] == ']' ? memmem(text, len, " [", 2) : NULL;
	uint64_t size = 0;
	size_t plus;

	if (module && module > text) {
		site->module = intern_add(&names->texts, module + 2,
					  len - 1 - (size_t)(module + 2 - text));
		len = (size_t)(module - text);
	}
	if (parse_address(text, len, &site->offset))
		return;
	plus = find_offset(text, len);
	site->symbol = intern_add(&names->texts, text, plus);
	if (plus < len) {
		size_t at = plus + 3;

		at += parse_hex(text + at, len - at, &site->offset);
		if (len - at > 3 && memcmp(text + at, "/0x", 3) == 0)
			parse_hex(text + at + 3, len - at - 3, &size);
		if (size <= UINT32_MAX)
			site->size = (uint32_t)size;
	}
}

/*
 * "0xffffffff81234567", or the same without 0x as kernels before 5.4 print it. A symbol may consist
 * of hex digits alone, but never begins with a digit and is hardly as long as an address.
 */
static bool parse_address(const char *text, size_t len, uint64_t *ret)
{
	bool prefixed = len > 2 && text[0] == '0' && text[1] == 'x';
	uint64_t value;

	if (prefixed) {
		text += 2;
		len -= 2;
	}
	if (!len || len > 16 || parse_hex(text, len, &value) != len)
		return false;
	if (!prefixed && !(text[0] >= '0' && text[0] <= '9') && len != 8 && len != 16)
		return false;
	*ret = value;
	return true;
}

/* How many hex digits (at most 16) stand at "text"; their value, 0 when there is none. */
static size_t parse_hex(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len && i < 16; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (uint64_t)(c - 'A' + 10);
		else
			break;
	}
	*ret = value;
	return i;
}

/* Where the last "+0x" followed by a digit begins; "len" when there is none. */
static size_t find_offset(const char *text, size_t len)
{
	for (size_t i = len; i-- > 1;) {
		uint64_t value;

		if (text[i] == '+' && len - i > 3 && text[i + 1] == '0' && text[i + 2] == 'x' &&
		    parse_hex(text + i + 3, len - i - 3, &value))
			return i;
	}
	return len;
}

/*
 * (symbol, offset) in 64 bits. Bare addresses share the space: below 2^32 no symbol reaches, as its
 * id is at least 1, and kernel addresses lie where only ids of 2^31 and more would. What fits
 * nowhere (offsets or addresses that no kernel has) stays its own canon.
 */
static bool canon_key(const struct event_site *site, uint64_t *ret)
{
	uint32_t high = (uint32_t)(site->offset >> 32);

	if (site->symbol && (high || site->symbol > INT32_MAX))
		return false;
	if (!site->symbol && high && high <= INT32_MAX)
		return false;
	*ret = (uint64_t)site->symbol << 32 | site->offset;
	return *ret != U64MAP_NO_KEY;
}
