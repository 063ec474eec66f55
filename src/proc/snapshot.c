/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of files, and a directory of them read into one snapshot or written from one. */
#include <config.h>

#include "proc_internal.h"

#include "kmreplay/core/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Rows by enum proc_file. */
static const struct {
	const char *name, *other; /**< "other" may be NULL */
	const char *help;
} files[] = {
#define X(suffix, name, other, help) [PROC_##suffix] = { name, other, help },
	PROC_FILES(X)
#undef X
};

static const struct proc_file_ops *const ops_of[] = {
	[PROC_BUDDYINFO] = &proc_buddyinfo_ops,
	[PROC_PAGETYPEINFO] = &proc_pagetypeinfo_ops,
	[PROC_ZONEINFO] = &proc_zoneinfo_ops,
	[PROC_SLABINFO] = &proc_slabinfo_ops,
	[PROC_VMALLOCINFO] = &proc_vmallocinfo_ops,
	[PROC_EXTFRAG_INDEX] = &proc_extfrag_ops,
	[PROC_UNUSABLE_INDEX] = &proc_unusable_ops,
	[PROC_VMSTAT] = &proc_vmstat_ops,
	[PROC_SYS_SLAB] = &proc_sys_slab_ops,
	[PROC_SYS_SLAB_STATIC] = &proc_sys_slab_static_ops,
	[PROC_SYS_SLAB_ALIASES] = &proc_sys_slab_aliases_ops,
	[PROC_IOMEM] = &proc_iomem_ops,
	[PROC_KPAGEFLAGS] = &proc_kpageflags_ops,
	[PROC_DMESG] = &proc_dmesg_ops,
	[PROC_VERSION] = &proc_version_ops,
	[PROC_CMDLINE] = &proc_cmdline_ops,
	[PROC_CPUINFO] = &proc_cpuinfo_ops,
	[PROC_SYSCTL_VM] = &proc_sysctl_ops,
};

static_assert(ARRAY_SIZE(ops_of) == PROC_FILE_NR, "one row a file");
static_assert(PROC_FILE_NR <= 32, "a bit a file");

static void clear_file(struct proc_snapshot *snap, enum proc_file file);
static char *find_file(const char *dir, enum proc_file file);
static char *find_name(const char *dir, const char *name);
static bool read_file(struct proc_snapshot *snap, enum proc_file file, const char *path,
		      struct error *err);
static bool check_text(enum proc_file file, const struct str *text, const char *name,
		       struct error *err);
static bool write_file(const struct proc_snapshot *snap, enum proc_file file, const char *dir,
		       struct error *err);

void proc_snapshot_init(struct proc_snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	arena_init(&snap->arena);
}

void proc_snapshot_deinit(struct proc_snapshot *snap)
{
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++)
		clear_file(snap, file);
	arena_deinit(&snap->arena);
}

bool proc_snapshot_read(struct proc_snapshot *snap, const char *dir, struct error *err)
{
	CLEANUP(cleanup_free) char *slab = xasprintf("%s/slab", dir);
	struct stat st;

	if (stat(dir, &st) < 0)
		return error_set_errno(err, errno, "cannot read '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, "cannot read '%s': it is no directory", dir);
	if (!stat(slab, &st) && S_ISDIR(st.st_mode) && !proc_read_slab_dir(snap, slab, err))
		return false;
	return proc_snapshot_read_some(snap, dir, (1U << PROC_FILE_NR) - 1, err);
}

bool proc_snapshot_read_some(struct proc_snapshot *snap, const char *dir, unsigned int wanted,
			     struct error *err)
{
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		CLEANUP(cleanup_free) char *path = NULL;

		if (wanted & 1U << file)
			path = find_file(dir, file);
		if (path && !read_file(snap, file, path, err))
			return false;
	}
	return true;
}

bool proc_snapshot_parse(struct proc_snapshot *snap, enum proc_file file, const struct str *data,
			 const char *name, struct error *err)
{
	struct scan s;

	clear_file(snap, file);
	if (!ops_of[file]->parse) {
		struct proc_kpageflags_feed feed = { .to = &snap->kpageflags };

		proc_kpageflags_feed(&feed, (const uint8_t *)str_text(data), data->len);
		if (!proc_kpageflags_end(&feed, name, err))
			return false;
		proc_set_has(snap, file);
		return true;
	}
	if (!check_text(file, data, name, err))
		return false;
	scan_init(&s, data, name, err);
	if (!ops_of[file]->parse(snap, &s))
		return false;
	proc_set_has(snap, file);
	return true;
}

