/* A workload's time and power over settings, exact where tables are not: what fits differentiate.
 */
#include "response.h"

#include <math.h>
#include <string.h>

#include "mix.h"

/* Steps of the root search and its tolerance in ln P. */
#define ROOT_STEPS     40
#define ROOT_TOLERANCE 1e-11
/* Halvings of the range of caps. */
#define CAP_STEPS 50

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
static double active(
	const struct response *c, const struct piece *p, double x, double ln_x, double *power_w)
{
	const struct figures *f = c->f;
	double mp = p->mp, v, tk = 1.0;

	if (!p->flat) {
		if (x < f->memory_knee)
			mp *= pow(f->memory_knee / x, f->memory_exponent * f->overlap);
		tk = exp(log(p->cp * exp(-f->overlap * ln_x) + mp) / f->overlap);
	}
	v = (1.0 + f->voltage_slope * fmax(0.0, x - f->voltage_knee)) / c->v_top;
	*power_w = c->static_w +
		   v * v * (x * c->tree_w + c->compute_w * p->activity * p->compute / tk) +
		   c->memory_w * p->m / tk;
	return tk;
}

double response_active_power(const struct response *c, const struct piece *p, double x)
{
	double power_w;

	(void)active(c, p, x, log(x), &power_w);
	return power_w;
}

static void piece_finish(const struct response *c, struct piece *p)
{
	p->power_low_w = response_active_power(c, p, c->f->lowest_clock);
	p->power_top_w = response_active_power(c, p, 1.0);
}

static void single_init(struct response *c, const double z[WORK_N])
{
	struct work w = work_of(z);
	struct piece *p = &c->piece[0];

	c->static_w = c->f->static_w * w.static_factor;
	c->tree_w = c->f->clock_tree_w;
	c->compute_w = w.power_w;
	c->memory_w = c->f->memory_w;
	c->gap_s = w.time_s * w.gap;
	c->gap_w = w.gap_power_w;
	c->n = 1;
	p->seconds = w.time_s * (1.0 - w.gap);
	p->compute = w.compute;
	p->cp = pow(w.compute, c->f->overlap);
	p->mp = fmax(0.0, 1.0 - p->cp);
	p->m = pow(p->mp, 1.0 / c->f->overlap);
	p->activity = 1.0;
	p->flat = false;
	piece_finish(c, p);
}

static void piece_add(struct response *c, const struct mix_part *part, double times, double ratio)
{
	struct piece *p = &c->piece[c->n];
	double compute = part->compute_s * times * ratio, memory = part->memory_s * times / ratio;

	*p = (struct piece){.flat = part->flat_s > 0.0};
	p->seconds = p->flat ? part->flat_s * times : p_norm(compute, memory, c->f->overlap);
	if (!(p->seconds > 0.0))
		return;
	if (p->flat) {
		p->m = part->traffic_s / part->flat_s;
	} else {
		p->compute = compute / p->seconds;
		p->m = memory / p->seconds;
		p->cp = pow(p->compute, c->f->overlap);
		p->mp = pow(p->m, c->f->overlap);
		p->activity = part->compute_s > 0.0 ? part->active_s / part->compute_s : 1.0;
	}
	piece_finish(c, p);
	c->n++;
}

static void mix_response(struct response *c, const struct mix *mix, const double z[WORK_N])
{
	const struct figures *f = c->f;
	double times = exp(z[WORK_TIME]);

	c->static_w = f->static_w * exp(z[WORK_STATIC]);
	c->tree_w = f->clock_tree_w * exp(z[WORK_STATIC]);
	c->compute_w = f->compute_w * exp(z[WORK_POWER]);
	c->memory_w = mix->memory_w * exp(z[WORK_POWER]);
	c->gap_s = mix->gap_s * times * exp(z[WORK_GAP]);
	c->gap_w = f->gap_w * exp(z[WORK_GAPPOWER]);
	c->n = 0;
	for (size_t i = 0; i < MIX_PARTS; i++)
		piece_add(c, &mix->part[i], times, exp(z[WORK_COMPUTE]));
}

void response_init(
	struct response *c, const struct figures *f, const struct mix *mix, const double z[WORK_N])
{
	c->f = f;
	c->v_top = 1.0 + f->voltage_slope * (1.0 - f->voltage_knee);
	if (mix)
		mix_response(c, mix, z);
	else
		single_init(c, z);
}

/* Where the active power is the cap: Illinois's false position in ln x and ln P, which are nearly
 * linear in one another. */
static double clock_under_cap(
	const struct response *c, const struct piece *p, double top, double top_w, double cap_w)
{
	double a = log(c->f->lowest_clock), fa = log(p->power_low_w / cap_w);
	double b = log(top), fb = log(top_w / cap_w);
	int side = 0;

	for (int i = 0; i < ROOT_STEPS; i++) {
		double at = (fa * b - fb * a) / (fa - fb), power_w, f_at;

		(void)active(c, p, exp(at), at, &power_w);
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

/* Clock of a piece that is asked to run at x. */
static double clock_of(
	const struct response *c, const struct piece *p, double x, double cap_w, uint32_t *flags)
{
	double top_w = x < 1.0 ? response_active_power(c, p, x) : p->power_top_w;

	*flags = HG_CAP_NOT_BINDING;
	if (top_w <= cap_w)
		return x;
	*flags = HG_CAP_INFEASIBLE;
	if (x <= c->f->lowest_clock)
		return x;
	if (p->power_low_w >= cap_w)
		return c->f->lowest_clock;
	*flags = 0;
	return clock_under_cap(c, p, x, top_w, cap_w);
}

void response_eval(const struct response *c, const hg_knobs *k, struct response_at *out)
{
	const struct figures *f = c->f;
	double cap_w = k->cap_w > 0.0 ? k->cap_w : f->cap_default_w;
	double x = k->clock_hz > 0.0 ? fmin(1.0, k->clock_hz / f->clock_max_hz) : 1.0;
	double busy_s = 0.0, energy_j = c->gap_s * c->gap_w, cycles = 0.0;
	uint32_t any = 0, all = HG_CAP_NOT_BINDING;

	for (size_t i = 0; i < c->n; i++) {
		const struct piece *p = &c->piece[i];
		uint32_t flags;
		double at = clock_of(c, p, x, cap_w, &flags), power_w;
		double t = p->seconds * active(c, p, at, log(at), &power_w);

		busy_s += t;
		energy_j += t * power_w;
		cycles += t * at;
		any |= flags;
		all &= flags;
	}
	out->x = busy_s > 0.0 ? cycles / busy_s : x;
	out->ln_time = log(busy_s + c->gap_s);
	out->ln_power = log(energy_j) - out->ln_time;
	out->flags = all | (any & HG_CAP_INFEASIBLE);
}

double response_cap_at(const struct response *c, double x)
{
	double low, high = 0.0;

	if (c->n == 1)
		return response_active_power(c, &c->piece[0], x);
	for (size_t i = 0; i < c->n; i++)
		high = fmax(high, c->piece[i].power_top_w);
	low = c->static_w;
	for (int i = 0; i < CAP_STEPS; i++) {
		double cap_w = 0.5 * (low + high);
		struct response_at at;

		response_eval(c, &(hg_knobs){0, cap_w}, &at);
		if (at.x > x)
			high = cap_w;
		else
			low = cap_w;
	}
	return high;
}
