/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an event's format file to how its records become struct event.
 *
 * The table of event/desc.h says which fields are wanted and where they go; the format file says
 * where they lie. A field is taken from the member of its name; words (zones, results), and values
 * that have no member, come from the expression that the print format has behind the field's key.
 * The few events that make up nearly all of a recording get a hand-written path in
 * trace_dat_page.c, if their format has the members it needs in sizes it knows.
 */
#include <config.h>

#include "trace_dat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* struct page of x86-64 before 4.2, which recorded pointers: where vmemmap was, and its size. */
enum { OLD_PAGE_STRUCT = 64 };
#define OLD_VMEMMAP 0xffffea0000000000ULL

static enum event_type find_type(const struct dat_format *format);
static uint32_t other_name(struct dat *dat, const struct dat_format *format);
static void add_op(struct dat_program *prog, const struct dat_format *format,
		   const struct dat_print *print, const struct event_field *dest);
static bool is_text(const struct dat_field *field);
static void pick_path(struct dat *dat, struct dat_program *prog);
static bool pick_alloc(struct dat *dat, struct dat_program *prog);
static bool pick_page(struct dat *dat, struct dat_program *prog);
static const struct dat_op *find_op(const struct dat_program *prog, const char *key);
static bool take(struct dat_program *prog, const char *key, uint32_t size, uint16_t *ret);
static bool take_optional(struct dat_program *prog, const char *key, uint32_t size, uint16_t *ret);
static bool run_op(struct dat *dat, const struct dat_op *op, const struct dat_record *record,
		   struct event *ev, struct event_batch *batch);
static uint64_t op_number(const struct dat_op *op, const struct dat_record *record);
static uint32_t op_word(struct dat *dat, const struct dat_op *op, const struct dat_record *record);
static uint32_t op_gfp(struct dat *dat, const struct dat_op *op, const struct dat_record *record);
static void add_ptrs(const struct dat_op *op, const struct dat_record *record, struct event *ev,
		     struct event_batch *batch);
static void add_mark(struct dat *dat, const struct dat_program *prog,
		     const struct dat_record *record, struct event *ev, struct event_batch *batch);

void dat_program_compile(struct dat *dat, struct dat_program *prog, const struct dat_format *format)
{
	const struct event_desc *desc;
	struct dat_print print;

	memset(prog, 0, sizeof(*prog));
	prog->type = (uint8_t)find_type(format);
	prog->path = DAT_PATH_OTHER;
	desc = event_desc(prog->type);
	if (prog->type == EVENT_OTHER) {
		prog->name = other_name(dat, format);
		return;
	}
	if (prog->type == EVENT_MARK) {
		prog->mark_buf = dat_format_find(format, "buf", 3);
		prog->mark_ip = dat_format_find(format, "ip", 2);
		prog->path = prog->mark_buf && prog->mark_ip ? DAT_PATH_OPS : DAT_PATH_OTHER;
		return;
	}
	if (!desc->nr_fields)
		return;
	dat_print_parse(&print, format, &dat->arena);
	for (unsigned int i = 0; i < desc->nr_fields; i++)
		add_op(prog, format, &print, &desc->fields[i]);
	dat_print_deinit(&print);
	pick_path(dat, prog);
}

void dat_program_deinit(struct dat_program *prog)
{
	vec_deinit(&prog->ops);
	free(prog->masks);
}

bool dat_program_run(struct dat *dat, const struct dat_program *prog,
		     const struct dat_record *record, struct event *ev, struct event_batch *batch)
{
	bool ok = true;

	if (prog->type == EVENT_MARK) {
		add_mark(dat, prog, record, ev, batch);
		return true;
	}
	if (event_desc(prog->type)->payload == EVENT_PAYLOAD_SLAB)
		ev->slab.node = -1; /* as event_clear() has it */
	for (size_t i = 0; i < prog->ops.nr; i++) {
		const struct dat_op *op = &prog->ops.items[i];

		if (!run_op(dat, op, record, ev, batch))
			ok = false;
	}
	event_settle(ev);
	return ok;
}

const struct dat_mask_slot *dat_program_mask(struct dat *dat, const struct dat_program *prog,
					     uint64_t raw, const struct dat_record *record)
{
	struct dat_mask_slot *slot = &prog->masks[raw * 0x9e3779b97f4a7c15ULL >> 58];
	struct dat_value value = { 0 };

	if (prog->accounted_expr)
		value = dat_expr_eval(prog->accounted_expr, record);
	slot->raw = raw;
	slot->valid = true;
	slot->gfp = dat_gfp_map(&dat->gfp, raw);
	slot->accounted = value.known && (value.text ? value.len == 4 && *value.text == 't' :
						       value.number != 0);
	return slot;
}

