/* recur show, list, explain: what is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/number.h"
#include "core/vec.h"
#include "recur-pilots.h"
#include "software/recur/explain.h"
#include "table.h"

#define SHOWN 20

static const struct option show_options[] = {
	{.name = "all", .kind = OPTION_FLAG, .text = "every trial, not only the last 20"},
	{.name = NULL},
};

/* Everything to be shown of one job. */
struct view {
	struct cli *cli;
	struct desk d;
	hg_recur_belief beliefs[HG_RECUR_MAX_SIZES];
};

static hg_err read_view(struct store *s, const char *name, struct view *v, hg_error *why)
{
	hg_err err = desk_read(s, name, &v->d, why);

	for (uint32_t i = 0; i < HG_RECUR_MAX_SIZES; i++)
		v->beliefs[i].size = sizeof v->beliefs[i];
	return err == HG_OK ? hg_recur_believe(&v->d.engine, v->d.trials, v->d.n, v->beliefs,
				      HG_RECUR_MAX_SIZES, why)
			    : err;
}

/* ----- text */

static void quantity_cell(struct table *t, enum quantity q, double v)
{
	char text[QUANTITY_TEXT];

	table_cell(t, "%s", isfinite(v) && v > 0 ? quantity_format(q, v, text) : "-");
}

static void history(struct view *v, bool all)
{
	size_t n = v->d.n_records, from = all || n <= SHOWN ? 0 : n - SHOWN;
	struct table t;

	if (from > 0)
		buf_addf(&v->cli->out, "(%zu earlier trials; --all shows them)\n", from);
	table_init(&t, "rrlrrrrrl");
	for (size_t i = 0; i < 9; i++)
		table_cell(&t, "%s",
			(const char *const[]){"trial", "batch", "state", "epochs", "metric",
				"energy", "time", "cost", "flags"}[i]);
	for (size_t i = from; i < n; i++) {
		const struct store_trial *r = &v->d.records[i];
		struct buf flags;

		table_cell(&t, "%lld", (long long)r->number);
		table_cell(&t, "%u", r->t.batch_size);
		table_cell(&t, "%s", hg_recur_state_name(r->t.state));
		table_cell(&t, "%.6g", isnan(r->t.epochs) ? 0.0 : r->t.epochs);
		table_cell(&t, isnan(r->t.metric) ? "-" : "%.6g", r->t.metric);
		quantity_cell(&t, QUANTITY_ENERGY, r->t.energy_j);
		quantity_cell(&t, QUANTITY_TIME, r->t.time_s);
		quantity_cell(&t, QUANTITY_ENERGY,
			recur_cost(&v->d.job.spec, r->t.energy_j, r->t.time_s));
		buf_init(&flags, 1024);
		recur_flags_text(&flags, r->t.flags);
		table_cell(&t, "%s", flags.data ? flags.data : "");
		buf_finish(&flags);
	}
	table_print(&t, &v->cli->out, v->cli->color);
	table_finish(&t);
}

/* The cells of what an epoch and a run cost. */
static void costs(struct table *t, const hg_recur_belief *b)
{
	char one[QUANTITY_TEXT], two[QUANTITY_TEXT];

	if (isnan(b->epoch_j)) /* before any epoch of any size */
		table_cell(t, "-");
	else
		table_cell(t, "%s%s", quantity_format(QUANTITY_ENERGY, b->epoch_j, one),
			b->cost_known ? "" : " ?");
	quantity_cell(t, QUANTITY_ENERGY, b->cost_j);
	if (isnan(b->cost_lo_j))
		table_cell(t, "-");
	else
		table_cell(t, "%s .. %s", quantity_format(QUANTITY_ENERGY, b->cost_lo_j, one),
			quantity_format(QUANTITY_ENERGY, b->cost_hi_j, two));
}

