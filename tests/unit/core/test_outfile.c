/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outfile: a target is replaced whole or not at all, and nothing is left beside it. */
#include <config.h>

#include "kmreplay/core/outfile.h"
#include "kmreplay/core/xalloc.h"
#include "unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of its own for each case, removed with what is in it. */
struct place {
	char dir[64];
	char target[96];
};

static void place_init(struct place *place)
{
	strcpy(place->dir, "outfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place->dir));
	snprintf(place->target, sizeof(place->target), "%s/target", place->dir);
}

static int nr_files(const struct place *place)
{
	DIR *dir = opendir(place->dir);
	int nr = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

static void place_deinit(struct place *place)
{
	unlink(place->target);
	ck_assert_int_eq(nr_files(place), 0);
	ck_assert_int_eq(rmdir(place->dir), 0);
}

static void write_old(const struct place *place)
{
	FILE *fp = fopen(place->target, "w");

	ck_assert_ptr_nonnull(fp);
	fputs("old", fp);
	fclose(fp);
}

static void expect(const struct place *place, const char *want)
{
	char text[64] = "";
	FILE *fp = fopen(place->target, "r");

	ck_assert_ptr_nonnull(fp);
	ck_assert_uint_eq(fread(text, 1, sizeof(text) - 1, fp), strlen(want));
	ck_assert_str_eq(text, want);
	fclose(fp);
}

START_TEST(commit_replaces_the_target)
{
	struct place place;
	struct outfile out;
	struct error err;
	struct stat st;

	place_init(&place);
	write_old(&place);
	umask(022);
	ck_assert(outfile_open(&out, place.target, &err));
	fputs("new", out.fp);
	fflush(out.fp);
	expect(&place, "old");
	ck_assert(outfile_commit(&out, &err));
	expect(&place, "new");
	ck_assert_int_eq(nr_files(&place), 1);
	ck_assert_int_eq(stat(place.target, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	outfile_abort(&out);
	expect(&place, "new");
	place_deinit(&place);
}
END_TEST

START_TEST(abort_leaves_the_target)
{
	struct place place;
	struct outfile out;
	struct error err;

	place_init(&place);
	write_old(&place);
	ck_assert(outfile_open(&out, place.target, &err));
	fputs("half of", out.fp);
	outfile_abort(&out);
	expect(&place, "old");
	ck_assert_int_eq(nr_files(&place), 1);
	place_deinit(&place);
}
END_TEST

START_TEST(a_failed_write_leaves_the_target)
{
	struct place place;
	struct outfile out;
	struct error err;

	place_init(&place);
	write_old(&place);
	ck_assert(outfile_open(&out, place.target, &err));
	/* The disk is full from now on. */
	ck_assert_ptr_nonnull(freopen("/dev/full", "w", out.fp));
	fputs("new", out.fp);
	ck_assert(!outfile_commit(&out, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "cannot write"));
	ck_assert_ptr_nonnull(strstr(err.message, place.target));
	ck_assert_ptr_nonnull(strstr(err.message, strerror(ENOSPC)));
	expect(&place, "old");
	ck_assert_int_eq(nr_files(&place), 1);
	place_deinit(&place);
}
END_TEST

/* The stream remembers that a write failed; its cause may be gone by the time of the commit. */
START_TEST(an_early_failure_is_not_forgotten)
{
	struct place place;
	struct outfile out;
	struct error err;

	place_init(&place);
	ck_assert(outfile_open(&out, place.target, &err));
	ck_assert_ptr_nonnull(freopen("/dev/full", "w", out.fp));
	fputs("new", out.fp);
	ck_assert_int_ne(fflush(out.fp), 0);
	errno = 0;
	ck_assert(!outfile_commit(&out, &err));
	ck_assert_ptr_null(strstr(err.message, strerror(0)));
	ck_assert_int_eq(nr_files(&place), 0);
	place_deinit(&place);
}
END_TEST

START_TEST(a_path_that_cannot_be)
{
	struct place place;
	struct outfile out;
	struct error err;
	char path[160];

	place_init(&place);
	snprintf(path, sizeof(path), "%s/none/target", place.dir);
	ck_assert(!outfile_open(&out, path, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "none/target"));
	ck_assert_ptr_nonnull(strstr(err.message, strerror(ENOENT)));
	ck_assert(!outfile_open(&out, place.dir, &err));
	ck_assert_ptr_nonnull(strstr(err.message, strerror(EISDIR)));
	place_deinit(&place);
}
END_TEST

START_TEST(devices_are_written_to_in_place)
{
	struct outfile out;
	struct error err;
	struct stat st;

	ck_assert(outfile_open(&out, "/dev/null", &err));
	fputs("x", out.fp);
	ck_assert(outfile_commit(&out, &err));
	ck_assert_int_eq(stat("/dev/null", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	ck_assert(outfile_open(&out, "/dev/full", &err));
	fputs("x", out.fp);
	ck_assert(!outfile_commit(&out, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "/dev/full"));
}
END_TEST

UNIT_MAIN("outfile", commit_replaces_the_target, abort_leaves_the_target,
	  a_failed_write_leaves_the_target, an_early_failure_is_not_forgotten,
	  a_path_that_cannot_be, devices_are_written_to_in_place)
