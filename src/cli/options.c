/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table: one row an option, in the order of the help. */
#include <config.h>

#include "option.h"

#include "cli_internal.h"
#include "command.h"

#include "kmreplay/config/config.h"
#include "kmreplay/report/report.h"
#include "kmreplay/scenario/lesson.h"
#include "kmreplay/trace/trace.h"
#include "kmreplay/verify/log.h"

#define FIELD(name) offsetof(struct cli_options, name)

static const char *when_name(unsigned int i);

/* ",start,snapshot,...": every fact by name. */
#define X(suffix, name, meaning) "," name
static const char all_givens[] = VERIFY_GIVENS(X);
#undef X

static const struct cli_option options_table[] = {
	{ .name = "from", .arg = ARG_TEXT, .commands = CMD_BITS_READERS, .offset = FIELD(from),
	  .metavar = "FORMAT", .choice = trace_format_name,
	  .help = "take the input as FORMAT instead of looking at its content" },
	{ .name = "kernel", .arg = ARG_KERNEL, .commands = CMD_BITS_READERS,
	  .offset = FIELD(kernel), .metavar = "VERSION",
	  .help = "the kernel that was recorded, when the recording does not say it (6.12)" },
	{ .name = "kernel", .arg = ARG_TEXT, .commands = CMD_BIT(GFP),
	  .offset = FIELD(gfp_kernel), .metavar = "VERSION",
	  .help = "the kernel whose names and numbers the masks are, from 2.2 on (4.9, 2.6.32); "
		  "without it the newest, or the one that a printed mask is of" },
	{ .name = "order", .arg = ARG_NUMBER, .commands = CMD_BIT(GFP), .offset = FIELD(gfp_order),
	  .metavar = "N", .max = 64,
	  .help = "log2 of the pages that are asked for; without it a single page" },
	{ .name = "scope", .arg = ARG_SET, .commands = CMD_BIT(GFP), .offset = FIELD(gfp_scopes),
	  .metavar = "SCOPES", .choice = gfp_scope_name,
	  .help = "scopes that the task is in (memalloc_noio_save() and its like)" },
	{ .name = "context", .arg = ARG_CHOICE, .commands = CMD_BIT(GFP),
	  .offset = FIELD(gfp_context), .metavar = "WHO", .choice = gfp_context_name,
	  .def = "task", .help = "who asks" },
	{ .name = "list", .arg = ARG_NONE, .commands = CMD_BIT(GFP), .offset = FIELD(gfp_list),
	  .help = "the names that the kernel has, with number, members and meaning" },
	{ .name = "all", .arg = ARG_NONE, .commands = CMD_BIT(GFP), .offset = FIELD(gfp_all),
	  .help = "with --list: all names there ever were, with their numbers in each generation of "
		  "kernels" },
	{ .name = "cpu", .arg = ARG_RANGES, .commands = CMD_BITS_FILTERS, .offset = FIELD(cpus),
	  .metavar = "LIST", .help = "only events on these CPUs (0,2-5)" },
	{ .name = "pid", .arg = ARG_RANGES, .commands = CMD_BITS_FILTERS, .offset = FIELD(pids),
	  .metavar = "LIST", .help = "only events of these tasks" },
	{ .name = "event", .letter = 'e', .arg = ARG_WORDS, .commands = CMD_BITS_FILTERS,
	  .offset = FIELD(events), .metavar = "NAME",
	  .help = "only events called NAME or of the system NAME, with * and ? as in a shell; "
		  "several by comma" },
	{ .name = "time", .arg = ARG_SPAN, .commands = CMD_BITS_READERS, .offset = FIELD(time),
	  .metavar = "A,B",
	  .help = "only events from A to B, either may be left out: seconds as recorded, "
		  "event:NUMBER, 50%, marker:TEXT, start or end" },
	{ .name = "at", .arg = ARG_WHEN,
	  .commands = CMD_BIT(STAT) | CMD_BIT(REPLAY) | CMD_BIT(VERIFY) | CMD_BIT(FAILURES),
	  .offset = FIELD(at), .metavar = "WHEN",
	  .help = "stat: account up to there only; replay: when --proc writes; verify: when the "
		  "files of --truth were read; failures: report the first one from there on (14.94, "
		  "event:NUMBER, 50%, marker:TEXT, start or end); several may be given" },
	{ .name = "by", .arg = ARG_SET, .commands = CMD_BIT(STAT), .offset = FIELD(stat_by),
	  .metavar = "KEYS", .choice = stat_key_name, .def = "callsite",
	  .help = "what to account by; several by comma give several tables" },
	{ .name = "sort", .letter = 's', .arg = ARG_SORT, .commands = CMD_BIT(STAT),
	  .offset = FIELD(stat_sort), .metavar = "COLUMNS", .choice = stat_column_name,
	  .def = "bytes",
	  .help = "order lines by these columns, largest first, smallest first with + before the "
		  "name" },
	{ .name = "lines", .letter = 'l', .arg = ARG_NUMBER,
	  .commands = CMD_BIT(STAT) | CMD_BITS_REPLAYS | CMD_BIT(VERIFY) | CMD_BIT(FAILURES),
	  .offset = FIELD(lines),
	  .metavar = "N", .max = UINT32_MAX, .def = "20",
	  .help = "lines of a table, 0 for all; other forms than text have all unless told" },
	{ .name = "layers", .arg = ARG_SET, .commands = CMD_BITS_REPLAYS | CMD_BIT(FAILURES),
	  .offset = FIELD(layers),
	  .metavar = "LAYERS", .choice = replay_layer_name, .def = "page,slab,vmalloc,percpu",
	  .help = "what is simulated; for the others the recorded page events are replayed" },
	{ .name = "layers", .arg = ARG_SET, .commands = CMD_BIT(VERIFY),
	  .offset = FIELD(verify_layers), .metavar = "LAYERS", .choice = verify_layer_name,
	  .def = "page,slab,vmalloc,percpu,joint",
	  .help = "which layers are judged; joint: slabs with their pages from the page allocator, "
		  "judged, too, when page and slab both are" },
	{ .name = "follow", .arg = ARG_NONE, .commands = CMD_BIT(VERIFY), .offset = FIELD(follow),
	  .help = "only followed: a difference is corrected from the recording, which measures "
		  "the rules; without this and --free both are shown" },
	{ .name = "free", .arg = ARG_NONE, .commands = CMD_BIT(VERIFY),
	  .offset = FIELD(free_running),
	  .help = "only free-running: nothing is corrected, which measures the drift" },
	{ .name = "given", .arg = ARG_SET, .commands = CMD_BIT(VERIFY),
	  .offset = FIELD(given_facts), .metavar = "FACTS", .choice = verify_given_choice,
	  .def = all_givens + 1,
	  .help = "what the simulation is given from the recording beside the requests; -FACT: all "
		  "but that; none: nothing" },
	{ .name = "truth", .arg = ARG_WORDS, .commands = CMD_BIT(VERIFY), .offset = FIELD(truths),
	  .metavar = "DIR",
	  .help = "compare with the kernel's own files in DIR, as they were at the marks in the "
		  "recording or --at; several may be given" },
	{ .name = "require", .arg = ARG_WORDS, .commands = CMD_BIT(VERIFY),
	  .offset = FIELD(require), .metavar = "EXPRESSION",
	  .help = "exit 1 when this does not hold (page.pfn>=0.99, free.slab.slab>=90%); several "
		  "may be given" },
	{ .name = "first", .arg = ARG_NUMBER, .commands = CMD_BIT(VERIFY), .offset = FIELD(first),
	  .metavar = "N", .max = 100000, .bare = "10",
	  .help = "tell of the first N differences of each layer: what we did, what the kernel did "
		  "and the state of both; 10 without a number" },
	{ .name = "simulated", .arg = ARG_NONE, .commands = CMD_BIT(FAILURES),
	  .offset = FIELD(simulated),
	  .help = "failures of a replay, as any setting of a machine makes them; without both those "
		  "that were recorded" },
	{ .name = "first", .arg = ARG_NUMBER, .commands = CMD_BIT(FAILURES),
	  .offset = FIELD(failures_first), .metavar = "N", .max = 100000,
	  .help = "report the first N failures in full; 3 unless --event or --at chooses others" },
	{ .name = "event", .arg = ARG_NUMBER, .commands = CMD_BIT(FAILURES),
	  .offset = FIELD(at_event), .metavar = "NUMBER", .max = UINT64_MAX - 1,
	  .help = "report the failure at the event of this number" },
	{ .name = "explain", .arg = ARG_NUMBER, .commands = CMD_BIT(VERIFY),
	  .offset = FIELD(explain), .metavar = "EVENT", .max = UINT64_MAX - 1,
	  .help = "tell the same of all decisions at the event of this number, right or wrong" },
	{ .name = "explain", .arg = ARG_NUMBER, .commands = CMD_BIT(RUN),
	  .offset = FIELD(run_explain), .metavar = "N", .max = UINT64_MAX - 1, .bare = "3",
	  .help = "print each call with what it gave, the path that it took and what that cost; of "
		  "calls in a loop that are alike the first N, 3 without a number, 0: all" },
	{ .name = "lesson", .arg = ARG_TEXT, .commands = CMD_BIT(RUN),
	  .offset = FIELD(run_lesson), .metavar = "NAME", .choice = scenario_lesson_name,
	  .help = "run the lesson NAME, a scenario that comes with the program, instead of FILE" },
	{ .name = "list-lessons", .arg = ARG_NONE, .commands = CMD_BIT(RUN),
	  .offset = FIELD(run_lessons), .help = "names of lessons and what they are about" },
	{ .name = "print", .arg = ARG_NONE, .commands = CMD_BIT(RUN), .offset = FIELD(run_print),
	  .help = "print the scenario's text, to be read or changed, and do not run it" },
	{ .name = "max-steps", .arg = ARG_NUMBER, .commands = CMD_BIT(RUN),
	  .offset = FIELD(run_max_steps), .metavar = "N", .max = UINT64_MAX - 1,
	  .def = "1000000000",
	  .help = "give up after N statements" },
	{ .name = "group", .arg = ARG_NONE, .commands = CMD_BIT(VERIFY), .offset = FIELD(group),
	  .help = "sort differences into classes by metric, rule, order, type, cache and call site" },
	{ .name = "config", .letter = 'c', .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES,
	  .offset = FIELD(configs), .config = CONFIG_FILE, .metavar = "FILE",
	  .help = "take the machine's settings from the YAML in FILE; of this and the next options "
		  "a later one wins" },
	{ .name = "preset", .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES,
	  .offset = FIELD(configs), .config = CONFIG_PRESET, .metavar = "NAME",
	  .choice = config_preset_name, .help = "settings of a kind of machine" },
	{ .name = "set", .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES,
	  .offset = FIELD(configs), .config = CONFIG_SETTING, .metavar = "NAME=VALUE",
	  .begins = config_option_path,
	  .help = "one setting (slab.max_order=0); 'kmreplay config --print' lists all" },
	{ .name = "memory", .letter = 'm', .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES,
	  .offset = FIELD(configs), .config = CONFIG_SHORTCUT, .setting = "machine.memory",
	  .metavar = "SIZE",
	  .help = "size of the machine; without it as far as the recording's page frames reach" },
	{ .name = "cpus", .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES,
	  .offset = FIELD(configs), .config = CONFIG_SHORTCUT, .setting = "machine.cpus",
	  .metavar = "N", .help = "CPUs of the machine; without it as many as the recording has" },
	{ .name = "seed", .arg = ARG_CONFIG, .commands = CMD_BITS_MACHINES & ~CMD_BIT(GFP),
	  .offset = FIELD(configs), .config = CONFIG_SHORTCUT, .setting = "seed", .metavar = "N",
	  .help = "of everything that chance decides: order of objects in a slab" },
	{ .name = "print", .arg = ARG_NONE, .commands = CMD_BIT(CONFIG),
	  .offset = FIELD(config_print),
	  .help = "all options with help, range and default; what is set is not commented out" },
	{ .name = "check", .arg = ARG_NONE, .commands = CMD_BIT(CONFIG),
	  .offset = FIELD(config_check),
	  .help = "say whether each FILE is a configuration; exit 2 when one is not" },
	{ .name = "schema", .arg = ARG_NONE, .commands = CMD_BIT(CONFIG),
	  .offset = FIELD(config_schema),
	  .help = "the JSON schema of configuration files, for editors" },
	{ .name = "list-presets", .arg = ARG_NONE, .commands = CMD_BIT(CONFIG),
	  .offset = FIELD(config_presets), .help = "names of presets and what they are" },
	{ .name = "start", .arg = ARG_FILE,
	  .commands = CMD_BITS_REPLAYS | CMD_BIT(VERIFY) | CMD_BIT(FAILURES),
	  .offset = FIELD(start),
	  .metavar = "DIR",
	  .help = "files of the recorded machine from the moment at which the recording begins "
		  "(zoneinfo, buddyinfo, pagetypeinfo, kpageflags, ...): its memory is as they say" },
	{ .name = "boot", .arg = ARG_FILE,
	  .commands = CMD_BITS_REPLAYS | CMD_BIT(VERIFY) | CMD_BIT(FAILURES),
	  .offset = FIELD(boot),
	  .metavar = "DIR",
	  .help = "the boot log (dmesg, best with memblock=debug) and iomem of the recorded machine: "
		  "which memory it had, and which was reserved; and kpageflags and slabinfo, there "
		  "or in DIR/start or DIR/end, read before the recording ended: what no event "
		  "touches" },
	{ .name = "recovered", .arg = ARG_CHOICE, .commands = CMD_BITS_REPLAYS | CMD_BIT(FAILURES),
	  .offset = FIELD(recovered), .metavar = "WHAT", .choice = replay_recovered_name,
	  .def = "keep",
	  .help = "an allocation that failed when recorded and succeeds here: keep it to the end, "
		  "or drop it at once" },
	{ .name = "series", .arg = ARG_FILE, .commands = CMD_BIT(REPLAY), .offset = FIELD(series),
	  .metavar = "FILE",
	  .help = "write metrics over time to FILE, as CSV, or as TSV if it is called *.tsv" },
	{ .name = "slab-series", .arg = ARG_FILE, .commands = CMD_BIT(REPLAY),
	  .offset = FIELD(slab_series), .metavar = "FILE",
	  .help = "the same for slab caches, a row for each" },
	{ .name = "every", .arg = ARG_EVERY, .commands = CMD_BIT(REPLAY), .offset = FIELD(every),
	  .metavar = "SPAN",
	  .help = "how often --series and --slab-series look: a time (100ms), a number of events "
		  "(5000-events), or marker, at each trace_marker; without it about a thousand "
		  "times" },
	{ .name = "proc", .arg = ARG_FILE, .commands = CMD_BIT(REPLAY), .offset = FIELD(proc),
	  .metavar = "DIR",
	  .help = "write buddyinfo, slabinfo and other files of the machine's kernel to DIR, as "
		  "they are at the end or --at; several --at have a directory each in it" },
	{ .name = "slabs", .arg = ARG_SORT, .commands = CMD_BIT(REPLAY),
	  .offset = FIELD(slab_sort), .metavar = "COLUMNS", .choice = slab_sort_name,
	  .bare = "loss",
	  .help = "more of the slab caches, as slabtop and 'slabinfo -X' show them, sorted by these "
		  "columns, largest first, smallest first with + before the name" },
	{ .name = "caches", .arg = ARG_WORDS, .commands = CMD_BIT(REPLAY),
	  .offset = FIELD(caches), .metavar = "NAMES",
	  .help = "only slab caches with these names, with * and ? as in a shell; several by "
		  "comma" },
	{ .name = "self-check", .arg = ARG_NONE, .commands = CMD_BITS_REPLAYS,
	  .offset = FIELD(self_check),
	  .help = "verify the machine: counts of pages after each event, every invariant after "
		  "each 1024 events and at the end; exit 1 when one is broken" },
	{ .name = "verbose", .letter = 'v', .arg = ARG_NONE, .commands = CMD_BITS_REPLAYS,
	  .offset = FIELD(verbose), .help = "all tables, also those that most readers skip" },
	{ .name = "side", .arg = ARG_CONFIG, .commands = CMD_BITS_SIDES,
	  .offset = FIELD(configs), .config = CONFIG_SIDE, .metavar = "[LABEL:]ITEM,...",
	  .help = "one side of settings, presets and files together, later ones win" },
	{ .name = "plots", .arg = ARG_FILE, .commands = CMD_BIT(REPORT), .offset = FIELD(plots),
	  .metavar = "DIR",
	  .help = "keep each picture in DIR with its data and its gnuplot script" },
	{ .name = "recorded", .arg = ARG_NONE, .commands = CMD_BIT(COMPARE),
	  .offset = FIELD(compare_recorded),
	  .help = "one more side: what the recording itself shows, where it does" },
	{ .name = "baseline", .arg = ARG_TEXT, .commands = CMD_BIT(COMPARE),
	  .offset = FIELD(compare_baseline), .metavar = "SIDE",
	  .help = "the side that the others are held against, by name; else the first" },
	{ .name = "seeds", .arg = ARG_NUMBER, .commands = CMD_BIT(COMPARE),
	  .offset = FIELD(compare_seeds), .metavar = "N", .min = 1, .max = 64, .def = "1",
	  .help = "replay each side with N seeds: means are compared, and no more is called better "
		  "or worse than chance makes" },
	{ .name = "fail-if", .arg = ARG_WORDS, .commands = CMD_BIT(COMPARE),
	  .offset = FIELD(fail_if), .metavar = "EXPRESSION",
	  .help = "exit 1 when this is true of any side but the baseline (failures.order3 > +0); "
		  "several may be given" },
	{ .name = "keep", .arg = ARG_FILE, .commands = CMD_BIT(COMPARE),
	  .offset = FIELD(compare_keep), .metavar = "DIR",
	  .help = "write each side's whole replay to DIR/SIDE.json, as 'kmreplay replay' would" },
	{ .name = "to", .arg = ARG_CHOICE, .commands = CMD_BIT(CONVERT),
	  .offset = FIELD(convert_to), .metavar = "FORMAT", .choice = convert_format_name,
	  .def = "ftrace", .help = "format to write" },
	{ .name = "format", .letter = 'f', .arg = ARG_CHOICE, .commands = CMD_BITS_REPORTS,
	  .offset = FIELD(format), .metavar = "FORMAT", .choice = report_format_name,
	  .def = "text", .help = "form of the report" },
	{ .name = "output", .letter = 'o', .arg = ARG_FILE,
	  .commands = CMD_BITS_READERS | CMD_BIT(CONFIG) | CMD_BIT(GFP), .offset = FIELD(output),
	  .metavar = "FILE", .def = "-",
	  .help = "write to FILE, which appears when it is whole; - is standard output" },
	{ .name = "color", .arg = ARG_CHOICE, .commands = CMD_BITS_ALL, .offset = FIELD(color),
	  .metavar = "WHEN", .choice = when_name, .def = "auto",
	  .help = "colours; auto: on a terminal unless NO_COLOR is set" },
	{ .name = "progress", .arg = ARG_CHOICE, .commands = CMD_BITS_READERS,
	  .offset = FIELD(progress), .metavar = "WHEN", .choice = when_name, .def = "auto",
	  .help = "progress on standard error; auto: on a terminal, after a second" },
	{ .name = "help", .letter = 'h', .arg = ARG_NONE, .commands = CMD_BITS_ALL,
	  .offset = FIELD(help), .help = "this text" },
	{ .name = "version", .letter = 'V', .arg = ARG_NONE, .commands = CMD_BITS_ALL,
	  .offset = FIELD(version), .help = "name, version and licence" },
};

static_assert(ARRAY_SIZE(options_table) <= 128, "cli_options.given has a bit for each row");

const struct cli_option *option_get(unsigned int i)
{
	return i < ARRAY_SIZE(options_table) ? &options_table[i] : NULL;
}

bool option_is_for(const struct cli_option *o, const struct command *command)
{
	if (!command)
		return o->commands == CMD_BITS_ALL;
	return o->commands & (1ULL << command_id(command));
}

void option_note_given(struct cli_options *options, const struct cli_option *o)
{
	const size_t row = (size_t)(o - options_table);

	options->given[row / 64] |= 1ULL << (row % 64);
}

bool option_was_given(const struct cli_options *options, size_t offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (options_table[i].offset == offset)
			return options->given[i / 64] >> (i % 64) & 1;
	BUG_ON(true);
}

static const char *when_name(unsigned int i)
{
	static const char *const names[] = { "auto", "always", "never" };

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}
