/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The table of commands. Dispatch, help, completion and the man pages' frames come from it.
 *
 * To add a command: one row here, one file cmd_<name>.c with its function, one man page text
 * man/kmreplay-<name>.txt, and its bit in the rows of options.c that are for it.
 */
#ifndef KMREPLAY_CLI_COMMAND_H
#define KMREPLAY_CLI_COMMAND_H

#include "kmreplay/core/base.h"

struct cli;

enum { CLI_MANY = 1000000 };

/**
 * X(suffix, name, function, operands, least, most, summary): in the order of the help.
 * "operands" is what stands behind the options in a usage line; "least" and "most" say how many
 * there may be.
 */
#define CLI_COMMANDS(X)                                                                       \
	X(INFO, "info", cmd_info, "FILE...", 1, CLI_MANY,                                     \
	  "say what a recording holds and what it can drive")                                 \
	X(STAT, "stat", cmd_stat, "FILE", 1, 1,                                               \
	  "account allocations by call site, cache, size, order, GFP flags, task or owner")   \
	X(CONVERT, "convert", cmd_convert, "FILE", 1, 1,                                      \
	  "rewrite a recording as normalised ftrace text or JSON lines")                      \
	X(REPLAY, "replay", cmd_replay, "FILE", 1, 1,                                         \
	  "replay a recording on a simulated machine and report what became of it")           \
	X(COMPARE, "compare", cmd_compare, "FILE", 1, 1,                                      \
	  "replay a recording on several machines and report how they differ")                \
	X(REPORT, "report", cmd_report, "FILE", 1, 1,                                         \
	  "make a page with pictures of a replay, or of several beside each other")           \
	X(VERIFY, "verify", cmd_verify, "FILE", 1, 1,                                         \
	  "measure how far the simulated allocators are from what the kernel did")            \
	X(FAILURES, "failures", cmd_failures, "FILE", 1, 1,                                   \
	  "explain requests that failed: why, and which pages of whom stood in the way")      \
	X(GFP, "gfp", cmd_gfp, "[MASK...]", 0, CLI_MANY,                                      \
	  "explain GFP masks: what they permit, which memory they get, how they fail")        \
	X(RUN, "run", cmd_run, "[FILE]", 0, 1,                                                  \
	  "run a scenario: calls for memory by the kernel's names, and what is expected of them") \
	X(CONFIG, "config", cmd_config, "[FILE...]", 0, CLI_MANY,                             \
	  "print, check and explain configurations of machines")                              \
	X(COMPLETION, "completion", cmd_completion, "SHELL", 1, 1,                            \
	  "print the completion script for bash or zsh")                                      \
	X(HELP, "help", cmd_help, "[COMMAND]", 0, 1, "explain a command")

enum cli_command {
#define X(suffix, ...) CMD_##suffix,
	CLI_COMMANDS(X)
#undef X
	CMD_NR,
};

#define CMD_BIT(suffix) (1ULL << CMD_##suffix)
#define CMD_BITS_ALL UINT64_MAX
/** Commands that can leave events out. */
#define CMD_BITS_FILTERS (CMD_BIT(INFO) | CMD_BIT(STAT) | CMD_BIT(CONVERT))
/** Commands that read recordings: they share the options about input and output. */
#define CMD_BITS_READERS                                                                      \
	(CMD_BITS_FILTERS | CMD_BITS_REPLAYS | CMD_BIT(VERIFY) | CMD_BIT(FAILURES))
/** Commands that replay. */
#define CMD_BITS_REPLAYS (CMD_BIT(REPLAY) | CMD_BITS_SIDES)
/** Of them those that may do so on several machines. */
#define CMD_BITS_SIDES (CMD_BIT(COMPARE) | CMD_BIT(REPORT))
/** Commands that have a machine: they share the options about its configuration. */
#define CMD_BITS_MACHINES                                                                     \
	(CMD_BITS_REPLAYS | CMD_BIT(VERIFY) | CMD_BIT(FAILURES) | CMD_BIT(CONFIG) |           \
	 CMD_BIT(GFP) | CMD_BIT(RUN))
/** Commands that print a report. */
#define CMD_BITS_REPORTS                                                                      \
	(CMD_BIT(INFO) | CMD_BIT(STAT) | CMD_BITS_REPLAYS | CMD_BIT(VERIFY) |                 \
	 CMD_BIT(FAILURES) | CMD_BIT(GFP))

struct command {
	const char *name;
	const char *summary;
	const char *operands;
	unsigned int min_operands, max_operands;
	/** Does the work; returns the exit status, enum cli_exit. */
	int (*run)(struct cli *cli);
};

/** Row "id", < CMD_NR. */
const struct command *command_get(unsigned int id);
/** The command called "name", or NULL. */
const struct command *command_find(const char *name);
/** For suggestions: the name of row "i", NULL after the last. */
const char *command_name(unsigned int i);
/** The number of a row. */
unsigned int command_id(const struct command *command);

#define X(suffix, name, run, ...) int run(struct cli *cli);
CLI_COMMANDS(X)
#undef X

#endif
