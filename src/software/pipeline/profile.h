/* What a stage profile is made of. */
#ifndef HG_SOFTWARE_PIPELINE_PROFILE_H
#define HG_SOFTWARE_PIPELINE_PROFILE_H

#include <stdbool.h>

#include <hourglass/pipeline.h>

#include "core/arena.h"
#include "core/vec.h"

/** Most stages of a profile. */
#define PROFILE_STAGES 65536u
/** Most different instructions. */
#define PROFILE_INSTRUCTIONS 64u
/** Instruction of a schedule that a profile has none for. */
#define PROFILE_NONE UINT32_MAX

struct hg_stage_profile {
	struct arena arena; /* texts */
	struct vec names;   /* const char *: instructions in order of appearance */
	struct vec options; /* hg_stage_option by (stage, instruction, setting) */
	struct vec cells;   /* size_t: where options of (stage, instruction) begin; one more */
	uint32_t stages;
	uint32_t group_ranks; /* tensor-parallel ranks that were combined; 1: none */
	bool fitted;          /* energies come from a model */
};

/** Index of the instruction that stands for a phase, or PROFILE_NONE. */
uint32_t profile_phase(const hg_stage_profile *p, hg_phase phase);

#endif
