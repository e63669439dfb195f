/* run -- CMD: what a command costs. */
#define _GNU_SOURCE
#include "run-command.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/number.h"
#include "core/unit.h"
#include "others.h"
#include "run-joules.h"

/* Idle power is taken over so many update periods before the first run. */
#define IDLE_PERIODS  6.0
#define IDLE_SHORTEST 0.05
/* Who uses a device is looked at so often while a command runs, where nothing else is to be done.
 */
#define OTHERS_NS INT64_C(1000000000)
#define SPEC_CPU  "estimate:cpu"

static const char *const formats[] = {"text", "json", "jsonl", "csv", "openmetrics", NULL};
static const char *const policies[] = {"report", "subtract", "none", NULL};

const struct option run_command_options[] = {
	{.name = "repeat",
		.abbr = 'r',
		.kind = OPTION_COUNT,
		.min = 1,
		.max = ENERGY_RUNS,
		.value = "N",
		.fallback = "1",
		.text = "run CMD so many times; report the mean and its interval"},
	{.name = "warmup",
		.kind = OPTION_COUNT,
		.min = 0,
		.max = ENERGY_RUNS,
		.value = "K",
		.fallback = "0",
		.text = "run CMD so many times before that, not measured"},
	{.name = "interval",
		.abbr = 'I',
		.kind = OPTION_TEXT,
		.value = "MS",
		.text = "print power and energy that often, in ms or with a unit"},
	{.name = "isolated",
		.kind = OPTION_FLAG,
		.text = "wait for idle before and after each run: exact even for 50 ms"},
	{.name = "idle",
		.kind = OPTION_CHOICE,
		.choices = policies,
		.value = "report|subtract|none",
		.fallback = "report",
		.text = "what becomes of what devices draw idle"},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.choices = formats,
		.value = "text|json|jsonl|csv|openmetrics",
		.fallback = "text",
		.text = "of CMD's report"},
	{.name = "estimate",
		.kind = OPTION_FLAG,
		.text = "where no processor tells energy, a figure by a model, labelled so"},
	{.name = "raw", .kind = OPTION_FLAG, .text = "put the counters' edges into the JSON"},
	{.name = NULL},
};

static void pause_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	if (seconds > 0)
		nanosleep(&t, NULL);
}

/* ----- options */

static int read_interval(struct cli *cli, const struct args *args, double *seconds)
{
	const char *text = args_text(args, "interval", NULL);
	hg_error why = {""};
	double ms;

	*seconds = 0;
	if (!text)
		return EXIT_OK;
	if (double_parse(text, strlen(text), true, &ms))
		*seconds = ms * 1e-3;
	else if (quantity_parse(QUANTITY_TIME, text, "--interval", seconds, &why) != HG_OK)
		return cli_usage(cli, "%s", why.text);
	if (!(*seconds >= 0.01) || *seconds > 86400)
		return cli_usage(cli, "--interval %.80s: must be from 10 ms to 24 h", text);
	return EXIT_OK;
}

static enum idle_policy idle_policy(const struct args *args)
{
	const char *text = args_text(args, "idle", "report");

	return strcmp(text, "subtract") == 0 ? IDLE_SUBTRACT
	       : strcmp(text, "none") == 0   ? IDLE_NONE
					     : IDLE_REPORT;
}

static int read_options(struct run_job *j, const struct args *args)
{
	j->repeat = (unsigned)args_number(args, "repeat", 1);
	j->report.warmup = (unsigned)args_number(args, "warmup", 0);
	j->report.idle = idle_policy(args);
	j->report.isolated = args_has(args, "isolated");
	j->format = args_text(args, "format", args_has(args, "json") ? "json" : "text");
	j->estimate = args_has(args, "estimate");
	j->raw = args_has(args, "raw");
	j->live = strcmp(j->format, "text") == 0;
	if (j->raw && strncmp(j->format, "json", 4) != 0)
		return cli_usage(j->cli, "--raw needs --format json");
	if (args_has(args, "interval") && !j->live && strncmp(j->format, "json", 4) != 0)
		return cli_usage(j->cli,
			"--interval: --format %s has no place for intervals: text, "
			"json and jsonl have",
			j->format);
	if (j->report.isolated && j->report.idle == IDLE_NONE)
		return cli_usage(j->cli, "--isolated rests on idle power: not with --idle none");
	return read_interval(j->cli, args, &j->interval_s);
}

