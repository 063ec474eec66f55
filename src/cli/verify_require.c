/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of a comparison by name, and --require. */
#include <config.h>

#include "verify_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_operator(const char *op);
static bool find_metric(const char *key, enum verify_metric *ret, const char **rest);
static bool value_of_log(const struct verify_log *log, enum verify_metric metric,
			 const char *rest, struct verify_value *ret);
static bool find_truth(const struct verify_run *run, const char *key, int mode,
		       struct verify_value *ret);
static const struct verify_truth_row *find_row(const struct verify_truth_result *result,
					       const char *key);
static bool holds(const char *op, double value, double limit);

bool verify_value_find(const struct verify_run *run, const char *key, struct verify_value *ret)
{
	int mode = -1;
	enum verify_metric metric;
	const struct verify_log *log;
	const char *rest;

	for (unsigned int i = 0; i < VERIFY_MODE_NR; i++) {
		const char *name = verify_mode_name(i);

		if (!strncmp(key, name, strlen(name)) && key[strlen(name)] == '.') {
			mode = (int)i;
			key += strlen(name) + 1;
		}
	}
	if (!strncmp(key, "truth.", 6))
		return find_truth(run, key + 6, mode, ret);
	if (!find_metric(key, &metric, &rest))
		return false;
	*ret = (struct verify_value){ 0 };
	for (unsigned int i = 0; i < VERIFY_MODE_NR; i++) {
		if (mode >= 0 && i != (unsigned int)mode)
			continue;
		log = verify_run_log(run, verify_metric_desc(metric)->layer, (enum verify_mode)i);
		if (log)
			return value_of_log(log, metric, rest, ret);
	}
	return true;
}

struct verify_value verify_count_value(enum verify_metric metric, const struct verify_count *count)
{
	const bool detect = verify_metric_desc(metric)->kind == VERIFY_DETECT;

	return (struct verify_value){ count->right, count->all + (detect ? count->alarms : 0) };
}

bool verify_require_parse(const char *text, struct verify_require *require, struct error *err)
{
	const size_t key = strcspn(text, "<>= ");
	const char *at = text + key + strspn(text + key, " ");
	const size_t op = strspn(at, "<>=");
	char *end;

	if (!key || key >= sizeof(require->key) || !op || op >= sizeof(require->op))
		return error_set(err, "'%.100s' is no requirement: expected a metric, >= (or >, <=, "
				 "<, =) and a share, as page.pfn>=0.99", text);
	memcpy(require->key, text, key);
	require->key[key] = '\0';
	memcpy(require->op, at, op);
	require->op[op] = '\0';
	if (!is_operator(require->op))
		return error_set(err, "'%.100s': '%s' is not one of >=, >, <=, <, =", text,
				 require->op);
	require->limit = strtod(at + op, &end);
	if (end == at + op || !isfinite(require->limit))
		return error_set(err, "'%.100s': expected a share behind '%s', as 0.99 or 99%%",
				 text, require->op);
	if (*end == '%') {
		require->limit /= 100;
		end++;
	}
	end += strspn(end, " ");
	if (*end || require->limit < 0 || require->limit > 1)
		return error_set(err, "'%.100s': a share lies between 0 and 1, or 0%% and 100%%",
				 text);
	return true;
}

bool verify_require_holds(const struct verify_require *require, const struct verify_run *run,
			  bool *known, struct str *why)
{
	struct verify_value value;
	double share;

	*known = verify_value_find(run, require->key, &value);
	if (!*known) {
		str_addf(why, "there is no '%s'", require->key);
		return false;
	}
	if (!value.whole) {
		str_addf(why, "%s: nothing was judged", require->key);
		return false;
	}
	share = (double)value.part / (double)value.whole;
	str_addf(why, "%s is %.6f (%llu of %llu)", require->key, share,
		 (unsigned long long)value.part, (unsigned long long)value.whole);
	return holds(require->op, share, require->limit);
}

static bool is_operator(const char *op)
{
	static const char *const operators[] = { ">=", "<=", ">", "<", "=" };

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (!strcmp(op, operators[i]))
			return true;
	return false;
}

static bool find_metric(const char *key, enum verify_metric *ret, const char **rest)
{
	size_t best = 0;

	*ret = VERIFY_METRIC_NR;
	for (unsigned int i = 0; i < VERIFY_METRIC_NR; i++) {
		const char *name = verify_metric_desc((enum verify_metric)i)->key;
		const size_t len = strlen(name);

		if (len > best && !strncmp(key, name, len) && (!key[len] || key[len] == '.')) {
			best = len;
			*ret = (enum verify_metric)i;
		}
	}
	*rest = key + best + (key[best] == '.');
	if (!**rest)
		return best > 0;
	return best && verify_metric_desc(*ret)->kind == VERIFY_DETECT &&
	       (!strcmp(*rest, "precision") || !strcmp(*rest, "recall"));
}

static bool value_of_log(const struct verify_log *log, enum verify_metric metric, const char *rest,
			 struct verify_value *ret)
{
	const struct verify_count *count = &log->counts[metric];

	*ret = verify_count_value(metric, count);
	if (!strcmp(rest, "recall"))
		ret->whole = count->all;
	else if (!strcmp(rest, "precision"))
		ret->whole = count->right + count->alarms;
	return true;
}

/* "LABEL.FILE.FIELD" */
static bool find_truth(const struct verify_run *run, const char *key, int mode,
		       struct verify_value *ret)
{
	for (size_t i = 0; i < verify_run_nr_truths(run); i++) {
		const char *label = verify_truth_label(verify_run_truth_at(run, i));
		const size_t len = strlen(label);

		if (strncmp(key, label, len) != 0 || key[len] != '.')
			continue;
		for (unsigned int side = 0; side < VERIFY_LAYER_NR * VERIFY_MODE_NR; side++) {
			const enum verify_mode m = (enum verify_mode)(side / VERIFY_LAYER_NR);
			const struct verify_truth_result *result = verify_run_truth(
				run, (enum verify_layer)(side % VERIFY_LAYER_NR), m, i);
			const struct verify_truth_row *row;

			row = result ? find_row(result, key + len + 1) : NULL;
			if (!row || (mode >= 0 && m != (enum verify_mode)mode))
				continue;
			*ret = (struct verify_value){ row->equal, row->nr };
			return true;
		}
	}
	return false;
}

static const struct verify_truth_row *find_row(const struct verify_truth_result *result,
					       const char *key)
{
	vec_foreach(&result->rows, row) {
		const char *file = verify_file_name((enum verify_file)row->file);
		const size_t len = strlen(file);

		if (!strncmp(key, file, len) && key[len] == '.' && !strcmp(key + len + 1, row->key))
			return row;
	}
	return NULL;
}

static bool holds(const char *op, double value, double limit)
{
	switch (op[0]) {
	case '>':
		return op[1] ? value >= limit : value > limit;
	case '<':
		return op[1] ? value <= limit : value < limit;
	default:
		return value == limit;
	}
}
