/* The terminal: what it can do, progress on it, and Ctrl-C as a question instead of a death. */
#ifndef HG_CLI_TERM_H
#define HG_CLI_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

/** Finds out what standard output and the terminal can do. */
void term_init(struct cli *cli);

/** Progress of one long call on stderr, and whether the user wants it to stop. */
struct watch {
	const struct cli *cli;
	int64_t start_ns;  /* when it began */
	int64_t told_ns;   /* when a line was last printed */
	int64_t looked_ns; /* when SIGINT was last looked for */
	bool drawn;        /* there is an unfinished line on the terminal */
	bool interrupted;  /* SIGINT came */
	bool was_kept;     /* SIGINT was blocked before */
	bool term;         /* SIGTERM counts as well */
};

/** Begins: from here on SIGINT is kept until watch_poll() asks for it. */
void watch_begin(struct watch *w, const struct cli *cli);
/** SIGTERM, which batch systems send first, counts as SIGINT from here on: for what has something
 * to write when it is stopped. After watch_begin(), where it is not blocked. */
void watch_keep_term(struct watch *w);
/** Ends: clears the progress line, SIGINT kills again. */
void watch_end(struct watch *w);
/** Whether SIGINT came. Cheap: really looks at most every 50 ms. */
bool watch_poll(struct watch *w);
/** An hg_progress_fn; user is the struct watch. */
int watch_progress(void *user, const char *what, uint64_t done, uint64_t total);

#endif
