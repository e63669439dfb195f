/* What a log says about its counter: period, jitter, resolution, lag, coverage, gain, trust. */
#include <math.h>
#include <stdlib.h>

#include "counter-sim.h"
#include "near.h"

#include <hourglass/attribute.h>

#define MS INT64_C(1000000)

struct scene {
	struct csim trace;
	struct csim_edges edges;
	hg_edge log[1024];
	hg_power power[4096];
	hg_span spans[512];
	size_t n, n_power, n_spans;
	struct rng r;
};

/* Random on and off of 20 to 400 ms for some seconds, 90 and 500 W; power every 10 ms. */
static void scene_make(struct scene *s, const struct csim_counter *c, double seconds, double on_w)
{
	rng_init(&s->r, 77);
	csim_init(&s->trace);
	s->n_spans = s->n_power = 0;
	assert_int_equal(csim_add(&s->trace, &s->r, 0.5, 90, 0.01), 0);
	while (csim_length(&s->trace) < seconds) {
		double t0 = csim_length(&s->trace);

		assert_int_equal(
			csim_add(&s->trace, &s->r, 0.02 + 0.38 * rng_double(&s->r), on_w, 0.01), 0);
		s->spans[s->n_spans++] = (hg_span){csim_ns(t0), csim_ns(csim_length(&s->trace)),
			csim_length(&s->trace) - t0, 0, 0};
		assert_int_equal(
			csim_add(&s->trace, &s->r, 0.02 + 0.38 * rng_double(&s->r), 90, 0.01), 0);
	}
	assert_int_equal(csim_run(&s->trace, c, &s->r, &s->edges), 0);
	s->n = csim_poll(&s->trace, c, &s->edges, &s->r, s->log, 1024);
	for (double t = 0.01; t < csim_length(&s->trace) && s->n_power < 4096; t += 0.01)
		s->power[s->n_power++] = (hg_power){
			csim_ns(t - 0.005), llround(1e3 * csim_boxcar(&s->trace, t, 0.01))};
}

static void scene_finish(struct scene *s)
{
	csim_edges_finish(&s->edges);
	csim_finish(&s->trace);
}

static void the_rhythm_is_found(void **state)
{
	static struct scene s;
	struct csim_counter c = csim_counter_usual();
	hg_sensor got = {.size = sizeof got};
	hg_error why = {""};

	(void)state;
	scene_make(&s, &c, 30, 500);
	assert_ok(hg_sensor_fit_edges(s.log, s.n, &got, &why), &why);
	assert_near(got.period_s, 0.1, 0.003);
	assert_true(got.jitter_s > 0.0003 && got.jitter_s < 0.002);
	assert_near(got.resolution_j, 0.001, 1e-9);
	/* missed edges are no longer periods */
	for (size_t k = 1, to = 1; k < s.n; k++)
		if (k % 7)
			s.log[to++] = s.log[k];
	assert_ok(hg_sensor_fit_edges(s.log, s.n - s.n / 7 - 1, &got, &why), &why);
	assert_near(got.period_s, 0.1, 0.003);
	assert_int_equal(hg_sensor_fit_edges(s.log, 10, &got, &why), HG_ERANGE);
	/* reads at random are no rhythm */
	for (size_t k = 1; k < 100; k++)
		s.log[k].t_ns = s.log[k - 1].t_ns + csim_ns(0.02 * pow(30, rng_double(&s.r)));
	assert_int_equal(hg_sensor_fit_edges(s.log, 100, &got, &why), HG_EINFEASIBLE);
	scene_finish(&s);
}

