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

static int read_regex(struct cli *cli, const struct steps_how *how, struct steps *s)
{
	const char *text = how->from + 6;
	char wrong[200];
	int rc = regcomp(&s->regex, text, REG_EXTENDED);

	if (rc != 0) {
		(void)regerror(rc, &s->regex, wrong, sizeof wrong);
		return cli_usage(cli, "%s regex:%.80s: %s", how->option, text, wrong);
	}
	s->by_regex = true;
	if (how->line && (s->regex.re_nsub < 1 || s->regex.re_nsub > 2))
		return cli_usage(cli,
			"%s regex:%.80s: needs one or two groups in parentheses, it has %zu",
			how->option, text, s->regex.re_nsub);
	return EXIT_OK;
}

static int read_from(struct cli *cli, const struct steps_how *how, struct steps *s)
{
	if (strncmp(how->from, "regex:", 6) == 0)
		return read_regex(cli, how, s);
	s->by_marks = !how->line && strcmp(how->from, "marks") == 0;
	if (!s->by_marks && strcmp(how->from, "fd") != 0)
		return cli_usage(cli, "%s %.80s: must be fd%s or regex:EXPRESSION", how->option,
			how->from, how->line ? "" : ", marks");
	return EXIT_OK;
}

int steps_check(struct cli *cli, const struct steps_how *how)
{
	struct steps s = {.by_regex = false};
	int rc = read_from(cli, how, &s);

	if (s.by_regex)
		regfree(&s.regex);
	return rc;
}

int steps_start(struct cli *cli, const char *from, const char *const *argv, struct steps *s)
{
	const struct steps_how how = {.option = "--steps-from",
		.from = from,
		.fd_env = "HOURGLASS_STEPS_FD",
		.argv = argv};

	return steps_begin(cli, &how, s);
}

#define ENV_ROOM 8

int steps_begin(struct cli *cli, const struct steps_how *steps, struct steps *s)
{
	char env[64] = "";
	const char *envs[ENV_ROOM] = {NULL};
	struct child_how how = {.argv = steps->argv, .env = envs};
	size_t n = 0;
	int fds[2], rc;

	memset(s, 0, sizeof *s);
	s->line_fn = steps->line;
	s->line_user = steps->user;
	rc = read_from(cli, steps, s);
	if (rc != EXIT_OK)
		return rc;
	while (steps->env && steps->env[n] && n < ENV_ROOM - 2) {
		envs[n] = steps->env[n];
		n++;
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
		how.kept_as = child_low_fd(fds[1]);
		(void)snprintf(env, sizeof env, "%s=%d", steps->fd_env, how.kept_as);
		envs[n] = env;
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

/** The words of a line, or what the expression's groups matched. @return how many */
static size_t words_of(const struct steps *s, struct slice words[2])
{
	struct slice rest = {s->line, s->len};
	regmatch_t m[3];
	size_t n = 0;

	if (s->by_regex) {
		if (regexec(&s->regex, s->line, 3, m, 0) != 0)
			return 0;
		for (size_t i = 1; i < 3; i++)
			if (i <= s->regex.re_nsub && m[i].rm_so >= 0)
				words[n++] = (struct slice){
					s->line + m[i].rm_so, (size_t)(m[i].rm_eo - m[i].rm_so)};
		return n;
	}
	while (rest.text && n < 2) {
		struct slice word = slice_trim(slice_cut(&rest, ' '));

		if (word.len > 0)
			words[n++] = word;
	}
	return n;
}

static void end_of_words(struct steps *s)
{
	struct slice words[2];
	size_t n = words_of(s, words);

	s->count += n > 0;
	if (n > 0)
		s->line_fn(s->line_user, words, n);
}

static void end_of_line(struct steps *s)
{
	bool begins;

	s->line[s->len] = '\0';
	if (s->line_fn)
		end_of_words(s);
	s->len = 0;
	if (s->line_fn)
		return;
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

bool steps_step(struct steps *s)
{
	if (s->started)
		s->started = step(s);
	/* what it wrote before it ended */
	while (!s->started && s->open && take(s))
		;
	return s->started;
}

bool steps_wait(struct steps *s, uint64_t count)
{
	while (s->count < count && s->started && !s->child.end.interrupted)
		(void)steps_step(s);
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
