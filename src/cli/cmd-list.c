/* list: what there is here. */
#include <stdint.h>

#include <hourglass/model.h>

#include "cmd.h"
#include "core/json.h"
#include "list-device.h"
#include "rig.h"
#include "table.h"

static const struct option list_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.text = "open this device and list its signals and knobs"},
	{.name = NULL},
};

/* ----- the search for hardware */

/** Reports of the backends while a search runs. */
struct search {
	struct table *table;   /* text, or */
	struct json_out *json; /* JSON */
};

static void found_json(struct json_out *j, const hg_discovery *found)
{
	json_open(j, '{', true);
	json_kv_string(j, "name", found->backend);
	json_kv_string(j, "text", found->text);
	json_kv_int(j, "devices", (int64_t)found->devices);
	json_kv_string(j, "result", hg_err_name(found->rc));
	json_kv_string(j, "reason", found->reason);
	json_close(j, '}');
}

static void told(void *user, const hg_discovery *found)
{
	struct search *s = user;

	if (s->json) {
		found_json(s->json, found);
		return;
	}
	table_cell(s->table, "  %s", found->backend);
	table_cell(s->table, "%zu", found->devices);
	table_cell(s->table, "%s", found->reason[0] ? found->reason : found->text);
}

/** Looks for hardware, and says what each backend came to. */
static int search(struct cli *cli, hg_ctx *ctx, struct search *s)
{
	hg_error why = {""};
	hg_err rc = hg_discover(ctx, told, s, &why);

	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

/* ----- what can be opened */

/** Calls fn for each compiled-in device model. @return exit code */
static int each_model(struct cli *cli, void (*fn)(void *user, const hg_model_info *m), void *user)
{
	for (size_t i = 0; hg_model_builtin(i); i++) {
		hg_model_info info = {.size = sizeof info};
		hg_model *m = NULL;
		hg_error why = {""};
		hg_err rc = hg_model_load(hg_model_builtin(i), rig_data_dir(), &m, &why);

		if (rc != HG_OK)
			return cli_input_error(cli, rc, &why);
		hg_model_get_info(m, &info);
		fn(user, &info);
		hg_model_destroy(m);
	}
	return EXIT_OK;
}

static void model_json(void *user, const hg_model_info *m)
{
	struct json_out *j = user;
	struct buf spec;

	buf_init(&spec, 4096);
	buf_addf(&spec, "sim:%s", m->name);
	json_open(j, '{', true);
	json_kv_string(j, "spec", spec.data ? spec.data : "");
	json_kv_string(j, "title", m->title);
	json_kv_string(j, "vendor", m->vendor);
	json_kv_number(j, "power_limit_min_w", m->cap_min_w);
	json_kv_number(j, "power_limit_max_w", m->cap_max_w);
	json_kv_number(j, "power_limit_default_w", m->cap_default_w);
	json_kv_number(j, "sm_clock_min_hz", m->clock_min_hz);
	json_kv_number(j, "sm_clock_max_hz", m->clock_max_hz);
	json_kv_number(j, "idle_w", m->idle_w);
	json_kv_number(j, "peak_flops", m->peak_flops);
	json_kv_number(j, "peak_bytes_per_s", m->peak_bytes_per_s);
	json_close(j, '}');
	buf_finish(&spec);
}

static void model_text(void *user, const hg_model_info *m)
{
	struct table *t = user;

	table_cell(t, "  sim:%s", m->name);
	table_cell(t, "%.0f-%.0f W", m->cap_min_w, m->cap_max_w);
	table_cell(t, "%.0f-%.0f MHz", m->clock_min_hz * 1e-6, m->clock_max_hz * 1e-6);
	table_cell(t, "%.0f W", m->idle_w);
	table_cell(t, "%s", m->title);
}

/** Names and units of the compiled-in workloads. */
static int workloads(struct cli *cli, struct json_out *j)
{
	for (size_t i = 0; hg_workload_builtin(i); i++) {
		hg_workload *w = NULL;
		hg_error why = {""};
		hg_err rc = hg_workload_load(hg_workload_builtin(i), rig_data_dir(), &w, &why);

		if (rc != HG_OK)
			return cli_input_error(cli, rc, &why);
		if (j) {
			json_open(j, '{', true);
			json_kv_string(j, "name", hg_workload_name(w));
			json_kv_string(j, "unit", hg_workload_unit(w));
			json_close(j, '}');
		} else {
			buf_addf(&cli->out, "  %-20s per %s\n", hg_workload_name(w),
				hg_workload_unit(w));
		}
		hg_workload_destroy(w);
	}
	return EXIT_OK;
}

static int devices_json(struct cli *cli, hg_ctx *ctx, struct json_out *j)
{
	struct list_tree tree;
	hg_sensors *known;
	hg_err rc = list_tree_init(&tree, ctx);

	sensors_read(cli, &known);
	for (size_t i = 0; rc == HG_OK && i < tree.n; i++)
		list_device_json(j, &tree, i, known);
	hg_sensors_destroy(known);
	list_tree_finish(&tree);
	return rc == HG_OK ? EXIT_OK : cli_broken(cli, rc);
}

static int devices_text(struct cli *cli, hg_ctx *ctx)
{
	struct list_tree tree;
	hg_sensors *known;
	hg_err rc = list_tree_init(&tree, ctx);

	sensors_read(cli, &known);
	if (rc == HG_OK && tree.n > 1) {
		buf_adds(&cli->out, "Devices:\n");
		list_tree_text(cli, &tree);
	}
	for (size_t i = 0; rc == HG_OK && i < tree.n; i++)
		list_device_text(cli, tree.at[i], known);
	hg_sensors_destroy(known);
	list_tree_finish(&tree);
	return rc == HG_OK ? EXIT_OK : cli_broken(cli, rc);
}

/** @param look  look for hardware; else the devices that are open are all */
static int list_json(struct cli *cli, hg_ctx *ctx, bool look)
{
	struct json_out j;
	struct search s = {.json = &j};
	int rc = EXIT_OK;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.list/1");
	json_key(&j, "hardware");
	json_open(&j, '{', false);
	json_kv_bool(&j, "looked_for", look);
	json_key(&j, "backends");
	json_open(&j, '[', false);
	if (look)
		rc = search(cli, ctx, &s);
	json_close(&j, ']');
	json_close(&j, '}');
	json_key(&j, "devices");
	json_open(&j, '[', false);
	if (rc == EXIT_OK)
		rc = devices_json(cli, ctx, &j);
	json_close(&j, ']');
	json_key(&j, "simulated_devices");
	json_open(&j, '[', false);
	if (rc == EXIT_OK)
		rc = each_model(cli, model_json, &j);
	json_close(&j, ']');
	json_key(&j, "workloads");
	json_open(&j, '[', false);
	if (rc == EXIT_OK)
		rc = workloads(cli, &j);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
	return rc;
}

/** What hardware there is, and what each backend came to. */
static int hardware_text(struct cli *cli, hg_ctx *ctx)
{
	struct table t;
	struct search s = {.table = &t};
	int rc;

	table_init(&t, "lrl");
	t.wrap = (size_t)cli->width;
	table_cell(&t, "  backend");
	table_cell(&t, "devices");
	table_cell(&t, "%s", "");
	rc = search(cli, ctx, &s);
	if (!hg_device_next(ctx, NULL))
		buf_adds(&cli->out, "Devices: none found.\n\n");
	if (rc == EXIT_OK)
		rc = devices_text(cli, ctx);
	buf_adds(&cli->out, "Looked for hardware:\n");
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	return rc;
}

static int list_text(struct cli *cli, hg_ctx *ctx)
{
	static const char *const heads[] = {"  device", "power limit", "clock", "idle", ""};
	int rc = hardware_text(cli, ctx);
	struct table t;

	if (rc != EXIT_OK)
		return rc;
	buf_adds(&cli->out, "\nSimulated devices that can be opened:\n");
	table_init(&t, "lrrrl");
	t.wrap = (size_t)cli->width;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	rc = each_model(cli, model_text, &t);
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	buf_adds(&cli->out, "\nWorkloads:\n");
	if (rc == EXIT_OK)
		rc = workloads(cli, NULL);
	buf_adds(&cli->out, "\n'hourglass list --device sim:h100' lists its signals and knobs.\n");
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	size_t n = args_count(args, "device");
	hg_ctx *ctx = NULL;
	int rc;

	if (n > RIG_DEVICES)
		return cli_usage(cli, "more than %d devices", RIG_DEVICES);
	rc = rig_context(cli, &ctx);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = rig_devices(cli, ctx, args_nth(args, "device", i));
	if (rc == EXIT_OK && args_has(args, "json"))
		rc = list_json(cli, ctx, n == 0);
	else if (rc == EXIT_OK && n == 0)
		rc = list_text(cli, ctx);
	else if (rc == EXIT_OK)
		rc = devices_text(cli, ctx);
	hg_close(ctx);
	return rc;
}

const struct command cmd_list = {
	.name = "list",
	.path = "list",
	.page = "hourglass-list",
	.usage = "[--device SPEC]... [--json]",
	.summary = "devices, their signals and knobs; simulated devices and workloads",
	.tables = {list_options},
	.run = run,
};
