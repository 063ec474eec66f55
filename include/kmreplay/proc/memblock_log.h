/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What memblock=debug shows of each call in the boot log, step by step: requests with their
 * arguments, and the places that were found for them.
 */
#ifndef KMREPLAY_PROC_MEMBLOCK_LOG_H
#define KMREPLAY_PROC_MEMBLOCK_LOG_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/vec.h"

enum proc_memblock_kind {
	PROC_MEMBLOCK_DUMP,     /**< the lists as they are: the steps DUMP_... that follow */
	PROC_MEMBLOCK_DUMP_MEMORY,
	PROC_MEMBLOCK_DUMP_RESERVED,
	PROC_MEMBLOCK_ADD,
	PROC_MEMBLOCK_REMOVE,
	PROC_MEMBLOCK_RESERVE,
	PROC_MEMBLOCK_FREE,
	PROC_MEMBLOCK_REQUEST,  /**< the next step is its FOUND, unless it failed */
	PROC_MEMBLOCK_FOUND,    /**< reserved by an allocation; it may have had no REQUEST line */
	PROC_MEMBLOCK_NODE,     /**< the last FOUND was the node's own data */
	PROC_MEMBLOCK_CMA,      /**< the last FOUND is a CMA area */
};

struct proc_memblock_step {
	uint8_t kind;        /**< enum proc_memblock_kind */
	bool phys;           /**< REQUEST: memblock_phys_alloc_range(), limits as they are given */
	bool exact;          /**< REQUEST: on no other node */
	int node;            /**< -1: any, or not said */
	unsigned int flags;  /**< DUMP_MEMORY */
	uint64_t start, end; /**< REQUEST: where it may lie; all others but DUMP: the range */
	uint64_t size, align; /**< REQUEST */
};

struct proc_memblock_log {
	struct vec(struct proc_memblock_step) steps;
	bool cut; /**< there were too many: what is here is no whole */
};

#endif
