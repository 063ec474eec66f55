/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From the argument vector to struct cli_options, driven by the table. Options and operands may be
 * mixed, "--" ends the options, "-" alone is an operand; letters may be joined ("-o-", "-hV").
 */
#include <config.h>

#include "option.h"

#include "command.h"

#include <string.h>

struct parser {
	struct cli_options *options;
	struct arguments *args;
	char *const *argv;
	int argc;
	int at; /* the next one to look at */
	struct error *err;
};

static bool parse_long(struct parser *p, const char *arg);
static bool parse_letters(struct parser *p, const char *letters);
static bool parse_operand(struct parser *p, const char *arg);
static bool check_operands(struct parser *p);
static const struct cli_option *find_long(const char *name, size_t len,
					  const struct command *command);
static const struct cli_option *find_letter(char letter, const struct command *command);
static bool take_value(struct parser *p, const struct cli_option *o, const char *shown,
		       const char *attached);
static bool is_number(const char *text);
static bool wrong_command(struct parser *p, const struct cli_option *o);
static bool unknown_long(struct parser *p, const char *name);
static const char *long_name(unsigned int i);
static bool stopped(const struct parser *p);

bool options_parse(struct cli_options *options, struct arguments *args, int argc,
		   char *const *argv, struct error *err)
{
	struct parser p = { options, args, argv, argc, 1, err };
	bool ended = false;

	while (p.at < argc && !stopped(&p)) {
		const char *arg = argv[p.at++];
		bool ok;

		if (ended || arg[0] != '-' || !arg[1]) {
			ok = parse_operand(&p, arg);
		} else if (!strcmp(arg, "--")) {
			ended = true;
			ok = true;
		} else if (arg[1] == '-') {
			ok = parse_long(&p, arg + 2);
		} else {
			ok = parse_letters(&p, arg + 1);
		}
		if (!ok)
			return false;
	}
	options_complete(options);
	return stopped(&p) || check_operands(&p);
}

static bool parse_long(struct parser *p, const char *arg)
{
	size_t len = strcspn(arg, "=");
	const struct cli_option *o = find_long(arg, len, p->args->command);
	char shown[64];

	if (!o) {
		char name[64] = "";

		memcpy(name, arg, MIN(len, sizeof(name) - 1));
		return unknown_long(p, name);
	}
	if (!option_is_for(o, p->args->command))
		return wrong_command(p, o);
	shown[0] = shown[1] = '-';
	memcpy(shown + 2, o->name, strlen(o->name) + 1);
	return take_value(p, o, shown, arg[len] ? arg + len + 1 : NULL);
}

static bool parse_letters(struct parser *p, const char *letters)
{
	for (; *letters && !stopped(p); letters++) {
		const char shown[] = { '-', *letters, '\0' };
		const struct cli_option *o = find_letter(*letters, p->args->command);

		if (!o)
			return error_set(p->err, "unknown option '%s'", shown);
		if (!option_is_for(o, p->args->command))
			return wrong_command(p, o);
		if (o->arg != ARG_NONE)
			return take_value(p, o, shown, letters[1] ? letters + 1 : NULL);
		if (!option_set(p->options, o, NULL, p->err))
			return false;
	}
	return true;
}

static bool parse_operand(struct parser *p, const char *arg)
{
	const char *near;

	if (p->args->command) {
		vec_push(&p->args->operands, arg);
		return true;
	}
	p->args->command = command_find(arg);
	if (p->args->command)
		return true;
	near = suggest_nearest(arg, command_name);
	if (near)
		return error_set(p->err, "unknown command '%.60s': did you mean '%s'?", arg, near);
	return error_set(p->err, "unknown command '%.60s'", arg);
}

static bool check_operands(struct parser *p)
{
	const struct command *command = p->args->command;
	size_t nr = p->args->operands.nr;

	if (!command)
		return error_set(p->err, "no command given");
	if (nr < command->min_operands)
		return error_set(p->err, "'%s' needs %s", command->name, command->operands);
	if (nr > command->max_operands)
		return error_set(p->err, "'%s' has no use for '%.200s'", command->name,
				 p->args->operands.items[command->max_operands]);
	return true;
}

/** Names may mean different things to different commands: the row for "command" comes first. */
static const struct cli_option *find_long(const char *name, size_t len,
					  const struct command *command)
{
	const struct cli_option *o, *other = NULL;

	for (unsigned int i = 0; (o = option_get(i)); i++) {
		if (strncmp(o->name, name, len) != 0 || o->name[len])
			continue;
		if (option_is_for(o, command))
			return o;
		other = o;
	}
	return other;
}

/** The same for letters. */
static const struct cli_option *find_letter(char letter, const struct command *command)
{
	const struct cli_option *o, *other = NULL;

	for (unsigned int i = 0; (o = option_get(i)); i++) {
		if (o->letter != letter)
			continue;
		if (option_is_for(o, command))
			return o;
		other = o;
	}
	return other;
}

static bool take_value(struct parser *p, const struct cli_option *o, const char *shown,
		       const char *attached)
{
	const char *value = attached;

	if (o->arg == ARG_NONE) {
		if (attached)
			return error_set(p->err, "option '%s' takes no value", shown);
		return option_set(p->options, o, NULL, p->err);
	}
	if (!value && p->at < p->argc && (!o->bare || is_number(p->argv[p->at])))
		value = p->argv[p->at++];
	if (!value)
		value = o->bare;
	if (!value)
		return error_set(p->err, "option '%s' needs a value: %s", shown, o->metavar);
	option_note_given(p->options, o);
	if (option_set(p->options, o, value, p->err))
		return true;
	return error_prefix(p->err, "option '%s'", shown);
}

/* What stands behind an option that may be without a value is one only if it looks like it. */
static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static bool wrong_command(struct parser *p, const struct cli_option *o)
{
	if (!p->args->command)
		return error_set(p->err, "option '--%s' belongs behind the command", o->name);
	return error_set(p->err, "option '--%s' is not for '%s'", o->name,
			 p->args->command->name);
}

static bool unknown_long(struct parser *p, const char *name)
{
	const char *near = suggest_nearest(name, long_name);

	if (near)
		return error_set(p->err, "unknown option '--%s': did you mean '--%s'?", name,
				 near);
	return error_set(p->err, "unknown option '--%s'", name);
}

static const char *long_name(unsigned int i)
{
	const struct cli_option *o = option_get(i);

	return o ? o->name : NULL;
}

static bool stopped(const struct parser *p)
{
	return p->options->help || p->options->version;
}
