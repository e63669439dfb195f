/* Frontiers in and out of files. */
#ifndef HG_CLI_LOAD_H
#define HG_CLI_LOAD_H

#include <hourglass/frontier.h>

#include "cli.h"

/** Reads a frontier, "-" being standard input. What is wrong goes to stderr. @return exit code */
int frontier_read(struct cli *cli, const char *path, hg_frontier **out);

/** Reads all operands. @param out  receives n frontiers, NULLs on errors; frontiers_free() it */
int frontiers_read(struct cli *cli, const struct args *args, hg_frontier ***out);
/** Frees what frontiers_read() made; NULL is fine. */
void frontiers_free(hg_frontier **list, size_t n);

/** What standard input and output are called. */
const char *path_text(const char *path);

/** Writes a frontier to path (".csv": as CSV) and says nothing. @return exit code */
int frontier_save(struct cli *cli, const hg_frontier *f, const char *path);

/**
 * Writes a frontier to path (".csv": as CSV) and says so on standard output, as text or JSON;
 * nothing but the frontier when path is "-".
 * @return exit code
 */
int frontier_write(
	struct cli *cli, const struct args *args, const hg_frontier *f, const char *path);

/** Says on standard output what was written: hourglass.written/1 or a line of text. */
void written(struct cli *cli, const struct args *args, const char *path, const hg_frontier *f);

/** The -o of commands that make a frontier. */
extern const struct option output_options[];

#endif
