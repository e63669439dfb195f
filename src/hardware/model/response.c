/* A workload's time and power over settings, exact where tables are not: what fits differentiate.
 */
#include <math.h>

#include "response.h"

/* Steps of the root search and its tolerance in ln P. */
#define ROOT_STEPS     40
#define ROOT_TOLERANCE 1e-11

static double logistic(double u)
{
	return 1.0 / (1.0 + exp(-u));
}

static double logit(double share)
{
	double s = fmin(fmax(share, 1e-6), 1.0 - 1e-6);

	return log(s / (1.0 - s));
}

struct work work_of(const double z[WORK_N])
{
	return (struct work){
		.time_s = exp(z[WORK_TIME]),
		.gap = WORK_GAP_MAX * logistic(z[WORK_GAP]),
		.compute = WORK_COMPUTE_MIN + (1.0 - WORK_COMPUTE_MIN) * logistic(z[WORK_COMPUTE]),
		.power_w = exp(z[WORK_POWER]),
		.gap_power_w = exp(z[WORK_GAPPOWER]),
		.static_factor = exp(z[WORK_STATIC]),
	};
}

void work_to(const struct work *w, double z[WORK_N])
{
	z[WORK_TIME] = log(w->time_s);
	z[WORK_GAP] = logit(w->gap / WORK_GAP_MAX);
	z[WORK_COMPUTE] = logit((w->compute - WORK_COMPUTE_MIN) / (1.0 - WORK_COMPUTE_MIN));
	z[WORK_POWER] = log(w->power_w);
	z[WORK_GAPPOWER] = log(w->gap_power_w);
	z[WORK_STATIC] = log(w->static_factor);
}

/* Time of the active part, relative to that at full clock, and its power. */
static double active(const struct response *c, double x, double ln_x, double *power_w)
{
	const struct figures *f = c->f;
	double mp = c->mp, v, tk;

	if (x < f->memory_knee)
		mp *= pow(f->memory_knee / x, f->memory_exponent * f->overlap);
	tk = exp(log(c->cp * exp(-f->overlap * ln_x) + mp) / f->overlap);
	v = (1.0 + f->voltage_slope * fmax(0.0, x - f->voltage_knee)) / c->v_top;
	*power_w = c->static_w + v * v * (x * f->clock_tree_w + c->w.power_w * c->w.compute / tk) +
		   f->memory_w * c->m / tk;
	return tk;
}

double response_active_power(const struct response *c, double x)
{
	double power_w;

	(void)active(c, x, log(x), &power_w);
	return power_w;
}

void response_init(struct response *c, const struct figures *f, const double z[WORK_N])
{
	c->f = f;
	c->w = work_of(z);
	c->static_w = f->static_w * c->w.static_factor;
	c->cp = pow(c->w.compute, f->overlap);
	c->mp = fmax(0.0, 1.0 - c->cp);
	c->m = pow(c->mp, 1.0 / f->overlap);
	c->v_top = 1.0 + f->voltage_slope * (1.0 - f->voltage_knee);
	c->power_low_w = response_active_power(c, f->lowest_clock);
	c->power_top_w = response_active_power(c, 1.0);
}

void response_clock(const struct response *c, double x, struct response_at *out)
{
	double h = c->w.gap, power_w, tk = active(c, x, log(x), &power_w), t;

	tk *= 1.0 - h;
	t = h + tk;
	out->x = x;
	out->ln_time = log(c->w.time_s * t);
	out->ln_power = log((power_w * tk + c->w.gap_power_w * h) / t);
}

/* Where the active power is the cap: Illinois's false position in ln x and ln P, which are nearly
 * linear in one another. */
static double clock_under_cap(const struct response *c, double top, double top_w, double cap_w)
{
	double a = log(c->f->lowest_clock), fa = log(c->power_low_w / cap_w);
	double b = log(top), fb = log(top_w / cap_w);
	int side = 0;

	for (int i = 0; i < ROOT_STEPS; i++) {
		double at = (fa * b - fb * a) / (fa - fb), power_w, f_at;

		(void)active(c, exp(at), at, &power_w);
		f_at = log(power_w / cap_w);
		if (fabs(f_at) < ROOT_TOLERANCE)
			return exp(at);
		if (f_at > 0.0) {
			b = at;
			fb = f_at;
			if (side == 1)
				fa *= 0.5;
			side = 1;
		} else {
			a = at;
			fa = f_at;
			if (side == -1)
				fb *= 0.5;
			side = -1;
		}
	}
	return exp(a);
}

void response_eval(const struct response *c, const hg_knobs *k, struct response_at *out)
{
	const struct figures *f = c->f;
	double cap_w = k->cap_w > 0.0 ? k->cap_w : f->cap_default_w;
	double x = k->clock_hz > 0.0 ? fmin(1.0, k->clock_hz / f->clock_max_hz) : 1.0;
	double top_w = x < 1.0 ? response_active_power(c, x) : c->power_top_w;
	uint32_t flags = HG_CAP_NOT_BINDING;

	if (top_w > cap_w) {
		flags = 0;
		if (x <= f->lowest_clock) {
			flags = HG_CAP_INFEASIBLE;
		} else if (c->power_low_w >= cap_w) {
			flags = HG_CAP_INFEASIBLE;
			x = f->lowest_clock;
		} else {
			x = clock_under_cap(c, x, top_w, cap_w);
		}
	}
	response_clock(c, x, out);
	out->flags = flags;
}
