/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Numbers as people read them. Every function writes into the caller's "buf" and returns it.
 */
#ifndef KMREPLAY_CORE_FMT_H
#define KMREPLAY_CORE_FMT_H

#include "kmreplay/core/base.h"

#define FMT_BUF 40

/** Bytes with binary prefixes and three digits: "512 B", "4.00 KiB", "1.25 GiB". */
const char *fmt_size(char buf[static FMT_BUF], uint64_t bytes);
/** A count with commas between thousands: "1,234,567". */
const char *fmt_count(char buf[static FMT_BUF], uint64_t nr);
/** The same for signed numbers. */
const char *fmt_scount(char buf[static FMT_BUF], int64_t nr);
/** Nanoseconds in the unit that fits: "850 ns", "12.5 us", "3.20 ms", "1.75 s". */
const char *fmt_ns(char buf[static FMT_BUF], uint64_t ns);
/** A trace time as seconds.microseconds: "12.345678". */
const char *fmt_time(char buf[static FMT_BUF], uint64_t ns);
/** "part" of "whole" in percent with one digit: "12.5 %"; "-" when whole is 0. */
const char *fmt_percent(char buf[static FMT_BUF], uint64_t part, uint64_t whole);

#endif
