/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The language of scenarios, with a host that keeps a log instead of a machine. */
#include <config.h>

#include "kmreplay/scenario/scenario.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

/* What the host was told, one line each. */
struct log {
	struct str text;
	struct scenario *scenario;
	uint64_t next;     /* address of the next take() */
	bool failed;
	uint64_t now;
	unsigned int nested; /* blocks that interrupted each other */
	unsigned int stops; /* statements until it says stop; 0: never */
};

enum { FN_TAKE, FN_GIVE, FN_PAGE, FN_FAIL, FN_WAIT, FN_OLD };

static const struct scenario_function functions[] = {
	{ "take", "s?g", "size, flags", SCENARIO_ADDRESS },
	{ "give", "a", "address", SCENARIO_NOTHING },
	{ "page", "i", "node", SCENARIO_PAGE },
	{ "refuse", "t", "why", SCENARIO_ADDRESS },
	{ "wait", "s", "ns", SCENARIO_NOTHING },
	{ "old", "s", "old_size", SCENARIO_NOTHING },
	{ "old", "ss", "size, flags", SCENARIO_NOTHING },
};

static bool has(void *ctx, unsigned int i, struct error *err)
{
	(void)ctx;
	return i != FN_OLD || error_set(err, "old() is of old kernels");
}

static const char *absent(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "elsewhere") ? "it is elsewhere" : NULL;
}

static const struct scenario_property properties[] = {
	{ "zone", SCENARIO_TEXT, "the zone" },
	{ "size", SCENARIO_INT, "the size" },
};

static const struct scenario_function *function_at(unsigned int i)
{
	return i < ARRAY_SIZE(functions) ? &functions[i] : NULL;
}

static bool constant(void *ctx, const char *name, struct scenario_value *ret)
{
	(void)ctx;
	*ret = (struct scenario_value){ SCENARIO_ADDRESS, 0, NULL };
	if (!strcmp(name, "NULL"))
		return true;
	*ret = (struct scenario_value){ SCENARIO_INT, 0xcc0, NULL };
	return !strcmp(name, "GFP_KERNEL");
}

