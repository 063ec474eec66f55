/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON lines as `kmreplay convert --to=jsonl` writes them (event/print.h says how): the inverse of
 * event/event_json.c, so that events come back equal. Members may stand in any order; those that
 * are not known are passed over. A line that is no such object counts as unparsed, one with a value
 * that cannot be as malformed.
 */
#include <config.h>

#include "trace_internal.h"
#include "trace_jsonl.h"

#include "kmreplay/event/desc.h"
#include "kmreplay/event/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 16 << 20, AUX_MAX = 1 << 24, FORM_VERSION = 1 };

/* A notice of lost events waits for the next event of its CPU. */
struct loss {
	uint64_t nr;
	bool pending;
};

struct jsonl {
	struct trace *trace;
	struct str scratch;
	struct vec(struct json_member) members; /* of the line */
	struct vec(uint64_t) ptrs;
	struct vec(struct loss) losses; /* by CPU */
	uint64_t nr_pending;
	bool eof;
};

static int probe(const unsigned char *head, size_t len);
static bool open_jsonl(struct trace *trace, struct error *err);
static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err);
static void close_jsonl(struct trace *trace);
static bool long_line(struct jsonl *j, size_t len, struct error *err);
static bool read_line(struct jsonl *j, const char *line, size_t len, struct event_batch *batch,
		      struct error *err);
static const struct json_value *find(const struct jsonl *j, const char *key);
static bool read_header(struct jsonl *j, struct error *err);
static void copy_text(struct jsonl *j, const char *key, char *to, size_t size);
static bool read_lost(struct jsonl *j, const struct json_value *nr);
static bool read_event(struct jsonl *j, const struct json_value *type, struct event_batch *batch);
static bool read_head(struct jsonl *j, struct event *ev);
static bool read_flags(struct jsonl *j, struct event *ev);
static uint8_t context_flag(const struct json_value *word);
static bool read_fields(struct jsonl *j, struct event *ev, struct event_batch *batch);
static bool read_value(struct jsonl *j, const struct event_field *field,
		       const struct json_value *value, uint64_t *ret);
static bool read_name(struct jsonl *j, const struct json_value *value, uint32_t *ret);
static bool read_gfp(struct jsonl *j, const struct json_value *value, uint64_t *ret);
static bool read_ptrs(struct jsonl *j, const struct json_value *value, struct event *ev,
		      struct event_batch *batch);
static void deliver(struct jsonl *j, struct event_batch *batch, struct event *ev);
static void settle_losses(struct jsonl *j);

const struct trace_format trace_format_jsonl = {
	.name = "jsonl",
	.summary = "JSON lines of 'kmreplay convert --to=jsonl'",
	.probe = probe,
	.open = open_jsonl,
	.next = next,
	.close = close_jsonl,
};

static int probe(const unsigned char *head, size_t len)
{
	static const char header[] = "{\"kmreplay\":\"events\"", event[] = "{\"type\":\"";

	if (len >= sizeof(header) - 1 && !memcmp(head, header, sizeof(header) - 1))
		return 100;
	return len >= sizeof(event) - 1 && !memcmp(head, event, sizeof(event) - 1) ? 60 : 0;
}

static bool open_jsonl(struct trace *trace, struct error *err)
{
	struct jsonl *j = xcalloc(1, sizeof(*j));

	(void)err;
	trace->state = j;
	j->trace = trace;
	return true;
}

static enum trace_status next(struct trace *trace, struct event_batch *batch, struct error *err)
{
	struct jsonl *j = trace->state;
	const unsigned char *data;
	size_t len, used;

	while (!batch->nr && !j->eof) {
		input_fill(trace->input, &data, &len, &j->eof);
		for (used = 0; batch->nr < batch->cap && batch->aux_len < AUX_MAX;) {
			const unsigned char *end = memchr(data + used, '\n', len - used);
			size_t line = (size_t)((end ? end : data + len) - (data + used));

			if (line > LINE_MAX_LEN)
				return long_line(j, line, err) ? TRACE_MORE : TRACE_ERROR;
			if (!end && (!j->eof || !line))
				break;
			trace->info.nr_lines++;
			if (!read_line(j, (const char *)data + used, line, batch, err))
				return TRACE_ERROR;
			used += line + (end != NULL);
		}
		/* What does not fit into the batch comes again. */
		j->eof = j->eof && used == len;
		input_consume(trace->input, used);
	}
	if (batch->nr)
		return TRACE_MORE;
	settle_losses(j);
	return TRACE_END;
}

