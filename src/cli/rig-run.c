/*
 * Running a job: on one device in a few long stretches, on a group unit by unit, since everybody
 * waits for the slowest at the end of each.
 */
#include "rig.h"

#include <string.h>

#include <hourglass/sim.h>

#include "core/progress.h"

#define ROWS_MAX   2000000
#define DETAIL_MAX 200000 /* rows that may be recorded in full */
#define CHUNKS     512    /* rows that sum up the rest */

void trace_init(struct trace *t, uint64_t detail)
{
	vec_init(&t->rows, sizeof(struct trace_row), ROWS_MAX);
	t->detail = detail;
}

void trace_finish(struct trace *t)
{
	vec_finish(&t->rows);
}

/** A job under way. */
struct job {
	struct rig *rig;
	struct trace *trace;
	struct watch watch;
	struct outcome *outcome;
	int64_t start_ns[RIG_DEVICES];
	uint32_t device; /* whose power is being watched */
	hg_err failed;
};

static int on_power(void *user, int64_t t0_ns, int64_t t1_ns, double power_w, double clock_hz)
{
	struct job *job = user;
	double start = (double)(t0_ns - job->start_ns[job->device]) * 1e-9;
	double end = (double)(t1_ns - job->start_ns[job->device]) * 1e-9;
	struct trace_row row = {start, end, power_w, clock_hz, job->device};

	if (t1_ns > t0_ns && job->failed == HG_OK)
		job->failed = vec_push(&job->trace->rows, &row);
	return job->failed != HG_OK || watch_poll(&job->watch);
}

/** One row for a whole stretch of a device. */
static hg_err add_mean(struct job *job, const hg_sim_truth *truth, uint32_t device)
{
	double seconds = (double)(truth->end_ns - truth->begin_ns) * 1e-9;
	struct trace_row row = {
		.start_s = (double)(truth->begin_ns - job->start_ns[device]) * 1e-9,
		.end_s = (double)(truth->end_ns - job->start_ns[device]) * 1e-9,
		.power_w = seconds > 0 ? truth->energy_j / seconds : 0,
		.device = device,
	};

	return seconds > 0 ? vec_push(&job->trace->rows, &row) : HG_OK;
}

/** Units on one device; with detail every change of power is recorded. */
static hg_err run_device(struct job *job, uint32_t i, uint64_t units, bool detail, hg_error *why)
{
	hg_device *d = job->rig->devices[i];
	hg_sim_truth truth = {.size = sizeof truth};
	hg_err rc = HG_OK, end;

	job->device = i;
	if (detail)
		rc = hg_sim_watch(d, on_power, job);
	if (rc == HG_OK)
		rc = hg_sim_run(d, job->rig->workload, units, &truth, why);
	job->outcome->energy_j += truth.energy_j;
	if (detail) {
		end = hg_sim_watch(d, NULL, NULL);
		rc = rc == HG_OK ? end : rc;
	} else if (rc == HG_OK && job->trace) {
		rc = add_mean(job, &truth, i);
	}
	return job->failed != HG_OK ? job->failed : rc;
}

static int64_t elapsed_ns(const struct job *job, size_t i)
{
	return hg_device_now(job->rig->devices[i]) - job->start_ns[i];
}

/** Everybody waits for the slowest. */
static hg_err wait_for_all(struct job *job, hg_error *why)
{
	int64_t last = 0;

	for (size_t i = 0; i < job->rig->n; i++)
		if (elapsed_ns(job, i) > last)
			last = elapsed_ns(job, i);
	for (size_t i = 0; i < job->rig->n; i++) {
		hg_sim_truth truth = {.size = sizeof truth};
		double wait_s = (double)(last - elapsed_ns(job, i)) * 1e-9;
		hg_err rc;

		if (wait_s <= 0)
			continue;
		rc = hg_sim_idle(job->rig->devices[i], wait_s, &truth, why);
		if (rc == HG_OK && job->trace)
			rc = add_mean(job, &truth, (uint32_t)i);
		if (rc != HG_OK)
			return rc;
		job->outcome->energy_j += truth.energy_j;
	}
	return HG_OK;
}

/** Whether the next units are recorded in full: the first ones, and all when there are few rows. */
static bool in_detail(const struct job *job, uint64_t units)
{
	const struct trace *t = job->trace;
	uint64_t done = job->outcome->units;

	if (!t)
		return false;
	if (done < t->detail)
		return true;
	return (double)t->rows.len / (double)done * (double)units <= DETAIL_MAX;
}

static hg_err run_units(struct job *job, uint64_t units, hg_error *why)
{
	uint64_t most = job->rig->n > 1 ? 1 : units / CHUNKS + 1;
	struct progress progress;
	hg_err rc = HG_OK;

	progress_init(&progress, watch_progress, &job->watch, "run", units);

	while (rc == HG_OK && job->outcome->units < units) {
		bool detail = in_detail(job, units);
		uint64_t left = units - job->outcome->units;
		uint64_t now = detail ? 1 : most;

		now = now < left ? now : left;
		for (uint32_t i = 0; rc == HG_OK && i < job->rig->n; i++)
			rc = run_device(job, i, now, detail, why);
		if (rc == HG_OK && job->rig->n > 1)
			rc = wait_for_all(job, why);
		if (rc == HG_OK)
			job->outcome->units += now;
		if (rc == HG_OK && !progress_step(&progress, job->outcome->units))
			rc = HG_EABORTED;
	}
	return rc;
}

/** Sum of the energy counters, J. */
static double counters(const struct rig *rig)
{
	double sum = 0;

	for (size_t i = 0; i < rig->n; i++) {
		size_t id = hg_device_signal_index(rig->devices[i], "energy");
		hg_reading r;

		if (id != SIZE_MAX && hg_device_read(rig->devices[i], &id, 1, &r) == HG_OK &&
			r.rc == HG_OK)
			sum += (double)r.value * 1e-6;
	}
	return sum;
}

int rig_run(struct cli *cli, struct rig *rig, uint64_t units, struct trace *trace,
	struct outcome *outcome)
{
	struct job job = {.rig = rig, .trace = trace, .outcome = outcome};
	hg_error why = {""};
	double before = counters(rig);
	hg_err rc;

	memset(outcome, 0, sizeof *outcome);
	for (size_t i = 0; i < rig->n; i++)
		job.start_ns[i] = hg_device_now(rig->devices[i]);
	watch_begin(&job.watch, cli);
	rc = run_units(&job, units, &why);
	watch_end(&job.watch);
	for (size_t i = 0; i < rig->n; i++)
		if ((double)elapsed_ns(&job, i) * 1e-9 > outcome->time_s)
			outcome->time_s = (double)elapsed_ns(&job, i) * 1e-9;
	outcome->counter_j = counters(rig) - before;
	if (rc == HG_EABORTED && job.watch.interrupted)
		return EXIT_INTERRUPTED;
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}
