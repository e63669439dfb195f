/* Tuning a job while it runs, on simulated jobs with every fault that a tuner has to live with. */
#include <cmocka-all.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/tune.h>

#include "live-job.h"
#include "tuner.h"

static double energy(const struct live *l, size_t i)
{
	return l->time_s[i] * l->power_w[i];
}

static size_t cheapest(const struct live *l, double slowdown)
{
	size_t at = l->baseline;

	for (size_t i = 0; i < l->n; i++)
		if (l->time_s[i] <= slowdown * l->time_s[l->baseline] &&
			energy(l, i) < energy(l, at))
			at = i;
	return at;
}

static struct live job(uint64_t seed, double step_s)
{
	struct live l;

	live_init(&l, seed);
	live_model(&l, step_s);
	l.noise = 0.01;
	l.counter_s = 0.003;
	return l;
}

static void steps(struct live *l, hg_tune *t, int n)
{
	for (int i = 0; i < n; i++)
		live_drive(l, t);
}

/* ----- it finds what there is to find */

static void test_finds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct live l = job(seed, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t = tuner(&o);
		size_t best = cheapest(&l, HUGE_VAL);
		hg_tune_report r;

		steps(&l, t, 200);
		r = report_of(t);
		assert_int_equal(r.phase, HG_TUNE_SETTLED);
		assert_true(energy(&l, r.best) <= 1.015 * energy(&l, best));
		/* 13 limits of 50 steps each would be 650 */
		assert_true(r.learning_steps <= 130);
		assert_true(r.probes >= 2 && r.probes <= 9);
		assert_int_equal(l.setting, r.setting);
		/* what it says of the saving is so, within what it says of that */
		assert_true(fabs(r.saving - (1 - energy(&l, r.best) / energy(&l, 0))) <
			    4 * r.saving_sd + 1e-3);
		assert_true(r.saving_sd < 0.05);
		assert_true(r.base_measured && r.feasible && r.drifts == 0);
		hg_tune_destroy(t);
	}
}

static void test_slowdown(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct live l = job(seed, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MAX_SLOWDOWN, 1.1);
		hg_tune *t = tuner(&o);
		hg_tune_report r;

		steps(&l, t, 300);
		r = report_of(t);
		assert_int_equal(r.phase, HG_TUNE_SETTLED);
		assert_true(l.time_s[r.best] <= 1.11 * l.time_s[0]);
		assert_true(energy(&l, r.best) <= 1.03 * energy(&l, cheapest(&l, 1.1)));
		hg_tune_destroy(t);
	}
}

static void test_same_again(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct live a = job(seed, 0.2), b = job(seed, 0.2);
		hg_tune_opts o = live_opts(&a, HG_KNEE, 0);
		hg_tune *t = tuner(&o), *u = tuner(&o);

		a.straggle = b.straggle = 0.02;
		for (int i = 0; i < 500; i++) {
			live_drive(&a, t);
			live_drive(&b, u);
			assert_int_equal(a.setting, b.setting);
		}
		assert_memory_equal(&a.now_s, &b.now_s, sizeof a.now_s);
		hg_tune_destroy(t);
		hg_tune_destroy(u);
	}
}

/* ----- jobs as they are */

/* Epochs shorter than a trial, with long validations between them. */
static void test_short_epochs(void **state)
{
	struct live l = job(4, 0.5);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);

	(void)state;
	for (int epoch = 0; epoch < 60; epoch++) {
		steps(&l, t, 3);
		live_pause(&l, 60);
	}
	assert_int_equal(report_of(t).phase, HG_TUNE_SETTLED);
	assert_true(energy(&l, report_of(t).best) <= 1.02 * energy(&l, cheapest(&l, HUGE_VAL)));
	hg_tune_destroy(t);
}

static void test_stragglers(void **state)
{
	unsigned good = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct live l = job(seed, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t = tuner(&o);

		l.straggle = 0.03;
		steps(&l, t, 1000);
		assert_int_equal(report_of(t).drifts, 0);
		good += energy(&l, report_of(t).best) <= 1.02 * energy(&l, cheapest(&l, HUGE_VAL));
		hg_tune_destroy(t);
	}
	assert_true(good >= 18);
}