static const char *constant_name(const void *ctx, size_t i)
{
	static const char *const names[] = { "NULL", "GFP_KERNEL" };

	(void)ctx;
	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

static bool call(void *ctx, const struct scenario_call *call, struct scenario_value *ret,
		 struct error *err)
{
	struct log *log = ctx;

	log->failed = call->function == FN_FAIL;
	*ret = (struct scenario_value){ SCENARIO_NOTHING, 0, NULL };
	str_addf(&log->text, "%s", functions[call->function].name);
	for (unsigned int i = 0; i < call->nr_args; i++) {
		str_add_char(&log->text, ' ');
		scenario_value_print(&call->args[i], &log->text);
	}
	str_add_char(&log->text, '\n');
	switch (call->function) {
	case FN_TAKE:
		log->next += 16;
		*ret = (struct scenario_value){ SCENARIO_ADDRESS, log->next, NULL };
		break;
	case FN_PAGE:
		*ret = (struct scenario_value){ SCENARIO_PAGE, 7, NULL };
		break;
	case FN_FAIL:
		if (!strcmp(call->args[0].text, "nonsense"))
			return error_set(err, "makes no sense");
		*ret = (struct scenario_value){ SCENARIO_ADDRESS, 0, NULL };
		break;
	case FN_WAIT:
		while (scenario_wait(call, (uint64_t)call->args[0].number))
			str_add(&log->text, "waited\n");
		str_add(&log->text, "done\n");
		return error_set(err, "waited for ever");
	default:
		break;
	}
	return true;
}

static bool property(void *ctx, unsigned int property, struct scenario_value *ret,
		     struct error *err)
{
	(void)ctx;
	(void)err;
	*ret = property ? (struct scenario_value){ SCENARIO_INT, 64, NULL } :
			  (struct scenario_value){ SCENARIO_TEXT, 0, "DMA" };
	return true;
}

static bool failed(void *ctx, const char **why)
{
	*why = "for a test";
	return ((struct log *)ctx)->failed;
}

static bool set_cpu(void *ctx, uint64_t cpu, struct error *err)
{
	str_addf(&((struct log *)ctx)->text, "cpu %llu\n", (unsigned long long)cpu);
	return cpu < 4 || error_set(err, "there are 4 CPUs");
}

static bool set_context(void *ctx, const char *name, struct error *err)
{
	(void)err;
	str_addf(&((struct log *)ctx)->text, "context %s\n", name);
	return true;
}

static bool scope(void *ctx, const char *name, bool begin, struct error *err)
{
	(void)err;
	str_addf(&((struct log *)ctx)->text, "%s %s\n", begin ? "begin" : "end", name);
	return true;
}

static void set_task(void *ctx, const char *name, uint64_t pid)
{
	str_addf(&((struct log *)ctx)->text, "task %s %llu\n", name, (unsigned long long)pid);
}

static bool may_sleep(void *ctx, struct error *err)
{
	return !((struct log *)ctx)->nested || error_set(err, "an interrupt cannot sleep");
}

static void pass(void *ctx, uint64_t ns)
{
	struct log *log = ctx;

	log->now += ns;
	str_addf(&log->text, "pass %llu\n", (unsigned long long)ns);
}

static uint64_t now(void *ctx)
{
	return ((struct log *)ctx)->now;
}

static void interrupt(void *ctx, bool begin, uint64_t cpu, const struct scenario_place *place)
{
	struct log *log = ctx;

	log->nested += begin ? 1 : -1U;
	str_addf(&log->text, "%s line %u on cpu %llu\n", begin ? "interrupted by" : "end of",
		 place->line, (unsigned long long)cpu);
}

static void section(void *ctx, const char *title)
{
	str_addf(&((struct log *)ctx)->text, "== %s\n", title);
}

static void print(void *ctx, const char *text)
{
	str_addf(&((struct log *)ctx)->text, "%s\n", text);
}

static void expected(void *ctx, const struct scenario_place *place, bool met, const char *text)
{
	str_addf(&((struct log *)ctx)->text, "%u:%u %s: %s\n", place->line, place->column,
		 met ? "met" : "NOT MET", text);
}

static bool stop(void *ctx)
{
	struct log *log = ctx;

	return log->stops && !--log->stops;
}

static const struct scenario_host host = {
	.function = function_at,
	.has = has,
	.absent = absent,
	.properties = properties,
	.nr_properties = ARRAY_SIZE(properties),
	.constant = constant,
	.constant_name = constant_name,
	.call = call,
	.property = property,
	.failed = failed,
	.set_cpu = set_cpu,
	.set_context = set_context,
	.scope = scope,
	.set_task = set_task,
	.may_sleep = may_sleep,
	.pass = pass,
	.now = now,
	.interrupt = interrupt,
	.section = section,
	.print = print,
	.expected = expected,
	.stop = stop,
};

/* Reads and runs "text"; the log, and behind it the error if there was one. */
static void run(struct log *log, const char *text, size_t len, uint64_t seed)
{
	struct str source = { 0 };
	struct scenario_place place;
	struct error err;

	str_reset(&log->text);
	log->next = 0x1000;
	log->failed = false;
	str_add_mem(&source, text, len);
	log->scenario = scenario_parse("x", &source, &host, log, &err, &place);
	if (!log->scenario || !scenario_resolve(log->scenario, &err, &place) ||
	    !scenario_run(log->scenario, seed, 1000000, &err, &place)) {
		str_addf(&log->text, "%s\n", err.message);
		scenario_show_text(&source, &place, &log->text);
	}
	str_deinit(&source);
	scenario_destroy(log->scenario);
}

static void check(const char *text, const char *wanted)
{
	struct log log = { 0 };

	run(&log, text, strlen(text), 1);
	ck_assert_str_eq(str_text(&log.text), wanted);
	str_deinit(&log.text);
}

START_TEST(numbers_are_those_of_c)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "1 + 2 * 3", "7" }, { "(1 + 2) * 3", "9" }, { "10 - 4 - 3", "3" },
		{ "1 << 4 | 3", "19" }, { "7 & 3 == 3", "1" }, { "1 || 1 / 0", "1" },
		{ "0 && 1 / 0", "0" }, { "-7 / 2", "-3" }, { "-7 % 2", "-1" }, { "~0", "-1" },
		{ "!5", "0" }, { "5 > 3 ? 10 : 20", "10" }, { "0 ? 1 : 0 ? 2 : 3", "3" },
		{ "4K", "4096" }, { "1MiB", "1048576" }, { "0x10", "16" }, { "10ms", "10000000" },
		{ "2s", "2000000000" }, { "0xffffffffffffffff + 1", "18446744073709551616" },
		{ "min(3, 1, 2)", "1" }, { "max(3, 1, 2)", "3" }, { "abs(-4)", "4" },
		{ "GFP_KERNEL | 1", "3265" }, { "(1 <<\n 3)", "8" }, { "1 \\\n + 1", "2" },
		{ "- - 3", "3" }, { "1 << 70 >> 68", "4" },
		{ "\"a\" == \"a\"", "1" }, { "NULL == NULL", "1" },
		{ "page(-1) != NULL", "page -1\n1" },
		{ "take(8) + 8 - take(8)", "take 8\ntake 8\n-8" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[200], wanted[200];

		snprintf(text, sizeof(text), "print %s", cases[i].text);
		snprintf(wanted, sizeof(wanted), "%s\n", cases[i].value);
		check(text, wanted);
	}
}
END_TEST

