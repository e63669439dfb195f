/* Ops of known shape, in and out of sample. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "hardware/model/collective.h"
#include "hardware/model/model.h"
#include "hardware/model/op-cost.h"

#include "bench.h"

#define SAMPLES_MAX  4096
#define MESSAGES_MAX 8192
#define QUANTILE80   1.2815515655446004

struct timed {
	struct op_sample at[SAMPLES_MAX];
	size_t n, seen;
	struct rng rng;
};

/* ----- any kind of op */

/** Errors of predictions of ops, and how many lie in their 80 % intervals. */
struct op_score {
	double absolute, in, n;
};

static void op_judge(
	struct op_score *score, const hg_model *m, const hg_ops *ops, const struct op_sample *s)
{
	struct op_cost cost;
	double off, common, each;

	op_cost(&m->f, ops, &s->op, &cost);
	op_spread(m, ops, (enum op_kind)s->op.kind, &common, &each);
	off = op_cost_seconds(&m->f, &cost) / s->time_s;
	score->absolute += fabs(off - 1.0);
	score->in += fabs(log(off)) <= QUANTILE80 * sqrt(common * common + each * each);
	score->n++;
}

static void op_score_print(const char *gpu, const char *what, const struct op_score *s)
{
	char name[120];

	if (!(s->n > 0))
		return;
	report(gpu, what, 100 * s->absolute / s->n, "% MAPE");
	(void)snprintf(name, sizeof name, "%s, in 80 %% interval", what);
	report(gpu, name, 100 * s->in / s->n, "%");
}

static hg_ops *ops_fit(const hg_model *m, enum op_kind kind, const struct op_sample *s, size_t n)
{
	hg_ops *ops = need(calloc(1, sizeof *ops));

	for (size_t k = 0; k < OP_KINDS; k++)
		op_known_default((enum op_kind)k, &ops->of[k]);
	ops->f = m->f;
	require(op_known_fit(&m->f, kind, s, n, &ops->of[kind]), "ops");
	return ops;
}

/* As many samples as `size`, drawn without replacement; the rest of the pool is behind them. */
static void draw(struct op_sample *pool, size_t n, size_t size, struct rng *r)
{
	for (size_t i = 0; i < size && i < n; i++) {
		size_t k = i + rng_below(r, n - i);
		struct op_sample swap = pool[i];

		pool[i] = pool[k];
		pool[k] = swap;
	}
}

/** Ops of one kind that were timed on some GPUs. */
struct table {
	const char *name;
	enum op_kind kind;
	struct timed *gpu; /* FILES_MAX */
	char word[FILES_MAX][WORD_ROOM];
	hg_model *m[FILES_MAX];
	size_t n;
};

static void table_init(struct table *t, const char *name, enum op_kind kind)
{
	*t = (struct table){.name = name, .kind = kind};
	t->gpu = need(calloc(FILES_MAX, sizeof *t->gpu));
}

/* The samples of a GPU; NULL for a GPU that no device file is of. */
static struct timed *table_gpu(struct table *t, const char *file)
{
	char word[WORD_ROOM];
	hg_model *m = gpu_of(file, word);
	size_t i = 0;

	if (!m) {
		(void)fprintf(
			stderr, "bench-model: %s: left out, no device file is of this GPU\n", file);
		return NULL;
	}
	while (i < t->n && strcmp(t->m[i]->name, m->name) != 0)
		i++;
	if (i < t->n || i == FILES_MAX) {
		hg_model_destroy(m);
		return i < t->n ? &t->gpu[i] : NULL;
	}
	memcpy(t->word[i], word, sizeof word);
	t->m[t->n++] = m;
	return &t->gpu[i];
}

/* Half of all shapes are for fitting: none of the other half has been seen then, whatever the
 * first number of a product or a collective (m, GPUs). */
static bool for_fitting(const struct op *op)
{
	uint64_t first = op->kind == OP_ELEMENTWISE ? (uint64_t)op->shape[0] : 0;
	uint64_t h =
		((uint64_t)op->shape[1] ^ first) * 2654435761u ^ (uint64_t)op->shape[2] * 40503u;

	h ^= h >> 13;
	h *= 0x9E3779B97F4A7C15u;
	return (h >> 40) % 2;
}

