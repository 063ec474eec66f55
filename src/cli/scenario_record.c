/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as a recording: it runs on the machine that it asks for, and what a recording kernel
 * there would have told of it is kept as JSON lines, which the commands then read like any other
 * recording. Options of the command do not change that machine: they are of the replay.
 */
#include <config.h>

#include "scenario_record.h"

#include "cli_internal.h"
#include "command.h"
#include "run_source.h"
#include "scenario_job.h"

#include "kmreplay/core/xalloc.h"
#include "kmreplay/event/print.h"
#include "kmreplay/mm/tap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_AT = 1 << 18 };

/* The newest release whose rules are known. */
static const struct kernel_version newest = { 7, 2 };
/* The first one with events of vmalloc. */
static const struct kernel_version vmalloc_events = { 6, 2 };

struct recording {
	struct scenario_job job;
	struct kernel_version kernel;
	char release[32];
	char task[16 + 1]; /* unless the scenario names one: its own name */
	const char *base;  /* the path's last part */
	struct event_names names;
	struct event_printer printer;
	uint64_t last_ns;
	struct str out;
	int fd;
	bool failed;
};

static int record(struct recording *rec, const struct cli *cli);
static void begin(struct recording *rec);
static void hear(void *ctx, const struct scenario_tapped *tapped);
static bool fill(struct recording *rec, const struct mm_tapped *call, struct event *ev);
static void fill_slab(struct recording *rec, const struct mm_tapped *call, struct event *ev);
static void fill_area(const struct mm_tapped *call, struct event *ev);
static void fill_percpu(const struct mm_tapped *call, struct event *ev);
static uint32_t site_of(struct recording *rec, const struct scenario_place *place);
static uint32_t text_of(struct recording *rec, const char *text);
static void flush(struct recording *rec);
static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called);
static bool stop(void *ctx);
static void warn(const struct recording *rec);
static int add_settings(struct cli *cli, const char *path);
static void add_option(struct cli *cli, size_t *at, char *text);
static const struct cli_option *set_option(void);

static const struct scenario_sink sink = { .tell = tell, .stop = stop };

bool cli_is_scenario(const char *path)
{
	static const char end[] = ".kms";
	const size_t len = strlen(path);

	return len >= strlen(end) && !strcmp(path + len - strlen(end), end);
}

int cli_record_scenario(struct cli_input *in)
{
	struct recording rec = { .job.name = in->path };
	int status = EXIT_INPUT;

	rec.base = strrchr(in->path, '/') ? strrchr(in->path, '/') + 1 : in->path;
	event_names_init(&rec.names);
	rec.fd = in->spool = cli_spool_file(in->spooled);
	if (rec.fd < 0)
		cli_error("cannot keep the events of '%s': %s", in->path, strerror(errno));
	else if (run_read_file(in->path, &rec.job.text))
		status = record(&rec, in->cli);
	scenario_job_deinit(&rec.job);
	event_names_deinit(&rec.names);
	str_deinit(&rec.out);
	return status;
}

int cli_scenario_settings(struct cli *cli)
{
	int status = EXIT_OK;

	if (!(CMD_BITS_READERS & 1ULL << command_id(cli->args.command)))
		return EXIT_OK;
	vec_foreach(&cli->args.operands, path)
		if (status == EXIT_OK && cli_is_scenario(*path))
			status = add_settings(cli, *path);
	return status;
}

static int record(struct recording *rec, const struct cli *cli)
{
	int status = scenario_job_read(&rec->job, &sink, rec, false);

	if (status == EXIT_OK)
		status = scenario_job_start(&rec->job);
	if (status != EXIT_OK)
		return status;
	begin(rec);
	scenario_machine_tap(rec->job.machine, hear, rec);
	status = scenario_job_run(&rec->job, cli->options.run_max_steps);
	flush(rec);
	if (rec->failed) {
		cli_error("cannot keep the events of '%s': %s", rec->job.name, strerror(errno));
		return EXIT_OUTPUT;
	}
	if (status == EXIT_OK)
		warn(rec);
	return status;
}

static void begin(struct recording *rec)
{
	const struct machine_config *config = &rec->job.machine_config;

	rec->kernel = config->kernel.major ? config->kernel : newest;
	snprintf(rec->release, sizeof(rec->release), "%u.%u.0", rec->kernel.major,
		 rec->kernel.minor);
	snprintf(rec->task, sizeof(rec->task), "%.*s",
		 (int)MIN(strcspn(rec->base, "."), (size_t)15), rec->base);
	rec->printer = (struct event_printer){
		.names = &rec->names,
		.era = gfp_era_of_release(rec->kernel.major, rec->kernel.minor),
		.release = rec->release,
		.clock = "mono",
		.long_is_32 = config->arch == ARCH_X86_32,
		.nr_cpus = MAX(config->nr_cpus, 1U),
	};
	event_print_json_header(&rec->printer, &rec->out);
}

