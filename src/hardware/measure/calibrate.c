/*
 * Calibration: makes the device idle and busy in turn, keeps what its counter and its power did,
 * and lets the fits of energy.h and attribute.h say what the counter is.
 *
 * First a steady stretch of each, for the self-test. Then random on and off of 20 to 400 ms: of a
 * regular pattern the lag could be had only up to its period.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/attribute.h>
#include <hourglass/measure.h>

#include "core/fail.h"
#include "core/rng.h"
#include "core/size.h"
#include "hardware/device/backend.h"

#include "sampler.h"

/** Shortest and longest random stretch. */
#define STRETCH_LEAST_S 0.02
#define STRETCH_MOST_S  0.4
/** Random stretches of both kinds together; two steady ones come before, a rest after them. */
#define STRETCHES 128
#define SPANS     (STRETCHES + 3)
/** Columns of the spans. */
#define COLUMN_IDLE 0
#define COLUMN_LOAD 1
/** Rest before the log is read: a lag and some periods. */
#define REST_S 1.0

struct run {
	hg_meter *meter;
	size_t i;
	hg_device *device;
	hg_calibrate_opts opts;
	int64_t steady_ns[4]; /* idle from, to; load from, to */
	hg_span spans[SPANS];
	size_t n_spans;
	hg_edge *edges;
	size_t n_edges;
	hg_power *powers;
	size_t n_powers;
};

/* Idles or works for a while, and notes when. All that the log has must be noted: of the rest the
 * fit would have to think that it was of one power. */
static hg_err stretch(struct run *r, bool load, double seconds, hg_error *why)
{
	hg_load_fn fn = load ? r->opts.load : r->opts.idle;
	hg_span *s = &r->spans[r->n_spans];
	hg_err rc;

	s->t0_ns = hg_meter_mark(r->meter);
	rc = fn(r->opts.user, r->device, seconds);
	s->t1_ns = hg_meter_mark(r->meter);
	if (rc)
		return fail(why, rc, "%s: the calibration's %s failed: %s", device_spec(r->device),
			load ? "load" : "idling", hg_err_text(rc));
	if (s->t1_ns <= s->t0_ns)
		return fail(why, HG_EINVAL, "%s: the load functions let no time pass",
			device_spec(r->device));
	s->amount = (double)(s->t1_ns - s->t0_ns) * 1e-9;
	s->column = load ? COLUMN_LOAD : COLUMN_IDLE;
	r->n_spans++;
	return HG_OK;
}

static hg_err steady(struct run *r, hg_error *why)
{
	hg_err rc;

	r->steady_ns[0] = hg_meter_mark(r->meter);
	rc = stretch(r, false, r->opts.seconds, why);
	r->steady_ns[1] = r->steady_ns[2] = r->steady_ns[3] = hg_meter_mark(r->meter);
	if (rc || !r->opts.load)
		return rc;
	rc = stretch(r, true, r->opts.seconds, why);
	r->steady_ns[3] = hg_meter_mark(r->meter);
	return rc;
}

static hg_err random_stretches(struct run *r, hg_error *why)
{
	struct rng rng;
	hg_err rc = HG_OK;

	rng_init(&rng, 1);
	for (int i = 0; !rc && i < STRETCHES; i++) {
		double seconds =
			STRETCH_LEAST_S + (STRETCH_MOST_S - STRETCH_LEAST_S) * rng_double(&rng);

		rc = stretch(r, i % 2 == 1, seconds, why);
	}
	return rc;
}

/* The logs of the whole run. */
static hg_err logs_take(struct run *r, hg_error *why)
{
	int64_t from = r->steady_ns[0], to = hg_meter_mark(r->meter);
	size_t room;
	hg_err rc = hg_meter_log(r->meter, r->i, from, to, NULL, 0, &room);

	room += 1024; /* it grows meanwhile */
	r->edges = calloc(room, sizeof *r->edges);
	if (!rc && r->edges)
		rc = hg_meter_log(r->meter, r->i, from, to, r->edges, room, &r->n_edges);
	r->n_edges = r->n_edges < room ? r->n_edges : room;
	if (!rc)
		rc = hg_meter_power(r->meter, r->i, from, to, NULL, 0, &room);
	room += 1024;
	r->powers = calloc(room, sizeof *r->powers);
	if (!rc && r->powers)
		rc = hg_meter_power(r->meter, r->i, from, to, r->powers, room, &r->n_powers);
	r->n_powers = r->n_powers < room ? r->n_powers : room;
	return rc || (r->edges && r->powers) ? rc
					     : fail(why, HG_ENOMEM, "calibration: out of memory");
}

/* Mean power of a stretch by the counter; NAN: not known. */
static double mean_w(const struct run *r, const hg_sensor *s, int64_t t0, int64_t t1)
{
	hg_energy e = {.size = sizeof e};
	int64_t quarter = (t1 - t0) / 4;

	/* the stretch settles at its begin */
	t0 += quarter;
	if (t1 <= t0 || hg_energy_window(r->edges, r->n_edges, s, t0, t1, 0, &e, NULL))
		return (double)NAN;
	return e.joules / ((double)(t1 - t0) * 1e-9);
}

