/*
 * Ranks of one job that tune as a group, each in a process of its own: by files that all of them
 * see, FILE.0 to FILE.N-1. Each rank writes its own alone, whole, and reads the others'; there is
 * no lock and no server, and nobody waits for anybody: steps go on at the setting in force until
 * all have told of theirs.
 *
 * A file may be left from an earlier run. So each rank has a token of its run, and says by a digest
 * of all tokens whose it has seen: what a rank tells counts only where that digest is ours.
 */
#ifndef HG_CLI_TUNE_GROUP_H
#define HG_CLI_TUNE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/tune.h>

#include "cli.h"
#include "group-file.h"

/** Zero to begin: no group. */
struct tune_group {
	const char *file;      /* NULL: none */
	struct group_file own; /* what this rank tells; told: others may not have read the one
				* before the last yet */
	double patience_s;
	hg_tune_summary *all; /* ranks of them: what the others told of the stretch under way */
	bool *have;
	bool waiting;
	int64_t since_ns; /* waiting: for so long; the clock of now_ns */
	int64_t read_ns;  /* when files were last read */
	hg_error lost;    /* why it was given up; "" */
};

extern const struct option tune_group_options[];

/** Reads --group, --rank and --ranks, the latter two also from the environment of torchrun, Open
 * MPI, MPICH and Slurm. @return EXIT_OK, EXIT_USAGE. tune_group_close() in any case */
int tune_group_open(struct cli *cli, const struct args *args, struct tune_group *g);
/** Says that this rank is there. @param settings  digest of what the ranks must have in common */
hg_err tune_group_begin(struct tune_group *g, uint64_t settings, hg_error *why);
/**
 * Tells the others what this rank's tuner has to tell, if it has, and lets it decide once all have
 * told. Cheap to call after every step.
 * @param now_ns  of any clock that does not stand still
 * @return HG_OK; anything else: the group is given up, g->lost says why; HG_ENOENT: as a rank
 *         has ended
 */
hg_err tune_group_step(struct tune_group *g, hg_tune *t, int64_t now_ns);
/** Says that this rank has ended; the last one removes the files. */
void tune_group_close(struct tune_group *g);

/** A digest to begin with, and that of more bytes (FNV-1a). */
#define TUNE_DIGEST UINT64_C(0xcbf29ce484222325)
uint64_t tune_digest(uint64_t digest, const void *bytes, size_t n);

#endif
