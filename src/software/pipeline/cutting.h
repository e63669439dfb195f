/*
 * How a pipeline repeats: where the schedule of a small one can be cut so that copies of its middle
 * make a large one.
 */
#ifndef HG_SOFTWARE_PIPELINE_CUTTING_H
#define HG_SOFTWARE_PIPELINE_CUTTING_H

#include "software/plan/tile.h"

#include "schedule.h"

/** Microbatches that a schedule repeats after; 0: it is not known. */
uint32_t schedule_period(const hg_schedule *s);

/**
 * How a large pipeline is made from a small one of the same schedule, whole periods shorter.
 * @param t     not initialised; tiling_finish() it in any case
 * @param fits  receives false where it is not made from it
 * @return HG_OK, HG_ENOMEM
 */
hg_err cutting_make(struct tiling *t, const hg_schedule *large, const hg_dag *dag,
	const hg_schedule *small, const hg_dag *few, bool *fits);

#endif
