/* What the commands of recurring jobs share. */
#define _GNU_SOURCE /* gethostname */
#include "recur-store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/number.h"
#include "home.h"

const struct option recur_store_options[] = {
	{.name = "store",
		.abbr = 's',
		.kind = OPTION_FILE,
		.value = "FILE|postgres://...",
		.fallback = "hourglass/recur.db in the user's data folder",
		.text = "where jobs and trials are kept"},
	{.name = NULL},
};

static const struct {
	uint32_t flag;
	const char *name, *text;
} flags_known[] = {
	{HG_RECUR_BAD_METRIC, "metric", "metric is no number"},
	{HG_RECUR_BAD_ENERGY, "energy", "energy negative or less than before"},
	{HG_RECUR_BAD_TIME, "time", "time negative or less than before"},
	{HG_RECUR_BAD_EPOCH, "epoch", "epoch less than before, or no number"},
	{HG_RECUR_REPEATED, "repeated", "epoch reported before"},
	{HG_RECUR_AFTER_END, "after-end", "the trial had ended"},
	{STORE_LATE, "late", "after the lease had run out"},
	{STORE_EXPIRED, "expired", "nothing heard within its lease"},
	{STORE_SIMULATED, "simulated", "energy of simulated devices"},
	{STORE_ESTIMATED, "estimated", "energy by a model"},
};

#define FLAGS_KNOWN (sizeof flags_known / sizeof flags_known[0])
#define FLAGS_WRONG                                                                                \
	(HG_RECUR_BAD_METRIC | HG_RECUR_BAD_ENERGY | HG_RECUR_BAD_TIME | HG_RECUR_BAD_EPOCH |      \
		HG_RECUR_REPEATED | HG_RECUR_AFTER_END | STORE_LATE)

int recur_error(struct cli *cli, hg_err err, const hg_error *why)
{
	return err == HG_EIO ? cli_output_error(cli, err, why) : cli_input_error(cli, err, why);
}

int recur_open(struct cli *cli, const struct args *args, enum open_mode mode, struct store **out)
{
	const struct store_opts opts = {.mode = mode};
	const char *url = args_text(args, "store", NULL);
	char path[HOME_PATH];
	hg_error why = {""};
	hg_err err;

	*out = NULL;
	if (!url) {
		if (!home_path("HOURGLASS_STORE", "XDG_DATA_HOME", ".local/share",
			    "hourglass/recur.db", path))
			return cli_usage(cli, "no HOME to keep jobs in: name a file with --store");
		url = path;
		if (mode == OPEN_CREATE && strstr(url, "://") == NULL)
			home_make_folders(url);
	}
	err = store_open(url, &opts, out, &why);
	return err == HG_OK ? EXIT_OK : recur_error(cli, err, &why);
}

void recur_owner(char owner[STORE_NAME])
{
	char host[STORE_NAME - 16] = "";

	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	(void)snprintf(owner, STORE_NAME, "%s:%ld", host, (long)getpid());
}

void recur_flags_text(struct buf *out, uint32_t flags)
{
	const char *between = "";

	for (size_t i = 0; i < FLAGS_KNOWN; i++)
		if (flags & flags_known[i].flag) {
			buf_addf(out, "%s%s", between, flags_known[i].name);
			between = ", ";
		}
}

void recur_note_flags(struct cli *cli, uint32_t flags)
{
	for (size_t i = 0; i < FLAGS_KNOWN; i++)
		if (flags & flags_known[i].flag & FLAGS_WRONG)
			cli_note(cli, "flagged: %s", flags_known[i].text);
}

void recur_flags_json(struct json_out *j, uint32_t flags)
{
	json_open(j, '[', true);
	for (size_t i = 0; i < FLAGS_KNOWN; i++)
		if (flags & flags_known[i].flag)
			json_put_string(j, flags_known[i].name);
	json_close(j, ']');
}

static bool is_known(double v)
{
	return isfinite(v) && v > 0;
}

double recur_cost(const struct store_spec *spec, double energy_j, double time_s)
{
	double cost = 0;

	if ((spec->eta > 0 && !is_known(energy_j)) || (spec->eta < 1 && !is_known(time_s)))
		return (double)NAN;
	if (spec->eta > 0)
		cost += spec->eta * energy_j;
	if (spec->eta < 1)
		cost += (1 - spec->eta) * spec->max_power_w * time_s;
	return cost;
}

void recur_target_text(struct buf *out, const struct store_spec *spec)
{
	char text[DOUBLE_TEXT];

	(void)double_format(spec->target, text);
	buf_addf(out, "%s %s %s", spec->metric, spec->lower_is_better ? "<=" : ">=", text);
}

/* Meters of a trial begin at 0, which says nothing was reported. */
static double reported(double v)
{
	return is_known(v) ? v : (double)NAN;
}

void recur_trial_json(
	struct json_out *j, const struct store_spec *spec, const struct store_trial *t)
{
	char id[STORE_NAME + 24];

	(void)snprintf(id, sizeof id, "%s:%lld", t->job, (long long)t->number);
	json_kv_string(j, "trial", id);
	json_kv_int(j, "batch_size", t->t.batch_size);
	json_kv_string(j, "setting", store_spec_setting(spec, t->t.batch_size));
	json_kv_string(j, "state", hg_recur_state_name(t->t.state));
	json_kv_string(j, "reason", hg_recur_reason_name(t->reason));
	json_kv_int(j, "max_epochs", t->max_epochs);
	json_kv_number(j, "bound_j", t->bound_j);
	json_kv_number(j, "epochs", t->t.epochs);
	json_kv_number(j, "metric", t->t.metric);
	json_kv_number(j, "energy_j", reported(t->t.energy_j));
	json_kv_number(j, "time_s", reported(t->t.time_s));
	json_kv_number(j, "cost_j", recur_cost(spec, t->t.energy_j, t->t.time_s));
	json_kv_int(j, "reports", t->reports);
	json_kv_bool(j, "simulated", (t->t.flags & STORE_SIMULATED) != 0);
	json_kv_bool(j, "estimated", (t->t.flags & STORE_ESTIMATED) != 0);
	json_key(j, "flags");
	recur_flags_json(j, t->t.flags);
	json_kv_string(j, "owner", t->owner);
	json_kv_int(j, "started_ms", t->started_ms);
	json_key(j, "ended_ms");
	if (t->ended_ms > 0)
		json_put_int(j, t->ended_ms);
	else
		json_put_null(j);
}
