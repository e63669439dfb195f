/* Fits of a workload: parameters come back from noisy observations, intervals keep their word. */
#include "device.h"
#include "near.h"

#include "core/rng.h"
#include "hardware/model/fit-table.h"
#include "hardware/model/linear.h"
#include "hardware/model/observe.h"
#include "hardware/model/walk.h"

#include <hourglass/fit.h>
#include <hourglass/frontier.h>

#define LIMITS 11

static double limit(const hg_model *m, size_t i)
{
	return m->f.cap_min_w +
	       (m->f.cap_max_w - m->f.cap_min_w) * (double)i / (double)(LIMITS - 1);
}

/* A workload that the prior expects. */
static void draw_work(struct rng *r, const struct prior *p, double z[WORK_N])
{
	double l[PRIOR_N * PRIOR_N], e[PRIOR_N];

	memcpy(l, p->covariance, sizeof l);
	assert_true(cholesky(l, PRIOR_N));
	z[WORK_TIME] = 4.0 * rng_double(r) - 2.0;
	for (size_t i = 0; i < PRIOR_N; i++) {
		e[i] = rng_normal(r);
		z[i + 1] = p->mean[i];
		for (size_t j = 0; j <= i; j++)
			z[i + 1] += l[i * PRIOR_N + j] * e[j];
	}
}

static hg_obs observation(const hg_knobs *k, double ln_time, double ln_power)
{
	return (hg_obs){*k, exp(ln_time), exp(ln_time + ln_power), 0, 0};
}

static hg_obs truth(const struct figures *f, const double z[WORK_N], const hg_knobs *k)
{
	struct response c;
	struct response_at at;

	response_init(&c, f, NULL, z);
	response_eval(&c, k, &at);
	return observation(k, at.ln_time, at.ln_power);
}

static hg_fit *fit_of(const hg_model *m, const hg_obs *obs, size_t n)
{
	hg_fit *fit;
	hg_error why;

	assert_ok(hg_fit_create(m, obs, n, NULL, &fit, &why), &why);
	return fit;
}

static hg_forecast forecast(const hg_fit *fit, const hg_knobs *k)
{
	hg_forecast at = {.size = sizeof at};

	assert_int_equal(hg_fit_predict(fit, k, &at), HG_OK);
	return at;
}

/* ----- recovery */

static void exact_observations_give_the_parameters_back(void **state)
{
	struct work want = {2.0, 0.15, 0.8, 600.0, 130.0, 1.0};
	hg_model *m = device("h100-sxm");
	hg_fit_report got = {.size = sizeof got};
	hg_obs obs[2 * LIMITS];
	double z[WORK_N];
	hg_fit *fit;

	(void)state;
	work_to(&want, z);
	for (size_t i = 0; i < LIMITS; i++) {
		hg_knobs cap = {0, limit(m, i)};
		hg_knobs lock = {m->f.clock_max_hz * (0.25 + 0.07 * (double)i), 0};

		obs[2 * i] = truth(&m->f, z, &cap);
		obs[2 * i + 1] = truth(&m->f, z, &lock);
		obs[2 * i].time_rsd = obs[2 * i].energy_rsd = 0.003;
		obs[2 * i + 1].time_rsd = obs[2 * i + 1].energy_rsd = 0.003;
	}
	fit = fit_of(m, obs, 2 * LIMITS);
	hg_fit_get_report(fit, &got);
	assert_int_equal(got.n, 2 * LIMITS);
	assert_near(got.time_s, want.time_s, 0.01);
	assert_near_abs(got.gap, want.gap, 0, 0.03);
	assert_near_abs(got.compute, want.compute, 0, 0.05);
	assert_near(got.compute_w, want.power_w, 0.05);
	assert_near(got.gap_w, want.gap_power_w, 0.25);
	assert_true(got.physics_time_mape < 0.003 && got.physics_energy_mape < 0.003);
	hg_fit_destroy(fit);
	hg_model_destroy(m);
}

