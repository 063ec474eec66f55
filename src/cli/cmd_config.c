/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay config`: everything about configurations that needs no recording: what there is to set,
 * what a command line adds up to, whether files are right.
 */
#include <config.h>

#include "cli_internal.h"
#include "command.h"

static int print_set(struct cli *cli, const struct config *config);
static int print_all(struct cli *cli, const struct config *config);
static int check_files(struct cli *cli, const struct config *config);
static int print_schema(struct cli *cli, const struct config *config);
static int list_presets(struct cli *cli, const struct config *config);

/* What it can do; the options pick one, without any it is the first. */
static const struct mode {
	const char *option;
	size_t offset; /* of the option's field; 0: it has none */
	int (*run)(struct cli *cli, const struct config *config);
} modes[] = {
	{ NULL, 0, print_set },
	{ "--print", offsetof(struct cli_options, config_print), print_all },
	{ "--check", offsetof(struct cli_options, config_check), check_files },
	{ "--schema", offsetof(struct cli_options, config_schema), print_schema },
	{ "--list-presets", offsetof(struct cli_options, config_presets), list_presets },
};

static const struct mode *pick_mode(const struct cli *cli);
static int run_mode(struct cli *cli, const struct mode *mode);

int cmd_config(struct cli *cli)
{
	const struct mode *mode = pick_mode(cli);

	if (!mode)
		return EXIT_USAGE;
	if (mode->run != check_files && cli->args.operands.nr) {
		cli_error("'%.200s' has no use here: files are for --check and --config",
			  cli->args.operands.items[0]);
		return EXIT_USAGE;
	}
	return run_mode(cli, mode);
}

/* NULL: several were asked for, the message is printed. */
static const struct mode *pick_mode(const struct cli *cli)
{
	const struct mode *picked = &modes[0];

	for (const struct mode *mode = modes + 1; mode < modes + ARRAY_SIZE(modes); mode++) {
		if (!*(const bool *)((const char *)&cli->options + mode->offset))
			continue;
		if (picked->option) {
			cli_error("option '%s' does not go with '%s'", mode->option,
				  picked->option);
			return NULL;
		}
		picked = mode;
	}
	return picked;
}

static int run_mode(struct cli *cli, const struct mode *mode)
{
	struct config *config;
	int status;

	if (!cli_config(&cli->options, &config, &status))
		return status;
	if (cli_output_open(cli)) {
		status = mode->run(cli, config);
		/* A check that failed has its say on standard error, and what is right is told. */
		status = cli_output_commit(cli, status);
	} else {
		status = EXIT_OUTPUT;
	}
	config_destroy(config);
	return status;
}

static int print_set(struct cli *cli, const struct config *config)
{
	struct str out;

	str_init(&out);
	config_print(config, false, &out);
	if (!out.len)
		str_add(&out, "# Nothing is set: the machine is as recorded. 'kmreplay config "
			      "--print' lists all options.\n");
	fputs(str_text(&out), cli->out.fp);
	str_deinit(&out);
	return EXIT_OK;
}

static int print_all(struct cli *cli, const struct config *config)
{
	struct str out;

	str_init(&out);
	config_print(config, true, &out);
	fputs(str_text(&out), cli->out.fp);
	str_deinit(&out);
	return EXIT_OK;
}

/* Each file by itself; the highest status of them. */
static int check_files(struct cli *cli, const struct config *config UNUSED)
{
	int status = EXIT_OK;

	if (!cli->args.operands.nr && !cli->options.configs.list.nr) {
		cli_error("option '--check' needs FILE...");
		return EXIT_USAGE;
	}
	vec_foreach(&cli->args.operands, path) {
		struct config *scratch = config_create();
		struct error err;
		struct str text;

		str_init(&text);
		if (!config_read(*path, &text, &err)) {
			cli_error("%s", err.message);
			status = EXIT_INPUT;
		} else if (!config_load(scratch, &text, *path, &err)) {
			cli_error("%s", err.message);
			status = MAX(status, (int)EXIT_USAGE);
		} else {
			fprintf(cli->out.fp, "%s: ok\n", *path);
		}
		str_deinit(&text);
		config_destroy(scratch);
	}
	return status;
}

static int print_schema(struct cli *cli, const struct config *config UNUSED)
{
	struct str out;

	str_init(&out);
	config_print_schema(&out);
	fputs(str_text(&out), cli->out.fp);
	str_deinit(&out);
	return EXIT_OK;
}

static int list_presets(struct cli *cli, const struct config *config UNUSED)
{
	const char *name;

	for (unsigned int i = 0; (name = config_preset_name(i)); i++)
		fprintf(cli->out.fp, "%-14s  %s\n", name, config_preset_summary(i));
	return EXIT_OK;
}
