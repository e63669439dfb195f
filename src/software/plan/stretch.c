#include "stretch.h"

#include <stdlib.h>
#include <string.h>

#include "enter.h"

/* Most breakpoints; a search takes longer than a microsecond, so a day would not get there. */
#define PIECES_MAX ((size_t)1 << 30)

/* Checkpoints begin this dense, and are thinned out. */
#define SPACING_INIT 8

void stretch_init(struct stretch *st)
{
	memset(st, 0, sizeof *st);
	vec_init(&st->pieces, sizeof(struct piece), PIECES_MAX);
	vec_init(&st->checkpoints, sizeof(struct checkpoint), PIECES_MAX);
	st->spacing = SPACING_INIT;
}

static void checkpoints_free(struct vec *checkpoints)
{
	struct checkpoint *c = checkpoints->data;

	for (size_t i = 0; i < checkpoints->len; i++) {
		free(c[i].flow);
		free(c[i].pi);
	}
	vec_finish(checkpoints);
}

void stretch_finish(struct stretch *st)
{
	sweep_finish(&st->sweep);
	checkpoints_free(&st->checkpoints);
	vec_finish(&st->pieces);
}

/* Every second one goes. */
static void thin_out(struct stretch *st)
{
	struct checkpoint *c = st->checkpoints.data;
	size_t n = 0;

	for (size_t i = 0; i < st->checkpoints.len; i++) {
		if (i % 2) {
			free(c[i].flow);
			free(c[i].pi);
		} else {
			c[n++] = c[i];
		}
	}
	st->kept = st->kept / st->checkpoints.len * n;
	st->checkpoints.len = n;
	st->spacing *= 2;
}

static hg_err keep_state(struct stretch *st)
{
	const struct sweep *s = &st->sweep;
	size_t flow = (size_t)s->net->n_arcs * sizeof *s->flow;
	size_t pi = (size_t)s->net->n_events * sizeof *s->pi;
	struct checkpoint c = {.piece = st->pieces.len - 1};

	if (c.piece % st->spacing)
		return HG_OK;
	if (st->kept + flow + pi > st->bytes_max && st->checkpoints.len > 1) {
		thin_out(st);
		if (c.piece % st->spacing)
			return HG_OK;
	}
	c.flow = malloc(flow);
	c.pi = malloc(pi);
	if (!c.flow || !c.pi || vec_push(&st->checkpoints, &c)) {
		free(c.flow);
		free(c.pi);
		return HG_ENOMEM;
	}
	memcpy(c.flow, s->flow, flow);
	memcpy(c.pi, s->pi, pi);
	st->kept += flow + pi;
	return HG_OK;
}

/* The sweep stands at a breakpoint. */
static hg_err add_piece(struct stretch *st, int64_t flow_uw)
{
	const struct piece p = {st->sweep.pi[NET_SINK], flow_uw};

	if (vec_push(&st->pieces, &p))
		return HG_ENOMEM;
	return keep_state(st);
}

/* T has fallen by so much. @return whether to go on: told to stop, or out of time */
static bool tell(struct teller *t, int64_t drop_ns)
{
	bool stop;

	(void)pthread_mutex_lock(&t->lock);
	t->done_ns += drop_ns;
	if (t->opts->time_budget_s > 0 && t->opts->clock(t->opts->clock_user) >= t->until_ns)
		t->stop = true;
	if (!t->stop && !progress_step(&t->progress, (uint64_t)(t->done_ns / 1000)))
		t->stop = true;
	stop = t->stop;
	(void)pthread_mutex_unlock(&t->lock);
	return !stop;
}

/* What the potentials' plan draws above that of T_max, exactly. */
static struct joules energy_above(const struct net *net, const int64_t *pi)
{
	struct joules sum = {0, 0};

	for (uint32_t i = 0; i < net->n_ops; i++) {
		const struct arc *arc = net->arcs + i;
		const struct hull_vertex *h = net->hull + arc->hull;
		int64_t window = pi[arc->head] - pi[arc->tail];

		for (uint32_t j = 0; j < arc->k && h[j].len_ns > window; j++) {
			int64_t to = h[j + 1].len_ns > window ? h[j + 1].len_ns : window;

			joules_add(&sum, h[j].slope_uw, h[j].len_ns - to);
		}
	}
	return sum;
}

/* At the flow that it begins with, T as short as that makes it. */
static hg_err begin(struct stretch *st)
{
	struct sweep *s = &st->sweep;
	int64_t left, drop;
	hg_err rc = sweep_init(s, &st->set->net);

	if (rc)
		return rc;
	st->t_max_ns = s->pi[NET_SINK];
	if (st->from_uw > 0) {
		rc = st->rough ? sweep_enter_from(s, st->rough, st->rough_piece, st->from_uw)
			       : sweep_enter(s, st->set->dag, st->set->quantum_uw, st->from_uw);
		if (rc)
			return rc;
		left = s->pi[NET_SINK] - st->set->t_min_ns;
		drop = sweep_search(s);
		if (drop > 0)
			sweep_shift(s, drop < left ? drop : left);
	}
	st->energy = energy_above(&st->set->net, s->pi);
	return add_piece(st, st->from_uw);
}

void stretch_run(struct stretch *st)
{
	struct sweep *s = &st->sweep;
	int64_t t_min_ns = st->set->t_min_ns, drop = 0;
	hg_err rc = begin(st);

	while (!rc && s->pi[NET_SINK] > t_min_ns && s->total_uw < st->to_uw &&
		tell(st->teller, drop)) {
		drop = sweep_search(s);
		if (drop > 0) {
			drop = drop < s->pi[NET_SINK] - t_min_ns ? drop
								 : s->pi[NET_SINK] - t_min_ns;
			sweep_shift(s, drop);
			/* The path is tight now: the checkpoint's next search finds it again. */
			rc = add_piece(st, s->total_uw);
		}
		if (!rc && s->pi[NET_SINK] > t_min_ns && !sweep_augment(s))
			rc = HG_EINTERNAL;
		if (!rc && st->late_uw && s->total_uw > st->late_uw && st->pieces.len < 2)
			rc = HG_ELIMIT;
	}
	st->complete = !rc && (s->pi[NET_SINK] == t_min_ns || s->total_uw >= st->to_uw);
	st->rc = rc;
}

hg_err stretch_append(struct stretch *st, hg_plan_frontier *set)
{
	const struct piece *p = st->pieces.data;
	struct checkpoint *c = st->checkpoints.data;
	size_t had = set->pieces.len, first = 0;

	/* no room between where the last one ended and where this one begins: no breakpoint */
	if (had && p[0].time_ns >= ((struct piece *)vec_at(&set->pieces, had - 1))->time_ns)
		first = 1;
	for (size_t i = first; i < st->pieces.len; i++)
		if (vec_push(&set->pieces, p + i))
			return HG_ENOMEM;
	for (size_t i = 0; i < st->checkpoints.len; i++) {
		struct checkpoint mine = c[i];

		if (mine.piece < first)
			continue;
		mine.piece += had - first;
		if (vec_push(&set->checkpoints, &mine))
			return HG_ENOMEM;
		c[i].flow = c[i].pi = NULL;
	}
	set->kept += st->kept;
	return HG_OK;
}
