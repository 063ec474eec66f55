/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the kernel's ring buffer to events (kernel/trace/ring_buffer.c, 2.6.3x .. 7.2).
 *
 *	page:   u64 time | long commit | events ...
 *	commit: bytes used, bit 31: events are missing before this page,
 *	        bit 30: their number stands behind the used bytes
 *	event:  u32 head { 5 bits type_len, 27 bits delta } | payload
 *
 *	type_len 1..28: payload of type_len words     0: u32 says how long, itself included
 *	29: padding; delta 0: nothing follows         30: delta is longer: u32 high part
 *	31: absolute time, its low 59 bits
 *
 * The time of an event is that of the page plus all deltas up to its own. A discarded event
 * (padding with a delta) does not move the time, as in the kernel's reader.
 *
 * dat_page_run() is the hot loop of the whole reader: it is compiled for 64-bit and 32-bit longs
 * apart, keeps the position in registers while it stays in one page, and has straight loads for the
 * events that make up a recording. Whatever is rare is a call.
 */
#include <config.h>

#include "trace_dat.h"

#include <string.h>

enum {
	TYPE_LEN_LONG = 0,
	TYPE_LEN_MAX = 28,
	TYPE_LEN_PADDING = 29,
	TYPE_LEN_EXTEND = 30,
	TYPE_LEN_STAMP = 31,
	DELTA_BITS = 27,
	STAMP_BITS = 59,
	HEAD_BYTES = 4,
	COMMON_BYTES = 8, /* common_type, _flags, _preempt_count, _pid */
};

#define COMMIT_USED 0xfffffU
#define COMMIT_MISSED (1U << 31)
#define COMMIT_STORED (1U << 30)

/* Where decoding is within one page. */
struct cursor {
	const unsigned char *page;
	uint32_t pos, used;
	uint64_t time;
	uint32_t rec_pos, rec_len;
};

static ALWAYS_INLINE bool step(struct cursor *c, bool swap, bool *damaged);
static bool step_special(struct cursor *c, uint32_t head, bool swap, bool *damaged);
static bool next_page(struct dat *dat, struct dat_cpu *cpu);
static void load_cursor(struct cursor *c, const struct dat_cpu *cpu);
static void store_cursor(struct dat_cpu *cpu, const struct cursor *c);
static ALWAYS_INLINE uint64_t event_time(const struct dat *dat, uint64_t time);
static ALWAYS_INLINE void run(struct dat *dat, struct dat_cpu *cpu, uint64_t limit,
			      struct event_batch *batch, bool long32);
static void note_damage(struct dat *dat, struct dat_cpu *cpu);
static void note_loss(struct dat *dat, struct dat_cpu *cpu, const struct event_batch *batch);
static ALWAYS_INLINE bool decode(struct dat *dat, const struct dat_cpu *cpu,
				 const struct dat_record *record, struct event_batch *batch,
				 bool long32);
static ALWAYS_INLINE bool decode_alloc(struct dat *dat, const struct dat_program *prog,
				       const struct dat_record *record, struct event *ev,
				       bool long32);
static ALWAYS_INLINE bool decode_page(struct dat *dat, const struct dat_program *prog,
				      const struct dat_record *record, struct event *ev,
				      bool long32);
static ALWAYS_INLINE uint32_t load_mask(struct dat *dat, const struct dat_program *prog,
					const struct dat_record *record, bool *accounted);
static ALWAYS_INLINE uint32_t load_word(struct dat *dat, const struct dat_program *prog,
					const struct dat_record *record);
static NOINLINE void note_malformed(struct dat *dat, const struct dat_cpu *cpu);
static NOINLINE void note_unparsed(struct dat *dat, const struct dat_cpu *cpu);

static ALWAYS_INLINE uint32_t load32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static ALWAYS_INLINE uint64_t load_long(const unsigned char *at, bool long32)
{
	uint64_t value;

	if (long32)
		return load32(at);
	memcpy(&value, at, sizeof(value));
	return value;
}

void dat_page_advance(struct dat *dat, struct dat_cpu *cpu)
{
	struct cursor c;

	for (;;) {
		bool damaged = false;

		load_cursor(&c, cpu);
		if (c.page && step(&c, dat->swap, &damaged)) {
			store_cursor(cpu, &c);
			cpu->has = true;
			cpu->rec_time = event_time(dat, c.time);
			return;
		}
		if (damaged)
			note_damage(dat, cpu);
		if (!next_page(dat, cpu)) {
			cpu->has = false;
			return;
		}
	}
}

void dat_page_run(struct dat *dat, struct dat_cpu *cpu, uint64_t limit, struct event_batch *batch)
{
	if (dat->commit_size == 4)
		run(dat, cpu, limit, batch, true);
	else
		run(dat, cpu, limit, batch, false);
}

