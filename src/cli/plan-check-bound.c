/*
 * What a PLANS file claims of its frontier, by the flows that it holds: no code of the solver.
 *
 * A flow that is conserved proves a line: at any price of time that it puts on an operation, the
 * operation's cheapest measured option is known. A wrong flow could only prove less.
 */
#include "plan-check.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "software/pipeline/cutting.h"

/* Frontiers are in whole ns and uW. Where slopes are rounded, claims are lower than what is proved.
 */
#define SAME         1e-6
#define SAME_ROUNDED 5e-3
/* What one flow proves is the same in any order of the sum. */
#define SAME_LINE 1e-9
/* How far the flows may prove less than is claimed between two of them. */
#define LOOSE 1e-3

static bool near(double a, double b, double relative)
{
	return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

double check_claimed_at(const struct plans *p, double time_s)
{
	const hg_plan_point *points = p->claims.frontier.data;
	size_t i = 0;

	while (i + 1 < p->claims.frontier.len && points[i + 1].time_s <= time_s)
		i++;
	return points[i].energy_j + points[i].slope_w * (time_s - points[i].time_s);
}

/* Points follow from each other by their slopes, which rise. */
static hg_err check_shape(struct check *c)
{
	const struct vec *f = &c->plans->claims.frontier;
	const hg_plan_point *p = f->data;

	for (size_t i = 1; i < f->len; i++) {
		double t = p[i].time_s - p[i - 1].time_s;
		double e = p[i - 1].energy_j + p[i - 1].slope_w * t;

		if (!near(e, p[i].energy_j, SAME))
			return check_note(c, false, "frontier",
				"point %zu: %.9g J claimed, %.9g J by the slope before it", i,
				p[i].energy_j, e);
		if (p[i].slope_w <= p[i - 1].slope_w)
			return check_note(c, false, "frontier",
				"point %zu: expected a larger slope than before, found %.9g W", i,
				p[i].slope_w);
	}
	return check_note(c, true, "frontier", "%s", "");
}

/* ---------------------------------------------------------------------------------------- lines */

/* energy_j at time 0, and what a second more adds. */
struct line {
	double energy_j, slope_w;
};

static double line_at(const struct line *l, double time_s)
{
	return fma(l->slope_w, time_s, l->energy_j);
}

struct prover {
	struct check *c;
	struct witness_order order;
	int64_t *node, *edge; /* uW */
	int64_t *in, *out;    /* of each node, by its edges */
	struct line *lines;   /* one a witness, then that of no flow */
	double carry;         /* of a compensated sum */
};

static void prover_finish(struct prover *p)
{
	witness_order_finish(&p->order);
	free(p->node);
	free(p->edge);
	free(p->in);
	free(p->out);
	free(p->lines);
}

static hg_err prover_init(struct prover *p, struct check *c)
{
	hg_err err;

	*p = (struct prover){.c = c};
	err = witness_order(&p->order, c->plans->pipeline, schedule_period(c->plans->schedule));
	if (err)
		return err;
	p->node = calloc((size_t)p->order.n + 1, sizeof *p->node);
	p->edge = calloc((size_t)p->order.m + 1, sizeof *p->edge);
	p->in = calloc((size_t)p->order.n + 1, sizeof *p->in);
	p->out = calloc((size_t)p->order.n + 1, sizeof *p->out);
	p->lines = calloc(c->plans->claims.witnesses.len + 1, sizeof *p->lines);
	return p->node && p->edge && p->in && p->out && p->lines ? HG_OK : HG_ENOMEM;
}

/* Neumaier's sum, one running at a time. */
static void plus(struct prover *p, double *sum, double v)
{
	double t = *sum + v;

	p->carry += fabs(*sum) >= fabs(v) ? (*sum - t) + v : (v - t) + *sum;
	*sum = t;
}

/* Least energy of a step whose time costs so much beyond what it draws. */
static double cheapest(const struct check *c, const hg_pipeline_step *s, double price_w)
{
	size_t n;
	const hg_stage_option *o = check_options_of(c, s, &n);
	double best = INFINITY;

	price_w -= check_waiting_w(c, s->rank);
	if (s->instruction == HG_INSTRUCTION_NONE)
		return (price_w + check_waiting_w(c, s->rank)) * c->plans->step_s;
	for (size_t i = 0; i < n; i++)
		best = fmin(best,
			fma(price_w * s->share, o[i].time_s, o[i].energy_j * s->energy_share));
	return best;
}

static bool alike(const hg_pipeline_step *a, const hg_pipeline_step *b)
{
	return a->stage == b->stage && a->rank == b->rank && a->instruction == b->instruction &&
	       a->share == b->share && a->energy_share == b->energy_share;
}

/* The line of the flow in p->node and p->edge, which is conserved. */
static struct line line_of(struct prover *p, int64_t value_uw)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(p->c->plans->pipeline, &n);
	const hg_pipeline_step *last = NULL;
	hg_dag *dag = hg_pipeline_dag(p->c->plans->pipeline);
	hg_dag_info info = {.size = sizeof info};
	double sum = 0, cost = 0, lag_s = 0;
	int64_t flow = 0;

	hg_dag_get_info(dag, &info);
	p->carry = 0;
	for (uint32_t k = 0; k < p->order.n; k++) {
		uint32_t i = p->order.node[k];

		if (!last || flow != p->node[i] || !alike(last, &steps[i])) {
			flow = p->node[i];
			cost = cheapest(p->c, &steps[i], (double)flow * 1e-6);
			last = &steps[i];
		}
		plus(p, &sum, cost);
	}
	for (uint32_t e = 0; e < p->order.m; e++) {
		uint32_t from, to;

		if (p->edge[e] && hg_dag_edge(dag, e, &from, &to, &lag_s) == HG_OK)
			plus(p, &sum, lag_s * ((double)p->edge[e] * 1e-6));
	}
	return (struct line){sum + p->carry, info.static_power_w - (double)value_uw * 1e-6};
}

