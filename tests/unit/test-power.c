/* Power logs: integrals, averages undone, the shape of energy between edges, the live filter. */
#include <math.h>
#include <string.h>

#include "counter-sim.h"
#include "near.h"

#include <hourglass/energy.h>

#define MS INT64_C(1000000)

/* 100 W, from 1 to 2 s 400 W; a read every 20 ms. */
#define READS 200

static void make(hg_power *p)
{
	for (int i = 0; i < READS; i++)
		p[i] = (hg_power){i * 20 * MS, i >= 50 && i < 100 ? 400000 : 100000};
}

static hg_sensor sensor(double period_s)
{
	return (hg_sensor){
		.size = sizeof(hg_sensor), .trusted = 1, .period_s = period_s, .coverage = 1};
}

static void power_is_integrated(void **state)
{
	hg_power p[READS];
	hg_sensor s = sensor(0.02);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	make(p);
	assert_ok(hg_energy_from_power(p, READS, &s, 505 * MS, 2505 * MS, 0, &e, &why), &why);
	/* each step is straight over 20 ms, 10 ms of it too early or late */
	assert_near_abs(e.joules, 500, 0, 1e-5);
	assert_int_equal(e.method, HG_METHOD_POWER);
	assert_int_equal(e.flags, 0);
	assert_true(isnan(e.lo) && e.sigma > 0 && e.sigma < 5);
	assert_near(e.max_w, 400, 1e-12);
	s.gain = 2;
	s.offset_w = 20;
	assert_ok(hg_energy_from_power(p, READS, &s, 1100 * MS, 1900 * MS, 0, &e, &why), &why);
	assert_near_abs(e.joules, 0.8 * 190, 0, 1e-5);
	s = sensor(0.02);
	s.coverage = 0.25;
	assert_ok(hg_energy_from_power(p, READS, &s, 1100 * MS, 1900 * MS, 0, &e, &why), &why);
	assert_true(isnan(e.sigma) && e.flags == HG_ENERGY_PARTIAL_COVERAGE);
}

static void gaps_are_not_filled(void **state)
{
	hg_power p[READS];
	hg_sensor s = sensor(0.02);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	make(p);
	memmove(&p[60], &p[80], (READS - 80) * sizeof *p); /* 1.18 to 1.6 s */
	assert_int_equal(hg_energy_from_power(p, READS - 20, &s, 1100 * MS, 1900 * MS, 0, &e, &why),
		HG_ERANGE);
	assert_has(why.text, "0.420 s");
	assert_true(isnan(e.joules));
	assert_ok(hg_energy_from_power(
			  p, READS - 20, &s, 1100 * MS, 1900 * MS, HG_WINDOW_PARTIAL, &e, &why),
		&why);
	assert_near_abs(e.joules, 400 * 0.38, 0, 1e-5);
	assert_near_abs(e.missing_s, 0.42, 0, 1e-9);
	assert_true(e.flags & HG_ENERGY_INCOMPLETE);
	make(p);
	assert_int_equal(
		hg_energy_from_power(p, READS, &s, 3000 * MS, 5000 * MS, 0, &e, &why), HG_ERANGE);
	assert_ok(hg_energy_from_power(
			  p, READS, &s, 3000 * MS, 5000 * MS, HG_WINDOW_ESTIMATE, &e, &why),
		&why);
	assert_near_abs(e.joules, 200, 0, 1e-5);
	assert_true(e.flags & HG_ENERGY_EXTRAPOLATED);
	assert_int_equal(hg_energy_from_power(p, 0, &s, 0, 1, 0, &e, &why), HG_ERANGE);
	p[70].power_mw = HG_UNREAD;
	assert_int_equal(
		hg_energy_from_power(p, READS, &s, 1100 * MS, 1900 * MS, 0, &e, &why), HG_ERANGE);
}

