/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the slab allocator shows: /proc/slabinfo, and of /sys/kernel/slab what changes and what a
 * cache's geometry is. Numbers are counted as get_slabinfo() and show_slab_objects() do it, with
 * their blind spots: a CPU's partial list shows as the half of its slots.
 */
#include <config.h>

#include "kmreplay/proc/take.h"

#include "proc_internal.h"
#include "take_internal.h"

#include "kmreplay/mm/slab_look.h"

#include <stdlib.h>
#include <string.h>

/** Columns of sys_slab.tsv behind the name; those by node first. */
enum {
	OBJECTS,
	TOTAL_OBJECTS,
	OBJECTS_PARTIAL,
	PARTIAL,
	SLABS,
	CPU_SLABS,
	CPU_PARTIAL, /* by CPU */
	NR_CHANGING,
};

static const char *const changing[NR_CHANGING] = {
	[OBJECTS] = "objects",
	[TOTAL_OBJECTS] = "total_objects",
	[OBJECTS_PARTIAL] = "objects_partial",
	[PARTIAL] = "partial",
	[SLABS] = "slabs",
	[CPU_SLABS] = "cpu_slabs",
	[CPU_PARTIAL] = "slabs_cpu_partial",
};

/** X(column, value): sys_slab_static.tsv, behind the name; of "s", a struct slab_cache_stats. */
#define LASTING(X)                                                                            \
	X("object_size", s->geometry.object_size)                                             \
	X("slab_size", s->geometry.size)                                                      \
	X("objs_per_slab", s->geometry.objects)                                               \
	X("order", s->geometry.order)                                                         \
	X("min_partial", s->geometry.min_partial)                                             \
	X("cpu_partial", s->geometry.cpu_partial)                                             \
	X("align", s->geometry.align)                                                         \
	X("aliases", s->aliases)                                                              \
	X("hwcache_align", !!(s->flags & SLAB_HWCACHE_ALIGN))                                 \
	X("reclaim_account", !!(s->flags & SLAB_RECLAIM_ACCOUNT))                             \
	X("destroy_by_rcu", !!(s->flags & SLAB_TYPESAFE_BY_RCU))                              \
	X("cache_dma", !!(s->flags & SLAB_CACHE_DMA))                                         \
	X("red_zone", !!(s->flags & SLAB_RED_ZONE))                                           \
	X("poison", !!(s->flags & SLAB_POISON))                                               \
	X("store_user", !!(s->flags & SLAB_STORE_USER))                                       \
	X("sanity_checks", !!(s->flags & SLAB_CONSISTENCY_CHECKS))                            \
	X("trace", !!(s->flags & SLAB_TRACE))

/* What all slabs of a cache come to on a node. */
struct node_sums {
	uint64_t slabs, objects;
};

struct taking {
	struct proc_snapshot *snap;
	const struct slab_allocator *slab;
	unsigned int nr_nodes, nr_cpus;
	struct node_sums *sums;  /* by cache, then by node */
	uint64_t *by_node;       /* of one cache: by column, then by node */
	uint64_t *pages;         /* of nodes: unreclaimable, reclaimable */
	struct str text;         /* one cell */
};

static void begin(struct taking *t);
static void begin_table(struct proc_table *table, const char *const *columns, size_t nr);
static void sum_slabs(struct taking *t);
static void count_pages(struct taking *t, const struct slab_info *info);
static void take_cache(struct taking *t, uint32_t cache, const char *name);
static void take_row(struct taking *t, const char *name, const struct slab_cache_stats *s);
static void take_changing(struct taking *t, uint32_t cache, const char *name,
			  const struct slab_cache_stats *s);
static void add_lists(struct taking *t, uint32_t cache);
static void add_cpu_slabs(struct taking *t, uint32_t cache);
static void add_by_node(struct taking *t, const uint64_t *by_node);
static void add_cpu_partial(struct taking *t, uint32_t cache, uint32_t objects);
static void take_lasting(struct taking *t, const char *name, const struct slab_cache_stats *s);
static void end_cell(struct taking *t, struct proc_table *table);

void proc_take_slab(struct proc_snapshot *snap, const struct slab_allocator *slab)
{
	proc_take_slab_named(snap, slab, NULL, NULL);
}

