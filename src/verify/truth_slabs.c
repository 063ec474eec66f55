/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that tell of slab caches: what only one side has is zero on the other.
 *
 * Of a cache whose slabs no event touches a simulation knows what it was given, or nothing. So
 * those that events do touch are also counted apart: they say how good the simulation is.
 */
#include <config.h>

#include "truth_internal.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Two rows for a field: of all caches, and of those that events touch. */
struct field {
	enum verify_cache_field field;
	size_t all, touched;
};

/* A line of slabinfo on each side. */
struct pair {
	const struct proc_slab *ours, *kernel;
};

static const struct {
	const char *key, *label, *what, *touched_key, *touched_what;
} fields[VERIFY_CACHE_NR] = {
#define X(suffix, key, label, what)                                                           \
	[VERIFY_CACHE_##suffix] = { key, label, what " of each cache", "touched_" key,        \
				    what " of each cache that events touch" },
	VERIFY_CACHE_FIELDS(X)
#undef X
};

static struct field add_field(struct truth_comparison *c, enum verify_cache_field field);
static void compare_cache(struct truth_comparison *c, const struct field *fields_, size_t nr,
			  const struct pair *pair);
static void compare_pages(struct truth_comparison *c, size_t row);
static void compare_field(struct truth_comparison *c, const struct field *field,
			  struct verify_truth_cache *cache, uint64_t ours, uint64_t kernel);
static void compare_lists(struct truth_comparison *c, const struct field *field);
static bool number_of(const struct proc_table *table, size_t row, enum verify_cache_field field,
		      uint64_t *ret);
static void compare_all(struct truth_comparison *c);
static struct verify_truth_cache *cache_of(struct truth_comparison *c, const char *name);
static const char *name_of(const struct proc_snapshot *snapshot, const char *real);
static void field_of(struct truth_comparison *c, size_t row, const char *name, uint64_t ours,
		     uint64_t kernel);

const char *verify_cache_field_key(enum verify_cache_field field)
{
	return fields[field].key;
}

const char *verify_cache_field_label(enum verify_cache_field field)
{
	return fields[field].label;
}

void truth_compare_slabinfo(struct truth_comparison *c)
{
	static const struct proc_slab none;
	const size_t names = truth_row_add(c, "caches", "caches that both have", false);
	const struct field counts[] = {
		add_field(c, VERIFY_CACHE_SLABS),
		add_field(c, VERIFY_CACHE_OBJECTS),
		add_field(c, VERIFY_CACHE_ACTIVE),
	};
	const size_t shape =
		truth_row_add(c, "geometry", "size, objects and pages of a slab", false);
	const size_t touched =
		truth_row_add(c, "touched", "caches that events touch, of all", false);
	const size_t pages = truth_row_add(c, "pages", "pages in slabs: least of most", true);

	vec_foreach(&c->kernel->slabinfo.rows, kernel) {
		const struct proc_slab *found = proc_slab_find(&c->ours->slabinfo, kernel->name);
		const struct pair pair = { found ? found : &none, kernel };

		if (c->given)
			truth_given(c, names);
		else
			field_of(c, names, kernel->name, found != NULL, true);
		compare_cache(c, counts, ARRAY_SIZE(counts), &pair);
		truth_part(c, touched, cache_of(c, kernel->name)->touched, 1);
		if (!found)
			continue;
		field_of(c, shape, kernel->name, found->objsize, kernel->objsize);
		field_of(c, shape, kernel->name, found->objperslab, kernel->objperslab);
		field_of(c, shape, kernel->name, found->pagesperslab, kernel->pagesperslab);
	}
	vec_foreach(&c->ours->slabinfo.rows, ours)
		if (!c->given && !proc_slab_find(&c->kernel->slabinfo, ours->name))
			field_of(c, names, ours->name, true, false);
	compare_pages(c, pages);
}

void truth_compare_sys_slab(struct truth_comparison *c)
{
	const struct proc_table *table = &c->kernel->sys_slab;

	for (unsigned int i = 0; i < VERIFY_CACHE_NR; i++) {
		bool has = false;
		struct field field;

		for (size_t at = 1; at < table->columns.nr; at++)
			has |= !strcmp(table->columns.items[at], fields[i].key);
		if (!has)
			continue;
		field = add_field(c, (enum verify_cache_field)i);
		compare_lists(c, &field);
	}
	compare_all(c);
}

static struct field add_field(struct truth_comparison *c, enum verify_cache_field field)
{
	struct field ret = { .field = field };

	ret.all = truth_row_add(c, fields[field].key, fields[field].what, true);
	ret.touched = truth_row_add(c, fields[field].touched_key, fields[field].touched_what, true);
	return ret;
}

static void compare_cache(struct truth_comparison *c, const struct field *counts, size_t nr,
			  const struct pair *pair)
{
	struct verify_truth_cache *cache = cache_of(c, pair->kernel->name);

	cache->pages = (uint32_t)pair->kernel->pagesperslab;
	for (size_t i = 0; i < nr; i++) {
		const uint64_t values[2][VERIFY_CACHE_NR] = {
			{ [VERIFY_CACHE_SLABS] = pair->ours->num_slabs,
			  [VERIFY_CACHE_OBJECTS] = pair->ours->num_objs,
			  [VERIFY_CACHE_ACTIVE] = pair->ours->active_objs },
			{ [VERIFY_CACHE_SLABS] = pair->kernel->num_slabs,
			  [VERIFY_CACHE_OBJECTS] = pair->kernel->num_objs,
			  [VERIFY_CACHE_ACTIVE] = pair->kernel->active_objs },
		};

		compare_field(c, &counts[i], cache, values[0][counts[i].field],
			      values[1][counts[i].field]);
	}
}

