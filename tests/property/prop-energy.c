/*
 * The estimators on simulated counters: their errors stay below what is promised, bounds hold the
 * truth, windows add up, and whatever is wrong with a log leads to no wrong joule.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "counter-sim.h"
#include "measure-table.h"
#include "near.h"

#define SEED 20261128u

static size_t many(size_t few)
{
	const char *deep = getenv("HG_LONG");

	return deep && *deep && strcmp(deep, "0") != 0 ? 10 * few : few;
}

static struct mt_row row_of(bool cold, double window_s, double coverage)
{
	struct mt_case what = {cold, window_s, csim_counter_usual(), many(150), SEED};
	struct mt_row row;

	what.counter.coverage = coverage;
	assert_int_equal(mt_run(&what, &row, NULL, NULL), 0);
	assert_int_equal(row.refused, 0);
	return row;
}

static void assert_error(const struct mt_error *e, double mean, double sd)
{
	if (!(fabs(e->mean) <= mean && mt_sd(e) <= sd))
		fail_msg("error %+.3f +- %.3f %%, allowed %.3f +- %.3f %%", 100 * e->mean,
			100 * mt_sd(e), 100 * mean, 100 * sd);
}

static void assert_bounds(const struct mt_row *row, double half_width)
{
	assert_true(row->bounded > 0);
	assert_int_equal(row->contained, row->bounded);
	assert_true(row->half_width <= half_width);
}

static void errors_of_cold_windows(void **state)
{
	struct mt_row row;

	(void)state;
	row = row_of(true, 0.05, 1);
	assert_true(row.error[MT_NAIVE].mean < -0.7); /* the simulator is as hard as it should be */
	assert_error(&row.error[MT_PADDED], 0.002, 0.006);
	assert_bounds(&row, 0.55);
	row = row_of(true, 0.2, 1);
	assert_true(row.error[MT_NAIVE].mean < -0.3 && row.error[MT_LINEAR].mean < -0.1);
	assert_error(&row.error[MT_PADDED], 0.0005, 0.0015);
	assert_error(&row.error[MT_EDGES], 0.012, 0.014);
	assert_bounds(&row, 0.16);
	row = row_of(true, 1, 1);
	assert_error(&row.error[MT_PADDED], 0.0001, 0.0004);
	assert_error(&row.error[MT_EDGES], 0.0025, 0.0025);
	assert_bounds(&row, 0.035);
}

static void errors_of_steady_windows(void **state)
{
	struct mt_row row;

	(void)state;
	row = row_of(false, 1.06, 1);
	assert_true(mt_sd(&row.error[MT_NAIVE]) > 0.04);
	assert_error(&row.error[MT_EDGES], 0.0006, 0.0025);
	assert_error(&row.error[MT_REPEATED], 0.0006, 0.0027);
	assert_bounds(&row, 0.035);
	row = row_of(false, 5.06, 1);
	assert_error(&row.error[MT_EDGES], 0.0002, 0.0005);
	assert_error(&row.error[MT_REPEATED], 0.0002, 0.0005);
}

/* sigma is neither boastful nor useless. */
static void sigmas_are_honest(void **state)
{
	static const double lengths[] = {0.05, 0.2, 1};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mt_row cold = row_of(true, lengths[i], 1),
			      warm = row_of(false, lengths[i], 1);

		assert_true(mt_sd(&cold.z_padded) > 0.4 && mt_sd(&cold.z_padded) < 1.3);
		if (mt_sd(&cold.z) > 1.4)
			fail_msg("%g s: %g sigmas", lengths[i], mt_sd(&cold.z));
		assert_true(mt_sd(&warm.z) > 0.25 && mt_sd(&warm.z) < 1.3);
	}
}

/* A counter that sees a quarter: bounds are wide, and right. */
static void bounds_at_partial_coverage(void **state)
{
	struct mt_row row;

	(void)state;
	row = row_of(true, 0.2, 0.25);
	assert_bounds(&row, 0.7);
	row = row_of(false, 1.06, 0.25);
	assert_bounds(&row, 0.6);
	assert_true(row.half_width > 0.3);
}

/* ----- one log, many windows */

struct scene {
	struct csim trace;
	struct csim_edges edges;
	hg_edge log[1024];
	size_t n;
	hg_sensor sensor;
};

