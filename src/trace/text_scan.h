/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Scanning numbers and tokens of text, eight bytes at a time where that pays.
 *
 * The functions here do not check for the end of the buffer: every line they see ends with '\n',
 * which no number, literal or token contains, and INPUT_SLACK bytes behind the last line may be
 * read. So whatever matched lies within the line.
 */
#ifndef KMREPLAY_TRACE_TEXT_SCAN_H
#define KMREPLAY_TRACE_TEXT_SCAN_H

#include "kmreplay/core/base.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are taken as little endian words");

/** Does "literal" stand at "at"? */
#define SCAN_IS(at, literal) (memcmp((at), (literal), sizeof(literal) - 1) == 0)
/** The literal's length. */
#define SCAN_LEN(literal) (sizeof(literal) - 1)

static ALWAYS_INLINE uint64_t scan_load8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/** Where the token ends: at the first blank, newline or other control character. */
static ALWAYS_INLINE const char *scan_token_end(const char *at)
{
#ifdef __SSE2__
	const __m128i blank = _mm_set1_epi8(' ');

	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		/* min(byte, ' ') == byte: the bytes up to a blank */
		__m128i ends = _mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes);
		unsigned int mask = (unsigned int)_mm_movemask_epi8(ends);

		if (mask)
			return at + __builtin_ctz(mask);
	}
#else
	while ((unsigned char)*at > ' ')
		at++;
	return at;
#endif
}

static ALWAYS_INLINE const char *scan_blanks(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/** Eight lower case hex digits to their value; false when one of them is none. */
static ALWAYS_INLINE bool scan_hex8(const char *at, uint64_t *ret)
{
	const uint64_t ones = 0x0101010101010101ULL;
	uint64_t chars = scan_load8(at);
	uint64_t nibbles = (chars & (ones * 0x0f)) + 9 * ((chars >> 6) & ones);
	uint64_t letters = ((nibbles + ones * 6) >> 4) & ones;
	uint64_t value;

	if (nibbles + ones * '0' + letters * ('a' - '0' - 10) != chars)
		return false;
	value = __builtin_bswap64(nibbles);
	value = (value | value >> 4) & 0x00ff00ff00ff00ffULL;
	value = (value | value >> 8) & 0x0000ffff0000ffffULL;
	*ret = (value | value >> 16) & 0xffffffffULL;
	return true;
}

/** Sixteen of them: a pointer as the kernel prints it. */
static ALWAYS_INLINE bool scan_hex16(const char *at, uint64_t *ret)
{
	uint64_t high, low;

	if (!scan_hex8(at, &high) || !scan_hex8(at + 8, &low))
		return false;
	*ret = high << 32 | low;
	return true;
}

/** The value of one hex digit, or more than 15. */
static ALWAYS_INLINE unsigned int scan_digit(char c)
{
	unsigned int digit = (unsigned char)c - (unsigned int)'0';
	unsigned int letter = ((unsigned char)c | 0x20U) - (unsigned int)'a';

	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/** One to sixteen hex digits; where they end, or NULL when there is none or one too many. */
static ALWAYS_INLINE const char *scan_hex(const char *at, uint64_t *ret)
{
	const char *start = at;
	uint64_t value = 0;
	unsigned int digit;

	while ((digit = scan_digit(*at)) < 16) {
		value = value << 4 | digit;
		at++;
	}
	*ret = value;
	return at > start && at - start <= 16 ? at : NULL;
}

/** Decimal digits that fit 64 bits; where they end, or NULL. */
static ALWAYS_INLINE const char *scan_dec(const char *at, uint64_t *ret)
{
	const char *start = at;
	uint64_t value = 0;
	unsigned int digit;

	while ((digit = (unsigned char)*at - (unsigned int)'0') < 10) {
		value = value * 10 + digit;
		at++;
	}
	*ret = value;
	if (likely(at > start && at - start < 20))
		return at;
	/* 20 digits: up to 18446744073709551615. */
	if (at - start != 20 || memcmp(start, "18446744073709551615", 20) > 0)
		return NULL;
	return at;
}

/** Eight digits in a word, first one lowest; false when one is none. */
static ALWAYS_INLINE bool scan_dec8_word(uint64_t chars, uint64_t *ret)
{
	const uint64_t ones = 0x0101010101010101ULL;
	uint64_t value;

	if ((chars & (ones * 0xf0)) != ones * 0x30 ||
	    ((chars + ones * 6) & (ones * 0xf0)) != ones * 0x30)
		return false;
	value = ((chars & (ones * 0x0f)) * 2561) >> 8;
	value = ((value & 0x00ff00ff00ff00ffULL) * 6553601) >> 16;
	*ret = ((value & 0x0000ffff0000ffffULL) * 42949672960001ULL) >> 32;
	return true;
}

/** Six digits of microseconds. */
static ALWAYS_INLINE bool scan_dec6(const char *at, uint64_t *ret)
{
	return scan_dec8_word(scan_load8(at) << 16 | 0x3030, ret);
}

#endif
