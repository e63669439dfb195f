#include "stat.h"

#include <math.h>
#include <stdbool.h>

#define STEPS    200
#define FRACTION 300
#define TINY     1e-300

void stat_add(struct stat *s, double value)
{
	double off = value - s->mean;

	s->n += 1;
	s->mean += off / (double)s->n;
	s->squares += off * (value - s->mean);
	if (s->n == 1 || value < s->min)
		s->min = value;
	if (s->n == 1 || value > s->max)
		s->max = value;
}

double stat_variance(const struct stat *s)
{
	return s->n < 2 ? (double)NAN : s->squares / (double)(s->n - 1);
}

double stat_sd(const struct stat *s)
{
	return sqrt(stat_variance(s));
}

static double away_from_zero(double x)
{
	return fabs(x) < TINY ? TINY : x;
}

/* Continued fraction of the incomplete beta function, by Lentz's method (Abramowitz and Stegun
 * 26.5.8). Converges quickly for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1.0, d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)), f = d;

	for (int m = 1; m < FRACTION; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1.0 / away_from_zero(1.0 + even * d);
		c = away_from_zero(1.0 + even / c);
		f *= c * d;
		d = 1.0 / away_from_zero(1.0 + odd * d);
		c = away_from_zero(1.0 + odd / c);
		step = c * d;
		f *= step;
		if (fabs(step - 1.0) < 1e-15)
			break;
	}
	return f;
}

/** The regularised incomplete beta function I_x(a, b). */
static double beta_part(double a, double b, double x)
{
	bool swap = x > (a + 1.0) / (a + b + 2.0);
	double front, part;

	if (x <= 0.0)
		return 0.0;
	if (x >= 1.0)
		return 1.0;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	part = swap ? front * beta_fraction(b, a, 1.0 - x) / b : front * beta_fraction(a, b, x) / a;
	return swap ? 1.0 - part : part;
}

/** P(T > t) for t >= 0. */
static double student_above(double df, double t)
{
	if (isinf(df))
		return 0.5 * erfc(t / sqrt(2.0));
	return 0.5 * beta_part(0.5 * df, 0.5, df / (df + t * t));
}

double student_quantile(double df, double p)
{
	double above = p < 0.5 ? p : 1.0 - p, lo = 0.0, hi = 1.0;

	if (!(df > 0.0) || !(p > 0.0) || !(p < 1.0))
		return (double)NAN;
	while (student_above(df, hi) > above && hi < 1e300)
		hi *= 2.0;
	for (int i = 0; i < STEPS && hi - lo > 1e-12 * hi; i++) {
		double mid = 0.5 * (lo + hi);

		if (student_above(df, mid) > above)
			lo = mid;
		else
			hi = mid;
	}
	return p < 0.5 ? -0.5 * (lo + hi) : p > 0.5 ? 0.5 * (lo + hi) : 0.0;
}

double stat_half_width(const struct stat *s, double confidence)
{
	if (s->n < 2)
		return (double)NAN;
	return student_quantile((double)(s->n - 1), 0.5 + 0.5 * confidence) * stat_sd(s) /
	       sqrt((double)s->n);
}