static void averages_are_undone(void **state)
{
	hg_power p[READS], a[READS];
	hg_sensor s = sensor(0.02);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	make(p);
	/* the mean of the last half second, before the log 100 W */
	for (int i = 0; i < READS; i++) {
		double sum = 0;

		for (int k = i - 25; k < i; k++)
			sum += k < 0 ? 100000 : (double)p[k].power_mw;
		a[i] = (hg_power){p[i].t_ns, llround(sum / 25)};
	}
	/* 4 stretches of half a second hold the second of 400 W exactly, wherever they begin */
	assert_ok(hg_energy_from_average(a, READS, &s, 0.5, 700 * MS, 2700 * MS, &e, &why), &why);
	assert_near_abs(e.joules, 500, 0, 0.01);
	assert_int_equal(e.method, HG_METHOD_AVERAGE);
	/* the plain integral of the averages is not even close in a shorter window */
	assert_ok(hg_energy_from_average(a, READS, &s, 0.5, 1000 * MS, 2500 * MS, &e, &why), &why);
	assert_near_abs(e.joules, 450, 0, 0.01);
	assert_ok(hg_energy_from_power(a, READS, &s, 1000 * MS, 2500 * MS, 0, &e, &why), &why);
	assert_near_abs(e.joules, 450, 0, 5); /* both ends are whole stretches here */
	assert_ok(hg_energy_from_average(a, READS, &s, 0.5, 1000 * MS, 2600 * MS, &e, &why), &why);
	assert_near_abs(e.joules, 460, 0, 4 * e.sigma + 1);
	assert_int_equal(hg_energy_from_average(a, READS, &s, 0.5, 1000 * MS, 2000 * MS, &e, &why),
		HG_ERANGE);
	assert_has(why.text, "1.5 s");
	assert_int_equal(
		hg_energy_from_average(a, READS, &s, 0, 1000 * MS, 2000 * MS, &e, &why), HG_EINVAL);
}

/* A burst inside one edge interval: only the finer channel says where. */
static void a_finer_channel_says_where(void **state)
{
	hg_edge log[30];
	hg_power p[300];
	hg_sensor s = sensor(0.1);
	hg_energy e = {.size = sizeof e}, plain = {.size = sizeof plain};
	hg_error why = {""};

	(void)state;
	for (int k = 0; k < 30; k++)
		log[k] = (hg_edge){.t_ns = k * 100 * MS,
			.energy_uj = llround(1e6 * (10 * k + (k > 10 ? 12 : 0))),
			.power_mw = HG_UNREAD,
			.clock_hz = HG_UNREAD,
			.temperature_mc = HG_UNREAD,
			.flags = k ? 0 : HG_EDGE_FIRST};
	/* 400 W more from 1.03 to 1.06 s; the channel reads 5 % too much */
	for (int i = 0; i < 300; i++)
		p[i] = (hg_power){i * 10 * MS, i >= 103 && i < 106 ? 525000 : 105000};
	assert_ok(hg_energy_window(log, 30, &s, 1025 * MS, 1060 * MS, 0, &plain, &why), &why);
	assert_true(plain.joules < 9);
	assert_ok(hg_energy_shaped(log, 30, p, 300, &s, 1025 * MS, 1060 * MS, 0, &e, &why), &why);
	assert_int_equal(e.method, HG_METHOD_SHAPED);
	assert_near_abs(e.joules, 15.5, 0, 2.1); /* a read's width at both ends */
	assert_true(e.lo <= e.joules);
	/* without reads there it is as ever */
	assert_ok(hg_energy_shaped(log, 30, p, 50, &s, 1025 * MS, 1060 * MS, 0, &e, &why), &why);
	assert_int_equal(e.method, HG_METHOD_EDGES);
	assert_true(e.joules == plain.joules);
}

/* ----- the live filter */

