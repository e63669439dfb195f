/* Windows over a log of counter edges: values known by hand, faults, refusals. */
#include <math.h>
#include <string.h>

#include "near.h"

#include <hourglass/energy.h>

#define MS INT64_C(1000000)

/* 50 W for 1 s, 450 W for 1 s, 50 W for 1 s; edges every 100 ms, 30 ms late. */
#define EDGES 36

static double truth_j(double t)
{
	return 50 * t + 400 * fmin(fmax(t - 1, 0), 1);
}

static void make(hg_edge *log)
{
	for (int k = 0; k < EDGES; k++)
		log[k] = (hg_edge){.t_ns = k * 100 * MS,
			.energy_uj = llround(1e6 * truth_j(0.1 * k - 0.03)) + 7000000,
			.power_mw = HG_UNREAD,
			.clock_hz = HG_UNREAD,
			.temperature_mc = HG_UNREAD,
			.flags = k ? 0 : HG_EDGE_FIRST};
}

static hg_sensor sensor(void)
{
	return (hg_sensor){.size = sizeof(hg_sensor),
		.trusted = 1,
		.period_s = 0.1,
		.jitter_s = 0.001,
		.lag_s = 0.03,
		.coverage = 1,
		.min_power_w = 40,
		.max_power_w = 700};
}

static hg_energy window(const hg_edge *log, size_t n, const hg_sensor *s, int64_t t0_ms,
	int64_t t1_ms, uint32_t opts)
{
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	if (hg_energy_window(log, n, s, t0_ms * MS, t1_ms * MS, opts, &e, &why))
		fail_msg("%s", why.text);
	return e;
}

static void refused(const hg_edge *log, size_t n, int64_t t0_ms, int64_t t1_ms, uint32_t opts,
	hg_err rc, const char *says)
{
	hg_energy e = {.size = sizeof e};
	hg_sensor s = sensor();
	hg_error why = {""};

	assert_int_equal(hg_energy_window(log, n, &s, t0_ms * MS, t1_ms * MS, opts, &e, &why), rc);
	assert_non_null(strstr(why.text, says));
	assert_true(isnan(e.joules) && isnan(e.lo) && isnan(e.hi));
	assert_int_equal(e.method, HG_METHOD_NONE);
}

static void constant_power_is_exact(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	e = window(log, EDGES, &s, 213, 651, 0);
	assert_near_abs(e.joules, 50 * 0.438, 0, 2e-6);
	assert_int_equal(e.method, HG_METHOD_EDGES);
	assert_int_equal(e.flags, 0);
	assert_true(e.lo <= e.joules && e.joules <= e.hi);
	assert_true(isnan(e.clock_hz) && isnan(e.idle_j));
}

/* The step falls into an interval whose neighbours are flat: the knee finds it exactly. */
static void a_step_is_found(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e, plain;

	(void)state;
	make(log);
	e = window(log, EDGES, &s, 1000, 2000, 0);
	assert_near_abs(e.joules, 450, 0, 1e-4);
	assert_true(e.flags & HG_ENERGY_COLD_START);
	assert_true(e.lo <= 450 && 450 <= e.hi);
	plain = window(log, EDGES, &s, 1000, 2000, HG_WINDOW_LINEAR);
	assert_true(plain.joules < 440 && plain.lo <= 450 && 450 <= plain.hi);
}

static void gain_and_offset_are_taken_out(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();

	(void)state;
	make(log);
	for (int k = 0; k < EDGES; k++)
		log[k].energy_uj = llround((double)log[k].energy_uj * 0.95 + 4e6 * 0.1 * k);
	s.gain = 0.95;
	s.offset_w = 4;
	assert_near_abs(window(log, EDGES, &s, 1000, 2000, 0).joules, 450, 0, 0.05);
	assert_near_abs(window(log, EDGES, &s, 213, 651, 0).joules, 50 * 0.438, 0, 1e-4);
}

static void windows_add_up(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();

	(void)state;
	make(log);
	for (int64_t b = 300; b < 3000; b += 7)
		assert_true(window(log, EDGES, &s, 250, b, 0).joules +
				    window(log, EDGES, &s, b, 3100, 0).joules ==
			    window(log, EDGES, &s, 250, 3100, 0).joules);
}

