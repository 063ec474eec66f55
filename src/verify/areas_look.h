/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the judges of vmalloc and percpu look ahead for, gathered in one reading: the bounds of the
 * address space, how many CPUs there can be, the moments when something else emptied the pools, and
 * what was in use when the recording began.
 *
 * Of space, the first event that touches it tells: handed out first, it was free; given back first,
 * it was in use. What no event has touched yet, though it would have held a request that went to a
 * higher address, was in use as well; handed out later after all, it was lazy, and a purge gave it
 * back. Where the first request got the very first address, nothing was in use.
 */
#ifndef KMREPLAY_VERIFY_AREAS_LOOK_H
#define KMREPLAY_VERIFY_AREAS_LOOK_H

#include "kmreplay/core/u64map.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/mm/percpu_follow.h"
#include "kmreplay/mm/vmalloc_follow.h"
#include "kmreplay/verify/verify.h"

/* Where modules live on x86-64 (MODULES_VADDR, MODULES_END), for probes that do not say it. */
#define AREAS_MODULES_START 0xffffffffc0000000ULL
#define AREAS_MODULES_LAST  0xffffffffff000000ULL

enum {
	AREAS_MAX_CHUNKS = 1024,    /* percpu chunks at a time: each costs us up to 150 KiB */
	AREAS_MAX_CPUS = 8192,	    /* NR_CPUS of the largest kernels */
	AREAS_MAX_OFFSET = 4 << 20, /* bytes of a percpu unit */
	AREAS_BURSTS = 64,	    /* tasks that purge at a time */
};

/** What a call site of kmem_cache_free says of the area whose record is freed there. */
enum areas_site {
	AREAS_SITE_UNKNOWN, /**< not looked at yet */
	AREAS_SITE_OTHER,
	AREAS_SITE_PURGE, /**< __purge_vmap_area_lazy(): kernels without a purge event */
	AREAS_SITE_POOL,  /**< ranges that leave a pool, in a purge or by the shrinker */
};

/** Addresses or bytes: [start, end). */
struct areas_span {
	uint64_t start, end;
};

/** Bounds of requests: of vmalloc, or of modules. */
struct areas_bounds {
	uint64_t vstart, vend; /**< as in events, vend inclusive; 0, 0: unknown */
};

/** enum areas_site by call site, filled as they are asked for. */
struct areas_sites {
	const struct event_names *names;
	struct vec(uint8_t) by_site;
};

/** A percpu chunk that was there before the first event, or maybe. */
struct areas_chunk {
	uint64_t base;		       /**< as recorded, maybe a hash */
	uint64_t high;		       /**< end of the highest area */
	bool reserved;		       /**< requests for modules' static variables were served */
	bool dynamic;		       /**< others were */
	bool created;		       /**< it was made while recording */
	/** The first one: bits of the smallest request that went elsewhere before it had one; 0. */
	uint64_t passed;
	bool served;		       /**< it had one */
	/* Bits of 4 bytes at the start: */
	struct vec(uint64_t) was_free; /**< first handed out, then given back */
	struct vec(uint64_t) in_use;   /**< by reasoning */
	struct vec(uint64_t) given;    /**< areas given back without having been got, or maybe */
	struct vec(uint64_t) begins;   /**< their first bits */
	struct vec(uint64_t) splits;   /**< bits behind them, where more is in use */
	/* While looking: */
	struct vec(uint64_t) touched; /**< handed out at some time */
	struct vec(uint64_t) seen;    /**< in use or not now, as "blocked" says; else unknown */
	struct vec(uint64_t) blocked;
	struct vec(uint64_t) cut;     /**< no longer held to be given */
	uint64_t low;		      /**< all bits below are seen */
};

struct areas_look {
	const struct verify_setup *setup;
	uint64_t number;      /**< of the next event */
	unsigned int nr_cpus; /**< possible ones; 0: no event told */

	/* vmalloc */
	struct areas_bounds vmalloc, modules;
	uint64_t lazy_max; /**< pages; 0: no event told */
	bool from_nothing; /**< the first request got the very first address */
	bool any_area;
	struct vmalloc *touched; /**< each touched range is an area here */
	struct vmalloc *taken;	 /**< the same, and what was in use; NULL after finish */
	uint64_t last_lazy;	 /**< of the last free; UINT64_MAX: unknown */
	struct vec(struct areas_span) was_free; /**< ascending after finish, disjoint */
	struct vec(struct areas_span) freed;	/**< in use at the start, given back later */
	struct vec(struct areas_span) in_use;	/**< by reasoning, but for what is in the others */
	struct vec(struct areas_span) was_lazy; /**< part of "in_use" */
	struct u64map reasoned; /**< start of a range in "in_use" to "nr_purges" then */
	uint32_t nr_purges;	/**< or steps of purges: only compared */
	struct u64map asked;	/**< task to the alignment that it asked for, its logarithm + 1 */
	uint64_t nr_requests;	/**< probes that tell what vmalloc() was asked for */
	struct vec(uint64_t) drains; /**< numbers of events at which the shrinker emptied pools */
	struct areas_sites sites;
	struct {
		int32_t pid;
		uint64_t number;
	} bursts[AREAS_BURSTS];
	unsigned int nr_bursts;

	/* percpu */
	struct u64map chunk_index; /**< base to index of chunks */
	struct vec(struct areas_chunk) chunks;
	struct u64map live; /**< ptr of areas handed out to their bits */
	uint64_t nr_beyond; /**< events of chunks beyond AREAS_MAX_CHUNKS */
	uint64_t boot_bits; /**< of the first chunk, in bits of 4 bytes, unless it shows more */
	size_t first_of;    /**< how many chunks there were when "first" was found */
	size_t first;	    /**< index of the first chunk of boot, or SIZE_MAX */
};

void *areas_look_create(const struct verify_setup *setup);
void areas_look_feed(void *look, const struct repair *repair, const struct repair_batch *batch);
void areas_look_finish(void *look);
void areas_look_destroy(void *look);

/** What the call site of a kmem_cache_free says. */
enum areas_site areas_site_of(struct areas_sites *sites, uint32_t site);

/* areas_percpu.c */

/** How many bits of 4 bytes boot's chunk for dynamic areas has, as kernels are configured. */
uint64_t areas_boot_bits(const struct machine_config *config);
void areas_look_percpu(struct areas_look *look, const struct event *ev);
/** The chunk of boot for dynamic areas; NULL: no event touches it. "hashed": bases are hashes. */
const struct areas_chunk *areas_first_chunk(const struct areas_look *look, bool hashed);
/** The chunk of boot for modules' static variables, or NULL. */
const struct areas_chunk *areas_reserved_chunk(const struct areas_look *look,
					       const struct areas_chunk *first);
/** Bit "bit" of one of a chunk's maps, which are as long as they have to be. */
#define areas_bit(map, bit) ((bit) / 64 < (map)->nr && (map)->items[(bit) / 64] >> ((bit) % 64) & 1)
void areas_chunks_deinit(struct areas_look *look);

/** The percpu layout of the recorded machine: the configured one, with what the look found out. */
void areas_percpu_layout(const struct areas_look *look, const struct machine_config *config,
			 struct percpu_layout *layout);
/** A configuration of as many CPUs as the recorded kernel reckons with. Shares config's memory. */
struct machine_config areas_config(const struct areas_look *look,
				   const struct machine_config *config);

#endif
