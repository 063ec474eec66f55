/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A document with one of everything, as large as real ones get, out of invented numbers and with
 * names as hostile as recordings can have. For eyes, and for the test of pages in a browser.
 *
 * usage: demo_page FORMAT [DIR]     (DIR: the pictures stay there; "text" takes UTF8=1, COLOR=1)
 */
#include <config.h>

#include "kmreplay/core/rng.h"
#include "kmreplay/core/xalloc.h"
#include "kmreplay/report/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NR_SAMPLES = 2000, NR_ORDERS = 11, HEAT_COLUMNS = 600, MAP_COLUMNS = 96, MAP_ROWS = 256 };

static const uint64_t start = 4000000000000, span = 62500000000;
static const double mib = 1 << 20;
static const char hostile[] = "<script>alert(1)</script>'\"\\`date`@x_{y}^z\n&\x1b[31m\xff|";

static const struct report_axis time_axis = { "time_ns", "time", REPORT_TIME, false, 0, 0 };

/** A made-up course of something from 0 to 1, "k" picks which one. */
static double course(double at, unsigned int k)
{
	return 0.5 + 0.3 * sin(at * (3 + k) + k) + 0.15 * sin(at * 41 * (k + 1)) +
	       0.05 * sin(at * 997 + k);
}

static void add_course(struct report_panel *panel, const struct report_series *series, double from,
		       double to)
{
	struct series_point *points CLEANUP(cleanup_free) = xcalloc(NR_SAMPLES, sizeof(*points));

	for (unsigned int i = 0; i < NR_SAMPLES; i++) {
		double at = (double)i / NR_SAMPLES;

		points[i].time = start + span / NR_SAMPLES * i;
		points[i].value =
			(int64_t)(from +
				  (to - from) * course(at, (unsigned int)strlen(
								   series->label ? series->label
										 : series->key) %
								   7));
	}
	report_series(panel, series, points, NR_SAMPLES);
}

static void add_table(struct report *r, struct report_plot *p, const char *key, const char *title,
		      unsigned int nr)
{
	static const struct report_column columns[] = {
		{ "live_bytes", "Live", REPORT_BYTES, 0 },
		{ "waste_bytes", "Wasted", REPORT_BYTES, 0 },
		{ "share", "Share", REPORT_PERCENT, 0 },
		{ "p99_ns", "p99", REPORT_NS, 0 },
		{ "unusable_free_index", "unusable_free_index", REPORT_RATIO, 0 },
		{ "allocs", "Allocations", REPORT_COUNT, 0 },
		{ "name", "Name", REPORT_TEXT, 0 },
	};
	struct report_table *t = report_table(r, key, title, columns, ARRAY_SIZE(columns));

	for (unsigned int i = 0; i < nr; i++) {
		const struct report_value row[] = {
			report_u64(1000000000 / (i + 1)),
			report_u64(30000000 / (i + 2)),
			report_percent_of(1, i + 2),
			report_u64(830 * i + 90),
			report_u64(37 * i % 1000),
			report_u64(1234567 / (i + 1)),
			report_str(i == 2 ? hostile : "dentry_with_a_rather_long_name+0x1f4/0x2c0"),
		};

		report_row(t, row);
	}
	if (p)
		report_plot_table(p, t);
}

static void add_memory(struct report *r)
{
	static const struct report_series owners[] = {
		{ "slab", "slab", REPORT_COLOR_SLAB },
		{ "cache", "page cache and user", REPORT_COLOR_CACHE },
		{ "vmalloc", "vmalloc", REPORT_COLOR_VMALLOC },
		{ "percpu", "percpu", REPORT_COLOR_PERCPU },
		{ "kernel", "page tables, stacks", REPORT_COLOR_KERNEL },
		{ "unknown", "not seen by the recording", REPORT_COLOR_UNKNOWN },
		{ "free", "free", REPORT_COLOR_FREE },
	};
	struct report_plot *p = report_plot(
		r, &(struct report_plot_spec){
			   .key = "memory",
			   .title = "Memory by owner",
			   .kind = REPORT_PLOT_AREAS,
			   .says = "The page cache took 1.2 GiB until 31 s and gave it back when "
				   "order-3 "
				   "requests began to fail.",
			   .x = time_axis,
			   .y = { .key = "bytes", .label = "memory", .unit = REPORT_BYTES },
		   });
	struct report_panel *panel = report_panel(p, "all", NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(owners); i++)
		add_course(panel, &owners[i], 40 * mib, (600 - 70.0 * i) * mib);
	add_table(r, p, "owners", "Owners of memory", 7);
}

