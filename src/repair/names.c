/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls, fates, kinds and owners are called in tables and JSON keys. */
#include <config.h>

#include "kmreplay/repair/repair.h"

const char *repair_call_name(enum repair_call call)
{
	static const char *const names[CALL_NR] = {
		[CALL_NONE] = "none",
		[CALL_KMALLOC] = "kmalloc",
		[CALL_KMALLOC_LARGE] = "large kmalloc",
		[CALL_CACHE_ALLOC] = "kmem_cache_alloc",
		[CALL_OBJ_FREE] = "object free",
		[CALL_LARGE_FREE] = "large kfree",
		[CALL_PAGE_ALLOC] = "page alloc",
		[CALL_PAGE_FREE] = "page free",
		[CALL_VMAP_ALLOC] = "vmap alloc",
		[CALL_VMAP_FREE] = "vmap free",
		[CALL_PCPU_ALLOC] = "percpu alloc",
		[CALL_PCPU_FREE] = "percpu free",
		[CALL_CMA_ALLOC] = "cma alloc",
		[CALL_CMA_FREE] = "cma free",
		[CALL_BULK_FREE] = "bulk free",
	};

	return call < CALL_NR ? names[call] : "?";
}

const char *repair_fate_name(enum repair_fate fate)
{
	static const char *const names[FATE_NR] = {
		[FATE_DIRECT] = "direct",
		[FATE_EXPLAINED] = "explained",
		[FATE_REPAIRED] = "repaired",
		[FATE_SKIPPED] = "skipped",
	};

	return fate < FATE_NR ? names[fate] : "?";
}

const char *repair_kind_name(enum repair_kind kind)
{
	static const char *const names[REPAIR_KIND_NR] = {
		[REPAIR_NONE] = "none",
		[REPAIR_UNSEEN_FREE] = "unseen free",
		[REPAIR_UNSEEN_ALLOC] = "unseen alloc",
		[REPAIR_NULL_FREE] = "null free",
		[REPAIR_FAILED] = "failed",
		[REPAIR_DUPLICATE] = "duplicate",
		[REPAIR_MISMATCH] = "mismatch",
		[REPAIR_NOTICE] = "notice",
	};

	return kind < REPAIR_KIND_NR ? names[kind] : "?";
}

const char *page_owner_name(enum page_owner owner)
{
	static const char *const names[OWNER_NR] = {
		[OWNER_UNKNOWN] = "unknown",
		[OWNER_SLAB] = "slab",
		[OWNER_KMALLOC_LARGE] = "large kmalloc",
		[OWNER_VMALLOC] = "vmalloc",
		[OWNER_STACK] = "kernel stack",
		[OWNER_PERCPU] = "percpu",
		[OWNER_PAGE_TABLE] = "page table",
		[OWNER_USER] = "user",
		[OWNER_PAGE_CACHE] = "page cache",
		[OWNER_KERNEL] = "kernel",
	};

	return owner < OWNER_NR ? names[owner] : "?";
}
