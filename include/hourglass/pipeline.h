/**
 * @file pipeline.h
 * Pipeline-parallel training: stage profiles, schedules, and the graph of one iteration.
 *
 * A *profile* says what each stage's forward and backward cost at each setting. A *schedule* says
 * in which order each rank computes. Together they make a *pipeline*: the directed graph of one
 * training iteration, whose nodes are frontiers, for plan.h to plan. On top of it are the two
 * things that only pipelines have: an exact extrapolation in the number of microbatches, and the
 * reaction to stragglers.
 *
 * Words: a *rank* is a pipeline rank (one device, or a tensor-parallel group that acts as one). A
 * *stage* is a consecutive piece of the model. Each rank holds `chunks` stages; stage k of the
 * model lies on rank k mod ranks for all schedules made here, except where a schedule file says
 * otherwise.
 *
 * Pure functions of data: no clock, no I/O, thread-safe for different objects; all objects are
 * immutable once made.
 */
#ifndef HOURGLASS_PIPELINE_H
#define HOURGLASS_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/frontier.h>
#include <hourglass/plan.h>

HG_BEGIN_DECLS

/* ------------------------------------------------------------------------------------- profiles */

/** One way to compute an instruction of a stage, as it was measured. */
typedef struct hg_stage_option {
	double time_s;       /**< seconds, > 0 */
	double energy_j;     /**< joules, >= 0, waiting not included */
	double setting;      /**< the setting as a number, such as 1410 (MHz) */
	const char *written; /**< the setting as the profile writes it */
} hg_stage_option;

/** A profile of all stages; opaque. */
typedef struct hg_stage_profile hg_stage_profile;

/**
 * Reads a stage profile from CSV with a header line and the columns stage, instruction, frequency
 * (or setting), time (s), energy (J; or energy_model for fitted figures). Other columns are passed
 * over, except `rank`: rows that differ only in it are the ranks of one tensor-parallel group,
 * which become one option with the largest time and the sum of the energies.
 *
 * Stages are numbered from 0 without gaps. Settings need not be the same for all instructions.
 *
 * @param text    len bytes; no terminator needed
 * @param origin  what to call the input in errors, such as its file name
 * @return HG_OK; HG_EFORMAT (file, line, column, what was expected); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_stage_profile_parse(
	const char *text, size_t len, const char *origin, hg_stage_profile **out, hg_error *why);

/** Frees; NULL is fine. */
HG_API void hg_stage_profile_destroy(hg_stage_profile *p);

/** Number of stages, at least 1. */
HG_API uint32_t hg_stage_profile_stages(const hg_stage_profile *p);

/** Number of different instructions in the whole profile. */
HG_API uint32_t hg_stage_profile_instructions(const hg_stage_profile *p);

/** Name of instruction i as the profile writes it, or NULL past the end. */
HG_API const char *hg_stage_profile_instruction(const hg_stage_profile *p, uint32_t i);

/**
 * Options of one instruction of one stage, by setting.
 * @param n  receives how many; 0 when the stage has none or there is no such stage
 */
HG_API const hg_stage_option *hg_stage_profile_options(
	const hg_stage_profile *p, uint32_t stage, uint32_t instruction, size_t *n);

/* ------------------------------------------------------------------------------------ schedules */

/** X(name, letter, text): kinds of work; the letter is that of a schedule file. */
#define HG_PHASE_LIST(X)                                                                           \
	X(HG_PHASE_FORWARD, 'F', "forward")                                                        \
	X(HG_PHASE_BACKWARD, 'B', "backward")                                                      \
	X(HG_PHASE_INPUT, 'I', "input gradient")                                                   \
	X(HG_PHASE_WEIGHT, 'W', "weight gradient")                                                 \
	X(HG_PHASE_RECOMPUTE, 'R', "recompute")

/** Kinds of work. HG_PHASE_BACKWARD computes both gradients. */
typedef enum hg_phase {
#define HG_PHASE_ENUM(name, letter, text) name,
	HG_PHASE_LIST(HG_PHASE_ENUM)
#undef HG_PHASE_ENUM
} hg_phase;

/** X(name, value, text): the schedules that can be made here. */
#define HG_SCHEDULE_LIST(X)                                                                        \
	X(HG_SCHEDULE_GPIPE, 0, "gpipe")                                                           \
	X(HG_SCHEDULE_1F1B, 1, "1f1b")                                                             \
	X(HG_SCHEDULE_RECOMPUTE, 2, "early-recompute")                                             \
	X(HG_SCHEDULE_INTERLEAVED, 3, "interleaved")                                               \
	X(HG_SCHEDULE_ZB_H1, 4, "zb-h1")                                                           \
	X(HG_SCHEDULE_DUALPIPE, 5, "dualpipe")                                                     \
	X(HG_SCHEDULE_FILE, 6, "file")

