/* What is believed, and the scales of it. */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double observed(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t : t->p;
}

static double scatter(const struct told *t, int output)
{
	return output == SEARCH_TIME ? t->t_var : t->p_var;
}

static hg_err rebuild(hg_search *s, size_t belief, int output)
{
	struct gp *g = &s->gp[belief][output];
	hg_err rc;

	gp_finish(g);
	rc = gp_init(g, &s->space, &s->hyper[belief][output], NULL, s->space.n);
	for (size_t i = 0; rc == HG_OK && i < s->told.len; i++) {
		const struct told *t = vec_at(&s->told, i);

		rc = gp_add(g, t->config, observed(t, output), scatter(t, output));
	}
	return rc;
}

hg_err search_rebuild(hg_search *s)
{
	hg_err rc = HG_OK;

	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++)
			rc = rebuild(s, k, o);
	return rc;
}

struct guess search_guess(const hg_search *s, size_t belief, size_t config)
{
	const struct gp *t = &s->gp[belief][SEARCH_TIME], *p = &s->gp[belief][SEARCH_POWER];

	return (struct guess){t->mean[config],
		sqrt(fmax(t->var[config], 0) + kernel_nugget(&t->hyper, &s->space, config)),
		p->mean[config],
		sqrt(fmax(p->var[config], 0) + kernel_nugget(&p->hyper, &s->space, config))};
}

struct guess search_guess_all(const hg_search *s, size_t config)
{
	struct guess sum = {0, 0, 0, 0};
	const double n = SEARCH_BELIEFS;
	double t2 = 0, p2 = 0;

	for (size_t k = 0; k < SEARCH_BELIEFS; k++) {
		struct guess g = search_guess(s, k, config);

		sum.t += g.t / n;
		sum.p += g.p / n;
		t2 += (g.t_sd * g.t_sd + g.t * g.t) / n;
		p2 += (g.p_sd * g.p_sd + g.p * g.p) / n;
	}
	sum.t_sd = sqrt(fmax(t2 - sum.t * sum.t, 0));
	sum.p_sd = sqrt(fmax(p2 - sum.p * sum.p, 0));
	return sum;
}

/* Mean over the beliefs of what says whether a guess escapes, where the configuration works. */
static double escapes_by(const hg_search *s, size_t config, const struct front *covered,
	double (*escape)(const struct front *covered, const struct guess *g))
{
	double sum = 0;

	for (size_t k = 0; k < SEARCH_BELIEFS; k++) {
		struct guess g = search_guess(s, k, config);

		sum += escape(covered, &g);
	}
	return sum / SEARCH_BELIEFS * search_feasible(s, config);
}

double search_escapes(const hg_search *s, size_t config, const struct front *covered)
{
	return escapes_by(s, config, covered, front_escape_doubted);
}

double search_escapes_most(const hg_search *s, size_t config, const struct front *covered)
{
	return escapes_by(s, config, covered, front_escape_bound);
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
	double bad = 0, all = 0.1;

	if (s->failed.len == 0)
		return 1;
	for (size_t i = 0; i < s->failed.len; i++)
		bad += nearness(&s->space, config, *(uint32_t *)vec_at(&s->failed, i));
	for (size_t i = 0; i < s->told.len; i++)
		all += nearness(&s->space, config, ((struct told *)vec_at(&s->told, i))->config);
	return 1 - bad / (bad + all);
}
