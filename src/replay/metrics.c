/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of metrics, and where their values are kept. */
#include <config.h>

#include "metrics_internal.h"

#include "kmreplay/repair/repair.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct replay_metric_info infos[METRIC_NR] = {
#define X(suffix, key, scopes, members, unit, kind, history, help)                            \
	[METRIC_##suffix] = { key, scopes, MEMBERS_##members, METRIC_##unit, METRIC_##kind,   \
			      history, help },
	REPLAY_METRICS(X)
#undef X
};

static const char *owner_name(unsigned int member);
static const char *reason_name(unsigned int member);
static const char *path_name(unsigned int member);
static const char *call_name(unsigned int member);
static const char *mark_name(unsigned int member);
static const char *run_name(unsigned int member);
static const char *level_name(unsigned int member);

static const struct {
	unsigned int first, end;
	const char *(*name)(unsigned int member);
} members[MEMBERS_NR] = {
	[MEMBERS_NONE] = { 0, 1, NULL },
	[MEMBERS_OWNER] = { 0, OWNER_NR, owner_name },
	[MEMBERS_REASON] = { MM_FAIL_NONE + 1, MM_FAIL_NR, reason_name },
	[MEMBERS_PATH] = { 0, MM_PATH_NR, path_name },
	[MEMBERS_CALL] = { CALL_KMALLOC, CALL_PCPU_FREE + 1, call_name },
	[MEMBERS_MIGRATETYPE] = { 0, MIGRATE_NR, migratetype_name },
	[MEMBERS_MARK] = { ZONE_MARK_MIN, ZONE_MARK_HIGH + 1, mark_name },
	[MEMBERS_RUN] = { 0, 3, run_name },
	[MEMBERS_RUN_LARGE] = { 1, 3, run_name },
	[MEMBERS_LEVEL] = { 0, BLOCK_LEVELS, level_name },
};

static void count_rows(struct replay_metrics *m);
static void lay_out(struct replay_metrics *m, enum metric_scope scope);
static size_t row_of(struct metric_place place);

const struct replay_metric_info *replay_metric_info(enum replay_metric metric)
{
	return &infos[metric];
}

unsigned int replay_metric_members(enum replay_metric metric, unsigned int *first)
{
	*first = members[infos[metric].members].first;
	return members[infos[metric].members].end;
}

void replay_metric_column(enum replay_metric metric, unsigned int member, struct str *out)
{
	str_add(out, infos[metric].key);
	if (infos[metric].members == MEMBERS_NONE)
		return;
	str_add_char(out, '_');
	replay_metric_member(metric, member, out);
}

void replay_metric_member(enum replay_metric metric, unsigned int member, struct str *out)
{
	const char *(*name)(unsigned int) = members[infos[metric].members].name;

	for (const char *s = name ? name(member) : ""; *s; s++) {
		/* As the kernel writes them, but for sizes: 2M. */
		bool size = name == run_name;

		str_add_char(out, *s == ' ' ? '_' : size ? *s : (char)tolower((unsigned char)*s));
	}
}

const char *metric_scope_key(enum metric_scope scope)
{
	static const char *const keys[SCOPE_NR] = {
#define X(suffix, key) [SCOPE_##suffix] = key,
		METRIC_SCOPES(X)
#undef X
	};

	return keys[scope];
}

const char *metric_unit_name(enum metric_unit unit)
{
	static const char *const names[] = {
		[METRIC_PAGES] = "pages", [METRIC_BYTES] = "bytes",     [METRIC_COUNT] = "count",
		[METRIC_RATIO] = "ratio", [METRIC_PERCENT] = "percent", [METRIC_NS] = "ns",
	};

	return names[unit];
}

const char *metric_kind_name(enum metric_kind kind)
{
	static const char *const names[] = {
		[METRIC_NOW] = "now", [METRIC_SO_FAR] = "so far", [METRIC_SINCE] = "since",
	};

	return names[kind];
}

struct replay_metrics *replay_metrics_create(struct replay *r)
{
	struct replay_metrics *m = xcalloc(1, sizeof(*m));

	m->r = r;
	replay_watch_pages(r);
	count_rows(m);
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++)
		lay_out(m, (enum metric_scope)scope);
	for (unsigned int call = 0; call < CALL_NR; call++)
		hist_init(&m->before[call], HIST_FINE);
	hist_init(&m->since, HIST_FINE);
	return m;
}

void replay_metrics_destroy(struct replay_metrics *m)
{
	if (!m)
		return;
	for (unsigned int scope = 0; scope < SCOPE_NR; scope++)
		free(m->values[scope]);
	for (unsigned int call = 0; call < CALL_NR; call++)
		hist_deinit(&m->before[call]);
	hist_deinit(&m->since);
	free(m->zones);
	free(m);
}

