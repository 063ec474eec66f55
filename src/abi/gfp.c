/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GFP masks from and to text and raw numbers.
 *
 * Printing mirrors trace_print_flags_seq() of kernel/trace/trace_output.c: the table is walked from
 * top to bottom, an entry whose bits are all still there is printed and its bits are taken away,
 * what is left at the end is one hexadecimal number. Printed words are therefore disjoint in bits,
 * and reading is the OR of what each of them means in the same table.
 */
#include <config.h>

#include "kmreplay/abi/gfp.h"

#include <string.h>

#include "gfp_tables.h"

/* Printed for GFP_BIT_UNKNOWN; no kernel has it, so that it reads back as what it is. */
#define UNKNOWN_NAME "__GFP_UNKNOWN"

static const struct {
	const char *name, *meaning;
} classes[GFP_CLASS_NR] = {
#define X(suffix, name, meaning) [GFP_CLASS_##suffix] = { name, meaning },
	GFP_CLASSES(X)
#undef X
};

static const enum gfp_era newest_first[] = {
	GFP_ERA_7_2,  GFP_ERA_6_11, GFP_ERA_6_3, GFP_ERA_5_10, GFP_ERA_4_14,
	GFP_ERA_4_13, GFP_ERA_4_10, GFP_ERA_4_6, GFP_ERA_4_4,  GFP_ERA_2_6,
};
static_assert(ARRAY_SIZE(newest_first) == GFP_ERA_NR, "each era has its place in time");

static const struct gfp_name *find_name(const struct gfp_table *table, const char *text,
					size_t len);
static uint32_t foreign_bits(enum gfp_era own, const char *text, size_t len);
static bool parse_hex(const char *text, size_t len, uint64_t *ret);
static uint32_t raw_to_own(const struct gfp_table *table, uint64_t raw);
static uint64_t own_to_raw(const struct gfp_table *table, uint32_t own, uint32_t *left);
static void print_foreign(uint32_t bits, const char **sep, struct str *out);
static void print_word(const char *word, const char **sep, struct str *out);

