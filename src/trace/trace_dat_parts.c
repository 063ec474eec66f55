/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a trace.dat file hold: layout of pages, event formats, symbols, task names;
 * and what follows from all of them together.
 */
#include <config.h>

#include "trace_dat_file.h"

#include "kmreplay/core/bits.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	SECTION_MAX = 256 << 20, /* unpacked; kallsyms of a large kernel has some 20 MiB */
	SECTION_PACKED = 1,
	PAGE_MAX = 1 << 22,
};

static void name_the_rest(struct dat *dat);
static bool unpack_section(struct dat *dat, struct dat_bytes *b, const char *what,
			   struct error *err);
static bool unpack(const struct dat *dat, unsigned char *to, size_t size,
		   const unsigned char *from, size_t len);
static bool read_formats(struct dat *dat, struct dat_bytes *b, const char *system, uint32_t nr,
			 struct error *err);
static bool damaged_part(struct dat *dat, const char *what, struct error *err);
static bool check_layout(struct dat *dat, struct error *err);
static bool check_common(const struct dat_format *format);
static void learn_masks(struct dat *dat);
static const struct dat_expr *find_masks(struct dat *dat);
static void set_unit(struct dat *dat);

void dat_file_deinit(struct dat_file *f)
{
	vec_deinit(&f->stats);
	vec_deinit(&f->buffers);
}

bool dat_section(struct dat *dat, uint64_t offset, const char *what, struct dat_bytes *ret,
		 bool *packed, struct error *err)
{
	struct dat_bytes b = { dat->file, dat->file_len, dat->swap, false };
	unsigned int flags;
	uint64_t size;

	dat_take(&b, offset);
	dat_number(&b, 2); /* its number; the options that lead here say what it is */
	flags = (unsigned int)dat_number(&b, 2);
	dat_number(&b, 4); /* a description */
	size = dat_number(&b, 8);
	if (!offset || b.failed)
		return error_set(err,
				 "'%s': the file ends at offset %zu, its %s should begin at %llu",
				 dat->trace->path, dat->file_len, what,
				 (unsigned long long)offset);
	*ret = b;
	if (packed) {
		*packed = flags & SECTION_PACKED;
		return true;
	}
	ret->at = dat_take(&b, size);
	ret->left = (size_t)size;
	if (!ret->at)
		return error_set(err, "'%s': the file ends at offset %zu inside its %s",
				 dat->trace->path, dat->file_len, what);
	return !(flags & SECTION_PACKED) || unpack_section(dat, ret, what, err);
}

bool dat_parts_header(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	static const char page_name[] = "header_page", event_name[] = "header_event";
	const unsigned char *name = dat_take(b, sizeof(page_name));
	uint64_t len = dat_number(b, 8);
	const unsigned char *text = dat_take(b, len);
	struct dat_format format;
	const struct dat_field *commit, *data;

	dat->commit_size = 8;
	dat->data_offset = 16;
	if (!text || memcmp(name, page_name, sizeof(page_name)) != 0)
		return damaged_part(dat, page_name, err);
	/* It has neither name nor number, so that only its fields are looked at. */
	(void)dat_format_parse(&format, "", (const char *)text, (size_t)len);
	commit = dat_format_find(&format, "commit", 6);
	data = dat_format_find(&format, "data", 4);
	if (commit && data) {
		dat->commit_size = commit->size;
		dat->data_offset = data->offset;
	}
	dat_format_deinit(&format);
	name = dat_take(b, sizeof(event_name));
	dat_take(b, dat_number(b, 8));
	if (b->failed || memcmp(name, event_name, sizeof(event_name)) != 0)
		return damaged_part(dat, event_name, err);
	return true;
}

bool dat_parts_ftrace(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	uint32_t nr = (uint32_t)dat_number(b, 4);

	return read_formats(dat, b, "ftrace", nr, err);
}

bool dat_parts_events(struct dat *dat, struct dat_bytes *b, struct error *err)
{
	uint32_t nr_systems = (uint32_t)dat_number(b, 4);

	for (uint32_t i = 0; i < nr_systems; i++) {
		const char *system = dat_text(b);
		uint32_t nr = (uint32_t)dat_number(b, 4);

		if (!system || !read_formats(dat, b, system, nr, err))
			return damaged_part(dat, "event formats", err);
	}
	return !b->failed || damaged_part(dat, "event formats", err);
}

void dat_parts_kallsyms(struct dat *dat, struct dat_bytes *b)
{
	uint64_t len = dat_number(b, 4);
	const unsigned char *text = dat_take(b, len);

	if (text)
		dat_names_add_kallsyms(&dat->names, (const char *)text, (size_t)len);
}

void dat_parts_cmdlines(struct dat *dat, struct dat_bytes *b)
{
	uint64_t len = dat_number(b, 8);
	const unsigned char *text = dat_take(b, len);

	if (text)
		dat_names_add_cmdlines(&dat->names, (const char *)text, (size_t)len);
}

bool dat_parts_finish(struct dat *dat, struct error *err)
{
	if (!check_layout(dat, err))
		return false;
	learn_masks(dat);
	dat->programs = xcalloc(dat->formats.nr + 2, sizeof(*dat->programs));
	dat->nr_programs = 1;
	for (size_t i = 0; i < dat->formats.nr; i++) {
		const struct dat_format *format = &dat->formats.items[i];

		if (dat->program_of[format->id])
			continue; /* the first of a number counts */
		if (!check_common(format))
			return error_set(err, "'%s': the format of event '%.*s' has other common "
					 "fields than any kernel's", dat->trace->path,
					 (int)MIN(format->name_len, (size_t)64), format->name);
		dat->program_of[format->id] = (uint16_t)dat->nr_programs;
		dat_program_compile(dat, &dat->programs[dat->nr_programs++], format);
	}
	name_the_rest(dat);
	set_unit(dat);
	return true;
}

