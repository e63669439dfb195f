/* Workload files: never a crash, and whatever is accepted can be predicted and run. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <hourglass/hourglass.h>

#include "hardware/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const hg_workload *w)
{
	const hg_knobs settings[] = {{0, 0}, {1e9, 0}, {0, 200}, {1.5e9, 300}};
	hg_sim_truth truth = {.size = sizeof truth};
	hg_predictor *p;
	hg_estimate e;
	hg_device *d;
	hg_model *m;
	hg_ctx *ctx;
	hg_err rc;

	if (hg_model_load("h100-sxm", NULL, &m, NULL) || hg_open(NULL, &ctx, NULL))
		abort();
	if (hg_predictor_create(m, w, &p, NULL))
		abort();
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		if (hg_predictor_eval(p, &settings[i], &e) || !(e.time_s >= 0.0) ||
			!isfinite(e.time_s) || !(e.energy_j >= 0.0) || !isfinite(e.energy_j))
			abort();
	if (hg_device_open(ctx, "sim:h100", &d, NULL))
		abort();
	rc = hg_sim_run(d, w, 3, &truth, NULL);
	if (rc != HG_OK && rc != HG_ELIMIT)
		abort();
	hg_close(ctx);
	hg_predictor_destroy(p);
	hg_model_destroy(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_error why;
	hg_workload *w;

	if (workload_parse((const char *)data, size, "fuzz", &w, &why) == HG_OK) {
		check(w);
		hg_workload_destroy(w);
	} else if (w || !why.text[0]) {
		abort();
	}
	return 0;
}
