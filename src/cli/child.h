/* A command that is run and followed with all its descendants. */
#ifndef HG_CLI_CHILD_H
#define HG_CLI_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli.h"
#include "core/vec.h"

/** Told about every `interval_ns` while the child runs, and how long it has run. */
typedef void (*child_tick_fn)(void *user, int64_t since_ns);

/** How to run a command. */
struct child_how {
	const char *const *argv; /* ends with NULL */
	const char *const *env;  /* "NAME=VALUE" to add, ends with NULL; or NULL */
	int64_t interval_ns;     /* 0: no ticks */
	child_tick_fn tick;
	void *user;
	bool out_piped; /* its standard output is `out_fd` */
	int out_fd;
	bool keeps_fd; /* `kept_fd`, closed on exec, stays open in it, as `kept_as` */
	int kept_fd;
	int kept_as;
};

/** What became of it. */
struct child_end {
	int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC: before it began, after its last descendant */
	double cpu_s;             /* user and system time of the whole tree */
	int64_t peak_bytes;       /* largest resident set of one process */
	int code;                 /* as a shell has it: 0..255, 128 + n after signal n */
	bool interrupted;         /* SIGINT, SIGTERM, SIGHUP or SIGQUIT came to us */
};

/**
 * Keeps the signals that are forwarded, and those that wake the waiting, for child_run(): call it
 * before threads are made, so that they inherit the mask. Calls do not nest.
 */
void child_signals_keep(void);
/** Ends child_signals_keep(); a fatal signal that came meanwhile takes effect. */
void child_signals_let_go(void);

/** A command that runs. Zero to begin. */
struct child {
	const struct cli *cli;
	struct child_how how;
	struct child_end end;
	pid_t pid;
	bool over;       /* the command has ended; descendants may live on */
	int64_t over_ns; /* when */
	int64_t tick_ns; /* next tick */
	bool told;       /* that descendants live on */
	bool done;       /* all have ended, or without a command a signal said stop */
};

/**
 * A number for a descriptor in a child: 3 to 9 where one is free there, as shells write to no other
 * with ">&N". Without one, fd itself.
 */
int child_low_fd(int fd);
/** Starts a command. @return as child_run() */
int child_start(const struct cli *cli, const struct child_how *how, struct child *c);
/**
 * Waits until something happens to a command, at most so long: passes signals on, takes what has
 * ended.
 * @return whether it or a descendant of it still runs; if not, c->end is complete
 */
bool child_step(struct child *c, int64_t most_ns);
/** As child_step(), until a time of CLOCK_MONOTONIC. Of a child that was never started (all zero)
 * it waits for signals alone: they say stop. */
bool child_wait(struct child *c, int64_t until_ns);
/** CLOCK_MONOTONIC. */
int64_t child_now_ns(void);
/** Sends a signal to a command and its descendants. */
void child_kill(const struct child *c, int sig);

/**
 * Runs a command and waits until it and every descendant of it has ended. Its standard streams are
 * ours. Signals that come to us are passed on to it (but for those of the terminal, which has sent
 * them to it already).
 * @return EXIT_OK: it ran, see end->code; 126: not executable; 127: not found; EXIT_BROKEN: no
 *         process could be made. What was wrong has gone to stderr
 */
int child_run(const struct cli *cli, const struct child_how *how, struct child_end *end);

/** All live descendants of this process, as pid_t. @return HG_OK, HG_ENOMEM */
hg_err child_descendants(struct vec *pids);

#endif