/*
 * A kprobe that was removed before trace-cmd looked for its format has events and no format. They
 * are delivered under the name that trace-cmd gives them.
 */
static void name_the_rest(struct dat *dat)
{
	uint16_t unknown = (uint16_t)dat->nr_programs++;

	dat->programs[unknown] = (struct dat_program){
		.path = DAT_PATH_OTHER,
		.type = EVENT_OTHER,
		.name = intern_add_text(&dat->trace->names->texts, "unknown_event"),
	};
	for (size_t id = 0; id < ARRAY_SIZE(dat->program_of); id++)
		if (!dat->program_of[id])
			dat->program_of[id] = unknown;
}

static bool unpack_section(struct dat *dat, struct dat_bytes *b, const char *what,
			   struct error *err)
{
	uint32_t packed_len = (uint32_t)dat_number(b, 4);
	uint32_t size = (uint32_t)dat_number(b, 4);
	const unsigned char *packed = dat_take(b, packed_len);
	unsigned char *data;

	if (!packed)
		return damaged_part(dat, what, err);
	if (size > SECTION_MAX)
		return error_set(err, "'%s': its %s should have %u bytes unpacked, more than %d",
				 dat->trace->path, what, size, SECTION_MAX);
	data = xmalloc(size);
	vec_push(&dat->sections, data);
	if (!unpack(dat, data, size, packed, packed_len))
		return error_set(err, "'%s': its %s cannot be unpacked", dat->trace->path, what);
	b->at = data;
	b->left = size;
	return true;
}

static bool unpack(const struct dat *dat, unsigned char *to, size_t size,
		   const unsigned char *from, size_t len)
{
	uLongf unpacked = size;

#ifdef HAVE_ZSTD
	if (dat->packing == DAT_PACKING_ZSTD)
		return ZSTD_decompress(to, size, from, len) == size;
#endif
	return dat->packing == DAT_PACKING_ZLIB &&
	       uncompress(to, &unpacked, from, len) == Z_OK && unpacked == size;
}

static bool read_formats(struct dat *dat, struct dat_bytes *b, const char *system, uint32_t nr,
			 struct error *err)
{
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t len = dat_number(b, 8);
		const unsigned char *text = dat_take(b, len);
		struct dat_format format;

		if (!text)
			return damaged_part(dat, "event formats", err);
		if (dat_format_parse(&format, system, (const char *)text, (size_t)len))
			vec_push(&dat->formats, format);
		else
			dat_format_deinit(&format); /* its events count as unparsed */
	}
	return !b->failed || damaged_part(dat, "event formats", err);
}

static bool damaged_part(struct dat *dat, const char *what, struct error *err)
{
	return error_set(err, "'%s': its %s is cut short or damaged", dat->trace->path, what);
}

static bool check_layout(struct dat *dat, struct error *err)
{
	if (dat->commit_size != 4 && dat->commit_size != 8)
		return error_set(err, "'%s': a page's commit field of %u bytes is not known",
				 dat->trace->path, dat->commit_size);
	if (dat->page_size > PAGE_MAX || dat->data_offset < 8 + dat->commit_size ||
	    dat->page_size < dat->data_offset + 8)
		return error_set(err, "'%s': pages of %u bytes with data from %u on cannot be",
				 dat->trace->path, dat->page_size, dat->data_offset);
	if (dat->formats.nr >= UINT16_MAX)
		return error_set(err, "'%s' has more event formats than a kernel can have",
				 dat->trace->path);
	dat->trace->info.long_is_32 = dat->commit_size == 4;
	return true;
}

/* type, flags, preempt count, pid: the same since the first kernels with trace events. */
static bool check_common(const struct dat_format *format)
{
	static const struct {
		const char *name;
		uint32_t offset, size;
	} common[] = {
		{ "common_type", 0, 2 },
		{ "common_flags", 2, 1 },
		{ "common_pid", 4, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		const struct dat_field *field =
			dat_format_find(format, common[i].name, strlen(common[i].name));

		if (!field || field->offset != common[i].offset || field->size != common[i].size)
			return false;
	}
	return true;
}

static void learn_masks(struct dat *dat)
{
	struct trace_info *info = &dat->trace->info;
	const struct dat_expr *flags = find_masks(dat);

	if (flags && !info->kernel.major) {
		info->era = dat_gfp_guess(flags);
		info->kernel = gfp_era_kernel(info->era);
		info->kernel_guessed = true;
	}
	dat_gfp_init(&dat->gfp, info->era);
	if (flags)
		dat_gfp_learn(&dat->gfp, flags);
}

/* All tables of one kernel are the same: the first is as good as any. */
static const struct dat_expr *find_masks(struct dat *dat)
{
	static const char word[] = "\"GFP_KERNEL\"";
	const struct dat_expr *found = NULL;

	for (size_t i = 0; i < dat->formats.nr && !found; i++) {
		const struct dat_format *format = &dat->formats.items[i];
		struct dat_print print;

		if (!format->print || !memmem(format->print, format->print_len, word, strlen(word)))
			continue;
		dat_print_parse(&print, format, &dat->arena);
		for (size_t arg = 0; arg < print.args.nr && !found; arg++)
			found = dat_expr_find_flags(print.args.items[arg].expr);
		dat_print_deinit(&print);
	}
	return found;
}

static void set_unit(struct dat *dat)
{
	static const char *const counters[] = { "counter", "uptime", "x86-tsc", "ppc-tb" };
	struct trace_info *info = &dat->trace->info;

	info->unit = TRACE_CLOCK_NS;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (!strcmp(info->clock, counters[i]) && !dat->mult)
			info->unit = TRACE_CLOCK_TICKS;
}
