/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenarios' machine: circumstances of calls, the last call, what is expected of it. */
#include <config.h>

#include "machine_internal.h"

#include "kmreplay/mm/gfp_policy.h"
#include "kmreplay/mm/page.h"
#include "kmreplay/mm/slab.h"
#include "kmreplay/mm/vmalloc.h"

#include <string.h>

/* Word "i" of those that there are; NULL after the last. */
typedef const struct gfp_circumstance *word_fn(unsigned int i);

static void pass_on(void *ctx, const struct mm_tapped *call);
static bool make_call(void *ctx, const struct scenario_call *call, struct scenario_value *ret,
		      struct error *err);
static bool property(void *ctx, unsigned int property, struct scenario_value *ret,
		     struct error *err);
static uint64_t alignment(const struct last_call *last);
static bool wrong_time(const struct calling *c, enum scenario_when when);
static bool failed(void *ctx, const char **why);
static bool set_cpu(void *ctx, uint64_t cpu, struct error *err);
static bool set_context(void *ctx, const char *name, struct error *err);
static bool change_scope(void *ctx, const char *name, bool begin, struct error *err);
static void set_task(void *ctx, const char *name, uint64_t pid);
static bool may_sleep(void *ctx, struct error *err);
static void pass(void *ctx, uint64_t ns);
static uint64_t now(void *ctx);
static void interrupt(void *ctx, bool begin, uint64_t cpu, const struct scenario_place *place);
static void tell_section(void *ctx, const char *title);
static void tell_print(void *ctx, const char *text);
static void tell_expected(void *ctx, const struct scenario_place *place, bool met,
			  const char *text);
static bool do_stop(void *ctx);
static bool find_word(const char *what, const char *name, word_fn *words, unsigned int *ret,
		      struct error *err);
static const struct gfp_circumstance *context_word(unsigned int i);

enum {
	PROPERTY_PFN, PROPERTY_ZONE, PROPERTY_NODE, PROPERTY_KSIZE, PROPERTY_ALIGN, PROPERTY_PATH,
	PROPERTY_COST, PROPERTY_STEPS,
};

static const struct scenario_property properties[] = {
	[PROPERTY_PFN] = { "pfn", SCENARIO_INT, "number of the first page frame" },
	[PROPERTY_ZONE] = { "zone", SCENARIO_TEXT, "zone that it lies in" },
	[PROPERTY_NODE] = { "node", SCENARIO_INT, "NUMA node that it lies on" },
	[PROPERTY_KSIZE] = { "ksize", SCENARIO_INT, "bytes that may be used" },
	[PROPERTY_ALIGN] = { "align", SCENARIO_INT, "largest power of two dividing its address" },
	[PROPERTY_PATH] = { "path", SCENARIO_TEXT, "slowest path that the call took" },
	[PROPERTY_COST] = { "cost", SCENARIO_INT, "modelled time that the call took, in ns" },
	[PROPERTY_STEPS] = { "steps", SCENARIO_INT, "blocks split, merged, searched" },
};

struct scenario_machine *scenario_machine_create(const struct scenario_sink *sink, void *ctx,
						 bool explain)
{
	struct scenario_machine *m = xcalloc(1, sizeof(*m));

	m->sink = sink;
	m->ctx = ctx;
	m->explain = explain;
	m->dma_mask = UINT32_MAX; /* what a device has that says nothing */
	u64map_init(&m->block_at);
	return m;
}

void scenario_machine_destroy(struct scenario_machine *m)
{
	if (!m)
		return;
	scenario_pools_destroy(m->pools);
	machine_destroy(m->machine);
	scenario_boot_destroy(m->boot);
	scenario_sg_deinit(m);
	u64map_deinit(&m->block_at);
	vec_deinit(&m->blocks);
	vec_deinit(&m->cache);
	vec_deinit(&m->interrupted);
	str_deinit(&m->text);
	str_deinit(&m->detail);
	free(m);
}

const struct scenario_host *scenario_machine_host(void)
{
	static const struct scenario_host host = {
		.function = scenario_function,
		.has = scenario_has,
		.absent = scenario_absent,
		.properties = properties,
		.nr_properties = ARRAY_SIZE(properties),
		.constant = scenario_constant,
		.constant_name = scenario_constant_name,
		.call = make_call,
		.property = property,
		.failed = failed,
		.set_cpu = set_cpu,
		.set_context = set_context,
		.scope = change_scope,
		.set_task = set_task,
		.may_sleep = may_sleep,
		.pass = pass,
		.now = now,
		.interrupt = interrupt,
		.section = tell_section,
		.print = tell_print,
		.expected = tell_expected,
		.stop = do_stop,
	};

	return &host;
}

