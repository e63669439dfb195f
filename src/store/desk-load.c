/* Everything that is known of a job, as the engine wants it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/vec.h"
#include "desk.h"

#define TRIALS_MOST ((size_t)1 << 24)
#define SIGHTS_MOST ((size_t)1 << 24)
/* Curves are read of the newest trials only: older ones say the same, and jobs may have thousands.
 */
#define WITH_SIGHTS 64
/* Of a first epoch, what is not start-up at least. */
#define LEAST_PART 0.1

/* What a meter showed at the first and at the last report of a trial; epochs 0: nothing. */
struct meter {
	double epochs, value, last_epochs, last_value;
};

/* A trial, by its number in its own job, and where its sights are among all. */
struct place {
	int64_t number;
	size_t first, n;
	struct meter energy, time;
};

struct loading {
	struct store *s;
	struct vec records, trials, places, sights;
	uint32_t kin;
	size_t from; /* first trial of the job that is being read */
	size_t at;   /* trial that the last sight was of */
	hg_error *why;
};

static hg_err add_trial(struct loading *l, const struct store_trial *t)
{
	const struct place p = {.number = t->number};
	hg_recur_trial one = t->t;
	hg_err err;

	one.kin = l->kin;
	err = vec_push(&l->trials, &one);
	return err == HG_OK ? vec_push(&l->places, &p) : err;
}

static hg_err add_own(void *user, const struct store_trial *t)
{
	struct loading *l = user;
	hg_err err = vec_push(&l->records, t);

	return err == HG_OK ? add_trial(l, t) : err;
}

static hg_err add_kin_trial(void *user, const struct store_trial *t)
{
	return t->t.state == HG_RECUR_RUNNING ? HG_OK : add_trial(user, t);
}

static hg_err add_kin_job(void *user, const struct store_kin *kin)
{
	return vec_push(user, kin);
}

/* ----- sights */

/* Reports that say how a metric came along, not that something was wrong. */
#define NO_SIGHT (HG_RECUR_BAD_METRIC | HG_RECUR_BAD_EPOCH | HG_RECUR_REPEATED | HG_RECUR_AFTER_END)

/* Trials come in the order of their endings, sights by number. */
static size_t find_place(const struct loading *l, int64_t number)
{
	if (l->at < l->places.len &&
		((const struct place *)vec_at(&l->places, l->at))->number == number)
		return l->at;
	for (size_t i = l->places.len; i-- > l->from;)
		if (((const struct place *)vec_at(&l->places, i))->number == number)
			return i;
	return SIZE_MAX;
}

static void meter_add(struct meter *m, double epochs, double value)
{
	if (!(epochs > 0) || !(value > 0) || !isfinite(value) || epochs <= m->last_epochs)
		return;
	if (!(m->epochs > 0)) {
		m->epochs = epochs;
		m->value = value;
	}
	m->last_epochs = epochs;
	m->last_value = value;
}

static hg_err add_sight(void *user, int64_t number, const struct store_report *r)
{
	struct loading *l = user;
	const hg_recur_sight one = {.epochs = r->epochs, .metric = r->metric};
	struct place *p;

	if (r->flags & (NO_SIGHT & ~HG_RECUR_BAD_METRIC))
		return HG_OK;
	l->at = find_place(l, number);
	if (l->at == SIZE_MAX)
		return HG_OK;
	p = vec_at(&l->places, l->at);
	if (!(r->flags & HG_RECUR_BAD_ENERGY))
		meter_add(&p->energy, r->epochs, r->energy_j);
	if (!(r->flags & HG_RECUR_BAD_TIME))
		meter_add(&p->time, r->epochs, r->time_s);
	if (r->flags & HG_RECUR_BAD_METRIC)
		return HG_OK;
	if (p->n == 0)
		p->first = l->sights.len;
	p->n++;
	return vec_push(&l->sights, &one);
}

/* ----- what an epoch costs */

/*
 * A training starts up: it loads, compiles, warms up. Between two reports there is nothing of that;
 * where there is but one, it is taken off as others of the job had it.
 */
static double between(const struct meter *m)
{
	double epochs = m->last_epochs - m->epochs;

	return epochs > 0 ? (m->last_value - m->value) / epochs : (double)NAN;
}

static struct meter *meter_of(const struct loading *l, size_t i, bool energy)
{
	struct place *p = vec_at(&l->places, i);

	return energy ? &p->energy : &p->time;
}

static double start_up(const struct loading *l, bool energy)
{
	double sum = 0, n = 0;

	for (size_t i = l->from; i < l->places.len; i++) {
		const struct meter *m = meter_of(l, i, energy);
		double each = between(m);

		if (!(each > 0))
			continue;
		sum += fmax(0, m->value - each * m->epochs);
		n++;
	}
	return n > 0 ? sum / n : 0;
}

static void settle_epochs(const struct loading *l, bool energy)
{
	double start = start_up(l, energy);

	for (size_t i = l->from; i < l->places.len; i++) {
		const struct meter *m = meter_of(l, i, energy);
		hg_recur_trial *t = vec_at(&l->trials, i);
		double each = between(m);

		if (!(m->epochs > 0))
			continue;
		if (!(each > 0))
			each = fmax(m->value - start, LEAST_PART * m->value) / m->epochs;
		*(energy ? &t->epoch_energy_j : &t->epoch_time_s) = each;
	}
}