START_TEST(statements_do_what_they_say)
{
	check("for i in 0..3 { a[i] = i * i }\nfor i in 3..0 { print i, a[i] }",
	      "3 9\n2 4\n1 1\n0 0\n");
	check("for i in 0..10 step 5 { print i }", "0\n5\n10\n");
	check("for i in 2..1 step 1 { print i }", "");
	check("n = 0; while 1 { n = n + 1; if n == 2 { continue }\n if n > 4 { break }\nprint n }",
	      "1\n3\n4\n");
	check("repeat 2 { p = take(8, GFP_KERNEL); give(p) }",
	      "take 8 3264\ngive 0x1010\ntake 8 3264\ngive 0x1020\n");
	check("if 0 { print 1 }\nelse if 0 { print 2 }\nelse\n{ print 3 }", "3\n");
	check("scope nofs { cpu 1; repeat 3 { break } }", "begin nofs\ncpu 1\nend nofs\n");
	check("repeat 1 { scope noio { break } }\nprint 1", "begin noio\nend noio\n1\n");
	check("context softirq; sleep 1us; section \"a b\"",
	      "context softirq\npass 1000\n== a b\n");
	check("# a comment\n/* and\nanother */ print 1 // and one more\n", "1\n");
	check("cpu = 3; print cpu", "3\n");
	check("task \"a b\"; task \"c\", 3 + 4", "task a b 1000\ntask c 7\n");
	check("a[0] = 5; a[1] = 7; a[2] = 7; print find(7, a[], 3), find(7, a[], 1), find(5, a[], 0)",
	      "1 -1 -1\n");
	check("", "");
}
END_TEST

#define INTERRUPTED(line) "interrupted by line " #line " on cpu 0\n"
#define END(line) "end of line " #line " on cpu 0\n"

