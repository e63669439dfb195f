#include "device.h"

#include <math.h>
#include <string.h>

static double highest(const double *list, size_t n)
{
	double most = 0.0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, list[i]);
	return most;
}

static double nearest(const double *list, size_t n, double value)
{
	double best = n ? list[0] : value;

	for (size_t i = 1; i < n; i++)
		if (fabs(list[i] - value) < fabs(best - value))
			best = list[i];
	return best;
}

/* ----- power */

/** What the work draws at the settings in force. */
struct draw {
	double power_w, sm_mhz;
	bool throttled;
};

/* The phase that is on, and when the next one begins. */
static const struct fake_phase *phase_now(const struct fake_device *d, double *until_s)
{
	const struct fake_spec *s = d->spec;
	double into_s = s->repeat_s > 0.0 ? fmod(d->now_s, s->repeat_s) : d->now_s;
	double next_s = s->repeat_s > 0.0 ? s->repeat_s : (double)INFINITY;
	size_t i = 0;

	while (i + 1 < s->n_phases && s->phases[i + 1].from_s <= into_s)
		i++;
	if (i + 1 < s->n_phases)
		next_s = s->phases[i + 1].from_s;
	*until_s = d->now_s + (next_s - into_s);
	if (!(*until_s > d->now_s)) /* less than a rounding error away */
		*until_s = nextafter(d->now_s, (double)INFINITY);
	return &s->phases[i];
}

/* What a knob is when nobody has set it. */
static double knob_default(const struct fake_spec *s, enum fake_knob knob)
{
	return knob == FAKE_LIMIT_W                          ? s->limit_default_w
	       : knob == FAKE_MODULE_W && s->module_w >= 0.0 ? s->limit_default_w + s->module_w
							     : 0.0;
}

/* The GPU's limit, or what that of the module leaves it. */
static double limit_now(const struct fake_device *d)
{
	double limit = d->value[FAKE_LIMIT_W];

	return d->spec->module_w < 0.0 ? limit
				       : fmin(limit, d->value[FAKE_MODULE_W] - d->spec->module_w);
}

/* By the physics model: the means over a unit of the work. */
static struct draw draw_of_work(const struct fake_device *d, const hg_predictor *work)
{
	hg_model_info m = {.size = sizeof m};
	hg_estimate e;
	hg_knobs k = {0.0, 0.0};

	hg_model_get_info(d->spec->model, &m);
	if (d->value[FAKE_SM_MHZ] > 0.0)
		k.clock_hz =
			fmin(fmax(d->value[FAKE_SM_MHZ] * 1e6, m.clock_min_hz), m.clock_max_hz);
	k.cap_w = fmin(fmax(limit_now(d), m.cap_min_w), m.cap_max_w);
	if (hg_predictor_eval(work, &k, &e) || !(e.time_s > 0.0))
		return (struct draw){m.idle_w, m.clock_min_hz * 1e-6, false};
	return (struct draw){
		e.energy_j / e.time_s, e.clock_hz * 1e-6, !(e.flags & HG_CAP_NOT_BINDING)};
}

static struct draw draw_now(const struct fake_device *d, double *until_s)
{
	const struct fake_phase *p = phase_now(d, until_s);
	double most = highest(d->spec->sm_mhz, d->spec->n_sm), lock = d->value[FAKE_SM_MHZ];
	double limit = limit_now(d), mhz, demand;

	if (p->work)
		return draw_of_work(d, p->work);
	mhz = lock > 0.0 ? lock : most;
	demand = p->power_w * (most > 0.0 ? fmin(mhz / most, 1.0) : 1.0);
	if (demand <= limit)
		return (struct draw){demand, mhz, false};
	return (struct draw){limit, mhz * limit / demand, true};
}

double fake_power_w(const struct fake_device *d)
{
	double until_s;

	return draw_now(d, &until_s).power_w;
}

double fake_sm_mhz(const struct fake_device *d)
{
	double until_s;

	return draw_now(d, &until_s).sm_mhz;
}

