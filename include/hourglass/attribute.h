/**
 * @file attribute.h
 * Whose joules: what a counter's edges say about phases, kernels, requests, processes and slices
 * that are much shorter than its period.
 *
 * Between two edges the counter shows one number and many things ran. Over many edges the mix
 * changes, and non-negative least squares finds what each costs:
 *
 *     y_k = sum_j rate_j x_kj        y_k: joules of edge interval k, x_kj: how much of j ran in it
 *
 * A column j is whatever has an amount: seconds in a phase (its rate is watts), tokens (J/token),
 * FLOPs, bytes. Its amounts come as spans of time over which they are spread evenly. The rest, time
 * that no span covers, is a column of its own: idle, never charged to anyone. A counter that sees
 * only a part of each period is fitted on that part, so the joules that it missed are rebuilt from
 * what ran meanwhile.
 *
 * The model is a plain struct without pointers that is fed edge by edge, forgets slowly, and may be
 * kept in a file. Everything here is a pure function of its arguments: deterministic, thread-safe,
 * nothing is allocated.
 */
#ifndef HOURGLASS_ATTRIBUTE_H
#define HOURGLASS_ATTRIBUTE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/energy.h>
#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** Most columns of a model, those for the rest and for heat included. */
#define HG_COLUMNS 32

/** Something that ran: an amount, spread evenly over a time. Spans may overlap; arrays of them are
 * in order of their begin. */
typedef struct hg_span {
	int64_t t0_ns;   /**< begin, on the clock of the edges */
	int64_t t1_ns;   /**< end, after the begin */
	double amount;   /**< how much: seconds (then the rate is in W), tokens, bytes; not negative
			  */
	uint32_t column; /**< of what: 0 to columns - 1 */
	uint32_t idle;   /**< 1: does not keep the rest from running, e.g. counts of something */
} hg_span;

/** How to build a model. */
typedef struct hg_attribution_opts {
	uint32_t size;    /**< sizeof(hg_attribution_opts) */
	uint32_t columns; /**< of the spans, at least 1 */
	uint32_t rest; /**< 1: one more column, index `columns`, is the time that no span covers */
	uint32_t heat; /**< 1: the last column is (temperature - reference) times time: how leakage
			  grows with heat, so that the other rates hold at the reference */
	double reference_c; /**< temperature that the rates are to hold for */
	double forget;      /**< weight of all older rows at each new one; 0: 0.999 */
} hg_attribution_opts;

/** A model: normal equations. Plain data, to be copied and stored as it is on machines of one kind.
 */
typedef struct hg_attribution {
	uint32_t size;      /**< sizeof(hg_attribution) */
	uint32_t columns;   /**< of the spans */
	uint32_t rest;      /**< index of the column for the rest, or UINT32_MAX */
	uint32_t heat;      /**< index of the column for heat, or UINT32_MAX */
	uint32_t n;         /**< all columns */
	uint32_t linked;    /**< 1: the next row adjoins the last one */
	uint32_t edges;     /**< edge intervals fed, at most UINT32_MAX */
	double reference_c; /**< temperature that the rates hold for */
	double forget;      /**< weight of all older rows at each new one */
	double rows;        /**< rows that count, forgotten ones less */
	double yy;          /**< sum of y^2 */
	double total_j;     /**< sum of y */
	double yy1;         /**< sum of y_k y_(k-1), of intervals that adjoin; likewise below */
	double last_y;      /**< y of the last row */
	double last_x[HG_COLUMNS];           /**< x of the last row */
	double total_x[HG_COLUMNS];          /**< sums of x */
	double xy[HG_COLUMNS];               /**< sums of x y */
	double xy1[HG_COLUMNS];              /**< sums of x_k y_(k-1) + x_(k-1) y_k */
	double xx[HG_COLUMNS * HG_COLUMNS];  /**< sums of x x, row i at i * n */
	double xx1[HG_COLUMNS * HG_COLUMNS]; /**< sums of x_k x_(k-1) */
} hg_attribution;