START_TEST(blocks_run_when_their_time_has_come)
{
	/* In the order of time, and of the text where that is the same. */
	check("after 3 { print 3 }\nafter 2 { print 2 }\nafter 3 { print 4 }\nsleep 2\nprint 1",
	      "pass 2\n" INTERRUPTED(2) "2\n" END(2) "1\npass 1\n" INTERRUPTED(1) "3\n" END(1)
	      INTERRUPTED(3) "4\n" END(3));
	/* Between two statements, when it is time. */
	check("after 0 { print 1 }\nprint 2", INTERRUPTED(1) "1\n" END(1) "2\n");
	/* Variables of loops keep their values, others don't; what the block sets stays. */
	check("for i in 0..1 {\nfor j in 5..5 {\nn = i; after 2 - i { print i, j, n; n = n + 5 }\n"
	      "}\n}\nsleep 9; print i, n",
	      "pass 1\n" INTERRUPTED(3) "1 5 1\n" END(3) "pass 1\n" INTERRUPTED(3) "0 5 6\n"
	      END(3) "pass 7\n1 11\n");
	/* The loops' own variables are as they were, although the block changed them. */
	check("for i in 0..1 {\nafter 1 { i = 7 }\nsleep 1\nprint i\n}",
	      "pass 1\n" INTERRUPTED(2) END(2) "0\npass 1\n" INTERRUPTED(2) END(2) "1\n");
	/* Blocks set up blocks. */
	check("after 1 {\nafter 1 { print 2 }\nprint 1\n}",
	      "pass 1\n" INTERRUPTED(1) "1\n" END(1) "pass 1\n" INTERRUPTED(2) "2\n" END(2));
	/* On the CPU that set it up. */
	check("cpu 2; after 1 { }\ncpu 1", "cpu 2\ncpu 1\npass 1\ninterrupted by line 1 on cpu 2\n"
	      "end of line 1 on cpu 1\n");
}
END_TEST

START_TEST(calls_wait_for_blocks)
{
	/* Part of the time, a block, the rest; then nothing can happen any more. */
	check("after 15 { print 1 }\nafter 20 { print 2 }\nwait(10)",
	      "wait 10\npass 10\nwaited\npass 5\n" INTERRUPTED(1) "1\n" END(1) "waited\npass 5\n"
	      INTERRUPTED(2) "2\n" END(2) "done\n"
	      "x:3:1: waited for ever\nwait(10)\n^~~~\n");
	/* An error in the block is the one that is told, with its place. */
	check("after 1 {\nprint 1 / 0 }\nwait(10)",
	      "wait 10\npass 1\n" INTERRUPTED(1) END(1) "done\n"
	      "x:2:9: division by 0\nprint 1 / 0 }\n        ^\n");
}
END_TEST

START_TEST(settings_are_kept_as_they_stand)
{
	struct log log = { 0 };
	struct str text = { 0 };
	struct scenario_setting setting;
	struct scenario_place place;
	struct error err;

	str_add(&text, "# x\nset machine.memory 64M\n"
		       "set slab.kmalloc_classes = [8, 16] # y\nprint 1");
	log.scenario = scenario_parse("x", &text, &host, &log, &err, &place);
	ck_assert_msg(log.scenario != NULL, "%s", err.message);
	ck_assert(scenario_setting(log.scenario, 0, &setting));
	ck_assert_str_eq(setting.path, "machine.memory");
	ck_assert_str_eq(setting.value, "64M");
	ck_assert(scenario_setting(log.scenario, 1, &setting));
	ck_assert_str_eq(setting.value, "[8, 16]");
	ck_assert_uint_eq(setting.place.line, 3);
	ck_assert(!scenario_setting(log.scenario, 2, &setting));
	scenario_destroy(log.scenario);
	str_deinit(&text);
}
END_TEST

START_TEST(expectations_say_what_was_found)
{
	check("take(8); expect ok", "take 8\n1:10 met: expect ok\n");
	check("take(8); expect fail", "take 8\n1:10 NOT MET: expect fail: the call did not fail\n");
	check("refuse(\"x\")\nexpect fail \"for a test\"",
	      "refuse x\n2:1 met: expect fail \"for a test\"\n");
	check("refuse(\"x\")\nexpect fail \"else\"",
	      "refuse x\n2:1 NOT MET: expect fail \"else\": the call failed, for for a test\n");
	check("expect zone DMA", "1:1 met: expect zone DMA\n");
	check("expect zone Normal", "1:1 NOT MET: expect zone Normal: it is DMA\n");
	check("expect zone != DMA", "1:1 NOT MET: expect zone != DMA: it is DMA\n");
	check("expect size >= 2 * 30; expect size 65",
	      "1:1 met: expect size >= 2 * 30\n1:24 NOT MET: expect size 65: it is 64\n");
	check("refuse(\"no room\"); expect size 64",
	      "refuse no room\n1:20 NOT MET: expect size 64: the call failed, for for a test\n");
	check("if 1 { expect 1 == 2 }", "1:8 NOT MET: expect 1 == 2\n");
}
END_TEST

