/* Compensated sums (Neumaier). */
#ifndef HG_PLAN_SUM_H
#define HG_PLAN_SUM_H

#include <math.h>

struct sum {
	double high, low;
};

static inline void sum_add(struct sum *s, double x)
{
	double next = s->high + x;

	s->low += fabs(s->high) >= fabs(x) ? (s->high - next) + x : (x - next) + s->high;
	s->high = next;
}

/* Adds a * b without rounding the product. */
static inline void sum_add_product(struct sum *s, double a, double b)
{
	double p = a * b;

	sum_add(s, p);
	sum_add(s, fma(a, b, -p));
}

static inline double sum_value(const struct sum *s)
{
	return s->high + s->low;
}

#endif
