/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /sys/kernel/slab as tables of texts, tab-separated, and read from a copy of the directory itself:
 * a folder a cache with a file an attribute, and a symbolic link for each name of a merged cache.
 */
#include <config.h>

#include "proc_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_COLUMNS = 256,
	/** Names in the directory; machines with caches by cgroup had ten thousands. */
	MAX_CACHES = 1 << 20,
	MAX_ATTRIBUTE = 4096, /**< bytes: sysfs gives a page */
};

/** Attributes that change, then those that do not; a kernel lacks some. */
static const char *const changing[] = { "objects", "partial", "cpu_slabs", "slabs_cpu_partial" };
static const char *const lasting[] = {
	"object_size", "slab_size", "objs_per_slab", "order", "min_partial", "cpu_partial",
	"align", "usersize", "aliases", "hwcache_align", "reclaim_account", "destroy_by_rcu",
	"cache_dma", "ctor", "red_zone", "poison", "store_user", "sanity_checks", "trace",
	"remote_node_defrag_ratio", "total_objects", "objects", "objects_partial", "partial",
	"slabs", "cpu_slabs", "slabs_cpu_partial", "sheaf_capacity",
};

static bool parse_table(struct proc_snapshot *snap, struct scan *s, struct proc_table *table);
static bool parse_cells(struct proc_snapshot *snap, struct scan *s, const char **cells,
			size_t *nr);
static void print_table(const struct proc_table *table, struct str *out);
static void clear_table(struct proc_table *table);

size_t proc_table_rows(const struct proc_table *table)
{
	return table->columns.nr ? table->cells.nr / table->columns.nr : 0;
}

size_t proc_table_find(const struct proc_table *table, const char *name)
{
	for (size_t row = 0; row < proc_table_rows(table); row++)
		if (!strcmp(table->cells.items[row * table->columns.nr], name))
			return row;
	return SIZE_MAX;
}

const char *proc_table_text(const struct proc_table *table, size_t row, const char *column)
{
	for (size_t i = 0; i < table->columns.nr; i++)
		if (!strcmp(table->columns.items[i], column))
			return table->cells.items[row * table->columns.nr + i];
	return NULL;
}

bool proc_table_number(const struct proc_table *table, size_t row, const char *column,
		       uint64_t *ret)
{
	const char *text = proc_table_text(table, row, column);
	uint64_t nr = 0;

	if (!text || *text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(nr, 10U, &nr) ||
		    __builtin_add_overflow(nr, (unsigned int)(*text - '0'), &nr))
			return false;
	*ret = nr;
	return true;
}

const char *proc_alias_target(const struct proc_aliases *aliases, const char *name)
{
	vec_foreach(&aliases->rows, row)
		if (!strcmp(row->name, name))
			return row->target;
	return name;
}

static bool parse_sys_slab(struct proc_snapshot *snap, struct scan *s)
{
	return parse_table(snap, s, &snap->sys_slab);
}

static void print_sys_slab(const struct proc_snapshot *snap, struct str *out)
{
	print_table(&snap->sys_slab, out);
}

static void clear_sys_slab(struct proc_snapshot *snap)
{
	clear_table(&snap->sys_slab);
}

static bool parse_static(struct proc_snapshot *snap, struct scan *s)
{
	return parse_table(snap, s, &snap->sys_slab_static);
}

static void print_static(const struct proc_snapshot *snap, struct str *out)
{
	print_table(&snap->sys_slab_static, out);
}

static void clear_static(struct proc_snapshot *snap)
{
	clear_table(&snap->sys_slab_static);
}

static bool parse_aliases(struct proc_snapshot *snap, struct scan *s)
{
	const char *cells[MAX_COLUMNS];
	size_t nr;

	while (scan_line(s)) {
		if (!parse_cells(snap, s, cells, &nr))
			return false;
		if (nr != 2)
			return scan_expected(s, "a name and a cache, with a tab between");
		vec_push(&snap->aliases.rows, (struct proc_alias){ cells[0], cells[1] });
	}
	return true;
}

static void print_aliases(const struct proc_snapshot *snap, struct str *out)
{
	vec_foreach(&snap->aliases.rows, row)
		str_addf(out, "%s\t%s\n", row->name, row->target);
}

static void clear_aliases(struct proc_snapshot *snap)
{
	vec_deinit(&snap->aliases.rows);
}

const struct proc_file_ops proc_sys_slab_ops = { parse_sys_slab, print_sys_slab,
						 clear_sys_slab };
const struct proc_file_ops proc_sys_slab_static_ops = { parse_static, print_static,
							clear_static };
const struct proc_file_ops proc_sys_slab_aliases_ops = { parse_aliases, print_aliases,
							 clear_aliases };