static int64_t *free_by_order(uint64_t seed)
{
	int64_t *cells = xcalloc((size_t)HEAT_COLUMNS * NR_ORDERS, sizeof(*cells));
	struct rng rng;

	rng_init(&rng, seed);
	for (unsigned int i = 0; i < HEAT_COLUMNS * NR_ORDERS; i++) {
		unsigned int order = i / HEAT_COLUMNS, column = i % HEAT_COLUMNS;
		double at = (double)column / HEAT_COLUMNS;

		cells[i] = (int64_t)(course(at, order) * mib * 64 / (order + 1)) +
			   (int64_t)rng_below(&rng, 1 << 20);
		if (order > 7 && at > 0.6)
			cells[i] = 0;
	}
	return cells;
}

static void add_orders(struct report *r, const char *key, unsigned int nr, bool log)
{
	struct report_plot *p =
		report_plot(r, &(struct report_plot_spec){
				       .key = key,
				       .title = "Free memory by order",
				       .kind = REPORT_PLOT_HEAT,
				       .says = "From 37.5 s on no block above order 7 was left.",
				       .x = time_axis,
				       .y = { .key = "order", .unit = REPORT_NUMBER },
				       .z = { .key = "free_bytes",
					      .label = "free",
					      .unit = REPORT_BYTES,
					      .log = log },
				       .columns = nr,
			       });

	for (unsigned int i = 0; i < nr; i++) {
		int64_t *cells CLEANUP(cleanup_free) = free_by_order(i + 1);
		const struct report_grid grid = { HEAT_COLUMNS, NR_ORDERS, start, start + span, 0,
						  NR_ORDERS,	cells };
		char name[16];

		snprintf(name, sizeof(name), "config%u", i);
		report_grid(report_panel(p, name, nr > 1 ? name : NULL),
			    &(struct report_series){ "free_bytes", NULL, REPORT_COLOR_AUTO },
			    &grid);
	}
	add_table(r, p, "free_by_order", "Free memory by order", NR_ORDERS);
}

static void add_indices(struct report *r)
{
	static const char *const zones[] = { "DMA32", "Normal", "Movable" };
	struct report_plot *p = report_plot(
		r,
		&(struct report_plot_spec){
			.key = "indices",
			.title = "Fragmentation by order",
			.kind = REPORT_PLOT_LINES,
			.says = "In zone Normal 93 % of free memory was useless for huge pages at "
				"48 s.",
			.x = time_axis,
			.steps = true,
			.y = { .key = "unusable_free_index", .unit = REPORT_RATIO, .high = 1000 },
		});

	for (unsigned int z = 0; z < ARRAY_SIZE(zones); z++) {
		struct report_panel *panel = report_panel(p, zones[z], zones[z]);

		for (unsigned int order = 1; order < NR_ORDERS; order += 3) {
			char key[32], label[24];

			snprintf(key, sizeof(key), "order%u", order);
			snprintf(label, sizeof(label), "order %u", order);
			add_course(panel, &(struct report_series){ key, label, REPORT_COLOR_RAMP },
				   90.0 * order - 80, 90.0 * order);
		}
	}
}