/* Names count within their system; those of kprobe events in whatever group they were made. */
static enum event_type find_type(const struct dat_format *format)
{
	enum event_type type = event_type_by_name(format->name, format->name_len);
	const struct event_desc *desc = event_desc(type);

	if (type == EVENT_OTHER || !strcmp(desc->system, format->system))
		return type;
	if (!strcmp(desc->system, "lab") && (dat_format_find(format, "__probe_ip", 10) ||
					     dat_format_find(format, "__probe_func", 12)))
		return type;
	return EVENT_OTHER;
}

/* A namesake of a known event from another system is told apart by it. */
static uint32_t other_name(struct dat *dat, const struct dat_format *format)
{
	struct intern *texts = &dat->trace->names->texts;
	char *full;
	uint32_t id;

	if (event_type_by_name(format->name, format->name_len) == EVENT_OTHER)
		return intern_add(texts, format->name, format->name_len);
	full = xasprintf("%s:%.*s", format->system, (int)format->name_len, format->name);
	id = intern_add_text(texts, full);
	free(full);
	return id;
}

static void add_op(struct dat_program *prog, const struct dat_format *format,
		   const struct dat_print *print, const struct event_field *dest)
{
	const char *member = event_field_member(dest);
	const struct dat_expr *expr = dat_print_find(print, dest);
	struct dat_op op = { dest, dat_format_find(format, member, strlen(member)), NULL };
	bool word = dest->kind == EVENT_FIELD_WORD || dest->kind == EVENT_FIELD_QUOTED;

	/* A member of another name than the key may be something that the key is made of. */
	if (op.src && dest->member && expr && !dat_expr_field(expr))
		op.expr = expr;
	if (!op.src && expr) {
		op.src = dat_expr_field(expr);
		op.expr = op.src ? NULL : expr;
	}
	if (word && !(op.src && is_text(op.src)))
		op.expr = expr;
	/* struct page pointers come out of the print format as numbers without sense. */
	if (dest->kind == EVENT_FIELD_PTR && !op.src)
		return;
	if (dest->kind == EVENT_FIELD_PTRS && !(op.src && op.src->kind == DAT_ARRAY))
		return;
	/* Those formats have no pfn: it is counted from the pointer. */
	if (!strcmp(dest->key, "pfn") && !op.src) {
		op.src = dat_format_find(format, "page", 4);
		op.expr = NULL;
	}
	if (op.src && !is_text(op.src) && op.src->kind != DAT_NUMBER && op.src->kind != DAT_ARRAY)
		op.src = NULL;
	if (!op.src && !op.expr)
		return;
	vec_push(&prog->ops, op);
	if (op.src)
		prog->min_len = MAX(prog->min_len, op.src->offset + op.src->size);
}

static bool is_text(const struct dat_field *field)
{
	return field->kind == DAT_CHARS || field->kind == DAT_LOC || field->kind == DAT_REL_LOC;
}

static void pick_path(struct dat *dat, struct dat_program *prog)
{
	static const uint8_t paths[EVENT_NR] = {
		[EVENT_KMALLOC] = DAT_PATH_ALLOC,     [EVENT_KMALLOC_NODE] = DAT_PATH_ALLOC,
		[EVENT_CACHE_ALLOC] = DAT_PATH_ALLOC, [EVENT_CACHE_ALLOC_NODE] = DAT_PATH_ALLOC,
		[EVENT_KFREE] = DAT_PATH_FREE,	      [EVENT_CACHE_FREE] = DAT_PATH_FREE,
		[EVENT_PAGE_ALLOC] = DAT_PATH_PAGE,   [EVENT_PAGE_FREE] = DAT_PATH_PAGE,
		[EVENT_ZONE_LOCKED] = DAT_PATH_PAGE,  [EVENT_PCPU_DRAIN] = DAT_PATH_PAGE,
		[EVENT_PAGE_FREE_BATCHED] = DAT_PATH_PAGE,
	};
	uint8_t path = paths[prog->type];
	bool ok = false;

	if (path == DAT_PATH_ALLOC)
		ok = pick_alloc(dat, prog);
	else if (path == DAT_PATH_FREE)
		ok = take(prog, "call_site", dat->commit_size, &prog->site) &&
		     take(prog, "ptr", dat->commit_size, &prog->ptr) &&
		     take_optional(prog, "name", 4, &prog->word);
	else if (path == DAT_PATH_PAGE)
		ok = pick_page(dat, prog);
	prog->path = ok && !dat->swap ? path : DAT_PATH_OPS;
}