/** What is known of a column's rate. */
typedef enum hg_rate_state {
	HG_RATE_OK = 0,     /**< found */
	HG_RATE_ZERO = 1,   /**< it would be negative: held at 0 */
	HG_RATE_UNSEEN = 2, /**< nothing of it ran */
	HG_RATE_REFUSED = 3 /**< it always ran in step with others (variance inflated more than 100
			       times): no way to tell them apart */
} hg_rate_state;

/** A model's rates. Those of unseen and refused columns are NAN. */
typedef struct hg_rates {
	uint32_t size;            /**< sizeof(hg_rates), set by the caller */
	uint32_t n;               /**< columns */
	double rows;              /**< rows that count */
	double residual_fraction; /**< root of the mean squared residual, as part of that of y */
	double condition;         /**< of the scaled normal equations: how ill they are */
	double rate[HG_COLUMNS];  /**< joules per amount */
	double sd[HG_COLUMNS];    /**< its standard deviation */
	double vif[HG_COLUMNS]; /**< how much its variance is inflated by the other columns; 1: not
				 */
	double share[HG_COLUMNS];            /**< part of all energy so far */
	hg_rate_state state[HG_COLUMNS];     /**< what is known */
	double cov[HG_COLUMNS * HG_COLUMNS]; /**< covariances of the rates */
} hg_rates;

/** Makes an empty model. @return HG_OK; HG_EINVAL (too many columns, forget not in 0..1)
 */
HG_API HG_NODISCARD hg_err hg_attribution_init(
	hg_attribution *a, const hg_attribution_opts *opts, hg_error *why);

/**
 * Feeds the edge intervals that end at edges first to n - 1.
 *
 * A running process calls it with what came since: first is the index of the first edge that was
 * not fed yet, and the log reaches back some edges more, so that their times can be smoothed.
 * Intervals across a reset are left out.
 *
 * @param spans  in order of t0_ns; all that touch the intervals, each shifted by nothing: lag and
 *               coverage are the sensor's
 * @return HG_OK; HG_EINVAL (bad model, sensor, or span: which)
 *
 * Complexity: O(columns^2 + spans touched) per edge.
 */
HG_API HG_NODISCARD hg_err hg_attribution_feed(hg_attribution *a, const hg_edge *log, size_t n,
	size_t first, const hg_sensor *s, const hg_span *spans, size_t n_spans, hg_error *why);

/** Feeds one row of one's own making: y joules came of amounts x[0..a->n). @return HG_OK, HG_EINVAL
 * (not finite, negative amounts) */
HG_API HG_NODISCARD hg_err hg_attribution_row(hg_attribution *a, double y, const double *x);

/**
 * Solves a model: least squares with no rate below 0 (active set of Lawson and Hanson).
 * Deviations account for errors that neighbouring rows share with opposite signs, as an edge seen
 * late takes from one interval what it gives to the next.
 *
 * @param out  out->size must be set
 * @return HG_OK; HG_EINVAL; HG_ERANGE (fewer rows than columns)
 *
 * Complexity: O(columns^4) at worst, some microseconds.
 */
HG_API HG_NODISCARD hg_err hg_attribution_solve(
	const hg_attribution *a, hg_rates *out, hg_error *why);

/**
 * Finds the lag of a counter from work whose times are known: the lag at which rates explain the
 * edges best. The work must be aperiodic: a square wave says the lag only up to its period.
 *
 * @param opts  columns, rest; the heat column is not used
 * @param lo_s  the lag is sought from here
 * @param hi_s  to here; 0 to two periods is usual
 * @param lag_s set to the lag
 * @param sd_s  set to its standard deviation, or NULL
 * @return HG_OK; HG_EINVAL; HG_ERANGE (fewer edges than twice the columns); HG_EINFEASIBLE (no lag
 * is better than another: power does not follow the work, or always in the same way)
 *
 * (Grid of a twelfth of a period, then golden section.) Complexity: O(n + spans) each of some 60
 * times.
 */
