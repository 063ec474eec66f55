/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table behind command.h. */
#include <config.h>

#include "command.h"

#include <string.h>

static const struct command commands[] = {
#define X(suffix, name_, run_, operands_, least, most, summary_)                              \
	[CMD_##suffix] = { .name = (name_),                                                   \
			   .summary = (summary_),                                             \
			   .operands = (operands_),                                           \
			   .min_operands = (least),                                           \
			   .max_operands = (most),                                            \
			   .run = (run_) },
	CLI_COMMANDS(X)
#undef X
};

static_assert(CMD_NR <= 64, "a set of commands is a 64-bit mask");

const struct command *command_get(unsigned int id)
{
	BUG_ON(id >= CMD_NR);
	return &commands[id];
}

const struct command *command_find(const char *name)
{
	for (unsigned int i = 0; i < CMD_NR; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

const char *command_name(unsigned int i)
{
	return i < CMD_NR ? commands[i].name : NULL;
}

unsigned int command_id(const struct command *command)
{
	return (unsigned int)(command - commands);
}
