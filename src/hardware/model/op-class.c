/*
 * Equations of the kinds. Tile and wave quantisation of products are as in NVIDIA's "Matrix
 * Multiplication Background User's Guide". Shares of the peak that attention reaches: 0.5 to 0.73
 * on A100 (FlashAttention-2, arXiv 2307.08691), 0.35 to 0.75 on H100 (FlashAttention-3, arXiv
 * 2407.08608). The start of a collective, a part that grows with the root of the size as protocols
 * and channels change, and a bandwidth: NCCL's times, as measured by aiconfigurator on A100, H100
 * and H200. Launches: 5 us in a stream, 1 us in a captured graph, as traces of PyTorch show. The
 * remaining starts, and the standard deviations, are from the operators of Llama-2 that Vidur
 * measured on A100, A40 and H100, and products that aiconfigurator measured on H200 and B200.
 */
#include "op-class.h"

#include <math.h>

/* Rows that one instruction of the tensor cores multiplies, at least. */
#define ROWS 64.0
/* Queries that one block of prefill attention works on. */
#define BLOCK 128.0
/* Peak of 16 bit over that of 32 bit, where the device does not say. */
#define PEAK_RATIO 16.0
/* FLOP of an SM in a cycle at that peak. */
#define LANES 256.0

double p_norm(double a, double b, double p)
{
	double big = fmax(a, b);

	if (!(big > 0.0))
		return 0.0;
	return big * pow(pow(a / big, p) + pow(b / big, p), 1.0 / p);
}

static double peak_of(const struct figures *f, uint64_t rate)
{
	if (rate == RATE_8 && f->peak_flops_8bit > 0.0)
		return f->peak_flops_8bit;
	if (rate == RATE_32)
		return f->peak_flops_32bit > 0.0 ? f->peak_flops_32bit : f->peak_flops / PEAK_RATIO;
	return f->peak_flops;
}

/* Traffic that fits into the last-level cache is served by it. */
static double traffic_s(const struct figures *f, double bytes, double memory, double l2)
{
	double full = f->l2_bytes > 0.0 ? bytes / (0.7 * f->l2_bytes) : INFINITY;
	double cached = 1.0 / (1.0 + full * full * full * full);

	return bytes / f->peak_bytes_per_s * (cached / l2 + (1.0 - cached) / memory);
}

/* ----- FLOP and bytes */

static void plain_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	(void)p;
	out->compute_s = op->flops / (f->peak_flops * f->compute_efficiency);
	out->memory_s = op->bytes / (f->peak_bytes_per_s * f->memory_efficiency);
}

/* ----- products */

static double tile_time(const struct figures *f, double peak, const double *p, const struct op *op,
	double tm, double tn)
{
	double m = op->shape[GEMM_M], n = op->shape[GEMM_N], k = op->shape[GEMM_K];
	double tiles = op->shape[GEMM_BATCH] * ceil(m / tm) * ceil(n / tn);
	double waves = fmax(1.0, ceil(tiles / f->sms));
	double share = fmin(1.0, p[GEMM_COMPUTE] * pow(tm * tn / 32768.0, p[GEMM_TILE]));
	double t = waves * 2.0 * tm * tn * (k + 64.0 * p[GEMM_FILL]) / (peak / f->sms * share);

	if (tiles < f->sms)
		t /= pow(fmin(f->sms / tiles, fmax(1.0, k / 512.0)), p[GEMM_SPLIT]);
	return t;
}

/* What the power limit takes from the peak grows with the FLOP that the peak has for each watt,
 * like their root: so it did from 0.5 (A40) to 2.25 (B200) TFLOP for each joule. */
static double flops_for_watts(const struct figures *f)
{
	return f->cap_default_w > 0.0 ? sqrt(1e-12 * f->peak_flops / f->cap_default_w) : 1.0;
}