/* Of the trials that were just read. */
static hg_err load_sights(struct loading *l, const char *job, hg_error *why)
{
	int64_t newest = 0;
	hg_err err;

	for (size_t i = l->from; i < l->places.len; i++) {
		const struct place *p = vec_at(&l->places, i);

		newest = p->number > newest ? p->number : newest;
	}
	l->at = SIZE_MAX;
	err = store_newest_reports(l->s, job, newest - WITH_SIGHTS, add_sight, l, why);
	settle_epochs(l, true);
	settle_epochs(l, false);
	return err;
}

/* No sight is added any more: they stay where they are. */
static void point_at_sights(const struct loading *l)
{
	for (size_t i = 0; i < l->places.len; i++) {
		const struct place *p = vec_at(&l->places, i);
		hg_recur_trial *t = vec_at(&l->trials, i);

		t->sights = p->n > 0 ? vec_at(&l->sights, p->first) : NULL;
		t->n_sights = p->n;
	}
}

/* ----- costs of epochs that are known beforehand */

static hg_err load_frontiers(struct desk *d, hg_error *why)
{
	static const hg_frontier_info info = {.size = sizeof info, .work_unit = "epoch"};
	const hg_build_opts opts = {.size = sizeof opts, .info = &info};
	hg_err err = HG_OK;

	for (uint32_t i = 0; err == HG_OK && i < d->job.spec.n_sizes; i++) {
		const struct store_epoch *e = &d->job.spec.epochs[i];
		const hg_point p = {.time_s = e->time_s,
			.energy_j = e->energy_j,
			.time_rsd = (double)NAN,
			.energy_rsd = (double)NAN,
			.setting = HG_SETTING_NONE,
			.origin = HG_ORIGIN_MEASURED};

		if (!(e->time_s > 0))
			continue;
		err = hg_frontier_build(&p, 1, &opts, &d->frontiers[i], why);
		d->engine.frontiers = (const hg_frontier *const *)d->frontiers;
	}
	return err;
}

/* ----- trials */

/*
 * Where nobody said what power is the highest, it is the highest mean that any run has drawn: that
 * weighs time by what it costs at least where the devices are busy.
 */
static double highest_power(const struct loading *l)
{
	double most = 0;

	for (size_t i = 0; i < l->trials.len; i++) {
		const hg_recur_trial *t = vec_at(&l->trials, i);

		if (t->energy_j > 0 && t->time_s > 0 && isfinite(t->energy_j / t->time_s))
			most = fmax(most, t->energy_j / t->time_s);
	}
	return most;
}

static hg_err load_kin(struct loading *l, const char *name, hg_error *why)
{
	struct vec kin;
	hg_err err;

	vec_init(&kin, sizeof(struct store_kin), 4096);
	err = store_kins(l->s, name, add_kin_job, &kin, why);
	for (size_t i = 0; err == HG_OK && i < kin.len; i++) {
		const struct store_kin *one = vec_at(&kin, i);

		l->kin = one->kin;
		l->from = l->trials.len;
		err = store_trials(l->s, one->job, add_kin_trial, l, why);
		/* the metric of a similar job is another one */
		if (err == HG_OK && one->kin == HG_RECUR_OTHER_DEVICE)
			err = load_sights(l, one->job, why);
	}
	vec_finish(&kin);
	return err;
}

hg_err desk_load_trials(struct store *s, struct desk *d, hg_error *why)
{
	struct loading l = {.s = s};
	hg_err err;

	vec_init(&l.records, sizeof(struct store_trial), TRIALS_MOST);
	vec_init(&l.trials, sizeof(hg_recur_trial), TRIALS_MOST);
	vec_init(&l.places, sizeof(struct place), TRIALS_MOST);
	vec_init(&l.sights, sizeof(hg_recur_sight), SIGHTS_MOST);
	err = store_trials(s, d->job.name, add_own, &l, why);
	if (err == HG_OK)
		err = load_sights(&l, d->job.name, why);
	if (err == HG_OK)
		err = load_kin(&l, d->job.name, why);
	point_at_sights(&l);
	if (!(d->job.spec.max_power_w > 0))
		d->job.spec.max_power_w = highest_power(&l);
	store_spec_job(&d->job.spec, &d->engine);
	if (err == HG_OK)
		err = load_frontiers(d, why);
	d->records = l.records.data;
	d->n_records = l.records.len;
	d->trials = l.trials.data;
	d->n = l.trials.len;
	d->sights = l.sights.data;
	vec_finish(&l.places);
	return err;
}

hg_err desk_load(struct store *s, const char *name, struct desk *d, hg_error *why)
{
	hg_err err;

	memset(d, 0, sizeof *d);
	err = store_job_get(s, name, &d->job, why);
	return err == HG_OK ? desk_load_trials(s, d, why) : err;
}

hg_err desk_read(struct store *s, const char *name, struct desk *d, hg_error *why)
{
	hg_err err = store_begin(s, ACCESS_LOOK, why);

	memset(d, 0, sizeof *d);
	if (err != HG_OK)
		return err;
	err = desk_load(s, name, d, why);
	store_rollback(s);
	return err;
}

void desk_finish(struct desk *d)
{
	for (size_t i = 0; i < HG_RECUR_MAX_SIZES; i++) {
		hg_frontier_destroy(d->frontiers[i]);
		d->frontiers[i] = NULL;
	}
	free(d->records);
	free(d->trials);
	free(d->sights);
	d->records = NULL;
	d->trials = NULL;
	d->sights = NULL;
}
