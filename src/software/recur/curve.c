/*
 * What is seen of a training long before it reaches its target.
 *
 * Curves of one job are alike: between a level of the metric and the target lies about the same
 * factor of epochs, whatever the batch size. So
 *  - where some run has reached the target, a run that has come to a level tells where it would
 *    reach it;
 *  - where none has, each run is compared with the one that has come furthest, at the best level
 *    that it has come to itself: that tells how their sizes compare, though nobody knows yet how
 *    far it is from there.
 * How alike they are was looked up in recorded trainings: the log of the factor differs between
 * sizes by a seventh of itself, more over many octaves.
 */
#include <math.h>
#include <string.h>

#include "model.h"

/* sd of the log of what is left, as parts of it: any two runs; an octave between their sizes */
#define ALIKE        0.15
#define ALIKE_OCTAVE 0.2
#define ALIKE_LEAST  0.05
/* The same where it is not known how much is left, of the log itself. */
#define COMPARED 0.2
/* A level is reached within an epoch: sd of an even spread. */
#define ROUNDING 0.29
/* Runs that are compared with: the newest. */
#define MODELS 16
/* Log of how much is left at least where nobody knows; sd of such a guess: that of the prior, but
 * the default size is known to work. */
#define LEAST_LEFT     0.3
#define LEVEL_SD       1.0
#define LEVEL_LEAST_SD 0.1
#define WORKS_SDS      1.5

static bool as_good(const struct view *v, double metric, double level)
{
	return v->job.lower_is_better ? metric <= level : metric >= level;
}

static bool has_curve(const struct view *v, size_t i)
{
	const hg_recur_trial *t = &v->trials[i];

	return t->n_sights > 0 && t->sights && t->kin != HG_RECUR_SIMILAR_JOB &&
	       view_arm(v, i) != SIZE_MAX && known(t->epochs);
}

static bool usable(const hg_recur_sight *s)
{
	return isfinite(s->metric) && known(s->epochs);
}

/* Epochs after which a run had come to a level; NAN: it had not. */
static double reached_after(const struct view *v, const hg_recur_trial *t, double level)
{
	double before = 0, low = (double)NAN;

	for (size_t i = 0; i < t->n_sights; i++) {
		const hg_recur_sight *s = &t->sights[i];

		if (!usable(s))
			continue;
		if (as_good(v, s->metric, level)) {
			if (isnan(low) || s->metric == low)
				return s->epochs;
			return before + (s->epochs - before) * (level - low) / (s->metric - low);
		}
		before = s->epochs;
		if (isnan(low) || as_good(v, s->metric, low))
			low = s->metric;
	}
	return (double)NAN;
}

/* Best metric so far; NAN: none. */
static double level_of(const struct view *v, const hg_recur_trial *t)
{
	double level = (double)NAN;

	for (size_t i = 0; i < t->n_sights; i++)
		if (usable(&t->sights[i]) &&
			(isnan(level) || as_good(v, t->sights[i].metric, level)))
			level = t->sights[i].metric;
	return level;
}

/* The next better metric that a run came to; NAN: none. */
static double next_level(const struct view *v, const hg_recur_trial *t, double level)
{
	for (size_t i = 0; i < t->n_sights; i++)
		if (usable(&t->sights[i]) && as_good(v, t->sights[i].metric, level) &&
			t->sights[i].metric != level)
			return t->sights[i].metric;
	return (double)NAN;
}

/* Where a run would reach its target, as its models tell. */
struct forecast {
	double weight, sum; /* of log epochs */
	double least_var;   /* of the nearest model */
	double bound;       /* log epochs that it will need more than; -INFINITY: nothing */
};

double curve_var(double need, double done)
{
	double alike = ALIKE * log(fmax(1, need / done));

	return ALIKE_LEAST * ALIKE_LEAST + alike * alike + ROUNDING * ROUNDING / (done * done);
}

/* How much was left from a level on: log of the factor, with its variance for an octave gap. */
static double left_from(
	const struct view *v, const hg_recur_trial *t, double level, double octaves, double *var)
{
	double after = reached_after(v, t, level), left = log(t->epochs / after);
	double far = ALIKE_OCTAVE * left;

	*var = curve_var(t->epochs, after) + far * far * fabs(octaves);
	return left;
}

static void forecast_by(const struct view *v, const hg_recur_trial *t, const hg_recur_trial *by,
	double octaves, struct forecast *f)
{
	double level = level_of(v, t), after = reached_after(v, t, level), var, left, next;

	left = left_from(v, by, level, octaves, &var);
	if (!isfinite(left))
		return;
	var += ROUNDING * ROUNDING / (after * after);
	f->sum += (log(after) + left) / var;
	f->weight += 1 / var;
	f->least_var = fmin(f->least_var, var);
	next = next_level(v, by, level);
	if (isnan(next) || !(t->epochs > after))
		return;
	left = left_from(v, by, next, octaves, &var);
	if (isfinite(left))
		f->bound = fmax(f->bound, log(t->epochs) + fmax(0, left - sqrt(var)));
}

