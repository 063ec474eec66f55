/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers of a machine a recording can drive, and how to record what it lacks. */
#include <config.h>

#include "info_internal.h"

#include "kmreplay/core/bits.h"
#include "kmreplay/core/fmt.h"

struct layer {
	const char *key;
	const char *title;
	enum event_type allocs[4]; /* EVENT_OTHER: none */
	enum event_type frees[4];
	const char *record; /* -e options of trace-cmd */
	const char *enable; /* files of tracefs */
	bool optional;      /* machines may do without it: no hint */
};

static const struct layer layers[] = {
	{ .key = "slab",
	  .title = "slab and kmalloc",
	  .allocs = { EVENT_KMALLOC, EVENT_KMALLOC_NODE, EVENT_CACHE_ALLOC,
		      EVENT_CACHE_ALLOC_NODE },
	  .frees = { EVENT_KFREE, EVENT_CACHE_FREE, EVENT_OTHER, EVENT_OTHER },
	  .record = " -e 'kmem:k*'",
	  .enable = " events/kmem/k*/enable" },
	{ .key = "page",
	  .title = "pages",
	  .allocs = { EVENT_PAGE_ALLOC, EVENT_OTHER, EVENT_OTHER, EVENT_OTHER },
	  .frees = { EVENT_PAGE_FREE, EVENT_PAGE_FREE_DIRECT, EVENT_OTHER, EVENT_OTHER },
	  .record = " -e 'kmem:mm_page*'",
	  .enable = " events/kmem/mm_page*/enable" },
	{ .key = "vmalloc",
	  .title = "vmalloc areas",
	  .allocs = { EVENT_VMAP_ALLOC, EVENT_PROBE_VA_ALLOC, EVENT_OTHER, EVENT_OTHER },
	  .frees = { EVENT_VMAP_FREE, EVENT_PROBE_VA_FREE, EVENT_OTHER, EVENT_OTHER },
	  .record = " -e vmalloc",
	  .enable = " events/vmalloc/enable" },
	{ .key = "percpu",
	  .title = "per-CPU memory",
	  .allocs = { EVENT_PCPU_ALLOC, EVENT_OTHER, EVENT_OTHER, EVENT_OTHER },
	  .frees = { EVENT_PCPU_FREE, EVENT_OTHER, EVENT_OTHER, EVENT_OTHER },
	  .record = " -e percpu",
	  .enable = " events/percpu/enable" },
	{ .key = "cma",
	  .title = "contiguous areas",
	  .allocs = { EVENT_CMA_FINISH, EVENT_CMA_ALLOC, EVENT_OTHER, EVENT_OTHER },
	  .frees = { EVENT_CMA_RELEASE, EVENT_OTHER, EVENT_OTHER, EVENT_OTHER },
	  .record = " -e cma",
	  .enable = " events/cma/enable",
	  .optional = true },
};

static uint64_t sum(const struct info *info, const enum event_type types[4]);
static void hint_missing(struct report *r, const struct info *info, const struct trace_info *trace);
static void hint_probes(struct report *r, const struct info *info, const struct trace_info *trace);
static void hint_hashed(struct report *r, const struct trace_info *trace);
static void hint_lost(struct report *r, const struct trace_info *trace);

bool info_layer(const struct info *info, unsigned int i, struct layer_counts *ret)
{
	const struct layer *layer;

	if (i >= ARRAY_SIZE(layers))
		return false;
	layer = &layers[i];
	ret->key = layer->key;
	ret->title = layer->title;
	ret->allocs = sum(info, layer->allocs);
	ret->frees = sum(info, layer->frees);
	ret->state = ret->allocs && ret->frees ? LAYER_DRIVEN :
		     ret->allocs || ret->frees ? LAYER_PARTLY :
						 LAYER_NO;
	return true;
}

void info_add_hints(struct report *r, const struct info *info, const struct trace_info *trace)
{
	hint_missing(r, info, trace);
	hint_probes(r, info, trace);
	hint_hashed(r, trace);
	hint_lost(r, trace);
}

