/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Numbers as people write them, and sizes written so that they read back as the same number.
 */
#ifndef KMREPLAY_CORE_PARSE_H
#define KMREPLAY_CORE_PARSE_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/str.h"

/**
 * The end of the number (decimal or 0x...) at the start of "text"; NULL when there is none or it
 * has more than 64 bits.
 */
const char *parse_u64(const char *text, uint64_t *ret);
/**
 * The same for bytes with a binary prefix behind them: 4096, 4K, 512MiB, 0x10G. "*too_large" tells
 * why it is NULL: only for want of bits.
 */
const char *parse_size(const char *text, uint64_t *ret, bool *too_large);
/** Appends "bytes" with the largest prefix that divides it: "64M", "1536K", "4097". */
void parse_add_size(struct str *out, uint64_t bytes);

#endif
