/* The tuner: what it is told, and what it tells. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"
#include "tuner.h"

#define NAME_MAX_BYTES 4096
/* After steps of so long without an energy it is believed that there is none. A meter that has just
 * begun, or that misses a reading, comes back sooner. */
#define BLIND_S 5.0

/* ----- making one */

static void set_defaults(hg_tune_opts *o)
{
	o->devices = o->devices ? o->devices : 1;
	o->ranks = o->ranks ? o->ranks : 1;
	o->min_steps = o->min_steps ? o->min_steps : 5;
	o->max_steps = o->max_steps ? o->max_steps : 40;
	o->settle_steps = o->settle_steps ? o->settle_steps : 1;
	o->settle_s = o->settle_s > 0 ? o->settle_s : 0.1;
	o->counter_s = o->counter_s > 0 ? o->counter_s : 0.01;
	o->threshold = o->threshold > 0 ? o->threshold : 0.001;
	o->drift = o->drift > 0 ? o->drift : 0.05;
	o->watch_s = o->watch_s > 0 ? o->watch_s : 10;
}

static hg_err check_objective(const hg_tune_opts *o, hg_error *why)
{
	double v = o->objective.value;

	switch (o->objective.kind) {
	case HG_MIN_ENERGY:
	case HG_MIN_TIME:
	case HG_KNEE:
		return HG_OK;
	case HG_ETA:
		if (!(v >= 0 && v <= 1))
			return fail(
				why, HG_EINVAL, "eta: expected a number from 0 to 1, found %g", v);
		if (!(o->objective.max_power_w > 0) || !isfinite(o->objective.max_power_w))
			return fail(why, HG_EINVAL, "max_power_w: expected a power > 0, found %g",
				o->objective.max_power_w);
		return HG_OK;
	case HG_MAX_SLOWDOWN:
		return v >= 1 && isfinite(v)
			       ? HG_OK
			       : fail(why, HG_EINVAL, "slowdown: expected a factor >= 1, found %g",
					 v);
	case HG_DEADLINE:
	case HG_BUDGET:
		if (!(v > 0) || !isfinite(v))
			return fail(why, HG_EINVAL, "value: expected a number > 0, found %g", v);
		if (!(o->steps > 0))
			return fail(why, HG_EINVAL,
				"steps: a deadline and a budget need the number of steps");
		return HG_OK;
	}
	return fail(why, HG_EINVAL, "objective: no such kind: %d", (int)o->objective.kind);
}

static hg_err check(const hg_tune_opts *o, hg_error *why)
{
	if (!(o->steps >= 0) || !isfinite(o->steps))
		return fail(why, HG_EINVAL, "steps: expected a number >= 0, found %g", o->steps);
	if (o->n_knobs && (!o->knobs || !o->settings || o->n_settings == 0))
		return fail(why, HG_EINVAL, "expected knobs and settings");
	if (o->n_settings > HG_TUNE_SETTINGS || o->n_knobs > 64)
		return fail(why, HG_ELIMIT, "more than %d settings or 64 knobs", HG_TUNE_SETTINGS);
	if (o->n_knobs && o->baseline >= o->n_settings)
		return fail(why, HG_EINVAL, "baseline: there is no row %zu", o->baseline);
	if (o->ranks > HG_TUNE_RANKS)
		return fail(why, HG_ELIMIT, "more than %d ranks", HG_TUNE_RANKS);
	if (o->min_steps > o->max_steps)
		return fail(why, HG_EINVAL, "min_steps is above max_steps");
	return check_objective(o, why);
}