/* Load and idle in random turns, 20 s. */
static void scene_make(struct scene *s, struct rng *r, double coverage)
{
	struct csim_counter c = csim_counter_usual();

	c.coverage = coverage;
	csim_init(&s->trace);
	while (csim_length(&s->trace) < 20) {
		assert_int_equal(csim_add(&s->trace, r, 0.3 + rng_double(r), 80, 0.01), 0);
		assert_int_equal(csim_add_load(&s->trace, r, 0.3 + rng_double(r)), 0);
	}
	assert_int_equal(csim_run(&s->trace, &c, r, &s->edges), 0);
	s->n = csim_poll(&s->trace, &c, &s->edges, r, s->log, 1024);
	s->sensor = csim_sensor(&c);
	assert_true(s->n > 150);
}

static void scene_finish(struct scene *s)
{
	csim_edges_finish(&s->edges);
	csim_finish(&s->trace);
}

static void windows_add_up_and_never_fall(void **state)
{
	struct scene s;
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 1);
	for (size_t round = 0; round < many(4); round++) {
		scene_make(&s, &r, 1);
		for (int i = 0; i < 500; i++) {
			int64_t t[3] = {csim_ns(1 + 17 * rng_double(&r)), 0, 0};
			double j[3] = {0};

			/* near and far: windows of nanoseconds to seconds */
			for (int k = 1; k < 3; k++)
				t[k] = t[k - 1] +
				       csim_ns(pow(10, -9 + 9 * rng_double(&r)) * rng_double(&r));
			for (int k = 0; k < 3; k++) {
				hg_energy e = {.size = sizeof e};
				hg_error why = {""};

				assert_ok(hg_energy_window(s.log, s.n, &s.sensor, t[k == 1],
						  t[k == 0 ? 1 : 2], 0, &e, &why),
					&why);
				assert_true(e.joules >= 0);
				j[k] = e.joules;
			}
			assert_true(j[0] + j[1] == j[2]); /* exactly */
		}
		scene_finish(&s);
	}
}

/* ----- faults */

enum fault {
	NO_FAULT,
	RESET,        /* starts again at 0, unmarked */
	RESET_MARKED, /* and marked */
	JUMP,         /* ahead by a garbage amount */
	WRAP,         /* wraps at 2^32 uJ, nobody unwrapped it */
	MISSED,       /* some edges are not in the log */
	LOST,         /* nothing for 3 s, then marked FIRST */
	CLOCK_AHEAD,  /* the clock steps by 5 s */
	FAULTS
};

/* Breaks a log; the moment of the fault. */
static size_t inject(struct scene *s, struct rng *r, enum fault f)
{
	size_t at = 40 + (size_t)rng_below(r, s->n - 80);
	int64_t base = s->log[at].energy_uj;

	for (size_t k = at; k < s->n; k++) {
		if (f == RESET || f == RESET_MARKED)
			s->log[k].energy_uj -= base;
		else if (f == JUMP)
			s->log[k].energy_uj += (INT64_C(1) << 40) + base;
		else if (f == WRAP)
			s->log[k].energy_uj -= INT64_C(1) << 32;
		else if (f == CLOCK_AHEAD)
			s->log[k].t_ns += csim_ns(5);
	}
	if (f == RESET_MARKED)
		s->log[at].flags |= HG_EDGE_FIRST;
	if (f == MISSED || f == LOST) {
		size_t gone = f == LOST ? 30 : 1 + (size_t)rng_below(r, 4);

		memmove(&s->log[at], &s->log[at + gone], (s->n - at - gone) * sizeof *s->log);
		s->n -= gone;
		s->log[at].flags |= f == LOST ? HG_EDGE_FIRST : HG_EDGE_MISSED;
	}
	return at;
}

/* A window across the fault, or beside it: the truth is in the bounds, or it is said what is wrong.
 */