/*
 * What enters a node beyond its edges comes from the source, what leaves beyond goes to the sink.
 * No more may come in by edges than goes through, nor leave. @return the value; -1: not conserved
 */
static int64_t value_of(struct prover *p)
{
	const hg_dag *dag = hg_pipeline_dag(p->c->plans->pipeline);
	int64_t value = 0;

	for (uint32_t i = 0; i < p->order.n; i++)
		p->in[i] = p->out[i] = 0;
	for (uint32_t e = 0; e < p->order.m; e++) {
		uint32_t from = 0, to = 0;
		double lag_s;

		if (hg_dag_edge(dag, e, &from, &to, &lag_s) ||
			p->edge[e] > INT64_MAX / 4 - p->in[to] ||
			p->edge[e] > INT64_MAX / 4 - p->out[from])
			return -1;
		p->in[to] += p->edge[e];
		p->out[from] += p->edge[e];
	}
	for (uint32_t i = 0; i < p->order.n; i++) {
		if (p->in[i] > p->node[i] || p->out[i] > p->node[i] ||
			value > INT64_MAX / 2 - p->node[i])
			return -1;
		value += p->node[i] - p->in[i];
	}
	return value;
}

/* Unpacks a flow and works out its line. @param bad  receives what is wrong with it, or NULL */
static struct line prove(struct prover *p, const struct witness *w, const char **bad)
{
	int64_t value;

	*bad = NULL;
	if (!witness_expand(&w->node, p->order.node, p->order.n, p->node) ||
		!witness_expand(&w->edge, p->order.edge, p->order.m, p->edge)) {
		*bad = "has another number of nodes or edges than the pipeline";
		return (struct line){0, 0};
	}
	value = value_of(p);
	if (value < 0)
		*bad = "is not conserved";
	else if (value != w->flow_uw)
		*bad = "has another value than it says";
	return *bad ? (struct line){0, 0} : line_of(p, value);
}