static void samples_bench(const struct table *t, size_t gpu, size_t size)
{
	const struct timed *all = &t->gpu[gpu];
	struct op_sample *pool = need(calloc(all->n + 1, sizeof *pool));
	struct op_score score = {0};
	char name[80];
	struct rng r;

	rng_init(&r, 7);
	for (int seed = 0; seed < 8; seed++) {
		hg_ops *ops;
		size_t n = 0;

		for (size_t i = 0; i < all->n; i++)
			if (for_fitting(&all->at[i].op))
				pool[n++] = all->at[i];
		draw(pool, n, size, &r);
		ops = ops_fit(t->m[gpu], t->kind, pool, size < n ? size : n);
		for (size_t i = 0; i < all->n; i++)
			if (!for_fitting(&all->at[i].op))
				op_judge(&score, t->m[gpu], ops, &all->at[i]);
		hg_ops_destroy(ops);
	}
	(void)snprintf(name, sizeof name, "%s, %zu samples, unseen shapes", t->name, size);
	op_score_print(t->word[gpu], name, &score);
	free(pool);
}

static void all_judge(const struct table *t, size_t gpu, const char *what, const hg_ops *ops)
{
	struct op_score score = {0};
	char name[120];

	for (size_t i = 0; i < t->gpu[gpu].n; i++)
		op_judge(&score, t->m[gpu], ops, &t->gpu[gpu].at[i]);
	(void)snprintf(name, sizeof name, "%s, %s", t->name, what);
	op_score_print(t->word[gpu], name, &score);
}

static void table_bench(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		all_judge(t, i, "datasheet alone", NULL);
		samples_bench(t, i, 30);
		samples_bench(t, i, 100);
		samples_bench(t, i, 300);
	}
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->n; k++) {
			char what[64];
			hg_ops *ops;

			if (i == k)
				continue;
			ops = ops_fit(t->m[k], t->kind, t->gpu[k].at, t->gpu[k].n);
			(void)snprintf(what, sizeof what, "from %s by datasheet", t->word[k]);
			all_judge(t, i, what, ops);
			hg_ops_destroy(ops);
		}
	}
	for (size_t i = 0; i < t->n; i++)
		hg_model_destroy(t->m[i]);
	free(t->gpu);
}

/* Of more ops than there is room for each stays as likely as any other. */
static struct op_sample *timed_add(struct timed *t, enum op_kind kind)
{
	struct op_sample *s;
	size_t at;

	if (!t->seen)
		rng_init(&t->rng, 5);
	at = t->seen++ < SAMPLES_MAX ? t->seen - 1 : rng_below(&t->rng, t->seen);
	if (at >= SAMPLES_MAX)
		return NULL;
	s = &t->at[at];
	op_init(&s->op, kind);
	t->n = t->seen < SAMPLES_MAX ? t->seen : SAMPLES_MAX;
	return s;
}

/* ----- matrix products */

struct products {
	struct timed *gpu;
	size_t column[4];
};

static void gemm_read(void *user, const struct csv *c)
{
	struct products *p = user;
	double v[4];
	struct op_sample *s;

	for (size_t i = 0; i < 4; i++) {
		v[i] = number(csv_get(c, p->column[i]));
		if (!(v[i] > 0.0 && isfinite(v[i])))
			return;
	}
	s = timed_add(p->gpu, OP_GEMM);
	if (!s)
		return;
	memcpy(s->op.shape, v, 3 * sizeof *v);
	s->time_s = 1e-3 * v[3];
	(void)op_derive(&s->op);
}

void gemm_bench(const char *dir, const struct names *files)
{
	static const char *const names[4] = {"m", "n", "k", "latency"};
	struct products p;
	struct table t;

	table_init(&t, "gemm", OP_GEMM);
	for (size_t i = 0; i < files->n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/modelling/aic/%s", dir, files->at[i]);
		if (!columns_find(path, names, 4, p.column, true))
			continue;
		p.gpu = table_gpu(&t, files->at[i]);
		if (p.gpu)
			csv_each(path, gemm_read, &p);
	}
	table_bench(&t);
}

