/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to tokens. Statements end with the line or with ';'; inside parentheses and brackets a line
 * may be broken. Numbers may have a unit: 64K, 1MiB, 10ms.
 */
#include <config.h>

#include "scenario_internal.h"

#include "kmreplay/core/parse.h"

#include <ctype.h>
#include <string.h>

enum { MAX_NAME = 64, MAX_TEXT = 1000 };

struct sign {
	const char *text;
	enum token_kind kind;
};

static const struct sign signs[] = {
#define X(suffix, text) { text, TOKEN_##suffix },
	SCENARIO_SIGNS(X)
#undef X
};

/* Times are nanoseconds. */
static const struct {
	const char *name;
	uint64_t factor;
} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

static bool skip_blank(struct lexer *lexer);
static bool skip_comment(struct lexer *lexer);
static void new_line(struct lexer *lexer);
static bool lex_stop(struct lexer *lexer);
static bool lex_number(struct lexer *lexer);
static bool lex_unit(struct lexer *lexer, const char *at, uint64_t *number, const char **end);
static bool lex_name(struct lexer *lexer);
static bool lex_text(struct lexer *lexer);
static bool lex_sign(struct lexer *lexer);
static bool is_name(char c);
static bool fail(struct lexer *lexer, size_t len, const char *what);

bool lexer_init(struct lexer *lexer, struct scenario *scenario, struct error *err,
		struct scenario_place *where)
{
	*lexer = (struct lexer){
		.scenario = scenario,
		.at = str_text(&scenario->text),
		.line_start = str_text(&scenario->text),
		.line = 1,
		.err = err,
		.where = where,
	};
	return lexer_next(lexer);
}

bool lexer_next(struct lexer *lexer)
{
	if (!skip_blank(lexer))
		return false;
	lexer->token = (struct token){
		.place = { lexer->line, (uint32_t)(lexer->at - lexer->line_start) + 1, 1 },
	};
	if (!*lexer->at)
		return true;
	if (*lexer->at == '\n' || *lexer->at == ';')
		return lex_stop(lexer);
	if (isdigit((unsigned char)*lexer->at))
		return lex_number(lexer);
	if (is_name(*lexer->at))
		return lex_name(lexer);
	if (*lexer->at == '"')
		return lex_text(lexer);
	return lex_sign(lexer);
}

const char *lexer_rest(struct lexer *lexer, struct scenario_place *place)
{
	const char *start = lexer->line_start + lexer->token.place.column - 1;
	size_t len = strcspn(start, "\n;#");

	*place = lexer->token.place;
	while (len && isspace((unsigned char)start[len - 1]))
		len--;
	if (lexer->token.kind == TOKEN_END || lexer->token.kind == TOKEN_STOP || !len) {
		fail(lexer, 1, "expected a value");
		return NULL;
	}
	place->len = (uint32_t)len;
	lexer->at = start + len;
	lexer->depth = 0;
	return lexer_next(lexer) ? arena_strndup(&lexer->scenario->arena, start, len) : NULL;
}

const char *token_name(enum token_kind kind)
{
	static const char *const names[TOKEN_KIND_NR] = {
		[TOKEN_END] = "the end of the scenario",
		[TOKEN_STOP] = "the end of the line",
		[TOKEN_NUMBER] = "a number",
		[TOKEN_TEXT] = "a text",
		[TOKEN_NAME] = "a name",
#define X(suffix, text) [TOKEN_##suffix] = "'" text "'",
		SCENARIO_SIGNS(X)
#undef X
	};

	return names[kind];
}

bool token_is_comparison(enum token_kind kind)
{
	return kind == TOKEN_EQ || kind == TOKEN_NE || kind == TOKEN_LT || kind == TOKEN_LE ||
	       kind == TOKEN_GT || kind == TOKEN_GE;
}

/* Blanks and comments; newlines only where they mean nothing. */
static bool skip_blank(struct lexer *lexer)
{
	for (;;) {
		const char c = *lexer->at;

		if (c == '#' || (c == '/' && lexer->at[1] == '/')) {
			lexer->at += strcspn(lexer->at, "\n");
		} else if (c == '/' && lexer->at[1] == '*') {
			if (!skip_comment(lexer))
				return false;
		} else if (c == '\\' && lexer->at[1] == '\n') {
			lexer->at++;
			new_line(lexer);
		} else if (c == '\n' && lexer->depth) {
			new_line(lexer);
		} else if (c == ' ' || c == '\t' || c == '\r') {
			lexer->at++;
		} else {
			return true;
		}
	}
}

