#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <math.h>
#include <time.h>

#include "core/context.h"

#include "sim.h"

/** How far the device's time may run ahead of real time: what is read is that much off. */
#define SIM_PAUSE_NS 2000000

static void amount_add(struct sim_amount *a, double x)
{
	double sum = a->part + x;
	double whole = floor(sum);

	a->whole += (int64_t)whole;
	a->part = sum - whole;
}

double sim_until(const struct sim *s, int64_t t_ns)
{
	return ((double)(t_ns - s->t.whole) - s->t.part) * 1e-9;
}

/* ----- the counter */

static void queue_show(struct sim *s, int64_t now_ns)
{
	size_t n = 0;

	while (n < s->n_queue && s->queue[n].visible_ns <= now_ns)
		s->shown_uj = s->queue[n++].uj;
	if (n == 0)
		return;
	s->n_queue -= n;
	for (size_t i = 0; i < s->n_queue; i++)
		s->queue[i] = s->queue[i + n];
}

/* The instants that the counter takes the energy at, up to the end of a stretch. Of a long stretch
 * only the last few can still matter. */
static void ticks_take(
	struct sim *s, int64_t end_ns, double energy_j, sim_energy_fn fn, const void *user)
{
	int64_t left = (end_ns - s->next_tick_ns) / s->tick_ns;

	if (left > SIM_LAG_TICKS)
		s->next_tick_ns += (left - SIM_LAG_TICKS) * s->tick_ns;
	for (; s->next_tick_ns <= end_ns; s->next_tick_ns += s->tick_ns) {
		double offset = sim_until(s, s->next_tick_ns);
		double j = fn ? fn(user, offset > 0.0 ? offset : 0.0) : 0.0;
		int64_t uj;

		j = j < energy_j ? j : energy_j;
		uj = s->e.whole + (int64_t)floor(s->e.part + j * 1e6);
		if (s->n_queue == sizeof s->queue / sizeof s->queue[0])
			queue_show(s, s->queue[0].visible_ns);
		s->queue[s->n_queue].visible_ns = s->next_tick_ns + s->lag_ns;
		s->queue[s->n_queue++].uj = uj;
	}
}

int64_t sim_counter(struct sim *s)
{
	int64_t true_uj = s->e.whole;

	if (s->tick_ns > 0) {
		queue_show(s, s->t.whole);
		true_uj = s->shown_uj;
	}
	return (int64_t)floor((double)true_uj * s->o.gain);
}

void sim_advance(
	struct sim *s, double duration_s, double energy_j, sim_energy_fn fn, const void *user)
{
	struct sim_amount end = s->t;

	amount_add(&end, duration_s * 1e9);
	if (s->tick_ns > 0 && s->next_tick_ns <= end.whole)
		ticks_take(s, end.whole, energy_j, fn, user);
	s->t = end;
	amount_add(&s->e, energy_j * 1e6);
	s->heat_j += energy_j;
	s->heat_s += duration_s;
}

static double constant_power(const void *user, double offset_s)
{
	return *(const double *)user * offset_s;
}

/* ----- the watcher */

void sim_watch_flush(struct sim *s)
{
	if (!s->seen.open)
		return;
	s->seen.open = false;
	if (s->seen.t1_ns > s->seen.t0_ns && s->watch && !s->stopped)
		s->stopped = s->watch(s->watch_user, s->seen.t0_ns, s->seen.t1_ns, s->seen.power_w,
				     s->seen.clock_hz) != 0;
}

static void watch_tell(struct sim *s, int64_t t0_ns, double power_w, double clock_hz)
{
	if (s->seen.open && s->seen.power_w == power_w && s->seen.clock_hz == clock_hz) {
		s->seen.t1_ns = s->t.whole;
		return;
	}
	sim_watch_flush(s);
	s->seen.t0_ns = t0_ns;
	s->seen.t1_ns = s->t.whole;
	s->seen.power_w = power_w;
	s->seen.clock_hz = clock_hz;
	s->seen.open = true;
}

void sim_stretch(struct sim *s, double duration_s, double power_w, double clock_hz)
{
	int64_t t0_ns = s->t.whole;

	sim_advance(s, duration_s, duration_s * power_w, constant_power, &power_w);
	s->power_w = power_w;
	s->clock_hz = clock_hz;
	if (s->watch)
		watch_tell(s, t0_ns, power_w, clock_hz);
}

