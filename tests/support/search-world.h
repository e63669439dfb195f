/* A made-up space of configurations and what each of them costs. */
#ifndef HG_TEST_SEARCH_WORLD_H
#define HG_TEST_SEARCH_WORLD_H

#include <math.h>
#include <stdbool.h>

#include <hourglass/search.h>

#include "core/rng.h"

#define KNOBS 3

static const char *const devices[] = {"x", "y"};
static const hg_knob_def knobs[KNOBS] = {
	{"device", "", devices, 2}, {"batch_size", "", NULL, 0}, {"power_limit_w", "W", NULL, 0}};
static const uint32_t scales[KNOBS] = {HG_SEARCH_CHOICE, HG_SEARCH_LOG, HG_SEARCH_LIMIT};

#define SIZES   8
#define LIMITS  6
#define CONFIGS (2 * SIZES * LIMITS)

struct world {
	hg_search_space space;
	double cells[CONFIGS * KNOBS], time_s[CONFIGS], energy_j[CONFIGS];
};

static inline void world_init(struct world *w, uint64_t seed)
{
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = 0; i < CONFIGS; i++) {
		double *c = w->cells + i * KNOBS;
		double u, slow;

		c[0] = (double)(i / (SIZES * LIMITS));
		c[1] = 8 << (i / LIMITS % SIZES);
		c[2] = (c[0] > 0 ? 300 : 250) * (0.4 + 0.12 * (double)(i % LIMITS));
		u = c[2] / (c[0] > 0 ? 300 : 250);
		slow = exp(0.9 * pow(1 - u, 2.3));
		w->time_s[i] = (20 + 800 / c[1] + c[1] / 40) * slow * (c[0] > 0 ? 0.9 : 1) *
			       exp(0.005 * rng_normal(&rng));
		w->energy_j[i] = w->time_s[i] * c[2] * 0.9 * exp(0.005 * rng_normal(&rng));
	}
	w->space = (hg_search_space){.size = sizeof w->space,
		.n_knobs = KNOBS,
		.knobs = knobs,
		.scales = scales,
		.n_configs = CONFIGS,
		.cells = w->cells,
		.name = "made up",
		.work_unit = "epoch"};
}

#endif
