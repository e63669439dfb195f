/* How far plans may be above what flows prove, over all times between some of them. */
#ifndef HG_SOFTWARE_PIPELINE_GAP_H
#define HG_SOFTWARE_PIPELINE_GAP_H

#include <stddef.h>

/** A relaxed plan, and the line that its flow proves. */
struct touch {
	double time_s;
	double plan_j;   /* what the plan draws */
	double proved_j; /* no plan draws less */
	double slope_w;  /* of what is proved */
};

/**
 * Between two plans there are their mixes, and the higher of both lines.
 * @param t  n of them, by time ascending
 * @return the most, relatively
 */
double gap_of(const struct touch *t, size_t n);

#endif
