/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of figures. Each family is one function that is run for every kind of side: a replay
 * fills in what its machine came to, a recording what it shows, and without either the keys alone
 * come out. So all sides have the same keys in the same order.
 */
#include <config.h>

#include "kmreplay/replay/figures.h"

#include "figures_internal.h"

#include "kmreplay/core/suggest.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/percpu.h"
#include "kmreplay/mm/vmalloc.h"
#include "kmreplay/stats/frag.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *key_of(const void *ctx, size_t i);
static void add_unknown(struct figures *figures, const struct figure *like);
static void fill(struct figures *figures, struct replay *r, const struct recorded *recorded);
static void add_memory(struct figure_source *s);
static void add_owners(struct figure_source *s);
static void add_failures(struct figure_source *s);
static void add_failure_families(struct figure_source *s);
static void add_huge(struct figure_source *s);
static void add_areas(struct figure_source *s);

void figures_init(struct figures *figures)
{
	fill(figures, NULL, NULL);
}

void figures_init_replay(struct figures *figures, struct replay *r)
{
	fill(figures, r, NULL);
}

void figures_init_recorded(struct figures *figures, const struct recorded *recorded)
{
	fill(figures, NULL, recorded);
}

void figures_deinit(struct figures *figures)
{
	vec_deinit(&figures->list);
	arena_deinit(&figures->arena);
}

const struct figure *figures_find(const struct figures *figures, const char *key)
{
	vec_foreach(&figures->list, figure)
		if (!strcmp(figure->key, key))
			return figure;
	return NULL;
}

const struct figure *figures_nearest(const struct figures *figures, const char *key)
{
	const char *near = suggest_nearest_in(key, key_of, figures);

	return near ? figures_find(figures, near) : NULL;
}

void figures_add_keys(struct figures *figures, const struct figures *from)
{
	vec_foreach(&from->list, figure)
		if (!figures_find(figures, figure->key))
			add_unknown(figures, figure);
}

void figures_align(struct figures *figures, const struct figures *like)
{
	struct figures aligned = { .arena = figures->arena };

	vec_foreach(&like->list, figure) {
		const struct figure *own = figures_find(figures, figure->key);

		if (own)
			vec_push(&aligned.list, *own);
		else
			add_unknown(&aligned, figure);
	}
	vec_deinit(&figures->list);
	*figures = aligned;
}

const char *figure_unit_name(enum figure_unit unit)
{
	static const char *const names[] = { "count", "bytes", "ratio", "ns" };

	return unit < ARRAY_SIZE(names) ? names[unit] : "?";
}

const char *figure_better_name(enum figure_better better)
{
	static const char *const names[] = { "neither", "less", "more" };

	return better < ARRAY_SIZE(names) ? names[better] : "?";
}

