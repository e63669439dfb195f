/* help: what commands and options there are. */
#include "cmd.h"

static int run(struct cli *cli, const struct args *args)
{
	const struct command *cmd = NULL;

	if (args->n_operands > 0) {
		cmd = command_find(commands, args->operands[0]);
		if (!cmd)
			return command_unknown(cli, commands, "", args->operands[0]);
	}
	if (args->n_operands > 1) {
		const struct command *group = cmd;

		cmd = group->subs ? command_find(group->subs, args->operands[1]) : NULL;
		if (!group->subs)
			return cli_usage(cli, "'%s' has no commands of its own", group->path);
		if (!cmd)
			return command_unknown(cli, group->subs, group->path, args->operands[1]);
	}
	if (args_has(args, "json"))
		help_json(&cli->out, cmd);
	else
		help_text(&cli->out, cmd);
	return EXIT_OK;
}

const struct command cmd_help = {
	.name = "help",
	.path = "help",
	.page = "hourglass-help",
	.usage = "[COMMAND [COMMAND]] [--json]",
	.summary = "what commands and options there are",
	.operand = OPERAND_COMMAND,
	.operand_name = "COMMAND",
	.max_operands = 2,
	.run = run,
};