bool fake_throttled(const struct fake_device *d)
{
	double until_s;

	return draw_now(d, &until_s).throttled;
}

double fake_memory_mhz(const struct fake_device *d)
{
	double lock = d->value[FAKE_MEMORY_MHZ];

	return lock > 0.0 ? lock : highest(d->spec->memory_mhz, d->spec->n_memory);
}

/* Remembers the energy at a time at which the power may change. */
static void past_add(struct fake_device *d)
{
	if (d->n_past && !(d->past[d->n_past - 1].at_s < d->now_s))
		return;
	if (d->n_past == FAKE_PAST) {
		memmove(d->past, d->past + 1, (FAKE_PAST - 1) * sizeof d->past[0]);
		d->n_past--;
	}
	d->past[d->n_past].at_s = d->now_s;
	d->past[d->n_past++].energy_j = d->energy_j;
}

double fake_power_mean_w(const struct fake_device *d, double span_s)
{
	double from_s = fmax(d->now_s - span_s, 0.0), after_s = d->now_s, after_j = d->energy_j;

	for (size_t i = d->n_past; i-- > 0;) {
		double at_s = d->past[i].at_s, at_j = d->past[i].energy_j, then_j;

		if (at_s > from_s) {
			after_s = at_s;
			after_j = at_j;
			continue;
		}
		if (!(d->now_s > from_s))
			break;
		then_j = after_s > at_s
				 ? at_j + (after_j - at_j) * (from_s - at_s) / (after_s - at_s)
				 : at_j;
		return (d->energy_j - then_j) / (d->now_s - from_s);
	}
	return after_s < d->now_s ? (d->energy_j - after_j) / (d->now_s - after_s)
				  : fake_power_w(d);
}

/* ----- the sensor: each tick it has seen the last part of the period, and shows it a lag later */

static double next_open_s(const struct fake_device *d)
{
	return (d->ticks + 1.0 - d->spec->counter_coverage) * d->spec->counter_period_s;
}

static double next_close_s(const struct fake_device *d)
{
	return (d->ticks + 1.0) * d->spec->counter_period_s;
}

static double next_publish_s(const struct fake_device *d)
{
	return (d->published + 1.0) * d->spec->counter_period_s + d->spec->counter_lag_s;
}

/* When the sensor has something to do. */
static double sensor_next_s(const struct fake_device *d)
{
	double edge_s = d->open ? next_close_s(d) : next_open_s(d);

	return d->published < d->ticks ? fmin(edge_s, next_publish_s(d)) : edge_s;
}

/* One thing at a time, in order of time: shows, ends a window, begins one. */
static bool sensor_act(struct fake_device *d)
{
	const struct fake_spec *s = d->spec;
	double seen_j;

	if (d->published < d->ticks && next_publish_s(d) <= d->now_s) {
		d->published = d->ticks;
		d->shown_j = d->frozen ? d->shown_j : d->seen_j;
		return true;
	}
	if (!d->open && next_open_s(d) <= d->now_s) {
		d->open = true;
		d->opened_j = d->energy_j;
		return true;
	}
	if (!d->open || !(next_close_s(d) <= d->now_s))
		return false;
	seen_j = (d->energy_j - d->opened_j) / s->counter_coverage;
	if (s->counter_noise > 0.0)
		seen_j *= fmax(1.0 + s->counter_noise * rng_normal(&d->noise), 0.0);
	d->seen_j += seen_j;
	d->ticks += 1.0;
	d->open = false;
	return true;
}

static double counted_j(const struct fake_device *d)
{
	return d->spec->energy_start_j + d->shown_j * d->spec->counter_gain;
}

double fake_counter_j(const struct fake_device *d)
{
	double j = fmax(counted_j(d) - d->offset_j, 0.0);

	return d->spec->counter_modulus_j > 0.0 ? fmod(j, d->spec->counter_modulus_j) : j;
}

double fake_counter_s(const struct fake_device *d)
{
	double period_s = d->spec->counter_period_s;

	return period_s > 0.0 ? d->published * period_s : d->now_s;
}

