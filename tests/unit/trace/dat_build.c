/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace.dat files out of nothing: pages with records, and the containers of both versions. */
#include <config.h>

#include "dat_build.h"

#include "kmreplay/core/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

void dat_put_to(const struct dat_build *b, struct str *to, uint64_t value,
			      unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		str_add_char(to, (char)(value >> 8 * (b->big ? size - 1 - i : i)));
}

static void dat_put(struct dat_build *b, uint64_t value, unsigned int size)
{
	dat_put_to(b, &b->out, value, size);
}

/* ---- pages ---- */

void dat_page_begin(struct dat_build *b, unsigned int cpu, uint64_t time)
{
	str_reset(&b->page);
	b->page_cpu = cpu;
	b->page_time = time;
}

void dat_page_end(struct dat_build *b, uint64_t missed)
{
	struct str *to = &b->pages[b->page_cpu];
	uint64_t commit = b->page.len;
	size_t end = to->len + DAT_BUILD_PAGE;

	if (missed)
		commit |= 1U << 31;
	if (missed > 1)
		commit |= 1U << 30;
	dat_put_to(b, to, b->page_time, 8);
	dat_put_to(b, to, commit, b->word);
	str_add_mem(to, b->page.data, b->page.len);
	if (missed > 1)
		dat_put_to(b, to, missed - 1, b->word);
	while (to->len < end)
		str_add_char(to, '\xee');
}

void dat_head(struct dat_build *b, unsigned int type_len, uint64_t delta)
{
	dat_put_to(b, &b->page, b->big ? type_len << 27 | delta : delta << 5 | type_len, 4);
}

static void dat_event(struct dat_build *b, uint64_t delta, const struct str *payload)
{
	dat_head(b, (unsigned int)(payload->len + 3) / 4, delta);
	str_add_mem(&b->page, payload->data, payload->len);
	while (b->page.len % 4)
		str_add_char(&b->page, '\xdd');
}

/** Begins a payload: common_type, _flags, _preempt_count, _pid. */
static void dat_common(struct dat_build *b, struct str *p, unsigned int type,
			      unsigned int flags, int pid)
{
	str_reset(p);
	dat_put_to(b, p, type, 2);
	dat_put_to(b, p, flags, 1);
	dat_put_to(b, p, 0, 1);
	dat_put_to(b, p, (uint64_t)pid, 4);
}

static void dat_kmalloc(struct dat_build *b, uint64_t delta, uint64_t ptr)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_KMALLOC, 0x01, 7);
	dat_put_to(b, &p, 0xc0001010, b->word);
	dat_put_to(b, &p, ptr, b->word);
	dat_put_to(b, &p, 100, b->word);
	dat_put_to(b, &p, 128, b->word);
	dat_put_to(b, &p, 0x400cc0 | 0x100, b->word);
	dat_put_to(b, &p, (uint64_t)-1, 4);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

void dat_kfree(struct dat_build *b, uint64_t delta, uint64_t ptr)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_KFREE, 0x10, 9);
	dat_put_to(b, &p, 0xc0002000, b->word);
	dat_put_to(b, &p, ptr, b->word);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

static void dat_cache_free(struct dat_build *b, uint64_t delta, const char *name)
{
	struct str p = { 0 };
	size_t len = strlen(name) + 1;

	dat_common(b, &p, DAT_CACHE_FREE, 0, 0);
	dat_put_to(b, &p, 0xc0002ff0, b->word);
	dat_put_to(b, &p, 0xc1000000, b->word);
	dat_put_to(b, &p, len << 16 | (p.len + 4), 4);
	str_add_mem(&p, name, len);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

static void dat_page_alloc(struct dat_build *b, uint64_t delta, uint64_t pfn)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_PAGE_ALLOC, 0, 7);
	dat_put_to(b, &p, pfn, b->word);
	dat_put_to(b, &p, 3, 4);
	dat_put_to(b, &p, 1, 4);
	dat_put_to(b, &p, 0x820, b->word);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

static void dat_finished(struct dat_build *b, uint64_t delta, unsigned int zone,
				unsigned int result)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_FINISHED, 0x80, 7);
	dat_put_to(b, &p, 0, 4);
	dat_put_to(b, &p, zone, 4);
	dat_put_to(b, &p, 9, 4);
	dat_put_to(b, &p, result, 4);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

static void dat_print(struct dat_build *b, uint64_t delta, uint64_t ip, const char *text)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_PRINT, 0, 7);
	dat_put_to(b, &p, ip, b->word);
	str_add_mem(&p, text, strlen(text) + 1);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

