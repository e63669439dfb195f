/* What commands cost, for people. */
#include <math.h>
#include <string.h>

#include "core/unit.h"
#include "energy-report.h"
#include "table.h"

#define CONFIDENCE 0.95

static void quantity_cell(struct table *t, enum quantity q, double value)
{
	char text[QUANTITY_TEXT];

	if (isnan(value))
		table_cell(t, "-");
	else
		table_cell(t, "%s", quantity_format(q, value, text));
}

static const struct energy_run *run_at(const struct energy_report *r, size_t i)
{
	return vec_at(&r->runs, i);
}

static const struct joules *joules_at(const struct energy_run *run, size_t device)
{
	return device == SIZE_MAX ? &run->total : &run->devices[device];
}

/** Means over the runs of what is not in a stat: bounds, highest power. */
struct means {
	double lo, hi, max_w, idle_j;
	uint32_t flags;
};

static struct means means_of(const struct energy_report *r, size_t device)
{
	struct means m = {.max_w = (double)NAN};
	double n = (double)r->runs.len;

	for (size_t i = 0; i < r->runs.len; i++) {
		const struct joules *j = joules_at(run_at(r, i), device);
		double off = r->idle == IDLE_SUBTRACT ? j->idle_j : 0.0;

		m.lo += (j->energy.lo - off) / n;
		m.hi += (j->energy.hi - off) / n;
		m.idle_j += j->idle_j / n;
		m.max_w = fmax(m.max_w, j->energy.max_w);
		m.flags |= j->energy.flags;
	}
	return m;
}

static void energy_row(struct table *t, const struct energy_report *r, size_t device)
{
	const struct energy_device *d = device == SIZE_MAX ? NULL : &r->devices[device];
	struct stat energy = energy_stat(r, device), time = energy_time_stat(r);
	struct means m = means_of(r, device);
	bool known = energy.n > 0;

	table_cell(t, "  %s%s", d ? d->spec : "total", d && d->simulated ? " (simulated)" : "");
	quantity_cell(t, QUANTITY_ENERGY, known ? energy.mean : (double)NAN);
	quantity_cell(t, QUANTITY_ENERGY, known ? m.lo : (double)NAN);
	quantity_cell(t, QUANTITY_ENERGY, known ? m.hi : (double)NAN);
	quantity_cell(t, QUANTITY_POWER, known ? energy.mean / time.mean : (double)NAN);
	quantity_cell(t, QUANTITY_POWER, d && known ? m.max_w : (double)NAN);
	if (known && r->idle == IDLE_REPORT && !isnan(m.idle_j) && energy.mean > 0)
		table_cell(t, "%.0f %%", 100 * m.idle_j / energy.mean);
	else
		table_cell(t, "-");
}

static void remarks(struct buf *out, const struct energy_report *r)
{
	for (size_t d = 0; d < r->n_devices; d++) {
		struct means m = means_of(r, d);
		const struct joules *j = &run_at(r, 0)->devices[d];

		if (j->why)
			buf_addf(out, "  %s: no energy: %s\n", r->devices[d].spec, j->why);
		else if (m.flags & ~HG_ENERGY_SIMULATED) {
			buf_addf(out, "  %s: ", r->devices[d].spec);
			energy_flags_text(out, m.flags & ~HG_ENERGY_SIMULATED);
			buf_addc(out, '\n');
		}
		if (r->devices[d].estimated)
			buf_addf(out,
				"  %s: ESTIMATED from processor time, not measured; the bounds say "
				"how little that tells\n",
				r->devices[d].spec);
	}
	if (r->idle == IDLE_SUBTRACT)
		buf_adds(out, "  what the devices draw idle is taken off\n");
	if (r->n_devices == 0 || r->estimated) {
		buf_adds(out, "  no energy is measured here:\n");
		for (const char *line = r->missing; *line;) {
			size_t len = strcspn(line, "\n");

			buf_addf(out, "    %.*s\n", (int)len, line);
			line += len + (line[len] == '\n');
		}
		buf_adds(out, "  'hourglass doctor' says what would enable it");
		buf_adds(out, r->estimated ? "\n" : "; --estimate gives a figure by a model\n");
	}
}

static void spread_text(struct buf *out, const char *what, const struct stat *s, enum quantity q)
{
	char text[QUANTITY_TEXT];

	if (s->n == 0)
		return;
	buf_addf(out, "  %s %s", what, quantity_format(q, s->mean, text));
	if (s->n > 1 && s->mean > 0) {
		double percent = 100 * stat_half_width(s, CONFIDENCE) / s->mean;

		buf_addf(out, percent < 99.5 ? " +- %.2g %%" : " +- %.0f %%", percent);
	}
}

static void summary(struct buf *out, const struct energy_report *r)
{
	struct stat time = energy_time_stat(r), energy = energy_stat(r, SIZE_MAX), cpu = {0};
	char text[QUANTITY_TEXT];
	int64_t peak = 0;

	for (size_t i = 0; i < r->runs.len; i++) {
		stat_add(&cpu, run_at(r, i)->cpu_s);
		if (run_at(r, i)->peak_bytes > peak)
			peak = run_at(r, i)->peak_bytes;
	}
	if (r->runs.len > 1)
		buf_addf(out, "  %zu runs, mean +- 95 %% interval:", r->runs.len);
	spread_text(out, "time", &time, QUANTITY_TIME);
	if (r->runs.len > 1)
		spread_text(out, "energy", &energy, QUANTITY_ENERGY);
	buf_addf(out, "  processor time %s", quantity_format(QUANTITY_TIME, cpu.mean, text));
	buf_addf(out, "  peak memory %.0f MiB\n", (double)peak / 1048576.0);
}

void energy_report_text(struct buf *out, const struct energy_report *r, int width)
{
	struct table t;

	(void)width;
	buf_addf(out, "hourglass: '%.60s%s' ended with status %d%s\n", r->argv[0],
		r->argv[1] ? " ..." : "", r->code,
		r->simulated ? "; joules are of simulated devices" : "");
	if (r->n_devices > 0) {
		table_init(&t, "lrrrrrr");
		table_cell(&t, "  device");
		table_cell(&t, "energy");
		table_cell(&t, "at least");
		table_cell(&t, "at most");
		table_cell(&t, "mean");
		table_cell(&t, "max");
		table_cell(&t, "idle");
		for (size_t d = 0; d < r->n_devices; d++)
			energy_row(&t, r, d);
		if (r->n_devices > 1)
			energy_row(&t, r, SIZE_MAX);
		table_print(&t, out, false);
		table_finish(&t);
	}
	summary(out, r);
	remarks(out, r);
}
