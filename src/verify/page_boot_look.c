/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Early boot, told by its events.
 *
 * Theory. Nothing says when a setting took effect, but who boots does one thing after the other,
 * and the call sites of small objects show which: pid 1 goes through initcalls in a known order,
 * prepares each CPU in the order of enum cpuhp_state, and gets and drops its memory policy.
 */
#include <config.h>

#include "page_boot_look.h"

#include "page_calls.h"

#include <string.h>

/* What pid 1 is to do next. */
enum boot_step {
	BOOT_CLASS,   /* register a class */
	BOOT_MM,      /* make /sys/kernel/mm */
	BOOT_MARKS,   /* set the marks: it does something else now */
	BOOT_KOBJECT, /* make a kobject */
	BOOT_SHRINKER, /* register a shrinker */
	BOOT_THREAD,  /* make khugepaged */
	BOOT_HUGE,    /* raise the marks */
	BOOT_DONE,
};

static void note_pcp(struct page_boot_look *boot, const struct event *ev, uint64_t number);
static void note_policy(struct page_boot_look *boot, const struct event *ev, const char *site,
			uint64_t number);
static void note_coming(struct page_boot_look *boot, const char *site, uint64_t number);
static void note_up(struct page_boot_look *boot, unsigned int cpu, uint64_t number);
static void boot_step(struct page_boot_look *boot, const char *site, uint64_t number);
static bool begins_with(const char *site, const char *const *words);
static const char *symbol_of(const struct page_boot_look *boot, uint32_t site);
static void note_refill(struct page_boot_look *boot, const struct event *ev);

void page_moment_add(struct page_moments *moments, uint64_t number, enum page_moment what,
		     unsigned int cpu)
{
	const struct page_look_moment moment = { .number = number,
						 .what = (uint8_t)what,
						 .cpu = (uint16_t)cpu };
	size_t at = moments->nr;

	vec_push(moments, moment);
	/* What is known late only goes before what came behind it. */
	for (; at && moments->items[at - 1].number > number; at--)
		moments->items[at] = moments->items[at - 1];
	moments->items[at] = moment;
}

void page_boot_look_init(struct page_boot_look *boot, const struct event_names *names,
			 struct page_moments *moments)
{
	memset(boot, 0, sizeof(*boot));
	boot->names = names;
	boot->moments = moments;
}

void page_boot_look_deinit(struct page_boot_look *boot)
{
	vec_deinit(&boot->refills);
}

void page_boot_look_event(struct page_boot_look *boot, const struct event *ev, uint64_t number)
{
	const bool task = (ev->pid == 1 || (!ev->pid && !ev->cpu)) && !page_calls_level(ev);
	const char *site = task && ev->site && (boot->step < BOOT_DONE || boot->interleaving) ?
				   symbol_of(boot, ev->site) : "";

	if (ev->cpu)
		note_up(boot, ev->cpu, number);
	if (!boot->pcp_seen)
		note_pcp(boot, ev, number);
	note_refill(boot, ev);
	if (ev->type == EVENT_ZONE_WMARKS && boot->step < BOOT_DONE) {
		boot->step = BOOT_DONE; /* such events tell all marks from here on */
		page_moment_add(boot->moments, number, PAGE_MOMENT_MARKS, 0);
	}
	if (!*site)
		return;
	note_policy(boot, ev, site, number);
	if (ev->pid == 1 && boot->step < BOOT_DONE) {
		note_coming(boot, site, number);
		boot_step(boot, site, number);
	}
}

bool page_boot_look_is_early(const struct page_boot_look *boot)
{
	return boot->step < BOOT_KOBJECT;
}

