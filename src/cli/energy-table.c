/* What commands cost, as CSV and as OpenMetrics. */
#include <math.h>
#include <string.h>

#include "core/number.h"
#include "energy-report.h"

/* ----- CSV: RFC 4180 */

static void field(struct buf *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_addc(out, '"');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

/** A comma and a number, nothing where it is not known. */
static void number(struct buf *out, double value)
{
	char text[DOUBLE_TEXT];

	buf_addc(out, ',');
	if (isnan(value))
		return;
	double_format(value, text);
	buf_adds(out, text);
}

static void csv_row(struct buf *out, const struct energy_report *r, size_t i, size_t device)
{
	const struct energy_run *run = vec_at(&r->runs, i);
	const struct energy_device *d = device == SIZE_MAX ? NULL : &r->devices[device];
	const struct joules *j = d ? &run->devices[device] : &run->total;
	bool known = j->energy.method != HG_METHOD_NONE;
	double off = r->idle == IDLE_SUBTRACT ? j->idle_j : 0.0;
	struct buf flags;

	buf_addf(out, "%zu,", i);
	field(out, d ? d->spec : "total");
	buf_addc(out, ',');
	field(out, d ? d->uuid : "");
	buf_addf(out, ",%s,%s", (d ? d->simulated : r->simulated) ? "true" : "false",
		(d ? d->estimated : r->estimated) ? "true" : "false");
	number(out, run->time_s);
	number(out, energy_of(r, run, device));
	number(out, known ? j->energy.lo - off : (double)NAN);
	number(out, known ? j->energy.hi - off : (double)NAN);
	number(out, known ? j->energy.sigma : (double)NAN);
	number(out, known ? j->idle_j : (double)NAN);
	number(out, known ? j->energy.max_w : (double)NAN);
	buf_addf(out, ",%s,", hg_method_name(j->energy.method));
	buf_init(&flags, 4096);
	energy_flags_text(&flags, j->energy.flags);
	field(out, flags.data ? flags.data : "");
	buf_finish(&flags);
	buf_addf(out, ",%d,", run->code);
	field(out, j->why ? j->why : "");
	buf_adds(out, "\n");
}

void energy_report_csv(struct buf *out, const struct energy_report *r)
{
	buf_adds(out,
		"run,device,uuid,simulated,estimated,time_s,energy_j,lo_j,hi_j,sigma_j,idle_j,"
		"max_w,method,flags,exit_code,reason\n");
	for (size_t i = 0; i < r->runs.len; i++) {
		for (size_t d = 0; d < r->n_devices; d++)
			csv_row(out, r, i, d);
		csv_row(out, r, i, SIZE_MAX);
	}
}

/* ----- OpenMetrics 1.0 text */

static void label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_addc(out, '\\');
		if (*value == '\n')
			buf_adds(out, "\\n");
		else
			buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

static void family(struct buf *out, const char *name, const char *unit, const char *help)
{
	buf_addf(
		out, "# TYPE %s gauge\n# UNIT %s %s\n# HELP %s %s\n", name, name, unit, name, help);
}

static void sample(struct buf *out, const char *name, const struct energy_report *r, size_t device,
	double value)
{
	char text[DOUBLE_TEXT];

	if (isnan(value))
		return;
	buf_addf(out, "%s{", name);
	label(out, "device", device == SIZE_MAX ? "total" : r->devices[device].spec);
	if (device != SIZE_MAX) {
		buf_addc(out, ',');
		label(out, "uuid", r->devices[device].uuid);
	}
	buf_addf(out, ",simulated=\"%d\",estimated=\"%d\"",
		device == SIZE_MAX ? r->simulated : r->devices[device].simulated,
		device == SIZE_MAX ? r->estimated : r->devices[device].estimated);
	double_format(value, text);
	buf_addf(out, "} %s\n", text);
}

static double mean_of(const struct energy_report *r, size_t device)
{
	struct stat s = energy_stat(r, device);

	return s.n > 0 ? s.mean : (double)NAN;
}

void energy_report_openmetrics(struct buf *out, const struct energy_report *r)
{
	struct stat time = energy_time_stat(r);
	char text[DOUBLE_TEXT];

	family(out, "hg_run_energy_joules", "joules", "Energy of the command, mean over its runs.");
	for (size_t d = 0; d < r->n_devices; d++)
		sample(out, "hg_run_energy_joules", r, d, mean_of(r, d));
	family(out, "hg_run_total_energy_joules", "joules",
		"Energy of the devices that do not overlap, mean over the runs.");
	sample(out, "hg_run_total_energy_joules", r, SIZE_MAX, mean_of(r, SIZE_MAX));
	family(out, "hg_run_power_watts", "watts", "Mean power.");
	for (size_t d = 0; d < r->n_devices; d++)
		sample(out, "hg_run_power_watts", r, d, mean_of(r, d) / time.mean);
	family(out, "hg_run_duration_seconds", "seconds",
		"Time of the command, mean over its runs.");
	double_format(time.mean, text);
	buf_addf(out, "hg_run_duration_seconds %s\n", text);
	buf_addf(out,
		"# TYPE hg_run_runs gauge\n# HELP hg_run_runs Runs measured.\nhg_run_runs %zu\n",
		r->runs.len);
	buf_addf(out,
		"# TYPE hg_run_exit_code gauge\n# HELP hg_run_exit_code Exit code.\n"
		"hg_run_exit_code %d\n# EOF\n",
		r->code);
}