void proc_take_slab_named(struct proc_snapshot *snap, const struct slab_allocator *slab,
			  proc_cache_name_fn *name, const void *ctx)
{
	struct taking t = {
		.snap = snap,
		.slab = slab,
		.nr_nodes = slab_nr_nodes(slab),
		.nr_cpus = slab_nr_cpus(slab),
	};
	struct str text;

	begin(&t);
	sum_slabs(&t);
	str_init(&text);
	for (uint32_t cache = slab_nr_caches(slab); cache-- > 0;) {
		str_reset(&text);
		if (name)
			name(ctx, cache, &text);
		take_cache(&t, cache, text.len ? proc_text(snap, str_text(&text)) : NULL);
	}
	str_deinit(&text);
	str_deinit(&t.text);
	free(t.sums);
	free(t.by_node);
	free(t.pages);
}

static void begin(struct taking *t)
{
#define X(column, value) column,
	static const char *const lasting[] = { LASTING(X) };
#undef X
	const size_t nr_caches = MAX(slab_nr_caches(t->slab), 1U);

	vec_reset(&t->snap->slabinfo.rows);
	begin_table(&t->snap->sys_slab, changing, NR_CHANGING);
	begin_table(&t->snap->sys_slab_static, lasting, ARRAY_SIZE(lasting));
	t->sums = xcalloc(nr_caches * t->nr_nodes, sizeof(*t->sums));
	t->by_node = xcalloc((size_t)NR_CHANGING * t->nr_nodes, sizeof(*t->by_node));
	t->pages = xcalloc((size_t)2 * t->nr_nodes, sizeof(*t->pages));
	str_init(&t->text);
	proc_set_has(t->snap, PROC_SLABINFO);
	proc_set_has(t->snap, PROC_SYS_SLAB);
	proc_set_has(t->snap, PROC_SYS_SLAB_STATIC);
}

static void begin_table(struct proc_table *table, const char *const *columns, size_t nr)
{
	vec_reset(&table->columns);
	vec_reset(&table->cells);
	vec_push(&table->columns, "name");
	for (size_t i = 0; i < nr; i++)
		vec_push(&table->columns, columns[i]);
}

/* All slabs once: which node they lie on shows in no list when they are full. */
static void sum_slabs(struct taking *t)
{
	struct slab_info info;
	uint64_t pfn = 0;

	while (slab_next(t->slab, &pfn, &info)) {
		struct node_sums *sums;

		count_pages(t, &info);
		if (info.cache == SLAB_CACHE_NONE)
			continue;
		sums = &t->sums[(size_t)info.cache * t->nr_nodes + (unsigned int)info.node];
		sums->slabs++;
		sums->objects += info.objects;
	}
	for (unsigned int node = 0; node < t->nr_nodes; node++) {
		take_set_node_counter(t->snap, (int)node, "nr_slab_unreclaimable",
				      t->pages[2 * node]);
		take_set_node_counter(t->snap, (int)node, "nr_slab_reclaimable",
				      t->pages[2 * node + 1]);
	}
}

/* NR_SLAB_*: large objects are among the unreclaimable ones. */
static void count_pages(struct taking *t, const struct slab_info *info)
{
	const bool reclaimable =
		info->cache != SLAB_CACHE_NONE && info->flags & SLAB_RECLAIM_ACCOUNT;

	t->pages[2 * (unsigned int)info->node + reclaimable] += 1ULL << info->order;
}

static void take_cache(struct taking *t, uint32_t cache, const char *name)
{
	struct slab_cache_stats stats;

	/* Destroyed. */
	if (!slab_cache_get_stats(t->slab, cache, &stats))
		return;
	if (!name)
		name = proc_text(t->snap, stats.name);
	take_row(t, name, &stats);
	take_changing(t, cache, name, &stats);
	take_lasting(t, name, &stats);
}

static void take_row(struct taking *t, const char *name, const struct slab_cache_stats *s)
{
	vec_push(&t->snap->slabinfo.rows, ((struct proc_slab){
						  .name = name,
						  .active_objs = s->active_objs,
						  .num_objs = s->num_objs,
						  .objsize = s->geometry.size,
						  .objperslab = s->geometry.objects,
						  .pagesperslab = 1ULL << s->geometry.order,
						  .limit = s->geometry.array_limit,
						  .batchcount = s->geometry.array_batch,
						  .sharedfactor = s->geometry.array_shared,
						  .active_slabs = s->nr_slabs - s->free_slabs,
						  .num_slabs = s->nr_slabs,
						  .sharedavail = s->shared_objs,
					  }));
}

