/*
 * A command and all its descendants. We are a "subreaper": a descendant whose parent died becomes
 * our child, so that waiting until there is no child left waits for the whole tree, daemons too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"

#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND      127
#define SECOND_NS           INT64_C(1000000000)
/* A descendant that outlives the command for so long is told of. */
#define LINGER_NS     (2 * SECOND_NS)
#define PIDS_MAX      ((size_t)1 << 22)
#define CHILDREN_ROOM 65536

static const int forwarded[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT};

int64_t child_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

static void kept_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
		sigaddset(set, forwarded[i]);
}

void child_signals_keep(void)
{
	sigset_t set;

	kept_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void child_signals_let_go(void)
{
	sigset_t set;

	kept_set(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ----- the tree */

/** Adds the processes that one thread of a process has started. */
static hg_err add_children(
	const struct fsroot *root, pid_t pid, const char *thread, struct vec *pids)
{
	char path[96], text[CHILDREN_ROOM];
	struct slice rest, word;
	uint64_t child;
	hg_err rc = HG_OK;

	(void)snprintf(path, sizeof path, "proc/%d/task/%.20s/children", (int)pid, thread);
	/* gone meanwhile, or not the kernel's to tell */
	if (fsroot_read(root, path, text, sizeof text, NULL) != HG_OK)
		return HG_OK;
	rest = (struct slice){text, strlen(text)};
	while (rc == HG_OK && rest.text) {
		word = slice_cut(&rest, ' ');
		if (uint64_parse(word.text, word.len, &child)) {
			pid_t found = (pid_t)child;

			rc = vec_push(pids, &found);
		}
	}
	return rc;
}

static hg_err add_all_children(const struct fsroot *root, pid_t pid, struct vec *pids)
{
	struct fsroot_names threads;
	char path[64];
	hg_err rc = HG_OK;

	(void)snprintf(path, sizeof path, "proc/%d/task", (int)pid);
	if (fsroot_list(root, path, &threads, NULL) != HG_OK)
		return HG_OK;
	for (size_t i = 0; rc == HG_OK && i < threads.n; i++)
		rc = add_children(root, pid, threads.at[i], pids);
	fsroot_names_finish(&threads);
	return rc;
}

hg_err child_descendants(struct vec *pids)
{
	struct fsroot root;
	hg_err rc = fsroot_init(&root, "/", NULL);

	vec_init(pids, sizeof(pid_t), PIDS_MAX);
	if (rc == HG_OK)
		rc = add_all_children(&root, getpid(), pids);
	/* each one's own come behind the last */
	for (size_t i = 0; rc == HG_OK && i < pids->len; i++)
		rc = add_all_children(&root, *(pid_t *)vec_at(pids, i), pids);
	fsroot_finish(&root);
	return rc;
}

/* ----- the command */

#define LOW_FIRST 3
#define LOW_LAST  9

int child_low_fd(int fd)
{
	for (int low = LOW_FIRST; low <= LOW_LAST; low++) {
		int flags = fcntl(low, F_GETFD);

		/* what is closed on exec is not there; what is not is the user's */
		if (flags < 0 || (flags & FD_CLOEXEC))
			return low;
	}
	return fd;
}

/** In the new process: never returns. */
static _Noreturn void become(const struct child_how *how, const sigset_t *mask, int report)
{
	int wrong;

	/* the report must not lie where the kept descriptor goes */
	if (how->keeps_fd && report == how->kept_as)
		report = fcntl(report, F_DUPFD_CLOEXEC, LOW_LAST + 1);
	for (size_t i = 0; how->env && how->env[i]; i++) {
		const char *equals = strchr(how->env[i], '=');
		char name[128];

		if (!equals || (size_t)(equals - how->env[i]) >= sizeof name)
			continue;
		memcpy(name, how->env[i], (size_t)(equals - how->env[i]));
		name[equals - how->env[i]] = '\0';
		setenv(name, equals + 1, 1);
	}
	if (how->out_piped)
		(void)dup2(how->out_fd, STDOUT_FILENO);
	if (how->keeps_fd && how->kept_as == how->kept_fd)
		(void)fcntl(how->kept_fd, F_SETFD, 0);
	else if (how->keeps_fd)
		(void)dup2(how->kept_fd, how->kept_as);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(how->argv[0], (char *const *)how->argv);
	wrong = errno;
	while (write(report, &wrong, sizeof wrong) < 0 && errno == EINTR)
		;
	_exit(EXIT_NOT_FOUND);
}

/** What exec said: 0, or the errno that it failed with. */
static int exec_result(int report)
{
	int wrong = 0;
	ssize_t n;

	do
		n = read(report, &wrong, sizeof wrong);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof wrong ? wrong : 0;
}

static int start(const struct cli *cli, const struct child_how *how, pid_t *pid)
{
	sigset_t set, mask;
	int report[2], wrong;

	if (pipe2(report, O_CLOEXEC) != 0) {
		cli_note(cli, "no pipe: %s", strerror(errno));
		return EXIT_BROKEN;
	}
	/* what the child had without us: nothing that we keep */
	kept_set(&set);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int s = 1; s < NSIG; s++)
		if (sigismember(&set, s) == 1)
			sigdelset(&mask, s);
	*pid = fork();
	if (*pid == 0)
		become(how, &mask, report[1]);
	close(report[1]);
	wrong = *pid > 0 ? exec_result(report[0]) : errno;
	close(report[0]);
	if (*pid < 0) {
		cli_note(cli, "no process: %s", strerror(wrong));
		return EXIT_BROKEN;
	}
	if (wrong == 0)
		return EXIT_OK;
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	cli_note(cli, "%.200s: %s", how->argv[0], strerror(wrong));
	return wrong == ENOENT || wrong == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

void child_kill(const struct child *c, int sig)
{
	struct vec pids;

	if (!c->over)
		kill(c->pid, sig);
	if (child_descendants(&pids) == HG_OK)
		for (size_t i = 0; i < pids.len; i++)
			if (*(pid_t *)vec_at(&pids, i) != c->pid)
				kill(*(pid_t *)vec_at(&pids, i), sig);
	vec_finish(&pids);
}

static void forward(const struct child *c, const siginfo_t *info)
{
	/* the terminal sends these to every process of the group by itself; what outlives the
	 * command may have left the group */
	if (!c->over &&
		(info->si_signo == SIGINT || info->si_signo == SIGQUIT ||
			info->si_signo == SIGWINCH || info->si_signo == SIGCONT) &&
		info->si_code == SI_KERNEL)
		return;
	if (c->over)
		child_kill(c, info->si_signo);
	else
		kill(c->pid, info->si_signo);
}

static bool ends_us(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

static int shell_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/** Takes every child that has ended. @return whether there is one left */
static bool reap(struct child *c)
{
	for (;;) {
		struct rusage used;
		int status;
		pid_t pid = wait4(-1, &status, WNOHANG, &used);

		if (pid == 0)
			return true;
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return false;
		c->end.cpu_s += (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
				1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
		if ((int64_t)used.ru_maxrss * 1024 > c->end.peak_bytes)
			c->end.peak_bytes = (int64_t)used.ru_maxrss * 1024;
		if (pid == c->pid) {
			c->end.code = shell_code(status);
			c->over = true;
			c->over_ns = child_now_ns();
		}
	}
}

/** How long to wait for a signal. */
static struct timespec patience(const struct child *c, int64_t most_ns)
{
	int64_t now = child_now_ns(), ns = most_ns;

	if (c->how.interval_ns > 0 && c->tick_ns - now < ns)
		ns = c->tick_ns - now;
	if (c->over && !c->told && c->over_ns + LINGER_NS - now < ns)
		ns = c->over_ns + LINGER_NS - now;
	if (ns < 0)
		ns = 0;
	return (struct timespec){ns / SECOND_NS, (long)(ns % SECOND_NS)};
}

static void what_is_due(struct child *c)
{
	int64_t now = child_now_ns();

	if (c->how.interval_ns > 0 && now >= c->tick_ns) {
		c->how.tick(c->how.user, now - c->end.begin_ns);
		c->tick_ns += (1 + (now - c->tick_ns) / c->how.interval_ns) * c->how.interval_ns;
	}
	if (c->over && !c->told && now >= c->over_ns + LINGER_NS) {
		c->told = true;
		cli_note(c->cli, "the command has ended, processes that it started have not: "
				 "waiting for them (Ctrl-C ends them)");
	}
}

bool child_step(struct child *c, int64_t most_ns)
{
	const struct timespec time = patience(c, most_ns);
	siginfo_t info;
	sigset_t set;
	int sig;

	if (c->pid > 0 && !reap(c))
		goto over;
	kept_set(&set);
	sig = sigtimedwait(&set, &info, &time);
	if (sig > 0 && sig != SIGCHLD) {
		c->end.interrupted |= ends_us(sig);
		if (c->pid > 0)
			forward(c, &info);
	}
	what_is_due(c);
	if (c->pid > 0 ? reap(c) : !c->end.interrupted)
		return true;
over:
	c->end.end_ns = child_now_ns();
	c->done = true;
	return false;
}

bool child_wait(struct child *c, int64_t until_ns)
{
	int64_t left;

	while (!c->done && (left = until_ns - child_now_ns()) > 0)
		(void)child_step(c, left);
	return !c->done;
}

int child_start(const struct cli *cli, const struct child_how *how, struct child *c)
{
	*c = (struct child){.cli = cli, .how = *how};
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	c->end.begin_ns = child_now_ns();
	c->tick_ns = c->end.begin_ns + how->interval_ns;
	return start(cli, how, &c->pid);
}

int child_run(const struct cli *cli, const struct child_how *how, struct child_end *end)
{
	struct child c;
	int rc = child_start(cli, how, &c);

	while (rc == EXIT_OK && child_step(&c, 10 * SECOND_NS))
		;
	*end = c.end;
	return rc;
}