/* All flows of the file; whether they hold. */
static hg_err prove_all(struct prover *p, bool *holds)
{
	const struct vec *all = &p->c->plans->claims.witnesses;

	*holds = false;
	for (size_t k = 0; k < all->len; k++) {
		const struct witness *w = vec_at(all, k);
		const char *bad;
		double proved_j;

		p->lines[k] = prove(p, w, &bad);
		if (bad)
			return check_note(p->c, false, "flows", "flow %zu %s", k, bad);
		proved_j = line_at(&p->lines[k], w->time_s);
		if (!near(proved_j, w->energy_j, SAME_LINE))
			return check_note(p->c, false, "flows",
				"flow %zu: %.12g J claimed at %.9g s, %.12g J proved", k,
				w->energy_j, w->time_s, proved_j);
	}
	for (uint32_t i = 0; i < p->order.n; i++)
		p->node[i] = 0;
	for (uint32_t e = 0; e < p->order.m; e++)
		p->edge[e] = 0;
	p->lines[all->len] = line_of(p, 0);
	*holds = true;
	return check_note(p->c, true, "flows", "%s", "");
}

/* The highest line at a time. */
static size_t highest(const struct prover *p, double time_s)
{
	size_t best = 0;

	for (size_t k = 1; k <= p->c->plans->claims.witnesses.len; k++)
		if (line_at(&p->lines[k], time_s) > line_at(&p->lines[best], time_s))
			best = k;
	return best;
}

/* ------------------------------------------------------------------------------- what is claimed
 */

/* The frontier touches each flow's line, and lies little above the highest one between them. */
static hg_err check_energies(struct prover *p)
{
	const struct plans *plans = p->c->plans;
	const struct vec *all = &plans->claims.witnesses;
	const hg_plan_point *points = plans->claims.frontier.data;
	double below = plans->quantum_w > 0 ? SAME_ROUNDED : SAME, loose = 0;

	for (size_t k = 0; k < all->len; k++) {
		const struct witness *w = vec_at(all, k);
		double claimed_j = check_claimed_at(plans, w->time_s);

		if (claimed_j > w->energy_j * (1 + SAME) || claimed_j < w->energy_j * (1 - below))
			return check_note(p->c, false, "energies of the frontier",
				"%.9g J claimed at %.9g s, %.9g J proved", claimed_j, w->time_s,
				w->energy_j);
	}
	for (size_t i = 0; i < plans->claims.frontier.len; i++) {
		double time_s = fmax(points[i].time_s, plans->claims.t_min_s);
		double claimed_j = check_claimed_at(plans, time_s);
		double proved_j = line_at(&p->lines[highest(p, time_s)], time_s);

		loose = fmax(loose, claimed_j / proved_j - 1);
		if (claimed_j < proved_j * (1 - below) || !(claimed_j <= proved_j * (1 + LOOSE)))
			return check_note(p->c, false, "energies of the frontier",
				"%.9g J claimed at %.9g s, %.9g J proved", claimed_j, time_s,
				proved_j);
	}
	p->c->loose = loose;
	return check_note(p->c, true, "energies of the frontier", "%s", "");
}

static double *in_watts(const int64_t *uw, uint32_t n)
{
	double *w = calloc((size_t)n + 1, sizeof *w);

	for (uint32_t i = 0; w && i < n; i++)
		w[i] = (double)uw[i] * 1e-6;
	return w;
}

/* What the flow in p->node and p->edge proves of measured settings beyond its line. */
static hg_err gain_of(const struct prover *p, double *gain_j, hg_error *why)
{
	double *node = in_watts(p->node, p->order.n), *edge = in_watts(p->edge, p->order.m);
	hg_err err = HG_ENOMEM;

	if (node && edge)
		err = hg_dag_pairs(hg_pipeline_dag(p->c->plans->pipeline), node, edge, gain_j, why);
	free(node);
	free(edge);
	return err;
}

/* No plan draws less than what is proved at its time. */
static hg_err check_bound(struct prover *p, hg_error *why)
{
	struct check *c = p->c;
	size_t k = highest(p, c->time_s);
	double gain_j = 0;
	hg_err err = HG_OK;

	c->bound_j = line_at(&p->lines[k], c->time_s);
	if (k < c->plans->claims.witnesses.len) {
		const char *bad;

		(void)prove(p, vec_at(&c->plans->claims.witnesses, k), &bad);
		err = gain_of(p, &gain_j, why);
	}
	if (err)
		return err;
	c->tight_bound_j = c->bound_j + gain_j;
	return check_note(c, c->energy_j >= c->tight_bound_j * (1 - SAME_LINE), "bound",
		"the plan draws %.9g J, less than any can: %.9g J", c->energy_j, c->tight_bound_j);
}

