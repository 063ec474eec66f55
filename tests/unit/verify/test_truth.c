/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own files: of which moment they are, as marks and their readers' events tell. */
#include <config.h>

#include "kmreplay/verify/truth.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

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

UNIT_MAIN("verify/truth", moment_is_that_of_the_last_writing)
