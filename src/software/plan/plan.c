/* Discrete plans: starts, search, and what came out. */
#include <hourglass/plan.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bound-pairs.h"
#include "breed.h"
#include "core/fail.h"
#include "core/size.h"
#include "dag.h"
#include "realise.h"
#include "search.h"
#include "settle.h"
#include "start.h"

/* A deadline that near below T_min is T_min: sums of doubles that ns are made
 * from. */
#define NEAR_S 5e-10

struct hg_plan {
	hg_plan_info info;
	uint32_t n;
	hg_plan_step *steps;
};

void hg_plan_destroy(hg_plan *plan)
{
	if (!plan)
		return;
	free(plan->steps);
	free(plan);
}

void hg_plan_get_info(const hg_plan *plan, hg_plan_info *info)
{
	size_write(info, &plan->info, sizeof plan->info);
}

const hg_plan_step *hg_plan_steps(const hg_plan *plan, size_t *n)
{
	*n = plan->n;
	return plan->steps;
}

static hg_err check_opts(const hg_plan_opts *o, hg_error *why)
{
	if (!(o->time_s >= 0.0) || !isfinite(o->time_s))
		return fail(why, HG_EINVAL, "plan: time_s %g is no deadline", o->time_s);
	if (o->charge_s != 0.0 && !(o->charge_s >= o->time_s && isfinite(o->charge_s)))
		return fail(why, HG_EINVAL, "plan: charge_s %g is below the deadline of %g s",
			o->charge_s, o->time_s);
	if (!(o->switch_cost_j >= 0.0) || !isfinite(o->switch_cost_j) ||
		!(o->switch_latency_s >= 0.0) || !isfinite(o->switch_latency_s) ||
		!(o->min_switch_s >= 0.0) || !isfinite(o->min_switch_s))
		return fail(why, HG_EINVAL, "plan: a cost of switching is negative or not finite");
	if (!(o->effort_s >= 0.0) || (o->effort_s > 0.0 && !o->clock))
		return fail(why, HG_EINVAL, "plan: effort_s %g needs a clock", o->effort_s);
	if (o->class_of != HG_CLASS_OP && o->class_of != HG_CLASS_RAMP &&
		o->class_of != HG_CLASS_FAMILY)
		return fail(why, HG_EINVAL, "plan: %d is no class", (int)o->class_of);
	return HG_OK;
}

/* What a search goes through: a problem, a plan in work, the best ones so far.
 */
struct job {
	const hg_dag *dag;
	const hg_plan_opts *opts;
	double price_j; /* of a change of setting, for the search; >= what it costs */
	struct disc d;
	struct walk w;
	struct effort effort;
	struct rng rng;
	int64_t began_ns;  /* when the work began */
	double gain_j;     /* what discreteness adds to the bound of the relaxed plan */
	uint32_t *best[2]; /* picks of the two best starts, best first */
	double total[2];
	int64_t *head; /* scratch */
	int64_t *tail; /* longest way to the sink when all is fastest */
};

static void job_finish(struct job *j)
{
	free(j->best[0]);
	free(j->best[1]);
	free(j->head);
	free(j->tail);
	walk_finish(&j->w);
	disc_finish(&j->d);
}

static hg_err job_init(
	struct job *j, const hg_relaxed *relaxed, double limit_s, double fastest_s, hg_error *why)
{
	const hg_plan_opts *o = j->opts;
	struct disc_opts disc = {.class_of = o->class_of,
		.deadline_s = limit_s,
		.switch_cost_j = j->price_j,
		.switch_latency_s = o->switch_latency_s,
		.min_switch_s = o->min_switch_s};
	hg_err rc = disc_init(&j->d, j->dag, relaxed, &disc, why);
	int64_t least;

