/*
 * Running work. Units that are equal (no noise, nobody watches, no knob changes on the way) are one
 * stretch, however many they are; a unit with noise is one; only a watched unit, or one in which a
 * knob takes effect, is walked kernel by kernel.
 */
#include <math.h>

#include "core/fail.h"
#include "core/size.h"

#include "sim.h"

/** Where a device's clock and counter end: 31 years, and the same number of mJ. */
#define SIM_MAX_S  1e9
#define SIM_MAX_UJ 4e17

/** Units that are one stretch. */
struct bulk {
	const struct plan *plan;
	double gap_w;
	double units;
	double time_factor, power_factor;
};

static double bulk_energy(const void *user, double offset_s)
{
	const struct bulk *b = user;
	double unit_s = b->plan->time_s * b->time_factor;
	double n = unit_s > 0.0 ? floor(offset_s / unit_s) : 0.0;
	double j;

	n = n < b->units ? n : b->units;
	j = n * b->plan->energy_j +
	    plan_energy(b->plan, b->gap_w, (offset_s - n * unit_s) / b->time_factor);
	return j * b->time_factor * b->power_factor;
}

static void bulk_run(struct sim *s, double units, double time_factor, double power_factor)
{
	const struct plan *p = &s->plan;
	const struct plan_entry *last = &p->entries[p->n - 1];
	const struct bulk b = {p, s->model->f.gap_w, units, time_factor, power_factor};
	double factor = units * time_factor;

	sim_advance(s, p->time_s * factor, p->energy_j * factor * power_factor, bulk_energy, &b);
	s->busy_s += p->active_s * factor;
	s->span_s += p->time_s * factor;
	s->power_w = (last->kernel_s > 0.0 ? last->kernel_w : b.gap_w) * power_factor;
	s->clock_hz = last->x * s->model->f.clock_max_hz;
	s->flags = last->flags;
}

/** One unit being walked. */
struct walk {
	struct sim *s;
	double time_factor, power_factor;
};

/* A host gap; its length does not depend on the knobs. */
static void walk_gap(const struct walk *w, double gap_s)
{
	struct sim *s = w->s;
	double left_s = gap_s * w->time_factor;
	double power_w = s->model->f.gap_w * w->power_factor;

	s->span_s += left_s;
	while (sim_until_next(s) < left_s) {
		int64_t at_ns = sim_next(s);

		left_s -= sim_until(s, at_ns);
		sim_stretch_until(s, at_ns, power_w, s->clock_hz);
		if (sim_due(s))
			plan_update(s);
	}
	if (left_s > 0.0)
		sim_stretch(s, left_s, power_w, s->clock_hz);
}

/* `share` kernels of entry i; what is left of one when a knob takes effect runs on at the new
 * setting. */
static void walk_kernel(const struct walk *w, size_t i, double share)
{
	struct sim *s = w->s;
	const struct plan_entry *e = &s->plan.entries[i];

	while (share > 0.0) {
		double left_s = share * e->kernel_s * w->time_factor;
		double power_w = e->kernel_w * w->power_factor;
		double clock_hz = e->x * s->model->f.clock_max_hz;
		double until_s = sim_until_next(s);

		s->flags = e->flags;
		if (until_s >= left_s) {
			s->busy_s += left_s;
			s->span_s += left_s;
			sim_stretch(s, left_s, power_w, clock_hz);
			return;
		}
		share -= until_s / (e->kernel_s * w->time_factor);
		s->busy_s += until_s;
		s->span_s += until_s;
		sim_stretch_until(s, sim_next(s), power_w, clock_hz);
		if (sim_due(s))
			plan_update(s);
	}
}

static void walk_unit(struct sim *s, double time_factor, double power_factor)
{
	const struct walk w = {s, time_factor, power_factor};

	for (size_t i = 0; i < s->plan.n && !s->stopped; i++) {
		const struct plan_entry *e = &s->plan.entries[i];
		uint64_t repeat = e->repeat;

		if (!(e->kernel_s > 0.0)) {
			walk_gap(&w, (double)repeat * e->gap_s);
			continue;
		}
		if (!(e->gap_s > 0.0)) {
			walk_kernel(&w, i, (double)repeat);
			continue;
		}
		for (; repeat && !s->stopped; repeat--) {
			walk_gap(&w, e->gap_s);
			walk_kernel(&w, i, 1.0);
		}
	}
}

/* Lognormal with mean 1 and the relative standard deviation asked for. */
static double noise_factor(struct sim *s)
{
	double variance = log1p(s->o.noise * s->o.noise);

	return s->o.noise > 0.0 ? exp(sqrt(variance) * rng_normal(&s->rng) - 0.5 * variance) : 1.0;
}

/* How many units may be one stretch. */
static uint64_t bulk_units(const struct sim *s, uint64_t left)
{
	double unit_s = s->plan.time_s;
	double most = (double)left;

	if (s->watch || s->o.noise > 0.0 || !s->plan.valid)
		return 0;
	most = fmin(most, floor(sim_until_next(s) / unit_s));
	if (!(most >= 1.0))
		return 0;
	return most >= (double)left ? left : (uint64_t)most;
}

static hg_err limit_check(const struct sim *s, double units, hg_error *why)
{
	if ((double)s->t.whole * 1e-9 + units * s->plan.time_s < SIM_MAX_S &&
		(double)s->e.whole + units * s->plan.energy_j * 1e6 < SIM_MAX_UJ)
		return HG_OK;
	return fail(why, HG_ELIMIT, "%s: the device's clock ends at %g s and its counter at %g J",
		s->spec, SIM_MAX_S, SIM_MAX_UJ * 1e-6);
}