/* ----- operators of Llama-2, by tokens and tensor parallelism */

/* Every so many records: they repeat much. */
#define STRIDE 4
/* A norm reads its row twice, and is 4 FLOP an element and 3 conversions. */
#define NORM_FLOPS 7
/* Shorter ones are as long as the resolution of their times. */
#define SHORTEST_S 10e-6

static const char *const operator_names[15] = {"time_stats.attn_pre_proj.median",
	"time_stats.attn_post_proj.median", "time_stats.mlp_up_proj.median",
	"time_stats.mlp_down_proj.median", "time_stats.input_layernorm.median",
	"time_stats.post_attention_layernorm.median", "time_stats.attn_rope.median",
	"time_stats.mlp_act.median", "time_stats.add.median", "n_head", "n_kv_head", "n_embd",
	"n_expanded_embd", "num_tokens", "num_tensor_parallel_workers"};

/** Where the columns are; both kinds are filled. */
struct operators {
	struct timed *gemm, *elementwise;
	size_t column[15];
	unsigned record;
};

static void operators_read(void *user, const struct csv *c)
{
	struct operators *o = user;
	const struct csv_field f[6] = {csv_get(c, o->column[9]), csv_get(c, o->column[10]),
		csv_get(c, o->column[11]), csv_get(c, o->column[12]), csv_get(c, o->column[13]),
		csv_get(c, o->column[14])};
	double heads = number(f[0]), kv = number(f[1]), d = number(f[2]), tp = number(f[5]);
	double m = number(f[4]), e = number(f[3]) / tp, dim = d / heads;
	double turned = (heads + kv) * dim / tp;
	const double shape[9][5] = {{m, (heads + 2 * kv) * dim / tp, d, 1}, {m, d, d / tp, 1},
		{m, 2 * e, d, 1}, {m, d, e, 1}, {m * d, 2, 1, NORM_FLOPS, d},
		{m * d, 2, 1, NORM_FLOPS, d}, {m * turned, 1, 1, 6, turned}, {m * e, 2, 1, 8, e},
		{m * d, 2, 1, 1, 0}};

	if (o->record++ % STRIDE || !(m > 0 && e > 0 && turned > 0 && isfinite(m * e * turned)))
		return;
	for (size_t i = 0; i < 9; i++) {
		double time_s = 1e-3 * number(csv_get(c, o->column[i]));
		struct op_sample *s;

		if (!(time_s >= SHORTEST_S && time_s < INFINITY))
			continue;
		s = timed_add(i < 4 ? o->gemm : o->elementwise, i < 4 ? OP_GEMM : OP_ELEMENTWISE);
		if (!s)
			continue;
		memcpy(s->op.shape, shape[i], sizeof shape[i]);
		s->time_s = time_s;
		(void)op_derive(&s->op);
	}
}

void operators_bench(const char *dir, const struct names *files)
{
	struct table gemm, elementwise;

	table_init(&gemm, "llama gemm", OP_GEMM);
	table_init(&elementwise, "llama elementwise", OP_ELEMENTWISE);
	for (size_t i = 0; i < files->n; i++) {
		struct operators o = {0};
		char path[4096];

		if (!strstr(files->at[i], "_mlp"))
			continue;
		(void)snprintf(path, sizeof path, "%s/serving/vidur/%s", dir, files->at[i]);
		if (!columns_find(path, operator_names, 15, o.column, true))
			continue;
		o.gemm = table_gpu(&gemm, files->at[i]);
		o.elementwise = o.gemm ? table_gpu(&elementwise, files->at[i]) : NULL;
		if (o.elementwise)
			csv_each(path, operators_read, &o);
	}
	table_bench(&gemm);
	table_bench(&elementwise);
}

/* ----- collectives */

struct rows {
	char op[64][32];
	unsigned op_of[MESSAGES_MAX]; /* kind of row: operation, type and number of GPUs */
	char kind[MESSAGES_MAX][64];
	struct message at[MESSAGES_MAX];
	size_t n, ops, column[5];
};

