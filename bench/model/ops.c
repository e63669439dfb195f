/* Matrix products and collectives, in and out of sample. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "hardware/model/collective.h"
#include "hardware/model/gemm.h"

#include "bench.h"

#define GEMMS_MAX 8192

struct gemms {
	struct gemm at[GEMMS_MAX];
	size_t n;
};

static void gemm_read(void *user, const struct csv *c)
{
	struct gemms *g = user;

	if (g->n < GEMMS_MAX)
		g->at[g->n++] = (struct gemm){number(csv_get(c, 0)), number(csv_get(c, 1)),
			number(csv_get(c, 2)), 1e-3 * number(csv_get(c, 3))};
}

/* Half of all (n, k) are for fitting; no shape of the other half has been seen then. */
static bool for_fitting(const struct gemm *g)
{
	uint64_t h = (uint64_t)g->n * 2654435761u ^ (uint64_t)g->k * 40503u;

	h ^= h >> 13;
	h *= 0x9E3779B97F4A7C15u;
	return (h >> 40) % 2;
}

static double gemm_mape(const struct gemm_model *m, const struct gemms *g, bool unseen)
{
	double sum = 0.0, n = 0.0;

	for (size_t i = 0; i < g->n; i++) {
		if (unseen && for_fitting(&g->at[i]))
			continue;
		sum += fabs(gemm_time(m, &g->at[i]) / g->at[i].time_s - 1.0);
		n++;
	}
	return 100 * sum / n;
}

static void gemm_samples(
	const char *gpu, const struct gemms *g, const struct chip *chip, size_t size)
{
	struct gemm *pool = need(calloc(g->n + 1, sizeof *pool));
	double sum = 0.0;
	char name[64];
	struct rng r;

	rng_init(&r, 7);
	for (int seed = 0; seed < 8; seed++) {
		struct gemm_model m;
		size_t n = 0;

		for (size_t i = 0; i < g->n; i++)
			if (for_fitting(&g->at[i]))
				pool[n++] = g->at[i];
		for (size_t i = 0; i < size && i < n; i++) {
			size_t k = i + rng_below(&r, n - i);
			struct gemm swap = pool[i];

			pool[i] = pool[k];
			pool[k] = swap;
		}
		require(gemm_fit(&m, chip, pool, size < n ? size : n), "gemm");
		sum += gemm_mape(&m, g, true);
		gemm_finish(&m);
	}
	(void)snprintf(name, sizeof name, "gemm, %zu samples, unseen (n, k)", size);
	report(gpu, name, sum / 8, "% MAPE");
	free(pool);
}

/* As in the products' data sheets. */
static const struct known_chip {
	const char *word;
	struct chip chip;
} chips[] = {
	{"a100", {312e12, 2.039e12, 108, 40e6}},
	{"h100", {989e12, 3.35e12, 132, 50e6}},
	{"h200", {989e12, 4.8e12, 132, 50e6}},
	{"b200", {2250e12, 7.7e12, 148, 126e6}},
};

static const struct known_chip *chip_find(const char *file)
{
	for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
		if (strstr(file, chips[i].word))
			return &chips[i];
	return NULL;
}

void gemm_bench(const char *dir, const struct names *files)
{
	struct gemms *all = need(calloc(FILES_MAX, sizeof *all));
	const struct known_chip *chip[FILES_MAX];

	for (size_t i = 0; i < files->n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/modelling/aic/%s", dir, files->at[i]);
		chip[i] = chip_find(files->at[i]);
		if (!chip[i])
			continue;
		csv_each(path, gemm_read, &all[i]);
		gemm_samples(chip[i]->word, &all[i], &chip[i]->chip, 30);
		gemm_samples(chip[i]->word, &all[i], &chip[i]->chip, 100);
		gemm_samples(chip[i]->word, &all[i], &chip[i]->chip, 300);
	}
	for (size_t i = 0; i < files->n; i++) {
		for (size_t k = 0; k < files->n; k++) {
			struct gemm_model m;
			char name[64];

			if (i == k || !chip[i] || !chip[k])
				continue;
			require(gemm_fit(&m, &chip[k]->chip, all[k].at, all[k].n), "gemm");
			m.chip = chip[i]->chip;
			(void)snprintf(
				name, sizeof name, "gemm, from %s by datasheet", chip[k]->word);
			report(chip[i]->word, name, gemm_mape(&m, &all[i], false), "% MAPE");
			gemm_finish(&m);
		}
	}
	free(all);
}

