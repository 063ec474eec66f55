/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What tests of this room share: the snapshots in tests/snapshots, and text into a snapshot.
 */
#ifndef KMREPLAY_TESTS_PROC_SNAPSHOT_FIXTURE_H
#define KMREPLAY_TESTS_PROC_SNAPSHOT_FIXTURE_H

#include "kmreplay/core/xalloc.h"
#include "kmreplay/proc/snapshot.h"
#include "unit/unit.h"

static const char *const fixture_names[] = { "linux-6.1", "linux-6.1-i386", "linux-6.12",
					     "linux-7.2" };

/** tests/snapshots/NAME; the caller's. */
static inline char *fixture_path(const char *name)
{
	const char *top = getenv("top_srcdir");

	return xasprintf("%s/tests/snapshots/%s", top ? top : ".", name);
}

static inline void fixture_read(struct proc_snapshot *snap, const char *name)
{
	char *path = fixture_path(name);
	struct error err = { "" };

	proc_snapshot_init(snap);
	ck_assert_msg(proc_snapshot_read(snap, path, &err), "%s", err.message);
	free(path);
}

/** Parses "text" as "file"; what the reader says of it is in "err". */
static inline bool fixture_parse(struct proc_snapshot *snap, enum proc_file file,
				 const char *text, struct error *err)
{
	struct str data;
	bool ok;

	err->message[0] = '\0';
	str_init(&data);
	str_add(&data, text);
	ok = proc_snapshot_parse(snap, file, &data, "file", err);
	str_deinit(&data);
	return ok;
}

#endif
