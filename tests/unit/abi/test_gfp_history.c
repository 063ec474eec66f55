/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abi/gfp_history: numbers of each release, round trips in all of them, masks as found. */
#include <config.h>

#include "kmreplay/abi/gfp_history.h"
#include "kmreplay/core/rng.h"

#include <string.h>

#include "../../../src/abi/gfp_spans.h"
#include "gfp_masks.h"
#include "unit/unit.h"

enum { MAX_RELEASES = 256 };

/* Every release that begins or ends a span, and the first of each generation. */
static size_t all_releases(uint32_t *releases)
{
	size_t nr = 0;

	for (size_t i = 0; i < gfp_nr_flag_spans; i++) {
		releases[nr++] = gfp_flag_spans[i].first;
		if (gfp_flag_spans[i].end)
			releases[nr++] = gfp_flag_spans[i].end;
	}
	for (size_t i = 0; i < gfp_nr_composite_spans; i++)
		releases[nr++] = gfp_composite_spans[i].first;
	for (size_t i = 0; i < gfp_nr_generations; i++)
		releases[nr++] = gfp_generations[i].first;
	ck_assert_uint_le(nr, (size_t)MAX_RELEASES);
	return nr;
}

static struct gfp_reading read_mask(uint32_t release, const char *text)
{
	struct gfp_reading reading;
	struct error err;

	ck_assert_msg(gfp_read(release, text, &reading, &err), "%s: %s", text, err.message);
	return reading;
}

static const char *print(uint32_t release, uint64_t raw, struct str *s)
{
	str_reset(s);
	gfp_history_print(release, raw, s);
	return str_text(s);
}

START_TEST(releases_are_read_and_printed)
{
	static const struct {
		const char *text, *printed;
		uint32_t release;
	} cases[] = {
		{ "2.4.18", "2.4.18", GFP_RELEASE(2, 4, 18) },
		{ "2.6.32-431.el6", "2.6.32", GFP_RELEASE(2, 6, 32) },
		{ "6.12", "6.12", GFP_RELEASE(6, 12, 0) },
		{ "6.12.117+deb12-amd64", "6.12", GFP_RELEASE(6, 12, 117) },
		{ "4.19.300", "4.19", GFP_RELEASE(4, 19, 255) },
		{ "2.2", "2.2.0", GFP_RELEASE(2, 2, 0) },
	};
	static const char *const wrong[] = { "", "6", "6.", "x", "0.1", "99999.1", "256.1", "6.x" };
	struct str s = { 0 };
	uint32_t release;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_msg(gfp_release_parse(cases[i].text, &release), "%s", cases[i].text);
		ck_assert_uint_eq(release, cases[i].release);
		str_reset(&s);
		gfp_release_print(release, &s);
		ck_assert_str_eq(str_text(&s), cases[i].printed);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_msg(!gfp_release_parse(wrong[i], &release), "%s", wrong[i]);
	str_deinit(&s);
}
END_TEST