/* Calls take simulated time; what happens within one is told a nanosecond apart. */
static void hear(void *ctx, const struct scenario_tapped *tapped)
{
	struct recording *rec = ctx;
	struct event ev = {
		.pid = tapped->task ? tapped->pid : SCENARIO_FIRST_PID,
		.cpu = (uint16_t)tapped->call->cpu,
		.flags = EVENT_F_CONTEXT,
	};
	struct event_batch batch = { 0 };

	if (!fill(rec, tapped->call, &ev))
		return;
	ev.time = MAX(tapped->now_ns, rec->last_ns + 1);
	rec->last_ns = ev.time;
	ev.comm = text_of(rec, tapped->task ? tapped->task : rec->task);
	if (ev.type <= EVENT_CACHE_FREE || ev.type == EVENT_PCPU_ALLOC)
		ev.site = site_of(rec, &tapped->place);
	ev.flags |= (tapped->softirq ? EVENT_F_SOFTIRQ : 0) |
		    (tapped->hardirq ? EVENT_F_HARDIRQ | EVENT_F_IRQS_OFF : 0);
	ev.flags |= tapped->call->failed ? EVENT_F_FAILED : 0;
	event_print_json(&rec->printer, &ev, &batch, &rec->out);
	if (rec->out.len >= FLUSH_AT)
		flush(rec);
}

/* False: this kernel has no event for it. */
static bool fill(struct recording *rec, const struct mm_tapped *call, struct event *ev)
{
	switch (call->kind) {
	case MM_TAP_KMALLOC:
	case MM_TAP_KFREE:
	case MM_TAP_CACHE_ALLOC:
	case MM_TAP_CACHE_FREE:
		fill_slab(rec, call, ev);
		return true;
	case MM_TAP_PAGE_ALLOC:
	case MM_TAP_PAGE_FREE:
		ev->type = call->kind == MM_TAP_PAGE_ALLOC ? EVENT_PAGE_ALLOC : EVENT_PAGE_FREE;
		ev->page.pfn = call->failed ? EVENT_PFN_FAILED : call->addr;
		ev->page.gfp = call->gfp;
		ev->page.order = call->order;
		ev->page.migratetype = call->type;
		return true;
	case MM_TAP_VMAP_ALLOC:
	case MM_TAP_VMAP_FREE:
	case MM_TAP_VMAP_PURGE:
		fill_area(call, ev);
		return kernel_version_cmp(rec->kernel, vmalloc_events) >= 0;
	case MM_TAP_PERCPU_ALLOC:
	case MM_TAP_PERCPU_FREE:
	case MM_TAP_CHUNK_CREATE:
	case MM_TAP_CHUNK_DESTROY:
		fill_percpu(call, ev);
		return true;
	}
	BUG_ON(true);
}

static void fill_slab(struct recording *rec, const struct mm_tapped *call, struct event *ev)
{
	static const uint8_t types[] = {
		[MM_TAP_KMALLOC] = EVENT_KMALLOC,
		[MM_TAP_KFREE] = EVENT_KFREE,
		[MM_TAP_CACHE_ALLOC] = EVENT_CACHE_ALLOC,
		[MM_TAP_CACHE_FREE] = EVENT_CACHE_FREE,
	};

	ev->type = types[call->kind];
	ev->slab.ptr = call->failed ? 0 : call->addr;
	ev->slab.bytes_req = call->size;
	ev->slab.bytes_alloc = call->given;
	ev->slab.gfp = call->gfp;
	ev->slab.node = call->node;
	ev->slab.accounted = call->gfp & GFP_BIT_ACCOUNT ? 1 : 0;
	ev->slab.name = call->cache ? text_of(rec, call->cache) : 0;
}

static void fill_area(const struct mm_tapped *call, struct event *ev)
{
	if (call->kind == MM_TAP_VMAP_ALLOC) {
		ev->type = EVENT_VMAP_ALLOC;
		ev->vmap.addr = call->failed ? 0 : call->addr;
		ev->vmap.size = call->size;
		ev->vmap.align = call->align;
		ev->vmap.vstart = call->start;
		ev->vmap.vend = call->end;
	} else if (call->kind == MM_TAP_VMAP_FREE) {
		ev->type = EVENT_VMAP_FREE;
		ev->range.start = call->addr;
		ev->range.a = call->size;
		ev->range.b = call->given;
	} else {
		ev->type = EVENT_VMAP_PURGE;
		ev->range.start = call->start;
		ev->range.end = call->end;
		ev->range.a = call->size;
	}
}

