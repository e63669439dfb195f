/*
 * What a plan.csv claims, derived again from the profile and the schedule: no code of the planner.
 *
 * Rows name operations by stage, chunk, microbatch and instruction. An instruction may stand twice
 * (halves of a split backward, a recomputation at the forward's cost): then the order of starts
 * tells which is which.
 */
#include "plan-check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounding of figures: relative, and seconds. */
#define SAME     1e-9
#define TOGETHER 1e-9
#define FINDINGS 256

void check_init(struct check *c, const struct plans *plans, const struct plan_rows *rows,
	const hg_stage_profile *profile)
{
	memset(c, 0, sizeof *c);
	c->plans = plans;
	c->loose = NAN;
	c->rows = rows;
	c->profile = profile;
	vec_init(&c->findings, sizeof(struct finding), FINDINGS);
}

void check_finish(struct check *c)
{
	vec_finish(&c->findings);
	free(c->row_of);
}

hg_err check_note(struct check *c, bool holds, const char *what, const char *fmt, ...)
{
	struct finding f = {.holds = holds};
	va_list ap;

	(void)snprintf(f.what, sizeof f.what, "%s", what);
	if (!holds) {
		va_start(ap, fmt);
		(void)vsnprintf(f.detail, sizeof f.detail, fmt, ap);
		va_end(ap);
	}
	return vec_push(&c->findings, &f);
}

static bool same(double a, double b)
{
	return fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

static const struct plan_row *row_at(const struct check *c, size_t i)
{
	return vec_at(&c->rows->rows, i);
}

/* An operation, by what rows call it. */
struct key {
	uint32_t stage, chunk, microbatch;
	const char *instruction;
	double order; /* start, or place in the schedule */
	uint32_t index;
};

static int by_name(const struct key *a, const struct key *b)
{
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk ? -1 : 1;
	if (a->microbatch != b->microbatch)
		return a->microbatch < b->microbatch ? -1 : 1;
	return strcmp(a->instruction, b->instruction);
}

static int by_key(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order = by_name(a, b);

	if (order)
		return order;
	if (a->order < b->order)
		return -1;
	if (a->order > b->order)
		return 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static hg_err missing(struct check *c, const struct key *k, const char *found)
{
	return check_note(c, false, "operations", "stage %u chunk %u microbatch %u %s: %s",
		k->stage, k->chunk, k->microbatch, k->instruction, found);
}

/* Finds the row of each node. @param whole  receives whether each has exactly one */
static hg_err match(struct check *c, const struct key *rows, size_t n_rows, const struct key *nodes,
	size_t n_nodes, bool *whole)
{
	size_t i = 0, k = 0;

	*whole = false;
	while (i < n_rows || k < n_nodes) {
		int order = i == n_rows ? 1 : k == n_nodes ? -1 : by_name(&rows[i], &nodes[k]);

		if (order < 0) {
			char text[64];

			(void)snprintf(text, sizeof text, "line %zu: expected no such row",
				row_at(c, rows[i].index)->line);
			return missing(c, &rows[i], text);
		}
		if (order > 0)
			return missing(c, &nodes[k], "expected a row, found none");
		c->row_of[nodes[k++].index] = rows[i++].index;
	}
	*whole = true;
	return check_note(c, true, "operations", "%s", "");
}

static hg_err match_rows(struct check *c, bool *whole)
{
	size_t n_nodes, n_rows = c->rows->rows.len;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n_nodes);
	struct key *rows = calloc(n_rows + 1, sizeof *rows);
	struct key *nodes = calloc(n_nodes + 1, sizeof *nodes);
	hg_err err = HG_ENOMEM;

	c->row_of = calloc(n_nodes + 1, sizeof *c->row_of);
	if (rows && nodes && c->row_of) {
		for (size_t i = 0; i < n_rows; i++) {
			const struct plan_row *r = row_at(c, i);

			rows[i] = (struct key){r->stage, r->chunk, r->microbatch, r->instruction,
				r->start_s, (uint32_t)i};
		}
		for (size_t i = 0; i < n_nodes; i++) {
			const char *name = hg_stage_profile_instruction(
				c->plans->profile, steps[i].instruction);

			nodes[i] = (struct key){steps[i].stage, steps[i].chunk, steps[i].microbatch,
				name ? name : "step", (double)i, (uint32_t)i};
		}
		qsort(rows, n_rows, sizeof *rows, by_key);
		qsort(nodes, n_nodes, sizeof *nodes, by_key);
		err = match(c, rows, n_rows, nodes, n_nodes, whole);
	}
	free(rows);
	free(nodes);
	return err;
}

/* Devices of a rank and of its replicas, which all wait at the static power. */
static double devices_of(const struct check *c)
{
	hg_dag_info info = {.size = sizeof info};
	hg_schedule_info schedule = {.size = sizeof schedule};
	double watts = 0;

	hg_dag_get_info(hg_pipeline_dag(c->plans->pipeline), &info);
	hg_schedule_get_info(c->plans->schedule, &schedule);
	for (uint32_t r = 0; r < schedule.ranks; r++)
		watts += c->plans->static_power_w[c->plans->n_static_power == 1 ? 0 : r];
	return watts > 0 ? info.static_power_w / watts : 0;
}

double check_waiting_w(const struct check *c, uint32_t rank)
{
	return c->devices * c->plans->static_power_w[c->plans->n_static_power == 1 ? 0 : rank];
}

const hg_stage_option *check_options_of(
	const struct check *c, const hg_pipeline_step *step, size_t *n)
{
	const char *name = hg_stage_profile_instruction(c->plans->profile, step->instruction);

	*n = 0;
	for (uint32_t i = 0; name && i < hg_stage_profile_instructions(c->profile); i++)
		if (strcmp(name, hg_stage_profile_instruction(c->profile, i)) == 0)
			return hg_stage_profile_options(c->profile, step->stage, i, n);
	return NULL;
}

/* The option of the measured profile that a row names, or NULL. */
static const hg_stage_option *option_of(
	const struct check *c, const hg_pipeline_step *step, const struct plan_row *r)
{
	size_t n;
	const hg_stage_option *options = check_options_of(c, step, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i].written, r->setting) == 0)
			return &options[i];
	return NULL;
}

