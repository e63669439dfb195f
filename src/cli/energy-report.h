/*
 * What commands cost: the report of run, hourglass.energy/1, in every format, and its reader.
 *
 * Figures that are not known are NAN, and null in JSON beside a "reason"; never 0.
 */
#ifndef HG_CLI_ENERGY_REPORT_H
#define HG_CLI_ENERGY_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/energy.h>
#include <hourglass/error.h>
#include <hourglass/measure.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/json.h"
#include "core/stat.h"
#include "core/vec.h"

/** One device, or the total, in one run. */
struct joules {
	hg_energy energy; /* method NONE: there is no figure */
	double idle_j;    /* what it would have drawn idle meanwhile, by the idle power before */
	const char *why;  /* why there is no figure; NULL where there is one */
};

/** One run of the command. */
struct energy_run {
	double time_s, cpu_s;
	int64_t peak_bytes;
	int64_t begin_ns, end_ns; /* on the meter's clock */
	int code;
	struct joules *devices; /* as many as the report has */
	struct joules total;
};

/** A stretch of a run. */
struct energy_interval {
	size_t run;
	double begin_s, end_s; /* since the run began */
	double *energy_j;      /* of each device; NAN unknown */
};

/** Who was measured. */
struct energy_device {
	const char *spec, *model, *uuid, *pci;
	bool simulated, estimated, summed;
	double idle_w; /* before the first run; NAN unknown */
	hg_sensor sensor;
};

/** Whether the total is what was drawn, or what was drawn above idle. */
enum idle_policy {
	IDLE_REPORT,
	IDLE_SUBTRACT,
	IDLE_NONE
};

struct energy_report {
	struct arena arena; /* all texts and arrays */
	const char *host;
	const char *const *argv; /* ends with NULL */
	struct energy_device *devices;
	size_t n_devices;
	struct vec runs;      /* struct energy_run */
	struct vec intervals; /* struct energy_interval */
	struct vec raw;       /* struct energy_raw: edges, where asked for */
	unsigned warmup;
	enum idle_policy idle;
	bool isolated, simulated, estimated;
	const char *missing; /* why no device tells energy, "BACKEND: reason" a line; "" nothing */
	int code;            /* of the command */
};

/** Edges of one device. */
struct energy_raw {
	size_t device;
	hg_edge *edges;
	size_t n;
};

/** Most runs of one report. */
#define ENERGY_RUNS 100000

void energy_report_init(struct energy_report *r);
void energy_report_finish(struct energy_report *r);

/** Joules of a run's device (or of the total for SIZE_MAX) by the report's idle policy; NAN
 * unknown. */
double energy_of(const struct energy_report *r, const struct energy_run *run, size_t device);
/** Over all runs: joules of a device or the total; count 0: there is a run without. */
struct stat energy_stat(const struct energy_report *r, size_t device);
/** Over all runs. */
struct stat energy_time_stat(const struct energy_report *r);

/** Flags as "cold-start, shared", appended. */
void energy_flags_text(struct buf *out, uint32_t flags);

/* ----- formats: energy-text.c, energy-json.c, energy-table.c */

void energy_report_text(struct buf *out, const struct energy_report *r, int width);
void energy_report_json(struct buf *out, const struct energy_report *r, bool one_line);
/** One row a run and device, RFC 4180. */
void energy_report_csv(struct buf *out, const struct energy_report *r);
void energy_report_openmetrics(struct buf *out, const struct energy_report *r);

/* ----- reading, for diff: energy-read.c */

/** One series of figures over the runs of a report. */
struct energy_series {
	const char *name; /* device spec; "total" */
	const char *uuid; /* "" none */
	struct stat energy, time, power;
	double sigma_j;  /* mean standard deviation of one run's measurement; NAN unknown */
	const char *why; /* why there is no energy; NULL */
};

/** What diff needs of a report. */
struct energy_summary {
	struct json_doc doc;
	struct buf text;
	struct energy_series *series; /* devices, then the total */
	size_t n;
	bool simulated, estimated;
	const char *command;
};

/** Reads hourglass.energy/1. @return HG_OK; HG_EFORMAT, HG_EVERSION (file, line, field); as
 * file_read(). energy_summary_finish() in any case */
hg_err energy_read(const char *path, struct energy_summary *s, hg_error *why);
/** Reads it from memory; for fuzzing. The text must stay. */
hg_err energy_parse(
	const char *text, size_t len, const char *origin, struct energy_summary *s, hg_error *why);
void energy_summary_finish(struct energy_summary *s);

#endif
