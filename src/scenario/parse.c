/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statements, by recursive descent. The words that begin a statement are words only there: a
 * variable may be called "cpu" where that is not the first word of a line.
 */
#include <config.h>

#include "scenario_internal.h"

#include <string.h>

typedef struct stmt *stmt_parser(struct lexer *lexer, unsigned int depth, struct stmt *stmt);

static stmt_parser parse_value, parse_word, parse_title, parse_scope, parse_after, parse_task,
	parse_print, parse_repeat, parse_for, parse_if, parse_leave, parse_expectation;

static const struct {
	const char *word;
	enum stmt_kind kind;
	stmt_parser *parse;
} words[] = {
	{ "cpu", STMT_CPU, parse_value },
	{ "context", STMT_CONTEXT, parse_word },
	{ "scope", STMT_SCOPE, parse_scope },
	{ "sleep", STMT_SLEEP, parse_value },
	{ "after", STMT_AFTER, parse_after },
	{ "task", STMT_TASK, parse_task },
	{ "section", STMT_SECTION, parse_title },
	{ "print", STMT_PRINT, parse_print },
	{ "repeat", STMT_REPEAT, parse_repeat },
	{ "for", STMT_FOR, parse_for },
	{ "while", STMT_WHILE, parse_repeat },
	{ "if", STMT_IF, parse_if },
	{ "break", STMT_BREAK, parse_leave },
	{ "continue", STMT_CONTINUE, parse_leave },
	{ "expect", STMT_EXPECT, parse_expectation },
};

static bool parse_settings(struct lexer *lexer);
static bool parse_block(struct lexer *lexer, unsigned int depth, struct stmt **ret);
static bool parse_body(struct lexer *lexer, unsigned int depth, unsigned int loops,
		       struct stmt **ret);
static bool parse_list(struct lexer *lexer, unsigned int depth, enum token_kind end,
		       struct stmt **ret);
static bool skip_stops(struct lexer *lexer);
static struct stmt *parse_stmt(struct lexer *lexer, unsigned int depth);
static struct stmt *parse_simple(struct lexer *lexer, unsigned int depth, struct stmt *stmt);
static bool is_word(const struct lexer *lexer, const char *word);
static bool begins_word(const struct lexer *lexer);
static bool parse_name_of(struct lexer *lexer, const char *where, const char **ret);
static bool find_property(const struct lexer *lexer, unsigned int *ret);
static struct stmt *parse_property(struct lexer *lexer, unsigned int depth, struct stmt *stmt);

bool parse_scenario(struct scenario *scenario, struct error *err, struct scenario_place *where)
{
	struct lexer lexer;

	return lexer_init(&lexer, scenario, err, where) && parse_settings(&lexer) &&
	       parse_list(&lexer, 0, TOKEN_END, &scenario->first);
}

/* "set machine.memory 64M": the value is whatever stands there, its meaning the host's. */
static bool parse_settings(struct lexer *lexer)
{
	struct arena *arena = &lexer->scenario->arena;

	while (skip_stops(lexer)) {
		struct scenario_setting setting;
		const char *text, *end;
		size_t len;

		if (!is_word(lexer, "set"))
			return true;
		if (!lexer_next(lexer))
			return false;
		text = lexer_rest(lexer, &setting.place);
		if (!text)
			return false;
		len = strcspn(text, " \t=");
		end = text + len + strspn(text + len, " \t=");
		if (!*end)
			return scenario_error(lexer->scenario, &setting.place, lexer->err,
					      lexer->where,
					      "expected the value of '%.*s' behind it", (int)len, text);
		setting.path = arena_strndup(arena, text, len);
		setting.value = end;
		vec_push(&lexer->scenario->settings, setting);
	}
	return false;
}

static bool parse_block(struct lexer *lexer, unsigned int depth, struct stmt **ret)
{
	/* The brace may stand on the next line. */
	if (lexer->token.kind == TOKEN_STOP && !skip_stops(lexer))
		return false;
	if (depth >= SCENARIO_MAX_DEPTH)
		return scenario_error(lexer->scenario, &lexer->token.place, lexer->err,
				      lexer->where, "more than %d blocks inside each other",
				      SCENARIO_MAX_DEPTH);
	return parse_expect(lexer, TOKEN_BEGIN, "to begin a block") &&
	       parse_list(lexer, depth + 1, TOKEN_FINISH, ret);
}

/* A block in which "loops" loops can be left. */
static bool parse_body(struct lexer *lexer, unsigned int depth, unsigned int loops,
		       struct stmt **ret)
{
	const unsigned int before = lexer->loops;
	bool ok;

	lexer->loops = loops;
	ok = parse_block(lexer, depth, ret);
	lexer->loops = before;
	return ok;
}

