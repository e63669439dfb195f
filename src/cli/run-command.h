/* run -- CMD: what a command costs. */
#ifndef HG_CLI_RUN_COMMAND_H
#define HG_CLI_RUN_COMMAND_H

#include "cli.h"

extern const struct option run_command_options[];

/** Runs the operands as a command, as the options say. @return the command's exit code; 125 to 127
 * ours */
int run_command_measured(struct cli *cli, const struct args *args);

#endif