static void gemm_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	/* the first two for few rows, as in decoding */
	static const double tiles[][2] = {
		{16, 128}, {32, 128}, {64, 64}, {64, 128}, {128, 128}, {128, 256}};
	/* by which the energy of a tile goes, whatever fits make of times: so that prefill and
	 * decode of Mistral-7B draw on V100 what was measured */
	static const double drawn[OP_Z] = {
		[GEMM_COMPUTE] = 0.8, [GEMM_TILE] = 0.3, [GEMM_SPLIT] = 0.8, [GEMM_FILL] = 4.0};
	double peak = peak_of(f, op->rate), share;

	/* a chip of unknown size: what a good product reaches */
	out->compute_s = op->flops / (peak * f->compute_efficiency);
	out->memory_s = op->bytes / (f->peak_bytes_per_s * f->memory_efficiency);
	out->gap_s = p[GEMM_LAUNCH] + p[GEMM_DEPTH] * log2(1.0 + op->shape[GEMM_K] / 512.0);
	if (!(f->sms > 0.0 && f->l2_bytes > 0.0))
		return;
	out->overlap = p[GEMM_OVERLAP];
	out->compute_s = out->drawn_s = INFINITY;
	for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++) {
		const double *t = tiles[i];

		out->compute_s = fmin(out->compute_s, tile_time(f, peak, p, op, t[0], t[1]));
		out->drawn_s = fmin(out->drawn_s, tile_time(f, peak, drawn, op, t[0], t[1]));
	}
	share = op->flops / (peak * out->compute_s);
	out->compute_s *= 1.0 + p[GEMM_THROTTLE] * flops_for_watts(f) * share * share * share;
	out->memory_s = traffic_s(f, op->bytes, p[GEMM_MEMORY], p[GEMM_L2]);
}

/* ----- attention */

enum {
	ATTENTION_COMPUTE,
	ATTENTION_MEMORY,
	ATTENTION_LAUNCH,
	ATTENTION_OVERLAP
};

static void prefill_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	const double *s = op->shape;
	double blocks = s[ATTENTION_BATCH] * s[ATTENTION_HEADS] * ceil(s[ATTENTION_TOKENS] / BLOCK);
	double padded = ceil(s[ATTENTION_TOKENS] / ROWS) * ROWS / s[ATTENTION_TOKENS];

	out->compute_s =
		op->flops * padded / (peak_of(f, op->rate) * fmin(1.0, p[ATTENTION_COMPUTE]));
	if (f->sms > 0.0)
		out->compute_s *= fmax(1.0, f->sms / blocks);
	out->memory_s = op->bytes / (f->peak_bytes_per_s * fmin(1.0, p[ATTENTION_MEMORY]));
	out->gap_s = p[ATTENTION_LAUNCH];
	out->overlap = fmax(1.0, p[ATTENTION_OVERLAP]);
}

/* The queries of a group of heads share their keys: one tile of rows. */
static void decode_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	const double *s = op->shape;
	double rows = s[ATTENTION_TOKENS] * s[ATTENTION_HEADS] / s[ATTENTION_KV_HEADS];
	double padded = ceil(rows / ROWS) * ROWS / rows;

	out->compute_s =
		op->flops * padded / (peak_of(f, op->rate) * fmin(1.0, p[ATTENTION_COMPUTE]));
	out->memory_s = op->bytes / (f->peak_bytes_per_s * fmin(1.0, p[ATTENTION_MEMORY]));
	out->gap_s = p[ATTENTION_LAUNCH];
	out->overlap = fmax(1.0, p[ATTENTION_OVERLAP]);
}

/* ----- the rest */

enum {
	ELEMENTWISE_MEMORY,
	ELEMENTWISE_L2,
	ELEMENTWISE_LAUNCH,
	ELEMENTWISE_LANES, /* FLOP of an SM in a cycle: kernels that do not load vectors are slow */
	ELEMENTWISE_OVERLAP,
	ELEMENTWISE_ALONE /* rows of an SM that take as long as one: a block leaves some of it idle
			   */
};

static void elementwise_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	double rate = f->sms > 0.0 ? f->sms * f->clock_max_hz * p[ELEMENTWISE_LANES]
				   : peak_of(f, RATE_32) * p[ELEMENTWISE_LANES] / LANES;
	const double *s = op->shape;

	out->compute_s = op->flops / rate;
	if (f->sms > 0.0 && s[ELEMENTWISE_ROW] > 0.0) {
		double rows = s[ELEMENTWISE_ELEMENTS] / s[ELEMENTWISE_ROW] / f->sms;

		out->compute_s *= fmax(1.0, p[ELEMENTWISE_ALONE] / rows);
	}
	out->overlap = fmax(1.0, p[ELEMENTWISE_OVERLAP]);
	out->memory_s = traffic_s(f, op->bytes, p[ELEMENTWISE_MEMORY], p[ELEMENTWISE_L2]);
	out->gap_s = p[ELEMENTWISE_LAUNCH];
}

/* Cycles of the highest clock for a start and a hop: what starts a collective is instructions. */
enum {
	COLLECTIVE_ALPHA,
	COLLECTIVE_HOP,
	COLLECTIVE_ROOT,
	COLLECTIVE_SHARE,
	COLLECTIVE_PEERS
};

