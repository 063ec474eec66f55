/* SPDX-License-Identifier: GPL-2.0-or-later */
/** The directories that --start and --boot name. */
#ifndef KMREPLAY_CLI_START_FILES_H
#define KMREPLAY_CLI_START_FILES_H

#include "option.h"

#include "kmreplay/proc/snapshot.h"

struct start_files {
	struct proc_snapshot start, boot;
	struct proc_snapshot later; /**< in or below the directory of "boot" */
	bool has_start, has_boot, has_later;
	const char *start_dir;      /**< the option's */
	char *later_dir;            /**< of "later"; NULL: there is none */
};

void start_files_init(struct start_files *files);
void start_files_deinit(struct start_files *files);
/** Reads what "options" name; false: the message is printed, the status is EXIT_INPUT. */
MUST_CHECK bool start_files_read(struct start_files *files, const struct cli_options *options);
/** What was read; NULL: it was not asked for. */
const struct proc_snapshot *start_files_start(const struct start_files *files);
const struct proc_snapshot *start_files_boot(const struct start_files *files);
/** Files of a moment while the recording went on that --boot's directory has. */
const struct proc_snapshot *start_files_later(const struct start_files *files);
/**
 * Those that tell of slabs, of the start or else of later, and in "*dir" where they lie; NULL:
 * none.
 */
const struct proc_snapshot *start_files_slabs(const struct start_files *files, const char **dir);

#endif