static const char *const message_names[5] = {
	"op_name", "nccl_dtype", "num_gpus", "message_size", "latency"};

static void message_read(void *user, const struct csv *c)
{
	struct rows *r = user;
	struct csv_field op = csv_get(c, r->column[0]), type = csv_get(c, r->column[1]);
	struct csv_field gpus = csv_get(c, r->column[2]);
	double size = number(csv_get(c, r->column[3])), ms = number(csv_get(c, r->column[4]));
	unsigned k = 0;

	if (r->n == MESSAGES_MAX || op.len >= sizeof r->op[0] || !(size > 0.0 && ms > 0.0) ||
		!isfinite(size + ms))
		return;
	while (k < r->ops && (strlen(r->op[k]) != op.len || memcmp(r->op[k], op.text, op.len) != 0))
		k++;
	if (k == sizeof r->op / sizeof r->op[0])
		return;
	if (k == r->ops)
		memcpy(r->op[r->ops++], op.text, op.len);
	r->op_of[r->n] = k;
	(void)snprintf(r->kind[r->n], sizeof r->kind[0], "%.*s/%.*s", (int)type.len, type.text,
		(int)gpus.len, gpus.text);
	r->at[r->n++] = (struct message){size, 1e-3 * ms};
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
static void operation_bench(const struct rows *r, unsigned op, double sums[4])
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
		sums[2]++;
		if (c.n > 2) {
			sums[1] += left_out(&c);
			sums[3]++;
		}
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
		if (!columns_find(path, message_names, 5, r->column, true))
			continue;
		csv_each(path, message_read, r);
		for (unsigned k = 0; k < r->ops; k++) {
			double sums[4] = {0};
			char name[80];

			operation_bench(r, k, sums);
			(void)snprintf(name, sizeof name, "%s, three terms, in-sample", r->op[k]);
			report(files->at[i], name, 100 * sums[0] / sums[2], "% MAPE");
			(void)snprintf(name, sizeof name, "%s, with residual, left out", r->op[k]);
			if (sums[3] > 0)
				report(files->at[i], name, 100 * sums[1] / sums[3], "% MAPE");
			mean += 100 * sums[0] / sums[2];
			n++;
		}
	}
	if (n > 0)
		report("collectives,", "mean of the three terms", mean / n, "% MAPE");
	free(r);
}

/* The same collectives as ops of a kind: one set of parameters for all of a GPU. */
struct collectives {
	struct timed *gpu;
	size_t column[5];
};

static void collective_read(void *user, const struct csv *c)
{
	const struct collectives *from = user;
	struct csv_field name = csv_get(c, from->column[0]), type = csv_get(c, from->column[1]);
	double v[3];
	char word[32] = "";
	struct op_sample *s;
	struct op op;

	for (size_t i = 0; i < 3; i++) {
		v[i] = number(csv_get(c, from->column[2 + i]));
		if (!(v[i] > 0.0 && isfinite(v[i])))
			return;
	}
	if (name.len < sizeof word)
		memcpy(word, name.text, name.len);
	op_init(&op, OP_COLLECTIVE);
	if (!op_word(&op, !strcmp(word, "alltoall") ? "all_to_all" : word))
		return;
	(void)op_dtype(&op, type.len == 4 && !memcmp(type.text, "int8", 4) ? "int8" : "bf16");
	op.shape[COLLECTIVE_GPUS] = v[0];
	op.shape[COLLECTIVE_ELEMENTS] = v[1];
	(void)op_derive(&op);
	s = timed_add(from->gpu, OP_COLLECTIVE);
	if (!s)
		return;
	s->op = op;
	s->time_s = 1e-3 * v[2];
}

void collective_kind_bench(const char *dir, const struct names *files)
{
	struct collectives from;
	struct table t;

	table_init(&t, "collective", OP_COLLECTIVE);
	for (size_t i = 0; i < files->n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/modelling/aic/%s", dir, files->at[i]);
		if (!columns_find(path, message_names, 5, from.column, false))
			continue;
		from.gpu = table_gpu(&t, files->at[i]);
		if (from.gpu)
			csv_each(path, collective_read, &from);
	}
	table_bench(&t);
}
