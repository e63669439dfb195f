/* calibrate: tests energy counters, and keeps what is learnt of them. */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/sim.h>

#include "child.h"
#include "cmd.h"
#include "core/json.h"
#include "core/unit.h"
#include "gauge.h"
#include "rig.h"
#include "sensors.h"
#include "table.h"
#include "term.h"

#define SECONDS_DEFAULT 3.0
#define SECOND_NS       INT64_C(1000000000)

static const struct option calibrate_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.text = "calibrate this device only"},
	{.name = "seconds",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 0.5,
		.max = 600,
		.value = "TIME",
		.fallback = "3 s",
		.text = "of idle, and of load"},
	{.name = "workload",
		.abbr = 'w',
		.kind = OPTION_WORKLOAD,
		.value = "NAME|FILE",
		.fallback = "llm-prefill",
		.text = "load of simulated devices"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "keep the results there"},
	{.name = NULL},
};

/** One calibration of one device. */
struct job {
	struct cli *cli;
	const char *const *argv; /* the load; argv[0] NULL: none */
	hg_workload *workload; /* of simulated devices; without host gaps, which look like a lag */
	bool interrupted;
	struct watch watch;
	const char *device; /* under test */
	uint64_t stretches; /* of it, so far */
};

static void pause_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

/* The library's calibration: idle and load, 64 short ones of each, and rest. */
#define STRETCHES 131

/** One more stretch begins. @return HG_EABORTED: the user wants no more */
static hg_err progress(struct job *j)
{
	uint64_t total = j->stretches < STRETCHES ? STRETCHES : 0;

	if (watch_progress(&j->watch, j->device, j->stretches++, total))
		j->interrupted = true;
	return j->interrupted ? HG_EABORTED : HG_OK;
}

static hg_err simulated_load(struct job *j, hg_device *d, double seconds)
{
	int64_t end = hg_device_now(d) + (int64_t)(seconds * 1e9);
	hg_err rc = HG_OK;

	while (rc == HG_OK && hg_device_now(d) < end)
		rc = hg_sim_run(d, j->workload, 1, NULL, NULL);
	return rc;
}

/* A hg_load_fn. */
static hg_err idle(void *user, hg_device *d, double seconds)
{
	hg_device_info info = {.size = sizeof info};

	if (progress(user) != HG_OK)
		return HG_EABORTED;
	hg_device_get_info(d, &info);
	if (info.simulated && strcmp(info.backend, "sim") == 0)
		return hg_sim_idle(d, seconds, NULL, NULL);
	pause_s(seconds);
	return HG_OK;
}

/** Runs the command, again if it ends early, and ends it when the time is over. */
static hg_err command_load(struct job *j, double seconds)
{
	int64_t end = child_now_ns() + (int64_t)(seconds * (double)SECOND_NS);
	const struct child_how how = {.argv = j->argv};

	while (child_now_ns() < end && !j->interrupted) {
		struct child c;

		if (child_start(j->cli, &how, &c) != EXIT_OK)
			return HG_EINVAL;
		(void)child_wait(&c, end);
		j->interrupted |= c.end.interrupted;
		if (!c.done) {
			child_kill(&c, SIGTERM);
			if (child_wait(&c, child_now_ns() + 5 * SECOND_NS)) {
				child_kill(&c, SIGKILL);
				(void)child_wait(&c, INT64_MAX);
			}
		}
	}
	return j->interrupted ? HG_EABORTED : HG_OK;
}

/* A hg_load_fn. */
static hg_err load(void *user, hg_device *d, double seconds)
{
	struct job *j = user;
	hg_device_info info = {.size = sizeof info};

	if (progress(j) != HG_OK)
		return HG_EABORTED;
	hg_device_get_info(d, &info);
	if (info.simulated && strcmp(info.backend, "sim") == 0)
		return simulated_load(j, d, seconds);
	return command_load(j, seconds);
}

/** What came of one device. */
struct result {
	hg_device_info info;
	hg_calibration found;
	hg_error text;
	hg_err rc;
};

