#include "live-job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const hg_knob_def knob = {"power_limit_w", "W", NULL, 0};

void live_init(struct live *l, uint64_t seed)
{
	memset(l, 0, sizeof *l);
	l->gain = l->time_factor = l->power_factor = 1;
	rng_init(&l->rng, seed);
}

hg_tune_opts live_opts(const struct live *l, hg_objective_kind kind, double value)
{
	hg_tune_opts o = {.size = sizeof o,
		.objective = {.size = sizeof o.objective, .kind = kind, .value = value},
		.knobs = &knob,
		.n_knobs = 1,
		.settings = l->watts,
		.n_settings = l->n,
		.baseline = l->baseline};

	for (size_t i = 0; i < l->n; i++)
		if (l->watts[i] > o.objective.max_power_w)
			o.objective.max_power_w = l->watts[i];
	if (l->n_knobs) {
		o.knobs = l->knobs;
		o.n_knobs = l->n_knobs;
		o.settings = l->cells;
	}
	return o;
}

/* Share of its clock at which a chip of this heat runs; of each percent less, most is time. */
static double throttled(const struct live *l)
{
	double over = l->throttle_k > 0 ? l->heat_k - l->throttle_k : 0;

	return over > 0 ? fmax(0.5, 1 - 0.04 * over) : 1;
}

hg_tune_work live_step(struct live *l)
{
	size_t at = l->fresh ? l->was : l->setting;
	double time = l->time_s[at] * l->time_factor * (1 + l->noise * rng_normal(&l->rng));
	double power = l->power_w[at] * l->power_factor, off = l->counter_off, energy;

	time = fmax(time, 0.1 * l->time_s[at]) * (0.3 + 0.7 / throttled(l));
	/* a chip that throttles skips cycles: its voltage stays */
	power *= (1 + l->leak_per_k * l->heat_k) * throttled(l);
	if (l->k_per_w > 0)
		l->heat_k += (l->k_per_w * power - l->heat_k) * -expm1(-time / l->heat_tau_s);
	energy = power * time;
	if (rng_double(&l->rng) < l->straggle) {
		/* it waits for something, and draws less */
		energy += 0.4 * power * 9 * time;
		time *= 10;
	}
	l->fresh = false;
	l->now_s += time;
	l->steps++;
	l->energy_j += energy;
	l->counter_off = l->counter_s * power * rng_normal(&l->rng);
	return (hg_tune_work){.size = sizeof(hg_tune_work),
		.steps = 1,
		.time_s = time,
		.energy_j = fmax(0, l->gain * (energy + l->counter_off - off)),
		.now_s = l->now_s};
}

bool live_set(struct live *l, size_t setting)
{
	if (l->refuses && setting != l->baseline)
		return false;
	if (l->deaf || setting == l->setting)
		return true;
	l->was = l->fresh ? l->was : l->setting;
	l->setting = setting;
	l->fresh = true;
	return true;
}

static void need(hg_err rc, const hg_error *why)
{
	if (rc == HG_OK)
		return;
	(void)fprintf(stderr, "live job: %s\n", why->text);
	abort();
}

void live_drive(struct live *l, hg_tune *t)
{
	hg_tune_work w = live_step(l);
	hg_error why = {""};
	size_t setting;

	need(hg_tune_step(t, &w, &setting, &why), &why);
	for (size_t i = 0; i <= l->n && !live_set(l, setting); i++)
		need(hg_tune_refused(t, &setting, &why), &why);
}

void live_pause(struct live *l, double seconds)
{
	l->now_s += seconds;
}

void live_model(struct live *l, double step_s)
{
	l->n = 13;
	l->baseline = 0;
	for (size_t i = 0; i < l->n; i++) {
		double watts = 700 - 40 * (double)i;
		/* clock that a limit leaves: 600 W at 1, of which 120 W always */
		double x = fmin(1, pow(fmax(watts - 120, 1) / 480, 0.4));

		l->watts[i] = watts;
		l->time_s[i] = step_s * (0.25 + 0.75 / x);
		l->power_w[i] = 120 + 480 * pow(x, 2.5);
	}
}