static void test_counter_lies(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct live l = job(7, 0.2);
		hg_tune_opts o = live_opts(&l, HG_ETA, 0.5);
		hg_tune *t = tuner(&o);
		double least = HUGE_VAL, ours;
		size_t best;

		l.gain = 1 + 0.1 * sign;
		steps(&l, t, 400);
		best = report_of(t).best;
		ours = 0.5 * energy(&l, best) + 0.5 * 700 * l.time_s[best];
		for (size_t i = 0; i < l.n; i++)
			least = fmin(least, 0.5 * energy(&l, i) + 0.5 * 700 * l.time_s[i]);
		assert_true(ours <= 1.02 * least);
		/* a factor cancels in a ratio */
		assert_true(
			fabs(report_of(t).saving - (1 - energy(&l, best) / energy(&l, 0))) < 0.03);
		hg_tune_destroy(t);
	}
}

/* Steps at the baseline; what the power is then known to be is compared with what it is. */
static void baseline_power(uint64_t seed, double told, double *off, double *sd)
{
	struct live l = job(seed, 0.04);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_frontier *f = NULL;
	const hg_point *p;
	hg_tune *t;
	size_t n;

	l.counter_s = o.counter_s = 0.005;
	o.min_steps = 40;
	t = tuner(&o);
	for (int i = 0; i < 40; i++) {
		hg_tune_work w = live_step(&l);

		w.energy_sd_j = told * sqrt(2.0) * 0.005 * l.power_w[0];
		assert_int_equal(hg_tune_step(t, &w, NULL, NULL), HG_OK);
	}
	assert_int_equal(hg_tune_frontier(t, NULL, &f, NULL), HG_OK);
	p = hg_frontier_points(f);
	n = hg_frontier_count(f);
	while (n > 1 && !(p->origin & HG_ORIGIN_MEASURED))
		p++, n--;
	assert_true(p->origin & HG_ORIGIN_MEASURED);
	*off = log(p->energy_j / p->time_s / l.power_w[0]);
	*sd = sqrt(p->energy_rsd * p->energy_rsd - p->time_rsd * p->time_rsd);
	hg_frontier_destroy(f);
	hg_tune_destroy(t);
}

/* Every reading of the counter counts, not the first and the last alone; how sure that is, is said
 * as it is, and a meter that says how far it may be off is believed. */
static void test_all_readings(void **state)
{
	double ends = sqrt(2.0) * 0.005 / (40 * 0.04), squares = 0, mean = 0, off, sd, sd_told;
	unsigned n = 100;

	(void)state;
	for (unsigned seed = 1; seed <= n; seed++) {
		baseline_power(seed, 0, &off, &sd);
		assert_true(sd > 0.25 * ends && sd < 4 * ends);
		mean += sd / ends / n;
		squares += off * off / (sd * sd) / n;
	}
	assert_true(mean < 0.7);
	assert_true(squares > 0.1 && squares < 1.3);
	baseline_power(1, 1, &off, &sd_told);
	baseline_power(1, 0, &off, &sd);
	assert_true(fabs(sd_told / sd - 1) < 0.05);
	/* of one that says more than that, the scatter tells */
	mean = 0;
	for (unsigned seed = 1; seed <= 20; seed++) {
		baseline_power(seed, 0, &off, &sd);
		baseline_power(seed, 4, &off, &sd_told);
		assert_true(sd_told > sd);
		mean += sd_told / sd / 20;
	}
	assert_true(mean < 3);
}

/* A meter takes the power of the setting before until its counter's next edge: what it says early
 * in a stretch does not count for more than it may be off. */
static void test_late_edge(void **state)
{
	const double watts = 400, before = 480, edge_s = 0.13;
	double off_j = 0, first_j = 0, sd;
	struct live l = job(1, 0.04);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_frontier *f = NULL;
	const hg_point *p;
	hg_tune *t;

	(void)state;
	o.min_steps = 16;
	o.counter_s = 0.01;
	t = tuner(&o);
	for (int i = 1; i <= 16; i++) {
		double now = 0.04 * i, was = off_j;
		hg_tune_work w = {.size = sizeof w, .steps = 1, .time_s = 0.04, .now_s = now};

		off_j = now < edge_s ? (before - watts) * now : 0.4 * (i % 2);
		w.energy_j = watts * 0.04 + off_j - was;
		w.energy_sd_j = sqrt(2.0) * 0.01 * watts;
		first_j = fmax(first_j, off_j);
		assert_int_equal(hg_tune_step(t, &w, NULL, NULL), HG_OK);
	}
	assert_true(first_j > 0.02 * watts * 0.64 / 2);
	assert_int_equal(hg_tune_frontier(t, NULL, &f, NULL), HG_OK);
	p = hg_frontier_points(f);
	while (!(p->origin & HG_ORIGIN_MEASURED))
		p++;
	sd = sqrt(p->energy_rsd * p->energy_rsd - p->time_rsd * p->time_rsd);
	assert_true(fabs(p->energy_j / p->time_s / watts - 1) < 0.005);
	assert_true(sd < 0.01);
	hg_frontier_destroy(f);
	hg_tune_destroy(t);
}

