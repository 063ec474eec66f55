/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A typed growing array.
 *
 *	struct vec(int) v = { 0 };
 *	vec_push(&v, 42);
 *	for (size_t i = 0; i < v.nr; i++) use(v.items[i]);
 *	vec_deinit(&v);
 *
 * Elements move when the array grows: keep indices, not pointers.
 */
#ifndef KMREPLAY_CORE_VEC_H
#define KMREPLAY_CORE_VEC_H

#include "kmreplay/core/base.h"
#include "kmreplay/core/xalloc.h"

#include <stdlib.h>

#define vec(type)                                                                             \
	{                                                                                     \
		type *items;                                                                  \
		size_t nr;                                                                    \
		size_t cap;                                                                   \
	}

/** Room for at least "want" elements in all. */
#define vec_reserve(v, want)                                                                  \
	do {                                                                                  \
		size_t want_ = (want);                                                        \
		if (want_ > (v)->cap) {                                                       \
			size_t cap_ = MAX(MAX((v)->cap * 2, want_), (size_t)8);               \
			(v)->items = xreallocarray((v)->items, cap_, sizeof(*(v)->items));    \
			(v)->cap = cap_;                                                      \
		}                                                                             \
	} while (0)
/* The item is variadic so that a compound literal with commas can be given. */
#define vec_push(v, ...)                                                                      \
	do {                                                                                  \
		vec_reserve(v, (v)->nr + 1);                                                  \
		(v)->items[(v)->nr++] = (__VA_ARGS__);                                        \
	} while (0)
/** Makes it at least "want" long; new elements are zeroed. */
#define vec_extend_zeroed(v, want)                                                            \
	do {                                                                                  \
		size_t len_ = (want);                                                         \
		if (len_ > (v)->nr) {                                                         \
			vec_reserve(v, len_);                                                 \
			__builtin_memset((v)->items + (v)->nr, 0,                             \
					 (len_ - (v)->nr) * sizeof(*(v)->items));             \
			(v)->nr = len_;                                                       \
		}                                                                             \
	} while (0)
#define vec_reset(v) ((void)((v)->nr = 0))
#define vec_deinit(v)                                                                         \
	do {                                                                                  \
		free((v)->items);                                                             \
		(v)->items = NULL;                                                            \
		(v)->nr = (v)->cap = 0;                                                       \
	} while (0)
#define vec_foreach(v, it)                                                                    \
	for (__typeof__(*(v)->items) *it = (v)->items; it < (v)->items + (v)->nr; it++)

#endif
