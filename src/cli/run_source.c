/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios for `kmreplay run`: from a file, from standard input, or a lesson. */
#include <config.h>

#include "run_source.h"

#include "cli_internal.h"

#include "kmreplay/core/readfile.h"
#include "kmreplay/scenario/lesson.h"
#include "kmreplay/scenario/scenario.h"

#include <string.h>

static bool check_operands(const struct cli *cli);

bool run_source(struct cli *cli, const char **name, struct str *text, int *status)
{
	*status = EXIT_USAGE;
	if (!check_operands(cli))
		return false;
	if (cli->options.run_lesson) {
		*name = cli->options.run_lesson;
		BUG_ON(!scenario_lesson_text(*name, text));
		return true;
	}
	*name = cli->args.operands.items[0];
	*status = EXIT_INPUT;
	if (!run_read_file(*name, text)) {
		str_deinit(text);
		return false;
	}
	if (!strcmp(*name, "-"))
		*name = "stdin";
	return true;
}

int run_print_text(struct cli *cli, struct str *text)
{
	int status = EXIT_OUTPUT;

	if (cli_output_open(cli)) {
		fwrite(str_text(text), 1, text->len, cli->out.fp);
		status = cli_output_commit(cli, EXIT_OK);
	}
	str_deinit(text);
	return status;
}

int run_list_lessons(struct cli *cli)
{
	const char *name;

	if (!cli_output_open(cli))
		return EXIT_OUTPUT;
	for (unsigned int i = 0; (name = scenario_lesson_name(i)); i++)
		fprintf(cli->out.fp, "%-14s  %s\n", name, scenario_lesson_summary(i));
	return cli_output_commit(cli, EXIT_OK);
}

static bool check_operands(const struct cli *cli)
{
	const size_t nr = cli->args.operands.nr;

	if (!nr && !cli->options.run_lesson)
		cli_error("'run' needs FILE, or a lesson: 'kmreplay run --list-lessons' names them");
	else if (nr && cli->options.run_lesson)
		cli_error("'%.200s' has no use here: '--lesson' says what is run",
			  cli->args.operands.items[0]);
	else
		return true;
	return false;
}

/* More than a scenario may have is left out: reading it will say so. */
bool run_read_file(const char *path, struct str *text)
{
	struct error err;

	if (read_file(path, SCENARIO_MAX_BYTES, text, &err))
		return true;
	cli_error("%s", err.message);
	return false;
}
