/* Figures of a relaxed plan at a time. */
#ifndef HG_TEST_RELAXED_INFO_H
#define HG_TEST_RELAXED_INFO_H

#include <hourglass/plan.h>

#include "cmocka-all.h"

/* Of a setting for each operation; the test fails where there is no such plan. */
static inline hg_relaxed_info relaxed_at(const hg_plan_frontier *set, double time_s)
{
	hg_relaxed_info info = {.size = sizeof info};
	hg_relaxed *r = NULL;
	hg_error why = {""};

	if (hg_relaxed_at(set, time_s, HG_CLASS_OP, &r, &why))
		fail_msg("%s", why.text);
	hg_relaxed_get_info(r, &info);
	hg_relaxed_destroy(r);
	return info;
}

#endif
