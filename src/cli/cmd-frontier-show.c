/* frontier show: the points as a table. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "describe.h"
#include "load.h"
#include "table.h"

/* Smaller relative standard deviations are not told apart. */
#define RSD_TINY 1e-5

static const struct option show_options[] = {
	{.name = "all", .abbr = 'a', .kind = OPTION_FLAG, .text = "dominated settings too"},
	{.name = "hull",
		.kind = OPTION_FLAG,
		.text = "only the vertices of the convex hull: what mixing reaches"},
	{.name = NULL},
};

/** Why a row is in the table. */
enum row_kind {
	ROW_POINT,
	ROW_HULL,
	ROW_DOMINATED
};

/** Called with each row to show, by time. @return HG_OK to go on */
typedef hg_err (*row_fn)(
	void *user, const hg_frontier *f, const hg_point *p, enum row_kind kind, size_t index);

/** Indices of the dominated points by time. @return NULL: out of memory */
static size_t *lost_by_time(const hg_frontier *f)
{
	size_t n = dominated_count(f), w = 0, o, n_waiting;
	size_t *order = calloc(n + 1, sizeof *order);

	/* two runs that are sorted already */
	hg_frontier_waiting(f, &n_waiting);
	o = n_waiting;
	for (size_t i = 0; order && i < n; i++) {
		if (o == n ||
			(w < n_waiting && dominated_at(f, w)->time_s <= dominated_at(f, o)->time_s))
			order[i] = w++;
		else
			order[i] = o++;
	}
	return order;
}

/** Calls fn with the dominated points before time_s. */
static hg_err lost_rows(
	const hg_frontier *f, const size_t *order, size_t *at, double time_s, row_fn fn, void *user)
{
	hg_err rc = HG_OK;

	for (; rc == HG_OK && *at < dominated_count(f); *at += 1) {
		const hg_point *p = dominated_at(f, order[*at]);

		if (p->time_s >= time_s)
			break;
		rc = fn(user, f, p, ROW_DOMINATED, order[*at]);
	}
	return rc;
}

/** Calls fn with the points and, if asked, the dominated ones merged in by time. */
static hg_err each_row(const hg_frontier *f, const struct args *args, row_fn fn, void *user)
{
	size_t n_hull, h = 0, l = 0;
	const hg_point *points = hg_frontier_points(f);
	const uint32_t *hull = hg_frontier_hull(f, &n_hull);
	size_t *order = args_has(args, "all") ? lost_by_time(f) : NULL;
	hg_err rc = args_has(args, "all") && !order ? HG_ENOMEM : HG_OK;

	for (size_t i = 0; rc == HG_OK && i < hg_frontier_count(f); i++) {
		bool vertex = h < n_hull && hull[h] == i;

		h += vertex;
		if (order)
			rc = lost_rows(f, order, &l, points[i].time_s, fn, user);
		if (rc == HG_OK && (vertex || !args_has(args, "hull")))
			rc = fn(user, f, &points[i], vertex ? ROW_HULL : ROW_POINT, i);
	}
	if (rc == HG_OK && order)
		rc = lost_rows(f, order, &l, HUGE_VAL, fn, user);
	free(order);
	return rc;
}

/** Whether a row is a point that pays while waiting is charged. */
static bool row_waits(const hg_frontier *f, enum row_kind kind, size_t index)
{
	size_t n;

	hg_frontier_waiting(f, &n);
	return kind == ROW_DOMINATED && index < n;
}

static void add_rsd(struct table *t, double rsd)
{
	if (isnan(rsd))
		table_cell(t, "?");
	else if (rsd > 0 && rsd < RSD_TINY)
		table_cell(t, "<%g %%", 100 * RSD_TINY);
	else
		table_cell(t, "%.2g %%", 100 * rsd);
}

static hg_err row_text(
	void *user, const hg_frontier *f, const hg_point *p, enum row_kind kind, size_t index)
{
	static const char *const marks[] = {"", "hull", "dominated"};
	struct table *t = user;
	const hg_point *fastest = hg_frontier_points(f);
	char text[QUANTITY_TEXT];
	struct buf setting;

	buf_init(&setting, 1u << 20);
	if (kind == ROW_DOMINATED)
		dominated_text(&setting, f, index);
	else
		point_text(&setting, f, index);
	table_cell(t, "%s", setting.data ? setting.data : "");
	buf_finish(&setting);
	table_cell(t, "%s", quantity_format(QUANTITY_TIME, p->time_s, text));
	add_rsd(t, p->time_rsd);
	table_cell(t, "%s", quantity_format(QUANTITY_ENERGY, p->energy_j, text));
	add_rsd(t, p->energy_rsd);
	if (p->time_s > 0)
		table_cell(t, "%s", quantity_format(QUANTITY_POWER, p->energy_j / p->time_s, text));
	else
		table_cell(t, "-");
	if (fastest->time_s > 0)
		table_cell(t, "%.3fx", p->time_s / fastest->time_s);
	else
		table_cell(t, "-");
	if (fastest->energy_j > 0)
		table_cell(t, "%+.1f %%", 100 * (p->energy_j / fastest->energy_j - 1));
	else
		table_cell(t, "-");
	table_cell(t, "%s%s", marks[kind],
		row_waits(f, kind, index) ? ", pays while waiting is charged" : "");
	return t->failed;
}