	if (rc)
		return rc;
	/* times in ticks are rounded up: all fastest must still fit */
	least = (int64_t)(fastest_s * j->d.ticks_per_s) + 2 * (int64_t)j->d.n + 2;
	if (j->d.deadline < least)
		j->d.deadline = least;
	rc = walk_init(&j->w, &j->d, why);
	if (rc)
		return rc;
	for (int k = 0; k < 2; k++) {
		j->best[k] = calloc(j->d.n_sets, sizeof *j->best[k]);
		j->total[k] = INFINITY;
	}
	j->head = calloc((size_t)j->d.n + 1, sizeof *j->head);
	j->tail = calloc((size_t)j->d.n + 1, sizeof *j->tail);
	if (!j->best[0] || !j->best[1] || !j->head || !j->tail)
		return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", j->d.n);
	rng_init(&j->rng, o->seed);
	j->effort = (struct effort){.most = o->iterations,
		.seconds = o->effort_s,
		.clock = o->clock,
		.clock_user = o->clock_user,
		.progress = o->progress,
		.progress_user = o->progress_user};
	j->effort.began_ns = j->began_ns;
	j->w.effort = &j->effort;
	return HG_OK;
}

/* Keeps the present plan if it is one of the two best. */
static void keep(struct job *j)
{
	size_t bytes = (size_t)j->d.n_sets * sizeof *j->w.pick;
	double total = j->w.total;
	uint32_t *swap;

	j->w.hurry = true; /* there is a plan */
	if (total >= j->total[1] || total == j->total[0])
		return;
	memcpy(j->best[1], j->w.pick, bytes);
	j->total[1] = total;
	if (total >= j->total[0])
		return;
	swap = j->best[0];
	j->best[0] = j->best[1];
	j->best[1] = swap;
	j->total[1] = j->total[0];
	j->total[0] = total;
}

/* Repairs and reclaims what the start gave, and keeps it if it is good. */
static bool polish(struct job *j, const uint32_t *pick)
{
	if (j->d.latency)
		j->w.patience = j->d.n < 2000 ? 64 + j->d.n / 2 : 300;
	walk_reset(&j->w, pick);
	if (!repair(&j->w, NULL))
		return walk_makespan(&j->w) > j->d.deadline; /* not feasible, or no memory */
	walk_reset(&j->w, j->w.pick);
	reclaim_all(&j->w);
	if (!reclaim(&j->w, NULL))
		return false;
	keep(j);
	return true;
}

/* Whether a node's pick follows from its window, and its neighbours' settings
 * if those matter. */
static bool separable(const struct disc *d)
{
	return d->n_sets == d->n && (d->sorted || d->switch_j > 0.0 || d->latency > 0);
}

/* Whether there is too little effort for more than a few starts and the
 * annealing of events. */
#define LITTLE_S 50e-6 /* of effort a node */

static bool hurried(const struct job *j)
{
	const struct effort *e = &j->effort;

	return e->seconds > 0.0 && e->seconds < LITTLE_S * (double)j->d.n;
}

static bool is_long(const struct job *j)
{
	return j->opts->iterations || j->opts->effort_s > 0.0;
}

/* Effort a node below which one plan, annealed for long, is better than a population; in a hurry
 * there is no time for that, and crossing starts is better again. */
#define BREED_S 150e-6

/* Nodes from which on repair() takes longer than any search that follows it, and a population,
 * whose starts need it, more memory than it is worth. */
#define MANY 10000u

static bool breeds(const struct job *j)
{
	double seconds = j->effort.seconds, n = (double)j->d.n;

	return is_long(j) && breed_suits(&j->d) &&
	       (hurried(j) || (j->d.n < MANY && !(seconds > 0.0 && seconds < BREED_S * n)));
}

/* Whether starts are made to keep the deadline in one pass instead of by repair(). */
static bool clamps(const struct job *j)
{
	return j->d.sorted && separable(&j->d) && (hurried(j) || j->d.n >= MANY);
}

/* Makes a start keep the deadline. The first one finds the longest ways to the sink when all is
 * fastest, which the others use, too. */
static void clamp(struct job *j, uint32_t *pick, bool first)
{
	if (first) {
		memset(j->best[0], 0, (size_t)j->d.n_sets * sizeof *j->best[0]);
		walk_reset(&j->w, j->best[0]);
		memcpy(j->tail, j->w.tail, (size_t)j->d.n * sizeof *j->tail);
	}
	start_clamp(&j->d, START_LATE, j->tail, pick, j->head);
}

#define STARTS   25
#define FIRST    6   /* of them, where breed() makes more */
#define STARTING 0.4 /* share of the effort left that may go to them */
#define HASTY    0.1 /* the same in a hurry, where breed() makes more */