/* Errors of T, D and of all limits after noisy sweeps, in the sds that the fit itself states. */
static void noisy_sweeps_recover_within_their_own_sds(void **state)
{
	hg_model *m = device("v100");
	struct prior prior;
	struct rng r;
	double squares[2] = {0, 0};
	int n = 0;

	(void)state;
	rng_init(&r, 11);
	prior_of(m, &prior);
	for (int round = 0; round < 60; round++, n++) {
		hg_fit_report got = {.size = sizeof got};
		hg_obs obs[LIMITS];
		double z[WORK_N], off;
		struct work want;
		hg_fit *fit;

		draw_work(&r, &prior, z);
		want = work_of(z);
		for (size_t i = 0; i < LIMITS; i++) {
			hg_knobs cap = {0, limit(m, i)};

			obs[i] = truth(&m->f, z, &cap);
			obs[i].energy_j *= exp(prior.noise[1] * rng_normal(&r));
			off = exp(prior.noise[0] * rng_normal(&r));
			obs[i].time_s *= off;
			obs[i].energy_j *= off;
		}
		fit = fit_of(m, obs, LIMITS);
		hg_fit_get_report(fit, &got);
		off = log(got.time_s / want.time_s) / got.time_ln_sd;
		squares[0] += off * off;
		off = (got.compute_w - want.power_w) / got.compute_w_sd;
		squares[1] += fmin(off * off, 9.0);
		hg_fit_destroy(fit);
	}
	/* Chi-squared over 60: sd 0.18, and the prior's walk, not drawn here, widens. */
	assert_true(squares[0] / n < 1.6 && squares[0] / n > 0.2);
	assert_true(squares[1] / n < 1.6 && squares[1] / n > 0.2);
	hg_model_destroy(m);
}

/* ----- intervals */

/** A device that does what the prior says: physics, a random walk down the clock, noise. */
struct nature {
	double at[2][LIMITS]; /* ln time, ln power without noise */
};

static void nature_draw(struct rng *r, const hg_model *m, const struct prior *p, struct nature *out)
{
	double z[WORK_N], walk[2] = {0, 0}, s = 0.0;
	struct response c;

	draw_work(r, p, z);
	response_init(&c, &m->f, NULL, z);
	for (size_t i = LIMITS; i-- > 0;) {
		hg_knobs cap = {0, limit(m, i)};
		struct response_at at;

		response_eval(&c, &cap, &at);
		for (size_t k = 0; k < 2; k++)
			walk[k] += sqrt(p->walk[k] * fmax(0.0, -log(at.x) - s)) * rng_normal(r);
		s = -log(at.x);
		out->at[0][i] = at.ln_time + walk[0];
		out->at[1][i] = at.ln_power + walk[1];
	}
}

static void intervals_cover_what_they_say(void **state)
{
	static const size_t probes[] = {0, 3, LIMITS - 1};
	hg_model *m = device("a40");
	double in[2] = {0, 0}, n = 0;
	struct prior prior;
	struct rng r;

	(void)state;
	rng_init(&r, 5);
	prior_of(m, &prior);
	prior_widen_all(&prior, 1.0, 1.0);
	for (int round = 0; round < 150; round++) {
		struct work_obs obs[3];
		struct nature nature;
		struct work_fit fit;

		nature_draw(&r, m, &prior, &nature);
		for (size_t i = 0; i < 3; i++) {
			obs[i] = (struct work_obs){.setting = {0, limit(m, probes[i])}};
			for (size_t k = 0; k < 2; k++)
				obs[i].ln[k] =
					nature.at[k][probes[i]] + prior.noise[k] * rng_normal(&r);
		}
		assert_int_equal(work_fit_init(&fit, &m->f, &prior, obs, 3), HG_OK);
		for (size_t i = 0; i < LIMITS; i++) {
			hg_knobs cap = {0, limit(m, i)};
			struct work_forecast at;
			double time = nature.at[0][i] + prior.noise[0] * rng_normal(&r);
			double power = nature.at[1][i] + prior.noise[1] * rng_normal(&r);

			work_fit_forecast(&fit, &cap, &at);
			in[0] += fabs(at.ln[0] - time) <= 1.2816 * at.sd[0];
			in[1] += fabs(at.ln[2] - time - power) <= 1.2816 * at.sd[2];
			n++;
		}
		work_fit_finish(&fit);
	}
	for (size_t k = 0; k < 2; k++) {
		print_message("80 %% intervals cover %.1f %%\n", 100 * in[k] / n);
		assert_true(in[k] / n > 0.74 && in[k] / n < 0.86);
	}
	hg_model_destroy(m);
}

