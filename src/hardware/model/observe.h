/* Observations: from what was measured to what is fitted, and what cannot be right about them. */
#ifndef HG_HARDWARE_MODEL_OBSERVE_H
#define HG_HARDWARE_MODEL_OBSERVE_H

#include <hourglass/fit.h>

#include "work-fit.h"

/** Whether a device has a setting, rounding forgiven. */
bool setting_exists(const struct figures *f, const hg_knobs *k);

/** An observation in logarithms. @return HG_OK; HG_EINVAL, HG_ERANGE: says what is wrong */
hg_err observe(const struct figures *f, const hg_obs *in, struct work_obs *out, hg_error *why);

/** The prior of a device: its own, or the default one. */
void prior_of(const hg_model *m, struct prior *out);

#endif
