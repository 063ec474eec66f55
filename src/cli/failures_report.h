/* SPDX-License-Identifier: GPL-2.0-or-later */
/** What `failures` prints. */
#ifndef KMREPLAY_CLI_FAILURES_REPORT_H
#define KMREPLAY_CLI_FAILURES_REPORT_H

#include "replay_job.h"

#include "kmreplay/replay/failures.h"

/** What the report is made from. */
struct failures_facts {
	const struct cli_input *in;
	const struct trace_info *info;
	const struct event_names *names;
	const struct config *settings;
	const struct cli_options *options;
	const char *rules;       /**< of the machine: "6.12" */
	enum machine_arch arch;  /**< the machine's */
	bool simulated;          /**< else it followed the recording */
	uint64_t nr_events;
	uint64_t pageblock_pages; /**< of the machine */
	uint64_t unknown_pages;   /**< taken as free at the start, since nothing tells of them */
	const struct failures *failures;
};

/** failures_report.c: the whole report. */
void failures_report(struct report *report, const struct failures_facts *facts);
/** failures_tables.c: the same of single failures, for machines. */
void failures_report_tables(struct report *report, const struct failures_facts *facts);

/* failures_words.c: lines for people, each ended by a newline; appended to "out". */

/** "Normal", with several nodes "Node 1 Normal". */
void failures_zone_name(const struct failure_report *what, const struct zone_info *info,
			struct str *out);
/** The task as recordings name it: "bash", "<...>" when they do not say. */
const char *failures_task(const struct failures_facts *facts, const struct owners_asker *asker);
/** The mask as the kernel prints it: "0xcc0(GFP_KERNEL)". */
void failures_add_mode(const struct failures_facts *facts, uint32_t gfp, struct str *out);
/** What the mask lets the request do. */
void failures_say_rights(const struct failure_report *what, struct str *out);
/** Zone by zone, why not. */
void failures_say_why(const struct failure_report *what, struct str *out);
/** Whether the machine that follows a recording fails, too, and what stands between; no newline. */
void failures_say_verdict(const struct failures_facts *facts, const struct failure_report *what,
			  struct str *out);
/** Each zone as the kernel's own report has it. */
void failures_say_zones(const struct failures_facts *facts, const struct failure_report *what,
			struct str *out);
/** The nearest blocks and whose pages are in their way. */
void failures_say_near(const struct failures_facts *facts, const struct failure_report *what,
		       struct str *out);
/** The fragmentation indices of the order, of each zone that is allowed. */
void failures_say_indices(const struct failure_report *what, struct str *out);
/** What would have helped, by the figures. */
void failures_say_help(const struct failure_report *what, struct str *out);

#endif