static void close_jsonl(struct trace *trace)
{
	struct jsonl *j = trace->state;

	if (!j)
		return;
	str_deinit(&j->scratch);
	vec_deinit(&j->members);
	vec_deinit(&j->ptrs);
	vec_deinit(&j->losses);
	free(j);
	trace->state = NULL;
}

static bool long_line(struct jsonl *j, size_t len, struct error *err)
{
	return error_set(err, "%s:%" PRIu64 ": the line has %zu bytes or more, no event needs them",
			 j->trace->path, j->trace->info.nr_lines + 1, len);
}

/* False when the file cannot be gone on with. */
static bool read_line(struct jsonl *j, const char *line, size_t len, struct event_batch *batch,
		      struct error *err)
{
	struct trace_info *info = &j->trace->info;
	const struct json_value *value;
	struct json_scan scan;
	struct json_member member;
	bool whole;

	vec_reset(&j->members);
	whole = json_enter(&scan, line, len);
	while (whole && json_next_member(&scan, &member))
		vec_push(&j->members, member);
	if (!whole || !json_left(&scan)) {
		if (len && !info->nr_unparsed++)
			info->first_unparsed = info->nr_lines;
		return true;
	}
	if (find(j, "kmreplay"))
		return read_header(j, err);
	value = find(j, "lost_events");
	whole = value ? read_lost(j, value) :
			(value = find(j, "type")) && read_event(j, value, batch);
	if (!whole && value && !info->nr_malformed++)
		info->first_malformed = info->nr_lines;
	if (!value && !info->nr_unparsed++)
		info->first_unparsed = info->nr_lines;
	return true;
}

/* The first member of that name. Names of events are never escaped. */
static const struct json_value *find(const struct jsonl *j, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < j->members.nr; i++) {
		const struct json_member *member = &j->members.items[i];

		if (member->key_len == len && !memcmp(member->key, key, len))
			return &member->value;
	}
	return NULL;
}

static bool read_header(struct jsonl *j, struct error *err)
{
	struct trace_info *info = &j->trace->info;
	const struct json_value *value = find(j, "version");
	char release[sizeof(info->release)] = "", unit[8] = "";
	uint64_t number;

	if (!value || !json_uint(value, &number) || number != FORM_VERSION)
		return error_set(err, "%s:%" PRIu64 ": expected version %d of the events' form",
				 j->trace->path, info->nr_lines, FORM_VERSION);
	copy_text(j, "release", release, sizeof(release));
	if (release[0])
		trace_set_release(j->trace, release, strlen(release));
	copy_text(j, "clock", info->clock, sizeof(info->clock));
	copy_text(j, "unit", unit, sizeof(unit));
	info->unit = strcmp(unit, "ticks") == 0 ? TRACE_CLOCK_TICKS : TRACE_CLOCK_NS;
	value = find(j, "gfp_era");
	if (value && json_uint(value, &number) && number < GFP_ERA_NR) {
		info->era = (enum gfp_era)number;
		if (!info->kernel.major) {
			info->kernel = gfp_era_kernel(info->era);
			info->kernel_guessed = true;
		}
	}
	value = find(j, "hashed_ptrs");
	if (value)
		(void)json_bool(value, &info->hashed_ptrs);
	value = find(j, "nr_cpus");
	if (value && json_uint(value, &number) && number <= UINT16_MAX + 1)
		info->nr_cpus = (unsigned int)number;
	return true;
}

/* "to" stays as it is when there is no such text. */
static void copy_text(struct jsonl *j, const char *key, char *to, size_t size)
{
	const struct json_value *value = find(j, key);
	const char *text;
	size_t len;

	if (!value || !json_string(value, &j->scratch, &text, &len))
		return;
	len = strnlen(text, MIN(len, size - 1));
	memcpy(to, text, len);
	to[len] = '\0';
}

