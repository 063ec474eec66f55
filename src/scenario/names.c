/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each name is. A name that is assigned to anywhere is a variable; another one is a constant
 * or nothing. Functions are the host's or our own. All of it is told before the first statement
 * runs, so that a long scenario does not end with a misspelt word.
 */
#include <config.h>

#include "scenario_internal.h"

#include "kmreplay/core/suggest.h"

#include <string.h>

enum { MAX_VARIABLES = 4096 };

struct resolver {
	struct scenario *scenario;
	struct error *err;
	struct scenario_place *where;
	struct loops *loops;
};

/* Variables of the loops around what is looked at, outermost first. */
struct loops {
	unsigned int nr;
	uint32_t variables[SCENARIO_MAX_DEPTH + 1];
};

static bool resolve_list(const struct resolver *r, struct stmt *stmt);
static void enter_loop(struct loops *loops, uint32_t variable);
static void keep_loops(const struct resolver *r, struct stmt *stmt);
static bool resolve_stmt(const struct resolver *r, const struct stmt *stmt);
static bool resolve_expr(const struct resolver *r, struct expr *expr);
static bool resolve_name(const struct resolver *r, struct expr *expr);
static bool resolve_call(const struct resolver *r, struct expr *call);
static bool check_builtin(const struct resolver *r, const struct expr *call);
static bool takes(const struct scenario_function *function, unsigned int nr);
static bool bad_count(const struct resolver *r, const struct expr *call, const char *params);
static bool unknown_function(const struct resolver *r, const struct expr *call);
static bool note_targets(const struct resolver *r, const struct stmt *stmt);
static bool note_arrays(const struct resolver *r, const struct expr *expr);
static bool note_target(const struct resolver *r, const struct expr *target);
static bool unknown(const struct resolver *r, const struct expr *expr, const char *what,
		    suggest_name_fn *names);
static const char *function_name(const void *ctx, size_t i);
static const char *value_name(const void *ctx, size_t i);

bool scenario_resolve(struct scenario *scenario, struct error *err, struct scenario_place *where)
{
	struct loops loops = { .nr = 0 };
	const struct resolver r = { scenario, err, where, &loops };

	return note_targets(&r, scenario->first) && resolve_list(&r, scenario->first);
}

static bool note_targets(const struct resolver *r, const struct stmt *stmt)
{
	for (; stmt; stmt = stmt->next) {
		if ((stmt->target && !note_target(r, stmt->target)) ||
		    !note_targets(r, stmt->body) || !note_targets(r, stmt->orelse))
			return false;
		for (size_t i = 0; i < ARRAY_SIZE(stmt->expr); i++)
			if (stmt->expr[i] && !note_arrays(r, stmt->expr[i]))
				return false;
	}
	return true;
}

/* What is handed to a function whole may be filled by it. */
static bool note_arrays(const struct resolver *r, const struct expr *expr)
{
	for (unsigned int i = 0; i < expr->nr; i++)
		if (!note_arrays(r, expr->of[i]))
			return false;
	return expr->kind != EXPR_ARRAY || note_target(r, expr);
}

static bool note_target(const struct resolver *r, const struct expr *target)
{
	struct scenario *scenario = r->scenario;

	vec_foreach(&scenario->names, name)
		if (!strcmp(*name, target->name))
			return true;
	if (scenario->names.nr == MAX_VARIABLES)
		return scenario_error(scenario, &target->place, r->err, r->where,
				      "more than %d variables; an array is one", MAX_VARIABLES);
	vec_push(&scenario->names, target->name);
	return true;
}

static bool resolve_list(const struct resolver *r, struct stmt *stmt)
{
	for (; stmt; stmt = stmt->next) {
		const unsigned int nr = r->loops->nr;

		if (!resolve_stmt(r, stmt))
			return false;
		if (stmt->kind == STMT_FOR && stmt->target->kind == EXPR_VARIABLE)
			enter_loop(r->loops, stmt->target->variable);
		if (stmt->kind == STMT_AFTER)
			keep_loops(r, stmt);
		if (!resolve_list(r, stmt->body))
			return false;
		r->loops->nr = nr;
		if (!resolve_list(r, stmt->orelse))
			return false;
	}
	return true;
}

/* Loops inside each other may share a variable. */
static void enter_loop(struct loops *loops, uint32_t variable)
{
	for (unsigned int i = 0; i < loops->nr; i++)
		if (loops->variables[i] == variable)
			return;
	loops->variables[loops->nr++] = variable;
}

static void keep_loops(const struct resolver *r, struct stmt *stmt)
{
	const size_t size = r->loops->nr * sizeof(*stmt->kept);

	stmt->nr_kept = r->loops->nr;
	stmt->kept = arena_alloc(&r->scenario->arena, MAX(size, sizeof(*stmt->kept)));
	memcpy(stmt->kept, r->loops->variables, size);
}

