/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What /proc/slabinfo (version 2.1) and /sys/kernel/slab say of slab caches, and /proc/vmallocinfo
 * of areas. Rows in the order of the file; texts belong to the snapshot's arena (or are static).
 */
#ifndef KMREPLAY_PROC_SLABS_H
#define KMREPLAY_PROC_SLABS_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"

/** A row of /proc/slabinfo. Columns are named as in its second line. */
struct proc_slab {
	const char *name;
	uint64_t active_objs; /**< all but those free in slabs of nodes' partial lists */
	uint64_t num_objs;
	uint64_t objsize;     /**< bytes, with metadata: "slab_size" of sysfs */
	uint64_t objperslab;
	uint64_t pagesperslab;
	uint64_t limit, batchcount, sharedfactor; /**< tunables, 0 with SLUB */
	uint64_t active_slabs, num_slabs, sharedavail;
};

struct proc_slabinfo {
	struct vec(struct proc_slab) rows; /**< newest cache first */
};

/**
 * A table of texts: sys_slab.tsv (what changes) and sys_slab_static.tsv (geometry), one row a
 * cache, one column an attribute of /sys/kernel/slab/CACHE/. The first column is "name".
 */
struct proc_table {
	struct vec(const char *) columns;
	struct vec(const char *) cells; /**< row by row, columns.nr each */
};

/** A name in /sys/kernel/slab that leads to another one. */
struct proc_alias {
	const char *name;   /**< "task_delay_info" */
	const char *target; /**< ":A-0000144" */
};

struct proc_aliases {
	struct vec(struct proc_alias) rows;
};

/** Words at the end of a line of /proc/vmallocinfo. */
enum proc_area_flags {
	PROC_AREA_IOREMAP = 1 << 0,
	PROC_AREA_SPARSE = 1 << 1,
	PROC_AREA_VMALLOC = 1 << 2,
	PROC_AREA_VMAP = 1 << 3,
	PROC_AREA_USER = 1 << 4,
	PROC_AREA_DMA_COHERENT = 1 << 5,
	PROC_AREA_VPAGES = 1 << 6,     /**< its array of pages is itself an area */
	PROC_AREA_VM_MAP_RAM = 1 << 7, /**< a block of small mappings; no caller */
	PROC_AREA_UNPURGED = 1 << 8,   /**< freed, and not yet usable again; no caller */
};

/** "N0=4": pages on a node. */
struct proc_node_pages {
	unsigned int node;
	uint64_t nr;
};

/** A row of /proc/vmallocinfo. */
struct proc_area {
	uint64_t start, end; /**< bytes; both 0 when the kernel hid addresses */
	uint64_t size;       /**< bytes, the guard page included */
	const char *caller;  /**< "load_module+0xae0/0x1d20", or NULL */
	uint64_t nr_pages;   /**< "pages=", 0: not given */
	uint64_t phys;       /**< "phys=", bytes; 0: not given */
	unsigned int flags;  /**< enum proc_area_flags */
	unsigned int nr_nodes;
	const struct proc_node_pages *nodes; /**< ascending; the arena's */
};

struct proc_vmallocinfo {
	bool wide; /**< addresses of 16 digits (64 bits), else of 8 */
	bool phys_wide; /**< the same for "phys=": 16 digits with PAE, too */
	struct vec(struct proc_area) rows;
};

/** The cache called "name", or NULL. */
const struct proc_slab *proc_slab_find(const struct proc_slabinfo *info, const char *name);
/** Rows of the table. */
size_t proc_table_rows(const struct proc_table *table);
/** The row whose first column is "name"; SIZE_MAX when there is none. */
size_t proc_table_find(const struct proc_table *table, const char *name);
/** The text in column "column" of "row"; NULL when there is no such column. */
const char *proc_table_text(const struct proc_table *table, size_t row, const char *column);
/** The number that this text begins with ("13 N0=13" is 13); false when there is none. */
bool proc_table_number(const struct proc_table *table, size_t row, const char *column,
		       uint64_t *ret);
/** The real name of the cache that is called "name" in sysfs: itself, unless it is an alias. */
const char *proc_alias_target(const struct proc_aliases *aliases, const char *name);

#endif