static void beliefs(struct view *v)
{
	struct table t;

	table_init(&t, "rrrrrrrl");
	for (size_t i = 0; i < 8; i++)
		table_cell(&t, "%s",
			(const char *const[]){"batch", "runs", "failed", "epochs to target",
				"an epoch", "a run", "90 %", "cheapest"}[i]);
	for (uint32_t i = 0; i < v->d.engine.n_sizes; i++) {
		const hg_recur_belief *b = &v->beliefs[i];

		table_cell(&t, "%u", b->batch_size);
		table_cell(&t, "%u", b->runs);
		table_cell(&t, "%u", b->failures);
		table_cell(&t, "%.3g (%.3g..%.3g)", b->epochs, b->epochs_lo, b->epochs_hi);
		costs(&t, b);
		if (b->dropped)
			table_cell(&t, "dropped, fails with %.0f %%", 100 * b->p_fail);
		else
			table_cell(&t, "%.0f %%", 100 * b->p_best);
	}
	table_print(&t, &v->cli->out, v->cli->color);
	table_finish(&t);
}

/* ----- batch size against cost, as a picture */

/* The axis: from 0, or by decades where costs lie far apart. */
struct costs {
	double least, most;
	bool decades;
	size_t width;
};

static size_t place(const struct costs *c, double value)
{
	double last = (double)(c->width - 1), at;

	if (c->decades)
		at = value <= c->least ? 0 : log(value / c->least) / log(c->most / c->least) * last;
	else
		at = value / c->most * last;
	return at <= 0 ? 0 : at >= last ? c->width - 1 : (size_t)(at + 0.5);
}

static void bar(struct view *v, const struct costs *c, const hg_recur_belief *b)
{
	bool utf8 = v->cli->utf8;
	size_t lo = place(c, b->cost_lo_j), hi = place(c, b->cost_hi_j), mean = place(c, b->cost_j);

	buf_addf(&v->cli->out, "%8u ", b->batch_size);
	buf_adds(&v->cli->out, utf8 ? "\u2502" : "|");
	for (size_t i = 0; i < c->width && (i <= hi || i <= mean); i++)
		if (i == mean)
			buf_adds(&v->cli->out, b->runs > 0 ? utf8 ? "\u25cf" : "@"
					       : utf8      ? "\u25cb"
							   : "o");
		else if (i >= lo && i <= hi)
			buf_adds(&v->cli->out, utf8 ? "\u2500" : "-");
		else
			buf_addc(&v->cli->out, ' ');
	buf_adds(&v->cli->out, b->dropped ? "  dropped\n" : "\n");
}

#define DECADES_FROM 30.0

static struct costs costs_of(const struct view *v)
{
	struct costs c = {.least = (double)INFINITY};

	c.width = v->cli->width > 40 ? (size_t)v->cli->width - 22 : 58;
	for (uint32_t i = 0; i < v->d.engine.n_sizes; i++) {
		const hg_recur_belief *b = &v->beliefs[i];

		if (!isfinite(b->cost_j) || !(b->cost_lo_j > 0))
			continue;
		c.most = fmax(c.most, fmax(b->cost_j, b->runs ? b->cost_hi_j : 0));
		c.least = fmin(c.least, b->cost_lo_j);
	}
	c.decades = c.most > DECADES_FROM * c.least;
	return c;
}

/* Means are all on it; intervals of what was never tried may go beyond its right end. */
static void picture(struct view *v)
{
	const struct costs c = costs_of(v);
	char least[QUANTITY_TEXT] = "0", most[QUANTITY_TEXT];

	if (!(c.most > 0))
		return;
	if (c.decades)
		(void)quantity_format(QUANTITY_ENERGY, c.least, least);
	buf_addf(&v->cli->out,
		"cost of a run by batch size, %s to %s%s; the line holds 90 %% (%s run, %s not "
		"yet)\n",
		least, quantity_format(QUANTITY_ENERGY, c.most, most),
		c.decades ? ", logarithmic" : "", v->cli->utf8 ? "\u25cf" : "@",
		v->cli->utf8 ? "\u25cb" : "o");
	for (uint32_t i = 0; i < v->d.engine.n_sizes; i++)
		if (isfinite(v->beliefs[i].cost_j))
			bar(v, &c, &v->beliefs[i]);
}