static bool parse_table(struct proc_snapshot *snap, struct scan *s, struct proc_table *table)
{
	const char *cells[MAX_COLUMNS];
	size_t nr;

	scan_line(s);
	if (!parse_cells(snap, s, cells, &nr))
		return false;
	if (strcmp(cells[0], "name") != 0)
		return scan_expected(s, "a row of column names, 'name' first");
	for (size_t i = 0; i < nr; i++)
		vec_push(&table->columns, cells[i]);
	while (scan_line(s)) {
		if (!parse_cells(snap, s, cells, &nr))
			return false;
		if (nr != table->columns.nr)
			return scan_error(s, "%zu columns, and %zu names of columns", nr,
					  table->columns.nr);
		for (size_t i = 0; i < nr; i++)
			vec_push(&table->cells, cells[i]);
	}
	return true;
}

/* The line's texts between tabs, at most MAX_COLUMNS. */
static bool parse_cells(struct proc_snapshot *snap, struct scan *s, const char **cells,
			size_t *nr)
{
	const char *start = s->at, *tab;

	for (*nr = 0; start; start = tab ? tab + 1 : NULL) {
		if (*nr == MAX_COLUMNS)
			return scan_error(s, "more than %u columns", MAX_COLUMNS);
		tab = memchr(start, '\t', (size_t)(s->end - start));
		cells[(*nr)++] = arena_strndup(&snap->arena, start,
					       (size_t)((tab ? tab : s->end) - start));
	}
	return true;
}

static void print_table(const struct proc_table *table, struct str *out)
{
	for (size_t i = 0; i < table->columns.nr; i++)
		str_addf(out, "%s%s", i ? "\t" : "", table->columns.items[i]);
	str_add_char(out, '\n');
	for (size_t i = 0; i < table->cells.nr; i++) {
		str_add(out, table->cells.items[i]);
		str_add_char(out, (i + 1) % table->columns.nr ? '\t' : '\n');
	}
}

static void clear_table(struct proc_table *table)
{
	vec_deinit(&table->columns);
	vec_deinit(&table->cells);
}

/* The first line of file "name" in "dir"; "-" when there is none, or it may not be read. */
static const char *read_attribute(struct proc_snapshot *snap, const char *dir, const char *name)
{
	CLEANUP(cleanup_free) char *path = xasprintf("%s/%s", dir, name);
	char text[MAX_ATTRIBUTE];
	FILE *fp = fopen(path, "re");
	bool ok = fp && fgets(text, sizeof(text), fp);

	if (fp)
		fclose(fp);
	if (!ok)
		return fp ? "" : "-";
	text[strcspn(text, "\n\t")] = '\0';
	return proc_text(snap, text);
}

static void read_cache(struct proc_snapshot *snap, struct proc_table *table, const char *dir,
		       const char *name)
{
	CLEANUP(cleanup_free) char *path = xasprintf("%s/%s", dir, name);

	vec_push(&table->cells, proc_text(snap, name));
	for (size_t i = 1; i < table->columns.nr; i++)
		vec_push(&table->cells, read_attribute(snap, path, table->columns.items[i]));
}

static void set_columns(struct proc_table *table, const char *const *names, size_t nr)
{
	clear_table(table);
	vec_push(&table->columns, "name");
	for (size_t i = 0; i < nr; i++)
		vec_push(&table->columns, names[i]);
}

static void read_entry(struct proc_snapshot *snap, const char *dir, const char *name)
{
	CLEANUP(cleanup_free) char *path = xasprintf("%s/%s", dir, name);
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	struct stat st;

	if (len >= 0) {
		const char *slash;

		target[len] = '\0';
		slash = strrchr(target, '/');
		vec_push(&snap->aliases.rows,
			 (struct proc_alias){ proc_text(snap, name),
					      proc_text(snap, slash ? slash + 1 : target) });
	} else if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		read_cache(snap, &snap->sys_slab, dir, name);
		read_cache(snap, &snap->sys_slab_static, dir, name);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool proc_read_slab_dir(struct proc_snapshot *snap, const char *path, struct error *err)
{
	struct vec(char *) names = { NULL };
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool ok;

	if (!dir)
		return error_set_errno(err, errno, "cannot read '%s'", path);
	while (names.nr <= MAX_CACHES && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !strpbrk(entry->d_name, "\t\n"))
			vec_push(&names, xstrdup(entry->d_name));
	closedir(dir);
	if (names.nr)
		qsort(names.items, names.nr, sizeof(*names.items), compare_names);
	set_columns(&snap->sys_slab, changing, ARRAY_SIZE(changing));
	set_columns(&snap->sys_slab_static, lasting, ARRAY_SIZE(lasting));
	clear_aliases(snap);
	ok = names.nr <= MAX_CACHES;
	vec_foreach(&names, name) {
		if (ok)
			read_entry(snap, path, *name);
		free(*name);
	}
	vec_deinit(&names);
	proc_set_has(snap, PROC_SYS_SLAB);
	proc_set_has(snap, PROC_SYS_SLAB_STATIC);
	proc_set_has(snap, PROC_SYS_SLAB_ALIASES);
	return ok || error_set(err, "%s: more than %u entries", path, MAX_CACHES);
}
