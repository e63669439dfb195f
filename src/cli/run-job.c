/* run --workload: a job on simulated devices, at the cheapest setting that meets an objective. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/train.h>

#include "describe.h"
#include "load.h"
#include "objective.h"
#include "rig.h"
#include "run-job.h"
#include "table.h"

#define DURATION_DEFAULT_S 3600.0
#define UNITS_MAX          1e12
#define TRACE_DETAIL       4

/** One run of the command. */
struct plan {
	hg_objective objective;
	struct rig rig;
	hg_frontier *ranks[RIG_DEVICES]; /* one reference each */
	hg_frontier *group;              /* of all devices, one setting */
	uint64_t units;
	hg_train_choice choice;
	const hg_frontier *leaf; /* where the setting is */
	hg_setting row;
	struct trace trace;
	struct outcome at_pick, at_default;
	const char *baseline; /* what the saving is against */
	double base_time_s, base_energy_j;
};

static void plan_finish(struct plan *p)
{
	trace_finish(&p->trace);
	hg_frontier_destroy(p->group);
	for (size_t i = 0; i < RIG_DEVICES; i++)
		hg_frontier_destroy(p->ranks[i]);
	rig_close(&p->rig);
}

/** A frontier for each device: the file's, or profiled. */
static int get_ranks(struct cli *cli, const struct args *args, struct plan *p)
{
	const char *file = args_text(args, "frontier", NULL);
	struct sweep_set set = {NULL, 0};
	struct profile_how how = {.set = &set};
	int rc = EXIT_OK;

	if (file) {
		rc = frontier_read(cli, file, &p->ranks[0]);
		for (size_t i = 1; rc == EXIT_OK && i < p->rig.n; i++)
			p->ranks[i] = hg_frontier_ref(p->ranks[0]);
		return rc;
	}
	for (size_t i = 0; rc == EXIT_OK && i < p->rig.n; i++) {
		rc = sweep_read(cli, p->rig.devices[i], NULL, 0, &set);
		if (rc == EXIT_OK)
			rc = rig_profile(cli, &p->rig, i, &how, &p->ranks[i]);
		sweep_set_finish(&set);
	}
	if (rc == EXIT_INTERRUPTED)
		cli_note(cli, "interrupted while profiling; nothing was run");
	return rc;
}

/** One frontier for all devices together. */
static int get_group(struct cli *cli, const struct args *args, struct plan *p)
{
	const hg_frontier *ranks[RIG_DEVICES];
	hg_frontier_info info = {.size = sizeof info};
	hg_error why = {""};
	hg_err err;
	int rc = get_ranks(cli, args, p);

	if (rc != EXIT_OK)
		return rc;
	hg_frontier_get_info(p->ranks[0], &info);
	if (p->rig.n == 1 || (info.devices == p->rig.n && args_has(args, "frontier"))) {
		p->group = hg_frontier_ref(p->ranks[0]);
		return EXIT_OK;
	}
	for (size_t i = 0; i < p->rig.n; i++)
		ranks[i] = p->ranks[i];
	err = hg_train_group(ranks, p->rig.n, &p->group, &why);
	return err == HG_OK ? EXIT_OK : cli_input_error(cli, err, &why);
}

static int get_units(struct cli *cli, const struct args *args, struct plan *p)
{
	double fastest = hg_frontier_points(p->group)[0].time_s;
	double units = args_number(args, "units", 0);

	if (!args_has(args, "units"))
		units = fastest > 0
				? round(args_number(args, "duration", DURATION_DEFAULT_S) / fastest)
				: UNITS_MAX + 1;
	if (units > UNITS_MAX)
		return cli_usage(cli, "--duration: more than %g units of work", UNITS_MAX);
	p->units = units < 1 ? 1 : (uint64_t)units;
	return EXIT_OK;
}

/** Finds the one setting that the picked point stands for. */
static int get_setting(struct cli *cli, struct plan *p)
{
	struct vec leaves;
	hg_err err = leaves_of(p->group, p->choice.pick.index, &leaves);
	const struct leaf *leaf = leaves.len == 1 ? vec_at(&leaves, 0) : NULL;
	int rc = EXIT_OK;

	if (err != HG_OK) {
		rc = cli_broken(cli, err);
	} else if (!leaf || leaf->count != 1) {
		rc = cli_usage(cli, "the frontier is composed of several pieces of work; run takes "
				    "that of one");
	} else {
		p->leaf = leaf->frontier;
		p->row = hg_frontier_points(leaf->frontier)[leaf->point].setting;
	}
	vec_finish(&leaves);
	return rc;
}

