/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * SIGINT: the first one asks for the report of what is done so far, the second one kills.
 *
 * The handler does nothing and resets itself (SA_RESETHAND), so that the kernel keeps the one bit
 * of state: when the disposition is the default again, a signal came. That needs no global
 * variable, and the second signal meets the default action. Without SA_RESTART a read that waits
 * on a pipe returns at once.
 */
#include <config.h>

#include "cli_internal.h"

#include <signal.h>

static void on_interrupt(int nr);

void interrupt_catch(void)
{
	struct sigaction action;

	/* Who starts us with SIGINT ignored (nohup, a shell's background job) wants it so. */
	if (sigaction(SIGINT, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
		return;
	action.sa_handler = on_interrupt;
	action.sa_flags = (int)SA_RESETHAND;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

bool interrupt_came(void)
{
	struct sigaction action;

	return !sigaction(SIGINT, NULL, &action) && action.sa_handler == SIG_DFL;
}

static void on_interrupt(int nr UNUSED)
{
}
