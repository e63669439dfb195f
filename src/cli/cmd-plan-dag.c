/* plan dag: a workflow with an end-to-end deadline. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "core/file.h"
#include "describe.h"
#include "load.h"
#include "plan.h"
#include "software/pipeline/workflow.h"
#include "table.h"

#define PATH_ROOM 4096
/* Sums of times that are exact on paper may be that much longer in double and in the ticks of the
 * search. */
#define ROUNDING 1e-9

static const struct option dag_options[] = {
	{.name = "deadline",
		.abbr = 'd',
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 1e12,
		.value = "TIME",
		.fallback = "that of the file, else the time of least energy",
		.text = "the whole may take that long"},
	{.name = NULL},
};

/* A file that a workflow names lies beside it, unless its path is absolute. */
static hg_err load_beside(void *user, const char *path, hg_frontier **out, hg_error *why)
{
	const char *workflow = user, *slash = strrchr(workflow, '/');
	size_t folder = slash && path[0] != '/' ? (size_t)(slash - workflow) + 1 : 0;
	struct buf full;
	hg_err err;

	buf_init(&full, PATH_ROOM);
	buf_add(&full, workflow, folder);
	err = buf_adds(&full, path);
	if (!err)
		err = hg_frontier_load(full.data, HG_FORMAT_AUTO, out, why);
	buf_finish(&full);
	return err;
}

/* What to set for an option: its own words, or the setting of the frontier's point. */
static void option_text(struct buf *out, const struct workflow_node *node, const hg_plan_step *s)
{
	size_t n;
	const hg_point *points;

	if (node->settings) {
		buf_adds(out, node->settings[s->option]);
		return;
	}
	if (!node->frontier)
		return;
	n = hg_frontier_count(node->frontier);
	points = hg_frontier_points(node->frontier);
	if (s->option < n)
		point_text(out, node->frontier, s->option);
	else if (points[0].setting != HG_SETTING_NONE)
		setting_text(out, node->frontier, s->setting);
}

static void tell_json(
	struct cli *cli, const struct workflow *w, const hg_plan_frontier *set, const hg_plan *plan)
{
	hg_plan_frontier_info f = {.size = sizeof f};
	hg_plan_info i = {.size = sizeof i};
	size_t n;
	const hg_plan_step *steps = hg_plan_steps(plan, &n);
	struct json_out j;