static void add_map(struct report *r)
{
	static const struct report_series types[] = {
		{ "unmovable", "unmovable", REPORT_COLOR_UNMOVABLE },
		{ "movable", "movable", REPORT_COLOR_MOVABLE },
		{ "reclaimable", "reclaimable", REPORT_COLOR_RECLAIMABLE },
	};
	struct report_plot *p = report_plot(
		r, &(struct report_plot_spec){
			   .key = "physical_map",
			   .title = "Physical memory",
			   .kind = REPORT_PLOT_MAP,
			   .says = "Unmovable blocks spread upwards from 1.4 GiB after 20 s.",
			   .x = time_axis,
			   .y = { .key = "address", .label = "address", .unit = REPORT_BYTES },
			   .z = { .key = "share" },
		   });
	struct report_panel *panel = report_panel(p, "node0", NULL);
	int64_t *cells CLEANUP(cleanup_free) =
		xcalloc((size_t)MAP_COLUMNS * MAP_ROWS, sizeof(*cells));
	struct rng rng;

	for (unsigned int k = 0; k < ARRAY_SIZE(types); k++) {
		const struct report_grid grid = { MAP_COLUMNS,	MAP_ROWS, start,
						  start + span, 0,	  (uint64_t)2048 << 20,
						  cells };

		rng_init(&rng, 7);
		for (unsigned int i = 0; i < MAP_COLUMNS * MAP_ROWS; i++) {
			unsigned int x = i % MAP_COLUMNS, y = i / MAP_COLUMNS;
			bool mine = (y / 24 + (x > 30 && y % 5 == 0)) % 3 == k;

			cells[i] = mine ? (int64_t)(x * 6 + rng_below(&rng, 300)) : 30;
		}
		report_grid(panel, &types[k], &grid);
	}
}

static void add_bars(struct report *r, const char *key, unsigned int nr_panels)
{
	static const char *const names[] = {
		"dentry", "kmalloc-64",	     "ext4_inode_cache", "__alloc_pages_bulk+0x1a4/0x470",
		hostile,  "radix_tree_node", "anon_vma",	 "kmalloc-cg-1k",
	};
	struct report_plot *p = report_plot(
		r, &(struct report_plot_spec){
			   .key = key,
			   .title = "Slab caches by loss",
			   .kind = REPORT_PLOT_BARS,
			   .says = "dentry holds 210 MiB of which 61 MiB are empty slots.",
			   .x = { .key = "bytes", .label = "memory", .unit = REPORT_BYTES },
			   .y = { .key = "cache", .label = "cache" },
			   .columns = nr_panels,
		   });

	for (unsigned int i = 0; i < nr_panels; i++) {
		char name[16];
		struct report_panel *panel;

		snprintf(name, sizeof(name), "config%u", i);
		panel = report_panel(p, name, nr_panels > 1 ? name : NULL);
		report_series(panel, &(struct report_series){ "live", "in use", REPORT_COLOR_LIVE },
			      NULL, 0);
		report_series(panel, &(struct report_series){ "waste", "lost", REPORT_COLOR_WASTE },
			      NULL, 0);
		for (unsigned int k = 0; k < ARRAY_SIZE(names); k++)
			report_bar(panel, names[k],
				   (int64_t[]){ (int64_t)(150 * mib / (k + 1)),
						(int64_t)(61 * mib / (k + 1 + i)) });
	}
	add_table(r, p, "caches", "Slab caches", 600);
}

static void add_latency(struct report *r)
{
	static const struct report_series paths[] = {
		{ "slab_fast", "slab, fast path", REPORT_COLOR_AUTO },
		{ "slab_slow", "slab, slow path", REPORT_COLOR_AUTO },
		{ "pcp", "pages, per-CPU list", REPORT_COLOR_AUTO },
		{ "reclaim", "direct reclaim", REPORT_COLOR_FAILURE },
	};
	struct report_plot *p =
		report_plot(r, &(struct report_plot_spec){
				       .key = "latency",
				       .title = "Modelled latency",
				       .kind = REPORT_PLOT_LINES,
				       .says = "99 % of allocations took less than 1.3 us; the "
					       "rest waited for reclaim.",
				       .x = { .key = "latency_ns",
					      .label = "latency",
					      .unit = REPORT_NS,
					      .log = true },
				       .y = { .key = "share",
					      .label = "allocations",
					      .unit = REPORT_PERCENT,
					      .high = 100000 },
				       .steps = true,
			       });
	struct report_panel *panel = report_panel(p, "all", NULL);

	for (unsigned int k = 0; k < ARRAY_SIZE(paths); k++) {
		struct series_point points[60];

		for (unsigned int i = 0; i < ARRAY_SIZE(points); i++) {
			points[i].time = (uint64_t)(20 * pow(1.22, i + 9.0 * k));
			points[i].value = (int64_t)(100000 * (1 - exp(-0.09 * i)));
		}
		report_series(panel, &paths[k], points, ARRAY_SIZE(points));
	}
}

