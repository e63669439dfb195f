/* Knobs are put back also when the program is killed; by keeper.h where it has no time to. */
#ifndef HG_CLI_KEEP_H
#define HG_CLI_KEEP_H

#include <hourglass/control.h>

#include "cli.h"

/**
 * Makes the program's one guard, for the devices that are open. From here on exit() and the signals
 * that would end the program put back what was set through it; the handlers that were there come
 * after.
 * @return exit code; what is wrong goes to stderr
 */
int keep_open(struct cli *cli, hg_ctx *ctx, hg_guard **out);
/** The descriptor outlives this process for as long as something has to be put back. */
void keep_held(int fd);
/** Puts back, and destroys the guard; before its devices are closed. NULL is fine. */
void keep_close(hg_guard *g);

#endif