static int choose(struct cli *cli, struct plan *p)
{
	hg_train_job job = {
		.size = sizeof job, .objective = p->objective, .units = (double)p->units};
	hg_error why = {""};
	char time[QUANTITY_TEXT], energy[QUANTITY_TEXT];
	struct buf want;
	hg_err err;
	int rc;

	p->choice.size = sizeof p->choice;
	err = hg_train_choose(p->group, &job, &p->choice, &why);
	if (err != HG_OK)
		return cli_input_error(cli, err, &why);
	rc = get_setting(cli, p);
	if (rc != EXIT_OK || p->choice.feasible)
		return rc;
	buf_init(&want, 65536);
	objective_text(&want, &p->objective);
	buf_adds(&want, "; the nearest is ");
	setting_text(&want, p->leaf, p->row);
	cli_note(cli, "no setting meets %s: %s for the job, %s", want.data ? want.data : "",
		quantity_format(QUANTITY_TIME, p->choice.time_s, time),
		quantity_format(QUANTITY_ENERGY, p->choice.energy_j, energy));
	buf_finish(&want);
	return EXIT_INFEASIBLE;
}

/** What the saving is measured against: a run, or else what the frontier says. */
static void set_baseline(struct plan *p, bool compared)
{
	const hg_point *base = rig_default_point(&p->rig, p->group);

	if (compared) {
		p->baseline = "default setting, run";
		p->base_time_s = p->at_default.time_s;
		p->base_energy_j = p->at_default.energy_j;
	} else if (base) {
		p->baseline = "default setting, as profiled";
		p->base_time_s = base->time_s * (double)p->units;
		p->base_energy_j = base->energy_j * (double)p->units;
	} else {
		p->baseline = "fastest setting, as profiled";
		p->base_time_s = p->choice.base_time_s;
		p->base_energy_j = p->choice.base_energy_j;
	}
}

static int run_both(struct cli *cli, const struct args *args, struct plan *p)
{
	bool compare = args_has(args, "compare");
	struct trace *trace = args_has(args, "trace") ? &p->trace : NULL;
	int rc = EXIT_OK, end;

	if (compare)
		rc = rig_run(cli, &p->rig, p->units, NULL, &p->at_default);
	if (rc == EXIT_OK)
		rc = rig_set(cli, &p->rig, p->leaf, p->row);
	if (rc == EXIT_OK)
		rc = rig_run(cli, &p->rig, p->units, trace, &p->at_pick);
	end = rig_reset(cli, &p->rig);
	if (rc == EXIT_INTERRUPTED)
		cli_note(cli,
			"interrupted after %llu of %llu units; the knobs are back as they were",
			(unsigned long long)(compare && p->at_pick.units == 0 ? 0
									      : p->at_pick.units),
			(unsigned long long)p->units);
	set_baseline(p, compare);
	return rc == EXIT_OK ? end : rc;
}

/* ----- the report */

static void outcome_json(struct json_out *j, const struct outcome *o)
{
	json_open(j, '{', true);
	json_kv_number(j, "time_s", o->time_s);
	json_kv_number(j, "energy_j", o->energy_j);
	json_kv_number(j, "counter_j", o->counter_j);
	json_kv_bool(j, "simulated", true);
	json_close(j, '}');
}

static hg_err report_json(struct buf *out, const struct args *args, const struct plan *p)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.run/1");
	json_kv_bool(&j, "simulated", true);
	json_key(&j, "devices");
	json_open(&j, '[', true);
	for (size_t i = 0; i < p->rig.n; i++)
		json_put_string(&j, rig_info(&p->rig, i).spec);
	json_close(&j, ']');
	json_kv_string(&j, "workload", hg_workload_name(p->rig.workload));
	json_kv_string(&j, "work_unit", hg_workload_unit(p->rig.workload));
	json_kv_number(&j, "units", (double)p->units);
	json_key(&j, "objective");
	objective_json(&j, &p->objective);
	json_kv_bool(&j, "feasible", p->choice.feasible != 0);
	json_key(&j, "setting");
	setting_json(&j, p->leaf, p->row);
	json_key(&j, "predicted");
	json_open(&j, '{', true);
	json_kv_number(&j, "time_s", p->choice.time_s);
	json_kv_number(&j, "energy_j", p->choice.energy_j);
	json_close(&j, '}');
	if (p->choice.feasible) {
		json_kv_number(&j, "time_s", p->at_pick.time_s);
		json_kv_number(&j, "energy_j", p->at_pick.energy_j);
		json_kv_number(&j, "counter_j", p->at_pick.counter_j);
		json_key(&j, "baseline");
		json_open(&j, '{', true);
		json_kv_string(&j, "what", p->baseline);
		json_kv_number(&j, "time_s", p->base_time_s);
		json_kv_number(&j, "energy_j", p->base_energy_j);
		json_close(&j, '}');
		json_kv_number(&j, "energy_saving", 1 - p->at_pick.energy_j / p->base_energy_j);
		json_kv_number(&j, "slowdown", p->at_pick.time_s / p->base_time_s);
	}
	if (p->choice.feasible && args_has(args, "compare")) {
		json_key(&j, "default_run");
		outcome_json(&j, &p->at_default);
	}
	json_close(&j, '}');
	buf_addc(out, '\n');
	return out->failed;
}

