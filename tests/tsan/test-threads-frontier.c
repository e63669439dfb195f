/*
 * Eight threads query one frontier, composed of two others: every objective, blends, realisation,
 * references. Each answer must equal the one a single thread got, and ThreadSanitizer must see no
 * race.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/frontier.h>

#define THREADS   8
#define ROUNDS    40
#define QUESTIONS 64
#define POINTS    300

struct answer {
	hg_pick picks[HG_KNEE + 1];
	hg_blend blend;
	double realised_j; /* sum over the leaves */
};

struct shared {
	hg_frontier *f;
	struct answer want[QUESTIONS];
	atomic_uint wrong;
};

static int add_leaf(void *user, const hg_frontier *leaf, size_t point, uint64_t count)
{
	*(double *)user += (double)count * hg_frontier_points(leaf)[point].energy_j;
	return 0;
}

/* A value that each kind of objective takes, from within the frontier's range and beyond it. */
static double value_of(const hg_frontier *f, hg_objective_kind kind, unsigned question)
{
	size_t n = hg_frontier_count(f);
	const hg_point *p = hg_frontier_points(f);
	double share = (double)question / (QUESTIONS - 1);

	switch (kind) {
	case HG_ETA:
		return share;
	case HG_MAX_SLOWDOWN:
		return 1.0 + share;
	case HG_DEADLINE:
		return p[0].time_s * 0.9 + share * (p[n - 1].time_s - p[0].time_s * 0.8);
	case HG_BUDGET:
		return p[n - 1].energy_j * 0.9 + share * (p[0].energy_j - p[n - 1].energy_j * 0.8);
	default:
		return 0;
	}
}

static int ask(const hg_frontier *f, unsigned question, struct answer *a)
{
	double time_s = value_of(f, HG_DEADLINE, question);

	memset(a, 0, sizeof *a);
	for (unsigned kind = 0; kind <= HG_KNEE; kind++) {
		hg_objective objective = {.size = sizeof objective,
			.kind = (hg_objective_kind)kind,
			.value = value_of(f, (hg_objective_kind)kind, question),
			.max_power_w = 900,
			.flags = question & 1 ? HG_CHARGE_WAITING : 0};

		a->picks[kind].size = sizeof a->picks[kind];
		if (hg_frontier_pick(f, &objective, &a->picks[kind], NULL) != HG_OK)
			return -1;
	}
	a->blend.size = sizeof a->blend;
	if (hg_frontier_blend(f, time_s, &a->blend, NULL) != HG_OK)
		return -1;
	return hg_frontier_realise(f, a->picks[HG_KNEE].index, add_leaf, &a->realised_j) == HG_OK
		       ? 0
		       : -1;
}

/* Field by field: padding is nobody's business. */
static int same(const struct answer *a, const struct answer *b)
{
	for (unsigned kind = 0; kind <= HG_KNEE; kind++)
		if (a->picks[kind].index != b->picks[kind].index ||
			a->picks[kind].feasible != b->picks[kind].feasible ||
			a->picks[kind].cost != b->picks[kind].cost)
			return 0;
	return a->blend.fast == b->blend.fast && a->blend.slow == b->blend.slow &&
	       a->blend.fraction == b->blend.fraction && a->blend.energy_j == b->blend.energy_j &&
	       a->realised_j == b->realised_j;
}

static void *query(void *user)
{
	struct shared *s = user;
	struct answer got;

	for (unsigned round = 0; round < ROUNDS; round++) {
		hg_frontier *mine = hg_frontier_ref(s->f);

		for (unsigned q = 0; q < QUESTIONS; q++)
			if (ask(mine, q, &got) != 0 || !same(&got, &s->want[q]))
				atomic_fetch_add(&s->wrong, 1);
		hg_frontier_destroy(mine);
	}
	return NULL;
}

/* Convex in time with a few points above the hull. */
static hg_frontier *make(double scale)
{
	static const hg_frontier_info unknown = HG_FRONTIER_INFO_INIT;
	hg_frontier_info info = unknown;
	hg_build_opts opts = {.size = sizeof opts, .info = &info};
	hg_point points[POINTS];
	hg_frontier *f = NULL;

	info.static_power_w = 60;
	for (unsigned i = 0; i < POINTS; i++) {
		double t = 1.0 + (double)i / POINTS;

		points[i] = (hg_point){.time_s = scale * t,
			.energy_j = scale * (400.0 / t + (i % 7 == 3 ? 0.2 : 0)),
			.setting = HG_SETTING_NONE,
			.origin = HG_ORIGIN_SIMULATED};
	}
	return hg_frontier_build(points, POINTS, &opts, &f, NULL) == HG_OK ? f : NULL;
}

static int run(struct shared *s)
{
	pthread_t threads[THREADS];
	unsigned started = 0;

	for (unsigned q = 0; q < QUESTIONS; q++)
		if (ask(s->f, q, &s->want[q]) != 0)
			return -1;
	while (started < THREADS && pthread_create(&threads[started], NULL, query, s) == 0)
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started == THREADS ? 0 : -1;
}

int main(void)
{
	struct shared *s = calloc(1, sizeof *s);
	hg_frontier *children[2] = {make(1), make(2)};
	int bad = 1;

	if (s && children[0] && children[1] &&
		hg_frontier_series(children, 2, HG_SERIES_HULL, &s->f, NULL) == HG_OK) {
		/* From here on the composed frontier alone keeps its children alive. */
		hg_frontier_destroy(children[0]);
		hg_frontier_destroy(children[1]);
		children[0] = children[1] = NULL;
		bad = run(s) != 0 || s->wrong;
		printf("%u threads, %u questions each, %u wrong answers\n", THREADS,
			ROUNDS * QUESTIONS, s->wrong);
		hg_frontier_destroy(s->f);
	}
	hg_frontier_destroy(children[0]);
	hg_frontier_destroy(children[1]);
	free(s);
	return bad;
}
