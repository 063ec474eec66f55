/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of the language itself: chance, smallest and largest. Distributions are given by what
 * people know of their data (mean, median, 90th percentile), so that whole numbers say all.
 */
#include <config.h>

#include "scenario_internal.h"

#include <math.h>
#include <string.h>

/* The standard normal distribution's 90th percentile. */
#define NORMAL_P90 1.2815515655446004

typedef bool builtin_function(struct runner *r, const struct expr *call, const scenario_int *args,
			      scenario_int *ret);
/* One that takes values of any type. */
typedef bool builtin_general(struct runner *r, const struct expr *call,
			     const struct scenario_value *args, struct scenario_value *ret);

static builtin_function fn_random, fn_exponential, fn_normal, fn_lognormal, fn_pareto, fn_min,
	fn_max, fn_abs;
static builtin_general fn_choose, fn_find;

static const struct {
	const char *name, *params;
	unsigned int least, most;
	builtin_function *call;   /* of numbers, or NULL: */
	builtin_general *general;
} builtins[] = {
	{ "random", "lowest, highest", 2, 2, fn_random, NULL },
	{ "exponential", "mean", 1, 1, fn_exponential, NULL },
	{ "normal", "mean, standard deviation", 2, 2, fn_normal, NULL },
	{ "lognormal", "median, 90th percentile", 2, 2, fn_lognormal, NULL },
	{ "pareto", "least, median", 2, 2, fn_pareto, NULL },
	{ "choose", "value, ...", 1, SCENARIO_MAX_ARGS, NULL, fn_choose },
	{ "min", "number, ...", 1, SCENARIO_MAX_ARGS, fn_min, NULL },
	{ "max", "number, ...", 1, SCENARIO_MAX_ARGS, fn_max, NULL },
	{ "abs", "number", 1, 1, fn_abs, NULL },
	{ "find", "value, array[], n", 3, 3, NULL, fn_find },
};

static double unit_interval(struct runner *r);
static double standard_normal(struct runner *r);
static scenario_int rounded(double value);
static bool bad(struct runner *r, const struct expr *call, const char *what);

int builtin_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		if (!strcmp(builtins[i].name, name))
			return (int)i;
	return -1;
}

const char *builtin_name(unsigned int i)
{
	return i < ARRAY_SIZE(builtins) ? builtins[i].name : NULL;
}

const char *builtin_check(int builtin, unsigned int nr)
{
	if (nr >= builtins[builtin].least && nr <= builtins[builtin].most)
		return NULL;
	return builtins[builtin].params;
}

bool builtin_call(struct runner *r, const struct expr *call, const struct scenario_value *args,
		  struct scenario_value *ret)
{
	scenario_int numbers[SCENARIO_MAX_ARGS];
	const int builtin = ~call->function;

	if (builtins[builtin].general)
		return builtins[builtin].general(r, call, args, ret);
	for (unsigned int i = 0; i < call->nr; i++) {
		if (args[i].type != SCENARIO_INT)
			return scenario_error(r->scenario, &call->of[i]->place, r->err, r->where,
					      "argument %u of %s(%s) is a number, not %s", i + 1,
					      call->name, builtins[builtin].params,
					      scenario_type_name(args[i].type));
		numbers[i] = args[i].number;
	}
	*ret = (struct scenario_value){ .type = SCENARIO_INT };
	return builtins[builtin].call(r, call, numbers, &ret->number);
}

static bool fn_random(struct runner *r, const struct expr *call, const scenario_int *args,
		      scenario_int *ret)
{
	const scenario_int span = args[1] - args[0];

	if (args[0] < INT64_MIN || args[1] > UINT64_MAX || span < 0 || span >= UINT64_MAX)
		return bad(r, call, "expected the lower number first, and less than 2^64 between");
	*ret = args[0] + rng_below(&r->rng, (uint64_t)span + 1);
	return true;
}

/* By inversion. */
static bool fn_exponential(struct runner *r, const struct expr *call, const scenario_int *args,
			   scenario_int *ret)
{
	if (args[0] < 0 || args[0] > INT64_MAX)
		return bad(r, call, "expected a mean from 0 up");
	*ret = rounded(-(double)args[0] * log(unit_interval(r)));
	return true;
}