static void collective_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	double link = f->link_bytes_per_s > 0.0 ? f->link_bytes_per_s : f->host_bytes_per_s;
	double sent = op->link_bytes, hops = op->shape[COLLECTIVE_GPUS] - 2.0;

	/* a device that says nothing of links: as slow as its memory through PCI Express */
	if (!(link > 0.0))
		link = 0.02 * f->peak_bytes_per_s;
	if (op->variant == ALL_REDUCE)
		hops *= 2.0;
	if (op->variant == ALL_TO_ALL) /* all peers at once */
		hops *= p[COLLECTIVE_PEERS];
	out->flat_s = (p[COLLECTIVE_ALPHA] + p[COLLECTIVE_HOP] * hops) / f->clock_max_hz +
		      sqrt(p[COLLECTIVE_ROOT] * sent / link) +
		      sent / (link * fmin(1.0, p[COLLECTIVE_SHARE]));
}

enum {
	COPY_SHARE,
	COPY_LINK_SHARE,
	COPY_LAUNCH,
	COPY_LINK_LAUNCH
};

static void copy_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	double link = op->variant == COPY_PEER ? f->link_bytes_per_s : f->host_bytes_per_s;

	if (op->variant == COPY_MEMORY) {
		out->memory_s = op->bytes / (f->peak_bytes_per_s * fmin(1.0, p[COPY_SHARE]));
		out->gap_s = p[COPY_LAUNCH];
		return;
	}
	if (!(link > 0.0))
		link = 0.02 * f->peak_bytes_per_s;
	out->flat_s = op->link_bytes / (link * fmin(1.0, p[COPY_LINK_SHARE]));
	out->gap_s = p[COPY_LINK_LAUNCH];
}

enum {
	LAUNCH_STREAM_S,
	LAUNCH_GRAPH_S
};

static void launch_cost(
	const struct figures *f, const double *p, const struct op *op, struct op_cost *out)
{
	(void)f;
	out->gap_s = op->shape[LAUNCH_KERNELS] *
		     p[op->shape[LAUNCH_GRAPH] > 0.0 ? LAUNCH_GRAPH_S : LAUNCH_STREAM_S];
}

static const struct op_class classes[OP_KINDS] = {
	[OP_PLAIN] = {.common = 0.15, .each = 0.15, .transfer = 0.1, .cost = plain_cost},
	[OP_GEMM] = {10, {1.15, 0.87, 1.0, 2.4e-6, 7.5e-7, 2.4, 0.2, 0.68, 2.5, 0.33},
		{0.4, 0.3, 0.7, 0.7, 1.5, 0.6, 1.0, 1.0, 1.5, 1.5}, 0.12, 0.12, 0.1, gemm_cost},
	[OP_PREFILL] = {4, {0.55, 0.75, 4e-6, 3.0}, {0.4, 0.3, 0.7, 0.6}, 0.25, 0.15, 0.15,
		prefill_cost},
	[OP_DECODE] = {4, {0.5, 0.75, 6e-6, 3.0}, {0.4, 0.3, 0.7, 0.6}, 0.2, 0.15, 0.1,
		decode_cost},
	[OP_ELEMENTWISE] = {6, {0.9, 2.0, 2e-6, 11.0, 2.0, 1.3}, {0.2, 0.7, 0.7, 0.3, 0.6, 0.3},
		0.12, 0.1, 0.12, elementwise_cost},
	[OP_COLLECTIVE] = {5, {12500, 1500, 1e-5, 0.8, 0.2}, {0.5, 0.5, 1.5, 0.3, 1.0}, 0.15, 0.12,
		0.18, collective_cost},
	[OP_COPY] = {4, {0.85, 0.85, 2e-6, 8e-6}, {0.2, 0.2, 0.7, 0.7}, 0.1, 0.1, 0.05, copy_cost},
	[OP_LAUNCH] = {2, {5e-6, 1e-6}, {0.7, 0.7}, 0.4, 0.2, 0.2, launch_cost},
};

const struct op_class *op_class(enum op_kind kind)
{
	return &classes[kind];
}

void op_class_cost(
	const struct figures *f, const double *z, const struct op *op, struct op_cost *out)
{
	const struct op_class *c = &classes[op->kind];
	double p[OP_Z] = {0};

	for (size_t i = 0; i < c->n; i++)
		p[i] = exp(z[i]);
	*out = (struct op_cost){0};
	c->cost(f, p, op, out);
	out->compute_s /= op->compute_efficiency;
	out->drawn_s /= op->compute_efficiency;
	out->memory_s /= op->memory_efficiency;
}

double op_cost_seconds(const struct figures *f, const struct op_cost *cost)
{
	double p = cost->overlap > 0.0 ? cost->overlap : f->overlap;

	return p_norm(cost->compute_s, cost->memory_s, p) + cost->flat_s + cost->gap_s;
}
