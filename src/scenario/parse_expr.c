/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions: those of C, by precedence climbing (Richards and Whitby-Strevens, 1979). */
#include <config.h>

#include "scenario_internal.h"

#include <string.h>

enum { MAX_CHAIN = 256 };

/* How tightly a sign binds its operands; 0: it joins none. As in C. */
static const uint8_t precedence[TOKEN_KIND_NR] = {
	[TOKEN_OR] = 1, [TOKEN_AND] = 2, [TOKEN_BOR] = 3, [TOKEN_BXOR] = 4, [TOKEN_BAND] = 5,
	[TOKEN_EQ] = 6, [TOKEN_NE] = 6,
	[TOKEN_LT] = 7, [TOKEN_GT] = 7, [TOKEN_LE] = 7, [TOKEN_GE] = 7,
	[TOKEN_SHL] = 8, [TOKEN_SHR] = 8,
	[TOKEN_PLUS] = 9, [TOKEN_MINUS] = 9,
	[TOKEN_TIMES] = 10, [TOKEN_DIVIDE] = 10, [TOKEN_MODULO] = 10,
};

static struct expr *parse_binary(struct lexer *lexer, unsigned int depth, unsigned int least);
static struct expr *parse_choice(struct lexer *lexer, unsigned int depth, struct expr *condition);
static struct expr *parse_unary(struct lexer *lexer, unsigned int depth);
static struct expr *parse_primary(struct lexer *lexer, unsigned int depth);
static struct expr *parse_group(struct lexer *lexer, unsigned int depth);
static struct expr *parse_name(struct lexer *lexer, unsigned int depth);
static struct expr *parse_call(struct lexer *lexer, unsigned int depth, struct expr *call);
static struct expr *expr_new(struct lexer *lexer, enum expr_kind kind);
static struct expr *expr_of(struct lexer *lexer, enum expr_kind kind, unsigned int nr,
			    struct expr *const *of);

struct expr *parse_expr(struct lexer *lexer, unsigned int depth)
{
	struct expr *condition;

	if (depth > SCENARIO_MAX_DEPTH) {
		scenario_error(lexer->scenario, &lexer->token.place, lexer->err, lexer->where,
			       "more than %d parentheses and blocks inside each other",
			       SCENARIO_MAX_DEPTH);
		return NULL;
	}
	condition = parse_binary(lexer, depth, 1);
	if (!condition || lexer->token.kind != TOKEN_ASK)
		return condition;
	return parse_choice(lexer, depth, condition);
}

struct expr *parse_target(struct lexer *lexer, unsigned int depth)
{
	struct expr *target;

	if (lexer->token.kind != TOKEN_NAME) {
		scenario_error(lexer->scenario, &lexer->token.place, lexer->err, lexer->where,
			       "expected the name of a variable, not %s",
			       token_name(lexer->token.kind));
		return NULL;
	}
	target = parse_name(lexer, depth);
	if (target && target->kind != EXPR_NAME && target->kind != EXPR_ELEMENT) {
		scenario_error(lexer->scenario, &target->place, lexer->err, lexer->where,
			       "expected a variable or an element of an array");
		return NULL;
	}
	return target;
}

bool parse_expect(struct lexer *lexer, enum token_kind kind, const char *where)
{
	const struct token *token = &lexer->token;

	if (token->kind == kind)
		return lexer_next(lexer);
	return scenario_error(lexer->scenario, &token->place, lexer->err, lexer->where,
			      "expected %s %s, not %s", token_name(kind), where,
			      token_name(token->kind));
}

static struct expr *parse_binary(struct lexer *lexer, unsigned int depth, unsigned int least)
{
	struct expr *left = parse_unary(lexer, depth);
	unsigned int nr = 0;

	while (left && precedence[lexer->token.kind] >= least) {
		const struct token sign = lexer->token;
		struct expr *sides[2] = { left, NULL };

		/* The tree grows to the left, and is walked by recursion. */
		if (nr++ == MAX_CHAIN) {
			scenario_error(lexer->scenario, &sign.place, lexer->err, lexer->where,
				       "more than %d operands in a row", MAX_CHAIN);
			return NULL;
		}
		if (!lexer_next(lexer))
			return NULL;
		sides[1] = parse_binary(lexer, depth + 1, precedence[sign.kind] + 1U);
		if (!sides[1])
			return NULL;
		left = expr_of(lexer, EXPR_BINARY, 2, sides);
		left->sign = sign.kind;
		left->place = sign.place;
	}
	return left;
}

static struct expr *parse_choice(struct lexer *lexer, unsigned int depth, struct expr *condition)
{
	struct expr *of[3] = { condition };
	const struct scenario_place place = lexer->token.place;
	struct expr *choice;

	if (!lexer_next(lexer))
		return NULL;
	of[1] = parse_expr(lexer, depth + 1);
	if (!of[1] || !parse_expect(lexer, TOKEN_COLON, "behind what '?' stands before"))
		return NULL;
	of[2] = parse_expr(lexer, depth + 1);
	if (!of[2])
		return NULL;
	choice = expr_of(lexer, EXPR_CHOICE, 3, of);
	choice->place = place;
	return choice;
}