/* ----- devices */

/** Whether something that stands for the host's processors is measured. */
static bool measures_processors(const struct gauge *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const char *backend = gauge_info(g, i).backend;

		if (strcmp(backend, "rapl") == 0 || strcmp(backend, "hwmon") == 0)
			return true;
	}
	return false;
}

static int describe_devices(struct run_job *j)
{
	struct energy_report *r = &j->report;
	const struct gauge *g = &j->gauge;
	bool estimate = j->estimate && !measures_processors(g);
	size_t n = g->n + estimate;

	r->devices = arena_alloc(&r->arena, (n + 1) * sizeof *r->devices);
	if (!r->devices)
		return cli_broken(j->cli, HG_ENOMEM);
	for (size_t i = 0; i < g->n; i++) {
		hg_device_info info = gauge_info(g, i);

		r->devices[i] = (struct energy_device){.spec = run_keep(r, info.spec),
			.model = run_keep(r, info.title),
			.uuid = run_keep(r, info.uuid),
			.pci = run_keep(r, info.pci),
			.simulated = info.simulated != 0,
			.summed = g->summed[i] != 0,
			.idle_w = (double)NAN};
		r->simulated |= info.simulated != 0;
	}
	if (estimate)
		r->devices[g->n] = (struct energy_device){.spec = SPEC_CPU,
			.model = "model of the host's processors",
			.uuid = "",
			.pci = "",
			.estimated = true,
			.summed = true,
			.idle_w = (double)NAN};
	r->n_devices = n;
	r->estimated = estimate;
	r->missing = run_keep(r, g->missing.data);
	return EXIT_OK;
}

/** Some periods in which nothing runs. */
static void wait_idle(struct run_job *j)
{
	double wait_s = IDLE_PERIODS * gauge_period(&j->gauge);

	if (!j->gauge.meter || j->report.idle == IDLE_NONE)
		return;
	wait_s = wait_s > IDLE_SHORTEST ? wait_s : IDLE_SHORTEST;
	/* until the meter has seen the counters move */
	pause_s(wait_s / 3);
	j->idle_begin_ns = hg_meter_mark(j->gauge.meter);
	pause_s(wait_s * 2 / 3);
	j->idle_end_ns = hg_meter_mark(j->gauge.meter);
}

/** What the meter has learnt of the counters. */
static void describe_sensors(struct run_job *j)
{
	for (size_t d = 0; j->gauge.meter && d < j->gauge.n; d++) {
		hg_meter_state state = {.size = sizeof state};

		if (hg_meter_get_state(j->gauge.meter, d, &state, NULL) == HG_OK)
			j->report.devices[d].sensor = state.sensor;
	}
}

/* ----- intervals */

static double energy_between(const struct run_job *j, size_t d, int64_t t0, int64_t t1)
{
	hg_energy e = {.size = sizeof e};

	return hg_meter_energy(j->gauge.meter, d, t0, t1, HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL,
		       &e, NULL) == HG_OK
		       ? e.joules
		       : (double)NAN;
}

static void live_line(const struct run_job *j, const struct energy_interval *v)
{
	double length_s = v->end_s - v->begin_s;
	char time[QUANTITY_TEXT], power[QUANTITY_TEXT], energy[QUANTITY_TEXT];

	for (size_t d = 0; d < j->gauge.n; d++)
		(void)dprintf(j->live_fd, "%12s  %-24s %12s %12s\n",
			quantity_format(QUANTITY_TIME, v->end_s, time), j->report.devices[d].spec,
			isnan(v->energy_j[d])
				? "-"
				: quantity_format(QUANTITY_POWER, v->energy_j[d] / length_s, power),
			isnan(v->energy_j[d])
				? "-"
				: quantity_format(QUANTITY_ENERGY, v->energy_j[d], energy));
}

/* ----- others */

static void find_told(struct run_job *j)
{
	for (size_t d = 0; d < j->gauge.n; d++) {
		j->told[d] = others_known(j->gauge.devices[d]);
		j->watched |= j->told[d];
	}
}

