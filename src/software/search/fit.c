/*
 * The scales of a belief: not the most likely ones but draws of those that are likely, by a
 * Metropolis walk along one scale after the other. A few results say little of scales, and whoever
 * takes the best fitting ones is too sure of the rest (Neal 1997; Snoek, Larochelle, Adams 2012).
 */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond so many results scales are settled; a fit costs their cube. */
#define FIT_MOST 96
#define SWEEPS   2   /* of a walk, from where the last fit left it */
#define FIRST    8   /* of the first fit's */
#define STRIDE   0.9 /* of a step, in widths of the prior */
#define FARTHEST 6.0 /* a scale's logarithm from where its prior is centred */
#define DIALS    (7 + 3 * HG_SEARCH_MAX_KNOBS)

/** A scale, and the standard deviation of its logarithm beforehand. */
struct dial {
	double *at, start, width;
	size_t knob; /* whose length it is, or SIZE_MAX */
};

struct fit {
	const hg_search *s;
	struct hyper h;
	size_t n, n_pairs; /* results; pairs of them, each with itself included */
	double *far[HG_SEARCH_MAX_KNOBS], *act[HG_SEARCH_MAX_KNOBS]; /* n_pairs */
	double *alike[HG_SEARCH_MAX_KNOBS];                          /* n_pairs */
	double *matrix, *y, *room;                                   /* n_pairs, n, all of it */
	struct dial dial[DIALS];
	size_t n_dials;
	double value; /* log of likelihood and prior as the dials stand */
};

static double observed(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t : t->p;
}

static double scatter(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t_var : t->p_var;
}

static const struct told *told_at(const struct fit *f, size_t i)
{
	return vec_at(&f->s->told, i);
}

static bool is_ordered(const struct fit *f, size_t knob)
{
	return f->s->space.knobs[knob].scale != HG_SEARCH_CHOICE;
}

static hg_err allocate(struct fit *f)
{
	size_t knobs = f->s->space.n_knobs, each = f->n_pairs;
	double *at;

	f->room = malloc(((3 * knobs + 1) * each + f->n) * sizeof *f->room);
	if (!f->room)
		return HG_ENOMEM;
	at = f->room;
	for (size_t k = 0; k < knobs; k++, at += 3 * each) {
		f->far[k] = at;
		f->act[k] = at + each;
		f->alike[k] = at + 2 * each;
	}
	f->matrix = at;
	f->y = at + each;
	return HG_OK;
}

/** How alike all pairs are by one knob. */
static void compare(struct fit *f, size_t knob)
{
	for (size_t p = 0; p < f->n_pairs; p++)
		f->alike[knob][p] =
			kernel_alike(f->far[knob][p] / f->h.length[knob]) * f->act[knob][p];
}

static void prepare(struct fit *f)
{
	const struct space *s = &f->s->space;

	for (size_t k = 0; k < s->n_knobs; k++) {
		size_t p = 0;

		for (size_t i = 0; i < f->n; i++)
			for (size_t j = 0; j <= i; j++, p++) {
				size_t a = told_at(f, i)->config, b = told_at(f, j)->config;
				const double *act = s->strength[f->h.output];

				f->far[k][p] =
					fabs(space_feature(s, a, k) - space_feature(s, b, k));
				f->act[k][p] = act[a * s->n_knobs + k] * act[b * s->n_knobs + k];
			}
		if (is_ordered(f, k))
			compare(f, k);
	}
}

/** The caller says how far off its predictions are, the parts how alike that is. */
static void trust(struct fit *f)
{
	const double *sd = f->s->space.sd;
	size_t p = f->n_pairs;

	/* from the end: what lies on the diagonal before a row is as it was */
	for (size_t i = f->n; i-- > 0;) {
		double own = f->matrix[i * (i + 1) / 2 + i];

		for (size_t j = i + 1; j-- > 0;) {
			double other = j < i ? f->matrix[j * (j + 1) / 2 + j] : own;

			f->matrix[--p] *= f->h.trust * sd[told_at(f, i)->config] *
					  sd[told_at(f, j)->config] / sqrt(own * other);
		}
	}
}

/** Fills the matrix, lower triangle row by row. */
static void fill(struct fit *f)
{
	const struct space *s = &f->s->space;
	size_t p = 0;

	for (size_t i = 0; i < f->n; i++)
		for (size_t j = 0; j <= i; j++, p++) {
			size_t a = told_at(f, i)->config, b = told_at(f, j)->config;
			double alike[HG_SEARCH_MAX_KNOBS];

			for (size_t k = 0; k < s->n_knobs; k++)
				alike[k] = f->alike[k][p];
			f->matrix[p] = kernel_sum(&f->h, s, a, b, alike);
		}
	if (s->sd)
		trust(f);
}