static bool skip_comment(struct lexer *lexer)
{
	const char *end = strstr(lexer->at + 2, "*/");

	lexer->token.place = (struct scenario_place){
		lexer->line, (uint32_t)(lexer->at - lexer->line_start) + 1, 2
	};
	if (!end)
		return fail(lexer, 2, "this comment has no end: expected '*/'");
	while (lexer->at < end) {
		if (*lexer->at == '\n')
			new_line(lexer);
		else
			lexer->at++;
	}
	lexer->at += 2;
	return true;
}

static void new_line(struct lexer *lexer)
{
	lexer->at++;
	lexer->line++;
	lexer->line_start = lexer->at;
}

static bool lex_stop(struct lexer *lexer)
{
	lexer->token.kind = TOKEN_STOP;
	if (*lexer->at == '\n')
		new_line(lexer);
	else
		lexer->at++;
	return true;
}

static bool lex_number(struct lexer *lexer)
{
	struct token *token = &lexer->token;
	const char *start = lexer->at, *end;
	size_t len = 0;

	while (is_name(start[len]))
		len++;
	token->kind = TOKEN_NUMBER;
	end = parse_u64(start, &token->number);
	if (!end)
		return fail(lexer, len, "this number has more than 64 bits, or no digits");
	if (!lex_unit(lexer, end, &token->number, &end))
		return false;
	if (is_name(*end))
		return fail(lexer, len,
			    "expected a number, and behind it nothing or one of K, M, G, T, ns, us, ms, s");
	token->place.len = (uint32_t)(end - start);
	lexer->at = end;
	return true;
}

static bool lex_unit(struct lexer *lexer, const char *at, uint64_t *number, const char **end)
{
	bool too_large = false;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		const size_t len = strlen(units[i].name);

		if (strncmp(at, units[i].name, len) != 0 || is_name(at[len]))
			continue;
		*end = at + len;
		too_large = __builtin_mul_overflow(*number, units[i].factor, number);
		break;
	}
	if (*end == at && isalpha((unsigned char)*at))
		*end = parse_size(lexer->at, number, &too_large);
	if (!*end || too_large)
		return fail(lexer, 1, "this number has more than 64 bits");
	return true;
}

static bool lex_name(struct lexer *lexer)
{
	const char *start = lexer->at;
	size_t len = 0;

	while (is_name(start[len]))
		len++;
	if (len > MAX_NAME)
		return fail(lexer, len, "a name has at most 64 letters");
	lexer->token.kind = TOKEN_NAME;
	lexer->token.place.len = (uint32_t)len;
	lexer->token.text = arena_strndup(&lexer->scenario->arena, start, len);
	lexer->at += len;
	return true;
}

/* Between double quotes, on one line; a backslash takes what follows as it is. */
static bool lex_text(struct lexer *lexer)
{
	struct str text = { 0 };
	const char *at = lexer->at + 1;

	for (; *at && *at != '"' && *at != '\n'; at++) {
		at += *at == '\\' && at[1] && at[1] != '\n';
		str_add_char(&text, *at);
	}
	lexer->token.kind = TOKEN_TEXT;
	lexer->token.place.len = (uint32_t)(at + 1 - lexer->at);
	lexer->token.text = arena_strndup(&lexer->scenario->arena, str_text(&text), text.len);
	str_deinit(&text);
	if (*at != '"')
		return fail(lexer, 1, "this text has no end: expected '\"' on the same line");
	if (at - lexer->at > MAX_TEXT)
		return fail(lexer, 1, "a text has at most 1000 letters");
	lexer->at = at + 1;
	return true;
}

static bool lex_sign(struct lexer *lexer)
{
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		const size_t len = strlen(signs[i].text);

		if (strncmp(lexer->at, signs[i].text, len) != 0)
			continue;
		lexer->token.kind = signs[i].kind;
		lexer->token.place.len = (uint32_t)len;
		lexer->at += len;
		if (lexer->token.kind == TOKEN_OPEN || lexer->token.kind == TOKEN_INDEX)
			lexer->depth++;
		else if (lexer->token.kind == TOKEN_CLOSE || lexer->token.kind == TOKEN_UNINDEX)
			lexer->depth -= lexer->depth > 0;
		return true;
	}
	return fail(lexer, 1, "this is not a sign of the language");
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool fail(struct lexer *lexer, size_t len, const char *what)
{
	struct scenario_place place = lexer->token.place;

	place.len = (uint32_t)len;
	return scenario_error(lexer->scenario, &place, lexer->err, lexer->where, "%s", what);
}
