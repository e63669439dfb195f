/* What is believed, as the library and the command write it. */
#ifndef HG_SOFTWARE_RECUR_EXPLAIN_H
#define HG_SOFTWARE_RECUR_EXPLAIN_H

#include <hourglass/recur.h>

#include "core/json.h"

/** One object, on one line: an element of "beliefs" in hourglass.recur-decision/1 and
 * hourglass.recur-show/1. */
void recur_belief_json(struct json_out *j, const hg_recur_belief *b);

#endif
