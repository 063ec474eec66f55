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

static bool copy_all(int from, int to);

bool cli_spool(struct cli *cli, const char *path)
{
	const char *dir = getenv("TMPDIR");
	char *name;
	bool ok;
	int fd;

	if (strcmp(path, "-") != 0 || cli->spooled[0])
		return true;
	name = xasprintf("%s/kmreplay.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(name);
	ok = fd >= 0;
	if (ok) {
		unlink(name);
		snprintf(cli->spooled, sizeof(cli->spooled), "/dev/fd/%d", fd);
		ok = copy_all(STDIN_FILENO, fd);
	}
	if (!ok)
		cli_error("cannot keep standard input in '%s': %s", name, strerror(errno));
	free(name);
	return ok;
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
