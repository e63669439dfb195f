/* The group of commands that plan pipelines and other DAGs. */
#include "cmd.h"

static const struct command *const subs[] = {
	&cmd_plan_pipeline,
	&cmd_plan_at,
	&cmd_plan_check,
	&cmd_plan_show,
	&cmd_plan_straggle,
	&cmd_plan_dag,

	NULL,
};

const struct command cmd_plan = {
	.name = "plan",
	.path = "plan",
	.page = "hourglass-plan",
	.usage = "COMMAND ...",
	.summary = "the cheapest settings of a pipeline or workflow for any time it may take",
	.subs = subs,
	.operand = OPERAND_COMMAND,
	.operand_name = "COMMAND",
};