/** The schedules that can be made here; HG_SCHEDULE_FILE is any other, read from a file. */
typedef enum hg_schedule_kind {
#define HG_SCHEDULE_ENUM(name, value, text) name = (value),
	HG_SCHEDULE_LIST(HG_SCHEDULE_ENUM)
#undef HG_SCHEDULE_ENUM
} hg_schedule_kind;

/** One step of a rank. */
typedef struct hg_schedule_op {
	hg_phase phase;      /**< what is computed */
	uint32_t stage;      /**< of which stage of the model */
	uint32_t microbatch; /**< for which microbatch, from 0 */
} hg_schedule_op;

/** What to make. Zero-initialise, set `size`, then what you need. */
typedef struct hg_schedule_opts {
	uint32_t size;         /**< sizeof(hg_schedule_opts) */
	hg_schedule_kind kind; /**< not HG_SCHEDULE_FILE */
	uint32_t ranks;        /**< 1..65536 */
	uint32_t microbatches; /**< 1..1048576 */
	uint32_t chunks;       /**< stages a rank holds, for interleaved; 0: 1 */
	uint32_t group;        /**< microbatches of an interleaved group; 0: ranks */
} hg_schedule_opts;

/** What a schedule says about itself. */
typedef struct hg_schedule_info {
	uint32_t size;         /**< sizeof(hg_schedule_info) */
	hg_schedule_kind kind; /**< HG_SCHEDULE_FILE for a parsed one */
	uint32_t ranks;        /**< ranks */
	uint32_t stages;       /**< stages of the model */
	uint32_t microbatches; /**< microbatches of one iteration */
	uint32_t chunks;       /**< stages a rank holds */
	size_t ops;            /**< steps of all ranks */
} hg_schedule_info;

/** A schedule; opaque. */
typedef struct hg_schedule hg_schedule;

/**
 * Makes a schedule.
 *
 * Order on rank r of P with M microbatches:
 *  - gpipe: all forwards, then all backwards;
 *  - 1f1b: min(M, P-1-r) forwards, then one forward and one backward in turn;
 *  - early-recompute: 1f1b with a recomputation before each backward, except on the last stage,
 *    that does not wait for the gradient;
 *  - interleaved: Megatron's: chunk c of rank r is stage c * P + r; groups of `group` microbatches;
 *  - zb-h1: 1f1b with the weight gradient split off and delayed by r microbatches (arXiv
 *    2401.10241);
 *  - dualpipe: two streams of M / 2 microbatches that enter at both ends; each stage lies on two
 *    ranks (arXiv 2412.19437); P and M even, M >= 2 P.
 *
 * @return HG_OK; HG_EINVAL (what is out of its range); HG_ELIMIT (more than 2^26 steps); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_schedule_create(
	const hg_schedule_opts *opts, hg_schedule **out, hg_error *why);

/**
 * Reads a schedule file, see hourglass-plan(5): one line a rank, cells such as 0F3 separated by
 * commas. Checks that every stage has one forward and one backward (or input and weight gradient)
 * of every microbatch, and that no rank waits for itself in a circle.
 * @return HG_OK; HG_EFORMAT (line, cell, what was expected); HG_EINVAL (incomplete, circular);
 *         HG_EVERSION; HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_schedule_parse(
	const char *text, size_t len, const char *origin, hg_schedule **out, hg_error *why);

/**
 * Writes a schedule as a schedule file.
 * @param text  receives malloc()ed text with a final NUL; free() it
 * @return HG_OK; HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_schedule_format(
	const hg_schedule *s, char **text, size_t *len, hg_error *why);

/** Frees; NULL is fine. */
HG_API void hg_schedule_destroy(hg_schedule *s);

/** What a schedule says about itself. @p info->size must be set. */
HG_API void hg_schedule_get_info(const hg_schedule *s, hg_schedule_info *info);

/** The steps of a rank in order; n receives how many, 0 past the last rank. */
HG_API const hg_schedule_op *hg_schedule_ops(const hg_schedule *s, uint32_t rank, size_t *n);

/* ------------------------------------------------------------------------------------ pipelines */

/** What a pipeline is made of. Zero-initialise, set `size`, then what you need. */
typedef struct hg_pipeline_opts {
	uint32_t size;                   /**< sizeof(hg_pipeline_opts) */
	uint32_t replicas;               /**< data-parallel copies that run one plan; 0: 1 */
	uint32_t group_size;             /**< tensor-parallel devices of a rank, all as profiled;
					      0: 1. Not with a profile that has a rank column */
	uint32_t reserved;               /**< 0 */
	const hg_stage_profile *profile; /**< must outlive the pipeline */
	const hg_schedule *schedule;     /**< must outlive the pipeline */
	const double *static_power_w;    /**< of one device while it waits; one a rank, or one */
	size_t n_static_power;           /**< how many: 1 or the ranks */
	double lag_s;                    /**< transfer between stages of different ranks */
	double step_s;                   /**< constant work at the end of every rank (optimiser,
					      all-reduce), at static power; 0: none */
} hg_pipeline_opts;