static bool read_lost(struct jsonl *j, const struct json_value *nr)
{
	const struct json_value *value = find(j, "cpu");
	uint64_t cpu, lost = 0;
	struct loss *loss;

	if (!value || !json_uint(value, &cpu) || cpu > UINT16_MAX ||
	    (nr->kind != JSON_NULL && !json_uint(nr, &lost)))
		return false;
	vec_extend_zeroed(&j->losses, (size_t)cpu + 1);
	loss = &j->losses.items[cpu];
	j->nr_pending += !loss->pending;
	loss->pending = true;
	loss->nr += lost;
	return true;
}

static bool read_event(struct jsonl *j, const struct json_value *type, struct event_batch *batch)
{
	const struct json_value *other = find(j, "other");
	const char *name;
	size_t len;
	enum event_type known;
	struct event ev;

	if (!json_string(type, &j->scratch, &name, &len) || memchr(name, '\0', len))
		return false;
	known = other ? EVENT_OTHER : event_type_by_name(name, len);
	event_clear(&ev, known);
	if (known == EVENT_OTHER)
		ev.other.name = intern_add(&j->trace->names->texts, name, len);
	if (!read_head(j, &ev) || !read_flags(j, &ev) || !read_fields(j, &ev, batch))
		return false;
	event_settle(&ev);
	deliver(j, batch, &ev);
	return true;
}

static bool read_head(struct jsonl *j, struct event *ev)
{
	const struct json_value *time = find(j, "time"), *cpu = find(j, "cpu");
	const struct json_value *pid = find(j, "pid"), *comm = find(j, "comm");
	uint64_t number;

	if (!time || !json_uint(time, &ev->time))
		return false;
	if (!cpu || !json_uint(cpu, &number) || number > UINT16_MAX)
		return false;
	ev->cpu = (uint16_t)number;
	if (!pid || !json_int(pid, &number) || (int64_t)number != (int32_t)number)
		return false;
	ev->pid = (int32_t)number;
	return !comm || read_name(j, comm, &ev->comm);
}

static bool read_flags(struct jsonl *j, struct event *ev)
{
	const struct json_value *context = find(j, "context");
	const struct json_value *failed = find(j, "failed"), *lost = find(j, "lost");
	struct json_value item;
	struct json_scan scan;
	bool set;

	if (context && context->kind != JSON_ARRAY)
		return false;
	if (context) {
		ev->flags |= EVENT_F_CONTEXT;
		json_enter_array(&scan, context);
		while (json_next_item(&scan, &item))
			ev->flags = (uint8_t)(ev->flags | context_flag(&item));
		if (scan.failed)
			return false;
	}
	if (failed && json_bool(failed, &set) && set)
		ev->flags |= EVENT_F_FAILED;
	if (lost && json_bool(lost, &set) && set)
		ev->flags |= EVENT_F_LOST;
	return true;
}

/* EVENT_F_* of a word of "context"; 0 for what is none. */
static uint8_t context_flag(const struct json_value *word)
{
	static const struct {
		const char *name;
		uint8_t flag;
	} contexts[] = {
		{ "irqs_off", EVENT_F_IRQS_OFF }, { "bh_off", EVENT_F_BH_OFF },
		{ "softirq", EVENT_F_SOFTIRQ },	  { "hardirq", EVENT_F_HARDIRQ },
		{ "nmi", EVENT_F_NMI },
	};

	for (size_t i = 0; i < ARRAY_SIZE(contexts) && word->kind == JSON_STRING; i++)
		if (word->len == strlen(contexts[i].name) &&
		    !memcmp(word->at, contexts[i].name, word->len))
			return contexts[i].flag;
	return 0;
}

static bool read_fields(struct jsonl *j, struct event *ev, struct event_batch *batch)
{
	const struct event_desc *desc = event_desc(ev->type);
	const struct json_value *value;
	const char *text;
	size_t len;

	if (desc->payload == EVENT_PAYLOAD_TEXT) {
		value = find(j, "text");
		if (!value || !json_string(value, &j->scratch, &text, &len))
			return false;
		ev->text.aux = event_batch_add_aux(batch, text, len);
		ev->text.len = (uint32_t)len;
	}
	for (unsigned int i = 0; i < desc->nr_fields; i++) {
		const struct event_field *field = &desc->fields[i];
		uint64_t number;

		if (field->kind == EVENT_FIELD_FAILED)
			continue;
		value = find(j, event_json_key(ev->type, i));
		if (!value)
			continue;
		if (field->kind == EVENT_FIELD_PTRS) {
			if (!read_ptrs(j, value, ev, batch))
				return false;
		} else if (!read_value(j, field, value, &number) ||
			   !event_field_set(ev, field, number)) {
			return false;
		}
	}
	return true;
}

