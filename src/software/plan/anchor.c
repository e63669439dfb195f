#include "anchor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/crew.h"
#include "core/fail.h"

/* States that are looked for first, evenly among the small frontier's; most at once, and in all. */
#define FIRST 12u
#define ROUND 16u
#define MOST  96u
/* Between two states plans may be that far above what is proved, beyond what they are at both; and
 * so far where no more states can be had. */
#define FINE   2e-4
#define COARSE 5e-4
/* Events that mending may look at, of those there are, before another flow is tried. */
#define LOOK_MAX  8u
#define LOOK_LAST 150u
/* Times that states are looked for which are not had easily. */
#define HARD_ROUNDS 6u
/* Searches from the last state on to T_min. */
#define LAST_SEARCHES 4000u

struct task {
	size_t piece;
	size_t beside; /* so many breakpoints on both sides are left out where it is not had */
	uint64_t look_max;
	struct anchor found;
	hg_err rc;
};

struct building {
	hg_plan_frontier *set;
	unsigned threads;
	bool *tried; /* of each breakpoint of the small frontier */
	size_t n;
	struct task tasks[ROUND];
	size_t n_tasks;
};

static struct anchor *anchor_at(const hg_plan_frontier *set, size_t i)
{
	return (struct anchor *)set->anchors.data + i;
}

hg_err anchor_take(
	const hg_plan_frontier *set, const struct sweep *s, size_t piece, struct anchor *a)
{
	size_t flow = (size_t)set->net.n_arcs * sizeof *a->flow;
	size_t pi = (size_t)set->net.n_events * sizeof *a->pi;

	*a = (struct anchor){.piece = piece, .flow_uw = s->total_uw, .time_ns = s->pi[NET_SINK]};
	a->flow = malloc(flow);
	a->pi = malloc(pi);
	if (!a->flow || !a->pi) {
		free(a->flow);
		free(a->pi);
		*a = (struct anchor){.piece = piece};
		return HG_ENOMEM;
	}
	memcpy(a->flow, s->flow, flow);
	memcpy(a->pi, s->pi, pi);
	a->proved_j = state_energy(set, s->pi);
	a->energy_j = relaxed_energy(set, s->pi, (double)a->time_ns * 1e-9);
	return HG_OK;
}

static void find_state(void *user, size_t i)
{
	struct building *b = user;
	struct task *t = b->tasks + i;
	struct sweep s;

	t->rc = tiled_state(b->set, t->piece, t->look_max, &s);
	if (t->rc)
		return;
	t->rc = anchor_take(b->set, &s, t->piece, &t->found);
	sweep_finish(&s);
}

/* By falling time. */
static hg_err insert(hg_plan_frontier *set, struct anchor *a)
{
	struct anchor *all;
	size_t i = set->anchors.len;

	if (vec_push(&set->anchors, a)) {
		free(a->flow);
		free(a->pi);
		return HG_ENOMEM;
	}
	for (all = set->anchors.data; i > 0 && all[i - 1].flow_uw > a->flow_uw; i--)
		all[i] = all[i - 1];
	all[i] = *a;
	return HG_OK;
}

/* A copy that is too far off: those beside it are, too. */
static void leave_out(struct building *b, const struct task *t)
{
	size_t from = t->piece > t->beside ? t->piece - t->beside : 0;

	for (size_t i = from; i < b->n && i <= t->piece + t->beside; i++)
		b->tried[i] = true;
}

/* Finds the states that are asked for; those that cannot be had are left out. */
static hg_err run_tasks(struct building *b)
{
	hg_err rc = HG_OK;

	crew_run(b->threads, b->n_tasks, find_state, b);
	for (size_t i = 0; i < b->n_tasks; i++) {
		struct task *t = b->tasks + i;

		if (t->rc == HG_OK && !rc) {
			rc = insert(b->set, &t->found);
		} else if (t->rc == HG_OK) {
			free(t->found.flow);
			free(t->found.pi);
		} else if (t->rc == HG_ELIMIT) {
			leave_out(b, t);
		} else if (!rc) {
			rc = t->rc;
		}
	}
	b->n_tasks = 0;
	return rc;
}

static void ask(struct building *b, size_t piece, size_t beside, uint64_t look_max)
{
	if (b->n_tasks == ROUND)
		return;
	b->tried[piece] = true;
	b->tasks[b->n_tasks++] =
		(struct task){.piece = piece, .beside = beside, .look_max = look_max};
}

/* ---------------------------------------------------------------------------------- both ends */

/* T_max: no flow, everything as slow as it is of use. */
static hg_err first_state(struct building *b)
{
	struct anchor a = {.piece = 0};
	struct sweep s;
	hg_err rc = sweep_init(&s, &b->set->net);

	if (rc)
		return rc;
	rc = anchor_take(b->set, &s, 0, &a);
	sweep_finish(&s);
	b->tried[0] = true;
	return rc ? rc : insert(b->set, &a);
}

