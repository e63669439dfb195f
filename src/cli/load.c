/* Frontiers in and out of files. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "describe.h"

const struct option output_options[] = {
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.fallback = "-",
		.text = "write the frontier there, as CSV if it ends in .csv; - is standard "
			"output"},
	{.name = NULL},
};

const char *path_text(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int frontier_read(struct cli *cli, const char *path, hg_frontier **out)
{
	hg_error why = {""};
	struct buf text;
	hg_err rc = file_read(path, FILE_MAX, &text, &why);

	*out = NULL;
	if (rc == HG_OK)
		rc = hg_frontier_parse(text.data ? text.data : "", text.len, HG_FORMAT_AUTO,
			path_text(path), out, &why);
	buf_finish(&text);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

int frontiers_read(struct cli *cli, const struct args *args, hg_frontier ***out)
{
	size_t from_stdin = 0;

	*out = NULL;
	for (size_t i = 0; i < args->n_operands; i++)
		from_stdin += strcmp(args->operands[i], "-") == 0;
	if (from_stdin > 1)
		return cli_usage(cli, "standard input (-) given twice");
	*out = calloc(args->n_operands + 1, sizeof **out);
	if (!*out)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < args->n_operands; i++) {
		int rc = frontier_read(cli, args->operands[i], &(*out)[i]);

		if (rc != EXIT_OK)
			return rc;
	}
	return EXIT_OK;
}

void frontiers_free(hg_frontier **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		hg_frontier_destroy(list[i]);
	free(list);
}

void written(struct cli *cli, const struct args *args, const char *path, const hg_frontier *f)
{
	const hg_point *p = hg_frontier_points(f);
	size_t n = hg_frontier_count(f), lost = dominated_count(f);
	char t0[QUANTITY_TEXT], t1[QUANTITY_TEXT], e0[QUANTITY_TEXT], e1[QUANTITY_TEXT];
	struct json_out j;

	if (args_has(args, "json")) {
		json_out_init(&j, &cli->out);
		json_open(&j, '{', true);
		json_kv_string(&j, "schema", "hourglass.written/1");
		json_kv_string(&j, "file", path);
		json_kv_int(&j, "points", (int64_t)n);
		json_kv_int(&j, "dominated", (int64_t)lost);
		json_kv_bool(&j, "simulated", (frontier_origin(f) & HG_ORIGIN_SIMULATED) != 0);
		json_close(&j, '}');
		buf_addc(&cli->out, '\n');
		return;
	}
	buf_addf(&cli->out, "%s: %zu point%s", path, n, n == 1 ? "" : "s");
	if (lost)
		buf_addf(&cli->out, " (and %zu dominated)", lost);
	if (n == 1)
		buf_addf(&cli->out, ", %s, %s", quantity_format(QUANTITY_TIME, p[0].time_s, t0),
			quantity_format(QUANTITY_ENERGY, p[0].energy_j, e0));
	else
		buf_addf(&cli->out, ", %s to %s, %s to %s",
			quantity_format(QUANTITY_TIME, p[0].time_s, t0),
			quantity_format(QUANTITY_TIME, p[n - 1].time_s, t1),
			quantity_format(QUANTITY_ENERGY, p[0].energy_j, e0),
			quantity_format(QUANTITY_ENERGY, p[n - 1].energy_j, e1));
	buf_adds(&cli->out, frontier_origin(f) & HG_ORIGIN_SIMULATED ? " (simulated)\n" : "\n");
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

int frontier_save(struct cli *cli, const hg_frontier *f, const char *path)
{
	hg_error why = {""};
	char *text = NULL;
	size_t len = 0;
	hg_err rc = hg_frontier_format(
		f, ends_with(path, ".csv") ? HG_FORMAT_CSV : HG_FORMAT_JSON, &text, &len, &why);
	int code;

	if (rc != HG_OK)
		return cli_output_error(cli, rc, &why);
	code = cli_write(cli, path, text, len);
	free(text);
	return code;
}

int frontier_write(struct cli *cli, const struct args *args, const hg_frontier *f, const char *path)
{
	int code = frontier_save(cli, f, path);

	if (code == EXIT_OK && strcmp(path, "-") != 0)
		written(cli, args, path, f);
	return code;
}
