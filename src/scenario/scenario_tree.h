/* SPDX-License-Identifier: GPL-2.0-or-later */
/** A scenario as text, tokens and tree: what lexer and parser make and the runner walks. */
#ifndef KMREPLAY_SCENARIO_TREE_H
#define KMREPLAY_SCENARIO_TREE_H

#include "kmreplay/core/arena.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/scenario/scenario.h"

/* Tokens. */

/** X(suffix, text): two letters before one, since the longest match counts. */
#define SCENARIO_SIGNS(X)                                                                     \
	X(DOTS, "..") X(SHL, "<<") X(SHR, ">>") X(LE, "<=") X(GE, ">=") X(EQ, "==")           \
	X(NE, "!=") X(AND, "&&") X(OR, "||") X(LT, "<") X(GT, ">") X(ASSIGN, "=")             \
	X(PLUS, "+") X(MINUS, "-") X(TIMES, "*") X(DIVIDE, "/") X(MODULO, "%")                \
	X(BAND, "&") X(BOR, "|") X(BXOR, "^") X(BNOT, "~") X(NOT, "!") X(ASK, "?")            \
	X(COLON, ":") X(COMMA, ",") X(OPEN, "(") X(CLOSE, ")") X(INDEX, "[")                  \
	X(UNINDEX, "]") X(BEGIN, "{") X(FINISH, "}")

enum token_kind {
	TOKEN_END,     /**< of the text */
	TOKEN_STOP,    /**< end of a statement: newline or ';' */
	TOKEN_NUMBER,
	TOKEN_TEXT,
	TOKEN_NAME,
#define X(suffix, text) TOKEN_##suffix,
	SCENARIO_SIGNS(X)
#undef X
	TOKEN_KIND_NR,
};

struct token {
	enum token_kind kind;
	struct scenario_place place;
	uint64_t number;
	const char *text; /**< NAME and TEXT, without quotes; the arena's */
};

/* The tree. */

enum expr_kind {
	EXPR_NUMBER,
	EXPR_TEXT,
	EXPR_NAME,     /**< not yet known what; names.c makes one of the next two of it */
	EXPR_VARIABLE,
	EXPR_CONSTANT,
	EXPR_ELEMENT,  /**< a[index] */
	EXPR_ARRAY,    /**< a[] */
	EXPR_UNARY,
	EXPR_BINARY,
	EXPR_CHOICE,   /**< of[0] ? of[1] : of[2] */
	EXPR_CALL,
};

struct expr {
	enum expr_kind kind;
	enum token_kind sign;     /**< UNARY, BINARY */
	struct scenario_place place;
	const char *name;         /**< NAME, VARIABLE, ELEMENT, ARRAY, CALL */
	uint32_t variable;        /**< VARIABLE, ELEMENT, ARRAY */
	struct scenario_value value; /**< NUMBER, TEXT, CONSTANT */
	int function;             /**< CALL: the host's; below 0: ~ of one of our own */
	unsigned int nr;          /**< of "of" */
	struct expr **of;         /**< operands, arguments, the index */
};

enum stmt_kind {
	STMT_EXPR,
	STMT_ASSIGN,   /**< target = expr[0] */
	STMT_CPU,      /**< expr[0] */
	STMT_CONTEXT,  /**< name */
	STMT_SCOPE,    /**< name, body */
	STMT_SLEEP,    /**< expr[0] */
	STMT_TASK,     /**< name, expr[0] or NULL */
	STMT_AFTER,    /**< expr[0], body, kept */
	STMT_SECTION,  /**< name */
	STMT_PRINT,    /**< all of "list" */
	STMT_REPEAT,   /**< expr[0] times body */
	STMT_FOR,      /**< target in expr[0] .. expr[1], step expr[2] or NULL */
	STMT_WHILE,    /**< expr[0] body */
	STMT_IF,       /**< expr[0] body, orelse */
	STMT_BREAK,
	STMT_CONTINUE,
	STMT_EXPECT,   /**< expr[0] holds */
	STMT_EXPECT_OK,
	STMT_EXPECT_FAIL,     /**< name: its reason, or NULL */
	STMT_EXPECT_PROPERTY, /**< property sign expr[0] */
};

struct stmt {
	enum stmt_kind kind;
	struct scenario_place place;
	const char *source; /**< where it begins in the text */
	struct stmt *next;
	const char *name;
	struct expr *target;
	struct expr *expr[3];
	struct expr **list;
	unsigned int nr_list;
	unsigned int property;
	enum token_kind sign;
	struct stmt *body, *orelse;
	uint32_t *kept;       /**< AFTER: variables of the loops that it stands in */
	unsigned int nr_kept;
};

struct scenario {
	const char *name;
	struct str text;
	struct arena arena;
	const struct scenario_host *host;
	void *ctx;
	struct vec(struct scenario_setting) settings;
	struct vec(const char *) names; /**< variables, by number */
	struct stmt *first;
};

/* lex.c */

struct lexer {
	struct scenario *scenario;
	const char *at;
	const char *line_start;
	uint32_t line;
	unsigned int depth;  /**< of parentheses: newlines inside mean nothing */
	unsigned int loops;  /**< that can be left here */
	struct token token;  /**< the one that is next */
	struct error *err;
	struct scenario_place *where;
};

/** The first token is next; false: it is none. */
MUST_CHECK bool lexer_init(struct lexer *lexer, struct scenario *scenario, struct error *err,
			   struct scenario_place *where);
/** Goes on to the next token; false and the error when there is none. */
MUST_CHECK bool lexer_next(struct lexer *lexer);
/**
 * What stands on the rest of the line, from the token that is next on, as it is: "value" of a
 * setting. The token behind it is next afterwards. NULL and the error when there is nothing.
 */
const char *lexer_rest(struct lexer *lexer, struct scenario_place *place);
/** "'..'", "a number": what was expected or found. */
const char *token_name(enum token_kind kind);
bool token_is_comparison(enum token_kind kind);

/* parse_expr.c */

/** An expression; NULL and the error. */
struct expr *parse_expr(struct lexer *lexer, unsigned int depth);
/** A name or an element of an array, to be assigned to. */
struct expr *parse_target(struct lexer *lexer, unsigned int depth);
/** The token must be "kind" and is passed over; "where" says in what: "behind 'for'". */
MUST_CHECK bool parse_expect(struct lexer *lexer, enum token_kind kind, const char *where);

/* parse.c */

/** The tree of all statements into scenario->first. */
MUST_CHECK bool parse_scenario(struct scenario *scenario, struct error *err,
			       struct scenario_place *where);

#endif
