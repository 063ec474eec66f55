/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Output that is whole or absent: written to a temporary file beside the target and renamed over
 * it at the end. "-" is stdout.
 */
#ifndef KMREPLAY_CORE_OUTFILE_H
#define KMREPLAY_CORE_OUTFILE_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"

#include <stdio.h>

struct outfile {
	FILE *fp;   /**< where to print */
	char *path; /**< NULL for stdout */
	char *temp; /**< NULL for stdout */
};

/** Opens "path" ("-": stdout) for writing. */
MUST_CHECK bool outfile_open(struct outfile *out, const char *path, struct error *err);
/** Flushes, closes and renames; on failure (disk full, ...) the target is untouched. */
MUST_CHECK bool outfile_commit(struct outfile *out, struct error *err);
/** Gives up: the temporary file goes, the target stays as it was. No-op after a commit. */
void outfile_abort(struct outfile *out);

#endif