/* Start number k, the most promising ones first. */
static bool start(struct job *j, unsigned k, uint32_t *pick)
{
	/* one of each kind before more of the same: there may be time for a few only
	 */
	static const unsigned char order[] = {1, 0, 3, 9, 2, 4, 5, 6, 7, 8};
	static const double tilts[] = {0.1, -0.1, 0.0, 0.3, -0.3, 0.03, -0.03, 0.6, -0.6};
	bool switching = j->d.switch_j > 0.0 || j->d.latency > 0;

	if (k < sizeof order && !switching)
		k = order[k];
	if (k == 0 && switching)
		return start_chain(&j->d, pick);
	if (k <= sizeof tilts / sizeof *tilts && switching)
		return start_priced(&j->d, tilts[k - 1], pick, j->head);
	if (k == 0)
		start_down(&j->d, pick);
	else if (k % 3 == 0)
		start_diffuse(&j->d, (k / 3 * 5 % 9) / 8.0, pick, j->head);
	else
		start_coherent(&j->d, k < 13 ? 1 : 0, START_GOLDEN, k / 16.0, pick);
	return true;
}

static unsigned most_starts(const struct job *j)
{
	return !is_long(j) ? 2 + 10000 / (j->d.n + 1) : breeds(j) ? FIRST : STARTS;
}

/* Share of the effort after which no more are made. */
static double starts_until(struct job *j)
{
	double share = effort_share(&j->effort);

	return share + (breeds(j) && hurried(j) ? HASTY : STARTING) * (1.0 - share);
}

/* Rounds the relaxed plan in many ways. */
static hg_err starts(struct job *j, hg_error *why)
{
	unsigned most = most_starts(j);
	uint32_t *pick = calloc(j->d.n_sets, sizeof *pick);
	double until = starts_until(j);
	bool ok = pick != NULL;

	for (unsigned k = 0; k < most && k < STARTS && ok; k++) {
		if (k > 0 && j->total[0] < INFINITY && j->opts->effort_s > 0.0 &&
			effort_share(&j->effort) > until)
			break;
		ok = start(j, k, pick);
		if (ok && clamps(j))
			clamp(j, pick, k == 0);
		ok = ok && polish(j, pick);
	}
	if (ok &&
		(j->total[0] == INFINITY || j->d.latency)) { /* all fastest, if that is feasible */
		memset(pick, 0, (size_t)j->d.n_sets * sizeof *pick);
		ok = polish(j, pick);
	}
	free(pick);
	if (!ok)
		return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", j->d.n);
	if (j->total[0] == INFINITY)
		return fail(why, HG_EINFEASIBLE,
			"plan: no plan of this class within %.9g s was found", j->opts->time_s);
	return HG_OK;
}

/* Of the effort that is left after the starts. */
#define BRED    0.97 /* share that breed() takes */
#define SETTLED 0.5  /* share that anneals event times */
#define ALMOST  0.95 /* the same in a hurry, and where changes of setting take time */
#define SECOND  0.3  /* of the rest, share that goes to the second best plan */

/* Anneals event times from the best plan so far. */
static hg_err settle(struct job *j, double until, hg_error *why)
{
	struct settle s;
	hg_err rc = settle_init(&s, &j->d, why);

	if (rc)
		return rc;
	walk_reset(&j->w, j->best[0]);
	settle_from(&s, j->best[0], j->w.dur);
	settle_run(&s, &j->effort, until, &j->rng);
	walk_reset(&j->w, s.row);
	settle_finish(&s);
	reclaim_all(&j->w);
	if (!reclaim(&j->w, NULL))
		return fail(why, HG_ENOMEM, "plan: no memory for the search");
	keep(j);
	return HG_OK;
}

