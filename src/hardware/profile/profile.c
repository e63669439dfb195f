/*
 * The sweep: for every setting of the grid set the knobs, warm up until the setting is in force and
 * the counter shows nothing of the one before, measure a window that grows until its standard
 * deviation is small enough. The knobs are put back whatever happens.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/control.h>

#include "core/fail.h"
#include "core/progress.h"
#include "core/size.h"
#include "hardware/device/backend.h"
#include "hardware/measure/window.h"

#include "grid.h"

/** Parts a window is measured in: how much the work varies shows in their differences. */
#define PARTS 16.0
/** Fewest parts to judge that by, unless the longest window has no room for them. */
#define FEWEST_PARTS 8
/** Set latency of a knob that does not say. */
#define UNKNOWN_LATENCY_S 0.05
/** Smallest work that a unit may be on the device's clock. */
#define MAX_UNITS ((uint64_t)1 << 40)

struct sweep_run {
	hg_device *device;
	hg_profile_opts opts;
	struct grid grid;
	struct window window;
	struct progress progress;
	double settle_s; /* from setting the knobs to a counter that shows nothing older */
	hg_work_fn work;
	void *user;
	hg_guard *guard;
	int64_t before[GRID_KNOBS]; /* the knobs' values to go back to */
	hg_point *points;
	double *settings;
	size_t n_points;
};

static hg_err work_do(struct sweep_run *r, uint64_t units, hg_error *why)
{
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	rc = r->work(r->user, r->device, units);
	if (rc)
		return fail(why, rc, "%s: the work failed: %s", device_spec(r->device),
			hg_err_text(rc));
	return progress_step(&r->progress, r->n_points) ? HG_OK : HG_EABORTED;
}

static double seconds_since(const struct sweep_run *r, int64_t begin_ns)
{
	return (double)(hg_device_now(r->device) - begin_ns) * 1e-9;
}

/* Runs until both the units and the time asked for have passed.
 * @param unit_s  receives about how long a unit takes */
static hg_err warm_up(struct sweep_run *r, double *unit_s, hg_error *why)
{
	int64_t begin_ns = hg_device_now(r->device), last_ns = begin_ns;
	uint64_t units = r->opts.warmup_units, done = 0;

	for (;;) {
		hg_err rc = work_do(r, units, why);
		double passed_s = seconds_since(r, begin_ns), last_s;

		if (rc)
			return rc;
		done += units;
		last_s = seconds_since(r, last_ns);
		last_ns = hg_device_now(r->device);
		*unit_s = last_s / (double)units;
		if (passed_s >= r->settle_s)
			return HG_OK;
		if (*unit_s > 0.0)
			units = (uint64_t)fmin(ceil((r->settle_s - passed_s) / *unit_s), 1e9);
		else
			units *= 2;
		if (units > MAX_UNITS || done > MAX_UNITS)
			return fail(why, HG_EDEVICE,
				"%s: no time passes on the device's clock while the work runs",
				device_spec(r->device));
	}
}

/* Seconds after which the window ought to be good enough. */
static double window_goal(const struct sweep_run *r)
{
	double now_s = window_length(&r->window);
	double goal_s = r->window.tick_s / (sqrt(6.0) * r->opts.target_rsd);
	struct window_result result;
	double short_of;

	if (r->window.units == 0)
		return fmin(goal_s, r->opts.max_window_s);
	window_result(&r->window, &result);
	short_of = result.energy_rsd / r->opts.target_rsd;
	/* noise falls with the root of the length, ticks with the length itself */
	return fmin(now_s * fmin(fmax(short_of * short_of, 1.25), 4.0), r->opts.max_window_s);
}

static hg_err measure(
	struct sweep_run *r, double unit_s, struct window_result *result, hg_error *why)
{
	hg_err rc = window_begin(&r->window, why);
	double goal_s = window_goal(r);

	while (!rc) {
		double part = unit_s > 0.0 ? floor(goal_s / (PARTS * unit_s)) : 1.0;
		uint64_t units = (uint64_t)fmin(fmax(part, 1.0), 1e12);

		rc = work_do(r, units, why);
		rc = rc ? rc : window_cut(&r->window, units, why);
		if (rc)
			return rc;
		if (window_length(&r->window) >= r->opts.max_window_s) {
			window_result(&r->window, result);
			return HG_OK;
		}
		if (window_length(&r->window) < goal_s || r->window.n_parts < FEWEST_PARTS)
			continue;
		window_result(&r->window, result);
		if (result->energy_rsd <= r->opts.target_rsd)
			return HG_OK;
		goal_s = window_goal(r);
	}
	return rc;
}

