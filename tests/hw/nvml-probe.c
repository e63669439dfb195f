/*
 * Two questions that decide how hourglass should read an NVIDIA GPU. Does the timestamp of the
 * energy field move with the value, and only then? Then it is the time of the edge, and none has to
 * be hunted. And how deep and how close are the samples of power that the driver keeps?
 */
#define _POSIX_C_SOURCE 200809L
#include "nvml-probe.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hardware/backend/nvml/load.h"

/** Between two looks at the fields. */
#define LOOK_NS 1000000
/** Samples there is room for. */
#define ROOM 4096

/** A field that is watched. */
struct watched {
	const char *name;
	uint32_t id;
	struct nvml_field_value last;
	bool seen;
	unsigned values, stamps, both; /* changes of one, of the other, of both at once */
	double age_ms;                 /* sum of how old values were when they were new */
};

static void report(const char *name, const char *what, double value, const char *unit)
{
	char line[64];

	(void)snprintf(line, sizeof line, "nvml_%s_%s", name, what);
	printf("%-28s %12.6g %s\n", line, value, unit);
	(void)fflush(stdout);
}

static double clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void look(struct watched *w, const struct nvml_field_value *v, double wall_us)
{
	bool value = v->value.u64 != w->last.value.u64;
	bool stamp = v->timestamp_us != w->last.timestamp_us;

	if (w->seen && !v->result) {
		w->values += value;
		w->stamps += stamp;
		w->both += value && stamp;
		w->age_ms += value ? (wall_us - (double)v->timestamp_us) * 1e-3 : 0.0;
	}
	w->seen = !v->result;
	w->last = *v;
}

static void fields(const struct nvml *lib, nvml_handle h, double seconds)
{
	struct watched all[] = {{.name = "energy", .id = NVML_FIELD_ENERGY},
		{.name = "power", .id = NVML_FIELD_POWER}};
	const struct timespec pause = {0, LOOK_NS};
	double begin = clock_us(CLOCK_MONOTONIC), spent = 0.0, passed = 0.0, looks = 0.0;

	for (; passed < seconds * 1e6; looks += 1.0) {
		struct nvml_field_value v[2] = {{.field = all[0].id, .result = NVML_NO_DATA},
			{.field = all[1].id, .result = NVML_NO_DATA}};
		double before = clock_us(CLOCK_MONOTONIC);

		if (lib->fields(h, 2, v))
			return;
		spent += clock_us(CLOCK_MONOTONIC) - before;
		for (size_t k = 0; k < 2; k++)
			look(&all[k], &v[k], clock_us(CLOCK_REALTIME));
		nanosleep(&pause, NULL);
		passed = clock_us(CLOCK_MONOTONIC) - begin;
	}
	report("fields", "call", spent / looks, "us");
	for (size_t k = 0; k < 2; k++) {
		const struct watched *w = &all[k];

		report(w->name, "values", w->values / (passed * 1e-6), "changes/s");
		report(w->name, "stamps", w->stamps / (passed * 1e-6), "changes/s");
		if (w->values)
			report(w->name, "stamped_with", 100.0 * w->both / w->values,
				"% of changes");
		if (w->stamps)
			report(w->name, "stamps_of_edges", 100.0 * w->both / w->stamps,
				"% of stamps");
		if (w->values)
			report(w->name, "age_when_new", w->age_ms / w->values, "ms");
	}
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void samples(const struct nvml *lib, nvml_handle h, const char *name, int what)
{
	struct nvml_sample *s = calloc(ROOM, sizeof *s);
	double *apart = calloc(ROOM, sizeof *apart), begin, took;
	uint32_t n = ROOM;
	int type, result;

	if (!s || !apart)
		goto out;
	begin = clock_us(CLOCK_MONOTONIC);
	result = lib->samples(h, what, 0, &type, &n, s);
	took = clock_us(CLOCK_MONOTONIC) - begin;
	if (result || n < 2 || n > ROOM) {
		printf("# no samples of %s: %s\n", name, nvml_text(lib, result));
		goto out;
	}
	for (uint32_t i = 1; i < n; i++)
		apart[i - 1] = ((double)s[i].us - (double)s[i - 1].us) * 1e-3;
	qsort(apart, n - 1, sizeof *apart, by_size);
	report(name, "call", took, "us");
	report(name, "depth", (double)n, "samples");
	report(name, "spacing_median", apart[(n - 1) / 2], "ms");
	report(name, "spacing_most", apart[n - 2], "ms");
	report(name, "newest_age", (clock_us(CLOCK_REALTIME) - (double)s[n - 1].us) * 1e-3, "ms");
out:
	free(s);
	free(apart);
}

void nvml_probe(uint32_t i, double seconds)
{
	hg_error why = {""};
	struct nvml lib;
	nvml_handle h;

	if (nvml_init(&lib, &why))
		return;
	if (!lib.by_index(i, &h)) {
		if (lib.fields)
			fields(&lib, h, seconds);
		if (lib.samples) {
			samples(&lib, h, "power_samples", NVML_SAMPLED_POWER);
			samples(&lib, h, "module_samples", NVML_SAMPLED_MODULE_POWER);
		}
	}
	nvml_finish(&lib);
}