static void calibrate(struct job *j, struct gauge *g, size_t i, double seconds, struct result *r)
{
	hg_calibrate_opts opts = {
		.size = sizeof opts, .idle = idle, .load = load, .user = j, .seconds = seconds};

	*r = (struct result){.info = gauge_info(g, i), .found = {.size = sizeof r->found}};
	j->device = r->info.spec;
	j->stretches = 0;
	if (!j->argv[0] && !(r->info.simulated && strcmp(r->info.backend, "sim") == 0))
		opts.load = NULL;
	r->rc = hg_meter_calibrate(g->meter, i, &opts, &r->found, &r->text);
}

static void period_cell(struct table *t, double seconds)
{
	char text[QUANTITY_TEXT];

	table_cell(t, "%s", seconds > 0 ? quantity_format(QUANTITY_TIME, seconds, text) : "-");
}

static void print_text(struct cli *cli, const struct result *r, size_t n, const char *path)
{
	char lag[QUANTITY_TEXT];
	struct table t;

	table_init(&t, "lrrrrrl");
	table_cell(&t, "device");
	table_cell(&t, "period");
	table_cell(&t, "jitter");
	table_cell(&t, "lag");
	table_cell(&t, "coverage");
	table_cell(&t, "read");
	table_cell(&t, "trust");
	for (size_t i = 0; i < n; i++) {
		const hg_sensor *s = &r[i].found.sensor;

		table_cell(&t, "%s%s", r[i].info.spec, r[i].info.simulated ? "*" : "");
		period_cell(&t, s->period_s);
		period_cell(&t, s->jitter_s);
		table_cell(&t, "%s",
			r[i].found.lag_found ? quantity_format(QUANTITY_TIME, s->lag_s, lag) : "-");
		if (s->coverage > 0)
			table_cell(&t, "%.0f %%", 100 * s->coverage);
		else
			table_cell(&t, "-");
		period_cell(&t, s->read_s);
		table_cell(&t, "%s%s%s", r[i].found.trusted ? "trusted" : "not trusted",
			r[i].text.text[0] ? ": " : "", r[i].text.text);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	for (size_t i = 0; i < n; i++)
		if (r[i].info.simulated) {
			buf_adds(&cli->out, "* simulated\n");
			break;
		}
	if (path)
		buf_addf(&cli->out, "Kept in %s\n", path);
}

static void result_json(struct json_out *j, const struct result *r)
{
	const hg_sensor *s = &r->found.sensor;

	json_open(j, '{', true);
	json_kv_string(j, "id", r->info.spec);
	json_kv_string(j, "uuid", r->info.uuid);
	json_kv_string(j, "driver", r->info.driver);
	json_kv_bool(j, "simulated", r->info.simulated != 0);
	json_kv_bool(j, "trusted", r->found.trusted != 0);
	json_kv_string(j, "reason", r->text.text);
	json_kv_number(j, "period_s", s->period_s > 0 ? s->period_s : (double)NAN);
	json_kv_number(j, "jitter_s", s->period_s > 0 ? s->jitter_s : (double)NAN);
	json_kv_number(j, "lag_s", r->found.lag_found ? s->lag_s : (double)NAN);
	json_kv_number(j, "lag_sd_s", r->found.lag_found ? s->lag_sd_s : (double)NAN);
	json_kv_number(j, "coverage", s->coverage > 0 ? s->coverage : (double)NAN);
	json_kv_number(j, "read_s", s->read_s > 0 ? s->read_s : (double)NAN);
	json_kv_number(j, "idle_w", r->found.idle_w);
	json_kv_number(j, "load_w", r->found.load_w);
	json_kv_number(j, "idle_ratio", r->found.idle_ratio);
	json_kv_number(j, "load_ratio", r->found.load_ratio);
	json_close(j, '}');
}

static void print_json(struct cli *cli, const struct result *r, size_t n, const char *path)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.calibrate/1");
	if (path)
		json_kv_string(&j, "file", path);
	json_key(&j, "devices");
	json_open(&j, '[', false);
	for (size_t i = 0; i < n; i++)
		result_json(&j, &r[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

/** Adds what was found to what is kept. @param path  set to NULL when nothing was to be kept */
static int keep(struct cli *cli, const struct result *r, size_t n, const char **path)
{
	hg_sensors *all = NULL;
	hg_error why = {""};
	hg_err err = hg_sensors_load(*path, &all, &why);
	size_t kept = 0;
	int rc = EXIT_OK;

	/* a file that cannot be read is somebody's data: never written over */
	for (size_t i = 0; err == HG_OK && i < n; i++) {
		if (r[i].rc != HG_OK || !r[i].info.uuid[0])
			continue;
		err = hg_sensors_set(all, r[i].info.uuid, r[i].info.driver, &r[i].found.sensor,
			r[i].text.text, &why);
		kept++;
	}
	if (err != HG_OK)
		rc = cli_input_error(cli, err, &why);
	else if (kept > 0)
		rc = sensors_write(cli, all, *path);
	else
		*path = NULL;
	hg_sensors_destroy(all);
	return rc;
}

static int calibrate_all(
	struct cli *cli, const struct args *args, struct job *j, struct gauge *g, const char *path)
{
	double seconds = args_number(args, "seconds", SECONDS_DEFAULT);
	struct result *r = calloc(g->n + 1, sizeof *r);
	int rc = EXIT_OK;
	size_t n = 0;

	if (!r)
		return cli_broken(cli, HG_ENOMEM);
	watch_begin(&j->watch, cli);
	for (; rc == EXIT_OK && n < g->n && !j->interrupted; n++) {
		calibrate(j, g, n, seconds, &r[n]);
		if (r[n].rc == HG_EINVAL || r[n].rc == HG_ENOMEM)
			rc = cli_input_error(cli, r[n].rc, &r[n].text);
	}
	watch_end(&j->watch);
	if (j->interrupted)
		rc = EXIT_INTERRUPTED;
	if (rc == EXIT_OK)
		rc = keep(cli, r, n, &path);
	if (rc == EXIT_OK && args_has(args, "json"))
		print_json(cli, r, n, path);
	else if (rc == EXIT_OK)
		print_text(cli, r, n, path);
	free(r);
	return rc;
}

static int open_all(struct cli *cli, const struct args *args, struct gauge *g)
{
	const char *specs[GAUGE_DEVICES + 1];
	size_t n = 0;
	int rc;

	for (; n <= GAUGE_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	rc = gauge_open(cli, specs, n, GAUGE_AS_NAMED, g);
	if (rc == EXIT_OK && g->n == 0)
		rc = cli_usage(
			cli, "no device here tells power or energy; 'hourglass doctor' says why");
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	char path[SENSORS_PATH];
	struct job j = {.cli = cli, .argv = args->operands};
	struct gauge gauge = {.n = 0};
	hg_error why = {""};
	hg_err err;
	int rc = EXIT_OK;

	if (args->n_operands > 0 && args->dashed != 0)
		return cli_usage(cli,
			"unexpected argument '%.80s': options, then --, then the command",
			args->operands[0]);
	if (!args_has(args, "output") && !sensors_path(path))
		return cli_usage(
			cli, "there is no home folder to keep the results in: give --output");
	rc = cli_check_beside(cli, args_text(args, "output", NULL));
	if (rc != EXIT_OK)
		return rc;
	err = hg_workload_load(
		args_text(args, "workload", "llm-prefill"), rig_data_dir(), &j.workload, &why);
	if (err != HG_OK)
		return cli_input_error(cli, err, &why);
	child_signals_keep();
	rc = open_all(cli, args, &gauge);
	if (rc == EXIT_OK)
		rc = calibrate_all(cli, args, &j, &gauge, args_text(args, "output", path));
	gauge_close(&gauge);
	hg_workload_destroy(j.workload);
	child_signals_let_go();
	return rc;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.path = "calibrate",
	.page = "hourglass-calibrate",
	.usage = "[-d SPEC...] [options] [-- LOAD [ARG...]]",
	.summary = "test energy counters, and keep what is learnt of them",
	.text = "Lets each device idle and then work, by the command LOAD, which should keep it\n"
		"busy, best on and off at random; a simulated one runs a workload. Without LOAD\n"
		"nothing is tested under load, and no counter gets trusted. Sets nothing.",
	.tables = {calibrate_options},
	.operand = OPERAND_SHELL,
	.operand_name = "a command",
	.max_operands = SIZE_MAX,
	.run = run,
};