static bool parse_list(struct lexer *lexer, unsigned int depth, enum token_kind end,
		       struct stmt **ret)
{
	while (skip_stops(lexer)) {
		struct stmt *stmt;

		if (lexer->token.kind == end)
			return end == TOKEN_END || lexer_next(lexer);
		if (lexer->token.kind == TOKEN_END)
			return parse_expect(lexer, end, "to end a block");
		stmt = parse_stmt(lexer, depth);
		if (!stmt)
			return false;
		*ret = stmt;
		ret = &stmt->next;
		if (lexer->token.kind != TOKEN_STOP && lexer->token.kind != TOKEN_END &&
		    lexer->token.kind != TOKEN_FINISH)
			return parse_expect(lexer, TOKEN_STOP, "or ';' behind a statement");
	}
	return false;
}

static bool skip_stops(struct lexer *lexer)
{
	while (lexer->token.kind == TOKEN_STOP)
		if (!lexer_next(lexer))
			return false;
	return true;
}

static struct stmt *parse_stmt(struct lexer *lexer, unsigned int depth)
{
	struct stmt *stmt = arena_alloc(&lexer->scenario->arena, sizeof(*stmt));

	memset(stmt, 0, sizeof(*stmt));
	stmt->place = lexer->token.place;
	stmt->source = lexer->line_start + stmt->place.column - 1;
	if (is_word(lexer, "set")) {
		scenario_error(lexer->scenario, &stmt->place, lexer->err, lexer->where,
			       "settings stand before the first statement");
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!is_word(lexer, words[i].word) || !begins_word(lexer))
			continue;
		stmt->kind = words[i].kind;
		return lexer_next(lexer) ? words[i].parse(lexer, depth, stmt) : NULL;
	}
	return parse_simple(lexer, depth, stmt);
}

/* An assignment or a call. */
static struct stmt *parse_simple(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	stmt->kind = STMT_EXPR;
	stmt->expr[0] = parse_expr(lexer, depth);
	if (!stmt->expr[0])
		return NULL;
	if (lexer->token.kind != TOKEN_ASSIGN) {
		if (stmt->expr[0]->kind == EXPR_CALL)
			return stmt;
		scenario_error(lexer->scenario, &stmt->expr[0]->place, lexer->err, lexer->where,
			       "expected a call, an assignment or a word like 'for' or 'expect'");
		return NULL;
	}
	stmt->kind = STMT_ASSIGN;
	stmt->target = stmt->expr[0];
	if (stmt->target->kind != EXPR_NAME && stmt->target->kind != EXPR_ELEMENT) {
		scenario_error(lexer->scenario, &stmt->target->place, lexer->err, lexer->where,
			       "only a variable or an element can be assigned to");
		return NULL;
	}
	if (!lexer_next(lexer))
		return NULL;
	stmt->expr[0] = parse_expr(lexer, depth);
	return stmt->expr[0] ? stmt : NULL;
}

static bool is_word(const struct lexer *lexer, const char *word)
{
	return lexer->token.kind == TOKEN_NAME && !strcmp(lexer->token.text, word);
}

/* The word that is next begins a statement, and is not assigned to or called. */
static bool begins_word(const struct lexer *lexer)
{
	const char *at = lexer->at + strspn(lexer->at, " \t");

	return *at != '[' && !(*at == '=' && at[1] != '=');
}

static struct stmt *parse_value(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	stmt->expr[0] = parse_expr(lexer, depth);
	return stmt->expr[0] ? stmt : NULL;
}

static bool parse_name_of(struct lexer *lexer, const char *where, const char **ret)
{
	*ret = lexer->token.text;
	return parse_expect(lexer, TOKEN_NAME, where);
}

static struct stmt *parse_word(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	(void)depth;
	return parse_name_of(lexer, "of a context", &stmt->name) ? stmt : NULL;
}

static struct stmt *parse_title(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	(void)depth;
	stmt->name = lexer->token.text;
	return parse_expect(lexer, TOKEN_TEXT, "behind 'section'") ? stmt : NULL;
}

static struct stmt *parse_scope(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	return parse_name_of(lexer, "of a scope", &stmt->name) &&
	       parse_block(lexer, depth, &stmt->body) ? stmt : NULL;
}

static struct stmt *parse_print(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	struct expr *items[SCENARIO_MAX_ARGS];
	unsigned int nr = 0;

	do {
		if (nr && !lexer_next(lexer))
			return NULL;
		if (nr == SCENARIO_MAX_ARGS) {
			scenario_error(lexer->scenario, &lexer->token.place, lexer->err,
				       lexer->where, "'print' takes at most %d values",
				       SCENARIO_MAX_ARGS);
			return NULL;
		}
		items[nr] = parse_expr(lexer, depth);
		if (!items[nr++])
			return NULL;
	} while (lexer->token.kind == TOKEN_COMMA);
	stmt->nr_list = nr;
	stmt->list = arena_alloc(&lexer->scenario->arena, nr * sizeof(*items));
	memcpy(stmt->list, items, nr * sizeof(*items));
	return stmt;
}