/* An amount: how much of the larger one the smaller one is. */
static void compare_pages(struct truth_comparison *c, size_t row)
{
	uint64_t ours = 0, kernel = 0;

	vec_foreach(&c->ours->slabinfo.rows, line)
		ours += line->num_slabs * line->pagesperslab;
	vec_foreach(&c->kernel->slabinfo.rows, line)
		kernel += line->num_slabs * line->pagesperslab;
	if (c->given) {
		truth_given(c, row);
		return;
	}
	truth_part(c, row, MIN(ours, kernel), MAX(ours, kernel));
	truth_sums(c, row, (int64_t)ours, (int64_t)kernel);
}

static void compare_field(struct truth_comparison *c, const struct field *field,
			  struct verify_truth_cache *cache, uint64_t ours, uint64_t kernel)
{
	const bool counts = field->field < VERIFY_CACHE_PARTIAL;

	/* Of a cache that no event touches the files told all, of others the counts. */
	if (c->given && (counts || c->all_given || !cache->touched)) {
		truth_given(c, field->all);
		if (counts || c->all_given)
			truth_given(c, field->touched);
		return;
	}
	cache->has |= 1U << field->field;
	cache->ours[field->field] = ours;
	cache->kernel[field->field] = kernel;
	field_of(c, field->all, cache->name, ours, kernel);
	if (cache->touched)
		field_of(c, field->touched, cache->name, ours, kernel);
}

/* A column of all caches. */
static void compare_lists(struct truth_comparison *c, const struct field *field)
{
	const struct proc_table *table = &c->kernel->sys_slab;

	for (size_t i = 0; i < proc_table_rows(table); i++) {
		const char *name = name_of(c->kernel, proc_table_text(table, i, "name"));
		const size_t at = proc_table_find(&c->ours->sys_slab, name);
		uint64_t kernel, ours = 0;

		if (!number_of(table, i, field->field, &kernel))
			continue;
		if (at != SIZE_MAX && !number_of(&c->ours->sys_slab, at, field->field, &ours))
			continue;
		compare_field(c, field, cache_of(c, name), ours, kernel);
	}
}

/* slabs_cpu_partial is "objects(slabs)", and the objects are a guess. */
static bool number_of(const struct proc_table *table, size_t row, enum verify_cache_field field,
		      uint64_t *ret)
{
	const char *text;

	if (field != VERIFY_CACHE_CPU_PARTIAL)
		return proc_table_number(table, row, fields[field].key, ret);
	text = proc_table_text(table, row, fields[field].key);
	text = text ? strchr(text, '(') : NULL;
	if (text)
		*ret = strtoull(text + 1, NULL, 10);
	return text;
}

/* Caches of which everything is equal that both files tell. */
static void compare_all(struct truth_comparison *c)
{
	const unsigned int want = 1U << VERIFY_CACHE_SLABS | 1U << VERIFY_CACHE_OBJECTS |
				  1U << VERIFY_CACHE_PARTIAL | 1U << VERIFY_CACHE_CPU;
	const size_t row = truth_row_add(
		c, "alike", "caches that events touch: slabs, objects and lists", false);

	vec_foreach(&c->result->caches, cache) {
		bool equal = true;

		if (!cache->touched || (cache->has & want) != want)
			continue;
		for (unsigned int i = 0; i < VERIFY_CACHE_NR; i++)
			equal &= !(want & 1U << i) || cache->ours[i] == cache->kernel[i];
		if (truth_field(c, row, equal, true))
			str_add(truth_first(c, row), cache->name);
	}
}

/* The result's line of that cache. */
static struct verify_truth_cache *cache_of(struct truth_comparison *c, const char *name)
{
	vec_foreach(&c->result->caches, cache)
		if (!strcmp(cache->name, name))
			return cache;
	vec_push(&c->result->caches, (struct verify_truth_cache){
		.name = xstrdup(name),
		.touched = !c->shown->touched || c->shown->touched(c->shown->ctx, name),
	});
	return &c->result->caches.items[c->result->caches.nr - 1];
}

/* sysfs shows merged caches under a name made of their size, slabinfo under that of the first. */
static const char *name_of(const struct proc_snapshot *snapshot, const char *real)
{
	if (real[0] != ':')
		return real;
	vec_foreach(&snapshot->slabinfo.rows, row)
		if (!strcmp(proc_alias_target(&snapshot->aliases, row->name), real))
			return row->name;
	return real;
}

static void field_of(struct truth_comparison *c, size_t row, const char *name, uint64_t ours,
		     uint64_t kernel)
{
	if (truth_field(c, row, (int64_t)ours, (int64_t)kernel))
		str_addf(truth_first(c, row), "%s: %llu, kernel %llu", name,
			 (unsigned long long)ours, (unsigned long long)kernel);
}
