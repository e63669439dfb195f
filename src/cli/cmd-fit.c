/* fit: from observed settings to the parameters of workloads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/file.h"
#include "core/text.h"
#include "fits.h"
#include "load.h"
#include "rig.h"
#include "table.h"

static const struct option fit_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_TEXT,
		.value = "NAME|FILE",
		.text = "device model that the observations are of"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "keep device and observations there, for predict"},
	{.name = "workload",
		.abbr = 'w',
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "[NAME=]WORKLOAD",
		.text = "what the workload NAME of the observations consists of: it is fitted as the "
			"sum of its ops"},
	{.name = "ops",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "times of ops that fit -o wrote, for --workload"},
	{.name = "fit-device",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "fit the device together with all workloads, and keep its model there"},
	{.name = "drop-odd",
		.kind = OPTION_FLAG,
		.text = "leave out what cannot be right, rather than refuse it"},
	{.name = NULL},
};

/** A workload, checked and fitted. */
struct fitted {
	const char *name, *family;
	hg_obs *obs;
	size_t n;
	const hg_workload *work; /* what it consists of, or NULL */
	hg_workload *own;        /* the same when it is ours */
	hg_fit *fit;
	hg_fit_report report;
};

struct fits {
	const char *device, *path;
	hg_model *own;         /* the model, when it is ours */
	const hg_model *model; /* of the device */
	bool described;        /* a name or a file leads to the model */
	bool joint;            /* the device was fitted too */
	hg_model_report report;
	hg_obs_set *set;
	hg_ops *ops;
	struct fitted *at;
	size_t n;
};

static void fits_finish(struct fits *f)
{
	for (size_t i = 0; i < f->n && f->at; i++) {
		free(f->at[i].obs);
		hg_fit_destroy(f->at[i].fit);
		hg_workload_destroy(f->at[i].own);
	}
	free(f->at);
	hg_obs_set_destroy(f->set);
	hg_ops_destroy(f->ops);
	hg_model_destroy(f->own);
}

/* Copies the observations without those that have a fault; each fault is said on stderr. */
static int observations_check(
	struct cli *cli, const struct fits *f, const hg_obs_group *g, bool drop, struct fitted *to)
{
	hg_obs_issue *issues = calloc(g->n, sizeof *issues);
	hg_error why = {""};
	size_t found = 0, next = 0;
	hg_err rc = issues ? hg_obs_check(f->model, g->obs, g->n, issues, &found, &why) : HG_ENOMEM;

	to->obs = calloc(g->n, sizeof *to->obs);
	if (rc || !to->obs) {
		free(issues);
		return cli_broken(cli, rc ? rc : HG_ENOMEM);
	}
	for (size_t i = 0; i < found; i++)
		cli_note(cli, "%s:%u: %s: %s", path_text(f->path), g->lines[issues[i].index],
			g->name, issues[i].text);
	for (size_t i = 0; i < g->n; i++) {
		bool odd = next < found && issues[next].index == i;

		next += odd;
		if (!odd)
			to->obs[to->n++] = g->obs[i];
	}
	free(issues);
	if (found && !drop)
		return cli_usage(cli,
			"%s: %zu of %u observations cannot be right; --drop-odd leaves them out",
			g->name, found, g->n);
	if (!to->n)
		return cli_usage(cli, "%s: no observation is left", g->name);
	return EXIT_OK;
}

/* [NAME=]WORKLOAD: NAME may be left out where there is only one. */
static int work_open(struct cli *cli, struct fits *f, const char *text)
{
	const char *equals = strchr(text, '='), *file = equals ? equals + 1 : text;
	struct slice name = {text, equals ? (size_t)(equals - text) : 0};
	hg_error why = {""};
	size_t i = 0;

	while (i < f->n && equals && !slice_is(name, f->at[i].name))
		i++;
	if (i == f->n || (!equals && f->n > 1))
		return cli_usage(cli,
			"--workload %s: expected NAME=WORKLOAD with one of the %zu "
			"workloads of the observations, such as \"%s\"",
			text, f->n, f->at[0].name);
	if (f->at[i].own)
		return cli_usage(cli, "--workload: \"%s\" is given twice", f->at[i].name);
	if (hg_workload_load(file, rig_data_dir(), &f->at[i].own, &why))
		return cli_input_error(cli, HG_EFORMAT, &why);
	f->at[i].work = f->at[i].own;
	return EXIT_OK;
}