static void confidence_widens_intervals(void **state)
{
	hg_fit_options wide = {.size = sizeof wide, .confidence = 0.99};
	hg_model *m = device("h100");
	hg_obs obs = {{0, 700}, 1.0, 500.0, 0, 0};
	hg_knobs k = {0, 400};
	hg_forecast a, b;
	hg_fit *fit, *other;
	hg_error why;

	(void)state;
	fit = fit_of(m, &obs, 1);
	assert_ok(hg_fit_create(m, &obs, 1, &wide, &other, &why), &why);
	a = forecast(fit, &k);
	b = forecast(other, &k);
	assert_true(a.time_s == b.time_s && a.time_rsd == b.time_rsd);
	assert_near(log(a.time_high_s / a.time_s), 1.2815515655 * a.time_rsd, 1e-5);
	assert_near(log(b.time_high_s / b.time_s), 2.5758293035 * b.time_rsd, 1e-5);
	assert_true(b.energy_low_j < a.energy_low_j && a.energy_low_j < a.energy_j);
	hg_fit_destroy(fit);
	hg_fit_destroy(other);
	hg_model_destroy(m);
}

/* ----- observations anchor */

static void probes_are_met_and_their_neighbours_follow(void **state)
{
	/* 30 % slower at the low limit than any physics of these five numbers with the rest. */
	hg_obs obs[3] = {{{0, 200}, 3.9, 760, .003, .003}, {{0, 450}, 1.1, 470, .003, .003},
		{{0, 700}, 1.0, 600, .003, .003}};
	hg_model *m = device("h100");
	hg_fit *fit = fit_of(m, obs, 3);
	hg_knobs near_one = {0, 205};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		hg_forecast at = forecast(fit, &obs[i].setting);

		assert_near(at.time_s, obs[i].time_s, 0.03);
		assert_near(at.energy_j, obs[i].energy_j, 0.03);
		assert_int_equal(at.nearest, i);
		assert_int_equal(at.origin, HG_ORIGIN_FITTED | HG_ORIGIN_MEASURED);
	}
	assert_near(forecast(fit, &near_one).time_s, 3.8, 0.08);
	assert_int_equal(forecast(fit, &near_one).origin, HG_ORIGIN_FITTED);
	hg_fit_destroy(fit);
	hg_model_destroy(m);
}

/* What hg_fit_predict() interpolates, against the kriging itself. */
static void tables_tell_what_kriging_tells(void **state)
{
	hg_model *m = device("a40");
	struct prior prior;
	struct rng r;

	(void)state;
	rng_init(&r, 21);
	prior_of(m, &prior);
	for (int round = 0; round < 20; round++) {
		struct work_obs obs[3];
		struct nature nature;
		struct fit_table table;
		struct work_fit fit;
		hg_error why;

		nature_draw(&r, m, &prior, &nature);
		for (size_t i = 0; i < 3; i++)
			obs[i] = (struct work_obs){{0, limit(m, 5 * i)},
				{nature.at[0][5 * i], nature.at[1][5 * i]}, {0, 0}};
		assert_int_equal(work_fit_init(&fit, &m->f, &prior, obs, 3), HG_OK);
		assert_ok(fit_table_init(&table, &fit, &why), &why);
		for (int i = 0; i < 40; i++) {
			hg_knobs k = {i % 2 ? m->f.clock_max_hz * (0.3 + 0.7 * rng_double(&r)) : 0,
				100 + 200 * rng_double(&r)};
			struct work_forecast exact, fast;

			work_fit_forecast(&fit, &k, &exact);
			assert_int_equal(fit_table_forecast(&table, &k, &fast), HG_OK);
			assert_near_abs(fast.ln[0], exact.ln[0], 0, 0.006);
			assert_near_abs(fast.ln[2], exact.ln[2], 0, 0.006);
			/* They jump where the voltage bends and where the cap begins. */
			assert_near_abs(fast.sd[0], exact.sd[0], 0.2, 0.002);
			assert_near_abs(fast.sd[2], exact.sd[2], 0.2, 0.002);
			assert_int_equal(fast.flags, exact.flags);
		}
		fit_table_finish(&table);
		work_fit_finish(&fit);
	}
	hg_model_destroy(m);
}

