/* plan pipeline: the whole iteration-time/energy frontier of a pipeline. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "home.h"
#include "load.h"
#include "plan.h"
#include "software/pipeline/witness.h"
#include "table.h"

/* Plans may be that far above what is proved, where the user does not say how fine. */
#define GAP_WANTED 1e-3

static const char *const range_names[] = {"all", "useful", NULL};

static const struct option pipeline_options[] = {
	{.name = "profile",
		.kind = OPTION_FILE,
		.value = "CSV",
		.text = "stage profile: stage,instruction,frequency,time,energy"},
	{.name = "schedule",
		.kind = OPTION_TEXT,
		.value = "NAME",
		.text = "1f1b, gpipe, interleaved:V, early-recompute, zb-h1, dualpipe, or a file"},
	{.name = "microbatches",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1048576,
		.value = "M",
		.text = "microbatches of one iteration; a schedule file says it itself"},
	{.name = "static-power",
		.kind = OPTION_TEXT,
		.value = "W[,W...]",
		.text = "what one device draws while it waits, one figure or one a rank"},
	{.name = "ranks",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 65536,
		.value = "N",
		.fallback = "the profile's stages",
		.text = "pipeline ranks, where the profile has all stages of interleaved ranks"},
	{.name = "tensor-parallel",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 65536,
		.value = "N",
		.fallback = "1",
		.text = "devices of a rank, each as profiled"},
	{.name = "data-parallel",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1048576,
		.value = "N",
		.fallback = "1",
		.text = "copies of the pipeline that run one plan"},
	{.name = "transfer",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 1e6,
		.value = "S",
		.fallback = "0",
		.text = "time from the end of a stage to the start of the next on another rank"},
	{.name = "step-time",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 1e6,
		.value = "S",
		.fallback = "0",
		.text = "constant work at the end of each rank, such as the optimiser"},
	{.name = "range",
		.kind = OPTION_CHOICE,
		.value = "RANGE",
		.choices = range_names,
		.fallback = "all",
		.text = "all, or useful: up to the energy-optimal time of a pipeline alone"},
	{.name = "quantum",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.max = 1e6,
		.value = "W",
		.fallback = "0, more for very large pipelines",
		.text = "round slopes to multiples, for fewer pieces; 0: exact"},
	{.name = NULL},
};

static const struct option out_options[] = {
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "PLANS",
		.fallback = "-",
		.text = "write the frontier and all it is made from there"},
	{.name = "threads",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1024,
		.value = "N",
		.fallback = "the processors",
		.text = "most threads that solve; what comes out is the same"},
	{.name = "direct",
		.kind = OPTION_FLAG,
		.text = "never extend the frontier from fewer microbatches"},
	{.name = NULL},
};

/* Splits "interleaved:4"; false where the number is wrong. */
static bool split_chunks(const char *text, char *name, size_t room, uint32_t *chunks)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	uint64_t value = 0;

	*chunks = 0;
	if (n >= room)
		return true;
	memcpy(name, text, n);
	name[n] = '\0';
	if (!colon)
		return true;
	if (!uint64_parse(colon + 1, strlen(colon + 1), &value) || value < 1 || value > 65536)
		return false;
	*chunks = (uint32_t)value;
	return true;
}

