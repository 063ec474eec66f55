/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The numbers of an axis: ticks at round values with their labels, and single values.
 *
 * Ticks are made here and not by gnuplot, which knows neither binary units nor that 1000 ns are
 * 1 us, and since text for terminals wants the same.
 */
#include <config.h>

#include "plot_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/** How labels of a unit are scaled: by "base" from one name to the next. */
struct scale {
	double base;
	const char *names[8]; /**< NULL: no more */
};

static const struct scale byte_scale = {
	1024,
	{ " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" },
};
static const struct scale count_scale = { 1000, { "", " k", " M", " G", " T", " P", " E" } };
static const struct scale time_scale = { 1000, { " ns", " us", " ms", " s" } };
static const struct scale percent_scale = { 1000, { " %" } };
static const struct scale plain_scale = { 1000, { "" } };

static const struct scale *scale_of(enum report_unit unit);
static unsigned int level_of(const struct scale *scale, double value);
static void label(struct plot_tick *tick, const struct scale *scale, unsigned int level);
static double round_step(double rough, bool whole);
static unsigned int log_ticks(const struct scale *scale, double low, double high, unsigned int want,
			      struct plot_tick *ticks);

unsigned int plot_ticks(const struct report_plot *p, const struct report_axis *axis,
			struct plot_range range, unsigned int want, struct plot_tick *ticks)
{
	const struct scale *scale = scale_of(axis->unit);
	double low = plot_number(p, axis, range.low), high = plot_number(p, axis, range.high);
	bool whole = axis->unit == REPORT_COUNT || axis->unit == REPORT_NUMBER ||
		     axis->unit == REPORT_BYTES || axis->unit == REPORT_NS;
	unsigned int level = level_of(scale, MAX(fabs(low), fabs(high)));
	double unit = pow(scale->base, level), step;
	unsigned int nr = 0;

	if (axis->log)
		return log_ticks(scale, low, high, want, ticks);
	step = unit * round_step((high - low) / unit / MAX(want, 1U), whole && !level);
	for (double i = ceil(low / step - 1e-9); nr < PLOT_TICKS; i++) {
		if (i * step > high + step * 1e-9)
			break;
		ticks[nr].at = i * step;
		label(&ticks[nr++], scale, level);
	}
	return nr;
}

double plot_number(const struct report_plot *p, const struct report_axis *axis, int64_t value)
{
	if (axis->unit == REPORT_TIME)
		return (double)(value - (int64_t)p->report->span_start) / 1e9;
	if (axis->unit == REPORT_PERCENT || axis->unit == REPORT_RATIO)
		return (double)value / 1000;
	return (double)value;
}

void plot_add_number(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		     int64_t value)
{
	int64_t since;

	if (axis->unit != REPORT_TIME) {
		enum report_unit unit = axis->unit == REPORT_HEX ? REPORT_COUNT : axis->unit;

		value_add_raw(out, unit, report_i64(value));
		return;
	}
	since = value - (int64_t)p->report->span_start;
	str_addf(out, "%s%llu.%09llu", since < 0 ? "-" : "",
		 (unsigned long long)(since < 0 ? -since : since) / 1000000000,
		 (unsigned long long)(since < 0 ? -since : since) % 1000000000);
}

void plot_add_human(struct str *out, const struct report_plot *p, const struct report_axis *axis,
		    int64_t value)
{
	if (axis->unit == REPORT_TIME) {
		value_add_human(out, REPORT_TIME,
				report_i64(value - (int64_t)p->report->span_start));
		str_add(out, " s");
	} else {
		value_add_human(out, axis->unit, report_i64(value));
	}
}

void plot_add_label(struct str *out, const struct report_axis *axis)
{
	report_add_printable(out, axis->label);
	if (axis->unit == REPORT_TIME)
		str_add(out, " (s)");
}

void plot_add_cut(struct str *out, const char *text, size_t width)
{
	struct str safe;
	size_t at = 0;

	str_init(&safe);
	report_add_printable(&safe, text);
	if (text_width(str_text(&safe), safe.len) <= width) {
		str_add(out, str_text(&safe));
	} else {
		for (size_t nr = 0; nr + 2 < width && at < safe.len; nr++)
			at += utf8_length(safe.data + at);
		str_add_mem(out, safe.data, at);
		str_add(out, "..");
	}
	str_deinit(&safe);
}

static const struct scale *scale_of(enum report_unit unit)
{
	static const struct scale *const scales[] = {
		[REPORT_COUNT] = &count_scale, [REPORT_NUMBER] = &plain_scale,
		[REPORT_BYTES] = &byte_scale,  [REPORT_NS] = &time_scale,
		[REPORT_TIME] = &plain_scale,  [REPORT_PERCENT] = &percent_scale,
		[REPORT_RATIO] = &plain_scale, [REPORT_HEX] = &byte_scale,
		[REPORT_TEXT] = &plain_scale,  [REPORT_BOOL] = &plain_scale,
	};

	return scales[unit];
}

/** How often "value" can be divided by the base and stays 1 or more. */
static unsigned int level_of(const struct scale *scale, double value)
{
	unsigned int level = 0;

	/* Counts keep their digits as long as they are short. */
	if (scale == &count_scale && value < 100000)
		return 0;
	while (scale->names[level + 1] && value >= scale->base) {
		value /= scale->base;
		level++;
	}
	return level;
}

static void label(struct plot_tick *tick, const struct scale *scale, unsigned int level)
{
	double value = tick->at / pow(scale->base, level);

	/* Not "-0", and not what is left of 0.1 + 0.2 - 0.3. */
	if (fabs(value) < 1e-12)
		value = tick->at = 0;
	snprintf(tick->label, sizeof(tick->label), "%.6g%s", value,
		 value != 0 ? scale->names[level] : "");
}

/** Of 1, 2, 5, 10 ... what is nearest to "rough"; "whole": at least 1. */
static double round_step(double rough, bool whole)
{
	double power;

	if (!(rough > 0) || (whole && rough < 1))
		return 1;
	power = pow(10, floor(log10(rough)));
	if (rough < power * 1.4)
		return power;
	if (rough < power * 3.2)
		return power * 2;
	return rough < power * 7.1 ? power * 5 : power * 10;
}

/** Powers of ten, of two for bytes: as far apart as it takes. */
static unsigned int log_ticks(const struct scale *scale, double low, double high, unsigned int want,
			      struct plot_tick *ticks)
{
	double base = scale == &byte_scale ? 2 : 10;
	double span = log(MAX(high, 1.0) / MAX(low, 1.0)) / log(base);
	double each = MAX(round(span / MAX(want, 1U)), 1.0);
	unsigned int nr = 0;

	/* Thousands have short labels: every third power, or every tenth of two. */
	if (base < 10 && each > 2)
		each = each > 5 ? 10 : 5;
	for (double i = 0; nr < PLOT_TICKS; i += each) {
		double at = pow(base, i);

		if (at > high * 1.000001)
			break;
		if (at < low * 0.999999)
			continue;
		ticks[nr].at = at;
		label(&ticks[nr], scale, level_of(scale, at));
		nr++;
	}
	return nr;
}