static void same_input_gives_the_same_bytes(void **state)
{
	hg_obs obs[2] = {{{0, 100}, 3.0, 300, 0, 0}, {{0, 300}, 1.0, 250, 0, 0}};
	hg_model *m = device("a40");

	(void)state;
	for (int i = 0; i < 3; i++) {
		static hg_forecast first;
		hg_fit *fit = fit_of(m, obs, 2);
		hg_knobs k = {0, 175};
		hg_forecast at = forecast(fit, &k);

		if (i == 0)
			first = at;
		assert_memory_equal(&first, &at, sizeof at);
		hg_fit_destroy(fit);
	}
	hg_model_destroy(m);
}

static void an_outlier_among_many_is_outvoted(void **state)
{
	struct work work = {1.0, 0.1, 0.8, 350.0, 80.0, 1.0};
	hg_model *m = device("a40");
	hg_knobs asked = {0, 210};
	hg_obs obs[LIMITS], want;
	double z[WORK_N];
	hg_fit *fit;

	(void)state;
	work_to(&work, z);
	for (size_t i = 0; i < LIMITS; i++) {
		hg_knobs cap = {0, limit(m, i)};

		obs[i] = truth(&m->f, z, &cap);
	}
	want = truth(&m->f, z, &asked);
	obs[6].time_s *= 5.0;
	obs[6].energy_j *= 5.0;
	fit = fit_of(m, obs, LIMITS);
	assert_near(forecast(fit, &asked).time_s, want.time_s, 0.12);
	hg_fit_destroy(fit);
	hg_model_destroy(m);
}

/* ----- what is refused, and what is named */

static void bad_input_is_refused_by_name(void **state)
{
	static const struct {
		hg_obs obs;
		hg_err code;
		const char *text;
	} cases[] = {
		{{{0, 200}, 0, 1, 0, 0}, HG_EINVAL,
			"observation 1: time: expected seconds above 0"},
		{{{0, 200}, -1, 1, 0, 0}, HG_EINVAL, "found -1"},
		{{{0, 200}, 1, NAN, 0, 0}, HG_EINVAL, "energy or power: expected above 0"},
		{{{0, 200}, 1, INFINITY, 0, 0}, HG_EINVAL, "energy"},
		{{{0, 200}, 1, 1, -0.1, 0}, HG_EINVAL, "relative standard deviation"},
		{{{0, 900}, 1, 1, 0, 0}, HG_ERANGE, "a limit of 100 to 300 W"},
		{{{1e6, 0}, 1, 1, 0, 0}, HG_ERANGE, "a clock of 210 to 1740 MHz"},
	};
	hg_model *m = device("a40");
	hg_fit *fit;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_obs obs[2] = {{{0, 300}, 1, 200, 0, 0}, cases[i].obs};

		assert_int_equal(hg_fit_create(m, obs, 2, NULL, &fit, &why), cases[i].code);
		assert_null(fit);
		assert_has(why.text, cases[i].text);
	}
	assert_int_equal(hg_fit_create(m, NULL, 0, NULL, &fit, &why), HG_EINVAL);
	hg_model_destroy(m);
}

static void sweep(const hg_model *m, hg_obs obs[LIMITS])
{
	struct work work = {10.0, 0.15, 0.8, 350.0, 80.0, 1.0};
	double z[WORK_N];

	work_to(&work, z);
	for (size_t i = 0; i < LIMITS; i++) {
		hg_knobs cap = {0, limit(m, i)};

		obs[i] = truth(&m->f, z, &cap);
	}
}

