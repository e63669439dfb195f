/* Trials and their reports. */
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "inside.h"

#define COLUMNS                                                                                    \
	"job, number, origin, origin_number, state, batch_size, flags, epochs, energy_j, time_s, " \
	"epoch_energy_j, epoch_time_s, metric, max_epochs, reason, bound_j, owner, lease_ms, "     \
	"lease_until_ms, started_ms, ended_ms, ended_order, reports"
#define N_COLUMNS 23

hg_err store_trial_id(const char *text, char job[STORE_NAME], int64_t *number, hg_error *why)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n > 0 && n < STORE_NAME && int64_parse(colon + 1, strlen(colon + 1), number) &&
		*number > 0) {
		memcpy(job, text, n);
		job[n] = '\0';
		if (store_name_fits(job))
			return HG_OK;
	}
	return fail(why, HG_EINVAL, "'%.80s' is no trial: expected JOB:NUMBER, as 'next' gives it",
		text);
}

static void put_columns(const struct store_trial *t, struct value v[N_COLUMNS])
{
	const struct value all[N_COLUMNS] = {value_text(t->job), value_int(t->number),
		value_text(t->origin), value_int(t->origin_number), value_int(t->t.state),
		value_int(t->t.batch_size), value_int(t->t.flags), value_real(t->t.epochs),
		value_real(t->t.energy_j), value_real(t->t.time_s), value_real(t->t.epoch_energy_j),
		value_real(t->t.epoch_time_s), value_real(t->t.metric), value_int(t->max_epochs),
		value_int(t->reason), value_real(t->bound_j), value_text(t->owner),
		value_int(t->lease_ms), value_int(t->lease_until_ms), value_int(t->started_ms),
		value_int(t->ended_ms), value_int(t->order), value_int(t->reports)};

	memcpy(v, all, sizeof all);
}

static void take_columns(const struct value *v, struct store_trial *t)
{
	memset(t, 0, sizeof *t);
	row_text(&v[0], t->job, sizeof t->job);
	t->number = row_int(&v[1]);
	row_text(&v[2], t->origin, sizeof t->origin);
	t->origin_number = row_int(&v[3]);
	t->t.state = (uint32_t)row_int(&v[4]);
	t->t.batch_size = (uint32_t)row_int(&v[5]);
	t->t.flags = (uint32_t)row_int(&v[6]);
	t->t.epochs = row_real(&v[7]);
	t->t.energy_j = row_real(&v[8]);
	t->t.time_s = row_real(&v[9]);
	t->t.epoch_energy_j = row_real(&v[10]);
	t->t.epoch_time_s = row_real(&v[11]);
	t->t.metric = row_real(&v[12]);
	t->max_epochs = (uint32_t)row_int(&v[13]);
	t->reason = (uint32_t)row_int(&v[14]);
	t->bound_j = row_real(&v[15]);
	row_text(&v[16], t->owner, sizeof t->owner);
	t->lease_ms = row_int(&v[17]);
	t->lease_until_ms = row_int(&v[18]);
	t->started_ms = row_int(&v[19]);
	t->ended_ms = row_int(&v[20]);
	t->order = row_int(&v[21]);
	t->reports = row_int(&v[22]);
}

struct taking {
	struct store_trial *one; /* or */
	trial_fn each;
	void *user;
	size_t n;
};

static hg_err take_trial(void *user, const struct value *row, size_t n)
{
	struct taking *t = user;
	struct store_trial here = {.number = 0}, *one = t->one ? t->one : &here;

	if (n != N_COLUMNS)
		return HG_EINTERNAL;
	take_columns(row, one);
	t->n++;
	return t->each ? t->each(t->user, one) : HG_OK;
}

hg_err store_trial_add(struct store *s, const struct store_trial *t, hg_error *why)
{
	struct value v[N_COLUMNS];

	put_columns(t, v);
	return store_run(s, ST_TRIAL_ADD,
		"INSERT INTO hg_trial (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		"$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
		v, N_COLUMNS, NULL, NULL, NULL, why);
}

hg_err store_trial_get(
	struct store *s, const char *job, int64_t number, struct store_trial *out, hg_error *why)
{
	struct taking t = {.one = out};
	const struct value args[] = {value_text(job), value_int(number)};
	hg_err err = store_run(s, ST_TRIAL_GET,
		"SELECT " COLUMNS " FROM hg_trial WHERE job = $1 AND number = $2", args, 2,
		take_trial, &t, NULL, why);

	if (err == HG_OK && t.n == 0)
		return fail(why, HG_ENOENT, "%s: job '%.80s' has no trial %lld", store_title(s),
			job, (long long)number);
	return err;
}

