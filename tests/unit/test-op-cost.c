/* What single ops cost, and what samples of them teach of that and other devices. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "near.h"

#include "core/rng.h"
#include "hardware/model/op-cost.h"

/* Long products of busy chips are slower than their tiles say: the power limit has them. What was
 * learnt of it must show in large products, and not in those of few rows. */
static void busy_products_are_throttled(void **state)
{
	static const double shapes[][3] = {{16384, 8192, 8192}, {16, 8192, 8192}};
	hg_model *m = device("h100");
	struct op_known known;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct op_cost cost;
		struct op op;
		double seconds[2];

		op_init(&op, OP_GEMM);
		memcpy(op.shape, shapes[i], sizeof shapes[i]);
		assert_null(op_derive(&op));
		for (size_t k = 0; k < 2; k++) {
			op_known_default(OP_GEMM, &known);
			known.z[GEMM_THROTTLE] = log(k ? 0.2 : 1e-6);
			op_class_cost(&m->f, known.z, &op, &cost);
			seconds[k] = op_cost_seconds(&m->f, &cost);
		}
		assert_true(i ? seconds[1] < 1.001 * seconds[0] : seconds[1] > 1.05 * seconds[0]);
	}
	hg_model_destroy(m);
}

/* A block works on a row: with fewer rows than units no more of these can help. */
static void rows_keep_few_units_busy(void **state)
{
	static const char *const devices[] = {"v100", "a40", "a100-sxm", "h100-sxm"};

	(void)state;
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
		hg_model *m = device(devices[i]);
		double time[4];

		for (size_t k = 0; k < 4; k++) {
			static const struct {
				double rows, row;
			} shape[] = {{1, 28672}, {16, 28672}, {16, 0}, {8192, 28672}};
			struct op_cost cost;
			struct op op;

			op_init(&op, OP_ELEMENTWISE);
			op.shape[ELEMENTWISE_ELEMENTS] = shape[k].rows * 28672;
			op.shape[ELEMENTWISE_FLOPS] = 8;
			op.shape[ELEMENTWISE_ROW] = shape[k].row;
			assert_null(op_derive(&op));
			op_cost(&m->f, NULL, &op, &cost);
			time[k] = op_cost_seconds(&m->f, &cost);
		}
		assert_near(time[1], time[0], 0.05);
		assert_true(time[1] > 3 * time[2]);
		assert_true(time[3] > 8192 / (2 * m->f.sms) * (time[1] - 2e-6));
		hg_model_destroy(m);
	}
}

/* ----- samples */

static void draw_product(struct rng *r, struct op *op)
{
	op_init(op, OP_GEMM);
	op->shape[GEMM_M] = ldexp(1, (int)rng_below(r, 14));
	op->shape[GEMM_N] = 64 * (1 + (double)rng_below(r, 200));
	op->shape[GEMM_K] = 64 * (1 + (double)rng_below(r, 200));
	(void)op_derive(op);
}

static double seconds(const struct figures *f, const double z[OP_Z], const struct op *op)
{
	struct op_cost cost;

	op_class_cost(f, z, op, &cost);
	return op_cost_seconds(f, &cost);
}

static void products_recover_the_curve(void **state)
{
	hg_model *m = device("h200"), *other = device("a100");
	struct op_known truth, fit;
	struct op_sample samples[120];
	double error = 0.0;
	struct rng r;

	(void)state;
	rng_init(&r, 9);
	op_known_default(OP_GEMM, &truth);
	truth.z[GEMM_LAUNCH] += 0.4;
	truth.z[GEMM_COMPUTE] -= 0.15;
	truth.z[GEMM_MEMORY] -= 0.1;
	for (size_t i = 0; i < 120; i++) {
		draw_product(&r, &samples[i].op);
		samples[i].time_s =
			seconds(&m->f, truth.z, &samples[i].op) * exp(0.03 * rng_normal(&r));
	}
	assert_int_equal(op_known_fit(&m->f, OP_GEMM, samples, 100, &fit), HG_OK);
	for (size_t i = 100; i < 120; i++)
		error += fabs(log(seconds(&m->f, fit.z, &samples[i].op) /
				      seconds(&m->f, truth.z, &samples[i].op)) +
				 op_known_residual(&fit, &samples[i].op, SIZE_MAX)) /
			 20;
	assert_true(error < 0.03);
	assert_near(fit.z[GEMM_LAUNCH], truth.z[GEMM_LAUNCH], 0.02);
	assert_true(fit.left_out < 0.05 && fit.each < 0.06 && fit.each > 0.02);
	/* What was learnt moves to another chip with its data sheet. */
	error = 0.0;
	for (size_t i = 0; i < 120; i++)
		error += fabs(log(seconds(&other->f, fit.z, &samples[i].op) /
				  seconds(&other->f, truth.z, &samples[i].op))) /
			 120;
	assert_true(error < 0.03);
	op_known_finish(&fit);
	hg_model_destroy(m);
	hg_model_destroy(other);
}

