/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions to values. Numbers have 128 bits; what does not fit is an error. */
#include <config.h>

#include "scenario_internal.h"

#include <string.h>

/* Bits of an array's index; the array's number stands above them. */
enum { INDEX_BITS = 48 };

static bool set_element(struct runner *r, uint64_t index, const struct scenario_value *value,
			struct error *err);
static bool eval_element(struct runner *r, const struct expr *expr, struct scenario_value **ret);
static bool eval_index(struct runner *r, const struct expr *expr, uint64_t *ret);
static bool eval_unary(struct runner *r, const struct expr *expr, struct scenario_value *ret);
static bool eval_binary(struct runner *r, const struct expr *expr, struct scenario_value *ret);
static bool eval_logic(struct runner *r, const struct expr *expr, struct scenario_value *ret);
static bool eval_numbers(struct runner *r, const struct expr *expr, scenario_int a, scenario_int b,
			 scenario_int *ret);
static bool eval_address(struct runner *r, const struct expr *expr,
			 const struct scenario_value *a, const struct scenario_value *b,
			 struct scenario_value *ret);
static bool eval_choice(struct runner *r, const struct expr *expr, struct scenario_value *ret);
static bool eval_call(struct runner *r, const struct expr *expr, struct scenario_value *ret);
static bool check_arg(struct runner *r, const struct expr *call, unsigned int i,
		      const struct scenario_value *arg);
static bool compare(enum token_kind sign, scenario_int a, scenario_int b);
static bool is_pointer(const struct scenario_value *value);
static bool comparable(const struct scenario_value *a, const struct scenario_value *b,
		       enum token_kind sign);
static bool is_null(const struct scenario_value *value);
static struct scenario_value number(scenario_int value);

/* What each letter of a function's arguments wants. */
static const struct {
	char letter;
	enum scenario_type type;
	bool whole; /* not below 0 */
	bool wide;  /* up to 64 bits, else 32 */
} letters[] = {
	{ 's', SCENARIO_INT, true, true },       { 'i', SCENARIO_INT, false, false },
	{ 'g', SCENARIO_INT, true, false },      { 'a', SCENARIO_ADDRESS, false, true },
	{ 'p', SCENARIO_PAGE, false, true },     { 'u', SCENARIO_PERCPU, false, true },
	{ 'c', SCENARIO_CACHE, false, true },    { 'm', SCENARIO_POOL, false, true },
	{ 't', SCENARIO_TEXT, false, true },     { 'r', SCENARIO_ARRAY, false, true },
	{ 'x', SCENARIO_INT, true, true }, /* a mask where it is the last one */
	{ 'e', SCENARIO_ADDRESS, false, true }, /* or a page */
};

bool eval(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	struct scenario_value *element = NULL;

	switch ((int)expr->kind) {
	case EXPR_NUMBER:
	case EXPR_TEXT:
	case EXPR_CONSTANT:
		*ret = expr->value;
		return true;
	case EXPR_VARIABLE:
		*ret = r->variables.items[expr->variable];
		if (ret->type != SCENARIO_NOTHING)
			return true;
		return scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "'%s' has no value yet", expr->name);
	case EXPR_ELEMENT:
		if (!eval_element(r, expr, &element))
			return false;
		*ret = *element;
		return true;
	case EXPR_ARRAY:
		*ret = (struct scenario_value){ .type = SCENARIO_ARRAY, .number = expr->variable };
		return true;
	case EXPR_UNARY:
		return eval_unary(r, expr, ret);
	case EXPR_BINARY:
		if (expr->sign == TOKEN_AND || expr->sign == TOKEN_OR)
			return eval_logic(r, expr, ret);
		return eval_binary(r, expr, ret);
	case EXPR_CHOICE:
		return eval_choice(r, expr, ret);
	case EXPR_CALL:
		return eval_call(r, expr, ret);
	default:
		BUG_ON(true);
	}
}

bool eval_int(struct runner *r, const struct expr *expr, scenario_int low, scenario_int high,
	      scenario_int *ret)
{
	struct scenario_value value;
	struct str text = { 0 };

	if (!eval(r, expr, &value))
		return false;
	if (value.type != SCENARIO_INT)
		return scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "expected a number, not %s", scenario_type_name(value.type));
	*ret = value.number;
	if (value.number >= low && value.number <= high)
		return true;
	str_add(&text, "expected a number from ");
	scenario_int_print(low, &text);
	str_add(&text, " to ");
	scenario_int_print(high, &text);
	str_add(&text, ", not ");
	scenario_int_print(value.number, &text);
	scenario_error(r->scenario, &expr->place, r->err, r->where, "%s", str_text(&text));
	str_deinit(&text);
	return false;
}