static void report_row(struct table *t, const char *what, double time_s, double energy_j)
{
	char text[QUANTITY_TEXT];

	table_cell(t, "  %s", what);
	table_cell(t, "%s", quantity_format(QUANTITY_TIME, time_s, text));
	table_cell(t, "%s", quantity_format(QUANTITY_ENERGY, energy_j, text));
}

static void report_text(struct cli *cli, const struct plan *p)
{
	struct buf *out = &cli->out;
	char units[RIG_UNITS_TEXT];
	struct table t;

	buf_addf(out, "%s, %llu %s on ", hg_workload_name(p->rig.workload),
		(unsigned long long)p->units, rig_units(&p->rig, units));
	if (p->rig.n > 1)
		buf_addf(out, "%zu x ", p->rig.n);
	buf_addf(out, "%s (simulated device)\n", rig_info(&p->rig, 0).title);
	objective_text(out, &p->objective);
	buf_adds(out, ": ");
	setting_text(out, p->leaf, p->row);
	buf_adds(out, "\n");
	table_init(&t, "lrr");
	report_row(&t, "run", p->at_pick.time_s, p->at_pick.energy_j);
	report_row(&t, "predicted", p->choice.time_s, p->choice.energy_j);
	report_row(&t, p->baseline, p->base_time_s, p->base_energy_j);
	table_print(&t, out, false);
	table_finish(&t);
	buf_addf(out, "  energy saved %.1f %%, time %+.1f %% (simulated)\n",
		100 * (1 - p->at_pick.energy_j / p->base_energy_j),
		100 * (p->at_pick.time_s / p->base_time_s - 1));
}

static int write_trace(struct cli *cli, const char *path, const struct trace *trace)
{
	struct buf csv;
	int rc;

	buf_init(&csv, (size_t)1 << 30);
	buf_adds(&csv, "# power over time, simulated\ndevice,start_s,end_s,power_w,clock_hz\n");
	for (size_t i = 0; i < trace->rows.len; i++) {
		const struct trace_row *r = vec_at(&trace->rows, i);

		buf_addf(&csv, "%u,%.9g,%.9g,%.6g,", (unsigned)r->device, r->start_s, r->end_s,
			r->power_w);
		if (r->clock_hz > 0)
			buf_addf(&csv, "%.6g", r->clock_hz);
		buf_addc(&csv, '\n');
	}
	rc = csv.failed == HG_OK ? cli_write(cli, path, csv.data, csv.len)
				 : cli_broken(cli, csv.failed);
	buf_finish(&csv);
	return rc;
}

static int report(struct cli *cli, const struct args *args, const struct plan *p)
{
	const char *path = args_text(args, "output", NULL);
	struct buf json;
	int rc = EXIT_OK;

	buf_init(&json, 1u << 24);
	if (report_json(&json, args, p) != HG_OK)
		rc = cli_broken(cli, json.failed);
	if (rc == EXIT_OK && path && p->choice.feasible)
		rc = cli_write(cli, path, json.data, json.len);
	if (rc == EXIT_OK && args_has(args, "json") && !(path && strcmp(path, "-") == 0))
		buf_add(&cli->out, json.data, json.len);
	else if (rc == EXIT_OK && p->choice.feasible && !(path && strcmp(path, "-") == 0))
		report_text(cli, p);
	buf_finish(&json);
	return rc;
}

static int check_args(struct cli *cli, const struct args *args, hg_objective *objective)
{
	if (!args_has(args, "device"))
		return cli_usage(cli, "--device is missing, such as --device sim:h100");
	if (!args_has(args, "workload"))
		return cli_usage(cli,
			"--workload is missing, such as --workload resnet50-training, or "
			"--steps-from and -- CMD");
	if (args_has(args, "units") && args_has(args, "duration"))
		return cli_usage(cli, "--units and --duration exclude each other: give one");
	return objective_read(cli, args, objective);
}

int run_job(struct cli *cli, const struct args *args)
{
	const char *specs[RIG_DEVICES + 1];
	struct plan p;
	size_t n = 0;
	int rc, end;

	memset(&p, 0, sizeof p);
	trace_init(&p.trace, TRACE_DETAIL);
	rc = check_args(cli, args, &p.objective);
	for (; n <= RIG_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	if (rc == EXIT_OK)
		rc = rig_open(cli, &p.rig, specs, n, args_text(args, "workload", ""));
	if (rc == EXIT_OK)
		rc = get_group(cli, args, &p);
	if (rc == EXIT_OK)
		rc = get_units(cli, args, &p);
	if (rc == EXIT_OK)
		rc = choose(cli, &p);
	if (rc == EXIT_OK)
		rc = run_both(cli, args, &p);
	if (rc == EXIT_OK && args_has(args, "trace"))
		rc = write_trace(cli, args_text(args, "trace", ""), &p.trace);
	if (rc == EXIT_OK || rc == EXIT_INFEASIBLE) {
		end = report(cli, args, &p);
		rc = end == EXIT_OK ? rc : end;
	}
	plan_finish(&p);
	return rc;
}
