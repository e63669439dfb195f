/*
 * Fast forecasts of a fit. The physics is a predictor's; what is added to it, the interpolated
 * residual and the standard deviations, depends on the clock alone, and on whether the cap or the
 * user holds it: two tables over -ln x.
 */
#ifndef HG_HARDWARE_MODEL_FIT_TABLE_H
#define HG_HARDWARE_MODEL_FIT_TABLE_H

#include "work-fit.h"

/** Clocks of a table, from full to lowest, evenly in -ln x. */
#define FIT_CLOCKS 48

/** Residual of ln time and ln power; sd of ln time and ln energy. */
struct fit_node {
	double residual[2], sd[2];
};

struct fit_table {
	hg_predictor *physics;
	double per_s; /* nodes for each unit of -ln x */
	double clock_max_hz;
	struct fit_node locked[FIT_CLOCKS], capped[FIT_CLOCKS];
};

/** @return HG_OK, HG_ENOMEM */
hg_err fit_table_init(struct fit_table *t, const struct work_fit *w, hg_error *why);
void fit_table_finish(struct fit_table *t);

/** As work_fit_forecast(), to a few parts in a thousand. @return HG_OK, HG_ERANGE */
hg_err fit_table_forecast(const struct fit_table *t, const hg_knobs *k, struct work_forecast *out);

#endif
