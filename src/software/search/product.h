/* A space as the product of its knobs' values, less what a caller refuses: never listed. */
#ifndef HG_SOFTWARE_SEARCH_PRODUCT_H
#define HG_SOFTWARE_SEARCH_PRODUCT_H

#include "core/rng.h"
#include "space.h"

struct product {
	size_t n_knobs;
	struct product_knob {
		hg_search_scale scale;
		double *values; /* rising */
		double *costs;  /* of each */
		size_t n;
	} knobs[HG_SEARCH_MAX_KNOBS];
	hg_search_allows_fn allows; /* or NULL */
	void *user;
};

/** Copies and checks. @return HG_OK, HG_EINVAL, HG_ELIMIT, HG_ENOMEM. product_finish() it always */
hg_err product_init(struct product *p, const hg_search_space *given, hg_error *why);
void product_finish(struct product *p);
/** How many combinations there are, refused ones included. */
double product_count(const struct product *p);
/** Place of a value among its knob's, or SIZE_MAX. */
size_t product_place(const struct product *p, size_t knob, double value);
/** Whether the space has these cells. */
bool product_has(const struct product *p, const double *cells);
/**
 * A setting by chance: each with the same probability, where at least some hundredths of all
 * combinations are allowed; else by backtracking.
 * @return false: none was found
 */
bool product_draw(const struct product *p, struct rng *rng, double *cells);
/**
 * The setting that is allowed and is like another: of each knob in turn, the nearest value that
 * leads to one. Knobs that are fixed are as they are.
 * @param fixed  a bit for each knob
 * @param cells  what it is to be like; receives it
 * @return false: none was found, and cells are lost
 */
bool product_mend(const struct product *p, uint32_t fixed, double *cells);
/** Fills what space_put() asks for. */
void product_row(const struct product *p, const double *cells, struct space_row *row);

#endif