static void test_bad_sd(void **state)
{
	struct live l = job(1, 0.04);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);
	hg_tune_work w = live_step(&l);
	hg_error why = {""};

	(void)state;
	w.energy_sd_j = -1;
	assert_int_equal(hg_tune_step(t, &w, NULL, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "energy_sd_j"));
	w.energy_sd_j = (double)NAN;
	assert_int_equal(hg_tune_step(t, &w, NULL, &why), HG_OK);
	hg_tune_destroy(t);
}

/* ----- change */

/* Runs until it has settled, changes something, and runs on. */
static hg_tune_report after_change(struct live *l, hg_tune *t, double time, double power)
{
	steps(l, t, 400);
	assert_int_equal(report_of(t).phase, HG_TUNE_SETTLED);
	assert_int_equal(report_of(t).drifts, 0);
	l->time_factor = time;
	l->power_factor = power;
	steps(l, t, 600);
	return report_of(t);
}

static void test_drift(void **state)
{
	static const double changes[][2] = {
		{1.6, 0.8}, /* a second tenant */
		{0.5, 1.0}, /* another batch size */
		{1.12, 1.0} /* heat */
	};

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct live l = job(5 + i, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t = tuner(&o);
		hg_tune_report r = after_change(&l, t, changes[i][0], changes[i][1]);

		assert_int_equal(r.drifts, 1);
		assert_int_equal(r.phase, HG_TUNE_SETTLED);
		assert_true(energy(&l, r.best) <= 1.03 * energy(&l, cheapest(&l, HUGE_VAL)));
		hg_tune_destroy(t);
	}
}

/* Zeus's cost of a step at one setting when it has been there for long. */
static double cost_hot(struct live l, size_t setting)
{
	double energy_j, now_s;

	l.setting = setting;
	l.fresh = false;
	l.noise = 0;
	for (int i = 0; i < 2000; i++)
		(void)live_step(&l);
	energy_j = l.energy_j;
	now_s = l.now_s;
	for (int i = 0; i < 100; i++)
		(void)live_step(&l);
	return 0.5 * (l.energy_j - energy_j) + 0.5 * 700 * (l.now_s - now_s);
}

/* It warms up over a minute, leaks more, and throttles at the settings that draw most: what was
 * measured while it was cold is not what it costs, and nothing of it comes as a jump. A short look
 * at another setting is taken at the heat that this one leaves, so the best may be missed by a few
 * percent, but it ends with less than at the baseline, and it does end. */
static void test_heat(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct live l = job(seed, 0.2);
		hg_tune_opts o = live_opts(&l, HG_ETA, 0.5);
		double least = HUGE_VAL;
		hg_tune_report r;
		hg_tune *t;

		l.k_per_w = 0.1;
		l.heat_tau_s = 40;
		l.leak_per_k = 0.003;
		l.throttle_k = 40;
		t = tuner(&o);
		steps(&l, t, 4000);
		r = report_of(t);
		for (size_t i = 0; i < l.n; i++)
			least = fmin(least, cost_hot(l, i));
		assert_int_equal(r.phase, HG_TUNE_SETTLED);
		assert_true(r.drifts <= 12);
		assert_true(cost_hot(l, r.best) <= 1.08 * least);
		assert_true(cost_hot(l, r.best) <= 0.96 * cost_hot(l, 0));
		hg_tune_destroy(t);
	}
}

/* Other work: what was best is not any more, and that is found out. */
static void test_new_shape(void **state)
{
	struct live l = job(9, 0.2), other = l;
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);
	size_t before;

	(void)state;
	steps(&l, t, 400);
	before = report_of(t).best;
	/* all of it scales with the clock, and it draws little: limits save nothing */
	for (size_t i = 0; i < l.n; i++) {
		double x = fmin(1, l.watts[i] / 560);

		l.time_s[i] = 0.3 * pow(x, -1.5);
		l.power_w[i] = 560 * x;
	}
	steps(&l, t, 1200);
	assert_true(energy(&l, report_of(t).best) < 0.97 * energy(&l, before));
	assert_true(energy(&l, report_of(t).best) <= 1.03 * energy(&l, cheapest(&l, HUGE_VAL)));
	assert_int_not_equal(cheapest(&other, HUGE_VAL), cheapest(&l, HUGE_VAL));
	hg_tune_destroy(t);
}

