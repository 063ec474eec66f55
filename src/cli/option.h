/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The table of options and what is made of it: parsing, defaults, help, completion, man pages.
 *
 * To add an option: a field in struct cli_options and a row in options.c.
 */
#ifndef KMREPLAY_CLI_OPTION_H
#define KMREPLAY_CLI_OPTION_H

#include "when.h"

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/suggest.h"
#include "kmreplay/core/vec.h"

struct command;

/** What an option takes, and the type of its field in struct cli_options. */
enum option_arg {
	ARG_NONE,   /**< bool */
	ARG_TEXT,   /**< const char *, the argument vector's */
	ARG_FILE,   /**< const char *; shells complete file names */
	ARG_NUMBER, /**< uint64_t within min..max */
	ARG_SIZE,   /**< uint64_t bytes within min..max: 512M, 0x1000, 2G */
	ARG_CHOICE, /**< unsigned int: number of the choice */
	ARG_SET,    /**< uint64_t: a bit for each choice; "a,b", "-a" (not a); adds up */
	ARG_SORT,   /**< struct option_sort: "key,+key,-key"; adds up when repeated */
	ARG_WORDS,  /**< struct option_words: "a,b"; adds up when repeated */
	ARG_RANGES, /**< struct option_ranges: "0,2-5"; adds up when repeated */
	ARG_SPAN,   /**< struct option_span: two WHENs, "12.5,50%" or "12.5," or ",marker:x" */
	ARG_WHEN,   /**< struct whens: a WHEN; adds up when repeated */
	ARG_EVERY,  /**< struct option_every: "100ms", "5000-events", "marker" */
	ARG_KERNEL, /**< struct kernel_version: "6.12" */
	ARG_CONFIG, /**< struct option_configs: adds up over all such options, in their order */
};

struct option_words {
	struct vec(char *) words; /**< owned */
};

struct option_range {
	uint64_t first, last;
};

struct option_ranges {
	struct vec(struct option_range) ranges;
};

struct option_sort_key {
	unsigned int choice;
	bool ascending;
};

struct option_sort {
	struct vec(struct option_sort_key) keys;
};

struct option_span {
	bool given, open_start, open_end;
	const char *text;     /**< the argument vector's */
	struct when from, to; /**< times: both inclusive; else "to" is the first one behind */
};

/** What the value of an ARG_CONFIG option is. */
enum option_config_kind {
	CONFIG_FILE,     /**< a file's name */
	CONFIG_PRESET,   /**< a preset's name */
	CONFIG_SETTING,  /**< "slab.max_order=0"; several by comma */
	CONFIG_SIDE,     /**< of those three some, by comma, maybe behind "LABEL:" */
	CONFIG_SHORTCUT, /**< the value of the option that the row names in "setting" */
};

struct cli_option;

/** One --config, --preset, --set or a shortcut for it. */
struct option_config {
	const struct cli_option *option;
	const char *text; /**< the argument vector's */
};

struct option_configs {
	struct vec(struct option_config) list;
};

/** How often something is done; one of the three, or none: not said. */
struct option_every {
	uint64_t events, ns;
	bool markers;
};

/** Everything that options can say, for all commands. */
struct cli_options {
	uint64_t given[2]; /**< bits of table rows: it was on the command line */
	bool help;
	bool version;
	unsigned int color;    /**< enum option_when */
	unsigned int progress; /**< enum option_when */

	/* Commands that read recordings. */
	const char *from; /**< format of the input; NULL: look */
	struct kernel_version kernel;
	struct option_ranges cpus;
	struct option_ranges pids;
	struct option_words events;
	struct option_span time;
	struct whens at;
	const char *output; /**< "-": stdout */

	/* Reports. */
	unsigned int format; /**< report_format_name() */
	uint64_t lines;      /**< of a table; 0: all */

	uint64_t stat_by;              /**< bits of enum account_key */
	struct option_sort stat_sort;  /**< choices are stat's columns */
	unsigned int convert_to;       /**< convert_format_name() */

	/* Commands that have a machine. */
	struct option_configs configs; /**< for cli_config() */

	/* config */
	bool config_print, config_check, config_schema, config_presets;

	/* replay */
	uint64_t layers;        /**< enum replay_layer */
	unsigned int recovered; /**< enum replay_recovered */
	bool self_check;
	bool verbose;
	const char *start; /**< directory of files of the moment of the first event; NULL: none */
	const char *boot;  /**< directory with the boot log; NULL: none */

	struct option_sort slab_sort;   /**< choices are slab_sort_name()'s */
	struct option_words caches;     /**< names with * and ?; none: all */
	const char *slab_series;        /**< file; NULL: none is wanted */

