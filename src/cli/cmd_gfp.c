/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * `kmreplay gfp`: masks explained in words, and the tables of their names. No recording is read.
 */
#include <config.h>

#include "command.h"
#include "gfp_internal.h"

#include "kmreplay/mm/gfp_policy.h"

static bool read_setting(struct cli *cli, const struct config *config, struct gfp_setting *ret);
static int print(struct cli *cli, const struct gfp_setting *setting);
static int print_list(struct cli *cli, const struct gfp_setting *setting);
static int print_masks(struct cli *cli, const struct gfp_setting *setting);
static bool check_usage(const struct cli *cli);

int cmd_gfp(struct cli *cli)
{
	struct gfp_setting setting;
	struct config *config;
	int status;

	if (!check_usage(cli))
		return EXIT_USAGE;
	if (!cli_config(&cli->options, &config, &status))
		return status;
	status = EXIT_USAGE;
	if (read_setting(cli, config, &setting))
		status = cli_output_open(cli) ? print(cli, &setting) : EXIT_OUTPUT;
	config_destroy(config);
	return status;
}

const char *gfp_scope_name(unsigned int i)
{
	return gfp_scope_word(i) ? gfp_scope_word(i)->name : NULL;
}

const char *gfp_context_name(unsigned int i)
{
	return gfp_context_word(i) ? gfp_context_word(i)->name : NULL;
}

static bool check_usage(const struct cli *cli)
{
	const struct cli_options *options = &cli->options;

	if (options->gfp_all && !options->gfp_list) {
		cli_error("option '--all' goes with '--list'");
		return false;
	}
	if (options->gfp_all && options->gfp_kernel) {
		cli_error("option '--kernel' does not go with '--all', which has all kernels");
		return false;
	}
	if (options->gfp_list && cli->args.operands.nr) {
		cli_error("'%.200s' has no use here: --list takes no mask",
			  cli->args.operands.items[0]);
		return false;
	}
	if (!options->gfp_list && !cli->args.operands.nr) {
		cli_error("expected a GFP mask like 'GFP_KERNEL|__GFP_ZERO' or 0xcc0, or --list");
		return false;
	}
	return true;
}

static bool read_setting(struct cli *cli, const struct config *config, struct gfp_setting *ret)
{
	const struct cli_options *options = &cli->options;

	*ret = (struct gfp_setting){
		.options = options,
		.config = config,
		.asked = options->gfp_kernel,
		.release = GFP_RELEASE_NEWEST,
		.context = gfp_context_word(options->gfp_context)->context,
	};
	for (unsigned int i = 0; gfp_scope_word(i); i++)
		if (options->gfp_scopes >> i & 1)
			ret->context |= gfp_scope_word(i)->context;
	if (options->gfp_kernel && !gfp_release_parse(options->gfp_kernel, &ret->release)) {
		cli_error("'%.60s' is no kernel version like 6.12 or 2.6.32", options->gfp_kernel);
		return false;
	}
	if (ret->release < GFP_RELEASE_OLDEST) {
		cli_error("no kernel before 2.2 is known, so not '%.60s'", options->gfp_kernel);
		return false;
	}
	return true;
}

static int print(struct cli *cli, const struct gfp_setting *setting)
{
	const int status = cli->options.gfp_list ? print_list(cli, setting) :
						   print_masks(cli, setting);

	return status == EXIT_OK ? cli_output_commit(cli, EXIT_OK) : status;
}

static int print_list(struct cli *cli, const struct gfp_setting *setting)
{
	struct report *report = report_create("gfp-list", 1);

	if (cli->options.gfp_all)
		gfp_list_all(report);
	else
		gfp_list(report, setting->release);
	cli_output_report(cli, report);
	report_destroy(report);
	return EXIT_OK;
}

/* All of them are read before one is printed. */
static int print_masks(struct cli *cli, const struct gfp_setting *setting)
{
	struct gfp_reading reading;
	struct error err;

	vec_foreach(&cli->args.operands, text) {
		if (!gfp_read(setting->release, *text, &reading, &err)) {
			cli_error("%s", err.message);
			return EXIT_USAGE;
		}
	}
	vec_foreach(&cli->args.operands, text) {
		struct report *report;
		struct gfp_facts facts;

		if (!gfp_facts_init(&facts, setting, *text, &err)) {
			gfp_facts_deinit(&facts);
			cli_error("%s", err.message);
			return EXIT_USAGE;
		}
		report = report_create("gfp", 1);
		gfp_report(report, &facts);
		cli_output_report(cli, report);
		report_destroy(report);
		gfp_facts_deinit(&facts);
	}
	return EXIT_OK;
}