/** Log likelihood, and what it costs to have moved the dials. */
static double evaluate(struct fit *f)
{
	const struct space *s = &f->s->space;
	int o = f->h.output;
	double sum = 0;

	fill(f);
	for (size_t i = 0; i < f->n; i++) {
		const struct told *t = told_at(f, i);
		double *row = f->matrix + i * (i + 1) / 2, rest = observed(t, o);

		rest -= s->mean[o][t->config];
		row[i] += kernel_nugget(&f->h, s, t->config) + scatter(t, o);
		for (size_t j = 0; j <= i; j++) {
			const double *other = f->matrix + j * (j + 1) / 2;
			double v = row[j];

			for (size_t k = 0; k < j; k++)
				v -= row[k] * other[k];
			row[j] = j < i ? v / other[j] : sqrt(fmax(v, 1e-12));
			if (j < i)
				rest -= row[j] * f->y[j];
		}
		f->y[i] = rest / row[i];
		sum -= 0.5 * f->y[i] * f->y[i] + log(row[i]);
	}
	for (size_t i = 0; i < f->n_dials; i++) {
		double d = log(*f->dial[i].at / f->dial[i].start) / f->dial[i].width;

		sum -= 0.5 * d * d;
	}
	return sum;
}

static void add_dial(struct fit *f, double *at, double width, size_t knob)
{
	f->dial[f->n_dials++] = (struct dial){at, *at, width, knob};
}

static void add_dials(struct fit *f)
{
	hyper_init(&f->h, &f->s->space, f->h.output);
	add_dial(f, &f->h.group, 1.0, SIZE_MAX);
	add_dial(f, &f->h.pair, 1.3, SIZE_MAX);
	add_dial(f, &f->h.nugget, 1.4, SIZE_MAX);
	if (f->h.uneven > 0)
		add_dial(f, &f->h.uneven, 1.3, SIZE_MAX);
	if (f->h.rough > 0)
		add_dial(f, &f->h.rough, 1.3, SIZE_MAX);
	if (f->h.bend > 0)
		add_dial(f, &f->h.bend, 1.3, SIZE_MAX);
	if (f->s->space.sd)
		add_dial(f, &f->h.trust, 1.0, SIZE_MAX);
	for (size_t k = 0; k < f->s->space.n_knobs; k++) {
		bool share = scale_is_share(f->s->space.knobs[k].scale);

		if (!is_ordered(f, k)) {
			if (f->s->space.mixed)
				add_dial(f, &f->h.main[k], 1.0, SIZE_MAX);
			continue;
		}
		add_dial(f, &f->h.main[k], share ? 0.8 : 1.3, SIZE_MAX);
		add_dial(f, &f->h.own[k], share ? 0.8 : 1.0, SIZE_MAX);
		add_dial(f, &f->h.length[k], 0.5, k);
	}
}

/** One step of a walk along one dial. */
static void step(struct fit *f, struct dial *d, struct rng *rng)
{
	double was = *d->at, least = log(1 - rng_double(rng)), value = -INFINITY;

	*d->at = was * exp(STRIDE * d->width * rng_normal(rng));
	if (fabs(log(*d->at / d->start)) <= FARTHEST) {
		if (d->knob != SIZE_MAX)
			compare(f, d->knob);
		value = evaluate(f);
	}
	if (value - f->value >= least) {
		f->value = value;
		return;
	}
	*d->at = was;
	if (d->knob != SIZE_MAX)
		compare(f, d->knob);
}

static void walk(struct fit *f, struct hyper *h, struct rng *rng, int sweeps)
{
	f->h = *h;
	for (size_t k = 0; k < f->s->space.n_knobs; k++)
		if (is_ordered(f, k))
			compare(f, k);
	f->value = evaluate(f);
	for (int sweep = 0; sweep < sweeps; sweep++)
		for (size_t i = 0; i < f->n_dials; i++)
			step(f, &f->dial[i], rng);
	*h = f->h;
}

hg_err search_fit(hg_search *s)
{
	size_t n = s->told.len < FIT_MOST ? s->told.len : FIT_MOST;
	hg_err rc = HG_OK;

	for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++) {
		struct fit f = {.s = s, .n = n, .n_pairs = n * (n + 1) / 2, .h = {.output = o}};

		add_dials(&f);
		rc = allocate(&f);
		if (rc == HG_OK)
			prepare(&f);
		for (size_t k = 0; rc == HG_OK && k < SEARCH_BELIEFS; k++) {
			struct rng rng;

			rng_init(&rng, s->opts.seed ^ (0xd1342543de82ef95u *
							      (n * 64 + k * 2 + (size_t)o + 1)));
			walk(&f, &s->hyper[k][o], &rng, s->fitted ? SWEEPS : FIRST);
		}
		free(f.room);
	}
	s->fitted = true;
	return rc;
}
