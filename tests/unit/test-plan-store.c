/* Frontiers from the states in PLANS files, against those they were written from. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka-all.h"
#include "core/rng.h"
#include "relaxed-info.h"
#include "software/pipeline/store.h"

/* Stages that differ, five options each. */
static void write_profile(struct buf *out, uint32_t stages)
{
	struct rng r;

	rng_init(&r, 11);
	buf_adds(out, "stage,instruction,frequency,time,energy\n");
	for (uint32_t s = 0; s < stages; s++)
		for (int kind = 0; kind < 2; kind++) {
			double time = (kind ? 0.2 : 0.1) * (1 + 0.1 * rng_double(&r));
			double energy = time * 300 * (1 + 0.1 * rng_double(&r));

			for (unsigned f = 0; f < 5; f++)
				buf_addf(out, "%u,%s,%u,%.9f,%.9f\n", s,
					kind ? "backward" : "forward", 1400 - 100 * f,
					time * (1 + 0.09 * f + 0.01 * f * f),
					energy * (1 - 0.11 * f + 0.012 * f * f));
		}
}

struct subject {
	hg_schedule_kind kind;
	uint32_t ranks, microbatches;
	double quantum_w;
	hg_plan_range range;
	bool direct;
};

/* Plans a pipeline. */
static hg_plan_frontier *make(struct plans *p, const struct subject *s)
{
	hg_schedule_opts opts = {.size = sizeof opts,
		.kind = s->kind,
		.ranks = s->ranks,
		.microbatches = s->microbatches};
	hg_plan_frontier *set = NULL;
	bool extended = false;
	hg_error why = {""};

	plans_init(p);
	write_profile(&p->profile_csv, s->ranks);
	p->static_power_w = malloc(sizeof *p->static_power_w);
	assert_non_null(p->static_power_w);
	p->static_power_w[p->n_static_power++] = 60;
	p->step_s = 0.05;
	p->lag_s = 0.001;
	p->quantum_w = s->quantum_w;
	p->range = s->range;
	assert_int_equal(plans_name(p, "test"), HG_OK);
	assert_int_equal(hg_schedule_create(&opts, &p->schedule, &why), HG_OK);
	if (plans_build(p, &why) || plans_frontier(p, s->direct, &set, &extended, &why) ||
		plans_claim(p, set, &why) || plans_witness(p, set, &why))
		fail_msg("%s", why.text);
	assert_int_equal(extended, !s->direct);
	p->claims.extrapolated = extended;
	return set;
}

/* Writes and reads. */
static void copy(const struct plans *p, struct plans *to)
{
	hg_error why = {""};
	struct buf text;

	buf_init(&text, PLANS_BYTES);
	assert_int_equal(plans_format(p, &text, &why), HG_OK);
	if (plans_parse(to, text.data, text.len, "copy", &why))
		fail_msg("%s", why.text);
	buf_finish(&text);
}

static void near(double a, double b)
{
	if (!(fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b))))
		fail_msg("%.12g is not %.12g", a, b);
}

static void same_figures(const hg_plan_frontier *a, const hg_plan_frontier *b)
{
	hg_plan_frontier_info x = {.size = sizeof x}, y = {.size = sizeof y};

	hg_plan_frontier_get_info(a, &x);
	hg_plan_frontier_get_info(b, &y);
	assert_int_equal(x.complete, y.complete);
	assert_int_equal(x.pieces, y.pieces);
	near(x.t_min_s, y.t_min_s);
	near(x.t_star_s, y.t_star_s);
	near(x.t_max_s, y.t_max_s);
	near(x.energy_min_s_j, y.energy_min_s_j);
	near(x.energy_star_j, y.energy_star_j);
	near(x.energy_max_s_j, y.energy_max_s_j);
	near(x.all_fastest_j, y.all_fastest_j);
	near(x.slope_min_w, y.slope_min_w);
}

