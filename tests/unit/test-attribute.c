/* Attribution on rows known by hand: rates, refusals, heat, the spans of an engine. */
#include <math.h>
#include <string.h>

#include "near.h"

#include <hourglass/attribute.h>

#define MS INT64_C(1000000)

static hg_attribution model(uint32_t columns, uint32_t rest, uint32_t heat)
{
	hg_attribution_opts o = {.size = sizeof o,
		.columns = columns,
		.rest = rest,
		.heat = heat,
		.reference_c = 50,
		.forget = 1};
	hg_attribution a;
	hg_error why = {""};

	assert_ok(hg_attribution_init(&a, &o, &why), &why);
	return a;
}

static hg_rates solve(const hg_attribution *a)
{
	hg_rates r = {.size = sizeof r};
	hg_error why = {""};

	assert_ok(hg_attribution_solve(a, &r, &why), &why);
	return r;
}

static void rates_of_exact_rows(void **state)
{
	hg_attribution a = model(3, 0, 0);
	hg_rates r;

	(void)state;
	for (int i = 0; i < 12; i++) {
		double x[3] = {1 + i % 3, i % 2, 0};

		assert_int_equal(hg_attribution_row(&a, 5 * x[0] + 7 * x[1], x), HG_OK);
	}
	r = solve(&a);
	assert_near(r.rate[0], 5, 1e-9);
	assert_near(r.rate[1], 7, 1e-9);
	assert_int_equal(r.state[2], HG_RATE_UNSEEN);
	assert_true(isnan(r.rate[2]) && isnan(r.sd[2]));
	assert_near(r.share[0] + r.share[1], 1, 1e-12);
	assert_true(r.residual_fraction < 1e-6);
}

static void columns_in_step_are_refused(void **state)
{
	hg_attribution a = model(3, 0, 0);
	hg_rates r;

	(void)state;
	for (int i = 0; i < 40; i++) {
		double x[3] = {1 + i % 5, 2.0 * (1 + i % 5), i % 3};

		assert_int_equal(hg_attribution_row(&a, x[0] + x[1] + 4 * x[2], x), HG_OK);
	}
	r = solve(&a);
	assert_int_equal(r.state[0], HG_RATE_REFUSED);
	assert_int_equal(r.state[1], HG_RATE_REFUSED);
	assert_true(isnan(r.rate[0]) && r.vif[0] > 100);
	assert_int_equal(r.state[2], HG_RATE_OK);
	assert_near(r.rate[2], 4, 1e-6);
}

static void no_rate_is_negative(void **state)
{
	hg_attribution a = model(2, 0, 0);
	hg_rates r;

	(void)state;
	for (int i = 0; i < 20; i++) {
		double x[2] = {1, i % 4};

		assert_int_equal(hg_attribution_row(&a, 10 - x[1], x), HG_OK);
	}
	r = solve(&a);
	assert_int_equal(r.state[1], HG_RATE_ZERO);
	assert_true(r.rate[1] == 0 && r.rate[0] > 8);
}

static void bad_models_and_rows(void **state)
{
	hg_attribution_opts o = {.size = sizeof o, .columns = 32, .rest = 1};
	hg_attribution a;
	hg_rates r = {.size = sizeof r};
	hg_error why = {""};
	double x[1] = {-1};

	(void)state;
	assert_int_equal(hg_attribution_init(&a, &o, &why), HG_EINVAL);
	assert_has(why.text, "1 to 32");
	o.columns = 1;
	o.rest = 0;
	o.forget = 2;
	assert_int_equal(hg_attribution_init(&a, &o, &why), HG_EINVAL);
	a = model(1, 0, 0);
	assert_int_equal(hg_attribution_row(&a, 1, x), HG_EINVAL);
	x[0] = 1;
	assert_int_equal(hg_attribution_row(&a, NAN, x), HG_EINVAL);
	assert_int_equal(hg_attribution_solve(&a, &r, &why), HG_ERANGE);
	a.n = 99;
	assert_int_equal(hg_attribution_solve(&a, &r, &why), HG_EINVAL);
}

/* ----- logs */

#define EDGES 40

/* 100 W, and 300 W in every span [k, k + half) of 230 ms; edges every 100 ms, no lag. Heat rises
 * from 50 by 0.5 C per edge and makes 1 W per degree where asked. */
