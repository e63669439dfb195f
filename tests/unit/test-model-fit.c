/* Joint fits of devices through the public interface, and devices that nobody described. */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "near.h"

#include "core/rng.h"
#include "hardware/model/prior.h"

#include <hourglass/fit.h>
#include <hourglass/frontier.h>

#define JOBS   16
#define LIMITS 9

/** Jobs that the simulated device's predictor ran at all limits, with noise. */
struct world {
	hg_obs obs[JOBS][LIMITS];
	hg_obs_group groups[JOBS];
	char names[JOBS][16];
};

/* One job: a gap, compute and memory in some proportion, circuits more or less busy. */
static hg_predictor *job(struct rng *r, const hg_model *m)
{
	double balance = exp(1.2 * rng_normal(r)), seconds = 0.05 + 0.2 * rng_double(r);
	char text[512];
	hg_predictor *p;
	hg_workload *w;
	hg_error why;
	int len = snprintf(text, sizeof text,
		"{\"schema\": \"hourglass.workload/1\", \"name\": \"x\", \"unit\": \"u\", "
		"\"ops\": [{\"name\": \"a\", \"flops\": %.9g, \"bytes\": %.9g, "
		"\"activity\": %.9g, \"host_gap_s\": %.9g}]}",
		m->f.peak_flops * 0.75 * seconds * balance / (1 + balance),
		m->f.peak_bytes_per_s * 0.8 * seconds / (1 + balance), exp(0.25 * rng_normal(r)),
		0.08 * rng_double(r));

	assert_ok(workload_parse(text, (size_t)len, "x", &w, &why), &why);
	assert_ok(hg_predictor_create(m, w, &p, &why), &why);
	hg_workload_destroy(w);
	return p;
}

static void world_make(struct world *world, const hg_model *m, double noise, uint64_t seed)
{
	struct rng r;

	rng_init(&r, seed);
	for (size_t j = 0; j < JOBS; j++) {
		hg_predictor *p = job(&r, m);

		for (size_t i = 0; i < LIMITS; i++) {
			hg_knobs k = {0, m->f.cap_min_w + (m->f.cap_max_w - m->f.cap_min_w) *
								  (double)i / (LIMITS - 1)};
			hg_estimate e;

			assert_int_equal(hg_predictor_eval(p, &k, &e), HG_OK);
			world->obs[j][i] = (hg_obs){k, e.time_s * exp(noise * rng_normal(&r)),
				e.energy_j * exp(noise * rng_normal(&r)), 0, 0};
		}
		hg_predictor_destroy(p);
		(void)snprintf(world->names[j], sizeof world->names[j], "family %zu", j % 4);
		world->groups[j] = (hg_obs_group){.size = sizeof(hg_obs_group),
			.n = LIMITS,
			.name = world->names[j],
			.obs = world->obs[j],
			.family = world->names[j]};
	}
}

/* Mean error of the limits that a fit to the lowest and the highest did not see. */
static double two_probes(const hg_model *m, const struct world *w, size_t first, double *inside)
{
	double sum = 0.0, n = 0.0, in = 0.0;

	for (size_t j = first; j < JOBS; j++) {
		const hg_obs two[2] = {w->obs[j][0], w->obs[j][LIMITS - 1]};
		hg_error why;
		hg_fit *fit;

		assert_ok(hg_fit_create(m, two, 2, NULL, &fit, &why), &why);
		for (size_t i = 1; i + 1 < LIMITS; i++, n++) {
			hg_forecast at = {.size = sizeof at};
			const hg_obs *o = &w->obs[j][i];

			assert_int_equal(hg_fit_predict(fit, &o->setting, &at), HG_OK);
			sum += fabs(at.time_s / o->time_s - 1.0);
			in += o->time_s >= at.time_low_s && o->time_s <= at.time_high_s;
		}
		hg_fit_destroy(fit);
	}
	*inside = in / n;
	return sum / n;
}

static void a_device_is_recovered_from_what_ran_on_it(void **state)
{
	static struct world w;
	hg_model_report r = {.size = sizeof r};
	hg_model *truth = device("a40"), *start, *got;
	double before, after, in[2];
	hg_error why;

	(void)state;
	/* none of those that the generic figures were taken from */
	truth->f.static_w = 20;
	truth->f.gap_w = 45;
	truth->f.voltage_knee = 0.8;
	truth->f.voltage_slope = 1.4;
	world_make(&w, truth, 0.01, 31);
	assert_ok(hg_model_generic("mine", w.groups, JOBS, &start, &why), &why);
	assert_near(start->f.cap_max_w, truth->f.cap_max_w, 1e-9);
	assert_ok(hg_model_fit(start, w.groups, 12, &r, &got, &why), &why);
	assert_int_equal(r.workloads, 12);
	assert_int_equal(r.observations, 12 * LIMITS);
	assert_int_equal(r.families, 4);
	assert_true(r.calibrated);
	/* noise of 1 % is 0.8 % off, and of energy as much */
	assert_true(r.time_mape < 0.012 && r.energy_mape < 0.012);
	assert_near_abs(r.static_w, truth->f.static_w, 0, fmax(3 * r.static_w_sd, 8));
	assert_near_abs(r.gap_w, truth->f.gap_w, 0, fmax(3 * r.gap_w_sd, 8));
	assert_near_abs(
		r.voltage_knee, truth->f.voltage_knee, 0, fmax(3 * r.voltage_knee_sd, 0.06));
	/* Jobs that were not part of it are foretold better than from the start. */
	before = two_probes(start, &w, 12, &in[0]);
	after = two_probes(got, &w, 12, &in[1]);
	print_message("two probes: %.2f %% generic, %.2f %% fitted; inside %.0f %% and %.0f %%\n",
		100 * before, 100 * after, 100 * in[0], 100 * in[1]);
	assert_true(after < 0.05 && after < 0.7 * before);
	assert_true(in[0] > 0.6 && in[1] > 0.6);
	hg_model_destroy(got);
	hg_model_destroy(start);
	hg_model_destroy(truth);
}

