/* frontier plot: SVG to a file, or a plot in the terminal. */
#include <stdlib.h>

#include "cmd.h"
#include "describe.h"
#include "load.h"
#include "plot.h"

static const struct option plot_options[] = {
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "write an SVG there; - is standard output"},
	{.name = "terminal",
		.kind = OPTION_FLAG,
		.text = "plot in the terminal, which is also what happens without -o"},
	{.name = "title", .kind = OPTION_TEXT, .value = "TEXT", .text = "title of the plot"},
	{.name = NULL},
};

/** What each frontier is called: its name, or its file. */
static const char *series_name(const hg_frontier *f, const char *path)
{
	hg_frontier_info info = {.size = sizeof info};

	hg_frontier_get_info(f, &info);
	return info.name[0] ? info.name : path_text(path);
}

static hg_err plot_json(struct buf *out, const struct plot *p)
{
	struct json_out j;
	hg_err rc = HG_OK;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plot/1");
	json_kv_string(&j, "title", p->title);
	json_key(&j, "series");
	json_open(&j, '[', false);
	for (size_t s = 0; s < p->n_series; s++) {
		const hg_frontier *f = p->series[s].f;

		json_open(&j, '{', false);
		json_kv_string(&j, "name", p->series[s].name);
		json_kv_bool(&j, "simulated", (frontier_origin(f) & HG_ORIGIN_SIMULATED) != 0);
		json_key(&j, "points");
		json_open(&j, '[', false);
		for (size_t i = 0; rc == HG_OK && i < hg_frontier_count(f); i++) {
			json_open(&j, '{', true);
			json_key(&j, "setting");
			rc = point_setting_json(&j, f, i);
			figures_json(&j, &hg_frontier_points(f)[i]);
			json_close(&j, '}');
		}
		json_close(&j, ']');
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
	return rc;
}

static int write_svg(
	struct cli *cli, const struct args *args, const struct plot *p, const char *path)
{
	struct json_out j;
	struct buf svg;
	int rc;

	buf_init(&svg, (size_t)1 << 30);
	plot_svg(&svg, p);
	if (svg.failed != HG_OK)
		rc = cli_broken(cli, svg.failed);
	else
		rc = cli_write(cli, path, svg.data, svg.len);
	buf_finish(&svg);
	if (rc != EXIT_OK || (path[0] == '-' && !path[1]))
		return rc;
	if (!args_has(args, "json")) {
		buf_addf(&cli->out, "%s: plot of %zu frontier%s\n", path, p->n_series,
			p->n_series == 1 ? "" : "s");
		return EXIT_OK;
	}
	json_out_init(&j, &cli->out);
	json_open(&j, '{', true);
	json_kv_string(&j, "schema", "hourglass.written/1");
	json_kv_string(&j, "file", path);
	json_kv_int(&j, "series", (int64_t)p->n_series);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
	return EXIT_OK;
}

/** "NAME", with what the figures are worth. */
static void default_title(struct buf *out, const struct plot *p)
{
	uint32_t origin = 0;

	for (size_t i = 0; i < p->n_series; i++)
		origin |= frontier_origin(p->series[i].f);
	buf_adds(out, p->n_series == 1 ? p->series[0].name : "Time-energy frontiers");
	if (origin & HG_ORIGIN_SIMULATED)
		buf_adds(out, " (simulated)");
}

static int draw(struct cli *cli, const struct args *args, hg_frontier **list)
{
	const char *path = args_text(args, "output", NULL);
	hg_frontier_info info = {.size = sizeof info};
	struct plot plot = {.n_series = args->n_operands};
	struct plot_series *series = calloc(plot.n_series, sizeof *series);
	struct buf title;
	hg_err err = HG_OK;
	int rc = EXIT_OK;

	buf_init(&title, 1u << 20);
	for (size_t i = 0; series && i < plot.n_series; i++) {
		series[i].f = list[i];
		series[i].name = series_name(list[i], args->operands[i]);
	}
	if (!series) {
		rc = cli_broken(cli, HG_ENOMEM);
		goto out;
	}
	plot.series = series;
	default_title(&title, &plot);
	plot.title = args_text(args, "title", title.data ? title.data : "");
	hg_frontier_get_info(list[0], &info);
	plot.work_unit = info.work_unit;
	if (path)
		rc = write_svg(cli, args, &plot, path);
	else if (args_has(args, "json"))
		err = plot_json(&cli->out, &plot);
	if ((!path && !args_has(args, "json")) || args_has(args, "terminal"))
		err = plot_terminal(&cli->out, &plot, cli->width, PLOT_TERMINAL_ROWS, cli->utf8);
	if (err != HG_OK)
		rc = cli_broken(cli, err);
out:
	buf_finish(&title);
	free(series);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	hg_frontier **list = NULL;
	int rc;

	if (args_has(args, "terminal") && args_has(args, "json"))
		return cli_usage(cli, "--terminal and --json exclude each other: give one");
	if (args_has(args, "terminal") && args_has(args, "output") &&
		args_text(args, "output", "")[0] == '-')
		return cli_usage(cli, "--terminal and -o - exclude each other: give one");
	rc = frontiers_read(cli, args, &list);
	if (rc == EXIT_OK)
		rc = draw(cli, args, list);
	frontiers_free(list, args->n_operands);
	return rc;
}

const struct command cmd_frontier_plot = {
	.name = "plot",
	.path = "frontier plot",
	.page = "hourglass-frontier",
	.usage = "FILE... [-o PLOT.svg] [--terminal]",
	.summary = "plot frontiers in the terminal or as SVG",
	.tables = {plot_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 64,
	.run = run,
};
