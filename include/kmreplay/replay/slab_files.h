/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What files of the running machine say of slabs at the moment at which the recording begins: how
 * many each cache had and how many of their objects were free (slabinfo), on which lists they stood
 * (sys_slab.tsv), which frames are slabs' (kpageflags). Which frame is whose, and which objects are
 * free, they don't say: that is the look ahead's part, as far as the recording shows it, and chance
 * beyond. Files that were read later in the recording are turned back to its beginning.
 */
#ifndef KMREPLAY_REPLAY_SLAB_FILES_H
#define KMREPLAY_REPLAY_SLAB_FILES_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/vec.h"

struct event_names;
struct proc_snapshot;
struct repair;
struct slab_census;
struct slab_survey;

/** A cache. */
struct slab_files_cache {
	const char *name;     /**< the snapshot's */
	uint32_t object_size, size; /**< bytes; the stride, if nothing tells the object's size */
	uint32_t objects;     /**< slots in an ordinary slab */
	uint32_t flags;       /**< enum slab_flags, as far as a layout depends on them */
	uint64_t nr_slabs, num_objs;
	uint64_t nr_free;     /**< slots free in slabs of nodes' lists; others are not told */
	uint8_t order;
	bool has_object_size; /**< it is not only the stride */
	bool merged;          /**< it may be shared with caches of other names */
	bool touched;         /**< events tell of slabs of it */
	bool counts_only;     /**< how many are free, and where, is not known */
	uint64_t nr_untouched; /**< touched: slabs of it of which no event tells */
	bool has_lists;       /**< what follows is known */
	uint64_t nr_partial;  /**< slabs on nodes' lists */
	uint64_t nr_cpu, nr_cpu_partial; /**< slabs of CPUs, and on their lists */
	const char *listed;   /**< the same by CPU, as sysfs has it: "63(3) C1=63(3)"; NULL */
};

struct slab_files {
	struct vec(struct slab_files_cache) caches; /**< oldest first */
	/** First frames of slabs, by order, ascending; none without kpageflags. */
	struct vec(uint64_t) frames[KERNEL_NR_ORDERS];
};

/** "snapshot" (NULL: none) must outlive it. Rows that describe no cache are left out. */
void slab_files_init(struct slab_files *files, const struct proc_snapshot *snapshot);
void slab_files_deinit(struct slab_files *files);

/** What the recording itself tells, for files that were read before event "moment" of it. */
struct slab_sources {
	uint64_t moment;                  /**< 0: at the beginning */
	const struct slab_survey *survey; /**< slabs that existed, as far as events touch them */
	const struct slab_census *census; /**< up to that moment */
	struct repair *repair;            /**< of the whole recording */
	const struct event_names *names;
};

/**
 * Caches of repair's that no event named and that can only be a certain one of the files' become
 * that; true: there were some, so that the survey had better be made again.
 */
bool slab_files_name(struct slab_files *files, const struct slab_sources *from);
/** Makes the files tell of the beginning. */
void slab_files_turn_back(struct slab_files *files, const struct slab_sources *from);
/** Of caches that events touch only the numbers of slabs count: lists are of another moment. */
void slab_files_forget_lists(struct slab_files *files);
/** Slabs on the partial list of "cpu". */
uint64_t slab_files_listed(const struct slab_files_cache *cache, unsigned int cpu);

#endif