/* Two blocks in a row for one call: before setup_per_cpu_pageset() a refill is one block. */
static void note_pcp(struct page_boot_look *boot, const struct event *ev, uint64_t number)
{
	const uint64_t context = page_calls_context(ev);

	if (ev->type != EVENT_ZONE_LOCKED) {
		if (context == boot->last_take_context)
			boot->last_take = 0;
		return;
	}
	if (boot->last_take && boot->last_take_context == context) {
		boot->pcp_seen = true;
		page_moment_add(boot->moments, boot->last_take - 1, PAGE_MOMENT_PCP, 0);
	}
	boot->last_take = number + 1;
	boot->last_take_context = context;
}

/*
 * Policies are small objects: mpol_new() makes the first one in numa_policy_init(), __mpol_dup()
 * pid 1's in rest_init(), and numa_default_policy() drops one after the other.
 */
static void note_policy(struct page_boot_look *boot, const struct event *ev, const char *site,
			uint64_t number)
{
	static const char *const drops[] = { "do_set_mempolicy", "__mpol_put", NULL };
	const unsigned int bit = 1U << (ev->pid == 1);

	if (ev->type == EVENT_CACHE_ALLOC && !ev->pid && !strcmp(site, "mpol_new")) {
		boot->interleaving |= 1;
		page_moment_add(boot->moments, number + 1, PAGE_MOMENT_INTERLEAVE, 0);
	} else if (ev->type == EVENT_CACHE_ALLOC && !ev->pid && !boot->forked &&
		   boot->interleaving && !strcmp(site, "__mpol_dup")) {
		boot->forked = true;
		boot->interleaving |= 2;
		page_moment_add(boot->moments, number + 1, PAGE_MOMENT_INTERLEAVE, 1);
	} else if (ev->type == EVENT_CACHE_FREE && (boot->interleaving & bit) &&
		   begins_with(site, drops)) {
		boot->interleaving &= (uint8_t)~bit;
		page_moment_add(boot->moments, number, PAGE_MOMENT_LOCAL, (unsigned int)ev->pid);
	}
}

/*
 * A CPU is prepared by pid 1, in the order of enum cpuhp_state: its threads are made
 * (smpboot_create_threads), per-CPU lists share their limits with it (CPUHP_PAGE_ALLOC), its
 * workers and its part of smp_call_function() are made (workqueue_prepare_cpu). All that long
 * before it runs: its part of the ring buffer is yet to be allocated, and from 6.5 on all CPUs are
 * prepared before the first of them starts.
 */
static void note_coming(struct page_boot_look *boot, const char *site, uint64_t number)
{
	static const char *const threads[] = { "__smpboot_create_thread", "smpboot_create_thread",
					       NULL };
	static const char *const behind[] = {
		"alloc_worker", "create_worker", "workqueue_prepare_cpu", "smpcfd_prepare_cpu",
		"relay_prepare_cpu", "rb_allocate_cpu_buffer", "trace_rb_cpu_prepare", NULL,
	};

	if (begins_with(site, threads)) {
		boot->threads = true;
	} else if (boot->threads && begins_with(site, behind)) {
		boot->threads = false;
		boot->nr_coming++;
		page_moment_add(boot->moments, number, PAGE_MOMENT_CPU, boot->nr_coming);
	}
}

/* A CPU that nobody was seen to prepare was so right before. */
static void note_up(struct page_boot_look *boot, unsigned int cpu, uint64_t number)
{
	const uint64_t bit = 1ULL << (cpu % 64);

	if (cpu >= 8192 || boot->cpus_seen[cpu / 64] & bit)
		return;
	boot->cpus_seen[cpu / 64] |= bit;
	if (++boot->nr_up > boot->nr_coming) {
		boot->nr_coming = boot->nr_up;
		page_moment_add(boot->moments, number, PAGE_MOMENT_CPU, cpu);
	}
	page_moment_add(boot->moments, number, PAGE_MOMENT_CPU_UP, cpu);
}

/*
 * init_per_zone_wmark_min() runs right after mm_sysfs_init() has made a kobject, which follows on
 * bdi_class_init() with its class and its directory in debugfs. hugepage_init() makes another
 * kobject and its files, perhaps a cache, registers shrinkers and makes khugepaged; then the marks
 * rise. (A kobject and a thread alone are swap_init_sysfs() and kcompactd_init().) The names of
 * kobjects are strings of their own, by helpers that the compiler may have inlined.
 */
