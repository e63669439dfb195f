/* The group of commands for recurring jobs. */
#include "cmd.h"

static const struct command *const subs[] = {
	&cmd_recur_simulate,

	NULL,
};

const struct command cmd_recur = {
	.name = "recur",
	.path = "recur",
	.page = "hourglass-recur",
	.usage = "COMMAND ...",
	.summary = "the batch size that reaches the target for the least energy, run by run",
	.subs = subs,
	.operand = OPERAND_COMMAND,
	.operand_name = "COMMAND",
};
