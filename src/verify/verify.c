/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of judges. */
#include <config.h>

#include "kmreplay/verify/verify.h"

const struct verify_ops *verify_layer_ops(enum verify_layer layer)
{
	static const struct verify_ops *const ops[VERIFY_LAYER_NR] = {
		[VERIFY_PAGE] = &verify_page_ops,
		[VERIFY_SLAB] = &verify_slab_ops,
		[VERIFY_VMALLOC] = &verify_vmalloc_ops,
		[VERIFY_PERCPU] = &verify_percpu_ops,
		[VERIFY_JOINT] = &verify_joint_ops,
	};

	BUG_ON((unsigned int)layer >= VERIFY_LAYER_NR);
	return ops[layer];
}