bool eval_assign(struct runner *r, const struct expr *target, const struct scenario_value *value)
{
	uint64_t index;

	if (value->type == SCENARIO_NOTHING || value->type == SCENARIO_ARRAY)
		return scenario_error(r->scenario, &target->place, r->err, r->where,
				      "there is no value to assign to '%s'", target->name);
	if (target->kind == EXPR_VARIABLE) {
		r->variables.items[target->variable] = *value;
		return true;
	}
	if (!eval_index(r, target, &index))
		return false;
	return set_element(r, index, value, r->err) ||
	       scenario_error_at(r->scenario, &target->place, r->err, r->where);
}

bool scenario_array_get(const struct scenario_call *call, unsigned int arg, uint64_t i,
			struct scenario_value *ret, struct error *err)
{
	const struct runner *r = call->runner;
	const uint64_t variable = (uint64_t)call->args[arg].number;
	const uint32_t *at = NULL;

	if (i < 1ULL << INDEX_BITS)
		at = u64map_find(&r->index, variable << INDEX_BITS | i);
	if (!at)
		return error_set(err, "element %llu of '%s[]' has no value yet",
				 (unsigned long long)i, r->scenario->names.items[variable]);
	*ret = r->elements.items[*at];
	return true;
}

bool scenario_array_set(const struct scenario_call *call, unsigned int arg, uint64_t i,
			const struct scenario_value *value, struct error *err)
{
	if (i >= SCENARIO_MAX_ELEMENTS)
		return error_set(err, "more than %d elements of arrays", SCENARIO_MAX_ELEMENTS);
	return set_element(call->runner, (uint64_t)call->args[arg].number << INDEX_BITS | i, value,
			   err);
}

bool eval_compare(struct runner *r, const struct expr *at, enum token_kind sign,
		  const struct scenario_value *a, const struct scenario_value *b, bool *ret)
{
	if (!comparable(a, b, sign))
		return scenario_error(r->scenario, &at->place, r->err, r->where,
				      "%s does not compare with %s", scenario_type_name(a->type),
				      scenario_type_name(b->type));
	if (a->type == SCENARIO_TEXT)
		*ret = !strcmp(a->text, b->text) == (sign == TOKEN_EQ);
	else
		*ret = compare(sign, a->number, b->number);
	return true;
}

bool eval_truth(struct runner *r, const struct expr *expr, bool *ret)
{
	struct scenario_value value;

	if (!eval(r, expr, &value))
		return false;
	*ret = value.number != 0;
	if (value.type == SCENARIO_INT || is_pointer(&value))
		return true;
	return scenario_error(r->scenario, &expr->place, r->err, r->where,
			      "expected a condition, not %s", scenario_type_name(value.type));
}

static bool set_element(struct runner *r, uint64_t index, const struct scenario_value *value,
			struct error *err)
{
	bool fresh;
	uint32_t *at = u64map_insert(&r->index, index, &fresh);

	if (!fresh) {
		r->elements.items[*at] = *value;
		return true;
	}
	if (r->elements.nr == SCENARIO_MAX_ELEMENTS)
		return error_set(err, "more than %d elements of arrays", SCENARIO_MAX_ELEMENTS);
	*at = (uint32_t)r->elements.nr;
	vec_push(&r->elements, *value);
	return true;
}

static bool eval_element(struct runner *r, const struct expr *expr, struct scenario_value **ret)
{
	uint64_t index;
	uint32_t *at;

	if (!eval_index(r, expr, &index))
		return false;
	at = u64map_find(&r->index, index);
	if (!at)
		return scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "'%s[%llu]' has no value yet", expr->name,
				      (unsigned long long)(index & ((1ULL << INDEX_BITS) - 1)));
	*ret = &r->elements.items[*at];
	return true;
}

static bool eval_index(struct runner *r, const struct expr *expr, uint64_t *ret)
{
	scenario_int index;

	if (!eval_int(r, expr->of[0], 0, (1LL << INDEX_BITS) - 1, &index))
		return false;
	*ret = (uint64_t)expr->variable << INDEX_BITS | (uint64_t)index;
	return true;
}