static void check_fault(const struct scene *s, struct rng *r, enum fault f, size_t at)
{
	double fault_s = (double)s->log[at].t_ns * 1e-9;
	double t0 = fault_s - 3 * rng_double(r), t1 = fault_s + 3 * rng_double(r) - 0.5, truth;
	const uint32_t opts[] = {0, HG_WINDOW_PARTIAL, HG_WINDOW_LINEAR};

	if (t1 < t0)
		return;
	truth = csim_energy(&s->trace, t0, t1);
	for (size_t i = 0; i < 3; i++) {
		hg_energy e = {.size = sizeof e};
		hg_err rc = hg_energy_window(
			s->log, s->n, &s->sensor, csim_ns(t0), csim_ns(t1), opts[i], &e, NULL);

		if (rc) {
			assert_true(isnan(e.joules));
			assert_true(f != NO_FAULT && f != MISSED);
			continue;
		}
		if (f == CLOCK_AHEAD) {
			/* the clock lies, so there is no truth: but it is seen across the step */
			int64_t begin = csim_ns(t0 + s->sensor.lag_s + 0.01);
			int64_t end = csim_ns(t1 + s->sensor.lag_s - 0.01);
			bool across = begin < s->log[at].t_ns && end > s->log[at - 1].t_ns;

			assert_true(!across || (e.flags & HG_ENERGY_MISSED_EDGE));
			continue;
		}
		if (!(e.lo <= truth && truth <= e.hi))
			fail_msg("fault %d: %g J not in %g to %g", f, truth, e.lo, e.hi);
		if (e.missing_s > 0)
			assert_true(
				(e.flags & HG_ENERGY_INCOMPLETE) && opts[i] == HG_WINDOW_PARTIAL);
		else if (!(e.flags & HG_ENERGY_COLD_START) &&
			 fabs(e.joules - truth) > 6 * e.sigma + 0.05 * truth)
			fail_msg("fault %d: %g J instead of %g, sigma %g", f, e.joules, truth,
				e.sigma);
	}
}

static void faults_lead_to_no_wrong_joule(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 2);
	for (size_t round = 0; round < many(8); round++)
		for (int f = NO_FAULT; f < FAULTS; f++) {
			struct scene s;
			size_t at;

			scene_make(&s, &r, 1);
			at = inject(&s, &r, (enum fault)f);
			for (int i = 0; i < 40; i++)
				check_fault(&s, &r, (enum fault)f, at);
			scene_finish(&s);
		}
}

static int64_t any_number(struct rng *r)
{
	static const int64_t odd[] = {INT64_MIN, INT64_MAX, -1, 0, 1, HG_UNREAD + 1};

	switch (rng_below(r, 4)) {
	case 0:
		return odd[rng_below(r, 6)];
	case 1:
		return (int64_t)rng_u64(r);
	default:
		return (int64_t)rng_below(r, 2000000000);
	}
}

/* A log of garbage, times in no order: an answer or a refusal, no undefined behaviour, no hang. */
static void garbage_is_survived(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 3);
	for (size_t round = 0; round < many(20000); round++) {
		hg_edge log[12];
		size_t n = rng_below(&r, 13);
		hg_sensor s = {.size = sizeof s,
			.period_s = rng_double(&r) < 0.5 ? 0 : 0.1,
			.jitter_s = 0.001,
			.lag_s = rng_double(&r) - 0.5,
			.max_power_w = 500};
		hg_energy e = {.size = sizeof e};
		hg_repeated again = {.size = sizeof again};
		int64_t t0 = any_number(&r), t1 = any_number(&r);
		hg_err rc;

		for (size_t k = 0; k < n; k++)
			log[k] = (hg_edge){any_number(&r), any_number(&r), any_number(&r),
				any_number(&r), any_number(&r), any_number(&r), 0,
				(uint32_t)rng_below(&r, 16)};
		rc = hg_energy_window(log, n, &s, t0, t1, (uint32_t)rng_below(&r, 8), &e, NULL);
		assert_true(rc ? isnan(e.joules) : !isnan(e.joules));
		rc = hg_energy_padded(log, n, &s, t0, t1, 0, &e, NULL);
		assert_true(rc ? isnan(e.joules) : !isnan(e.joules));
		rc = hg_energy_repeated(log, n, &s, t0, t1, 3, &again, NULL);
		assert_true(rc ? isnan(again.joules) : !isnan(again.joules));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_cold_windows),
		cmocka_unit_test(errors_of_steady_windows),
		cmocka_unit_test(sigmas_are_honest),
		cmocka_unit_test(bounds_at_partial_coverage),
		cmocka_unit_test(windows_add_up_and_never_fall),
		cmocka_unit_test(faults_lead_to_no_wrong_joule),
		cmocka_unit_test(garbage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