bool scenario_machine_start(struct scenario_machine *m, const struct machine_config *config,
			    struct error *err)
{
	BUG_ON(m->machine);
	m->kernel = config->kernel;
	m->arch = config->arch;
	m->nr_cpus = MAX(config->nr_cpus, 1U);
	m->boot = scenario_boot_create(config);
	return scenario_machine_build(m, config, err);
}

bool scenario_machine_build(struct scenario_machine *m, const struct machine_config *config,
			    struct error *err)
{
	static const struct machine_ops ops = {
		.moved = scenario_moved,
		.reclaim = scenario_reclaim,
		.oom = scenario_oom,
		.own_objects = true,
	};

	const uint64_t now = scenario_machine_now(m);

	machine_destroy(m->machine);
	m->machine = machine_create(config, &ops, m, err);
	if (!m->machine)
		return false;
	m->pages = machine_pages(m->machine);
	m->slab = machine_slab(m->machine);
	m->vmalloc = machine_vmalloc(m->machine);
	m->percpu = machine_percpu(m->machine);
	scenario_pools_create(m, config);
	machine_advance(m->machine, now);
	return true;
}

bool scenario_machine_check(const struct scenario_machine *m, struct error *err)
{
	return machine_check(m->machine, err);
}

void scenario_machine_finish(struct scenario_machine *m)
{
	scenario_tell_mistake(m);
}

const struct scenario_totals *scenario_machine_totals(const struct scenario_machine *m)
{
	return &m->totals;
}

void scenario_machine_tap(struct scenario_machine *m, scenario_tap_fn *tell, void *ctx)
{
	m->tapped = tell;
	m->tapped_ctx = ctx;
	m->tap = (struct mm_tap){ .tell = pass_on, .ctx = m };
	machine_set_tap(m->machine, &m->tap);
}

static void pass_on(void *ctx, const struct mm_tapped *call)
{
	const struct scenario_machine *m = ctx;
	const struct scenario_tapped tapped = {
		.call = call,
		.now_ns = machine_now(m->machine),
		.place = m->place,
		.softirq = m->context & PAGE_CTX_SOFTIRQ,
		.hardirq = (m->context & PAGE_CTX_IRQ) && !(m->context & PAGE_CTX_SOFTIRQ),
		.task = m->task,
		.pid = (int32_t)m->pid,
	};

	m->tapped(m->tapped_ctx, &tapped);
}

uint64_t scenario_machine_now(const struct scenario_machine *m)
{
	return m->machine ? machine_now(m->machine) : 0;
}

unsigned int scenario_context(const struct scenario_machine *m)
{
	unsigned int context = m->context;

	for (unsigned int i = 0; i < SCENARIO_NR_SCOPES; i++)
		if (m->scopes[i])
			context |= gfp_scope_word(i)->context;
	return context;
}

bool scenario_gave(struct calling *c, struct mm_outcome out)
{
	c->m->last.out = out;
	c->m->last.type = c->m->last.type == SCENARIO_NOTHING ? SCENARIO_ADDRESS : c->m->last.type;
	c->m->last.at = mm_ok(out) ? out.addr : 0;
	c->ret->number = c->m->last.at;
	return true;
}

bool scenario_freed(struct calling *c, struct mm_outcome out, uint64_t at)
{
	c->m->last.out = out;
	c->m->last.type = SCENARIO_NOTHING;
	c->m->last.at = at;
	if (out.failure == MM_FAIL_INVALID)
		return scenario_mistake(c, "0x%llx is not allocated", (unsigned long long)at);
	return true;
}

bool scenario_mistake(struct calling *c, const char *fmt, ...)
{
	struct last_call *last = &c->m->last;
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	last->out.failure = MM_FAIL_INVALID;
	last->out.addr = 0;
	last->at = 0;
	last->mistake = true;
	memcpy(last->why, str_text(&text), MIN(text.len + 1, sizeof(last->why)));
	last->why[sizeof(last->why) - 1] = 0;
	last->place = c->call->place;
	c->ret->number = 0;
	str_deinit(&text);
	return true;
}

bool scenario_answer(struct calling *c, scenario_int number)
{
	*c->ret = (struct scenario_value){ .type = SCENARIO_INT, .number = number };
	return true;
}

