/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernels have a function, and functions that there are in kernels but not here. */
#include <config.h>

#include "machine_internal.h"

#include <string.h>

static const struct scenario_absence absences[] = {
	{ "kfree_rcu, kvfree_rcu",
	  "there are no RCU readers to wait for; 'after 10ms { kfree(p) }' frees later" },
	{ "call_rcu, synchronize_rcu",
	  "there are no RCU readers to wait for; 'sleep' lets time pass" },
	{ "kmalloc_nolock, kfree_nolock, alloc_pages_nolock, try_alloc_pages",
	  "nobody holds locks that one might run into" },
	{ "devm_kmalloc, devm_kzalloc, devm_kcalloc, devm_kfree",
	  "there are no devices; it is kmalloc() with a few words more, freed when the driver goes" },
	{ "zs_malloc, zs_free, zs_create_pool",
	  "of compressed memory only the page requests are known, from recordings" },
	{ "z3fold_alloc, zbud_alloc, zpool_malloc",
	  "of compressed memory only the page requests are known, from recordings" },
	{ "gen_pool_create, gen_pool_alloc, gen_pool_free",
	  "it divides memory that is there already, and asks no allocator for any" },
	{ "memremap, memunmap", "there are no devices; ioremap() takes the same addresses" },
	{ "kmap, kmap_local_page, kmap_atomic, kunmap",
	  "nothing is mapped for a moment only" },
	{ "get_user_pages, pin_user_pages",
	  "there are no processes; pin_user_page() pins one page, 'scope pin' is what it asks "
	  "for" },
	{ "mmap, brk, handle_mm_fault",
	  "there are no processes; add_to_task() makes pages theirs" },
	{ "alloc_hugetlb_folio",
	  "hugetlb's pools are not there; alloc_pages() of that order is" },
	{ "kmem_cache_create_args, kmem_buckets_create, kmem_buckets_alloc",
	  "its caches are like others: kmem_cache_create() makes one" },
	{ "kmem_cache_alloc_lru",
	  "there are no list_lrus; kmem_cache_alloc() is the same otherwise" },
	{ "malloc, calloc, realloc, free",
	  "it is of user space: kmalloc(), kcalloc(), krealloc(), kfree()" },
};

static bool exists(const struct scenario_machine *m, const struct scenario_row *row);
static void add_kernels(const struct scenario_row *row, struct str *out);
static bool lists(const char *names, const char *name);

const struct scenario_function *scenario_function(unsigned int i)
{
	return i < scenario_nr_rows() ? &scenario_rows[i].function : NULL;
}

bool scenario_machine_entry(unsigned int i, struct scenario_entry *ret)
{
	if (i >= scenario_nr_rows())
		return false;
	*ret = (struct scenario_entry){
		.function = &scenario_rows[i].function,
		.note = scenario_rows[i].note ? scenario_rows[i].note : "",
	};
	for (unsigned int row = 0; row <= i; row++)
		for (unsigned int group = 0; group < scenario_nr_groups(); group++)
			if (!strcmp(scenario_groups[group].first, scenario_rows[row].function.name))
				ret->group = &scenario_groups[group];
	return true;
}

void scenario_machine_kernels(unsigned int i, struct str *out)
{
	add_kernels(&scenario_rows[i], out);
}

const struct scenario_absence *scenario_machine_absence(unsigned int i)
{
	return i < ARRAY_SIZE(absences) ? &absences[i] : NULL;
}

bool scenario_has(void *ctx, unsigned int i, struct error *err)
{
	const struct scenario_machine *m = ctx;
	const struct scenario_row *row = &scenario_rows[i];
	struct str text = { 0 };

	if (exists(m, row))
		return true;
	str_addf(&text, "%s(%s) is of kernels ", row->function.name, row->function.params);
	add_kernels(row, &text);
	if (m->kernel.major)
		str_addf(&text, ", and the machine has %u.%u", m->kernel.major, m->kernel.minor);
	for (unsigned int k = 0; k < scenario_nr_rows(); k++)
		if (!strcmp(scenario_rows[k].function.name, row->function.name) &&
		    exists(m, &scenario_rows[k]))
			str_addf(&text, ", where it is %s(%s)", row->function.name,
				 scenario_rows[k].function.params);
	if (row->instead)
		str_addf(&text, "; others have %s", row->instead);
	error_set(err, "%s", str_text(&text));
	str_deinit(&text);
	return false;
}

const char *scenario_absent(void *ctx, const char *name)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(absences); i++)
		if (lists(absences[i].name, name))
			return absences[i].why;
	return NULL;
}

/* A machine without a release has the newest kernel. */
static bool exists(const struct scenario_machine *m, const struct scenario_row *row)
{
	if (!m->kernel.major)
		return !row->last.major;
	return (!row->since.major || kernel_version_cmp(m->kernel, row->since) >= 0) &&
	       (!row->last.major || kernel_version_cmp(m->kernel, row->last) <= 0);
}

static void add_kernels(const struct scenario_row *row, struct str *out)
{
	if (row->since.major)
		str_addf(out, "%u.%u", row->since.major, row->since.minor);
	if (row->last.major)
		str_addf(out, "%s %u.%u", row->since.major ? " to" : "up to", row->last.major,
			 row->last.minor);
	else
		str_add(out, row->since.major ? " on" : "all");
}

/* "name" is one of "names", between which there are commas. */
static bool lists(const char *names, const char *name)
{
	const size_t len = strlen(name);

	for (; *names; names += strspn(names, ", ")) {
		const size_t word = strcspn(names, ",");

		if (word == len && !memcmp(names, name, len))
			return true;
		names += word;
	}
	return false;
}
