/* Whatever is read as a workflow is a graph that can be solved, or says why not. */
#include <stdint.h>
#include <stdlib.h>

#include "software/pipeline/workflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workflow w;
	hg_plan_frontier *set = NULL;
	hg_error why = {""};
	hg_err err = workflow_parse(&w, (const char *)data, size, "fuzz.json", NULL, NULL, &why);

	require(!err == !why.text[0]);
	if (!err) {
		hg_plan_frontier_info info = {.size = sizeof info};

		err = hg_plan_solve(w.dag, NULL, &set, &why);
		require(!err == !why.text[0]);
		if (!err) {
			hg_plan_frontier_get_info(set, &info);
			require(info.t_min_s <= info.t_max_s * (1 + 1e-9) + 1e-6);
		}
	}
	hg_plan_frontier_destroy(set);
	workflow_finish(&w);
	return 0;
}
