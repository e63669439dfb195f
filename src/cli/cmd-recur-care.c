/* recur export, import, check, backup: care for a store. */
#include <string.h>

#include "cmd.h"
#include "core/file.h"
#include "load.h"
#include "recur-store.h"
#include "store/lines.h"

#define EXPORT_MOST ((size_t)1 << 30)

static const struct option export_options[] = {
	{.name = "job", .kind = OPTION_TEXT, .value = "JOB", .text = "only this one"},
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.fallback = "-",
		.text = "write there; - is standard output"},
	{.name = NULL},
};

static void say_count(struct cli *cli, const struct args *args, const char *schema,
	const char *what, const struct lines_count *n)
{
	struct json_out j;

	if (!args_has(args, "json")) {
		buf_addf(&cli->out, "%s %lld jobs, %lld trials, %lld reports", what,
			(long long)n->jobs, (long long)n->trials, (long long)n->reports);
		if (n->known > 0)
			buf_addf(&cli->out, "; %lld trials were here already", (long long)n->known);
		buf_addc(&cli->out, '\n');
		return;
	}
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", schema);
	json_kv_int(&j, "jobs", n->jobs);
	json_kv_int(&j, "trials", n->trials);
	json_kv_int(&j, "reports", n->reports);
	json_kv_int(&j, "known", n->known);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int run_export(struct cli *cli, const struct args *args)
{
	const char *path = args_text(args, "output", "-");
	struct lines_count n;
	struct store *s;
	struct buf out;
	hg_error why = {""};
	hg_err err;
	int rc = recur_open(cli, args, OPEN_READ, &s);

	if (rc != EXIT_OK)
		return rc;
	buf_init(&out, EXPORT_MOST);
	err = lines_export(s, args_text(args, "job", NULL), &out, &n, &why);
	rc = err == HG_OK ? cli_write(cli, path, out.data, out.len) : recur_error(cli, err, &why);
	if (rc == EXIT_OK && strcmp(path, "-") != 0)
		say_count(cli, args, "hourglass.recur-export/1", "wrote", &n);
	buf_finish(&out);
	store_close(s);
	return rc;
}

static int run_import(struct cli *cli, const struct args *args)
{
	const char *path = args->operands[0];
	struct lines_count n;
	struct store *s = NULL;
	struct buf text;
	hg_error why = {""};
	hg_err err = file_read(path, FILE_MAX, &text, &why);
	int rc = err == HG_OK ? recur_open(cli, args, OPEN_CREATE, &s)
			      : cli_input_error(cli, err, &why);

	if (rc == EXIT_OK) {
		err = lines_import(
			s, text.data ? text.data : "", text.len, path_text(path), &n, &why);
		if (err == HG_OK)
			say_count(cli, args, "hourglass.recur-import/1", "took", &n);
		else
			rc = recur_error(cli, err, &why);
	}
	buf_finish(&text);
	store_close(s);
	return rc;
}

/* ----- check and backup */

static void check_json(struct cli *cli, struct store *s, const struct buf *wrong)
{
	struct json_out j;
	const char *line = wrong->len > 0 ? wrong->data : "";

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-check/1");
	json_kv_string(&j, "store", store_title(s));
	json_kv_bool(&j, "sound", wrong->len == 0);
	json_key(&j, "wrong");
	json_open(&j, '[', false);
	while (*line) {
		size_t n = strcspn(line, "\n");
		char text[1024];

		memcpy(text, line, n < sizeof text ? n : sizeof text - 1);
		text[n < sizeof text ? n : sizeof text - 1] = '\0';
		json_put_string(&j, text);
		line += n + (line[n] == '\n');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static hg_err check(struct store *s, struct buf *wrong, hg_error *why)
{
	hg_err err = store_begin(s, ACCESS_LOOK, why);

	if (err == HG_OK)
		err = store_check(s, wrong, why);
	store_rollback(s);
	return err;
}

static int run_check(struct cli *cli, const struct args *args)
{
	struct store *s;
	struct buf wrong;
	hg_error why = {""};
	hg_err err;
	int rc = recur_open(cli, args, OPEN_READ, &s);

	if (rc != EXIT_OK)
		return rc;
	buf_init(&wrong, (size_t)1 << 20);
	err = check(s, &wrong, &why);
	if (err != HG_OK && wrong.len == 0)
		rc = recur_error(cli, err, &why);
	else if (args_has(args, "json"))
		check_json(cli, s, &wrong);
	else if (wrong.len > 0)
		buf_addf(&cli->out,
			"%s is damaged; put a backup in its place, or take over what can be read "
			"with 'hourglass recur export':\n%s",
			store_title(s), wrong.data);
	else
		buf_addf(&cli->out, "%s is sound\n", store_title(s));
	if (rc == EXIT_OK && wrong.len > 0)
		rc = EXIT_FALSE;
	buf_finish(&wrong);
	store_close(s);
	return rc;
}

static int run_backup(struct cli *cli, const struct args *args)
{
	struct store *s;
	hg_error why = {""};
	hg_err err;
	int rc = recur_open(cli, args, OPEN_READ, &s);

	if (rc != EXIT_OK)
		return rc;
	err = store_backup(s, args->operands[0], &why);
	if (err != HG_OK)
		rc = recur_error(cli, err, &why);
	else if (args_has(args, "json"))
		buf_adds(&cli->out, "{\"schema\": \"hourglass.recur-backup/1\"}\n");
	else
		buf_addf(&cli->out, "%s: copied to %s\n", store_title(s), args->operands[0]);
	store_close(s);
	return rc;
}

const struct command cmd_recur_export = {
	.name = "export",
	.path = "recur export",
	.page = "hourglass-recur",
	.usage = "[--job JOB] [-o FILE] [options]",
	.summary = "write a store as JSON lines",
	.tables = {export_options, recur_store_options},
	.run = run_export,
};

const struct command cmd_recur_import = {
	.name = "import",
	.path = "recur import",
	.page = "hourglass-recur",
	.usage = "FILE [options]",
	.summary = "take JSON lines into a store; what is there already stays",
	.tables = {recur_store_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_import,
};

const struct command cmd_recur_check = {
	.name = "check",
	.path = "recur check",
	.page = "hourglass-recur",
	.usage = "[options]",
	.summary = "look for damage in a store",
	.tables = {recur_store_options},
	.run = run_check,
};

const struct command cmd_recur_backup = {
	.name = "backup",
	.path = "recur backup",
	.page = "hourglass-recur",
	.usage = "FILE [options]",
	.summary = "copy a store while it is in use",
	.tables = {recur_store_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_backup,
};