START_TEST(numbers_of_releases)
{
	static const struct {
		uint32_t release, raw;
		const char *text;
	} cases[] = {
		{ GFP_RELEASE(2, 2, 19), 0x15, "GFP_KERNEL" },
		{ GFP_RELEASE(2, 2, 19), 0x08, "GFP_ATOMIC" },
		{ GFP_RELEASE(2, 4, 2), 0x07, "GFP_KERNEL" },
		{ GFP_RELEASE(2, 4, 2), 0x0b, "GFP_BUFFER|GFP_DMA" },
		{ GFP_RELEASE(2, 4, 18), 0x1f0, "GFP_KERNEL" },
		{ GFP_RELEASE(2, 4, 18), 0x1d2, "GFP_HIGHUSER" },
		{ GFP_RELEASE(2, 4, 18), 0x70, "GFP_NOHIGHIO" },
		{ GFP_RELEASE(2, 4, 18), 0xf0, "GFP_NOFS" },
		{ GFP_RELEASE(2, 4, 18), 0x30, "GFP_NOIO" },
		{ GFP_RELEASE(2, 6, 11), 0x80d0, "GFP_KERNEL|__GFP_ZERO" },
		{ GFP_RELEASE(2, 6, 14), 0x400d0, "GFP_USER" },
		{ GFP_RELEASE(2, 6, 18), 0x200d2, "GFP_HIGHUSER" },
		{ GFP_RELEASE(2, 6, 26), 0x1200d2, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_RELEASE(2, 6, 32), 0x200da, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_RELEASE(2, 6, 32), 0x800d0, "GFP_TEMPORARY" },
		{ GFP_RELEASE(3, 10, 0), 0x4352da, "GFP_TRANSHUGE" },
		{ GFP_RELEASE(3, 10, 0), 0x20, "GFP_ATOMIC" },
		{ GFP_RELEASE(3, 10, 0), 0x100050, "GFP_NOFS|__GFP_KMEMCG" },
		{ GFP_RELEASE(4, 4, 0), 0x24000c0, "GFP_KERNEL" },
		{ GFP_RELEASE(4, 4, 0), 0x2080020, "GFP_ATOMIC" },
		{ GFP_RELEASE(4, 9, 0), 0x24200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_RELEASE(4, 9, 0), 0x25040c0, "GFP_KERNEL_ACCOUNT|__GFP_COMP" },
		{ GFP_RELEASE(4, 12, 0), 0x14000c0, "GFP_KERNEL" },
		{ GFP_RELEASE(4, 12, 0), 0x14200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_RELEASE(4, 15, 0), 0x6200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_RELEASE(4, 19, 0), 0x480020, "GFP_ATOMIC" },
		{ GFP_RELEASE(5, 4, 0), 0xa20, "GFP_ATOMIC" },
		{ GFP_RELEASE(5, 15, 0), 0x800dc0, "GFP_KERNEL|__GFP_ZERO|__GFP_ZEROTAGS" },
		{ GFP_RELEASE(6, 1, 0), 0x800, "GFP_NOWAIT" },
		{ GFP_RELEASE(6, 6, 0), 0x820, "GFP_ATOMIC" },
		{ GFP_RELEASE(6, 12, 0), 0x2800, "GFP_NOWAIT" },
		{ GFP_RELEASE(6, 12, 0), 0x1000cc0, "GFP_KERNEL|__GFP_NO_OBJ_EXT" },
		{ GFP_RELEASE(7, 2, 0), 0x1c24ca, "GFP_TRANSHUGE" },
		{ GFP_RELEASE(7, 2, 0), 0x80000cc0, "GFP_KERNEL|0x80000000" },
		{ GFP_RELEASE(7, 2, 0), 0, "0" },
	};
	struct str s = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_str_eq(print(cases[i].release, cases[i].raw, &s), cases[i].text);
		ck_assert_uint_eq(read_mask(cases[i].release, cases[i].text).raw, cases[i].raw);
	}
	str_deinit(&s);
}
END_TEST

START_TEST(tables_contradict_themselves_nowhere)
{
	uint32_t releases[MAX_RELEASES];
	const size_t nr = all_releases(releases);

	for (size_t i = 0; i < nr; i++) {
		struct gfp_word word, other;
		unsigned int at = 0;
		uint32_t taken = 0;

		while (gfp_word_next(releases[i], &at, &word)) {
			char members[256];
			char *save = NULL;

			ck_assert(gfp_word_find(releases[i], word.name, strlen(word.name), &other));
			ck_assert_msg(other.raw == word.raw && other.members == word.members,
				      "%s twice in %#x", word.name, releases[i]);
			if (!word.members) {
				ck_assert_msg(!(taken & word.raw), "%s shares a bit in %#x",
					      word.name, releases[i]);
				taken |= word.raw;
				continue;
			}
			strcpy(members, word.members);
			for (char *m = strtok_r(members, "|&~", &save); m;
			     m = strtok_r(NULL, "|&~", &save))
				ck_assert_msg(gfp_word_find(releases[i], m, strlen(m), &other),
					      "%s of %s is not in %#x", m, word.name, releases[i]);
		}
	}
}
END_TEST

START_TEST(a_generation_keeps_its_numbers)
{
	uint32_t releases[MAX_RELEASES];
	const size_t nr = all_releases(releases);

	for (size_t i = 0; i < nr * nr; i++) {
		const uint32_t a = releases[i / nr], b = releases[i % nr];
		struct gfp_word word, other;
		unsigned int at = 0;

		if (gfp_generation_of(a) != gfp_generation_of(b))
			continue;
		while (gfp_word_next(a, &at, &word) && !word.members)
			if (gfp_word_find(b, word.name, strlen(word.name), &other))
				ck_assert_msg(word.raw == other.raw, "%s in %#x and %#x",
					      word.name, a, b);
	}
	for (unsigned int i = 0; gfp_generation_at(i); i++)
		ck_assert_uint_eq(gfp_generation_of(gfp_generation_at(i)->first), i);
}
END_TEST

