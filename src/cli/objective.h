/* What the user wants: the options of an objective, read, told and answered. */
#ifndef HG_CLI_OBJECTIVE_H
#define HG_CLI_OBJECTIVE_H

#include <hourglass/frontier.h>

#include "cli.h"
#include "core/json.h"

/** --min-energy ... --knee, --max-power, --charge-waiting. */
extern const struct option objective_options[];

/** Reads the one objective that must be among args. @return EXIT_OK, EXIT_USAGE */
int objective_read(const struct cli *cli, const struct args *args, hg_objective *o);

/** Appends "--deadline 20 s". */
void objective_text(struct buf *out, const hg_objective *o);
/** Writes {"kind": "deadline", "value": 20, ...}. */
void objective_json(struct json_out *j, const hg_objective *o);

#endif