struct figures {
	double time_s, energy_j;
};

/* The first seconds of a step run at the setting that its rank had before, where the change did not
 * fit into the wait before it; a setting that was not measured does nothing meanwhile. */
static void run_late(
	const struct check *c, size_t i, const struct plan_row *before, struct figures *f)
{
	size_t n;
	const hg_pipeline_step *step = hg_pipeline_steps(c->plans->pipeline, &n) + i;
	const struct plan_row *r = row_at(c, c->row_of[i]);
	double wait_s = fmax(r->start_s - before->start_s - before->time_s, 0);
	double late_s = c->plans->switch_latency_s - wait_s, time_s, part;
	const hg_stage_option *was;

	if (late_s <= 0 || strcmp(before->setting, r->setting) == 0)
		return;
	was = option_of(c, step, before);
	if (!was) {
		f->time_s += late_s;
		f->energy_j += late_s * check_waiting_w(c, step->rank);
		return;
	}
	time_s = was->time_s * step->share;
	part = time_s > late_s ? late_s / time_s : 1;
	f->time_s = part * time_s + (1 - part) * f->time_s;
	f->energy_j = part * was->energy_j * step->energy_share + (1 - part) * f->energy_j;
}

/* What a row's step takes and draws at its setting. @return false: it was not measured */
static bool measured(const struct check *c, size_t i, struct figures *f)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);
	const hg_stage_option *o;

	if (steps[i].instruction == HG_INSTRUCTION_NONE) {
		f->time_s = c->plans->step_s;
		f->energy_j = check_waiting_w(c, steps[i].rank) * f->time_s;
		return true;
	}
	o = option_of(c, &steps[i], row_at(c, c->row_of[i]));
	if (!o)
		return false;
	f->time_s = o->time_s * steps[i].share;
	f->energy_j = o->energy_j * steps[i].energy_share;
	if (i > 0 && steps[i - 1].rank == steps[i].rank)
		run_late(c, i, row_at(c, c->row_of[i - 1]), f);
	return true;
}

