/*
 * What is believed about one number per batch size: a Gaussian, conditioned on what was seen.
 *
 * The numbers are logarithms (of epochs to the target, of the cost of an epoch), so that products
 * are sums and none is negative.
 */
#ifndef HG_SOFTWARE_RECUR_BELIEF_H
#define HG_SOFTWARE_RECUR_BELIEF_H

#include <stddef.h>

#include <hourglass/recur.h>

/** Most different bounds of one arm; beyond, the two smallest become one. */
#define BELIEF_BOUNDS 8

/** A joint Gaussian over n arms. */
struct belief {
	size_t n;
	double mean[HG_RECUR_MAX_SIZES];
	double cov[HG_RECUR_MAX_SIZES][HG_RECUR_MAX_SIZES];
};

/** What was seen of one arm. Zeroed: nothing. */
struct evidence {
	double weight;               /* precision of the mean of the exact values */
	double mean;                 /* their mean, where weight > 0 */
	double sd;                   /* of one value about the truth; used for the bounds */
	size_t bounds;               /* how many different ones */
	double bound[BELIEF_BOUNDS]; /* values known to lie above these */
	double times[BELIEF_BOUNDS]; /* how many values each of them */
};

/** Adds one exact value of precision 1 / sd^2. */
void evidence_add(struct evidence *e, double value, double sd);
/** Adds "the value lies above this". */
void evidence_add_bound(struct evidence *e, double bound);

/**
 * Conditions b on evidence for each of its arms, in place. Exact where there are no bounds;
 * with them by expectation propagation, one factor an arm, moments by quadrature (Rasmussen and
 * Williams, Gaussian Processes for Machine Learning, section 3.6). O(n m^2) for m arms seen.
 */
void belief_update(struct belief *b, const struct evidence *seen);

/** log density of the exact values in `seen` (their means), as b foretells them. O(m^3). */
double belief_log_density(const struct belief *b, const struct evidence *seen);
/**
 * Makes b the Gaussian with the moments of a mixture: b with that weight, else other. O(n^2).
 */
void belief_mix(struct belief *b, double weight, const struct belief *other);

/** log of the standard normal's upper tail P(Z > x), accurate far out. */
double log_upper_tail(double x);
/** P(Z > x). */
double upper_tail(double x);

#endif
