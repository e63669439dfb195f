/* What goes wrong with counters, devices, drivers and clocks: no wrong joule, and each is told. */
#include "meter.h"

#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct script_step steady[] = {{0.0, 300.0}};

static struct script script(void (*fault)(struct script *, const char *, double, hg_reading *))
{
	return (struct script){.steps = steady,
		.n_steps = 1,
		.period_s = 0.1,
		.said_period_s = 0.1,
		.phase_s = 0.03,
		.start_j = 5000.0,
		.resolution_uj = 1000,
		.max_mw = 700000,
		.fault = fault};
}

static bool is_energy(const char *signal)
{
	return !strcmp(signal, "energy");
}

static bool within(double t_s, double from_s, double until_s)
{
	return t_s >= from_s && t_s < until_s;
}

/* Every window outside of [from, until] is right, every one that touches it is refused. */
static void check_gap(const struct metered *m, double from_s, double until_s, double end_s)
{
	hg_error why;

	for (double t = 2.0; t + 1.0 < end_s - 1.0; t += 0.37) {
		if (t + 1.0 < from_s - 0.15 || t > until_s + 0.25)
			assert_near(energy(m, t, t + 1.0).joules, 300.0, 0.005);
		else if (t < from_s && t + 1.0 > until_s)
			assert_int_equal(refused(m, t, t + 1.0, &why), HG_EDEVICE);
	}
}

static void test_wrap(void **state)
{
	struct script s = script(NULL);
	struct metered m;

	(void)state;
	s.start_j = 9000.0;
	s.modulus = 10000000000; /* 10 kJ: wraps after 3.3 s, and every 33 s */
	m = metered(&s);
	run_open(&m, 1.0, 60.0);
	script_run(m.device, &s, 1.0);
	assert_int_equal(state_of(&m).wraps, 2);
	assert_int_equal(state_of(&m).resets, 0);
	assert_near(energy(&m, 2.0, 60.0).joules, 300.0 * 58.0, 0.001);
	check_gap(&m, 1000.0, 1001.0, 60.0);
	metered_end(&m);
}

/* By more than a period draws: less would be nothing that goes back, from edge to edge. */
static void glitch(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	if (is_energy(signal) && within(t, 10.0, 10.12))
		r->value -= 40000000;
}

static void test_glitch(void **state)
{
	struct script s = script(glitch);
	struct metered m = metered(&s);
	hg_meter_state st;

	(void)state;
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	st = state_of(&m);
	assert_true(st.glitches >= 1);
	if (!st.resets)
		assert_near(energy(&m, 9.0, 12.0).joules, 900.0, 0.005);
	assert_near(energy(&m, 3.0, 9.0).joules, 1800.0, 0.005);
	assert_near(energy(&m, 12.0, 19.0).joules, 2100.0, 0.005);
	metered_end(&m);
}

/* The driver was loaded anew: the counter begins at 0. */
static void reload(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	if (is_energy(signal) && t >= 10.0)
		r->value -= 5000000000 + 3000000000;
}

static void test_reset(void **state)
{
	struct script s = script(reload);
	struct metered m = metered(&s);
	hg_error why;
	hg_energy e = {.size = sizeof e};

	(void)state;
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	assert_int_equal(state_of(&m).resets, 1);
	check_gap(&m, 10.0, 10.2, 20.0);
	/* what is known of the rest is there for who asks for it, and says so */
	assert_ok(
		hg_meter_energy(m.meter, 0, ns(8.0), ns(12.0), HG_WINDOW_PARTIAL, &e, &why), &why);
	assert_true(e.flags & HG_ENERGY_COUNTER_RESET);
	assert_true(e.flags & HG_ENERGY_INCOMPLETE);
	assert_true(e.joules < 1200.0 && e.missing_s > 0.0);
	metered_end(&m);
}

/* The counter jumps: once for a moment, once for good. */
static void jump(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	if (is_energy(signal) && (within(t, 6.0, 6.11) || t >= 12.0))
		r->value += 1000000000000;
}

static void test_implausible(void **state)
{
	struct script s = script(jump);
	struct metered m = metered(&s);
	hg_meter_state st;

	(void)state;
	run_open(&m, 1.0, 20.0);
	/* long after, when the jump would be plausible for the time that has passed */
	script_run(m.device, &s, 1000.0);
	st = state_of(&m);
	assert_true(st.implausible >= 2);
	assert_near(energy(&m, 2.0, 5.5).joules, 1050.0, 0.005);
	assert_near(energy(&m, 7.0, 11.5).joules, 1350.0, 0.005);
	assert_near(energy(&m, 13.0, 19.0).joules, 1800.0, 0.005);
	for (double t = 2.0; t < 19.0; t += 0.21) {
		hg_energy e = {.size = sizeof e};

		if (!hg_meter_energy(m.meter, 0, ns(t), ns(t + 0.5), 0, &e, NULL))
			assert_near(e.joules, 150.0, 0.05);
	}
	metered_end(&m);
}

