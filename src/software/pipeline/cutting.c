/*
 * In 1F1B and what is like it rank r works on forward k and on backward k - (P - 1 - r) at about
 * the same time. Cut there, the part between two cuts depends on the parts beside it only. GPipe is
 * two waves that are cut one by one: forwards, a rank later on each rank, and backwards, the other
 * way round.
 */
#include "cutting.h"

#include <stdlib.h>
#include <string.h>

/* Where the steps of a schedule stand, so that steps of one place repeat: `period` places and
 * `step` microbatches on the same is done again. */
struct places {
	const hg_schedule *s;
	int64_t period;
	int64_t begin, end; /* steps of all ranks stand from the one to the other, in each wave */
};

uint32_t schedule_period(const hg_schedule *s)
{
	switch (s->kind) {
	case HG_SCHEDULE_INTERLEAVED:
		return s->group == s->ranks ? s->ranks : 0;
	case HG_SCHEDULE_DUALPIPE:
		return 2;
	case HG_SCHEDULE_FILE:
		return 0;
	default:
		return 1;
	}
}

static bool places_of(struct places *p, const hg_schedule *s)
{
	int64_t warm_up = s->ranks - 1;

	*p = (struct places){s, 1, 0, s->microbatches};
	switch (s->kind) {
	case HG_SCHEDULE_GPIPE:
		p->begin = warm_up;
		return p->end > p->begin;
	case HG_SCHEDULE_1F1B:
	case HG_SCHEDULE_RECOMPUTE:
	case HG_SCHEDULE_ZB_H1:
		break;
	case HG_SCHEDULE_INTERLEAVED:
		if (s->group != s->ranks)
			return false;
		p->period = (int64_t)s->ranks * s->chunks;
		p->end *= s->chunks;
		warm_up = 2 * warm_up + (s->chunks - 1) * (int64_t)s->group;
		break;
	default:
		return false;
	}
	p->end -= warm_up;
	return p->end > p->begin;
}

static unsigned wave_of(const struct places *p, const hg_schedule_op *op)
{
	return p->s->kind == HG_SCHEDULE_GPIPE && op->phase != HG_PHASE_FORWARD;
}

/* Place of a step. */
static int64_t place_of(const struct places *p, const hg_schedule_op *op, uint32_t rank)
{
	const hg_schedule *s = p->s;
	int64_t warm_up = s->ranks - 1 - rank, chunk = op->stage / s->ranks;

	if (s->kind == HG_SCHEDULE_GPIPE)
		return op->microbatch + (op->phase == HG_PHASE_FORWARD ? rank : warm_up);
	if (s->kind == HG_SCHEDULE_INTERLEAVED) {
		bool forward = op->phase == HG_PHASE_FORWARD;
		int64_t turn = forward ? chunk : s->chunks - 1 - chunk;
		int64_t at = op->microbatch / s->ranks * p->period + turn * s->ranks +
			     op->microbatch % s->ranks;

		warm_up = 2 * warm_up + (s->chunks - 1) * (int64_t)s->group;
		return forward ? at - warm_up : at;
	}
	if (op->phase == HG_PHASE_FORWARD)
		return op->microbatch - warm_up;
	if (op->phase == HG_PHASE_WEIGHT)
		return (int64_t)op->microbatch + rank; /* zb-h1 delays them by the rank */
	return op->microbatch;
}

/* A small schedule and a large one with so many periods more, that are inserted at `cut`. */
struct cutting {
	struct places small;
	const hg_schedule *large;
	int64_t cut;
	uint32_t step, steps;
};

