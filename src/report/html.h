/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Small things that the page and the pictures inside it share. */
#ifndef KMREPLAY_REPORT_HTML_H
#define KMREPLAY_REPORT_HTML_H

#include "report_internal.h"

/** The style sheet of pages. */
extern const char html_style[];

/**
 * Appends "text" as the text of an element or of a quoted attribute. Control characters and bytes
 * that are no UTF-8 come as \x1b, as on a terminal.
 */
void html_add_text(struct str *out, const char *text);
#endif