/* What the equations miss is the kernels', which devices of a kind share. */
static void residuals_stay_with_devices_alike(void **state)
{
	static const char *const devices[] = {"h100-sxm", "h200", "a40"};
	hg_ops ops = {0};
	struct op_sample samples[100];
	double ratio[3], each[3], common[3];
	hg_model *m = device("h100-sxm");
	struct rng r;

	(void)state;
	rng_init(&r, 4);
	op_known_default(OP_GEMM, &ops.of[OP_GEMM]);
	for (size_t i = 0; i < 100; i++) {
		double deep;

		draw_product(&r, &samples[i].op);
		deep = samples[i].op.shape[GEMM_K] > 6400 ? 1.4 : 1.0;
		samples[i].time_s = deep * seconds(&m->f, ops.of[OP_GEMM].z, &samples[i].op);
	}
	assert_int_equal(op_known_fit(&m->f, OP_GEMM, samples, 100, &ops.of[OP_GEMM]), HG_OK);
	ops.f = m->f;
	hg_model_destroy(m);
	for (size_t d = 0; d < 3; d++) {
		m = device(devices[d]);
		ratio[d] = 0.0;
		for (size_t i = 0; i < 100; i++) {
			struct op_cost cost;

			op_cost(&m->f, &ops, &samples[i].op, &cost);
			ratio[d] += fabs(log(op_cost_seconds(&m->f, &cost) /
					     seconds(&m->f, ops.of[OP_GEMM].z, &samples[i].op)));
		}
		op_spread(m, &ops, OP_GEMM, &common[d], &each[d]);
		hg_model_destroy(m);
	}
	assert_true(ratio[0] > 3.0 && ratio[1] > 0.7 * ratio[0] && ratio[2] < 0.1 * ratio[0]);
	assert_near(each[0], ops.of[OP_GEMM].each, 1e-12);
	assert_true(each[1] < 1.2 * each[0] && each[2] > 1.2 * each[0]);
	assert_true(common[0] < common[1] && common[1] < common[2]);
	op_known_finish(&ops.of[OP_GEMM]);
}

/* The power limit takes more of a peak that has more FLOP for each watt. */
static void dense_peaks_are_throttled_more(void **state)
{
	hg_model *m = device("h100-sxm");
	struct op_known known;
	double slower[2];

	(void)state;
	op_known_default(OP_GEMM, &known);
	for (size_t i = 0; i < 2; i++) {
		struct op_cost cost[2];
		struct op op;

		op_init(&op, OP_GEMM);
		op.shape[GEMM_M] = op.shape[GEMM_N] = op.shape[GEMM_K] = 8192;
		assert_null(op_derive(&op));
		m->f.cap_default_w = i ? 350 : 700;
		op_class_cost(&m->f, known.z, &op, &cost[0]);
		known.z[GEMM_THROTTLE] -= 50;
		op_class_cost(&m->f, known.z, &op, &cost[1]);
		known.z[GEMM_THROTTLE] += 50;
		slower[i] = cost[0].compute_s / cost[1].compute_s - 1;
	}
	assert_near(slower[1], sqrt(2) * slower[0], 1e-9);
	hg_model_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_products_are_throttled),
		cmocka_unit_test(rows_keep_few_units_busy),
		cmocka_unit_test(products_recover_the_curve),
		cmocka_unit_test(residuals_stay_with_devices_alike),
		cmocka_unit_test(dense_peaks_are_throttled_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
