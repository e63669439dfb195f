/* Whatever is recalled of earlier runs can be remembered again, and is then recalled as well; and a
 * tuner that has recalled it goes on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/tune.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static hg_tune *tuner(void)
{
	static const hg_knob_def knob = {"power_limit_w", "W", NULL, 0};
	static const double watts[] = {300, 250, 200, 150, 100};
	const hg_tune_opts o = {.size = sizeof o,
		.objective = {.size = sizeof o.objective, .kind = HG_MIN_ENERGY},
		.knobs = &knob,
		.n_knobs = 1,
		.settings = watts,
		.n_settings = 5};
	hg_tune *t;

	require(hg_tune_create(&o, &t, NULL) == HG_OK);
	return t;
}

/* Steps of a job that draws what its limit says. */
static void drive(hg_tune *t)
{
	for (int i = 0; i < 60; i++) {
		double watts = *hg_tune_cells(t, hg_tune_setting(t));
		const hg_tune_work w = {.size = sizeof w,
			.steps = 1,
			.time_s = 30 / watts,
			.energy_j = 30,
			.now_s = i};

		require(hg_tune_step(t, &w, NULL, NULL) == HG_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_tune *t = tuner(), *again = tuner();
	hg_error why = {""};
	char *text;
	size_t len;
	hg_err rc = hg_tune_recall(t, (const char *)data, size, "fuzz", "job", "gpu", &why);

	require(!rc == !why.text[0]);
	drive(t);
	if (rc == HG_OK) {
		require(hg_tune_remember(t, (const char *)data, size, "fuzz", "job", "gpu", &text,
				&len, &why) == HG_OK);
		require(hg_tune_recall(again, text, len, "again", "job", "gpu", &why) == HG_OK);
		free(text);
	}
	hg_tune_destroy(t);
	hg_tune_destroy(again);
	return 0;
}