/** Notes devices that others use now. A driver that hangs is not asked. */
static void look_for_others(struct run_job *j)
{
	struct vec ours;

	if (!j->watched)
		return;
	if (child_descendants(&ours) == HG_OK)
		for (size_t d = 0; d < j->gauge.n; d++) {
			hg_meter_state s = {.size = sizeof s};

			if (j->told[d] && !j->shared[d] &&
				hg_meter_get_state(j->gauge.meter, d, &s, NULL) == HG_OK &&
				!(s.flags & HG_METER_LOST))
				j->shared[d] = others_use(j->gauge.devices[d], &ours);
		}
	vec_finish(&ours);
}

/** A child_tick_fn. */
static void tick(void *user, int64_t since_ns)
{
	struct run_job *j = user;
	int64_t now = j->begin_ns + since_ns;
	struct energy_interval v = {.run = j->run,
		.begin_s = 1e-9 * (double)(j->interval_ns - j->begin_ns),
		.end_s = 1e-9 * (double)(now - j->begin_ns)};

	look_for_others(j);
	if (j->interval_s == 0)
		return;
	v.energy_j = arena_alloc(&j->report.arena, (j->report.n_devices + 1) * sizeof *v.energy_j);
	if (!v.energy_j || vec_push(&j->report.intervals, &v) != HG_OK) {
		j->own = cli_broken(j->cli, HG_ENOMEM);
		return;
	}
	for (size_t d = 0; d < j->report.n_devices; d++)
		v.energy_j[d] =
			d < j->gauge.n ? energy_between(j, d, j->interval_ns, now) : (double)NAN;
	j->interval_ns = now;
	if (j->live)
		live_line(j, &v);
}

/** Intervals of the last run once more, now that every edge is there. */
static void refine_intervals(struct run_job *j)
{
	for (size_t i = 0; i < j->report.intervals.len; i++) {
		struct energy_interval *v = vec_at(&j->report.intervals, i);

		for (size_t d = 0; v->run == j->run && d < j->gauge.n; d++)
			v->energy_j[d] =
				energy_between(j, d, j->begin_ns + (int64_t)(v->begin_s * 1e9),
					j->begin_ns + (int64_t)(v->end_s * 1e9));
	}
}

/* ----- the runs */

