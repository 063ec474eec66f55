/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input for those who read it more than once: a file that has no name any more, opened
 * through its descriptor.
 */
#include <config.h>

#include "cli_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *spool_dir(void);
static bool copy_all(int from, int to);

bool cli_spool(struct cli *cli, const char *path)
{
	int fd;

	if (strcmp(path, "-") != 0 || cli->spooled[0])
		return true;
	fd = cli_spool_file(cli->spooled);
	if (fd >= 0 && copy_all(STDIN_FILENO, fd))
		return true;
	cli_error("cannot keep standard input in '%s': %s", spool_dir(), strerror(errno));
	return false;
}

int cli_spool_file(char path[32])
{
	char *name = xasprintf("%s/kmreplay.XXXXXX", spool_dir());
	const int fd = mkstemp(name);

	if (fd >= 0) {
		unlink(name);
		snprintf(path, 32, "/dev/fd/%d", fd);
	}
	free(name);
	return fd;
}

static const char *spool_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

static bool copy_all(int from, int to)
{
	static const size_t size = 1 << 20;
	char *buffer = xmalloc(size);
	ssize_t got, put = 0;

	while ((got = read(from, buffer, size)) > 0) {
		for (ssize_t done = 0; done < got; done += put) {
			put = write(to, buffer + done, (size_t)(got - done));
			if (put < 0)
				goto out;
		}
	}
out:
	free(buffer);
	return got == 0;
}
