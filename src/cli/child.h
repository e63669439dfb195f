/* A command that runs beside ours: its streams are its own, its exit code becomes ours. */
#ifndef HG_CLI_CHILD_H
#define HG_CLI_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli.h"

/** A child, or none, and the signals that are kept meanwhile. */
struct child {
	pid_t pid;  /* 0: none runs */
	int status; /* as waitpid() says, once it ended */
	bool stop;  /* SIGINT, SIGTERM or SIGHUP came */
};

/** Keeps SIGINT, SIGTERM, SIGHUP and SIGCHLD for child_wait(), and those alone. */
void child_signals(struct child *c);

/**
 * Starts argv[0], looked for in PATH, with the signals as our caller had them.
 * @param argv  ends with NULL
 * @return EXIT_OK; 127 (not found), 126 (cannot be run), 125: what is wrong goes to stderr
 */
int child_start(struct cli *cli, struct child *c, const char *const *argv);

/**
 * Waits until a time of CLOCK_MONOTONIC; signals that come meanwhile are passed on to the child.
 * @return false: it is over: the child has ended, or without one a signal said stop
 */
bool child_wait(struct child *c, int64_t until_ns);

/** The child's exit code, 128 + n when signal n killed it; EXIT_OK when there was none. */
int child_code(const struct child *c);

/** CLOCK_MONOTONIC, ns. */
int64_t child_now_ns(void);

#endif