/* To the next event of the page; false at its end. */
static ALWAYS_INLINE bool step(struct cursor *c, bool swap, bool *damaged)
{
	while (c->pos + HEAD_BYTES <= c->used) {
		uint32_t head = (uint32_t)dat_load(c->page + c->pos, 4, swap);
		uint32_t type_len = swap ? head >> DELTA_BITS : head & 31;
		uint32_t len = type_len * 4;

		if (likely(type_len - 1 < TYPE_LEN_MAX)) {
			c->time += swap ? head & ((1U << DELTA_BITS) - 1) : head >> 5;
			c->rec_pos = c->pos + HEAD_BYTES;
			c->rec_len = len;
			c->pos += HEAD_BYTES + len;
			*damaged = c->pos > c->used;
			return !*damaged;
		}
		if (step_special(c, head, swap, damaged))
			return true;
	}
	return false;
}

/* The rare kinds. True: c is at an event; else c->pos is behind what is none. */
static bool step_special(struct cursor *c, uint32_t head, bool swap, bool *damaged)
{
	uint32_t type_len = swap ? head >> DELTA_BITS : head & 31;
	uint64_t delta = swap ? head & ((1U << DELTA_BITS) - 1) : head >> 5;
	uint64_t word, before = c->time;

	if (type_len == TYPE_LEN_PADDING && !delta) {
		c->pos = c->used;
		return false;
	}
	if (c->pos + 2 * HEAD_BYTES > c->used)
		goto damage;
	word = dat_load(c->page + c->pos + HEAD_BYTES, 4, swap);
	switch (type_len) {
	case TYPE_LEN_EXTEND:
		c->time += (word << DELTA_BITS) + delta;
		c->pos += 2 * HEAD_BYTES;
		return false;
	case TYPE_LEN_STAMP:
		/* The top bits are those of the time before, plus one when it went round. */
		c->time = (before & ~((1ULL << STAMP_BITS) - 1)) | ((word << DELTA_BITS) + delta);
		if (c->time < before)
			c->time += 1ULL << STAMP_BITS;
		c->pos += 2 * HEAD_BYTES;
		return false;
	default:
		break;
	}
	/* A long or a discarded event: the length counts its own word. */
	if (word < 4 || word > c->used - c->pos - HEAD_BYTES)
		goto damage;
	c->rec_pos = c->pos + 2 * HEAD_BYTES;
	c->rec_len = (uint32_t)word - 4;
	c->pos += HEAD_BYTES + (((uint32_t)word + 3) & ~3U);
	if (type_len == TYPE_LEN_PADDING)
		return false;
	c->time += delta;
	return true;
damage:
	*damaged = true;
	c->pos = c->used;
	return false;
}

/* Begins the next page that holds something; false at the end of the CPU's data. */
static bool next_page(struct dat *dat, struct dat_cpu *cpu)
{
	const uint32_t size = dat->page_size, room = size - dat->data_offset;
	const unsigned char *page;
	uint64_t commit;

	cpu->page = NULL;
	if (cpu->pages_left < size) {
		if (cpu->pages_left)
			dat_damage(dat, cpu->pages_offset,
				   "the data of CPU %u at offset %llu: the file ends inside a page",
				   cpu->cpu, (unsigned long long)cpu->pages_offset);
		cpu->pages_left = 0;
		if (!dat_stream_next(dat, cpu))
			return false;
	}
	page = cpu->pages;
	cpu->page_offset = cpu->pages_offset;
	cpu->pages += size;
	cpu->pages_left -= size;
	/* Inside a chunk all pages are said to be where the chunk is. */
	if (!cpu->packed)
		cpu->pages_offset += size;
	commit = dat_load(page + 8, dat->commit_size, dat->swap);
	cpu->page = page + dat->data_offset;
	cpu->time = dat_load(page, 8, dat->swap);
	cpu->pos = 0;
	cpu->used = (uint32_t)commit & COMMIT_USED;
	if (cpu->used > room) {
		dat_damage(dat, cpu->page_offset,
			   "a page of CPU %u at offset %llu: %u bytes used of %u", cpu->cpu,
			   (unsigned long long)cpu->page_offset, cpu->used, room);
		cpu->used = 0;
		cpu->lost = cpu->unknown_loss = true;
	} else if (commit & COMMIT_MISSED) {
		uint64_t nr = 0;

		if (commit & COMMIT_STORED && cpu->used + dat->commit_size <= room)
			nr = dat_load(cpu->page + cpu->used, dat->commit_size, dat->swap);
		cpu->lost = true;
		cpu->lost_nr += nr;
		cpu->unknown_loss |= !nr;
	}
	return true;
}