/* Which step of the small schedule a step of the large one is a copy of. */
static bool map_step(const struct cutting *c, uint32_t at, struct tiling *t)
{
	hg_schedule_op op = ((const hg_schedule_op *)c->large->ops.data)[at];
	int64_t behind = place_of(&c->small, &op, c->large->rank_of[at]) - c->cut, shift = 0;

	if (behind >= 0)
		shift = behind / c->small.period;
	if (shift > c->steps)
		shift = c->steps;
	t->shift[at] = (uint32_t)shift;
	t->wave[at] = (uint8_t)wave_of(&c->small, &op);
	if (op.microbatch < shift * c->step)
		return false;
	op.microbatch -= (uint32_t)shift * c->step;
	if (op.microbatch >= c->small.s->microbatches)
		return false;
	t->node[at] = schedule_find(c->small.s, op.phase, op.stage, op.microbatch);
	return t->node[at] != SCHEDULE_NONE;
}

/* Whether an edge of the small graph leads to the same step as one of the large graph as seen from
 * its copy there. */
static bool same_way(const struct cutting *c, const struct edge *e, const struct tiling *t,
	uint32_t from, uint32_t to)
{
	const hg_schedule_op *large = c->large->ops.data, *few = c->small.s->ops.data;
	size_t n_large = c->large->ops.len, n_few = c->small.s->ops.len;

	if (e->to >= n_large || to >= n_few) /* constant work at the end of a rank */
		return e->to >= n_large && to >= n_few;
	if (t->wave[e->from] != t->wave[e->to])
		return to == t->node[e->to];
	return few[to].phase == large[e->to].phase && few[to].stage == large[e->to].stage &&
	       few[to].microbatch - few[from].microbatch ==
		       large[e->to].microbatch - large[e->from].microbatch;
}

/* The edge of the small graph that one of the large graph is a copy of. */
static uint32_t map_edge(
	const struct cutting *c, const struct edge *e, const hg_dag *small, const struct tiling *t)
{
	uint32_t from = t->node[e->from];

	for (uint32_t k = small->succ_at[from]; k < small->succ_at[from + 1]; k++)
		if (same_way(c, e, t, from, dag_edges(small)[k].to))
			return k;
	return UINT32_MAX;
}

/* Lists what a step of the repetition is measured by. */
static void list_pairs(const struct cutting *c, struct tiling *t)
{
	const hg_schedule *s = c->small.s;
	const hg_schedule_op *ops = s->ops.data;

	for (uint32_t at = 0; at < s->ops.len; at++) {
		int64_t behind = place_of(&c->small, &ops[at], s->rank_of[at]) - c->cut;
		uint32_t later;

		if (behind < 0 || behind >= c->small.period)
			continue;
		later = ops[at].microbatch + c->step;
		if (later >= s->microbatches)
			continue;
		later = schedule_find(s, ops[at].phase, ops[at].stage, later);
		if (later != SCHEDULE_NONE)
			tiling_pair(t, wave_of(&c->small, &ops[at]), at, later);
	}
}

hg_err cutting_make(struct tiling *t, const hg_schedule *large, const hg_dag *dag,
	const hg_schedule *small, const hg_dag *few, bool *fits)
{
	struct cutting c = {.large = large, .step = schedule_period(large)};
	uint32_t n = (uint32_t)large->ops.len;

	memset(t, 0, sizeof *t);
	*fits = c.step > 0 && places_of(&c.small, small);
	if (!*fits)
		return HG_OK;
	if (!tiling_init(t, dag->n, dag->m, few->n))
		return HG_ENOMEM;
	c.cut = (c.small.begin + c.small.end) / 2;
	c.steps = t->steps = (large->microbatches - small->microbatches) / c.step;
	for (uint32_t i = 0; i < n && *fits; i++)
		*fits = map_step(&c, i, t);
	for (uint32_t i = n; i < dag->n; i++) { /* constant work at the ends */
		t->node[i] = (uint32_t)small->ops.len + i - n;
		t->shift[i] = t->steps;
		t->wave[i] = large->kind == HG_SCHEDULE_GPIPE;
	}
	for (uint32_t e = 0; e < dag->m && *fits; e++)
		t->edge[e] = map_edge(&c, dag_edges(dag) + e, few, t);
	if (*fits)
		list_pairs(&c, t);
	return HG_OK;
}