struct rows {
	char op[64][32];
	unsigned op_of[GEMMS_MAX]; /* kind of row: operation, type and number of GPUs */
	char kind[GEMMS_MAX][64];
	struct message at[GEMMS_MAX];
	size_t n, ops;
};

/* op_name,nccl_dtype,num_gpus,message_size,latency */
static void message_read(void *user, const struct csv *c)
{
	struct rows *r = user;
	struct csv_field op = csv_get(c, 0), type = csv_get(c, 1), gpus = csv_get(c, 2);
	unsigned k = 0;

	if (r->n == GEMMS_MAX || op.len >= sizeof r->op[0])
		return;
	while (k < r->ops && (strlen(r->op[k]) != op.len || memcmp(r->op[k], op.text, op.len) != 0))
		k++;
	if (k == r->ops)
		memcpy(r->op[r->ops++], op.text, op.len);
	r->op_of[r->n] = k;
	(void)snprintf(r->kind[r->n], sizeof r->kind[0], "%.*s/%.*s", (int)type.len, type.text,
		(int)gpus.len, gpus.text);
	r->at[r->n++] = (struct message){number(csv_get(c, 3)), 1e-3 * number(csv_get(c, 4))};
}

/* Every inner size predicted from the others. */
static double left_out(const struct collective *c)
{
	struct message *rest = need(calloc(c->n, sizeof *rest));
	double sum = 0.0;

	for (size_t i = 1; i + 1 < c->n; i++) {
		struct collective without;

		memcpy(rest, c->at, c->n * sizeof *rest);
		memmove(rest + i, rest + i + 1, (c->n - i - 1) * sizeof *rest);
		require(collective_fit(&without, rest, c->n - 1), "collective");
		sum += fabs(collective_time(&without, c->at[i].size) / c->at[i].time_s - 1.0);
		collective_finish(&without);
	}
	free(rest);
	return sum / (double)(c->n - 2);
}

/* Sums of the errors of one operation over types and numbers of GPUs. */
static void operation_bench(const struct rows *r, unsigned op, double sums[3])
{
	struct message *same = need(calloc(r->n, sizeof *same));

	for (size_t i = 0; i < r->n; i++) {
		struct collective c;
		size_t n = 0, first = 0;
		double sum = 0.0;

		while (r->op_of[first] != op || strcmp(r->kind[first], r->kind[i]) != 0)
			first++;
		if (r->op_of[i] != op || first != i)
			continue;
		for (size_t k = i; k < r->n; k++)
			if (r->op_of[k] == op && !strcmp(r->kind[k], r->kind[i]))
				same[n++] = r->at[k];
		require(collective_fit(&c, same, n), "collective");
		for (size_t k = 0; k < c.n; k++)
			sum += fabs(collective_physics(&c, c.at[k].size) / c.at[k].time_s - 1.0);
		sums[0] += sum / (double)c.n;
		sums[1] += left_out(&c);
		sums[2]++;
		collective_finish(&c);
	}
	free(same);
}

void collective_bench(const char *dir, const struct names *files)
{
	struct rows *r = need(calloc(1, sizeof *r));
	double mean = 0.0, n = 0.0;

	for (size_t i = 0; i < files->n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/modelling/aic/%s", dir, files->at[i]);
		memset(r, 0, sizeof *r);
		csv_each(path, message_read, r);
		for (unsigned k = 0; k < r->ops; k++) {
			double sums[3] = {0, 0, 0};
			char name[80];

			operation_bench(r, k, sums);
			(void)snprintf(name, sizeof name, "%s, three terms, in-sample", r->op[k]);
			report(files->at[i], name, 100 * sums[0] / sums[2], "% MAPE");
			(void)snprintf(name, sizeof name, "%s, with residual, left out", r->op[k]);
			report(files->at[i], name, 100 * sums[1] / sums[2], "% MAPE");
			mean += 100 * sums[0] / sums[2];
			n++;
		}
	}
	if (n > 0)
		report("collectives,", "mean of the three terms", mean / n, "% MAPE");
	free(r);
}
