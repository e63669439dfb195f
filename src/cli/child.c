/* A command that runs beside ours. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANNOT_RUN 126
#define NOT_FOUND  127

static void kept_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

int64_t child_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void child_signals(struct child *c)
{
	sigset_t kept;

	*c = (struct child){.pid = 0};
	kept_signals(&kept);
	sigprocmask(SIG_BLOCK, &kept, NULL);
}

int child_start(struct cli *cli, struct child *c, const char *const *argv)
{
	posix_spawnattr_t attr;
	sigset_t none, normal;
	int error = posix_spawnattr_init(&attr);

	if (error)
		return cli_broken(cli, HG_ENOMEM);
	sigemptyset(&none);
	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE); /* which we ignore */
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &normal);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(
		&c->pid, argv[0], NULL, &attr, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	if (!error)
		return EXIT_OK;
	c->pid = 0;
	cli_note(cli, "%.80s: %s", argv[0], strerrordesc_np(error));
	return error == ENOENT ? NOT_FOUND : error == ENOMEM ? EXIT_BROKEN : CANNOT_RUN;
}

/* What a signal means. A terminal sends SIGINT to the child as well; kill() to us alone. */
static void take(struct child *c, const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD)
		return;
	c->stop = true;
	if (c->pid > 0 && (info->si_signo != SIGINT || info->si_code <= 0))
		(void)kill(c->pid, info->si_signo);
}

static bool has_ended(struct child *c)
{
	return c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid;
}

bool child_wait(struct child *c, int64_t until_ns)
{
	sigset_t kept;
	siginfo_t info;

	kept_signals(&kept);
	for (;;) {
		int64_t left_ns = until_ns - child_now_ns();
		struct timespec left;

		if (has_ended(c)) {
			c->pid = -1;
			return false;
		}
		if (c->stop && c->pid == 0)
			return false;
		left_ns = left_ns > 0 ? left_ns : 0;
		left.tv_sec = (time_t)(left_ns / 1000000000);
		left.tv_nsec = (long)(left_ns % 1000000000);
		if (sigtimedwait(&kept, &info, &left) > 0)
			take(c, &info);
		else if (errno == EAGAIN)
			return true;
	}
}

int child_code(const struct child *c)
{
	if (c->pid == 0)
		return EXIT_OK;
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}
