/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One simulated computer: page allocator, slab, vmalloc and percpu, wired together. This is the
 * only place that knows all of them; each takes what it needs from the others through the ops it
 * was given. Two machines share nothing.
 */
#ifndef KMREPLAY_MM_MACHINE_H
#define KMREPLAY_MM_MACHINE_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/machine_config.h"

struct machine;
struct mm_tap;
struct page_allocator;
struct slab_allocator;
struct vmalloc;
struct percpu;

/** Layers that ask for pages themselves. */
enum machine_layer {
	MACHINE_SLAB, /**< slabs, and large kmalloc() */
	MACHINE_VMALLOC,
	MACHINE_PERCPU,
	MACHINE_LAYER_NR,
};

/** What the machine asks of, and tells, whoever drives it. Any pointer may be NULL. */
struct machine_ops {
	/** As in struct page_ops. */
	void (*moved)(void *ctx, uint64_t old_pfn, uint64_t new_pfn, unsigned int order);
	uint64_t (*reclaim)(void *ctx, uint64_t nr_pages, uint32_t gfp);
	uint64_t (*oom)(void *ctx, uint32_t gfp);
	/** "layer" got the block of 2^order pages at "pfn" or (with "gone") gives it back. */
	void (*owned)(void *ctx, enum machine_layer layer, uint64_t pfn, unsigned int order,
		      bool gone);
	/**
	 * vmalloc and percpu ask for what they keep their books in (struct vm_struct, arrays of
	 * pages, maps of chunks). A recording shows that as requests of its own.
	 */
	bool own_objects;
};

/**
 * Builds a machine from "config" (copied as far as needed). "ops" is copied, "ctx" must outlive the
 * machine. NULL and "err" when the configuration describes no possible machine.
 */
MUST_CHECK struct machine *machine_create(const struct machine_config *config,
					  const struct machine_ops *ops, void *ctx,
					  struct error *err);
/** "m" may be NULL. */
void machine_destroy(struct machine *m);

/** Its parts; the machine's. */
struct page_allocator *machine_pages(struct machine *m);
struct slab_allocator *machine_slab(struct machine *m);
struct vmalloc *machine_vmalloc(struct machine *m);
struct percpu *machine_percpu(struct machine *m);
/** Who makes the next calls of vmalloc and percpu: enum page_context, which these do not take. */
void machine_set_context(struct machine *m, unsigned int context);

/**
 * Time passes in which nobody asks for anything: what layers do in the background by then is done,
 * in the order of time (struct machine_tick in machine.c has each layer's part of it).
 */
void machine_advance(struct machine *m, uint64_t ns);
/** A call has taken "ns": the clock goes on, and what was due by then is done. */
void machine_spend(struct machine *m, uint64_t ns);
/** Nanoseconds since the machine was made, by its own clock; those of recordings are their own. */
uint64_t machine_now(const struct machine *m);

/** Who hears of all calls from now on, whoever makes them; NULL: nobody. It must outlive "m". */
void machine_set_tap(struct machine *m, const struct mm_tap *tap);

/** Verifies every invariant of every part; false and "err" at the first that is broken. */
MUST_CHECK bool machine_check(const struct machine *m, struct error *err);
/** The cheap part of it, fit to be run after each event. */
MUST_CHECK bool machine_check_quick(const struct machine *m, struct error *err);

#endif