static bool read_value(struct jsonl *j, const struct event_field *field,
		       const struct json_value *value, uint64_t *ret)
{
	const char *text;
	uint32_t id = 0;
	size_t len;
	bool set = false;

	switch ((enum event_field_kind)field->kind) {
	case EVENT_FIELD_UINT:
	case EVENT_FIELD_KIB:
		return json_uint(value, ret);
	case EVENT_FIELD_INT:
		return json_int(value, ret);
	case EVENT_FIELD_HEX:
	case EVENT_FIELD_PTR:
	case EVENT_FIELD_ADDR:
		return json_hex(value, ret);
	case EVENT_FIELD_BOOL:
	case EVENT_FIELD_FLAG:
		if (!json_bool(value, &set))
			return false;
		*ret = set;
		return true;
	case EVENT_FIELD_GFP:
		return read_gfp(j, value, ret);
	case EVENT_FIELD_WORD:
	case EVENT_FIELD_QUOTED:
		if (!read_name(j, value, &id))
			return false;
		*ret = id;
		return true;
	case EVENT_FIELD_SITE:
		if (!json_string(value, &j->scratch, &text, &len) || memchr(text, '\0', len))
			return false;
		*ret = event_site_add(j->trace->names, text, len);
		return true;
	case EVENT_FIELD_PTRS:
	case EVENT_FIELD_FAILED:
	default:
		BUG_ON(true);
	}
}

static bool read_name(struct jsonl *j, const struct json_value *value, uint32_t *ret)
{
	const char *text;
	size_t len;

	if (!json_string(value, &j->scratch, &text, &len) || memchr(text, '\0', len))
		return false;
	*ret = intern_add(&j->trace->names->texts, text, len);
	return true;
}

static bool read_gfp(struct jsonl *j, const struct json_value *value, uint64_t *ret)
{
	const char *text, *unknown = NULL;
	size_t len, unknown_len = 0;

	if (!json_string(value, &j->scratch, &text, &len))
		return false;
	*ret = gfp_parse(j->trace->info.era, text, len, &unknown, &unknown_len);
	if (unknown)
		trace_note_gfp(j->trace, unknown, unknown_len);
	return true;
}

static bool read_ptrs(struct jsonl *j, const struct json_value *value, struct event *ev,
		      struct event_batch *batch)
{
	struct json_value item;
	struct json_scan scan;
	uint64_t ptr;

	if (value->kind != JSON_ARRAY)
		return false;
	vec_reset(&j->ptrs);
	json_enter_array(&scan, value);
	while (json_next_item(&scan, &item)) {
		if (!json_hex(&item, &ptr))
			return false;
		vec_push(&j->ptrs, ptr);
	}
	if (scan.failed)
		return false;
	ev->bulk.aux = event_batch_add_aux(batch, j->ptrs.items, j->ptrs.nr * sizeof(ptr));
	ev->bulk.nr_aux = (uint32_t)j->ptrs.nr;
	return true;
}

static void deliver(struct jsonl *j, struct event_batch *batch, struct event *ev)
{
	struct loss *loss = ev->cpu < j->losses.nr ? &j->losses.items[ev->cpu] : NULL;
	uint64_t nr = 0;

	if (j->nr_pending && loss && loss->pending) {
		nr = loss->nr;
		*loss = (struct loss){ 0 };
		j->nr_pending--;
		ev->flags |= EVENT_F_LOST;
	}
	if (ev->flags & EVENT_F_LOST)
		trace_note_loss(j->trace, ev->cpu, nr, j->trace->info.nr_events + batch->nr,
				ev->time);
	batch->events[batch->nr++] = *ev;
}

/* Notices that no event of their CPU came behind. */
static void settle_losses(struct jsonl *j)
{
	for (size_t cpu = 0; cpu < j->losses.nr; cpu++)
		if (j->losses.items[cpu].pending)
			trace_note_loss(j->trace, (unsigned int)cpu, j->losses.items[cpu].nr,
					j->trace->info.nr_events, j->trace->info.last_time);
	vec_reset(&j->losses);
}
