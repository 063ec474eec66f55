/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay replay --proc DIR`: the simulated machine at --at or at the end, as the kernel's files.
 * Every function takes NULL for files that nobody asked for.
 */
#ifndef KMREPLAY_CLI_REPLAY_PROC_H
#define KMREPLAY_CLI_REPLAY_PROC_H

#include "replay_job.h"

struct replay_proc;

/**
 * Makes the directory that --proc names ("*ret" is NULL without it). EXIT_OK, or else the message
 * is printed.
 */
MUST_CHECK int replay_proc_open(struct cli *cli, struct replay_proc **ret);
/** Follows the only side of "job", whose machine is there and has not replayed anything. */
void replay_proc_attach(struct replay_proc *proc, struct replay_job *job);
/** Says what could not be written; "status", or EXIT_OUTPUT. The engine need not be there. */
MUST_CHECK int replay_proc_close(struct replay_proc *proc, int status);

#endif
