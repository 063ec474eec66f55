/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects, slabs and their lists: exact sequences of what the kernel's rules give. */
#include <config.h>

#include "slab_fixture.h"

/* Objects are handed out last in, first out, and found again by their address. */
START_TEST(freed_object_is_next)
{
	struct slab_fixture f;
	uint32_t cache;
	uint64_t a, b, c;

	fixture_init(&f, 6, 12, 2);
	fixture_start(&f);
	cache = slab_kmalloc_class(f.slab, 100, GFP_BITS_KERNEL);
	a = fixture_get(&f, cache, 0);
	b = fixture_get(&f, cache, 0);
	c = fixture_get(&f, cache, 0);
	fixture_put(&f, 0, a);
	fixture_put(&f, 0, c);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), c);
	ck_assert_uint_eq(fixture_get(&f, cache, 0), a);
	ck_assert_uint_eq(slab_cache_of(f.slab, b), cache);
	ck_assert_uint_eq(slab_ksize(f.slab, b), 128);
	fixture_check(&f);
	fixture_deinit(&f);
}
END_TEST

UNIT_MAIN("slab", freed_object_is_next)