/* Searches from the two best plans, the better one last and longest. */
static hg_err improve(struct job *j, hg_error *why)
{
	double share = effort_share(&j->effort), best;
	hg_err rc = HG_OK;

	if (breeds(j) && share < 1.0) {
		struct haste haste = {j->tail, j->head};

		walk_reset(&j->w, j->best[0]);
		rc = breed(&j->w, &j->effort, share + BRED * (1.0 - share), &j->rng,
			hurried(j) ? &haste : NULL, why);
		if (!rc)
			keep(j);
	} else if (separable(&j->d) && share < 1.0)
		rc = settle(j,
			share + (hurried(j) || j->d.latency ? ALMOST : SETTLED) * (1.0 - share),
			why);
	if (rc)
		return rc;
	share = effort_share(&j->effort);
	best = j->total[0];
	if (j->total[1] < INFINITY && j->total[1] != best && share < 1.0) {
		walk_reset(&j->w, j->best[1]);
		if (!search(&j->w, &j->effort, share + SECOND * (1.0 - share), &j->rng))
			return fail(why, HG_ENOMEM, "plan: no memory for the search");
		keep(j);
	}
	walk_reset(&j->w, j->best[0]);
	if (!search(&j->w, &j->effort, 1.0, &j->rng))
		return fail(why, HG_ENOMEM, "plan: no memory for the search");
	keep(j);
	return HG_OK;
}

/* Energy and bound are sums in different orders: what is below by so little is on it. */
#define ROUNDING 1e-12

static double gap_of(double energy_j, double bound_j)
{
	double gap = bound_j > 0.0 ? energy_j / bound_j - 1.0 : 0.0;

	return gap < 0.0 && gap > -ROUNDING ? 0.0 : gap;
}

/* Bounds, and figures beside the makespan and the energy. */
static hg_err judge(struct hg_plan *p, const hg_plan_frontier *set, const hg_relaxed *relaxed,
	const struct realised *r, double gain_j, hg_error *why)
{
	const hg_dag *dag = hg_plan_frontier_dag(set);
	hg_plan_info *info = &p->info;
	double power = dag->static_w;
	hg_relaxed *of_class = NULL;
	hg_relaxed_info relaxed_info = {.size = sizeof relaxed_info};
	hg_err rc;
	size_t n;

	info->energy_j = r->eff_j + power * info->charged_s;
	rc = hg_dag_bound(dag, HG_CLASS_OP, hg_relaxed_node_flows(relaxed, &n),
		hg_relaxed_edge_flows(relaxed, &n), info->time_s, &info->bound_j, NULL, why);
	if (rc)
		return rc;
	info->bound_j += power * (info->charged_s - info->time_s);
	info->tight_bound_j = info->bound_j + gain_j;
	info->class_bound_j = info->bound_j;
	info->class_bound_exact = 1;
	if (info->class_of != HG_CLASS_OP || dag->n_groups > 0) {
		rc = hg_relaxed_at(set, info->time_s, info->class_of, &of_class, NULL);
		if (rc == HG_ENOMEM)
			return fail(why, rc, "plan: no memory for the bound of the class");
		info->class_bound_exact = !rc;
		if (!rc) {
			hg_relaxed_get_info(of_class, &relaxed_info);
			info->class_bound_j = fmax(info->bound_j,
				relaxed_info.bound_j +
					power * (info->charged_s - relaxed_info.time_s));
			hg_relaxed_destroy(of_class);
		}
	}
	info->gap = gap_of(info->energy_j, info->bound_j);
	info->tight_gap = gap_of(info->energy_j, info->tight_bound_j);
	info->saving = 1.0 - info->energy_j / info->base_energy_j;
	return HG_OK;
}

/* Takes the best plan over, realised; where rounding made it late, with a
 * tighter deadline. */
static hg_err emit(
	struct job *j, struct hg_plan *p, double limit_s, struct realised *r, hg_error *why)
{
	const uint32_t *pick = j->best[0];

	for (int tries = 0; tries < 4; tries++) {
		*r = realise(&j->d, j->dag, pick, j->opts->switch_latency_s, p->steps);
		if (r->time_s <= limit_s * (1.0 + 1e-12))
			return HG_OK;
		j->d.deadline -= (int64_t)((r->time_s - limit_s) * j->d.ticks_per_s) + 1;
		walk_reset(&j->w, pick);
		j->w.hurry = false;
		if (!repair(&j->w, NULL))
			break;
		pick = j->w.pick;
	}
	return fail(why, HG_EINFEASIBLE, "plan: no plan within %.9g s was found", limit_s);
}

/* What a plan is made from. */
struct order {
	const hg_plan_frontier *set;
	const hg_relaxed *relaxed;
	double limit_s;
	double price_j; /* of a change of setting, for the search */
	int64_t began_ns;
};