START_TEST(any_mask_survives_every_release)
{
	uint32_t releases[MAX_RELEASES];
	const size_t nr = all_releases(releases);
	struct str s = { 0 };
	struct rng rng;

	rng_init(&rng, 7);
	for (size_t i = 0; i < nr; i++) {
		for (int round = 0; round < 50; round++) {
			const uint64_t raw = rng_next(&rng) & rng_next(&rng) & UINT32_MAX;
			const char *text = print(releases[i], raw, &s);
			const uint64_t known = raw & ~gfp_history_unknown(releases[i], raw);
			const uint32_t mask = gfp_history_mask(releases[i], known);
			uint32_t left;

			ck_assert_msg(read_mask(releases[i], text).raw == raw,
				      "%#x: %#lx prints as %s", releases[i], (unsigned long)raw, text);
			/* What has no place today is lost on the way there, and nothing else is. */
			ck_assert_uint_eq(gfp_history_mask(releases[i],
						gfp_history_raw(releases[i], mask, &left)), mask);
			ck_assert_uint_eq(left, 0);
		}
	}
	str_deinit(&s);
}
END_TEST

START_TEST(recordings_are_numbered_the_same)
{
	for (unsigned int i = 0; i < GFP_ERA_NR; i++) {
		const enum gfp_era era = (enum gfp_era)i;
		const struct kernel_version kernel = gfp_era_kernel(era);
		const uint32_t release = GFP_RELEASE(kernel.major, kernel.minor, 0);
		const uint32_t none = gfp_from_raw(era, 0);
		struct gfp_word word;
		unsigned int at = 0;

		ck_assert_uint_eq(gfp_history_mask(release, 0), none);
		while (gfp_word_next(release, &at, &word)) {
			if (word.depends || word.members || !strcmp(word.name, "__GFP_NOACCOUNT"))
				continue;
			ck_assert_msg(gfp_history_mask(release, word.raw) ==
				      gfp_from_raw(era, word.raw), "%s of %s", word.name,
				      gfp_era_name(era));
		}
	}
}
END_TEST

START_TEST(recorded_masks_have_names_for_all_bits)
{
	static const struct {
		uint32_t release;
		const char *const *masks;
		size_t nr;
	} kernels[] = {
		{ GFP_RELEASE(6, 1, 0), masks_61, ARRAY_SIZE(masks_61) },
		{ GFP_RELEASE(6, 12, 0), masks_612, ARRAY_SIZE(masks_612) },
		{ GFP_RELEASE(7, 2, 0), masks_72, ARRAY_SIZE(masks_72) },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kernels); k++) {
		for (size_t i = 0; i < kernels[k].nr; i++) {
			const uint32_t release = kernels[k].release;
			const struct gfp_reading reading = read_mask(release, kernels[k].masks[i]);

			ck_assert_msg(!reading.nr_foreigners, "%s", kernels[k].masks[i]);
			ck_assert_msg(!gfp_history_unknown(release, reading.raw), "%s",
				      kernels[k].masks[i]);
		}
	}
}
END_TEST

