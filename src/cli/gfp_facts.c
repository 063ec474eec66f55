/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose mask it is, by which rules it is explained, and on which machine. */
#include <config.h>

#include "gfp_internal.h"

#include "kmreplay/mm/zone.h"
#include "kmreplay/replay/survey.h"

#include <string.h>

static struct kernel_version version_of(uint32_t release);
static bool read_mask(struct gfp_facts *facts, struct error *err);
static bool build_machine(struct gfp_facts *facts, struct error *err);
static bool arch_has(enum machine_arch arch, enum zone_type type);
static void add_name(struct str *out, const char *name);

bool gfp_facts_init(struct gfp_facts *facts, const struct gfp_setting *setting, const char *text,
		    struct error *err)
{
	*facts = (struct gfp_facts){
		.setting = setting,
		.text = text,
		.release = setting->release,
		.whose = setting->asked ? GFP_WHOSE_ASKED : GFP_WHOSE_NEWEST,
		.order = (unsigned int)setting->options->gfp_order,
	};
	if (!read_mask(facts, err))
		return false;
	facts->rules = config_kernel(setting->config, version_of(facts->release));
	facts->profile = page_profile_for(facts->rules);
	machine_config_init(&facts->machine, facts->rules,
			    config_arch(setting->config, ARCH_X86_64));
	config_apply(setting->config, &facts->machine);
	if (config_memory(setting->config) && !build_machine(facts, err))
		return false;
	gfp_plan_init(&facts->plan, &facts->machine, facts->profile, facts->gfp, facts->order,
		      setting->context);
	return true;
}

void gfp_facts_deinit(struct gfp_facts *facts)
{
	page_allocator_destroy(facts->pages);
	machine_config_deinit(&facts->machine);
}

void gfp_facts_zones(const struct gfp_facts *facts, struct str *out)
{
	const enum machine_arch arch = facts->machine.arch;
	unsigned int zones[ZONE_NR];
	unsigned int nr;

	if (facts->pages) {
		nr = gfp_plan_zones(facts->pages, &facts->plan, 0, zones, ARRAY_SIZE(zones));
		for (unsigned int i = 0; i < MIN(nr, (unsigned int)ARRAY_SIZE(zones)); i++) {
			struct zone_info info;

			zone_info(facts->pages, zones[i], &info);
			if (info.node == 0)
				add_name(out, zone_type_name(info.type));
		}
		return;
	}
	for (unsigned int type = facts->plan.policy.highest + 1U; type-- > 0;)
		if (arch_has(arch, (enum zone_type)type))
			add_name(out, zone_type_name(type));
}

static struct kernel_version version_of(uint32_t release)
{
	return (struct kernel_version){ .major = release >> 16, .minor = release >> 8 & 255 };
}

static bool read_mask(struct gfp_facts *facts, struct error *err)
{
	const uint32_t printed =
		facts->whose == GFP_WHOSE_NEWEST ? gfp_read_release(facts->text) : 0;

	if (printed && gfp_generation_of(printed) != gfp_generation_of(facts->release)) {
		facts->release = printed;
		facts->whose = GFP_WHOSE_PRINTED;
	}
	if (!gfp_read(facts->release, facts->text, &facts->reading, err))
		return false;
	facts->gfp = gfp_history_mask(facts->release, facts->reading.raw) |
		     facts->reading.foreign;
	facts->raw = facts->reading.raw |
		     gfp_history_raw(facts->release,
				     facts->reading.foreign |
					     gfp_history_mask(facts->release, 0), NULL);
	return true;
}

static bool build_machine(struct gfp_facts *facts, struct error *err)
{
	struct survey survey;

	survey_init(&survey);
	survey_fill_ranges(&survey, config_memory(facts->setting->config), &facts->machine);
	survey_deinit(&survey);
	if (!machine_config_check(&facts->machine, err))
		return false;
	facts->pages = page_allocator_create(&facts->machine, NULL, NULL, err);
	return facts->pages;
}

static bool arch_has(enum machine_arch arch, enum zone_type type)
{
	if (type == ZONE_HIGHMEM)
		return arch == ARCH_X86_32;
	return type != ZONE_DMA32 || arch != ARCH_X86_32;
}

static void add_name(struct str *out, const char *name)
{
	str_addf(out, "%s%s", out->len ? ", " : "", name);
}
