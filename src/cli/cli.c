/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the argument vector to the command. */
#include <config.h>

#include "kmreplay/cli/cli.h"

#include "cli_internal.h"
#include "command.h"
#include "scenario_record.h"

#include <string.h>

static int run(struct cli *cli, int argc, char **argv);
static int finish_stdout(int status);
static bool is_man_request(int argc, char **argv);
static int print_man_page(const char *name);

int cli_main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int status;

	if (is_man_request(argc, argv))
		return finish_stdout(print_man_page(argv[2]));
	options_init(&cli.options);
	status = run(&cli, argc, argv);
	cli_output_abort(&cli);
	vec_deinit(&cli.args.operands);
	options_deinit(&cli.options);
	vec_foreach(&cli.settings.words, word)
		free(*word);
	vec_deinit(&cli.settings.words);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct error err;
	int status;

	if (!options_parse(&cli->options, &cli->args, argc, argv, &err)) {
		cli_error("%s", err.message);
		if (cli->args.command)
			fprintf(stderr, "Try 'kmreplay help %s'.\n", cli->args.command->name);
		else
			fputs("Try 'kmreplay help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (cli->options.help) {
		help_print(stdout, cli->args.command);
		return finish_stdout(EXIT_OK);
	}
	if (cli->options.version) {
		help_print_version(stdout);
		return finish_stdout(EXIT_OK);
	}
	status = cli_scenario_settings(cli);
	return status == EXIT_OK ? cli->args.command->run(cli) : status;
}

static int finish_stdout(int status)
{
	struct cli cli = { .out = { .fp = stdout } };

	return cli_output_commit(&cli, status);
}

/** `kmreplay --gen-man NAME < man/NAME.txt`: for the build only, not in any help. */
static bool is_man_request(int argc, char **argv)
{
	return argc == 3 && !strcmp(argv[1], "--gen-man");
}

static int print_man_page(const char *name)
{
	struct error err;

	if (man_page_print(stdout, stdin, name, &err))
		return EXIT_OK;
	cli_error("%s", err.message);
	return EXIT_USAGE;
}
