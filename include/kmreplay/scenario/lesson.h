/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Lessons: scenarios that are a part of the program, so that a name runs the same anywhere. */
#ifndef KMREPLAY_SCENARIO_LESSON_H
#define KMREPLAY_SCENARIO_LESSON_H

#include "kmreplay/core/str.h"

/** Name and one line about lesson "i"; NULL after the last. */
const char *scenario_lesson_name(unsigned int i);
const char *scenario_lesson_summary(unsigned int i);
/** Appends the text of the lesson called "name" to "text"; false: there is none. */
MUST_CHECK bool scenario_lesson_text(const char *name, struct str *text);

#endif