unsigned int replay_metrics_rows(const struct replay_metrics *m, enum metric_scope scope)
{
	return scope == SCOPE_ZONE_ORDER ? m->nr_rows[SCOPE_ZONE] : m->nr_rows[scope];
}

int64_t replay_metrics_get(const struct replay_metrics *m, enum replay_metric metric,
			   unsigned int member, struct metric_place place)
{
	const size_t row = row_of(place);

	if (!m->columns[place.scope][metric].is_here || row >= m->nr_rows[place.scope] ||
	    member < m->columns[place.scope][metric].first ||
	    member >= m->columns[place.scope][metric].end)
		return METRIC_VOID;
	return m->values[place.scope][row * m->nr_columns[place.scope] +
				      m->columns[place.scope][metric].at + member -
				      m->columns[place.scope][metric].first];
}

void metrics_set(struct replay_metrics *m, enum replay_metric metric, unsigned int member,
		 struct metric_place place, int64_t value)
{
	BUG_ON(!m->columns[place.scope][metric].is_here);
	m->values[place.scope][row_of(place) * m->nr_columns[place.scope] +
			       m->columns[place.scope][metric].at + member -
			       m->columns[place.scope][metric].first] = value;
}

static void count_rows(struct replay_metrics *m)
{
	const struct page_allocator *pa = machine_pages(m->r->machine);

	m->nr_zones = zone_count(pa);
	m->zones = xcalloc(m->nr_zones, sizeof(*m->zones));
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		zone_info(pa, i, &m->zones[i]);
		m->nr_nodes = MAX(m->nr_nodes, (unsigned int)m->zones[i].node + 1);
	}
	m->nr_rows[SCOPE_MACHINE] = 1;
	m->nr_rows[SCOPE_ORDER] = KERNEL_NR_ORDERS;
	m->nr_rows[SCOPE_NODE] = m->nr_nodes;
	m->nr_rows[SCOPE_ZONE] = m->nr_zones;
	m->nr_rows[SCOPE_ZONE_ORDER] = m->nr_zones * KERNEL_NR_ORDERS;
}

static void lay_out(struct replay_metrics *m, enum metric_scope scope)
{
	size_t nr;

	for (unsigned int i = 0; i < METRIC_NR; i++) {
		const struct replay_metric_info *info = &infos[i];

		if (!(info->scopes & 1U << scope))
			continue;
		m->columns[scope][i].is_here = true;
		m->columns[scope][i].at = (uint16_t)m->nr_columns[scope];
		m->columns[scope][i].first = (uint16_t)members[info->members].first;
		m->columns[scope][i].end = (uint16_t)members[info->members].end;
		m->nr_columns[scope] += members[info->members].end - members[info->members].first;
	}
	nr = (size_t)m->nr_rows[scope] * m->nr_columns[scope];
	m->values[scope] = xcalloc(nr, sizeof(*m->values[scope]));
	for (size_t i = 0; i < nr; i++)
		m->values[scope][i] = METRIC_VOID;
}

static size_t row_of(struct metric_place place)
{
	switch (place.scope) {
	case SCOPE_ORDER:
		return place.order;
	case SCOPE_NODE:
	case SCOPE_ZONE:
		return place.index;
	case SCOPE_ZONE_ORDER:
		return (size_t)place.index * KERNEL_NR_ORDERS +
		       MIN(place.order, (unsigned int)KERNEL_MAX_ORDER);
	case SCOPE_MACHINE:
	case SCOPE_NR:
		break;
	}
	return 0;
}

static const char *owner_name(unsigned int member)
{
	return page_owner_name((enum page_owner)member);
}

static const char *reason_name(unsigned int member)
{
	return mm_failure_name((enum mm_failure)member);
}

static const char *path_name(unsigned int member)
{
	return mm_path_name((enum mm_path)member);
}

static const char *call_name(unsigned int member)
{
	return repair_call_name((enum repair_call)member);
}

static const char *mark_name(unsigned int member)
{
	static const char *const names[] = {
		[ZONE_MARK_MIN] = "min", [ZONE_MARK_LOW] = "low", [ZONE_MARK_HIGH] = "high"
	};

	return names[member];
}

static const char *run_name(unsigned int member)
{
	static const char *const names[] = { "2M", "32M", "1G" };

	return names[member];
}

static const char *level_name(unsigned int member)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

	static_assert(ARRAY_SIZE(names) == BLOCK_LEVELS, "a name for each level");
	return names[member];
}
