/*
 * Commands that measure, several at once. Each has a process of ours beside it, which sees to its
 * time and its descendants and outlives neither it nor us.
 */
#ifndef HG_CLI_SEARCH_MEASURE_H
#define HG_CLI_SEARCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli.h"

/** Longest JSON in a command's output that is looked at. */
#define MEASURE_TEXT 8192
/** Room for the beginning of what else it printed. */
#define MEASURE_OTHER 64

/** What became of a command. */
struct measure_end {
	int own_code; /* EXIT_OK: it ran; else as child_run() has it */
	int code;     /* as a shell has it */
	bool timed_out, interrupted;
	bool left_behind;          /* processes that outlived it, and were ended */
	uint32_t len;              /* bytes of text; MEASURE_TEXT: there was more */
	uint32_t line;             /* of the output in which text begins, from 1 */
	char text[MEASURE_TEXT];   /* the lines that begin with {, and only those */
	char other[MEASURE_OTHER]; /* how the first other line begins; "" there is none */
};

/** One that runs. pid 0: none. */
struct measure {
	uint32_t config;
	pid_t pid;
	int fd;     /* its end comes from here */
	size_t got; /* bytes of end */
	struct measure_end end;
};

/**
 * Starts a command, "sh -c COMMAND". It is over when its shell has ended: processes that it leaves
 * behind would disturb the next measurement, and are ended 2 s later.
 * @param env       "NAME=VALUE", ends with NULL
 * @param timeout_s  0: none
 * @param close_fd   not to be kept by it, or -1
 * @return EXIT_OK, EXIT_BROKEN
 */
int measure_start(struct cli *cli, const char *command, const char *const *env, double timeout_s,
	int close_fd, struct measure *m);
/**
 * Waits until one of n has ended, at most so long.
 * @return its place, whose pid is 0 then; n: none has
 */
size_t measure_wait(struct measure *m, size_t n, int most_ms);
/** Ends all that run, and waits for them. */
void measure_stop(struct measure *m, size_t n);

#endif