static hg_err setting_apply(struct sweep_run *r, size_t i, hg_error *why)
{
	for (size_t j = 0; j < r->grid.n_sweeps; j++) {
		hg_effect effect;
		hg_err rc = hg_guard_set(r->guard, r->device, r->grid.sweeps[j].knob,
			grid_value(&r->grid, i, j), &effect, why);

		if (rc)
			return rc;
		/* what the driver made of it is what was measured */
		r->settings[r->n_points * r->grid.n_sweeps + j] =
			(double)effect.enforced * r->grid.columns[j].factor;
	}
	return HG_OK;
}

static hg_err setting_measure(struct sweep_run *r, size_t i, uint32_t origin, hg_error *why)
{
	struct window_result result;
	double unit_s;
	hg_err rc = setting_apply(r, i, why);

	rc = rc ? rc : warm_up(r, &unit_s, why);
	rc = rc ? rc : measure(r, unit_s, &result, why);
	if (rc)
		return rc;
	if (!(result.energy_j > 0.0) || !(result.time_s > 0.0))
		return fail(why, HG_EDEVICE,
			"%s: the energy counter did not move in %g s of work; a longer window is needed",
			device_spec(r->device), window_length(&r->window));
	r->points[r->n_points] = (hg_point){result.time_s, result.energy_j, result.time_rsd,
		result.energy_rsd, (hg_setting)r->n_points, origin};
	r->n_points++;
	return HG_OK;
}

static hg_err sweep_all(struct sweep_run *r, uint32_t origin, hg_error *why)
{
	const hg_profile_opts *o = &r->opts;

	for (size_t i = 0; i < r->grid.n; i++) {
		hg_err rc = setting_measure(r, i, origin, why);

		if (rc == HG_EABORTED)
			return fail(why, rc, "%s: stopped after %zu of %zu settings",
				device_spec(r->device), r->n_points, r->grid.n);
		if (rc)
			return rc;
		/* a finished setting is always told, however fast they come */
		if (o->progress && o->progress(o->progress_user, "profile", i + 1, r->grid.n) &&
			i + 1 < r->grid.n)
			return fail(why, HG_EABORTED, "%s: stopped after %zu of %zu settings",
				device_spec(r->device), r->n_points, r->grid.n);
	}
	return HG_OK;
}

/* Puts the knobs back, last one first. */
static hg_err knobs_restore(struct sweep_run *r, hg_error *why)
{
	hg_err first = HG_OK;

	for (size_t j = r->grid.n_sweeps; j--;) {
		hg_knob_info info = {.size = sizeof info};
		hg_error inner = {""};
		hg_err rc;

		rc = hg_device_knob(r->device, r->grid.sweeps[j].knob, &info);
		rc = rc ? rc
			: hg_guard_set(r->guard, r->device, r->grid.sweeps[j].knob, r->before[j],
				  NULL, &inner);
		if (rc && !first)
			first = fail(why, rc, "%s could not be put back to %lld %s: %s", info.name,
				(long long)r->before[j], info.unit, inner.text);
	}
	return first;
}

static double signal_w(hg_device *d, const char *name)
{
	size_t id = hg_device_signal_index(d, name);
	hg_reading reading;

	if (id == SIZE_MAX || hg_device_read(d, &id, 1, &reading) || reading.rc)
		return NAN;
	return (double)reading.value * 1e-3;
}

/* The largest power limit that was tried, or the one that was in force. */
static double max_power_w(const struct sweep_run *r)
{
	size_t knob = hg_device_knob_index(r->device, "power_limit");
	hg_knob_info info = {.size = sizeof info};

	for (size_t j = 0; j < r->grid.n_sweeps; j++)
		if (r->grid.sweeps[j].knob == knob)
			return (double)r->grid.sweeps[j].values[0] * 1e-3;
	if (knob == SIZE_MAX || hg_device_knob(r->device, knob, &info))
		return NAN;
	return (double)info.current * 1e-3;
}

