/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the small parsers of texts that stand in recordings and on command lines. The first
 * byte picks the GFP era and the generation of kernels. What is printed must read back as the same
 * thing.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/abi/gfp_history.h"
#include "kmreplay/abi/kernel.h"
#include "kmreplay/core/str.h"
#include "kmreplay/event/names.h"
#include "kmreplay/stats/account.h"

#include <string.h>

static void try_gfp(enum gfp_era era, const char *text, size_t len);
static void try_mask(unsigned int generation, const char *text);
static void try_site(const char *text, size_t len);
static void try_terminated(const char *text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text;
	struct str copy;

	if (!size)
		return 0;
	str_init(&copy);
	str_add_mem(&copy, data + 1, size - 1);
	text = str_text(&copy);
	try_gfp((enum gfp_era)(data[0] % GFP_ERA_NR), text, size - 1);
	try_mask(data[0] % (gfp_generation_of(GFP_RELEASE_NEWEST) + 1), text);
	/* Interned texts hold any byte but NUL; longer sites than a line can hold do not occur. */
	try_site(text, strnlen(text, MIN(size - 1, (size_t)4096)));
	try_terminated(text);
	str_deinit(&copy);
	return 0;
}

static void try_gfp(enum gfp_era era, const char *text, size_t len)
{
	const char *unknown = NULL;
	size_t unknown_len = 0;
	uint32_t gfp = gfp_parse(era, text, len, &unknown, &unknown_len);
	uint64_t raw = 0;
	struct str printed;

	BUG_ON(unknown && !(gfp & GFP_BIT_UNKNOWN));
	BUG_ON(unknown && (unknown < text || unknown + unknown_len > text + len));
	str_init(&printed);
	gfp_print(era, gfp, &printed);
	BUG_ON(gfp_parse(era, printed.data, printed.len, NULL, NULL) != gfp);
	memcpy(&raw, text, MIN(len, sizeof(raw)));
	raw = gfp_to_raw(era, gfp_from_raw(era, raw));
	BUG_ON(gfp_to_raw(era, gfp_from_raw(era, raw)) != raw);
	str_deinit(&printed);
}

static void try_mask(unsigned int generation, const char *text)
{
	const uint32_t release = gfp_generation_last(generation);
	struct gfp_reading reading, again;
	struct error err = { "" };
	struct str printed;

	if (!gfp_read(release, text, &reading, &err)) {
		BUG_ON(!err.message[0]);
		return;
	}
	BUG_ON(reading.agree && (!reading.numbered || reading.number != reading.raw));
	str_init(&printed);
	gfp_history_print(release, reading.raw, &printed);
	BUG_ON(!gfp_read(release, str_text(&printed), &again, &err));
	BUG_ON(again.raw != reading.raw || again.nr_foreigners);
	(void)gfp_read_release(text);
	str_deinit(&printed);
}

static void try_site(const char *text, size_t len)
{
	struct event_names names;
	struct str printed;
	uint32_t site;

	event_names_init(&names);
	str_init(&printed);
	site = event_site_add(&names, text, len);
	BUG_ON(site != event_site_add(&names, text, len));
	event_site_print(&names, site, true, &printed);
	str_reset(&printed);
	event_site_print(&names, site, false, &printed);
	str_deinit(&printed);
	event_names_deinit(&names);
}

static void try_terminated(const char *text)
{
	struct account_sort_keys keys = { 0 };
	struct kernel_version version;
	struct error err = { "" };
	uint32_t release;

	if (kernel_version_parse(text, &version))
		BUG_ON(kernel_version_cmp(version, version) != 0);
	if (gfp_release_parse(text, &release))
		BUG_ON(!gfp_generation_at(gfp_generation_of(release)));
	if (!account_sort_parse(text, &keys, &err))
		BUG_ON(!err.message[0]);
	vec_deinit(&keys);
}
