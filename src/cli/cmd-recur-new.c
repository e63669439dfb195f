/* recur new: a job that will come again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "core/number.h"
#include "core/text.h"
#include "recur-frontier.h"
#include "recur-policy.h"
#include "recur-store.h"

static const char *const kin_names[] = {"device", "similar", NULL};

static const struct option new_options[] = {
	{.name = "batch-sizes",
		.kind = OPTION_TEXT,
		.value = "B,B,...|MIN..MAXxF",
		.text = "sizes to choose from: a list, or each F times the one before"},
	{.name = "default",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 4294967295.0,
		.value = "B",
		.text = "size that is known to work; one of them"},
	{.name = "target",
		.kind = OPTION_TEXT,
		.value = "METRIC>=X|METRIC<=X",
		.text = "when a training is done, such as accuracy>=0.6"},
	{.name = "max-epochs",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 4294967295.0,
		.value = "N",
		.text = "a training that has not reached its target then has failed"},
	{.name = "max-power",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_POWER,
		.min = 1e-3,
		.max = 1e9,
		.value = "W",
		.fallback = "the most that a run has drawn",
		.text = "highest power limit of all devices together: what time is weighed with"},
	{.name = NULL},
};

static const struct option more_options[] = {
	{.name = "confidence",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 0.51,
		.max = 0.9999,
		.value = "RATIO",
		.fallback = "95%",
		.text = "to give a size up as one that fails"},
	{.name = "seed",
		.kind = OPTION_COUNT,
		.max = 9e15,
		.value = "S",
		.fallback = "1",
		.text = "for policies that draw"},
	{.name = "from",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "JOB",
		.text = "learn from another job of the store as well"},
	{.name = "like",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "JOB",
		.text = "begin with what a similar job of the store was like, as far as it holds"},
	{.name = "kin",
		.kind = OPTION_CHOICE,
		.choices = kin_names,
		.value = "device|similar",
		.fallback = "device",
		.text = "what --from names: the same job on another device, or a similar job"},
	{.name = NULL},
};

/* ----- batch sizes */

static int add_size(const struct cli *cli, struct store_spec *spec, uint64_t size)
{
	if (size < 1 || size > UINT32_MAX)
		return cli_usage(cli, "--batch-sizes: %llu: must be from 1 to 4294967295",
			(unsigned long long)size);
	if (spec->n_sizes == HG_RECUR_MAX_SIZES)
		return cli_usage(cli, "--batch-sizes: more than %d", HG_RECUR_MAX_SIZES);
	if (spec->n_sizes > 0 && size <= spec->batch_sizes[spec->n_sizes - 1])
		return cli_usage(cli, "--batch-sizes: %llu does not come after %u: they must rise",
			(unsigned long long)size, spec->batch_sizes[spec->n_sizes - 1]);
	spec->batch_sizes[spec->n_sizes++] = (uint32_t)size;
	return EXIT_OK;
}

static int bad_sizes(const struct cli *cli, struct slice s)
{
	return cli_usage(cli,
		"--batch-sizes: '%.*s': expected a whole number, or MIN..MAXxF such as 8..4096x2",
		s.len > 60 ? 60 : (int)s.len, s.text);
}

/* "8..4096x2" */
static int add_range(const struct cli *cli, struct slice s, size_t dots, struct store_spec *spec)
{
	struct slice rest = {s.text + dots + 2, s.len - dots - 2}, last = slice_cut(&rest, 'x');
	uint64_t from, to;
	double factor = 2, at;
	int rc = EXIT_OK;

	if (!uint64_parse(s.text, dots, &from) || !uint64_parse(last.text, last.len, &to) ||
		(rest.text && !double_parse(rest.text, rest.len, false, &factor)))
		return bad_sizes(cli, s);
	if (!(factor > 1) || from < 1 || to < from)
		return cli_usage(cli,
			"--batch-sizes: '%.*s': MIN must be at least 1, MAX at least MIN, F above 1",
			(int)s.len, s.text);
	for (at = (double)from; rc == EXIT_OK && at <= (double)to * (1 + 1e-9); at *= factor)
		if (spec->n_sizes == 0 ||
			llround(at) > (long long)spec->batch_sizes[spec->n_sizes - 1])
			rc = add_size(cli, spec, (uint64_t)llround(at));
	return rc;
}

