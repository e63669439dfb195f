/* The space that is searched, as the belief sees it. */
#ifndef HG_SOFTWARE_SEARCH_SPACE_H
#define HG_SOFTWARE_SEARCH_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <hourglass/search.h>

/** Seconds and watts: the two things that are believed about. */
enum {
	SEARCH_TIME,
	SEARCH_POWER,
	SEARCH_OUTPUTS
};

/** What is expected of logarithms before anything was measured: variances of the parts of a belief,
 * lengths, and how limits act. */
struct scales {
	double group, main, own, log_length, limit_main, limit_own, limit_length, pair, rough, bend,
		nugget, uneven;
	double limit_mean;  /* of a limit's effect: the factor of its strength */
	double limit_power; /* of time: strength is (1 - u)^this; of power it is log u */
};

/** Whether a knob acts by its share of the largest value. */
static inline bool scale_is_share(hg_search_scale scale)
{
	return scale == HG_SEARCH_LIMIT || scale == HG_SEARCH_CLOCK;
}

struct space {
	const struct scales *scales; /* SEARCH_OUTPUTS of them */
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
	bool stems;                   /* whether configurations share stems */
	bool mixed;                   /* whether sets of choices differ in several knobs */
};

/** A configuration, and the spans of its knobs. */
struct space_row {
	double cells[HG_SEARCH_MAX_KNOBS], cost;
	double lo[HG_SEARCH_MAX_KNOBS], hi[HG_SEARCH_MAX_KNOBS];
	double top[HG_SEARCH_MAX_KNOBS]; /* largest value with the same choices */
};

/** Copies and checks a caller's space. @return HG_OK, HG_EINVAL, HG_ELIMIT, HG_ENOMEM */
hg_err space_init(struct space *s, const hg_search_space *given, hg_error *why);
void space_finish(struct space *s);
/** What public sweeps suggest. */
extern const struct scales scales_known[SEARCH_OUTPUTS];
/** Expects other things of a listed space, whose predictions, if any, are the caller's. */
void space_expect(struct space *s, const struct scales *scales, bool predicted);
/** A space of n slots, each of which space_put() fills. @return as space_init() */
hg_err space_init_slots(struct space *s, const hg_search_space *given, size_t n, hg_error *why);
/** Puts a configuration where another was; space_number() comes after the last. */
void space_put(struct space *s, size_t slot, const struct space_row *row);
/** Numbers sets of choices and stems anew. @return HG_OK, HG_ENOMEM */
hg_err space_number(struct space *s);
/** What a hash of cells begins with. */
#define SPACE_HASH 0x9e3779b97f4a7c15u
/** A hash of cells with one more. Both zeros are one. */
static inline uint64_t space_hash_add(uint64_t hash, double cell)
{
	double v = cell + 0.0;
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	hash = (hash ^ bits) * 0xff51afd7ed558ccdu;
	return hash ^ hash >> 32;
}
/** Hash of cells, and whether a configuration has them. */
uint64_t space_hash(const struct space *s, const double *cells);
bool space_is(const struct space *s, size_t config, const double *cells);
/** Feature of a configuration. */
static inline double space_feature(const struct space *s, size_t config, size_t knob)
{
	return s->feature[config * s->n_knobs + knob];
}

#endif
