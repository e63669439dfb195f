/*
 * The candidates of a product: settings that are believed about, out of more than can be. Some are
 * drawn by chance and stay for a while whatever is thought of them; the rest are the most promising
 * ones so far. With each result some of the least promising give way to draws and to neighbours of
 * the front and of the most promising.
 */
#ifndef HG_SOFTWARE_SEARCH_POOL_H
#define HG_SOFTWARE_SEARCH_POOL_H

#include "front.h"
#include "product.h"

/** Sets of candidates, one after the other, that have to be certain. */
#define POOL_SETS 3

enum pool_role {
	POOL_CHOSEN,
	POOL_DRAWN, /* by chance, and not for long enough to be judged */
	POOL_ANCHOR /* where a set of choices is begun */
};

struct pool {
	bool on;
	struct product product;
	uint8_t *role;  /* n of enum pool_role */
	bool *asked;    /* n: located since the last result, and not to be exchanged till then */
	uint32_t *born; /* n: turn of each draw */
	uint32_t *places, turn;
	size_t n_places, n_anchors; /* anchors come first */
	struct rng rng;
	unsigned sure; /* sets of candidates that were certain since the last result */
};

/** Begins with n candidates, or as many as there are. @return HG_OK, HG_EINVAL, HG_ENOMEM */
hg_err pool_init(
	hg_search *s, const hg_search_space *given, size_t n, size_t anchors, hg_error *why);
void pool_finish(struct pool *p);
/** Candidates for what is known now: until they are certain so many times, or are not. */
hg_err pool_turn(hg_search *s);
/**
 * Candidate with these cells, which the product has; it becomes one if it is not.
 * @return HG_OK, HG_ELIMIT, HG_ENOMEM
 */
hg_err pool_locate(hg_search *s, const double *cells, uint32_t *config);

#endif