static void now_is_followed(void **state)
{
	struct csim_counter c = csim_counter_usual();
	hg_sensor s = csim_sensor(&c);
	struct csim_edges edges;
	struct csim trace;
	hg_edge log[128];
	double p, sd, naive = 0, error = 0;
	struct rng r;
	hg_live l;
	size_t n;

	(void)state;
	rng_init(&r, 9);
	csim_init(&trace);
	assert_int_equal(csim_add(&trace, &r, 3, 100, 0.01), 0);
	assert_int_equal(csim_add(&trace, &r, 3, 500, 0.01), 0);
	assert_int_equal(csim_run(&trace, &c, &r, &edges), 0);
	n = csim_poll(&trace, &c, &edges, &r, log, 128);
	assert_int_equal(hg_live_init(&l, &s, NULL), HG_OK);
	hg_live_at(&l, 0, &p, &sd);
	assert_true(isnan(p) && isnan(sd));
	for (size_t k = 0; k < n; k++) {
		hg_live_edge(&l, &log[k]);
		hg_live_at(&l, log[k].t_ns, &p, &sd);
		if (k == 0)
			assert_true(isnan(p));
		if (log[k].t_ns > 1000 * MS && log[k].t_ns < 2900 * MS) {
			double step = (double)(log[k].energy_uj - log[k - 1].energy_uj) * 1e3 /
				      (double)(log[k].t_ns - log[k - 1].t_ns);

			error += (p - 100) * (p - 100);
			naive += (step - 100) * (step - 100);
			assert_true(fabs(p - 100) < 4 * sd + 5);
		}
		if (log[k].t_ns > 3400 * MS)
			assert_near(p, 500, 0.1);
	}
	/* it allows for steps at any time, so it is no better than the last two edges */
	assert_true(error < 6 * 6 * 19 && error < 5 * naive);
	csim_edges_finish(&edges);
	csim_finish(&trace);
}

static void late_news_are_put_in_order(void **state)
{
	hg_sensor s = sensor(0.1);
	hg_live a, b;
	double p[2], sd[2];

	(void)state;
	s.lag_s = 0.05;
	assert_int_equal(hg_live_init(&a, &s, NULL), HG_OK);
	assert_int_equal(hg_live_init(&b, &s, NULL), HG_OK);
	hg_live_power(&a, 100 * MS, 100);
	hg_live_power(&a, 200 * MS, 300);
	hg_live_change(&a, 150 * MS);
	hg_live_power(&b, 200 * MS, 300);
	hg_live_change(&b, 150 * MS);
	hg_live_power(&b, 100 * MS, 100);
	hg_live_at(&a, 210 * MS, &p[0], &sd[0]);
	hg_live_at(&b, 210 * MS, &p[1], &sd[1]);
	assert_true(p[0] == p[1] && sd[0] == sd[1]);
	assert_near(p[0], 300, 0.02);
	/* before the last read it was something in between */
	hg_live_at(&a, 120 * MS, &p[0], &sd[0]);
	assert_near(p[0], 100, 0.02);
	/* many reads later the memory is still bounded, and sure */
	for (int i = 0; i < 1000; i++)
		hg_live_power(&a, (300 + 10 * i) * MS, 250);
	hg_live_at(&a, 10300 * MS, &p[0], &sd[0]);
	assert_near(p[0], 250, 1e-3);
	assert_true(sd[0] > 1 && sd[0] < 40);
	/* a reset of the counter does not disturb */
	hg_live_edge(
		&a, &(hg_edge){.t_ns = 10310 * MS, .energy_uj = 5000000, .power_mw = HG_UNREAD});
	hg_live_edge(&a, &(hg_edge){.t_ns = 10410 * MS, .energy_uj = 0, .power_mw = HG_UNREAD});
	hg_live_at(&a, 10410 * MS, &p[0], &sd[0]);
	assert_near(p[0], 250, 0.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_is_integrated),
		cmocka_unit_test(gaps_are_not_filled),
		cmocka_unit_test(averages_are_undone),
		cmocka_unit_test(a_finer_channel_says_where),
		cmocka_unit_test(now_is_followed),
		cmocka_unit_test(late_news_are_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
