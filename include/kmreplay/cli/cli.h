/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The command line: everything between main() and the rooms that do the work.
 */
#ifndef KMREPLAY_CLI_CLI_H
#define KMREPLAY_CLI_CLI_H

#include "kmreplay/core/base.h"

/** Runs the command that "argv" names; returns the exit status (see `kmreplay help`). */
MUST_CHECK int cli_main(int argc, char **argv);

#endif
