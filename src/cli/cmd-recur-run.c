/* recur run -- CMD: one training that comes again, measured, reported, stopped and begun anew. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "cmd.h"
#include "core/number.h"
#include "gauge.h"
#include "recur-pilots.h"
#include "recur-setting.h"
#include "steps.h"

#define LEASE_S    120.0
#define GRACE_S    30.0
#define ATTEMPTS   10
#define SECOND_NS  INT64_C(1000000000)
#define METRIC_ENV "HOURGLASS_METRIC_FD"
/* The edge that covers a moment comes within so many periods of the counter. */
#define FINAL_PERIODS 4.0
#define FINAL_EXTRA_S 0.5

static const char *const setters[] = {"hourglass", "command", NULL};

static const struct option run_options[] = {
	{.name = "metric-from",
		.kind = OPTION_TEXT,
		.value = "fd|regex:RE",
		.fallback = "fd",
		.text = "where CMD tells its metric: see hourglass-recur(1)"},
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.fallback = "all that tell energy",
		.text = "devices whose energy counts"},
	{.name = "attempts",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1000,
		.value = "N",
		.fallback = "10",
		.text = "how often to begin anew where a training is stopped"},
	{.name = "grace",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 0,
		.max = 86400,
		.value = "TIME",
		.fallback = "30 s",
		.text = "from SIGTERM to SIGKILL; a training that is done has as long to end"},
	{.name = "lease",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1,
		.max = 86400,
		.value = "TIME",
		.fallback = "2 min",
		.text = "if this command dies, its trial counts as killed after so long"},
	{.name = "set-by",
		.kind = OPTION_CHOICE,
		.choices = setters,
		.value = "hourglass|command",
		.fallback = "hourglass",
		.text = "who puts the setting of a batch size in force, where there are frontiers"},
	{.name = NULL},
};

/** One training and what is told of it. */
struct training {
	struct cli *cli;
	struct store *store;
	const char *job;
	struct store_spec spec;
	struct gauge gauge;
	struct recur_setting setting;
	struct steps steps;
	struct store_trial trial;
	int64_t begin_ns, mark_ns; /* of CLOCK_MONOTONIC, of the meter */
	int64_t beat_ns;           /* when a sign of life is due */
	int64_t lease_ms, grace_ns;
	int64_t kill_ns; /* what is to end by then is killed; 0: nothing is to end */
	double epochs;   /* told */
	bool stop;       /* it is to end */
	bool termed;     /* and was told so */
	bool reached;
	int failed; /* exit code of what went wrong with the store */
};

/* ----- energy */

/* Of all devices since the training began; NAN where one has no figure, or there are none. */
static double energy_until(struct training *t, int64_t now)
{
	double sum = 0;

	for (size_t d = 0; d < t->gauge.n; d++) {
		hg_energy e = {.size = sizeof e};

		if (!t->gauge.summed[d])
			continue;
		if (hg_meter_energy(t->gauge.meter, d, t->mark_ns, now,
			    HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL, &e, NULL) != HG_OK)
			return (double)NAN;
		sum += e.joules;
	}
	return sum;
}

/* A counter says nothing yet of a training that has just begun: it is given a few periods. */
static double energy_j(struct training *t)
{
	double wait_s = FINAL_PERIODS * gauge_period(&t->gauge) + FINAL_EXTRA_S, joules;
	int64_t now;

	if (!t->gauge.meter)
		return (double)NAN;
	now = hg_meter_mark(t->gauge.meter);
	joules = energy_until(t, now);
	if (isnan(joules) && hg_meter_wait_final(t->gauge.meter, now, wait_s, NULL) == HG_OK)
		joules = energy_until(t, now);
	return joules;
}

/* ----- what the training tells */

static void to_end(struct training *t, bool at_once)
{
	t->stop = true;
	t->kill_ns = child_now_ns() + t->grace_ns;
	if (at_once) {
		child_kill(&t->steps.child, SIGTERM);
		t->termed = true;
	}
}

static void take_answer(struct training *t, const struct desk_answer *a)
{
	recur_note_flags(t->cli, a->flags & ~STORE_LATE);
	t->trial = a->trial;
	t->reached = a->trial.t.state == HG_RECUR_REACHED;
	/* one that is done may still write its result */
	if (!a->go_on && !t->stop)
		to_end(t, !t->reached);
}

static void report(struct training *t, double epochs, double metric)
{
	double time_s = 1e-9 * (double)(child_now_ns() - t->begin_ns);
	const hg_recur_report r = {.size = sizeof r,
		.epochs = epochs,
		.metric = metric,
		.energy_j = energy_j(t),
		.time_s = time_s};
	uint32_t extra = gauge_simulated(&t->gauge) && !isnan(r.energy_j) ? STORE_SIMULATED : 0;
	struct desk_answer a;
	hg_error why = {""};
	hg_err err = desk_report(t->store, t->job, t->trial.number, &r, extra, &a, &why);

	if (err == HG_OK) {
		/* reports count from the start, so this one says what those before it would have */
		t->failed = EXIT_OK;
		take_answer(t, &a);
		t->beat_ns = child_now_ns() + t->lease_ms * 1000000 / 3;
	} else if (t->failed == EXIT_OK) {
		/* the training goes on: what it has cost is worth more than our book-keeping */
		t->failed = recur_error(t->cli, err, &why);
	}
}