static int read_schedule_file(struct cli *cli, const char *path, hg_schedule **out)
{
	hg_error why = {""};
	struct buf text;
	hg_err err = file_read(path, FILE_MAX, &text, &why);

	if (err == HG_ENOENT)
		(void)fail(&why, err,
			"schedule %.80s: expected gpipe, 1f1b, early-recompute, interleaved:V, "
			"zb-h1, dualpipe, or a file; there is no such file",
			path);
	if (!err)
		err = hg_schedule_parse(
			text.data ? text.data : "", text.len, path_text(path), out, &why);
	buf_finish(&text);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int read_schedule(struct cli *cli, const struct args *args, struct plans *p)
{
	const char *text = args_text(args, "schedule", "");
	hg_schedule_opts opts = {.size = sizeof opts,
		.ranks = hg_stage_profile_stages(p->profile),
		.microbatches = (uint32_t)args_number(args, "microbatches", 0)};
	char name[32] = "";
	hg_schedule_info info = {.size = sizeof info};
	hg_error why = {""};
	hg_err err;
	int rc = EXIT_OK;

	if (!split_chunks(text, name, sizeof name, &opts.chunks))
		return cli_usage(cli,
			"--schedule: '%.80s': expected a number of chunks from 1 to "
			"65536 behind the colon",
			text);
	opts.ranks = (uint32_t)args_number(args, "ranks", opts.ranks);
	if (strcmp(name, "file") != 0 && schedule_kind_find(name, &opts.kind)) {
		if (!opts.microbatches)
			return cli_usage(cli, "--microbatches is missing");
		if (opts.kind == HG_SCHEDULE_INTERLEAVED && !opts.chunks)
			return cli_usage(cli, "--schedule: expected interleaved:V, with V the "
					      "stages of a rank");
		err = hg_schedule_create(&opts, &p->schedule, &why);
		return err ? cli_input_error(cli, err, &why) : EXIT_OK;
	}
	rc = read_schedule_file(cli, text, &p->schedule);
	if (rc != EXIT_OK)
		return rc;
	hg_schedule_get_info(p->schedule, &info);
	if (opts.microbatches && opts.microbatches != info.microbatches)
		return cli_usage(cli, "--microbatches: the schedule file has %u, not %u",
			info.microbatches, opts.microbatches);
	return rc;
}

static int read_static_power(struct cli *cli, const struct args *args, struct plans *p)
{
	const char *text = args_text(args, "static-power", "");
	struct slice rest = {text, strlen(text)};
	size_t most = 1;
	hg_error why = {""};

	for (size_t i = 0; text[i]; i++)
		most += text[i] == ',';
	p->static_power_w = calloc(most, sizeof *p->static_power_w);
	if (!p->static_power_w)
		return cli_broken(cli, HG_ENOMEM);
	while (rest.text) {
		struct slice one = slice_trim(slice_cut(&rest, ','));
		char number[64] = "";

		if (one.len < sizeof number)
			memcpy(number, one.text, one.len);
		if (quantity_parse(QUANTITY_POWER, number, "--static-power",
			    &p->static_power_w[p->n_static_power++], &why))
			return cli_usage(cli, "%s", why.text);
	}
	return EXIT_OK;
}

static int read_profile(struct cli *cli, const struct args *args, struct plans *p)
{
	const char *path = args_text(args, "profile", "");
	hg_error why = {""};
	hg_err err;

	buf_finish(&p->profile_csv);
	err = file_read(path, PLANS_BYTES / 4, &p->profile_csv, &why);
	if (!err)
		err = plans_name(p, path_text(path));
	if (!err)
		err = hg_stage_profile_parse(p->profile_csv.data ? p->profile_csv.data : "",
			p->profile_csv.len, p->source, &p->profile, &why);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

static int read_inputs(struct cli *cli, const struct args *args, struct plans *p)
{
	static const char *const needed[] = {"profile", "schedule", "static-power"};
	hg_error why = {""};
	hg_err err;
	int rc;

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!args_has(args, needed[i]))
			return cli_usage(cli, "--%s is missing", needed[i]);
	rc = read_profile(cli, args, p);
	if (rc == EXIT_OK)
		rc = read_schedule(cli, args, p);
	if (rc == EXIT_OK)
		rc = read_static_power(cli, args, p);
	if (rc == EXIT_OK)
		rc = plan_class_read(cli, args, p);
	if (rc != EXIT_OK)
		return rc;
	p->group_size = (uint32_t)args_number(args, "tensor-parallel", 1);
	p->replicas = (uint32_t)args_number(args, "data-parallel", 1);
	p->lag_s = args_number(args, "transfer", 0);
	p->step_s = args_number(args, "step-time", 0);
	p->range = strcmp(args_text(args, "range", "all"), "useful") == 0 ? HG_RANGE_USEFUL
									  : HG_RANGE_ALL;
	p->quantum_w = args_number(args, "quantum", 0);
	p->threads = (uint32_t)args_number(args, "threads", processors());
	err = plans_build(p, &why);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

/* Fills the claims: extended from fewer microbatches where that holds, else solved. */
static int solve(struct cli *cli, const struct args *args, struct plans *p)
{
	int64_t start = plan_clock(NULL);
	hg_plan_frontier *set = NULL;
	hg_error why = {""};
	bool extended = false;
	hg_err err;
	int rc = plans_find(cli, p, args_has(args, "direct"), &set, &extended);

	if (rc != EXIT_OK)
		return rc;
	err = plans_claim(p, set, &why);
	p->claims.extrapolated = extended;
	p->claims.solve_s = (double)(plan_clock(NULL) - start) * 1e-9;
	if (!err)
		err = plans_witness(p, set, &why);
	hg_plan_frontier_destroy(set);
	return err ? plan_error(cli, err, &why) : EXIT_OK;
}

/* Slopes are rounded where it would take too long otherwise, and finer if that is too rough. */
static int solve_big(struct cli *cli, const struct args *args, struct plans *p)
{
	int rc;

	if (!args_has(args, "quantum"))
		p->quantum_w = plans_quantum(p);
	rc = solve(cli, args, p);
	if (rc != EXIT_OK || args_has(args, "quantum") || p->claims.gap <= GAP_WANTED)
		return rc;
	plans_forget(p);
	p->quantum_w /= 2;
	return solve(cli, args, p);
}

static void tell_time(struct table *t, const struct plans *p, const char *name, double time_s)
{
	const struct plans_claims *c = &p->claims;
	const hg_plan_point *points = c->frontier.data;
	double energy_j = points[c->frontier.len - 1].energy_j;
	char text[QUANTITY_TEXT];

	for (size_t i = c->frontier.len; i-- > 0 && points[i].time_s > time_s;)
		energy_j = points[i].energy_j;
	for (size_t i = 0; i < c->frontier.len; i++)
		if (points[i].time_s <= time_s)
			energy_j = points[i].energy_j +
				   points[i].slope_w * (time_s - points[i].time_s);
	table_cell(t, "%s", name);
	table_cell(t, "%s", quantity_format(QUANTITY_TIME, time_s, text));
	table_cell(t, "%.3fx", time_s / c->t_min_s);
	table_cell(t, "%s", quantity_format(QUANTITY_ENERGY, energy_j, text));
	table_cell(t, "%+.1f %%", 100 * (energy_j / c->all_fastest_j - 1));
}

static int tell(struct cli *cli, const struct plans *p)
{
	static const char *const heads[] = {"", "time", "", "least energy", "all fastest"};
	hg_schedule_info info = {.size = sizeof info};
	const struct plans_claims *c = &p->claims;
	char quantum[QUANTITY_TEXT];
	struct table t;

	hg_schedule_get_info(p->schedule, &info);
	buf_addf(&cli->out, "%s, %u ranks, %u stages, %u microbatches: %zu pieces in %.3g s%s\n",
		schedule_kind_name(info.kind), info.ranks, info.stages, info.microbatches,
		c->frontier.len - 1, c->solve_s,
		c->extrapolated ? " (extended from fewer microbatches)" : "");
	if (p->quantum_w > 0)
		buf_addf(&cli->out,
			"slopes in multiples of %s: plans are known within %.2g %% of what is proved\n",
			quantity_format(QUANTITY_POWER, p->quantum_w, quantum), 100 * c->gap);
	table_init(&t, "lrrrr");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	tell_time(&t, p, "fastest", c->t_min_s);
	tell_time(&t, p, "+0.1 %", fmin(1.001 * c->t_min_s, c->t_max_s));
	tell_time(&t, p, "+1 %", fmin(1.01 * c->t_min_s, c->t_max_s));
	tell_time(&t, p, "least energy alone", c->t_star_s);
	if (p->range == HG_RANGE_ALL)
		tell_time(&t, p, "slowest of use", c->t_max_s);
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	return EXIT_OK;
}

static void tell_json(struct cli *cli, const struct plans *p)
{
	hg_schedule_info info = {.size = sizeof info};
	struct json_out j;

	hg_schedule_get_info(p->schedule, &info);
	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plan-pipeline/1");
	json_kv_string(&j, "schedule", schedule_kind_name(info.kind));
	json_kv_int(&j, "ranks", info.ranks);
	json_kv_int(&j, "stages", info.stages);
	json_kv_int(&j, "microbatches", info.microbatches);
	json_kv_number(&j, "quantum_w", p->quantum_w);
	plans_write_claims(p, &j);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int write_plans(struct cli *cli, const struct args *args, const struct plans *p)
{
	const char *path = args_text(args, "output", args_has(args, "json") ? NULL : "-");
	hg_error why = {""};
	struct buf text;
	hg_err err;
	int rc;

	if (!path)
		return EXIT_OK;
	buf_init(&text, PLANS_BYTES);
	err = plans_format(p, &text, &why);
	rc = err ? cli_output_error(cli, err, &why) : cli_write(cli, path, text.data, text.len);
	buf_finish(&text);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	bool to_stdout = strcmp(args_text(args, "output", "-"), "-") == 0;
	struct plans p;
	int rc;

	if (args_has(args, "json") && args_has(args, "output") && to_stdout)
		return cli_usage(cli, "--json and -o - exclude each other: give one");
	plans_init(&p);
	rc = cli_check_beside(cli, args_text(args, "output", NULL));
	if (rc == EXIT_OK)
		rc = read_inputs(cli, args, &p);
	if (rc == EXIT_OK)
		rc = solve_big(cli, args, &p);
	if (rc == EXIT_OK)
		rc = write_plans(cli, args, &p);
	if (rc == EXIT_OK && args_has(args, "json"))
		tell_json(cli, &p);
	else if (rc == EXIT_OK && !to_stdout)
		rc = tell(cli, &p);
	plans_finish(&p);
	return rc;
}

const struct command cmd_plan_pipeline = {
	.name = "pipeline",
	.path = "plan pipeline",
	.page = "hourglass-plan",
	.usage = "--profile CSV --schedule NAME --microbatches M --static-power W[,W...]",
	.summary = "the iteration-time/energy frontier of pipeline-parallel training",
	.text = "Writes a PLANS file, from which 'plan at' makes the plan for any time.",
	.tables = {pipeline_options, plan_class_options, out_options},
	.run = run,
};
