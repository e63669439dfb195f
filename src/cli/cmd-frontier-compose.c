/* frontier merge, series, parallel, repeat, scale, mix: a frontier from frontiers. */
#include <float.h>
#include <stdint.h>
#include <string.h>

#include "cmd.h"
#include "load.h"

#define MANY 100000

static const struct option series_options[] = {
	{.name = "hull",
		.kind = OPTION_FLAG,
		.text = "compose convex hulls only: fast for many points"},
	{.name = NULL},
};

static const struct option repeat_options[] = {
	{.name = "times",
		.abbr = 'n',
		.kind = OPTION_COUNT,
		.min = 1,
		.max = UINT32_MAX,
		.value = "N",
		.text = "how often"},
	{.name = NULL},
};

static const struct option scale_options[] = {
	{.name = "factor",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.min = DBL_MIN,
		.max = DBL_MAX,
		.value = "X",
		.text = "multiply times and energies: X units of work in one, one setting for all"},
	{.name = "time-factor",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.min = DBL_MIN,
		.max = DBL_MAX,
		.value = "X",
		.fallback = "--factor, or 1",
		.text = "multiply times"},
	{.name = "energy-factor",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.min = DBL_MIN,
		.max = DBL_MAX,
		.value = "X",
		.fallback = "--factor, or 1",
		.text = "multiply energies"},
	{.name = NULL},
};

/** Makes one frontier from n. */
typedef hg_err (*compose_fn)(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why);

static int compose(struct cli *cli, const struct args *args, compose_fn fn)
{
	hg_frontier **list = NULL, *f = NULL;
	hg_error why = {""};
	int rc = frontiers_read(cli, args, &list);

	if (rc == EXIT_OK) {
		hg_err err = fn(args, list, args->n_operands, &f, &why);

		if (err == HG_OK)
			rc = frontier_write(cli, args, f, args_text(args, "output", "-"));
		else
			rc = cli_input_error(cli, err, &why);
	}
	hg_frontier_destroy(f);
	frontiers_free(list, args->n_operands);
	return rc;
}

static hg_err do_merge(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	(void)args;
	return hg_frontier_union(list, n, out, why);
}

static hg_err do_series(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	return hg_frontier_series(list, n, args_has(args, "hull") ? HG_SERIES_HULL : 0, out, why);
}

static hg_err do_parallel(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	(void)args;
	return hg_frontier_parallel(list, n, out, why);
}

static hg_err do_repeat(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	(void)n;
	return hg_frontier_repeat(list[0], (uint32_t)args_number(args, "times", 1), out, why);
}

static hg_err do_scale(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	double both = args_number(args, "factor", 1);

	(void)n;
	return hg_frontier_scale(list[0], args_number(args, "time-factor", both),
		args_number(args, "energy-factor", both), out, why);
}

static hg_err do_mix(
	const struct args *args, hg_frontier **list, size_t n, hg_frontier **out, hg_error *why)
{
	(void)args;
	(void)n;
	return hg_frontier_mix(list[0], out, why);
}

static int run_merge(struct cli *cli, const struct args *args)
{
	return compose(cli, args, do_merge);
}

static int run_series(struct cli *cli, const struct args *args)
{
	return compose(cli, args, do_series);
}

static int run_parallel(struct cli *cli, const struct args *args)
{
	return compose(cli, args, do_parallel);
}

static int run_repeat(struct cli *cli, const struct args *args)
{
	if (!args_has(args, "times"))
		return cli_usage(cli, "--times is missing");
	return compose(cli, args, do_repeat);
}

static int run_scale(struct cli *cli, const struct args *args)
{
	if (!args_has(args, "factor") && !args_has(args, "time-factor") &&
		!args_has(args, "energy-factor"))
		return cli_usage(cli, "give --factor, --time-factor or --energy-factor");
	return compose(cli, args, do_scale);
}

static int run_mix(struct cli *cli, const struct args *args)
{
	return compose(cli, args, do_mix);
}

const struct command cmd_frontier_merge = {
	.name = "merge",
	.path = "frontier merge",
	.page = "hourglass-frontier",
	.usage = "FILE... [-o OUT]",
	.summary = "alternatives: the same work on any one of them",
	.tables = {output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = MANY,
	.run = run_merge,
};

const struct command cmd_frontier_series = {
	.name = "series",
	.path = "frontier series",
	.page = "hourglass-frontier",
	.usage = "FILE... [--hull] [-o OUT]",
	.summary = "one after the other",
	.tables = {series_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = MANY,
	.run = run_series,
};

const struct command cmd_frontier_parallel = {
	.name = "parallel",
	.path = "frontier parallel",
	.page = "hourglass-frontier",
	.usage = "FILE... [-o OUT]",
	.summary = "at once, each waiting for the slowest",
	.tables = {output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = MANY,
	.run = run_parallel,
};

const struct command cmd_frontier_repeat = {
	.name = "repeat",
	.path = "frontier repeat",
	.page = "hourglass-frontier",
	.usage = "FILE --times N [-o OUT]",
	.summary = "the same work several times, the setting may change once in between",
	.tables = {repeat_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_repeat,
};

const struct command cmd_frontier_scale = {
	.name = "scale",
	.path = "frontier scale",
	.page = "hourglass-frontier",
	.usage = "FILE --factor X [-o OUT]",
	.summary = "multiply times and energies",
	.tables = {scale_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_scale,
};

const struct command cmd_frontier_mix = {
	.name = "mix",
	.path = "frontier mix",
	.page = "hourglass-frontier",
	.usage = "FILE [-o OUT]",
	.summary = "keep what mixing settings over time can reach: the convex hull",
	.tables = {output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_mix,
};
