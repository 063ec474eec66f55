/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of repair on recordings, beside the speed of decoding alone, best of three rounds each;
 * with -v also what repair made of them. With -c FILE (one round) its figures for pairs are held
 * against those of an independent script (the "pairing" section of a recording's check.txt): exit
 * status 1 when they disagree by more than can be explained.
 *
 * usage: bench_repair [-v] [-c check.txt] recording ...
 */
#include <config.h>

#include "kmreplay/repair/repair.h"
#include "kmreplay/trace/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

/** One way through a file. */
struct pass {
	uint64_t nr_events;
	double total_s;  /**< decoding and repair */
	double repair_s; /**< repair alone */
	uint64_t kinds[EVENT_NR][REPAIR_KIND_NR];
	uint64_t freed_in_lists; /**< objects that ended with a slab or a bulk free */
	uint64_t cma_pages;      /**< page frees explained by a contiguous area */
	uint64_t nr_caches;
	struct repair_coverage coverage;
};

static bool measure(const char *path, unsigned int rounds, struct pass *best, double *decode_s);
static bool run(const char *path, bool repairing, struct pass *pass, struct error *err);
static bool run_events(struct trace *trace, struct event_names *names, bool repairing,
		       struct pass *pass, struct error *err);
static void tally(struct pass *pass, const struct repair_batch *out);
static void print_coverage(const struct pass *pass);
static bool print_comparison(const struct pass *pass, const char *path);
static bool law_holds(const struct repair_coverage *coverage, uint64_t nr_events);
static uint64_t read_figure(const char *path, const char *key);
static double now(void);

int main(int argc, char **argv)
{
	const char *check = NULL;
	bool verbose = false;
	int opt, status = EXIT_SUCCESS;

	while ((opt = getopt(argc, argv, "vc:")) != -1) {
		if (opt == 'v')
			verbose = true;
		else if (opt == 'c')
			check = optarg;
		else
			return EXIT_FAILURE;
	}
	printf("%10s %10s %12s %12s  %s\n", "events", "M/s decode", "M/s +repair", "M/s repair",
	       "recording");
	for (; optind < argc; optind++) {
		struct pass best;
		double decode_s;

		if (!measure(argv[optind], check ? 1 : ROUNDS, &best, &decode_s)) {
			status = EXIT_FAILURE;
			continue;
		}
		printf("%10" PRIu64 " %10.1f %12.1f %12.1f  %s\n", best.nr_events,
		       (double)best.nr_events / decode_s / 1e6,
		       (double)best.nr_events / best.total_s / 1e6,
		       (double)best.nr_events / best.repair_s / 1e6, argv[optind]);
		if (verbose)
			print_coverage(&best);
		if (check && !print_comparison(&best, check))
			status = EXIT_FAILURE;
	}
	return status;
}

static bool measure(const char *path, unsigned int rounds, struct pass *best, double *decode_s)
{
	*decode_s = 0;
	for (unsigned int round = 0; round < rounds; round++) {
		struct pass alone, both;
		struct error err;

		if (!run(path, false, &alone, &err) || !run(path, true, &both, &err)) {
			fprintf(stderr, "bench_repair: %s\n", err.message);
			return false;
		}
		if (!round || alone.total_s < *decode_s)
			*decode_s = alone.total_s;
		if (!round || both.repair_s < best->repair_s)
			*best = both;
	}
	return true;
}

static bool run(const char *path, bool repairing, struct pass *pass, struct error *err)
{
	struct trace_options options = { .no_readahead = true };
	struct event_names names;
	struct trace *trace;
	double start = now();
	bool ok;

	memset(pass, 0, sizeof(*pass));
	event_names_init(&names);
	trace = trace_open(path, &options, &names, err);
	ok = trace && run_events(trace, &names, repairing, pass, err);
	pass->total_s = now() - start;
	trace_close(trace);
	event_names_deinit(&names);
	return ok;
}

static bool run_events(struct trace *trace, struct event_names *names, bool repairing,
		       struct pass *pass, struct error *err)
{
	enum trace_status status;
	struct event_batch batch;
	struct repair_batch out;
	struct repair *r = NULL;

	event_batch_init(&batch, TRACE_BATCH);
	while ((status = trace_next(trace, &batch, err)) == TRACE_MORE) {
		double start;

		pass->nr_events += batch.nr;
		if (!repairing)
			continue;
		if (!r) {
			struct repair_options options = {
				.hashed_ptrs = trace_info(trace)->hashed_ptrs,
				.long_is_32 = trace_info(trace)->long_is_32,
			};

			r = repair_create(&options, names);
		}
		start = now();
		repair_push(r, &batch);
		pass->repair_s += now() - start;
		while (repair_pull(r, &out))
			tally(pass, &out);
	}
	if (r) {
		repair_finish(r);
		while (repair_pull(r, &out))
			tally(pass, &out);
		pass->coverage = *repair_coverage(r);
		pass->nr_caches = repair_nr_caches(r);
	}
	repair_destroy(r);
	event_batch_deinit(&batch);
	return status == TRACE_END;
}

static void tally(struct pass *pass, const struct repair_batch *out)
{
	for (size_t i = 0; i < out->batch->nr; i++) {
		const struct repair_op *op = &out->ops[i];

		pass->kinds[out->batch->events[i].type][op->kind]++;
		pass->cma_pages += op->call == CALL_PAGE_FREE && op->fate == FATE_EXPLAINED &&
				   op->slot == REPAIR_NO_SLOT;
		if (op->implied_free != REPAIR_NO_SLOT &&
		    (op->call == CALL_BULK_FREE ||
		     (op->call == CALL_PAGE_FREE && op->kind == REPAIR_UNSEEN_FREE)))
			pass->freed_in_lists += out->lists[op->implied_free];
	}
}

static void print_coverage(const struct pass *pass)
{
	const struct repair_coverage *c = &pass->coverage;

	for (unsigned int call = 0; call < CALL_NR; call++) {
		printf("  %-18s", repair_call_name(call));
		for (unsigned int fate = 0; fate < FATE_NR; fate++)
			printf(" %s %" PRIu64 ",", repair_fate_name(fate), c->by_fate[call][fate]);
		printf(" of which");
		for (unsigned int kind = 1; kind < REPAIR_KIND_NR; kind++) {
			if (c->by_kind[call][kind])
				printf(" %s %" PRIu64, repair_kind_name(kind),
				       c->by_kind[call][kind]);
		}
		putchar('\n');
	}
	for (unsigned int owner = 0; owner < OWNER_NR; owner++)
		printf("  %s %" PRIu64, page_owner_name(owner), c->pages_by_owner[owner]);
	printf("\n  direct map %#" PRIx64 ", live %" PRIu64 ", peak %" PRIu64 ", caches %" PRIu64
	       ", ended in lists %" PRIu64 "\n",
	       c->direct_map_base, c->live, c->peak_live, pass->nr_caches, pass->freed_in_lists);
}

/*
 * The script knows events only: it frees nothing with slabs or in bulk, takes the second event of a
 * large kmalloc for an allocation over a live one, a free of ZERO_SIZE_PTR and a partial free of a
 * block for unmatched ones. What it counts lies between two of our figures, then.
 */
static bool print_comparison(const struct pass *pass, const char *path)
{
	const uint64_t(*k)[REPAIR_KIND_NR] = pass->kinds;
	const uint64_t(*fates)[FATE_NR] = pass->coverage.by_fate;
	const uint64_t unseen = k[EVENT_KFREE][REPAIR_UNSEEN_ALLOC] +
				k[EVENT_CACHE_FREE][REPAIR_UNSEEN_ALLOC];
	const uint64_t null = k[EVENT_KFREE][REPAIR_NULL_FREE];
	const uint64_t over = k[EVENT_KMALLOC][REPAIR_UNSEEN_FREE] +
			      k[EVENT_CACHE_ALLOC][REPAIR_UNSEEN_FREE] +
			      k[EVENT_KMALLOC][REPAIR_DUPLICATE];
	const uint64_t null_theirs = read_figure(path, "kfree_null");
	const uint64_t zero_size = null - null_theirs;
	const uint64_t pages = read_figure(path, "page_free_unmatched") +
			       read_figure(path, "page_free_other_order");
	const uint64_t pages_ours = k[EVENT_PAGE_FREE][REPAIR_UNSEEN_ALLOC] +
				    k[EVENT_PAGE_FREE][REPAIR_MISMATCH] + pass->cma_pages;
	const struct {
		const char *key;
		uint64_t theirs, least, most;
	} rows[] = {
		{ "kfree_null", null_theirs, 0, null },
		{ "obj_free_unmatched", read_figure(path, "obj_free_unmatched"),
		  unseen + zero_size - MIN(pass->freed_in_lists, unseen), unseen + zero_size },
		{ "obj_alloc_while_live", read_figure(path, "obj_alloc_while_live"), over,
		  over + pass->freed_in_lists },
		{ "page frees unmatched", pages, pages_ours, pages_ours },
		{ "percpu_alloc", read_figure(path, "percpu_alloc"),
		  fates[CALL_PCPU_ALLOC][FATE_DIRECT] + fates[CALL_PCPU_ALLOC][FATE_REPAIRED],
		  fates[CALL_PCPU_ALLOC][FATE_DIRECT] + fates[CALL_PCPU_ALLOC][FATE_REPAIRED] },
		{ "percpu_free", read_figure(path, "percpu_free"),
		  fates[CALL_PCPU_FREE][FATE_DIRECT],
		  fates[CALL_PCPU_FREE][FATE_DIRECT] + fates[CALL_PCPU_FREE][FATE_SKIPPED] },
	};
	bool ok = law_holds(&pass->coverage, pass->nr_events);

	if (!ok)
		printf("  the coverage counts do not add up to the events\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool in = rows[i].theirs >= rows[i].least && rows[i].theirs <= rows[i].most;

		printf("  %-22s theirs %" PRIu64 ", ours %" PRIu64 " .. %" PRIu64 "%s\n",
		       rows[i].key, rows[i].theirs, rows[i].least, rows[i].most,
		       in ? "" : "  WRONG");
		ok = ok && in;
	}
	return ok;
}

/* Each event has one fate and one kind. */
static bool law_holds(const struct repair_coverage *coverage, uint64_t nr_events)
{
	uint64_t fates = 0, kinds = 0;

	for (unsigned int call = 0; call < CALL_NR; call++) {
		for (unsigned int fate = 0; fate < FATE_NR; fate++)
			fates += coverage->by_fate[call][fate];
		for (unsigned int kind = 0; kind < REPAIR_KIND_NR; kind++)
			kinds += coverage->by_kind[call][kind];
	}
	return coverage->nr_events == nr_events && fates == nr_events && kinds == nr_events;
}

/* The number before "key" in a file of "number key" lines; 0 when it is not there. */
static uint64_t read_figure(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	uint64_t found = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char name[64];
		uint64_t number;

		if (sscanf(line, "%" SCNu64 " %63s", &number, name) == 2 && !strcmp(name, key)) {
			found = number;
			break;
		}
	}
	if (file)
		fclose(file);
	return found;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}
