/* The setting that goes with a batch size, put in force on the devices that are measured. */
#ifndef HG_CLI_RECUR_SETTING_H
#define HG_CLI_RECUR_SETTING_H

#include <hourglass/control.h>

#include "claims.h"
#include "cli.h"
#include "gauge.h"

/** Zero to begin. */
struct recur_setting {
	hg_guard *guard; /* watched by keep.h; NULL: nothing is set */
	struct claims claims;
	bool refused; /* and was said so */
};

/** Makes ready to set knobs: from here on whatever ends this process puts them back.
 * child_signals_keep() comes before. @return exit code; recur_setting_close() in any case */
int recur_setting_open(struct cli *cli, const struct gauge *g, struct recur_setting *s);
/**
 * Puts back what the setting before held, and sets `text`, such as "power_limit_w=200
 * sm_clock_mhz=1200", on every device that has such a knob. "": as it was found. Where that is not
 * possible it is said, once, and everything is left as it was found.
 * @return whether the setting is in force
 */
bool recur_setting_apply(
	struct cli *cli, const struct gauge *g, const char *text, struct recur_setting *s);
/** Puts back. Before gauge_close(). @return whether all is as it was found */
bool recur_setting_close(struct cli *cli, struct recur_setting *s);

#endif