/* Who asks counts for all layers. */
static void before_call(struct scenario_machine *m)
{
	if (!m->machine || scenario_is_booting(m))
		return;
	m->tables_before = vmalloc_nr_tables(m->vmalloc);
	machine_set_context(m->machine, scenario_context(m));
}

static bool make_call(void *ctx, const struct scenario_call *call, struct scenario_value *ret,
		      struct error *err)
{
	struct scenario_machine *m = ctx;
	const struct scenario_row *row = &scenario_rows[call->function];
	struct calling c = { .m = m, .call = call, .ret = ret, .err = err };

	*ret = (struct scenario_value){ .type = row->function.result };
	if (row->query)
		return row->call(&c);
	m->place = call->place;
	scenario_tell_mistake(m);
	memset(&m->last, 0, sizeof(m->last));
	m->last.type = row->function.result;
	before_call(m);
	if (!row->query && wrong_time(&c, row->when))
		scenario_mistake(&c, scenario_is_booting(m) ?
					     "the page allocator is not there yet: only memblock" :
					     "memblock is for boot ('context boot' before all calls)");
	else if (!row->call(&c))
		return false;
	m->totals.nr_calls++;
	m->totals.nr_failed += !mm_ok(m->last.out);
	m->totals.nr_mistakes += m->last.mistake;
	m->totals.cost_ns += m->last.out.cost_ns;
	machine_spend(m->machine, m->last.out.cost_ns);
	if (m->explain)
		scenario_tell_call(m, call, ret);
	return true;
}

static bool wrong_time(const struct calling *c, enum scenario_when when)
{
	return when != SCENARIO_ALWAYS && scenario_is_booting(c->m) != (when == SCENARIO_BOOTING);
}

static bool property(void *ctx, unsigned int property, struct scenario_value *ret,
		     struct error *err)
{
	const struct scenario_machine *m = ctx;
	const struct last_call *last = &m->last;
	const uint64_t pfn = scenario_last_pfn(m);

	*ret = (struct scenario_value){ .type = properties[property].type };
	if (property <= PROPERTY_NODE && !pfn)
		return error_set(err, "the last call gave no memory that has a page frame");
	switch (property) {
	case PROPERTY_PFN:
		ret->number = pfn;
		break;
	case PROPERTY_ZONE:
		ret->text = scenario_zone_name(m, pfn);
		break;
	case PROPERTY_NODE:
		ret->number = scenario_node_of(m, pfn);
		break;
	case PROPERTY_KSIZE:
		ret->number = slab_ksize(m->slab, last->at);
		break;
	case PROPERTY_ALIGN:
		ret->number = alignment(last);
		break;
	case PROPERTY_PATH:
		ret->text = mm_path_name((enum mm_path)last->out.path);
		break;
	case PROPERTY_COST:
		ret->number = last->out.cost_ns;
		break;
	default:
		ret->number = last->out.steps;
		break;
	}
	return true;
}

/* Of the address; of pages, that of the direct map, which itself begins at a multiple of them. */
static uint64_t alignment(const struct last_call *last)
{
	const unsigned int shift = last->type == SCENARIO_PAGE ? KERNEL_PAGE_SHIFT : 0;

	return (last->at & -last->at) << shift;
}

/* Who asks has expected it: a mistake is none then. */
static bool failed(void *ctx, const char **why)
{
	struct scenario_machine *m = ctx;

	if (mm_ok(m->last.out))
		return false;
	*why = mm_failure_name((enum mm_failure)m->last.out.failure);
	m->totals.nr_mistakes -= m->last.mistake;
	m->last.mistake = false;
	return true;
}

static bool set_cpu(void *ctx, uint64_t cpu, struct error *err)
{
	struct scenario_machine *m = ctx;

	if (cpu >= m->nr_cpus)
		return error_set(err, "there is no CPU %llu: the machine has %u ('set machine.cpus %llu')",
				 (unsigned long long)cpu, m->nr_cpus, (unsigned long long)cpu + 1);
	m->cpu = (unsigned int)cpu;
	return true;
}

static bool set_context(void *ctx, const char *name, struct error *err)
{
	struct scenario_machine *m = ctx;
	const struct gfp_circumstance *word;
	unsigned int i;

	if (!strcmp(name, "boot")) {
		m->context = 0;
		return scenario_boot_begin(m, err);
	}
	if (!find_word("context", name, context_word, &i, err))
		return false;
	word = context_word(i);
	m->context = word->context;
	return scenario_boot_end(m, err);
}

