/* The group of commands that work on frontier files. */
#include "cmd.h"

static const struct command *const subs[] = {
	&cmd_frontier_import,
	&cmd_frontier_show,
	&cmd_frontier_pick,
	&cmd_frontier_plot,
	&cmd_frontier_convert,
	&cmd_frontier_merge,
	&cmd_frontier_series,
	&cmd_frontier_parallel,
	&cmd_frontier_repeat,
	&cmd_frontier_scale,
	&cmd_frontier_mix,
	NULL,
};

const struct command cmd_frontier = {
	.name = "frontier",
	.path = "frontier",
	.page = "hourglass-frontier",
	.usage = "COMMAND ...",
	.summary = "make, look at, compose and ask time-energy frontiers",
	.subs = subs,
	.operand = OPERAND_COMMAND,
	.operand_name = "COMMAND",
};
