/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of print formats.
 *
 * "print fmt:" is a C format string and the C expressions behind it, after the preprocessor. Some
 * of what a reader wants stands only there: the words of zones and results (__print_symbolic), the
 * names of GFP bits (__print_flags), values that are computed when printed (1UL << REC->x). So the
 * expressions are parsed into trees and evaluated on a record, by C's precedences. Casts are passed
 * over: all that matters here fits 64 bits. Whatever depends on something only the kernel has
 * (symbols, enumerators left by name, calls of its functions) is a value that is not known, and so
 * is all that is computed from it.
 *
 * The text is hostile: trees are limited in depth, so that neither parsing nor evaluation can
 * exhaust the stack, and a text that is not understood gives NULL.
 */
#include <config.h>

#include "trace_dat.h"

#include <string.h>

enum { DEPTH_MAX = 200, NESTING_MAX = 100 };

enum op {
	OP_NUMBER,
	OP_STRING,
	OP_FIELD,
	OP_INDEX, /* field[number] */
	OP_TEXT,  /* __get_str(field) */
	OP_UNKNOWN,
	OP_NOT,
	OP_INVERT,
	OP_NEGATE,
	OP_BINARY, /* "what" is the operator */
	OP_COND,   /* a ? b : c */
	OP_SYMBOLIC,
	OP_FLAGS, /* a: value; table behind b */
	OP_ENTRY, /* a: value, b: name, c: next */
};

struct dat_expr {
	uint8_t op;
	uint8_t what; /* enum binary */
	uint16_t depth;
	const struct dat_expr *a, *b, *c;
	const struct dat_field *field;
	uint64_t number;
	const char *text;
	size_t len;
};

enum binary {
	BINARY_MUL,
	BINARY_DIV,
	BINARY_MOD,
	BINARY_ADD,
	BINARY_SUB,
	BINARY_SHL,
	BINARY_SHR,
	BINARY_LE,
	BINARY_GE,
	BINARY_LT,
	BINARY_GT,
	BINARY_EQ,
	BINARY_NE,
	BINARY_AND,
	BINARY_XOR,
	BINARY_OR,
	BINARY_LOGICAL_AND,
	BINARY_LOGICAL_OR,
	BINARY_NR,
};

/* Longer spellings stand before shorter ones that they begin with. */
static const struct {
	char text[3];
	uint8_t what;
	uint8_t level; /* binds tighter when higher */
} binaries[] = {
	{ "||", BINARY_LOGICAL_OR, 1 }, { "&&", BINARY_LOGICAL_AND, 2 }, { "<<", BINARY_SHL, 8 },
	{ ">>", BINARY_SHR, 8 },	{ "<=", BINARY_LE, 7 },		 { ">=", BINARY_GE, 7 },
	{ "==", BINARY_EQ, 6 },		{ "!=", BINARY_NE, 6 },		 { "<", BINARY_LT, 7 },
	{ ">", BINARY_GT, 7 },		{ "|", BINARY_OR, 3 },		 { "^", BINARY_XOR, 4 },
	{ "&", BINARY_AND, 5 },		{ "+", BINARY_ADD, 9 },		 { "-", BINARY_SUB, 9 },
	{ "*", BINARY_MUL, 10 },	{ "/", BINARY_DIV, 10 },	 { "%", BINARY_MOD, 10 },
};

struct parser {
	const char *at, *end;
	const struct dat_format *format;
	struct arena *arena;
	unsigned int nesting;
};

static struct dat_expr *parse_cond(struct parser *p);
static struct dat_expr *parse_binary(struct parser *p, unsigned int level);
static struct dat_expr *parse_unary(struct parser *p);
static struct dat_expr *parse_primary(struct parser *p);
static struct dat_expr *parse_paren(struct parser *p);
static struct dat_expr *parse_number(struct parser *p);
static struct dat_expr *parse_string(struct parser *p);
static struct dat_expr *parse_name(struct parser *p);
static struct dat_expr *parse_field(struct parser *p);
static struct dat_expr *parse_call(struct parser *p, const char *name, size_t len);
static struct dat_expr *parse_get_str(struct parser *p);
static struct dat_expr *parse_table(struct parser *p, enum op op);
static bool skip_call(struct parser *p);
static bool skip_cast(struct parser *p);
static bool parse_word(struct parser *p, const char **word, size_t *len);
static struct dat_expr *new_expr(struct parser *p, enum op op, const struct dat_expr *a,
				 const struct dat_expr *b, const struct dat_expr *c);
