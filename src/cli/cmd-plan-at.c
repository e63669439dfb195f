/* plan at: a plan that can be run, for one iteration time. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "plan.h"
#include "software/pipeline/proof.h"

static const struct option at_options[] = {
	{.name = "time",
		.abbr = 't',
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 1e9,
		.value = "S",
		.text = "the iteration may take that long"},
	{.name = "slowdown",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_FACTOR,
		.max = 1e6,
		.value = "F",
		.text = "that many times the least time: 0.1%, 1.001x; 0: none"},
	{.name = "straggler",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_FACTOR,
		.min = 1,
		.max = 1e6,
		.value = "F",
		.text = "another pipeline takes F times the least time; all wait for it"},
	{.name = "most-switches",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 9e15,
		.value = "N",
		.text = "at most so many changes of setting"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "write the plan there, one row an operation"},
	{.name = "proof",
		.kind = OPTION_FILE,
		.value = "JSON",
		.text = "write what the plan claims there, and the flow that proves its bound"},
	{.name = NULL},
};

static int read_time(
	struct cli *cli, const struct args *args, const struct plans *p, hg_plan_opts *opts)
{
	double slowdown = args_number(args, "slowdown", 1);
	unsigned given = 0;

	given += args_has(args, "time");
	given += args_has(args, "slowdown");
	given += args_has(args, "straggler");
	if (given != 1)
		return cli_usage(cli, "give one of --time, --slowdown, --straggler");
	if (slowdown < 1 && strpbrk(args_text(args, "slowdown", ""), "x%-"))
		return cli_usage(cli, "--slowdown %s: expected no less than none",
			args_text(args, "slowdown", ""));
	if (slowdown < 1)
		slowdown += 1; /* 0.001: as 0.1% */
	opts->time_s = args_number(args, "time", slowdown * p->claims.t_min_s);
	if (args_has(args, "straggler")) {
		opts->time_s = args_number(args, "straggler", 1) * p->claims.t_min_s;
		opts->charge_s = opts->time_s;
	}
	return EXIT_OK;
}

/*
 * Against all-fastest options: those of a pipeline alone are done at T_min and begin the next
 * iteration; with a straggler they wait as long as the plan does.
 */
static double base_energy(const struct plans *p, const hg_plan_info *info, double charge_s)
{
	hg_dag_info dag = {.size = sizeof dag};

	hg_dag_get_info(hg_pipeline_dag(p->pipeline), &dag);
	if (charge_s > info->base_time_s)
		return p->claims.all_fastest_j +
		       (charge_s - p->claims.t_min_s) * dag.static_power_w;
	return p->claims.all_fastest_j;
}

/* What plans with at most so many changes draw at least; most: 0 where nothing is known of it. */
struct few {
	uint64_t most;
	double bound_j, price_j;
};

