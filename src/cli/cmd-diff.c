/* diff: whether one report of run differs from another. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "core/json.h"
#include "core/unit.h"
#include "energy-report.h"
#include "table.h"

#define CONFIDENCE_DEFAULT 0.95

static const char *const metrics[] = {"energy", "time", "power", NULL};

static const struct option diff_options[] = {
	{.name = "fail-over",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 0,
		.max = 1000,
		.value = "RATIO",
		.text = "exit 1 if B is worse by more, such as 3%, and significantly so"},
	{.name = "metric",
		.abbr = 'm',
		.kind = OPTION_CHOICE,
		.choices = metrics,
		.value = "energy|time|power",
		.fallback = "energy",
		.text = "what --fail-over looks at"},
	{.name = "confidence",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 0.5,
		.max = 0.9999,
		.value = "RATIO",
		.fallback = "95%",
		.text = "of the intervals"},
	{.name = NULL},
};

/** One figure, in both reports. */
struct change {
	const char *name;   /* device or "total" */
	const char *metric; /* "energy" */
	enum quantity q;
	struct stat a, b;
	double ratio;  /* B / A - 1 */
	double lo, hi; /* interval of it; NAN: cannot be said */
	bool significant;
	bool sensor_only; /* single runs: only the measurement's error is known */
	const char *why;  /* why there is no figure; NULL */
};

/** Variance of the mean, and its degrees of freedom. Single runs have only the sensor's error. */
static double variance_of_mean(const struct stat *s, double sigma, double *df)
{
	double n = (double)s->n;

	if (s->n > 1) {
		*df = n - 1;
		return stat_variance(s) / n;
	}
	*df = INFINITY;
	return sigma * sigma;
}

/* Welch's interval of a difference of means, relative to A's mean (Welch 1947). Gain errors of a
 * device are common to both sides and cancel. */
static void compare(struct change *c, double sigma_a, double sigma_b, double confidence)
{
	double df_a, df_b, df, va, vb, half;

	if (c->a.n == 0 || c->b.n == 0 || !(c->a.mean > 0)) {
		c->ratio = c->lo = c->hi = (double)NAN;
		return;
	}
	va = variance_of_mean(&c->a, sigma_a, &df_a);
	vb = variance_of_mean(&c->b, sigma_b, &df_b);
	/* one side repeated, the other not: the other varies as much */
	if (c->a.n == 1 && c->b.n > 1) {
		va += stat_variance(&c->b);
		df_a = df_b;
	} else if (c->b.n == 1 && c->a.n > 1) {
		vb += stat_variance(&c->a);
		df_b = df_a;
	}
	c->sensor_only = c->a.n == 1 && c->b.n == 1;
	c->ratio = c->b.mean / c->a.mean - 1;
	df = va + vb > 0 ? (va + vb) * (va + vb) / (va * va / df_a + vb * vb / df_b) : INFINITY;
	half = va + vb > 0
		       ? student_quantile(df, 0.5 + 0.5 * confidence) * sqrt(va + vb) / c->a.mean
		       : 0.0;
	c->lo = c->ratio - half;
	c->hi = c->ratio + half;
	c->significant = !isnan(half) && (c->lo > 0 || c->hi < 0);
}

static struct change change_of(const struct energy_series *a, const struct energy_series *b,
	const char *metric, double confidence)
{
	struct change c = {.name = a->name, .metric = metric, .q = QUANTITY_ENERGY};
	double scale_a = 1, scale_b = 1;

	if (strcmp(metric, "energy") == 0) {
		c.a = a->energy;
		c.b = b->energy;
	} else if (strcmp(metric, "time") == 0) {
		c.q = QUANTITY_TIME;
		c.a = a->time;
		c.b = b->time;
		scale_a = scale_b = 0;
	} else {
		c.q = QUANTITY_POWER;
		c.a = a->power;
		c.b = b->power;
		scale_a = a->time.mean > 0 ? 1 / a->time.mean : 0;
		scale_b = b->time.mean > 0 ? 1 / b->time.mean : 0;
	}
	if (c.a.n == 0 || c.b.n == 0)
		c.why = c.a.n == 0 ? (a->why ? a->why : "A tells no energy")
				   : (b->why ? b->why : "B tells no energy");
	/* a clock read has no error to speak of: single runs say nothing of how times vary */
	compare(&c, scale_a * a->sigma_j, scale_b * b->sigma_j, confidence);
	if (strcmp(metric, "time") == 0 && c.sensor_only) {
		c.lo = c.hi = (double)NAN;
		c.significant = false;
	}
	return c;
}

/* ----- what is said */

static void change_json(struct json_out *j, const struct change *c)
{
	json_open(j, '{', true);
	json_kv_string(j, "device", c->name);
	json_kv_string(j, "metric", c->metric);
	json_kv_number(j, "a", c->a.n > 0 ? c->a.mean : (double)NAN);
	json_kv_number(j, "b", c->b.n > 0 ? c->b.mean : (double)NAN);
	json_kv_int(j, "runs_a", (int64_t)c->a.n);
	json_kv_int(j, "runs_b", (int64_t)c->b.n);
	json_kv_number(j, "change", c->ratio);
	json_kv_number(j, "lo", c->lo);
	json_kv_number(j, "hi", c->hi);
	json_kv_bool(j, "significant", c->significant);
	if (c->why)
		json_kv_string(j, "reason", c->why);
	json_close(j, '}');
}

