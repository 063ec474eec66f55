/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Manual pages: the hand-written text man/<name>.txt with the parts that the tables know put in.
 *
 *	# HEADING          a section
 *	@options           the options of the page's command, from the option table
 *	@commands          the commands with their summaries
 *	@formats           the formats that can be read
 *	@exit              the exit statuses
 *	@settings          the options of a machine, section by section
 *	@presets           the presets with their summaries
 *	@metrics           the columns of replay --series
 *	@slabs             those of replay --slab-series
 *	@functions         those that scenarios can call
 *	@properties        what scenarios can expect of a call
 *	four blanks first  an example or a picture: kept as it is
 *	*word*             bold
 *	an empty line      a new paragraph
 *
 * NAME and SYNOPSIS are made from the command table, or for other pages from the table here.
 */
#include <config.h>

#include "cli_internal.h"
#include "command.h"

#include "kmreplay/replay/metrics.h"
#include "kmreplay/replay/slab_usage.h"
#include "kmreplay/scenario/machine.h"

#include <stdlib.h>
#include <string.h>

/* A page that is not of a command. */
struct other_page {
	const char *name;
	int section;
	const char *manual, *summary;
	const char *synopsis; /* NULL: none */
};

static const struct other_page other_pages[] = {
	{ "kmreplay", 1, "User Commands",
	  "replay and analyse recordings of kernel memory allocation",
	  ".B kmreplay\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIFILE\\fR...]\n" },
	{ "kmreplay-lessons", 7, "Miscellaneous Information",
	  "scenarios that show how the kernel gives memory, and what to look for", NULL },
	{ "kmreplay-scenario", 5, "File Formats",
	  "calls for memory, and what is expected of them", NULL },
	{ "kmreplay-scenes", 7, "Miscellaneous Information",
	  "what-if comparisons that matter, and why they come out as they do", NULL },
	{ "kmreplay-snapshot", 1, "User Commands",
	  "collect what a kernel says of its allocators",
	  ".B kmreplay\\-snapshot\n[\\fB\\-n\\fR] [\\fB\\-l\\fR \\fILABEL\\fR] \\fIDIR\\fR\n" },
	{ "kmreplay.yaml", 5, "File Formats", "configuration of a simulated machine", NULL },
};

struct page {
	FILE *fp;
	const struct command *command;  /* NULL: it is not of a command */
	const struct other_page *other; /* NULL: it is */
	bool literal;                  /* inside an example */
	bool paragraph;                /* the last line ended one */
};

/* Letters that a call's column has. */
enum { CALL_COLUMN = 28 };

static void print_head(const struct page *page, const char *name);
static bool print_line(struct page *page, char *line, struct error *err);
static void end_literal(struct page *page);
static bool print_directive(const struct page *page, const char *name, struct error *err);
static void print_options(const struct page *page);
static void print_formats(const struct page *page);
static void add_default(struct str *text, const char *def);
static void print_commands(const struct page *page);
static void print_exits(const struct page *page);
static void print_settings(const struct page *page);
static void print_presets(const struct page *page);
static void print_metrics(const struct page *page);
static void print_slabs(const struct page *page);
static void print_functions(const struct page *page);
static void begin_calls(FILE *fp, const struct scenario_group *group);
static void begin_table(FILE *fp, const char *columns, const char *titles);
static void print_call(FILE *fp, const struct scenario_entry *entry, const char *kernels);
static void print_cell(FILE *fp, const char *text, bool bold);
static const char *print_until(FILE *fp, const char *text, const char *end);
static void print_properties(const struct page *page);
static void add_metric(const struct replay_metric_info *info, struct str *text);
static void add_members(enum replay_metric metric, struct str *text);
static void print_item(FILE *fp, const char *term, const char *text);
static void print_text(FILE *fp, const char *text, bool markup);