static hg_err check_options(struct check *c)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);

	for (size_t i = 0; i < n; i++) {
		const struct plan_row *r = row_at(c, c->row_of[i]);
		struct figures f = {0, 0};

		if (!measured(c, i, &f))
			return check_note(c, false, "settings",
				"line %zu: stage %u %s: setting \"%.40s\" is not in the profile",
				r->line, steps[i].stage, r->instruction, r->setting);
		if (!same(r->time_s, f.time_s) || !same(r->energy_j, f.energy_j))
			return check_note(c, false, "settings",
				"line %zu: %.9g s and %.9g J claimed, %.9g s and %.9g J measured",
				r->line, r->time_s, r->energy_j, f.time_s, f.energy_j);
	}
	return check_note(c, true, "settings", "%s", "");
}

/* Every operation starts after all that it needs has ended. */
static hg_err check_starts(struct check *c)
{
	hg_dag *dag = hg_pipeline_dag(c->plans->pipeline);
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(dag, &info);
	for (uint64_t e = 0; e < info.edges; e++) {
		uint32_t from = 0, to = 0;
		double lag_s = 0;
		const struct plan_row *a, *b;

		if (hg_dag_edge(dag, e, &from, &to, &lag_s))
			return HG_EINTERNAL;
		a = row_at(c, c->row_of[from]);
		b = row_at(c, c->row_of[to]);
		if (b->start_s < a->start_s + a->time_s + lag_s - TOGETHER)
			return check_note(c, false, "starts",
				"line %zu: starts at %.9g s, but line %zu, which it needs, ends at "
				"%.9g s",
				b->line, b->start_s, a->line, a->start_s + a->time_s + lag_s);
	}
	return check_note(c, true, "starts", "%s", "");
}

/* Makespan, energy over it, and changes of setting along each rank. */
static void derive(struct check *c)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);
	const struct plan_row *last = NULL;
	double busy_j = 0, saved_j = 0;
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(hg_pipeline_dag(c->plans->pipeline), &info);
	for (size_t i = 0; i < n; i++) {
		const struct plan_row *r = row_at(c, c->row_of[i]);
		uint32_t rank = steps[i].rank;

		c->time_s = fmax(c->time_s, r->start_s + r->time_s);
		busy_j += r->energy_j;
		saved_j += r->time_s * check_waiting_w(c, rank);
		if (i > 0 && rank != steps[i - 1].rank)
			last = NULL;
		if (steps[i].instruction == HG_INSTRUCTION_NONE)
			continue;
		c->switches += last && strcmp(last->setting, r->setting) != 0;
		last = r;
	}
	c->energy_j = busy_j - saved_j + info.static_power_w * c->time_s +
		      (double)c->switches * c->plans->switch_cost_j;
}

/* The profile in PLANS is the one that was measured. */
static hg_err check_profile(struct check *c)
{
	const hg_stage_profile *a = c->plans->profile, *b = c->profile;

	if (hg_stage_profile_stages(a) != hg_stage_profile_stages(b))
		return check_note(c, false, "profile", "%u stages claimed, %u measured",
			hg_stage_profile_stages(a), hg_stage_profile_stages(b));
	for (uint32_t s = 0; s < hg_stage_profile_stages(a); s++) {
		for (uint32_t i = 0; i < hg_stage_profile_instructions(a); i++) {
			const char *name = hg_stage_profile_instruction(a, i);
			const char *other = hg_stage_profile_instruction(b, i);
			size_t n, m;
			const hg_stage_option *x = hg_stage_profile_options(a, s, i, &n);
			const hg_stage_option *y = hg_stage_profile_options(b, s, i, &m);
			bool equal = n == m && other && strcmp(name, other) == 0;

			for (size_t k = 0; k < n && equal; k++)
				equal = same(x[k].time_s, y[k].time_s) &&
					same(x[k].energy_j, y[k].energy_j) &&
					strcmp(x[k].written, y[k].written) == 0;
			if (!equal)
				return check_note(c, false, "profile",
					"stage %u %s: PLANS holds other options than measured", s,
					name);
		}
	}
	return check_note(c, true, "profile", "%s", "");
}

hg_err check_plan(struct check *c)
{
	bool whole = false;
	hg_err err = check_profile(c);

	c->devices = devices_of(c);
	if (!err)
		err = match_rows(c, &whole);
	if (err || !whole)
		return err;
	err = check_options(c);
	if (!err)
		err = check_starts(c);
	if (!err)
		derive(c);
	return err;
}