static void dat_probe(struct dat_build *b, uint64_t delta)
{
	struct str p = { 0 };

	dat_common(b, &p, DAT_PROBE, 0, 7);
	dat_put_to(b, &p, 0xc0001000, b->word);
	dat_put_to(b, &p, 0xc5000000, 8);
	dat_put_to(b, &p, 0, 4); /* a name that could not be read */
	dat_put_to(b, &p, 2, 4);
	for (unsigned int i = 0; i < 3; i++)
		dat_put_to(b, &p, i < 2 ? 0xc6000000 + i * 64 : 0, 8);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

/** A type without payload of interest; "type" DAT_STRANGE or DAT_NO_FORMAT. */
static void dat_other(struct dat_build *b, uint64_t delta, unsigned int type)
{
	struct str p = { 0 };

	dat_common(b, &p, type, 0, 7);
	dat_event(b, delta, &p);
	str_deinit(&p);
}

void dat_build_events(struct dat_build *b)
{
	dat_page_begin(b, 0, 1000);
	dat_kmalloc(b, 0, 0xc1000080);
	dat_kmalloc(b, 10, 0); /* 1010 */
	dat_head(b, 30, 5);    /* extend by 3 << 27 | 5 */
	dat_put_to(b, &b->page, 3, 4);
	dat_kfree(b, 1, 0xc1000080); /* 1010 + (3 << 27) + 6 */
	dat_head(b, 29, 7); /* discarded: its delta does not count */
	dat_put_to(b, &b->page, 8, 4);
	dat_put_to(b, &b->page, 0, 4);
	dat_cache_free(b, 1, "dentry");
	dat_head(b, 29, 0); /* the rest of the page is empty */
	str_add_mem(&b->page, "\xcc\xcc\xcc\xcc", 4);
	dat_page_end(b, 0);
	dat_page_begin(b, 0, 5ULL << 27);
	dat_page_alloc(b, 0, 0x1234);
	dat_page_alloc(b, 1, UINT64_MAX);
	dat_head(b, 31, 77); /* absolute */
	dat_put_to(b, &b->page, 6, 4);
	dat_finished(b, 0, 2, 1);
	dat_finished(b, 1, 9, 0);
	dat_print(b, 1, 0xc0003010, "marked\n");
	dat_print(b, 1, 0xc0001010, "from elsewhere\n");
	dat_probe(b, 1);
	dat_page_end(b, 43); /* 42 missed */
	dat_page_begin(b, 1, 1010);
	dat_other(b, 0, DAT_STRANGE); /* as late as CPU 0's second event: behind it */
	dat_other(b, 1, DAT_NO_FORMAT);
	dat_kfree(b, 1, 0);
	dat_page_end(b, 1); /* an unknown number */
}

/* ---- the container ---- */

static void dat_sized(struct dat_build *b, struct str *to, const char *text,
			     unsigned int size)
{
	dat_put_to(b, to, strlen(text), size);
	str_add(to, text);
}

#define DAT_COMMON_FIELDS                                                                     \
	"format:\n"                                                                           \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"        \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define DAT_GFP                                                                               \
	"(REC->gfp_flags) ? __print_flags(REC->gfp_flags, \"|\", "                            \
	"{( unsigned long)((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u) | (( gfp_t)0x80u)), "  \
	"\"GFP_KERNEL\"}, {( unsigned long)(( gfp_t)((((1UL))) << (5))), \"__GFP_HIGH\"}, "   \
	"{( unsigned long)(( gfp_t)0x800u), \"__GFP_KSWAPD_RECLAIM\"} ) : \"none\""

/** One field line; moves "*at" behind it. */
static void dat_field_line(struct str *to, const char *type, const char *name,
				  unsigned int *at, unsigned int size)
{
	str_addf(to, "\tfield:%s %s;\toffset:%u;\tsize:%u;\tsigned:%u;\n", type, name, *at, size,
		 !strncmp(type, "int", 3));
	*at += size;
}

static void dat_formats(struct dat_build *b, struct str *to, const char *system)
{
	struct format {
		const char *system, *name;
		unsigned int id;
		const char *fields; /* one letter a field: its type; the names follow in order */
		const char *print;
	} formats[] = {
		{ "ftrace", "print", DAT_PRINT, "l:ip b:buf[]",
		  "\"%ps: %s\", (void *)REC->ip, REC->buf" },
		{ "kmem", "kmalloc", DAT_KMALLOC,
		  "l:call_site p:ptr l:bytes_req l:bytes_alloc l:gfp_flags i:node",
		  "\"call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d "
		  "accounted=%s\", (void *)REC->call_site, REC->ptr, REC->bytes_req, "
		  "REC->bytes_alloc, " DAT_GFP ", REC->node, (1 && (REC->gfp_flags & "
		  "( unsigned long)(( gfp_t)0x400000u))) ? \"true\" : \"false\"" },
		{ "kmem", "kfree", DAT_KFREE, "l:call_site p:ptr",
		  "\"call_site=%pS ptr=%p\", (void *)REC->call_site, REC->ptr" },
		{ "kmem", "kmem_cache_free", DAT_CACHE_FREE, "l:call_site p:ptr d:name",
		  "\"call_site=%pS ptr=%p name=%s\", (void *)REC->call_site, REC->ptr, "
		  "__get_str(name)" },
		{ "kmem", "mm_page_alloc", DAT_PAGE_ALLOC,
		  "l:pfn u:order i:migratetype l:gfp_flags",
		  "\"page=%p pfn=0x%lx order=%d migratetype=%d gfp_flags=%s\", REC->pfn != -1UL ? "
		  "(((struct page *)vmemmap_base) + (REC->pfn)) : ((void *)0), REC->pfn != -1UL ? "
		  "REC->pfn : 0, REC->order, REC->migratetype, " DAT_GFP },
		{ "compaction", "mm_compaction_finished", DAT_FINISHED, "i:nid i:idx i:order i:ret",
		  "\"node=%d zone=%-8s order=%d ret=%s\", REC->nid, __print_symbolic(REC->idx, "
		  "{0, \"DMA\"}, {1, \"DMA32\"}, {2, \"Normal\"}), REC->order, "
		  "__print_symbolic(REC->ret, {1, \"skipped\"}, {COMPACT_NEW, \"new\"})" },
		{ "probes", "cbulk_free", DAT_PROBE, "l:__probe_ip 8:s d:name u:n a:p[3]",
		  "\"(%lx) s=0x%Lx name=\\\"%s\\\" n=%u p={0x%Lx}\", REC->__probe_ip, REC->s, "
		  "__get_str(name), REC->n, REC->p[0]" },
		{ "other", "kfree", DAT_STRANGE, "", "\"\"" },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *f = &formats[i];
		struct str text = { 0 };
		char *fields, *save = NULL;
		unsigned int at = 8;

		if (strcmp(f->system, system) != 0)
			continue;
		str_addf(&text, "name: %s\nID: %u\n" DAT_COMMON_FIELDS, f->name, f->id);
		fields = xstrdup(f->fields);
		for (char *word = strtok_r(fields, " ", &save); word;
		     word = strtok_r(NULL, " ", &save)) {
			static const char types[] = "lpiud8ab";
			static const char *const names[] = {
				"unsigned long", "const void *", "int", "unsigned int",
				"__data_loc char[]", "u64", "u64", "char",
			};
			const unsigned int sizes[] = { b->word, b->word, 4, 4, 4, 8, 24, 0 };
			size_t type = (size_t)(strchr(types, word[0]) - types);

			dat_field_line(&text, names[type], word + 2, &at, sizes[type]);
		}
		free(fields);
		str_addf(&text, "\nprint fmt: %s\n", f->print);
		dat_sized(b, to, str_text(&text), 8);
		str_deinit(&text);
	}
}

static void dat_part_header(struct dat_build *b, struct str *to)
{
	struct str text = { 0 };

	str_addf(&text,
		 "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
		 "\tfield: local_t commit;\toffset:8;\tsize:%u;\tsigned:1;\n"
		 "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
		 "\tfield: char data;\toffset:%u;\tsize:%u;\tsigned:1;\n",
		 b->word, 8 + b->word, DAT_BUILD_PAGE - 8 - b->word);
	str_add_mem(to, "header_page", 12);
	dat_sized(b, to, str_text(&text), 8);
	str_add_mem(to, "header_event", 13);
	dat_sized(b, to, "# compressed entry header\n", 8);
	str_deinit(&text);
}

static void dat_part_events(struct dat_build *b, struct str *to)
{
	static const struct {
		const char *name;
		unsigned int nr;
	} systems[] = { { "kmem", 4 }, { "compaction", 1 }, { "probes", 1 }, { "other", 1 } };

	dat_put_to(b, to, 4, 4);
	for (size_t i = 0; i < 4; i++) {
		str_add_mem(to, systems[i].name, strlen(systems[i].name) + 1);
		dat_put_to(b, to, systems[i].nr, 4);
		dat_formats(b, to, systems[i].name);
	}
}

static void dat_part_kallsyms(struct dat_build *b, struct str *to)
{
	dat_sized(b, to,
		  "00000000c0000000 A absolute\n00000000c0001000 T alloc_it\n"
		  "00000000c0002000 t first_name\n00000000c0002000 t last_name\n"
		  "00000000c0003000 t tracing_mark_write\n00000000c0004000 t in_module\t[mod]\n"
		  "00000000c0005000 T the_end\n", 4);
}

static void dat_part_options(struct dat_build *b, struct str *to)
{
	char *stat = xasprintf("CPU: 1\nentries: 0\noverrun: %llu\ncommit overrun: 0\n",
			       (unsigned long long)b->overrun);
	char *clock = xasprintf("local [%s] global", b->clock);

	static const char uname[] = "Linux host 6.12.1-test #1 SMP x86_64";

	dat_put_to(b, to, 5, 2);
	dat_put_to(b, to, sizeof(uname), 4);
	str_add_mem(to, uname, sizeof(uname));
	dat_put_to(b, to, 4, 2);
	dat_sized(b, to, clock, 4);
	dat_put_to(b, to, 2, 2);
	dat_sized(b, to, stat, 4);
	if (b->tsc) {
		dat_put_to(b, to, 14, 2);
		dat_put_to(b, to, 16, 4);
		dat_put_to(b, to, 1U << 9, 4);
		dat_put_to(b, to, 10, 4);
		dat_put_to(b, to, 0, 8);
	}
	free(stat);
	free(clock);
}

static void dat_build_v6(struct dat_build *b)
{
	uint64_t at;

	dat_part_header(b, &b->out);
	dat_put(b, 1, 4);
	dat_formats(b, &b->out, "ftrace");
	dat_part_events(b, &b->out);
	dat_part_kallsyms(b, &b->out);
	dat_put(b, 0, 4);
	dat_sized(b, &b->out, "7 seven\n9 <...>\n100000 far away\n", 8);
	dat_put(b, DAT_BUILD_CPUS, 4);
	str_add_mem(&b->out, "options  ", 10);
	dat_part_options(b, &b->out);
	if (b->instance) {
		dat_put(b, 3, 2);
		dat_put(b, 8 + 6, 4);
		dat_put(b, 0, 8);
		str_add_mem(&b->out, "extra", 6);
	}
	dat_put(b, 0, 2);
	str_add_mem(&b->out, "flyrecord", 10);
	at = b->out.len + DAT_BUILD_CPUS * 16;
	for (unsigned int cpu = 0; cpu < DAT_BUILD_CPUS; cpu++) {
		dat_put(b, at, 8);
		dat_put(b, b->pages[cpu].len, 8);
		at += b->pages[cpu].len;
	}
	for (unsigned int cpu = 0; cpu < DAT_BUILD_CPUS; cpu++)
		str_add_mem(&b->out, b->pages[cpu].data, b->pages[cpu].len);
}

/** "len" bytes packed, with the two sizes in front. */
static void dat_pack(struct dat_build *b, const char *data, size_t len)
{
	unsigned char packed[1 << 16];
	uLongf packed_len = sizeof(packed);

#ifdef HAVE_ZSTD
	if (!strcmp(b->packing, "zstd"))
		packed_len = ZSTD_compress(packed, sizeof(packed), data, len, 1);
	else
#endif
		compress(packed, &packed_len, (const unsigned char *)data, len);
	dat_put(b, packed_len, 4);
	dat_put(b, len, 4);
	str_add_mem(&b->out, packed, packed_len);
}

static bool dat_is_packed(const struct dat_build *b)
{
	return strcmp(b->packing, "none") != 0;
}

/** A section; returns where it begins. */
static uint64_t dat_section_out(struct dat_build *b, unsigned int id, struct str *body)
{
	uint64_t at = b->out.len, start;
	struct str size = { 0 };

	dat_put(b, id, 2);
	dat_put(b, dat_is_packed(b), 2);
	dat_put(b, 0, 4);
	dat_put(b, 0, 8);
	start = b->out.len;
	if (dat_is_packed(b))
		dat_pack(b, body->data, body->len);
	else
		str_add_mem(&b->out, body->data, body->len);
	dat_put_to(b, &size, b->out.len - start, 8);
	memcpy(b->out.data + start - 8, size.data, 8);
	str_deinit(&size);
	str_reset(body);
	return at;
}

static void dat_section_option(struct dat_build *b, struct str *options, unsigned int id,
				      struct str *body)
{
	dat_put_to(b, options, id, 2);
	dat_put_to(b, options, 8, 4);
	dat_put_to(b, options, dat_section_out(b, id, body), 8);
}

static void dat_buffer_option(struct dat_build *b, struct str *options, const char *name)
{
	uint64_t at[DAT_BUILD_CPUS], len[DAT_BUILD_CPUS], section = b->out.len;
	struct str option = { 0 };

	dat_put(b, 3, 2);
	dat_put(b, dat_is_packed(b), 2);
	dat_put(b, 0, 4);
	dat_put(b, 0, 8);
	for (unsigned int cpu = 0; cpu < DAT_BUILD_CPUS; cpu++) {
		const struct str *pages = &b->pages[cpu];
		size_t chunks;

		at[cpu] = b->out.len;
		if (!dat_is_packed(b)) {
			str_add_mem(&b->out, pages->data, pages->len);
			len[cpu] = pages->len;
			continue;
		}
		chunks = pages->len / DAT_BUILD_PAGE;
		dat_put(b, chunks, 4);
		for (size_t i = 0; i < chunks; i++)
			dat_pack(b, pages->data + i * DAT_BUILD_PAGE, DAT_BUILD_PAGE);
		len[cpu] = b->out.len - at[cpu] - 4;
	}
	dat_put_to(b, &option, section, 8);
	str_add_mem(&option, name, strlen(name) + 1);
	str_add_mem(&option, b->clock, strlen(b->clock) + 1);
	dat_put_to(b, &option, DAT_BUILD_PAGE, 4);
	dat_put_to(b, &option, DAT_BUILD_CPUS, 4);
	for (unsigned int cpu = 0; cpu < DAT_BUILD_CPUS; cpu++) {
		dat_put_to(b, &option, cpu, 4);
		dat_put_to(b, &option, at[cpu], 8);
		dat_put_to(b, &option, len[cpu], 8);
	}
	dat_put_to(b, options, 3, 2);
	dat_put_to(b, options, option.len, 4);
	str_add_mem(options, option.data, option.len);
	str_deinit(&option);
}

static void dat_build_v7(struct dat_build *b)
{
	struct str body = { 0 }, options = { 0 }, first = { 0 };
	size_t pointer;
	uint64_t second;

	str_add_mem(&b->out, b->packing, strlen(b->packing) + 1);
	str_add_mem(&b->out, "1.5", 4);
	pointer = b->out.len;
	dat_put(b, 0, 8);
	dat_part_header(b, &body);
	dat_section_option(b, &options, 16, &body);
	dat_put_to(b, &body, 1, 4);
	dat_formats(b, &body, "ftrace");
	dat_section_option(b, &options, 17, &body);
	dat_part_events(b, &body);
	dat_section_option(b, &options, 18, &body);
	dat_part_kallsyms(b, &body);
	dat_section_option(b, &options, 19, &body);
	dat_sized(b, &body, "7 seven\n9 <...>\n100000 far away\n", 8);
	dat_section_option(b, &options, 21, &body);
	dat_part_options(b, &options);
	if (b->instance)
		dat_buffer_option(b, &options, "extra");
	dat_buffer_option(b, &options, "");
	dat_put_to(b, &options, 0, 2);
	dat_put_to(b, &options, 8, 4);
	dat_put_to(b, &options, 0, 8);
	second = dat_section_out(b, 0, &options);
	/* A list of two sections of options. */
	dat_put_to(b, &options, 999, 2);
	dat_put_to(b, &options, 3, 4);
	str_add(&options, "new");
	dat_put_to(b, &options, 0, 2);
	dat_put_to(b, &options, 8, 4);
	dat_put_to(b, &options, second, 8);
	dat_put_to(b, &first, dat_section_out(b, 0, &options), 8);
	memcpy(b->out.data + pointer, first.data, 8);
	str_deinit(&body);
	str_deinit(&options);
	str_deinit(&first);
}

void dat_build_finish(struct dat_build *b)
{
	str_add_mem(&b->out, "\x17\x08" "Dtracing", 10);
	str_add_mem(&b->out, b->version == 6 ? "6" : "7", 2);
	dat_put(b, b->big, 1);
	dat_put(b, b->word, 1);
	dat_put(b, DAT_BUILD_PAGE, 4);
	if (b->version == 6)
		dat_build_v6(b);
	else
		dat_build_v7(b);
}

void dat_build_deinit(struct dat_build *b)
{
	str_deinit(&b->out);
	str_deinit(&b->page);
	for (unsigned int cpu = 0; cpu < DAT_BUILD_CPUS; cpu++)
		str_deinit(&b->pages[cpu]);
}