static void bad_observations_are_named(void **state)
{
	hg_model *m = device("a40");
	hg_obs_issue issues[LIMITS];
	hg_obs obs[LIMITS];
	hg_error why;
	size_t n;

	(void)state;
	sweep(m, obs);
	assert_ok(hg_obs_check(m, obs, LIMITS, issues, &n, &why), &why);
	assert_int_equal(n, 0);
	obs[1].energy_j *= 1e3;
	obs[3].time_s *= 1e3;
	obs[4].energy_j = -1;
	obs[7].time_s *= 2.5;
	obs[7].energy_j *= 2.5;
	obs[8].setting.cap_w = 1000;
	assert_ok(hg_obs_check(m, obs, LIMITS, issues, &n, &why), &why);
	assert_int_equal(n, 5);
	assert_int_equal(issues[0].index, 1);
	assert_int_equal(issues[0].fault, HG_OBS_UNIT);
	assert_has(issues[0].text, "mJ");
	assert_int_equal(issues[1].index, 3);
	assert_has(issues[1].text, "ms");
	assert_int_equal(issues[2].fault, HG_OBS_NOT_POSITIVE);
	assert_int_equal(issues[3].index, 7);
	assert_int_equal(issues[3].fault, HG_OBS_WORK);
	assert_has(issues[3].text, "the time is 2.");
	assert_int_equal(issues[4].fault, HG_OBS_SETTING);
	hg_model_destroy(m);
}

static void two_settings_with_different_work_are_named(void **state)
{
	hg_obs obs[2] = {{{0, 100}, 900.0, 9e4, 0, 0}, {{0, 300}, 1.0, 250, 0, 0}};
	hg_model *m = device("a40");
	hg_obs_issue issues[2];
	hg_error why;
	size_t n;

	(void)state;
	assert_ok(hg_obs_check(m, obs, 2, issues, &n, &why), &why);
	assert_int_equal(n, 1);
	assert_int_equal(issues[0].fault, HG_OBS_WORK);
	/* within what clocks do to time, but the wrong way round: more power, and slower */
	obs[0] = (hg_obs){{0, 100}, 1.5, 140, 0, 0};
	obs[1] = (hg_obs){{0, 300}, 6.0, 1500, 0, 0};
	assert_ok(hg_obs_check(m, obs, 2, issues, &n, &why), &why);
	assert_int_equal(n, 1);
	assert_has(issues[0].text, "the time is 4 times");
	obs[1] = (hg_obs){{0, 300}, 1.0, 250, 0, 0};
	assert_ok(hg_obs_check(m, obs, 2, issues, &n, &why), &why);
	assert_int_equal(n, 0);
	hg_model_destroy(m);
}

static void units_of_settings_are_guessed(void **state)
{
	static const struct {
		hg_knobs setting;
		const char *text;
	} cases[] = {{{0, 2e5}, "a limit of 100 to 300 W, found 200000; is it in mW?"},
		{{0, 0.2}, "found 0.2; is it in kW?"},
		{{0, 350}, "a limit of 100 to 300 W, found 350"},
		{{1.2e15, 0}, "a clock of 210 to 1740 MHz, found 1.2e+09; is it in Hz?"},
		{{1.2e6, 0}, "found 1.2; is it in GHz?"}, {{1.2e12, 0}, "is it in kHz?"}};
	hg_model *m = device("a40");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const hg_obs obs = {cases[i].setting, 1, 200, 0, 0};
		hg_obs_issue issue;
		hg_error why;
		size_t n;

		assert_ok(hg_obs_check(m, &obs, 1, &issue, &n, &why), &why);
		assert_int_equal(n, 1);
		assert_int_equal(issue.fault, HG_OBS_SETTING);
		assert_has(issue.text, cases[i].text);
	}
	hg_model_destroy(m);
}