static hg_err make(
	const struct order *order, const hg_plan_opts *o, struct hg_plan *p, hg_error *why)
{
	const hg_dag *dag = hg_plan_frontier_dag(order->set);
	const hg_relaxed *relaxed = order->relaxed;
	struct job j = {.dag = dag,
		.opts = o,
		.price_j = fmax(o->switch_cost_j, order->price_j),
		.began_ns = order->began_ns};
	struct realised r = {0};
	hg_err rc = job_init(&j, relaxed, order->limit_s, p->info.base_time_s, why);
	size_t n;

	if (!rc)
		rc = pairs_gain(dag, hg_relaxed_node_flows(relaxed, &n),
			hg_relaxed_edge_flows(relaxed, &n), &j.gain_j, why);
	if (!rc)
		rc = starts(&j, why);
	if (!rc)
		rc = improve(&j, why);
	j.d.switch_j = o->switch_cost_j;
	if (!rc)
		rc = emit(&j, p, order->limit_s, &r, why);
	if (!rc) {
		p->info.time_s = r.time_s;
		p->info.charged_s = o->charge_s > 0.0 ? fmax(o->charge_s, r.time_s) : r.time_s;
		p->info.switches = r.switches;
		p->info.switch_energy_j = r.switch_j;
		p->info.iterations = j.effort.done;
		p->info.base_energy_j +=
			dag->static_w * (fmax(p->info.base_time_s, p->info.charged_s));
		rc = judge(p, order->set, relaxed, &r, j.gain_j, why);
	}
	job_finish(&j);
	return rc;
}

/*
 * At most so many changes of setting: a price of a change is looked for at which the search comes
 * to just as many. Short looks at rising prices bring it near; as a longer search changes settings
 * less often at the same price, what effort is left goes to a few long ones.
 */
#define SHORT   0.05 /* of the effort, for a short look */
#define RISE    4.0  /* from price to price */
#define RISES   14
#define LONG    4    /* long looks */
#define BEND    0.8  /* how the price follows the number of changes, in logarithms */
#define SMALL_J 1e-3 /* first price, in mean energies of a node */

struct few {
	struct order order;
	hg_plan_opts o; /* of one look */
	const hg_plan_opts *whole;
	struct hg_plan *best;
	bool found;
	uint64_t fewest, done;
};

/* Makes a plan at a price and takes it over if it is the best so far. n: its changes of setting */
static hg_err look(struct few *f, double price_j, double share, uint64_t *n, hg_error *why)
{
	struct hg_plan q = {.info = f->best->info, .n = f->best->n};
	hg_err rc = HG_OK;

	*n = UINT64_MAX;
	f->order.price_j = price_j;
	f->o.iterations = (uint64_t)ceil(share * (double)f->whole->iterations);
	f->o.effort_s = share * f->whole->effort_s;
	if (f->o.effort_s > 0.0)
		f->order.began_ns = f->o.clock(f->o.clock_user);
	q.steps = calloc((size_t)q.n + 1, sizeof *q.steps);
	if (!q.steps)
		return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", q.n);
	if (f->found) /* make() adds to it */
		q.info.base_energy_j =
			q.info.base_energy_j - hg_plan_frontier_dag(f->order.set)->static_w *
						       fmax(q.info.base_time_s, q.info.charged_s);
	rc = make(&f->order, &f->o, &q, why);
	if (!rc) {
		*n = q.info.switches;
		f->done += q.info.iterations;
		f->fewest = *n < f->fewest ? *n : f->fewest;
	}
	if (!rc && *n <= f->whole->most_switches &&
		(!f->found || q.info.energy_j < f->best->info.energy_j)) {
		hg_plan_step *swap = f->best->steps;

		f->best->steps = q.steps;
		f->best->info = q.info;
		q.steps = swap;
		f->found = true;
	}
	free(q.steps);
	return rc;
}

/* Long looks, each at the price that the one before points to. */
static hg_err close_in(struct few *f, double price_j, double share, hg_error *why)
{
	double most = (double)f->whole->most_switches, low = f->whole->switch_cost_j;
	double high = INFINITY;
	hg_err rc = HG_OK;

	for (int k = 0; k < LONG && !rc; k++) {
		uint64_t n;

		rc = look(f, price_j, share / LONG, &n, why);
		if (n == f->whole->most_switches)
			break;
		*((double)n < most ? &high : &low) = price_j;
		price_j *= pow(((double)n + 1.0) / (most + 1.0), BEND);
		if (price_j <= low || price_j >= high)
			price_j = low > 0.0 ? sqrt(low * high) : 0.5 * high;
		if (high <= low) /* it costs that much */
			break;
	}
	return rc;
}

