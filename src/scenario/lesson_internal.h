/* SPDX-License-Identifier: GPL-2.0-or-later */
/** The table of lessons, made of their files when the program is built. */
#ifndef KMREPLAY_SCENARIO_LESSON_INTERNAL_H
#define KMREPLAY_SCENARIO_LESSON_INTERNAL_H

#include <stddef.h>

struct scenario_lesson {
	const char *name;
	const char *summary; /**< the first line of the text, a comment */
	const char *text;
	size_t len;
};

/** Ascending by name; the last one has no name. */
extern const struct scenario_lesson scenario_lessons[];

#endif