/* ----- knobs */

static void test_refuses(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);

	(void)state;
	l.refuses = true;
	steps(&l, t, 200);
	assert_int_equal(report_of(t).phase, HG_TUNE_IDLE);
	assert_int_equal(report_of(t).refused, l.n - 1);
	assert_string_equal(report_of(t).reason, "the device takes none of the settings");
	assert_int_equal(hg_tune_setting(t), l.baseline);
	assert_int_equal(l.setting, l.baseline);
	hg_tune_destroy(t);
}

/* The knob says yes and nothing happens: the job is left alone in the end. */
static void test_deaf(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);
	hg_tune_report r;

	(void)state;
	l.deaf = true;
	steps(&l, t, 600);
	r = report_of(t);
	assert_int_equal(r.phase, HG_TUNE_SETTLED);
	assert_true(fabs(r.saving) < 0.02);
	hg_tune_destroy(t);
}

static void test_nothing_to_tune(void **state)
{
	hg_tune_opts o = {.size = sizeof o, .objective = {.size = sizeof o.objective}};
	hg_tune_work w = {.size = sizeof w, .steps = 1, .time_s = 1, .energy_j = 100, .now_s = 1};
	hg_error why = {""};
	hg_frontier *f;
	hg_tune *t = tuner(&o);
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(report_of(t).phase, HG_TUNE_IDLE);
	assert_string_equal(report_of(t).reason, "there is no knob with two settings");
	assert_int_equal(hg_tune_step(t, &w, NULL, &why), HG_OK);
	assert_true(report_of(t).steps == 1 && report_of(t).energy_j == 100);
	assert_true(isnan(report_of(t).saving));
	assert_int_equal(hg_tune_frontier(t, NULL, &f, &why), HG_ENOENT);
	assert_int_equal(hg_tune_remember(t, NULL, 0, "x", "j", "d", &text, &len, &why), HG_ENOENT);
	assert_null(hg_tune_cells(t, 0));
	hg_tune_destroy(t);
	hg_tune_destroy(NULL);
}

static void test_no_energy(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);

	(void)state;
	for (int i = 0; i < 50; i++) {
		hg_tune_work w = live_step(&l);

		w.energy_j = NAN;
		assert_int_equal(hg_tune_step(t, &w, NULL, NULL), HG_OK);
	}
	assert_int_equal(report_of(t).phase, HG_TUNE_IDLE);
	assert_string_equal(report_of(t).reason, "no energy is measured");
	hg_tune_destroy(t);
}

/* A meter that has nothing to say at first, and misses a reading now and then. */
static void test_late_energy(void **state)
{
	struct live l = job(1, 0.2), like = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o), *other = tuner(&o);

	(void)state;
	for (int i = 0; i < 600; i++) {
		hg_tune_work w = live_step(&l);
		size_t setting;

		if (i < 20 || i % 13 == 0)
			w.energy_j = NAN;
		assert_int_equal(hg_tune_step(t, &w, &setting, NULL), HG_OK);
		assert_true(live_set(&l, setting));
	}
	steps(&like, other, 600);
	assert_int_equal(report_of(t).phase, HG_TUNE_SETTLED);
	assert_int_equal(report_of(t).best, report_of(other).best);
	assert_true(report_of(t).steps == 600);
	assert_true(fabs(report_of(t).saving - report_of(other).saving) < 0.02);
	hg_tune_destroy(t);
	hg_tune_destroy(other);
}

