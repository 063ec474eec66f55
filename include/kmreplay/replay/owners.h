/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Whose pages are: for each page of a machine the last block that it was part of, with kind of
 * owner, call site, task and time, and for slabs the objects that live in them. For people who ask
 * what stands in the way of something.
 *
 * Who asks knows from the machine that a page is in use. What no event told of is from before the
 * recording; what was freed and is in use nevertheless was got without an event since: by
 * compaction, that moves pages, or from a bulk request.
 */
#ifndef KMREPLAY_REPLAY_OWNERS_H
#define KMREPLAY_REPLAY_OWNERS_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"
#include "kmreplay/repair/repair.h"

/** Who asked for something, and when. */
struct owners_asker {
	uint64_t number; /**< of the event */
	uint64_t time;
	uint32_t site;   /**< names.sites; 0: the recording does not say */
	uint32_t comm;   /**< names.texts */
	int32_t pid;
	uint16_t cpu;    /**< as recorded */
};

/** A block of pages. */
struct owners_block {
	uint64_t pfn;
	struct owners_asker asker; /**< slab: its site is that of the first object seen in it */
	uint32_t cache; /**< slab: names.texts; 0: not known */
	uint32_t gfp;
	uint8_t order;
	uint8_t owner; /**< enum page_owner */
	bool gone;     /**< it was freed */
};

/** An object in a slab; by slot of repair. */
struct owners_object {
	uint64_t addr; /**< 0: none */
	struct owners_asker asker;
};

/** Of objects that live in a range of addresses those of one call site. */
struct owners_site {
	uint32_t site;
	uint32_t nr;
	uint64_t oldest; /**< time of the first of them */
};

struct owners_update;

struct owners {
	struct u64map by_head; /**< first page and order to number in "blocks" */
	struct vec(struct owners_block) blocks;
	struct vec(struct owners_object) objects;
	uint64_t direct_map; /**< addresses of objects to pfns; 0: not known */
	uint64_t nr_siteless; /**< slabs whose first object was not seen yet */

	/* owners_feed() only: what has not taken effect yet. */
	struct vec(struct owners_update) queue;
	size_t queue_at;
	uint64_t nr_fed; /**< events */
};

void owners_init(struct owners *owners);
void owners_deinit(struct owners *owners);

/** A block came into use; the same pages' earlier ones are forgotten. */
void owners_add_block(struct owners *owners, const struct owners_block *block);
/** 2^order pages at "pfn" were freed by event "number". */
void owners_free_block(struct owners *owners, uint64_t pfn, unsigned int order, uint64_t number);
/** The block at "from" is at "to" from now on. */
void owners_move_block(struct owners *owners, uint64_t from, uint64_t to);
/** "slot" holds the object at "addr" from now on; 0: nothing. */
void owners_set_object(struct owners *owners, uint32_t slot, uint64_t addr,
		       const struct owners_asker *asker);

/** The same from a recording: takes note of a batch, for owners_until(). */
void owners_feed(struct owners *owners, const struct repair *repair,
		 const struct repair_batch *batch);
/** All events fed that come before "number" have their effect. */
void owners_until(struct owners *owners, uint64_t number);

/** The last block that "pfn" was part of; NULL: no event told. Valid until the next change. */
const struct owners_block *owners_find(const struct owners *owners, uint64_t pfn);
struct owners_sites {
	struct vec(struct owners_site) list; /**< most objects first */
	uint64_t nr;                         /**< objects */
};
/** Who holds the objects in "block"; "ret" is empty, or used again. Walks all objects. */
void owners_objects_in(const struct owners *owners, const struct owners_block *block,
		       struct owners_sites *ret);
/** Adds "more" to "sites". */
void owners_sites_add(struct owners_sites *sites, const struct owners_sites *more);
void owners_sites_deinit(struct owners_sites *sites);

#endif
