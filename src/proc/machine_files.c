/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files that say which machine this is: version, cmdline, cpuinfo, and its vm settings. */
#include <config.h>

#include "proc_internal.h"

void proc_set_kernel(struct proc_snapshot *snap, const char *release)
{
	struct kernel_version version;

	if (kernel_version_parse(release, &version))
		snap->kernel = version;
}

/* /proc/version, or a release alone, as uname -r prints it. */
static bool parse_version(struct proc_snapshot *snap, struct scan *s)
{
	struct kernel_version version;

	scan_line(s);
	scan_text(s, "Linux version ");
	snap->release = scan_word(s, "", &snap->arena);
	if (!snap->release || !kernel_version_parse(snap->release, &version))
		return scan_expected(s, "'Linux version N.N...'");
	snap->kernel = version;
	return true;
}

static void clear_version(struct proc_snapshot *snap)
{
	snap->release = NULL;
}

const struct proc_file_ops proc_version_ops = { parse_version, NULL, clear_version };

static bool parse_cmdline(struct proc_snapshot *snap, struct scan *s)
{
	scan_line(s);
	snap->cmdline = scan_rest(s, &snap->arena);
	return true;
}

static void clear_cmdline(struct proc_snapshot *snap)
{
	snap->cmdline = NULL;
}

const struct proc_file_ops proc_cmdline_ops = { parse_cmdline, NULL, clear_cmdline };

static bool parse_cpuinfo(struct proc_snapshot *snap, struct scan *s)
{
	unsigned int cpu;

	while (scan_line(s))
		snap->nr_cpus += scan_text(s, "processor") && scan_text(s, ":") &&
				 scan_uint(s, 65535, &cpu);
	return snap->nr_cpus || scan_expected(s, "lines 'processor : N'");
}

static void clear_cpuinfo(struct proc_snapshot *snap)
{
	snap->nr_cpus = 0;
}

const struct proc_file_ops proc_cpuinfo_ops = { parse_cpuinfo, NULL, clear_cpuinfo };

static bool parse_sysctl(struct proc_snapshot *snap, struct scan *s)
{
	while (scan_line(s)) {
		struct proc_setting setting = { scan_word(s, "=", &snap->arena), NULL };

		if (!setting.name || !scan_text(s, "="))
			return scan_expected(s, "'NAME = VALUE'");
		setting.value = scan_rest(s, &snap->arena);
		vec_push(&snap->settings, setting);
	}
	return true;
}

static void clear_sysctl(struct proc_snapshot *snap)
{
	vec_deinit(&snap->settings);
}

const struct proc_file_ops proc_sysctl_ops = { parse_sysctl, NULL, clear_sysctl };
