/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Scenarios: texts that say what a kernel's code asks of its allocators, in the kernel's own words.
 *
 *	set machine.memory 64M
 *	for i in 0..99 { p[i] = kmalloc(random(16, 4096), GFP_KERNEL) }
 *	cpu 1
 *	q = alloc_pages(GFP_ATOMIC, 3)
 *	expect zone Normal
 *
 * This room knows the language: text, names, numbers, loops, what is expected. It does not know
 * any allocator: functions, constants and properties are those of the host that runs a scenario.
 *
 * Texts are hostile: length, depth, steps and elements are bounded, and every message says line
 * and column.
 */
#ifndef KMREPLAY_SCENARIO_SCENARIO_H
#define KMREPLAY_SCENARIO_SCENARIO_H

#include "kmreplay/core/error.h"
#include "kmreplay/core/str.h"

struct scenario;

enum {
	SCENARIO_MAX_BYTES = 8 << 20,    /**< longest text */
	SCENARIO_MAX_DEPTH = 64,         /**< of blocks and of parentheses */
	SCENARIO_MAX_ARGS = 16,          /**< of one function */
	SCENARIO_MAX_ELEMENTS = 1 << 24, /**< of all arrays together */
	SCENARIO_FIRST_PID = 1000,       /**< of a task that is given none */
	SCENARIO_MAX_LATER = 1 << 16,    /**< blocks that wait for their time */
};

/** So wide that sizes of 64 bits and what is below 0 are both exact; aligned as arenas give it. */
__extension__ typedef __int128 scenario_int __attribute__((aligned(8)));

enum scenario_type {
	SCENARIO_INT,
	SCENARIO_TEXT,
	SCENARIO_ADDRESS, /**< NULL is one, and compares with handles of all kinds */
	SCENARIO_PAGE,    /**< struct page *: a number of the host's, as that of the next three */
	SCENARIO_PERCPU,  /**< void __percpu * */
	SCENARIO_CACHE,   /**< struct kmem_cache * */
	SCENARIO_POOL,    /**< mempool_t * */
	SCENARIO_ARRAY,   /**< a whole array, "p[]", handed to a function that fills or reads it */
	SCENARIO_NOTHING, /**< what a function without a value gives */
	SCENARIO_TYPE_NR,
};

struct scenario_value {
	enum scenario_type type;
	scenario_int number; /**< TEXT: unused */
	const char *text;    /**< TEXT: as long as the scenario, or static */
};

/** Where something stands in the text; from 1. */
struct scenario_place {
	uint32_t line, column;
	uint32_t len; /**< bytes, on that line */
};

/** A function of the host's. */
struct scenario_function {
	const char *name;
	/**
	 * A letter for each argument: 's' size or count (64 bits), 'i' number that may be negative,
	 * 'g' mask, 'a' address, 'p' page, 'u' percpu, 'c' cache, 'm' pool, 't' text, 'r' array,
	 * 'e' element of a pool: address or page, 'x' size, or mask where it is the last one.
	 * What stands behind a '?' is optional.
	 */
	const char *args;
	const char *params; /**< their names, for people: "size, flags" */
	enum scenario_type result;
};

/** Something about the last call that can be expected: "expect zone DMA". */
struct scenario_property {
	const char *name;
	enum scenario_type type; /**< INT or TEXT: a bare word behind it is a text */
	const char *help;
};

/** A call on its way to the host. */
struct scenario_call {
	unsigned int function; /**< index in the host's table */
	unsigned int nr_args;
	const struct scenario_value *args;
	struct scenario_place place;
	void *runner; /**< for the functions below */
};

/** Element "i" of argument "arg", an array; false and "err": it was never set. */
MUST_CHECK bool scenario_array_get(const struct scenario_call *call, unsigned int arg, uint64_t i,
				   struct scenario_value *ret, struct error *err);
/** Sets it; false and "err": there are too many elements. */
MUST_CHECK bool scenario_array_set(const struct scenario_call *call, unsigned int arg, uint64_t i,
				   const struct scenario_value *value, struct error *err);

/**
 * The call waits: at most "ns" pass, or as many as it takes until something of the scenario runs
 * ("after"), in the midst of the call. False: nothing waits for its time any more, so that who has
 * looked once more and found nothing new would wait for ever; or the scenario ends here.
 */
MUST_CHECK bool scenario_wait(const struct scenario_call *call, uint64_t ns);

/**
 * Who runs scenarios. Callbacks return false with "err" for what makes no sense (then the scenario
 * ends there); a failed allocation is a value. Messages need no place: it is put before them.
 */
