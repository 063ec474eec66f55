/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Drawing with gnuplot: writes data and scripts, runs it on them, and reads the pictures back.
 *
 * gnuplot is started directly, without a shell, in the directory of the files, so that names of
 * the user's do not come into scripts. Two processes share the scripts: pictures are independent.
 */
#include <config.h>

#include "kmreplay/core/outfile.h"
#include "plot_internal.h"
#include "plot_run.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = 20000, JOBS = 2, SVG_MAX = 16 << 20 };

static bool make_directory(const struct report_draw *how, struct str *path, struct error *err);
static bool write_files(const struct report *r, const char *dir, unsigned int formats,
			struct error *err);
static bool write_file(const char *dir, const char *name, const char *end, const struct str *text,
		       struct error *err);
static void forget_picture(const char *dir, const char *name, const char *end);
static void run(struct report *r, const char *dir, const struct report_draw *how);
static void split(const struct report *r, struct plot_job *jobs);
static void read_pictures(struct report *r, const char *dir);
static bool read_svg(struct report_plot *p, const char *dir);
static char *read_file(const char *path);
static void problem(struct report *r, const char *what);
static void remove_directory(const char *dir);
static char *file_path(const char *dir, const char *name, const char *end);

bool report_draw(struct report *r, const struct report_draw *how, struct error *err)
{
	unsigned int formats = how->formats | REPORT_SVG;
	struct str dir;
	bool ok;

	r->drawn = true;
	r->draw_problem = NULL;
	str_init(&dir);
	ok = make_directory(how, &dir, err);
	if (ok) {
		ok = write_files(r, str_text(&dir), formats, err);
		if (ok)
			run(r, str_text(&dir), how);
		if (!how->dir)
			remove_directory(str_text(&dir));
	}
	str_deinit(&dir);
	return ok;
}

static bool make_directory(const struct report_draw *how, struct str *path, struct error *err)
{
	const char *base = getenv("TMPDIR");

	if (how->dir) {
		str_add(path, how->dir);
		if (mkdir(how->dir, 0777) < 0 && errno != EEXIST)
			return error_set_errno(err, errno, "cannot make directory '%s'", how->dir);
		return true;
	}
	str_addf(path, "%s/kmreplay-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(path->data))
		return error_set_errno(err, errno, "cannot make directory '%s'", str_text(path));
	return true;
}

static bool write_files(const struct report *r, const char *dir, unsigned int formats,
			struct error *err)
{
	struct str text;
	bool ok = true;

	str_init(&text);
	for (size_t i = 0; ok && i < r->plots.nr; i++) {
		const struct report_plot *p = r->plots.items[i];

		if (!plot_has_data(p))
			continue;
		str_reset(&text);
		plot_add_data(&text, p);
		ok = write_file(dir, p->file, ".dat", &text, err);
		str_reset(&text);
		plot_add_script(&text, p, formats);
		ok = ok && write_file(dir, p->file, ".gp", &text, err);
		forget_picture(dir, p->file, ".svg");
		if (formats & REPORT_PNG)
			forget_picture(dir, p->file, ".png");
	}
	str_deinit(&text);
	return ok;
}

static bool write_file(const char *dir, const char *name, const char *end, const struct str *text,
		       struct error *err)
{
	char *path CLEANUP(cleanup_free) = file_path(dir, name, end);
	struct outfile out;

	if (!outfile_open(&out, path, err))
		return false;
	fwrite(str_text(text), 1, text->len, out.fp);
	return outfile_commit(&out, err);
}

/** One of an earlier run must not pass for a new one. */
static void forget_picture(const char *dir, const char *name, const char *end)
{
	char *path CLEANUP(cleanup_free) = file_path(dir, name, end);

	unlink(path);
}

static void run(struct report *r, const char *dir, const struct report_draw *how)
{
	struct plot_job jobs[JOBS] = { 0 };
	struct error err = { 0 };
	struct plot_run what = {
		.program = how->gnuplot ? how->gnuplot : "gnuplot",
		.dir = dir,
		.limit_ms = how->limit_ms ? how->limit_ms : LIMIT_MS,
		.jobs = jobs,
		.nr_jobs = JOBS,
	};

	split(r, jobs);
	if (!plot_run(&what, &err))
		problem(r, err.message);
	read_pictures(r, dir);
	for (unsigned int i = 0; i < JOBS; i++)
		vec_deinit(&jobs[i].scripts);
}

/** In turn: heat maps, the dear ones, mostly stand together. */
static void split(const struct report *r, struct plot_job *jobs)
{
	unsigned int turn = 0;

	vec_foreach (&r->plots, p) {
		if (!plot_has_data(*p))
			continue;
		vec_push(&jobs[turn].scripts, (*p)->file);
		turn = (turn + 1) % JOBS;
	}
}

static void read_pictures(struct report *r, const char *dir)
{
	vec_foreach (&r->plots, p) {
		struct str what;

		if (!plot_has_data(*p) || read_svg(*p, dir))
			continue;
		str_init(&what);
		str_addf(&what, "gnuplot made no usable picture of '%s'", (*p)->file);
		problem(r, str_text(&what));
		str_deinit(&what);
	}
}

static bool read_svg(struct report_plot *p, const char *dir)
{
	char *path CLEANUP(cleanup_free) = file_path(dir, p->file, ".svg");
	char *svg CLEANUP(cleanup_free) = read_file(path);
	struct str out;
	bool ok;

	p->svg = NULL;
	if (!svg)
		return false;
	str_init(&out);
	ok = plot_add_svg(&out, p, svg);
	if (ok)
		p->svg = report_copy(p->report, str_text(&out));
	str_deinit(&out);
	return ok;
}

/** NULL when it cannot be read or is no size for a picture. */
static char *read_file(const char *path)
{
	FILE *fp = fopen(path, "r");
	struct stat st;
	char *text;
	size_t len;

	if (!fp)
		return NULL;
	if (fstat(fileno(fp), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SVG_MAX) {
		fclose(fp);
		return NULL;
	}
	text = xmalloc((size_t)st.st_size + 1);
	len = fread(text, 1, (size_t)st.st_size, fp);
	text[len] = '\0';
	fclose(fp);
	return text;
}

/** The first one is told: it mostly is the reason for the others. */
static void problem(struct report *r, const char *what)
{
	if (!r->draw_problem)
		r->draw_problem = report_copy(r, what);
}

static void remove_directory(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

static char *file_path(const char *dir, const char *name, const char *end)
{
	return xasprintf("%s/%s%s", dir, name, end);
}
