/* plan straggle: a simulated run in which stragglers come and go. */
#include "cmd.h"
#include "plan.h"
#include "software/pipeline/straggle.h"
#include "table.h"

static const char *const policy_names[] = {"none", "lookup", "reaction", "oracle"};
static const char *const policy_texts[] = {"no reaction: wait", "stored plans up to T_star",
	"plan for min(T_max, T')", "bound, known beforehand"};

static const struct option straggle_options[] = {
	{.name = "stragglers",
		.kind = OPTION_COUNT,
		.max = 10000,
		.value = "N",
		.fallback = "20",
		.text = "throttled devices, one after the other"},
	{.name = "run-iterations",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e8,
		.value = "N",
		.fallback = "10000",
		.text = "iterations of the run"},
	{.name = "pipelines",
		.kind = OPTION_COUNT,
		.min = 2,
		.max = 1e6,
		.value = "N",
		.fallback = "16",
		.text = "data-parallel pipelines"},
	{.name = "slowdown",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_FACTOR,
		.min = 1,
		.max = 1e6,
		.value = "F",
		.fallback = "0.1%",
		.text = "of the plan without stragglers, against the least time"},
	{.name = "tolerance",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.max = 10,
		.value = "X",
		.fallback = "0.5%",
		.text = "change of the time that is not worth a change of plan"},
	{.name = "patience",
		.kind = OPTION_COUNT,
		.max = 1e6,
		.value = "N",
		.fallback = "2",
		.text = "iterations that must allow more time before it is taken"},
	{.name = NULL},
};

static void tell_json(
	struct cli *cli, const struct straggle_opts *o, const struct straggle_result *r)
{
	const struct straggle_outcome *none = &r->outcome[STRAGGLE_NONE];
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.straggle/1");
	json_kv_bool(&j, "simulated", true);
	json_kv_int(&j, "iterations", (int64_t)o->iterations);
	json_kv_int(&j, "pipelines", o->pipelines);
	json_kv_int(&j, "plans", (int64_t)r->plans);
	json_key(&j, "policies");
	json_open(&j, '[', false);
	for (unsigned i = 0; i < STRAGGLE_POLICIES; i++) {
		json_open(&j, '{', true);
		json_kv_string(&j, "policy", policy_names[i]);
		json_kv_number(&j, "time_s", r->outcome[i].time_s);
		json_kv_number(&j, "energy_j", r->outcome[i].energy_j);
		json_kv_number(&j, "saving", 1 - r->outcome[i].energy_j / none->energy_j);
		json_kv_number(&j, "slowdown", r->outcome[i].time_s / none->time_s);
		json_kv_int(&j, "changes", (int64_t)r->outcome[i].changes);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_key(&j, "stragglers");
	json_open(&j, '[', false);
	for (size_t i = 0; i < r->stragglers.len; i++) {
		const struct straggler *s = vec_at(&r->stragglers, i);

		json_open(&j, '{', true);
		json_kv_int(&j, "first", (int64_t)s->first);
		json_kv_int(&j, "length", (int64_t)s->length);
		json_kv_int(&j, "rank", s->rank);
		json_kv_number(&j, "throttle", s->throttle);
		json_kv_number(&j, "forced_s", s->forced_s);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void tell(struct cli *cli, const struct straggle_opts *o, const struct straggle_result *r)
{
	static const char *const heads[] = {"policy", "", "time", "energy", "saving", "changes"};
	const struct straggle_outcome *none = &r->outcome[STRAGGLE_NONE];
	char text[QUANTITY_TEXT];
	struct table t;

	buf_addf(&cli->out,
		"%llu iterations of %u pipelines, %zu stragglers (simulated; energies from the "
		"profile)\n",
		(unsigned long long)o->iterations, o->pipelines, r->stragglers.len);
	table_init(&t, "llrrrr");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	for (unsigned i = 0; i < STRAGGLE_POLICIES; i++) {
		table_cell(&t, "%s", policy_names[i]);
		table_cell(&t, "%s", policy_texts[i]);
		table_cell(&t, "%s", quantity_format(QUANTITY_TIME, r->outcome[i].time_s, text));
		table_cell(
			&t, "%s", quantity_format(QUANTITY_ENERGY, r->outcome[i].energy_j, text));
		table_cell(&t, "%.2f %%", 100 * (1 - r->outcome[i].energy_j / none->energy_j));
		table_cell(&t, "%llu", (unsigned long long)r->outcome[i].changes);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

static int run(struct cli *cli, const struct args *args)
{
	struct straggle_opts opts = {
		.iterations = (uint64_t)args_number(args, "run-iterations", 10000),
		.pipelines = (uint32_t)args_number(args, "pipelines", 16),
		.stragglers = (uint32_t)args_number(args, "stragglers", 20),
		.patience = (uint32_t)args_number(args, "patience", 2),
		.tolerance = args_number(args, "tolerance", 0.005),
		.seed = (uint64_t)args_number(args, "seed", 0)};
	struct straggle_result result = {.plans = 0};
	struct plans_store store = {.plans = NULL};
	hg_plan_frontier *set = NULL;
	hg_error why = {""};
	struct plans p;
	hg_err err;
	int rc = plans_read(cli, args->operands[0], &p);

	if (rc == EXIT_OK && p.range != HG_RANGE_ALL)
		rc = cli_usage(cli, "%s: expected a frontier of --range all, found useful",
			args->operands[0]);
	if (rc == EXIT_OK)
		rc = plans_solve(cli, &p, &store, &set);
	if (rc != EXIT_OK)
		goto out;
	plan_opts_fill(args, &p, &opts.plan);
	if (!args_has(args, "effort") && !args_has(args, "iterations")) {
		opts.plan.effort_s = 0;
		opts.plan.iterations = 1000;
	}
	opts.alone_s = p.claims.t_min_s * args_number(args, "slowdown", 1.001);
	err = straggle_run(&result, &p, set, &opts, &why);
	if (err)
		rc = plan_error(cli, err, &why);
	else if (args_has(args, "json"))
		tell_json(cli, &opts, &result);
	else
		tell(cli, &opts, &result);
out:
	straggle_finish(&result);
	hg_plan_frontier_destroy(set);
	plans_store_finish(&store);
	plans_finish(&p);
	return rc;
}

const struct command cmd_plan_straggle = {
	.name = "straggle",
	.path = "plan straggle",
	.page = "hourglass-plan",
	.usage = "PLANS [--stragglers N] [--pipelines N]",
	.summary = "simulate a run in which stragglers come and go",
	.text = "One device of one data-parallel pipeline after the other is throttled by 5 to 50 %\n"
		"for 10 to 1000 iterations. All is simulated.",
	.tables = {straggle_options, plan_effort_options},
	.operand = OPERAND_FILE,
	.operand_name = "PLANS",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