static int works_open(struct cli *cli, const struct args *args, struct fits *f)
{
	const char *ops = args_text(args, "ops", NULL);
	int rc = ops ? ops_open(cli, ops, &f->ops) : EXIT_OK;

	for (size_t i = 0; i < args_count(args, "workload") && rc == EXIT_OK; i++)
		rc = work_open(cli, f, args_nth(args, "workload", i));
	return rc;
}

static int groups_check(struct cli *cli, struct fits *f, bool drop)
{
	int rc = EXIT_OK;

	f->n = hg_obs_set_count(f->set);
	f->at = calloc(f->n, sizeof *f->at);
	if (!f->at)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < f->n && rc == EXIT_OK; i++) {
		hg_obs_group g = {.size = sizeof g};

		hg_obs_set_get(f->set, i, &g);
		f->at[i].name = g.name;
		f->at[i].family = g.family;
		f->at[i].work = g.workload;
		rc = observations_check(cli, f, &g, drop, &f->at[i]);
	}
	return rc;
}

/* Share that the physics of a device is off at most, on average, at the observations of a workload:
 * 9 % on public sweeps, be they of two limits or of all. A sum of ops can do less to fit. */
#define OFF_MOST     0.1
#define OFF_MOST_OPS 0.25

/* Two observations of different work, or another device: nothing that a fit would refuse. */
static void misfit_note(const struct cli *cli, const struct fits *f, const struct fitted *w)
{
	const hg_fit_report *r = &w->report;
	double most = w->work ? OFF_MOST_OPS : OFF_MOST;

	if (r->physics_time_mape > most || r->physics_energy_mape > most)
		cli_note(cli,
			"%s: the time is %.0f %% off what %s can do, the energy %.0f %%: is each "
			"observation of the same work%s, on this device?",
			w->name, 100 * r->physics_time_mape, f->device,
			100 * r->physics_energy_mape,
			w->work ? ", that which --workload says" : "");
}

static int workloads_fit(struct cli *cli, struct fits *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct fitted *to = &f->at[i];
		hg_fit_options opts = {.size = sizeof opts, .workload = to->work, .ops = f->ops};
		hg_error why = {""};
		hg_err err = hg_fit_create(f->model, to->obs, to->n, &opts, &to->fit, &why);

		if (err)
			return cli_input_error(cli, err, &why);
		to->report.size = sizeof to->report;
		hg_fit_get_report(to->fit, &to->report);
		misfit_note(cli, f, to);
	}
	return EXIT_OK;
}

/* ----- the device */

static hg_obs_group *groups_of(const struct fits *f)
{
	size_t n = f->at ? f->n : hg_obs_set_count(f->set);
	hg_obs_group *g = calloc(n + 1, sizeof *g);

	for (size_t i = 0; i < n && g; i++) {
		g[i].size = sizeof *g;
		hg_obs_set_get(f->set, i, &g[i]);
		if (!f->at)
			continue;
		g[i].obs = f->at[i].obs;
		g[i].n = (uint32_t)f->at[i].n;
	}
	return g;
}

/* A name that nobody knows is a device of which there are only observations. */
static int device_generic(struct cli *cli, struct fits *f, const hg_error *unknown)
{
	hg_obs_group *groups = groups_of(f);
	hg_error why = {""};
	hg_err err = groups ? hg_model_generic(
				      f->device, groups, hg_obs_set_count(f->set), &f->own, &why)
			    : HG_ENOMEM;

	free(groups);
	if (err)
		return cli_input_error(cli, err, &why);
	cli_note(cli,
		"%s; taken as a device that nobody described: physics and prior between V100 and "
		"A40, ranges as observed, wide intervals",
		unknown->text);
	f->model = f->own;
	return EXIT_OK;
}

static int device_open(struct cli *cli, const struct args *args, struct fits *f)
{
	hg_error why = {""};
	hg_err err;

	f->device = args_text(args, "device", NULL);
	if (!f->device && hg_obs_set_model(f->set)) {
		f->device = hg_obs_set_device(f->set);
		f->model = hg_obs_set_model(f->set);
		return EXIT_OK;
	}
	if (!f->device)
		f->device = hg_obs_set_device(f->set);
	if (!f->device)
		return cli_usage(cli, "--device: expected the device that was observed");
	err = hg_model_load(f->device, rig_data_dir(), &f->own, &why);
	if (err == HG_ENOENT && !strchr(f->device, '/') && !strstr(f->device, ".json"))
		return device_generic(cli, f, &why);
	if (err)
		return cli_input_error(cli, err, &why);
	f->model = f->own;
	f->described = true;
	return EXIT_OK;
}

