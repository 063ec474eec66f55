/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From gnuplot's SVG, a document with its own ground, ids and black text, to a picture inside a
 * page: it takes the page's width, font and colour of text, and brings nothing from outside.
 */
#include <config.h>

#include "html.h"
#include "plot_internal.h"

#include <string.h>

/** What is taken out, from "from" to the end of "to". */
struct cut {
	const char *from, *to;
};

static bool is_closed(const char *svg);
static bool add_head(struct str *out, const struct report_plot *p, const char *svg);
static const char *skip_cut(const char *at);
static const char *add_swapped(struct str *out, const char *at);

bool plot_add_svg(struct str *out, const struct report_plot *p, const char *svg)
{
	const char *at = strstr(svg, "<svg");

	if (!at || !is_closed(svg) || !add_head(out, p, at))
		return false;
	at = strchr(at, '>') + 1;
	while (*at) {
		const char *next = skip_cut(at);

		if (next == at)
			next = add_swapped(out, at);
		if (next == at)
			str_add_char(out, *next++);
		at = next;
	}
	return true;
}

/** Whole, and without references that leave the file: a picture stored beside it, a script. */
static bool is_closed(const char *svg)
{
	for (const char *at = svg; (at = strstr(at, "href='")); at++)
		if (at[6] != '#' && strncmp(at + 6, "data:image/png;base64,", 22) != 0)
			return false;
	return !strstr(svg, "<script") && strstr(svg, "</svg>");
}

static bool add_head(struct str *out, const struct report_plot *p, const char *svg)
{
	static const char name[] = "viewBox=\"";
	const char *end = strchr(svg, '>');
	const char *box = strstr(svg, name);
	size_t len;

	if (!box || !end || box > end)
		return false;
	box += sizeof(name) - 1;
	len = strspn(box, "0123456789. ");
	str_addf(out, "<svg role=\"img\" viewBox=\"%.*s\" aria-label=\"", (int)len, box);
	html_add_text(out, p->spec.says);
	str_add(out, "\">");
	return true;
}

/** Where to go on when something begins at "at" that a page does not want. */
static const char *skip_cut(const char *at)
{
	static const struct cut cuts[] = {
		{ "<title>", "</title>" },
		{ "<desc>", "</desc>" },
		{ "<rect x=\"0\" y=\"0\"", "/>" },
		/* Shapes of points, which no plot of ours has: the same ids in each picture. */
		{ "<defs>\n\n\t<circle id='gpDot'", "</defs>" },
		{ " id=\"gnuplot_canvas\"", "\"gnuplot_canvas\"" },
		{ " font-family=\"", "\" " },
		{ "\n\n", "\n" },
	};
	const char *end;

	if (*at != '<' && *at != ' ' && *at != '\n')
		return at;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		if (strncmp(at, cuts[i].from, strlen(cuts[i].from)) != 0)
			continue;
		end = strstr(at + 1, cuts[i].to);
		return end ? end + strlen(cuts[i].to) : at;
	}
	return at;
}

/** Appends what stands for the words at "at", if it is to be another; returns what is behind. */
static const char *add_swapped(struct str *out, const char *at)
{
	static const struct {
		const char *from, *to;
	} swaps[] = {
		{ "stroke='black'", "stroke=\"currentColor\"" },
		{ "stroke=\"black\"", "stroke=\"currentColor\"" },
		{ "fill=\"black\"", "fill=\"currentColor\"" },
		{ "fill=\"rgb(0,0,0)\"", "fill=\"currentColor\"" },
		{ "color=\"black\" ", "" },
		{ "xlink:href", "href" },
		{ "<image ", "<image style=\"image-rendering:pixelated\" " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(swaps); i++) {
		size_t len = strlen(swaps[i].from);

		if (strncmp(at, swaps[i].from, len) != 0)
			continue;
		str_add(out, swaps[i].to);
		return at + len;
	}
	return at;
}