static void skip_blanks(struct parser *p);
static bool peek(struct parser *p, char c);
static bool accept(struct parser *p, char c);
static bool is_word_char(char c);
static size_t conversion_len(const char *text, size_t len);
static struct dat_value eval_binary(const struct dat_expr *expr, const struct dat_record *record);
static struct dat_value eval_symbolic(const struct dat_expr *expr,
				      const struct dat_record *record);
static struct dat_value eval_text(const struct dat_expr *expr, const struct dat_record *record);
static uint64_t eval_index(const struct dat_expr *expr, const struct dat_record *record);
static bool compute(enum binary what, uint64_t a, uint64_t b, uint64_t *ret);

static const struct dat_value unknown_value = { NULL, 0, 0, false };

static struct dat_value number_value(uint64_t number)
{
	return (struct dat_value){ NULL, 0, number, true };
}

void dat_print_parse(struct dat_print *ret, const struct dat_format *format, struct arena *arena)
{
	struct parser p = { format->print, format->print + format->print_len, format, arena, 0 };
	const char *at, *lead, *end;

	memset(ret, 0, sizeof(*ret));
	if (!format->print || !accept(&p, '"'))
		return;
	at = lead = p.at;
	for (end = at; end < p.end && *end != '"'; end++)
		end += *end == '\\' && end + 1 < p.end;
	p.at = end + (end < p.end);
	while (at < end) {
		size_t len = *at == '%' ? conversion_len(at, (size_t)(end - at)) : 0;
		struct dat_print_arg arg = { lead, (size_t)(at - lead), NULL };

		if (!len) {
			at += at + 1 < end && *at == '%' ? 2 : 1;
			continue;
		}
		arg.expr = accept(&p, ',') ? parse_cond(&p) : NULL;
		vec_push(&ret->args, arg);
		if (!arg.expr)
			return; /* where the next argument begins is not known either */
		at += len;
		lead = at;
	}
}

void dat_print_deinit(struct dat_print *print)
{
	vec_deinit(&print->args);
}

const struct dat_expr *dat_print_find(const struct dat_print *print,
				      const struct event_field *desc)
{
	const char *parts[3] = { desc->prefix ? desc->prefix : "", desc->key,
				 desc->sep ? desc->sep : "=" };

	if (!desc->key[0])
		return NULL;
	for (size_t i = 0; i < print->args.nr; i++) {
		const struct dat_print_arg *arg = &print->args.items[i];
		size_t left = arg->lead_len;
		bool ok = true;

		/* Backwards; a prefix that the text begins with has its blank nowhere. */
		for (size_t part = 3; part-- > 0 && ok;) {
			const char *text = parts[part];
			size_t len = strlen(text);

			if (part == 0 && len > left && text[0] == ' ') {
				text++;
				len--;
			}
			ok = len <= left && !memcmp(arg->lead + left - len, text, len);
			left -= ok ? len : 0;
			if (part == 1 && ok && left && is_word_char(arg->lead[left - 1]))
				ok = false;
		}
		if (ok)
			return arg->expr;
	}
	return NULL;
}

struct dat_value dat_expr_eval(const struct dat_expr *expr, const struct dat_record *record)
{
	struct dat_value value;

	switch ((enum op)expr->op) {
	case OP_NUMBER:
		return number_value(expr->number);
	case OP_STRING:
		return (struct dat_value){ expr->text, expr->len, 0, true };
	case OP_FIELD:
		if (expr->field->kind == DAT_NUMBER)
			return number_value(dat_field_number(expr->field, record));
		return eval_text(expr, record);
	case OP_INDEX:
		return number_value(eval_index(expr, record));
	case OP_TEXT:
		return eval_text(expr, record);
	case OP_NOT:
	case OP_INVERT:
	case OP_NEGATE:
		value = dat_expr_eval(expr->a, record);
		if (value.text || !value.known)
			return unknown_value;
		value.number = expr->op == OP_NOT    ? !value.number :
			       expr->op == OP_INVERT ? ~value.number :
						       -value.number;
		return value;
	case OP_BINARY:
		return eval_binary(expr, record);
	case OP_COND:
		value = dat_expr_eval(expr->a, record);
		if (!value.known)
			return value;
		return dat_expr_eval(value.text || value.number ? expr->b : expr->c, record);
	case OP_SYMBOLIC:
		return eval_symbolic(expr, record);
	case OP_FLAGS:
	case OP_ENTRY:
	case OP_UNKNOWN:
	default:
		return unknown_value;
	}
}