static hg_err make_few(
	const struct order *order, const hg_plan_opts *o, struct hg_plan *p, hg_error *why)
{
	struct few f = {.order = *order, .o = *o, .whole = o, .best = p, .fewest = UINT64_MAX};
	double mean_j = fabs(p->info.base_energy_j) / (p->n + 1.0), price_j = o->switch_cost_j;
	double share = 1.0 - SHORT;
	uint64_t n;
	hg_err rc = look(&f, price_j, SHORT, &n, why);

	if (!rc && f.found)
		rc = look(&f, price_j, share, &n, why);
	price_j = fmax(price_j, SMALL_J * mean_j);
	for (int k = 0; k < RISES && !f.found && !rc; k++, price_j *= RISE) {
		rc = look(&f, price_j, share > 0.5 ? SHORT : 0.0, &n, why);
		share -= share > 0.5 ? SHORT : 0.0;
		if (f.found)
			rc = close_in(&f, price_j / sqrt(RISE), share, why);
	}
	if (rc == HG_EINFEASIBLE && f.found)
		rc = HG_OK; /* a price too high for the search */
	if (!rc && !f.found)
		rc = fail(why, HG_EINFEASIBLE,
			"plan: no plan with at most %llu changes of setting was found, but one with %llu",
			(unsigned long long)o->most_switches, (unsigned long long)f.fewest);
	p->info.iterations = f.done;
	return rc;
}

hg_err hg_plan_at(
	const hg_plan_frontier *set, const hg_plan_opts *opts, hg_plan **out, hg_error *why)
{
	hg_plan_opts o;
	hg_plan_frontier_info figures = {.size = sizeof figures};
	const hg_dag *dag;
	struct hg_plan *p = NULL;
	hg_relaxed *relaxed = NULL;
	struct order order;
	double limit_s;
	int64_t began_ns = 0;
	hg_err rc;

	if (!set || !opts || !out || size_read(&o, sizeof o, opts) != 0)
		return fail(why, HG_EINVAL, "plan: no frontier, options or room for the plan");
	*out = NULL;
	rc = check_opts(&o, why);
	if (rc)
		return rc;
	if (o.effort_s > 0.0)
		began_ns = o.clock(o.clock_user);
	dag = hg_plan_frontier_dag(set);
	hg_plan_frontier_get_info(set, &figures);
	p = calloc(1, sizeof *p);
	if (p) {
		p->n = dag->n;
		p->steps = calloc((size_t)dag->n + 1, sizeof *p->steps);
	}
	if (!p || !p->steps) {
		rc = fail(why, HG_ENOMEM, "plan: no memory for %u nodes", dag->n);
		goto out;
	}
	p->info = (hg_plan_info){
		.size = sizeof p->info, .class_of = o.class_of, .deadline_s = o.time_s};
	{
		double *scratch = calloc((size_t)dag->n + 1, sizeof *scratch);

		if (!scratch) {
			rc = fail(why, HG_ENOMEM, "plan: no memory for %u nodes", dag->n);
			goto out;
		}
		realise_fastest(dag, scratch, &p->info.base_time_s, &p->info.base_energy_j);
		free(scratch);
	}
	limit_s = fmax(o.time_s, p->info.base_time_s);
	if (limit_s > o.time_s + NEAR_S) {
		rc = fail(why, HG_EINFEASIBLE, "plan: %.12g s is below the least time of %.12g s",
			o.time_s, p->info.base_time_s);
		goto out;
	}
	rc = hg_relaxed_at(set, fmax(limit_s, figures.t_min_s), HG_CLASS_OP, &relaxed, why);
	order = (struct order){
		.set = set, .relaxed = relaxed, .limit_s = limit_s, .began_ns = began_ns};
	if (!rc)
		rc = (o.most_switches ? make_few : make)(&order, &o, p, why);
out:
	hg_relaxed_destroy(relaxed);
	if (rc) {
		hg_plan_destroy(p);
		return rc;
	}
	*out = p;
	return HG_OK;
}