static bool resolve_stmt(const struct resolver *r, const struct stmt *stmt)
{
	if (stmt->target && !resolve_expr(r, stmt->target))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(stmt->expr); i++)
		if (stmt->expr[i] && !resolve_expr(r, stmt->expr[i]))
			return false;
	for (unsigned int i = 0; i < stmt->nr_list; i++)
		if (!resolve_expr(r, stmt->list[i]))
			return false;
	return true;
}

static bool resolve_expr(const struct resolver *r, struct expr *expr)
{
	bool ok = true;

	/* From the left, as it is read. */
	if (expr->kind == EXPR_NAME || expr->kind == EXPR_ELEMENT || expr->kind == EXPR_ARRAY)
		ok = resolve_name(r, expr);
	else if (expr->kind == EXPR_CALL)
		ok = resolve_call(r, expr);
	for (unsigned int i = 0; ok && i < expr->nr; i++)
		ok = resolve_expr(r, expr->of[i]);
	return ok;
}

static bool resolve_name(const struct resolver *r, struct expr *expr)
{
	struct scenario *scenario = r->scenario;

	for (size_t i = 0; i < scenario->names.nr; i++) {
		if (strcmp(scenario->names.items[i], expr->name) != 0)
			continue;
		expr->variable = (uint32_t)i;
		if (expr->kind == EXPR_NAME)
			expr->kind = EXPR_VARIABLE;
		return true;
	}
	if (expr->kind == EXPR_NAME &&
	    scenario->host->constant(scenario->ctx, expr->name, &expr->value)) {
		expr->kind = EXPR_CONSTANT;
		return true;
	}
	return unknown(r, expr, "neither a constant nor a variable that is assigned to anywhere",
		       value_name);
}

/* The function that the name and the number of arguments mean; several may have the name. */
static bool resolve_call(const struct resolver *r, struct expr *call)
{
	const struct scenario_host *host = r->scenario->host;
	const struct scenario_function *function;
	struct error err = { "" };
	bool elsewhere = false;
	int there = -1;

	call->function = ~builtin_find(call->name);
	if (call->function < 0)
		return check_builtin(r, call);
	for (unsigned int i = 0; (function = host->function(i)); i++) {
		struct error why;

		if (strcmp(function->name, call->name) != 0)
			continue;
		call->function = (int)i;
		if (!host->has(r->scenario->ctx, i, &why)) {
			err = !err.message[0] || takes(function, call->nr) ? why : err;
			elsewhere |= takes(function, call->nr);
			continue;
		}
		if (takes(function, call->nr))
			return true;
		there = (int)i;
	}
	if (there >= 0 && !elsewhere)
		return bad_count(r, call, host->function((unsigned int)there)->params);
	if (err.message[0])
		return scenario_error(r->scenario, &call->place, r->err, r->where, "%s",
				      err.message);
	return unknown_function(r, call);
}

static bool check_builtin(const struct resolver *r, const struct expr *call)
{
	const char *params = builtin_check(~call->function, call->nr);

	return !params || bad_count(r, call, params);
}

static bool takes(const struct scenario_function *function, unsigned int nr)
{
	const char *optional = strchr(function->args, '?');
	const size_t most = strlen(function->args) - (optional ? 1 : 0);

	return nr <= most && nr >= (optional ? (size_t)(optional - function->args) : most);
}

static bool bad_count(const struct resolver *r, const struct expr *call, const char *params)
{
	return scenario_error(r->scenario, &call->place, r->err, r->where,
			      "%s(%s) is given %u argument%s", call->name, params, call->nr,
			      call->nr == 1 ? "" : "s");
}

static bool unknown_function(const struct resolver *r, const struct expr *call)
{
	const char *why = r->scenario->host->absent(r->scenario->ctx, call->name);

	if (!why)
		return unknown(r, call, "no function", function_name);
	return scenario_error(r->scenario, &call->place, r->err, r->where,
			      "%s() is not modelled: %s", call->name, why);
}

static bool unknown(const struct resolver *r, const struct expr *expr, const char *what,
		    suggest_name_fn *names)
{
	const char *near = suggest_nearest_in(expr->name, names, r->scenario);

	return scenario_error(r->scenario, &expr->place, r->err, r->where,
			      "'%s' is %s%s%s%s", expr->name, what,
			      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *function_name(const void *ctx, size_t i)
{
	const struct scenario_host *host = ((const struct scenario *)ctx)->host;

	const struct scenario_function *function;
	unsigned int nr = 0;

	while ((function = host->function(nr))) {
		if (nr++ == i)
			return function->name;
	}
	return builtin_name((unsigned int)(i - nr));
}

static const char *value_name(const void *ctx, size_t i)
{
	const struct scenario *scenario = ctx;

	if (i < scenario->names.nr)
		return scenario->names.items[i];
	return scenario->host->constant_name(scenario->ctx, i - scenario->names.nr);
}
