/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people read them. */
#include <config.h>

#include "kmreplay/core/fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *three_digits(char *buf, double value, const char *unit);

const char *fmt_size(char buf[static FMT_BUF], uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, FMT_BUF, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (; value >= 999.5 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	return three_digits(buf, value, units[unit]);
}

const char *fmt_count(char buf[static FMT_BUF], uint64_t nr)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, nr);
	char *at = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return buf;
}

const char *fmt_scount(char buf[static FMT_BUF], int64_t nr)
{
	if (nr >= 0)
		return fmt_count(buf, (uint64_t)nr);
	fmt_count(buf, 0 - (uint64_t)nr);
	memmove(buf + 1, buf, strlen(buf) + 1);
	buf[0] = '-';
	return buf;
}

const char *fmt_ns(char buf[static FMT_BUF], uint64_t ns)
{
	if (ns < 1000)
		snprintf(buf, FMT_BUF, "%" PRIu64 " ns", ns);
	else if (ns < 999500)
		three_digits(buf, (double)ns / 1e3, "us");
	else if (ns < 999500000)
		three_digits(buf, (double)ns / 1e6, "ms");
	else
		three_digits(buf, (double)ns / 1e9, "s");
	return buf;
}

const char *fmt_time(char buf[static FMT_BUF], uint64_t ns)
{
	uint64_t us = ns / 1000 + (ns % 1000 >= 500);

	snprintf(buf, FMT_BUF, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	return buf;
}

const char *fmt_percent(char buf[static FMT_BUF], uint64_t part, uint64_t whole)
{
	if (whole)
		snprintf(buf, FMT_BUF, "%.1f %%", 100.0 * (double)part / (double)whole);
	else
		strcpy(buf, "-");
	return buf;
}

static const char *three_digits(char *buf, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(buf, FMT_BUF, "%.*f %s", decimals, value, unit);
	return buf;
}