static void head_text(struct buf *out, const hg_frontier *f)
{
	hg_frontier_info info = {.size = sizeof info};
	char text[QUANTITY_TEXT];
	size_t lost = dominated_count(f);

	hg_frontier_get_info(f, &info);
	buf_addf(out, "%s: %zu point%s", info.name[0] ? info.name : "frontier",
		hg_frontier_count(f), hg_frontier_count(f) == 1 ? "" : "s");
	if (lost)
		buf_addf(out, ", %zu dominated", lost);
	if (info.work_unit[0])
		buf_addf(out, ", per %s", info.work_unit);
	if (info.device[0])
		buf_addf(out, ", on %s", info.device);
	if (info.devices > 1)
		buf_addf(out, " x %u", (unsigned)info.devices);
	if (!isnan(info.static_power_w))
		buf_addf(out, ", waiting at %s",
			quantity_format(QUANTITY_POWER, info.static_power_w, text));
	buf_adds(out, "; ");
	origin_text(out, frontier_origin(f));
	buf_addc(out, '\n');
}

static int show_text(struct cli *cli, const struct args *args, const hg_frontier *f)
{
	static const char *const heads[] = {"setting", "time", "sd", "energy", "sd", "mean power",
		"slowdown", "energy change", ""};
	struct table t;
	hg_err rc;

	table_init(&t, "lrrrrrrrl");
	head_text(&cli->out, f);
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	rc = each_row(f, args, row_text, &t);
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	return rc == HG_OK ? EXIT_OK : cli_broken(cli, rc);
}

static hg_err row_json(
	void *user, const hg_frontier *f, const hg_point *p, enum row_kind kind, size_t index)
{
	struct json_out *j = user;
	hg_err rc = HG_OK;
	bool waits = row_waits(f, kind, index);

	if (waits)
		index += hg_frontier_count(f);
	json_open(j, '{', true);
	json_key(j, "setting");
	if (kind == ROW_DOMINATED && !waits)
		setting_json(j, f, p->setting);
	else
		rc = point_setting_json(j, f, index);
	figures_json(j, p);
	json_kv_bool(j, "hull", kind == ROW_HULL);
	json_kv_bool(j, "dominated", kind == ROW_DOMINATED);
	json_kv_bool(j, "waiting", waits);
	if (rc == HG_OK && (kind != ROW_DOMINATED || waits) && hg_frontier_op(f) != HG_OP_NONE) {
		json_key(j, "parts");
		rc = parts_json(j, f, index);
	}
	json_close(j, '}');
	return rc != HG_OK ? rc : j->buf->failed;
}

static int show_json(struct cli *cli, const struct args *args, const hg_frontier *f)
{
	hg_frontier_info info = {.size = sizeof info};
	struct json_out j;
	hg_err rc;

	hg_frontier_get_info(f, &info);
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.show/1");
	json_kv_string(&j, "name", info.name);
	json_kv_string(&j, "work_unit", info.work_unit);
	json_kv_string(&j, "device", info.device);
	json_kv_int(&j, "devices", info.devices);
	json_kv_number(&j, "static_power_w", info.static_power_w);
	json_kv_number(&j, "max_power_w", info.max_power_w);
	json_kv_bool(&j, "simulated", (frontier_origin(f) & HG_ORIGIN_SIMULATED) != 0);
	json_key(&j, "points");
	json_open(&j, '[', false);
	rc = each_row(f, args, row_json, &j);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
	return rc == HG_OK ? EXIT_OK : cli_broken(cli, rc);
}

static int run(struct cli *cli, const struct args *args)
{
	hg_frontier *f = NULL;
	int rc;

	if (args_has(args, "all") && args_has(args, "hull"))
		return cli_usage(cli, "--all and --hull exclude each other: give one");
	rc = frontier_read(cli, args->operands[0], &f);
	if (rc == EXIT_OK)
		rc = args_has(args, "json") ? show_json(cli, args, f) : show_text(cli, args, f);
	hg_frontier_destroy(f);
	return rc;
}

const struct command cmd_frontier_show = {
	.name = "show",
	.path = "frontier show",
	.page = "hourglass-frontier",
	.usage = "FILE [--all | --hull] [--json]",
	.summary = "the points as a table",
	.tables = {show_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