static size_t make(hg_edge *log, hg_span *spans, double watts_per_c)
{
	size_t n = 0;
	double j = 0;

	for (int64_t t = 0; t < 3900; t += 230)
		spans[n++] = (hg_span){t * MS, (t + 60 + 7 * (t % 11)) * MS,
			0.001 * (double)(60 + 7 * (t % 11)), 0, 0};
	for (int k = 0; k < EDGES; k++) {
		log[k] = (hg_edge){.t_ns = k * 100 * MS,
			.energy_uj = llround(1e6 * j),
			.power_mw = HG_UNREAD,
			.clock_hz = HG_UNREAD,
			.temperature_mc = 50000 + 500 * k,
			.flags = k ? 0 : HG_EDGE_FIRST};
		for (int64_t ms = k * 100; ms < (k + 1) * 100; ms++) {
			const hg_span *s = &spans[ms / 230];

			j += 0.001 * (ms * MS < s->t1_ns ? 300 : 100);
		}
		j += 0.1 * watts_per_c * (0.5 * k + 0.25);
	}
	return n;
}

static hg_sensor sensor(void)
{
	return (hg_sensor){.size = sizeof(hg_sensor), .trusted = 1, .period_s = 0.1, .coverage = 1};
}

static void spans_and_the_rest(void **state)
{
	hg_edge log[EDGES];
	hg_span spans[EDGES];
	hg_sensor s = sensor();
	hg_attribution a = model(1, 1, 0), twice = a;
	hg_error why = {""};
	hg_rates r;
	size_t n;

	(void)state;
	n = make(log, spans, 0);
	assert_ok(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), &why);
	r = solve(&a);
	assert_int_equal(a.edges, EDGES - 1);
	assert_near(r.rate[0], 300, 1e-6);
	assert_near(r.rate[1], 100, 1e-6);
	/* edge by edge, it is the same model */
	for (size_t k = 1; k < EDGES; k++)
		assert_ok(hg_attribution_feed(&twice, log, k + 1, k, &s, spans, n, &why), &why);
	assert_int_equal(twice.edges, a.edges);
	assert_memory_equal(twice.xx, a.xx, sizeof a.xx);
	/* a reset feeds nothing wrong */
	a = model(1, 1, 0);
	for (size_t k = 20; k < EDGES; k++)
		log[k].energy_uj -= log[19].energy_uj;
	log[20].energy_uj = log[21].energy_uj;
	assert_ok(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), &why);
	assert_int_equal(a.edges, EDGES - 2);
}

static void heat_is_taken_out(void **state)
{
	hg_edge log[EDGES];
	hg_span spans[EDGES];
	hg_sensor s = sensor();
	hg_attribution a = model(1, 1, 1);
	hg_error why = {""};
	hg_energy e = {.size = sizeof e};
	hg_rates r;
	size_t n;

	(void)state;
	n = make(log, spans, 1);
	assert_ok(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), &why);
	r = solve(&a);
	assert_near(r.rate[0], 300, 1e-5);
	assert_near(r.rate[1], 100, 1e-5);
	assert_near(r.rate[2], 1, 1e-4);
	/* 60 C for a second with 60 ms of work */
	assert_ok(hg_attribution_energy(&a, &r, spans, 1, 0, 1000 * MS, 60, &e, &why), &why);
	assert_near(e.joules, 0.06 * 300 + 0.94 * 100 + 10, 1e-4);
	assert_int_equal(e.method, HG_METHOD_ATTRIBUTED);
	assert_true(isnan(e.lo) && isnan(e.hi));
}

static void spans_that_are_wrong(void **state)
{
	hg_edge log[EDGES];
	hg_span spans[EDGES];
	hg_sensor s = sensor();
	hg_attribution a = model(1, 1, 0);
	hg_error why = {""};
	size_t n;

	(void)state;
	n = make(log, spans, 0);
	spans[3].column = 1;
	assert_int_equal(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), HG_EINVAL);
	assert_has(why.text, "span 3 is of column 1");
	spans[3].column = 0;
	spans[4].t0_ns = 0;
	assert_int_equal(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), HG_EINVAL);
	assert_has(why.text, "span 4 begins before");
	spans[4].t0_ns = spans[4].t1_ns;
	assert_int_equal(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, n, &why), HG_EINVAL);
	assert_has(why.text, "span 4 ends before");
	s.coverage = 0.25;
	s.period_s = 0;
	assert_int_equal(hg_attribution_feed(&a, log, EDGES, 0, &s, spans, 3, &why), HG_EINVAL);
	assert_int_equal(a.edges, 0);
}

