/* Statistics of a stretch of steps: robust, as a checkpoint must not look like a slow setting. */
#include "tune-stat.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A piece is a straggler beyond so many deviations, if no more than this share are. */
#define STRAGGLER_SIGMAS 6.0
#define STRAGGLER_SHARE  0.15
/* So many times the median is one even if there are more of them. */
#define FAR       4.0
#define FAR_SHARE 0.4
#define MAD_TO_SD 1.4826
/* No clock and no job is steadier than this: else any step would be a straggler. */
#define LEAST_SD 0.005
/* Two pieces say little of their spread. */
#define PRIOR_SD    0.02
#define PRIOR_COUNT 2.0

static void join_pairs(struct tally *t)
{
	size_t half = t->n / 2;

	for (size_t i = 0; i < half; i++) {
		struct piece a = t->at[2 * i], b = t->at[2 * i + 1];

		t->at[i] = (struct piece){
			a.steps + b.steps, a.time_s + b.time_s, a.energy_j + b.energy_j};
	}
	t->n = half;
	t->piece_steps *= 2;
}

void tally_add(struct tally *t, struct piece p)
{
	struct piece *last = t->n ? &t->at[t->n - 1] : NULL;

	if (t->piece_steps < p.steps)
		t->piece_steps = p.steps;
	t->steps += p.steps;
	t->time_s += p.time_s;
	if (last && last->steps + p.steps <= t->piece_steps) {
		last->steps += p.steps;
		last->time_s += p.time_s;
		last->energy_j += p.energy_j;
		return;
	}
	if (t->n == TALLY_PIECES)
		join_pairs(t);
	t->at[t->n++] = p;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof *values, compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static size_t beyond(const struct tally *t, double limit)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->at[i].time_s / t->at[i].steps > limit;
	return n;
}

/* Longest step that still counts. */
static double longest(const struct tally *t)
{
	double values[TALLY_PIECES] = {0}, median, limit;
	size_t out;

	for (size_t i = 0; i < t->n; i++)
		values[i] = t->at[i].time_s / t->at[i].steps;
	median = median_of(values, t->n);
	for (size_t i = 0; i < t->n; i++)
		values[i] = fabs(values[i] - median);
	limit = median +
		STRAGGLER_SIGMAS * fmax(MAD_TO_SD * median_of(values, t->n), LEAST_SD * median);
	out = beyond(t, limit);
	if ((double)out <= STRAGGLER_SHARE * (double)t->n || (out == 1 && t->n >= 4))
		return limit;
	limit = FAR * median;
	return (double)beyond(t, limit) <= FAR_SHARE * (double)t->n ? limit : HUGE_VAL;
}

struct gist tally_gist(const struct tally *t, double counter_s)
{
	struct gist g = {0, NAN, NAN, NAN, NAN};
	double most, time = 0, energy = 0, squares = 0, n = 0, var;

	if (t->n == 0)
		return g;
	most = longest(t);
	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->at[i];

		if (p->time_s / p->steps > most)
			continue;
		g.steps += p->steps;
		time += p->time_s;
		energy += p->energy_j;
		n++;
	}
	g.time_s = time / g.steps;
	for (size_t i = 0; i < t->n; i++) {
		double off = t->at[i].time_s / t->at[i].steps / g.time_s - 1;

		if (t->at[i].time_s / t->at[i].steps <= most)
			squares += off * off * t->at[i].steps * n / g.steps;
	}
	var = (squares + PRIOR_COUNT * PRIOR_SD * PRIOR_SD) / (n - 1 + PRIOR_COUNT);
	g.time_rsd = sqrt(var / n);
	g.power_w = energy / time;
	g.power_rsd = sqrt(2.0) * counter_s / time;
	return g;
}