/* task "name" [, pid] */
static struct stmt *parse_task(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	stmt->name = lexer->token.text;
	if (!parse_expect(lexer, TOKEN_TEXT, "behind 'task'"))
		return NULL;
	if (lexer->token.kind != TOKEN_COMMA)
		return stmt;
	return lexer_next(lexer) ? parse_value(lexer, depth, stmt) : NULL;
}

/* Who runs it later is outside of all loops. */
static struct stmt *parse_after(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	return parse_value(lexer, depth, stmt) && parse_body(lexer, depth, 0, &stmt->body) ? stmt :
											     NULL;
}

static struct stmt *parse_repeat(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	if (!parse_value(lexer, depth, stmt))
		return NULL;
	return parse_body(lexer, depth, lexer->loops + 1, &stmt->body) ? stmt : NULL;
}

static struct stmt *parse_for(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	stmt->target = parse_target(lexer, depth);
	if (!stmt->target)
		return NULL;
	if (!is_word(lexer, "in")) {
		scenario_error(lexer->scenario, &lexer->token.place, lexer->err, lexer->where,
			       "expected 'in' behind the variable of 'for', as in 'for i in 0..9'");
		return NULL;
	}
	if (!lexer_next(lexer))
		return NULL;
	stmt->expr[0] = parse_expr(lexer, depth);
	if (!stmt->expr[0] || !parse_expect(lexer, TOKEN_DOTS, "behind the first value of 'for'"))
		return NULL;
	stmt->expr[1] = parse_expr(lexer, depth);
	if (!stmt->expr[1])
		return NULL;
	if (is_word(lexer, "step")) {
		if (!lexer_next(lexer))
			return NULL;
		stmt->expr[2] = parse_expr(lexer, depth);
		if (!stmt->expr[2])
			return NULL;
	}
	return parse_body(lexer, depth, lexer->loops + 1, &stmt->body) ? stmt : NULL;
}

static struct stmt *parse_if(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	struct lexer before;

	if (!parse_value(lexer, depth, stmt) || !parse_block(lexer, depth, &stmt->body))
		return NULL;
	/* 'else' may stand on the next line. */
	before = *lexer;
	if (!skip_stops(lexer))
		return NULL;
	if (!is_word(lexer, "else")) {
		*lexer = before;
		return stmt;
	}
	if (!lexer_next(lexer))
		return NULL;
	if (is_word(lexer, "if")) {
		if (depth >= SCENARIO_MAX_DEPTH)
			return parse_block(lexer, depth, &stmt->orelse) ? stmt : NULL;
		stmt->orelse = parse_stmt(lexer, depth + 1);
		return stmt->orelse ? stmt : NULL;
	}
	return parse_block(lexer, depth, &stmt->orelse) ? stmt : NULL;
}

/* break, continue */
static struct stmt *parse_leave(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	(void)depth;
	if (lexer->loops)
		return stmt;
	scenario_error(lexer->scenario, &stmt->place, lexer->err, lexer->where,
		       "'%s' stands in no loop", stmt->kind == STMT_BREAK ? "break" : "continue");
	return NULL;
}

/* expect ok, fail [REASON], PROPERTY [==] VALUE, or any condition. */
static struct stmt *parse_expectation(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	if (is_word(lexer, "ok")) {
		stmt->kind = STMT_EXPECT_OK;
		return lexer_next(lexer) ? stmt : NULL;
	}
	if (is_word(lexer, "fail")) {
		stmt->kind = STMT_EXPECT_FAIL;
		if (!lexer_next(lexer))
			return NULL;
		if (lexer->token.kind != TOKEN_TEXT)
			return stmt;
		stmt->name = lexer->token.text;
		return lexer_next(lexer) ? stmt : NULL;
	}
	/* zone(p) is a call, and zone[i] an element. */
	if (*lexer->at != '(' && *lexer->at != '[' && find_property(lexer, &stmt->property))
		return parse_property(lexer, depth, stmt);
	return parse_value(lexer, depth, stmt);
}

static bool find_property(const struct lexer *lexer, unsigned int *ret)
{
	const struct scenario_host *host = lexer->scenario->host;

	for (*ret = 0; *ret < host->nr_properties; ++*ret)
		if (is_word(lexer, host->properties[*ret].name))
			return true;
	return false;
}

static struct stmt *parse_property(struct lexer *lexer, unsigned int depth, struct stmt *stmt)
{
	const bool text = lexer->scenario->host->properties[stmt->property].type == SCENARIO_TEXT;

	stmt->kind = STMT_EXPECT_PROPERTY;
	stmt->sign = TOKEN_EQ;
	if (!lexer_next(lexer))
		return NULL;
	if (token_is_comparison(lexer->token.kind)) {
		stmt->sign = lexer->token.kind;
		if (!lexer_next(lexer))
			return NULL;
	}
	if (text && lexer->token.kind == TOKEN_NAME)
		lexer->token.kind = TOKEN_TEXT;
	return parse_value(lexer, depth, stmt);
}
