/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for the circumstances of a request, as `kmreplay gfp` and scenarios take them. */
#include <config.h>

#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page.h"

static const struct gfp_circumstance scopes[] = {
	{ "noio", PAGE_CTX_NOIO },
	{ "nofs", PAGE_CTX_NOFS },
	{ "noreclaim", PAGE_CTX_MEMALLOC },
	{ "pin", PAGE_CTX_PIN },
};

static const struct gfp_circumstance contexts[] = {
	{ "task", 0 },
	{ "realtime", PAGE_CTX_REALTIME },
	{ "softirq", PAGE_CTX_IRQ | PAGE_CTX_SOFTIRQ },
	{ "irq", PAGE_CTX_IRQ },
	{ "reclaim", PAGE_CTX_MEMALLOC },
	{ "oom-victim", PAGE_CTX_VICTIM },
};

const struct gfp_circumstance *gfp_context_word(unsigned int i)
{
	return i < ARRAY_SIZE(contexts) ? &contexts[i] : NULL;
}

const struct gfp_circumstance *gfp_scope_word(unsigned int i)
{
	return i < ARRAY_SIZE(scopes) ? &scopes[i] : NULL;
}
