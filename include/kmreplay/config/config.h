/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A machine's configuration as people write it: options with names ("slab.max_order") in YAML
 * files, in presets and on the command line, all from one table of options.
 *
 *	struct config *config = config_create();
 *
 *	config_load_preset(config, "router-64m", &err)
 *	config_read("mine.yaml", &text, &err)
 *	config_load(config, &text, "mine.yaml", &err)     later wins, option by option
 *	config_set(config, "slab.max_order=0", "--set", &err)
 *	machine_config_init(&machine, config_kernel(config, recorded), config_arch(config, ...));
 *	config_apply(config, &machine);
 *
 * Only what was set is held: an option that nobody set leaves the machine as it is, that is as
 * recorded or as the kernel's own rule says.
 */
#ifndef KMREPLAY_CONFIG_CONFIG_H
#define KMREPLAY_CONFIG_CONFIG_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"
#include "kmreplay/mm/machine_config.h"

struct config;

/** With nothing set. */
MUST_CHECK struct config *config_create(void);
/** The same settings once more. */
MUST_CHECK struct config *config_copy(const struct config *config);
/** "config" may be NULL. */
void config_destroy(struct config *config);

/** Longest text of a configuration, in bytes. */
enum { CONFIG_MAX_SIZE = 64 << 10 };

/**
 * Appends the file "path" ("-": standard input) to "text". False when it cannot be read or is
 * longer than a configuration may be.
 */
MUST_CHECK bool config_read(const char *path, struct str *text, struct error *err);
/**
 * Takes the YAML in "text" over what is set; "name" is what messages call it. False and "err" as
 * one line, "name:line:column: what is wrong, what is allowed, what was probably meant"; then
 * nothing of it is taken over. Texts are hostile: size, depth, aliases, scalars and keys are
 * bounded.
 */
MUST_CHECK bool config_load(struct config *config, const struct str *text, const char *name,
			    struct error *err);
/** The same with a preset. */
MUST_CHECK bool config_load_preset(struct config *config, const char *name, struct error *err);
/**
 * "slab.max_order=0"; the value as in YAML, lists as "[8, 16, 32]" or "8,16,32". "from" says who
 * set it, for config_next_setting().
 */
MUST_CHECK bool config_set(struct config *config, const char *assignment, const char *from,
			   struct error *err);
/** Everything that is set in "from" is set in "config", too. */
void config_merge(struct config *config, const struct config *from);

/** Whether the option called "path" is set. */
bool config_is_set(const struct config *config, const char *path);
/** The release whose rules are wanted; "recorded" when none was set. */
struct kernel_version config_kernel(const struct config *config, struct kernel_version recorded);
/** The architecture that is wanted; "recorded" when none was set. */
enum machine_arch config_arch(const struct config *config, enum machine_arch recorded);
/** Bytes of memory; 0: as recorded. */
uint64_t config_memory(const struct config *config);
/** Puts everything that is set, but kernel, architecture and memory, into "machine". */
void config_apply(const struct config *config, struct machine_config *machine);

/** One option that is set. */
struct config_setting {
	const char *path;  /**< "slab.max_order" */
	const char *value; /**< "0", "64M", "[8, 16]"; as long as "text" of the call lives */
	const char *from;  /**< "mine.yaml:12", "preset router-64m", "--set"; the config's */
};

/**
 * The next option that is set, in the table's order, from "*at" (0 at first) on; false: none is
 * left. "text" keeps the value and is overwritten.
 */
bool config_next_setting(const struct config *config, unsigned int *at, struct str *text,
			 struct config_setting *ret);

/**
 * Appends the configuration as YAML that loads back to the same; "all": every option with its
 * help, those that are not set commented out with their default ("#name: value").
 */
void config_print(const struct config *config, bool all, struct str *out);
/** Appends the JSON schema of configuration files. */
void config_print_schema(struct str *out);

/** What the table says of one option, for manuals; texts are static. */
struct config_option_info {
	const char *path;         /**< "slab.max_order" */
	const char *help;         /**< "largest order of a slab" */
	const char *section;      /**< "slab"; NULL: the option is in none */
	const char *section_help; /**< "slab caches" */
};

/** Row "i", false after the last; "allowed" gets what it may be, "def" what it is when unset. */
bool config_option_info(unsigned int i, struct config_option_info *ret, struct str *allowed,
			struct str *def);
/** For completion and suggestions: the path of row "i", NULL after the last. */
const char *config_option_path(unsigned int i);

/** Name and one line about preset "i"; NULL after the last. */
const char *config_preset_name(unsigned int i);
const char *config_preset_summary(unsigned int i);

#endif