const struct dat_field *dat_expr_field(const struct dat_expr *expr)
{
	return expr->op == OP_FIELD ? expr->field : NULL;
}

bool dat_expr_only_uses(const struct dat_expr *expr, const struct dat_field *field)
{
	if (!expr)
		return true;
	if (expr->field && expr->field != field)
		return false;
	if (expr->op == OP_SYMBOLIC || expr->op == OP_FLAGS)
		return dat_expr_only_uses(expr->a, field); /* tables hold constants */
	return dat_expr_only_uses(expr->a, field) && dat_expr_only_uses(expr->b, field) &&
	       dat_expr_only_uses(expr->c, field);
}

const struct dat_expr *dat_expr_find_flags(const struct dat_expr *expr)
{
	const struct dat_expr *found;

	if (!expr || expr->op == OP_FLAGS)
		return expr;
	if (expr->op == OP_SYMBOLIC)
		return NULL;
	found = dat_expr_find_flags(expr->a);
	if (!found)
		found = dat_expr_find_flags(expr->b);
	return found ? found : dat_expr_find_flags(expr->c);
}

const struct dat_expr *dat_expr_next_flag(const struct dat_expr *at, struct dat_value *value,
					  struct dat_value *name)
{
	static const struct dat_record nothing;
	const struct dat_expr *entry = at->op == OP_FLAGS ? at->b : at->c;

	if (!entry)
		return NULL;
	*value = dat_expr_eval(entry->a, &nothing);
	*name = dat_expr_eval(entry->b, &nothing);
	return entry;
}

static struct dat_expr *parse_cond(struct parser *p)
{
	struct dat_expr *cond, *yes, *no;

	if (++p->nesting > NESTING_MAX)
		return NULL;
	cond = parse_binary(p, 1);
	if (cond && accept(p, '?')) {
		yes = parse_cond(p);
		no = yes && accept(p, ':') ? parse_cond(p) : NULL;
		cond = no ? new_expr(p, OP_COND, cond, yes, no) : NULL;
	}
	p->nesting--;
	return cond;
}

/* Precedence climbing: operators of "level" and above, left to right. */
static struct dat_expr *parse_binary(struct parser *p, unsigned int level)
{
	struct dat_expr *left = parse_unary(p);

	while (left) {
		size_t i;

		skip_blanks(p);
		for (i = 0; i < ARRAY_SIZE(binaries); i++) {
			size_t len = strlen(binaries[i].text);

			if ((size_t)(p->end - p->at) >= len &&
			    !memcmp(p->at, binaries[i].text, len))
				break;
		}
		if (i == ARRAY_SIZE(binaries) || binaries[i].level < level)
			return left;
		p->at += strlen(binaries[i].text);
		struct dat_expr *right = parse_binary(p, binaries[i].level + 1U);

		left = right ? new_expr(p, OP_BINARY, left, right, NULL) : NULL;
		if (left)
			left->what = binaries[i].what;
	}
	return NULL;
}

static struct dat_expr *parse_unary(struct parser *p)
{
	static const struct {
		char c;
		uint8_t op;
	} unaries[] = { { '!', OP_NOT }, { '~', OP_INVERT }, { '-', OP_NEGATE } };
	struct dat_expr *expr = NULL;

	if (++p->nesting > NESTING_MAX)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(unaries) && !expr; i++) {
		if (!accept(p, unaries[i].c))
			continue;
		expr = parse_unary(p);
		if (!expr)
			return NULL;
		expr = new_expr(p, unaries[i].op, expr, NULL, NULL);
		if (!expr)
			return NULL;
	}
	if (!expr)
		expr = parse_primary(p);
	p->nesting--;
	return expr;
}

