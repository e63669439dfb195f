#include "counter-sim.h"

#include <math.h>
#include <stdlib.h>

struct csim_counter csim_counter_usual(void)
{
	return (struct csim_counter){.period_s = 0.1,
		.jitter_s = 0.001,
		.lag_s = 0.03,
		.coverage = 1,
		.resolution_j = 0.001,
		.gain = 1,
		.poll_s = 0.005,
		.read_s = 0.0024};
}

void csim_init(struct csim *s)
{
	*s = (struct csim){0};
}

void csim_finish(struct csim *s)
{
	free(s->power_w);
	free(s->energy_j);
	*s = (struct csim){0};
}

void csim_clear(struct csim *s)
{
	s->n = 0;
}

static int grow(struct csim *s, size_t more)
{
	size_t room = 2 * (s->n + more) + 1;
	double *power, *energy;

	if (s->n + more < s->room)
		return 0;
	power = realloc(s->power_w, room * sizeof *power);
	if (power)
		s->power_w = power;
	energy = realloc(s->energy_j, room * sizeof *energy);
	if (energy)
		s->energy_j = energy;
	if (!power || !energy)
		return -1;
	s->room = room;
	return 0;
}

static void push(struct csim *s, double power_w)
{
	if (s->n == 0)
		s->energy_j[0] = 0;
	s->power_w[s->n] = power_w;
	s->energy_j[s->n + 1] = s->energy_j[s->n] + power_w * CSIM_STEP_S;
	s->n++;
}

int csim_add(struct csim *s, struct rng *r, double seconds, double power_w, double noise)
{
	size_t steps = (size_t)llround(seconds / CSIM_STEP_S);

	if (grow(s, steps))
		return -1;
	for (size_t i = 0; i < steps; i++)
		push(s, power_w * (1 + noise * rng_normal(r)));
	return 0;
}

int csim_add_load(struct csim *s, struct rng *r, double seconds)
{
	size_t steps = (size_t)llround(seconds / CSIM_STEP_S);
	double phase = rng_double(r), each = CSIM_STEP_S / 0.037;

	if (grow(s, steps))
		return -1;
	for (size_t i = 0; i < steps; i++) {
		double at = phase + each * (double)i;

		at -= floor(at);
		push(s, (at < 0.6 ? 650 : 450) * (1 + 0.02 * rng_normal(r)));
	}
	return 0;
}

double csim_length(const struct csim *s)
{
	return (double)s->n * CSIM_STEP_S;
}

/* Energy up to a moment; before and after the trace its first and last power go on. */
static double up_to(const struct csim *s, double t_s)
{
	double at = t_s / CSIM_STEP_S;
	size_t i;

	if (at <= 0)
		return s->power_w[0] * t_s;
	if (at >= (double)s->n)
		return s->energy_j[s->n] + s->power_w[s->n - 1] * (t_s - csim_length(s));
	i = (size_t)at;
	return s->energy_j[i] + s->power_w[i] * CSIM_STEP_S * (at - (double)i);
}

double csim_energy(const struct csim *s, double t0_s, double t1_s)
{
	return up_to(s, t1_s) - up_to(s, t0_s);
}

double csim_boxcar(const struct csim *s, double t_s, double w_s)
{
	return csim_energy(s, t_s - w_s, t_s) / w_s;
}

int csim_run(
	const struct csim *s, const struct csim_counter *c, struct rng *r, struct csim_edges *out)
{
	size_t room = (size_t)(2 * csim_length(s) / c->period_s) + 16;
	double t = c->period_s * rng_double(r), before = t - c->period_s, sum = 0;

	*out = (struct csim_edges){
		malloc(room * sizeof *out->t_s), malloc(room * sizeof *out->value_j), 0};
	if (!out->t_s || !out->value_j)
		return -1;
	while (t < csim_length(s) && out->n < room) {
		double to = t - c->lag_s, w = c->coverage * c->period_s, j;

		if (c->coverage < 1)
			sum += csim_boxcar(s, to, w) * (t - before);
		else
			sum += csim_energy(s, before - c->lag_s, to);
		j = sum * c->gain;
		out->t_s[out->n] = t;
		out->value_j[out->n++] = floor(j / c->resolution_j) * c->resolution_j;
		before = t;
		t += c->period_s + c->jitter_s * rng_normal(r);
	}
	return 0;
}

void csim_edges_finish(struct csim_edges *e)
{
	free(e->t_s);
	free(e->value_j);
	*e = (struct csim_edges){0};
}

/* Index of the last edge not after t_s, or -1. */
static ptrdiff_t edge_before(const struct csim_edges *e, double t_s)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->t_s[mid] <= t_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (ptrdiff_t)lo - 1;
}

double csim_value(const struct csim_edges *e, double t_s)
{
	ptrdiff_t k = edge_before(e, t_s);

	return k < 0 ? e->value_j[0] : e->value_j[k];
}

static hg_edge edge_at(double t_s, double u_s, double value_j, int first)
{
	return (hg_edge){.t_ns = csim_ns(t_s),
		.u_ns = csim_ns(u_s),
		.energy_uj = llround(value_j * 1e6),
		.power_mw = HG_UNREAD,
		.clock_hz = HG_UNREAD,
		.temperature_mc = HG_UNREAD,
		.flags = first ? HG_EDGE_FIRST : 0};
}

size_t csim_poll(const struct csim *s, const struct csim_counter *c, const struct csim_edges *e,
	struct rng *r, hg_edge *log, size_t room)
{
	double t = c->poll_s * rng_double(r), centre_before = 0, read_before = 0;
	ptrdiff_t seen = -2;
	size_t n = 0;

	while (t < csim_length(s) && n < room) {
		double read = c->read_s * (0.7 + 0.6 * rng_double(r)), centre = t + read / 2;
		ptrdiff_t k = edge_before(e, t + read * rng_double(r));

		if (seen != -2 && k > seen && k > 0) {
			double half = fmax(read, read_before) / 2;

			log[n] = edge_at((centre + centre_before) / 2,
				(centre - centre_before) / 2 + half, e->value_j[k], n == 0);
			if (k > seen + 1 && n)
				log[n].flags |= HG_EDGE_MISSED;
			n++;
		}
		seen = k;
		centre_before = centre;
		read_before = read;
		t += c->poll_s + 0.1 * read;
	}
	return n;
}

size_t csim_observe(
	const struct csim_edges *e, double u_s, struct rng *r, hg_edge *log, size_t room)
{
	size_t n = 0;

	for (; n < e->n && n < room; n++)
		log[n] = edge_at(
			e->t_s[n] + u_s * (2 * rng_double(r) - 1), u_s, e->value_j[n], n == 0);
	return n;
}

hg_sensor csim_sensor(const struct csim_counter *c)
{
	return (hg_sensor){.size = sizeof(hg_sensor),
		.trusted = 1,
		.period_s = c->period_s,
		.jitter_s = c->jitter_s,
		.lag_s = c->lag_s,
		.coverage = c->coverage,
		.gain = c->gain,
		.resolution_j = c->resolution_j,
		.read_s = c->read_s,
		.min_power_w = 70,
		.max_power_w = 750};
}

int64_t csim_ns(double t_s)
{
	return llround(t_s * 1e9);
}
