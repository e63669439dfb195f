/* Energy among processes and MIG instances: policies, what stays apart, learning. */
#include <math.h>

#include "core/rng.h"
#include "near.h"

#include <hourglass/attribute.h>

static const hg_tenant TENANTS[3] = {{.busy_s = 3, .slice = 0.25, .memory_bytes = 1e9},
	{.busy_s = 1, .slice = 0.25, .memory_bytes = 3e9}, {.busy_s = 0}};

static void check(hg_idle_policy policy, double a, double b, double c, double apart)
{
	double parts[3], left;
	hg_error why = {""};

	assert_ok(hg_share(100, 20, TENANTS, 3, policy, parts, &left, &why), &why);
	assert_near_abs(parts[0], a, 0, 1e-5);
	assert_near_abs(parts[1], b, 0, 1e-5);
	assert_near_abs(parts[2], c, 0, 1e-5);
	assert_near_abs(left, apart, 0, 1e-5);
	assert_true(parts[0] + parts[1] + parts[2] + left == 100);
}

static void idle_goes_by_the_policy(void **state)
{
	(void)state;
	check(HG_IDLE_UNATTRIBUTED, 60, 20, 0, 20);
	check(HG_IDLE_BY_SLICES, 65, 25, 0, 10); /* half of the device is nobody's */
	check(HG_IDLE_BY_MEMORY, 65, 35, 0, 0);
	check(HG_IDLE_EQUAL, 60 + 20 / 3.0, 20 + 20 / 3.0, 20 / 3.0, 0);
	assert_string_equal(hg_idle_policy_name(HG_IDLE_BY_MEMORY), "by-memory");
	assert_string_equal(hg_idle_policy_name((hg_idle_policy)9), "?");
}

static void what_nobody_used_is_nobodys(void **state)
{
	hg_tenant idle[2] = {{.busy_s = 0}, {.busy_s = 0}};
	double parts[2], left;

	(void)state;
	assert_int_equal(hg_share(50, 10, idle, 2, HG_IDLE_BY_MEMORY, parts, &left, NULL), HG_OK);
	assert_true(parts[0] == 0 && parts[1] == 0 && left == 50);
	assert_int_equal(hg_share(50, 10, NULL, 0, HG_IDLE_EQUAL, NULL, &left, NULL), HG_OK);
	assert_true(left == 50);
	/* more idle than all */
	idle[0].busy_s = 1;
	assert_int_equal(hg_share(5, 10, idle, 2, HG_IDLE_EQUAL, parts, &left, NULL), HG_OK);
	assert_near_abs(parts[0], 2.5, 0, 1e-5);
	assert_int_equal(hg_share(5, NAN, idle, 2, HG_IDLE_EQUAL, parts, &left, NULL), HG_EINVAL);
	idle[1].busy_s = -1;
	assert_int_equal(hg_share(5, 1, idle, 2, HG_IDLE_EQUAL, parts, &left, NULL), HG_EINVAL);
}

/* 90 W idle, 200 W for busy engines, 150 W for memory; three instances of 3/7, 2/7, 1/7. */
static double instances(struct rng *r, hg_tenant *t)
{
	static const double slices[3] = {3 / 7.0, 2 / 7.0, 1 / 7.0};
	double power = 90;

	for (int i = 0; i < 3; i++) {
		t[i] = (hg_tenant){.slice = slices[i], .activity = {rng_double(r), rng_double(r)}};
		power += slices[i] * (200 * t[i].activity[0] + 150 * t[i].activity[1]);
	}
	return power;
}

static void instances_are_learnt(void **state)
{
	hg_tenant t[3];
	double parts[3], left, power, want;
	struct rng r;
	hg_error why = {""};
	hg_mig m;

	(void)state;
	rng_init(&r, 5);
	assert_ok(hg_mig_init(&m, 2, 50, 0, &why), &why);
	for (int i = 0; i < 500; i++) {
		power = instances(&r, t);
		assert_ok(hg_mig_update(&m, power + 2 * rng_normal(&r), t, 3, &why), &why);
	}
	assert_near(m.beta[0], 90, 0.02);
	assert_near(m.beta[1], 200, 0.02);
	assert_near(m.beta[2], 150, 0.02);
	power = instances(&r, t);
	want = 10 * t[1].slice * (200 * t[1].activity[0] + 150 * t[1].activity[1]);
	assert_ok(hg_mig_split(&m, power * 10, 10, t, 3, HG_IDLE_UNATTRIBUTED, parts, &left, &why),
		&why);
	assert_near(parts[1], want, 0.02);
	assert_near(left, 900, 0.02);
	assert_true(
		parts[0] + parts[1] + parts[2] + left == nearbyint(power * 10 * 1048576) / 1048576);
	/* scaled to what was measured, even if that is twice what the model says */
	assert_ok(hg_mig_split(&m, power * 20, 10, t, 3, HG_IDLE_UNATTRIBUTED, parts, &left, &why),
		&why);
	assert_near(parts[1], 2 * want, 0.02);
}

static void a_long_rest_does_not_unlearn(void **state)
{
	hg_tenant t[3];
	struct rng r;
	hg_mig m;

	(void)state;
	rng_init(&r, 6);
	assert_int_equal(hg_mig_init(&m, 2, 50, 0.99, NULL), HG_OK);
	for (int i = 0; i < 300; i++) {
		double power = instances(&r, t);

		assert_int_equal(hg_mig_update(&m, power, t, 3, NULL), HG_OK);
	}
	for (int i = 0; i < 100000; i++)
		assert_int_equal(hg_mig_update(&m, 90, NULL, 0, NULL), HG_OK);
	assert_near(m.beta[1], 200, 0.02);
	for (int i = 0; i < 9; i++)
		assert_true(isfinite(m.s[i]));
}

static void bad_figures(void **state)
{
	hg_tenant t[1] = {{.slice = 1, .activity = {NAN}}};
	double parts[1], left;
	hg_error why = {""};
	hg_mig m;

	(void)state;
	assert_int_equal(hg_mig_init(&m, 9, 50, 0, &why), HG_EINVAL);
	assert_int_equal(hg_mig_init(&m, 1, 50, 0, &why), HG_OK);
	assert_int_equal(hg_mig_update(&m, 100, t, 1, &why), HG_EINVAL);
	assert_has(why.text, "tenant 0");
	t[0].activity[0] = 1;
	assert_int_equal(hg_mig_update(&m, -1, t, 1, &why), HG_EINVAL);
	assert_int_equal(
		hg_mig_split(&m, NAN, 1, t, 1, HG_IDLE_EQUAL, parts, &left, &why), HG_EINVAL);
	m.size = 4;
	assert_int_equal(hg_mig_update(&m, 100, t, 1, &why), HG_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_goes_by_the_policy),
		cmocka_unit_test(what_nobody_used_is_nobodys),
		cmocka_unit_test(instances_are_learnt),
		cmocka_unit_test(a_long_rest_does_not_unlearn),
		cmocka_unit_test(bad_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