/* Runs some units. @return how many, at least 1 */
static uint64_t run_some(struct sim *s, uint64_t left)
{
	uint64_t n = bulk_units(s, left);
	double time_factor, power_factor, unit_s;

	if (n) {
		bulk_run(s, (double)n, 1.0, 1.0);
		return n;
	}
	time_factor = noise_factor(s);
	power_factor = noise_factor(s);
	unit_s = s->plan.time_s * time_factor;
	if (!s->watch && sim_until_next(s) >= unit_s)
		bulk_run(s, 1.0, time_factor, power_factor);
	else
		walk_unit(s, time_factor, power_factor);
	return 1;
}

/** Start of a call, to say afterwards what happened in it. */
struct call {
	struct sim_amount t, e;
};

static struct call call_begin(struct sim *s)
{
	s->busy_s = 0.0;
	s->span_s = 0.0;
	s->stopped = false;
	return (struct call){s->t, s->e};
}

static void call_end(struct sim *s, const struct call *call, uint64_t units, hg_sim_truth *truth)
{
	const hg_sim_truth ours = {.size = sizeof ours,
		.flags = s->flags,
		.begin_ns = call->t.whole,
		.end_ns = s->t.whole,
		.energy_j =
			((double)(s->e.whole - call->e.whole) + s->e.part - call->e.part) * 1e-6,
		.units = units};

	if (truth)
		size_write(truth, &ours, sizeof ours);
}

static struct sim *sim_of(const hg_device *d, hg_error *why, hg_err *rc)
{
	struct sim *s = device_state(d, &sim_backend);

	*rc = s ? HG_OK
		: fail(why, HG_EINVAL, "%s: not a simulated device", d ? device_spec(d) : "(none)");
	return s;
}

hg_err hg_sim_run(
	hg_device *d, const hg_workload *w, uint64_t units, hg_sim_truth *truth, hg_error *why)
{
	hg_err rc;
	struct sim *s = sim_of(d, why, &rc);
	struct call call;
	uint64_t done = 0;

	if (rc)
		return rc;
	if (!w)
		return fail(why, HG_EINVAL, "%s: no workload", s->spec);
	(void)device_enter(d);
	rc = plan_workload(s, w, why);
	if (rc)
		goto out;
	sim_begin(s, d);
	call = call_begin(s);
	while (done < units && !rc) {
		uint64_t some;

		sim_due(s);
		if (!s->plan.valid)
			plan_update(s);
		some = bulk_units(s, units - done);
		rc = limit_check(s, some ? (double)some : 4.0, why);
		if (rc)
			break;
		some = run_some(s, units - done);
		done += s->stopped ? 0 : some;
		if (s->stopped)
			rc = fail(why, HG_EABORTED, "%s: stopped by the watcher", s->spec);
	}
	sim_watch_flush(s);
	sim_due(s);
	sim_end(s);
	call_end(s, &call, done, truth);
out:
	device_leave(d);
	return rc;
}

static void idle(struct sim *s, double seconds)
{
	while (seconds > 0.0 && !s->stopped) {
		double until_s, part_s;

		sim_due(s);
		until_s = sim_until_next(s);
		part_s = fmin(seconds, until_s);
		if (until_s < seconds)
			sim_stretch_until(s, sim_next(s), s->model->f.idle_w, sim_idle_clock(s));
		else
			sim_stretch(s, seconds, s->model->f.idle_w, sim_idle_clock(s));
		seconds -= part_s;
		s->span_s += part_s;
	}
}

static hg_err idle_check(const struct sim *s, double seconds, hg_error *why)
{
	if ((double)s->t.whole * 1e-9 + seconds < SIM_MAX_S &&
		(double)s->e.whole + seconds * s->model->f.idle_w * 1e6 < SIM_MAX_UJ)
		return HG_OK;
	return fail(why, HG_ELIMIT, "%s: the device's clock ends at %g s", s->spec, SIM_MAX_S);
}

hg_err hg_sim_idle(hg_device *d, double seconds, hg_sim_truth *truth, hg_error *why)
{
	hg_err rc;
	struct sim *s = sim_of(d, why, &rc);
	struct call call;

	if (rc)
		return rc;
	if (!(seconds >= 0.0))
		return fail(why, HG_EINVAL, "%s: seconds: expected 0 or more, found %g", s->spec,
			seconds);
	(void)device_enter(d);
	rc = idle_check(s, seconds, why);
	if (rc)
		goto out;
	sim_begin(s, d);
	call = call_begin(s);
	idle(s, seconds);
	sim_watch_flush(s);
	sim_due(s);
	sim_end(s);
	s->flags = HG_CAP_NOT_BINDING;
	call_end(s, &call, 0, truth);
	rc = s->stopped ? fail(why, HG_EABORTED, "%s: stopped by the watcher", s->spec) : HG_OK;
out:
	device_leave(d);
	return rc;
}

hg_err hg_sim_watch(hg_device *d, hg_sim_power_fn fn, void *user)
{
	hg_err rc;
	struct sim *s = sim_of(d, NULL, &rc);

	if (rc)
		return rc;
	(void)device_enter(d);
	sim_watch_flush(s);
	s->watch = fn;
	s->watch_user = user;
	device_leave(d);
	return HG_OK;
}
