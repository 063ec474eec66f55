/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Processes for gnuplot: started without a shell, with an environment of their own, so that
 * neither locale nor start-up files change a picture; watched until they end or time is up.
 */
#include <config.h>

#include "plot_run.h"

#include "kmreplay/core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_JOBS = 8, MAX_ENV = 8, COMPLAINT_MAX = 4096 };

struct process {
	pid_t pid;
	int fd;		 /**< its stderr; -1: closed by it */
	struct str said; /**< on stderr, at most COMPLAINT_MAX */
};

static bool start(const struct plot_run *run, const struct plot_job *job, struct process *process,
		  struct error *err);
static int spawn(const struct plot_run *run, char **argv, int stderr_fd, pid_t *pid);
static void own_environment(char **env);
static void watch(struct process *processes, unsigned int nr, uint64_t deadline);
static void hear(struct process *process);
static uint64_t now_ms(void);
static bool finish(const struct plot_run *run, struct process *process, uint64_t deadline,
		   struct error *err);
static bool wait_until(pid_t pid, int *status, uint64_t deadline);
static void last_complaint(const struct str *said, struct str *line);

bool plot_run(const struct plot_run *run, struct error *err)
{
	uint64_t deadline = now_ms() + run->limit_ms;
	struct process processes[MAX_JOBS];
	unsigned int nr = 0;
	bool ok = true;

	BUG_ON(run->nr_jobs > MAX_JOBS);
	for (unsigned int i = 0; ok && i < run->nr_jobs; i++) {
		if (!run->jobs[i].scripts.nr)
			continue;
		ok = start(run, &run->jobs[i], &processes[nr], err);
		nr += ok;
	}
	watch(processes, nr, deadline);
	for (unsigned int i = 0; i < nr; i++) {
		struct error mine;

		if (!finish(run, &processes[i], deadline, ok ? err : &mine))
			ok = false;
	}
	return ok;
}

static bool start(const struct plot_run *run, const struct plot_job *job, struct process *process,
		  struct error *err)
{
	struct vec(char *) argv = { 0 };
	int ends[2], failure;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot start '%s'", run->program);
	vec_push(&argv, xstrdup(run->program));
	vec_push(&argv, xstrdup("-d"));
	vec_foreach (&job->scripts, name)
		vec_push(&argv, xasprintf("%s.gp", *name));
	vec_push(&argv, NULL);
	failure = spawn(run, argv.items, ends[1], &process->pid);
	vec_foreach (&argv, arg)
		free(*arg);
	vec_deinit(&argv);
	close(ends[1]);
	if (failure) {
		close(ends[0]);
		return error_set_errno(err, failure, "cannot start '%s'", run->program);
	}
	process->fd = ends[0];
	fcntl(process->fd, F_SETFL, O_NONBLOCK);
	str_init(&process->said);
	return true;
}

/** Returns 0 or an errno. */
static int spawn(const struct plot_run *run, char **argv, int stderr_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char *env[MAX_ENV] = { 0 };
	sigset_t none;
	int failure;

	sigemptyset(&none);
	own_environment(env);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	/* A group of its own: the limit also ends what it may have started. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, run->dir);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
	failure = posix_spawnp(pid, run->program, &actions, &attr, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	for (unsigned int i = 0; i < MAX_ENV; i++)
		free(env[i]);
	return failure;
}

static void own_environment(char **env)
{
	static const char *const names[] = { "PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH" };
	unsigned int nr = 0;

	env[nr++] = xstrdup("LC_ALL=C");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (getenv(names[i]))
			env[nr++] = xasprintf("%s=%s", names[i], getenv(names[i]));
}

/** Until all have closed their stderr, which they do when they end. */
static void watch(struct process *processes, unsigned int nr, uint64_t deadline)
{
	for (;;) {
		struct pollfd fds[MAX_JOBS];
		uint64_t now = now_ms();
		unsigned int nr_open = 0;

		for (unsigned int i = 0; i < nr; i++) {
			fds[i] = (struct pollfd){ .fd = processes[i].fd, .events = POLLIN };
			nr_open += processes[i].fd >= 0;
		}
		if (!nr_open || now >= deadline)
			return;
		if (poll(fds, nr, (int)MIN(deadline - now, (uint64_t)1000)) <= 0)
			continue;
		for (unsigned int i = 0; i < nr; i++)
			if (fds[i].revents)
				hear(&processes[i]);
	}
}

static void hear(struct process *process)
{
	char buf[1024];
	ssize_t len = read(process->fd, buf, sizeof(buf));

	if (len > 0) {
		if (process->said.len < COMPLAINT_MAX)
			str_add_mem(&process->said, buf, (size_t)len);
	} else if (!len || (errno != EAGAIN && errno != EINTR)) {
		close(process->fd);
		process->fd = -1;
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool finish(const struct plot_run *run, struct process *process, uint64_t deadline,
		   struct error *err)
{
	struct str line;
	int status = 0;
	bool late, ok;

	if (process->fd >= 0)
		close(process->fd);
	late = !wait_until(process->pid, &status, deadline);
	ok = !late && WIFEXITED(status) && !WEXITSTATUS(status);
	str_init(&line);
	if (late)
		str_addf(&line, "took longer than %u ms", run->limit_ms);
	else if (!ok)
		last_complaint(&process->said, &line);
	if (!ok)
		error_set(err, "'%s' drew no pictures: %s", run->program, str_text(&line));
	str_deinit(&line);
	str_deinit(&process->said);
	return ok;
}

/** False when it had to be killed. */
static bool wait_until(pid_t pid, int *status, uint64_t deadline)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	while (waitpid(pid, status, WNOHANG) == 0) {
		if (now_ms() >= deadline) {
			kill(-pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
		nanosleep(&nap, NULL);
	}
	return true;
}

/** The last line that is not empty: gnuplot repeats the command first and complains then. */
static void last_complaint(const struct str *said, struct str *line)
{
	const char *at = str_text(said);

	str_add(line, "it failed without a word");
	while (*at) {
		size_t len = strcspn(at, "\n");

		if (strspn(at, " \t^") < len) {
			str_reset(line);
			str_add_mem(line, at + strspn(at, " \t"), len - strspn(at, " \t"));
		}
		at += len + (at[len] == '\n');
	}
}