	hg_plan_frontier_get_info(set, &f);
	hg_plan_get_info(plan, &i);
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plan-dag/1");
	json_kv_string(&j, "name", w->name);
	json_kv_number(&j, "t_min_s", f.t_min_s);
	json_kv_number(&j, "t_star_s", f.t_star_s);
	json_kv_number(&j, "t_max_s", f.t_max_s);
	json_kv_number(&j, "deadline_s", i.deadline_s / (1 + ROUNDING));
	json_kv_number(&j, "time_s", i.time_s);
	json_kv_number(&j, "energy_j", i.energy_j);
	json_kv_number(&j, "bound_j", i.bound_j);
	json_kv_number(&j, "gap", i.gap);
	json_kv_number(&j, "saving", i.saving);
	json_key(&j, "nodes");
	json_open(&j, '[', false);
	for (size_t k = 0; k < n; k++) {
		const struct workflow_node *node = vec_at(&w->nodes, k);
		struct buf text;

		buf_init(&text, 1u << 20);
		option_text(&text, node, &steps[k]);
		json_open(&j, '{', true);
		json_kv_string(&j, "name", node->name);
		json_kv_int(&j, "option", steps[k].option);
		json_kv_string(&j, "setting", text.data ? text.data : "");
		json_kv_number(&j, "start_s", steps[k].start_s);
		json_kv_number(&j, "time_s", steps[k].time_s);
		json_kv_number(&j, "energy_j", steps[k].energy_j);
		json_close(&j, '}');
		buf_finish(&text);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void tell(struct cli *cli, const struct workflow *w, const hg_plan *plan)
{
	static const char *const heads[] = {"node", "setting", "start", "time", "energy"};
	hg_plan_info i = {.size = sizeof i};
	size_t n;
	const hg_plan_step *steps = hg_plan_steps(plan, &n);
	char a[QUANTITY_TEXT], b[QUANTITY_TEXT];
	struct table t;

	hg_plan_get_info(plan, &i);
	buf_addf(&cli->out, "%s: %s, %s", w->name && w->name[0] ? w->name : "workflow",
		quantity_format(QUANTITY_TIME, i.time_s, a),
		quantity_format(QUANTITY_ENERGY, i.energy_j, b));
	if (isfinite(i.saving)) /* nothing is saved of nothing */
		buf_addf(&cli->out, ", %.2f %% less than all fastest", 100 * i.saving);
	buf_addf(&cli->out, ", %.3f %% above the bound\n", 100 * i.gap);
	table_init(&t, "llrrr");
	for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
		table_cell(&t, "%s", heads[k]);
	for (size_t k = 0; k < n; k++) {
		const struct workflow_node *node = vec_at(&w->nodes, k);
		struct buf text;

		buf_init(&text, 1u << 20);
		option_text(&text, node, &steps[k]);
		table_cell(&t, "%s", node->name);
		table_cell(&t, "%s", text.data && text.len ? text.data : "-");
		table_cell(&t, "%s", quantity_format(QUANTITY_TIME, steps[k].start_s, a));
		table_cell(&t, "%s", quantity_format(QUANTITY_TIME, steps[k].time_s, a));
		table_cell(&t, "%s", quantity_format(QUANTITY_ENERGY, steps[k].energy_j, a));
		buf_finish(&text);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

static int read_workflow(struct cli *cli, const char *path, struct workflow *w)
{
	hg_error why = {""};
	struct buf text;
	hg_err err = file_read(path, WORKFLOW_BYTES, &text, &why);

	memset(w, 0, sizeof *w);
	w->name = "";
	if (!err)
		err = workflow_parse(w, text.data ? text.data : "", text.len, path_text(path),
			load_beside, (void *)path, &why);
	buf_finish(&text);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int make(struct cli *cli, const struct args *args, const struct workflow *w)
{
	hg_plan_frontier *set = NULL;
	hg_plan_frontier_info info = {.size = sizeof info};
	struct plans none = {.class_of = HG_CLASS_OP};
	hg_plan_opts opts = {.size = sizeof opts};
	hg_plan *plan = NULL;
	hg_error why = {""};
	hg_err err = hg_plan_solve(w->dag, NULL, &set, &why);
	int rc = EXIT_OK;

	if (!err) {
		hg_plan_frontier_get_info(set, &info);
		plan_opts_fill(args, &none, &opts);
		if (!args_has(args, "effort") && !args_has(args, "iterations")) {
			opts.effort_s = 0;
			opts.iterations = 20000;
		}
		opts.time_s = args_number(args, "deadline",
			isnan(w->deadline_s) ? info.t_star_s * (1 + 1e-9) : w->deadline_s);
		opts.time_s *= 1 + ROUNDING;
		err = hg_plan_at(set, &opts, &plan, &why);
	}
	if (err)
		rc = plan_error(cli, err, &why);
	else if (args_has(args, "json"))
		tell_json(cli, w, set, plan);
	else
		tell(cli, w, plan);
	hg_plan_destroy(plan);
	hg_plan_frontier_destroy(set);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	struct workflow w;
	int rc = read_workflow(cli, args->operands[0], &w);

	if (rc == EXIT_OK)
		rc = make(cli, args, &w);
	workflow_finish(&w);
	return rc;
}

const struct command cmd_plan_dag = {
	.name = "dag",
	.path = "plan dag",
	.page = "hourglass-plan",
	.usage = "FILE [--deadline TIME]",
	.summary = "the cheapest way to run a workflow within an end-to-end deadline",
	.text = "Exit status 3: the deadline is below the least time, which is named.",
	.tables = {dag_options, plan_effort_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