static void take_changing(struct taking *t, uint32_t cache, const char *name,
			  const struct slab_cache_stats *s)
{
	vec_push(&t->snap->sys_slab.cells, name);
	add_lists(t, cache);
	add_cpu_slabs(t, cache);
	add_cpu_partial(t, cache, s->geometry.objects);
}

/* What is counted by node. */
static void add_lists(struct taking *t, uint32_t cache)
{
	for (unsigned int node = 0; node < t->nr_nodes; node++) {
		const struct node_sums *sums = &t->sums[(size_t)cache * t->nr_nodes + node];
		struct slab_node_info info;
		uint64_t *by_node = &t->by_node[node];

		slab_node_info(t->slab, cache, node, &info);
		by_node[OBJECTS * t->nr_nodes] = sums->objects - info.free;
		by_node[TOTAL_OBJECTS * t->nr_nodes] = sums->objects;
		by_node[OBJECTS_PARTIAL * t->nr_nodes] = info.inuse;
		by_node[PARTIAL * t->nr_nodes] = info.nr_partial;
		by_node[SLABS * t->nr_nodes] = sums->slabs;
	}
	for (unsigned int attribute = 0; attribute < CPU_SLABS; attribute++)
		add_by_node(t, &t->by_node[attribute * t->nr_nodes]);
}

/* A CPU's partial list counts where its top lies, and only with a cpu slab in front of it. */
static void add_cpu_slabs(struct taking *t, uint32_t cache)
{
	uint64_t *by_node = &t->by_node[CPU_SLABS * t->nr_nodes];

	memset(by_node, 0, t->nr_nodes * sizeof(*by_node));
	for (unsigned int cpu = 0; cpu < t->nr_cpus; cpu++) {
		struct slab_cpu_info info;

		slab_cpu_info(t->slab, cache, cpu, &info);
		if (info.node < 0)
			continue;
		by_node[info.node]++;
		if (info.nr_partial)
			by_node[info.partial_node] += info.nr_partial;
	}
	add_by_node(t, by_node);
}

/* "1130 N0=1130": the sum, then nodes that have any. */
static void add_by_node(struct taking *t, const uint64_t *by_node)
{
	uint64_t sum = 0;

	for (unsigned int node = 0; node < t->nr_nodes; node++)
		sum += by_node[node];
	str_addf(&t->text, "%llu", (unsigned long long)sum);
	for (unsigned int node = 0; node < t->nr_nodes; node++)
		if (by_node[node])
			str_addf(&t->text, " N%u=%llu", node, (unsigned long long)by_node[node]);
	end_cell(t, &t->snap->sys_slab);
}

/* "105(5) C0=84(4) C1=21(1)": slots, half of them guessed to be free, and slabs. */
static void add_cpu_partial(struct taking *t, uint32_t cache, uint32_t objects)
{
	struct slab_cpu_info info;
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < t->nr_cpus; cpu++) {
		slab_cpu_info(t->slab, cache, cpu, &info);
		sum += info.nr_partial;
	}
	str_addf(&t->text, "%llu(%llu)", (unsigned long long)(sum * objects / 2),
		 (unsigned long long)sum);
	for (unsigned int cpu = 0; cpu < t->nr_cpus; cpu++) {
		slab_cpu_info(t->slab, cache, cpu, &info);
		if (info.nr_partial)
			str_addf(&t->text, " C%u=%llu(%u)", cpu,
				 (unsigned long long)info.nr_partial * objects / 2,
				 info.nr_partial);
	}
	end_cell(t, &t->snap->sys_slab);
}

static void take_lasting(struct taking *t, const char *name, const struct slab_cache_stats *s)
{
#define X(column, value) (uint64_t)(value),
	const uint64_t values[] = { LASTING(X) };
#undef X
	struct proc_table *table = &t->snap->sys_slab_static;

	vec_push(&table->cells, name);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		str_addf(&t->text, "%llu", (unsigned long long)values[i]);
		end_cell(t, table);
	}
}

/* What was written becomes the next cell. */
static void end_cell(struct taking *t, struct proc_table *table)
{
	vec_push(&table->cells, proc_text(t->snap, str_text(&t->text)));
	str_reset(&t->text);
}
