/* What commands cost: figures over runs. */
#include "energy-report.h"

#include <math.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 32)

void energy_report_init(struct energy_report *r)
{
	memset(r, 0, sizeof *r);
	arena_init(&r->arena, BYTES_MAX);
	vec_init(&r->runs, sizeof(struct energy_run), ENERGY_RUNS);
	vec_init(&r->intervals, sizeof(struct energy_interval), (size_t)1 << 24);
	vec_init(&r->raw, sizeof(struct energy_raw), ENERGY_RUNS);
}

void energy_report_finish(struct energy_report *r)
{
	vec_finish(&r->runs);
	vec_finish(&r->intervals);
	vec_finish(&r->raw);
	arena_finish(&r->arena);
}

double energy_of(const struct energy_report *r, const struct energy_run *run, size_t device)
{
	const struct joules *j = device == SIZE_MAX ? &run->total : &run->devices[device];

	if (j->energy.method == HG_METHOD_NONE)
		return (double)NAN;
	return r->idle == IDLE_SUBTRACT ? j->energy.joules - j->idle_j : j->energy.joules;
}

struct stat energy_stat(const struct energy_report *r, size_t device)
{
	struct stat s = {0};

	for (size_t i = 0; i < r->runs.len; i++) {
		double energy_j = energy_of(r, vec_at(&r->runs, i), device);

		if (isnan(energy_j))
			return (struct stat){0};
		stat_add(&s, energy_j);
	}
	return s;
}

struct stat energy_time_stat(const struct energy_report *r)
{
	struct stat s = {0};

	for (size_t i = 0; i < r->runs.len; i++)
		stat_add(&s, ((const struct energy_run *)vec_at(&r->runs, i))->time_s);
	return s;
}

void energy_flags_text(struct buf *out, uint32_t flags)
{
	const char *comma = "";

	for (uint32_t bit = 1; bit != 0; bit <<= 1)
		if (flags & bit) {
			buf_addf(out, "%s%s", comma, hg_energy_flag_name(bit));
			comma = ", ";
		}
}
