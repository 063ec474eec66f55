/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of --fail-if: recursive descent into a list of nodes, and their evaluation. */
#include <config.h>

#include "threshold.h"

#include "option.h"

#include "kmreplay/core/vec.h"
#include "kmreplay/core/xalloc.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 32,
	MAX_TEXT = 4096,
	KEY_SIZE = 128,
};

enum node_kind { NODE_COMPARE, NODE_AND, NODE_OR };
enum operator { OP_GE, OP_LE, OP_EQ, OP_NE, OP_GT, OP_LT, OP_NR };

/* Longer ones first, so that ">=" is not taken for ">". */
static const char *const operators[OP_NR] = {
	[OP_GE] = ">=", [OP_LE] = "<=", [OP_EQ] = "==",
	[OP_NE] = "!=", [OP_GT] = ">",	[OP_LT] = "<",
};

struct limit {
	double number;
	bool relative, share; /* a sign; a "%" */
};

struct node {
	enum node_kind kind;
	uint32_t left, right; /* AND, OR */
	char key[KEY_SIZE];   /* COMPARE, as all below */
	enum operator op;
	struct limit limit;
};

struct threshold {
	char *text;
	struct vec(struct node) nodes;
	uint32_t root;
};

struct parser {
	struct threshold *t;
	const char *at;
	const struct figures *known;
	unsigned int depth;
	struct error *err;
};

static bool parse_or(struct parser *p, uint32_t *ret);
static bool parse_and(struct parser *p, uint32_t *ret);
static bool parse_term(struct parser *p, uint32_t *ret);
static bool parse_compare(struct parser *p, uint32_t *ret);
static bool parse_key(struct parser *p, struct node *node);
static bool check_key(struct parser *p, const char *key);
static bool parse_operator(struct parser *p, struct node *node);
static bool parse_limit(struct parser *p, struct node *node);
static bool parse_unit(struct parser *p, struct limit *limit);
static bool take_word(struct parser *p, const char *word, const char *symbol);
static uint32_t join(struct parser *p, enum node_kind kind, uint32_t left, uint32_t right);
static bool fail(const struct parser *p, const char *expected);
static void skip_blanks(struct parser *p);
static enum threshold_verdict test_node(const struct threshold *t, uint32_t index,
					const struct figures *figures,
					const struct figures *baseline, struct str *why);
static enum threshold_verdict test_compare(const struct node *node, const struct figures *figures,
					   const struct figures *baseline, struct str *why);
static bool holds(enum operator op, double value, double limit);
static double figure_number(const struct figure *figure);

struct threshold *threshold_parse(const char *text, const struct figures *known, struct error *err)
{
	struct threshold *t = xcalloc(1, sizeof(*t));
	struct parser p = { .t = t, .known = known, .err = err };
	bool ok = strlen(text) <= MAX_TEXT;

	t->text = xstrdup(text);
	p.at = t->text;
	if (!ok)
		error_set(err, "an expression of more than %d characters", MAX_TEXT);
	else
		ok = parse_or(&p, &t->root);
	if (ok && *p.at)
		ok = fail(&p, "'and', 'or' or the end");
	if (ok)
		return t;
	threshold_destroy(t);
	return NULL;
}

void threshold_destroy(struct threshold *t)
{
	if (!t)
		return;
	vec_deinit(&t->nodes);
	free(t->text);
	free(t);
}

const char *threshold_text(const struct threshold *t)
{
	return t->text;
}

bool threshold_is_relative(const struct threshold *t)
{
	vec_foreach(&t->nodes, node)
		if (node->kind == NODE_COMPARE && node->limit.relative)
			return true;
	return false;
}

enum threshold_verdict threshold_test(const struct threshold *t, const struct figures *figures,
				      const struct figures *baseline, struct str *why)
{
	return test_node(t, t->root, figures, baseline, why);
}

