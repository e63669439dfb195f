#include "extend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Breakpoints that are checked, besides both ends; one in so many may be skipped. */
#define CHECKED 24u
#define SKIPPED 4u
/* Events that mending may look at, of those there are: a direct solve looks at all for each piece.
 */
#define LOOK_MAX 8u
/* Energies of the large one are that near to what is said, relatively. */
#define SAME 1e-8
/* The third small frontier is that near, relatively: its times and slopes are whole numbers. */
#define ON_LINE 1e-11

static hg_plan_point along(const hg_plan_point *a, const hg_plan_point *b, double steps)
{
	return (hg_plan_point){a->time_s + steps * (b->time_s - a->time_s),
		a->energy_j + steps * (b->energy_j - a->energy_j), 0};
}

/* What two frontiers lead to. */
struct line {
	struct vec pieces;     /* struct piece */
	hg_plan_point *points; /* by time ascending */
	uint32_t *origins;     /* of each piece, that of the first frontier */
	size_t n;
};

static void line_finish(struct line *l)
{
	vec_finish(&l->pieces);
	free(l->points);
	free(l->origins);
}

/* Breakpoints at every slope of either frontier: the ones of a and of b with that slope. */
static hg_err line_init(struct line *l, const hg_plan_frontier *a, const hg_plan_frontier *b,
	int64_t steps, double static_w)
{
	const struct piece *pa = a->pieces.data, *pb = b->pieces.data;
	size_t na = a->pieces.len, nb = b->pieces.len, i = 0, j = 0, n = 0;
	hg_plan_point *points = malloc((na + nb) * sizeof *points);
	int64_t flow = 0;

	vec_init(&l->pieces, sizeof(struct piece), SIZE_MAX / sizeof(struct piece));
	l->points = points;
	l->origins = malloc((na + nb) * sizeof *l->origins);
	if (!points || !l->origins)
		return HG_ENOMEM;
	for (;;) {
		int64_t tau = pb[j].time_ns - pa[i].time_ns;
		struct piece p = {pa[i].time_ns + steps * tau, flow};
		int64_t next_a = i + 1 < na ? pa[i + 1].flow_uw : INT64_MAX;
		int64_t next_b = j + 1 < nb ? pb[j + 1].flow_uw : INT64_MAX;

		if (n == 0 || p.time_ns < ((struct piece *)vec_at(&l->pieces, n - 1))->time_ns) {
			points[n] = along(
				a->points + (na - 1 - i), b->points + (nb - 1 - j), (double)steps);
			points[n].time_s = (double)p.time_ns * 1e-9;
			points[n].slope_w = static_w - (double)flow * 1e-6;
			l->origins[n++] = (uint32_t)i;
			if (vec_push(&l->pieces, &p))
				return HG_ENOMEM;
		}
		if (next_a == INT64_MAX && next_b == INT64_MAX)
			break;
		flow = next_a < next_b ? next_a : next_b;
		i += next_a == flow;
		j += next_b == flow;
	}
	for (size_t k = 0; k < n / 2; k++) { /* points are by time ascending */
		hg_plan_point swap = points[k];

		points[k] = points[n - 1 - k];
		points[n - 1 - k] = swap;
	}
	l->n = n;
	return HG_OK;
}

/* Whether the points of a frontier lie on another one, where both are. */
static bool lie_on(
	const hg_plan_point *p, size_t n, const hg_plan_point *other, size_t others, double least_s)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		double energy_j;

		if (p[i].time_s < least_s)
			continue;
		while (at + 1 < others && other[at + 1].time_s <= p[i].time_s)
			at++;
		energy_j =
			other[at].energy_j + other[at].slope_w * (p[i].time_s - other[at].time_s);
		if (!(fabs(energy_j - p[i].energy_j) <= ON_LINE * fabs(p[i].energy_j)))
			return false;
	}
	return true;
}

/* Whether a third frontier is what the first two lead to, everywhere. */
static hg_err check_third(const hg_plan_frontier *a, const hg_plan_frontier *b,
	const hg_plan_frontier *c, int64_t steps, bool *holds)
{
	struct line l = {.points = NULL};
	hg_err rc = line_init(&l, a, b, steps, a->dag->static_w);

	if (!rc) {
		double least_s = fmax(l.points[0].time_s, c->points[0].time_s);

		*holds = fabs(l.points[0].time_s - c->points[0].time_s) < 1e-9 &&
			 lie_on(l.points, l.n, c->points, c->size, least_s) &&
			 lie_on(c->points, c->size, l.points, l.n, least_s);
	}
	line_finish(&l);
	return rc;
}

