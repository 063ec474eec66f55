/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios from text to end: reading them, and running their statements. */
#include <config.h>

#include "scenario_internal.h"

#include <inttypes.h>
#include <string.h>

static enum flow run_stmt(struct runner *r, const struct stmt *stmt);
static enum flow run_simple(struct runner *r, const struct stmt *stmt);
static enum flow run_repeat(struct runner *r, const struct stmt *stmt);
static enum flow run_for(struct runner *r, const struct stmt *stmt);
static enum flow run_while(struct runner *r, const struct stmt *stmt);
static enum flow run_if(struct runner *r, const struct stmt *stmt);
static enum flow run_scope(struct runner *r, const struct stmt *stmt);
static enum flow after_body(enum flow flow);
static bool run_assign(struct runner *r, const struct stmt *stmt);
static bool run_circumstance(struct runner *r, const struct stmt *stmt);
static bool run_task(struct runner *r, const struct stmt *stmt);
static bool run_print(struct runner *r, const struct stmt *stmt);
static bool expect_truth(struct runner *r, const struct stmt *stmt);
static bool expect_result(struct runner *r, const struct stmt *stmt);
static bool expect_property(struct runner *r, const struct stmt *stmt);
static bool told(struct runner *r, const struct stmt *stmt, bool met, struct str *text);
static void source_of(const struct stmt *stmt, struct str *out);
static bool count_step(struct runner *r, const struct stmt *stmt);
static bool check_text(const struct scenario *scenario, struct error *err,
		       struct scenario_place *place);

struct scenario *scenario_parse(const char *name, const struct str *text,
				const struct scenario_host *host, void *ctx, struct error *err,
				struct scenario_place *place)
{
	struct scenario *scenario = xcalloc(1, sizeof(*scenario));

	arena_init(&scenario->arena);
	scenario->name = arena_strndup(&scenario->arena, name, strlen(name));
	scenario->host = host;
	scenario->ctx = ctx;
	str_add_mem(&scenario->text, str_text(text), text->len);
	if (check_text(scenario, err, place) && parse_scenario(scenario, err, place))
		return scenario;
	scenario_destroy(scenario);
	return NULL;
}

void scenario_destroy(struct scenario *scenario)
{
	if (!scenario)
		return;
	vec_deinit(&scenario->settings);
	vec_deinit(&scenario->names);
	str_deinit(&scenario->text);
	arena_deinit(&scenario->arena);
	free(scenario);
}

bool scenario_setting(const struct scenario *scenario, size_t i, struct scenario_setting *ret)
{
	if (i >= scenario->settings.nr)
		return false;
	*ret = scenario->settings.items[i];
	return true;
}

bool scenario_run(const struct scenario *scenario, uint64_t seed, uint64_t max_steps,
		  struct error *err, struct scenario_place *place)
{
	struct runner r = {
		.scenario = scenario,
		.max_steps = max_steps,
		.err = err,
		.where = place,
	};
	enum flow flow;

	rng_init(&r.rng, seed);
	u64map_init(&r.index);
	for (size_t i = 0; i < scenario->names.nr; i++)
		vec_push(&r.variables, (struct scenario_value){ .type = SCENARIO_NOTHING });
	flow = run_list(&r, scenario->first);
	if (flow == FLOW_ON)
		flow = later_run_all(&r);
	later_deinit(&r);
	vec_deinit(&r.variables);
	vec_deinit(&r.elements);
	u64map_deinit(&r.index);
	return flow != FLOW_ERROR || r.ended == FLOW_STOP;
}

static bool check_text(const struct scenario *scenario, struct error *err,
		       struct scenario_place *place)
{
	const char *nul = memchr(str_text(&scenario->text), 0, scenario->text.len);

	*place = (struct scenario_place){ 1, 1, 1 };
	if (scenario->text.len > SCENARIO_MAX_BYTES)
		return scenario_error(scenario, place, err, place,
				      "a scenario has at most %d bytes, not %zu",
				      SCENARIO_MAX_BYTES, scenario->text.len);
	if (!nul)
		return true;
	return scenario_error(scenario, place, err, place,
			      "not a text: byte %zu is 0", (size_t)(nul - scenario->text.data));
}

enum flow run_list(struct runner *r, const struct stmt *stmt)
{
	const struct scenario_host *host = r->scenario->host;

	for (; stmt; stmt = stmt->next) {
		enum flow flow;

		if (host->stop && host->stop(r->scenario->ctx))
			return FLOW_STOP;
		if (!count_step(r, stmt))
			return FLOW_ERROR;
		flow = later_run_due(r);
		if (flow == FLOW_ON)
			flow = run_stmt(r, stmt);
		if (flow != FLOW_ON)
			return flow;
	}
	return FLOW_ON;
}

static bool count_step(struct runner *r, const struct stmt *stmt)
{
	if (r->steps++ < r->max_steps)
		return true;
	return scenario_error(r->scenario, &stmt->place, r->err, r->where,
			      "the scenario did not end after %" PRIu64 " statements",
			      r->max_steps);
}

