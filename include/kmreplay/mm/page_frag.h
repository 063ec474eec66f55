/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Page fragments (page_frag_alloc() and its like): pieces of one large page, cut one behind the
 * other, which goes back when the last piece of it has. Network drivers put packets there.
 */
#ifndef KMREPLAY_MM_PAGE_FRAG_H
#define KMREPLAY_MM_PAGE_FRAG_H

#include "kmreplay/core/error.h"
#include "kmreplay/mm/outcome.h"

struct machine_config;

/** All fragments of a machine: which pages there are, and who still holds them. */
struct page_frags;

enum {
	PAGE_FRAG_ORDER = 3, /**< of the page that is wanted; else one of order 0 */
};

/** What lies below: page_alloc(), page_free(), page_was_pfmemalloc(). */
struct page_frag_ops {
	struct mm_outcome (*alloc)(void *ctx, unsigned int cpu, uint32_t gfp, unsigned int order,
				   unsigned int context);
	struct mm_outcome (*free)(void *ctx, unsigned int cpu, uint64_t pfn, unsigned int order);
	bool (*pfmemalloc)(void *ctx); /**< of the last alloc(); NULL: it is not */
};

/** struct page_frag_cache: where the next fragment is cut. All zero: it has no page yet. */
struct page_frag_cache {
	uint64_t pfn;
	uint32_t offset;  /**< of the last fragment; since 6.13 behind it */
	uint8_t order;
	bool holds;       /**< a page, by as many references as it may still cut fragments */
	bool pfmemalloc;  /**< its page came from the reserves and is not used twice */
};

/** "ctx" must outlive it. */
MUST_CHECK struct page_frags *page_frags_create(const struct machine_config *config,
						const struct page_frag_ops *ops, void *ctx);
/** Forgets everything; gives no page back. NULL is fine. */
void page_frags_destroy(struct page_frags *frags);

struct page_frag_request {
	uint64_t size;  /**< bytes */
	uint32_t align; /**< of the address, a power of two; 1: any */
	uint32_t gfp;
	unsigned int context; /**< enum page_context */
};

/**
 * page_frag_alloc_align(): addr is one of the direct map. Failure: INVALID (no bytes), ORDER (more
 * than the page has), or that of the page.
 */
struct mm_outcome page_frag_alloc(struct page_frags *frags, struct page_frag_cache *cache,
				  unsigned int cpu, const struct page_frag_request *request);
/** page_frag_free(); INVALID: no fragment begins at "addr". */
struct mm_outcome page_frag_free(struct page_frags *frags, unsigned int cpu, uint64_t addr);
/** page_frag_cache_drain(): the cache lets go of its page, which its fragments keep. */
struct mm_outcome page_frag_cache_drain(struct page_frags *frags, struct page_frag_cache *cache,
					unsigned int cpu);

/** Pages in use for fragments, and fragments in use. */
void page_frags_count(const struct page_frags *frags, uint64_t *pages, uint64_t *fragments);
/** "addr" is a fragment in use. */
bool page_frag_is_live(const struct page_frags *frags, uint64_t addr);
/** Verifies every invariant; false and "err" with the first breach. */
MUST_CHECK bool page_frags_check(const struct page_frags *frags, struct error *err);

#endif
