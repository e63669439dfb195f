/* recur simulate: recorded trainings under a policy. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "home.h"
#include "recur-policy.h"
#include "recur-simulate.h"
#include "term.h"

#define TRACE_BYTES ((size_t)64 << 20)
#define MOST_JOBS   1000
#define MOST_TABLES 100

static const char *const arrival_names[] = {
	[SIM_TOGETHER] = "together", [SIM_STAGGERED] = "staggered", NULL};

/* The trainings of Zeus's tables, with the targets and defaults of its own replays. */
static const struct sim_spec known_jobs[] = {
	{.job = "cifar100/shufflenetv2/adadelta",
		.target = 0.6,
		.max_epochs = 100,
		.default_size = 1024},
	{.job = "imagenet/resnet50/adadelta",
		.target = 0.65,
		.max_epochs = 100,
		.default_size = 256},
	{.job = "librispeech/deepspeech2/adamw",
		.target = 40,
		.max_epochs = 16,
		.default_size = 256},
	{.job = "movielens-1m/ncf/adam", .target = 0.41, .max_epochs = 100, .default_size = 1024},
	{.job = "squad/bert_base_uncased/adamw", .target = 84, .max_epochs = 6, .default_size = 32},
	{.job = "sentiment140/bert_base_uncased/adamw",
		.target = 0.84,
		.max_epochs = 10,
		.default_size = 128},
};
#define KNOWN_JOBS (sizeof known_jobs / sizeof *known_jobs)

static const struct option data_options[] = {
	{.name = "train",
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "runs: when each reached which level of its metric"},
	{.name = "power",
		.kind = OPTION_FILE,
		.repeat = true,
		.value = "CSV",
		.text = "what an epoch costs at each power limit; once for each device"},
	{.name = "job",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "DATASET/NETWORK/OPTIMIZER",
		.fallback = "all",
		.text = "which training; all: those of Zeus's tables"},
	{.name = "target",
		.kind = OPTION_TEXT,
		.value = "METRIC",
		.fallback = "Zeus's for its own trainings",
		.text = "level of the metric, as it stands in the table"},
	{.name = "max-epochs",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.fallback = "Zeus's for its own trainings",
		.text = "a run ends after so many"},
	{.name = "default",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 4e9,
		.value = "B",
		.fallback = "Zeus's for its own trainings",
		.text = "batch size to begin with, or the next smaller one there is"},
	{.name = NULL},
};

static const struct option told_options[] = {
	{.name = "known-costs",
		.kind = OPTION_FLAG,
		.text = "the policy is given the cost of an epoch of every size"},
	{.name = "blind",
		.kind = OPTION_FLAG,
		.text = "the policy is told of a metric only when it has reached the target"},
	{.name = NULL},
};

static const struct option run_options[] = {
	{.name = "recurrences",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.fallback = "60",
		.text = "trainings in a row"},
	{.name = "seeds",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e7,
		.value = "K",
		.fallback = "100",
		.text = "replays, over which means are taken"},
	{.name = "seed",
		.kind = OPTION_COUNT,
		.max = 9e15,
		.value = "S",
		.fallback = "1",
		.text = "of the first replay"},
	{.name = "concurrent",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = HG_RECUR_MAX_SIZES,
		.value = "C",
		.fallback = "1",
		.text = "trainings in flight"},
	{.name = "arrivals",
		.kind = OPTION_CHOICE,
		.choices = arrival_names,
		.value = "together|staggered",
		.fallback = "together",
		.text = "whether the first of them begin in the same instant, or come evenly"},
	{.name = "pilots",
		.kind = OPTION_COUNT,
		.max = HG_RECUR_MAX_SIZES,
		.value = "N",
		.fallback = "0: nobody waits",
		.text = "at first so many in flight, one more for each that reached the target"},
	{.name = "drift",
		.kind = OPTION_TEXT,
		.value = "F@N[:B]",
		.text = "from recurrence N on, sizes from B (the best) need F times the epochs"},
	{.name = "threads",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 256,
		.value = "N",
		.fallback = "one a processor",
		.text = "the result does not depend on it"},
	{.name = NULL},
};

static int read_drift(const struct cli *cli, const struct args *args, struct sim_drift *d)
{
	const char *text = args_text(args, "drift", NULL);
	struct slice rest, part;
	uint64_t at, from = 0;

	if (!text)
		return EXIT_OK;
	rest = (struct slice){text, strlen(text)};
	part = slice_cut(&rest, '@');
	if (double_parse(part.text, part.len, false, &d->factor) && d->factor > 0 && rest.text) {
		part = slice_cut(&rest, ':');
		if (uint64_parse(part.text, part.len, &at) && at <= UINT32_MAX &&
			(!rest.text || (uint64_parse(rest.text, rest.len, &from) && from > 0 &&
					       from <= UINT32_MAX))) {
			d->at = (uint32_t)at;
			d->from = (uint32_t)from;
			return EXIT_OK;
		}
	}
	return cli_usage(cli,
		"--drift: expected FACTOR@RECURRENCE or FACTOR@RECURRENCE:BATCH, found '%s'", text);
}

