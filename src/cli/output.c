/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where reports and converted recordings go, and messages about what went wrong. */
#include <config.h>

#include "cli_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static bool wants_utf8(void);
static void message(const char *kind, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap);
	va_end(ap);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("warning: ", fmt, ap);
	va_end(ap);
}

bool cli_output_open(struct cli *cli)
{
	struct error err;

	if (!outfile_open(&cli->out, cli->options.output, &err)) {
		cli_error("%s", err.message);
		return false;
	}
	cli->out_is_open = true;
	return true;
}

void cli_output_report(struct cli *cli, const struct report *report)
{
	const struct report_style style = {
		.format = cli->options.format,
		.color = cli_wants_color(&cli->options, cli->out.fp),
		.utf8 = wants_utf8(),
	};

	report_write(report, &style, cli->out.fp);
	if (ferror(cli->out.fp))
		cli->out_errno = errno;
}

bool cli_output_text(struct cli *cli, struct str *text)
{
	if (text->len && fwrite(text->data, 1, text->len, cli->out.fp) != text->len)
		cli->out_errno = errno;
	str_reset(text);
	return !cli->out_errno;
}

int cli_output_commit(struct cli *cli, int status)
{
	struct error err;

	if (cli->out_errno) {
		const char *path = cli->out.path ? cli->out.path : "standard output";

		error_set_errno(&err, cli->out_errno, "cannot write '%s'", path);
		cli_output_abort(cli);
		errno = cli->out_errno;
	} else {
		errno = 0;
		cli->out_is_open = false;
		if (outfile_commit(&cli->out, &err))
			return status;
	}
	/* Who closed the pipe (head, a pager) knows it. */
	if (errno != EPIPE)
		cli_error("%s", err.message);
	return EXIT_OUTPUT;
}

void cli_output_abort(struct cli *cli)
{
	if (cli->out_is_open)
		outfile_abort(&cli->out);
	cli->out_is_open = false;
}

bool cli_wants_color(const struct cli_options *options, FILE *fp)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (options->color != WHEN_AUTO)
		return options->color == WHEN_ALWAYS;
	return isatty(fileno(fp)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/**
 * Does the user's locale speak UTF-8? Its name says so; setlocale() would change how numbers are
 * read and written everywhere.
 */
static bool wants_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static void message(const char *kind, const char *fmt, va_list ap)
{
	struct str text, line;

	str_init(&text);
	str_init(&line);
	str_vaddf(&text, fmt, ap);
	str_addf(&line, "kmreplay: %s", kind);
	report_add_printable(&line, str_text(&text));
	fflush(stdout);
	fprintf(stderr, "%s\n", str_text(&line));
	str_deinit(&text);
	str_deinit(&line);
}
