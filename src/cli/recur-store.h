/* What the commands of recurring jobs share: the store, and trials in words. */
#ifndef HG_CLI_RECUR_STORE_H
#define HG_CLI_RECUR_STORE_H

#include "cli.h"
#include "core/json.h"
#include "store/desk.h"

/** --store. */
extern const struct option recur_store_options[];

/** Opens the store that is named, or the user's own. What is wrong goes to stderr. @return exit
 * code */
int recur_open(struct cli *cli, const struct args *args, enum open_mode mode, struct store **out);
/** What went wrong with it, on stderr. @return EXIT_USAGE, or EXIT_BROKEN where it is not the
 * user's fault */
int recur_error(struct cli *cli, hg_err err, const hg_error *why);

/** "host:pid". */
void recur_owner(char owner[STORE_NAME]);

/** Appends "energy below what was reported before, late". */
void recur_flags_text(struct buf *out, uint32_t flags);
/** Writes ["energy", "late"]. */
void recur_flags_json(struct json_out *j, uint32_t flags);
/** Cost of so much energy and time by a job; NAN unknown. */
double recur_cost(const struct store_spec *spec, double energy_j, double time_s);
/** Writes a trial's members into the object that is open. */
void recur_trial_json(
	struct json_out *j, const struct store_spec *spec, const struct store_trial *t);
/** Appends "accuracy >= 0.6". */
void recur_target_text(struct buf *out, const struct store_spec *spec);
/** Notes on stderr what was wrong with a report. */
void recur_note_flags(struct cli *cli, uint32_t flags);

#endif