static bool parse_or(struct parser *p, uint32_t *ret)
{
	uint32_t right;

	if (!parse_and(p, ret))
		return false;
	while (take_word(p, "or", "||")) {
		if (!parse_and(p, &right))
			return false;
		*ret = join(p, NODE_OR, *ret, right);
	}
	return true;
}

static bool parse_and(struct parser *p, uint32_t *ret)
{
	uint32_t right;

	if (!parse_term(p, ret))
		return false;
	while (take_word(p, "and", "&&")) {
		if (!parse_term(p, &right))
			return false;
		*ret = join(p, NODE_AND, *ret, right);
	}
	return true;
}

static bool parse_term(struct parser *p, uint32_t *ret)
{
	bool ok;

	skip_blanks(p);
	if (*p->at != '(')
		return parse_compare(p, ret);
	if (++p->depth > MAX_DEPTH)
		return fail(p, "fewer than 32 parentheses inside each other");
	p->at++;
	ok = parse_or(p, ret);
	p->depth--;
	if (!ok)
		return false;
	if (*p->at != ')')
		return fail(p, "')'");
	p->at++;
	skip_blanks(p);
	return true;
}

static bool parse_compare(struct parser *p, uint32_t *ret)
{
	struct node node = { .kind = NODE_COMPARE };

	if (!parse_key(p, &node) || !parse_operator(p, &node) || !parse_limit(p, &node))
		return false;
	*ret = (uint32_t)p->t->nodes.nr;
	vec_push(&p->t->nodes, node);
	return true;
}

static bool parse_key(struct parser *p, struct node *node)
{
	size_t len = 0;

	while (isalnum((unsigned char)p->at[len]) || p->at[len] == '.' || p->at[len] == '_')
		len++;
	if (!len || len >= sizeof(node->key))
		return fail(p, "the name of a figure");
	memcpy(node->key, p->at, len);
	if (!check_key(p, node->key))
		return false;
	p->at += len;
	skip_blanks(p);
	return true;
}

static bool check_key(struct parser *p, const char *key)
{
	const struct figure *near;

	if (figures_find(p->known, key) || !strncmp(key, "frag.node", 9))
		return true;
	near = figures_nearest(p->known, key);
	return error_set(p->err, "there is no figure '%s' in '%.200s'%s%s%s", key, p->t->text,
			 near ? "; did you mean '" : "; compare --verbose lists them",
			 near ? near->key : "", near ? "'?" : "");
}

static bool parse_operator(struct parser *p, struct node *node)
{
	for (unsigned int op = 0; op < OP_NR; op++) {
		size_t len = strlen(operators[op]);

		if (strncmp(p->at, operators[op], len) != 0)
			continue;
		node->op = (enum operator)op;
		p->at += len;
		skip_blanks(p);
		return true;
	}
	return fail(p, "one of > >= < <= == !=");
}

static bool parse_limit(struct parser *p, struct node *node)
{
	struct limit *limit = &node->limit;
	bool negative = *p->at == '-';
	char *end;

	limit->relative = *p->at == '+' || negative;
	p->at += limit->relative;
	/* strtod() would take signs, blanks, "inf" and hexadecimal numbers, too. */
	if (!isdigit((unsigned char)*p->at) || (p->at[0] == '0' && (p->at[1] | 0x20) == 'x'))
		return fail(p, "a number");
	limit->number = strtod(p->at, &end);
	if (!isfinite(limit->number))
		return fail(p, "a smaller number");
	p->at = end;
	if (negative)
		limit->number = -limit->number;
	if (!parse_unit(p, limit))
		return false;
	skip_blanks(p);
	return true;
}

