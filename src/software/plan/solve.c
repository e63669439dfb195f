/* The relaxed frontier: one sweep, its breakpoints, and checkpoints to go on from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/progress.h"
#include "core/size.h"
#include "core/wide.h"
#include "tile.h"

/* Most breakpoints; a search takes longer than a microsecond, so a day would not get there. */
#define PIECES_MAX ((size_t)1 << 30)

/* Checkpoints are thinned out beyond that many bytes; they begin this dense. */
#define KEPT_MAX     ((size_t)256 << 20)
#define SPACING_INIT 8

/* An exact sum of flow * time, in 1e-15 J. */
struct joules {
	uint64_t high, low;
};

struct solving {
	hg_plan_frontier *set;
	const hg_solve_opts *opts;
	struct sweep sweep;
	struct progress progress;
	struct joules energy; /* above that of T_max */
	struct vec energies;  /* struct joules, as set->pieces */
	int64_t t_max_ns, until_ns;
};

static void joules_add(struct joules *sum, int64_t flow_uw, int64_t time_ns)
{
	uint64_t high, low = mul_wide((uint64_t)flow_uw, (uint64_t)time_ns, &high);

	sum->low += low;
	sum->high += high + (sum->low < low);
}

static double joules_double(const struct joules *sum)
{
	return ((double)sum->high * 0x1p64 + (double)sum->low) * 1e-15;
}

static void checkpoint_free(struct checkpoint *c)
{
	free(c->flow);
	free(c->pi);
}

/* Every second one goes. */
static void thin_out(hg_plan_frontier *set)
{
	struct checkpoint *c = set->checkpoints.data;
	size_t n = 0;

	for (size_t i = 0; i < set->checkpoints.len; i++) {
		if (i % 2)
			checkpoint_free(c + i);
		else
			c[n++] = c[i];
	}
	set->kept = set->kept / set->checkpoints.len * n;
	set->checkpoints.len = n;
	set->spacing *= 2;
}

static hg_err keep_state(hg_plan_frontier *set, const struct sweep *s)
{
	size_t flow = (size_t)set->net.n_arcs * sizeof *s->flow;
	size_t pi = (size_t)set->net.n_events * sizeof *s->pi;
	struct checkpoint c = {.piece = set->pieces.len - 1};

	if (c.piece % set->spacing)
		return HG_OK;
	if (set->kept + flow + pi > KEPT_MAX && set->checkpoints.len > 1) {
		thin_out(set);
		if (c.piece % set->spacing)
			return HG_OK;
	}
	c.flow = malloc(flow);
	c.pi = malloc(pi);
	if (!c.flow || !c.pi || vec_push(&set->checkpoints, &c)) {
		checkpoint_free(&c);
		return HG_ENOMEM;
	}
	memcpy(c.flow, s->flow, flow);
	memcpy(c.pi, s->pi, pi);
	set->kept += flow + pi;
	return HG_OK;
}

/* The sweep stands at a breakpoint. */
static hg_err add_piece(struct solving *v, int64_t time_ns, int64_t flow_uw)
{
	const struct piece p = {time_ns, flow_uw};

	if (vec_push(&v->set->pieces, &p) || vec_push(&v->energies, &v->energy))
		return HG_ENOMEM;
	return keep_state(v->set, &v->sweep);
}

/* Whether to go on: told to stop, or out of time. */
static bool may_go_on(struct solving *v, int64_t time_ns)
{
	uint64_t done = (uint64_t)((v->t_max_ns - time_ns) / 1000);

	if (v->opts->time_budget_s > 0 && v->opts->clock(v->opts->clock_user) >= v->until_ns)
		return false;
	return progress_step(&v->progress, done);
}

/* From T_max to T_min. */
static hg_err run(struct solving *v)
{
	struct sweep *s = &v->sweep;
	int64_t now = v->t_max_ns;
	hg_err rc = add_piece(v, now, 0);

	while (!rc && now > v->set->t_min_ns && may_go_on(v, now)) {
		int64_t drop = sweep_search(s);

		if (drop > 0) {
			drop = drop < now - v->set->t_min_ns ? drop : now - v->set->t_min_ns;
			joules_add(&v->energy, s->total_uw, drop);
			now -= drop;
			sweep_shift(s, drop);
			/* The path is tight now: the checkpoint's next search finds it again. */
			rc = add_piece(v, now, s->total_uw);
		}
		if (!rc && now > v->set->t_min_ns && !sweep_augment(s))
			rc = HG_EINTERNAL;
	}
	v->set->info.complete = now == v->set->t_min_ns;
	return rc;
}

