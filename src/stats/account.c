/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounting by call site, cache, size, order, owner, mask and task.
 *
 * Every key becomes a small number once (call sites and caches already are), so that each table is
 * an array and a call costs one row update a table. Rows are in order of their numbers, and those
 * in order of appearance, which makes all output the same from run to run. A live slot remembers
 * the numbers of its allocation (account_slot.c), so that its free finds the same rows.
 */
#include <config.h>

#include "kmreplay/stats/account.h"

#include "account_internal.h"

#include <string.h>

struct account_table {
	struct vec(struct account_row) rows; /* by id; rows[i].allocs + failed == 0: not used */
};

struct account_space_state {
	struct account_row total;
	struct hist total_life;
	uint64_t alien_frees;
	struct account_table tables[ACCOUNT_BY_NR];
};

struct account {
	struct account_slots slots;
	struct account_keys sizes, gfps, pids;
	struct account_space_state spaces[ACCOUNT_SPACE_NR];
	uint32_t wanted;                  /* bits 1 << enum account_space */
	uint8_t tables[ACCOUNT_SPACE_NR]; /* bits 1 << enum account_by that are kept */
};

/* How many calls ahead the memory of a slot is asked for: about the time of one memory access. */
#define PREFETCH_AHEAD 12

#define BY(suffix) (1U << ACCOUNT_BY_##suffix)

static const uint8_t space_tables[ACCOUNT_SPACE_NR] = {
	[ACCOUNT_OBJECTS] = BY(SITE) | BY(CACHE) | BY(SIZE) | BY(GFP) | BY(PID),
	[ACCOUNT_PAGES] = BY(SITE) | BY(ORDER) | BY(OWNER) | BY(GFP) | BY(PID),
	[ACCOUNT_VMAP] = BY(SITE) | BY(SIZE) | BY(PID),
	[ACCOUNT_PERCPU] = BY(SITE) | BY(SIZE) | BY(GFP) | BY(PID),
	[ACCOUNT_CMA] = BY(CACHE) | BY(SIZE) | BY(PID),
};

/* Tables whose rows keep histograms of lifetimes. */
#define TABLES_WITH_LIFE (BY(SITE) | BY(CACHE) | BY(ORDER))

static void table_deinit(struct account_table *table);
static void row_life_drop(struct account_row *row);
static void account_call_one(struct account *a, const struct account_call *call);
static void count_alloc(struct account *a, const struct account_call *call);
static void count_free(struct account *a, const struct account_object *object,
		       const struct account_call *call, bool seen);
static struct account_object object_of(struct account *a, const struct account_call *call);
static uint32_t row_id(const struct account_object *object, unsigned int by);
static struct account_row *row_at(struct account_table *table, uint32_t id);
static void row_alloc(struct account_row *row, uint64_t req, uint64_t alloc, uint64_t time);
static void row_life(struct account_row *row, uint64_t life, bool pingpong);
static void row_life_hist(struct account_row *row, uint64_t life);
static void row_add(struct account_row *row, const struct account_row *from);
static uint64_t row_key(const struct account *a, enum account_by by, size_t id);

struct account *account_create(uint32_t spaces, uint32_t tables)
{
	struct account *a = xcalloc(1, sizeof(*a));

	a->wanted = spaces;
	for (int i = 0; i < ACCOUNT_SPACE_NR; i++)
		a->tables[i] = space_tables[i] & (uint8_t)tables;
	for (int i = 0; i < ACCOUNT_SPACE_NR; i++) {
		hist_init(&a->spaces[i].total_life, HIST_FINE);
		a->spaces[i].total.life = &a->spaces[i].total_life;
	}
	return a;
}

void account_destroy(struct account *a)
{
	if (!a)
		return;
	for (int i = 0; i < ACCOUNT_SPACE_NR; i++) {
		hist_deinit(&a->spaces[i].total_life);
		for (int by = 0; by < ACCOUNT_BY_NR; by++)
			table_deinit(&a->spaces[i].tables[by]);
	}
	account_keys_deinit(&a->sizes);
	account_keys_deinit(&a->gfps);
	account_keys_deinit(&a->pids);
	account_slots_deinit(&a->slots);
	free(a);
}

void account_calls(struct account *a, const struct account_call *calls, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (i + PREFETCH_AHEAD < nr)
			account_slots_prefetch(&a->slots, calls[i + PREFETCH_AHEAD].slot);
		account_call_one(a, &calls[i]);
	}
}