void figure_put(struct figure_source *s, struct figure_kind kind, struct figure_value value,
		const char *label, const char *fmt, ...)
{
	char key[FIGURE_KEY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	vec_push(&s->figures->list,
		 (struct figure){
			 .key = arena_strndup(&s->figures->arena, key, strlen(key)),
			 .label = arena_strndup(&s->figures->arena, label, strlen(label)),
			 .unit = (uint8_t)kind.unit,
			 .better = (uint8_t)kind.better,
			 .main = kind.main,
			 .known = value.known,
			 .value = value.known ? value.nr : 0,
		 });
}

struct figure_value figure_replayed(const struct figure_source *s, uint64_t value)
{
	return (struct figure_value){ .known = s->tally != NULL, .nr = (int64_t)value };
}

struct figure_value figure_either(const struct figure_source *s, uint64_t replayed, bool known,
				  uint64_t recorded)
{
	if (s->tally)
		return (struct figure_value){ .known = true, .nr = (int64_t)replayed };
	return (struct figure_value){ .known = s->recorded && known, .nr = (int64_t)recorded };
}

void figure_word(char *key, size_t size, const char *name)
{
	snprintf(key, size, "%s", name);
	for (char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
}

static const char *key_of(const void *ctx, size_t i)
{
	const struct figures *figures = ctx;

	return i < figures->list.nr ? figures->list.items[i].key : NULL;
}

static void add_unknown(struct figures *figures, const struct figure *like)
{
	struct figure figure = *like;

	figure.key = arena_strndup(&figures->arena, like->key, strlen(like->key));
	figure.label = arena_strndup(&figures->arena, like->label, strlen(like->label));
	figure.known = false;
	figure.value = 0;
	vec_push(&figures->list, figure);
}

static void fill(struct figures *figures, struct replay *r, const struct recorded *recorded)
{
	static const struct replay_tally no_tally;
	static const struct recorded nothing;
	struct figure_source s = {
		.figures = figures,
		.replay = r,
		.tally = r ? replay_tally(r) : NULL,
		.t = r ? replay_tally(r) : &no_tally,
		.recorded = recorded,
		.rec = recorded ? recorded : &nothing,
		.machine = r ? replay_machine(r) : NULL,
	};

	memset(figures, 0, sizeof(*figures));
	arena_init(&figures->arena);
	add_failures(&s);
	add_failure_families(&s);
	add_memory(&s);
	add_owners(&s);
	add_huge(&s);
	figures_add_indices(&s);
	figures_add_slab(&s);
	figures_add_work(&s);
	add_areas(&s);
	figures_add_latency(&s);
}

static void add_memory(struct figure_source *s)
{
	const struct replay_tally *t = s->t;
	uint64_t total = s->machine ? page_total(machine_pages(s->machine)) : 0;

	figure_put(s, FIGURE(BYTES, NEITHER, false), figure_replayed(s, figure_bytes(total)),
		   "memory of the machine", "memory.total_bytes");
	figure_put(s, FIGURE(BYTES, LESS, true), figure_replayed(s, figure_bytes(t->peak_pages)),
		   "largest use", "memory.peak_bytes");
	figure_put(s, FIGURE(BYTES, LESS, true), figure_replayed(s, figure_bytes(t->pages)),
		   "use at the end", "memory.end_bytes");
	figure_put(s, FIGURE(BYTES, MORE, true), figure_replayed(s, figure_bytes(t->all.free_min)),
		   "least free", "memory.free_least_bytes");
}

static void add_owners(struct figure_source *s)
{
	for (unsigned int i = 0; i < OWNER_NR; i++) {
		const struct recorded_owner *rec = &s->rec->owners[i];
		const struct replay_owner *own = &s->t->owners[i];
		const char *name = page_owner_name((enum page_owner)i);
		bool known = s->rec->has_pages && i != OWNER_UNKNOWN;
		char word[FIGURE_KEY], label[FIGURE_KEY];

		figure_word(word, sizeof(word), name);
		snprintf(label, sizeof(label), "%s, largest", name);
		figure_put(s, FIGURE(BYTES, LESS, i == OWNER_SLAB),
			   figure_either(s, figure_bytes(own->peak), known,
					 figure_bytes(rec->peak)),
			   label, "memory.%s.peak_bytes", word);
		snprintf(label, sizeof(label), "%s, at the end", name);
		figure_put(s, FIGURE(BYTES, LESS, false),
			   figure_either(s, figure_bytes(own->pages), known,
					 figure_bytes(rec->pages)),
			   label, "memory.%s.end_bytes", word);
	}
}

static void add_failures(struct figure_source *s)
{
	uint64_t verdicts[VERDICT_NR];

	replay_tally_verdicts(s->t, verdicts);
	figure_put(s, FIGURE(COUNT, LESS, true),
		   figure_either(s, verdicts[VERDICT_FAILED] + verdicts[VERDICT_FAILED_BOTH], true,
				 s->rec->failures),
		   "failed requests", "failures.total");
	figure_put(s, FIGURE(COUNT, LESS, true), figure_replayed(s, verdicts[VERDICT_FAILED]),
		   "failed here only", "failures.new");
	figure_put(s, FIGURE(COUNT, MORE, true), figure_replayed(s, verdicts[VERDICT_RECOVERED]),
		   "failed when recorded only", "failures.recovered");
	for (unsigned int i = MM_FAIL_NONE + 1; i < MM_FAIL_NR; i++) {
		const char *name = mm_failure_name((enum mm_failure)i);
		char word[FIGURE_KEY], label[FIGURE_KEY];

		figure_word(word, sizeof(word), name);
		snprintf(label, sizeof(label), "failed: %s", name);
		figure_put(s, FIGURE(COUNT, LESS, i == MM_FAIL_NO_BLOCK),
			   figure_replayed(s, s->t->failures_by_reason[i]), label,
			   "failures.reason.%s", word);
	}
}

static void add_failure_families(struct figure_source *s)
{
	char label[FIGURE_KEY];

	for (unsigned int order = 0; order < KERNEL_NR_ORDERS; order++) {
		snprintf(label, sizeof(label), "failed, order %u", order);
		figure_put(s, FIGURE(COUNT, LESS, true),
			   figure_either(s, s->t->failures_by_order[order], true,
					 s->rec->failures_by_order[order]),
			   label, "failures.order%u", order);
	}
	for (unsigned int i = 0; i < GFP_CLASS_NR; i++) {
		const char *name = gfp_class_name((enum gfp_class)i);

		snprintf(label, sizeof(label), "failed, GFP class %s", name);
		figure_put(s, FIGURE(COUNT, LESS, true),
			   figure_either(s, s->t->failures_by_class[i], true,
					 s->rec->failures_by_class[i]),
			   label, "failures.gfp.%s", name);
	}
}

static void add_huge(struct figure_source *s)
{
	const struct replay_huge *huge = &s->t->huge;
	uint64_t samples = MAX(s->t->nr_samples, (uint64_t)1);

	figure_put(s, FIGURE(COUNT, MORE, true), figure_replayed(s, huge->end),
		   "free huge pages at the end", "huge.free_end");
	figure_put(s, FIGURE(COUNT, MORE, true), figure_replayed(s, huge->least),
		   "free huge pages, least", "huge.free_least");
	figure_put(s, FIGURE(RATIO, MORE, true), figure_replayed(s, huge->available_end),
		   "huge_availability at the end", "huge.availability_end");
	figure_put(s, FIGURE(RATIO, MORE, true), figure_replayed(s, huge->available_sum / samples),
		   "huge_availability, mean", "huge.availability_mean");
	figure_put(s, FIGURE(RATIO, MORE, false), figure_replayed(s, huge->available_least),
		   "huge_availability, least", "huge.availability_least");
}

/* Address spaces: vmalloc and per-CPU chunks. */
static void add_areas(struct figure_source *s)
{
	struct vmalloc_stats v = { 0 };
	struct percpu_stats p = { 0 };

	if (s->machine) {
		vmalloc_stats(machine_vmalloc(s->machine), &v);
		percpu_stats(machine_percpu(s->machine), &p);
	}
	figure_put(s, FIGURE(BYTES, LESS, false), figure_replayed(s, v.busy_bytes),
		   "vmalloc address space in use", "vmalloc.busy_bytes");
	figure_put(s, FIGURE(BYTES, MORE, false), figure_replayed(s, v.largest_free),
		   "largest vmalloc hole", "vmalloc.largest_free_bytes");
	figure_put(s, FIGURE(COUNT, LESS, false), figure_replayed(s, v.nr_purges),
		   "purges of lazily freed areas", "vmalloc.purges");
	figure_put(s, FIGURE(COUNT, LESS, false), figure_replayed(s, p.nr_chunks),
		   "per-CPU chunks", "percpu.chunks");
	figure_put(s, FIGURE(BYTES, LESS, false),
		   figure_replayed(s, p.nr_populated << KERNEL_PAGE_SHIFT),
		   "per-CPU memory of one CPU", "percpu.populated_bytes");
}
