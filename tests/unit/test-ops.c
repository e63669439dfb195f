/* Ops by their shape: what follows from it, what samples teach, sums of ops, honest intervals. */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "near.h"

#include "core/rng.h"
#include "hardware/model/mix.h"
#include "hardware/model/work-fit.h"

#include <hourglass/fit.h>
#include <hourglass/frontier.h>

#define HEAD "{\"schema\": \"hourglass.workload/1\", \"name\": \"x\", \"unit\": \"u\", \"ops\": ["

/* The workload whose ops are this text. */
static hg_workload *workload(const char *ops)
{
	char text[4096];
	hg_workload *w;
	hg_error why;
	int len = snprintf(text, sizeof text, HEAD "%s]}", ops);

	assert_ok(workload_parse(text, (size_t)len, "x", &w, &why), &why);
	return w;
}

/* ----- shapes */

static void figures_follow_from_shapes(void **state)
{
	static const struct {
		const char *shape;
		double flops, bytes, link;
	} cases[] = {
		{"\"gemm\": [8, 16, 32]", 2. * 8 * 16 * 32, 2 * (8 * 32 + 16 * 32 + 8 * 16), 0},
		{"\"gemm\": {\"m\": 8, \"n\": 16, \"k\": 32, \"batch\": 3, \"dtype\": \"fp8\"}",
			6. * 8 * 16 * 32, 3 * (8 * 32 + 16 * 32 + 8 * 16), 0},
		/* 4 queries see 1, 2, 3, 4 keys */
		{"\"attention_prefill\": {\"tokens\": 4, \"heads\": 2, \"head_dim\": 8}",
			4. * 2 * 8 * 10, 2. * 2 * 8 * (2 * 4 + 2 * 4), 0},
		{"\"attention_prefill\": {\"tokens\": 4, \"heads\": 2, \"head_dim\": 8, "
		 "\"causal\": false}",
			4. * 2 * 8 * 16, 2. * 2 * 8 * (2 * 4 + 2 * 4), 0},
		/* 4 more queries behind 6 keys see 7, 8, 9, 10 */
		{"\"attention_prefill\": {\"tokens\": 4, \"context\": 10, \"heads\": 2, "
		 "\"head_dim\": 8}",
			4. * 2 * 8 * 34, 2. * 2 * 8 * (2 * 4 + 2 * 10), 0},
		{"\"attention_decode\": {\"batch\": 3, \"context\": 100, \"heads\": 8, "
		 "\"kv_heads\": 2, \"head_dim\": 16}",
			4. * 3 * 8 * 16 * 100, 2. * 2 * 3 * 16 * (8 + 2 * 100), 0},
		{"\"elementwise\": {\"elements\": 100, \"reads\": 2, \"flops\": 3, "
		 "\"dtype\": \"fp32\"}",
			300, 4. * 100 * 3, 0},
		{"\"collective\": {\"type\": \"all_reduce\", \"gpus\": 4, \"elements\": 100}", 100,
			600, 300},
		{"\"collective\": {\"type\": \"all_gather\", \"gpus\": 4, \"elements\": 100}", 0,
			300, 150},
		{"\"copy\": {\"path\": \"memory\", \"bytes\": 10}", 0, 20, 0},
		{"\"copy\": {\"path\": \"host\", \"bytes\": 10}", 0, 10, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];
		hg_workload *w;

		(void)snprintf(text, sizeof text, "{\"name\": \"a\", %s}", cases[i].shape);
		w = workload(text);
		assert_near(w->ops[0].flops, cases[i].flops, 1e-12);
		assert_near(w->ops[0].bytes, cases[i].bytes, 1e-12);
		assert_near_abs(w->ops[0].link_bytes, cases[i].link, 0, 1e-9);
		hg_workload_destroy(w);
	}
}