static int64_t mark(const struct run_job *j)
{
	struct timespec t;

	if (j->gauge.meter)
		return hg_meter_mark(j->gauge.meter);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int one_run(struct run_job *j, const char *const *argv, struct energy_run *run)
{
	struct child_how how = {.argv = argv,
		.interval_ns = j->gauge.n == 0     ? 0
			       : j->interval_s > 0 ? (int64_t)(j->interval_s * 1e9)
			       : j->watched        ? OTHERS_NS
						   : 0,
		.tick = tick,
		.user = j};
	struct child_end end;
	int rc;

	memset(j->shared, 0, sizeof j->shared);
	look_for_others(j);
	j->begin_ns = j->interval_ns = mark(j);
	rc = child_run(j->cli, &how, &end);
	if (rc != EXIT_OK)
		return rc;
	look_for_others(j);
	*run = (struct energy_run){.time_s = 1e-9 * (double)(end.end_ns - end.begin_ns),
		.cpu_s = end.cpu_s,
		.peak_bytes = end.peak_bytes,
		.begin_ns = j->begin_ns,
		.end_ns = j->begin_ns + (end.end_ns - end.begin_ns),
		.code = end.code};
	j->interrupted |= end.interrupted;
	return EXIT_OK;
}

static int measured_run(struct run_job *j, const char *const *argv)
{
	double period_s = gauge_period(&j->gauge);
	struct energy_run run;
	int rc;

	if (j->report.isolated && j->gauge.meter)
		pause_s(RUN_BEFORE_PERIODS * period_s);
	rc = one_run(j, argv, &run);
	if (rc != EXIT_OK)
		return rc;
	if (j->report.isolated && j->gauge.meter)
		pause_s(RUN_AFTER_PERIODS * period_s);
	run.devices =
		arena_alloc(&j->report.arena, (j->report.n_devices + 1) * sizeof *run.devices);
	if (!run.devices)
		return cli_broken(j->cli, HG_ENOMEM);
	memset(run.devices, 0, (j->report.n_devices + 1) * sizeof *run.devices);
	run_joules(j, &run);
	refine_intervals(j);
	if (j->report.code == 0)
		j->report.code = run.code;
	return vec_push(&j->report.runs, &run) == HG_OK ? EXIT_OK : cli_broken(j->cli, HG_ENOMEM);
}

static int all_runs(struct run_job *j, const char *const *argv)
{
	struct energy_run run;
	int rc = EXIT_OK;

	for (unsigned i = 0; rc == EXIT_OK && i < j->report.warmup && !j->interrupted; i++)
		rc = one_run(j, argv, &run);
	/* intervals of warm-ups are not reported */
	j->report.intervals.len = 0;
	for (j->run = 0; rc == EXIT_OK && j->run < j->repeat && !j->interrupted; j->run++)
		rc = measured_run(j, argv);
	return rc;
}

/* ----- the report */

static int write_report(struct run_job *j, const char *path)
{
	hg_error why;
	struct buf out;
	int rc;

	buf_init(&out, (size_t)1 << 30);
	if (strcmp(j->format, "text") == 0)
		energy_report_text(&out, &j->report, j->cli->width);
	else if (strcmp(j->format, "csv") == 0)
		energy_report_csv(&out, &j->report);
	else if (strcmp(j->format, "openmetrics") == 0)
		energy_report_openmetrics(&out, &j->report);
	else
		energy_report_json(&out, &j->report, strcmp(j->format, "jsonl") == 0);
	if (j->live_fd != STDERR_FILENO && out.failed == HG_OK)
		rc = dprintf(j->live_fd, "%.*s", (int)out.len, out.data) == (int)out.len
			     ? EXIT_OK
			     : cli_output_error(j->cli,
				       fail(&why, HG_EIO, "%s: not all could be written", path),
				       &why);
	else
		rc = cli_write_beside(j->cli, path, &out);
	buf_finish(&out);
	return rc;
}

/* Finds out whether the report can be written before the command runs for hours; intervals go where
 * it goes. */
static int open_output(struct run_job *j, const char *path)
{
	hg_error why = {""};
	hg_err rc;

	j->live_fd = STDERR_FILENO;
	if (!path || !j->live || j->interval_s == 0)
		return cli_check_beside(j->cli, path);
	rc = file_stream(path, &j->live_fd, &why);
	return rc == HG_OK ? EXIT_OK : cli_output_error(j->cli, rc, &why);
}

int run_command_measured(struct cli *cli, const struct args *args)
{
	const char *specs[GAUGE_DEVICES + 1];
	struct run_job j = {.cli = cli, .live_fd = STDERR_FILENO};
	char host[256] = "";
	size_t n = 0;
	int rc;

	energy_report_init(&j.report);
	j.report.argv = args->operands;
	if (gethostname(host, sizeof host - 1) == 0)
		j.report.host = host;
	rc = read_options(&j, args);
	if (rc == EXIT_OK)
		rc = open_output(&j, args_text(args, "output", NULL));
	for (; n <= GAUGE_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	child_signals_keep();
	if (rc == EXIT_OK)
		rc = gauge_open(cli, specs, n, 0, &j.gauge);
	if (rc == EXIT_OK)
		rc = describe_devices(&j);
	if (rc == EXIT_OK) {
		if (j.gauge.meter)
			(void)hg_meter_begin(j.gauge.meter);
		find_told(&j);
		wait_idle(&j);
		rc = all_runs(&j, args->operands);
	}
	describe_sensors(&j);
	if (rc == EXIT_OK && j.report.runs.len > 0)
		rc = write_report(&j, args_text(args, "output", NULL));
	rc = rc != EXIT_OK ? rc : j.own != EXIT_OK ? j.own : j.report.code;
	gauge_close(&j.gauge);
	energy_report_finish(&j.report);
	if (j.live_fd > STDERR_FILENO && close(j.live_fd) && rc == EXIT_OK)
		rc = cli_broken(cli, HG_EIO);
	child_signals_let_go();
	return rc;
}