static void at_json(struct cli *cli, const hg_plan_info *i, const struct few *few, double base_j)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plan-at/1");
	json_kv_string(&j, "class", plan_class_names[i->class_of]);
	json_kv_number(&j, "deadline_s", i->deadline_s);
	json_kv_number(&j, "time_s", i->time_s);
	json_kv_number(&j, "charged_s", i->charged_s);
	json_kv_number(&j, "energy_j", i->energy_j);
	json_kv_number(&j, "bound_j", i->bound_j);
	json_kv_number(&j, "class_bound_j", i->class_bound_j);
	json_kv_bool(&j, "class_bound_exact", i->class_bound_exact);
	json_kv_number(&j, "gap", i->gap);
	json_kv_number(&j, "tight_bound_j", i->tight_bound_j);
	json_kv_number(&j, "tight_gap", i->tight_gap);
	json_kv_int(&j, "switches", (int64_t)i->switches);
	json_kv_number(&j, "switch_energy_j", i->switch_energy_j);
	if (few->most) {
		json_kv_number(&j, "switch_bound_j", few->bound_j);
		json_kv_number(&j, "switch_price_j", few->price_j);
	}
	json_kv_number(&j, "base_time_s", i->base_time_s);
	json_kv_number(&j, "base_energy_j", base_j);
	json_kv_number(&j, "saving", 1 - i->energy_j / base_j);
	json_kv_number(&j, "slowdown", i->time_s / i->base_time_s);
	json_kv_int(&j, "iterations", (int64_t)i->iterations);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void at_text(struct cli *cli, const hg_plan_info *i, const struct few *few, double base_j)
{
	char a[QUANTITY_TEXT], b[QUANTITY_TEXT];

	buf_addf(&cli->out, "time      %s, %+.2f %% against all fastest\n",
		quantity_format(QUANTITY_TIME, i->time_s, a),
		100 * (i->time_s / i->base_time_s - 1));
	if (i->charged_s > i->time_s)
		buf_addf(&cli->out, "charged   until %s\n",
			quantity_format(QUANTITY_TIME, i->charged_s, a));
	buf_addf(&cli->out, "energy    %s, saves %.2f %% of %s\n",
		quantity_format(QUANTITY_ENERGY, i->energy_j, a), 100 * (1 - i->energy_j / base_j),
		quantity_format(QUANTITY_ENERGY, base_j, b));
	buf_addf(&cli->out, "bound     %s, the plan is %.3f %% above\n",
		quantity_format(QUANTITY_ENERGY, i->bound_j, a),
		fabs(i->gap) < 1e-9 ? 0.0 : 100 * i->gap);
	if (i->tight_bound_j > i->bound_j * (1 + 1e-9))
		buf_addf(&cli->out,
			"          at most %.3f %% above the best plan with these options\n",
			100 * i->tight_gap);
	if (i->class_of != HG_CLASS_OP)
		buf_addf(&cli->out,
			"class     %s: no plan of it draws less than %s, %.2f %% above%s\n",
			plan_class_names[i->class_of],
			quantity_format(QUANTITY_ENERGY, i->class_bound_j, a),
			100 * (i->class_bound_j / i->bound_j - 1),
			i->class_bound_exact ? "" : " (its own bound was not found)");
	buf_addf(&cli->out, "switches  %llu\n", (unsigned long long)i->switches);
	if (few->most)
		buf_addf(&cli->out, "          with %llu at most no plan saves more than %.2f %%\n",
			(unsigned long long)few->most, 100 * (1 - few->bound_j / base_j));
}

/* The flow of the bound is that of the relaxed plan for the deadline. */
static hg_err relaxed_of(const hg_plan_frontier *set, const hg_plan_opts *opts,
	const hg_plan_info *i, hg_relaxed **r, hg_error *why)
{
	hg_plan_frontier_info figures = {.size = sizeof figures};

	hg_plan_frontier_get_info(set, &figures);
	return hg_relaxed_at(set, fmax(fmax(opts->time_s, i->base_time_s), figures.t_min_s),
		HG_CLASS_OP, r, why);
}

/* Where changes take time, an operation runs at two settings, and nothing is said. */
static hg_err find_few(const hg_plan_frontier *set, const hg_plan_opts *opts, const hg_plan_info *i,
	struct few *few, hg_error *why)
{
	struct proof proof = {.bound_j = i->bound_j,
		.most_switches = opts->most_switches,
		.switch_cost_j = opts->switch_cost_j};
	hg_relaxed *r = NULL;
	hg_err err;

	*few = (struct few){.most = 0};
	if (!opts->most_switches || opts->switch_latency_s > 0)
		return HG_OK;
	err = relaxed_of(set, opts, i, &r, why);
	if (!err)
		err = proof_few(&proof, hg_plan_frontier_dag(set), r, why);
	if (!err)
		*few = (struct few){
			opts->most_switches, proof.switch_bound_j, proof.switch_price_j};
	hg_relaxed_destroy(r);
	return err;
}

static int write_rows(struct cli *cli, const struct plans *p, const hg_plan *plan, const char *path)
{
	struct plan_rows rows;
	struct buf text;
	hg_err err = rows_of_plan(&rows, p, plan);
	int rc;

	buf_init(&text, PLANS_BYTES);
	if (!err)
		rows_write(&rows, &text);
	err = err ? err : text.failed;
	rc = err ? cli_broken(cli, err) : cli_write(cli, path, text.data, text.len);
	buf_finish(&text);
	rows_finish(&rows);
	return rc;
}

