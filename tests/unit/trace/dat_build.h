/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Makes trace.dat files for tests: small ones of any version, endianness, size of long and packing.
 */
#ifndef KMREPLAY_TESTS_UNIT_TRACE_DAT_BUILD_H
#define KMREPLAY_TESTS_UNIT_TRACE_DAT_BUILD_H

#include "kmreplay/core/str.h"

enum { DAT_BUILD_PAGE = 1024, DAT_BUILD_CPUS = 2 };

struct dat_build {
	struct str out;
	unsigned int version; /**< 6, 7 */
	bool big;
	unsigned int word;   /**< 4, 8: the kernel's long */
	const char *packing; /**< version 7: "none", "zlib", "zstd" */
	const char *clock;
	bool tsc;     /**< with a TSC2NSEC option: ns are half the ticks */
	bool instance; /**< with a further buffer */
	uint64_t overrun; /**< of CPU 1, in its statistics */
	struct str pages[DAT_BUILD_CPUS];
	/* The page being filled. */
	struct str page;
	unsigned int page_cpu;
	uint64_t page_time;
};

/** Numbers of the event types in the file. */
enum { DAT_KMALLOC = 100, DAT_KFREE, DAT_CACHE_FREE, DAT_PAGE_ALLOC, DAT_FINISHED, DAT_PROBE,
       DAT_STRANGE, DAT_NO_FORMAT, DAT_PRINT = 5 };

/** Appends "value" as a number of "size" bytes in the file's endianness. */
void dat_put_to(const struct dat_build *b, struct str *to, uint64_t value, unsigned int size);
/** Begins a page of CPU "cpu" in b->page. */
void dat_page_begin(struct dat_build *b, unsigned int cpu, uint64_t time);
/** Adds the page to its CPU. "missed": 0 none, 1 without a number, else how many + 1. */
void dat_page_end(struct dat_build *b, uint64_t missed);
/** The word that a record begins with. */
void dat_head(struct dat_build *b, unsigned int type_len, uint64_t delta);
/** Adds a kfree event to the page. */
void dat_kfree(struct dat_build *b, uint64_t delta, uint64_t ptr);
/** Every kind of record, on two CPUs. */
void dat_build_events(struct dat_build *b);
/** The whole file into b->out, of the pages added before. */
void dat_build_finish(struct dat_build *b);
void dat_build_deinit(struct dat_build *b);

#endif
