/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the commands share: the run of the program, exit statuses, messages, output, progress, and
 * the one way in which recordings are read.
 */
#ifndef KMREPLAY_CLI_INTERNAL_H
#define KMREPLAY_CLI_INTERNAL_H

#include "filter.h"
#include "option.h"

#include "kmreplay/config/config.h"
#include "kmreplay/core/outfile.h"
#include "kmreplay/event/event.h"
#include "kmreplay/event/names.h"
#include "kmreplay/mm/profile.h"
#include "kmreplay/repair/repair.h"
#include "kmreplay/report/report.h"
#include "kmreplay/trace/trace.h"

#include <time.h>

/** X(suffix, status, meaning): the exit statuses, as help and manual list them. */
#define CLI_EXITS(X)                                                                          \
	X(OK, 0, "all went well")                                                             \
	X(CHECK, 1, "a check or a threshold that was asked for failed")                       \
	X(USAGE, 2, "the command line or a configuration was wrong")                          \
	X(INPUT, 3, "an input could not be read or is of no known format")                    \
	X(DAMAGED, 4, "an input is damaged; what could be read of it is reported")            \
	X(OUTPUT, 5, "the output could not be written")                                       \
	X(INTERRUPTED, 130, "interrupted; what was done until then is reported")

enum cli_exit {
#define X(suffix, status, meaning) EXIT_##suffix = (status),
	CLI_EXITS(X)
#undef X
};

/** One run of the program. */
struct cli {
	struct cli_options options;
	struct arguments args;
	struct outfile out; /**< opened by cli_output_open() */
	bool out_is_open;
	int out_errno; /**< why writing failed; 0: it did not */
	char spooled[32]; /**< where standard input was copied to, to be read twice; "": nowhere */
	struct option_words settings; /**< texts of options that are not the command line's */
};

/** Prints "kmreplay: ..." on standard error. */
void cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Prints "kmreplay: warning: ..." on standard error. */
void cli_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* output.c */

/** Opens what --output says; false: the message is printed, the status is EXIT_OUTPUT. */
MUST_CHECK bool cli_output_open(struct cli *cli);
/** Writes "report" to the open output in the format asked for. */
void cli_output_report(struct cli *cli, const struct report *report);
/** Writes "text" and empties it; false when the output is broken. */
MUST_CHECK bool cli_output_text(struct cli *cli, struct str *text);
/** Makes the output final; "status", or EXIT_OUTPUT when that failed. Quiet about broken pipes. */
MUST_CHECK int cli_output_commit(struct cli *cli, int status);
/** Gives the output up. Harmless when there is none. */
void cli_output_abort(struct cli *cli);
/** Whether colours are wanted on "fp". */
bool cli_wants_color(const struct cli_options *options, FILE *fp);

/* config.c: the machine that is asked for. */

/**
 * Applies one option of the command line to "config"; when it fails, "*unread" says whether for a
 * file that cannot be read.
 */
MUST_CHECK bool cli_config_add(struct config *config, const struct option_config *option,
			       struct error *err, bool *unread);
/** The length of the label in "LABEL:ITEM,ITEM", as --side takes it; 0: there is none. */
size_t cli_side_label(const char *text);
/**
 * What --config, --preset, --set and their shortcuts say together, in their order: "*ret" is the
 * caller's. False: the message is printed, "*status" is EXIT_USAGE, or EXIT_INPUT when a file
 * cannot be read.
 */
MUST_CHECK bool cli_config(const struct cli_options *options, struct config **ret, int *status);
/**
 * The same where options of some kinds open a side each: "openers" has those kinds (1 << enum
 * option_config_kind, or'ed). Of them only "own" (NULL: none) is for this side; all the others,
 * before and behind it, hold for every side.
 */
MUST_CHECK bool cli_config_side(const struct cli_options *options, unsigned int openers,
				const struct option_config *own, struct config **ret, int *status);
/**
 * Adds the table of what is set, if anything is, to the section that is open in "report"; people
 * see "lines" of it (0: all).
 */
void cli_config_report(struct report *report, const struct config *config, uint64_t lines);
/**
 * Adds whose rules the page allocator follows, and what was recorded: "release", empty when the
 * recording does not say.
 */
void cli_profile_report(struct report *report, const struct page_profile *profile,
			const char *release);

/* help.c */

/** Prints the help of "command" (NULL: of the program). */
void help_print(FILE *fp, const struct command *command);
/** Prints name, version and licence. */
void help_print_version(FILE *fp);
/** man.c: fills the man page text "in" with what the tables say; see man/README. */
MUST_CHECK bool man_page_print(FILE *fp, FILE *in, const char *name, struct error *err);

/* interrupt.c: SIGINT asks to stop, a second one kills. */

void interrupt_catch(void);
/** Whether SIGINT came since interrupt_catch(). */
bool interrupt_came(void);

/* progress.c: one line on standard error while work lasts. */

struct progress {
	bool on;
	bool shown;
	struct timespec start;
	double next; /**< seconds after start at which to print again */
};

