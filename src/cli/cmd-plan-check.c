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
}

/* Reads a file and hands its text to rows_parse() or the profile's parser. */
static int read_both(struct cli *cli, const struct args *args, struct plan_rows *rows,
	hg_stage_profile **profile)
{
	const char *paths[2] = {args->operands[1], args_text(args, "profile", "")};
	hg_error why = {""};
	hg_err err = HG_OK;

	for (size_t i = 0; i < 2 && !err; i++) {
		struct buf text;
		const char *name = path_text(paths[i]);

		err = file_read(paths[i], FILE_MAX, &text, &why);
		if (!err && i == 0)
			err = rows_parse(rows, text.data ? text.data : "", text.len, name, &why);
		else if (!err)
			err = hg_stage_profile_parse(
				text.data ? text.data : "", text.len, name, profile, &why);
		buf_finish(&text);
	}
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	struct plan_rows rows = {.rows = {.data = NULL}};
	hg_stage_profile *profile = NULL;
	struct plans plans;
	struct check c;
	hg_error why = {""};
	hg_err err;
	int rc;

	if (!args_has(args, "profile"))
		return cli_usage(cli, "--profile is missing");
	rc = plans_read(cli, args->operands[0], &plans);
	if (rc == EXIT_OK)
		rc = read_both(cli, args, &rows, &profile);
	check_init(&c, &plans, &rows, profile);
	if (rc != EXIT_OK)
		goto out;
	err = check_plan(&c);
	if (!err)
		err = check_bounds(&c, &why);
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
	hg_stage_profile_destroy(profile);
	rows_finish(&rows);
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