static bool fn_normal(struct runner *r, const struct expr *call, const scenario_int *args,
		      scenario_int *ret)
{
	if (args[1] < 0 || args[1] > INT64_MAX || args[0] < INT64_MIN || args[0] > INT64_MAX)
		return bad(r, call, "expected a standard deviation from 0 up");
	*ret = rounded((double)args[0] + (double)args[1] * standard_normal(r));
	return true;
}

static bool fn_lognormal(struct runner *r, const struct expr *call, const scenario_int *args,
			 scenario_int *ret)
{
	double sigma;

	if (args[0] < 1 || args[1] < args[0] || args[1] > INT64_MAX)
		return bad(r, call, "expected a median from 1 up and a 90th percentile not below it");
	sigma = log((double)args[1] / (double)args[0]) / NORMAL_P90;
	*ret = rounded((double)args[0] * exp(sigma * standard_normal(r)));
	return true;
}

/* least / u^(1/alpha), where the median is least * 2^(1/alpha). */
static bool fn_pareto(struct runner *r, const struct expr *call, const scenario_int *args,
		      scenario_int *ret)
{
	double inverse;

	if (args[0] < 1 || args[1] < args[0] || args[1] > INT64_MAX)
		return bad(r, call, "expected a least value from 1 up and a median not below it");
	inverse = log((double)args[1] / (double)args[0]) / M_LN2;
	*ret = rounded((double)args[0] * pow(unit_interval(r), -inverse));
	return true;
}

static bool fn_min(struct runner *r, const struct expr *call, const scenario_int *args,
		   scenario_int *ret)
{
	(void)r;
	*ret = args[0];
	for (unsigned int i = 1; i < call->nr; i++)
		*ret = MIN(*ret, args[i]);
	return true;
}

static bool fn_max(struct runner *r, const struct expr *call, const scenario_int *args,
		   scenario_int *ret)
{
	(void)r;
	*ret = args[0];
	for (unsigned int i = 1; i < call->nr; i++)
		*ret = MAX(*ret, args[i]);
	return true;
}

static bool fn_abs(struct runner *r, const struct expr *call, const scenario_int *args,
		   scenario_int *ret)
{
	*ret = args[0];
	if (args[0] < 0 && __builtin_sub_overflow((scenario_int)0, args[0], ret))
		return bad(r, call, "the number is too large");
	return true;
}

static bool fn_choose(struct runner *r, const struct expr *call, const struct scenario_value *args,
		      struct scenario_value *ret)
{
	*ret = args[rng_below(&r->rng, call->nr)];
	return true;
}

/* The first of the array's first "n" elements that is the value; -1: none is. */
static bool fn_find(struct runner *r, const struct expr *call, const struct scenario_value *args,
		    struct scenario_value *ret)
{
	const struct scenario_call of = { .args = args, .runner = r };
	struct scenario_value element;
	bool same;

	if (args[1].type != SCENARIO_ARRAY || args[2].type != SCENARIO_INT || args[2].number < 0 ||
	    args[2].number > SCENARIO_MAX_ELEMENTS)
		return bad(r, call, "expected an array, as in find(p, old[], 10), and how many of "
				    "its elements count");
	*ret = (struct scenario_value){ .type = SCENARIO_INT, .number = -1 };
	for (uint64_t i = 0; i < (uint64_t)args[2].number; i++) {
		if (!scenario_array_get(&of, 1, i, &element, r->err))
			return scenario_error_at(r->scenario, &call->place, r->err, r->where);
		if (!eval_compare(r, call, TOKEN_EQ, &args[0], &element, &same))
			return false;
		if (!same)
			continue;
		ret->number = (scenario_int)i;
		break;
	}
	return true;
}

/* In (0, 1]: its logarithm is finite. */
static double unit_interval(struct runner *r)
{
	return (double)((rng_next(&r->rng) >> 11) + 1) * 0x1p-53;
}

/* Box and Muller, 1958: one of the two values; the other is not kept, so that calls are alike. */
static double standard_normal(struct runner *r)
{
	const double radius = sqrt(-2 * log(unit_interval(r)));

	return radius * cos(2 * M_PI * unit_interval(r));
}

static scenario_int rounded(double value)
{
	if (value > 0x1p63)
		return INT64_MAX;
	if (value < -0x1p63)
		return INT64_MIN;
	return llround(value);
}

static bool bad(struct runner *r, const struct expr *call, const char *what)
{
	return scenario_error(r->scenario, &call->place, r->err, r->where, "%s(%s): %s",
			      call->name, builtins[~call->function].params, what);
}
