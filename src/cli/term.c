/* The terminal: what it can do, progress on it, and Ctrl-C as a question instead of a death. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/number.h"
#include "term.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     40
#define WIDTH_MAX     200
#define POLL_NS       INT64_C(50000000)
#define LINE_NS       INT64_C(2000000000)

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] ? v : NULL;
}

static bool locale_is_utf8(void)
{
	const char *l = env("LC_ALL");

	if (!l)
		l = env("LC_CTYPE");
	if (!l)
		l = env("LANG");
	return l && (strcasestr(l, "UTF-8") || strcasestr(l, "UTF8"));
}

static int terminal_width(void)
{
	const char *columns = env("COLUMNS");
	struct winsize size;
	uint64_t n;
	int width = WIDTH_DEFAULT;

	if (columns && uint64_parse(columns, strlen(columns), &n) && n > 0)
		width = n > WIDTH_MAX ? WIDTH_MAX : (int)n;
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	if (width < WIDTH_MIN)
		return WIDTH_MIN;
	return width > WIDTH_MAX ? WIDTH_MAX : width;
}

void term_init(struct cli *cli)
{
	const char *term = env("TERM");

	cli->out_terminal = isatty(STDOUT_FILENO);
	cli->err_terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	cli->utf8 = locale_is_utf8();
	cli->color = cli->out_terminal && term && strcmp(term, "dumb") != 0 && !env("NO_COLOR");
	cli->width = terminal_width();
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void watch_begin(struct watch *w, const struct cli *cli)
{
	sigset_t sigint, before;

	memset(w, 0, sizeof *w);
	w->cli = cli;
	w->start_ns = w->told_ns = w->looked_ns = now_ns();
	sigemptyset(&sigint);
	sigaddset(&sigint, SIGINT);
	sigprocmask(SIG_BLOCK, &sigint, &before);
	w->was_kept = sigismember(&before, SIGINT) == 1;
}

void watch_keep_term(struct watch *w)
{
	sigset_t set;

	w->term = true;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/** Takes a pending signal, if there is one. */
static void look(struct watch *w)
{
	const struct timespec zero = {0, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	if (w->term)
		sigaddset(&set, SIGTERM);
	if (sigtimedwait(&set, NULL, &zero) > 0)
		w->interrupted = true;
}

void watch_end(struct watch *w)
{
	sigset_t set;

	look(w);
	if (w->drawn)
		fputs("\r\033[K", stderr);
	w->drawn = false;
	sigemptyset(&set);
	if (!w->was_kept)
		sigaddset(&set, SIGINT);
	if (w->term)
		sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool watch_poll(struct watch *w)
{
	int64_t now = now_ns();

	if (!w->interrupted && now - w->looked_ns >= POLL_NS) {
		w->looked_ns = now;
		look(w);
	}
	return w->interrupted;
}

int watch_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct watch *w = user;
	int64_t now = now_ns();
	double share = total > 0 ? (double)done / (double)total : 0;
	int bar = (int)(share * 30);

	look(w);
	if (w->interrupted)
		return 1;
	if (w->cli->err_terminal) {
		fprintf(stderr, "\r\033[K%s [%.*s%.*s] %llu/%llu", what, bar,
			"##############################", 30 - bar,
			"                              ", (unsigned long long)done,
			(unsigned long long)total);
		fflush(stderr);
		w->drawn = true;
	} else if (now - w->told_ns >= LINE_NS) {
		w->told_ns = now;
		fprintf(stderr, "hourglass %s: %s: %llu of %llu after %.0f s\n", w->cli->cmd->path,
			what, (unsigned long long)done, (unsigned long long)total,
			(double)(now - w->start_ns) * 1e-9);
	}
	return 0;
}