START_TEST(errors_say_where_and_what)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "p = tak(1)",
		  "x:1:5: 'tak' is no function; did you mean 'take'?\np = tak(1)\n    ^~~\n" },
		{ "p = take(1, GFP_KERNAL)",
		  "x:1:13: 'GFP_KERNAL' is neither a constant nor a variable that is assigned to "
		  "anywhere; did you mean 'GFP_KERNEL'?\np = take(1, GFP_KERNAL)\n"
		  "            ^~~~~~~~~~\n" },
		{ "take()", "x:1:1: take(size, flags) is given 0 arguments\ntake()\n^~~~\n" },
		{ "min()", "x:1:1: min(number, ...) is given 0 arguments\nmin()\n^~~\n" },
		{ "print 1 +", "x:1:10: expected a number, a text or a name, not the end of the "
			       "scenario\nprint 1 +\n         ^\n" },
		{ "\tprint (1", "x:1:10: expected ')' to close a '(', not the end of the scenario\n"
				"\tprint (1\n\t        ^\n" },
		{ "repeat 2 { print 1", "x:1:19: expected '}' to end a block, not the end of the "
					"scenario\nrepeat 2 { print 1\n                  ^\n" },
		{ "print 1 print 2",
		  "x:1:9: expected the end of the line or ';' behind a statement, "
				     "not a name\nprint 1 print 2\n        ^~~~~\n" },
		{ "print 12x",
		  "x:1:7: expected a number, and behind it nothing or one of K, M, G, T, "
			       "ns, us, ms, s\nprint 12x\n      ^~~\n" },
		{ "print 99999999999999999999", "x:1:7: this number has more than 64 bits, or no "
						"digits\nprint 99999999999999999999\n"
						"      ^~~~~~~~~~~~~~~~~~~~\n" },
		{ "print \"a", "x:1:7: this text has no end: expected '\"' on the same line\n"
			       "print \"a\n      ^\n" },
		{ "/* a", "x:1:1: this comment has no end: expected '*/'\n/* a\n^~\n" },
		{ "print 1 $ 2", "x:1:9: this is not a sign of the language\nprint 1 $ 2\n"
				 "        ^\n" },
		{ "1 = 2", "x:1:1: only a variable or an element can be assigned to\n1 = 2\n^\n" },
		{ "GFP_KERNEL", "x:1:1: expected a call, an assignment or a word like 'for' or "
				"'expect'\nGFP_KERNEL\n^~~~~~~~~~\n" },
		{ "for i = 0..3 { }",
		  "x:1:7: expected 'in' behind the variable of 'for', as in 'for "
				      "i in 0..9'\nfor i = 0..3 { }\n      ^\n" },
		{ "print 1\nset seed 2", "x:2:1: settings stand before the first statement\n"
					 "set seed 2\n^~~\n" },
		{ "set seed",
		  "x:1:5: expected the value of 'seed' behind it\nset seed\n    ^~~~\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].text, cases[i].wanted);
}
END_TEST