	/* report */
	const char *plots; /**< directory for pictures and their data; NULL: none is kept */

	/* compare */
	bool compare_recorded;
	const char *compare_baseline; /**< a side's name; NULL: the first one's */
	uint64_t compare_seeds;
	const char *compare_keep;     /**< directory for each side's replay; NULL: none */
	struct option_words fail_if;  /**< for threshold_parse() */
	const char *series; /**< file; NULL: none is wanted */
	const char *proc;   /**< directory for files of the kernel; NULL: none are wanted */
	struct option_every every;

	/* gfp */
	const char *gfp_kernel;    /**< release whose masks are read; NULL: the newest */
	uint64_t run_max_steps;
	uint64_t run_explain;      /**< alike calls to be shown; 0: all */
	const char *run_lesson;    /**< scenario_lesson_name(); NULL: a file is run */
	bool run_lessons, run_print;
	uint64_t gfp_order;
	uint64_t gfp_scopes;       /**< bits of gfp_scope_name() */
	unsigned int gfp_context;  /**< gfp_context_name() */
	bool gfp_list, gfp_all;

	/* verify */
	uint64_t verify_layers; /**< bits of enum verify_layer */
	bool follow, free_running;
	uint64_t given_facts;   /**< bits of enum verify_given; GIVEN_NR: none */
	uint64_t first;         /**< differences to tell of */
	uint64_t explain;       /**< number of an event */
	bool group;
	struct option_words truths;   /**< directories */
	struct option_words require;  /**< for verify_require() */

	/* failures */
	bool simulated;          /**< those of a replay; else those that were recorded */
	uint64_t failures_first; /**< to be reported in full */
	uint64_t at_event;       /**< number of an event */
};

enum option_when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct cli_option {
	const char *name; /**< without the dashes */
	char letter;      /**< '\0': none */
	uint8_t arg;      /**< enum option_arg */
	uint64_t commands; /**< bits of enum cli_command */
	size_t offset;    /**< of the field in struct cli_options */
	const char *metavar;
	uint64_t min, max;                       /**< NUMBER, SIZE */
	uint8_t config;                          /**< CONFIG: enum option_config_kind */
	const char *setting;                     /**< CONFIG_SHORTCUT: "machine.memory" */
	const char *(*choice)(unsigned int i);   /**< what it may be; NULL after the last */
	const char *(*begins)(unsigned int i);   /**< what stands before "=" in it: completion */
	const char *def;                         /**< as it would be written; NULL: zero */
	const char *bare; /**< NUMBER, SORT: what it means without a value; NULL: it needs one */
	const char *help;
};

/** Row "i" of the table, NULL after the last. */
const struct cli_option *option_get(unsigned int i);
/** Whether "o" can be given to "command" (NULL: before any command). */
bool option_is_for(const struct cli_option *o, const struct command *command);

/** Sets the defaults of single values. */
void options_init(struct cli_options *options);
/** Sets the defaults of lists of which nothing was given. */
void options_complete(struct cli_options *options);
void options_deinit(struct cli_options *options);

/** Stores "value" for "o", checked by the row; NULL for ARG_NONE. "err" says what was expected. */
MUST_CHECK bool option_set(struct cli_options *options, const struct cli_option *o,
			   const char *value, struct error *err);

/** Remembers that "o" was on the command line. */
void option_note_given(struct cli_options *options, const struct cli_option *o);
/** Whether the option with the field at "offset" was on the command line. */
bool option_was_given(const struct cli_options *options, size_t offset);

/** What was found on the command line. */
struct arguments {
	const struct command *command; /**< NULL: none */
	struct vec(const char *) operands;
};

/**
 * Takes "argv" apart. Stops early, successfully, at --help and --version. On failure "err" has the
 * message for the user.
 */
MUST_CHECK bool options_parse(struct cli_options *options, struct arguments *args, int argc,
			      char *const *argv, struct error *err);

/** option_span.c: takes "value" apart, for option_span_clear(); false: it says no such thing. */
MUST_CHECK bool option_span_parse(const char *value, struct option_span *span, struct error *err);
/** Not given any more. */
void option_span_clear(struct option_span *span);
/** option_every.c: takes "value" apart; false: it says nothing of the kind. */
MUST_CHECK bool option_every_parse(const char *value, struct option_every *every,
				   struct error *err);

/** Whether "nr" lies in one of the ranges; true when there are none. */
bool option_ranges_has(const struct option_ranges *ranges, uint64_t nr);

#endif
