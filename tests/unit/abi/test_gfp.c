/* SPDX-License-Identifier: GPL-2.0-or-later */
/* abi/gfp: texts of real kernels, eras that differ, unknown words, raw numbers. */
#include <config.h>

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/rng.h"

#include <string.h>

#include "gfp_masks.h"
#include "unit/unit.h"

static const char *print(enum gfp_era era, uint32_t gfp, struct str *s)
{
	str_reset(s);
	gfp_print(era, gfp, s);
	return str_text(s);
}

static uint32_t parse(enum gfp_era era, const char *text)
{
	const char *unknown = NULL;
	size_t len = 0;
	uint32_t gfp = gfp_parse(era, text, strlen(text), &unknown, &len);

	ck_assert_msg(!unknown, "'%.*s' of '%s' is unknown", (int)len, unknown, text);
	ck_assert(!(gfp & GFP_BIT_UNKNOWN));
	return gfp;
}

static void expect_same(enum gfp_era era, const char *const *masks, size_t nr)
{
	struct str s = { 0 };

	for (size_t i = 0; i < nr; i++)
		ck_assert_str_eq(print(era, parse(era, masks[i]), &s), masks[i]);
	str_deinit(&s);
}

START_TEST(recorded_masks_print_as_read)
{
	expect_same(GFP_ERA_5_10, masks_61, ARRAY_SIZE(masks_61));
	expect_same(GFP_ERA_6_11, masks_612, ARRAY_SIZE(masks_612));
	expect_same(GFP_ERA_7_2, masks_72, ARRAY_SIZE(masks_72));
}
END_TEST

START_TEST(eras_give_words_their_own_bits)
{
	ck_assert_uint_eq(parse(GFP_ERA_5_10, "GFP_NOWAIT"), GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_NOWAIT"),
			  GFP_BIT_KSWAPD_RECLAIM | GFP_BIT_NOWARN);
	ck_assert_uint_eq(parse(GFP_ERA_5_10, "GFP_ATOMIC"),
			  GFP_BIT_HIGH | GFP_BIT_ATOMIC | GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_6_3, "GFP_ATOMIC"), GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_4_6, "__GFP_REPEAT"), GFP_BIT_RETRY_MAYFAIL);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_TRANSHUGE"), 0x1c24ca);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_TRANSHUGE_LIGHT"), 0x1c20ca);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_HIGHUSER_MOVABLE"), 0x100cca);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_KERNEL_ACCOUNT"), 0x400cc0);
}
END_TEST

START_TEST(before_4_4_all_but_no_kswapd_wake_it)
{
	struct str s = { 0 };

	ck_assert_uint_eq(parse(GFP_ERA_2_6, "GFP_KERNEL"), GFP_BITS_KERNEL);
	ck_assert_uint_eq(parse(GFP_ERA_2_6, "GFP_ATOMIC"), GFP_BIT_HIGH | GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_2_6, "GFP_NOWAIT"), GFP_BIT_KSWAPD_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_2_6, "GFP_WAIT|GFP_NO_KSWAPD"), GFP_BIT_DIRECT_RECLAIM);
	ck_assert_uint_eq(gfp_from_raw(GFP_ERA_2_6, 0xd0), GFP_BITS_KERNEL);
	ck_assert_uint_eq(gfp_to_raw(GFP_ERA_2_6, GFP_BITS_KERNEL | GFP_BIT_ZERO), 0x80d0);
	ck_assert_str_eq(print(GFP_ERA_2_6, GFP_BIT_KSWAPD_RECLAIM, &s), "GFP_NOWAIT");
	ck_assert_str_eq(print(GFP_ERA_2_6, 0, &s), "GFP_NO_KSWAPD");
	/* __GFP_FS has no word of its own there. */
	ck_assert_str_eq(print(GFP_ERA_2_6, GFP_BIT_FS | GFP_BIT_KSWAPD_RECLAIM, &s), "0x80");
	/* The old word read with a newer table keeps its sense. */
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_WAIT"), GFP_BITS_RECLAIM);
	ck_assert_uint_eq(parse(GFP_ERA_6_11, "GFP_COLD"), GFP_BIT_COLD);
	str_deinit(&s);
}
END_TEST

