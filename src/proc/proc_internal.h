/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of this room share: the reader, the printer and the emptier of each file, in the
 * table of snapshot.c; and how zones, the subject of half of them, are read and printed.
 */
#ifndef KMREPLAY_SRC_PROC_INTERNAL_H
#define KMREPLAY_SRC_PROC_INTERNAL_H

#include "kmreplay/proc/snapshot.h"

#include "scan.h"

#include <zlib.h>

enum {
	/** A text file of the kernel's that is larger is none: 40 bytes for each of 8192 zones,
	 * 60 for each of a million areas. */
	PROC_MAX_TEXT = 64 << 20,
	/** Zones: 1024 nodes of 8; a file with more of them is damaged. */
	PROC_MAX_ZONES = 8192,
	PROC_MAX_NODE = 65535,
};

/** Reads a file behind a scan that stands before its first line, into an emptied snapshot. */
typedef bool proc_parse_fn(struct proc_snapshot *snap, struct scan *s);
/** Appends it as the kernel writes it. */
typedef void proc_print_fn(const struct proc_snapshot *snap, struct str *out);
/** Frees what was read of it, and leaves it empty. */
typedef void proc_clear_fn(struct proc_snapshot *snap);

/** What a row of the table has; a file without "print" is only read. */
struct proc_file_ops {
	proc_parse_fn *parse; /**< NULL: binary, kpageflags */
	proc_print_fn *print;
	proc_clear_fn *clear;
};

extern const struct proc_file_ops proc_buddyinfo_ops, proc_pagetypeinfo_ops, proc_zoneinfo_ops,
	proc_slabinfo_ops, proc_vmallocinfo_ops, proc_extfrag_ops, proc_unusable_ops,
	proc_vmstat_ops, proc_sys_slab_ops, proc_sys_slab_static_ops, proc_sys_slab_aliases_ops,
	proc_iomem_ops, proc_kpageflags_ops, proc_dmesg_ops, proc_version_ops, proc_cmdline_ops,
	proc_cpuinfo_ops, proc_sysctl_ops;

/** "Node 0, zone    DMA32", as /proc/buddyinfo and others begin their rows. */
bool proc_scan_zone(struct proc_snapshot *snap, struct scan *s, struct proc_zone_id *ret);
/** Appends it, without a blank behind. */
void proc_print_zone(const struct proc_zone_id *zone, struct str *out);
bool proc_zone_same(const struct proc_zone_id *zone, int node, const char *name);
/** Numbers to the end of the line: at least one, at most "max". */
bool proc_scan_row(struct scan *s, uint64_t *values, unsigned int max, unsigned int *nr);
/**
 * "*nr" is how many columns each row has, 0 before the first; "found" of them stand in this line.
 */
bool proc_same_columns(struct scan *s, unsigned int found, unsigned int *nr);

/** Notes what the line at which "s" stands says of a call of memblock's; "s" stays there. */
void proc_memblock_note(struct proc_memblock_log *log, struct scan *s);
void proc_memblock_clear(struct proc_memblock_log *log);

/** Can there be "nr_free" blocks of "order"? */
bool proc_check_order(struct scan *s, uint64_t nr_free, unsigned int order);

/** The whole of text file "path", unpacked if it is gzipped, appended to "out". */
bool proc_read_text(const char *path, struct str *out, struct error *err);
/** Adds the "len" bytes at "data" to the flags; "*rest" keeps what is less than a word. */
struct proc_kpageflags_feed {
	struct proc_kpageflags *to;
	uint8_t rest[8];
	unsigned int nr_rest;
};
void proc_kpageflags_feed(struct proc_kpageflags_feed *feed, const uint8_t *data, size_t len);
/** The end of the data: false when it ends within a word, or there is none. */
bool proc_kpageflags_end(struct proc_kpageflags_feed *feed, const char *name, struct error *err);
/** Reads the kernel's kpageflags in "path". */
bool proc_read_kpageflags(struct proc_snapshot *snap, const char *path, struct error *err);
/** Reads a copy of /sys/kernel/slab at "path" into the three tables of it. */
bool proc_read_slab_dir(struct proc_snapshot *snap, const char *path, struct error *err);
/** Sets the kernel's version from a release string, if it is one. */
void proc_set_kernel(struct proc_snapshot *snap, const char *release);

#endif
