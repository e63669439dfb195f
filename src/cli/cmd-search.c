/* search: the joint frontier of many knobs, with few measurements. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/file-log.h"
#include "core/file.h"
#include "load.h"
#include "search-job.h"
#include "term.h"

static const struct option search_options[] = {
	{.name = "measure",
		.abbr = 'm',
		.kind = OPTION_TEXT,
		.value = "CMD",
		.text = "shell command that measures the setting in HG_NAME=VALUE"},
	{.name = "table",
		.abbr = 't',
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "replay: what each setting costs is in this table"},
	{.name = "timeout",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1e-3,
		.max = 1e9,
		.value = "TIME",
		.fallback = "none",
		.text = "a measurement that takes longer has failed"},
	{.name = "parallel",
		.abbr = 'p',
		.kind = OPTION_COUNT,
		.min = 1,
		.max = SEARCH_AT_ONCE,
		.value = "N",
		.fallback = "1",
		.text = "measurements at once"},
	{.name = "give-up",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.fallback = "16",
		.text = "end after so many failures in a row"},
	{.name = "epsilon",
		.abbr = 'e',
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 1e-6,
		.max = 1e3,
		.value = "RATIO",
		.fallback = "2%",
		.text = "stop when nothing better by more than that is left"},
	{.name = "confidence",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 1e-9,
		.max = 0.999999999,
		.value = "RATIO",
		.fallback = "98%",
		.text = "how sure of that"},
	{.name = "max",
		.abbr = 'n',
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.text = "measure at most so many settings, failures and those of the log included"},
	{.name = "log",
		.abbr = 'l',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "keep every result there, and go on from what it holds"},
	{.name = "prior",
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "predictions of time, energy and their deviation (rsd) for each setting"},
	{.name = "kin",
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "what other workloads cost with the same knobs"},
	{.name = "policy",
		.kind = OPTION_TEXT,
		.value = "cover|ehvi|random",
		.fallback = "cover",
		.text = "how the next setting is chosen"},
	{.name = "seed",
		.kind = OPTION_COUNT,
		.max = 9007199254740991.0,
		.value = "N",
		.fallback = "1",
		.text = "of all random numbers"},
	{.name = "plot",
		.kind = OPTION_FLAG,
		.text = "plot the frontier in the terminal, as frontier plot does"},
	{.name = NULL},
};

static int read_opts(struct cli *cli, const struct args *args, hg_search_opts *o)
{
	const char *policy = args_text(args, "policy", "cover");

	*o = (hg_search_opts){.size = sizeof *o,
		.seed = (uint64_t)args_number(args, "seed", 1),
		.epsilon = args_number(args, "epsilon", 0),
		.confidence = args_number(args, "confidence", 0),
		.max_measured = (uint32_t)args_number(args, "max", 0)};
	while (strcmp(policy, hg_search_policy_name(o->policy)) != 0)
		if (++o->policy > HG_SEARCH_RANDOM)
			return cli_usage(
				cli, "--policy %.40s: must be cover, ehvi or random", policy);
	return EXIT_OK;
}

static int check(struct cli *cli, const struct args *args)
{
	static const char *const measured[] = {"timeout", "parallel", "give-up"};

	if (args_has(args, "measure") == args_has(args, "table"))
		return cli_usage(cli, "give either --measure CMD or --table CSV");
	if (args_has(args, "prior") && args_has(args, "kin"))
		return cli_usage(cli, "--prior and --kin exclude each other: give one");
	if (args_has(args, "plot") && args_has(args, "json"))
		return cli_usage(cli, "--plot and --json exclude each other: give one");
	if (args_has(args, "plot") && strcmp(args_text(args, "output", "-"), "-") == 0)
		return cli_usage(cli, "--plot needs -o FILE: standard output is the frontier's");
	for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
		if (args_has(args, "table") && args_has(args, measured[i]))
			return cli_usage(cli, "--%s goes with --measure", measured[i]);
	return EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	struct search_job *job = NULL;
	hg_search_opts opts;
	int rc = check(cli, args);

	if (rc == EXIT_OK)
		rc = cli_check_beside(cli, args_text(args, "output", NULL));
	if (rc == EXIT_OK)
		rc = read_opts(cli, args, &opts);
	if (rc == EXIT_OK)
		rc = search_job_open(cli, args, &opts, &job);
	if (rc == EXIT_OK)
		rc = search_job_run(job);
	if (job && (rc == EXIT_OK || rc == EXIT_INTERRUPTED))
		rc = search_job_report(job, rc);
	search_job_close(job);
	return rc;
}

const struct command cmd_search = {
	.name = "search",
	.path = "search",
	.page = "hourglass-search",
	.usage = "SPACE.json --measure CMD|--table CSV [options]",
	.summary = "find the joint frontier of many knobs with few measurements",
	.text = "CMD gets the values of the knobs in HG_NAME, such as HG_BATCH_SIZE, and prints\n"
		"{\"time_s\": ..., \"energy_j\": ...}. If it fails, its setting is left out; output\n"
		"that is no result is tried once more.\n"
		"Exit status 3: nothing could be measured.",
	.tables = {search_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "SPACE.json",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