static hg_err copy_knobs(hg_tune *t, hg_error *why)
{
	size_t n = t->opts.n_knobs, cells = t->opts.n_settings * n;

	t->knobs = calloc(n + 1, sizeof *t->knobs);
	t->cells = calloc(cells + 1, sizeof *t->cells);
	t->cands = calloc(t->n, sizeof *t->cands);
	if (!t->knobs || !t->cells || !t->cands)
		return fail(why, HG_ENOMEM, "out of memory");
	if (cells)
		memcpy(t->cells, t->opts.settings, cells * sizeof *t->cells);
	for (size_t i = 0; i < n; i++) {
		const hg_knob_def *k = &t->opts.knobs[i];

		if (!k->name || !k->unit || !k->name[0] || strlen(k->name) > NAME_MAX_BYTES ||
			strlen(k->unit) > NAME_MAX_BYTES)
			return fail(why, HG_EINVAL, "knob %zu: expected a name and a unit", i);
		if (k->choices)
			return fail(why, HG_EINVAL, "knob %s: words are not tuned, numbers are",
				k->name);
		t->knobs[i].name = strdup(k->name);
		t->knobs[i].unit = strdup(k->unit);
		if (!t->knobs[i].name || !t->knobs[i].unit)
			return fail(why, HG_ENOMEM, "out of memory");
	}
	t->opts.knobs = NULL;
	t->opts.settings = NULL;
	return HG_OK;
}

/* What a knob's cell stands for at the baseline when it says "as it is": the largest of all. */
static double base_value(const hg_tune *t, size_t knob)
{
	size_t n = t->opts.n_knobs;
	double value = t->cells[t->opts.baseline * n + knob];

	for (size_t i = 0; (isnan(value) || value == 0) && i < t->n; i++)
		if (i != t->opts.baseline && t->cells[i * n + knob] > 0)
			value = t->cells[i * n + knob];
	if (t->cells[t->opts.baseline * n + knob] > 0)
		return value;
	for (size_t i = 0; i < t->n; i++)
		if (t->cells[i * n + knob] > value)
			value = t->cells[i * n + knob];
	return value;
}

static hg_err place_one(hg_tune *t, size_t row, hg_error *why)
{
	struct cand *c = &t->cands[row];
	const double *ours = t->cells + row * t->opts.n_knobs;
	const double *base = t->cells + t->opts.baseline * t->opts.n_knobs;

	c->knob = t->opts.n_knobs;
	for (size_t k = 0; k < t->opts.n_knobs; k++) {
		double from;

		if (same_cell(ours[k], base[k]))
			continue;
		from = base_value(t, k);
		if (!(ours[k] > 0) || !isfinite(ours[k]) || !(from > 0))
			return fail(why, HG_EINVAL, "row %zu: knob %s: expected a number > 0", row,
				t->knobs[k].name);
		c->n_parts++;
		c->knob = k;
		c->value = ours[k];
		c->ratio = log(ours[k] / from);
		c->line = (int)(2 * k) + (c->ratio > 0) + 1;
	}
	if (c->n_parts == 0 && row != t->opts.baseline)
		return fail(why, HG_EINVAL, "row %zu is the baseline once more", row);
	if (c->n_parts == 1) {
		c->n_parts = 0;
		return HG_OK;
	}
	c->knob = t->opts.n_knobs;
	c->line = 0;
	t->n_parts += c->n_parts;
	return HG_OK;
}

hg_err hg_tune_create(const hg_tune_opts *opts, hg_tune **out, hg_error *why)
{
	hg_tune *t;
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	if (!opts || !out)
		return fail(why, HG_EINVAL, "opts and out must not be NULL");
	*out = NULL;
	t = calloc(1, sizeof *t);
	if (!t)
		return fail(why, HG_ENOMEM, "out of memory");
	if (size_read(&t->opts, sizeof t->opts, opts)) {
		free(t);
		return fail(why, HG_EINVAL, "opts: size is not set");
	}
	set_defaults(&t->opts);
	rc = check(&t->opts, why);
	t->n = t->opts.n_knobs ? t->opts.n_settings : 1;
	if (!t->opts.n_knobs)
		t->opts.n_settings = t->opts.baseline = 0;
	if (rc == HG_OK)
		rc = copy_knobs(t, why);
	for (size_t i = 0; rc == HG_OK && i < t->n && t->opts.n_knobs; i++)
		rc = place_one(t, i, why);
	if (rc == HG_OK)
		rc = blend_begin(t, why);
	if (rc != HG_OK) {
		hg_tune_destroy(t);
		return rc;
	}
	t->setting = t->best = t->opts.baseline;
	t->feasible = true;
	t->drift_scale = 1;
	t->counter_s = t->opts.counter_s;
	t->phase = t->n > 1 ? HG_TUNE_LEARNING : HG_TUNE_IDLE;
	t->reason = t->n > 1 ? "" : "there is no knob with two settings";
	model_begin(t);
	stretch_begin(t, t->opts.baseline);
	*out = t;
	return HG_OK;
}