static void what_the_log_does_not_cover(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	refused(log, EDGES, -500, 500, 0, HG_ERANGE, "before the log");
	refused(log, EDGES, 500, 3600, 0, HG_ERANGE, "does not reach");
	refused(log, 0, 500, 600, 0, HG_ERANGE, "empty");
	refused(log, 1, 500, 600, HG_WINDOW_ESTIMATE, HG_ERANGE, "no power");
	refused(log, EDGES, 600, 500, 0, HG_EINVAL, "a window from");
	e = window(log, EDGES, &s, -500, 500, HG_WINDOW_PARTIAL);
	assert_true(e.flags & HG_ENERGY_INCOMPLETE);
	assert_near_abs(e.missing_s, 0.47, 0, 1e-6);
	assert_near_abs(e.joules, 50 * 0.53, 0, 1e-4);
	assert_true(e.lo <= 50 && 50 <= e.hi);
	e = window(log, EDGES, &s, 3000, 3600, HG_WINDOW_PARTIAL);
	assert_near_abs(e.missing_s, 0.13, 0, 1e-6);
	e = window(log, EDGES, &s, 3000, 3600, HG_WINDOW_ESTIMATE);
	assert_near_abs(e.joules, 30, 0, 1e-3);
	assert_int_equal(e.flags, HG_ENERGY_EXTRAPOLATED | HG_ENERGY_ESTIMATE);
	e = window(log, EDGES, &s, 3500, 3600, HG_WINDOW_ESTIMATE);
	assert_near_abs(e.joules, 5, 0, 1e-3);
}

static void a_reset_is_never_summed_over(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	for (int k = 15; k < EDGES; k++)
		log[k].energy_uj -= 300000000; /* unmarked: goes back */
	refused(log, EDGES, 1200, 1900, 0, HG_EDEVICE, "reset");
	e = window(log, EDGES, &s, 1200, 1900, HG_WINDOW_PARTIAL);
	assert_true(e.flags & HG_ENERGY_COUNTER_RESET && e.flags & HG_ENERGY_INCOMPLETE);
	assert_near_abs(e.missing_s, 0.1, 0, 1e-6);
	assert_near_abs(e.joules, 450 * 0.6, 0, 1e-3);
	assert_true(e.lo <= 315 && 315 <= e.hi);
	assert_near_abs(window(log, EDGES, &s, 1600, 1900, 0).joules, 135, 0, 1e-3);
	make(log);
	log[15].flags = HG_EDGE_FIRST; /* marked, the values look fine */
	refused(log, EDGES, 1200, 1900, 0, HG_EDEVICE, "reset");
	make(log);
	for (int k = 15; k < EDGES; k++)
		log[k].energy_uj += 5000000000; /* jumps ahead by more than can have been used */
	refused(log, EDGES, 1200, 1900, 0, HG_EDEVICE, "reset");
}

static void clock_steps_and_missed_edges_are_flagged(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	for (int k = 15; k < EDGES; k++)
		log[k].t_ns += 400 * MS;
	assert_true(window(log, EDGES, &s, 1200, 2300, 0).flags & HG_ENERGY_MISSED_EDGE);
	make(log);
	for (int k = 15; k < EDGES; k++)
		log[k].t_ns -= 250 * MS;
	refused(log, EDGES, 1000, 2200, 0, HG_EDEVICE, "contradicts");
	make(log);
	memmove(&log[15], &log[16], (EDGES - 16) * sizeof *log);
	log[15].flags = HG_EDGE_MISSED;
	e = window(log, EDGES - 1, &s, 1200, 1900, 0);
	assert_int_equal(e.flags, HG_ENERGY_MISSED_EDGE);
	assert_near_abs(e.joules, 315, 0, 1e-3);
}

