/*
 * A command that tells its steps: by a line to a file descriptor whose number is in
 * HOURGLASS_STEPS_FD after each, by lines "begin" and "end" there around each, or by lines of its
 * standard output that match a regular expression (and are passed on).
 */
#ifndef HG_CLI_STEPS_H
#define HG_CLI_STEPS_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "child.h"
#include "cli.h"
#include "core/text.h"

/** Longest line of output that is looked at; the rest of a longer one is passed on unseen. */
#define STEPS_LINE 4096

/** Told of a step as soon as it is read. @param begins it begins, else it ends */
typedef void (*steps_fn)(void *user, bool begins);

/** Told a step: its first two words, or what the groups of the expression matched. */
typedef void (*steps_line_fn)(void *user, const struct slice *words, size_t n);

/** How a command tells its steps, for steps that say something. */
struct steps_how {
	const char *option;      /* that says so: "--steps-from" */
	const char *from;        /* "fd", "regex:RE" or, without `line`, "marks" */
	const char *fd_env;      /* variable that names the descriptor */
	const char *const *argv; /* ends with NULL */
	const char *const *env;  /* "NAME=VALUE" to add, ends with NULL; or NULL; at most 6 */
	steps_line_fn line;      /* NULL: steps are only counted. Lines without words are none */
	void *user;
};

struct steps {
	struct child child;
	steps_line_fn line_fn;
	void *line_user;
	bool by_regex, by_marks, open, started;
	steps_fn told; /* may be set after steps_start() */
	void *told_user;
	regex_t regex;
	int fd;         /* steps come from here */
	uint64_t count; /* so far */
	char line[STEPS_LINE];
	size_t len;
};

/**
 * Reads where steps come from, "fd", "marks" or "regex:RE", and starts the command.
 * child_signals_keep() comes before.
 * @return as child_run(). steps_finish() in any case
 */
int steps_start(struct cli *cli, const char *from, const char *const *argv, struct steps *s);
/** Whether steps can come from there; what is wrong goes to stderr. @return EXIT_OK, EXIT_USAGE */
int steps_check(struct cli *cli, const struct steps_how *how);
/** As steps_start(), of steps that say something. */
int steps_begin(struct cli *cli, const struct steps_how *steps, struct steps *s);
/** Waits a little for steps and for signals. @return whether the command still runs; if not, all
 * that it told has been taken */
bool steps_step(struct steps *s);
/**
 * Waits until `count` steps are done in all.
 * @return whether they are; if not, the command has ended or a signal has come
 */
bool steps_wait(struct steps *s, uint64_t count);
/** Waits for the end of the command. */
void steps_drain(struct steps *s);
/** Ends the command if it still runs, with SIGTERM. */
void steps_finish(struct steps *s);

#endif