/* Limits and clocks: the better of the two kinds is found. */
static void test_two_knobs(void **state)
{
	static const hg_knob_def knobs[] = {
		{"power_limit_w", "W", NULL, 0}, {"sm_clock_mhz", "MHz", NULL, 0}};
	double cells[16][2] = {{700, NAN}};
	struct live l = job(3, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	size_t n = 1;
	hg_tune *t;

	(void)state;
	for (; n < 7; n++)
		cells[n][0] = 700 - 60 * (double)n, cells[n][1] = NAN;
	for (size_t i = 0; i < 8; i++, n++) {
		double x = 1 - 0.07 * (double)i;

		cells[n][0] = 700;
		cells[n][1] = 1980 * x;
		l.time_s[n] = 0.2 * (0.35 + 0.65 / x);
		l.power_w[n] = 100 + 500 * pow(x, 2.8);
	}
	for (size_t i = 1; i < 7; i++) {
		/* a limit swings around its clock, and costs a little more */
		l.time_s[i] = l.time_s[0] * (1 + 0.05 * (double)i);
		l.power_w[i] = l.power_w[0] * (1 - 0.07 * (double)i);
	}
	l.n = n;
	o.knobs = knobs;
	o.n_knobs = 2;
	o.settings = &cells[0][0];
	o.n_settings = n;
	t = tuner(&o);
	steps(&l, t, 500);
	assert_true(report_of(t).best >= 7);
	assert_true(energy(&l, report_of(t).best) <= 1.03 * energy(&l, cheapest(&l, HUGE_VAL)));
	hg_tune_destroy(t);
}

/* A model that knows the device: what it says is believed, and the best is tried at once. */
struct oracle {
	const struct live *job;
	unsigned asked;
};

static hg_err foretell(void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings)
{
	struct oracle *o = user;

	assert_true(n >= 1 && seen[0].time_s > 0);
	o->asked++;
	for (size_t i = 0; i < n_settings; i++)
		out[i] = (hg_point){.time_s = o->job->time_s[i],
			.energy_j = energy(o->job, i),
			.time_rsd = 0.004,
			.energy_rsd = 0.004};
	return HG_OK;
}

static void test_model(void **state)
{
	struct live l = job(1, 0.2);
	struct oracle oracle = {.job = &l};
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t;

	(void)state;
	o.predict = foretell;
	o.predict_user = &oracle;
	t = tuner(&o);
	steps(&l, t, 400);
	assert_true(report_of(t).probes <= 4);
	assert_true(energy(&l, report_of(t).best) <= 1.01 * energy(&l, cheapest(&l, HUGE_VAL)));
	/* a fit may take long: not asked while nothing new is known */
	assert_true(oracle.asked <= report_of(t).probes);
	hg_tune_destroy(t);
}

/* A job that is rougher than its model says, as the first trial shows: it is believed less, and the
 * best is found where the model has none. */
static void test_model_wrong(void **state)
{
	unsigned good = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		static const double power_w[] = {500, 412, 406, 400, 406, 412};
		struct live l = job(seed, 0.2), smooth;
		struct oracle oracle = {.job = &smooth};
		hg_tune_opts o;
		hg_tune *t;

		l.n = sizeof power_w / sizeof *power_w;
		for (size_t i = 0; i < l.n; i++) {
			l.time_s[i] = 0.2;
			l.power_w[i] = power_w[i];
		}
		smooth = l;
		l.power_w[3] *= 1.06;
		l.power_w[5] *= 0.93;
		o = live_opts(&l, HG_MIN_ENERGY, 0);
		o.predict = foretell;
		o.predict_user = &oracle;
		t = tuner(&o);
		steps(&l, t, 400);
		good += report_of(t).best == 5;
		hg_tune_destroy(t);
	}
	assert_true(good >= 8);
}

/* Two settings that a short look does not tell apart: they are looked at again, within bounds. */
static void test_close(void **state)
{
	unsigned better = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct live l = job(seed, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t;

		l.n = o.n_settings = 3;
		l.noise = 0.02;
		l.time_s[1] = l.time_s[2] = l.time_s[0];
		l.power_w[1] = 0.8 * l.power_w[0];
		l.power_w[2] = (seed % 2 ? 0.785 : 0.815) * l.power_w[0];
		t = tuner(&o);
		steps(&l, t, 600);
		better += report_of(t).best == (seed % 2 ? 2 : 1);
		assert_true(report_of(t).learning_steps < 200);
		hg_tune_destroy(t);
	}
	assert_true(better >= 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_slowdown),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_short_epochs),
		cmocka_unit_test(test_stragglers),
		cmocka_unit_test(test_counter_lies),
		cmocka_unit_test(test_all_readings),
		cmocka_unit_test(test_late_edge),
		cmocka_unit_test(test_bad_sd),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_heat),
		cmocka_unit_test(test_new_shape),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_nothing_to_tune),
		cmocka_unit_test(test_no_energy),
		cmocka_unit_test(test_late_energy),
		cmocka_unit_test(test_two_knobs),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_model_wrong),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
