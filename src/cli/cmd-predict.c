/* predict: what settings will cost, from a fit or from a device model alone. */
#include <stdlib.h>
#include <string.h>

#include <hourglass/frontier.h>

#include "cmd.h"
#include "core/text.h"
#include "describe.h"
#include "fits.h"
#include "rig.h"
#include "table.h"

/* Settings that are shown when none is asked for, and the most that may be asked for. */
#define LIMITS       9
#define SETTINGS_MAX 4096u

static const struct option predict_options[] = {
	{.name = "setting",
		.abbr = 's',
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "POWER|CLOCK[,...]",
		.text = "a power limit, a locked clock or both, such as 150W,1.2GHz"},
	{.name = "ops",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "times of ops, of this device or of another, that fit -o wrote"},
	{.name = "confidence",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 0.01,
		.max = 0.999,
		.value = "RATIO",
		.fallback = "80%",
		.text = "of the intervals"},
	{.name = NULL},
};

/** What is predicted from, and where. */
struct source {
	hg_model *own; /* the model, when it is ours */
	const hg_model *model;
	hg_obs_set *set;
	hg_workload *workload;
	hg_ops *ops;
	hg_fit *fit;
	hg_knobs *settings;
	size_t n;
	double confidence;
};

static void source_finish(struct source *s)
{
	hg_fit_destroy(s->fit);
	hg_ops_destroy(s->ops);
	hg_workload_destroy(s->workload);
	hg_obs_set_destroy(s->set);
	hg_model_destroy(s->own);
	free(s->settings);
}

/* ----- settings */

static int setting_read(const struct cli *cli, const char *text, hg_knobs *k)
{
	struct slice rest = {text, strlen(text)};

	*k = (hg_knobs){0, 0};
	while (rest.len > 0) {
		struct slice part = slice_trim(slice_cut(&rest, ','));
		char word[64];
		hg_error why = {""};

		if (part.len == 0 || part.len >= sizeof word)
			return cli_usage(cli, "--setting %s: expected such as 150W,1.2GHz", text);
		memcpy(word, part.text, part.len);
		word[part.len] = '\0';
		if (word[part.len - 1] == 'z') {
			if (quantity_parse(QUANTITY_CLOCK, word, "--setting", &k->clock_hz, &why))
				return cli_usage(cli, "%s", why.text);
		} else if (quantity_parse(QUANTITY_POWER, word, "--setting", &k->cap_w, &why)) {
			return cli_usage(cli, "%s", why.text);
		}
	}
	if (k->cap_w <= 0 && k->clock_hz <= 0)
		return cli_usage(cli, "--setting %s: expected such as 150W,1.2GHz", text);
	return EXIT_OK;
}

/* Says what the device has, where it has no such setting. */
static int setting_check(
	const struct cli *cli, const struct source *s, const hg_knobs *k, const char *text)
{
	hg_model_info info = {.size = sizeof info};
	hg_forecast f = {.size = sizeof f};
	char cap[2][QUANTITY_TEXT], clock[2][QUANTITY_TEXT];

	if (hg_fit_predict(s->fit, k, &f) == HG_OK)
		return EXIT_OK;
	hg_model_get_info(s->model, &info);
	return cli_usage(cli,
		"--setting %.80s: %s has power limits of %s to %s and clocks of %s to %s", text,
		info.name, quantity_format(QUANTITY_POWER, info.cap_min_w, cap[0]),
		quantity_format(QUANTITY_POWER, info.cap_max_w, cap[1]),
		quantity_format(QUANTITY_CLOCK, info.clock_min_hz, clock[0]),
		quantity_format(QUANTITY_CLOCK, info.clock_max_hz, clock[1]));
}

static int settings_read(struct cli *cli, const struct args *args, struct source *s)
{
	size_t n = args_count(args, "setting");
	hg_model_info info = {.size = sizeof info};

	s->n = n ? n : LIMITS;
	if (s->n > SETTINGS_MAX)
		return cli_usage(cli, "--setting: expected at most %u", SETTINGS_MAX);
	s->settings = calloc(s->n, sizeof *s->settings);
	if (!s->settings)
		return cli_broken(cli, HG_ENOMEM);
	hg_model_get_info(s->model, &info);
	for (size_t i = 0; i < s->n; i++) {
		int rc = EXIT_OK;

		if (n)
			rc = setting_read(cli, args_nth(args, "setting", i), &s->settings[i]);
		if (n && rc == EXIT_OK)
			rc = setting_check(cli, s, &s->settings[i], args_nth(args, "setting", i));
		if (!n)
			s->settings[i].cap_w = info.cap_min_w + (info.cap_max_w - info.cap_min_w) *
									(double)i / (LIMITS - 1);
		if (rc != EXIT_OK)
			return rc;
	}
	return EXIT_OK;
}

