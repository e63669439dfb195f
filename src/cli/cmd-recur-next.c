/* recur next, report, end: what a training says and asks. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "cmd.h"
#include "recur-pilots.h"

#define LEASE_S 86400.0

static const struct option next_options[] = {
	{.name = "lease",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1,
		.max = 31536000,
		.value = "TIME",
		.fallback = "1 d",
		.text = "without a report for so long, the trial counts as killed"},
	{.name = "wait",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 0,
		.max = 31536000,
		.value = "TIME",
		.fallback = "0 s",
		.text = "with --pilots: ask again for so long before giving up"},
	{.name = NULL},
};

static const struct option report_options[] = {
	{.name = "epoch",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.value = "K",
		.text = "epochs done since the start"},
	{.name = "metric",
		.kind = OPTION_TEXT,
		.value = "V",
		.text = "the target's metric after them"},
	{.name = "energy",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_ENERGY,
		.value = "J",
		.text = "energy since the start"},
	{.name = "time",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.value = "S",
		.text = "time since the start"},
	{.name = NULL},
};

static const struct option end_options[] = {
	{.name = "killed", .kind = OPTION_FLAG, .text = "it died; without this it was stopped"},
	{.name = NULL},
};

/* ----- next */

static void say_next(struct cli *cli, const struct args *args, const struct store_job *job,
	const struct store_trial *t)
{
	const char *setting = store_spec_setting(&job->spec, t->t.batch_size);
	struct json_out j;

	if (!args_has(args, "json")) {
		buf_addf(&cli->out, "%u %s:%lld%s%s\n", t->t.batch_size, t->job,
			(long long)t->number, setting[0] ? " " : "", setting);
		return;
	}
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-next/1");
	recur_trial_json(&j, &job->spec, t);
	json_kv_number(&j, "lease_s", (double)t->lease_ms / 1000);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void say_wait(struct cli *cli, const struct args *args)
{
	struct json_out j;

	if (!args_has(args, "json"))
		return;
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-next/1");
	json_kv_bool(&j, "wait", true);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int run_next(struct cli *cli, const struct args *args)
{
	struct recur_asks asks = {.job = args->operands[0],
		.lease_ms = (int64_t)(args_number(args, "lease", LEASE_S) * 1000),
		.pilots = (uint32_t)args_number(args, "pilots", 0),
		.wait_s = args_number(args, "wait", 0)};
	struct store_trial t;
	struct desk d;
	hg_error why = {""};
	int rc = recur_open(cli, args, OPEN_WRITE, &asks.store);

	if (rc != EXIT_OK)
		return rc;
	memset(&d, 0, sizeof d);
	child_signals_keep();
	rc = recur_ask(cli, &asks, &t);
	child_signals_let_go();
	if (rc == EXIT_OK) {
		hg_err err = desk_read(asks.store, asks.job, &d, &why);

		if (err == HG_OK)
			say_next(cli, args, &d.job, &t);
		else
			rc = recur_error(cli, err, &why);
	}
	if (rc == EXIT_INFEASIBLE)
		say_wait(cli, args);
	desk_finish(&d);
	store_close(asks.store);
	return rc;
}

/* ----- report and end */

static void say_answer(
	struct cli *cli, const struct args *args, const char *schema, const struct desk_answer *a)
{
	struct json_out j;

	recur_note_flags(cli, a->flags);
	if (!args_has(args, "json")) {
		buf_adds(&cli->out, a->go_on ? "continue\n" : "stop\n");
		return;
	}
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", schema);
	json_kv_string(&j, "answer", a->go_on ? "continue" : "stop");
	json_kv_string(&j, "state", hg_recur_state_name(a->trial.t.state));
	json_kv_number(&j, "epochs", a->trial.t.epochs);
	json_key(&j, "flagged");
	recur_flags_json(&j, a->flags);
	json_kv_number(&j, "spent_j", a->check.size ? a->check.spent_j : (double)NAN);
	json_kv_number(&j, "bound_j", a->check.size ? a->check.bound_j : (double)NAN);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int read_report(struct cli *cli, const struct args *args, hg_recur_report *r)
{
	const char *metric = args_text(args, "metric", NULL);
	hg_error why = {""};

	*r = (hg_recur_report){.size = sizeof *r,
		.epochs = args_number(args, "epoch", (double)NAN),
		.metric = (double)NAN,
		.energy_j = args_number(args, "energy", (double)NAN),
		.time_s = args_number(args, "time", (double)NAN)};
	if (isnan(r->epochs))
		return cli_usage(cli, "--epoch is missing; usage: hourglass %s %s", cli->cmd->path,
			cli->cmd->usage);
	/* trainings diverge: that is a report too */
	if (!metric || strcmp(metric, "nan") == 0 || strcmp(metric, "NaN") == 0 ||
		strcmp(metric, "inf") == 0 || strcmp(metric, "-inf") == 0)
		return EXIT_OK;
	if (quantity_parse(QUANTITY_NUMBER, metric, "--metric", &r->metric, &why) != HG_OK)
		return cli_usage(cli, "%s", why.text);
	return EXIT_OK;
}

static int run_report(struct cli *cli, const struct args *args)
{
	char job[STORE_NAME];
	hg_recur_report r;
	struct desk_answer a;
	struct store *s;
	int64_t number;
	hg_error why = {""};
	hg_err err;
	int rc = read_report(cli, args, &r);

	if (rc == EXIT_OK && store_trial_id(args->operands[0], job, &number, &why) != HG_OK)
		rc = cli_usage(cli, "%s", why.text);
	if (rc == EXIT_OK)
		rc = recur_open(cli, args, OPEN_WRITE, &s);
	if (rc != EXIT_OK)
		return rc;
	err = desk_report(s, job, number, &r, 0, &a, &why);
	if (err == HG_OK)
		say_answer(cli, args, "hourglass.recur-report/1", &a);
	else
		rc = recur_error(cli, err, &why);
	store_close(s);
	return rc;
}

static int run_end(struct cli *cli, const struct args *args)
{
	char job[STORE_NAME];
	struct desk_answer a;
	struct store *s;
	int64_t number;
	hg_error why = {""};
	hg_err err;
	int rc = EXIT_OK;

	if (store_trial_id(args->operands[0], job, &number, &why) != HG_OK)
		return cli_usage(cli, "%s", why.text);
	rc = recur_open(cli, args, OPEN_WRITE, &s);
	if (rc != EXIT_OK)
		return rc;
	err = desk_end(s, job, number,
		args_has(args, "killed") ? HG_RECUR_KILLED : HG_RECUR_STOPPED, &a, &why);
	if (err != HG_OK)
		rc = recur_error(cli, err, &why);
	else if (args_has(args, "json"))
		say_answer(cli, args, "hourglass.recur-end/1", &a);
	else
		buf_addf(&cli->out, "%s\n", hg_recur_state_name(a.trial.t.state));
	store_close(s);
	return rc;
}

const struct command cmd_recur_next = {
	.name = "next",
	.path = "recur next",
	.page = "hourglass-recur",
	.usage = "JOB [--lease TIME] [--pilots N] [options]",
	.summary = "the batch size to train with now, and the trial to report to",
	.tables = {next_options, recur_pilots_options, recur_store_options},
	.operand_name = "JOB",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_next,
};

const struct command cmd_recur_report = {
	.name = "report",
	.path = "recur report",
	.page = "hourglass-recur",
	.usage = "TRIAL --epoch K --metric V [--energy J] [--time S] [options]",
	.summary = "say how far a trial is; the answer is continue or stop",
	.tables = {report_options, recur_store_options},
	.operand_name = "TRIAL",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_report,
};

const struct command cmd_recur_end = {
	.name = "end",
	.path = "recur end",
	.page = "hourglass-recur",
	.usage = "TRIAL [--killed] [options]",
	.summary = "say that a trial has ended before its target",
	.tables = {end_options, recur_store_options},
	.operand_name = "TRIAL",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_end,
};