/** A steps_line_fn: "METRIC" after one epoch more, or "EPOCH METRIC". */
static void take_line(void *user, const struct slice *words, size_t n)
{
	struct training *t = user;
	double epochs = t->epochs + 1, metric = (double)NAN;
	struct slice value = words[n - 1];

	if (n == 2 && !double_parse(words[0].text, words[0].len, true, &epochs)) {
		cli_note(t->cli, "'%.*s' is no number of epochs", (int)words[0].len, words[0].text);
		return;
	}
	/* "nan" is what a training says that has diverged */
	if (!double_parse(value.text, value.len, true, &metric))
		metric = (double)NAN;
	if (t->stop)
		return;
	t->epochs = epochs;
	report(t, epochs, metric);
}

static void beat(struct training *t)
{
	struct desk_answer a;
	hg_error why = {""};
	hg_err err = desk_beat(t->store, t->job, t->trial.number, &a, &why);

	t->beat_ns = child_now_ns() + t->lease_ms * 1000000 / 3;
	if (err != HG_OK)
		cli_note(t->cli, "%s", why.text);
	else if (!t->stop)
		take_answer(t, &a);
}

/* ----- one training */

static struct steps_how steps_by(struct training *t, const struct args *args)
{
	return (struct steps_how){.option = "--metric-from",
		.from = args_text(args, "metric-from", "fd"),
		.fd_env = METRIC_ENV,
		.argv = args->operands + 1,
		.line = take_line,
		.user = t};
}

static int start(struct training *t, const struct args *args)
{
	char size[64], trial[STORE_NAME + 64], job[STORE_NAME + 32], epochs[64];
	char setting[STORE_SETTING + 32];
	const char *env[] = {size, trial, job, epochs, setting, NULL};
	struct steps_how how = steps_by(t, args);

	how.env = env;
	(void)snprintf(size, sizeof size, "HOURGLASS_BATCH_SIZE=%u", t->trial.t.batch_size);
	(void)snprintf(
		trial, sizeof trial, "HOURGLASS_TRIAL=%s:%lld", t->job, (long long)t->trial.number);
	(void)snprintf(job, sizeof job, "HOURGLASS_JOB=%s", t->job);
	(void)snprintf(epochs, sizeof epochs, "HOURGLASS_MAX_EPOCHS=%u", t->trial.max_epochs);
	(void)snprintf(setting, sizeof setting, "HOURGLASS_SETTING=%s",
		store_spec_setting(&t->spec, t->trial.t.batch_size));
	t->begin_ns = child_now_ns();
	t->mark_ns = t->gauge.meter ? hg_meter_mark(t->gauge.meter) : 0;
	t->beat_ns = t->begin_ns + t->lease_ms * 1000000 / 3;
	t->epochs = 0;
	t->kill_ns = 0;
	t->stop = t->termed = t->reached = false;
	return steps_begin(t->cli, &how, &t->steps);
}

static void what_is_due(struct training *t)
{
	int64_t now = child_now_ns();

	if (now >= t->beat_ns)
		beat(t);
	if (!t->stop || now < t->kill_ns)
		return;
	child_kill(&t->steps.child, t->termed ? SIGKILL : SIGTERM);
	t->termed = true;
	t->kill_ns = now + t->grace_ns;
}

/* Whatever has become of it, the store is told. */
static void close_trial(struct training *t, const struct child_end *end)
{
	bool died = end->code != 0 || end->interrupted;
	struct desk_answer a;
	hg_error why = {""};
	hg_err err;

	if (t->trial.t.state != HG_RECUR_RUNNING)
		return;
	err = desk_end(t->store, t->job, t->trial.number,
		died && !t->stop ? HG_RECUR_KILLED : HG_RECUR_STOPPED, &a, &why);
	if (err == HG_OK)
		t->trial = a.trial;
	else if (t->failed == EXIT_OK)
		t->failed = recur_error(t->cli, err, &why);
}

static int attempt(struct training *t, const struct args *args, struct child_end *end)
{
	const struct recur_asks asks = {.store = t->store,
		.job = t->job,
		.lease_ms = t->lease_ms,
		.pilots = (uint32_t)args_number(args, "pilots", 0),
		.wait_s = INFINITY};
	char cost[QUANTITY_TEXT];
	const char *setting;
	int rc = recur_ask(t->cli, &asks, &t->trial);

	if (rc != EXIT_OK)
		return rc;
	setting = store_spec_setting(&t->spec, t->trial.t.batch_size);
	cli_note(t->cli, "trial %s:%lld: batch size %u%s%s", t->job, (long long)t->trial.number,
		t->trial.t.batch_size, setting[0] ? ", setting " : "", setting);
	(void)recur_setting_apply(t->cli, &t->gauge, setting, &t->setting);
	rc = start(t, args);
	while (rc == EXIT_OK && steps_step(&t->steps))
		what_is_due(t);
	*end = t->steps.child.end;
	steps_finish(&t->steps);
	if (rc != EXIT_OK)
		end->code = rc;
	close_trial(t, end);
	if (t->trial.t.energy_j > 0)
		cli_note(t->cli, "trial %s:%lld: %s after %g epochs, %s%s", t->job,
			(long long)t->trial.number, hg_recur_state_name(t->trial.t.state),
			t->trial.t.epochs,
			quantity_format(QUANTITY_ENERGY, t->trial.t.energy_j, cost),
			t->trial.t.flags & STORE_SIMULATED ? " (simulated)" : "");
	else
		cli_note(t->cli, "trial %s:%lld: %s after %g epochs, energy unknown", t->job,
			(long long)t->trial.number, hg_recur_state_name(t->trial.t.state),
			t->trial.t.epochs);
	return rc;
}

