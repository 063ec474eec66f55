/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress line: events, events per second, share of the file, time left. */
#include <config.h>

#include "cli_internal.h"

#include "kmreplay/core/fmt.h"

#include <string.h>
#include <unistd.h>

/* Seconds before the line appears, and between two of them. */
static const double first_after = 1.0;
static const double then_every = 0.2;

static double elapsed(const struct progress *p);

void progress_init(struct progress *p, const struct cli_options *options)
{
	memset(p, 0, sizeof(*p));
	p->on = options->progress == WHEN_ALWAYS ||
		(options->progress == WHEN_AUTO && isatty(STDERR_FILENO));
	p->next = first_after;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
}

void progress_update(struct progress *p, uint64_t nr_events, uint64_t done, uint64_t total)
{
	char count[FMT_BUF];
	double seconds;

	if (!p->on)
		return;
	seconds = elapsed(p);
	if (seconds < p->next)
		return;
	p->next = seconds + then_every;
	p->shown = true;
	fprintf(stderr, "\r%s events, %.1f M/s", fmt_count(count, nr_events),
		(double)nr_events / seconds / 1e6);
	if (total && done) {
		double share = MIN((double)done / (double)total, 1.0);

		fprintf(stderr, ", %.0f %%, %.0f s left", share * 100,
			seconds / share * (1 - share));
	}
	fputs("\033[K", stderr);
	fflush(stderr);
}

void progress_erase(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

static double elapsed(const struct progress *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - p->start.tv_sec) +
	       (double)(now.tv_nsec - p->start.tv_nsec) / 1e9;
}
