/* Fronts of two logarithms, both to be small, and what a point that is uncertain adds to one. */
#ifndef HG_SOFTWARE_SEARCH_FRONT_H
#define HG_SOFTWARE_SEARCH_FRONT_H

#include <stddef.h>

struct spot {
	double t, e;
};

/** Points that no other one beats: t rises, e falls. */
struct front {
	struct spot *at;
	size_t n, room;
};

/** Sorts and filters n spots in place. @return how many are left */
size_t front_filter(struct spot *spots, size_t n);

/** A configuration: log t is normal, log e = log t + log p with log p normal and independent. */
struct guess {
	double t, t_sd, p, p_sd;
};

/**
 * Expected growth of the area between a front and a reference point. Exact: over e in closed form,
 * over t by Gauss-Legendre rules between the kinks (Emmerich, Yang, Deutz 2016 for independent
 * objectives; these are not).
 */
double front_ehvi(const struct front *f, const struct spot *ref, const struct guess *g);

/** Probability that no point of the front is as good in both. */
double front_escape(const struct front *f, const struct guess *g);

/* One belief in so many is so much less sure than it thinks. */
#define DOUBT_SHARE  0.05
#define DOUBT_FACTOR 2.5

/** front_escape() of a belief that is doubted. */
double front_escape_doubted(const struct front *f, const struct guess *g);

/** No less than front_escape_doubted(), at a fraction of its cost: what it takes to beat the one
 * point of the front that is hardest to beat. */
double front_escape_bound(const struct front *f, const struct guess *g);

#endif