/* What one run that has not reached its target foretells. */
static void foretell(const struct model *m, const struct view *v, size_t i, const size_t *models,
	size_t n, struct evidence *seen)
{
	struct forecast f = {.least_var = INFINITY, .bound = -INFINITY};
	size_t arm = view_arm(v, i);
	double sd = seen[arm].sd;

	for (size_t k = 0; k < n; k++)
		forecast_by(v, &v->trials[i], &v->trials[models[k]],
			m->x[arm] - m->x[view_arm(v, models[k])], &f);
	if (f.weight > 0) {
		/* Models of one job share what they have wrong. */
		evidence_add(&seen[arm], f.sum / f.weight,
			sqrt(fmax(1 / f.weight, 0.5 * f.least_var) + m->noise * m->noise));
		seen[arm].sd = sd;
	}
	if (f.bound > -INFINITY)
		evidence_add_bound(&seen[arm], f.bound);
}

static bool unfinished(const struct view *v, size_t i)
{
	return v->trials[i].state != HG_RECUR_REACHED && v->trials[i].kin == HG_RECUR_OWN &&
	       has_curve(v, i);
}

bool curves_foretell(
	const struct model *m, const struct view *v, size_t from, size_t to, struct evidence *seen)
{
	size_t models[MODELS], n = 0;

	for (size_t i = v->n; i-- > 0 && n < MODELS;)
		if (v->trials[i].state == HG_RECUR_REACHED && has_curve(v, i))
			models[n++] = i;
	for (size_t i = from; n > 0 && i < to; i++)
		if (unfinished(v, i))
			foretell(m, v, i, models, n, seen);
	return n > 0;
}

/* ----- when no run has reached the target */

/* The run that has come furthest: its level is the best, and it came there first. */
static size_t furthest(const struct view *v, size_t from, size_t to)
{
	size_t best = SIZE_MAX;
	double top = (double)NAN, after = INFINITY;

	for (size_t i = from; i < to; i++) {
		double level = unfinished(v, i) ? level_of(v, &v->trials[i]) : (double)NAN, first;

		if (isnan(level) || (best != SIZE_MAX && !as_good(v, level, top)))
			continue;
		first = reached_after(v, &v->trials[i], level);
		if (best != SIZE_MAX && level == top && first >= after)
			continue;
		best = i;
		top = level;
		after = first;
	}
	return best;
}

/* They say nothing of how far it is from there for all of them. */
static void doubt_level(struct belief *b, const struct view *v)
{
	size_t works = 0;
	double sd;

	while (v->job.batch_sizes[works] != v->job.default_size)
		works++;
	sd = (log(v->job.max_epochs) - b->mean[works]) / WORKS_SDS;
	sd = fmin(LEVEL_SD, fmax(LEVEL_LEAST_SD, sd));
	for (size_t i = 0; i < b->n; i++)
		for (size_t j = 0; j < b->n; j++)
			b->cov[i][j] += sd * sd;
}

/* Variance of the log of when a level was reached, for it was some time within an epoch. */
static double rounding_var(double after)
{
	double sd = ROUNDING / fmax(after - 0.5, 0.5 * after);

	return sd * sd;
}

/* A run beside the one that has come furthest, at the best level that it has come to itself. */
struct beside {
	double behind; /* log of its epochs over the other's to there; NAN: it has come nowhere */
	double sd;
	double bound; /* that log is more than this, as the next level is late; else -INFINITY */
};

static struct beside put_beside(
	const struct view *v, const hg_recur_trial *t, const hg_recur_trial *front)
{
	double worst = v->job.lower_is_better ? INFINITY : -INFINITY, level = level_of(v, t);
	double after = reached_after(v, t, level), theirs = reached_after(v, front, level);
	double next = next_level(v, front, isnan(level) ? worst : level);
	double due = isnan(next) ? (double)NAN : reached_after(v, front, next);

	return (struct beside){.behind = log(after / theirs),
		.sd = sqrt(COMPARED * COMPARED + rounding_var(after) + rounding_var(theirs)),
		.bound = isfinite(due) ? log(t->epochs / due) : -INFINITY};
}

/* Log of the epochs that the one in front will need, by what is believed of all sizes. @return
 * false: there is nothing to compare it with */
static bool guess_need(const struct belief *b, const struct view *v, size_t from, size_t to,
	size_t front, double *need)
{
	const hg_recur_trial *f = &v->trials[front];
	double sum = 0, count = 0;
	bool others = false;

	for (size_t i = from; i < to; i++) {
		double behind;

		if (!unfinished(v, i))
			continue;
		others |= view_arm(v, i) != view_arm(v, front);
		behind = put_beside(v, &v->trials[i], f).behind;
		if (isnan(behind))
			continue;
		sum += b->mean[view_arm(v, i)] - behind;
		count++;
	}
	*need = fmax(LEAST_LEFT + log(reached_after(v, f, level_of(v, f))), sum / count);
	return others;
}

bool curves_compare(struct belief *b, const struct view *v, size_t from, size_t to)
{
	struct evidence seen[HG_RECUR_MAX_SIZES];
	size_t front = furthest(v, from, to);
	double need;

	if (front == SIZE_MAX || !guess_need(b, v, from, to, front, &need))
		return false;
	memset(seen, 0, b->n * sizeof *seen);
	for (size_t i = from; i < to; i++) {
		size_t arm = unfinished(v, i) ? view_arm(v, i) : SIZE_MAX;
		struct beside s;

		if (arm == SIZE_MAX)
			continue;
		s = put_beside(v, &v->trials[i], &v->trials[front]);
		if (!isnan(s.behind))
			evidence_add(&seen[arm], need + s.behind, s.sd);
		if (isfinite(s.bound))
			evidence_add_bound(&seen[arm], need + s.bound);
		seen[arm].sd = COMPARED;
	}
	belief_update(b, seen);
	doubt_level(b, v);
	return true;
}
