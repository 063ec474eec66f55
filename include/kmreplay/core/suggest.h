/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * "Did you mean": the name that somebody who mistyped one probably meant.
 */
#ifndef KMREPLAY_CORE_SUGGEST_H
#define KMREPLAY_CORE_SUGGEST_H

#include "kmreplay/core/base.h"

/**
 * The name that was probably meant by "given": the nearest of name(0), name(1), ... NULL, as far as
 * few letters were mistaken; NULL when none is near.
 */
const char *suggest_nearest(const char *given, const char *(*name)(unsigned int i));

/** Name "i" of the list that "ctx" stands for; NULL after the last. */
typedef const char *suggest_name_fn(const void *ctx, size_t i);
/** The same for names that only a context knows. */
const char *suggest_nearest_in(const char *given, suggest_name_fn *name, const void *ctx);

#endif
