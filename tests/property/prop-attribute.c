/*
 * Attribution on simulated servers: errors stay below what is promised, parts add up to the whole,
 * least squares agree with trying every set of columns.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/measure/nnls.h"
#include "near.h"
#include "phase-sim.h"

#define SEED 20261129u

static size_t many(size_t few)
{
	const char *deep = getenv("HG_LONG");

	return deep && *deep && strcmp(deep, "0") != 0 ? 10 * few : few;
}

static void assert_error(const struct mt_error *e, double mean, double sd)
{
	if (!(fabs(e->mean) <= mean && mt_sd(e) <= sd))
		fail_msg("error %+.3f +- %.3f %%, allowed %.3f +- %.3f %%", 100 * e->mean,
			100 * mt_sd(e), 100 * mean, 100 * sd);
}

static struct phase_row row_of(double seconds, double coverage, enum phase_lag lag)
{
	struct phase_case what = {seconds, coverage, lag, many(30), SEED};
	struct phase_row row;

	assert_int_equal(phase_table(&what, &row, NULL, NULL), 0);
	assert_int_equal(row.failed, 0);
	return row;
}

static void errors_of_phases(void **state)
{
	struct phase_row row;

	(void)state;
	row = row_of(5, 1, LAG_FITTED);
	assert_error(&row.rate[PHASE_DECODE], 0.0005, 0.0013);
	assert_error(&row.rate[PHASE_PREFILL], 0.002, 0.006);
	assert_true(fabs(row.lag_ms.mean) < 0.5 && mt_sd(&row.lag_ms) < 1.2);
	assert_true(mt_sd(&row.z) < 1);
	row = row_of(5, 0.25, LAG_FITTED);
	assert_error(&row.rate[PHASE_DECODE], 0.0005, 0.0015);
	assert_error(&row.rate[PHASE_PREFILL], 0.002, 0.007);
	/* why the lag must be known */
	row = row_of(20, 1, LAG_WRONG);
	assert_true(fabs(row.rate[PHASE_IDLE].mean) > 0.05);
}

static void a_model_sees_what_its_counter_does_not(void **state)
{
	struct window_row row;

	(void)state;
	assert_int_equal(phase_windows(1, many(6), SEED, &row), 0);
	assert_true(mt_sd(&row.naive) > 0.1);
	assert_error(&row.model, 0.003, 0.005);
}

/* ----- conservation */

/* Adds up in the order promised. */
static double sum_of(const double *parts, size_t n, double unattributed)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += parts[i];
	return sum + unattributed;
}

static void parts_add_up(double coverage)
{
	struct csim_counter c = phase_counter(coverage);
	hg_attribution_opts o = {.size = sizeof o, .columns = 2, .rest = 1};
	hg_sensor s = csim_sensor(&c);
	hg_attribution a;
	hg_rates rates = {.size = sizeof rates};
	hg_error why = {""};
	struct phase_run p;
	struct rng r;

	rng_init(&r, SEED + 1);
	phase_init(&p);
	assert_int_equal(phase_simulate(&p, &c, 10, &r), 0);
	assert_ok(hg_attribution_init(&a, &o, &why), &why);
	assert_ok(hg_attribution_feed(&a, p.log, p.n, 0, &s, p.spans, p.n_spans, &why), &why);
	assert_ok(hg_attribution_solve(&a, &rates, &why), &why);
	for (size_t i = 0; i < many(300); i++) {
		hg_energy e = {.size = sizeof e};
		int64_t t0 = csim_ns(0.5 + 7 * rng_double(&r));
		int64_t t1 = t0 + csim_ns(2 * rng_double(&r) * rng_double(&r));
		double parts[2], left;

		if (coverage < 1)
			assert_ok(hg_attribution_energy(
					  &a, &rates, p.spans, p.n_spans, t0, t1, NAN, &e, &why),
				&why);
		else
			assert_ok(hg_energy_window(p.log, p.n, &s, t0, t1, 0, &e, &why), &why);
		assert_ok(hg_attribution_split(
				  &a, &rates, p.spans, p.n_spans, &e, parts, &left, &why),
			&why);
		assert_true(parts[0] >= 0 && parts[1] >= 0 && left >= 0);
		assert_true(sum_of(parts, 2, left) == e.joules);
	}
	phase_finish(&p);
}

static void parts_add_up_to_the_whole(void **state)
{
	(void)state;
	parts_add_up(1);
	parts_add_up(0.25);
}

