/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stood in the way, in words: the nearest blocks, and whose the pages in them are. */
#include <config.h>

#include "failures_report.h"

#include "kmreplay/core/fmt.h"

#include <inttypes.h>

/* Pages in the way that are alike to people. */
struct pile {
	const struct failure_obstacle *first;
	uint64_t pages;
	uint64_t youngest, oldest; /* times */
	struct owners_sites objects; /* in slabs: of all its pages */
};
struct piles {
	struct vec(struct pile) list;
};

static void say_there(const struct failure_report *what, size_t i, struct str *out);
static void say_block(const struct failures_facts *facts, const struct failure_report *what,
		      const struct failure_zone *zone, const struct failure_near *near,
		      struct str *out);
static void pile_up(struct piles *piles, const struct failure_near *near);
static bool are_alike(const struct failure_obstacle *a, const struct failure_obstacle *b);
static void say_pile(const struct failures_facts *facts, const struct failure_report *what,
		     const struct pile *pile, struct str *out);
static void say_owner(const struct failures_facts *facts, const struct failure_report *what,
		      const struct pile *pile, struct str *out);
static void say_objects(const struct failures_facts *facts, const struct pile *pile,
			struct str *out);
static void say_age(const struct failures_facts *facts, uint64_t now, const struct pile *pile,
		    struct str *out);
static const char *mobility(const struct failure_obstacle *obstacle);

void failures_say_near(const struct failures_facts *facts, const struct failure_report *what,
		       struct str *out)
{
	for (size_t i = 0; i < what->zones.nr; i++) {
		const struct failure_zone *zone = &what->zones.items[i];

		if (!zone->searched) {
			say_there(what, i, out);
			continue;
		}
		if (!zone->any.block.found) {
			failures_zone_name(what, &zone->info, out);
			str_add(out, ": no block has any free part\n");
			continue;
		}
		say_block(facts, what, zone, &zone->any, out);
		if (zone->movable.block.found) {
			str_add(out, "  and of those with nothing but movable pages in the way: ");
			say_block(facts, what, zone, &zone->movable, out);
		}
		if (!zone->all_seen)
			str_add(out, "  (there are more free parts than were looked at: nearer "
				     "blocks are possible)\n");
	}
}

/* Nothing was looked for, since nothing is in the way. */
static void say_there(const struct failure_report *what, size_t i, struct str *out)
{
	const struct page_failure_zone *why = &what->why.zones.items[i];
	uint64_t blocks = 0;

	if (!what->why.request.order || why->refusal == PAGE_REFUSAL_NOT_ALLOWED ||
	    why->refusal == PAGE_REFUSAL_OTHER_NODE)
		return;
	for (unsigned int type = 0; type < MIGRATE_HIGHATOMIC; type++)
		blocks += why->blocks[type];
	failures_zone_name(what, &what->zones.items[i].info, out);
	str_addf(out, ": no page is in the way, %" PRIu64 " block%s large enough\n", blocks,
		 blocks == 1 ? " is" : "s are");
}

static void say_block(const struct failures_facts *facts, const struct failure_report *what,
		      const struct failure_zone *zone, const struct failure_near *near,
		      struct str *out)
{
	const struct page_nearest *block = &near->block;
	struct piles piles = { 0 };

	failures_zone_name(what, &zone->info, out);
	str_addf(out, ": pfn 0x%" PRIx64 ", in a pageblock of type %s: %u of its %u pages are free"
		 "; in the way:\n", block->pfn, migratetype_name(block->type), block->free,
		 1U << what->why.request.order);
	pile_up(&piles, near);
	vec_foreach(&piles.list, pile) {
		say_pile(facts, what, pile, out);
		owners_sites_deinit(&pile->objects);
	}
	vec_deinit(&piles.list);
}

static void pile_up(struct piles *piles, const struct failure_near *near)
{
	vec_foreach(&near->obstacles, obstacle) {
		const uint64_t time = obstacle->block.asker.time;
		struct pile *pile = NULL;

		vec_foreach(&piles->list, known)
			if (are_alike(known->first, obstacle))
				pile = known;
		if (!pile) {
			vec_push(&piles->list, (struct pile){ .first = obstacle, .youngest = time,
							      .oldest = time });
			pile = &piles->list.items[piles->list.nr - 1];
		}
		pile->pages += obstacle->pages.nr;
		owners_sites_add(&pile->objects, &obstacle->sites);
		pile->oldest = MIN(pile->oldest, time);
		pile->youngest = MAX(pile->youngest, time);
	}
}

