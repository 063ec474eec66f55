/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay completion SHELL`: a completion script made from the tables.
 */
#include <config.h>

#include "cli_internal.h"
#include "command.h"

#include "kmreplay/abi/gfp_history.h"

#include <string.h>

static const char *shell_name(unsigned int i);
static void print_bash(FILE *fp);
static void print_bash_words(FILE *fp, const struct command *command);
static void print_bash_values(FILE *fp);
static void print_zsh(FILE *fp);
static void print_zsh_option(FILE *fp, const struct cli_option *o);
static void print_zsh_flags(FILE *fp);
static void print_zsh_quoted(FILE *fp, const char *text);
static void print_choices(FILE *fp, const struct cli_option *o);
static void print_beginnings(FILE *fp, const struct cli_option *o);
static void print_points(FILE *fp, const char *colon);
static bool takes_files(const struct command *command);
static bool takes_file(const struct cli_option *o);

int cmd_completion(struct cli *cli)
{
	const char *shell = cli->args.operands.items[0];
	const char *near = suggest_nearest(shell, shell_name);

	cli->out.fp = stdout;
	if (!strcmp(shell, "bash")) {
		print_bash(stdout);
	} else if (!strcmp(shell, "zsh")) {
		print_zsh(stdout);
	} else {
		cli_error("no completion for '%.60s', only for bash and zsh%s%s%s", shell,
			  near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
		return EXIT_USAGE;
	}
	return cli_output_commit(cli, EXIT_OK);
}

static const char *shell_name(unsigned int i)
{
	static const char *const names[] = { "bash", "zsh" };

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

static void print_bash(FILE *fp)
{
	fputs("# bash completion for kmreplay; made by 'kmreplay completion bash'\n"
	      "_kmreplay() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command= words= i\n"
	      "\tCOMPREPLY=()\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\t# '=' is a word of its own for bash\n"
	      "\tif [[ $cur == = ]]; then cur=\n"
	      "\telif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tcase $prev in\n",
	      fp);
	print_bash_values(fp);
	fputs("\tesac\n"
	      "\tcase $command in\n",
	      fp);
	for (unsigned int i = 0; i < CMD_NR; i++)
		print_bash_words(fp, command_get(i));
	fputs("\t*)\n\t\twords='", fp);
	for (unsigned int i = 0; i < CMD_NR; i++)
		fprintf(fp, "%s ", command_get(i)->name);
	fputs("--help --version' ;;\n"
	      "\tesac\n"
	      "\tif [[ $cur == -* || -z $command || $command == help || "
	      "$command == completion || $command == gfp ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\telse\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\tfi\n"
	      "}\n"
	      "complete -F _kmreplay kmreplay\n",
	      fp);
}

static void print_bash_values(FILE *fp)
{
	const struct cli_option *o;

	for (unsigned int i = 0; (o = option_get(i)); i++) {
		if (o->arg == ARG_NONE)
			continue;
		fprintf(fp, "\t--%s", o->name);
		if (o->letter)
			fprintf(fp, "|-%c", o->letter);
		fputs(")\n\t\t", fp);
		if (o->choice) {
			fputs("COMPREPLY=($(compgen -W '", fp);
			print_choices(fp, o);
			fputs("' -- \"$cur\"));", fp);
		} else if (o->begins) {
			fputs("compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -S = -W '",
			      fp);
			print_beginnings(fp, o);
			fputs("' -- \"$cur\"));", fp);
		} else if (o->arg == ARG_WHEN) {
			fputs("compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W '", fp);
			print_points(fp, ":");
			fputs("' -- \"$cur\"));", fp);
		} else if (takes_file(o)) {
			fputs("compopt -o filenames 2>/dev/null; "
			      "COMPREPLY=($(compgen -f -- \"$cur\"));",
			      fp);
		}
		fputs(" return ;;\n", fp);
	}
}

static void print_bash_words(FILE *fp, const struct command *command)
{
	const struct cli_option *o;

	fprintf(fp, "\t%s)\n\t\twords='", command->name);
	for (unsigned int i = 0; (o = option_get(i)); i++)
		if (option_is_for(o, command))
			fprintf(fp, "--%s ", o->name);
	for (unsigned int i = 0; command_id(command) == CMD_HELP && i < CMD_NR; i++)
		fprintf(fp, "%s ", command_get(i)->name);
	for (unsigned int i = 0; command_id(command) == CMD_COMPLETION && shell_name(i); i++)
		fprintf(fp, "%s ", shell_name(i));
	for (unsigned int i = 0; command_id(command) == CMD_GFP && gfp_word_name(i); i++)
		fprintf(fp, "%s ", gfp_word_name(i));
	fputs("' ;;\n", fp);
}

static void print_zsh(FILE *fp)
{
	fputs("#compdef kmreplay\n"
	      "# zsh completion for kmreplay; made by 'kmreplay completion zsh'\n"
	      "_kmreplay() {\n"
	      "\tlocal -a commands\n"
	      "\tcommands=(\n",
	      fp);
	for (unsigned int i = 0; i < CMD_NR; i++) {
		fprintf(fp, "\t\t'%s:", command_get(i)->name);
		print_zsh_quoted(fp, command_get(i)->summary);
		fputs("'\n", fp);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tshift words; (( CURRENT-- ))\n"
	      "\tcase $words[1] in\n",
	      fp);
	for (unsigned int i = 0; i < CMD_NR; i++) {
		const struct command *command = command_get(i);
		const struct cli_option *o;

		fprintf(fp, "\t%s)\n\t\t_arguments -s \\\n", command->name);
		for (unsigned int k = 0; (o = option_get(k)); k++)
			if (option_is_for(o, command))
				print_zsh_option(fp, o);
		if (takes_files(command))
			fputs("\t\t\t'*:file:_files' ;;\n", fp);
		else if (i == CMD_HELP)
			fputs("\t\t\t'1:command:{_describe command commands}' ;;\n", fp);
		else if (i == CMD_GFP)
			print_zsh_flags(fp);
		else
			fputs("\t\t\t'1:shell:(bash zsh)' ;;\n", fp);
	}
	fputs("\tesac\n"
	      "}\n"
	      "_kmreplay \"$@\"\n",
	      fp);
}

/** One line for _arguments: '(-f --format)'{-f+,--format=}'[form of the report]:FORMAT:(a b)'. */
static void print_zsh_flags(FILE *fp)
{
	fputs("\t\t\t'*:mask:(", fp);
	for (unsigned int i = 0; gfp_word_name(i); i++)
		fprintf(fp, "%s%s", i ? " " : "", gfp_word_name(i));
	fputs(")' ;;\n", fp);
}

static void print_zsh_option(FILE *fp, const struct cli_option *o)
{
	const char *equals = o->arg == ARG_NONE ? "" : "=";

	if (o->letter)
		fprintf(fp, "\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
			*equals ? "+" : "", o->name, equals);
	else
		fprintf(fp, "\t\t\t'--%s%s[", o->name, equals);
	print_zsh_quoted(fp, o->help);
	fputc(']', fp);
	if (*equals)
		fprintf(fp, ":%s:", o->metavar);
	if (o->choice) {
		fputc('(', fp);
		print_choices(fp, o);
		fputc(')', fp);
	} else if (o->begins) {
		fputs("{compadd -S = - ", fp);
		print_beginnings(fp, o);
		fputc('}', fp);
	} else if (o->arg == ARG_WHEN) {
		fputs("{compadd -S \"\" - ", fp);
		print_points(fp, "\\:");
		fputc('}', fp);
	} else if (takes_file(o)) {
		fputs("_files", fp);
	}
	fputs("' \\\n", fp);
}

/** Inside '...[here]...': a quote would end the word, brackets and colons the description. */
static void print_zsh_quoted(FILE *fp, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", fp);
		else if (strchr("[]:\\", *text))
			fprintf(fp, "\\%c", *text);
		else
			fputc(*text, fp);
	}
}

static void print_choices(FILE *fp, const struct cli_option *o)
{
	const char *name;

	for (unsigned int i = 0; (name = o->choice(i)); i++)
		fprintf(fp, "%s%s", i ? " " : "", name);
}

static void print_beginnings(FILE *fp, const struct cli_option *o)
{
	const char *name;

	for (unsigned int i = 0; (name = o->begins(i)); i++)
		fprintf(fp, "%s%s", i ? " " : "", name);
}

/* What is a word of a WHEN; "colon" as the shell wants it. */
static void print_points(FILE *fp, const char *colon)
{
	fprintf(fp, "start end event%s marker%s", colon, colon);
}

static bool takes_file(const struct cli_option *o)
{
	return o->arg == ARG_FILE || (o->arg == ARG_CONFIG && o->config == CONFIG_FILE);
}

static bool takes_files(const struct command *command)
{
	return strstr(command->operands, "FILE") != NULL;
}