/* A counter that moves all the time stalls for a moment, as whoever renews it has no turn, and then
 * has counted on: what was drawn meanwhile is in it. */
static void wait_a_turn(struct script *s, const char *signal, double t, hg_reading *r)
{
	int64_t *held = s->more;

	if (!is_energy(signal))
		return;
	if (!within(t, 10.0, 10.15))
		*held = r->value;
	r->value = *held;
}

static void test_wait(void **state)
{
	int64_t held = 0;
	struct script s = script(wait_a_turn);
	struct metered m;

	(void)state;
	s.period_s = 0.0;
	s.said_period_s = 0.001;
	s.more = &held;
	m = metered(&s);
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	assert_int_equal(state_of(&m).source, HG_SOURCE_READ);
	assert_int_equal(state_of(&m).resets, 0);
	assert_near(energy(&m, 8.0, 12.0).joules, 1200.0, 0.005);
	assert_near(energy(&m, 9.0, 10.08).joules, 324.0, 0.01);
	metered_end(&m);
}

static void freeze(struct script *s, const char *signal, double t, hg_reading *r)
{
	int64_t *held = s->more;

	if (!is_energy(signal))
		return;
	if (!within(t, 10.0, 15.0))
		*held = r->value;
	r->value = *held;
}

static void test_frozen(void **state)
{
	int64_t held = 0;
	struct script s = script(freeze);
	struct metered m;
	hg_error why = {""};
	hg_meter_state st = {.size = sizeof st};

	(void)state;
	s.more = &held;
	m = metered(&s);
	run_open(&m, 1.0, 12.0);
	assert_int_equal(hg_meter_get_state(m.meter, 0, &st, &why), HG_OK);
	assert_true(st.flags & HG_METER_FROZEN);
	assert_has(why.text, "frozen");
	assert_has(why.text, "300.0 W");
	assert_int_equal(refused(&m, 11.0, 11.5, &why), HG_EDEVICE);
	assert_has(why.text, "frozen");
	/* nothing that ended before is lost */
	assert_near(energy(&m, 5.0, 9.8).joules, 1440.0, 0.005);
	/* it moves again: from there on it is believed, across it is not */
	(void)hg_meter_begin(m.meter);
	script_run(m.device, &s, 8.0);
	(void)hg_meter_end(m.meter);
	script_run(m.device, &s, 1.0);
	assert_false(state_of(&m).flags & HG_METER_FROZEN);
	assert_near(energy(&m, 16.0, 19.0).joules, 900.0, 0.005);
	assert_int_equal(refused(&m, 9.0, 16.0, &why), HG_EDEVICE);
	assert_int_equal(refused(&m, 11.0, 11.5, &why), HG_EDEVICE);
	metered_end(&m);
}

static const struct script_step nothing[] = {{0.0, 300.0}, {10.0, 0.0}, {15.0, 300.0}};

/* A counter that stands still because nothing is drawn is not frozen, and 0 J is the truth. */
static void test_nothing_drawn(void **state)
{
	struct script s = script(NULL);
	struct metered m;

	(void)state;
	s.steps = nothing;
	s.n_steps = COUNT(nothing);
	m = metered(&s);
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	assert_near_abs(energy(&m, 11.0, 14.0).joules, 0.0, 0.0, 0.5);
	assert_near(energy(&m, 5.0, 18.0).joules, 2400.0, 0.005);
	assert_int_equal(state_of(&m).resets, 0);
	metered_end(&m);
}

static void lose(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	(void)signal;
	if (within(t, 10.0, 14.0))
		*r = (hg_reading){.t0_ns = r->t0_ns, .t1_ns = r->t1_ns, .rc = HG_EDEVICE};
	/* and what comes back is another counter, of about the same value */
	else if (t >= 14.0 && is_energy(signal))
		r->value += 77000000;
}

static void test_lost(void **state)
{
	struct script s = script(lose);
	struct metered m = metered(&s);
	hg_error why = {""};
	hg_meter_state st = {.size = sizeof st};

	(void)state;
	run_open(&m, 1.0, 12.0);
	assert_int_equal(hg_meter_get_state(m.meter, 0, &st, &why), HG_OK);
	assert_true(st.flags & HG_METER_LOST);
	assert_true(st.failed >= 3);
	assert_has(why.text, "lost");
	assert_int_equal(refused(&m, 9.0, 11.0, &why), HG_EDEVICE);
	/* who waits is told at once rather than at the end of the wait */
	assert_ok(hg_meter_wait_final(m.meter, ns(11.0), 100.0, &why), &why);
	(void)hg_meter_begin(m.meter);
	script_run(m.device, &s, 8.0);
	(void)hg_meter_end(m.meter);
	script_run(m.device, &s, 1.0);
	assert_false(state_of(&m).flags & HG_METER_LOST);
	check_gap(&m, 10.0, 15.2, 20.0);
	metered_end(&m);
}

