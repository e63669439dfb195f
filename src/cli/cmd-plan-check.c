/* plan check: whether all that a PLANS file and a plan.csv claim is true. */
#include <math.h>

#include "cmd.h"
#include "core/file.h"
#include "load.h"
#include "plan-check.h"

static const struct option check_options[] = {
	{.name = "profile",
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "the stage profile as it was measured"},
	{.name = "proof",
		.kind = OPTION_FILE,
		.value = "JSON",
		.text = "what 'plan at --proof' wrote: check those claims too"},
	{.name = NULL},
};

static bool all_hold(const struct check *c)
{
	for (size_t i = 0; i < c->findings.len; i++)
		if (!((const struct finding *)vec_at(&c->findings, i))->holds)
			return false;
	return true;
}

static void tell_json(struct cli *cli, const struct check *c)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plan-check/1");
	json_kv_bool(&j, "holds", all_hold(c));
	json_kv_number(&j, "time_s", c->time_s > 0 ? c->time_s : NAN);
	json_kv_number(&j, "energy_j", c->time_s > 0 ? c->energy_j : NAN);
	json_kv_number(&j, "bound_j", c->bound_j > 0 ? c->bound_j : NAN);
	json_kv_number(&j, "tight_bound_j", c->tight_bound_j > 0 ? c->tight_bound_j : NAN);
	json_kv_number(&j, "proved_within", c->loose);
	json_kv_number(&j, "gap", c->bound_j > 0 ? c->energy_j / c->bound_j - 1 : NAN);
	json_kv_int(&j, "switches", (int64_t)c->switches);
	json_key(&j, "claims");
	json_open(&j, '[', false);
	for (size_t i = 0; i < c->findings.len; i++) {
		const struct finding *f = vec_at(&c->findings, i);

		json_open(&j, '{', true);
		json_kv_string(&j, "what", f->what);
		json_kv_bool(&j, "holds", f->holds);
		json_kv_string(&j, "detail", f->detail);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void tell(struct cli *cli, const struct check *c)
{
	char a[QUANTITY_TEXT], b[QUANTITY_TEXT];

	for (size_t i = 0; i < c->findings.len; i++) {
		const struct finding *f = vec_at(&c->findings, i);

		buf_addf(&cli->out, "%s  %s%s%s\n", f->holds ? "true " : "FALSE", f->what,
			f->holds ? "" : ": ", f->detail);
	}
	if (c->bound_j > 0)
		buf_addf(&cli->out, "%s, %s, %.3f %% above the bound, %llu switches\n",
			quantity_format(QUANTITY_TIME, c->time_s, a),
			quantity_format(QUANTITY_ENERGY, c->energy_j, b),
			100 * (c->energy_j / c->bound_j - 1), (unsigned long long)c->switches);
	if (isfinite(c->loose))
		buf_addf(&cli->out, "the frontier is proved to within %.2g %%\n", 100 * c->loose);
	else if (c->plans->claims.witnesses.len == 0)
		buf_adds(&cli->out, "the file holds no flows: they were solved for again\n");
}

static hg_err read_one(const char *path, struct buf *text, const char **name, hg_error *why)
{
	*name = path_text(path);
	return file_read(path, FILE_MAX, text, why);
}

/* What is checked, besides the PLANS file. */
struct inputs {
	struct plan_rows rows;
	hg_stage_profile *profile;
	struct proof proof;
};

static void inputs_finish(struct inputs *in)
{
	proof_finish(&in->proof);
	hg_stage_profile_destroy(in->profile);
	rows_finish(&in->rows);
}

static int read_inputs(struct cli *cli, const struct args *args, struct inputs *in)
{
	const char *paths[3] = {
		args->operands[1], args_text(args, "profile", ""), args_text(args, "proof", NULL)};
	hg_error why = {""};
	hg_err err = HG_OK;

	for (size_t i = 0; i < 3 && paths[i] && !err; i++) {
		struct buf text;
		const char *name, *data;

		err = read_one(paths[i], &text, &name, &why);
		data = text.data ? text.data : "";
		if (!err && i == 0)
			err = rows_parse(&in->rows, data, text.len, name, &why);
		else if (!err && i == 1)
			err = hg_stage_profile_parse(data, text.len, name, &in->profile, &why);
		else if (!err)
			err = proof_parse(&in->proof, data, text.len, name, &why);
		buf_finish(&text);
	}
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	struct inputs in = {.profile = NULL};
	bool has_proof = args_has(args, "proof");
	struct plans plans;
	struct check c;
	hg_error why = {""};
	hg_err err;
	int rc;

	if (!args_has(args, "profile"))
		return cli_usage(cli, "--profile is missing");
	rc = plans_read(cli, args->operands[0], &plans);
	if (rc == EXIT_OK)
		rc = read_inputs(cli, args, &in);
	check_init(&c, &plans, &in.rows, in.profile);
	if (rc != EXIT_OK)
		goto out;
	if (has_proof) {
		plans.switch_cost_j = in.proof.switch_cost_j;
		plans.switch_latency_s = in.proof.switch_latency_s;
	}
	err = check_plan(&c);
	if (!err)
		err = check_bounds(&c, &why);
	if (!err && has_proof && c.time_s > 0)
		err = check_proof(&c, &in.proof, &why);
	if (err) {
		rc = cli_input_error(cli, err, &why);
		goto out;
	}
	rc = all_hold(&c) ? EXIT_OK : EXIT_FALSE;
	if (args_has(args, "json"))
		tell_json(cli, &c);
	else
		tell(cli, &c);
out:
	check_finish(&c);
	inputs_finish(&in);
	plans_finish(&plans);
	return rc;
}

const struct command cmd_plan_check = {
	.name = "check",
	.path = "plan check",
	.page = "hourglass-plan",
	.usage = "PLANS PLAN.csv --profile CSV",
	.summary = "derive again what a plan claims: time, energy, bound",
	.text = "Exit status 1: a claim is false.",
	.tables = {check_options},
	.operand = OPERAND_FILE,
	.operand_name = "PLANS or PLAN.csv",
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