static enum flow run_stmt(struct runner *r, const struct stmt *stmt)
{
	switch ((int)stmt->kind) {
	case STMT_REPEAT:
		return run_repeat(r, stmt);
	case STMT_FOR:
		return run_for(r, stmt);
	case STMT_WHILE:
		return run_while(r, stmt);
	case STMT_IF:
		return run_if(r, stmt);
	case STMT_SCOPE:
		return run_scope(r, stmt);
	case STMT_BREAK:
		return FLOW_BREAK;
	case STMT_CONTINUE:
		return FLOW_CONTINUE;
	default:
		return run_simple(r, stmt);
	}
}

static enum flow run_simple(struct runner *r, const struct stmt *stmt)
{
	struct scenario_value value;
	bool ok;

	switch ((int)stmt->kind) {
	case STMT_EXPR:
		ok = eval(r, stmt->expr[0], &value);
		break;
	case STMT_ASSIGN:
		ok = run_assign(r, stmt);
		break;
	case STMT_SLEEP:
		ok = later_sleep(r, stmt);
		break;
	case STMT_AFTER:
		ok = later_add(r, stmt);
		break;
	case STMT_TASK:
		ok = run_task(r, stmt);
		break;
	case STMT_SECTION:
		r->scenario->host->section(r->scenario->ctx, stmt->name);
		ok = true;
		break;
	case STMT_PRINT:
		ok = run_print(r, stmt);
		break;
	case STMT_EXPECT:
		ok = expect_truth(r, stmt);
		break;
	case STMT_EXPECT_OK:
	case STMT_EXPECT_FAIL:
		ok = expect_result(r, stmt);
		break;
	case STMT_EXPECT_PROPERTY:
		ok = expect_property(r, stmt);
		break;
	default:
		ok = run_circumstance(r, stmt);
		break;
	}
	return ok ? FLOW_ON : FLOW_ERROR;
}

/* What a loop does behind its body. */
static enum flow after_body(enum flow flow)
{
	return flow == FLOW_CONTINUE ? FLOW_ON : flow;
}

static enum flow run_repeat(struct runner *r, const struct stmt *stmt)
{
	scenario_int nr;

	if (!eval_int(r, stmt->expr[0], 0, INT64_MAX, &nr))
		return FLOW_ERROR;
	for (; nr > 0; nr--) {
		enum flow flow = after_body(run_list(r, stmt->body));

		if (flow != FLOW_ON)
			return flow == FLOW_BREAK ? FLOW_ON : flow;
		if (!count_step(r, stmt))
			return FLOW_ERROR;
	}
	return FLOW_ON;
}

/* Both ends belong to it; downwards if the first is the higher one and no step is given. */
static enum flow run_for(struct runner *r, const struct stmt *stmt)
{
	scenario_int at, last, step;

	if (!eval_int(r, stmt->expr[0], INT64_MIN, INT64_MAX, &at) ||
	    !eval_int(r, stmt->expr[1], INT64_MIN, INT64_MAX, &last))
		return FLOW_ERROR;
	step = at <= last ? 1 : -1;
	if (stmt->expr[2] && !eval_int(r, stmt->expr[2], INT64_MIN, INT64_MAX, &step))
		return FLOW_ERROR;
	if (!step) {
		scenario_error(r->scenario, &stmt->expr[2]->place, r->err, r->where,
			       "a step of 0 leads nowhere");
		return FLOW_ERROR;
	}
	for (; step > 0 ? at <= last : at >= last; at += step) {
		const struct scenario_value value = { .type = SCENARIO_INT, .number = at };
		enum flow flow;

		if (!eval_assign(r, stmt->target, &value) || !count_step(r, stmt))
			return FLOW_ERROR;
		flow = after_body(run_list(r, stmt->body));
		if (flow != FLOW_ON)
			return flow == FLOW_BREAK ? FLOW_ON : flow;
	}
	return FLOW_ON;
}

static enum flow run_while(struct runner *r, const struct stmt *stmt)
{
	for (;;) {
		enum flow flow;
		bool truth;

		if (!eval_truth(r, stmt->expr[0], &truth) || !count_step(r, stmt))
			return FLOW_ERROR;
		if (!truth)
			return FLOW_ON;
		flow = after_body(run_list(r, stmt->body));
		if (flow != FLOW_ON)
			return flow == FLOW_BREAK ? FLOW_ON : flow;
	}
}

static enum flow run_if(struct runner *r, const struct stmt *stmt)
{
	bool truth;

	if (!eval_truth(r, stmt->expr[0], &truth))
		return FLOW_ERROR;
	return run_list(r, truth ? stmt->body : stmt->orelse);
}

/* A scope ends however its body is left, but not behind an error: then nothing goes on. */
static enum flow run_scope(struct runner *r, const struct stmt *stmt)
{
	const struct scenario_host *host = r->scenario->host;
	enum flow flow;

