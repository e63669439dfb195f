/* What the user wants: the options of an objective, read, told and answered. */
#include "objective.h"

#include <float.h>
#include <string.h>

#include "core/number.h"

/* in the order of hg_objective_kind */
const struct option objective_options[] = {
	{.name = "min-energy", .kind = OPTION_FLAG, .text = "least energy"},
	{.name = "min-time", .kind = OPTION_FLAG, .text = "least time"},
	{.name = "eta",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.max = 1,
		.value = "X",
		.text = "least X * energy + (1 - X) * P_max * time, X from 0 to 1"},
	{.name = "max-slowdown",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_FACTOR,
		.min = 1,
		.max = DBL_MAX,
		.value = "F",
		.text = "least energy within F times the fastest time: 1.1, 1.1x or 10%"},
	{.name = "deadline",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = DBL_MAX,
		.value = "TIME",
		.text = "least energy within a time"},
	{.name = "budget",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_ENERGY,
		.max = DBL_MAX,
		.value = "ENERGY",
		.text = "least time within an energy"},
	{.name = "knee",
		.kind = OPTION_FLAG,
		.text = "the point farthest below the line from fastest to cheapest"},
	{.name = "max-power",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.max = DBL_MAX,
		.value = "POWER",
		.fallback = "that of the frontier",
		.text = "P_max of --eta"},
	{.name = "charge-waiting",
		.kind = OPTION_FLAG,
		.text = "count what the device draws while it waits after being done early"},
	{.name = NULL},
};

#define KINDS 7

int objective_read(const struct cli *cli, const struct args *args, hg_objective *o)
{
	const char *first = NULL;

	memset(o, 0, sizeof *o);
	o->size = sizeof *o;
	for (int kind = 0; kind < KINDS; kind++) {
		const char *name = objective_options[kind].name;

		if (!args_has(args, name))
			continue;
		if (first)
			return cli_usage(
				cli, "--%s and --%s exclude each other: give one", first, name);
		first = name;
		o->kind = (hg_objective_kind)kind;
		o->value = args_number(args, name, 0);
	}
	if (!first)
		return cli_usage(cli, "no objective: give one of --min-energy, --min-time, --eta, "
				      "--max-slowdown, --deadline, --budget, --knee");
	if ((o->kind == HG_DEADLINE || o->kind == HG_BUDGET) && o->value <= 0)
		return cli_usage(
			cli, "--%s %s: must be above 0", first, args_text(args, first, ""));
	if (args_has(args, "max-power")) {
		if (o->kind != HG_ETA)
			return cli_usage(cli, "--max-power goes with --eta, not with --%s", first);
		o->max_power_w = args_number(args, "max-power", 0);
		if (o->max_power_w <= 0)
			return cli_usage(cli, "--max-power %s: must be above 0",
				args_text(args, "max-power", ""));
	}
	if (args_has(args, "charge-waiting")) {
		if (o->kind != HG_MIN_ENERGY && o->kind != HG_MAX_SLOWDOWN &&
			o->kind != HG_DEADLINE)
			return cli_usage(cli,
				"--charge-waiting goes with --min-energy, --max-slowdown or "
				"--deadline, not with --%s",
				first);
		o->flags |= HG_CHARGE_WAITING;
	}
	return EXIT_OK;
}

static const char *kind_text(hg_objective_kind kind)
{
	static const char *const texts[] = {
#define OBJECTIVE_ROW(name, value, text) [(value)] = (text),
		HG_OBJECTIVE_LIST(OBJECTIVE_ROW)
#undef OBJECTIVE_ROW
	};

	return (size_t)kind < sizeof texts / sizeof *texts ? texts[kind] : "?";
}

void objective_text(struct buf *out, const hg_objective *o)
{
	char text[QUANTITY_TEXT], number[DOUBLE_TEXT];

	buf_addf(out, "--%s", kind_text(o->kind));
	if (o->kind == HG_DEADLINE)
		buf_addf(out, " %s", quantity_format(QUANTITY_TIME, o->value, text));
	else if (o->kind == HG_BUDGET)
		buf_addf(out, " %s", quantity_format(QUANTITY_ENERGY, o->value, text));
	else if (o->kind == HG_ETA || o->kind == HG_MAX_SLOWDOWN) {
		double_format(o->value, number);
		buf_addf(out, " %s", number);
	}
}

void objective_json(struct json_out *j, const hg_objective *o)
{
	json_open(j, '{', true);
	json_kv_string(j, "kind", kind_text(o->kind));
	if (o->kind == HG_ETA || o->kind == HG_MAX_SLOWDOWN || o->kind == HG_DEADLINE ||
		o->kind == HG_BUDGET)
		json_kv_number(j, "value", o->value);
	if (o->kind == HG_ETA && o->max_power_w > 0)
		json_kv_number(j, "max_power_w", o->max_power_w);
	json_kv_bool(j, "charge_waiting", (o->flags & HG_CHARGE_WAITING) != 0);
	json_close(j, '}');
}