HG_API HG_NODISCARD hg_err hg_attribution_fit_lag(const hg_edge *log, size_t n, const hg_sensor *s,
	const hg_span *spans, size_t n_spans, const hg_attribution_opts *opts, double lo_s,
	double hi_s, double *lag_s, double *sd_s, hg_error *why);

/**
 * Energy from rates alone: the way to the energy of a window for a counter that sees a part of the
 * time only. out->method is ATTRIBUTED; no bounds.
 * @param mean_c  mean temperature of the window where the model has a column for heat; else ignored
 * @param out     out->size must be set
 * @return HG_OK; HG_EINVAL; HG_ERANGE (something ran in the window whose rate is not known)
 */
HG_API HG_NODISCARD hg_err hg_attribution_energy(const hg_attribution *a, const hg_rates *rates,
	const hg_span *spans, size_t n_spans, int64_t t0, int64_t t1, double mean_c, hg_energy *out,
	hg_error *why);

/**
 * Splits a window's energy among the columns of the spans, in proportion to rate times amount.
 *
 * What is left is unattributed: the rest column, heat, and columns whose rates are not known take
 * no part in `parts`. With w the energy that the model expects of everything, each part is its own
 * expectation times window->joules / w.
 *
 * parts[0] + ... + parts[columns - 1] + *unattributed, added in this order, is exactly
 * window->joules: all are multiples of 2^-20 J as window->joules of the functions of energy.h is;
 * other totals are rounded to one, and the difference is in *unattributed.
 *
 * @param parts  a->columns values
 * @return HG_OK; HG_EINVAL (window->joules is not finite or negative)
 */
HG_API HG_NODISCARD hg_err hg_attribution_split(const hg_attribution *a, const hg_rates *rates,
	const hg_span *spans, size_t n_spans, const hg_energy *window, double *parts,
	double *unattributed, hg_error *why);

/** An iteration of an engine that serves a batch of requests. */
typedef struct hg_iteration {
	int64_t t0_ns;         /**< begin */
	int64_t t1_ns;         /**< end */
	double prefill_tokens; /**< prompt tokens processed */
	double decode_tokens;  /**< tokens generated: requests that decode */
	double context_tokens; /**< sum of their context lengths */
} hg_iteration;

/** The columns that hg_iteration_spans() uses: time (W), prompt tokens, generated tokens, context
 * tokens (J each). */
#define HG_ITERATION_COLUMNS 4

/** The spans of an iteration: 4. */
HG_API void hg_iteration_spans(const hg_iteration *it, hg_span spans[HG_ITERATION_COLUMNS]);

/** A request's part in an iteration. */
typedef struct hg_member {
	double prefill_tokens; /**< of its prompt, processed in this iteration */
	double decode_tokens;  /**< generated in this iteration: 1 or 0 */
	double context_tokens; /**< its context length, if it decodes */
} hg_member;

/**
 * Splits an iteration's energy among the requests in it: each pays for its own tokens and context
 * at their rates, and all share the time's cost equally. Their sum is total_j exactly, in multiples
 * of 2^-20 J (total_j is rounded to one).
 *
 * @param rates  of a model with the columns of hg_iteration_spans(); unknown ones count 0
 * @param out    n values in J
 * @return HG_OK; HG_EINVAL (no member, total_j negative or not finite)
 */
HG_API HG_NODISCARD hg_err hg_iteration_split(const hg_rates *rates, const hg_iteration *it,
	double total_j, const hg_member *members, size_t n, double *out, hg_error *why);

/**
 * Finds lag and coverage of a counter from work whose times are known: the pair at which rates
 * explain the edges best. Random on and off of 20 to 400 ms for 20 s is good work. Coverage below 1
 * is said only if it explains the edges clearly better than 1.
 *
 * @param s  in and out: lag_s, lag_sd_s, coverage; period_s must be known
 * @return as hg_attribution_fit_lag()
 *
 * Complexity: some 15 times that of hg_attribution_fit_lag().
 */
