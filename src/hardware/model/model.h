/*
 * What a device model and a workload are made of. The equations stand in <hourglass/model.h>.
 *
 * spec.c      devices/NAME.json  -> hg_model         predict.c   both -> hg_predictor, and answers
 * workload.c  workloads/NAME.json -> hg_workload     library.c   names, aliases, where files lie
 * op-form.c, op-read.c: ops by their shape; op-class.c, op-cost.c: how long they take, with
 * samples or without; op-file.c: samples in files
 * response.c     a workload of six numbers over settings; work-fit.c finds them from observations
 * and a prior (prior.c), device-fit.c the device's from many workloads; mix.c: a workload of known
 * ops instead. observe.c: observations, and what is wrong with them; fit.c is <hourglass/fit.h>
 */
#ifndef HG_HARDWARE_MODEL_MODEL_H
#define HG_HARDWARE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/model.h>

#include "core/arena.h"
#include "core/json.h"

#include "op.h"
#include "spec-field.h"

/** Most bytes of a device or workload file. */
#define MODEL_FILE_MAX ((size_t)4 << 20)
/** Most memory that parsing one may take. */
#define MODEL_TREE_MAX ((size_t)64 << 20)
/** Most ops in a workload. */
#define WORKLOAD_MAX_OPS 8192u

/** Every number of a device file, in SI units; the symbols are those of <hourglass/model.h>. */
struct figures {
	double clock_min_hz, clock_max_hz, clock_step_hz;
	double cap_min_w, cap_max_w, cap_default_w, idle_w;
	double peak_flops, peak_bytes_per_s, link_bytes_per_s;
	double sms, l2_bytes;
	double peak_flops_8bit, peak_flops_32bit, host_bytes_per_s; /* 0: nobody says */
	/* what the peaks follow from; nothing is predicted from these. 0: nobody says */
	double clock_rated_hz, memory_clock_hz, memory_bus_bits, memory_bytes;

	double static_w;      /* P0 */
	double clock_tree_w;  /* d0 */
	double compute_w;     /* D */
	double memory_w;      /* km */
	double op_memory_w;   /* km of single ops, where sweeps of whole jobs did not tell; or 0 */
	double gap_w;         /* Pg */
	double voltage_knee;  /* xk */
	double voltage_slope; /* s */
	double memory_knee;   /* xm */
	double memory_exponent;    /* qm */
	double op_memory_knee;     /* xm of single ops, likewise; or 0 */
	double op_memory_exponent; /* qm of single ops */
	double overlap;            /* p */
	double lowest_clock;       /* x_min: the clock a cap cannot push below */
	double compute_efficiency; /* share of the peak that a good kernel reaches */
	double memory_efficiency;  /* likewise */

	double ambient_c;       /* temperature of the node without power */
	double thermal_k_per_w; /* resistance to ambient; 0: always at ambient */
	double thermal_time_s;  /* time constant of the node */
	double leakage_per_k;   /* share of P0 more for each kelvin above the reference; 0: none */
	double leakage_reference_c; /* where P0 holds */
};

struct prior;

struct hg_model {
	struct arena arena;
	const char *name, *title, *vendor;
	const char **aliases;
	size_t n_aliases;
	const char *about;
	struct figures f;
	const char *source[SPEC_FIELDS]; /* of each number, by spec_fields; NULL: not in the file */
	const char *prior_source;
	const struct prior *prior; /* of workloads not yet run, or NULL: the default one */
	uint32_t origin;           /* HG_ORIGIN_* of what follows from it */
};

struct hg_workload {
	struct arena arena;
	const char *name, *unit;
	const char *text; /* the JSON it was read from */
	struct op *ops;
	size_t n_ops;
};

/** Parses a device file. @param origin what the text is called in errors; only used in the call */
hg_err model_parse(const char *text, size_t len, const char *origin, hg_model **out, hg_error *why);

/** Parses a workload file. */
hg_err workload_parse(
	const char *text, size_t len, const char *origin, hg_workload **out, hg_error *why);

/**
 * The compiled-in device whose name or alias is nearest to a wrong one.
 * @return its name, or NULL when none is near
 */
const char *model_nearest(const char *wrong);

/** Whether the datasheet is known: a device of which there are only observations has none. */
bool model_described(const struct hg_model *m);

/** Refuses members of obj that are not in known[0..n); `where` names obj in the error. */
hg_err fields_check(const struct json_doc *doc, const struct json *obj, const char *where,
	const char *const *known, size_t n, hg_error *why);

#endif
