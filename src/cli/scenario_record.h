/* SPDX-License-Identifier: GPL-2.0-or-later */
/** Scenarios as recordings: they are run, and the events that they would have made are read. */
#ifndef KMREPLAY_CLI_SCENARIO_RECORD_H
#define KMREPLAY_CLI_SCENARIO_RECORD_H

#include "kmreplay/core/base.h"

struct cli;
struct cli_input;

/** "path" is a scenario's, by its name: ".kms". */
bool cli_is_scenario(const char *path);
/**
 * Runs the scenario and keeps the events that a recording kernel would have made, in a file without
 * a name that in->spooled tells. EXIT_OK; else the message is printed.
 */
MUST_CHECK int cli_record_scenario(struct cli_input *in);
/**
 * The settings of scenarios that are read as recordings become options of the command, before
 * those that were given, so that the machine is the scenario's. EXIT_OK; else the message is
 * printed.
 */
MUST_CHECK int cli_scenario_settings(struct cli *cli);

#endif
