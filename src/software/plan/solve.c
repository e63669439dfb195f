/* The relaxed frontier: the sweep in one stretch or several, and what its breakpoints tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/crew.h"
#include "core/fail.h"
#include "core/size.h"
#include "stretch.h"
#include "tile.h"

#define THREADS_MAX 1024u

/* Most bytes of checkpoints. */
#define KEPT_MAX ((size_t)256 << 20)

/* Stretches of a large frontier, however many threads there are; the quantum of the sweep that says
 * where they begin, of the mean slope of all hulls. */
#define STRETCHES 8u
#define ROUGH     0.15

/* What is useful alone is entered that much of the static power before, and that much earlier each
 * time that it was too late. */
#define BEFORE  32
#define EARLIER 4

struct solving {
	hg_plan_frontier *set;
	const hg_solve_opts *opts;
	struct teller teller;
	struct vec energies; /* struct joules, as set->pieces */
	int64_t t_max_ns;
	double large; /* pieces times events from which on there are several stretches */
};

/* ----------------------------------------------------------------------------------- the sweep */

struct stretches {
	struct stretch one[STRETCHES];
	size_t n;
};

static void run_one(void *user, size_t i)
{
	stretch_run((struct stretch *)user + i);
}

/* A stretch from a flow on; the one before it ends there. */
static struct stretch *add_stretch(struct stretches *all, struct solving *v, int64_t from_uw)
{
	struct stretch *st = all->one + all->n;

	stretch_init(st);
	st->set = v->set;
	st->teller = &v->teller;
	st->from_uw = from_uw;
	st->to_uw = INT64_MAX;
	if (all->n)
		st[-1].to_uw = from_uw;
	all->n++;
	return st;
}

static void stretches_finish(struct stretches *all)
{
	for (size_t i = 0; i < all->n; i++)
		stretch_finish(all->one + i);
	all->n = 0;
}

/* Energies at all breakpoints. */
static hg_err add_energies(struct solving *v, struct joules energy)
{
	const struct piece *p = v->set->pieces.data;

	for (size_t i = 0; i < v->set->pieces.len; i++) {
		if (i)
			joules_add(&energy, p[i].flow_uw, p[i - 1].time_ns - p[i].time_ns);
		if (vec_push(&v->energies, &energy))
			return HG_ENOMEM;
	}
	return HG_OK;
}

/* Runs all, and puts them one behind the other, as far as they got. */
static hg_err run_stretches(struct stretches *all, struct solving *v)
{
	bool complete = true;
	hg_err rc = HG_OK;

	for (size_t i = 0; i < all->n; i++)
		all->one[i].bytes_max = KEPT_MAX / all->n;
	crew_run(v->opts->threads, all->n, run_one, all->one);
	for (size_t i = 0; i < all->n && !rc; i++)
		rc = all->one[i].rc;
	for (size_t i = 0; i < all->n && !rc && complete; i++) {
		rc = stretch_append(all->one + i, v->set);
		complete = all->one[i].complete;
		v->set->info.augmentations += all->one[i].sweep.augmentations;
	}
	v->set->info.complete = complete;
	v->t_max_ns = all->one[0].t_max_ns;
	return rc ? rc : add_energies(v, all->one[0].energy);
}

/* About how many pieces there are: it was found to grow with the square of the vertices of all
 * hulls, as far as shapes differ. */
static bool is_large(const struct solving *v)
{
	double vertices = v->set->dag->n_hull;

	return v->set->quantum_uw == 0 && v->opts->time_budget_s <= 0 &&
	       vertices * vertices / 11 * v->set->net.n_events > v->large;
}

/* Stretches that begin at states of a frontier with rounded slopes, about equally many of its
 * breakpoints apart. */