/* ----- sources */

static bool group_find(const hg_obs_set *set, const char *name, hg_obs_group *g)
{
	for (size_t i = 0; i < hg_obs_set_count(set); i++) {
		hg_obs_set_get(set, i, g);
		if (strcmp(g->name, name) == 0)
			return true;
	}
	return false;
}

#define NAMES_BYTES 300

static int group_missing(
	struct cli *cli, const char *path, const char *workload, const hg_obs_set *set)
{
	struct buf names;
	int rc;

	buf_init(&names, (size_t)1 << 20);
	for (size_t i = 0; i < hg_obs_set_count(set) && names.len < NAMES_BYTES; i++) {
		hg_obs_group g = {.size = sizeof g};

		hg_obs_set_get(set, i, &g);
		buf_addf(&names, "%s%s", i ? ", " : "", g.name);
		if (names.len >= NAMES_BYTES && i + 1 < hg_obs_set_count(set))
			buf_adds(&names, ", ...");
	}
	if (workload)
		rc = cli_usage(cli, "%s: no workload \"%.80s\"; there is: %s", path, workload,
			names.failed ? "" : names.data);
	else
		rc = cli_usage(cli, "%s: expected one of its workloads too: %s", path,
			names.failed ? "" : names.data);
	buf_finish(&names);
	return rc;
}