static void load_cursor(struct cursor *c, const struct dat_cpu *cpu)
{
	c->page = cpu->page;
	c->pos = cpu->pos;
	c->used = cpu->used;
	c->time = cpu->time;
	c->rec_pos = cpu->rec_pos;
	c->rec_len = cpu->rec_len;
}

static void store_cursor(struct dat_cpu *cpu, const struct cursor *c)
{
	cpu->page = c->page;
	cpu->pos = c->pos;
	cpu->used = c->used;
	cpu->time = c->time;
	cpu->rec_pos = c->rec_pos;
	cpu->rec_len = c->rec_len;
}

static ALWAYS_INLINE uint64_t event_time(const struct dat *dat, uint64_t time)
{
	if (unlikely(dat->mult))
		time = (uint64_t)((unsigned __int128)time * dat->mult >> dat->shift);
	return time + (uint64_t)dat->ts_offset;
}

static ALWAYS_INLINE void run(struct dat *dat, struct dat_cpu *cpu, uint64_t limit,
			      struct event_batch *batch, bool long32)
{
	uint64_t time = cpu->rec_time;
	struct cursor c;

	load_cursor(&c, cpu);
	do {
		struct dat_record record = { c.page + c.rec_pos, c.rec_len, dat->swap };
		bool damaged = false;

		batch->events[batch->nr].time = time;
		if (likely(decode(dat, cpu, &record, batch, long32))) {
			if (unlikely(cpu->lost))
				note_loss(dat, cpu, batch);
			batch->nr++;
		}
		if (likely(step(&c, dat->swap, &damaged))) {
			time = event_time(dat, c.time);
			continue;
		}
		if (unlikely(damaged))
			note_damage(dat, cpu);
		c.pos = c.used;
		store_cursor(cpu, &c);
		dat_page_advance(dat, cpu);
		load_cursor(&c, cpu);
		time = cpu->rec_time;
	} while (cpu->has && time <= limit && batch->nr < batch->cap &&
		 batch->aux_len < DAT_AUX_MAX);
	store_cursor(cpu, &c);
	cpu->rec_time = time;
}

static void note_damage(struct dat *dat, struct dat_cpu *cpu)
{
	dat_damage(dat, cpu->page_offset,
		   "a page of CPU %u at offset %llu: an event reaches beyond it", cpu->cpu,
		   (unsigned long long)cpu->page_offset);
	cpu->lost = cpu->unknown_loss = true;
}

/* Events are missing before the batch's newest. */
static void note_loss(struct dat *dat, struct dat_cpu *cpu, const struct event_batch *batch)
{
	struct event *ev = &batch->events[batch->nr];

	ev->flags |= EVENT_F_LOST;
	trace_note_loss(dat->trace, cpu->cpu, cpu->lost_nr,
			dat->nr_delivered + batch->nr, ev->time);
	cpu->noted += cpu->lost_nr;
	cpu->lost = false;
	cpu->lost_nr = 0;
}

/* Into the batch's next event, whose time is set already. False: there is none to deliver. */
static ALWAYS_INLINE bool decode(struct dat *dat, const struct dat_cpu *cpu,
				 const struct dat_record *record, struct event_batch *batch,
				 bool long32)
{
	struct event *ev = &batch->events[batch->nr];
	const unsigned char *at = record->at;
	const struct dat_program *prog;
	bool ok = true;

	prog = record->len < COMMON_BYTES ? &dat->programs[0] :
	       &dat->programs[dat->program_of[dat_load(at, 2, record->swap)]];
	if (unlikely(prog->path == DAT_PATH_NONE)) {
		note_unparsed(dat, cpu); /* too short for an event */
		return false;
	}
	if (unlikely(record->len < prog->min_len)) {
		note_malformed(dat, cpu);
		return false;
	}
	ev->pid = (int32_t)dat_load(at + 4, 4, record->swap);
	ev->comm = dat_names_comm(&dat->names, ev->pid);
	ev->site = 0;
	ev->cpu = (uint16_t)cpu->cpu;
	ev->type = prog->type;
	ev->flags = dat->flags[at[2]];
	memset(ev->raw, 0, sizeof(ev->raw));
	switch ((enum dat_path)prog->path) {
	case DAT_PATH_ALLOC:
		ok = decode_alloc(dat, prog, record, ev, long32);
		break;
	case DAT_PATH_FREE:
		ev->site = dat_names_site(&dat->names, load_long(at + prog->site, long32));
		ev->slab.ptr = load_long(at + prog->ptr, long32);
		ev->slab.node = -1;
		ev->slab.name = load_word(dat, prog, record);
		break;
	case DAT_PATH_PAGE:
		ok = decode_page(dat, prog, record, ev, long32);
		break;
	case DAT_PATH_OPS:
		ok = dat_program_run(dat, prog, record, ev, batch);
		break;
	case DAT_PATH_OTHER:
	case DAT_PATH_NONE:
	default:
		if (prog->type == EVENT_OTHER)
			ev->other.name = prog->name;
		break;
	}
	if (unlikely(!ok))
		note_malformed(dat, cpu);
	return ok;
}

