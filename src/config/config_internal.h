/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of this room share: rows of the table of options, and values.
 */
#ifndef KMREPLAY_CONFIG_INTERNAL_H
#define KMREPLAY_CONFIG_INTERNAL_H

#include "kmreplay/config/config.h"
#include "kmreplay/core/vec.h"

enum config_type {
	CONFIG_BOOL,    /**< bool */
	CONFIG_NUMBER,  /**< decimal or 0x... within min..max */
	CONFIG_SIZE,    /**< bytes: 4096, 512M, 2G */
	CONFIG_ADDRESS, /**< a number that is printed in hexadecimal */
	CONFIG_CHOICE,  /**< number of the choice */
	CONFIG_KERNEL,  /**< "6.12" */
	CONFIG_SIZES,   /**< an ascending list of sizes of 32 bits; never empty */
	CONFIG_TEXT,    /**< 1 .. max bytes that "check" accepts, none of them \ or " */
};

/** What "auto" puts into the machine. */
enum config_auto {
	AUTO_NONE,      /**< nothing: "auto" is not allowed */
	AUTO_ZERO,      /**< 0, or an empty list */
	AUTO_MINUS_ONE, /**< -1 */
	AUTO_RECORDED,  /**< nothing: the machine stays as recorded */
};

/** One option. "type", "automatic" and the bounds are what parsing, printing and schema obey. */
struct config_option {
	const char *path;
	const char *help;
	const char *unit;  /**< "pages"; NULL: none, or bytes */
	uint8_t type;      /**< enum config_type */
	uint8_t automatic; /**< enum config_auto */
	uint8_t width;     /**< of the field in bytes: 1, 4, 8; 0: a list, or no field */
	uint8_t shift;     /**< the field counts units of 2^shift bytes */
	bool has_field;    /**< of struct machine_config, at "offset" */
	size_t offset;
	uint64_t min, max;
	uint64_t multiple; /**< it has to be a multiple of this; 0: of nothing */
	const char *(*choice)(unsigned int i);
	bool (*check)(const char *text, struct error *err); /**< of a text */
};

/** A group of options: "slab" of "slab.max_order". */
struct config_section {
	const char *path;
	const char *help;
};

/** Row "i" of the tables, NULL after the last. */
const struct config_option *config_option_get(unsigned int i);
const struct config_section *config_section_get(unsigned int i);
unsigned int config_nr_options(void);
unsigned int config_nr_sections(void);
/** The row of the option or section called "path"; -1: there is none. */
int config_option_find(const char *path);
int config_section_find(const char *path);
/** The option that was probably meant by "path", also by its last part alone; or NULL. */
const char *config_option_nearest(const char *path);

/** How many sections "path" lies in; its last part; how much of it "other" shares, dot included. */
unsigned int config_path_depth(const char *path);
const char *config_path_last(const char *path);
size_t config_path_shared(const char *path, const char *other);
/**
 * The sections that begin on the way from the option "last" ("": none yet) to "path", outermost
 * first; NULL after the last. "*at" is 0 at first.
 */
const struct config_section *config_section_after(const char *last, const char *path, size_t *at);

struct config_value {
	bool set;
	bool automatic;
	uint64_t nr; /**< bool, number, bytes, choice; a kernel as major << 32 | minor */
	struct vec(uint32_t) sizes;
	char *text; /**< owned */
	char *from; /**< owned */
};

struct config {
	struct config_value *values; /**< by row of the table */
};

/** At most so many sizes stand in a list. */
enum { CONFIG_MAX_SIZES = 1024 };

void config_value_deinit(struct config_value *value);
/** Makes "to" the same as "from". */
void config_value_copy(struct config_value *to, const struct config_value *from);
/**
 * Parses "text" for "o" into "ret", which is initialised to zero or a value. Sizes of a list are
 * separated by commas, brackets around them may be left out. "err" begins with the option's path.
 */
MUST_CHECK bool config_value_parse(const struct config_option *o, const char *text,
				   struct config_value *ret, struct error *err);
/** Adds one item to a list, which begins as a zeroed value. As config_value_parse(). */
MUST_CHECK bool config_value_add(const struct config_option *o, const char *text,
				 struct config_value *ret, struct error *err);
/** "slab.min_order: expected a number from 0 to 10, not 'x'"; returns false. */
bool config_value_unexpected(const struct config_option *o, const char *text, struct error *err);
/** What "o" is when nobody sets it. */
void config_value_default(const struct config_option *o, struct config_value *ret);
/** Appends the value as it is written in YAML. */
void config_value_print(const struct config_option *o, const struct config_value *value,
			struct str *out);
/** Appends what "o" may be: "a number from 0 to 10 or auto". */
void config_value_allowed(const struct config_option *o, struct str *out);
/** Puts the value into its field, if it has one. */
void config_value_apply(const struct config_option *o, const struct config_value *value,
			struct machine_config *machine);

/** Enough of a text to recognise it: at most 60 bytes, control characters replaced. */
struct config_quote {
	char text[64];
};
struct config_quote config_quote(const char *text);

/** load.c: as config_load(), "from" (NULL: name:line) for what is set. */
MUST_CHECK bool config_load_from(struct config *config, const struct str *text, const char *name,
				 const char *from, struct error *err);

/** A preset, made of its file when the program is built. */
struct config_preset {
	const char *name;
	const char *summary;
	const char *text;
	size_t len;
};

/** Ascending by name; the last one has no name. */
extern const struct config_preset config_presets[];

#endif