static void what_else_was_seen(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	for (int k = 0; k < EDGES; k++) {
		log[k].clock_hz = k < 15 ? 1000000000 : 1500000000;
		log[k].temperature_mc = 40000 + k * 1000;
		log[k].power_mw = 50000 + k;
		log[k].throttle = k == 20;
	}
	e = window(log, EDGES, &s, 1300, 1700, 0);
	assert_int_equal(e.flags, HG_ENERGY_CLOCK_CHANGED);
	assert_near_abs(e.clock_hz, 1.3e9, 0, 1);
	assert_near_abs(e.temperature_c, 55, 0, 1e-9);
	assert_near_abs(e.max_w, 50.017, 0, 1e-9);
	assert_true(window(log, EDGES, &s, 1950, 2050, 0).flags & HG_ENERGY_THROTTLED);
	/* no edge inside: the one that ends it speaks for it */
	assert_near_abs(window(log, EDGES, &s, 610, 650, 0).temperature_c, 47, 0, 1e-9);
}

static void a_sensor_that_sees_a_part(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	make(log);
	s.coverage = 0.25;
	e = window(log, EDGES, &s, 1200, 1900, 0);
	assert_int_equal(e.flags, HG_ENERGY_PARTIAL_COVERAGE);
	assert_true(e.lo < 0.25 * 315 + 0.75 * 40 * 0.7 && e.hi > 0.25 * 315 + 0.7 * 700 * 0.7);
	s.max_power_w = 0;
	e = window(log, EDGES, &s, 1200, 1900, 0);
	assert_true(isnan(e.hi) && isnan(e.sigma));
	s.coverage = 1;
	s.trusted = 0;
	assert_int_equal(window(log, EDGES, &s, 1200, 1900, 0).flags, HG_ENERGY_UNTRUSTED);
	/* limits that the counter contradicts bound nothing */
	s.trusted = 1;
	s.max_power_w = 300;
	e = window(log, EDGES, &s, 1200, 1900, 0);
	assert_int_equal(e.flags, HG_ENERGY_UNTRUSTED);
	assert_true(isnan(e.lo) && isnan(e.hi));
}

/* A counter that is merely read, every 250 ms, constant in between. */
static void reads_instead_of_edges(void **state)
{
	hg_edge log[16];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	for (int k = 0; k < 16; k++)
		log[k] = (hg_edge){.t_ns = k * 250 * MS + 20 * MS,
			.energy_uj = llround(1e6 * 75 * floor((k * 0.25 + 0.02) / 0.1) * 0.1),
			.power_mw = HG_UNREAD,
			.clock_hz = HG_UNREAD,
			.temperature_mc = HG_UNREAD,
			.flags = k ? HG_EDGE_READ : HG_EDGE_FIRST};
	s.lag_s = 0;
	e = window(log, 16, &s, 600, 3200, 0);
	assert_true(e.lo <= 75 * 2.6 && 75 * 2.6 <= e.hi);
	assert_near_abs(e.joules, 75 * 2.6, 0, 5);
	/* that it moves more often than it is read is no miss */
	assert_int_equal(e.flags & HG_ENERGY_MISSED_EDGE, 0);
	for (int k = 0; k < 16; k++)
		log[k].flags = HG_EDGE_STAMPED | (k ? 0 : HG_EDGE_FIRST);
	assert_int_equal(window(log, 16, &s, 600, 3200, 0).flags & HG_ENERGY_MISSED_EDGE, 0);
}

/* Times that come with the values stand, whatever the period would have them be. */
static void stamps_are_not_smoothed(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e;

	(void)state;
	s.lag_s = 0;
	s.period_s = 0.001;
	for (int k = 0; k < EDGES; k++) {
		/* 23.3 ms or so apart, 400 W */
		log[k] = (hg_edge){.t_ns = k * 23 * MS + (k * 7919 % 1000) * 700,
			.u_ns = 200000,
			.power_mw = HG_UNREAD,
			.clock_hz = HG_UNREAD,
			.temperature_mc = HG_UNREAD,
			.flags = HG_EDGE_STAMPED | (k ? 0 : HG_EDGE_FIRST)};
		log[k].energy_uj = log[k].t_ns / 1000 * 400;
	}
	for (int t0 = 30; t0 < 200; t0 += 7) {
		e = window(log, EDGES, &s, t0, t0 + 50, 0);
		assert_int_equal(e.flags, 0);
		assert_near_abs(e.joules, 20, 0, 1e-3);
		assert_true(e.lo <= 20 && 20 <= e.hi);
		/* half a read of each end's uncertainty and what lies between two stamps */
		assert_true(e.sigma < 0.7);
	}
}