static int outcome(struct training *t, const struct child_end *end, unsigned left, bool *again)
{
	*again = false;
	if (t->failed != EXIT_OK)
		return t->failed;
	if (t->reached)
		return EXIT_OK;
	if (end->interrupted)
		return end->code ? end->code : EXIT_INTERRUPTED;
	/* the engine gave it up, or its last epoch came */
	*again = t->stop && left > 0;
	if (t->stop && !*again)
		cli_note(t->cli, "no attempts are left; the target was not reached");
	if (!t->stop && end->code == 0)
		cli_note(t->cli, "the command ended before its target was reached");
	return t->stop || end->code == 0 ? EXIT_FALSE : end->code;
}

static int train(struct training *t, const struct args *args)
{
	unsigned left = (unsigned)args_number(args, "attempts", ATTEMPTS);
	struct child_end end = {.code = 0};
	bool again = true;
	int rc = EXIT_OK;

	while (again) {
		rc = attempt(t, args, &end);
		if (rc != EXIT_OK)
			return rc;
		rc = outcome(t, &end, --left, &again);
	}
	return rc;
}

/* What the job is does not change. */
static int read_spec(struct training *t)
{
	struct desk d;
	hg_error why = {""};
	hg_err err = desk_read(t->store, t->job, &d, &why);

	t->spec = d.job.spec;
	desk_finish(&d);
	return err == HG_OK ? EXIT_OK : recur_error(t->cli, err, &why);
}

/* Devices and their settings. */
static int open_devices(struct training *t, const struct args *args)
{
	const char *specs[GAUGE_DEVICES + 1];
	bool sets = strcmp(args_text(args, "set-by", setters[0]), setters[0]) == 0, any = false;
	size_t n = 0;
	int rc;

	for (; n <= GAUGE_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	rc = gauge_open(t->cli, specs, n, 0, &t->gauge);
	if (rc != EXIT_OK)
		return rc;
	if (t->gauge.meter)
		(void)hg_meter_begin(t->gauge.meter);
	else
		cli_note(t->cli, "no device tells energy: 'hourglass doctor' says why");
	for (uint32_t i = 0; i < t->spec.n_sizes; i++)
		any |= t->spec.epochs[i].setting[0] != '\0';
	return sets && any ? recur_setting_open(t->cli, &t->gauge, &t->setting) : EXIT_OK;
}

static int run_run(struct cli *cli, const struct args *args)
{
	struct training t = {.cli = cli, .job = args->operands[0]};
	const struct steps_how how = steps_by(&t, args);
	int rc;

	if (args->dashed != 1)
		return cli_usage(cli, "expected one JOB before --; usage: hourglass %s %s",
			cli->cmd->path, cli->cmd->usage);
	rc = steps_check(cli, &how);
	if (rc != EXIT_OK)
		return rc;
	t.lease_ms = (int64_t)(args_number(args, "lease", LEASE_S) * 1000);
	t.grace_ns = (int64_t)(args_number(args, "grace", GRACE_S) * 1e9);
	child_signals_keep();
	rc = recur_open(cli, args, OPEN_WRITE, &t.store);
	if (rc == EXIT_OK)
		rc = read_spec(&t);
	if (rc == EXIT_OK)
		rc = open_devices(&t, args);
	if (rc == EXIT_OK)
		rc = train(&t, args);
	if (!recur_setting_close(cli, &t.setting) && rc == EXIT_OK)
		rc = EXIT_BROKEN;
	gauge_close(&t.gauge);
	store_close(t.store);
	child_signals_let_go();
	return rc;
}

const struct command cmd_recur_run = {
	.name = "run",
	.path = "recur run",
	.page = "hourglass-recur",
	.usage = "JOB [options] -- CMD [ARGUMENT...]",
	.summary = "run a training with the batch size that is due, until its target",
	.text = "CMD finds its batch size in HOURGLASS_BATCH_SIZE, and after each epoch writes "
		"\"METRIC\" or\n\"EPOCH METRIC\" as a line to the descriptor in "
		"HOURGLASS_METRIC_FD.",
	.tables = {run_options, recur_pilots_options, recur_store_options},
	.operand_name = "JOB or CMD",
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.run = run_run,
};
