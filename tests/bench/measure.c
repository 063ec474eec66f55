/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program with its output thrown away and prints one line: wall, user and system seconds,
 * peak resident KiB, exit status.
 *
 *	measure PROGRAM [ARGUMENT...]		or: measure -i FILE PROGRAM...	(FILE on stdin)
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void run_child(const char *input, char **argv)
{
	int in = open(input, O_RDONLY);
	int out = open("/dev/null", O_WRONLY);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	const char *input = "/dev/null";
	struct timespec begin, end;
	struct rusage usage;
	int status;
	pid_t pid;

	argv++;
	if (argc > 3 && !strcmp(argv[0], "-i")) {
		input = argv[1];
		argv += 2;
	}
	if (!argv[0]) {
		fprintf(stderr, "usage: measure [-i FILE] PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork();
	if (!pid)
		run_child(input, argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("measure");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.6f %.6f %.6f %ld %d\n",
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
	       seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