/** The instruction of constant work. */
#define HG_INSTRUCTION_NONE UINT32_MAX

/** What a node of the graph is. */
typedef struct hg_pipeline_step {
	uint32_t rank;        /**< where it runs: the device of the graph */
	uint32_t stage;       /**< stage of the profile */
	uint32_t chunk;       /**< which of the rank's stages */
	uint32_t microbatch;  /**< microbatch; that of constant work is 0 */
	uint32_t instruction; /**< of the profile, or HG_INSTRUCTION_NONE */
	hg_phase phase;       /**< what is computed */
	double share;         /**< time is this times the profile's */
	double energy_share;  /**< energy is this times the profile's: share * devices of a rank and
				   its replicas */
} hg_pipeline_step;

/** A pipeline; opaque. */
typedef struct hg_pipeline hg_pipeline;

/**
 * Makes the graph of one iteration: the order within each rank, forward and backward chains
 * between stages with their lags, and constant work at the end.
 *
 * A profile has either one stage a rank or one stage a stage of the model. In the first case each
 * of a rank's chunks takes its equal share. Where the schedule splits the backward and the profile
 * does not, each half takes half. Recomputation without a profile of its own costs what the
 * forward costs. Instructions are recognised by name: forward, backward, backward_input,
 * backward_weight, recompute; also fwd, bwd, input, weight, and F, B, I, W, R, in any case.
 *
 * Energies and static power count all devices: replicas * group_size of them for each rank.
 *
 * @return HG_OK; HG_EINVAL (stages of profile and schedule do not fit; an instruction is missing;
 *         bad figures); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_pipeline_create(
	const hg_pipeline_opts *opts, hg_pipeline **out, hg_error *why);

/** Frees; NULL is fine. */
HG_API void hg_pipeline_destroy(hg_pipeline *p);

/** The finished graph, owned by the pipeline; hg_dag_ref() it to keep it. */
HG_API hg_dag *hg_pipeline_dag(const hg_pipeline *p);

/** What the nodes are, by node number; valid as long as the pipeline. */
HG_API const hg_pipeline_step *hg_pipeline_steps(const hg_pipeline *p, size_t *n);

/** A setting as the profile writes it, or NULL for one that is none. */
HG_API const char *hg_pipeline_setting(const hg_pipeline *p, hg_setting setting);
/* ---------------------------------------------------------------------------------- stragglers */

/**
 * How a pipeline reacts to stragglers: which iteration time it plans for, with hysteresis.
 *
 * A straggler forces the iteration time of everybody to T'. Who would be done sooner waits at
 * static power, so the cheapest own time is min(T_max, T'): beyond the energy-optimal time of a
 * pipeline alone, as the waiting is paid for anyhow.
 *
 * Plain data: fill it with hg_reaction_init(), copy it as you like.
 */
typedef struct hg_reaction {
	uint32_t size;      /**< sizeof(hg_reaction) */
	uint32_t patience;  /**< iterations in a row that must allow more time before it is taken */
	double alone_s;     /**< iteration time when nobody straggles */
	double t_min_s;     /**< least and most useful time of the frontier */
	double t_max_s;     /**< most useful time */
	double tolerance;   /**< relative change of the time below which nothing is changed */
	double time_s;      /**< the time the current plan is for */
	double candidate_s; /**< least that was allowed during the wait */
	uint32_t waited;    /**< iterations so far that allowed more */
	uint32_t reserved;  /**< 0 */
} hg_reaction;

/**
 * Begins at the time for a pipeline alone.
 * @param alone_s    iteration time alone; within the frontier it is taken as given
 * @param tolerance  >= 0, such as 0.005
 * @param patience   such as 2; 0: at once
 * @return HG_OK; HG_EINVAL
 */
HG_API HG_NODISCARD hg_err hg_reaction_init(hg_reaction *r, const hg_plan_frontier *set,
	double alone_s, double tolerance, uint32_t patience, hg_error *why);

/**
 * Tells the iteration time that the slowest of the others will need, before each iteration.
 *
 * Less time than planned for is taken at once, since everybody would wait for us; more only after
 * `patience` iterations, and then the least that they allowed.
 *
 * @param forced_s  T' in seconds; 0: nobody straggles
 * @return 1 when the plan is to change, to that for r->time_s; 0 else
 */
HG_API int hg_reaction_update(hg_reaction *r, double forced_s);

HG_END_DECLS

#endif