struct scenario_host {
	/** Row "i" of the functions; NULL after the last. */
	const struct scenario_function *(*function)(unsigned int i);
	/** It can be called; else "err" says why not. Another row may have the same name. */
	bool (*has)(void *ctx, unsigned int i, struct error *err);
	/** Why a function that is called so is not in the table; NULL: nothing is known of it. */
	const char *(*absent)(void *ctx, const char *name);
	const struct scenario_property *properties;
	unsigned int nr_properties;
	/** The value of constant "name"; false: there is none. */
	bool (*constant)(void *ctx, const char *name, struct scenario_value *ret);
	/** Name "i" of them, for suggestions; NULL after the last. */
	const char *(*constant_name)(const void *ctx, size_t i);
	bool (*call)(void *ctx, const struct scenario_call *call, struct scenario_value *ret,
		     struct error *err);
	/** The value of a property of the last call. */
	bool (*property)(void *ctx, unsigned int property, struct scenario_value *ret,
			 struct error *err);
	/** The last call failed; "why": its reason in words, NULL: there is none. */
	bool (*failed)(void *ctx, const char **why);
	bool (*set_cpu)(void *ctx, uint64_t cpu, struct error *err);
	bool (*set_context)(void *ctx, const char *name, struct error *err);
	/** A scope (nofs, noio, ...) begins or ends; they nest. */
	bool (*scope)(void *ctx, const char *name, bool begin, struct error *err);
	/** The task that makes the next calls; "name" is the scenario's. */
	void (*set_task)(void *ctx, const char *name, uint64_t pid);
	/** Who runs now may sleep; false and "err": not so. */
	bool (*may_sleep)(void *ctx, struct error *err);
	/** Time passes. */
	void (*pass)(void *ctx, uint64_t ns);
	/** Nanoseconds that have passed, those of calls included. */
	uint64_t (*now)(void *ctx);
	/**
	 * What comes now interrupts on "cpu" whatever runs: it has circumstances (a softirq's, no
	 * scopes) and a last call of its own. At its end those from before hold again. They nest.
	 */
	void (*interrupt)(void *ctx, bool begin, uint64_t cpu, const struct scenario_place *place);
	void (*section)(void *ctx, const char *title);
	void (*print)(void *ctx, const char *text);
	/** An expectation was met or not; "text" says what was expected and, if not met, found. */
	void (*expected)(void *ctx, const struct scenario_place *place, bool met,
			 const char *text);
	/** Asked between statements: true ends the run without an error. May be NULL. */
	bool (*stop)(void *ctx);
};

/**
 * Reads a scenario. "name" is what messages call it; "text" is copied. NULL and "err" as one line,
 * "name:line:column: what is wrong"; "*place" is where. "ctx" is the host's, which is not asked for
 * any constant yet: what they are may depend on the settings.
 */
MUST_CHECK struct scenario *scenario_parse(const char *name, const struct str *text,
					   const struct scenario_host *host, void *ctx,
					   struct error *err, struct scenario_place *place);
/**
 * Finds out what each name is; to be called once, before it runs. False, "err" and "*place" at the
 * first name that is neither variable nor constant nor function.
 */
MUST_CHECK bool scenario_resolve(struct scenario *scenario, struct error *err,
				 struct scenario_place *place);
/** NULL is fine. */
void scenario_destroy(struct scenario *scenario);

/** A setting ("set slab.max_order 0"); all of them stand before the first statement. */
struct scenario_setting {
	const char *path, *value; /**< the scenario's */
	struct scenario_place place;
};
/** Setting "i"; false after the last. */
bool scenario_setting(const struct scenario *scenario, size_t i, struct scenario_setting *ret);

/**
 * Runs it from the start. False and "err" with "*place" where a statement made no sense: a wrong
 * type, a division by 0, an element that was never set, too many steps. "seed" is of all that
 * chance decides in the scenario itself.
 */
MUST_CHECK bool scenario_run(const struct scenario *scenario, uint64_t seed, uint64_t max_steps,
			     struct error *err, struct scenario_place *place);

/** Appends the line of the text that "place" is on, and below it a caret and tildes. */
void scenario_show_text(const struct str *text, const struct scenario_place *place,
			struct str *out);
/** "an address", "a page": for people. */
const char *scenario_type_name(enum scenario_type type);
/** Appends a value as print writes it. */
void scenario_value_print(const struct scenario_value *value, struct str *out);

#endif
