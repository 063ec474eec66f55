/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What `gfp` knows of a mask before it is reported, and the parts of the report.
 *
 *	cmd_gfp.c     the command: what is asked for
 *	gfp_facts.c   whose mask it is, by which rules, on which machine
 *	gfp_report.c  one mask explained: bits, permissions, stages, zones
 *	gfp_words.c   who fails and when, in sentences; other kernels
 *	gfp_list.c    the tables of names
 */
#ifndef KMREPLAY_CLI_GFP_INTERNAL_H
#define KMREPLAY_CLI_GFP_INTERNAL_H

#include "cli_internal.h"

#include "kmreplay/abi/gfp_history.h"
#include "kmreplay/mm/gfp_plan.h"

/** Why a mask is taken as one of its release. */
enum gfp_whose {
	GFP_WHOSE_ASKED,   /**< --kernel says so */
	GFP_WHOSE_PRINTED, /**< number and names are the same only there */
	GFP_WHOSE_NEWEST,  /**< nobody says anything */
};

/** What all masks of a run share. */
struct gfp_setting {
	const struct cli_options *options;
	const struct config *config;
	bool asked;           /**< --kernel was given: */
	uint32_t release;     /**< this one, else the newest */
	unsigned int context; /**< enum page_context */
};

struct gfp_facts {
	const struct gfp_setting *setting;
	const char *text; /**< as given */
	uint32_t release;
	enum gfp_whose whose;
	struct gfp_reading reading;
	uint64_t raw;     /**< in that release, with what it can say of foreign names */
	uint32_t gfp;     /**< in the form of abi/gfp.h, with all of them */
	unsigned int order;
	struct kernel_version rules; /**< asked for */
	const struct page_profile *profile; /**< taken */
	struct machine_config machine;
	struct page_allocator *pages; /**< NULL: no machine was given */
	struct gfp_plan plan;
};

/** gfp_facts.c. False and "err": the mask cannot be read, or there can be no such machine. */
MUST_CHECK bool gfp_facts_init(struct gfp_facts *facts, const struct gfp_setting *setting,
			       const char *text, struct error *err);
/** Also after one that failed. */
void gfp_facts_deinit(struct gfp_facts *facts);
/** Appends the zones that it tries, without a machine those of the architecture: "Normal, DMA". */
void gfp_facts_zones(const struct gfp_facts *facts, struct str *out);

/** gfp_report.c */
void gfp_report(struct report *report, const struct gfp_facts *facts);

/** gfp_words.c: how it ends when memory is short. */
void gfp_say_end(struct report *report, const struct gfp_facts *facts);
/** "min", "0.375 of min", "nothing": the mark that a stage goes down to. */
void gfp_mark_words(const struct gfp_plan *plan, const struct gfp_stage *stage, struct str *out);
/** The same mask in the other generations of kernels, where it is another number or means more. */
void gfp_report_kernels(struct report *report, const struct gfp_facts *facts);
/** What the number is in the other generations. */
void gfp_report_number(struct report *report, const struct gfp_facts *facts);

/** gfp_list.c: the names of "release"; all names there ever were, by generation. */
void gfp_list(struct report *report, uint32_t release);
void gfp_list_all(struct report *report);

#endif