/* ----- time */

static void event_act(struct fake_device *d, const struct fake_event *e)
{
	switch (e->kind) {
	case FAKE_RESET:
		d->offset_j = counted_j(d);
		break;
	case FAKE_STEP:
		d->offset_j -= e->by_j;
		break;
	case FAKE_FREEZE:
	case FAKE_THAW:
		d->frozen = e->kind == FAKE_FREEZE;
		break;
	case FAKE_LOSE:
	case FAKE_RETURN:
		d->lost = e->kind == FAKE_LOSE;
		break;
	}
}

/* Whatever is due now. */
static void act(struct fake_device *d)
{
	const struct fake_spec *s = d->spec;

	for (size_t k = 0; k < FAKE_KNOBS; k++)
		if (d->at_s[k] <= d->now_s && d->value[k] != d->asked[k]) {
			past_add(d);
			d->value[k] = d->asked[k];
		}
	if (!(s->counter_period_s > 0.0))
		d->shown_j = d->frozen ? d->shown_j : d->energy_j;
	while (s->counter_period_s > 0.0 && sensor_act(d))
		;
	while (d->next_event < s->n_events && s->events[d->next_event].at_s <= d->now_s)
		event_act(d, &s->events[d->next_event++]);
}

void fake_device_catch_up(struct fake_device *d, double to_s)
{
	const struct fake_spec *s = d->spec;

	while (d->now_s < to_s) {
		double change_s, end_s;
		struct draw draw = draw_now(d, &change_s);

		end_s = fmin(to_s, change_s);
		for (size_t k = 0; k < FAKE_KNOBS; k++)
			if (d->at_s[k] > d->now_s)
				end_s = fmin(end_s, d->at_s[k]);
		if (s->counter_period_s > 0.0)
			end_s = fmin(end_s, fmax(sensor_next_s(d), d->now_s));
		if (d->next_event < s->n_events)
			end_s = fmin(end_s, fmax(s->events[d->next_event].at_s, d->now_s));
		d->energy_j += draw.power_w * (end_s - d->now_s);
		d->now_s = end_s;
		if (end_s >= change_s)
			past_add(d);
		act(d);
	}
}

void fake_device_begin(
	struct fake_device *d, const struct fake_spec *spec, size_t index, double seed)
{
	*d = (struct fake_device){.spec = spec, .index = index};
	for (size_t k = 0; k < FAKE_KNOBS; k++)
		d->value[k] = d->asked[k] = knob_default(spec, (enum fake_knob)k);
	rng_init(&d->noise, (uint64_t)seed + index);
	past_add(d);
	act(d);
}

void fake_device_let_go(struct fake_device *d)
{
	if (d->spec->persistent)
		return;
	for (size_t k = 0; k < FAKE_KNOBS; k++) {
		d->asked[k] = knob_default(d->spec, (enum fake_knob)k);
		d->at_s[k] = d->now_s;
	}
	act(d);
}

bool fake_set(struct fake_device *d, enum fake_knob knob, double value)
{
	const struct fake_spec *s = d->spec;

	if (knob == FAKE_LIMIT_W && (value < s->limit_min_w || value > s->limit_max_w))
		return false;
	if (knob == FAKE_MODULE_W &&
		(value < s->limit_min_w + s->module_w || value > s->limit_max_w + s->module_w))
		return false;
	if (s->set_ignored)
		return true;
	if (knob == FAKE_LIMIT_W && s->limit_step_w > 0.0)
		value = fmax(
			floor(value / s->limit_step_w + 0.5) * s->limit_step_w, s->limit_min_w);
	else if (knob == FAKE_SM_MHZ && value > 0.0)
		value = nearest(s->sm_mhz, s->n_sm, value);
	else if (knob == FAKE_MEMORY_MHZ && value > 0.0)
		value = nearest(s->memory_mhz, s->n_memory, value);
	d->asked[knob] = value;
	d->at_s[knob] = d->now_s + s->set_latency_s;
	act(d);
	return true;
}