bool man_page_print(FILE *fp, FILE *in, const char *name, struct error *err)
{
	static const char prefix[] = "kmreplay-";
	struct page page = { .fp = fp, .paragraph = true };
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool ok = true;

	if (!strncmp(name, prefix, strlen(prefix)))
		page.command = command_find(name + strlen(prefix));
	for (size_t i = 0; i < ARRAY_SIZE(other_pages); i++)
		if (!strcmp(other_pages[i].name, name))
			page.other = &other_pages[i];
	if (!page.command && !page.other)
		return error_set(err, "no page is called '%.60s'", name);
	print_head(&page, name);
	while (ok && (len = getline(&line, &cap, in)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		ok = print_line(&page, line, err);
	}
	end_literal(&page);
	free(line);
	return ok;
}

static void print_head(const struct page *page, const char *name)
{
	FILE *fp = page->fp;

	/* Some pages have tables: man(1) is to run tbl(1). */
	fputs("'\\\" t\n", fp);
	fputs(".\\\" Made from the option tables and the text of the same name; do not edit.\n",
	      fp);
	fprintf(fp, ".TH \"%s\" %d \"\" \"kmreplay %s\" \"%s\"\n.SH NAME\n", name,
		page->other ? page->other->section : 1, PACKAGE_VERSION,
		page->other ? page->other->manual : "User Commands");
	if (page->other) {
		fprintf(fp, "%s \\- %s\n", name, page->other->summary);
		if (page->other->synopsis)
			fprintf(fp, ".SH SYNOPSIS\n%s", page->other->synopsis);
		return;
	}
	fprintf(fp, "kmreplay\\-%s \\- ", page->command->name);
	print_text(fp, page->command->summary, false);
	fprintf(fp, "\n.SH SYNOPSIS\n.B kmreplay %s\n[\\fIOPTION\\fR...]\n", page->command->name);
	print_text(fp, page->command->operands, false);
	fputs("\n", fp);
}

static bool print_line(struct page *page, char *line, struct error *err)
{
	bool literal = !strncmp(line, "    ", 4);

	if (!*line) {
		page->paragraph = true;
		if (page->literal)
			fputs("\n", page->fp);
		return true;
	}
	if (!literal)
		end_literal(page);
	if (line[0] == '#' && line[1] == ' ') {
		fputs(".SH ", page->fp);
		print_text(page->fp, line + 2, false);
		fputs("\n", page->fp);
		page->paragraph = false;
		return true;
	}
	if (line[0] == '@')
		return print_directive(page, line + 1, err);
	if (page->paragraph && !page->literal)
		fputs(".PP\n", page->fp);
	page->paragraph = false;
	if (literal && !page->literal)
		fputs(".RS 4\n.nf\n", page->fp);
	page->literal = literal;
	print_text(page->fp, literal ? line + 4 : line, !literal);
	fputs("\n", page->fp);
	return true;
}

static void end_literal(struct page *page)
{
	if (page->literal)
		fputs(".fi\n.RE\n", page->fp);
	page->literal = false;
}

static bool print_directive(const struct page *page, const char *name, struct error *err)
{
	static const struct {
		const char *name;
		void (*print)(const struct page *page);
	} directives[] = {
		{ "options", print_options },
		{ "commands", print_commands },
		{ "formats", print_formats },
		{ "exit", print_exits },
		{ "settings", print_settings },
		{ "presets", print_presets },
		{ "metrics", print_metrics },
		{ "slabs", print_slabs },
		{ "functions", print_functions },
		{ "properties", print_properties },
	};

	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		if (!strcmp(directives[i].name, name)) {
			directives[i].print(page);
			return true;
		}
	}
	return error_set(err, "unknown directive '@%.60s'", name);
}

static void print_options(const struct page *page)
{
	const struct cli_option *o;
	const char *name;
	struct str term, text;

	str_init(&term);
	str_init(&text);
	for (unsigned int i = 0; (o = option_get(i)); i++) {
		if (!option_is_for(o, page->command))
			continue;
		str_reset(&term);
		str_reset(&text);
		if (o->letter)
			str_addf(&term, "-%c, ", o->letter);
		str_addf(&term, "--%s", o->name);
		if (o->metavar)
			str_addf(&term, "%s=%s%s", o->bare ? "[" : "", o->metavar,
				 o->bare ? "]" : "");
		str_addf(&text, "%c%s", o->help[0] & ~32, o->help + 1);
		str_add(&text, ".");
		for (unsigned int k = 0; o->choice && (name = o->choice(k)); k++)
			str_addf(&text, "%s %s", k ? "," : " One of:", name);
		str_add(&text, o->choice ? "." : "");
		if (o->def)
			add_default(&text, o->def);
		print_item(page->fp, str_text(&term), str_text(&text));
	}
	str_deinit(&term);
	str_deinit(&text);
}

