/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Compiler attributes and the few macros that every room uses.
 */
#ifndef KMREPLAY_CORE_BASE_H
#define KMREPLAY_CORE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A result or an error that the caller has to look at. */
#define MUST_CHECK __attribute__((warn_unused_result))
/** printf-like: the format is argument "fmt", its values start at "args". */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/** Runs "fn" on the variable's address at the end of its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* The names inside are made unique by __COUNTER__, so that MIN(MAX(a, b), c) shadows nothing. */
#define MIN(a, b) MINMAX_(a, b, <, MINMAX_NAME_(a_, __COUNTER__), MINMAX_NAME_(b_, __COUNTER__))
#define MAX(a, b) MINMAX_(a, b, >, MINMAX_NAME_(a_, __COUNTER__), MINMAX_NAME_(b_, __COUNTER__))
#define MINMAX_NAME_(prefix, nr) MINMAX_PASTE_(prefix, nr)
#define MINMAX_PASTE_(prefix, nr) minmax_##prefix##nr
#define MINMAX_(a, b, op, x, y)                                                               \
	({                                                                                    \
		__typeof__(a) x = (a);                                                        \
		__typeof__(b) y = (b);                                                        \
		x op y ? x : y;                                                               \
	})

/** A bug in kmreplay itself, never a property of the input: says where and aborts. */
#define BUG_ON(cond)                                                                          \
	do {                                                                                  \
		if (unlikely(cond))                                                           \
			bug_at(__FILE__, __LINE__, #cond);                                    \
	} while (0)

/** Reports a broken invariant and aborts; use BUG_ON(). */
NORETURN void bug_at(const char *file, int line, const char *cond);

#endif