static void add_answer(struct report *r)
{
	report_title(r, "trace.dat on 2 GiB, 4 CPUs");
	report_say(r,
		   "161 of 425,050 page requests failed, 121 of them order 3 while 9 %% of memory "
		   "was free: fragmentation, not shortage.");
	report_cards(r, "summary");
	report_share(r, "peak", "peak in use", REPORT_BYTES, 1932735283, 2147483648);
	report_bytes(r, "slab", "slab at its peak", 381681664);
	report_remark(r, "61.0 MiB of it lost");
	report_figure(r, "unusable_free_index", "unusable_free_index(9)", REPORT_RATIO,
		      report_u64(412));
	report_remark(r, "worst 0.931 at 48.2 s");
	report_share(r, "failures", "failures", REPORT_COUNT, 161, 425050);
	report_figure(r, "p99_ns", "p99 of latency", REPORT_NS, report_u64(1310));
	report_share(r, "explained", "events explained", REPORT_COUNT, 1234567, 1240000);
	report_end(r);
	report_warn(r, "5,433 events were lost: figures after 12.5 s are doubtful");
	report_text(r, "file", "recording", hostile);
	report_text(r, "kernel", "kernel", "6.1.0-18-amd64");
}

int main(int argc, char **argv)
{
	struct report *r = report_create("report", 1);
	struct report_style style = { .utf8 = getenv("UTF8"), .color = getenv("COLOR") };
	struct report_draw how = { .dir = argc > 2 ? argv[2] : NULL, .formats = REPORT_PNG };
	uint64_t failures[40];
	struct error err;

	while (argc > 1 && report_format_name(style.format) &&
	       strcmp(report_format_name(style.format), argv[1]) != 0)
		style.format++;
	if (argc < 2 || !report_format_name(style.format))
		return 2;
	if (!how.dir)
		how.formats = 0;
	how.gnuplot = getenv("GNUPLOT");
	for (unsigned int i = 0; i < ARRAY_SIZE(failures); i++)
		failures[i] = start + span / 2 + span / 100 * i;
	add_answer(r);
	report_time_span(r, start, start + span);
	report_marks(r, "failures", "failures", failures, ARRAY_SIZE(failures));
	report_begin(r, "memory_section", "Memory");
	add_memory(r);
	add_orders(r, "free_by_order_map", 1, false);
	add_indices(r);
	add_map(r);
	report_end(r);
	report_begin(r, "who", "Who uses and wastes it");
	add_bars(r, "caches_by_loss", 1);
	add_latency(r);
	report_note(r, "latency is modelled from the paths that calls took, not measured");
	report_end(r);
	report_begin(r, "compare", "Configurations side by side");
	add_orders(r, "free_by_order_configs", 3, true);
	add_orders(r, "free_by_order_pair", 2, false);
	add_bars(r, "caches_configs", 2);
	report_hint(r, "to see it on a smaller machine\n  kmreplay replay --memory=1GiB trace.dat");
	report_end(r);
	report_begin(r, "metrics", "What the metrics mean");
	report_formula(r, "unusable_free_index", "unusable_free_index(order)",
		       "1 - (free pages in blocks of the order or larger) / (free pages), as "
		       "debugfs extfrag/unusable_index");
	report_formula(r, "p99_ns", "p99", "99 of 100 calls took this long or less");
	report_end(r);
	if (!report_draw(r, &how, &err))
		fprintf(stderr, "demo_page: %s\n", err.message);
	if (report_draw_problem(r))
		fprintf(stderr, "demo_page: warning: %s\n", report_draw_problem(r));
	report_write(r, &style, stdout);
	report_destroy(r);
	return EXIT_SUCCESS;
}
