/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: every piece is done once, a step ends after its last piece, nothing runs between. */
#include <config.h>

#include "kmreplay/core/workers.h"
#include "kmreplay/core/xalloc.h"
#include "unit/unit.h"

#include <stdatomic.h>

enum { PIECES = 1000 };

struct job {
	atomic_uint done[PIECES];
	atomic_uint running;
	unsigned int plain; /* written between steps, read inside */
	atomic_bool torn;
	unsigned int expected;
};

static void piece(void *ctx, size_t i)
{
	struct job *job = ctx;

	atomic_fetch_add(&job->running, 1);
	atomic_fetch_add(&job->done[i], 1);
	if (job->plain != job->expected)
		atomic_store(&job->torn, true);
	atomic_fetch_sub(&job->running, 1);
}

static void steps(unsigned int nr_workers, size_t nr_pieces, unsigned int nr_steps)
{
	struct workers *w = workers_create(nr_workers);
	struct job *job = xcalloc(1, sizeof(*job));

	for (unsigned int step = 1; step <= nr_steps; step++) {
		job->plain = job->expected = step;
		workers_run(w, nr_pieces, piece, job);
		ck_assert_uint_eq(atomic_load(&job->running), 0);
		for (size_t i = 0; i < PIECES; i++)
			ck_assert_uint_eq(atomic_load(&job->done[i]), i < nr_pieces ? step : 0);
	}
	ck_assert(!atomic_load(&job->torn));
	free(job);
	workers_destroy(w);
}

START_TEST(each_piece_is_done_once_a_step)
{
	static const unsigned int workers[] = { 0, 1, 2, 3, 8, 1000 };
	static const size_t pieces[] = { 0, 1, 2, 3, PIECES };

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++)
			steps(workers[i], pieces[k], 50);
}
END_TEST

START_TEST(there_is_at_least_one_cpu)
{
	ck_assert_uint_ge(workers_online(), 1);
	workers_destroy(NULL);
}
END_TEST

UNIT_MAIN("workers", each_piece_is_done_once_a_step, there_is_at_least_one_cpu)
