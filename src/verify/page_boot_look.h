/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * When settings of early boot took effect, and how large the first refills were: the part of the
 * page judge's look ahead that is about recordings from boot.
 */
#ifndef KMREPLAY_SRC_VERIFY_PAGE_BOOT_LOOK_H
#define KMREPLAY_SRC_VERIFY_PAGE_BOOT_LOOK_H

#include "page_look.h"

/** Moments, ascending. */
struct page_moments {
	struct page_look_moment *items;
	size_t nr, cap;
};

struct page_boot_look {
	const struct event_names *names;
	struct page_moments *moments;
	struct vec(struct page_look_refill) refills;
	struct page_look_refill refill; /**< being put together, by "refill_context" */
	uint64_t refill_context;
	uint64_t last_take_context, last_take; /**< number + 1 of a single take */
	bool pcp_seen;
	bool forked;  /**< the first task has made pid 1 */
	bool threads; /**< pid 1 has made threads of a CPU since it made workers */
	uint8_t step; /**< that pid 1 is to take next */
	uint8_t interleaving; /**< bits of the first task and of pid 1 */
	unsigned int nr_coming, nr_up; /**< CPUs besides the first */
	uint64_t cpus_seen[8192 / 64];
};

/** Adds a moment: behind all others of its event, before those of later ones. */
void page_moment_add(struct page_moments *moments, uint64_t number, enum page_moment what,
		     unsigned int cpu);

/** "names" and "moments", to which it adds, must outlive it. */
void page_boot_look_init(struct page_boot_look *boot, const struct event_names *names,
			 struct page_moments *moments);
void page_boot_look_deinit(struct page_boot_look *boot);
/** The next event, which is the recording's "number"th. */
void page_boot_look_event(struct page_boot_look *boot, const struct event *ev, uint64_t number);
/** Memory may still be handed over late. */
bool page_boot_look_is_early(const struct page_boot_look *boot);

#endif
