/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thresholds: the grammar, what is relative to what, what cannot be told. */
#include <config.h>

#include "../../../src/cli/threshold.h"

#include "unit/unit.h"

#include <string.h>

/* All known at 0 but what the tests set. */
static void figures_set(struct figures *figures, const char *key, int64_t value)
{
	vec_foreach(&figures->list, figure) {
		if (!strcmp(figure->key, key)) {
			figure->known = true;
			figure->value = value;
			return;
		}
	}
	ck_abort_msg("no figure '%s'", key);
}

static void make(struct figures *base, struct figures *side)
{
	figures_init(base);
	figures_init(side);
	figures_set(base, "failures.total", 100);
	figures_set(side, "failures.total", 110);
	figures_set(base, "slab.util", 900);
	figures_set(side, "slab.util", 850);
	figures_set(base, "slab.bytes", 64 << 20);
	figures_set(side, "slab.bytes", 64 << 20);
	figures_set(base, "latency.all.p99_ns", 0);
	figures_set(side, "latency.all.p99_ns", 20000);
	figures_set(base, "frag.extfrag_index.order9.worst", -1000);
	figures_set(side, "frag.extfrag_index.order9.worst", -500);
}

START_TEST(expressions_have_their_value)
{
	static const struct {
		const char *text;
		enum threshold_verdict verdict;
	} cases[] = {
		{ "failures.total > 109", THRESHOLD_CROSSED },
		{ "failures.total > 110", THRESHOLD_KEPT },
		{ "failures.total>=110", THRESHOLD_CROSSED },
		{ "failures.total < +0", THRESHOLD_KEPT },
		{ "failures.total > +0", THRESHOLD_CROSSED },
		{ "failures.total > +9.5", THRESHOLD_CROSSED },
		{ "failures.total > +10", THRESHOLD_KEPT },
		{ "failures.total == +10", THRESHOLD_CROSSED },
		{ "failures.total > +9%", THRESHOLD_CROSSED },
		{ "failures.total > +11%", THRESHOLD_KEPT },
		{ "failures.total > -5%", THRESHOLD_CROSSED },
		{ "slab.util < 0.86", THRESHOLD_CROSSED },
		{ "slab.util < 85%", THRESHOLD_KEPT },
		{ "slab.util < 85.1%", THRESHOLD_CROSSED },
		{ "slab.util < -0.04", THRESHOLD_CROSSED },
		{ "slab.util < -0.06", THRESHOLD_KEPT },
		{ "slab.bytes >= 64M", THRESHOLD_CROSSED },
		{ "slab.bytes > 65536K", THRESHOLD_KEPT },
		{ "slab.bytes != 64MiB", THRESHOLD_KEPT },
		{ "latency.all.p99_ns <= 20us", THRESHOLD_CROSSED },
		{ "latency.all.p99_ns > 0.02ms", THRESHOLD_KEPT },
		{ "latency.all.p99_ns > +50%", THRESHOLD_CROSSED },
		{ "frag.extfrag_index.order9.worst > +50%", THRESHOLD_KEPT },
		{ "frag.extfrag_index.order9.worst > +49%", THRESHOLD_CROSSED },
		{ "failures.total > 200 or slab.util < 0.86", THRESHOLD_CROSSED },
		{ "failures.total > 200 || slab.util < 0.5", THRESHOLD_KEPT },
		{ "failures.total > 100 and slab.util < 0.5", THRESHOLD_KEPT },
		{ "failures.total>100&&slab.util<0.9", THRESHOLD_CROSSED },
		/* "and" binds more tightly. */
		{ "slab.util<1 or slab.util<1 and slab.util>1", THRESHOLD_CROSSED },
		{ "(slab.util<1 or slab.util<1) and slab.util>1", THRESHOLD_KEPT },
		{ "  ( ( slab.util < 1 ) )  ", THRESHOLD_CROSSED },
		{ "failures.new > 0", THRESHOLD_UNKNOWN },
		{ "failures.new > 0 or slab.util < 1", THRESHOLD_CROSSED },
		{ "slab.util > 1 and failures.new > 0", THRESHOLD_KEPT },
		{ "failures.new > 0 and slab.util > 1", THRESHOLD_KEPT },
		{ "failures.new > 0 or slab.util > 1", THRESHOLD_UNKNOWN },
		{ "frag.node0.Normal.extfrag_index.order9.end > 0.5", THRESHOLD_UNKNOWN },
	};
	struct figures base, side;
	struct error err;
	struct str why;

	make(&base, &side);
	str_init(&why);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct threshold *t = threshold_parse(cases[i].text, &base, &err);

		ck_assert_msg(t != NULL, "%s", err.message);
		str_reset(&why);
		ck_assert_msg(threshold_test(t, &side, &base, &why) == cases[i].verdict, "%s",
			      cases[i].text);
		ck_assert_uint_gt(why.len, 0);
		threshold_destroy(t);
	}
	str_deinit(&why);
	figures_deinit(&base);
	figures_deinit(&side);
}
END_TEST