START_TEST(raw_numbers_of_the_eras)
{
	static const struct {
		enum gfp_era era;
		uint64_t raw;
		const char *text;
	} cases[] = {
		{ GFP_ERA_2_6, 0x200da, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_ERA_4_4, 0x24000c0, "GFP_KERNEL" },
		{ GFP_ERA_4_6, 0x24200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_ERA_4_10, 0x14200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_ERA_4_10, 0x14004c0, "GFP_KERNEL|__GFP_REPEAT" },
		{ GFP_ERA_4_13, 0x14004c0, "GFP_KERNEL|__GFP_RETRY_MAYFAIL" },
		{ GFP_ERA_4_13, 0x1c00140, "GFP_NOFS|__GFP_COLD|__GFP_WRITE" },
		{ GFP_ERA_4_14, 0x6200ca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_ERA_4_14, 0x6080c0, "GFP_KERNEL|__GFP_ZERO" },
		{ GFP_ERA_5_10, 0x100cca, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_ERA_5_10, 0xa20, "GFP_ATOMIC" },
		{ GFP_ERA_6_11, 0x2820, "GFP_ATOMIC|__GFP_NOWARN" },
		{ GFP_ERA_6_11, 0x1000cc0, "GFP_KERNEL|0x1000000" },
		{ GFP_ERA_7_2, 0x1000cc0, "GFP_KERNEL|__GFP_NO_OBJ_EXT" },
		{ GFP_ERA_7_2, 0, "none" },
	};
	struct str s = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t gfp = gfp_from_raw(cases[i].era, cases[i].raw);

		ck_assert_str_eq(print(cases[i].era, gfp, &s), cases[i].text);
		ck_assert_uint_eq(gfp_to_raw(cases[i].era, gfp), cases[i].raw);
		ck_assert_uint_eq(parse(cases[i].era, cases[i].text), gfp);
	}
	ck_assert_uint_eq(gfp_from_raw(GFP_ERA_7_2, 0x80000000cc0),
			  GFP_BITS_KERNEL | GFP_BIT_UNKNOWN);
	str_deinit(&s);
}
END_TEST

START_TEST(unknown_names_are_reported)
{
	static const char text[] = "GFP_KERNEL|__GFP_FROB|__GFP_ZERO";
	const char *unknown = NULL;
	size_t len = 0;
	struct str s = { 0 };
	uint32_t gfp = gfp_parse(GFP_ERA_6_11, text, sizeof(text) - 1, &unknown, &len);

	ck_assert_uint_eq(gfp, GFP_BITS_KERNEL | GFP_BIT_ZERO | GFP_BIT_UNKNOWN);
	ck_assert_ptr_eq(unknown, text + 11);
	ck_assert_uint_eq(len, 10);
	ck_assert_str_eq(print(GFP_ERA_6_11, gfp, &s), "GFP_KERNEL|__GFP_ZERO|__GFP_UNKNOWN");
	ck_assert_uint_eq(gfp_parse(GFP_ERA_6_11, "", 0, &unknown, &len), 0);
	ck_assert(gfp_parse(GFP_ERA_6_11, "GFP_IO\0GFP", 10, &unknown, &len) & GFP_BIT_UNKNOWN);
	ck_assert(gfp_parse(GFP_ERA_6_11, "0x12345678901234567", 19, NULL, NULL) & GFP_BIT_UNKNOWN);
	ck_assert_uint_eq(gfp_bits_of_name(GFP_ERA_6_11, "GFP_WAIT", 8), 0);
	ck_assert_uint_eq(gfp_bits_of_name(GFP_ERA_6_11, "GFP_NOFS", 8), 0xc40);
	str_deinit(&s);
}
END_TEST

START_TEST(any_mask_survives_every_era)
{
	struct str s = { 0 };
	struct rng rng;

	rng_init(&rng, 1);
	for (unsigned int era = 0; era < GFP_ERA_NR; era++) {
		for (int i = 0; i < 5000; i++) {
			uint32_t gfp = (uint32_t)(rng_next(&rng) & rng_next(&rng));
			const char *text = print((enum gfp_era)era, gfp, &s);

			ck_assert_msg(gfp_parse((enum gfp_era)era, text, s.len, NULL, NULL) == gfp,
				      "era %s: %#x prints as %s", gfp_era_name((enum gfp_era)era),
				      gfp, text);
		}
	}
	str_deinit(&s);
}
END_TEST

