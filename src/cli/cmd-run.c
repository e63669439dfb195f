/* run: what a command costs; or a simulated job at the cheapest setting. */
#include <stdint.h>
#include <string.h>

#include "cmd.h"
#include "objective.h"
#include "run-command.h"
#include "run-job.h"

static const struct option run_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.text = "device to run on, or to measure; may be repeated"},
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

/* Options that belong to one of the two only. */
static const char *const of_jobs[] = {"workload", "units", "duration", "frontier", "compare",
	"trace", "min-energy", "min-time", "eta", "max-slowdown", "deadline", "budget", "knee",
	"max-power", "charge-waiting"};

static int check_command(struct cli *cli, const struct args *args)
{
	if (args->dashed != 0)
		return cli_usage(cli,
			"unexpected argument '%.80s': options, then --, then the command",
			args->operands[0]);
	for (size_t i = 0; i < sizeof of_jobs / sizeof of_jobs[0]; i++)
		if (args_has(args, of_jobs[i]))
			return cli_usage(
				cli, "--%s goes with --workload, not with a command", of_jobs[i]);
	return EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	int rc;

	if (args->n_operands > 0) {
		rc = check_command(cli, args);
		return rc == EXIT_OK ? run_command_measured(cli, args) : rc;
	}
	if (args->dashed != SIZE_MAX)
		return cli_usage(cli, "there is no command after --");
	for (const struct option *o = run_command_options; o->name; o++)
		if (args_has(args, o->name))
			return cli_usage(cli, "--%s goes with a command after --", o->name);
	return run_job(cli, args);
}

const struct command cmd_run = {
	.name = "run",
	.path = "run",
	.page = "hourglass-run",
	.usage = "[options] -- CMD [ARG...]",
	.summary = "measure what a command costs, or run a simulated job at the cheapest setting",
	.text = "With -- CMD: energy and time of the command and all processes it starts, with\n"
		"bounds; the report goes to standard error or --output, the exit status is that\n"
		"of CMD (128 + n after signal n; 126 not executable, 127 not found, 125 ours).\n"
		"\n"
		"With --workload: exactly one out of --min-energy, --min-time, --eta,\n"
		"--max-slowdown, --deadline, --budget, --knee; a deadline or budget is that of\n"
		"the whole job. Exit status 3: no setting meets it; nothing was run.",
	.tables = {run_options, objective_options, run_command_options},
	.operand = OPERAND_SHELL,
	.operand_name = "a command",
	.max_operands = SIZE_MAX,
	.run = run,
};
