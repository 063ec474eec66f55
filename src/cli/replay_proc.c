/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated machine as files of the kernel. Each moment is written when the replay is there;
 * the replay goes on if that fails, for its report.
 */
#include <config.h>

#include "replay_proc.h"

#include "kmreplay/proc/snapshot.h"
#include "kmreplay/proc/take.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One --at. */
struct moment {
	const struct when *when;
	uint64_t number; /* of the event that has not happened yet */
	char *dir;       /* owned */
	bool written;
};

struct replay_proc {
	const char *dir;
	bool made;                         /* it was not there before */
	struct vec(struct moment) moments; /* in the order of the command line; none: the end */
	struct vec(uint64_t) stops;        /* their numbers, ascending */
	struct replay *replay;
	struct kernel_version kernel;      /* the machine's */
	struct error error;                /* of writing; empty: none */
};

static bool make_dir(const char *dir, bool *made, struct error *err);
static void add_moments(struct replay_proc *proc, const struct whens *at);
static char *moment_dir(const struct replay_proc *proc, const char *text);
static bool is_taken(const struct replay_proc *proc, const char *dir);
static int by_number(const void *a, const void *b);
static void look(void *ctx, const struct replay_moment *moment);
static void write_files(struct replay_proc *proc, const char *dir);
static void cache_name(const void *ctx, uint32_t cache, struct str *out);

int replay_proc_open(struct cli *cli, struct replay_proc **ret)
{
	const struct cli_options *options = &cli->options;
	struct replay_proc *proc;
	struct error err;
	bool made;

	*ret = NULL;
	if (!options->proc) {
		if (!options->at.list.nr)
			return EXIT_OK;
		cli_error("--at says when --proc writes, and there is no --proc");
		return EXIT_USAGE;
	}
	if (!make_dir(options->proc, &made, &err)) {
		cli_error("%s", err.message);
		return EXIT_OUTPUT;
	}
	proc = xcalloc(1, sizeof(*proc));
	proc->dir = options->proc;
	proc->made = made;
	add_moments(proc, &options->at);
	*ret = proc;
	return EXIT_OK;
}

void replay_proc_attach(struct replay_proc *proc, struct replay_job *job)
{
	struct replay_probe probe = { .look = look, .ctx = proc };

	if (!proc)
		return;
	proc->replay = job->sides.items[0].replay;
	proc->kernel = job->sides.items[0].machine.kernel;
	for (size_t i = 0; i < proc->moments.nr; i++) {
		proc->moments.items[i].number = job->at.items[i];
		vec_push(&proc->stops, job->at.items[i]);
	}
	if (proc->stops.nr)
		qsort(proc->stops.items, proc->stops.nr, sizeof(*proc->stops.items), by_number);
	probe.stops = proc->stops.items;
	probe.nr_stops = proc->stops.nr;
	replay_attach(proc->replay, &probe);
}

int replay_proc_close(struct replay_proc *proc, int status)
{
	if (!proc)
		return status;
	if (proc->error.message[0]) {
		cli_error("%s", proc->error.message);
		status = EXIT_OUTPUT;
	}
	vec_foreach(&proc->moments, moment) {
		if (proc->replay && !proc->error.message[0] && !moment->written)
			cli_warn("'%s' was not reached: there is nothing in '%s'",
				 moment->when->text, moment->dir);
		free(moment->dir);
	}
	/* Only if it is empty. */
	if (proc->made)
		rmdir(proc->dir);
	vec_deinit(&proc->moments);
	vec_deinit(&proc->stops);
	free(proc);
	return status;
}

/* One that is there may be used as it is; what else is in it stays. */
static bool make_dir(const char *dir, bool *made, struct error *err)
{
	struct stat st;

	*made = !mkdir(dir, 0777);
	if (*made)
		return true;
	if (errno != EEXIST)
		return error_set_errno(err, errno, "cannot create '%s'", dir);
	if (!stat(dir, &st) && !S_ISDIR(st.st_mode))
		return error_set_errno(err, ENOTDIR, "cannot write into '%s'", dir);
	return !access(dir, W_OK | X_OK) ||
	       error_set_errno(err, errno, "cannot write into '%s'", dir);
}

/* A single moment has the directory to itself. */
static void add_moments(struct replay_proc *proc, const struct whens *at)
{
	vec_foreach(&at->list, when) {
		char *dir = at->list.nr == 1 ? xstrdup(proc->dir) : moment_dir(proc, when->text);

		vec_push(&proc->moments, ((struct moment){ .when = when, .dir = dir }));
	}
}

/* "marker:a/b c" becomes "DIR/marker_a_b_c", a second one "DIR/marker_a_b_c-2". */
static char *moment_dir(const struct replay_proc *proc, const char *text)
{
	char *name CLEANUP(cleanup_free) = xstrdup(text);
	char *dir;

	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("%._-", *c))
			*c = '_';
	if (*name == '.')
		*name = '_';
	dir = xasprintf("%s/%s", proc->dir, name);
	for (unsigned int nr = 2; is_taken(proc, dir); nr++) {
		free(dir);
		dir = xasprintf("%s/%s-%u", proc->dir, name, nr);
	}
	return dir;
}

static bool is_taken(const struct replay_proc *proc, const char *dir)
{
	vec_foreach(&proc->moments, moment)
		if (!strcmp(moment->dir, dir))
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static void look(void *ctx, const struct replay_moment *moment)
{
	struct replay_proc *proc = ctx;

	if (moment->when == REPLAY_END && !proc->moments.nr)
		write_files(proc, proc->dir);
	if (moment->when != REPLAY_STOP)
		return;
	vec_foreach(&proc->moments, at) {
		if (at->number != moment->event)
			continue;
		write_files(proc, at->dir);
		at->written = true;
	}
}

static void write_files(struct replay_proc *proc, const char *dir)
{
	struct proc_snapshot snap;

	/* One failure is enough to tell. */
	if (proc->error.message[0])
		return;
	proc_snapshot_init(&snap);
	snap.kernel = proc->kernel;
	proc_take_machine(&snap, replay_machine(proc->replay), cache_name, proc->replay);
	if (!proc_snapshot_write(&snap, dir, &proc->error))
		BUG_ON(!proc->error.message[0]);
	proc_snapshot_deinit(&snap);
}

/* A file of columns has no place for blanks, nor a terminal for what moves its cursor. */
static void cache_name(const void *ctx, uint32_t cache, struct str *out)
{
	replay_cache_name(ctx, cache, out);
	for (char *c = out->data; c && *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			*c = '_';
}
