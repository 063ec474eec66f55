/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own files: of which moment they are, as marks and their readers' events tell; and
 * slab caches compared.
 */
#include <config.h>

#include "kmreplay/core/xalloc.h"
#include "kmreplay/proc/snapshot.h"
#include "kmreplay/verify/truth.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READER = 9,
};

struct reading {
	struct event_names names;
	struct event_batch batch;
};

static void add(struct reading *r, enum event_type type, int32_t pid, const char *text)
{
	struct event *ev = &r->batch.events[r->batch.nr++];

	memset(ev, 0, sizeof(*ev));
	ev->type = (uint8_t)type;
	ev->pid = pid;
	if (type == EVENT_MARK) {
		ev->text.len = (uint32_t)strlen(text);
		ev->text.aux = event_batch_add_aux(&r->batch, text, strlen(text));
	} else {
		ev->site = event_site_add(&r->names, text, strlen(text));
	}
}

static struct verify_truth *read_truth(void)
{
	const char *top = getenv("top_srcdir");
	char *dir = xasprintf("%s/tests/snapshots/linux-6.1", top ? top : ".");
	struct verify_truth *truth;
	struct error err;

	truth = verify_truth_read(dir, &err);
	ck_assert_msg(truth != NULL, "%s", err.message);
	free(dir);
	return truth;
}

/* A file that outgrows its buffer is written twice, and read as it was the second time. */
START_TEST(moment_is_that_of_the_last_writing)
{
	struct verify_truth *truth = read_truth();
	struct reading r;

	event_names_init(&r.names);
	event_batch_init(&r.batch, 16);
	add(&r, EVENT_MARK, READER, "LAB snap linux-6.1 begin buddyinfo");
	add(&r, EVENT_MARK, READER, "LAB snap linux-6.1 end buddyinfo");
	add(&r, EVENT_KFREE, READER, "seq_release+0x15/0x30"); /* somebody else's file */
	add(&r, EVENT_MARK, READER, "LAB snap linux-6.1 begin zoneinfo");
	add(&r, EVENT_KMALLOC, READER, "seq_read_iter+0x370/0x450");
	add(&r, EVENT_KFREE, READER, "seq_read_iter+0x165/0x450");
	add(&r, EVENT_KFREE, READER + 1, "seq_release+0x15/0x30");
	add(&r, EVENT_KMALLOC, READER, "kvmalloc_node+0x3f/0xd0");
	add(&r, EVENT_KFREE, READER, "seq_release+0x15/0x30");
	add(&r, EVENT_KFREE, READER, "seq_release+0x15/0x30");
	add(&r, EVENT_MARK, READER, "LAB snap linux-6.1 end zoneinfo");
	verify_truth_look(truth, &r.batch, &r.names, 100);
	ck_assert_uint_eq(verify_truth_moment(truth, VERIFY_FILE_BUDDYINFO), 100);
	ck_assert_uint_eq(verify_truth_moment(truth, VERIFY_FILE_ZONEINFO), 108);
	verify_truth_destroy(truth);
	event_batch_deinit(&r.batch);
	event_names_deinit(&r.names);
}
END_TEST

/* Two folders of files: the kernel's, and what is shown. */
struct sides {
	char dir[64], kernel[96], ours[96];
	struct verify_truth *truth;
	struct proc_snapshot shown;
	struct verify_truth_result result;
};

static void put(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *fp = fopen(path, "w");

	ck_assert_ptr_nonnull(fp);
	ck_assert_int_ge(fputs(text, fp), 0);
	ck_assert_int_eq(fclose(fp), 0);
	free(path);
}

static void drop(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	(void)unlink(path);
	free(path);
}

#define SLABINFO                                                                              \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : " \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> " \
	"<sharedavail>\n"
#define LINE(name, active, objs, slabs)                                                       \
	name " " #active " " #objs " 64 64 1 : tunables 0 0 0 : slabdata " #slabs " " #slabs  \
	" 0\n"