static bool pick_alloc(struct dat *dat, struct dat_program *prog)
{
	uint32_t word = dat->commit_size;
	const struct dat_op *gfp = find_op(prog, "gfp_flags");
	const struct dat_op *accounted = find_op(prog, "accounted");

	if (!gfp || !gfp->src || gfp->src->kind != DAT_NUMBER || gfp->src->size < 4)
		return false;
	prog->gfp_size = (uint8_t)gfp->src->size;
	prog->accounted = DAT_ABSENT;
	if (accounted && !accounted->src) {
		if (!dat_expr_only_uses(accounted->expr, gfp->src))
			return false;
		prog->accounted_expr = accounted->expr;
	} else if (!take_optional(prog, "accounted", 1, &prog->accounted)) {
		return false;
	}
	prog->masks = xcalloc(DAT_MASK_SLOTS, sizeof(*prog->masks));
	return take(prog, "call_site", word, &prog->site) && take(prog, "ptr", word, &prog->ptr) &&
	       take(prog, "bytes_req", word, &prog->req) &&
	       take(prog, "bytes_alloc", word, &prog->alloc) &&
	       take(prog, "gfp_flags", prog->gfp_size, &prog->gfp) &&
	       take_optional(prog, "node", 4, &prog->node) &&
	       take_optional(prog, "name", 4, &prog->word);
}

static bool pick_page(struct dat *dat, struct dat_program *prog)
{
	const struct dat_op *pfn = find_op(prog, "pfn");
	const struct dat_op *gfp = find_op(prog, "gfp_flags");

	prog->gfp = DAT_ABSENT;
	if (find_op(prog, "page") || !pfn || !pfn->src || pfn->src->is_pointer)
		return false;
	if (prog->type == EVENT_PAGE_ALLOC) {
		if (!gfp || !gfp->src || gfp->src->kind != DAT_NUMBER || gfp->src->size < 4)
			return false;
		prog->gfp_size = (uint8_t)gfp->src->size;
		if (!take(prog, "gfp_flags", gfp->src->size, &prog->gfp))
			return false;
		prog->masks = xcalloc(DAT_MASK_SLOTS, sizeof(*prog->masks));
	}
	return take(prog, "pfn", dat->commit_size, &prog->pfn) &&
	       take_optional(prog, "order", 4, &prog->order) &&
	       take_optional(prog, "migratetype", 4, &prog->migratetype) &&
	       take_optional(prog, "percpu_refill", 4, &prog->refill);
}

static const struct dat_op *find_op(const struct dat_program *prog, const char *key)
{
	for (size_t i = 0; i < prog->ops.nr; i++)
		if (!strcmp(prog->ops.items[i].dest->key, key))
			return &prog->ops.items[i];
	return NULL;
}

/* Can the hand-written path do with "key", a member (or a text's locator) of "size" bytes? */
static bool take(struct dat_program *prog, const char *key, uint32_t size, uint16_t *ret)
{
	const struct dat_op *op = find_op(prog, key);

	if (!op || !op->src || op->expr || op->src->size != size || op->src->offset >= DAT_ABSENT)
		return false;
	if (op->dest->kind == EVENT_FIELD_WORD ? op->src->kind != DAT_LOC :
						 op->src->kind != DAT_NUMBER)
		return false;
	*ret = (uint16_t)op->src->offset;
	return true;
}

static bool take_optional(struct dat_program *prog, const char *key, uint32_t size, uint16_t *ret)
{
	*ret = DAT_ABSENT;
	return !find_op(prog, key) || take(prog, key, size, ret);
}

static bool run_op(struct dat *dat, const struct dat_op *op, const struct dat_record *record,
		   struct event *ev, struct event_batch *batch)
{
	uint64_t value;