static struct expr *parse_unary(struct lexer *lexer, unsigned int depth)
{
	const struct token sign = lexer->token;
	struct expr *operand, *unary;

	if (sign.kind != TOKEN_MINUS && sign.kind != TOKEN_NOT && sign.kind != TOKEN_BNOT)
		return parse_primary(lexer, depth);
	if (depth > SCENARIO_MAX_DEPTH)
		return parse_expr(lexer, depth);
	if (!lexer_next(lexer))
		return NULL;
	operand = parse_unary(lexer, depth + 1);
	if (!operand)
		return NULL;
	unary = expr_of(lexer, EXPR_UNARY, 1, &operand);
	unary->sign = sign.kind;
	unary->place = sign.place;
	return unary;
}

static struct expr *parse_primary(struct lexer *lexer, unsigned int depth)
{
	const struct token token = lexer->token;
	struct expr *expr;

	switch ((int)token.kind) {
	case TOKEN_NUMBER:
		expr = expr_new(lexer, EXPR_NUMBER);
		expr->value = (struct scenario_value){ SCENARIO_INT, token.number, NULL };
		return lexer_next(lexer) ? expr : NULL;
	case TOKEN_TEXT:
		expr = expr_new(lexer, EXPR_TEXT);
		expr->value = (struct scenario_value){ SCENARIO_TEXT, 0, token.text };
		return lexer_next(lexer) ? expr : NULL;
	case TOKEN_NAME:
		return parse_name(lexer, depth);
	case TOKEN_OPEN:
		return parse_group(lexer, depth);
	default:
		scenario_error(lexer->scenario, &token.place, lexer->err, lexer->where,
			       "expected a number, a text or a name, not %s",
			       token_name(token.kind));
		return NULL;
	}
}

static struct expr *parse_group(struct lexer *lexer, unsigned int depth)
{
	struct expr *expr;

	if (!lexer_next(lexer))
		return NULL;
	expr = parse_expr(lexer, depth + 1);
	return expr && parse_expect(lexer, TOKEN_CLOSE, "to close a '('") ? expr : NULL;
}

/* A name alone, an element of an array, all of it, a call. */
static struct expr *parse_name(struct lexer *lexer, unsigned int depth)
{
	struct expr *expr = expr_new(lexer, EXPR_NAME);
	struct expr *index;

	expr->name = lexer->token.text;
	if (!lexer_next(lexer))
		return NULL;
	if (lexer->token.kind == TOKEN_OPEN)
		return parse_call(lexer, depth, expr);
	if (lexer->token.kind != TOKEN_INDEX)
		return expr;
	if (!lexer_next(lexer))
		return NULL;
	if (lexer->token.kind == TOKEN_UNINDEX) {
		expr->kind = EXPR_ARRAY;
		return lexer_next(lexer) ? expr : NULL;
	}
	index = parse_expr(lexer, depth + 1);
	if (!index || !parse_expect(lexer, TOKEN_UNINDEX, "to close a '['"))
		return NULL;
	expr->kind = EXPR_ELEMENT;
	expr->nr = 1;
	expr->of = arena_alloc(&lexer->scenario->arena, sizeof(*expr->of));
	expr->of[0] = index;
	return expr;
}

static struct expr *parse_call(struct lexer *lexer, unsigned int depth, struct expr *call)
{
	struct expr *args[SCENARIO_MAX_ARGS];
	unsigned int nr = 0;

	call->kind = EXPR_CALL;
	if (!lexer_next(lexer))
		return NULL;
	while (lexer->token.kind != TOKEN_CLOSE) {
		if (nr == SCENARIO_MAX_ARGS) {
			scenario_error(lexer->scenario, &lexer->token.place, lexer->err,
				       lexer->where, "a call has at most %d arguments",
				       SCENARIO_MAX_ARGS);
			return NULL;
		}
		if (nr && !parse_expect(lexer, TOKEN_COMMA, "or ')' behind an argument"))
			return NULL;
		args[nr] = parse_expr(lexer, depth + 1);
		if (!args[nr++])
			return NULL;
	}
	if (!lexer_next(lexer))
		return NULL;
	call->nr = nr;
	call->of = arena_alloc(&lexer->scenario->arena, MAX(nr, 1U) * sizeof(*call->of));
	memcpy(call->of, args, nr * sizeof(*call->of));
	return call;
}

static struct expr *expr_new(struct lexer *lexer, enum expr_kind kind)
{
	struct expr *expr = arena_alloc(&lexer->scenario->arena, sizeof(*expr));

	memset(expr, 0, sizeof(*expr));
	expr->kind = kind;
	expr->place = lexer->token.place;
	return expr;
}

static struct expr *expr_of(struct lexer *lexer, enum expr_kind kind, unsigned int nr,
			    struct expr *const *of)
{
	struct expr *expr = expr_new(lexer, kind);

	expr->nr = nr;
	expr->of = arena_alloc(&lexer->scenario->arena, nr * sizeof(*expr->of));
	memcpy(expr->of, of, nr * sizeof(*expr->of));
	return expr;
}