static int read_policy(const struct cli *cli, const struct args *args, struct replay *r)
{
	struct recur_policy policy = recur_policy_read(args);
	const char *arrivals = args_text(args, "arrivals", "together");

	r->options.policy = policy.policy;
	r->options.horizon = policy.horizon;
	r->options.beta = policy.beta;
	r->options.recurrences = (uint32_t)args_number(args, "recurrences", 60);
	r->options.concurrent = (uint32_t)args_number(args, "concurrent", 1);
	while (strcmp(arrival_names[r->options.arrivals], arrivals) != 0)
		r->options.arrivals++;
	r->options.pilots = (uint32_t)args_number(args, "pilots", 0);
	r->options.known_costs = args_has(args, "known-costs");
	r->options.blind = args_has(args, "blind");
	r->seeds = (uint32_t)args_number(args, "seeds", 100);
	r->eta = policy.eta;
	if (!args_has(args, "train") || !args_has(args, "power"))
		return cli_usage(cli, "--train and --power are needed: the tables to replay");
	return read_drift(cli, args, &r->options.drift);
}

/* ----- tables and jobs */

typedef hg_err read_fn(struct sim_trace *, const char *, size_t, const char *, hg_error *);

static int read_table(const struct cli *cli, struct sim_trace *t, const char *path, read_fn *read)
{
	hg_error why = {""};
	struct buf text;
	hg_err err = file_read(path, TRACE_BYTES, &text, &why);

	if (err == HG_OK)
		err = read(t, text.data, text.len, path, &why);
	buf_finish(&text);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int add_job(const struct cli *cli, const struct replay *r, struct replay_table *t,
	const struct sim_spec *spec)
{
	struct sim_spec s = *spec;
	struct sim_job job;
	hg_error why = {""};
	hg_err err;

	s.eta = r->eta;
	err = sim_job_init(&job, &t->trace, &s, &why);
	if (err) {
		fail_prefix(&why, "%s: ", t->path);
		return cli_input_error(cli, err, &why);
	}
	if (!isfinite(sim_best(&job, &r->options, true))) {
		int rc = cli_usage(cli,
			"--drift: no batch size of %s would reach its target any more", job.name);

		sim_job_finish(&job);
		return rc;
	}
	err = vec_push(&t->jobs, &job);
	if (err)
		sim_job_finish(&job);
	return err ? cli_broken(cli, err) : EXIT_OK;
}

/* What a job is asked for: as given, else as Zeus did. */
static int spec_of(
	const struct cli *cli, const struct args *args, const char *name, struct sim_spec *spec)
{
	const char *target = args_text(args, "target", NULL);

	*spec = (struct sim_spec){.job = name};
	for (size_t i = 0; i < KNOWN_JOBS; i++)
		if (!strcmp(known_jobs[i].job, name))
			*spec = known_jobs[i];
	if (target && !double_parse(target, strlen(target), false, &spec->target))
		return cli_usage(cli, "--target: expected a number, found '%s'", target);
	spec->max_epochs = (uint32_t)args_number(args, "max-epochs", spec->max_epochs);
	spec->default_size = (uint32_t)args_number(args, "default", spec->default_size);
	if (spec->max_epochs == 0 || spec->default_size == 0 || (!target && spec->target == 0))
		return cli_usage(cli,
			"%s is none of Zeus's trainings: it needs --target, --max-epochs and --default",
			name);
	return EXIT_OK;
}

static bool has_power(const struct sim_trace *t, size_t job)
{
	for (size_t i = 0; i < t->power.len; i++)
		if (((const struct sim_power *)vec_at(&t->power, i))->job == job)
			return true;
	return false;
}

static int add_known_jobs(const struct cli *cli, const struct args *args, const struct replay *r,
	struct replay_table *t)
{
	struct sim_spec spec;
	int rc = EXIT_OK;

	for (size_t i = 0; rc == EXIT_OK && i < KNOWN_JOBS; i++) {
		size_t job = sim_trace_job(&t->trace, known_jobs[i].job);

		if (job == SIZE_MAX || !has_power(&t->trace, job))
			continue;
		rc = spec_of(cli, args, known_jobs[i].job, &spec);
		if (rc == EXIT_OK)
			rc = add_job(cli, r, t, &spec);
	}
	if (rc == EXIT_OK && t->jobs.len == 0)
		rc = cli_usage(
			cli, "%s has none of Zeus's trainings: name one with --job", t->path);
	return rc;
}

static int add_jobs(const struct cli *cli, const struct args *args, const struct replay *r,
	struct replay_table *t)
{
	struct sim_spec spec;
	const char *name;
	int rc = EXIT_OK;

	if (!args_has(args, "job"))
		return add_known_jobs(cli, args, r, t);
	for (size_t i = 0; rc == EXIT_OK && (name = args_nth(args, "job", i)) != NULL; i++) {
		if (!strcmp(name, "all")) {
			rc = add_known_jobs(cli, args, r, t);
			continue;
		}
		rc = spec_of(cli, args, name, &spec);
		if (rc == EXIT_OK)
			rc = add_job(cli, r, t, &spec);
	}
	return rc;
}

static int load_table(
	const struct cli *cli, const struct args *args, struct replay *r, const char *path)
{
	struct replay_table t = {.path = path};
	int rc;

	sim_trace_init(&t.trace);
	vec_init(&t.jobs, sizeof(struct sim_job), MOST_JOBS);
	vec_init(&t.results, sizeof(struct campaign_result), MOST_JOBS);
	if (vec_push(&r->tables, &t))
		return cli_broken(cli, HG_ELIMIT);
	rc = read_table(cli, &((struct replay_table *)vec_at(&r->tables, r->tables.len - 1))->trace,
		args_text(args, "train", NULL), sim_trace_read_train);
	if (rc == EXIT_OK)
		rc = read_table(cli,
			&((struct replay_table *)vec_at(&r->tables, r->tables.len - 1))->trace,
			path, sim_trace_read_power);
	return rc == EXIT_OK ? add_jobs(cli, args, r, vec_at(&r->tables, r->tables.len - 1)) : rc;
}

static int replay_table(
	struct cli *cli, const struct args *args, const struct replay *r, struct replay_table *t)
{
	const struct campaign_result none = {.first20 = 0};
	struct watch watch;
	struct campaign c = {.jobs = t->jobs.data,
		.n_jobs = t->jobs.len,
		.options = r->options,
		.seeds = r->seeds,
		.first_seed = (uint64_t)args_number(args, "seed", 1),
		.threads = (unsigned)args_number(args, "threads", processors()),
		.progress = watch_progress,
		.progress_user = &watch};
	hg_error why = {""};
	hg_err err = HG_OK;

	for (size_t i = 0; err == HG_OK && i < t->jobs.len; i++)
		err = vec_push(&t->results, &none);
	if (err)
		return cli_broken(cli, err);
	watch_begin(&watch, cli);
	err = campaign_run(&c, t->results.data, &why);
	watch_end(&watch);
	if (err == HG_EABORTED)
		return EXIT_INTERRUPTED;
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static void replay_finish(struct replay *r)
{
	for (size_t i = 0; i < r->tables.len; i++) {
		struct replay_table *t = vec_at(&r->tables, i);

		campaign_finish(t->results.data, t->results.len);
		for (size_t k = 0; k < t->jobs.len; k++)
			sim_job_finish(vec_at(&t->jobs, k));
		vec_finish(&t->jobs);
		vec_finish(&t->results);
		sim_trace_finish(&t->trace);
	}
	vec_finish(&r->tables);
}

static int run(struct cli *cli, const struct args *args)
{
	struct replay r = {.seeds = 0};
	const char *path;
	int rc;

	vec_init(&r.tables, sizeof(struct replay_table), MOST_TABLES);
	rc = read_policy(cli, args, &r);
	for (size_t i = 0; rc == EXIT_OK && (path = args_nth(args, "power", i)) != NULL; i++)
		rc = load_table(cli, args, &r, path);
	for (size_t i = 0; rc == EXIT_OK && i < r.tables.len; i++)
		rc = replay_table(cli, args, &r, vec_at(&r.tables, i));
	if (rc == EXIT_OK && args_has(args, "json"))
		replay_json(cli, &r);
	else if (rc == EXIT_OK)
		replay_text(cli, &r);
	replay_finish(&r);
	return rc;
}

const struct command cmd_recur_simulate = {
	.name = "simulate",
	.path = "recur simulate",
	.page = "hourglass-recur",
	.usage = "--train CSV --power CSV [--job NAME] [--policy P] [--recurrences N] [--seeds K]",
	.summary = "replay recorded trainings under a policy",
	.text = "Recorded runs are drawn by the rules of Zeus's own simulator; the first run of a size\n"
		"pays for finding its power limit. All is simulated.",
	.tables = {data_options, recur_policy_options, told_options, run_options},
	.operand = OPERAND_NONE,
	.run = run,
};
