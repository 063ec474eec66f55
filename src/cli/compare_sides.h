/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From the command line to the sides of a comparison and the machines of its job.
 */
#ifndef KMREPLAY_CLI_COMPARE_SIDES_H
#define KMREPLAY_CLI_COMPARE_SIDES_H

#include "compare.h"

/**
 * Makes a side of each option that opens one, one of what was recorded with --recorded, and in
 * front one of the defaults when the first is a --set or when there has to be something to compare
 * with. All other options hold for each side. False: the message is printed, "*status" says which
 * exit it is.
 */
MUST_CHECK bool compare_plan(struct compare *compare, int *status);

#endif