/* A list of several has gaps, so that it can go over several lines. */
static void add_default(struct str *text, const char *def)
{
	str_add(text, " Default: ");
	for (; *def; def++) {
		str_add_char(text, *def);
		if (*def == ',')
			str_add_char(text, ' ');
	}
	str_add_char(text, '.');
}

static void print_commands(const struct page *page)
{
	for (unsigned int i = 0; i < CMD_NR; i++)
		print_item(page->fp, command_get(i)->name, command_get(i)->summary);
}

static void print_formats(const struct page *page)
{
	const char *name;

	for (unsigned int i = 0; (name = trace_format_name(i)); i++)
		print_item(page->fp, name, trace_format_summary(i));
}

static void print_exits(const struct page *page)
{
#define X(suffix, status, meaning) print_item(page->fp, #status, meaning);
	CLI_EXITS(X)
#undef X
}

static void print_settings(const struct page *page)
{
	struct config_option_info info;
	struct str allowed, def, text;
	const char *section = NULL;

	str_init(&allowed);
	str_init(&def);
	str_init(&text);
	for (unsigned int i = 0; config_option_info(i, &info, &allowed, &def); i++) {
		if (info.section != section) {
			str_reset(&text);
			str_addf(&text, "%s: %s", info.section, info.section_help);
			fputs(".SS ", page->fp);
			print_text(page->fp, str_text(&text), false);
			fputs("\n", page->fp);
		}
		section = info.section;
		str_reset(&text);
		str_addf(&text, "%c%s. %c%s. Default: %s.", info.help[0] & ~32, info.help + 1,
			 str_text(&allowed)[0] & ~32, str_text(&allowed) + 1, str_text(&def));
		print_item(page->fp, info.path, str_text(&text));
	}
	str_deinit(&allowed);
	str_deinit(&def);
	str_deinit(&text);
}

static void print_presets(const struct page *page)
{
	for (unsigned int i = 0; config_preset_name(i); i++)
		print_item(page->fp, config_preset_name(i), config_preset_summary(i));
}

static void print_metrics(const struct page *page)
{
	struct str term, text;

	str_init(&term);
	str_init(&text);
	for (unsigned int i = 0; i < METRIC_NR; i++) {
		const struct replay_metric_info *info = replay_metric_info((enum replay_metric)i);

		str_reset(&term);
		str_reset(&text);
		str_addf(&term, "%s%s", info->key, info->members == MEMBERS_NONE ? "" : "_...");
		add_metric(info, &text);
		if (info->members != MEMBERS_NONE)
			add_members((enum replay_metric)i, &text);
		print_item(page->fp, str_text(&term), str_text(&text));
	}
	str_deinit(&term);
	str_deinit(&text);
}

/* "Bytes of all slabs (bytes, now; sort key bytes)." */
static void print_slabs(const struct page *page)
{
	struct str text;

	str_init(&text);
	for (unsigned int i = 0; i < SLAB_COL_NR; i++) {
		const struct slab_column_info *info = slab_column_info((enum slab_column)i);

		str_reset(&text);
		str_addf(&text, "%c%s (%s, %s", info->help[0] & ~32, info->help + 1,
			 metric_unit_name(info->unit), metric_kind_name(info->kind));
		if (strcmp(info->name, info->key) != 0)
			str_addf(&text, "; sort key %s", info->name);
		str_add(&text, ").");
		print_item(page->fp, info->key, str_text(&text));
	}
	str_deinit(&text);
}

/* A table for each allocator, and one of what is not there. */
static void print_functions(const struct page *page)
{
	const struct scenario_group *group = NULL;
	const struct scenario_absence *absence;
	struct scenario_entry entry;
	struct str kernels = { 0 };

	for (unsigned int i = 0; scenario_machine_entry(i, &entry); i++) {
		if (entry.group != group) {
			fputs(group ? ".TE\n" : "", page->fp);
			begin_calls(page->fp, entry.group);
		}
		group = entry.group;
		str_reset(&kernels);
		scenario_machine_kernels(i, &kernels);
		print_call(page->fp, &entry, str_text(&kernels));
	}
	fputs(".TE\n.SS Calls that are not there\n", page->fp);
	begin_table(page->fp, "lw(28n)2 lw(40n)", "Call\tWhy, and what there is instead");
	for (unsigned int i = 0; (absence = scenario_machine_absence(i)); i++) {
		print_cell(page->fp, absence->name, true);
		fputs("\t", page->fp);
		print_cell(page->fp, absence->why, false);
		fputs("\n", page->fp);
	}
	fputs(".TE\n", page->fp);
	str_deinit(&kernels);
}