const struct account_row *account_total(const struct account *a, enum account_space space)
{
	BUG_ON(space >= ACCOUNT_SPACE_NR);
	return &a->spaces[space].total;
}

uint64_t account_alien_frees(const struct account *a, enum account_space space)
{
	BUG_ON(space >= ACCOUNT_SPACE_NR);
	return a->spaces[space].alien_frees;
}

bool account_has(enum account_space space, enum account_by by)
{
	return space < ACCOUNT_SPACE_NR && by < ACCOUNT_BY_NR &&
	       (space_tables[space] & 1U << by) != 0;
}

void account_collect(const struct account *a, enum account_space space, enum account_by by,
		     struct account_lines *lines)
{
	const struct account_table *table;

	BUG_ON(!account_has(space, by));
	table = &a->spaces[space].tables[by];
	for (size_t i = 0; i < table->rows.nr; i++) {
		const struct account_row *row = &table->rows.items[i];

		if (row->allocs || row->failed)
			vec_push(lines, ((struct account_line){ row_key(a, by, i), *row }));
	}
}

void account_fold(struct account *a, enum account_space space, enum account_by by, uint32_t from,
		  uint32_t to)
{
	struct account_table *table;
	struct account_row *row, *target;

	BUG_ON(!account_has(space, by) || (by != ACCOUNT_BY_SITE && by != ACCOUNT_BY_CACHE));
	table = &a->spaces[space].tables[by];
	if (from == to || from >= table->rows.nr)
		return;
	target = row_at(table, to);
	row = row_at(table, from);
	row_add(target, row);
	row_life_drop(row);
	*row = (struct account_row){ 0 };
}

static void table_deinit(struct account_table *table)
{
	for (size_t i = 0; i < table->rows.nr; i++)
		row_life_drop(&table->rows.items[i]);
	vec_deinit(&table->rows);
}

static void row_life_drop(struct account_row *row)
{
	if (row->life)
		hist_deinit(row->life);
	free(row->life);
	row->life = NULL;
}

static void account_call_one(struct account *a, const struct account_call *call)
{
	struct account_object object;

	BUG_ON(call->space >= ACCOUNT_SPACE_NR);
	if (!(a->wanted & 1U << call->space))
		return;
	switch ((enum account_kind)call->kind) {
	case ACCOUNT_ALLOC:
		count_alloc(a, call);
		return;
	case ACCOUNT_FREE:
	case ACCOUNT_FREE_UNSEEN:
		if (account_slots_take(&a->slots, call->slot, &object))
			count_free(a, &object, call, call->kind == ACCOUNT_FREE);
		else
			a->spaces[call->space].alien_frees++;
		return;
	case ACCOUNT_FREE_ALIEN:
		a->spaces[call->space].alien_frees++;
		return;
	case ACCOUNT_FAILED:
		object = object_of(a, call);
		a->spaces[call->space].total.failed++;
		for (unsigned int set = a->tables[call->space]; set; set &= set - 1) {
			unsigned int by = bits_ctz(set);

			row_at(&a->spaces[call->space].tables[by], row_id(&object, by))->failed++;
		}
		return;
	}
	BUG_ON(true);
}

static void count_alloc(struct account *a, const struct account_call *call)
{
	struct account_space_state *space = &a->spaces[call->space];
	struct account_object object;

	if (unlikely(account_slots_take(&a->slots, call->slot, &object)))
		count_free(a, &object, call, false);
	object = object_of(a, call);
	account_slots_put(&a->slots, call->slot, &object);
	row_alloc(&space->total, call->bytes_req, call->bytes_alloc, call->time);
	for (unsigned int set = a->tables[call->space]; set; set &= set - 1) {
		unsigned int by = bits_ctz(set);

		row_alloc(row_at(&space->tables[by], row_id(&object, by)), call->bytes_req,
			  call->bytes_alloc, call->time);
	}
}

/* "object" has just been taken from its slot. Its own space counts, whatever the call says. */
static void count_free(struct account *a, const struct account_object *object,
		       const struct account_call *call, bool seen)
{
	struct account_space_state *space = &a->spaces[object->space];
	uint64_t alloc = a->sizes.keys.items[object->size_id];
	uint64_t life = call->time > object->time ? call->time - object->time : 0;
	bool pingpong = call->cpu != object->cpu;

	for (unsigned int set = a->tables[object->space] | 1U << ACCOUNT_BY_NR; set;
	     set &= set - 1) {
		unsigned int by = bits_ctz(set);
		struct account_row *row =
			by == ACCOUNT_BY_NR ? &space->total
					    : &space->tables[by].rows.items[row_id(object, by)];

		row->frees++;
		row->freed_req += object->bytes_req;
		row->freed_alloc += alloc;
		if (!seen) {
			row->unseen++;
			continue;
		}
		row_life(row, life, pingpong);
		if ((TABLES_WITH_LIFE | 1U << ACCOUNT_BY_NR) & 1U << by)
			row_life_hist(row, life);
	}
}

