/* fit: times of single ops, instead of observations of workloads. */
#include <stdlib.h>
#include <string.h>

#include <hourglass/ops.h>

#include "core/file.h"
#include "core/text.h"
#include "fits.h"
#include "load.h"
#include "rig.h"
#include "table.h"

/* A header with a column "op", or the schema of timed ops. */
bool ops_are_in(const char *text, size_t len)
{
	struct slice all = {text, len}, line = slice_cut(&all, '\n');

	line = slice_trim(line);
	if (line.len > 0 && line.text[0] == '{') {
		struct slice head = {text, len < 512 ? len : 512};

		while (head.len > 0) {
			struct slice word = slice_cut(&head, '"');

			if (slice_is(word, "hourglass.ops/1"))
				return true;
		}
		return false;
	}
	while (line.len > 0)
		if (slice_is(slice_trim(slice_cut(&line, ',')), "op"))
			return true;
	return false;
}

int ops_read(struct cli *cli, const char *path, hg_op_times **out)
{
	hg_error why = {""};
	struct buf text;
	hg_err rc = file_read(path, FILE_MAX, &text, &why);

	*out = NULL;
	if (rc == HG_OK)
		rc = hg_op_times_parse(
			text.data ? text.data : "", text.len, path_text(path), out, &why);
	buf_finish(&text);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

int ops_open(struct cli *cli, const char *path, hg_ops **out)
{
	hg_error why = {""};
	hg_op_times *times;
	hg_model *m = NULL;
	hg_err err;
	int rc = ops_read(cli, path, &times);

	*out = NULL;
	if (rc != EXIT_OK)
		return rc;
	if (!hg_op_times_device(times)) {
		hg_op_times_destroy(times);
		return cli_usage(cli, "%s: expected a file that hourglass fit -o wrote", path);
	}
	err = hg_model_load(hg_op_times_device(times), rig_data_dir(), &m, &why);
	if (!err)
		err = hg_ops_create(m, times, out, &why);
	hg_model_destroy(m);
	hg_op_times_destroy(times);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static void print_json(struct cli *cli, const char *device, const hg_ops *ops)
{
	hg_ops_report r = {.size = sizeof r};
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.ops-report/1");
	json_kv_string(&j, "device", device);
	json_key(&j, "kinds");
	json_open(&j, '[', false);
	for (size_t i = 0; hg_ops_get_report(ops, i, &r) == HG_OK; i++) {
		json_open(&j, '{', true);
		json_kv_string(&j, "kind", r.kind);
		json_kv_int(&j, "samples", r.n);
		json_kv_number(&j, "left_out_mape", r.left_out);
		json_kv_number(&j, "common_sd", r.common);
		json_kv_number(&j, "each_sd", r.each);
		json_kv_string(&j, "origin", "fitted");
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static void print_text(struct cli *cli, const hg_ops *ops)
{
	hg_ops_report r = {.size = sizeof r};
	struct table t;

	table_init(&t, "lrrrr");
	table_cell(&t, "kind");
	table_cell(&t, "samples");
	table_cell(&t, "left out");
	table_cell(&t, "sd, all alike");
	table_cell(&t, "sd, each");
	for (size_t i = 0; hg_ops_get_report(ops, i, &r) == HG_OK; i++) {
		table_cell(&t, "%s", r.kind);
		table_cell(&t, "%u", r.n);
		table_cell(&t, "%.1f %%", 100 * r.left_out);
		table_cell(&t, "%.1f %%", 100 * r.common);
		table_cell(&t, "%.1f %%", 100 * r.each);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	buf_adds(&cli->out,
		"fitted; left out: mean error of each sample, predicted from the others\n");
}

/* Times that cannot be right are refused, or left out. */
static int times_check(
	struct cli *cli, const struct args *args, hg_op_times *times, const hg_model *m)
{
	const char *path = path_text(args->operands[0]);
	size_t all = hg_op_times_count(times), dropped;
	hg_error why;
	hg_err err = hg_op_times_drop_odd(times, m, &dropped, &why);

	if (dropped)
		cli_note(cli, "%s:%s", path, why.text);
	if (dropped && !args_has(args, "drop-odd"))
		return cli_usage(cli,
			"%s: %zu of %zu times cannot be right; --drop-odd leaves them out", path,
			dropped, all);
	return err ? cli_usage(cli, "%s: no time is left", path) : EXIT_OK;
}

int ops_fit(struct cli *cli, const struct args *args)
{
	static const char *const others[] = {"workload", "ops", "fit-device"};
	const char *path = args_text(args, "output", NULL), *device;
	hg_error why = {""};
	hg_op_times *times;
	hg_model *m = NULL;
	hg_ops *ops = NULL;
	char *text = NULL;
	size_t len = 0;
	hg_err err;
	int rc = ops_read(cli, args->operands[0], &times);

	if (rc != EXIT_OK)
		return rc;
	device = args_text(args, "device", hg_op_times_device(times));
	if (!device)
		rc = cli_usage(cli, "--device: expected the device whose ops were timed");
	for (size_t i = 0; i < sizeof others / sizeof *others && rc == EXIT_OK; i++)
		if (args_has(args, others[i]))
			rc = cli_usage(cli, "--%s goes with observations, not with times of ops",
				others[i]);
	if (rc != EXIT_OK)
		goto out;
	err = hg_model_load(device, rig_data_dir(), &m, &why);
	if (!err)
		rc = times_check(cli, args, times, m);
	if (rc != EXIT_OK)
		goto out;
	if (!err)
		err = hg_ops_create(m, times, &ops, &why);
	if (!err)
		err = hg_op_times_format(times, device, &text, &len, &why);
	if (err)
		rc = cli_input_error(cli, err, &why);
	else if (path)
		rc = cli_write(cli, path, text, len);
	if (rc == EXIT_OK && !(path && !strcmp(path, "-"))) {
		if (args_has(args, "json"))
			print_json(cli, device, ops);
		else
			print_text(cli, ops);
	}
out:
	free(text);
	hg_ops_destroy(ops);
	hg_model_destroy(m);
	hg_op_times_destroy(times);
	return rc;
}
