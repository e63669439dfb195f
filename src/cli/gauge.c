/* Devices whose energy is measured. */
#include "gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "sensors.h"

#define SPEC_ROOM      512
#define PERIOD_UNKNOWN 0.1
#define PERIOD_LONGEST 10.0

hg_device_info gauge_info(const struct gauge *g, size_t i)
{
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(g->devices[i], &info);
	return info;
}

bool gauge_simulated(const struct gauge *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (gauge_info(g, i).simulated)
			return true;
	return false;
}

/** Whether a device has one of the signals that joules come from. */
static bool tells_energy(const hg_device *d)
{
	static const char *const names[] = {"energy", "power"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t s = hg_device_signal_index(d, names[i]);
		hg_signal_info info = {.size = sizeof info};

		if (s != SIZE_MAX && hg_device_signal(d, s, &info) == HG_OK && !info.absent)
			return true;
	}
	return false;
}

double gauge_period(const struct gauge *g)
{
	double longest = 0.0;

	for (size_t i = 0; i < g->n; i++) {
		size_t s = hg_device_signal_index(g->devices[i], "energy");
		hg_signal_info info = {.size = sizeof info};
		double period = PERIOD_UNKNOWN;

		if (s != SIZE_MAX && hg_device_signal(g->devices[i], s, &info) == HG_OK &&
			info.period_ns > 0)
			period = 1e-9 * (double)info.period_ns;
		if (period > longest)
			longest = period;
	}
	return longest > PERIOD_LONGEST ? PERIOD_LONGEST : longest > 0.0 ? longest : PERIOD_UNKNOWN;
}

static void note_missing(void *user, const hg_discovery *found)
{
	struct buf *missing = user;

	if (found->reason[0])
		buf_addf(missing, "%s: %s\n", found->backend, found->reason);
}

static int discover(struct cli *cli, struct gauge *g)
{
	hg_error why = {""};
	hg_err rc = hg_discover(g->ctx, note_missing, &g->missing, &why);

	if (rc != HG_OK)
		return cli_input_error(cli, rc, &why);
	for (hg_device *d = hg_device_next(g->ctx, NULL); d; d = hg_device_next(g->ctx, d))
		if (g->n < GAUGE_DEVICES && tells_energy(d))
			g->devices[g->n++] = d;
	return EXIT_OK;
}

static int open_named(struct cli *cli, const char *spec, unsigned flags, struct gauge *g)
{
	static const struct {
		const char *backend, *key, *real;
	} virtual[] = {{"sim:", "realtime=", "realtime=1"}, {"replay:", "speed=", "speed=1"}};
	char timed[SPEC_ROOM];

	/* virtual time would stand still while a real command runs */
	for (size_t i = 0; i < sizeof virtual / sizeof *virtual; i++) {
		int len;

		if (flags & GAUGE_AS_NAMED || strstr(spec, virtual[i].key) ||
			strncmp(spec, virtual[i].backend, strlen(virtual[i].backend)) != 0)
			continue;
		len = snprintf(timed, sizeof timed, "%s,%s", spec, virtual[i].real);
		if (len > 0 && (size_t)len < sizeof timed)
			spec = timed;
		break;
	}
	if (g->n >= GAUGE_DEVICES)
		return cli_usage(cli, "more than %d devices", GAUGE_DEVICES);
	g->n++;
	return rig_device(cli, g->ctx, spec, &g->devices[g->n - 1]);
}

static int open_meters(struct cli *cli, struct gauge *g)
{
	hg_sensor known[GAUGE_DEVICES];
	const hg_meter_opts opts = {.size = sizeof opts, .sensors = known};
	hg_device *sum[GAUGE_DEVICES];
	hg_sensors *sensors;
	hg_error why = {""};
	size_t n = 0;
	hg_err rc;

	if (g->n == 0)
		return EXIT_OK;
	sensors_read(cli, &sensors);
	for (size_t i = 0; i < g->n; i++)
		(void)sensors_of(sensors, g->devices[i], &known[i]);
	hg_sensors_destroy(sensors);
	(void)hg_device_disjoint((const hg_device *const *)g->devices, g->n, g->summed);
	for (size_t i = 0; i < g->n; i++)
		if (g->summed[i])
			sum[n++] = g->devices[i];
	rc = hg_meter_open(g->ctx, g->devices, g->n, &opts, &g->meter, &why);
	if (rc == HG_OK && n > 0)
		rc = hg_meter_open(g->ctx, sum, n, NULL, &g->total, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

int gauge_open(struct cli *cli, const char *const *specs, size_t n, unsigned flags, struct gauge *g)
{
	int rc;

	memset(g, 0, sizeof *g);
	buf_init(&g->missing, 65536);
	rc = rig_context(cli, &g->ctx);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = open_named(cli, specs[i], flags, g);
	if (rc == EXIT_OK && n == 0)
		rc = discover(cli, g);
	return rc == EXIT_OK ? open_meters(cli, g) : rc;
}

void gauge_close(struct gauge *g)
{
	hg_meter_close(g->total);
	hg_meter_close(g->meter);
	hg_close(g->ctx);
	buf_finish(&g->missing);
	memset(g, 0, sizeof *g);
}
