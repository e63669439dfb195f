/* Joint fits of devices, and collectives: known parameters come back. */
#include "near.h"

#include "core/rng.h"
#include "hardware/model/collective.h"
#include "hardware/model/device-fit.h"

#define JOBS   18
#define LIMITS 9

/** Sweeps on a device whose parameters nobody told the fit. */
struct world {
	struct figures f;
	struct work_obs obs[JOBS][LIMITS];
	struct sweep sweeps[JOBS];
};

static void world_make(struct world *w, double noise, uint64_t seed)
{
	struct prior prior;
	struct rng r;

	memset(w, 0, sizeof *w);
	w->f = (struct figures){.clock_min_hz = 1e8,
		.clock_max_hz = 1e9,
		.cap_min_w = 100,
		.cap_max_w = 300,
		.cap_default_w = 300,
		.static_w = 60,
		.clock_tree_w = 20,
		.voltage_knee = 0.6,
		.voltage_slope = 0.8,
		.lowest_clock = 0.2,
		.overlap = 4,
		.memory_w = 10,
		.gap_w = 80,
		.compute_w = 330};
	prior_default(&w->f, &prior);
	rng_init(&r, seed);
	for (size_t j = 0; j < JOBS; j++) {
		struct response response;
		double z[WORK_N];

		z[WORK_TIME] = 3.0 * rng_double(&r);
		for (size_t k = 0; k < PRIOR_N; k++)
			z[k + 1] =
				prior.mean[k] + 0.7 * sqrt(prior.covariance[k][k]) * rng_normal(&r);
		z[WORK_STATIC] = 0.0;
		response_init(&response, &w->f, NULL, z);
		for (size_t i = 0; i < LIMITS; i++) {
			hg_knobs k = {0, 100 + 25 * (double)i};
			struct response_at at;

			response_eval(&response, &k, &at);
			w->obs[j][i] = (struct work_obs){k,
				{at.ln_time + noise * rng_normal(&r),
					at.ln_power + noise * rng_normal(&r)},
				{0, 0}};
		}
		w->sweeps[j] = (struct sweep){w->obs[j], LIMITS, (unsigned)(j % 3), {0}};
	}
}

static void a_device_is_recovered_from_noisy_sweeps(void **state)
{
	static struct world w;
	struct device_fit fit = {0};
	double error = 0.0;

	(void)state;
	world_make(&w, 0.01, 3);
	fit.f = w.f;
	device_neutral(&fit.f);
	assert_int_equal(device_fit_run(&fit, w.sweeps, JOBS), HG_OK);
	for (size_t j = 0; j < JOBS; j++) {
		struct response response;

		response_init(&response, &fit.f, NULL, w.sweeps[j].z);
		for (size_t i = 0; i < LIMITS; i++) {
			struct response_at at;

			response_eval(&response, &w.obs[j][i].setting, &at);
			error += fabs(at.ln_time - w.obs[j][i].ln[0]) / (JOBS * LIMITS);
		}
	}
	/* Noise of 1 % has a mean absolute error of 0.8 %. */
	assert_true(error < 0.01);
	assert_near(fit.f.static_w, w.f.static_w, 0.25);
	assert_near(fit.f.gap_w, w.f.gap_w, 0.1);
	assert_near_abs(fit.f.voltage_knee, w.f.voltage_knee, 0, 0.12);
	assert_true(fit.sd[DEVICE_STATIC] > 0 && fit.sd[DEVICE_KNEE] > 0);
}

static void priors_and_factors_are_learnt(void **state)
{
	static struct world w;
	struct device_fit fit = {0}, again;

	(void)state;
	world_make(&w, 0.02, 4);
	fit.f = w.f;
	device_neutral(&fit.f);
	assert_int_equal(device_fit_run(&fit, w.sweeps, JOBS), HG_OK);
	device_prior_learn(&fit, w.sweeps, JOBS);
	assert_near(fit.prior.mean[WORK_GAPPOWER - 1], log(80), 0.1);
	assert_true(fit.prior.noise[0] > 0.008 && fit.prior.noise[0] < 0.03);
	again = fit;
	assert_int_equal(device_calibrate(&fit, w.sweeps, JOBS), HG_OK);
	for (size_t i = 0; i < 2 * PRIOR_SEEN; i++) {
		double widen = fit.prior.widen[i / 2][i % 2];

		assert_true(widen > 0.6 && widen < 2.4);
	}
	assert_int_equal(device_calibrate(&again, w.sweeps, JOBS), HG_OK);
	assert_memory_equal(&fit.prior, &again.prior, sizeof fit.prior);
}

/* ----- collectives */

static void collectives_recover_their_terms(void **state)
{
	struct message m[42];
	struct collective c;

	(void)state;
	for (size_t i = 0; i < 21; i++) {
		double s = ldexp(256, (int)i), t = 2e-5 + sqrt(1e-14 * s) + s / 1e11;

		m[i] = (struct message){s, t * 1.03};
		m[41 - i] = (struct message){s, t / 1.03};
	}
	assert_int_equal(collective_fit(&c, m, 42), HG_OK);
	assert_int_equal(c.n, 21);
	assert_near(c.alpha_s, 2e-5, 1e-6);
	assert_near(c.root, 1e-7, 1e-5);
	assert_near(c.inverse_rate, 1e-11, 1e-6);
	assert_near(c.noise, log(1.03) * sqrt(2), 1e-9);
	assert_near(collective_time(&c, 3e5), 2e-5 + sqrt(3e-9) + 3e-6, 1e-3);
	collective_finish(&c);
}

static void no_term_is_negative(void **state)
{
	struct message m[8];
	struct collective c;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		m[i] = (struct message){ldexp(1, (int)i), pow(ldexp(1, (int)i), 1.3)};
	assert_int_equal(collective_fit(&c, m, 8), HG_OK);
	assert_true(c.alpha_s >= 0 && c.root >= 0 && c.inverse_rate > 0);
	collective_finish(&c);
	m[3].time_s = -1;
	assert_int_equal(collective_fit(&c, m, 8), HG_EINVAL);
	assert_int_equal(collective_fit(&c, m, 0), HG_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_recovered_from_noisy_sweeps),
		cmocka_unit_test(priors_and_factors_are_learnt),
		cmocka_unit_test(collectives_recover_their_terms),
		cmocka_unit_test(no_term_is_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