static int write_proof(struct cli *cli, const struct plans *p, const hg_plan_frontier *set,
	const hg_plan_opts *opts, const hg_plan_info *i, const struct few *few, const char *path)
{
	struct proof proof = {.time_s = i->time_s,
		.charged_s = i->charged_s,
		.energy_j = i->energy_j,
		.bound_j = i->bound_j,
		.tight_bound_j = i->tight_bound_j,
		.switches = i->switches,
		.switch_cost_j = opts->switch_cost_j,
		.switch_latency_s = opts->switch_latency_s,
		.most_switches = few->most,
		.switch_bound_j = few->bound_j,
		.switch_price_j = few->price_j};
	hg_relaxed *r = NULL;
	hg_error why = {""};
	struct buf text;
	hg_err err;
	int rc;

	err = relaxed_of(set, opts, i, &r, &why);
	if (!err)
		err = plans_witness_one(p, r, &proof.flow, &why);
	hg_relaxed_destroy(r);
	buf_init(&text, PLANS_BYTES);
	if (!err) {
		proof_write(&proof, &text);
		err = text.failed;
	}
	rc = err ? cli_broken(cli, err) : cli_write(cli, path, text.data, text.len);
	buf_finish(&text);
	proof_finish(&proof);
	return rc;
}

static int make(struct cli *cli, const struct args *args, const struct plans *p, hg_plan_opts *opts)
{
	const char *path = args_text(args, "output", NULL);
	const char *proof = args_text(args, "proof", NULL);
	hg_plan_frontier *set = NULL;
	hg_plan *plan = NULL;
	hg_plan_info info = {.size = sizeof info};
	hg_error why = {""};
	double base_j;
	hg_err err;
	struct plans_store store = {.plans = NULL};
	struct few few = {.most = 0};
	int rc = plans_solve(cli, p, &store, &set);

	if (rc != EXIT_OK)
		goto out;
	err = hg_plan_at(set, opts, &plan, &why);
	if (!err) {
		hg_plan_get_info(plan, &info);
		err = find_few(set, opts, &info, &few, &why);
	}
	if (err) {
		rc = plan_error(cli, err, &why);
		goto out;
	}
	base_j = base_energy(p, &info, opts->charge_s);
	if (path)
		rc = write_rows(cli, p, plan, path);
	if (rc == EXIT_OK && proof)
		rc = write_proof(cli, p, set, opts, &info, &few, proof);
	if (rc == EXIT_OK && args_has(args, "json"))
		at_json(cli, &info, &few, base_j);
	else if (rc == EXIT_OK && !(path && strcmp(path, "-") == 0))
		at_text(cli, &info, &few, base_j);
out:
	hg_plan_destroy(plan);
	hg_plan_frontier_destroy(set);
	plans_store_finish(&store);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	hg_plan_opts opts = {.size = sizeof opts};
	struct plans p;
	int rc;

	if (args_has(args, "json") && strcmp(args_text(args, "output", ""), "-") == 0)
		return cli_usage(cli, "--json and -o - exclude each other: give one");
	rc = plans_read(cli, args->operands[0], &p);
	if (rc == EXIT_OK)
		rc = plan_class_read(cli, args, &p);
	if (rc == EXIT_OK)
		rc = read_time(cli, args, &p, &opts);
	if (rc == EXIT_OK) {
		plan_opts_fill(args, &p, &opts);
		opts.most_switches = (uint64_t)args_number(args, "most-switches", 0);
		rc = make(cli, args, &p, &opts);
	}
	plans_finish(&p);
	return rc;
}

const struct command cmd_plan_at = {
	.name = "at",
	.path = "plan at",
	.page = "hourglass-plan",
	.usage = "PLANS (--time S | --slowdown F | --straggler F) [-o CSV]",
	.summary = "a setting for each operation, for one iteration time",
	.text = "Exit status 3: the time is below the least, which is named, or no plan has as few changes.",
	.tables = {at_options, plan_class_options, plan_effort_options},
	.operand = OPERAND_FILE,
	.operand_name = "PLANS",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