/* Counter over integrated power within a stretch; NAN: not known. */
static double ratio(const struct run *r, const hg_sensor *s, int64_t t0, int64_t t1)
{
	int64_t quarter = (t1 - t0) / 4;
	double counter_w = mean_w(r, s, t0, t1), sum = 0.0, n = 0.0;

	for (size_t i = 0; i < r->n_powers; i++)
		if (r->powers[i].t_ns >= t0 + quarter && r->powers[i].t_ns <= t1) {
			sum += (double)r->powers[i].power_mw * 1e-3;
			n += 1.0;
		}
	return sum > 0.0 ? counter_w / (sum / n) : (double)NAN;
}

/* Whether the counter is to be believed, and why not. */
static bool judge(const struct run *r, hg_calibration *c, hg_error *text)
{
	hg_sensor_test test = {.size = sizeof test};
	const char *name = device_spec(r->device);

	if (!r->opts.load) {
		(void)fail(text, HG_OK, "%s: not tested under load", name);
		return false;
	}
	if (r->opts.seconds < 3.0) {
		(void)fail(text, HG_OK, "%s: tested for %.1f s each, 3 are the least", name,
			r->opts.seconds);
		return false;
	}
	if (hg_sensor_check(r->edges, r->n_edges, r->powers, r->n_powers, &c->sensor, &test, text))
		return false;
	if (isnan(c->load_ratio)) {
		(void)fail(text, HG_OK,
			"%s: under load no power was seen that the counter could be compared with",
			name);
		return false;
	}
	if (!(fabs(c->load_ratio - 1.0) <= r->opts.tolerance)) {
		(void)fail(text, HG_OK,
			"%s: under load the counter shows %.3f times the integrated power", name,
			c->load_ratio);
		return false;
	}
	(void)fail(text, HG_OK,
		"%s: period %.1f ms, lag %.1f ms, counter / power %.3f idle and %.3f under load",
		name, c->sensor.period_s * 1e3, c->sensor.lag_s * 1e3, c->idle_ratio,
		c->load_ratio);
	return true;
}

static void fit(const struct run *r, hg_calibration *c)
{
	const int64_t *t = r->steady_ns;

	c->idle_w = c->load_w = c->idle_ratio = c->load_ratio = (double)NAN;
	/* a counter that is merely read, or comes with its time, has no period of its own: the
	 * figures of the meter stay */
	if (hg_sensor_fit_edges(r->edges, r->n_edges, &c->sensor, NULL))
		c->sensor.jitter_s = 0.0;
	if (r->opts.load && !hg_sensor_fit_response(r->edges, r->n_edges, r->spans, r->n_spans, 2,
				    &c->sensor, NULL))
		c->lag_found = 1;
	c->idle_w = mean_w(r, &c->sensor, t[0], t[1]);
	c->load_w = mean_w(r, &c->sensor, t[2], t[3]);
	c->idle_ratio = ratio(r, &c->sensor, t[0], t[1]);
	c->load_ratio = ratio(r, &c->sensor, t[2], t[3]);
}

static hg_err opts_read(struct run *r, const hg_calibrate_opts *opts, hg_error *why)
{
	r->opts = (hg_calibrate_opts){.size = sizeof r->opts};
	if (!opts || size_read(&r->opts, sizeof r->opts, opts) || !r->opts.idle)
		return fail(why, HG_EINVAL,
			"hg_calibrate_opts: size is not set, or no function that idles");
	if (r->opts.flags || !(r->opts.seconds >= 0.0 && r->opts.seconds < 3600.0) ||
		!(r->opts.tolerance >= 0.0 && r->opts.tolerance < 10.0))
		return fail(why, HG_EINVAL, "hg_calibrate_opts: a figure makes no sense");
	if (r->opts.seconds == 0.0)
		r->opts.seconds = 3.0;
	if (r->opts.tolerance == 0.0)
		r->opts.tolerance = 0.1;
	return HG_OK;
}

hg_err hg_meter_calibrate(
	hg_meter *m, size_t i, const hg_calibrate_opts *opts, hg_calibration *out, hg_error *text)
{
	struct run r = {.meter = m, .i = i, .device = hg_meter_device(m, i)};
	hg_meter_state state = {.size = sizeof state};
	hg_calibration ours = {.size = sizeof ours};
	hg_err rc;

	if (!r.device || hg_meter_get_state(m, i, &state, text))
		return fail(text, HG_EINVAL, "no device %zu", i);
	if (!state.source || state.source == HG_SOURCE_POWER)
		return fail(text, HG_EUNSUPPORTED, "%s: no energy counter to calibrate",
			device_spec(r.device));
	rc = opts_read(&r, opts, text);
	if (rc)
		return rc;
	meter_fine(m, i, true);
	(void)hg_meter_begin(m);
	rc = steady(&r, text);
	if (!rc && r.opts.load)
		rc = random_stretches(&r, text);
	rc = rc ? rc : stretch(&r, false, REST_S, text);
	(void)hg_meter_end(m);
	meter_fine(m, i, false);
	rc = rc ? rc : logs_take(&r, text);
	rc = rc ? rc : hg_meter_get_state(m, i, &state, NULL);
	if (!rc) {
		ours.sensor = state.sensor;
		ours.sensor.trusted = 0;
		ours.sensor.lag_s = ours.sensor.lag_sd_s = 0.0;
		fit(&r, &ours);
		ours.trusted = judge(&r, &ours, text);
		ours.sensor.trusted = ours.trusted;
		size_write(out, &ours, sizeof ours);
	}
	free(r.edges);
	free(r.powers);
	return rc;
}