/* Plans from the file are those of the frontier, at all times and beyond both ends. */
static void check(const struct subject *s)
{
	struct plans p, q;
	hg_plan_frontier *set = make(&p, s), *stored = NULL;
	struct plans_store store;
	hg_error why = {""};
	bool done = false;

	copy(&p, &q);
	assert_int_equal(plans_store_open(&store, &q, &stored, &done, &why), HG_OK);
	assert_true(done);
	same_figures(set, stored);
	for (int k = 0; k <= 60; k++) {
		double last_s =
			((hg_plan_point *)vec_at(&p.claims.frontier, p.claims.frontier.len - 1))
				->time_s;
		double time_s = p.claims.t_min_s + (last_s - p.claims.t_min_s) * k / 60;
		hg_relaxed_info a = relaxed_at(set, time_s), b = relaxed_at(stored, time_s);

		near(a.energy_j, b.energy_j);
		near(a.bound_j, b.bound_j);
	}
	if (s->range == HG_RANGE_ALL)
		near(relaxed_at(set, 2 * p.claims.t_max_s).energy_j,
			relaxed_at(stored, 2 * p.claims.t_max_s).energy_j);
	hg_plan_frontier_destroy(stored);
	plans_store_finish(&store);
	plans_finish(&q);
	hg_plan_frontier_destroy(set);
	plans_finish(&p);
}

static void test_as_solved(void **state)
{
	static const struct subject subjects[] = {
		{HG_SCHEDULE_1F1B, 4, 12, 0, HG_RANGE_ALL, true},
		{HG_SCHEDULE_1F1B, 4, 12, 0, HG_RANGE_USEFUL, true},
		{HG_SCHEDULE_GPIPE, 3, 9, 0, HG_RANGE_ALL, true},
		{HG_SCHEDULE_1F1B, 3, 10, 20, HG_RANGE_ALL, true},
		{HG_SCHEDULE_1F1B, 1, 1, 0, HG_RANGE_ALL, true},
		{HG_SCHEDULE_1F1B, 3, 96, 0, HG_RANGE_ALL, false},
		{HG_SCHEDULE_1F1B, 4, 64, 10, HG_RANGE_ALL, false},
		{HG_SCHEDULE_1F1B, 4, 64, 10, HG_RANGE_USEFUL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		check(subjects + i);
}

/* What a file says is looked at before it is used. */
static void test_wrong_states(void **state)
{
	static const struct subject subject = {HG_SCHEDULE_1F1B, 4, 12, 0, HG_RANGE_ALL, true};

	(void)state;
	for (int what = 0; what < 5; what++) {
		struct plans p, q;
		hg_plan_frontier *set = make(&p, &subject), *stored = NULL;
		struct plans_store store;
		hg_relaxed *r = NULL;
		hg_error why = {""};
		struct witness *w;
		bool done = false;

		copy(&p, &q);
		w = vec_at(&q.claims.witnesses, 0);
		if (what == 0) /* no state */
			w->start.len = 0;
		else if (what == 1)
			((struct run *)vec_at(&w->node, 0))->value += 1;
		else if (what == 2)
			((struct run *)vec_at(&w->start, w->start.len / 2))->value += 1000;
		else if (what == 3)
			((struct run *)vec_at(&w->window, 0))->value /= 2;
		else
			((struct run *)vec_at(&w->start, 0))->count += 1;
		assert_int_equal(plans_store_open(&store, &q, &stored, &done, &why), HG_OK);
		assert_int_equal(done, what != 0);
		if (done)
			assert_int_equal(
				hg_relaxed_at(stored, p.claims.t_min_s, HG_CLASS_OP, &r, &why),
				HG_EFORMAT);
		assert_null(r);
		hg_plan_frontier_destroy(stored);
		plans_store_finish(&store);
		plans_finish(&q);
		hg_plan_frontier_destroy(set);
		plans_finish(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_solved),
		cmocka_unit_test(test_wrong_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
