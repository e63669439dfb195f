/* frontier pick: the setting that meets an objective. */
#include "cmd.h"
#include "describe.h"
#include "load.h"
#include "objective.h"

static hg_err pick_json(
	struct buf *out, const hg_frontier *f, const hg_objective *o, const hg_pick *pick)
{
	hg_frontier_info info = {.size = sizeof info};
	struct json_out j;
	hg_err rc;

	hg_frontier_get_info(f, &info);
	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.pick/1");
	json_kv_string(&j, "name", info.name);
	json_kv_string(&j, "work_unit", info.work_unit);
	json_key(&j, "objective");
	objective_json(&j, o);
	json_kv_bool(&j, "feasible", pick->feasible != 0);
	json_key(&j, "setting");
	rc = point_setting_json(&j, f, pick->index);
	figures_json(&j, &pick->point);
	json_kv_number(&j, "cost_j", pick->cost);
	json_kv_int(&j, "index", (int64_t)pick->index);
	if (rc == HG_OK && hg_frontier_op(f) != HG_OP_NONE) {
		json_key(&j, "parts");
		rc = parts_json(&j, f, pick->index);
	}
	json_close(&j, '}');
	buf_addc(out, '\n');
	return rc;
}

/** Appends "+12.3 %" or "-4.5 %": how far a is from b. */
static void add_change(struct buf *out, double a, double b)
{
	if (b > 0)
		buf_addf(out, "%+.1f %%", 100 * (a / b - 1));
	else
		buf_adds(out, "-");
}

static void add_against(struct buf *out, const char *what, const hg_point *p, const hg_point *other)
{
	buf_addf(out, "  against the %s: time ", what);
	add_change(out, p->time_s, other->time_s);
	buf_adds(out, ", energy ");
	add_change(out, p->energy_j, other->energy_j);
	buf_addc(out, '\n');
}

static void pick_text(
	struct buf *out, const hg_frontier *f, const hg_objective *o, const hg_pick *pick)
{
	const hg_point *points = hg_frontier_points(f), *p = &pick->point;
	char time[QUANTITY_TEXT], energy[QUANTITY_TEXT];

	objective_text(out, o);
	buf_adds(out, ": ");
	point_text(out, f, pick->index);
	buf_addf(out, "\n  time   %s", quantity_format(QUANTITY_TIME, p->time_s, time));
	if (p->time_rsd > 1e-5)
		buf_addf(out, " (sd %.2g %%)", 100 * p->time_rsd);
	buf_addf(out, "\n  energy %s", quantity_format(QUANTITY_ENERGY, p->energy_j, energy));
	if (p->energy_rsd > 1e-5)
		buf_addf(out, " (sd %.2g %%)", 100 * p->energy_rsd);
	buf_adds(out, ", ");
	origin_text(out, p->origin);
	buf_addc(out, '\n');
	add_against(out, "fastest", p, &points[0]);
	add_against(out, "cheapest", p, &points[hg_frontier_count(f) - 1]);
}

static void tell_infeasible(
	const struct cli *cli, const hg_frontier *f, const hg_objective *o, const hg_pick *pick)
{
	char time[QUANTITY_TEXT], energy[QUANTITY_TEXT];
	struct buf want, point;

	buf_init(&want, 4096);
	buf_init(&point, 65536);
	objective_text(&want, o);
	point_text(&point, f, pick->index);
	cli_note(cli, "no setting meets %s; the nearest is %s: %s, %s",
		want.data ? want.data : "the objective", point.data ? point.data : "-",
		quantity_format(QUANTITY_TIME, pick->point.time_s, time),
		quantity_format(QUANTITY_ENERGY, pick->point.energy_j, energy));
	buf_finish(&want);
	buf_finish(&point);
}

static int run(struct cli *cli, const struct args *args)
{
	hg_objective objective;
	hg_pick pick = {.size = sizeof pick};
	hg_frontier *f = NULL;
	hg_error why = {""};
	hg_err err;
	int rc = objective_read(cli, args, &objective);

	if (rc == EXIT_OK)
		rc = frontier_read(cli, args->operands[0], &f);
	if (rc != EXIT_OK)
		return rc;
	err = hg_frontier_pick(f, &objective, &pick, &why);
	if (err != HG_OK) {
		rc = cli_input_error(cli, err, &why);
		goto out;
	}
	if (!pick.feasible)
		tell_infeasible(cli, f, &objective, &pick);
	if (args_has(args, "json"))
		err = pick_json(&cli->out, f, &objective, &pick);
	else if (pick.feasible)
		pick_text(&cli->out, f, &objective, &pick);
	rc = pick.feasible ? EXIT_OK : EXIT_INFEASIBLE;
	if (err != HG_OK)
		rc = cli_broken(cli, err);
out:
	hg_frontier_destroy(f);
	return rc;
}

const struct command cmd_frontier_pick = {
	.name = "pick",
	.path = "frontier pick",
	.page = "hourglass-frontier",
	.usage = "FILE OBJECTIVE [--json]",
	.summary = "the setting that meets an objective",
	.text = "Exactly one OBJECTIVE out of --min-energy, --min-time, --eta, --max-slowdown,\n"
		"--deadline, --budget, --knee. Exit status 3: none meets it; the nearest is named.",
	.tables = {objective_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
