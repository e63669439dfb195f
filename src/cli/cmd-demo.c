/* demo: the main job from start to end on a simulated device. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "core/json.h"
#include "demo.h"
#include "describe.h"
#include "plot.h"
#include "table.h"

#define JOB_S       (6 * 3600.0) /* of the job at the fastest setting */
#define PLOT_ROWS   16
#define STEP_DETAIL 4

static const struct option demo_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.value = "SPEC",
		.fallback = "sim:h100",
		.text = "simulated device"},
	{.name = "workload",
		.abbr = 'w',
		.kind = OPTION_WORKLOAD,
		.value = "NAME|FILE",
		.fallback = "resnet50-training",
		.text = "work to do"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.fallback = "hourglass-demo.html",
		.text = "write the page there"},
	{.name = NULL},
};

static const double slacks[DEMO_RUNS] = {NAN, 0.02, 0.05, 0.10};

static void demo_init(struct demo *d)
{
	memset(d, 0, sizeof *d);
	d->shown = 2;
	for (size_t i = 0; i < DEMO_RUNS; i++) {
		d->runs[i].mark = i == 0 ? 'D' : (char)('A' + i - 1);
		d->runs[i].slack = slacks[i];
		d->runs[i].deadline_s = NAN;
		trace_init(&d->runs[i].trace, STEP_DETAIL);
	}
}

static void demo_finish(struct demo *d)
{
	for (size_t i = 0; i < DEMO_RUNS; i++)
		trace_finish(&d->runs[i].trace);
	hg_frontier_destroy(d->f);
	rig_close(&d->rig);
}

static void keep_setting(struct demo_run *run, const hg_frontier *f, hg_setting row)
{
	struct buf text;

	buf_init(&text, 4096);
	setting_label(&text, f, row);
	snprintf(run->setting, sizeof run->setting, "%s", text.data ? text.data : "");
	buf_finish(&text);
}

/** What the knobs are after a reset; one whose default is 0 is off. */
static void keep_default(struct demo *d)
{
	hg_device *device = d->rig.devices[0];
	char value[QUANTITY_TEXT];
	struct buf text;

	buf_init(&text, 4096);
	for (size_t i = 0; i < hg_device_knobs(device); i++) {
		hg_knob_info knob = {.size = sizeof knob};
		enum quantity q;
		double factor;

		if (hg_device_knob(device, i, &knob) != HG_OK || knob.default_value == 0)
			continue;
		q = knob_quantity(&knob, &factor);
		buf_addf(&text, "%s%s", text.len ? ", " : "",
			quantity_format(q, (double)knob.default_value * factor, value));
	}
	snprintf(d->runs[0].setting, sizeof d->runs[0].setting, "%s", text.data ? text.data : "");
	buf_finish(&text);
}

static int profile(struct cli *cli, struct demo *d)
{
	struct sweep_set set = {NULL, 0};
	struct profile_how how = {.set = &set};
	int rc = sweep_limits_and_clocks(cli, d->rig.devices[0], &set);
	double fastest;

	if (rc == EXIT_OK)
		rc = rig_profile(cli, &d->rig, 0, &how, &d->f);
	sweep_set_finish(&set);
	if (rc != EXIT_OK)
		return rc;
	fastest = hg_frontier_points(d->f)[0].time_s;
	d->units = fastest > 0 && JOB_S / fastest < 1e12 ? (uint64_t)(JOB_S / fastest) + 1 : 1;
	return EXIT_OK;
}

static int choose(struct cli *cli, struct demo *d, struct demo_run *run)
{
	hg_train_job job = {.size = sizeof job,
		.objective = {.size = sizeof job.objective, .kind = HG_DEADLINE},
		.units = (double)d->units};
	hg_error why = {""};
	hg_err err;

	run->deadline_s = hg_frontier_points(d->f)[0].time_s * (double)d->units * (1 + run->slack);
	job.objective.value = run->deadline_s;
	run->choice.size = sizeof run->choice;
	err = hg_train_choose(d->f, &job, &run->choice, &why);
	if (err != HG_OK)
		return cli_input_error(cli, err, &why);
	keep_setting(run, d->f, run->choice.pick.point.setting);
	return rig_set(cli, &d->rig, d->f, run->choice.pick.point.setting);
}

