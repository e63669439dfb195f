/* Scenario files of the fake libraries: whatever is accepted plays, and its figures are figures. No
 * file is read: a text with a path in it is passed over. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Longest time that is played, s. */
#define PLAYED_S 20.0

static void check(double x, double min)
{
	if (!(x >= min) || !isfinite(x))
		abort();
}

static void play(const struct fake_spec *spec, size_t i)
{
	struct fake_device d;
	double before_j = 0.0;

	fake_device_begin(&d, spec, i, 1.0);
	for (double t = 0.0; t < PLAYED_S; t += 0.7) {
		fake_device_catch_up(&d, t);
		check(d.energy_j, before_j);
		check(fake_power_w(&d), 0.0);
		check(fake_power_mean_w(&d, 1.0), 0.0);
		check(fake_sm_mhz(&d), 0.0);
		check(fake_counter_j(&d), 0.0);
		before_j = d.energy_j;
		(void)fake_set(&d, FAKE_LIMIT_W, spec->limit_min_w + t);
		(void)fake_set(&d, FAKE_SM_MHZ, t * 100.0);
	}
	fake_device_let_go(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	hg_error why = {""};

	if (!s)
		abort();
	if (!memchr(data, '/', size) || size > 4096)
		goto out;
	for (size_t i = 0; i + 6 < size; i++)
		if (!memcmp(data + i, ".json", 5) || !memcmp(data + i, "\"/", 2) ||
			!memcmp(data + i, "./", 2))
			goto out;
	if (!fake_scenario_parse(s, (const char *)data, size, "fuzz", &why))
		for (size_t i = 0; i < s->n_devices && i < 4; i++)
			play(&s->devices[i], i);
	else if (!why.text[0])
		abort();
out:
	fake_scenario_finish(s);
	free(s);
	return 0;
}
