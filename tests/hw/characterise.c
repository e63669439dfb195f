/*
 * Characterises the energy counter of a real device by reading alone; nothing is set.
 *
 * usage: characterise [--seconds S] [--fake] [DEVICE]
 *
 * What a read of the counter and of the power costs, how often the counter moves and how regularly,
 * counter against integrated power, and how much power reading itself draws, by how often one
 * reads; of an NVIDIA GPU also what the timestamps of its fields are, and the samples that its
 * driver keeps. Prints "name value unit" lines. Exits with 77 where there is no such device; a fake
 * driver counts as none without --fake, which proves the program.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/hourglass.h>

#include "nvml-probe.h"

#define READS 200

static void report(const char *name, double value, const char *unit)
{
	printf("%-28s %12.6g %s\n", name, value, unit);
	(void)fflush(stdout);
}

static void wait_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static int by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void read_cost(hg_device *d, const char *signal)
{
	size_t id = hg_device_signal_index(d, signal), n = 0;
	int64_t took[READS];
	char name[64];

	for (int i = 0; id != SIZE_MAX && i < READS; i++) {
		hg_reading r;

		if (!hg_device_read(d, &id, 1, &r) && !r.rc)
			took[n++] = r.t1_ns - r.t0_ns;
	}
	if (n == 0)
		return;
	qsort(took, n, sizeof took[0], by_value);
	(void)snprintf(name, sizeof name, "read_%s_median", signal);
	report(name, (double)took[n / 2] * 1e-3, "us");
	(void)snprintf(name, sizeof name, "read_%s_most", signal);
	report(name, (double)took[n - 1] * 1e-3, "us");
}

static int counter(hg_ctx *ctx, hg_device *d, double seconds, hg_error *why)
{
	const hg_meter_opts opts = {.size = sizeof opts, .power_s = 0.02};
	hg_meter_state s = {.size = sizeof s};
	hg_energy e = {.size = sizeof e};
	hg_power power[4096];
	size_t n = 0;
	hg_meter *m;
	int64_t t0, t1;
	double sum = 0.0;

	if (hg_meter_open(ctx, &d, 1, &opts, &m, why))
		return 1;
	t0 = hg_meter_begin(m);
	wait_s(seconds);
	t1 = hg_meter_end(m);
	if (hg_meter_wait_final(m, t1, 5.0, why) || hg_meter_get_state(m, 0, &s, why) ||
		hg_meter_energy(m, 0, t0 + (t1 - t0) / 4, t1, HG_WINDOW_ESTIMATE, &e, why)) {
		hg_meter_close(m);
		return 1;
	}
	report("counter_period", s.sensor.period_s * 1e3, "ms");
	report("counter_jitter", s.sensor.jitter_s * 1e3, "ms");
	report("counter_reads", (double)s.reads / seconds, "1/s");
	report("counter_missed", (double)s.missed, "edges");
	report("counter_power", e.joules / ((double)(e.t1_ns - e.t0_ns) * 1e-9), "W");
	if (!hg_meter_power(m, 0, e.t0_ns, e.t1_ns, power, 4096, &n) && n > 0 && n <= 4096) {
		for (size_t i = 0; i < n; i++)
			sum += (double)power[i].power_mw * 1e-3;
		report("counter_over_power",
			e.joules / ((double)(e.t1_ns - e.t0_ns) * 1e-9) / (sum / (double)n),
			"ratio");
	}
	hg_meter_close(m);
	return 0;
}

/* Mean power by two readings of the counter, with a number of readings of it a second between. */
static void observer(hg_device *d, double rate, double seconds)
{
	size_t id = hg_device_signal_index(d, "energy");
	hg_reading first, last, r;
	char name[64];

	if (id == SIZE_MAX || hg_device_read(d, &id, 1, &first) || first.rc)
		return;
	for (double passed = 0.0; rate > 0.0 && passed < seconds;) {
		wait_s(1.0 / rate);
		if (hg_device_read(d, &id, 1, &r))
			return;
		passed = (double)(r.t1_ns - first.t0_ns) * 1e-9;
	}
	if (!(rate > 0.0))
		wait_s(seconds);
	if (hg_device_read(d, &id, 1, &last) || last.rc || last.t0_ns <= first.t0_ns)
		return;
	(void)snprintf(name, sizeof name, "observed_at_%g_hz", rate);
	report(name, (double)(last.value - first.value) * 1e3 / (double)(last.t0_ns - first.t0_ns),
		"W");
}

int main(int argc, char **argv)
{
	static const double rates[] = {0.0, 1.0, 10.0, 100.0};
	const char *spec = "nvml:0";
	hg_device_info info = {.size = sizeof info};
	double seconds = 20.0;
	hg_error why = {""};
	hg_ctx *ctx;
	hg_device *d;
	int fake = 0, bad;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
			seconds = strtod(argv[++i], NULL);
		else if (!strcmp(argv[i], "--fake"))
			fake = 1;
		else
			spec = argv[i];
	}
	if (hg_open(NULL, &ctx, &why))
		return 1;
	if (hg_device_open(ctx, spec, &d, &why)) {
		printf("skipped: %s\n", why.text);
		hg_close(ctx);
		return 77;
	}
	hg_device_get_info(d, &info);
	if (info.simulated && !fake) {
		printf("skipped: %s is simulated\n", spec);
		hg_close(ctx);
		return 77;
	}
	printf("# %s, driver %s%s\n", info.title, info.driver ? info.driver : "",
		info.simulated ? " (simulated)" : "");
	read_cost(d, "energy");
	read_cost(d, "power");
	bad = counter(ctx, d, seconds, &why);
	if (bad)
		printf("%s\n", why.text);
	for (size_t i = 0; !bad && i < sizeof rates / sizeof *rates; i++)
		observer(d, rates[i], seconds);
	hg_close(ctx);
	if (!bad && !strncmp(spec, "nvml:", 5) && spec[5] >= '0' && spec[5] <= '9')
		nvml_probe((uint32_t)strtoul(spec + 5, NULL, 10), seconds);
	return bad;
}