/* Many workloads at three limits each tell what no single one does: how much of the power is static
 * and how the voltage rises. */
static void a_device_is_told_by_many_workloads_at_three_limits(void **state)
{
	static const double static_w[] = {20, 85};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		static struct world w;
		hg_model *truth = device("a40"), *start, *got;
		hg_obs few[JOBS][3];
		hg_obs_group groups[JOBS];
		double before, after, in[2];
		hg_error why;

		truth->f.static_w = static_w[k];
		truth->f.gap_w = static_w[k] + 25;
		world_make(&w, truth, 0.01, 41 + k);
		for (size_t j = 0; j < JOBS; j++) {
			few[j][0] = w.obs[j][0];
			few[j][1] = w.obs[j][LIMITS / 3];
			few[j][2] = w.obs[j][LIMITS - 1];
			groups[j] = w.groups[j];
			groups[j].obs = few[j];
			groups[j].n = 3;
		}
		assert_ok(hg_model_generic("mine", groups, JOBS, &start, &why), &why);
		assert_ok(hg_model_fit(start, groups, JOBS, NULL, &got, &why), &why);
		before = two_probes(start, &w, 0, &in[0]);
		after = two_probes(got, &w, 0, &in[1]);
		print_message("static %.0f W (%.0f W): %.2f %% generic, %.2f %% fitted; inside "
			      "%.0f %% and %.0f %%\n",
			static_w[k], got->f.static_w, 100 * before, 100 * after, 100 * in[0],
			100 * in[1]);
		assert_true(after < 0.05 && after < 0.85 * before);
		assert_true(in[1] > 0.7);
		hg_model_destroy(got);
		hg_model_destroy(start);
		hg_model_destroy(truth);
	}
}

static void a_fitted_device_is_written_and_read(void **state)
{
	static struct world w;
	hg_model *truth = device("v100"), *got, *again;
	char *text, *second;
	size_t len, len2;
	hg_error why;

	(void)state;
	world_make(&w, truth, 0.01, 32);
	assert_ok(hg_model_fit(truth, w.groups, 3, NULL, &got, &why), &why);
	assert_ok(hg_model_format(got, &text, &len, &why), &why);
	assert_ok(model_parse(text, len, "x", &again, &why), &why);
	assert_ok(hg_model_format(again, &second, &len2, &why), &why);
	assert_string_equal(text, second);
	assert_non_null(strstr(text, "fitted: joint fit of 3 workloads, 27 observations"));
	assert_non_null(strstr(text, "datasheet: NVIDIA V100 PCIe"));
	assert_true(again->origin & HG_ORIGIN_FITTED);
	assert_near(again->f.static_w, got->f.static_w, 1e-12);
	assert_near(again->prior->mean[0], got->prior->mean[0], 1e-12);
	free(text);
	free(second);
	hg_model_destroy(again);
	hg_model_destroy(got);
	hg_model_destroy(truth);
}

static void what_cannot_be_fitted_is_said(void **state)
{
	static struct world w;
	hg_fit_options o = {.size = sizeof o};
	hg_model *m = device("a40"), *out;
	hg_workload *work;
	hg_fit *fit;
	hg_error why;

	(void)state;
	world_make(&w, m, 0.01, 33);
	assert_int_equal(hg_model_fit(m, w.groups, 1, NULL, &out, &why), HG_EINVAL);
	assert_null(out);
	w.obs[1][2].time_s = -1;
	assert_int_equal(hg_model_fit(m, w.groups, 3, NULL, &out, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "family 1: observation 2: time"));
	assert_int_equal(hg_model_generic("My GPU", w.groups, 1, &out, &why), HG_EINVAL);
	/* A slip of a unit does not stretch what the device may draw. */
	for (size_t i = 0; i < LIMITS; i++)
		w.obs[0][i].setting = (hg_knobs){1e9 + 1e8 * (double)i, 0};
	w.obs[0][3].energy_j *= 1000;
	assert_ok(hg_model_generic("my-gpu", w.groups, 1, &out, &why), &why);
	assert_true(out->f.cap_max_w < 400);
	/* Nothing is known of its peaks. */
	assert_ok(hg_workload_load("llm-decode", NULL, &work, &why), &why);
	o.workload = work;
	assert_int_equal(hg_fit_create(out, NULL, 0, &o, &fit, &why), HG_EINVAL);
	hg_workload_destroy(work);
	hg_model_destroy(out);
	hg_model_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_recovered_from_what_ran_on_it),
		cmocka_unit_test(a_device_is_told_by_many_workloads_at_three_limits),
		cmocka_unit_test(a_fitted_device_is_written_and_read),
		cmocka_unit_test(what_cannot_be_fitted_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
