/* What a search holds. */
#ifndef HG_SOFTWARE_SEARCH_SEARCH_H
#define HG_SOFTWARE_SEARCH_SEARCH_H

#include "core/rng.h"
#include "core/vec.h"
#include "front.h"
#include "gp.h"
#include "pool.h"

/** Sets of choices that are each begun with one measurement. */
#define SEARCH_SETS 8

/** Beliefs that are held at once, each with scales of its own: what is said is their average. */
#define SEARCH_BELIEFS 4

enum mark {
	MARK_FREE,
	MARK_MEASURED,
	MARK_FAILED,
	MARK_PENDING
};

/** One result, as the belief sees it. */
struct told {
	uint32_t config;
	double t, p;         /* logarithms */
	double t_var, p_var; /* of the measurement */
	hg_search_result result;
};

struct hg_search {
	struct space space;
	struct pool pool; /* of a product, whose candidates the space holds */
	hg_search_opts opts;
	char *name, *work_unit, *device;
	uint32_t devices;
	uint8_t *marks;     /* n_configs of enum mark */
	struct vec told;    /* struct told, measured ones */
	struct vec failed;  /* uint32_t */
	struct vec pending; /* uint32_t, in the order in which they were proposed */
	struct hyper hyper[SEARCH_BELIEFS][SEARCH_OUTPUTS];
	struct gp gp[SEARCH_BELIEFS][SEARCH_OUTPUTS];
	bool fitted;
	size_t next_fit;    /* measured configurations at which scales are fitted again */
	struct front front; /* logarithms of what was measured */
	struct spot ref;    /* beyond all of it */
};

/** hg_search_create() of a listed space with other expectations. @param scales  SEARCH_OUTPUTS of
 * them, which must outlive the search; NULL: those of public sweeps */
hg_err search_create(const hg_search_space *space, const hg_search_opts *opts,
	const struct scales *scales, hg_search **out, hg_error *why);
/** Draws the scales of every belief anew, from what was told. */
hg_err search_fit(hg_search *s);
/** All processes anew, from what was told. */
hg_err search_rebuild(hg_search *s);
/** What one belief is of a configuration. */
struct guess search_guess(const hg_search *s, size_t belief, size_t config);
/** Mean and deviation over all beliefs. */
struct guess search_guess_all(const hg_search *s, size_t config);
/** Probability of a configuration to escape what is covered, over all beliefs. */
double search_escapes(const hg_search *s, size_t config, const struct front *covered);
/** No less than search_escapes(), at a fraction of its cost. */
double search_escapes_most(const hg_search *s, size_t config, const struct front *covered);
/** Probability that it can be measured. */
double search_feasible(const hg_search *s, size_t config);
/** The front of what was measured, moved by epsilon, so that it dominates what it covers. */
hg_err search_covered(const hg_search *s, double epsilon, struct front *out);
/** One proposal, or SIZE_MAX: none. Pending ones are in the processes already. */
hg_err search_choose(hg_search *s, size_t *out);
/** Whether what was measured covers the space, as surely as is asked for. */
hg_err search_is_certain(const hg_search *s, bool *out);
/** Sum of the probabilities of all configurations to escape, or a little more; more than most is
 * only that. */
double search_escape(const hg_search *s, const struct front *covered, double most);

#endif
