/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small file as a whole: for texts that people write. */
#include <config.h>

#include "kmreplay/core/readfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool read_file(const char *path, size_t max, struct str *text, struct error *err)
{
	const bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	FILE *fp = is_stdin ? stdin : fopen(path, "re");
	const size_t end = text->len + max + 1;
	char buf[4096];
	size_t nr;
	bool ok;

	if (!fp)
		return error_set_errno(err, errno, "cannot open '%.300s'", name);
	errno = 0;
	while (text->len < end && (nr = fread(buf, 1, MIN(sizeof(buf), end - text->len), fp)))
		str_add_mem(text, buf, nr);
	ok = !ferror(fp);
	if (!ok)
		error_set_errno(err, errno, "cannot read '%.300s'", name);
	if (!is_stdin)
		fclose(fp);
	return ok;
}
