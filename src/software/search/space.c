#define _POSIX_C_SOURCE 200809L
#include "space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Variances of log seconds and log watts, and lengths: about what single tables of the public
 * sweeps of V100 and A40 (ML.ENERGY's Zeus) say, where scales differ by factors of 2 to 4 between
 * workloads. Power limits act on a share u of the largest one as (1-u)^2.3 in log time and as log u
 * in log power. What becomes of a search whose own tables had no part in that, bench-search says
 * ("left-out"). */
const struct scales scales_known[SEARCH_OUTPUTS] = {
	{.group = 0.2,
		.main = 0.8,
		.own = 0.1,
		.log_length = 5,
		.limit_main = 0.5,
		.limit_own = 0.25,
		.limit_length = 0.6,
		.pair = 0.35,
		.rough = 1.2e-4,
		.bend = 4e-3,
		.nugget = 1.5e-4,
		.uneven = 13,
		.limit_mean = 1,
		.limit_power = 2.3},
	{.group = 0.1,
		.main = 0.03,
		.own = 0.01,
		.log_length = 5,
		.limit_main = 0.033,
		.limit_own = 0.015,
		.limit_length = 0.95,
		.pair = 0.025,
		.rough = 4e-5,
		.bend = 6e-5,
		.nugget = 1.5e-4,
		.limit_mean = 0.5},
};

static hg_err copy_knob(struct search_knob *k, const hg_knob_def *d)
{
	k->name = strdup(d->name);
	k->unit = strdup(d->unit ? d->unit : "");
	if (!k->name || !k->unit)
		return HG_ENOMEM;
	if (!d->choices)
		return HG_OK;
	k->choices = calloc(d->n_choices + 1, sizeof *k->choices);
	if (!k->choices)
		return HG_ENOMEM;
	for (; k->n_choices < d->n_choices; k->n_choices++)
		if (!(k->choices[k->n_choices] = strdup(d->choices[k->n_choices])))
			return HG_ENOMEM;
	return HG_OK;
}

static hg_err copy_knobs(struct space *s, const hg_search_space *g)
{
	hg_err rc = HG_OK;

	for (size_t i = 0; rc == HG_OK && i < g->n_knobs; i++, s->n_knobs++) {
		s->knobs[i].scale = (hg_search_scale)g->scales[i];
		rc = copy_knob(&s->knobs[i], &g->knobs[i]);
	}
	return rc;
}

static hg_err check_knob(const hg_search_space *g, size_t i, hg_error *why)
{
	const hg_knob_def *d = &g->knobs[i];

	if (!d->name || !*d->name)
		return fail(why, HG_EINVAL, "knob %zu has no name", i);
	for (size_t j = 0; j < i; j++)
		if (strcmp(d->name, g->knobs[j].name) == 0)
			return fail(why, HG_EINVAL, "knob '%.60s' is there twice", d->name);
	if (g->scales[i] > HG_SEARCH_CLOCK)
		return fail(
			why, HG_EINVAL, "knob '%.60s': no such scale: %u", d->name, g->scales[i]);
	if (d->choices && g->scales[i] != HG_SEARCH_CHOICE)
		return fail(why, HG_EINVAL, "knob '%.60s': words are on the scale 'choice' only",
			d->name);
	return HG_OK;
}

static hg_err check_cell(const hg_search_space *g, size_t row, size_t i, hg_error *why)
{
	const hg_knob_def *d = &g->knobs[i];
	double v = g->cells[row * g->n_knobs + i];

	if (!isfinite(v))
		return fail(why, HG_EINVAL, "configuration %zu: '%.60s' is not a finite number",
			row, d->name);
	if (d->choices && !(v >= 0 && v < (double)d->n_choices && v == floor(v)))
		return fail(why, HG_EINVAL, "configuration %zu: '%.60s' has no choice %g", row,
			d->name, v);
	if (g->scales[i] >= HG_SEARCH_LOG && !(v > 0))
		return fail(why, HG_EINVAL, "configuration %zu: '%.60s' must be above 0, not %g",
			row, d->name, v);
	return HG_OK;
}

static bool is_positive(double v)
{
	return v > 0 && isfinite(v);
}

static hg_err check_row(const hg_search_space *g, size_t row, hg_error *why)
{
	hg_err rc = HG_OK;

	for (size_t i = 0; rc == HG_OK && i < g->n_knobs; i++)
		rc = check_cell(g, row, i, why);
	if (rc != HG_OK)
		return rc;
	if (g->prior_time_s &&
		(!is_positive(g->prior_time_s[row]) || !is_positive(g->prior_energy_j[row])))
		return fail(why, HG_EINVAL,
			"configuration %zu: a prediction must be finite and above 0", row);
	if (g->prior_rsd && !is_positive(g->prior_rsd[row]))
		return fail(why, HG_EINVAL,
			"configuration %zu: a prediction's deviation must be finite and above 0",
			row);
	if (g->cost && !is_positive(g->cost[row]))
		return fail(why, HG_EINVAL,
			"configuration %zu: the cost must be finite and above 0", row);
	return HG_OK;
}

static hg_err check_knobs(const hg_search_space *g, hg_error *why)
{
	hg_err rc = HG_OK;

	if (g->n_knobs == 0 || !g->knobs || !g->scales)
		return fail(why, HG_EINVAL, "a space needs knobs and configurations");
	if (g->n_knobs > HG_SEARCH_MAX_KNOBS)
		return fail(
			why, HG_ELIMIT, "%u knobs, at most %d", g->n_knobs, HG_SEARCH_MAX_KNOBS);
	for (size_t i = 0; rc == HG_OK && i < g->n_knobs; i++)
		rc = check_knob(g, i, why);
	return rc;
}

static hg_err check(const hg_search_space *g, hg_error *why)
{
	hg_err rc = check_knobs(g, why);

	if (rc != HG_OK)
		return rc;
	if (g->n_configs == 0 || !g->cells)
		return fail(why, HG_EINVAL, "a space needs knobs and configurations");
	if (g->n_configs > HG_SEARCH_MAX_CONFIGS)
		return fail(why, HG_ELIMIT, "%u configurations, at most %d", g->n_configs,
			HG_SEARCH_MAX_CONFIGS);
	if (!g->prior_time_s != !g->prior_energy_j || (g->prior_rsd && !g->prior_time_s))
		return fail(why, HG_EINVAL, "predictions are of time and energy, or of neither");
	for (size_t i = 0; rc == HG_OK && i < g->n_configs; i++)
		rc = check_row(g, i, why);
	return rc;
}

/** Whether two configurations agree in the knobs on scales up to one. */
static bool agree(const struct space *s, const double *a, const double *b, hg_search_scale last)
{
	for (size_t k = 0; k < s->n_knobs; k++)
		if (s->knobs[k].scale <= last && a[k] != b[k])
			return false;
	return true;
}

/** Hash of what agree() compares. */
static uint64_t hash_of(const struct space *s, const double *row, hg_search_scale last)
{
	uint64_t h = SPACE_HASH;

	for (size_t k = 0; k < s->n_knobs; k++)
		if (s->knobs[k].scale <= last)
			h = space_hash_add(h, row[k]);
	return h;
}

/** Numbers the classes of configurations that agree in the knobs on scales up to one, in the order
 * in which they come. */
static hg_err number(const struct space *s, hg_search_scale last, uint32_t *class, size_t *n)
{
	size_t room = 16, *first; /* of each place: the first of a class and 1, or 0 */

	while (room < 2 * s->n)
		room *= 2;
	first = calloc(room, sizeof *first);
	if (!first)
		return HG_ENOMEM;
	*n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const double *row = s->cells + i * s->n_knobs;
		size_t at = (size_t)hash_of(s, row, last) & (room - 1);

		while (first[at] && !agree(s, row, s->cells + (first[at] - 1) * s->n_knobs, last))
			at = (at + 1) & (room - 1);
		if (!first[at]) {
			first[at] = i + 1;
			class[i] = (uint32_t)(*n)++;
		}
		class[i] = class[first[at] - 1];
	}
	free(first);
	return HG_OK;
}

