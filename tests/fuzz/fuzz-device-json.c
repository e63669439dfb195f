/* Device files: never a crash, and whatever is accepted gives figures that make sense. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "hardware/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const hg_model *m)
{
	struct op op = {.flops = 1e12,
		.bytes = 1e9,
		.host_gap_s = 1e-3,
		.compute_efficiency = 1.0,
		.memory_efficiency = 1.0,
		.activity = 1.0,
		.repeat = 3};
	const hg_workload w = {.name = "w", .unit = "u", .ops = &op, .n_ops = 1};
	hg_model_info info = {.size = sizeof info};
	const hg_knobs settings[] = {{0, 0}, {m->f.clock_min_hz, 0}, {0, m->f.cap_min_w}};
	hg_predictor *p;
	hg_estimate e;

	hg_model_get_info(m, &info);
	if (hg_predictor_create(m, &w, &p, NULL))
		abort();
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		if (hg_predictor_eval(p, &settings[i], &e))
			abort();
		if (!(e.time_s > 0.0) || !isfinite(e.time_s) || !(e.energy_j >= 0.0) ||
			!isfinite(e.energy_j) || !(e.clock_hz <= info.clock_max_hz * (1 + 1e-9)))
			abort();
	}
	hg_predictor_destroy(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_error why;
	hg_model *m;

	if (model_parse((const char *)data, size, "fuzz", &m, &why) == HG_OK) {
		check(m);
		hg_model_destroy(m);
	} else if (m || !why.text[0]) {
		abort();
	}
	return 0;
}
