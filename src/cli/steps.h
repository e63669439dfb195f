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

/** Longest line of output that is looked at; the rest of a longer one is passed on unseen. */
#define STEPS_LINE 4096

/** Told of a step as soon as it is read. @param begins it begins, else it ends */
typedef void (*steps_fn)(void *user, bool begins);

struct steps {
	struct child child;
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
