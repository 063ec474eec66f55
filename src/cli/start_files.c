/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the recorded machine, for the state at the start. */
#include <config.h>

#include "start_files.h"

#include "cli_internal.h"

/* What each directory is for: one of these has to be in it. */
enum {
	START_NEEDS = 1U << PROC_ZONEINFO | 1U << PROC_SLABINFO | 1U << PROC_VMALLOCINFO,
	BOOT_NEEDS = 1U << PROC_DMESG | 1U << PROC_IOMEM,
	LATER_WANTS = 1U << PROC_KPAGEFLAGS,
};

static bool read_later(struct start_files *files, const char *dir);
static bool read_one(struct proc_snapshot *snap, const char *dir, const char *option,
		     unsigned int needs);

void start_files_init(struct start_files *files)
{
	*files = (struct start_files){ .has_start = false };
	proc_snapshot_init(&files->start);
	proc_snapshot_init(&files->boot);
	proc_snapshot_init(&files->later);
}

void start_files_deinit(struct start_files *files)
{
	proc_snapshot_deinit(&files->start);
	proc_snapshot_deinit(&files->boot);
	proc_snapshot_deinit(&files->later);
}

bool start_files_read(struct start_files *files, const struct cli_options *options)
{
	files->has_start = options->start;
	files->has_boot = options->boot;
	return (!options->start ||
		read_one(&files->start, options->start, "start", START_NEEDS)) &&
	       (!options->boot || (read_one(&files->boot, options->boot, "boot", BOOT_NEEDS) &&
				   read_later(files, options->boot)));
}

const struct proc_snapshot *start_files_start(const struct start_files *files)
{
	return files->has_start ? &files->start : NULL;
}

const struct proc_snapshot *start_files_boot(const struct start_files *files)
{
	return files->has_boot ? &files->boot : NULL;
}

const struct proc_snapshot *start_files_later(const struct start_files *files)
{
	return files->has_later ? &files->later : NULL;
}

/* The earliest is the best: the fewest pages have changed by ways that have no events. */
static bool read_later(struct start_files *files, const char *dir)
{
	static const char *const below[] = { "", "/start", "/end" };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(below) && !files->has_later; i++) {
		CLEANUP(cleanup_free) char *path = xasprintf("%s%s", dir, below[i]);

		if (!proc_snapshot_read_some(&files->later, path, LATER_WANTS, &err)) {
			cli_error("--boot: %s", err.message);
			return false;
		}
		files->has_later = files->later.files;
	}
	return true;
}

static bool read_one(struct proc_snapshot *snap, const char *dir, const char *option,
		     unsigned int needs)
{
	struct error err;
	struct str names;

	if (!proc_snapshot_read(snap, dir, &err)) {
		cli_error("--%s: %s", option, err.message);
		return false;
	}
	if (snap->files & needs)
		return true;
	str_init(&names);
	for (unsigned int file = 0; file < PROC_FILE_NR; file++) {
		if (needs & 1U << file)
			str_addf(&names, "%s%s", names.len ? ", " : "",
				 proc_file_name((enum proc_file)file));
	}
	cli_error("--%s: '%s' has none of %s", option, dir, str_text(&names));
	str_deinit(&names);
	return false;
}
