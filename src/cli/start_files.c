/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the recorded machine, for the state at the start. */
#include <config.h>

#include "start_files.h"

#include "cli_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

/* What each directory is for: one of these has to be in it. */
enum {
	START_NEEDS = 1U << PROC_ZONEINFO | 1U << PROC_SLABINFO | 1U << PROC_VMALLOCINFO,
	BOOT_NEEDS = 1U << PROC_DMESG | 1U << PROC_IOMEM,
	/* What a later moment tells: which pages were in use, which slabs there were. */
	LATER_NEEDS = 1U << PROC_KPAGEFLAGS | 1U << PROC_SLABINFO,
	/* What is the same at any moment, so that it may stand once, above several snapshots. */
	LASTING = 1U << PROC_SYS_SLAB_STATIC | 1U << PROC_SYS_SLAB_ALIASES,
	LATER_WANTS = LATER_NEEDS | LASTING | 1U << PROC_SYS_SLAB | 1U << PROC_VMALLOCINFO,
};

static bool read_lasting(struct proc_snapshot *snap, const char *dir);
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
	free(files->later_dir);
}

bool start_files_read(struct start_files *files, const struct cli_options *options)
{
	files->has_start = options->start;
	files->start_dir = options->start;
	files->has_boot = options->boot;
	return (!options->start ||
		(read_one(&files->start, options->start, "start", START_NEEDS) &&
		 read_lasting(&files->start, options->start))) &&
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

const struct proc_snapshot *start_files_slabs(const struct start_files *files, const char **dir)
{
	if (files->has_start && proc_has(&files->start, PROC_SLABINFO)) {
		*dir = files->start_dir;
		return &files->start;
	}
	*dir = files->later_dir;
	return files->has_later && proc_has(&files->later, PROC_SLABINFO) ? &files->later : NULL;
}

static bool read_lasting(struct proc_snapshot *snap, const char *dir)
{
	CLEANUP(cleanup_free) char *above = xasprintf("%s/..", dir);
	struct error err;

	if (proc_snapshot_read_some(snap, above, LASTING & ~snap->files, &err))
		return true;
	cli_error("--start: %s", err.message);
	return false;
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
		files->has_later = files->later.files & LATER_NEEDS;
		if (files->has_later)
			files->later_dir = xstrdup(path);
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