void sim_stretch_until(struct sim *s, int64_t t_ns, double power_w, double clock_hz)
{
	double duration_s = sim_until(s, t_ns);

	if (duration_s <= 0.0)
		return;
	sim_stretch(s, duration_s, power_w, clock_hz);
	/* rounding may have missed the instant by a hair */
	s->t.whole = t_ns;
	s->t.part = 0.0;
	if (s->seen.open)
		s->seen.t1_ns = t_ns;
}

/* ----- temperature, knobs, real time */

void sim_heat(struct sim *s)
{
	const struct figures *f = &s->model->f;
	double end_c;

	if (s->heat_s <= 0.0)
		return;
	end_c = f->ambient_c + f->thermal_k_per_w * s->heat_j / s->heat_s;
	s->temperature_c = end_c + (s->temperature_c - end_c) * exp(-s->heat_s / f->thermal_time_s);
	s->heat_j = 0.0;
	s->heat_s = 0.0;
}

bool sim_apply_due(struct sim *s)
{
	size_t n = 0;

	while (n < s->n_pending && s->pending[n].at_ns <= s->t.whole) {
		s->active[s->pending[n].knob] = s->pending[n].value;
		n++;
	}
	if (n == 0)
		return false;
	s->n_pending -= n;
	for (size_t i = 0; i < s->n_pending; i++)
		s->pending[i] = s->pending[i + n];
	s->plan.valid = false;
	return true;
}

int64_t sim_next(const struct sim *s)
{
	int64_t at_ns = s->alarm_ns;

	if (s->n_pending && s->pending[0].at_ns < at_ns)
		at_ns = s->pending[0].at_ns;
	return s->device && s->pause_ns < at_ns ? s->pause_ns : at_ns;
}

double sim_until_next(const struct sim *s)
{
	int64_t at_ns = sim_next(s);

	return at_ns < INT64_MAX ? sim_until(s, at_ns) : (double)INFINITY;
}

static void pause_for_real_time(struct sim *s)
{
	int64_t left_ns = s->t.whole - (ctx_now(s->ctx) - s->epoch_ns);
	struct timespec left;

	if (left_ns <= 0)
		return;
	left.tv_sec = (time_t)(left_ns / 1000000000);
	left.tv_nsec = (long)(left_ns % 1000000000);
	device_leave(s->device);
	while (nanosleep(&left, &left) && errno == EINTR)
		;
	/* who reads meanwhile is soon out again */
	while (!device_enter(s->device))
		;
}

bool sim_due(struct sim *s)
{
	backend_alarm_fn alarm = s->alarm;

	if (s->alarm_ns <= s->t.whole) {
		s->alarm_ns = INT64_MAX;
		alarm(s->alarm_user, s->t.whole);
	}
	if (s->device && s->pause_ns <= s->t.whole) {
		pause_for_real_time(s);
		s->pause_ns = s->t.whole + SIM_PAUSE_NS;
	}
	/* somebody may have set a knob during the pause */
	return sim_apply_due(s) || !s->plan.valid;
}

void sim_begin(struct sim *s, const hg_device *d)
{
	sim_catch_up(s);
	s->device = s->o.realtime ? d : NULL;
	s->pause_ns = s->t.whole + SIM_PAUSE_NS;
}

void sim_end(struct sim *s)
{
	if (s->device)
		pause_for_real_time(s);
	s->device = NULL;
}

double sim_idle_clock(const struct sim *s)
{
	return s->active[SIM_SM_CLOCK] ? (double)s->active[SIM_SM_CLOCK] : s->model->f.clock_min_hz;
}

void sim_catch_up(struct sim *s)
{
	int64_t now_ns;

	if (!s->o.realtime || s->device)
		return;
	now_ns = ctx_now(s->ctx) - s->epoch_ns;
	while (s->t.whole < now_ns) {
		int64_t to = now_ns;

		if (s->n_pending && s->pending[0].at_ns < to)
			to = s->pending[0].at_ns;
		sim_stretch_until(s, to, s->model->f.idle_w, sim_idle_clock(s));
		sim_apply_due(s);
	}
}