	switch ((enum event_field_kind)op->dest->kind) {
	case EVENT_FIELD_WORD:
	case EVENT_FIELD_QUOTED:
		value = op_word(dat, op, record);
		break;
	case EVENT_FIELD_GFP:
		value = op_gfp(dat, op, record);
		break;
	case EVENT_FIELD_SITE:
		value = dat_names_site(&dat->names, op_number(op, record));
		break;
	case EVENT_FIELD_PTRS:
		add_ptrs(op, record, ev, batch);
		return true;
	case EVENT_FIELD_UINT:
	case EVENT_FIELD_INT:
	case EVENT_FIELD_HEX:
	case EVENT_FIELD_PTR:
	case EVENT_FIELD_BOOL:
	case EVENT_FIELD_FLAG:
	case EVENT_FIELD_KIB:
	case EVENT_FIELD_ADDR:
	case EVENT_FIELD_FAILED:
	default:
		value = op_number(op, record);
		break;
	}
	return event_field_set(ev, op->dest, value);
}

static uint64_t op_number(const struct dat_op *op, const struct dat_record *record)
{
	struct dat_value value;
	uint64_t number;

	if (op->expr) {
		value = dat_expr_eval(op->expr, record);
		if (value.text)
			return value.len == 4 && !memcmp(value.text, "true", 4);
		if (value.known)
			return value.number;
	}
	if (!op->src)
		return 0;
	number = dat_field_number(op->src, record);
	if (op->src->is_pointer && !strcmp(op->dest->key, "pfn"))
		number = number < OLD_VMEMMAP ? EVENT_PFN_FAILED :
						(number - OLD_VMEMMAP) / OLD_PAGE_STRUCT;
	return number;
}

/* A number that the kernel's table has no word for is its own word. */
static uint32_t op_word(struct dat *dat, const struct dat_op *op, const struct dat_record *record)
{
	struct dat_value value = { 0 };
	char number[24];
	int len;

	if (op->expr)
		value = dat_expr_eval(op->expr, record);
	else if (is_text(op->src) && dat_field_text(op->src, record, &value.text, &value.len))
		return dat_names_word(&dat->names, value.text, value.len);
	if (value.text)
		return dat_names_word(&dat->names, value.text, value.len);
	if (op->src && is_text(op->src))
		return 0;
	len = snprintf(number, sizeof(number), "%lld",
		       (long long)(value.known || !op->src ? value.number :
							     dat_field_number(op->src, record)));
	return dat_names_word(&dat->names, number, (size_t)len);
}

static uint32_t op_gfp(struct dat *dat, const struct dat_op *op, const struct dat_record *record)
{
	uint64_t raw = op->src ? dat_field_number(op->src, record) : 0;
	uint32_t gfp;

	/* gfp_t is unsigned; where a format says int, the mask must not be extended. */
	if (op->src && op->src->size == 4)
		raw &= UINT32_MAX;
	gfp = dat_gfp_map(&dat->gfp, raw);
	if (gfp & GFP_BIT_UNKNOWN)
		dat_gfp_note(dat, raw);
	return gfp;
}

static void add_ptrs(const struct dat_op *op, const struct dat_record *record, struct event *ev,
		     struct event_batch *batch)
{
	const struct dat_field *field = op->src;
	uint64_t ptrs[64]; /* kernel/trace/trace_probe.h: MAX_ARRAY_LEN */
	uint32_t nr = MIN(field->size / field->elem, (uint32_t)ARRAY_SIZE(ptrs));

	if ((uint64_t)field->offset + field->size > record->len)
		nr = 0;
	for (uint32_t i = 0; i < nr; i++)
		ptrs[i] = dat_load(record->at + field->offset + i * field->elem, field->elem,
				   record->swap);
	ev->bulk.aux = event_batch_add_aux(batch, ptrs, nr * sizeof(*ptrs));
	ev->bulk.nr_aux = nr;
}

/*
 * Text written to trace_marker, without the newline that ends it. What trace_printk() wrote in some
 * other function goes by that function's name, as tracefs prints it.
 */
static void add_mark(struct dat *dat, const struct dat_program *prog,
		     const struct dat_record *record, struct event *ev, struct event_batch *batch)
{
	static const char writer[] = "tracing_mark_write";
	const char *text = "";
	size_t len = 0;
	const char *function =
		dat_names_function(&dat->names, dat_field_number(prog->mark_ip, record), &len);

	if (function && (len != strlen(writer) || memcmp(function, writer, len) != 0)) {
		ev->type = EVENT_OTHER;
		ev->other.name = intern_add(&dat->trace->names->texts, function, len);
		return;
	}
	if (!dat_field_text(prog->mark_buf, record, &text, &len))
		len = 0;
	if (len && text[len - 1] == '\n')
		len--;
	ev->text.aux = event_batch_add_aux(batch, text, len);
	ev->text.len = (uint32_t)len;
}