bool proc_snapshot_write(const struct proc_snapshot *snap, const char *dir, struct error *err)
{
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make '%s'", dir);
	for (enum proc_file file = 0; file < PROC_FILE_NR; file++)
		if (proc_has(snap, file) && proc_file_writable(file) &&
		    !write_file(snap, file, dir, err))
			return false;
	return true;
}

void proc_file_print(const struct proc_snapshot *snap, enum proc_file file, struct str *out)
{
	BUG_ON(!proc_has(snap, file) || !proc_file_writable(file));
	ops_of[file]->print(snap, out);
}

const char *proc_file_name(enum proc_file file)
{
	return files[file].name;
}

const char *proc_file_help(enum proc_file file)
{
	return files[file].help;
}

void proc_add_missing(const struct proc_snapshot *snap, unsigned int wanted, struct str *out)
{
	const char *comma = "";

	for (enum proc_file file = 0; file < PROC_FILE_NR; file++) {
		if (!(wanted >> file & 1) || proc_has(snap, file))
			continue;
		str_addf(out, "%s%s", comma, files[file].name);
		comma = ", ";
	}
}

bool proc_file_writable(enum proc_file file)
{
	return ops_of[file]->print != NULL;
}

const char *proc_text(struct proc_snapshot *snap, const char *text)
{
	return arena_strndup(&snap->arena, text, strlen(text));
}

const struct proc_zone *proc_zone_find(const struct proc_snapshot *snap, int node,
				       const char *name)
{
	vec_foreach(&snap->zoneinfo.zones, zone)
		if (proc_zone_same(&zone->id, node, name))
			return zone;
	return NULL;
}

const struct proc_buddy_row *proc_buddy_find(const struct proc_snapshot *snap, int node,
					     const char *name)
{
	vec_foreach(&snap->buddyinfo.rows, row)
		if (proc_zone_same(&row->zone, node, name))
			return row;
	return NULL;
}

const struct proc_pagetype_zone *proc_pagetype_find(const struct proc_snapshot *snap, int node,
						    const char *name)
{
	vec_foreach(&snap->pagetypeinfo.zones, zone)
		if (proc_zone_same(&zone->zone, node, name))
			return zone;
	return NULL;
}

static void clear_file(struct proc_snapshot *snap, enum proc_file file)
{
	ops_of[file]->clear(snap);
	snap->files &= ~(1U << file);
}

/* The path of "file" in "dir", under either name, unpacked or not; NULL when it is not there. */
static char *find_file(const char *dir, enum proc_file file)
{
	char *path = find_name(dir, files[file].name);

	return path || !files[file].other ? path : find_name(dir, files[file].other);
}

static char *find_name(const char *dir, const char *name)
{
	static const char *const suffixes[] = { "", ".gz" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char *path = xasprintf("%s/%s%s", dir, name, suffixes[i]);

		if (!stat(path, &st) && !S_ISDIR(st.st_mode))
			return path;
		free(path);
	}
	return NULL;
}

static bool read_file(struct proc_snapshot *snap, enum proc_file file, const char *path,
		      struct error *err)
{
	struct str text;
	bool ok;

	if (!ops_of[file]->parse) {
		clear_file(snap, file);
		if (!proc_read_kpageflags(snap, path, err))
			return false;
		proc_set_has(snap, file);
		return true;
	}
	str_init(&text);
	ok = proc_read_text(path, &text, err) &&
	     proc_snapshot_parse(snap, file, &text, path, err);
	str_deinit(&text);
	return ok;
}

/*
 * What no text of the kernel's is: empty, not text, or cut off inside of its last line. Only
 * vmallocinfo has a line for each area and no other, and so none where there are no areas.
 */
static bool check_text(enum proc_file file, const struct str *text, const char *name,
		       struct error *err)
{
	if (!text->len)
		return file == PROC_VMALLOCINFO || error_set(err, "%s: empty", name);
	if (memchr(text->data, '\0', text->len))
		return error_set(err, "%s: a byte of value 0 in it, which no text has", name);
	if (proc_file_writable(file) && text->data[text->len - 1] != '\n')
		return error_set(err, "%s: cut off: its last line has no end", name);
	return true;
}

static bool write_file(const struct proc_snapshot *snap, enum proc_file file, const char *dir,
		       struct error *err)
{
	CLEANUP(cleanup_free) char *path = xasprintf("%s/%s", dir, files[file].name);
	struct outfile out;
	struct str text;

	if (!outfile_open(&out, path, err))
		return false;
	str_init(&text);
	proc_file_print(snap, file, &text);
	/* A failure shows when it is committed. */
	fwrite(str_text(&text), 1, text.len, out.fp);
	str_deinit(&text);
	return outfile_commit(&out, err);
}