START_TEST(masks_are_read_as_people_have_them)
{
	static const struct {
		const char *text;
		uint64_t raw;
	} cases[] = {
		{ "3264", 0xcc0 },
		{ "0XCC0", 0xcc0 },
		{ " GFP_KERNEL | __GFP_ZERO ", 0xdc0 },
		{ "GFP_KERNEL & ~__GFP_FS", 0xc40 },
		{ "(GFP_KERNEL|__GFP_COMP)&~(__GFP_IO|__GFP_FS)", 0x40c00 },
		{ "GFP_KERNEL&~__GFP_FS|__GFP_NOWARN", 0x2c40 },
		{ "0xcc0(GFP_KERNEL)", 0xcc0 },
		{ "mode:0xcc0(GFP_KERNEL),", 0xcc0 },
		{ "gfp_flags=0x52000", 0x52000 },
		{ "gfp_mask=GFP_NOFS|0x100", 0xd40 },
		{ "none", 0 },
		{ "0", 0 },
	};
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "", "expected a GFP mask like GFP_KERNEL|__GFP_ZERO or 0xcc0, not ''" },
		{ "GFP_KERNL",
		  "no kernel has a GFP flag 'GFP_KERNL': did you mean 'GFP_KERNEL'?" },
		{ "FROBNICATE", "no kernel has a GFP flag 'FROBNICATE'; "
				"'kmreplay gfp --list' has all" },
		{ "GFP_KERNEL|", "expected a flag at the end of the mask" },
		{ "GFP_KERNEL&__GFP_IO",
		  "expected '~' behind '&': what is taken away from a mask" },
		{ "GFP_KERNEL GFP_DMA", "expected '|' or the end of the mask at 'GFP_DMA'" },
		{ "(GFP_KERNEL", "expected ')' in a mask, not ''" },
		{ "0x12345678901234567", "'0x12345678901234567' is no number of 64 bits" },
		{ "12monkeys", "'12monkeys' is no number of 64 bits" },
		{ "GFP_KERNEL|\x01", "expected a flag at '\x01'" },
		{ "((((((((((((((((((((GFP_DMA", "too many brackets in a mask" },
	};
	struct gfp_reading reading;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_uint_eq(read_mask(GFP_RELEASE(6, 12, 0), cases[i].text).raw,
				  cases[i].raw);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ck_assert(!gfp_read(GFP_RELEASE(6, 12, 0), wrong[i].text, &reading, &err));
		ck_assert_str_eq(err.message, wrong[i].message);
	}
	ck_assert_uint_eq(read_mask(GFP_RELEASE(3, 10, 0), "GFP_WAIT|GFP_ZERO").raw, 0x8010);
}
END_TEST

START_TEST(old_names_mean_something_today)
{
	const uint32_t today = GFP_RELEASE_NEWEST;
	struct gfp_reading reading = read_mask(today, "__GFP_WAIT|__GFP_HIGHIO|__GFP_REPEAT");

	ck_assert_uint_eq(reading.raw, 0);
	ck_assert_uint_eq(reading.nr_foreigners, 3);
	ck_assert_uint_eq(reading.foreign, GFP_BITS_RECLAIM | GFP_BIT_RETRY_MAYFAIL);
	ck_assert_str_eq(reading.foreigners[0].word.today, "__GFP_RECLAIM");
	ck_assert_uint_eq(reading.foreigners[0].end, GFP_RELEASE(4, 4, 0));
	reading = read_mask(today, "__GFP_NO_KSWAPD|__GFP_KMEMCG");
	ck_assert_uint_eq(reading.foreign, GFP_BIT_ACCOUNT);
	reading = read_mask(today, "GFP_KERNEL&~__GFP_WAIT");
	ck_assert_uint_eq(reading.raw, 0xc0);
	ck_assert_uint_eq(reading.foreign, 0);
	/* And new ones in an old kernel. */
	reading = read_mask(GFP_RELEASE(3, 10, 0), "GFP_KERNEL_ACCOUNT");
	ck_assert_uint_eq(reading.foreign, GFP_BITS_KERNEL | GFP_BIT_ACCOUNT);
	ck_assert_uint_eq(reading.foreigners[0].end, 0);
}
END_TEST

START_TEST(number_and_names_tell_the_kernel)
{
	ck_assert_uint_eq(gfp_read_release("0x24200ca(GFP_HIGHUSER_MOVABLE)"),
			  GFP_RELEASE(4, 4, 0));
	ck_assert_uint_eq(gfp_read_release("mode:0x14000c0(GFP_KERNEL)"), GFP_RELEASE(4, 10, 0));
	ck_assert_uint_eq(gfp_read_release("0xcc0(GFP_KERNEL)"), GFP_RELEASE_NEWEST);
	ck_assert_uint_eq(gfp_read_release("0xd0(GFP_KERNEL)"), GFP_RELEASE(3, 6, 0));
	ck_assert_uint_eq(gfp_read_release("0x123(GFP_KERNEL)"), 0);
	ck_assert_uint_eq(gfp_read_release("GFP_KERNEL"), 0);
}
END_TEST

UNIT_MAIN("gfp history", releases_are_read_and_printed, numbers_of_releases,
	  tables_contradict_themselves_nowhere, a_generation_keeps_its_numbers,
	  any_mask_survives_every_release, recordings_are_numbered_the_same,
	  recorded_masks_have_names_for_all_bits, masks_are_read_as_people_have_them,
	  old_names_mean_something_today, number_and_names_tell_the_kernel)