HG_API HG_NODISCARD hg_err hg_sensor_fit_response(const hg_edge *log, size_t n,
	const hg_span *spans, size_t n_spans, uint32_t columns, hg_sensor *s, hg_error *why);

/** Who pays for what a shared device draws idle. */
typedef enum hg_idle_policy {
	HG_IDLE_UNATTRIBUTED = 0, /**< nobody: it stays apart */
	HG_IDLE_BY_SLICES = 1,    /**< each for its part of the device */
	HG_IDLE_BY_MEMORY = 2,    /**< each for its memory */
	HG_IDLE_EQUAL = 3         /**< all the same */
} hg_idle_policy;

/** Text of a policy: "unattributed", "by-slices", "by-memory", "equal". @return static; "?" for
 * none */
HG_API const char *hg_idle_policy_name(hg_idle_policy policy);

/** Activities of a slice that the model of hg_mig knows at most. */
#define HG_ACTIVITIES 4

/** Who shares a device: a process or container, or a MIG instance. */
typedef struct hg_tenant {
	double busy_s;                  /**< utilisation times time; processes */
	double slice;                   /**< part of the device, 0 to 1 */
	double memory_bytes;            /**< memory that it holds */
	double activity[HG_ACTIVITIES]; /**< MIG: how busy its engines, tensor cores, memory... are,
					   each 0 to 1 of the instance */
} hg_tenant;

/**
 * Splits a device's energy among processes by their use: what is drawn above idle in proportion to
 * busy_s, idle by the policy. If nobody was busy, or the policy has nothing to go by (no slices, no
 * memory), that part is unattributed.
 *
 * parts[0] + ... + parts[n - 1] + *unattributed, added in this order, is exactly total_j rounded to
 * 2^-20 J; *unattributed also has what rounding each part left, below n / 2^20 J.
 *
 * @param idle_j  what it would have drawn idle, 0 to share everything by use; more than total_j
 * counts as total_j
 * @return HG_OK; HG_EINVAL (numbers not finite or negative; idle_j not known)
 */
HG_API HG_NODISCARD hg_err hg_share(double total_j, double idle_j, const hg_tenant *tenants,
	size_t n, hg_idle_policy policy, double *parts, double *unattributed, hg_error *why);

/** A model of what MIG instances draw by their activities, learnt as the device runs. Plain data.
 */
typedef struct hg_mig {
	uint32_t size;                  /**< sizeof(hg_mig) */
	uint32_t activities;            /**< used, 1 to HG_ACTIVITIES */
	uint32_t updates;               /**< learnt from */
	double forget;                  /**< weight of older updates at each new one */
	double beta[HG_ACTIVITIES + 1]; /**< W: idle, then for each activity of the whole device;
					   below 0 counts 0 */
	double s[(HG_ACTIVITIES + 1) * (HG_ACTIVITIES + 1)]; /**< inverse normal equations */
} hg_mig;

/** Begins a model. @param idle_w first guess @param forget 0: 0.999 @return HG_OK, HG_EINVAL */
HG_API HG_NODISCARD hg_err hg_mig_init(
	hg_mig *m, uint32_t activities, double idle_w, double forget, hg_error *why);

/**
 * Learns from the power of the whole device while its instances were this active (recursive least
 * squares).
 * @return HG_OK; HG_EINVAL (figures not finite, negative)
 */
HG_API HG_NODISCARD hg_err hg_mig_update(
	hg_mig *m, double power_w, const hg_tenant *instances, size_t n, hg_error *why);

/**
 * Splits a device's energy among its instances: what the model expects of each above idle, scaled
 * to the measured total, so that a wrong model moves energy between instances but makes none. Sums
 * as hg_share().
 * @param seconds  how long the window was
 */
HG_API HG_NODISCARD hg_err hg_mig_split(const hg_mig *m, double total_j, double seconds,
	const hg_tenant *instances, size_t n, hg_idle_policy policy, double *parts,
	double *unattributed, hg_error *why);

HG_END_DECLS

#endif
