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

#endif
