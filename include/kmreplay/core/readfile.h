/* SPDX-License-Identifier: GPL-2.0-or-later */
/** A small file as a whole. */
#ifndef KMREPLAY_CORE_READFILE_H
#define KMREPLAY_CORE_READFILE_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"

/**
 * Appends the file (-: standard input) to "text", at most "max" bytes and one more, by which who
 * asked sees that it is longer. False and "err": it cannot be opened or read.
 */
MUST_CHECK bool read_file(const char *path, size_t max, struct str *text, struct error *err);

#endif
