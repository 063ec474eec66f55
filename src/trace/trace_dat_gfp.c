/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bit of a raw mask means what in this very kernel. The format files of events with a mask
 * hold its table of names, so that bits moved by the configuration (or by a vendor) are read right.
 * Bits without a name there are those of the era.
 */
#include <config.h>

#include "trace_dat.h"

#include "kmreplay/core/bits.h"

#include <stdio.h>
#include <string.h>

/* What the words of a table say about the era it is of. */
struct words {
	uint64_t zero, nowait;
	bool wait, old_direct, repeat, atomic, no_obj_ext;
};

static void look_at_words(const struct dat_expr *flags, struct words *ret);
static bool is_name(const struct dat_value *name, const char *want);

void dat_gfp_init(struct dat_gfp *gfp, enum gfp_era era)
{
	memset(gfp, 0, sizeof(*gfp));
	gfp->era = era;
	gfp->base = gfp_from_raw(era, 0);
	for (unsigned int bit = 0; bit < 64; bit++)
		gfp->bits[bit] = gfp_from_raw(era, 1ULL << bit) ^ gfp->base;
}

enum gfp_era dat_gfp_guess(const struct dat_expr *flags)
{
	struct words w = { 0 };

	look_at_words(flags, &w);
	if (w.wait)
		return GFP_ERA_2_6;
	if (w.old_direct)
		return GFP_ERA_4_4;
	if (w.repeat)
		return GFP_ERA_4_6;
	if (w.atomic)
		return w.zero == 0x100 ? GFP_ERA_5_10 : GFP_ERA_4_14;
	if (w.no_obj_ext)
		return GFP_ERA_7_2;
	return bits_is_pow2(w.nowait) ? GFP_ERA_6_3 : GFP_ERA_6_11;
}

void dat_gfp_learn(struct dat_gfp *gfp, const struct dat_expr *flags)
{
	struct dat_value value, name;
	uint32_t named = 0;
	bool has_name[64] = { false };

	gfp->found = true;
	while ((flags = dat_expr_next_flag(flags, &value, &name))) {
		uint32_t gfp_bits;
		unsigned int bit;

		if (!value.known || value.text || !name.text || !bits_is_pow2(value.number))
			continue;
		gfp_bits = gfp_parse(gfp->era, name.text, name.len, NULL, NULL) ^ gfp->base;
		bit = bits_ctz(value.number);
		/* The first name of a raw bit counts: those behind it say the same. */
		if (has_name[bit])
			continue;
		has_name[bit] = true;
		gfp->bits[bit] = gfp_bits;
		named |= gfp_bits;
	}
	for (unsigned int bit = 0; bit < 64; bit++)
		if (!has_name[bit] && gfp->bits[bit] & named)
			gfp->bits[bit] = GFP_BIT_UNKNOWN;
}

uint32_t dat_gfp_map(const struct dat_gfp *gfp, uint64_t raw)
{
	uint32_t toggled = 0;

	for (; raw; raw &= raw - 1)
		toggled |= gfp->bits[bits_ctz(raw)];
	return gfp->base ^ toggled;
}

void dat_gfp_note(struct dat *dat, uint64_t raw)
{
	uint64_t unknown = 0;
	char text[20];

	for (uint64_t left = raw; left; left &= left - 1)
		if (dat->gfp.bits[bits_ctz(left)] & GFP_BIT_UNKNOWN)
			unknown |= left & -left;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)unknown);
	trace_note_gfp(dat->trace, text, strlen(text));
}

static void look_at_words(const struct dat_expr *flags, struct words *ret)
{
	struct dat_value value, name;

	while ((flags = dat_expr_next_flag(flags, &value, &name))) {
		if (!name.text)
			continue;
		if (is_name(&name, "GFP_NOWAIT"))
			ret->nowait = value.number;
		else if (is_name(&name, "__GFP_ZERO"))
			ret->zero = value.number;
		ret->wait |= is_name(&name, "GFP_WAIT");
		ret->old_direct |= is_name(&name, "GFP_DIRECT_RECLAIM");
		ret->repeat |= is_name(&name, "__GFP_REPEAT");
		ret->atomic |= is_name(&name, "__GFP_ATOMIC");
		ret->no_obj_ext |= is_name(&name, "__GFP_NO_OBJ_EXT");
	}
}

static bool is_name(const struct dat_value *name, const char *want)
{
	return name->len == strlen(want) && !memcmp(name->text, want, name->len);
}