static void boot_step(struct page_boot_look *boot, const char *site, uint64_t number)
{
	static const char *const sysfs[] = {
		"kobject_", "__kernfs_", "radix_tree_", "__radix_tree_", "idr_", "ida_", "xas_",
		"kmem_cache_", "__kmem_cache_", "do_kmem_cache_", "cache_random_", "sysfs_slab_",
		"shrinker_", "prealloc_shrinker", "__prealloc_shrinker", "hugepage_", "thpsize_",
		"kfree_const", "kstrdup", "kvasprintf", NULL,
	};
	static const char *const shrinkers[] = { "shrinker_", "prealloc_shrinker",
						 "__prealloc_shrinker", NULL };
	static const char *const debugfs[] = { "__d_alloc", "alloc_inode", "security_inode_alloc",
					       "lsm_inode_alloc", NULL };
	const bool makes = !strcmp(site, "kobject_create_and_add");
	const bool passes = begins_with(site, sysfs);

	switch (boot->step) {
	case BOOT_CLASS:
	case BOOT_MM:
		if (strstr(site, "class_register") || strstr(site, "class_create"))
			boot->step = BOOT_MM;
		else if (makes && boot->step == BOOT_MM)
			boot->step = BOOT_MARKS;
		else if (!passes && !begins_with(site, debugfs))
			boot->step = BOOT_CLASS;
		break;
	case BOOT_MARKS:
		if (passes && !makes)
			break;
		page_moment_add(boot->moments, number, PAGE_MOMENT_MARKS, 0);
		boot->step = makes ? BOOT_SHRINKER : BOOT_KOBJECT;
		break;
	case BOOT_KOBJECT:
		if (makes)
			boot->step = BOOT_SHRINKER;
		break;
	case BOOT_SHRINKER:
		if (begins_with(site, shrinkers))
			boot->step = BOOT_THREAD;
		else if (!passes)
			boot->step = BOOT_KOBJECT;
		break;
	case BOOT_THREAD:
		if (!strncmp(site, "__kthread_create", 16))
			boot->step = BOOT_HUGE;
		else if (!passes)
			boot->step = BOOT_KOBJECT;
		break;
	case BOOT_HUGE:
		if (!strncmp(site, "__kthread_create", 16))
			break;
		page_moment_add(boot->moments, number, PAGE_MOMENT_HUGE, 0);
		boot->step = BOOT_DONE;
		break;
	default:
		break;
	}
}

static bool begins_with(const char *site, const char *const *words)
{
	for (; *words; words++) {
		if (!strncmp(site, *words, strlen(*words)))
			return true;
	}
	return false;
}

/* "" when the site is an address only, or unknown. */
static const char *symbol_of(const struct page_boot_look *boot, uint32_t site)
{
	if (site >= boot->names->sites.nr)
		return "";
	return intern_text(&boot->names->texts, boot->names->sites.items[site].symbol);
}

/* Blocks in a row, of which the request behind them got the first. */
static void note_refill(struct page_boot_look *boot, const struct event *ev)
{
	struct page_look_refill *refill = &boot->refill;

	if (boot->refills.nr == PAGE_LOOK_REFILLS || ev->page.order ||
	    (ev->type != EVENT_ZONE_LOCKED && ev->type != EVENT_PAGE_ALLOC))
		return;
	if (ev->type == EVENT_PAGE_ALLOC) {
		if (refill->nr > 1 && ev->page.pfn == refill->pfn)
			vec_push(&boot->refills, *refill);
		refill->nr = 0;
		return;
	}
	if (!refill->nr || boot->refill_context != page_calls_context(ev))
		*refill = (struct page_look_refill){ .pfn = ev->page.pfn };
	boot->refill_context = page_calls_context(ev);
	refill->nr++;
}