/* The state of the fastest anchor. */
static hg_err last_anchor(const hg_plan_frontier *set, struct sweep *s)
{
	const struct anchor *a = anchor_at(set, set->anchors.len - 1);
	hg_err rc = sweep_init(s, &set->net);

	if (!rc)
		sweep_restore(s, a->flow, a->pi);
	return rc;
}

/* T_min: from the small one's last state on, as far as it takes. */
static hg_err last_state(struct building *b)
{
	hg_plan_frontier *set = b->set;
	struct anchor a = {.piece = b->n - 1};
	struct sweep s;
	hg_err rc = tiled_state(set, b->n - 1, (uint64_t)LOOK_LAST * set->net.n_events, &s);

	if (rc == HG_ELIMIT)
		rc = last_anchor(set, &s);
	if (rc)
		return rc;
	for (unsigned k = 0; s.pi[NET_SINK] > set->t_min_ns; k++) {
		int64_t left = s.pi[NET_SINK] - set->t_min_ns, drop = sweep_search(&s);

		if (drop > 0)
			sweep_shift(&s, drop < left ? drop : left);
		if (k == LAST_SEARCHES || (s.pi[NET_SINK] > set->t_min_ns && !sweep_augment(&s))) {
			sweep_finish(&s);
			return HG_ELIMIT;
		}
	}
	rc = anchor_take(set, &s, b->n - 1, &a);
	sweep_finish(&s);
	b->tried[b->n - 1] = true;
	return rc ? rc : insert(set, &a);
}

static hg_err begin(struct building *b)
{
	int64_t *dist = malloc((size_t)b->set->net.n_events * sizeof *dist);

	if (!dist)
		return HG_ENOMEM;
	net_longest(&b->set->net, true, dist);
	b->set->t_min_ns = dist[NET_SINK];
	free(dist);
	return first_state(b);
}

/* ------------------------------------------------------------------------------- between states */

/* What is proved by an anchor's flow at a time. */
static double proved_at(const hg_plan_frontier *set, const struct anchor *a, double time_s)
{
	double slope_w = set->dag->static_w - (double)a->flow_uw * 1e-6;

	return a->proved_j + slope_w * (time_s - (double)a->time_ns * 1e-9);
}

/* Where the lines of two anchors meet. */
static double meet(
	const hg_plan_frontier *set, const struct anchor *slow, const struct anchor *fast)
{
	double slow_s = (double)slow->time_ns * 1e-9, fast_s = (double)fast->time_ns * 1e-9;
	double high_j = fast->proved_j - proved_at(set, slow, fast_s);
	double at_s = fast_s + high_j / ((double)(fast->flow_uw - slow->flow_uw) * 1e-6);

	return fmin(fmax(at_s, fast_s), slow_s);
}

/* How far a mix of both is above what is proved, at worst. */
static double gap_between(
	const hg_plan_frontier *set, const struct anchor *slow, const struct anchor *fast)
{
	double at_s = meet(set, slow, fast), least_j = proved_at(set, slow, at_s);
	double slow_s = (double)slow->time_ns * 1e-9, fast_s = (double)fast->time_ns * 1e-9;
	double part = slow_s > fast_s ? (at_s - fast_s) / (slow_s - fast_s) : 0;

	return (fast->energy_j + part * (slow->energy_j - fast->energy_j)) / least_j - 1;
}

static double gap_at(const struct anchor *a)
{
	return a->energy_j / a->proved_j - 1;
}

/* The breakpoint between two anchors whose flow is nearest to the slope from the one to the other.
 * @param again  also one that was tried @return 0: none */
static size_t choose(
	const struct building *b, const struct anchor *slow, const struct anchor *fast, bool again)
{
	const struct piece *p = b->set->small->pieces.data;
	double apart_s = (double)(slow->time_ns - fast->time_ns) * 1e-9;
	double flow_uw = 1e6 * (b->set->dag->static_w +
				       (fast->proved_j - slow->proved_j) / fmax(apart_s, 1e-9));
	size_t best = 0;

	for (size_t i = slow->piece + 1; i < fast->piece; i++)
		if ((again || !b->tried[i]) &&
			(!best || fabs((double)p[i].flow_uw - flow_uw) <
					  fabs((double)p[best].flow_uw - flow_uw)))
			best = i;
	return best;
}

/* Whether plans between two anchors are that far above what is proved. */
static bool apart(const hg_plan_frontier *set, size_t i, double gap)
{
	const struct anchor *slow = anchor_at(set, i), *fast = slow + 1;

	return gap_between(set, slow, fast) > gap + fmax(gap_at(slow), gap_at(fast));
}

