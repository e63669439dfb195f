/*
 * Requests to Mistral-7B on a V100, prefill and decode, at locked clocks: what the ops of the
 * model, a transformer of known shape, foretell of time and energy before anything was run, after
 * one clock and after two; and what a fit foretells that does not know the ops.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/model/model.h"

#include <hourglass/fit.h>

#include "bench.h"

#define CLOCKS_MAX 32
#define SHAPES_MAX 8

/** One shape of requests at all clocks. */
struct requests {
	char name[8];
	double in, out; /* tokens */
	hg_obs obs[CLOCKS_MAX];
	size_t n;
};

struct all_requests {
	struct requests at[SHAPES_MAX];
	size_t n;
};

/* workload,input_tokens_target,output_tokens_target,frequency_mhz,slo_s,duration_s,ttft_s,tpot_s,
 * avg_power_w,peak_power_w,total_energy_j,throughput_tps,j_per_token,tpj,
 * input_tokens_actual,output_tokens_actual,... */
static void requests_read(void *user, const struct csv *c)
{
	struct all_requests *all = user;
	struct csv_field name = csv_get(c, 0);
	struct requests *r = all->at;

	while (r < all->at + all->n &&
		(strlen(r->name) != name.len || memcmp(r->name, name.text, name.len) != 0))
		r++;
	if (r == all->at + SHAPES_MAX || name.len >= sizeof r->name)
		return;
	if (r == all->at + all->n) {
		all->n++;
		memcpy(r->name, name.text, name.len);
		r->in = number(csv_get(c, 14));
		r->out = number(csv_get(c, 15));
	}
	if (r->n < CLOCKS_MAX)
		r->obs[r->n++] = (hg_obs){{1e6 * number(csv_get(c, 3)), 0}, number(csv_get(c, 5)),
			number(csv_get(c, 10)), 0, 0};
}

/* Ops of one pass of the model over `tokens` of a sequence, done `times` times. */
static int pass_text(char *out, size_t room, double tokens, double context, double times)
{
	double layers = 32 * times;
	bool decode = tokens < 2;

	return snprintf(out, room,
		"{\"name\": \"norm\", \"elementwise\": {\"elements\": %g, \"reads\": 2, "
		"\"flops\": 7, \"row\": 4096}, \"repeat\": %.0f},"
		"{\"name\": \"qkv\", \"gemm\": [%g, 6144, 4096], \"repeat\": %.0f},"
		"{\"name\": \"attention\", \"%s\": {\"%s\": %g, \"heads\": 32, \"kv_heads\": 8, "
		"\"head_dim\": 128}, \"repeat\": %.0f},"
		"{\"name\": \"output\", \"gemm\": [%g, 4096, 4096], \"repeat\": %.0f},"
		"{\"name\": \"up\", \"gemm\": [%g, 28672, 4096], \"repeat\": %.0f},"
		"{\"name\": \"act\", \"elementwise\": {\"elements\": %g, \"reads\": 2, \"flops\": "
		"8, \"row\": 14336}, \"repeat\": %.0f},"
		"{\"name\": \"down\", \"gemm\": [%g, 4096, 14336], \"repeat\": %.0f},"
		"{\"name\": \"logits\", \"gemm\": [1, 32000, 4096], \"repeat\": %.0f},"
		"{\"name\": \"launches\", \"launch\": {\"kernels\": 320}, \"repeat\": %.0f}",
		4096 * tokens, 2 * layers, tokens, layers,
		decode ? "attention_decode" : "attention_prefill", decode ? "context" : "tokens",
		decode ? context : tokens, layers, tokens, layers, tokens, layers, 14336 * tokens,
		layers, tokens, layers, times, times);
}

static hg_workload *requests_workload(const struct requests *r)
{
	char text[4096], prefill[1600], decode[1600];
	hg_workload *w;
	hg_error why;
	int len;

	(void)pass_text(prefill, sizeof prefill, r->in, r->in, 1);
	(void)pass_text(decode, sizeof decode, 1, r->in + r->out / 2, r->out);
	len = snprintf(text, sizeof text,
		"{\"schema\": \"hourglass.workload/1\", \"name\": \"%s\", \"unit\": \"request\", "
		"\"ops\": [%s, %s]}",
		r->name, prefill, decode);
	require(workload_parse(text, (size_t)len, r->name, &w, &why), why.text);
	return w;
}

/** Errors and how many lie in 80 % intervals: time, energy. */
struct phase_score {
	double off[2], in[2], n;
};

static void phases_judge(struct phase_score *s, const hg_model *m, const struct requests *r,
	const hg_workload *w, size_t seen)
{
	hg_fit_options o = {.size = sizeof o, .workload = w};
	const hg_obs obs[2] = {r->obs[r->n - 1], r->obs[0]};
	hg_error why;
	hg_fit *fit;

	require(hg_fit_create(m, obs, seen, &o, &fit, &why), why.text);
	for (size_t i = 0; i < r->n; i++) {
		hg_forecast at = {.size = sizeof at};
		const hg_obs *real = &r->obs[i];

		if ((seen > 0 && i == r->n - 1) || (seen > 1 && i == 0))
			continue;
		require(hg_fit_predict(fit, &real->setting, &at), r->name);
		s->off[0] += fabs(at.time_s / real->time_s - 1.0);
		s->off[1] += fabs(at.energy_j / real->energy_j - 1.0);
		s->in[0] += real->time_s >= at.time_low_s && real->time_s <= at.time_high_s;
		s->in[1] += real->energy_j >= at.energy_low_j && real->energy_j <= at.energy_high_j;
		s->n++;
	}
	hg_fit_destroy(fit);
}

static void phases_print(const char *what, const struct phase_score *s)
{
	static const char *const of[] = {"time", "energy"};

	for (size_t c = 0; c < 2; c++) {
		char name[120];

		(void)snprintf(name, sizeof name, "%s, %s", what, of[c]);
		report("v100 mistral-7b,", name, 100 * s->off[c] / s->n, "% MAPE");
		(void)snprintf(name, sizeof name, "%s, %s in 80 %% interval", what, of[c]);
		report("v100 mistral-7b,", name, 100 * s->in[c] / s->n, "%");
	}
}

void phases_bench(const char *dir)
{
	static const char *const seen[] = {"nothing seen", "highest clock seen", "two clocks seen"};
	struct all_requests *all = need(calloc(1, sizeof *all));
	char path[4096], name[80];
	hg_model *m;

	(void)snprintf(path, sizeof path,
		"%s/serving/v100-mistral7b-freq/log_freq__workload_tpj_freq_summary.csv", dir);
	if (!file_there(path)) {
		free(all);
		return;
	}
	csv_each(path, requests_read, all);
	require(hg_model_load("v100-sxm2", NULL, &m, NULL), "v100-sxm2");
	for (size_t k = 0; k < 3; k++) {
		struct phase_score sum = {{0}, {0}, 0}, lump = {{0}, {0}, 0};

		for (size_t i = 0; i < all->n; i++) {
			hg_workload *w = requests_workload(&all->at[i]);

			phases_judge(&sum, m, &all->at[i], w, k);
			if (k)
				phases_judge(&lump, m, &all->at[i], NULL, k);
			hg_workload_destroy(w);
		}
		(void)snprintf(name, sizeof name, "sum of ops, %s", seen[k]);
		phases_print(name, &sum);
		(void)snprintf(name, sizeof name, "ops not known, %s", seen[k]);
		if (k)
			phases_print(name, &lump);
	}
	hg_model_destroy(m);
	free(all);
}
