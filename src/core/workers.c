/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step is published under the lock with a new number; each thread that sees a number it does not
 * know takes pieces off a common counter until there are none, and says that it is through. The
 * step has ended when all threads are, so no thread can still look at a step that is over.
 */
#include <config.h>

#include "kmreplay/core/workers.h"

#include "kmreplay/core/xalloc.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_WORKERS = 64 };

struct workers {
	pthread_t threads[MAX_WORKERS];
	unsigned int nr_threads; /* without the caller's */
	pthread_mutex_t lock;
	pthread_cond_t begun, ended;
	uint64_t step;           /* number of the step at hand; under the lock, as all below */
	unsigned int nr_busy;    /* threads that are not through with it */
	bool stop;
	workers_fn *fn;
	void *ctx;
	size_t nr;
	atomic_size_t next;      /* piece to take */
};

static void *work(void *arg);
static void take_pieces(struct workers *w);

struct workers *workers_create(unsigned int nr)
{
	struct workers *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->begun, NULL);
	pthread_cond_init(&w->ended, NULL);
	nr = MIN(nr ? nr : workers_online(), (unsigned int)MAX_WORKERS);
	while (w->nr_threads + 1 < nr &&
	       !pthread_create(&w->threads[w->nr_threads], NULL, work, w))
		w->nr_threads++;
	return w;
}

void workers_destroy(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->begun);
	pthread_mutex_unlock(&w->lock);
	for (unsigned int i = 0; i < w->nr_threads; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->ended);
	pthread_cond_destroy(&w->begun);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void workers_run(struct workers *w, size_t nr, workers_fn *fn, void *ctx)
{
	bool alone = nr <= 1 || !w->nr_threads;

	pthread_mutex_lock(&w->lock);
	w->fn = fn;
	w->ctx = ctx;
	w->nr = nr;
	atomic_store(&w->next, 0);
	if (!alone) {
		w->step++;
		w->nr_busy = w->nr_threads;
		pthread_cond_broadcast(&w->begun);
	}
	pthread_mutex_unlock(&w->lock);
	take_pieces(w);
	pthread_mutex_lock(&w->lock);
	while (w->nr_busy)
		pthread_cond_wait(&w->ended, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

unsigned int workers_online(void)
{
	cpu_set_t set;
	int nr = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return (unsigned int)MAX(nr, 1);
}

static void *work(void *arg)
{
	struct workers *w = arg;
	uint64_t seen = 0;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->stop && w->step == seen)
			pthread_cond_wait(&w->begun, &w->lock);
		if (w->stop)
			break;
		seen = w->step;
		pthread_mutex_unlock(&w->lock);
		take_pieces(w);
		pthread_mutex_lock(&w->lock);
		if (!--w->nr_busy)
			pthread_cond_signal(&w->ended);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void take_pieces(struct workers *w)
{
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->nr)
		w->fn(w->ctx, i);
}