hg_err store_trial_put(struct store *s, const struct store_trial *t, hg_error *why)
{
	const struct value args[] = {value_text(t->job), value_int(t->number),
		value_int(t->t.state), value_int(t->t.flags), value_real(t->t.epochs),
		value_real(t->t.energy_j), value_real(t->t.time_s), value_real(t->t.epoch_energy_j),
		value_real(t->t.epoch_time_s), value_real(t->t.metric),
		value_int(t->lease_until_ms), value_int(t->ended_ms), value_int(t->order),
		value_int(t->reports)};
	int64_t changed = 0;
	hg_err err = store_run(s, ST_TRIAL_PUT,
		"UPDATE hg_trial SET state = $3, flags = $4, epochs = $5, energy_j = $6, time_s = "
		"$7, epoch_energy_j = $8, epoch_time_s = $9, metric = $10, lease_until_ms = $11, "
		"ended_ms = $12, ended_order = $13, reports = $14 WHERE job = $1 AND number = $2",
		args, sizeof args / sizeof args[0], NULL, NULL, &changed, why);

	return err == HG_OK && changed != 1 ? fail(why, HG_ENOENT, "%s: no trial %s:%lld",
						      store_title(s), t->job, (long long)t->number)
					    : err;
}

static hg_err take_number(void *user, const struct value *row, size_t n)
{
	if (n > 0)
		*(int64_t *)user = row_int(&row[0]);
	return HG_OK;
}

hg_err store_trial_find(
	struct store *s, const struct store_trial *t, int64_t *number, hg_error *why)
{
	const struct value args[] = {
		value_text(t->job), value_text(t->origin), value_int(t->origin_number)};
	hg_err err;

	*number = 0;
	err = store_run(s, ST_TRIAL_FIND,
		"SELECT number FROM hg_trial WHERE job = $1 AND origin = $2 AND origin_number = $3",
		args, 3, take_number, number, NULL, why);
	return err == HG_OK && *number == 0 ? HG_ENOENT : err;
}

hg_err store_trials(struct store *s, const char *job, trial_fn each, void *user, hg_error *why)
{
	struct taking t = {.each = each, .user = user};
	const struct value args[] = {value_text(job)};

	return store_run(s, ST_TRIALS,
		"SELECT " COLUMNS " FROM hg_trial WHERE job = $1 ORDER BY CASE WHEN ended_order = "
		"0 THEN 1 ELSE 0 END, ended_order, number",
		args, 1, take_trial, &t, NULL, why);
}

hg_err store_overdue(struct store *s, const char *job, int64_t clock_ms, trial_fn each, void *user,
	hg_error *why)
{
	struct taking t = {.each = each, .user = user};
	const struct value args[] = {value_text(job), value_int(clock_ms)};

	return store_run(s, ST_OVERDUE,
		"SELECT " COLUMNS " FROM hg_trial WHERE job = $1 AND state = 0 AND lease_until_ms "
		"< $2 ORDER BY lease_until_ms, number",
		args, 2, take_trial, &t, NULL, why);
}

/* ----- reports */

hg_err store_report_add(struct store *s, const char *job, int64_t number,
	const struct store_report *r, hg_error *why)
{
	const struct value args[] = {value_text(job), value_int(number), value_int(r->seq),
		value_real(r->epochs), value_real(r->metric), value_real(r->energy_j),
		value_real(r->time_s), value_int(r->flags), value_int(r->at_ms)};

	return store_run(s, ST_REPORT_ADD,
		"INSERT INTO hg_report (job, number, seq, epochs, metric, energy_j, time_s, flags, "
		"at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		args, 9, NULL, NULL, NULL, why);
}

struct taking_report {
	report_fn each; /* or */
	newest_fn newest;
	void *user;
};

static hg_err take_report(void *user, const struct value *v, size_t n)
{
	struct taking_report *t = user;
	struct store_report r;

	if (n != 8)
		return HG_EINTERNAL;
	r = (struct store_report){.seq = row_int(&v[1]),
		.epochs = row_real(&v[2]),
		.metric = row_real(&v[3]),
		.energy_j = row_real(&v[4]),
		.time_s = row_real(&v[5]),
		.flags = (uint32_t)row_int(&v[6]),
		.at_ms = row_int(&v[7])};
	return t->each ? t->each(t->user, &r) : t->newest(t->user, row_int(&v[0]), &r);
}

#define REPORT_COLUMNS "number, seq, epochs, metric, energy_j, time_s, flags, at_ms"

hg_err store_reports(
	struct store *s, const char *job, int64_t number, report_fn each, void *user, hg_error *why)
{
	struct taking_report t = {.each = each, .user = user};
	const struct value args[] = {value_text(job), value_int(number)};

	return store_run(s, ST_REPORTS,
		"SELECT " REPORT_COLUMNS
		" FROM hg_report WHERE job = $1 AND number = $2 ORDER BY seq",
		args, 2, take_report, &t, NULL, why);
}

hg_err store_newest_reports(
	struct store *s, const char *job, int64_t after, newest_fn each, void *user, hg_error *why)
{
	struct taking_report t = {.newest = each, .user = user};
	const struct value args[] = {value_text(job), value_int(after)};

	return store_run(s, ST_NEWEST_REPORTS,
		"SELECT " REPORT_COLUMNS
		" FROM hg_report WHERE job = $1 AND number > $2 ORDER BY number, seq",
		args, 2, take_report, &t, NULL, why);
}
