/* frontier convert: JSON to CSV and back, with another label if asked. */
#include <float.h>

#include "cmd.h"
#include "load.h"

static const struct option convert_options[] = {
	{.name = "name", .kind = OPTION_TEXT, .value = "TEXT", .text = "give it another name"},
	{.name = "work-unit",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.text = "say what one unit of work is"},
	{.name = "static-power",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.max = DBL_MAX,
		.value = "POWER",
		.text = "say what all devices together draw while they wait"},
	{.name = "max-power",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.max = DBL_MAX,
		.value = "POWER",
		.text = "say what P_max of --eta is"},
	{.name = NULL},
};

static int run(struct cli *cli, const struct args *args)
{
	hg_frontier_info info = {.size = sizeof info};
	hg_frontier *f = NULL, *g = NULL;
	hg_error why = {""};
	hg_err err;
	int rc = frontier_read(cli, args->operands[0], &f);

	if (rc != EXIT_OK)
		return rc;
	hg_frontier_get_info(f, &info);
	info.name = args_text(args, "name", info.name);
	info.work_unit = args_text(args, "work-unit", info.work_unit);
	info.static_power_w = args_number(args, "static-power", info.static_power_w);
	info.max_power_w = args_number(args, "max-power", info.max_power_w);
	err = hg_frontier_with_info(f, &info, &g, &why);
	if (err == HG_OK)
		rc = frontier_write(cli, args, g, args_text(args, "output", "-"));
	else
		rc = cli_input_error(cli, err, &why);
	hg_frontier_destroy(g);
	hg_frontier_destroy(f);
	return rc;
}

const struct command cmd_frontier_convert = {
	.name = "convert",
	.path = "frontier convert",
	.page = "hourglass-frontier",
	.usage = "FILE [-o OUT] [options]",
	.summary = "write a frontier as JSON or CSV, relabelled if asked",
	.tables = {convert_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
