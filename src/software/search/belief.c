/* What is believed, and the scales of it. */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond so many observations scales are settled; a fit costs their cube. */
#define FIT_MOST 96
/* A dial's steps are factors; its prior is log-normal around where it began. */
#define STEP     2.0
#define WIDTH    1.0
#define FARTHEST 2.8
#define ROUNDS   2
#define DIALS    (4 + 3 * HG_SEARCH_MAX_KNOBS)

static double observed(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t : t->p;
}

static double scatter(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t_var : t->p_var;
}

/** Log likelihood of what was told, over the configurations that were told alone. */
static hg_err likelihood(
	const hg_search *s, const struct hyper *h, const uint32_t *columns, size_t n, double *out)
{
	struct gp g;
	hg_err rc = gp_init(&g, &s->space, h, columns, n);

	for (size_t i = 0; rc == HG_OK && i < n; i++) {
		const struct told *t = vec_at(&s->told, i);

		rc = gp_add(&g, i, observed(t, h->output), scatter(t, h->output));
	}
	*out = g.likelihood;
	gp_finish(&g);
	return rc;
}

/** The scales that are fitted, one after the other. */
static size_t dials(struct hyper *h, const struct space *s, double *dial[])
{
	size_t n = 0;

	dial[n++] = &h->group;
	dial[n++] = &h->pair;
	dial[n++] = &h->nugget;
	if (s->sd)
		dial[n++] = &h->trust;
	for (size_t i = 0; i < s->n_knobs; i++) {
		if (s->knobs[i].scale == HG_SEARCH_CHOICE)
			continue;
		dial[n++] = &h->main[i];
		dial[n++] = &h->own[i];
		dial[n++] = &h->length[i];
	}
	return n;
}

/** What is being fitted, and to what. */
struct fit {
	const hg_search *s;
	struct hyper h;
	const uint32_t *columns;
	size_t n, n_dials;
	double *dial[DIALS], start[DIALS];
	double best; /* log likelihood and prior of the dials as they stand */
};

static hg_err posterior(const struct fit *f, double *out)
{
	double sum = 0;
	hg_err rc = likelihood(f->s, &f->h, f->columns, f->n, out);

	for (size_t i = 0; i < f->n_dials; i++) {
		double d = log(*f->dial[i] / f->start[i]) / WIDTH;

		sum += 0.5 * d * d;
	}
	*out -= sum;
	return rc;
}

/** Moves one dial a step either way, if that is more likely. */
static hg_err turn(struct fit *f, size_t i)
{
	double was = *f->dial[i], chosen = was;
	hg_err rc = HG_OK;

	for (int way = -1; rc == HG_OK && way <= 1; way += 2) {
		double value;

		*f->dial[i] = way < 0 ? was / STEP : was * STEP;
		if (fabs(log(*f->dial[i] / f->start[i])) > FARTHEST)
			continue;
		rc = posterior(f, &value);
		if (rc == HG_OK && value > f->best + 1e-9) {
			f->best = value;
			chosen = *f->dial[i];
		}
	}
	*f->dial[i] = chosen;
	return rc;
}

static hg_err fit_output(hg_search *s, int output, const uint32_t *columns, size_t n)
{
	struct fit f = {.s = s, .columns = columns, .n = n};
	hg_err rc;

	hyper_init(&f.h, &s->space, output);
	f.n_dials = dials(&f.h, &s->space, f.dial);
	for (size_t i = 0; i < f.n_dials; i++)
		f.start[i] = *f.dial[i];
	rc = posterior(&f, &f.best);
	for (int round = 0; rc == HG_OK && round < ROUNDS; round++)
		for (size_t i = 0; rc == HG_OK && i < f.n_dials; i++)
			rc = turn(&f, i);
	s->hyper[output] = f.h;
	return rc;
}

hg_err search_fit(hg_search *s)
{
	size_t n = s->told.len < FIT_MOST ? s->told.len : FIT_MOST;
	uint32_t *columns = malloc((n + 1) * sizeof *columns);
	hg_err rc = columns ? HG_OK : HG_ENOMEM;

	for (size_t i = 0; columns && i < n; i++)
		columns[i] = ((struct told *)vec_at(&s->told, i))->config;
	for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++)
		rc = fit_output(s, o, columns, n);
	free(columns);
	return rc;
}

hg_err search_rebuild(hg_search *s)
{
	hg_err rc = HG_OK;

	for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++) {
		gp_finish(&s->gp[o]);
		rc = gp_init(&s->gp[o], &s->space, &s->hyper[o], NULL, s->space.n);
		for (size_t i = 0; rc == HG_OK && i < s->told.len; i++) {
			const struct told *t = vec_at(&s->told, i);

			rc = gp_add(&s->gp[o], t->config, observed(t, o), scatter(t, o));
		}
	}
	return rc;
}

struct guess search_guess(const hg_search *s, size_t config)
{
	const struct gp *t = &s->gp[SEARCH_TIME], *p = &s->gp[SEARCH_POWER];

	return (struct guess){t->mean[config],
		sqrt(fmax(t->var[config], 0) + kernel_nugget(&t->hyper, &s->space, config)),
		p->mean[config],
		sqrt(fmax(p->var[config], 0) + kernel_nugget(&p->hyper, &s->space, config))};
}

/** How near two configurations are for what makes a measurement fail. */
static double nearness(const struct space *s, size_t a, size_t b)
{
	double sum = 0;

	if (s->group[a] != s->group[b])
		return 0;
	for (size_t i = 0; i < s->n_knobs; i++) {
		double d = space_feature(s, a, i) - space_feature(s, b, i);

		/* limits and clocks hardly matter, sizes do */
		if (s->knobs[i].scale == HG_SEARCH_LOG || s->knobs[i].scale == HG_SEARCH_LINEAR)
			sum += s->knobs[i].scale == HG_SEARCH_LOG ? d * d : 16 * d * d;
		else if (s->knobs[i].scale != HG_SEARCH_CHOICE)
			sum += d * d;
	}
	return exp(-0.5 * sum);
}

double search_feasible(const hg_search *s, size_t config)
{
	double bad = 0, all = 0.25;

	if (s->failed.len == 0)
		return 1;
	for (size_t i = 0; i < s->failed.len; i++)
		bad += nearness(&s->space, config, *(uint32_t *)vec_at(&s->failed, i));
	for (size_t i = 0; i < s->told.len; i++)
		all += nearness(&s->space, config, ((struct told *)vec_at(&s->told, i))->config);
	return 1 - bad / (bad + all);
}