static void span(const struct space *s, size_t knob, double *lo, double *hi)
{
	*lo = INFINITY;
	*hi = -INFINITY;
	for (size_t i = 0; i < s->n; i++) {
		*lo = fmin(*lo, s->cells[i * s->n_knobs + knob]);
		*hi = fmax(*hi, s->cells[i * s->n_knobs + knob]);
	}
}

/** Largest value of a knob within each set of choices. */
static hg_err largest(const struct space *s, size_t knob, double **out)
{
	double *top = calloc(s->n_groups + 1, sizeof *top);

	if (!top)
		return HG_ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		double v = s->cells[i * s->n_knobs + knob];

		if (v > top[s->group[i]])
			top[s->group[i]] = v;
	}
	*out = top;
	return HG_OK;
}

/** @param lo, hi  span of the knob. @param top  largest value with the same choices */
static double feature_of(hg_search_scale scale, double v, double lo, double hi, double top)
{
	switch (scale) {
	case HG_SEARCH_CHOICE:
		return v;
	case HG_SEARCH_LINEAR:
		return hi > lo ? (v - lo) / (hi - lo) : 0;
	case HG_SEARCH_LOG:
		return log2(v);
	default:
		return fmin(log(v / top), 0);
	}
}

static hg_err make_feature(struct space *s, size_t knob)
{
	double lo, hi, *top;
	hg_err rc = largest(s, knob, &top);

	if (rc != HG_OK)
		return rc;
	span(s, knob, &lo, &hi);
	for (size_t i = 0; i < s->n; i++)
		s->feature[i * s->n_knobs + knob] = feature_of(s->knobs[knob].scale,
			s->cells[i * s->n_knobs + knob], lo, hi, top[s->group[i]]);
	free(top);
	return HG_OK;
}