static uint64_t sum(const struct info *info, const enum event_type types[4])
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < 4; i++)
		if (types[i] != EVENT_OTHER)
			nr += info->by_type[types[i]];
	return nr;
}

/** A kernel before 6.2 has no vmalloc events: see hint_probes(). A guess is no reason to say so. */
static bool has_vmalloc_events(const struct trace_info *trace)
{
	const struct kernel_version first = { 6, 2 };

	return !trace->kernel.major || trace->kernel_guessed ||
	       kernel_version_cmp(trace->kernel, first) >= 0;
}

static void hint_missing(struct report *r, const struct info *info, const struct trace_info *trace)
{
	struct layer_counts counts;
	struct str titles, events, files;

	str_init(&titles);
	str_init(&events);
	str_init(&files);
	for (unsigned int i = 0; info_layer(info, i, &counts); i++) {
		bool vmalloc = layers[i].allocs[0] == EVENT_VMAP_ALLOC;

		if (counts.state == LAYER_DRIVEN || layers[i].optional ||
		    (vmalloc && !has_vmalloc_events(trace)))
			continue;
		str_addf(&titles, "%s%s", titles.len ? ", " : "", counts.title);
		if (counts.state == LAYER_PARTLY)
			str_add(&titles, counts.allocs ? " (frees)" : " (allocations)");
		str_add(&events, layers[i].record);
		str_add(&files, layers[i].enable);
	}
	if (titles.len)
		report_hint(r,
			    "this recording has no events of: %s. To record them, with trace-cmd "
			    "or through tracefs:\n"
			    "  trace-cmd record%s COMMAND\n"
			    "  cd /sys/kernel/tracing\n"
			    "  echo 1 | tee%s\n"
			    "  cat trace_pipe > FILE",
			    str_text(&titles), str_text(&events), str_text(&files));
	str_deinit(&files);
	str_deinit(&titles);
	str_deinit(&events);
}

static void hint_probes(struct report *r, const struct info *info, const struct trace_info *trace)
{
	if (has_vmalloc_events(trace) || info->by_type[EVENT_PROBE_VA_ALLOC])
		return;
	report_hint(r, "Linux %u.%u has no vmalloc events; kprobes show the areas (x86-64):\n"
		       "  cd /sys/kernel/tracing\n"
		       "  echo 'r10:lab/va_alloc alloc_vmap_area s=+0($retval):x64 "
		       "e=+8($retval):x64' >> kprobe_events\n"
		       "  echo 'p:lab/va_free free_vmap_area_noflush s=+0(%%di):x64 "
		       "e=+8(%%di):x64' >> kprobe_events",
		    trace->kernel.major, trace->kernel.minor);
}

static void hint_hashed(struct report *r, const struct trace_info *trace)
{
	if (!trace->hashed_ptrs)
		return;
	report_hint(r, "pointers are hashes: objects are told apart, but not which page they lie "
		       "in. For addresses record a trace.dat, or before reading the trace say\n"
		       "  echo nohash-ptr > /sys/kernel/tracing/trace_options\n"
		       "(Linux 5.12 or newer), or boot with no_hash_pointers.");
}

/** Room for twice what was lost, as far as that is known. */
static void hint_lost(struct report *r, const struct trace_info *trace)
{
	uint64_t lost = 0, most = 0, kib;
	char size[FMT_BUF];

	if (!trace->nr_losses && !trace->overrun)
		return;
	vec_foreach(&trace->cpus, cpu) {
		lost = MAX(lost, cpu->nr_lost);
		most = MAX(most, cpu->nr_events);
	}
	/* An event takes some 50 bytes of the buffer; never less than four times the default. */
	kib = bits_roundup_pow2(MAX((lost + most) / 1024 * 50, (uint64_t)4 * 1408));
	kib = MIN(kib, (uint64_t)1 << 22);
	report_hint(r, "events were lost because the ring buffer was full. A larger one (%s a "
		       "CPU):\n"
		       "  trace-cmd record -b %llu ...\n"
		       "  echo %llu > /sys/kernel/tracing/buffer_size_kb",
		    fmt_size(size, kib * 1024), (unsigned long long)kib,
		    (unsigned long long)kib);
}