void hg_tune_destroy(hg_tune *t)
{
	if (!t)
		return;
	for (size_t i = 0; t->knobs && i < t->opts.n_knobs; i++) {
		free((char *)(uintptr_t)t->knobs[i].name);
		free((char *)(uintptr_t)t->knobs[i].unit);
	}
	free(t->knobs);
	free(t->cells);
	free(t->cands);
	for (size_t i = 0; i < 2; i++) {
		free(t->joint[i].v);
		free(t->joint[i].var);
	}
	free(t->parts);
	free(t);
}

/* ----- being told */

size_t hg_tune_setting(const hg_tune *t)
{
	return t->setting;
}

const double *hg_tune_cells(const hg_tune *t, size_t row)
{
	return t->opts.n_knobs && row < t->n ? t->cells + row * t->opts.n_knobs : NULL;
}

static void summarise(hg_tune *t)
{
	struct gist g = tally_gist(&t->tally, t->opts.counter_s);
	hg_tune_summary *s = &t->summary;

	s->steps = g.steps;
	s->time_s = g.time_s;
	s->time_rsd = g.time_rsd;
	s->power_w = g.power_w;
	s->power_rsd = g.power_rsd;
	s->reading_s = g.reading_s;
	t->ready = true;
}

/* A stretch that is complete: decides, or waits for the other ranks. */
static hg_err complete(hg_tune *t, size_t *setting, hg_error *why)
{
	hg_err rc = HG_OK;

	if (t->opts.ranks == 1) {
		hg_tune_summary s = t->summary;

		rc = hg_tune_merge(t, &s, 1, setting, why);
	} else if (setting) {
		*setting = t->setting;
	}
	return rc;
}

static hg_err refuse(hg_tune *t, uint32_t what, size_t *setting, hg_error *why)
{
	if (setting)
		*setting = t->setting;
	if (t->ready || t->setting == t->opts.baseline)
		return HG_OK;
	memset(&t->tally, 0, sizeof t->tally);
	t->summary.refused = what;
	summarise(t);
	return complete(t, setting, why);
}

hg_err hg_tune_refused(hg_tune *t, size_t *setting, hg_error *why)
{
	if (why)
		why->text[0] = '\0';
	if (!t)
		return fail(why, HG_EINVAL, "t must not be NULL");
	return refuse(t, 1, setting, why);
}

hg_err hg_tune_knob_refused(hg_tune *t, size_t knob, size_t *setting, hg_error *why)
{
	if (why)
		why->text[0] = '\0';
	if (!t || knob >= t->opts.n_knobs)
		return fail(why, HG_EINVAL, "knob: there is no column %zu", knob);
	return refuse(t, knob < 31 ? 1 | UINT32_C(2) << knob : 1, setting, why);
}

static hg_err check_work(const hg_tune_work *w, hg_error *why)
{
	if (!(w->steps > 0) || !isfinite(w->steps))
		return fail(why, HG_EINVAL, "steps: expected a number > 0, found %g", w->steps);
	if (!(w->time_s > 0) || !isfinite(w->time_s))
		return fail(why, HG_EINVAL, "time_s: expected a time > 0, found %g", w->time_s);
	if (w->energy_j < 0 || isinf(w->energy_j))
		return fail(
			why, HG_EINVAL, "energy_j: expected an energy >= 0, found %g", w->energy_j);
	if (w->energy_sd_j < 0 || isinf(w->energy_sd_j))
		return fail(why, HG_EINVAL, "energy_sd_j: expected an energy >= 0, found %g",
			w->energy_sd_j);
	if (!(w->now_s >= 0) || !isfinite(w->now_s))
		return fail(why, HG_EINVAL, "now_s: expected a time >= 0, found %g", w->now_s);
	return HG_OK;
}