/** How strongly knobs act at a configuration. */
static void make_strength(struct space *s, size_t i)
{
	s->uneven[i] = 0;
	for (size_t k = 0; k < s->n_knobs; k++) {
		size_t at = i * s->n_knobs + k;
		double f = s->feature[at];
		bool share = scale_is_share(s->knobs[k].scale);

		s->strength[SEARCH_TIME][at] = share ? f : 1;
		s->strength[SEARCH_POWER][at] = share ? f : 1;
		if (s->knobs[k].scale != HG_SEARCH_LIMIT)
			continue;
		s->strength[SEARCH_TIME][at] = pow(1 - exp(f), s->scales[SEARCH_TIME].limit_power);
		/* a device far below its limit's range throttles unevenly */
		s->uneven[i] += pow(1 - exp(f), 3);
	}
}

/** What is known of shares before anything else: the mean over V100 and A40. */
static void general_mean(struct space *s, size_t i)
{
	s->mean[SEARCH_TIME][i] = s->mean[SEARCH_POWER][i] = 0;
	for (size_t k = 0; k < s->n_knobs; k++) {
		double f = s->feature[i * s->n_knobs + k];

		if (s->knobs[k].scale == HG_SEARCH_LIMIT) {
			s->mean[SEARCH_TIME][i] +=
				s->scales[SEARCH_TIME].limit_mean *
				pow(1 - exp(f), s->scales[SEARCH_TIME].limit_power);
			s->mean[SEARCH_POWER][i] += s->scales[SEARCH_POWER].limit_mean * f;
		} else if (s->knobs[k].scale == HG_SEARCH_CLOCK) {
			s->mean[SEARCH_TIME][i] -= 0.6 * f;
			s->mean[SEARCH_POWER][i] += 1.2 * f;
		}
	}
}

static hg_err allocate(struct space *s, const hg_search_space *g)
{
	size_t cells = s->n * s->n_knobs;

	s->cells = malloc(cells * sizeof *s->cells);
	s->feature = malloc(cells * sizeof *s->feature);
	s->group = calloc(s->n, sizeof *s->group);
	s->cost = malloc(s->n * sizeof *s->cost);
	s->stem = calloc(s->n, sizeof *s->stem);
	s->uneven = malloc(s->n * sizeof *s->uneven);
	if (!s->cells || !s->feature || !s->group || !s->stem || !s->cost || !s->uneven)
		return HG_ENOMEM;
	for (int o = 0; o < SEARCH_OUTPUTS; o++) {
		s->mean[o] = calloc(s->n, sizeof *s->mean[o]);
		s->strength[o] = malloc(cells * sizeof *s->strength[o]);
		if (!s->mean[o] || !s->strength[o])
			return HG_ENOMEM;
	}
	s->sd = g->prior_rsd ? malloc(s->n * sizeof *s->sd) : NULL;
	return g->prior_rsd && !s->sd ? HG_ENOMEM : HG_OK;
}

static void take_priors(struct space *s, const hg_search_space *g)
{
	for (size_t i = 0; i < s->n; i++) {
		s->cost[i] = g->cost ? g->cost[i] : 1;
		if (s->sd)
			s->sd[i] = g->prior_rsd[i];
		if (!g->prior_time_s) {
			general_mean(s, i);
			continue;
		}
		s->mean[SEARCH_TIME][i] = log(g->prior_time_s[i]);
		s->mean[SEARCH_POWER][i] = log(g->prior_energy_j[i] / g->prior_time_s[i]);
	}
}

