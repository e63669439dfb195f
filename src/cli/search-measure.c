/* Commands that measure. */
#define _GNU_SOURCE
#include "search-measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

#define LOOK_NS      INT64_C(20000000)
#define GRACE_NS     INT64_C(2000000000)
#define MOST_AT_ONCE 256

/** A line of output as it comes. */
struct filter {
	enum {
		LINE_BLANK, /* nothing but blanks yet */
		LINE_JSON,
		LINE_OTHER,
		LINE_FIRST_OTHER
	} state;
	uint32_t line;
	size_t other; /* bytes of the first other line */
};

static void take_byte(struct filter *f, struct measure_end *end, char c)
{
	if (f->state == LINE_BLANK && c == '{') {
		end->line = end->len == 0 ? f->line + 1 : end->line;
		f->state = LINE_JSON;
	} else if (f->state == LINE_BLANK && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
		f->state = f->other == 0 ? LINE_FIRST_OTHER : LINE_OTHER;
	}
	if (f->state == LINE_JSON && end->len < MEASURE_TEXT)
		end->text[end->len++] = c;
	if (f->state == LINE_FIRST_OTHER && c != '\n' && f->other < MEASURE_OTHER - 1)
		end->other[f->other++] = c;
	if (c == '\n') {
		f->state = LINE_BLANK;
		f->line++;
	}
}

/** Takes what the command has said. */
static void take_output(int fd, struct filter *f, struct measure_end *end)
{
	char piece[4096];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n; i++)
			take_byte(f, end, piece[i]);
	}
}

/** What was sent to a command that is to end. */
struct ending {
	bool termed, killed;
};

/** Asks once for an end, and after a while insists. */
static void end_it(const struct child *c, struct ending *e, int64_t since_ns)
{
	if (!e->termed)
		child_kill(c, SIGTERM);
	else if (!e->killed && since_ns > GRACE_NS)
		child_kill(c, SIGKILL);
	e->killed |= e->termed && since_ns > GRACE_NS;
	e->termed = true;
}

/** Follows a command to its end. */
static void follow(struct child *c, int fd, double timeout_s, struct measure_end *end)
{
	struct ending timeout = {false, false}, left = {false, false};
	int64_t most_ns = timeout_s > 0 ? (int64_t)(1e9 * timeout_s) : INT64_MAX;
	struct filter filter = {LINE_BLANK, 0, 0};

	/* what it leaves behind is not waited for, so that there is nothing to say about it */
	c->told = true;
	while (child_step(c, LOOK_NS)) {
		int64_t since = child_now_ns() - c->end.begin_ns;

		take_output(fd, &filter, end);
		if (end->timed_out || (!c->over && since >= most_ns)) {
			end_it(c, &timeout, since - most_ns);
			end->timed_out = true;
		} else if (c->over && child_now_ns() - c->over_ns > GRACE_NS) {
			end_it(c, &left, child_now_ns() - c->over_ns - GRACE_NS);
			end->left_behind = true;
		}
	}
	take_output(fd, &filter, end);
	end->code = c->end.code;
	end->interrupted = c->end.interrupted;
}

static void send(int fd, const struct measure_end *end)
{
	const char *at = (const char *)end;
	size_t left = sizeof *end;

	while (left > 0) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		at += n;
		left -= (size_t)n;
	}
}

/** The process beside the command: never returns. */
static _Noreturn void beside(struct cli *cli, const char *command, const char *const *env,
	double timeout_s, pid_t parent, int report)
{
	static const char shell[] = "/bin/sh";
	const char *argv[] = {shell, "-c", command, NULL};
	struct child_how how = {.argv = argv, .env = env, .out_piped = true};
	struct measure_end end;
	struct child c;
	int fds[2];

	memset(&end, 0, sizeof end);
	child_signals_keep();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || pipe2(fds, O_CLOEXEC) != 0)
		_exit(EXIT_BROKEN);
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	how.out_fd = fds[1];
	end.own_code = child_start(cli, &how, &c);
	close(fds[1]);
	if (end.own_code == EXIT_OK)
		follow(&c, fds[0], timeout_s, &end);
	send(report, &end);
	_exit(EXIT_OK);
}

int measure_start(struct cli *cli, const char *command, const char *const *env, double timeout_s,
	int close_fd, struct measure *m)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0) {
		cli_note(cli, "no pipe: %s", strerror(errno));
		return EXIT_BROKEN;
	}
	m->got = 0;
	m->fd = fds[0];
	m->pid = fork();
	if (m->pid == 0) {
		close(fds[0]);
		if (close_fd >= 0)
			close(close_fd);
		beside(cli, command, env, timeout_s, parent, fds[1]);
	}
	close(fds[1]);
	if (m->pid > 0)
		return EXIT_OK;
	cli_note(cli, "no process: %s", strerror(errno));
	close(fds[0]);
	m->pid = 0;
	return EXIT_BROKEN;
}

/** Takes what is there. @return whether it has ended */
static bool take_end(struct measure *m)
{
	ssize_t n;

	do
		n = read(m->fd, (char *)&m->end + m->got, sizeof m->end - m->got);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		m->got += (size_t)n;
	if (n > 0 && m->got < sizeof m->end)
		return false;
	close(m->fd);
	while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
		;
	m->pid = 0;
	/* it was killed before it could say how the command fared */
	if (m->got < sizeof m->end)
		m->end = (struct measure_end){.own_code = EXIT_BROKEN};
	return true;
}

size_t measure_wait(struct measure *m, size_t n, int most_ms)
{
	struct pollfd fds[MOST_AT_ONCE];
	size_t place[MOST_AT_ONCE], running = 0;

	for (size_t i = 0; i < n && running < MOST_AT_ONCE; i++)
		if (m[i].pid > 0) {
			fds[running] = (struct pollfd){m[i].fd, POLLIN, 0};
			place[running++] = i;
		}
	if (poll(fds, (nfds_t)running, most_ms) <= 0)
		return n;
	for (size_t i = 0; i < running; i++)
		if (fds[i].revents && take_end(&m[place[i]]))
			return place[i];
	return n;
}

void measure_stop(struct measure *m, size_t n)
{
	size_t running = 0;

	for (size_t i = 0; i < n; i++)
		if (m[i].pid > 0) {
			kill(m[i].pid, SIGTERM);
			running++;
		}
	while (running > 0)
		running -= measure_wait(m, n, -1) < n;
}
