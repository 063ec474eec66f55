/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help texts, all of them made from the tables of commands and options. */
#include <config.h>

#include "cli_internal.h"
#include "command.h"

#include <string.h>

enum { WIDTH = 80, LEFT = 26 };

static void print_program(FILE *fp);
static void print_command(FILE *fp, const struct command *command);
static void print_options(FILE *fp, const struct command *command);
static void print_option(FILE *fp, const struct cli_option *o);
static void print_wrapped(FILE *fp, const char *text, size_t indent, size_t at);

int cmd_help(struct cli *cli)
{
	const struct command *command = NULL;

	if (cli->args.operands.nr) {
		const char *name = cli->args.operands.items[0];
		const char *near = suggest_nearest(name, command_name);

		command = command_find(name);
		if (!command) {
			cli_error("unknown command '%.60s'%s%s%s", name,
				  near ? ": did you mean '" : "", near ? near : "",
				  near ? "'?" : "");
			return EXIT_USAGE;
		}
	}
	cli->out.fp = stdout;
	help_print(stdout, command);
	return cli_output_commit(cli, EXIT_OK);
}

void help_print(FILE *fp, const struct command *command)
{
	if (command)
		print_command(fp, command);
	else
		print_program(fp);
}

void help_print_version(FILE *fp)
{
	fprintf(fp, "kmreplay %s\n", PACKAGE_VERSION);
	fputs("Licence GPL-2.0-or-later; there is no warranty.\n", fp);
}

static void print_program(FILE *fp)
{
	const char *name;

	fputs("usage: kmreplay COMMAND [OPTION...] [FILE...]\n\n", fp);
	print_wrapped(fp,
		      "Replays and analyses recordings of what a Linux kernel's memory allocators "
		      "were asked to do (ftrace kmem, vmalloc and percpu events).",
		      0, 0);
	fputs("\nCommands:\n", fp);
	for (unsigned int i = 0; i < CMD_NR; i++) {
		const struct command *command = command_get(i);

		fprintf(fp, "  %-12s", command->name);
		print_wrapped(fp, command->summary, 14, 14);
	}
	fputs("\nOptions:\n", fp);
	print_options(fp, NULL);
	fputs("\nFormats read (a FILE of - is standard input; .gz and .zst are unpacked):\n", fp);
	for (unsigned int i = 0; (name = trace_format_name(i)); i++) {
		fprintf(fp, "  %-12s", name);
		print_wrapped(fp, trace_format_summary(i), 14, 14);
	}
	fputs("\nExit status:\n", fp);
#define X(suffix, status, meaning) fprintf(fp, "  %-4d%s\n", status, meaning);
	CLI_EXITS(X)
#undef X
	fputs("\n'kmreplay help COMMAND' explains a command.\n", fp);
}

static void print_command(FILE *fp, const struct command *command)
{
	fprintf(fp, "usage: kmreplay %s [OPTION...] %s\n\n", command->name, command->operands);
	fprintf(fp, "%c", command->summary[0] & ~32);
	print_wrapped(fp, command->summary + 1, 0, 1);
	fputs("\nOptions:\n", fp);
	print_options(fp, command);
}

static void print_options(FILE *fp, const struct command *command)
{
	const struct cli_option *o;

	for (unsigned int i = 0; (o = option_get(i)); i++)
		if (option_is_for(o, command))
			print_option(fp, o);
}

static void print_option(FILE *fp, const struct cli_option *o)
{
	struct str left, right;
	const char *name;

	str_init(&left);
	str_init(&right);
	if (o->letter)
		str_addf(&left, "  -%c, --%s", o->letter, o->name);
	else
		str_addf(&left, "      --%s", o->name);
	if (o->metavar)
		str_addf(&left, "%s=%s%s", o->bare ? "[" : "", o->metavar,
			 o->bare ? "]" : "");
	str_add(&right, o->help);
	if (o->choice) {
		str_add(&right, ":");
		for (unsigned int i = 0; (name = o->choice(i)); i++)
			str_addf(&right, "%s %s", i ? "," : "", name);
	}
	if (o->def)
		str_addf(&right, " [%s]", o->def);
	fputs(str_text(&left), fp);
	if (left.len + 2 > LEFT)
		fprintf(fp, "\n%*s", LEFT, "");
	else
		fprintf(fp, "%*s", (int)(LEFT - left.len), "");
	print_wrapped(fp, str_text(&right), LEFT, LEFT);
	str_deinit(&left);
	str_deinit(&right);
}

/** Prints "text" from column "at" on, further lines from column "indent"; ends the line. */
static void print_wrapped(FILE *fp, const char *text, size_t indent, size_t at)
{
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (!first && at + 1 + len > WIDTH) {
			fprintf(fp, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			fputc(' ', fp);
			at++;
		}
		first = false;
		fwrite(text, 1, len, fp);
		at += len;
		text += len + (text[len] == ' ');
	}
	fputc('\n', fp);
}