/* A figure that the limits of power rule out has no bounds, rather than some that it is not in. */
static void figures_are_within_their_bounds(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (int extra = 0; extra <= 100; extra += 5)
		for (int t = 1200; t < 1700; t += 17) {
			hg_edge log[EDGES];
			hg_sensor s = sensor();
			hg_energy e;

			make(log);
			/* an interval's energy comes an interval late: up to 1,450 W in the next */
			log[14].energy_uj -= (log[14].energy_uj - log[13].energy_uj) * extra / 100;
			e = window(log, EDGES, &s, 1000, t, 0);
			assert_false(e.joules < e.lo - 1e-4 || e.joules > e.hi + 1e-4);
			assert_int_equal(isnan(e.lo), isnan(e.hi));
			assert_int_equal(isnan(e.lo) != 0, (e.flags & HG_ENERGY_UNTRUSTED) != 0);
			refused += isnan(e.lo) ? 1 : 0;
		}
	assert_in_range(refused, 1, 300);
}

/* 50 W, from 1 to 1.05 s 450 W, then a tail of 150 W until 1.45 s. */
static void make_burst(hg_edge *log)
{
	make(log);
	for (int k = 0; k < EDGES; k++) {
		double t = 0.1 * k - 0.03;

		log[k].energy_uj = llround(1e6 * (50 * t + 400 * fmin(fmax(t - 1, 0), 0.05) +
							 100 * fmin(fmax(t - 1.05, 0), 0.4)));
	}
}

static void a_burst_and_its_tail(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	make_burst(log);
	assert_ok(hg_energy_padded(log, EDGES, &s, 1000 * MS, 1050 * MS, 0, &e, &why), &why);
	assert_int_equal(e.method, HG_METHOD_PADDED);
	assert_near_abs(e.joules, 22.5, 0, 1e-3);
	assert_near_abs(e.tail_j, 40, 0, 1e-3);
	assert_near_abs(e.idle_j, 2.5, 0, 1e-4);
	assert_true(e.lo <= 22.5 && 22.5 <= e.hi);
	/* with the tail inside there is none */
	assert_ok(hg_energy_padded(log, EDGES, &s, 1000 * MS, 1450 * MS, 0, &e, &why), &why);
	assert_near_abs(e.joules, 22.5 + 60, 0, 1e-3);
	assert_near_abs(e.tail_j, 0, 0, 1e-9);
}

static void padding_is_refused(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	make_burst(log);
	assert_int_equal(
		hg_energy_padded(log, EDGES, &s, 1300 * MS, 1350 * MS, 0, &e, &why), HG_OK);
	assert_int_equal(hg_energy_padded(log, EDGES, &s, 1200 * MS, 1300 * MS, 0, &e, &why),
		HG_EINFEASIBLE);
	assert_true(isnan(e.joules) && isnan(e.lo));
	assert_has(why.text, "not steady");
	assert_int_equal(
		hg_energy_padded(log, EDGES, &s, 100 * MS, 200 * MS, 0, &e, &why), HG_ERANGE);
	assert_has(why.text, "3 edges");
	log[12].flags = HG_EDGE_FIRST;
	assert_int_equal(
		hg_energy_padded(log, EDGES, &s, 1010 * MS, 1050 * MS, 0, &e, &why), HG_OK);
	log[11].flags = HG_EDGE_FIRST;
	assert_int_equal(
		hg_energy_padded(log, EDGES, &s, 1000 * MS, 1050 * MS, 0, &e, &why), HG_EDEVICE);
	log[11].flags = 0;
	s.coverage = 0.25;
	assert_int_equal(hg_energy_padded(log, EDGES, &s, 1000 * MS, 1050 * MS, 0, &e, &why),
		HG_EUNSUPPORTED);
}