/* Index, by falling time, of the breakpoint with the least total energy: the last whose piece to
 * the right has a flow up to the static power. */
static size_t find_star(const hg_plan_frontier *set)
{
	const struct piece *p = set->pieces.data;
	double static_uw = set->dag->static_w * 1e6;
	size_t k = 0;

	while (k + 1 < set->pieces.len && (double)p[k + 1].flow_uw <= static_uw)
		k++;
	return k;
}

void set_t_min(hg_plan_frontier *set)
{
	hg_plan_frontier_info *info = &set->info;

	info->t_min_s = set->fastest_s;
	info->t_star_s = fmax(info->t_star_s, info->t_min_s);
	info->t_max_s = fmax(info->t_max_s, info->t_min_s);
}

double set_base_energy(const hg_plan_frontier *set)
{
	const hg_dag *dag = set->dag;
	double sum = 0, rest = 0;

	for (uint32_t i = 0; i < dag->n; i++) {
		const struct arc *arc = set->net.arcs + i;
		double e = dag->choices[set->net.hull[arc->hull].choice].eff_j, next = sum + e;

		rest += fabs(sum) >= fabs(e) ? (sum - next) + e : (e - next) + sum;
		sum = next;
	}
	return sum + rest;
}

static double total_energy(const struct solving *v, size_t k, double base_j)
{
	const struct piece *p = (const struct piece *)v->set->pieces.data + k;
	const struct joules *e = (const struct joules *)v->energies.data + k;

	return base_j + joules_double(e) + v->set->dag->static_w * ((double)p->time_ns * 1e-9);
}

/* The breakpoints in SI, by time ascending. */
static hg_err make_points(struct solving *v)
{
	hg_plan_frontier *set = v->set;
	hg_plan_frontier_info *info = &set->info;
	const struct piece *p = set->pieces.data;
	size_t n = set->pieces.len, star = find_star(set);
	size_t first = v->opts->range == HG_RANGE_USEFUL ? star : 0;
	double base = set_base_energy(set);

	set->size = n - first;
	set->points = malloc(set->size * sizeof *set->points);
	if (!set->points)
		return HG_ENOMEM;
	for (size_t k = first; k < n; k++) {
		double slope = set->dag->static_w - (double)p[k].flow_uw * 1e-6;

		set->points[n - 1 - k] = (hg_plan_point){
			(double)p[k].time_ns * 1e-9, total_energy(v, k, base), slope};
	}
	info->t_max_s = (double)v->t_max_ns * 1e-9;
	info->t_min_s = (double)v->set->t_min_ns * 1e-9;
	info->t_star_s = (double)p[star].time_ns * 1e-9;
	info->energy_max_s_j = total_energy(v, 0, base);
	info->energy_min_s_j = info->complete ? total_energy(v, n - 1, base) : (double)NAN;
	info->energy_star_j = total_energy(v, star, base);
	info->pieces = set->size - 1;
	info->slope_min_w = (double)p[n - 1].flow_uw * 1e-6;
	return HG_OK;
}

static void fill_info(struct solving *v)
{
	hg_plan_frontier *set = v->set;
	hg_plan_frontier_info *info = &set->info;

	info->static_power_w = set->dag->static_w;
	info->flow_nodes = set->net.n_events;
	info->flow_arcs = set->net.n_arcs;
	info->augmentations = v->sweep.augmentations;
	info->bytes = set->kept + set->size * (sizeof(struct piece) + sizeof *set->points) +
		      (size_t)set->net.n_arcs * (2 * sizeof(struct half) + sizeof(struct arc)) +
		      (size_t)set->net.n_hull * sizeof(struct hull_vertex);
}