static void the_response_is_found(void **state)
{
	static struct scene s;
	static const double coverages[] = {1, 0.25, 0.5};
	hg_error why = {""};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct csim_counter c = csim_counter_usual();
		hg_sensor got = csim_sensor(&c);

		c.coverage = coverages[i];
		c.lag_s = 0.02 + 0.03 * (double)i;
		got.lag_s = 0;
		got.coverage = 0;
		scene_make(&s, &c, 20, 500);
		assert_ok(hg_sensor_fit_response(s.log, s.n, s.spans, s.n_spans, 1, &got, &why),
			&why);
		assert_near_abs(got.lag_s, c.lag_s, 0, 0.003);
		assert_near_abs(got.coverage, c.coverage, 0, 0.051);
		assert_true(got.lag_sd_s > 0 && got.lag_sd_s < 0.005);
		scene_finish(&s);
	}
}

static void the_gain_is_found(void **state)
{
	static struct scene s;
	struct csim_counter c = csim_counter_usual();
	hg_sensor got = csim_sensor(&c);
	hg_error why = {""};
	double sd;

	(void)state;
	c.gain = 0.945;
	scene_make(&s, &c, 20, 500);
	for (size_t k = 0; k < s.n; k++) /* and an offset of 4.6 W */
		s.log[k].energy_uj += llround(4.6e-3 * (double)s.log[k].t_ns);
	assert_ok(hg_sensor_fit_gain(s.log, s.n, s.power, s.n_power, &got, &sd, &why), &why);
	assert_near(got.gain, 0.945, 0.008);
	assert_near_abs(got.offset_w, 4.6, 0, 1.5);
	assert_true(fabs(got.gain - 0.945) < 5 * sd);
	scene_finish(&s);
	/* one level only: no offset is invented */
	scene_make(&s, &c, 20, 90);
	got = csim_sensor(&c);
	got.offset_w = 3;
	assert_ok(hg_sensor_fit_gain(s.log, s.n, s.power, s.n_power, &got, NULL, &why), &why);
	assert_near(got.gain, 0.945, 0.005);
	assert_true(got.offset_w == 0);
	assert_int_equal(hg_sensor_fit_gain(s.log, s.n, s.power, 20, &got, NULL, &why), HG_ERANGE);
	scene_finish(&s);
}

static void trust_is_earned(void **state)
{
	static struct scene s;
	struct csim_counter c = csim_counter_usual();
	hg_sensor got = csim_sensor(&c);
	hg_sensor_test t = {.size = sizeof t};
	hg_error why = {""};

	(void)state;
	scene_make(&s, &c, 5, 500);
	got.trusted = 0;
	assert_ok(hg_sensor_check(s.log, s.n, s.power, s.n_power, &got, &t, &why), &why);
	assert_int_equal(got.trusted, 1);
	assert_near(t.ratio, 1, 0.02);
	/* too short to say anything: it stays as it was */
	assert_int_equal(hg_sensor_check(s.log, 20, s.power, s.n_power, &got, &t, &why), HG_ERANGE);
	assert_int_equal(got.trusted, 1);
	/* half the truth */
	for (size_t i = 0; i < s.n_power; i++)
		s.power[i].power_mw *= 2;
	assert_int_equal(
		hg_sensor_check(s.log, s.n, s.power, s.n_power, &got, &t, &why), HG_EDEVICE);
	assert_int_equal(got.trusted, 0);
	assert_has(why.text, "apart");
	/* frozen */
	for (size_t k = 0; k < s.n; k++)
		s.log[k].energy_uj = 5;
	assert_int_equal(
		hg_sensor_check(s.log, s.n, s.power, s.n_power, &got, NULL, &why), HG_EDEVICE);
	assert_has(why.text, "frozen");
	s.log[20].energy_uj = 0;
	assert_int_equal(
		hg_sensor_check(s.log, s.n, s.power, s.n_power, &got, &t, &why), HG_EDEVICE);
	assert_has(why.text, "went back");
	assert_true(t.resets > 0);
	scene_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rhythm_is_found),
		cmocka_unit_test(the_response_is_found),
		cmocka_unit_test(the_gain_is_found),
		cmocka_unit_test(trust_is_earned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