/* Fits the device together with its workloads where that was asked for, or where nothing else is
 * known of it. */
static int device_fit(struct cli *cli, const struct args *args, struct fits *f)
{
	const char *path = args_text(args, "fit-device", NULL);
	hg_obs_group *groups;
	hg_model *fitted = NULL;
	hg_error why = {""};
	char *text = NULL;
	size_t len;
	hg_err err;
	int rc = EXIT_OK;

	if (path && f->n < 2)
		return cli_usage(
			cli, "--fit-device: expected observations of two workloads or more");
	if (!path && (f->described || f->n < 2 || hg_obs_set_model(f->set)))
		return EXIT_OK;
	if (cli->err_terminal && f->n > 8)
		cli_note(cli, "fitting the device to %zu workloads: some seconds", f->n);
	groups = groups_of(f);
	f->report.size = sizeof f->report;
	err = groups ? hg_model_fit(f->model, groups, f->n, &f->report, &fitted, &why) : HG_ENOMEM;
	free(groups);
	if (!err)
		err = hg_model_format(fitted, &text, &len, &why);
	if (err)
		rc = cli_input_error(cli, err, &why);
	else if (path)
		rc = cli_write(cli, path, text, len);
	free(text);
	if (err) {
		hg_model_destroy(fitted);
		return rc;
	}
	hg_model_destroy(f->own);
	f->model = f->own = fitted;
	f->described = false;
	f->joint = true;
	return rc;
}

/* ----- what is said */

static void parameter_json(struct json_out *j, const char *key, double value, double sd)
{
	json_key(j, key);
	json_open(j, '{', true);
	json_kv_number(j, "value", value);
	json_kv_number(j, "sd", sd);
	json_close(j, '}');
}

static void observation_json(struct json_out *j, const hg_obs *o)
{
	json_open(j, '{', true);
	if (o->setting.cap_w > 0)
		json_kv_number(j, "power_limit_w", o->setting.cap_w);
	if (o->setting.clock_hz > 0)
		json_kv_number(j, "clock_hz", o->setting.clock_hz);
	json_kv_number(j, "time_s", o->time_s);
	json_kv_number(j, "energy_j", o->energy_j);
	if (o->time_rsd > 0)
		json_kv_number(j, "time_rsd", o->time_rsd);
	if (o->energy_rsd > 0)
		json_kv_number(j, "energy_rsd", o->energy_rsd);
	json_close(j, '}');
}

static void workload_json(struct json_out *j, const struct fitted *w)
{
	const hg_fit_report *r = &w->report;

	json_open(j, '{', false);
	json_kv_string(j, "name", w->name);
	if (w->family && *w->family)
		json_kv_string(j, "family", w->family);
	json_key(j, "parameters");
	json_open(j, '{', false);
	json_kv_string(j, "origin", "fitted");
	parameter_json(j, "time_s", r->time_s, r->time_s * r->time_ln_sd);
	parameter_json(j, "gap", r->gap, r->gap_sd);
	parameter_json(j, "compute", r->compute, r->compute_sd);
	parameter_json(j, "compute_w", r->compute_w, r->compute_w_sd);
	parameter_json(j, "gap_w", r->gap_w, r->gap_w_sd);
	parameter_json(j, "static_w", r->static_w, r->static_w_sd);
	json_close(j, '}');
	json_kv_number(j, "physics_time_mape", r->physics_time_mape);
	json_kv_number(j, "physics_energy_mape", r->physics_energy_mape);
	if (w->work) {
		const char *text = hg_workload_text(w->work);

		json_key(j, "workload");
		json_put_raw(j, text, strlen(text));
	}
	json_key(j, "observations");
	json_open(j, '[', false);
	for (size_t i = 0; i < w->n; i++)
		observation_json(j, &w->obs[i]);
	json_close(j, ']');
	json_close(j, '}');
}

