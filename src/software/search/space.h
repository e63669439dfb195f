/* The space that is searched, as the belief sees it. */
#ifndef HG_SOFTWARE_SEARCH_SPACE_H
#define HG_SOFTWARE_SEARCH_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/search.h>

/** Seconds and watts: the two things that are believed about. */
enum {
	SEARCH_TIME,
	SEARCH_POWER,
	SEARCH_OUTPUTS
};

struct space {
	size_t n, n_knobs;
	struct search_knob {
		char *name, *unit;
		char **choices;
		size_t n_choices;
		hg_search_scale scale;
	} knobs[HG_SEARCH_MAX_KNOBS];
	double *cells;   /* n x n_knobs, as given */
	double *feature; /* n x n_knobs: octaves, shares of the span, logarithm of the share */
	/* n x n_knobs: how strongly a knob acts there; shares not at all at their largest */
	double *strength[SEARCH_OUTPUTS];
	double *uneven;  /* n: how far down into the range of its limits */
	uint32_t *group; /* n: configurations with the same choices */
	size_t n_groups;
	uint32_t *stem; /* n: configurations that differ in shares alone */
	size_t n_stems;
	double *mean[SEARCH_OUTPUTS]; /* n: prior mean of the logarithm */
	double *sd;                   /* n: its standard deviation as the caller has it, or NULL */
	double *cost;                 /* n: of measuring, 1 where unknown */
};

/** Copies and checks a caller's space. @return HG_OK, HG_EINVAL, HG_ELIMIT, HG_ENOMEM */
hg_err space_init(struct space *s, const hg_search_space *given, hg_error *why);
void space_finish(struct space *s);
/** Feature of a configuration. */
static inline double space_feature(const struct space *s, size_t config, size_t knob)
{
	return s->feature[config * s->n_knobs + knob];
}

#endif
