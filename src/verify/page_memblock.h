/* SPDX-License-Identifier: GPL-2.0-or-later */
/** The part of the page judge that is about memory before there was a page allocator. */
#ifndef KMREPLAY_VERIFY_PAGE_MEMBLOCK_H
#define KMREPLAY_VERIFY_PAGE_MEMBLOCK_H

#include "kmreplay/proc/boot.h"
#include "kmreplay/verify/verify.h"

/** Judges each request that memblock=debug shows; nothing, if "boot" has none. */
void page_memblock_judge(const struct proc_boot *boot, const struct machine_config *config,
			 struct verify_log *log);

#endif
