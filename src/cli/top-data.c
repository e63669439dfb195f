/* What devices draw now. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

int top_init(struct cli *cli, struct gauge *g, struct top *t)
{
	memset(t, 0, sizeof *t);
	t->gauge = g;
	t->rows = calloc(g->n + 1, sizeof *t->rows);
	if (!t->rows)
		return cli_broken(cli, HG_ENOMEM);
	t->n = g->n;
	for (size_t i = 0; i < g->n; i++) {
		hg_device_info info = gauge_info(g, i);
		struct top_row *row = &t->rows[i];

		row->spec = info.spec;
		row->title = info.title;
		row->uuid = info.uuid;
		row->simulated = info.simulated != 0;
		row->summed = g->summed[i] != 0;
		row->power_w = row->energy_j = row->limit_w = (double)NAN;
		row->clock_hz = row->busy = row->heat_c = (double)NAN;
		t->simulated |= row->simulated;
	}
	if (g->meter)
		t->begin_ns = t->look_ns = hg_meter_begin(g->meter);
	return EXIT_OK;
}

void top_finish(struct top *t)
{
	free(t->rows);
	memset(t, 0, sizeof *t);
}

/** A signal's value times scale, or NAN. */
static double signal_value(hg_device *d, const char *name, double scale)
{
	size_t i = hg_device_signal_index(d, name);
	hg_signal_info info = {.size = sizeof info};
	hg_reading r;

	if (i == SIZE_MAX || hg_device_signal(d, i, &info) != HG_OK || info.absent)
		return (double)NAN;
	return hg_device_read(d, &i, 1, &r) == HG_OK && r.rc == HG_OK ? scale * (double)r.value
								      : (double)NAN;
}

static double power_limit(const hg_device *d)
{
	size_t i = hg_device_knob_index(d, "power_limit");
	hg_knob_info info = {.size = sizeof info};

	if (i == SIZE_MAX || hg_device_knob(d, i, &info) != HG_OK || info.current <= 0)
		return (double)NAN;
	return 1e-3 * (double)info.current;
}

static void look_at_energy(struct top *t, size_t i, int64_t now)
{
	struct top_row *row = &t->rows[i];
	hg_energy e = {.size = sizeof e};
	uint32_t opts = HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL;
	double length_s = 1e-9 * (double)(now - t->look_ns);

	row->power_w = row->energy_j = (double)NAN;
	row->why.text[0] = '\0';
	if (hg_meter_energy(t->gauge->meter, i, t->look_ns, now, opts, &e, &row->why) == HG_OK) {
		row->flags = e.flags;
		if (length_s > e.missing_s)
			row->power_w = e.joules / (length_s - e.missing_s);
	}
	e.size = sizeof e;
	if (hg_meter_energy(t->gauge->meter, i, t->begin_ns, now, opts, &e, NULL) == HG_OK)
		row->energy_j = e.joules;
	if (row->n_history == TOP_HISTORY)
		memmove(row->history, row->history + 1, (TOP_HISTORY - 1) * sizeof row->history[0]);
	else
		row->n_history++;
	row->history[row->n_history - 1] = row->power_w;
}

static void look_at_state(struct top *t, size_t i)
{
	struct top_row *row = &t->rows[i];
	hg_device *d = t->gauge->devices[i];
	double throttle = signal_value(d, "throttle", 1);

	row->clock_hz = signal_value(d, "sm_clock", 1);
	row->busy = signal_value(d, "utilisation", 1e-6);
	row->heat_c = signal_value(d, "temperature", 1e-3);
	row->throttle = throttle > 0 ? (uint32_t)throttle : 0;
	row->limit_w = power_limit(d);
	row->n_processes = 0;
	row->processes_known = hg_device_processes(d, row->processes, TOP_PROCESSES,
				       &row->n_processes, NULL) == HG_OK;
}

void top_look(struct top *t)
{
	int64_t now;

	if (!t->gauge->meter)
		return;
	now = hg_meter_mark(t->gauge->meter);
	t->power_w = t->energy_j = 0;
	for (size_t i = 0; i < t->n; i++) {
		look_at_energy(t, i, now);
		look_at_state(t, i);
		if (!t->rows[i].summed)
			continue;
		t->power_w += t->rows[i].power_w;
		t->energy_j += t->rows[i].energy_j;
	}
	t->look_ns = now;
}
