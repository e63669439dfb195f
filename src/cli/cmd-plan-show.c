/* plan show: a page with the operations over time, before and after, and the frontier. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "core/file.h"
#include "load.h"
#include "plan-page.h"

/* Most stages of a plan.csv: lanes of the page. */
#define LANES_MAX 4096

static const struct option show_options[] = {
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "HTML",
		.fallback = "-",
		.text = "write the page there; - is standard output"},
	{.name = "title", .kind = OPTION_TEXT, .value = "TEXT", .text = "title of the page"},
	{.name = NULL},
};

/* Times of the slider: more of them near the least. */
static double time_at(const struct plans *p, size_t k, size_t n)
{
	const struct vec *f = &p->claims.frontier;
	double last = ((const hg_plan_point *)vec_at(f, f->len - 1))->time_s;
	double x = n > 1 ? (double)k / (double)(n - 1) : 0;

	return p->claims.t_min_s + fmax(0, last - p->claims.t_min_s) * x * x;
}

/* Fewer plans and less search for large pipelines, so that the page stays small. */
static hg_err make_plans(struct page *page, const hg_plan_frontier *set, hg_error *why)
{
	const struct plans *p = page->plans;
	size_t n_ops, n;
	hg_err err = HG_OK;

	(void)hg_pipeline_steps(p->pipeline, &n_ops);
	n = n_ops <= 4096 ? PAGE_PLANS : n_ops <= 16384 ? 13 : 5;

	for (size_t k = 0; k < n && !err; k++) {
		hg_plan_opts opts = {.size = sizeof opts,
			.class_of = p->class_of,
			.time_s = time_at(p, k, n),
			.switch_cost_j = p->switch_cost_j,
			.switch_latency_s = p->switch_latency_s,
			.iterations = n_ops <= 1024 ? 3000 : 0};

		err = hg_plan_at(set, &opts, &page->plan[page->n_plans], why);
		if (!err)
			page->n_plans++;
		else if (err == HG_EINFEASIBLE)
			err = HG_OK; /* the class needs longer */
	}
	return err;
}

static int write_page(struct cli *cli, const struct args *args, const struct page *page)
{
	const char *path = args_text(args, "output", "-");
	struct json_out j;
	struct buf html;
	hg_err err;
	int rc;

	buf_init(&html, PLANS_BYTES);
	err = plan_page(&html, page);
	rc = err ? cli_broken(cli, err) : cli_write(cli, path, html.data, html.len);
	buf_finish(&html);
	if (rc != EXIT_OK || strcmp(path, "-") == 0)
		return rc;
	if (!args_has(args, "json")) {
		buf_addf(&cli->out, "%s: page of %zu plan%s\n", path,
			page->plans ? page->n_plans : 1,
			page->plans && page->n_plans != 1 ? "s" : "");
		return rc;
	}
	json_out_init(&j, &cli->out);
	json_open(&j, '{', true);
	json_kv_string(&j, "schema", "hourglass.written/1");
	json_kv_string(&j, "file", path);
	json_kv_int(&j, "plans", page->plans ? (int64_t)page->n_plans : 1);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
	return rc;
}

static int show_rows(
	struct cli *cli, const struct args *args, const struct buf *text, const char *name)
{
	struct plan_rows rows;
	struct page page = {.rows = &rows, .title = args_text(args, "title", "A pipeline's plan")};
	hg_error why = {""};
	hg_err err = rows_parse(&rows, text->data ? text->data : "", text->len, name, &why);
	int rc = err ? cli_input_error(cli, err, &why) : EXIT_OK;

	for (size_t i = 0; rc == EXIT_OK && i < rows.rows.len; i++)
		if (((const struct plan_row *)vec_at(&rows.rows, i))->stage >= LANES_MAX)
			rc = cli_usage(cli, "%s: expected at most %d stages", name, LANES_MAX);
	if (rc == EXIT_OK && rows.rows.len == 0)
		rc = cli_usage(cli, "%s: expected rows below the header, found none", name);
	if (rc == EXIT_OK)
		rc = write_page(cli, args, &page);
	rows_finish(&rows);
	return rc;
}

static int show_plans(
	struct cli *cli, const struct args *args, const struct buf *text, const char *name)
{
	struct plans p;
	struct page page = {.plans = &p, .title = args_text(args, "title", "Energy of a pipeline")};
	struct plans_store store = {.plans = NULL};
	hg_plan_frontier *set = NULL;
	hg_error why = {""};
	hg_err err = plans_parse(&p, text->data, text->len, name, &why);
	int rc = err ? cli_input_error(cli, err, &why) : plans_solve(cli, &p, &store, &set);

	if (rc == EXIT_OK) {
		err = make_plans(&page, set, &why);
		rc = err ? plan_error(cli, err, &why) : EXIT_OK;
	}
	if (rc == EXIT_OK && page.n_plans == 0)
		rc = cli_usage(cli, "%s: no plan of this class", name);
	if (rc == EXIT_OK)
		rc = write_page(cli, args, &page);
	for (size_t i = 0; i < page.n_plans; i++)
		hg_plan_destroy(page.plan[i]);
	hg_plan_frontier_destroy(set);
	plans_store_finish(&store);
	plans_finish(&p);
	return rc;
}

/* JSON begins with a brace, CSV never does. */
static bool is_json(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (!strchr(" \t\r\n", text->data[i]))
			return text->data[i] == '{';
	return false;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *path = args->operands[0];
	hg_error why = {""};
	struct buf text;
	hg_err err;
	int rc;

	if (args_has(args, "json") && strcmp(args_text(args, "output", "-"), "-") == 0)
		return cli_usage(cli, "--json and -o - exclude each other: give -o a file");
	err = file_read(path, PLANS_BYTES, &text, &why);
	if (err)
		rc = cli_input_error(cli, err, &why);
	else if (is_json(&text))
		rc = show_plans(cli, args, &text, path_text(path));
	else
		rc = show_rows(cli, args, &text, path_text(path));
	buf_finish(&text);
	return rc;
}

const struct command cmd_plan_show = {
	.name = "show",
	.path = "plan show",
	.page = "hourglass-plan",
	.usage = "PLANS|PLAN.csv [-o HTML]",
	.summary = "a page with the operations over time and the frontier",
	.tables = {show_options},
	.operand = OPERAND_FILE,
	.operand_name = "PLANS or PLAN.csv",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