START_TEST(releases_have_eras)
{
	ck_assert_int_eq(gfp_era_of_release(2, 6), GFP_ERA_2_6);
	ck_assert_int_eq(gfp_era_of_release(4, 3), GFP_ERA_2_6);
	ck_assert_int_eq(gfp_era_of_release(4, 5), GFP_ERA_4_4);
	ck_assert_int_eq(gfp_era_of_release(4, 9), GFP_ERA_4_6);
	ck_assert_int_eq(gfp_era_of_release(4, 10), GFP_ERA_4_10);
	ck_assert_int_eq(gfp_era_of_release(4, 14), GFP_ERA_4_13);
	ck_assert_int_eq(gfp_era_of_release(4, 15), GFP_ERA_4_14);
	ck_assert_int_eq(gfp_era_of_release(4, 19), GFP_ERA_4_14);
	ck_assert_int_eq(gfp_era_of_release(5, 4), GFP_ERA_5_10);
	ck_assert_int_eq(gfp_era_of_release(6, 1), GFP_ERA_5_10);
	ck_assert_int_eq(gfp_era_of_release(6, 10), GFP_ERA_6_3);
	ck_assert_int_eq(gfp_era_of_release(6, 12), GFP_ERA_6_11);
	ck_assert_int_eq(gfp_era_of_release(7, 1), GFP_ERA_6_11);
	ck_assert_int_eq(gfp_era_of_release(7, 2), GFP_ERA_7_2);
	ck_assert_int_eq(gfp_era_of_release(8, 0), GFP_ERA_7_2);
	for (unsigned int era = 0; era < GFP_ERA_NR; era++) {
		struct kernel_version typical = gfp_era_kernel((enum gfp_era)era);

		ck_assert_uint_eq(gfp_era_of_release(typical.major, typical.minor), era);
	}
}
END_TEST

START_TEST(masks_have_classes)
{
	static const struct {
		const char *mask;
		enum gfp_class class;
	} cases[] = {
		{ "GFP_ATOMIC", GFP_CLASS_ATOMIC },
		{ "GFP_ATOMIC|__GFP_NOWARN|__GFP_COMP", GFP_CLASS_ATOMIC },
		{ "GFP_NOWAIT", GFP_CLASS_NOWAIT },
		{ "GFP_TRANSHUGE_LIGHT", GFP_CLASS_NONE },
		{ "GFP_NOIO", GFP_CLASS_NOIO },
		{ "GFP_NOFS|__GFP_NOFAIL", GFP_CLASS_NOFS },
		{ "GFP_KERNEL|__GFP_ZERO", GFP_CLASS_KERNEL },
		{ "GFP_KERNEL_ACCOUNT", GFP_CLASS_KERNEL },
		{ "GFP_USER", GFP_CLASS_USER },
		{ "GFP_HIGHUSER_MOVABLE", GFP_CLASS_USER },
		{ "GFP_TRANSHUGE", GFP_CLASS_USER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t gfp = gfp_parse(GFP_ERA_5_10, cases[i].mask, strlen(cases[i].mask), NULL,
					 NULL);

		ck_assert_msg(gfp_class(gfp) == cases[i].class, "%s is %s", cases[i].mask,
			      gfp_class_name(gfp_class(gfp)));
	}
	ck_assert_int_eq(gfp_class(0), GFP_CLASS_NONE);
	ck_assert_str_eq(gfp_class_name(GFP_CLASS_NR), "?");
	ck_assert_str_eq(gfp_class_meaning(GFP_CLASS_NOIO), "may sleep, may not start I/O");
}
END_TEST

UNIT_MAIN("gfp", recorded_masks_print_as_read, eras_give_words_their_own_bits,
	  before_4_4_all_but_no_kswapd_wake_it, raw_numbers_of_the_eras,
	  unknown_names_are_reported, any_mask_survives_every_era, releases_have_eras,
	  masks_have_classes)
