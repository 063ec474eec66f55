/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constants of scenarios: the kernel's, with our own numbering of what differs between releases. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp_history.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmap.h"

#include <string.h>

static const struct {
	const char *name;
	uint64_t value;
} numbers[] = {
	{ "PAGE_SIZE", KERNEL_PAGE_SIZE },
	{ "PAGE_SHIFT", KERNEL_PAGE_SHIFT },
	{ "MAX_ORDER", KERNEL_MAX_ORDER },
	{ "PAGE_ALLOC_COSTLY_ORDER", 3 },
	{ "KMALLOC_MAX_CACHE_SIZE", SLAB_KMALLOC_MAX_CACHE_SIZE },
	{ "KMALLOC_MAX_SIZE", SLAB_KMALLOC_MAX_SIZE },
	{ "INT_MAX", INT32_MAX },
	{ "U32_MAX", UINT32_MAX },
	{ "U64_MAX", UINT64_MAX },
	{ "true", 1 },
	{ "false", 0 },
	{ "SLAB_HWCACHE_ALIGN", SLAB_HWCACHE_ALIGN },
	{ "SLAB_RECLAIM_ACCOUNT", SLAB_RECLAIM_ACCOUNT },
	{ "SLAB_TEMPORARY", SLAB_RECLAIM_ACCOUNT },
	{ "SLAB_ACCOUNT", SLAB_ACCOUNT },
	{ "SLAB_CACHE_DMA", SLAB_CACHE_DMA },
	{ "SLAB_CACHE_DMA32", SLAB_CACHE_DMA32 },
	{ "SLAB_TYPESAFE_BY_RCU", SLAB_TYPESAFE_BY_RCU },
	{ "SLAB_NO_MERGE", SLAB_NO_MERGE },
	{ "SLAB_NOLEAKTRACE", SLAB_NOLEAKTRACE },
	{ "SLAB_FAILSLAB", SLAB_FAILSLAB },
	{ "SLAB_CONSISTENCY_CHECKS", SLAB_CONSISTENCY_CHECKS },
	{ "SLAB_RED_ZONE", SLAB_RED_ZONE },
	{ "SLAB_POISON", SLAB_POISON },
	{ "SLAB_STORE_USER", SLAB_STORE_USER },
	{ "SLAB_TRACE", SLAB_TRACE },
	{ "VM_IOREMAP", 0x1 },
	{ "VM_ALLOC", 0x2 },
	{ "VM_MAP", 0x4 },
	{ "VM_USERMAP", 0x8 },
	{ "VM_NO_GUARD", 0x40 },
	{ "VM_FLUSH_RESET_PERMS", SCENARIO_VM_FLUSH_RESET_PERMS },
	{ "VM_MAP_PUT_PAGES", SCENARIO_VM_MAP_PUT_PAGES },
	{ "EXECMEM_MODULE_TEXT", 0 },
	{ "EXECMEM_KPROBES", 1 },
	{ "EXECMEM_FTRACE", 2 },
	{ "EXECMEM_BPF", 3 },
	{ "EXECMEM_MODULE_DATA", 4 },
	{ "PAGE_KERNEL", 0 },
	/* What goes wrong without them has no counterpart here. */
	{ "SLAB_PANIC", 0 },
	{ "SLAB_MEM_SPREAD", 0 },
};

static const char *const others[] = {
	"THREAD_SIZE", "NULL", "SIZE_MAX", "NUMA_NO_NODE", "ZERO_SIZE_PTR"
};

static bool gfp_constant(const struct scenario_machine *m, const char *name,
			 struct scenario_value *ret);

bool scenario_constant(void *ctx, const char *name, struct scenario_value *ret)
{
	const struct scenario_machine *m = ctx;

	*ret = (struct scenario_value){ .type = SCENARIO_INT };
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(numbers[i].name, name) != 0)
			continue;
		ret->number = numbers[i].value;
		return true;
	}
	if (!strcmp(name, "NUMA_NO_NODE"))
		ret->number = -1;
	else if (!strcmp(name, "THREAD_SIZE"))
		ret->number = vmap_stack_size(m->vmalloc);
	else if (!strcmp(name, "SIZE_MAX"))
		ret->number = m->arch == ARCH_X86_32 ? UINT32_MAX : UINT64_MAX;
	else if (!strcmp(name, "NULL"))
		ret->type = SCENARIO_ADDRESS;
	else if (!strcmp(name, "ZERO_SIZE_PTR"))
		*ret = (struct scenario_value){ .type = SCENARIO_ADDRESS,
						.number = SLAB_ZERO_SIZE_PTR };
	else
		return gfp_constant(m, name, ret);
	return true;
}

const char *scenario_constant_name(const void *ctx, size_t i)
{
	(void)ctx;
	if (i < ARRAY_SIZE(numbers))
		return numbers[i].name;
	i -= ARRAY_SIZE(numbers);
	if (i < ARRAY_SIZE(others))
		return others[i];
	return gfp_word_name((unsigned int)(i - ARRAY_SIZE(others)));
}

/* As the machine's release means it; a name that it lacks, as the newest that has it. */
static bool gfp_constant(const struct scenario_machine *m, const char *name,
			 struct scenario_value *ret)
{
	const char *unknown;
	size_t unknown_len;
	uint32_t gfp;

	if (!strstr(name, "GFP_"))
		return false;
	gfp = gfp_parse(gfp_era_of_release(m->kernel.major, m->kernel.minor), name, strlen(name),
			&unknown, &unknown_len);
	ret->number = gfp;
	return !(gfp & GFP_BIT_UNKNOWN);
}
