/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The state of the recorded machine when the recording begins, put together once from all there is:
 * the events themselves (survey.h), the kernel's boot log, files of the running machine. Every
 * machine that replays the recording starts from it, as far as it has the same memory.
 */
#ifndef KMREPLAY_REPLAY_START_H
#define KMREPLAY_REPLAY_START_H

#include "kmreplay/core/vec.h"
#include "kmreplay/mm/machine_config.h"
#include "kmreplay/mm/page_start.h"
#include "kmreplay/replay/survey.h"

struct proc_snapshot;

/** What a frame's state at the start rests on. */
#define START_BASES(X)                                                                          \
	X(EVENTS, "events", "pages by events", "what happened to the page first")                  \
	X(FLAGS, "kpageflags", "by kpageflags", "no event touches the page")                       \
	X(MEMBLOCK, "memblock", "by the boot log", "reserved, or handed over in order")            \
	X(RULE, "rule", "by rules of boot", "lists are in order then, higher zones used first")    \
	X(COUNTS, "counts", "by counts", "there are so many free blocks; the seed places them")    \
	X(NOTHING, "nothing", "by nothing", "no event touches the page: taken as free")

enum start_basis {
#define X(suffix, ...) START_BY_##suffix,
	START_BASES(X)
#undef X
	START_BASIS_NR,
};

/** "events", "pages by events", and what it means. */
const char *start_basis_name(unsigned int basis);
const char *start_basis_label(unsigned int basis);
const char *start_basis_help(unsigned int basis);

/** A zone of the recorded machine, holes included. */
struct start_zone {
	int node;
	enum zone_type type;
	uint64_t start, end; /**< pfns */
	/** Pages that the allocator manages at the start, and as soon as boot is over; 0: all. */
	uint64_t managed, managed_later;
};

struct start_state {
	/**
	 * Memory of the recorded machine, which a simulated one gets unless it is told otherwise.
	 * From the recording alone: the first MiB left out, and with the hole below 4 GiB.
	 */
	struct vec(struct machine_range) ranges;
	bool exact; /**< "ranges" and "zones" are the machine's own, from its files */
	struct vec(struct start_zone) zones; /**< ascending */
	struct vec(struct machine_cma) cma;  /**< areas, ascending, in whole pageblocks */
	struct page_start pages;             /**< of all of "ranges" */
	uint64_t nr_pages[START_BASIS_NR];   /**< frames of "ranges" by what they rest on */
	uint64_t nr_free, nr_pcp, nr_used;   /**< the same by what they are */
	bool has_boot, has_files, has_later; /**< these sources were there, and of use */
	/** Where the sources contradict each other: lines to be shown, in order. */
	struct vec(char *) contradictions;
};

/** All there is to know it from. NULL: not there. */
struct start_sources {
	struct survey *survey;               /**< is sorted */
	enum machine_arch arch;              /**< of the recorded machine */
	unsigned int nr_nodes;               /**< the same, as far as known; at least 1 */
	const struct proc_snapshot *boot;    /**< the boot log, the map of memory */
	const struct proc_snapshot *files;   /**< of the moment at which the recording begins */
	/** Of a later moment, up to the recording's end: what no event touches was so before. */
	const struct proc_snapshot *later;
	uint64_t seed;                       /**< for what only counts are known of */
};

/** Never fails: sources that contradict each other are listed in its "contradictions". */
struct start_state *start_state_create(const struct start_sources *sources);
/** "state" may be NULL. */
void start_state_destroy(struct start_state *state);
/** The zone of the recorded machine that "pfn" lies in; NULL: none. */
const struct start_zone *start_state_zone(const struct start_state *state, uint64_t pfn);
/**
 * Sets the memory of "config", whose CPUs and nodes are set: that of the recorded machine, if this
 * is known from its files, "memory" is 0 and the nodes are as many; else survey_fill_ranges().
 * Recorded CMA areas that lie in that memory come along.
 */
void start_state_fill_ranges(const struct start_state *state, const struct survey *survey,
			     uint64_t memory, struct machine_config *config);
/**
 * The same state on the memory of "config", whose ranges are set: frames that only the simulated
 * machine has are free, those that only the recorded one has are left out. Limits of zones are used
 * only if the zones are the same. "early": boot, in which the recording begins, is gone through
 * with page_boot_...(); else it is over. The result is for config->start; page_start_deinit() ends
 * it.
 */
void start_state_map(const struct start_state *state, const struct machine_config *config,
		     bool early, struct page_start *ret);

#endif
