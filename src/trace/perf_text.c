/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "perf script" prints of tracepoint samples: with or without call chains, with any choice of
 * columns (-F) that keeps the time and the event. perf.data itself is read only through it.
 */
#include <config.h>

#include "text.h"
#include "text_scan.h"

#include <string.h>

static int probe(const unsigned char *head, size_t len);
static bool open_format(struct trace *trace, struct error *err);
static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err);
static bool notice(struct text *text, const char *s, const char *e);
static void header(struct text *text, const char *s, const char *e);
static bool in_stack(const char *s, const char *e);

static const struct text_dialect dialect = {
	.notice = notice,
	.context = text_context_perf,
	.in_stack = in_stack,
	.page_nonsense = true,
	.probe_func_first = true,
};

const struct trace_format trace_format_perf = {
	.name = "perf",
	.summary = "text of 'perf script'",
	.probe = probe,
	.open = open_format,
	.next = next,
	.close = text_close,
};

/* "... time: [columns] system:event: ", where the other formats have a name without system. */
static int probe(const unsigned char *head, size_t len)
{
	const char *s = (const char *)head;
	const char *end = s + len;
	int lines = 0;

	for (const char *e; lines < 40 && (e = memchr(s, '\n', (size_t)(end - s))); s = e + 1) {
		const char *time = memmem(s, (size_t)(e - s), ": ", 2);
		const char *name, *colon;

		lines += *s != '#';
		if (SCAN_IS(s, "# captured on") || SCAN_IS(s, "# cmdline : "))
			return 95;
		if (!time || time == s || *s == '#' || scan_digit(time[-1]) > 9)
			continue;
		name = memmem(time + 1, (size_t)(e - time - 1), ": ", 2);
		colon = name ? memchr(time + 1, ':', (size_t)(name - time - 1)) : NULL;
		if (colon && !memchr(colon, ' ', (size_t)(name - colon)))
			return 80 - lines;
	}
	return 0;
}

static bool open_format(struct trace *trace, struct error *err UNUSED)
{
	return text_open(trace, &dialect);
}

static enum trace_status next(struct trace *trace, struct event_batch *batch,
			      struct error *err UNUSED)
{
	return text_next(trace, batch);
}

static bool notice(struct text *text, const char *s, const char *e)
{
	static const char lost_mark[] = "PERF_RECORD_LOST lost ";
	const char *lost, *event;
	struct event ev = { 0 };
	uint64_t nr;

	if (s < e && *s == '#') {
		header(text, s, e);
		return true;
	}
	lost = memmem(s, (size_t)(e - s), lost_mark, sizeof(lost_mark) - 1);
	if (!lost)
		return false;
	/* The columns may lack the CPU; then it is 0, as everywhere in such a file. */
	if (!text_context_perf(text, s, e, &ev, &event))
		ev.cpu = 0;
	if (!scan_dec(lost + sizeof(lost_mark) - 1, &nr))
		return false;
	text_note_lost(text, ev.cpu, nr);
	return true;
}

/* "# os release : 6.12.117+deb12-amd64", "# nrcpus online : 2" of --header. */
static void header(struct text *text, const char *s, const char *e)
{
	static const char release[] = "# os release : ";
	static const char cpus[] = "# nrcpus online : ";
	uint64_t nr;

	if ((size_t)(e - s) >= sizeof(release) && SCAN_IS(s, release)) {
		s += sizeof(release) - 1;
		trace_set_release(text->trace, s, (size_t)(scan_token_end(s) - s));
	} else if ((size_t)(e - s) >= sizeof(cpus) && SCAN_IS(s, cpus) &&
		   scan_dec(s + sizeof(cpus) - 1, &nr) && nr <= UINT16_MAX) {
		text->trace->info.nr_cpus = (unsigned int)nr;
	}
}

/* "\tffffffff8add39bd symbol+0x28d (dso)"; an empty line ends the chain. */
static bool in_stack(const char *s, const char *e)
{
	return e - s > 1 && *s == '\t';
}