static void a_lag_that_cannot_be_found(void **state)
{
	hg_edge log[EDGES];
	hg_span spans[EDGES];
	hg_sensor s = sensor();
	hg_attribution_opts o = {.size = sizeof o, .columns = 1, .rest = 1};
	hg_error why = {""};
	double lag = -1;
	size_t n;

	(void)state;
	n = make(log, spans, 0);
	assert_ok(hg_attribution_fit_lag(log, EDGES, &s, spans, n, &o, 0, 0.2, &lag, NULL, &why),
		&why);
	assert_near_abs(lag, 0, 0, 1e-4);
	for (int k = 0; k < EDGES; k++)
		log[k].energy_uj = 20000000 * k; /* the work does not show */
	lag = -1;
	assert_int_equal(
		hg_attribution_fit_lag(log, EDGES, &s, spans, n, &o, 0, 0.2, &lag, NULL, &why),
		HG_EINFEASIBLE);
	assert_true(lag == -1);
	assert_int_equal(hg_attribution_fit_lag(log, 4, &s, spans, n, &o, 0, 0.2, &lag, NULL, &why),
		HG_ERANGE);
	assert_int_equal(
		hg_attribution_fit_lag(log, EDGES, &s, spans, n, &o, 1, 0.2, &lag, NULL, &why),
		HG_EINVAL);
}

static void unknown_rates_are_not_charged(void **state)
{
	hg_attribution a = model(2, 1, 0);
	hg_span spans[] = {{0, 500 * MS, 0.5, 0, 0}, {100 * MS, 600 * MS, 0.5, 1, 0}};
	hg_rates r = {.size = sizeof r,
		.n = 3,
		.rate = {100, NAN, 50},
		.state = {HG_RATE_OK, HG_RATE_REFUSED, HG_RATE_OK}};
	hg_energy e = {.size = sizeof e, .joules = 140, .t0_ns = 0, .t1_ns = 1000 * MS};
	hg_error why = {""};
	double parts[2], left;

	(void)state;
	assert_ok(hg_attribution_split(&a, &r, spans, 2, &e, parts, &left, &why), &why);
	assert_near_abs(parts[0], 100, 0, 1e-5); /* 50 of 50 + 20 */
	assert_true(parts[1] == 0 && parts[0] + parts[1] + left == 140);
	assert_int_equal(
		hg_attribution_energy(&a, &r, spans, 2, 0, 1000 * MS, NAN, &e, &why), HG_ERANGE);
	assert_has(why.text, "column 1");
	e.joules = NAN;
	assert_int_equal(hg_attribution_split(&a, &r, spans, 2, &e, parts, &left, &why), HG_EINVAL);
}

static void an_engine_finds_its_costs(void **state)
{
	hg_attribution a = model(HG_ITERATION_COLUMNS, 0, 0);
	hg_error why = {""};
	hg_member members[2] = {{100, 0, 0}, {0, 1, 900}};
	hg_iteration it = {0, 20 * MS, 100, 1, 900};
	double out[2];
	hg_rates r;

	(void)state;
	for (int i = 0; i < 60; i++) {
		double x[4] = {0.01 + 0.001 * (i % 7), 64 * (i % 3 == 0), 8 + i % 5,
			1000 + 317.0 * (i % 11)};

		assert_int_equal(hg_attribution_row(&a,
					 150 * x[0] + 0.02 * x[1] + 0.5 * x[2] + 1e-4 * x[3], x),
			HG_OK);
	}
	r = solve(&a);
	assert_near(r.rate[0], 150, 1e-5);
	assert_near(r.rate[1], 0.02, 1e-5);
	assert_near(r.rate[2], 0.5, 1e-5);
	assert_near(r.rate[3], 1e-4, 1e-5);
	/* 3 J of time are shared: 1.5 + 2 and 1.5 + 0.5 + 0.09; the whole is what they cost */
	assert_ok(hg_iteration_split(&r, &it, 5.59, members, 2, out, &why), &why);
	assert_near(out[0], 3.5, 1e-4);
	assert_near(out[1], 2.09, 1e-4);
	assert_int_equal(hg_iteration_split(&r, &it, 5.59, members, 0, out, &why), HG_EINVAL);
	members[0].prefill_tokens = -1e6;
	assert_int_equal(hg_iteration_split(&r, &it, 5.59, members, 2, out, &why), HG_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_of_exact_rows),
		cmocka_unit_test(columns_in_step_are_refused),
		cmocka_unit_test(no_rate_is_negative),
		cmocka_unit_test(bad_models_and_rows),
		cmocka_unit_test(spans_and_the_rest),
		cmocka_unit_test(heat_is_taken_out),
		cmocka_unit_test(spans_that_are_wrong),
		cmocka_unit_test(a_lag_that_cannot_be_found),
		cmocka_unit_test(unknown_rates_are_not_charged),
		cmocka_unit_test(an_engine_finds_its_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