static struct account_object object_of(struct account *a, const struct account_call *call)
{
	return (struct account_object){
		.time = call->time,
		.bytes_req = call->bytes_req,
		.site = call->site <= ACCOUNT_SITE_MAX ? call->site : 0,
		.cache = call->cache,
		.size_id = account_keys_id(&a->sizes, call->bytes_alloc),
		.gfp_id = account_keys_id(&a->gfps, call->gfp),
		.pid_id = account_keys_id(&a->pids, (uint32_t)call->pid),
		.cpu = call->cpu,
		.space = call->space,
		.order = call->order,
		.owner = call->owner,
	};
}

static ALWAYS_INLINE uint32_t row_id(const struct account_object *object, unsigned int by)
{
	switch ((enum account_by)by) {
	case ACCOUNT_BY_SITE:
		return object->site;
	case ACCOUNT_BY_CACHE:
		return object->cache;
	case ACCOUNT_BY_SIZE:
		return object->size_id;
	case ACCOUNT_BY_ORDER:
		return object->order;
	case ACCOUNT_BY_OWNER:
		return object->owner;
	case ACCOUNT_BY_GFP:
		return object->gfp_id;
	case ACCOUNT_BY_PID:
		return object->pid_id;
	case ACCOUNT_BY_NR:
		break;
	}
	return 0;
}

static ALWAYS_INLINE struct account_row *row_at(struct account_table *table, uint32_t id)
{
	if (unlikely(id >= table->rows.nr))
		vec_extend_zeroed(&table->rows, (size_t)id + 1);
	return &table->rows.items[id];
}

static ALWAYS_INLINE void row_alloc(struct account_row *row, uint64_t req, uint64_t alloc,
				    uint64_t time)
{
	uint64_t live;

	row->allocs++;
	row->bytes_req += req;
	row->bytes_alloc += alloc;
	live = row->bytes_alloc - row->freed_alloc;
	if (live > row->peak_alloc) {
		row->peak_alloc = live;
		row->peak_req = row->bytes_req - row->freed_req;
		row->peak_time = time;
	}
}

static ALWAYS_INLINE void row_life(struct account_row *row, uint64_t life, bool pingpong)
{
	row->pingpong += pingpong;
	row->life_sum += life;
	if (life > row->life_max)
		row->life_max = life;
}

static ALWAYS_INLINE void row_life_hist(struct account_row *row, uint64_t life)
{
	if (unlikely(!row->life)) {
		row->life = xmalloc(sizeof(*row->life));
		hist_init(row->life, HIST_COARSE);
	}
	hist_record(row->life, life);
}

static void row_add(struct account_row *row, const struct account_row *from)
{
	row->allocs += from->allocs;
	row->bytes_req += from->bytes_req;
	row->bytes_alloc += from->bytes_alloc;
	row->peak_alloc += from->peak_alloc;
	row->peak_req += from->peak_req;
	row->peak_time = MAX(row->peak_time, from->peak_time);
	row->frees += from->frees;
	row->freed_req += from->freed_req;
	row->freed_alloc += from->freed_alloc;
	row->unseen += from->unseen;
	row->pingpong += from->pingpong;
	row->failed += from->failed;
	row->life_sum += from->life_sum;
	row->life_max = MAX(row->life_max, from->life_max);
	if (!from->life)
		return;
	if (!row->life) {
		row->life = xmalloc(sizeof(*row->life));
		hist_init(row->life, HIST_COARSE);
	}
	hist_merge(row->life, from->life);
}

static uint64_t row_key(const struct account *a, enum account_by by, size_t id)
{
	switch (by) {
	case ACCOUNT_BY_SIZE:
		return a->sizes.keys.items[id];
	case ACCOUNT_BY_GFP:
		return a->gfps.keys.items[id];
	case ACCOUNT_BY_PID:
		return a->pids.keys.items[id];
	case ACCOUNT_BY_SITE:
	case ACCOUNT_BY_CACHE:
	case ACCOUNT_BY_ORDER:
	case ACCOUNT_BY_OWNER:
	case ACCOUNT_BY_NR:
		break;
	}
	return id;
}
