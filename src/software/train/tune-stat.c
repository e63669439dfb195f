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

/* The reading between two pieces cancels in their sum; with a pause there are four of them. */
static void join(struct piece *a, const struct piece *b)
{
	double share = b->apart ? 1 : a->time_s / (a->time_s + b->time_s);

	a->energy_var = share * a->energy_var + (b->apart ? 1 : 1 - share) * b->energy_var;
	a->steps += b->steps;
	a->time_s += b->time_s;
	a->energy_j += b->energy_j;
}

static void join_pairs(struct tally *t)
{
	size_t half = t->n / 2;

	for (size_t i = 0; i < half; i++) {
		struct piece a = t->at[2 * i];

		join(&a, &t->at[2 * i + 1]);
		t->at[i] = a;
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
		join(last, &p);
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

/* ----- power */

/* Readings nearer than this, in units of their error, are not taken to err independently: a counter
 * that is refreshed every T is off by T / sqrt(12) when it is read at any time. */
#define APART 4.0
/* Nor is any power known better: rounding. */
#define LEAST_VAR 1e-12

/** Energy against time by generalised least squares, piece after piece: an error of a reading is in
 * two pieces, with opposite signs. The covariance is a band of three, so that one sweep does. */
struct slope {
	double power_w;    /* about */
	double apart_s;    /* pieces are joined until they last so long: the same ones, whatever
			    * else is assumed, or likelihoods could not be compared */
	double own;        /* relative deviation of a piece's power */
	double xx, xy, yy; /* time' V^-1 time, time' V^-1 energy, energy' V^-1 energy */
	double log_det;    /* of V */
	double diag, x, y; /* of the piece before, after elimination */
	double var;        /* of its readings; 0: there is none */
	struct piece open; /* not yet long enough */
};

static void slope_close(struct slope *s)
{
	const struct piece *p = &s->open;
	double own = s->own * s->power_w * p->time_s;
	double diag = p->energy_var + own * own, x = p->time_s, y = p->energy_j;

	if (s->var > 0 && !p->apart) {
		double shared = -0.5 * fmin(s->var, p->energy_var), l = shared / s->diag;

		diag -= l * shared;
		x -= l * s->x;
		y -= l * s->y;
	}
	s->diag = diag;
	s->x = x;
	s->y = y;
	s->var = p->energy_var;
	s->xx += x * x / diag;
	s->xy += x * y / diag;
	s->yy += y * y / diag;
	s->log_det += log(diag);
	s->open = (struct piece){0};
}

static void slope_add(struct slope *s, const struct piece *p)
{
	if (p->apart && s->open.time_s > 0)
		slope_close(s);
	if (s->open.time_s > 0)
		join(&s->open, p);
	else
		s->open = *p;
	if (s->open.time_s >= s->apart_s)
		slope_close(s);
}

double slope_rsd(double counter_s, double time_s, double step_s)
{
	double n = fmax(1, floor(time_s / fmax(step_s, APART * counter_s)));

	/* of a straight line through n + 1 readings, and of their two ends alone if n is 1 */
	return counter_s / time_s * sqrt(12 * n / ((n + 1) * (n + 2)));
}

/** Sums over the pieces that count: no stragglers. */
struct sums {
	double most; /* time of a step */
	double n, steps, time, energy;
	double told_var; /* of energies; 0: not told */
	double reading;  /* error of one, as energy; the same for all: weights that go with what
			  * was measured would favour what came out small */
};

static bool counts(const struct sums *s, const struct piece *p)
{
	return p->time_s / p->steps <= s->most;
}

static struct sums sum_up(const struct tally *t, double counter_s)
{
	struct sums s = {.most = longest(t)};

	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->at[i];

		if (!counts(&s, p))
			continue;
		s.n++;
		s.steps += p->steps;
		s.time += p->time_s;
		s.energy += p->energy_j;
		s.told_var += p->energy_var;
	}
	s.reading = s.told_var > 0 ? sqrt(s.told_var / s.n / 2) : counter_s * s.energy / s.time;
	return s;
}

/** How much a piece's power varies by itself, and how often that is so. */
static const struct own {
	double sd, odds;
} owns[] = {{0.002, 0.4}, {0.01, 0.3}, {0.03, 0.2}, {0.1, 0.1}};

#define OWNS (sizeof owns / sizeof *owns)

/** What readings are off, as a share of what was told of them, and how often that is so: a meter
 * does not know what came after its counter's last edge, and says what may have. */
static const struct share {
	double of, odds;
} shares[] = {{1, 0.5}, {0.5, 0.25}, {0.2, 0.25}};

#define SHARES (sizeof shares / sizeof *shares)
/* That holds where power is steady. Before an edge of the new setting was seen a meter takes the
 * power of the one before: so long with a counter of 100 ms. */
#define FRESH_S 0.15

/* By all pieces, if their power varies so much and readings are off by that share. */
static struct slope slope_of(const struct tally *t, const struct sums *s, double own, double share)
{
	double watts = s->energy / s->time;
	struct slope slope = {.power_w = watts, .apart_s = APART * s->reading / watts, .own = own};
	double done = 0;
	bool gap = false;

	for (size_t i = 0; i < t->n; i++) {
		struct piece p = t->at[i];
		double reading = s->reading * (done < FRESH_S ? 1 : share);

		done += p.time_s;
		/* a straggler that is left out is a pause */
		p.apart |= gap;
		p.energy_var = 2 * reading * reading;
		gap = !counts(s, &p);
		if (!gap)
			slope_add(&slope, &p);
	}
	if (slope.open.time_s > 0)
		slope_close(&slope);
	return slope;
}

/* Mean and deviation of a mixture, as what of it is the work's and what the readings' can hardly be
 * told from a few. */
static void gist_power(const struct tally *t, const struct sums *s, struct gist *g)
{
	struct slope slopes[OWNS * SHARES];
	double weight[OWNS * SHARES], most = -HUGE_VAL, sum = 0, mean = 0, squares = 0;
	/* what was not told is how far they are off, not how far they may be */
	size_t n = OWNS * (s->told_var > 0 ? SHARES : 1);

	g->power_w = s->energy / s->time;
	if (!(s->energy > 0))
		return;
	for (size_t k = 0; k < n; k++) {
		const struct own *own = &owns[k % OWNS];
		const struct share *share = &shares[k / OWNS];
		const struct slope *m = &slopes[k];

		slopes[k] = slope_of(t, s, own->sd, share->of);
		weight[k] = log(own->odds * share->odds) -
			    0.5 * (m->log_det + m->yy - m->xy * m->xy / m->xx + log(m->xx));
		most = fmax(most, weight[k]);
	}
	for (size_t k = 0; k < n; k++) {
		double power = slopes[k].xy / slopes[k].xx;

		weight[k] = exp(weight[k] - most);
		sum += weight[k];
		mean += weight[k] * power;
		squares += weight[k] * (1 / slopes[k].xx + power * power);
	}
	mean /= sum;
	g->power_w = mean;
	g->power_rsd = sqrt(fmax(squares / sum / (mean * mean) - 1, LEAST_VAR));
	g->reading_s = s->told_var > 0 ? s->reading / mean : 0;
}

struct gist tally_gist(const struct tally *t, double counter_s)
{
	struct gist g = {0, NAN, NAN, NAN, NAN, 0};
	struct sums s;
	double squares = 0;

	if (t->n == 0)
		return g;
	s = sum_up(t, counter_s);
	g.steps = s.steps;
	g.time_s = s.time / s.steps;
	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->at[i];
		double off = p->time_s / p->steps / g.time_s - 1;

		if (counts(&s, p))
			squares += off * off * p->steps * s.n / s.steps;
	}
	squares += PRIOR_COUNT * PRIOR_SD * PRIOR_SD;
	g.time_rsd = sqrt(squares / (s.n - 1 + PRIOR_COUNT) / s.n);
	gist_power(t, &s, &g);
	return g;
}
