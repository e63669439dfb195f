#include "cmd.h"
static int run(struct cli *cli, const struct args *args)
{
	(void)args;
	return cli_broken(cli, HG_EUNSUPPORTED);
}
const struct command cmd_demo = {.name = "demo",
	.path = "demo",
	.page = "hourglass-demo",
	.usage = "[-o FILE]",
	.summary = "all of it in a second, on a simulated device",
	.run = run};