static int read_sizes(const struct cli *cli, const char *text, struct store_spec *spec)
{
	struct slice rest = {text, strlen(text)};
	int rc = EXIT_OK;

	while (rc == EXIT_OK && rest.text) {
		struct slice one = slice_trim(slice_cut(&rest, ','));
		size_t dots = 0;
		uint64_t size;

		while (dots + 2 <= one.len && memcmp(one.text + dots, "..", 2) != 0)
			dots++;
		if (dots + 2 <= one.len)
			rc = add_range(cli, one, dots, spec);
		else if (uint64_parse(one.text, one.len, &size))
			rc = add_size(cli, spec, size);
		else
			rc = bad_sizes(cli, one);
	}
	return rc;
}

/* ----- the rest */

static int read_target(const struct cli *cli, const char *text, struct store_spec *spec)
{
	const char *sign = strpbrk(text, "<>");
	struct slice name, level;

	if (!sign || sign[1] != '=')
		return cli_usage(cli,
			"--target '%.80s': expected METRIC>=X or METRIC<=X, such as accuracy>=0.6",
			text);
	name = slice_trim((struct slice){text, (size_t)(sign - text)});
	level = slice_trim((struct slice){sign + 2, strlen(sign + 2)});
	if (name.len == 0 || name.len >= sizeof spec->metric)
		return cli_usage(
			cli, "--target '%.80s': no name of a metric before %c=", text, *sign);
	if (!double_parse(level.text, level.len, false, &spec->target))
		return cli_usage(cli, "--target '%.80s': '%.40s' is no number", text, level.text);
	memcpy(spec->metric, name.text, name.len);
	spec->lower_is_better = *sign == '<';
	return EXIT_OK;
}

static bool has_size(const struct store_spec *spec, uint32_t size)
{
	for (uint32_t i = 0; i < spec->n_sizes; i++)
		if (spec->batch_sizes[i] == size)
			return true;
	return false;
}

static int read_spec(const struct cli *cli, const struct args *args, struct store_spec *spec)
{
	static const char *const needed[] = {"batch-sizes", "default", "target", "max-epochs"};
	struct recur_policy policy = recur_policy_read(args);
	int rc;

	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (!args_has(args, needed[i]))
			return cli_usage(cli, "--%s is missing; usage: hourglass %s %s", needed[i],
				cli->cmd->path, cli->cmd->usage);
	memset(spec, 0, sizeof *spec);
	spec->default_size = (uint32_t)args_number(args, "default", 0);
	spec->max_epochs = (uint32_t)args_number(args, "max-epochs", 0);
	spec->policy = policy.policy;
	spec->eta = policy.eta;
	spec->beta = policy.beta;
	spec->horizon = policy.horizon;
	/* with energy alone it is multiplied by 0 */
	spec->max_power_w = args_number(args, "max-power", spec->eta == 1 ? 1 : 0);
	spec->confidence = args_number(args, "confidence", 0);
	spec->seed = (int64_t)args_number(args, "seed", 1);
	rc = read_sizes(cli, args_text(args, "batch-sizes", ""), spec);
	if (rc == EXIT_OK && !has_size(spec, spec->default_size))
		rc = cli_usage(cli, "--default %u is none of the batch sizes", spec->default_size);
	return rc == EXIT_OK ? read_target(cli, args_text(args, "target", ""), spec) : rc;
}

#define KIN_MOST 64

