/* Relaxed plans in which sets of nodes share a setting: cutting planes over paths. */
#ifndef HG_PLAN_SHARED_H
#define HG_PLAN_SHARED_H

#include "relaxed.h"

/** Fills r for r->info.time_s and r->info.class_of. @return HG_OK, HG_EINFEASIBLE, HG_ELIMIT,
 * HG_ENOMEM */
hg_err relaxed_shared(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);

#endif
