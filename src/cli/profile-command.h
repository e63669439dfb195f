/* profile -- CMD: what each setting of a device costs a command. */
#ifndef HG_CLI_PROFILE_COMMAND_H
#define HG_CLI_PROFILE_COMMAND_H

#include <hourglass/frontier.h>

#include "cli.h"
#include "rig.h"

/**
 * Sweeps the knobs of a device while the operands run as a command: again and again, or once if it
 * tells its steps (--steps-from).
 * @param out  receives the frontier, also when the user interrupted and something was measured
 * @return EXIT_OK; EXIT_INTERRUPTED; another exit code
 */
int profile_command(struct cli *cli, const struct args *args, hg_guard *guard, hg_device *d,
	const struct profile_how *how, hg_frontier **out);

#endif