static int add_kin(const struct cli *cli, const char *option, const char *name, uint32_t kin,
	struct store_kin *out, size_t *n)
{
	if (*n == KIN_MOST)
		return cli_usage(cli, "--%s: more than %d", option, KIN_MOST);
	if (!store_name_fits(name))
		return cli_usage(cli, "--%s: '%.80s' cannot be a job's name", option, name);
	memcpy(out[*n].job, name, strlen(name) + 1);
	out[(*n)++].kin = kin;
	return EXIT_OK;
}

static int read_kin(
	const struct cli *cli, const struct args *args, struct store_kin *kin, size_t *n)
{
	bool similar = strcmp(args_text(args, "kin", "device"), "similar") == 0;
	const char *name;
	int rc = EXIT_OK;

	*n = 0;
	for (size_t i = 0; rc == EXIT_OK && (name = args_nth(args, "from", i)) != NULL; i++)
		rc = add_kin(cli, "from", name,
			similar ? HG_RECUR_SIMILAR_JOB : HG_RECUR_OTHER_DEVICE, kin, n);
	for (size_t i = 0; rc == EXIT_OK && (name = args_nth(args, "like", i)) != NULL; i++)
		rc = add_kin(cli, "like", name, HG_RECUR_SIMILAR_JOB, kin, n);
	return rc;
}

static void say(struct cli *cli, const struct args *args, const char *name,
	const struct store_spec *spec, const struct store *s)
{
	struct json_out j;
	unsigned known = 0;

	if (args_has(args, "json")) {
		json_out_init(&j, &cli->out);
		json_open(&j, '{', false);
		json_kv_string(&j, "schema", "hourglass.recur-new/1");
		json_kv_string(&j, "job", name);
		json_kv_string(&j, "store", store_title(s));
		json_key(&j, "spec");
		json_put_raw(&j, "", 0);
		store_spec_json(&cli->out, spec);
		json_close(&j, '}');
		buf_addc(&cli->out, '\n');
		return;
	}
	buf_addf(&cli->out, "%s: %u batch sizes, until ", name, spec->n_sizes);
	recur_target_text(&cli->out, spec);
	for (uint32_t i = 0; i < spec->n_sizes; i++)
		known += spec->epochs[i].time_s > 0;
	if (known > 0)
		buf_addf(&cli->out, ", %u of them with a frontier", known);
	buf_addf(&cli->out, ", in %s\n", store_title(s));
}

static int run_new(struct cli *cli, const struct args *args)
{
	struct store_kin kin[KIN_MOST + 1] = {{.kin = 0}};
	struct store_spec spec = {.n_sizes = 0};
	struct store *s = NULL;
	hg_error why = {""};
	size_t n_kin = 0;
	int rc = read_spec(cli, args, &spec);
	hg_err err;

	if (rc == EXIT_OK)
		rc = read_kin(cli, args, kin, &n_kin);
	/* nothing is made for a job that cannot be */
	if (rc == EXIT_OK && (err = store_spec_check(&spec, &why)) != HG_OK)
		return recur_error(cli, err, &why);
	if (rc == EXIT_OK)
		rc = recur_frontiers_read(cli, args, &spec);
	if (rc == EXIT_OK)
		rc = recur_open(cli, args, OPEN_CREATE, &s);
	if (rc != EXIT_OK)
		return rc;
	err = desk_new(s, args->operands[0], &spec, kin, n_kin, &why);
	if (err == HG_OK)
		say(cli, args, args->operands[0], &spec, s);
	else
		rc = recur_error(cli, err, &why);
	store_close(s);
	return rc;
}

const struct command cmd_recur_new = {
	.name = "new",
	.path = "recur new",
	.page = "hourglass-recur",
	.usage = "JOB --batch-sizes SIZES --default B --target METRIC>=X --max-epochs N "
		 "[--eta X] [--max-power W]",
	.summary = "make a job that will be trained again and again",
	.tables = {new_options, recur_policy_options, more_options, recur_frontier_options,
		recur_store_options},
	.operand_name = "JOB",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_new,
};