static struct dat_expr *parse_primary(struct parser *p)
{
	struct dat_expr *expr;

	skip_blanks(p);
	if (p->at == p->end)
		return NULL;
	if (*p->at == '(')
		expr = parse_paren(p);
	else if (*p->at >= '0' && *p->at <= '9')
		expr = parse_number(p);
	else if (*p->at == '"')
		expr = parse_string(p);
	else
		expr = parse_name(p);
	/* REC->p[3] */
	while (expr && accept(p, '[')) {
		struct dat_expr *index = parse_cond(p);

		if (!index || !accept(p, ']'))
			return NULL;
		if (expr->op == OP_FIELD && index->op == OP_NUMBER) {
			struct dat_expr *element = new_expr(p, OP_INDEX, NULL, NULL, NULL);

			element->field = expr->field;
			element->number = index->number;
			expr = element;
		} else {
			expr = new_expr(p, OP_UNKNOWN, NULL, NULL, NULL);
		}
	}
	return expr;
}

/* A cast and what it is of, or an expression in brackets. */
static struct dat_expr *parse_paren(struct parser *p)
{
	struct dat_expr *expr;

	p->at++;
	if (skip_cast(p))
		return parse_unary(p);
	expr = parse_cond(p);
	return expr && accept(p, ')') ? expr : NULL;
}

static struct dat_expr *parse_number(struct parser *p)
{
	bool hex = p->end - p->at > 2 && p->at[0] == '0' && (p->at[1] | 0x20) == 'x';
	struct dat_expr *expr = new_expr(p, OP_NUMBER, NULL, NULL, NULL);
	unsigned int base = hex ? 16 : *p->at == '0' ? 8 : 10;

	p->at += hex ? 2 : 0;
	for (; p->at < p->end; p->at++) {
		unsigned int c = (unsigned char)*p->at | 0x20U;
		unsigned int digit = c >= '0' && c <= '9' ? c - '0' :
				     hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;

		if (digit >= base)
			break;
		expr->number = expr->number * base + digit;
	}
	while (p->at < p->end && ((*p->at | 0x20) == 'u' || (*p->at | 0x20) == 'l'))
		p->at++;
	return expr;
}

static struct dat_expr *parse_string(struct parser *p)
{
	struct dat_expr *expr = new_expr(p, OP_STRING, NULL, NULL, NULL);
	const char *end = memchr(p->at + 1, '"', (size_t)(p->end - p->at - 1));

	if (!end)
		return NULL;
	expr->text = p->at + 1;
	expr->len = (size_t)(end - p->at - 1);
	p->at = end + 1;
	return expr;
}

static struct dat_expr *parse_name(struct parser *p)
{
	const char *word;
	size_t len;

	if (!parse_word(p, &word, &len))
		return NULL;
	if (len == 3 && !memcmp(word, "REC", 3) && p->end - p->at > 2 && p->at[0] == '-' &&
	    p->at[1] == '>') {
		p->at += 2;
		return parse_field(p);
	}
	if (peek(p, '('))
		return parse_call(p, word, len);
	return new_expr(p, OP_UNKNOWN, NULL, NULL, NULL);
}

static struct dat_expr *parse_field(struct parser *p)
{
	const struct dat_field *field;
	struct dat_expr *expr;
	const char *word;
	size_t len;

	if (!parse_word(p, &word, &len))
		return NULL;
	field = dat_format_find(p->format, word, len);
	expr = new_expr(p, field ? OP_FIELD : OP_UNKNOWN, NULL, NULL, NULL);
	expr->field = field;
	return expr;
}

static struct dat_expr *parse_call(struct parser *p, const char *name, size_t len)
{
	static const struct {
		const char *name;
		uint8_t op;
	} calls[] = {
		{ "__print_symbolic", OP_SYMBOLIC }, { "__print_flags", OP_FLAGS },
		{ "__get_str", OP_TEXT },	     { "__get_rel_str", OP_TEXT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (strlen(calls[i].name) != len || memcmp(calls[i].name, name, len) != 0)
			continue;
		return calls[i].op == OP_TEXT ? parse_get_str(p) : parse_table(p, calls[i].op);
	}
	return skip_call(p) ? new_expr(p, OP_UNKNOWN, NULL, NULL, NULL) : NULL;
}

static struct dat_expr *parse_get_str(struct parser *p)
{
	struct dat_expr *expr;