/* The frontier that a and b lead to; it owns what the line has. */
static hg_err add_pieces(
	hg_plan_frontier *set, const hg_plan_frontier *a, const hg_plan_frontier *b)
{
	struct line l = {.points = NULL};
	hg_err rc = line_init(&l, a, b, set->tiling.steps, set->dag->static_w);

	set->pieces = l.pieces;
	set->points = l.points;
	set->origins = l.origins;
	set->size = l.n;
	return rc;
}

/* Whether an optimal state has the energy that the points say. */
static bool has_energy(const hg_plan_frontier *set, const struct sweep *s)
{
	double time_s = (double)s->pi[NET_SINK] * 1e-9, least_s = set->points[0].time_s, claimed;

	if (time_s < least_s - 1e-6 ||
		hg_plan_frontier_at(set, fmax(time_s, least_s), &claimed, NULL, NULL))
		return false;
	return fabs(claimed - state_energy(set, s->pi)) <= SAME * fabs(claimed);
}

static hg_err check_ends(hg_plan_frontier *set, bool *holds)
{
	const struct piece *p = set->pieces.data;
	int64_t *dist = malloc((size_t)set->net.n_events * sizeof *dist);

	if (!dist)
		return HG_ENOMEM;
	net_longest(&set->net, true, dist);
	set->t_min_ns = dist[NET_SINK];
	*holds = p[set->pieces.len - 1].time_ns == dist[NET_SINK];
	net_longest(&set->net, false, dist);
	*holds &= p[0].flow_uw > 0 || p[0].time_ns == dist[NET_SINK];
	free(dist);
	return HG_OK;
}

/* The state at a breakpoint or one near it. @return HG_ELIMIT: no copy near there is any good */
static hg_err state_near(const hg_plan_frontier *set, size_t piece, struct sweep *s)
{
	static const int beside[] = {0, 1, -1, 3, -3};
	uint64_t look_max = (uint64_t)LOOK_MAX * set->net.n_events;
	size_t n = set->pieces.len;
	hg_err rc = HG_ELIMIT;

	for (size_t k = 0; k < sizeof beside / sizeof *beside && rc == HG_ELIMIT; k++) {
		size_t at = piece + (size_t)beside[k]; /* wraps below 0 */

		if (at < n)
			rc = tiled_state(set, set->origins[at], look_max, s);
	}
	return rc;
}

/* Breakpoint k of those that are checked: every second one by time, as pieces may be long. */
static size_t checked_piece(const hg_plan_frontier *set, size_t k)
{
	const struct piece *p = set->pieces.data;
	size_t n = set->pieces.len, at = 0;
	int64_t until;

	if (k % 2 == 0 || n < CHECKED)
		return n * (2 * k + 1) / (2 * CHECKED);
	until = p[0].time_ns - (p[0].time_ns - p[n - 1].time_ns) / CHECKED * (int64_t)k;
	while (at + 1 < n && p[at].time_ns > until)
		at++;
	return at;
}

static hg_err check_middle(const hg_plan_frontier *set, bool *holds)
{
	size_t skipped = 0;

	for (size_t k = 0; k < CHECKED && *holds; k++) {
		struct sweep s;
		hg_err rc = state_near(set, checked_piece(set, k), &s);

		if (rc == HG_ELIMIT) {
			skipped++;
			*holds = skipped <= CHECKED / SKIPPED;
			continue;
		}
		if (rc)
			return rc;
		*holds = has_energy(set, &s);
		sweep_finish(&s);
	}
	return HG_OK;
}

static hg_err extend(
	hg_plan_frontier *set, const hg_plan_frontier *a, const hg_plan_frontier *b, bool *holds)
{
	hg_err rc = net_init(&set->net, set->dag, a->quantum_uw);

	if (!rc)
		rc = add_pieces(set, a, b);
	if (!rc)
		rc = check_ends(set, holds);
	if (!rc && *holds)
		rc = check_middle(set, holds);
	if (!rc && *holds)
		rc = tiled_fill_info(
			set, ((const struct piece *)vec_at(&set->pieces, set->size - 1))->flow_uw);
	return rc;
}

hg_err set_extend(const struct turnpike *from, hg_dag *dag, struct tiling *t,
	hg_plan_frontier **out, bool *done, hg_error *why)
{
	hg_plan_frontier *set = NULL;
	bool holds = false;
	hg_err rc = check_third(from->a, from->b, from->c, from->steps, &holds);

	*done = false;
	*out = NULL;
	if (rc || !holds)
		return rc ? fail(why, rc, "%s", hg_err_text(rc)) : HG_OK;
	set = tiled_create(from->a, dag, t);
	rc = set ? extend(set, from->a, from->b, &holds) : HG_ENOMEM;
	if (!rc && holds) {
		*out = set;
		*done = true;
		return HG_OK;
	}
	tiled_abandon(set, t);
	return rc ? fail(why, rc, "%s", hg_err_text(rc)) : HG_OK;
}