static void once(struct script *s, const char *signal, double t, hg_reading *r)
{
	unsigned *left = s->more;

	(void)signal;
	if (t > 10.0 && *left) {
		(*left)--;
		r->rc = HG_EDEVICE;
		r->value = 0x7eadbeefdeadbeef;
	}
}

/* One failure that passes costs an edge at most. */
static void test_failed_once(void **state)
{
	unsigned left = 1;
	struct script s = script(once);
	struct metered m;

	(void)state;
	s.more = &left;
	m = metered(&s);
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	assert_int_equal(left, 0);
	assert_int_equal(state_of(&m).flags & HG_METER_LOST, 0);
	assert_near(energy(&m, 5.0, 19.0).joules, 4200.0, 0.002);
	metered_end(&m);
}

static void step_back(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	(void)signal;
	if (t > 10.0) {
		r->t0_ns -= 4000000000;
		r->t1_ns -= 4000000000;
	}
}

static void test_clock_step(void **state)
{
	struct script s = script(step_back);
	struct metered m = metered(&s);
	hg_energy e = {.size = sizeof e};

	(void)state;
	run_open(&m, 1.0, 30.0);
	script_run(m.device, &s, 1.0);
	assert_int_equal(state_of(&m).clock_steps, 1);
	assert_near(energy(&m, 3.0, 9.5).joules, 1950.0, 0.005);
	/* the readings' clock is 4 s behind the meter's from then on */
	assert_near(energy(&m, 11.0, 25.0).joules, 4200.0, 0.005);
	for (double t = 2.0; t < 24.0; t += 0.21)
		if (!hg_meter_energy(m.meter, 0, ns(t), ns(t + 0.5), 0, &e, NULL))
			assert_near(e.joules, 150.0, 0.03);
	metered_end(&m);
}

static void stall(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	/* the driver hands out old values for a while, in the middle of everything */
	if (is_energy(signal) && within(t, 10.0, 10.55))
		r->value = r->value - (int64_t)((t - 10.0) * 300.0 * 1e6);
}

static void test_missed(void **state)
{
	struct script s = script(stall);
	struct metered m = metered(&s);
	hg_energy e;

	(void)state;
	run_open(&m, 1.0, 20.0);
	script_run(m.device, &s, 1.0);
	assert_true(state_of(&m).missed > 0);
	e = energy(&m, 5.0, 15.0);
	assert_near(e.joules, 3000.0, 0.005);
	assert_true(e.flags & HG_ENERGY_MISSED_EDGE);
	metered_end(&m);
}

/* Whoever reads has no turn for longer than a period: each read shows another value, but that is no
 * counter that moves all the time, and no window is wrong. */
static void test_seldom(void **state)
{
	struct script s = script(NULL);
	struct metered m;
	double end_s;

	(void)state;
	s.period_s = s.said_period_s = 0.02;
	s.phase_s = 0.003;
	m = metered(&s);
	(void)hg_meter_begin(m.meter);
	for (int i = 0; i < 300; i++) {
		s.now_ns += 25000000 + i * 7919 % 36 * 1000000;
		script_run(m.device, &s, 0.0);
		assert_int_equal(state_of(&m).source, HG_SOURCE_EDGES);
	}
	end_s = (double)s.now_ns * 1e-9;
	for (double t = 1.0; t + 1.0 < end_s; t += 0.37) {
		hg_energy e = {.size = sizeof e};

		if (hg_meter_energy(m.meter, 0, ns(t), ns(t + 1.0), 0, &e, NULL))
			continue;
		assert_true(e.lo <= 300.0 && 300.0 <= e.hi);
	}
	/* it has its turn again */
	script_run(m.device, &s, 5.0);
	(void)hg_meter_end(m.meter);
	script_run(m.device, &s, 1.0);
	assert_near(energy(&m, end_s + 2.0, end_s + 4.0).joules, 600.0, 0.005);
	assert_near(energy(&m, 2.0, end_s + 4.0).joules, 300.0 * (end_s + 2.0), 0.01);
	metered_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_glitch),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_implausible),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_nothing_drawn),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_failed_once),
		cmocka_unit_test(test_clock_step),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_seldom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