void progress_init(struct progress *p, const struct cli_options *options);
/** "nr_events" done, "done" bytes of "total" (0: unknown). Cheap; prints a few times a second. */
void progress_update(struct progress *p, uint64_t nr_events, uint64_t done, uint64_t total);
/** Erases the line. */
void progress_erase(struct progress *p);

/* input_spool.c */

/**
 * For whoever will read "path" more than once: if it is standard input ("-"), which can be read
 * once only, it goes to a file without a name, which is opened from then on in its stead. False:
 * the message is printed, the status is EXIT_INPUT.
 */
MUST_CHECK bool cli_spool(struct cli *cli, const char *path);
/** A new file without a name, and in "path" how it is opened; below 0: there is none (errno). */
int cli_spool_file(char path[32]);

/* input.c: the pipeline. */

enum input_end {
	INPUT_WHOLE,       /**< read to the end */
	INPUT_INTERRUPTED, /**< the user stopped it */
	INPUT_DAMAGED,     /**< not readable beyond some point */
	INPUT_STOPPED,     /**< the consumer wanted no more */
};

struct cli_input {
	const char *path;
	char spooled[32];      /**< a scenario's events; "": it is none */
	int spool;             /**< descriptor of it */
	struct cli *cli;
	const struct repair *learned; /**< for struct repair_options; the caller's */
	struct event_names names;
	struct trace *trace;
	struct event_batch batch;
	struct filter filter;
	struct progress progress;
	bool again;            /**< another reading follows: that one tells of damage */
	bool cut;              /**< what does not lie in --time is not there for anybody */
	struct when_finder *finder; /**< is told of all events first; NULL: nobody asks */
	uint64_t nr_read;      /**< events taken from the trace */
	uint64_t nr_given;     /**< of them: handed on, which differs in a cut only */
	uint64_t first_time, last_time; /**< of those handed on */
	enum input_end end;
	struct error error;    /**< INPUT_DAMAGED: where and why */
};

/** Consumers return false when they want no more. */
typedef bool input_events_fn(void *ctx, const struct event_batch *batch);
typedef bool input_repaired_fn(void *ctx, const struct repair *repair,
			       const struct repair_batch *batch);

/**
 * Opens "path", to be closed if that is EXIT_OK; else the message is printed. Where --time takes it
 * all is read once already.
 */
MUST_CHECK int cli_input_open(struct cli_input *in, struct cli *cli, const char *path);
/**
 * Reads all of it for "finder" and starts over. EXIT_OK; else, also when something in it was
 * wrong enough to end a run, the message is printed.
 */
MUST_CHECK int cli_input_find(struct cli_input *in, struct when_finder *finder);
/** Starts over from the first event, with the names known so far. As cli_input_open(). */
MUST_CHECK bool cli_input_rewind(struct cli_input *in);
void cli_input_close(struct cli_input *in);
/**
 * Reads to the end, or until interrupted, and hands over each batch that holds events after the
 * filters. Returns EXIT_OK, EXIT_INTERRUPTED, EXIT_DAMAGED, or EXIT_INPUT when nothing at all
 * could be read; the message for the user is printed.
 */
MUST_CHECK int cli_input_events(struct cli_input *in, input_events_fn *fn, void *ctx);
/**
 * A repair for what comes from "in", the caller's. After the first batch only: a text tells by its
 * first pointers what they are.
 */
MUST_CHECK struct repair *cli_input_repair(struct cli_input *in);
/**
 * The same through repair, which sees all events: filters are the consumer's affair here, since
 * an object belongs to whoever allocated it. Returns the repair with its coverage and caches, for
 * the caller to destroy; "*status" is what cli_input_events() returns.
 */
MUST_CHECK struct repair *cli_input_repaired(struct cli_input *in, input_repaired_fn *fn, void *ctx,
					     int *status);
/** The steps of both: the next batch, unfiltered; false at the end, which in->end describes. */
MUST_CHECK bool cli_input_next(struct cli_input *in);
/** After the last batch: says what is wrong and gives the status. */
MUST_CHECK int cli_input_finish(struct cli_input *in);
/** What WHEN "i" of --at, which "finder" looked for, has come to; false: the message is printed. */
MUST_CHECK bool cli_input_moment(const struct cli_input *in, const struct when_finder *finder,
				 size_t i, uint64_t *number);
/** The head of a report: which recording, which part of it, "nr_events" of how much time. */
void cli_input_describe(const struct cli_input *in, uint64_t nr_events, struct report *report);
/** Warns in "report" of what is wrong with the input: cut, interrupted, lost events, ... */
void cli_input_warn(const struct cli_input *in, struct report *report);

/**
 * The name of a known event type to people: that of its tracepoint, and "tracing_mark_write" for
 * markers, as tracefs calls them.
 */
const char *cli_event_name(unsigned int type);

/* Choices of the commands' own options. */

const char *stat_key_name(unsigned int i);
const char *stat_column_name(unsigned int i);
const char *convert_format_name(unsigned int i);
const char *replay_layer_name(unsigned int i);
const char *replay_recovered_name(unsigned int i);
const char *slab_sort_name(unsigned int i);
const char *verify_given_choice(unsigned int i);
const char *gfp_scope_name(unsigned int i);
const char *gfp_context_name(unsigned int i);

#endif