/* Steps while the other ranks are waited for belong to the next summary: this one is told. */
static void count_all(hg_tune *t, const hg_tune_work *w)
{
	hg_tune_summary *s = t->ready ? &t->late : &t->summary;

	s->all_steps += w->steps;
	s->all_time_s += w->time_s;
	s->all_energy_j += isnan(w->energy_j) ? 0 : w->energy_j;
	s->now_s = fmax(s->now_s, w->now_s);
	s->longest_s = fmax(s->longest_s, w->time_s / w->steps);
	if (t->last_s > 0)
		s->longest_s = fmax(s->longest_s, w->now_s - t->last_s - w->time_s);
	t->last_s = w->now_s;
}

static double told_var(const hg_tune_work *w)
{
	return w->energy_sd_j > 0 ? w->energy_sd_j * w->energy_sd_j : 0;
}

hg_err hg_tune_step(hg_tune *t, const hg_tune_work *work, size_t *setting, hg_error *why)
{
	hg_tune_work w;
	bool apart;
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	if (!t || !work || size_read(&w, sizeof w, work))
		return fail(why, HG_EINVAL, "work: expected a struct with its size set");
	rc = check_work(&w, why);
	if (rc != HG_OK)
		return rc;
	if (setting)
		*setting = t->setting;
	/* after a pause their first reading errs otherwise than the last one of the steps before */
	apart = t->blind_s > 0 || w.now_s - w.time_s > t->last_s + t->opts.counter_s;
	count_all(t, &w);
	if (t->ready)
		return HG_OK;
	if (t->unsettled_steps > 0 || t->unsettled_s > 0) {
		t->unsettled_steps -= w.steps;
		t->unsettled_s -= w.time_s;
		return HG_OK;
	}
	t->blind_s = isnan(w.energy_j) ? t->blind_s + w.time_s : 0;
	if (t->blind_s > 0 && t->blind_s < BLIND_S)
		return HG_OK;
	tally_add(&t->tally, (struct piece){w.steps, w.time_s, w.energy_j, told_var(&w), apart});
	if (t->tally.steps < t->want_steps || t->tally.time_s < t->want_s)
		return HG_OK;
	summarise(t);
	return complete(t, setting, why);
}

/* ----- groups */

hg_err hg_tune_get_summary(const hg_tune *t, hg_tune_summary *out)
{
	if (!t || !out || !t->ready)
		return HG_ENOENT;
	size_write(out, &t->summary, sizeof t->summary);
	return HG_OK;
}

/* Times of the slowest, energies of all. */
static void add_rank(hg_tune_summary *sum, const hg_tune_summary *s)
{
	double watts = sum->power_w + s->power_w;

	sum->power_rsd = hypot(sum->power_w * sum->power_rsd, s->power_w * s->power_rsd) / watts;
	sum->power_w = watts;
	if (s->time_s > sum->time_s) {
		sum->time_s = s->time_s;
		sum->time_rsd = s->time_rsd;
	}
	sum->refused |= s->refused;
	sum->steps = fmin(sum->steps, s->steps);
	sum->all_steps = fmax(sum->all_steps, s->all_steps);
	sum->all_time_s = fmax(sum->all_time_s, s->all_time_s);
	sum->all_energy_j += s->all_energy_j;
	sum->now_s = fmax(sum->now_s, s->now_s);
	sum->longest_s = fmax(sum->longest_s, s->longest_s);
	sum->reading_s = fmax(sum->reading_s, s->reading_s);
}

hg_err hg_tune_merge(
	hg_tune *t, const hg_tune_summary *ranks, size_t n, size_t *setting, hg_error *why)
{
	hg_tune_summary sum;
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	if (!t || !ranks || n != t->opts.ranks)
		return fail(why, HG_EINVAL, "expected the summaries of all ranks, found %zu", n);
	for (size_t r = 0; r < n; r++)
		if (ranks[r].size != sizeof *ranks || ranks[r].stretch != t->stretch ||
			ranks[r].setting != t->setting)
			return fail(why, HG_EINVAL,
				"rank %zu: expected stretch %u at setting %zu, found %u at %u", r,
				t->stretch, t->setting, ranks[r].stretch, ranks[r].setting);
	sum = ranks[0];
	for (size_t r = 1; r < n; r++)
		add_rank(&sum, &ranks[r]);
	rc = decide(t, &sum);
	if (setting)
		*setting = t->setting;
	return rc == HG_OK ? HG_OK : fail(why, rc, "out of memory");
}