/* A device that no name leads to is kept with its fits. */
static void file_json(struct buf *out, const struct fits *f, const char *model)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.fit/1");
	json_kv_string(&j, "device", f->device);
	if (model) {
		json_key(&j, "model");
		json_put_raw(&j, model, strlen(model));
	}
	json_key(&j, "workloads");
	json_open(&j, '[', false);
	for (size_t i = 0; i < f->n; i++)
		workload_json(&j, &f->at[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
}

static void print_text(struct cli *cli, const struct fits *f)
{
	char text[QUANTITY_TEXT];
	const hg_model_report *d = &f->report;
	struct table t;

	if (f->joint)
		buf_addf(&cli->out,
			"device, fitted to %u observations of %u workloads: time off %.1f %%, energy "
			"%.1f %%; static %.0f+-%.0f W, in gaps %.0f+-%.0f W, voltage knee "
			"%.2f+-%.2f, overlap %.1f+-%.1f; intervals %s\n",
			d->observations, d->workloads, 100 * d->time_mape, 100 * d->energy_mape,
			d->static_w, d->static_w_sd, d->gap_w, d->gap_w_sd, d->voltage_knee,
			d->voltage_knee_sd, d->overlap, d->overlap_sd,
			d->calibrated
				? "calibrated by leaving families out"
				: "as wide as before: too few families or limits to calibrate them");
	table_init(&t, "lrrrrrrrr");
	table_cell(&t, "workload");
	table_cell(&t, "seen");
	table_cell(&t, "time");
	table_cell(&t, "gap");
	table_cell(&t, "compute");
	table_cell(&t, "W busy");
	table_cell(&t, "W in gap");
	table_cell(&t, "time off");
	table_cell(&t, "energy off");
	for (size_t i = 0; i < f->n; i++) {
		const hg_fit_report *r = &f->at[i].report;

		table_cell(&t, "%s", f->at[i].name);
		table_cell(&t, "%zu", f->at[i].n);
		table_cell(&t, "%s", quantity_format(QUANTITY_TIME, r->time_s, text));
		table_cell(&t, "%.2f+-%.2f", r->gap, r->gap_sd);
		table_cell(&t, "%.2f+-%.2f", r->compute, r->compute_sd);
		table_cell(&t, "%.0f+-%.0f", r->compute_w, r->compute_w_sd);
		table_cell(&t, "%.0f+-%.0f", r->gap_w, r->gap_w_sd);
		table_cell(&t, "%.1f %%", 100 * r->physics_time_mape);
		table_cell(&t, "%.1f %%", 100 * r->physics_energy_mape);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	buf_adds(&cli->out, "fitted; what is off at the observations is by the physics alone\n");
}

static int fits_write(struct cli *cli, const struct args *args, const struct fits *f)
{
	const char *path = args_text(args, "output", NULL);
	char *model = NULL;
	struct buf text;
	size_t len;
	int rc = EXIT_OK;

	if (!f->described && hg_model_format(f->model, &model, &len, NULL))
		return cli_broken(cli, HG_ENOMEM);
	buf_init(&text, (size_t)1 << 30);
	file_json(&text, f, model);
	free(model);
	if (text.failed)
		rc = cli_broken(cli, text.failed);
	else if (path)
		rc = cli_write(cli, path, text.data, text.len);
	if (rc == EXIT_OK && args_has(args, "json") && !(path && path[0] == '-' && !path[1]))
		buf_add(&cli->out, text.data, text.len);
	else if (rc == EXIT_OK && !(path && path[0] == '-' && !path[1]))
		print_text(cli, f);
	buf_finish(&text);
	return rc;
}

/* What standard input holds is not looked at: it can be read only once. */
static bool file_has_ops(const char *path)
{
	struct buf text;
	bool yes;

	if (!strcmp(path, "-"))
		return false;
	yes = file_read(path, FILE_MAX, &text, NULL) == HG_OK && text.data &&
	      ops_are_in(text.data, text.len);
	buf_finish(&text);
	return yes;
}

static int run(struct cli *cli, const struct args *args)
{
	struct fits f = {.path = args->operands[0]};
	int rc;

	if (file_has_ops(f.path))
		return ops_fit(cli, args);
	rc = observations_read(cli, f.path, &f.set);
	if (rc == EXIT_OK)
		rc = device_open(cli, args, &f);
	if (rc == EXIT_OK)
		rc = groups_check(cli, &f, args_has(args, "drop-odd"));
	if (rc == EXIT_OK)
		rc = works_open(cli, args, &f);
	if (rc == EXIT_OK)
		rc = device_fit(cli, args, &f);
	if (rc == EXIT_OK)
		rc = workloads_fit(cli, &f);
	if (rc == EXIT_OK)
		rc = fits_write(cli, args, &f);
	fits_finish(&f);
	return rc;
}

const struct command cmd_fit = {
	.name = "fit",
	.path = "fit",
	.page = "hourglass-fit",
	.usage = "OBS --device NAME [-o FILE] [--json]",
	.summary = "what workloads are made of, from a few observed settings",
	.tables = {fit_options},
	.operand = OPERAND_FILE,
	.operand_name = "OBS",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
