/* What the files of the attribution share. */
#ifndef HG_HARDWARE_MEASURE_ATTRIBUTE_H
#define HG_HARDWARE_MEASURE_ATTRIBUTE_H

#include <hourglass/attribute.h>

#include "curve.h"

/** Checks spans: in order, each with a time, an amount and a column. @return HG_OK, HG_EINVAL */
hg_err spans_check(const hg_span *spans, size_t n, uint32_t columns, hg_error *why);

/**
 * Adds the amounts of spans between two moments to x[0..columns), and the seconds that none covers
 * to *rest_s.
 * @param low  where to begin in spans; moved to the first that may matter from t0 on
 */
void spans_amounts(const hg_span *spans, size_t n, size_t *low, int64_t t0, int64_t t1, double *x,
	double *rest_s);

/** Whether a model is one. @return HG_OK, HG_EINVAL */
hg_err attribution_check(const hg_attribution *a, hg_error *why);

/** As hg_attribution_feed() with the spans checked, for a curve that is made already. */
void attribution_feed(hg_attribution *a, const struct curve *c, size_t first, const hg_span *spans,
	size_t n_spans);

#endif
