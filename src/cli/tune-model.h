/* What a device model says of settings that were not tried: the tuner's predictions, where the
 * device is one that is known. */
#ifndef HG_CLI_TUNE_MODEL_H
#define HG_CLI_TUNE_MODEL_H

#include <hourglass/fit.h>
#include <hourglass/tune.h>

#include "tune-knobs.h"

/** Zero to begin. */
struct tune_model {
	hg_model *model; /* NULL: not a device that is known */
	const struct tune_knobs *knobs;
	double devices;
};

/** Finds the model of a device by its name and makes it the tuner's. */
void tune_model_open(
	struct tune_model *m, const char *device, const struct tune_knobs *k, hg_tune_opts *o);
void tune_model_close(struct tune_model *m);

#endif