static bool eval_unary(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	struct scenario_value value;
	bool truth;

	if (expr->sign == TOKEN_NOT) {
		if (!eval_truth(r, expr->of[0], &truth))
			return false;
		*ret = number(!truth);
		return true;
	}
	if (!eval(r, expr->of[0], &value))
		return false;
	if (value.type != SCENARIO_INT)
		return scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "expected a number, not %s", scenario_type_name(value.type));
	*ret = number(~value.number);
	/* -x is ~x + 1, but for the one number that has no counterpart. */
	if (expr->sign == TOKEN_BNOT || !__builtin_add_overflow(ret->number, 1, &ret->number))
		return true;
	return scenario_error(r->scenario, &expr->place, r->err, r->where,
			      "the number is too large");
}

/* The second operand counts only where the first leaves it open. */
static bool eval_logic(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	bool truth;

	if (!eval_truth(r, expr->of[0], &truth))
		return false;
	if (truth == (expr->sign == TOKEN_AND) && !eval_truth(r, expr->of[1], &truth))
		return false;
	*ret = number(truth);
	return true;
}

static bool eval_binary(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	struct scenario_value a, b;
	bool truth;

	if (!eval(r, expr->of[0], &a) || !eval(r, expr->of[1], &b))
		return false;
	if (token_is_comparison(expr->sign)) {
		if (!eval_compare(r, expr, expr->sign, &a, &b, &truth))
			return false;
		*ret = number(truth);
		return true;
	}
	if (a.type == SCENARIO_ADDRESS || a.type == SCENARIO_PERCPU)
		return eval_address(r, expr, &a, &b, ret);
	if (a.type != SCENARIO_INT || b.type != SCENARIO_INT)
		return scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "expected two numbers around %s, not %s and %s",
				      token_name(expr->sign), scenario_type_name(a.type),
				      scenario_type_name(b.type));
	*ret = number(0);
	return eval_numbers(r, expr, a.number, b.number, &ret->number);
}

static bool eval_numbers(struct runner *r, const struct expr *expr, scenario_int a, scenario_int b,
			 scenario_int *ret)
{
	bool bad = false;

	switch ((int)expr->sign) {
	case TOKEN_PLUS:
		bad = __builtin_add_overflow(a, b, ret);
		break;
	case TOKEN_MINUS:
		bad = __builtin_sub_overflow(a, b, ret);
		break;
	case TOKEN_TIMES:
		bad = __builtin_mul_overflow(a, b, ret);
		break;
	case TOKEN_DIVIDE:
	case TOKEN_MODULO:
		if (!b)
			return scenario_error(r->scenario, &expr->place, r->err, r->where,
					      "division by 0");
		/* The one quotient that does not fit. */
		bad = b == -1 && __builtin_sub_overflow((scenario_int)0, a, ret);
		if (!bad)
			*ret = expr->sign == TOKEN_DIVIDE ? a / b : a % b;
		break;
	case TOKEN_SHL:
		bad = b < 0 || b > 126 ||
		      __builtin_mul_overflow(a, (scenario_int)1 << (int)b, ret);
		break;
	case TOKEN_SHR:
		bad = b < 0;
		*ret = b < 0 || b > 127 ? 0 : a >> (int)b;
		break;
	case TOKEN_BAND:
		*ret = a & b;
		break;
	case TOKEN_BOR:
		*ret = a | b;
		break;
	default:
		*ret = a ^ b;
		break;
	}
	return !bad || scenario_error(r->scenario, &expr->place, r->err, r->where,
				      "the result of %s is too large", token_name(expr->sign));
}

/* address + number, address - number, address - address; likewise with per-CPU areas */
static bool eval_address(struct runner *r, const struct expr *expr, const struct scenario_value *a,
			 const struct scenario_value *b, struct scenario_value *ret)
{
	*ret = *a;
	if ((expr->sign == TOKEN_PLUS || expr->sign == TOKEN_MINUS) && b->type == SCENARIO_INT) {
		const uint64_t by = (uint64_t)b->number;

		ret->number = (uint64_t)a->number + (expr->sign == TOKEN_PLUS ? by : -by);
		return true;
	}
	if (expr->sign == TOKEN_MINUS && (b->type == a->type || is_null(b))) {
		*ret = number(a->number - b->number);
		return true;
	}
	return scenario_error(r->scenario, &expr->place, r->err, r->where,
			      "%s does not go between %s and %s", token_name(expr->sign),
			      scenario_type_name(a->type), scenario_type_name(b->type));
}