static void begin_calls(FILE *fp, const struct scenario_group *group)
{
	struct str text = { 0 };

	if (group->models)
		str_addf(&text, "Modelled: %s.", group->models);
	str_addf(&text, "%s%s.", group->models ? " Not modelled: " : "", group->lacks);
	fprintf(fp, ".SS %s\n", group->title);
	print_text(fp, str_text(&text), false);
	fputs("\n", fp);
	begin_table(fp, "lw(28n)1 lw(8n)2 lw(10n)2 lw(20n)", "Call\tKernels\tGives\tRemarks");
	str_deinit(&text);
}

/* By tbl(1), which man(1) runs where the first line of the page asks for it. */
static void begin_table(FILE *fp, const char *columns, const char *titles)
{
	fprintf(fp, ".PP\n.TS\n%s.\n%s\n_\n", columns, titles);
}

static void print_call(FILE *fp, const struct scenario_entry *entry, const char *kernels)
{
	const struct scenario_function *function = entry->function;
	char *call = xasprintf("%s(%s)", function->name, function->params);

	print_cell(fp, call, true);
	fputs("\t", fp);
	print_cell(fp, kernels, false);
	fputs("\t", fp);
	print_cell(fp, scenario_type_name(function->result), false);
	fputs("\t", fp);
	print_cell(fp, entry->note, false);
	fputs("\n", fp);
	free(call);
}

/* A call may be broken behind its parenthesis, a long name behind its last underline, too. */
static void print_cell(FILE *fp, const char *text, bool bold)
{
	const char *args = bold ? strchr(text, '(') : NULL;
	const char *line = args && args + 1 - text > CALL_COLUMN ? args : text;

	fputs("T{\n.na\n.nh\n", fp);
	fputs(bold ? ".B " : "", fp);
	while (line > text && line[-1] != '_')
		line--;
	text = print_until(fp, text, line);
	text = print_until(fp, text, args ? args + 1 : text);
	print_text(fp, text, false);
	fputs("\nT}", fp);
}

/* With a place to break behind it, if it is anything; returns "end". */
static const char *print_until(FILE *fp, const char *text, const char *end)
{
	char *part = xasprintf("%.*s", (int)(end - text), text);

	if (*part) {
		print_text(fp, part, false);
		fputs("\\:", fp);
	}
	free(part);
	return end;
}

static void print_properties(const struct page *page)
{
	const struct scenario_host *host = scenario_machine_host();

	for (unsigned int i = 0; i < host->nr_properties; i++)
		print_item(page->fp, host->properties[i].name, host->properties[i].help);
}

/* "Pages by owner (machine; pages, now)." */
static void add_metric(const struct replay_metric_info *info, struct str *text)
{
	const char *sep = "";

	str_addf(text, "%c%s (", info->help[0] >= 'a' ? info->help[0] & ~32 : info->help[0],
		 info->help + 1);
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++) {
		if (!(info->scopes & 1U << scope))
			continue;
		str_addf(text, "%s%s", sep, metric_scope_key((enum metric_scope)scope));
		sep = ", ";
	}
	str_addf(text, "; %s, %s).", metric_unit_name(info->unit), metric_kind_name(info->kind));
}

static void add_members(enum replay_metric metric, struct str *text)
{
	unsigned int first, end = replay_metric_members(metric, &first);

	for (unsigned int member = first; member < end; member++) {
		str_add(text, member > first ? ", " : " Of: ");
		replay_metric_member(metric, member, text);
	}
	str_add_char(text, '.');
}

static void print_item(FILE *fp, const char *term, const char *text)
{
	fputs(".TP\n.B ", fp);
	print_text(fp, term, false);
	fputs("\n", fp);
	print_text(fp, text, false);
	fputs("\n", fp);
}

/** Escapes what roff would take for its own; with "markup" a pair of stars makes bold. */
static void print_text(FILE *fp, const char *text, bool markup)
{
	bool bold = false;

	if (*text == '.' || *text == '\'')
		fputs("\\&", fp);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", fp);
		else if (*text == '-')
			fputs("\\-", fp);
		else if (*text == '*' && markup && (bold || strchr(text + 1, '*')))
			fputs((bold = !bold) ? "\\fB" : "\\fR", fp);
		else
			fputc(*text, fp);
	}
}