/* A file of hourglass fit: fitted again, which gives the same numbers. */
static int fit_open(struct cli *cli, const char *path, const char *workload, struct source *s)
{
	hg_fit_options opts = {.size = sizeof opts, .confidence = s->confidence, .ops = s->ops};
	hg_obs_group g = {.size = sizeof g};
	hg_error why = {""};
	hg_err err;
	int rc = observations_read(cli, path, &s->set);

	if (rc != EXIT_OK)
		return rc;
	if (!hg_obs_set_device(s->set))
		return cli_usage(cli, "%s: expected a file that hourglass fit -o wrote", path);
	if (workload ? !group_find(s->set, workload, &g) : hg_obs_set_count(s->set) > 1)
		return group_missing(cli, path, workload, s->set);
	if (!workload)
		hg_obs_set_get(s->set, 0, &g);
	opts.workload = g.workload;
	s->model = hg_obs_set_model(s->set);
	err = s->model ? HG_OK
		       : hg_model_load(hg_obs_set_device(s->set), rig_data_dir(), &s->own, &why);
	if (s->own)
		s->model = s->own;
	if (!err)
		err = hg_fit_create(s->model, g.obs, g.n, &opts, &s->fit, &why);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int device_open(struct cli *cli, const char *device, const char *workload, struct source *s)
{
	hg_fit_options opts = {.size = sizeof opts, .confidence = s->confidence, .ops = s->ops};
	hg_error why = {""};
	hg_err err;

	err = hg_model_load(device, rig_data_dir(), &s->own, &why);
	s->model = s->own;
	if (!err && !workload)
		return cli_usage(cli,
			"%s: expected the workload too, such as %s; 'hourglass list' names them",
			device, hg_workload_builtin(0));
	if (!err)
		err = hg_workload_load(workload, rig_data_dir(), &s->workload, &why);
	opts.workload = s->workload;
	if (!err)
		err = hg_fit_create(s->model, NULL, 0, &opts, &s->fit, &why);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

/* Whether a file is one of fits and not of a device. */
static bool is_fit(const char *path)
{
	size_t len = strlen(path);
	hg_model *m = NULL;
	bool file = strchr(path, '/') || (len > 5 && !strcmp(path + len - 5, ".json"));

	if (!file)
		return strcmp(path, "-") == 0;
	if (hg_model_load(path, NULL, &m, NULL) == HG_OK) {
		hg_model_destroy(m);
		return false;
	}
	return true;
}

/* ----- answers */

static void interval_json(struct json_out *j, const char *key, double low, double high)
{
	json_key(j, key);
	json_open(j, '[', true);
	json_put_number(j, low);
	json_put_number(j, high);
	json_close(j, ']');
}

static void answer_json(struct json_out *j, const hg_knobs *k, const hg_forecast *f)
{
	json_open(j, '{', false);
	json_key(j, "setting");
	knobs_json(j, k);
	json_kv_number(j, "time_s", f->time_s);
	interval_json(j, "time_interval_s", f->time_low_s, f->time_high_s);
	json_kv_number(j, "energy_j", f->energy_j);
	interval_json(j, "energy_interval_j", f->energy_low_j, f->energy_high_j);
	json_kv_number(j, "clock_hz", f->clock_hz);
	json_kv_bool(j, "cap_binds", !(f->flags & HG_CAP_NOT_BINDING));
	json_kv_bool(j, "cap_feasible", !(f->flags & HG_CAP_INFEASIBLE));
	json_key(j, "origin");
	origin_json(j, f->origin);
	json_close(j, '}');
}

static void range_cell(struct table *t, enum quantity q, double low, double high)
{
	char a[QUANTITY_TEXT], b[QUANTITY_TEXT];

	table_cell(t, "%s to %s", quantity_format(q, low, a), quantity_format(q, high, b));
}

static void answer_row(struct table *t, const hg_knobs *k, const hg_forecast *f)
{
	char text[QUANTITY_TEXT];
	struct buf origin;

	buf_init(&origin, 256);
	origin_text(&origin, f->origin);
	knobs_cell(t, k);
	table_cell(t, "%s", quantity_format(QUANTITY_TIME, f->time_s, text));
	range_cell(t, QUANTITY_TIME, f->time_low_s, f->time_high_s);
	table_cell(t, "%s", quantity_format(QUANTITY_ENERGY, f->energy_j, text));
	range_cell(t, QUANTITY_ENERGY, f->energy_low_j, f->energy_high_j);
	table_cell(t, "%s%s", origin.data ? origin.data : "-",
		f->flags & HG_CAP_INFEASIBLE ? "; draws more than the limit" : "");
	buf_finish(&origin);
}

static int answers_say(struct cli *cli, const struct args *args, const struct source *s)
{
	struct json_out j;
	struct table t;
	hg_err rc = HG_OK;

	table_init(&t, "lrrrrl");
	for (size_t i = 0; i < 6; i++) {
		static const char *const heads[] = {
			"setting", "time", "interval", "energy", "interval", "origin"};

		table_cell(&t, "%s", heads[i]);
	}
	json_out_init(&j, &cli->out);
	if (args_has(args, "json")) {
		json_open(&j, '{', false);
		json_kv_string(&j, "schema", "hourglass.predict/1");
		json_kv_number(&j, "confidence", s->confidence);
		json_key(&j, "predictions");
		json_open(&j, '[', false);
	}
	for (size_t i = 0; i < s->n && !rc; i++) {
		hg_forecast f;

		f = (hg_forecast){.size = sizeof f};
		rc = hg_fit_predict(s->fit, &s->settings[i], &f);
		if (!rc && args_has(args, "json"))
			answer_json(&j, &s->settings[i], &f);
		else if (!rc)
			answer_row(&t, &s->settings[i], &f);
	}
	if (args_has(args, "json")) {
		json_close(&j, ']');
		json_close(&j, '}');
		buf_addc(&cli->out, '\n');
	} else {
		table_print(&t, &cli->out, cli->color);
	}
	table_finish(&t);
	return rc ? cli_broken(cli, rc) : EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	struct source s = {.confidence = args_number(args, "confidence", 0.8)};
	const char *workload = args->n_operands > 1 ? args->operands[1] : NULL;
	const char *ops = args_text(args, "ops", NULL);
	int rc = ops ? ops_open(cli, ops, &s.ops) : EXIT_OK;

	if (rc != EXIT_OK)
		return rc;
	if (is_fit(args->operands[0]))
		rc = fit_open(cli, args->operands[0], workload, &s);
	else
		rc = device_open(cli, args->operands[0], workload, &s);
	if (rc == EXIT_OK)
		rc = settings_read(cli, args, &s);
	if (rc == EXIT_OK)
		rc = answers_say(cli, args, &s);
	source_finish(&s);
	return rc;
}

const struct command cmd_predict = {
	.name = "predict",
	.path = "predict",
	.page = "hourglass-predict",
	.usage = "FIT|DEVICE [WORKLOAD] [--setting S]... [--json]",
	.summary = "what settings will cost, with intervals",
	.tables = {predict_options},
	.operand = OPERAND_FILE,
	.operand_name = "FIT|DEVICE",
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
