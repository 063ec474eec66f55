/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * kmreplay: replays and analyses recordings of what a Linux kernel's memory allocators were asked
 * to do. This file only starts it; the rooms of the house are, in the order of the data's way:
 *
 *	cli      one file a command; tables of commands and options; output, progress
 *	trace    one file a format: recordings to batches of events
 *	event    the event record, its table of types and fields, names, printing
 *	repair   raw events to a consistent history: objects, owners of pages, coverage
 *	replay   the engine: history to calls of a machine
 *	mm       the machine: gfp, zone, page, slab, vmalloc, percpu, reclaim; machine.c wires them
 *	stats    numbers: accounting, histograms, fragmentation indices; prints nothing
 *	report   a document of figures and tables, one writer a format
 *	abi      what kernels of all generations call things: GFP masks, zones, releases
 *	core     containers, memory, texts, files, errors
 *
 * Who may include whom is in ARCHITECTURE.md and checked by `make check`.
 */
#include <config.h>

#include "kmreplay/cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