/** Whether more than one choice varies. */
static bool is_mixed(const struct space *s)
{
	size_t choices = 0;

	for (size_t k = 0; k < s->n_knobs; k++) {
		double lo, hi;

		span(s, k, &lo, &hi);
		choices += s->knobs[k].scale == HG_SEARCH_CHOICE && lo < hi;
	}
	return choices > 1;
}

hg_err space_init(struct space *s, const hg_search_space *g, hg_error *why)
{
	hg_err rc = check(g, why);

	memset(s, 0, sizeof *s);
	s->scales = scales_known;
	if (rc != HG_OK)
		return rc;
	s->n = g->n_configs;
	rc = copy_knobs(s, g);
	if (rc == HG_OK)
		rc = allocate(s, g);
	if (rc == HG_OK) {
		memcpy(s->cells, g->cells, s->n * s->n_knobs * sizeof *s->cells);
		rc = space_number(s);
	}
	for (size_t i = 0; rc == HG_OK && i < s->n_knobs; i++)
		rc = make_feature(s, i);
	if (rc != HG_OK)
		return fail(why, rc, "no memory for %u configurations", g->n_configs);
	s->stems = s->n_stems < s->n;
	s->mixed = is_mixed(s);
	for (size_t i = 0; i < s->n; i++)
		make_strength(s, i);
	take_priors(s, g);
	return HG_OK;
}

hg_err space_init_slots(struct space *s, const hg_search_space *g, size_t n, hg_error *why)
{
	hg_err rc = check_knobs(g, why);
	size_t choices = 0;

	memset(s, 0, sizeof *s);
	s->scales = scales_known;
	if (rc != HG_OK)
		return rc;
	s->n = n;
	rc = copy_knobs(s, g);
	if (rc == HG_OK)
		rc = allocate(s, g);
	if (rc != HG_OK)
		return fail(why, rc, "no memory for %zu configurations", n);
	for (size_t k = 0; k < s->n_knobs; k++) {
		s->stems |= scale_is_share(s->knobs[k].scale);
		choices += s->knobs[k].scale == HG_SEARCH_CHOICE && g->n_values[k] > 1;
	}
	s->mixed = choices > 1;
	return HG_OK;
}

void space_expect(struct space *s, const struct scales *scales, bool predicted)
{
	s->scales = scales;
	for (size_t i = 0; i < s->n; i++) {
		make_strength(s, i);
		if (!predicted)
			general_mean(s, i);
	}
}

void space_put(struct space *s, size_t slot, const struct space_row *row)
{
	for (size_t k = 0; k < s->n_knobs; k++) {
		s->cells[slot * s->n_knobs + k] = row->cells[k];
		s->feature[slot * s->n_knobs + k] = feature_of(
			s->knobs[k].scale, row->cells[k], row->lo[k], row->hi[k], row->top[k]);
	}
	s->cost[slot] = row->cost;
	make_strength(s, slot);
	general_mean(s, slot);
}

hg_err space_number(struct space *s)
{
	hg_err rc = number(s, HG_SEARCH_CHOICE, s->group, &s->n_groups);

	return rc == HG_OK ? number(s, HG_SEARCH_LOG, s->stem, &s->n_stems) : rc;
}

uint64_t space_hash(const struct space *s, const double *cells)
{
	return hash_of(s, cells, HG_SEARCH_CLOCK);
}

bool space_is(const struct space *s, size_t config, const double *cells)
{
	return agree(s, s->cells + config * s->n_knobs, cells, HG_SEARCH_CLOCK);
}

void space_finish(struct space *s)
{
	for (size_t i = 0; i < HG_SEARCH_MAX_KNOBS; i++) {
		for (size_t c = 0; c < s->knobs[i].n_choices; c++)
			free(s->knobs[i].choices[c]);
		free(s->knobs[i].choices);
		free(s->knobs[i].name);
		free(s->knobs[i].unit);
	}
	free(s->cells);
	free(s->feature);
	free(s->group);
	free(s->cost);
	free(s->sd);
	free(s->uneven);
	free(s->stem);
	for (int o = 0; o < SEARCH_OUTPUTS; o++) {
		free(s->mean[o]);
		free(s->strength[o]);
	}
	memset(s, 0, sizeof *s);
}
