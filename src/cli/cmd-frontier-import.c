/* frontier import: measurements of others become a frontier. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/file.h"
#include "core/text.h"
#include "load.h"

#define WHERE_MAX 256

static const char *const formats[] = {"zeus-windows", "csv", "hourglass", NULL};

static const struct option import_options[] = {
	{.name = "format",
		.kind = OPTION_CHOICE,
		.value = "FORMAT",
		.choices = formats,
		.text = "what FILE is"},
	{.name = "time",
		.kind = OPTION_TEXT,
		.value = "COL[:UNIT]",
		.text = "csv: column with the time"},
	{.name = "energy",
		.kind = OPTION_TEXT,
		.value = "COL[:UNIT]",
		.text = "csv: column with the energy"},
	{.name = "power",
		.kind = OPTION_TEXT,
		.value = "COL[:UNIT]",
		.text = "csv: column with the mean power, instead of --energy"},
	{.name = "knob",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "COL[=NAME[:UNIT]]",
		.text = "csv: column with a setting"},
	{.name = "where",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "COL=VALUE,...",
		.text = "csv: only rows in which all hold"},
	{.name = "devices",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.text = "how many devices the figures cover"},
	{.name = "name", .kind = OPTION_TEXT, .value = "TEXT", .text = "name of the frontier"},
	{.name = "work-unit",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.text = "what one unit of work is, such as epoch"},
	{.name = "static-power",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.max = DBL_MAX,
		.value = "POWER",
		.text = "what all devices together draw while they wait"},
	{.name = NULL},
};

/** The lists behind hg_csv_import. */
struct lists {
	const char **knobs;
	char **where; /* owned, one "COL=VALUE" each */
	size_t n_knobs, n_where;
};

static void lists_finish(struct lists *l)
{
	for (size_t i = 0; i < l->n_where; i++)
		free(l->where[i]);
	free(l->where);
	free(l->knobs);
}

/** Cuts "A=1,B=2" at its commas. A comma inside a value is written twice. */
static int split_where(const struct cli *cli, const char *text, struct lists *l)
{
	struct buf one;
	const char *at = text;
	int rc = EXIT_OK;

	buf_init(&one, strlen(text) + 1);
	for (bool more = true; more && rc == EXIT_OK; at++) {
		if (*at == ',' && at[1] == ',') {
			buf_addc(&one, *at++);
			continue;
		}
		if (*at && *at != ',') {
			buf_addc(&one, *at);
			continue;
		}
		more = *at != '\0';
		if (l->n_where == WHERE_MAX)
			rc = cli_usage(cli, "--where: more than %d conditions", WHERE_MAX);
		else if (one.len == 0 || !strchr(one.data, '=') || one.data[0] == '=')
			rc = cli_usage(cli, "--where %.80s: expected COL=VALUE,...", text);
		else if (one.failed != HG_OK)
			rc = cli_broken(cli, one.failed);
		else
			l->where[l->n_where++] = buf_steal(&one);
	}
	buf_finish(&one);
	return rc;
}

static int lists_read(const struct cli *cli, const struct args *args, struct lists *l)
{
	int rc = EXIT_OK;

	memset(l, 0, sizeof *l);
	l->n_knobs = args_count(args, "knob");
	l->knobs = calloc(l->n_knobs + 1, sizeof *l->knobs);
	l->where = calloc(WHERE_MAX, sizeof *l->where);
	if (!l->knobs || !l->where)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < l->n_knobs; i++)
		l->knobs[i] = args_nth(args, "knob", i);
	for (size_t i = 0; rc == EXIT_OK && args_nth(args, "where", i); i++)
		rc = split_where(cli, args_nth(args, "where", i), l);
	return rc;
}

static int check_options(const struct cli *cli, const struct args *args, const char *format)
{
	static const char *const csv_only[] = {"time", "energy", "power", "knob", "where"};
	bool csv = strcmp(format, "csv") == 0;

	for (size_t i = 0; !csv && i < sizeof csv_only / sizeof *csv_only; i++)
		if (args_has(args, csv_only[i]))
			return cli_usage(cli, "--%s goes with --format csv, not with --format %s",
				csv_only[i], format);
	if (!csv)
		return EXIT_OK;
	if (!args_has(args, "time"))
		return cli_usage(cli, "--format csv needs --time COL");
	if (args_has(args, "energy") == args_has(args, "power"))
		return cli_usage(cli, "--format csv needs one of --energy COL and --power COL");
	if (!args_has(args, "knob"))
		return cli_usage(cli, "--format csv needs --knob COL");
	return EXIT_OK;
}