static void wrong_shapes_are_named(void **state)
{
	static const char *const cases[][2] = {
		{"\"gemm\": [8, 16]", "expected [m, n, k] or an object"},
		{"\"gemm\": {\"m\": 8, \"n\": 8}", "k"},
		{"\"gemm\": {\"m\": 8, \"n\": 8, \"kk\": 8}", "did you mean \"k\""},
		{"\"gemm\": [8, 8, 8], \"flops\": 1", "no flops and bytes beside it"},
		{"\"gemm\": [8, 8, 8], \"copy\": {\"path\": \"host\", \"bytes\": 1}", "one of"},
		{"\"gemm\": {\"m\": 8, \"n\": 8, \"k\": 8, \"dtype\": \"bf17\"}", "dtype"},
		{"\"copy\": {\"path\": \"hots\", \"bytes\": 1}", "path"},
		{"\"collective\": {\"type\": \"all_reduce\", \"gpus\": 1, \"elements\": 9}",
			"gpus"},
		{"\"elementwise\": {\"elements\": 9, \"reads\": 0, \"writes\": 0}",
			"reads, writes"},
		{"\"attention_decode\": {\"context\": 9, \"heads\": 4, \"kv_heads\": 8, "
		 "\"head_dim\": 8}",
			"kv_heads"},
		{"\"attention_prefill\": {\"tokens\": 9, \"context\": 4, \"heads\": 4, "
		 "\"head_dim\": 8}",
			"context"},
		{"\"launch\": {\"kernels\": 3, \"graph\": 1}", "true or false"},
		{"\"attention\": {\"heads\": 3}", "unknown field \"attention\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];
		hg_error why = {""};
		hg_workload *w;
		int len = snprintf(text, sizeof text, HEAD "{\"name\": \"a\", %s}]}", cases[i][0]);

		assert_int_equal(workload_parse(text, (size_t)len, "x", &w, &why), HG_EFORMAT);
		if (!strstr(why.text, cases[i][1]))
			fail_msg("%s: expected \"%s\" in it", why.text, cases[i][1]);
	}
}

/* At full clock an op costs what its class says, on every device, whatever the device's overlap. */
static void ops_cost_what_their_classes_say(void **state)
{
	hg_workload *w = workload(
		"{\"name\": \"a\", \"gemm\": [4096, 8192, 4096], \"host_gap_s\": 1e-3},"
		"{\"name\": \"b\", \"attention_prefill\": {\"tokens\": 2048, \"heads\": 32, "
		"\"head_dim\": 128}},"
		"{\"name\": \"c\", \"attention_decode\": {\"batch\": 32, \"context\": 2048, "
		"\"heads\": 32, \"head_dim\": 128}},"
		"{\"name\": \"d\", \"elementwise\": {\"elements\": 4e6, \"flops\": 8}},"
		"{\"name\": \"e\", \"collective\": {\"type\": \"all_reduce\", \"gpus\": 8, "
		"\"elements\": 1e6}},"
		"{\"name\": \"f\", \"copy\": {\"path\": \"peer\", \"bytes\": 1e6}},"
		"{\"name\": \"g\", \"launch\": {\"kernels\": 9}}");
	const char *name;

	(void)state;
	for (size_t i = 0; (name = hg_model_builtin(i)); i++) {
		hg_model *m = device(name);
		double want = 1e-3; /* the gap */
		hg_predictor *p;
		hg_estimate e, low;
		hg_error why;

		m->f.cap_max_w = m->f.cap_default_w = 1e5;
		for (size_t k = 0; k < w->n_ops; k++) {
			struct op_known known;
			struct op_cost cost;

			op_known_default((enum op_kind)w->ops[k].kind, &known);
			op_class_cost(&m->f, known.z, &w->ops[k], &cost);
			want += op_cost_seconds(&m->f, &cost);
		}
		assert_ok(hg_predictor_create(m, w, &p, &why), &why);
		assert_int_equal(hg_predictor_eval(p, &(hg_knobs){0, 0}, &e), HG_OK);
		assert_near(e.time_s, want, 1e-9);
		/* links and gaps do not slow down with the clock, the rest does */
		assert_int_equal(
			hg_predictor_eval(p, &(hg_knobs){0.5 * m->f.clock_max_hz, 0}, &low), HG_OK);
		assert_true(low.time_s > e.time_s && low.time_s < 2.01 * e.time_s);
		hg_predictor_destroy(p);
		hg_model_destroy(m);
	}
	hg_workload_destroy(w);
}

/* Sweeps of whole jobs do not tell where memory begins to slow down; single ops did. */
static void memory_of_known_ops_has_its_own_knee(void **state)
{
	hg_workload *w = workload("{\"name\": \"a\", \"elementwise\": {\"elements\": 1e9}}");
	hg_model *m = device("v100");
	double ratio[2];

	(void)state;
	assert_true(m->f.memory_knee < 0.1 && m->f.op_memory_knee > 0.6);
	for (size_t i = 0; i < 2; i++) {
		hg_knobs half = {0.5 * m->f.op_memory_knee * m->f.clock_max_hz, 0};
		hg_fit_options o = {.size = sizeof o, .workload = w};
		hg_forecast at = {.size = sizeof at};
		hg_estimate top, low;
		hg_predictor *p;
		hg_error why;
		hg_fit *fit;

		if (i)
			m->f.op_memory_knee = 0;
		assert_ok(hg_predictor_create(m, w, &p, &why), &why);
		assert_int_equal(hg_predictor_eval(p, &(hg_knobs){0, 0}, &top), HG_OK);
		assert_int_equal(hg_predictor_eval(p, &half, &low), HG_OK);
		ratio[i] = low.time_s / top.time_s;
		assert_ok(hg_fit_create(m, NULL, 0, &o, &fit, &why), &why);
		assert_int_equal(hg_fit_predict(fit, &half, &at), HG_OK);
		assert_near(at.time_s, low.time_s, 0.02);
		hg_fit_destroy(fit);
		hg_predictor_destroy(p);
	}
	assert_near(ratio[0], 4, 0.1);
	assert_true(ratio[1] < 2);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

static void links_do_not_follow_the_clock(void **state)
{
	hg_workload *w = workload("{\"name\": \"e\", \"collective\": {\"type\": \"all_to_all\", "
				  "\"gpus\": 4, \"elements\": 1e7}}");
	hg_model *m = device("h100");
	hg_estimate top, low;
	hg_predictor *p;
	hg_error why;

	(void)state;
	assert_ok(hg_predictor_create(m, w, &p, &why), &why);
	assert_int_equal(hg_predictor_eval(p, &(hg_knobs){0, 0}, &top), HG_OK);
	assert_int_equal(hg_predictor_eval(p, &(hg_knobs){6e8, 0}, &low), HG_OK);
	assert_near(low.time_s, top.time_s, 1e-12);
	assert_true(low.energy_j < 0.8 * top.energy_j);
	hg_predictor_destroy(p);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

/* ----- samples */

static const char times[] = "op,m,n,k,type,gpus,elements,dtype,time_s\n"
			    "gemm,4096,4096,4096,,,,,3e-4\n"
			    "gemm,16,4096,4096,,,,bf16,2e-5\n"
			    "collective,,,,all_reduce,8,1e6,,4e-5\n"
			    "elementwise,,,,,,1e6,fp32,5e-6\n";

static void times_come_back_from_files(void **state)
{
	hg_model *m = device("h100"), *b = device("b200");
	hg_ops_report report = {.size = sizeof report};
	double common, each, moved;
	char *text, *again;
	hg_op_times *t, *u;
	size_t len, len2, odd;
	hg_error why;
	hg_ops *ops;

	(void)state;
	assert_ok(hg_op_times_parse(times, sizeof times - 1, "t.csv", &t, &why), &why);
	assert_int_equal(hg_op_times_count(t), 4);
	assert_ok(hg_op_times_drop_odd(t, m, &odd, NULL), &why);
	assert_true(odd == 0 && hg_op_times_count(t) == 4);
	assert_null(hg_op_times_device(t));
	assert_ok(hg_op_times_format(t, "h100", &text, &len, &why), &why);
	assert_ok(hg_op_times_parse(text, len, "t.json", &u, &why), &why);
	assert_string_equal(hg_op_times_device(u), "h100");
	assert_ok(hg_op_times_format(u, "h100", &again, &len2, &why), &why);
	assert_string_equal(text, again);
	assert_ok(hg_ops_create(m, u, &ops, &why), &why);
	assert_int_equal(hg_ops_get_report(ops, 0, &report), HG_OK);
	assert_string_equal(report.kind, "gemm");
	assert_int_equal(report.n, 2);
	assert_int_equal(hg_ops_get_report(ops, 2, &report), HG_OK);
	assert_string_equal(report.kind, "collective");
	assert_int_equal(hg_ops_get_report(ops, 3, &report), HG_ENOENT);
	/* On another device nothing is as sure. */
	op_spread(m, ops, OP_GEMM, &common, &each);
	op_spread(b, ops, OP_GEMM, &moved, &each);
	assert_true(moved > common);
	hg_ops_destroy(ops);
	free(text);
	free(again);
	hg_op_times_destroy(t);
	hg_op_times_destroy(u);
	hg_model_destroy(m);
	hg_model_destroy(b);
}

static void wrong_times_are_named(void **state)
{
	static const char *const cases[][2] = {
		{"op,m,n,time_s\ngemm,1,2,3\n", "t:2: k: expected a number"},
		{"op,m,n,k\ngemm,1,2,3\n", "expected the columns op and time_s"},
		{"op,m,n,q,time_s\n", "unknown column \"q\""},
		{"op,m,n,k,time_s\ngem,1,2,3,4\n", "t:2: op: expected a shape"},
		{"op,m,n,k,time_s\ngemm,1,2,3,-4\n", "t:2: time_s"},
		{"op,m,n,k,time_s\ngemm,1,2,3\n", "t:2: expected 5 fields, found 4"},
		{"op,path,bytes,time_s\ncopy,sideways,2,3\n", "t:2: path"},
		{"op,m,n,k,time_s\n", "expected one sample or more"},
		{"{\"schema\": \"hourglass.ops/2\"}", "hourglass.ops/2"},
		{"{\"schema\": \"hourglass.ops/1\", \"device\": \"x\", \"samples\": [{\"time_s\": "
		 "1}]}",
			"expected a shape"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_error why = {""};
		hg_op_times *t;

		assert_true(hg_op_times_parse(cases[i][0], strlen(cases[i][0]), "t", &t, &why) !=
			    HG_OK);
		assert_null(t);
		if (!strstr(why.text, cases[i][1]))
			fail_msg("%s: expected \"%s\" in it", why.text, cases[i][1]);
	}
}

/* ----- sums of ops */

/* A prefill, some decoding, and a host that lets the device wait. */
static hg_workload *two_phases(void)
{
	return workload(
		"{\"name\": \"gap\", \"host_gap_s\": 0.01},"
		"{\"name\": \"prefill\", \"gemm\": [8192, 28672, 4096], \"repeat\": 32},"
		"{\"name\": \"prefill\", \"attention_prefill\": {\"batch\": 4, \"tokens\": 2048, "
		"\"heads\": 32, \"head_dim\": 128}, \"repeat\": 32},"
		"{\"name\": \"decode\", \"gemm\": [32, 28672, 4096], \"repeat\": 1600},"
		"{\"name\": \"decode\", \"attention_decode\": {\"batch\": 32, \"context\": 2048, "
		"\"heads\": 32, \"head_dim\": 128}, \"repeat\": 1600},"
		"{\"name\": \"reduce\", \"collective\": {\"type\": \"all_reduce\", \"gpus\": 8, "
		"\"elements\": 131072}, \"repeat\": 1600}");
}

static hg_fit *fit_of(const hg_model *m, const hg_workload *w, const hg_obs *obs, size_t n)
{
	hg_fit_options o = {.size = sizeof o, .workload = w};
	hg_fit *fit;
	hg_error why;

	assert_ok(hg_fit_create(m, obs, n, &o, &fit, &why), &why);
	return fit;
}

static hg_forecast forecast(const hg_fit *fit, const hg_knobs *k)
{
	hg_forecast at = {.size = sizeof at};

	assert_int_equal(hg_fit_predict(fit, k, &at), HG_OK);
	return at;
}

static void nothing_observed_is_the_prediction(void **state)
{
	static const hg_knobs settings[] = {{0, 0}, {0, 300}, {1.2e9, 0}, {0, 200}, {4e8, 500}};
	hg_workload *w = two_phases();
	hg_model *m = device("h100");
	hg_fit *fit = fit_of(m, w, NULL, 0);
	hg_predictor *p;
	hg_error why;

	(void)state;
	assert_ok(hg_predictor_create(m, w, &p, &why), &why);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		hg_forecast f = forecast(fit, &settings[i]);
		hg_estimate e;

		assert_int_equal(hg_predictor_eval(p, &settings[i], &e), HG_OK);
		assert_near(f.time_s, e.time_s, 0.01);
		assert_near(f.energy_j, e.energy_j, 0.01);
		assert_int_equal(f.origin, e.origin);
		assert_int_equal(f.flags, e.flags);
		assert_true(f.time_rsd > 0.05 && f.time_rsd < 0.5);
		assert_true(f.energy_rsd > 0.05 && f.energy_rsd < 0.5);
	}
	hg_predictor_destroy(p);
	hg_fit_destroy(fit);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

#define CAPS 11

/** What a device does whose times and powers are not quite those of the model. */
struct nature {
	double ln[2][CAPS];
};

static hg_knobs cap_of(const hg_model *m, size_t i)
{
	return (hg_knobs){
		0, m->f.cap_min_w + (m->f.cap_max_w - m->f.cap_min_w) * (double)i / (CAPS - 1)};
}

/* @param walks  whether it strays from the physics as its prior says */
static void nature_draw(struct rng *r, const hg_model *m, const struct mix *mix, double noise,
	bool walks, struct nature *out)
{
	double z[WORK_N], s = 0.0, walk[2] = {0, 0};
	struct response c;

	z[0] = mix->time_sd * rng_normal(r);
	for (size_t i = 0; i < PRIOR_N; i++)
		z[i + 1] = sqrt(mix->prior.covariance[i][i]) * rng_normal(r);
	response_init(&c, &m->f, mix, z);
	for (size_t i = CAPS; i-- > 0;) {
		hg_knobs k = cap_of(m, i);
		struct response_at at;

		response_eval(&c, &k, &at);
		for (size_t a = 0; a < 2 && walks; a++)
			walk[a] += sqrt(mix->prior.walk[a] * fmax(0.0, -log(at.x) - s)) *
				   rng_normal(r);
		s = -log(at.x);
		out->ln[0][i] = at.ln_time + walk[0] + noise * rng_normal(r);
		out->ln[1][i] = at.ln_power + walk[1] + noise * rng_normal(r);
	}
}

/* Two phases are recovered from three noisy limits as a sum, and not as one lump. */
static void phases_are_recovered_from_few_limits(void **state)
{
	static const size_t seen[] = {0, 3, CAPS - 1};
	double sum = 0.0, lump = 0.0, n = 0.0;
	hg_workload *w = two_phases();
	hg_model *m = device("h100");
	struct mix mix;
	struct rng r;

	(void)state;
	rng_init(&r, 21);
	assert_int_equal(mix_init(&mix, m, w, NULL), HG_OK);
	for (int round = 0; round < 20; round++) {
		struct nature nature;
		hg_obs obs[3];
		hg_fit *both[2];
		hg_error why;

		nature_draw(&r, m, &mix, 0.01, false, &nature);
		for (size_t i = 0; i < 3; i++) {
			double t = exp(nature.ln[0][seen[i]]);

			obs[i] = (hg_obs){
				cap_of(m, seen[i]), t, t * exp(nature.ln[1][seen[i]]), 0.01, 0.01};
		}
		both[0] = fit_of(m, w, obs, 3);
		assert_ok(hg_fit_create(m, obs, 3, NULL, &both[1], &why), &why);
		for (size_t i = 0; i < CAPS; i++, n++) {
			hg_knobs k = cap_of(m, i);

			sum += fabs(log(forecast(both[0], &k).time_s) - nature.ln[0][i]);
			lump += fabs(log(forecast(both[1], &k).time_s) - nature.ln[0][i]);
		}
		hg_fit_destroy(both[0]);
		hg_fit_destroy(both[1]);
	}
	print_message(
		"time off: %.2f %% as a sum, %.2f %% as a lump\n", 100 * sum / n, 100 * lump / n);
	/* of noise alone 0.8 % */
	assert_true(sum / n < 0.016);
	assert_true(sum < lump);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

static void intervals_of_sums_cover_what_they_say(void **state)
{
	hg_workload *w = two_phases();
	hg_model *m = device("h100");
	struct mix mix;
	struct rng r;

	(void)state;
	rng_init(&r, 22);
	assert_int_equal(mix_init(&mix, m, w, NULL), HG_OK);
	for (size_t n_obs = 0; n_obs <= 2; n_obs += 2) {
		double in[2] = {0, 0}, n = 0;

		for (int round = 0; round < 150; round++) {
			struct nature nature;
			hg_obs obs[2];
			hg_fit *fit;

			nature_draw(&r, m, &mix, mix.prior.noise[0], true, &nature);
			for (size_t i = 0; i < n_obs; i++) {
				size_t k = i ? CAPS - 1 : 2;
				double t = exp(nature.ln[0][k]);

				obs[i] = (hg_obs){cap_of(m, k), t, t * exp(nature.ln[1][k]), 0, 0};
			}
			fit = fit_of(m, w, obs, n_obs);
			for (size_t i = 0; i < CAPS; i++) {
				hg_knobs k = cap_of(m, i);
				hg_forecast at = forecast(fit, &k);
				double t = exp(nature.ln[0][i]), e = t * exp(nature.ln[1][i]);

				if (n_obs && (i == 2 || i == CAPS - 1))
					continue;
				in[0] += t >= at.time_low_s && t <= at.time_high_s;
				in[1] += e >= at.energy_low_j && e <= at.energy_high_j;
				n++;
			}
			hg_fit_destroy(fit);
		}
		for (size_t c = 0; c < 2; c++) {
			print_message("%zu seen: 80 %% intervals cover %.1f %%\n", n_obs,
				100 * in[c] / n);
			assert_true(in[c] / n > 0.72 && in[c] / n < 0.9);
		}
	}
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

/* Samples of its ops make a prediction surer. */
static void samples_narrow_intervals(void **state)
{
	hg_workload *w = workload("{\"name\": \"a\", \"gemm\": [4096, 4096, 4096]}");
	hg_model *m = device("h100");
	hg_fit_options o = {.size = sizeof o, .workload = w};
	hg_forecast with, without;
	hg_op_times *t;
	hg_error why;
	hg_ops *ops;
	hg_fit *fit;

	(void)state;
	fit = fit_of(m, w, NULL, 0);
	without = forecast(fit, &(hg_knobs){0, 0});
	hg_fit_destroy(fit);
	assert_ok(hg_op_times_parse(times, sizeof times - 1, "t.csv", &t, &why), &why);
	assert_ok(hg_ops_create(m, t, &ops, &why), &why);
	o.ops = ops;
	assert_ok(hg_fit_create(m, NULL, 0, &o, &fit, &why), &why);
	with = forecast(fit, &(hg_knobs){0, 0});
	assert_true(with.time_rsd < without.time_rsd);
	assert_true(with.origin == (without.origin | HG_ORIGIN_FITTED));
	assert_near(with.time_s, 3e-4, 0.3);
	hg_fit_destroy(fit);
	hg_ops_destroy(ops);
	hg_op_times_destroy(t);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_follow_from_shapes),
		cmocka_unit_test(wrong_shapes_are_named),
		cmocka_unit_test(ops_cost_what_their_classes_say),
		cmocka_unit_test(memory_of_known_ops_has_its_own_knee),
		cmocka_unit_test(links_do_not_follow_the_clock),
		cmocka_unit_test(times_come_back_from_files),
		cmocka_unit_test(wrong_times_are_named),
		cmocka_unit_test(nothing_observed_is_the_prediction),
		cmocka_unit_test(phases_are_recovered_from_few_limits),
		cmocka_unit_test(intervals_of_sums_cover_what_they_say),
		cmocka_unit_test(samples_narrow_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
