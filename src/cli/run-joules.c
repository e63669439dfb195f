#include "run-joules.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "estimate.h"

/* The edge that covers the end comes within so many periods. */
#define FINAL_PERIODS 4.0
#define FINAL_EXTRA_S 0.5

const char *run_keep(struct energy_report *r, const char *text)
{
	const char *kept = arena_strdup(&r->arena, text ? text : "");

	return kept ? kept : "";
}
/** Idle power of each device in that time; once the run after it is final, so is this. */
static void measure_idle(struct run_job *j)
{
	for (size_t d = 0; d < j->gauge.n && j->idle_end_ns > j->idle_begin_ns; d++) {
		hg_energy e = {.size = sizeof e};
		double length_s = 1e-9 * (double)(j->idle_end_ns - j->idle_begin_ns);

		if (hg_meter_energy(j->gauge.meter, d, j->idle_begin_ns, j->idle_end_ns,
			    HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL, &e, NULL) == HG_OK &&
			length_s > e.missing_s)
			j->report.devices[d].idle_w = e.joules / (length_s - e.missing_s);
	}
	j->idle_end_ns = j->idle_begin_ns;
}
static void unknown(struct run_job *j, struct joules *one, const char *why)
{
	double nan = (double)NAN;

	one->energy = (hg_energy){.size = sizeof one->energy,
		.joules = nan,
		.lo = nan,
		.hi = nan,
		.sigma = nan,
		.max_w = nan,
		.tail_j = nan,
		.idle_j = nan,
		.temperature_c = nan,
		.clock_hz = nan};
	one->idle_j = nan;
	one->why = run_keep(&j->report, why);
}

/** All edges that a run's window needs, also those beside it. */
static hg_err edges_of(
	struct run_job *j, size_t d, const struct energy_run *run, hg_edge **log, size_t *n)
{
	int64_t pad = (int64_t)(1e9 * (RUN_BEFORE_PERIODS + 1) * gauge_period(&j->gauge));
	size_t room = 0;
	hg_err rc;

	*n = 0;
	*log = NULL;
	for (;;) {
		rc = hg_meter_log(
			j->gauge.meter, d, run->begin_ns - pad, run->end_ns + pad, *log, room, n);
		if (rc != HG_OK || *n <= room)
			return rc;
		room = *n + 64;
		*log = arena_alloc(&j->report.arena, room * sizeof **log);
		if (!*log)
			return HG_ENOMEM;
	}
}

static void add_raw(struct run_job *j, size_t d, const struct energy_run *run)
{
	struct energy_raw raw = {.device = d};

	if (edges_of(j, d, run, &raw.edges, &raw.n) == HG_OK && raw.n > 0 &&
		vec_push(&j->report.raw, &raw) != HG_OK)
		j->own = cli_broken(j->cli, HG_ENOMEM);
}

static hg_err padded(
	struct run_job *j, size_t d, const struct energy_run *run, hg_energy *out, hg_error *why)
{
	hg_meter_state state = {.size = sizeof state};
	hg_edge *log;
	size_t n;
	hg_err rc = edges_of(j, d, run, &log, &n);

	if (rc == HG_OK)
		rc = hg_meter_get_state(j->gauge.meter, d, &state, NULL);
	return rc == HG_OK ? hg_energy_padded(
				     log, n, &state.sensor, run->begin_ns, run->end_ns, 0, out, why)
			   : rc;
}

/* Whether a device cannot have been idle before the command: it drew less during it. */
static bool was_busy(const struct joules *one)
{
	double room = fmax(3.0 * one->energy.sigma, 0.1 * one->energy.joules);

	return one->idle_j > one->energy.joules + room;
}

static void device_joules(struct run_job *j, size_t d, const struct energy_run *run)
{
	struct joules *one = &run->devices[d];
	hg_error why = {""};
	hg_err rc = HG_ERANGE;

	one->energy.size = sizeof one->energy;
	if (j->report.isolated)
		rc = padded(j, d, run, &one->energy, &why);
	if (rc != HG_OK)
		rc = hg_meter_energy(j->gauge.meter, d, run->begin_ns, run->end_ns,
			HG_WINDOW_ESTIMATE, &one->energy, &why);
	if (rc != HG_OK) {
		unknown(j, one, why.text[0] ? why.text : hg_err_text(rc));
		return;
	}
	if (j->report.devices[d].simulated)
		one->energy.flags |= HG_ENERGY_SIMULATED;
	if (j->shared[d])
		one->energy.flags |= HG_ENERGY_SHARED;
	one->idle_j = one->energy.method == HG_METHOD_PADDED
			      ? one->energy.idle_j
			      : j->report.devices[d].idle_w * run->time_s;
	if (!was_busy(one))
		return;
	one->idle_j = (double)NAN;
	if (j->report.idle == IDLE_SUBTRACT)
		unknown(j, one,
			"it drew more before the command than during it: what it draws "
			"idle is not known");
}

static void add_joules(struct joules *sum, const struct joules *one)
{
	hg_energy *to = &sum->energy;
	const hg_energy *e = &one->energy;

	to->joules += e->joules;
	to->lo += e->lo;
	to->hi += e->hi;
	to->sigma = hypot(to->sigma, e->sigma);
	to->flags |= e->flags;
	if (e->method > to->method)
		to->method = e->method;
	sum->idle_j += one->idle_j;
}

/** The sum over devices that do not overlap. One without a figure leaves none. */
static void total_joules(struct run_job *j, struct energy_run *run)
{
	struct joules *sum = &run->total;
	char why[HG_ERROR_TEXT + 64];

	*sum = (struct joules){.energy = {.size = sizeof sum->energy,
				       .max_w = (double)NAN,
				       .tail_j = (double)NAN,
				       .temperature_c = (double)NAN,
				       .clock_hz = (double)NAN}};
	for (size_t d = 0; d < j->report.n_devices; d++) {
		const struct joules *one = &run->devices[d];

		if (!j->report.devices[d].summed)
			continue;
		if (one->why) {
			(void)snprintf(
				why, sizeof why, "%s: %s", j->report.devices[d].spec, one->why);
			unknown(j, sum, why);
			return;
		}
		add_joules(sum, one);
	}
	if (sum->energy.method == HG_METHOD_NONE)
		unknown(j, sum, "no device tells energy");
}

void run_joules(struct run_job *j, struct energy_run *run)
{
	double final_s = FINAL_PERIODS * gauge_period(&j->gauge) + FINAL_EXTRA_S;

	hg_error why = {""};

	if (j->gauge.meter &&
		hg_meter_wait_final(j->gauge.meter, run->end_ns, final_s, &why) != HG_OK)
		cli_note(j->cli, "figures of the last moments are estimates: %s", why.text);
	measure_idle(j);
	for (size_t d = 0; d < j->gauge.n; d++) {
		device_joules(j, d, run);
		if (j->raw)
			add_raw(j, d, run);
	}
	if (j->report.estimated) {
		struct joules *one = &run->devices[j->gauge.n];

		*one = (struct joules){.why = NULL};
		estimate_cpu(run->time_s, run->cpu_s, sysconf(_SC_NPROCESSORS_ONLN), &one->energy);
		one->idle_j = one->energy.idle_j;
	}
	total_joules(j, run);
}
