/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Frees in interrupts that came while the interrupted task held the lock of per-CPU lists: a part
 * of the page judge's look ahead.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_LOCK_H
#define KMREPLAY_SRC_VERIFY_PAGE_LOCK_H

#include "kmreplay/core/vec.h"
#include "kmreplay/event/event.h"

/** A free, and a page of the zone whose lists were locked. */
struct page_locked {
	uint64_t pfn;
	uint32_t number;
};

struct page_lock_cpu {
	int32_t pid;   /**< whose the last event outside of interrupts was */
	bool batching; /**< a batch was being freed by it, "pfn" was the last */
	uint64_t pfn;
	struct vec(uint32_t) frees; /**< in interrupts since then */
};

struct page_lock {
	struct vec(struct page_lock_cpu) cpus;
	struct vec(struct page_locked) frees; /**< ascending once it is finished */
};

void page_lock_init(struct page_lock *lock);
void page_lock_deinit(struct page_lock *lock);
/** The next event, which is the recording's "number"th. */
void page_lock_event(struct page_lock *lock, const struct event *ev, uint64_t number);
/** No more events come. */
void page_lock_finish(struct page_lock *lock);
/** Whose lists were locked when free "number" came: a page of that zone; UINT64_MAX: nobody's. */
uint64_t page_lock_held(const struct page_lock *lock, uint64_t number);

#endif