static void fill_percpu(const struct mm_tapped *call, struct event *ev)
{
	static const uint8_t types[] = {
		[MM_TAP_PERCPU_ALLOC] = EVENT_PCPU_ALLOC,
		[MM_TAP_PERCPU_FREE] = EVENT_PCPU_FREE,
		[MM_TAP_CHUNK_CREATE] = EVENT_PCPU_CHUNK_CREATE,
		[MM_TAP_CHUNK_DESTROY] = EVENT_PCPU_CHUNK_DESTROY,
	};

	ev->type = types[call->kind];
	ev->percpu.base = call->start;
	ev->percpu.ptr = call->addr;
	ev->percpu.off = call->addr ? (uint32_t)(call->addr - call->start) : 0;
	ev->percpu.size = (uint32_t)call->size;
	ev->percpu.align = (uint32_t)call->align;
	ev->percpu.gfp = call->gfp;
	ev->percpu.reserved = call->reserved;
	ev->percpu.is_atomic = !(call->gfp & GFP_BIT_DIRECT_RECLAIM);
}

/* "leak.kms:14" */
static uint32_t site_of(struct recording *rec, const struct scenario_place *place)
{
	char *text = xasprintf("%s:%" PRIu32, rec->base, place->line);
	const uint32_t site = event_site_add(&rec->names, text, strlen(text));

	free(text);
	return site;
}

static uint32_t text_of(struct recording *rec, const char *text)
{
	return intern_add(&rec->names.texts, text, strlen(text));
}

static void flush(struct recording *rec)
{
	const char *at = str_text(&rec->out);
	size_t rest = rec->out.len;

	while (rest && !rec->failed) {
		const ssize_t put = write(rec->fd, at, rest);

		rec->failed = put < 0 && errno != EINTR;
		at += MAX(put, (ssize_t)0);
		rest -= (size_t)MAX(put, (ssize_t)0);
	}
	str_reset(&rec->out);
}

static void tell(void *ctx, enum scenario_event event, const struct scenario_place *place,
		 const char *text, const struct scenario_called *called)
{
	(void)ctx;
	(void)event;
	(void)place;
	(void)text;
	(void)called;
}

static bool stop(void *ctx)
{
	return ((struct recording *)ctx)->failed || interrupt_came();
}

static void warn(const struct recording *rec)
{
	const struct scenario_totals *totals = scenario_machine_totals(rec->job.machine);

	if (totals->nr_missed || totals->nr_mistakes)
		cli_warn("'%s' has %" PRIu64 " expectations that are not met and %" PRIu64
			 " mistakes: 'kmreplay run' tells of them",
			 rec->job.name, totals->nr_missed, totals->nr_mistakes);
}

/* What the scenario's machine is, but for the kernel, which the events say. */
static int add_settings(struct cli *cli, const char *path)
{
	struct scenario_job job = { .name = path };
	struct scenario_setting setting;
	int status = EXIT_INPUT;
	size_t at = 0;

	if (run_read_file(path, &job.text))
		status = scenario_job_read(&job, &sink, NULL, false);
	if (status == EXIT_OK) {
		add_option(cli, &at, xasprintf("machine.memory=%" PRIu64 "K",
					       scenario_job_memory(job.config) >> 10));
		for (size_t i = 0; scenario_setting(job.scenario, i, &setting); i++)
			if (strcmp(setting.path, "machine.memory") != 0)
				add_option(cli, &at,
					   xasprintf("%s=%s", setting.path, setting.value));
	}
	scenario_job_deinit(&job);
	return status;
}

/* "text" is the cli's from then on. */
static void add_option(struct cli *cli, size_t *at, char *text)
{
	const struct option_config option = { .option = set_option(), .text = text };

	vec_push(&cli->settings.words, text);
	vec_push(&cli->options.configs.list, option);
	for (size_t i = cli->options.configs.list.nr - 1; i > *at; i--)
		cli->options.configs.list.items[i] = cli->options.configs.list.items[i - 1];
	cli->options.configs.list.items[(*at)++] = option;
}

static const struct cli_option *set_option(void)
{
	const struct cli_option *option;

	for (unsigned int i = 0; (option = option_get(i)); i++)
		if (!strcmp(option->name, "set"))
			return option;
	BUG_ON(true);
}