static int run_all(struct cli *cli, struct demo *d)
{
	int rc = rig_reset(cli, &d->rig);

	keep_default(d);
	for (size_t i = 0; rc == EXIT_OK && i < DEMO_RUNS; i++) {
		struct demo_run *run = &d->runs[i];

		if (i > 0)
			rc = choose(cli, d, run);
		if (rc == EXIT_OK)
			rc = rig_run(cli, &d->rig, d->units, &run->trace, &run->outcome);
	}
	return rc == EXIT_OK ? rig_reset(cli, &d->rig) : rc;
}

size_t demo_marks(const struct demo *d, struct plot_mark *marks, char labels[][32])
{
	size_t n = 0;

	for (size_t i = 1; i < DEMO_RUNS; i++) {
		const hg_point *p = &d->runs[i].choice.pick.point;

		snprintf(labels[n], 32, "%c: within +%.0f %%", d->runs[i].mark,
			100 * d->runs[i].slack);
		marks[n] = (struct plot_mark){p->time_s, p->energy_j, labels[n]};
		n++;
	}
	return n;
}

/* ----- what is printed */

static void runs_text(struct cli *cli, const struct demo *d)
{
	static const char *const heads[] = {
		"", "deadline", "setting", "time", "energy", "energy saved", "time added"};
	const struct outcome *base = &d->runs[0].outcome;
	char text[QUANTITY_TEXT];
	struct table t;

	table_init(&t, "llrrrrr");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	for (size_t i = 0; i < DEMO_RUNS; i++) {
		const struct demo_run *run = &d->runs[i];

		table_cell(&t, "%c", run->mark);
		if (isnan(run->slack))
			table_cell(&t, "none: the default");
		else
			table_cell(&t, "fastest +%.0f %%", 100 * run->slack);
		table_cell(&t, "%s", run->setting);
		table_cell(&t, "%s", quantity_format(QUANTITY_TIME, run->outcome.time_s, text));
		table_cell(&t, "%s", quantity_format(QUANTITY_ENERGY, run->outcome.energy_j, text));
		if (i == 0) {
			table_cell(&t, "-");
			table_cell(&t, "-");
			continue;
		}
		table_cell(&t, "%.1f %%", 100 * (1 - run->outcome.energy_j / base->energy_j));
		table_cell(&t, "%.1f %%", 100 * (run->outcome.time_s / base->time_s - 1));
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

static void tuned_text(struct cli *cli, const struct demo *d)
{
	const struct demo_tuned *t = &d->tuned;

	buf_addf(&cli->out,
		"\n3. Tuned it while it ran instead, within the time of %c: tried %u settings of %u in "
		"%.0f steps,\n   then stayed with %s: %+.1f %% energy against the best that was "
		"profiled (simulated).\n",
		d->runs[d->shown].mark, t->tried, t->of, t->steps, t->setting,
		100 * (t->energy_j / t->best_j - 1));
}

static int demo_text(struct cli *cli, const struct demo *d, const char *path)
{
	struct plot_series series = {"settings", d->f};
	struct plot_mark marks[DEMO_RUNS];
	char labels[DEMO_RUNS][32], text[QUANTITY_TEXT], units[RIG_UNITS_TEXT];
	struct buf title;
	struct plot plot = {.work_unit = hg_workload_unit(d->rig.workload),
		.series = &series,
		.n_series = 1,
		.marks = marks,
		.n_marks = demo_marks(d, marks, labels)};
	hg_err err;

	buf_addf(&cli->out,
		"This is a simulated device: %s. No hardware is touched, and all joules below are\n"
		"what a model says.\n\n"
		"Job: %s, %llu %s, %s at the fastest setting.\n"
		"1. Profiled: what each power limit and clock costs one %s.\n\n",
		rig_info(&d->rig, 0).title, hg_workload_name(d->rig.workload),
		(unsigned long long)d->units, rig_units(&d->rig, units),
		quantity_format(
			QUANTITY_TIME, hg_frontier_points(d->f)[0].time_s * (double)d->units, text),
		hg_workload_unit(d->rig.workload));
	buf_init(&title, 4096);
	buf_addf(&title, "Energy against time per %s, simulated; A, B, C are the picks",
		hg_workload_unit(d->rig.workload));
	plot.title = title.data ? title.data : "";
	err = plot_terminal(&cli->out, &plot, cli->width, PLOT_ROWS, cli->utf8);
	buf_finish(&title);
	buf_adds(&cli->out, "\n2. Picked the cheapest setting for three deadlines, and ran the job "
			    "at each (simulated):\n\n");
	runs_text(cli, d);
	tuned_text(cli, d);
	if (strcmp(path, "-") != 0)
		buf_addf(&cli->out, "\n4. Wrote %s: the frontier, and power over time.\n", path);
	return err == HG_OK ? EXIT_OK : cli_broken(cli, err);
}

static void demo_json(struct buf *out, const struct demo *d, const char *path)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.demo/1");
	json_kv_bool(&j, "simulated", true);
	json_kv_string(&j, "device", rig_info(&d->rig, 0).spec);
	json_kv_string(&j, "workload", hg_workload_name(d->rig.workload));
	json_kv_string(&j, "work_unit", hg_workload_unit(d->rig.workload));
	json_kv_number(&j, "units", (double)d->units);
	json_kv_string(&j, "page", path);
	json_key(&j, "tuned");
	json_open(&j, '{', true);
	json_kv_int(&j, "tried", d->tuned.tried);
	json_kv_int(&j, "of", d->tuned.of);
	json_kv_number(&j, "steps", d->tuned.steps);
	json_kv_number(&j, "time_s", d->tuned.time_s);
	json_kv_number(&j, "energy_j", d->tuned.energy_j);
	json_kv_number(&j, "best_profiled_j", d->tuned.best_j);
	json_close(&j, '}');
	json_key(&j, "runs");
	json_open(&j, '[', false);
	for (size_t i = 0; i < DEMO_RUNS; i++) {
		const struct demo_run *run = &d->runs[i];

		json_open(&j, '{', true);
		json_kv_bool(&j, "default", i == 0);
		json_kv_number(&j, "deadline_s", run->deadline_s);
		json_key(&j, "setting");
		if (i > 0)
			setting_json(&j, d->f, run->choice.pick.point.setting);
		else
			json_put_null(&j);
		json_kv_number(&j, "time_s", run->outcome.time_s);
		json_kv_number(&j, "energy_j", run->outcome.energy_j);
		json_kv_number(&j, "energy_saving",
			1 - run->outcome.energy_j / d->runs[0].outcome.energy_j);
		json_kv_number(&j, "slowdown", run->outcome.time_s / d->runs[0].outcome.time_s);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
}

static int write_page(struct cli *cli, const struct demo *d, const char *path)
{
	struct buf page;
	int rc;

	buf_init(&page, (size_t)1 << 30);
	demo_page(&page, d);
	rc = page.failed == HG_OK ? cli_write(cli, path, page.data, page.len)
				  : cli_broken(cli, page.failed);
	buf_finish(&page);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *device = args_text(args, "device", "sim:h100");
	const char *path = args_text(args, "output", "hourglass-demo.html");
	struct demo d;
	int rc;

	demo_init(&d);
	rc = rig_open(cli, &d.rig, &device, 1, args_text(args, "workload", "resnet50-training"));
	if (rc == EXIT_OK)
		rc = profile(cli, &d);
	if (rc == EXIT_OK)
		rc = run_all(cli, &d);
	if (rc == EXIT_OK)
		rc = demo_tune(cli, &d);
	if (rc == EXIT_OK)
		rc = write_page(cli, &d, path);
	if (rc == EXIT_OK && strcmp(path, "-") != 0) {
		if (args_has(args, "json"))
			demo_json(&cli->out, &d, path);
		else
			rc = demo_text(cli, &d, path);
	}
	demo_finish(&d);
	return rc;
}

const struct command cmd_demo = {
	.name = "demo",
	.path = "demo",
	.page = "hourglass-demo",
	.usage = "[-o FILE] [--device SPEC] [--workload NAME|FILE]",
	.summary = "all of it in a second, on a simulated device",
	.text = "Profiles a training job, picks the cheapest setting for three deadlines, runs the\n"
		"job at each and at the default, tunes it while it runs instead, and writes a page\n"
		"that shows it.",
	.tables = {demo_options},
	.run = run,
};
