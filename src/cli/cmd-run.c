/* run: what a command costs; a command tuned while it runs; or a simulated job at the cheapest
 * setting. */
#include <stdint.h>
#include <string.h>

#include "cmd.h"
#include "objective.h"
#include "run-command.h"
#include "run-job.h"
#include "run-tune.h"

static const struct option run_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.text = "device to run on, or to measure"},
	{.name = "workload",
		.abbr = 'w',
		.kind = OPTION_WORKLOAD,
		.value = "NAME|FILE",
		.text = "work to do; 'hourglass list' names what there is"},
	{.name = "units",
		.abbr = 'n',
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e12,
		.value = "N",
		.text = "units of work in the job"},
	{.name = "duration",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 1e9,
		.value = "TIME",
		.fallback = "1 h",
		.text = "as many units as the fastest setting does in this time"},
	{.name = "frontier",
		.abbr = 'f',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "frontier of one device; without it, profile first"},
	{.name = "compare", .kind = OPTION_FLAG, .text = "run the job at the default setting too"},
	{.name = "trace",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "write power over time there, as CSV"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "write the report there"},
	{.name = NULL},
};

/* Options that belong to a workload only. */
static const char *const of_jobs[] = {
	"workload", "units", "duration", "frontier", "compare", "trace", "charge-waiting"};

/* The first option of a table that is given, or NULL. */
static const char *first_of(const struct args *args, const struct option *table)
{
	for (const struct option *o = table; o->name; o++)
		if (args_has(args, o->name))
			return o->name;
	return NULL;
}

static int check_command(struct cli *cli, const struct args *args)
{
	const char *objective = first_of(args, objective_options);
	const char *tuning = first_of(args, run_tune_options);
	const char *grouped = first_of(args, tune_group_options);
	const char *measuring = first_of(args, run_command_options);

	if (args->dashed != 0)
		return cli_usage(cli,
			"unexpected argument '%.80s': options, then --, then the command",
			args->operands[0]);
	for (size_t i = 0; i < sizeof of_jobs / sizeof of_jobs[0]; i++)
		if (args_has(args, of_jobs[i]))
			return cli_usage(
				cli, "--%s goes with --workload, not with a command", of_jobs[i]);
	if (objective && !args_has(args, "steps-from"))
		return cli_usage(cli,
			"--%s tunes a command by its steps: --steps-from says where it tells them",
			objective);
	tuning = tuning ? tuning : grouped;
	if (tuning && !objective)
		return cli_usage(
			cli, "--%s goes with an objective, such as --max-slowdown 10%%", tuning);
	if (objective && measuring)
		return cli_usage(cli, "--%s measures a command, --%s tunes it: give one", measuring,
			objective);
	return EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *alone;
	int rc;

	if (args->n_operands > 0) {
		rc = check_command(cli, args);
		if (rc != EXIT_OK)
			return rc;
		return args_has(args, "steps-from") ? run_command_tuned(cli, args)
						    : run_command_measured(cli, args);
	}
	if (args->dashed != SIZE_MAX)
		return cli_usage(cli, "there is no command after --");
	alone = first_of(args, run_command_options);
	if (!alone)
		alone = first_of(args, run_tune_options);
	if (!alone)
		alone = first_of(args, tune_group_options);
	if (alone)
		return cli_usage(cli, "--%s goes with a command after --", alone);
	if (!args_has(args, "device") && !args_has(args, "workload"))
		return cli_usage(cli, "a command after -- is missing, or --device and --workload");
	return run_job(cli, args);
}

const struct command cmd_run = {
	.name = "run",
	.path = "run",
	.page = "hourglass-run",
	.usage = "[OBJECTIVE --steps-from WHERE] [options] -- CMD [ARG...]",
	.summary = "measure what a command costs, or tune it while it runs",
	.text = "With -- CMD: energy and time of the command and all processes it starts, with\n"
		"bounds; the report goes to standard error or --output, the exit status is that\n"
		"of CMD (128 + n after signal n; 126 not executable, 127 not found, 125 ours).\n"
		"\n"
		"With an objective and --steps-from too: CMD is tuned by its steps while it runs,\n"
		"and the knobs are put back whatever happens.\n"
		"\n"
		"With --workload: exactly one out of --min-energy, --min-time, --eta,\n"
		"--max-slowdown, --deadline, --budget, --knee; a deadline or budget is that of\n"
		"the whole job. Exit status 3: no setting meets it; nothing was run.",
	.tables = {run_options, objective_options, run_command_options, run_tune_options,
		tune_group_options},
	.operand = OPERAND_SHELL,
	.operand_name = "a command",
	.max_operands = SIZE_MAX,
	.run = run,
};
