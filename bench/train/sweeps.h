/* The sweeps that bench-train replays, and what was learnt of the devices that they were made on.
 */
#ifndef HG_BENCH_TRAIN_SWEEPS_H
#define HG_BENCH_TRAIN_SWEEPS_H

#include <hourglass/fit.h>

#include "hardware/model/device-fit.h"

#include "live-job.h"

#define MAX_SWEEPS 512
#define NAME_ROOM  160
/* Steps that one row of a Zeus profile was measured over. */
#define ZEUS_STEPS 40

/** One job under every power limit of a device. */
struct power_sweep {
	char name[NAME_ROOM];
	char gpu[32];    /* lower case */
	char family[96]; /* dataset/network, or the network alone */
	struct live job;
	uint32_t devices;
	const hg_model *model;          /* NULL: the tuner's own rule */
	double clock_hz[LIVE_SETTINGS]; /* locked; 0: not */
	/* all settings that there are, where a tuner may choose from some; NULL: these */
	const struct live *whole;
};

struct power_sweeps {
	struct power_sweep at[MAX_SWEEPS];
	size_t n;
};

/** Ends the program on an error. */
void need(hg_err rc, const char *what);

/** Reads DIR/zeus/profile_data/GPU+NETWORK+gpuLIST.csv and DIR/zeus/summary_power_GPU.csv. */
void sweeps_read(const char *dir, struct power_sweeps *all);

/* ----- grid.c */

/** Which settings of a grid there are to choose from. */
enum grid_kind {
	GRID_LIMITS, /* power limits alone */
	GRID_APART,  /* power limits and clocks, one of them at a time */
	GRID_JOINT
};

/** Random jobs on the devices that can be simulated, with clocks and power limits: no public sweep
 * has both. Those of one number are the same for all kinds. */
void grids_make(struct power_sweeps *all, enum grid_kind kind, size_t jobs_each);

/* ----- learn.c */

/** Models of the devices by their names, where there are any: their priors were learnt from these
 * very sweeps, as far as they are public. */
void models_by_name(struct power_sweeps *all);
/** Models learnt from the other families of jobs on the same GPU, from neutral physics; none where
 * there is no other family. */
void models_of_others(struct power_sweeps *all);
/** An hg_tune_predict_fn; user is the sweep. As the command does it. */
hg_err sweep_predict(void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings);

#endif
