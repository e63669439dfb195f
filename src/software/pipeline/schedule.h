/* What a schedule is made of. */
#ifndef HG_SOFTWARE_PIPELINE_SCHEDULE_H
#define HG_SOFTWARE_PIPELINE_SCHEDULE_H

#include <stdbool.h>

#include <hourglass/pipeline.h>

#include "core/buf.h"
#include "core/vec.h"

/** Most steps of all ranks: plan.h takes as many nodes. */
#define SCHEDULE_OPS ((size_t)1 << 24)
/** Most ranks and stages. */
#define SCHEDULE_RANKS        65536u
#define SCHEDULE_MICROBATCHES 1048576u
/** No such step. */
#define SCHEDULE_NONE UINT32_MAX
/** Number of phases. */
#define PHASES 5u

struct hg_schedule {
	struct vec ops;    /* hg_schedule_op, rank after rank */
	struct vec begins; /* size_t: where each rank's steps begin; one more */
	hg_schedule_kind kind;
	uint32_t ranks, stages, microbatches, chunks, group;
	uint32_t *index;   /* step of (phase, stage, microbatch), or SCHEDULE_NONE; made by check */
	uint32_t *rank_of; /* rank of each step; made by check */
};

/** An empty schedule of so many ranks; NULL: out of memory. */
hg_schedule *schedule_new(hg_schedule_kind kind, uint32_t ranks);
/** Appends a step to the rank that is being written. */
hg_err schedule_add(hg_schedule *s, hg_phase phase, uint32_t stage, uint32_t microbatch);
/** Ends the rank that is being written. */
hg_err schedule_end_rank(hg_schedule *s);
/** Steps of DualPipe (schedule-dual.c). */
hg_err schedule_dualpipe(hg_schedule *s);

/** Step number of (phase, stage, microbatch), or SCHEDULE_NONE. */
uint32_t schedule_find(const hg_schedule *s, hg_phase phase, uint32_t stage, uint32_t microbatch);

/** Most predecessors of a step, the one on its own rank included. */
#define SCHEDULE_BEFORE 4u
/** Predecessors of a step. @return how many */
unsigned schedule_before(const hg_schedule *s, uint32_t op, uint32_t before[SCHEDULE_BEFORE]);

/**
 * Checks that a schedule is complete and goes through, and makes the index.
 * @param origin  what to call it in errors
 */
hg_err schedule_check(hg_schedule *s, const char *origin, hg_error *why);

/** Letter of a phase in files. */
char phase_letter(hg_phase phase);

#endif