/* "quiet" is merged and untouched, "busy" touched; ours lacks three slabs of each. */
static void sides_open(struct sides *s)
{
	struct error err;

	memset(s, 0, sizeof(*s));
	strcpy(s->dir, "/tmp/kmreplay-truth.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	snprintf(s->kernel, sizeof(s->kernel), "%s/end", s->dir);
	snprintf(s->ours, sizeof(s->ours), "%s/ours", s->dir);
	ck_assert_int_eq(mkdir(s->kernel, 0700) | mkdir(s->ours, 0700), 0);
	put(s->dir, "sys_slab_aliases.tsv", "quiet\t:0000064\nloud\t:0000064\n");
	put(s->kernel, "slabinfo", SLABINFO LINE("quiet", 640, 640, 10) LINE("busy", 90, 128, 8));
	put(s->ours, "slabinfo", SLABINFO LINE("quiet", 448, 448, 7) LINE("busy", 90, 128, 5));
	put(s->kernel, "sys_slab.tsv",
	    "name\tpartial\tcpu_slabs\tslabs_cpu_partial\n"
	    ":0000064\t1 N0=1\t2\t0(0)\nbusy\t1\t5\t99(3) C0=99(3)\n");
	put(s->ours, "sys_slab.tsv",
	    "name\tpartial\tcpu_slabs\tslabs_cpu_partial\n"
	    "quiet\t1\t2\t0(0)\nbusy\t1\t5\t98(3)\n");
	s->truth = verify_truth_read(s->kernel, &err);
	ck_assert_msg(s->truth != NULL, "%s", err.message);
	proc_snapshot_init(&s->shown);
	ck_assert(proc_snapshot_read(&s->shown, s->ours, &err));
}

static void sides_close(struct sides *s)
{
	verify_truth_result_deinit(&s->result);
	verify_truth_destroy(s->truth);
	proc_snapshot_deinit(&s->shown);
	for (int i = 0; i < 2; i++) {
		drop(i ? s->ours : s->kernel, "slabinfo");
		drop(i ? s->ours : s->kernel, "sys_slab.tsv");
		(void)rmdir(i ? s->ours : s->kernel);
	}
	drop(s->dir, "sys_slab_aliases.tsv");
	(void)rmdir(s->dir);
}

static bool is_busy(const void *ctx, const char *cache)
{
	(void)ctx;
	return !strcmp(cache, "busy");
}

static void compare(struct sides *s)
{
	const struct verify_shown shown = { .files = &s->shown, .touched = is_busy };

	verify_truth_compare(s->truth, VERIFY_FILE_SLABINFO, &shown, &s->result);
	verify_truth_compare(s->truth, VERIFY_FILE_SYS_SLAB, &shown, &s->result);
}

static const struct verify_truth_row *row(const struct sides *s, const char *key)
{
	vec_foreach(&s->result.rows, row)
		if (!strcmp(row->key, key))
			return row;
	ck_abort_msg("no row '%s'", key);
}

START_TEST(caches_that_events_touch_count_apart)
{
	struct sides s;

	sides_open(&s);
	compare(&s);
	ck_assert_uint_eq(row(&s, "num_slabs")->nr, 2);
	ck_assert_uint_eq(row(&s, "num_slabs")->equal, 0);
	ck_assert_uint_eq(row(&s, "touched_num_slabs")->nr, 1);
	ck_assert_int_eq(row(&s, "touched_num_slabs")->ours, 5);
	ck_assert_int_eq(row(&s, "touched_num_slabs")->kernel, 8);
	ck_assert_uint_eq(row(&s, "touched")->equal, 1);
	ck_assert_uint_eq(row(&s, "touched")->nr, 2);
	ck_assert_uint_eq(row(&s, "pages")->equal, 12);
	ck_assert_uint_eq(row(&s, "pages")->nr, 18);
	ck_assert_uint_eq(row(&s, "alike")->nr, 1);
	ck_assert_uint_eq(row(&s, "alike")->equal, 0);
	sides_close(&s);
}
END_TEST

/* sysfs calls a merged cache by its size; of the guess of objects on CPUs' lists nobody asks. */
START_TEST(lists_are_compared_by_the_first_name)
{
	static const char *const keys[] = { "partial", "cpu_slabs", "slabs_cpu_partial" };
	struct sides s;

	sides_open(&s);
	compare(&s);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		ck_assert_uint_eq(row(&s, keys[i])->nr, 2);
		ck_assert_uint_eq(row(&s, keys[i])->equal, 2);
	}
	ck_assert_uint_eq(s.result.caches.nr, 2);
	sides_close(&s);
}
END_TEST

/* What was taken as given is not judged by itself; lists of caches that events touch are. */
START_TEST(what_was_given_is_not_judged)
{
	struct sides s;

	sides_open(&s);
	verify_truth_set_given(s.truth, VERIFY_FILE_SLABINFO, false);
	verify_truth_set_given(s.truth, VERIFY_FILE_SYS_SLAB, false);
	compare(&s);
	ck_assert_uint_eq(row(&s, "num_slabs")->nr, 0);
	ck_assert(row(&s, "num_slabs")->given);
	ck_assert_uint_eq(row(&s, "touched_num_slabs")->nr, 0);
	ck_assert_uint_eq(row(&s, "pages")->nr, 0);
	ck_assert_uint_eq(row(&s, "partial")->nr, 1);
	ck_assert_uint_eq(row(&s, "touched_partial")->nr, 1);
	ck_assert_uint_eq(row(&s, "alike")->nr, 0);
	sides_close(&s);
}
END_TEST

UNIT_MAIN("verify/truth", moment_is_that_of_the_last_writing, caches_that_events_touch_count_apart,
	  lists_are_compared_by_the_first_name, what_was_given_is_not_judged)