static bool parse_unit(struct parser *p, struct limit *limit)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = {
		{ "", 1 },	   { "%", 0.01 },	{ "K", 0x1p10 }, { "M", 0x1p20 },
		{ "G", 0x1p30 }, { "T", 0x1p40 }, { "KiB", 0x1p10 }, { "MiB", 0x1p20 },
		{ "GiB", 0x1p30 }, { "ns", 1 },	    { "us", 1e3 },   { "ms", 1e6 },
		{ "s", 1e9 },
	};
	size_t len = 0;

	while (isalpha((unsigned char)p->at[len]) || p->at[len] == '%')
		len++;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) != len || strncmp(p->at, units[i].name, len) != 0)
			continue;
		limit->number *= units[i].factor;
		limit->share = len && *p->at == '%';
		p->at += len;
		return true;
	}
	return fail(p, "%, K, M, G, T, ns, us, ms, s or nothing behind the number");
}

/* A word ends where no letter follows. */
static bool take_word(struct parser *p, const char *word, const char *symbol)
{
	size_t len = strlen(word);

	if (!strncmp(p->at, symbol, strlen(symbol)))
		len = strlen(symbol);
	else if (strncmp(p->at, word, len) != 0 || isalnum((unsigned char)p->at[len]))
		return false;
	p->at += len;
	skip_blanks(p);
	return true;
}

static uint32_t join(struct parser *p, enum node_kind kind, uint32_t left, uint32_t right)
{
	vec_push(&p->t->nodes, (struct node){ .kind = kind, .left = left, .right = right });
	return (uint32_t)p->t->nodes.nr - 1;
}

static bool fail(const struct parser *p, const char *expected)
{
	return error_set(p->err, "'%.200s', character %zu: expected %s", p->t->text,
			 (size_t)(p->at - p->t->text) + 1, expected);
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static enum threshold_verdict test_node(const struct threshold *t, uint32_t index,
					const struct figures *figures,
					const struct figures *baseline, struct str *why)
{
	const struct node *node = &t->nodes.items[index];
	/* What decides "or" at once is a true side, what decides "and" a false one. */
	enum threshold_verdict decides = node->kind == NODE_OR ? THRESHOLD_CROSSED
							       : THRESHOLD_KEPT;
	enum threshold_verdict left, right;

	if (node->kind == NODE_COMPARE)
		return test_compare(node, figures, baseline, why);
	left = test_node(t, node->left, figures, baseline, why);
	if (left == decides)
		return left;
	right = test_node(t, node->right, figures, baseline, why);
	return left == THRESHOLD_UNKNOWN && right != decides ? left : right;
}

static enum threshold_verdict test_compare(const struct node *node, const struct figures *figures,
					   const struct figures *baseline, struct str *why)
{
	const struct figure *figure = figures_find(figures, node->key);
	const struct figure *base = figures_find(baseline, node->key);
	double value, limit = node->limit.number;

	if (why->len)
		str_add(why, ", ");
	if (!figure || !figure->known || (node->limit.relative && (!base || !base->known))) {
		str_addf(why, "%s is not known", node->key);
		return THRESHOLD_UNKNOWN;
	}
	value = figure_number(figure);
	if (node->limit.relative)
		limit = figure_number(base) +
			limit * (node->limit.share ? fabs(figure_number(base)) : 1);
	str_addf(why, "%s is %.15g", node->key, value);
	if (node->limit.relative)
		str_addf(why, " against %.15g", figure_number(base));
	return holds(node->op, value, limit) ? THRESHOLD_CROSSED : THRESHOLD_KEPT;
}

static bool holds(enum operator op, double value, double limit)
{
	switch (op) {
	case OP_GE:
		return value >= limit;
	case OP_LE:
		return value <= limit;
	case OP_EQ:
		return !(value < limit || value > limit);
	case OP_NE:
		return value < limit || value > limit;
	case OP_GT:
		return value > limit;
	case OP_LT:
		return value < limit;
	case OP_NR:
		break;
	}
	BUG_ON(true);
}

static double figure_number(const struct figure *figure)
{
	return figure->unit == FIGURE_RATIO ? (double)figure->value / 1000 : (double)figure->value;
}