static bool eval_choice(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	bool truth;

	return eval_truth(r, expr->of[0], &truth) && eval(r, expr->of[truth ? 1 : 2], ret);
}

static bool eval_call(struct runner *r, const struct expr *expr, struct scenario_value *ret)
{
	const struct scenario_host *host = r->scenario->host;
	struct scenario_value args[SCENARIO_MAX_ARGS];
	const struct scenario_call call = {
		.function = (unsigned int)expr->function,
		.nr_args = expr->nr,
		.args = args,
		.place = expr->place,
		.runner = r,
	};
	struct error err;
	bool ok;

	for (unsigned int i = 0; i < expr->nr; i++)
		if (!eval(r, expr->of[i], &args[i]))
			return false;
	if (expr->function < 0)
		return builtin_call(r, expr, args, ret);
	for (unsigned int i = 0; i < expr->nr; i++)
		if (!check_arg(r, expr, i, &args[i]))
			return false;
	ok = host->call(r->scenario->ctx, &call, ret, &err);
	/* What ran while it waited has ended the scenario, and said why. */
	if (r->ended != FLOW_ON)
		return false;
	if (ok)
		return true;
	*r->err = err;
	return scenario_error_at(r->scenario, &expr->place, r->err, r->where);
}

static bool check_arg(struct runner *r, const struct expr *call, unsigned int i,
		      const struct scenario_value *arg)
{
	const struct scenario_function *function =
		r->scenario->host->function((unsigned int)call->function);
	const char *args = function->args;
	const char *optional = strchr(args, '?');
	const char letter = args[i + (optional && i >= (size_t)(optional - args))];
	const struct scenario_place *place = &call->of[i]->place;
	size_t at = 0;

	while (letters[at].letter != letter)
		BUG_ON(++at == ARRAY_SIZE(letters));
	if (arg->type != letters[at].type && !(letter == 'e' && arg->type == SCENARIO_PAGE) &&
	    !(arg->type == SCENARIO_ADDRESS && !arg->number && letters[at].type != SCENARIO_INT))
		return scenario_error(r->scenario, place, r->err, r->where,
				      "argument %u of %s(%s) is %s, not %s", i + 1, call->name,
				      function->params,
				      scenario_type_name(letters[at].type),
				      scenario_type_name(arg->type));
	if (arg->type != SCENARIO_INT)
		return true;
	if ((!letters[at].whole || arg->number >= 0) &&
	    arg->number <= (letters[at].wide ? (scenario_int)UINT64_MAX : UINT32_MAX) &&
	    arg->number >= INT32_MIN)
		return true;
	return scenario_error(r->scenario, place, r->err, r->where,
			      "argument %u of %s(%s) does not fit into %d bits", i + 1, call->name,
			      function->params,
			      letters[at].wide ? 64 : 32);
}

static bool comparable(const struct scenario_value *a, const struct scenario_value *b,
		       enum token_kind sign)
{
	const bool ordered = sign != TOKEN_EQ && sign != TOKEN_NE;

	if (a->type == b->type)
		return !ordered || a->type == SCENARIO_INT || a->type == SCENARIO_ADDRESS;
	return !ordered && is_pointer(a) && is_pointer(b) && (is_null(a) || is_null(b));
}

static bool compare(enum token_kind sign, scenario_int a, scenario_int b)
{
	switch ((int)sign) {
	case TOKEN_EQ:
		return a == b;
	case TOKEN_NE:
		return a != b;
	case TOKEN_LT:
		return a < b;
	case TOKEN_LE:
		return a <= b;
	case TOKEN_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static bool is_pointer(const struct scenario_value *value)
{
	return value->type != SCENARIO_INT && value->type != SCENARIO_TEXT &&
	       value->type != SCENARIO_NOTHING && value->type != SCENARIO_ARRAY;
}

static bool is_null(const struct scenario_value *value)
{
	return value->type == SCENARIO_ADDRESS && !value->number;
}

static struct scenario_value number(scenario_int value)
{
	return (struct scenario_value){ .type = SCENARIO_INT, .number = value };
}