	if (!host->scope(r->scenario->ctx, stmt->name, true, r->err)) {
		scenario_error_at(r->scenario, &stmt->place, r->err, r->where);
		return FLOW_ERROR;
	}
	flow = run_list(r, stmt->body);
	if (flow != FLOW_ERROR && !host->scope(r->scenario->ctx, stmt->name, false, r->err)) {
		scenario_error_at(r->scenario, &stmt->place, r->err, r->where);
		return FLOW_ERROR;
	}
	return flow;
}

static bool run_assign(struct runner *r, const struct stmt *stmt)
{
	struct scenario_value value;

	return eval(r, stmt->expr[0], &value) && eval_assign(r, stmt->target, &value);
}

static bool run_circumstance(struct runner *r, const struct stmt *stmt)
{
	const struct scenario_host *host = r->scenario->host;
	void *ctx = r->scenario->ctx;
	scenario_int nr = 0;
	bool ok;

	if (stmt->expr[0] && !eval_int(r, stmt->expr[0], 0, INT64_MAX, &nr))
		return false;
	if (stmt->kind == STMT_CPU)
		ok = host->set_cpu(ctx, (uint64_t)nr, r->err);
	else
		ok = host->set_context(ctx, stmt->name, r->err);
	if (ok && stmt->kind == STMT_CPU)
		r->cpu = (uint64_t)nr;
	return ok || scenario_error_at(r->scenario, &stmt->place, r->err, r->where);
}

/* Without a number it is the first one that tasks get after boot. */
static bool run_task(struct runner *r, const struct stmt *stmt)
{
	scenario_int pid = SCENARIO_FIRST_PID;

	if (stmt->expr[0] && !eval_int(r, stmt->expr[0], 0, INT32_MAX, &pid))
		return false;
	r->scenario->host->set_task(r->scenario->ctx, stmt->name, (uint64_t)pid);
	return true;
}

static bool run_print(struct runner *r, const struct stmt *stmt)
{
	struct str text = { 0 };
	bool ok = true;

	for (unsigned int i = 0; i < stmt->nr_list && ok; i++) {
		struct scenario_value value;

		ok = eval(r, stmt->list[i], &value);
		if (ok && i)
			str_add_char(&text, ' ');
		if (ok)
			scenario_value_print(&value, &text);
	}
	if (ok)
		r->scenario->host->print(r->scenario->ctx, str_text(&text));
	str_deinit(&text);
	return ok;
}

static bool expect_truth(struct runner *r, const struct stmt *stmt)
{
	struct str text = { 0 };
	bool met;

	if (!eval_truth(r, stmt->expr[0], &met))
		return false;
	source_of(stmt, &text);
	return told(r, stmt, met, &text);
}

static bool expect_result(struct runner *r, const struct stmt *stmt)
{
	const char *why = NULL;
	const bool failed = r->scenario->host->failed(r->scenario->ctx, &why);
	const bool wanted = stmt->kind == STMT_EXPECT_FAIL;
	bool met = failed == wanted;
	struct str text = { 0 };

	met &= !failed || !stmt->name || (why && !strcmp(why, stmt->name));
	source_of(stmt, &text);
	if (!met)
		str_addf(&text, ": the call %s%s%s", failed ? "failed" : "did not fail",
			 failed && why ? ", for " : "", failed && why ? why : "");
	return told(r, stmt, met, &text);
}

static bool expect_property(struct runner *r, const struct stmt *stmt)
{
	struct scenario_value wanted, found;
	struct str text = { 0 };
	const char *why = NULL;
	bool met;

	if (!eval(r, stmt->expr[0], &wanted))
		return false;
	if (r->scenario->host->failed(r->scenario->ctx, &why)) {
		source_of(stmt, &text);
		str_addf(&text, ": the call failed%s%s", why ? ", for " : "", why ? why : "");
		return told(r, stmt, false, &text);
	}
	if (!r->scenario->host->property(r->scenario->ctx, stmt->property, &found, r->err))
		return scenario_error_at(r->scenario, &stmt->place, r->err, r->where);
	if (!eval_compare(r, stmt->expr[0], stmt->sign, &found, &wanted, &met))
		return false;
	source_of(stmt, &text);
	if (!met) {
		str_add(&text, ": it is ");
		scenario_value_print(&found, &text);
	}
	return told(r, stmt, met, &text);
}

/* "text" is used up. */
static bool told(struct runner *r, const struct stmt *stmt, bool met, struct str *text)
{
	r->scenario->host->expected(r->scenario->ctx, &stmt->place, met, str_text(text));
	str_deinit(text);
	return true;
}

/* The statement as it was written, as far as it stands on one line. */
static void source_of(const struct stmt *stmt, struct str *out)
{
	size_t len = strcspn(stmt->source, "\n;#}");

	while (len && strchr(" \t\r", stmt->source[len - 1]))
		len--;
	str_add_mem(out, stmt->source, len);
}