static void members_add_up_to_the_iteration(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 2);
	for (size_t i = 0; i < many(2000); i++) {
		hg_rates rates = {.size = sizeof rates,
			.n = HG_ITERATION_COLUMNS,
			.rate = {200 * rng_double(&r), 0.1 * rng_double(&r), 3 * rng_double(&r),
				1e-4 * rng_double(&r)}};
		hg_iteration it = {0, csim_ns(rng_double(&r)), 0, 0, 0};
		hg_member members[16];
		size_t n = 1 + rng_below(&r, 16);
		double out[16], total = 100 * rng_double(&r), sum = 0;

		if (rng_below(&r, 4) == 0)
			rates.state[rng_below(&r, 4)] = HG_RATE_REFUSED;
		for (size_t k = 0; k < n; k++)
			members[k] = (hg_member){(double)rng_below(&r, 500),
				(double)rng_below(&r, 2), (double)rng_below(&r, 4000)};
		assert_int_equal(
			hg_iteration_split(&rates, &it, total, members, n, out, NULL), HG_OK);
		for (size_t k = 0; k < n; k++) {
			assert_true(out[k] >= 0);
			sum += out[k];
		}
		assert_true(sum == nearbyint(total * 1048576) / 1048576);
	}
}

static void tenants_add_up_to_the_device(void **state)
{
	struct rng r;
	hg_mig m;

	(void)state;
	rng_init(&r, SEED + 4);
	assert_int_equal(hg_mig_init(&m, 2, 90, 0, NULL), HG_OK);
	for (size_t i = 0; i < many(3000); i++) {
		hg_tenant t[7];
		size_t n = rng_below(&r, 8);
		double parts[7] = {0}, left, total = pow(10, 6 * rng_double(&r) - 2), sum = 0;
		hg_idle_policy policy = (hg_idle_policy)rng_below(&r, 4);

		for (size_t k = 0; k < n; k++)
			t[k] = (hg_tenant){(double)rng_below(&r, 3), rng_double(&r) / 7,
				(double)rng_below(&r, 2) * 1e9, {rng_double(&r), rng_double(&r)}};
		assert_int_equal(hg_mig_update(&m, 100 + 300 * rng_double(&r), t, n, NULL), HG_OK);
		if (i % 2)
			assert_int_equal(hg_share(total, total * rng_double(&r) * 1.2, t, n, policy,
						 parts, &left, NULL),
				HG_OK);
		else
			assert_int_equal(
				hg_mig_split(&m, total, 2, t, n, policy, parts, &left, NULL),
				HG_OK);
		for (size_t k = 0; k < n; k++) {
			assert_true(parts[k] >= 0);
			sum += parts[k];
		}
		assert_true(left >= 0);
		assert_near_abs(sum + left, total, 0, 1.0 / 1048576);
		assert_true(nearbyint((sum + left) * 1048576) == (sum + left) * 1048576);
	}
}

/* ----- least squares */

/* The best of all sets of free columns, for n small: least x'Ax/2 - b'x with x >= 0. */
static double brute(const double *a, const double *b, size_t n)
{
	double best = 0;

	for (unsigned set = 1; set < 1u << n; set++) {
		double sub[25], x[5] = {0}, value = 0;
		size_t index[5], m = 0;
		bool good = true;

		for (size_t i = 0; i < n; i++)
			if (set >> i & 1)
				index[m++] = i;
		for (size_t i = 0; i < m; i++)
			for (size_t j = 0; j < m; j++)
				sub[i * m + j] = a[index[i] * n + index[j]];
		if (!spd_invert(sub, m))
			continue;
		for (size_t i = 0; i < m; i++) {
			for (size_t j = 0; j < m; j++)
				x[i] += sub[i * m + j] * b[index[j]];
			good = good && x[i] >= 0;
			value -= x[i] * b[index[i]] / 2;
		}
		if (good && value < best)
			best = value;
	}
	return best;
}

static void nnls_is_the_best_of_all_sets(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 3);
	for (size_t round = 0; round < many(3000); round++) {
		size_t n = 1 + rng_below(&r, 5), rows = n + rng_below(&r, 6);
		double a[25] = {0}, b[5] = {0}, value = 0, want;
		double unit = pow(10, (double)rng_below(&r, 7) - 3);
		struct nnls s;

		for (size_t k = 0; k < rows; k++) {
			double x[5], y = rng_normal(&r);

			for (size_t i = 0; i < n; i++)
				x[i] = fabs(rng_normal(&r)) * (i == 0 ? unit : 1);
			for (size_t i = 0; i < n; i++) {
				b[i] += x[i] * y;
				for (size_t j = 0; j < n; j++)
					a[i * n + j] += x[i] * x[j];
			}
		}
		nnls_solve(a, b, n, &s);
		for (size_t i = 0; i < n; i++) {
			assert_true(s.x[i] >= 0);
			value -= b[i] * s.x[i];
			for (size_t j = 0; j < n; j++)
				value += s.x[i] * s.x[j] * a[i * n + j] / 2;
		}
		want = brute(a, b, n);
		assert_near_abs(value, want, 1e-7, 1e-9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_phases),
		cmocka_unit_test(a_model_sees_what_its_counter_does_not),
		cmocka_unit_test(parts_add_up_to_the_whole),
		cmocka_unit_test(members_add_up_to_the_iteration),
		cmocka_unit_test(tenants_add_up_to_the_device),
		cmocka_unit_test(nnls_is_the_best_of_all_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
