/* The group of commands for recurring jobs. */
#include "cmd.h"

static const struct command *const subs[] = {
	&cmd_recur_new,
	&cmd_recur_run,
	&cmd_recur_next,
	&cmd_recur_report,
	&cmd_recur_end,
	&cmd_recur_show,
	&cmd_recur_explain,
	&cmd_recur_list,
	&cmd_recur_export,
	&cmd_recur_import,
	&cmd_recur_check,
	&cmd_recur_backup,
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