enum gfp_era gfp_era_of_release(unsigned int major, unsigned int minor)
{
	static const struct {
		unsigned int major, minor;
		enum gfp_era era;
	} first[] = {
		{ 7, 2, GFP_ERA_7_2 },   { 6, 11, GFP_ERA_6_11 }, { 6, 3, GFP_ERA_6_3 },
		{ 5, 0, GFP_ERA_5_10 },  { 4, 15, GFP_ERA_4_14 }, { 4, 13, GFP_ERA_4_13 },
		{ 4, 10, GFP_ERA_4_10 }, { 4, 6, GFP_ERA_4_6 },   { 4, 4, GFP_ERA_4_4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (major > first[i].major ||
		    (major == first[i].major && minor >= first[i].minor))
			return first[i].era;
	return GFP_ERA_2_6;
}

struct kernel_version gfp_era_kernel(enum gfp_era era)
{
	static const struct kernel_version typical[GFP_ERA_NR] = {
		[GFP_ERA_2_6] = { 3, 10 },  [GFP_ERA_4_4] = { 4, 4 },   [GFP_ERA_4_6] = { 4, 9 },
		[GFP_ERA_4_14] = { 4, 19 }, [GFP_ERA_5_10] = { 5, 10 }, [GFP_ERA_6_3] = { 6, 6 },
		[GFP_ERA_6_11] = { 6, 12 }, [GFP_ERA_7_2] = { 7, 2 },   [GFP_ERA_4_10] = { 4, 12 },
		[GFP_ERA_4_13] = { 4, 14 },
	};

	BUG_ON(era >= GFP_ERA_NR);
	return typical[era];
}

const char *gfp_era_name(enum gfp_era era)
{
	return gfp_table(era)->era;
}

uint32_t gfp_parse(enum gfp_era era, const char *text, size_t len, const char **unknown,
		   size_t *unknown_len)
{
	const struct gfp_table *table = gfp_table(era);
	const char *end = text + len;
	uint32_t own = 0, foreign = 0;

	while (text < end) {
		const char *bar = memchr(text, '|', (size_t)(end - text));
		size_t word = (size_t)((bar ? bar : end) - text);
		const struct gfp_name *name = find_name(table, text, word);
		uint32_t bits = 0;
		uint64_t raw;

		if (name)
			own |= name->bits;
		else if (parse_hex(text, word, &raw))
			own |= raw_to_own(table, raw);
		else if ((word != 4 || memcmp(text, "none", 4)) &&
			 (word != strlen(table->zero) || memcmp(text, table->zero, word)))
			bits = foreign_bits(era, text, word);
		foreign |= bits;
		if (bits == GFP_BIT_UNKNOWN && unknown) {
			*unknown = text;
			*unknown_len = word;
		}
		text += word + (bar != NULL);
	}
	return (own ^ table->inverted) | foreign;
}

uint32_t gfp_from_raw(enum gfp_era era, uint64_t raw)
{
	const struct gfp_table *table = gfp_table(era);

	return raw_to_own(table, raw) ^ table->inverted;
}

uint64_t gfp_to_raw(enum gfp_era era, uint32_t gfp)
{
	const struct gfp_table *table = gfp_table(era);
	uint32_t left;

	return own_to_raw(table, gfp ^ table->inverted, &left);
}

uint32_t gfp_bits_of_name(enum gfp_era era, const char *name, size_t len)
{
	const struct gfp_table *table = gfp_table(era);
	const struct gfp_name *found = find_name(table, name, len);

	return found ? found->bits ^ table->inverted : 0;
}

void gfp_print(enum gfp_era era, uint32_t gfp, struct str *out)
{
	const struct gfp_table *table = gfp_table(era);
	uint32_t own = gfp ^ table->inverted;
	const char *sep = "";
	uint32_t nameless;
	uint64_t raw;

	if (!own) {
		str_add(out, table->zero);
		return;
	}
	for (const struct gfp_name *name = table->names; name->name && own; name++) {
		if ((own & name->bits) != name->bits)
			continue;
		own &= ~name->bits;
		print_word(name->name, &sep, out);
	}
	raw = own_to_raw(table, own, &nameless);
	print_foreign(nameless, &sep, out);
	if (raw)
		str_addf(out, "%s0x%llx", sep, (unsigned long long)raw);
}

enum gfp_class gfp_class(uint32_t gfp)
{
	if (!(gfp & GFP_BIT_DIRECT_RECLAIM)) {
		if (gfp & (GFP_BIT_HIGH | GFP_BIT_ATOMIC | GFP_BIT_MEMALLOC))
			return GFP_CLASS_ATOMIC;
		return gfp & GFP_BIT_KSWAPD_RECLAIM ? GFP_CLASS_NOWAIT : GFP_CLASS_NONE;
	}
	if (!(gfp & GFP_BIT_IO))
		return GFP_CLASS_NOIO;
	if (!(gfp & GFP_BIT_FS))
		return GFP_CLASS_NOFS;
	return gfp & (GFP_BIT_MOVABLE | GFP_BIT_HARDWALL) ? GFP_CLASS_USER : GFP_CLASS_KERNEL;
}

const char *gfp_class_name(enum gfp_class class)
{
	return class < GFP_CLASS_NR ? classes[class].name : "?";
}

const char *gfp_class_meaning(enum gfp_class class)
{
	return class < GFP_CLASS_NR ? classes[class].meaning : "?";
}

static const struct gfp_name *find_name(const struct gfp_table *table, const char *text,
					size_t len)
{
	for (const struct gfp_name *name = table->names; name->name; name++)
		if (strlen(name->name) == len && !memcmp(name->name, text, len))
			return name;
	return NULL;
}

/*
 * What a word means that the recording's own era does not have. Members of the oldest era carry no
 * kswapd bit, yet whoever may sleep there wakes kswapd.
 */
static uint32_t foreign_bits(enum gfp_era own, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(newest_first); i++) {
		const struct gfp_table *table = gfp_table(newest_first[i]);
		const struct gfp_name *name;

		if (newest_first[i] == own)
			continue;
		name = find_name(table, text, len);
		if (!name)
			continue;
		if (table->inverted && name->bits & GFP_BIT_DIRECT_RECLAIM)
			return name->bits ^ table->inverted;
		return name->bits & ~table->inverted;
	}
	return GFP_BIT_UNKNOWN;
}

static bool parse_hex(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;

	if (len < 3 || len > 18 || text[0] != '0' || text[1] != 'x')
		return false;
	for (size_t i = 2; i < len; i++) {
		unsigned int c = (unsigned char)text[i] | 0x20U;
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*ret = value;
	return true;
}

static uint32_t raw_to_own(const struct gfp_table *table, uint64_t raw)
{
	uint32_t own = raw >> GFP_RAW_BITS ? GFP_BIT_UNKNOWN : 0;

	for (unsigned int bit = 0; bit < GFP_RAW_BITS; bit++)
		if (raw >> bit & 1)
			own |= table->raw[bit] ? table->raw[bit] : GFP_BIT_UNKNOWN;
	return own;
}

static uint64_t own_to_raw(const struct gfp_table *table, uint32_t own, uint32_t *left)
{
	uint64_t raw = 0;

	*left = own;
	for (unsigned int bit = 0; bit < GFP_RAW_BITS; bit++) {
		if (!(own & table->raw[bit]))
			continue;
		raw |= 1ULL << bit;
		*left &= ~table->raw[bit];
	}
	return raw;
}

/* Bits that the era of the output has no place for keep their name of the newest era that has. */
static void print_foreign(uint32_t bits, const char **sep, struct str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(newest_first) && bits; i++) {
		const struct gfp_table *table = gfp_table(newest_first[i]);

		if (table->inverted)
			continue;
		for (const struct gfp_name *name = table->names; name->name && bits; name++) {
			if ((bits & name->bits) != name->bits)
				continue;
			bits &= ~name->bits;
			print_word(name->name, sep, out);
		}
	}
	if (bits)
		print_word(UNKNOWN_NAME, sep, out);
}

static void print_word(const char *word, const char **sep, struct str *out)
{
	str_add(out, *sep);
	str_add(out, word);
	*sep = "|";
}
