/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What the files of the language share: the runner, and how errors are told.
 *
 *	lex.c         text to tokens
 *	parse.c       tokens to statements
 *	parse_expr.c  tokens to expressions
 *	names.c       every name is a variable, a constant or a function
 *	eval.c        expressions to values
 *	builtin.c     functions of the language itself: chance, smallest, largest
 *	run.c         statements
 *	later.c       time, and blocks that wait for theirs
 *	value.c       values and places for people
 */
#ifndef KMREPLAY_SCENARIO_INTERNAL_H
#define KMREPLAY_SCENARIO_INTERNAL_H

#include "scenario_tree.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/core/u64map.h"

/* builtin.c */

struct runner;

/** The number of our own function "name"; -1: none. */
int builtin_find(const char *name);
const char *builtin_name(unsigned int i);
/** NULL, or the name of what it takes, when "nr" arguments are too few or too many. */
const char *builtin_check(int builtin, unsigned int nr);
MUST_CHECK bool builtin_call(struct runner *r, const struct expr *call,
			     const struct scenario_value *args, struct scenario_value *ret);

/* eval.c */

/** How a list of statements was left. */
enum flow {
	FLOW_ON,
	FLOW_BREAK,
	FLOW_CONTINUE,
	FLOW_STOP,  /**< the host asked for it */
	FLOW_ERROR,
};

/** A block that waits for its time. */
struct later {
	uint64_t at_ns;
	uint64_t nr;                 /**< of two at the same time the lower one comes first */
	const struct stmt *stmt;
	uint64_t cpu;
	struct scenario_value *kept; /**< of stmt->kept; ours */
};

/** A scenario that runs. */
struct runner {
	const struct scenario *scenario;
	struct rng rng;
	struct vec(struct scenario_value) variables;
	struct vec(struct scenario_value) elements;
	struct u64map index;  /**< variable and index to elements */
	struct vec(struct later) later; /**< a heap, the next one first */
	uint64_t nr_later;   /**< ever */
	unsigned int nested; /**< blocks that have interrupted each other */
	uint64_t cpu;
	enum flow ended;     /**< STOP, ERROR: inside a call that waited */
	uint64_t steps, max_steps;
	struct error *err;
	struct scenario_place *where;
};

MUST_CHECK bool eval(struct runner *r, const struct expr *expr, struct scenario_value *ret);
/** The same for a whole number in [low, high]. */
MUST_CHECK bool eval_int(struct runner *r, const struct expr *expr, scenario_int low,
			 scenario_int high, scenario_int *ret);
MUST_CHECK bool eval_assign(struct runner *r, const struct expr *target,
			    const struct scenario_value *value);
/** "a sign b" of comparisons and of == and !=; false and the error: they do not compare. */
MUST_CHECK bool eval_compare(struct runner *r, const struct expr *at, enum token_kind sign,
			     const struct scenario_value *a, const struct scenario_value *b,
			     bool *ret);
/** A condition: number, or pointer that is not NULL. */
MUST_CHECK bool eval_truth(struct runner *r, const struct expr *expr, bool *ret);

/* run.c */

enum flow run_list(struct runner *r, const struct stmt *stmt);

/* later.c */

/** sleep and after */
MUST_CHECK bool later_sleep(struct runner *r, const struct stmt *stmt);
MUST_CHECK bool later_add(struct runner *r, const struct stmt *stmt);
/** Between two statements: what is due by now runs. */
enum flow later_run_due(struct runner *r);
/** The scenario has ended: all that waits runs, in its time. */
enum flow later_run_all(struct runner *r);
void later_deinit(struct runner *r);

/* value.c */

/** Sets "err" to "name:line:column: " and the message; returns false. */
bool scenario_error(const struct scenario *scenario, const struct scenario_place *place,
		    struct error *err, struct scenario_place *where, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
/** The same for a message that is in "err" already. */
bool scenario_error_at(const struct scenario *scenario, const struct scenario_place *place,
		       struct error *err, struct scenario_place *where);
void scenario_int_print(scenario_int number, struct str *out);

#endif
