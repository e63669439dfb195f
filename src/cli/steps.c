/* A command that tells its steps. */
#define _GNU_SOURCE
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Signals are looked for so often while steps are waited for. */
#define LOOK_MS 20
#define END_NS  INT64_C(100000000)

static int read_regex(struct cli *cli, const char *text, struct steps *s)
{
	char wrong[200];
	int rc = regcomp(&s->regex, text, REG_EXTENDED | REG_NOSUB);

	if (rc == 0) {
		s->by_regex = true;
		return EXIT_OK;
	}
	(void)regerror(rc, &s->regex, wrong, sizeof wrong);
	return cli_usage(cli, "--steps-from regex:%.80s: %s", text, wrong);
}

int steps_start(struct cli *cli, const char *from, const char *const *argv, struct steps *s)
{
	char env[64] = "";
	const char *envs[] = {env, NULL};
	struct child_how how = {.argv = argv};
	int fds[2], rc;

	memset(s, 0, sizeof *s);
	if (strncmp(from, "regex:", 6) == 0) {
		rc = read_regex(cli, from + 6, s);
		if (rc != EXIT_OK)
			return rc;
	} else if (strcmp(from, "marks") == 0) {
		s->by_marks = true;
	} else if (strcmp(from, "fd") != 0) {
		return cli_usage(
			cli, "--steps-from %.80s: must be fd, marks or regex:EXPRESSION", from);
	}
	if (pipe2(fds, O_CLOEXEC) != 0) {
		cli_note(cli, "no pipe: %s", strerror(errno));
		return EXIT_BROKEN;
	}
	s->fd = fds[0];
	s->open = true;
	if (s->by_regex) {
		how.out_piped = true;
		how.out_fd = fds[1];
	} else {
		how.keeps_fd = true;
		how.kept_fd = fds[1];
		(void)snprintf(env, sizeof env, "HOURGLASS_STEPS_FD=%d", fds[1]);
		how.env = envs;
	}
	rc = child_start(cli, &how, &s->child);
	s->started = rc == EXIT_OK;
	close(fds[1]);
	/* of this call's stack */
	s->child.how.env = NULL;
	return rc;
}

static void pass_on(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void end_of_line(struct steps *s)
{
	bool begins;

	s->line[s->len] = '\0';
	s->len = 0;
	begins = s->by_marks && strcmp(s->line, "begin") == 0;
	if (s->by_regex && regexec(&s->regex, s->line, 0, NULL, 0) != 0)
		return;
	if (s->by_marks && !begins && strcmp(s->line, "end") != 0)
		return;
	s->count += !begins;
	if (s->told)
		s->told(s->told_user, begins);
}

/** Takes what there is. @return false: there will be no more */
static bool take(struct steps *s)
{
	char data[STEPS_LINE];
	ssize_t n = read(s->fd, data, sizeof data);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	if (s->by_regex)
		pass_on(data, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		if (data[i] == '\n')
			end_of_line(s);
		else if (s->len < STEPS_LINE - 1)
			s->line[s->len++] = data[i];
	return true;
}

/** Waits a little for steps and for signals. @return whether the command still runs */
static bool step(struct steps *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	if (s->open && poll(&p, 1, LOOK_MS) > 0 && !take(s)) {
		close(s->fd);
		s->open = false;
	}
	return child_step(&s->child, s->open ? 0 : END_NS);
}

bool steps_wait(struct steps *s, uint64_t count)
{
	while (s->count < count && s->started && !s->child.end.interrupted) {
		s->started = step(s);
		/* what it wrote before it ended */
		while (!s->started && s->open && take(s))
			;
	}
	return s->count >= count;
}

void steps_drain(struct steps *s)
{
	while (s->started)
		s->started = step(s);
	while (s->open && take(s))
		;
}

void steps_finish(struct steps *s)
{
	if (s->started) {
		child_kill(&s->child, SIGTERM);
		steps_drain(s);
	}
	if (s->open)
		close(s->fd);
	if (s->by_regex)
		regfree(&s->regex);
	memset(s, 0, sizeof *s);
}