static void cut_up(struct stretches *all, struct solving *v, const hg_plan_frontier *rough)
{
	const struct piece *p = rough->pieces.data;
	size_t n = rough->pieces.len;

	for (size_t k = 1; k < STRETCHES; k++) {
		size_t piece = n * k / STRETCHES;
		struct stretch *st;

		if (p[piece].flow_uw <= all->one[all->n - 1].from_uw)
			continue;
		st = add_stretch(all, v, p[piece].flow_uw);
		st->rough = rough;
		st->rough_piece = piece;
	}
}

/* From a flow on. @param late_uw  as in struct stretch */
static hg_err run_from(struct solving *v, int64_t from_uw, int64_t late_uw)
{
	struct stretches all = {.n = 0};
	hg_plan_frontier *rough = NULL;
	hg_solve_opts opts = {
		.size = sizeof opts, .quantum_w = ROUGH * dag_mean_slope(v->set->dag)};
	hg_err rc = HG_OK;

	add_stretch(&all, v, from_uw)->late_uw = late_uw;
	if (is_large(v) && opts.quantum_w > 0)
		rc = hg_plan_solve(v->set->dag, &opts, &rough, NULL);
	if (!rc && rough)
		cut_up(&all, v, rough);
	if (!rc)
		rc = run_stretches(&all, v);
	stretches_finish(&all);
	hg_plan_frontier_destroy(rough);
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

/* What is useful alone begins at a flow of the static power. The sweep comes in a little before, so
 * that it passes T_star; if it finds itself behind it, it comes in earlier. */
static hg_err run_useful(struct solving *v)
{
	int64_t static_uw = (int64_t)(v->set->dag->static_w * 1e6);
	int64_t step = v->set->quantum_uw > 1 ? v->set->quantum_uw : 1;
	hg_err rc = HG_ELIMIT;

	for (int64_t before = static_uw / BEFORE;
		rc == HG_ELIMIT && before > 0 && before < static_uw; before *= EARLIER) {
		int64_t from_uw = (static_uw - before) / step * step;

		rc = from_uw > 0 ? run_from(v, from_uw, static_uw) : HG_ELIMIT;
		if (!rc && find_star(v->set) == 0) { /* what is to its right is not known */
			rc = HG_ELIMIT;
			set_forget(v->set);
			v->energies.len = 0;
		}
	}
	return rc == HG_ELIMIT ? run_from(v, 0, 0) : rc;
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
	info->energy_max_s_j = base + set->dag->static_w * info->t_max_s;
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
	info->bytes = set->kept + set->size * (sizeof(struct piece) + sizeof *set->points) +
		      (size_t)set->net.n_arcs * (2 * sizeof(struct half) + sizeof(struct arc)) +
		      (size_t)set->net.n_hull * sizeof(struct hull_vertex);
}

hg_err set_fill_info(hg_plan_frontier *set, int64_t flow_uw)
{
	hg_plan_frontier_info *info = &set->info;
	size_t n = set->size, star = n - 1;
	hg_err rc = HG_OK;

	while (star > 0 && set->points[star - 1].slope_w >= 0)
		star--;
	info->pieces = n - 1;
	info->static_power_w = set->dag->static_w;
	info->t_min_s = (double)set->t_min_ns * 1e-9;
	info->t_star_s = set->points[star].time_s;
	info->t_max_s = set->points[n - 1].time_s;
	info->energy_min_s_j = set->points[0].energy_j;
	info->energy_star_j = set->points[star].energy_j;
	info->energy_max_s_j = set->points[n - 1].energy_j;
	info->slope_min_w = (double)flow_uw * 1e-6;
	info->flow_nodes = set->net.n_events;
	info->flow_arcs = set->net.n_arcs;
	info->bytes += n * (sizeof(struct piece) + sizeof *set->points);
	/* the first breakpoint is a mix of two slowest times, or T_star */
	if (set->quantum_uw || set->points[n - 1].slope_w < set->dag->static_w)
		rc = all_cheapest(set->dag, &info->t_max_s, &info->energy_max_s_j);
	if (rc)
		return rc;
	rc = all_fastest(set->dag, &set->fastest_s, &info->all_fastest_j);
	set_t_min(set);
	return rc;
}

/* T_min and T_max, and how far it is from the one to the other. */
static hg_err find_ends(struct solving *v)
{
	const struct net *net = &v->set->net;
	int64_t *dist = malloc((size_t)net->n_events * sizeof *dist);

	if (!dist)
		return HG_ENOMEM;
	net_longest(net, true, dist);
	v->set->t_min_ns = dist[NET_SINK];
	net_longest(net, false, dist);
	v->teller.progress.total = (uint64_t)((dist[NET_SINK] - v->set->t_min_ns) / 1000);
	free(dist);
	return HG_OK;
}

static hg_err solve(struct solving *v, hg_error *why)
{
	hg_plan_frontier *set = v->set;
	hg_err rc;

	set->quantum_uw = llround(v->opts->quantum_w * 1e6);
	rc = net_init(&set->net, set->dag, set->quantum_uw);
	if (!rc)
		rc = find_ends(v);
	if (!rc)
		rc = v->opts->range == HG_RANGE_USEFUL ? run_useful(v) : run_from(v, 0, 0);
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
	if (mine->threads > THREADS_MAX)
		return fail(why, HG_EINVAL, "threads is %u, expected 0 .. %u", mine->threads,
			THREADS_MAX);
	if (mine->time_budget_s > 0 && !mine->clock)
		return fail(why, HG_EINVAL, "time_budget_s needs a clock");
	return HG_OK;
}

hg_err set_solve(
	hg_dag *dag, const hg_solve_opts *opts, double large, hg_plan_frontier **out, hg_error *why)
{
	hg_solve_opts mine;
	struct solving v = {.opts = &mine, .large = large};
	hg_err rc = read_opts(dag, opts, &mine, why);

	*out = NULL;
	if (rc)
		return rc;
	v.set = calloc(1, sizeof *v.set);
	if (!v.set)
		return fail(why, HG_ENOMEM, "out of memory");
	v.set->dag = hg_dag_ref(dag);
	vec_init(&v.set->pieces, sizeof(struct piece), SIZE_MAX / sizeof(struct piece));
	vec_init(&v.set->checkpoints, sizeof(struct checkpoint),
		SIZE_MAX / sizeof(struct checkpoint));
	vec_init(&v.energies, sizeof(struct joules), SIZE_MAX / sizeof(struct joules));
	progress_init(&v.teller.progress, mine.progress, mine.progress_user, "planning", 0);
	v.teller.opts = &mine;
	if (mine.time_budget_s > 0)
		v.teller.until_ns =
			mine.clock(mine.clock_user) + (int64_t)(mine.time_budget_s * 1e9);
	if (pthread_mutex_init(&v.teller.lock, NULL)) {
		hg_plan_frontier_destroy(v.set);
		return fail(why, HG_ENOMEM, "out of memory");
	}
	rc = solve(&v, why);
	(void)pthread_mutex_destroy(&v.teller.lock);
	vec_finish(&v.energies);
	if (rc) {
		hg_plan_frontier_destroy(v.set);
		return rc;
	}
	*out = v.set;
	return HG_OK;
}

hg_err hg_plan_solve(hg_dag *dag, const hg_solve_opts *opts, hg_plan_frontier **out, hg_error *why)
{
	return set_solve(dag, opts, SET_LARGE, out, why);
}

void set_forget(hg_plan_frontier *set)
{
	struct checkpoint *c = set->checkpoints.data;

	for (size_t i = 0; i < set->checkpoints.len; i++) {
		free(c[i].flow);
		free(c[i].pi);
	}
	set->checkpoints.len = set->pieces.len = set->kept = 0;
}

void hg_plan_frontier_destroy(hg_plan_frontier *set)
{
	if (!set)
		return;
	set_forget(set);
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
	stored_destroy(set->stored);
	net_finish(&set->net);
	free(set->points);
	hg_dag_destroy(set->dag);
	free(set);
}