static ALWAYS_INLINE bool decode_alloc(struct dat *dat, const struct dat_program *prog,
				       const struct dat_record *record, struct event *ev,
				       bool long32)
{
	const unsigned char *at = record->at;
	bool accounted = false;

	ev->site = dat_names_site(&dat->names, load_long(at + prog->site, long32));
	ev->slab.ptr = load_long(at + prog->ptr, long32);
	ev->slab.bytes_req = load_long(at + prog->req, long32);
	ev->slab.bytes_alloc = load_long(at + prog->alloc, long32);
	ev->slab.gfp = load_mask(dat, prog, record, &accounted);
	ev->slab.name = load_word(dat, prog, record);
	if (prog->accounted != DAT_ABSENT)
		accounted = at[prog->accounted] != 0;
	ev->slab.accounted = accounted;
	ev->slab.node = -1;
	if (prog->node != DAT_ABSENT) {
		int32_t node = (int32_t)load32(at + prog->node);

		ev->slab.node = (int16_t)node;
		if (unlikely(ev->slab.node != node))
			return false;
	}
	if (unlikely(!ev->slab.ptr))
		ev->flags |= EVENT_F_FAILED;
	return true;
}

static ALWAYS_INLINE bool decode_page(struct dat *dat, const struct dat_program *prog,
				      const struct dat_record *record, struct event *ev,
				      bool long32)
{
	const unsigned char *at = record->at;
	uint32_t order = 0, migratetype = 0;
	bool accounted;

	ev->page.pfn = load_long(at + prog->pfn, long32);
	if (prog->gfp != DAT_ABSENT)
		ev->page.gfp = load_mask(dat, prog, record, &accounted);
	if (prog->order != DAT_ABSENT)
		order = load32(at + prog->order);
	if (prog->migratetype != DAT_ABSENT)
		migratetype = load32(at + prog->migratetype);
	if (prog->refill != DAT_ABSENT)
		ev->page.percpu_refill = load32(at + prog->refill) != 0;
	if (unlikely((order | migratetype) > UINT8_MAX))
		return false;
	ev->page.order = (uint8_t)order;
	ev->page.migratetype = (uint8_t)migratetype;
	/* All ones of a 32-bit long, or 0 for no page. */
	if (unlikely(!ev->page.pfn || ev->page.pfn == UINT32_MAX ||
		     ev->page.pfn == EVENT_PFN_FAILED))
		event_settle(ev);
	return true;
}

static ALWAYS_INLINE uint32_t load_mask(struct dat *dat, const struct dat_program *prog,
					const struct dat_record *record, bool *accounted)
{
	const unsigned char *at = record->at + prog->gfp;
	uint64_t raw = load_long(at, prog->gfp_size == 4);
	const struct dat_mask_slot *slot = &prog->masks[raw * 0x9e3779b97f4a7c15ULL >> 58];

	if (unlikely(slot->raw != raw || !slot->valid))
		slot = dat_program_mask(dat, prog, raw, record);
	if (unlikely(slot->gfp & GFP_BIT_UNKNOWN))
		dat_gfp_note(dat, raw);
	*accounted = slot->accounted;
	return slot->gfp;
}

static ALWAYS_INLINE uint32_t load_word(struct dat *dat, const struct dat_program *prog,
					const struct dat_record *record)
{
	uint32_t loc, offset, len;

	if (prog->word == DAT_ABSENT)
		return 0;
	loc = load32(record->at + prog->word);
	offset = loc & 0xffff;
	len = loc >> 16;
	if (unlikely(offset + len > record->len))
		return 0;
	return dat_names_word(&dat->names, (const char *)record->at + offset, len);
}

static NOINLINE void note_malformed(struct dat *dat, const struct dat_cpu *cpu)
{
	if (!dat->trace->info.nr_malformed++)
		dat->trace->info.first_malformed = cpu->page_offset;
}

static NOINLINE void note_unparsed(struct dat *dat, const struct dat_cpu *cpu)
{
	if (!dat->trace->info.nr_unparsed++)
		dat->trace->info.first_unparsed = cpu->page_offset;
}