static hg_err solve(struct solving *v, hg_error *why)
{
	hg_plan_frontier *set = v->set;
	hg_err rc;

	set->quantum_uw = llround(v->opts->quantum_w * 1e6);
	rc = net_init(&set->net, set->dag, set->quantum_uw);

	if (!rc)
		rc = sweep_init(&v->sweep, &set->net);
	if (!rc) {
		v->t_max_ns = v->sweep.pi[NET_SINK];
		/* Its labels are not in use yet. */
		int64_t *dist = (int64_t *)(void *)v->sweep.labels;

		net_longest(&set->net, true, dist);
		v->set->t_min_ns = dist[NET_SINK];
		v->progress.total = (uint64_t)((v->t_max_ns - v->set->t_min_ns) / 1000);
		rc = run(v);
	}
	if (!rc)
		rc = make_points(v);
	if (!rc)
		rc = all_fastest(set->dag, &set->fastest_s, &set->info.all_fastest_j);
	set_t_min(set);
	if (!rc && set->quantum_uw) /* its first breakpoint is a mix of two slowest times */
		rc = all_cheapest(set->dag, &set->info.t_max_s, &set->info.energy_max_s_j);
	if (rc)
		return fail(why, rc, "%s", hg_err_text(rc));
	fill_info(v);
	return HG_OK;
}

static hg_err read_opts(
	const hg_dag *dag, const hg_solve_opts *opts, hg_solve_opts *mine, hg_error *why)
{
	memset(mine, 0, sizeof *mine);
	if (opts && size_read(mine, sizeof *mine, opts))
		return fail(why, HG_EINVAL, "hg_solve_opts.size is not set");
	if (!dag->finished)
		return fail(why, HG_EINVAL, "the DAG is not finished: call hg_dag_finish() first");
	if (mine->range != HG_RANGE_ALL && mine->range != HG_RANGE_USEFUL)
		return fail(why, HG_EINVAL, "range is %d, expected HG_RANGE_ALL or HG_RANGE_USEFUL",
			(int)mine->range);
	if (!(mine->quantum_w >= 0 && mine->quantum_w <= 1e6))
		return fail(why, HG_EINVAL, "quantum_w is %g, expected 0 .. 1e6", mine->quantum_w);
	if (!(mine->time_budget_s >= 0 && mine->time_budget_s <= 1e9))
		return fail(why, HG_EINVAL, "time_budget_s is %g, expected 0 .. 1e9",
			mine->time_budget_s);
	if (mine->time_budget_s > 0 && !mine->clock)
		return fail(why, HG_EINVAL, "time_budget_s needs a clock");
	return HG_OK;
}

hg_err hg_plan_solve(hg_dag *dag, const hg_solve_opts *opts, hg_plan_frontier **out, hg_error *why)
{
	hg_solve_opts mine;
	struct solving v = {.opts = &mine};
	hg_err rc = read_opts(dag, opts, &mine, why);

	*out = NULL;
	if (rc)
		return rc;
	v.set = calloc(1, sizeof *v.set);
	if (!v.set)
		return fail(why, HG_ENOMEM, "out of memory");
	v.set->dag = hg_dag_ref(dag);
	v.set->spacing = SPACING_INIT;
	vec_init(&v.set->pieces, sizeof(struct piece), PIECES_MAX);
	vec_init(&v.set->checkpoints, sizeof(struct checkpoint), PIECES_MAX);
	vec_init(&v.energies, sizeof(struct joules), PIECES_MAX);
	progress_init(&v.progress, mine.progress, mine.progress_user, "planning", 0);
	if (mine.time_budget_s > 0)
		v.until_ns = mine.clock(mine.clock_user) + (int64_t)(mine.time_budget_s * 1e9);
	rc = solve(&v, why);
	sweep_finish(&v.sweep);
	vec_finish(&v.energies);
	if (rc) {
		hg_plan_frontier_destroy(v.set);
		return rc;
	}
	*out = v.set;
	return HG_OK;
}

void hg_plan_frontier_destroy(hg_plan_frontier *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->checkpoints.len; i++)
		checkpoint_free((struct checkpoint *)set->checkpoints.data + i);
	vec_finish(&set->checkpoints);
	for (size_t i = 0; i < set->anchors.len; i++) {
		free(((struct anchor *)set->anchors.data)[i].flow);
		free(((struct anchor *)set->anchors.data)[i].pi);
	}
	vec_finish(&set->anchors);
	vec_finish(&set->pieces);
	hg_plan_frontier_destroy(set->small);
	tiling_finish(&set->tiling);
	free(set->origins);
	net_finish(&set->net);
	free(set->points);
	hg_dag_destroy(set->dag);
	free(set);
}