START_TEST(errors_at_run_time_do_too)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "old(1)", "x:1:1: old() is of old kernels\nold(1)\n^~~\n" },
		{ "old(1, 2); old()", "x:1:12: old(size, flags) is given 0 arguments\n"
				      "old(1, 2); old()\n           ^~~\n" },
		{ "elsewhere(1)", "x:1:1: elsewhere() is not modelled: it is elsewhere\n"
				  "elsewhere(1)\n^~~~~~~~~\n" },
		{ "break", "x:1:1: 'break' stands in no loop\nbreak\n^~~~~\n" },
		{ "while 1 { after 1 { continue } }",
		  "x:1:21: 'continue' stands in no loop\nwhile 1 { after 1 { continue } }\n"
		  "                    ^~~~~~~~\n" },
		{ "after 1 { sleep 1 }", "pass 1\n" INTERRUPTED(1) END(1)
		  "x:1:11: an interrupt cannot sleep\nafter 1 { sleep 1 }\n          ^~~~~\n" },
		{ "after -1 { }", "x:1:7: expected a number from 0 to 9223372036854775807, not -1\n"
				  "after -1 { }\n      ^\n" },
		{ "print 1 / 0", "x:1:9: division by 0\nprint 1 / 0\n        ^\n" },
		{ "a[1] = 1; print a[2]", "x:1:17: 'a[2]' has no value yet\na[1] = 1; print a[2]\n"
					  "                ^\n" },
		{ "a[0] = 1; print find(2, a[], 2)",
		  "x:1:17: element 1 of 'a[]' has no value yet\na[0] = 1; print find(2, a[], 2)\n"
		  "                ^~~~\n" },
		{ "print find(1, 2, 3)",
		  "x:1:7: find(value, array[], n): expected an array, as in find(p, old[], 10), and "
		  "how many of its elements count\nprint find(1, 2, 3)\n      ^~~~\n" },
		{ "if 0 { a = 1 }; print a", "x:1:23: 'a' has no value yet\n"
					     "if 0 { a = 1 }; print a\n                      ^\n" },
		{ "give(1)", "x:1:6: argument 1 of give(address) is an address, not a number\n"
			     "give(1)\n     ^\n" },
		{ "take(-1)", "x:1:6: argument 1 of take(size, flags) does not fit into 64 bits\n"
			      "take(-1)\n     ^\n" },
		{ "take(1, 1 << 32)",
		  "x:1:11: argument 2 of take(size, flags) does not fit into 32 "
				      "bits\ntake(1, 1 << 32)\n          ^~\n" },
		{ "give(page(0))",
		  "page 0\nx:1:6: argument 1 of give(address) is an address, not a "
				   "page\ngive(page(0))\n     ^~~~\n" },
		{ "p = give(NULL)", "give NULL\nx:1:1: there is no value to assign to 'p'\n"
				    "p = give(NULL)\n^\n" },
		{ "cpu 9", "cpu 9\nx:1:1: there are 4 CPUs\ncpu 9\n^~~\n" },
		{ "refuse(\"nonsense\")", "refuse nonsense\nx:1:1: makes no sense\n"
					  "refuse(\"nonsense\")\n^~~~~~\n" },
		{ "while 1 { }", "x:1:1: the scenario did not end after 1000000 statements\n"
				 "while 1 { }\n^~~~~\n" },
		{ "print 1 < \"a\"", "x:1:9: a number does not compare with a text\n"
				     "print 1 < \"a\"\n        ^\n" },
		{ "for i in 0..1 step 0 { }", "x:1:20: a step of 0 leads nowhere\n"
					      "for i in 0..1 step 0 { }\n                   ^\n" },
		{ "print random(2, 1)", "x:1:7: random(lowest, highest): expected the lower number "
					"first, and less than 2^64 between\nprint random(2, 1)\n"
					"      ^~~~~~\n" },
		{ "print 1 << 126 << 126", "x:1:16: the result of '<<' is too large\n"
					   "print 1 << 126 << 126\n               ^~\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].text, cases[i].wanted);
}
END_TEST

