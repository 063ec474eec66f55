/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and sizes from text. */
#include <config.h>

#include "kmreplay/core/parse.h"

#include <ctype.h>
#include <string.h>

static const char prefixes[] = "KMGTP";

static unsigned int digit_of(char c);

const char *parse_u64(const char *text, uint64_t *ret)
{
	unsigned int base = text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
	const char *start = base == 16 ? text + 2 : text, *at = start;
	uint64_t nr = 0;

	for (; digit_of(*at) < base; at++)
		if (__builtin_mul_overflow(nr, base, &nr) ||
		    __builtin_add_overflow(nr, digit_of(*at), &nr))
			return NULL;
	*ret = nr;
	return at > start ? at : NULL;
}

const char *parse_size(const char *text, uint64_t *ret, bool *too_large)
{
	const char *end = parse_u64(text, ret);
	const char *prefix;

	*too_large = false;
	prefix = end && *end ? strchr(prefixes, toupper((unsigned char)*end)) : NULL;
	if (!prefix)
		return end;
	end++;
	end += !strncmp(end, "iB", 2) ? 2 : *end == 'B';
	for (const char *p = prefixes; p <= prefix; p++)
		*too_large |= __builtin_mul_overflow(*ret, 1024U, ret);
	return *too_large ? NULL : end;
}

void parse_add_size(struct str *out, uint64_t bytes)
{
	const char *prefix = prefixes;

	if (!bytes || bytes % 1024) {
		str_addf(out, "%llu", (unsigned long long)bytes);
		return;
	}
	for (bytes /= 1024; bytes % 1024 == 0 && prefix[1]; bytes /= 1024)
		prefix++;
	str_addf(out, "%llu%c", (unsigned long long)bytes, *prefix);
}

/* Its value in base 16; more than that: none. */
static unsigned int digit_of(char c)
{
	if (!isxdigit((unsigned char)c))
		return 99;
	return isdigit((unsigned char)c) ? (unsigned int)(c - '0') :
					   (unsigned int)((c | 32) - 'a') + 10;
}