static bool change_scope(void *ctx, const char *name, bool begin, struct error *err)
{
	struct scenario_machine *m = ctx;
	unsigned int i;

	if (!find_word("scope", name, gfp_scope_word, &i, err))
		return false;
	BUG_ON(i >= SCENARIO_NR_SCOPES);
	m->scopes[i] += begin ? 1 : -1U;
	return true;
}

/* Nobody is chosen by the OOM killer here; "boot" stands last. */
static const struct gfp_circumstance *context_word(unsigned int i)
{
	static const struct gfp_circumstance boot = { "boot", 0 };
	const struct gfp_circumstance *word = gfp_context_word(i);

	if (word && word->context != PAGE_CTX_VICTIM)
		return word;
	return word ? &boot : NULL;
}

static void set_task(void *ctx, const char *name, uint64_t pid)
{
	struct scenario_machine *m = ctx;

	m->task = name;
	m->pid = pid;
}

static bool may_sleep(void *ctx, struct error *err)
{
	const struct scenario_machine *m = ctx;

	return !(m->context & PAGE_CTX_IRQ) || error_set(err, "an interrupt cannot sleep");
}

static void pass(void *ctx, uint64_t ns)
{
	struct scenario_machine *m = ctx;

	machine_advance(m->machine, ns);
}

static uint64_t now(void *ctx)
{
	return scenario_machine_now(ctx);
}

static void interrupt(void *ctx, bool begin, uint64_t cpu, const struct scenario_place *place)
{
	struct scenario_machine *m = ctx;

	if (!begin) {
		scenario_tell_mistake(m);
		m->cpu = (unsigned int)cpu;
		m->context = m->interrupted.items[--m->interrupted.nr].context;
		memcpy(m->scopes, m->interrupted.items[m->interrupted.nr].scopes,
		       sizeof(m->scopes));
		m->last = m->interrupted.items[m->interrupted.nr].last;
		m->place = m->interrupted.items[m->interrupted.nr].place;
		return;
	}
	vec_extend_zeroed(&m->interrupted, m->interrupted.nr + 1);
	m->interrupted.items[m->interrupted.nr - 1].context = m->context;
	memcpy(m->interrupted.items[m->interrupted.nr - 1].scopes, m->scopes, sizeof(m->scopes));
	m->interrupted.items[m->interrupted.nr - 1].last = m->last;
	m->interrupted.items[m->interrupted.nr - 1].place = m->place;
	m->cpu = (unsigned int)cpu;
	m->context = PAGE_CTX_IRQ | PAGE_CTX_SOFTIRQ;
	memset(m->scopes, 0, sizeof(m->scopes));
	memset(&m->last, 0, sizeof(m->last));
	if (m->explain)
		m->sink->tell(m->ctx, SCENARIO_INTERRUPTED, place, NULL, NULL);
}

/* The number of "name" among the words; false and "err" with all of them: it is none. */
static bool find_word(const char *what, const char *name, word_fn *words, unsigned int *ret,
		      struct error *err)
{
	struct str text = { 0 };

	for (*ret = 0; words(*ret); ++*ret) {
		if (!strcmp(words(*ret)->name, name)) {
			str_deinit(&text);
			return true;
		}
		str_addf(&text, "%s%s", *ret ? words(*ret + 1) ? ", " : " or " : "",
			 words(*ret)->name);
	}
	error_set(err, "there is no %s '%.64s': expected %s", what, name, str_text(&text));
	str_deinit(&text);
	return false;
}

static void tell_section(void *ctx, const char *title)
{
	struct scenario_machine *m = ctx;

	scenario_tell_mistake(m);
	m->sink->tell(m->ctx, SCENARIO_SECTION, NULL, title, NULL);
}

static void tell_print(void *ctx, const char *text)
{
	struct scenario_machine *m = ctx;

	m->sink->tell(m->ctx, SCENARIO_PRINTED, NULL, text, NULL);
}

static void tell_expected(void *ctx, const struct scenario_place *place, bool met,
			  const char *text)
{
	struct scenario_machine *m = ctx;

	if (met)
		m->totals.nr_met++;
	else
		m->totals.nr_missed++;
	m->sink->tell(m->ctx, met ? SCENARIO_MET : SCENARIO_MISSED, place, text, NULL);
}

static bool do_stop(void *ctx)
{
	struct scenario_machine *m = ctx;

	return m->sink->stop && m->sink->stop(m->ctx);
}