static void repetitions(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_repeated r = {.size = sizeof r};
	hg_error why = {""};

	(void)state;
	make(log);
	assert_ok(hg_energy_repeated(log, EDGES, &s, 1100 * MS, 1900 * MS, 16, &r, &why), &why);
	assert_near_abs(r.joules, 22.5, 0, 1e-4);
	assert_near_abs(r.time_s, 0.05, 0, 1e-12);
	assert_near_abs(r.power_w, 450, 0, 1e-3);
	assert_int_equal(r.n_edges, 8);
	assert_int_equal(r.dither, 0);
	assert_true(r.half_width_j >= r.sigma);
	/* a counter that sees a part, and repetitions in step with it */
	s.coverage = 0.25;
	assert_ok(hg_energy_repeated(log, EDGES, &s, 1100 * MS, 1901 * MS, 8, &r, &why), &why);
	assert_int_equal(r.dither, 1);
	assert_near_abs(r.dither_s, 0.1, 0, 0);
	assert_true(r.flags & HG_ENERGY_PARTIAL_COVERAGE);
	assert_int_equal(
		hg_energy_repeated(log, EDGES, &s, 1100 * MS, 1300 * MS, 4, &r, &why), HG_ERANGE);
	assert_has(why.text, "repeat more often");
	assert_int_equal(
		hg_energy_repeated(log, EDGES, &s, 1100 * MS, 1900 * MS, 0, &r, &why), HG_EINVAL);
	log[15].flags = HG_EDGE_FIRST;
	assert_int_equal(
		hg_energy_repeated(log, EDGES, &s, 1100 * MS, 1900 * MS, 8, &r, &why), HG_EDEVICE);
	assert_true(isnan(r.joules));
}

static void bad_arguments(void **state)
{
	hg_edge log[EDGES];
	hg_sensor s = sensor();
	hg_energy e = {0};
	hg_error why;

	(void)state;
	make(log);
	assert_int_equal(hg_energy_window(log, EDGES, &s, 0, 1, 0, NULL, &why), HG_EINVAL);
	assert_int_equal(hg_energy_window(log, EDGES, &s, 0, 1, 0, &e, &why), HG_EINVAL);
	e.size = sizeof e;
	assert_int_equal(hg_energy_window(log, EDGES, NULL, 0, 1, 0, &e, &why), HG_EINVAL);
	assert_int_equal(hg_energy_window(NULL, 5, &s, 0, 1, 0, &e, &why), HG_EINVAL);
	s.coverage = 1.5;
	assert_int_equal(hg_energy_window(log, EDGES, &s, 0, 1, 0, &e, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "coverage"));
	s.coverage = 1;
	s.gain = NAN;
	assert_int_equal(hg_energy_window(log, EDGES, &s, 0, 1, 0, &e, NULL), HG_EINVAL);
	assert_string_equal(hg_method_name(HG_METHOD_EDGES), "edges");
	assert_string_equal(hg_method_name((hg_method)99), "?");
	assert_string_equal(hg_energy_flag_name(HG_ENERGY_SIMULATED), "simulated");
	assert_string_equal(hg_energy_flag_name(3), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_power_is_exact),
		cmocka_unit_test(a_step_is_found),
		cmocka_unit_test(gain_and_offset_are_taken_out),
		cmocka_unit_test(windows_add_up),
		cmocka_unit_test(what_the_log_does_not_cover),
		cmocka_unit_test(a_reset_is_never_summed_over),
		cmocka_unit_test(clock_steps_and_missed_edges_are_flagged),
		cmocka_unit_test(what_else_was_seen),
		cmocka_unit_test(a_sensor_that_sees_a_part),
		cmocka_unit_test(reads_instead_of_edges),
		cmocka_unit_test(stamps_are_not_smoothed),
		cmocka_unit_test(figures_are_within_their_bounds),
		cmocka_unit_test(a_burst_and_its_tail),
		cmocka_unit_test(padding_is_refused),
		cmocka_unit_test(repetitions),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
