/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What /proc and sysfs say of one machine at one moment: a directory of files as the kernel writes
 * them, read into memory; or what a simulated machine would say, to be written as the kernel of
 * that release would, byte for byte.
 *
 * A file is there or not (proc_has()); nothing of an absent file means anything. All texts live in
 * the snapshot's arena or are static: who fills a snapshot copies with proc_text(). Vectors are
 * pushed to with vec_push() and freed by proc_snapshot_deinit().
 *
 * Pages, blocks times their size, objects and the like are at most 2^52 each when read from a file:
 * sums of some thousand do not overflow. Counters by name are whatever the kernel printed.
 */
#ifndef KMREPLAY_PROC_SNAPSHOT_H
#define KMREPLAY_PROC_SNAPSHOT_H

#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/arena.h"
#include "kmreplay/core/base.h"
#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"
#include "kmreplay/proc/boot.h"
#include "kmreplay/proc/slabs.h"
#include "kmreplay/proc/zones.h"

/** X(suffix, name, other, help): files by their name in a directory, or an "other" one. */
#define PROC_FILES(X)                                                                         \
	X(BUDDYINFO, "buddyinfo", NULL, "free blocks by zone and order")                      \
	X(PAGETYPEINFO, "pagetypeinfo", NULL, "free blocks and pageblocks by migratetype")    \
	X(ZONEINFO, "zoneinfo", NULL, "spans, watermarks, counters and per-CPU lists")        \
	X(SLABINFO, "slabinfo", NULL, "slab caches with their objects and slabs")             \
	X(VMALLOCINFO, "vmallocinfo", NULL, "areas of vmalloc, vmap and ioremap")             \
	X(EXTFRAG_INDEX, "extfrag_index", NULL, "external fragmentation index by order")      \
	X(UNUSABLE_INDEX, "unusable_index", NULL, "unusable free space index by order")       \
	X(VMSTAT, "vmstat", NULL, "counters of the whole machine")                            \
	X(SYS_SLAB, "sys_slab.tsv", NULL, "/sys/kernel/slab: what changes")                   \
	X(SYS_SLAB_STATIC, "sys_slab_static.tsv", NULL, "/sys/kernel/slab: geometry of caches") \
	X(SYS_SLAB_ALIASES, "sys_slab_aliases.tsv", NULL, "/sys/kernel/slab: merged caches")    \
	X(IOMEM, "iomem", NULL, "the map of physical memory")                                 \
	X(KPAGEFLAGS, "kpageflags.bin", "kpageflags", "what each page frame is used for")     \
	X(DMESG, "dmesg", NULL, "the boot log")                                               \
	X(VERSION, "version", NULL, "the kernel's release")                                   \
	X(CMDLINE, "cmdline", NULL, "the kernel's command line")                              \
	X(CPUINFO, "cpuinfo", NULL, "the CPUs")                                               \
	X(SYSCTL_VM, "sysctl_vm.txt", NULL, "settings below /proc/sys/vm")

enum proc_file {
#define X(suffix, name, other, help) PROC_##suffix,
	PROC_FILES(X)
#undef X
	PROC_FILE_NR,
};

/** A line "name = value" of sysctl_vm.txt. */
struct proc_setting {
	const char *name, *value;
};

struct proc_snapshot {
	unsigned int files; /**< bits of enum proc_file that are there */
	struct kernel_version kernel; /**< from version or the boot log; major 0: unknown */
	struct proc_buddyinfo buddyinfo;
	struct proc_pagetypeinfo pagetypeinfo;
	struct proc_zoneinfo zoneinfo;
	struct proc_slabinfo slabinfo;
	struct proc_vmallocinfo vmallocinfo;
	struct proc_index extfrag, unusable;
	struct vec(struct proc_counter) vmstat;
	struct proc_table sys_slab, sys_slab_static;
	struct proc_aliases aliases;
	struct proc_iomem iomem;
	struct proc_kpageflags kpageflags;
	struct proc_boot boot;
	const char *release; /**< of the file version: "6.12.117+deb12-amd64" */
	const char *cmdline; /**< of the file cmdline, without the newline */
	unsigned int nr_cpus; /**< processors in cpuinfo */
	struct vec(struct proc_setting) settings;
	struct arena arena;  /**< all texts */
};

void proc_snapshot_init(struct proc_snapshot *snap);
void proc_snapshot_deinit(struct proc_snapshot *snap);

/**
 * Reads the files that are in directory "dir" under their usual names, or those with ".gz" behind,
 * or of a copy of /sys/kernel/slab in "slab/". What "snap" has of the same files already is
 * replaced, so that files can be gathered from several directories. False with "err" when the
 * directory cannot be read or a file is damaged (file, line, what was expected); "snap" can then
 * only be deinitialised.
 */
MUST_CHECK bool proc_snapshot_read(struct proc_snapshot *snap, const char *dir,
				   struct error *err);
/**
 * The same of none but "files" (bits of enum proc_file), of which those that are absent are no
 * error; nor is it when there is no such directory.
 */
MUST_CHECK bool proc_snapshot_read_some(struct proc_snapshot *snap, const char *dir,
					unsigned int files, struct error *err);
/**
 * Reads "file" from its content, unpacked; "name" stands in messages. Replaces what was there of
 * it.
 */
MUST_CHECK bool proc_snapshot_parse(struct proc_snapshot *snap, enum proc_file file,
				    const struct str *data, const char *name, struct error *err);
/**
 * Writes each file that is there, and that proc_file_writable(), into directory "dir", which is
 * made when it does not exist. Each file is whole or absent.
 */
MUST_CHECK bool proc_snapshot_write(const struct proc_snapshot *snap, const char *dir,
				    struct error *err);
/** Appends "file" as the kernel writes it. It is there, and writable. */
void proc_file_print(const struct proc_snapshot *snap, enum proc_file file, struct str *out);

/** Is "file" there? */
static inline bool proc_has(const struct proc_snapshot *snap, enum proc_file file)
{
	return snap->files & (1U << file);
}

/** Says that "file" is there: whoever filled it in. */
static inline void proc_set_has(struct proc_snapshot *snap, enum proc_file file)
{
	snap->files |= 1U << file;
}

/** "buddyinfo"; "free blocks by zone and order". */
const char *proc_file_name(enum proc_file file);
const char *proc_file_help(enum proc_file file);
/** Appends the names of those of "files" (bits of enum proc_file) that are not there: "a, b". */
void proc_add_missing(const struct proc_snapshot *snap, unsigned int files, struct str *out);
/** Can we write it? All but the map of memory, the boot log and what describes the machine. */
bool proc_file_writable(enum proc_file file);
/** A copy of "text" in the snapshot's arena. */
const char *proc_text(struct proc_snapshot *snap, const char *text);
/** The lines (enum proc_zone_lines) that /proc/zoneinfo of a release has. */
unsigned int proc_zoneinfo_lines(struct kernel_version kernel);

/** The zone of that node and name ("DMA32"), or NULL. */
const struct proc_zone *proc_zone_find(const struct proc_snapshot *snap, int node,
				       const char *name);
const struct proc_buddy_row *proc_buddy_find(const struct proc_snapshot *snap, int node,
					     const char *name);
const struct proc_pagetype_zone *proc_pagetype_find(const struct proc_snapshot *snap, int node,
						    const char *name);

#endif
