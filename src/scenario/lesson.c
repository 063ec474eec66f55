/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lessons: the scenarios of traces/scenarios. They are part of the program, so that a name means
 * the same wherever it runs; their files are installed as well, to be read and changed.
 */
#include <config.h>

#include "kmreplay/scenario/lesson.h"

#include "lesson_internal.h"

#include <string.h>

const char *scenario_lesson_name(unsigned int i)
{
	return scenario_lessons[i].name;
}

const char *scenario_lesson_summary(unsigned int i)
{
	return scenario_lessons[i].summary;
}

bool scenario_lesson_text(const char *name, struct str *text)
{
	for (const struct scenario_lesson *lesson = scenario_lessons; lesson->name; lesson++) {
		if (strcmp(lesson->name, name) != 0)
			continue;
		str_add_mem(text, lesson->text, lesson->len);
		return true;
	}
	return false;
}
