/* The public sweeps that a search is replayed on: a row a training, batch size and power limit. */
#ifndef HG_BENCH_SEARCH_SWEEPS_H
#define HG_BENCH_SEARCH_SWEEPS_H

#include "software/search/space.h"

#define ROWS     4096
#define FAMILIES 32
#define GPUS     16
#define KNOBS    3

/** One measured row. */
struct row {
	int family, gpu;
	double batch, limit, time_s, energy_j;
};

struct data {
	struct row row[ROWS];
	int n, n_families, n_gpus;
	char family[FAMILIES][64], gpu[GPUS][32];
};

/** The space of one family. */
struct task {
	hg_search_space space;
	const struct scales *scales; /* NULL: the library's own */
	const char *gpus[GPUS];
	hg_knob_def knobs[KNOBS];
	double cells[ROWS * KNOBS], prior_t[ROWS], prior_e[ROWS];
	const struct row *row[ROWS];
	int on_front[ROWS];
};

/** Scales of the three knobs: device, batch size, power limit. */
extern const uint32_t sweep_scales[KNOBS];

/** Ends the program. @param why  may be NULL */
_Noreturn void die(const char *what, const hg_error *why);
/** Reads zeus/summary_power_GPU.csv of every GPU below a directory. */
void read_data(struct data *d, const char *dir);
/**
 * Makes the space of a family.
 * @param gpu         the only one; -1: all
 * @param with_prior  predictions come from the other families
 */
void make_task(struct task *t, const struct data *d, int family, int gpu, int with_prior);

#endif
