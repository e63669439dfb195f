/* What a search expects, learnt without the tables that it is tried on. */
#ifndef HG_BENCH_SEARCH_LEFT_OUT_H
#define HG_BENCH_SEARCH_LEFT_OUT_H

#include "software/search/search.h"
#include "sweeps.h"

/**
 * Learns scales from all tables but some. Nothing of scales_known goes into it: from scales that
 * are the same for everything, each round draws the scales of every table and takes their geometric
 * means for the next (empirical Bayes). How strongly limits act comes from least absolute
 * deviations, the power of it from the likelihood of times.
 *
 * @param family  left out
 * @param gpu     left out as well; -1: none
 */
void learn_scales(const struct data *d, int family, int gpu, struct scales learnt[SEARCH_OUTPUTS]);

#endif