/* A cap below what the lowest clock draws is an answer. */
static void infeasible_caps_say_so(void **state)
{
	struct work work = {1.0, 0.0, 0.9, 2000.0, 80.0, 1.0};
	hg_model *m = device("a40");
	hg_obs obs[2];
	double z[WORK_N];
	hg_knobs k = {0, 100};
	hg_forecast at;
	hg_fit *fit;

	(void)state;
	work_to(&work, z);
	m->f.static_w = 95.0;
	obs[0] = truth(&m->f, z, &k);
	obs[1] = truth(&m->f, z, &(hg_knobs){0, 300});
	assert_true(obs[0].energy_j / obs[0].time_s > 100.0);
	fit = fit_of(m, obs, 2);
	at = forecast(fit, &k);
	assert_int_equal(at.flags, HG_CAP_INFEASIBLE);
	assert_true(at.energy_j / at.time_s > 100.0);
	k.cap_w = 99;
	assert_int_equal(hg_fit_predict(fit, &k, &at), HG_ERANGE);
	hg_fit_destroy(fit);
	hg_model_destroy(m);
}

#define SEEN 40

/* Sums that no order of rows changes: determinant, a' K^-1 a and a' K^-1 b. */
static void walks_whiten_as_dense_factors_do(void **state)
{
	static double k[SEEN * SEEN];
	struct walk_step steps[SEEN];
	double s[SEEN], noise[SEEN], a[SEEN], b[SEEN], x[SEEN], y[SEEN];
	double ln = 0.0, dense[2] = {0, 0}, fast[2] = {0, 0};
	struct rng r;

	(void)state;
	rng_init(&r, 7);
	for (size_t i = 0; i < SEEN; i++) {
		/* unsorted, with repeats and with full clocks, where there is no walk */
		s[i] = i % 4 == 3 ? s[i - 3] : i % 10 == 1 ? 0.0 : rng_double(&r);
		noise[i] = 0.01 + rng_double(&r);
		a[i] = x[i] = rng_normal(&r);
		b[i] = y[i] = rng_normal(&r);
		for (size_t j = 0; j <= i; j++)
			k[i * SEEN + j] = 3.0 * fmin(s[i], s[j]) + (i == j ? noise[i] : 0.0);
	}
	assert_true(cholesky(k, SEEN));
	cholesky_forward(k, SEEN, a);
	cholesky_forward(k, SEEN, b);
	assert_true(walk_set(steps, SEEN, s, noise, 3.0));
	walk_whiten(steps, SEEN, x);
	walk_whiten(steps, SEEN, y);
	for (size_t i = 0; i < SEEN; i++) {
		ln += 2.0 * log(k[i * SEEN + i]);
		dense[0] += a[i] * a[i];
		dense[1] += a[i] * b[i];
		fast[0] += x[i] * x[i];
		fast[1] += x[i] * y[i];
	}
	assert_near(walk_log_determinant(steps, SEEN), ln, 1e-9);
	assert_near(fast[0], dense[0], 1e-9);
	assert_near(fast[1], dense[1], 1e-9);
	noise[5] = -10.0;
	assert_false(walk_set(steps, SEEN, s, noise, 3.0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_whiten_as_dense_factors_do),
		cmocka_unit_test(exact_observations_give_the_parameters_back),
		cmocka_unit_test(noisy_sweeps_recover_within_their_own_sds),
		cmocka_unit_test(intervals_cover_what_they_say),
		cmocka_unit_test(confidence_widens_intervals),
		cmocka_unit_test(probes_are_met_and_their_neighbours_follow),
		cmocka_unit_test(tables_tell_what_kriging_tells),
		cmocka_unit_test(same_input_gives_the_same_bytes),
		cmocka_unit_test(an_outlier_among_many_is_outvoted),
		cmocka_unit_test(bad_input_is_refused_by_name),
		cmocka_unit_test(bad_observations_are_named),
		cmocka_unit_test(two_settings_with_different_work_are_named),
		cmocka_unit_test(units_of_settings_are_guessed),
		cmocka_unit_test(infeasible_caps_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
