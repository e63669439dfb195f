/* Devices and the work that runs on them. */
#include "rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/record.h>
#include <hourglass/sim.h>

#include "core/number.h"
#include "core/text.h"
#include "describe.h"
#include "keep.h"

const char *rig_data_dir(void)
{
	const char *dir = getenv("HOURGLASS_DATA_DIR");

	return dir && dir[0] ? dir : NULL;
}

int rig_context(struct cli *cli, hg_ctx **ctx)
{
	const char *root = getenv("HOURGLASS_FS_ROOT");
	const char *timeout = getenv("HOURGLASS_DRIVER_TIMEOUT");
	double timeout_s = 0.0;
	hg_config config = {.size = sizeof config,
		.fs_root = root && root[0] ? root : NULL,
		.data_dir = rig_data_dir()};
	hg_error why = {""};
	hg_err rc;

	if (timeout && timeout[0] &&
		(!double_parse(timeout, strlen(timeout), true, &timeout_s) || !(timeout_s > 0.0) ||
			!(timeout_s < 1e9)))
		return cli_usage(cli,
			"HOURGLASS_DRIVER_TIMEOUT: expected seconds above 0, found "
			"\"%.32s\"",
			timeout);
	config.driver_timeout_ns = (int64_t)(timeout_s * 1e9);
	rc = hg_open(&config, ctx, &why);

	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

int rig_device(struct cli *cli, hg_ctx *ctx, const char *spec, hg_device **out)
{
	hg_error why = {""};
	hg_err rc;

	*out = NULL;
	rc = hg_device_open(ctx, spec, out, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

int rig_devices(struct cli *cli, hg_ctx *ctx, const char *spec)
{
	static const char replay[] = "replay:";
	hg_error why = {""};
	hg_device *d;
	hg_err rc;

	if (strncmp(spec, replay, sizeof replay - 1) != 0 || strstr(spec, ",device=") ||
		strstr(spec, ",speed="))
		return rig_device(cli, ctx, spec, &d);
	rc = hg_replay_open(ctx, spec + sizeof replay - 1, 0, NULL, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

hg_device_info rig_info(const struct rig *rig, size_t i)
{
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(rig->devices[i], &info);
	return info;
}

int rig_open(
	struct cli *cli, struct rig *rig, const char *const *specs, size_t n, const char *workload)
{
	hg_error why = {""};
	hg_err err;
	int rc;

	memset(rig, 0, sizeof *rig);
	if (n > RIG_DEVICES)
		return cli_usage(cli, "more than %d devices", RIG_DEVICES);
	rc = rig_context(cli, &rig->ctx);
	if (rc == EXIT_OK)
		rc = keep_open(cli, rig->ctx, &rig->guard);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		if (strncmp(specs[i], "sim:", 4) != 0)
			return cli_usage(cli,
				"device '%.80s': not supported in this version, which runs "
				"workloads on simulated ones only, such as sim:h100",
				specs[i]);
		rc = rig_device(cli, rig->ctx, specs[i], &rig->devices[i]);
		if (rc != EXIT_OK)
			break;
		rig->n++;
		if (strcmp(rig_info(rig, i).model, rig_info(rig, 0).model) != 0)
			return cli_usage(cli,
				"devices of a group must be of one kind, not %.80s and %.80s",
				rig_info(rig, 0).model, rig_info(rig, i).model);
	}
	if (rc != EXIT_OK)
		return rc;
	err = hg_workload_load(workload, rig_data_dir(), &rig->workload, &why);
	return err == HG_OK ? EXIT_OK : cli_input_error(cli, err, &why);
}

const char *rig_units(const struct rig *rig, char text[RIG_UNITS_TEXT])
{
	const char *unit = hg_workload_unit(rig->workload);
	size_t n = strlen(unit);
	bool hissing = n > 1 && (strchr("sx", unit[n - 1]) || strcmp(unit + n - 2, "ch") == 0 ||
					strcmp(unit + n - 2, "sh") == 0);

	snprintf(text, RIG_UNITS_TEXT, "%s%s", unit, hissing ? "es" : "s");
	return text;
}

void rig_close(struct rig *rig)
{
	hg_workload_destroy(rig->workload);
	keep_close(rig->guard);
	hg_close(rig->ctx);
	memset(rig, 0, sizeof *rig);
}

/* ----- profiling */

struct work {
	const struct rig *rig;
	struct watch watch;
};

/* called for every stretch of power: the only way into a long window */
static int poll_power(void *user, int64_t t0_ns, int64_t t1_ns, double power_w, double clock_hz)
{
	(void)t0_ns;
	(void)t1_ns;
	(void)power_w;
	(void)clock_hz;
	return watch_poll(user);
}

static hg_err do_work(void *user, hg_device *d, uint64_t units)
{
	struct work *w = user;
	bool realtime = strstr(rig_info(w->rig, 0).spec, "realtime=1") != NULL;
	hg_error why = {""};
	hg_err rc = HG_OK, end;

	/* watching makes a simulation walk every kernel, so only where a window takes long */
	if (realtime)
		rc = hg_sim_watch(d, poll_power, &w->watch);
	if (rc == HG_OK)
		rc = hg_sim_run(d, w->rig->workload, units, NULL, &why);
	if (realtime) {
		end = hg_sim_watch(d, NULL, NULL);
		rc = rc == HG_OK ? end : rc;
	}
	return rc;
}

int rig_profile(struct cli *cli, struct rig *rig, size_t i, const struct profile_how *how,
	hg_frontier **out)
{
	struct work work = {.rig = rig};
	hg_device_info info = rig_info(rig, i);
	struct buf name;
	hg_error why = {""};
	hg_profile_opts opts = {
		.size = sizeof opts,
		.warmup_units = how->warmup,
		.sweeps = how->set->sweeps,
		.n_sweeps = how->set->n,
		.target_rsd = how->target_rsd,
		.max_window_s = how->max_window_s,
		.work_unit = hg_workload_unit(rig->workload),
		.progress = watch_progress,
		.progress_user = &work.watch,
		.guard = rig->guard,
	};
	hg_err rc;

	*out = NULL;
	buf_init(&name, 4096);
	buf_addf(&name, "%s on %s", hg_workload_name(rig->workload), info.model);
	opts.name = name.data ? name.data : "";
	watch_begin(&work.watch, cli);
	rc = hg_profile(rig->devices[i], &opts, do_work, &work, out, &why);
	watch_end(&work.watch);
	buf_finish(&name);
	if (rc == HG_EABORTED || (rc == HG_OK && work.watch.interrupted))
		return EXIT_INTERRUPTED;
	if (rc != HG_OK) {
		hg_frontier_destroy(*out);
		*out = NULL;
		return cli_input_error(cli, rc, &why);
	}
	return EXIT_OK;
}

/* ----- setting knobs */

/** Device knob that a frontier's knob means: the same name, or with the unit behind it. */
static size_t match_knob(hg_device *d, const hg_knob_def *knob)
{
	for (size_t k = 0; k < hg_device_knobs(d); k++) {
		hg_knob_info info = {.size = sizeof info};
		size_t len;

		if (hg_device_knob(d, k, &info) != HG_OK)
			continue;
		len = strlen(info.name);
		if (strcmp(knob->name, info.name) == 0 ||
			(strncmp(knob->name, info.name, len) == 0 && knob->name[len] == '_'))
			return k;
	}
	return SIZE_MAX;
}

/** A frontier's cell as a value of the device's knob. @return false: not a value of it */
static bool knob_value(const hg_knob_def *knob, double cell, const hg_knob_info *info, int64_t *out)
{
	double from = 1, factor;
	enum quantity q = knob_quantity(info, &factor);
	double value;

	if (knob->unit[0] && !unit_factor(q, knob->unit, strlen(knob->unit), &from))
		return false;
	value = cell * from / factor;
	if (knob->choices || !isfinite(value) || fabs(value) > 9e15)
		return false;
	*out = llround(value);
	return true;
}

static int set_one(
	struct cli *cli, const struct rig *rig, hg_device *d, const hg_knob_def *knob, double cell)
{
	hg_knob_info info = {.size = sizeof info};
	hg_device_info device = {.size = sizeof device};
	hg_effect effect;
	hg_error why = {""};
	size_t k = match_knob(d, knob);
	int64_t value;
	hg_err rc;

	hg_device_get_info(d, &device);
	if (k == SIZE_MAX)
		return cli_usage(
			cli, "the frontier's knob '%s' is none of %s", knob->name, device.spec);
	rc = hg_device_knob(d, k, &info);
	if (rc != HG_OK)
		return cli_broken(cli, rc);
	if (!knob_value(knob, cell, &info, &value))
		return cli_usage(cli,
			"the frontier's knob '%s' has no number that %s can be set to", knob->name,
			device.spec);
	rc = hg_guard_set(rig->guard, d, k, value, &effect, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

/** Lets every device idle until its knobs have taken effect. */
static int settle(struct cli *cli, struct rig *rig)
{
	hg_error why = {""};

	for (size_t i = 0; i < rig->n; i++) {
		int64_t latency_ns = 0;
		hg_err rc;

		for (size_t k = 0; k < hg_device_knobs(rig->devices[i]); k++) {
			hg_knob_info info = {.size = sizeof info};

			if (hg_device_knob(rig->devices[i], k, &info) == HG_OK &&
				info.latency_ns > latency_ns)
				latency_ns = info.latency_ns;
		}
		rc = hg_sim_idle(rig->devices[i], (double)latency_ns * 1e-9 + 1e-3, NULL, &why);
		if (rc != HG_OK)
			return cli_input_error(cli, rc, &why);
	}
	return EXIT_OK;
}

int rig_set(struct cli *cli, struct rig *rig, const hg_frontier *f, hg_setting row)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *cells = row == HG_SETTING_NONE ? NULL : hg_frontier_setting(f, row);
	int rc = EXIT_OK;

	if (!cells)
		return cli_usage(cli, "the picked point of the frontier says no setting");
	for (size_t i = 0; i < rig->n; i++)
		for (size_t k = 0; rc == EXIT_OK && k < n; k++)
			if (!isnan(cells[k]))
				rc = set_one(cli, rig, rig->devices[i], &knobs[k], cells[k]);
	return rc == EXIT_OK ? settle(cli, rig) : rc;
}

int rig_reset(struct cli *cli, struct rig *rig)
{
	hg_error why = {""};

	hg_err rc = hg_guard_release(rig->guard, &why);

	return rc == HG_OK ? settle(cli, rig) : cli_input_error(cli, rc, &why);
}

bool rig_is_default(const struct rig *rig, const hg_frontier *f, hg_setting row)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *cells = row == HG_SETTING_NONE ? NULL : hg_frontier_setting(f, row);

	for (size_t i = 0; cells && i < n; i++) {
		hg_knob_info info = {.size = sizeof info};
		size_t k = match_knob(rig->devices[0], &knobs[i]);
		int64_t value;

		if (k == SIZE_MAX || hg_device_knob(rig->devices[0], k, &info) != HG_OK)
			return false;
		if (!knob_value(&knobs[i], cells[i], &info, &value) || value != info.default_value)
			return false;
	}
	return cells != NULL;
}

const hg_point *rig_default_point(const struct rig *rig, const hg_frontier *f)
{
	const hg_point *points = hg_frontier_points(f);

	for (size_t i = 0; i < hg_frontier_count(f); i++)
		if (rig_is_default(rig, f, points[i].setting))
			return &points[i];
	for (size_t i = 0; i < dominated_count(f); i++)
		if (rig_is_default(rig, f, dominated_at(f, i)->setting))
			return dominated_at(f, i);
	return NULL;
}
