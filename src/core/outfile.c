/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write beside, then rename: a reader never sees half a file, a full disk loses nothing old. */
#include <config.h>

#include "kmreplay/core/outfile.h"

#include "kmreplay/core/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(struct outfile *out);

bool outfile_open(struct outfile *out, const char *path, struct error *err)
{
	struct stat st;
	mode_t mask;
	int fd;

	memset(out, 0, sizeof(*out));
	if (!strcmp(path, "-")) {
		out->fp = stdout;
		return true;
	}
	/* A device or a pipe (/dev/null, a named pipe) cannot be renamed over. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		out->fp = fopen(path, "w");
		if (!out->fp)
			return error_set_errno(err, errno, "cannot open '%s'", path);
		out->path = xstrdup(path);
		return true;
	}
	out->path = xstrdup(path);
	out->temp = xasprintf("%s.XXXXXX", path);
	fd = mkstemp(out->temp);
	if (fd < 0) {
		error_set_errno(err, errno, "cannot write '%s'", path);
		release(out);
		return false;
	}
	mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0)
		fchmod(fd, 0600);
	out->fp = fdopen(fd, "w");
	BUG_ON(!out->fp);
	return true;
}

bool outfile_commit(struct outfile *out, struct error *err)
{
	const char *name = out->path ? out->path : "standard output";
	bool failed;

	/* A write that failed earlier has left its mark in the stream, but not its errno. */
	errno = EIO;
	failed = fflush(out->fp) != 0 || ferror(out->fp);
	if (failed)
		error_set_errno(err, errno, "cannot write '%s'", name);
	if (!out->path)
		return !failed;
	if (fclose(out->fp) != 0 && !failed) {
		error_set_errno(err, errno, "cannot write '%s'", name);
		failed = true;
	}
	out->fp = NULL;
	if (!failed && out->temp && rename(out->temp, out->path) < 0) {
		error_set_errno(err, errno, "cannot write '%s'", name);
		failed = true;
	}
	if (failed && out->temp)
		unlink(out->temp);
	release(out);
	return !failed;
}

void outfile_abort(struct outfile *out)
{
	if (out->path && out->fp)
		fclose(out->fp);
	if (out->temp)
		unlink(out->temp);
	release(out);
}

static void release(struct outfile *out)
{
	free(out->path);
	free(out->temp);
	memset(out, 0, sizeof(*out));
}