	if (!accept(p, '('))
		return NULL;
	expr = parse_field(p);
	if (!expr || !accept(p, ')'))
		return NULL;
	if (expr->field)
		expr->op = OP_TEXT;
	return expr;
}

/* (value, "|", { number, "name" }, ...), without the separator for __print_symbolic. */
static struct dat_expr *parse_table(struct parser *p, enum op op)
{
	struct dat_expr *value = accept(p, '(') ? parse_cond(p) : NULL;
	struct dat_expr *table = value ? new_expr(p, op, value, NULL, NULL) : NULL;
	const struct dat_expr **link;

	if (!table || (op == OP_FLAGS && (!accept(p, ',') || !parse_cond(p))))
		return NULL;
	link = &table->b;
	while (accept(p, ',')) {
		struct dat_expr *number, *name, *entry;

		number = accept(p, '{') ? parse_cond(p) : NULL;
		name = number && accept(p, ',') ? parse_cond(p) : NULL;
		entry = name && accept(p, '}') ? new_expr(p, OP_ENTRY, number, name, NULL) : NULL;
		if (!entry)
			return NULL;
		*link = entry;
		link = &entry->c;
	}
	return accept(p, ')') ? table : NULL;
}

/* Passes over "( ... )" of a function that is not known. */
static bool skip_call(struct parser *p)
{
	unsigned int open = 0;

	for (; p->at < p->end; p->at++) {
		if (*p->at == '"') {
			const char *end = memchr(p->at + 1, '"', (size_t)(p->end - p->at - 1));

			if (!end)
				return false;
			p->at = end;
		} else if (*p->at == '(') {
			open++;
		} else if (*p->at == ')' && --open == 0) {
			p->at++;
			return true;
		}
	}
	return false;
}

/*
 * Behind an opening bracket: words and stars up to the closing one, followed by an operand, are a
 * cast. A word alone that nothing follows is an enumerator in brackets.
 */
static bool skip_cast(struct parser *p)
{
	const char *start = p->at;
	const char *word;
	size_t len;
	bool any = false;

	while (parse_word(p, &word, &len)) {
		if (len == 3 && !memcmp(word, "REC", 3))
			break;
		any = true;
	}
	while (accept(p, '*'))
		;
	if (any && accept(p, ')')) {
		skip_blanks(p);
		if (p->at < p->end && (is_word_char(*p->at) || strchr("(\"~!-", *p->at)) &&
		    !(p->end - p->at > 1 && p->at[0] == '-' && p->at[1] == '>'))
			return true;
	}
	p->at = start;
	return false;
}

static bool parse_word(struct parser *p, const char **word, size_t *len)
{
	skip_blanks(p);
	*word = p->at;
	if (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		return false;
	while (p->at < p->end && is_word_char(*p->at))
		p->at++;
	*len = (size_t)(p->at - *word);
	return *len != 0;
}

/* NULL when the tree gets too deep. The chain of a table's entries is walked, not recursed into. */
static struct dat_expr *new_expr(struct parser *p, enum op op, const struct dat_expr *a,
				 const struct dat_expr *b, const struct dat_expr *c)
{
	struct dat_expr *expr = arena_alloc(p->arena, sizeof(*expr));
	unsigned int depth = 0;

	memset(expr, 0, sizeof(*expr));
	expr->op = (uint8_t)op;
	expr->a = a;
	expr->b = b;
	expr->c = c;
	depth = MAX(a ? a->depth : 0U, MAX(b ? b->depth : 0U, c ? c->depth : 0U));
	expr->depth = (uint16_t)(depth + 1);
	return expr->depth > DEPTH_MAX ? NULL : expr;
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n'))
		p->at++;
}

static bool peek(struct parser *p, char c)
{
	skip_blanks(p);
	return p->at < p->end && *p->at == c;
}

static bool accept(struct parser *p, char c)
{
	/* '!' of "!=" is no operator of its own. */
	if (!peek(p, c) || (c == '!' && p->end - p->at > 1 && p->at[1] == '='))
		return false;
	p->at++;
	return true;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Length of "%-8s", "%016llx", "%pS", ...; 0 for "%%". */
static size_t conversion_len(const char *text, size_t len)
{
	size_t i = 1;

	while (i < len && strchr("-+ #0123456789.*lhzLjtq", text[i]) && text[i])
		i++;
	if (i >= len || text[i] == '%')
		return 0;
	if (text[i] == 'p')
		while (i + 1 < len && ((text[i + 1] >= 'a' && text[i + 1] <= 'z') ||
				       (text[i + 1] >= 'A' && text[i + 1] <= 'Z')))
			i++;
	return i + 1;
}

static struct dat_value eval_binary(const struct dat_expr *expr, const struct dat_record *record)
{
	struct dat_value a = dat_expr_eval(expr->a, record);
	struct dat_value b;
	uint64_t number;

	if (!a.known || a.text)
		return unknown_value;
	if (expr->what == BINARY_LOGICAL_AND && !a.number)
		return number_value(0);
	if (expr->what == BINARY_LOGICAL_OR && a.number)
		return number_value(1);
	b = dat_expr_eval(expr->b, record);
	if (!b.known || b.text || !compute(expr->what, a.number, b.number, &number))
		return unknown_value;
	return number_value(number);
}

/* An entry whose number is not known may be the one: then the word is not known either. */
static struct dat_value eval_symbolic(const struct dat_expr *expr, const struct dat_record *record)
{
	struct dat_value value = dat_expr_eval(expr->a, record);
	bool doubt = false;

	if (!value.known || value.text)
		return unknown_value;
	for (const struct dat_expr *entry = expr->b; entry; entry = entry->c) {
		struct dat_value number = dat_expr_eval(entry->a, record);

		if (!number.known)
			doubt = true;
		else if (number.number == value.number)
			return dat_expr_eval(entry->b, record);
	}
	return doubt ? unknown_value : value;
}

static struct dat_value eval_text(const struct dat_expr *expr, const struct dat_record *record)
{
	struct dat_value value = { NULL, 0, 0, true };

	return dat_field_text(expr->field, record, &value.text, &value.len) ? value :
									      unknown_value;
}

static uint64_t eval_index(const struct dat_expr *expr, const struct dat_record *record)
{
	const struct dat_field *field = expr->field;
	uint64_t at;

	if (field->kind != DAT_ARRAY || expr->number >= field->size / field->elem)
		return 0;
	at = field->offset + expr->number * field->elem;
	return at + field->elem <= record->len ?
		       dat_load(record->at + at, field->elem, record->swap) : 0;
}

/* Numbers compare as signed ones: int fields are extended, addresses only compare for equality. */
static bool compute(enum binary what, uint64_t a, uint64_t b, uint64_t *ret)
{
	if ((what == BINARY_DIV || what == BINARY_MOD) && !b)
		return false;
	switch (what) {
	case BINARY_MUL:
		*ret = a * b;
		return true;
	case BINARY_DIV:
		*ret = a / b;
		return true;
	case BINARY_MOD:
		*ret = a % b;
		return true;
	case BINARY_ADD:
		*ret = a + b;
		return true;
	case BINARY_SUB:
		*ret = a - b;
		return true;
	case BINARY_SHL:
		*ret = b < 64 ? a << b : 0;
		return true;
	case BINARY_SHR:
		*ret = b < 64 ? a >> b : 0;
		return true;
	case BINARY_LE:
		*ret = (int64_t)a <= (int64_t)b;
		return true;
	case BINARY_GE:
		*ret = (int64_t)a >= (int64_t)b;
		return true;
	case BINARY_LT:
		*ret = (int64_t)a < (int64_t)b;
		return true;
	case BINARY_GT:
		*ret = (int64_t)a > (int64_t)b;
		return true;
	case BINARY_EQ:
		*ret = a == b;
		return true;
	case BINARY_NE:
		*ret = a != b;
		return true;
	case BINARY_AND:
		*ret = a & b;
		return true;
	case BINARY_XOR:
		*ret = a ^ b;
		return true;
	case BINARY_OR:
		*ret = a | b;
		return true;
	case BINARY_LOGICAL_AND:
		*ret = a && b;
		return true;
	case BINARY_LOGICAL_OR:
		*ret = a || b;
		return true;
	case BINARY_NR:
	default:
		BUG_ON(true);
	}
}
