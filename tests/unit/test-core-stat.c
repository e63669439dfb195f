/* Small samples: against tables and definitions. */
#include <math.h>

#include "cmocka-all.h"
#include "core/rng.h"
#include "core/stat.h"
#include "near.h"

static void test_quantiles(void **state)
{
	/* Abramowitz and Stegun, table 26.10, and R's qt() */
	static const struct {
		double df, p, t;
	} known[] = {{1, 0.975, 12.706204736432095}, {2, 0.975, 4.302652729696142},
		{5, 0.95, 2.015048372669157}, {9, 0.995, 3.2498355440153697},
		{30, 0.975, 2.0422724563012373}, {1e6, 0.975, 1.959966347},
		{INFINITY, 0.975, 1.959963984540054}, {INFINITY, 0.5, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		double t = student_quantile(known[i].df, known[i].p);

		assert_near_abs(t, known[i].t, 1e-8, 1e-9);
		assert_near_abs(student_quantile(known[i].df, 1 - known[i].p), -t, 1e-9, 1e-9);
	}
	/* between whole numbers */
	assert_true(student_quantile(2.5, 0.9) < student_quantile(2, 0.9));
	assert_true(student_quantile(2.5, 0.9) > student_quantile(3, 0.9));
	assert_true(isnan(student_quantile(0, 0.5)));
	assert_true(isnan(student_quantile(3, 0)));
	assert_true(isnan(student_quantile(3, 1)));
	assert_true(isnan(student_quantile(NAN, 0.5)));
}

static void test_moments(void **state)
{
	struct stat s = {0};

	(void)state;
	assert_true(isnan(stat_variance(&s)));
	/* far from zero, where sums of squares lose everything */
	for (int i = 0; i < 5; i++)
		stat_add(&s, 1e9 + i);
	assert_near(s.mean, 1e9 + 2, 1e-15);
	assert_near(stat_variance(&s), 2.5, 1e-9);
	assert_near(s.min, 1e9, 0);
	assert_near(s.max, 1e9 + 4, 0);
	assert_near(stat_half_width(&s, 0.95), 2.7764451051977987 * sqrt(2.5 / 5), 1e-7);
}

/* The interval covers the mean as often as it says. */
static void test_coverage(void **state)
{
	struct rng rng;
	int covered = 0;

	(void)state;
	rng_init(&rng, 7);
	for (int i = 0; i < 4000; i++) {
		struct stat s = {0};

		for (int k = 0; k < 4; k++)
			stat_add(&s, rng_normal(&rng));
		covered += fabs(s.mean) <= stat_half_width(&s, 0.9);
	}
	assert_in_range(covered, 3520, 3680);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