static bool any_flag(const struct view *v, uint32_t flag)
{
	for (size_t i = 0; i < v->d.n_records; i++)
		if (v->d.records[i].t.flags & flag)
			return true;
	return false;
}

static void show_text(struct view *v, bool all)
{
	const struct store_spec *spec = &v->d.job.spec;
	struct buf *out = &v->cli->out;

	buf_addf(out, "%s: until ", v->d.job.name);
	recur_target_text(out, spec);
	buf_addf(out, ", at most %u epochs; eta %g, %s; %lld trial%s\n", spec->max_epochs,
		spec->eta, hg_recur_policy_name(spec->policy), (long long)v->d.job.trials,
		v->d.job.trials == 1 ? "" : "s");
	if (v->d.n_records > 0) {
		buf_addc(out, '\n');
		history(v, all);
	}
	if (any_flag(v, STORE_SIMULATED))
		buf_adds(out, "Energies flagged simulated are of simulated devices.\n");
	if (any_flag(v, STORE_ESTIMATED))
		buf_adds(out, "Energies flagged estimated are by a model.\n");
	if (v->d.n == 0)
		return;
	buf_addc(out, '\n');
	beliefs(v);
	buf_addc(out, '\n');
	picture(v);
}

/* ----- JSON */

static void show_json(struct view *v)
{
	struct json_out j;

	json_out_init(&j, &v->cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-show/1");
	json_kv_string(&j, "job", v->d.job.name);
	json_kv_bool(&j, "simulated", any_flag(v, STORE_SIMULATED));
	json_key(&j, "spec");
	json_put_raw(&j, "", 0);
	store_spec_json(&v->cli->out, &v->d.job.spec);
	json_key(&j, "trials");
	json_open(&j, '[', false);
	for (size_t i = 0; i < v->d.n_records; i++) {
		json_open(&j, '{', true);
		recur_trial_json(&j, &v->d.job.spec, &v->d.records[i]);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_key(&j, "beliefs");
	json_open(&j, '[', false);
	for (uint32_t i = 0; v->d.n > 0 && i < v->d.engine.n_sizes; i++)
		recur_belief_json(&j, &v->beliefs[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&v->cli->out, '\n');
}

static int run_show(struct cli *cli, const struct args *args)
{
	struct view *v = calloc(1, sizeof *v);
	struct store *s = NULL;
	hg_error why = {""};
	hg_err err;
	int rc;

	if (!v)
		return cli_broken(cli, HG_ENOMEM);
	rc = recur_open(cli, args, OPEN_READ, &s);
	if (rc == EXIT_OK) {
		v->cli = cli;
		err = read_view(s, args->operands[0], v, &why);
		if (err != HG_OK)
			rc = recur_error(cli, err, &why);
		else if (args_has(args, "json"))
			show_json(v);
		else
			show_text(v, args_has(args, "all"));
		desk_finish(&v->d);
	}
	store_close(s);
	free(v);
	return rc;
}

/* ----- list */

struct row {
	struct store_job job;
	size_t running, reached;
	uint32_t last; /* batch size of the last one that reached its target */
};

static hg_err add_job(void *user, const struct store_job *job)
{
	const struct row row = {.job = *job};

	return vec_push(user, &row);
}

static hg_err count_trial(void *user, const struct store_trial *t)
{
	struct row *row = user;

	row->running += t->t.state == HG_RECUR_RUNNING;
	row->reached += t->t.state == HG_RECUR_REACHED;
	if (t->t.state == HG_RECUR_REACHED)
		row->last = t->t.batch_size;
	return HG_OK;
}

static hg_err read_rows(struct store *s, struct vec *rows, hg_error *why)
{
	hg_err err = store_begin(s, ACCESS_LOOK, why);

	if (err != HG_OK)
		return err;
	err = store_jobs(s, add_job, rows, why);
	for (size_t i = 0; err == HG_OK && i < rows->len; i++) {
		struct row *row = vec_at(rows, i);

		err = store_trials(s, row->job.name, count_trial, row, why);
	}
	store_rollback(s);
	return err;
}

static void list_text(struct cli *cli, const struct vec *rows)
{
	struct table t;

	if (rows->len == 0) {
		buf_adds(&cli->out, "no jobs; 'hourglass recur new' makes one\n");
		return;
	}
	table_init(&t, "lrrrrl");
	for (size_t i = 0; i < 6; i++)
		table_cell(&t, "%s",
			(const char *const[]){
				"job", "trials", "running", "reached", "last batch", "target"}[i]);
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = vec_at(rows, i);
		struct buf target;

		table_cell(&t, "%s", row->job.name);
		table_cell(&t, "%lld", (long long)row->job.trials);
		table_cell(&t, "%zu", row->running);
		table_cell(&t, "%zu", row->reached);
		table_cell(&t, row->last ? "%u" : "-", row->last);
		buf_init(&target, 4096);
		recur_target_text(&target, &row->job.spec);
		table_cell(&t, "%s", target.data ? target.data : "");
		buf_finish(&target);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

static void list_json(struct cli *cli, const struct vec *rows)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-list/1");
	json_key(&j, "jobs");
	json_open(&j, '[', false);
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = vec_at(rows, i);

		json_open(&j, '{', true);
		json_kv_string(&j, "job", row->job.name);
		json_kv_int(&j, "trials", row->job.trials);
		json_kv_int(&j, "running", (int64_t)row->running);
		json_kv_int(&j, "reached", (int64_t)row->reached);
		json_kv_int(&j, "created_ms", row->job.created_ms);
		json_key(&j, "spec");
		json_put_raw(&j, "", 0);
		store_spec_json(&cli->out, &row->job.spec);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int run_list(struct cli *cli, const struct args *args)
{
	struct store *s;
	struct vec rows;
	hg_error why = {""};
	hg_err err;
	int rc = recur_open(cli, args, OPEN_READ, &s);

	if (rc != EXIT_OK)
		return rc;
	vec_init(&rows, sizeof(struct row), 1000000);
	err = read_rows(s, &rows, &why);
	if (err != HG_OK)
		rc = recur_error(cli, err, &why);
	else if (args_has(args, "json"))
		list_json(cli, &rows);
	else
		list_text(cli, &rows);
	vec_finish(&rows);
	store_close(s);
	return rc;
}

/* ----- explain */

static int run_explain(struct cli *cli, const struct args *args)
{
	struct store *s;
	struct desk d;
	char *text = NULL;
	hg_error why = {""};
	hg_err err;
	int rc = recur_open(cli, args, OPEN_READ, &s);

	if (rc != EXIT_OK)
		return rc;
	err = desk_read(s, args->operands[0], &d, &why);
	d.engine.pilots = (uint32_t)args_number(args, "pilots", 0);
	if (err == HG_OK)
		err = hg_recur_explain(&d.engine, d.trials, d.n, desk_seed(&d),
			args_has(args, "json") ? HG_RECUR_JSON : HG_RECUR_TEXT, &text, &why);
	if (err == HG_OK)
		buf_adds(&cli->out, text);
	else
		rc = recur_error(cli, err, &why);
	free(text);
	desk_finish(&d);
	store_close(s);
	return rc;
}

const struct command cmd_recur_show = {
	.name = "show",
	.path = "recur show",
	.page = "hourglass-recur",
	.usage = "JOB [--all] [options]",
	.summary = "a job's trials, what they say of each batch size, and what each costs",
	.tables = {show_options, recur_store_options},
	.operand_name = "JOB",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_show,
};

const struct command cmd_recur_list = {
	.name = "list",
	.path = "recur list",
	.page = "hourglass-recur",
	.usage = "[options]",
	.summary = "the jobs of a store",
	.tables = {recur_store_options},
	.run = run_list,
};

const struct command cmd_recur_explain = {
	.name = "explain",
	.path = "recur explain",
	.page = "hourglass-recur",
	.usage = "JOB [--pilots N] [options]",
	.summary = "why the next batch size is what it is",
	.tables = {recur_pilots_options, recur_store_options},
	.operand_name = "JOB",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_explain,
};