static void change_row(struct table *t, const struct change *c)
{
	char text[QUANTITY_TEXT];

	table_cell(t, "  %s", c->name);
	table_cell(t, "%s", c->metric);
	table_cell(t, "%s", c->a.n ? quantity_format(c->q, c->a.mean, text) : "-");
	table_cell(t, "%s", c->b.n ? quantity_format(c->q, c->b.mean, text) : "-");
	if (isnan(c->ratio))
		table_cell(t, "-");
	else
		table_cell(t, "%+.2f %%", 100 * c->ratio);
	if (isnan(c->lo))
		table_cell(t, "-");
	else
		table_cell(t, "%+.2f to %+.2f %%", 100 * c->lo, 100 * c->hi);
	table_cell(t, "%s",
		c->why            ? c->why
		: isnan(c->lo)    ? "single runs: cannot be said"
		: !c->significant ? "not significant"
		: c->ratio > 0    ? "more"
				  : "less");
}

/** Both reports and what differs. */
struct diff {
	struct energy_summary a, b;
	struct change *changes;
	size_t n;
	struct arena arena;
};

/** The series of B that a series of A is compared with, or NULL. */
static const struct energy_series *partner(const struct diff *d, const struct energy_series *a)
{
	for (size_t i = 0; i < d->b.n; i++) {
		const struct energy_series *b = &d->b.series[i];

		if (a->uuid[0] && strcmp(a->uuid, b->uuid) == 0)
			return b;
	}
	for (size_t i = 0; i < d->b.n; i++)
		if (strcmp(a->name, d->b.series[i].name) == 0)
			return &d->b.series[i];
	return NULL;
}

static int compare_all(struct cli *cli, struct diff *d, double confidence)
{
	d->changes = arena_alloc(&d->arena, 3 * d->a.n * sizeof *d->changes);
	if (!d->changes)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < d->a.n; i++) {
		const struct energy_series *a = &d->a.series[i], *b = partner(d, a);

		for (size_t m = 0; b && metrics[m]; m++)
			/* time is that of the command, not of a device */
			if (i + 1 == d->a.n || strcmp(metrics[m], "time") != 0)
				d->changes[d->n++] = change_of(a, b, metrics[m], confidence);
	}
	return EXIT_OK;
}

static void print(struct cli *cli, const struct diff *d)
{
	struct table t;
	bool single = false;

	table_init(&t, "llrrrrl");
	for (size_t i = 0; i < d->n; i++) {
		change_row(&t, &d->changes[i]);
		single |= d->changes[i].sensor_only;
	}
	table_print(&t, &cli->out, false);
	table_finish(&t);
	if (d->a.simulated || d->b.simulated)
		buf_adds(&cli->out, "  joules of simulated devices\n");
	if (d->a.estimated || d->b.estimated)
		buf_adds(&cli->out, "  joules that are estimated, not measured, are among these\n");
	if (single)
		buf_adds(&cli->out,
			"  of single runs only the measurement's error is known, not how "
			"runs vary: use run -r 5\n");
}

static void print_json(struct cli *cli, const struct diff *d, bool failed)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.diff/1");
	json_kv_bool(&j, "simulated", d->a.simulated || d->b.simulated);
	json_kv_bool(&j, "estimated", d->a.estimated || d->b.estimated);
	json_kv_bool(&j, "failed", failed);
	json_key(&j, "changes");
	json_open(&j, '[', false);
	for (size_t i = 0; i < d->n; i++)
		change_json(&j, &d->changes[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

/** Looks at the total by --fail-over. @return EXIT_OK; EXIT_FALSE; EXIT_USAGE: nothing to look at
 */
static int verdict(struct cli *cli, const struct args *args, const struct diff *d)
{
	const char *metric = args_text(args, "metric", "energy");
	double limit = args_number(args, "fail-over", 0);

	if (!args_has(args, "fail-over"))
		return EXIT_OK;
	for (size_t i = 0; i < d->n; i++) {
		const struct change *c = &d->changes[i];

		if (strcmp(c->name, "total") != 0 || strcmp(c->metric, metric) != 0)
			continue;
		if (isnan(c->ratio))
			return cli_usage(cli, "--fail-over: the total %s cannot be compared: %s",
				metric, c->why ? c->why : "A's is not above 0");
		/* where nothing tells how single runs vary, the figures must do */
		return c->ratio > limit && (c->significant || isnan(c->lo)) ? EXIT_FALSE : EXIT_OK;
	}
	return EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	double confidence = args_number(args, "confidence", CONFIDENCE_DEFAULT);
	struct diff d;
	hg_error why = {""};
	hg_err err;
	int rc, end;

	memset(&d, 0, sizeof d);
	arena_init(&d.arena, (size_t)1 << 28);
	err = energy_read(args->operands[0], &d.a, &why);
	if (err == HG_OK)
		err = energy_read(args->operands[1], &d.b, &why);
	rc = err == HG_OK ? compare_all(cli, &d, confidence) : cli_input_error(cli, err, &why);
	if (rc == EXIT_OK) {
		rc = verdict(cli, args, &d);
		end = rc == EXIT_OK || rc == EXIT_FALSE;
		if (end && args_has(args, "json"))
			print_json(cli, &d, rc == EXIT_FALSE);
		else if (end)
			print(cli, &d);
	}
	energy_summary_finish(&d.a);
	energy_summary_finish(&d.b);
	arena_finish(&d.arena);
	return rc;
}

const struct command cmd_diff = {
	.name = "diff",
	.path = "diff",
	.page = "hourglass-diff",
	.usage = "A B [--fail-over RATIO] [options]",
	.summary = "compare two reports of run: is the difference significant?",
	.text = "A and B are files that 'hourglass run --format json -o FILE -- CMD' wrote.\n"
		"Exit status 1: B is worse than --fail-over allows.",
	.tables = {diff_options},
	.operand = OPERAND_FILE,
	.operand_name = "a report",
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