static hg_err check_flows(struct check *c, hg_error *why)
{
	struct prover p;
	bool holds = false;
	hg_err err = prover_init(&p, c);

	if (!err)
		err = prove_all(&p, &holds);
	if (!err && holds)
		err = check_energies(&p);
	if (!err && holds && c->time_s > 0)
		err = check_bound(&p, why);
	prover_finish(&p);
	return err;
}

hg_err check_bounds(struct check *c, hg_error *why)
{
	hg_err err = check_shape(c);

	if (!err)
		err = check_times(c);
	if (err)
		return err;
	return c->plans->claims.witnesses.len ? check_flows(c, why) : check_solving(c, why);
}

/* --------------------------------------------------------------------------- proofs of one plan */

static hg_err claim(struct check *c, const char *what, double claimed, double found)
{
	return check_note(c, near(claimed, found, SAME_LINE), what, "%.12g claimed, %.12g found",
		claimed, found);
}

static hg_err check_figures(struct check *c, const struct proof *proof, double charged_j)
{
	hg_err err = claim(c, "proof: time", proof->time_s, c->time_s);

	if (!err)
		err = check_note(c, proof->charged_s >= proof->time_s * (1 - SAME_LINE),
			"proof: charged", "%.9g s is less than the plan takes", proof->charged_s);
	if (!err)
		err = claim(c, "proof: energy", proof->energy_j, c->energy_j + charged_j);
	if (!err)
		err = check_note(c, proof->switches == c->switches, "proof: switches",
			"%" PRIu64 " claimed, %" PRIu64 " found", proof->switches, c->switches);
	return err;
}

/* What plans with as few changes as were allowed must draw, by the flow in p->node. */
static hg_err check_switches(struct prover *p, const struct proof *proof, double bound_j)
{
	double beyond_j = proof->switch_price_j - proof->switch_cost_j, gain_j = 0;
	hg_err err;

	if (!proof->most_switches)
		return HG_OK;
	if (beyond_j < 0 || proof->switch_latency_s > 0)
		return check_note(p->c, false, "proof: switch bound",
			"a change of %.9g J is less than it costs, or takes time",
			proof->switch_price_j);
	err = check_note(p->c, proof->switches <= proof->most_switches, "proof: switches allowed",
		"%" PRIu64 " found", proof->switches);
	if (!err)
		err = check_few(p->c, p->node, proof->switch_price_j, &gain_j);
	gain_j -= beyond_j * (double)proof->most_switches;
	return err ? err
		   : claim(p->c, "proof: switch bound", proof->switch_bound_j,
			     bound_j + fmax(gain_j, 0));
}

hg_err check_proof(struct check *c, const struct proof *proof, hg_error *why)
{
	hg_dag_info info = {.size = sizeof info};
	double charged_j, gain_j = 0, bound_j;
	const char *bad = NULL;
	struct line line;
	struct prover p;
	hg_err err = prover_init(&p, c);

	hg_dag_get_info(hg_pipeline_dag(c->plans->pipeline), &info);
	charged_j = info.static_power_w * (proof->charged_s - c->time_s);
	if (!err)
		err = check_figures(c, proof, charged_j);
	if (err)
		goto out;
	line = prove(&p, &proof->flow, &bad);
	err = check_note(c, !bad, "proof: flow", "the flow %s", bad ? bad : "");
	if (!err && !bad)
		err = gain_of(&p, &gain_j, why);
	if (err || bad)
		goto out;
	bound_j = line_at(&line, c->time_s) + charged_j;
	err = claim(c, "proof: bound", proof->bound_j, bound_j);
	if (!err)
		err = claim(c, "proof: tight bound", proof->tight_bound_j, bound_j + gain_j);
	if (!err)
		err = check_switches(&p, proof, bound_j);
	c->bound_j = fmax(c->bound_j, bound_j - charged_j);
	c->tight_bound_j = fmax(c->tight_bound_j, bound_j + gain_j - charged_j);
out:
	prover_finish(&p);
	return err;
}
