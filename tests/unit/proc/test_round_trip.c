/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of real kernels, read and printed again: the same bytes. Those in tests/snapshots, and all
 * of the recordings in KMREPLAY_TRACES when it is set.
 */
#include <config.h>

#include "snapshot_fixture.h"

#include "../../../src/proc/proc_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The file's own bytes, from disk; false when it is not there. */
static bool slurp(const char *dir, enum proc_file file, struct str *text)
{
	struct error err;
	char *path = xasprintf("%s/%s", dir, proc_file_name(file));
	char *packed = xasprintf("%s.gz", path);
	bool found = proc_read_text(access(path, R_OK) ? packed : path, text, &err);

	free(path);
	free(packed);
	return found;
}

/* Reads "dir" and compares what is printed with what stands there; how many files were. */
static unsigned int check_dir(const char *dir)
{
	struct proc_snapshot snap;
	struct error err = { "" };
	unsigned int nr = 0;

	proc_snapshot_init(&snap);
	ck_assert_msg(proc_snapshot_read(&snap, dir, &err), "%s", err.message);
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		struct str want, got;

		if (!proc_has(&snap, file) || !proc_file_writable(file))
			continue;
		str_init(&want);
		str_init(&got);
		ck_assert_msg(slurp(dir, file, &want), "%s/%s", dir, proc_file_name(file));
		proc_file_print(&snap, file, &got);
		ck_assert_msg(!strcmp(str_text(&want), str_text(&got)), "%s/%s differs", dir,
			      proc_file_name(file));
		str_deinit(&want);
		str_deinit(&got);
		nr++;
	}
	proc_snapshot_deinit(&snap);
	return nr;
}

START_TEST(fixtures_print_as_they_were_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixture_names); i++) {
		char *path = fixture_path(fixture_names[i]);

		ck_assert_uint_eq(check_dir(path), 11);
		free(path);
	}
}
END_TEST

START_TEST(recordings_print_as_they_were_read)
{
	static const char *const parts[] = { "", "/start", "/end" };
	const char *root = getenv("KMREPLAY_TRACES");
	unsigned int nr = 0;
	struct dirent *entry;
	DIR *dir;

	if (!root || !(dir = opendir(root))) {
		printf("# skipped: KMREPLAY_TRACES names no directory of recordings\n");
		return;
	}
	while ((entry = readdir(dir))) {
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
			char *path = xasprintf("%s/%s%s", root, entry->d_name, parts[i]);

			if (entry->d_name[0] != '.' && !access(path, X_OK))
				nr += check_dir(path);
			free(path);
		}
	}
	closedir(dir);
	printf("# %u files of recordings\n", nr);
}
END_TEST

UNIT_MAIN("round_trip", fixtures_print_as_they_were_read, recordings_print_as_they_were_read)
