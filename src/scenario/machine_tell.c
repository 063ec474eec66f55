/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and their results in words. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/zone.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_argument(struct scenario_machine *m, const struct scenario_call *call,
			 unsigned int i, char letter);
static void add_result(struct scenario_machine *m, const struct scenario_value *ret);
static void add_detail(struct scenario_machine *m);
static bool find_zone(const struct scenario_machine *m, uint64_t pfn, struct zone_info *ret);

void scenario_tell_call(struct scenario_machine *m, const struct scenario_call *call,
			const struct scenario_value *ret)
{
	const struct scenario_function *function = &scenario_rows[call->function].function;
	const char *letter = function->args;
	struct scenario_called called = { .out = m->last.out };

	str_reset(&m->text);
	str_addf(&m->text, "%s(", function->name);
	for (unsigned int i = 0; i < call->nr_args; i++) {
		letter += *letter == '?';
		str_add(&m->text, i ? ", " : "");
		add_argument(m, call, i, *letter++);
	}
	str_add_char(&m->text, ')');
	add_result(m, ret);
	str_reset(&m->detail);
	add_detail(m);
	called.text = str_text(&m->text);
	called.detail = str_text(&m->detail);
	if (!mm_ok(m->last.out))
		called.failure = mm_failure_name((enum mm_failure)m->last.out.failure);
	m->sink->tell(m->ctx, SCENARIO_CALLED, &call->place, NULL, &called);
}

void scenario_tell_mistake(struct scenario_machine *m)
{
	if (!m->last.mistake)
		return;
	m->last.mistake = false;
	m->sink->tell(m->ctx, SCENARIO_MISTAKE, &m->last.place, m->last.why, NULL);
}

void scenario_more(struct scenario_machine *m, const char *fmt, ...)
{
	const size_t len = strlen(m->last.more);
	va_list ap;

	va_start(ap, fmt);
	if (len + 2 < sizeof(m->last.more)) {
		memcpy(m->last.more + len, len ? ", " : "", len ? 3 : 1);
		vsnprintf(m->last.more + len + (len ? 2 : 0), sizeof(m->last.more) - len - 2, fmt,
			  ap);
	}
	va_end(ap);
}

uint64_t scenario_last_pfn(const struct scenario_machine *m)
{
	const uint64_t offset = slab_page_offset(m->slab);

	if (m->last.type == SCENARIO_PAGE)
		return m->last.at;
	if (m->last.type != SCENARIO_ADDRESS || m->last.at < offset ||
	    !slab_is_live(m->slab, m->last.at))
		return 0;
	return (m->last.at - offset) >> KERNEL_PAGE_SHIFT;
}

const char *scenario_zone_name(const struct scenario_machine *m, uint64_t pfn)
{
	struct zone_info zone;

	return find_zone(m, pfn, &zone) ? zone_type_name(zone.type) : "?";
}

int scenario_node_of(const struct scenario_machine *m, uint64_t pfn)
{
	struct zone_info zone;

	return find_zone(m, pfn, &zone) ? zone.node : -1;
}

static void add_argument(struct scenario_machine *m, const struct scenario_call *call,
			 unsigned int i, char letter)
{
	const struct scenario_value *arg = &call->args[i];
	struct slab_cache_stats stats;

	if (letter == 'g' || (letter == 'x' && i + 1 == call->nr_args))
		gfp_print(gfp_era_of_release(m->kernel.major, m->kernel.minor),
			  (uint32_t)arg->number, &m->text);
	else if (arg->type == SCENARIO_CACHE && arg->number &&
		 slab_cache_get_stats(m->slab, (uint32_t)arg->number - 1, &stats))
		str_add(&m->text, stats.name);
	else if (arg->type == SCENARIO_TEXT)
		str_addf(&m->text, "\"%s\"", arg->text);
	else
		scenario_value_print(arg, &m->text);
}

static void add_result(struct scenario_machine *m, const struct scenario_value *ret)
{
	if (ret->type == SCENARIO_NOTHING)
		return;
	str_add(&m->text, " = ");
	if (ret->type == SCENARIO_PAGE && m->last.at)
		str_addf(&m->text, "page 0x%" PRIx64, m->last.at);
	else
		scenario_value_print(ret, &m->text);
}

static void add_detail(struct scenario_machine *m)
{
	const uint64_t pfn = scenario_last_pfn(m);
	struct slab_cache_stats stats;

	if (!mm_ok(m->last.out)) {
		str_add(&m->detail, m->last.mistake ? m->last.why : m->last.more);
		return;
	}
	if (m->last.type == SCENARIO_ADDRESS && pfn &&
	    slab_cache_get_stats(m->slab, slab_cache_of(m->slab, m->last.at), &stats))
		str_addf(&m->detail, "%s, ", stats.name);
	if (pfn)
		str_addf(&m->detail, "pfn 0x%" PRIx64 ", %s", pfn, scenario_zone_name(m, pfn));
	if (m->last.more[0])
		str_addf(&m->detail, "%s%s", pfn ? ", " : "", m->last.more);
}

static bool find_zone(const struct scenario_machine *m, uint64_t pfn, struct zone_info *ret)
{
	for (unsigned int i = 0; i < zone_count(m->pages); i++) {
		zone_info(m->pages, i, ret);
		if (pfn >= ret->start_pfn && pfn < ret->end_pfn)
			return true;
	}
	return false;
}