static bool are_alike(const struct failure_obstacle *a, const struct failure_obstacle *b)
{
	const struct owners_block *x = &a->block, *y = &b->block;

	if (a->pages.where != b->pages.where || a->known != b->known || a->unseen != b->unseen ||
	    a->pages.type != b->pages.type)
		return false;
	if (a->pages.where == PAGE_IN_WAY_PCP)
		return a->pages.cpu == b->pages.cpu;
	return !a->known || (x->owner == y->owner && x->cache == y->cache &&
			     x->asker.site == y->asker.site && x->asker.comm == y->asker.comm &&
			     x->asker.pid == y->asker.pid);
}

static void say_pile(const struct failures_facts *facts, const struct failure_report *what,
		     const struct pile *pile, struct str *out)
{
	const struct failure_obstacle *first = pile->first;

	str_addf(out, "    %" PRIu64 " %s page%s", pile->pages, mobility(first),
		 pile->pages == 1 ? "" : "s");
	if (first->pages.where == PAGE_IN_WAY_PCP)
		str_addf(out, " in the per-CPU lists of CPU %u: a drain would give %s back",
			 first->pages.cpu, pile->pages == 1 ? "it" : "them");
	else if (first->pages.where == PAGE_IN_WAY_UNKNOWN)
		str_add(out, ", in use since before the recording");
	else if (!first->known)
		str_add(out, first->unseen ?
				     ", got without an event: moved there by compaction, or in bulk" :
				     ", got without an event, or before the recording");
	else
		say_owner(facts, what, pile, out);
	str_add_char(out, '\n');
}

static void say_owner(const struct failures_facts *facts, const struct failure_report *what,
		      const struct pile *pile, struct str *out)
{
	static const char *const kinds[OWNER_NR] = {
		[OWNER_UNKNOWN] = "of an unknown user",
		[OWNER_SLAB] = "of slabs",
		[OWNER_KMALLOC_LARGE] = "of a large kmalloc",
		[OWNER_VMALLOC] = "of vmalloc",
		[OWNER_STACK] = "of kernel stacks",
		[OWNER_PERCPU] = "of per-CPU memory",
		[OWNER_PAGE_TABLE] = "of page tables",
		[OWNER_USER] = "of user memory",
		[OWNER_PAGE_CACHE] = "of page cache",
		[OWNER_KERNEL] = "of the kernel's own",
	};
	const struct owners_block *block = &pile->first->block;

	str_addf(out, " %s", block->owner < OWNER_NR ? kinds[block->owner] : "?");
	if (block->cache)
		str_addf(out, " '%s'", intern_text(&facts->names->texts, block->cache));
	if (block->asker.site) {
		str_add(out, ", from call site ");
		event_site_print(facts->names, block->asker.site, false, out);
	}
	str_addf(out, ", asked for by %s[%d]", failures_task(facts, &block->asker),
		 block->asker.pid);
	say_age(facts, what->what.asker.time, pile, out);
	if (block->owner == OWNER_SLAB)
		say_objects(facts, pile, out);
}

/* Who keeps the slabs from going back. */
static void say_objects(const struct failures_facts *facts, const struct pile *pile,
			struct str *out)
{
	const struct owners_sites *sites = &pile->objects;
	const char *between = " (";

	if (!sites->nr) {
		str_addf(out, "; no object in %s is known", pile->pages == 1 ? "it" : "them");
		return;
	}
	str_addf(out, "; %" PRIu64 " object%s in use in %s", sites->nr,
		 sites->nr == 1 ? "" : "s", pile->pages == 1 ? "it" : "them");
	for (size_t i = 0; i < sites->list.nr && i < 3; i++) {
		str_addf(out, "%s%u from ", between, sites->list.items[i].nr);
		event_site_print(facts->names, sites->list.items[i].site, false, out);
		between = ", ";
	}
	str_add(out, sites->list.nr > 3 ? ", ...)" : sites->list.nr ? ")" : "");
}

static void say_age(const struct failures_facts *facts, uint64_t now, const struct pile *pile,
		    struct str *out)
{
	char young[FMT_BUF], old[FMT_BUF];

	if (facts->info->unit == TRACE_CLOCK_TICKS || pile->youngest > now)
		return;
	fmt_ns(old, now - pile->oldest);
	fmt_ns(young, now - pile->youngest);
	if (pile->oldest == pile->youngest)
		str_addf(out, " %s before", old);
	else
		str_addf(out, " %s to %s before", young, old);
}

static const char *mobility(const struct failure_obstacle *obstacle)
{
	if (obstacle->pages.where != PAGE_IN_WAY_USED)
		return obstacle->pages.where == PAGE_IN_WAY_PCP ? "free" : "unmovable";
	if (obstacle->pages.type == MIGRATE_MOVABLE)
		return "movable";
	return obstacle->pages.type == MIGRATE_RECLAIMABLE ? "reclaimable" : "unmovable";
}