static hg_err frontier_make_of(struct sweep_run *r, hg_frontier **out, hg_error *why)
{
	hg_device_info device = {.size = sizeof device};
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_knob_def knobs[GRID_KNOBS] = {{0}};
	hg_build_opts build = {.size = sizeof build, .flags = HG_BUILD_KEEP_DOMINATED};

	hg_device_get_info(r->device, &device);
	for (size_t j = 0; j < r->grid.n_sweeps; j++) {
		knobs[j].name = r->grid.columns[j].name;
		knobs[j].unit = r->grid.columns[j].unit;
	}
	info.devices = 1;
	info.name = r->opts.name ? r->opts.name : "";
	info.work_unit = r->opts.work_unit ? r->opts.work_unit : "unit";
	info.device = device.model;
	info.source = device.spec;
	info.static_power_w = signal_w(r->device, "static_power");
	info.max_power_w = max_power_w(r);
	build.info = &info;
	build.knobs = knobs;
	build.n_knobs = r->grid.n_sweeps;
	build.settings = r->settings;
	build.n_settings = r->n_points;
	return hg_frontier_build(r->points, r->n_points, &build, out, why);
}

static hg_err opts_read(struct sweep_run *r, const hg_profile_opts *opts, hg_error *why)
{
	hg_profile_opts *o = &r->opts;

	if (!opts || size_read(o, sizeof *o, opts))
		return fail(why, HG_EINVAL, "hg_profile: no options, or their size is not set");
	o->warmup_units = o->warmup_units ? o->warmup_units : 2;
	o->target_rsd = o->target_rsd == 0.0 ? 0.005 : o->target_rsd;
	o->max_window_s = o->max_window_s == 0.0 ? 60.0 : o->max_window_s;
	if (!(o->target_rsd > 0.0))
		return fail(
			why, HG_EINVAL, "target_rsd: expected above 0, found %g", o->target_rsd);
	if (!(o->max_window_s > 0.0))
		return fail(why, HG_EINVAL, "max_window_s: expected above 0, found %g",
			o->max_window_s);
	return HG_OK;
}

/* Remembers the knobs, and how long they and the counter take to settle. */
static hg_err run_prepare(struct sweep_run *r, hg_error *why)
{
	r->settle_s = 0.0;
	for (size_t j = 0; j < r->grid.n_sweeps; j++) {
		hg_knob_info info = {.size = sizeof info};
		hg_err rc = hg_device_knob(r->device, r->grid.sweeps[j].knob, &info);

		if (rc)
			return rc;
		r->before[j] = info.current;
		r->settle_s = fmax(r->settle_s,
			info.latency_ns > 0 ? (double)info.latency_ns * 1e-9 : UNKNOWN_LATENCY_S);
	}
	/* one tick to show the last of the old setting, one more for a counter that lags */
	r->settle_s += 2.0 * r->window.tick_s;
	r->points = calloc(r->grid.n, sizeof *r->points);
	r->settings = calloc(r->grid.n * r->grid.n_sweeps, sizeof *r->settings);
	if (!r->points || !r->settings)
		return fail(why, HG_ENOMEM, "%s: out of memory", device_spec(r->device));
	r->guard = r->opts.guard;
	if (!r->guard) {
		hg_err rc = hg_guard_create(device_context(r->device), NULL, &r->guard, why);

		if (rc)
			return rc;
	}
	progress_init(&r->progress, r->opts.progress, r->opts.progress_user, "profile", r->grid.n);
	return HG_OK;
}

hg_err hg_profile(hg_device *d, const hg_profile_opts *opts, hg_work_fn work, void *user,
	hg_frontier **out, hg_error *why)
{
	struct sweep_run r = {.device = d, .work = work, .user = user};
	hg_device_info info = {.size = sizeof info};
	uint32_t origin = HG_ORIGIN_MEASURED;
	hg_error inner = {""};
	hg_err rc, back;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!d || !work)
		return fail(why, HG_EINVAL, "hg_profile: no device or no work");
	rc = opts_read(&r, opts, why);
	rc = rc ? rc : window_init(&r.window, d, why);
	rc = rc ? rc : grid_init(&r.grid, d, &r.opts, why);
	if (rc)
		return rc;
	rc = run_prepare(&r, why);
	if (rc)
		goto out;
	hg_device_get_info(d, &info);
	origin |= info.simulated ? HG_ORIGIN_SIMULATED : 0u;
	rc = sweep_all(&r, origin, why);
	back = knobs_restore(&r, &inner);
	if (back) {
		if (rc)
			fail_prefix(why, "%s; before that: ", inner.text);
		else
			(void)fail(why, back, "%s: %s", device_spec(d), inner.text);
		rc = back;
	} else if (!rc || (rc == HG_EABORTED && r.n_points)) {
		hg_err built = frontier_make_of(&r, out, rc ? NULL : why);

		rc = built ? built : rc;
	}
out:
	if (!r.opts.guard)
		hg_guard_destroy(r.guard);
	grid_finish(&r.grid);
	free(r.points);
	free(r.settings);
	return rc;
}