/* Asks for one more state between those that are far apart. @param hard  however long it takes */
static void ask_between(struct building *b, double gap, bool hard)
{
	uint64_t look_max = hard ? UINT64_MAX : (uint64_t)LOOK_MAX * b->set->net.n_events;

	for (size_t i = 0; i + 1 < b->set->anchors.len; i++) {
		const struct anchor *slow = anchor_at(b->set, i), *fast = slow + 1;
		size_t piece;

		if (b->set->anchors.len + b->n_tasks >= MOST || !apart(b->set, i, gap))
			continue;
		piece = choose(b, slow, fast, hard);
		if (piece)
			ask(b, piece, (fast->piece - slow->piece) / 8, look_max);
	}
}

static bool fine_enough(const hg_plan_frontier *set)
{
	for (size_t i = 0; i + 1 < set->anchors.len; i++)
		if (apart(set, i, COARSE))
			return false;
	return true;
}

/* States where they are had easily, until they are close together everywhere; then where they are
 * not. */
static hg_err find_anchors(struct building *b)
{
	uint64_t look_max = (uint64_t)LOOK_MAX * b->set->net.n_events;
	hg_err rc = begin(b);
	size_t piece = 0;

	for (size_t k = 1; k < FIRST && !rc; k++) {
		if (b->n * k / FIRST > piece && b->n * k / FIRST + 1 < b->n)
			ask(b, piece = b->n * k / FIRST, b->n / FIRST / 4, look_max);
	}
	if (!rc)
		rc = run_tasks(b);
	if (!rc && b->n > 1)
		rc = last_state(b);
	if (!rc)
		ask_between(b, FINE, false);
	while (!rc && b->n_tasks) {
		rc = run_tasks(b);
		if (!rc)
			ask_between(b, FINE, false);
	}
	for (unsigned k = 0; k < HARD_ROUNDS && !rc; k++) {
		ask_between(b, COARSE, true);
		rc = run_tasks(b);
	}
	return rc;
}

/* The highest of all lines, by time ascending. */
static hg_err make_points(hg_plan_frontier *set)
{
	size_t n = set->anchors.len;

	set->points = malloc(n * sizeof *set->points);
	if (!set->points)
		return HG_ENOMEM;
	for (size_t k = 0; k < n; k++) {
		const struct anchor *a = anchor_at(set, n - 1 - k);
		double at_s = k ? meet(set, a, a + 1) : (double)set->t_min_ns * 1e-9;

		set->points[k] = (hg_plan_point){at_s, proved_at(set, a, at_s),
			set->dag->static_w - (double)a->flow_uw * 1e-6};
	}
	set->size = n;
	return HG_OK;
}

hg_err set_anchor(hg_plan_frontier *small, hg_dag *dag, struct tiling *t, unsigned threads,
	hg_plan_frontier **out, bool *done, hg_error *why)
{
	struct building b = {.threads = threads, .n = small->pieces.len};
	hg_err rc = HG_ENOMEM;

	*done = false;
	*out = NULL;
	b.tried = calloc(b.n, sizeof *b.tried);
	b.set = b.tried ? tiled_create(small, dag, t) : NULL;
	if (b.set)
		rc = net_init(&b.set->net, dag, small->quantum_uw);
	if (!rc)
		rc = find_anchors(&b);
	*done = !rc && fine_enough(b.set);
	if (*done)
		rc = make_points(b.set);
	if (*done && !rc)
		rc = tiled_fill_info(b.set, anchor_at(b.set, b.set->anchors.len - 1)->flow_uw);
	free(b.tried);
	*done = *done && !rc;
	if (*done)
		*out = b.set;
	else
		tiled_abandon(b.set, t);
	return rc && rc != HG_ELIMIT ? fail(why, rc, "%s", hg_err_text(rc)) : HG_OK;
}

/* -------------------------------------------------------------------------------- relaxed plans */

void anchors_mix(const hg_plan_frontier *set, const struct anchor *slow, const struct anchor *fast,
	hg_relaxed *r)
{
	double slow_s = (double)slow->time_ns * 1e-9, fast_s = (double)fast->time_ns * 1e-9;
	double time_s = fmax(fmin(r->info.time_s, slow_s), (double)set->t_min_ns * 1e-9);
	bool slower = time_s >= slow_s; /* each proves its own time, whatever the last digit says */

	if (!slower && time_s > fast_s)
		slower = proved_at(set, slow, time_s) > proved_at(set, fast, time_s);
	relaxed_flows(r, set, slower ? slow->flow : fast->flow);
	relaxed_mix(r, set, slow->pi, fast->pi,
		slow_s > fast_s ? (time_s - fast_s) / (slow_s - fast_s) : 0);
}

void anchored_relaxed(const hg_plan_frontier *set, hg_relaxed *r)
{
	size_t i = 0, last = set->anchors.len - 1;

	while (i < last && (double)anchor_at(set, i + 1)->time_ns * 1e-9 >= r->info.time_s)
		i++;
	anchors_mix(set, anchor_at(set, i), anchor_at(set, i < last ? i + 1 : i), r);
}
