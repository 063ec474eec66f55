/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Where the text comes from that `kmreplay run` runs: a file, or a lesson of the program's own. */
#ifndef KMREPLAY_CLI_RUN_SOURCE_H
#define KMREPLAY_CLI_RUN_SOURCE_H

#include "kmreplay/core/str.h"

struct cli;

/**
 * Appends the text that the command line asks for to "text"; "*name", what messages call it, is
 * the command line's or static. False: the message is printed, "*status" is what to end with;
 * "text" is empty.
 */
MUST_CHECK bool run_source(struct cli *cli, const char **name, struct str *text, int *status);
/** Writes "text" to the output and gives it up; the exit status. */
int run_print_text(struct cli *cli, struct str *text);
/** Writes the names of all lessons with what they are about; the exit status. */
int run_list_lessons(struct cli *cli);

/** Appends the text of the file (-: standard input) to "text"; false: the message is printed. */
MUST_CHECK bool run_read_file(const char *path, struct str *text);

#endif