START_TEST(chance_is_the_seeds)
{
	const char *text = "for i in 1..200 { print random(5, 9), choose(1, 2), exponential(100),"
			   " normal(50, 10), lognormal(64, 512), pareto(16, 64) }";
	struct log one = { 0 }, two = { 0 };

	run(&one, text, strlen(text), 1);
	run(&two, text, strlen(text), 1);
	ck_assert_str_eq(str_text(&one.text), str_text(&two.text));
	run(&two, text, strlen(text), 2);
	ck_assert_str_ne(str_text(&one.text), str_text(&two.text));
	str_deinit(&one.text);
	str_deinit(&two.text);
}
END_TEST

/* What a distribution's arguments say of it holds for many values. */
START_TEST(distributions_are_what_they_are_called)
{
	check("n = 0; m = 0; e = 0; s = 0; low = 0\n"
	      "for i in 1..10000 {\n"
	      "	x = lognormal(64, 512)\n"
	      "	if x <= 64 { n = n + 1 }\n	if x <= 512 { m = m + 1 }\n"
	      "	e = e + exponential(100)\n	s = s + normal(1000, 10)\n"
	      "	y = pareto(16, 64)\n	if y < 16 { low = low + 100000 }\n"
	      "	if y <= 64 { low = low + 1 }\n"
	      "}\n"
	      "expect abs(n - 5000) < 200; expect abs(m - 9000) < 150\n"
	      "expect abs(e / 10000 - 100) < 5; expect abs(s / 10000 - 1000) < 2\n"
	      "expect abs(low - 5000) < 200",
	      "12:1 met: expect abs(n - 5000) < 200\n12:29 met: expect abs(m - 9000) < 150\n"
	      "13:1 met: expect abs(e / 10000 - 100) < 5\n"
	      "13:34 met: expect abs(s / 10000 - 1000) < 2\n"
	      "14:1 met: expect abs(low - 5000) < 200\n");
}
END_TEST

START_TEST(the_host_can_stop_it)
{
	struct log log = { .stops = 4 };
	const char *text = "while 1 { print 1 }";

	run(&log, text, strlen(text), 1);
	ck_assert_str_eq(str_text(&log.text), "1\n1\n");
	str_deinit(&log.text);
}
END_TEST

/* Deep, wide and broken texts end with one line. */
START_TEST(hostile_texts_are_refused)
{
	static const struct {
		const char *unit;
		size_t nr;
		const char *wanted;
	} cases[] = {
		{ "(", 100000, "parentheses and blocks" },
		{ "-", 100000, "parentheses and blocks" },
		{ "1+", 100000, "operands in a row" }, { "if 1 {", 1000, "blocks" },
		{ "a[", 1000, "parentheses and blocks" }, { "if 1 { } else ", 1000, "blocks" },
		{ "#", SCENARIO_MAX_BYTES + 1, "at most" },
		{ "1?", 1000, "parentheses and blocks" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct log log = { 0 };
		struct str text = { 0 };

		str_add(&text, cases[i].unit[0] == 'i' || cases[i].unit[0] == '#' ? "" : "print ");
		for (size_t k = 0; k < cases[i].nr; k++)
			str_add(&text, cases[i].unit);
		run(&log, text.data, text.len, 1);
		ck_assert_msg(strstr(str_text(&log.text), cases[i].wanted) != NULL, "%zu: %s", i,
			      str_text(&log.text));
		str_deinit(&log.text);
		str_deinit(&text);
	}
}
END_TEST

START_TEST(a_zero_byte_is_no_text)
{
	struct log log = { 0 };

	run(&log, "print 1\0", 9, 1);
	ck_assert(strstr(str_text(&log.text), "x:1:1: not a text: byte 7 is 0") != NULL);
	str_deinit(&log.text);
}
END_TEST

UNIT_MAIN("scenario", numbers_are_those_of_c, statements_do_what_they_say,
	  blocks_run_when_their_time_has_come, calls_wait_for_blocks,
	  settings_are_kept_as_they_stand, expectations_say_what_was_found,
	  errors_say_where_and_what, errors_at_run_time_do_too, chance_is_the_seeds,
	  distributions_are_what_they_are_called,
	  the_host_can_stop_it, hostile_texts_are_refused, a_zero_byte_is_no_text)