START_TEST(mistakes_are_told)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "'', character 1: expected the name of a figure" },
		{ "slab.util", "'slab.util', character 10: expected one of > >= < <= == !=" },
		{ "slab.util >", "'slab.util >', character 12: expected a number" },
		{ "slab.util > x", "'slab.util > x', character 13: expected a number" },
		{ "slab.util > 0x10", "'slab.util > 0x10', character 13: expected a number" },
		{ "slab.util > +-1", "'slab.util > +-1', character 14: expected a number" },
		{ "slab.util > inf", "'slab.util > inf', character 13: expected a number" },
		{ "slab.util > 1e999",
		  "'slab.util > 1e999', character 13: expected a smaller number" },
		{ "slab.util > 5 apples", "'slab.util > 5 apples', character 15: expected 'and', "
					  "'or' or the end" },
		{ "slab.util > 5q", "'slab.util > 5q', character 14: expected %, K, M, G, T, ns, "
				    "us, ms, s or nothing behind the number" },
		{ "(slab.util > 5", "'(slab.util > 5', character 15: expected ')'" },
		{ "slab.util > 5)", "'slab.util > 5)', character 14: expected 'and', 'or' or the "
				    "end" },
		{ "slab.utli > 5", "there is no figure 'slab.utli' in 'slab.utli > 5'; did you "
				   "mean 'slab.util'?" },
		{ "xyzzy > 5", "there is no figure 'xyzzy' in 'xyzzy > 5'; compare --verbose lists "
			       "them" },
	};
	struct figures known;
	struct error err;

	figures_init(&known);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_ptr_null(threshold_parse(cases[i].text, &known, &err));
		ck_assert_str_eq(err.message, cases[i].message);
	}
	figures_deinit(&known);
}
END_TEST

START_TEST(depth_and_length_are_bounded)
{
	struct figures known;
	struct error err;
	char text[6000];

	figures_init(&known);
	memset(text, '(', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_ptr_null(threshold_parse(text, &known, &err));
	text[1000] = '\0';
	ck_assert_ptr_null(threshold_parse(text, &known, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "fewer than 32 parentheses"));
	figures_deinit(&known);
}
END_TEST

START_TEST(relative_ones_are_known)
{
	struct figures known;
	struct threshold *t;
	struct error err;

	figures_init(&known);
	t = threshold_parse("slab.util > 1 or slab.util < -5%", &known, &err);
	ck_assert(threshold_is_relative(t));
	ck_assert_str_eq(threshold_text(t), "slab.util > 1 or slab.util < -5%");
	threshold_destroy(t);
	t = threshold_parse("slab.util > 1", &known, &err);
	ck_assert(!threshold_is_relative(t));
	threshold_destroy(t);
	figures_deinit(&known);
}
END_TEST

UNIT_MAIN("threshold", expressions_have_their_value, mistakes_are_told,
	  depth_and_length_are_bounded, relative_ones_are_known)