/** What the options say about the frontier, over what is known already. */
static void info_read(const struct args *args, hg_frontier_info *info)
{
	info->name = args_text(args, "name", info->name);
	info->work_unit = args_text(args, "work-unit", info->work_unit);
	info->static_power_w = args_number(args, "static-power", info->static_power_w);
	info->devices = (uint32_t)args_number(args, "devices", info->devices);
}

static hg_err import_hourglass(const struct buf *text, const char *origin, const struct args *args,
	hg_frontier **out, hg_error *why)
{
	hg_frontier_info info = {.size = sizeof info};
	hg_frontier *f = NULL;
	hg_err rc = hg_frontier_parse(text->data, text->len, HG_FORMAT_AUTO, origin, &f, why);

	if (rc != HG_OK)
		return rc;
	hg_frontier_get_info(f, &info);
	info_read(args, &info);
	rc = hg_frontier_with_info(f, &info, out, why);
	hg_frontier_destroy(f);
	return rc;
}

static hg_err import(const struct buf *text, const char *path, const struct args *args,
	const struct lists *lists, hg_frontier **out, hg_error *why)
{
	const char *format = args_text(args, "format", "");
	const char *origin = path_text(path);
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_csv_import csv = {
		.size = sizeof csv,
		.devices = (uint32_t)args_number(args, "devices", 0),
		.time = args_text(args, "time", NULL),
		.energy = args_text(args, "energy", NULL),
		.power = args_text(args, "power", NULL),
		.knobs = lists->knobs,
		.n_knobs = lists->n_knobs,
		.where = (const char *const *)lists->where,
		.n_where = lists->n_where,
		.info = &info,
	};

	if (strcmp(format, "hourglass") == 0)
		return import_hourglass(text, origin, args, out, why);
	info_read(args, &info);
	info.source = strcmp(path, "-") == 0 ? "" : path;
	if (strcmp(format, "zeus-windows") == 0)
		return hg_frontier_import_zeus(text->data, text->len, origin, &info, out, why);
	return hg_frontier_import_csv(text->data, text->len, origin, &csv, out, why);
}

static int run(struct cli *cli, const struct args *args)
{
	const char *format = args_text(args, "format", NULL);
	const char *path = args->operands[0];
	struct lists lists;
	struct buf text = {NULL, 0, 0, 0, HG_OK};
	hg_frontier *f = NULL;
	hg_error why = {""};
	hg_err err;
	int rc;

	if (!format)
		return cli_usage(cli, "--format is missing: zeus-windows, csv or hourglass");
	rc = check_options(cli, args, format);
	if (rc != EXIT_OK)
		return rc;
	rc = lists_read(cli, args, &lists);
	if (rc != EXIT_OK)
		goto out;
	err = file_read(path, FILE_MAX, &text, &why);
	if (err == HG_OK && !text.data)
		err = buf_adds(&text, "");
	if (err == HG_OK)
		err = import(&text, path, args, &lists, &f, &why);
	if (err == HG_OK)
		rc = frontier_write(cli, args, f, args_text(args, "output", "-"));
	else
		rc = cli_input_error(cli, err, &why);
out:
	hg_frontier_destroy(f);
	buf_finish(&text);
	lists_finish(&lists);
	return rc;
}

const struct command cmd_frontier_import = {
	.name = "import",
	.path = "frontier import",
	.page = "hourglass-frontier",
	.usage = "--format FORMAT FILE [-o OUT] [options]",
	.summary = "make a frontier from measurements in a file",
	.text = "FILE - is standard input. Formats: zeus-windows (profile of Zeus's power-limit\n"
		"optimiser), csv (any CSV with a header line), hourglass (a frontier file).",
	.tables = {import_options, output_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
