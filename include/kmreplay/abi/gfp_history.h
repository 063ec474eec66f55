/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Every flag and composite that kernels since 2.2 had in their headers: its number in each release,
 * what it means, and what has become of it. gfp.h knows masks as recordings hold them, this one as
 * people write and print them, in any release.
 *
 * A mask here is the number that a kernel of "release" keeps, since two releases may mean different
 * things by one number and by one word; gfp_history_mask() brings it into the form of gfp.h.
 */
#ifndef KMREPLAY_ABI_GFP_HISTORY_H
#define KMREPLAY_ABI_GFP_HISTORY_H

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/error.h"

/** Releases as one number, to be compared: 2.6.32 and 6.12 (with a last part of 0). */
#define GFP_RELEASE(major, minor, patch)                                                      \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

/** The oldest release there are tables for, and the newest one that was read. */
#define GFP_RELEASE_OLDEST GFP_RELEASE(2, 2, 0)
#define GFP_RELEASE_NEWEST GFP_RELEASE(7, 2, 0)

/** "2.4.18", "6.12", "6.12.117+deb12-amd64"; false when it begins with no two numbers. */
bool gfp_release_parse(const char *text, uint32_t *release);
/** Appends "2.4.18", "2.6.0", "6.12": the last part before 3.0 only, where releases need it. */
void gfp_release_print(uint32_t release, struct str *out);

/** X(suffix, name): what a flag has a say in. */
#define GFP_TOPICS(X)                                                                         \
	X(ZONE, "zone")           /* which zones may serve */                                 \
	X(TYPE, "migratetype")    /* which lists of a zone */                                 \
	X(NODE, "node")           /* which nodes may serve */                                 \
	X(RESERVE, "reserves")    /* how far below the watermarks */                          \
	X(RECLAIM, "reclaim")     /* what may be done to get memory */                        \
	X(RETRY, "retries")       /* how long that is kept up */                              \
	X(PAGE, "page")           /* what the page is like when it is given */                \
	X(ACCOUNT, "accounting")                                                              \
	X(REPORT, "reports")      /* what is said about it */                                 \
	X(CALLER, "caller")       /* a composite: what a kind of caller asks for */           \
	X(NOTHING, "nothing")     /* has no effect on what a request gets */

enum gfp_topic {
#define X(suffix, name) GFP_TOPIC_##suffix,
	GFP_TOPICS(X)
#undef X
	GFP_TOPIC_NR,
};

/** "zone" */
const char *gfp_topic_name(enum gfp_topic topic);

/** A name of the kernel's headers as one release has it. Texts are static. */
struct gfp_word {
	const char *name;    /**< "__GFP_ZERO" */
	const char *members; /**< of a composite: as its header writes them; NULL: a flag */
	const char *meaning; /**< a sentence without its full stop */
	const char *today;   /**< what to write in a present kernel; NULL: the same name */
	enum gfp_topic topic;
	uint32_t raw;   /**< the number; 0: it has none in usual configurations */
	bool depends;   /**< the number depends on the configuration */
	bool alias;     /**< a composite that is no way to print a mask */
};

/** The next name that "release" has, flags before composites, from "*at" (0 at first) on. */
bool gfp_word_next(uint32_t release, unsigned int *at, struct gfp_word *ret);
/** What "name" ("len" bytes) is in "release"; false: it has no such name. */
bool gfp_word_find(uint32_t release, const char *name, size_t len, struct gfp_word *ret);
/**
 * A release that has "name": the newest one there is, else one in its last years. 0: none ever had.
 * "*end" gets the first release that had it no more, 0: present kernels have it.
 */
uint32_t gfp_word_release(const char *name, size_t len, uint32_t *end);
/** For suggestions: all names there ever were, each once; NULL after the last. */
const char *gfp_word_name(unsigned int i);

/** Releases in which no name changes its number, though some come and some go. */
struct gfp_generation {
	uint32_t first;
	const char *name; /**< "2.4.10 .. 2.5" */
};

/** Generation "i", oldest first; NULL after the last. */
const struct gfp_generation *gfp_generation_at(unsigned int i);
/** The one that "release" belongs to; the oldest one for what is older still. */
unsigned int gfp_generation_of(uint32_t release);
/** Its last release, with the most names. */
uint32_t gfp_generation_last(unsigned int i);

/** gfp_word_find() in the last of generation "i"'s releases that have the name. */
bool gfp_word_find_in(unsigned int i, const char *name, size_t len, struct gfp_word *ret);

/** The mask "raw" of a kernel of "release" in the form of gfp.h; what has no name is UNKNOWN. */
uint32_t gfp_history_mask(uint32_t release, uint64_t raw);
/** The other way round; "*left" (unless NULL) gets the bits that "release" cannot say. */
uint64_t gfp_history_raw(uint32_t release, uint32_t gfp, uint32_t *left);
/** Bits of "raw" that are no flag of "release". */
uint64_t gfp_history_unknown(uint32_t release, uint64_t raw);
/**
 * Appends the mask as C source of that release would write it, largest composites first, what has
 * no name as a number; "0" for an empty mask.
 */
void gfp_history_print(uint32_t release, uint64_t raw, struct str *out);

/** Most names of other releases that a mask may have. */
enum { GFP_READING_FOREIGN = 8 };

/** A name that the mask was written with and its release lacks. */
struct gfp_foreign {
	struct gfp_word word; /**< as in "release" */
	uint32_t release;     /**< one that has it */
	uint32_t end;         /**< the first one that had it no more; 0: it is newer */
};

/** A mask as somebody wrote it. */
struct gfp_reading {
	uint64_t raw;     /**< in its release; "foreign" words have no part in it */
	uint32_t foreign; /**< what those mean, in the form of gfp.h */
	bool named;       /**< it has names */
	bool numbered;    /**< it has a number in front of names in brackets, */
	uint64_t number;  /**< this one, */
	bool agree;       /**< which is what the names come to */
	struct gfp_foreign foreigners[GFP_READING_FOREIGN];
	unsigned int nr_foreigners;
};

/**
 * Reads a mask of "release": names of its headers or of its traces, numbers (0x... or decimal),
 * joined by '|', with "&~NAME" to take some away; or what traces and dmesg print, "0xcc0",
 * "0xcc0(GFP_KERNEL)", "mode:0xcc0(GFP_KERNEL),". "none" is 0. False and "err", with the nearest
 * name, when a word is none in any release.
 */
MUST_CHECK bool gfp_read(uint32_t release, const char *text, struct gfp_reading *ret,
			 struct error *err);
/**
 * The newest release in which the number and the names of "text" ("0x24200ca(GFP_...)") are the
 * same; 0: there is none, or it does not have both.
 */
uint32_t gfp_read_release(const char *text);

#endif
